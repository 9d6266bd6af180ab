//! How long it takes from a tap on "new burner" until there is one, beside the same job done by Debian's `tor` and slixmpp
//! (PyPI) in the same minutes of the same network. Prints a table, or with `--json` one object with the keys `flashpaper`,
//! `tor+slixmpp` and `ratio` (ours by theirs). Needs a lab with a delay, as `cargo xtask bench tap` starts one.
//!
//! - `bootstrap_cold_s`, `bootstrap_warm_s`: until streams can be opened, with an empty folder and with that of before.
//! - `open_to_logged_in_s`: from the dial by an exit to a bound resource, an account being made on the way.
//! - `tap_to_ready_s`: that, with all that is stored and said before (ours: the identity) and after it: a ping to itself, the
//!   archive refused, the stream ended.
//! - `round_trips`, `round_trips_sasl2`: how often from the dial to the bound resource something is waited for that comes
//!   through the circuit, counted where the bytes go by; at Debian's Prosody, and at one with SASL 2.
//! - `peak_mib`: the most memory that was resident, all processes together.
//!
//! Medians of as many rounds as `FLASHPAPER_TAP_ROUNDS` says, 5 without. The lab's directory is small, so that a bootstrap in
//! the public network takes longer on both sides; it is the same for both.

mod counted;
mod ours;
mod theirs;

use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use flashpaper_lab::{Remote, ServerKind};
use serde_json::{Map, Value, json};

type Done<T = ()> = Result<T, Box<dyn Error>>;

const PATIENCE: Duration = Duration::from_secs(180);
/// From here on both sides have the circuits at hand that they want.
const SETTLING: Duration = Duration::from_secs(10);
/// The lab's server that makes accounts.
const SERVER: &str = "burner.test";

fn main() -> Done {
    let args: Vec<String> = std::env::args().collect();
    if let [_, mark, home] = args.as_slice()
        && mark == ours::MEASURED
    {
        return ours::run(home.as_ref());
    }
    let sides = measure()?;
    if args.iter().any(|arg| arg == "--json") {
        let names = ["flashpaper", "tor+slixmpp", "ratio"];
        let objects = names.iter().zip(0..).map(|(name, column)| ((*name).to_owned(), object(&sides, column)));
        println!("{}", Value::Object(objects.collect()));
    } else {
        println!("{:<24}{:>12}{:>14}{:>8}", "", "flashpaper", "tor, slixmpp", "ratio");
        for (name, [ours, theirs, ratio]) in rows(&sides) {
            println!("{name:<24}{ours:>12.2}{theirs:>14.2}{ratio:>8.2}");
        }
    }
    Ok(())
}

/// What is measured of one side, each figure once a round.
#[derive(Default)]
struct Figures {
    bootstrap_cold: Vec<f64>,
    bootstrap_warm: Vec<f64>,
    open_to_logged_in: Vec<f64>,
    tap_to_ready: Vec<f64>,
    round_trips: Vec<f64>,
    round_trips_sasl2: Vec<f64>,
    peak: Vec<f64>,
}

/// One account that was made.
struct Tap {
    open_to_logged_in: f64,
    tap_to_ready: f64,
    round_trips: f64,
}

impl Figures {
    fn add(&mut self, tap: &Tap) {
        self.open_to_logged_in.push(tap.open_to_logged_in);
        self.tap_to_ready.push(tap.tap_to_ready);
        self.round_trips.push(tap.round_trips);
    }
}

fn measure() -> Done<[Figures; 2]> {
    let lab = Remote::from_env()?;
    let sasl2 = tokio::runtime::Runtime::new()?.block_on(lab.server(ServerKind::Sasl2))?;
    let mut sides = [Figures::default(), Figures::default()];
    let rounds = std::env::var("FLASHPAPER_TAP_ROUNDS").ok().map_or(Ok(5), |rounds| rounds.parse())?;
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        ours::round(&mut sides[0], sasl2.domain())?;
        theirs::round(&mut sides[1], lab.facts(), sasl2.domain())?;
    }
    Ok(sides)
}

/// A program that does what it is told by lines, and answers each with numbers. Dropping it ends it.
struct Told {
    program: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Told {
    fn start(mut program: Command) -> Done<Self> {
        // The end of its input is the end of it, however this program ends.
        let mut program = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (orders, answers) = (program.stdin.take().ok_or("no input")?, program.stdout.take().ok_or("no output")?);
        Ok(Self { program, orders, answers: BufReader::new(answers) })
    }

    fn order<const N: usize>(&mut self, order: &str) -> Done<[f64; N]> {
        writeln!(self.orders, "{order}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let numbers = answer.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
        numbers.try_into().map_err(|_| format!("{order}: a measured program has ended").into())
    }

    fn pid(&self) -> u32 {
        self.program.id()
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// The most memory that a process had resident, MiB.
fn peak(pid: u32) -> Done<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB"));
    Ok(kib.ok_or("no VmHWM")?.trim().parse::<f64>()? / 1024.0)
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// Each figure by its name: ours, theirs, and the ratio.
fn rows([ours, theirs]: &[Figures; 2]) -> [(&'static str, [f64; 3]); 7] {
    let row = |figures: fn(&Figures) -> &[f64]| {
        let [ours, theirs] = [ours, theirs].map(|side| median(figures(side)));
        [ours, theirs, ours / theirs]
    };
    [
        ("bootstrap_cold_s", row(|side| &side.bootstrap_cold)),
        ("bootstrap_warm_s", row(|side| &side.bootstrap_warm)),
        ("open_to_logged_in_s", row(|side| &side.open_to_logged_in)),
        ("tap_to_ready_s", row(|side| &side.tap_to_ready)),
        ("round_trips", row(|side| &side.round_trips)),
        ("round_trips_sasl2", row(|side| &side.round_trips_sasl2)),
        ("peak_mib", row(|side| &side.peak)),
    ]
}

fn object(sides: &[Figures; 2], column: usize) -> Value {
    let rounded = |figure: f64| json!((figure * 1000.0).round() / 1000.0);
    rows(sides).iter().map(|(name, row)| ((*name).to_owned(), rounded(row[column]))).collect::<Map<_, _>>().into()
}
