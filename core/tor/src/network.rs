//! What a Tor client is started with: its folders, the way in, and which network, the public one or a private one described by
//! a file.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use arti_client::TorClientConfig;
use arti_client::config::{CfgPath, TorClientConfigBuilder};

use crate::access::Access;
use crate::error::StartError;

/// What a Tor client needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// Guards and other long-lived state; kept between starts, private to the app. Made when absent, mode 0700.
    pub state_dir: PathBuf,
    /// The directory cache; may be deleted at any time while closed.
    pub cache_dir: PathBuf,
    /// Which network.
    pub network: Network,
    /// The way into it.
    pub access: Access,
}

/// The Tor network to use.
#[derive(Clone)]
pub enum Network {
    /// The one that everyone uses.
    Public,
    /// A private one, for tests: an `arti-client` configuration in TOML without its `storage` section. Its
    /// author can see all traffic, so an app never takes one from a user: without the feature `private-networks` it is refused.
    Private(String),
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "Network::Public",
            Self::Private(_) => "Network::Private(..)",
        })
    }
}

/// How far from its dates a consensus may be and still be read: far enough for those dates to show that our clock is
/// wrong. Nothing is sent on such a consensus: see `directory`.
const ANY_CONSENSUS: Duration = Duration::from_secs(3650 * 24 * 3600);

/// Which port the exit has to take of the one circuit that is made ahead, for the next new dialer: that of direct TLS (XEP-0368).
const PORT_AHEAD: u16 = 5223;

pub(crate) fn arti_config(config: &Config) -> Result<TorClientConfig, StartError> {
    let mut builder = match &config.network {
        Network::Public => TorClientConfigBuilder::default(),
        #[cfg(feature = "private-networks")]
        Network::Private(text) => toml::from_str(text).map_err(|_| StartError::Config)?,
        #[cfg(not(feature = "private-networks"))]
        Network::Private(_) => return Err(StartError::Config),
    };
    builder.directory_tolerance().pre_valid_tolerance(ANY_CONSENSUS).post_valid_tolerance(ANY_CONSENSUS);
    builder
        .storage()
        .state_dir(CfgPath::new_literal(&config.state_dir))
        .cache_dir(CfgPath::new_literal(&config.cache_dir));
    builder.preemptive_circuits().min_exit_circs_for_port(1).set_initial_predicted_ports(vec![PORT_AHEAD]);
    if let Access::Bridges(bridges) = &config.access {
        bridges.configure(&mut builder);
    }
    builder.build().map_err(|_| StartError::Config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_circuit_is_made_ahead_to_an_exit_that_servers_are_reached_by() {
        let config = Config {
            state_dir: "state".into(),
            cache_dir: "cache".into(),
            network: Network::Public,
            access: Access::Direct,
        };
        // Its fields can be read in print alone.
        let printed = format!("{:?}", arti_config(&config).unwrap());
        for setting in ["initial_predicted_ports: [5223]", "min_exit_circs_for_port: 1 "] {
            assert!(printed.contains(setting), "{setting}");
        }
    }
}
