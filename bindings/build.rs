//! How the shared library is linked where it is handed out: smaller, by what the linkers of Rust's tool chain and of Android's
//! can do.

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| var(name).is_ok_and(|v| v == value);
    let android = is("CARGO_CFG_TARGET_OS", "android");
    // On other processors Rust takes the system's linker.
    let linux = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ARCH", "x86_64");
    if is("PROFILE", "debug") || !android && !linux {
        return;
    }
    // One body for functions that are the same: nothing here tells functions apart by their addresses.
    link("--icf=all");
    // What the loader has to fill in, in a short form: Android 6 and glibc 2.36 are the first to know theirs.
    link(if android { "--pack-dyn-relocs=android" } else { "-z,pack-relative-relocs" });
    if android {
        // Newer devices have pages of 16 KB.
        link("-z,max-page-size=16384");
    }
}

fn link(argument: &str) {
    println!("cargo::rustc-cdylib-link-arg=-Wl,{argument}");
}
