//! Figures beside the peers', and the searches for secrets that show in time; optimised as what is handed out.

use crate::packages;
use crate::run::{Done, cargo, run};

/// `cargo xtask bench [NAME] [--json]`.
pub(crate) fn bench(name: &str, json: bool) -> Done {
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
        _ => return Err("bench takes otr (speed beside libotr) or ct (constant time)".into()),
    };
    if json {
        command.arg("--json");
    }
    run(&mut command)
}
