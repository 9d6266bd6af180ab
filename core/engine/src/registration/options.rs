//! What a caller says of the burner that is to be made.

use std::fmt;

use flashpaper_xmpp::Domain;
use flashpaper_xmpp::registration::Invitation;

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
    /// their holder to the account; [`crate::Engine::recovery_words`] has them until they are dropped.
    pub recoverable: bool,
    /// Only where nobody is asked anything: no CAPTCHA, no form. When not, [`crate::Event::Question`] says that somebody is.
    pub asks_nothing: bool,
    /// A link that invites to a server (XEP-0401, XEP-0445): `xmpp:server?register;preauth=…`. It names the server, and is
    /// spent once there is an account. It is a secret.
    pub invitation: Option<String>,
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
        Ok((Some(invitation), Some(domain)))
    }
}
