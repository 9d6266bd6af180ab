//! The texts that were written, read and reported in a world, and the laws that hold at every moment.

use std::collections::HashSet;

use super::impostor::FORGED;
use super::side::Side;
use crate::stanza::StanzaKind;
use crate::tests::phones::UNREAD;
use crate::tests::support::{Fingerprint, MessageId, MessageState, Security};

/// What the texts of both sides begin with.
const MARK: &str = "text ";

/// A text of one side's.
#[derive(Clone)]
struct Text {
    id: MessageId,
    /// The key that it was encrypted to.
    key: Option<Fingerprint>,
    /// The ids of all stanzas that have carried it.
    carried_by: HashSet<String>,
    is_delivered: bool,
    /// It was told as unread before it was known whether the peer's client knows doubles.
    is_told: bool,
}

/// What one side wrote, and what it read of the other's.
#[derive(Default, Clone)]
struct Book {
    written: Vec<Text>,
    /// Texts of the peer's, by their numbers, in the order in which they were read.
    read: Vec<usize>,
    /// The last message that was looked at.
    last: Option<MessageId>,
}

#[derive(Clone)]
pub(super) struct Ledger {
    books: [Book; 2],
    keys: [Fingerprint; 2],
    impostor: Fingerprint,
}

impl Ledger {
    pub(super) fn new(keys: [Fingerprint; 2], impostor: Fingerprint) -> Self {
        Self { books: Default::default(), keys, impostor }
    }

    /// The next text of a side.
    pub(super) fn next_text(&self, side: usize) -> String {
        format!("{MARK}{} of {side}", self.books[side].written.len())
    }

    pub(super) fn has_written(&mut self, side: usize, id: MessageId) {
        let text = Text { id, key: None, carried_by: HashSet::new(), is_delivered: false, is_told: false };
        self.books[side].written.push(text);
    }

    /// A side has committed something.
    pub(super) fn look(&mut self, at: usize, side: &mut Side, touched: &HashSet<String>, impostor: &[String]) {
        self.look_at_sent(at, side);
        self.look_at_read(at, side, touched);
        for (id, state) in std::mem::take(&mut side.changed) {
            let Some(number) = self.books[at].written.iter().position(|text| text.id == id) else { continue };
            if state == MessageState::Delivered {
                self.is_delivered(at, number, impostor);
            }
            let text = &mut self.books[at].written[number];
            let trust = side.phone.mailbox.peers.get(&side.phone.row).map(|peer| &peer.trust);
            let knows_doubles =
                trust.zip(text.key).and_then(|(trust, key)| trust.key(key)).is_some_and(|key| key.deduplicates);
            text.is_told = state == UNREAD && !knows_doubles;
        }
    }

    /// Texts go to one key each, which the user accepts, and nothing goes in the clear.
    fn look_at_sent(&mut self, at: usize, side: &Side) {
        let mailbox = &side.phone.mailbox;
        let Some(peer) = mailbox.peers.get(&side.phone.row) else { return };
        for text in &mut self.books[at].written {
            let Some(sent) = mailbox.messages.get(&text.id).and_then(|entry| entry.transmission.as_ref()) else {
                continue;
            };
            if sent.ids.iter().any(|id| !text.carried_by.contains(id)) {
                assert!(peer.trust.accepts(sent.key), "a text goes to a key that is not accepted");
                assert!(text.key.is_none_or(|key| key == sent.key), "a text goes to another key than before");
                text.key = Some(sent.key);
                text.carried_by.extend(sent.ids.iter().cloned());
            }
        }
        for stanza in mailbox.stanzas.values() {
            if let StanzaKind::Encrypted { body, .. } = &stanza.kind {
                assert!(!body.contains(MARK), "a text goes in the clear");
            }
        }
    }

