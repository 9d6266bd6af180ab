//! The secrets of a session, for a program that searches memory for what is left of them.

use zeroize::Zeroizing;

use super::Session;
use super::instance::State;

/// A secret of a private conversation.
pub enum Secret {
    /// A Diffie-Hellman exponent: 40 bytes, big-endian.
    Exponent(Zeroizing<Vec<u8>>),
    /// What two Diffie-Hellman keys give: up to 192 bytes, big-endian.
    Shared(Zeroizing<Vec<u8>>),
    /// The AES key of a direction: 16 bytes.
    Aes(Zeroizing<[u8; 16]>),
    /// The MAC key of a direction: 20 bytes.
    Mac(Zeroizing<[u8; 20]>),
}

impl Session {
    /// Those that messages are sent and read with now.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        let private = self.instances.values().filter_map(|instance| match &instance.state {
            State::Encrypted(conversation) => Some(conversation.ratchet.secrets()),
            _ => None,
        });
        private.flatten().collect()
    }
}
