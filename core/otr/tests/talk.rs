//! Two sessions talk to each other: what the protocol promises, end to end.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{ALICE, BOB, Pair, Say as _, identity, session, wires};
use flashpaper_otr::{Attention, InstanceTag, NotSent, Output, Session, Settings, SmpEvent, TextId};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

#[test]
fn texts_arrive_in_a_private_conversation_with_a_key_that_is_told() {
    let mut pair = Pair::new(Settings::default(), 10);
    pair.say(0, "first");
    assert_eq!(pair.texts(1), ["first"]);
    pair.say(1, "second");
    assert_eq!(pair.texts(0), ["second"]);
    let fingerprints = pair.news.iter().map(|news| {
        news.iter().find_map(|o| if let Output::Began { fingerprint, .. } = o { Some(*fingerprint) } else { None })
    });
    assert!(fingerprints.eq([Some(BOB.fingerprint()), Some(ALICE.fingerprint())]));
}

#[test]
fn thousand_exchanges_and_texts_of_every_size() {
    let mut pair = Pair::private(Settings { limit: Some(150), ..Settings::default() }, 20);
    for i in 0..1000 {
        if i % 10 == 0 {
            let outputs = pair.sides[i / 10 % 2].start();
            pair.carry(i / 10 % 2, outputs);
        }
        pair.say(i % 2, &format!("text {i}"));
        assert_eq!(pair.texts(1 - i % 2).last().copied(), Some(format!("text {i}").as_str()));
    }
    let mut pair = Pair::private(Settings::default(), 21);
    for length in [1, 255, 256, 65_535, 65_536, 200_000] {
        let text = "x".repeat(length);
        pair.say(0, &text);
        assert_eq!(pair.texts(1).last().map(|t| t.len()), Some(length));
    }
}

#[test]
fn both_start_at_once() {
    for seed in 0..20 {
        let mut pair = Pair::new(Settings::default(), 100 + 2 * seed);
        let queries = [pair.sides[0].start(), pair.sides[1].start()];
        let [first, second] = queries;
        let wire = |outputs: Vec<Output>| {
            outputs.into_iter().find_map(|o| if let Output::Send(wire) = o { Some(wire) } else { None }).unwrap()
        };
        // Each answers the other's query with a commit: they cross.
        let commits = [pair.sides[0].receive(&wire(second)), pair.sides[1].receive(&wire(first))];
        for (from, outputs) in commits.into_iter().enumerate() {
            pair.carry(from, outputs);
        }
        pair.say(0, "hello");
        pair.say(1, "there");
        assert_eq!((pair.texts(1), pair.texts(0)), (vec!["hello"], vec!["there"]));
    }
}

#[test]
fn a_peer_that_lost_its_session_is_talked_to_again_and_the_text_is_named() {
    let mut pair = Pair::private(Settings::default(), 30);
    pair.say(0, "before");
    pair.sides[1] = session(&BOB, Settings { tag: Some(pair.sides[1].tag()), ..Settings::default() }, 99);
    pair.say(0, "lost?");
    assert!(pair.news[1].contains(&Output::Attention(Attention::Unreadable)));
    assert_eq!(pair.texts(1), ["before"]);
    assert!(pair.news[0].contains(&Output::Unread(TextId(2))), "{:?}", pair.news[0]);
    pair.say(0, "lost?");
    assert_eq!(pair.texts(1), ["before", "lost?"]);
    pair.say(1, "no");
    assert_eq!(pair.texts(0), ["no"]);
}

#[test]
fn what_says_that_a_session_is_lost_does_not_cross_an_exchange_that_is_under_way() {
    let mut pair = Pair::private(Settings::default(), 37);
    let commit = pair.sides[1].start();
    let key: Vec<Output> = wires(&commit).iter().flat_map(|wire| pair.sides[0].receive(wire)).collect();
    assert_eq!(wires(&key).len(), 1);
    assert!(wires(&pair.sides[0].receive("?OTR Error: lost")).is_empty(), "it begins nothing by itself");
    pair.carry(0, key);
    assert!(pair.sides.iter().all(Session::is_ready));
    assert!(pair.sides[0].tick(Duration::from_secs(20)).is_empty(), "the exchange was what was wanted");
    // Where nothing comes of the exchange it is begun in time.
    let key: Vec<Output> = wires(&pair.sides[1].start()).iter().flat_map(|wire| pair.sides[0].receive(wire)).collect();
    pair.sides[0].receive("?OTR Error: lost");
    assert_eq!((wires(&key).len(), pair.sides[0].deadline()), (1, Some(Duration::from_secs(30))));
    assert_eq!(wires(&pair.sides[0].tick(Duration::from_secs(30))).len(), 1);
}

