//! Traps 36 to 59: data messages, mostly with a peer made by hand; tag 0 stands for one that speaks version 2. Names are
//! the traps'.
//!
//! Seen elsewhere, or only in part here:
//! - 37 `ctr_top`: a message that another has overtaken is read, once (decision 009); how far behind: `adversity.rs`.
//! - 39 `keyids`: serial number 0 is malformed: `malformed.rs`.
//! - 46 `wipe_old_dh`: that memory is wiped cannot be seen from outside; the key's type does it when it is dropped.
//! - 48 `unreadable_reply`: how often at most: `adversity.rs`.
//! - 49 `nul_split`, 50 `tlv_bad`, 51 `tlv0_padding`: every length: `wire/tlv.rs`.
//! - 54 `extra_key`: there is none; a record that tells of one is passed over (`tlv_bad`).
//! - 55 `resend`, 57 `require_encryption_queue`: the texts are their owner's, who is told what may be unread: `adversity.rs`.
//! - 58 `html`: what libotr's people see and write: `peers/libotr.rs`; what is mark-up: `wire/html.rs`.

mod by_hand;
mod common;

use std::sync::Arc;
use std::time::Duration;

use by_hand::{DATA, Letter, Message, Peer, int, only, p, write_data};
use common::{ALICE, BOB, Pair, Say as _, converse, identity, session, wires};
use flashpaper_otr::{Attention, NotSent, Output, Session, Settings, TextId};
use num_bigint::BigUint;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

const MALFORMED: [Output; 1] = [Output::Attention(Attention::Malformed)];
const MINUTE: Duration = Duration::from_secs(60);
const IGNORE_UNREADABLE: u8 = 1;
const DISCONNECTED: u16 = 1;

/// A private conversation of a session's with a peer made by hand.
struct Talk {
    session: Session,
    peer: Peer,
    /// The session's public keys, by serial number from 1.
    theirs: Vec<BigUint>,
}

impl Talk {
    fn new(seed: u64) -> Self {
        Self::with(0x1234, seed)
    }

    /// With this tag; without one, 0, in version 2.
    fn with(tag: u32, seed: u64) -> Self {
        let settings = Settings { version_2: true, ..Settings::default() };
        let (mut session, peer) = (session(&ALICE, settings, seed), Peer::new(&BOB, tag));
        let (gy, _) = peer.begins(&mut session);
        Self { session, peer, theirs: vec![gy] }
    }

    fn key(&self, keyid: u32) -> &BigUint {
        &self.theirs[keyid as usize - 1]
    }

    /// What the session has sent; the key that it announces is kept.
    fn read(&mut self, outputs: &[Output]) -> Letter {
        let message = only(outputs);
        let named = int(&mut message.payload.split_at(5).0.split_at(1).1);
        let letter = self.peer.read_letter(&message, self.key(named));
        match self.theirs.get(named as usize) {
            Some(announced) => assert_eq!(*announced, letter.next),
            None => self.theirs.push(letter.next.clone()),
        }
        letter
    }

    fn hear(&mut self, text: &str) -> Letter {
        let outputs = self.session.say(text);
        let letter = self.read(&outputs);
        assert_eq!(letter.text(), text);
        letter
    }

    /// An empty letter under these keys: the peer's and the session's.
    fn letter(&self, ids: (u32, u32)) -> Letter {
        Letter::new(&self.peer, ids)
    }

    fn write(&self, letter: &Letter) -> String {
        self.peer.write_letter(self.session.tag().0, self.key(letter.recipient_keyid), letter)
    }

    fn receive(&mut self, letter: &Letter) -> Vec<Output> {
        self.session.receive(&self.write(letter))
    }

    /// A text of the peer's, which is read.
    fn say(&mut self, ids: (u32, u32), counter: u64) {
        let letter = Letter { counter, plaintext: b"text".to_vec(), ..self.letter(ids) };
        let outputs = self.receive(&letter);
        assert!(is_read(&outputs), "{ids:?} {counter}: {outputs:?}");
    }

