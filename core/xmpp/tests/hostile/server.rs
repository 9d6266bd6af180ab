//! A server that says what a test makes it say, at the other end of a pipe.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flashpaper_xmpp::Tls;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use sasl::common::scram::{ScramProvider, Sha256};
use sasl::common::{Password, xor};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ServerConfig, SupportedProtocolVersion};
use tokio_rustls::server::TlsStream;

pub(crate) const DOMAIN: &str = "jabber.example";
pub(crate) const USERNAME: &str = "nobody";
pub(crate) const PASSWORD: &str = "correct-horse";

/// What an honest server offers before and after the login.
pub(crate) const SCRAM: &str = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
    <mechanism>PLAIN</mechanism><mechanism>SCRAM-SHA-256</mechanism></mechanisms>";
pub(crate) const SCRAM_PLUS: &str = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
    <mechanism>SCRAM-SHA-256</mechanism><mechanism>SCRAM-SHA-256-PLUS</mechanism></mechanisms>\
    <sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='tls-exporter'/></sasl-channel-binding>";
/// One that does all of a login at once (XEP-0388, XEP-0386, XEP-0198), beside what others do.
pub(crate) const SASL2: &str = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
    <mechanism>PLAIN</mechanism><mechanism>SCRAM-SHA-256</mechanism></mechanisms>\
    <authentication xmlns='urn:xmpp:sasl:2'><mechanism>PLAIN</mechanism><mechanism>SCRAM-SHA-256</mechanism>\
    <inline><bind xmlns='urn:xmpp:bind:0'><inline><feature var='urn:xmpp:carbons:2'/>\
    <feature var='urn:xmpp:sm:3'/></inline></bind><sm xmlns='urn:xmpp:sm:3'/></inline></authentication>\
    <limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>10000</max-bytes></limits>\
    <register xmlns='http://jabber.org/features/iq-register'/>";
pub(crate) const STARTTLS: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>";
pub(crate) const BIND: &str = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>";

pub(crate) const MANAGEMENT: &str = "<sm xmlns='urn:xmpp:sm:3'/>";
/// With a place for the next connection, where the client must not go.
pub(crate) const ENABLED: &str =
    "<enabled xmlns='urn:xmpp:sm:3' id='stream-1' resume='true' location='elsewhere.example:5222' max='600'/>";

/// A certificate authority with one server of its own.
#[derive(Clone)]
pub(crate) struct Authority {
    pub(crate) tls: Tls,
    acceptor: TlsAcceptor,
}

impl Authority {
    /// The server's certificate is for `name`.
    pub(crate) fn new(name: &str) -> Result<Self, Box<dyn std::error::Error>> {
        Self::with_versions(name, &[&TLS13, &TLS12])
    }

    /// The same, with these versions of TLS only.
    pub(crate) fn with_versions(
        name: &str,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate()?;
        let root = authority.self_signed(&authority_key)?;
        let key = KeyPair::generate()?;
        let issuer = Issuer::new(authority, authority_key);
        let certificate = CertificateParams::new(vec![name.to_owned()])?.signed_by(&key, &issuer)?;
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))?;
        Ok(Self { tls: Tls::only_roots_in(&root.pem())?, acceptor: Arc::new(config).into() })
    }

    /// Takes a connection by TLS and opens the XMPP stream on it.
    pub(crate) async fn accept(
        &self,
        stream: DuplexStream,
        features: &str,
    ) -> io::Result<Peer<TlsStream<DuplexStream>>> {
        let mut peer = self.takes(stream).await?;
        peer.opens(features).await?;
        Ok(peer)
    }

    /// Takes a connection by TLS.
    pub(crate) async fn takes(&self, stream: DuplexStream) -> io::Result<Peer<TlsStream<DuplexStream>>> {
        Ok(Peer::new(self.acceptor.accept(stream).await?))
    }
}

