//! The way to servers: Tor, the circuits of each account, and secured streams over them.

pub(crate) mod circuits;
pub(crate) mod connect;
pub(crate) mod tor;
pub(crate) mod tor_client;
