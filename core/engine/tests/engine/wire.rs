//! What others can see of a burner is what `core/docs/wire-profile.md` shows, byte for byte. Each block of stanzas there is
//! compared with what whole burners say inside TLS; a failure prints what was said, as the document would have it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flashpaper::{
    BurnOutcome, Burner, Clock, Config, CreateOptions, Dial, Dialed, Dialers, Engine, Key, MessageState, Network,
    Route, Seams, Security, Spread,
};
use flashpaper_lab::{Attacker, Authority, Facts, OtrEvent, OtrLibrary, OtrPeer, Remote, Tap, direct};
use flashpaper_tor::{DialError, Target};
use flashpaper_xmpp::Ids;
use futures::future::BoxFuture;
use rand::rand_core::UnwrapErr;
use rand::rngs::{StdRng, SysRng};
use rand::{Rng as _, SeedableRng as _, TryCryptoRng, TryRng};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::sleep;

use crate::support::{PATIENCE, Tested, config};

/// After so long a silence, the work that was begun is done.
const QUIET: Duration = Duration::from_millis(700);
/// The lab's server without TLS of its own: the tap in front of it can see inside.
pub(crate) const DOMAIN: &str = "notls.test";
/// Somebody there whom no burner knows.
const STRANGER: &str = "stranger@notls.test";

/// The document's blocks, by name.
fn profile() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut fences = include_str!("../../../docs/wire-profile.md").split("\n```");
    let mut blocks = BTreeMap::new();
    fences.next();
    while let (Some(block), Some(_)) = (fences.next(), fences.next()) {
        let mut lines = block.lines();
        let name = lines.next().and_then(|info| info.split_once(' ')).map_or("", |(_, name)| name);
        assert_eq!(blocks.insert(name, lines.collect()), None, "two blocks {name}");
    }
    blocks
}

/// Dialers with streams that all end at a tap, whatever is dialled, where the server listens.
#[derive(Clone)]
pub(crate) struct Through {
    facts: Facts,
    /// The only one that is open, if not both.
    open: Option<u16>,
    tap: Arc<Tap>,
    dialled: Arc<Mutex<Vec<String>>>,
}

impl Through {
    /// A tap that ends TLS, in front of the server without any.
    pub(crate) async fn inside(lab: &Remote) -> Tested<Self> {
        let tap = Tap::tls(target(lab, DOMAIN, 5222)?, &Authority::open(&lab.facts().authority)?, DOMAIN).await?;
        Ok(Self::new(lab, None, tap))
    }

    /// A tap that sees what the network does.
    async fn outside(lab: &Remote, domain: &str, port: u16) -> Tested<Self> {
        Ok(Self::new(lab, Some(port), Tap::plain(target(lab, domain, port)?).await?))
    }

    fn new(lab: &Remote, open: Option<u16>, tap: Tap) -> Self {
        let mut facts = lab.facts().clone();
        for address in facts.hosts.values_mut() {
            *address = tap.address().ip().to_string();
        }
        Self { facts, open, tap: Arc::new(tap), dialled: Arc::default() }
    }

    /// All connections, once nothing more is said.
    pub(crate) async fn recorded(&self) -> Vec<Vec<u8>> {
        let mut before = self.tap.recorded();
        loop {
            sleep(QUIET).await;
            let now = self.tap.recorded();
            if now == before {
                return now;
            }
            before = now;
        }
    }
}

impl Dialers for Through {
    fn isolated(&self) -> Arc<dyn Dial> {
        Arc::new(self.clone())
    }
}

