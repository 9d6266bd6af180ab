//! The mathematics under the protocol.
//!
//! Secrets live in `group` and `dsa`, on crypto-bigint, in constant time. `public` alone uses num-bigint: its running
//! time depends on its operands: nothing secret may reach it.

pub(crate) mod dsa;
pub(crate) mod group;
pub(crate) mod keys;
pub(crate) mod public;
