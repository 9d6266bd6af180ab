//! A burner's OTR sessions in memory (versions 3 and 2), and the clients that they are with.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flashpaper_otr::{Attention, Identity, InstanceTag, Session, Settings};

use crate::contact::PeerId;
use crate::encryption::stored::Stored;
use crate::event::{Notice, beginning};
use crate::limits;
use crate::random::Random;
use crate::trust::{Fingerprint, Trust};

/// The sessions that are open, by the row of the peer. All of them are stored, but for key exchanges that are under way.
pub(crate) struct Otr3 {
    identity: Arc<Identity>,
    tag: InstanceTag,
    pub(crate) open: BTreeMap<PeerId, Session>,
    /// The client that an instance was last heard from.
    pub(crate) resources: HashMap<(PeerId, InstanceTag), String>,
    limit: Option<usize>,
    /// No conversation is in version 2.
    pub(crate) version_3_only: bool,
}

/// How a session was opened.
pub(crate) enum Opened {
    /// It was open.
    Before(Session),
    /// From what is stored.
    Resumed(Session),
    /// What is stored of it cannot be gone on with: a new one.
    Lost(Session),
    /// There was none.
    New(Session),
}

impl Otr3 {
    pub(crate) fn new(identity: Arc<Identity>, tag: InstanceTag) -> Self {
        let (open, resources) = (BTreeMap::new(), HashMap::new());
        Self { identity, tag, open, resources, limit: None, version_3_only: false }
    }

    pub(crate) fn own_key(&self) -> Fingerprint {
        self.identity.fingerprint().into()
    }

    /// `limit`: what a stanza may hold.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = Some(limit);
        self.open.values_mut().for_each(|session| session.set_limit(Some(limit)));
    }

    /// Takes a peer's session out; it is to be put back into `open`. What is `stored` of it is gone on with if sessions
    /// `outlive` their process.
    pub(crate) fn take_out(
        &mut self,
        peer: PeerId,
        stored: Option<&Stored>,
        outlive: bool,
        rng: Random,
        clock: Duration,
    ) -> Opened {
        if let Some(session) = self.open.remove(&peer) {
            return Opened::Before(session);
        }
        let settings = Settings {
            tag: Some(self.tag),
            limit: self.limit,
            // Said anew each time that the session is used.
            version_2: true,
            keeps_texts: true,
        };
        let identity = || Arc::clone(&self.identity);
        let Some(stored) = stored else {
            return Opened::New(Session::new(identity(), settings, Box::new(rng), clock));
        };
        let state = stored.state().filter(|_| outlive);
        let resumed =
            state.and_then(|state| Session::resume(&state, identity(), settings, Box::new(rng.clone()), clock).ok());
        let Some(session) = resumed else {
            return Opened::Lost(Session::new(identity(), settings, Box::new(rng), clock));
        };
        if let Some(((instance, _), resource)) = session.recipient().zip(stored.resource.clone()) {
            self.resources.entry((peer, instance)).or_insert(resource);
        }
        Opened::Resumed(session)
    }

    /// A peer's session as it is to be stored, used at this time. Nothing to go on with, unless it is to outlive the process.
    pub(crate) fn to_store(
        &self,
        peer: PeerId,
        session: &Session,
        trust: Option<&Trust>,
        now: u64,
        outlive: bool,
    ) -> Stored {
        let (instance, key) = recipient(session, trust).unzip();
        let resource = instance.and_then(|instance| self.resources.get(&(peer, instance)));
        Stored {
            state: if outlive { BASE64_STANDARD.encode(&*session.suspend()) } else { String::new() },
            used: now,
            key,
            resource: resource.filter(|_| outlive).cloned(),
            version: instance.map(InstanceTag::version),
            finished: session.is_finished(),
        }
    }

    /// The client that a message is for, if it was heard from: what is for any goes to the one that texts go to.
    pub(crate) fn resource(&self, peer: PeerId, body: &str) -> Option<String> {
        let any = || self.open.get(&peer)?.recipient().map(|(instance, _)| instance);
        let instance = InstanceTag::of_recipient(body).or_else(any)?;
        self.resources.get(&(peer, instance)).cloned()
    }

    /// An instance was heard from this client.
    pub(crate) fn heard_from(&mut self, peer: PeerId, instance: InstanceTag, resource: Option<&str>) {
        let resources = &mut self.resources;
        let Some(resource) = resource else {
            // A client without a name that can be written is answered at the account.
            resources.remove(&(peer, instance));
            return;
        };
        let theirs = resources.keys().filter(|(of, _)| *of == peer);
        if !resources.contains_key(&(peer, instance)) && theirs.count() >= limits::CLIENTS {
            // A peer with so many is not owed the right one of them.
            resources.retain(|(of, _), _| *of != peer);
        }
        resources.insert((peer, instance), resource.to_owned());
    }
}

/// Where texts go, and what a screen shows: to a client with a key that is accepted; only where there is none, to the one
/// that the session has.
pub(crate) fn recipient(session: &Session, trust: Option<&Trust>) -> Option<(InstanceTag, Fingerprint)> {
    let current = session.recipient()?;
    let all = std::iter::once(current).chain(session.private());
    let mut accepted = all.filter(|(_, key)| trust.is_some_and(|trust| trust.accepts((*key).into())));
    let (instance, key) = accepted.next().unwrap_or(current);
    Some((instance, key.into()))
}

/// What a user is told of something that OTR finds worth attention.
pub(crate) fn notice(attention: Attention) -> Option<Notice> {
    Some(match attention {
        Attention::Unreadable => Notice::Unreadable,
        Attention::PeerError(text) => Notice::PeerError { text: beginning(text) },
        Attention::OtherVersion => Notice::OtherVersion,
        Attention::Mirror => Notice::Mirror,
        Attention::Malformed => Notice::Malformed,
        // The state of what waits says it; another client's messages are nobody's business here.
        Attention::NoAnswer | Attention::ForOtherInstance => return None,
    })
}
