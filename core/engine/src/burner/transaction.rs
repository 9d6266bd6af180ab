//! A change of a burner: made, on disk, and then reported; or not at all.
//!
//! Changes that wait for each other are one commit. A call may take as long as the disk does. Asynchronous code calls the functions
//! that end in `_on_disk`, which wait on another thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flashpaper_chat::{Changed, Entry, History, Mailbox, MessageId, News, PeerId, Talk, UnixTime, retention};
use flashpaper_vault::{Batch, End};
use zeroize::Zeroize as _;

use super::LiveBurner;
use super::chat::{Chat, Kept};
use super::expiries::Expiries;
use super::job::{Leading, Work};
use crate::Error;
use crate::account::Account;
use crate::event::{BurnerId, Event};
use crate::locks::lock;
use crate::stack::leaving_no_callers_stack;
use crate::store::{StoredBurner, history, schema};
use crate::tasks::blocking;

/// How many messages of history are looked at in one go.
const PAGE: usize = 1024;

impl LiveBurner {
    /// Does something with the conversations. On return it is on disk, what is done and not to be kept is gone, and what has
    /// changed is reported.
    pub(crate) fn converse<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Talk<'_>) -> T + Send + 'static,
    ) -> Result<T, Error> {
        self.converse_along(Duration::ZERO, work)
    }

    /// [`LiveBurner::converse`], but waits for so long at most for another thread to do it along with a change of its own.
    pub(crate) fn converse_along<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl FnOnce(&mut Talk<'_>) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let result = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&result);
        let outcome = self.jobs.add(Box::new(move |talk| *lock(&slot) = Some(work(talk))));
        if !patience.is_zero() {
            self.wake();
            outcome.wait(patience);
        }
        if let Some(leading) = self.jobs.lead(&outcome) {
            self.carry_out(leading);
        }
        outcome.result().unwrap_or(Err(Error::Internal))?;
        lock(&result).take().ok_or(Error::Internal)
    }

    /// [`LiveBurner::converse`] on a thread that may wait.
    pub(crate) async fn converse_on_disk<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Talk<'_>) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let burner = Arc::clone(self);
        blocking(move || burner.converse(work)).await
    }

    /// Whether something waits to be done with the conversations.
    pub(crate) fn has_jobs(&self) -> bool {
        self.jobs.are_waiting()
    }

    /// Carries out all that waits to be done. What comes meanwhile gathers.
    fn carry_out(&self, mut leading: Leading<'_>) {
        let mut chat = lock(&self.chat);
        let work = leading.take();
        let commit = || catch_unwind(AssertUnwindSafe(|| self.commit(&mut chat, work)));
        let committed = leaving_no_callers_stack(commit);
        let committed = committed.unwrap_or(Err(Error::Internal));
        if committed.is_err() {
            // They may be ahead of what is stored.
            chat.lists = history::Lists::default();
            if let Some(sessions) = &mut chat.sessions {
                sessions.forget();
            }
        }
        self.publish(&chat);
        // Reported before anybody else changes the same.
        let result = committed.map(|(events, is_written)| {
            events.into_iter().for_each(|event| self.services.reporter.report(event));
            // Expiry itself comes by here: what it cannot end yet must not wake it.
            if is_written {
                self.services.expiry.notify_one();
                self.services.reporter.changed();
            }
        });
        drop(chat);
        leading.end(&result);
    }

    /// Gives what is to be reported, and whether something was written.
    fn commit(&self, chat: &mut Chat, work: Vec<Work>) -> Result<(Vec<Event>, bool), Error> {
        let services = &self.services;
        let Kept { stored, present } = chat.mailbox.clone()?;
        let (timeout, history) = (chat.account.idle_timeout, chat.account.history);
        let mut mailbox = Mailbox::clone(&present);
        let times = (services.now(), services.since_boot());
        let mut talk = Talk::new(&mut mailbox, chat.sessions()?, services.rng(), times, timeout);
        work.into_iter().for_each(|work| work(&mut talk));
        let news = talk.end();
        let events = events_of(&self.id, &mailbox, &news);
        let kept = retention::sweep(&mut mailbox, history, services.expiry_now());
        let mut batch = Batch::default();
        schema::put_changes(&mut batch, self.owner, &stored, &mailbox)?;
        history::put(&mut batch, self.owner, &kept, &mut chat.lists)?;
        let is_written = !batch.is_empty();
        services.store.commit(batch)?;
        for (message, entry) in &kept {
            retention::expires(entry, history).into_iter().for_each(|at| chat.expiries.add(*message, at));
        }
        chat.mailbox = Ok(Kept::on_disk(mailbox));
        Ok((events, is_written))
    }

    /// Changes the mailbox in memory, and has that written with the next change: what the server would say again if the
    /// process died before. Gives whether there was something to tell.
    pub(crate) fn change_later(&self, change: impl FnOnce(&mut Mailbox) -> Changed) -> Result<bool, Error> {
        let mut chat = lock(&self.chat);
        let Kept { stored, present } = chat.mailbox.clone()?;
        let mut mailbox = Mailbox::clone(&present);
        let news = News { messages: change(&mut mailbox), ..News::default() };
        let events = events_of(&self.id, &mailbox, &news);
        chat.mailbox = Ok(Kept { stored, present: Arc::new(mailbox) });
        self.publish(&chat);
        let is_news = !events.is_empty();
        events.into_iter().for_each(|event| self.services.reporter.report(event));
        Ok(is_news)
    }

    /// Writes what was to be written with the next change: there may be none.
    pub(crate) fn write_rest(&self) -> Result<(), Error> {
        let is_behind = |kept: &Kept| !Arc::ptr_eq(&kept.stored, &kept.present);
        if lock(&self.chat).mailbox.as_ref().is_ok_and(is_behind) { self.converse(|_| ()) } else { Ok(()) }
    }

    /// Changes the account; on return that is on disk.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Account) -> T) -> Result<T, Error> {
        let mut chat = lock(&self.chat);
        let mut account = Account::clone(&chat.account);
        let result = change(&mut account);
        if account != *chat.account {
            let mut batch = Batch::default();
            schema::put_account(&mut batch, self.owner, &account)?;
            self.services.store.commit(batch)?;
            (chat.account, chat.expiries) = (Arc::new(account), Expiries::default());
            self.publish(&chat);
            self.services.expiry.notify_one();
            self.services.reporter.changed();
        }
        Ok(result)
    }

    /// [`LiveBurner::change`] on a thread that may wait.
    pub(crate) async fn change_on_disk<T: Send + 'static>(
        self: &Arc<Self>,
        change: impl FnOnce(&mut Account) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let burner = Arc::clone(self);
        blocking(move || burner.change(change)).await
    }

    /// Takes sessions and keys out of memory: they come from the store when they are needed again.
    pub(super) fn forget_sessions(&self) {
        let mut chat = lock(&self.chat);
        chat.sessions = None;
        self.publish(&chat);
    }

    /// Takes all of it out of memory for good, unless a change is on its way to the disk: then it goes with the work that waits
    /// for that.
    pub(crate) fn wipe(&self) {
        if let Ok(mut chat) = self.chat.try_lock() {
            let mut account = Account::clone(&chat.account);
            account.zeroize();
            (chat.account, chat.mailbox, chat.sessions) = (Arc::new(account), Err(Error::Closed), None);
            self.publish(&chat);
        }
    }

    /// Takes over what was read again.
    pub(super) fn replace(&self, stored: StoredBurner) {
        let mut chat = lock(&self.chat);
        *chat = Chat::new(stored);
        self.publish(&chat);
    }

    fn publish(&self, chat: &Chat) {
        *lock(&self.published) = chat.published();
    }

    /// A page of history: at most so many messages before this one, with one peer or all, the last first.
    pub(crate) fn history(
        &self,
        with: Option<PeerId>,
        before: MessageId,
        limit: usize,
    ) -> Result<Vec<(MessageId, Entry)>, Error> {
        self.services.with_store(|store| match with {
            Some(peer) => store.history_with(self.owner, peer, before, limit),
            None => store.history(self.owner, (0..before.into(), End::Last), limit),
        })
    }

    /// Forgets messages of history that have expired by `now`; gives when the next does, if one does.
    pub(crate) fn forget_history(&self, now: UnixTime) -> Result<Option<UnixTime>, Error> {
        loop {
            let mut chat = lock(&self.chat);
            let Some(numbers) = chat.expiries.due(now) else { return Ok(chat.expiries.next()) };
            let (from, kept_for) = (numbers.start, chat.account.history);
            let mut page = self.services.with_store(|store| store.history(self.owner, (numbers, End::First), PAGE))?;
            // Where there may be more, up to a whole block: then a list by peer has nothing elsewhere.
            let up_to = page.last().filter(|_| page.len() == PAGE).map(|(last, _)| history::block_start(*last));
            page.retain(|(message, _)| up_to.is_none_or(|up_to| u64::from(*message) < up_to));
            let expires = |entry: &Entry| retention::expires(entry, kept_for);
            let (expired, left): (Vec<_>, Vec<_>) =
                page.into_iter().partition(|(_, entry)| expires(entry).is_some_and(|at| at <= now));
            if !expired.is_empty() {
                self.forget(&mut chat, &expired, &left, now)?;
            }
            chat.expiries.looked_through(from, up_to, left.iter().filter_map(|(_, entry)| expires(entry)).min());
        }
    }
}

