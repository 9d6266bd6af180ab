//! The domain of an XMPP service: the name that its certificate must carry.

use std::fmt;
use std::net::IpAddr;

use tokio_rustls::rustls::pki_types::ServerName;
use tokio_xmpp::jid::{BareJid, DomainPart, NodePart};

/// A DNS domain, normalised. Its `Debug` is empty.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Domain {
    part: DomainPart,
    server_name: ServerName<'static>,
}

impl Domain {
    /// Parses and normalises a domain (RFC 7622, section 3.2).
    ///
    /// # Errors
    /// Anything that no public server's certificate can carry: IP addresses, names without a dot, `.local`, `.onion`.
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        let part = DomainPart::new(text).map_err(|_| DomainError)?.into_owned();
        let name = part.as_str();
        let last = name.rsplit('.').next().unwrap_or_default();
        let local = ["localhost", "local", "localdomain", "onion"].contains(&last);
        let literal = name.parse::<IpAddr>().is_ok() || last.starts_with(|c: char| c.is_ascii_digit());
        if local || literal || !name.contains('.') {
            return Err(DomainError);
        }
        let server_name = ServerName::try_from(name.to_owned()).map_err(|_| DomainError)?;
        Ok(Self { part, server_name })
    }

    /// The domain in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.part.as_str()
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
}
