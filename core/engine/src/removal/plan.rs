//! Removing an account, and looking for one in doubt, without I/O: what is known of it and what has come of an act → the
//! next act.
//!
//! Where its server refuses to remove it, the account gets a password that nobody keeps. Where its server cannot be asked, or
//! nothing is shown, its removal goes into the queue, and all else of it goes.
//!
//! A refused login alone shows little: a server with a broken password check refuses everybody. It shows that there is no
//! account if the server has confirmed the removal before, or if it is the second refusal: ten minutes after the first, or
//! more, and by other circuits.

use flashpaper_chat::UnixTime;

use crate::account::State;
use crate::{Error, limits};

/// What is known of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) state: State,
    /// The server has confirmed the removal, or the change of the password.
    pub(crate) removed: bool,
    /// The server has refused to remove it.
    pub(crate) denied: bool,
    /// When the server refused the login for the first time.
    pub(crate) refused: Option<UnixTime>,
}

/// What is to be done now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Have the account's next streams share no circuit with those before.
    RenewCircuits,
    /// See whether the account can log in, have its server keep no archive, and end the stream. An account that was to become a
    /// burner is tried out, as the creation would have done.
    LookForIt,
    /// Store that the account exists and is wanted.
    Keep,
    /// Store that the account has to go.
    BeginRemoval,
    /// Log in to remove the account.
    LogIn,
    /// Take all contacts off the server's list.
    EmptyRoster,
    /// Remove the account (XEP-0077, section 3.2).
    Remove,
    /// Store that the server has refused to remove the account.
    NoteDenial,
    /// Give the account a password that nobody keeps (XEP-0077, section 3.3).
    ChangePassword,
    /// Store that the server has confirmed the removal, or the change of the password.
    NoteRemoval,
    /// Show that the same login is refused on a new stream.
    Prove,
    /// Forget the account here.
    Forget(Gone),
    /// Store that the login was refused for the first time.
    NoteRefusal {
        /// When.
        at: UnixTime,
    },
    /// Put the removal into the queue, and forget all else of the account. This is the plan's end then.
    Queue(Outcome),
    /// Nothing more: the plan has ended.
    End(End),
}

impl Act {
    /// Whether it waits for the account's server.
    pub(crate) const fn asks_the_server(&self) -> bool {
        use Act::{ChangePassword, EmptyRoster, LogIn, LookForIt, Prove, Remove};
        matches!(self, LookForIt | LogIn | EmptyRoster | Remove | ChangePassword | Prove)
    }
}

/// What an act has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// The act is done.
    Done,
    /// The account had as many new circuits as it may have within an hour.
    NoNewCircuits,
    /// The account is there, and its user could not use it.
    OfNoUse,
}

/// How it was shown that an account is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    /// It could log in, was removed, and could not log in then.
    Proven,
    /// It could log in, was given a password that nobody keeps, and could not log in then.
    Disabled,
    /// It could not log in.
    Already,
}

/// The end of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) outcome: Outcome,
    /// The server is to be asked again ten minutes later or more: it has refused the login, or the removal is in the queue. Without
    /// this the next start goes on.
    pub(crate) again: bool,
}

/// What has become of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The account is gone, and forgotten here.
    Gone(Gone),
    /// The account was removed, and the proof failed for this reason; or the server neither removes it nor takes another password
    /// ([`Error::ServerRefused`]).
    Unproven(Error),
    /// The server could not be asked for this reason, or has refused the login ([`Error::Auth`]).
    Queued(Error),
    /// The account exists and is wanted.
    Kept,
    /// The store failed.
    Failed(Error),
}

/// The removal of an account, or the search for one in doubt.
#[derive(Debug)]
pub(crate) struct Plan {
    known: Known,
    /// The login that comes next: [`Act::LookForIt`] or [`Act::LogIn`].
    login: Act,
    /// A refused login shows that there is no account.
    shows_absence: bool,
    act: Act,
}

impl Plan {
    /// Removes an account.
    pub(crate) fn burn(known: Known, now: UnixTime) -> Self {
        let mut plan = Self { known, login: Act::LogIn, shows_absence: known.removed, act: Act::BeginRemoval };
        if matches!(known.state, State::Burning | State::Queued) {
            plan.act = plan.ask(now);
        }
        plan
    }

    /// Goes on with what an earlier run, or an attempt that failed, has left behind.
    pub(crate) fn settle(known: Known, now: UnixTime) -> Self {
        match known.state {
            State::Burning | State::Queued => Self::burn(known, now),
            State::Active => {
                let act = Act::End(End { outcome: Outcome::Kept, again: false });
                Self { known, login: Act::LookForIt, shows_absence: false, act }
            }
            State::Pending | State::Unwanted => {
                let login = Act::LookForIt;
                let mut plan = Self { known, login: login.clone(), shows_absence: known.removed, act: login };
                plan.act = plan.ask(now);
                plan
            }
        }
    }

