//! Traps 60 to 70: the comparison of secrets, as sessions see it. Names are the traps'.
//!
//! Seen elsewhere, or only in part here:
//! - 60 `smp_secret`: that the hash is the spec's, with either side as the one that starts: `peers/libotr.rs`; its binding to the session: here.
//! - 61 `smp_zk_all`, 62 `smp_degenerate`, 63 `smp_state`, 65 `smp_mpi_count`: `session/smp/tests.rs`.
//! - 67 `smp_question`: there, too; one as long as can be: `adversity.rs`.

#![allow(clippy::unwrap_used, reason = "both sides can ask and answer here")]

mod common;

use common::{ALICE, BOB, Pair, wires};
use flashpaper_otr::{Output, Settings, SmpEvent};

const ABORTED: Output = Output::Smp(SmpEvent::Aborted);

fn start(pair: &mut Pair, side: usize, secret: &str) {
    let ask = pair.sides[side].smp_start(secret, None).unwrap();
    pair.carry(side, ask);
}

fn answer(pair: &mut Pair, side: usize, secret: &str) {
    let answer = pair.sides[side].smp_answer(secret, None).unwrap();
    pair.carry(side, answer);
}

/// How the last comparison ended on both sides: equal or not.
fn results(pair: &Pair) -> [Option<bool>; 2] {
    pair.news.each_ref().map(|news| match news.last() {
        Some(Output::Smp(SmpEvent::Equal { .. })) => Some(true),
        Some(Output::Smp(SmpEvent::Different { .. })) => Some(false),
        _ => None,
    })
}

#[test]
fn smp_secret() {
    let mut pair = Pair::private(Settings::default(), 700);
    for (ours, theirs, equal) in [("cat", "cat", true), ("cat", "Cat", false), ("", "", true), ("c", "c\0", false)] {
        for asker in 0..2 {
            start(&mut pair, asker, ours);
            answer(&mut pair, 1 - asker, theirs);
            assert_eq!(results(&pair), [Some(equal); 2], "{ours:?} {theirs:?}");
        }
    }
    // The session is a part of it: an answer that crosses a renewal does not fit the new one.
    start(&mut pair, 0, "cat");
    let stale = pair.sides[1].smp_answer("cat", None).unwrap();
    let renew = pair.sides[0].start();
    pair.carry(0, renew);
    pair.carry(1, stale);
    assert_eq!(results(&pair), [None; 2]);
}

#[test]
fn smp_abort() {
    for aborter in 0..2 {
        for asker in 0..2 {
            let mut pair = Pair::private(Settings::default(), 710);
            start(&mut pair, asker, "cat");
            let abort = pair.sides[aborter].smp_abort(None).unwrap();
            pair.carry(aborter, abort);
            assert_eq!(pair.news[1 - aborter].last(), Some(&ABORTED));
            assert!(pair.sides[1 - asker].smp_answer("cat", None).is_err());
            // One that comes without a comparison is no news.
            pair.news = [vec![], vec![]];
            let again = pair.sides[aborter].smp_abort(None).unwrap();
            pair.carry(aborter, again);
            assert!(pair.news.iter().all(Vec::is_empty));
        }
    }
    // The end of the conversation is that of a comparison.
    let mut pair = Pair::private(Settings::default(), 711);
    start(&mut pair, 0, "cat");
    let bye = pair.sides[1].end();
    pair.carry(1, bye);
    assert!(pair.news[0].contains(&ABORTED));
}

#[test]
fn smp_restart_while_running() {
    let mut pair = Pair::private(Settings::default(), 720);
    start(&mut pair, 0, "dog");
    start(&mut pair, 0, "cat");
    assert!(pair.news[1].contains(&ABORTED));
    answer(&mut pair, 1, "cat");
    assert_eq!(results(&pair), [Some(true); 2]);
    // After the peer's answer, too.
    start(&mut pair, 0, "cat");
    let late = pair.sides[1].smp_answer("cat", None).unwrap();
    start(&mut pair, 0, "cat");
    pair.carry(1, late);
    start(&mut pair, 0, "cat");
    answer(&mut pair, 1, "cat");
    assert_eq!(results(&pair), [Some(true); 2]);
}

#[test]
fn smp_simultaneous() {
    let mut pair = Pair::private(Settings::default(), 730);
    let [first, second] = pair.sides.each_mut().map(|side| side.smp_start("cat", None).unwrap());
    pair.carry(0, first);
    pair.carry(1, second);
    assert!(pair.news.iter().all(|news| news.contains(&ABORTED)), "{:?}", pair.news);
    start(&mut pair, 1, "cat");
    answer(&mut pair, 0, "cat");
    assert_eq!(results(&pair), [Some(true); 2]);
}

#[test]
fn smp_fail_not_trust() {
    let mut pair = Pair::private(Settings::default(), 740);
    for (theirs, asked) in [("cat", true), ("dog", false)] {
        start(&mut pair, 0, "cat");
        answer(&mut pair, 1, theirs);
        let [ours, theirs] = [0, 1].map(|side| pair.news[side].last().cloned());
        // The event names the key, and says whether it was shown or only answered.
        for (event, fingerprint, we_asked) in [(ours, BOB.fingerprint(), true), (theirs, ALICE.fingerprint(), false)] {
            let (equal, different) =
                (SmpEvent::Equal { fingerprint, we_asked, with_question: false }, SmpEvent::Different { fingerprint });
            assert_eq!(event, Some(Output::Smp(if asked { equal } else { different })));
        }
    }
    pair.say(0, "still private");
    assert_eq!(pair.texts(1), ["still private"]);
}

#[test]
fn smp_over_fragments() {
    let settings = Settings { limit: Some(150), ..Settings::default() };
    let mut pair = Pair::private(settings, 750);
    let ask = pair.sides[0].smp_start("cat", Some("pet?")).unwrap();
    assert!(wires(&ask).len() > 10 && wires(&ask).iter().all(|wire| wire.len() <= 150));
    pair.carry(0, ask);
    answer(&mut pair, 1, "cat");
    assert_eq!(results(&pair), [Some(true); 2]);
}
