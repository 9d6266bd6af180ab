//! Addresses of peers, as people type and scan them.

use std::fmt;

use flashpaper_xmpp::bare_jid;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::trust::Fingerprint;

/// A bare JID; empty where it was lost. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, Zeroize)]
pub struct Address(pub(crate) String);

impl Address {
    /// The account that an address or an `xmpp:` URI (RFC 5122) names, in whatever form; `None` if it names none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        read_address(text).map(|(jid, _)| jid)
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.0.is_empty()
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

/// What an address or an `xmpp:` URI (RFC 5122) says: a bare JID, and the key to expect if one is named.
pub fn read_address(text: &str) -> Option<(Address, Option<Fingerprint>)> {
    let text = text.trim();
    if !text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("xmpp:")) {
        return Some((typed_jid(text)?, None));
    }
    let (path, query) = text.get(5..)?.split_once('?').unwrap_or((text.get(5..)?, ""));
    let jid = percent_decode_str(path).decode_utf8().ok()?;
    Some((typed_jid(&jid)?, named_key(query)?))
}

/// The account of an address. One with a client's name that looks as if it named a key is refused: the key must not be lost.
fn typed_jid(text: &str) -> Option<Address> {
    let (_, resource) = text.split_once('/').unwrap_or((text, ""));
    let decoded = percent_decode_str(resource).decode_utf8_lossy();
    let names_a_key = decoded.contains(['?', '=']) || decoded.to_lowercase().contains("fingerprint");
    if names_a_key { None } else { account_jid(text) }
}

/// The bare JID of an account, which a server is not.
pub(crate) fn account_jid(text: &str) -> Option<Address> {
    bare_jid(text).filter(|jid| jid.contains('@')).map(Address)
}

/// The key that a URI names, if it names one. `None`: it means to, and it cannot be told which. It must not become none.
fn named_key(query: &str) -> Option<Option<Fingerprint>> {
    let mut named = None;
    for part in query.split([';', '&']) {
        let part = percent_decode_str(part).decode_utf8_lossy();
        let (name, value) = part.split_once('=').unwrap_or((&part, &part));
        // Encoded twice.
        let name = percent_decode_str(name).decode_utf8_lossy();
        let letters: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        match Fingerprint::parse(value) {
            Some(key) if letters == KEY_NAME => {
                let before = named.replace(key);
                if before.is_some_and(|before| before != key) {
                    return None;
                }
            }
            _ if names_a_key(&letters) || holds_a_key(value) => return None,
            _ => {}
        }
    }
    Some(named)
}

/// `otr-fingerprint`, as letters alone.
const KEY_NAME: &str = "otrfingerprint";

/// Whether a part of a URI means to name a key by its name, be it misspelt.
fn names_a_key(letters: &str) -> bool {
    const NAMES: [&str; 3] = [KEY_NAME, "fingerprint", "fpr"];
    let is_like = |name: &&str| {
        let letters: String = letters.chars().take(name.len()).collect();
        strsim::damerau_levenshtein(&letters, name) <= name.len() / 4
    };
    letters.contains("otr") || letters.contains("fingerprint") || NAMES.iter().any(is_like)
}

/// Whether there are about as many hexadecimal digits in a row as a fingerprint has, whatever stands between them. The keys
/// of OMEMO have 64.
fn holds_a_key(value: &str) -> bool {
    let value: String = value.chars().filter(|c| c.is_alphanumeric()).collect();
    value.split(|c: char| !c.is_ascii_hexdigit()).any(|digits| (38..=42).contains(&digits.len()))
}

/// The URI of an address with its key, for a QR code.
pub fn uri(jid: &Address, fingerprint: Fingerprint) -> String {
    const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'@').remove(b'.').remove(b'-').remove(b'_');
    format!("xmpp:{}?otr-fingerprint={}", utf8_percent_encode(jid.as_str(), ENCODED), fingerprint.digits())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn me() -> Address {
        Address("me@b.example".into())
    }

    /// A key that a URI means to name is read rightly, or the URI is refused.
    #[test]
    fn links_with_a_key() {
        let ab = "ab".repeat(20);
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
            assert_eq!(read, Some((me(), Some(Fingerprint([0xab; 20])))), "{query}");
        }
    }

    #[test]
    fn links_without_a_key() {
        let omemo = format!("omemo-sid-123={}", "ef".repeat(32));
        let questions =
            ["join;password=face", "register;preauth=ab12-cd34", "message;subject=fresh;thread=e0ffe91c76d24b"];
        for query in
            ["", "message", "message;body=hi%20there", "subscribe", "roster;name=Fred", &omemo].iter().chain(&questions)
        {
            let read = read_address(&format!("xmpp:me@b.example?{query}"));
            assert_eq!(read, Some((me(), None)), "{query}");
        }
    }

    /// What may be meant as a key, and cannot be read as one, is no address without a key.
    #[test]
    fn links_with_a_key_that_cannot_be_read() {
        let (ab, cd) = ("ab".repeat(20), "cd".repeat(20));
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
            format!("fpr={}", "AB:".repeat(20)),
            format!("fpr={}", "ABABABAB+".repeat(5)),
            format!("fpr:{ab}"),
            format!("fpr%3D{ab}"),
            format!("fpr%253D{ab}"),
            format!("key=0x{ab}"),
            format!("key={}.", "AB-".repeat(20)),
            ab.clone(),
            "fpr=".into(),
            "fingeprint=AB:AB".into(),
            "fingerpint=0xAB".into(),
            "ott-fingerpint=AB".into(),
            "0tr-fingerpint=".into(),
            format!("ot-fingerprnt={}", "a".repeat(39)),
            format!("otr-fingerprint={ab};fpr={}", "CD:".repeat(20)),
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
    fn addresses_and_uris() {
        let fingerprint = Fingerprint([0xab; 20]);
        let uri = uri(&me(), fingerprint);
        assert_eq!(uri, format!("xmpp:me@b.example?otr-fingerprint={}", "AB".repeat(20)));
        assert_eq!(read_address(&uri), Some((me(), Some(fingerprint))));
        assert_eq!(read_address(" Me@b.Example "), Some((me(), None)));
        let with_more = format!("XMPP:me%40b.example/r?message;otr-fingerprint={};x=y", "ab".repeat(20));
        assert_eq!(read_address(&with_more), Some((me(), Some(fingerprint))));
        for bad in ["", "b.example", "xmpp:", "xmpp:me@b.example?otr-fingerprint=ab", "mailto:me@b.example?x", "é"] {
            assert_eq!(read_address(bad), None, "{bad}");
        }
        assert_eq!(Fingerprint::parse(&fingerprint.to_string()), Some(fingerprint));
        assert_eq!(Fingerprint::parse(&"ab".repeat(19)), None);
        assert_eq!(Fingerprint::parse(&format!("{}a", "ab".repeat(20))), None);
        assert_eq!(format!("{fingerprint:?} {:?}", me()), "Fingerprint(..) Address(..)");
    }
}
