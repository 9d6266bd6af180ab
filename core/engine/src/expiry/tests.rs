use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use flashpaper_chat::{FailReason, MessageState, OutgoingStanza, PeerId, StanzaKind, Stored, StreamNumber, Talk};
use flashpaper_otr::{Identity, InstanceTag, Output, Session, Settings};
use flashpaper_vault::Batch;
use flashpaper_xmpp::{ChatMessage, Incoming};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tempfile::TempDir;
use tokio::time::timeout;

use super::*;
use crate::account::State;
use crate::account::tests::account;
use crate::seams::{Clock, Seams};
use crate::{Config, Engine, Input, Key, Network, TorStage, TorStatus};

pub(super) const NOW: u64 = 1_000_000;

pub(crate) fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A clock that is set by hand, in seconds: the time of day, and the time since the device was started. Counts how often the
/// time of day is looked at.
#[derive(Clone, Default)]
pub(crate) struct Hands(pub(crate) Arc<AtomicU64>, pub(crate) Arc<AtomicU64>, Arc<AtomicU64>);

impl Clock for Hands {
    fn unix_seconds(&self) -> u64 {
        self.2.fetch_add(1, Relaxed);
        self.0.load(Relaxed)
    }

    fn since_boot(&self) -> Duration {
        at(self.1.load(Relaxed))
    }
}

/// An engine, and the clock that it goes by.
pub(crate) async fn open(home: &TempDir) -> (Engine, Hands) {
    open_at(home, NOW).await
}

pub(super) async fn open_at(home: &TempDir, now: u64) -> (Engine, Hands) {
    let clock = Hands::default();
    clock.0.store(now, Relaxed);
    let config = Config { home: home.path().to_owned(), key: Key::File, network: Network::Public, resolvers: None };
    let seams = Seams { clock: Box::new(clock.clone()), ..Seams::real() };
    (Engine::open_with(config, seams).await.unwrap(), clock)
}

pub(crate) fn add_burner(engine: &Engine) -> Arc<LiveBurner> {
    let mut account = account("a");
    account.state = State::Active;
    engine.context.burners.add(account, Batch::default()).unwrap().0
}

#[tokio::test]
async fn what_has_to_go_goes_without_tor() {
    let home = TempDir::new().unwrap();
    let (engine, clock) = open(&home).await;
    let (context, burner) = (&engine.context, add_burner(&engine));
    let id = &burner.id;
    engine.set_history(id, History::Expire { after: at(60) }).unwrap();
    engine.add_contact(id, "friend@b.example").unwrap();
    let receive = |at: u64| {
        clock.0.store(at, Relaxed);
        burner.converse(|talk| talk.hear(Incoming::Chat(chat("friend@b.example", "read once")))).unwrap();
        let came = engine.messages(id, None, None, u32::MAX).unwrap();
        engine.taken(id, came[0].id).unwrap();
    };
    receive(NOW);
    let stored = || burner.history(None, u64::MAX.into(), 10).unwrap().len();
    let pass = async |wall: u64, since_boot: u64| {
        clock.0.store(wall, Relaxed);
        clock.1.store(since_boot, Relaxed);
        context.services.expiry.notify_one();
        sleep(Duration::from_millis(200)).await;
    };
    pass(NOW + 59, 59).await;
    assert_eq!(stored(), 1);
    // Set back, it is over all the same.
    pass(NOW - 1000, 60).await;
    until(|| stored() == 0).await;

    // While Tor says that the clock is wrong, what it shows counts for nothing.
    receive(NOW + 60);
    let blocked = Some(Error::ClockWrong { by: None });
    let status = TorStatus { fraction: 0.5, stage: TorStage::Directory, ready: false, blocked };
    context.services.set_tor_status(Some(status));
    pass(NOW + 86_400, 60).await;
    assert_eq!(stored(), 1);
    pass(NOW, 120).await;
    until(|| stored() == 0).await;
}

