//! Messages of somebody who gets no answer yet: no session has seen them.

use std::fmt;

use super::marked::{self, Found, Marked};
use super::plain::{self, MARK, Plain};

/// What a message is before there is a session to hand it to. Its `Debug` shows no text.
#[derive(PartialEq, Eq)]
pub struct Unanswered {
    /// What its sender wrote, if it is a text.
    pub text: Option<String>,
    /// The text of an OTR error message. Anybody may have written it.
    pub error: Option<String>,
    /// It asks for a private conversation, or belongs to one.
    pub asks: bool,
    /// It offers version 3.
    pub offers_3: bool,
}

impl Unanswered {
    /// Looks at a message of the network.
    #[must_use]
    pub fn read(wire: &str) -> Self {
        // A mark that does not begin it is one that somebody talks about.
        if wire.starts_with(MARK)
            && let Some(Marked { found, has_words }) = marked::find(wire)
        {
            let is_message = match found {
                Found::Encoded => marked::is_message(wire),
                Found::Piece(_) => true,
                Found::NoPiece => false,
            };
            let text = (has_words || !is_message).then(|| wire.to_owned());
            return Self { text, error: None, asks: is_message, offers_3: false };
        }
        let begins = plain::begins(wire);
        let text = || (!begins).then(|| wire.to_owned());
        match plain::read(wire) {
            Plain::Query(offer) => {
                Self { text: text(), error: None, asks: begins, offers_3: begins && offer.version_3 }
            }
            Plain::Error(words) => {
                Self { text: text(), error: begins.then(|| words.to_owned()), asks: false, offers_3: false }
            }
            Plain::Text { text, tag } => {
                let (text, offers_3) =
                    (Some(text).filter(|text| !text.is_empty()), tag.is_some_and(|tag| tag.version_3));
                Self { text, error: None, asks: tag.is_some(), offers_3 }
            }
        }
    }
}

impl fmt::Debug for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unanswered({})", if self.asks { "asks" } else { ".." })
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
            ("?OTR:AAIC.", None, true),
            ("?OTR:AAMCAAABAAAAAAA=.", None, true),
            ("?OTR:AAIC. hello", Some("?OTR:AAIC. hello"), true),
            ("?OTR:AAMC.", Some("?OTR:AAMC."), false),
            ("?OTR:that. hello", Some("?OTR:that. hello"), false),
            ("> ?OTR:AAIC.\nwhat is this?", Some("> ?OTR:AAIC.\nwhat is this?"), false),
            ("see ?OTR,1,2,a,", Some("see ?OTR,1,2,a,"), false),
            ("?OTR,1,2,piece, hello", Some("?OTR,1,2,piece, hello"), true),
            ("?OTR: is ?OTRv3? meant", Some("?OTR: is ?OTRv3? meant"), false),
            ("?OTR| is what?", Some("?OTR| is what?"), false),
            ("?OTR|100|0,1,2,piece,", None, true),
            ("?OTR,1,2,piece,", None, true),
            ("?OTR Error: no", None, false),
            ("?OTR?", None, true),
            ("?OTRv4?", None, true),
            ("?OTR? what is that?", Some("?OTR? what is that?"), false),
            ("?OTRv4? what is that?", Some("?OTRv4? what is that?"), false),
            ("?OTRvoucher: use it today", Some("?OTRvoucher: use it today"), false),
            ("?OTR? I got ?OTRv3?", Some("?OTR? I got ?OTRv3?"), false),
            ("", None, false),
        ] {
            let Unanswered { text: shown, error, asks: asked, .. } = Unanswered::read(wire);
            assert_eq!((shown.as_deref(), asked), (text, asks), "{wire}");
            assert_eq!(error.as_deref(), (wire == "?OTR Error: no").then_some("no"), "{wire}");
        }
        for (before, text) in [("hi", Some("hi".to_owned())), ("", None)] {
            let read = Unanswered { text, error: None, asks: true, offers_3: true };
            assert_eq!(Unanswered::read(&plain::tagged(before, true)), read);
        }
        for (query, offers_3) in [("?OTRv2?", false), ("?OTRv3?", true), ("?OTRv23? words", true)] {
            assert_eq!(Unanswered::read(query), Unanswered { text: None, error: None, asks: true, offers_3 });
        }
    }
}
