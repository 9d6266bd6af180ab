//! What is handed out: the library for each system with its debug symbols apart, the sources of its faces, and what it is
//! made of.

use std::fs;
use std::path::Path;

use crate::parts::{Building, LIBRARY, copy, fresh, papers, split};
use crate::run::{Done, at_root, root, run, target};
use crate::{android_package, apple_package, bindings, packages};

pub(crate) const HOST: &str = "x86_64-unknown-linux-gnu";
/// Kotlin's modules for any JVM.
const MODULES: [&str; 2] = ["flashpaper", "testing"];
const BINUTILS: &[&str] = &["binutils"];
/// What makes the reference for Kotlin.
const MAVEN: &[&str] = &["maven", "openjdk-17-jdk-headless"];

/// `cargo xtask package`.
pub(crate) fn package(options: &[&str]) -> Done {
    match options {
        ["linux"] => linux(),
        ["android"] => android_package::make(),
        ["apple", "--url", url] => apple_package::make(Some(url)),
        ["apple"] => apple_package::make(None),
        ["--reproducible"] => reproducible(),
        _ => Err("package takes linux, android, apple [--url URL] or --reproducible".into()),
    }
}

fn linux() -> Done {
    packages::need(&[BINUTILS, MAVEN])?;
    let out = fresh("linux")?;
    bindings::make()?;
    run(&mut Building { root: root(), target: target() }.cargo("build", HOST)?)?;
    let built = target().join(HOST).join("dist").join(LIBRARY);
    split(&built, &out.join(LIBRARY), &out.join("symbols"), "objcopy")?;
    faces(&out.join("sources"))?;
    reference(&out.join("sources/bindings/kotlin"), &out.join("reference/kotlin"))?;
    papers(&out, &[HOST])?;
    println!("made {}", out.display());
    Ok(())
}

/// The faces and their doubles, to be built by Maven and SwiftPM. Their tests are no part of them, nor is what is Android's.
fn faces(sources: &Path) -> Done {
    let (kotlin, swift) = (Path::new("bindings/kotlin"), Path::new("bindings/swift"));
    for module in MODULES {
        let (from, to) = (root().join(kotlin).join(module), sources.join(kotlin).join(module));
        copy(&from.join("src/main"), &to.join("src/main"))?;
        fs::copy(from.join("pom.xml"), to.join("pom.xml"))?;
    }
    let pom = fs::read_to_string(root().join(kotlin).join("pom.xml"))?;
    fs::write(sources.join(kotlin).join("pom.xml"), of_the_jvm(&pom))?;
    copy(&root().join(swift).join("Sources"), &sources.join(swift).join("Sources"))?;
    let manifest = fs::read_to_string(root().join(swift).join("Package.swift"))?;
    Ok(fs::write(sources.join(swift).join("Package.swift"), without_tests(&manifest)?)?)
}

/// The reference for Kotlin, from the doc texts of the sources that are handed out: the repository's own have tests, which need a
/// library with parts for tests. Swift's is made by Xcode: see the release's workflow.
fn reference(sources: &Path, reference: &Path) -> Done {
    let mut maven = at_root("mvn");
    maven.args(["--batch-mode", "--quiet", "--file"]).arg(sources.join("pom.xml"));
    run(maven.args(["-P", "docs", "package"]))?;
    for module in MODULES {
        let made = sources.join(module).join("target");
        copy(&made.join("dokka"), &reference.join(module))?;
        fs::remove_dir_all(made)?;
    }
    Ok(())
}

/// Maven's file of all modules without those that are not handed out: it refuses one that is missing.
fn of_the_jvm(pom: &str) -> String {
    let module = |line: &str| Some(line.trim().strip_prefix("<module>")?.strip_suffix("</module>")?.to_owned());
    let kept = pom.lines().filter(|line| module(line).is_none_or(|name| MODULES.contains(&name.as_str())));
    kept.map(|line| format!("{line}\n")).collect()
}

/// The part of SwiftPM's manifest that declares the package. The rest adds the tests and Apple's module. Their folders are not
/// handed out, and SwiftPM refuses a manifest with folders that are missing.
fn without_tests(manifest: &str) -> Done<String> {
    let (package, _) = manifest.split_once("\n)\n").ok_or("bindings/swift/Package.swift does not end its package")?;
    Ok(format!("{package}\n)\n"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifests_handed_out_name_nothing_that_is_left_behind() {
        let pom = fs::read_to_string(root().join("bindings/kotlin/pom.xml")).unwrap();
        let made = of_the_jvm(&pom);
        assert_eq!(made.matches("<module>").count(), MODULES.len());
        assert!(MODULES.iter().all(|module| made.contains(&format!("<module>{module}</module>"))), "{made}");

        let manifest = fs::read_to_string(root().join("bindings/swift/Package.swift")).unwrap();
        let made = without_tests(&manifest).unwrap();
        assert!(made.contains(".library(name: \"FlashpaperTesting\""), "{made}");
        assert!(made.ends_with("\n    swiftLanguageModes: [.v6]\n)\n"), "{made}");
        assert!(!["Tests/", "testTarget", "FlashpaperApple"].iter().any(|left| made.contains(left)), "{made}");
    }
}
