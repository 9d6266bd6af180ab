//! Peers as an app sees them: who they are to a burner, whose keys they have, how private a conversation is.

use std::fmt;

use flashpaper_otr as otr;
use flashpaper_xmpp::bare_jid;
use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroize;

/// A bare JID. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Zeroize)]
pub struct Address(pub(crate) String);

impl Address {
    /// The account that an address or an `xmpp:` URI (RFC 5122) names, in whatever form; `None` if it names none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        read_address(text).map(|(jid, _)| Self(jid))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Address {
    fn from(jid: String) -> Self {
        Self(jid)
    }
}

impl From<Address> for String {
    fn from(Address(jid): Address) -> Self {
        jid
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}

/// The fingerprint of a long-term OTR key: SHA-1, 20 bytes. Shown in five groups of eight digits, as other clients do. Its
/// `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroize)]
pub struct Fingerprint(pub(crate) [u8; 20]);

impl Fingerprint {
    /// Reads 40 hexadecimal digits; blanks between them do not count.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Option<Vec<u8>> = text
            .chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| c.to_digit(16).and_then(|d| d.try_into().ok()))
            .collect();
        let bytes: Vec<u8> =
            digits?.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
        let odd = text.chars().filter(|c| !c.is_whitespace()).count() != 40;
        if odd { None } else { bytes.try_into().ok().map(Self) }
    }

    /// 40 digits without blanks, as URIs have them.
    pub(crate) fn digits(self) -> String {
        self.to_string().replace(' ', "")
    }
}

impl From<otr::Fingerprint> for Fingerprint {
    fn from(otr::Fingerprint(bytes): otr::Fingerprint) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        otr::Fingerprint(self.0).fmt(f)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(..)")
    }
}

/// As it is shown.
impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("no fingerprint"))
    }
}

/// Who a peer is to a burner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Somebody who has written or asked for presence, and gets no answer: see [`crate::Talk::accept`].
    #[default]
    Stranger,
    /// Added, accepted or written to.
    Contact,
    /// Kept away, by the server too where it can (XEP-0191).
    Blocked,
}

/// How private what is written now would be: the lock that a screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// There is no private conversation. Nothing is sent until there is one.
    #[default]
    Plaintext,
    /// Encrypted, to a key that nobody has compared: it came first, and so may be one of the own server's or of the peer's,
    /// which could read and change everything. A screen should say so until the key is verified.
    Private,
    /// Encrypted, to a key that is known to be the person's.
    Verified,
    /// The peer has ended the private conversation. Nothing is sent until the person begins a new one, or ends it too.
    Finished,
    /// Encrypted, but to another key than the one that was known or expected, or to one whose verification was taken back.
    /// Nothing is sent until the person has accepted it, or ends the conversation.
    KeyChanged,
}

/// A key that a peer has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PeerKey {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// The person has compared it, or a comparison of secrets has shown that it is the peer's.
    pub verified: bool,
    /// The peer has compared ours, by a question that the person has answered.
    pub verified_us: bool,
    /// Texts may go to it.
    pub accepted: bool,
}

/// What the peer has been asked for, or asks for, in a comparison of secrets (SMP).
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "comparison", rename_all = "snake_case")]
pub enum Comparison {
    /// The peer wants to compare: [`crate::Talk::answer`]. The question is the peer's.
    Asked {
        /// What the secret should answer.
        question: Option<String>,
    },
    /// Both know the same secret: the peer's key is verified.
    Verified,
    /// Both know the same secret, but the question was the peer's: it has verified the person, not the other way.
    VerifiedUs,
    /// They do not know the same secret.
    Different,
    /// It ended without a result.
    Aborted,
}

/// Shows no question.
impl fmt::Debug for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked { .. } => "Asked(..)",
            Self::Verified => "Verified",
            Self::VerifiedUs => "VerifiedUs",
            Self::Different => "Different",
            Self::Aborted => "Aborted",
        })
    }
}

