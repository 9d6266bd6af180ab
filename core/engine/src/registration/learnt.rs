//! What creations, and bounces later on, have taught of servers: kept for a week, to the day, and of no burner.

use std::collections::BTreeMap;
use std::sync::Mutex;

use flashpaper_chat::UnixTime;
use serde::{Deserialize, Serialize};

use crate::locks::lock;
use crate::{Error, FormFault};

/// What was learnt of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Lesson {
    /// It asks something of the user.
    Asks,
    /// It makes no accounts that one can talk with: not in band, not here, or not by its rules.
    Useless,
    /// It was of no use on that day, which may have been somebody else's fault: the network's, or an exit's.
    NotToday,
}

impl Lesson {
    /// What the end of an attempt at a server says about the server, if it does.
    pub(crate) const fn of(why: &Error) -> Option<Self> {
        match why {
            Error::Unanswerable { fault } => Some(Self::of_form(*fault)),
            Error::BadAnswer | Error::Declined | Error::QuestionExpired => Some(Self::Asks),
            Error::RegistrationClosed
            | Error::NeedsWeb { .. }
            | Error::NeedsInvite
            | Error::PolicyDenied
            | Error::Quarantined
            | Error::NoSafeLogin
            | Error::NoSafeDelivery => Some(Self::Useless),
            // A certificate or an answer that is wrong can be that of an exit, which must not put a good server out of use.
            Error::Untrusted
            | Error::ServerBroken
            | Error::ServerFailed
            // Nor does the server say why, or it is a lost ping.
            | Error::ServerRefused
            // So does a server speak that has seen too many of us (XEP-0077, section 3.1.1).
            | Error::WeakPassword
            | Error::RateLimited { .. }
            | Error::NamesTaken
            | Error::ServerUnreachable
            | Error::OnionUnreachable
            | Error::Timeout => Some(Self::NotToday),
            _ => None,
        }
    }

    const fn of_form(fault: FormFault) -> Self {
        match fault {
            FormFault::NobodyToAsk => Self::Asks,
            FormFault::Kind | FormFault::Work => Self::Useless,
            // An exit can change or hold back one that comes without TLS.
            FormFault::Picture | FormFault::PictureLost => Self::NotToday,
        }
    }

    /// For how many days it counts, that on which it was learnt among them.
    const fn days(self) -> u64 {
        match self {
            Self::Asks | Self::Useless => 7,
            Self::NotToday => 1,
        }
    }
}

/// By domain: what was learnt, and of each on which day it was last. One does not take another's place: a bad day leaves a week
/// that a server asks something.
pub(crate) type Lessons = BTreeMap<String, BTreeMap<Lesson, u64>>;

/// What was learnt of servers, as it is on disk.
pub(crate) struct Learnt {
    lessons: Mutex<Lessons>,
    /// Held while they are stored: who reads does not wait for that.
    adding: Mutex<()>,
}

impl Learnt {
    pub(crate) const fn new(lessons: Lessons) -> Self {
        Self { lessons: Mutex::new(lessons), adding: Mutex::new(()) }
    }

    /// What counts on a day.
    pub(crate) fn on(&self, day: u64) -> Lessons {
        counting(&lock(&self.lessons), day)
    }

    /// Learns something, if `store` succeeds. What does not count any more is forgotten.
    pub(crate) fn add<T>(
        &self,
        (domain, lesson, day): (&str, Lesson, u64),
        store: impl FnOnce(&Lessons) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let _adding = lock(&self.adding);
        let mut changed = self.on(day);
        changed.entry(domain.to_owned()).or_default().insert(lesson, day);
        let stored = store(&changed)?;
        *lock(&self.lessons) = changed;
        Ok(stored)
    }

    /// Forgets what does not count on a day any more, if `store` succeeds. Gives the day on which there is more of it.
    pub(crate) fn forget(
        &self,
        day: u64,
        store: impl FnOnce(&Lessons) -> Result<(), Error>,
    ) -> Result<Option<u64>, Error> {
        let _adding = lock(&self.adding);
        let left = self.on(day);
        if left != *lock(&self.lessons) {
            store(&left)?;
            lock(&self.lessons).clone_from(&left);
        }
        Ok(left.values().flatten().map(|(lesson, learnt)| learnt + lesson.days()).min())
    }

    /// Takes over what was read from the disk.
    pub(crate) fn replace(&self, lessons: Lessons) {
        *lock(&self.lessons) = lessons;
    }
}

/// A day in the future is one of a clock that was wrong.
fn counting(lessons: &Lessons, day: u64) -> Lessons {
    let mut counting = lessons.clone();
    counting.retain(|_, of_domain| {
        of_domain.retain(|lesson, learnt| day.checked_sub(*learnt).is_some_and(|age| age < lesson.days()));
        !of_domain.is_empty()
    });
    counting
}

/// Seconds.
pub(crate) const DAY: u64 = 86_400;

