//! Making an account, without I/O: what has come of an act → the next act.
//!
//! A [`Plan`] is one attempt: one identity, which is stored already, at one server. `choice` says what comes after it.

use flashpaper_xmpp::RegisterError;

use crate::Error;

/// What is to be done now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Open a stream to the server on circuits of the identity's own.
    OpenStream,
    /// Show the server an invitation, where there is one.
    ShowInvitation,
    /// Ask which fields a registration needs (XEP-0077, section 3.1).
    AskForForm,
    /// Do what the form wants: fetch its pictures, look for a proof of work, ask the user.
    FillForm,
    /// Send the form with name and password: from here on there may be an account.
    SendForm,
    /// Log in on the same stream.
    LogIn,
    /// See whether stanzas come to the account, and whether it may write to others; have the server keep no archive of messages.
    TryOut,
    /// End the stream in order.
    CloseStream {
        /// What is known of the account.
        use_: Use,
    },
    /// Hand the account over to the caller: it can be used.
    HandOver,
    /// Give this identity up.
    GiveUp {
        /// What the caller is told.
        why: Error,
        /// There may be an account, which has to be removed at the server. Where there is none, the identity is forgotten.
        may_exist: bool,
    },
}

/// Of what use an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Full,
    /// The ping did not come back.
    Unreachable,
    /// It can write to nobody.
    Quarantined,
}

/// What an act has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// The act is done. There was nothing to find.
    Done,
    /// The stream is open, with a certificate that was checked.
    Stream {
        /// The server offers a login that keeps the password secret (SCRAM).
        safe_login: bool,
    },
    /// Another picture is wanted: the form is to be asked for again.
    Another,
    /// The login has succeeded.
    Session {
        /// The server offers stream management (XEP-0198).
        safe_delivery: bool,
    },
    /// The account was tried out.
    Account(Use),
}

/// Why an act has failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A question about the registration was refused, or its answer was lost.
    Registration(RegisterError),
    /// Everything else. A time that ran out is among it.
    Other(Error),
}

