//! Traps 18 to 35: the key exchange, mostly against a peer made by hand. Names are the traps'.
//!
//! Seen elsewhere, or only in part here:
//! - 23 `group_check`: of SMP's elements in `session/smp/tests.rs`; the bounds themselves in `crypto/group.rs`.
//! - 24 `gx_hash`: that the comparison takes the same time cannot be seen from outside; `constant_time.rs` measures.
//! - 29 `secbytes_min_mpi`: also met by chance in a thousand exchanges with libotr (`peers/libotr.rs`).
//! - 31 `same_key_rerun`: here no ratchet is kept, since our key is a new one in each exchange, so the pair never is the
//!   same. What is left of the trap: nothing is encrypted under one key stream twice, and the talk goes on.
//! - 33 `ake_multi_client`: two clients with one key, one after the other: `adversity.rs`.
//!
//! Of the known vulnerabilities:
//! - CVE-2015-8833 (a comparison answered after the end): `smp_answered_after_the_end`.
//! - A second exchange after `end()` that is refused (otrr): `exchange_after_end`.
//! - Leading zeros dropped from keys (potr): `secbytes_min_mpi`; its growing list of MAC keys: `traps_data.rs`.

mod by_hand;
mod common;

use std::time::Duration;

use by_hand::{COMMIT, Flaw, KEY, Message, Peer, REVEAL, only, p};
use common::{ALICE, BOB, Pair, Say as _, converse, identity, session, wires};
use flashpaper_otr::{Attention, InstanceTag, Output, Session, Settings};
use num_bigint::BigUint;

const TAG: u32 = 0x1234;

fn alice(seed: u64) -> Session {
    session(&ALICE, Settings::default(), seed)
}

fn bob() -> Peer {
    Peer::new(&BOB, TAG)
}

fn has_begun(outputs: &[Output]) -> bool {
    outputs.iter().any(|output| matches!(output, Output::Began { .. }))
}

/// Both ways to hand a peer's signature to a session: each is refused with this flaw, and nothing is lost by it.
fn is_refused(flaw: Flaw) {
    let (good, bad) = (bob(), bob().with_flaw(flaw));
    let mut session = alice(1);
    let tag = session.tag().0;
    let gy = Peer::read_key(&only(&session.receive(&good.commit(tag))));
    assert_eq!(session.receive(&bad.reveal(tag, &gy)), [], "{flaw:?} in a Reveal Signature Message");
    assert!(has_begun(&session.receive(&good.reveal(tag, &gy))));

    let mut session = alice(2);
    let commit = only(&session.receive("?OTRv3?"));
    let reveal = only(&session.receive(&good.key(tag_of(&session))));
    let (gx, _) = good.read_reveal(&commit, &reveal);
    assert_eq!(session.receive(&bad.signature(tag_of(&session), &gx)), [], "{flaw:?} in a Signature Message");
    assert!(has_begun(&session.receive(&good.signature(tag_of(&session), &gx))));
}

fn tag_of(session: &Session) -> u32 {
    session.tag().0
}

#[test]
fn an_exchange_by_the_letter_of_the_spec() {
    let mut session = alice(3);
    let (gy, outputs) = bob().begins(&mut session);
    assert_eq!(bob().read_signature(&only(&outputs), &gy), ALICE.fingerprint().0);
    let news = Output::Began {
        with: InstanceTag(TAG),
        fingerprint: BOB.fingerprint(),
        ssid: bob().ssid(&gy),
        first_half_is_ours: false,
        renewed: false,
    };
    assert!(outputs.contains(&news));

    let mut session = alice(4);
    let (gx, outputs) = bob().answers(&mut session);
    let Output::Began { ssid, first_half_is_ours: true, .. } = outputs[0] else { panic!("{outputs:?}") };
    assert_eq!(ssid, bob().ssid(&gx));
    assert_eq!(bob().read_data(&only(&session.say("hello")), &gx), "hello");
}

