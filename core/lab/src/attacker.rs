//! The attacker at the server: it reads, holds back and forges messages. The other half is `mod_lab_attacker.lua`.

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::facts::Facts;
use crate::{LabError, Result, direct, prosody};

/// Orders to the lab's server that no honest one would take. Accounts are bare JIDs.
#[derive(Debug)]
pub struct Attacker {
    stream: BufReader<TcpStream>,
}

impl Attacker {
    /// Gets into the server.
    ///
    /// # Errors
    /// It does not run.
    pub async fn connect(facts: &Facts) -> Result<Self> {
        let stream = direct::connect(facts, prosody::DEFAULT, prosody::ATTACKER).await?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Records all stanzas to an account, which need not exist: also what the server says by itself.
    ///
    /// # Errors
    /// The server is gone.
    pub async fn look(&mut self, account: &str) -> Result<()> {
        self.order(&format!("look {account}")).await.map(drop)
    }

    /// Records the messages to an account.
    ///
    /// # Errors
    /// The server is gone.
    pub async fn watch(&mut self, account: &str) -> Result<()> {
        self.order(&format!("watch {account}")).await.map(drop)
    }

    /// Records the messages to an account, and does not deliver them.
    ///
    /// # Errors
    /// The server is gone.
    pub async fn hold(&mut self, account: &str) -> Result<()> {
        self.order(&format!("hold {account}")).await.map(drop)
    }

    /// Lets messages to an account pass as usual. What was held back stays with [`Attacker::taken`].
    ///
    /// # Errors
    /// The server is gone.
    pub async fn pass(&mut self, account: &str) -> Result<()> {
        self.order(&format!("pass {account}")).await.map(drop)
    }

    /// What was recorded of an account since this was asked last: whole stanzas.
    ///
    /// # Errors
    /// The server is gone.
    pub async fn taken(&mut self, account: &str) -> Result<Vec<String>> {
        let answer = self.order(&format!("taken {account}")).await?;
        serde_json::from_str(&answer).map_err(|_| LabError::new("attacker: no list"))
    }

    /// Delivers a stanza as it is, with any `from` that it has. It is not held back itself.
    ///
    /// # Errors
    /// It is no stanza, or to nobody here.
    pub async fn deliver(&mut self, stanza: &str) -> Result<()> {
        self.order(&format!("deliver {}", on_one_line(stanza))).await.map(drop)
    }

    /// Takes a stanza as if it came from the client here that its `from` names, by a full JID.
    ///
    /// # Errors
    /// It is no stanza, or there is no such client.
    pub async fn say(&mut self, stanza: &str) -> Result<()> {
        self.order(&format!("say {}", on_one_line(stanza))).await.map(drop)
    }

    /// An order in the words of `mod_lab_attacker.lua`, and what the server answers.
    pub(crate) async fn order(&mut self, order: &str) -> Result<String> {
        self.stream.write_all(format!("{order}\n").as_bytes()).await?;
        let mut answer = String::new();
        self.stream.read_line(&mut answer).await?;
        match answer.trim_end().strip_prefix("ok") {
            Some(answer) => Ok(answer.trim_start().to_owned()),
            None => Err(LabError::new(format!("attacker: {}", answer.trim_end()))),
        }
    }
}

/// A line break in a text is still one by its number.
fn on_one_line(stanza: &str) -> String {
    stanza.replace('\n', "&#10;")
}