impl From<RegisterError> for Failure {
    fn from(error: RegisterError) -> Self {
        Self::Registration(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// One attempt to make an account.
#[derive(Debug)]
pub(crate) struct Plan {
    act: Act,
    cancelled: bool,
}

impl Plan {
    /// An attempt with an identity that no server has seen.
    pub(crate) const fn new() -> Self {
        Self { act: Act::OpenStream, cancelled: false }
    }

    /// Takes what has come of the act, and decides on the next.
    pub(crate) fn next(&mut self, came: Result<Found, Failure>) {
        let may_exist = self.may_exist();
        let give_up = |why| Act::GiveUp { why, may_exist };
        let next = match (&self.act, came) {
            (Act::OpenStream, Ok(Found::Stream { safe_login: true })) => Act::ShowInvitation,
            // A registration tells the password: an account of no use is not worth that, and could not be removed.
            (Act::OpenStream, Ok(Found::Stream { safe_login: false })) => give_up(Error::NoSafeLogin),
            (Act::ShowInvitation, Ok(Found::Done)) | (Act::FillForm, Ok(Found::Another)) => Act::AskForForm,
            (Act::AskForForm, Ok(Found::Done)) => Act::FillForm,
            (Act::FillForm, Ok(Found::Done)) => Act::SendForm,
            (Act::SendForm, Ok(Found::Done)) => Act::LogIn,
            // After a refusal there is no account. After a fault of the server, or a lost answer, there may be one.
            (Act::SendForm, Err(Failure::Registration(refusal))) => {
                Act::GiveUp { may_exist: refusal.leaves_doubt(), why: refusal.into() }
            }
            (Act::LogIn, Ok(Found::Session { safe_delivery: true })) => Act::TryOut,
            (Act::LogIn, Ok(Found::Session { safe_delivery: false })) => give_up(Error::NoSafeDelivery),
            (Act::TryOut, Ok(Found::Account(use_))) => Act::CloseStream { use_ },
            (Act::CloseStream { use_: Use::Full }, Ok(Found::Done)) => Act::HandOver,
            (Act::CloseStream { use_: Use::Unreachable }, Ok(Found::Done)) => give_up(Error::ServerRefused),
            (Act::CloseStream { use_: Use::Quarantined }, Ok(Found::Done)) => give_up(Error::Quarantined),
            (_, Err(Failure::Registration(error))) => give_up(error.into()),
            (_, Err(Failure::Other(error))) => give_up(error),
            // An act that finds what belongs to another.
            (_, Ok(_)) => give_up(Error::Internal),
        };
        self.act = match next {
            Act::HandOver if self.cancelled => Act::GiveUp { why: Error::Cancelled, may_exist: true },
            Act::GiveUp { may_exist, .. } if self.cancelled => Act::GiveUp { why: Error::Cancelled, may_exist },
            next => next,
        };
    }

    /// The caller does not want the account any more, and there may be one: the plan goes on, as only the server's answers tell
    /// whether there is something to remove, and gives up in the end.
    pub(crate) const fn cancel(&mut self) {
        self.cancelled = true;
    }

    /// What is to be done now, or is being done.
    pub(crate) const fn act(&self) -> &Act {
        &self.act
    }

    pub(crate) const fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    /// Whether there may be an account at the server while the act is under way. Where there cannot be one, an act can be
    /// dropped at any moment.
    pub(crate) const fn may_exist(&self) -> bool {
        match self.act {
            Act::OpenStream | Act::ShowInvitation | Act::AskForForm | Act::FillForm => false,
            Act::GiveUp { may_exist, .. } => may_exist,
            Act::SendForm | Act::LogIn | Act::TryOut | Act::CloseStream { .. } | Act::HandOver => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use flashpaper_xmpp::registration::Fault;

    use super::*;
    use crate::FormFault;

    const STREAM: Found = Found::Stream { safe_login: true };
    const SESSION: Found = Found::Session { safe_delivery: true };
    const OF_USE: Found = Found::Account(Use::Full);

    /// Each act of an attempt that succeeds, what it finds, and whether there may be an account meanwhile.
    const WAY: [(Act, Found, bool); 8] = [
        (Act::OpenStream, STREAM, false),
        (Act::ShowInvitation, Found::Done, false),
        (Act::AskForForm, Found::Done, false),
        (Act::FillForm, Found::Done, false),
        (Act::SendForm, Found::Done, true),
        (Act::LogIn, SESSION, true),
        (Act::TryOut, OF_USE, true),
        (Act::CloseStream { use_: Use::Full }, Found::Done, true),
    ];

    /// A plan after so many acts that succeeded.
    fn after(acts: usize) -> Plan {
        let mut plan = Plan::new();
        WAY[..acts].iter().for_each(|(_, found, _)| plan.next(Ok(*found)));
        plan
    }

    fn given_up(why: Error, may_exist: bool) -> Act {
        Act::GiveUp { why, may_exist }
    }

    /// What a plan at an act makes of what came of it.
    fn then(mut plan: Plan, came: Result<Found, Failure>) -> Act {
        plan.next(came);
        plan.act
    }

    fn position(act: &Act) -> usize {
        WAY.iter().position(|(of_way, ..)| of_way == act).unwrap()
    }

    #[test]
    fn an_account_is_made_step_by_step() {
        for (index, (act, _, may_exist)) in WAY.iter().enumerate() {
            let plan = after(index);
            assert_eq!((plan.act(), plan.may_exist(), plan.is_cancelled()), (act, *may_exist, false));
        }
        let plan = after(WAY.len());
        // Until the caller has it, it is not handed over.
        assert_eq!((plan.act(), plan.may_exist()), (&Act::HandOver, true));
    }

    #[test]
    fn whatever_fails_ends_the_attempt_and_nothing_can_exist_before_the_form_is_sent() {
        for (index, (_, _, may_exist)) in WAY.iter().enumerate() {
            for why in [Error::Timeout, Error::ServerUnreachable, Error::TorBlocked, Error::Auth, Error::StorageFull] {
                assert_eq!(then(after(index), Err(why.clone().into())), given_up(why, *may_exist), "at {index}");
            }
        }
    }

    #[test]
    fn a_server_that_asks_for_more_than_a_form_can_say_sees_no_identity() {
        let form = position(&Act::AskForForm);
        for (refusal, why) in [
            (RegisterError::Closed, Error::RegistrationClosed),
            (Fault::Unanswerable.into(), Error::Unanswerable { fault: FormFault::Kind }),
            (RegisterError::NeedsWeb { url: "page".into() }, Error::NeedsWeb { page: "page".to_owned().into() }),
            (RegisterError::RateLimited, Error::RateLimited { retry_after: None }),
            (RegisterError::Failed, Error::ServerFailed),
            (Fault::NoRegistration.into(), Error::ServerBroken),
            (RegisterError::Lost, Error::ServerUnreachable),
        ] {
            assert_eq!(then(after(form), Err(refusal.into())), given_up(why, false));
        }
    }

    #[test]
    fn a_form_that_is_refused_makes_no_account_and_one_that_is_answered_by_a_fault_or_not_at_all_may_have() {
        let sent = position(&Act::SendForm);
        for (refusal, why, may_exist) in [
            (RegisterError::NameTaken, Error::NamesTaken, false),
            (RegisterError::Closed, Error::RegistrationClosed, false),
            (RegisterError::RateLimited, Error::RateLimited { retry_after: None }, false),
            (RegisterError::PolicyDenied, Error::PolicyDenied, false),
            (RegisterError::NeedsInvite, Error::NeedsInvite, false),
            (RegisterError::BadAnswer, Error::BadAnswer, false),
            (RegisterError::WeakPassword, Error::WeakPassword, false),
            (RegisterError::Failed, Error::ServerFailed, true),
            (Fault::Refused.into(), Error::ServerRefused, true),
            (RegisterError::Lost, Error::ServerUnreachable, true),
        ] {
            assert_eq!(then(after(sent), Err(refusal.into())), given_up(why, may_exist));
        }
        assert_eq!(then(after(sent), Err(Error::Timeout.into())), given_up(Error::Timeout, true));
    }

    #[test]
    fn a_server_of_no_use_is_told_no_password_where_that_can_be_seen_before() {
        let unsafe_login = then(after(0), Ok(Found::Stream { safe_login: false }));
        assert_eq!(unsafe_login, given_up(Error::NoSafeLogin, false));
        let unsafe_delivery = then(after(position(&Act::LogIn)), Ok(Found::Session { safe_delivery: false }));
        assert_eq!(unsafe_delivery, given_up(Error::NoSafeDelivery, true));
    }

    #[test]
    fn an_account_of_no_use_ends_its_stream_in_order_and_is_given_up() {
        for (use_, why) in [(Use::Unreachable, Error::ServerRefused), (Use::Quarantined, Error::Quarantined)] {
            let mut plan = after(position(&Act::TryOut));
            plan.next(Ok(Found::Account(use_)));
            assert_eq!(plan.act(), &Act::CloseStream { use_ });
            assert_eq!(then(plan, Ok(Found::Done)), given_up(why, true));
        }
    }

    #[test]
    fn another_picture_is_another_form() {
        assert_eq!(then(after(position(&Act::FillForm)), Ok(Found::Another)), Act::AskForForm);
    }

    #[test]
    fn a_cancel_before_the_form_ends_at_once_and_a_later_one_once_the_server_has_answered() {
        for (index, (_, found, may_exist)) in WAY.iter().enumerate() {
            if !may_exist {
                // The act is dropped.
                let end = then(after(index), Err(Error::Cancelled.into()));
                assert_eq!(end, given_up(Error::Cancelled, false), "at {index}");
                continue;
            }
            let cancelled = || {
                let mut plan = after(index);
                plan.cancel();
                plan
            };
            // It goes on as far as it would have, or as it can.
            let mut plan = cancelled();
            assert_eq!((plan.act(), plan.is_cancelled()), (&WAY[index].0, true));
            plan.next(Ok(*found));
            for (act, found, _) in &WAY[index + 1..] {
                assert_eq!(plan.act(), act);
                plan.next(Ok(*found));
            }
            assert_eq!(plan.act, given_up(Error::Cancelled, true), "at {index}");
            assert_eq!(then(cancelled(), Err(Error::Timeout.into())), given_up(Error::Cancelled, true), "at {index}");
        }
    }

    #[test]
    fn a_form_that_is_refused_after_a_cancel_leaves_nothing_to_remove() {
        for (refusal, may_exist) in [(RegisterError::NameTaken, false), (RegisterError::Lost, true)] {
            let mut plan = after(position(&Act::SendForm));
            plan.cancel();
            let end = then(plan, Err(refusal.into()));
            assert_eq!(end, given_up(Error::Cancelled, may_exist));
        }
    }

    #[test]
    fn what_belongs_to_another_act_is_a_bug_and_no_account_is_forgotten_by_it() {
        for (index, (act, _, may_exist)) in WAY.iter().enumerate() {
            let fits = |found: &Found| match act {
                Act::OpenStream => matches!(found, Found::Stream { .. }),
                Act::LogIn => matches!(found, Found::Session { .. }),
                Act::TryOut => matches!(found, Found::Account(_)),
                Act::FillForm => matches!(found, Found::Done | Found::Another),
                _ => *found == Found::Done,
            };
            for found in [Found::Done, Found::Another, STREAM, SESSION, OF_USE].into_iter().filter(|found| !fits(found))
            {
                assert_eq!(
                    then(after(index), Ok(found)),
                    given_up(Error::Internal, *may_exist),
                    "{found:?} at {index}"
                );
            }
        }
    }
}
