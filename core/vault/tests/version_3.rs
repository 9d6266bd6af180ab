//! A vault that the third version of the schema wrote (`version_3/`) is taken over: without a key and a slot for the duress
//! passphrase.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::Path;

use flashpaper_vault::{Error, Finding, Key, Owner, Table, Vault};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rusqlite::Connection;
use tempfile::TempDir;

const PASSPHRASE: &[u8] = b"swordfish";
const DURESS: &[u8] = b"hunter2";

fn rng() -> StdRng {
    StdRng::seed_from_u64(9)
}

/// One owner with an account, two texts and a session, under a passphrase.
fn written_before() -> TempDir {
    let folder = TempDir::new().unwrap();
    for file in ["vault.db", "mark"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/version_3").join(file);
        fs::copy(from, folder.path().join(file)).unwrap();
    }
    folder
}

fn open(folder: &Path, passphrase: &[u8]) -> Result<(Vault, Vec<Finding>), Error> {
    Vault::open(folder, Key::passphrase(passphrase), &mut rng())
}

/// The schema's number, and how long the wrapped key is.
fn seen(folder: &Path) -> (u32, u32) {
    let db = Connection::open(folder.join("vault.db")).unwrap();
    let version = db.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    (version, db.query_row("SELECT length(wrapped) FROM vault", [], |row| row.get(0)).unwrap())
}

#[test]
fn all_is_there_and_the_next_key_has_the_slot_beside_it() {
    let folder = written_before();
    assert_eq!(seen(folder.path()), (3, 72));
    for time in 0..3 {
        let (mut vault, findings) = open(folder.path(), PASSPHRASE).unwrap();
        let (owner, mut rows) = (vault.owners()[0], 0);
        assert_eq!((findings, vault.each(owner, |_| rows += 1), rows), (vec![], Ok(vec![]), 4));
        let common = vault.row(Owner::COMMON, Table::lasting(1), 0).unwrap().unwrap().unwrap();
        assert_eq!(&*common.bytes, b"common");
        if time > 0 {
            assert_eq!(vault.renew(&mut rng()), None);
        }
        drop(vault);
        assert_eq!(seen(folder.path()), (4, if time > 0 { 112 } else { 72 }));
        assert_eq!(open(folder.path(), DURESS).err(), Some(Error::WrongKey));
    }
    let (mut vault, _) = open(folder.path(), PASSPHRASE).unwrap();
    let fresh = vault.next_key().unwrap().with_duress(Some(DURESS), &mut rng()).unwrap().seal(&mut rng()).unwrap();
    assert_eq!(vault.change_key(fresh, &mut rng()).unwrap().delete(), None);
    drop(vault);
    assert_eq!(open(folder.path(), DURESS).err(), Some(Error::Duress));
}

#[test]
fn a_damaged_record_is_told() {
    let folder = written_before();
    Connection::open(folder.path().join("vault.db"))
        .unwrap()
        .execute_batch("UPDATE vault SET manifest = zeroblob(length(manifest))")
        .unwrap();
    let (vault, findings) = open(folder.path(), PASSPHRASE).unwrap();
    assert!(findings.contains(&Finding::OwnersMissing), "{findings:?}");
    assert_eq!(vault.owners().len(), 1);
}
