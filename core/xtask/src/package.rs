//! What is handed out: the library for each system with its debug symbols apart, the sources of its faces, and what it is
//! made of.

use std::fs;

use crate::parts::{Building, LIBRARY, copy, fresh, papers, split};
use crate::run::{Done, at_root, root, run, target};
use crate::{android_package, apple_package, bindings, packages};

pub(crate) const HOST: &str = "x86_64-unknown-linux-gnu";
const BINUTILS: &[&str] = &["binutils"];

/// `cargo xtask package`.
pub(crate) fn package(options: &[&str]) -> Done {
    match options {
        ["linux"] => linux(),
        ["android"] => android_package::make(),
        ["apple", "--url", url] => apple_package::make(url),
        ["apple"] => apple_package::make("FlashpaperFFI.xcframework.zip"),
        ["--reproducible"] => reproducible(),
        _ => Err("package takes linux, android, apple [--url URL] or --reproducible".into()),
    }
}

fn linux() -> Done {
    packages::need(&[BINUTILS])?;
    let out = fresh("linux")?;
    bindings::make()?;
    run(&mut Building { root: root(), target: target() }.cargo("build", HOST)?)?;
    let built = target().join(HOST).join("dist").join(LIBRARY);
    split(&built, &out.join(LIBRARY), &out.join("symbols"), "objcopy")?;
    // The tests of the faces are no part of them.
    for folder in ["bindings/kotlin/flashpaper/src/main", "bindings/swift/Sources"] {
        copy(&root().join(folder), &out.join("sources").join(folder))?;
    }
    papers(&out, &[HOST])?;
    println!("made {}", out.display());
    Ok(())
}

/// `cargo xtask package --reproducible`: the library of the last commit, built in two folders, has the same bytes.
fn reproducible() -> Done {
    packages::need(&[BINUTILS])?;
    let out = fresh("reproducible")?;
    let mut made = Vec::new();
    for folder in ["one", "another/below"] {
        let building = Building { root: out.join(folder), target: out.join(folder).join("target") };
        run(at_root("git").args(["clone", "--quiet", "."]).arg(&building.root))?;
        run(&mut building.cargo("build", HOST)?)?;
        let library = building.root.join(LIBRARY);
        split(
            &building.target.join(HOST).join("dist").join(LIBRARY),
            &library,
            &building.root.join("symbols"),
            "objcopy",
        )?;
        made.push(fs::read(library)?);
        // It is gigabytes.
        fs::remove_dir_all(&building.target)?;
    }
    match made.as_slice() {
        [one, another] if one == another => {
            println!("{} bytes are the same in two builds", one.len());
            Ok(())
        }
        _ => Err(format!("two builds of one commit differ; compare {}", out.display()).into()),
    }
}
