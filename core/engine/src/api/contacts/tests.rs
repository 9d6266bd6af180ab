//! An app's calls about conversations, on an engine without a network.

use std::sync::Arc;

use flashpaper_chat::limits::KEYS;
use flashpaper_chat::presence::Announced;
use flashpaper_chat::{FailReason, MessageState, Relationship, StreamNumber, Talk};
use flashpaper_vault::Batch;
use flashpaper_xmpp::{ChatMessage, Incoming};
use tempfile::TempDir;

use super::*;
use crate::account::tests::account;
use crate::burner::LiveBurner;
use crate::{Config, Key, Network};

async fn open(home: &TempDir) -> Engine {
    let config = Config { home: home.path().to_owned(), key: Key::File, network: Network::Public, resolvers: None };
    Engine::open(config).await.unwrap()
}

fn burner(engine: &Engine) -> Arc<LiveBurner> {
    engine.context.burner(&BurnerId("a".into())).unwrap()
}

/// Has a burner hear something.
pub(crate) fn hears(engine: &Engine, from: &str, text: &str) {
    let (from, resource) = (from.to_owned(), Some("r".to_owned()));
    let said =
        ChatMessage { from, resource, id: Some("1".into()), sent: None, text: text.to_owned(), wants_receipt: false };
    burner(engine).converse(move |talk| talk.hear(Incoming::Chat(said))).unwrap();
}

/// An engine with one active burner.
pub(crate) async fn with_burner(home: &TempDir) -> (Engine, BurnerId) {
    let engine = open(home).await;
    let mut account = account("a");
    account.set_state(State::Active);
    drop(engine.context.burners.add(account, Batch::default()).unwrap());
    (engine, BurnerId("a".into()))
}

#[tokio::test]
async fn only_unblocking_ends_a_block() {
    let (home, peer) = (TempDir::new().unwrap(), "friend@b.example");
    let (engine, id) = with_burner(&home).await;
    let before = engine.send(&id, peer, "hello", None).unwrap();
    engine.set_blocked(&id, peer, true).unwrap();
    let blocked = MessageState::Failed { reason: FailReason::Blocked };
    assert_eq!(engine.message(&id, before).unwrap().state, blocked);
    engine.taken(&id, before).unwrap();
    engine.close().await;
    // The next process does not know the mailbox before it is asked for.
    let engine = open(&home).await;
    assert_eq!(engine.send(&id, peer, "hello", None), Err(Error::PeerBlocked));
    assert_eq!(engine.add_contact(&id, peer), Err(Error::PeerBlocked));
    assert_eq!(engine.accept(&id, peer), Err(Error::PeerBlocked));
    assert_eq!(engine.start_private(&id, peer), Err(Error::PeerBlocked));
    assert_eq!(engine.conversation(&id, peer).unwrap().relationship, Relationship::Blocked);
    assert_eq!(engine.messages(&id, Some(peer), None, u32::MAX).unwrap().len(), 0);
    engine.set_blocked(&id, peer, false).unwrap();
    assert!(engine.send(&id, peer, "hello", None).is_ok());
}

#[tokio::test]
async fn a_peer_with_an_address_that_none_could_type_is_read_answered_and_blocked() {
    let (home, peer) = (TempDir::new().unwrap(), "friend@my_server.example");
    let (engine, id) = with_burner(&home).await;
    assert_eq!(engine.conversation(&id, peer), Err(Error::InvalidInput { input: Input::Address }));
    hears(&engine, peer, "hello");
    assert_eq!(engine.conversation(&id, peer).unwrap().unread, 1);
    engine.taken(&id, engine.messages(&id, Some(peer), None, u32::MAX).unwrap()[0].id).unwrap();
    engine.accept(&id, peer).unwrap();
    engine.send(&id, peer, "hello", None).unwrap();
    engine.set_blocked(&id, peer, true).unwrap();
    assert_eq!(engine.conversation(&id, peer).unwrap().relationship, Relationship::Blocked);
}

#[tokio::test]
async fn version_2_stays_off_in_the_next_process() {
    let (home, peer) = (TempDir::new().unwrap(), "friend@b.example");
    let (engine, id) = with_burner(&home).await;
    engine.add_contact(&id, peer).unwrap();
    // How many answers an offer of version 2 alone gets.
    let answers = |engine: &Engine| {
        hears(engine, peer, "?OTRv2?");
        burner(engine).converse(|talk| talk.next_stanzas(StreamNumber(1), 10, None).len()).unwrap()
    };
    assert_eq!(answers(&engine), 1);
    engine.set_version_2(&id, false).unwrap();
    assert_eq!(answers(&engine), 0);
    engine.close().await;
    let engine = open(&home).await;
    assert_eq!(answers(&engine), 0);
    engine.set_version_2(&id, true).unwrap();
    assert_eq!(answers(&engine), 1);
}

#[tokio::test]
async fn a_secret_that_anybody_would_guess_compares_nothing() {
    let (home, peer) = (TempDir::new().unwrap(), "friend@b.example");
    let (engine, id) = with_burner(&home).await;
    engine.add_contact(&id, peer).unwrap();
    let refused = Error::InvalidInput { input: Input::Text { fault: TextFault::Empty } };
    for blank in ["", " ", "\t\u{a0}\n", "\u{200b}"] {
        assert_eq!(engine.compare(&id, peer, blank, Some("which?")), Err(refused.clone()), "{blank:?}");
        assert_eq!(engine.answer_comparison(&id, peer, blank, None), Err(refused.clone()), "{blank:?}");
    }
    assert_eq!(engine.compare(&id, peer, "secret", None), Err(Error::NotPrivate));
    assert_eq!(engine.answer_comparison(&id, peer, "secret", None), Err(Error::NothingAsked));
}

