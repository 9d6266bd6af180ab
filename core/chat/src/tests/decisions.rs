//! Rules of the decisions 012 to 014 in core/docs/decisions that no other module has.

use flashpaper_xmpp::Resumption;

use super::phones::*;
use super::support::*;

// 012: stream management, acknowledged after the seal.

#[test]
fn a_stanza_goes_again_as_it_was_until_the_server_has_it() {
    let (mut one, _) = friends();
    let text = one.writes("hello");
    one.work(|talk| talk.pump(10));
    let before = stanza_queue::number(&mut one.mailbox, StreamNumber(7), 10, NOW);
    assert_eq!(
        one.mailbox.stanzas.values().next().unwrap().number,
        Some(StreamNumber(7)),
        "its number is stored before it leaves"
    );
    assert_eq!(one.state(text), Some(MessageState::Sent));
    stanza_queue::restarted(&mut one.mailbox, Some(StreamNumber(6)));
    let again = stanza_queue::number(&mut one.mailbox, StreamNumber(1), 10, NOW);
    assert_eq!((again[0].1.id.clone(), bodies(&again)), (before[0].1.id.clone(), bodies(&before)));
    stanza_queue::restarted(&mut one.mailbox, Some(StreamNumber(1)));
    assert!(stanza_queue::number(&mut one.mailbox, StreamNumber(1), 10, NOW).is_empty());
    assert_eq!(one.state(text), Some(MessageState::Acked));
}

fn bodies(stanzas: &[(String, Arc<OutgoingStanza>)]) -> Vec<String> {
    let body = |stanza: &OutgoingStanza| {
        if let StanzaKind::Encrypted { body, .. } = &stanza.kind { Some(body.clone()) } else { None }
    };
    stanzas.iter().filter_map(|(_, stanza)| body(stanza)).collect()
}

#[test]
fn where_a_stream_is_taken_up_again_is_stored_beside_the_messages() {
    let mut mailbox = Mailbox::default();
    assert!(stanza_queue::resumption(&mailbox).is_none());
    let stream = Resumption { id: "stream".into(), jid: "me@a.example/r".into(), handled: 3, sent: Some(4) };
    stanza_queue::set_resumption(&mut mailbox, Some(stream));
    let stored = serde_json::to_vec(&*mailbox.position).unwrap();
    mailbox.position = serde_json::from_slice(&stored).map(Arc::new).unwrap();
    let again = stanza_queue::resumption(&mailbox).unwrap();
    assert_eq!(
        (again.id.as_str(), again.jid.as_str(), again.handled, again.sent),
        ("stream", "me@a.example/r", 3, Some(4))
    );
    stanza_queue::set_resumption(&mut mailbox, None);
    assert!(stanza_queue::resumption(&mailbox).is_none());
}

// 013: texts have names inside the encryption, and their owner sends them again.

#[test]
fn a_key_that_has_sent_the_empty_name_knows_doubles_and_no_other_does() {
    for deduplicates in [true, false] {
        let mut one = Phone::new(TWO, 1, 0x1000);
        let mut other =
            Other::with(20, Settings { tag: Some(InstanceTag(0x3000)), deduplicates, ..Settings::default() });
        other.begins(&mut one);
        let key = one.conversation().key.unwrap();
        assert_eq!(one.mailbox.peers[&one.row].trust.key(key).unwrap().deduplicates, deduplicates);
    }
}

#[test]
fn after_a_lost_session_a_flashpaper_peer_is_sent_everything_unconfirmed_in_order() {
    let (mut one, mut two) = friends();
    let texts = ["a", "b", "c", "d"];
    let ids = texts.map(|text| one.writes(text));
    drop(one.says());
    // Too old for any other client.
    one.time = 2 * limits::RESEND_WITHIN.as_secs();
    two.loses_all_sessions();
    let row = two.row;
    two.work(|talk| talk.start(row));
    carry(&mut one, &mut two);
    assert_eq!(two.inbox().into_iter().map(|(text, _)| text).collect::<Vec<_>>(), texts);
    assert_eq!(ids.map(|id| one.state(id)), [None; 4], "delivered");
}

#[test]
fn after_a_lost_session_another_client_is_sent_the_last_text_if_it_is_young_and_the_rest_is_told() {
    for (age, again) in [(limits::RESEND_WITHIN.as_secs() - 1, true), (limits::RESEND_WITHIN.as_secs(), false)] {
        let mut one = Phone::new(TWO, 1, 0x1000);
        Other::new(20, 0x3000).begins(&mut one);
        let [first, last] = ["first", "last"].map(|text| one.writes(text));
        drop(one.says());
        one.time = age;
        let mut renewed = Other::new(20, 0x3000);
        renewed.begins(&mut one);
        assert!(one.says().is_empty(), "it may say yet that it knows doubles");
        one.time += limits::RESEND_GRACE.as_secs();
        let answers = renewed.hears(&one.says());
        let read: Vec<_> = answers
            .iter()
            .filter_map(|o| if let Output::Text { text, .. } = o { Some(text.as_str()) } else { None })
            .collect();
        assert_eq!(read, if again { vec!["[resent] last"] } else { vec![] });
        let expected = if again { MessageState::Acked } else { UNREAD };
        assert_eq!([first, last].map(|id| one.state(id)), [Some(UNREAD), Some(expected)]);
    }
}

