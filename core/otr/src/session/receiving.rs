//! Messages on their way in.

use std::sync::Arc;

use super::Session;
use super::ake::Step;
use super::instance::{Conversation, Opened, State};
use super::limits::{HEARTBEAT, IN_TRANSIT, LABEL_AT_MOST, has_passed};
use super::output::{Attention, InstanceTag, Output, SmpEvent};
use super::ratchet::Unreadable;
use crate::wire::codec;
use crate::wire::fragment::Fragment;
use crate::wire::marked::{self, Found, Marked};
use crate::wire::message::{self, Exchange, Header, LEAST_TAG, Message, NO_TAG};
use crate::wire::plain::{self, Plain};
use crate::wire::tlv::{self, Tlv};

impl Session {
    pub(super) fn receive_wire(&mut self, wire: &str, out: &mut Vec<Output>) {
        let Some(Marked { found, has_words }) = marked::find(wire) else {
            return self.receive_plain(wire, out);
        };
        if has_words {
            out.push(Output::PlainText(wire.to_owned()));
        }
        match found {
            Found::Encoded => self.receive_encoded(wire, false, out),
            Found::Piece(piece) => self.receive_fragment(&piece, out),
            Found::NoPiece => out.push(Output::Attention(Attention::Malformed)),
        }
    }

    fn receive_fragment(&mut self, fragment: &Fragment<'_>, out: &mut Vec<Output>) {
        if !self.is_for_us(fragment.header(), true, out) {
            return;
        }
        match self.assembly.add(fragment, self.now) {
            Some(whole) if whole.starts_with(codec::PREFIX) => self.receive_encoded(&whole, true, out),
            // A fragment in a fragment, say.
            Some(_) => out.push(Output::Attention(Attention::Malformed)),
            None => {}
        }
    }

    fn receive_plain(&mut self, wire: &str, out: &mut Vec<Output>) {
        // What holds no word is no message.
        if !wire.trim().is_empty() {
            self.assembly.forget_all();
        }
        let plain = plain::read(wire);
        if !matches!(plain, Plain::Text { .. }) && !plain::begins(wire) {
            out.push(Output::PlainText(wire.to_owned()));
        }
        match plain {
            Plain::Error(words) => {
                out.push(Output::Attention(Attention::PeerError(words.to_owned())));
                if !self.is_over(self.active) {
                    self.doubt(None, out);
                }
            }
            Plain::Query(offer) if self.note_offer(offer) => self.answer_query(offer, out),
            Plain::Query(_) => out.push(Output::Attention(Attention::OtherVersion)),
            Plain::Text { text, tag } => {
                // The offer alone is no text.
                if !(text.is_empty() && tag.is_some()) {
                    out.push(Output::PlainText(text));
                }
                match tag {
                    Some(offer) if !self.note_offer(offer) => out.push(Output::Attention(Attention::OtherVersion)),
                    Some(offer) => self.answer_query(offer, out),
                    None => {}
                }
            }
        }
    }

    fn receive_encoded(&mut self, wire: &str, in_pieces: bool, out: &mut Vec<Output>) {
        let bytes = match codec::dearmor(wire) {
            Some(Ok(bytes)) => bytes,
            _ => return out.push(Output::Attention(Attention::Malformed)),
        };
        let (header, message) = match message::read(&bytes) {
            Ok(Some(message)) => message,
            Ok(None) => return out.push(Output::Attention(Attention::OtherVersion)),
            Err(codec::Malformed) if message::is_version_2(&bytes) && !self.reads_2() => {
                return out.push(Output::Attention(Attention::OtherVersion));
            }
            Err(codec::Malformed) => return out.push(Output::Attention(Attention::Malformed)),
        };
        if !self.is_for_us(header, matches!(message, Message::Exchange(Exchange::Commit(_))), out) {
            return;
        }
        if !in_pieces && !self.assembly.has_read(wire) {
            self.assembly.forget(header.sender);
        }
        match message {
            Message::Data(data) => self.receive_data(header.sender, &data, wire, out),
            Message::Exchange(_) if header.is_version_2() && !self.may_speak_2() => {
                out.push(Output::Attention(Attention::OtherVersion));
            }
            Message::Exchange(exchange) => self.receive_exchange(header.sender, exchange, out),
        }
    }

