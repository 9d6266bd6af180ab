//! Keys that were not accepted touch nothing.

use super::phones::*;
use super::support::*;

#[test]
fn a_label_under_another_key_swallows_nothing() {
    let (mut one, mut two) = friends();
    let key = two.own_key();
    one.mailbox.peer_mut(one.row).unwrap().trust.verify(key);
    // The server holds the friend's text, and uses up every name that it can know under a key of its own.
    let id = two.writes("do not go home");
    let held = two.says();
    let mut server = Other::new(20, 0x3000);
    server.begins(&mut one);
    assert_eq!(one.notices, [Notice::OtherKey]);
    for label in ["label of do not go home", &held[0].id] {
        let (_, poison) = server.0.send("x", label).unwrap();
        server.converse(&mut one, poison);
    }
    one.takes_all();
    one.hears(&held);
    assert_eq!(one.inbox(), [("do not go home".to_owned(), Security::Verified)]);
    two.hears(&one.says());
    assert_eq!(two.state(id), None, "confirmed by the key that was meant");
    // Nor does a flood under that key make room for doubles.
    for number in 0..=limits::SEEN {
        let (_, poison) = server.0.send("x", &number.to_string()).unwrap();
        one.hears(&stanzas(&poison));
        one.takes_all();
    }
    let again = one.mailbox.seen[&one.row].has(Mark::private(key, true, "label of do not go home"));
    assert!(again, "pushed out");
}

#[test]
fn the_screen_tells_the_key_that_would_be_written_to() {
    let (mut one, mut two) = friends();
    let friend = two.own_key();
    // The server is there first.
    let row = one.row;
    one.work(|talk| talk.finish(row));
    one.says();
    let mut server = Other::new(20, 0x3000);
    server.begins(&mut one);
    assert_eq!(one.conversation().security, Security::KeyChanged);
    two.loses_all_sessions();
    let row = two.row;
    two.work(|talk| talk.start(row));
    carry(&mut one, &mut two);
    assert_eq!((one.conversation().security, one.conversation().key), (Security::Private, Some(friend)));
    one.writes("to the friend");
    carry(&mut one, &mut two);
    assert_eq!(two.inbox().len(), 1);
    // Once the user takes that back, nothing is written to either.
    let row = one.row;
    one.mailbox.peer_mut(row).unwrap().trust.key_mut(friend).unwrap().accepted = false;
    one.work(|talk| talk.choose_again(row));
    assert_eq!(one.conversation().security, Security::KeyChanged);
}

#[test]
fn a_key_that_was_not_accepted_ends_no_comparison_of_one_that_was() {
    let (mut one, mut two) = friends();
    let mut server = Other::new(20, 0x3000);
    server.begins(&mut one);
    let row = two.row;
    two.work(|talk| talk.compare(row, "cat", Some("my pet?"))).unwrap();
    one.hears(&two.says());
    let question = Some("my pet?");
    let asked = Comparison::Asked { question: question.map(str::to_owned) };
    assert_eq!(one.conversation().question, Some(asked.clone()));
    let ask = server.0.smp_start("x", None).unwrap();
    server.converse(&mut one, ask);
    let abort = server.0.smp_abort(None).unwrap();
    server.converse(&mut one, abort);
    assert_eq!(one.conversation().question, Some(asked));
    let row = one.row;
    one.work(|talk| talk.answer(row, "cat", question)).unwrap();
    assert_eq!(one.conversation().question, None);
    carry(&mut one, &mut two);
    assert_eq!(two.conversation().security, Security::Verified);
}
