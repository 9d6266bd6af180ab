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

#[test]
fn a_fingerprint_is_read_as_it_is_shown() {
    let key = Fingerprint([0xab; 20]);
    assert_eq!(key.to_string(), ["ABABABAB"; 5].join(" "));
    assert_eq!(key.digits(), "AB".repeat(20));
    let json = serde_json::to_string(&key).unwrap();
    assert_eq!(json, format!("\"{key}\""));
    assert_eq!(serde_json::from_str::<Fingerprint>(&json).unwrap(), key);
    assert!(serde_json::from_str::<Fingerprint>("\"AB\"").is_err());
}

#[test]
fn so_many_keys_are_remembered_and_those_that_texts_may_go_to_stay() {
    let keys: Vec<Fingerprint> = (0..).map(|n| Fingerprint([n; 20])).take(limits::KEYS + 1).collect();
    let mut trust = Trust::default();
    keys.iter().take(limits::KEYS).for_each(|key| trust.trusts_on_first_use(*key));
    assert!(keys.iter().take(limits::KEYS).all(|key| trust.key(*key).is_some()));
    trust.trusts_on_first_use(keys[limits::KEYS]);
    let is_known = |trust: &Trust, n: usize| trust.key(keys[n]).is_some();
    assert!(is_known(&trust, 0) && !is_known(&trust, 1) && is_known(&trust, 2) && is_known(&trust, limits::KEYS));
    // Where all are accepted the oldest goes.
    trust.keys.iter_mut().for_each(|key| key.accepted = true);
    trust.trusts_on_first_use(keys[1]);
    assert!(!is_known(&trust, 0) && is_known(&trust, 1) && trust.keys.len() == limits::KEYS);
}

#[test]
fn what_the_user_accepts_takes_the_place_of_what_was_expected() {
    let [expected, other] = [1, 2].map(|byte| Fingerprint([byte; 20]));
    let mut trust = Trust::default();
    trust.expect(expected, false).unwrap();
    trust.accept(expected);
    assert_eq!((trust.accepts(expected), trust.expected), (true, Some(expected)));
    trust.accept(other);
    assert_eq!((trust.accepts(expected), trust.accepts(other), trust.expected), (true, true, None));
    let shown: Vec<_> = trust.shown_keys().iter().map(|key| (key.fingerprint, key.accepted, key.verified)).collect();
    assert_eq!(shown, [(expected, true, false), (other, true, false)]);
    trust.verify(other);
    assert_eq!([expected, other].map(|key| trust.security(key)), [Security::KeyChanged, Security::Verified]);
    trust.key_mut(other).unwrap().accepted = false;
    assert_eq!(trust.security(other), Security::KeyChanged, "verified once, and refused since");
}

#[test]
fn an_accepted_key_that_has_spoken_version_3_is_known_by_that() {
    let [first, other] = [1, 2].map(|byte| Fingerprint([byte; 20]));
    let mut trust = Trust::default();
    [first, other].iter().for_each(|key| trust.trusts_on_first_use(*key));
    trust.note_version(other, 3);
    trust.note_version(first, 2);
    assert!(!trust.has_spoken_version_3(), "another key, or another version");
    assert!(trust.key(other).unwrap().spoke_version_3 && !trust.key(first).unwrap().spoke_version_3);
    trust.note_version(first, 3);
    assert!(trust.has_spoken_version_3());
}

#[test]
fn a_key_that_was_verified_by_mistake_gets_no_text_until_it_is_accepted_again() {
    let [verified, other] = [1, 2].map(|byte| Fingerprint([byte; 20]));
    let mut peer = Trust::default();
    peer.distrust(verified);
    assert!(peer.keys.is_empty(), "a key that was never there does not appear");
    [verified, other].into_iter().for_each(|key| peer.verify(key));
    peer.distrust(verified);
    assert_eq!([verified, other].map(|key| peer.security(key)), [Security::KeyChanged, Security::Verified]);
    assert_eq!([verified, other].map(|key| peer.is_verified(key)), [false, true]);
    // It is known by now: that it comes again does not make it acceptable.
    peer.trusts_on_first_use(verified);
    assert!(!peer.accepts(verified));
    peer.accept(verified);
    assert_eq!(peer.security(verified), Security::Private, "accepted, and compared anew by nobody");
}
