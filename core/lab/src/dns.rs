//! A DNS server that anybody may ask, also by TCP: Debian's dnsmasq. It knows by SRV records (RFC 2782) where [`MOVED`] is
//! reached, which is neither at that domain nor at the usual ports.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::link::{Delay, Link};
use crate::process::{Running, Spawner};
use crate::prosody::MOVED;
use crate::subnet::Subnet;
use crate::{LabError, Result};

/// Where [`MOVED`] is.
const HOST: &str = "xmpp.elsewhere.test";
const DIRECT_TLS: u16 = 7443;
const STARTTLS: u16 = 7222;
/// One that anybody may open.
const PORT: u16 = 15353;

/// The server's files and addresses.
pub(crate) struct Dns {
    folder: PathBuf,
    /// Its own, and where the name of [`MOVED`] itself leads: no XMPP server is there.
    address: Ipv4Addr,
    /// That of [`HOST`].
    host: Ipv4Addr,
    /// Prosody's.
    server: Ipv4Addr,
}

/// The server while it runs, and the ways to the host that it names.
pub(crate) struct RunningDns {
    _process: Running,
    _links: [Link; 2],
}

impl Dns {
    pub(crate) fn new(root: &Path, subnet: Subnet, server: Ipv4Addr) -> Self {
        Self { folder: root.join("dns"), address: subnet.address(53), host: subnet.address(52), server }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        (self.address, PORT).into()
    }

    /// The names that the exits resolve by themselves.
    pub(crate) fn hosts(&self) -> BTreeMap<String, Ipv4Addr> {
        BTreeMap::from([(MOVED.to_owned(), self.address), (HOST.to_owned(), self.host)])
    }

    /// A line for each question, with the address that asked.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("dns.log")
    }

    /// Starts it and waits until it listens.
    pub(crate) async fn start(&self, spawner: &Spawner, delay: &Delay) -> Result<RunningDns> {
        let open = |port, real| Link::open((self.host, port).into(), (self.server, real).into(), Arc::clone(delay));
        let links = [open(DIRECT_TLS, 5223).await?, open(STARTTLS, 5222).await?];
        let process = tokio::task::block_in_place(|| self.start_process(spawner))?;
        Ok(RunningDns { _process: process, _links: links })
    }

    fn start_process(&self, spawner: &Spawner) -> Result<Running> {
        // The log of another run tells of other addresses.
        let _ = fs::remove_dir_all(&self.folder);
        fs::create_dir_all(&self.folder)?;
        let (folder, address, log) = (self.folder.display(), self.address, self.log());
        let config = format!(
            "port={PORT}\nlisten-address={address}\nbind-interfaces\nuser=root\nno-resolv\nno-hosts\nno-poll\n\
             pid-file={folder}/pid\nlog-queries=extra\nlog-facility={log}\n\
             srv-host=_xmpps-client._tcp.{MOVED},{HOST},{DIRECT_TLS},5,1\n\
             srv-host=_xmpp-client._tcp.{MOVED},{HOST},{STARTTLS},10,1\n",
            log = log.display(),
        );
        let file = self.folder.join("dnsmasq.conf");
        fs::write(&file, config)?;
        let file = format!("--conf-file={}", file.display());
        let mut running = spawner.spawn("dnsmasq", &["--keep-in-foreground", &file], &self.folder.join("out"))?;
        let end = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(self.address()).is_err() {
            running.check()?;
            if Instant::now() > end {
                return Err(LabError::new("dnsmasq does not listen"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(running)
    }
}
