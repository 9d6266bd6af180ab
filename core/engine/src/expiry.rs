//! What time ends: messages, private conversations at rest, the wait of texts. It needs no network: an
//! attacker who blocks Tor must not keep expired data on the phone.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use flashpaper_chat::retention::lasts;
use flashpaper_chat::{Mailbox, outbox, retention};
use tokio::time::sleep;

use crate::event::BurnerId;
use crate::inner::{Inner, lock};
use crate::snapshot::TorStatus;
use crate::store::Account;
use crate::{Error, limits};

impl Inner {
    /// The time that things expire by, in seconds since 1970.
    pub(crate) fn expiry_now(&self) -> u64 {
        let wall = (!self.clock_is_wrong()).then(|| self.now());
        lock(&self.high_water).rise(wall, self.clock.since_boot())
    }

    fn clock_is_wrong(&self) -> bool {
        lock(&self.reported).as_ref().is_some_and(TorStatus::says_that_the_clock_is_wrong)
    }

    /// Has time end what it ends: messages, private conversations, the wait of texts.
    pub(crate) fn begin_to_forget(self: &Arc<Self>) {
        let inner = Arc::clone(self);
        let closing = self.closing.clone();
        let forget = async move {
            loop {
                // After a panic, too.
                let looked = std::panic::catch_unwind(AssertUnwindSafe(|| inner.forget_expired()));
                let wait = looked.unwrap_or(Ok(limits::SLICE))?;
                tokio::select! {
                    () = sleep(wait) => {}
                    () = inner.expiry.notified() => {}
                }
            }
        };
        self.spawn(async move { closing.run_until_cancelled_owned(forget).await.unwrap_or(Ok(())) });
    }

    /// How long nothing else is due.
    fn forget_expired(self: &Arc<Self>) -> Result<Duration, Error> {
        let (now, is_wrong) = (self.expiry_now(), self.clock_is_wrong());
        let next = |account: Account| {
            let drained = self.has_drained(&account.id);
            let next = |mailbox: &Mailbox| {
                // Texts wait by the time of day: they can be sent again.
                let given_up = outbox::next_given_up(mailbox).filter(|_| !is_wrong);
                let life = lasts(account.session_life, drained);
                let expiry = retention::next_expiry(mailbox, account.history, life);
                given_up.into_iter().chain(expiry).min()
            };
            // What cannot be read keeps nothing else from ending.
            let at = self.look(&account.id, next).ok().flatten();
            (account.id.clone(), drained, at)
        };
        let next: Vec<_> = self.read(|content| content.accounts.clone())?.into_iter().map(next).collect();
        let mut wait = Duration::MAX;
        for (id, drained, at) in next {
            let Some(at) = at else { continue };
            let left = at.saturating_sub(now);
            if left == 0 {
                // On a full disk, say, it is tried again.
                let _ = self.converse(&id, |talk| talk.expire(now, drained));
                self.goodbyes_wait(id);
            }
            let left = if left == 0 { limits::SLICE } else { Duration::from_secs(left) };
            wait = wait.min(left.min(limits::SLICE));
        }
        Ok(wait)
    }

