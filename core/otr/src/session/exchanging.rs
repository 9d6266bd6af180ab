//! How private conversations begin: with whom, and when.

use std::time::Duration;

use super::Session;
use super::ake::{Ake, Established, Initiative};
use super::instance::{Conversation, State};
use super::limits::{AKE_PATIENCE, INSTANCES_AT_MOST, RENEW_EVERY, has_passed};
use super::output::{Attention, InstanceTag, Output};
use super::to_all::ToAll;
use crate::identity::Fingerprint;
use crate::wire::message::{Header, NO_TAG};
use crate::wire::plain::{self, Offer};
use crate::wire::tlv::{self, Tlv};

impl Session {
    /// Asks all clients of the peer for a key exchange.
    pub(super) fn ask(&mut self, out: &mut Vec<Output>) {
        if self.asked.is_none() {
            self.asked = Some(self.now);
            out.push(Output::Send(plain::query(self.may_speak_2())));
        }
    }

    /// The peer wants a private conversation. If there is one it wants another, or has lost it, or it is somebody else who
    /// wants to disturb it: not too often then. No text goes out before the end of the exchange.
    pub(super) fn answer_query(&mut self, offer: Offer, out: &mut Vec<Output>) {
        if let Some(conversation) = self.active.and_then(|tag| self.conversation(tag)) {
            conversation.lost = true;
        }
        if self.is_private() && self.renewed.is_some_and(|at| !has_passed(RENEW_EVERY, at, self.now)) {
            self.renewal_due = Some(None);
            return;
        }
        if self.is_private() {
            self.renewed = Some(self.now);
        }
        if offer.version_3 {
            self.begin_with_all(out);
        } else {
            self.begin(NO_TAG, out);
        }
    }

    /// Takes note of an offer. Whether it holds a version that may be spoken.
    pub(super) fn note_offer(&mut self, offer: Offer) -> bool {
        if offer.version_2 || offer.version_3 {
            self.offered_3 = offer.version_3;
        }
        offer.version_3 || offer.version_2 && self.may_speak_2()
    }

    /// The peer has offered version 3 before there was this session.
    pub const fn note_offered_3(&mut self) {
        self.offered_3 = true;
    }

    /// Whether an exchange may be in version 2: not beside version 3, but for what has begun in it, nor where the peer has
    /// offered version 3, and never again where it has spoken that.
    pub(super) fn may_speak_2(&self) -> bool {
        self.version_2
            && !self.offered_3
            && !self.spoke_3
            && (self.instances.is_empty() || self.instances.contains_key(&NO_TAG))
    }

    /// Whether messages of version 2 are read: a conversation in it goes on until version 3 takes over.
    pub(super) fn reads_2(&self) -> bool {
        self.may_speak_2() || self.version_2 && self.instances.contains_key(&NO_TAG)
    }

    /// Whether version 2 may be spoken from now on: see [`Settings::version_2`](super::Settings::version_2). A private
    /// conversation in it ends.
    pub fn set_version_2(&mut self, may: bool) -> Vec<Output> {
        let mut out = Vec::new();
        self.version_2 = may;
        if !may && let Some(conversation) = self.conversation(NO_TAG) {
            let left = conversation.left_open();
            conversation.ratchet.reveal_all();
            self.send_records(NO_TAG, &[Tlv { kind: tlv::DISCONNECTED, value: Vec::new() }], &mut out);
            out.push(Output::Ended(InstanceTag(NO_TAG)));
            out.extend(left);
        }
        if !may {
            self.forget_version_2();
        }
        out
    }

    /// This key has spoken version 3: it is not spoken to in version 2 again, nor does an exchange in that go on.
    /// `takes_over`: texts go to version 3 from now on; else none go out where a conversation has ended.
    fn leave_version_2(&mut self, fingerprint: Fingerprint, takes_over: bool) -> Vec<Output> {
        let Some(client) = self.instances.get_mut(&NO_TAG) else { return Vec::new() };
        let stays = match &client.state {
            State::Plaintext => false,
            State::Encrypted(conversation) => conversation.fingerprint != fingerprint,
            State::Finished => !takes_over,
        };
        if stays {
            client.set_ake(Ake::None, self.now);
            return Vec::new();
        }
        let left = client.left_open();
        self.forget_version_2();
        left
    }

