//! Invitations to a server (XEP-0401, XEP-0445): a link that the user has pasted or scanned, and the token in it.

use std::fmt;

use percent_encoding::percent_decode_str;
use tokio_xmpp::jid::{BareJid, Jid};
use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::iq::Iq;
use zeroize::Zeroizing;

use super::error::{Context, Fault, RegisterError, refusal};
use crate::domain::Domain;
use crate::received::Answer;

/// What a server says among its features that takes invitations (XEP-0445, section 3).
pub(super) const FEATURE: &str = "urn:xmpp:ibr-token:0";
const PRE_AUTH: &str = "urn:xmpp:pars:0";
/// A token, characters.
const TOKEN_AT_MOST: usize = 512;

/// An invitation to make an account at a server. It can be shown again until an account was made by it. Its `Debug` is empty.
#[derive(Clone)]
pub struct Invitation {
    domain: Domain,
    username: Option<String>,
    token: Zeroizing<String>,
}

impl Invitation {
    /// Reads a link: `xmpp:server?register;preauth=TOKEN`, with a name before the server's if one is reserved, and
    /// `xmpp:contact@server?roster;preauth=TOKEN;ibr=y`. Also behind the `#` of an https page for programs that know no
    /// `xmpp:` (XEP-0379, section 3.3).
    ///
    /// # Errors
    /// It is no invitation, or it cannot be told to what.
    pub fn parse(link: &str) -> Result<Self, InvitationError> {
        Self::read(link.trim()).ok_or(InvitationError)
    }

    fn read(link: &str) -> Option<Self> {
        let (scheme, rest) = link.split_once(':')?;
        let uri = match scheme.to_ascii_lowercase().as_str() {
            "xmpp" => rest,
            "https" => rest.split_once('#')?.1,
            _ => return None,
        };
        let (path, query) = uri.split_once('?')?;
        let path = percent_decode_str(path).decode_utf8().ok()?;
        let (name, domain) = path.split_once('@').map_or((None, &*path), |(name, domain)| (Some(name), domain));
        let domain = Domain::parse(domain).ok()?;
        let mut parts = query.split([';', '&']);
        let action = parts.next()?;
        let (mut token, mut may_register) = (None, action == "register");
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key {
                "preauth" => {
                    let value = Zeroizing::new(percent_decode_str(value).decode_utf8().ok()?.into_owned());
                    // Of two it cannot be told which.
                    if token.replace(value).is_some() {
                        return None;
                    }
                }
                "ibr" if action == "roster" => may_register = value == "y",
                _ => {}
            }
        }
        let token = token.filter(|token| !token.is_empty() && token.len() <= TOKEN_AT_MOST)?;
        if !may_register || token.contains(char::is_control) {
            return None;
        }
        // The name that the link of a contact has is the contact's.
        let username = match name.filter(|_| action == "register") {
            Some(name) => Some(domain.account(name)?.node()?.as_str().to_owned()),
            None => None,
        };
        Some(Self { domain, username, token })
    }

    /// The server that it is for.
    #[must_use]
    pub const fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The name that is reserved for the account, which can have no other then.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    /// Shows it to a server (XEP-0445, section 4).
    pub(super) fn show(&self, id: String) -> (Shown, Iq) {
        let payload = Element::builder("preauth", PRE_AUTH).attr(rxml::xml_ncname!("token").into(), &**self.token);
        let server = BareJid::new(self.domain.as_str()).ok().map(Jid::from);
        (Shown(()), Iq::Set { from: None, to: server, id, payload: payload.build() })
    }
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Invitation(..)")
    }
}

/// No invitation to make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no invitation to make an account")]
pub struct InvitationError;

/// An invitation was shown.
#[derive(Debug)]
pub(super) struct Shown(());

impl Shown {
    pub(super) fn answered(self, answer: &Answer) -> Result<(), RegisterError> {
        let Self(()) = self;
        match answer.as_ref().map_err(|error| refusal(error, Context::default())) {
            Ok(_) => Ok(()),
            Err(RegisterError::RateLimited) => Err(RegisterError::RateLimited),
            // A server that has said that it takes invitations.
            Err(RegisterError::Closed) => Err(Fault::NoInvitations.into()),
            Err(_) => Err(RegisterError::NeedsInvite),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_every_form() {
        for (link, domain, username) in [
            ("xmpp:jabber.example?register;preauth=tok-EN_1", "jabber.example", None),
            (" XMPP:Jabber.Example?register;preauth=tok-EN_1;x=y\n", "jabber.example", None),
            ("xmpp:Juliet@jabber.example?register;preauth=tok%2DEN_1", "jabber.example", Some("juliet")),
            ("xmpp:romeo@jabber.example?roster;preauth=tok-EN_1;ibr=y", "jabber.example", None),
            ("xmpp:romeo@jabber.example?roster;ibr=y;preauth=tok-EN_1;name=R", "jabber.example", None),
            (
                "https://web.example/i/#juliet@jabber.example?register;preauth=tok-EN_1",
                "jabber.example",
                Some("juliet"),
            ),
        ] {
            let read = Invitation::parse(link).unwrap();
            assert_eq!((read.domain().as_str(), read.username()), (domain, username), "{link}");
            assert_eq!(*read.token, "tok-EN_1");
            assert_eq!(format!("{read:?}"), "Invitation(..)");
        }
    }

    #[test]
    fn what_is_no_invitation() {
        let long = format!("xmpp:jabber.example?register;preauth={}", "a".repeat(513));
        for link in [
            "xmpp:jabber.example",
            "xmpp:jabber.example?register",
            "xmpp:jabber.example?register;preauth=",
            "xmpp:jabber.example?register;preauth=one;preauth=two",
            "xmpp:jabber.example?register;preauth=one%00",
            "xmpp:jabber.example?register;preauth=%ff",
            "xmpp:romeo@jabber.example?roster;preauth=one",
            "xmpp:romeo@jabber.example?roster;preauth=one;ibr=n",
            "xmpp:romeo@jabber.example?message;preauth=one;ibr=y",
            "xmpp:a b@jabber.example?register;preauth=one",
            "xmpp:127.0.0.1?register;preauth=one",
            "http://web.example/i/#jabber.example?register;preauth=one",
            "https://web.example/invite?one",
            "https://web.example/invite/#one",
            "jabber.example?register;preauth=one",
            "",
            &long,
        ] {
            assert_eq!(Invitation::parse(link).err(), Some(InvitationError), "{link}");
        }
    }
}
