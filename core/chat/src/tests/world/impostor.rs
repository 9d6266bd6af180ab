//! Somebody at the server who speaks to a phone in its peer's name, with a key of its own, as another Flashpaper would.

use crate::tests::phones::{Identity, InstanceTag, Other, Output, Settings, stanzas};
use crate::tests::support::{Arc, Duration, OutgoingStanza};

/// What its texts begin with.
pub(super) const FORGED: &str = "forged ";

pub(super) struct Impostor {
    other: Other,
    said: u32,
    /// The texts that it could read.
    pub(super) read: Vec<String>,
}

impl Impostor {
    /// `tag`: its instance tag, which may be the peer's.
    pub(super) fn new(identity: &Arc<Identity>, seed: u64, tag: u32) -> Self {
        let settings = Settings { tag: Some(InstanceTag(tag)), deduplicates: true, ..Settings::default() };
        Self { other: Other::of(Arc::clone(identity), seed, settings), said: 0, read: Vec::new() }
    }

    /// Reads what a phone has sent to its peer, and answers.
    pub(super) fn hears(&mut self, stanza: Arc<OutgoingStanza>) -> Vec<Arc<OutgoingStanza>> {
        let mut answers = Vec::new();
        for output in self.other.hears(&[stanza]) {
            if let Output::Text { text, from, label, .. } = &output {
                self.read.push(text.clone());
                let labels: Vec<String> = label.iter().cloned().collect();
                answers.extend(self.other.0.send_receipt(*from, &labels));
            }
            answers.push(output);
        }
        stanzas(&answers)
    }

    /// Says something, or begins a private conversation to say it in.
    pub(super) fn speaks(&mut self) -> Vec<Arc<OutgoingStanza>> {
        self.said += 1;
        let text = format!("{FORGED}{}", self.said);
        let said = self.other.0.send(&text, &text).map(|(_, outputs)| outputs);
        stanzas(&said.unwrap_or_else(|_| self.other.0.receive("?OTRv3?")))
    }

    pub(super) fn pass(&mut self, clock: Duration) -> Vec<Arc<OutgoingStanza>> {
        stanzas(&self.other.0.tick(clock))
    }
}
