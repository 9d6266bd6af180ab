//! Accounts sealed in one file of the home folder, rewritten whole at each commit.
//!
//! An interim: a later part replaces it by the vault. It promises what creation and burn need: what was committed is
//! there after a crash, nothing of it can be read or changed without the key, and one process at a time uses it. It
//! does not promise that a forgotten account cannot be recovered from flash by someone who also has the key.
//!
//! Folder: `lock`; `key` (32 random bytes, mode 0600) or `salt` (16 bytes, for a passphrase); `accounts.sealed`.
//! File: one version byte, a 24-byte nonce, then XChaCha20-Poly1305 over JSON, with the version byte as associated data.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::Error;
use crate::config::Key;
use crate::error::Input;

/// The first byte of the file.
const VERSION: u8 = 1;
const NONCE: usize = 24;
/// Argon2id: 64 MiB, 3 passes, 1 lane (RFC 9106, section 4, second recommendation, for one core).
const ARGON2: (u32, u32, u32) = (64 * 1024, 3, 1);

/// The open store. It holds the folder's lock.
pub(crate) struct Store {
    folder: PathBuf,
    key: Zeroizing<[u8; 32]>,
    content: Content,
    _lock: File,
}

/// All that is stored.
#[derive(Default, Clone, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) accounts: Vec<Account>,
    /// When registrations were tried, in seconds since 1970: the last hour's count against our own cap.
    pub(crate) registrations: Vec<u64>,
}

/// One account, from before the server can know of it until after it is gone.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Account {
    /// Names the account within this installation; random, and nothing outside knows it.
    pub(crate) id: String,
    pub(crate) domain: String,
    pub(crate) username: String,
    pub(crate) password: String,
    /// The recovery words, until they were shown or declined.
    pub(crate) words: Option<String>,
    #[zeroize(skip)]
    pub(crate) route: crate::Route,
    #[zeroize(skip)]
    pub(crate) state: State,
    /// Seconds since 1970.
    pub(crate) created: u64,
}

/// How much is known of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It may or may not be at the server.
    Pending,
    /// It is at the server, and wanted.
    Active,
    /// It was at the server, and has to go.
    Burning,
    /// It may or may not be at the server, and has to go.
    Unwanted,
}

impl Store {
    /// Opens the folder, making it when absent. Takes as long as Argon2id does when a passphrase is used.
    pub(crate) fn open(folder: &Path, key: &Key, rng: &mut dyn CryptoRng) -> Result<Self, Error> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let lock = private().read(true).write(true).create(true).open(folder.join("lock"))?;
        lock.try_lock().map_err(|e| match e {
            TryLockError::WouldBlock => Error::InUse,
            TryLockError::Error(e) => e.into(),
        })?;
        let sealed = read_if_there(&folder.join("accounts.sealed"))?;
        let key = load_key(folder, key, sealed.is_some(), rng)?;
        let content = match &sealed {
            Some(sealed) => unseal(&key, sealed)?,
            None => Content::default(),
        };
        let mut store = Self { folder: folder.to_owned(), key, content, _lock: lock };
        if sealed.is_none() {
            store.commit(rng, |_| ())?;
        }
        Ok(store)
    }

    /// Changes the content; on return the change is on disk. On an error nothing has changed.
    pub(crate) fn commit<T>(
        &mut self,
        rng: &mut dyn CryptoRng,
        change: impl FnOnce(&mut Content) -> T,
    ) -> Result<T, Error> {
        let mut content = self.content.clone();
        let result = change(&mut content);
        let sealed = seal(&self.key, &content, rng)?;
        write_whole(&self.folder.join("accounts.sealed"), &sealed)?;
        self.content = content;
        Ok(result)
    }

    pub(crate) const fn content(&self) -> &Content {
        &self.content
    }
}

impl Content {
    pub(crate) fn account(&self, id: &str) -> Result<&Account, Error> {
        self.accounts.iter().find(|a| a.id == id).ok_or(Error::NoSuchBurner)
    }

    pub(crate) fn set_state(&mut self, id: &str, state: State) {
        for account in self.accounts.iter_mut().filter(|a| a.id == id) {
            account.state = state;
        }
    }