    /// What is to be said of the end of private conversations is said by each burner at a moment of its own.
    fn goodbyes_wait(self: &Arc<Self>, id: String) {
        let (inner, wait) = (Arc::clone(self), self.apart(self.spread().time()));
        self.spawn(async move {
            sleep(wait).await;
            inner.has_work(&BurnerId(id));
            Ok(())
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;
    use std::sync::atomic::Ordering::Relaxed;

    use flashpaper_chat::{History, OutgoingStanza, PeerId, StanzaKind, Stored, Talk, stanza_queue};
    use flashpaper_otr::{Identity, InstanceTag, Output, Session, Settings};
    use flashpaper_xmpp::ChatMessage;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;
    use tempfile::TempDir;

    use super::*;
    use crate::seams::{Clock, Seams};
    use crate::store::State;
    use crate::store::tests::account;
    use crate::{Config, Engine, Key, Network};

    const NOW: u64 = 1_000_000;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A clock that is set by hand, in seconds: the time of day, and the time since the device was started.
    #[derive(Clone, Default)]
    struct Hands(Arc<AtomicU64>, Arc<AtomicU64>);

    impl Clock for Hands {
        fn unix_seconds(&self) -> u64 {
            self.0.load(Relaxed)
        }

        fn since_boot(&self) -> Duration {
            at(self.1.load(Relaxed))
        }
    }

    /// An engine, and the clock that it goes by.
    async fn open(home: &TempDir) -> (Engine, Hands) {
        let clock = Hands::default();
        clock.0.store(NOW, Relaxed);
        let config = Config { home: home.path().to_owned(), key: Key::File, network: Network::Public };
        let seams = Seams { clock: Box::new(clock.clone()), ..Seams::real() };
        (Engine::open_with(config, seams).await.unwrap(), clock)
    }

    fn add_burner(engine: &Engine) -> BurnerId {
        let mut account = account("a");
        account.state = State::Active;
        engine.inner.commit(|content| content.accounts.push(account)).unwrap();
        BurnerId("a".into())
    }

    #[tokio::test]
    async fn what_has_to_go_goes_without_tor() {
        let home = TempDir::new().unwrap();
        let (engine, clock) = open(&home).await;
        let (inner, id) = (&engine.inner, add_burner(&engine));
        engine.set_history(&id, History::Expire { after: at(60) }).unwrap();
        let receive = |at: u64| {
            clock.0.store(at, Relaxed);
            inner.converse("a", |talk| talk.receive(&chat("friend@b.example", "read once"))).unwrap();
            let came = engine.messages(&id, None).unwrap();
            engine.taken(&id, came[0].id).unwrap();
        };
        receive(NOW);
        let stored = || inner.read(|content| content.mailbox("a").messages.len()).unwrap();
        let pass = async |wall: u64, since_boot: u64| {
            clock.0.store(wall, Relaxed);
            clock.1.store(since_boot, Relaxed);
            inner.expiry.notify_one();
            sleep(Duration::from_millis(200)).await;
        };
        pass(NOW + 59, 59).await;
        assert_eq!(stored(), 1);
        // Set back, it is over all the same.
        pass(NOW - 1000, 60).await;
        assert_eq!(stored(), 0);

        // While Tor says that the clock is wrong, what it shows counts for nothing.
        receive(NOW + 60);
        let blocked = Some(Error::ClockWrong { by: None });
        *lock(&inner.reported) = Some(TorStatus { fraction: 0.5, ready: false, blocked });
        pass(NOW + 86_400, 60).await;
        assert_eq!(stored(), 1);
        pass(NOW, 120).await;
        assert_eq!(stored(), 0);
    }

    /// A message as it comes from a server.
    fn chat(from: &str, text: &str) -> ChatMessage {
        let (from, text) = (from.to_owned(), text.to_owned());
        ChatMessage { from, resource: Some("r".into()), id: None, sent: None, text, wants_receipt: false }
    }

    /// Has a burner's conversation with a friend become private; the friend's row.
    fn become_private(inner: &Inner) -> PeerId {
        const FRIEND: &str = "friend@b.example";
        let (seed, settings) =
            (StdRng::seed_from_u64(1), Settings { tag: Some(InstanceTag(0x200)), ..Settings::default() });
        let identity = Arc::new(Identity::random(&mut StdRng::seed_from_u64(2)));
        let mut friend = Session::new(identity, settings, Box::new(seed), Duration::ZERO);
        let befriend = |talk: &mut Talk<'_>| {
            let row = talk.mailbox().peer(FRIEND);
            talk.mailbox().befriend(row);
            row
        };
        let row = inner.converse("a", befriend).unwrap();
        let mut outputs = friend.receive("?OTRv3?");
        while !outputs.is_empty() {
            let answers = inner.converse("a", |talk| {
                for output in &outputs {
                    if let Output::Send(body) = output {
                        talk.receive(&chat(FRIEND, body));
                    }
                }
                stanza_queue::number(talk.mailbox(), 1, usize::MAX, NOW)
            });
            let body = |stanza: &OutgoingStanza| {
                if let StanzaKind::Otr { body, .. } = &stanza.kind { body.clone() } else { String::new() }
            };
            outputs = answers.unwrap().iter().flat_map(|(_, stanza)| friend.receive(&body(stanza))).collect();
        }
        assert!(friend.is_private());
        row
    }

    #[tokio::test]
    async fn a_conversation_whose_end_its_peer_cannot_be_told_of_is_off_the_disk_by_twice_its_life() {
        const LIFE: u64 = 1000;
        let home = TempDir::new().unwrap();
        let (engine, clock) = open(&home).await;
        engine.set_session_life(&add_burner(&engine), at(LIFE)).unwrap();
        let row = become_private(&engine.inner);
        let stored =
            |engine: &Engine| engine.inner.look("a", |mailbox| Stored::clone(&mailbox.sessions[&row])).unwrap();
        let private = stored(&engine);
        assert!(private.key.is_some());
        for (passed, is_over) in [(2 * LIFE - 1, false), (2 * LIFE, true)] {
            clock.1.store(passed, Relaxed);
            engine.inner.expiry.notify_one();
            sleep(Duration::from_millis(200)).await;
            let now = stored(&engine);
            assert_eq!((now.key.is_none(), now.state != private.state), (is_over, is_over), "after {passed} s");
        }
        engine.close().await;
        let (engine, _) = open(&home).await;
        assert_eq!(stored(&engine).key, None);
        engine.close().await;
    }
}
