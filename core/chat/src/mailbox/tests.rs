use super::*;

const PEER: &str = "peer@b.example";
const NOW: u64 = 1_000_000;
/// The peer's.
const KEY: Fingerprint = Fingerprint([1; 20]);

/// A plain text of somebody's comes, with an id; whether it is new.
fn comes(mailbox: &mut Mailbox, from: &str, id: Option<&str>, text: &str) -> bool {
    let peer = mailbox.peer(from);
    let mark = id.map(|id| Mark::plain(id, text, "", NOW));
    let arrived = Arrived { peer, mark, text, security: Security::Plaintext, resource: None, receipt: id };
    mailbox.receive(&arrived, "receipt".into(), NOW).is_some()
}

/// A private text of the peer's comes under a key; whether it is new.
fn comes_in_private(mailbox: &mut Mailbox, key: Fingerprint, accepted: bool, label: &str) -> bool {
    let (peer, mark) = (mailbox.peer(PEER), Some(Mark::private(key, accepted, label)));
    let arrived = Arrived { peer, mark, text: "", security: Security::Private, resource: None, receipt: None };
    mailbox.receive(&arrived, String::new(), NOW).is_some()
}

/// The peer says inside the encryption that it has a text.
fn read(mailbox: &mut Mailbox, label: &str) -> Changed {
    let peer = mailbox.peer(PEER);
    mailbox.read(peer, KEY, &[label.to_owned()])
}

fn queue(mailbox: &mut Mailbox, to: &str, id: &str) -> MessageId {
    mailbox.queue(to, id.into(), id, NOW, None)
}

/// Texts that wait to be encrypted.
fn texts(mailbox: &Mailbox) -> Vec<String> {
    mailbox.waiting().into_iter().map(|(row, _)| mailbox.messages[&row].text.clone()).collect()
}

fn receipts(mailbox: &Mailbox) -> Vec<String> {
    let of = |wire: &Wire| if let What::Receipt { received } = &wire.what { Some(received.clone()) } else { None };
    mailbox.wires.values().filter_map(|wire| of(wire)).collect()
}

fn states(mailbox: &Mailbox) -> Vec<(String, MessageState)> {
    mailbox.list(None, History::UntilBurn, NOW).iter().map(|message| (message.text.clone(), message.state)).collect()
}

/// A mailbox whose peer has confirmed a message, and `count` more in the outbox: ids and texts are their numbers.
fn outbox(count: u32) -> Mailbox {
    let mut mailbox = Mailbox::default();
    for number in 0..=count {
        queue(&mut mailbox, PEER, &number.to_string());
    }
    encrypt(&mut mailbox, 1, 1);
    assert!(!read(&mut mailbox, "0").is_empty());
    mailbox.sweep(History::None, NOW);
    mailbox
}

/// Has a text leave as one stanza, as OTR's text of this number.
fn encrypt(mailbox: &mut Mailbox, row: u64, number: u64) {
    let peer = mailbox.messages[&row].peer;
    let what = What::Otr { body: mailbox.messages[&row].text.clone(), wants_receipt: true };
    let id = mailbox.messages[&row].label.clone();
    let ids = vec![id.clone()];
    mailbox.add_wire(Wire { peer, resource: None, id, what, message: Some(row), at: NOW, number: None });
    let entry = mailbox.messages.get_mut(&row).map(Arc::make_mut).unwrap();
    entry.went = Some(Went { number: Some(number), key: KEY, at: NOW, doubted: None, ids });
    mailbox.set(row, MessageState::Sent);
}

/// Whether the client with the key of [`encrypt`] knows what it gets twice.
fn knows_doubles(mailbox: &mut Mailbox, peer: u64, keeps_texts: bool) {
    let peer = mailbox.peer_mut(peer).unwrap();
    peer.uses(KEY);
    peer.key_mut(KEY).unwrap().keeps_texts = keeps_texts;
}

