//! What can come of a registration, and what a server's refusal means.

use std::fmt;

use tokio_xmpp::parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use super::picture::PictureError;
use crate::error::StreamError;

/// Why there is no account.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// The server makes no accounts in band: take another.
    #[error("the server makes no accounts in band")]
    Closed,
    /// The name is taken: draw another.
    #[error("the name is taken")]
    NameTaken,
    /// Accounts are made on a web page.
    #[error("the server makes accounts on a web page")]
    NeedsWeb {
        /// The page (XEP-0066), https. It may be shown; to open it outside of Tor shows who wants an account.
        url: String,
    },
    /// Accounts are made for those with an invitation (XEP-0445), and there was none, or it is not accepted (any more).
    #[error("the server wants an invitation")]
    NeedsInvite,
    /// What the user has answered is wrong, or came too late: ask for another form.
    #[error("the answer is wrong")]
    BadAnswer,
    /// The password, or the name, is not one that the server takes.
    #[error("the server does not take the password")]
    WeakPassword,
    /// Too many registrations from where we seem to come from: take another server, or wait. No server says how long.
    #[error("the server asks to wait")]
    RateLimited,
    /// The server's rules forbid it: take another.
    #[error("the server refuses by its rules")]
    PolicyDenied,
    /// The server has a fault of its own: take another, or try later.
    #[error("the server has a fault of its own")]
    Failed,
    /// What the server says cannot be gone on from: take another.
    #[error("{fault}")]
    Protocol {
        /// What is wrong with it.
        fault: Fault,
    },
    /// The stream ended before the answer. If the form was sent there may be an account: only a login tells.
    #[error("the answer was lost")]
    Lost,
}

impl RegisterError {
    /// Whether there may be an account all the same, where this came of a form that was sent: the answer was lost, or says nothing of
    /// it. A server can have a fault behind the account.
    #[must_use]
    pub const fn leaves_doubt(&self) -> bool {
        matches!(self, Self::Lost | Self::Failed | Self::Protocol { .. })
    }
}

/// The page's address may name the account.
impl fmt::Debug for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegisterError({self})")
    }
}

impl From<StreamError> for RegisterError {
    fn from(_: StreamError) -> Self {
        Self::Lost
    }
}

impl From<Fault> for RegisterError {
    fn from(fault: Fault) -> Self {
        Self::Protocol { fault }
    }
}

/// What is wrong with what a server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The answer is none about a registration.
    #[error("the server's answer makes no sense")]
    NoRegistration,
    /// The form is too large, or contradicts itself.
    #[error("the server's form makes no sense")]
    Form,
    /// The form asks for what nobody can answer here: a sound, a film, a picture that is nowhere, a choice of nothing.
    #[error("the server's form cannot be answered here")]
    Unanswerable,
    /// The proof of work would take too long.
    #[error("the server asks for too much work")]
    TooMuchWork,
    /// The picture to be looked at is none, or too large.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The server does not take invitations, or this one is for another.
    #[error("the server does not take the invitation")]
    NoInvitations,
    /// A refusal that says nothing.
    #[error("the server refused")]
    Refused,
}

/// What a refusal's meaning depends on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Context {
    /// The server takes invitations, and none was shown.
    pub(super) lacks_invitation: bool,
    /// A challenge was answered (XEP-0158).
    pub(super) challenged: bool,
    /// The user has answered something that is no challenge.
    pub(super) answered: bool,
}

/// What a refusal of the question for a form means: nothing was told yet that a rule could be against.
pub(super) fn no_form(error: &StanzaError, lacks_invitation: bool) -> RegisterError {
    use RegisterError::{Closed, Failed, NeedsInvite, PolicyDenied, RateLimited, WeakPassword};
    match refusal(error, Context { lacks_invitation, ..Context::default() }) {
        Closed | PolicyDenied | WeakPassword => Closed,
        refusal @ (NeedsInvite | RateLimited | Failed) => refusal,
        // There can be no account yet, whatever is to be waited for.
        _ if error.type_ == ErrorType::Wait => RateLimited,
        _ => Fault::NoRegistration.into(),
    }
}

/// What a refusal of a form means.
pub(super) fn refusal(error: &StanzaError, context: Context) -> RegisterError {
    use DefinedCondition as Condition;
    let Context { lacks_invitation, challenged, answered } = context;
    let (cancels, waits) = (error.type_ == ErrorType::Cancel, error.type_ == ErrorType::Wait);
    match &error.defined_condition {
        Condition::Conflict => RegisterError::NameTaken,
        Condition::ResourceConstraint => RegisterError::RateLimited,
        Condition::InternalServerError | Condition::RemoteServerTimeout | Condition::RemoteServerNotFound => {
            RegisterError::Failed
        }
        // Over Tor many share one address. Prosody's limit says so. To wait for what no rule says would tell nothing of the account.
        Condition::NotAcceptable
        | Condition::NotAllowed
        | Condition::NotAuthorized
        | Condition::Forbidden
        | Condition::PolicyViolation
        | Condition::ServiceUnavailable
            if waits =>
        {
            RegisterError::RateLimited
        }
        // ejabberd's to a wrong answer, and XEP-0158's to one of which the server does not know the question any more.
        Condition::NotAllowed | Condition::ServiceUnavailable | Condition::ItemNotFound if challenged => {
            RegisterError::BadAnswer
        }
        // XEP-0158, section 3.1.4.
        Condition::NotAcceptable if challenged && cancels => RegisterError::BadAnswer,
        Condition::ServiceUnavailable | Condition::FeatureNotImplemented => RegisterError::Closed,
        Condition::NotAcceptable | Condition::NotAllowed | Condition::NotAuthorized | Condition::Forbidden
            if lacks_invitation =>
        {
            RegisterError::NeedsInvite
        }
        Condition::NotAcceptable if answered => RegisterError::BadAnswer,
        Condition::NotAcceptable => RegisterError::WeakPassword,
        Condition::NotAllowed
        | Condition::NotAuthorized
        | Condition::Forbidden
        | Condition::PolicyViolation
        | Condition::RegistrationRequired
        | Condition::SubscriptionRequired => RegisterError::PolicyDenied,
        _ => Fault::Refused.into(),
    }
}