    /// It is refused, and changes nothing but that the session is renewed.
    fn is_lost(&mut self, letter: &Letter) {
        let before = self.session.suspend();
        let outputs = self.receive(letter);
        assert_eq!(outputs[0], Output::Attention(Attention::Unreadable));
        assert!(outputs[1..].iter().all(|output| matches!(output, Output::Send(_))));
        assert!(*before == *self.session.suspend());
    }
}

fn is_read(outputs: &[Output]) -> bool {
    matches!(outputs, [Output::Text { text, label: None, .. }, ..] if text == "text")
}

fn record(kind: u16, value: &[u8]) -> Vec<u8> {
    // Its length has two bytes less than that of other data.
    [&kind.to_be_bytes()[..], write_data(value).split_at(2).1].concat()
}

#[test]
fn high_low_end() {
    let (mut high, mut turns) = (0, 0);
    for seed in 400..404 {
        let mut talk = Talk::new(seed);
        for turn in 1..6 {
            talk.hear("to you");
            talk.say((turn, turn), 1);
            high += u32::from(talk.peer.with_keyid(turn).public() > *talk.key(turn));
            turns += 1;
        }
    }
    assert!(high > 0 && high < turns, "{high} of {turns}");
}

#[test]
fn ctr_top() {
    let mut talk = Talk::new(410);
    for counter in 1..4 {
        // `read_letter` takes the lower half for 0.
        assert_eq!(talk.hear("text").counter, counter);
    }
    talk.say((1, 1), 7);
    let same = Letter { counter: 7, plaintext: b"text".to_vec(), ..talk.letter((1, 1)) };
    assert_eq!(talk.receive(&same), [], "it comes twice");
    talk.say((1, 1), u64::MAX);
    assert_eq!(talk.receive(&same), [], "it is far behind");
    // The peer has another key now: its pair counts from the beginning.
    assert_eq!(talk.hear("text").counter, 1);
    talk.say((2, 1), 1);
}

/// Another process goes on above whatever this one has used, and knows what was read.
#[test]
fn ctr_top_after_a_resumption() {
    let mut talk = Talk::new(411);
    talk.hear("announces key 2");
    talk.say((1, 1), 5);
    talk.hear("names key 2");
    for round in 1..4 {
        let state = talk.session.suspend();
        let rng = Box::new(StdRng::seed_from_u64(round));
        talk.session = Session::resume(&state, Arc::clone(&ALICE), Settings::default(), rng, Duration::ZERO).unwrap();
        let counter = talk.hear("text").counter;
        assert!((round << 40..round << 41).contains(&counter), "{counter:x}");
        let again = Letter { counter: 5, plaintext: b"text".to_vec(), ..talk.letter((1, 1)) };
        assert_eq!(talk.receive(&again), [], "it was read before");
        talk.say((1, 1), 5 + round);
    }
}

#[test]
fn verify_then_decrypt() {
    let mut talk = Talk::new(420);
    talk.hear("announces key 2");
    let both_turn = Letter { counter: 99, plaintext: b"text".to_vec(), ..talk.letter((1, 2)) };
    for at in [0, 1, 3, 30, 220] {
        let mut changed = Message::read(&talk.write(&both_turn));
        let from_end = changed.payload.len() - at - 1;
        // The list of revealed keys is not under the MAC, its length aside.
        let at = from_end.saturating_sub(4);
        changed.payload[at] ^= 1;
        let before = talk.session.suspend();
        assert_eq!(talk.session.receive(&changed.write())[0], Output::Attention(Attention::Unreadable), "{at}");
        assert!(*before == *talk.session.suspend());
    }
    assert!(is_read(&talk.receive(&both_turn)));
}

