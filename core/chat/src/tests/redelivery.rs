//! Texts that may be unread.

use super::support::*;

#[test]
fn texts_that_may_be_unread_go_again_to_a_client_that_knows_doubles_and_else_the_last_does() {
    let unread = |deduplicates: bool, after: u64| {
        let mut mailbox = outbox(3);
        let peer = mailbox.peer(&address(PEER));
        knows_doubles(&mut mailbox, peer, deduplicates);
        send_all(&mut mailbox);
        stanza_queue::acked(&mut mailbox, StreamNumber(2));
        redelivery::unread(&mut mailbox, peer, &[2, 3, 4].map(TextId), NOW + after);
        assert_eq!(
            (redelivery::doubting(&mailbox).len(), redelivery::next_decision(&mailbox)),
            (1, Some(NOW + after + limits::RESEND_GRACE.as_secs()))
        );
        if !deduplicates {
            assert!(
                redelivery::redeliver(&mut mailbox, peer, NOW + after + limits::RESEND_GRACE.as_secs() - 1).is_empty(),
                "it may say that it does"
            );
        }
        redelivery::redeliver(&mut mailbox, peer, NOW + after + limits::RESEND_GRACE.as_secs());
        assert!(redelivery::doubting(&mailbox).is_empty());
        let mut out: Vec<String> =
            states(&mailbox).into_iter().map(|(text, state)| format!("{text} {state:?}")).collect();
        out.extend(
            shown(&mailbox, None, History::None, NOW)
                .iter()
                .filter(|m| m.maybe_twice)
                .map(|m| format!("{} twice?", m.text)),
        );
        assert!(!stanza_queue::has_unsent(&mailbox));
        out
    };
    let failed = "Failed { reason: Unread }";
    assert_eq!(unread(true, 9999), ["1 Queued", "2 Queued", "3 Queued"]);
    assert_eq!(unread(false, 59), [format!("1 {failed}"), format!("2 {failed}"), "3 Queued".into(), "3 twice?".into()]);
    assert_eq!(unread(false, 60), [format!("1 {failed}"), format!("2 {failed}"), format!("3 {failed}")]);
    // What was delivered was read; what another session names by the same number is another text.
    let mut mailbox = outbox(2);
    let peer = mailbox.peer(&address(PEER));
    knows_doubles(&mut mailbox, peer, true);
    send_all(&mut mailbox);
    stanza_queue::acked(&mut mailbox, StreamNumber(2));
    read(&mut mailbox, "1");
    redelivery::session_lost(&mut mailbox, peer, NOW);
    assert_eq!(redelivery::redeliver(&mut mailbox, peer, NOW).len(), 1);
    assert_eq!(texts(&mailbox), ["2"]);
    redelivery::unread(&mut mailbox, peer, &[3].map(TextId), NOW);
    assert!(redelivery::redeliver(&mut mailbox, peer, NOW).is_empty());
}

#[test]
fn what_nothing_was_said_of_is_not_written_again() {
    let mut mailbox = outbox(3);
    let peer = mailbox.peer(&address(PEER));
    send_all(&mut mailbox);
    let before = mailbox.clone();
    redelivery::unread(&mut mailbox, peer, &[], NOW);
    redelivery::confirm_others(&mut mailbox, peer, &[2, 3, 4].map(TextId));
    assert!(mailbox.messages.iter().all(|(row, entry)| Arc::ptr_eq(entry, &before.messages[row])));
    redelivery::unread(&mut mailbox, peer, &[3].map(TextId), NOW);
    let copied = mailbox.messages.iter().filter(|(row, entry)| !Arc::ptr_eq(entry, &before.messages[row]));
    assert_eq!(copied.map(|(row, _)| *row).collect::<Vec<_>>(), [MessageId(3)]);
}

