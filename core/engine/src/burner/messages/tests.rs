//! History: on disk alone, page by page, until it expires.

use std::time::Duration;

use flashpaper_chat::{History, MessageId, Talk, UnixTime};
use flashpaper_xmpp::{ChatMessage, Incoming};
use tempfile::TempDir;

use super::super::tests::{NOW, open, peer_jid};
use super::*;
use crate::config::Key;
use crate::store::history;

/// A text as it comes from a server.
fn chat(from: &str, text: String) -> ChatMessage {
    let (from, resource) = (from.to_owned(), Some("r".to_owned()));
    ChatMessage { from, resource, id: None, sent: None, text, wants_receipt: false }
}

/// Has texts come, which are their numbers, and be taken.
fn has_history(burner: &LiveBurner, from: &'static str, texts: std::ops::Range<u64>) {
    for number in texts {
        let take = move |talk: &mut Talk<'_>| {
            let peer = talk.mailbox().peer(&from.to_owned().into());
            talk.mailbox().befriend(peer);
            talk.hear(Incoming::Chat(chat(from, number.to_string())));
            let came = talk.mailbox().messages.keys().next_back().copied().unwrap();
            talk.take(came);
        };
        burner.converse(take).unwrap();
    }
}

#[test]
fn history_is_on_disk_alone_and_is_read_page_by_page() {
    let folder = TempDir::new().unwrap();
    let home = open(folder.path(), &Key::File).unwrap();
    let burner = home.add("a");
    burner.change(|account| account.history = History::UntilBurn).unwrap();
    has_history(&burner, "peer@b.example", 0..300);
    has_history(&burner, "other@b.example", 300..310);
    let waits = burner.converse(|talk| talk.queue(&peer_jid(), "waits", None).unwrap()).unwrap();
    has_history(&burner, "peer@b.example", 311..315);
    assert_eq!(burner.mailbox().unwrap().messages.len(), 1);
    let texts = |with: Option<&str>, before: Option<u64>, limit: usize| {
        let page = burner.messages(with, before.map(MessageId::from), limit, UnixTime(NOW)).unwrap();
        page.iter().map(|message| message.text.clone()).collect::<Vec<_>>()
    };
    assert_eq!(texts(None, None, 5), ["waits", "311", "312", "313", "314"]);
    assert_eq!(texts(None, Some(312), 3), ["308", "309", "waits"]);
    assert_eq!(texts(Some("other@b.example"), None, 3), ["307", "308", "309"]);
    assert_eq!(texts(Some("peer@b.example"), Some(u64::from(waits)), 2), ["298", "299"]);
    assert_eq!(texts(None, None, usize::MAX).len(), 315);
    assert!(texts(None, None, 0).is_empty() && texts(None, Some(1), 9).is_empty());
    for (id, text) in [(1, "0"), (u64::from(waits), "waits"), (315, "314")] {
        assert_eq!(burner.message(id.into(), UnixTime(NOW)).unwrap().unwrap().text, text);
    }
    assert_eq!(burner.message(316.into(), UnixTime(NOW)), Ok(None));

    // No number is given twice, though none of history is in memory.
    drop((home, burner));
    let home = open(folder.path(), &Key::File).unwrap();
    let burner = home.get("a");
    has_history(&burner, "peer@b.example", 316..317);
    assert_eq!(burner.message(316.into(), UnixTime(NOW)).unwrap().unwrap().text, "316");

    // What is not to be kept any more goes at once.
    burner.change(|account| account.history = History::None).unwrap();
    assert_eq!(burner.forget_history(UnixTime(NOW)), Ok(None));
    assert!(burner.history(None, MessageId::from(u64::MAX), 1).unwrap().is_empty());
    assert_eq!(burner.messages(None, None, 9, UnixTime(NOW)).unwrap().len(), 1);
}

#[test]
fn history_expires_and_says_when_it_is_looked_at_again() {
    let folder = TempDir::new().unwrap();
    let home = open(folder.path(), &Key::File).unwrap();
    let burner = home.add("a");
    let after = Duration::from_secs(60);
    burner.change(|account| account.history = History::Expire { after }).unwrap();
    assert_eq!(burner.forget_history(UnixTime(NOW)), Ok(None));
    has_history(&burner, "peer@b.example", 0..2);
    let kept = burner.history(None, MessageId::from(u64::MAX), 9).unwrap();
    assert_eq!(kept.len(), 2);
    let next = burner.forget_history(UnixTime(0)).unwrap().unwrap();
    assert_eq!(burner.forget_history(UnixTime(next.0 - 1)), Ok(Some(next)));
    assert_eq!(burner.history(None, MessageId::from(u64::MAX), 9).unwrap().len(), 2);
    // Both within a second, or two.
    assert_eq!(burner.forget_history(UnixTime(next.0 + 2)), Ok(None));
    assert!(burner.history(None, MessageId::from(u64::MAX), 9).unwrap().is_empty());
}

#[test]
fn what_expires_first_goes_first_whenever_it_became_history() {
    let folder = TempDir::new().unwrap();
    let home = open(folder.path(), &Key::File).unwrap();
    let burner = home.add("a");
    burner.change(|account| account.history = History::Expire { after: Duration::from_secs(1000) }).unwrap();
    has_history(&burner, "peer@b.example", 0..1);
    let [first] =
        burner.history(None, MessageId::from(u64::MAX), 2).unwrap().try_into().unwrap_or_else(|_| panic!("one"));
    let next = burner.forget_history(UnixTime(0)).unwrap().unwrap();
    // One that was read late.
    let late = move |talk: &mut Talk<'_>| {
        let came = talk.queue(&peer_jid(), "late", None).unwrap();
        let entry = std::sync::Arc::new(first.1.clone());
        talk.mailbox().messages.insert(came, entry);
    };
    burner.converse(late).unwrap();
    assert_eq!(burner.history(None, MessageId::from(u64::MAX), 9).unwrap().len(), 2);
    assert_eq!(burner.forget_history(UnixTime(next.0 - 1)), Ok(Some(next)));
    assert_eq!(burner.forget_history(next), Ok(None));
    assert!(burner.history(None, MessageId::from(u64::MAX), 9).unwrap().is_empty());
}

