//! A burner's sessions in memory, and the clients that they are with.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::contact::PeerId;
use crate::encryption::otr3::Otr3;
use crate::encryption::session::{Client, Partner, Session};
use crate::encryption::stored::Stored;
use crate::encryption::wire;
use crate::limits;
use crate::random::Random;
use crate::time::UnixTime;
use crate::trust::{Fingerprint, Trust};

/// The sessions that are open, by the row of the peer. All of them are stored, but for key exchanges that are under way.
pub(crate) struct OpenSessions {
    protocol: Otr3,
    by_peer: BTreeMap<PeerId, Box<dyn Session>>,
    /// Where a client was last heard from.
    resources: HashMap<(PeerId, Client), String>,
    limit: Option<usize>,
    /// No conversation is in a version of the protocol before the newest.
    pub(crate) newest_only: bool,
}

/// How a session was opened.
pub(crate) enum Opened {
    /// It was open.
    Before(Box<dyn Session>),
    /// From what is stored.
    Resumed(Box<dyn Session>),
    /// What is stored of it cannot be gone on with: a new one.
    Lost(Box<dyn Session>),
    /// There was none.
    New(Box<dyn Session>),
}

impl OpenSessions {
    pub(crate) fn new(protocol: Otr3) -> Self {
        let (by_peer, resources) = (BTreeMap::new(), HashMap::new());
        Self { protocol, by_peer, resources, limit: None, newest_only: false }
    }

    /// `limit`: what a stanza may hold.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = Some(limit);
        self.by_peer.values_mut().for_each(|session| session.set_limit(limit));
    }

    /// Takes a peer's session out; it is to be [put back](Self::put_back). What is `stored` of it is gone on with if sessions
    /// `outlive` their process.
    pub(crate) fn take_out(
        &mut self,
        peer: PeerId,
        stored: Option<&Stored>,
        outlive: bool,
        rng: Random,
        clock: Duration,
    ) -> Opened {
        if let Some(session) = self.by_peer.remove(&peer) {
            return Opened::Before(session);
        }
        let Some(stored) = stored else {
            return Opened::New(self.protocol.open(self.limit, rng, clock));
        };
        let state = stored.state().filter(|_| outlive);
        let resumed = state.and_then(|state| self.protocol.resume(&state, self.limit, rng.clone(), clock));
        let Some(session) = resumed else {
            return Opened::Lost(self.protocol.open(self.limit, rng, clock));
        };
        if let Some((Partner { client, .. }, resource)) = session.recipient().zip(stored.resource.clone()) {
            self.resources.entry((peer, client)).or_insert(resource);
        }
        Opened::Resumed(session)
    }

    pub(crate) fn put_back(&mut self, peer: PeerId, session: Box<dyn Session>) {
        self.by_peer.insert(peer, session);
    }

    pub(crate) fn close(&mut self, peer: PeerId) {
        self.by_peer.remove(&peer);
    }

    pub(crate) fn close_all(&mut self) {
        self.by_peer.clear();
    }

    /// A client was heard from here.
    pub(crate) fn heard_from(&mut self, peer: PeerId, client: Client, resource: Option<&str>) {
        let resources = &mut self.resources;
        let Some(resource) = resource else {
            // A client without a name that can be written is answered at the account.
            resources.remove(&(peer, client));
            return;
        };
        let theirs = resources.keys().filter(|(of, _)| *of == peer);
        if !resources.contains_key(&(peer, client)) && theirs.count() >= limits::CLIENTS {
            // A peer with so many is not owed the right one of them.
            resources.retain(|(of, _), _| *of != peer);
        }
        resources.insert((peer, client), resource.to_owned());
    }

    pub(crate) fn own_key(&self) -> Fingerprint {
        self.protocol.own_key()
    }

    /// A peer's session, if it is open.
    pub(crate) fn get(&self, peer: PeerId) -> Option<&dyn Session> {
        self.by_peer.get(&peer).map(|session| &**session)
    }

    /// All sessions that are open.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (PeerId, &dyn Session)> {
        self.by_peer.iter().map(|(peer, session)| (*peer, &**session))
    }

    /// A peer's session as it is to be stored, used at this time. Nothing to go on with, unless it is to outlive the process.
    pub(crate) fn to_store(
        &self,
        peer: PeerId,
        session: &dyn Session,
        trust: Option<&Trust>,
        now: UnixTime,
        outlive: bool,
    ) -> Stored {
        let partner = recipient(session, trust);
        let resource = partner.and_then(|partner| self.resource(peer, partner.client));
        Stored {
            state: if outlive { BASE64_STANDARD.encode(&*session.suspend()) } else { String::new() },
            used: now,
            key: partner.map(|partner| partner.key),
            resource: resource.filter(|_| outlive),
            version: partner.map(|partner| partner.version),
            finished: session.is_finished(),
        }
    }

    /// Where a client of a peer's was heard from.
    pub(crate) fn resource(&self, peer: PeerId, client: Client) -> Option<String> {
        self.resources.get(&(peer, client)).cloned()
    }

    /// Where a message is to go, if its client was heard from: what is for any goes to the one that texts go to.
    pub(crate) fn resource_for(&self, peer: PeerId, body: &str) -> Option<String> {
        let any = || Some(self.get(peer)?.recipient()?.client);
        self.resource(peer, wire::recipient(body).or_else(any)?)
    }
}

/// Where texts go, and what a screen shows: to a client with a key that is accepted; only where there is none, to the one
/// that the session has.
pub(crate) fn recipient(session: &dyn Session, trust: Option<&Trust>) -> Option<Partner> {
    let current = session.recipient()?;
    let all = std::iter::once(current).chain(session.private());
    let mut accepted = all.filter(|partner| trust.is_some_and(|trust| trust.accepts(partner.key)));
    Some(accepted.next().unwrap_or(current))
}
