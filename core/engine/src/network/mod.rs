//! The way to servers: Tor, the circuits of each account, and secured streams over them.

pub(crate) mod bridges;
pub(crate) mod circuits;
pub(crate) mod connect;
pub(crate) mod srv;
pub(crate) mod tor;
pub(crate) mod tor_client;
