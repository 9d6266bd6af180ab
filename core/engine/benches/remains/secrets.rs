//! The secrets of a burner, read from a copy of its folder.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bip39::Mnemonic;
use data_encoding::HEXLOWER;
use flashpaper_lab::{Remote, accounts};
use flashpaper_otr::{Identity, Secret, Session, Settings};
use flashpaper_vault::{End, Key, Owner, Table, Vault};
use rand::SeedableRng as _;
use rand::rand_core::UnwrapErr;
use rand::rngs::{StdRng, SysRng};
use sasl::common::Password;
use sasl::common::scram::{ScramProvider as _, Sha256};
use serde_json::Value;

use crate::Done;

/// Where a vault has an account, and its conversations.
const ACCOUNT: Table = Table::lasting(0);
const SESSIONS: Table = Table::fleeting(7);

#[derive(Default)]
pub(crate) struct Secrets {
    pub(crate) jid: String,
    pub(crate) peer: String,
    pub(crate) texts: Vec<String>,
    pub(crate) password: String,
    pub(crate) words: String,
    pub(crate) entropy: Vec<u8>,
    pub(crate) word_numbers: Vec<u16>,
    pub(crate) seeds: Vec<Vec<u8>>,
    pub(crate) private_key: Vec<u8>,
    /// The salted password, and the keys that it gives (RFC 5802).
    pub(crate) scram: Vec<Vec<u8>>,
    /// The vault's keys for the burner's rows.
    pub(crate) vault: Vec<Vec<u8>>,
    /// Of all times that the folder was read.
    pub(crate) session: Vec<Secret>,
}

impl Secrets {
    pub(crate) fn new(jid: String, peer: String) -> Self {
        Self { jid, peer, ..Self::default() }
    }

    fn read_account(&mut self, account: &Value, lab: &Remote) -> Done<Identity> {
        let text = |name: &str| account[name].as_str().map(str::to_owned).ok_or(format!("no {name}"));
        self.password = text("password")?;
        self.words = text("words")?;
        let mnemonic = Mnemonic::parse_normalized(&self.words)?;
        self.entropy = mnemonic.to_entropy();
        self.word_numbers = mnemonic.word_indices().map(u16::try_from).collect::<Result<_, _>>()?;
        let seed = |name: &str| -> Done<[u8; 32]> { Ok(serde_json::from_value(account["otr"][name].clone())?) };
        let (parameters, key) = (seed("parameters")?, seed("key")?);
        self.seeds = vec![parameters.to_vec(), key.to_vec()];
        let identity = Identity::from_seeds(&parameters, &key).ok_or("seeds")?;
        self.private_key = identity.secret().to_vec();
        let stored = accounts::scram(lab.facts(), &text("domain")?, &text("username")?)?;
        let password = Password::Plain(self.password.clone());
        let salted = Sha256::derive(&password, stored.salt.as_bytes(), stored.iterations);
        let salted = salted.map_err(|_| "salted password")?;
        let key = |name: &[u8]| Sha256::hmac(name, &salted).map_err(|_| "SCRAM key");
        if HEXLOWER.encode(&Sha256::hash(&key(b"Client Key")?)) != stored.stored_key {
            return Err("the server has another SCRAM key".into());
        }
        self.scram = vec![key(b"Client Key")?, key(b"Server Key")?, salted.clone()];
        Ok(identity)
    }
}

/// Adds what a folder has of each to that.
pub(crate) fn read(folder: &Path, passphrase: &str, lab: &Remote, secrets: &mut [Secrets]) -> Done {
    let rng = &mut UnwrapErr(SysRng);
    let (vault, _) = Vault::open(folder, Key::passphrase(passphrase.as_bytes()), rng)?;
    for owner in vault.owners() {
        let account: Value = serde_json::from_slice(&rows(&vault, owner, ACCOUNT)?.swap_remove(0))?;
        let jid =
            format!("{}@{}", account["username"].as_str().unwrap_or(""), account["domain"].as_str().unwrap_or(""));
        let secrets = secrets.iter_mut().find(|secrets| secrets.jid == jid).ok_or("another burner")?;
        secrets.vault = vault.secrets(owner).iter().map(|key| key.to_vec()).collect();
        let identity = Arc::new(secrets.read_account(&account, lab)?);
        let sessions = rows(&vault, owner, SESSIONS)?;
        if sessions.is_empty() {
            return Err("no session is stored".into());
        }
        for session in sessions {
            let session: Value = serde_json::from_slice(&session)?;
            let state = BASE64_STANDARD.decode(session["state"].as_str().ok_or("no state")?)?;
            let rng = Box::new(StdRng::from_rng(&mut UnwrapErr(SysRng)));
            let session = Session::resume(&state, Arc::clone(&identity), Settings::default(), rng, Duration::ZERO)?;
            secrets.session.extend(session.secrets());
        }
    }
    Ok(())
}

fn rows(vault: &Vault, owner: Owner, table: Table) -> Done<Vec<Vec<u8>>> {
    let (rows, lost) = vault.page(owner, table, (0..u64::MAX, End::First), 100)?;
    if lost.is_empty() {
        Ok(rows.into_iter().map(|row| row.bytes.to_vec()).collect())
    } else {
        Err("a row is lost".into())
    }
}
