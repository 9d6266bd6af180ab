//! A burner of this installation: its account, its conversations, its connection.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use flashpaper_chat::{Conversation, Fingerprint, Glance, Mailbox, Sessions, UnixTime, view};
use flashpaper_otr::InstanceTag;
use flashpaper_vault::Owner;

use crate::account::Account;
use crate::connection::handle::ConnectionHandle;
use crate::event::{BurnerId, Connection, Event};
use crate::locks::lock;
use crate::services::Services;
use crate::store::Store;
use crate::{Error, limits};
use job::Jobs;

mod job;
mod messages;
pub(crate) mod registry;
pub(crate) mod summary;
#[cfg(test)]
mod tests;
mod transaction;

/// A burner, with all that is its own. [`transaction`] alone changes what is stored of it.
pub(crate) struct LiveBurner {
    pub(crate) id: BurnerId,
    owner: Owner,
    services: Arc<Services>,
    /// A creation, a burn, a settlement, a connection: one at a time, across waits.
    pub(crate) work: Arc<tokio::sync::Mutex<()>>,
    jobs: Jobs,
    /// Locked while a change is on its way to the disk.
    chat: Mutex<Chat>,
    /// What others look at meanwhile.
    published: Mutex<Published>,
    /// When a text was written last.
    written: Mutex<Duration>,
    /// Of its long-term OTR key, once it was needed.
    fingerprint: OnceLock<Fingerprint>,
    /// The connection that was asked for.
    connection: Mutex<Option<Arc<ConnectionHandle>>>,
}

struct Chat {
    account: Arc<Account>,
    mailbox: Reading,
    sessions: Option<Sessions>,
    /// When the first message of history expires; `None`: never. As far as that is known.
    history_expires: Option<Option<UnixTime>>,
}

/// A mailbox, which is read from disk when it is needed first.
enum Reading {
    Unread,
    Read {
        /// As it is on disk.
        stored: Arc<Mailbox>,
        /// As it is: ahead of that, as far as the loss of it does no harm.
        present: Arc<Mailbox>,
    },
    /// It is not tried again before the folder is opened again.
    Unreadable,
}

#[derive(Clone)]
struct Published {
    account: Arc<Account>,
    mailbox: Option<Arc<Mailbox>>,
    glance: Arc<Glance>,
}

impl LiveBurner {
    fn new(services: Arc<Services>, owner: Owner, account: Account, work: Arc<tokio::sync::Mutex<()>>) -> Self {
        let account = Arc::new(account);
        let published = Published { account: Arc::clone(&account), mailbox: None, glance: Arc::default() };
        Self {
            id: BurnerId(account.id.clone()),
            owner,
            services,
            work,
            jobs: Jobs::default(),
            chat: Mutex::new(Chat { account, mailbox: Reading::Unread, sessions: None, history_expires: None }),
            published: Mutex::new(published),
            written: Mutex::default(),
            fingerprint: OnceLock::new(),
            connection: Mutex::default(),
        }
    }

    pub(crate) fn account(&self) -> Arc<Account> {
        Arc::clone(&lock(&self.published).account)
    }

    /// Its mailbox, which is read from disk where it was not needed before.
    ///
    /// # Errors
    /// As [`Store::mailbox`].
    pub(crate) fn mailbox(&self) -> Result<Arc<Mailbox>, Error> {
        if let Some(mailbox) = &lock(&self.published).mailbox {
            return Ok(Arc::clone(mailbox));
        }
        let mut chat = lock(&self.chat);
        let (_, mailbox) = chat.read(self.owner, &self.services.store)?;
        self.publish(&chat);
        Ok(mailbox)
    }

    /// What is not stored of its conversations.
    pub(crate) fn glance(&self) -> Arc<Glance> {
        Arc::clone(&lock(&self.published).glance)
    }

    /// Its conversations, with what is not stored of them.
    pub(crate) fn conversations(&self) -> Result<Vec<Conversation>, Error> {
        let (mailbox, glance) = (self.mailbox()?, self.glance());
        let mut conversations = view::conversations(&mailbox);
        for (row, conversation) in mailbox.peers.keys().zip(&mut conversations) {
            glance.complete(*row, conversation);
        }
        Ok(conversations)
    }

