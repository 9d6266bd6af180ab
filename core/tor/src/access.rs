//! The way into the Tor network: to its public relays, or over bridges and nothing else.

use std::fmt;
use std::net::SocketAddr;

use arti_client::config::pt::TransportConfigBuilder;
use arti_client::config::{BoolOrAuto, BridgeConfigBuilder, BridgeParseError, PtTransportName, TorClientConfigBuilder};

/// How a client reaches the Tor network.
#[derive(Debug, Clone)]
pub enum Access {
    /// By its public relays.
    Direct,
    /// Over bridges: it connects to them, or to their transports, and to nothing else, also when none of them answers.
    Bridges(Bridges),
}

/// Bridges, and the programs that the way to them leads through. Its `Debug` is empty.
#[derive(Clone)]
pub struct Bridges {
    bridges: Vec<BridgeConfigBuilder>,
    transports: Vec<TransportConfigBuilder>,
}

impl Bridges {
    /// Reads bridge lines as they are handed out, with or without the word `Bridge` in front. Blank lines are counted and
    /// left out.
    ///
    /// `transports` are pluggable transports that run on this device already: the name of each, and where it takes SOCKS 5.
    ///
    /// # Errors
    /// See [`BridgeError`].
    pub fn parse<'a>(
        lines: impl IntoIterator<Item = &'a str>,
        transports: impl IntoIterator<Item = (&'a str, SocketAddr)>,
    ) -> Result<Self, BridgeError> {
        let (mut names, mut of_transports) = (Vec::new(), Vec::new());
        for (name, address) in transports {
            let name: PtTransportName = name.parse().map_err(|_| BridgeError::Transport)?;
            // On the way there the bridge's address and arguments are in clear.
            if !address.ip().is_loopback() || address.port() == 0 {
                return Err(BridgeError::Transport);
            }
            let mut transport = TransportConfigBuilder::default();
            transport.protocols(vec![name.clone()]).proxy_addr(address);
            of_transports.push(transport);
            names.push(name.to_string());
        }
        let mut bridges = Vec::new();
        for (number, line) in (1..).zip(lines) {
            if line.trim().is_empty() {
                continue;
            }
            let wrong = |part| BridgeError::Line { number, part };
            let bridge: BridgeConfigBuilder = line.parse().map_err(|error| wrong(BridgePart::of(&error)))?;
            let needs = bridge.get_transport().filter(|name| !name.is_empty());
            if needs.is_some_and(|needed| !names.iter().any(|name| name == needed)) {
                return Err(wrong(BridgePart::Transport));
            }
            bridges.push(bridge);
        }
        if bridges.is_empty() {
            return Err(BridgeError::Line { number: 1, part: BridgePart::Address });
        }
        Ok(Self { bridges, transports: of_transports })
    }

    pub(crate) fn configure(&self, builder: &mut TorClientConfigBuilder) {
        let config = builder.bridges();
        // Said outright: where there is nothing to connect to, Arti refuses to start.
        config.enabled(BoolOrAuto::Explicit(true));
        config.bridges().extend(self.bridges.iter().cloned());
        config.transports().extend(self.transports.iter().cloned());
    }
}

impl fmt::Debug for Bridges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bridges(..)")
    }
}

/// Why bridges cannot be used. It does not show what was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BridgeError {
    /// A line is no bridge. Where there is no line at all, the first lacks its address.
    #[error("bridge line {number}: {part}")]
    Line {
        /// Which line; the first is 1.
        number: u32,
        /// What of it.
        part: BridgePart,
    },
    /// A transport has a malformed name, or an address that is not this device's own.
    #[error("a transport cannot be used")]
    Transport,
}

/// What of a bridge line is wrong or missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BridgePart {
    /// Where the bridge is.
    #[error("address")]
    Address,
    /// What the bridge is known by: it needs that of its RSA key, and no key twice.
    #[error("fingerprint")]
    Fingerprint,
    /// The name of the transport: malformed, or no transport of that name runs.
    #[error("transport")]
    Transport,
    /// What the transport is to be told, as `key=value`.
    #[error("argument")]
    Argument,
}

