//! What may be unread.

use super::support::*;

#[test]
fn what_may_be_unread_goes_again_to_whoever_knows_it_and_else_the_last() {
    let unread = |deduplicates: bool, after: u64| {
        let mut mailbox = outbox(3);
        let peer = mailbox.peer(&address(PEER));
        knows_doubles(&mut mailbox, peer, deduplicates);
        send_all(&mut mailbox);
        stanza_queue::acked(&mut mailbox, 2);
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
    stanza_queue::acked(&mut mailbox, 2);
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
    assert_eq!(stanza_queue::acked(&mut mailbox, 3).len(), 3);
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
    stanza_queue::acked(&mut mailbox, 1);
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
    stanza_queue::acked(&mut mailbox, 1);
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
