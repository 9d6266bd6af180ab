//! libotr 4.1, the library of Pidgin, Adium and most others.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flashpaper_otr::{Identity, Output, SmpEvent};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sha1::Sha1;

use crate::talk::{Build, Talk, Tested, Wire};

const LIBOTR: Build = |program: &Path| {
    let mut compiler = Command::new("cc");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/libotr.c");
    compiler.arg("-o").arg(program).args([source, "-lotr", "-lgcrypt"]);
    compiler
};

#[test]
#[ignore = "needs libotr: cargo xtask test"]
fn either_side_or_both_at_once_start() -> Tested {
    let mut talk = Talk::new(LIBOTR, None, 1)?;
    talk.they("Q")?;
    assert!(talk.theirs.contains(&"N secure".to_owned()));
    talk.exchange("they started")?;

    let mut talk = Talk::new(LIBOTR, None, 2)?;
    let start = talk.ours.start();
    talk.we(start)?;
    talk.exchange("we started")?;
    talk.exchange("hello")?;

    let mut talk = Talk::new(LIBOTR, None, 3)?;
    let (ours, theirs) = (talk.ours.start(), talk.peer.command("Q")?);
    talk.ours_out(ours);
    talk.theirs_out(theirs);
    talk.carry()?;
    talk.exchange("both started")
}

/// A shared secret begins with a zero byte once in 256 times: then it is hashed one byte shorter.
#[test]
#[ignore = "needs libotr: cargo xtask test"]
fn a_thousand_exchanges() -> Tested {
    let mut talk = Talk::private(LIBOTR, None, 4)?;
    for count in 0..full_count_or(1_000, 10_000) {
        if count % 2 == 0 {
            let start = talk.ours.start();
            talk.we(start)?;
        } else {
            talk.they("Q")?;
        }
        assert!(matches!(talk.news[..], [Output::Began { renewed: true, .. }]), "{count}: {:?}", talk.news);
        talk.exchange(&format!("exchange {count}"))?;
        talk.forget();
        // Anybody can ask, so we do not begin anew for it all the time.
        talk.pass(Duration::from_secs(10))?;
    }
    Ok(())
}

/// What `cargo xtask soak otr` does, or the small number of every run.
fn full_count_or(small: u32, full: u32) -> u32 {
    if std::env::var_os("FLASHPAPER_SOAK").is_some() { full } else { small }
}

#[test]
#[ignore = "needs libotr: cargo xtask test"]
fn long_texts_in_fragments() -> Tested {
    let mut talk = Talk::private(LIBOTR, Some(150), 5)?;
    talk.exchange(&"long ".repeat(20_000))?;
    let mut talk = Talk::private(LIBOTR, None, 6)?;
    talk.exchange(&"long ".repeat(100_000))
}

/// Ten thousand texts each way (half a million in the soak) over a wire that loses, doubles and swaps messages: half of
/// them whole, half in fragments of 150 bytes. Nothing that was not said may be read, nothing twice, and whenever the
/// wire is good again the two must understand each other with nobody's help.
#[test]
#[ignore = "needs libotr: cargo xtask test"]
fn a_bad_wire() -> Tested {
    let rounds = full_count_or(500, 25_000);
    for (limit, seed) in [(None, 9), (Some(150), 10)] {
        let mut storm = Storm::new(limit, seed)?;
        for round in 0..rounds {
            storm.round(round)?;
            if round % 25 == 24 {
                storm.calm(round)?;
            }
        }
        let Storm { sent, read, renewals, .. } = storm;
        println!("limit {limit:?}: {sent} texts sent, {read} read, {renewals} sessions renewed, 0 stuck, 0 wrong");
        // Of fragments, none comes alone: one too many is no message.
        assert!(read > sent / 2 && (renewals > rounds / 100) == limit.is_none(), "{read} of {sent}, {renewals}");
    }
    Ok(())
}

/// A conversation over a bad wire.
struct Storm {
    talk: Talk,
    rng: StdRng,
    sent: u32,
    read: u32,
    renewals: u32,
    /// What was said and not yet read, each way.
    open: [HashSet<String>; 2],
}

impl Storm {
    /// How many each way in a round.
    const TEXTS: u32 = 10;