    /// `to_any`: the message may be for any instance.
    fn is_for_us(&self, header: Header, to_any: bool, out: &mut Vec<Output>) -> bool {
        let attention = match header {
            header if header.is_version_2() && self.reads_2() => return true,
            header if header.is_version_2() => Attention::OtherVersion,
            Header { receiver, .. } if (1..LEAST_TAG).contains(&receiver) => Attention::Malformed,
            Header { sender, .. } if sender == self.tag => Attention::Mirror,
            Header { receiver: 0, .. } if to_any => return true,
            Header { receiver, .. } if receiver == self.tag => return true,
            _ => Attention::ForOtherInstance,
        };
        out.push(Output::Attention(attention));
        false
    }

    fn receive_exchange(&mut self, sender: u32, message: Exchange<'_>, out: &mut Vec<Output>) {
        let (identity, now) = (Arc::clone(&self.identity), self.now);
        // Only what may begin an exchange makes an instance known.
        let is_asked = sender != NO_TAG && self.to_all.is_some();
        let begins = match message {
            Exchange::Commit(_) => true,
            Exchange::Key(_) => is_asked,
            _ => false,
        };
        if begins {
            self.make_room(sender, out);
            let instance = self.instances.entry(sender).or_default();
            if let Some(to_all) = self.to_all.as_ref().filter(|_| is_asked) {
                // Our commit reached this instance among others.
                instance.adopt(&to_all.initiative, now);
            }
        }
        let Some(instance) = self.instances.get_mut(&sender) else { return };
        instance.heard = now;
        let rng = &mut *self.rng;
        let step = match message {
            Exchange::Commit(commit) => instance.ake.commit(commit, sender == NO_TAG, rng),
            Exchange::Key(key) => instance.ake.key(key, &identity, rng),
            Exchange::Reveal(reveal) => instance.ake.reveal(&reveal, &identity, rng),
            Exchange::Signature(sealed) => instance.ake.signature(&sealed, &identity),
        };
        match step {
            Step::Ignored => {}
            Step::Mirror => out.push(Output::Attention(Attention::Mirror)),
            Step::Send(body) => {
                instance.touch(now);
                self.send_body(self.header(sender), &body, out);
            }
            Step::Done(last, established) => {
                if let Some(body) = last {
                    self.send_body(self.header(sender), &body, out);
                }
                self.established(sender, *established, out);
            }
        }
        self.instances.retain(|_, instance| !instance.is_empty());
    }

    fn receive_data(&mut self, sender: u32, data: &message::Data<'_>, wire: &str, out: &mut Vec<Output>) {
        let now = self.now;
        let opened = match self.instances.get_mut(&sender).map(|instance| &mut instance.state) {
            Some(State::Encrypted(conversation)) => conversation.open(data, &mut *self.rng, now),
            _ => Err(Unreadable::Lost),
        };
        match opened {
            Ok(opened) => {
                self.assembly.was_read(wire);
                self.receive_opened(sender, opened, out);
            }
            // No reason to doubt the keys.
            Err(Unreadable::Late(plaintext)) => self.receive_again(sender, plaintext, out),
            Err(Unreadable::Lost) if data.ignore_unreadable => {
                // It may be a receipt, under keys of an exchange that has ended for the peer alone.
                let waits = |conversation: &mut Conversation| !conversation.unread.texts.is_empty();
                let has_receipts = self.deduplicates && sender != NO_TAG;
                if has_receipts && self.conversation(sender).is_some_and(waits) && !self.is_over(Some(sender)) {
                    self.doubt(None, out);
                }
            }
            // The tags tell it in version 3.
            Err(Unreadable::Lost) if self.instances.get(&sender).is_some_and(|i| i.has_announced(&data.next_dh)) => {
                out.push(Output::Attention(Attention::Mirror));
            }
            Err(Unreadable::Lost) => {
                out.push(Output::Attention(Attention::Unreadable));
                if !self.is_over(Some(sender)) {
                    self.doubt(Some(sender), out);
                }
            }
        }
    }

