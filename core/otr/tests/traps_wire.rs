//! Traps 1 to 17: encoding, parsing and fragments, through [`Session::receive`]. Names are the traps'.
//!
//! Seen elsewhere, or only in part here:
//! - 2 `mpi_len_hostile`: nothing is allocated for a length, since `codec::Reader` only cuts slices (`wire/codec.rs`).
//! - 6 `error_prefix`: that an error is no answer to an error is `unreadable_reply` in `traps_data.rs`.
//! - 15 `frag_cap`: the bounds in bytes and pieces, per instance and in total: `wire/fragment.rs`.
//! - 17 `frag_size_exact`: every limit and too many pieces: `wire/fragment.rs`; what is too long: `adversity.rs`.
//!
//! Of the known vulnerabilities:
//! - CVE-2012-3461: `base64_hostile`. CVE-2016-2851: `mpi_len_hostile`.
//! - Lax parsing of fragments (libotr): `frag_bad_kn` and `tag_rules`. Fragments without bound: `frag_cap`.
//! - A crash by a crafted message (Go's otr3): `crafted_messages`, and the fuzz targets.
//! - Tags above 0x11111111 (otr4j): `tag_rules` and `tag_persist`. Version rollback: `version_gate`.
//! - CVE-2012-2369 (a text as a format string) does not apply: no text is a format here. Nor does the free() of an
//!   uninitialised pointer. That 1536 and 1024 bits are few is version 3's, and said in `lib.rs`.
//! - The others are in `traps_ake.rs`.

mod by_hand;
mod common;

use std::sync::Arc;
use std::time::Duration;

use by_hand::{COMMIT, DATA, Flaw, KEY, Message, Peer, REVEAL, SIGNATURE, armor, only};
use common::{ALICE, BOB, Pair, Say as _, converse, identity, session, wires};
use flashpaper_otr::{Attention, InstanceTag, Output, Session, Settings};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

const TAG: u32 = 0x1234;
const MALFORMED: [Output; 1] = [Output::Attention(Attention::Malformed)];
const UNREADABLE: Output = Output::Attention(Attention::Unreadable);
const OTHER_VERSION: [Output; 1] = [Output::Attention(Attention::OtherVersion)];

fn alice(seed: u64) -> Session {
    session(&ALICE, Settings::default(), seed)
}

fn bob() -> Peer {
    Peer::new(&BOB, TAG)
}

/// Whether a text of the peer's is read by `session`, and one of the session's by the peer.
fn still_talk(pair: &mut Pair) {
    pair.news = [vec![], vec![]];
    for side in 0..2 {
        pair.say(side, "still there?");
        assert_eq!(pair.texts(1 - side), ["still there?"]);
    }
}

/// The messages of an exchange and a text, each with the session that awaits it.
fn each_awaited(mut visit: impl FnMut(&mut Session, &Message)) {
    let (mut alice, mut bob) = (alice(10), session(&BOB, Settings::default(), 11));
    let commit = only(&alice.receive("?OTRv3?"));
    visit(&mut bob, &commit);
    let key = only(&bob.receive(&commit.write()));
    visit(&mut alice, &key);
    let reveal = only(&alice.receive(&key.write()));
    visit(&mut bob, &reveal);
    let signature = only(&bob.receive(&reveal.write()));
    visit(&mut alice, &signature);
    assert!(matches!(alice.receive(&signature.write())[..], [Output::Began { .. }]));
    let text = only(&alice.say("text"));
    visit(&mut bob, &text);
    assert!(matches!(bob.receive(&text.write())[..], [Output::Text { .. }]));
}

fn has_effect(outputs: &[Output]) -> bool {
    outputs.iter().any(|output| matches!(output, Output::Began { .. } | Output::Text { .. }))
}

#[test]
fn mpi_minimal() {
    // With zeros before every number: each is read, and what is hashed and signed is the least form.
    // 188 are as many as there can be: an encrypted number may be twice as long as the prime.
    let mut peer = bob();
    assert_eq!(peer.public().bits().div_ceil(8), 192);
    for (begins, zeros) in [(true, 1), (false, 1), (true, 188), (false, 188)] {
        peer.zeros = zeros;
        let mut session = alice(12);
        let (theirs, outputs) = if begins { peer.begins(&mut session) } else { peer.answers(&mut session) };
        let bobs = |o: &Output| matches!(o, Output::Began { fingerprint, .. } if *fingerprint == BOB.fingerprint());
        assert!(outputs.iter().any(bobs), "begins: {begins}, {zeros} zeros");
        let text = peer.data(session.tag().0, &theirs, 1, &peer.public(), "text");
        assert!(matches!(session.receive(&text)[..], [Output::Text { .. }]));
    }
}

