//! What OTR costs, here and with libotr, in one run: both parties in one thread, CPU time, medians. Prints a table, or
//! with `--json` one object with the keys `flashpaper`, `libotr` and `ratio` (ours by theirs).

use std::collections::VecDeque;
use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use flashpaper_otr::{Identity, Output, Session, Settings, SmpEvent};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;

/// How often each figure is taken.
const RUNS: usize = 7;

/// What is measured: its name, how often it is done in one run, and whether the figure is a rate.
const TASKS: [(&str, u32, Figure); 6] = [
    ("keygen", 15, Figure::Milliseconds),
    ("ake", 60, Figure::PerSecond),
    ("pingpong_100b", 200, Figure::PerSecond),
    ("oneway_100b", 50_000, Figure::PerSecond),
    ("oneway_10kb", 5_000, Figure::PerSecond),
    ("smp", 5, Figure::Milliseconds),
];

#[derive(Clone, Copy)]
enum Figure {
    Milliseconds,
    PerSecond,
}

/// What a run of a task took.
struct Cost {
    seconds: f64,
    exponentiations: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut ours = Ours::new();
    let mut theirs = Libotr::start()?;
    let mut table = Vec::new();
    for (task, count, figure) in TASKS {
        let (mut our_costs, mut their_costs) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            our_costs.push(ours.run(task, count));
            their_costs.push(theirs.run(task, count)?);
        }
        let name = match figure {
            Figure::Milliseconds => format!("{task}_ms"),
            Figure::PerSecond => format!("{task}_per_s"),
        };
        let [a, b] = [&our_costs, &their_costs].map(|costs| figure.of(costs, count));
        table.push((name, a, b));
        if matches!(task, "ake" | "pingpong_100b" | "smp") {
            let [a, b] = [&our_costs, &their_costs].map(|costs| exponentiations(costs, count));
            table.push((format!("{task}_exponentiations"), a, b));
        }
    }
    if std::env::args().any(|arg| arg == "--json") {
        let object = |value: fn(&(String, f64, f64)) -> f64| {
            let fields: Vec<_> = table.iter().map(|row| format!("\"{}\": {:.3}", row.0, value(row))).collect();
            format!("{{{}}}", fields.join(", "))
        };
        let (ours, theirs, ratio) = (object(|r| r.1), object(|r| r.2), object(|r| r.1 / r.2));
        println!("{{\"flashpaper\": {ours}, \"libotr\": {theirs}, \"ratio\": {ratio}}}");
    } else {
        println!("{:<32}{:>12}{:>12}{:>8}", "", "flashpaper", "libotr", "ratio");
        for (name, ours, theirs) in table {
            println!("{name:<32}{ours:>12.2}{theirs:>12.2}{:>8.2}", ours / theirs);
        }
    }
    Ok(())
}

impl Figure {
    fn of(self, costs: &[Cost], count: u32) -> f64 {
        let mut seconds: Vec<f64> = costs.iter().map(|cost| cost.seconds).collect();
        seconds.sort_by(f64::total_cmp);
        let median = seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN);
        match self {
            Self::Milliseconds => median * 1000.0 / f64::from(count),
            Self::PerSecond => f64::from(count) / median,
        }
    }
}

/// How many of 1536 bits one AKE, message or comparison takes. The first run makes up for the one before it: the most
/// often seen number is the task's own.
fn exponentiations(costs: &[Cost], count: u32) -> f64 {
    let mut each: Vec<u64> = costs.iter().map(|cost| cost.exponentiations).collect();
    each.sort_unstable();
    let median = each.get(each.len() / 2).copied().unwrap_or_default();
    f64::from(u32::try_from(median).unwrap_or(u32::MAX)) / f64::from(count)
}

/// Two of our sessions.
struct Ours {
    alice: Session,
    bob: Session,
    now: Duration,
}