    /// The fingerprint of its long-term OTR key. It takes a tenth of a second the first time.
    pub(crate) fn fingerprint(&self) -> Result<Fingerprint, Error> {
        if let Some(fingerprint) = self.fingerprint.get() {
            return Ok(*fingerprint);
        }
        let fingerprint = lock(&self.chat).sessions()?.fingerprint();
        Ok(*self.fingerprint.get_or_init(|| fingerprint))
    }

    pub(crate) fn connection(&self) -> Option<Arc<ConnectionHandle>> {
        lock(&self.connection).clone()
    }

    /// Gives the connection that it had before.
    pub(crate) fn set_connection(&self, handle: Option<Arc<ConnectionHandle>>) -> Option<Arc<ConnectionHandle>> {
        std::mem::replace(&mut *lock(&self.connection), handle)
    }

    /// Notes how it is connected, and reports it, unless another connection has taken the place of this.
    pub(crate) fn note_connection(&self, handle: &ConnectionHandle, connection: Connection) {
        if !handle.set(connection.clone()) {
            return;
        }
        let present = lock(&self.connection);
        if present.as_ref().is_none_or(|present| std::ptr::eq(&raw const **present, handle)) {
            self.services.reporter.report(Event::Connection { burner: self.id.clone(), connection });
        }
    }

    /// Whether a text is written hard on the heels of another.
    pub(crate) fn writes_in_numbers(&self) -> bool {
        *lock(&self.written) + limits::IN_NUMBERS > self.services.since_boot()
    }

    /// Notes that a text was written.
    pub(crate) fn has_written(&self) {
        *lock(&self.written) = self.services.since_boot();
    }

    /// It has something to send that its user wants sent.
    pub(crate) fn has_work(&self) {
        if let Some(handle) = self.connection() {
            handle.has_work();
            if handle.connection() == Connection::Online {
                handle.hurry();
            }
        }
    }

    /// Whether everything that the server had has come: there may be something that uses a session.
    pub(crate) fn has_drained(&self) -> bool {
        self.connection().is_some_and(|handle| handle.connection() == Connection::Online && handle.is_drained())
    }

    fn publish(&self, chat: &Chat) {
        let mailbox = match &chat.mailbox {
            Reading::Read { present, .. } => Some(Arc::clone(present)),
            Reading::Unread | Reading::Unreadable => None,
        };
        let glance = chat.sessions.as_ref().map(Sessions::glance).unwrap_or_default();
        *lock(&self.published) = Published { account: Arc::clone(&chat.account), mailbox, glance: Arc::new(glance) };
    }

    /// Takes sessions and keys out of memory: they come from the store when they are needed again.
    fn forget_sessions(&self) {
        let mut chat = lock(&self.chat);
        chat.sessions = None;
        self.publish(&chat);
    }

    /// Takes over an account as it was read again. What else is in memory comes from the store when it is needed.
    fn replace(&self, account: Account) {
        let mut chat = lock(&self.chat);
        (chat.sessions, chat.mailbox, chat.account) = (None, Reading::Unread, Arc::new(account));
        chat.history_expires = None;
        self.publish(&chat);
    }
}

impl Chat {
    /// The mailbox, as it is on disk and as it is.
    fn read(&mut self, owner: Owner, store: &Store) -> Result<(Arc<Mailbox>, Arc<Mailbox>), Error> {
        match &self.mailbox {
            Reading::Read { stored, present } => return Ok((Arc::clone(stored), Arc::clone(present))),
            Reading::Unreadable => return Err(Error::Unreadable),
            Reading::Unread => {}
        }
        let mailbox = store.mailbox(owner).map(Arc::new);
        self.mailbox = match &mailbox {
            Ok(mailbox) => Reading::Read { stored: Arc::clone(mailbox), present: Arc::clone(mailbox) },
            Err(Error::Unreadable) => Reading::Unreadable,
            Err(_) => Reading::Unread,
        };
        mailbox.map(|mailbox| (Arc::clone(&mailbox), mailbox))
    }

    /// The sessions, which are made when they are needed first.
    fn sessions(&mut self) -> Result<&mut Sessions, Error> {
        let sessions = match self.sessions.take() {
            Some(sessions) => sessions,
            None => {
                let key = Arc::new(self.account.otr.key().ok_or(Error::Internal)?);
                Sessions::new(key, InstanceTag(self.account.tag))
            }
        };
        let sessions = self.sessions.insert(sessions);
        sessions.set_version_3_only(self.account.version_3_only);
        Ok(sessions)
    }
}