    fn forget_version_2(&mut self) {
        self.instances.remove(&NO_TAG);
        self.active = self.active.filter(|tag| *tag != NO_TAG);
    }

    /// A D-H Commit to whichever instances there are; the same one again while nobody has answered it.
    pub(super) fn begin_with_all(&mut self, out: &mut Vec<Output>) {
        self.to_all = self.to_all.take().filter(|to_all| !to_all.used);
        let (rng, now) = (&mut *self.rng, self.now);
        let to_all =
            self.to_all.get_or_insert_with(|| ToAll { initiative: Initiative::new(rng), since: now, used: false });
        // Whatever they were at, this is what comes next: an answer that got lost must not stand in its way.
        for (_, instance) in self.instances.iter_mut().filter(|(tag, _)| **tag != NO_TAG) {
            instance.begin(&to_all.initiative, now);
        }
        let body = to_all.initiative.body();
        self.send_body(Header { sender: self.tag, receiver: 0 }, &body, out);
    }

    /// A D-H Commit to one instance.
    fn begin(&mut self, tag: u32, out: &mut Vec<Output>) {
        self.make_room(tag, out);
        let initiative = Initiative::new(&mut *self.rng);
        let (body, now) = (initiative.body(), self.now);
        let instance = self.instances.entry(tag).or_default();
        // By its offer, or by what could not be read: it is not forgotten before it can answer.
        instance.heard = now;
        instance.set_ake(Ake::AwaitingDhKey(initiative), now);
        self.send_body(self.header(tag), &body, out);
    }

    /// A session may be lost: a message of the instance's could not be read, or somebody says so of ours. Tells the
    /// peer in the first case, and begins anew.
    pub(super) fn doubt(&mut self, sender: Option<u32>, out: &mut Vec<Output>) {
        if let Some(conversation) = sender.or(self.active).and_then(|tag| self.conversation(tag)) {
            conversation.lost = true;
        }
        if self.renewal_at(sender) <= self.now {
            self.renew(sender, out);
        } else {
            self.renewal_due = Some(sender);
        }
    }

    /// When an exchange may be begun because a session was lost with an instance, or with whichever there are. Not too often:
    /// the reason can be forged. Nor while one has just made a step: that gives new keys as well, and two that cross can each
    /// give way to the other, so that neither comes to an end.
    pub(super) fn renewal_at(&self, with: Option<u32>) -> Duration {
        let is_it = |tag: u32| with.is_none_or(|with| with == tag);
        let exchanges = self.instances.iter().filter(|(tag, _)| is_it(**tag)).filter_map(|(_, i)| i.ake_since());
        exchanges.chain(self.renewed).map(|at| at.saturating_add(RENEW_EVERY)).max().unwrap_or_default()
    }

    pub(super) fn renew(&mut self, sender: Option<u32>, out: &mut Vec<Output>) {
        self.renewed = Some(self.now);
        if sender.is_some() {
            out.push(Output::Send(plain::error("An encrypted message could not be read.")));
        }
        match sender.or(self.active.filter(|active| *active == NO_TAG)) {
            // A message of version 2 can be anybody's: a client that has nothing newer says so.
            Some(NO_TAG) if !self.may_speak_2() || !self.instances.contains_key(&NO_TAG) => self.ask(out),
            Some(tag) => self.begin(tag, out),
            None => self.begin_with_all(out),
        }
    }