fn send_all(mailbox: &mut Mailbox) {
    for (row, _) in mailbox.waiting() {
        encrypt(mailbox, row, row);
    }
    mailbox.number_wires(1, usize::MAX, NOW);
}

/// What is on the way or waits to be sent, in its order.
fn bodies(mailbox: &mut Mailbox) -> Vec<String> {
    let of = |wire: &Wire| if let What::Otr { body, .. } = &wire.what { Some(body.clone()) } else { None };
    mailbox.number_wires(100, usize::MAX, NOW).iter().filter_map(|(_, wire)| of(wire)).collect()
}

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
fn the_same_id_of_another_client_or_of_another_day_is_another_message() {
    let mut mailbox = Mailbox::default();
    let mut comes = |resource, now| {
        let peer = mailbox.peer(PEER);
        let mark = Some(Mark::plain("1", "hi", resource, now));
        let (security, resource) = (Security::Plaintext, Some(resource));
        let arrived = Arrived { peer, mark, text: "hi", security, resource, receipt: None };
        mailbox.receive(&arrived, "receipt".into(), now).is_some()
    };
    assert!(comes("phone", NOW));
    assert!(!comes("phone", NOW + 60), "its server has sent it again");
    assert!(comes("laptop", NOW + 60));
    assert!(comes("phone", NOW + 86_400));
}

#[test]
fn what_was_written_before_a_block_does_not_leave_after_it() {
    let mut mailbox = Mailbox::default();
    let [waiting, doubted, other] =
        [(PEER, "1"), (PEER, "2"), ("other@b.example", "3")].map(|(to, id)| queue(&mut mailbox, to, id));
    encrypt(&mut mailbox, doubted.0, 7);
    let peer = mailbox.peer(PEER);
    mailbox.unread(peer, &[7], NOW);
    mailbox.peer_mut(peer).unwrap().standing = Standing::Blocked;
    assert_eq!(mailbox.check_unblocked(peer), Err(ChatError::PeerBlocked));
    let failed = MessageState::Failed { reason: FailReason::Blocked };
    assert_eq!(mailbox.blocked(peer), [(waiting, failed), (doubted, failed)]);
    mailbox.peer_mut(peer).unwrap().standing = Standing::Contact;
    assert_eq!(mailbox.waiting(), [(other.0, mailbox.peer("other@b.example"))]);
    assert_eq!(mailbox.settle(peer, NOW + 100), []);
}

#[test]
fn what_was_on_its_way_to_somebody_who_was_blocked_is_not_sent_again() {
    let mut mailbox = Mailbox::default();
    for (to, number) in [(PEER, 1), ("other@b.example", 2)] {
        let row = queue(&mut mailbox, to, &number.to_string());
        encrypt(&mut mailbox, row.0, number);
    }
    assert_eq!(mailbox.number_wires(1, 10, NOW).len(), 2);
    let peer = mailbox.peer(PEER);
    mailbox.peer_mut(peer).unwrap().standing = Standing::Blocked;
    mailbox.restarted(Some(0));
    let again = mailbox.number_wires(1, 10, NOW);
    assert_eq!(again.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), ["other@b.example"]);
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
    mailbox.number_wires(7, usize::MAX, NOW);
    mailbox.acked(7);
    assert_eq!(receipts(&mailbox), ["2"]);
    assert!(!mailbox.has_wires(), "one on its way is not sent twice");
    mailbox.restarted(None);
    assert!(mailbox.has_wires());
}

#[test]
fn stanzas_keep_their_order_over_streams() {
    let mut mailbox = outbox(4);
    send_all(&mut mailbox);
    assert_eq!(mailbox.acked(1), [(MessageId(2), MessageState::Acked)]);
    // The stream is cut; the server has two.
    assert_eq!(mailbox.restarted(Some(2)).len(), 1);
    assert_eq!(bodies(&mut mailbox), ["3", "4"]);
    // And once more, when nobody knows.
    mailbox.restarted(None);
    assert_eq!(bodies(&mut mailbox), ["3", "4"]);
    assert_eq!(mailbox.message(MessageId(2), History::None, NOW).unwrap().state, MessageState::Acked);
    assert_eq!(mailbox.message(MessageId(4), History::None, NOW).unwrap().state, MessageState::Sent);
    assert!(texts(&mailbox).is_empty(), "nothing is encrypted twice");
}