/// Something that a person in a conversation should know of.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notice {
    /// A message could not be read. If the peer's client keeps its texts it comes again.
    Unreadable,
    /// Somebody says, in the peer's name and in the clear, that something went wrong. Anybody on the way can say so: never
    /// show it as the peer's words.
    PeerError {
        /// The words.
        text: String,
    },
    /// The peer's client, or somebody in its name, speaks another version of OTR only; so is told, too, of version 2 in the
    /// name of a peer that has spoken version 3.
    OtherVersion,
    /// Somebody sends our own messages back.
    Mirror,
    /// A message that breaks the rules of its form: ignored.
    Malformed,
    /// A private conversation has begun with a key that was not accepted. No text goes there, and what comes from there is
    /// marked as [`Security::KeyChanged`].
    OtherKey,
    /// So many texts of the peer's were not taken ([`crate::Mailbox::take`]) that no more are taken in, nor confirmed. Once
    /// there is room, what a Flashpaper peer has sent meanwhile comes again; what others have sent is lost. It also comes where
    /// 4 MiB of the peer's are kept as history.
    InboxFull,
    /// So many strangers wait for an answer that the one who had waited longest was forgotten, to make room for this one.
    StrangerForgotten,
}

/// Shows no words.
impl fmt::Debug for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "Unreadable",
            Self::PeerError { .. } => "PeerError(..)",
            Self::OtherVersion => "OtherVersion",
            Self::Mirror => "Mirror",
            Self::Malformed => "Malformed",
            Self::OtherKey => "OtherKey",
            Self::InboxFull => "InboxFull",
            Self::StrangerForgotten => "StrangerForgotten",
        })
    }
}

/// What an address or an `xmpp:` URI (RFC 5122) says: a bare JID, and the key to expect if one is named.
pub fn read_address(text: &str) -> Option<(String, Option<Fingerprint>)> {
    let text = text.trim();
    if !text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("xmpp:")) {
        return Some((typed_jid(text)?, None));
    }
    let (path, query) = text.get(5..)?.split_once('?').unwrap_or((text.get(5..)?, ""));
    let jid = percent_decode_str(path).decode_utf8().ok()?;
    Some((typed_jid(&jid)?, named_key(query)?))
}

/// The account of an address. One with a client's name that looks as if it named a key is refused: the key must not be lost.
fn typed_jid(text: &str) -> Option<String> {
    let (_, resource) = text.split_once('/').unwrap_or((text, ""));
    let decoded = percent_decode_str(resource).decode_utf8_lossy();
    let names_a_key = decoded.contains(['?', '=']) || decoded.to_lowercase().contains("fingerprint");
    if names_a_key { None } else { account_jid(text) }
}

/// The bare JID of an account, which a server is not.
pub(crate) fn account_jid(text: &str) -> Option<String> {
    bare_jid(text).filter(|jid| jid.contains('@'))
}

/// The key that a URI names, if it names one. `None`: it means to, and it cannot be told which. It must not become none.
fn named_key(query: &str) -> Option<Option<Fingerprint>> {
    let mut named = None;
    for part in query.split([';', '&']) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let [name, value] = [name, value].map(|text| percent_decode_str(text).decode_utf8_lossy());
        let letters: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        let key = Fingerprint::parse(&value);
        match key {
            Some(key) if letters == "otrfingerprint" => {
                let before = named.replace(key);
                if before.is_some_and(|before| before != key) {
                    return None;
                }
            }
            // By its name, or by its value.
            key if key.is_some() || letters.contains("otr") || letters.contains("fingerprint") => return None,
            _ => {}
        }
    }
    Some(named)
}

/// Whether a secret is none: nothing that a person would see or say.
pub fn is_blank(secret: &str) -> bool {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    // The pattern of Braille without a dot is no blank to Unicode.
    secret.chars().all(|c| c.is_whitespace() || c.is_control() || c == '\u{2800}' || ignorable.contains(c))
}

