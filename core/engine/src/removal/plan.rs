//! Removing an account, and looking for one in doubt, without I/O: what is known of it and what has come of an act → the
//! next act.
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
    /// The server has confirmed the removal.
    pub(crate) removed: bool,
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
    /// Store that the server has confirmed the removal.
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
    /// Store that the account stays, as this.
    Stay(State),
    /// Nothing more: the plan has ended.
    End(End),
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
    /// It could not log in.
    Already,
}

/// The end of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) outcome: Outcome,
    /// The server has refused the login: it is to be asked again ten minutes later or more. Without this the next start goes
    /// on.
    pub(crate) again: bool,
}

/// What has become of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The account is gone, and forgotten here.
    Gone(Gone),
    /// The account was removed, and the proof failed for this reason.
    Unproven(Error),
    /// The server could not be asked for this reason, or has refused the login ([`Error::Auth`]).
    Queued(Error),
    /// The server refuses to remove the account: it stays.
    Refused,
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
        if known.state == State::Burning {
            plan.act = plan.ask(now);
        }
        plan
    }

    /// Goes on with what an earlier run, or an attempt that failed, has left behind.
    pub(crate) fn settle(known: Known, now: UnixTime) -> Self {
        match known.state {
            State::Burning => Self::burn(known, now),
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
            (Act::BeginRemoval, Ok(_)) => self.ask(now),
            (Act::LogIn, Ok(_)) => {
                // A refusal before it was the server's fault.
                self.known.refused = None;
                Act::EmptyRoster
            }
            (Act::EmptyRoster, Ok(_)) => Act::Remove,
            (Act::Remove, Ok(_)) => Act::NoteRemoval,
            (Act::NoteRemoval, Ok(_)) => Act::Prove,
            (Act::Prove, Ok(_)) => Act::Forget(Gone::Proven),
            (Act::Forget(gone), Ok(_)) => Act::End(End { outcome: Outcome::Gone(gone), again: false }),
            (Act::NoteRefusal { at }, Ok(_)) => {
                self.known.refused = Some(at);
                self.end(Outcome::Queued(Error::Auth))
            }
            (Act::Stay(state), Ok(_)) => {
                if state == State::Active {
                    self.known.refused = None;
                }
                self.end(Outcome::Refused)
            }
            (Act::LookForIt | Act::LogIn, Err(Error::Auth)) => self.login_was_refused(now),
            // The next start looks again.
            (Act::LookForIt, Err(why)) => Act::End(End { outcome: Outcome::Queued(why), again: false }),
            (Act::LogIn | Act::Remove, Err(Error::ServerRefused)) => self.stay(),
            (Act::LogIn | Act::EmptyRoster | Act::Remove | Act::NoteRemoval, Err(why)) => {
                self.end(Outcome::Queued(why))
            }
            (Act::Prove, Err(why)) => self.end(Outcome::Unproven(why)),
            (_, Err(why)) => self.end(Outcome::Failed(why)),
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
            // Nor does it become a burner where the server refuses to remove it.
            self.known.state = State::Unwanted;
        }
        self.login = Act::LogIn;
        Act::BeginRemoval
    }

    fn login_was_refused(&self, now: UnixTime) -> Act {
        if self.shows_absence {
            return Act::Forget(Gone::Already);
        }
        // A clock that was set back does not put it off.
        let is_first = self.known.refused.is_none_or(|at| now < at);
        if is_first { Act::NoteRefusal { at: now } } else { self.end(Outcome::Queued(Error::Auth)) }
    }

    /// An account that nobody wanted does not become a burner by a refusal.
    fn stay(&self) -> Act {
        Act::Stay(if self.known.state == State::Unwanted { State::Unwanted } else { State::Active })
    }

    const fn end(&self, outcome: Outcome) -> Act {
        Act::End(End { outcome, again: self.known.refused.is_some() })
    }
}

/// Whether the server may be asked again, as enough time has passed since it refused the login. Both in seconds since 1970.
pub(crate) fn may_ask_again(refused: Option<UnixTime>, now: UnixTime) -> bool {
    refused.is_none_or(|at| now >= at.after(limits::REFUSED_AGAIN))
}

#[cfg(test)]
mod tests;
