//! A session's stored state, damaged at will, and then used.
#![no_main]

use std::sync::Arc;
use std::time::Duration;

use flashpaper_otr::Session;
use flashpaper_otr_fuzz::world::{PEOPLE, session, settings};
use libfuzzer_sys::fuzz_target;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

fuzz_target!(|state: &[u8]| {
    let rng = Box::new(StdRng::seed_from_u64(1));
    let resumed = Session::resume(state, Arc::clone(&PEOPLE[0]), settings(0), rng, Duration::ZERO);
    let Ok(mut resumed) = resumed else { return };
    for output in session(1, 2).receive("?OTRv3?") {
        if let flashpaper_otr::Output::Send(wire) = output {
            resumed.receive(&wire);
        }
    }
    for number in [2, 3] {
        resumed.receive(&format!("?OTR|102|101,{number},3,piece,"));
    }
    resumed.tick(Duration::from_secs(100));
    let _ = resumed.send("hello", "label");
    resumed.end();
});