/// A phone is restarted in the middle of an exchange: it cannot read what went to the keys that it wanted renewed.
#[test]
fn an_exchange_that_the_peer_leaves_is_begun_again_where_texts_may_be_unread() {
    for unread in [false, true] {
        let mut pair = Pair::private(Settings::default(), 38);
        if unread {
            pair.sides[0].say("nobody reads it");
        }
        let commit =
            session(&BOB, Settings { tag: Some(pair.sides[1].tag()), ..Settings::default() }, 99).receive("?OTRv3?");
        let key = wires(&commit).iter().flat_map(|wire| pair.sides[0].receive(wire)).count();
        assert_eq!((key, wires(&pair.sides[0].tick(Duration::from_secs(59))).len()), (1, 0));
        assert_eq!(wires(&pair.sides[0].tick(Duration::from_secs(60))).len(), usize::from(unread));
        assert!(wires(&pair.sides[0].tick(Duration::from_secs(200))).is_empty(), "once");
    }
}

#[test]
fn texts_that_the_owner_keeps_are_named_and_left_to_it() {
    let settings = Settings { deduplicates: true, ..Settings::default() };
    let mut pair = Pair::new(settings, 35);
    assert_eq!(pair.sides[0].send("too early", "a"), Err(NotSent::NotReady));
    assert!(!pair.sides[0].is_beginning());
    let outputs = pair.sides[0].start();
    assert!(pair.sides[0].is_beginning() && !pair.sides[0].is_ready());
    pair.carry(0, outputs);
    assert!(pair.sides[0].is_ready());
    assert!(pair.news[0].contains(&Output::Deduplicates(BOB.fingerprint())), "{:?}", pair.news[0]);
    assert!(pair.news[1].contains(&Output::Deduplicates(ALICE.fingerprint())), "{:?}", pair.news[1]);
    let long = "\u{e4}".repeat(100);
    for (text, label) in [("first", "id 1"), ("second", &long)] {
        let outputs = pair.sides[0].send(text, label).unwrap().1;
        pair.carry(0, outputs);
    }
    let labels: Vec<_> = pair.news[1]
        .iter()
        .filter_map(|o| if let Output::Text { label, .. } = o { Some(label.clone()) } else { None })
        .collect();
    assert_eq!(labels, [Some("id 1".to_owned()), Some("\u{e4}".repeat(32))]);
    // What was read is told by name, in one message without a text.
    let read: Vec<String> = labels.into_iter().flatten().collect();
    let receipt = pair.sides[1].send_receipt(pair.sides[0].tag(), &read);
    assert_eq!(wires(&receipt).len(), 1);
    pair.carry(1, receipt);
    let told = Output::Read { labels: read, fingerprint: BOB.fingerprint() };
    assert!(pair.news[0].last() == Some(&told) && pair.texts(0).is_empty(), "{:?}", pair.news[0]);
    assert!(pair.sides[1].send_receipt(InstanceTag(0x1234), &["id".to_owned()]).is_empty(), "nobody is there");
    pair.say(1, "answer");

    // The peer's session is lost: all of them are named, none is sent again.
    pair.news = [vec![], vec![]];
    pair.sides[1] = session(&BOB, Settings { tag: Some(pair.sides[1].tag()), ..settings }, 99);
    for (text, label) in [("lost", "id 3"), ("lost, too", "id 4")] {
        let outputs = pair.sides[0].send(text, label).unwrap().1;
        let wires = wires(&outputs);
        assert!(!wires.is_empty() && pair.sides[0].is_ready());
        if label == "id 4" {
            pair.carry(0, outputs);
        }
    }
    let unread = pair.news[0].iter().filter(|o| matches!(o, Output::Unread(_))).count();
    // The second of the first two may have crossed the answer.
    assert_eq!((unread, pair.texts(1)), (3, vec![]), "{:?}", pair.news);
    assert!(pair.sides[0].is_ready());
    let outputs = pair.sides[0].send("lost", "id 3").unwrap().1;
    pair.carry(0, outputs);
    assert_eq!(pair.texts(1), ["lost"]);
}

#[test]
fn a_peer_that_asks_anew_may_have_lost_the_old_keys() {
    for answers in [true, false] {
        let mut pair = Pair::private(Settings::default(), 45);
        let commit = pair.sides[0].receive("?OTRv3?");
        assert_eq!(pair.sides[0].send("under new keys", "a"), Err(NotSent::NotReady));
        if answers {
            pair.carry(0, commit);
        } else {
            pair.sides[0].tick(Duration::from_secs(61));
        }
        assert!(pair.sides[0].send("under new keys", "a").is_ok());
    }
}

