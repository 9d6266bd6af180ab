//! A vault that the second version of the schema wrote (`version_2/`) is taken over: without rows that list the others, and
//! without a mark.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use flashpaper_vault::{Batch, End, Finding, Key, KeyFile, Owner, Table, Vault};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rusqlite::Connection;
use tempfile::TempDir;

const ACCOUNT: Table = Table::lasting(0);
const TEXTS: Table = Table::lasting(3);
const SESSIONS: Table = Table::fleeting(7);

fn open(folder: &Path) -> (Vault, Vec<Finding>) {
    Vault::open(folder, Key::source(Arc::new(KeyFile::new(folder))), &mut StdRng::seed_from_u64(9)).unwrap()
}

/// One owner with an account, texts and a session; a text was removed, another changed.
fn written_before() -> TempDir {
    let folder = TempDir::new().unwrap();
    for file in ["vault.db", "key.0"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/version_2").join(file);
        fs::copy(from, folder.path().join(file)).unwrap();
    }
    folder
}

fn read(vault: &Vault, owner: Owner, table: Table) -> Vec<(u64, String)> {
    let (rows, lost) = vault.page(owner, table, (0..u64::MAX, End::Last), 100).unwrap();
    assert_eq!(lost, []);
    rows.into_iter().map(|row| (row.number, String::from_utf8(row.bytes.to_vec()).unwrap())).collect()
}

#[test]
fn all_is_there_and_listed() {
    let folder = written_before();
    for time in 0..3 {
        let (mut vault, findings) = open(folder.path());
        let owner = vault.owners()[0];
        assert_eq!((findings, vault.owners().len()), (vec![], 1));
        let texts = [(6, "x".repeat(3000)), (5, "text 5".into()), (4, "text 4".into()), (3, "text 3 again".into())];
        assert_eq!(read(&vault, owner, TEXTS), [&texts[..], &[(1, "text 1".into())]].concat());
        assert_eq!(read(&vault, owner, ACCOUNT), [(0, "account".to_owned())]);
        assert_eq!(read(&vault, owner, SESSIONS), [(1, "session".to_owned())]);
        assert_eq!(read(&vault, Owner::COMMON, Table::lasting(1)), [(0, "common".to_owned())]);
        assert_eq!((vault.each(owner, |_| ()), vault.take_noticed()), (Ok(vec![]), vec![]));
        if time == 1 {
            assert_eq!(vault.renew(&mut StdRng::seed_from_u64(5)), None);
        }
    }
    let db = Connection::open(folder.path().join("vault.db")).unwrap();
    assert_eq!(db.query_row("PRAGMA user_version", [], |row| row.get(0)), Ok(4));
}

#[test]
fn what_was_wrong_before_is_told() {
    // A row of the first table by its number is the owner's: which one it is cannot be seen.
    let one = "owner = (SELECT min(owner) FROM rows WHERE owner <> 0) AND name = (SELECT min(name) FROM rows AS of
        WHERE of.owner = (SELECT min(owner) FROM rows WHERE owner <> 0))";
    for (sql, at_opening, when_read) in [
        (format!("DELETE FROM rows WHERE {one}"), 1, 0),
        (format!("UPDATE rows SET nonce = randomblob(24) WHERE {one}"), 1, 1),
        (format!("UPDATE rows SET sealed = zeroblob(length(sealed)) WHERE {one}"), 0, 1),
    ] {
        let folder = written_before();
        Connection::open(folder.path().join("vault.db")).unwrap().execute_batch(&sql).unwrap();
        let (vault, findings) = open(folder.path());
        let owner = vault.owners()[0];
        assert_eq!(findings, vec![Finding::RowsMissing(owner); at_opening], "{sql}");
        assert_eq!(vault.each(owner, |_| ()), Ok(vec![Finding::RowLost(owner); when_read]), "{sql}");
        drop(vault);
        let (mut vault, findings) = open(folder.path());
        assert_eq!(findings, []);
        let mut batch = Batch::default();
        batch.put(owner, TEXTS, 7, b"text 7".to_vec());
        vault.commit(batch, &mut StdRng::seed_from_u64(6)).unwrap();
        assert_eq!(read(&vault, owner, TEXTS)[0], (7, "text 7".to_owned()));
    }
}
