//! Burners: making them, their words, connecting.

use std::sync::Arc;
use std::time::SystemTime;

use zeroize::{Zeroize as _, Zeroizing};

use super::Engine;
use crate::account::{Expiry, State};
use crate::connection::handle::Ending;
use crate::error::Input;
use crate::event::BurnerId;
use crate::identity::RecoveryWords;
use crate::registration::progress::Told;
use crate::restore::Restore;
use crate::{Answers, Burner, CreateOptions, Creation, Error, Question, QuestionId, Route, registration};

impl Engine {
    /// All accounts that are known, in the order of their creation.
    ///
    /// # Errors
    /// [`Error::VaultLocked`], [`Error::Closed`].
    pub fn burners(&self) -> Result<Vec<Burner>, Error> {
        Ok(self.context.burners.listed()?.iter().map(|burner| Burner::of(&burner.account())).collect())
    }

    /// Whether options make sense and our own cap allows another account: all that can be told without a network.
    ///
    /// # Errors
    /// What [`Engine::create`] would end with at once.
    pub fn check_options(&self, options: &CreateOptions) -> Result<(), Error> {
        self.context.burners.all()?;
        registration::check(&self.context, options)
    }

    /// Makes an account at a random server and shows that it can be reached.
    ///
    /// Dropping the future cancels: it ends at once, and an account that may have been made is removed behind it, or at
    /// the next start if the engine is closed before that is done. [`Engine::suspend`] ends it, too, unless a question is open:
    /// no stream outlives a sleep, so that the question ends, and the server asks another one of a new identity once the app
    /// calls [`Engine::resume`].
    ///
    /// # Errors
    /// The first thing that went wrong; nothing is left that the engine does not know of.
    pub async fn create_burner(&self, options: CreateOptions) -> Result<Burner, Error> {
        let cancel = self.context.tasks.closing.child_token();
        let _cancel_when_dropped = cancel.clone().drop_guard();
        let context = Arc::clone(&self.context);
        let work = async move { registration::create(&context, options, &cancel, &Told::nobody()).await };
        // Not handed over within that: who has gone by then does not get it.
        self.context.tasks.supervised(work).await?.claim().await
    }

    /// [`Engine::create_burner`] as something to hold: it tells how far it is, and can be cancelled.
    #[must_use]
    pub fn create(&self, options: CreateOptions) -> Creation {
        Creation::begin(&self.context, options)
    }

    /// What a server asks of the user, while it is open: [`Snapshot::questions`](crate::Snapshot::questions) has all of them.
    ///
    /// # Errors
    /// [`Error::NoSuchQuestion`].
    pub fn question(&self, id: QuestionId) -> Result<Question, Error> {
        self.context.questions.all().into_iter().find(|question| question.id == id).ok_or(Error::NoSuchQuestion)
    }

    /// Answers what a server asks: the creation goes on.
    ///
    /// # Errors
    /// [`Error::InvalidInput`]: the answers do not fit, and the question stays open. [`Error::NoSuchQuestion`].
    pub fn answer(&self, id: QuestionId, answers: Answers) -> Result<(), Error> {
        self.context.questions.answer(id, answers)
    }

    /// Has the server ask anew, with another picture: this question ends, and another one follows.
    ///
    /// # Errors
    /// [`Error::NoSuchQuestion`].
    pub fn ask_anew(&self, id: QuestionId) -> Result<(), Error> {
        self.context.questions.end(id, true)
    }

    /// Does not answer: the server is given up. A creation that may choose its server goes on elsewhere, another one ends with
    /// [`Error::Declined`]. To give up altogether, drop the creation.
    ///
    /// # Errors
    /// [`Error::NoSuchQuestion`].
    pub fn decline(&self, id: QuestionId) -> Result<(), Error> {
        self.context.questions.end(id, false)
    }

    /// Brings a burner back from its twelve recovery words and the domain of its server: the same address, and the same key for
    /// its peers. Logs in to see that it is there; never registers. Contacts are those that the server knows; conversations
    /// are not kept anywhere but on the phone that had them. `route` as in [`CreateOptions`].
    ///
    /// Dropping the future cancels: nothing is stored before the account has logged in.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] with [`Input::Words`](crate::Input::Words), before any network. [`Error::NoSuchBurner`]: the server knows no such
    /// account. [`Error::AlreadyHere`]. All that keeps a burner from connecting, and storage errors.
    pub async fn restore(&self, words: &str, server: &str, route: Option<Route>) -> Result<Burner, Error> {
        let words =
            RecoveryWords::parse(words).map_err(|fault| Error::InvalidInput { input: Input::Words { fault } })?;
        let (context, server) = (Arc::clone(&self.context), self.context.named_server(server)?);
        let restore = Restore { words, server, route };
        let cancel = self.context.tasks.closing.child_token();
        let _cancel_when_dropped = cancel.clone().drop_guard();
        self.context.tasks.while_awake(async move { restore.run(&context, &cancel).await }).await
    }

