//! Orders to a running lab, a line each way; the answer is `ok`, `ok` and what was asked for, or an error.
//!
//! - `stop NAME`, `start NAME` (a relay, `onion`, `prosody`; `dns`, `bridge` and `obfs4`, which run for those alone who ask),
//!   `delay MS`, `cut`, `reset`: see [`Remote`].
//! - For tests in other languages than Rust: `otr libotr|otr3` starts an [`OtrPeer`] and answers its full JID, by
//!   which it is meant from then on; `otr libotr|otr3 JID PASSWORD` is a further client of an account. `otr-say JID
//!   COMMAND` has it do something, with `\n` for a line break and `\\` for a backslash. `otr-lines JID` answers all that
//!   happened since it was asked last, a list of [`OtrEvent`](crate::OtrEvent)s in JSON. `otr-end JID` removes its
//!   account and ends it.
//! - `serve KIND` starts a [`LabServer`](crate::LabServer) unless it runs, and answers its
//!   [`ServerFacts`](crate::ServerFacts) in JSON; `stop KIND` ends it. `accounts KIND` answers the names of its accounts, a list in
//!   JSON; `invite KIND` a link; `captcha KIND` what its last picture shows. `answer KIND LIST` gives a scripted one its replies,
//!   a list of strings in JSON.
//! - `server ORDER` is one to the [`Attacker`], in the words of `mod_lab_attacker.lua`.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::facts::Facts;
use crate::servers::{LabServer, ServerKind};
use crate::{Attacker, Lab, LabError, OtrPeer, Result};

/// Names the facts file of the lab that tests use.
const VARIABLE: &str = "FLASHPAPER_LAB";

impl Lab {
    /// Takes orders until the process ends.
    ///
    /// # Errors
    /// The control port is gone.
    pub async fn take_orders(self) -> Result<()> {
        let mut orders = Orders { lab: self, peers: BTreeMap::new() };
        loop {
            let (stream, _) = orders.lab.orders.accept().await?;
            let mut lines = BufReader::new(stream);
            let mut line = String::new();
            // One order a connection, one connection at a time.
            if lines.read_line(&mut line).await? > 0 {
                let answer = match orders.obey(line.trim_end_matches('\n')).await {
                    Ok(answer) => format!("ok {answer}").trim_end().to_owned() + "\n",
                    Err(error) => format!("{error}\n"),
                };
                // Whoever does not wait for the answer does not get it.
                let _ = lines.write_all(answer.as_bytes()).await;
            }
        }
    }
}

struct Orders {
    lab: Lab,
    /// By full JID.
    peers: BTreeMap<String, OtrPeer>,
}

impl Orders {
    async fn obey(&mut self, line: &str) -> Result<String> {
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["stop", name] => match name.parse() {
                Ok(kind) => self.lab.servers().stop(kind),
                Err(_) => self.lab.stop(name)?,
            },
            ["start", name] => self.lab.restart(&[name]).await?,
            ["delay", ms] => {
                self.lab.set_delay(ms.parse().map_err(|_| LabError::new("a delay is a number of milliseconds"))?);
            }
            ["cut"] => self.lab.cut(),
            ["reset"] => self.lab.reset().await?,
            ["serve", kind] => return json(&self.lab.servers().serve(kind.parse()?).await?),
            ["accounts", kind] => return json(&self.lab.servers().accounts(kind.parse()?).await?),
            ["invite", kind] => return self.lab.servers().invitation(kind.parse()?),
            ["captcha", kind] => return self.lab.servers().captcha_answer(kind.parse()?),
            ["answer", kind, _, ..] => {
                let replies = serde_json::from_str(line.splitn(3, ' ').nth(2).unwrap_or_default());
                let replies = replies.map_err(|_| LabError::new("replies are a list of strings in JSON"))?;
                self.lab.servers().answer_with(kind.parse()?, replies)?;
            }
            ["otr", library] => return self.keep(OtrPeer::register(self.lab.facts(), library.parse()?).await?),
            ["otr", library, jid, password] => {
                return self.keep(OtrPeer::log_in(self.lab.facts(), library.parse()?, jid, password).await?);
            }
            ["otr-say", jid, _, ..] => {
                // Spaces of a text are part of it.
                let command = line.splitn(3, ' ').nth(2).unwrap_or_default();
                self.peer(jid)?.command_line(command).await?;
            }
            ["otr-lines", jid] => {
                return json(&self.peer(jid)?.events());
            }
            ["otr-end", jid] => {
                self.peer(jid)?;
                if let Some(peer) = self.peers.remove(*jid) {
                    peer.remove().await?;
                }
            }
            ["server", order @ ..] if !order.is_empty() => {
                let order = line.split_once(' ').unwrap_or_default().1;
                return Attacker::connect(self.lab.facts()).await?.order(order).await;
            }
            _ => return Err(LabError::new("no such order")),
        }
        Ok(String::new())
    }

    fn keep(&mut self, peer: OtrPeer) -> Result<String> {
        let jid = peer.full_jid().to_owned();
        self.peers.insert(jid.clone(), peer);
        Ok(jid)
    }

    fn peer(&mut self, jid: &str) -> Result<&mut OtrPeer> {
        self.peers.get_mut(jid).ok_or_else(|| LabError::new(format!("there is no peer {jid}")))
    }
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| LabError::new(e.to_string()))
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

    /// A server of a kind; the lab starts it unless it runs. It finds no accounts of earlier labs.
    ///
    /// # Errors
    /// The lab cannot.
    pub async fn server(&self, kind: ServerKind) -> std::result::Result<LabServer, RemoteError> {
        Ok(LabServer::new(self.clone(), self.ask_for(&format!("serve {kind}")).await?))
    }

    /// An order that has no answer.
    pub(crate) async fn order(&self, order: &str) -> std::result::Result<(), RemoteError> {
        self.ask(order).await.map(drop)
    }

    /// An order whose answer is JSON.
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
