//! Which server comes next, without I/O: by what is known of servers and was learnt, and by how the attempts before ended.

use rand::CryptoRng;
use rand::seq::IndexedRandom as _;

use super::learnt::{Lesson, Lessons};
use crate::directory::{Kind, Server};
use crate::{Error, Route, limits};

/// How much likelier a server with an onion address is drawn than one without: no exit sees what is said to it.
const ONION: u32 = 3;

/// Which servers come into question.
pub(crate) struct Choice<'a> {
    pub(crate) route: Option<Route>,
    /// Only those that ask nothing of the user.
    pub(crate) asks_nothing: bool,
    /// The domains that were tried already.
    pub(crate) tried: &'a [String],
}

impl Choice<'_> {
    /// Draws one. Those that ask nothing come first; then those where none of our burners lives.
    pub(crate) fn draw(
        &self,
        servers: &[Server],
        in_use: &[String],
        learnt: &Lessons,
        rng: &mut dyn CryptoRng,
    ) -> Result<Server, Error> {
        let mut good: Vec<_> = servers.iter().filter_map(|s| Some((self.drawback(s, in_use, learnt)?, s))).collect();
        let least = good.iter().map(|(drawback, _)| *drawback).min();
        good.retain(|(drawback, _)| Some(*drawback) == least);
        let weight = |(_, server): &(_, &Server)| if server.onion.is_some() { ONION } else { 1 };
        let drawn = good.choose_weighted(rng, weight).map_err(|_| Error::NoServer)?;
        Ok(drawn.1.clone())
    }

    /// What speaks against a server. `None`: it does not come into question.
    fn drawback(&self, server: &Server, in_use: &[String], learnt: &Lessons) -> Option<Drawback> {
        let domain = server.domain.as_str();
        let is_known = |lesson| learnt.get(domain).is_some_and(|lessons| lessons.contains_key(&lesson));
        let asks = match server.kind {
            _ if is_known(Lesson::Useless) || !server.tor.may_be_used() => return None,
            Kind::Yes => is_known(Lesson::Asks),
            Kind::Captcha => true,
            _ => return None,
        };
        let is_excluded = asks && self.asks_nothing || !server.has(self.route);
        let is_tried = self.tried.iter().any(|tried| tried == domain);
        let (failed_today, in_use) = (is_known(Lesson::NotToday), in_use.iter().any(|used| used == domain));
        (!is_excluded && !is_tried).then_some(Drawback { failed_today, asks, in_use })
    }
}

/// What speaks against a server, the gravest first: the order of the fields is that of the comparison.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Drawback {
    /// It was of no use today. It may have been our own network: the server is not left out.
    failed_today: bool,
    /// It asks something of the user.
    asks: bool,
    /// Another burner lives there.
    in_use: bool,
}

/// What comes behind an attempt that has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The same server, with another identity.
    Again,
    /// The same server by an exit: at an onion service all of Tor is one address.
    ByExit,
    /// Another server.
    Elsewhere,
    /// Nothing: the creation ends.
    End,
}

/// How much may be tried yet.
pub(super) struct Patience {
    /// Nobody has named a route.
    may_exit: bool,
    servers: usize,
    names: usize,
    answers: usize,
    exits: usize,
    /// A question was left unanswered before: nobody seems to be there.
    unanswered: bool,
}

impl Patience {
    /// `may_choose`: nobody has named a server.
    pub(super) fn new(may_choose: bool, may_exit: bool) -> Self {
        Self::of_servers(if may_choose { limits::SERVERS } else { 1 }, may_exit)
    }

    /// That of a creation with an invitation that reserves a name: no other can be drawn, and to say it again on other circuits
    /// would link them.
    pub(super) fn with_one_name(self) -> Self {
        Self { names: 0, answers: 0, exits: 0, ..self }
    }

    fn of_servers(servers: usize, may_exit: bool) -> Self {
        let (names, answers) = (limits::NAMES - 1, limits::ANSWERS - 1);
        Self { may_exit, servers, names, answers, exits: usize::from(may_exit), unanswered: false }
    }

