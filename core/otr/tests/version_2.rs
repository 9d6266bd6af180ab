//! Version 2, for peers that offer nothing newer: a peer made by hand, and two sessions between which somebody takes
//! version 3 out of the offers. `peers/libotr.rs` talks with libotr held to it. Names that stand in `traps_*.rs` too are
//! the same traps.

mod by_hand;
mod common;

use std::sync::Arc;
use std::time::Duration;

use by_hand::{COMMIT, DATA, KEY, Letter, Message, Peer, REVEAL, only};
use common::{ALICE, BOB, Pair, Say as _, converse, session, wires};
use flashpaper_otr::{Attention, InstanceTag, NotSent, Output, Session, Settings, SmpEvent};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

const SETTINGS: Settings = Settings { tag: None, limit: None, version_2: true, deduplicates: false };
/// The client without a tag.
const CLIENT: InstanceTag = InstanceTag(0);
const REFUSED: [Output; 1] = [Output::Attention(Attention::OtherVersion)];

fn alice(seed: u64) -> Session {
    session(&ALICE, SETTINGS, seed)
}

/// Speaks version 2.
fn bob() -> Peer {
    Peer::new(&BOB, 0)
}

/// Two sessions that can speak both, of which one has seen an offer of version 2 alone.
fn pair(settings: Settings, seed: u64) -> Pair {
    let mut pair = Pair::new(settings, seed);
    let outputs = pair.sides[0].receive("?OTRv2?");
    pair.carry(0, outputs);
    assert_eq!(pair.sides.each_ref().map(|side| side.recipient().map(|(client, _)| client)), [Some(CLIENT); 2]);
    pair.news = [vec![], vec![]];
    pair
}

#[test]
fn an_exchange_by_the_letter_of_the_spec() {
    let mut session = alice(1);
    let (gy, outputs) = bob().begins(&mut session);
    assert_eq!(bob().read_signature(&only(&outputs), &gy), ALICE.fingerprint().0);
    let began = |outputs: &[Output], ssid, first_half_is_ours| {
        let fingerprint = BOB.fingerprint();
        outputs.contains(&Output::Began { with: CLIENT, fingerprint, ssid, first_half_is_ours, renewed: false })
    };
    assert!(began(&outputs, bob().ssid(&gy), false));
    assert_eq!(session.recipient(), Some((CLIENT, BOB.fingerprint())));

    let mut session = alice(2);
    let (gx, outputs) = bob().answers(&mut session);
    assert!(began(&outputs, bob().ssid(&gx), true));
    assert_eq!(bob().read_data(&only(&session.say("hello")), &gx), "hello");
    let next = bob().with_keyid(2).public();
    let outputs = session.receive(&bob().data(0, &gx, 1, &next, "hello yourself"));
    assert!(matches!(&outputs[..], [Output::Text { text, from: CLIENT, .. }] if text == "hello yourself"));
}

/// The clock counts since the device was started: no time that is long for a client that was never heard.
#[test]
fn an_exchange_goes_on_hours_after_the_start_of_the_clock() {
    let mut pair = Pair::new(SETTINGS, 3);
    let clock = Duration::from_secs(100_000);
    pair.sides.iter_mut().for_each(|side| assert!(side.tick(clock).is_empty()));
    let commit = pair.sides[0].receive("?OTRv2?");
    let key = pair.sides[1].receive(&wires(&commit)[0]);
    pair.sides[0].tick(clock + Duration::from_secs(1));
    pair.carry(1, key);
    assert!(pair.sides.iter().all(Session::is_private));
}

