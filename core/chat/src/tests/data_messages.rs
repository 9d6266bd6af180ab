//! Data messages of OTR, as core/docs/wire-profile.md has them. The heartbeat answers clients that give a text no name, and all of
//! ours do: its test is `core/otr/tests/traps_data.rs: heartbeat`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;

use super::phones::*;
use super::support::*;

/// A data message of version 3: its counter, and the length of what is encrypted.
fn counter_and_length(stanza: &OutgoingStanza) -> (u64, usize) {
    let StanzaKind::Encrypted { body, .. } = &stanza.kind else { panic!("not encrypted") };
    let encoded = body.strip_prefix("?OTR:").and_then(|body| body.strip_suffix('.')).unwrap();
    let bytes = BASE64.decode(encoded).unwrap();
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    // Version, type, tags, flags, key ids; the next key; the counter; what is encrypted.
    let counter = 20 + 4 + number(20);
    (u64::from_be_bytes(bytes[counter..counter + 8].try_into().unwrap()), number(counter + 8))
}

#[test]
fn texts_are_padded_to_multiples_of_256_bytes() {
    let length = |text: &str| {
        let (mut one, _) = friends();
        outbox::queue(&mut one.mailbox, &address(TWO), "label".into(), text, NOW, None).unwrap();
        let out = one.says();
        assert_eq!(out.len(), 1, "one piece");
        counter_and_length(&out[0]).1
    };
    let short = length("x");
    assert_eq!(short % 256, 0);
    assert_eq!([length(&"x".repeat(10)), length(&"x".repeat(100))], [short, short]);
    assert_eq!(length(&"x".repeat(256)), short + 256);
}

#[test]
fn the_counter_of_a_conversation_that_was_stored_goes_on_far_behind_the_last() {
    let (mut one, mut two) = friends();
    let counter = |one: &mut Phone| {
        one.writes("hello");
        let out = one.says();
        counter_and_length(&out[0]).0
    };
    let first = counter(&mut one);
    assert_eq!(counter(&mut one), first + 1);
    one.restarts();
    let jump = counter(&mut one) - first - 2;
    assert!((1 << 40..1 << 41).contains(&jump), "{jump}");
    // Another time it is another one.
    two.restarts();
    let other = counter(&mut two);
    assert!((1 << 40..1 << 41).contains(&other) && other != jump, "{other}");
}
