//! What a vault keeps, and what it refuses.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use flashpaper_vault::{Batch, Error, Finding, Key, KeyFile, KeySource, Owner, Row, Slot, SourceError, Table, Vault};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tempfile::TempDir;
use zeroize::Zeroizing;

const NOTES: Table = Table::lasting(1);
const SESSIONS: Table = Table::fleeting(2);
const PASSPHRASE: &[u8] = b"swordfish";

fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

fn key_file(folder: &Path) -> Key {
    Key::source(Arc::new(KeyFile::new(folder)))
}

/// A vault with a key file and one owner.
fn one_owner(folder: &Path) -> (Vault, Owner) {
    let (mut vault, findings) = Vault::open(folder, key_file(folder), &mut rng(1)).unwrap();
    assert_eq!(findings, []);
    let mut batch = Batch::default();
    let owner = batch.add_owner(&mut rng(2));
    vault.commit(batch, &mut rng(3)).unwrap();
    (vault, owner)
}

fn put(vault: &mut Vault, owner: Owner, row: u64, text: &str) {
    let mut batch = Batch::default();
    batch.put(owner, NOTES, row, text.as_bytes().to_vec());
    vault.commit(batch, &mut rand::rngs::StdRng::seed_from_u64(row)).unwrap();
}

#[test]
fn a_vault_that_was_destroyed_touches_no_key_of_one_that_is_there_since() {
    let folder = TempDir::new().unwrap();
    let (old, _) = one_owner(folder.path());
    let begun = old.next_key().unwrap();
    flashpaper_vault::destroy(folder.path()).unwrap();
    let (new, owner) = one_owner(folder.path());
    drop(new);
    assert_eq!(begun.seal(&mut rng(4)).err(), Some(Error::Io), "also where it was begun before");
    assert_eq!(old.next_key().err(), Some(Error::Io));
    drop(old);
    let (new, findings) = Vault::open(folder.path(), key_file(folder.path()), &mut rng(5)).unwrap();
    assert_eq!((findings, new.owners()), (vec![], vec![owner]));
}

/// The texts of a table, in the order of their numbers.
fn texts_in(vault: &Vault, owner: Owner, table: Table) -> Vec<String> {
    let mut rows = BTreeMap::new();
    let keep = |row: Row| drop(rows.insert((row.table, row.number), String::from_utf8(row.bytes.to_vec()).unwrap()));
    assert_eq!(vault.each(owner, keep), Ok(vec![]));
    rows.into_iter().filter(|((of, _), _)| *of == table).map(|(_, text)| text).collect()
}

fn texts(vault: &Vault, owner: Owner) -> Vec<String> {
    texts_in(vault, owner, NOTES)
}

fn forget(vault: &mut Vault, owner: Owner) -> Result<Option<Finding>, Error> {
    let fresh = vault.next_key()?.seal(&mut rng(4))?;
    Ok(vault.forget(&[owner], fresh, &mut rng(5))?.delete())
}

fn change_key(vault: &mut Vault, key: Key) -> Result<Option<Finding>, Error> {
    let fresh = vault.next_key()?.sealed_by(key, &mut rng(6))?.seal(&mut rng(4))?;
    Ok(vault.change_key(fresh, &mut rng(5))?.delete())
}

fn reopen(folder: &Path) -> Result<(Vault, Vec<Finding>), Error> {
    Vault::open(folder, key_file(folder), &mut rng(9))
}