#[tokio::test]
async fn a_line_break_of_another_system_is_one_and_a_blank_label_is_none() {
    let (home, peer) = (TempDir::new().unwrap(), "friend@b.example");
    let (engine, id) = with_burner(&home).await;
    let message = engine.send(&id, peer, "one\r\ntwo", None).unwrap();
    assert_eq!(engine.message(&id, message).unwrap().text, "one\ntwo");
    for (label, kept) in [("name", Some("name")), (" \t", None)] {
        engine.set_label(&id, Some(peer), Some(label)).unwrap();
        assert_eq!(engine.conversation(&id, peer).unwrap().label.as_deref(), kept);
    }
}

#[tokio::test]
async fn an_import_counts_what_is_kept_and_names_what_it_cannot_read() {
    let home = TempDir::new().unwrap();
    let (engine, id) = with_burner(&home).await;
    let line = |number: usize| format!("friend@b.example\tme@b.example/\tprpl-jabber\t{number:040x}\tverified\n");
    let many: String = (0..=KEYS).map(line).collect();
    let imported = engine.import_fingerprints(&id, &format!("bad\n{many}{}", line(1)), Some("me@b.example"));
    let keys = u32::try_from(KEYS).unwrap();
    assert_eq!(imported, Ok(Imported { keys, unread_lines: vec![1] }));
    assert_eq!(engine.conversation(&id, "friend@b.example").unwrap().keys.len(), KEYS);
    let none = engine.import_fingerprints(&id, "bad\nworse\n", None);
    assert_eq!(none, Err(Error::InvalidInput { input: Input::Fingerprints }));
    assert_eq!(engine.import_fingerprints(&id, "", None), Ok(Imported { keys: 0, unread_lines: vec![] }));
}

#[tokio::test]
async fn an_import_makes_nobody_a_contact_and_tells_nobody() {
    let home = TempDir::new().unwrap();
    let (engine, id) = with_burner(&home).await;
    let [old, blocked, expected] = ["old", "blocked", "expected"].map(|name| format!("{name}@b.example"));
    engine.set_blocked(&id, &blocked, true).unwrap();
    engine.add_contact(&id, &format!("xmpp:{expected}?otr-fingerprint={}", "E".repeat(40))).unwrap();
    // What is to be said to anybody, and of anybody to the server.
    let due = || {
        let numbered = |talk: &mut Talk<'_>| {
            let stanzas = talk.next_stanzas(StreamNumber(1), 10, None).len();
            (stanzas, Announced::default().due(talk.mailbox()).len())
        };
        burner(&engine).converse(numbered).unwrap()
    };
    let before = due();
    let line = |peer: &str, digit: &str, trust: &str| format!("{peer}\tme\tprpl-jabber\t{}{trust}\n", digit.repeat(40));
    let verified = "\tverified";
    let file = [
        line(&old, "a", verified),
        line(&old, "b", ""),
        line(&blocked, "c", verified),
        // Another key is expected.
        line(&expected, "d", verified),
    ];
    let imported = engine.import_fingerprints(&id, &file.concat(), Some("me"));
    assert_eq!(imported, Ok(Imported { keys: 2, unread_lines: vec![] }));
    let known = |peer: &str| {
        let conversation = engine.conversation(&id, peer).unwrap();
        (conversation.relationship, conversation.keys.len())
    };
    assert_eq!(known(&old), (Relationship::Stranger, 1));
    assert_eq!(known(&blocked), (Relationship::Blocked, 1));
    assert_eq!(known(&expected), (Relationship::Contact, 0));
    assert_eq!(due(), before);
}

#[tokio::test]
async fn what_a_server_writes_can_be_read_and_put_away() {
    let home = TempDir::new().unwrap();
    let (engine, id) = with_burner(&home).await;
    hears(&engine, "b.example", "down for an hour");
    for server in ["b.example", "B.Example."] {
        assert_eq!(engine.conversation(&id, server).unwrap().unread, 1);
        assert_eq!(engine.messages(&id, Some(server), None, u32::MAX).unwrap().len(), 1);
    }
    engine.set_label(&id, Some("b.example"), Some("my server")).unwrap();
    engine.taken(&id, engine.messages(&id, Some("b.example"), None, u32::MAX).unwrap()[0].id).unwrap();
    let conversation = engine.conversation(&id, "b.example").unwrap();
    assert_eq!((conversation.unread, conversation.label.as_deref()), (0, Some("my server")));
    assert!(
        engine
            .messages(&id, Some("b.example"), None, u32::MAX)
            .unwrap()
            .iter()
            .all(|m| m.state != MessageState::Received)
    );
    // Nobody to talk to; to block it would be to block all of its accounts.
    let refused = Error::InvalidInput { input: Input::Address };
    assert_eq!(engine.send(&id, "b.example", "hello", None), Err(refused.clone()));
    assert_eq!(engine.accept(&id, "b.example"), Err(refused.clone()));
    assert_eq!(engine.set_blocked(&id, "b.example", true), Err(refused));
}