/// Version 3 is always offered, and taken wherever it is offered.
#[test]
fn query_forms() {
    for (offer, answer) in [
        ("?OTRv2?", Some(2)),
        ("?OTR?v2?", Some(2)),
        ("?OTRv24x?", Some(2)),
        ("?OTRv23?", Some(3)),
        ("?OTR?v23?", Some(3)),
        ("?OTRv2? ?OTRv3?", Some(3)),
        ("?OTR?", None),
        ("?OTRv14?", None),
    ] {
        let outputs = alice(3).receive(offer);
        match answer {
            Some(version) => assert_eq!((only(&outputs).version, only(&outputs).kind), (version, COMMIT), "{offer}"),
            None => assert_eq!(outputs, REFUSED, "{offer}"),
        }
        let off = session(&ALICE, Settings { version_2: false, ..SETTINGS }, 3).receive(offer);
        assert_eq!(off == REFUSED, answer != Some(3), "{offer}");
    }
    assert!(wires(&alice(4).start())[0].starts_with("?OTRv23? "));
    let mut off = session(&ALICE, Settings { version_2: false, ..SETTINGS }, 4);
    assert!(wires(&off.start())[0].starts_with("?OTRv3? "));
    assert_eq!(off.receive(&bob().commit(0)), REFUSED);
    assert_eq!(off.receive("?OTR,1,2,?OTR:AAIC,"), REFUSED);

    let tag = "\x20\t\x20\x20\t\t\t\t\x20\t\x20\t\x20\t\x20\x20";
    let (version_2, version_3) = ("\x20\x20\t\t\x20\x20\t\x20", "\x20\x20\t\t\x20\x20\t\t");
    assert_eq!(only(&alice(6).receive(&format!("hello{tag}{version_2}"))).version, 2);
    assert_eq!(only(&alice(6).receive(&format!("hello{tag}{version_2}{version_3}"))).version, 3);
}

#[test]
fn our_query_is_answered_with_a_commit() {
    let mut session = alice(7);
    session.start();
    let (gy, outputs) = bob().begins(&mut session);
    assert_eq!(bob().read_signature(&only(&outputs), &gy), ALICE.fingerprint().0);
    assert_eq!(bob().read_data(&only(&session.say("hello")), &gy), "hello");
}

#[test]
fn commit_collision() {
    for (first, ours_wins) in [(-1, true), (1, false)] {
        let mut session = alice(8);
        let ours = only(&session.receive("?OTRv2?"));
        let mut theirs = Message::read(&bob().commit(0));
        let hash = ours.payload.len() - 32;
        theirs.payload[hash] = ours.payload[hash].checked_add_signed(first).unwrap();
        let answer = only(&session.receive(&theirs.write()));
        assert_eq!(answer.version, 2);
        if ours_wins {
            assert_eq!((answer.kind, &answer.payload), (COMMIT, &ours.payload));
            assert_eq!(only(&session.receive(&bob().key(0))).kind, REVEAL);
        } else {
            assert_eq!(answer.kind, KEY);
            // libotr does not see in version 2 that both began, and answers our commit.
            assert_eq!(only(&session.receive(&bob().key(0))).kind, REVEAL);
        }
    }
}

/// There are no tags to tell two clients of the peer's from each other: the last one to begin is the one.
#[test]
fn one_client() {
    let mut session = alice(9);
    let (one, other) = (bob(), bob().with_keyid(2));
    let gy = Peer::read_key(&only(&session.receive(&one.commit(0))));
    assert_eq!(Peer::read_key(&only(&session.receive(&other.commit(0)))), gy, "the same key again");
    assert_eq!(session.receive(&one.reveal(0, &gy)), []);
    assert!(matches!(session.receive(&other.reveal(0, &gy))[..], [Output::Send(_), Output::Began { .. }]));
    assert_eq!(session.private(), [(CLIENT, BOB.fingerprint())]);
}

#[test]
fn fragments() {
    let mut pair = pair(Settings { limit: Some(150), ..SETTINGS }, 10);
    let sent = wires(&pair.sides[0].say(&"long ".repeat(100)));
    assert!(sent.len() > 1 && sent.iter().all(|piece| piece.len() <= 150 && piece.starts_with("?OTR,0")), "{sent:?}");
    assert!(sent.iter().all(|piece| InstanceTag::of_recipient(piece) == Some(CLIENT)));
    let outputs: Vec<Output> = sent.iter().flat_map(|piece| pair.sides[1].receive(piece)).collect();
    assert!(matches!(&outputs[..], [Output::Text { text, .. }] if *text == "long ".repeat(100)));

    // Numbers as short as others write them; bad ones are no message, and words are words.
    let whole = bob().commit(0);
    let (first, second) = whole.split_at(100);
    let mut session = alice(11);
    assert_eq!(session.receive(&format!("?OTR,1,2,{first},")), []);
    assert_eq!(only(&session.receive(&format!("?OTR,2,2,{second},"))).kind, KEY);
    for bad in ["?OTR,0,2,a,", "?OTR,3,2,a,", "?OTR,1,2,,", "?OTR,1,2,a"] {
        assert_eq!(session.receive(bad), [Output::Attention(Attention::Malformed)], "{bad}");
    }
    for words in ["?OTR, what is that?", "?OTR,1,x,a,", "see ?OTR,1,2,a", "see ?OTR,1,2,a,", "> ?OTR,1,2,a,\nwhat?"] {
        assert_eq!(session.receive(words), [Output::PlainText(words.to_owned())], "{words}");
    }
}

