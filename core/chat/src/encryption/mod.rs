//! What encrypts texts to peers, and what comparisons say of keys. Whatever comes of a session is told as text, key and
//! name: inbox and outbox know of no protocol.

pub(crate) mod otr3;
pub(crate) mod stored;
pub(crate) mod verification;
