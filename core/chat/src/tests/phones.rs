//! Two installations in memory with an attacker between them: lying servers, and keys that were not accepted.

pub(super) use flashpaper_otr::{Identity, InstanceTag, Output, Session, Settings};
pub(super) use flashpaper_xmpp::{ChatMessage, Incoming, Refusal, Start};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::support::{
    Arc, Changed, Duration, FailReason, Fingerprint, History, Mailbox, MessageId, MessageState, NOW, OutgoingStanza,
    PeerId, Security, StanzaKind, StreamNumber, address, inbox, outbox, repair, retention, shown, shown_one,
    stanza_queue, view,
};
pub(super) use crate::chat::Talk;
pub(super) use crate::event::{Comparison, Notice};
pub(super) use crate::random::Random;
pub(super) use crate::sessions::Sessions;
pub(super) use crate::view::Conversation;

pub(super) const ONE: &str = "one@a.example";
pub(super) const TWO: &str = "two@b.example";

/// An installation that talks to one peer.
pub(super) struct Phone {
    pub(super) peer: &'static str,
    pub(super) row: PeerId,
    pub(super) mailbox: Mailbox,
    pub(super) sessions: Sessions,
    pub(super) random: Random,
    /// Seconds that have passed.
    pub(super) time: u64,
    /// How long a private conversation may rest, in seconds.
    pub(super) idle_timeout: u64,
    /// What is kept of messages that are done.
    pub(super) history: History,
    pub(super) notices: Vec<Notice>,
    /// Messages that went into another state, in that order.
    pub(super) changed: Changed,
}

impl Phone {
    pub(super) fn new(peer: &'static str, seed: u64, tag: u32) -> Self {
        Self::with(Arc::new(Identity::random(&mut StdRng::seed_from_u64(seed))), peer, seed, tag)
    }

    pub(super) fn with(identity: Arc<Identity>, peer: &'static str, seed: u64, tag: u32) -> Self {
        let mut mailbox = Mailbox::default();
        let row = mailbox.peer(&address(peer));
        mailbox.befriend(row);
        let sessions = Sessions::new(identity, InstanceTag(tag));
        let random = Random::new(Box::new(StdRng::seed_from_u64(seed + 1000)));
        Self {
            peer,
            row,
            mailbox,
            sessions,
            random,
            time: 0,
            idle_timeout: 3600,
            history: History::None,
            notices: Vec::new(),
            changed: Vec::new(),
        }
    }

