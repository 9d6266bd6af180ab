//! The parts of a package, whatever system it is for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::packages;
use crate::run::{Done, at_root, cargo, root, run, target};

/// `workspace.package.version` of Cargo.toml, where it is written once.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The shared library, on Linux and Android.
pub(crate) const LIBRARY: &str = "libflashpaper_ffi.so";

/// A folder below `target/package` without anything of an earlier run.
pub(crate) fn fresh(name: &str) -> Done<PathBuf> {
    let out = target().join("package").join(name);
    let _ = fs::remove_dir_all(&out);
    fs::create_dir_all(&out)?;
    Ok(out)
}

/// A build of what is handed out: nothing in it says where it was made.
pub(crate) struct Building {
    /// The workspace's root.
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

impl Building {
    /// A cargo that builds the library alone, for one target.
    pub(crate) fn cargo(&self, command: &str, triple: &str) -> Done<Command> {
        let mut build = cargo(&[command]);
        self.environment(&mut build, &[triple])?;
        build.args(["--quiet", "--locked", "--profile", "dist", "--package", "flashpaper-ffi", "--lib"]);
        build.args(["--target", triple, "--target-dir"]).arg(&self.target).current_dir(&self.root);
        Ok(build)
    }

    /// Has a build for these targets write line numbers for debuggers, and no folder of this machine.
    pub(crate) fn environment(&self, build: &mut Command, triples: &[&str]) -> Done {
        // The later of two that fit is taken: a target folder may lie inside the root.
        let folders =
            [(packages::cargo_home()?, "/cargo"), (self.root.clone(), "/flashpaper"), (self.target.clone(), "/target")];
        // With frame pointers the tables by which a panic finds its way up are a quarter shorter, and the code is not longer.
        // C has none: no panic goes through it.
        let (mut rust, mut c) =
            (vec!["-Cforce-frame-pointers=yes".to_owned()], vec!["-fno-asynchronous-unwind-tables".to_owned()]);
        for (folder, name) in folders {
            let folder = folder.to_str().ok_or("a path that is no text")?.to_owned();
            if folder.contains(char::is_whitespace) {
                return Err(format!("{folder}: C compilers are not told of a path with spaces; move it").into());
            }
            rust.push(format!("--remap-path-prefix={folder}={name}"));
            c.push(format!("-ffile-prefix-map={folder}={name}"));
        }
        build.env("CARGO_ENCODED_RUSTFLAGS", rust.join("\x1f")).env_remove("RUSTFLAGS");
        for triple in triples {
            build.env(format!("CFLAGS_{}", triple.replace('-', "_")), c.join(" "));
        }
        build.env("CARGO_PROFILE_DIST_DEBUG", "line-tables-only").env("CARGO_INCREMENTAL", "0");
        Ok(())
    }
}

/// Copies a library without its symbols, which go to a folder of their own. Debuggers find them by the library's name.
pub(crate) fn split(built: &Path, shipped: &Path, symbols: &Path, objcopy: impl AsRef<std::ffi::OsStr>) -> Done {
    fs::create_dir_all(symbols)?;
    let name = shipped.file_name().and_then(|name| name.to_str()).ok_or("no name")?;
    let debug = symbols.join(format!("{name}.debug"));
    run(at_root(&objcopy).args(["--only-keep-debug", "--compress-debug-sections"]).arg(built).arg(&debug))?;
    let mut strip = at_root(&objcopy);
    strip.arg("--strip-all").arg(format!("--add-gnu-debuglink={}", debug.display()));
    run(strip.arg(built).arg(shipped))
}

/// Writes the licences of everything that is in a library, and a list of it in CycloneDX's form.
pub(crate) fn papers(out: &Path, triples: &[&str]) -> Done {
    let about = packages::CARGO_ABOUT.program()?;
    let mut licences = at_root(about);
    licences.args(["about", "generate", "--fail", "--locked", "--manifest-path", "bindings/Cargo.toml", "--config"]);
    licences
        .args(["core/xtask/about.toml", "core/xtask/about.hbs", "--output-file"])
        .arg(out.join("LICENSES-THIRD-PARTY.txt"));
    for triple in triples {
        licences.args(["--target", triple]);
    }
    run(&mut licences)?;
    list_of_parts(out, triples)?;
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(root().join(name), out.join(name))?;
    }
    Ok(())
}

/// Writes the list as `flashpaper.cdx.json`: the same for each build of a commit.
fn list_of_parts(out: &Path, triples: &[&str]) -> Done {
    let tool = packages::CARGO_CYCLONEDX.program()?;
    // The tool writes a file of this name beside each manifest of the workspace.
    let name = "flashpaper-parts";
    let target = if let [triple] = triples { triple } else { "all" };
    let mut list = at_root(tool);
    list.args(["cyclonedx", "--quiet", "--format", "json", "--spec-version", "1.5", "--target", target]);
    list.args(["--no-build-deps", "--override-filename", name]).env("SOURCE_DATE_EPOCH", time_of_commit()?);
    let done = run(&mut list);
    let root = root();
    let made = fs::read_to_string(root.join("bindings").join(name).with_extension("json"));
    let manifests = at_root("git").args(["ls-files", "*Cargo.toml"]).output()?;
    for manifest in String::from_utf8(manifests.stdout)?.lines() {
        let _ = fs::remove_file(root.join(manifest).with_file_name(name).with_extension("json"));
    }
    done?;
    let here = root.to_str().ok_or("a path that is no text")?;
    Ok(fs::write(out.join("flashpaper.cdx.json"), made?.replace(here, "/flashpaper"))?)
}

/// In seconds of the Unix clock.
fn time_of_commit() -> Done<String> {
    let time = at_root("git").args(["log", "-1", "--format=%ct"]).output()?;
    Ok(String::from_utf8(time.stdout)?.trim().to_owned())
}

/// Copies a folder with all that is below it.
pub(crate) fn copy(from: &Path, to: &Path) -> Done {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).map_err(|e| format!("{}: {e}", from.display()))? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &place)?;
        } else {
            fs::copy(entry.path(), place)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that follows each `before` on its line, up to `after`.
    fn between(file: &str, before: &str, after: &str) -> Vec<String> {
        let text = fs::read_to_string(root().join(file)).unwrap();
        text.lines().filter_map(|l| Some(l.split_once(before)?.1.split_once(after)?.0.to_owned())).collect()
    }

    #[test]
    fn the_version_of_every_artefact_is_that_of_cargo_toml() {
        let mut files = vec!["bindings/kotlin/pom.xml".to_owned()];
        for module in between("bindings/kotlin/pom.xml", "<module>", "</module>") {
            files.push(format!("bindings/kotlin/{module}/pom.xml"));
        }
        files.push("android-demo/pom.xml".to_owned());
        for file in files {
            // The first is the project's own, or its parent's.
            let version = between(&file, "<version>", "</version>").into_iter().next();
            assert_eq!(version.as_deref(), Some(VERSION), "{file}");
        }
        assert_eq!(between("android-demo/app/build.gradle.kts", "versionName = \"", "\""), [VERSION]);
        assert_eq!(between("ios-demo/project.yml", "MARKETING_VERSION: \"", "\""), [VERSION]);
    }

    #[test]
    fn gradle_finds_the_versions_where_it_looks() {
        assert_eq!(between("Cargo.toml", "version = \"", "\"").first().map(String::as_str), Some(VERSION));
        for name in ["coroutines", "jna", "junit", "kotlin"] {
            let found = between("bindings/kotlin/pom.xml", &format!("<{name}.version>"), &format!("</{name}.version>"));
            assert_eq!(found.len(), 1, "{name}");
        }
    }
}
