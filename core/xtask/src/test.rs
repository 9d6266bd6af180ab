//! Everything that CI checks.

use std::process::{Command, Stdio};

use crate::bench::remains_in;
use crate::lab::Lab;
use crate::run::{Done, Steps, at_root, built, cargo, run};
use crate::size::InBackground;
use crate::{api, bindings, demo, kotlin, packages, swift};

/// How much of it.
pub(crate) struct Scope {
    lab: bool,
    kotlin: bool,
    swift: bool,
}

impl Scope {
    /// Reads the options of `cargo xtask test`.
    pub(crate) fn parse(options: &[&str]) -> Done<Self> {
        match options {
            [] => Ok(Self { lab: true, kotlin: true, swift: true }),
            ["--fast"] => Ok(Self { lab: false, kotlin: false, swift: false }),
            ["--without", "kotlin", rest @ ..] => Ok(Self { kotlin: false, ..Self::parse(rest)? }),
            ["--without", "swift", rest @ ..] => Ok(Self { swift: false, ..Self::parse(rest)? }),
            _ => Err("test takes --fast, --without kotlin and --without swift".into()),
        }
    }
}

/// `cargo xtask test`.
pub(crate) fn test(scope: Scope) -> Done {
    let mut steps = Steps::new();
    steps.step("packages", || {
        let lab = if scope.lab { &[packages::LAB, packages::TESTS, packages::OTR][..] } else { &[] };
        let kotlin = if scope.kotlin { &[packages::KOTLIN][..] } else { &[] };
        packages::need(&[&[packages::VENV], lab, kotlin].concat())
    })?;
    if scope.swift {
        steps.step("Swift's system", swift::prepare)?;
    }
    steps.step("fmt", || run(&mut cargo(&["fmt", "--all", "--check"])))?;
    // What apps get has none of the parts for tests. With a test among the targets cargo builds the dependencies as it does below.
    steps.step("build without features", || {
        run(&mut checked(&["build", "--quiet", "--workspace", "--lib", "--bins", "--test", "security"]))
    })?;
    steps.step("clippy and build", || {
        run(&mut checked(&["build", "--quiet", "--workspace", "--all-features", "--all-targets"]))
    })?;
    steps.step("release workflow", release_workflow)?;
    steps.step("dependencies", || run(built("flashpaper-dependencies").arg("check")))?;
    steps.step("tests", || run(&mut checked(&["test", "--quiet", "--workspace", "--all-features"])))?;
    steps.step("bindings", bindings::generate)?;
    steps.step("Swift's API", api::check_swift)?;
    if !scope.lab {
        return Ok(());
    }
    // Most of the time of what follows is waiting.
    let library = steps.step("begin to build the library for apps", InBackground::start)?;
    let lab = steps.step("lab", || Lab::start(0))?;
    if scope.kotlin {
        steps.step("Kotlin", || {
            kotlin::test(&lab.facts_file())?;
            api::check_kotlin()
        })?;
    }
    if scope.swift {
        steps.step("Swift", || {
            swift::test("bindings/swift", &lab.facts_file())?;
            swift::test("ios-demo", &lab.facts_file())?;
            swift::parse("bindings/swift/Sources/FlashpaperApple")?;
            swift::parse("ios-demo/App")
        })?;
    }
    steps.step("remains", || {
        run(remains_in(&lab, &mut checked(&["bench", "--quiet", "--profile", "dev"])).arg("--json"))
    })?;
    steps.step("lab tests", || lab_tests(&lab))?;
    drop(lab);
    steps.step("demo", demo::play)?;
    steps.step("size of the library for apps", || library.check())
}

/// A cargo that compiles the workspace by clippy's compiler, which denies warnings. A run of clippy beside the build would compile
/// Arti a second time.
fn checked(args: &[&str]) -> Command {
    let mut command = cargo(args);
    command
        .env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver")
        // As `cargo clippy -- --deny warnings` hands it on.
        .env("CLIPPY_ARGS", "--deny__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__");
    command
}

/// What other machines run is at least well formed, and ends.
fn release_workflow() -> Done {
    let python = packages::pypi("check-jsonschema", "0.39.0")?;
    for schema in ["vendor.github-workflows", "custom.github-workflows-require-timeout"] {
        let mut check = at_root(&python);
        check.args(["-m", "check_jsonschema", "--builtin-schema", schema, ".github/workflows/release.yml"]);
        run(&mut check)?;
    }
    Ok(())
}

/// Tests that stop no relay and no server: a third of all by their time.
const STEADY: [&str; 16] = [
    "apart::",
    "binding::",
    "cost::",
    "crash::",
    "crash_moves::",
    "crash_panic::",
    "crash_queue::",
    "crash_texts::",
    "day::",
    "liar::",
    "odd_servers::",
    "peers::",
    "restore::",
    "strangers::",
    "unproven::",
    "wire::",
];

/// Tests that may stop them, in a lab where nothing else runs: a third of all by their time.
const ONE_BY_ONE: [&str; 10] = [
    "asleep::",
    "by_exit::",
    "challenges::",
    "chat::",
    "circuits::",
    "expiry::",
    "lab::",
    "libotr::",
    "network::",
    "registering::",
];

/// One at a time in each lab, of which one is for the tests that must not be disturbed: others stop relays and servers. Most of a
/// test's time is waiting, so three labs take little more time than one.
fn lab_tests(lab: &Lab) -> Done {
    if !has_sasl2() {
        println!(
            "SKIPPED: all tests at a server with SASL2. Its Prosody 13 is in the system for Swift, which is not there."
        );
    }
    let apart = [("second-lab", &STEADY[..]), ("third-lab", &ONE_BY_ONE[..])];
    let labs = apart.iter().map(|(name, _)| Lab::start_beside(name)).collect::<Done<Vec<Lab>>>()?;
    let mut beside = Vec::new();
    for ((name, modules), lab) in apart.iter().zip(&labs) {
        let mut tests = lab_test(lab);
        beside.push((name, tests.args(*modules).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?));
    }
    let mut others = lab_test(lab);
    others.args(apart.iter().flat_map(|(_, modules)| *modules).flat_map(|name| ["--skip", name]));
    let mut done = run(&mut others);
    for (name, tests) in beside {
        let tests = tests.wait_with_output()?;
        println!("{}", String::from_utf8_lossy(&tests.stdout));
        if !tests.status.success() {
            done = done.and(Err(format!("failed in {name}; see above").into()));
        }
    }
    done
}

fn lab_test(lab: &Lab) -> Command {
    let mut tests = checked(&["test", "--workspace", "--all-features", "--tests", "--no-fail-fast"]);
    // Times are for the bench: whatever else runs on the machine would change them.
    tests
        .args(["--", "--ignored", "--test-threads=1", "--skip", "constant_time"])
        .env("FLASHPAPER_LAB", lab.facts_file());
    if !has_sasl2() {
        tests.args(["--skip", "sasl2"]);
    }
    tests
}

/// Only a test run without Swift may be without it.
fn has_sasl2() -> bool {
    swift::system().is_ok_and(|system| system.join("usr/bin/prosody").exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_example_of_the_readme_is_understood() {
        let example = include_str!("../README.md").split("```sh\n").nth(1).unwrap();
        let words: Vec<&str> = example.split('#').next().unwrap().split_whitespace().collect();
        let options = words.strip_prefix(&["cargo", "xtask", "test"]).unwrap();
        assert!(Scope::parse(options).is_ok());
    }
}
