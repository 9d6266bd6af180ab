use super::*;

const PEER: &str = "peer@b.example";
const NOW: u64 = 1_000_000;

fn chat(from: &str, id: &str, text: &str) -> ChatMessage {
    ChatMessage { from: from.into(), resource: None, id: Some(id.into()), text: text.into(), wants_receipt: true }
}

/// Texts that are to be sent next, as far as there is room.
fn texts(mailbox: &Mailbox, now: u64) -> Vec<String> {
    let text = |outgoing| match outgoing {
        Outgoing::Message { text, .. } => Some(text),
        Outgoing::Receipt { .. } => None,
    };
    mailbox.outgoing_next(usize::MAX, now, &[]).into_iter().filter_map(text).collect()
}

fn receipts(mailbox: &Mailbox) -> Vec<String> {
    let id = |outgoing| match outgoing {
        Outgoing::Receipt { id, .. } => Some(id),
        Outgoing::Message { .. } => None,
    };
    mailbox.outgoing_next(usize::MAX, NOW, &[]).into_iter().filter_map(id).collect()
}

fn states(mailbox: &Mailbox) -> Vec<(String, MessageState)> {
    mailbox.list(None, History::UntilBurn, NOW).iter().map(|message| (message.text.clone(), message.state)).collect()
}

/// A mailbox whose peer has confirmed a message, and `count` more in the outbox: ids and texts are their numbers.
fn outbox(count: u32) -> Mailbox {
    let mut mailbox = Mailbox::default();
    for number in 0..=count {
        mailbox.queue(PEER, number.to_string(), &number.to_string(), NOW);
    }
    assert!(mailbox.delivered(PEER, "0").is_some());
    mailbox.sweep(History::None, None);
    mailbox
}

fn send_all(mailbox: &mut Mailbox) {
    for (row, number) in mailbox.rows(|entry| entry.state == MessageState::Queued).into_iter().zip(1..) {
        mailbox.sent(row, number);
    }
}

#[test]
fn a_message_that_comes_again_is_known() {
    let mut mailbox = Mailbox::default();
    assert!(mailbox.receive(chat(PEER, "1", "hello"), NOW).is_some());
    assert!(mailbox.receive(chat(PEER, "1", "hello"), NOW).is_none());
    assert!(mailbox.receive(chat("other@b.example", "1", "hello"), NOW).is_some(), "another peer's");
    assert!(mailbox.receive(chat(PEER, "1", "good bye"), NOW).is_some(), "a client that begins its ids anew");
    for _ in 0..2 {
        let unnamed = ChatMessage { id: None, ..chat(PEER, "", "hello") };
        assert!(mailbox.receive(unnamed, NOW).is_some(), "without an id nothing is known");
    }
}

#[test]
fn so_many_are_known_and_no_more() {
    let mut mailbox = Mailbox::default();
    let mut receive = |peer: &str, id: u64| mailbox.receive(chat(peer, &id.to_string(), ""), NOW).is_some();
    for id in 0..limits::SEEN {
        assert!(receive(PEER, id));
    }
    assert!(!receive(PEER, 0));
    assert!(receive("other@b.example", 0));
    assert!(receive(PEER, limits::SEEN));
    assert!(receive(PEER, 0), "the oldest makes room");
    assert!(!receive(PEER, 2) && !receive(PEER, limits::SEEN));
    assert_eq!(mailbox.seen.len() as u64, limits::SEEN + 1);
}

#[test]
fn only_who_was_written_to_learns_that_a_message_came() {
    let mut mailbox = Mailbox::default();
    mailbox.receive(chat(PEER, "1", "hello?"), NOW);
    assert!(receipts(&mailbox).is_empty());
    mailbox.queue(PEER, "a".into(), "hello", NOW);
    mailbox.receive(chat(PEER, "2", "ah"), NOW);
    // Again: the receipt was missed.
    mailbox.receive(chat(PEER, "2", "ah"), NOW);
    mailbox.receive(ChatMessage { wants_receipt: false, ..chat(PEER, "3", "well") }, NOW);
    assert_eq!(receipts(&mailbox), ["2", "2"]);
    let rows: Vec<u64> = mailbox.receipts.keys().copied().collect();
    mailbox.receipt_acked(rows[0]);
    assert_eq!(receipts(&mailbox), ["2"]);
    assert_eq!(mailbox.outgoing_next(9, NOW, &rows).len(), 1, "one on its way is not sent twice");
}

