//! The AAR for Android.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::parts::{Building, LIBRARY, fresh, papers, split};
use crate::run::{Done, at_root, root, run, target};
use crate::{bindings, elf, packages};

/// Rust's names of the targets, and Android's of the same processors.
const ABIS: [(&str, &str); 4] = [
    ("aarch64-linux-android", "arm64-v8a"),
    ("armv7-linux-androideabi", "armeabi-v7a"),
    ("i686-linux-android", "x86"),
    ("x86_64-linux-android", "x86_64"),
];
/// The oldest API level, as in bindings/kotlin/android/build.gradle.kts.
const LEVEL: &str = "26";

/// Where the parts of Android's SDK are that are needed.
struct Sdk {
    home: PathBuf,
    ndk: PathBuf,
    objcopy: PathBuf,
}

/// `cargo xtask package android`.
pub(crate) fn make() -> Done {
    let sdk = sdk()?;
    let ndk = packages::CARGO_NDK.program()?;
    let out = fresh("android")?;
    bindings::make()?;
    let built = out.join("built");
    let mut build = at_root(ndk);
    build.args(["ndk", "--platform", LEVEL, "--output-dir"]).arg(&built);
    for (_, abi) in ABIS {
        build.args(["--target", abi]);
    }
    build.args(["build", "--quiet", "--locked", "--profile", "dist", "--package", "flashpaper-ffi", "--lib"]);
    let triples = ABIS.map(|(triple, _)| triple);
    Building { root: root(), target: target() }.environment(&mut build, &triples)?;
    run(build.arg("--target-dir").arg(target()).env("ANDROID_NDK_HOME", &sdk.ndk))?;
    for (_, abi) in ABIS {
        let shipped = out.join("jniLibs").join(abi).join(LIBRARY);
        fs::create_dir_all(shipped.parent().ok_or("no folder")?)?;
        split(&built.join(abi).join(LIBRARY), &shipped, &out.join("symbols").join(abi), &sdk.objcopy)?;
        elf::has_large_pages(&fs::read(&shipped)?).map_err(|e| format!("{}: {e}", shipped.display()))?;
    }
    fs::remove_dir_all(built)?;
    papers(&out, &triples)?;
    let mut gradle = at_root("gradle");
    gradle.args(["--no-daemon", "--project-dir", "bindings/kotlin"]);
    gradle.arg(format!("-Pflashpaper.package={}", out.display())).env("ANDROID_HOME", &sdk.home);
    run(gradle.arg("publishReleasePublicationToPackageRepository"))?;
    println!("made {}", out.display());
    Ok(())
}

/// Finds the SDK; else the error names each part that is missing, and how to get it.
fn sdk() -> Done<Sdk> {
    let mut missing = Vec::new();
    let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|folder| folder.is_dir());
    let home = folder("ANDROID_HOME");
    if home.is_none() {
        missing.push(
            "Android's SDK: unpack Google's command line tools, and set ANDROID_HOME to the folder with `platforms`"
                .into(),
        );
    }
    if home.as_ref().is_none_or(|home| !home.join("platforms/android-36").is_dir()) {
        missing.push("the SDK's platform: sdkmanager 'platforms;android-36'".into());
    }
    let ndk = folder("ANDROID_NDK_HOME").or_else(|| newest(&home.as_ref()?.join("ndk")));
    let objcopy = ndk.as_ref().and_then(|ndk| {
        let host = newest(&ndk.join("toolchains/llvm/prebuilt"))?;
        Some(host.join("bin/llvm-objcopy")).filter(|program| program.exists())
    });
    if objcopy.is_none() {
        missing.push("the NDK, r28 or newer: sdkmanager 'ndk;28.2.13676358', or set ANDROID_NDK_HOME".into());
    }
    missing.extend(packages::missing_targets(&ABIS.map(|(triple, _)| triple)));
    for (program, how) in [
        ("gradle", "Gradle 8.13 or newer, from its makers: Debian's is too old"),
        ("javac", "a JDK, 17 or newer: apt-get install openjdk-17-jdk-headless"),
    ] {
        if at_root(program).arg("--version").output().is_err() {
            missing.push(how.into());
        }
    }
    match (home, ndk, objcopy) {
        (Some(home), Some(ndk), Some(objcopy)) if missing.is_empty() => Ok(Sdk { home, ndk, objcopy }),
        _ => Err(format!("the AAR cannot be made here. Missing:\n  {}", missing.join("\n  ")).into()),
    }
}

/// The last folder inside by the order of names.
fn newest(folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).max()
}
