//! ejabberd, set up to guard its registration. It runs as one program without Erlang's network, so that no port mapper (epmd)
//! is there to outlive it.

use std::collections::BTreeSet;
use std::env::consts::ARCH;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::kind::ServerKind;
use super::place::Place;
use crate::process::{Running, Spawner};
use crate::{LabError, Result};

/// Where it tells its accounts.
const API: u16 = 5280;

/// Draws a picture, and notes what it shows before anybody can see it.
const CAPTCHA: &str = r#"#!/bin/sh
printf %s "$1" > "$(dirname "$0")/answer"
exec convert -background white -fill black -font DejaVu-Sans -pointsize 30 "label:$1" -wave 3x40 -depth 8 png:-
"#;

pub(super) const fn is_one(kind: ServerKind) -> bool {
    matches!(
        kind,
        ServerKind::Captcha
            | ServerKind::EjabberdThrottle
            | ServerKind::Undeletable
            | ServerKind::OldBinding
            | ServerKind::Bans
    )
}

pub(super) fn start(place: &Place, spawner: &Spawner) -> Result<Running> {
    let script = place.folder.join("captcha.sh");
    fs::write(&script, CAPTCHA)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    let config = place.folder.join("ejabberd.yml");
    fs::write(&config, settings(place, &script))?;
    let program = program()?.display().to_string();
    let (config, log, data) = (term(&config), term(&place.log()), term(&place.folder.join("data")));
    #[rustfmt::skip]
    let args = [
        // An interrupt ends it, and a crash leaves no dump.
        "+Bd", "-noinput", "-env", "ERL_CRASH_DUMP_SECONDS", "0",
        "-pa", &program, "-mnesia", "dir", &data,
        "-ejabberd", "config", &config, "log_path", &log, "quiet", "true",
        "-s", "ejabberd",
    ];
    spawner.serve("erl", &args, &place.folder.join("out"), &place.ports())
}

pub(super) fn captcha_answer(place: &Place) -> Result<String> {
    Ok(fs::read_to_string(place.folder.join("answer"))?)
}

/// Asks the server itself.
pub(super) async fn accounts(place: &Place) -> Result<BTreeSet<String>> {
    let answer = call(place, "registered_users", &format!("{{\"host\":\"{}\"}}", place.domain)).await?;
    let names = answer.split_once("\r\n\r\n").and_then(|(_, names)| serde_json::from_str(names).ok());
    names.ok_or_else(|| LabError::new(format!("ejabberd tells no accounts: {answer}")))
}

/// Lets an address in again.
pub(super) async fn unban(place: &Place, address: &str) -> Result<()> {
    let answer = call(place, "unban_ip", &format!("{{\"address\":\"{address}\"}}")).await?;
    let is_done = answer.lines().next().is_some_and(|status| status.contains(" 200 "));
    if is_done { Ok(()) } else { Err(LabError::new(format!("ejabberd lets nobody in: {answer}"))) }
}

/// Has the server do something; its whole answer.
async fn call(place: &Place, command: &str, question: &str) -> Result<String> {
    let request = format!(
        "POST /api/{command} HTTP/1.0\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n\
         {question}",
        place.domain,
        question.len()
    );
    let mut stream = TcpStream::connect((place.address, API)).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// Debian's package has it outside of Erlang's own folder.
fn program() -> Result<PathBuf> {
    let libraries = PathBuf::from(format!("/usr/lib/{ARCH}-linux-gnu"));
    let found = fs::read_dir(&libraries)?
        .filter_map(|entry| Some(entry.ok()?.path().join("ebin")))
        .find(|folder| folder.join("ejabberd.app").exists());
    found.ok_or_else(|| LabError::new("ejabberd is not installed"))
}

/// A path as Erlang's command line has it.
fn term(path: &Path) -> String {
    format!("\"{}\"", path.display())
}

fn settings(place: &Place, script: &Path) -> String {
    let Place { kind, domain, address, certificate, key, .. } = place;
    let (certificate, key, script) = (certificate.display(), key.display(), script.display());
    let (captcha, register) = match kind {
        ServerKind::Captcha => (
            format!("captcha_cmd: \"{script}\"\ncaptcha_url: \"https://{domain}:5443/captcha\""),
            "captcha_protected: true",
        ),
        ServerKind::Undeletable => (String::new(), "access_remove: none"),
        _ => (String::new(), "captcha_protected: false"),
    };
    let disabled = if *kind == ServerKind::OldBinding { "" } else { "SCRAM-SHA-256-PLUS" };
    let bans = if *kind == ServerKind::Bans { "mod_fail2ban: {c2s_max_auth_failures: 3}" } else { "" };
    let pause = if *kind == ServerKind::EjabberdThrottle { "600" } else { "infinity" };
    format!(
        r#"
hosts: ["{domain}"]
loglevel: debug
certfiles: ["{certificate}", "{key}"]
acme: {{auto: false}}
registration_timeout: {pause}
auth_password_format: scram
auth_scram_hash: sha256
disable_sasl_mechanisms: ["{disabled}"]
{captcha}
listen:
  - {{ip: "{address}", port: 5222, module: ejabberd_c2s, starttls_required: true}}
  - {{ip: "{address}", port: 5223, module: ejabberd_c2s, tls: true}}
  - {{ip: "{address}", port: 5443, module: ejabberd_http, tls: true, request_handlers: {{"/captcha": ejabberd_captcha}}}}
  - {{ip: "{address}", port: {API}, module: ejabberd_http, request_handlers: {{"/api": mod_http_api}}}}
api_permissions:
  lab: {{from: mod_http_api, who: all, what: [registered_users, unban_ip]}}
modules:
  mod_register: {{{register}, ip_access: all}}
  mod_stream_mgmt: {{}}
  mod_roster: {{}}
  mod_disco: {{}}
  mod_ping: {{}}
  mod_offline: {{}}
  mod_carboncopy: {{}}
  mod_blocking: {{}}
  mod_privacy: {{}}
  mod_http_api: {{}}
  {bans}
"#
    )
}