    pub(crate) fn set_created(&mut self, id: &str, created: u64) {
        for account in self.accounts.iter_mut().filter(|a| a.id == id) {
            account.created = created;
        }
    }

    pub(crate) fn forget(&mut self, id: &str) {
        self.accounts.retain(|a| a.id != id);
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::StorageFull,
            _ => Self::Storage,
        }
    }
}

fn seal(key: &[u8; 32], content: &Content, rng: &mut dyn CryptoRng) -> Result<Vec<u8>, Error> {
    let plain = Zeroizing::new(serde_json::to_vec(content).map_err(|_| Error::Internal)?);
    let mut nonce = [0; NONCE];
    rng.fill_bytes(&mut nonce);
    let payload = Payload { msg: &plain, aad: &[VERSION] };
    let sealed = cipher(key).encrypt(&XNonce::from(nonce), payload).map_err(|_| Error::Internal)?;
    Ok([&[VERSION][..], &nonce, &sealed].concat())
}

fn unseal(key: &[u8; 32], file: &[u8]) -> Result<Content, Error> {
    let (version, rest) = file.split_first().ok_or(Error::VaultDamaged)?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(Error::VaultDamaged)?;
    if *version != VERSION {
        return Err(Error::VaultDamaged);
    }
    let payload = Payload { msg: sealed, aad: &[VERSION] };
    // A wrong key and a changed file look the same, by design of the cipher.
    let plain = cipher(key).decrypt(&XNonce::from(*nonce), payload).map_err(|_| Error::VaultLocked)?;
    serde_json::from_slice(&Zeroizing::new(plain)).map_err(|_| Error::VaultDamaged)
}

fn cipher(key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.into())
}

fn load_key(
    folder: &Path,
    key: &Key,
    accounts_exist: bool,
    rng: &mut dyn CryptoRng,
) -> Result<Zeroizing<[u8; 32]>, Error> {
    let (name, other) = match key {
        Key::File => ("key", "salt"),
        Key::Passphrase(_) => ("salt", "key"),
    };
    if accounts_exist && !folder.join(name).exists() {
        // Sealed in the other way, or the key is gone.
        return Err(if folder.join(other).exists() { Error::VaultLocked } else { Error::KeyLost });
    }
    match key {
        Key::File => load_or_draw(&folder.join(name), rng),
        Key::Passphrase(passphrase) if passphrase.is_empty() => Err(Error::InvalidInput { input: Input::Passphrase }),
        Key::Passphrase(passphrase) => {
            let salt: Zeroizing<[u8; 16]> = load_or_draw(&folder.join(name), rng)?;
            let (memory, passes, lanes) = ARGON2;
            let params = Params::new(memory, passes, lanes, Some(32)).map_err(|_| Error::Internal)?;
            let mut key = Zeroizing::new([0; 32]);
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                .hash_password_into(passphrase, &*salt, &mut *key)
                .map_err(|_| Error::Internal)?;
            Ok(key)
        }
    }
}

fn load_or_draw<const N: usize>(path: &Path, rng: &mut dyn CryptoRng) -> Result<Zeroizing<[u8; N]>, Error> {
    let mut bytes = Zeroizing::new([0; N]);
    match read_if_there(path)?.map(Zeroizing::new) {
        Some(found) if found.len() == N => bytes.copy_from_slice(&found),
        Some(_) => return Err(Error::VaultDamaged),
        None => {
            rng.fill_bytes(&mut *bytes);
            write_whole(path, &*bytes)?;
        }
    }
    Ok(bytes)
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(mut file) => file.read_to_end(&mut bytes)?,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e.into()),
    };
    Ok(Some(bytes))
}

