//! Data messages of OTR, as core/docs/wire-profile.md has them. The heartbeat answers clients that give a text no name, and all of
//! ours do: its test is `core/otr/tests/traps_data.rs: heartbeat`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;

use super::phones::*;
use super::support::*;

fn body(stanza: &OutgoingStanza) -> &str {
    let StanzaKind::Encrypted { body, .. } = &stanza.kind else { panic!("not encrypted") };
    body
}

fn decoded(message: &str) -> Vec<u8> {
    BASE64.decode(message.strip_prefix("?OTR:").and_then(|message| message.strip_suffix('.')).unwrap()).unwrap()
}

/// Two in private in a version of OTR: a phone, and another client.
fn in_version(version: u8) -> (Phone, Other) {
    let mut one = Phone::new(TWO, 1, 0x1000);
    let mut other = Other::with(20, Settings { version_2: true, ..Settings::default() });
    let commit = other.0.receive(&format!("?OTRv{version}?"));
    other.converse(&mut one, commit);
    assert_eq!(one.conversation().version, Some(version));
    (one, other)
}

/// A data message of version 3: its counter, and the length of what is encrypted.
fn counter_and_length(stanza: &OutgoingStanza) -> (u64, usize) {
    let bytes = decoded(body(stanza));
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

/// The flag says so, which anybody on the way can see.
#[test]
fn what_holds_no_text_may_be_dropped_unread_and_a_text_may_not() {
    // Behind the version and the type; in version 3 the tags are between.
    for (version, header, flags) in [(3, [0, 3, 3], 11), (2, [0, 2, 3], 3)] {
        let flags = |stanza: &OutgoingStanza| {
            let bytes = decoded(body(stanza));
            assert_eq!(bytes[..3], header);
            bytes[flags]
        };
        let all = |out: Vec<Arc<OutgoingStanza>>| out.iter().map(|stanza| flags(stanza)).collect::<Vec<_>>();
        let (mut one, _) = in_version(version);
        one.writes("hello");
        assert_eq!(all(one.says()), [0], "a text in version {version}");
        let row = one.row;
        one.work(|talk| talk.finish(row));
        assert_eq!(all(one.says()), [1], "the goodbye in version {version}");
        if version == 3 {
            let (mut one, mut two) = friends();
            one.writes("hello");
            two.hears(&one.says());
            assert_eq!(all(two.says()), [1], "a receipt");
        }
    }
}

#[test]
fn pieces_have_the_form_of_their_version() {
    for version in [3, 2] {
        let (mut one, mut other) = in_version(version);
        one.sessions.connected(Some(limits::AROUND_BODY + 1000), false);
        let text = "x".repeat(3000);
        outbox::queue(&mut one.mailbox, &address(TWO), "label".into(), &text, NOW, None).unwrap();
        let out = one.says();
        let mut whole = String::new();
        for (number, stanza) in (1..).zip(&out) {
            let expected = match version {
                3 => format!("?OTR|00001000|{:08x},{number:05},{:05},", other.0.tag().0, out.len()),
                _ => format!("?OTR,{number:05},{:05},", out.len()),
            };
            let piece = body(stanza).strip_prefix(&expected).and_then(|piece| piece.strip_suffix(',')).unwrap();
            assert!(!piece.contains([',', '|']) && body(stanza).len() <= 1000);
            whole.push_str(piece);
        }
        // Version, type; in version 3 both tags.
        let start: &[u8] = if version == 3 { &[0, 3, 3, 0, 0, 0x10, 0] } else { &[0, 2, 3, 0] };
        assert!(out.len() > 3 && decoded(&whole).starts_with(start), "version {version}");
        let read = other.hears(&out);
        assert!(read.iter().any(|output| matches!(output, Output::Text { text: read, .. } if *read == text)));
    }
}
