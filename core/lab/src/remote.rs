//! A running lab, from a test's side: its facts, and a line to it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::facts::Facts;

/// Names the facts file of the lab that tests use.
const VARIABLE: &str = "FLASHPAPER_LAB";

/// A running lab, from a test's side.
#[derive(Debug, Clone)]
pub struct Remote {
    facts: Facts,
    file: PathBuf,
}

impl Remote {
    /// The lab that `cargo xtask test` has started.
    ///
    /// # Errors
    /// There is none.
    pub fn from_env() -> std::result::Result<Self, RemoteError> {
        let file = PathBuf::from(env::var_os(VARIABLE).ok_or(RemoteError::NoLab)?);
        Ok(Self { facts: read(&file)?, file })
    }

    /// The facts.
    #[must_use]
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The file that the facts are in, for `--network`.
    #[must_use]
    pub const fn facts_file(&self) -> &PathBuf {
        &self.file
    }

    /// Stops a relay by name, `prosody` or `onion`.
    ///
    /// # Errors
    /// The lab cannot.
    pub async fn stop(&self, name: &str) -> std::result::Result<(), RemoteError> {
        self.order(&format!("stop {name}")).await
    }

    /// Starts it again and waits until it is of use. `dns`, `bridge` and `obfs4` are started by this alone; the end of a test
    /// that has started them resets the lab.
    ///
    /// # Errors
    /// The lab cannot.
    pub async fn start(&self, name: &str) -> std::result::Result<(), RemoteError> {
        self.order(&format!("start {name}")).await
    }

    /// Starts a bridge, `bridge` or `obfs4`, if it does not run; its bridge line. Until it is stopped, or the lab is reset.
    ///
    /// # Errors
    /// The lab cannot.
    pub async fn bridge(&self, name: &str) -> std::result::Result<String, RemoteError> {
        self.start(name).await?;
        let line = read(&self.file)?.bridges.remove(name);
        line.ok_or_else(|| RemoteError::Refused(format!("{name} is no bridge")))
    }

    /// Sets the one-way delay of every link to a relay, in milliseconds.
    ///
    /// # Errors
    /// The lab cannot.
    pub async fn delay(&self, ms: u32) -> std::result::Result<(), RemoteError> {
        self.order(&format!("delay {ms}")).await
    }

    /// Closes every connection of clients to a relay; those among relays and of the onion's host go on.
    ///
    /// # Errors
    /// The lab cannot.
    pub async fn cut(&self) -> std::result::Result<(), RemoteError> {
        self.order("cut").await
    }

    /// Starts all that is stopped, takes the delay away. The onion service is published anew if relays were stopped.
    ///
    /// # Errors
    /// The lab cannot.
    pub async fn reset(&self) -> std::result::Result<(), RemoteError> {
        self.order("reset").await
    }

    /// An order that has no answer.
    pub(crate) async fn order(&self, order: &str) -> std::result::Result<(), RemoteError> {
        self.ask(order).await.map(drop)
    }

    /// An order with an answer in JSON.
    pub(crate) async fn ask_for<T: DeserializeOwned>(&self, order: &str) -> std::result::Result<T, RemoteError> {
        let answer = self.ask(order).await?;
        serde_json::from_str(&answer).map_err(|_| RemoteError::Refused(answer))
    }

    /// An order with an answer.
    pub(crate) async fn ask(&self, order: &str) -> std::result::Result<String, RemoteError> {
        let exchange = async {
            let mut stream = BufReader::new(TcpStream::connect(&self.facts.control).await?);
            stream.write_all(format!("{order}\n").as_bytes()).await?;
            let mut answer = String::new();
            stream.read_line(&mut answer).await?;
            Ok::<_, std::io::Error>(answer)
        };
        let answer = exchange.await.map_err(|_| RemoteError::NoLab)?;
        match answer.trim().strip_prefix("ok") {
            Some(answer) => Ok(answer.trim_start().to_owned()),
            None => Err(RemoteError::Refused(answer.trim().to_owned())),
        }
    }
}

fn read(file: &Path) -> std::result::Result<Facts, RemoteError> {
    let text = fs::read_to_string(file).map_err(|_| RemoteError::NoLab)?;
    serde_json::from_str(&text).map_err(|_| RemoteError::NoLab)
}

/// Why a test cannot have its lab.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// No lab runs, or its facts are not where the variable says.
    #[error("no lab: run this by `cargo xtask test`, or keep a lab up and set FLASHPAPER_LAB to its facts.json")]
    NoLab,
    /// The lab says why not.
    #[error("{0}")]
    Refused(String),
}
