//! A scripted server, in this process, that lies where it is told to. Otherwise it does what clients ask an honest one for:
//! registration (XEP-0077), SCRAM, a resource, presence, chat messages, and stream management (XEP-0198).

use std::collections::{BTreeMap, VecDeque};
use std::mem::take;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use flashpaper::{Config, Dial, Dialed, Dialers, Engine, Key, Network, PrivateNetwork};
use flashpaper_lab::Authority;
use flashpaper_tor::{DialError, Target};
use futures::future::BoxFuture;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use sasl::common::Password;
use sasl::common::scram::{ScramProvider as _, Sha256};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, duplex, split};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::sync::CancellationToken;

use super::impostor::Impostors;
use super::xml::{attribute, content, from, name, next_part};
use crate::support::{SERVER, Tested};

/// The server: also what dials it. Clones are the same server.
#[derive(Clone)]
pub(crate) struct Server {
    state: Arc<Mutex<State>>,
    tls: TlsAcceptor,
    folder: Arc<TempDir>,
    certificate: String,
}

impl Server {
    /// `seed`: what it draws its lies from.
    pub(crate) fn new(seed: u64) -> Tested<Self> {
        let folder = TempDir::new()?;
        let authority = Authority::open(folder.path())?;
        let (certificate, key) = authority.issue(&[SERVER])?;
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from_pem_file(certificate)?], PrivateKeyDer::from_pem_file(key)?)?;
        let tls = TlsAcceptor::from(Arc::new(config));
        let state = Arc::new(Mutex::new(State::new(seed)));
        Ok(Self { state, tls, certificate: authority.pem()?, folder: Arc::new(folder) })
    }

    /// An engine at work on a network with nothing but this server.
    pub(crate) async fn open(&self, home: &Path) -> Tested<Engine> {
        let server = json!({ "domain": SERVER, "in_band_registration": "yes" });
        let network = json!({ "arti": "", "ca_pem": self.certificate, "servers": [server] });
        let network = Network::Private(PrivateNetwork::parse(&json!({ "network": network }).to_string())?);
        let engine = Engine::open(Config { home: home.to_owned(), key: Key::File, network, resolvers: None }).await?;
        engine.start_on(Arc::new(self.clone())).await?;
        Ok(engine)
    }

    /// Takes connections at an address, for clients that are processes of their own.
    #[expect(clippy::disallowed_types, reason = "a server for tests")]
    pub(crate) async fn listen(&self, address: SocketAddr) -> Tested {
        let (listener, server) = (tokio::net::TcpListener::bind(address).await?, self.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(server.clone().serve(stream));
            }
        });
        Ok(())
    }

    /// The folder of the certificate authority.
    pub(crate) fn authority(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let Ok(stream) = self.tls.accept(stream).await else { return };
        let (mut input, mut output) = split(stream);
        let (says, mut said) = mpsc::unbounded_channel::<String>();
        let mut client = Client::new(says);
        let cut = client.cut.clone();
        let saying = async {
            while let Some(text) = said.recv().await {
                if output.write_all(text.as_bytes()).await.is_err() || output.flush().await.is_err() {
                    return;
                }
            }
        };
        let hearing = async {
            let mut heard = Vec::new();
            while let Ok(1..) = input.read_buf(&mut heard).await {
                while let Some(part) = next_part(&mut heard) {
                    self.state().hears(&mut client, &part);
                }
            }
        };
        tokio::select! {
            () = saying => {}
            () = hearing => {}
            () = cut.cancelled() => {}
        }
    }
}

impl Dialers for Server {
    fn isolated(&self) -> Arc<dyn Dial> {
        Arc::new(self.clone())
    }
}

impl Dial for Server {
    fn dial<'a>(&'a self, _: &'a Target, _: Duration) -> BoxFuture<'a, Result<Dialed, DialError>> {
        let (near, far) = duplex(1 << 16);
        tokio::spawn(self.clone().serve(far));
        Box::pin(async { Ok(Dialed { stream: Box::new(near), circuit: None }) })
    }
}

