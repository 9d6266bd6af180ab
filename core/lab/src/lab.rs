//! The lab as a whole: start, orders, end.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;

use crate::bridges::Bridge;
use crate::certificates::Authority;
use crate::dns::{Dns, RunningDns};
use crate::facts::{Facts, Network, Server};
use crate::link::{Delay, Link};
use crate::process::{Running, Spawner};
use crate::prosody::{self, Prosody};
use crate::servers::Servers;
use crate::subnet::Subnet;
use crate::tor::{Node, Onion};
use crate::{LabError, Result, names, tor};

/// How long the network may take: 12 s on an idle machine, half a minute when a vote was missed.
const PATIENCE: Duration = Duration::from_secs(180);

/// A running lab. Dropping it ends everything.
pub struct Lab {
    dir: PathBuf,
    facts: Facts,
    spawner: Spawner,
    nodes: Vec<Node>,
    onion: Onion,
    prosody: Prosody,
    links: BTreeMap<String, Link>,
    running: BTreeMap<String, Running>,
    servers: Servers,
    subnet: Subnet,
    dns: Dns,
    running_dns: Option<RunningDns>,
    /// By name.
    running_bridges: BTreeMap<String, Running>,
    delay: Delay,
    /// Where orders come in: open from the start, so that every reader of the facts gets through.
    pub(crate) orders: TcpListener,
    /// Since the last reset.
    relays_stopped: bool,
    _lock: File,
}

impl Lab {
    /// Starts the network, the server and its onion service, keeping keys in `dir` between runs. `system` is the folder of a
    /// Debian with Prosody 13, for [`ServerKind::Sasl2`](crate::ServerKind::Sasl2). `say` gets a line for each step.
    ///
    /// # Errors
    /// A program is missing, another lab uses the folder, or the network does not come up.
    pub async fn start(dir: &Path, delay_ms: u32, system: Option<PathBuf>, say: impl Fn(&str)) -> Result<Self> {
        let (dir, lock) = take_folder(dir)?;
        let (subnet, names_socket) = Subnet::take()?;
        let names_address = names_socket.local_addr()?;
        let (spawner, delay) = (Spawner::start()?, Delay::default());
        let step = timed(say);

        let ca = Authority::open(&dir.join("ca"))?;
        let prosody = Prosody::prepare(&dir, &ca, subnet.address(50), subnet.address(51))?;
        let names_log = dir.join("names.log");
        let on_demand = Servers::new(&dir, Authority::open(&dir.join("ca"))?, subnet, spawner.clone(), system)?;
        let dns = Dns::new(&dir, subnet, subnet.address(50));
        let hosts: BTreeMap<_, _> = prosody.hosts().into_iter().chain(on_demand.hosts()).chain(dns.hosts()).collect();
        names::serve(names_socket, hosts.clone(), &names_log)?;
        let mut running = BTreeMap::from([("prosody".to_owned(), prosody.start(&spawner)?)]);
        step("XMPP server listens");

        let nodes = tor::nodes(&dir, subnet)?;
        step("relays have keys");
        tor::write_torrcs(&dir, &nodes, names_address)?;
        let links = open_links(&nodes, &delay).await?;
        for node in &nodes {
            running.insert(node.name.clone(), node.start(&spawner, &dir)?);
        }
        let onion = Onion::prepare(&dir, &nodes, subnet.address(60), subnet.address(50))?;
        let host = tokio::task::block_in_place(|| {
            tor::wait_for_consensus(&nodes, &mut running, PATIENCE)?;
            step("relays agree on a consensus");
            onion.publish(&spawner, &dir, PATIENCE / 3)
        })?;
        step("onion service is published");
        running.insert("onion".to_owned(), host);
        // Slowed down only now: a slow network takes much longer to agree.
        delay.store(delay_ms, Relaxed);

        let orders = TcpListener::bind((subnet.address(3), 10000)).await?;
        let facts = Facts {
            network: Network {
                arti: tor::arti_toml(&nodes),
                ca_pem: ca.pem()?,
                servers: servers(&onion.address()?),
                resolvers: vec![dns.address().to_string()],
            },
            torrc: tor::network_torrc(&nodes),
            subnet: subnet.address(0).to_string().trim_end_matches('0').to_owned(),
            relays: nodes.iter().map(Node::facts).collect(),
            hosts: hosts.into_iter().map(|(host, address)| (host, address.to_string())).collect(),
            control: orders.local_addr()?.to_string(),
            dir: dir.clone(),
            accounts: prosody.data(),
            server_log: prosody.log(),
            names_log,
            dns_log: dns.log(),
            bridges: BTreeMap::new(),
            authority: dir.join("ca"),
            pids: running.iter().map(|(name, process)| (name.clone(), process.pid())).collect(),
        };
        Ok(Self {
            dir,
            facts,
            spawner,
            nodes,
            onion,
            prosody,
            links,
            running,
            servers: on_demand,
            subnet,
            dns,
            running_dns: None,
            running_bridges: BTreeMap::new(),
            delay,
            orders,
            relays_stopped: false,
            _lock: lock,
        })
    }

    /// The facts.
    #[must_use]
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Ends a relay, the onion host or the server; connections to it are refused from here on.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn stop(&mut self, name: &str) -> Result<()> {
        if name == "dns" {
            self.running_dns = None;
            return Ok(());
        }
        if Bridge::named(name).is_some() {
            self.running_bridges.remove(name);
            return Ok(());
        }
        self.known(name)?;
        self.relays_stopped |= self.links.remove(name).is_some();
        self.running.remove(name);
        Ok(())
    }