#[test]
fn what_was_committed_is_there_and_tells_nothing() {
    for passphrase in [false, true] {
        for source in [false, true] {
            let folder = TempDir::new().unwrap();
            let home = folder.path().join("home");
            let key = || match (passphrase, source) {
                (true, true) => key_file(&home).and_passphrase(PASSPHRASE),
                (true, false) => Key::passphrase(PASSPHRASE),
                _ => key_file(&home),
            };
            let owner = {
                let (mut vault, _) = Vault::open(&home, key(), &mut rng(1)).unwrap();
                let mut batch = Batch::default();
                let owner = batch.add_owner(&mut rng(2));
                batch.put(owner, NOTES, 1, b"correct horse".to_vec());
                batch.put(Owner::COMMON, NOTES, 1, b"battery staple".to_vec());
                vault.commit(batch, &mut rng(3)).unwrap();
                owner
            };
            let (vault, findings) = Vault::open(&home, key(), &mut rng(4)).unwrap();
            assert_eq!((findings, vault.owners()), (vec![], vec![owner]));
            assert_eq!(texts(&vault, owner), ["correct horse"]);
            assert_eq!(texts(&vault, Owner::COMMON), ["battery staple"]);
            assert_eq!(fs::metadata(&home).unwrap().permissions().mode() & 0o777, 0o700);
            for entry in fs::read_dir(&home).unwrap() {
                let entry = entry.unwrap();
                assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
                let bytes = fs::read(entry.path()).unwrap();
                for secret in [&b"correct horse"[..], b"battery staple", PASSPHRASE] {
                    assert!(!bytes.windows(secret.len()).any(|window| window == secret));
                }
            }
        }
    }
}

#[test]
fn rows_change_and_go() {
    let folder = TempDir::new().unwrap();
    let (mut vault, owner) = one_owner(folder.path());
    for (row, text) in [(2, "two"), (1, "one"), (2, "second"), (u64::MAX, "last")] {
        put(&mut vault, owner, row, text);
    }
    let mut batch = Batch::default();
    batch.remove(owner, NOTES, 1);
    batch.remove(owner, NOTES, 77);
    batch.put(owner, NOTES, 3, vec![]);
    vault.commit(batch, &mut rng(5)).unwrap();
    drop(vault);
    let (vault, findings) = reopen(folder.path()).unwrap();
    assert_eq!(findings, []);
    assert_eq!(texts(&vault, owner), ["second", "", "last"]);
    let row = |number| vault.row(owner, NOTES, number).unwrap().map(|row| row.ok().unwrap().bytes);
    assert_eq!((row(1), row(2)), (None, Some(b"second".to_vec().into())));
}

#[test]
fn a_wrong_key_is_told_from_one_that_is_lost() {
    let folder = TempDir::new().unwrap();
    let open = |key| Vault::open(folder.path(), key, &mut rng(9)).err();
    assert_eq!(open(Key::passphrase(PASSPHRASE)), None);
    assert_eq!(open(Key::passphrase(b"Swordfish")), Some(Error::WrongKey));
    assert_eq!(open(key_file(folder.path())), Some(Error::WrongKey));
    assert_eq!(open(key_file(folder.path()).and_passphrase(PASSPHRASE)), Some(Error::WrongKey));

    let folder = TempDir::new().unwrap();
    drop(one_owner(folder.path()));
    let key = folder.path().join("key.0");
    let bytes = fs::read(&key).unwrap();
    fs::write(&key, [7; 32]).unwrap();
    assert_eq!(reopen(folder.path()).err(), Some(Error::KeyLost));
    fs::remove_file(&key).unwrap();
    assert_eq!(reopen(folder.path()).err(), Some(Error::KeyLost));
    fs::write(&key, bytes).unwrap();
    assert!(reopen(folder.path()).is_ok());
}

#[test]
fn another_key_and_only_that_opens_after_a_change() {
    let folder = TempDir::new().unwrap();
    let (mut vault, owner) = one_owner(folder.path());
    put(&mut vault, owner, 1, "kept");
    let open = |key| Vault::open(folder.path(), key, &mut rng(9));
    for key in
        [Key::passphrase(PASSPHRASE), Key::passphrase(b"other"), key_file(folder.path()), key_file(folder.path())]
    {
        assert_eq!(change_key(&mut vault, key.clone()), Ok(None));
        put(&mut vault, owner, 1, "kept");
        drop(vault);
        assert_eq!(open(Key::passphrase(b"neither")).err(), Some(Error::WrongKey));
        let (again, findings) = open(key).unwrap();
        assert_eq!((findings, texts(&again, owner)), (vec![], vec!["kept".to_owned()]));
        vault = again;
    }
    let keys =
        fs::read_dir(folder.path()).unwrap().filter(|e| e.as_ref().unwrap().path().to_string_lossy().contains("key."));
    assert_eq!(keys.count(), 1, "the old ones are gone");
}

