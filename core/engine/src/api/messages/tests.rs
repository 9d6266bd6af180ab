//! An app's calls about messages, without a network.

use tempfile::TempDir;

use super::*;
use crate::MessageState;
use crate::api::contacts::tests::{hears, with_burner};

const FRIEND: &str = "friend@b.example";
const OTHER: &str = "other@b.example";

fn texts(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.text.as_str()).collect()
}

/// An engine with a burner that was written to by two contacts in turn: "0" to "11".
async fn written_to(home: &TempDir) -> (Engine, BurnerId) {
    let (engine, id) = with_burner(home).await;
    for peer in [FRIEND, OTHER] {
        engine.add_contact(&id, peer).unwrap();
    }
    for number in 0..12 {
        hears(&engine, FRIEND, &number.to_string());
        hears(&engine, OTHER, &number.to_string());
    }
    (engine, id)
}

#[tokio::test]
async fn pages_meet_while_messages_come_and_go() {
    let home = TempDir::new().unwrap();
    let (engine, id) = written_to(&home).await;
    let all = engine.messages(&id, Some(FRIEND), None, 100).unwrap();
    let take = |text: &str| engine.taken(&id, all.iter().find(|message| message.text == text).unwrap().id).unwrap();
    let mut before = None;
    for (page, gone) in [(["9", "10", "11"], ["9", "7"]), (["5", "6", "8"], ["3", "2"]), (["0", "1", "4"], ["0", "1"])]
    {
        let messages = engine.messages(&id, Some(FRIEND), before, 3).unwrap();
        assert_eq!(texts(&messages), page);
        before = Some(messages[0].id);
        // Of this page, of the next one, or of both.
        gone.into_iter().for_each(take);
        hears(&engine, FRIEND, "new");
        hears(&engine, OTHER, "new");
    }
    assert_eq!(engine.messages(&id, Some(FRIEND), before, 3), Ok(Vec::new()));
}

#[tokio::test]
async fn a_page_is_of_one_peer_or_of_all_and_ends_anywhere() {
    let home = TempDir::new().unwrap();
    let (engine, id) = written_to(&home).await;
    let page = |with, before: Option<u64>, limit| {
        let messages = engine.messages(&id, with, before.map(MessageId::from), limit).unwrap();
        messages.iter().map(|message| format!("{} {}", &message.peer.as_str()[..1], message.text)).collect::<Vec<_>>()
    };
    assert_eq!(page(None, None, 3), ["o 10", "f 11", "o 11"]);
    assert_eq!(page(Some(OTHER), None, 2), ["o 10", "o 11"]);
    assert_eq!(page(Some(OTHER), None, 100).len(), 12);
    assert_eq!(page(Some("nobody@b.example"), None, 3), [""; 0]);
    assert_eq!(page(None, None, 0), [""; 0]);
    // There never was such a message.
    assert_eq!(page(Some(FRIEND), Some(u64::MAX), 1), ["f 11"]);
    assert_eq!(page(None, Some(0), 100), [""; 0]);
}

#[test]
fn a_text_that_cannot_be_sent_says_why() {
    assert_eq!((fault("a\ttext\n\u{1f469}"), fault(&"x".repeat(10_000))), (None, None));
    assert_eq!(fault(""), Some(TextFault::Empty));
    // Each of these takes two bytes.
    let long = TextFault::TooLong { bytes: 12_346, limit: 10_000 };
    assert_eq!(fault(&"\u{e9}".repeat(6_173)), Some(long));
    for (text, code, at) in [("bell\u{7}\0", 7, 5), ("\u{e9}\r", 13, 2), ("\u{ffff}", 0xffff, 1)] {
        assert_eq!(fault(text), Some(TextFault::Character { code, at }));
    }
}

#[tokio::test]
async fn a_key_names_one_text_also_over_a_restart_and_the_last_ones_are_known() {
    let home = TempDir::new().unwrap();
    let (engine, id) = with_burner(&home).await;
    let send = |engine: &Engine, text: &str, key: &str| engine.send_once(&id, FRIEND, text, None, Some(key)).unwrap();
    let first = send(&engine, "text", "key");
    assert_eq!(send(&engine, "text", "key"), first);
    let other = send(&engine, "text", "another key");
    assert_ne!(other, first);
    engine.suspend(Duration::from_secs(3)).await.unwrap();
    engine.resume().await.unwrap();
    assert_eq!(send(&engine, "text", "key"), first, "read from the disk again");
    assert_eq!(engine.messages(&id, Some(FRIEND), None, 10).unwrap().len(), 2);
    for number in 0..flashpaper_chat::limits::SEND_KEYS - 1 {
        send(&engine, "text", &number.to_string());
    }
    assert_eq!(send(&engine, "text", "another key"), other);
    assert_ne!(send(&engine, "text", "key"), first, "so many are known");
    engine.close().await;
}