#[test]
fn mpi_len_hostile() {
    each_awaited(|session, message| {
        // How many bytes come before each length, behind the field before it.
        let gaps: &[usize] = match message.kind {
            COMMIT | REVEAL => &[0, 0],
            DATA => &[9, 8, 20],
            _ => &[0],
        };
        let mut at = 0;
        for gap in gaps {
            at += gap;
            let length = u32::from_be_bytes(*message.payload[at..].first_chunk().unwrap());
            let left = u32::try_from(message.payload.len() - at - 4).unwrap();
            for hostile in [left + 1, (1 << 31) - 1, 1 << 31, u32::MAX - 3, u32::MAX] {
                let mut message = message.clone();
                message.payload[at..at + 4].copy_from_slice(&hostile.to_be_bytes());
                assert_eq!(session.receive(&message.write()), MALFORMED, "{} at {at}", message.kind);
            }
            at += 4 + length as usize;
        }
    });
    // Inside of what is encrypted.
    let mut session = alice(20);
    let tag = session.tag().0;
    let gy = Peer::read_key(&only(&session.receive(&bob().commit(tag))));
    assert_eq!(session.receive(&bob().with_flaw(Flaw::HostileLength).reveal(tag, &gy)), []);
}

#[test]
fn crafted_messages() {
    each_awaited(|session, message| {
        let wire = message.write();
        // Cut off anywhere, on the wire and inside; longer than it should be.
        for end in 0..wire.len() {
            let outputs = session.receive(&wire[..end]);
            assert!(wires(&outputs).is_empty() && !has_effect(&outputs));
        }
        for end in 0..message.payload.len() {
            let cut = Message { payload: message.payload[..end].to_vec(), ..message.clone() };
            assert_eq!(session.receive(&cut.write()), MALFORMED, "{} at {end}", message.kind);
        }
        let longer = Message { payload: [&message.payload[..], &[0]].concat(), ..message.clone() };
        assert_eq!(session.receive(&longer.write()), MALFORMED);
        // One bit changed, but for the tags. A commit may be any bytes, and a key any number, until they are vouched for.
        for at in (0..message.payload.len()).filter(|_| ![COMMIT, KEY].contains(&message.kind)) {
            let mut changed = message.clone();
            changed.payload[at] ^= 1 << (at % 8);
            let outputs = session.receive(&changed.write());
            assert!(!has_effect(&outputs), "{} at {at}", message.kind);
        }
    });
}

#[test]
fn base64_hostile() {
    let mut pair = Pair::private(Settings::default(), 30);
    for body in [
        "===.",
        ".",
        "A.",
        "AA=.",
        "AAM=",
        "AAMC",
        "",
        "A A M C.",
        "AAM\nC.",
        "AAMC\r\n.",
        "AAMCä.",
        "AAMC-_.",
        "=AAM.",
        "\0.",
    ] {
        assert_eq!(pair.sides[0].receive(&format!("?OTR:{body}")), MALFORMED, "{body:?}");
        // Inside a text it is no message at all.
        let text = format!("look: ?OTR:{body}");
        let outputs = pair.sides[0].receive(&text);
        assert!(
            wires(&outputs).is_empty()
                && matches!(outputs[..], [Output::PlainText(_) | Output::Attention(Attention::Malformed)]),
            "{body:?} {outputs:?}"
        );
    }
    let long = pair.sides[0].receive(&format!("?OTR:{}.", "=".repeat(1_000_000)));
    assert_eq!(long, MALFORMED);
    still_talk(&mut pair);
    // What comes before the mark and after the dot is no part of a message.
    let text = wires(&pair.sides[1].say("text")).remove(0);
    assert!(
        matches!(&pair.sides[0].receive(&format!("<b>{text}</b> ..."))[..], [Output::Text { text, .. }] if text == "text")
    );
}

/// What a phone sends that quotes what it could not read, and what is written behind a message by hand, is shown.
#[test]
fn words_beside_a_message() {
    let mut pair = Pair::private(Settings::default(), 30);
    let [ours, theirs] = &mut pair.sides;
    let [our_tag, their_tag] = [ours.tag().0, theirs.tag().0];
    let (own, read) = (wires(&ours.say("own")).remove(0), wires(&theirs.say("read")).remove(0));
    let piece = format!("?OTR|{our_tag:x}|{their_tag:x},1,3,{},", "x".repeat(80));
    let plain = |words: &str| Output::PlainText(words.to_owned());
    let mirror = Output::Attention(Attention::Mirror);
    for (words, more) in [
        (format!("> {own}\nwhat is this?"), vec![mirror.clone()]),
        (format!("{own} what is this?"), vec![mirror.clone()]),
        (format!("{own}\n\u{1f914}"), vec![mirror.clone()]),
        (format!("<p>{own}</p>what?"), vec![mirror.clone()]),
        (format!("> {piece}\nwhat?"), vec![]),
        (format!("{piece} what?"), vec![mirror]),
        ("see ?OTR|100|0,1,2,a,".to_owned(), vec![]),
        ("see ?OTR,1,2,a,".to_owned(), vec![]),
        ("?OTR: what is that?".to_owned(), vec![]),
        ("?OTR:that. hello".to_owned(), OTHER_VERSION.to_vec()),
        ("is it ?OTR:that. hello".to_owned(), vec![]),
        ("?OTR? what is that?".to_owned(), vec![]),
        ("?OTRvoucher: use it today, not on the 3rd".to_owned(), vec![]),
    ] {
        assert_eq!(ours.receive(&words), [vec![plain(&words)], more].concat(), "{words}");
    }
    // Read, and shown.
    let words = format!("look at <b>{read}</b>");
    let outputs = ours.receive(&words);
    assert!(matches!(&outputs[..], [first, Output::Text { text, .. }] if *first == plain(&words) && text == "read"));
}