#[test]
fn what_was_forgotten_is_in_no_older_copy_either() {
    let folder = TempDir::new().unwrap();
    let (mut vault, burner) = one_owner(folder.path());
    let mut batch = Batch::default();
    let other = batch.add_owner(&mut rng(20));
    batch.put(other, NOTES, 1, b"stays".to_vec());
    batch.put(Owner::COMMON, NOTES, 1, b"stays, too".to_vec());
    batch.put(burner, NOTES, 1, b"goes".to_vec());
    vault.commit(batch, &mut rng(21)).unwrap();
    drop(vault);
    let old = fs::read(folder.path().join("vault.db")).unwrap();

    let (mut vault, _) = reopen(folder.path()).unwrap();
    assert_eq!(forget(&mut vault, burner), Ok(None));
    assert_eq!(vault.each(burner, |_| ()), Err(Error::NoSuchOwner));
    assert_eq!(forget(&mut vault, burner), Err(Error::NoSuchOwner));
    assert_eq!(forget(&mut vault, Owner::COMMON), Err(Error::NoSuchOwner));
    put(&mut vault, other, 2, "goes on");
    drop(vault);
    let (vault, findings) = reopen(folder.path()).unwrap();
    assert_eq!((findings, vault.owners()), (vec![], vec![other]));
    assert_eq!(texts(&vault, other), ["stays", "goes on"]);
    assert_eq!(texts(&vault, Owner::COMMON), ["stays, too"]);
    drop(vault);

    fs::write(folder.path().join("vault.db"), old).unwrap();
    assert_eq!(reopen(folder.path()).err(), Some(Error::KeyLost));
}

/// A key source; each of its calls can be made to fail.
#[derive(Default)]
struct Fake {
    keys: Mutex<[Option<Vec<u8>>; 2]>,
    fails: Mutex<Option<(&'static str, SourceError)>>,
}

impl Fake {
    fn check(&self, call: &str) -> Result<(), SourceError> {
        match *self.fails.lock().unwrap() {
            Some((failing, error)) if failing == call => Err(error),
            _ => Ok(()),
        }
    }
}

fn index(slot: Slot) -> usize {
    usize::from(slot == Slot::Second)
}

impl KeySource for Fake {
    fn seal(&self, slot: Slot, bytes: &[u8]) -> Result<Vec<u8>, SourceError> {
        self.check("seal")?;
        self.keys.lock().unwrap()[index(slot)] = Some(bytes.to_vec());
        Ok(b"in the chip, in need of as many bytes as this".to_vec())
    }

    fn unseal(&self, slot: Slot, _: &[u8]) -> Result<Zeroizing<Vec<u8>>, SourceError> {
        self.check("unseal")?;
        self.keys.lock().unwrap()[index(slot)].clone().map(Zeroizing::new).ok_or(SourceError::Lost)
    }

    fn delete(&self, slot: Slot) -> Result<(), SourceError> {
        self.check("delete")?;
        self.keys.lock().unwrap()[index(slot)] = None;
        Ok(())
    }
}

#[test]
fn a_key_source_that_fails_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let source = Arc::new(Fake::default());
    let open = || Vault::open(folder.path(), Key::source(Arc::clone(&source) as _), &mut rng(1));
    let fail = |call, error| *source.fails.lock().unwrap() = Some((call, error));
    let burner = {
        let (mut vault, _) = open().unwrap();
        let mut batch = Batch::default();
        let burner = batch.add_owner(&mut rng(2));
        vault.commit(batch, &mut rng(3)).unwrap();
        put(&mut vault, burner, 1, "kept");

        fail("seal", SourceError::Denied);
        assert_eq!(forget(&mut vault, burner), Err(Error::KeyDenied));
        assert_eq!(texts(&vault, burner), ["kept"]);
        put(&mut vault, burner, 2, "and used");
        burner
    };
    for (error, expected) in
        [(SourceError::Denied, Error::KeyDenied), (SourceError::Lost, Error::KeyLost), (SourceError::Failed, Error::Io)]
    {
        fail("unseal", error);
        assert_eq!(open().err(), Some(expected));
    }
    fail("delete", SourceError::Failed);
    let (mut vault, findings) = open().unwrap();
    assert_eq!((findings, texts(&vault, burner).len()), (vec![Finding::OldKeyKept], 2));
    assert_eq!(forget(&mut vault, burner), Ok(Some(Finding::OldKeyKept)));
    assert!(vault.owners().is_empty());
    drop(vault);
    assert!(source.keys.lock().unwrap().iter().all(Option::is_some));
    // It is asked again.
    *source.fails.lock().unwrap() = None;
    let (_, findings) = open().unwrap();
    assert_eq!(findings, []);
    assert_eq!(source.keys.lock().unwrap().iter().flatten().count(), 1);
}

