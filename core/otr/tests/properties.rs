//! What holds for any wire and any people.

#[path = "common/world.rs"]
mod world;

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
}

fn soak() -> bool {
    std::env::var_os("FLASHPAPER_SOAK").is_some()
}