impl BridgePart {
    const fn of(error: &BridgeParseError) -> Self {
        match error {
            BridgeParseError::Empty
            | BridgeParseError::InvalidIpAddrOrPt { .. }
            | BridgeParseError::InvalidIPtHostAddr { .. } => Self::Address,
            BridgeParseError::InvalidPtKeyValue { .. }
            | BridgeParseError::InvalidPluggableTransportSetting { .. }
            | BridgeParseError::DirectParametersNotAllowed => Self::Argument,
            BridgeParseError::InvalidIdentityOrParameter { .. }
            | BridgeParseError::MultipleIdentitiesOfSameType { .. }
            | BridgeParseError::UnsupportedIdentityType { .. }
            | BridgeParseError::NoRsaIdentity => Self::Fingerprint,
            _ => Self::Transport,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA: &str = "0BAC39417268B96B9F514E7F63FA6FBA1A788955";
    const ED: &str = "ed25519:dGhpcyBpcyBpbmNyZWRpYmx5IHNpbGx5ISEhISEhISE";

    fn transport() -> (&'static str, SocketAddr) {
        ("obfs4", "127.0.0.1:4000".parse().unwrap())
    }

    fn parse(lines: &[&str]) -> Result<Bridges, BridgeError> {
        Bridges::parse(lines.iter().copied(), [transport()])
    }

    #[test]
    fn lines_are_taken_as_they_are_handed_out() {
        let lines = [
            format!("192.0.2.1:443 {RSA}"),
            String::new(),
            format!("  Bridge [2001:db8::1]:443 ${RSA} {ED}  "),
            format!("obfs4 192.0.2.1:443 {RSA} cert=Vw/Jp+o iat-mode=0"),
            format!("bridge obfs4 bridge.example:443 {RSA}"),
        ];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(parse(&lines).unwrap().bridges.len(), 4);
    }

    #[test]
    fn a_bad_line_is_named_by_its_number_and_part() {
        let good = format!("192.0.2.1:443 {RSA}");
        for (bad, part) in [
            ("Bridge", BridgePart::Address),
            (&*format!("192.0.2.1:99999 {RSA}"), BridgePart::Address),
            (&*format!("bridge.example:443 {RSA}"), BridgePart::Address),
            (&*format!("obfs4 192.0.2.1 {RSA}"), BridgePart::Address),
            ("192.0.2.1:443", BridgePart::Fingerprint),
            ("192.0.2.1:443 0BAC39417268B96B9F514E7F63FA6FBA1A78895", BridgePart::Fingerprint),
            (&*format!("192.0.2.1:443 {ED}"), BridgePart::Fingerprint),
            (&*format!("192.0.2.1:443 {RSA} {RSA}"), BridgePart::Fingerprint),
            (&*format!("ob-fs4 192.0.2.1:443 {RSA}"), BridgePart::Transport),
            (&*format!("snowflake 192.0.2.1:443 {RSA}"), BridgePart::Transport),
            (&*format!("obfs4 192.0.2.1:443 {RSA} cert=Vw iat-mode"), BridgePart::Argument),
            (&*format!("192.0.2.1:443 {RSA} cert=Vw"), BridgePart::Argument),
        ] {
            let error = parse(&[&good, "", bad]).unwrap_err();
            assert_eq!(error, BridgeError::Line { number: 3, part }, "{bad}");
            assert_eq!(error.to_string(), format!("bridge line 3: {part}"));
        }
        for none in [&[][..], &["", " "]] {
            assert_eq!(parse(none).unwrap_err(), BridgeError::Line { number: 1, part: BridgePart::Address });
        }
    }

    #[test]
    fn transports_run_on_this_device() {
        let line = format!("obfs4 192.0.2.1:443 {RSA}");
        for (name, address) in [("obfs4", "192.0.2.2:4000"), ("obfs4", "127.0.0.1:0"), ("ob fs4", "127.0.0.1:4000")] {
            let refused = Bridges::parse([&*line], [(name, address.parse().unwrap())]);
            assert_eq!(refused.unwrap_err(), BridgeError::Transport, "{name} {address}");
        }
        assert!(Bridges::parse([&*line], [("obfs4", "[::1]:4000".parse().unwrap())]).is_ok());
    }

    #[test]
    fn debug_shows_no_bridge() {
        let bridges = parse(&[&format!("192.0.2.1:443 {RSA}")]).unwrap();
        assert_eq!(format!("{:?}", Access::Bridges(bridges)), "Bridges(Bridges(..))");
    }
}