#[test]
fn nothing_is_sent_again_to_another_key() {
    let mut pair = Pair::private(Settings::default(), 40);
    pair.say(0, "secret");
    let mallory = identity(3);
    pair.sides[1] = session(&mallory, Settings::default(), 41);
    pair.news = [vec![], vec![]];
    let error = pair.sides[0].receive("?OTR Error: please say that again");
    pair.carry(0, error);
    let query = pair.sides[0].receive("?OTRv3?");
    pair.carry(0, query);
    assert!(pair.texts(1).is_empty());
    assert!(pair.news[0].contains(&Output::Unread(TextId(1))), "{:?}", pair.news[0]);
}

#[test]
fn finished_never_falls_back_to_plain_text() {
    let mut pair = Pair::private(Settings::default(), 50);
    let bye = pair.sides[1].end();
    pair.carry(1, bye);
    assert!(matches!(pair.news[0][..], [Output::Ended(_)]));
    assert!(pair.sides[0].is_finished());
    assert_eq!(pair.sides[0].send("to nobody", "a"), Err(NotSent::NotReady));
    let again = pair.sides[0].start();
    pair.carry(0, again);
    pair.say(0, "to you");
    assert_eq!(pair.texts(1), ["to you"]);
}

#[test]
fn smp_right_wrong_with_question_aborted_and_both_at_once() {
    let mut pair = Pair::private(Settings::default(), 60);
    for (question, secret, answer) in [(None, "cat", "cat"), (Some("pet?"), "cat", "dog"), (Some("pet?"), "c", "c")] {
        pair.news = [vec![], vec![]];
        let start = pair.sides[0].smp_start(secret, question).unwrap();
        pair.carry(0, start);
        assert_eq!(
            pair.news[1],
            [Output::Smp(SmpEvent::Asked { question: question.map(str::to_owned), fingerprint: ALICE.fingerprint() })]
        );
        let reply = pair.sides[1].smp_answer(answer, None).unwrap();
        pair.carry(1, reply);
        let results = [
            SmpEvent::Equal { fingerprint: BOB.fingerprint(), we_asked: true, with_question: question.is_some() },
            SmpEvent::Equal { fingerprint: ALICE.fingerprint(), we_asked: false, with_question: question.is_some() },
        ];
        let failures = [BOB.fingerprint(), ALICE.fingerprint()].map(|fingerprint| SmpEvent::Different { fingerprint });
        let expected = if secret == answer { results } else { failures };
        for (news, event) in pair.news.iter().zip(expected) {
            assert_eq!(news.last(), Some(&Output::Smp(event)));
        }
    }
    pair.news = [vec![], vec![]];
    let start = pair.sides[0].smp_start("cat", None).unwrap();
    pair.carry(0, start);
    let abort = pair.sides[1].smp_abort(None).unwrap();
    pair.carry(1, abort);
    assert_eq!(pair.news[0], [Output::Smp(SmpEvent::Aborted)]);
    let both = [pair.sides[0].smp_start("a", None).unwrap(), pair.sides[1].smp_start("a", None).unwrap()];
    for (from, outputs) in both.into_iter().enumerate() {
        pair.carry(from, outputs);
    }
    // Neither hangs: another comparison goes through.
    pair.news = [vec![], vec![]];
    for _ in 0..2 {
        let start = pair.sides[0].smp_start("again", None).unwrap();
        pair.carry(0, start);
    }
    let reply = pair.sides[1].smp_answer("again", None).unwrap();
    pair.carry(1, reply);
    let equal = SmpEvent::Equal { fingerprint: BOB.fingerprint(), we_asked: true, with_question: false };
    assert_eq!(pair.news[0].last(), Some(&Output::Smp(equal)));
}

#[test]
fn a_session_goes_on_after_its_process_ended() {
    let mut pair = Pair::private(Settings::default(), 80);
    pair.say(0, "one");
    pair.say(1, "two");
    for round in 0..3 {
        let [alice, bob] = pair.sides;
        let state = alice.suspend();
        let rng = Box::new(StdRng::seed_from_u64(900 + round));
        let alice = Session::resume(&state, Arc::clone(&ALICE), Settings::default(), rng, Duration::ZERO).unwrap();
        pair = Pair { sides: [alice, bob], news: [vec![], vec![]] };
        pair.say(1, "still there?");
        pair.say(0, "yes");
        assert_eq!((pair.texts(0), pair.texts(1)), (vec!["still there?"], vec!["yes"]));
    }
    let resume = |state: &[u8]| {
        let rng = Box::new(StdRng::seed_from_u64(1));
        Session::resume(state, Arc::clone(&ALICE), Settings::default(), rng, Duration::ZERO).is_ok()
    };
    let [alice, _] = pair.sides;
    let state = alice.suspend();
    assert!(resume(&state));
    assert!((0..state.len()).all(|cut| !resume(&state[..cut])));
}

