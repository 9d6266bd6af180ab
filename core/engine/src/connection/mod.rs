//! The connections of burners.

mod backoff;
pub(crate) mod handle;
mod session;
pub(crate) mod supervisor;
