//! The kinds of servers that start on demand.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::LabError;

/// A server that guards its registration in a way of its own, or fails in one. Each has its own domain and address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerKind {
    /// Prosody without registration: it does not offer it, and refuses to be asked.
    Closed,
    /// Prosody that makes one account for an address in ten minutes, then answers `policy-violation`.
    Throttle,
    /// Prosody that makes accounts for invitations only (XEP-0401, XEP-0445). See [`LabServer::invitation`](crate::LabServer::invitation).
    Invite,
    /// Prosody that names a web page instead of a form.
    Web,
    /// Prosody that lets new accounts talk to nobody but themselves, as the public recipe against spammers has it.
    Quarantine,
    /// Prosody that makes each account and says that it has failed: `internal-server-error`.
    Faulty,
    /// ejabberd that asks what a picture shows (XEP-0158). See [`LabServer::captcha_answer`](crate::LabServer::captcha_answer).
    Captcha,
    /// ejabberd that makes one account for an address in ten minutes, then answers `resource-constraint`.
    EjabberdThrottle,
    /// ejabberd that removes no account.
    Undeletable,
    /// ejabberd as Debian 12 has it: it offers logins that are bound to TLS, does not say how (XEP-0440), and refuses those bound
    /// as TLS 1.3 has it (RFC 9266). The other kinds of ejabberd offer none.
    OldBinding,
    /// ejabberd that hangs up on an address for an hour, once that has failed to log in three times (`mod_fail2ban`). See
    /// [`LabServer::unban`](crate::LabServer::unban).
    Bans,
    /// Prosody that makes an account for anybody.
    Open,
    /// Prosody with a certificate for another name.
    Misnamed,
    /// Scripted, no real server: its stream begins, then comes at a byte a second.
    Slow,
    /// Scripted, no real server: it answers TLS, then nothing.
    Stall,
    /// Scripted, no real server: it answers requests as it is told by [`LabServer::answer_with`](crate::LabServer::answer_with).
    Malformed,
    /// Prosody 13 with SASL2, Bind2 and inline stream management (XEP-0388, XEP-0386), from the system that `cargo xtask`
    /// makes for Swift's tests. Needs root.
    Sasl2,
}

impl ServerKind {
    /// All kinds.
    pub const ALL: [Self; 17] = [
        Self::Closed,
        Self::Throttle,
        Self::Invite,
        Self::Web,
        Self::Quarantine,
        Self::Faulty,
        Self::Captcha,
        Self::EjabberdThrottle,
        Self::Undeletable,
        Self::OldBinding,
        Self::Bans,
        Self::Open,
        Self::Misnamed,
        Self::Slow,
        Self::Stall,
        Self::Malformed,
        Self::Sasl2,
    ];

    /// Its name in orders.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Throttle => "throttle",
            Self::Invite => "invite",
            Self::Web => "web",
            Self::Quarantine => "quarantine",
            Self::Faulty => "faulty",
            Self::Captcha => "captcha",
            Self::EjabberdThrottle => "ejabberd-throttle",
            Self::Undeletable => "undeletable",
            Self::OldBinding => "old-binding",
            Self::Bans => "bans",
            Self::Open => "open",
            Self::Misnamed => "misnamed",
            Self::Slow => "slow",
            Self::Stall => "stall",
            Self::Malformed => "malformed",
            Self::Sasl2 => "sasl2",
        }
    }

    /// The domain that it serves.
    #[must_use]
    pub fn domain(self) -> String {
        format!("{self}.lab.test")
    }
}

impl fmt::Display for ServerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ServerKind {
    type Err = LabError;

    fn from_str(name: &str) -> Result<Self, LabError> {
        let unknown = || LabError::new(format!("there is no kind of server {name}"));
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(unknown)
    }
}
