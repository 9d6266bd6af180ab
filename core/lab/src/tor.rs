//! The private Tor network: three authorities and four exits of Debian's `tor`, and the host of an onion service.
//!
//! Why each line of a torrc is there, and what happens without it, was found out by trying; comments say so where it is
//! not obvious.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use rustix::process::Signal;

use crate::facts::{Facts, Relay};
use crate::process::{Running, Spawner};
use crate::subnet::Subnet;
use crate::{LabError, Result};

/// The port that relays advertise; the forwarder listens there.
const ADVERTISED: u16 = 9001;
/// The port where they really listen.
const REAL: u16 = 19001;
const DIRECTORY: u16 = 9030;
/// The first consensus comes so many seconds after the start; relays must have uploaded 4 s before it.
const LEAD: u64 = 8;
/// Seconds between votes, also between the first: Tor counts onion time periods in them, and a change would have the
/// service publish for a wrong period. Above LEAD, else the authorities agree on a network without relays first. 24 of
/// them are a testing network's time period, which must be whole minutes for Arti: 6.
const INTERVAL: u64 = 15;
const ONION_PERIOD_MINUTES: u64 = 24 * INTERVAL / 60;
/// Descriptors of the onion service: of this period and of the next.
const DESCRIPTORS: usize = 2;

/// One relay: its keys, its address, its process.
pub(crate) struct Node {
    pub(crate) name: String,
    folder: PathBuf,
    address: Ipv4Addr,
    /// The identity of an authority; `None` for an exit.
    v3ident: Option<String>,
    rsa: String,
    ed25519: String,
}

impl Node {
    pub(crate) fn advertised(&self) -> SocketAddr {
        (self.address, ADVERTISED).into()
    }

    pub(crate) fn real(&self) -> SocketAddr {
        (self.address, REAL).into()
    }

    pub(crate) fn facts(&self) -> Relay {
        Relay { name: self.name.clone(), address: self.address.to_string(), or_port: ADVERTISED }
    }

    /// How often it has come up in this run of the lab, by its log.
    pub(crate) fn boots(&self) -> usize {
        let log = fs::read_to_string(self.folder.join("tor.log")).unwrap_or_default();
        log.matches("Bootstrapped 100%").count()
    }

    /// Starts or restarts the relay.
    pub(crate) fn start(&self, spawner: &Spawner, root: &Path) -> Result<Running> {
        start_tor(spawner, root, &self.folder)
    }
}

/// All relays, with keys made where there were none.
pub(crate) fn nodes(root: &Path, subnet: Subnet) -> Result<Vec<Node>> {
    fs::write(root.join("empty"), "")?;
    let mut making = Vec::new();
    for (index, name) in names().enumerate() {
        let folder = root.join(&name);
        private_folder(&folder.join("keys"))?;
        making.extend(make_keys(root, &folder, &name, index < 3)?);
    }
    for mut child in making {
        if !child.wait()?.success() {
            return Err(LabError::new("tor could not make its keys"));
        }
    }
    names()
        .enumerate()
        .map(|(index, name)| read_node(root, name, subnet.address(10 + index as u8), index < 3))
        .collect()
}

/// Makes a bridge's keys where there are none, and nothing else is left of an earlier run; its fingerprint.
pub(crate) fn bridge_keys(root: &Path, folder: &Path, name: &str) -> Result<String> {
    private_folder(&folder.join("keys"))?;
    for mut child in make_keys(root, folder, name, false)? {
        child.wait()?;
    }
    keep_only(folder, &["keys", "fingerprint", "fingerprint-ed25519", "pt_state"])?;
    Ok(read_node(root, name.to_owned(), Ipv4Addr::LOCALHOST, false)?.rsa)
}

fn names() -> impl Iterator<Item = String> {
    (0..3).map(|i| format!("auth{i}")).chain((0..4).map(|i| format!("exit{i}")))
}

