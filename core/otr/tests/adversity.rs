//! What networks, restarts and people with bad intentions do to a conversation: no text is lost without a word, read by
//! another than it was meant for, or sent in the clear, and nobody gets stuck.

mod common;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use common::{ALICE, BOB, Pair, Say as _, converse, identity, session, wires};
use flashpaper_otr::{Attention, InstanceTag, NotSent, Output, ResumeError, Session, Settings, SmpEvent, TextId};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

fn with_tag(tag: u32) -> Settings {
    Settings { tag: Some(InstanceTag(tag)), ..Settings::default() }
}

fn resume(state: &[u8]) -> Result<Session, ResumeError> {
    let rng = Box::new(StdRng::seed_from_u64(99));
    Session::resume(state, Arc::clone(&ALICE), Settings::default(), rng, Duration::ZERO)
}

fn has_begun(outputs: &[Output]) -> usize {
    outputs.iter().filter(|output| matches!(output, Output::Began { .. })).count()
}

// Whom a text goes to.

#[test]
fn another_key_gets_texts_only_when_it_is_selected() {
    let mut pair = Pair::private(Settings::default(), 6);
    let mut mallory = session(&identity(3), Settings::default(), 61);
    let commit = wires(&mallory.receive("?OTRv3?"));
    converse(&mut pair.sides[0], &mut mallory, commit);
    assert!(mallory.is_private());
    for message in [mallory.smp_abort(None).unwrap(), mallory.say("it is me, Bob")] {
        pair.sides[0].receive(&wires(&message)[0]);
        assert_eq!(pair.sides[0].recipient().map(|(_, key)| key), Some(BOB.fingerprint()));
    }
    let text = pair.sides[0].say("for Bob");
    assert_eq!(mallory.receive(&wires(&text)[0]), [Output::Attention(Attention::ForOtherInstance)]);
    pair.sides[0].select(mallory.tag()).unwrap();
    let text = pair.sides[0].say("for whoever that is");
    assert!(matches!(&mallory.receive(&wires(&text)[0])[..], [Output::Text { .. }]));
    assert!(pair.sides[0].select(InstanceTag(0x1234)).is_err());
}

#[test]
fn two_clients_with_one_key_both_live() {
    let mut alice = session(&ALICE, Settings::default(), 14);
    let mut bobs = [141, 142].map(|seed| session(&BOB, Settings::default(), seed));
    let commit = wires(&alice.receive("?OTRv3?"));
    for bob in &mut bobs {
        converse(bob, &mut alice, commit.clone());
        assert!(bob.is_private());
    }
    for turn in 0..10 {
        let bob = &mut bobs[turn % 2];
        let text = wires(&bob.say("hello"));
        assert!(matches!(converse(&mut alice, bob, text)[..], [Output::Text { .. }]), "{turn}");
        // The one that was heard last is answered.
        assert_eq!(alice.recipient().map(|(tag, _)| tag), Some(bob.tag()));
    }
    // A client that has gone is forgotten, the other stays.
    alice.tick(Duration::from_secs(3600));
    let late = wires(&bobs[0].say("still there?"));
    assert!(alice.receive(&late[0]).contains(&Output::Attention(Attention::Unreadable)));
    assert_eq!(alice.recipient().map(|(tag, _)| tag), Some(bobs[1].tag()));
}

#[test]
fn another_client_that_begins_holds_up_the_first_for_ten_seconds_at_most() {
    let mut pair = Pair::private(Settings::default(), 18);
    let mut other = session(&identity(3), Settings::default(), 181);
    // Its client is sent the commit, the first one not.
    let commit = wires(&pair.sides[0].receive("?OTRv3?"));
    converse(&mut other, &mut pair.sides[0], commit);
    assert!(other.is_private());
    assert!(!pair.sides[0].is_ready(), "the first may have lost its keys");
    assert_eq!(pair.sides[0].deadline(), Some(Duration::from_secs(10)));
    pair.sides[0].tick(Duration::from_secs(10));
    assert!(pair.sides[0].is_ready());
    pair.say(0, "for Bob");
    assert_eq!(pair.texts(1), ["for Bob"]);
}

