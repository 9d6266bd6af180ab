//! A burner's account and conversations in memory.

use std::sync::Arc;

use flashpaper_chat::{Glance, Mailbox, Sessions};
use flashpaper_otr::InstanceTag;

use super::expiries::Expiries;
use crate::Error;
use crate::account::Account;
use crate::store::StoredBurner;
use crate::store::history::Lists;

/// A burner's account and conversations.
pub(super) struct Chat {
    pub(super) account: Arc<Account>,
    /// Or why it cannot be read.
    pub(super) mailbox: Result<Kept, Error>,
    pub(super) sessions: Option<Sessions>,
    pub(super) expiries: Expiries,
    /// How far history is listed by peer.
    pub(super) lists: Lists,
}

/// A mailbox.
#[derive(Clone)]
pub(super) struct Kept {
    /// As it is on disk.
    pub(super) stored: Arc<Mailbox>,
    /// As it is: ahead of that, as far as the loss of it does no harm.
    pub(super) present: Arc<Mailbox>,
}

/// What others look at while a change is on its way to the disk.
pub(super) struct Published {
    pub(super) account: Arc<Account>,
    /// Or why it cannot be read.
    pub(super) mailbox: Result<Arc<Mailbox>, Error>,
    /// What is not stored of its conversations.
    pub(super) glance: Arc<Glance>,
}

impl Chat {
    pub(super) fn new(StoredBurner { account, mailbox, .. }: StoredBurner) -> Self {
        Self {
            account: Arc::new(account),
            mailbox: mailbox.map(Kept::on_disk),
            sessions: None,
            expiries: Expiries::default(),
            lists: Lists::default(),
        }
    }

    pub(super) fn published(&self) -> Published {
        Published {
            account: Arc::clone(&self.account),
            mailbox: self.mailbox.as_ref().map(|kept| Arc::clone(&kept.present)).map_err(Error::clone),
            glance: Arc::new(self.sessions.as_ref().map(Sessions::glance).unwrap_or_default()),
        }
    }

    /// The sessions, which are made when they are needed first.
    pub(super) fn sessions(&mut self) -> Result<&mut Sessions, Error> {
        let sessions = match self.sessions.take() {
            Some(sessions) => sessions,
            None => {
                let key = Arc::new(self.account.otr()?.key().ok_or(Error::Internal)?);
                Sessions::new(key, InstanceTag(self.account.tag))
            }
        };
        let sessions = self.sessions.insert(sessions);
        sessions.set_version_3_only(self.account.version_3_only);
        Ok(sessions)
    }
}

impl Kept {
    pub(super) fn on_disk(mailbox: Mailbox) -> Self {
        let mailbox = Arc::new(mailbox);
        Self { stored: Arc::clone(&mailbox), present: mailbox }
    }
}
