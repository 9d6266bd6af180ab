//! The server directory: which XMPP servers a burner may be made at, and how they are reached.
//!
//! An `entry` is one server; `file` reads and writes them, `update` is one that was signed, `current` the one in use. The built-in entries are from public
//! lists: none was probed by us. What a burner's making has taught goes beside it, see [`Directory::entries`].

pub(crate) mod current;
mod day;
mod entry;
pub(crate) mod file;
pub(crate) mod update;

use flashpaper_xmpp::Domain;

pub(crate) use self::day::Day;
pub(crate) use self::entry::{Kind, Ports, Server, Tor};
use crate::Error;
use crate::error::Input;

/// All entries, one for each domain.
#[derive(Clone)]
pub(crate) struct Directory(Vec<Server>);

impl Directory {
    pub(crate) const fn new(servers: Vec<Server>) -> Self {
        Self(servers)
    }

    pub(crate) fn built_in() -> Result<Self, Error> {
        file::read(include_str!("../../data/servers.csv")).map(Self).map_err(|_| Error::Internal)
    }

    /// This directory and what another says. Of two entries of one domain the later counts, and the other's if they are of one
    /// day.
    pub(crate) fn merged(self, others: Vec<Server>) -> Self {
        self.with(others, |other, known| other.seen >= known.seen)
    }

    /// This directory and what the user says, which counts whenever it was seen.
    pub(crate) fn overlaid(self, own: Vec<Server>) -> Self {
        self.with(own, |_, _| true)
    }

    /// What is not named stays, and so do an onion address and what is made of Tor: that an entry has none does not say that
    /// there is none.
    fn with(mut self, others: Vec<Server>, counts: fn(&Server, &Server) -> bool) -> Self {
        for mut other in others {
            match self.0.iter_mut().find(|known| known.domain == other.domain) {
                Some(known) => {
                    if counts(&other, known) {
                        std::mem::swap(known, &mut other);
                    }
                    known.onion = known.onion.take().or(other.onion);
                    if known.tor == Tor::Unknown {
                        known.tor = other.tor;
                    }
                }
                None => self.0.push(other),
            }
        }
        self
    }

    /// All entries, good or not: what was learnt since is to be laid over them by who draws.
    pub(crate) fn entries(&self) -> &[Server] {
        &self.0
    }

    /// The entry of a domain, or one made for it.
    pub(crate) fn named(&self, domain: &str) -> Result<Server, Error> {
        let domain = Domain::parse(domain).map_err(|_| Error::InvalidInput { input: Input::Server })?;
        let known = self.0.iter().find(|s| s.domain == domain);
        Ok(known.cloned().unwrap_or_else(|| Server::named(domain)))
    }
}

#[cfg(test)]
mod tests {
    use flashpaper_tor::Target;

    use super::*;
    use crate::route::Route;

    #[test]
    fn every_built_in_entry_parses() {
        let directory = Directory::built_in().unwrap();
        let good = |server: &&Server| server.kind == Kind::Yes && server.tor.may_be_used();
        assert_eq!(directory.entries().iter().filter(good).count(), 4);
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

    /// Rows of a file, without the columns that say nothing to a program.
    fn servers(rows: &[(&str, &str, &str, &str)]) -> Vec<Server> {
        let rows = rows.iter().map(|(domain, onion, kind, seen)| format!("{domain},{onion},,{kind},,test,{seen}\n"));
        file::read(&(file::WITHOUT_TOR.join(",") + "\n" + &rows.collect::<String>())).unwrap()
    }

    #[test]
    fn the_entry_that_was_seen_last_counts_and_what_is_not_named_stays() {
        let onion = "jabjabdea2eewo3gzfurscj2sjqgddptwumlxi3wur57rzf5itje2rid.onion";
        let known = Directory::new(servers(&[
            ("newer.example", "", "yes", "2026-01-02"),
            ("same.example", "", "yes", "2026-01-02"),
            ("older.example", "", "yes", "2026-01-02"),
            ("onion.example", onion, "captcha", "2026-01-02"),
            ("unnamed.example", "", "yes", "2020-01-01"),
        ]));
        let merged = known.merged(servers(&[
            ("newer.example", "", "web", "2026-01-01"),
            ("same.example", "", "web", "2026-01-02"),
            ("older.example", onion, "quarantines", "2026-02-01"),
            ("onion.example", "", "yes", "2026-02-01"),
            ("added.example", "", "captcha", "2019-01-01"),
        ]));
        let entries: Vec<_> = merged
            .entries()
            .iter()
            .map(|s| (s.domain.as_str(), s.onion.is_some(), s.kind, s.seen.to_string()))
            .collect();
        let entry = |domain, has_onion, kind, seen: &str| (domain, has_onion, kind, seen.to_owned());
        assert_eq!(
            entries,
            [
                entry("newer.example", false, Kind::Yes, "2026-01-02"),
                entry("same.example", false, Kind::Web, "2026-01-02"),
                entry("older.example", true, Kind::Yes, "2026-02-01"),
                entry("onion.example", true, Kind::Yes, "2026-02-01"),
                entry("unnamed.example", false, Kind::Yes, "2020-01-01"),
                entry("added.example", false, Kind::Captcha, "2019-01-01"),
            ]
        );
    }

    #[test]
    fn that_an_entry_knows_nothing_of_tor_does_not_take_away_what_is_known() {
        let known = || Directory::new(servers(&[("a.example", "", "quarantines", "2026-01-02")]));
        for seen in ["2026-01-01", "2026-01-02", "2026-01-03"] {
            let merged = known().merged(servers(&[("a.example", "", "captcha", seen)]));
            assert_eq!(merged.entries()[0].tor, Tor::Quarantines, "{seen}");
        }
        let mut lets_in = servers(&[("a.example", "", "yes", "2026-01-03")]);
        lets_in[0].tor = Tor::Yes;
        assert_eq!(known().merged(lets_in).entries()[0].tor, Tor::Yes);
    }

    #[test]
    fn what_the_user_says_counts_whenever_it_was_seen() {
        let onion = "jabjabdea2eewo3gzfurscj2sjqgddptwumlxi3wur57rzf5itje2rid.onion";
        let known = Directory::new(servers(&[("a.example", onion, "web", "2026-01-02")]));
        let own = servers(&[("a.example", "", "yes", "2020-01-01"), ("b.example", "", "captcha", "2020-01-01")]);
        let entries = known.overlaid(own).0;
        let entries: Vec<_> = entries.iter().map(|s| (s.domain.as_str(), s.onion.is_some(), s.kind)).collect();
        assert_eq!(entries, [("a.example", true, Kind::Yes), ("b.example", false, Kind::Captcha)]);
    }

    #[test]
    fn a_private_network_names_every_kind() {
        for (name, kind) in file::KINDS {
            let json =
                format!("{{\"domain\": \"burner.test\", \"onion\": \"\", \"in_band_registration\": \"{name}\"}}");
            assert!(serde_json::from_str::<Server>(&json).unwrap().kind == kind, "{name}");
        }
        let other = "{\"domain\": \"burner.test\", \"in_band_registration\": \"maybe\"}";
        assert!(serde_json::from_str::<Server>(other).is_err());
    }
}