#[test]
fn a_text_in_pieces_is_there_when_all_of_it_is() {
    let mut mailbox = outbox(1);
    encrypt(&mut mailbox, 2, 1);
    encrypt(&mut mailbox, 2, 1);
    assert_eq!(mailbox.number_wires(5, 1, NOW).len(), 1, "no more than there is room for");
    mailbox.number_wires(6, usize::MAX, NOW);
    assert!(mailbox.acked(5).is_empty());
    assert_eq!(mailbox.acked(6), [(MessageId(2), MessageState::Acked)]);
}

#[test]
fn acknowledgements_wrap_around() {
    let mut mailbox = outbox(3);
    for row in 2..=4 {
        encrypt(&mut mailbox, row, row);
    }
    mailbox.number_wires(u32::MAX - 1, usize::MAX, NOW);
    assert_eq!(mailbox.acked(u32::MAX).len(), 2);
    assert!(mailbox.acked(u32::MAX).is_empty());
    assert_eq!(mailbox.acked(0), [(MessageId(4), MessageState::Acked)]);
}

#[test]
fn a_step_of_a_key_exchange_that_could_not_leave_for_a_minute_does_not_and_a_query_does_once() {
    let mut mailbox = outbox(1);
    encrypt(&mut mailbox, 2, 1);
    let peer = mailbox.peer(PEER);
    for (resource, body) in [("query", "?OTRv3?"), ("query", "?OTRv23?"), ("step", "?OTR:AAMC")] {
        let what = What::Otr { body: body.into(), wants_receipt: false };
        let resource = Some(resource.into());
        mailbox.add_wire(Wire { peer, resource, id: "q".into(), what, message: None, at: NOW, number: None });
    }
    let (text, query, step) = (PEER.to_owned(), format!("{PEER}/query"), format!("{PEER}/step"));
    let to = |mut mailbox: Mailbox, after: u64| -> Vec<String> {
        mailbox.number_wires(1, 9, NOW + after).iter().map(|(to, _)| to.clone()).collect()
    };
    assert_eq!(to(mailbox.clone(), limits::EXCHANGE_WIRES), [text.clone(), query.clone(), step]);
    assert_eq!(to(mailbox, limits::EXCHANGE_WIRES + 1), [text, query]);
}

#[test]
fn a_text_on_its_way_when_its_peer_was_blocked_does_not_go_again_once_that_is_over() {
    let mut mailbox = outbox(1);
    encrypt(&mut mailbox, 2, 1);
    let peer = mailbox.find(PEER).unwrap();
    assert_eq!(mailbox.number_wires(1, 9, NOW).len(), 1);
    mailbox.messages.values_mut().for_each(|entry| {
        Arc::make_mut(entry).state = MessageState::Failed { reason: FailReason::Blocked };
    });
    mailbox.restarted(None);
    assert_eq!((mailbox.standing(peer), mailbox.number_wires(1, 9, NOW).len()), (Standing::Contact, 0));
}

