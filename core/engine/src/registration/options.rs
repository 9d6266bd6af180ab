//! What a caller says of the burner that is to be made.

use std::fmt;
use std::time::SystemTime;

use flashpaper_chat::UnixTime;
use flashpaper_xmpp::Domain;
use flashpaper_xmpp::registration::Invitation;

use crate::account::Expiry;
use crate::error::Input;
use crate::{Error, Route};

/// What kind of burner to make. The default is what one tap does.
#[derive(Clone, Default)]
pub struct CreateOptions {
    /// The server's domain; a random good one of the directory when absent.
    pub server: Option<String>,
    /// The route, and no other. When absent: the onion address where there is one, and the exit where that does not answer.
    pub route: Option<Route>,
    /// Derive the identity from twelve recovery words instead of drawing each part. The words are evidence that links
    /// their holder to the account; [`crate::Engine::recovery_words`] has them until they are dropped. Not with an invitation
    /// that reserves a name, which the words would not lead to.
    pub recoverable: bool,
    /// Only where nobody is asked anything: no CAPTCHA, no form. When not, [`crate::Event::Question`] says that somebody is.
    pub asks_nothing: bool,
    /// A link that invites to a server (XEP-0401, XEP-0445): `xmpp:server?register;preauth=…`. It names the server, and is
    /// spent once there is an account. It is a secret. One that reserves a name (`xmpp:name@server?…`) gives the account that
    /// name, which its maker knows. That name is sent once, as sent again it would link two circuits: a wrong answer to what the
    /// server asks ends the creation, and so does a server that asks to wait.
    pub invitation: Option<String>,
    /// When it is to be burnt by itself, as [`crate::Engine::set_expiry`] has it.
    pub expires_at: Option<SystemTime>,
}

impl fmt::Debug for CreateOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateOptions").field("route", &self.route).finish_non_exhaustive()
    }
}

impl CreateOptions {
    /// The invitation, and the server that it or the user names.
    pub(super) fn read(&self) -> Result<(Option<Invitation>, Option<String>), Error> {
        let unusable = || Error::InvalidInput { input: Input::Invitation };
        let Some(link) = &self.invitation else { return Ok((None, self.server.clone())) };
        let invitation = Invitation::parse(link).map_err(|_| unusable())?;
        let domain = invitation.domain().as_str().to_owned();
        let is_other = |server: &String| Domain::parse(server).is_ok_and(|server| server != *invitation.domain());
        if self.server.as_ref().is_some_and(is_other) {
            return Err(unusable());
        }
        if self.recoverable && invitation.username().is_some() {
            return Err(Error::InvalidInput { input: Input::ReservedName });
        }
        Ok((Some(invitation), Some(domain)))
    }

    /// `now`: the time that things expire by.
    pub(super) fn expiry(&self, now: UnixTime) -> Result<Option<Expiry>, Error> {
        self.expires_at.map(|at| Expiry::parse(at, now)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovery_words_do_not_go_with_a_reserved_name() {
        let read = |recoverable, link: &str| {
            let options = CreateOptions { recoverable, invitation: Some(link.to_owned()), ..CreateOptions::default() };
            options.read().map(|(_, server)| server)
        };
        let (reserved, free) =
            ("xmpp:juliet@jabber.example?register;preauth=one", "xmpp:jabber.example?register;preauth=one");
        assert_eq!(read(true, reserved), Err(Error::InvalidInput { input: Input::ReservedName }));
        for (recoverable, link) in [(false, reserved), (true, free), (false, free)] {
            assert_eq!(read(recoverable, link), Ok(Some("jabber.example".to_owned())));
        }
    }
}