/// One connection.
struct Client {
    says: mpsc::UnboundedSender<String>,
    cut: CancellationToken,
    /// The account, once it has begun to log in.
    account: String,
    /// What both sides of the login have said.
    scram: String,
    is_in: bool,
}

impl Client {
    fn new(says: mpsc::UnboundedSender<String>) -> Self {
        let (cut, account, scram) = Default::default();
        Self { says, cut, account, scram, is_in: false }
    }

    fn say(&self, text: impl Into<String>) {
        // Who has gone hears nothing.
        let _ = self.says.send(text.into());
    }
}

/// An account, and its stream.
#[derive(Default)]
struct Account {
    salted: Vec<u8>,
    resource: String,
    /// The connection that it uses now.
    live: Option<(mpsc::UnboundedSender<String>, CancellationToken)>,
    /// It is told what comes.
    is_ready: bool,
    /// The name of a stream that can be taken up again.
    stream: Option<String>,
    /// What the client has not acknowledged, or was not told yet.
    waiting: VecDeque<String>,
    acked: u32,
    /// How many stanzas of the client were taken.
    handled: u32,
    /// How many it was told that were.
    told: u32,
}

impl Account {
    fn say(&self, text: impl Into<String>) {
        if let Some((says, _)) = &self.live {
            let _ = says.send(text.into());
        }
    }

    fn deliver(&mut self, stanza: &str) {
        self.waiting.push_back(stanza.to_owned());
        if self.is_ready {
            self.say(stanza);
            self.say("<r xmlns='urn:xmpp:sm:3'/>");
            if self.stream.is_none() {
                self.waiting.clear();
            }
        }
    }

    fn deliver_waiting(&mut self) {
        self.is_ready = true;
        take(&mut self.waiting).iter().for_each(|stanza| self.deliver(stanza));
    }

    /// The client has everything up to here.
    fn acknowledged(&mut self, h: u32) {
        let count = h.wrapping_sub(self.acked) as usize;
        if count <= self.waiting.len() {
            self.waiting.drain(..count);
            self.acked = h;
        }
    }

    fn cut(&mut self) {
        if let Some((_, cut)) = self.live.take() {
            cut.cancel();
        }
        self.is_ready = false;
    }
}

/// What the server knows and does.
pub(crate) struct State {
    rng: StdRng,
    /// Whether it lies.
    pub(crate) lies: bool,
    /// Whether it offers to bind logins to their TLS connection.
    pub(crate) binds: bool,
    /// The mechanisms of the logins that were begun.
    pub(crate) logins: Vec<String>,
    accounts: BTreeMap<String, Account>,
    /// Messages that came, and to whom: to be let through later or never.
    held: Vec<(String, String)>,
    /// All messages that came, and to whom.
    recorded: Vec<(String, String)>,
    pub(crate) impostors: Impostors,
    /// Lies about messages that it has not told yet.
    untold: Vec<u32>,
    /// How often it lied, by the kind.
    pub(crate) told: BTreeMap<&'static str, u32>,
}

impl State {
    fn new(seed: u64) -> Self {
        let (rng, impostors) = (StdRng::seed_from_u64(seed), Impostors::new(seed));
        let (lies, binds, logins, accounts, held, recorded, told) = Default::default();
        let untold = (0..HONEST).collect();
        Self { rng, lies, binds, logins, accounts, held, recorded, impostors, untold, told }
    }

    /// Ends an account's connection as if the network had.
    pub(crate) fn cut(&mut self, account: &str) {
        self.accounts.get_mut(account).map(Account::cut);
    }

    /// Lets some of what was held back through, in any order.
    pub(crate) fn release(&mut self) {
        self.held.shuffle(&mut self.rng);
        let keep = if self.lies { self.rng.random_range(0..=self.held.len()) } else { 0 };
        for (to, stanza) in self.held.split_off(keep) {
            self.deliver(&to, &stanza);
        }
    }

