//! OTR (versions 3 and 2) as a protocol that conversations use.

use std::sync::Arc;
use std::time::Duration;

use flashpaper_otr::{self as otr, Attention, NotAsked, NotPrivate, Settings, SmpEvent};
pub(crate) use flashpaper_otr::{Identity, InstanceTag};
use zeroize::Zeroizing;

use crate::encryption::session::{Client, Compared, NotSent, Output, Partner, Session};
use crate::error::ChatError;
use crate::event::{Notice, beginning};
use crate::message::TextId;
use crate::random::Random;
use crate::timer::Setting;
use crate::trust::Fingerprint;

/// What a burner's sessions have in common.
pub(crate) struct Otr3 {
    identity: Arc<Identity>,
    tag: InstanceTag,
}

impl Otr3 {
    pub(crate) const fn new(identity: Arc<Identity>, tag: InstanceTag) -> Self {
        Self { identity, tag }
    }

    pub(crate) fn own_key(&self) -> Fingerprint {
        self.identity.fingerprint().into()
    }

    /// A new session. `limit` as [`Session::set_limit`] has it.
    pub(crate) fn open(&self, limit: Option<usize>, rng: Random, clock: Duration) -> Box<dyn Session> {
        Box::new(otr::Session::new(Arc::clone(&self.identity), self.settings(limit), Box::new(rng), clock))
    }

    /// Goes on with a session. `None`: these bytes are no state of one.
    pub(crate) fn resume(
        &self,
        state: &[u8],
        limit: Option<usize>,
        rng: Random,
        clock: Duration,
    ) -> Option<Box<dyn Session>> {
        let settings = self.settings(limit);
        let session = otr::Session::resume(state, Arc::clone(&self.identity), settings, Box::new(rng), clock).ok()?;
        Some(Box::new(session))
    }

    const fn settings(&self, limit: Option<usize>) -> Settings {
        // Whether it may be version 2 is said anew each time that a session is used.
        Settings { tag: Some(self.tag), limit, version_2: true, deduplicates: true }
    }
}

impl Session for otr::Session {
    fn receive(&mut self, message: &str) -> Vec<Output> {
        said(Self::receive(self, message))
    }

    fn send(&mut self, text: &str, label: &str, timer: Option<Setting>) -> Result<(TextId, Vec<String>), NotSent> {
        self.set_timer(timer.map(as_told));
        let (otr::TextId(id), outputs) = self.send(text, label).map_err(|why| match why {
            otr::NotSent::NotReady => NotSent::NotReady,
            otr::NotSent::TooLong => NotSent::TooLong,
        })?;
        let bodies =
            outputs.into_iter().filter_map(|o| if let otr::Output::Send(body) = o { Some(body) } else { None });
        Ok((TextId(id), bodies.collect()))
    }

    fn confirm(&mut self, to: Client, labels: &[String]) -> Vec<Output> {
        said(self.send_receipt(InstanceTag(to.0), labels))
    }

    fn tell_timer(&mut self, to: Client, timer: Setting) -> Vec<Output> {
        said(self.send_timer(InstanceTag(to.0), as_told(timer)))
    }

    fn start(&mut self) -> Vec<Output> {
        said(Self::start(self))
    }

    fn end(&mut self) -> Vec<Output> {
        said(Self::end(self))
    }

    fn select(&mut self, client: Client) -> Result<(), ChatError> {
        Self::select(self, InstanceTag(client.0)).map_err(|NotPrivate| ChatError::NotPrivate)
    }

    fn compare(&mut self, secret: &str, question: Option<&str>) -> Result<Vec<Output>, ChatError> {
        self.smp_start(secret, question).map(said).map_err(|NotPrivate| ChatError::NotPrivate)
    }

    fn answer(&mut self, secret: &str, asker: Fingerprint) -> Result<Vec<Output>, ChatError> {
        self.smp_answer(secret, Some(asker.into())).map(said).map_err(|NotAsked| ChatError::NothingAsked)
    }

    fn abort(&mut self, asker: Option<Fingerprint>) -> Result<Vec<Output>, ChatError> {
        self.smp_abort(asker.map(Into::into)).map(said).map_err(|NotPrivate| ChatError::NotPrivate)
    }

    fn tick(&mut self, clock: Duration) -> Vec<Output> {
        said(Self::tick(self, clock))
    }

    fn set_limit(&mut self, limit: usize) {
        Self::set_limit(self, Some(limit));
    }

