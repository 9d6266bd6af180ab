//! Fuzzing of what reads hostile input, on libFuzzer: see [`PROJECTS`].

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::Stdio;

use crate::packages;
use crate::run::{Done, at_root, root, target};

const PROJECTS: [&str; 2] = ["core/otr/fuzz", "core/xmpp/fuzz"];

/// `cargo xtask fuzz TARGET [--seconds N]`: mutates inputs for so long, and counts them. A finding is a failure.
pub(crate) fn fuzz(name: &str, seconds: &str) -> Done {
    let seconds: u32 = seconds.parse().map_err(|_| "--seconds takes a number")?;
    let projects = PROJECTS.map(|project| root().join(project));
    let has_it = |project: &&PathBuf| project.join("targets").join(name).with_extension("rs").exists();
    let Some(project) = projects.iter().find(has_it) else {
        let mut names = Vec::new();
        for project in &projects {
            for entry in fs::read_dir(project.join("targets"))? {
                names.push(entry?.path().file_stem().unwrap_or_default().to_string_lossy().into_owned());
            }
        }
        names.sort();
        return Err(format!("the targets are {}", names.join(", ")).into());
    };
    packages::need(&[packages::FUZZ])?;
    let tool = packages::CARGO_FUZZ.program()?;
    // New inputs go to a folder of their own; the seeds of the repository stay as they are.
    let found = target().join("fuzz").join(name);
    fs::create_dir_all(&found)?;
    let mut command = at_root(&tool);
    // Without a sanitizer there is nothing that needs more than a stable tool chain: no code here is unsafe.
    command.args(["fuzz", "run", "--sanitizer", "none", "--fuzz-dir"]).arg(project).arg("--target-dir");
    command.arg(target().join("fuzz-build")).arg(name).arg(&found).arg(project.join("corpus").join(name));
    command.args(["--", "-max_len=16384", "-timeout=60", &format!("-max_total_time={seconds}")]);
    command.env("RUSTC_BOOTSTRAP", "1");
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let mut executions = None;
    for line in BufReader::new(child.stderr.take().ok_or("no output")?).lines() {
        let line = line?;
        if let Some((_, rest)) = line.split_once("Done ") {
            executions = rest.split_whitespace().next().and_then(|count| count.parse::<u64>().ok());
        }
        // Its steps are for those who tune a target.
        if !line.starts_with('#') {
            eprintln!("{line}");
        }
    }
    if !child.wait()?.success() {
        return Err("a finding: see above for the input and how to repeat it".into());
    }
    println!("{name}: {} executions in {seconds} s, no finding", executions.ok_or("not counted")?);
    Ok(())
}
