//! Properties of every world.

use std::sync::Mutex;
use std::time::Instant;
use std::{env, thread};

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::actions::{honest, lying};
use super::{Beginning, World};

/// How long private conversations may rest, in seconds; 0: they end with their process. With the honest server none ends by
/// resting, as nobody would know what came of texts that were on their way.
pub(super) const WEEK: u64 = 7 * 86_400;
pub(super) const HOUR: u64 = 3600;

/// A phone is killed or its disk is full at any commit, connections break at any stanza, streams go on or not, servers crash.
#[test]
fn an_honest_server_loses_doubles_and_moves_no_text() {
    run(
        || (prop_oneof![1 => Just(0), 2 => Just(WEEK)], honest()),
        |(idle_timeout, actions)| {
            let mut world = World::new(Beginning::Acquainted, false, idle_timeout);
            actions.iter().for_each(|action| world.act(action));
            world.settle();
            world.check_all_arrived(true);
        },
    );
}

/// The same, where nobody knows at first that the other's client knows doubles. What it may have read is told as unread then,
/// where it cannot be known in time (decision 013): neither lost without a word nor sent twice.
#[test]
fn with_an_honest_server_two_who_meet_lose_no_text_without_a_word() {
    run(
        || (beginning(), prop_oneof![1 => Just(0), 2 => Just(WEEK)], honest()),
        |(beginning, idle_timeout, actions)| {
            let mut world = World::new(beginning, false, idle_timeout);
            actions.iter().for_each(|action| world.act(action));
            world.settle();
            world.check_all_arrived(false);
        },
    );
}

/// It drops, holds back, replays, forges receipts and bounces, and speaks in the peer's name with a key of its own.
#[test]
fn a_lying_server_doubles_no_text_forges_no_delivery_and_reads_nothing() {
    run(
        || (beginning(), any::<bool>(), lying()),
        |(beginning, same_tag, actions)| {
            let mut world = World::new(beginning, same_tag, HOUR);
            actions.iter().for_each(|action| world.act(action));
            world.settle();
            world.check_none_forgotten();
            world.check_last_texts_arrive();
        },
    );
}

fn beginning() -> impl Strategy<Value = Beginning> {
    prop_oneof![Just(Beginning::Stranger), Just(Beginning::Contacts), Just(Beginning::Acquainted)]
}

/// So many series of worlds for each property, which the threads share: the same on a machine with any number of processors.
const SERIES: u8 = 16;

/// Ten thousand worlds for all three properties, the same each time; as many for each, and others each time, with FLASHPAPER_SOAK.
fn run<S: Strategy>(worlds: impl Fn() -> S + Sync, test: impl Fn(S::Value) + Sync) {
    let is_soak = env::var_os("FLASHPAPER_SOAK").is_some();
    let cases = if is_soak { 625 } else { 209 };
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let begin = Instant::now();
    let play = |series: u8| {
        let seeded = || TestRng::from_seed(RngAlgorithm::ChaCha, &[series; 32]);
        let mut runner =
            if is_soak { TestRunner::new(config.clone()) } else { TestRunner::new_with_rng(config.clone(), seeded()) };
        let tested = runner.run(&worlds(), |world| {
            test(world);
            Ok(())
        });
        tested.err().map(|found| format!("series {series}: {found}"))
    };
    let next = Mutex::new(0..SERIES);
    let take = || next.lock().unwrap().next();
    let work = || std::iter::from_fn(take).filter_map(play).collect::<Vec<_>>();
    let found: Vec<String> = thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    println!("{} worlds in {:?}", cases * u32::from(SERIES), begin.elapsed());
    assert!(found.is_empty(), "{}", found.join("\n"));
}
