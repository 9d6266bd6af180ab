//! Expiry, messages that are kept, and conversations that rest.

use super::phones::*;
use super::support::*;

#[test]
fn nothing_unfinished_is_ever_swept() {
    let mut mailbox = outbox(3);
    comes(&mut mailbox, PEER, Some("a"), "came");
    encrypt(&mut mailbox, 2, 1);
    encrypt(&mut mailbox, 3, 2);
    stanza_queue::number(&mut mailbox, StreamNumber(1), 3, NOW);
    // The receipt, and the first.
    stanza_queue::acked(&mut mailbox, StreamNumber(2));
    let (day, after) = (limits::CONFIRMED_WITHIN.as_secs(), Duration::from_secs(10));
    for history in [History::None, History::Expire { after }] {
        let _ = retention::sweep(&mut mailbox, history, NOW + day - 1);
        assert_eq!(mailbox.messages.len(), 4);
    }
    let _ = retention::sweep(&mut mailbox, History::None, NOW + 9 * day);
    assert_eq!(mailbox.messages.len(), 4, "no time confirms a text");
    let peer = mailbox.peer(&address(PEER));
    redelivery::confirm_others(&mut mailbox, peer, &[2].map(TextId));
    let mut kept = mailbox.clone();
    assert_eq!(retention::sweep(&mut kept, History::UntilBurn, NOW + day).len(), 1);
    assert!(retention::sweep(&mut mailbox, History::None, NOW + day).is_empty());
    assert_eq!(mailbox.messages.len(), 3, "what OTR has confirmed is done when no receipt has come");
    inbox::take(&mut mailbox, MessageId(5));
    let _ = retention::sweep(&mut mailbox, History::None, NOW);
    assert_eq!(mailbox.messages.len(), 2, "what was taken and is not to be kept goes at once");
}

fn with_contact() -> Mailbox {
    let mut mailbox = Mailbox::default();
    let peer = mailbox.peer(&address(PEER));
    mailbox.befriend(peer);
    mailbox
}

#[test]
fn what_strangers_wrote_is_no_history_before_the_user_knows_them() {
    let history = History::Expire { after: Duration::from_secs(3600) };
    let mut mailbox = Mailbox::default();
    comes(&mut mailbox, PEER, Some("a"), "a");
    inbox::take(&mut mailbox, MessageId(1));
    assert!(retention::sweep(&mut mailbox, history, NOW).is_empty());
    assert_eq!(shown(&mailbox, None, history, NOW).len(), 1);
    assert_eq!(retention::next_expiry(&mailbox, history, Duration::ZERO), Some(NOW + 3600));
    let mut known = mailbox.clone();
    let peer = known.peer(&address(PEER));
    known.befriend(peer);
    assert_eq!(retention::sweep(&mut known, history, NOW).len(), 1);
    assert!(retention::sweep(&mut mailbox, history, NOW + 3600).is_empty());
    assert!(mailbox.messages.is_empty());
}

#[test]
fn what_is_done_becomes_history_and_expires_also_where_the_clock_is_set_back() {
    let history = History::Expire { after: Duration::from_secs(3600) };
    let mut mailbox = with_contact();
    for id in ["a", "b"] {
        comes(&mut mailbox, PEER, Some(id), id);
    }
    inbox::take(&mut mailbox, MessageId(1));
    let kept = retention::sweep(&mut mailbox, history, NOW + 3599);
    assert_eq!((kept.len(), mailbox.messages.len()), (1, 1));
    let entry = &kept[&MessageId(1)];
    let expiry = |history| retention::expires(entry, history);
    assert_eq!([history, History::UntilBurn, History::None].map(expiry), [Some(NOW + 3600), None, Some(UnixTime(0))]);
    // Hidden by any clock, gone by one that is right. Set back, it does not last longer.
    let is_shown = |now| view::message(&mailbox, MessageId(1), entry, history, now).is_some();
    assert_eq!((is_shown(NOW), is_shown(NOW + 3599), is_shown(NOW + 3600)), (true, true, false));
    inbox::take(&mut mailbox, MessageId(2));
    assert!(retention::sweep(&mut mailbox, history, NOW + 3600).is_empty(), "what has expired is not kept");
    let peer = mailbox.peer(&address(PEER));
    let arrived = Arrived { peer, mark: None, text: "c", security: Security::Plaintext, resource: None, receipt: None };
    inbox::receive(&mut mailbox, &arrived, String::new(), UnixTime(0));
    inbox::take(&mut mailbox, MessageId(3));
    assert!(shown(&mailbox, None, history, UnixTime(0)).is_empty());
}

