//! The directory in use: the built-in one, the updates that were taken and the user's own list, or a private network's own.

use std::sync::{Arc, Mutex};

use super::update::{Signer, Taken, Update};
use super::{Day, Directory, Server, file};
use crate::Error;
use crate::error::{DirectoryFault, Input};
use crate::locks::lock;

/// The directory in use.
pub(crate) struct CurrentDirectory {
    /// Without an update or a list of the user's.
    base: Directory,
    /// A private network has servers of its own: an update and a list are of the public ones.
    takes_updates: bool,
    now: Mutex<Now>,
    /// Held while one of both is stored: who reads does not wait for that.
    updating: Mutex<()>,
}

#[derive(Clone)]
struct Now {
    directory: Arc<Directory>,
    /// The updates that are part of it.
    updates: Directory,
    /// The day of the last.
    updated: Option<Day>,
    /// The user's own list.
    own: Vec<Server>,
}

/// What was stored: the updates that were taken, and the user's own list.
pub(crate) type Stored<'a> = (Option<&'a Taken>, Option<&'a str>);

impl CurrentDirectory {
    pub(crate) fn new(base: Directory, takes_updates: bool, stored: Stored<'_>) -> Self {
        let now = with(&base, None, Vec::new());
        let current = Self { base, takes_updates, now: Mutex::new(now), updating: Mutex::default() };
        current.replace(stored);
        current
    }

    pub(crate) fn get(&self) -> Arc<Directory> {
        Arc::clone(&lock(&self.now).directory)
    }

    /// Takes over what was read from the disk.
    pub(crate) fn replace(&self, (taken, own): Stored<'_>) {
        let update = taken.filter(|_| self.takes_updates).and_then(Taken::read);
        let own = own.filter(|_| self.takes_updates).and_then(|own| file::read(own).ok());
        *lock(&self.now) = with(&self.base, update, own.unwrap_or_default());
    }

    /// Takes an update if it is in order and not older than the last, and `store` succeeds.
    pub(crate) fn update(
        &self,
        bytes: &[u8],
        signer: &Signer,
        store: impl FnOnce(&Taken) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Update { day, servers } = Update::open(bytes, signer).map_err(refused)?;
        if !self.takes_updates {
            return Ok(());
        }
        let _updating = lock(&self.updating);
        let Now { updates, updated, own, .. } = lock(&self.now).clone();
        if updated.is_some_and(|last| day < last) {
            return Err(refused(DirectoryFault::TooOld));
        }
        // What earlier ones named stays as well, while there is room.
        let (all, last) = (updates.merged(servers.clone()), Directory::new(servers));
        let (taken, servers) = match Taken::new(day, &all) {
            Ok(taken) => (taken, all),
            Err(_) => (Taken::new(day, &last)?, last),
        };
        store(&taken)?;
        *lock(&self.now) = with(&self.base, Some(Update { day, servers: servers.entries().to_vec() }), own);
        Ok(())
    }

