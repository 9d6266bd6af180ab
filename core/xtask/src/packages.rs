//! What the lab and the tests need besides the tool chain. Debian packages are installed when this runs as root. Else it names the
//! command to run.

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
/// What packages of PyPI are installed with.
pub(crate) const VENV: &[&str] = &["python3-venv"];
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
/// What writes the licences of others.
pub(crate) const CARGO_ABOUT: CargoTool = CargoTool { name: "cargo-about", version: "0.9.3", features: "cli" };
/// What lists the parts of a library.
pub(crate) const CARGO_CYCLONEDX: CargoTool = CargoTool { name: "cargo-cyclonedx", version: "0.5.9", features: "" };
/// What runs libFuzzer.
pub(crate) const CARGO_FUZZ: CargoTool = CargoTool { name: "cargo-fuzz", version: "0.13.2", features: "" };
/// What builds for Android.
pub(crate) const CARGO_NDK: CargoTool = CargoTool { name: "cargo-ndk", version: "4.1.2", features: "" };
/// What builds and tests the Kotlin modules; the libraries are those that Skia draws the pictures with.
pub(crate) const KOTLIN: &[&str] = &[
    "aapt",
    "fonts-dejavu-core",
    "fonts-noto-core",
    "libfontconfig1",
    "libgl1",
    "libx11-6",
    "maven",
    "openjdk-17-jdk-headless",
];

pub(crate) fn need(packages: &[&[&str]]) -> Done {
    let mut needed = packages.concat();
    if packages.contains(&OTR) && Command::new("go").arg("version").output().is_err() {
        needed.extend(GO);
    }
    let missing: Vec<&str> = needed.into_iter().filter(|p| !is_installed(p)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if is_root() {
        return install(&missing);
    }
    // apt-get alone would start servers that other machines can reach, at the ports of the lab's own.
    let (xtask, list) = (std::env::current_exe()?, missing.join(" "));
    Err(format!("Debian packages are missing; run\n  sudo '{}' packages {list}", xtask.display()).into())
}

/// `xtask packages NAME...`, as root.
pub(crate) fn install(packages: &[&str]) -> Done {
    // Standard output may be for a machine.
    eprintln!("installing {}", packages.join(" "));
    run(quiet("apt-get").arg("update"))?;
    let mut install = quiet("apt-get");
    install.args(["install", "--yes", "--no-install-recommends"]).args(packages);
    without_services(Path::new("/"), || run(&mut install))
}

/// Installs packages in a system, of which no service starts: the lab runs its own.
pub(crate) fn without_services<T>(system: &Path, install: impl FnOnce() -> Done<T>) -> Done<T> {
    const MARK: &str = "# xtask is installing packages.";
    let policy = system.join("usr/sbin/policy-rc.d");
    if policy.exists() && !fs::read_to_string(&policy).is_ok_and(|text| text.contains(MARK)) {
        // This machine starts none anyhow, or has rules of its own.
        return install();
    }
    // Where xtask is killed meanwhile, the file is left behind, and must not keep this machine from starting services. Another system
    // starts none, and sees no process of this one.
    let id = std::process::id();
    let is_over = if system == Path::new("/") { format!("[ ! -e /proc/{id} ]") } else { "false".to_owned() };
    fs::write(&policy, format!("#!/bin/sh\n{MARK}\nif {is_over}; then rm -f \"$0\"; else exit 101; fi\n"))?;
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

/// A subcommand of cargo's that is no part of the tool chain. Pinned: another version has other features and other output.
pub(crate) struct CargoTool {
    name: &'static str,
    version: &'static str,
    /// Those without which the crate has no program.
    features: &'static str,
}

impl CargoTool {
    /// The program, installed beside what is built when it is missing.
    pub(crate) fn program(&self) -> Done<PathBuf> {
        let Self { name, version, features } = self;
        // A folder for each version, so that a change of the pin takes effect.
        let folder = target().join("tools").join(format!("{name}-{version}"));
        let program = folder.join("bin").join(name);
        if program.exists() {
            return Ok(program);
        }
        eprintln!("installing {name} {version}");
        let mut install = cargo(&["install", "--quiet", "--locked", name, "--version", version]);
        run(install.args(["--features", features, "--root"]).arg(&folder))?;
        // cargo counts it as success when a crate's programs all need features that were not asked for.
        if !program.exists() {
            return Err(format!("{name} {version} has no program of its name with the features {features:?}").into());
        }
        Ok(program)
    }
}

/// The Python of an environment that has slixmpp of PyPI, the client that new burners are compared with.
pub(crate) fn slixmpp() -> Done<PathBuf> {
    pypi("slixmpp", "1.17.0")
}

/// The Python of an environment that has a package of PyPI in this version; made when it is missing.
pub(crate) fn pypi(name: &str, version: &str) -> Done<PathBuf> {
    let folder = target().join(format!("{name}-{version}"));
    if !folder.exists() {
        need(&[VENV])?;
        // Its name has dots of its own.
        let making = target().join(format!("{name}-{version}.making"));
        run(Command::new("/usr/bin/python3").args(["-m", "venv", "--clear"]).arg(&making))?;
        let mut pip = Command::new(making.join("bin/python3"));
        run(pip.args(["-m", "pip", "install", "--quiet", &format!("{name}=={version}")]).stdout(Stdio::null()))?;
        fs::rename(making, &folder)?;
    }
    Ok(folder.join("bin/python3"))
}

/// Where cargo keeps what it has fetched.
pub(crate) fn cargo_home() -> Done<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    Ok(home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo"))).ok_or("no HOME")?)
}

/// How to get those of Rust's targets that the tool chain does not have.
pub(crate) fn missing_targets(triples: &[&str]) -> Vec<String> {
    let has = |triple: &str| {
        let folder = Command::new("rustc").args(["--print", "target-libdir", "--target", triple]).output();
        folder.is_ok_and(|o| Path::new(String::from_utf8_lossy(&o.stdout).trim()).is_dir())
    };
    let missing = triples.iter().filter(|triple| !has(triple));
    missing.map(|triple| format!("Rust's library for {triple}: rustup target add {triple}")).collect()
}
