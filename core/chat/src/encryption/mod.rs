//! Encryption of texts to peers, and comparisons of secrets. `session` is the part of a protocol that conversations need, `otr3`
//! the one that there is, `wire` what its messages look like. Nothing outside names it: inbox and outbox know of none.

pub(crate) mod open;
pub(crate) mod otr3;
pub(crate) mod session;
pub(crate) mod stored;
pub(crate) mod verification;
pub(crate) mod wire;