#[test]
fn query_forms() {
    for (query, offers) in [
        ("?OTRv3?", true),
        ("?OTRv23?", true),
        ("?OTRv32?", true),
        ("?OTR?v3?", true),
        ("?OTR?v23?", true),
        ("?OTRv3x?", true),
        ("?OTRv3", true),
        ("?OTRv23 Bob wants a private talk", true),
        ("?OTR?", false),
        ("?OTRv2?", false),
        ("?OTR?v2?", false),
        ("?OTRv24x?", false),
        ("?OTR?v24x?", false),
        ("?OTR?v?", false),
        ("?OTRv?", false),
        ("?OTRv? 3", false),
    ] {
        let outputs = alice(40).receive(query);
        if offers {
            assert!(matches!(&outputs[..], [Output::Send(wire)] if wire.starts_with("?OTR:AAMC")), "{query}");
        } else {
            assert_eq!(outputs, OTHER_VERSION, "{query}");
        }
        // In the middle of HTML: it may also be a text about queries, and is shown.
        let html = format!("<span title=\"{query}\">hello");
        let outputs = alice(41).receive(&html);
        assert_eq!(outputs[0], Output::PlainText(html));
        assert_eq!(wires(&outputs).len(), usize::from(offers), "{query}");
    }
    for text in ["?OTR", "?OTR v3?", "OTRv3?", "?otrv3?", "?OTRx3?", "??OT?Rv3?"] {
        assert_eq!(alice(43).receive(text), [Output::PlainText(text.to_owned())]);
    }
    // Ours offers version 3 only.
    let query = wires(&alice(44).start()).remove(0);
    assert!(query.starts_with("?OTRv3?"));
    assert_eq!(query.matches("?OTR").count(), 1);
}

#[test]
fn ws_tag_anywhere() {
    const TAG: &str = " \t  \t\t\t\t \t \t \t  ";
    const V1: &str = " \t \t  \t ";
    const V2: &str = "  \t\t  \t ";
    const V3: &str = "  \t\t  \t\t";
    let plain = |text: &str| Output::PlainText(text.to_owned());
    for (before, after) in
        [("", ""), ("hello", ""), ("", "hello"), ("hel", "lo"), (" \t a", "b  \t "), ("two\n", " \t")]
    {
        // A tag alone is no text.
        let shown: Vec<Output> =
            Some(format!("{before}{after}")).filter(|text| !text.is_empty()).iter().map(|text| plain(text)).collect();
        for versions in [vec![V3], vec![V2, V3], vec![V1, V2, V3], vec![V1, V3], vec![V3, V2]] {
            let text = format!("{before}{TAG}{}{after}", versions.concat());
            let outputs = alice(50).receive(&text);
            assert!(outputs.starts_with(&shown) && only(&outputs).kind == COMMIT, "{text:?}");
            assert_eq!(outputs.len(), shown.len() + 1, "{text:?}");
        }
        let older = format!("{before}{TAG}{V1}{V2}{after}");
        assert_eq!(alice(52).receive(&older), [shown, vec![Output::Attention(Attention::OtherVersion)]].concat());
    }
    // Blanks that are no tag stay.
    for text in [TAG.to_owned(), format!("a{TAG}b"), format!("a {V3}{V2} b"), " \t ".to_owned()] {
        assert_eq!(alice(53).receive(&text), [plain(&text)]);
    }
}

#[test]
fn error_prefix() {
    let words = "<img src=x onerror=alert(1)> %n%s ?OTR:AAMC.";
    for before in ["", "Oh: "] {
        let mut session = alice(60);
        let outputs = session.receive(&format!("{before}?OTR Error: {words}"));
        assert!(outputs.contains(&Output::Attention(Attention::PeerError(words.to_owned()))), "as it came");
        assert!(!format!("{outputs:?}").contains("onerror"));
        assert_eq!(only(&outputs).kind, COMMIT, "an exchange, and no error of ours");
        // A flood of them begins nothing more for ten seconds, then one.
        for seconds in 0..30 {
            let ticked = session.tick(Duration::from_secs(seconds));
            let sent = wires(&ticked).len() + wires(&session.receive("?OTR Error: again")).len();
            assert_eq!(sent, usize::from(seconds > 0 && seconds % 10 == 0), "{seconds}");
        }
    }
}