#[test]
fn what_may_be_unread_goes_again_to_whoever_knows_it_and_else_the_last() {
    let unread = |keeps_texts: bool, after: u64| {
        let mut mailbox = outbox(3);
        let peer = mailbox.peer(PEER);
        knows_doubles(&mut mailbox, peer, keeps_texts);
        send_all(&mut mailbox);
        mailbox.acked(2);
        mailbox.unread(peer, &[2, 3, 4], NOW + after);
        assert_eq!((mailbox.doubting().len(), mailbox.next_decision()), (1, Some(NOW + after + limits::DOUBT)));
        if !keeps_texts {
            assert!(mailbox.settle(peer, NOW + after + limits::DOUBT - 1).is_empty(), "it may say that it does");
        }
        mailbox.settle(peer, NOW + after + limits::DOUBT);
        assert!(mailbox.doubting().is_empty());
        let mut out: Vec<String> =
            states(&mailbox).into_iter().map(|(text, state)| format!("{text} {state:?}")).collect();
        out.extend(
            mailbox
                .list(None, History::None, NOW)
                .iter()
                .filter(|m| m.maybe_twice)
                .map(|m| format!("{} twice?", m.text)),
        );
        assert!(!mailbox.has_wires());
        out
    };
    let failed = "Failed { reason: Unread }";
    assert_eq!(unread(true, 9999), ["1 Queued", "2 Queued", "3 Queued"]);
    assert_eq!(unread(false, 59), [format!("1 {failed}"), format!("2 {failed}"), "3 Queued".into(), "3 twice?".into()]);
    assert_eq!(unread(false, 60), [format!("1 {failed}"), format!("2 {failed}"), format!("3 {failed}")]);
    // What was delivered was read; what another session names by the same number is another text.
    let mut mailbox = outbox(2);
    let peer = mailbox.peer(PEER);
    knows_doubles(&mut mailbox, peer, true);
    send_all(&mut mailbox);
    mailbox.acked(2);
    read(&mut mailbox, "1");
    mailbox.session_lost(peer, NOW);
    assert_eq!(mailbox.settle(peer, NOW).len(), 1);
    assert_eq!(texts(&mailbox), ["2"]);
    mailbox.unread(peer, &[3], NOW);
    assert!(mailbox.settle(peer, NOW).is_empty());
}

#[test]
fn what_nothing_was_said_of_is_not_written_again() {
    let mut mailbox = outbox(3);
    let peer = mailbox.peer(PEER);
    send_all(&mut mailbox);
    let before = mailbox.clone();
    mailbox.unread(peer, &[], NOW);
    mailbox.confirm_others(peer, &[2, 3, 4]);
    assert!(mailbox.messages.iter().all(|(row, entry)| Arc::ptr_eq(entry, &before.messages[row])));
    mailbox.unread(peer, &[3], NOW);
    let copied = mailbox.messages.iter().filter(|(row, entry)| !Arc::ptr_eq(entry, &before.messages[row]));
    assert_eq!(copied.map(|(row, _)| *row).collect::<Vec<_>>(), [3]);
}

#[test]
fn a_server_that_forgets_is_told_again_what_a_peer_would_have_confirmed_and_knows() {
    let mut mailbox = outbox(2);
    let other = "other@b.example";
    queue(&mut mailbox, other, "to one that never confirms");
    send_all(&mut mailbox);
    assert_eq!(mailbox.acked(3).len(), 3);
    read(&mut mailbox, "1");
    assert!(mailbox.clone().forgotten_by_server(NOW).is_empty(), "it would not know it");
    let peer = mailbox.peer(PEER);
    knows_doubles(&mut mailbox, peer, true);
    assert!(mailbox.clone().forgotten_by_server(NOW + limits::CONFIRMED_WITHIN).is_empty(), "a day later nobody waits");
    assert_eq!(mailbox.forgotten_by_server(NOW).len(), 1);
    assert_eq!(texts(&mailbox), ["2"]);
}

#[test]
fn a_peer_that_confirms_is_not_sent_more_than_a_server_keeps() {
    let count = u32::try_from(limits::WINDOW).unwrap();
    let mut mailbox = outbox(count);
    let peer = mailbox.peer(PEER);
    assert!(mailbox.has_room(peer, NOW));
    send_all(&mut mailbox);
    assert!(!mailbox.has_room(peer, NOW));
    mailbox.acked(count);
    assert!(!mailbox.has_room(peer, NOW));
    assert!(mailbox.has_room(peer, NOW + limits::WINDOW_FOR), "it may confirm no more");
    let other = mailbox.peer("other@b.example");
    assert!(mailbox.has_room(other, NOW));
    read(&mut mailbox, "1");
    assert!(mailbox.has_room(peer, NOW));
}