#[tokio::test]
async fn what_has_failed_is_sent_again_as_a_new_text_and_nothing_else_is() {
    let home = TempDir::new().unwrap();
    let (engine, id) = with_burner(&home).await;
    let send = || engine.send_once(&id, FRIEND, "text", Some(Duration::ZERO), Some("key")).unwrap();
    let failed = send();
    while !matches!(engine.message(&id, failed).unwrap().state, MessageState::Failed { .. }) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    engine.set_blocked(&id, FRIEND, true).unwrap();
    assert_eq!(engine.retry(&id, failed), Err(Error::PeerBlocked));
    engine.set_blocked(&id, FRIEND, false).unwrap();
    let again = engine.retry(&id, failed).unwrap();
    assert!(again > failed);
    assert_eq!(send(), again, "the key still names it");
    let message = engine.message(&id, again).unwrap();
    assert_eq!((message.text.as_str(), message.state), ("text", MessageState::Queued));
    assert_eq!(engine.message(&id, failed), Err(Error::NoSuchMessage));
    assert_eq!(engine.retry(&id, failed), Err(Error::NoSuchMessage));
    assert_eq!(engine.retry(&id, again), Err(Error::NoSuchMessage), "it may still arrive");
    engine.close().await;
}

#[tokio::test]
async fn a_page_is_read_at_once_and_of_that_peer_alone() {
    let home = TempDir::new().unwrap();
    let (engine, id) = written_to(&home).await;
    let page = engine.messages(&id, Some(FRIEND), None, 3).unwrap();
    engine.read(&id, FRIEND, page[1].id).unwrap();
    assert_eq!(texts(&engine.messages(&id, Some(FRIEND), None, 100).unwrap()), ["11"]);
    assert_eq!(engine.conversation(&id, FRIEND).unwrap().unread, 1);
    assert_eq!(engine.conversation(&id, OTHER).unwrap().unread, 12);
    engine.close().await;
}

#[tokio::test]
async fn one_message_is_deleted_wherever_it_is_and_the_others_stay() {
    let home = TempDir::new().unwrap();
    let (engine, id) = written_to(&home).await;
    engine.set_history(&id, History::UntilBurn).unwrap();
    let of_friend = || engine.messages(&id, Some(FRIEND), None, 100).unwrap();
    let (kept, unread) = (of_friend()[3].id, of_friend()[11].id);
    engine.read(&id, FRIEND, of_friend()[5].id).unwrap();
    for message in [kept, unread, kept] {
        engine.delete(&id, message).unwrap();
        assert_eq!(engine.message(&id, message), Err(Error::NoSuchMessage));
    }
    assert_eq!(texts(&of_friend()), ["0", "1", "2", "4", "5", "6", "7", "8", "9", "10"]);
    engine.suspend(Duration::from_secs(3)).await.unwrap();
    engine.resume().await.unwrap();
    assert_eq!(texts(&of_friend()), ["0", "1", "2", "4", "5", "6", "7", "8", "9", "10"]);
    assert_eq!(engine.messages(&id, Some(OTHER), None, 100).unwrap().len(), 12);
    engine.close().await;
}

#[tokio::test]
async fn a_timeline_is_the_last_page_and_then_each_other_one_until_the_burner_is_gone() {
    let home = TempDir::new().unwrap();
    let (engine, id) = written_to(&home).await;
    let mut timeline = engine.timeline(&id, FRIEND, 2);
    assert_eq!(texts(&timeline.next().await.unwrap()), ["10", "11"]);
    hears(&engine, FRIEND, "12");
    assert_eq!(texts(&timeline.next().await.unwrap()), ["11", "12"]);
    // Another conversation changes nothing in this one.
    hears(&engine, OTHER, "12");
    let last = engine.messages(&id, Some(FRIEND), None, 1).unwrap()[0].id;
    engine.delete(&id, last).unwrap();
    assert_eq!(texts(&timeline.next().await.unwrap()), ["10", "11"]);
    engine.suspend(Duration::from_secs(3)).await.unwrap();
    engine.lock().await.unwrap();
    assert_eq!(timeline.next().await, None);
    assert_eq!(engine.timeline(&BurnerId("nobody".to_owned()), FRIEND, 2).next().await, None);
    engine.close().await;
}

#[tokio::test]
async fn diagnostics_count_and_name_nobody() {
    let home = TempDir::new().unwrap();
    let (engine, id) = written_to(&home).await;
    engine.set_label(&id, None, Some("my burner")).unwrap();
    engine.set_label(&id, Some(FRIEND), Some("my friend")).unwrap();
    let text = engine.diagnostics();
    assert!(text.contains("- Active by Exit: offline; 2 conversations, 24 unread, 0 in the outbox\n"), "{text}");
    // Its id and its name are words that stand in any text.
    let jid = engine.burners().unwrap().remove(0).jid;
    for secret in [&jid, "@", "friend", "other", "example", "my burner"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    engine.close().await;
}