impl Dial for Through {
    fn dial<'a>(&'a self, target: &'a Target, _: Duration) -> BoxFuture<'a, Result<Dialed, DialError>> {
        Box::pin(async move {
            let Target::Host { name, port } = target else { return Err(DialError::OnionUnreachable) };
            lock(&self.dialled).push(format!("{name}:{port}"));
            if self.open.is_some_and(|open| open != *port) {
                return Err(DialError::HostUnreachable);
            }
            let stream = direct::connect(&self.facts, name, self.tap.address().port()).await;
            Ok(Dialed { stream: Box::new(stream.map_err(|_| DialError::HostUnreachable)?), circuit: None })
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn target(lab: &Remote, domain: &str, port: u16) -> Tested<SocketAddr> {
    Ok((lab.facts().hosts.get(domain).ok_or("no such host")?.parse::<IpAddr>()?, port).into())
}

/// Seeded, and remembers the words that it gave: ids are drawn by them.
struct Source {
    rng: StdRng,
    words: Arc<Mutex<Vec<u32>>>,
}

impl TryRng for Source {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let word = self.rng.next_u32();
        lock(&self.words).push(word);
        Ok(word)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.rng.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.rng.fill_bytes(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Source {}

/// Gives words once more; zeros behind them.
struct Again(std::vec::IntoIter<u32>);

impl TryRng for Again {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next().unwrap_or_default())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unimplemented!("ids are drawn by words")
    }

    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Infallible> {
        unimplemented!("ids are drawn by words")
    }
}

impl TryCryptoRng for Again {}

/// A clock that goes on, and can be put forward by seconds.
#[derive(Clone)]
struct Ahead(Instant, Arc<AtomicU64>);

impl Clock for Ahead {
    fn unix_seconds(&self) -> u64 {
        self.since_boot().as_secs()
    }

    fn since_boot(&self) -> Duration {
        self.0.elapsed() + Duration::from_secs(self.1.load(SeqCst))
    }
}

/// An installation, and the words that its randomness gave.
struct Phone {
    engine: Engine,
    clock: Ahead,
    words: Arc<Mutex<Vec<u32>>>,
    _home: TempDir,
}

impl Phone {
    /// With names that no run before has taken.
    async fn new(lab: &Remote) -> Tested<Self> {
        Self::open(lab, UnwrapErr(SysRng).next_u64()).await
    }

    async fn open(lab: &Remote, seed: u64) -> Tested<Self> {
        let (home, clock, words) = (TempDir::new()?, Ahead(Instant::now(), Arc::default()), Arc::default());
        let rng = Box::new(Source { rng: StdRng::seed_from_u64(seed), words: Arc::clone(&words) });
        let seams = Seams { clock: Box::new(clock.clone()), rng };
        let engine = Engine::open_with(config(home.path(), lab)?, seams).await?;
        // A hundred burners that each wait for a moment of their own would take long.
        engine.set_spread(Spread::Within { time: Duration::ZERO });
        Ok(Self { engine, clock, words, _home: home })
    }

    /// Makes a burner with streams through a new tap.
    async fn create(&self, lab: &Remote) -> Tested<(Burner, Through)> {
        let line = Through::inside(lab).await?;
        self.engine.start_on(Arc::new(line.clone())).await?;
        Ok((self.engine.create_burner(at(DOMAIN)).await?, line))
    }

    /// Has a burner say its instance tag: it answers the query of a contact.
    async fn provoke(&self, lab: &Remote, burner: &Burner, line: &Through) -> Tested {
        let says = |what: &str| {
            let said = line.tap.recorded().get(1).map(|said| String::from_utf8_lossy(said).into_owned());
            Ok(said.is_some_and(|said| said.contains(what)))
        };
        self.engine.add_contact(&burner.id, STRANGER)?;
        self.engine.connect(&burner.id)?;
        until("there", || says("<presence></presence>")).await?;
        let query =
            format!("<message from='{STRANGER}/theirs' to='{}' type='chat'><body>?OTRv3?</body></message>", burner.jid);
        Attacker::connect(lab.facts()).await?.deliver(&query).await?;
        until("answered", || says("?OTR:")).await?;
        self.engine.disconnect(&burner.id)?;
        until("ended", || says("</stream:stream>")).await
    }

    /// Every id that may have been drawn.
    fn ids(&self) -> HashSet<String> {
        let words = lock(&self.words);
        // One takes a word for each of its 16 characters, and seldom one more.
        let drawn_from = |start: usize| {
            let words: Vec<u32> = words[start..].iter().take(20).copied().collect();
            Ids::new(Box::new(Again(words.into_iter()))).draw()
        };
        (0..words.len()).map(drawn_from).collect()
    }
}

/// The part of its JID before the `@`.
fn name_of(burner: &Burner) -> &str {
    burner.jid.split('@').next().unwrap_or_default()
}

pub(crate) fn at(domain: &str) -> CreateOptions {
    CreateOptions {
        server: Some(domain.to_owned()),
        route: Some(Route::Exit),
        recoverable: false,
        ..CreateOptions::default()
    }
}

/// Waits until something holds.
async fn until(what: &str, mut holds: impl FnMut() -> Tested<bool>) -> Tested {
    let end = Instant::now() + PATIENCE;
    while !holds()? {
        assert!(Instant::now() < end, "{what}");
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// What a client said on one stream: each top-level element as it is, and what opens and ends the stream.
pub(crate) fn elements(said: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(said);
    let mut rest = &*text;
    let (mut elements, mut element, mut depth) = (Vec::new(), String::new(), 0);
    while let Some(end) = rest.find('>') {
        // No attribute of ours holds the sign.
        let (piece, after) = rest.split_at(end + 1);
        rest = after;
        element.push_str(piece);
        let tag = piece.rsplit('<').next().unwrap_or_default();
        match tag.as_bytes() {
            [b'?', ..] | [.., b'/', b'>'] => {}
            _ if tag.starts_with("stream:stream") || tag.starts_with("/stream:stream") => {}
            [b'/', ..] => depth -= 1,
            _ => depth += 1,
        }
        if depth == 0 {
            elements.push(std::mem::take(&mut element));
        }
    }
    if !(element.is_empty() && rest.is_empty()) {
        elements.push(element + rest);
    }
    elements
}

/// The random fields that were blanked: field and value.
type Fields = Vec<(&'static str, String)>;

/// Blanks the random fields that the document lists, where they have the form that it names.
struct Blanks<'a> {
    own: &'a Burner,
    /// Names of others that it was told.
    others: Vec<(&'a str, &'static str)>,
    fields: Fields,
}

impl<'a> Blanks<'a> {
    fn of(own: &'a Burner) -> Self {
        Self { own, others: Vec::new(), fields: Vec::new() }
    }

    fn blank(&mut self, element: &str) -> String {
        let mut line = element.to_owned();
        for (value, name) in &self.others {
            line = line.replace(value, name);
        }
        let name = name_of(self.own).to_owned();
        line = line.replace(&self.own.jid, "{self}").replace(STRANGER, "{stranger}");
        let is_id = |id: &str| id.len() == 16 && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        line = line.replace(&format!("to='{DOMAIN}'"), "to='{server}'");
        self.field(&mut line, "<resource>", "<", "resource", is_id);
        self.field(&mut line, "{self}/", "'", "resource", is_id);
        // Without an address it answers the server's own question.
        self.field(&mut line, "<iq type='error' id='", "'", "server's id", |id| !id.is_empty());
        // Those of a question, by which its answer is known.
        self.field(&mut line, "<received xmlns='urn:xmpp:receipts' id='", "'", "same id", |id| !id.is_empty());
        self.field(&mut line, "<iq type='result' to='{self}/{resource}' id='", "'", "same id", is_id);
        self.field(&mut line, "id='", "'", "id", is_id);
        self.field(&mut line, "<field var='username'><value>", "<", "name", |value| value == name);
        let is_password = |value: &str| value.len() == 24 && value.bytes().all(|b| b.is_ascii_alphanumeric());
        self.field(&mut line, "<field var='password'><value>", "<", "password", is_password);
        self.field(&mut line, "h='", "'", "count", |value| value.parse::<u32>().is_ok());
        self.field(&mut line, "previd='", "'", "stream", |value| !value.is_empty());
        self.scram(&mut line, &name);
        self.otr(&mut line);
        line
    }

    fn field(
        &mut self,
        line: &mut String,
        before: &str,
        after: &str,
        field: &'static str,
        has_form: impl Fn(&str) -> bool,
    ) {
        let mut from = 0;
        while let Some(at) = line[from..].find(before) {
            from += at + before.len();
            let Some(length) = line[from..].find(after) else { return };
            let value = line[from..from + length].to_owned();
            if has_form(&value) {
                line.replace_range(from..from + length, &format!("{{{field}}}"));
                self.fields.push((field, value));
            }
        }
    }

    /// What is inside the base64 of a login (RFC 5802, section 7).
    fn scram(&mut self, line: &mut String, name: &str) {
        let Some((start, end)) = inside(line, &["<auth ", "<response "]) else { return };
        let Ok(Ok(text)) = STANDARD.decode(&line[start..end]).map(String::from_utf8) else { return };
        let is_key = |value: &str| value.len() == 44 && STANDARD.decode(value).is_ok_and(|key| key.len() == 32);
        let mut text = text.replace(&format!("n={name},"), "n={name},");
        if line.starts_with("<auth ") {
            text.push('\n');
            self.field(&mut text, "r=", "\n", "nonce", is_key);
            text.pop();
        } else if let Some((_, nonce)) = self.fields.iter().rfind(|(field, _)| *field == "nonce") {
            text = text.replace(nonce.as_str(), "{nonce}");
            // The server's part, and what follows from all of it.
            if let Some((before, proof)) = text.split_once(",p=").filter(|(_, proof)| is_key(proof)) {
                let before = before.split_once("{nonce}").map_or("", |(before, _)| before).to_owned();
                self.fields.push(("proof", proof.to_owned()));
                text = before + "{nonce}{server's nonce},p={proof}";
            }
        }
        line.replace_range(start..end, &format!("{{base64 of {text}}}"));
    }

    /// What a message of OTR's shows: version, type, and both instance tags.
    fn otr(&mut self, line: &mut String) {
        let Some((start, end)) = inside(line, &["<message "]).and_then(|(start, _)| {
            let start = line[start - 1..].find("<body>?OTR:")? + start - 1 + "<body>?OTR:".len();
            Some((start, start + line[start..].find(".</body>")?))
        }) else {
            return;
        };
        let Ok(bytes) = STANDARD.decode(&line[start..end]) else { return };
        let [0, 3, kind, a, b, c, d, to @ ..] = &bytes[..] else { return };
        let kind = match (kind, to.get(4)) {
            (0x02, _) => "D-H commit",
            (0x0a, _) => "D-H key",
            (0x11, _) => "reveal signature",
            (0x12, _) => "signature",
            (0x03, Some(0)) => "data with a text",
            (0x03, Some(1)) => "data without a text",
            _ => return,
        };
        let to = if to.starts_with(&[0; 4]) { "any" } else { "its" };
        self.fields.push(("tag", format!("{a:02x}{b:02x}{c:02x}{d:02x}")));
        self.fields.push(("otr", line[start..end].to_owned()));
        line.replace_range(start..end, &format!("{{{kind} from {{tag}} to {to} tag}}"));
    }
}

/// The text behind the first tag, where the line begins as one of these.
fn inside(line: &str, beginnings: &[&str]) -> Option<(usize, usize)> {
    let start = line.find('>')? + 1;
    let known = beginnings.iter().any(|beginning| line.starts_with(beginning));
    known.then(|| line[start..].find('<').map(|length| (start, start + length)))?
}

/// Compares a stream with blocks of the document, in this order.
fn assert_says(said: &[u8], blanks: &mut Blanks<'_>, blocks: &[&str]) {
    let profile = profile();
    // These come when they come, and nothing else looks like them.
    let anywhere = [&profile["counts"][..], &profile["pushes"]].concat();
    let said: Vec<String> = elements(said).iter().map(|element| blanks.blank(element)).collect();
    let said: Vec<&str> = said.iter().map(String::as_str).filter(|line| !anywhere.contains(line)).collect();
    let expected: Vec<&str> = blocks.iter().flat_map(|name| profile[name].iter().copied()).collect();
    let (said, expected) = (said.join("\n"), expected.join("\n"));
    assert!(said == expected, "{blocks:?}: said\n{said}\nexpected\n{expected}");
}

/// The name of a burner's client on its second stream: the server takes the resource that it is asked for.
pub(crate) fn full_jid(burner: &Burner, line: &Through) -> Option<String> {
    let said = elements(line.tap.recorded().get(1)?);
    let bound = said.iter().find_map(|element| element.split_once("<resource>")?.1.split_once('<'));
    Some(format!("{}/{}", burner.jid, bound?.0))
}

/// The blanked values, but for those of the server and those that repeat them.
fn own_fields(fields: &Fields) -> BTreeSet<(&'static str, &str)> {
    let own = fields.iter().filter(|(field, _)| !["count", "stream", "server's id", "same id"].contains(field));
    own.map(|(field, value)| (*field, value.as_str())).collect()
}

const LOGIN: [&str; 4] = ["stream", "login", "stream", "bind"];

fn logged_in<'a>(blocks: &[&'a str]) -> Vec<&'a str> {
    [&LOGIN, blocks].concat()
}

/// What a creation says.
fn assert_creates(said: &[u8], blanks: &mut Blanks<'_>) {
    let blocks = ["stream", "registration", "login", "stream", "bind", "trial", "archive", "end"];
    assert_says(said, blanks, &blocks);
}

/// One burner from its creation to its burn; it talks with another installation's.
async fn from_creation_to_burn(lab: &Remote, phone: &Phone, friends: &Phone) -> Tested<[Fields; 2]> {
    let (one, line) = phone.create(lab).await?;
    let (two, friends_line) = friends.create(lab).await?;
    let prefs = lab.facts().accounts.join(format!("notls%2etest/archive_prefs/{}.dat", name_of(&one)));
    assert!(std::fs::read_to_string(prefs)?.contains("[false] = false"), "the archive keeps nothing");
    let (engine, friend) = (&phone.engine, &friends.engine);
    for (phone, burner, line) in [(engine, &one, &line), (friend, &two, &friends_line)] {
        phone.connect(&burner.id)?;
        line.recorded().await;
    }

    // They come to know each other, and talk.
    engine.add_contact(&one.id, &two.jid)?;
    until("asked", || Ok(friend.conversation(&two.id, &one.jid).is_ok())).await?;
    friend.accept(&two.id, &one.jid)?;
    until("seen", || {
        Ok(engine.conversation(&one.id, &two.jid)?.present && friend.conversation(&two.id, &one.jid)?.present)
    })
    .await?;
    line.recorded().await;
    engine.start_private(&one.id, &two.jid)?;
    let is_private = |engine: &Engine, own: &Burner, peer: &Burner| {
        Tested::Ok(engine.conversation(&own.id, &peer.jid)?.security == Security::Private)
    };
    until("private", || Ok(is_private(engine, &one, &two)? && is_private(friend, &two, &one)?)).await?;
    line.recorded().await;
    let text = engine.send(&one.id, &two.jid, "hello", None)?;
    until("delivered", || Ok(engine.message(&one.id, text).map_or(true, |m| m.state == MessageState::Delivered)))
        .await?;
    friend.send(&two.id, &one.jid, "hello yourself", None)?;
    line.recorded().await;

    // Others ask what it is.
    let own_name = full_jid(&one, &line).ok_or("no bind")?;
    let friends_name = full_jid(&two, &friends_line).ok_or("no bind")?;
    let mut attacker = Attacker::connect(lab.facts()).await?;
    let questions = [
        ("get", "<query xmlns='http://jabber.org/protocol/disco#info'/>"),
        ("get", "<query xmlns='http://jabber.org/protocol/disco#items'/>"),
        ("get", "<query xmlns='jabber:iq:version'/>"),
        ("get", "<time xmlns='urn:xmpp:time'/>"),
        ("get", "<query xmlns='jabber:iq:last'/>"),
        ("get", "<vCard xmlns='vcard-temp'/>"),
        ("get", "<ping xmlns='urn:xmpp:ping'/>"),
        ("set", "<query xmlns='jabber:iq:roster'><item jid='x@notls.test'/></query>"),
    ];
    for (number, (kind, question)) in questions.into_iter().enumerate() {
        attacker
            .deliver(&format!(
                "<iq type='{kind}' id='ask{number}' from='{STRANGER}/theirs' to='{own_name}'>{question}</iq>"
            ))
            .await?;
        line.recorded().await;
    }

    // It keeps somebody away, sleeps, wakes, and ends.
    engine.set_blocked(&one.id, STRANGER, true)?;
    line.recorded().await;
    engine.set_blocked(&one.id, STRANGER, false)?;
    line.recorded().await;
    engine.suspend(Duration::from_secs(3)).await?;
    engine.resume().await?;
    line.recorded().await;
    assert_eq!(engine.burn(&one.id).await?.outcome, BurnOutcome::Proven);
    let said = line.recorded().await;
    assert_eq!(friend.burn(&two.id).await?.outcome, BurnOutcome::Proven);

    let theirs = friends_line.recorded().await;
    let mut blanks = Blanks::of(&one);
    blanks.others = vec![(&friends_name, "{peer}/{resource}"), (&two.jid, "{peer}")];
    assert_eq!(said.len(), 5);
    assert_creates(&said[0], &mut blanks);
    let talk = ["stay", "acquaintance", "exchange", "text", "receipt", "answers", "blocking"];
    assert_says(&said[1], &mut blanks, &logged_in(&talk));
    assert_says(&said[2], &mut blanks, &["stream", "login", "stream", "resumption", "goodbye"]);
    // The server may end the stream first.
    let removal = said[3].strip_suffix(b"</stream:stream>").unwrap_or(&said[3]);
    assert_says(removal, &mut blanks, &logged_in(&["removal"]));
    assert_says(&said[4], &mut blanks, &["stream", "proof"]);
    assert!(lock(&line.dialled).iter().all(|target| target == "notls.test:5223"));

    let mut friends_blanks = Blanks::of(&two);
    friends_blanks.others = vec![(&own_name, "{peer}/{resource}"), (&one.jid, "{peer}")];
    assert_eq!(theirs.len(), 4);
    assert_creates(&theirs[0], &mut friends_blanks);
    let talk = ["stay", "acceptance", "exchange of the asked", "receipt", "text"];
    assert_says(&theirs[1], &mut friends_blanks, &logged_in(&talk));
    Ok([blanks.fields, friends_blanks.fields])
}

#[test]
fn every_block_of_the_document_is_compared() {
    // What is said to servers of other kinds is compared where a script plays them.
    let scripted =
        [include_str!("../../../xmpp/tests/hostile/once.rs"), include_str!("../../../xmpp/tests/hostile/wire.rs")];
    let tests = include_str!("wire.rs").to_owned() + &scripted.concat();
    let left_out: Vec<_> = profile().into_keys().filter(|name| !tests.contains(&format!("\"{name}\""))).collect();
    assert_eq!(left_out, Vec::<&str>::new());
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn whole_lives_are_as_the_document_shows_and_share_nothing_else() -> Tested {
    let lab = Remote::from_env()?;
    let (phone, friends) = (Phone::new(&lab).await?, Phone::new(&lab).await?);
    // Two of one phone, one after the other.
    let [one, first_friend] = from_creation_to_burn(&lab, &phone, &friends).await?;
    let [two, second_friend] = from_creation_to_burn(&lab, &phone, &friends).await?;
    let mut owners = HashMap::new();
    for (owner, fields) in [&one, &two, &first_friend, &second_friend].into_iter().enumerate() {
        for field in own_fields(fields) {
            assert_eq!(*owners.entry(field).or_insert(owner), owner, "{field:?}");
        }
    }
    let drawn = [phone.ids(), friends.ids()];
    for (own, lives) in [(0, [&one, &two]), (1, [&first_friend, &second_friend])] {
        for (field, value) in lives.into_iter().flatten() {
            let known = match *field {
                "id" | "resource" => drawn[own].contains(value),
                "same id" => drawn.iter().any(|drawn| drawn.contains(value)),
                _ => true,
            };
            assert!(known, "{field} {value} is not from the engine's randomness");
        }
    }
    let ids: Vec<&String> = one.iter().filter(|(field, _)| *field == "id").map(|(_, id)| id).collect();
    assert!(ids.len() >= 20 && ids.iter().collect::<HashSet<_>>().len() == ids.len(), "{ids:?}");
    phone.engine.close().await;
    friends.engine.close().await;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn what_another_client_gets_is_as_the_document_shows() -> Tested {
    let lab = Remote::from_env()?;
    let phone = Phone::new(&lab).await?;
    let (burner, line) = phone.create(&lab).await?;
    let mut peer = OtrPeer::register(lab.facts(), OtrLibrary::Libotr).await?;
    peer.command(&format!("to {}", burner.jid)).await?;
    peer.command("receipts on").await?;
    phone.engine.add_contact(&burner.id, peer.jid())?;
    phone.engine.connect(&burner.id)?;
    phone.engine.send(&burner.id, peer.jid(), "hello", None)?;
    assert_eq!(peer.text(PATIENCE).await?, "hello");
    peer.events();
    peer.command("say hello yourself").await?;
    let sent = peer.until(PATIENCE, |event| matches!(event, OtrEvent::Sent { .. })).await?;
    let OtrEvent::Sent { id, .. } = sent else { return Err("another event".into()) };
    peer.until(PATIENCE, |event| *event == OtrEvent::Receipt { id: id.clone() }).await?;

    let said = line.recorded().await;
    let messages = elements(&said[1]).into_iter().filter(|element| element.starts_with("<message "));
    let mut blanks = Blanks::of(&burner);
    blanks.others = vec![(peer.full_jid(), "{peer}/{resource}"), (peer.jid(), "{peer}")];
    let blocks = ["exchange", "text to another client", "receipt for another client"];
    assert_says(messages.collect::<String>().as_bytes(), &mut blanks, &blocks);
    assert!(blanks.fields.contains(&("same id", id)));
    phone.engine.burn(&burner.id).await?;
    phone.engine.close().await;
    Ok(peer.remove().await?)
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_hundred_burners_of_one_phone_share_no_random_field() -> Tested {
    let lab = Remote::from_env()?;
    let phone = Phone::new(&lab).await?;
    let mut seen = HashMap::new();
    for number in 0..100 {
        // Five an hour may be made.
        phone.clock.1.fetch_add(900, SeqCst);
        let (burner, line) = phone.create(&lab).await?;
        let ended = |said: &Vec<u8>| said.ends_with(b"</stream:stream>");
        until("ended", || Ok(line.tap.recorded().first().is_some_and(ended))).await?;
        phone.provoke(&lab, &burner, &line).await?;
        let mut blanks = Blanks::of(&burner);
        let said = line.tap.recorded();
        assert_creates(&said[0], &mut blanks);
        elements(&said[1]).iter().for_each(|element| drop(blanks.blank(element)));
        let fields: BTreeSet<&str> = own_fields(&blanks.fields).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["id", "name", "nonce", "otr", "password", "proof", "resource", "tag"].into());
        for field in own_fields(&blanks.fields) {
            let field = (field.0, field.1.to_owned());
            assert_eq!(*seen.entry(field.clone()).or_insert(number), number, "{field:?}");
        }
    }
    phone.engine.close().await;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn the_same_randomness_gives_the_same_burner_and_another_shares_nothing() -> Tested {
    let lab = Remote::from_env()?;
    let (mut all, mut tags) = (Vec::new(), Vec::new());
    let [one, other] = [(); 2].map(|()| UnwrapErr(SysRng).next_u64());
    for seed in [one, one, other] {
        let phone = Phone::open(&lab, seed).await?;
        let (burner, line) = phone.create(&lab).await?;
        assert_eq!(phone.engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
        let mut blanks = Blanks::of(&burner);
        for said in line.recorded().await {
            elements(&said).iter().for_each(|element| drop(blanks.blank(element)));
        }
        // The login's nonce is drawn by the SASL library from the device's own source.
        blanks.fields.retain(|(field, _)| !["nonce", "proof"].contains(field));
        all.push(blanks.fields);
        // The order of the rest depends on the network.
        let (burner, line) = phone.create(&lab).await?;
        phone.provoke(&lab, &burner, &line).await?;
        let mut blanks = Blanks::of(&burner);
        elements(&line.tap.recorded()[1]).iter().for_each(|element| drop(blanks.blank(element)));
        tags.push(blanks.fields.into_iter().find(|(field, _)| *field == "tag").ok_or("no tag")?);
        // The next one takes the same name.
        phone.engine.burn(&burner.id).await?;
        phone.engine.close().await;
    }
    assert!(tags[0] == tags[1] && tags[0] != tags[2], "{tags:?}");
    assert!(all[0].len() > 10);
    assert_eq!(all[0], all[1]);
    assert!(own_fields(&all[0]).is_disjoint(&own_fields(&all[2])));
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_handshake_is_as_the_document_shows_and_links_nothing() -> Tested {
    let lab = Remote::from_env()?;
    let phone = Phone::new(&lab).await?;
    let mut secrets = HashSet::new();
    let mut streams = 0;
    for (domain, port) in [("burner.test", 5223), ("starttls.test", 5222)] {
        let line = Through::outside(&lab, domain, port).await?;
        phone.engine.start_on(Arc::new(line.clone())).await?;
        // Two of one phone, and one that comes again.
        let burners = [phone.engine.create_burner(at(domain)).await?, phone.engine.create_burner(at(domain)).await?];
        phone.engine.connect(&burners[0].id)?;
        until("again", || Ok(line.tap.recorded().len() == 3)).await?;
        for said in line.recorded().await {
            let tls = said.windows(2).position(|bytes| bytes == [22, 3]).ok_or("no handshake")?;
            let clear = String::from_utf8(said[..tls].to_vec())?.replace(domain, DOMAIN);
            let (shown, blocks): (_, &[&str]) = match port {
                5223 => ("client hello", &[]),
                _ => ("client hello after STARTTLS", &["stream", "starttls"]),
            };
            assert_says(clear.as_bytes(), &mut Blanks::of(&burners[0]), blocks);
            let (hello, drawn) = hello(&said[tls..], domain).ok_or("no hello")?;
            let expected = profile()[shown].join("\n");
            assert!(hello == expected, "{shown}: said\n{hello}\nexpected\n{expected}");
            secrets.extend(drawn);
            streams += 1;
        }
        let dialled = lock(&line.dialled).clone();
        let expected: &[&str] = match port {
            5223 => &["burner.test:5223"],
            _ => &["starttls.test:5223", "starttls.test:5222"],
        };
        assert_eq!(dialled, [expected; 3].concat());
        for burner in burners {
            assert_eq!(phone.engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
        }
    }
    // Random, session id and key share of each.
    assert_eq!(secrets.len(), 3 * streams);
    phone.engine.close().await;
    Ok(())
}

/// A ClientHello (RFC 8446, section 4.1.2) as text, its extensions in the order of their numbers as rustls shuffles them;
/// and what is random in it.
fn hello(record: &[u8], domain: &str) -> Option<(String, [Vec<u8>; 3])> {
    let mut hello = record.get(9..5 + usize::from(u16::from_be_bytes([record[3], record[4]])))?;
    let (version, random) = (take(&mut hello, 2)?, take(&mut hello, 32)?);
    let session = prefixed(&mut hello, 1)?;
    let (suites, compression) = (prefixed(&mut hello, 2)?, prefixed(&mut hello, 1)?);
    let mut rest = prefixed(&mut hello, 2)?;
    let (mut extensions, mut key) = (BTreeMap::new(), Vec::new());
    while !rest.is_empty() {
        let (kind, mut data) = (hex(take(&mut rest, 2)?), prefixed(&mut rest, 2)?);
        let shown = match kind.as_str() {
            // The only name, and it is a host's (RFC 6066, section 3).
            "0000" if data.get(5..) == Some(domain.as_bytes()) && data[2] == 0 => "{server}".to_owned(),
            "0033" => {
                let shares = prefixed(&mut data, 2)?;
                key = shares.get(4..)?.to_vec();
                format!("{} {{{} bytes}}", hex(&shares[..4]), key.len())
            }
            _ => hex(data),
        };
        extensions.insert(kind, shown);
    }
    let mut lines = vec![
        format!("version {}", hex(version)),
        format!("random {{{} bytes}}", random.len()),
        format!("session id {{{} bytes}}", session.len()),
        format!("cipher suites {}", hex(suites)),
        format!("compression {}", hex(compression)),
    ];
    lines.extend(extensions.iter().map(|(kind, data)| format!("extension {kind} {data}").trim_end().to_owned()));
    hello.is_empty().then(|| (lines.join("\n"), [random.to_vec(), session.to_vec(), key]))
}

/// A network with a DNS server, which hears and ends, and nothing else. What is written to it, write by write.
#[derive(Clone, Default)]
struct OnlyDns(Arc<Mutex<Vec<Vec<u8>>>>);

impl Dialers for OnlyDns {
    fn isolated(&self) -> Arc<dyn Dial> {
        Arc::new(self.clone())
    }
}

impl Dial for OnlyDns {
    fn dial<'a>(&'a self, target: &'a Target, _: Duration) -> BoxFuture<'a, Result<Dialed, DialError>> {
        let dialed = match target {
            Target::Host { .. } | Target::Onion { .. } => Err(DialError::HostUnreachable),
            _ => Ok(Dialed { stream: Box::new(self.clone()), circuit: None }),
        };
        Box::pin(async move { dialed })
    }
}

impl AsyncRead for OnlyDns {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for OnlyDns {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        lock(&self.0).push(bytes.to_vec());
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn dns_is_asked_as_the_document_shows() -> Tested {
    let (home, network, mut ids) = (TempDir::new()?, OnlyDns::default(), HashSet::new());
    let config = Config { home: home.path().to_owned(), key: Key::File, network: Network::Public, resolvers: None };
    let engine = Engine::open(config).await?;
    engine.start_on(Arc::new(network.clone())).await?;
    for _ in 0..3 {
        assert!(engine.create_burner(at("talk.example")).await.is_err());
        let writes = std::mem::take(&mut *lock(&network.0));
        let [write] = writes.as_slice() else { return Err("DNS is asked once, in one write".into()) };
        let (asked, first) = questions(write, "talk.example").ok_or("no questions")?;
        assert_eq!(asked, profile()["dns"].join("\n"));
        ids.insert(first);
    }
    assert!(ids.len() > 1, "{ids:?}");
    engine.close().await;
    Ok(())
}

/// Questions of DNS over TCP (RFC 1035, section 4) as text, and the first's number.
fn questions(mut write: &[u8], domain: &str) -> Option<(String, u16)> {
    let (mut lines, mut first) = (Vec::new(), None);
    while !write.is_empty() {
        let mut question = prefixed(&mut write, 2)?;
        let number = u16::from_be_bytes(take(&mut question, 2)?.try_into().ok()?);
        let shown = match number.wrapping_sub(*first.get_or_insert(number)) {
            0 => "{number}".to_owned(),
            more => format!("{{number + {more}}}"),
        };
        let [flags, asked, answers, authorities, additional] =
            [(); 5].map(|()| take(&mut question, 2).map(hex).unwrap_or_default());
        let mut labels = Vec::new();
        loop {
            match prefixed(&mut question, 1)? {
                [] => break,
                label => labels.push(std::str::from_utf8(label).ok()?),
            }
        }
        let (kind, class) = (hex(take(&mut question, 2)?), hex(take(&mut question, 2)?));
        let name = labels.join(".").replace(domain, "{server}");
        lines.push(format!(
            "length {{length}}\nid {shown}\nflags {flags}\nquestions {asked} answers {answers} authorities {authorities} \
             additional {additional}\nname {name}\ntype {kind} class {class}"
        ));
        if !question.is_empty() {
            return None;
        }
    }
    Some((lines.join("\n"), first?))
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

/// What follows its own length.
fn prefixed<'a>(bytes: &mut &'a [u8], width: usize) -> Option<&'a [u8]> {
    let length = take(bytes, width)?.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    take(bytes, length)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