#[test]
fn a_change_of_keys_is_whole_whatever_comes_between() {
    let folder = TempDir::new().unwrap();
    let (mut vault, owner) = one_owner(folder.path());
    let fresh = vault.next_key().unwrap().seal(&mut rng(4)).unwrap();
    // Another would take the place of the key that was just made.
    assert_eq!(vault.next_key().err(), Some(Error::InUse));
    put(&mut vault, owner, 1, "written meanwhile");
    drop(vault);
    // On opening, the source is told to delete the slot that is not in use.
    assert_eq!(reopen(folder.path()).err(), Some(Error::InUse));
    drop(fresh);

    let (mut vault, _) = reopen(folder.path()).unwrap();
    let fresh = vault.next_key().unwrap().seal(&mut rng(4)).unwrap();
    put(&mut vault, owner, 2, "and this");
    let old = vault.forget(&[owner], fresh, &mut rng(5)).unwrap();
    assert_eq!(vault.next_key().err(), Some(Error::InUse), "the old key has the place of the next");
    assert_eq!(old.delete(), None);
    assert_eq!(forget(&mut vault, owner), Err(Error::NoSuchOwner));
}

#[test]
fn one_at_a_time() {
    let folder = TempDir::new().unwrap();
    let (vault, _) = one_owner(folder.path());
    assert_eq!(reopen(folder.path()).err(), Some(Error::InUse));
    // Another process, which is this test in its own.
    let mut other = std::process::Command::new(std::env::current_exe().unwrap());
    other.args(["--exact", "is_in_use", "--ignored"]).env("VAULT", folder.path());
    assert!(other.output().unwrap().status.success());
    drop(vault);
    assert!(!other.output().unwrap().status.success());
    assert!(reopen(folder.path()).is_ok());
}

#[test]
#[ignore = "a part of one_at_a_time"]
fn is_in_use() {
    let Some(folder) = std::env::var_os("VAULT") else { return };
    assert_eq!(reopen(folder.as_ref()).err(), Some(Error::InUse));
}

#[test]
fn a_later_version_is_not_touched() {
    let folder = TempDir::new().unwrap();
    drop(one_owner(folder.path()));
    rusqlite(folder.path()).execute_batch("PRAGMA user_version = 5").unwrap();
    let file = || fs::read(folder.path().join("vault.db")).unwrap();
    let before = file();
    assert_eq!(reopen(folder.path()).err(), Some(Error::TooNew));
    assert!(file() == before);
    rusqlite(folder.path()).execute_batch("PRAGMA user_version = 4").unwrap();
    assert!(reopen(folder.path()).is_ok());
}

