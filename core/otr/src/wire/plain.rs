//! OTR's marks in plain text: query, whitespace tag, error message (spec: "Unencoded messages").

/// Behind a query, for a client that has no OTR.
const WORDS: &str = " This person wants a private conversation, for which your program lacks Off-the-Record Messaging.";

const TAG: &str = "\x20\t\x20\x20\t\t\t\t\x20\t\x20\t\x20\t\x20\x20";
const TAG_V1: &str = "\x20\t\x20\t\x20\x20\t\x20";
const TAG_V2: &str = "\x20\x20\t\t\x20\x20\t\x20";
const TAG_V3: &str = "\x20\x20\t\t\x20\x20\t\t";

/// What every mark of the protocol begins with.
pub(super) const MARK: &str = "?OTR";

const ERROR: &str = "?OTR Error:";

/// What a text that is not an encoded message turns out to be.
#[derive(PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Plain<'a> {
    /// A query.
    Query(Offer),
    /// An error message with the peer's words: anybody who can write to us can send one.
    Error(&'a str),
    /// Text, with the whitespace tag taken out; what that offered, if there was one.
    Text { text: String, tag: Option<Offer> },
}

/// Which of the versions that we know a query or a whitespace tag offers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) version_2: bool,
    pub(crate) version_3: bool,
}

/// Reads a text without `?OTR:` and `?OTR|`.
pub(crate) fn read(text: &str) -> Plain<'_> {
    if let Some((_, words)) = text.split_once(ERROR) {
        return Plain::Error(words.trim_start());
    }
    if let Some(offer) = offered(text) {
        return Plain::Query(offer);
    }
    match text.split_once(TAG) {
        Some((before, after)) => {
            let (mut rest, mut tag) = (after, None);
            while let Some(next) = [TAG_V1, TAG_V2, TAG_V3].iter().find(|v| rest.starts_with(**v)) {
                let offer = tag.get_or_insert(Offer::default());
                offer.version_2 |= *next == TAG_V2;
                offer.version_3 |= *next == TAG_V3;
                rest = rest.split_at(next.len()).1;
            }
            // The mark alone is no tag.
            let text = if tag.is_some() { format!("{before}{rest}") } else { text.to_owned() };
            Plain::Text { text, tag }
        }
        None => Plain::Text { text: text.to_owned(), tag: None },
    }
}

/// Whether a text begins with a query or an error message: else it may talk about one that is in it.
pub(crate) fn begins(text: &str) -> bool {
    text.starts_with(ERROR) || text.strip_prefix(MARK).is_some_and(|behind| query_in(behind).is_some())
}

/// Appends the tag that offers version 3, and version 2 if that may be: as clients do that take plain text for a beginning.
#[cfg(test)]
pub(crate) fn tagged(text: &str, version_2: bool) -> String {
    format!("{text}{TAG}{}{TAG_V3}", if version_2 { TAG_V2 } else { "" })
}

/// Asks for version 3, or for version 2 of a client that has nothing newer if that may be.
pub(crate) fn query(version_2: bool) -> String {
    format!("?OTRv{}?{WORDS}", if version_2 { "23" } else { "3" })
}

/// An error message.
pub(crate) fn error(words: &str) -> String {
    format!("{ERROR} {words}")
}

/// What the queries in a text offer; `None` if there is none.
fn offered(text: &str) -> Option<Offer> {
    text.split(MARK).skip(1).filter_map(query_in).reduce(|one, other| Offer {
        version_2: one.version_2 || other.version_2,
        version_3: one.version_3 || other.version_3,
    })
}