#[test]
fn commit_collision() {
    // Bytes after the first must not turn the comparison round.
    for (first, rest, ours_wins) in [(-1, 0xff, true), (1, 0, false)] {
        let mut session = alice(180);
        let ours = only(&session.receive("?OTRv3?"));
        let mut theirs = Message::read(&bob().commit(0));
        let hash = ours.payload.len() - 32;
        let (_, their_hash) = theirs.payload.split_at_mut(hash);
        their_hash.fill(rest);
        their_hash[0] = ours.payload[hash].checked_add_signed(first).unwrap();
        let answer = only(&session.receive(&theirs.write()));
        assert_eq!(answer.receiver, TAG);
        if ours_wins {
            // The same commit again; it is still the one that is meant.
            assert_eq!((answer.kind, &answer.payload), (COMMIT, &ours.payload));
            assert_eq!(only(&session.receive(&bob().key(tag_of(&session)))).kind, REVEAL);
        } else {
            assert_eq!(answer.kind, KEY);
            assert_eq!(session.receive(&bob().key(tag_of(&session))), []);
        }
    }
    // Between two sessions exactly one wins, in either order.
    for seed in 0..10 {
        let mut sides = [alice(1000 + seed), session(&BOB, Settings::default(), 2000 + seed)];
        let commits = sides.each_mut().map(|side| only(&side.receive("?OTRv3?")));
        let [first, second] = &commits;
        let kinds = [sides[0].receive(&second.write()), sides[1].receive(&first.write())].map(|o| only(&o).kind);
        let first_wins = first.payload[first.payload.len() - 32..] > second.payload[second.payload.len() - 32..];
        assert_eq!(kinds, if first_wins { [COMMIT, KEY] } else { [KEY, COMMIT] });
    }
}

#[test]
fn commit_in_revealsig() {
    let mut session = alice(190);
    let tag = tag_of(&session);
    let other = bob().with_keyid(2);
    let key = only(&session.receive(&bob().commit(tag)));
    assert_eq!(only(&session.receive(&other.commit(tag))), key, "another key");
    let gy = Peer::read_key(&key);
    assert_eq!(session.receive(&bob().reveal(tag, &gy)), [], "the commit from before");
    assert!(has_begun(&session.receive(&other.reveal(tag, &gy))));
}

#[test]
fn commit_in_sig() {
    let mut session = alice(200);
    let tag = tag_of(&session);
    let commit = only(&session.receive("?OTRv3?"));
    let reveal = only(&session.receive(&bob().key(tag)));
    let (gx, _) = bob().read_reveal(&commit, &reveal);
    let gy = Peer::read_key(&only(&session.receive(&bob().commit(tag))));
    assert_ne!(gy, gx, "the key of the exchange before");
    assert_eq!(session.receive(&bob().signature(tag, &gx)), [], "the exchange before");
    assert!(has_begun(&session.receive(&bob().reveal(tag, &gy))));
}

#[test]
fn dhkey_dup() {
    let mut session = alice(210);
    let tag = tag_of(&session);
    let commit = only(&session.receive("?OTRv3?"));
    let reveal = session.receive(&bob().key(tag));
    assert_eq!(session.receive(&bob().key(tag)), reveal);
    assert_eq!(session.receive(&bob().with_keyid(2).key(tag)), []);
    let (gx, _) = bob().read_reveal(&commit, &only(&reveal));
    assert!(has_begun(&session.receive(&bob().signature(tag, &gx))));
}

