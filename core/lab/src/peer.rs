//! Somebody to talk to: an account of the lab's own, which does not go through Tor.

use flashpaper_xmpp::{ChatMessage, Connection, Credentials, Domain, Ids, Security, Session, Tls};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use crate::facts::Facts;
use crate::{LabError, Result, direct, prosody};

/// A peer that is logged in.
#[derive(Debug)]
pub struct Peer {
    session: Session<TcpStream>,
    jid: String,
}

impl Peer {
    /// Registers an account at the lab's server and logs it in.
    ///
    /// # Errors
    /// The server does not do as expected.
    pub async fn register(facts: &Facts) -> Result<Self> {
        let domain = Domain::parse(prosody::DEFAULT).map_err(failed)?;
        let tls = Tls::only_roots_in(&facts.network.ca_pem).map_err(failed)?;
        let stream = direct::connect(facts, prosody::DEFAULT, 5223).await?;
        let mut connection = Connection::open(stream, &domain, Security::DirectTls, &tls).await.map_err(failed)?;
        let mut ids = Ids::new(Box::new(UnwrapErr(SysRng)));
        let (username, password) = (format!("peer{}", ids.draw()), Zeroizing::new(ids.draw()));
        let jid = format!("{username}@{}", prosody::DEFAULT);
        let credentials = Credentials::new(username, password);
        let form = connection.ask_registration(&mut ids).await.map_err(failed)?;
        connection.register(form, &credentials, &mut ids).await.map_err(failed)?;
        let mut session = connection.log_in(&credentials, ids).await.map_err(failed)?;
        session.send_presence().await.map_err(failed)?;
        Ok(Self { session, jid })
    }

    /// Its bare JID.
    #[must_use]
    pub fn jid(&self) -> &str {
        &self.jid
    }

    /// Sends a chat message.
    ///
    /// # Errors
    /// The stream ended.
    pub async fn send(&mut self, to: &str, text: &str) -> Result<()> {
        self.session.send_chat(to, text).await.map_err(failed)
    }

    /// The next message.
    ///
    /// # Errors
    /// The stream ended.
    pub async fn next(&mut self) -> Result<ChatMessage> {
        self.session.next_message().await.map_err(failed)
    }

    /// Removes the account again.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn remove(self) -> Result<()> {
        self.session.remove_account().await.map(drop).map_err(failed)
    }
}

fn failed(error: impl std::fmt::Display) -> LabError {
    LabError::new(format!("peer: {error}"))
}
