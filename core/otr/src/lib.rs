//! Off-the-Record Messaging, protocol version 3, as a machine without a network, a clock or a disk.
//!
//! A [`Session`] stands for one account of one peer, with as many clients ("instances") as that has. Texts of the
//! network go in by [`Session::receive`], texts of the person by [`Session::send`]; what comes out is a list of
//! [`Output`]s to carry out in order. Time is told by [`Session::tick`]; randomness is handed in at the start.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use flashpaper_otr::{Identity, Output, Policy, Session, Settings};
//! use rand::rngs::StdRng;
//! use rand::SeedableRng as _;
//!
//! let mut rng = StdRng::seed_from_u64(1); // A real program takes its system's.
//! let identity = Arc::new(Identity::random(&mut rng));
//! let mut session = Session::new(identity, Settings::default(), Box::new(rng), Duration::ZERO);
//! let outputs = session.send("hello");
//! assert!(matches!(outputs[..], [Output::Waiting(_), Output::Send(_)])); // A query: the text waits for the answer.
//! ```
//!
//! Version 3 is what clients in the field speak. Its 1536-bit Diffie-Hellman and 1024-bit DSA are below what would be
//! chosen today; nothing here can change that.

#![cfg_attr(
    not(test),
    deny(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::todo,
        clippy::unreachable
    )
)]

#[cfg(test)]
mod constant_time;
mod crypto;
mod identity;
mod session;
mod wire;

pub use identity::{Fingerprint, Identity, ImportError};
pub use session::{
    Attention, InstanceTag, NotAsked, NotPrivate, NotSent, Output, Policy, ResumeError, Session, Settings, SmpEvent,
    TextId,
};

/// How many exponentiations in the Diffie-Hellman group this process has done. For the bench.
#[doc(hidden)]
#[must_use]
pub fn exponentiations() -> u64 {
    crypto::group::exponentiations()
}

/// What the fuzz targets cannot reach through a session without keys.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    /// What is inside a data message.
    pub fn inside(plaintext: &[u8]) {
        let content = crate::wire::tlv::read(plaintext.to_vec());
        if let Some(text) = crate::wire::html::to_text(&content.text) {
            assert!(text.len() <= content.text.len());
        }
        crate::session::compare_with(&content.records);
    }
}
