//! What has happened to a burner and was not told yet: the engine's events, with what they are about.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use flashpaper::{
    Address, BurnerId, Conversation, Engine, Event, Message, MessageId, MessageState, Relationship, TorAccess,
};

use crate::pages;

/// How Tor is reached, and how long it is waited for.
pub(super) type TorStart = (TorAccess, Duration);

/// Something to tell.
pub(crate) enum News {
    /// A message came.
    Message(Message),
    /// A conversation is not as it was.
    Conversation(Box<Change>),
    /// Anything else.
    Event(Event),
}

impl News {
    /// Whether words of others are in it; the address of a stranger is one of them.
    pub(crate) fn has_words(&self) -> bool {
        match self {
            Self::Message(_) => true,
            Self::Conversation(change) => change.now.relationship == Relationship::Stranger,
            Self::Event(event) => matches!(event, Event::Comparison { .. } | Event::Notice { .. }),
        }
    }
}

/// How a conversation was and is.
pub(crate) struct Change {
    pub(crate) before: Option<Conversation>,
    pub(crate) now: Conversation,
}

/// Remembers what was told.
pub(crate) struct Watch<'a> {
    engine: &'a Engine,
    burner: &'a BurnerId,
    /// Messages that wait to be taken.
    told: BTreeSet<MessageId>,
    conversations: BTreeMap<Address, Conversation>,
}

impl<'a> Watch<'a> {
    /// Conversations count as told as they are now, messages do not.
    pub(crate) fn begin(engine: &'a Engine, burner: &'a BurnerId) -> Result<Self, flashpaper::Error> {
        let status = engine.snapshot().burners.into_iter().find(|status| status.burner.id == *burner);
        let known = status.map(|status| status.conversations).unwrap_or_default();
        let conversations = known.into_iter().map(|conversation| (conversation.peer.clone(), conversation)).collect();
        Ok(Self { engine, burner, told: BTreeSet::new(), conversations })
    }

    /// Messages that wait to be taken, because they came or failed, and were not told of.
    pub(crate) fn unread(&mut self) -> Vec<News> {
        let waits = |m: &Message| matches!(m.state, MessageState::Received | MessageState::Failed { .. });
        // What cannot be looked at any more is not told.
        let mut messages = pages::all(self.engine, self.burner, None, None, waits).unwrap_or_default();
        messages.retain(|message| self.told.insert(message.id));
        let news = |message: Message| match message.state {
            MessageState::Received => News::Message(message),
            state => News::Event(Event::Message { burner: self.burner.clone(), message: message.id, state }),
        };
        messages.into_iter().map(news).collect()
    }

    pub(crate) fn of(&mut self, event: Event) -> Vec<News> {
        match event {
            Event::Message { burner, .. }
            | Event::Connection { burner, .. }
            | Event::OtherRoute { burner, .. }
            | Event::Expiring { burner, .. }
            | Event::Expired { burner }
            | Event::Conversation { burner, .. }
            | Event::Comparison { burner, .. }
            | Event::Notice { burner, .. }
                if burner != *self.burner =>
            {
                Vec::new()
            }
            Event::Message { message, state: MessageState::Received, .. } => self.message(message),
            Event::Message { message, state: MessageState::Taken, .. } => {
                self.told.remove(&message);
                vec![News::Event(event)]
            }
            Event::Conversation { peer, .. } => self.conversation(peer),
            Event::Lagged { .. } => {
                let mut news = vec![News::Event(event)];
                news.extend(self.unread());
                news
            }
            event => vec![News::Event(event)],
        }
    }

    fn message(&mut self, id: MessageId) -> Vec<News> {
        let message = self.engine.message(self.burner, id).ok();
        let unread = message.filter(|m| m.state == MessageState::Received && self.told.insert(id));
        unread.map(News::Message).into_iter().collect()
    }

    fn conversation(&mut self, peer: Address) -> Vec<News> {
        let Ok(now) = self.engine.conversation(self.burner, peer.as_str()) else { return Vec::new() };
        let before = self.conversations.insert(peer, now.clone());
        if before.as_ref() == Some(&now) {
            return Vec::new();
        }
        vec![News::Conversation(Box::new(Change { before, now }))]
    }
}