    fn receive_opened(&mut self, sender: u32, Opened { plaintext, is_current }: Opened, out: &mut Vec<Output>) {
        let now = self.now;
        let mut content = tlv::read(plaintext);
        let records = std::mem::take(&mut content.records);
        let has_text = !content.text.is_empty();
        let Some(instance) = self.instances.get_mut(&sender) else { return };
        instance.heard = now;
        let Some(conversation) = instance.conversation() else { return };
        let fingerprint = conversation.fingerprint;
        let label = records.iter().find(|record| record.kind == tlv::LABEL);
        // A text with a name gets a receipt, by which keys change as well.
        let has_receipt = self.deduplicates && label.is_some();
        let heartbeat = has_text && !has_receipt && has_passed(HEARTBEAT, conversation.last_sent, now);
        if label.is_some_and(|label| label.value.is_empty()) {
            out.push(Output::Deduplicates(fingerprint));
        }
        // A text that it comes with goes by it.
        let timer = records.iter().find(|record| record.kind == tlv::TIMER);
        if let Some(timer) = timer.and_then(|timer| tlv::read_timer(&timer.value)) {
            out.push(Output::Timer { from: InstanceTag(sender), fingerprint, timer });
        }
        if has_text {
            let label = label.and_then(name_of_text);
            let text = conversation.readable(content);
            out.push(Output::Text { text, from: InstanceTag(sender), fingerprint, label });
            if self.may_become_active(sender, fingerprint) {
                (self.active, self.known) = (Some(sender), Some(fingerprint));
            }
        }
        for receipt in records.iter().filter(|record| record.kind == tlv::RECEIPT) {
            out.push(Output::Read { labels: tlv::read_labels(&receipt.value), fingerprint });
        }
        // Of what came under the keys before these, texts, receipts and timers count alone.
        if !is_current {
            return;
        }
        for record in &records {
            self.receive_record(sender, record, out);
        }
        if heartbeat {
            self.seal(sender, "", &[], true, out);
        }
    }

    /// A message that has come before is sent again by somebody who waits for the receipt.
    fn receive_again(&mut self, sender: u32, plaintext: Vec<u8>, out: &mut Vec<Output>) {
        let content = tlv::read(plaintext);
        let label = content.records.iter().find(|record| record.kind == tlv::LABEL).and_then(name_of_text);
        let fingerprint = self.conversation(sender).map(|conversation| conversation.fingerprint);
        if let Some((label, fingerprint)) = label.zip(fingerprint).filter(|_| self.deduplicates) {
            out.push(Output::Again { from: InstanceTag(sender), fingerprint, label });
        }
    }

    fn receive_record(&mut self, sender: u32, record: &Tlv, out: &mut Vec<Output>) {
        let rng = &mut *self.rng;
        let Some(instance) = self.instances.get_mut(&sender) else { return };
        // A disconnection before this record has ended it all.
        let State::Encrypted(conversation) = &mut instance.state else { return };
        match record.kind {
            tlv::DISCONNECTED => {
                let left = conversation.left_open();
                instance.state = State::Finished;
                out.push(Output::Ended(InstanceTag(sender)));
                out.extend(left);
            }
            tlv::SMP_ABORT => {
                let running = std::mem::take(&mut conversation.smp).is_running();
                out.extend(running.then_some(Output::Smp(SmpEvent::Aborted)));
            }
            tlv::SMP_1 | tlv::SMP_1Q | tlv::SMP_2 | tlv::SMP_3 | tlv::SMP_4 => {
                let (event, answer) = conversation.smp_record(record, rng);
                out.extend(event.map(Output::Smp));
                if let Some(answer) = answer {
                    self.send_records(sender, &[answer], out);
                }
            }
            _ => {}
        }
    }

    /// Whether the conversation was ended on purpose: by the peer, or by us a moment ago. What comes then was on the
    /// way, or is forged; it begins nothing.
    fn is_over(&self, tag: Option<u32>) -> bool {
        let instance = tag.and_then(|tag| self.instances.get(&tag));
        let by_peer = instance.is_some_and(|instance| matches!(instance.state, State::Finished));
        by_peer || self.ended.is_some_and(|at| !has_passed(IN_TRANSIT, at, self.now))
    }
}

/// The sender's name for a text; an empty record says only that the sender keeps its texts.
fn name_of_text(record: &Tlv) -> Option<String> {
    let label = String::from_utf8_lossy(&record.value).into_owned();
    Some(label).filter(|label| (1..=LABEL_AT_MOST).contains(&label.len()))
}
