//! Two sessions and a hostile wire: `tests/common/world.rs`.
#![no_main]

use flashpaper_otr_fuzz::world::World;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|actions: &[u8]| {
    let mut world = World::new();
    for action in actions.chunks_exact(2).take(100) {
        world.act(action[0], action[1]);
    }
    world.settle();
});
