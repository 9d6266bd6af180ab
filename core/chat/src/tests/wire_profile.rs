//! A burner's messages and presence, as others can see them: core/docs/wire-profile.md.

use std::collections::HashSet;

use flashpaper_xmpp::{PresenceNews, Subscription as Step};

use super::phones::*;
use super::support::*;
use crate::presence;

const FRIEND: &str = "friend@b.example";

/// What they say; all of it is OTR.
fn bodies_of(stanzas: &[Arc<OutgoingStanza>]) -> Vec<&str> {
    let mut bodies = Vec::new();
    for stanza in stanzas {
        let StanzaKind::Encrypted { body, .. } = &stanza.kind else { panic!("no OTR") };
        bodies.push(body.as_str());
    }
    bodies
}

fn wants_receipt(stanza: &OutgoingStanza) -> bool {
    matches!(stanza.kind, StanzaKind::Encrypted { wants_receipt: true, .. })
}

/// Receipts outside the encryption, with the clients that they go to.
fn receipts_outside(stanzas: &[Arc<OutgoingStanza>]) -> Vec<(String, Option<String>)> {
    let receipt = |stanza: &OutgoingStanza| {
        if let StanzaKind::Receipt { received } = &stanza.kind {
            Some((received.clone(), stanza.resource.clone()))
        } else {
            None
        }
    };
    stanzas.iter().filter_map(|stanza| receipt(stanza)).collect()
}

#[test]
fn a_text_leaves_encrypted_or_waits() {
    let mut one = Phone::new(TWO, 1, 0x1000);
    let id = one.writes("a secret");
    let out = one.says();
    assert_eq!(bodies_of(&out).len(), 1, "a query alone");
    assert!(bodies_of(&out)[0].starts_with("?OTRv") && !bodies_of(&out)[0].contains("secret"));
    assert_eq!(one.state(id), Some(MessageState::WaitingForPeer));
    let (mut one, _) = friends();
    one.writes("a secret");
    assert!(bodies_of(&one.says()).iter().all(|body| body.starts_with("?OTR:AAMD") && !body.contains("secret")));
}

#[test]
fn a_query_goes_to_the_account_and_a_text_to_the_client_that_was_heard_from_last() {
    let mut one = Phone::new(TWO, 1, 0x1000);
    one.writes("first");
    let query = one.says();
    assert_eq!(query[0].resource, None);
    let mut other = Other::new(20, 0x3000);
    let commit = other.hears(&query);
    other.converse(&mut one, commit);
    for client in ["old", "new"] {
        let (_, said) = other.0.send("x", client).unwrap();
        let body = carried(&said).remove(0);
        let heard = ChatMessage { resource: Some(client.into()), ..chat(TWO, client, &body, false) };
        one.work(|talk| talk.receive(&heard));
        one.writes("to it");
        let out = one.says();
        assert!(!out.is_empty() && out.iter().all(|stanza| stanza.resource.as_deref() == Some(client)), "{client}");
    }
}

#[test]
fn a_query_offers_version_2_until_the_peer_has_spoken_3_or_the_user_turns_it_off() {
    let query = |one: &mut Phone| {
        let row = one.row;
        one.work(|talk| talk.start(row));
        bodies_of(&one.says())[0].to_owned()
    };
    let mut one = Phone::new(TWO, 1, 0x1000);
    assert!(query(&mut one).starts_with("?OTRv23? "));
    one.sessions.forget();
    one.sessions.set_version_3_only(true);
    assert!(query(&mut one).starts_with("?OTRv3? "));
    let (mut one, _) = friends();
    let row = one.row;
    one.work(|talk| talk.finish(row));
    one.loses_all_sessions();
    one.says();
    assert!(query(&mut one).starts_with("?OTRv3? "));
}

#[test]
fn where_version_2_is_turned_off_a_client_of_that_gets_no_answer() {
    for (only_3, answers) in [(false, 1), (true, 0)] {
        let mut one = Phone::new(TWO, 1, 0x1000);
        one.sessions.set_version_3_only(only_3);
        one.work(|talk| talk.receive(&chat(TWO, "query", "?OTRv2?", false)));
        assert_eq!(one.says().len(), answers);
    }
}

