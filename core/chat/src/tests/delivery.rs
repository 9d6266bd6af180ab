//! Receipts, bounces and what was never confirmed, between two phones with a server in between that may lie.

use super::phones::*;
use super::support::*;

#[test]
fn receipts_between_flashpaper_peers_come_inside_the_encryption_and_in_one_piece() {
    let (mut one, mut two) = friends();
    let texts = ["a", "b", "c"].map(|text| one.writes(text));
    let out = one.says();
    assert!(out.iter().all(|stanza| matches!(stanza.kind, StanzaKind::Encrypted { wants_receipt: false, .. })));
    two.hears(&out);
    assert_eq!(two.inbox().len(), 3);
    let answer = two.says();
    assert!(
        matches!(answer.iter().map(|stanza| &stanza.kind).collect::<Vec<_>>()[..], [StanzaKind::Encrypted { .. }]),
        "one, private"
    );
    assert_eq!(texts.map(|id| one.state(id)), [Some(MessageState::Acked); 3]);
    one.hears(&answer);
    assert_eq!(texts.map(|id| one.state(id)), [None; 3], "delivered, and not to be kept");
}

#[test]
fn a_text_is_confirmed_in_the_same_piece_of_work_in_which_it_comes() {
    let (mut one, mut two) = friends();
    let id = one.writes("hello");
    let (out, one_jid) = (one.says(), two.peer);
    let answer = two.work(|talk| {
        hear(talk, one_jid, &out[0]);
        talk.pump(1000);
        stanza_queue::number(talk.mailbox(), StreamNumber(1), usize::MAX, NOW)
    });
    let answer: Vec<_> = answer.into_iter().map(|(_, stanza)| stanza).collect();
    one.hears(&answer);
    assert_eq!(one.state(id), None, "delivered");
    assert!(two.says().is_empty(), "once");
}

#[test]
fn a_text_that_comes_again_as_it_was_has_its_lost_receipt_sent_again() {
    let (mut one, mut two) = friends();
    let id = one.writes("hello");
    let out = one.says();
    two.hears(&out);
    let lost = two.says();
    assert_eq!(lost.len(), 1);
    two.hears(&out);
    assert_eq!(two.inbox().len(), 1, "shown once");
    one.hears(&two.says());
    assert_eq!(one.state(id), None, "delivered");
}

#[test]
fn a_text_too_late_to_be_read_gets_no_receipt() {
    let (mut one, mut two) = friends();
    let id = one.writes("late");
    let late = one.says();
    // OTR remembers that many that came before the greatest counter.
    for number in 0..=64 {
        one.writes(&number.to_string());
    }
    two.hears(&one.says());
    one.hears(&two.says());
    two.hears(&late);
    assert!(two.says().is_empty());
    assert_eq!(one.state(id), Some(MessageState::Acked));
}

#[test]
fn a_text_that_was_taken_away_is_not_delivered_whatever_servers_say() {
    let (mut one, mut two) = friends();
    let id = one.writes("come and get me");
    let taken_away = one.says();
    assert_eq!(taken_away.len(), 1);
    // A receipt, the count of the stream, and a day.
    one.work(|talk| outbox::reported(talk.mailbox(), &address(TWO), &taken_away[0].id));
    assert_eq!(one.state(id), Some(MessageState::Acked));
    one.time = 2 * limits::CONFIRMED_WITHIN.as_secs();
    one.work(|_| ());
    assert_eq!(one.state(id), Some(MessageState::Acked), "kept for as long as nothing has confirmed it");
    // The friend has lost everything, and says so in private.
    (one.time, two.time) = (0, 0);
    two.loses_all_sessions();
    let row = two.row;
    two.work(|talk| talk.start(row));
    carry(&mut one, &mut two);
    assert_eq!(two.inbox(), [("come and get me".to_owned(), Security::Private)]);
    assert_eq!(one.state(id), None, "now it is");
}

#[test]
fn of_several_texts_under_the_same_keys_the_one_that_was_taken_away_goes_again() {
    let (mut one, mut two) = friends();
    let [first, second] = ["first", "second"].map(|text| one.writes(text));
    let out = one.says();
    two.hears(&out[1..]);
    // OTR itself cannot tell the two apart.
    two.writes("an answer");
    carry(&mut one, &mut two);
    assert_eq!((one.state(first), one.state(second)), (Some(MessageState::Acked), None));
    let row = one.row;
    one.work(|talk| talk.start(row));
    carry(&mut one, &mut two);
    assert_eq!(two.inbox().into_iter().map(|(text, _)| text).collect::<Vec<_>>(), ["second", "first"]);
    assert_eq!(one.state(first), None);
}

#[test]
fn a_servers_receipt_for_another_client_is_called_that_and_the_text_stays() {
    let mut one = Phone::new(TWO, 1, 0x1000);
    let mut other = Other::new(20, 0x3000);
    other.begins(&mut one);
    let [lost, read] = ["lost", "read"].map(|text| one.writes(text));
    let out = one.says();
    assert!(out.iter().all(|stanza| matches!(stanza.kind, StanzaKind::Encrypted { wants_receipt: true, .. })));
    one.work(|talk| out.iter().flat_map(|stanza| outbox::reported(talk.mailbox(), &address(TWO), &stanza.id)).count());
    assert_eq!([lost, read].map(|id| one.state(id)), [Some(MessageState::Reported); 2]);
    // What confirms a text by OTR ends it, and no more than that.
    let mut again = Other::new(20, 0x3000);
    again.begins(&mut one);
    one.time = limits::RESEND_GRACE.as_secs();
    let resent = one.says();
    assert_eq!(one.state(lost), Some(UNREAD));
    assert_eq!(carried(&again.hears(&resent)).len(), 0);
    assert_eq!(one.state(read), Some(MessageState::Acked), "the last goes again");
    let (_, answer) = again.0.send("here", "label").unwrap();
    again.converse(&mut one, answer);
    one.work(|talk| outbox::reported(talk.mailbox(), &address(TWO), &resent[0].id));
    assert_eq!(one.state(read), None, "confirmed by both");
}

#[test]
fn a_bounce_fails_a_text_and_a_receipt_inside_the_encryption_weighs_more() {
    let (mut one, mut two) = friends();
    let id = one.writes("hello");
    let out = one.says();
    one.work(|talk| talk.refused(&address(TWO), &out[0].id, Refusal::ForGood));
    assert_eq!(one.state(id), Some(MessageState::Failed { reason: FailReason::Refused }), "told, and kept");
    one.time = limits::RESEND_WITHIN.as_secs();
    assert!(one.says().is_empty(), "nor sent again by itself");
    two.hears(&out);
    one.hears(&two.says());
    assert_eq!(one.state(id), None, "delivered");
    // One that waits to be sent again has other ids.
    let id = one.writes("again");
    let out = one.says();
    two.loses_all_sessions();
    let (row, peer) = (one.row, one.peer);
    one.work(|talk| redelivery::doubt_all(talk.mailbox(), row, NOW));
    one.work(|talk| redelivery::redeliver(talk.mailbox(), row, NOW));
    one.work(|talk| talk.refused(&address(peer), &out[0].id, Refusal::ForGood));
    assert_eq!(one.state(id), Some(MessageState::Queued));
}

#[test]
fn what_a_conversation_that_the_user_ends_has_not_confirmed_is_told() {
    let (mut one, _) = friends();
    let id = one.writes("hello");
    one.says();
    let row = one.row;
    one.work(|talk| talk.finish(row));
    assert_eq!(one.state(id), Some(UNREAD));
}
