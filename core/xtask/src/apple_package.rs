//! The XCFramework, and the Swift package around it as a release publishes it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::parts::{Building, VERSION, copy, fresh, papers};
use crate::run::{Done, at_root, root, run, target};
use crate::{bindings, packages};

const DEVICE: &str = "aarch64-apple-ios";
/// For Apple's processors and for Intel's: one library holds both.
const SIMULATORS: [&str; 2] = ["aarch64-apple-ios-sim", "x86_64-apple-ios"];
/// As in bindings/swift/Package.swift: C code is to agree with it.
const OLDEST_IOS: &str = "17.0";
const LIBRARY: &str = "libflashpaper_ffi.a";
const FRAMEWORK: &str = "FlashpaperFFI.xcframework";

/// `cargo xtask package apple`: `url` is where the release will have the framework. Without it there is no package around that:
/// SwiftPM takes one from the web alone, or beside its manifest, as the repository has it.
pub(crate) fn make(url: Option<&str>) -> Done {
    look()?;
    let out = fresh("apple")?;
    bindings::make()?;
    let building = Building { root: root(), target: target() };
    let mut built = Vec::new();
    for triple in [DEVICE, SIMULATORS[0], SIMULATORS[1]] {
        let mut build = building.cargo("rustc", triple)?;
        run(build.args(["--crate-type", "staticlib"]).env("IPHONEOS_DEPLOYMENT_TARGET", OLDEST_IOS))?;
        built.push(target().join(triple).join("dist").join(LIBRARY));
    }
    let device = without_symbols(&built[..1], &out, "ios")?;
    let simulator = without_symbols(&built[1..], &out, "ios-simulator")?;
    // In a folder of its own: two libraries of UniFFI in one app would both have a module.modulemap.
    let headers = out.join("headers");
    copy(&root().join("bindings/swift/Sources/FlashpaperFFI"), &headers.join("FlashpaperFFI"))?;
    let mut create = at_root("xcodebuild");
    create.arg("-create-xcframework");
    for library in [device, simulator] {
        create.arg("-library").arg(library).arg("-headers").arg(&headers);
    }
    let framework = out.join(FRAMEWORK);
    run(create.arg("-output").arg(&framework))?;
    // For local work, and the smoke test.
    let local = root().join("bindings/swift").join(FRAMEWORK);
    let _ = fs::remove_dir_all(&local);
    run(at_root("ditto").arg(&framework).arg(&local))?;
    let archive = out.join(format!("{FRAMEWORK}.zip"));
    run(at_root("ditto").args(["-c", "-k", "--keepParent"]).arg(&framework).arg(&archive))?;
    if let Some(url) = url {
        package(&out, url, &archive)?;
    }
    papers(&out, &[DEVICE, SIMULATORS[0], SIMULATORS[1]])?;
    println!("made {}: version {VERSION}", out.display());
    Ok(())
}

/// The Swift package as a release publishes it.
fn package(out: &Path, url: &str, archive: &Path) -> Done {
    let checksum = at_root("swift").args(["package", "compute-checksum"]).arg(archive).output()?;
    if !checksum.status.success() {
        return Err(format!("swift package compute-checksum: {}", String::from_utf8_lossy(&checksum.stderr)).into());
    }
    let checksum = String::from_utf8(checksum.stdout)?;
    let package = out.join("package");
    copy(&root().join("bindings/swift/Sources"), &package.join("Sources"))?;
    // It is inside the framework.
    fs::remove_dir_all(package.join("Sources/FlashpaperFFI"))?;
    let manifest = fs::read_to_string(root().join("bindings/swift/Package.swift"))?;
    Ok(fs::write(package.join("Package.swift"), released(&manifest, url, checksum.trim())?)?)
}

/// Joins libraries into one without line numbers. Those stay in the joined library that goes to `symbols`.
fn without_symbols(libraries: &[PathBuf], out: &Path, system: &str) -> Done<PathBuf> {
    let (symbols, shipped) = (out.join("symbols").join(system), out.join("built").join(system));
    fs::create_dir_all(&symbols)?;
    fs::create_dir_all(&shipped)?;
    let (whole, shipped) = (symbols.join(LIBRARY), shipped.join(LIBRARY));
    run(at_root("lipo").arg("-create").args(libraries).arg("-output").arg(&whole))?;
    run(at_root("strip").args(["-S", "-o"]).arg(&shipped).arg(whole))?;
    Ok(shipped)
}

/// The manifest that a release publishes: it differs from the repository's by where the framework is.
fn released(manifest: &str, url: &str, checksum: &str) -> Done<String> {
    let local = format!("path: \"{FRAMEWORK}\"");
    if manifest.matches(&local).count() != 1 {
        return Err(format!("bindings/swift/Package.swift has not one {local:?}").into());
    }
    Ok(manifest.replace(&local, &format!("url: \"{url}\", checksum: \"{checksum}\"")))
}

/// Fails with all that is missing, and how to get it.
fn look() -> Done {
    let mut missing = Vec::new();
    if !cfg!(target_os = "macos") {
        missing.push("a Mac: Apple's SDK is for no other machine".to_owned());
    }
    for (program, how) in [
        ("xcodebuild", "Xcode 16 or newer: the App Store, then sudo xcode-select --switch /Applications/Xcode.app"),
        ("lipo", "lipo, which Xcode brings"),
        ("ditto", "ditto, which macOS has"),
        ("swift", "Swift 6, which Xcode brings"),
    ] {
        // Run without arguments they end at once, or tell how they are used.
        if at_root(program).arg("--version").output().is_err() {
            missing.push(how.into());
        }
    }
    missing.extend(packages::missing_targets(&[DEVICE, SIMULATORS[0], SIMULATORS[1]]));
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("the XCFramework cannot be made here. Missing:\n  {}", missing.join("\n  ")).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_released_manifest_is_the_repositorys_with_another_place() {
        let manifest = fs::read_to_string(root().join("bindings/swift/Package.swift")).unwrap();
        let made = released(&manifest, "https://example.org/F.zip", "abc").unwrap();
        let framework = ".binaryTarget(name: \"FlashpaperFFI\", url: \"https://example.org/F.zip\", checksum: \"abc\")";
        assert!(made.contains(framework), "{made}");
        assert_eq!(made.lines().count(), manifest.lines().count());
        assert!(released("no framework", "", "").is_err());
    }
}
