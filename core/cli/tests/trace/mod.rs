//! What a program asks of the system, by strace: every network call, and every file that it opens.

use std::fs;
use std::path::{Path, PathBuf};

use flashpaper_lab::Remote;
use tempfile::TempDir;

/// The calls of a program and of all that it starts.
pub(crate) struct Trace {
    file: PathBuf,
    _folder: TempDir,
}

/// What they were, up to the first that is not allowed.
pub(crate) struct Calls {
    /// That one. Allowed are streams to the advertised ports of the lab's relays, once Tor's own
    /// folder has been looked at.
    pub(crate) leak: Option<String>,
    /// How many streams to relays were begun.
    pub(crate) to_relays: usize,
}

impl Trace {
    pub(crate) fn new() -> std::io::Result<Self> {
        let folder = TempDir::new()?;
        Ok(Self { file: folder.path().join("trace"), _folder: folder })
    }

    /// What the program is to run under.
    pub(crate) fn under(&self) -> Vec<&str> {
        let options = ["-f", "-qq", "-s", "256", "-e", "trace=network,openat,mkdir", "-o"];
        let file = self.file.to_str().unwrap_or_default();
        ["strace"].into_iter().chain(options).chain([file, "--"]).collect()
    }

    /// Reads it after the program's end.
    pub(crate) fn calls(&self, lab: &Remote) -> std::io::Result<Calls> {
        let relays = lab.facts().relays.iter().map(|relay| format!("{}:{}", relay.address, relay.or_port));
        self.calls_to(&relays.collect::<Vec<_>>())
    }

    /// The same for a program that is to connect to others, `IP:PORT` each.
    pub(crate) fn calls_to(&self, allowed: &[String]) -> std::io::Result<Calls> {
        read(allowed, &self.file)
    }
}

fn read(allowed: &[String], trace: &Path) -> std::io::Result<Calls> {
    let shown = |end: &String| {
        let (address, port) = end.rsplit_once(':')?;
        Some((format!(r#"inet_addr("{address}")"#), format!("sin_port=htons({port})")))
    };
    let ends: Vec<(String, String)> = allowed.iter().filter_map(shown).collect();
    let (mut tor_started, mut to_relays) = (false, 0);
    for line in fs::read_to_string(trace)?.lines() {
        tor_started |= line.contains("/tor/state");
        let call = line.split_once(' ').map_or(line, |(_, call)| call.trim_start());
        let to_relay = ends.iter().any(|(address, port)| call.contains(address) && call.contains(port));
        let allowed = match call.split('(').next().unwrap_or_default() {
            // What a look-up of a host name reads.
            "openat" => !["resolv.conf", "/etc/hosts"].iter().any(|file| call.contains(file)),
            "socket" if call.contains("AF_UNIX") => true,
            "socket" => call.contains("AF_INET, SOCK_STREAM") && tor_started,
            // The C library asks for the owner of a folder here, and there is nobody.
            "connect" if call.contains("/nscd/socket") => call.contains("ENOENT"),
            "connect" | "sendto" | "sendmsg" | "sendmmsg" if call.contains("sa_family=") => to_relay && tor_started,
            "connect" => false,
            "bind" | "listen" => false,
            _ => true,
        };
        if !allowed {
            return Ok(Calls { leak: Some(line.to_owned()), to_relays });
        }
        to_relays += usize::from(call.starts_with("connect(") && to_relay);
    }
    Ok(Calls { leak: None, to_relays })
}