#[test]
fn version_gate() {
    let mut pair = Pair::private(Settings::default(), 70);
    let tags = [&TAG.to_be_bytes()[..], &pair.sides[0].tag().0.to_be_bytes()].concat();
    let ours = Message::read(&bob().commit(pair.sides[0].tag().0));
    for version in [0u16, 1, 2, 4, 0x0300, u16::MAX] {
        for kind in [COMMIT, DATA, KEY, REVEAL, SIGNATURE] {
            // With tags, and without as version 2 has it.
            let head = [&version.to_be_bytes()[..], &[kind]].concat();
            for message in [[&head[..], &tags, &ours.payload].concat(), [&head[..], &ours.payload].concat(), head] {
                assert_eq!(pair.sides[0].receive(&armor(&message)), OTHER_VERSION, "{version} {kind}");
            }
        }
    }
    // Kinds that version 3 does not have.
    for kind in [0, 1, 0x04, 0x0b, 0x35, 0xff] {
        assert_eq!(pair.sides[0].receive(&Message { kind, ..ours.clone() }.write()), OTHER_VERSION);
    }
    still_talk(&mut pair);
    // Nobody is talked down: offers of less are told, and answered by nothing.
    let mut session = alice(71);
    assert_eq!(session.receive("?OTRv2?"), OTHER_VERSION);
    assert_eq!(session.receive(&armor(&[0, 2, 2, 0, 0, 0, 0])), OTHER_VERSION);
    assert_eq!(session.deadline(), None);
}

#[test]
fn reflected() {
    let mirror = [Output::Attention(Attention::Mirror)];
    let settings = Settings { limit: Some(200), ..Settings::default() };
    let mut sides = [session(&ALICE, settings, 80), session(&BOB, settings, 81)];
    let mut message = sides[0].start();
    let mut count = 0;
    for turn in 1..7 {
        let side = turn % 2;
        let (sender, receiver) = if side == 1 { (0, 1) } else { (1, 0) };
        for wire in wires(&message).iter().filter(|wire| wire.starts_with("?OTR|")) {
            assert_eq!(sides[sender].receive(wire), mirror);
            count += 1;
        }
        message = wires(&message).iter().flat_map(|wire| sides[receiver].receive(wire)).collect();
        if turn == 5 {
            message = sides[receiver].say("text");
        }
    }
    assert!(count > 10 && sides.iter().all(Session::is_private));
    // Whole ones, too.
    each_awaited(|_, message| {
        let mut session =
            session(&ALICE, Settings { tag: Some(InstanceTag(message.sender)), ..Settings::default() }, 82);
        assert_eq!(session.receive(&message.write()), mirror);
    });
}

#[test]
fn tag_rules() {
    each_awaited(|session, message| {
        let ours = session.tag().0;
        let mut receive = |sender, receiver| session.receive(&Message { sender, receiver, ..message.clone() }.write());
        for sender in [0, 1, 0xff] {
            assert_eq!(receive(sender, ours), MALFORMED);
        }
        for receiver in [1, 0x10, 0xff] {
            assert_eq!(receive(message.sender, receiver), MALFORMED);
        }
        let other = [Output::Attention(Attention::ForOtherInstance)];
        for receiver in [0x100, ours ^ 1, u32::MAX] {
            assert_eq!(receive(message.sender, receiver), other);
        }
        // Only a commit may be for whichever it reaches.
        if message.kind != COMMIT {
            assert_eq!(receive(message.sender, 0), other, "{}", message.kind);
        }
    });
    let mut session = alice(90);
    assert_eq!(only(&session.receive(&bob().commit(0))).kind, KEY);
    // In fragments, too; and the same rules for these.
    let ours = session.tag().0;
    let whole = bob().commit(0);
    assert_eq!(only(&session.receive(&format!("?OTR|1234|0,1,1,{whole},"))).kind, KEY);
    for (tags, attention) in [
        ("0|0".to_owned(), Attention::Malformed),
        (format!("ff|{ours:x}"), Attention::Malformed),
        ("1234|ff".to_owned(), Attention::Malformed),
        ("1234|100".to_owned(), Attention::ForOtherInstance),
    ] {
        assert_eq!(session.receive(&format!("?OTR|{tags},1,1,{whole},")), [Output::Attention(attention)], "{tags}");
    }
    // Every other tag is a peer's good right.
    for tag in [0x100, 0x1111_1112, u32::MAX] {
        let peer = Peer::new(&BOB, tag);
        let mut session = alice(91);
        let (_, outputs) = peer.answers(&mut session);
        assert!(matches!(outputs[..], [Output::Began { with: InstanceTag(with), .. }] if with == tag));
    }
}

