//! Whether the Rust side of the bindings compiles for phones. It is checked, not linked: there is no library of Android's or
//! of Apple's on this machine. Debian has the source of Rust's own library in its unstable release only, so the compiler is
//! that release's.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use crate::run::{Done, at_root, cargo, root, run, target};
use crate::{debian, packages};

const RELEASE: &str = "sid";
const PACKAGES: &str = "cargo,libc6-dev,rust-src,rustc";
/// The source of Rust's own library, inside the system.
const LIBRARY: &str = "usr/lib/rustlib/src/rust/library";
const ZIG: &str = "0.15.2";

/// A phone's target, and the one that zig has headers for and that is nearest to it.
const TARGETS: [(&str, &str); 2] =
    [("aarch64-linux-android", "aarch64-linux-musl"), ("aarch64-apple-ios", "aarch64-macos")];

/// `cargo xtask bindings --android-check`.
pub(crate) fn check() -> Done {
    if !packages::is_root() {
        return Err("the check mounts and chroots, which only root may do; run\n  \
                    sudo --preserve-env=HOME,PATH cargo xtask bindings --android-check"
            .into());
    }
    let system = debian::folder(&format!("rust-{RELEASE}"))?;
    if !system.is_dir() {
        debian::make(&system, RELEASE, PACKAGES)?;
    }
    let library = system.join(LIBRARY);
    if !library.join("Cargo.lock").exists() {
        return Err(format!("no source of Rust's library in {}: remove {}", library.display(), system.display()).into());
    }
    let work = target().join("android-check");
    fs::create_dir_all(&work)?;
    run(&mut cargo(&["fetch", "--quiet", "--locked"]))?;
    fetch_library(&library, &work.join("library"))?;
    let zig = packages::pypi("ziglang", ZIG)?;
    // On a Mac Apple's tool names the folder of the SDK. This empty one stands in its place.
    fs::create_dir_all(work.join("iPhoneOS.sdk"))?;
    for (phone, headers) in TARGETS {
        println!("flashpaper-ffi for {phone}");
        let compiler = work.join(format!("{phone}-cc"));
        write_compiler(&compiler, &zig, headers)?;
        let variable = phone.replace('-', "_");
        let cargo_home = packages::cargo_home()?;
        let mut cargo = debian::enter(at_root("unshare"), &system, &[&root(), &target(), &cargo_home])?;
        cargo.env("CARGO_HOME", cargo_home).env("RUSTC_BOOTSTRAP", "1").env("SDKROOT", work.join("iPhoneOS.sdk"));
        cargo.env(format!("CC_{variable}"), compiler).env(format!("AR_{variable}"), "ar");
        cargo.env("ZIG_GLOBAL_CACHE_DIR", work.join("zig"));
        // Not those of this machine's tool chain, which may lie where cargo keeps what it has fetched.
        cargo.args([
            "PATH=/usr/bin:/bin",
            "cargo",
            "check",
            "--quiet",
            "--offline",
            "--locked",
            "-Zbuild-std=std,panic_unwind",
        ]);
        cargo.args(["--package", "flashpaper-ffi", "--lib", "--target", phone, "--target-dir"]).arg(&work);
        run(cargo.arg("--manifest-path").arg(root().join("Cargo.toml")))?;
    }
    println!(
        "The Rust side of the bindings is well typed for {}, as {RELEASE}'s compiler sees it.\n\
         NOT shown: that it links and runs there. That takes Android's NDK and Apple's SDK: see `cargo xtask package`.",
        TARGETS.map(|(phone, _)| phone).join(" and ")
    );
    Ok(())
}

/// Has cargo fetch what Rust's own library depends on. Debian's copies of it lie beside that library, where only a build of
/// the library alone finds them.
fn fetch_library(library: &Path, copy: &Path) -> Done {
    let _ = fs::remove_dir_all(copy);
    fs::create_dir_all(copy)?;
    for entry in fs::read_dir(library)? {
        let entry = entry?;
        let name = entry.file_name();
        let to = copy.join(&name);
        match name.to_str() {
            Some(".cargo" | "vendor") => {}
            Some("Cargo.lock") => drop(fs::copy(entry.path(), to)?),
            _ => symlink(entry.path(), to)?,
        }
    }
    let mut fetch = cargo(&["fetch", "--quiet", "--locked", "--manifest-path"]);
    run(fetch.arg(copy.join("Cargo.toml")).env("RUSTC_BOOTSTRAP", "1"))
}

/// Writes a C compiler for what crates bring in C, with zig's headers. What it makes is never linked.
fn write_compiler(compiler: &Path, python: &Path, headers: &str) -> Done {
    // The system sees the environment's files, but has no Python to run them.
    let environment = python.ancestors().nth(2).ok_or("no environment")?;
    let lib = fs::read_dir(environment.join("lib"))?.next().ok_or("no packages")??;
    let zig = lib.path().join("site-packages/ziglang/zig");
    let script = format!(
        r#"#!/bin/sh
# The flags that choose a phone and its SDK, which zig does not know.
for word; do
    shift
    case $word in
        --target=* | -m*os*-version-min=* | -isysroot | -arch | *.sdk | arm64) ;;
        *) set -- "$@" "$word" ;;
    esac
done
exec "{}" cc -target {headers} "$@"
"#,
        zig.display()
    );
    fs::write(compiler, script)?;
    Ok(fs::set_permissions(compiler, fs::Permissions::from_mode(0o755))?)
}
