//! Texts of the network, a line each: plain ones, marks, fragments, encoded messages.
#![no_main]

use flashpaper_otr_fuzz::world::session;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut session = session(0, 1);
    for line in text.split('\n') {
        session.receive(line);
    }
});
