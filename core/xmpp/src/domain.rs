//! The domain of an XMPP service: the name that its certificate must carry.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_xmpp::jid::{BareJid, DomainPart, Jid, NodePart};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// A DNS domain, normalised. Its `Debug` is empty.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Domain {
    part: DomainPart,
    /// In A-labels.
    ascii: String,
    server_name: ServerName<'static>,
}

impl Domain {
    /// Parses and normalises a domain (RFC 7622, section 3.2), in U-labels or A-labels.
    ///
    /// # Errors
    /// Anything that no public server's certificate can carry: IP addresses, names without a dot, `.local`, `.onion`.
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        let (unicode, ascii) = normalised(text).ok_or(DomainError)?;
        let part = DomainPart::new(&unicode).map_err(|_| DomainError)?.into_owned();
        let name = ascii.as_str();
        let last = name.rsplit('.').next().unwrap_or_default();
        let local = ["localhost", "local", "localdomain", "onion"].contains(&last);
        let literal = name.parse::<IpAddr>().is_ok() || last.starts_with(|c: char| c.is_ascii_digit());
        if local || literal || !name.contains('.') {
            return Err(DomainError);
        }
        let server_name = ServerName::try_from(name.to_owned()).map_err(|_| DomainError)?;
        Ok(Self { part, ascii, server_name })
    }

    /// The domain as addresses and streams have it: lower case, U-labels.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.part.as_str()
    }

    /// The domain as DNS and certificates have it: A-labels.
    #[must_use]
    pub fn as_ascii(&self) -> &str {
        &self.ascii
    }

    /// What the certificate must be valid for (RFC 7590, section 3.4).
    pub(crate) fn server_name(&self) -> ServerName<'static> {
        self.server_name.clone()
    }

    /// The bare JID of an account here; `None` if the name cannot be one.
    pub(crate) fn account(&self, username: &str) -> Option<BareJid> {
        Some(BareJid::from_parts(Some(&node(username)?), &self.part))
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Domain(..)")
    }
}

/// A JID as it is compared: bare, prepared (RFC 7622), however its domain is spelt. A server's has no part before the @.
/// `None` if it is none.
#[must_use]
pub fn bare_jid(jid: &str) -> Option<String> {
    let (bare, has_no_resource) =
        jid.split_once('/').map_or((jid, false), |(bare, resource)| (bare, resource.is_empty()));
    if has_no_resource {
        return None;
    }
    let Some((local, domain)) = bare.split_once('@') else { return Some(normalised(bare)?.0) };
    let (local, (domain, _)) = (node(local)?, normalised(domain)?);
    Some(format!("{}@{domain}", local.as_str()))
}

/// [`bare_jid`] of an address that was prepared; one that has no such form keeps its own.
pub(crate) fn bare(jid: &Jid) -> String {
    let bare = jid.to_bare().to_string();
    bare_jid(&bare).unwrap_or(bare)
}

/// [`bare`] of an address as a stanza has it, with or without a client. `None` if it is none, or if its preparation makes
/// another's of it.
pub(crate) fn account(jid: &str) -> Option<String> {
    let account = jid.split_once('/').map_or(jid, |(account, _)| account);
    bare_jid(account).or_else(|| Jid::new(account).ok().map(|jid| jid.to_string()).filter(|own| is_same(own, account)))
}

/// The part before the @, prepared.
fn node(text: &str) -> Option<NodePart> {
    // Stanzas go through an older preparation (RFC 3920, appendix A), which must not make it another's: of ß it makes ss.
    NodePart::new(text).ok().filter(|part| is_same(part.as_str(), text)).map(Cow::into_owned)
}

/// Whether a preparation has changed what RFC 7622 has in common with the older one alone: case and the forms of one letter.
fn is_same(prepared: &str, text: &str) -> bool {
    !has_hidden_ascii(text) && text.nfkc().flat_map(char::to_lowercase).nfkc().eq(prepared.chars())
}

/// Whether a character becomes a letter or a digit of ASCII, as ² becomes 2: to a reader these are two addresses. Full-width
/// forms are exempt, because keyboards write them.
fn has_hidden_ascii(text: &str) -> bool {
    let others = text.chars().filter(|c| !c.is_ascii() && !('\u{ff01}'..='\u{ff5e}').contains(c));
    others.flat_map(|c| c.nfkc()).any(|c| c.is_ascii_alphanumeric())
}