#[test]
fn ake_wrong_state() {
    // Messages of an exchange that the peer has with somebody else.
    let mut other = alice(221);
    let gy = Peer::read_key(&only(&other.receive(&bob().commit(tag_of(&other)))));
    let strange = |session: &Session| {
        let tag = tag_of(session);
        [bob().key(tag), bob().reveal(tag, &gy), bob().signature(tag, &gy)]
    };

    // Nothing is under way.
    let mut session = alice(222);
    for message in strange(&session) {
        assert_eq!(session.receive(&message), []);
    }
    // A D-H Key Message is awaited.
    let commit = only(&session.receive("?OTRv3?"));
    let [key, reveal, signature] = strange(&session);
    assert_eq!([session.receive(&reveal), session.receive(&signature)], [[], []]);
    // A Signature Message is awaited.
    let sent = only(&session.receive(&key));
    assert_eq!([session.receive(&reveal), session.receive(&signature)], [[], []]);
    let (gx, _) = bob().read_reveal(&commit, &sent);
    assert!(has_begun(&session.receive(&bob().signature(tag_of(&session), &gx))));

    // A private conversation is there: neither it nor the exchange that it came from is disturbed.
    for message in [&key, &reveal, &signature, &bob().signature(tag_of(&session), &gx)] {
        assert_eq!(session.receive(message), []);
    }
    assert_eq!(session.deadline(), Some(Duration::from_secs(10)), "only the commit to all is left");
    assert_eq!(bob().read_data(&only(&session.say("is it?")), &gx), "is it?");
    let text = bob().data(tag_of(&session), &gx, 1, &bob().public(), "undisturbed");
    assert!(matches!(&session.receive(&text)[..], [Output::Text { text, .. }] if text == "undisturbed"));

    // A Reveal Signature Message is awaited, while the conversation goes on.
    let gy = Peer::read_key(&only(&session.receive(&bob().commit(tag_of(&session)))));
    for message in [&key, &reveal, &signature] {
        assert_eq!(session.receive(message), []);
    }
    let text = bob().data(tag_of(&session), &gx, 2, &bob().public(), "still");
    assert!(matches!(session.receive(&text)[..], [Output::Text { .. }]));
    let right = bob().reveal(tag_of(&session), &gy);
    assert!(has_begun(&session.receive(&right)));
    assert_eq!(session.receive(&right), [], "it comes twice");
}

#[test]
fn group_check() {
    let one = BigUint::from(1u8);
    let bad = [BigUint::ZERO, one.clone(), p() - 1u8, p(), p() + 1u8, p() + 2u8, (one << 1536) - 1u8];
    let good = [BigUint::from(2u8), p() - 2u8];
    for (number, is_good) in bad.iter().map(|n| (n, false)).chain(good.iter().map(|n| (n, true))) {
        // g^y, in a D-H Key Message.
        let mut session = alice(230);
        session.receive("?OTRv3?");
        let key = bob().message(KEY, tag_of(&session), by_hand::write_data(&number.to_bytes_be()));
        let outputs = session.receive(&key);
        assert_eq!(!outputs.contains(&Output::Attention(Attention::Malformed)), is_good, "g^y {number}");
        assert_eq!(wires(&outputs).len(), usize::from(is_good));

        // g^x, in a commit. The peer knows what the secret may be for 0, 1, -1, and for g and -g.
        let mut session = alice(231);
        let tag = tag_of(&session);
        let gy = Peer::read_key(&only(&session.receive(&bob().commit_to(tag, number))));
        let secrets = [BigUint::ZERO, BigUint::from(1u8), p() - 1u8, gy.clone(), p() - &gy];
        let reveals = secrets.iter().map(|secret| session.receive(&bob().reveal_with(tag, number, &gy, secret)));
        assert_eq!(reveals.filter(|outputs| has_begun(outputs)).count(), usize::from(is_good), "g^x {number}");

        // The next key, in a data message.
        let mut session = alice(232);
        let (gy, _) = bob().begins(&mut session);
        let outputs = session.receive(&bob().data(tag_of(&session), &gy, 1, number, "text"));
        let is_read = outputs.iter().any(|output| matches!(output, Output::Text { .. }));
        assert_eq!(is_read, is_good, "next key {number}");
        let after = session.receive(&bob().data(tag_of(&session), &gy, 2, &bob().public(), "text"));
        assert!(matches!(after[..], [Output::Text { .. }]), "{after:?}");
    }
}