    /// Starts what is stopped of these, and waits until all of it is of use.
    ///
    /// # Errors
    /// There is none of a name, or it does not come up.
    pub async fn restart(&mut self, names: &[&str]) -> Result<()> {
        let mut booting = Vec::new();
        for name in names {
            if self.start_extra(name).await? {
                continue;
            }
            self.known(name)?;
            if self.running.contains_key(*name) {
                continue;
            }
            let process = match self.nodes.iter().find(|n| n.name == **name) {
                Some(node) => {
                    booting.push((*name, node.boots()));
                    let process = node.start(&self.spawner, &self.dir)?;
                    let link = Link::open(node.advertised(), node.real(), Arc::clone(&self.delay)).await?;
                    self.links.insert((*name).to_owned(), link);
                    process
                }
                None if *name == "onion" => {
                    tokio::task::block_in_place(|| self.onion.publish(&self.spawner, &self.dir, PATIENCE / 3))?
                }
                None => self.prosody.start(&self.spawner)?,
            };
            self.running.insert((*name).to_owned(), process);
        }
        let end = Instant::now() + PATIENCE;
        let up = |(name, before): &(&str, usize)| self.nodes.iter().any(|n| n.name == **name && n.boots() > *before);
        while !booting.iter().all(up) {
            if Instant::now() > end {
                return Err(LabError::new("a relay does not come back"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        if booting.is_empty() {
            return Ok(());
        }
        tokio::task::block_in_place(|| tor::wait_for_consensus(&self.nodes, &mut self.running, PATIENCE))
    }

    /// Starts what runs for those alone who ask for it: the DNS server, a bridge. Whether it is one of these.
    async fn start_extra(&mut self, name: &str) -> Result<bool> {
        if name == "dns" {
            if self.running_dns.is_none() {
                self.running_dns = Some(self.dns.start(&self.spawner, &self.delay).await?);
            }
            return Ok(true);
        }
        let Some(bridge) = Bridge::named(name) else { return Ok(false) };
        if !self.running_bridges.contains_key(name) {
            let start = || bridge.start(&self.spawner, &self.dir, &self.nodes, self.subnet);
            let (process, line) = tokio::task::block_in_place(start)?;
            self.running_bridges.insert(name.to_owned(), process);
            self.facts.bridges.insert(name.to_owned(), line);
            self.facts.write()?;
        }
        Ok(true)
    }

    /// Starts what is stopped and takes the delay away. Relays first: the onion host needs them. The onion service begins anew:
    /// cuts may have cost it introduction points.
    pub(crate) async fn reset(&mut self) -> Result<()> {
        self.set_delay(0);
        self.running_dns = None;
        self.running_bridges.clear();
        self.stop("onion")?;
        if self.relays_stopped {
            // All of them: a relay that could not reach another one does not try again for a minute, and circuits fail
            // meanwhile. The onion's host makes no new introduction points for five minutes once it has lost some again
            // and again; and the descriptors that a stopped relay held are gone.
            let relays: Vec<String> = self.nodes.iter().map(|n| n.name.clone()).collect();
            relays.iter().try_for_each(|name| self.stop(name))?;
            self.restart(&relays.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        }
        self.restart(&["prosody", "onion"]).await?;
        self.relays_stopped = false;
        Ok(())
    }

    /// The one-way delay of every link, from now on.
    pub(crate) fn set_delay(&self, ms: u32) {
        self.delay.store(ms, Relaxed);
    }

    /// Closes every connection of clients to a relay: all of their circuits are gone.
    pub(crate) fn cut(&self) {
        self.links.values().for_each(Link::cut);
    }

    /// The servers that start on demand.
    pub(crate) const fn servers(&mut self) -> &mut Servers {
        &mut self.servers
    }

    fn known(&self, name: &str) -> Result<()> {
        let known = self.facts.pids.contains_key(name);
        if known { Ok(()) } else { Err(LabError::new(format!("there is no {name} here"))) }
    }
}

impl std::fmt::Debug for Lab {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lab").field("dir", &self.dir).finish_non_exhaustive()
    }
}

/// A line with the time since the beginning for each step.
fn timed(say: impl Fn(&str)) -> impl Fn(&str) {
    let begin = Instant::now();
    move |name| say(&format!("{:>6.2} s  {name}", begin.elapsed().as_secs_f64()))
}

fn take_folder(dir: &Path) -> Result<(PathBuf, File)> {
    fs::create_dir_all(dir)?;
    let dir = dir.canonicalize()?;
    let lock = File::create(dir.join("lock"))?;
    lock.try_lock().map_err(|_| LabError::new("another lab uses this folder"))?;
    Ok((dir, lock))
}

async fn open_links(nodes: &[Node], delay: &Delay) -> Result<BTreeMap<String, Link>> {
    let mut links = BTreeMap::new();
    for node in nodes {
        links.insert(node.name.clone(), Link::open(node.advertised(), node.real(), Arc::clone(delay)).await?);
    }
    Ok(links)
}

fn servers(onion: &str) -> Vec<Server> {
    let server = |domain: &str, onion: &str, registration: &str| Server {
        domain: domain.to_owned(),
        onion: onion.to_owned(),
        in_band_registration: registration.to_owned(),
    };
    vec![
        server(prosody::DEFAULT, onion, "yes"),
        server(prosody::STARTTLS, "", "unknown"),
        server(prosody::CLOSED, onion, "no"),
        server(prosody::PLAIN, "", "unknown"),
        server(prosody::SMALL, "", "unknown"),
        server(prosody::NO_TLS, "", "unknown"),
    ]
}
