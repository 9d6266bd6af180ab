//! What a text costs on disk, in time and in memory. Prints a table with the goals, or with `--json` one object with the keys
//! `syncs_per_text_out`, `syncs_per_text_in`, `bytes_written_per_text`, `commit_us`, `open_ms` and `resident_kib`. It fails
//! where a goal is not met, but for times, which depend on the machine. Needs strace, and a lab without delay, as
//! `cargo xtask bench cost` starts one. Of what is measured: see [`figures`].

// What tests dial with, past Tor.
#[path = "../../tests/engine/direct.rs"]
mod direct;
mod figures;

use figures::{Done, Figures, Goal};

/// How often times are taken.
const ROUNDS: u32 = 5;

fn main() -> Done {
    if figures::in_a_child()? {
        return Ok(());
    }
    let own = std::env::current_exe()?;
    let figures = Figures::measure(&[own.to_str().ok_or("path")?], [0, 1000, 100_000], ROUNDS)?;
    if std::env::args().any(|arg| arg == "--json") {
        println!("{}", figures.json());
    } else {
        print!("{figures}");
    }
    let is_missed = |goal: &Goal| !goal.is_time && !goal.is_met();
    if figures.goals().iter().any(is_missed) { Err("a goal is not met".into()) } else { Ok(()) }
}