#[test]
fn sixteen_keys_do_not_lock_out_the_right_one() {
    let mut alice = session(&ALICE, Settings::default(), 10);
    for seed in 100..117 {
        let mut stranger = session(&identity(seed), Settings::default(), seed);
        let commit = wires(&stranger.receive("?OTRv3?"));
        converse(&mut alice, &mut stranger, commit);
        assert!(stranger.is_private(), "{seed}");
    }
}

#[test]
fn the_one_who_asks_for_a_comparison_is_answered() {
    let mut pair = Pair::private(Settings::default(), 22);
    let mut mallory = session(&identity(3), Settings::default(), 221);
    let commit = wires(&mallory.receive("?OTRv3?"));
    converse(&mut pair.sides[0], &mut mallory, commit);
    let ask = mallory.smp_start("secret", Some("question")).unwrap();
    let [Output::Smp(SmpEvent::Asked { fingerprint, .. })] = pair.sides[0].receive(&wires(&ask)[0])[..] else {
        panic!("nobody asks")
    };
    assert_ne!(fingerprint, BOB.fingerprint());
    let answer = wires(&pair.sides[0].smp_answer("secret", None).unwrap());
    let news = converse(&mut mallory, &mut pair.sides[0], answer);
    assert_eq!(news.iter().filter(|o| matches!(o, Output::Smp(SmpEvent::Equal { .. }))).count(), 2);
    assert!(pair.sides[0].smp_answer("secret", None).is_err(), "nobody asks any more");
}

// What is never sent in the clear.

#[test]
fn finished_survives_a_flood_of_instances() {
    let mut pair = Pair::private(Settings::default(), 2);
    let goodbye = pair.sides[1].end();
    pair.carry(1, goodbye);
    for number in 0..40 {
        let mut stranger = session(&BOB, with_tag(0x1000_0000 + number), 500 + u64::from(number));
        let commit = stranger.receive("?OTRv3?");
        pair.sides[0].receive(&wires(&commit)[0]);
    }
    assert!(pair.sides[0].is_finished());
    assert_eq!(pair.sides[0].send("secret", "id"), Err(NotSent::NotReady));
}

// What begins by itself, and what does not.

#[test]
fn end_stays_ended_when_a_message_crosses_it() {
    let mut pair = Pair::private(Settings::default(), 9);
    let crossing = pair.sides[1].say("crossing");
    let goodbye = pair.sides[0].end();
    assert_eq!(pair.sides[0].receive(&wires(&crossing)[0]), [Output::Attention(Attention::Unreadable)]);
    pair.carry(0, goodbye);
    assert!(!pair.sides[0].is_private());
    // Much later it is a sign that the peer has not heard of the end.
    pair.sides[0].tick(Duration::from_secs(60));
    assert!(pair.sides[0].receive(&wires(&crossing)[0]).len() > 1);
}

#[test]
fn finished_is_not_left_by_what_anybody_can_send() {
    let mut pair = Pair::private(Settings::default(), 23);
    let unread = wires(&pair.sides[1].say("old"));
    let goodbye = pair.sides[1].end();
    pair.carry(1, goodbye);
    for forged in ["?OTR Error: x", &unread[0]] {
        assert!(wires(&pair.sides[0].receive(forged)).is_empty());
    }
}

#[test]
fn queries_and_errors_of_anybody_begin_one_exchange_in_ten_seconds() {
    for forged in ["?OTRv3?", "?OTR Error: lost"] {
        let mut pair = Pair::private(Settings::default(), 32);
        for _ in 0..20 {
            let outputs = pair.sides[0].receive(forged);
            pair.carry(0, outputs);
        }
        assert_eq!(has_begun(&pair.news[0]), 1);
        // What came too early is made up for: it may have been meant.
        assert_eq!(pair.sides[0].deadline(), Some(Duration::from_secs(10)));
        let outputs = pair.sides[0].tick(Duration::from_secs(10));
        pair.carry(0, outputs);
        assert_eq!(has_begun(&pair.news[0]), 2);
    }
}

