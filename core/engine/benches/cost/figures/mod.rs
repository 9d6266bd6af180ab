//! What a text costs, measured in processes of their own: counts come from their system calls, times and memory from one that
//! nobody looks at.
//!
//! - `syncs_per_text_out`, `syncs_per_text_in`: two installations in one process, past Tor, in a private conversation, which
//!   both keep as history; all that is done in the sender's folder and in the receiver's. `alone`: each text is delivered,
//!   taken, and all that it leaves behind is stored before the next one; the median. The mean has what SQLite does now and
//!   then to take its log over. `burst`: many threads send, and many take; the mean.
//! - `bytes_written_per_text`: in both folders, for texts alone.
//! - `commit_us`: one commit, of a text that is queued; the median.
//! - `open_ms`: from nothing to the first snapshot; the median.
//! - `resident_kib`: what the process has in memory after the commits, beyond one with an empty folder.
//!
//! The last three for so many messages that are kept: `history_0` and so on. They are the least of several rounds, which go by
//! turns: whatever else the machine does takes time and disturbs one round more than another.

mod measured;
mod trace;

use std::env;
use std::error::Error;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flashpaper_vault::{Batch, End, Key, KeyFile, Table, Vault};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use measured::{ALONE, BURST, FIRST_KEPT};
use trace::Cost;

pub(crate) type Done<T = ()> = Result<T, Box<dyn Error>>;

/// Where the engine has messages of which nothing is to come any more.
const HISTORY: Table = Table::lasting(9);
/// Where it has, for each peer, the numbers of the blocks of 64 messages that hold a message with that peer.
const BY_PEER: Table = Table::lasting(12);
/// The folders of the two sides.
const SIDES: [&str; 2] = ["out", "in"];

/// Does what the process that began this one wants measured. `false`: this one was begun by hand.
pub(crate) fn in_a_child() -> Done<bool> {
    let (Ok(act), Ok(folder)) = (env::var("FLASHPAPER_COST"), env::var("FLASHPAPER_HOME")) else { return Ok(false) };
    measured::run(&act, Path::new(&folder)).map(|()| true)
}

/// What a text costs.
pub(crate) struct Figures {
    /// Of the sender and the receiver, for each text.
    alone: [Vec<Cost>; 2],
    /// For all texts.
    burst: [Cost; 2],
    kept: Vec<Kept>,
}

/// With so many messages kept.
struct Kept {
    messages: u64,
    /// For each text that is queued.
    commits: Vec<Cost>,
    /// For each text that becomes a part of history.
    takings: Vec<Cost>,
    opening: Cost,
    /// What is measured of them when nobody looks.
    folder: PathBuf,
    times: Times,
}

/// The least of several rounds.
#[derive(Clone, Copy)]
struct Times {
    commit_us: f64,
    open_ms: f64,
    resident_kib: f64,
}

/// What a figure is not to exceed.
pub(crate) struct Goal {
    pub(crate) name: String,
    figure: f64,
    limit: f64,
    /// Of a time, which depends on what else the machine does.
    pub(crate) is_time: bool,
}

impl Goal {
    pub(crate) fn is_met(&self) -> bool {
        self.figure <= self.limit
    }
}

impl Figures {
    /// `own` runs this program so that it comes to [`in_a_child`]. `kept`: with so many messages kept, the fewest first. `rounds`:
    /// so often times are taken.
    pub(crate) fn measure<const N: usize>(own: &[&str], kept: [u64; N], rounds: u32) -> Done<Self> {
        let folder = TempDir::new()?;
        let trace = traced(own, "talk", folder.path())?;
        let homes = SIDES.map(|side| folder.path().join(side));
        let alone = homes.each_ref().map(|home| trace::costs(&trace, "alone", home));
        let burst = homes.each_ref().map(|home| trace::cost(&trace, "burst", home));
        let mut kept =
            kept.iter().map(|messages| Kept::measure(own, folder.path(), *messages)).collect::<Done<Vec<_>>>()?;
        for _ in 0..rounds {
            kept.iter_mut().try_for_each(|kept| kept.time(own))?;
        }
        run(child(&[], own, "burn", folder.path()))?;
        Ok(Self { alone, burst, kept })
    }

    /// One object, as the bench prints it.
    pub(crate) fn json(&self) -> Value {
        let syncs = |side: usize| {
            let [alone, _, burst] = self.syncs(side).map(rounded);
            json!({ "alone": alone, "burst": burst })
        };
        let kept = |figure: fn(&Times) -> f64| {
            let figures = self
                .kept
                .iter()
                .map(|kept| (format!("history_{}", kept.messages), json!(rounded(figure(&kept.times)))));
            figures.collect::<Map<_, _>>()
        };
        let written: u64 = self.alone.iter().flatten().map(|cost| cost.written).sum();
        json!({
            "syncs_per_text_out": syncs(0),
            "syncs_per_text_in": syncs(1),
            "bytes_written_per_text": rounded(written as f64 / f64::from(ALONE)),
            "commit_us": kept(|times| times.commit_us),
            "open_ms": kept(|times| times.open_ms),
            "resident_kib": kept(|times| times.resident_kib),
        })
    }

