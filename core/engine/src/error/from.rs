//! The errors of the crates below, as the one error of the public interface.

use flashpaper_chat::ChatError;
use flashpaper_tor::{Blockage, DialError, NotReady, StartError};
use flashpaper_vault as vault;
use flashpaper_xmpp::registration::{Fault, PictureError};
use flashpaper_xmpp::removal::{ProofError, RemovalError};
use flashpaper_xmpp::{ConnectError, LoginError, RegisterError, StreamError};

use super::{Error, FormFault, Input, WebPage};

impl From<ChatError> for Error {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::PeerBlocked => Self::PeerBlocked,
            ChatError::OutboxFull => Self::OutboxFull,
            ChatError::BadTimer => Self::InvalidInput { input: Input::Timer },
            ChatError::NotPrivate => Self::NotPrivate,
            ChatError::NothingAsked => Self::NothingAsked,
            ChatError::OtherKeyVerified => Self::OtherKeyVerified,
            ChatError::OtherKeyInUse => Self::OtherKeyInUse,
        }
    }
}

impl From<StartError> for Error {
    fn from(error: StartError) -> Self {
        match error {
            StartError::AlreadyRunning => Self::InUse,
            StartError::Config => Self::InvalidInput { input: Input::Network },
            StartError::Folder => Self::Storage,
            _ => Self::Internal,
        }
    }
}

impl From<NotReady> for Error {
    fn from(error: NotReady) -> Self {
        match error.blocked {
            Some(Blockage::Offline) => Self::Offline,
            Some(Blockage::ClockWrong(by)) => Self::ClockWrong { by },
            Some(Blockage::Obsolete) => Self::Obsolete,
            // Also when the client does not know what keeps it.
            _ => Self::TorBlocked,
        }
    }
}

impl From<DialError> for Error {
    fn from(error: DialError) -> Self {
        match error {
            DialError::Timeout => Self::Timeout,
            DialError::NoSuchHost | DialError::HostUnreachable => Self::ServerUnreachable,
            DialError::OnionUnreachable => Self::OnionUnreachable,
            DialError::Closed => Self::TorNotStarted,
            DialError::Internal => Self::Internal,
            _ => Self::TorBlocked,
        }
    }
}

impl From<StreamError> for Error {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Ended | StreamError::NotAuthorized => Self::ServerUnreachable,
            StreamError::Malformed => Self::ServerBroken,
        }
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Closed | ConnectError::TooEarly => Self::ServerUnreachable,
            ConnectError::Silent => Self::Timeout,
            ConnectError::Certificate | ConnectError::NoTls | ConnectError::Tls => Self::Untrusted,
            ConnectError::Malformed => Self::ServerBroken,
        }
    }
}

impl From<RegisterError> for Error {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Closed => Self::RegistrationClosed,
            RegisterError::NameTaken => Self::NamesTaken,
            RegisterError::NeedsWeb { url } => Self::NeedsWeb { page: WebPage(url) },
            RegisterError::RateLimited => Self::RateLimited { retry_after: None },
            RegisterError::NeedsInvite => Self::NeedsInvite,
            RegisterError::BadAnswer => Self::BadAnswer,
            RegisterError::WeakPassword => Self::WeakPassword,
            RegisterError::PolicyDenied => Self::PolicyDenied,
            RegisterError::Failed => Self::ServerFailed,
            RegisterError::Protocol { fault } => fault.into(),
            RegisterError::Lost => Self::ServerUnreachable,
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NoRegistration | Fault::Form => Self::ServerBroken,
            Fault::Unanswerable => Self::Unanswerable { fault: FormFault::Kind },
            Fault::TooMuchWork => Self::Unanswerable { fault: FormFault::Work },
            Fault::Picture(error) => error.into(),
            // The link is good, and its server is none for it.
            Fault::NoInvitations => Self::RegistrationClosed,
            Fault::Refused => Self::ServerRefused,
        }
    }
}

impl From<PictureError> for Error {
    fn from(error: PictureError) -> Self {
        let fault = match error {
            PictureError::Missing => FormFault::PictureLost,
            PictureError::NoPicture | PictureError::TooLarge | PictureError::Other => FormFault::Picture,
        };
        Self::Unanswerable { fault }
    }
}

impl From<LoginError> for Error {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::NoSafeMechanism => Self::NoSafeLogin,
            LoginError::NoManagement => Self::NoSafeDelivery,
            LoginError::NotAuthorized => Self::Auth,
            LoginError::Disabled | LoginError::Refused => Self::ServerRefused,
            LoginError::Temporary => Self::ServerUnreachable,
            LoginError::ServerNotProven | LoginError::Downgraded => Self::Untrusted,
            LoginError::WrongStream => Self::ServerBroken,
            LoginError::Stream(error) => error.into(),
        }
    }
}

impl From<RemovalError> for Error {
    fn from(error: RemovalError) -> Self {
        match error {
            RemovalError::Refused => Self::ServerRefused,
            RemovalError::NotNow => Self::RateLimited { retry_after: None },
            RemovalError::Lost(error) => error.into(),
        }
    }
}

impl From<ProofError> for Error {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::StillThere => Self::ServerRefused,
            ProofError::Unproven(error) => error.into(),
        }
    }
}

impl From<vault::Error> for Error {
    fn from(error: vault::Error) -> Self {
        match error {
            vault::Error::InUse => Self::InUse,
            // Who opens a folder has asked for the other before, so that nobody is told.
            vault::Error::WrongKey | vault::Error::Duress => Self::VaultLocked,
            vault::Error::SamePassphrase => Self::InvalidInput { input: Input::SamePassphrase },
            vault::Error::NoPassphrase => Self::InvalidInput { input: Input::NoPassphrase },
            vault::Error::KeyDenied => Self::KeyDenied,
            vault::Error::KeyLocked => Self::KeyLocked,
            vault::Error::KeyUnavailable => Self::KeyUnavailable,
            vault::Error::KeyLost => Self::KeyLost,
            vault::Error::Damaged => Self::VaultDamaged,
            vault::Error::TooNew => Self::VaultTooNew,
            vault::Error::Full => Self::StorageFull,
            vault::Error::ReadOnly | vault::Error::Io => Self::Storage,
            vault::Error::NoSuchOwner | vault::Error::Internal => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_invitation_to_a_server_that_takes_none_is_no_bad_input() {
        assert_eq!(Error::from(RegisterError::from(Fault::NoInvitations)), Error::RegistrationClosed);
    }

    #[test]
    fn why_a_form_is_not_answered_is_told() {
        for (fault, expected, code) in [
            (Fault::Unanswerable, FormFault::Kind, "unknown_challenge"),
            (Fault::TooMuchWork, FormFault::Work, "too_much_work"),
            (PictureError::NoPicture.into(), FormFault::Picture, "bad_picture"),
            (PictureError::TooLarge.into(), FormFault::Picture, "bad_picture"),
            (PictureError::Other.into(), FormFault::Picture, "bad_picture"),
            (PictureError::Missing.into(), FormFault::PictureLost, "picture_lost"),
        ] {
            let error = Error::from(RegisterError::from(fault));
            assert_eq!(error, Error::Unanswerable { fault: expected });
            assert_eq!(error.code(), code);
        }
    }
}
