//! What the server itself says of its accounts: the witness that no client can talk round.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::Result;
use crate::facts::Facts;

/// The names of the accounts that Prosody stores for a domain.
///
/// # Errors
/// Its folder cannot be read.
pub fn names(facts: &Facts, domain: &str) -> Result<BTreeSet<String>> {
    stored(&facts.accounts, domain)
}

/// The same for any Prosody, by its data folder.
pub(crate) fn stored(data: &Path, domain: &str) -> Result<BTreeSet<String>> {
    // Prosody escapes what is not a letter or digit by %xx.
    let folder = data.join(domain.replace('.', "%2e").replace('-', "%2d")).join("accounts");
    let mut names = BTreeSet::new();
    if folder.exists() {
        for entry in fs::read_dir(folder)? {
            let file = entry?.file_name().to_string_lossy().into_owned();
            names.extend(file.strip_suffix(".dat").map(str::to_owned));
        }
    }
    Ok(names)
}
