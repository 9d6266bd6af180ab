//! Fuzzing of what reads hostile input: `core/otr/fuzz`, on libFuzzer.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::packages;
use crate::run::{Done, at_root, root, target};

/// `cargo xtask fuzz TARGET [--seconds N]`: mutates inputs for so long, and counts them. A finding is a failure.
pub(crate) fn fuzz(name: &str, seconds: &str) -> Done {
    let seconds: u32 = seconds.parse().map_err(|_| "--seconds takes a number")?;
    let project = root().join("core/otr/fuzz");
    if !project.join("targets").join(name).with_extension("rs").exists() {
        let targets = fs::read_dir(project.join("targets"))?.map(|entry| Ok(entry?.path()));
        let mut names: Vec<String> = targets
            .map(|path: Done<_>| Ok(path?.file_stem().unwrap_or_default().to_string_lossy().into_owned()))
            .collect::<Done<_>>()?;
        names.sort();
        return Err(format!("the targets are {}", names.join(", ")).into());
    }
    packages::need(&[packages::FUZZ])?;
    let tool = packages::cargo_tool("cargo-fuzz")?;
    // New inputs go to a folder of their own; the seeds of the repository stay as they are.
    let found = target().join("fuzz").join(name);
    fs::create_dir_all(&found)?;
    let mut command = at_root(&tool);
    // Without a sanitizer there is nothing that needs more than a stable tool chain: no code here is unsafe.
    command.args(["fuzz", "run", "--sanitizer", "none", "--fuzz-dir"]).arg(&project).arg("--target-dir");
    command.arg(target().join("fuzz-build")).arg(name).arg(&found).arg(project.join("corpus").join(name));
    command.args(["--", "-max_len=4096", "-timeout=60", &format!("-max_total_time={seconds}")]);
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
