//! A burner of this installation: its account, its conversations, its connection.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use flashpaper_chat::{Conversation, Fingerprint, Glance, Mailbox, view};
use flashpaper_vault::Owner;
use tokio_util::sync::CancellationToken;

use crate::account::{Account, State};
use crate::connection::handle::ConnectionHandle;
use crate::event::{BurnerId, Connection, Event};
use crate::locks::lock;
use crate::services::Services;
use crate::store::StoredBurner;
use crate::{Error, limits};
use chat::{Chat, Published};
use job::Jobs;

mod chat;
mod expiries;
mod job;
mod messages;
pub(crate) mod registry;
pub(crate) mod summary;
#[cfg(test)]
mod tests;
mod transaction;

/// A burner, with all that is its own. [`transaction`] alone changes what is stored of it, and publishes that.
pub(crate) struct LiveBurner {
    pub(crate) id: BurnerId,
    owner: Owner,
    services: Arc<Services>,
    /// A creation, a burn, a settlement, a connection: one at a time, across waits.
    pub(crate) work: Arc<tokio::sync::Mutex<()>>,
    /// Held by the task that asks its server again by itself.
    pub(crate) asking: tokio::sync::Mutex<()>,
    /// Held by the task that drops its removal after 30 days.
    pub(crate) dropping: tokio::sync::Mutex<()>,
    /// Has that task ask soon.
    pub(crate) hurry: tokio::sync::Notify,
    /// Cancelled as its user cannot wait for its server any more: from then on its removal does not ask it but goes into the queue.
    pub(crate) wiping: CancellationToken,
    jobs: Jobs,
    /// [`transaction`] alone locks it, while a change is on its way to the disk.
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

impl LiveBurner {
    fn new(services: Arc<Services>, stored: StoredBurner, work: Arc<tokio::sync::Mutex<()>>) -> Self {
        let (id, owner) = (BurnerId(stored.account.id.clone()), stored.owner);
        let chat = Chat::new(stored);
        let published = chat.published();
        Self {
            id,
            owner,
            services,
            work,
            asking: tokio::sync::Mutex::default(),
            dropping: tokio::sync::Mutex::default(),
            hurry: tokio::sync::Notify::new(),
            wiping: CancellationToken::new(),
            jobs: Jobs::default(),
            chat: Mutex::new(chat),
            published: Mutex::new(published),
            written: Mutex::default(),
            fingerprint: OnceLock::new(),
            connection: Mutex::default(),
        }
    }

    pub(crate) fn account(&self) -> Arc<Account> {
        Arc::clone(&lock(&self.published).account)
    }

    /// Whether its removal is all that is left of it.
    pub(crate) fn is_queued(&self) -> bool {
        self.account().state == State::Queued
    }

    /// Its mailbox.
    ///
    /// # Errors
    /// [`Error::Unreadable`].
    pub(crate) fn mailbox(&self) -> Result<Arc<Mailbox>, Error> {
        lock(&self.published).mailbox.clone()
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
        let fingerprint = self.account().otr()?.key().ok_or(Error::Internal)?.fingerprint();
        Ok(*self.fingerprint.get_or_init(|| fingerprint.into()))
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
    pub(crate) fn note_written(&self) {
        *lock(&self.written) = self.services.since_boot();
    }

    /// Wakes its connection: there is something to send that its user wants sent.
    pub(crate) fn wake(&self) {
        if let Some(handle) = self.connection() {
            handle.wake();
            if handle.connection().is_online() {
                handle.hurry();
            }
        }
    }

    /// Whether everything that the server had has come: there may be something that uses a session.
    pub(crate) fn has_drained(&self) -> bool {
        self.connection().is_some_and(|handle| handle.connection().is_online() && handle.is_drained())
    }
}