#[test]
fn a_message_of_a_wrong_future_does_not_last_until_then() {
    let history = History::Expire { after: Duration::from_secs(3600) };
    let mut mailbox = with_contact();
    let peer = mailbox.peer(&address(PEER));
    let arrived = Arrived { peer, mark: None, text: "a", security: Security::Plaintext, resource: None, receipt: None };
    inbox::receive(&mut mailbox, &arrived, String::new(), NOW + 9 * NOW.0);
    inbox::take(&mut mailbox, MessageId(1));
    let kept = retention::sweep(&mut mailbox, history, NOW);
    assert_eq!(retention::expires(&kept[&MessageId(1)], history), Some(NOW + 3600));
}

#[test]
fn history_counts_as_room_that_a_peer_takes_until_it_is_forgotten() {
    const FIT: usize = 10;
    let mut mailbox = with_contact();
    let peer = mailbox.peer(&address(PEER));
    let text = "x".repeat(limits::TEXT);
    let each = limits::TEXT + limits::AROUND_TEXT;
    // Four years of a hundred short texts a day: they are on disk alone.
    mailbox.peer_mut(peer).unwrap().kept = 100 << 20;
    assert!(!inbox::is_full(&mailbox, peer));
    mailbox.peer_mut(peer).unwrap().kept = (limits::CONTACT_KEPT - FIT * each) as u64;
    let mut history = Vec::new();
    for id in 0..FIT {
        assert!(!inbox::is_full(&mailbox, peer), "{id} of {FIT}");
        assert!(comes(&mut mailbox, PEER, Some(&id.to_string()), &text));
        let came = *mailbox.messages.keys().next_back().unwrap();
        inbox::take(&mut mailbox, came);
        history.extend(retention::sweep(&mut mailbox, History::UntilBurn, NOW));
        assert!(mailbox.messages.is_empty());
    }
    assert!(inbox::is_full(&mailbox, peer));
    retention::forgotten(&mut mailbox, &history[0].1, NOW);
    assert!(!inbox::is_full(&mailbox, peer));
}

