//! Streams that begin, go on or are mistaken, as an owner hands them to its conversations.

use super::phones::*;
use super::support::*;
use crate::presence::Announced;

fn began(one: &mut Phone, start: Start) {
    one.work(|talk| talk.stream_began(start, None, None));
}

#[test]
fn on_a_new_stream_the_server_is_told_again_of_who_has_not_answered_and_on_one_that_goes_on_not() {
    let mut one = Phone::new(TWO, 1, 0x1000);
    let row = one.row;
    one.work(|talk| talk.acknowledged(&[], &[(row, Relationship::Contact)]));
    let due = |one: &Phone| Announced::default().due(&one.mailbox).len();
    assert_eq!(due(&one), 0);
    began(&mut one, Start::Resumed { acked: 0 });
    assert_eq!(due(&one), 0);
    began(&mut one, Start::New { acked: Some(0) });
    assert_eq!(due(&one), 1);
}

#[test]
fn the_server_is_told_of_a_peer_once_on_a_stream_and_again_if_that_has_changed() {
    let mut one = Phone::new(TWO, 1, 0x1000);
    let (row, mut announced) = (one.row, Announced::default());
    let due = |announced: &Announced, one: &Phone| announced.due(&one.mailbox).len();
    assert_eq!(due(&announced, &one), 1);
    announced.record(row, Relationship::Contact, StreamNumber(2));
    assert_eq!(due(&announced, &one), 0);
    one.work(|talk| talk.set_blocked(row, true));
    assert_eq!(due(&announced, &one), 1);
    announced.record(row, Relationship::Blocked, StreamNumber(4));
    assert_eq!(announced.known_by(&[StreamNumber(1)]), []);
    assert_eq!(announced.known_by(&[StreamNumber(2), StreamNumber(3)]), [(row, Relationship::Contact)]);
    assert_eq!(announced.known_by(&[StreamNumber(4)]), [(row, Relationship::Blocked)]);
    assert_eq!(announced.known_by(&[StreamNumber(9)]), [], "said once");
}

#[test]
fn a_burner_that_says_goodbye_sends_what_is_ready_and_begins_nothing() {
    let (mut one, _) = friends();
    let (text, row) = (one.writes("hello"), one.row);
    one.work(|talk| talk.finish(row));
    let last = one.work(|talk| talk.last_stanzas(StreamNumber(1), 10, None));
    assert_eq!((last.len(), one.state(text)), (1, Some(MessageState::Queued)), "the goodbye alone");
}

#[test]
fn what_is_written_and_what_is_taken_is_reported() {
    let mut one = Phone::new(TWO, 1, 0x1000);
    let written = one.work(|talk| talk.queue(&address(TWO), "hello", None).unwrap());
    one.work(|talk| talk.receive(&chat(TWO, "1", "hello", false)));
    let came = one.changed.last().map(|(message, _)| *message).unwrap();
    one.work(|talk| talk.take(came));
    let expected = [(written, MessageState::Queued), (came, MessageState::Received), (came, MessageState::Taken)];
    assert_eq!(one.changed, expected);
}