    /// An exchange is done: the conversation is private from here on.
    pub(super) fn established(&mut self, sender: u32, established: Established, out: &mut Vec<Output>) {
        let (fingerprint, ssid, first_half_is_ours) = (established.fingerprint, established.ssid, established.revealed);
        let (now, active) = (self.now, self.active);
        let takes_over = self.may_become_active(sender, fingerprint);
        // What went to a client that was closed and started anew under another tag.
        let elsewhere = active.filter(|active| takes_over && *active != sender).and_then(|tag| self.conversation(tag));
        let mut left: Vec<Output> = elsewhere.map(|other| other.unread.take_all()).unwrap_or_default();
        if sender != NO_TAG {
            self.spoke_3 = true;
            left.extend(self.leave_version_2(fingerprint, takes_over));
        }

        let mut conversation = Conversation::new(established, &mut *self.rng, now);
        let instance = self.instances.entry(sender).or_default();
        let before = std::mem::take(&mut instance.state);
        instance.set_ake(Ake::None, now);
        if let Some(to_all) = &mut self.to_all {
            to_all.used |= instance.has_adopted(&to_all.initiative);
        }
        let mut renewed = false;
        if let State::Encrypted(mut before) = before {
            renewed = before.fingerprint == fingerprint;
            left.extend(before.left_open());
            if renewed {
                conversation.html = before.html;
                conversation.old = Some(before.into_old(now));
            }
        }
        instance.state = State::Encrypted(Box::new(conversation));
        self.asked = None;
        // Another client's exchange does not settle what is due with the one that texts go to.
        let is_settled = |with: Option<u32>| with.map_or(takes_over, |tag| tag == sender);
        self.renewal_due = self.renewal_due.filter(|with| !is_settled(*with));
        if takes_over {
            (self.active, self.known) = (Some(sender), Some(fingerprint));
        }
        out.push(Output::Began { with: InstanceTag(sender), fingerprint, ssid, first_half_is_ours, renewed });
        out.extend(left);
        // Only clients like this one know that record, and they speak version 3.
        if self.deduplicates && sender != NO_TAG {
            self.send_records(sender, &[Tlv { kind: tlv::LABEL, value: Vec::new() }], out);
        }
    }

    /// Gives up what has not been answered for long.
    pub(super) fn give_up_exchanges(&mut self, out: &mut Vec<Output>) {
        let now = self.now;
        let is_late = |since: &Duration| has_passed(AKE_PATIENCE, *since, now);
        let mut nobody = self.asked.take_if(|since| is_late(since)).is_some();
        if let Some(to_all) = self.to_all.take_if(|to_all| now >= to_all.until()) {
            nobody |= !to_all.used;
            // Another client has answered: those that have not were not meant, and have their old keys.
            for instance in self.instances.values_mut().filter(|i| to_all.used && i.awaits(&to_all.initiative)) {
                instance.set_ake(Ake::None, now);
            }
        }
        for (tag, instance) in &mut self.instances {
            if instance.ake_since().as_ref().is_some_and(is_late) {
                if instance.is_stuck() {
                    // The peer was there, and wanted new keys. What it cannot read it would not have sent again.
                    self.renewal_due = self.renewal_due.or(Some(None));
                }
                instance.set_ake(Ake::None, now);
                nobody |= self.active.is_none_or(|active| active == *tag);
            }
        }
        self.instances.retain(|_, instance| !instance.is_empty());
        if nobody {
            out.push(Output::Attention(Attention::NoAnswer));
        }
    }

    /// Makes a place for an instance: those without a private conversation give way first, then those that were not
    /// heard for longest; never the one that texts go to.
    pub(super) fn make_room(&mut self, tag: u32, out: &mut Vec<Output>) {
        if self.instances.contains_key(&tag) || self.instances.len() < INSTANCES_AT_MOST {
            return;
        }
        let others = self.instances.iter().filter(|(tag, _)| self.active != Some(**tag));
        let least = others.min_by_key(|(_, i)| (!matches!(i.state, State::Plaintext), i.heard)).map(|(tag, _)| *tag);
        if let Some(mut instance) = least.and_then(|tag| self.instances.remove(&tag)) {
            out.extend(instance.left_open());
        }
    }
}