#[test]
fn what_was_on_the_way_when_keys_changed_is_read_and_begins_nothing() {
    let mut pair = Pair::private(Settings::default(), 21);
    let old: Vec<_> = (0..10).map(|i| pair.sides[0].say(&format!("text {i}"))).collect();
    let start = pair.sides[1].start();
    pair.carry(1, start);
    pair.news = [vec![], vec![]];
    for outputs in old {
        pair.carry(0, outputs);
    }
    assert_eq!(pair.texts(1).len(), 10);
    assert_eq!(has_begun(&pair.news[1]), 0);
    // Not for ever.
    assert_eq!(pair.sides[1].deadline(), Some(Duration::from_secs(10)));
    pair.sides[1].tick(Duration::from_secs(60));
    assert_eq!(pair.sides[1].deadline(), None);
}

/// Both talk all the time over a link that takes a second each way, while one of them renews the keys.
#[test]
fn a_renewal_in_a_busy_talk_loses_nothing() {
    let mut pair = Pair::private(Settings::default(), 27);
    let mut links: [VecDeque<(u32, String)>; 2] = Default::default();
    let (mut waiting, mut said, mut read, mut begun) = ([0, 0], 0, 0, 0);
    for step in 0..600 {
        for side in 0..2 {
            let mut outputs = pair.sides[side].tick(Duration::from_millis(u64::from(step) * 300));
            if (step, side) == (10, 0) {
                outputs.extend(pair.sides[side].start());
            }
            if step < 500 {
                waiting[side] += 1;
                said += 1;
            }
            while waiting[side] > 0
                && let Ok((_, text)) = pair.sides[side].send("text", "label")
            {
                waiting[side] -= 1;
                outputs.extend(text);
            }
            while links[1 - side].front().is_some_and(|(at, _)| *at <= step) {
                let (_, wire) = links[1 - side].pop_front().unwrap();
                outputs.extend(pair.sides[side].receive(&wire));
            }
            begun += has_begun(&outputs);
            read += outputs.iter().filter(|output| matches!(output, Output::Text { .. })).count();
            links[side].extend(wires(&outputs).into_iter().map(|wire| (step + 3, wire)));
        }
    }
    assert_eq!((begun, read), (2, said));
}

#[test]
fn texts_during_a_refresh_arrive_in_order() {
    let mut pair = Pair::private(Settings::default(), 4);
    let mut to_bob = pair.sides[0].start();
    to_bob.extend(pair.sides[0].say("one"));
    let to_alice: Vec<Output> = wires(&to_bob).iter().flat_map(|wire| pair.sides[1].receive(wire)).collect();
    let to_bob: Vec<Output> = wires(&to_alice).iter().flat_map(|wire| pair.sides[0].receive(wire)).collect();
    assert_eq!(pair.sides[0].send("two", "id"), Err(NotSent::NotReady));
    pair.news[1].extend(to_alice.into_iter().filter(|output| matches!(output, Output::Text { .. })));
    pair.carry(0, to_bob);
    for text in ["two", "three"] {
        pair.say(0, text);
    }
    assert_eq!(pair.texts(1), ["one", "two", "three"]);
}

// Messages of an exchange that get lost.

#[test]
fn a_lost_reveal_does_not_stand_in_the_way() {
    let mut alice = session(&ALICE, Settings::default(), 12);
    let mut bob = session(&BOB, with_tag(0x1234), 121);
    let commit = alice.receive("?OTRv3?");
    let key = bob.receive(&wires(&commit)[0]);
    alice.receive(&wires(&key)[0]);
    let mut bob = session(&BOB, with_tag(0x1234), 122);
    alice.tick(Duration::from_secs(5));
    let query = wires(&bob.start());
    converse(&mut alice, &mut bob, query);
    assert!(alice.is_private() && bob.is_private());
}

#[test]
fn a_lost_key_does_not_stand_in_the_way() {
    for seed in 0..20 {
        let mut alice = session(&ALICE, Settings::default(), 1300 + seed);
        let mut bob = session(&BOB, with_tag(0x1234), 1400 + seed);
        let commit = bob.receive("?OTRv3?");
        alice.receive(&wires(&commit)[0]);
        let query = wires(&bob.start());
        converse(&mut alice, &mut bob, query);
        assert!(alice.is_private() && bob.is_private(), "{seed}");
    }
}