    /// Takes a list of the user's own in the place of the one before, or none, if `store` succeeds.
    pub(crate) fn set_own(
        &self,
        list: Option<&[u8]>,
        store: impl FnOnce(Option<&str>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let own = list.map(file::read_bytes).transpose().map_err(refused)?;
        if !self.takes_updates {
            return Ok(());
        }
        let _updating = lock(&self.updating);
        let stored = own.as_ref().map(|own| file::write(own.iter().map(|server| (server, "")), "the user"));
        store(stored.transpose()?.as_deref())?;
        let mut now = lock(&self.now);
        let update = now.updated.map(|day| Update { day, servers: now.updates.entries().to_vec() });
        *now = with(&self.base, update, own.unwrap_or_default());
        Ok(())
    }
}

fn refused(fault: DirectoryFault) -> Error {
    Error::InvalidInput { input: Input::Directory { fault } }
}

fn with(base: &Directory, update: Option<Update>, own: Vec<Server>) -> Now {
    let updated = update.as_ref().map(|update| update.day);
    let servers = update.map(|update| update.servers).unwrap_or_default();
    let directory = base.clone().merged(servers.clone()).overlaid(own.clone());
    Now { directory: Arc::new(directory), updates: Directory::new(servers), updated, own }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::super::update::tests::{body, signed, signer};
    use super::*;
    use crate::error::RowFault;

    fn kind(current: &CurrentDirectory) -> Kind {
        current.get().named("jabber.fr").unwrap().kind
    }

    fn update_of(day: &str, kind: &str) -> Vec<u8> {
        signed(day, &body(&[&format!("jabber.fr,,,{kind},,test,{day}")]))
    }

    fn is_refused(fault: DirectoryFault) -> Result<(), Error> {
        Err(refused(fault))
    }

    #[test]
    fn an_update_counts_once_it_is_stored_and_none_is_older_than_the_last() {
        let current = CurrentDirectory::new(Directory::built_in().unwrap(), true, (None, None));
        assert_eq!(kind(&current), Kind::Yes);
        let (web, captcha) = (update_of("2026-10-01", "web"), update_of("2026-10-02", "captcha"));
        assert_eq!(current.update(&web, &signer(), |_| Err(Error::StorageFull)), Err(Error::StorageFull));
        assert_eq!(kind(&current), Kind::Yes, "it is not on disk");
        let mut stored = None;
        let store = |taken: &Taken| {
            stored = Some(serde_json::to_string(taken).unwrap());
            Ok(())
        };
        assert_eq!(current.update(&captcha, &signer(), store), Ok(()));
        assert_eq!(kind(&current), Kind::Captcha);
        let never = |_: &Taken| Err(Error::Internal);
        assert_eq!(current.update(&web, &signer(), never), is_refused(DirectoryFault::TooOld));
        assert_eq!(current.update(b"", &signer(), never), is_refused(DirectoryFault::Signature));
        assert_eq!(kind(&current), Kind::Captcha);
        assert_eq!(current.update(&update_of("2026-10-02", "no"), &signer(), |_| Ok(())), Ok(()), "of the same day");
        assert_eq!(kind(&current), Kind::No);
        // As after a new start.
        let stored = serde_json::from_str(&stored.unwrap()).unwrap();
        let again = CurrentDirectory::new(Directory::built_in().unwrap(), true, (Some(&stored), None));
        assert_eq!(kind(&again), Kind::Captcha);
        assert_eq!(again.update(&web, &signer(), never), is_refused(DirectoryFault::TooOld));
        again.replace((None, None));
        assert_eq!((kind(&again), again.update(&web, &signer(), |_| Ok(()))), (Kind::Yes, Ok(())));
        let of_another_version = "{\"day\": \"2026-10-02\", \"file\": \"of another version\"}";
        again.replace((Some(&serde_json::from_str(of_another_version).unwrap()), None));
        assert_eq!(kind(&again), Kind::Yes);
    }

    #[test]
    fn an_update_removes_nothing_that_it_does_not_name() {
        let current = CurrentDirectory::new(Directory::built_in().unwrap(), true, (None, None));
        assert_eq!(current.update(&update_of("2026-10-01", "web"), &signer(), |_| Ok(())), Ok(()));
        let other = signed("2026-10-02", &body(&["new.example,,,yes,,test,2026-10-02"]));
        assert_eq!(current.update(&other, &signer(), |_| Ok(())), Ok(()));
        let kinds = |current: &CurrentDirectory| (kind(current), current.get().named("new.example").unwrap().kind);
        assert_eq!(kinds(&current), (Kind::Web, Kind::Yes));
        assert!(current.get().named("jabjab.de").unwrap().onion.is_some());
        // Without room for both, the last counts.
        let rows: Vec<_> = (0..999).map(|n| format!("s{n}.example,,,no,,test,2026-10-03")).collect();
        let rows: Vec<_> = rows.iter().map(String::as_str).collect();
        let mut stored = None;
        let store = |taken: &Taken| {
            stored = Some(serde_json::to_string(taken).unwrap());
            Ok(())
        };
        assert_eq!(current.update(&signed("2026-10-03", &body(&rows)), &signer(), store), Ok(()));
        assert_eq!(kinds(&current), (Kind::Yes, Kind::Unknown));
        current.replace((Some(&serde_json::from_str(&stored.unwrap()).unwrap()), None));
        assert_eq!(current.get().named("s998.example").unwrap().kind, Kind::No);
    }

    #[test]
    fn updates_together_are_as_large_as_one_at_most_and_are_read_at_the_next_start() {
        let built_in = Directory::built_in().unwrap();
        let current = CurrentDirectory::new(built_in.clone(), true, (None, None));
        let label = "x".repeat(61);
        let row = |name: &str, n| format!("{name}{n}.{label}.{label}.{label}.{label},,,no,,test,2026-10-01");
        let mut stored = Vec::new();
        for (day, name) in [("2026-10-01", "a"), ("2026-10-02", "b"), ("2026-10-03", "c")] {
            let rows: Vec<_> = (0..490).map(|n| row(name, n)).collect();
            let rows: Vec<_> = rows.iter().map(String::as_str).collect();
            let store = |taken: &Taken| {
                stored.push(taken.read().map(|update| update.servers.len()));
                Ok(())
            };
            assert_eq!(current.update(&signed(day, &body(&rows)), &signer(), store), Ok(()));
            assert!(current.get().entries().len() <= built_in.entries().len() + 1000);
        }
        assert_eq!(stored, [Some(490); 3], "two of them do not fit");
    }

    #[test]
    fn a_private_network_stores_no_update() {
        let web = update_of("2026-10-01", "web");
        let update = Update::open(&web, &signer()).unwrap();
        let taken = Taken::new(update.day, &Directory::new(update.servers)).unwrap();
        let current = CurrentDirectory::new(Directory::built_in().unwrap(), false, (Some(&taken), None));
        let never = |_: &Taken| Err(Error::Internal);
        assert_eq!(current.update(&web, &signer(), never), Ok(()));
        assert_eq!(kind(&current), Kind::Yes);
        assert_eq!(current.update(b"", &signer(), never), is_refused(DirectoryFault::Signature), "it is looked at");
    }

    #[test]
    fn the_users_own_list_counts_more_than_an_update_of_any_day_and_can_be_taken_away() {
        let current = CurrentDirectory::new(Directory::built_in().unwrap(), true, (None, None));
        let own = body(&["jabber.fr,,,captcha,,me,2020-01-01", "mine.example,,,yes,,me,2020-01-01"]);
        let kinds = |current: &CurrentDirectory| (kind(current), current.get().named("mine.example").unwrap().kind);
        assert_eq!(current.set_own(Some(&own), |_| Err(Error::StorageFull)), Err(Error::StorageFull));
        assert_eq!(kinds(&current), (Kind::Yes, Kind::Unknown), "it is not on disk");
        let mut stored = None;
        let store = |list: Option<&str>| {
            stored = list.map(str::to_owned);
            Ok(())
        };
        assert_eq!(current.set_own(Some(&own), store), Ok(()));
        assert_eq!(kinds(&current), (Kind::Captcha, Kind::Yes));
        assert_eq!(current.update(&update_of("2026-10-01", "web"), &signer(), |_| Ok(())), Ok(()));
        assert_eq!(kinds(&current), (Kind::Captcha, Kind::Yes), "an update does not take it away");
        // As after a new start.
        let again = CurrentDirectory::new(Directory::built_in().unwrap(), true, (None, stored.as_deref()));
        assert_eq!(kinds(&again), (Kind::Captcha, Kind::Yes));
        assert_eq!(current.set_own(None, |list| list.map_or(Ok(()), |_| Err(Error::Internal))), Ok(()));
        assert_eq!(kinds(&current), (Kind::Web, Kind::Unknown), "the update is there still");
    }

    #[test]
    fn a_list_with_a_fault_changes_nothing_and_a_private_network_takes_none() {
        let never = |_: Option<&str>| Err(Error::Internal);
        let current = CurrentDirectory::new(Directory::built_in().unwrap(), true, (None, None));
        for (list, line, fault) in [
            (&b""[..], 1, RowFault::Header),
            (&body(&["a.example,,,yes,,me,2020-01-01", "b.example"]), 3, RowFault::Columns),
            (&[body(&[]), b"b.example,,,yes,\xe9,me,2020-01-01\n".to_vec()].concat(), 2, RowFault::Text),
        ] {
            assert_eq!(current.set_own(Some(list), never), is_refused(DirectoryFault::Malformed { line, fault }));
        }
        let large = vec![b'x'; file::SIZE_AT_MOST + 1];
        assert_eq!(current.set_own(Some(&large), never), is_refused(DirectoryFault::TooLarge));
        let own = body(&["jabber.fr,,,no,,me,2026-01-01"]);
        let stored = String::from_utf8(own.clone()).unwrap();
        let private = CurrentDirectory::new(Directory::built_in().unwrap(), false, (None, Some(&stored)));
        assert_eq!((private.set_own(Some(&own), never), kind(&private)), (Ok(()), Kind::Yes));
        assert_eq!(private.set_own(Some(b""), never).err().map(|error| error.code()), Some("invalid_input"));
    }
}