/// One domain, however it is spelt: in U-labels and in A-labels, without the final dot (RFC 7622, section 3.2; UTS 46).
fn normalised(text: &str) -> Option<(String, String)> {
    if has_hidden_ascii(text) {
        return None;
    }
    let uts46 = Uts46::new();
    // Letters, digits and hyphens: what follows an address in a sentence is no part of it.
    let letters = AsciiDenyList::STD3;
    let ascii = uts46.to_ascii(text.as_bytes(), letters, Hyphens::Check, DnsLength::VerifyAllowRootDot).ok()?;
    let ascii = ascii.strip_suffix('.').unwrap_or(&ascii).to_owned();
    let (unicode, valid) = uts46.to_unicode(ascii.as_bytes(), letters, Hyphens::Check);
    valid.ok()?;
    if !unicode.split('.').all(is_label) {
        return None;
    }
    // Stanzas go through an older preparation (IDNA 2003), which must not make it another's domain: of ß it makes ss.
    let prepared = DomainPart::new(&unicode).is_ok_and(|part| part.as_str() == unicode);
    prepared.then(|| (unicode.into_owned(), ascii.clone()))
}

/// Whether IDNA 2008 has names with all of this: UTS 46 lets punctuation, arrows and pictures through (RFC 5892, section 2).
/// Some signs it has in their place alone (appendix A.3 to A.7), and some among the letters (section 2.6).
fn is_label(label: &str) -> bool {
    let chars: Vec<char> = label.chars().collect();
    chars.iter().enumerate().all(|(at, c)| {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let after = chars.get(at + 1);
        match c {
            '\u{b7}' => (before, after) == (Some(&'l'), Some(&'l')),
            '\u{375}' => after.is_some_and(is_greek),
            '\u{5f3}' | '\u{5f4}' => before.is_some_and(is_hebrew),
            '\u{30fb}' => chars.iter().any(is_japanese),
            '-' | '\u{6fd}' | '\u{6fe}' | '\u{f0b}' | '\u{3007}' => true,
            c => c.is_alphanumeric() || is_combining_mark(*c),
        }
    })
}

fn is_greek(c: &char) -> bool {
    c.is_alphabetic() && matches!(c, '\u{370}'..='\u{3e1}' | '\u{3f0}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}')
}

const fn is_hebrew(c: &char) -> bool {
    matches!(c, '\u{591}'..='\u{5c7}' | '\u{5d0}'..='\u{5ea}' | '\u{5ef}'..='\u{5f4}')
}

