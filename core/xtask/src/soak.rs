//! The tests that take as long as one likes, with their full counts.

use crate::packages;
use crate::run::{Done, cargo, run};

/// `cargo xtask soak NAME`.
pub(crate) fn soak(name: &str) -> Done {
    match name {
        "otr" => {
            packages::need(&[packages::OTR])?;
            let mut tests = cargo(&["test", "--quiet", "--profile", "dist", "--package", "flashpaper-otr", "--tests"]);
            tests.args(["--", "--include-ignored", "--nocapture", "--test-threads=1", "--skip", "constant_time"]);
            run(tests.env("FLASHPAPER_SOAK", "1"))
        }
        _ => Err("soak takes otr".into()),
    }
}
