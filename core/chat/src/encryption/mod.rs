//! What encrypts texts to peers.

mod stored;

pub use stored::Stored;