#[test]
fn frag_reset() {
    for (number, (sequence, read)) in [
        (&[1, 2, 3, 4][..], true),
        (&[1, 2, 1, 2, 3, 4], true),
        (&[3, 1, 2, 3, 4], true),
        (&[1, 2, 2, 3, 4], true),
        (&[1, 3, 2, 4], false),
        (&[1, 2, 4, 3, 4], false),
        (&[2, 3, 4], false),
        // What is not in pieces comes in between: a message, a text, a query; and a piece of another message.
        (&[1, 2, 5, 3, 4], false),
        (&[1, 2, 6, 3, 4], false),
        (&[1, 2, 7, 3, 4], false),
        (&[1, 2, 8, 3, 4], false),
        // A piece of a client that has a tag.
        (&[1, 2, 9, 3, 4], true),
    ]
    .into_iter()
    .enumerate()
    {
        let mut pair = pair(SETTINGS, 40);
        let text = wires(&pair.sides[1].say("text")).remove(0);
        let mut messages: Vec<String> = (0..4)
            .map(|k| format!("?OTR,{},4,{},", k + 1, &text[k * text.len() / 4..(k + 1) * text.len() / 4]))
            .collect();
        messages.extend(wires(&pair.sides[1].say("whole")));
        messages.extend(["hello", "?OTRv2?", "?OTR,3,5,x,"].map(str::to_owned));
        messages.push(format!("?OTR|1234|{:x},1,2,x,", pair.sides[0].tag().0));
        let outputs = sequence.iter().map(|at| pair.sides[0].receive(&messages[at - 1])).last().unwrap();
        assert_eq!(matches!(&outputs[..], [Output::Text { text, .. }] if text == "text"), read, "number {number}");
    }
}

/// No tag tells our own messages from the peer's.
#[test]
fn reflected() {
    let mut session = alice(12);
    let mirror = [Output::Attention(Attention::Mirror)];
    let commit = wires(&session.receive("?OTRv2?")).remove(0);
    assert_eq!(session.receive(&commit), mirror);

    let mut pair = pair(SETTINGS, 13);
    let text = wires(&pair.sides[0].say("hello")).remove(0);
    assert_eq!(pair.sides[0].receive(&text), mirror);
    pair.say(1, "go on");
    assert_eq!(pair.texts(0), ["go on"]);
}

/// A message of one version is not read as one of the other, nor is anybody's tag taken for none.
#[test]
fn version_gate() {
    let mut three = Pair::private(SETTINGS, 14);
    let text = Message::read(&wires(&three.sides[0].say("hello"))[0]);
    assert_eq!(three.sides[1].receive(&Message { version: 2, ..text.clone() }.write()), REFUSED);
    let mut two = pair(SETTINGS, 15);
    let text = Message::read(&wires(&two.sides[0].say("hello"))[0]);
    let [sender, receiver] = [0, two.sides[1].tag().0];
    let malformed = [Output::Attention(Attention::Malformed)];
    assert_eq!(two.sides[1].receive(&Message { version: 3, sender, receiver, ..text.clone() }.write()), malformed);
    assert_eq!(two.sides[1].receive(&format!("?OTR|0|{receiver:x},1,1,{},", text.write())), malformed);
    assert!(matches!(two.sides[1].receive(&text.write())[..], [Output::Text { .. }]));
}

