//! The secrets of a session, for a program that searches memory for what is left of them.

use super::Session;
use super::instance::State;
use crate::crypto::keys::Secret;

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
