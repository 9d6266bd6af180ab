//! Texts and records on their way out.

use zeroize::Zeroizing;

use super::Session;
use super::limits::LABELS_AT_MOST;
use super::output::{InstanceTag, Output};
use crate::timer::Timer;
use crate::wire::message::{Body, Header, NO_TAG};
use crate::wire::tlv::{self, Tlv};
use crate::wire::{codec, fragment, html};

impl Session {
    /// Tells an instance that its owner keeps these texts of its ([`Output::Text`]'s labels), in a message without a text.
    /// Says nothing where there is no private conversation with it any more: the texts come again then.
    pub fn send_receipt(&mut self, to: InstanceTag, labels: &[String]) -> Vec<Output> {
        let mut out = Vec::new();
        for labels in labels.chunks(LABELS_AT_MOST) {
            self.send_records(to.0, &[Tlv { kind: tlv::RECEIPT, value: tlv::write_labels(labels) }], &mut out);
        }
        out
    }

    /// Tells an instance how long texts are kept, in a message without a text. Says nothing where there is no private
    /// conversation with it any more.
    pub fn send_timer(&mut self, to: InstanceTag, timer: Timer) -> Vec<Output> {
        let mut out = Vec::new();
        self.send_records(to.0, &[Tlv { kind: tlv::TIMER, value: tlv::write_timer(timer) }], &mut out);
        out
    }

    /// Records without a text: not worth a complaint if they cannot be read.
    pub(super) fn send_records(&mut self, tag: u32, records: &[Tlv], out: &mut Vec<Output>) {
        self.seal(tag, "", records, true, out);
    }

    /// `false`: it does not fit the network.
    pub(super) fn seal(
        &mut self,
        tag: u32,
        text: &str,
        records: &[Tlv],
        ignorable: bool,
        out: &mut Vec<Output>,
    ) -> bool {
        let (header, now, limit) = (self.header(tag), self.now, self.limit);
        let Some(conversation) = self.conversation(tag) else { return false };
        let escaped = Zeroizing::new(if conversation.html { html::escape(text) } else { String::new() });
        let text = if conversation.html { &escaped } else { text };
        let wire = codec::armor(&conversation.ratchet.seal(header, text, records, ignorable));
        let Some(pieces) = fragment::split(wire, header.sender, header.receiver, limit) else { return false };
        conversation.ratchet.has_revealed();
        conversation.last_sent = now;
        out.extend(pieces.into_iter().map(Output::Send));
        true
    }

    pub(super) fn send_body(&self, header: Header, body: &Body, out: &mut Vec<Output>) {
        let wire = codec::armor(&body.encode(header));
        let pieces = fragment::split(wire, header.sender, header.receiver, self.limit);
        out.extend(pieces.into_iter().flatten().map(Output::Send));
    }

    /// For a message to this instance.
    pub(super) const fn header(&self, tag: u32) -> Header {
        if tag == NO_TAG { Header::VERSION_2 } else { Header { sender: self.tag, receiver: tag } }
    }
}
