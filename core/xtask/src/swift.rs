//! The Swift packages, tested with the real tool chain. It is in Debian's next release, so it lives in a folder that
//! holds such a system, made once, outside of any clone. The lab takes the newer Prosody from there.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::{Done, limited, root, run, target};
use crate::{bindings, packages};

const RELEASE: &str = "trixie";
const PACKAGES: &str = "swiftlang,libc6-dev,libstdc++-14-dev";

/// Run inside namespaces of its own: mounts and processes die with it.
const ENTER: &str = r#"
set -e
mount -t proc proc "$SYSTEM/proc"
mount -t tmpfs tmpfs "$SYSTEM/tmp"
mount --rbind /dev "$SYSTEM/dev"
for folder in "$ROOT" "$TARGET"; do
    mkdir -p "$SYSTEM$folder"
    mount --bind "$folder" "$SYSTEM$folder"
done
exec chroot "$SYSTEM" "$@"
"#;

/// Makes the tool chain's system unless it is there.
pub(crate) fn prepare() -> Done {
    if !packages::is_root() {
        return Err(
            "Swift's tests mount and chroot; run\n  sudo --preserve-env=HOME,PATH cargo xtask test\nor leave them out: \
                    cargo xtask test --without swift"
                .into(),
        );
    }
    let system = system()?;
    if !system.is_dir() {
        make(&system)?;
    }
    if system.join("usr/bin/prosody").exists() { Ok(()) } else { add_prosody(&system) }
}

fn make(system: &Path) -> Done {
    packages::need(&[packages::SWIFT])?;
    println!("making a system with Swift in {}", system.display());
    let making = system.with_extension("making");
    if making.exists() {
        // An interrupted run has left it.
        fs::remove_dir_all(&making)?;
    }
    fs::create_dir_all(&making)?;
    // Its own mounts are not to outlive it either.
    let mut debootstrap = Command::new("unshare");
    debootstrap.args(["--mount", "debootstrap", "--variant=minbase"]).arg(format!("--include={PACKAGES}"));
    let output = debootstrap.arg(RELEASE).arg(&making).arg(mirror()?).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        return Err(format!("debootstrap failed:\n{}", String::from_utf8_lossy(&output.stdout)).into());
    }
    Ok(fs::rename(making, system)?)
}

/// Systems of earlier versions have none, so it is not among the packages that one is made with.
fn add_prosody(system: &Path) -> Done {
    println!("installing Prosody in {}", system.display());
    packages::without_services(system, || {
        for args in [&["update"][..], &["install", "--yes", "--no-install-recommends", "prosody", "prosody-modules"]] {
            let mut apt = enter()?;
            apt.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]).args(args);
            run(apt.stdout(Stdio::null()))?;
        }
        Ok(())
    })
}

/// Runs the tests of a package on the lab with its facts in the file `facts`.
pub(crate) fn test(package: &str, facts: &Path) -> Done {
    let library = bindings::library_folder();
    let mut swift = enter()?;
    swift.env("FLASHPAPER_LAB", facts).env("LD_LIBRARY_PATH", &library);
    swift.args(["swift", "test", "--disable-xctest", "--quiet", "--package-path"]).arg(root().join(package));
    swift.arg("--scratch-path").arg(target().join("swift").join(package));
    swift.args(["-Xlinker", "-L", "-Xlinker"]).arg(&library).args(["-Xlinker", "-lflashpaper_ffi"]);
    // Swift 6.0's libswiftObservation.so names a symbol that no library has, for a failure that never happens.
    swift.args(["-Xlinker", "--unresolved-symbols=ignore-in-shared-libs"]);
    run(&mut swift)
}

/// Looks at the syntax of sources that only a Mac can compile.
pub(crate) fn parse(folder: &str) -> Done {
    let entries = fs::read_dir(root().join(folder))?.collect::<Result<Vec<_>, _>>()?;
    let sources = entries.iter().map(fs::DirEntry::path).filter(|path| path.extension().is_some_and(|e| e == "swift"));
    run(enter()?.args(["swiftc", "-parse", "-parse-as-library"]).args(sources))
}

/// A command inside the tool chain's system; the program and its arguments follow.
fn enter() -> Done<Command> {
    let mut command = limited("unshare");
    command.args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER, "sh"]);
    command.env("SYSTEM", system()?).env("ROOT", root()).env("TARGET", target());
    command.args(["env", "HOME=/root", "TMPDIR=/tmp"]);
    Ok(command)
}

/// Where the system is, or would be.
pub(crate) fn system() -> Done<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache"))).ok_or("no HOME")?;
    Ok(cache.join("flashpaper").join(format!("swift-{RELEASE}")))
}

/// Where this machine's own packages come from.
fn mirror() -> Done<String> {
    let format = ["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian", "Label: Debian"];
    let output = Command::new("apt-get").args(format).output()?;
    let uris = String::from_utf8(output.stdout)?;
    Ok(uris.lines().next().ok_or("apt knows no Debian packages; run\n  sudo apt-get update")?.to_owned())
}