/// Hiragana, Katakana or Han.
fn is_japanese(c: &char) -> bool {
    let kana = matches!(c, '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{1aff0}'..='\u{1b16f}');
    let han = matches!(c, '\u{3005}' | '\u{3007}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
        || ('\u{20000}'..='\u{3ffff}').contains(c);
    // The prolonged sound mark is of no script.
    (kana || han) && c.is_alphabetic() && *c != '\u{30fc}'
}

/// Not the domain of a public server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the domain of a public server")]
pub struct DomainError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_dns_names() {
        assert_eq!(Domain::parse("Jabber.Example").map(|d| d.as_str().to_owned()), Ok("jabber.example".to_owned()));
        for bad in [
            "",
            "jabber",
            "localhost",
            "a.localhost",
            "printer.local",
            "127.0.0.1",
            "::1",
            "[::1]",
            "me@jabber.example",
            "jabber.example/x",
            "a b.example",
            "jabjabdea2eewo3gzfurscj2sjqgddptwumlxi3wur57rzf5itje2rid.onion",
        ] {
            assert_eq!(Domain::parse(bad), Err(DomainError), "{bad}");
        }
        assert_eq!(format!("{:?}", Domain::parse("jabber.example")), "Ok(Domain(..))");
    }

    /// A-labels for DNS and certificates, U-labels for the stream.
    #[test]
    fn international_domains() {
        for text in ["münchen.example", "MÜNCHEN.Example.", "xn--mnchen-3ya.example", "mu\u{308}nchen。example"] {
            let domain = Domain::parse(text).unwrap();
            assert_eq!((domain.as_str(), domain.as_ascii()), ("münchen.example", "xn--mnchen-3ya.example"), "{text}");
            assert_eq!(domain.server_name(), ServerName::try_from("xn--mnchen-3ya.example").unwrap());
            assert_eq!(domain.account("me").unwrap().to_string(), "me@münchen.example");
        }
        for bad in ["xn--.example", "xn--a-.example", "-a.example", "a..example", "a.example..", "straße.example"] {
            assert_eq!(Domain::parse(bad), Err(DomainError), "{bad}");
        }
    }

    #[test]
    fn one_address_however_it_is_spelt() {
        for text in ["friend@b.example", "Friend@B.Example.", "friend@b．example", "ｆriend@b｡example。/phone"] {
            assert_eq!(bare_jid(text).as_deref(), Some("friend@b.example"), "{text}");
        }
        for text in ["me@münchen.example", "me@XN--MNCHEN-3YA.example.", "me@mu\u{308}nchen.example/r"] {
            assert_eq!(bare_jid(text).as_deref(), Some("me@münchen.example"), "{text}");
            assert_eq!(bare(&Jid::new(text).unwrap()), "me@münchen.example", "{text}");
        }
        for end in
            [",", ";", ":", "!", "?", ")", "\"", "'", "..", ".)", "…", "»", "、", "؟", "،", "؛", "।", "۔", "՝", "׃"]
        {
            for address in ["friend@b.example", "friend@उदाहरण.भारत"] {
                assert_eq!(bare_jid(&format!("{address}{end}")), None, "{end}");
            }
        }
        for letters in
            ["उदाहरण.भारत", "இந்தியா.சிங்கப்பூர்", "ไทย.คน", "例え.テスト", "한국.kr", "مثال.إيران", "דוגמה.קום", "հայ.հայ"]
        {
            assert_eq!(bare_jid(&format!("friend@{letters}")), Some(format!("friend@{letters}")));
        }
        for server in ["b.example", "B.Example.", "b．example/announce"] {
            assert_eq!(bare_jid(server).as_deref(), Some("b.example"), "{server}");
        }
        for text in ["ÉMILE@b.example", "e\u{301}mile@b.example", "émile@B.example/r"] {
            assert_eq!(bare_jid(text).as_deref(), Some("émile@b.example"), "{text}");
        }
        for none in ["", "@b.example", "b.example/", "friend@", "friend＠b.example", "friend@straße.example"] {
            assert_eq!(bare_jid(none), None, "{none}");
        }
    }

    /// Signs that IDNA 2008 has names with where they belong, and letters that look like signs (RFC 5892).
    #[test]
    fn signs_in_their_place() {
        for (domain, refused) in [
            ("col\u{b7}legi.example", ["co\u{b7}legi.example", "col\u{b7}egi.example", "col\u{b7}.example"]),
            ("\u{375}β.example", ["\u{375}b.example", "β\u{375}.example", "\u{375}.example"]),
            // Stanzas carry no name in which letters from right to left are mixed with others.
            ("א\u{5f3}.קום", ["\u{5f3}א.קום", "א.\u{5f3}", "ا\u{5f3}.קום"]),
            ("א\u{5f4}א.קום", ["\u{5f4}א.קום", "א.\u{5f4}א.קום", "ا\u{5f4}.קום"]),
            ("ア\u{30fb}b.example", ["a\u{30fb}b.example", "\u{30fb}.ア.example", "a\u{30fb}\u{30fc}.example"]),
            ("あ\u{30fb}.example", ["\u{30fb}.example", "\u{30fb}\u{30fb}.example", "한\u{30fb}.example"]),
            ("\u{30fb}東.example", ["l\u{b7}L.example\u{b7}", "\u{b7}ll.example", "l\u{b7}\u{b7}l.example"]),
        ] {
            for (domain, is_one) in [(domain, true)].into_iter().chain(refused.map(|refused| (refused, false))) {
                assert_eq!(bare_jid(domain).as_deref(), Some(domain).filter(|_| is_one), "{domain}");
            }
        }
        for domain in
            ["ا\u{6fd}.إيران", "ا\u{6fe}.إيران", "ཀ\u{f0b}ཀ.example", "\u{3007}.example", "二\u{3007}.example"]
        {
            let ascii = Domain::parse(domain).unwrap().as_ascii().to_owned();
            assert_eq!([bare_jid(domain), bare_jid(&ascii)], [(); 2].map(|()| Some(domain.to_owned())), "{domain}");
        }
    }

    /// What the preparation of a stanza's addresses makes of more than case and the forms of one letter.
    #[test]
    fn nobody_is_taken_for_another() {
        for other in ["weiß@b.example", "fri\u{ad}end@b.example", "fri\u{200d}end@b.example", "νόμος@b.example"] {
            assert_eq!((bare_jid(other), account(other)), (None, None), "{other}");
            let (local, domain) = other.split_once('@').unwrap();
            assert_eq!(Domain::parse(domain).unwrap().account(local), None, "{other}");
        }
        // What would become a letter or a digit of ASCII.
        for hidden in ["²", "™", "ª", "\u{212a}", "𝐛", "ⓑ", "①", "ſ", "½", "ĳ", "ﬁ"] {
            assert_eq!(Domain::parse("b.example").unwrap().account(hidden), None, "{hidden}");
            for other in [format!("a{hidden}@b.example"), format!("a@b.example{hidden}"), format!("{hidden}.example")] {
                assert_eq!(
                    (bare_jid(&other), account(&other), account(&format!("{other}/r"))),
                    (None, None, None),
                    "{other}"
                );
            }
        }
        for other in ["a@straße.example", "a@straße.example/r", "straße.example"] {
            assert_eq!(account(other), None, "{other}");
        }
        // These have no form to compare, and are nobody else's.
        for own in ["a@xn--strae-oqa.example", "a@my_server.example", "a@[::1]"] {
            assert_eq!((bare_jid(own), account(&format!("{own}/r")).as_deref()), (None, Some(own)));
        }
    }
}