#[test]
fn what_expires_goes_also_behind_pages_of_a_later_time() {
    let folder = TempDir::new().unwrap();
    let home = open(folder.path(), &Key::File).unwrap();
    let burner = home.add("a");
    burner.change(|account| account.history = History::Expire { after: Duration::from_secs(1000) }).unwrap();
    has_history(&burner, "rare@b.example", 0..1);
    has_history(&burner, "peer@b.example", 1..2);
    let kept = burner.history(None, MessageId::from(u64::MAX), 2).unwrap();
    let next = burner.forget_history(UnixTime(0)).unwrap().unwrap();
    let entry = |which: usize, at: u64| {
        let mut json = serde_json::to_value(&kept[which].1).unwrap();
        json.as_object_mut().unwrap().insert("at".into(), at.into());
        std::sync::Arc::new(serde_json::from_value::<Entry>(json).unwrap())
    };
    // The clock was an hour ahead for two pages, then right again; every tenth of both is the other peer's.
    let message = |number: u64| {
        let at = next.0 - 1000 + if number < 2500 { 3600 } else { 0 };
        (MessageId::from(number), entry(usize::from(number.is_multiple_of(10)), at))
    };
    let rows = (3..2600).map(message).collect();
    home.commit(|batch| history::put(batch, burner.owner, &rows, &mut history::Lists::default()).unwrap());
    // So that history is looked through anew.
    burner.change(|account| account.wanted = true).unwrap();
    let later = UnixTime(next.0 + 3600);
    let stored = |table| home.services.store.rows(burner.owner, table);
    let is_right = |now| {
        assert_eq!(burner.forget_history(now), Ok(Some(later)));
        assert_eq!((stored(history::HISTORY), stored(history::BY_PEER)), (2497, 40 + 39));
    };
    is_right(UnixTime(next.0 + 2));
    // One becomes history now, among those that were looked through.
    let early = entry(0, next.0 + 2);
    burner.converse(move |talk| drop(talk.mailbox().messages.insert(MessageId::from(2), early))).unwrap();
    assert_eq!(burner.forget_history(UnixTime(0)), Ok(Some(UnixTime(next.0 + 1002))));
    is_right(UnixTime(next.0 + 1002));
    let rare = kept[1].1.peer();
    assert_eq!(burner.history(Some(rare), MessageId::from(u64::MAX), usize::MAX).unwrap().len(), 249);
    assert_eq!(burner.forget_history(later), Ok(None));
    assert_eq!((stored(history::HISTORY), stored(history::BY_PEER)), (0, 0));
}

/// What an earlier version has kept has no lists by peer: the next opening makes them. A row that is lost hides no others.
#[test]
fn a_peers_history_is_found_by_a_list_of_its_own() {
    let folder = TempDir::new().unwrap();
    let home = open(folder.path(), &Key::File).unwrap();
    let burner = home.add("a");
    burner.change(|account| account.history = History::UntilBurn).unwrap();
    has_history(&burner, "rare@b.example", 0..3);
    has_history(&burner, "peer@b.example", 3..300);
    let texts = |burner: &LiveBurner, with: &str, limit: usize| {
        let page = burner.messages(Some(with), None, limit, UnixTime(NOW)).unwrap();
        page.iter().map(|message| message.text.clone()).collect::<Vec<_>>()
    };
    let peer = burner.mailbox().unwrap().find(&"rare@b.example".to_owned().into()).unwrap();
    let (owner, rows) = (burner.owner, |table| home.services.store.rows(burner.owner, table));
    assert_eq!(burner.history(Some(peer), MessageId::from(u64::MAX), 9).unwrap().len(), 3);
    assert_eq!(rows(history::BY_PEER), 1 + 5, "a block of one, and all of another");
    home.commit(|batch| batch.remove(owner, history::HISTORY, 2));
    assert_eq!(texts(&burner, "rare@b.example", 2), ["0", "2"]);
    has_history(&burner, "rare@b.example", 300..301);
    assert_eq!(texts(&burner, "rare@b.example", 9), ["0", "2", "300"], "the blocks between are not theirs");

    home.commit(|batch| {
        for (peer, block) in (0..5).flat_map(|block| [(u64::from(peer), block), (u64::from(peer) + 1, block)]) {
            batch.remove(owner, history::BY_PEER, peer << 32 | block);
        }
    });
    assert!(texts(&burner, "rare@b.example", 2).is_empty(), "as an earlier version has left it");
    drop((home, burner));
    let home = open(folder.path(), &Key::File).unwrap();
    let burner = home.get("a");
    assert_eq!(texts(&burner, "rare@b.example", 9), ["0", "2", "300"]);
    assert_eq!(texts(&burner, "peer@b.example", 2), ["298", "299"]);
    assert!(texts(&burner, "nobody@b.example", 2).is_empty());

    // What goes leaves no row in the list.
    burner.change(|account| account.history = History::None).unwrap();
    burner.forget_history(UnixTime(NOW)).unwrap();
    assert!(burner.history(Some(peer), MessageId::from(u64::MAX), 9).unwrap().is_empty());
    let rows = |table| home.services.store.rows(owner, table);
    assert_eq!((rows(history::HISTORY), rows(history::BY_PEER)), (0, 0));
}
