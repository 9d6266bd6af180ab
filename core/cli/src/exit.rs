//! How the program ends: one line, and an exit code that tells the kind of failure.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use flashpaper::{AnswerFault, BurnOutcome, Error, Input, TextFault, WordsError};
use serde_json::{Value, json};

use crate::stdio::{to_stderr, to_stdout};
use crate::text::{counted, printable};

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The engine's error.
    Engine(Error),
    /// The same, and what helps.
    Advised(Error, String),
    /// The engine's error about a secret that was to be compared.
    Secret(Error),
    /// A burn that is not proven yet, and why.
    NotProven(BurnOutcome, Option<Error>),
    /// A file named on the command line cannot be read.
    File(&'static str),
    /// A file named on the command line cannot be written.
    Unwritable(&'static str),
    /// No `--home`, and no place for it in the environment.
    NoHome,
    /// A name that fits several burners.
    Ambiguous,
    /// No message within `--timeout`.
    NothingArrived,
    /// What came of the command could not be printed.
    Unwritten,
    /// No passphrase was given where one was asked for, or two that differ.
    NoPassphrase,
    /// The user has not typed the secret that an option takes from standard input.
    NotTyped(&'static str),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

impl Failure {
    /// One line for people.
    pub(crate) fn line(&self) -> String {
        match self {
            Self::Engine(error) => error_line(error),
            Self::Advised(error, advice) => format!("{}: {advice}", error_line(error)),
            Self::Secret(Error::InvalidInput { input: Input::Text { fault: TextFault::Empty } }) => {
                "the secret is empty".to_owned()
            }
            Self::Secret(error) => error_line(error),
            Self::NotProven(BurnOutcome::Unproven, _) => "removed, but not proven; it is tried again".to_owned(),
            Self::NotProven(_, reason) => {
                let reason = reason.as_ref().map_or_else(String::new, |r| format!(" ({r})"));
                format!("not removed yet{reason}; it is tried again")
            }
            Self::File(option) => format!("the file of {option} cannot be read"),
            Self::Unwritable(option) => format!("the file of {option} cannot be written"),
            Self::NoHome => "give a folder with --home".to_owned(),
            Self::Ambiguous => "that name fits more than one burner; use its address".to_owned(),
            Self::NothingArrived => "nothing arrived in time".to_owned(),
            Self::Unwritten => "what came of it could not be printed".to_owned(),
            Self::NoPassphrase => "no passphrase was given, or two that differ; nothing has changed".to_owned(),
            Self::NotTyped(option) => format!("nothing was typed for {option}"),
        }
    }

    /// The stable name, for `--json`.
    fn code(&self) -> &'static str {
        match self {
            Self::Engine(error) | Self::Advised(error, _) | Self::Secret(error) => error.code(),
            Self::NotProven(..) => "not_proven",
            Self::File(_)
            | Self::Unwritable(_)
            | Self::NoHome
            | Self::Ambiguous
            | Self::NoPassphrase
            | Self::NotTyped(_) => "usage",
            Self::NothingArrived => "timeout",
            Self::Unwritten => "unwritten",
        }
    }

    /// The object that tells a program of it.
    pub(crate) fn object(&self) -> Value {
        let error = self.error();
        let mut object = json!({
            "type": "error",
            "code": self.code(),
            "reason": error.map(Error::code),
            "retryable": error.is_some_and(Error::retryable),
            "retry_after": error.and_then(Error::retry_after).map(|d| d.as_secs()),
        });
        match (self, error) {
            (Self::Advised(_, advice), _) => object["detail"] = advice.as_str().into(),
            (_, Some(Error::NeedsWeb { page })) => object["url"] = page.url().into(),
            (_, Some(Error::InvalidInput { .. })) => object["detail"] = self.line().into(),
            _ => {}
        }
        object
    }

    /// The engine's error behind it, if there is one.
    fn error(&self) -> Option<&Error> {
        match self {
            Self::Engine(error) | Self::Advised(error, _) | Self::Secret(error) => Some(error),
            Self::NotProven(_, reason) => reason.as_ref(),
            _ => None,
        }
    }

    /// See the table in the README.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::File(_)
            | Self::Unwritable(_)
            | Self::NoHome
            | Self::Ambiguous
            | Self::NoPassphrase
            | Self::NotTyped(_) => 2,
            Self::NothingArrived => 6,
            Self::NotProven(..) => 9,
            Self::Unwritten => 10,
            Self::Engine(error) | Self::Advised(error, _) | Self::Secret(error) => match error {
                Error::InvalidInput { .. }
                | Error::NoSuchBurner
                | Error::NoSuchPeer
                | Error::NoServer
                | Error::AlreadyHere
                | Error::PeerBlocked
                | Error::OtherKeyVerified
                | Error::OtherKeyInUse => 2,
                Error::VaultLocked
                | Error::VaultDamaged
                | Error::Unreadable
                | Error::VaultTooNew
                | Error::KeyDenied
                | Error::KeyLocked
                | Error::KeyUnavailable
                | Error::KeyLost
                | Error::StorageFull
                | Error::OutboxFull
                | Error::Storage
                | Error::InUse => 3,
                Error::Offline | Error::TorBlocked | Error::Obsolete | Error::TorNotStarted => 4,
                Error::ClockWrong { .. } => 5,
                Error::ServerUnreachable | Error::OnionUnreachable | Error::Timeout => 6,
                Error::Untrusted | Error::NoSafeLogin | Error::NoSafeDelivery | Error::ServerBroken => 7,
                Error::RegistrationClosed
                | Error::Unanswerable { .. }
                | Error::NeedsWeb { .. }
                | Error::NeedsInvite
                | Error::BadAnswer
                | Error::Declined
                | Error::QuestionExpired
                | Error::WeakPassword
                | Error::PolicyDenied
                | Error::Quarantined
                | Error::RateLimited { .. }
                | Error::NamesTaken
                | Error::ReservedNameTaken
                | Error::ServerRefused
                | Error::ServerFailed
                | Error::Auth => 8,
                Error::Cancelled | Error::Closed => 130,
                _ => 70,
            },
        })
    }
}