    /// Takes what has come of the act, and decides on the next.
    pub(crate) fn next(&mut self, came: Result<Found, Error>, now: UnixTime) {
        self.act = match (self.act.clone(), came) {
            (Act::RenewCircuits, Ok(found)) => {
                self.shows_absence = found == Found::Done;
                self.login.clone()
            }
            (Act::LookForIt, Ok(found)) => self.exists(found),
            (Act::Keep, Ok(_)) => self.end(Outcome::Kept),
            (Act::BeginRemoval, Ok(_)) => {
                self.known.state = State::Burning;
                self.ask(now)
            }
            (Act::LogIn, Ok(_)) => {
                // A refusal before it was the server's fault.
                self.known.refused = None;
                Act::EmptyRoster
            }
            (Act::EmptyRoster, Ok(_)) if self.known.denied => Act::ChangePassword,
            (Act::EmptyRoster, Ok(_)) => Act::Remove,
            (Act::Remove | Act::ChangePassword, Ok(_)) => Act::NoteRemoval,
            (Act::NoteRemoval, Ok(_)) => Act::Prove,
            (Act::Prove, Ok(_)) => Act::Forget(self.gone(Gone::Proven)),
            (Act::Forget(gone), Ok(_)) => Act::End(End { outcome: Outcome::Gone(gone), again: false }),
            (Act::NoteDenial, Ok(_)) => {
                self.known.denied = true;
                // The stream on which it was refused has ended.
                Act::LogIn
            }
            (Act::NoteRefusal { at }, Ok(_)) => {
                self.known.refused = Some(at);
                self.end(Outcome::Queued(Error::Auth))
            }
            (Act::Queue(outcome), Ok(_)) => self.last(outcome),
            (Act::LookForIt | Act::LogIn, Err(Error::Auth)) => self.login_was_refused(now),
            // The next start looks again.
            (Act::LookForIt, Err(why)) => Act::End(End { outcome: Outcome::Queued(why), again: false }),
            (Act::Remove, Err(Error::ServerRefused)) => Act::NoteDenial,
            (Act::ChangePassword, Err(why @ Error::ServerRefused)) => self.end(Outcome::Unproven(why)),
            (Act::LogIn | Act::EmptyRoster | Act::Remove | Act::ChangePassword, Err(why)) => {
                self.end(Outcome::Queued(why))
            }
            (Act::Prove, Err(why)) => self.end(Outcome::Unproven(why)),
            (_, Err(why)) => self.last(Outcome::Failed(why)),
            (end @ Act::End(_), Ok(_)) => end,
        };
    }

    /// What is to be done now.
    pub(crate) const fn act(&self) -> &Act {
        &self.act
    }

    /// The login that comes next, on new circuits where it may be the second that is refused.
    fn ask(&self, now: UnixTime) -> Act {
        let Known { removed, refused, .. } = self.known;
        let may_be_second = refused.is_some() && may_ask_again(refused, now);
        if may_be_second && !removed { Act::RenewCircuits } else { self.login.clone() }
    }

    /// The account in doubt exists. Where only the process's death kept it from being finished, it is what the user asked for,
    /// unless it is of no use.
    fn exists(&mut self, found: Found) -> Act {
        // A refusal before it was the server's fault, and the next one is the first again.
        (self.known.refused, self.shows_absence) = (None, self.known.removed);
        if self.known.state == State::Pending {
            if found != Found::OfNoUse {
                return Act::Keep;
            }
            self.known.state = State::Unwanted;
        }
        self.login = Act::LogIn;
        Act::BeginRemoval
    }

    fn login_was_refused(&self, now: UnixTime) -> Act {
        if self.shows_absence {
            // One that was denied, and never confirmed, had the password that it has.
            return Act::Forget(if self.known.removed { self.gone(Gone::Already) } else { Gone::Already });
        }
        // A clock that was set back does not put it off.
        let is_first = self.known.refused.is_none_or(|at| now < at);
        if is_first { Act::NoteRefusal { at: now } } else { self.end(Outcome::Queued(Error::Auth)) }
    }

    /// How it is gone, where the server has confirmed what it was asked for.
    const fn gone(&self, removed: Gone) -> Gone {
        if self.known.denied { Gone::Disabled } else { removed }
    }

    /// A burner is not kept for as long as its server cannot be asked. An account in doubt may be wanted, and has nothing to keep.
    fn end(&self, outcome: Outcome) -> Act {
        if self.known.state == State::Burning { Act::Queue(outcome) } else { self.last(outcome) }
    }

    fn last(&self, outcome: Outcome) -> Act {
        let is_queued = matches!(self.known.state, State::Burning | State::Queued);
        let is_left = is_queued && matches!(outcome, Outcome::Unproven(_) | Outcome::Queued(_));
        Act::End(End { again: is_left || self.known.refused.is_some(), outcome })
    }
}

/// Whether the server may be asked again, as enough time has passed since it refused the login. Both in seconds since 1970.
pub(crate) fn may_ask_again(refused: Option<UnixTime>, now: UnixTime) -> bool {
    refused.is_none_or(|at| now >= at.after(limits::REFUSED_AGAIN))
}

#[cfg(test)]
mod tests;
