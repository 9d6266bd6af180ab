//! A server that was started on demand, from a test's side.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use flashpaper_xmpp::registration::Answers;
use flashpaper_xmpp::{Connection, Credentials, Domain, Ids, Security, Tls};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};
use tokio::net::TcpSocket;
use zeroize::Zeroizing;

use super::kind::ServerKind;
use crate::remote::{Remote, RemoteError};
use crate::{LabError, Result};

/// What the lab tells of a server that it has started.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServerFacts {
    /// Its kind.
    pub kind: ServerKind,
    /// Its domain.
    pub domain: String,
    /// Its address: port 5222 with STARTTLS, port 5223 with direct TLS.
    pub address: String,
    /// Its log, with all that clients sent, names and passwords among it. That of ejabberd may be a second late.
    pub log: PathBuf,
    /// Its process, unless the lab itself is the server.
    pub pid: Option<u32>,
}

/// A server that runs until the lab ends or it is stopped. Clones are the same server.
#[derive(Debug, Clone)]
pub struct LabServer {
    lab: Remote,
    facts: ServerFacts,
}

impl LabServer {
    const fn new(lab: Remote, facts: ServerFacts) -> Self {
        Self { lab, facts }
    }

    /// The facts.
    #[must_use]
    pub const fn facts(&self) -> &ServerFacts {
        &self.facts
    }

    /// Its domain.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.facts.domain
    }

    /// The names of the accounts that it stores.
    ///
    /// # Errors
    /// The lab cannot.
    pub async fn accounts(&self) -> std::result::Result<BTreeSet<String>, RemoteError> {
        self.lab.ask_for(&format!("accounts {}", self.facts.kind)).await
    }

    /// A link to a new invitation, good for one account: `xmpp:…?register;preauth=…`. For [`ServerKind::Invite`].
    ///
    /// # Errors
    /// The lab cannot.
    pub async fn invitation(&self) -> std::result::Result<String, RemoteError> {
        self.lab.ask(&format!("invite {}", self.facts.kind)).await
    }

    /// What the last picture that it drew shows. For [`ServerKind::Captcha`].
    ///
    /// # Errors
    /// The lab cannot.
    pub async fn captcha_answer(&self) -> std::result::Result<String, RemoteError> {
        self.lab.ask(&format!("captcha {}", self.facts.kind)).await
    }

    /// What it answers to each connection's first request, its second and so on, until it is told otherwise; `{id}` is the
    /// request's id. After the last one it is silent. For [`ServerKind::Malformed`].
    ///
    /// # Errors
    /// The lab cannot.
    pub async fn answer_with(&self, replies: &[&str]) -> std::result::Result<(), RemoteError> {
        let replies = serde_json::to_string(replies).unwrap_or_default();
        self.lab.order(&format!("answer {} {replies}", self.facts.kind)).await
    }

    /// Makes an account from this machine's own address and from that of every relay, so that the next client, through
    /// any exit, is over the limit. The accounts' names begin with `early`. For the kinds with a limit for each address.
    ///
    /// # Errors
    /// The server does not do as expected.
    pub async fn exhaust(&self) -> Result<()> {
        let relays = self.lab.facts().relays.iter().map(|relay| relay.address.as_str());
        for from in relays.chain(["127.0.0.1"]) {
            self.register_from(from).await?;
        }
        Ok(())
    }

    /// Has it keep accounts apart from here on, or not any more. For [`ServerKind::Quarantine`], which does at first.
    ///
    /// # Errors
    /// Its folder cannot be written.
    pub fn quarantine(&self, begins: bool) -> Result<()> {
        let lifted = self.facts.log.with_file_name("lifted");
        if begins {
            fs::remove_file(lifted)?
        } else {
            fs::write(lifted, [])?
        }
        Ok(())
    }

    /// Has it let this machine's own address in again. For [`ServerKind::Bans`].
    ///
    /// # Errors
    /// The lab cannot.
    pub async fn unban(&self) -> std::result::Result<(), RemoteError> {
        self.lab.order(&format!("unban {} 127.0.0.1", self.facts.kind)).await
    }

    /// Has it start anew with a certificate of an authority that nobody knows, or with a good one again. Its accounts are kept.
    ///
    /// # Errors
    /// The lab cannot.
    pub async fn distrust(&self, begins: bool) -> std::result::Result<(), RemoteError> {
        let order = if begins { "distrust" } else { "trust" };
        self.lab.order(&format!("{order} {}", self.facts.kind)).await
    }

    /// Ends it. Its accounts are there again when it is started again; what it remembers of addresses is not.
    ///
    /// # Errors
    /// The lab cannot.
    pub async fn stop(&self) -> std::result::Result<(), RemoteError> {
        self.lab.stop(self.facts.kind.name()).await
    }

    async fn register_from(&self, address: &str) -> Result<()> {
        let of = |address: &str, port| format!("{address}:{port}").parse().map_err(failed);
        let socket = TcpSocket::new_v4()?;
        socket.bind(of(address, 0)?)?;
        let stream = socket.connect(of(&self.facts.address, 5223)?).await?;
        let domain = Domain::parse(&self.facts.domain).map_err(failed)?;
        let tls = Tls::only_roots_in(&self.lab.facts().network.ca_pem).map_err(failed)?;
        let mut connection = Connection::open(stream, &domain, Security::DirectTls, &tls).await.map_err(failed)?;
        let mut ids = Ids::new(Box::new(UnwrapErr(SysRng)));
        let credentials = Credentials::new(format!("early{}", ids.draw()), Zeroizing::new(ids.draw()));
        let form = connection.ask_registration(&mut ids).await.map_err(failed)?;
        let filled = form.fill(&credentials, &Answers::default()).map_err(failed)?;
        connection.register(filled, &mut ids).await.map_err(failed)
    }
}

impl Remote {
    /// A server of a kind; the lab starts it unless it runs. It finds no accounts of earlier labs.
    ///
    /// # Errors
    /// The lab cannot.
    pub async fn server(&self, kind: ServerKind) -> std::result::Result<LabServer, RemoteError> {
        Ok(LabServer::new(self.clone(), self.ask_for(&format!("serve {kind}")).await?))
    }
}

fn failed(error: impl std::fmt::Display) -> LabError {
    LabError::new(format!("server on demand: {error}"))
}