/// Replaces a file so that after a crash either the old or the new content is there, whole.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let new = path.with_extension("new");
    let mut file = private().write(true).create(true).truncate(true).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use tempfile::TempDir;

    use super::*;

    fn rng() -> StdRng {
        StdRng::seed_from_u64(1)
    }

    fn account(id: &str) -> Account {
        Account {
            id: id.into(),
            domain: "jabber.example".into(),
            username: "nobody".into(),
            password: "correct horse".into(),
            words: None,
            route: crate::Route::Exit,
            state: State::Pending,
            created: 1,
        }
    }

    fn filled(folder: &Path, key: &Key) {
        let mut store = Store::open(folder, key, &mut rng()).unwrap();
        store.commit(&mut rng(), |c| c.accounts.push(account("a"))).unwrap();
    }

    fn open(folder: &Path, key: &Key) -> Result<Store, Error> {
        Store::open(folder, key, &mut StdRng::seed_from_u64(2))
    }

    #[test]
    fn a_commit_outlives_the_store_and_leaves_nothing_readable() {
        let folder = TempDir::new().unwrap();
        for key in [Key::File, Key::passphrase("swordfish")] {
            let home = folder.path().join(if matches!(key, Key::File) { "f" } else { "p" });
            filled(&home, &key);
            let again = open(&home, &key).unwrap();
            assert_eq!(again.content().account("a").unwrap().password, "correct horse");
            for entry in fs::read_dir(&home).unwrap() {
                let entry = entry.unwrap();
                assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600);
                let bytes = fs::read(entry.path()).unwrap();
                for secret in ["correct horse", "nobody", "jabber.example", "swordfish"] {
                    assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()));
                }
            }
            assert_eq!(fs::metadata(&home).unwrap().permissions().mode() & 0o777, 0o700);
        }
    }

    #[test]
    fn wrong_keys_and_damage_are_told_apart_as_far_as_they_can_be() {
        let folder = TempDir::new().unwrap();
        let home = folder.path();
        filled(home, &Key::passphrase("swordfish"));
        assert_eq!(open(home, &Key::passphrase("Swordfish")).err(), Some(Error::VaultLocked));
        assert_eq!(open(home, &Key::File).err(), Some(Error::VaultLocked));
        assert_eq!(open(home, &Key::passphrase("")).err(), Some(Error::InvalidInput { input: Input::Passphrase }));

        let path = home.join("accounts.sealed");
        let good = fs::read(&path).unwrap();
        for (name, bad, error) in [
            ("empty", vec![], Error::VaultDamaged),
            ("cut", good[..20].to_vec(), Error::VaultDamaged),
            ("version", [&[9], &good[1..]].concat(), Error::VaultDamaged),
            (
                "bit",
                {
                    let mut b = good.clone();
                    b[40] ^= 1;
                    b
                },
                Error::VaultLocked,
            ),
        ] {
            fs::write(&path, bad).unwrap();
            assert_eq!(open(home, &Key::passphrase("swordfish")).err(), Some(error), "{name}");
        }
        fs::write(&path, good).unwrap();
        assert!(open(home, &Key::passphrase("swordfish")).is_ok());
        fs::remove_file(home.join("salt")).unwrap();
        assert_eq!(open(home, &Key::passphrase("swordfish")).err(), Some(Error::KeyLost));
    }

    #[test]
    fn one_at_a_time() {
        let folder = TempDir::new().unwrap();
        let first = open(folder.path(), &Key::File).unwrap();
        assert_eq!(open(folder.path(), &Key::File).err(), Some(Error::InUse));
        drop(first);
        assert!(open(folder.path(), &Key::File).is_ok());
    }

    #[test]
    fn a_failed_commit_changes_nothing() {
        let folder = TempDir::new().unwrap();
        let mut store = open(folder.path(), &Key::File).unwrap();
        store.commit(&mut rng(), |c| c.accounts.push(account("a"))).unwrap();
        // The place of the temporary file is taken by a folder: the write fails, for root too.
        fs::create_dir(folder.path().join("accounts.new")).unwrap();
        assert_eq!(store.commit(&mut rng(), |c| c.forget("a")), Err(Error::Storage));
        assert!(store.content().account("a").is_ok());
        drop(store);
        assert!(open(folder.path(), &Key::File).unwrap().content().account("a").is_ok());
    }

    #[test]
    fn the_same_content_never_seals_to_the_same_bytes() {
        let mut rng = rng();
        let one = seal(&[7; 32], &Content::default(), &mut rng).unwrap();
        let two = seal(&[7; 32], &Content::default(), &mut rng).unwrap();
        assert_ne!(one, two);
        assert_eq!(unseal(&[7; 32], &one).unwrap().accounts.len(), 0);
    }
}