impl Ours {
    fn new() -> Self {
        let [alice, bob] = [1, 2].map(|seed| {
            let identity = Arc::new(Identity::random(&mut StdRng::seed_from_u64(seed)));
            Session::new(identity, Settings::default(), Box::new(StdRng::seed_from_u64(seed)), Duration::ZERO)
        });
        let mut ours = Self { alice, bob, now: Duration::ZERO };
        ours.ake();
        ours
    }

    fn run(&mut self, task: &str, count: u32) -> Cost {
        let (small, large) = ("x".repeat(100), "x".repeat(10_000));
        let before = flashpaper_otr::exponentiations();
        let start = cpu_time();
        for i in 0..count {
            match task {
                "keygen" => drop(Identity::random(&mut rand::rng())),
                "ake" => self.ake(),
                "pingpong_100b" => self.say(i % 2 == 0, &small),
                "oneway_100b" => self.say(true, &small),
                "oneway_10kb" => self.say(true, &large),
                _ => self.smp(),
            }
        }
        let seconds = (cpu_time() - start).as_secs_f64();
        Cost { seconds, exponentiations: flashpaper_otr::exponentiations() - before }
    }

    fn ake(&mut self) {
        // Anybody can ask, so a session does not begin anew for it all the time.
        self.now += Duration::from_secs(10);
        self.bob.tick(self.now);
        let answer = self.bob.receive("?OTRv3?");
        let news = self.deliver(false, answer);
        assert_eq!(news.iter().filter(|output| matches!(output, Output::Began { .. })).count(), 2);
    }

    fn say(&mut self, alice: bool, text: &str) {
        let session = if alice { &mut self.alice } else { &mut self.bob };
        let sent = session.send(text, "label").map(|(_, sent)| sent);
        let news = self.deliver(alice, sent.unwrap_or_default());
        assert!(news.iter().any(|output| matches!(output, Output::Text { text: read, .. } if read == text)));
    }

    fn smp(&mut self) {
        let question = self.alice.smp_start("secret", None).unwrap_or_default();
        self.deliver(true, question);
        let answer = self.bob.smp_answer("secret", None).unwrap_or_default();
        let news = self.deliver(false, answer);
        assert_eq!(news.iter().filter(|output| matches!(output, Output::Smp(SmpEvent::Equal { .. }))).count(), 2);
    }

    /// Carries messages until none is left; gives the rest of what the two say.
    fn deliver(&mut self, from_alice: bool, outputs: Vec<Output>) -> Vec<Output> {
        let mut wire: VecDeque<_> = outputs.into_iter().map(|output| (from_alice, output)).collect();
        let mut news = Vec::new();
        while let Some((from_alice, output)) = wire.pop_front() {
            match output {
                Output::Send(message) => {
                    let to = if from_alice { &mut self.bob } else { &mut self.alice };
                    wire.extend(to.receive(&message).into_iter().map(|output| (!from_alice, output)));
                }
                other => news.push(other),
            }
        }
        news
    }
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

/// libotr as both parties: see `libotr.c`.
struct Libotr {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    _folder: TempDir,
}

impl Libotr {
    fn start() -> Result<Self, Box<dyn Error>> {
        let folder = TempDir::new()?;
        let program = folder.path().join("libotr");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/otr/libotr.c");
        let built =
            Command::new("cc").args(["-O2", "-o"]).arg(&program).args([source, "-lotr", "-lgcrypt"]).status()?;
        assert!(built.success(), "libotr5-dev, libgcrypt20-dev and a C compiler are needed");
        let mut child =
            Command::new(&program).arg(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (stdin, stdout) = (child.stdin.take().ok_or("no stdin")?, child.stdout.take().ok_or("no stdout")?);
        Ok(Self { child, stdin, stdout: BufReader::new(stdout), _folder: folder })
    }

    fn run(&mut self, task: &str, count: u32) -> Result<Cost, Box<dyn Error>> {
        writeln!(self.stdin, "{task} {count}")?;
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        let (seconds, exponentiations) = line.trim().split_once(' ').ok_or("libotr has ended")?;
        Ok(Cost { seconds: seconds.parse()?, exponentiations: exponentiations.parse()? })
    }
}

impl Drop for Libotr {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
