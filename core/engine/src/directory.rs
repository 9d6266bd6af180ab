//! The server directory: which XMPP servers a burner may be made at, and how they are reached.
//!
//! The built-in entries are candidates from a public list, not promises: none was probed by us.

use std::fmt;

use flashpaper_tor::{OnionAddress, Target};
use flashpaper_xmpp::{Domain, Security};
use serde::{Deserialize, Deserializer};

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
    #[serde(rename = "in_band_registration")]
    pub(crate) kind: Kind,
}

/// Whether a server makes accounts in band, as far as the directory knows.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// To whom asks for one.
    Yes,
    /// To a person who answers a question.
    Captcha,
    /// On a page.
    Web,
    /// Accounts made through Tor are of no use there: for those who name the server.
    Quarantines,
    No,
    Unknown,
}

impl Server {
    /// A server that the user named: reached by its domain.
    fn named(domain: Domain) -> Self {
        Self { domain, onion: None, kind: Kind::Unknown }
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

    /// Where to dial, in order: direct TLS (XEP-0368) first, which shows the exit no domain in clear, then STARTTLS.
    pub(crate) fn endpoints(&self, route: Route) -> Result<[(Target, Security); 2], Error> {
        let target = |port| match (route, &self.onion) {
            (Route::Exit, _) => {
                Target::host(self.domain.as_ascii(), port).map_err(|_| Error::InvalidInput { input: Input::Server })
            }
            (Route::Onion, Some(address)) => Ok(Target::onion(address.clone(), port)),
            (Route::Onion, None) => Err(Error::InvalidInput { input: Input::Onion }),
        };
        Ok([(target(5223)?, Security::DirectTls), (target(5222)?, Security::StartTls)])
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server(..)")
    }
}

/// All entries.
pub(crate) struct Directory(Vec<Server>);

impl Directory {
    pub(crate) const fn new(servers: Vec<Server>) -> Self {
        Self(servers)
    }

    pub(crate) fn built_in() -> Result<Self, Error> {
        Self::parse(include_bytes!("../data/servers.csv"))
    }

    pub(crate) fn parse(list: &[u8]) -> Result<Self, Error> {
        let mut reader = csv::Reader::from_reader(list);
        let servers: Result<Vec<Server>, _> = reader.deserialize().collect();
        servers.map(Self).map_err(|_| Error::Internal)
    }

    /// The entry of a domain, or one made for it.
    pub(crate) fn named(&self, domain: &str) -> Result<Server, Error> {
        let domain = Domain::parse(domain).map_err(|_| Error::InvalidInput { input: Input::Server })?;
        let known = self.0.iter().find(|s| s.domain == domain);
        Ok(known.cloned().unwrap_or_else(|| Server::named(domain)))
    }

    pub(crate) fn entries(&self) -> &[Server] {
        &self.0
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_entry_parses() {
        let directory = Directory::built_in().unwrap();
        let good = |server: &&Server| server.kind == Kind::Yes;
        assert_eq!(directory.entries().iter().filter(good).count(), 15);
    }

    #[test]
    fn a_named_server_need_not_be_known() {
        let directory = Directory::built_in().unwrap();
        assert!(directory.named("JabJab.de").unwrap().onion.is_some());
        let unknown = directory.named("jabber.example").unwrap();
        assert_eq!(unknown.way(None).first, Route::Exit);
        assert_eq!(unknown.endpoints(Route::Onion).err(), Some(Error::InvalidInput { input: Input::Onion }));
        for spelt in ["münchen.example", "xn--mnchen-3ya.example."] {
            let server = directory.named(spelt).unwrap();
            assert_eq!(server.domain.as_str(), "münchen.example");
            let [(target, _), _] = server.endpoints(Route::Exit).unwrap();
            assert_eq!(target, Target::Host { name: "xn--mnchen-3ya.example".into(), port: 5223 });
        }
        for bad in ["", "localhost", "127.0.0.1", "a b", "me@jabber.example"] {
            assert_eq!(directory.named(bad).err(), Some(Error::InvalidInput { input: Input::Server }), "{bad}");
        }
    }
}