/// A process that stores the session, and only then acknowledges a piece to the server, may be killed after each piece.
#[test]
fn a_text_in_pieces_goes_on_after_each_piece_in_another_process() {
    let mut pair = Pair::private(Settings::default(), 85);
    pair.sides[1].set_limit(Some(160));
    let pieces = wires(&pair.sides[1].say("whole"));
    assert_eq!(pieces.len(), 6);
    let [mut alice, mut bob] = pair.sides;
    let (mut state, mut read, mut now) = (alice.suspend(), Vec::new(), Duration::ZERO);
    for (seed, piece) in (0..).zip(&pieces) {
        let rng = Box::new(StdRng::seed_from_u64(850 + seed));
        alice = Session::resume(&state, Arc::clone(&ALICE), Settings::default(), rng, now).unwrap();
        // The sender is cut off for hours.
        now += Duration::from_secs(5 * 3600);
        assert_eq!(alice.tick(now), []);
        let before = alice.suspend();
        read.extend(alice.receive(piece));
        state = alice.suspend();
        assert!(*state != *before, "there is something to store");
    }
    // After so long it is answered by a heartbeat.
    assert!(matches!(&read[..], [Output::Text { text, .. }, Output::Send(_)] if text == "whole"), "{read:?}");
    // Nothing is left of the pieces, and what comes twice is read once.
    let rng = Box::new(StdRng::seed_from_u64(860));
    alice = Session::resume(&state, Arc::clone(&ALICE), Settings::default(), rng, now).unwrap();
    assert_eq!(alice.deadline(), None);
    assert!(pieces.iter().all(|piece| alice.receive(piece).is_empty()));
    let next = wires(&bob.say("next"));
    let read: Vec<_> = next.iter().flat_map(|piece| alice.receive(piece)).collect();
    assert!(matches!(&read[..], [Output::Text { text, .. }, ..] if text == "next"), "{read:?}");
}

#[test]
fn two_resumptions_of_one_state_share_no_key_stream() {
    let mut pair = Pair::private(Settings::default(), 90);
    pair.say(1, "keys have turned");
    let [alice, _] = pair.sides;
    let state = alice.suspend();
    let encrypted = |seed, text: &str| {
        let rng = Box::new(StdRng::seed_from_u64(seed));
        let mut alice = Session::resume(&state, Arc::clone(&ALICE), Settings::default(), rng, Duration::ZERO).unwrap();
        alice.say(text).into_iter().find_map(|o| if let Output::Send(wire) = o { Some(wire) } else { None }).unwrap()
    };
    // The same text under the same key stream would give the same bytes.
    assert_eq!(encrypted(1, "text"), encrypted(1, "text"));
    let (one, other) = (encrypted(1, "text"), encrypted(2, "text"));
    let tail = |wire: &str| wire[wire.len() - 400..wire.len() - 80].to_owned();
    assert_ne!(tail(&one), tail(&other));
}

/// The last message goes on counting: it is read, and shares no key stream with the texts before it.
#[test]
fn a_goodbye_is_read_after_texts_that_were_not_answered() {
    let mut pair = Pair::private(Settings::default(), 90);
    for text in ["one", "two", "three"] {
        pair.say(0, text);
    }
    pair.news = [vec![], vec![]];
    let goodbye = pair.sides[0].end();
    pair.carry(0, goodbye);
    assert!(matches!(pair.news[1][..], [Output::Ended(_)]), "{:?}", pair.news[1]);
}

/// Only clients that do not pad write HTML: between two of ours, a text arrives as it was written.
#[test]
fn mark_up_in_a_text_stays_a_text() {
    let mut pair = Pair::private(Settings::default(), 91);
    pair.say(0, "<b>AT&amp;T</b>");
    assert!(matches!(&pair.news[1][..], [Output::Text { text, .. }] if text == "<b>AT&amp;T</b>"));
}

/// An ended conversation is still ended in the next process.
#[test]
fn finished_never_falls_back_after_a_resumption() {
    let mut pair = Pair::private(Settings::default(), 92);
    let goodbye = pair.sides[1].end();
    pair.carry(1, goodbye);
    let [ours, _] = pair.sides;
    let state = ours.suspend();
    let rng = Box::new(StdRng::seed_from_u64(93));
    let mut again = Session::resume(&state, Arc::clone(&ALICE), Settings::default(), rng, Duration::ZERO).unwrap();
    assert!(again.is_finished());
    assert_eq!(again.send("secret", "a"), Err(NotSent::NotReady));
}
