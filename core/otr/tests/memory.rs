//! What a peer can have a session keep: less than 1 MiB, whatever it sends; and have stored with it, little more than
//! half of that.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{ALICE, session, wires};
use flashpaper_otr::{InstanceTag, Session, Settings};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const MIB: usize = 1 << 20;

#[test]
fn hostile_fragments_and_exchanges_take_less_than_a_mebibyte() {
    // Made before the count begins: keys, tables of powers, and the strangers' commits.
    let mut alice = session(&ALICE, Settings::default(), 1);
    let commits: Vec<String> = (0..200)
        .flat_map(|number| {
            let tag = Some(InstanceTag(0x1000 + number));
            let mut stranger = session(&ALICE, Settings { tag, ..Settings::default() }, number.into());
            wires(&stranger.receive("?OTRv3?"))
        })
        .collect();
    alice.receive(&commits[0]);
    let profiler = dhat::Profiler::builder().testing().build();

    let peak = |what: &str, alice: &mut Session, messages: &mut dyn Iterator<Item = String>| {
        let before = dhat::HeapStats::get().curr_bytes;
        let mut most = 0;
        for message in messages {
            drop(alice.receive(&message));
            let now = dhat::HeapStats::get().curr_bytes;
            most = most.max(now.saturating_sub(before + message.capacity()));
        }
        println!("{what}: {most} bytes");
        assert!(most < MIB, "{what}: {most}");
    };
    let piece = "x".repeat(1000);
    let fragment =
        |sender: u32, number: u32, count: u32, piece: &str| format!("?OTR|{sender:x}|0,{number},{count},{piece},");
    peak(
        "one byte from each of 100000 instances",
        &mut alice,
        &mut (0..100_000).map(|i| fragment(0x10000 + i, 1, 2, "a")),
    );
    peak("65534 pieces of a byte", &mut alice, &mut (1..65_535).map(|n| fragment(0x200, n, 65_535, "a")));
    peak("messages without end", &mut alice, &mut (1..5_000).map(|n| fragment(0x300, n, 65_535, &piece)));
    let turns = (1..400).flat_map(|n| (0..16).map(move |sender| (sender, n)));
    peak("sixteen of them, in turns", &mut alice, &mut turns.map(|(s, n)| fragment(0x400 + s, n, 65_535, &piece)));
    alice.receive("hello");
    let turns = (1..250).flat_map(|n| [0x500, 0x501].map(move |sender| (sender, n)));
    peak("two that fill all there is", &mut alice, &mut turns.map(|(s, n)| fragment(s, n, 65_535, &piece)));
    let state = alice.suspend();
    assert!((480_000..MIB * 9 / 16).contains(&state.len()), "{} bytes are stored", state.len());
    let rng = Box::new(StdRng::seed_from_u64(2));
    let resumed = Session::resume(&state, Arc::clone(&ALICE), Settings::default(), rng, Duration::ZERO);
    alice = resumed.unwrap();
    drop(state);
    let on = (250..400).flat_map(|n| [0x500, 0x501, 0x502].map(move |sender| (sender, n)));
    peak("and on, in another process", &mut alice, &mut on.map(|(s, n)| fragment(s, n, 65_535, &piece)));
    peak("exchanges that are never finished", &mut alice, &mut commits.into_iter());
    drop(profiler);
}
