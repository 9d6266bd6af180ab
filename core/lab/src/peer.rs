//! Somebody to talk to: an account of the lab's own, which does not go through Tor.

use flashpaper_xmpp::registration::Answers;
use flashpaper_xmpp::{ChatMessage, Connection, Credentials, Domain, Ids, Incoming, ManagedSession, Security, Tls};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use crate::facts::Facts;
use crate::{Attacker, LabError, Result, direct, prosody};

/// A peer that is logged in.
#[derive(Debug)]
pub struct Peer {
    session: ManagedSession<TcpStream>,
    attacker: Attacker,
    facts: Facts,
    jid: String,
    credentials: Credentials,
    ids: Ids,
}

impl Peer {
    /// Registers an account at the lab's server and logs it in.
    ///
    /// # Errors
    /// The server does not do as expected.
    pub async fn register(facts: &Facts) -> Result<Self> {
        let mut connection = open(facts).await?;
        let mut ids = Ids::new(Box::new(UnwrapErr(SysRng)));
        let (username, password) = (format!("peer{}", ids.draw()), Zeroizing::new(ids.draw()));
        let jid = format!("{username}@{}", prosody::DEFAULT);
        let credentials = Credentials::new(username, password);
        let form = connection.ask_registration(&mut ids).await.map_err(failed)?;
        let filled = form.fill(&credentials, &Answers::default()).map_err(failed)?;
        connection.register(filled, &mut ids).await.map_err(failed)?;
        let session = Ids::new(Box::new(UnwrapErr(SysRng)));
        let (mut session, _) = connection.log_in_to_stay(&credentials, session, None).await.map_err(failed)?;
        session.send_presence().await.map_err(failed)?;
        let attacker = Attacker::connect(facts).await?;
        Ok(Self { session, attacker, facts: facts.clone(), jid, credentials, ids })
    }

    /// Its bare JID.
    #[must_use]
    pub fn jid(&self) -> &str {
        &self.jid
    }

    /// Sends a chat message in the clear, and asks for a receipt. The library's sessions have no such call, so the server's
    /// attacker module takes the stanza as if this client had sent it.
    ///
    /// # Errors
    /// The client or the server is gone.
    pub async fn send(&mut self, to: &str, text: &str) -> Result<()> {
        let from = self.session.resumption(0).ok_or_else(|| failed("it has no name"))?.jid;
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#13;");
        let id = self.ids.draw();
        let message = format!(
            "<message from='{from}' to='{to}' id='{id}' type='chat'><body>{text}</body>\
             <request xmlns='urn:xmpp:receipts'/></message>"
        );
        self.attacker.say(&message).await
    }

    /// The next message.
    ///
    /// # Errors
    /// The stream ended.
    pub async fn next(&mut self) -> Result<ChatMessage> {
        loop {
            match self.session.next().await.map_err(failed)? {
                Incoming::Chat(chat) => return Ok(chat),
                Incoming::Asked => self.session.acknowledge().await.map_err(failed)?,
                _ => {}
            }
        }
    }

    /// Removes the account again.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn remove(self) -> Result<()> {
        self.session.close().await;
        let session = open(&self.facts).await?.log_in(&self.credentials, self.ids).await.map_err(failed)?;
        session.remove_account().await.map(drop).map_err(failed)
    }
}

async fn open(facts: &Facts) -> Result<Connection<TcpStream>> {
    let domain = Domain::parse(prosody::DEFAULT).map_err(failed)?;
    let tls = Tls::only_roots_in(&facts.network.ca_pem).map_err(failed)?;
    let stream = direct::connect(facts, prosody::DEFAULT, 5223).await?;
    Connection::open(stream, &domain, Security::DirectTls, &tls).await.map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> LabError {
    LabError::new(format!("peer: {error}"))
}