/// One end of a connection: what was heard on it, and a script to be followed.
pub(crate) struct Peer<S> {
    stream: S,
    heard: Vec<u8>,
    /// Up to here the script has taken notice.
    noticed: usize,
    /// The namespace of the login.
    sasl: &'static str,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(crate) const fn new(stream: S) -> Self {
        Self { stream, heard: Vec::new(), noticed: 0, sasl: "urn:ietf:params:xml:ns:xmpp-sasl" }
    }

    pub(crate) async fn says(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(text.as_bytes()).await?;
        self.stream.flush().await
    }

    /// Says what may be no text, and ends, whether or not the client hears all of it. Gives everything that it has said.
    pub(crate) async fn says_at_last(mut self, bytes: &[u8]) -> String {
        if self.stream.write_all(bytes).await.is_ok() {
            let _ = self.ends().await;
        }
        let _ = self.stream.read_to_end(&mut self.heard).await;
        String::from_utf8_lossy(&self.heard).into_owned()
    }

    /// Says something that the client leaves before it has heard all of.
    pub(crate) async fn says_into_the_void(&mut self, text: &str) -> io::Result<()> {
        let said = self.says(text).await;
        if said.is_ok() { Err(io::Error::other("the client has heard it all")) } else { Ok(()) }
    }

    /// Waits for a text, of which the script takes no notice yet, and gives everything new.
    pub(crate) async fn sees(&mut self, wanted: &str) -> io::Result<String> {
        let noticed = self.noticed;
        self.hears(wanted).await?;
        self.noticed = noticed;
        Ok(String::from_utf8_lossy(&self.heard[noticed..]).into_owned())
    }

    /// Waits for a text, and gives everything new up to its end.
    pub(crate) async fn hears(&mut self, wanted: &str) -> io::Result<String> {
        loop {
            let new = String::from_utf8_lossy(&self.heard[self.noticed..]).into_owned();
            if let Some(at) = new.find(wanted) {
                let end = at + wanted.len();
                self.noticed += end;
                return Ok(new[..end].to_owned());
            }
            if self.stream.read_buf(&mut self.heard).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Takes the client's stream header and answers with its own and these features.
    pub(crate) async fn opens(&mut self, features: &str) -> io::Result<()> {
        self.opens_with(&format!("<stream:features>{features}</stream:features>")).await
    }

    /// The same, with whatever behind its own header.
    pub(crate) async fn opens_with(&mut self, behind: &str) -> io::Result<()> {
        self.hears("<stream:stream").await?;
        self.hears(">").await?;
        self.says(&format!(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' id='1' from='{DOMAIN}' version='1.0' \
             xmlns:stream='http://etherx.jabber.org/streams'>{behind}"
        ))
        .await
    }

    /// Waits for a request and gives the id that the client drew for it.
    pub(crate) async fn hears_request(&mut self) -> io::Result<String> {
        let request = self.hears("</iq>").await?;
        between(&request, "id='", "'")
    }

    /// Says something once the client has said something, and goes.
    pub(crate) async fn says_after(mut self, wanted: &str, text: &str) -> io::Result<()> {
        self.hears(wanted).await?;
        self.says(text).await
    }

    /// Closes this direction.
    pub(crate) async fn ends(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    pub(crate) fn into_inner(self) -> S {
        self.stream
    }

    /// Lets an account in as RFC 5802 wants it, and binds a resource for it.
    pub(crate) async fn lets_in(&mut self) -> io::Result<()> {
        let proof = Scram::hears_first(self).await?.hears_proof(self, "s=c2FsdA==,i=4096").await?;
        self.succeeds(&proof).await?;
        self.binds(USERNAME).await
    }

    /// As above, for somebody who stays: says what an answer to `<enable/>` it wants.
    pub(crate) async fn lets_stay(&mut self, enabled: &str) -> io::Result<()> {
        let proof = Scram::hears_first(self).await?.hears_proof(self, "s=c2FsdA==,i=4096").await?;
        self.succeeds(&proof).await?;
        self.opens(&format!("{BIND}{MANAGEMENT}")).await?;
        self.gives_resource(USERNAME).await?;
        self.hears("<enable ").await?;
        self.hears("</enable>").await?;
        self.says(enabled).await
    }

    /// Opens the stream of somebody logged in and binds the resource that is asked for to an account.
    pub(crate) async fn binds(&mut self, username: &str) -> io::Result<()> {
        self.opens(BIND).await?;
        self.gives_resource(username).await
    }

    pub(crate) async fn gives_resource(&mut self, username: &str) -> io::Result<()> {
        let request = self.hears("</iq>").await?;
        let (id, resource) = (between(&request, "id='", "'")?, between(&request, "<resource>", "</resource>")?);
        self.says(&format!(
            "<iq type='result' id='{id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <jid>{username}@{DOMAIN}/{resource}</jid></bind></iq>"
        ))
        .await
    }

    pub(crate) async fn challenges(&mut self, message: &str) -> io::Result<()> {
        let (data, namespace) = (BASE64.encode(message), self.sasl);
        self.says(&format!("<challenge xmlns='{namespace}'>{data}</challenge>")).await
    }

    pub(crate) async fn succeeds(&mut self, message: &str) -> io::Result<()> {
        let data = BASE64.encode(message);
        self.says(&format!("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{data}</success>")).await
    }

    /// Success by SASL 2, for an account with a resource, with this inside.
    pub(crate) async fn succeeds_at_once(&mut self, message: &str, jid: &str, inside: &str) -> io::Result<()> {
        let data = BASE64.encode(message);
        self.says(&format!(
            "<success xmlns='urn:xmpp:sasl:2'><additional-data>{data}</additional-data>\
             <authorization-identifier>{jid}</authorization-identifier>{inside}</success>"
        ))
        .await
    }

    /// Everything that the client has said when it leaves.
    pub(crate) async fn heard_in_all(mut self) -> io::Result<String> {
        if self.hears("</stream:stream>").await.is_ok() {
            // The client waits for the server's.
            let _ = self.says("</stream:stream>").await;
        }
        match self.stream.read_to_end(&mut self.heard).await {
            // A client that leaves in a hurry says no goodbye.
            Err(error) if error.kind() != ErrorKind::UnexpectedEof => Err(error),
            _ => String::from_utf8(self.heard).map_err(io::Error::other),
        }
    }
}

impl<S> Peer<TlsStream<S>> {
    /// What both ends, and nobody else, know of this TLS connection (RFC 9266).
    pub(crate) fn exporter(&self) -> io::Result<Vec<u8>> {
        let tls = self.stream.get_ref().1;
        tls.export_keying_material(vec![0; 32], b"EXPORTER-Channel-Binding", None).map_err(io::Error::other)
    }
}

/// The server's side of one SCRAM-SHA-256 exchange.
pub(crate) struct Scram {
    gs2: String,
    client_first: String,
    pub(crate) client_nonce: String,
}

impl Scram {
    pub(crate) async fn hears_first<S: AsyncRead + AsyncWrite + Unpin>(peer: &mut Peer<S>) -> io::Result<Self> {
        let message = sasl_message(&peer.hears("</auth>").await?)?;
        Self::of(&message)
    }

    /// The same by SASL 2.
    pub(crate) async fn hears_authenticate<S>(peer: &mut Peer<S>) -> io::Result<Self>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        peer.sasl = "urn:xmpp:sasl:2";
        let message = sasl_message(&peer.hears("</initial-response>").await?)?;
        peer.hears("</authenticate>").await?;
        Self::of(&message)
    }

    fn of(message: &str) -> io::Result<Self> {
        let (gs2, client_first) = message.split_once(",,").ok_or(ErrorKind::InvalidData)?;
        let (_, nonce) = client_first.split_once(",r=").ok_or(ErrorKind::InvalidData)?;
        let gs2 = format!("{gs2},,");
        Ok(Self { gs2, client_first: client_first.to_owned(), client_nonce: nonce.to_owned() })
    }

    /// Challenges with a salt and a work factor, takes the proof, and gives the message that proves the server.
    pub(crate) async fn hears_proof<S: AsyncRead + AsyncWrite + Unpin>(
        self,
        peer: &mut Peer<S>,
        salt_and_rounds: &str,
    ) -> io::Result<String> {
        self.hears_proof_bound_to(peer, salt_and_rounds, &[]).await
    }

    /// The same, and the proof has to hold for a TLS connection.
    pub(crate) async fn hears_proof_bound_to<S: AsyncRead + AsyncWrite + Unpin>(
        self,
        peer: &mut Peer<S>,
        salt_and_rounds: &str,
        exported: &[u8],
    ) -> io::Result<String> {
        let server_first = format!("r={}more,{salt_and_rounds}", self.client_nonce);
        peer.challenges(&server_first).await?;
        let client_final = sasl_message(&peer.hears("</response>").await?)?;
        let (bare, proof) = client_final.split_once(",p=").ok_or(ErrorKind::InvalidData)?;
        let binding = BASE64.encode([self.gs2.as_bytes(), exported].concat());
        if bare != format!("c={binding},r={}more", self.client_nonce) {
            return Err(io::Error::other("the client is bound to something else"));
        }
        let signed = format!("{},{server_first},{bare}", self.client_first);
        let salted = Sha256::derive(&Password::Plain(PASSWORD.into()), b"salt", 4096).map_err(io::Error::other)?;
        let hmac = |key: &[u8], text: &[u8]| Sha256::hmac(text, key).map_err(io::Error::other);
        let client_key = hmac(&salted, b"Client Key")?;
        let client_signature = hmac(&Sha256::hash(&client_key), signed.as_bytes())?;
        if BASE64.encode(xor(&client_key, &client_signature)) != proof {
            return Err(io::Error::other("the client's proof is wrong"));
        }
        let server_key = hmac(&salted, b"Server Key")?;
        Ok(format!("v={}", BASE64.encode(hmac(&server_key, signed.as_bytes())?)))
    }
}

fn sasl_message(element: &str) -> io::Result<String> {
    let text = element.rsplit_once("</").and_then(|(start, _)| start.rsplit_once('>')).map(|(_, text)| text);
    let bytes = BASE64.decode(text.ok_or(ErrorKind::InvalidData)?).map_err(io::Error::other)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// What stands between two texts.
pub(crate) fn between(text: &str, before: &str, after: &str) -> io::Result<String> {
    let inner = text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map(|(inner, _)| inner);
    inner.map(str::to_owned).ok_or_else(|| ErrorKind::InvalidData.into())
}
