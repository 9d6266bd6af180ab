//! Outgoing texts, their bounces and receipts.

use super::support::*;

#[test]
fn what_was_written_before_a_block_does_not_leave_after_it() {
    let mut mailbox = Mailbox::default();
    let [waiting, doubted, other] =
        [(PEER, "1"), (PEER, "2"), ("other@b.example", "3")].map(|(to, id)| queue(&mut mailbox, to, id));
    encrypt(&mut mailbox, doubted.0, 7);
    let peer = mailbox.peer(&address(PEER));
    redelivery::unread(&mut mailbox, peer, &[7].map(TextId), NOW);
    mailbox.peer_mut(peer).unwrap().relationship = Relationship::Blocked;
    assert_eq!(mailbox.check_unblocked(peer), Err(ChatError::PeerBlocked));
    let failed = MessageState::Failed { reason: FailReason::Blocked };
    assert_eq!(outbox::blocked(&mut mailbox, peer), [(waiting, failed), (doubted, failed)]);
    mailbox.peer_mut(peer).unwrap().relationship = Relationship::Contact;
    assert_eq!(outbox::waiting(&mailbox), [(other, mailbox.peer(&address("other@b.example")))]);
    assert_eq!(redelivery::redeliver(&mut mailbox, peer, NOW + 100), []);
}

#[test]
fn a_peer_that_confirms_is_not_sent_more_than_a_server_keeps() {
    let count = u32::try_from(limits::WINDOW).unwrap();
    let mut mailbox = outbox(count);
    let peer = mailbox.peer(&address(PEER));
    assert!(outbox::has_room(&mailbox, peer, NOW));
    send_all(&mut mailbox);
    assert!(!outbox::has_room(&mailbox, peer, NOW));
    stanza_queue::acked(&mut mailbox, StreamNumber(count));
    assert!(!outbox::has_room(&mailbox, peer, NOW));
    assert!(outbox::has_room(&mailbox, peer, NOW + limits::WINDOW_FOR.as_secs()), "it may confirm no more");
    let other = mailbox.peer(&address("other@b.example"));
    assert!(outbox::has_room(&mailbox, other, NOW));
    read(&mut mailbox, "1");
    assert!(outbox::has_room(&mailbox, peer, NOW));
}

#[test]
fn what_came_back_says_why_and_stays_until_it_was_seen() {
    let mut mailbox = outbox(3);
    send_all(&mut mailbox);
    let (refused, unreachable) = (FailReason::Refused, FailReason::Unreachable);
    assert!(
        outbox::refused(&mut mailbox, &address("other@b.example"), "1", refused).is_empty(),
        "only from whom it was for"
    );
    assert!(!outbox::refused(&mut mailbox, &address(PEER), "1", refused).is_empty());
    assert!(!outbox::refused(&mut mailbox, &address(PEER), "2", unreachable).is_empty());
    assert!(
        outbox::refused(&mut mailbox, &address(PEER), "2", refused).is_empty()
            && outbox::reported(&mut mailbox, &address(PEER), "2").is_empty()
    );
    mailbox.set(MessageId(4), MessageState::WaitingForPeer);
    let (peer, other) = (mailbox.peer(&address(PEER)), mailbox.peer(&address("other@b.example")));
    assert!(outbox::nobody_there(&mut mailbox, other).is_empty());
    assert_eq!(outbox::nobody_there(&mut mailbox, peer).len(), 1);
    let failed = |reason| MessageState::Failed { reason };
    let expected =
        [("1".to_owned(), failed(refused)), ("2".to_owned(), failed(unreachable)), ("3".to_owned(), failed(refused))];
    let _ = retention::sweep(&mut mailbox, History::None, UnixTime(u64::MAX));
    assert_eq!(states(&mailbox), expected);
    assert!(inbox::take(&mut mailbox, MessageId(2)).is_empty());
    assert_eq!(states(&mailbox), expected[1..]);
}

#[test]
fn a_piece_that_comes_back_is_the_text_that_comes_back() {
    let mut mailbox = outbox(1);
    encrypt(&mut mailbox, 2, 1);
    let entry = mailbox.messages.get_mut(&MessageId(2)).map(Arc::make_mut).unwrap();
    entry.transmission.as_mut().unwrap().ids = vec!["first".into(), "second".into()];
    let reason = FailReason::Unreachable;
    assert!(outbox::refused(&mut mailbox, &address(PEER), "another", reason).is_empty());
    assert_eq!(
        outbox::refused(&mut mailbox, &address(PEER), "second", reason),
        [(MessageId(2), MessageState::Failed { reason })]
    );
}

#[test]
fn no_more_texts_wait_than_can_be_read_into_memory_again() {
    let mut mailbox = Mailbox::default();
    let text = "x".repeat(limits::TEXT);
    let queue = |mailbox: &mut Mailbox, to: &str, text: &str| {
        outbox::queue(mailbox, &address(to), "label".into(), text, NOW, None)
    };
    let fit = limits::OUTBOX_TO_ONE / (limits::TEXT + limits::AROUND_TEXT);
    let ids: Vec<_> = (0..fit).map(|_| queue(&mut mailbox, PEER, &text).unwrap()).collect();
    assert_eq!(queue(&mut mailbox, PEER, &text), Err(ChatError::OutboxFull));
    for _ in 0..fit {
        queue(&mut mailbox, "other@b.example", &text).unwrap();
    }
    assert_eq!(queue(&mut mailbox, "third@b.example", &text), Err(ChatError::OutboxFull));
    assert_eq!((mailbox.messages.len(), mailbox.peers.len()), (2 * fit, 2), "nothing was changed");
    mailbox.set(ids[0], MessageState::Failed { reason: FailReason::Blocked });
    queue(&mut mailbox, "third@b.example", &text).unwrap();
    mailbox.set(ids[1], MessageState::Delivered);
    let _ = retention::sweep(&mut mailbox, History::None, NOW);
    queue(&mut mailbox, PEER, &text).unwrap();
}