/// Somebody takes version 3 out of what a peer says that has spoken it.
#[test]
fn downgrade() {
    let mut pair = Pair::private(SETTINGS, 16);
    for forged in ["?OTRv2?", "hi\x20\t\x20\x20\t\t\t\t\x20\t\x20\t\x20\t\x20\x20\x20\x20\t\t\x20\x20\t\x20"] {
        assert_eq!(pair.sides[0].receive(forged).last(), REFUSED.last(), "{forged}");
    }
    assert_eq!(pair.sides[0].receive(&bob().commit(0)), REFUSED);
    pair.say(0, "still private");
    assert_eq!(pair.texts(1), ["still private"]);
    assert!(pair.sides.iter().all(|side| side.recipient().is_some_and(|(client, _)| client.version() == 3)));
    // An ended conversation was one of version 3, too; what we ask for then is not version 2.
    let outputs = pair.sides[1].end();
    pair.carry(1, outputs);
    assert_eq!(pair.sides[0].receive("?OTRv2?"), REFUSED);
}

/// However a conversation in version 3 ends, and over a resumption: none in version 2 follows.
#[test]
fn once_version_3_was_spoken() {
    for end in [
        |_: &mut Pair| (),
        |pair: &mut Pair| drop(pair.sides[0].end()),
        |pair: &mut Pair| {
            let bye = pair.sides[1].end();
            pair.carry(1, bye);
        },
    ] {
        let mut pair = Pair::private(SETTINGS, 36);
        end(&mut pair);
        let [ours, _] = &mut pair.sides;
        for _ in 0..2 {
            assert_eq!(ours.receive("?OTRv2?"), REFUSED);
            assert_eq!(ours.receive(&bob().commit(0)), REFUSED);
            let rng = Box::new(StdRng::seed_from_u64(37));
            *ours = Session::resume(&ours.suspend(), Arc::clone(&ALICE), SETTINGS, rng, Duration::ZERO).unwrap();
        }
        if !ours.is_private() {
            assert!(wires(&ours.start())[0].starts_with("?OTRv3? "));
            assert_eq!(ours.receive("?OTRv2?"), REFUSED);
        }
    }
}

/// An exchange in version 2 that began before one in version 3 was done does not go on, nor is it waited for.
#[test]
fn an_exchange_in_version_2_is_left_for_version_3() {
    let mut session = alice(38);
    let gy = Peer::read_key(&only(&session.receive(&bob().commit(0))));
    let three = Peer::new(&BOB, 0x1234);
    let (_, outputs) = three.begins(&mut session);
    assert!(matches!(outputs[..], [Output::Send(_), Output::Began { .. }]), "{outputs:?}");
    assert!(!session.is_beginning());
    assert_eq!(session.receive(&bob().reveal(0, &gy)), REFUSED);
    assert_eq!(session.private(), [(InstanceTag(0x1234), BOB.fingerprint())]);
}

/// Where the peer has ended a conversation in version 2, nobody with another key has texts go out in the clear.
#[test]
fn finished_no_clear() {
    let mut pair = pair(SETTINGS, 39);
    let bye = pair.sides[1].end();
    pair.carry(1, bye);
    let (_, outputs) = Peer::new(&common::identity(3), 0x1234).begins(&mut pair.sides[0]);
    assert!(outputs.iter().any(|output| matches!(output, Output::Began { .. })), "{outputs:?}");
    assert!(pair.sides[0].is_finished());
    assert_eq!(pair.sides[0].send("secret", "id"), Err(NotSent::NotReady));
}

