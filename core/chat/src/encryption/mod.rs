//! Encryption of texts to peers, and comparisons of secrets. `session` is the part of a protocol that conversations need, `otr3`
//! the one that there is, `wire` what its messages look like. Inbox, outbox and the queue of stanzas know no protocol: what they
//! ask of a message is handed on here. That a key speaks a newest version, and an older one no more, is a matter of trust.

pub(crate) mod open;
pub(crate) mod otr3;
pub(crate) mod session;
pub(crate) mod stored;
pub(crate) mod verification;
mod wire;

pub(crate) use wire::{Unanswered, holds_data, is_data, is_of_exchange, is_query};
