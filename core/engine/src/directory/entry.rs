//! A server of the directory, and how it is reached.

use std::fmt;

use flashpaper_tor::{OnionAddress, Target};
use flashpaper_xmpp::{Domain, Security};
use serde::{Deserialize, Deserializer};

use super::day::Day;
use crate::Error;
use crate::error::Input;
use crate::route::{Route, Way};

/// One entry.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Server {
    #[serde(deserialize_with = "domain")]
    pub(crate) domain: Domain,
    #[serde(default, deserialize_with = "onion")]
    pub(crate) onion: Option<OnionAddress>,
    #[serde(skip)]
    pub(crate) ports: Ports,
    #[serde(rename = "in_band_registration")]
    pub(crate) kind: Kind,
    #[serde(default)]
    pub(crate) tor: Tor,
    /// When that was seen to be so. A private network's entries have no date.
    #[serde(skip)]
    pub(crate) seen: Day,
    /// A user named it, and the directory does not know it.
    #[serde(skip)]
    pub(crate) is_unlisted: bool,
}

/// How a server makes accounts, as far as the directory knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// In band, and asks nothing of the user.
    Yes,
    /// In band, and asks something of the user: mostly a CAPTCHA.
    Captcha,
    /// On a web page only.
    Web,
    /// Not for everybody.
    No,
    Unknown,
}

/// What a server makes of those who come through Tor, as far as the directory knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tor {
    /// It lets them in, as far as can be seen without an account.
    Yes,
    /// It puts their accounts aside, or holds Tor's exits to few: for those who name the server.
    Quarantines,
    /// It does not let them in: for those who name the server.
    Blocked,
    #[default]
    Unknown,
}

impl Tor {
    /// Whether an account that is made through Tor may be of use.
    pub(crate) const fn may_be_used(self) -> bool {
        matches!(self, Self::Yes | Self::Unknown)
    }
}

/// The ports of a server, at its domain and its onion address alike.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ports {
    /// XEP-0368.
    pub(crate) direct_tls: u16,
    pub(crate) starttls: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self { direct_tls: 5223, starttls: 5222 }
    }
}

impl Server {
    /// A server that the user named: reached by its domain.
    pub(super) fn named(domain: Domain) -> Self {
        Self {
            domain,
            onion: None,
            ports: Ports::default(),
            kind: Kind::Unknown,
            tor: Tor::Unknown,
            seen: Day::default(),
            is_unlisted: true,
        }
    }

    pub(crate) fn has(&self, route: Option<Route>) -> bool {
        route != Some(Route::Onion) || self.onion.is_some()
    }

    /// The route that was asked for alone. When none was: the onion address where there is one, as no exit sees it then, and
    /// the exit where that does not answer.
    pub(crate) fn way(&self, route: Option<Route>) -> Way {
        let preferred = if self.onion.is_some() { Route::Onion } else { Route::Exit };
        Way { first: route.unwrap_or(preferred), then_exit: route.is_none() }
    }

    /// Where to dial without asking DNS, in order: direct TLS (XEP-0368) first, which shows the exit no domain in clear, then STARTTLS.
    pub(crate) fn endpoints(&self, route: Route) -> Result<[(Target, Security); 2], Error> {
        let target = |port| match (route, &self.onion) {
            (Route::Exit, _) => {
                Target::host(self.domain.as_ascii(), port).map_err(|_| Error::InvalidInput { input: Input::Server })
            }
            (Route::Onion, Some(address)) => Ok(Target::onion(address.clone(), port)),
            (Route::Onion, None) => Err(Error::InvalidInput { input: Input::Onion }),
        };
        let Ports { direct_tls, starttls } = self.ports;
        Ok([(target(direct_tls)?, Security::DirectTls), (target(starttls)?, Security::StartTls)])
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server(..)")
    }
}

fn domain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Domain, D::Error> {
    let text = String::deserialize(deserializer)?;
    Domain::parse(&text).map_err(serde::de::Error::custom)
}

fn onion<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OnionAddress>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?.filter(|t| !t.is_empty());
    text.map(|t| OnionAddress::parse(&t).map_err(serde::de::Error::custom)).transpose()
}
