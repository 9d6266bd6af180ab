//! Messages of somebody who gets no answer yet: no session has seen them.

use super::plain::Plain;
use super::{codec, fragment, plain};

/// What a message is before there is a session to hand it to.
#[derive(Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// What its sender wrote, if it is a text.
    pub text: Option<String>,
    /// It asks for a private conversation, or belongs to one.
    pub asks: bool,
}

impl Unanswered {
    /// Looks at a message of the network.
    #[must_use]
    pub fn read(wire: &str) -> Self {
        let is_message = |wire| codec::dearmor(wire).is_some_and(|message| message.is_ok());
        if wire.starts_with(codec::PREFIX) && is_message(wire) || matches!(fragment::read(wire), Some(Some(_))) {
            return Self { text: None, asks: true };
        }
        // A mark that does not begin it is one that somebody talks about.
        let text = || (!wire.starts_with("?OTR")).then(|| wire.to_owned());
        match plain::read(wire) {
            Plain::Query(_) => Self { text: text(), asks: wire.starts_with("?OTR") },
            Plain::Error(_) => Self { text: text(), asks: false },
            Plain::Text { text, tag } => Self { text: Some(text).filter(|text| !text.is_empty()), asks: tag.is_some() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_write() {
        for (wire, text, asks) in [
            ("hello", Some("hello"), false),
            ("what is ?OTR for", Some("what is ?OTR for"), false),
            ("I got ?OTRv3? from you", Some("I got ?OTRv3? from you"), false),
            ("it says ?OTR Error: no", Some("it says ?OTR Error: no"), false),
            ("?OTR, what is that?", Some("?OTR, what is that?"), false),
            ("?OTR: what is that?", Some("?OTR: what is that?"), false),
            ("?OTRv23? This person", None, true),
            ("?OTRv2?", None, true),
            ("?OTR:AAMC.", None, true),
            ("?OTR|100|0,1,2,piece,", None, true),
            ("?OTR,1,2,piece,", None, true),
            ("?OTR Error: no", None, false),
            ("", None, false),
        ] {
            assert_eq!(Unanswered::read(wire), Unanswered { text: text.map(str::to_owned), asks }, "{wire}");
        }
        for (before, text) in [("hi", Some("hi".to_owned())), ("", None)] {
            assert_eq!(Unanswered::read(&plain::tagged(before, true)), Unanswered { text, asks: true });
        }
    }
}