/// What a query offers, behind its mark. `None` if it is none, but a part of somebody's sentence: it lists words, has no end, or
/// offers nothing that we know and goes on in words.
fn query_in(behind: &str) -> Option<Offer> {
    let after_v1 = behind.strip_prefix('?');
    let listed = after_v1.unwrap_or(behind).strip_prefix('v');
    let (versions, rest) = match (listed, after_v1) {
        (Some(listed), _) => listed.split_at(listed.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(listed.len())),
        (None, rest) => ("", rest?),
    };
    let offer = Offer { version_2: versions.contains('2'), version_3: versions.contains('3') };
    let is_known = offer != Offer::default();
    let is_list = versions.is_empty() || versions.starts_with(|c: char| c.is_ascii_digit());
    let ends = listed.is_none() || rest.starts_with('?');
    let is_word = |c: char| !c.is_whitespace() && !c.is_ascii_punctuation() && !c.is_ascii_digit();
    // Some that offer what we know leave the end out.
    (is_list && (is_known || ends && !rest.contains(is_word))).then_some(offer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_forms() {
        for (text, version_2, version_3) in [
            ("?OTR?", false, false),
            ("?OTRv2?", true, false),
            ("?OTRv23?", true, true),
            ("?OTR?v2?", true, false),
            ("?OTR?v3?", false, true),
            ("?OTRv24x?", true, false),
            ("?OTRv3x?", false, true),
            ("?OTR?v?", false, false),
            ("?OTRv?", false, false),
            ("<b>?OTRv23?</b> hello", true, true),
            ("?OTRv3", false, true),
            ("?OTRv2? 3", true, false),
            ("?OTR??", false, false),
            ("?OTR? \n", false, false),
            ("?OTR? or ?OTRv3?", false, true),
        ] {
            assert_eq!(read(text), Plain::Query(Offer { version_2, version_3 }), "{text}");
        }
        for text in [
            "?OTR",
            "OTRv3?",
            "?OTRx3?",
            "what is ?OTR for",
            "?OTR? what is that?",
            "?OTR?v? what is that?",
            "?OTR? \u{1f914}",
            "what is ?OTR? for",
            "?OTRv4? is new",
            "?OTRvoucher: use it today",
            "?OTRvoucher: use it by the 23rd",
            "?OTRvoucher? Today",
            "?OTRv",
            "?OTRv4",
            "?OTRversion3",
        ] {
            assert!(matches!(read(text), Plain::Text { .. }), "{text}");
        }
        for version_2 in [false, true] {
            assert_eq!(read(&query(version_2)), Plain::Query(Offer { version_2, version_3: true }));
        }
    }

    /// What a text begins with is no sentence alone if it is a query by itself.
    #[test]
    fn beginnings() {
        for text in ["?OTR?", "?OTRv3? words", "?OTR?v23? words", "?OTRv4?", "?OTR Error:words"] {
            assert!(begins(text), "{text}");
        }
        for text in ["?OTR? or ?OTRv3?", "?OTRvoucher: see ?OTRv3?", "no ?OTRv3?", "?OTR Error", "?OTR"] {
            assert!(!begins(text), "{text}");
        }
    }

    #[test]
    fn ws_tag_anywhere() {
        let text = |text: &str, tag| Plain::Text { text: text.to_owned(), tag };
        let offer = |version_2, version_3| Some(Offer { version_2, version_3 });
        assert_eq!(read(&tagged("hi", false)), text("hi", offer(false, true)));
        assert_eq!(read(&tagged("hi", true)), text("hi", offer(true, true)));
        assert_eq!(read(&format!("a {TAG}{TAG_V1}{TAG_V2}{TAG_V3} b")), text("a  b", offer(true, true)));
        assert_eq!(read(&format!("{TAG}{TAG_V2}")), text("", offer(true, false)));
        assert_eq!(read(&format!("{TAG}{TAG_V1}")), text("", offer(false, false)));
        assert_eq!(read(&format!("a{TAG}")), text(&format!("a{TAG}"), None));
        assert_eq!(read("  tabs\t and blanks \t"), text("  tabs\t and blanks \t", None));
    }

    #[test]
    fn error_prefix() {
        assert_eq!(read("oh: ?OTR Error: <b>no</b>"), Plain::Error("<b>no</b>"));
        assert_eq!(read(&error("no")), Plain::Error("no"));
    }
}
