//! What it costs to be there while nothing happens, by profile, beside Debian's `tor` with a slixmpp client in the same
//! minutes of the same network; that side has one state only. Prints a table, or with `--json` one object with the keys
//! `flashpaper`, `tor_slixmpp`, `ratio` (ours by theirs) and `goals`. Needs a lab, as `cargo xtask bench idle` starts one.
//!
//! A window is a whole number of the periods after which either side says something by itself (the server is asked after
//! 60 s of silence, in the background after 300 s; slixmpp sends a space every 300 s), so that an hour is as many windows,
//! whenever they begin. What Tor does at random moments (padding, circuits at hand, directories) is averaged. A lab's
//! directory is small and changes every 15 s, so its share is not the public network's; it is the same for both sides.
//! `FLASHPAPER_IDLE_WINDOWS=300,600,60` sets the seconds of the windows: foreground, background, suspended.
//!
//! It is run unoptimised, so that Arti is not compiled once more: when something is due, what is sent then and what is
//! kept does not depend on that, and neither time nor the size of code is measured.

mod measured;
mod side;

use std::error::Error;
use std::time::Duration;

use flashpaper_lab::{Activity, Remote, Watch};
use serde_json::{Map, Value, json};

use crate::side::Side;

type Done<T = ()> = Result<T, Box<dyn Error>>;

/// From here on both sides have the circuits at hand that they want.
const SETTLING: Duration = Duration::from_secs(45);
/// Tokio's threads for blocking work end when they had nothing to do for 10 s.
const FALLING_ASLEEP: Duration = Duration::from_secs(15);
/// Accounts beside the first, for the memory of one.
const FURTHER: u32 = 8;

fn main() -> Done {
    let args: Vec<String> = std::env::args().collect();
    if let [_, mark, home] = args.as_slice()
        && mark == side::MEASURED
    {
        return measured::run(home.as_ref());
    }
    let figures = measure()?;
    if args.iter().any(|arg| arg == "--json") {
        println!("{}", json(&figures));
    } else {
        print_table(&figures);
    }
    Ok(())
}

/// What is measured of both sides.
struct Figure {
    name: String,
    ours: f64,
    theirs: f64,
    goal: Goal,
}

enum Goal {
    None,
    Zero,
    Below(f64),
}

fn measure() -> Done<Vec<Figure>> {
    let [foreground, background, suspended] = windows()?;
    let lab = Remote::from_env()?;
    let (mut ours, mut theirs) = (Side::ours()?, Side::theirs(lab.facts())?);
    let mut figures = Vec::new();

    progress("an account of each side connects", SETTLING);
    ours.order("connect")?;
    theirs.order("connect")?;
    std::thread::sleep(SETTLING);
    progress("foreground", foreground);
    figures.extend(activity("foreground", &ours, &theirs, foreground)?);
    progress("background", background);
    ours.order("background")?;
    figures.extend(activity("background", &ours, &theirs, background)?);

    progress("more accounts connect", SETTLING);
    let one = [Watch::memory(&ours.pids)?, Watch::memory(&theirs.pids)?];
    for _ in 0..FURTHER {
        ours.order("connect")?;
        theirs.order("connect")?;
    }
    std::thread::sleep(SETTLING);
    let all = [Watch::memory(&ours.pids)?, Watch::memory(&theirs.pids)?];
    let kib = |bytes: u64| bytes as f64 / 1024.0;
    let further = |i: usize| kib(all[i].saturating_sub(one[i])) / f64::from(FURTHER);
    figures.push(Figure { name: "memory_kib".into(), ours: kib(one[0]), theirs: kib(one[1]), goal: Goal::None });
    let name = "memory_per_further_burner_kib".into();
    figures.push(Figure { name, ours: further(0), theirs: further(1), goal: Goal::Below(1024.0) });

    progress("suspended, with all accounts", FALLING_ASLEEP + suspended);
    ours.order("suspend")?;
    std::thread::sleep(FALLING_ASLEEP);
    let asleep = activity("suspended", &ours, &theirs, suspended)?;
    figures.extend(asleep.map(|figure| Figure { goal: Goal::Zero, ..figure }));
    Ok(figures)
}

fn windows() -> Done<[Duration; 3]> {
    let text = std::env::var("FLASHPAPER_IDLE_WINDOWS").unwrap_or_else(|_| "300,600,60".into());
    let seconds = text.split(',').map(|n| Ok(Duration::from_secs(n.parse()?))).collect::<Done<Vec<_>>>()?;
    seconds.try_into().map_err(|_| "FLASHPAPER_IDLE_WINDOWS takes three numbers".into())
}

fn progress(name: &str, takes: Duration) {
    eprintln!("{:>6} s  {name}", takes.as_secs());
}

/// Bytes and wake-ups of both sides, in the same window.
fn activity(profile: &str, ours: &Side, theirs: &Side, window: Duration) -> Done<[Figure; 2]> {
    let [ours, theirs] = [Watch::begin(&ours.pids)?, Watch::begin(&theirs.pids)?];
    let [ours, theirs] = std::thread::scope(|scope| {
        let theirs = scope.spawn(|| theirs.end_after(window));
        [ours.end_after(window), theirs.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))]
    });
    let (ours, theirs) = (ours?, theirs?);
    let figure = |name: &str, value: fn(&Activity) -> f64| Figure {
        name: format!("{profile}_{name}"),
        ours: value(&ours),
        theirs: value(&theirs),
        goal: Goal::None,
    };
    Ok([
        figure("bytes_per_hour", |activity| activity.bytes as f64 / activity.time.as_secs_f64() * 3600.0),
        figure("wakeups_per_minute", |activity| activity.wakeups() as f64 / activity.time.as_secs_f64() * 60.0),
    ])
}

impl Figure {
    fn ratio(&self) -> f64 {
        self.ours / self.theirs
    }

    /// What it is to be, and whether it is.
    fn goal(&self) -> Option<(String, bool)> {
        match self.goal {
            Goal::None => None,
            Goal::Zero => Some(("0".into(), self.ours == 0.0)),
            Goal::Below(limit) => Some((format!("below {limit}"), self.ours < limit)),
        }
    }
}

fn json(figures: &[Figure]) -> Value {
    let object = |value: fn(&Figure) -> f64| -> Map<String, Value> {
        let rounded = |figure: &Figure| (value(figure) * 1000.0).round() / 1000.0;
        figures.iter().map(|figure| (figure.name.clone(), json!(rounded(figure)))).collect()
    };
    let goals = figures.iter().filter_map(|figure| {
        let (goal, met) = figure.goal()?;
        Some((figure.name.clone(), json!({ "goal": goal, "met": met })))
    });
    json!({
        "flashpaper": object(|figure| figure.ours),
        "tor_slixmpp": object(|figure| figure.theirs),
        "ratio": object(Figure::ratio),
        "goals": goals.collect::<Map<_, _>>(),
    })
}

fn print_table(figures: &[Figure]) {
    println!("{:<32}{:>12}{:>14}{:>8}  goal", "", "flashpaper", "tor, slixmpp", "ratio");
    for figure in figures {
        let goal = figure
            .goal()
            .map_or_else(String::new, |(goal, met)| format!("{goal}: {}", if met { "met" } else { "NOT MET" }));
        let Figure { name, ours, theirs, .. } = figure;
        println!("{name:<32}{ours:>12.0}{theirs:>14.0}{:>8.2}  {goal}", figure.ratio());
    }
}
