//! What the lab and the tests need besides the tool chain. Debian packages are installed when this runs as root, else
//! named.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::{Done, cargo, run, target};

/// What the lab runs, and what draws the pictures that a server of it asks about.
pub(crate) const LAB: &[&str] = &[
    "dnsmasq-base",
    "ejabberd",
    "fonts-dejavu-core",
    "imagemagick",
    "lua-sec",
    "obfs4proxy",
    "prosody",
    "prosody-modules",
    "tor",
];
/// What tests look through: system calls, a wrong clock, sockets, the second implementation of the derivation.
pub(crate) const TESTS: &[&str] = &["faketime", "iproute2", "python3-minimal", "strace"];
/// What looks at sockets, and the client that an idle account is compared with.
pub(crate) const IDLE: &[&str] = &["iproute2", "python3-slixmpp"];
/// What PyPI's slixmpp is installed with.
pub(crate) const TAP: &[&str] = &["python3-venv"];
/// The other parties of OTR's tests, libotr's toolkit, what builds programs around them, and their way to XMPP.
pub(crate) const OTR: &[&str] = &[
    "gcc",
    "golang-github-twstrike-otr3-dev",
    "libc6-dev",
    "libgcrypt20-dev",
    "libotr5-bin",
    "libotr5-dev",
    "python3-potr",
    "python3-slixmpp",
];
/// For machines without another Go.
const GO: &[&str] = &["golang-go"];
/// What builds libFuzzer.
pub(crate) const FUZZ: &[&str] = &["g++"];
/// What builds and tests the Kotlin modules; the libraries are those that Skia draws the pictures with.
pub(crate) const KOTLIN: &[&str] = &[
    "aapt",
    "android-framework-res",
    "fonts-dejavu-core",
    "libfontconfig1",
    "libgl1",
    "libx11-6",
    "maven",
    "openjdk-17-jdk-headless",
];
/// What makes the system that Swift is tested in.
pub(crate) const SWIFT: &[&str] = &["debootstrap"];

pub(crate) fn need(packages: &[&[&str]]) -> Done {
    let mut needed = packages.concat();
    if packages.contains(&OTR) && Command::new("go").arg("version").output().is_err() {
        needed.extend(GO);
    }
    let missing: Vec<&str> = needed.into_iter().filter(|p| !is_installed(p)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !is_root() {
        return Err(format!("Debian packages are missing; run\n  sudo apt-get install {list}").into());
    }
    // Standard output may be for a machine.
    eprintln!("installing {list}");
    run(quiet("apt-get").arg("update"))?;
    let mut install = quiet("apt-get");
    install.args(["install", "--yes", "--no-install-recommends"]).args(&missing);
    without_services(Path::new("/"), || run(&mut install))
}

/// Installs packages in a system, of which no service starts: the lab runs its own.
pub(crate) fn without_services<T>(system: &Path, install: impl FnOnce() -> Done<T>) -> Done<T> {
    let policy = system.join("usr/sbin/policy-rc.d");
    if policy.exists() {
        // This machine starts none anyhow, or has rules of its own.
        return install();
    }
    fs::write(&policy, "#!/bin/sh\nexit 101\n")?;
    fs::set_permissions(&policy, fs::Permissions::from_mode(0o755))?;
    let installed = install();
    fs::remove_file(policy)?;
    installed
}

fn quiet(program: &str) -> Command {
    let mut command = Command::new(program);
    command.arg("-qq").env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
    command
}

fn is_installed(package: &str) -> bool {
    let query = Command::new("dpkg-query").args(["-W", "-f", "${db:Status-Status}", package]).output();
    query.is_ok_and(|o| o.stdout == b"installed")
}

pub(crate) fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.trim_ascii() == b"0")
}

/// A subcommand of cargo's that is no part of the tool chain; installed beside what is built when it is missing.
pub(crate) fn cargo_tool(name: &str) -> Done<PathBuf> {
    let folder = target().join("tools");
    let program = folder.join("bin").join(name);
    if !program.exists() {
        eprintln!("installing {name}");
        run(cargo(&["install", "--quiet", "--locked", name, "--root"]).arg(folder))?;
    }
    Ok(program)
}

/// The Python of an environment that has slixmpp of PyPI, the client that new burners are compared with; made when it is missing.
pub(crate) fn slixmpp() -> Done<PathBuf> {
    let folder = target().join("slixmpp-1.17.0");
    if !folder.exists() {
        let making = folder.with_extension("making");
        run(Command::new("/usr/bin/python3").args(["-m", "venv", "--clear"]).arg(&making))?;
        let mut pip = Command::new(making.join("bin/python3"));
        run(pip.args(["-m", "pip", "install", "--quiet", "slixmpp==1.17.0"]).stdout(Stdio::null()))?;
        std::fs::rename(making, &folder)?;
    }
    Ok(folder.join("bin/python3"))
}