/// What is wrong, as far as one line tells it.
fn error_line(error: &Error) -> String {
    match error {
        Error::InvalidInput { input } => input_line(*input),
        Error::PeerBlocked => format!("{error}; in chat, /unblock ADDRESS ends that"),
        Error::NeedsWeb { page } => format!("{error}: {}", printable(page.url())),
        Error::ClockWrong { by: Some(flashpaper::ClockError::Slow { by }) } => {
            format!("the clock is at least {} minutes behind", by.as_secs() / 60)
        }
        Error::ClockWrong { by: Some(flashpaper::ClockError::Fast { by }) } => {
            format!("the clock is at least {} minutes ahead", by.as_secs() / 60)
        }
        Error::RateLimited { retry_after: Some(wait) } => {
            format!("{error}; try again in {} minutes", wait.as_secs().div_ceil(60))
        }
        _ => error.to_string(),
    }
}

/// What is wrong with an input.
fn input_line(input: Input) -> String {
    match input {
        Input::Text { fault: TextFault::Empty } => "the text is empty".to_owned(),
        Input::Text { fault: TextFault::TooLong { bytes, limit } } => {
            format!("too long: {} of {} bytes", counted(bytes), counted(limit))
        }
        Input::Text { fault: TextFault::Character { code, at } } => {
            format!("character U+{code:04X} at {at} cannot be sent")
        }
        Input::Words { fault: WordsError::Unknown { at, nearest } } => {
            format!("word {at} is not in the list; is \u{201c}{}\u{201d} meant?", nearest.expose())
        }
        Input::Words { fault } => fault.to_string(),
        Input::Invitation => "that is no invitation to a server, or not to the one of --server".to_owned(),
        Input::Expiry => "the time is past".to_owned(),
        Input::Answer { fault: AnswerFault::Missing { field } } => format!("field {field} has to be answered"),
        Input::Answer { fault: AnswerFault::Unfit { field } } => format!("the answer to field {field} does not fit"),
        Input::Answer { fault: AnswerFault::TooFew } => {
            "too few of the fields that are not required are answered".to_owned()
        }
        _ => Error::InvalidInput { input }.to_string(),
    }
}

/// Prints clap's message as it is for help and version, and of mistakes what is wrong and what may be meant.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let text = error.render().to_string();
        return if to_stdout(&text) { ExitCode::SUCCESS } else { Failure::Unwritten.exit_code() };
    }
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim).take_while(|l| !l.is_empty()).collect();
    let meant = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    let meant = meant.iter().find_map(|kind| match error.get(*kind)? {
        ContextValue::String(one) => Some(one.as_str()),
        ContextValue::Strings(all) => all.last().map(String::as_str),
        _ => None,
    });
    let meant = meant.map_or_else(String::new, |meant| format!("; is \u{201c}{meant}\u{201d} meant?"));
    to_stderr(&format!("{}{meant}\n", lines.join(" ")));
    ExitCode::from(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_secret_is_not_called_a_text() {
        let blank = || Error::InvalidInput { input: Input::Text { fault: TextFault::Empty } };
        let (secret, text) = (Failure::Secret(blank()), Failure::Engine(blank()));
        assert_eq!((secret.line(), text.line()), ("the secret is empty".into(), "the text is empty".into()));
        assert_eq!(secret.object()["detail"], "the secret is empty");
        assert_eq!(secret.object()["code"], "invalid_input");
    }

    #[test]
    fn a_program_is_told_what_helps() {
        let failure = Failure::Advised(Error::InUse, "end it first".to_owned());
        assert_eq!(
            (&failure.object()["code"], &failure.object()["detail"]),
            (&"in_use".into(), &"end it first".into())
        );
    }
}