    fn new(limit: Option<usize>, seed: u64) -> Tested<Self> {
        let (talk, rng) = (Talk::private(LIBOTR, limit, seed)?, StdRng::seed_from_u64(seed));
        Ok(Self { talk, rng, sent: 0, read: 0, renewals: 0, open: Default::default() })
    }

    /// Texts each way, and what the wire makes of them. Answers go over the same wire.
    fn round(&mut self, round: u32) -> Tested {
        for count in 0..Self::TEXTS {
            let [ours, theirs] = ["we", "they"].map(|who| format!("{who} {round} {count}"));
            self.talk.write(&ours);
            let said = self.talk.peer.command(&format!("M {theirs}"))?;
            self.talk.theirs_out(said);
            let [from_us, from_them] = &mut self.open;
            from_us.insert(ours);
            from_them.insert(theirs);
            self.sent += 2;
        }
        let wire = &mut self.talk.wire;
        let mut at = 0;
        while at < wire.len() {
            match self.rng.random_range(0..100) {
                0 => drop(wire.remove(at)),
                1 => wire.insert(at, wire[at].clone()),
                2 if at > 0 => wire.swap(at, at - 1),
                _ => {}
            }
            at += 1;
        }
        self.talk.carry()?;
        self.account()?;
        self.pass(Duration::from_secs(15))
    }

    fn pass(&mut self, time: Duration) -> Tested {
        self.talk.pass(time)?;
        self.account()
    }

    /// The wire is good from now on: within a few texts everything said is read.
    fn calm(&mut self, round: u32) -> Tested {
        self.pass(Duration::from_secs(61))?;
        for attempt in 0..4 {
            let [ours, theirs] = ["we calm", "they calm"].map(|who| format!("{who} {round} {attempt}"));
            let [from_us, from_them] = &mut self.open;
            from_us.insert(ours.clone());
            from_them.insert(theirs.clone());
            self.talk.say(&ours)?;
            self.talk.they(&format!("M {theirs}"))?;
            self.account()?;
            if !self.open[0].contains(&ours) && !self.open[1].contains(&theirs) {
                // What the wire has lost is lost; nothing of it may come any more.
                self.open = Default::default();
                return Ok(());
            }
            self.pass(Duration::from_secs(11))?;
        }
        Err(format!("stuck after round {round}").into())
    }

    /// Takes what was read off the list of what was said.
    fn account(&mut self) -> Tested {
        for news in std::mem::take(&mut self.talk.news) {
            match news {
                Output::Text { text, .. } => self.read(1, &text)?,
                Output::PlainText(_) => return Err("plain text".into()),
                Output::Began { .. } => self.renewals += 1,
                _ => {}
            }
        }
        for line in std::mem::take(&mut self.talk.theirs) {
            if let Some(text) = line.strip_prefix("T ") {
                self.read(0, text)?;
            }
        }
        Ok(())
    }

    fn read(&mut self, from: usize, text: &str) -> Tested {
        // libotr sends its last text again when a session was lost: it may have been read before, and says so.
        if let Some(again) = text.strip_prefix("[resent] ").filter(|_| from == 1) {
            self.open[from].remove(again);
        } else if !self.open[from].remove(text) {
            return Err(format!("never said, or read before: {text}").into());
        }
        self.read += 1;
        Ok(())
    }
}