#[test]
fn keyids() {
    let mut talk = Talk::new(430);
    talk.hear("announces key 2");
    for ids in [(2, 1), (3, 1), (u32::MAX - 1, 1)] {
        talk.is_lost(&talk.letter(ids));
    }
    talk.theirs.push(BigUint::from(4u8));
    talk.is_lost(&talk.letter((1, 3)));
    talk.theirs.pop();
    talk.say((1, 1), 1);
    // Those that were there before are gone after two turns.
    for turn in 2..4 {
        talk.say((turn, turn), 1);
        talk.hear("text");
    }
    for ids in [(1, 3), (3, 1), (1, 1)] {
        talk.is_lost(&talk.letter(ids));
    }
    talk.say((3, 4), 1);
}

#[test]
fn rotate_ours() {
    let mut talk = Talk::new(440);
    assert_eq!(talk.hear("one").sender_keyid, 1);
    talk.say((1, 1), 1);
    assert_eq!(talk.hear("the peer has not named key 2").sender_keyid, 1);
    talk.say((1, 2), 1);
    let letter = talk.hear("now it has");
    assert_eq!(letter.sender_keyid, 2);
    assert_ne!(letter.next, *talk.key(2));
}

#[test]
fn rotate_theirs() {
    let mut talk = Talk::new(450);
    assert_eq!(talk.hear("one").recipient_keyid, 1);
    talk.say((1, 1), 1);
    assert_eq!(talk.hear("key 2 has come").recipient_keyid, 2);
    talk.say((1, 1), 2);
    assert_eq!(talk.hear("and came again").recipient_keyid, 2);
    // Both in one message; no key that is out of range is taken, and nothing turns for it.
    let good = Letter { plaintext: b"text".to_vec(), ..talk.letter((2, 2)) };
    for next in [BigUint::ZERO, 1u8.into(), p() - 1u8, p(), p() + 2u8] {
        let before = talk.session.suspend();
        assert_eq!(talk.receive(&Letter { next, ..good.clone() }), MALFORMED);
        assert!(*before == *talk.session.suspend());
    }
    assert!(is_read(&talk.receive(&good)));
    let letter = talk.hear("both have turned");
    assert_eq!((letter.sender_keyid, letter.recipient_keyid), (2, 3));
}

#[test]
fn reordered_across_ratchet() {
    let mut talk = Talk::new(460);
    let late = [2, 3].map(|counter| Letter { counter, plaintext: b"text".to_vec(), ..talk.letter((1, 1)) });
    talk.say((1, 1), 1);
    assert!(is_read(&talk.receive(&late[0])), "one turn late");
    talk.say((2, 1), 1);
    talk.is_lost(&late[1]);
}

#[test]
fn mac_reveal() {
    for tag in [0x1234, 0] {
        let mut talk = Talk::with(tag, 470);
        assert!(talk.hear("one").revealed.is_empty());
        talk.say((1, 1), 1);
        assert!(talk.hear("two").revealed.is_empty(), "key 1 of both is in use");
        // Both turn twice: (1, 1) has verified something, (1, 2) has not.
        talk.say((2, 2), 1);
        let first = talk.peer.mac_key(1, talk.key(1));
        assert_eq!(talk.hear("three").revealed, first);
        assert!(talk.hear("four").revealed.is_empty(), "once");
        talk.say((3, 3), 1);
        assert_eq!(talk.hear("five").revealed, talk.peer.mac_key(2, talk.key(2)));
        // The last message has what is left.
        talk.say((3, 3), 2);
        let bye = talk.session.end();
        assert_eq!(talk.read(&bye).revealed, talk.peer.mac_key(3, talk.key(3)));
    }
}

#[test]
fn mac_reveal_bound() {
    let mut talk = Talk::new(480);
    for keyid in 1..100 {
        talk.say((keyid, 1), 1);
    }
    let revealed = talk.hear("text").revealed;
    let last: Vec<u8> = (35..99).flat_map(|keyid| talk.peer.mac_key(keyid, talk.key(1))).collect();
    assert_eq!(revealed, last);
}

