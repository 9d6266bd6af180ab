//! `flashpaper-lab`: keeps a lab up; and small tools on a running one.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use flashpaper_lab::{Lab, LabError, Peer, Remote, direct};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// What a lab that ends is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A private Tor network, an XMPP server and its onion service on loopback.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the lab; print its facts as one line of JSON; end with the end of input, SIGTERM or SIGINT
    Up {
        /// Where keys are kept between runs
        #[arg(long)]
        dir: PathBuf,
        /// One-way delay in front of every relay, in milliseconds
        #[arg(long, default_value_t = 0)]
        delay: u32,
        /// The folder of a Debian with Prosody 13 and its modules, for servers of the kind sasl2
        #[arg(long)]
        system: Option<PathBuf>,
    },
    /// As a fresh account of the lab's server, send a message (needs FLASHPAPER_LAB)
    Send {
        /// The receiver's address
        #[arg(long)]
        to: String,
        /// The text
        #[arg(long)]
        text: String,
    },
    /// Connect past Tor, as a leak would (needs FLASHPAPER_LAB)
    Dial {
        /// A host of the lab
        host: String,
        /// Its port
        port: u16,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Up { dir, delay, system } => up(dir, delay, system).await,
        Command::Send { to, text } => send(&to, &text).await,
        Command::Dial { host, port } => dial(&host, port).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("flashpaper-lab: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn up(dir: PathBuf, delay: u32, system: Option<PathBuf>) -> Result<(), LabError> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let facts_file = dir.join("facts.json");
    let mut run = tokio::spawn(async move {
        let lab = Lab::start(&dir, delay, system, |line| eprintln!("{line}")).await?;
        let facts = serde_json::to_string(lab.facts()).unwrap_or_default();
        fs::write(dir.join("facts.json"), &facts)?;
        println!("{facts}");
        lab.take_orders().await
    });
    let (input, mut end_of_input) = oneshot::channel::<()>();
    // A thread that the end of the process does not wait for, as it would for a read of tokio's.
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        drop(input);
    });
    tokio::select! {
        done = &mut run => done.map_err(std::io::Error::other)??,
        _ = &mut end_of_input => {}
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    // The lab is dropped with `run`, and nothing may take its facts for those of a living one.
    run.abort();
    let dropped = timeout(PATIENCE, run).await;
    let _ = fs::remove_file(facts_file);
    if dropped.is_err() {
        // It is still starting, where nothing interrupts it. Its children end with this process.
        std::process::exit(1);
    }
    Ok(())
}

async fn send(to: &str, text: &str) -> Result<(), LabError> {
    let facts = remote()?;
    let mut peer = Peer::register(facts.facts()).await?;
    peer.send(to, text).await?;
    peer.remove().await
}

async fn dial(host: &str, port: u16) -> Result<(), LabError> {
    direct::connect(remote()?.facts(), host, port).await.map(drop)
}

fn remote() -> Result<Remote, LabError> {
    Remote::from_env().map_err(|e| std::io::Error::other(e).into())
}
