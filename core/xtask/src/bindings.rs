//! The Kotlin and Swift sources, generated from the built library into the two packages.

use std::fs;
use std::path::{Path, PathBuf};

use crate::run::{Done, built, cargo, root, run, target};

/// Where the shared library is, which the generator reads and the tests load.
pub(crate) fn library_folder() -> PathBuf {
    target().join("debug")
}

/// `cargo xtask bindings`: for apps. Sources and library belong together: those of `cargo xtask test` have more.
pub(crate) fn make() -> Done {
    run(&mut cargo(&["build", "--quiet", "--workspace", "--features", "flashpaper-ffi/bindgen"]))?;
    generate()
}

/// Generates the sources from the library that was built last.
pub(crate) fn generate() -> Done {
    let out = target().join("bindings");
    // Nothing of an earlier run may pass for this one's.
    let _ = fs::remove_dir_all(&out);
    let library = library_folder().join("libflashpaper_ffi.so");
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

    let kotlin = root().join("bindings/kotlin/generated/src/main/kotlin/org/flashpaper");
    let swift = root().join("bindings/swift/Sources");
    // The places and names are what `package_name`, `module_name` and `ffi_module_name` of uniffi.toml say.
    place(&out.join("org/flashpaper/flashpaper.kt"), &kotlin.join("flashpaper.kt"))?;
    place(&out.join("FlashpaperCore.swift"), &swift.join("FlashpaperCore/FlashpaperCore.swift"))?;
    place(&out.join("FlashpaperFFI.h"), &swift.join("FlashpaperFFI/FlashpaperFFI.h"))?;
    place(&out.join("FlashpaperFFI.modulemap"), &swift.join("FlashpaperFFI/module.modulemap"))?;

    check(&kotlin.join("flashpaper.kt"), &["package org.flashpaper\n", "val `jid`"])?;
    check(
        &swift.join("FlashpaperCore/FlashpaperCore.swift"),
        &["let jid", "enum FlashpaperError: Swift.Error, Equatable, Hashable {"],
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