#[test]
fn revealed_mac_no_accept() {
    for tag in [0x1234, 0] {
        let mut talk = Talk::with(tag, 490);
        talk.hear("one");
        talk.say((1, 1), 1);
        talk.hear("two");
        talk.say((2, 2), 1);
        let revealed = talk.hear("three").revealed;
        assert_eq!(revealed.len(), 20);
        for ids in [(1, 1), (1, 2), (2, 1), (2, 2), (3, 3)] {
            let forged = Letter { counter: 9, forged_with: Some(revealed.clone()), ..talk.letter(ids) };
            talk.is_lost(&forged);
        }
    }
}

#[test]
fn wipe_old_dh() {
    let mut talk = Talk::new(500);
    let before = talk.write(&Letter { counter: 2, plaintext: b"text".to_vec(), ..talk.letter((1, 1)) });
    let mac_before = talk.peer.mac_key(1, talk.key(1));
    let (gy, _) = talk.peer.begins(&mut talk.session);
    // The keys before the renewal are kept for what was on the way, and no longer than that.
    assert!(is_read(&talk.session.receive(&before)));
    assert_eq!(talk.session.deadline(), Some(MINUTE));
    talk.session.tick(MINUTE);
    talk.theirs = vec![gy];
    // Its MAC key is revealed like any other.
    assert_eq!(talk.hear("text").revealed, mac_before);
    assert_eq!(talk.session.receive(&before)[0], Output::Attention(Attention::Unreadable));
}

#[test]
fn ignore_unreadable() {
    let mut talk = Talk::new(510);
    assert_eq!(talk.hear("text").flags, 0);
    let ask = talk.session.smp_start("secret", None).unwrap();
    assert_eq!(talk.read(&ask).flags, IGNORE_UNREADABLE);
    talk.session.tick(MINUTE);
    let letter = Letter { plaintext: b"text".to_vec(), ..talk.letter((1, 1)) };
    let heartbeat = talk.receive(&letter);
    assert_eq!(talk.read(&heartbeat).flags, IGNORE_UNREADABLE);
    // One that cannot be read, and says that it need not be.
    let lost = Letter { flags: IGNORE_UNREADABLE, forged_with: Some(vec![0; 20]), ..letter };
    assert_eq!(talk.receive(&lost), []);
    let bye = talk.session.end();
    assert_eq!(talk.read(&bye).flags, IGNORE_UNREADABLE);
}

#[test]
fn unreadable_reply() {
    let mut talk = Talk::new(520);
    let lost = Letter { forged_with: Some(vec![0; 20]), ..talk.letter((1, 1)) };
    let answer = wires(&talk.receive(&lost));
    assert!(answer[0].starts_with("?OTR Error: "), "{answer:?}");
    let errors = |outputs: &[Output]| wires(outputs).iter().filter(|wire| wire.starts_with("?OTR Error")).count();
    // Neither to its own error nor to the next one within seconds.
    for message in [answer[0].clone(), "?OTR Error: what?".into(), talk.write(&lost)] {
        assert_eq!(errors(&talk.session.receive(&message)), 0);
    }
    let mut pair = Pair::private(Settings::default(), 521);
    let error = pair.sides[0].receive("?OTR Error: hello");
    // `carry` panics if they do not stop.
    pair.carry(0, error);
}

#[test]
fn nul_split() {
    let mut talk = Talk::new(530);
    let outputs = talk.session.say("a\0b\0");
    assert_eq!(talk.read(&outputs).text(), "ab");
    for plaintext in [&b"text"[..], b"text\0", b"text\0\0", b"text\0no record"] {
        let counter = talk.theirs.len() as u64 + plaintext.len() as u64;
        let letter = Letter { counter, plaintext: plaintext.to_vec(), ..talk.letter((1, 1)) };
        assert_eq!(talk.receive(&letter).len(), 1);
    }
}

