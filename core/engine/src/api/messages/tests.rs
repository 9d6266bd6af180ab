//! An app's calls about messages, without a network.

use tempfile::TempDir;

use super::*;
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