#[test]
fn ids_are_of_one_form_and_never_used_twice_nor_the_name_of_a_text() {
    let (mut one, mut two) = friends();
    let mut ids = HashSet::new();
    for number in 0..5 {
        let text = one.writes(&number.to_string());
        let label = one.mailbox.messages[&text].label.clone();
        let (of_one, of_two) = (one.says(), two.says());
        for stanza in of_one.iter().chain(&of_two) {
            let is_of_form = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            assert!(stanza.id.len() == 16 && stanza.id.chars().all(is_of_form) && stanza.id != label);
            assert!(ids.insert(stanza.id.clone()), "used twice");
        }
        two.hears(&of_one);
        one.hears(&of_two);
    }
    assert!(ids.len() >= 5);
}

#[test]
fn a_text_that_is_sent_again_has_other_ids_and_the_same_name() {
    let (mut one, mut two) = friends();
    one.writes("hello");
    let first = one.says();
    two.loses_all_sessions();
    let row = two.row;
    two.work(|talk| talk.start(row));
    for _ in 0..2 {
        one.hears(&two.says());
        two.hears(&one.says());
    }
    one.hears(&two.says());
    let again: Vec<_> = one.says().into_iter().filter(|stanza| stanza.message.is_some()).collect();
    assert_eq!(again.len(), 1);
    assert_ne!(again[0].id, first[0].id);
    let fresh = two.mailbox.seen[&two.row].has(Mark::private(one.own_key(), true, "label of hello"));
    two.hears(&again);
    assert!(!fresh && two.mailbox.seen[&two.row].has(Mark::private(one.own_key(), true, "label of hello")));
}

#[test]
fn a_text_that_comes_again_by_its_name_is_confirmed_again_and_shown_once() {
    let (mut one, mut two) = friends();
    let id = one.writes("hello");
    two.hears(&one.says());
    drop(two.says());
    let row = one.row;
    one.work(|talk| talk.start(row));
    carry(&mut one, &mut two);
    assert_eq!((two.inbox().len(), one.state(id)), (1, None));
}

#[test]
fn the_last_piece_alone_asks_another_client_for_a_receipt() {
    let mut one = Phone::new(TWO, 1, 0x1000);
    let mut other = Other::new(20, 0x3000);
    other.begins(&mut one);
    one.sessions.connected(Some(limits::AROUND_BODY + 1000), false);
    outbox::queue(&mut one.mailbox, &address(TWO), "label".into(), &"x".repeat(3000), NOW, None).unwrap();
    let out = one.says();
    assert!(out.len() > 3 && bodies_of(&out).iter().all(|body| body.starts_with("?OTR|") && body.len() <= 1000));
    let asking: Vec<bool> = out.iter().map(|stanza| wants_receipt(stanza)).collect();
    assert_eq!(asking.iter().filter(|asks| **asks).count(), 1);
    assert_eq!(asking.last(), Some(&true));
}

#[test]
fn a_server_that_names_no_limit_or_a_greater_one_gets_stanzas_of_64_kib_at_most() {
    for limit in [None, Some(1 << 20)] {
        let (mut one, _) = friends();
        one.sessions.connected(limit, false);
        outbox::queue(&mut one.mailbox, &address(TWO), "label".into(), &"x".repeat(100_000), NOW, None).unwrap();
        let out = one.says();
        assert!(out.len() > 1);
        assert!(bodies_of(&out).iter().all(|body| body.len() + limits::AROUND_BODY <= 65_536));
    }
}

#[test]
fn a_text_without_a_name_gets_a_receipt_outside_at_the_client_that_asked_and_one_with_a_name_none() {
    let mut one = Phone::new(TWO, 1, 0x1000);
    let mut other = Other::new(20, 0x3000);
    other.begins(&mut one);
    let longest = "i".repeat(limits::RECEIPT_OF);
    let longer = format!("{longest}i");
    for (label, id, wants, is_sent) in [
        ("", "theirs", true, true),
        ("", "theirs", false, false),
        ("name", "theirs", true, false),
        ("", &longest, true, true),
        ("", &longer, true, false),
    ] {
        let (_, said) = other.0.send("x", label).unwrap();
        let body = carried(&said).remove(0);
        let heard = ChatMessage { resource: Some("asker".into()), ..chat(TWO, id, &body, wants) };
        one.work(|talk| talk.receive(&heard));
        let expected = is_sent.then(|| (id.to_owned(), Some("asker".to_owned())));
        assert_eq!(receipts_outside(&one.says()), expected.into_iter().collect::<Vec<_>>(), "{label} {wants}");
    }
    assert_eq!(one.inbox().len(), 5);
}

