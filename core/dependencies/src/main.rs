//! What Flashpaper may be built from: licences, bans, versions and sources as `deny.toml` says, and RustSec's advisories.
//! It is what `cargo deny check` does with the same file, for a hundredth of the time to build.
//!
//! - `check` looks at every crate that `Cargo.lock` names.
//! - `renew CHECKOUT` writes `advisories.tsv` anew from a git checkout of RustSec's advisory database.

mod advisories;
mod done;
mod graph;
mod rules;
mod settings;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use advisories::Advisories;
use done::Done;
use graph::Graph;
use settings::Settings;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[&str]) -> Done {
    match args {
        ["check"] => check(),
        ["renew", checkout] => renew(Path::new(checkout)),
        _ => Err("the commands are check, and renew CHECKOUT".into()),
    }
}

fn check() -> Done {
    let settings: Settings = toml::from_str(&fs::read_to_string(root().join("deny.toml"))?)?;
    let graph = Graph::load(&root().join("Cargo.toml"), settings.graph.all_features)?;
    let advisories = Advisories::read(&fs::read_to_string(list())?)?;
    let faults = [
        rules::licences(&graph, &settings.licenses)?,
        rules::bans(&graph, &settings.bans),
        rules::sources(&graph, &settings.sources),
        rules::releases(&graph),
        advisories.faults(&graph, &settings.advisories),
    ]
    .concat();
    println!("{} crates; the advisories are {}", graph.crates.len(), advisories.age(SystemTime::now()));
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n").into()) }
}

fn renew(checkout: &Path) -> Done {
    let advisories = Advisories::collect(checkout)?;
    fs::write(list(), advisories.to_string())?;
    println!("{}: {}", list().display(), advisories.age(SystemTime::now()));
    Ok(())
}

/// The advisories, kept in the repository: no registry serves them.
fn list() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("advisories.tsv")
}

/// The workspace's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_example_of_the_readme_finds_nothing_wrong() {
        let example = include_str!("../README.md").split("```sh\n").nth(1).unwrap();
        let (_, args) = example.lines().next().unwrap().split_once("-p flashpaper-dependencies -- ").unwrap();
        run(&args.split_whitespace().collect::<Vec<_>>()).unwrap();
    }
}
