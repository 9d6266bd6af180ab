//! What the server itself says of its accounts: the witness that no client can talk round.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::facts::Facts;
use crate::{LabError, Result};

/// The names of the accounts that Prosody stores for a domain.
///
/// # Errors
/// Its folder cannot be read.
pub fn names(facts: &Facts, domain: &str) -> Result<BTreeSet<String>> {
    stored(&facts.accounts, domain)
}

/// The same for any Prosody, by its data folder.
pub(crate) fn stored(data: &Path, domain: &str) -> Result<BTreeSet<String>> {
    let folder = folder(data, domain);
    let mut names = BTreeSet::new();
    if folder.exists() {
        for entry in fs::read_dir(folder)? {
            let file = entry?.file_name().to_string_lossy().into_owned();
            names.extend(file.strip_suffix(".dat").map(str::to_owned));
        }
    }
    Ok(names)
}

/// What Prosody stores of an account's SCRAM-SHA-256 (RFC 5802).
#[derive(Debug)]
pub struct Scram {
    /// The salt.
    pub salt: String,
    /// How often is hashed.
    pub iterations: u32,
    /// The hash of the client's key, in hexadecimal.
    pub stored_key: String,
}

/// What Prosody stores of an account's SCRAM.
///
/// # Errors
/// It stores none that is understood.
pub fn scram(facts: &Facts, domain: &str, name: &str) -> Result<Scram> {
    let file = folder(&facts.accounts, domain).join(format!("{name}.dat"));
    let text = fs::read_to_string(file)?;
    let value = |name: &str| {
        let rest = text.split_once(&format!("[\"{name}\"] = "))?.1;
        Some(rest.split_once(';')?.0.trim_matches('"').to_owned())
    };
    let parsed = || {
        let iterations = value("iteration_count")?.parse().ok()?;
        Some(Scram { salt: value("salt")?, iterations, stored_key: value("stored_key")? })
    };
    parsed().ok_or_else(|| LabError::new(format!("no SCRAM in the account {name}")))
}

fn folder(data: &Path, domain: &str) -> PathBuf {
    // Prosody escapes what is not a letter or digit by %xx.
    data.join(domain.replace('.', "%2e").replace('-', "%2d")).join("accounts")
}