impl LiveBurner {
    /// Forgets one message of history, if it is there.
    pub(crate) fn forget_kept(&self, message: MessageId, now: UnixTime) -> Result<(), Error> {
        let mut chat = lock(&self.chat);
        if chat.account.history == History::None {
            return Ok(());
        }
        let numbers = (history::block_of(message), End::First);
        let block = self.services.with_store(|store| store.history(self.owner, numbers, usize::MAX))?;
        let (gone, left): (Vec<_>, Vec<_>) = block.into_iter().partition(|(of, _)| *of == message);
        if gone.is_empty() { Ok(()) } else { self.forget(&mut chat, &gone, &left, now) }
    }

    /// Takes messages out of history. `left`: the others of their blocks.
    fn forget(
        &self,
        chat: &mut Chat,
        gone: &[(MessageId, Entry)],
        left: &[(MessageId, Entry)],
        now: UnixTime,
    ) -> Result<(), Error> {
        let Kept { stored, present } = chat.mailbox.clone()?;
        let mut mailbox = Mailbox::clone(&present);
        let mut batch = Batch::default();
        gone.iter().for_each(|(_, entry)| retention::forgotten(&mut mailbox, entry, now));
        history::remove(&mut batch, self.owner, gone, left);
        chat.lists = history::Lists::default();
        schema::put_changes(&mut batch, self.owner, &stored, &mailbox)?;
        self.services.store.commit(batch)?;
        chat.mailbox = Ok(Kept::on_disk(mailbox));
        self.publish(chat);
        self.services.reporter.changed();
        Ok(())
    }
}

fn events_of(id: &BurnerId, mailbox: &Mailbox, news: &News) -> Vec<Event> {
    let burner = || id.clone();
    let peer = |row: &PeerId| mailbox.jid(*row);
    let messages = news.messages.iter().map(|(message, state)| Event::Message {
        burner: burner(),
        message: *message,
        state: *state,
    });
    let conversations = news.conversations.iter().map(|row| Event::Conversation { burner: burner(), peer: peer(row) });
    let comparisons = news.comparisons.iter().map(|(row, comparison)| Event::Comparison {
        burner: burner(),
        peer: peer(row),
        comparison: comparison.clone(),
    });
    let notices = news.notices.iter().map(|(row, notice)| Event::Notice {
        burner: burner(),
        peer: peer(row),
        notice: notice.clone(),
    });
    conversations.chain(comparisons).chain(notices).chain(messages).collect()
}