#[test]
fn a_server_that_forgets_is_told_again_what_a_peer_would_have_confirmed_and_knows() {
    let mut mailbox = outbox(2);
    let other = "other@b.example";
    queue(&mut mailbox, other, "to one that never confirms");
    send_all(&mut mailbox);
    assert_eq!(stanza_queue::acked(&mut mailbox, StreamNumber(3)).len(), 3);
    read(&mut mailbox, "1");
    assert!(redelivery::forgotten_by_server(&mut mailbox.clone(), NOW).is_empty(), "it would not know it");
    let peer = mailbox.peer(&address(PEER));
    knows_doubles(&mut mailbox, peer, true);
    assert!(
        redelivery::forgotten_by_server(&mut mailbox.clone(), NOW + limits::CONFIRMED_WITHIN.as_secs()).is_empty(),
        "a day later nobody waits"
    );
    assert_eq!(redelivery::forgotten_by_server(&mut mailbox, NOW).len(), 1);
    assert_eq!(texts(&mailbox), ["2"]);
}

#[test]
fn a_server_that_forgets_is_told_again_though_no_receipt_has_come_yet() {
    let mut mailbox = Mailbox::default();
    queue(&mut mailbox, PEER, "first");
    let peer = mailbox.peer(&address(PEER));
    knows_doubles(&mut mailbox, peer, true);
    send_all(&mut mailbox);
    stanza_queue::acked(&mut mailbox, StreamNumber(1));
    assert_eq!(redelivery::forgotten_by_server(&mut mailbox, NOW).len(), 1);
    assert_eq!(texts(&mailbox), ["first"]);
}

#[test]
fn a_server_that_forgets_makes_a_new_session_due_where_the_peers_client_is_not_known() {
    let mut mailbox = Mailbox::default();
    queue(&mut mailbox, PEER, "first");
    let peer = mailbox.peer(&address(PEER));
    send_all(&mut mailbox);
    assert!(inbox::missed(&mailbox).is_empty());
    stanza_queue::acked(&mut mailbox, StreamNumber(1));
    assert!(redelivery::forgotten_by_server(&mut mailbox, NOW).is_empty());
    assert_eq!(inbox::missed(&mailbox), [peer]);
}

#[test]
fn a_clock_that_is_set_back_does_not_keep_a_text_in_doubt() {
    let mut mailbox = outbox(1);
    let peer = mailbox.peer(&address(PEER));
    send_all(&mut mailbox);
    redelivery::unread(&mut mailbox, peer, &[2].map(TextId), NOW + 700_000);
    assert_eq!(redelivery::redeliver(&mut mailbox, peer, NOW).len(), 1);
}

/// A text to each of two peers, which their servers have. Both went to the same key, as OTR's first.
fn two_peers(deduplicates: bool) -> (Mailbox, PeerId, [MessageId; 2]) {
    let mut mailbox = Mailbox::default();
    let rows = [PEER, "other@b.example"].map(|to| {
        let row = queue(&mut mailbox, to, to);
        let peer = mailbox.peer(&address(to));
        knows_doubles(&mut mailbox, peer, deduplicates);
        encrypt(&mut mailbox, row.0, 1);
        row
    });
    stanza_queue::number(&mut mailbox, StreamNumber(1), 9, NOW);
    stanza_queue::acked(&mut mailbox, StreamNumber(2));
    let peer = mailbox.peer(&address(PEER));
    (mailbox, peer, rows)
}

/// What is known of all texts.
fn sent(mailbox: &Mailbox) -> Vec<Reading> {
    mailbox.messages.values().map(|entry| entry.transmission.as_ref().unwrap().reading).collect()
}

const SENT: Reading = Reading::Awaited(TextId(1));
const CONFIRMED: Reading = Reading::Settled;
const DOUBTED: Reading = Reading::Doubted(UnixTime(NOW.0 + 5));