#[test]
fn what_came_back_says_why_and_stays_until_it_was_seen() {
    let mut mailbox = outbox(3);
    send_all(&mut mailbox);
    let (refused, unreachable) = (FailReason::Refused, FailReason::Unreachable);
    assert!(mailbox.refused("other@b.example", "1", refused).is_empty(), "only from whom it was for");
    assert!(!mailbox.refused(PEER, "1", refused).is_empty());
    assert!(!mailbox.refused(PEER, "2", unreachable).is_empty());
    assert!(mailbox.refused(PEER, "2", refused).is_empty() && mailbox.reported(PEER, "2").is_empty());
    mailbox.set(4, MessageState::WaitingForPeer);
    let (peer, other) = (mailbox.peer(PEER), mailbox.peer("other@b.example"));
    assert!(mailbox.nobody_there(other).is_empty());
    assert_eq!(mailbox.nobody_there(peer).len(), 1);
    let failed = |reason| MessageState::Failed { reason };
    let expected =
        [("1".to_owned(), failed(refused)), ("2".to_owned(), failed(unreachable)), ("3".to_owned(), failed(refused))];
    mailbox.sweep(History::None, u64::MAX);
    assert_eq!(states(&mailbox), expected);
    assert!(mailbox.take(MessageId(2)).is_empty());
    assert_eq!(states(&mailbox), expected[1..]);
}

#[test]
fn keys_are_taken_as_they_come_once() {
    let keys: Vec<Fingerprint> = (0..20).map(|n| Fingerprint([n; 20])).collect();
    let mut peer = Peer::default();
    peer.uses(keys[0]);
    assert_eq!(peer.security(keys[0]), Security::Private);
    for key in &keys[1..] {
        peer.uses(*key);
        assert_eq!(peer.security(*key), Security::KeyChanged);
    }
    assert!(peer.accepts(keys[0]) && peer.keys.len() == limits::KEYS, "others do not crowd out the known one");
    peer.accept(keys[19]);
    assert_eq!([0, 19].map(|n| peer.security(keys[n])), [Security::Private; 2]);
    // The first may have been somebody else's.
    peer.verify(keys[19]);
    assert_eq!([0, 19].map(|n| peer.security(keys[n])), [Security::KeyChanged, Security::Verified]);
    // Scanned: no other will do.
    let mut scanned = Peer::default();
    assert_eq!(scanned.expect(keys[1], false), Ok(()));
    scanned.uses(keys[2]);
    scanned.uses(keys[1]);
    assert_eq!((scanned.security(keys[2]), scanned.security(keys[1])), (Security::KeyChanged, Security::Private));
}

#[test]
fn nothing_unfinished_is_ever_swept() {
    let mut mailbox = outbox(3);
    comes(&mut mailbox, PEER, Some("a"), "came");
    encrypt(&mut mailbox, 2, 1);
    encrypt(&mut mailbox, 3, 2);
    mailbox.number_wires(1, 3, NOW);
    // The receipt, and the first.
    mailbox.acked(2);
    let (day, after) = (limits::CONFIRMED_WITHIN, Duration::from_secs(10));
    for history in [History::None, History::Expire { after }] {
        mailbox.sweep(history, NOW + day - 1);
        assert_eq!(mailbox.messages.len(), 4);
    }
    mailbox.sweep(History::None, NOW + 9 * day);
    assert_eq!(mailbox.messages.len(), 4, "no time confirms a text");
    let peer = mailbox.peer(PEER);
    mailbox.confirm_others(peer, &[2]);
    mailbox.sweep(History::UntilBurn, NOW + day);
    assert_eq!(mailbox.messages.len(), 4);
    mailbox.sweep(History::None, NOW + day);
    assert_eq!(mailbox.messages.len(), 3, "what OTR has confirmed is done when no receipt has come");
    mailbox.take(MessageId(5));
    mailbox.sweep(History::None, NOW);
    assert_eq!(mailbox.messages.len(), 2, "what was taken and is not to be kept goes at once");
}

