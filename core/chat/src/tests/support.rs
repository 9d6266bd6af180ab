//! Mailboxes as tests need them.

pub(super) use std::sync::Arc;
pub(super) use std::time::Duration;

pub(super) use crate::address::Address;
pub(super) use crate::contact::{PeerId, Relationship};
pub(super) use crate::encryption::stored::Stored;
pub(super) use crate::error::ChatError;
pub(super) use crate::event::Changed;
pub(super) use crate::inbox::Arrived;
pub(super) use crate::mailbox::Mailbox;
pub(super) use crate::message::{FailReason, MessageId, MessageState, Reading, TextId, Transmission};
pub(super) use crate::retention::History;
pub(super) use crate::seen::Mark;
pub(super) use crate::stanza::{OutgoingStanza, StanzaKind, StreamNumber};
pub(super) use crate::time::UnixTime;
pub(super) use crate::trust::{Fingerprint, Security, Trust};
pub(super) use crate::view::Message;
pub(super) use crate::{inbox, limits, outbox, redelivery, repair, retention, stanza_queue, view};

pub(crate) const PEER: &str = "peer@b.example";
pub(crate) const NOW: UnixTime = UnixTime(1_000_000);
/// The peer's.
pub(crate) const KEY: Fingerprint = Fingerprint([1; 20]);

/// For times as tests count them.
impl std::ops::Add<u64> for UnixTime {
    type Output = Self;

    fn add(self, seconds: u64) -> Self {
        self.after(Duration::from_secs(seconds))
    }
}

impl std::ops::Sub<u64> for UnixTime {
    type Output = Self;

    fn sub(self, seconds: u64) -> Self {
        Self(self.0 - seconds)
    }
}

/// A bare JID.
pub(crate) fn address(jid: &str) -> Address {
    jid.to_owned().into()
}

/// A plain text of somebody's comes, with an id; whether it is new.
pub(crate) fn comes(mailbox: &mut Mailbox, from: &str, id: Option<&str>, text: &str) -> bool {
    let peer = mailbox.peer(&address(from));
    let mark = id.map(|id| Mark::plain(id, text, "", NOW));
    let arrived = Arrived { peer, mark, text, security: Security::Plaintext, resource: None, receipt: id };
    inbox::receive(mailbox, &arrived, "receipt".into(), NOW).is_some()
}

/// A private text of the peer's comes under a key; whether it is new.
pub(crate) fn comes_in_private(mailbox: &mut Mailbox, key: Fingerprint, accepted: bool, label: &str) -> bool {
    let (peer, mark) = (mailbox.peer(&address(PEER)), Some(Mark::private(key, accepted, label)));
    let arrived = Arrived { peer, mark, text: "", security: Security::Private, resource: None, receipt: None };
    inbox::receive(mailbox, &arrived, String::new(), NOW).is_some()
}

/// The peer says inside the encryption that it has a text.
pub(crate) fn read(mailbox: &mut Mailbox, label: &str) -> Changed {
    let peer = mailbox.peer(&address(PEER));
    outbox::read(mailbox, peer, KEY, &[label.to_owned()])
}

pub(crate) fn queue(mailbox: &mut Mailbox, to: &str, id: &str) -> MessageId {
    outbox::queue(mailbox, &address(to), id.into(), id, NOW, None).unwrap()
}

/// Texts that wait to be encrypted.
pub(crate) fn texts(mailbox: &Mailbox) -> Vec<String> {
    outbox::waiting(mailbox).into_iter().map(|(row, _)| mailbox.messages[&row].text.clone()).collect()
}

pub(crate) fn receipts(mailbox: &Mailbox) -> Vec<String> {
    let of = |stanza: &OutgoingStanza| {
        if let StanzaKind::Receipt { received } = &stanza.kind { Some(received.clone()) } else { None }
    };
    mailbox.stanzas.values().filter_map(|stanza| of(stanza)).collect()
}

/// What a screen shows of what is not history.
pub(crate) fn shown(mailbox: &Mailbox, with: Option<&str>, history: History, now: UnixTime) -> Vec<Message> {
    let all = mailbox.messages.iter().filter_map(|(id, entry)| view::message(mailbox, *id, entry, history, now));
    all.filter(|message| with.is_none_or(|with| message.peer.as_str() == with)).collect()
}

pub(crate) fn shown_one(mailbox: &Mailbox, id: MessageId, history: History, now: UnixTime) -> Option<Message> {
    view::message(mailbox, id, mailbox.messages.get(&id)?, history, now)
}

pub(crate) fn states(mailbox: &Mailbox) -> Vec<(String, MessageState)> {
    shown(mailbox, None, History::UntilBurn, NOW).iter().map(|message| (message.text.clone(), message.state)).collect()
}

/// A mailbox with a peer that has confirmed a message, and `count` more in the outbox: ids and texts are their numbers.
pub(crate) fn outbox(count: u32) -> Mailbox {
    let mut mailbox = Mailbox::default();
    for number in 0..=count {
        queue(&mut mailbox, PEER, &number.to_string());
    }
    encrypt(&mut mailbox, 1, 1);
    assert!(!read(&mut mailbox, "0").is_empty());
    let _ = retention::sweep(&mut mailbox, History::None, NOW);
    mailbox
}

/// Has a text leave as one stanza, as the private conversation's text of this number.
pub(crate) fn encrypt(mailbox: &mut Mailbox, row: u64, number: u64) {
    let row = MessageId(row);
    let peer = mailbox.messages[&row].peer;
    let kind = StanzaKind::Encrypted { body: mailbox.messages[&row].text.clone(), wants_receipt: true };
    let id = mailbox.messages[&row].label.clone();
    let ids = vec![id.clone()];
    stanza_queue::add(
        mailbox,
        OutgoingStanza { peer, resource: None, id, kind, message: Some(row), at: NOW, number: None },
    );
    let entry = mailbox.messages.get_mut(&row).map(Arc::make_mut).unwrap();
    entry.transmission = Some(Transmission { reading: Reading::Awaited(TextId(number)), key: KEY, at: NOW, ids });
    mailbox.set(row, MessageState::Sent);
}

/// Whether the client with the key of [`encrypt`] knows what it gets twice.
pub(crate) fn knows_doubles(mailbox: &mut Mailbox, peer: PeerId, deduplicates: bool) {
    let peer = mailbox.peer_mut(peer).unwrap();
    peer.trust.trusts_on_first_use(KEY);
    peer.trust.key_mut(KEY).unwrap().deduplicates = deduplicates;
}

pub(crate) fn send_all(mailbox: &mut Mailbox) {
    for (MessageId(row), _) in outbox::waiting(mailbox) {
        encrypt(mailbox, row, row);
    }
    stanza_queue::number(mailbox, StreamNumber(1), usize::MAX, NOW);
}

/// What is on the way or waits to be sent, in its order.
pub(crate) fn bodies(mailbox: &mut Mailbox) -> Vec<String> {
    let of = |stanza: &OutgoingStanza| {
        if let StanzaKind::Encrypted { body, .. } = &stanza.kind { Some(body.clone()) } else { None }
    };
    stanza_queue::number(mailbox, StreamNumber(100), usize::MAX, NOW)
        .iter()
        .filter_map(|(_, stanza)| of(stanza))
        .collect()
}