#[test]
fn an_outbox_keeps_its_order_over_streams() {
    let mut mailbox = outbox(4);
    send_all(&mut mailbox);
    assert_eq!(mailbox.acked(1).len(), 1);
    // The stream is cut; the server has two.
    let changed = mailbox.restarted(Some(2));
    assert_eq!(changed.len(), 3);
    assert_eq!(texts(&mailbox, NOW), ["3", "4"]);
    send_all(&mut mailbox);
    // And once more, when nobody knows.
    mailbox.restarted(None);
    assert_eq!(texts(&mailbox, NOW), ["3", "4"]);
    assert_eq!(mailbox.message(MessageId(2), History::None, NOW).unwrap().state, MessageState::Acked);
}

#[test]
fn acknowledgements_wrap_around() {
    let mut mailbox = outbox(3);
    for (row, number) in [(2, u32::MAX - 1), (3, u32::MAX), (4, 0)] {
        mailbox.sent(row, number);
    }
    assert_eq!(mailbox.acked(u32::MAX).len(), 2);
    assert!(mailbox.acked(u32::MAX).is_empty());
    assert_eq!(mailbox.acked(0), [(MessageId(4), MessageState::Acked)]);
}

#[test]
fn a_server_that_forgets_is_told_again_what_a_peer_would_have_confirmed() {
    let mut mailbox = outbox(2);
    let other = "other@b.example";
    mailbox.queue(other, "x".into(), "to one that never confirms", NOW);
    send_all(&mut mailbox);
    assert_eq!(mailbox.acked(3).len(), 3);
    mailbox.delivered(PEER, "1");
    assert_eq!(mailbox.forgotten_by_server(NOW).len(), 1);
    assert_eq!(texts(&mailbox, NOW), ["2"]);
    send_all(&mut mailbox);
    mailbox.acked(1);
    assert!(mailbox.forgotten_by_server(NOW + limits::CONFIRMED_WITHIN).is_empty(), "a day later nobody waits for it");
}

#[test]
fn a_peer_that_confirms_is_not_sent_more_than_a_server_keeps() {
    let count = u32::try_from(limits::WINDOW).unwrap() + 10;
    let mut mailbox = outbox(count);
    assert_eq!(texts(&mailbox, NOW).len(), limits::WINDOW);
    assert_eq!(mailbox.outgoing_next(7, NOW, &[]).len(), 7, "nor more than there is room for");
    send_all(&mut mailbox);
    mailbox.acked(count);
    mailbox.queue(PEER, "next".into(), "next", NOW);
    assert!(texts(&mailbox, NOW).is_empty());
    mailbox.queue("other@b.example", "x".into(), "to another", NOW);
    assert_eq!(texts(&mailbox, NOW), ["to another"]);
    for id in 1..=11 {
        mailbox.delivered(PEER, &id.to_string());
    }
    assert_eq!(texts(&mailbox, NOW), ["next", "to another"]);
    mailbox.queue(PEER, "last".into(), "last", NOW);
    assert_eq!(texts(&mailbox, NOW), ["next", "to another"]);
    assert_eq!(texts(&mailbox, NOW + limits::WINDOW_FOR), ["next", "to another", "last"], "it may confirm no more");
}

#[test]
fn what_came_back_says_why_and_stays_until_it_was_seen() {
    let mut mailbox = outbox(2);
    send_all(&mut mailbox);
    assert!(mailbox.refused("other@b.example", "1", false).is_none(), "only from whom it was for");
    assert!(mailbox.refused(PEER, "1", false).is_some());
    assert!(mailbox.refused(PEER, "2", true).is_some());
    assert!(mailbox.refused(PEER, "2", false).is_none() && mailbox.delivered(PEER, "2").is_none());
    let failed = |reason| MessageState::Failed { reason };
    let expected = [("1".to_owned(), failed(FailReason::Refused)), ("2".to_owned(), failed(FailReason::Unreachable))];
    mailbox.sweep(History::None, Some(u64::MAX));
    assert_eq!(states(&mailbox), expected);
    assert!(mailbox.take(MessageId(2)).is_none());
    assert_eq!(states(&mailbox), expected[1..]);
}

#[test]
fn nothing_unfinished_is_ever_swept() {
    let mut mailbox = outbox(3);
    mailbox.receive(chat(PEER, "a", "came"), NOW);
    mailbox.sent(2, 1);
    mailbox.sent(3, 2);
    mailbox.acked(1);
    let (day, after) = (limits::CONFIRMED_WITHIN, Duration::from_secs(10));
    for history in [History::None, History::Expire { after }] {
        mailbox.sweep(history, Some(NOW + day - 1));
        assert_eq!(mailbox.messages.len(), 4);
    }
    mailbox.sweep(History::None, None);
    assert_eq!(mailbox.messages.len(), 4, "without a clock to trust a day is never over");
    mailbox.sweep(History::UntilBurn, Some(NOW + day));
    assert_eq!(mailbox.messages.len(), 4);
    mailbox.sweep(History::None, Some(NOW + day));
    assert_eq!(mailbox.messages.len(), 3, "a server's word is all that there will be");
    mailbox.take(MessageId(5));
    mailbox.sweep(History::None, None);
    assert_eq!(mailbox.messages.len(), 2, "what was taken and is not to be kept goes at once");
}