#[test]
fn what_expires_does_so_once_also_where_the_clock_is_set_back() {
    let history = History::Expire { after: Duration::from_secs(3600) };
    let mut mailbox = Mailbox::default();
    for id in ["a", "b"] {
        comes(&mut mailbox, PEER, Some(id), id);
    }
    mailbox.take(MessageId(1));
    assert_eq!(mailbox.next_expiry(history, 0), Some(NOW + 3600));
    assert_eq!(mailbox.next_expiry(History::UntilBurn, 0), None);
    // Hidden by any clock, gone by one that is right.
    let shown = |mailbox: &Mailbox, now| mailbox.list(None, history, now).len();
    assert_eq!((shown(&mailbox, NOW + 3599), shown(&mailbox, NOW + 3600)), (2, 1));
    assert!(mailbox.message(MessageId(1), history, NOW + 3600).is_none());
    mailbox.sweep(history, NOW + 3599);
    assert_eq!(mailbox.messages.len(), 2);
    // Set back, it does not last longer.
    assert_eq!((shown(&mailbox, NOW), mailbox.position.latest), (2, NOW + 3599));
    mailbox.take(MessageId(2));
    mailbox.sweep(history, NOW + 3600);
    assert!(mailbox.messages.is_empty());
    let peer = mailbox.peer(PEER);
    let arrived = Arrived { peer, mark: None, text: "c", security: Security::Plaintext, resource: None, receipt: None };
    mailbox.receive(&arrived, String::new(), 0);
    mailbox.take(MessageId(3));
    assert_eq!(shown(&mailbox, 0), 0);
}

#[test]
fn a_message_of_a_wrong_future_does_not_last_until_then() {
    let history = History::Expire { after: Duration::from_secs(3600) };
    let mut mailbox = Mailbox::default();
    let peer = mailbox.peer(PEER);
    let arrived = Arrived { peer, mark: None, text: "a", security: Security::Plaintext, resource: None, receipt: None };
    mailbox.receive(&arrived, String::new(), NOW * 10);
    mailbox.take(MessageId(1));
    mailbox.sweep(history, NOW);
    assert_eq!(mailbox.next_expiry(history, 0), Some(NOW + 3600));
}

#[test]
fn lost_rows_take_nothing_good_with_them() {
    let mut mailbox = Mailbox::default();
    let (lost, other) = ("lost@b.example", "other@b.example");
    comes(&mut mailbox, PEER, Some("a"), "good");
    queue(&mut mailbox, other, "to other");
    queue(&mut mailbox, lost, "to nobody");
    comes(&mut mailbox, lost, Some("d"), "from whom?");
    // The last peer's row, and where everything is.
    mailbox.peers.pop_last();
    mailbox.position = Arc::default();
    mailbox.mend();
    let reason = FailReason::AddressLost;
    assert_eq!(
        states(&mailbox),
        [
            ("good".into(), MessageState::Received),
            ("to other".into(), MessageState::Queued),
            ("to nobody".into(), MessageState::Failed { reason }),
            ("from whom?".into(), MessageState::Received),
        ]
    );
    assert_eq!(mailbox.list(Some(""), History::None, NOW).len(), 2);
    // Nobody new is taken for who was lost, and no number is given again.
    let id = queue(&mut mailbox, "new@b.example", "to new");
    assert_eq!(id, MessageId(5));
    let to: Vec<String> = mailbox.list(None, History::None, NOW).iter().map(|message| message.peer.clone()).collect();
    assert_eq!(to, [PEER, other, "", "", "new@b.example"]);
    assert_eq!(texts(&mailbox), ["to other", "to new"]);
    let before = mailbox.messages.len();
    mailbox.mend();
    assert_eq!(mailbox.messages.len(), before);
}