/// The URI of an address with its key, for a QR code.
pub fn uri(jid: &str, fingerprint: Fingerprint) -> String {
    const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'@').remove(b'.').remove(b'-').remove(b'_');
    format!("xmpp:{}?otr-fingerprint={}", utf8_percent_encode(jid, ENCODED), fingerprint.digits())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key that a URI means to name is read rightly, or the URI is refused.
    #[test]
    fn keys_of_uris() {
        let (ab, cd) = ("ab".repeat(20), "cd".repeat(20));
        let omemo = format!("omemo-sid-123={}", "ef".repeat(32));
        for query in [
            format!("otr-fingerprint={ab}"),
            format!("message;otr-fingerprint={ab}"),
            format!("OTR-Fingerprint={ab};x=y"),
            format!("otr%2Dfingerprint={ab}"),
            format!("otr_fingerprint={ab}"),
            format!("otr-fingerprint=%61b{}", "AB".repeat(19)),
            format!("otr-fingerprint={ab};otr-fingerprint={ab}"),
            format!("{omemo}&otr-fingerprint={ab}"),
        ] {
            let read = read_address(&format!("xmpp:me@b.example?{query}"));
            assert_eq!(read, Some(("me@b.example".into(), Some(Fingerprint([0xab; 20])))), "{query}");
        }
        for query in ["", "message", "message;body=hi%20there", &omemo] {
            let read = read_address(&format!("xmpp:me@b.example?{query}"));
            assert_eq!(read, Some(("me@b.example".into(), None)), "{query}");
        }
        for query in [
            format!("otr-fingerprint={ab};otr-fingerprint={cd}"),
            format!("otr-fingerprint={ab};OTR%2Dfingerprint={cd}"),
            "otr-fingerprint=".into(),
            "otr-fingerprint".into(),
            format!("otr-fingerprint={ab};otr-fingerprint="),
            format!("otr-fingerprint:{ab}"),
            format!("otr-fingerpint={ab}"),
            format!("ort-fingerprint={ab}"),
            format!("fingerprint={ab}"),
            format!("fpr={ab}"),
            format!("message?otr-fingerprint={ab}"),
            format!("otr-fingerprint={ab}#x"),
        ] {
            assert_eq!(read_address(&format!("xmpp:me@b.example?{query}")), None, "{query}");
        }
        for text in [
            "me@b.example?",
            "me@b.example/x?",
            "me@b.example/?",
            "xmpp:me@b.example/x%3F",
            "me@b.example/x%3f",
            "me@b.example/",
        ] {
            assert_eq!(read_address(&format!("{text}otr-fingerprint={ab}")), None, "{text}");
        }
        assert_eq!(read_address(&format!("me@b.example/otr-fingerprint:{ab}")), None);
    }

    #[test]
    fn blank_secrets() {
        let mut blank: Vec<String> =
            ["", " ", "\t\r\n", "\u{a0}\u{3000}", "\u{feff}\u{2060} "].map(str::to_owned).into();
        // Marks of direction, joiners, fillers, selectors of variants, tags.
        let invisible = [
            0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x180e, 0x200b, 0x202e, 0x2067, 0x2800, 0x3164, 0xfe0f, 0xffa0, 0xe0041,
        ];
        blank.extend(invisible.map(|c| char::from_u32(c).unwrap().to_string()));
        for blank in blank {
            assert!(is_blank(&blank), "{blank:?}");
        }
        for secret in ["a", " 0 ", "\u{1f4f1}", "."] {
            assert!(!is_blank(secret), "{secret:?}");
        }
    }

    #[test]
    fn addresses_and_uris() {
        let fingerprint = Fingerprint([0xab; 20]);
        let uri = uri("me@b.example", fingerprint);
        assert_eq!(uri, format!("xmpp:me@b.example?otr-fingerprint={}", "AB".repeat(20)));
        assert_eq!(read_address(&uri), Some(("me@b.example".into(), Some(fingerprint))));
        assert_eq!(read_address(" Me@b.Example "), Some(("me@b.example".into(), None)));
        let with_more = format!("XMPP:me%40b.example/r?message;otr-fingerprint={};x=y", "ab".repeat(20));
        assert_eq!(read_address(&with_more), Some(("me@b.example".into(), Some(fingerprint))));
        for bad in ["", "b.example", "xmpp:", "xmpp:me@b.example?otr-fingerprint=ab", "mailto:me@b.example?x", "é"] {
            assert_eq!(read_address(bad), None, "{bad}");
        }
        assert_eq!(Fingerprint::parse(&fingerprint.to_string()), Some(fingerprint));
        assert_eq!(Fingerprint::parse(&"ab".repeat(19)), None);
        assert_eq!(Fingerprint::parse(&format!("{}a", "ab".repeat(20))), None);
        assert_eq!(format!("{fingerprint:?} {:?}", Address("me@b.example".into())), "Fingerprint(..) Address(..)");
    }
}
