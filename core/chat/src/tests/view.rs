//! The numbers on a screen.

use super::support::*;

#[test]
fn conversations_are_counted() {
    let mut mailbox = outbox(3);
    encrypt(&mut mailbox, 2, 1);
    encrypt(&mut mailbox, 3, 2);
    stanza_queue::number(&mut mailbox, StreamNumber(1), 2, NOW);
    stanza_queue::acked(&mut mailbox, StreamNumber(1));
    comes(&mut mailbox, "other@b.example", Some("a"), "one");
    comes(&mut mailbox, "other@b.example", Some("b"), "two");
    inbox::take(&mut mailbox, MessageId(5));
    let figures: Vec<_> =
        view::conversations(&mailbox).into_iter().map(|c| (c.peer.clone(), c.unread, c.outbox)).collect();
    assert_eq!(figures, [(address(PEER), 0, 2), (address("other@b.example"), 1, 0)]);
}