#[test]
fn conversations_are_counted() {
    let mut mailbox = outbox(3);
    encrypt(&mut mailbox, 2, 1);
    encrypt(&mut mailbox, 3, 2);
    mailbox.number_wires(1, 2, NOW);
    mailbox.acked(1);
    comes(&mut mailbox, "other@b.example", Some("a"), "one");
    comes(&mut mailbox, "other@b.example", Some("b"), "two");
    mailbox.take(MessageId(5));
    let figures: Vec<_> = mailbox.conversations().into_iter().map(|c| (c.peer.clone(), c.unread, c.outbox)).collect();
    assert_eq!(figures, [(PEER.into(), 0, 2), ("other@b.example".into(), 1, 0)]);
}

#[test]
fn what_is_kept_of_a_contact_has_an_end_though_the_app_has_taken_it() {
    let (mut mailbox, text) = (Mailbox::default(), "x".repeat(limits::TEXT));
    let fit = limits::CONTACT_KEPT.div_ceil(limits::TEXT + limits::AROUND_TEXT);
    for number in 0..fit {
        let row = mailbox.peer(PEER);
        assert!(!mailbox.is_full(row), "{number} of {fit}");
        assert!(comes(&mut mailbox, PEER, Some(&number.to_string()), &text));
        let taken = mailbox.messages.keys().next_back().map(|row| MessageId(*row));
        taken.into_iter().for_each(|message| drop(mailbox.take(message)));
    }
    let row = mailbox.peer(PEER);
    assert!(mailbox.is_full(row));
    let other = mailbox.peer("other@b.example");
    assert!(!mailbox.is_full(other));
}

#[test]
fn a_link_does_not_take_the_place_of_a_key_without_the_users_word() {
    let [scanned, verified, other] = [1, 2, 3].map(|byte| Fingerprint([byte; 20]));
    let mut peer = Peer::default();
    peer.uses(other);
    assert_eq!((peer.expect(other, false), peer.accepts(other)), (Ok(()), true), "the same");
    for _ in 0..2 {
        assert_eq!(peer.expect(scanned, false), Err(crate::ChatError::OtherKeyInUse));
        assert_eq!((peer.accepts(other), peer.expected), (true, Some(other)), "nothing was changed");
        // Nor one that was scanned and has not been there yet.
        peer.keys.iter_mut().for_each(|key| key.accepted = false);
        assert_eq!(peer.expect(scanned, false), Err(crate::ChatError::OtherKeyInUse));
        peer.accept(other);
        peer.expected = Some(other);
    }
    assert_eq!((peer.expect(scanned, true), peer.accepts(other)), (Ok(()), false));
    peer.uses(scanned);
    assert!(peer.accepts(scanned));
    for key in [verified, scanned] {
        peer.verify(key);
    }
    let before = peer.shown_keys();
    for decided in [false, true] {
        assert_eq!(peer.expect(other, decided), Err(crate::ChatError::OtherKeyVerified));
    }
    assert_eq!((peer.shown_keys(), peer.expected), (before, None), "nothing was changed");
    // Two clients of theirs, both verified.
    assert_eq!(peer.expect(verified, false), Ok(()));
    assert_eq!([verified, scanned, other].map(|key| peer.accepts(key)), [true, true, false]);
    for key in [verified, scanned] {
        peer.key_mut(key).unwrap().verified = false;
    }
    assert_eq!(peer.expect(other, true), Ok(()));
    assert_eq!([verified, scanned, other].map(|key| peer.accepts(key)), [false, false, true]);
}

