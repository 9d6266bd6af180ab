//! OTR's marks in plain text: query, whitespace tag, error message (spec: "Unencoded messages").

/// The version that we speak.
const VERSION: char = '3';
/// What asks for it, with words for a client that has no OTR.
pub(crate) const QUERY: &str =
    "?OTRv3? This person wants a private conversation, for which your program lacks Off-the-Record Messaging.";

const TAG: &str = "\x20\t\x20\x20\t\t\t\t\x20\t\x20\t\x20\t\x20\x20";
const TAG_V1: &str = "\x20\t\x20\t\x20\x20\t\x20";
const TAG_V2: &str = "\x20\x20\t\t\x20\x20\t\x20";
const TAG_V3: &str = "\x20\x20\t\t\x20\x20\t\t";

const ERROR: &str = "?OTR Error:";

/// What a text that is not an encoded message turns out to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Plain<'a> {
    /// A query; whether it offers version 3.
    Query { version_3: bool },
    /// An error message with the peer's words: whoever can write to us can send one.
    Error(&'a str),
    /// Text, with the whitespace tag taken out; what that offered, if there was one.
    Text { text: String, tag: Option<Tag> },
}

/// A whitespace tag.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    /// Whether it offers version 3.
    pub(crate) version_3: bool,
}

/// Reads a text without `?OTR:` and `?OTR|`.
pub(crate) fn read(text: &str) -> Plain<'_> {
    if let Some((_, words)) = text.split_once(ERROR) {
        return Plain::Error(words.trim_start());
    }
    if let Some(version_3) = query(text) {
        return Plain::Query { version_3 };
    }
    match text.split_once(TAG) {
        Some((before, after)) => {
            let (mut rest, mut tag) = (after, None);
            while let Some(next) = [TAG_V1, TAG_V2, TAG_V3].iter().find(|v| rest.starts_with(**v)) {
                tag.get_or_insert(Tag { version_3: false }).version_3 |= *next == TAG_V3;
                rest = rest.split_at(next.len()).1;
            }
            // The mark alone is no tag.
            let text = if tag.is_some() { format!("{before}{rest}") } else { text.to_owned() };
            Plain::Text { text, tag }
        }
        None => Plain::Text { text: text.to_owned(), tag: None },
    }
}

/// Appends the tag that offers version 3.
pub(crate) fn tagged(text: &str) -> String {
    format!("{text}{TAG}{TAG_V3}")
}

/// An error message.
pub(crate) fn error(words: &str) -> String {
    format!("{ERROR} {words}")
}

/// Whether a query offers version 3; `None` if there is none. Unterminated, it reaches to the end of the text.
fn query(text: &str) -> Option<bool> {
    let mut found = None;
    for (at, _) in text.match_indices("?OTR") {
        let rest = text.split_at(at + 4).1;
        let versions = match rest.strip_prefix('?') {
            Some(after_v1) => after_v1.strip_prefix('v').map_or("", |v| v),
            None => match rest.strip_prefix('v') {
                Some(versions) => versions,
                None => continue,
            },
        };
        let versions = versions.split_once('?').map_or(versions, |(listed, _)| listed);
        found = Some(found.unwrap_or(false) || versions.contains(VERSION));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_forms() {
        for (text, version_3) in [
            ("?OTR?", false),
            ("?OTRv2?", false),
            ("?OTRv23?", true),
            ("?OTR?v2?", false),
            ("?OTR?v3?", true),
            ("?OTRv24x?", false),
            ("?OTRv3x?", true),
            ("?OTR?v?", false),
            ("?OTRv?", false),
            ("<b>?OTRv23?</b> hello", true),
            ("?OTRv3", true),
        ] {
            assert_eq!(read(text), Plain::Query { version_3 }, "{text}");
        }
        for text in ["?OTR", "OTRv3?", "?OTRx3?", "what is ?OTR for"] {
            assert!(matches!(read(text), Plain::Text { .. }), "{text}");
        }
        assert_eq!(read(QUERY), Plain::Query { version_3: true });
    }

    #[test]
    fn ws_tag_anywhere() {
        let text = |text: &str, tag| Plain::Text { text: text.to_owned(), tag };
        let v3 = || Some(Tag { version_3: true });
        assert_eq!(read(&tagged("hi")), text("hi", v3()));
        assert_eq!(read(&format!("a {TAG}{TAG_V1}{TAG_V2}{TAG_V3} b")), text("a  b", v3()));
        assert_eq!(read(&format!("{TAG}{TAG_V2}")), text("", Some(Tag { version_3: false })));
        assert_eq!(read(&format!("a{TAG}")), text(&format!("a{TAG}"), None));
        assert_eq!(read("  tabs\t and blanks \t"), text("  tabs\t and blanks \t", None));
    }

    #[test]
    fn error_prefix() {
        assert_eq!(read("oh: ?OTR Error: <b>no</b>"), Plain::Error("<b>no</b>"));
        assert_eq!(read(&error("no")), Plain::Error("no"));
    }
}
