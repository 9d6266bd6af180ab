//! What is inside a data message: text, HTML, records, and the numbers of a comparison.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|plaintext: &[u8]| flashpaper_otr::fuzzing::inside(plaintext));
