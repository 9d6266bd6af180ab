//! Faults of a form that a server wants answered.

use super::Action;

/// Why a server's form cannot be answered. Nothing was told to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormFault {
    /// It asks something of the user, and nobody is to be asked ([`crate::CreateOptions::asks_nothing`]).
    #[error("the server asks something, and nobody is to be asked")]
    NobodyToAsk,
    /// It asks for what nobody can answer here: a sound, a film, a choice of nothing.
    #[error("the server asks for what cannot be answered here")]
    Kind,
    /// Its proof of work would take too long, or none was found.
    #[error("the server asks for too much work")]
    Work,
    /// Its picture cannot be shown: neither PNG nor JPEG, too large, or another than was named.
    #[error("the server's picture cannot be shown")]
    Picture,
    /// Its picture could not be fetched, or not by the route that was asked for.
    #[error("the server's picture could not be fetched")]
    PictureLost,
}

impl FormFault {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::NobodyToAsk => "nobody_to_ask",
            Self::Kind => "unknown_challenge",
            Self::Work => "too_much_work",
            Self::Picture => "bad_picture",
            Self::PictureLost => "picture_lost",
        }
    }

    pub(super) const fn action(self) -> Action {
        match self {
            Self::PictureLost => Action::TryLater,
            Self::NobodyToAsk | Self::Kind | Self::Work | Self::Picture => Action::ChooseServer,
        }
    }
}
