//! Everything that CI checks.

use crate::lab::Lab;
use crate::run::{Done, Steps, at_root, cargo, run};
use crate::{demo, packages};

/// `cargo xtask test [--fast]`.
pub(crate) fn test(fast: bool) -> Done {
    let mut steps = Steps::new();
    if !fast {
        steps.step("packages", || packages::need(&[packages::LAB, packages::TESTS]))?;
    }
    steps.step("fmt", || run(&mut cargo(&["fmt", "--all", "--check"])))?;
    steps.step("clippy", || {
        run(&mut cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "--deny", "warnings"]))
    })?;
    steps.step("deny", deny)?;
    steps.step("build", || run(&mut cargo(&["build", "--quiet", "--workspace", "--all-targets"])))?;
    steps.step("tests", || run(&mut cargo(&["test", "--quiet", "--workspace"])))?;
    if fast {
        return Ok(());
    }
    steps.step("lab tests", lab_tests)?;
    steps.step("demo", demo::demo)
}

/// One lab serves all tests that need one. They stop relays and servers, so they run one at a time.
fn lab_tests() -> Done {
    let lab = Lab::start(0)?;
    let mut tests = cargo(&["test", "--workspace", "--tests", "--no-fail-fast", "--", "--ignored", "--test-threads=1"]);
    run(tests.env("FLASHPAPER_LAB", lab.facts_file()))
}

/// Licences, bans and sources, where `cargo-deny` is installed: it is not a part of the tool chain.
fn deny() -> Done {
    let installed = at_root("cargo").args(["deny", "--version"]).output().is_ok_and(|o| o.status.success());
    if !installed {
        println!("cargo-deny is not installed; deny.toml is not checked");
        return Ok(());
    }
    run(&mut cargo(&["deny", "--offline", "check", "licenses", "bans", "sources"]))
}
