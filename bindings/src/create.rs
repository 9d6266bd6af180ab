//! What kind of burner to make.

use std::fmt;
use std::time::SystemTime;

use flashpaper::Route;

/// What kind of burner to make. The default is what one tap does. Printing it shows neither the server nor the
/// invitation.
#[derive(uniffi::Record)]
#[uniffi::export(Debug)]
pub struct CreateOptions {
    /// The server's domain; a random good one of the directory when absent.
    #[uniffi(default = None)]
    pub server: Option<String>,
    /// The route, and no other. When absent: the onion address where there is one, and the exit where that does not answer.
    #[uniffi(default = None)]
    pub route: Option<Route>,
    /// Derive the identity from twelve recovery words instead of drawing each part. The words are evidence that links
    /// their holder to the account; `Engine.recoveryWords` has them until they are dropped. Not with an invitation
    /// that reserves a name, which the words would not lead to.
    #[uniffi(default = false)]
    pub recoverable: bool,
    /// Only where nobody is asked anything: no CAPTCHA, no form. When not, `Event.Question` says that somebody is.
    #[uniffi(default = false)]
    pub asks_nothing: bool,
    /// A link that invites to a server (XEP-0401, XEP-0445): `xmpp:server?register;preauth=…`. It names the server, and is
    /// spent once there is an account. It is a secret. One that reserves a name (`xmpp:name@server?…`) gives the account that
    /// name, which its maker knows. That name is sent once, as sent again it would link two circuits: a wrong answer to what the
    /// server asks ends the creation, and so does a server that asks to wait.
    #[uniffi(default = None)]
    pub invitation: Option<String>,
    /// When it is to be burnt by itself, as `Engine.setExpiry` has it.
    #[uniffi(default = None)]
    pub expires_at: Option<SystemTime>,
}

impl From<CreateOptions> for flashpaper::CreateOptions {
    fn from(options: CreateOptions) -> Self {
        let CreateOptions { server, route, recoverable, asks_nothing, invitation, expires_at } = options;
        Self { server, route, recoverable, asks_nothing, invitation, expires_at }
    }
}

impl fmt::Debug for CreateOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateOptions").field("route", &self.route).finish_non_exhaustive()
    }
}
