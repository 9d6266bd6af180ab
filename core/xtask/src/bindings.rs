//! The Kotlin and Swift sources, generated from the built library into the two packages.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};

use crate::generated;
use crate::run::{Done, built, cargo, root, run, target};

/// Where the shared library is, which the generator reads and the tests load.
pub(crate) fn library_folder() -> PathBuf {
    target().join("debug")
}

/// `cargo xtask bindings`: for apps. Sources and library belong together: those of `cargo xtask test` have more.
pub(crate) fn make() -> Done {
    let mut build = cargo(&["build", "--quiet", "--features", "flashpaper-ffi/bindgen"]);
    // The lab is Linux's alone. With it, Arti is compiled once for all.
    build.args(if cfg!(target_os = "linux") { &["--workspace"][..] } else { &["--package", "flashpaper-ffi"] });
    run(&mut build)?;
    generate()
}

/// Generates the sources from the library that was built last.
pub(crate) fn generate() -> Done {
    let out = target().join("bindings");
    // Nothing of an earlier run may pass for this one's.
    let _ = fs::remove_dir_all(&out);
    let library = library_folder().join(format!("{DLL_PREFIX}flashpaper_ffi{DLL_SUFFIX}"));
    let mut generator = built("uniffi-bindgen");
    generator.args([
        "generate",
        "--no-format",
        "--config",
        "uniffi.toml",
        "--language",
        "kotlin",
        "--language",
        "swift",
    ]);
    run(generator.arg("--out-dir").arg(&out).arg(library))?;

    let kotlin = root().join("bindings/kotlin/flashpaper/src/main/kotlin/org/flashpaper/internal/ffi");
    let sources = root().join("bindings/swift/Sources");
    // The places and names are what `package_name`, `module_name` and `ffi_module_name` of uniffi.toml say.
    let ffi = out.join("org/flashpaper/internal/ffi/flashpaper.kt");
    fs::write(&ffi, generated::kotlin(&fs::read_to_string(&ffi)?))?;
    place(&ffi, &kotlin.join("flashpaper.kt"))?;
    let core = out.join("FlashpaperCore.swift");
    fs::write(&core, generated::swift(&fs::read_to_string(&core)?))?;
    place(&core, &sources.join("FlashpaperKit/Generated/FlashpaperCore.swift"))?;
    place(&out.join("FlashpaperFFI.h"), &sources.join("FlashpaperFFI/FlashpaperFFI.h"))?;
    place(&out.join("FlashpaperFFI.modulemap"), &sources.join("FlashpaperFFI/module.modulemap"))?;

    check(
        &kotlin.join("flashpaper.kt"),
        &["package org.flashpaper.internal.ffi\n", "val `jid`", "internal data class Snapshot", "internal fun `panic`"],
    )?;
    check(
        &sources.join("FlashpaperKit/Generated/FlashpaperCore.swift"),
        &["let jid", "\nenum FfiFlashpaperError: Swift.Error, Equatable, Hashable {"],
    )
}

/// Copies a file if it changed, so that nothing is compiled again for nothing.
fn place(from: &Path, to: &Path) -> Done {
    let new = fs::read(from).map_err(|e| format!("{}: {e}", from.display()))?;
    if fs::read(to).is_ok_and(|old| old == new) {
        return Ok(());
    }
    fs::create_dir_all(to.parent().ok_or("no folder")?)?;
    Ok(fs::write(to, new)?)
}

/// That uniffi.toml had its effect: an unknown key would be ignored in silence.
fn check(file: &Path, expected: &[&str]) -> Done {
    let text = fs::read_to_string(file)?;
    match expected.iter().find(|part| !text.contains(**part)) {
        Some(part) => Err(format!("uniffi.toml had no effect: no {part:?} in {}", file.display()).into()),
        None => Ok(()),
    }
}