#[test]
fn start_finds_a_peer_that_has_another_tag_now() {
    let mut pair = Pair::private(Settings::default(), 5);
    pair.sides[1] = session(&BOB, Settings::default(), 77);
    let start = pair.sides[0].start();
    pair.carry(0, start);
    pair.say(0, "there you are");
    assert_eq!(pair.texts(1), ["there you are"]);
}

/// Bob has taken new keys. The message that ends the exchange never comes to Alice: she cannot read his receipts.
#[test]
fn a_receipt_under_keys_that_never_came_has_the_text_named_as_unread() {
    let mut pair = Pair::private(Settings { deduplicates: true, ..Settings::default() }, 51);
    let commit = pair.sides[0].start();
    let key = pair.sides[1].receive(&wires(&commit)[0]);
    let reveal = pair.sides[0].receive(&wires(&key)[0]);
    let lost = pair.sides[1].receive(&wires(&reveal)[0]);
    assert_eq!(has_begun(&lost), 1);
    let late = Duration::from_secs(60);
    pair.sides[0].tick(late);
    let text = pair.sides[0].send("read by Bob", "id").unwrap().1;
    pair.carry(0, text);
    assert_eq!(pair.texts(1), ["read by Bob"]);
    let receipt = pair.sides[1].send_receipt(pair.sides[0].tag(), &["id".to_owned()]);
    pair.carry(1, receipt);
    assert_eq!(has_begun(&pair.news[0]), 1, "{:?}", pair.news[0]);
    assert!(pair.news[0].contains(&Output::Unread(TextId(1))), "{:?}", pair.news[0]);
    // That a receipt could not be read is no news for a person.
    let is_word = |output: &Output| matches!(output, Output::Attention(_));
    assert!(!pair.news.iter().flatten().any(is_word), "{:?}", pair.news);
}

/// Alice may not begin anew at once. Meanwhile another client with another key ends an exchange with her.
#[test]
fn a_client_with_another_key_does_not_settle_a_doubt_about_the_first() {
    let mut pair = Pair::private(Settings { deduplicates: true, ..Settings::default() }, 53);
    let mut mallory = session(&identity(3), Settings::default(), 531);
    let commit = pair.sides[0].start();
    let key = pair.sides[1].receive(&wires(&commit)[0]);
    let reveal = pair.sides[0].receive(&wires(&key)[0]);
    // The end of it never comes to Alice.
    assert_eq!(has_begun(&pair.sides[1].receive(&wires(&reveal)[0])), 1);
    let late = Duration::from_secs(60);
    pair.sides[0].tick(late);
    let text = pair.sides[0].send("read by Bob", "id").unwrap().1;
    pair.carry(0, text);
    // Bob sees nothing of the exchange that begins for this.
    let commit = pair.sides[0].receive("?OTR Error: no");
    let receipt = wires(&pair.sides[1].send_receipt(pair.sides[0].tag(), &["id".to_owned()]));
    assert_eq!(wires(&pair.sides[0].receive(&receipt[0])), [""; 0], "too early to begin anew");
    converse(&mut mallory, &mut pair.sides[0], wires(&commit));
    assert!(mallory.is_private());

    let anew = pair.sides[0].tick(late + Duration::from_secs(10));
    pair.carry(0, anew);
    assert_eq!(has_begun(&pair.news[0]), 1, "{:?}", pair.news[0]);
    assert!(pair.news[0].contains(&Output::Unread(TextId(1))), "{:?}", pair.news[0]);
}

/// Its sender waits for a receipt that was lost, and has sent the message once more.
#[test]
fn a_text_that_comes_again_is_named_and_confirms_nothing() {
    for deduplicates in [true, false] {
        let mut pair = Pair::private(Settings { deduplicates, ..Settings::default() }, 55);
        let text = pair.sides[1].send("read by Alice", "id").unwrap().1;
        assert!(matches!(pair.sides[0].receive(&wires(&text)[0])[..], [Output::Text { .. }]));
        pair.sides[0].say("never read");
        let again = pair.sides[0].receive(&wires(&text)[0]);
        match &again[..] {
            [Output::Again { from, fingerprint, label }] if deduplicates => {
                assert_eq!((*from, *fingerprint, &label[..]), (pair.sides[1].tag(), BOB.fingerprint(), "id"));
            }
            _ => assert_eq!(again, [], "{deduplicates}"),
        }
        let anew = pair.sides[0].start();
        pair.carry(0, anew);
        assert!(pair.news[0].iter().any(|output| matches!(output, Output::Unread(_))));
    }
}