#[tokio::test]
async fn a_text_of_kept_history_goes_by_the_timer_of_its_conversation_also_after_a_restart() {
    const FRIEND: &str = "friend@b.example";
    let home = TempDir::new().unwrap();
    let (engine, clock) = open(&home).await;
    let burner = add_burner(&engine);
    let id = burner.id.clone();
    engine.set_history(&id, History::UntilBurn).unwrap();
    engine.add_contact(&id, FRIEND).unwrap();
    let receive = |text: &str| {
        let message = chat(FRIEND, text);
        burner.converse(|talk| talk.hear(Incoming::Chat(message))).unwrap();
        let came = engine.messages(&id, None, None, 1).unwrap();
        engine.taken(&id, came[0].id).unwrap();
    };
    receive("stays");
    let refused = engine.set_timer(&id, FRIEND, Some(Duration::ZERO));
    assert_eq!(refused, Err(Error::InvalidInput { input: Input::Timer }));
    engine.set_timer(&id, FRIEND, Some(at(1000))).unwrap();
    let conversation = engine.conversation(&id, FRIEND).unwrap();
    assert_eq!((conversation.timer, conversation.timer_is_shared), (Some(at(1000)), false));
    receive("goes");
    let texts = |engine: &Engine| {
        let messages = engine.messages(&id, Some(FRIEND), None, u32::MAX).unwrap();
        messages.iter().map(|message| message.text.clone()).collect::<Vec<_>>()
    };
    pass(&engine, &clock, NOW + 700, 700).await;
    assert_eq!(texts(&engine), ["stays", "goes"]);
    engine.close().await;

    // Set back between two runs: what the first has seen counts.
    let (engine, clock) = open_at(&home, 0).await;
    pass(&engine, &clock, 0, 299).await;
    assert_eq!(texts(&engine), ["stays", "goes"]);
    pass(&engine, &clock, 0, 300).await;
    until(|| texts(&engine) == ["stays"]).await;
    assert_eq!(engine.context.burner(&id).unwrap().mailbox().unwrap().messages.len(), 0, "it is not there any more");
    engine.close().await;
}

#[tokio::test]
async fn a_text_that_waits_for_too_long_fails_without_a_connection() {
    let home = TempDir::new().unwrap();
    let (engine, clock) = open(&home).await;
    let id = add_burner(&engine).id.clone();
    engine.add_contact(&id, "friend@b.example").unwrap();
    let text = engine.send(&id, "friend@b.example", "anybody?", Some(at(60))).unwrap();
    let failed = MessageState::Failed { reason: FailReason::NoAnswer };
    for (passed, state) in [(59, MessageState::Queued), (60, failed)] {
        clock.0.store(NOW + passed, Relaxed);
        engine.context.services.expiry.notify_one();
        sleep(Duration::from_millis(200)).await;
        until(|| engine.message(&id, text).unwrap().state == state).await;
    }
    engine.close().await;
}

#[tokio::test]
async fn what_is_due_and_cannot_be_ended_is_looked_at_again_later_and_not_at_once() {
    // On a full disk; and where the clock was set back, which gives no text up before its time.
    for (is_full, later, due) in [(true, 60, 60), (false, 100, 50)] {
        let home = TempDir::new().unwrap();
        let (engine, clock) = open(&home).await;
        let burner = add_burner(&engine);
        // Two, so that what one says by itself waits.
        engine.context.burners.add(account("b"), Batch::default()).unwrap();
        engine.add_contact(&burner.id, "friend@b.example").unwrap();
        let text = engine.send(&burner.id, "friend@b.example", "anybody?", Some(at(due))).unwrap();
        if is_full {
            engine.context.services.store.suspend();
        }
        clock.0.store(NOW + later, Relaxed);
        engine.context.services.expiry_now();
        if !is_full {
            clock.0.store(NOW, Relaxed);
        }
        let tasks = || engine.context.tasks.runtime().metrics().num_alive_tasks();
        let (looks, waiting) = (clock.2.load(Relaxed), tasks());
        engine.context.services.expiry.notify_one();
        sleep(Duration::from_millis(500)).await;
        let looks = clock.2.load(Relaxed) - looks;
        assert!((1..20).contains(&looks), "{looks} looks at the clock");
        assert_eq!(tasks(), waiting, "there is nothing to say goodbye for");
        let next = engine.context.forget_expired_of(&burner, UnixTime(NOW + later));
        assert_eq!(next, Some(if is_full { limits::MAX_SLEEP } else { at(due) }));
        assert_eq!(engine.message(&burner.id, text).unwrap().state, MessageState::Queued);
    }
}