#[test]
fn gx_hash() {
    let mut session = alice(240);
    let tag = tag_of(&session);
    let bad = bob().with_flaw(Flaw::HashWithoutLength);
    let gy = Peer::read_key(&only(&session.receive(&bad.commit(tag))));
    assert_eq!(session.receive(&bob().reveal(tag, &gy)), [], "a hash without the length");
    // One bit of the hash, at either end.
    for at in [31, 0] {
        let mut commit = Message::read(&bob().commit(tag));
        let hash = commit.payload.len() - 32;
        commit.payload[hash + at] ^= 1;
        session.receive(&commit.write());
        assert_eq!(session.receive(&bob().reveal(tag, &gy)), [], "byte {at}");
    }
    session.receive(&bob().commit(tag));
    assert!(has_begun(&session.receive(&bob().reveal(tag, &gy))));
}

#[test]
fn ctr_zero() {
    // c and c'.
    is_refused(Flaw::CounterOne);
    // r.
    let mut session = alice(250);
    let tag = tag_of(&session);
    let gy = Peer::read_key(&only(&session.receive(&bob().with_flaw(Flaw::CounterOne).commit(tag))));
    assert_eq!(session.receive(&bob().reveal(tag, &gy)), []);
}

#[test]
fn m_mod_q() {
    is_refused(Flaw::TruncatedM);
    is_refused(Flaw::HashedM);
}

#[test]
fn mac160() {
    is_refused(Flaw::MacWithoutLength);
    is_refused(Flaw::MacFromTheEnd);
}

#[test]
fn key_roles() {
    is_refused(Flaw::KeysOfOtherMessage);
    is_refused(Flaw::OtherOrder);
}

/// A shared secret, g^x or g^y may be shorter than 192 bytes, once in 256 times each.
#[test]
fn secbytes_min_mpi() {
    let is_short = |number: &BigUint| number.bits() <= 1528;
    // The secret: the session sends one key in answer to all commits, so that the peer can look for the x that fits.
    let mut session = alice(290);
    let tag = tag_of(&session);
    let gy = Peer::read_key(&only(&session.receive(&bob().commit(tag))));
    let (mut peer, mut secret) = (bob(), bob().secret(&gy));
    while !is_short(&secret) {
        peer.x += 1u8;
        secret = secret * &gy % p();
    }
    session.receive(&peer.commit(tag));
    assert_eq!(session.receive(&peer.with_flaw(Flaw::PaddedSecret).reveal(tag, &gy)), [], "hashed with its zeros");
    let outputs = session.receive(&peer.reveal(tag, &gy));
    assert_eq!(peer.read_signature(&only(&outputs), &gy), ALICE.fingerprint().0);
    assert!(matches!(outputs[1], Output::Began { ssid, .. } if ssid == peer.ssid(&gy)));
    // The keys of texts come from the same bytes.
    assert_eq!(peer.read_data(&only(&session.say("short")), &gy), "short");
    let text = peer.data(tag, &gy, 1, &peer.public(), "too");
    assert!(matches!(session.receive(&text)[..], [Output::Text { .. }]));

    // The peer's key.
    let mut peer = bob();
    let mut gx = peer.public();
    while !is_short(&gx) {
        peer.x += 1u8;
        gx = gx * 2u8 % p();
    }
    assert!(has_begun(&peer.begins(&mut alice(291)).1) && has_begun(&peer.answers(&mut alice(292)).1));

    // The session's.
    let (mut session, gy) = (0..)
        .map(|seed| {
            let mut session = alice(29_000 + seed);
            let gy = Peer::read_key(&only(&session.receive(&bob().commit(tag_of(&session)))));
            (session, gy)
        })
        .find(|(_, gy)| is_short(gy))
        .unwrap();
    assert!(has_begun(&session.receive(&bob().reveal(tag_of(&session), &gy))));
    assert_eq!(bob().read_data(&only(&session.say("short")), &gy), "short");
}

#[test]
fn keyid_nonzero() {
    is_refused(Flaw::KeyidZero);
}