fn make_keys(root: &Path, folder: &Path, name: &str, authority: bool) -> Result<Vec<std::process::Child>> {
    let mut making = Vec::new();
    let keys = folder.join("keys");
    if authority && !keys.join("authority_certificate").exists() {
        let mut gencert = Command::new("tor-gencert");
        gencert.args(["--create-identity-key", "--passphrase-fd", "0", "-m", "12"]);
        gencert.arg("-i").arg(keys.join("authority_identity_key"));
        gencert.arg("-s").arg(keys.join("authority_signing_key"));
        gencert.arg("-c").arg(keys.join("authority_certificate"));
        let mut child = spawn_quiet(gencert.stdin(Stdio::piped()))?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(b"x\n")?;
        }
        making.push(child);
    }
    if !folder.join("fingerprint-ed25519").exists() {
        let mut list = Command::new("tor");
        list.args(["--list-fingerprint", "--quiet", "-f"]).arg(root.join("empty")).arg("--DataDirectory").arg(folder);
        // An authority that does not exist: else tor takes the public ones for its own.
        let nobody = format!("x orport=1 v3ident={0} 127.0.0.1:1 {0}", "F".repeat(40));
        list.args(["--ORPort", "1", "--Nickname", name, "--DirAuthority", &nobody]);
        making.push(spawn_quiet(list.stdin(Stdio::null()))?);
    }
    Ok(making)
}

fn spawn_quiet(command: &mut Command) -> Result<std::process::Child> {
    let name = command.get_program().to_string_lossy().into_owned();
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    child.map_err(|e| LabError::new(format!("cannot start {name}: {e}")))
}

fn read_node(root: &Path, name: String, address: Ipv4Addr, authority: bool) -> Result<Node> {
    let folder = root.join(&name);
    let second = |file: &str| -> Result<String> {
        let text = fs::read_to_string(folder.join(file))?;
        let word = text.split_whitespace().nth(1);
        word.map(str::to_owned).ok_or_else(|| LabError::new(format!("{name}: {file} is not as expected")))
    };
    let v3ident = if authority {
        let certificate = fs::read_to_string(folder.join("keys/authority_certificate"))?;
        let line = certificate.lines().find_map(|l| l.strip_prefix("fingerprint "));
        Some(line.ok_or_else(|| LabError::new("authority certificate without fingerprint"))?.to_owned())
    } else {
        None
    };
    let (rsa, ed25519) = (second("fingerprint")?, second("fingerprint-ed25519")?);
    Ok(Node { name, folder, address, v3ident, rsa, ed25519 })
}

/// Writes each relay's torrc. To be called right before they are started: the pace of the votes is counted from now.
pub(crate) fn write_torrcs(root: &Path, nodes: &[Node], names: SocketAddr) -> Result<()> {
    fs::write(root.join("resolv.conf"), format!("nameserver {names}\n"))?;
    let now =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(|_| LabError::new("clock before 1970"))?;
    let (offset, state) = ((now.as_secs() + LEAD) % INTERVAL, past()?);
    for node in nodes {
        keep_only(&node.folder, &["keys", "fingerprint", "fingerprint-ed25519"])?;
        let mut torrc = common(&node.folder, &node.name, node.address, nodes);
        torrc += &relay(root, node);
        torrc += &if node.v3ident.is_some() { authority(offset) } else { EXIT.to_owned() };
        fs::write(node.folder.join("torrc"), torrc)?;
        fs::write(node.folder.join("state"), &state)?;
    }
    Ok(())
}

/// A day in which each relay has carried as much as any other, as `tor` remembers it. Without a past it says what it has carried
/// in its first seconds. A client goes by that, and takes none that says nothing where others say something; and it keeps
/// such a consensus for up to six minutes.
fn past() -> Result<String> {
    let now = Command::new("date").args(["--utc", "+%F %T"]).output()?.stdout;
    let now = String::from_utf8_lossy(&now).trim().to_owned();
    let past = |way| {
        let name = format!("BWHistory{way}");
        format!("{name}Ends {now}\n{name}Interval 86400\n{name}Values 86400000000\n{name}Maxima 1000000\n")
    };
    Ok(["Read", "Write"].map(past).concat())
}

/// A consensus of other ports survives in more places than one (`diff-cache` among them): only keys may stay.
fn keep_only(folder: &Path, keep: &[&str]) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if keep.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path())? } else { fs::remove_file(entry.path())? }
    }
    Ok(())
}

/// What every `tor` needs to know of this network, as lines of a torrc.
pub(crate) fn network_torrc(nodes: &[Node]) -> String {
    let authorities = nodes.iter().filter_map(|node| {
        let Node { name, address, rsa, v3ident, .. } = node;
        let v3ident = v3ident.as_ref()?;
        Some(format!("DirAuthority {name} orport={ADVERTISED} no-v2 v3ident={v3ident} {address}:{DIRECTORY} {rsa}\n"))
    });
    std::iter::once("TestingTorNetwork 1\n".to_owned()).chain(authorities).collect()
}

