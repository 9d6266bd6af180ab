//! The burners of a folder: what is there again, what was lost or replayed, what a failed change leaves.

use std::fs;
use std::path::Path;
use std::time::Duration;

use flashpaper_chat::{Address, MessageId, MessageState, PeerId, Random, Stored, Talk, UnixTime};
use flashpaper_vault::Batch;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tempfile::TempDir;

use super::registry::Registry;
use super::*;
use crate::account::State;
use crate::account::tests::account;
use crate::config::Key;
use crate::error::Input;
use crate::limits;
use crate::seams::Seams;
use crate::store::schema::{self, ACCOUNT, MESSAGES, ONLY};
use crate::store::{FolderKey, Opened, Store, VaultReport};

pub(super) const NOW: u64 = 1_000_000;

/// A folder that is open.
pub(super) struct Home {
    pub(super) services: Arc<Services>,
    burners: Registry,
    registrations: Vec<UnixTime>,
}

pub(super) fn open(folder: &Path, key: &Key) -> Result<Home, Error> {
    let rng = Random::new(Box::new(StdRng::seed_from_u64(2)));
    let key = FolderKey::new(folder, key)?;
    let Opened::Folder((store, read)) = Store::open(folder.to_owned(), &key, rng.clone(), Duration::ZERO)? else {
        return Err(Error::Internal);
    };
    let services = Arc::new(Services::new(Seams::real().clock, rng, store, read.latest));
    let burners = Registry::new(Arc::clone(&services));
    burners.replace(read.burners);
    Ok(Home { services, burners, registrations: read.registrations })
}

impl Home {
    pub(super) fn add(&self, id: &str) -> Arc<LiveBurner> {
        self.burners.add(account(id), Batch::default()).unwrap().0
    }

    pub(super) fn get(&self, id: &str) -> Arc<LiveBurner> {
        self.burners.get(&BurnerId(id.into())).unwrap()
    }

    fn forget(&self, id: &str) -> Result<(), Error> {
        let id = BurnerId(id.into());
        self.services.store.keep_only(|| self.burners.owners_without(&id))?;
        self.burners.remove(&id);
        Ok(())
    }

    pub(super) fn commit(&self, change: impl FnOnce(&mut Batch)) {
        let mut batch = Batch::default();
        change(&mut batch);
        self.services.store.commit(batch).unwrap();
    }

    fn ids(&self) -> Vec<String> {
        self.burners.all().unwrap().iter().map(|burner| burner.id.0.clone()).collect()
    }

    fn report(&self) -> VaultReport {
        self.services.store.report()
    }
}

/// The number of a burner's owner, as the file has it.
fn number(burner: &LiveBurner) -> i64 {
    let owner = format!("{:?}", burner.owner);
    owner.trim_matches(|c: char| !c.is_ascii_digit()).parse::<u64>().unwrap().cast_signed()
}

/// Changes the file, beside which there may be an older one, `old`.
fn change(folder: &Path, sql: &str) {
    let db = rusqlite::Connection::open(folder.join("vault.db")).unwrap();
    db.execute("ATTACH ?1 AS old", [folder.join("old.db").to_str().unwrap()]).unwrap();
    db.execute_batch(sql).unwrap();
}

/// A peer's address.
pub(super) fn peer_jid() -> Address {
    "peer@b.example".to_owned().into()
}

/// Has a burner know a peer.
fn knows(burner: &LiveBurner, jid: &'static str) -> Result<PeerId, Error> {
    burner.converse(move |talk| talk.mailbox().peer(&jid.to_owned().into()))
}

#[test]
fn what_was_committed_is_there_again() {
    let folder = TempDir::new().unwrap();
    let home = open(folder.path(), &Key::File).unwrap();
    for id in ["b", "a", "c"] {
        home.add(id);
    }
    home.get("a").change(|account| account.set_state(State::Active)).unwrap();
    home.commit(|batch| schema::put_registrations(batch, &[UnixTime(1), UnixTime(2)]).unwrap());
    home.forget("b").unwrap();
    drop(home);
    let home = open(folder.path(), &Key::File).unwrap();
    // In the order of their creation.
    assert_eq!(home.ids(), ["a", "c"]);
    assert_eq!(home.get("a").account().state, State::Active);
    assert_eq!(home.registrations, [UnixTime(1), UnixTime(2)]);
    assert_eq!(home.report(), VaultReport::default());
}