    /// A side's for a text: alone, the median and the mean; in the burst, the mean.
    fn syncs(&self, side: usize) -> [f64; 3] {
        let alone = &self.alone[side];
        let mean = alone.iter().map(|cost| cost.syncs).sum::<u64>() as f64 / f64::from(ALONE);
        [median(alone, |cost| cost.syncs), mean, self.burst[side].syncs as f64 / f64::from(BURST)]
    }

    pub(crate) fn goals(&self) -> Vec<Goal> {
        let mut goals = Vec::new();
        let mut goal = |name: String, figure, limit, is_time| goals.push(Goal { name, figure, limit, is_time });
        for (side, name) in SIDES.iter().enumerate() {
            let [alone, mean, burst] = self.syncs(side);
            goal(format!("syncs_per_text_{name}, alone"), alone, 2.0, false);
            // Three more each four megabytes of log.
            goal(format!("syncs_per_text_{name}, alone, the mean"), mean, 2.2, false);
            goal(format!("syncs_per_text_{name}, burst"), burst, 0.3, false);
        }
        if let [few, .., many] = self.kept.as_slice() {
            let ratio = |figure: fn(&Kept) -> f64| figure(many) / figure(few).max(1e-9);
            let beside = |what: &str| format!("{what}: {} kept by {}", many.messages, few.messages);
            // What is read is among the calls.
            goal(beside("system calls of a commit"), ratio(|kept| usual(&kept.commits, |cost| cost.calls)), 1.5, false);
            goal(
                beside("bytes written by a commit"),
                ratio(|kept| usual(&kept.commits, |cost| cost.written)),
                1.5,
                false,
            );
            goal(beside("system calls of a taking"), ratio(|kept| usual(&kept.takings, |cost| cost.calls)), 1.5, false);
            goal(
                beside("bytes written by a taking"),
                ratio(|kept| usual(&kept.takings, |cost| cost.written)),
                1.5,
                false,
            );
            goal(beside("system calls of an opening"), ratio(|kept| kept.opening.calls as f64), 1.5, false);
            goal(beside("bytes of an opening"), ratio(|kept| kept.opening.bytes() as f64), 1.5, false);
            goal(beside("commit_us"), ratio(|kept| kept.times.commit_us), 1.5, true);
            goal(beside("open_ms"), ratio(|kept| kept.times.open_ms), 1.5, true);
            goal(format!("resident_kib, history_{}", many.messages), many.times.resident_kib, 10_240.0, false);
        }
        goals
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.json().as_object().into_iter().flatten() {
            match value {
                Value::Object(figures) => {
                    figures
                        .iter()
                        .try_for_each(|(key, figure)| writeln!(f, "{:<56}{figure:>12}", format!("{name}, {key}")))?;
                }
                figure => writeln!(f, "{name:<56}{figure:>12}")?,
            }
        }
        for Kept { messages, commits, takings, opening, .. } in &self.kept {
            for (what, costs) in [("a commit", commits), ("a taking", takings), ("an opening", &vec![opening.clone()])]
            {
                let count = |count: fn(&Cost) -> u64| usual(costs, count);
                let (calls, read) = (count(|cost| cost.calls), count(|cost| cost.read));
                let written = count(|cost| cost.written);
                let name = format!("{what}, history_{messages}");
                writeln!(f, "{name:<56}{calls:>12.1} calls, {read:.0} bytes read, {written:.0} written")?;
            }
        }
        writeln!(f, "\ngoals")?;
        for goal in self.goals() {
            let Goal { name, figure, limit, is_time } = &goal;
            let met = if goal.is_met() { "met" } else { "NOT MET" };
            let by = if *is_time { ", on this machine" } else { "" };
            writeln!(f, "{name:<56}{figure:>12.2}  at most {limit}: {met}{by}")?;
        }
        Ok(())
    }
}

fn median(costs: &[Cost], count: impl Fn(&Cost) -> u64) -> f64 {
    let counts = sorted(costs, count);
    counts.get(counts.len() / 2).copied().unwrap_or_default() as f64
}

/// The mean of all but the highest tenth: now and then SQLite takes its log over, or rows are added that hide how many there
/// are.
fn usual(costs: &[Cost], count: impl Fn(&Cost) -> u64) -> f64 {
    let counts = sorted(costs, count);
    let usual = counts.len() - counts.len() / 10;
    counts.iter().take(usual).sum::<u64>() as f64 / usual.max(1) as f64
}