#[test]
#[ignore = "needs libotr: cargo xtask test"]
fn smp_of_every_kind() -> Tested {
    let mut talk = Talk::private(LIBOTR, None, 7)?;
    for (theirs, ours, result) in [("cat", "cat", "N smp_equal"), ("cat", "dog", "N smp_different")] {
        for question in [None, Some("pet?")] {
            talk.forget();
            // We ask.
            let start = talk.ours.smp_start(ours, question)?;
            talk.we(start)?;
            assert_eq!(
                talk.theirs,
                [question.map_or_else(|| "N smp_asked".to_owned(), |q| format!("N smp_question {q}"))]
            );
            talk.they(&format!("P {theirs}"))?;
            assert_eq!(talk.theirs.last().map(String::as_str), Some(result));
            let equal = |we_asked: bool| move |o: &&Output| matches!(o, Output::Smp(SmpEvent::Equal { we_asked: w, .. }) if *w == we_asked);
            let different = |o: &&Output| matches!(o, Output::Smp(SmpEvent::Different { .. }));
            assert_eq!(talk.news.iter().filter(equal(true)).count(), usize::from(ours == theirs));
            assert_eq!(talk.news.iter().filter(different).count(), usize::from(ours != theirs));
            // They ask.
            talk.forget();
            talk.they(&question.map_or_else(|| format!("A {theirs}"), |q| format!("W {q}\t{theirs}")))?;
            assert!(
                matches!(&talk.news[..], [Output::Smp(SmpEvent::Asked { question: q, .. })] if q.as_deref() == question)
            );
            let answer = talk.ours.smp_answer(ours, None)?;
            talk.we(answer)?;
            assert_eq!(talk.theirs.last().map(String::as_str), Some(result));
            assert_eq!(talk.news.iter().filter(equal(false)).count(), usize::from(ours == theirs));
        }
    }
    // Both ask at once: nobody wins, and the next attempt is as good as any.
    talk.forget();
    let (ours, theirs) = (talk.ours.smp_start("cat", None)?, talk.peer.command("A cat")?);
    talk.ours_out(ours);
    talk.theirs_out(theirs);
    talk.carry()?;
    assert_eq!(talk.news.last(), Some(&Output::Smp(SmpEvent::Aborted)));
    talk.they("A cat")?;
    let answer = talk.ours.smp_answer("cat", None)?;
    talk.we(answer)?;
    assert_eq!(talk.theirs.last().map(String::as_str), Some("N smp_equal"));

    talk.forget();
    talk.they("A cat")?;
    talk.they("B")?;
    assert_eq!(talk.news.last(), Some(&Output::Smp(SmpEvent::Aborted)));
    let start = talk.ours.smp_start("cat", None)?;
    talk.we(start)?;
    let abort = talk.ours.smp_abort(None)?;
    talk.we(abort)?;
    assert_eq!(talk.theirs.last().map(String::as_str), Some("N smp_abort"));
    talk.exchange("still private")
}

#[test]
#[ignore = "needs libotr: cargo xtask test"]
fn extra_key_disconnect_and_a_peer_that_lost_its_session() -> Tested {
    let mut talk = Talk::private(LIBOTR, None, 8)?;
    talk.exchange("hello")?;
    talk.forget();
    // What it tells of an extra symmetric key is of no use here, and disturbs nothing.
    talk.they("K")?;
    assert_eq!(talk.news, []);
    talk.exchange("still there")?;

    talk.peer.restart()?;
    talk.forget();
    talk.say("are you there?")?;
    // libotr does not say that it could not read it; its person begins anew.
    talk.they("Q")?;
    assert!(talk.news.iter().any(|o| matches!(o, Output::Unread(_))), "{:?} {:?}", talk.theirs, talk.news);
    talk.exchange("again")?;

    talk.pass(Duration::from_secs(10))?;
    talk.forget();
    talk.they("D")?;
    assert!(matches!(talk.news[..], [Output::Ended(_)]));
    let again = talk.ours.start();
    talk.we(again)?;
    talk.exchange("and again")?;
    talk.forget();
    let bye = talk.ours.end();
    talk.we(bye)?;
    assert_eq!(talk.theirs, ["N finished"]);
    Ok(())
}

#[test]
#[ignore = "needs libotr: cargo xtask test"]
fn html_of_theirs_is_read_and_ours_is_escaped_for_them() -> Tested {
    let mut talk = Talk::private(LIBOTR, None, 11)?;
    talk.say("a < b")?;
    assert_eq!(talk.theirs, ["T a < b"]);
    talk.they("M <FONT COLOR=\"#fff\">salt &amp; pepper</FONT>")?;
    assert!(matches!(&talk.news[..], [.., Output::Text { text, .. }] if text == "salt & pepper"));
    talk.forget();
    talk.say("a < b & c")?;
    assert_eq!(talk.theirs, ["T a &lt; b &amp; c"]);
    talk.they("M c > d")?;
    assert!(matches!(&talk.news[..], [.., Output::Text { text, .. }] if text == "c > d"));
    talk.forget();
    talk.exchange("plain again: 1 < 2")
}