#[test]
fn tag_persist() {
    for seed in 0..2000 {
        assert!((0x100..=0x1111_1111).contains(&alice(seed).tag().0), "{seed}");
    }
    let tag = |tag| Settings { tag: Some(InstanceTag(tag)), ..Settings::default() };
    for (given, kept) in [(0x1234, 0x1234), (0x1111_1111, 0x1111_1111), (0, 0x100), (u32::MAX, 0x1111_1111)] {
        assert_eq!(session(&ALICE, tag(given), 100).tag(), InstanceTag(kept));
    }
    // Over a restart, whatever the settings say.
    let mut pair = Pair::private(Settings::default(), 101);
    let before = pair.sides[0].tag();
    let state = pair.sides[0].suspend();
    let rng = Box::new(StdRng::seed_from_u64(102));
    pair.sides[0] = Session::resume(&state, Arc::clone(&ALICE), tag(0x1234), rng, Duration::ZERO).unwrap();
    assert_eq!(pair.sides[0].tag(), before);
    still_talk(&mut pair);
}

// Fragments.

/// A private conversation of Alice's with a peer, a text of hers in whole and in pieces.
fn in_pieces(seed: u64, text: &str) -> (Pair, Vec<String>) {
    let mut pair = Pair::private(Settings::default(), seed);
    let whole = wires(&pair.sides[1].say(text)).remove(0);
    let pieces = cut(&whole, pair.sides[1].tag().0, pair.sides[0].tag().0, 4);
    (pair, pieces)
}

fn cut(whole: &str, sender: u32, receiver: u32, count: usize) -> Vec<String> {
    let pieces = whole.as_bytes().chunks(whole.len().div_ceil(count)).zip(1..);
    pieces
        .map(|(piece, k)| format!("?OTR|{sender:x}|{receiver:x},{k},{count},{},", String::from_utf8_lossy(piece)))
        .collect()
}

/// Whether the last of these gives a text.
fn is_read(session: &mut Session, messages: &[&str]) -> bool {
    let mut outputs = Vec::new();
    for message in messages {
        assert!(!outputs.iter().any(|output| matches!(output, Output::Text { .. })), "too early");
        outputs = session.receive(message);
    }
    outputs.iter().any(|output| matches!(output, Output::Text { .. }))
}

#[test]
fn frag_before_otr() {
    let mut session = alice(110);
    let (tag, commit) = (session.tag().0, bob().commit(0));
    // A whole message in a piece is a piece all the same. These are of two messages: the end of one is missing, and the
    // beginning of the other.
    assert_eq!(session.receive(&format!("?OTR|1234|{tag:x},1,2,{commit},")), []);
    assert_eq!(session.receive(&format!("?OTR|1234|{tag:x},2,3,{commit},")), [UNREADABLE, UNREADABLE]);
    // Version 2's are of another version, whatever is inside.
    for fragment in [format!("?OTR,1,1,{commit},"), format!("?OTR,1,2,{commit},"), "?OTR,1,3,?OTR:AAIDAQ,".to_owned()] {
        assert_eq!(session.receive(&fragment), OTHER_VERSION, "{fragment}");
    }
    assert_eq!(session.deadline(), None, "nothing is begun");
    assert_eq!(session.receive("?OTR, what is that?"), [Output::PlainText("?OTR, what is that?".to_owned())]);
}

#[test]
fn frag_per_instance() {
    let mut alice = alice(120);
    let mut bobs = [(&*BOB, 121), (&identity(3), 122)].map(|(key, seed)| session(key, Settings::default(), seed));
    let texts = bobs.each_mut().map(|bob| {
        let commit = wires(&bob.receive("?OTRv3?"));
        converse(&mut alice, bob, commit);
        let text = wires(&bob.say("in pieces")).remove(0);
        cut(&text, bob.tag().0, alice.tag().0, 5)
    });
    // The one's last piece comes before the other's, and a whole message of the other's changes nothing for the one.
    let [first, second] = texts.each_ref().map(|pieces| pieces.iter().map(String::as_str).collect::<Vec<_>>());
    let whole = wires(&bobs[1].say("whole")).remove(0);
    for (one, other) in first[..4].iter().zip(&second) {
        assert_eq!((alice.receive(one), alice.receive(other)), (vec![], vec![]));
    }
    let from = |outputs: Vec<Output>| match &outputs[..] {
        [Output::Text { from, text, .. }] => (*from, text.clone()),
        _ => panic!("{outputs:?}"),
    };
    assert_eq!(from(alice.receive(second[4])), (bobs[1].tag(), "in pieces".to_owned()));
    assert_eq!(from(alice.receive(&whole)), (bobs[1].tag(), "whole".to_owned()));
    assert_eq!(from(alice.receive(first[4])), (bobs[0].tag(), "in pieces".to_owned()));
}

