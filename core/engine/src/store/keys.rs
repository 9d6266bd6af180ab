//! The key that opens the folder, made from what the app gives.

use std::path::Path;
use std::sync::Arc;

use flashpaper_vault as vault;
use flashpaper_vault::{KeyFile, NextKey, Wrapped};
use rand::CryptoRng;

use crate::Error;
use crate::config::Key;
use crate::error::Input;
use crate::key_source::Adapter;

/// Whether a key opens the folder that this is of. Takes as long as opening it.
pub(super) fn check(wrapped: &Wrapped, folder: &Path, key: &Key) -> Result<(), Error> {
    Ok(wrapped.check(of(folder, key)?)?)
}

/// Has a key seal the folder's next one. Takes as long as opening it.
pub(super) fn seal(next: NextKey, folder: &Path, key: &Key, rng: &mut dyn CryptoRng) -> Result<NextKey, Error> {
    Ok(next.sealed_by(of(folder, key)?, rng)?)
}

pub(super) fn of(folder: &Path, key: &Key) -> Result<vault::Key, Error> {
    let (source, passphrase): (Arc<dyn vault::KeySource>, _) = match key {
        Key::File => (Arc::new(KeyFile::new(folder)), None),
        Key::Passphrase(passphrase) => return Ok(vault::Key::passphrase(not_empty(passphrase)?)),
        Key::Source { source, passphrase } => (Arc::new(Adapter(Arc::clone(source))), passphrase.as_ref()),
    };
    let key = vault::Key::source(source);
    Ok(match passphrase {
        Some(passphrase) => key.and_passphrase(not_empty(passphrase)?),
        None => key,
    })
}

fn not_empty(passphrase: &[u8]) -> Result<&[u8], Error> {
    if passphrase.is_empty() { Err(Error::InvalidInput { input: Input::Passphrase }) } else { Ok(passphrase) }
}
