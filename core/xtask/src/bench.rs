//! Figures beside the peers', and the searches for secrets that show in time; what is timed is optimised as what is handed
//! out.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::lab::Lab;
use crate::packages;
use crate::run::{Done, cargo, run, target};

/// `cargo xtask bench [NAME] [--json]`.
pub(crate) fn bench(name: &str, json: bool) -> Done {
    // Until the bench has ended.
    let mut lab = None;
    let mut command = match name {
        "otr" => {
            packages::need(&[packages::OTR])?;
            cargo(&[
                "bench",
                "--quiet",
                "--profile",
                "dist",
                "--package",
                "flashpaper-otr",
                "--all-features",
                "--bench",
                "otr",
                "--",
            ])
        }
        "ct" => {
            let mut tests = cargo(&["test", "--quiet", "--profile", "dist", "--package", "flashpaper-otr", "--lib"]);
            tests.args(["--", "--ignored", "--nocapture", "--test-threads=1", "constant_time"]);
            tests
        }
        "chat" | "cost" => {
            packages::need(&[packages::LAB, if name == "chat" { packages::OTR } else { packages::TESTS }])?;
            crate::lab::build()?;
            let facts = lab.insert(Lab::start(0)?).facts_file();
            let mut engine = cargo(&["bench", "--quiet", "--profile", "dist", "--workspace", "--all-features"]);
            engine.args(["--bench", name, "--"]).env("FLASHPAPER_LAB", facts);
            engine
        }
        "idle" => {
            packages::need(&[packages::LAB, packages::IDLE])?;
            run(&mut cargo(&["build", "--quiet", "--workspace", "--all-features", "--all-targets"]))?;
            let facts = lab.insert(Lab::start(0)?).facts_file();
            let mut idle = cargo(&["bench", "--quiet", "--profile", "dev", "--workspace", "--all-features"]);
            idle.args(["--bench", "idle", "--"]).env("FLASHPAPER_LAB", facts);
            idle
        }
        "burn" => {
            packages::need(&[packages::LAB, packages::TESTS])?;
            // A Prosody with SASL 2 lies there.
            crate::swift::prepare()?;
            crate::lab::build()?;
            // Each way over each link.
            let facts = lab.insert(Lab::start(50)?).facts_file();
            let mut burn = cargo(&["bench", "--quiet", "--profile", "dist", "--workspace", "--all-features"]);
            burn.args(["--bench", "burn", "--"]).env("FLASHPAPER_LAB", facts);
            burn
        }
        "tap" => {
            packages::need(&[packages::LAB])?;
            let python = packages::slixmpp()?;
            // A Prosody with SASL 2 lies there.
            crate::swift::prepare()?;
            crate::lab::build()?;
            // Each way over each link.
            let facts = lab.insert(Lab::start(50)?).facts_file();
            let mut tap = cargo(&["bench", "--quiet", "--profile", "dist", "--workspace", "--all-features"]);
            tap.args(["--bench", "tap", "--"]).env("FLASHPAPER_LAB", facts).env("FLASHPAPER_SLIXMPP", python);
            tap
        }
        "names" => {
            let list = std::env::var_os(NAMES).map_or_else(people, |list| Ok(list.into()))?;
            let mut names = cargo(&["bench", "--quiet", "--profile", "dev", "--workspace", "--all-features"]);
            names.args(["--bench", "names", "--"]).env(NAMES, list);
            names
        }
        _ => {
            return Err(
                "bench takes otr (speed beside libotr), chat (what privacy costs in time), cost (what a text costs on disk), \
                 idle (what it costs to be there), bindings (what an app pays for the library), tap (how long a new burner takes), burn (how long its end takes, a panic and a lock), names (whether they look like people's) or ct (constant time)"
                    .into(),
            );
        }
    };
    if json {
        command.arg("--json");
    }
    run(&mut command)
}

/// Names the file with the user names of people that burners' are compared with.
const NAMES: &str = "FLASHPAPER_NAMES";

/// Those of the authors in npm's registry, as the package `owners` lists them: its client fetches them once. They are
/// people's, and no part of this repository.
fn people() -> Done<PathBuf> {
    let folder = target().join("names");
    let list = folder.join("package/index.json");
    if !list.exists() {
        std::fs::create_dir_all(&folder)?;
        run(Command::new("npm")
            .args(["pack", "--silent", "owners@1.469.0"])
            .current_dir(&folder)
            .stdout(Stdio::null()))?;
        run(Command::new("tar").args(["-xzf", "owners-1.469.0.tgz"]).current_dir(&folder))?;
    }
    Ok(list)
}

/// `cargo xtask remains [--json]`: what is left of secrets in memory and on disk, in a build as it is handed out.
pub(crate) fn remains(json: bool) -> Done {
    packages::need(&[packages::LAB])?;
    crate::lab::build()?;
    let lab = Lab::start(0)?;
    let mut search = cargo(&["bench", "--quiet", "--profile", "dist"]);
    if json { run(remains_in(&lab, &mut search).arg("--json")) } else { run(remains_in(&lab, &mut search)) }
}

/// The rest of a `cargo bench` that looks for secrets.
pub(crate) fn remains_in<'a>(lab: &Lab, search: &'a mut Command) -> &'a mut Command {
    search.args(["--workspace", "--all-features", "--bench", "remains", "--"]).env("FLASHPAPER_LAB", lab.facts_file())
}