/// What the peer has offered last counts, not what comes in version 2 after it.
#[test]
fn an_offer_of_version_3_stands() {
    for offer in ["?OTRv23?", "?OTRv3?", "hi\x20\t\x20\x20\t\t\t\t\x20\t\x20\t\x20\t\x20\x20\x20\x20\t\t\x20\x20\t\t"] {
        let mut session = alice(32);
        assert_eq!(only(&session.receive(offer)).version, 3, "{offer}");
        assert_eq!(session.receive(&bob().commit(0)), REFUSED, "{offer}");
        assert_eq!(session.receive("?OTR,1,2,?OTR:AAIC,"), REFUSED, "{offer}");
        assert!(wires(&session.start())[0].starts_with("?OTRv3? "), "{offer}");
        assert_eq!(session.receive("?OTR?"), REFUSED);
        assert_eq!(session.receive(&bob().commit(0)), REFUSED, "{offer}");
        let rng = Box::new(StdRng::seed_from_u64(35));
        session = Session::resume(&session.suspend(), Arc::clone(&ALICE), SETTINGS, rng, Duration::ZERO).unwrap();
        assert_eq!(session.receive(&bob().commit(0)), REFUSED, "{offer}");
        // The client that has version 3 has gone.
        assert_eq!(only(&session.receive("?OTRv2?")).version, 2, "{offer}");
        assert_eq!(only(&session.receive(&bob().key(0))).kind, REVEAL, "{offer}");
    }

    // An exchange that has begun does not end in version 2, either.
    let mut session = alice(33);
    let gy = Peer::read_key(&only(&session.receive(&bob().commit(0))));
    assert_eq!(only(&session.receive("?OTRv23?")).version, 3);
    assert_eq!(session.receive(&bob().reveal(0, &gy)), REFUSED);

    // A conversation goes on meanwhile, and is not renewed.
    let mut pair = pair(SETTINGS, 34);
    pair.say(0, "still here");
    pair.say(1, "good");
    assert_eq!(only(&pair.sides[0].receive("?OTRv23?")).version, 3);
    assert_eq!(pair.sides[0].receive(&bob().commit(0)), REFUSED);
    pair.say(1, "go on");
    assert_eq!(pair.texts(0), ["good", "go on"]);
    assert_eq!(pair.sides[0].receive("?OTRv23?"), []);
    let outputs = pair.sides[0].tick(Duration::from_secs(10));
    assert!(wires(&outputs)[0].starts_with("?OTRv3? "), "{outputs:?}");
}

/// What began in version 2 because somebody hid version 3 ends with the first offer that gets through.
#[test]
fn version_3_takes_over() {
    let mut pair = pair(SETTINGS, 17);
    let offer = wires(&pair.sides[0].start()).remove(0);
    assert!(offer.starts_with("?OTRv23?"));
    pair.sides[1].tick(Duration::from_secs(20));
    let outputs = pair.sides[1].receive(&offer);
    pair.carry(1, outputs);
    for side in &pair.sides {
        let [(client, _)] = side.private()[..] else { panic!("{:?}", side.private()) };
        assert_eq!((client.version(), side.recipient().unwrap().0), (3, client));
    }
    pair.say(0, "hello");
    assert_eq!(pair.texts(1), ["hello"]);
    assert_eq!(pair.sides[0].receive("?OTRv2?"), REFUSED);
}

/// Texts that nobody has confirmed are named when another version takes over.
#[test]
fn unread_texts_are_named() {
    let mut pair = pair(SETTINGS, 18);
    pair.sides[0].say("lost");
    let offer = wires(&pair.sides[1].start()).remove(0);
    pair.sides[0].tick(Duration::from_secs(20));
    let outputs = pair.sides[0].receive(&offer);
    pair.carry(0, outputs);
    assert!(pair.news[0].iter().any(|news| matches!(news, Output::Unread(_))), "{:?}", pair.news[0]);
}

/// Nobody can have us begin in version 2 by a message that cannot be read.
#[test]
fn unreadable() {
    let mut session = alice(19);
    let letter = Letter { plaintext: b"hello".to_vec(), ..Letter::new(&bob(), (1, 1)) };
    let outputs = session.receive(&bob().write_letter(0, &bob().public(), &letter));
    let [Output::Attention(Attention::Unreadable), Output::Send(error), Output::Send(query)] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert!(error.starts_with("?OTR Error:") && query.starts_with("?OTRv23?"));

    // A conversation that the peer has lost is renewed, in version 3 as the peer asks for that.
    let mut pair = pair(SETTINGS, 20);
    pair.sides[1] = session_of_bob(99);
    pair.say(0, "lost");
    assert_eq!(pair.sides[0].send("hello", "id"), Err(NotSent::NotReady));
    let outputs = pair.sides[0].tick(Duration::from_secs(10));
    pair.carry(0, outputs);
    pair.say(0, "hello");
    assert_eq!(pair.texts(1), ["hello"]);
}

