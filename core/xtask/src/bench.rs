//! Figures beside the peers', and the searches for secrets that show in time; what is timed is optimised as what is handed
//! out.

use crate::lab::Lab;
use crate::packages;
use crate::run::{Done, cargo, run};

/// `cargo xtask bench [NAME] [--json]`.
pub(crate) fn bench(name: &str, json: bool) -> Done {
    // Until the bench has ended.
    let mut lab = None;
    let mut command = match name {
        "otr" => {
            packages::need(&[packages::OTR])?;
            cargo(&["bench", "--quiet", "--profile", "dist", "--package", "flashpaper-otr", "--bench", "otr", "--"])
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
        _ => {
            return Err(
                "bench takes otr (speed beside libotr), chat (what privacy costs in time), cost (what a text costs on disk), \
                 idle (what it costs to be there) or ct (constant time)"
                    .into(),
            );
        }
    };
    if json {
        command.arg("--json");
    }
    run(&mut command)
}
