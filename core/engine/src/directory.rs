//! The server directory: which XMPP servers a burner may be made at, and how they are reached.
//!
//! The built-in entries are candidates from a public list, not promises: none was probed by us.

use std::fmt;

use flashpaper_tor::{OnionAddress, Target};
use flashpaper_xmpp::{Domain, Security};
use rand::CryptoRng;
use rand::seq::IteratorRandom;
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
    in_band_registration: Registration,
    /// A user named it, and the directory does not know it.
    #[serde(skip)]
    pub(crate) is_unlisted: bool,
}

/// Whether a server makes accounts in band, as far as the directory knows.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Registration {
    Yes,
    /// Accounts made through Tor are of no use there: for those who name the server.
    Quarantines,
    No,
    Unknown,
}

impl Server {
    /// A server that the user named: reached by its domain.
    fn named(domain: Domain) -> Self {
        Self { domain, onion: None, in_band_registration: Registration::Unknown, is_unlisted: true }
    }

    fn is_good(&self) -> bool {
        self.in_band_registration == Registration::Yes
    }

    fn has(&self, route: Option<Route>) -> bool {
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
        let mut reader = csv::Reader::from_reader(include_bytes!("../data/servers.csv").as_slice());
        let servers: Result<Vec<Server>, _> = reader.deserialize().collect();
        servers.map(Self).map_err(|_| Error::Internal)
    }

    /// The entry of a domain, or one made for it.
    pub(crate) fn named(&self, domain: &str) -> Result<Server, Error> {
        let domain = Domain::parse(domain).map_err(|_| Error::InvalidInput { input: Input::Server })?;
        let known = self.0.iter().find(|s| s.domain == domain);
        Ok(known.cloned().unwrap_or_else(|| Server::named(domain)))
    }

    /// One at random among the good entries, preferring those where no burner of ours lives.
    pub(crate) fn draw(&self, route: Option<Route>, in_use: &[&str], rng: &mut dyn CryptoRng) -> Result<Server, Error> {
        let good = || self.0.iter().filter(|s| s.is_good() && s.has(route));
        let unused = good().filter(|s| !in_use.contains(&s.domain.as_str()));
        let drawn = unused.choose(rng).or_else(|| good().choose(rng));
        drawn.cloned().ok_or(Error::NoServer)
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
    use std::collections::HashSet;

    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn every_built_in_entry_parses_and_each_good_one_is_drawn() {
        let directory = Directory::built_in().unwrap();
        assert!(directory.0.len() >= 29);
        let mut rng = StdRng::seed_from_u64(1);
        let mut draw = |route| {
            let draws = (0..2000).map(|_| directory.draw(route, &[], &mut rng).unwrap().domain.as_str().to_owned());
            draws.collect::<HashSet<_>>()
        };
        let onions = draw(Some(Route::Onion));
        let exits = draw(Some(Route::Exit));
        assert_eq!(onions.len(), 4);
        assert_eq!(exits.len(), 15);
        assert!(onions.is_subset(&exits));
        assert!(!exits.contains("yax.im") && !exits.contains("xmpp.riseup.net"));
    }

    #[test]
    fn servers_of_other_burners_are_avoided_while_there_are_others() {
        let directory = Directory::built_in().unwrap();
        let mut rng = StdRng::seed_from_u64(1);
        let taken = ["jabjab.de", "jabber.hot-chilli.net", "jabbers.one"];
        for _ in 0..50 {
            let drawn = directory.draw(Some(Route::Onion), &taken, &mut rng).unwrap();
            assert_eq!(drawn.domain.as_str(), "magicbroccoli.de");
        }
        let all = [taken.as_slice(), &["magicbroccoli.de"]].concat();
        assert!(directory.draw(Some(Route::Onion), &all, &mut rng).is_ok());
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