pub(crate) fn common(folder: &Path, name: &str, address: Ipv4Addr, nodes: &[Node]) -> String {
    let (folder, network) = (folder.display(), network_torrc(nodes));
    format!(
        "{network}DataDirectory {folder}\nRunAsDaemon 0\n__OwningControllerProcess {pid}\n\
         Log notice file {folder}/tor.log\nSafeLogging 0\nControlPort 0\nSocksPort 0\nNickname {name}\n\
         Address {address}\nOutboundBindAddress {address}\nAddressDisableIPv6 1\n\
         TestingClientMaxIntervalWithoutRequest 1\nTestingClientDownloadInitialDelay 0\n\
         TestingClientConsensusDownloadInitialDelay 0\nShutdownWaitLength 0\n",
        pid = std::process::id(),
    )
}

fn relay(root: &Path, node: &Node) -> String {
    let (root, address) = (root.display(), node.address);
    // 64 MB of queues kill circuits: compression buffers count.
    format!(
        "ORPort {address}:{ADVERTISED} NoListen IPv4Only\nORPort {address}:{REAL} NoAdvertise IPv4Only\n\
         DirPort {address}:{DIRECTORY} IPv4Only\nAssumeReachable 1\nContactInfo lab@example.invalid\n\
         PublishServerDescriptor 1\nDirCache 1\nNumCPUs 1\nMaxMemInQueues 512 MB\nRefuseUnknownExits 0\n\
         ServerDNSResolvConfFile {root}/resolv.conf\nServerDNSDetectHijacking 0\nServerDNSTestAddresses\n\
         ServerDNSAllowBrokenConfig 1\nTestingServerDownloadInitialDelay 0\n\
         TestingServerConsensusDownloadInitialDelay 0\n"
    )
}

/// A policy of loopback alone would be summarised as "reject all". What leaves is bound to the relay's own address.
const EXIT: &str = "ExitRelay 1\nExitPolicyRejectPrivate 0\nExitPolicy accept *:*\n";

/// Every relay is Fast and Stable: no client takes another for an exit to the ports of XMPP, or for a guard. Left to themselves
/// the authorities would not call the slowest Fast, nor those Stable that were started in the next second: of four exits
/// one could be left, and while that one was stopped no circuit led to a server. For Fast, a guarantee of 0 is none.
fn authority(offset: u64) -> String {
    format!(
        "ExitRelay 0\nExitPolicy reject *:*\nAuthoritativeDirectory 1\nV3AuthoritativeDirectory 1\n\
         TestingV3AuthInitialVotingInterval {INTERVAL}\nTestingV3AuthInitialVoteDelay 2\n\
         TestingV3AuthInitialDistDelay 2\nTestingV3AuthVotingStartOffset {offset}\n\
         V3AuthVotingInterval {INTERVAL}\nV3AuthVoteDelay 2\nV3AuthDistDelay 2\nV3AuthNIntervalsValid 30\n\
         TestingAuthDirTimeToLearnReachability 0\nAuthDirTestReachability 0\nAuthDirMaxServersPerAddr 0\n\
         AuthDirSharedRandomness 0\nTestingMinFastFlagThreshold 0\nTestingMinExitFlagThreshold 0\n\
         AuthDirFastGuarantee 1\nAuthDirVoteStableGuaranteeMinUptime 0\nAuthDirVoteStableGuaranteeMTBF 0\n\
         MinMeasuredBWsForAuthToIgnoreAdvertised 0\nMinUptimeHidServDirectoryV2 0\n\
         TestingDirAuthVoteGuard *\nTestingDirAuthVoteHSDir *\n\
         ConsensusParams hsdir_interval={ONION_PERIOD_MINUTES} cbtmintimeout=2000 circuitpadding=0\n"
    )
}

