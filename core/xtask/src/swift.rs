//! The Swift packages, tested with the real tool chain. It is in Debian's next release, so it lives in a folder that
//! holds such a system, made once, outside of any clone. The lab takes the newer Prosody from there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::{Done, limited, root, run, target};
use crate::{bindings, debian, packages};

const RELEASE: &str = "trixie";
const PACKAGES: &str = "swiftlang,libc6-dev,libstdc++-14-dev";

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
        debian::make(&system, RELEASE, PACKAGES)?;
    }
    if system.join("usr/bin/prosody").exists() { Ok(()) } else { add_prosody(&system) }
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
    // One Tor client may run in a process, and all test targets are one.
    swift.args(["swift", "test", "--disable-xctest", "--no-parallel", "--quiet"]);
    swift.arg("--package-path").arg(root().join(package));
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
    debian::enter(limited("unshare"), &system()?, &[&root(), &target()])
}

/// Where the system is, or would be.
pub(crate) fn system() -> Done<PathBuf> {
    debian::folder(&format!("swift-{RELEASE}"))
}
