//! `flashpaper`: throw-away XMPP accounts over embedded Tor, for people (a line a step) and programs (`--json`).
//!
//! The README beside this crate documents options, JSON and exit codes. Nothing is decided here: every command is one
//! call of the engine, and each of `chat`'s commands, too.

mod args;
mod ask;
mod burner;
mod chat;
mod commands;
mod editor;
mod exit;
mod holder;
mod lock;
mod output;
mod pages;
mod paint;
mod panic;
mod qr;
mod receive;
mod removals;
mod servers;
mod shown;
mod stdio;
mod stop;
mod text;
mod tty;
mod wording;

use std::process::ExitCode;

use clap::Parser as _;
use flashpaper::{Engine, Error};

use crate::args::Args;
use crate::exit::Failure;
use crate::output::Output;

/// Wipes memory as it is freed: libraries keep copies of what is secret.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);

/// One reads and writes, another goes on meanwhile.
const THREADS: usize = 2;

fn main() -> ExitCode {
    // Where it is refused, nothing else is to be done about it.
    let _ = (Engine::forbid_dumps(), Engine::forbid_swap());
    match Engine::runtime(THREADS) {
        Ok(runtime) => runtime.block_on(run()),
        Err(_) => fail(&Output::new(false), &Failure::Engine(Error::Internal)),
    }
}

async fn run() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return exit::usage(&error),
    };
    let output = Output::new(args.json);
    match commands::run(args, &output).await {
        // Nothing is called done that nobody could read; nor is a program only cancelled that was told to end while it waited for
        // a reader.
        Ok(()) | Err(Failure::Engine(Error::Cancelled)) if output.is_unwritten() => fail(&output, &Failure::Unwritten),
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(&output, &failure),
    }
}

fn fail(output: &Output, failure: &Failure) -> ExitCode {
    output.failure(failure);
    failure.exit_code()
}