#[test]
#[ignore = "needs libotr: cargo xtask test"]
fn keys_go_from_libotr_to_us_and_back() -> Tested {
    let fingerprint = |talk: &Talk| talk.ours.recipient().map(|(_, fingerprint)| fingerprint);
    let (account, protocol) = ("libotr@test", "prpl-jabber");
    let mut talk = Talk::private(LIBOTR, None, 12)?;
    let theirs = Identity::import(&fs::read(talk.peer.key_file())?, account, protocol)?;
    assert_eq!(fingerprint(&talk), Some(theirs.fingerprint()));

    let ours = Identity::random(&mut StdRng::seed_from_u64(13));
    fs::write(talk.peer.key_file(), ours.export(account, protocol).as_bytes())?;
    talk.peer.restart()?;
    talk.they("Q")?;
    talk.exchange("with our key")?;
    assert_eq!(fingerprint(&talk), Some(ours.fingerprint()));
    Ok(())
}

/// As other programs name accounts: each character that libotr writes in a way of its own.
#[test]
#[ignore = "needs libotr: cargo xtask test"]
fn keys_of_accounts_with_any_name() -> Tested {
    let mut talk = Talk::new(LIBOTR, None, 15)?;
    let names = [
        "me@b.example/",
        "me@b.example/Bob's Mac",
        "me@b.example/the \"big\" one",
        "me@b.example/\u{1f4f1}",
        "j\u{fc}rgen@b.example/",
        "voil\u{e0}@b.example/",
        r"o\27neil@b.example/",
        r"\",
        "12345",
        "me@b.example/a (b) #c# |d| {e} [f]",
        "tab\tand\u{7f}\u{1}\u{b}\r\nbreak",
        "\u{feff}\u{5e9}\u{5dc}\u{5d5}\u{5dd}@b.example/",
    ];
    let mut written = Vec::new();
    for name in names {
        talk.forget();
        talk.they(&format!("G {name}"))?;
        written.push(talk.theirs.last().cloned().unwrap_or_default());
    }
    let file = fs::read(talk.peer.key_file())?;
    for (name, written) in names.into_iter().zip(written) {
        let fingerprint = Identity::import(&file, name, "prpl-jabber")?.fingerprint();
        assert_eq!(format!("N {fingerprint}"), written, "{name:?}");
    }
    Ok(())
}

/// libotr held to version 2, as the programs are that know nothing newer.
fn held_to_version_2(limit: Option<usize>, seed: u64) -> Tested<Talk> {
    let mut talk = Talk::new(LIBOTR, limit, seed)?;
    talk.they("V 2")?;
    Ok(talk)
}

#[test]
#[ignore = "needs libotr: cargo xtask test"]
fn version_2_from_either_side() -> Tested {
    let version = |talk: &Talk| talk.ours.recipient().map(|(client, _)| client.version());
    let mut talk = held_to_version_2(None, 20)?;
    talk.they("Q")?;
    assert_eq!((talk.theirs.contains(&"N secure".to_owned()), version(&talk)), (true, Some(2)));
    talk.exchange("they started")?;
    talk.exchange(&"long ".repeat(20_000))?;

    let mut talk = held_to_version_2(Some(150), 21)?;
    let start = talk.ours.start();
    talk.we(start)?;
    talk.exchange("we started")?;
    talk.exchange(&"long ".repeat(20_000))?;

    for seed in 22..30 {
        let mut talk = held_to_version_2(None, seed)?;
        let (ours, theirs) = (talk.ours.start(), talk.peer.command("Q")?);
        talk.ours_out(ours);
        talk.theirs_out(theirs);
        talk.carry()?;
        talk.exchange("both started")?;
        assert_eq!(version(&talk), Some(2));
    }
    Ok(())
}

