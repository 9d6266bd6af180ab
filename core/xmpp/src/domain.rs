//! The domain of an XMPP service: the name that its certificate must carry.

use std::fmt;
use std::net::IpAddr;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_xmpp::jid::{BareJid, DomainPart, Jid, NodePart};

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
        let node = NodePart::new(username).ok()?;
        Some(BareJid::from_parts(Some(&node), &self.part))
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
    let Some((node, domain)) = bare.split_once('@') else { return Some(normalised(bare)?.0) };
    let (node, (domain, _)) = (NodePart::new(node).ok()?, normalised(domain)?);
    Some(format!("{}@{domain}", node.as_str()))
}

/// [`bare_jid`] of a sender; an address that has no such form keeps its own.
pub(crate) fn bare(jid: &Jid) -> String {
    let bare = jid.to_bare().to_string();
    bare_jid(&bare).unwrap_or(bare)
}

/// One domain, however it is spelt: in U-labels and in A-labels, without the final dot (RFC 7622, section 3.2; UTS 46).
fn normalised(text: &str) -> Option<(String, String)> {
    let uts46 = Uts46::new();
    // Letters, digits and hyphens: what follows an address in a sentence is no part of it.
    let letters = AsciiDenyList::STD3;
    let ascii = uts46.to_ascii(text.as_bytes(), letters, Hyphens::Check, DnsLength::VerifyAllowRootDot).ok()?;
    let ascii = ascii.strip_suffix('.').unwrap_or(&ascii).to_owned();
    let (unicode, valid) = uts46.to_unicode(ascii.as_bytes(), letters, Hyphens::Check);
    valid.ok()?;
    // UTS 46 lets signs through that IDNA 2008 has no names with: quotation marks, arrows, pictures.
    let is_sign = |c| {
        matches!(c, '\u{a1}'..='\u{a9}' | '\u{ab}'..='\u{b4}' | '\u{bb}'..='\u{bf}' | '\u{d7}' | '\u{f7}')
            || matches!(c, '\u{2010}'..='\u{2bff}' | '\u{3001}'..='\u{3004}' | '\u{3008}'..='\u{3020}')
            || matches!(c, '\u{1f000}'..='\u{1faff}')
    };
    if unicode.contains(is_sign) {
        return None;
    }
    // Stanzas go through an older preparation (IDNA 2003), which must not make it another's domain: of ß it makes ss.
    let prepared = DomainPart::new(&unicode).is_ok_and(|part| part.as_str() == unicode);
    prepared.then(|| (unicode.into_owned(), ascii.clone()))
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
        for end in [",", ";", ":", "!", "?", ")", "\"", "'", "..", ".)", "…", "»", "、"] {
            assert_eq!(bare_jid(&format!("friend@b.example{end}")), None, "{end}");
        }
        for server in ["b.example", "B.Example.", "b．example/announce"] {
            assert_eq!(bare_jid(server).as_deref(), Some("b.example"), "{server}");
        }
        for none in ["", "@b.example", "b.example/", "friend@", "friend＠b.example", "friend@straße.example"] {
            assert_eq!(bare_jid(none), None, "{none}");
        }
    }
}