#[test]
fn what_is_said_of_one_peers_texts_leaves_anothers_alone() {
    let after = |deduplicates: bool, act: &dyn Fn(&mut Mailbox, PeerId)| {
        let (mut mailbox, peer, _) = two_peers(deduplicates);
        act(&mut mailbox, peer);
        sent(&mailbox)
    };
    assert_eq!(
        after(false, &|mailbox, peer| redelivery::unread(mailbox, peer, &[1].map(TextId), NOW + 5)),
        [DOUBTED, SENT]
    );
    assert_eq!(
        after(false, &|mailbox, peer| redelivery::unread(mailbox, peer, &[2].map(TextId), NOW + 5)),
        [SENT, SENT]
    );
    assert_eq!(after(false, &|mailbox, peer| redelivery::doubt_all(mailbox, peer, NOW + 5)), [DOUBTED, SENT]);
    assert_eq!(after(false, &|mailbox, peer| redelivery::confirm_others(mailbox, peer, &[])), [CONFIRMED, SENT]);
    assert_eq!(
        after(false, &|mailbox, peer| redelivery::confirm_others(mailbox, peer, &[1].map(TextId))),
        [SENT, SENT]
    );
    assert_eq!(after(true, &|mailbox, peer| redelivery::confirm_others(mailbox, peer, &[])), [SENT, SENT]);
    let over = |is_over: bool| {
        move |mailbox: &mut Mailbox, peer| redelivery::session_over(mailbox, peer, |key| is_over && key == KEY, NOW + 5)
    };
    assert_eq!(after(true, &over(true)), [DOUBTED, SENT]);
    assert_eq!(after(true, &over(false)), [SENT, SENT]);
    assert_eq!(after(false, &over(true)), [SENT, SENT], "OTR says that");
    let fails = |mailbox: &mut Mailbox, peer| {
        let failed = MessageState::Failed { reason: FailReason::Unread };
        assert_eq!(redelivery::fail_unconfirmed(mailbox, peer), [(MessageId(1), failed)]);
        assert_eq!(redelivery::fail_unconfirmed(mailbox, peer), []);
    };
    assert_eq!(after(true, &fails), [CONFIRMED, SENT]);
}

#[test]
fn what_was_delivered_or_is_confirmed_is_in_no_doubt() {
    let (mut mailbox, peer, rows) = two_peers(true);
    mailbox.set(rows[0], MessageState::Delivered);
    redelivery::unread(&mut mailbox, peer, &[1].map(TextId), NOW + 5);
    redelivery::session_over(&mut mailbox, peer, |_| true, NOW + 5);
    assert_eq!(sent(&mailbox), [SENT, SENT]);
    assert_eq!(redelivery::fail_unconfirmed(&mut mailbox, peer), []);
    let (mut mailbox, peer, _) = two_peers(false);
    redelivery::confirm_others(&mut mailbox, peer, &[]);
    redelivery::session_over(&mut mailbox, peer, |_| true, NOW + 5);
    redelivery::doubt_all(&mut mailbox, peer, NOW + 5);
    assert_eq!(sent(&mailbox), [CONFIRMED, SENT]);
    assert_eq!(redelivery::fail_unconfirmed(&mut mailbox, peer), []);
}

#[test]
fn once_a_key_is_known_to_send_receipts_what_otr_alone_has_confirmed_to_it_goes_again() {
    let confirmed = |state: MessageState| {
        let (mut mailbox, peer, rows) = two_peers(false);
        let other = mailbox.peer(&address("other@b.example"));
        [peer, other].iter().for_each(|peer| redelivery::confirm_others(&mut mailbox, *peer, &[]));
        mailbox.set(rows[0], state);
        (mailbox, peer)
    };
    let (mut mailbox, peer) = confirmed(MessageState::Acked);
    redelivery::sends_receipts(&mut mailbox, peer, Fingerprint([9; 20]), NOW + 5);
    assert_eq!(sent(&mailbox), [CONFIRMED, CONFIRMED]);
    redelivery::sends_receipts(&mut mailbox, peer, KEY, NOW + 5);
    assert_eq!(sent(&mailbox), [DOUBTED, CONFIRMED]);
    let (mut mailbox, peer) = confirmed(MessageState::Delivered);
    redelivery::sends_receipts(&mut mailbox, peer, KEY, NOW + 5);
    assert_eq!(sent(&mailbox), [CONFIRMED, CONFIRMED]);
    let (mut mailbox, peer, _) = two_peers(false);
    redelivery::sends_receipts(&mut mailbox, peer, KEY, NOW + 5);
    assert_eq!(sent(&mailbox), [SENT, SENT], "OTR will say");
}

