//! Why something that a user asked for was not done.

/// What went wrong. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// The peer is blocked: that is to be taken back first.
    #[error("the peer is blocked")]
    PeerBlocked,
    /// As many texts are on their way as are kept ([`crate::limits::OUTBOX`]): more can be written once some have arrived or
    /// failed.
    #[error("too many texts are on their way")]
    OutboxFull,
    /// A timer of less than a second, or of more than [`crate::limits::LONGEST_TIMER`].
    #[error("no time for a timer")]
    BadTimer,
    /// There is no private conversation to do that in.
    #[error("not private")]
    NotPrivate,
    /// There is no comparison to answer: nobody has asked, or it has ended.
    #[error("nothing was asked")]
    NothingAsked,
    /// The user has verified another key of that peer's than the one that was handed in.
    #[error("another key of the peer is verified")]
    OtherKeyVerified,
    /// Another key than the one that was handed in is in use with that peer, or expected of it: the user has to decide.
    #[error("another key of the peer is in use")]
    OtherKeyInUse,
}