    /// What comes behind an attempt that ended so, by a route.
    pub(super) fn next(&mut self, why: &Error, route: Route) -> Next {
        let (left, next) = match why {
            Error::NamesTaken => (&mut self.names, Next::Again),
            Error::BadAnswer => (&mut self.answers, Next::Again),
            Error::RateLimited { .. } if route == Route::Onion => (&mut self.exits, Next::ByExit),
            _ => (&mut self.servers, Next::Elsewhere),
        };
        if next != Next::Elsewhere && *left > 0 {
            *left -= 1;
            return next;
        }
        let unanswered = *why == Error::QuestionExpired;
        if Lesson::of(why).is_none() || self.servers <= 1 || unanswered && self.unanswered {
            return Next::End;
        }
        let unanswered = unanswered || self.unanswered;
        *self = Self { unanswered, ..Self::of_servers(self.servers - 1, self.may_exit) };
        Next::Elsewhere
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;
    use crate::directory::file;

    const LIST: &str = "domain,onion,ports,in_band_registration,note,source,seen\n\
        plain.example,,,yes,,test,2026-01-01\n\
        hidden.example,jabjabdea2eewo3gzfurscj2sjqgddptwumlxi3wur57rzf5itje2rid.onion,,yes,,test,2026-01-01\n\
        picture.example,,,captcha,,test,2026-01-01\n\
        web.example,,,web,,test,2026-01-01\n\
        apart.example,,,quarantines,,test,2026-01-01\n\
        old.example,,,unknown,,test,2026-01-01\n";

    struct Case {
        choice: Choice<'static>,
        in_use: &'static [&'static str],
        learnt: &'static [(&'static str, Lesson)],
    }

    /// How often each is drawn of a thousand times, in percent.
    fn draws(case: Case) -> HashMap<String, u32> {
        let servers = file::read(LIST).unwrap();
        let in_use: Vec<_> = case.in_use.iter().map(|used| (*used).to_owned()).collect();
        let mut learnt = Lessons::new();
        for (domain, lesson) in case.learnt {
            learnt.entry((*domain).to_owned()).or_default().insert(*lesson, 1);
        }
        let mut rng = StdRng::seed_from_u64(1);
        let mut drawn = HashMap::new();
        for _ in 0..1000 {
            let Ok(server) = case.choice.draw(&servers, &in_use, &learnt, &mut rng) else { continue };
            *drawn.entry(server.domain.as_str().to_owned()).or_insert(0) += 1;
        }
        drawn
    }

    const ALL: Choice<'static> = Choice { route: None, asks_nothing: false, tried: &[] };

    fn only(drawn: HashMap<String, u32>) -> Vec<String> {
        let mut names: Vec<_> = drawn.into_keys().collect();
        names.sort();
        names
    }

    #[test]
    fn an_onion_is_drawn_more_often_and_what_asks_nothing_first() {
        let drawn = draws(Case { choice: ALL, in_use: &[], learnt: &[] });
        assert_eq!(drawn.len(), 2);
        assert!((700..800).contains(&drawn["hidden.example"]), "{drawn:?}");
    }

    #[test]
    fn servers_of_other_burners_and_what_was_learnt_are_minded() {
        let in_use = draws(Case { choice: ALL, in_use: &["hidden.example"], learnt: &[] });
        assert_eq!(only(in_use), ["plain.example"]);
        let closed = draws(Case { choice: ALL, in_use: &[], learnt: &[("hidden.example", Lesson::Useless)] });
        assert_eq!(only(closed), ["plain.example"]);
        let asks = draws(Case { choice: ALL, in_use: &["plain.example"], learnt: &[("hidden.example", Lesson::Asks)] });
        assert_eq!(only(asks), ["plain.example"], "to ask is worse than to be beside another burner");
    }

    #[test]
    fn a_route_and_the_wish_to_be_asked_nothing_leave_servers_out() {
        let onion = Choice { route: Some(Route::Onion), ..ALL };
        assert_eq!(only(draws(Case { choice: onion, in_use: &["hidden.example"], learnt: &[] })), ["hidden.example"]);
        const BOTH: &[(&str, Lesson)] = &[("hidden.example", Lesson::NotToday), ("plain.example", Lesson::NotToday)];
        assert_eq!(only(draws(Case { choice: ALL, in_use: &[], learnt: BOTH })), ["picture.example"]);
        const SILENT: Choice<'static> = Choice { asks_nothing: true, ..ALL };
        let last = draws(Case { choice: SILENT, in_use: &[], learnt: BOTH });
        assert_eq!(only(last), ["hidden.example", "plain.example"], "it may have been our own network");
        const ASKS: &[(&str, Lesson)] = &[
            ("hidden.example", Lesson::Asks),
            ("hidden.example", Lesson::NotToday),
            ("plain.example", Lesson::NotToday),
        ];
        assert_eq!(
            only(draws(Case { choice: SILENT, in_use: &[], learnt: ASKS })),
            ["plain.example"],
            "it asks all the same"
        );
        const NONE: &[(&str, Lesson)] = &[("hidden.example", Lesson::Useless), ("plain.example", Lesson::Asks)];
        assert!(draws(Case { choice: SILENT, in_use: &[], learnt: NONE }).is_empty());
    }

    #[test]
    fn a_refusal_leads_to_another_server_and_what_is_no_fault_of_the_server_ends_it() {
        let mut patience = Patience::new(true, true);
        for _ in 1..limits::SERVERS {
            assert_eq!(patience.next(&Error::RegistrationClosed, Route::Exit), Next::Elsewhere);
        }
        assert_eq!(patience.next(&Error::RegistrationClosed, Route::Exit), Next::End);
        for why in [Error::TorBlocked, Error::Offline, Error::Cancelled, Error::StorageFull, Error::Suspended] {
            assert_eq!(Patience::new(true, true).next(&why, Route::Exit), Next::End, "{why:?}");
        }
        assert_eq!(Patience::new(false, true).next(&Error::PolicyDenied, Route::Exit), Next::End);
    }

    #[test]
    fn names_and_answers_are_tried_three_times_at_each_server() {
        for why in [Error::NamesTaken, Error::BadAnswer] {
            let mut patience = Patience::new(true, true);
            for _ in 0..2 {
                assert_eq!(
                    [(); 3].map(|()| patience.next(&why, Route::Exit)),
                    [Next::Again, Next::Again, Next::Elsewhere]
                );
            }
        }
    }

    #[test]
    fn a_name_that_an_invitation_reserves_is_sent_once() {
        for why in [Error::NamesTaken, Error::BadAnswer, Error::RateLimited { retry_after: None }] {
            for route in [Route::Onion, Route::Exit] {
                assert_eq!(
                    Patience::new(false, true).with_one_name().next(&why, route),
                    Next::End,
                    "{why:?}, {route:?}"
                );
            }
        }
    }

    #[test]
    fn a_question_that_nobody_answers_is_asked_elsewhere_once() {
        assert_eq!(Patience::new(false, true).next(&Error::QuestionExpired, Route::Exit), Next::End);
        let mut patience = Patience::new(true, true);
        for (why, next) in [
            (Error::QuestionExpired, Next::Elsewhere),
            (Error::RegistrationClosed, Next::Elsewhere),
            (Error::QuestionExpired, Next::End),
        ] {
            assert_eq!(patience.next(&why, Route::Exit), next);
        }
    }

    #[test]
    fn an_onion_service_that_is_asked_too_much_is_tried_by_an_exit_once() {
        let limited = Error::RateLimited { retry_after: None };
        let mut patience = Patience::new(true, true);
        assert_eq!(patience.next(&limited, Route::Onion), Next::ByExit);
        assert_eq!(patience.next(&limited, Route::Exit), Next::Elsewhere);
        assert_eq!(patience.next(&limited, Route::Onion), Next::ByExit);
        assert_eq!(patience.next(&limited, Route::Onion), Next::Elsewhere);
        assert_eq!(Patience::new(true, false).next(&limited, Route::Onion), Next::Elsewhere, "the route was chosen");
        assert_eq!(Patience::new(false, true).next(&limited, Route::Onion), Next::ByExit);
    }
}
