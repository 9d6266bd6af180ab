//! What time ends, and what is kept.

use super::support::*;

#[test]
fn nothing_unfinished_is_ever_swept() {
    let mut mailbox = outbox(3);
    comes(&mut mailbox, PEER, Some("a"), "came");
    encrypt(&mut mailbox, 2, 1);
    encrypt(&mut mailbox, 3, 2);
    stanza_queue::number(&mut mailbox, 1, 3, NOW);
    // The receipt, and the first.
    stanza_queue::acked(&mut mailbox, 2);
    let (day, after) = (limits::CONFIRMED_WITHIN, Duration::from_secs(10));
    for history in [History::None, History::Expire { after }] {
        retention::sweep(&mut mailbox, history, NOW + day - 1);
        assert_eq!(mailbox.messages.len(), 4);
    }
    retention::sweep(&mut mailbox, History::None, NOW + 9 * day);
    assert_eq!(mailbox.messages.len(), 4, "no time confirms a text");
    let peer = mailbox.peer(PEER);
    redelivery::confirm_others(&mut mailbox, peer, &[2]);
    retention::sweep(&mut mailbox, History::UntilBurn, NOW + day);
    assert_eq!(mailbox.messages.len(), 4);
    retention::sweep(&mut mailbox, History::None, NOW + day);
    assert_eq!(mailbox.messages.len(), 3, "what OTR has confirmed is done when no receipt has come");
    inbox::take(&mut mailbox, MessageId(5));
    retention::sweep(&mut mailbox, History::None, NOW);
    assert_eq!(mailbox.messages.len(), 2, "what was taken and is not to be kept goes at once");
}

#[test]
fn what_expires_does_so_once_also_where_the_clock_is_set_back() {
    let history = History::Expire { after: Duration::from_secs(3600) };
    let mut mailbox = Mailbox::default();
    for id in ["a", "b"] {
        comes(&mut mailbox, PEER, Some(id), id);
    }
    inbox::take(&mut mailbox, MessageId(1));
    assert_eq!(retention::next_expiry(&mailbox, history, 0), Some(NOW + 3600));
    assert_eq!(retention::next_expiry(&mailbox, History::UntilBurn, 0), None);
    // Hidden by any clock, gone by one that is right.
    let shown = |mailbox: &Mailbox, now| view::list(mailbox, None, history, now).len();
    assert_eq!((shown(&mailbox, NOW + 3599), shown(&mailbox, NOW + 3600)), (2, 1));
    assert!(view::message(&mailbox, MessageId(1), history, NOW + 3600).is_none());
    retention::sweep(&mut mailbox, history, NOW + 3599);
    assert_eq!(mailbox.messages.len(), 2);
    // Set back, it does not last longer.
    assert_eq!((shown(&mailbox, NOW), mailbox.position.latest), (2, NOW + 3599));
    inbox::take(&mut mailbox, MessageId(2));
    retention::sweep(&mut mailbox, history, NOW + 3600);
    assert!(mailbox.messages.is_empty());
    let peer = mailbox.peer(PEER);
    let arrived = Arrived { peer, mark: None, text: "c", security: Security::Plaintext, resource: None, receipt: None };
    inbox::receive(&mut mailbox, &arrived, String::new(), 0);
    inbox::take(&mut mailbox, MessageId(3));
    assert_eq!(shown(&mailbox, 0), 0);
}

#[test]
fn a_message_of_a_wrong_future_does_not_last_until_then() {
    let history = History::Expire { after: Duration::from_secs(3600) };
    let mut mailbox = Mailbox::default();
    let peer = mailbox.peer(PEER);
    let arrived = Arrived { peer, mark: None, text: "a", security: Security::Plaintext, resource: None, receipt: None };
    inbox::receive(&mut mailbox, &arrived, String::new(), NOW * 10);
    inbox::take(&mut mailbox, MessageId(1));
    retention::sweep(&mut mailbox, history, NOW);
    assert_eq!(retention::next_expiry(&mailbox, history, 0), Some(NOW + 3600));
}

#[test]
fn what_time_ends() {
    let mut mailbox = Mailbox::default();
    assert_eq!((outbox::next_given_up(&mailbox), retention::next_expiry(&mailbox, History::None, 100)), (None, None));
    let of = |within: Option<u64>, mailbox: &mut Mailbox| {
        outbox::queue(mailbox, PEER, "id".into(), "text", NOW, within.map(Duration::from_secs))
    };
    let [left, late, patient] = [Some(50), Some(60), None].map(|within| of(within, &mut mailbox));
    let MessageId(row) = left;
    encrypt(&mut mailbox, row, 1);
    mailbox.set(left, MessageState::Queued);
    assert_eq!(outbox::next_given_up(&mailbox), Some(NOW + 60), "what has left is not late");
    assert!(outbox::give_up(&mut mailbox, NOW + 59).is_empty());
    assert_eq!(
        outbox::give_up(&mut mailbox, NOW + 60),
        [(late, MessageState::Failed { reason: FailReason::NoAnswer })]
    );
    assert_eq!(view::message(&mailbox, patient, History::None, NOW).unwrap().state, MessageState::Queued);
    let private = |used, key, finished| {
        Arc::new(Stored { state: String::new(), used, key, resource: None, version: None, finished })
    };
    let key = Some(Fingerprint([1; 20]));
    for (row, session) in [(1, private(NOW, key, false)), (2, private(1, None, false)), (3, private(1, key, true))] {
        mailbox.sessions.insert(PeerId(row), session);
    }
    assert_eq!(
        [0, 100].map(|idle_timeout| retention::next_expiry(&mailbox, History::None, idle_timeout)),
        [None, Some(NOW + 100)]
    );
    // One of a wrong future does not last until then.
    mailbox.sessions.insert(PeerId(1), private(NOW * 2, key, false));
    retention::sweep(&mut mailbox, History::None, NOW);
    assert_eq!(retention::next_expiry(&mailbox, History::None, 100), Some(NOW + 100));
}