#[test]
fn what_is_in_the_log_alone_is_there_after_a_kill() {
    let folder = TempDir::new().unwrap();
    let (mut vault, owner) = one_owner(folder.path());
    put(&mut vault, owner, 1, "kept");
    let names = |folder: &Path| {
        let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let killed = TempDir::new().unwrap();
    for file in ["key.0", "mark", "vault.db", "vault.db-wal"] {
        fs::copy(folder.path().join(file), killed.path().join(file)).unwrap();
    }
    let (vault, findings) = reopen(killed.path()).unwrap();
    assert_eq!((findings, texts(&vault, owner)), (vec![], vec!["kept".to_owned()]));
    assert_eq!(names(killed.path()), ["key.0", "lock", "mark", "vault.db", "vault.db-wal"]);
    drop(vault);
    assert_eq!(names(killed.path()), ["key.0", "lock", "mark", "vault.db"]);
}

#[test]
fn what_does_not_last_ends_with_the_key_of_the_vault() {
    for change in [
        |vault: &mut Vault, _| vault.renew(&mut rng(7)),
        |vault: &mut Vault, _| change_key(vault, Key::passphrase(PASSPHRASE)).unwrap(),
        |vault: &mut Vault, other| forget(vault, other).unwrap(),
    ] {
        let folder = TempDir::new().unwrap();
        let (mut vault, owner) = one_owner(folder.path());
        let mut batch = Batch::default();
        let other = batch.add_owner(&mut rng(20));
        batch.put(owner, SESSIONS, 1, b"a ratchet".to_vec());
        batch.put(owner, NOTES, 1, b"a text".to_vec());
        vault.commit(batch, &mut rng(21)).unwrap();
        drop(vault);
        let old = folder.path().join("old.db");
        fs::copy(folder.path().join("vault.db"), &old).unwrap();

        let (mut vault, _) = reopen(folder.path()).unwrap();
        assert_eq!(change(&mut vault, other), None);
        assert_eq!(
            (texts(&vault, owner), texts_in(&vault, owner, SESSIONS)),
            (vec!["a text".into()], vec!["a ratchet".into()])
        );
        // What an old copy of the device's flash has, with all keys that there are by now.
        drop(vault);
        let db = rusqlite(folder.path());
        db.execute("ATTACH ?1 AS old", [old.to_str().unwrap()]).unwrap();
        db.execute_batch("DELETE FROM rows WHERE owner <> 0; INSERT INTO rows SELECT * FROM old.rows WHERE owner <> 0")
            .unwrap();
        drop(db);
        let key = [key_file(folder.path()), Key::passphrase(PASSPHRASE)];
        let mut opened = key.into_iter().filter_map(|key| Vault::open(folder.path(), key, &mut rng(9)).ok());
        let (vault, _) = opened.next().unwrap();
        let (mut read, mut tables) = (0, vec![]);
        let lost = vault.each(owner, |row| {
            read += 1;
            tables.push(row.table);
        });
        assert_eq!((read, tables), (1, vec![NOTES]));
        assert!(lost.unwrap().contains(&Finding::RowLost(owner)));
    }
}

#[test]
fn a_key_that_cannot_be_changed_at_an_opening_is_told_and_used_on() {
    let folder = TempDir::new().unwrap();
    let source = Arc::new(Fake::default());
    let open = || Vault::open(folder.path(), Key::source(Arc::clone(&source) as _), &mut rng(1));
    let fail = |call, error| *source.fails.lock().unwrap() = Some((call, error));
    let (mut vault, _) = open().unwrap();
    let mut batch = Batch::default();
    let owner = batch.add_owner(&mut rng(2));
    batch.put(owner, SESSIONS, 1, b"a ratchet".to_vec());
    vault.commit(batch, &mut rng(3)).unwrap();
    for (call, error) in [("seal", SourceError::Denied), ("seal", SourceError::Full), ("delete", SourceError::Failed)] {
        fail(call, error);
        assert_eq!(vault.renew(&mut rng(7)), Some(Finding::OldKeyKept));
        *source.fails.lock().unwrap() = None;
        put(&mut vault, owner, 1, "used on");
        drop(vault);
        let (again, findings) = open().unwrap();
        assert_eq!((findings, texts(&again, owner)), (vec![], vec!["used on".to_owned()]));
        assert_eq!(texts_in(&again, owner, SESSIONS), ["a ratchet"]);
        assert_eq!(source.keys.lock().unwrap().iter().flatten().count(), 1);
        vault = again;
    }
    assert_eq!(vault.renew(&mut rng(8)), None);
}

fn rusqlite(folder: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.join("vault.db")).unwrap()
}
