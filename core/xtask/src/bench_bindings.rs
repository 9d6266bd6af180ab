//! What an app pays for the library: its size beside that of what it replaces, and what the way into it takes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::run::{Done, at_root, run, target};
use crate::size::{Size, library};
use crate::{bindings, packages};

/// How often a process that has loaded nothing yet is started.
const STARTS: usize = 9;
const PEER: &[&str] = &["binutils", "gzip", "libotr5", "tor"];
/// What every system has.
const LIBC: [&str; 3] = ["ld-linux", "libc.so", "libm.so"];

/// `cargo xtask bench bindings [--json]`.
pub(crate) fn bench(json: bool) -> Done {
    packages::need(&[packages::KOTLIN, PEER])?;
    bindings::make()?;
    let (library, size) = library()?;
    let classes = compile()?;
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        starts.push(java(&classes, &library, "load")?);
    }
    let costs = java(&classes, &library, "costs")?;
    let peer = peer()?;
    let figures = json!({
        "flashpaper": {
            "library_bytes": size.stripped,
            "library_gz_bytes": size.gz,
            "load_to_first_call_ms": median(&starts, "load_to_first_call_ms")?,
            "jna_load_ms": median(&starts, "jna_load_ms")?,
            "call_us": costs["call_us"],
            "event_us": costs["event_us"],
        },
        "peer": {"name": "tor + libotr5", "bytes": peer},
    });
    if json {
        println!("{figures}");
    } else {
        show(&size, &figures["flashpaper"], peer);
    }
    Ok(())
}

fn show(size: &Size, flashpaper: &Value, peer: u64) {
    let mb = |bytes: u64| bytes as f64 / 1e6;
    let figure = |name: &str| flashpaper[name].as_f64().unwrap_or(f64::NAN);
    println!("library             {:>8.2} MB, by gzip {:.2} MB", mb(size.stripped), mb(size.gz));
    let ratio = size.stripped as f64 / peer as f64;
    println!("tor + libotr5       {:>8.2} MB with all but libc: the library is {ratio:.2} of it", mb(peer));
    println!("load to first call  {:>8.1} ms", figure("load_to_first_call_ms"));
    println!("JNA's own load      {:>8.1} ms before that", figure("jna_load_ms"));
    println!("a call              {:>8.1} µs", figure("call_us"));
    println!("an event            {:>8.1} µs", figure("event_us"));
}

/// Compiles bindings/bench; its class path.
fn compile() -> Done<String> {
    let out = target().join("bench-bindings");
    let path = out.join("class-path");
    let mut maven = at_root("mvn");
    maven.args([
        "--batch-mode",
        "--quiet",
        "--file",
        "bindings/bench/pom.xml",
        "compile",
        "dependency:build-classpath",
    ]);
    maven.arg(format!("-Dbuild.folder={}", out.display())).arg(format!("-Dmdep.outputFile={}", path.display()));
    run(&mut maven)?;
    Ok(format!("{}:{}", out.join("classes").display(), fs::read_to_string(path)?.trim()))
}

/// One process of bindings/bench.
fn java(classes: &str, library: &Path, what: &str) -> Done<Value> {
    let home = target().join("bench-bindings/home");
    let _ = fs::remove_dir_all(&home);
    let mut java = at_root("java");
    java.arg(format!("-Duniffi.component.flashpaper.libraryOverride={}", library.display()));
    java.args(["-cp", classes, "BenchKt", what]).arg(&home);
    let output = java.output()?;
    if !output.status.success() {
        return Err(format!("bindings/bench {what}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn median(runs: &[Value], name: &str) -> Done<f64> {
    let mut values = runs.iter().map(|run| run[name].as_f64().ok_or("no number")).collect::<Result<Vec<_>, _>>()?;
    values.sort_by(f64::total_cmp);
    Ok(values[values.len() / 2])
}

/// The bytes of Debian's tor and libotr without symbols, and of what they are linked to, but for libc.
fn peer() -> Done<u64> {
    let otr = output(Command::new("dpkg-query").args(["--listfiles", "libotr5"]))?;
    let otr = otr.lines().find(|file| file.ends_with("/libotr.so.5")).ok_or("libotr5 has no libotr.so.5")?;
    let mut files = BTreeSet::new();
    for start in ["/usr/bin/tor", otr] {
        files.insert(fs::canonicalize(start)?);
        for line in output(Command::new("ldd").arg(start))?.lines() {
            // name => path (address)
            let path = line.split_once("=> ").and_then(|(_, path)| path.split_whitespace().next());
            let path = path.filter(|_| !LIBC.iter().any(|name| line.trim_start().starts_with(name)));
            files.extend(path.map(fs::canonicalize).transpose()?);
        }
    }
    let stripped: PathBuf = target().join("bench-bindings/stripped");
    let mut bytes = 0;
    for file in files {
        run(Command::new("strip").arg("-o").arg(&stripped).arg(file))?;
        bytes += fs::metadata(&stripped)?.len();
    }
    Ok(bytes)
}

fn output(command: &mut Command) -> Done<String> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("{:?}: {}", command.get_program(), String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