/// The day of a time, since 1970.
pub(crate) const fn days(time: UnixTime) -> u64 {
    time.0 / DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learnt_counts_for_a_week_and_a_bad_day_for_that_day() {
        let learnt = Learnt::new(Lessons::new());
        for (domain, lesson) in [("a", Lesson::Useless), ("b", Lesson::NotToday), ("c", Lesson::Asks)] {
            learnt.add((domain, lesson, 100), |_| Ok(())).unwrap();
        }
        let known = |day| learnt.on(day).into_keys().collect::<Vec<_>>();
        assert_eq!(known(100), ["a", "b", "c"]);
        assert_eq!(known(101), ["a", "c"]);
        assert_eq!(known(106), ["a", "c"]);
        assert!(known(107).is_empty() && known(99).is_empty());
        assert_eq!(
            learnt.add(("d", Lesson::Asks, 107), |all| Ok(all.len())),
            Ok(1),
            "what does not count is forgotten"
        );
        assert_eq!(known(107), ["d"]);
    }

    #[test]
    fn a_bad_day_takes_no_weeks_place_and_each_counts_from_the_day_it_was_learnt_last() {
        use Lesson::{Asks, NotToday, Useless};
        let learnt = Learnt::new(Lessons::new());
        for (lesson, day) in [(Asks, 100), (NotToday, 101), (Useless, 99), (Asks, 103), (NotToday, 105)] {
            learnt.add(("a", lesson, day), |_| Ok(())).unwrap();
        }
        let known = |day| learnt.on(day).remove("a").unwrap_or_default().into_keys().collect::<Vec<_>>();
        assert_eq!(known(105), [Asks, Useless, NotToday]);
        assert_eq!(known(106), [Asks]);
        assert_eq!(known(109), [Asks]);
        assert!(known(110).is_empty());
        assert_eq!(learnt.forget(106, |_| Ok(())), Ok(Some(110)), "of one domain, too");
        assert_eq!(learnt.on(105), Lessons::from([("a".to_owned(), [(Asks, 103)].into())]));
        let stored = serde_json::to_string(&learnt.on(106)).unwrap();
        assert_eq!(serde_json::from_str::<Lessons>(&stored).unwrap(), learnt.on(106), "{stored}");
    }

    /// A plain form's `not-acceptable` is what a limit for an address may say, and a ping gets lost.
    #[test]
    fn what_need_not_be_the_servers_rule_is_a_bad_day() {
        for why in [Error::WeakPassword, Error::ServerRefused, Error::ServerFailed] {
            assert_eq!(Lesson::of(&why), Some(Lesson::NotToday), "{why:?}");
        }
    }

    #[test]
    fn what_does_not_count_is_taken_off_the_disk() {
        let lessons = Lessons::from(
            [("a", Lesson::Useless), ("b", Lesson::NotToday)].map(|(d, lesson)| (d.to_owned(), [(lesson, 100)].into())),
        );
        let learnt = Learnt::new(lessons.clone());
        let never = |_: &Lessons| Err(Error::Internal);
        assert_eq!(learnt.forget(100, never), Ok(Some(101)), "nothing has changed");
        assert_eq!(learnt.forget(101, |_| Err(Error::StorageFull)), Err(Error::StorageFull));
        assert_eq!(learnt.on(100), lessons, "both are on disk still");
        let stores = |expected: &'static [&str]| {
            move |left: &Lessons| {
                assert_eq!(left.keys().collect::<Vec<_>>(), expected);
                Ok(())
            }
        };
        assert_eq!(learnt.forget(101, stores(&["a"])), Ok(Some(107)));
        assert_eq!(learnt.forget(107, stores(&[])), Ok(None));
        assert!(learnt.on(100).is_empty());
    }

    /// An exit can show another certificate, and say anything before TLS.
    #[test]
    fn what_an_exit_can_bring_about_counts_for_a_day_at_most() {
        use flashpaper_tor::DialError;
        use flashpaper_xmpp::ConnectError as Connect;
        let of_streams = [Connect::Closed, Connect::TooEarly, Connect::Certificate, Connect::NoTls, Connect::Tls];
        let of_streams = of_streams.into_iter().chain([Connect::Malformed, Connect::Silent]).map(Error::from);
        let of_dials = [DialError::Timeout, DialError::NoSuchHost, DialError::HostUnreachable].map(Error::from);
        for why in of_streams.chain(of_dials) {
            assert_eq!(Lesson::of(&why), Some(Lesson::NotToday), "{why:?}");
        }
    }

    #[test]
    fn what_is_not_stored_is_not_learnt() {
        let learnt = Learnt::new(Lessons::new());
        let failed = learnt.add(("a", Lesson::Useless, 1), |_| Err::<(), _>(Error::StorageFull));
        assert_eq!((failed, learnt.on(1)), (Err(Error::StorageFull), Lessons::new()));
    }
}
