//! A server's bytes: on a stream, and inside a message of somebody's.
#![no_main]

use flashpaper_xmpp::{Incoming, StreamError, fuzzing};
use libfuzzer_sys::fuzz_target;
use rxml::error::EndOrError;
use rxml::{Event, Parse as _, Parser};
use tokio::runtime::{Builder, Runtime};

const HEADER: &[u8] = b"<stream xmlns='jabber:client'>";
const NEXT: &[u8] = b"<message from='a@b.example'><body>next</body></message>";
/// A stanza's levels that are read.
const DEPTH: usize = 60;

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_time().build().unwrap();
}

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    check(&[b"<message from='b@b.example/r' id='1'>", bytes, b"</message>"].concat());
});

fn check(bytes: &[u8]) {
    let all = [bytes, NEXT].concat();
    let read = |size| RUNTIME.with(|runtime| runtime.block_on(fuzzing::read(&all, size))).unwrap();
    let (parts, count, why) = read(usize::MAX);
    assert_eq!((parts.clone(), count, why), read(1), "the pieces that bytes come in make a difference");
    // A stanza that is longer may end the stream.
    if let Some(stanzas) = stanzas(&all).filter(|_| all.len() <= fuzzing::BUDGET) {
        assert_eq!((count, why), (stanzas, StreamError::Ended), "the stream does not stay");
        let is_next = |part: &Incoming| matches!(part, Incoming::Chat(chat) if chat.text == "next");
        assert!(parts.last().is_some_and(is_next), "what comes next is not read");
    }
}

/// How many stanzas these are, if they are stanzas and nothing else to a parser.
fn stanzas(bytes: &[u8]) -> Option<u32> {
    let (mut parser, mut depth, mut count) = (Parser::new(), 0, 0);
    for mut bytes in [HEADER, bytes] {
        loop {
            match parser.parse(&mut bytes, false) {
                Ok(Some(Event::StartElement(_, (_, name), _))) => {
                    if depth == 1 {
                        count += 1;
                    }
                    if depth == 1 && !["message", "presence", "iq"].contains(&name.as_str()) || depth > DEPTH {
                        return None;
                    }
                    depth += 1;
                }
                Ok(Some(Event::EndElement(_))) => depth -= 1,
                Ok(Some(Event::Text(_, text))) if depth == 1 && !text.trim().is_empty() => return None,
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(EndOrError::NeedMoreData) => break,
                Err(EndOrError::Error(_)) => return None,
            }
        }
    }
    (depth == 1).then_some(count)
}