#[test]
fn what_expires_does_so_by_a_clock_that_can_be_trusted_and_only_once() {
    let history = History::Expire { after: Duration::from_secs(3600) };
    let mut mailbox = Mailbox::default();
    for id in ["a", "b"] {
        mailbox.receive(chat(PEER, id, id), NOW);
    }
    mailbox.take(MessageId(1));
    assert_eq!(mailbox.next_expiry(history), Some(NOW + 3600));
    assert_eq!(mailbox.next_expiry(History::UntilBurn), None);
    // Hidden by any clock, gone by one that is right.
    let shown = |mailbox: &Mailbox, now| mailbox.list(None, history, now).len();
    assert_eq!((shown(&mailbox, NOW + 3599), shown(&mailbox, NOW + 3600)), (2, 1));
    assert!(mailbox.message(MessageId(1), history, NOW + 3600).is_none());
    mailbox.sweep(history, None);
    mailbox.sweep(history, Some(NOW + 3599));
    assert_eq!(mailbox.messages.len(), 2);
    // Set back, it does not last longer.
    assert_eq!((shown(&mailbox, NOW), mailbox.position.latest), (2, NOW + 3599));
    mailbox.take(MessageId(2));
    mailbox.sweep(history, Some(NOW + 3600));
    assert!(mailbox.messages.is_empty());
    mailbox.receive(chat(PEER, "c", "c"), 0);
    mailbox.take(MessageId(3));
    assert_eq!(shown(&mailbox, 0), 0);
}

#[test]
fn a_message_of_a_wrong_future_does_not_last_until_then() {
    let history = History::Expire { after: Duration::from_secs(3600) };
    let mut mailbox = Mailbox::default();
    mailbox.receive(chat(PEER, "a", "a"), NOW * 10);
    mailbox.take(MessageId(1));
    mailbox.sweep(history, Some(NOW));
    assert_eq!(mailbox.next_expiry(history), Some(NOW + 3600));
}

#[test]
fn lost_rows_take_nothing_good_with_them() {
    let mut mailbox = Mailbox::default();
    let (lost, other) = ("lost@b.example", "other@b.example");
    mailbox.receive(chat(PEER, "a", "good"), NOW);
    mailbox.queue(other, "b".into(), "to other", NOW);
    mailbox.queue(lost, "c".into(), "to nobody", NOW);
    mailbox.receive(chat(lost, "d", "from whom?"), NOW);
    // The last peer's row, and where everything is.
    mailbox.peers.pop_last();
    mailbox.position = Arc::default();
    mailbox.mend();
    let reason = FailReason::AddressLost;
    assert_eq!(
        states(&mailbox),
        [
            ("good".into(), MessageState::Received),
            ("to other".into(), MessageState::Queued),
            ("to nobody".into(), MessageState::Failed { reason }),
            ("from whom?".into(), MessageState::Received),
        ]
    );
    assert_eq!(mailbox.list(Some(""), History::None, NOW).len(), 2);
    // Nobody new is taken for who was lost, and no number is given again.
    let id = mailbox.queue("new@b.example", "e".into(), "to new", NOW);
    assert_eq!(id, MessageId(5));
    let to: Vec<String> = mailbox.list(None, History::None, NOW).iter().map(|message| message.peer.clone()).collect();
    assert_eq!(to, [PEER, other, "", "", "new@b.example"]);
    assert_eq!(texts(&mailbox, NOW), ["to other", "to new"]);
    let before = mailbox.messages.len();
    mailbox.mend();
    assert_eq!(mailbox.messages.len(), before);
}

#[test]
fn conversations_are_counted() {
    let mut mailbox = outbox(3);
    mailbox.sent(2, 1);
    mailbox.sent(3, 2);
    mailbox.acked(1);
    mailbox.receive(chat("other@b.example", "a", "one"), NOW);
    mailbox.receive(chat("other@b.example", "b", "two"), NOW);
    mailbox.take(MessageId(5));
    let figures: Vec<_> = mailbox.conversations().into_iter().map(|c| (c.peer.clone(), c.unread, c.outbox)).collect();
    assert_eq!(figures, [(PEER.into(), 0, 2), ("other@b.example".into(), 1, 0)]);
}