#[test]
fn a_contact_that_has_filled_its_room_gets_no_answer_but_to_key_exchanges() {
    let (mut one, mut two) = friends();
    for number in 0..limits::CONTACT_TEXTS {
        one.work(|talk| talk.receive(&chat(TWO, &number.to_string(), "plain", false)));
    }
    two.writes("one more");
    one.hears(&two.says());
    assert_eq!(one.says().len(), 0);
    let row = two.row;
    two.work(|talk| talk.start(row));
    one.hears(&two.says());
    let answer = one.says();
    assert_eq!(bodies_of(&answer).len(), 1);
    assert!(bodies_of(&answer)[0].starts_with("?OTR:AAMK"));
}

#[test]
fn the_blocked_and_strangers_get_nothing() {
    for relationship in [Relationship::Stranger, Relationship::Blocked] {
        let (mut one, mut two) = friends();
        let row = one.row;
        one.mailbox.peer_mut(row).unwrap().relationship = relationship;
        two.writes("are you there?");
        one.hears(&two.says());
        let row = two.row;
        two.work(|talk| talk.start(row));
        one.hears(&two.says());
        one.work(|talk| {
            talk.receive(&chat(TWO, "plain", "hello?", true));
            talk.receive(&chat(TWO, "query", "?OTRv3?", true));
            talk.receive(&chat(TWO, "error", "?OTR Error: lost", true));
            let steps = talk.presence(&address(TWO), None, PresenceNews::Subscription(Step::Subscribe));
            assert!(steps.is_empty());
            talk.unreadable(&address(TWO));
            // Nor when peers are told that it is the end.
            talk.finish_all();
        });
        assert!(one.says().is_empty() && presence::introductions(&one.mailbox).is_empty(), "{relationship:?}");
        let seen = one.mailbox.messages.len();
        assert_eq!(seen, usize::from(relationship == Relationship::Stranger), "{relationship:?}");
    }
}

#[test]
fn the_side_that_adds_asks_for_presence_first_and_answers_a_request() {
    let mut one = Phone::new(FRIEND, 1, 0x1000);
    let row = one.row;
    let due = |one: &Phone| -> Vec<Step> {
        presence::introductions(&one.mailbox)
            .iter()
            .flat_map(|(_, peer)| presence::steps(peer).collect::<Vec<_>>())
            .collect()
    };
    assert_eq!(due(&one), [Step::Subscribe]);
    presence::server_knows(&mut one.mailbox, row, Relationship::Contact);
    assert_eq!(due(&one), []);
    let hear = |one: &mut Phone, step| {
        one.work(|talk| talk.presence(&address(FRIEND), None, PresenceNews::Subscription(step)))
    };
    assert_eq!(hear(&mut one, Step::Subscribe), [Step::Subscribed]);
    // Who has not answered is asked again on a new stream; who has is not.
    presence::introduce_again(&mut one.mailbox);
    assert_eq!(due(&one), [Step::Subscribed, Step::Subscribe]);
    presence::server_knows(&mut one.mailbox, row, Relationship::Contact);
    for answer in [Step::Subscribed, Step::Unsubscribed] {
        assert_eq!(hear(&mut one, answer), []);
        presence::introduce_again(&mut one.mailbox);
        assert_eq!(due(&one), [], "{answer:?}");
    }
}

#[test]
fn the_side_that_accepts_grants_presence_first_and_then_asks_for_it() {
    let mut one = Phone::new(FRIEND, 1, 0x1000);
    let row = one.work(|talk| {
        assert!(talk.presence(&address(TWO), None, PresenceNews::Subscription(Step::Subscribe)).is_empty());
        let row = talk.mailbox().find(&address(TWO)).unwrap();
        assert_eq!(talk.mailbox().relationship(row), Relationship::Stranger);
        assert!(presence::introductions(talk.mailbox()).iter().all(|(of, _)| *of != row));
        talk.accept(row).unwrap();
        row
    });
    let (_, peer) = presence::introductions(&one.mailbox).into_iter().find(|(of, _)| *of == row).unwrap();
    assert_eq!(presence::steps(&peer).collect::<Vec<_>>(), [Step::Subscribed, Step::Subscribe]);
}

