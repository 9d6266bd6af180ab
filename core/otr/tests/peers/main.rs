//! Talks with other implementations of the protocol: small programs around them are the peers.

mod libotr;
mod otr3;
mod potr;
mod talk;