    pub(super) fn work<T>(&mut self, work: impl FnOnce(&mut Talk<'_>) -> T) -> T {
        let idle_timeout = self.idle_timeout();
        let times = (NOW + self.time, Duration::from_secs(5 + self.time));
        let mut talk = Talk::new(&mut self.mailbox, &mut self.sessions, self.random.clone(), times, idle_timeout);
        let done = work(&mut talk);
        let news = talk.end();
        self.notices.extend(news.notices.into_iter().map(|(_, notice)| notice));
        self.changed.extend(news.messages);
        let _ = retention::sweep(&mut self.mailbox, self.history, NOW + self.time);
        done
    }

    /// [`Phone::work`] on a disk that is full.
    pub(super) fn fails_to_store<T>(&mut self, work: impl FnOnce(&mut Talk<'_>) -> T) {
        let before = (self.mailbox.clone(), self.notices.clone(), self.changed.clone());
        self.work(work);
        (self.mailbox, self.notices, self.changed) = before;
        self.sessions.forget();
    }

    /// How long a private conversation may rest.
    pub(super) const fn idle_timeout(&self) -> Duration {
        Duration::from_secs(self.idle_timeout)
    }

    /// Stanzas of the peer's account come, all at once.
    pub(super) fn hears(&mut self, stanzas: &[Arc<OutgoingStanza>]) {
        let peer = self.peer;
        self.work(|talk| stanzas.iter().for_each(|stanza| hear(talk, peer, stanza)));
    }

    /// What it sends now; the server has it.
    pub(super) fn says(&mut self) -> Vec<Arc<OutgoingStanza>> {
        self.work(|talk| talk.pump(1000));
        let out = stanza_queue::number(&mut self.mailbox, StreamNumber(1), usize::MAX, NOW + self.time);
        stanza_queue::acked(&mut self.mailbox, StreamNumber(u32::try_from(out.len()).unwrap()));
        out.into_iter().map(|(_, stanza)| stanza).collect()
    }

    /// Puts a text into the outbox; its name.
    pub(super) fn writes(&mut self, text: &str) -> MessageId {
        outbox::queue(&mut self.mailbox, &address(self.peer), format!("label of {text}"), text, NOW + self.time, None)
            .unwrap()
    }

    pub(super) fn state(&self, id: MessageId) -> Option<MessageState> {
        Some(shown_one(&self.mailbox, id, History::UntilBurn, NOW)?.state)
    }

    /// What has come and was not taken.
    pub(super) fn inbox(&self) -> Vec<(String, Security)> {
        let all = shown(&self.mailbox, None, History::UntilBurn, NOW);
        let came = all.iter().filter(|message| message.state == MessageState::Received);
        came.map(|message| (message.text.clone(), message.security)).collect()
    }

    pub(super) fn takes_all(&mut self) {
        for message in shown(&self.mailbox, None, History::UntilBurn, NOW) {
            inbox::take(&mut self.mailbox, message.id);
        }
        let _ = retention::sweep(&mut self.mailbox, History::None, NOW);
    }

    pub(super) fn conversation(&self) -> Conversation {
        let mut conversation = view::conversations(&self.mailbox).swap_remove(0);
        self.sessions.glance().complete(self.row, &mut conversation);
        conversation
    }

    pub(super) fn own_key(&self) -> Fingerprint {
        self.sessions.fingerprint()
    }

    /// Its process is another one, and connects.
    pub(super) fn restarts(&mut self) {
        self.sessions.forget();
        repair::mend(&mut self.mailbox, None);
        self.work(|talk| {
            talk.stream_began(Start::New { acked: None }, None, None);
        });
    }

    /// Its process is another, and has no sessions any more.
    pub(super) fn loses_all_sessions(&mut self) {
        self.sessions.forget();
        self.mailbox.sessions.clear();
    }
}

/// A stanza of the peer's account comes.
pub(super) fn hear(talk: &mut Talk<'_>, peer: &str, stanza: &OutgoingStanza) {
    talk.hear(incoming(peer, stanza));
}

/// A stanza of the peer's account, as it comes.
pub(super) fn incoming(peer: &str, stanza: &OutgoingStanza) -> Incoming {
    match &stanza.kind {
        StanzaKind::Encrypted { body, wants_receipt } => Incoming::Chat(chat(peer, &stanza.id, body, *wants_receipt)),
        StanzaKind::Receipt { received } => Incoming::Receipt { from: peer.to_owned(), id: received.clone() },
    }
}

pub(super) fn chat(from: &str, id: &str, body: &str, wants_receipt: bool) -> ChatMessage {
    let (from, resource) = (from.to_owned(), Some("r".to_owned()));
    ChatMessage { from, resource, id: Some(id.to_owned()), sent: None, text: body.to_owned(), wants_receipt }
}

/// Two that are in private with each other.
pub(super) fn friends() -> (Phone, Phone) {
    let (mut one, mut two) = (Phone::new(TWO, 1, 0x1000), Phone::new(ONE, 2, 0x2000));
    let row = one.row;
    one.work(|talk| talk.start(row));
    carry(&mut one, &mut two);
    assert_eq!((one.conversation().security, two.conversation().security), (Security::Private, Security::Private));
    (one, two)
}

/// Carries what both say to the other until they are silent.
pub(super) fn carry(one: &mut Phone, two: &mut Phone) {
    for _ in 0..100 {
        let (of_one, of_two) = (one.says(), two.says());
        if of_one.is_empty() && of_two.is_empty() {
            return;
        }
        two.hears(&of_one);
        one.hears(&of_two);
    }
    panic!("they do not stop");
}

/// Somebody without the engine: another client, or a server that speaks for the peer.
pub(super) struct Other(pub(super) Session);

impl Other {
    pub(super) fn new(seed: u64, tag: u32) -> Self {
        Self::with(seed, Settings { tag: Some(InstanceTag(tag)), ..Settings::default() })
    }

    pub(super) fn with(seed: u64, settings: Settings) -> Self {
        Self::of(Arc::new(Identity::random(&mut StdRng::seed_from_u64(seed))), seed, settings)
    }

    pub(super) fn of(identity: Arc<Identity>, seed: u64, settings: Settings) -> Self {
        let rng = Box::new(StdRng::seed_from_u64(seed + 1000));
        Self(Session::new(identity, settings, rng, Duration::ZERO))
    }

    /// Says something to a phone and hears its answers, until both are silent; what it reads meanwhile.
    pub(super) fn converse(&mut self, phone: &mut Phone, first: Vec<Output>) -> Vec<String> {
        let (mut queue, mut read) = (first, Vec::new());
        while !queue.is_empty() {
            let said = carried(&queue);
            read.extend(
                queue.into_iter().filter_map(|o| if let Output::Text { text, .. } = o { Some(text) } else { None }),
            );
            let peer = phone.peer;
            phone.work(|talk| {
                for (number, body) in said.iter().enumerate() {
                    talk.receive(&chat(peer, &format!("theirs {number}"), body, true));
                }
            });
            queue = self.hears(&phone.says());
        }
        read
    }

    pub(super) fn hears(&mut self, stanzas: &[Arc<OutgoingStanza>]) -> Vec<Output> {
        let body = |stanza: &Arc<OutgoingStanza>| {
            if let StanzaKind::Encrypted { body, .. } = &stanza.kind { Some(body.clone()) } else { None }
        };
        stanzas.iter().filter_map(body).flat_map(|body| self.0.receive(&body)).collect()
    }

    /// Begins a private conversation.
    pub(super) fn begins(&mut self, phone: &mut Phone) {
        let commit = self.0.receive("?OTRv3?");
        self.converse(phone, commit);
        assert!(self.0.is_private());
    }
}

pub(super) fn carried(outputs: &[Output]) -> Vec<String> {
    outputs.iter().filter_map(|o| if let Output::Send(body) = o { Some(body.clone()) } else { None }).collect()
}

/// As stanzas of the peer's.
pub(super) fn stanzas(outputs: &[Output]) -> Vec<Arc<OutgoingStanza>> {
    let stanza = |body: String| {
        let kind = StanzaKind::Encrypted { body, wants_receipt: false };
        Arc::new(OutgoingStanza {
            peer: PeerId(0),
            resource: None,
            id: "theirs".into(),
            kind,
            message: None,
            at: NOW,
            number: None,
        })
    };
    carried(outputs).into_iter().map(stanza).collect()
}

pub(super) const UNREAD: MessageState = MessageState::Failed { reason: FailReason::Unread };