#[test]
fn frag_bad_kn() {
    let (mut pair, pieces) = in_pieces(130, "text");
    let (sender, receiver) = (pair.sides[1].tag().0, pair.sides[0].tag().0);
    let head = format!("?OTR|{sender:x}|{receiver:x}");
    let alice = &mut pair.sides[0];
    // What is no fragment is left out, and the others go on.
    assert_eq!(alice.receive(&pieces[0]), []);
    for bad in [
        "0,4,x",
        "1,0,x",
        "0,0,x",
        "5,4,x",
        "2,4,",
        "2,65536,x",
        "65537,65540,x",
        "65536,65536,x",
        "-2,4,x",
        "+2,4,x",
        " 2,4,x",
        "2, 4,x",
        "2,4x,x",
        "0x2,4,x",
        ",4,x",
        "2,,x",
        ",,",
        "2,4",
        "",
        "99999999999999999999,4,x",
    ] {
        assert_eq!(alice.receive(&format!("{head},{bad},")), MALFORMED, "{bad}");
    }
    for bad in [
        "?OTR|",
        "?OTR||",
        "?OTR||,2,4,x,",
        "?OTR|zz|1234,2,4,x,",
        "?OTR|1234,2,4,x,",
        "?OTR|1234|,2,4,x,",
        "?OTR|123456789|1234,2,4,x,",
        "?OTR|-1|1234,2,4,x,",
        "?OTR|0x1234|1234,2,4,x,",
        "?OTR|1234|1234|1,2,4,x,",
        "?OTR|ä|1234,2,4,x,",
    ] {
        assert_eq!(alice.receive(bad), MALFORMED, "{bad}");
    }
    assert_eq!(alice.receive(&format!("{head},2,4,no comma at the end")), MALFORMED);
    assert!(is_read(alice, &[&pieces[1], &pieces[2], &pieces[3]]));
    // Leading zeros, tags in any form of hexadecimal digits, words around it.
    let whole = wires(&pair.sides[1].say("again")).remove(0);
    let (first, second) = whole.split_at(100);
    let forms =
        [format!("<p>?OTR|{sender:08X}|{receiver:08x},00001,00002,{first},</p>"), format!("{head},2,002,{second},")];
    assert!(is_read(&mut pair.sides[0], &[&forms[0], &forms[1]]));
}

#[test]
fn frag_reset() {
    for seed in 0.. {
        let (mut pair, pieces) = in_pieces(140 + 2 * seed, "text");
        let whole = wires(&pair.sides[1].say("whole")).remove(0);
        let [one, two, three, four] = [0, 1, 2, 3].map(|i| pieces[i].as_str());
        let other_count = two.replacen(",2,4,", ",2,5,", 1);
        let others = "?OTR|5678|0,1,2,x,";
        let others_two = two.replacen(",2,4,", ",2,4,x", 1);
        let sequences: [(&[&str], bool); 16] = [
            (&[one, two, three, four], true),
            // The first begins anew.
            (&[one, two, one, two, three, four], true),
            (&[three, one, two, three, four], true),
            // What comes again is known, as long as it is the same.
            (&[one, two, three, two, three, four], true),
            (&[one, two, &others_two, three, four], false),
            // Out of order, left out, of another message.
            (&[one, three, two, four], false),
            (&[one, two, four, three, four], false),
            (&[two, three, four], false),
            (&[one, two, two, three, four], true),
            (&[one, &other_count, two, three, four], false),
            (&[one, &other_count, three, four], false),
            // What is not in pieces comes in between.
            (&[one, two, &whole, three, four], false),
            (&[one, two, "hello", three, four], false),
            (&[one, two, "what is ?OTR| for", three, four], false),
            (&[one, two, "?OTRv2?", three, four], false),
            (&[one, two, others, three, four], true),
        ];
        let Some((sequence, read)) = sequences.get(usize::try_from(seed).unwrap()) else { return };
        let mut last = Vec::new();
        for message in *sequence {
            last = pair.sides[0].receive(message);
        }
        assert_eq!(matches!(&last[..], [Output::Text { text, .. }] if text == "text"), *read, "number {seed}");
        // Whatever came before: a message that comes whole is read.
        assert!(is_read(&mut pair.sides[0], &[one, two, three, four]) != *read, "number {seed}");
    }
}

