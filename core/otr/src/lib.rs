#![doc = include_str!("../README.md")]
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
mod timer;
mod wire;

#[cfg(feature = "lab")]
pub use crypto::keys::Secret;
pub use identity::{Fingerprint, Identity, ImportError};
pub use session::{
    Attention, InstanceTag, NotAsked, NotPrivate, NotSent, Output, ResumeError, Session, Settings, SmpEvent, TextId,
};
pub use timer::Timer;
pub use wire::unanswered::Unanswered;

/// How many exponentiations in the Diffie-Hellman group this process has done. For the bench.
#[cfg(feature = "counts")]
#[must_use]
pub fn exponentiations() -> u64 {
    crypto::group::counts::exponentiations()
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