#[test]
fn a_text_that_has_left_goes_to_no_other_key() {
    let (mut one, mut two) = friends();
    let id = one.writes("for the friend");
    drop(one.says());
    two.loses_all_sessions();
    let mut other =
        Other::with(20, Settings { tag: Some(InstanceTag(0x3000)), deduplicates: true, ..Settings::default() });
    one.idle_timeout = 0;
    one.restarts();
    let commit = other.0.receive("?OTRv3?");
    other.converse(&mut one, commit);
    let new = one.conversation().key.unwrap();
    one.mailbox.peer_mut(one.row).unwrap().trust.accept(new);
    let read = other.hears(&one.says());
    assert!(!read.iter().any(|output| matches!(output, Output::Text { .. })));
    assert_eq!(one.state(id), Some(MessageState::Failed { reason: FailReason::OtherKey }));
}

// 014: a link does not replace a verified key.

#[test]
fn a_key_that_another_client_had_verified_weighs_no_more_than_one_that_was_scanned() {
    let [scanned, imported] = [1, 2].map(|byte| Fingerprint([byte; 20]));
    let mut trust = Trust::default();
    trust.expect(scanned, false).unwrap();
    trust.learn_verified(imported);
    assert_eq!((trust.accepts(imported), trust.expected), (false, Some(scanned)));
    trust.learn_verified(scanned);
    assert_eq!(trust.security(scanned), Security::Verified);
    let mut trust = Trust::default();
    trust.learn_verified(imported);
    assert_eq!(trust.security(imported), Security::Verified);
}

#[test]
fn no_text_goes_to_a_key_that_is_not_the_expected_one_until_the_user_accepts_it() {
    let mut one = Phone::new(TWO, 1, 0x1000);
    let expected = Fingerprint([9; 20]);
    one.mailbox.peer_mut(one.row).unwrap().trust.expect(expected, false).unwrap();
    let id = one.writes("for the friend");
    let mut other = Other::new(20, 0x3000);
    let commit = other.hears(&one.says());
    assert!(other.converse(&mut one, commit).is_empty());
    assert_eq!((one.conversation().security, one.notices.as_slice()), (Security::KeyChanged, &[Notice::OtherKey][..]));
    let waits = |state| matches!(state, Some(MessageState::Queued | MessageState::WaitingForPeer));
    assert!(waits(one.state(id)));
    let key = one.conversation().key.unwrap();
    one.mailbox.peer_mut(one.row).unwrap().trust.accept(key);
    let read = other.hears(&one.says());
    assert!(read.iter().any(|output| matches!(output, Output::Text { .. })));
    assert_eq!(one.mailbox.peers[&one.row].trust.expected, None);
}

#[test]
fn what_comes_under_a_key_that_was_not_accepted_is_marked() {
    let (mut one, _) = friends();
    let mut other = Other::new(20, 0x3000);
    other.begins(&mut one);
    let (_, said) = other.0.send("believe me", "label").unwrap();
    one.hears(&stanzas(&said));
    assert_eq!(one.inbox(), [("believe me".to_owned(), Security::KeyChanged)]);
}

#[test]
fn what_the_peer_has_ended_is_not_gone_on_with_before_the_user_says_so() {
    let (mut one, mut two) = friends();
    let row = two.row;
    two.work(|talk| talk.finish(row));
    one.hears(&two.says());
    assert_eq!(one.conversation().security, Security::Finished);
    let id = one.writes("hello");
    assert!(one.says().is_empty(), "neither encrypted nor in the clear, nor is the peer asked");
    let row = one.row;
    one.work(|talk| talk.start(row));
    carry(&mut one, &mut two);
    assert_eq!((two.inbox().len(), one.state(id)), (1, None));
}

#[test]
fn a_question_verifies_for_the_side_that_has_asked_and_a_secret_without_one_for_both() {
    for (question, asked) in [(Some("my pet?"), Security::Private), (None, Security::Verified)] {
        let (mut one, mut two) = friends();
        let row = one.row;
        one.work(|talk| talk.compare(row, "cat", question)).unwrap();
        two.hears(&one.says());
        let row = two.row;
        assert_eq!(two.work(|talk| talk.answer(row, "cat", Some("another question"))), Err(ChatError::NothingAsked));
        two.work(|talk| talk.answer(row, "cat", question)).unwrap();
        carry(&mut one, &mut two);
        assert_eq!((one.conversation().security, two.conversation().security), (Security::Verified, asked));
        assert_eq!(two.conversation().keys[0].verified_us, question.is_some());
    }
}

#[test]
fn a_peer_that_guesses_is_heard_so_often_and_no_more() {
    let (mut one, mut two) = friends();
    let (row, other) = (one.row, two.row);
    for guess in 0..=limits::COMPARISONS {
        two.work(|talk| talk.compare(other, &format!("guess {guess}"), Some("?"))).unwrap();
        one.hears(&two.says());
        let is_asked = guess < limits::COMPARISONS;
        assert_eq!(one.conversation().question.is_some(), is_asked, "{guess}");
        if is_asked {
            one.work(|talk| talk.answer(row, "cat", Some("?"))).unwrap();
        }
        carry(&mut one, &mut two);
    }
    assert_eq!(one.conversation().security, Security::Private);
}