    /// Delivers something again that was recorded at any time.
    pub(crate) fn replay(&mut self) {
        if self.recorded.is_empty() {
            return;
        }
        let (to, stanza) = self.recorded[self.rng.random_range(0..self.recorded.len())].clone();
        self.count("replayed");
        self.deliver(&to, &stanza);
    }

    /// Talks to an account in another's name, with a key of its own: begins a private conversation, or says something in it
    /// and claims ids that it has seen.
    pub(crate) fn impersonate(&mut self, account: &str, to: &str) {
        let seen: Vec<String> = self.recorded.iter().filter_map(|(_, stanza)| attribute(stanza, "id")).collect();
        let bodies = self.impostors.act(account, to, &seen);
        self.count("impersonated");
        self.say_as(account, to, bodies);
    }

    /// Lies no more: what it has it delivers, and it has forgotten all streams.
    pub(crate) fn repent(&mut self) {
        self.lies = false;
        self.release();
        // Who keeps no stream would not come back.
        for account in self.accounts.values_mut().filter(|account| account.stream.is_some()) {
            account.cut();
            account.stream = None;
        }
    }

    fn count(&mut self, lie: &'static str) {
        *self.told.entry(lie).or_default() += 1;
    }

    fn say_as(&mut self, account: &str, to: &str, bodies: Vec<String>) {
        let sender = self.accounts.get(account).map_or("", |account| &account.resource).to_owned();
        for body in bodies {
            let id = self.rng.random::<u64>();
            let stanza = format!(
                "<message to='{to}@{SERVER}' type='chat' id='{id:x}'><body>{body}</body></message>",
                body = escaped(&body)
            );
            self.deliver(to, &from(&stanza, &format!("{account}@{SERVER}/{sender}")));
        }
    }

    fn deliver(&mut self, to: &str, stanza: &str) {
        if let Some(account) = self.accounts.get_mut(to) {
            account.deliver(stanza);
        }
    }

    fn hears(&mut self, client: &mut Client, part: &str) {
        if let Some(account) = self.accounts.get_mut(&client.account)
            && ["iq", "message", "presence"].contains(&name(part))
        {
            account.handled = account.handled.wrapping_add(1);
        }
        match name(part) {
            "stream:stream" => client.say(features(client.is_in, self.binds)),
            "/stream:stream" => {
                client.say("</stream:stream>");
                if let Some(account) = self.accounts.get_mut(&client.account) {
                    (account.live, account.is_ready, account.stream) = (None, false, None);
                }
            }
            "auth" => self.begins_login(client, part),
            "response" => self.ends_login(client, part),
            "iq" => self.is_asked(client, part),
            "enable" | "resume" | "r" | "a" => self.manages(client, part),
            "presence" => self.hears_of_presence(client, part),
            "message" => self.takes(&client.account.clone(), part),
            _ => {}
        }
    }

    fn begins_login(&mut self, client: &mut Client, part: &str) {
        self.logins.extend(attribute(part, "mechanism"));
        let said = decoded(part);
        let bare = said.splitn(3, ',').nth(2).unwrap_or_default();
        let (user, nonce) = bare.trim_start_matches("n=").split_once(",r=").unwrap_or_default();
        if !self.accounts.contains_key(user) {
            return client.say(format!("<failure xmlns='{SASL}'><not-authorized/></failure>"));
        }
        let challenge = format!("r={nonce}more,s=c2FsdA==,i=4096");
        client.say(format!("<challenge xmlns='{SASL}'>{}</challenge>", BASE64.encode(&challenge)));
        (client.account, client.scram) = (user.to_owned(), format!("{bare},{challenge}"));
    }