/// A message that does not become whole is told, once, and nothing else is done. What comes twice is no other message.
#[test]
fn frag_lost() {
    for seed in 0.. {
        let (mut pair, a) = in_pieces(600 + 2 * seed, "text");
        let (sender, receiver) = (pair.sides[1].tag().0, pair.sides[0].tag().0);
        let mut say = |count| cut(&wires(&pair.sides[1].say("another")).remove(0), sender, receiver, count);
        let (b, c, d) = (say(4), say(4), say(5));
        let whole = wires(&pair.sides[1].say("whole")).remove(0);
        let [a, b, c] = [&a, &b, &c].map(|m| [0, 1, 2, 3].map(|i| m[i].as_str()));
        assert_eq!((a[0] == b[0], a[1] == b[1]), (true, false), "they begin alike");
        // Each with the number of lost messages, and of texts that are read.
        let sequences: [(&[&str], usize, usize); 36] = [
            (&[a[0], a[1], a[2], a[3]], 0, 1),
            // At the start, in the middle, at the end with something else behind it.
            (&[a[1], a[2], a[3]], 1, 0),
            (&[a[0], a[2], a[3]], 1, 0),
            (&[a[0], a[1], a[3]], 1, 0),
            (&[a[0], a[3]], 1, 0),
            (&[a[0], a[2], a[1], a[3]], 1, 0),
            (&[a[0], a[1], a[2]], 0, 0),
            (&[a[0], a[1], a[2], "hello"], 1, 0),
            (&[a[0], a[1], "hello", a[2], a[3]], 1, 0),
            (&[a[0], a[1], &whole, a[2], a[3]], 1, 1),
            (&[a[0], a[1], a[2], b[0], b[1], b[2], b[3]], 1, 1),
            (&[a[0], a[1], b[0], b[1], b[2], b[3]], 1, 1),
            (&[a[0], a[1], a[2], &d[0], &d[1], &d[2], &d[3], &d[4]], 1, 1),
            (&[&d[0], &d[1], a[0], a[1], a[2], a[3]], 1, 1),
            // Two of them.
            (&[a[1], a[2], a[3], b[1], b[2], b[3]], 2, 0),
            (&[a[0], a[1], b[1], b[2], b[3]], 2, 0),
            (&[a[0], &d[1], a[1], a[2], a[3], &d[2]], 2, 0),
            (&[a[0], a[2], a[3], b[0], b[1], b[2], b[3], c[2], c[3]], 2, 1),
            // No word comes in between.
            (&[a[0], "", a[1], " \n", a[2], "\t", a[3]], 0, 1),
            // Twice, in a row or from anywhere on.
            (&[a[0], a[0], a[1], a[1], a[2], a[2], a[3], a[3]], 0, 1),
            (&[a[0], a[1], a[0], a[2], a[3]], 0, 1),
            (&[a[0], a[1], a[2], a[1], a[0], a[3]], 0, 1),
            (&[a[0], a[1], a[0], a[1], a[2], a[3]], 0, 1),
            (&[a[0], a[1], a[2], a[3], a[0]], 0, 1),
            (&[a[0], a[1], a[2], a[3], a[1]], 0, 1),
            (&[a[0], a[1], a[2], a[3], a[2], a[3]], 0, 1),
            (&[a[0], a[1], a[2], a[3], a[3], "hello", a[2]], 0, 1),
            (&[a[0], a[2], a[2], a[3], a[0], a[3]], 1, 0),
            (&[a[0], a[1], a[2], a[3], b[0], b[1], a[2], a[3], b[0], b[1], b[2], b[3]], 0, 2),
            (&[a[0], a[1], a[2], a[3], b[0], b[1], a[2], a[3], b[2], b[3]], 0, 2),
            (&[a[0], a[1], a[2], a[3], b[0], b[0], b[1], b[2], b[3]], 0, 2),
            (&[&whole, a[0], a[1], &whole, a[0], a[1], a[2], a[3]], 0, 2),
            // Lost first, and whole when it comes again.
            (&[a[2], a[0], a[1], a[2], a[3]], 1, 1),
            (&[a[0], a[1], a[3], a[0], a[1], a[2], a[3]], 1, 1),
            (&[a[0], a[1], "hello", a[0], a[1], a[2], a[3]], 1, 1),
            // Of two that come in turns the second is read.
            (&[a[0], &d[0], a[1], &d[1], a[2], &d[2], a[3], &d[3], &d[4]], 1, 1),
        ];
        let Some((sequence, lost, read)) = sequences.get(usize::try_from(seed).unwrap()) else { return };
        let mut outputs = Vec::new();
        for (at, message) in sequence.iter().enumerate() {
            outputs.extend(pair.sides[0].receive(message));
            // What is lost changes no state.
            if *lost == 0 && seed % 2 == at as u64 % 2 {
                let (state, rng) = (pair.sides[0].suspend(), Box::new(StdRng::seed_from_u64(700)));
                let resumed = Session::resume(&state, Arc::clone(&ALICE), Settings::default(), rng, Duration::ZERO);
                pair.sides[0] = resumed.unwrap();
            }
        }
        let count = |is_it: fn(&Output) -> bool| outputs.iter().filter(|output| is_it(output)).count();
        assert_eq!(count(|output| *output == UNREADABLE), *lost, "number {seed}");
        assert_eq!(count(|output| matches!(output, Output::Text { .. })), *read, "number {seed}");
        assert_eq!(wires(&outputs), [""; 0], "number {seed}: the peer is told nothing, and no exchange begun");
    }
}