#[test]
fn a_block_is_told_to_the_server_alone_and_ends_what_was_private() {
    let (mut one, _) = friends();
    let (row, text) = (one.row, one.writes("hello"));
    one.work(|talk| talk.set_blocked(row, true));
    assert!(one.says().is_empty(), "the peer is not told");
    assert_eq!(one.state(text), Some(MessageState::Failed { reason: FailReason::Blocked }));
    assert!(one.mailbox.sessions.get(&row).is_none_or(|stored| stored.key.is_none()));
    let due = presence::introductions(&one.mailbox);
    assert_eq!((due.len(), due[0].1.is_block_due(), presence::steps(&due[0].1).count()), (1, true, 0));
    presence::server_knows(&mut one.mailbox, row, Relationship::Blocked);
    assert!(presence::introductions(&one.mailbox).is_empty());
    assert_eq!(one.work(|talk| talk.accept(row)), Err(ChatError::PeerBlocked));
    one.work(|talk| talk.set_blocked(row, false));
    assert_eq!(one.mailbox.relationship(row), Relationship::Stranger);
    assert!(presence::introductions(&one.mailbox)[0].1.is_block_due());
}

#[test]
fn a_peer_is_told_of_the_end_of_a_conversation_that_has_rested_where_it_can_be() {
    let rested = |after: u64, can_be_told: bool| {
        let (mut one, _) = friends();
        one.time = after;
        one.work(|talk| talk.expire(NOW + after, can_be_told));
        let out = one.says();
        assert!(bodies_of(&out).iter().all(|body| body.starts_with("?OTR:AAMD")));
        (out.len(), one.conversation().security)
    };
    assert_eq!(rested(3599, true), (0, Security::Private));
    assert_eq!(rested(3600, true), (1, Security::Plaintext));
    assert_eq!(rested(7199, false), (0, Security::Private));
    assert_eq!(rested(7200, false), (1, Security::Plaintext));
}

#[test]
fn what_anybody_can_send_does_not_keep_a_conversation_from_resting() {
    let (mut one, _) = friends();
    one.time = 3000;
    one.work(|talk| talk.receive(&chat(TWO, "forged", "?OTR:AAQD", false)));
    one.work(|talk| talk.wake());
    one.time = 3600;
    one.work(|talk| talk.expire(NOW + 3600, true));
    assert_eq!(one.says().len(), 1);
}

#[test]
fn all_contacts_in_private_are_told_of_the_end_and_nobody_else() {
    let (mut one, mut two) = friends();
    one.mailbox.peer(&address(FRIEND));
    one.work(|talk| talk.finish_all());
    let goodbye = one.says();
    assert_eq!(goodbye.len(), 1);
    two.hears(&goodbye);
    assert_eq!(two.conversation().security, Security::Finished);
}

#[test]
fn a_peer_that_does_not_answer_is_asked_again_later_or_when_it_comes_or_with_the_next_connection() {
    let mut one = Phone::new(TWO, 1, 0x1000);
    one.writes("hello");
    assert_eq!(one.says().len(), 1);
    one.time = limits::ASK_AGAIN.as_secs() - 1;
    assert_eq!(one.says().len(), 0);
    one.time += 1;
    assert_eq!(one.says().len(), 1);
    one.time += 100;
    one.work(|talk| talk.presence(&address(TWO), Some("r".into()), PresenceNews::Available));
    assert_eq!(one.says().len(), 1);
    one.time += 100;
    one.work(|talk| talk.stream_began(Start::New { acked: None }, None, None));
    assert_eq!(one.says().len(), 1);
}

#[test]
fn a_query_that_comes_back_for_good_fails_what_waits_for_it_and_no_other_bounce_does() {
    let failed = Some(MessageState::Failed { reason: FailReason::Refused });
    for (id_of_query, why, state) in [
        (true, Refusal::ForGood, failed),
        (true, Refusal::ForNow, Some(MessageState::WaitingForPeer)),
        (false, Refusal::ForGood, Some(MessageState::WaitingForPeer)),
    ] {
        let mut one = Phone::new(TWO, 1, 0x1000);
        let text = one.writes("hello");
        let query = one.says();
        let id = if id_of_query { query[0].id.as_str() } else { "another" };
        one.work(|talk| talk.refused(&address(TWO), id, why));
        assert_eq!(one.state(text), state);
    }
}

#[test]
fn answers_to_one_peer_that_wait_for_the_server_have_an_end() {
    let (mut one, _) = friends();
    for number in 0..limits::ANSWERS + 10 {
        one.work(|talk| talk.receive(&chat(TWO, &number.to_string(), "plain", true)));
    }
    assert_eq!(one.mailbox.stanzas.len(), limits::ANSWERS);
}
