//! What an engine is opened with.

use std::fmt;
use std::sync::Arc;

use flashpaper::{Error as FlashpaperError, Input, Network, PrivateNetwork};
use zeroize::Zeroizing;

use crate::key_source::{Adapter, KeySource};

/// What an engine is opened with. Printing it shows nothing of it.
#[derive(uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Config {
    /// The folder that holds everything, private to the app. Made when absent, mode 0700.
    pub home: String,
    /// What seals the accounts.
    pub key: Key,
    /// The DNS servers that may be asked, by TCP at an exit: public addresses. Without them those of this library, or of the private
    /// network. Empty: none is asked.
    #[uniffi(default = None)]
    pub resolvers: Option<Vec<String>>,
    /// A private network's description (JSON), for tests. Only a library built with feature `lab` accepts one.
    #[uniffi(default = None)]
    pub private_network: Option<String>,
}

/// What seals the accounts in the home folder. Printing it shows no passphrase.
#[derive(uniffi::Enum)]
#[uniffi::export(Debug)]
pub enum Key {
    /// A random key in a file beside them, mode 0600: it protects a copy of the other files alone, not the folder.
    File,
    /// A passphrase, stretched by Argon2id (64 MiB, 3 passes). Wipe the array after use.
    Passphrase {
        /// Its bytes.
        utf8: Vec<u8>,
    },
    /// The platform's key store, and a passphrase in addition where there is one: both are needed then.
    Source {
        /// The key store.
        source: Arc<dyn KeySource>,
        /// Stretched as the other.
        #[uniffi(default = None)]
        passphrase: Option<Vec<u8>>,
    },
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Config(..)")
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "Key.File",
            Self::Passphrase { .. } => "Key.Passphrase(..)",
            Self::Source { .. } => "Key.Source(..)",
        })
    }
}

impl From<Key> for flashpaper::Key {
    fn from(key: Key) -> Self {
        match key {
            Key::File => Self::File,
            Key::Passphrase { utf8 } => Self::Passphrase(Zeroizing::new(utf8)),
            Key::Source { source, passphrase } => {
                Self::Source { source: Arc::new(Adapter(source)), passphrase: passphrase.map(Zeroizing::new) }
            }
        }
    }
}

pub(crate) fn engine_config(config: Config, with_lab: bool) -> Result<flashpaper::Config, FlashpaperError> {
    let key = config.key.into();
    let network = match config.private_network {
        None => Network::Public,
        Some(json) if with_lab => Network::Private(PrivateNetwork::parse(&json)?),
        Some(_) => return Err(FlashpaperError::InvalidInput { input: Input::Network }),
    };
    let address = |text: &String| text.parse().map_err(|_| FlashpaperError::InvalidInput { input: Input::Resolver });
    let resolvers = config.resolvers.map(|texts| texts.iter().map(address).collect::<Result<_, _>>()).transpose()?;
    Ok(flashpaper::Config { home: config.home.into(), key, network, resolvers })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(private_network: Option<&str>) -> Config {
        Config {
            home: String::new(),
            key: Key::File,
            resolvers: None,
            private_network: private_network.map(str::to_owned),
        }
    }

    #[test]
    fn a_library_for_apps_accepts_no_private_network() {
        let network = r#"{"network":{"arti":"","ca_pem":"","servers":[]}}"#;
        let refused = engine_config(config(Some(network)), false);
        assert_eq!(refused.err(), Some(FlashpaperError::InvalidInput { input: Input::Network }));
        assert!(matches!(engine_config(config(Some(network)), true).unwrap().network, Network::Private(_)));
        assert!(matches!(engine_config(config(None), false).unwrap().network, Network::Public));
    }

    #[test]
    fn printing_a_key_does_not_show_the_passphrase() {
        let key = Key::Passphrase { utf8: b"secret".to_vec() };
        assert_eq!(format!("{key:?}"), "Key.Passphrase(..)");
    }
}
