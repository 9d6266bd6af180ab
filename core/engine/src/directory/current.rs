//! The directory in use: the built-in one and the updates that were taken, or a private network's own.

use std::sync::{Arc, Mutex};

use super::update::{Signer, Taken, Update};
use super::{Day, Directory};
use crate::Error;
use crate::error::{DirectoryFault, Input};
use crate::locks::lock;

/// The directory in use.
pub(crate) struct CurrentDirectory {
    /// Without an update.
    base: Directory,
    /// A private network has servers of its own: an update is of the public ones.
    takes_updates: bool,
    now: Mutex<Now>,
    /// Held while an update is stored: who reads does not wait for that.
    updating: Mutex<()>,
}

#[derive(Clone)]
struct Now {
    directory: Arc<Directory>,
    /// The updates that are part of it.
    updates: Directory,
    /// The day of the last.
    updated: Option<Day>,
}

impl CurrentDirectory {
    /// `taken`: the updates that were taken, as they were stored.
    pub(crate) fn new(base: Directory, takes_updates: bool, taken: Option<&Taken>) -> Self {
        let now = with(&base, None);
        let current = Self { base, takes_updates, now: Mutex::new(now), updating: Mutex::default() };
        current.replace(taken);
        current
    }

    pub(crate) fn get(&self) -> Arc<Directory> {
        Arc::clone(&lock(&self.now).directory)
    }

    /// Takes over what was read from the disk.
    pub(crate) fn replace(&self, taken: Option<&Taken>) {
        let update = taken.filter(|_| self.takes_updates).and_then(Taken::read);
        *lock(&self.now) = with(&self.base, update);
    }

    /// Takes an update if it is in order and not older than the last, and `store` succeeds.
    pub(crate) fn update(
        &self,
        bytes: &[u8],
        signer: &Signer,
        store: impl FnOnce(&Taken) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let refused = |fault| Error::InvalidInput { input: Input::Directory { fault } };
        let Update { day, servers } = Update::open(bytes, signer).map_err(refused)?;
        if !self.takes_updates {
            return Ok(());
        }
        let _updating = lock(&self.updating);
        let Now { updates, updated, .. } = lock(&self.now).clone();
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
        *lock(&self.now) = with(&self.base, Some(Update { day, servers: servers.entries().to_vec() }));
        Ok(())
    }
}

fn with(base: &Directory, update: Option<Update>) -> Now {
    let updated = update.as_ref().map(|update| update.day);
    let servers = update.map(|update| update.servers).unwrap_or_default();
    Now { directory: Arc::new(base.clone().merged(servers.clone())), updates: Directory::new(servers), updated }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::super::update::tests::{body, signed, signer};
    use super::*;

    fn kind(current: &CurrentDirectory) -> Kind {
        current.get().named("jabber.fr").unwrap().kind
    }

    fn file(day: &str, kind: &str) -> Vec<u8> {
        signed(day, &body(&[&format!("jabber.fr,,,{kind},,test,{day}")]))
    }

    fn refused(fault: DirectoryFault) -> Result<(), Error> {
        Err(Error::InvalidInput { input: Input::Directory { fault } })
    }

    #[test]
    fn an_update_counts_once_it_is_stored_and_none_is_older_than_the_last() {
        let current = CurrentDirectory::new(Directory::built_in().unwrap(), true, None);
        assert_eq!(kind(&current), Kind::Yes);
        let (web, captcha) = (file("2026-10-01", "web"), file("2026-10-02", "captcha"));
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
        assert_eq!(current.update(&web, &signer(), never), refused(DirectoryFault::TooOld));
        assert_eq!(current.update(b"", &signer(), never), refused(DirectoryFault::Signature));
        assert_eq!(kind(&current), Kind::Captcha);
        assert_eq!(current.update(&file("2026-10-02", "no"), &signer(), |_| Ok(())), Ok(()), "of the same day");
        assert_eq!(kind(&current), Kind::No);
        // As after a new start.
        let stored = serde_json::from_str(&stored.unwrap()).unwrap();
        let again = CurrentDirectory::new(Directory::built_in().unwrap(), true, Some(&stored));
        assert_eq!(kind(&again), Kind::Captcha);
        assert_eq!(again.update(&web, &signer(), never), refused(DirectoryFault::TooOld));
        again.replace(None);
        assert_eq!((kind(&again), again.update(&web, &signer(), |_| Ok(()))), (Kind::Yes, Ok(())));
        again.replace(Some(
            &serde_json::from_str("{\"day\": \"2026-10-02\", \"file\": \"of another version\"}").unwrap(),
        ));
        assert_eq!(kind(&again), Kind::Yes);
    }

    #[test]
    fn an_update_removes_nothing_that_it_does_not_name() {
        let current = CurrentDirectory::new(Directory::built_in().unwrap(), true, None);
        assert_eq!(current.update(&file("2026-10-01", "web"), &signer(), |_| Ok(())), Ok(()));
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
        current.replace(Some(&serde_json::from_str(&stored.unwrap()).unwrap()));
        assert_eq!(current.get().named("s998.example").unwrap().kind, Kind::No);
    }

    #[test]
    fn updates_together_are_as_large_as_one_at_most_and_are_read_at_the_next_start() {
        let built_in = Directory::built_in().unwrap();
        let current = CurrentDirectory::new(built_in.clone(), true, None);
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
        let web = file("2026-10-01", "web");
        let update = Update::open(&web, &signer()).unwrap();
        let taken = Taken::new(update.day, &Directory::new(update.servers)).unwrap();
        let current = CurrentDirectory::new(Directory::built_in().unwrap(), false, Some(&taken));
        let never = |_: &Taken| Err(Error::Internal);
        assert_eq!(current.update(&web, &signer(), never), Ok(()));
        assert_eq!(kind(&current), Kind::Yes);
        assert_eq!(current.update(b"", &signer(), never), refused(DirectoryFault::Signature), "it is looked at");
    }
}
