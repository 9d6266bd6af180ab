//! How the Tor network is reached.

use std::fmt;

use flashpaper::{Error, Input};

/// How the Tor network is reached. Printing it shows no bridge.
#[derive(uniffi::Enum)]
#[uniffi::export(Debug)]
pub enum TorAccess {
    /// By its public relays: an observer of the device's network sees that Tor is used.
    Direct,
    /// Over bridges: Tor connects to them, or to the transports that lead to them, and to nothing else, also when none of
    /// them answers.
    Bridges {
        /// Bridge lines as they are handed out, with or without the word `Bridge` in front; blank ones are left out.
        lines: Vec<String>,
        /// The pluggable transports that the lines name. The app runs them.
        transports: Vec<Transport>,
    },
}

/// A pluggable transport that the app runs itself. Printing it shows nothing of it.
#[derive(uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Transport {
    /// As bridge lines name it, `obfs4` say.
    pub name: String,
    /// Where it takes SOCKS 5 on this device, `127.0.0.1:4000` say.
    pub address: String,
}

impl fmt::Debug for TorAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "TorAccess.Direct",
            Self::Bridges { .. } => "TorAccess.Bridges(..)",
        })
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport(..)")
    }
}

impl TryFrom<TorAccess> for flashpaper::TorAccess {
    type Error = Error;

    fn try_from(access: TorAccess) -> Result<Self, Error> {
        let TorAccess::Bridges { lines, transports } = access else { return Ok(Self::Direct) };
        let transports = transports.into_iter().map(flashpaper::Transport::try_from).collect::<Result<_, _>>()?;
        Ok(Self::Bridges { lines, transports })
    }
}

impl TryFrom<Transport> for flashpaper::Transport {
    type Error = Error;

    fn try_from(Transport { name, address }: Transport) -> Result<Self, Error> {
        let address = address.parse().map_err(|_| Error::InvalidInput { input: Input::Transport })?;
        Ok(Self { name, address })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_ip_address_with_a_port() {
        let by = |address: &str| {
            let transport = Transport { name: "obfs4".to_owned(), address: address.to_owned() };
            let access = TorAccess::Bridges { lines: Vec::new(), transports: vec![transport] };
            assert_eq!(format!("{access:?}"), "TorAccess.Bridges(..)");
            flashpaper::TorAccess::try_from(access)
        };
        assert!(by("127.0.0.1:4000").is_ok());
        for bad in ["127.0.0.1", "localhost:4000", ""] {
            assert_eq!(by(bad), Err(Error::InvalidInput { input: Input::Transport }));
        }
    }
}