#[test]
fn keys_that_do_not_fit_are_told() {
    let folder = TempDir::new().unwrap();
    let open = |key: &Key| open(folder.path(), key).err();
    assert_eq!(open(&Key::passphrase("swordfish")), None);
    assert_eq!(open(&Key::passphrase("Swordfish")), Some(Error::VaultLocked));
    assert_eq!(open(&Key::File), Some(Error::VaultLocked));
    assert_eq!(open(&Key::passphrase("")), Some(Error::InvalidInput { input: Input::Passphrase }));
}

#[test]
fn what_is_damaged_is_counted_and_the_rest_is_there() {
    let folder = TempDir::new().unwrap();
    let home = open(folder.path(), &Key::File).unwrap();
    let [lost, ..] = ["a", "b", "c"].map(|id| number(&home.add(id)));
    drop(home);
    change(folder.path(), &format!("UPDATE rows SET sealed = zeroblob(length(sealed)) WHERE owner = {lost}"));
    let home = open(folder.path(), &Key::File).unwrap();
    assert_eq!(home.ids(), ["b", "c"]);
    assert_eq!(home.report().lost, 1);
    home.add("d");
}

#[test]
fn what_is_left_of_a_lost_account_goes_with_the_next_burn() {
    let folder = TempDir::new().unwrap();
    let home = open(folder.path(), &Key::File).unwrap();
    let [a, ..] = ["a", "b", "c"].map(|id| home.add(id));
    home.commit(|batch| {
        batch.put(a.owner, MESSAGES, 1, b"{}".to_vec());
        batch.remove(a.owner, ACCOUNT, ONLY);
    });
    drop((home, a));
    let home = open(folder.path(), &Key::File).unwrap();
    assert_eq!(home.ids(), ["b", "c"]);
    home.commit(|batch| schema::put_registrations(batch, &[UnixTime(1)]).unwrap());
    assert_eq!(home.services.store.owners().len(), 3);
    home.forget("b").unwrap();
    assert_eq!(home.services.store.owners(), [home.get("c").owner]);
    assert_eq!(home.ids(), ["c"]);
}

#[test]
fn a_record_that_makes_no_sense_is_lost_and_the_others_are_good() {
    let folder = TempDir::new().unwrap();
    let home = open(folder.path(), &Key::File).unwrap();
    let burner = home.add("a");
    let peer = knows(&burner, "peer@b.example").unwrap();
    home.commit(|batch| batch.put(burner.owner, MESSAGES, 1, b"{\"of\":\"another time\"}".to_vec()));
    drop((home, burner));
    let home = open(folder.path(), &Key::File).unwrap();
    assert_eq!(home.get("a").mailbox().unwrap().find(&peer_jid()), Some(peer));
    assert_eq!(home.report(), VaultReport { lost: 1, ..VaultReport::default() });
}

#[test]
fn where_rows_are_older_ones_that_is_told_and_no_session_is_used_again() {
    // With the sessions that are ended at the first opening nothing else is older any more.
    let is_mended = ["= {} + 1", "= owner"];
    // The session's alone, the others alone, both, those of the vault itself, all there are, and none.
    for (replayed, is_told) in
        [("= {} + 1", true), ("= {}", true), ("<> 0", true), ("= 0", true), ("= owner", true), ("= -1", false)]
    {
        let folder = TempDir::new().unwrap();
        let home = open(folder.path(), &Key::File).unwrap();
        let burner = home.add("a");
        let write = |state: &str| {
            let key = "07".repeat(20);
            let stored = format!(r#"{{"state":"{state}","used":1,"key":"{key}","finished":false}}"#);
            let stored: Stored = serde_json::from_str(&stored).unwrap();
            let write = move |talk: &mut Talk<'_>| {
                let peer = talk.mailbox().peer(&peer_jid());
                talk.mailbox().befriend(peer);
                talk.mailbox().sessions.insert(peer, Arc::new(stored));
            };
            burner.converse(write).unwrap();
        };
        write("MQ==");
        let owner = number(&burner);
        // What is committed is in the log first.
        for (from, to) in [("vault.db", "old.db"), ("vault.db-wal", "old.db-wal")] {
            fs::copy(folder.path().join(from), folder.path().join(to)).unwrap();
        }
        write("Mg==");
        drop((home, burner));
        let which = format!("owner {}", replayed.replace("{}", &owner.to_string()));
        change(
            folder.path(),
            &format!("DELETE FROM rows WHERE {which}; INSERT INTO rows SELECT * FROM old.rows WHERE {which}"),
        );
        for time in 0..3 {
            let home = open(folder.path(), &Key::File).unwrap();
            let is_incomplete = is_told && (time == 0 || !is_mended.contains(&replayed));
            assert_eq!(home.report().incomplete, is_incomplete, "{replayed} {time}");
            let session = Arc::clone(&home.get("a").mailbox().unwrap().sessions[&PeerId::from(1)]);
            let (state, has_key) = if is_told { ("", false) } else { ("Mg==", true) };
            assert_eq!((&*session.state, session.key.is_some()), (state, has_key), "{replayed} {time}");
        }
    }
}