#[test]
fn what_time_ends() {
    let mut mailbox = Mailbox::default();
    assert_eq!(
        (outbox::next_given_up(&mailbox), retention::next_expiry(&mailbox, History::None, Duration::from_secs(100))),
        (None, None)
    );
    let of = |within: Option<u64>, mailbox: &mut Mailbox| {
        outbox::queue(mailbox, &address(PEER), "id".into(), "text", NOW, within.map(Duration::from_secs)).unwrap()
    };
    let [left, late, patient] = [Some(50), Some(60), None].map(|within| of(within, &mut mailbox));
    let MessageId(row) = left;
    encrypt(&mut mailbox, row, 1);
    mailbox.set(left, MessageState::Queued);
    assert_eq!(outbox::next_given_up(&mailbox), Some(NOW + 60), "what has left is not late");
    assert!(outbox::give_up(&mut mailbox, NOW + 59).is_empty());
    assert_eq!(
        outbox::give_up(&mut mailbox, NOW + 60),
        [(late, MessageState::Failed { reason: FailReason::NoAnswer })]
    );
    assert_eq!(shown_one(&mailbox, patient, History::None, NOW).unwrap().state, MessageState::Queued);
    let private = |used, key, finished| {
        Arc::new(Stored { state: String::new(), used, key, resource: None, version: None, finished })
    };
    let key = Some(Fingerprint([1; 20]));
    for (row, session) in
        [(1, private(NOW, key, false)), (2, private(UnixTime(1), None, false)), (3, private(UnixTime(1), key, true))]
    {
        mailbox.sessions.insert(PeerId(row), session);
    }
    assert_eq!(
        [0, 100].map(Duration::from_secs).map(|idle_timeout| retention::next_expiry(
            &mailbox,
            History::None,
            idle_timeout
        )),
        [None, Some(NOW + 100)]
    );
    // A text that OTR has confirmed is done once no receipt has come for a day, also where it is kept then.
    let mut confirmed = mailbox.clone();
    encrypt(&mut confirmed, row, 1);
    confirmed.set(left, MessageState::Acked);
    let next = |mailbox: &Mailbox| {
        [History::None, History::UntilBurn].map(|history| retention::next_expiry(mailbox, history, Duration::ZERO))
    };
    assert_eq!(next(&confirmed), [None, None]);
    let peer = confirmed.peer(&address(PEER));
    redelivery::confirm_others(&mut confirmed, peer, &[]);
    let day = limits::CONFIRMED_WITHIN.as_secs();
    assert_eq!(next(&confirmed), [Some(NOW + day); 2]);
    assert_eq!(retention::sweep(&mut confirmed, History::UntilBurn, NOW + day).len(), 1);
    assert_eq!(next(&confirmed), [None, None]);
    // One of a wrong future does not last until then.
    mailbox.sessions.insert(PeerId(1), private(NOW + NOW.0, key, false));
    let _ = retention::sweep(&mut mailbox, History::None, NOW);
    assert_eq!(retention::next_expiry(&mailbox, History::None, Duration::from_secs(100)), Some(NOW + 100));
}

#[test]
fn a_text_either_way_or_its_receipt_keeps_a_conversation_from_resting_and_waking_does_not() {
    for (read, answered) in [(false, false), (true, false), (true, true)] {
        let (mut one, mut two) = friends();
        // Sent, read and confirmed by one second each.
        (one.time, two.time) = (3000, 3000);
        let (writer, reader) = if answered { (&mut two, &mut one) } else { (&mut one, &mut two) };
        writer.writes("hello");
        let out = writer.says();
        if read {
            (writer.time, reader.time) = (3001, 3001);
            reader.hears(&out);
            let receipt = reader.says();
            assert!(!receipt.is_empty());
            (writer.time, reader.time) = (3002, 3002);
            writer.hears(&receipt);
        }
        let used = one.time - u64::from(answered);
        one.time = 6000;
        one.work(|talk| talk.wake());
        let is_over = |one: &mut Phone, time: u64| {
            one.time = time;
            one.work(|talk| talk.expire(NOW + time, true));
            one.conversation().security == Security::Plaintext
        };
        assert!(!is_over(&mut one, used + 3599) && is_over(&mut one, used + 3600), "{read} {answered}");
        // What is written next begins another.
        one.writes("anew");
        two.time = one.time;
        carry(&mut one, &mut two);
        assert_eq!(two.inbox().last().map(|(text, _)| text.as_str()), Some("anew"));
    }
}

#[test]
fn a_conversation_that_is_not_to_outlive_the_process_does_not() {
    for (idle_timeout, after) in [(3600, Security::Private), (0, Security::Plaintext)] {
        let (mut one, _) = friends();
        one.idle_timeout = idle_timeout;
        one.work(|talk| talk.wake());
        assert_eq!(one.conversation().security, Security::Private, "it goes on while the process does");
        assert_eq!(one.mailbox.sessions[&one.row].state.is_empty(), idle_timeout == 0, "stored");
        one.restarts();
        assert_eq!(one.conversation().security, after);
    }
}