#[test]
fn what_time_ends() {
    let mut mailbox = Mailbox::default();
    assert_eq!((mailbox.next_given_up(), mailbox.next_expiry(History::None, 100)), (None, None));
    let of = |within: Option<u64>, mailbox: &mut Mailbox| {
        mailbox.queue(PEER, "id".into(), "text", NOW, within.map(Duration::from_secs))
    };
    let [left, late, patient] = [Some(50), Some(60), None].map(|within| of(within, &mut mailbox));
    let MessageId(row) = left;
    encrypt(&mut mailbox, row, 1);
    mailbox.set(row, MessageState::Queued);
    assert_eq!(mailbox.next_given_up(), Some(NOW + 60), "what has left is not late");
    assert!(mailbox.give_up(NOW + 59).is_empty());
    assert_eq!(mailbox.give_up(NOW + 60), [(late, MessageState::Failed { reason: FailReason::NoAnswer })]);
    assert_eq!(mailbox.message(patient, History::None, NOW).unwrap().state, MessageState::Queued);
    let private = |used, key, finished| {
        Arc::new(Stored { state: String::new(), used, key, resource: None, version: None, finished })
    };
    let key = Some(Fingerprint([1; 20]));
    for (row, session) in [(1, private(NOW, key, false)), (2, private(1, None, false)), (3, private(1, key, true))] {
        mailbox.sessions.insert(row, session);
    }
    assert_eq!([0, 100].map(|life| mailbox.next_expiry(History::None, life)), [None, Some(NOW + 100)]);
    // One of a wrong future does not last until then.
    mailbox.sessions.insert(1, private(NOW * 2, key, false));
    mailbox.sweep(History::None, NOW);
    assert_eq!(mailbox.next_expiry(History::None, 100), Some(NOW + 100));
}

#[test]
fn a_piece_that_comes_back_is_the_text_that_comes_back() {
    let mut mailbox = outbox(1);
    encrypt(&mut mailbox, 2, 1);
    let entry = mailbox.messages.get_mut(&2).map(Arc::make_mut).unwrap();
    entry.went.as_mut().unwrap().ids = vec!["first".into(), "second".into()];
    let reason = FailReason::Unreachable;
    assert!(mailbox.refused(PEER, "another", reason).is_empty());
    assert_eq!(mailbox.refused(PEER, "second", reason), [(MessageId(2), MessageState::Failed { reason })]);
}

#[test]
fn a_clock_that_is_set_back_does_not_keep_a_text_in_doubt() {
    let mut mailbox = outbox(1);
    let peer = mailbox.peer(PEER);
    send_all(&mut mailbox);
    mailbox.unread(peer, &[2], NOW + 700_000);
    assert_eq!(mailbox.settle(peer, NOW).len(), 1);
}

#[test]
fn a_plain_message_does_not_stand_for_a_private_one() {
    let mut mailbox = Mailbox::default();
    assert!(comes(&mut mailbox, PEER, Some("id of the text"), ""));
    assert!(comes_in_private(&mut mailbox, KEY, true, "id of the text"));
}

#[test]
fn what_was_stored_before_receipts_came_inside_the_encryption_is_read() {
    let text = r#"{"peer":1,"id":"last","text":"hello","at":1000000,"state":{"state":"acked"},"security":"private","until":null,
        "went":{"number":1,"key":"0101010101010101010101010101010101010101","at":1000000,"doubted":null,"pieces":["first"]},
        "again":false}"#;
    let peer = r#"{"jid":"peer@b.example","standing":"contact","label":null,"wants_presence":true,"shows_presence":true,
        "block_due":false,"confirms":true,"refuses":false,"introduced":true,"expected":null,"keys":[
        {"fingerprint":"0101010101010101010101010101010101010101","accepted":true,"verified":true,"verified_us":false,
        "keeps_texts":true,"failures":0}]}"#;
    let mut mailbox = Mailbox::default();
    mailbox.messages.insert(1, serde_json::from_str(text).map(Arc::new).unwrap());
    mailbox.peers.insert(1, serde_json::from_str(peer).map(Arc::new).unwrap());
    mailbox.mend();
    assert_eq!(mailbox.peers[&1].security(KEY), Security::Verified);
    assert_eq!(mailbox.clone().refused(PEER, "first", FailReason::Refused).len(), 1, "known by what carries it");
    // Its name inside the encryption is the one that it has left with.
    assert_eq!(read(&mut mailbox, "last"), [(MessageId(1), MessageState::Delivered)]);
}