    fn allow_older(&mut self, may: bool) -> Vec<Output> {
        said(self.set_version_2(may))
    }

    fn note_newest_offered(&mut self) {
        self.note_offered_3();
    }

    fn is_ready(&self) -> bool {
        Self::is_ready(self)
    }

    fn is_beginning(&self) -> bool {
        Self::is_beginning(self)
    }

    fn is_finished(&self) -> bool {
        Self::is_finished(self)
    }

    fn recipient(&self) -> Option<Partner> {
        Self::recipient(self).map(partner)
    }

    fn private(&self) -> Vec<Partner> {
        Self::private(self).into_iter().map(partner).collect()
    }

    fn unconfirmed(&self) -> Vec<TextId> {
        Self::unconfirmed(self).into_iter().map(|otr::TextId(id)| TextId(id)).collect()
    }

    fn askers(&self) -> Vec<Fingerprint> {
        Self::askers(self).into_iter().map(Into::into).collect()
    }

    fn deadline(&self) -> Option<Duration> {
        Self::deadline(self)
    }

    fn suspend(&self) -> Zeroizing<Vec<u8>> {
        Self::suspend(self)
    }
}

impl From<otr::Fingerprint> for Fingerprint {
    fn from(otr::Fingerprint(bytes): otr::Fingerprint) -> Self {
        Self(bytes)
    }
}

impl From<Fingerprint> for otr::Fingerprint {
    fn from(Fingerprint(bytes): Fingerprint) -> Self {
        Self(bytes)
    }
}

const fn as_told(Setting { number, seconds }: Setting) -> otr::Timer {
    otr::Timer { number, seconds }
}

fn partner((tag, key): (InstanceTag, otr::Fingerprint)) -> Partner {
    Partner { client: Client(tag.0), key: key.into(), version: tag.version() }
}

/// What a session says, but for what is nobody's business here.
fn said(outputs: Vec<otr::Output>) -> Vec<Output> {
    outputs.into_iter().filter_map(said_by).collect()
}

fn said_by(output: otr::Output) -> Option<Output> {
    Some(match output {
        otr::Output::Send(body) => Output::Send(body),
        otr::Output::Text { text, from, fingerprint, label } => {
            Output::Text { text, from: Client(from.0), key: fingerprint.into(), label }
        }
        otr::Output::Again { from, fingerprint, label } => {
            Output::Again { from: Client(from.0), key: fingerprint.into(), label }
        }
        otr::Output::Timer { from, fingerprint, timer: otr::Timer { number, seconds } } => {
            let timer = Setting { number, seconds };
            Output::Timer { timer, from: Client(from.0), key: fingerprint.into() }
        }
        otr::Output::PlainText(text) => Output::PlainText(text),
        otr::Output::Deduplicates(fingerprint) => Output::Deduplicates(fingerprint.into()),
        otr::Output::Read { labels, fingerprint } => Output::Read { labels, key: fingerprint.into() },
        otr::Output::Unread(otr::TextId(id)) => Output::Unread(TextId(id)),
        otr::Output::Began { with, fingerprint, .. } => Output::Began(partner((with, fingerprint))),
        otr::Output::Ended(_) => Output::Ended,
        otr::Output::Attention(attention) => Output::Notice(notice(attention)?),
        otr::Output::Smp(event) => Output::Compared(compared(event)),
    })
}

fn notice(attention: Attention) -> Option<Notice> {
    Some(match attention {
        Attention::Unreadable => Notice::Unreadable,
        Attention::PeerError(text) => Notice::PeerError { text: beginning(text) },
        Attention::OtherVersion => Notice::OtherVersion,
        Attention::Mirror => Notice::Mirror,
        Attention::Malformed => Notice::Malformed,
        // The state of what waits says it; another client's messages are nobody's business here.
        Attention::NoAnswer | Attention::ForOtherInstance => return None,
    })
}

fn compared(event: SmpEvent) -> Compared {
    match event {
        SmpEvent::Asked { question, fingerprint } => Compared::Asked { question, key: fingerprint.into() },
        SmpEvent::Equal { fingerprint, we_asked, with_question } => {
            Compared::Equal { key: fingerprint.into(), we_asked, with_question }
        }
        SmpEvent::Different { fingerprint } => Compared::Different { key: fingerprint.into() },
        SmpEvent::Aborted => Compared::Aborted,
    }
}
