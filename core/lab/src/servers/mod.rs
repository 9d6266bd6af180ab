//! Servers that start on demand, each to guard its registration in a way of its own: the lab's side.

mod ejabberd;
mod kind;
mod place;
mod prosody;
mod remote;
mod scripted;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

pub use kind::ServerKind;
pub use remote::{LabServer, ServerFacts};

use crate::certificates::Authority;
use crate::process::{Running, Spawner};
use crate::subnet::Subnet;
use crate::{LabError, Result};
use place::Place;
use scripted::Scripted;

/// The address of the first kind, in the subnet; the others follow.
const FIRST: u8 = 70;

/// Those that run, and what it takes to start the others.
pub(crate) struct Servers {
    folder: PathBuf,
    authority: Authority,
    subnet: Subnet,
    spawner: Spawner,
    /// Where a system with Prosody 13 lies.
    system: Option<PathBuf>,
    running: BTreeMap<ServerKind, Runs>,
    /// Nobody knows this one.
    unknown_authority: Authority,
    /// Those that have their certificate from it.
    distrusted: BTreeSet<ServerKind>,
}

enum Runs {
    Program(Running),
    Scripted(Scripted),
}

impl Servers {
    /// Starts none.
    pub(crate) fn new(
        root: &Path,
        authority: Authority,
        subnet: Subnet,
        spawner: Spawner,
        system: Option<PathBuf>,
    ) -> Result<Self> {
        let folder = root.join("servers");
        // Accounts of an earlier run would be found by tests that look for leftovers.
        let _ = fs::remove_dir_all(&folder);
        Ok(Self {
            unknown_authority: Authority::open(&root.join("unknown-ca"))?,
            folder,
            authority,
            subnet,
            spawner,
            system,
            running: BTreeMap::new(),
            distrusted: BTreeSet::new(),
        })
    }

    /// Which name leads to which address, whether the server runs or not.
    pub(crate) fn hosts(&self) -> BTreeMap<String, Ipv4Addr> {
        ServerKind::ALL.into_iter().map(|kind| (kind.domain(), self.address(kind))).collect()
    }

    /// Starts a server unless it runs. Its accounts are kept over a stop.
    pub(crate) async fn serve(&mut self, kind: ServerKind) -> Result<ServerFacts> {
        let runs = match self.running.get_mut(&kind) {
            Some(Runs::Program(running)) => running.check().is_ok(),
            Some(Runs::Scripted(_)) => true,
            None => false,
        };
        let place = self.place(kind)?;
        if !runs {
            self.stop(kind).await;
            let started = self.start(&place).await?;
            self.running.insert(kind, started);
        }
        Ok(ServerFacts {
            kind,
            address: place.address.to_string(),
            log: place.log(),
            pid: match self.running.get(&kind) {
                Some(Runs::Program(running)) => Some(running.pid()),
                _ => None,
            },
            domain: place.domain,
        })
    }

    /// Has a server a certificate of an authority that nobody knows, or a good one again. One that has another is ended first.
    pub(crate) async fn distrust(&mut self, kind: ServerKind, begins: bool) -> Result<()> {
        let changes = if begins { self.distrusted.insert(kind) } else { self.distrusted.remove(&kind) };
        if changes {
            self.stop(kind).await;
        }
        self.serve(kind).await.map(drop)
    }

    /// Ends a server. Its ports are closed when this returns.
    pub(crate) async fn stop(&mut self, kind: ServerKind) {
        if let Some(Runs::Scripted(server)) = self.running.remove(&kind) {
            server.end().await;
        }
    }

    /// The names of the accounts that a server stores. ejabberd is asked, so it must run.
    pub(crate) async fn accounts(&self, kind: ServerKind) -> Result<BTreeSet<String>> {
        let place = self.place(kind)?;
        if ejabberd::is_one(kind) {
            return ejabberd::accounts(&place).await;
        }
        crate::accounts::stored(&place.folder.join("data"), &place.domain)
    }

    /// Has a server let an address in again.
    pub(crate) async fn unban(&self, kind: ServerKind, address: &str) -> Result<()> {
        match kind {
            ServerKind::Bans => ejabberd::unban(&self.place(kind)?, address).await,
            _ => Err(LabError::new(format!("{kind} bans nobody"))),
        }
    }

    /// A link to a new invitation.
    pub(crate) fn invitation(&self, kind: ServerKind) -> Result<String> {
        match kind {
            ServerKind::Invite => prosody::invitation(&self.place(kind)?),
            _ => Err(LabError::new(format!("{kind} makes no invitations"))),
        }
    }

    /// What the last picture shows.
    pub(crate) fn captcha_answer(&self, kind: ServerKind) -> Result<String> {
        match kind {
            ServerKind::Captcha => ejabberd::captcha_answer(&self.place(kind)?),
            _ => Err(LabError::new(format!("{kind} shows no pictures"))),
        }
    }

    /// What a scripted server answers from now on: to the first request of each connection, the second and so on.
    pub(crate) fn answer_with(&self, kind: ServerKind, replies: Vec<String>) -> Result<()> {
        match self.running.get(&kind) {
            Some(Runs::Scripted(server)) => {
                server.answer_with(replies);
                Ok(())
            }
            _ => Err(LabError::new(format!("{kind} is no scripted server that runs"))),
        }
    }

    async fn start(&self, place: &Place) -> Result<Runs> {
        use ServerKind as K;
        fs::create_dir_all(&place.folder)?;
        Ok(match place.kind {
            K::Slow | K::Stall | K::Malformed => {
                Runs::Scripted(Scripted::start(place, self.authority.acceptor(&place.domain)?).await?)
            }
            kind => Runs::Program(tokio::task::block_in_place(|| match kind {
                K::Sasl2 => prosody::start_in(self.system.as_deref(), place, &self.spawner),
                _ if ejabberd::is_one(kind) => ejabberd::start(place, &self.spawner),
                _ => prosody::start(place, &self.spawner),
            })?),
        })
    }

    fn place(&self, kind: ServerKind) -> Result<Place> {
        let domain = kind.domain();
        let (certificate, key) = match kind {
            ServerKind::Misnamed => self.authority.issue(&["elsewhere.lab.test"])?,
            _ if self.distrusted.contains(&kind) => self.unknown_authority.issue(&[&domain])?,
            _ => self.authority.issue(&[&domain])?,
        };
        let (folder, address) = (self.folder.join(kind.name()), self.address(kind));
        Ok(Place { kind, domain, folder, address, certificate, key })
    }

    fn address(&self, kind: ServerKind) -> Ipv4Addr {
        let index = ServerKind::ALL.iter().position(|k| *k == kind).unwrap_or_default();
        self.subnet.address(FIRST + u8::try_from(index).unwrap_or_default())
    }
}