fn sorted(costs: &[Cost], count: impl Fn(&Cost) -> u64) -> Vec<u64> {
    let mut counts: Vec<u64> = costs.iter().map(count).collect();
    counts.sort_unstable();
    counts
}

fn rounded(figure: f64) -> f64 {
    (figure * 1000.0).round() / 1000.0
}

impl Kept {
    /// Of the receiver's folder, but for its history.
    fn measure(own: &[&str], folder: &Path, messages: u64) -> Done<Self> {
        let [home, looked_at] = ["kept", "looked_at"].map(|name| folder.join(format!("{name}_{messages}")));
        copy(&folder.join(SIDES[1]), &home)?;
        keep(&home, messages)?;
        copy(&home, &looked_at)?;
        let trace = traced(own, "use", &looked_at)?;
        Ok(Self {
            messages,
            commits: trace::costs(&trace, "committing", &looked_at),
            takings: trace::costs(&trace, "taking", &looked_at),
            opening: trace::cost(&trace, "opening", &looked_at),
            folder: home,
            times: Times { commit_us: f64::INFINITY, open_ms: f64::INFINITY, resident_kib: f64::INFINITY },
        })
    }

    /// One more round.
    fn time(&mut self, own: &[&str]) -> Done {
        let round = TempDir::new()?;
        let [home, empty] = ["kept", "empty"].map(|name| round.path().join(name));
        copy(&self.folder, &home)?;
        let [commit_us, open_ms, resident] = times(own, &home)?;
        let [.., resident_empty] = times(own, &empty)?;
        self.times.commit_us = self.times.commit_us.min(commit_us);
        self.times.open_ms = self.times.open_ms.min(open_ms);
        self.times.resident_kib = self.times.resident_kib.min(resident - resident_empty);
        Ok(())
    }
}

/// Has a folder keep so many messages, each as the last one that it keeps.
fn keep(home: &Path, messages: u64) -> Done {
    let rng = &mut UnwrapErr(SysRng);
    let (mut vault, _) = Vault::open(home, Key::source(std::sync::Arc::new(KeyFile::new(home))), rng)?;
    let owner = vault.owners().into_iter().next().ok_or("no burner")?;
    let (kept, _) = vault.page(owner, HISTORY, (0..u64::MAX, End::Last), usize::MAX)?;
    let text = kept.first().ok_or("nothing is kept")?.bytes.clone();
    let peer = serde_json::from_slice::<Value>(&text)?["peer"].as_u64().ok_or("no peer")? << 32;
    let mut batch = Batch::default();
    for row in kept {
        batch.remove(owner, HISTORY, row.number);
        batch.remove(owner, BY_PEER, peer | (row.number / 64));
    }
    vault.commit(batch, rng)?;
    // What was removed is written over here, not at the opening that is measured.
    if let Some(finding) = vault.renew(rng) {
        return Err(format!("{finding:?}").into());
    }
    // Behind that, so that there is room in the file's pages, as there is where messages came one after the other.
    let mut batch = Batch::default();
    for number in FIRST_KEPT..FIRST_KEPT + messages {
        batch.put(owner, HISTORY, number, text.clone());
        batch.put(owner, BY_PEER, peer | (number / 64), Vec::new());
    }
    Ok(vault.commit(batch, rng)?)
}

fn copy(from: &Path, to: &Path) -> Done {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// [`measured`]'s own figures.
fn times(own: &[&str], home: &Path) -> Done<[f64; 3]> {
    let output = run(child(&[], own, "use", home))?;
    let line = output.lines().find_map(|line| Some(line.split_once(measured::FIGURES)?.1)).ok_or("no figures")?;
    let figures = line.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    figures.try_into().map_err(|_| "three figures".into())
}

/// What a child did, by its system calls.
fn traced(own: &[&str], act: &str, folder: &Path) -> Done<String> {
    let trace = tempfile::NamedTempFile::new()?;
    let path = trace.path().to_str().ok_or("path")?;
    run(child(&[trace::UNDER.as_slice(), &["-o", path]].concat(), own, act, folder))?;
    Ok(fs::read_to_string(path)?)
}

fn child(under: &[&str], own: &[&str], act: &str, folder: &Path) -> Command {
    let command = [under, own].concat();
    let mut child = Command::new(command[0]);
    child.args(&command[1..]).env("FLASHPAPER_COST", act).env("FLASHPAPER_HOME", folder).stderr(Stdio::inherit());
    child
}

/// What it printed.
fn run(mut child: Command) -> Done<String> {
    let output = child.output()?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(printed) } else { Err(format!("a child has failed: {printed}").into()) }
}
