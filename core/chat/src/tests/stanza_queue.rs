//! Stanzas over streams: their order, their numbers.

use super::support::*;

#[test]
fn what_was_on_its_way_to_somebody_who_was_blocked_is_not_sent_again() {
    let mut mailbox = Mailbox::default();
    for (to, number) in [(PEER, 1), ("other@b.example", 2)] {
        let row = queue(&mut mailbox, to, &number.to_string());
        encrypt(&mut mailbox, row.0, number);
    }
    assert_eq!(stanza_queue::number(&mut mailbox, StreamNumber(1), 10, NOW).len(), 2);
    let peer = mailbox.peer(&address(PEER));
    mailbox.peer_mut(peer).unwrap().relationship = Relationship::Blocked;
    stanza_queue::restarted(&mut mailbox, Some(StreamNumber(0)));
    let again = stanza_queue::number(&mut mailbox, StreamNumber(1), 10, NOW);
    assert_eq!(again.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), ["other@b.example"]);
}

#[test]
fn stanzas_keep_their_order_over_streams() {
    let mut mailbox = outbox(4);
    send_all(&mut mailbox);
    assert_eq!(stanza_queue::acked(&mut mailbox, StreamNumber(1)), [(MessageId(2), MessageState::Acked)]);
    // The stream is cut; the server has two.
    assert_eq!(stanza_queue::restarted(&mut mailbox, Some(StreamNumber(2))).len(), 1);
    assert_eq!(bodies(&mut mailbox), ["3", "4"]);
    // And once more, when nobody knows.
    stanza_queue::restarted(&mut mailbox, None);
    assert_eq!(bodies(&mut mailbox), ["3", "4"]);
    assert_eq!(shown_one(&mailbox, MessageId(2), History::None, NOW).unwrap().state, MessageState::Acked);
    assert_eq!(shown_one(&mailbox, MessageId(4), History::None, NOW).unwrap().state, MessageState::Sent);
    assert!(texts(&mailbox).is_empty(), "nothing is encrypted twice");
}

#[test]
fn a_text_in_pieces_is_there_when_all_of_it_is() {
    let mut mailbox = outbox(1);
    encrypt(&mut mailbox, 2, 1);
    encrypt(&mut mailbox, 2, 1);
    assert_eq!(stanza_queue::number(&mut mailbox, StreamNumber(5), 1, NOW).len(), 1, "no more than there is room for");
    stanza_queue::number(&mut mailbox, StreamNumber(6), usize::MAX, NOW);
    assert!(stanza_queue::acked(&mut mailbox, StreamNumber(5)).is_empty());
    assert_eq!(stanza_queue::acked(&mut mailbox, StreamNumber(6)), [(MessageId(2), MessageState::Acked)]);
}

#[test]
fn acknowledgements_wrap_around() {
    let mut mailbox = outbox(3);
    for row in 2..=4 {
        encrypt(&mut mailbox, row, row);
    }
    stanza_queue::number(&mut mailbox, StreamNumber(u32::MAX - 1), usize::MAX, NOW);
    assert_eq!(stanza_queue::acked(&mut mailbox, StreamNumber(u32::MAX)).len(), 2);
    assert!(stanza_queue::acked(&mut mailbox, StreamNumber(u32::MAX)).is_empty());
    assert_eq!(stanza_queue::acked(&mut mailbox, StreamNumber(0)), [(MessageId(4), MessageState::Acked)]);
}

#[test]
fn a_step_of_a_key_exchange_that_could_not_leave_for_a_minute_does_not_and_a_query_does_once() {
    let mut mailbox = outbox(1);
    encrypt(&mut mailbox, 2, 1);
    let peer = mailbox.peer(&address(PEER));
    for (resource, body) in [("query", "?OTRv3?"), ("query", "?OTRv23?"), ("step", "?OTR:AAMC")] {
        let kind = StanzaKind::Encrypted { body: body.into(), wants_receipt: false };
        let resource = Some(resource.into());
        stanza_queue::add(
            &mut mailbox,
            OutgoingStanza { peer, resource, id: "q".into(), kind, message: None, at: NOW, number: None },
        );
    }
    let (text, query, step) = (PEER.to_owned(), format!("{PEER}/query"), format!("{PEER}/step"));
    let to = |mut mailbox: Mailbox, after: u64| -> Vec<String> {
        stanza_queue::number(&mut mailbox, StreamNumber(1), 9, NOW + after).iter().map(|(to, _)| to.clone()).collect()
    };
    assert_eq!(to(mailbox.clone(), limits::EXCHANGE_STANZAS.as_secs()), [text.clone(), query.clone(), step]);
    assert_eq!(to(mailbox, limits::EXCHANGE_STANZAS.as_secs() + 1), [text, query]);
}

#[test]
fn a_text_on_its_way_when_its_peer_was_blocked_does_not_go_again_once_that_is_over() {
    let failed = MessageState::Failed { reason: FailReason::Blocked };
    let is_sent_again = |change: fn(&mut Mailbox, MessageId, MessageState), state: MessageState| {
        let mut mailbox = outbox(1);
        encrypt(&mut mailbox, 2, 1);
        let peer = mailbox.find(&address(PEER)).unwrap();
        assert_eq!(stanza_queue::number(&mut mailbox, StreamNumber(1), 9, NOW).len(), 1);
        change(&mut mailbox, MessageId(2), state);
        stanza_queue::restarted(&mut mailbox, None);
        assert_eq!(mailbox.relationship(peer), Relationship::Contact);
        !stanza_queue::number(&mut mailbox, StreamNumber(1), 9, NOW).is_empty()
    };
    let set = |mailbox: &mut Mailbox, row, state| drop(mailbox.set(row, state));
    assert!(is_sent_again(set, MessageState::Sent) && is_sent_again(set, MessageState::Reported));
    // Nor one that is to be encrypted anew, or has arrived.
    for state in [failed, MessageState::Queued, MessageState::WaitingForPeer, MessageState::Delivered] {
        assert!(!is_sent_again(set, state), "{state:?}");
    }
    // Nor one that is not there any more: the app has taken the failure, or it was swept.
    let taken = |mailbox: &mut Mailbox, row, state| {
        mailbox.set(row, state);
        inbox::take(mailbox, row);
        let _ = retention::sweep(mailbox, History::None, NOW);
        assert!(mailbox.messages.is_empty());
    };
    for state in [failed, MessageState::Delivered] {
        assert!(!is_sent_again(taken, state), "{state:?}");
    }
}