// Texts that nobody may have read.

#[test]
fn a_message_from_before_the_loss_confirms_nothing() {
    let mut pair = Pair::private(Settings::default(), 31);
    pair.say(0, "hello");
    let crossing = pair.sides[1].say("sent before");
    let text = pair.sides[0].say("lost?");
    pair.carry(1, crossing);
    pair.sides[1] = session(&BOB, Settings { tag: Some(pair.sides[1].tag()), ..Settings::default() }, 99);
    pair.carry(0, text);
    assert_eq!(pair.texts(1), ["hello"]);
    assert!(pair.news[0].contains(&Output::Unread(TextId(2))), "{:?}", pair.news[0]);
}

#[test]
fn texts_that_may_not_have_been_read_are_named() {
    let mut pair = Pair::private(Settings::default(), 35);
    for text in ["one", "two", "three"] {
        pair.sides[0].say(text);
    }
    let state = pair.sides[0].suspend();
    pair.sides[1] = session(&BOB, Settings { tag: Some(pair.sides[1].tag()), ..Settings::default() }, 351);
    let start = pair.sides[1].start();
    pair.carry(1, start.clone());
    let fate: Vec<_> = pair.news[0].iter().filter(|o| matches!(o, Output::Unread(_))).collect();
    let [one, two, three] = [TextId(1), TextId(2), TextId(3)];
    assert_eq!(fate, [&Output::Unread(one), &Output::Unread(two), &Output::Unread(three)]);
    // In another process, too.
    let mut again = resume(&state).unwrap();
    let news = converse(&mut again, &mut pair.sides[1], wires(&start));
    assert!([one, two, three].iter().all(|id| news.contains(&Output::Unread(*id))), "{news:?}");
}

/// Alice, with two clients of Bob's, and a text that went to the one that texts do not go to any more.
fn with_another_client() -> (Pair, TextId) {
    let mut pair = Pair::private(Settings::default(), 41);
    let mut other = session(&BOB, with_tag(0x200), 43);
    let start = wires(&other.start());
    converse(&mut pair.sides[0], &mut other, start);
    let [first, other] = [pair.sides[1].tag(), other.tag()];
    assert!(pair.sides[0].select(other).is_ok());
    pair.sides[0].say("lost on the way");
    let sent = pair.sides[0].unconfirmed();
    assert!(pair.sides[0].select(first).is_ok());
    (pair, sent[0])
}

#[test]
fn what_went_to_an_instance_that_gives_way_is_unread() {
    let (mut pair, id) = with_another_client();
    let stranger = identity(42);
    let mut news = Vec::new();
    for number in 0..16 {
        let mut other = session(&stranger, with_tag(0x3000 + number), 400 + u64::from(number));
        let commit = wires(&other.receive("?OTRv3?"));
        news.extend(converse(&mut pair.sides[0], &mut other, commit));
    }
    assert!(pair.sides[0].unconfirmed().is_empty(), "the instance is there still");
    assert_eq!(news.iter().filter(|output| **output == Output::Unread(id)).count(), 1, "{news:?}");
}

#[test]
fn what_went_to_an_instance_that_falls_silent_is_unread() {
    let (mut pair, id) = with_another_client();
    assert!(!pair.sides[0].tick(Duration::from_secs(3599)).contains(&Output::Unread(id)));
    assert!(pair.sides[0].tick(Duration::from_secs(3600)).contains(&Output::Unread(id)));
    assert!(pair.sides[0].unconfirmed().is_empty());
}

#[test]
fn that_nobody_answers_is_told() {
    for begins in [Session::start, |alice: &mut Session| alice.receive("?OTRv3?")] {
        let mut alice = session(&ALICE, Settings::default(), 7);
        begins(&mut alice);
        assert_eq!(alice.send("hello", "id"), Err(NotSent::NotReady));
        assert_eq!(alice.deadline(), Some(Duration::from_secs(60)));
        assert_eq!(alice.tick(Duration::from_secs(60)), [Output::Attention(Attention::NoAnswer)]);
        assert!(!alice.is_beginning() && alice.deadline().is_none());
    }
}

