//! The key that opens the folder, made from what the app gives.

use std::path::Path;
use std::sync::Arc;

use flashpaper_vault as vault;
use flashpaper_vault::KeyFile;

use crate::Error;
use crate::config::Key;
use crate::error::Input;
use crate::key_source::{Adapter, KeySource};

/// What is to open a folder. Clones share what its passphrase was stretched to.
#[derive(Clone)]
pub(crate) struct FolderKey {
    pub(super) vault: vault::Key,
    pub(super) is_file: bool,
    source: Option<Arc<dyn KeySource>>,
}

impl FolderKey {
    pub(crate) fn new(folder: &Path, key: &Key) -> Result<Self, Error> {
        let (source, passphrase) = match key {
            Key::File => (None, None),
            Key::Passphrase(passphrase) => {
                let vault = vault::Key::passphrase(not_empty(passphrase)?);
                return Ok(Self { vault, is_file: false, source: None });
            }
            Key::Source { source, passphrase } => (Some(Arc::clone(source)), passphrase.as_ref()),
        };
        let mut vault = match &source {
            Some(source) => vault::Key::source(Arc::new(Adapter(Arc::clone(source)))),
            None => vault::Key::source(Arc::new(KeyFile::new(folder))),
        };
        if let Some(passphrase) = passphrase {
            vault = vault.and_passphrase(not_empty(passphrase)?);
        }
        Ok(Self { vault, is_file: source.is_none(), source })
    }

    /// The app's key store.
    pub(crate) fn source(&self) -> Option<Arc<dyn KeySource>> {
        self.source.clone()
    }
}

pub(super) fn not_empty(passphrase: &[u8]) -> Result<&[u8], Error> {
    if passphrase.is_empty() { Err(Error::InvalidInput { input: Input::Passphrase }) } else { Ok(passphrase) }
}
