//! Orders to a running lab, a line each way: `stop NAME`, `start NAME`, `delay MS`, `cut`, `reset`; `ok` or an error.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

use crate::facts::Facts;
use crate::{Lab, LabError, Result};

/// Names the facts file of the lab that tests use.
const VARIABLE: &str = "FLASHPAPER_LAB";

impl Lab {
    /// Takes orders until the process ends.
    ///
    /// # Errors
    /// The control port cannot be opened.
    pub async fn take_orders(self) -> Result<()> {
        let listener = TcpListener::bind(&self.facts().control).await?;
        let lab = Arc::new(Mutex::new(self));
        loop {
            let (stream, _) = listener.accept().await?;
            let mut lines = BufReader::new(stream);
            let mut line = String::new();
            // One order a connection, one connection at a time.
            if lines.read_line(&mut line).await? > 0 {
                let answer = match obey(&mut *lab.lock().await, &line).await {
                    Ok(()) => "ok\n".to_owned(),
                    Err(error) => format!("{error}\n"),
                };
                // Whoever does not wait for the answer does not get it.
                let _ = lines.write_all(answer.as_bytes()).await;
            }
        }
    }
}

async fn obey(lab: &mut Lab, line: &str) -> Result<()> {
    match line.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["stop", name] => lab.stop(name),
        ["start", name] => lab.restart(&[name]).await,
        ["delay", ms] => {
            lab.set_delay(ms.parse().map_err(|_| LabError::new("a delay is a number of milliseconds"))?);
            Ok(())
        }
        ["cut"] => {
            lab.cut();
            Ok(())
        }
        ["reset"] => lab.reset().await,
        _ => Err(LabError::new("no such order")),
    }
}

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
        let text = fs::read_to_string(&file).map_err(|_| RemoteError::NoLab)?;
        let facts = serde_json::from_str(&text).map_err(|_| RemoteError::NoLab)?;
        Ok(Self { facts, file })
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

    /// Starts it again and waits until it is of use.
    ///
    /// # Errors
    /// The lab cannot.
    pub async fn start(&self, name: &str) -> std::result::Result<(), RemoteError> {
        self.order(&format!("start {name}")).await
    }

    /// Sets the one-way delay of every link to a relay, in milliseconds.
    ///
    /// # Errors
    /// The lab cannot.
    pub async fn delay(&self, ms: u32) -> std::result::Result<(), RemoteError> {
        self.order(&format!("delay {ms}")).await
    }

    /// Closes every connection to a relay.
    ///
    /// # Errors
    /// The lab cannot.
    pub async fn cut(&self) -> std::result::Result<(), RemoteError> {
        self.order("cut").await
    }

    /// Starts all that is stopped, takes the delay away.
    ///
    /// # Errors
    /// The lab cannot.
    pub async fn reset(&self) -> std::result::Result<(), RemoteError> {
        self.order("reset").await
    }

    async fn order(&self, order: &str) -> std::result::Result<(), RemoteError> {
        let exchange = async {
            let mut stream = BufReader::new(TcpStream::connect(&self.facts.control).await?);
            stream.write_all(format!("{order}\n").as_bytes()).await?;
            let mut answer = String::new();
            stream.read_line(&mut answer).await?;
            Ok::<_, std::io::Error>(answer)
        };
        match exchange.await {
            Ok(answer) if answer == "ok\n" => Ok(()),
            Ok(answer) => Err(RemoteError::Refused(answer.trim().to_owned())),
            Err(_) => Err(RemoteError::NoLab),
        }
    }
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