#[test]
fn a_receipt_is_awaited_of_an_accepted_key_that_sends_them_for_what_it_was_sent() {
    let awaits = |deduplicates: bool, key: Fingerprint, change: &dyn Fn(&mut Mailbox, PeerId)| {
        let (mut mailbox, peer, _) = two_peers(deduplicates);
        change(&mut mailbox, peer);
        redelivery::awaits_receipt(&mailbox, peer, key)
    };
    let nothing = |_: &mut Mailbox, _: PeerId| {};
    assert!(awaits(true, KEY, &nothing));
    assert!(!awaits(false, KEY, &nothing) && !awaits(true, Fingerprint([9; 20]), &nothing));
    assert!(!awaits(true, KEY, &|mailbox, _| drop(mailbox.set(MessageId(1), MessageState::Delivered))));
    assert!(!awaits(true, KEY, &|mailbox, _| drop(mailbox.messages.remove(&MessageId(1)))), "another peer's");
    assert!(
        !awaits(true, KEY, &|mailbox, peer| redelivery::unread(mailbox, peer, &[1].map(TextId), NOW)),
        "it goes again"
    );
    assert!(!awaits(true, KEY, &|mailbox, peer| {
        mailbox.peer_mut(peer).unwrap().trust.key_mut(KEY).unwrap().accepted = false;
    }));
}

#[test]
fn of_a_session_that_is_forgotten_nothing_leaves_any_more_and_its_texts_wait_again() {
    let mut mailbox = Mailbox::default();
    let rows = [(PEER, 1), (PEER, 2), ("other@b.example", 3)].map(|(to, number)| {
        let row = queue(&mut mailbox, to, &number.to_string());
        encrypt(&mut mailbox, row.0, number);
        row
    });
    // The first is on its way.
    stanza_queue::number(&mut mailbox, StreamNumber(1), 1, NOW);
    let (peer, other) = (mailbox.peer(&address(PEER)), mailbox.peer(&address("other@b.example")));
    let stored =
        Arc::new(Stored { state: String::new(), used: NOW, key: None, resource: None, version: None, finished: false });
    [peer, other].iter().for_each(|peer| drop(mailbox.sessions.insert(*peer, Arc::clone(&stored))));
    assert_eq!(redelivery::forget_session(&mut mailbox, peer), [(rows[1], MessageState::Queued)]);
    assert_eq!(mailbox.sessions.keys().copied().collect::<Vec<_>>(), [other]);
    assert_eq!(mailbox.stanzas.values().map(|stanza| stanza.message.unwrap()).collect::<Vec<_>>(), [rows[0], rows[2]]);
    assert_eq!(rows.map(|row| mailbox.messages[&row].transmission.is_some()), [true, false, true]);
    redelivery::session_lost(&mut mailbox, other, NOW);
    assert!(mailbox.sessions.is_empty());
}