#[test]
fn a_mailbox_that_is_too_large_is_neither_read_nor_in_the_way() {
    let folder = TempDir::new().unwrap();
    let home = open(folder.path(), &Key::File).unwrap();
    let [a, _] = ["a", "b"].map(|id| home.add(id));
    home.commit(|batch| (1..=68).for_each(|row| batch.put(a.owner, MESSAGES, row, vec![b'x'; 1_000_000])));
    drop((home, a));
    let home = open(folder.path(), &Key::File).unwrap();
    assert_eq!(home.report(), VaultReport::default());
    assert_eq!(home.ids(), ["a", "b"]);
    assert_eq!(home.get("a").mailbox().err(), Some(Error::Unreadable));
    assert!(home.get("b").mailbox().is_ok());
    home.get("a").change(|account| account.set_state(State::Burning)).unwrap();
    assert_eq!(home.forget("a"), Ok(()));
    assert_eq!(home.ids(), ["b"]);
    drop(home);
    assert_eq!(open(folder.path(), &Key::File).unwrap().ids(), ["b"]);
}

#[test]
fn each_opening_changes_the_key_and_says_where_it_cannot() {
    let folder = TempDir::new().unwrap();
    let key = |slot| folder.path().join(format!("key.{slot}"));
    for slot in [1, 0, 1] {
        let home = open(folder.path(), &Key::File).unwrap();
        assert!(key(slot).is_file() && !key(1 - slot).exists());
        assert_eq!(home.report(), VaultReport::default());
    }
    // The place of the next key is taken by a folder: the write fails, for root too.
    fs::create_dir(key(0)).unwrap();
    let home = open(folder.path(), &Key::File).unwrap();
    assert_eq!(home.report(), VaultReport { old_key_kept: true, ..VaultReport::default() });
    home.add("a");
    home.services.store.suspend();
    fs::remove_dir(key(0)).unwrap();
    let later = limits::RENEW;
    home.services.store.reopen(later, |read| home.burners.replace(read.burners)).unwrap();
    assert_eq!(home.report(), VaultReport::default());
    assert_eq!(home.ids(), ["a"]);
    assert!(key(0).is_file() && !key(1).exists());
}

#[test]
fn a_failed_commit_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let home = open(folder.path(), &Key::File).unwrap();
    let burner = home.add("a");
    // The place of the next key is taken by a folder: the write fails, for root too.
    fs::create_dir(folder.path().join("key.0")).unwrap();
    assert_eq!(home.forget("a"), Err(Error::Storage));
    assert_eq!(home.ids(), ["a"]);
    fs::remove_dir(folder.path().join("key.0")).unwrap();

    // A folder that was let go takes nothing.
    knows(&burner, "peer@b.example").unwrap();
    home.services.store.suspend();
    assert_eq!(knows(&burner, "other@b.example"), Err(Error::Suspended));
    assert_eq!(burner.change(|account| account.wanted = true), Err(Error::Suspended));
    let (mailbox, account) = (burner.mailbox().unwrap(), burner.account());
    assert_eq!((mailbox.peers.len(), account.wanted), (1, false));
    home.services.store.reopen(Duration::ZERO, |read| home.burners.replace(read.burners)).unwrap();
    assert!(knows(&burner, "other@b.example").is_ok(), "it is the same burner as before");

    assert_eq!(home.forget("a"), Ok(()));
    assert!(home.ids().is_empty());
    drop((home, burner));
    assert!(open(folder.path(), &Key::File).unwrap().ids().is_empty(), "on disk, too");
}

