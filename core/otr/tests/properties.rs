//! What holds for any wire and any people.

mod common;
#[path = "common/world.rs"]
mod world;

use common::Pair;
use flashpaper_otr::{Output, Session, Settings, Unanswered};
use proptest::collection::vec;
use proptest::prelude::*;
use world::World;

proptest! {
    #![proptest_config(ProptestConfig { cases: if soak() { 50_000 } else { 1_000 }, failure_persistence: None, ..ProptestConfig::default() })]

    /// Loss, order, duplicates, damage, replays, forgeries, restarts, resumptions, endings, comparisons, in any order.
    #[test]
    fn whatever_happens_they_understand_each_other_again(actions in vec(any::<(u8, u8)>(), 0..100)) {
        let mut world = World::new();
        for (action, argument) in actions {
            world.act(action, argument);
        }
        world.settle();
    }

    /// Somebody's words beside marks of the protocol, in any order: they are shown, or a notice is given.
    #[test]
    fn no_word_vanishes_without_a_notice(parts in vec(0..MARKS.len() + 3, 0..6), at in 0..6_usize, private: bool) {
        let settings = Settings { version_2: true, ..Settings::default() };
        let mut pair = if private { Pair::private(settings, 1) } else { Pair::new(settings, 1) };
        let said = |side: &mut Session| side.send("text", "label").map_or_else(|_| side.start(), |(_, text)| text);
        let texts = pair.sides.each_mut().map(|side| common::wires(&said(side)).join("\n"));
        let piece = format!("?OTR|{:x}|{:x},1,2,x,", pair.sides[1].tag().0, pair.sides[0].tag().0);
        let others = [&*piece, &*texts[0], &*texts[1]];
        let mut parts: Vec<&str> = parts
            .iter()
            .map(|part| MARKS.get(*part).copied().unwrap_or_else(|| others[*part - MARKS.len()]))
            .collect();
        parts.insert(at.min(parts.len()), " words ");
        let body = parts.concat();
        let outputs = pair.sides[0].receive(&body);
        // Behind a query are words for a client that has no OTR.
        let is_query = body.starts_with("?OTRv");
        let is_told = outputs.iter().any(|output| !matches!(output, Output::Send(_)));
        prop_assert!(is_query || is_told, "{body:?}");
        // Nor does a stranger's, who is not told that it came.
        let Unanswered { text, error, .. } = Unanswered::read(&body);
        prop_assert!(is_query || text.is_some() || error.is_some(), "{body:?}");
    }
}

const MARKS: [&str; 16] = [
    "?OTR",
    "?OTR:",
    "?OTR|",
    "?OTR,",
    "?OTR,1,2,a,",
    "?OTR|100|0,1,2,a,",
    "?OTR:AAIC.",
    "?OTR:that.",
    "?OTRv3?",
    "?OTR?",
    "?OTR Error: ",
    " \t  \t\t\t\t \t \t \t    \t\t  \t\t",
    "> ",
    "\n",
    "<b>",
    ",",
];

fn soak() -> bool {
    std::env::var_os("FLASHPAPER_SOAK").is_some()
}