#[test]
fn what_a_server_has_forgotten_goes_again_for_a_day_and_takes_with_it_what_is_behind() {
    let forgotten = |after: u64, change: &dyn Fn(&mut Mailbox, PeerId)| {
        let (mut mailbox, peer, _) = two_peers(true);
        change(&mut mailbox, peer);
        let changed = redelivery::forgotten_by_server(&mut mailbox, NOW + after);
        assert!(changed.iter().all(|(_, state)| *state == MessageState::Queued));
        let missed = !inbox::missed(&mailbox).is_empty();
        (changed.iter().map(|(MessageId(row), _)| *row).collect::<Vec<_>>(), missed)
    };
    let nothing = |_: &mut Mailbox, _: PeerId| {};
    assert_eq!(forgotten(limits::CONFIRMED_WITHIN.as_secs() - 1, &nothing), (vec![1, 2], false));
    assert_eq!(forgotten(limits::CONFIRMED_WITHIN.as_secs(), &nothing), (vec![], false));
    let state = |state: MessageState| move |mailbox: &mut Mailbox, _: PeerId| drop(mailbox.set(MessageId(1), state));
    assert_eq!(forgotten(0, &state(MessageState::Reported)), (vec![1, 2], false));
    assert_eq!(forgotten(0, &state(MessageState::Delivered)), (vec![2], false));
    assert_eq!(forgotten(0, &state(MessageState::Sent)), (vec![2], false), "it is on its way");
    let blocked = |mailbox: &mut Mailbox, peer| mailbox.peer_mut(peer).unwrap().relationship = Relationship::Blocked;
    assert_eq!(forgotten(0, &blocked), (vec![2], false));
    // Where it is not known whether the client knows doubles a new session is to say.
    let unknown = |mailbox: &mut Mailbox, peer| knows_doubles(mailbox, peer, false);
    assert_eq!(forgotten(0, &unknown), (vec![2], true));
    assert_eq!(forgotten(limits::CONFIRMED_WITHIN.as_secs(), &unknown), (vec![], false));
    let reported = |mailbox: &mut Mailbox, peer| {
        unknown(mailbox, peer);
        mailbox.set(MessageId(1), MessageState::Reported);
    };
    assert_eq!(forgotten(0, &reported), (vec![2], false));
    let confirmed = |mailbox: &mut Mailbox, peer| {
        unknown(mailbox, peer);
        redelivery::confirm_others(mailbox, peer, &[]);
    };
    assert_eq!(forgotten(0, &confirmed), (vec![2], false));
    // What is on its way behind one of them must not overtake it; what is before does not, nor another peer's.
    let mut mailbox = outbox(3);
    let peer = mailbox.peer(&address(PEER));
    knows_doubles(&mut mailbox, peer, true);
    send_all(&mut mailbox);
    let other = queue(&mut mailbox, "other@b.example", "other");
    encrypt(&mut mailbox, other.0, 1);
    mailbox.set(MessageId(3), MessageState::Acked);
    let queued: Vec<u64> = redelivery::forgotten_by_server(&mut mailbox, NOW).iter().map(|(row, _)| row.0).collect();
    assert_eq!(queued, [3, 4]);
}

#[test]
fn the_next_decision_is_that_on_the_text_that_has_been_in_doubt_for_longest() {
    let (mut mailbox, peer, _) = two_peers(true);
    assert_eq!((redelivery::next_decision(&mailbox), redelivery::doubting(&mailbox).len()), (None, 0));
    let other = mailbox.peer(&address("other@b.example"));
    redelivery::unread(&mut mailbox, other, &[1].map(TextId), NOW + 5);
    assert_eq!(redelivery::doubting(&mailbox).into_iter().collect::<Vec<_>>(), [other]);
    assert!(redelivery::redeliver(&mut mailbox, peer, NOW + 5).is_empty());
    redelivery::unread(&mut mailbox, peer, &[1].map(TextId), NOW + 3);
    assert_eq!(redelivery::next_decision(&mailbox), Some(NOW + 3 + limits::RESEND_GRACE.as_secs()));
    assert_eq!(redelivery::redeliver(&mut mailbox, peer, NOW + 5), [(MessageId(1), MessageState::Queued)]);
    mailbox.set(MessageId(2), MessageState::Delivered);
    assert_eq!((redelivery::next_decision(&mailbox), redelivery::doubting(&mailbox).len()), (None, 0));
}