/// Told once as well: what is too long, takes too long, or gives way to others.
#[test]
fn frag_given_up() {
    let (mut pair, pieces) = in_pieces(690, &"x".repeat(300_000));
    let told: Vec<_> = pieces.iter().flat_map(|piece| pair.sides[0].receive(piece)).collect();
    assert_eq!(told, [UNREADABLE]);
    let (mut pair, pieces) = in_pieces(692, "text");
    let alice = &mut pair.sides[0];
    alice.receive(&pieces[0]);
    assert_eq!(alice.tick(Duration::from_secs(7 * 86_400)), [UNREADABLE]);
    assert_eq!(pieces[1..].iter().flat_map(|piece| alice.receive(piece)).collect::<Vec<_>>(), []);
    let mut begin = |sender| alice.receive(&format!("?OTR|{sender:x}|0,1,2,x,"));
    assert_eq!((0x1000..0x1010).flat_map(&mut begin).collect::<Vec<_>>(), []);
    assert_eq!(begin(0x1010), [UNREADABLE]);
    assert_eq!(alice.receive("?OTR|1000|0,2,2,x,"), []);
}

#[test]
fn frag_cap() {
    // A text in pieces is read up to a size, and nothing more is kept.
    for (length, read) in [(150_000, true), (300_000, false)] {
        let (mut pair, pieces) = in_pieces(170, &"x".repeat(length));
        let pieces: Vec<_> = pieces.iter().map(String::as_str).collect();
        assert_eq!(is_read(&mut pair.sides[0], &pieces), read);
    }
    // A peer that is cut off in the middle of a text sends the rest hours later.
    let (mut pair, pieces) = in_pieces(174, "text");
    for (hours, piece) in (0..).step_by(40).zip(&pieces[..3]) {
        pair.sides[0].tick(Duration::from_secs(hours * 3600));
        assert_eq!(pair.sides[0].receive(piece), []);
    }
    pair.sides[0].tick(Duration::from_secs(120 * 3600));
    assert!(is_read(&mut pair.sides[0], &[&pieces[3]]));
    // Pieces of one who never ends wait for a week, over a resumption too.
    let (mut pair, pieces) = in_pieces(171, "text");
    let alice = &mut pair.sides[0];
    let week = 7 * 86_400;
    alice.receive(&pieces[0]);
    assert_eq!(alice.deadline(), Some(Duration::from_secs(week)));
    alice.tick(Duration::from_secs(week - 1));
    alice.receive(&pieces[1]);
    let rng = Box::new(StdRng::seed_from_u64(173));
    let (state, now) = (alice.suspend(), Duration::from_secs(week - 1));
    *alice = Session::resume(&state, Arc::clone(&ALICE), Settings::default(), rng, now).unwrap();
    assert_eq!(alice.deadline(), Some(Duration::from_secs(week)));
    alice.tick(Duration::from_secs(week));
    assert_eq!(alice.deadline(), None);
    assert!(!is_read(alice, &[&pieces[2], &pieces[3]]));
    // Others' pieces push out the oldest only: who begins after a flood, and hurries, is heard.
    for sender in 0x1000..0x2000 {
        alice.receive(&format!("?OTR|{sender:x}|0,1,2,{},", "x".repeat(1000)));
    }
    assert!(is_read(alice, &[&pieces[0], &pieces[1], &pieces[2], &pieces[3]]));
}

#[test]
fn frag_nested() {
    let mut session = alice(180);
    let (tag, commit) = (session.tag().0, bob().commit(0));
    let inner = format!("?OTR|1234|{tag:x},1,1,{commit},");
    // A comma ends a piece: the inner fragment is cut there.
    for inner in
        [inner.clone(), inner.replace(',', ";"), format!("look: {commit}"), "?OTRv3?".to_owned(), "hello".to_owned()]
    {
        for count in [1, 3] {
            let last = cut(&inner, TAG, tag, count).iter().map(|piece| session.receive(piece)).last().unwrap();
            assert_eq!(last.last(), MALFORMED.last(), "{inner}");
        }
    }
    assert_eq!(session.deadline(), None, "nothing is begun");
}

#[test]
fn frag_size_exact() {
    for limit in [100, 101, 150, 1000, 4096] {
        let mut pair = Pair::new(Settings { limit: Some(limit), ..Settings::default() }, 190);
        let query = pair.sides[0].start();
        let mut queue = vec![(1, wires(&query))];
        let text = "long ".repeat(14_000);
        let mut longest = 0;
        while let Some((to, messages)) = queue.pop() {
            for message in messages {
                if message.starts_with("?OTR|") {
                    longest = longest.max(message.len());
                }
                let outputs = pair.sides[to].receive(&message);
                queue.push((1 - to, wires(&outputs)));
                pair.news[to].extend(outputs);
            }
            if queue.iter().all(|(_, messages)| messages.is_empty()) && pair.texts(1).is_empty() {
                assert!(pair.sides[0].is_private());
                queue.push((1, wires(&pair.sides[0].say(&text))));
            }
        }
        assert_eq!(pair.texts(1), [&text]);
        assert_eq!(longest, limit, "no byte is given away, and none too many");
    }
}