    /// The client knows the password and has this TLS connection: what matters here is that it finds the server to.
    fn ends_login(&mut self, client: &mut Client, part: &str) {
        let said = decoded(part);
        let without_proof = said.split_once(",p=").unwrap_or_default().0;
        let Some(account) = self.accounts.get_mut(&client.account) else { return };
        let hmac = |key: &[u8], text: &[u8]| Sha256::hmac(text, key).unwrap_or_default();
        let signed = format!("{},{without_proof}", client.scram);
        let signature = BASE64.encode(hmac(&hmac(&account.salted, b"Server Key"), signed.as_bytes()));
        client.say(format!("<success xmlns='{SASL}'>{}</success>", BASE64.encode(format!("v={signature}"))));
        client.is_in = true;
        account.cut();
        account.live = Some((client.says.clone(), client.cut.clone()));
    }

    fn is_asked(&mut self, client: &Client, part: &str) {
        let id = attribute(part, "id").unwrap_or_default();
        let answer = |payload: &str| client.say(format!("<iq type='result' id='{id}'>{payload}</iq>"));
        if let Some(resource) = content(part, "resource") {
            let jid = format!("{}@{SERVER}/{resource}", client.account);
            answer(&format!("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>{jid}</jid></bind>"));
            if let Some(account) = self.accounts.get_mut(&client.account) {
                account.resource = resource;
                (account.stream, account.is_ready) = (None, false);
            }
        } else if let Some((user, password)) = content(part, "username").zip(content(part, "password")) {
            let salted = Sha256::derive(&Password::Plain(password), b"salt", 4096).unwrap_or_default();
            self.accounts.insert(user, Account { salted, ..Account::default() });
            answer("");
        } else if part.contains("<remove") {
            self.accounts.remove(&client.account);
            answer("");
        } else if part.contains("jabber:iq:register") {
            answer("<query xmlns='jabber:iq:register'><username/><password/></query>");
        } else {
            answer("");
        }
    }

    fn manages(&mut self, client: &Client, part: &str) {
        let h = attribute(part, "h").and_then(|h| h.parse().ok()).unwrap_or_default();
        let lie = if self.lies { self.rng.random_range(0..20) } else { u32::MAX };
        let Some(account) = self.accounts.get_mut(&client.account) else { return };
        match name(part) {
            "enable" => {
                let stream = format!("{:x}", self.rng.random::<u64>());
                client.say(format!("<enabled xmlns='{MANAGEMENT}' id='{stream}' resume='true'/>"));
                account.stream = Some(stream);
                (account.acked, account.handled, account.told) = (0, 0, 0);
            }
            "resume" if account.stream.is_some() && account.stream == attribute(part, "previd") => {
                account.acknowledged(h);
                let previd =
                    if lie == 0 { "another".to_owned() } else { attribute(part, "previd").unwrap_or_default() };
                if lie == 1 {
                    // A stanza that the client had handled comes to it twice.
                    account.handled = account.told;
                }
                let says = if lie == 2 { account.handled.wrapping_add(1000) } else { account.handled };
                client.say(format!("<resumed xmlns='{MANAGEMENT}' previd='{previd}' h='{says}'/>"));
                account.told = account.handled;
                account.deliver_waiting();
                if let Some(kind) = ["another previd", "h too low", "h too high"].get(lie as usize) {
                    self.count(kind);
                }
            }
            "resume" => client.say(format!(
                "<failed xmlns='{MANAGEMENT}'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"
            )),
            "r" => {
                let says = match lie {
                    0 => account.handled.wrapping_add(1),
                    1 => account.told.wrapping_sub(1),
                    // Later, then.
                    2..5 => account.told,
                    _ => account.handled,
                };
                if lie > 1 {
                    account.told = says;
                }
                client.say(format!("<a xmlns='{MANAGEMENT}' h='{says}'/>"));
                if let Some(kind) = ["h too high", "h too low"].get(lie as usize) {
                    self.count(kind);
                }
            }
            _ => account.acknowledged(h),
        }
    }