fn session_of_bob(seed: u64) -> Session {
    session(&BOB, SETTINGS, seed)
}

#[test]
fn a_conversation_outlives_its_process() {
    let mut pair = pair(Settings { limit: Some(150), ..SETTINGS }, 21);
    let pieces = wires(&pair.sides[1].say(&"long ".repeat(100)));
    let (last, others) = pieces.split_last().unwrap();
    for piece in others {
        assert_eq!(pair.sides[0].receive(piece), []);
    }
    let rng = Box::new(StdRng::seed_from_u64(22));
    let state = pair.sides[0].suspend();
    pair.sides[0] = Session::resume(&state, Arc::clone(&ALICE), SETTINGS, rng, Duration::ZERO).unwrap();
    assert_eq!(pair.sides[0].recipient(), Some((CLIENT, BOB.fingerprint())));
    assert!(matches!(pair.sides[0].receive(last)[..], [Output::Text { .. }]));
    pair.say(0, "hello");
    assert_eq!(pair.texts(1), ["hello"]);
}

/// A state in which texts go to nobody does not have them go to the client without a tag.
#[test]
fn nobody_is_not_the_client_without_a_tag() {
    let mut pair = Pair::new(SETTINGS, 23);
    let outputs = pair.sides[0].start();
    pair.carry(0, outputs);
    let outputs = pair.sides[1].end();
    pair.carry(1, outputs);
    let state = pair.sides[0].suspend();
    let resumed =
        Session::resume(&state, Arc::clone(&ALICE), SETTINGS, Box::new(StdRng::seed_from_u64(24)), Duration::ZERO);
    assert!(!resumed.unwrap().is_private());
}

#[test]
fn it_can_be_turned_off() {
    let mut pair = pair(SETTINGS, 25);
    pair.sides[0].say("lost");
    let outputs = pair.sides[0].set_version_2(false);
    let goodbye = wires(&outputs);
    assert_eq!(Message::read(&goodbye[0]).kind, DATA);
    assert_eq!(InstanceTag::of_recipient(&goodbye[0]), Some(CLIENT));
    assert!(matches!(outputs[..], [Output::Send(_), Output::Ended(CLIENT), Output::Unread(_)]), "{outputs:?}");
    assert!(!pair.sides[0].is_private());
    assert!(matches!(pair.sides[1].receive(&goodbye[0])[..], [Output::Ended(CLIENT)]));
    assert_eq!(pair.sides[0].receive("?OTRv2?"), REFUSED);
    // Version 3 is none of its business.
    let mut three = Pair::private(SETTINGS, 26);
    assert_eq!(three.sides[0].set_version_2(false), []);
    three.say(0, "hello");
    assert_eq!(three.texts(1), ["hello"]);
}

#[test]
fn comparisons() {
    let mut pair = pair(SETTINGS, 27);
    let outputs = pair.sides[0].smp_start("cat", Some("pet?")).unwrap();
    pair.carry(0, outputs);
    let outputs = pair.sides[1].smp_answer("cat", None).unwrap();
    pair.carry(1, outputs);
    for (news, asked) in pair.news.iter().zip([true, false]) {
        let Some(Output::Smp(SmpEvent::Equal { we_asked, .. })) = news.last() else { panic!("{news:?}") };
        assert_eq!(*we_asked, asked);
    }
}

/// Of the record that only clients like this one know, nothing is said to others.
#[test]
fn nothing_tells_what_we_are() {
    let mut session = session(&ALICE, Settings { deduplicates: true, ..SETTINGS }, 29);
    let (_, outputs) = bob().begins(&mut session);
    assert!(matches!(outputs[..], [Output::Send(_), Output::Began { .. }]), "{outputs:?}");
}

/// A client of version 3 and one of version 2 on one account.
#[test]
fn beside_version_3() {
    let mut ours = alice(30);
    let mut theirs = session_of_bob(31);
    let query = wires(&ours.start());
    let commit_2 = bob().commit(0);
    converse(&mut theirs, &mut ours, query);
    assert!(ours.is_private());
    assert_eq!(ours.receive(&commit_2), REFUSED);
    assert_eq!(ours.recipient().unwrap().0, theirs.tag());
}