#[test]
fn same_key_rerun() {
    let mut session = alice(310);
    let tag = tag_of(&session);
    let mut before: Option<(BigUint, Message)> = None;
    for round in 0..3 {
        let (gy, outputs) = bob().begins(&mut session);
        assert!(outputs.iter().any(|o| matches!(o, Output::Began { renewed, .. } if *renewed == (round > 0))));
        let unread = outputs.iter().any(|output| matches!(output, Output::Unread(_)));
        let texts: Vec<_> = wires(&session.say("text")).iter().map(|wire| Message::read(wire)).collect();
        assert_eq!(bob().read_data(&texts[0], &gy), "text");
        if let Some((gy_before, text_before)) = &before {
            assert!(unread, "the text that nobody had answered is named");
            assert_ne!(*gy_before, gy, "the same pair of keys");
            let encrypted = |message: &Message| message.payload[message.payload.len() - 100..].to_vec();
            assert_ne!(encrypted(text_before), encrypted(&texts[0]), "the same key stream");
            // What was on the way under the keys before is read.
            let late = bob().data(tag, gy_before, 1, &bob().public(), "late");
            assert!(matches!(session.receive(&late)[..], [Output::Text { .. }]));
        }
        before = Some((gy, texts[0].clone()));
    }
}

#[test]
fn ssid_half() {
    for starter in 0..2 {
        let mut pair = Pair::new(Settings::default(), 320);
        // Who is asked commits, and so sends the Reveal Signature Message.
        let query = pair.sides[starter].start();
        pair.carry(starter, query);
        let began = pair.news.each_ref().map(|news| {
            let Some(Output::Began { ssid, first_half_is_ours, .. }) = news.first() else { panic!("{news:?}") };
            (*ssid, *first_half_is_ours)
        });
        assert_eq!(began[0].0, began[1].0);
        assert_eq!(began.map(|(_, first)| first), [starter == 1, starter == 0]);
    }
}

#[test]
fn ake_multi_client() {
    let mut session = alice(330);
    let tag = tag_of(&session);
    let commit = only(&session.receive("?OTRv3?"));
    assert_eq!(commit.receiver, 0);
    // Two clients, of two people even, answer step by step.
    let peers = [bob(), Peer::new(&identity(3), 0x5678)];
    let reveals = peers.each_ref().map(|peer| only(&session.receive(&peer.key(tag))));
    assert_eq!(reveals.each_ref().map(|reveal| reveal.receiver), [TAG, 0x5678]);
    let gx = [0, 1].map(|i| peers[i].read_reveal(&commit, &reveals[i]).0);
    for (peer, gx) in peers.iter().zip(&gx).rev() {
        assert!(has_begun(&session.receive(&peer.signature(tag, gx))));
    }
    // A commit of the one does not disturb the other either.
    assert_eq!(only(&session.receive(&peers[0].commit(tag))).receiver, TAG);
    for (peer, gx) in peers.iter().zip(&gx) {
        session.select(InstanceTag(peer.tag)).unwrap();
        assert_eq!(peer.read_data(&only(&session.say("and you")), gx), "and you");
        let outputs = session.receive(&peer.data(tag, gx, 1, &peer.public(), "hello"));
        assert!(matches!(outputs[..], [Output::Text { from, .. }] if from.0 == peer.tag), "{outputs:?}");
    }
}

