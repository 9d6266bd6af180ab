//! Incoming messages: known from before, counted, confirmed.

use super::support::*;

#[test]
fn a_message_that_comes_again_is_known() {
    let mut mailbox = Mailbox::default();
    assert!(comes(&mut mailbox, PEER, Some("1"), "hello"));
    assert!(!comes(&mut mailbox, PEER, Some("1"), "hello"));
    assert!(comes(&mut mailbox, "other@b.example", Some("1"), "hello"), "another peer's");
    assert!(comes(&mut mailbox, PEER, Some("1"), "good bye"), "a client that begins its ids anew");
    for _ in 0..2 {
        assert!(comes(&mut mailbox, PEER, None, "hello"), "without an id nothing is known");
    }
    // What is private has a name that nobody else can give, also once the key is accepted.
    let other = Fingerprint([2; 20]);
    for (key, accepted, is_new) in [(KEY, false, true), (KEY, true, false), (other, true, true), (other, false, false)]
    {
        assert_eq!(comes_in_private(&mut mailbox, key, accepted, "2"), is_new);
    }
}

#[test]
fn the_same_id_of_another_client_or_of_a_later_time_is_another_message() {
    let mut mailbox = Mailbox::default();
    let mut comes = |resource, now| {
        let peer = mailbox.peer(&address(PEER));
        let mark = Some(Mark::plain("1", "hi", resource, now));
        let (security, resource) = (Security::Plaintext, Some(resource));
        let arrived = Arrived { peer, mark, text: "hi", security, resource, receipt: None };
        inbox::receive(&mut mailbox, &arrived, "receipt".into(), now).is_some()
    };
    assert!(comes("phone", NOW));
    assert!(!comes("phone", NOW + 60), "its server has sent it again");
    assert!(!comes("phone", NOW - 60), "by the server's clock");
    assert!(comes("laptop", NOW + 60));
    for later in [300, 3600, 7200, 86_400] {
        assert!(comes("phone", NOW + later), "{later}");
    }
}

#[test]
fn so_many_are_known_and_no_more() {
    let mut mailbox = Mailbox::default();
    let mut receive = |peer: &str, id: usize| comes(&mut mailbox, peer, Some(&id.to_string()), "");
    for id in 0..limits::SEEN {
        assert!(receive(PEER, id));
    }
    assert!(!receive(PEER, 0));
    assert!(receive("other@b.example", 0));
    assert!(receive(PEER, limits::SEEN));
    assert!(receive(PEER, 0), "the oldest makes room");
    assert!(!receive(PEER, 2) && !receive(PEER, limits::SEEN));
    assert_eq!(mailbox.seen.len(), 2, "one row for each");
    // No kind makes room for another.
    let other = Fingerprint([2; 20]);
    assert!(comes_in_private(&mut mailbox, KEY, true, "a"));
    for number in 0..=limits::SEEN {
        assert!(comes_in_private(&mut mailbox, other, false, &number.to_string()));
        assert!(comes(&mut mailbox, PEER, Some(&format!("later {number}")), ""));
    }
    assert!(!comes_in_private(&mut mailbox, KEY, true, "a"));
}

#[test]
fn only_a_contact_learns_that_a_message_came() {
    let mut mailbox = Mailbox::default();
    comes(&mut mailbox, PEER, Some("1"), "hello?");
    assert!(receipts(&mailbox).is_empty());
    queue(&mut mailbox, PEER, "a");
    comes(&mut mailbox, PEER, Some("2"), "ah");
    // Again: the receipt was missed.
    comes(&mut mailbox, PEER, Some("2"), "ah");
    comes(&mut mailbox, PEER, None, "well");
    assert_eq!(receipts(&mailbox), ["2", "2"]);
    stanza_queue::number(&mut mailbox, StreamNumber(7), usize::MAX, NOW);
    stanza_queue::acked(&mut mailbox, StreamNumber(7));
    assert_eq!(receipts(&mailbox), ["2"]);
    assert!(!stanza_queue::has_unsent(&mailbox), "one on its way is not sent twice");
    stanza_queue::restarted(&mut mailbox, None);
    assert!(stanza_queue::has_unsent(&mailbox));
}

