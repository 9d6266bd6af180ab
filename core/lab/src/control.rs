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
//!   JSON; `distrust KIND` starts it anew with a certificate of an authority that nobody knows, `trust KIND` with a good one;
//!   `unban KIND ADDRESS` has it let an address in again; `invite KIND` answers a link; `captcha KIND` what its last picture shows.
//!   `answer KIND LIST` gives a scripted one its replies, a list of strings in JSON.
//! - `server ORDER` is one to the [`Attacker`], in the words of `mod_lab_attacker.lua`.

use std::collections::BTreeMap;

use serde::Serialize;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use crate::{Attacker, Lab, LabError, OtrPeer, Result};

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
                // A client may have left without the answer.
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
                Ok(kind) => self.lab.servers().stop(kind).await,
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
            ["distrust", kind] => self.lab.servers().distrust(kind.parse()?, true).await?,
            ["trust", kind] => self.lab.servers().distrust(kind.parse()?, false).await?,
            ["unban", kind, address] => self.lab.servers().unban(kind.parse()?, address).await?,
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