#[tokio::test]
async fn what_was_learnt_of_servers_is_off_the_disk_after_a_week_and_of_a_named_one_never_on_it() {
    const WEEK: u64 = 7 * 86_400;
    let known = |engine: &Engine| engine.context.learnt.on(NOW / 86_400).len();
    for at_the_next_start in [false, true] {
        let home = TempDir::new().unwrap();
        let (engine, clock) = open(&home).await;
        let mut account = account("a");
        engine.context.learn(&account, &Error::RegistrationClosed).await;
        assert_eq!(known(&engine), 1);
        account.named = true;
        account.domain = "named.example".into();
        engine.context.learn(&account, &Error::RegistrationClosed).await;
        assert_eq!(known(&engine), 1);
        let engine = if at_the_next_start {
            engine.close().await;
            open_at(&home, NOW + WEEK).await.0
        } else {
            clock.0.store(NOW + WEEK, Relaxed);
            engine.context.services.expiry.notify_one();
            engine
        };
        // What is known is what is on the disk.
        until(|| known(&engine) == 0).await;
        engine.close().await;
    }
}

/// Lets the clock of an engine show another time of day, and time since the start of the device, and the engine look at that.
pub(super) async fn pass(engine: &Engine, clock: &Hands, wall: u64, since_boot: u64) {
    clock.0.store(wall, Relaxed);
    clock.1.store(since_boot, Relaxed);
    engine.context.services.expiry.notify_one();
    sleep(Duration::from_millis(200)).await;
}

/// Waits until it is so: a machine that has much to do takes its time.
pub(super) async fn until(mut is_so: impl FnMut() -> bool) {
    let waits = async {
        while !is_so() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(20), waits).await.expect("it comes about");
}

/// A message as it comes from a server.
fn chat(from: &str, text: &str) -> ChatMessage {
    let (from, text) = (from.to_owned(), text.to_owned());
    ChatMessage { from, resource: Some("r".into()), id: None, sent: None, text, wants_receipt: false }
}

/// Has a burner's conversation with a friend become private; the friend's row.
fn become_private(burner: &LiveBurner) -> PeerId {
    const FRIEND: &str = "friend@b.example";
    let (seed, settings) =
        (StdRng::seed_from_u64(1), Settings { tag: Some(InstanceTag(0x200)), ..Settings::default() });
    let identity = Arc::new(Identity::random(&mut StdRng::seed_from_u64(2)));
    let mut friend = Session::new(identity, settings, Box::new(seed), Duration::ZERO);
    let befriend = |talk: &mut Talk<'_>| {
        let row = talk.mailbox().peer(&FRIEND.to_owned().into());
        talk.mailbox().befriend(row);
        row
    };
    let row = burner.converse(befriend).unwrap();
    let mut outputs = friend.receive("?OTRv3?");
    while !outputs.is_empty() {
        let answers = burner.converse(move |talk| {
            for output in &outputs {
                if let Output::Send(body) = output {
                    talk.hear(Incoming::Chat(chat(FRIEND, body)));
                }
            }
            talk.next_stanzas(StreamNumber(1), usize::MAX, None)
        });
        let body = |stanza: &OutgoingStanza| {
            if let StanzaKind::Encrypted { body, .. } = &stanza.kind { body.clone() } else { String::new() }
        };
        outputs = answers.unwrap().iter().flat_map(|(_, stanza)| friend.receive(&body(stanza))).collect();
    }
    assert!(friend.is_private());
    row
}

#[tokio::test]
async fn a_conversation_whose_end_its_peer_cannot_be_told_of_is_off_the_disk_by_twice_its_idle_timeout() {
    const IDLE_TIMEOUT: u64 = 1000;
    let home = TempDir::new().unwrap();
    let (engine, clock) = open(&home).await;
    let burner = add_burner(&engine);
    engine.set_idle_timeout(&burner.id, at(IDLE_TIMEOUT)).unwrap();
    let row = become_private(&burner);
    let stored = |burner: &LiveBurner| Stored::clone(&burner.mailbox().unwrap().sessions[&row]);
    let private = stored(&burner);
    assert!(private.key.is_some());
    for (passed, is_over) in [(2 * IDLE_TIMEOUT - 1, false), (2 * IDLE_TIMEOUT, true)] {
        clock.1.store(passed, Relaxed);
        engine.context.services.expiry.notify_one();
        sleep(Duration::from_millis(200)).await;
        let now = stored(&burner);
        assert_eq!((now.key.is_none(), now.state != private.state), (is_over, is_over), "after {passed} s");
    }
    engine.close().await;
    let (engine, _) = open(&home).await;
    assert_eq!(stored(&engine.context.burner(&burner.id).unwrap()).key, None);
    engine.close().await;
}