#[test]
#[ignore = "needs libotr: cargo xtask test"]
fn version_2_through_everything() -> Tested {
    let mut talk = held_to_version_2(None, 30)?;
    talk.they("Q")?;
    // Exchanges in both directions, on the same keys.
    for count in 0..20 {
        if count % 2 == 0 {
            let start = talk.ours.start();
            talk.we(start)?;
        } else {
            talk.they("Q")?;
        }
        talk.exchange(&format!("exchange {count}"))?;
        talk.pass(Duration::from_secs(10))?;
    }
    for (theirs, result) in [("cat", "N smp_equal"), ("dog", "N smp_different")] {
        talk.forget();
        let start = talk.ours.smp_start("cat", Some("pet?"))?;
        talk.we(start)?;
        talk.they(&format!("P {theirs}"))?;
        assert_eq!(talk.theirs.last().map(String::as_str), Some(result));
        talk.they(&format!("A {theirs}"))?;
        let answer = talk.ours.smp_answer("cat", None)?;
        talk.we(answer)?;
        assert_eq!(talk.theirs.last().map(String::as_str), Some(result));
    }
    // It has lost its session: what it cannot read begins another.
    talk.peer.restart()?;
    talk.they("V 2")?;
    talk.forget();
    talk.say("are you there?")?;
    talk.they("Q")?;
    assert!(talk.news.iter().any(|o| matches!(o, Output::Unread(_))), "{:?} {:?}", talk.theirs, talk.news);
    talk.exchange("again")?;
    talk.forget();
    talk.they("D")?;
    assert!(matches!(talk.news[..], [Output::Ended(_), ..]), "{:?}", talk.news);
    let again = talk.ours.start();
    talk.we(again)?;
    talk.exchange("and again")?;
    // It has learnt version 3: that takes over, for good.
    talk.they("V 3")?;
    let start = talk.ours.start();
    talk.we(start)?;
    assert_eq!(talk.ours.recipient().map(|(client, _)| client.version()), Some(3));
    talk.forget();
    let bye = talk.ours.end();
    talk.we(bye)?;
    assert_eq!(talk.theirs, ["N finished"]);
    Ok(())
}

/// What is authenticated, and the MAC over it.
type Authenticated = (Vec<u8>, Vec<u8>);

/// The fields of a data message that count here, and the MAC keys that it reveals.
fn macs(wire: &str) -> Option<(Authenticated, Vec<Vec<u8>>)> {
    let bytes = BASE64_STANDARD.decode(wire.strip_prefix("?OTR:")?.strip_suffix('.')?).ok()?;
    let field = |at: usize| {
        let length = u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?);
        Some(at + 4 + usize::try_from(length).ok()?)
    };
    // Version, type, tags, flags, serial numbers; next key; counter; text.
    let end = field(field(20)? + 8)?;
    let (authenticated, rest) = bytes.split_at_checked(end)?;
    let (mac, revealed) = rest.split_at_checked(20)?;
    let keys = revealed.get(4..)?.chunks(20).map(<[u8]>::to_vec).collect();
    (bytes.get(2) == Some(&3)).then(|| ((authenticated.to_vec(), mac.to_vec()), keys))
}

/// Each side reveals the keys that messages of the other were verified with, once, and never one that it still accepts.
#[test]
#[ignore = "needs libotr: cargo xtask test"]
fn used_mac_keys_are_revealed_once_both_ways() -> Tested {
    let mut talk = Talk::private(LIBOTR, None, 14)?;
    for count in 0..10 {
        talk.exchange(&format!("text {count}"))?;
    }
    let goodbye = talk.ours.end();
    talk.we(goodbye)?;
    let mut messages: [Vec<Authenticated>; 2] = Default::default();
    let mut revealed: [Vec<Vec<u8>>; 2] = Default::default();
    for wire in &talk.log {
        let (from, wire) = match wire {
            Wire::ToPeer(wire) => (0, wire),
            Wire::ToUs(wire) => (1, wire),
        };
        let Some((message, keys)) = macs(wire) else { continue };
        for key in keys {
            let verifies = |(authenticated, mac): &Authenticated| {
                Hmac::<Sha1>::new_from_slice(&key)
                    .is_ok_and(|h| h.chain_update(authenticated).verify_slice(mac).is_ok())
            };
            let messages = &messages[1 - from];
            let last = messages.iter().rposition(verifies).ok_or("a key that has verified nothing")?;
            assert!(last + 1 < messages.len() || from == 0, "the key of the last message");
            assert!(!revealed[from].contains(&key), "revealed twice");
            revealed[from].push(key);
        }
        messages[from].push(message);
    }
    // Ours with the goodbye: all of them. Theirs: but for the last ones, which are still in use.
    let used = 10;
    assert_eq!(revealed[0].len(), used);
    assert!(revealed[1].len() >= used - 2, "{}", revealed[1].len());
    Ok(())
}