    /// Whether a burner has recovery words that were not dropped.
    ///
    /// # Errors
    /// [`Error::NoSuchBurner`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn words_left(&self, id: &BurnerId) -> Result<bool, Error> {
        Ok(self.context.burner(id)?.account().words.is_some())
    }

    /// The recovery words of a burner, until they are dropped; `None` if it has none.
    ///
    /// # Errors
    /// [`Error::NoSuchBurner`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn recovery_words(&self, id: &BurnerId) -> Result<Option<Zeroizing<String>>, Error> {
        Ok(self.context.burner(id)?.account().words.clone())
    }

    /// Forgets the recovery words: the user has written them down, or does not want them.
    ///
    /// # Errors
    /// Storage errors, [`Error::NoSuchBurner`], [`Error::Suspended`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn drop_recovery_words(&self, id: &BurnerId) -> Result<(), Error> {
        self.context.burner(id)?.change(|account| {
            account.words.zeroize();
            account.words = None;
        })
    }

    /// Has a burner burnt by itself at this time, or never: in the background, and as [`Engine::burn`] does. The time is that of the
    /// device's clock: one that is set back does not put it off, and while Tor says that the clock is wrong nothing is burnt by it.
    /// Before Tor runs nobody can say that. Where no engine is awake at that time, it is done once one is.
    /// [`Event::Expiring`] reminds before, [`Event::Expired`] tells that it begins.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] with [`Input::Expiry`]: the time is past. Storage errors, [`Error::NoSuchBurner`], also for one that is
    /// being burnt, [`Error::Suspended`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn set_expiry(&self, id: &BurnerId, at: Option<SystemTime>) -> Result<(), Error> {
        let services = &self.context.services;
        let expiry = at.map(|at| Expiry::parse(at, services.expiry_now())).transpose()?;
        let set = self.context.burner(id)?.change(|account| {
            let is_in_use = account.state == State::Active;
            if is_in_use {
                account.expiry = expiry;
            }
            is_in_use
        })?;
        services.expiry.notify_one();
        if set { Ok(()) } else { Err(Error::NoSuchBurner) }
    }

    /// Has a burner connect, and stay connected through everything that can be waited for; [`Event::Connection`] tells
    /// how it goes. Where there are several burners it begins at a random moment within 5 seconds. One that waits by itself is
    /// hurried so: it is for the burner that a user looks at.
    ///
    /// # Errors
    /// Storage errors, [`Error::NoSuchBurner`], [`Error::TorNotStarted`], [`Error::Suspended`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn connect(&self, id: &BurnerId) -> Result<(), Error> {
        let burner = self.context.burner(id)?;
        if burner.account().state != State::Active {
            return Err(Error::NoSuchBurner);
        }
        self.context.services.store.check_awake()?;
        if !self.context.tor.can_dial() {
            return Err(Error::TorNotStarted);
        }
        burner.change(|account| account.wanted = true)?;
        self.context.pick_up(&burner, true, self.context.soon())
    }

    /// Has those burners connect that were to stay connected when the last process ended, each at a random moment: see
    /// [`Engine::set_spread`]. Where one may be connected at a time it is one of them.
    ///
    /// # Errors
    /// [`Error::TorNotStarted`], [`Error::Suspended`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn reconnect(&self) -> Result<(), Error> {
        self.context.services.store.check_awake()?;
        if !self.context.tor.can_dial() {
            return Err(Error::TorNotStarted);
        }
        self.context.pick_up_wanted()
    }

    /// Ends a burner's connection. Its server keeps what comes, for as long as it does that.
    ///
    /// # Errors
    /// Storage errors and [`Error::Suspended`]: it is ended, and another process may connect it.
    /// [`Error::NoSuchBurner`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn disconnect(&self, id: &BurnerId) -> Result<(), Error> {
        let burner = self.context.burner(id)?;
        self.context.hang_up(&burner, Ending::Goodbye);
        burner.change(|account| account.wanted = false)
    }
}
