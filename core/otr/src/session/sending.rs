//! Texts and records on their way out.

use zeroize::Zeroizing;

use super::instance::Instance;
use super::output::{InstanceTag, NotSent, Output, TextId};
use super::{LABELS_AT_MOST, Session, WAITING_AT_MOST, Waiting};
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

    pub(super) fn wait(&mut self, id: TextId, text: &str, out: &mut Vec<Output>) {
        if self.waiting.len() >= WAITING_AT_MOST {
            out.push(Output::NotSent(id, NotSent::QueueFull));
            return;
        }
        self.waiting.push_back(Waiting { id, text: Zeroizing::new(text.to_owned()), meant_for: self.known });
        out.push(Output::Waiting(id));
    }

    /// Sends what waits, if somebody is there to read it.
    pub(super) fn send_waiting(&mut self, out: &mut Vec<Output>) {
        let Some((_, fingerprint)) = self.recipient() else { return };
        if self.active.and_then(|tag| self.instances.get(&tag)).is_some_and(Instance::changes_keys) {
            return;
        }
        for Waiting { id, text, meant_for } in std::mem::take(&mut self.waiting) {
            if meant_for.is_none_or(|meant| meant == fingerprint) {
                self.send_private(id, &text, out);
            } else {
                out.push(Output::NotSent(id, NotSent::OtherFingerprint));
            }
        }
    }

    pub(super) fn send_private(&mut self, id: TextId, text: &str, out: &mut Vec<Output>) {
        let Some(tag) = self.active else { return };
        if !self.seal(tag, text, &[], false, out) {
            out.push(Output::NotSent(id, NotSent::TooLong));
            return;
        }
        out.push(Output::Sent(id));
        let now = self.now;
        if let Some(conversation) = self.conversation(tag) {
            conversation.may_be_unread(id, Some(Zeroizing::new(text.to_owned())), now);
        }
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