#[test]
fn a_text_that_another_has_overtaken_is_read_once() {
    let mut pair = Pair::private(Settings::default(), 16);
    let texts: Vec<_> = (0..70).map(|i| wires(&pair.sides[0].say(&format!("{i}"))).remove(0)).collect();
    let bob = &mut pair.sides[1];
    let order = [69, 6, 68, 5, 7];
    for at in order {
        assert!(matches!(&bob.receive(&texts[at])[..], [Output::Text { text, .. }] if *text == at.to_string()), "{at}");
    }
    for at in order {
        assert!(bob.receive(&texts[at]).is_empty(), "{at} comes twice");
    }
    // Too far behind to tell whether it has come before.
    assert!(bob.receive(&texts[4]).is_empty());
}

// Comparisons.

#[test]
fn a_comparison_that_a_renewal_ends_is_told_as_ended() {
    let mut pair = Pair::private(Settings::default(), 28);
    let ask = pair.sides[0].smp_start("secret", None).unwrap();
    pair.carry(0, ask);
    let start = pair.sides[1].start();
    pair.carry(1, start);
    assert!(pair.news.iter().all(|news| news.contains(&Output::Smp(SmpEvent::Aborted))));
    assert!(pair.sides[1].smp_answer("secret", None).is_err());
}

#[test]
fn a_question_of_any_length_can_be_asked() {
    let mut pair = Pair::private(Settings::default(), 18);
    let ask = pair.sides[0].smp_start("secret", Some(&"ä".repeat(50_000))).unwrap();
    pair.carry(0, ask);
    assert!(matches!(&pair.news[1][..], [Output::Smp(SmpEvent::Asked { question: Some(q), .. })] if q.len() == 60_000));
}

// What is damaged or out of range.

#[test]
fn a_damaged_state_is_refused_or_harmless() {
    let mut pair = Pair::private(Settings::default(), 19);
    pair.say(0, "x");
    pair.sides[0].receive("?OTR|1234|0,1,3,piece,");
    let state = pair.sides[0].suspend();
    let of_before = [&[1], state.split_at(1).1].concat();
    assert!(resume(&of_before).is_err(), "a state without messages in pieces");
    for at in 0..state.len() {
        for value in [0, 0xff] {
            let mut damaged = state.to_vec();
            damaged.iter_mut().skip(at).take(8).for_each(|byte| *byte = value);
            if let Ok(mut session) = resume(&damaged) {
                session.receive("?OTR|1234|0,2,3,piece,");
                session.receive("?OTR|1234|0,3,3,piece,");
                session.tick(Duration::from_secs(1));
                let _ = session.send("hello", "id");
                session.start();
                session.end();
            }
        }
        assert!(resume(state.split_at(at).0).is_err());
    }
}

#[test]
fn the_end_of_time_is_a_time() {
    let mut alice = session(&ALICE, Settings::default(), 29);
    alice.tick(Duration::MAX);
    alice.start();
    alice.receive("?OTR|1234|0,1,2,piece,");
    alice.tick(Duration::MAX);
    assert_eq!(alice.deadline(), Some(Duration::MAX));
}

#[test]
fn a_limit_that_is_too_small_is_raised() {
    let mut pair = Pair::new(Settings { limit: Some(30), ..Settings::default() }, 30);
    pair.say(0, "hello");
    assert_eq!(pair.texts(1), ["hello"]);
    let too_long = pair.sides[0].send(&"x".repeat(5_000_000), "id");
    assert_eq!(too_long, Err(NotSent::TooLong));
    pair.say(0, "still there");
    assert_eq!(pair.texts(1), ["hello", "still there"]);
}

#[test]
fn a_text_about_marks_is_shown() {
    for text in ["what is ?OTR| for", "I typed ?OTRv2? and got errors", "he got ?OTR Error: no"] {
        let mut alice = session(&ALICE, Settings::default(), 24);
        assert!(alice.receive(text).contains(&Output::PlainText(text.to_owned())), "{text}");
    }
}
