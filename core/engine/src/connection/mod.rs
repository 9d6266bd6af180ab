//! The connections of burners.

mod backoff;
pub(crate) mod handle;
mod say;
mod session;
pub(crate) mod supervisor;
mod turn;
mod work;
