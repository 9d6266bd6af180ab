//! The fields of an encoded message of version 3, to the right instance, in a session that waits for answers. The first
//! byte is its type.
#![no_main]

use base64::Engine as _;
use flashpaper_otr_fuzz::world::{TAGS, session};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, fields)) = bytes.split_first() else { return };
    let head = [&[0, 3, *kind][..], &TAGS[1].to_be_bytes(), &TAGS[0].to_be_bytes()].concat();
    let encoded = base64::prelude::BASE64_STANDARD.encode([&head, fields].concat());
    let mut session = session(0, 1);
    session.receive("?OTRv3?");
    session.receive(&format!("?OTR:{encoded}."));
});
