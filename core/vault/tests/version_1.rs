//! A vault that the first version of the schema wrote (`version_1/`) is taken over.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use flashpaper_vault::{Error, Finding, Key, KeyFile, Owner, Table, Vault};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rusqlite::Connection;
use tempfile::TempDir;

const ACCOUNT: Table = Table::lasting(0);
const TEXTS: Table = Table::lasting(3);
const SESSIONS: Table = Table::fleeting(7);

fn open(folder: &Path) -> Result<(Vault, Vec<Finding>), Error> {
    Vault::open(folder, Key::source(Arc::new(KeyFile::new(folder))), &mut StdRng::seed_from_u64(9))
}

/// Two owners with an account, texts and a session each; a text of the first was removed, one of the second changed.
fn written_before() -> TempDir {
    let folder = TempDir::new().unwrap();
    for file in ["vault.db", "key.0"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/version_1").join(file);
        fs::copy(from, folder.path().join(file)).unwrap();
    }
    folder
}

type Texts = BTreeMap<(Table, u64), String>;

/// What owners have, sorted by their accounts.
fn read(vault: &Vault) -> Vec<Texts> {
    let read = |owner| {
        let mut rows = Texts::new();
        let keep = |row: flashpaper_vault::Row| {
            rows.insert((row.table, row.number), String::from_utf8(row.bytes.to_vec()).unwrap());
        };
        assert_eq!(vault.each(owner, keep), Ok(vec![]));
        rows
    };
    let mut owners: Vec<Texts> = vault.owners().into_iter().map(read).collect();
    owners.sort();
    owners
}

fn expected(owner: usize) -> Texts {
    let mut rows: Texts = (1..6).map(|row| ((TEXTS, row), format!("text {row} of {owner}"))).collect();
    rows.insert((TEXTS, 6), "x".repeat(3000));
    rows.insert((ACCOUNT, 0), format!("account {owner}"));
    rows.insert((SESSIONS, 1), format!("session of {owner}"));
    if owner == 0 {
        rows.remove(&(TEXTS, 2));
    } else {
        rows.insert((TEXTS, 3), "text 3 again".to_owned());
    }
    rows
}

#[test]
fn all_is_there_and_sealed_anew() {
    let folder = written_before();
    for _ in 0..2 {
        let (vault, findings) = open(folder.path()).unwrap();
        assert_eq!((findings, read(&vault)), (vec![], vec![expected(0), expected(1)]));
        let common = vault.row(Owner::COMMON, Table::lasting(1), 0).unwrap().unwrap().unwrap();
        assert_eq!(&*common.bytes, b"common");
    }
    let db = Connection::open(folder.path().join("vault.db")).unwrap();
    assert_eq!(db.query_row("PRAGMA user_version", [], |row| row.get(0)), Ok(4));
    assert_eq!(db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)), Ok(2));
}

#[test]
fn what_was_wrong_before_is_told() {
    for (sql, lost, missing) in [
        ("DELETE FROM rows WHERE owner <> 0 AND tbl = 4 AND row = 6", 0, 2),
        ("UPDATE rows SET sealed = zeroblob(296) WHERE owner <> 0 AND tbl = 4 AND row = 1", 2, 0),
        ("UPDATE rows SET generation = generation + 1 WHERE owner = 0 AND tbl = 2", 1, 1),
    ] {
        let folder = written_before();
        Connection::open(folder.path().join("vault.db")).unwrap().execute_batch(sql).unwrap();
        let (_, findings) = open(folder.path()).unwrap();
        let count = |wanted: fn(&Finding) -> bool| findings.iter().filter(|finding| wanted(finding)).count();
        assert_eq!(count(|finding| matches!(finding, Finding::RowLost(_))), lost, "{sql}");
        assert_eq!(count(|f| matches!(f, Finding::RowsMissing(_) | Finding::OwnersMissing)), missing, "{sql}");
        assert_eq!(open(folder.path()).unwrap().1, []);
    }
}
