//! Bridges: relays that the directory does not list. One speaks Tor's own protocol, the other hides it (obfs4, by Debian's
//! `obfs4proxy`).

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::process::{Running, Spawner};
use crate::subnet::Subnet;
use crate::tor::{self, Node};
use crate::{LabError, Result};

const OR_PORT: u16 = 9001;
const OBFS4_PORT: u16 = 9002;
/// How long a bridge may take to know the network.
const PATIENCE: Duration = Duration::from_secs(60);

/// A bridge that is not running.
#[derive(Clone, Copy)]
pub(crate) enum Bridge {
    Plain,
    Obfs4,
}

impl Bridge {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "bridge" => Some(Self::Plain),
            "obfs4" => Some(Self::Obfs4),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Plain => "bridge",
            Self::Obfs4 => "obfs4",
        }
    }

    const fn address(self, subnet: Subnet) -> Ipv4Addr {
        match self {
            Self::Plain => subnet.address(62),
            Self::Obfs4 => subnet.address(63),
        }
    }

    /// Starts it, with its keys of an earlier run if there are any, and waits until it knows the network; its bridge line.
    pub(crate) fn start(
        self,
        spawner: &Spawner,
        root: &Path,
        nodes: &[Node],
        subnet: Subnet,
    ) -> Result<(Running, String)> {
        let (name, address) = (self.name(), self.address(subnet));
        let folder = root.join(name);
        let fingerprint = tor::bridge_keys(root, &folder, name)?;
        let mut torrc = tor::common(&folder, name, address, nodes);
        torrc += &format!(
            "ORPort {address}:{OR_PORT} IPv4Only\nBridgeRelay 1\nPublishServerDescriptor 0\nBridgeDistribution none\n\
             AssumeReachable 1\nContactInfo lab@example.invalid\nExitRelay 0\nExitPolicy reject *:*\nDirCache 1\n\
             NumCPUs 1\nMaxMemInQueues 512 MB\nTestingServerDownloadInitialDelay 0\n\
             TestingServerConsensusDownloadInitialDelay 0\n"
        );
        if matches!(self, Self::Obfs4) {
            torrc += &format!(
                "ServerTransportPlugin obfs4 exec /usr/bin/obfs4proxy\n\
                 ServerTransportListenAddr obfs4 {address}:{OBFS4_PORT}\nExtORPort {address}:auto\n"
            );
        }
        fs::write(folder.join("torrc"), torrc)?;
        let mut running = tor::start_tor(spawner, root, &folder)?;
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(line) = self.line(&folder, address, &fingerprint) {
                return Ok((running, line));
            }
            running.check()?;
            if Instant::now() > end {
                return Err(LabError::new(format!("{name} does not come up")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Its bridge line, once it is of use.
    fn line(self, folder: &Path, address: Ipv4Addr, fingerprint: &str) -> Option<String> {
        let log = fs::read_to_string(folder.join("tor.log")).ok()?;
        log.contains("Bootstrapped 100%").then_some(())?;
        match self {
            Self::Plain => Some(format!("{address}:{OR_PORT} {fingerprint}")),
            Self::Obfs4 => {
                let template = fs::read_to_string(bridge_line(folder)).ok()?;
                let line = template.lines().find(|line| line.starts_with("Bridge "))?;
                let arguments = line.split_once("<FINGERPRINT> ")?.1;
                Some(format!("obfs4 {address}:{OBFS4_PORT} {fingerprint} {arguments}"))
            }
        }
    }
}

/// Where obfs4proxy writes what clients need to know of it.
fn bridge_line(folder: &Path) -> PathBuf {
    folder.join("pt_state/obfs4_bridgeline.txt")
}
