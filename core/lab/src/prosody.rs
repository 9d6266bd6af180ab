//! The XMPP server: Debian's Prosody, with hosts that behave and hosts that must be refused.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::Result;
use crate::certificates::Authority;
use crate::process::{Running, Spawner};

/// Makes accounts; also behind the onion address.
pub(crate) const DEFAULT: &str = "burner.test";
/// Reached at an address without direct TLS.
pub(crate) const STARTTLS: &str = "starttls.test";
/// Makes no accounts.
pub(crate) const CLOSED: &str = "closed.test";
/// Offers no login but PLAIN.
pub(crate) const PLAIN: &str = "plain.test";
/// Takes no stanza that is longer than any server has to take (RFC 6120, section 13.12), and says so (XEP-0478).
pub const SMALL: &str = "small.test";
/// Offers no TLS.
pub(crate) const NO_TLS: &str = "notls.test";

/// Reached only where its SRV records say.
pub const MOVED: &str = "moved.test";

/// Where the attacker at the server takes orders.
pub(crate) const ATTACKER: u16 = 5299;

const HOSTS: [&str; 7] = [DEFAULT, STARTTLS, CLOSED, PLAIN, SMALL, NO_TLS, MOVED];

/// The server's files.
pub(crate) struct Prosody {
    folder: PathBuf,
    main: Ipv4Addr,
    starttls_only: Ipv4Addr,
}

impl Prosody {
    pub(crate) fn prepare(root: &Path, ca: &Authority, main: Ipv4Addr, starttls_only: Ipv4Addr) -> Result<Self> {
        let prosody = Self { folder: root.join("prosody"), main, starttls_only };
        // Accounts of an earlier run would be found by tests that look for leftovers.
        let _ = fs::remove_dir_all(&prosody.folder);
        fs::create_dir_all(prosody.data())?;
        fs::write(prosody.config_file(), prosody.config(ca)?)?;
        let modules = [
            ("mod_lab_attacker.lua", include_str!("../prosody/mod_lab_attacker.lua")),
            ("mod_lab_limits.lua", include_str!("../prosody/mod_lab_limits.lua")),
        ];
        for (name, text) in modules {
            fs::write(prosody.folder.join(name), text)?;
        }
        Ok(prosody)
    }

    /// Which name leads to which address, as the exits' name server and the direct dialer know it.
    pub(crate) fn hosts(&self) -> BTreeMap<String, Ipv4Addr> {
        let no_direct_tls = |host| host == STARTTLS || host == NO_TLS;
        let address = |host| if no_direct_tls(host) { self.starttls_only } else { self.main };
        HOSTS.iter().map(|host| ((*host).to_owned(), address(*host))).collect()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("prosody.log")
    }

    /// Starts it and waits until it listens.
    pub(crate) fn start(&self, spawner: &Spawner) -> Result<Running> {
        let config = self.config_file().display().to_string();
        let args = ["-F", "--config", &config];
        let ports: [SocketAddr; 4] = [
            (self.main, 5222).into(),
            (self.main, 5223).into(),
            (self.main, ATTACKER).into(),
            (self.starttls_only, 5222).into(),
        ];
        spawner.serve("prosody", &args, &self.folder.join("prosody.out"), &ports)
    }

    fn config_file(&self) -> PathBuf {
        self.folder.join("prosody.cfg.lua")
    }

    fn config(&self, ca: &Authority) -> Result<String> {
        let (main, starttls_only, log) = (self.main, self.starttls_only, self.log());
        // One certificate for all: at the port of direct TLS Prosody has only one.
        let (certificate, key) = ca.issue(&HOSTS)?;
        let mut config = settings(&self.folder, &certificate, &key);
        config += &format!(
            r#"
log = {{ {{ levels = {{ min = "info" }}, to = "file", filename = "{log}" }} }}
c2s_interfaces = {{ "{main}", "{starttls_only}" }}
c2s_direct_tls_interfaces = {{ "{main}" }}
lab_attacker_interfaces = {{ "{main}" }}
lab_attacker_ports = {{ {ATTACKER} }}
modules_enabled = {{ "roster"; "saslauth"; "tls"; "disco"; "ping"; "register_ibr"; "user_account_management";
  "carbons"; "smacks"; "offline"; "time"; "version"; "blocklist"; "pep"; "vcard4"; "lab_attacker" }}
"#,
            log = log.display(),
        );
        for host in HOSTS {
            let options = match host {
                CLOSED => "  modules_disabled = { \"register_ibr\" }",
                PLAIN => "  disable_sasl_mechanisms = { \"SCRAM-SHA-1\"; \"SCRAM-SHA-256\"; \"DIGEST-MD5\" }",
                SMALL => "  modules_enabled = { \"lab_limits\" }",
                NO_TLS => {
                    // Behind a tap that ends TLS it does what others do, and has an archive.
                    "  modules_enabled = { \"mam\" }\n  modules_disabled = { \"tls\" }\n  \
                     c2s_require_encryption = false\n  allow_unencrypted_plain_auth = true"
                }
                _ => "",
            };
            let _ = writeln!(config, "VirtualHost \"{host}\"\n{options}");
        }
        Ok(config)
    }
}

/// What all of the lab's Prosodys have in common. Everything they read and write is in `folder`, but for the certificate.
pub(crate) fn settings(folder: &Path, certificate: &Path, key: &Path) -> String {
    let (folder, certificate, key) = (folder.display(), certificate.display(), key.display());
    format!(
        r#"
ssl = {{ certificate = "{certificate}"; key = "{key}"; protocol = "tlsv1_2+" }}
run_as_root = true
daemonize = false
data_path = "{folder}/data"
pidfile = "{folder}/prosody.pid"
plugin_paths = {{ "{folder}" }}
c2s_ports = {{ 5222 }}
c2s_direct_tls_ports = {{ 5223 }}
s2s_ports = {{ }}
-- Else a stanza now and then waits for the kernel's delayed acknowledgement of the one before: 40 ms.
network_settings = {{ nagle = false }}
modules_disabled = {{ "s2s"; "http"; "admin_shell"; "mimicking" }}
authentication = "internal_hashed"
password_hash = "SHA-256"
c2s_require_encryption = true
storage = "internal"
"#
    )
}
