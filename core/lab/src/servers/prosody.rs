//! Prosody, set up to guard its registration.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::kind::ServerKind;
use super::place::Place;
use crate::process::{Running, Spawner};
use crate::prosody::settings;
use crate::{LabError, Result};

/// Where a server in a system of its own finds its folder.
const INSIDE: &str = "/mnt";

/// Modules of our own.
const MODULES: [(&str, &str); 2] = [
    ("mod_lab_quarantine.lua", include_str!("../../prosody/mod_lab_quarantine.lua")),
    ("mod_lab_faulty.lua", include_str!("../../prosody/mod_lab_faulty.lua")),
];

/// Runs in a mount namespace of its own; the mount dies with it. There is one process, and its id stays.
const ENTER: &str = r#"mount --bind "$1" "$2/mnt" && exec chroot "$2" prosody -F --config /mnt/prosody.cfg.lua"#;

/// Starts Debian's own Prosody.
pub(super) fn start(place: &Place, spawner: &Spawner) -> Result<Running> {
    let config = write_config(place, &place.folder, (&place.certificate, &place.key))?;
    spawner.serve("prosody", &["-F", "--config", &config], &place.folder.join("out"), &place.ports())
}

/// Starts the Prosody of another system.
pub(super) fn start_in(system: Option<&Path>, place: &Place, spawner: &Spawner) -> Result<Running> {
    let system = system.filter(|system| system.join("usr/bin/prosody").exists()).ok_or_else(|| {
        LabError::new(
            "sasl2 needs a system with Prosody 13: let `cargo xtask test` make it, and start the lab with --system",
        )
    })?;
    let inside = Path::new(INSIDE);
    fs::copy(&place.certificate, place.folder.join("server.crt"))?;
    fs::copy(&place.key, place.folder.join("server.key"))?;
    write_config(place, inside, (&inside.join("server.crt"), &inside.join("server.key")))?;
    let (folder, system) = (place.folder.display().to_string(), system.display().to_string());
    let args = ["--mount", "sh", "-c", ENTER, "sh", &folder, &system];
    spawner.serve("unshare", &args, &place.folder.join("out"), &place.ports())
}

/// A link to a new invitation, by the server's own tool.
pub(super) fn invitation(place: &Place) -> Result<String> {
    let config = config_file(place);
    let made = Command::new("prosodyctl")
        .args(["--root", "--config", &config, "mod_invites", "generate", &place.domain])
        .output()?;
    let text = String::from_utf8_lossy(&made.stdout).into_owned();
    let link = text.lines().find(|line| line.starts_with("xmpp:"));
    link.map(str::to_owned).ok_or_else(|| LabError::new(format!("prosodyctl makes no invitation: {text}")))
}

fn config_file(place: &Place) -> String {
    place.folder.join("prosody.cfg.lua").display().to_string()
}

/// Writes what the server reads, which finds its own folder at `folder`.
fn write_config(place: &Place, folder: &Path, (certificate, key): (&Path, &Path)) -> Result<String> {
    fs::create_dir_all(place.folder.join("data"))?;
    for (name, module) in MODULES {
        fs::write(place.folder.join(name), module)?;
    }
    let (modules, options) = of_kind(place);
    let log = folder.join(place.log().file_name().unwrap_or_default());
    let mut config = settings(folder, certificate, key);
    let _ = writeln!(
        config,
        r#"
log = {{ {{ levels = {{ min = "debug" }}, to = "file", filename = "{log}" }} }}
interfaces = {{ "{address}" }}
modules_enabled = {{ "roster"; "saslauth"; "tls"; "disco"; "ping"; "user_account_management"; "carbons"; "smacks"; "offline";
  "blocklist"; "pep"; "stanza_debug"; {modules} }}
{options}
VirtualHost "{domain}"
"#,
        log = log.display(),
        address = place.address,
        domain = place.domain,
    );
    let file = config_file(place);
    fs::write(&file, config)?;
    Ok(file)
}

/// Its modules and options.
fn of_kind(place: &Place) -> (&'static str, String) {
    match place.kind {
        ServerKind::Closed => (r#""register""#, "allow_registration = false".to_owned()),
        // The allowlist would hold 127.0.0.1.
        ServerKind::Throttle => (
            r#""register_ibr"; "register_limits""#,
            "registration_allowlist = { }\nregistration_throttle_max = 1\nregistration_throttle_period = 600"
                .to_owned(),
        ),
        ServerKind::Invite => {
            (r#""register_ibr"; "invites"; "invites_register""#, "registration_invite_only = true".to_owned())
        }
        ServerKind::Web => (
            r#""register_ibr"; "register_redirect""#,
            format!("no_registration_whitelist = true\nregistration_url = \"https://{}/register\"", place.domain),
        ),
        ServerKind::Quarantine => (r#""register_ibr"; "lab_quarantine""#, String::new()),
        ServerKind::Faulty => (r#""register_ibr"; "lab_faulty""#, String::new()),
        ServerKind::Sasl2 => (r#""register_ibr"; "csi"; "sasl2"; "sasl2_bind2"; "sasl2_sm""#, String::new()),
        _ => (r#""register_ibr""#, String::new()),
    }
}