#[test]
fn what_is_kept_of_a_contact_has_an_end_though_the_app_has_taken_it() {
    const FIT: usize = 10;
    let (mut mailbox, text) = (Mailbox::default(), "x".repeat(limits::TEXT));
    let row = mailbox.peer(&address(PEER));
    // Up to here history has filled it.
    let each = limits::TEXT + limits::AROUND_TEXT;
    mailbox.peer_mut(row).unwrap().kept = (limits::CONTACT_KEPT - FIT * each) as u64;
    for number in 0..FIT {
        assert!(!inbox::is_full(&mailbox, row), "{number} of {FIT}");
        assert!(comes(&mut mailbox, PEER, Some(&number.to_string()), &text));
        let taken = mailbox.messages.keys().next_back().copied();
        taken.into_iter().for_each(|message| drop(inbox::take(&mut mailbox, message)));
    }
    assert!(inbox::is_full(&mailbox, row));
    let other = mailbox.peer(&address("other@b.example"));
    assert!(!inbox::is_full(&mailbox, other));
}

#[test]
fn what_has_come_before_is_written_once_for_each_text_and_not_as_it_is_taken() {
    let mut mailbox = Mailbox::default();
    assert!(comes(&mut mailbox, PEER, Some("1"), "hi"));
    let peer = mailbox.peer(&address(PEER));
    mailbox.befriend(peer);
    let before = mailbox.clone();
    let message = *mailbox.messages.keys().next().unwrap();
    inbox::take(&mut mailbox, message);
    let kept = retention::sweep(&mut mailbox, History::UntilBurn, NOW);
    assert_eq!(kept.len(), 1);
    assert!(Arc::ptr_eq(&before.seen[&peer], &mailbox.seen[&peer]), "its record is the longest of all");
    assert!(mailbox.peers[&peer].kept > 0);
    retention::forgotten(&mut mailbox, &kept[&message], NOW);
    assert_eq!(mailbox.peers[&peer].kept, 0);
}

#[test]
fn a_plain_message_does_not_stand_for_a_private_one() {
    let mut mailbox = Mailbox::default();
    assert!(comes(&mut mailbox, PEER, Some("id of the text"), ""));
    assert!(comes_in_private(&mut mailbox, KEY, true, "id of the text"));
}

#[test]
fn what_was_missed_is_asked_for_once_half_of_the_room_is_free() {
    let due = |texts: &[usize], kept: usize, relationship: Relationship, is_marked: bool| {
        let mut mailbox = Mailbox::default();
        let peer = mailbox.peer(&address(PEER));
        for (number, length) in texts.iter().enumerate() {
            comes(&mut mailbox, PEER, Some(&number.to_string()), &"x".repeat(*length));
        }
        let known = mailbox.peer_mut(peer).unwrap();
        known.relationship = relationship;
        known.kept = (kept as u64).saturating_sub(texts.iter().map(|text| (text + limits::AROUND_TEXT) as u64).sum());
        if is_marked {
            assert!(inbox::mark_missed(&mut mailbox, peer) && !inbox::mark_missed(&mut mailbox, peer), "once");
        }
        !inbox::missed(&mailbox).is_empty()
    };
    let contact = Relationship::Contact;
    let half = limits::CONTACT_TEXTS / 2;
    assert!(due(&[], 0, contact, true) && !due(&[], 0, contact, false));
    assert!(!due(&[], 0, Relationship::Stranger, true) && !due(&[], 0, Relationship::Blocked, true));
    assert!(due(&vec![1; half], 0, contact, true) && !due(&vec![1; half + 1], 0, contact, true));
    let half = limits::CONTACT_BYTES / 2;
    assert!(due(&[half], 0, contact, true) && !due(&[half + 1], 0, contact, true));
    assert!(due(&[1], limits::CONTACT_KEPT - 1, contact, true) && !due(&[1], limits::CONTACT_KEPT, contact, true));
}

#[test]
fn what_came_is_taken_and_what_failed_is_forgotten_and_nothing_else() {
    let mut mailbox = Mailbox::default();
    comes(&mut mailbox, PEER, Some("1"), "came");
    let [failed, waits] = ["failed", "waits"].map(|id| queue(&mut mailbox, PEER, id));
    mailbox.set(failed, MessageState::Failed { reason: FailReason::Refused });
    assert_eq!(inbox::take(&mut mailbox, MessageId(1)), [(MessageId(1), MessageState::Taken)]);
    for id in [MessageId(1), failed, waits, MessageId(9)] {
        assert!(inbox::take(&mut mailbox, id).is_empty());
    }
    assert_eq!(mailbox.messages.keys().copied().collect::<Vec<_>>(), [MessageId(1), waits]);
}
