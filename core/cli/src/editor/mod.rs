//! A line that a user types: from bytes to keys, from keys to a line.

pub(crate) mod input;
pub(crate) mod keys;
pub(crate) mod line;
