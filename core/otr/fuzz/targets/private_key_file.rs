//! libotr's file of private keys.
#![no_main]

use flashpaper_otr::Identity;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    if let Ok(identity) = Identity::import(file, "a", "p") {
        let again = Identity::import(identity.export("a", "p").as_bytes(), "a", "p");
        assert_eq!(again.map(|identity| identity.fingerprint()).ok(), Some(identity.fingerprint()));
    }
});