/// Waits until every relay that runs serves a consensus with all of them, each of use to a client: one that still serves an
/// earlier one lets a client start on it, and then fail for want of relays.
pub(crate) fn wait_for_consensus(
    nodes: &[Node],
    running: &mut BTreeMap<String, Running>,
    limit: Duration,
) -> Result<()> {
    let end = Instant::now() + limit;
    let mut nudged = Instant::now();
    while Instant::now() < end {
        running.values_mut().try_for_each(Running::check)?;
        let up = nodes.iter().filter(|node| running.contains_key(&node.name));
        let behind: Vec<&Node> = up.filter(|node| !is_full(&consensus(node), nodes.len())).collect();
        if behind.is_empty() {
            return Ok(());
        }
        // The failures of the first seconds make relays wait long before they ask again; SIGHUP resets that.
        if behind.iter().all(|node| node.v3ident.is_none()) && nudged.elapsed() > Duration::from_secs(1) {
            nudged = Instant::now();
            behind.iter().filter_map(|node| running.get(&node.name)).for_each(|relay| relay.signal(Signal::HUP));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err(LabError::new("the relays did not agree on a consensus in time"))
}

/// The consensus that a relay serves now; empty when there is none.
fn consensus(node: &Node) -> String {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect((node.address, DIRECTORY))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(b"GET /tor/status-vote/current/consensus-microdesc HTTP/1.0\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    };
    ask().unwrap_or_default()
}

fn is_full(consensus: &str, relays: usize) -> bool {
    let with = |flag: &str| {
        consensus.lines().filter(|l| l.strip_prefix("s ").is_some_and(|f| f.split(' ').any(|w| w == flag))).count()
    };
    let all = |flag: &&str| with(flag) == relays;
    ["Running", "Fast", "Stable"].iter().all(all) && with("Exit") > 0 && with("Guard") > 0 && with("HSDir") > 0
}

/// The host of the lab's onion service.
pub(crate) struct Onion {
    folder: PathBuf,
}

impl Onion {
    /// Writes its torrc; `target` is where the service's ports lead.
    pub(crate) fn prepare(root: &Path, nodes: &[Node], address: Ipv4Addr, target: Ipv4Addr) -> Result<Self> {
        let folder = root.join("onion");
        private_folder(&folder.join("hs"))?;
        let mut torrc = common(&folder, "onion", address, nodes);
        // With seven relays, vanguards leave C tor too few for its circuits. As any client it would fetch a consensus up to
        // six minutes late, while the onion period is six minutes: its descriptor of the next period came too late.
        torrc += &format!(
            "ControlSocket {0}/ctl\nCookieAuthentication 0\nVanguardsLiteEnabled 0\nHiddenServiceDir {0}/hs\n\
             FetchDirInfoEarly 1\nFetchDirInfoExtraEarly 1\n\
             HiddenServicePort 5222 {target}:5222\nHiddenServicePort 5223 {target}:5223\n\
             HiddenServiceNumIntroductionPoints 3\n",
            folder.display()
        );
        fs::write(folder.join("torrc"), torrc)?;
        Ok(Self { folder })
    }

    /// Starts it, and waits until it is published. To be called when all relays serve the whole network: started on a
    /// part of it, the service would look for relays that it does not know, for minutes.
    pub(crate) fn publish(&self, spawner: &Spawner, root: &Path, limit: Duration) -> Result<Running> {
        let publish = || {
            // What it remembers of a network that had relays missing can keep it from publishing for minutes.
            keep_only(&self.folder, &["hs", "keys", "torrc"])?;
            let running = start_tor(spawner, root, &self.folder)?;
            // Subscribed before the first upload; nothing connects to the service to find out: a client that asks a
            // directory too early does not ask it again for a while.
            let mut control = retry(limit, || UnixStream::connect(self.folder.join("ctl")))?;
            control.write_all(b"AUTHENTICATE\r\nSETEVENTS HS_DESC\r\n")?;
            control.set_read_timeout(Some(Duration::from_millis(500)))?;
            wait_for_uploads(control, limit)?;
            Ok(running)
        };
        // A start that got nowhere is not waited for: the next one begins afresh.
        publish().or_else(|_: LabError| publish()).or_else(|_| publish())
    }

    /// `<56 characters>.onion`.
    pub(crate) fn address(&self) -> Result<String> {
        let read = || fs::read_to_string(self.folder.join("hs/hostname"));
        Ok(retry(Duration::from_secs(30), read)?.trim().to_owned())
    }
}

/// Waits until the onion service has introduction points, and all directories that it gives a descriptor to have it.
/// Debian's `tor` uploads a descriptor once it has all of its introduction points.
fn wait_for_uploads(control: UnixStream, limit: Duration) -> Result<()> {
    let end = Instant::now() + limit;
    let (mut descriptors, mut begun, mut done) = (BTreeSet::new(), 0, 0);
    let mut lines = BufReader::new(control);
    let mut line = String::new();
    while Instant::now() < end {
        match lines.read_line(&mut line) {
            Ok(0) => break,
            Ok(_) => {}
            // The read timed out: what there is of the line stays.
            Err(_) => {
                if descriptors.len() >= DESCRIPTORS && done >= begun {
                    return Ok(());
                }
                continue;
            }
        }
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["650", "HS_DESC", "UPLOAD", _, _, _, descriptor, ..] => {
                descriptors.insert((*descriptor).to_owned());
                begun += 1;
            }
            // What failed begins again, and is counted again.
            ["650", "HS_DESC", "UPLOADED" | "FAILED", ..] => done += 1,
            _ => {}
        }
        line.clear();
    }
    Err(LabError::new("the onion service was not published"))
}

/// Debian's `tor` as a client of a running lab: what ours is compared with. Dropping it ends it.
pub struct TorClient {
    running: Running,
    socks: PathBuf,
    // Its end would be tor's.
    _spawner: Spawner,
}

impl TorClient {
    /// Starts it in an empty folder, with every setting that can be at its default, and waits until streams can be opened.
    ///
    /// # Errors
    /// It does not come up.
    pub fn start(facts: &Facts, folder: &Path) -> Result<Self> {
        private_folder(folder)?;
        let socks = folder.join("socks");
        let (network, folder_shown, socks_shown) = (&facts.torrc, folder.display(), socks.display());
        let torrc = format!(
            "{network}DataDirectory {folder_shown}\nLog notice file {folder_shown}/tor.log\nSocksPort unix:{socks_shown}\n"
        );
        fs::write(folder.join("torrc"), torrc)?;
        fs::write(folder.join("empty"), "")?;
        let spawner = Spawner::start()?;
        let mut running = start_tor(&spawner, folder, folder)?;
        retry(Duration::from_secs(60), || {
            let log = fs::read_to_string(folder.join("tor.log"))?;
            let up = log.contains("Bootstrapped 100%");
            if up { Ok(()) } else { Err(std::io::Error::other("tor finds no way into the network")) }
        })?;
        running.check()?;
        Ok(Self { running, socks, _spawner: spawner })
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// Its SOCKS port, a Unix socket: so all of its TCP connections lead to relays.
    #[must_use]
    pub fn socks(&self) -> &Path {
        &self.socks
    }
}

impl std::fmt::Debug for TorClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TorClient").field("pid", &self.pid()).finish_non_exhaustive()
    }
}

pub(crate) fn start_tor(spawner: &Spawner, root: &Path, folder: &Path) -> Result<Running> {
    let (torrc, empty) = (folder.join("torrc"), root.join("empty"));
    let args = ["--quiet", "-f", &torrc.display().to_string(), "--defaults-torrc", &empty.display().to_string()];
    spawner.spawn("tor", &args, &folder.join("tor.out"))
}

/// Calls until it succeeds; the last error when it never does.
fn retry<T>(limit: Duration, mut call: impl FnMut() -> std::io::Result<T>) -> Result<T> {
    let end = Instant::now() + limit;
    loop {
        match call() {
            Ok(done) => return Ok(done),
            Err(error) if Instant::now() > end => return Err(error.into()),
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// tor refuses folders that others can look into.
fn private_folder(folder: &Path) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    for folder in folder.ancestors().take(2) {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// The configuration that Arti needs for this network, in TOML, without storage folders. Of so few relays each would soon
/// have been asked for the onion service, and not be asked again for a quarter of an hour. The DNS server has a local address.
pub(crate) fn arti_toml(nodes: &[Node]) -> String {
    let list = |items: Vec<String>| items.join(", ");
    let fallbacks = nodes.iter().map(|n| {
        let Node { rsa, ed25519, .. } = n;
        format!(r#"{{ rsa_identity = "{rsa}", ed_identity = "{ed25519}", orports = ["{}"] }}"#, n.advertised())
    });
    let authorities: Vec<&Node> = nodes.iter().filter(|n| n.v3ident.is_some()).collect();
    let idents = authorities.iter().filter_map(|n| n.v3ident.as_ref()).map(|v| format!("{v:?}"));
    let ports = list(authorities.iter().map(|n| format!(r#"["{}:{DIRECTORY}"]"#, n.address)).collect());
    format!(
        "[tor_network]\nfallback_caches = [{fallbacks}]\n[tor_network.authorities]\nv3idents = [{idents}]\n\
         uploads = [{ports}]\ndownloads = [{ports}]\nvotes = [{ports}]\n\
         [path_rules]\nipv4_subnet_family_prefix = 33\nipv6_subnet_family_prefix = 129\n\
         [circuit_timing]\nhs_dir_requery_interval = \"1 second\"\n\
         [address_filter]\nallow_local_addrs = true\n\
         [override_net_params]\nhsdir_interval = {ONION_PERIOD_MINUTES}\n",
        fallbacks = list(fallbacks.collect()),
        idents = list(idents.collect()),
    )
}