#[test]
fn a_panic_in_one_change_fails_that_and_no_other() {
    let folder = TempDir::new().unwrap();
    let home = open(folder.path(), &Key::File).unwrap();
    let burner = home.add("a");
    let panics = |talk: &mut Talk<'_>| {
        talk.mailbox().peer(&peer_jid());
        panic!("as a library may");
    };
    assert_eq!(burner.converse::<()>(panics), Err(Error::Internal));
    assert!(burner.mailbox().unwrap().peers.is_empty());
    assert!(knows(&burner, "other@b.example").is_ok());
}

#[test]
fn changes_of_many_threads_wait_for_the_disk_together_and_each_has_its_result() {
    const THREADS: u64 = 64;
    let folder = TempDir::new().unwrap();
    let home = open(folder.path(), &Key::File).unwrap();
    let burner = home.add("a");
    let queue = |talk: &mut Talk<'_>| talk.queue(&peer_jid(), "text", None).unwrap();
    let mut ids: Vec<MessageId> = std::thread::scope(|scope| {
        let threads = (0..THREADS).map(|_| scope.spawn(|| burner.converse(queue).unwrap()));
        threads.collect::<Vec<_>>().into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    ids.sort();
    assert_eq!(ids, (1..=THREADS).map(MessageId::from).collect::<Vec<_>>());
    drop((home, burner));
    let home = open(folder.path(), &Key::File).unwrap();
    assert_eq!(home.get("a").mailbox().unwrap().messages.len() as u64, THREADS);
}

#[test]
fn what_is_shown_waits_for_no_change_that_is_on_its_way_to_the_disk() {
    let folder = TempDir::new().unwrap();
    let home = open(folder.path(), &Key::File).unwrap();
    knows(&home.add("a"), "peer@b.example").unwrap();
    drop(home);
    // The first look after an opening, too.
    let home = open(folder.path(), &Key::File).unwrap();
    let burner = home.get("a");
    let on_its_way = lock(&burner.chat);
    let looks = Arc::clone(&burner);
    let (sender, shown) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send((looks.conversations().unwrap().len(), looks.account().id.clone())));
    assert_eq!(shown.recv_timeout(Duration::from_secs(60)), Ok((1, "a".to_owned())));
    drop(on_its_way);
}

#[test]
fn what_is_changed_later_is_seen_at_once_and_written_with_the_next_change() {
    let folder = TempDir::new().unwrap();
    let home = open(folder.path(), &Key::File).unwrap();
    let burner = home.add("a");
    let message = burner.converse(|talk| talk.queue(&peer_jid(), "text", None).unwrap()).unwrap();
    let file = || fs::read(folder.path().join("vault.db-wal")).unwrap();
    let before = file();
    let fail = move |mailbox: &mut Mailbox| {
        let mut changed = Vec::new();
        if let Some(peer) = mailbox.find(&peer_jid()).and_then(|row| mailbox.peer_mut(row)) {
            peer.label = Some("changed".into());
            changed.push((message, MessageState::Acked));
        }
        changed
    };
    burner.change_later(fail).unwrap();
    let label = |burner: &LiveBurner| burner.conversations().unwrap()[0].label.clone();
    assert_eq!((label(&burner).as_deref(), file() == before), (Some("changed"), true));
    burner.write_rest().unwrap();
    assert!(file() != before);
    let after = file();
    burner.write_rest().unwrap();
    assert!(file() == after, "there is nothing left to write");
    drop((home, burner));
    let home = open(folder.path(), &Key::File).unwrap();
    assert_eq!(label(&home.get("a")).as_deref(), Some("changed"));
}

#[test]
fn a_removal_that_another_process_has_queued_takes_the_place_of_its_burner() {
    let folder = TempDir::new().unwrap();
    let home = open(folder.path(), &Key::File).unwrap();
    let before = home.add("a");
    home.services.store.suspend();
    let other = open(folder.path(), &Key::File).unwrap();
    other.burners.queue_removal(&other.get("a"), UnixTime(NOW)).unwrap();
    other.services.store.wipe().unwrap();
    other.services.store.suspend();

    home.services.store.reopen(Duration::ZERO, |read| home.burners.replace(read.burners)).unwrap();
    let after = home.get("a");
    assert!(after.is_queued() && !Arc::ptr_eq(&before, &after) && Arc::ptr_eq(&before.work, &after.work));
    after.change(|account| account.removed = true).unwrap();
    home.add("b");
    home.forget("b").unwrap();
    home.services.store.suspend();
    let later = open(folder.path(), &Key::File).unwrap();
    assert!(later.get("a").account().removed, "another burner's end does not take it along");
}