/// Each message of an exchange is lost once: the next exchange goes through, at once and after a while, begun by either side.
#[test]
fn ake_timeout() {
    for (lost, who, seconds) in (0..5).flat_map(|lost| [(lost, 0, 0), (lost, 1, 0), (lost, 0, 61), (lost, 1, 61)]) {
        let mut pair = Pair::new(Settings::default(), 340);
        let (mut from, mut message) = (0, wires(&pair.sides[0].start()));
        for _ in 0..lost {
            from = 1 - from;
            message = wires(&pair.sides[from].receive(&message[0]));
        }
        assert_eq!(message.len(), 1, "there is a message to lose");
        for side in 0..2 {
            let outputs = pair.sides[side].tick(Duration::from_secs(seconds));
            pair.carry(side, outputs);
        }
        let start = pair.sides[who].start();
        pair.carry(who, start);
        pair.news = [vec![], vec![]];
        for side in 0..2 {
            pair.say(side, "hello");
            assert_eq!(pair.texts(1 - side).last(), Some(&"hello"), "{lost} lost, {who} begins after {seconds} s");
        }
    }
    // What is never answered leaves nothing behind.
    let mut session = alice(341);
    session.receive("?OTRv3?");
    session.receive(&bob().key(tag_of(&session)));
    let mut times = 0;
    while let Some(at) = session.deadline() {
        session.tick(at);
        times += 1;
        assert!(times < 10 && at <= Duration::from_secs(60));
    }
}

#[test]
fn own_key_mirror() {
    let mirror = [Output::Attention(Attention::Mirror)];
    // Our long-term key, in both messages that have one.
    let twin = Peer::new(&ALICE, TAG);
    for outputs in [twin.begins(&mut alice(350)).1, twin.answers(&mut alice(351)).1] {
        assert_eq!(outputs, mirror);
    }
    // Our g^y as the peer's g^x: it comes again in answer to the second commit.
    let mut session = alice(352);
    let tag = tag_of(&session);
    let gy = Peer::read_key(&only(&session.receive(&bob().commit(tag))));
    session.receive(&bob().commit_to(tag, &gy));
    assert_eq!(session.receive(&bob().reveal_with(tag, &gy, &gy, &gy)), mirror);
    // Our g^x as the peer's g^y: a session with the same random numbers tells what it is.
    let (commit, reveal) = {
        let mut same = alice(353);
        (only(&same.receive("?OTRv3?")), only(&same.receive(&bob().key(tag_of(&same)))))
    };
    let (gx, _) = bob().read_reveal(&commit, &reveal);
    let mut session = alice(353);
    session.receive("?OTRv3?");
    let key = bob().message(KEY, tag_of(&session), by_hand::write_data(&gx.to_bytes_be()));
    assert_eq!(session.receive(&key), mirror);
    // Our commit itself, under another's tag.
    let reflected = Message { sender: TAG, ..commit };
    assert_eq!(session.receive(&reflected.write()), mirror);
    assert!(!session.is_private());
    assert_eq!(only(&session.receive(&bob().key(tag_of(&session)))).kind, REVEAL, "the peer itself is not shut out");
}

// Known vulnerabilities of others.

#[test]
fn smp_answered_after_the_end() {
    for ender in 0..2 {
        let mut pair = Pair::private(Settings::default(), 360);
        let ask = pair.sides[0].smp_start("secret", Some("pet?")).unwrap();
        pair.carry(0, ask);
        let bye = pair.sides[ender].end();
        pair.carry(ender, bye);
        assert!(pair.sides[1].smp_answer("secret", None).is_err());
        assert!(pair.sides.iter_mut().all(|side| side.smp_abort(None).is_err()));
        // The next conversation knows nothing of it.
        let start = pair.sides[0].start();
        pair.carry(0, start);
        assert!(pair.sides[1].smp_answer("secret", None).is_err());
    }
}

#[test]
fn exchange_after_end() {
    let mut sides = [alice(370), session(&BOB, Settings::default(), 371)];
    for round in 0..100 {
        let [first, second] = &mut sides;
        let (one, other) = if round % 2 == 0 { (first, second) } else { (second, first) };
        let query = wires(&one.start());
        converse(other, one, query);
        assert!(one.is_private() && other.is_private(), "{round}");
        let text = wires(&one.say("hello"));
        assert!(matches!(converse(other, one, text)[..], [Output::Text { .. }]));
        let bye = wires(&if round % 3 == 0 { other.end() } else { one.end() });
        let (to, from) = if round % 3 == 0 { (one, other) } else { (other, one) };
        assert!(matches!(converse(to, from, bye)[..], [Output::Ended(_), ..]));
    }
}