#[test]
fn tlv_bad() {
    let mut talk = Talk::new(540);
    // The answer to a comparison that nobody has begun: it is aborted, once for each.
    let answer = || record(3, b"");
    for (count, (records, answered)) in [
        // The extra symmetric key is of no use here.
        ([record(0x77, b"unknown"), record(8, b"\0\0\0\x01about"), answer()].concat(), 1),
        ([answer(), vec![0, 3, 0xff, 0xff, 1]].concat(), 1),
        ([answer(), record(0, &[0; 99]), answer()].concat(), 2),
        (vec![0, 3, 0], 0),
        // What comes behind the end has come too late.
        ([answer(), record(DISCONNECTED, b""), answer()].concat(), 2),
    ]
    .into_iter()
    .enumerate()
    {
        let plaintext = [b"text\0", &records[..]].concat();
        let letter = Letter { counter: count as u64 + 1, plaintext, ..talk.letter((1, 1)) };
        let outputs = talk.receive(&letter);
        assert!(is_read(&outputs) && outputs.len() == 1 + answered, "{count}: {outputs:?}");
    }
    assert!(!talk.session.is_private());
}

#[test]
fn tlv0_padding() {
    let mut talk = Talk::new(550);
    // The text, a NUL, the record of its name, the head of the padding's record.
    for (text, expected) in [(0, 256), (1, 256), (242, 256), (243, 512), (498, 512), (499, 768)] {
        let outputs = talk.session.say(&"x".repeat(text));
        assert_eq!(talk.read(&outputs).plaintext.len(), expected, "{text}");
    }
    // Of a comparison, too, the record alone would tell what it is.
    let ask = talk.session.smp_start("secret", Some("question")).unwrap();
    assert_eq!(talk.read(&ask).plaintext.len() % 256, 0);
    let length = |outputs: Vec<Output>| only(&outputs).payload.len();
    let [abort, one, two] = [talk.session.smp_abort(None).unwrap(), talk.session.say("x"), talk.session.say("xx")];
    assert!([abort, one].map(length) == [length(two); 2]);
}

#[test]
fn tlv1() {
    let mut talk = Talk::new(560);
    talk.hear("text");
    let end = [b"\0", &record(DISCONNECTED, b"")[..]].concat();
    let bye = Letter { plaintext: end, flags: IGNORE_UNREADABLE, ..talk.letter((1, 1)) };
    // Forged.
    assert_eq!(talk.receive(&Letter { forged_with: Some(vec![0; 20]), ..bye.clone() }), []);
    assert!(talk.session.is_private());
    // Of the conversation before this one.
    let late = talk.write(&bye);
    let (gy, _) = talk.peer.begins(&mut talk.session);
    talk.theirs = vec![gy];
    assert_eq!(talk.session.receive(&late), []);
    assert!(talk.session.is_private());

    let Output::Ended(_) = talk.receive(&bye)[0] else { panic!("goes on") };
    assert!(talk.session.is_finished());
    assert_eq!(talk.session.send("?", "id"), Err(NotSent::NotReady));
    // Its keys are gone.
    let letter = Letter { counter: 2, plaintext: b"text".to_vec(), ..talk.letter((1, 1)) };
    assert_eq!(talk.receive(&letter), [Output::Attention(Attention::Unreadable)]);
}

#[test]
fn heartbeat() {
    let mut talk = Talk::new(570);
    talk.hear("text");
    let letter = |counter, text: &str| Letter {
        counter,
        plaintext: text.into(),
        ..Letter::new(&Peer::new(&BOB, 0x1234), (1, 1))
    };
    talk.session.tick(MINUTE - Duration::from_millis(1));
    assert_eq!(wires(&talk.receive(&letter(1, "text"))).len(), 0, "too early");
    talk.session.tick(MINUTE);
    assert_eq!(talk.receive(&letter(2, "")), [], "none for an empty one");
    let outputs = talk.receive(&letter(3, "text"));
    let heartbeat = talk.read(&outputs);
    assert_eq!((heartbeat.text(), heartbeat.flags), (String::new(), IGNORE_UNREADABLE));
    assert_eq!(wires(&talk.receive(&letter(4, "text"))).len(), 0, "once a minute");
    // Between two sessions none is answered with another.
    let mut pair = Pair::private(Settings::default(), 571);
    pair.sides.iter_mut().for_each(|side| drop(side.tick(MINUTE)));
    let text = wires(&pair.sides[0].say("text"));
    let beat = wires(&pair.sides[1].receive(&text[0]));
    assert_eq!(beat.len(), 1);
    assert_eq!(pair.sides[0].receive(&beat[0]), []);
}

