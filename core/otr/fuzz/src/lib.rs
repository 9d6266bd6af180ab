//! What the targets share.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use flashpaper_otr::{Identity, InstanceTag, Session, Settings};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// Two people. Making a key takes long, so there are only these.
pub static PEOPLE: LazyLock<[Arc<Identity>; 2]> =
    LazyLock::new(|| [1, 2].map(|seed| Arc::new(Identity::random(&mut StdRng::seed_from_u64(seed)))));

/// The instance tags of the two.
pub const TAGS: [u32; 2] = [0x101, 0x102];

pub fn settings(person: usize) -> Settings {
    Settings { tag: Some(InstanceTag(TAGS[person])), limit: Some(700), ..Settings::default() }
}

pub fn session(person: usize, seed: u64) -> Session {
    let rng = Box::new(StdRng::seed_from_u64(seed));
    Session::new(Arc::clone(&PEOPLE[person]), settings(person), rng, Duration::ZERO)
}