    fn hears_of_presence(&mut self, client: &Client, part: &str) {
        let Some(own) = self.accounts.get(&client.account) else { return };
        let (bare, full) = (format!("{}@{SERVER}", client.account), own.resource.clone());
        let full = format!("{bare}/{full}");
        if let Some(to) = attribute(part, "to") {
            return self.deliver(&user(&to), &from(part, &bare));
        }
        if attribute(part, "type").is_some() {
            return;
        }
        let others: Vec<String> = self.accounts.keys().filter(|other| **other != client.account).cloned().collect();
        for other in others {
            let theirs = self.accounts.get(&other).filter(|other| other.is_ready).map(|other| other.resource.clone());
            let Some(theirs) = theirs else { continue };
            self.deliver(&other, &from("<presence/>", &full));
            self.deliver(&client.account, &from("<presence/>", &format!("{other}@{SERVER}/{theirs}")));
        }
        if let Some(account) = self.accounts.get_mut(&client.account) {
            account.deliver_waiting();
        }
    }

    /// Which lie is told of a message, if any: each of them once, and then by chance.
    fn draw_lie(&mut self) -> u32 {
        if !self.lies {
            return HONEST;
        }
        self.untold.pop().unwrap_or_else(|| self.rng.random_range(0..16))
    }

    /// Decides on a message that has come.
    fn takes(&mut self, sender: &str, part: &str) {
        let Some(to) = attribute(part, "to") else { return };
        let (to, resource) = (user(&to), self.accounts.get(sender).map_or("", |own| &own.resource));
        let stanza = from(part, &format!("{sender}@{SERVER}/{resource}"));
        let answers = content(part, "body").map(|body| self.impostors.hear(&to, sender, &body)).unwrap_or_default();
        self.say_as(&to, sender, answers);
        self.recorded.push((to.clone(), stanza.clone()));
        let kind = match self.draw_lie() {
            0 | 1 => "dropped",
            2 | 3 => {
                self.held.push((to.clone(), stanza.clone()));
                "held back"
            }
            4 | 5 => {
                self.deliver(&to, &stanza);
                "doubled"
            }
            kind @ (6..=8) => {
                // A receipt or an error in the peer's name.
                let (id, theirs) = (attribute(part, "id").unwrap_or_default(), self.accounts.get(&to));
                let theirs = format!("{to}@{SERVER}/{}", theirs.map_or("", |account| &account.resource));
                let payload = if kind == 8 {
                    "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>".to_owned()
                } else {
                    format!("<received xmlns='urn:xmpp:receipts' id='{id}'/>")
                };
                let (type_, own) = if kind == 8 { ("error", &*id) } else { ("chat", "forged") };
                let forged = format!("<message to='{sender}@{SERVER}' type='{type_}' id='{own}'>{payload}</message>");
                self.deliver(sender, &from(&forged, &theirs));
                if kind == 8 { "bounced" } else { "confirmed" }
            }
            HONEST.. => return self.deliver(&to, &stanza),
        };
        self.count(kind);
        if kind == "doubled" {
            self.deliver(&to, &stanza);
        }
    }
}

/// How many lies about messages there are: from here on a draw is none.
const HONEST: u32 = 9;
const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";
const MANAGEMENT: &str = "urn:xmpp:sm:3";

fn features(is_in: bool, binds: bool) -> String {
    let features = if is_in {
        format!("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='{MANAGEMENT}'/>")
    } else {
        let bound = if binds { "<mechanism>SCRAM-SHA-256-PLUS</mechanism>" } else { "" };
        format!(
            "<mechanisms xmlns='{SASL}'>{bound}<mechanism>SCRAM-SHA-256</mechanism></mechanisms>\
             <register xmlns='http://jabber.org/features/iq-register'/>"
        )
    };
    format!(
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' id='1' from='{SERVER}' version='1.0' \
         xmlns:stream='http://etherx.jabber.org/streams'><stream:features>{features}</stream:features>"
    )
}

/// The text of a step of SASL.
fn decoded(part: &str) -> String {
    let text = part.split(['<', '>']).nth(2).unwrap_or_default();
    String::from_utf8(BASE64.decode(text).unwrap_or_default()).unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// The name in a JID.
fn user(jid: &str) -> String {
    jid.split('@').next().unwrap_or_default().to_owned()
}