#[test]
fn resend() {
    // Under the same tag, with the same key and with another: what may be unread is named, and none of it goes out again.
    for identity in [&*BOB, &identity(3)] {
        let mut talk = Talk::new(590);
        talk.hear("first");
        talk.hear("last");
        talk.peer = Peer::new(identity, 0x1234);
        let (_, outputs) = talk.peer.begins(&mut talk.session);
        assert!(wires(&outputs).iter().all(|wire| Message::read(wire).kind != DATA));
        assert!([1, 2].iter().all(|id| outputs.contains(&Output::Unread(TextId(*id)))), "{outputs:?}");
    }
}

#[test]
fn finished_no_clear() {
    let mut pair = Pair::private(Settings::default(), 600);
    let bye = pair.sides[1].end();
    pair.carry(1, bye);
    for count in 1..4 {
        // Time does not make it better.
        pair.sides[0].tick(count * 2 * MINUTE);
        assert!(pair.sides[0].is_finished());
        assert_eq!(pair.sides[0].send("secret", "id"), Err(NotSent::NotReady));
    }
}

#[test]
fn require_encryption_queue() {
    let (mut alice, mut bob) = (session(&ALICE, Settings::default(), 610), session(&BOB, Settings::default(), 611));
    let said = ["one", "two", "three"];
    assert!(said.iter().all(|text| alice.send(text, "id") == Err(NotSent::NotReady)));
    let query = wires(&alice.start());
    assert_eq!(query.len(), 1, "one question for all that waits");
    converse(&mut bob, &mut alice, query);
    let sent = said.map(|text| alice.say(text)).concat();
    let news = converse(&mut bob, &mut alice, wires(&sent));
    let texts: Vec<_> = news
        .iter()
        .filter_map(|o| if let Output::Text { text, .. } = o { Some(text.as_str()) } else { None })
        .collect();
    assert_eq!(texts, said);
}

#[test]
fn html() {
    let mut talk = Talk::new(620);
    let body = |counter, text: &str| Letter {
        counter,
        plaintext: text.into(),
        ..Letter::new(&Peer::new(&BOB, 0x1234), (1, 1))
    };
    let text = |outputs: Vec<Output>| {
        let [Output::Text { text, .. }] = &outputs[..] else { panic!("{outputs:?}") };
        text.clone()
    };
    talk.hear("a < b");
    assert_eq!(text(talk.receive(&body(1, "<FONT>a &lt; b</FONT>"))), "a < b");
    // The peer reads HTML, too.
    let outputs = talk.session.say("a < b & c");
    assert_eq!(talk.read(&outputs).text(), "a &lt; b &amp; c");
    // A person who writes of mark-up does not either, and reads none.
    let words = "if a <b then c> d, use <p>";
    assert_eq!(text(talk.receive(&body(2, words))), words);
    let outputs = talk.session.say("a < b");
    assert_eq!(talk.read(&outputs).text(), "a < b");
    // A client that pads does not write HTML.
    let padded = [b"<b>\0", &record(0, &[0; 9])[..]].concat();
    assert_eq!(text(talk.receive(&Letter { plaintext: padded, ..body(3, "") })), "<b>");
}

#[test]
fn utf8_lossy() {
    let mut talk = Talk::new(630);
    let letter = Letter { plaintext: b"caf\xe9 \xc3\xa9".to_vec(), ..talk.letter((1, 1)) };
    assert!(matches!(&talk.receive(&letter)[..], [Output::Text { text, .. }] if text == "caf\u{fffd} \u{e9}"));
}
