//! Servers that no real one can be brought to be: they follow a script, in this process. TLS and the certificate are real.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use super::kind::ServerKind;
use super::place::Place;
use crate::Result;

/// What a client may send before it gets an answer.
const LIMIT: usize = 1 << 20;

/// A scripted server; dropping it ends it and its connections.
pub(super) struct Scripted {
    replies: Replies,
    tasks: JoinSet<()>,
}

type Replies = Arc<Mutex<Vec<String>>>;

impl Scripted {
    pub(super) async fn start(place: &Place, tls: TlsAcceptor) -> Result<Self> {
        let (replies, mut tasks) = (Replies::default(), JoinSet::new());
        let log = Arc::new(OpenOptions::new().create(true).append(true).open(place.log())?);
        for port in place.ports() {
            let listener = TcpListener::bind(port).await?;
            let (tls, domain, kind) = (tls.clone(), place.domain.clone(), place.kind);
            let (replies, log) = (Arc::clone(&replies), Arc::clone(&log));
            tasks.spawn(async move {
                let mut clients = JoinSet::new();
                while let Ok((stream, _)) = listener.accept().await {
                    let (tls, domain) = (tls.clone(), domain.clone());
                    let (replies, log) = (Arc::clone(&replies), Arc::clone(&log));
                    clients.spawn(async move {
                        let stream = match port.port() {
                            5222 => start_tls(stream, &domain).await,
                            _ => Some(stream),
                        };
                        let Some(stream) = stream else { return };
                        if let Ok(stream) = tls.accept(stream).await {
                            let client = Client { stream, log, heard: String::new(), domain };
                            client.serve(kind, &replies).await;
                        }
                    });
                }
            });
        }
        Ok(Self { replies, tasks })
    }

    /// Ends it, and returns once nothing listens any more: dropped tasks end later.
    pub(super) async fn end(mut self) {
        self.tasks.shutdown().await;
    }

    pub(super) fn answer_with(&self, replies: Vec<String>) {
        *self.replies.lock().unwrap_or_else(PoisonError::into_inner) = replies;
    }
}

/// STARTTLS (RFC 6120, section 5), up to TLS itself.
async fn start_tls(mut stream: TcpStream, domain: &str) -> Option<TcpStream> {
    const OFFER: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>";
    const PROCEED: &[u8] = b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    let mut heard = String::new();
    until(&mut stream, &mut heard, is_begun).await?;
    let features = header(domain) + &features(OFFER);
    stream.write_all(features.as_bytes()).await.ok()?;
    until(&mut stream, &mut heard, |heard| heard.contains("<starttls")).await?;
    stream.write_all(PROCEED).await.ok()?;
    Some(stream)
}

/// A connection after its TLS handshake.
struct Client<S> {
    stream: S,
    log: Arc<File>,
    heard: String,
    domain: String,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Follows the script until the client is gone, or a write fails.
    async fn serve(mut self, kind: ServerKind, replies: &Replies) -> Option<()> {
        self.until(is_begun).await?;
        if kind != ServerKind::Stall {
            self.say(&header(&self.domain)).await?;
        }
        let features = features(
            "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism></mechanisms>\
             <register xmlns='http://jabber.org/features/iq-register'/>",
        );
        match kind {
            ServerKind::Slow => {
                for byte in features.as_bytes().chunks(1) {
                    self.stream.write_all(byte).await.ok()?;
                    self.stream.flush().await.ok()?;
                    sleep(Duration::from_secs(1)).await;
                }
            }
            ServerKind::Malformed => self.answer(&features, replies).await?,
            _ => {}
        }
        // Silence.
        self.until(|_| false).await
    }

    /// Features, then an answer to each request as long as there are any.
    async fn answer(&mut self, features: &str, replies: &Replies) -> Option<()> {
        self.say(features).await?;
        for number in 0.. {
            self.until(|heard| heard.contains("</iq>")).await?;
            let rest = self.heard.split_off(self.heard.find("</iq>")? + "</iq>".len());
            let id = id(&self.heard).unwrap_or_default().to_owned();
            self.heard = rest;
            let reply = replies.lock().unwrap_or_else(PoisonError::into_inner).get(number).cloned();
            let Some(reply) = reply else { break };
            self.say(&reply.replace("{id}", &id)).await?;
        }
        Some(())
    }

    async fn say(&mut self, text: &str) -> Option<()> {
        self.stream.write_all(text.as_bytes()).await.ok()?;
        self.stream.flush().await.ok()
    }

    async fn until(&mut self, enough: impl Fn(&str) -> bool) -> Option<()> {
        let before = self.heard.len();
        let done = until(&mut self.stream, &mut self.heard, enough).await;
        // A log that cannot be written is missed by the test that reads it.
        let _ = (&*self.log).write_all(self.heard.get(before..).unwrap_or_default().as_bytes());
        done
    }
}

/// Reads until there is enough; nothing if the client is gone before, or talks without end.
async fn until<S: AsyncRead + Unpin>(stream: &mut S, heard: &mut String, enough: impl Fn(&str) -> bool) -> Option<()> {
    let mut buffer = [0; 4096];
    while !enough(heard) {
        let length = stream.read(&mut buffer).await.ok().filter(|length| *length > 0)?;
        heard.push_str(&String::from_utf8_lossy(buffer.get(..length)?));
        if heard.len() > LIMIT {
            return None;
        }
    }
    Some(())
}

/// Whether the client's stream has begun.
fn is_begun(heard: &str) -> bool {
    heard.split_once("<stream:stream").is_some_and(|(_, rest)| rest.contains('>'))
}

/// The id of the last request.
fn id(heard: &str) -> Option<&str> {
    let (_, rest) = heard.rsplit_once("<iq")?.1.split_once(" id=")?;
    let quote = rest.chars().next()?;
    rest.get(1..)?.split(quote).next()
}

fn header(domain: &str) -> String {
    format!(
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' \
         from='{domain}' version='1.0'>"
    )
}

fn features(of: &str) -> String {
    format!("<stream:features>{of}</stream:features>")
}
