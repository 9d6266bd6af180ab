//! How the program ends: one line, and an exit code that tells the kind of failure.

use std::process::ExitCode;

use flashpaper::{BurnOutcome, Error};
use serde_json::{Value, json};

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The engine's error.
    Engine(Error),
    /// A burn that is not proven yet, and why.
    NotProven(BurnOutcome, Option<Error>),
    /// A file named on the command line cannot be read.
    File(&'static str),
    /// No `--home`, and no place for it in the environment.
    NoHome,
    /// A name that fits several burners.
    Ambiguous,
    /// No message within `--timeout`.
    NothingArrived,
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
            Self::Engine(error) => match error {
                Error::NeedsWeb { page } => format!("{error}: {}", page.url()),
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
            },
            Self::NotProven(BurnOutcome::Unproven, _) => "removed, but not proven; the next start goes on".to_owned(),
            Self::NotProven(_, reason) => {
                let reason = reason.as_ref().map_or_else(String::new, |r| format!(" ({r})"));
                format!("not removed yet{reason}; the next start goes on")
            }
            Self::File(option) => format!("the file of {option} cannot be read"),
            Self::NoHome => "give a folder with --home".to_owned(),
            Self::Ambiguous => "that name fits more than one burner; use its address".to_owned(),
            Self::NothingArrived => "nothing arrived in time".to_owned(),
        }
    }

    /// The stable name, for `--json`.
    fn code(&self) -> &'static str {
        match self {
            Self::Engine(error) => error.code(),
            Self::NotProven(..) => "not_proven",
            Self::File(_) | Self::NoHome | Self::Ambiguous => "usage",
            Self::NothingArrived => "timeout",
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
        if let Some(Error::NeedsWeb { page }) = error {
            object["url"] = page.url().into();
        }
        object
    }

    /// The engine's error behind it, if there is one.
    fn error(&self) -> Option<&Error> {
        match self {
            Self::Engine(error) => Some(error),
            Self::NotProven(_, reason) => reason.as_ref(),
            _ => None,
        }
    }

    /// See the table in the README.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::File(_) | Self::NoHome | Self::Ambiguous => 2,
            Self::NothingArrived => 6,
            Self::NotProven(..) => 9,
            Self::Engine(error) => match error {
                Error::InvalidInput { .. } | Error::NoSuchBurner | Error::NoSuchPeer | Error::NoServer => 2,
                Error::VaultLocked
                | Error::VaultDamaged
                | Error::Unreadable
                | Error::VaultTooNew
                | Error::KeyDenied
                | Error::KeyLost
                | Error::StorageFull
                | Error::Storage
                | Error::InUse => 3,
                Error::Offline | Error::TorBlocked | Error::Obsolete | Error::TorNotStarted => 4,
                Error::ClockWrong { .. } => 5,
                Error::ServerUnreachable | Error::OnionUnreachable | Error::Timeout => 6,
                Error::Untrusted | Error::NoSafeLogin | Error::NoSafeDelivery | Error::ServerBroken => 7,
                Error::RegistrationClosed
                | Error::NeedsForm
                | Error::NeedsWeb { .. }
                | Error::RateLimited { .. }
                | Error::NamesTaken
                | Error::ServerRefused
                | Error::Auth => 8,
                Error::Cancelled | Error::Closed => 130,
                _ => 70,
            },
        })
    }
}

/// Prints clap's message as it is for help and version, cut to its first line for mistakes.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        print!("{error}");
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim).take_while(|l| !l.is_empty()).collect();
    eprintln!("{}", lines.join(" "));
    ExitCode::from(2)
}