    /// What is read was written by the peer, is read once, and in its order; unless the server has had it by itself.
    fn look_at_read(&mut self, at: usize, side: &Side, touched: &HashSet<String>) {
        let last = self.books[at].last;
        let mailbox = &side.phone.mailbox;
        let is_new = |id: &MessageId| last.is_none_or(|last| *id > last);
        for (id, entry) in mailbox.messages.iter().filter(|(id, entry)| is_new(id) && entry.came()) {
            self.books[at].last = Some(*id);
            if entry.text.starts_with(FORGED) {
                let is_private = matches!(entry.security, Security::Private | Security::Verified);
                let is_accepted = mailbox.peers[&side.phone.row].trust.accepts(self.impostor);
                assert!(is_accepted || !is_private, "a forged text is called private");
                continue;
            }
            assert_ne!(entry.security, Security::Plaintext, "a text in the clear");
            let number = number_of(&entry.text, 1 - at).expect("a text that nobody wrote");
            let later = self.books[at].read.iter().copied().max().filter(|later| number < *later);
            assert!(!self.books[at].read.contains(&number), "text {number} is read twice");
            let text = &self.books[1 - at].written[number];
            let is_moved = text.carried_by.iter().any(|id| touched.contains(id));
            assert!(later.is_none() || is_moved, "text {number} is read behind {later:?}");
            self.books[at].read.push(number);
        }
    }

    /// A text is called delivered: the owner of the key that it went to has read it.
    fn is_delivered(&mut self, at: usize, number: usize, impostor: &[String]) {
        let key = self.books[at].written[number].key;
        let is_read = if key == Some(self.keys[1 - at]) {
            self.books[1 - at].read.contains(&number)
        } else {
            key == Some(self.impostor) && impostor.iter().any(|text| number_of(text, at) == Some(number))
        };
        assert!(is_read, "text {number} of {at} is called delivered, and nobody has read it");
        self.books[at].written[number].is_delivered = true;
    }

    /// An impostor has read nothing that the user did not let go to its key.
    pub(super) fn check_read_by_impostor(&self, at: usize, read: &[String]) {
        for text in read {
            let key = number_of(text, at).and_then(|number| self.books[at].written.get(number)?.key);
            assert_eq!(key, Some(self.impostor), "the impostor reads {text}");
        }
    }

    /// Whether every text of a side's is told as delivered.
    pub(super) fn all_delivered(&self, at: usize) -> bool {
        self.books[at].written.iter().all(|text| text.is_delivered)
    }

    /// Everything was read, and is told as delivered. `acquainted`: both have known from the beginning what the other's client
    /// is. Else a text may be told as unread.
    pub(super) fn check_all_arrived(&self, at: usize, side: &Side, acquainted: bool) {
        for (number, text) in self.books[at].written.iter().enumerate() {
            let is_read = self.books[1 - at].read.contains(&number);
            let is_told = !acquainted && text.is_told;
            let state = side.phone.state(text.id);
            assert!(is_told || is_read && text.is_delivered, "text {number} of {at}, read: {is_read}, is {state:?}");
        }
    }

    /// The last text of a side's was read.
    pub(super) fn check_last_arrived(&self, at: usize) {
        let written = &self.books[at].written;
        assert!(written.last().is_some_and(|text| text.is_delivered), "{at} is dumb");
    }

    /// What was not read is not forgotten: it waits, or is told as failed.
    pub(super) fn check_none_forgotten(&self, at: usize, side: &Side) {
        let unread = |number: &usize| !self.books[1 - at].read.contains(number);
        for (number, text) in self.books[at].written.iter().enumerate().filter(|(number, _)| unread(number)) {
            let state = side.phone.state(text.id);
            let is_there = state.is_some_and(|state| !matches!(state, MessageState::Delivered | MessageState::Taken));
            assert!(is_there || text.is_delivered, "text {number} of {at} is gone");
        }
    }
}

/// Which text of a side's this is. What is sent again to another client has a mark.
fn number_of(text: &str, side: usize) -> Option<usize> {
    text.trim_start_matches("[resent] ").strip_prefix(MARK)?.strip_suffix(&format!(" of {side}"))?.parse().ok()
}
