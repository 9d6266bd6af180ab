//! Keys: taken as they come, accepted, expected, verified.

use super::support::*;

#[test]
fn keys_are_taken_as_they_come_once() {
    let keys: Vec<Fingerprint> = (0..20).map(|n| Fingerprint([n; 20])).collect();
    let mut peer = Trust::default();
    peer.trusts_on_first_use(keys[0]);
    assert_eq!(peer.security(keys[0]), Security::Private);
    for key in &keys[1..] {
        peer.trusts_on_first_use(*key);
        assert_eq!(peer.security(*key), Security::KeyChanged);
    }
    assert!(peer.accepts(keys[0]) && peer.keys.len() == limits::KEYS, "others do not crowd out the known one");
    peer.accept(keys[19]);
    assert_eq!([0, 19].map(|n| peer.security(keys[n])), [Security::Private; 2]);
    // The first may have been somebody else's.
    peer.verify(keys[19]);
    assert_eq!([0, 19].map(|n| peer.security(keys[n])), [Security::KeyChanged, Security::Verified]);
    // Scanned: no other will do.
    let mut scanned = Trust::default();
    assert_eq!(scanned.expect(keys[1], false), Ok(()));
    scanned.trusts_on_first_use(keys[2]);
    scanned.trusts_on_first_use(keys[1]);
    assert_eq!((scanned.security(keys[2]), scanned.security(keys[1])), (Security::KeyChanged, Security::Private));
}

#[test]
fn a_link_does_not_take_the_place_of_a_key_without_the_users_word() {
    let [scanned, verified, other] = [1, 2, 3].map(|byte| Fingerprint([byte; 20]));
    let mut peer = Trust::default();
    peer.trusts_on_first_use(other);
    assert_eq!((peer.expect(other, false), peer.accepts(other)), (Ok(()), true), "the same");
    for _ in 0..2 {
        assert_eq!(peer.expect(scanned, false), Err(crate::ChatError::OtherKeyInUse));
        assert_eq!((peer.accepts(other), peer.expected), (true, Some(other)), "nothing was changed");
        // Nor one that was scanned and has not been there yet.
        peer.keys.iter_mut().for_each(|key| key.accepted = false);
        assert_eq!(peer.expect(scanned, false), Err(crate::ChatError::OtherKeyInUse));
        peer.accept(other);
        peer.expected = Some(other);
    }
    assert_eq!((peer.expect(scanned, true), peer.accepts(other)), (Ok(()), false));
    peer.trusts_on_first_use(scanned);
    assert!(peer.accepts(scanned));
    for key in [verified, scanned] {
        peer.verify(key);
    }
    let before = peer.shown_keys();
    for decided in [false, true] {
        assert_eq!(peer.expect(other, decided), Err(crate::ChatError::OtherKeyVerified));
    }
    assert_eq!((peer.shown_keys(), peer.expected), (before, None), "nothing was changed");
    // Two clients of theirs, both verified.
    assert_eq!(peer.expect(verified, false), Ok(()));
    assert_eq!([verified, scanned, other].map(|key| peer.accepts(key)), [true, true, false]);
    for key in [verified, scanned] {
        peer.key_mut(key).unwrap().verified = false;
    }
    assert_eq!(peer.expect(other, true), Ok(()));
    assert_eq!([verified, scanned, other].map(|key| peer.accepts(key)), [false, false, true]);
}
