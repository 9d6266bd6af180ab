//! `chat` for people: a line to type, and what happens above it.

use std::collections::BTreeMap;
use std::time::Duration;

use flashpaper::{
    Address, Burner, BurnerId, Comparison, Connection, Conversation, Engine, Error, Event, FailReason, Fingerprint,
    Message, MessageId, MessageState, PeerKey, Relationship,
};
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;
use zeroize::Zeroizing;

use super::news::{News, TorStart, Watch};
use super::terminal::{Terminal, Typed};
use crate::args::duration;
use crate::burner::{burned, burned_line, set_label};
use crate::editor::line::BREAK;
use crate::exit::Failure;
use crate::lock::is_locked;
use crate::output::{EXPIRED, Output, PRIVATE_NETWORK, SERVER, Screen, route_text, settlement_text, tor_text};
use crate::paint::meaning;
use crate::qr;
use crate::text::printable;
use crate::tty::Quiet;
use crate::wording::{expiring_line, message_lines, notice_line};

/// How long to wait before Tor is tried again.
const PAUSE: Duration = Duration::from_secs(10);

const HELP: &str = "\
What does not begin with / is sent to the peer, in private or, as long as that takes, not at all.
/to ADDRESS          whom to talk to: an address or an xmpp: URI; becomes a contact
/expect URI          the same where it says that another key is in use: the link's is right
/who                 everybody, and how private it is
/accept [ADDRESS]    answers a stranger
/block [ADDRESS]     keeps the peer away
/unblock [ADDRESS]   ends that
/label [NAME]        your own name for the peer
/start, /end         begins or renews the private conversation; ends it
/verify SECRET       compares a secret that both know, or answers when the peer does
/verify WHICH? SECRET  the same with a question that tells which secret is meant
/abort               ends the comparison
/fingerprint         your key and the peer's
/trust [KEY]         you have compared the peer's key; with its digits, if it is that one
/distrust            takes that back, of all keys of the peer's
/accept-key [KEY]    texts may go to the key that the peer has now; with its digits, if it is that one
/uri                 your address and key, to hand out
/timer TIME|off      how long texts are kept once read (30s, 5m, 12h, 7d), here and by a Flashpaper peer
/version2 on|off     whether a peer that offers nothing newer may be talked to in version 2 of OTR: on at first
/burn                removes the account and ends
/lock                takes keys and contents out of memory and ends
/quit                ends; so do the end of input and Ctrl-C
//TEXT               sends a text that begins with /";

const ECHOES: &str = "error: nothing was compared, as this terminal shows secrets that are typed: use chat with its output on \
    the terminal and TERM set, or compare keys by /fingerprint, then /trust";

const VERIFY: &str = "/verify SECRET, or with a question /verify WHICH? SECRET";

/// Commands that say all by their name.
const ALONE: [&str; 11] =
    ["help", "quit", "who", "start", "end", "abort", "fingerprint", "distrust", "uri", "burn", "lock"];

/// A question that tells which secret is meant, if there is one, and the secret. What ends in a question mark is no secret.
fn question(line: &str) -> (Option<&str>, &str) {
    let ends = line.match_indices('?').map(|(at, mark)| line.split_at(at + mark.len()));
    let mut asked = ends.filter(|(_, secret)| secret.is_empty() || secret.starts_with(char::is_whitespace));
    asked.next().map_or((None, line), |(question, secret)| (Some(question), secret.trim_start()))
}

pub(crate) async fn chat(
    engine: &Engine,
    screen: &mut Screen<'_>,
    burner: &Burner,
    peer: Option<String>,
    tor_start: TorStart,
    quiet: Option<Quiet>,
) -> Result<(), Failure> {
    let watch = Watch::begin(engine, &burner.id)?;
    let terminal = Terminal::open(screen.output, quiet);
    let mut person = Person {
        engine,
        id: &burner.id,
        screen,
        watch,
        terminal,
        connecting: JoinSet::new(),
        tor_start,
        tor: String::new(),
        peer,
        sent: BTreeMap::new(),
        shown: None,
    };
    person.aside(&format!("{}; /help tells what can be done", burner.jid));
    person.versions()?;
    let unread = person.watch.unread();
    person.tell(unread);
    person.unsent()?;
    person.connect(Duration::ZERO);
    loop {
        let Some(line) = person.next_line().await? else { return person.end() };
        engine.touch();
        match person.obey(&line).await {
            Ok(Next::Line) => {}
            Ok(Next::Quit) => return person.end(),
            Ok(Next::Burnt(done)) => return done,
            Err(failure) => person.aside(&format!("error: {}", failure.line())),
        }
    }
}

/// What comes after a line.
enum Next {
    Line,
    Quit,
    Burnt(Result<(), Failure>),
}

struct Person<'a, 's> {
    engine: &'a Engine,
    id: &'a BurnerId,
    screen: &'a mut Screen<'s>,
    watch: Watch<'a>,
    terminal: Terminal<'s>,
    /// Tor may take minutes: what can be typed does not wait for it.
    connecting: JoinSet<Result<(), Error>>,
    tor_start: TorStart,
    /// What was last said of Tor.
    tor: String,
    /// Whom texts go to, by bare JID.
    peer: Option<String>,
    /// How texts begin of which more is to be heard.
    sent: BTreeMap<MessageId, String>,
    /// The peer, and its key in use, that were shown last.
    shown: Option<(Address, Fingerprint)>,
}

impl Person<'_, '_> {
    /// What is typed next. Tells what happens meanwhile.
    async fn next_line(&mut self) -> Result<Option<Zeroizing<String>>, Failure> {
        self.show_lock();
        let name = self.peer.as_deref().map(|peer| self.name(peer));
        self.terminal.ask(name.as_deref());
        loop {
            if self.output().is_unwritten() || is_locked(self.engine) {
                return Ok(None);
            }
            tokio::select! {
                biased;
                Some(event) = self.screen.events.next() => self.event(event),
                Some(connected) = self.connecting.join_next() => self.connected(connected)?,
                typed = self.terminal.typed() => match typed {
                    None => return Ok(None),
                    Some(Typed::Line(Ok(line))) => return Ok(Some(line)),
                    Some(Typed::Line(Err(bad))) => {
                        self.aside(&format!("error: the line is {}; nothing was done", bad.reason()));
                        return Ok(Some(Zeroizing::default()));
                    }
                    Some(Typed::Interrupt) => return Err(Error::Cancelled.into()),
                },
            }
        }
    }

    /// Starts Tor if it does not run, then connects.
    fn connect(&mut self, after: Duration) {
        let (engine, id, (access, deadline)) = (self.engine.clone(), self.id.clone(), self.tor_start.clone());
        self.connecting.spawn(async move {
            sleep(after).await;
            engine.start_tor(access, deadline).await?;
            engine.connect(&id)
        });
    }

    /// Tries again where that may help.
    fn connected(&mut self, connected: Result<Result<(), Error>, JoinError>) -> Result<(), Error> {
        match connected {
            Ok(Err(error)) if error.retryable() => {
                self.aside(&format!("not connected: {error}; it tries again"));
                self.connect(PAUSE);
                Ok(())
            }
            // It is being locked, which ends it all.
            Ok(Err(Error::Suspended | Error::VaultLocked)) => Ok(()),
            Ok(connected) => connected,
            Err(_) => Err(Error::Internal),
        }
    }

    /// What is told at the end.
    fn end(&mut self) -> Result<(), Failure> {
        if is_locked(self.engine) {
            self.aside("locked: keys and contents are out of memory");
            return Ok(());
        }
        Ok(self.unsent()?)
    }

    async fn obey(&mut self, line: &str) -> Result<Next, Failure> {
        let (engine, id) = (self.engine, self.id);
        let line = line.trim();
        let Some(command) = line.strip_prefix('/').filter(|rest| !rest.starts_with('/')) else {
            self.send(line.strip_prefix('/').unwrap_or(line))?;
            return Ok(Next::Line);
        };
        let (word, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let rest = rest.trim();
        match word {
            word if ALONE.contains(&word) && !rest.is_empty() => {
                self.aside(&format!("nothing may follow /{word}; nothing was done"));
            }
            "help" => HELP.lines().for_each(|line| self.line(line)),
            "quit" => return Ok(Next::Quit),
            "to" => self.talk_to(rest)?,
            "expect" => self.peer = Some(engine.expect_key(id, rest)?),
            "who" => self.who()?,
            "accept" => engine.accept(id, self.peer_or(rest)?)?,
            "block" => self.block(rest)?,
            "unblock" => engine.set_blocked(id, self.peer_or(rest)?, false)?,
            "label" => {
                let peer = self.peer()?.to_owned();
                let label = set_label(engine, id, Some(&peer), Some(rest))?;
                let what = if label.is_none() { "has no name of yours" } else { "has the name that you gave" };
                self.aside(&format!("{} {what}", printable(&peer)));
            }
            "start" => engine.start_private(id, self.peer()?)?,
            "end" => engine.end_private(id, self.peer()?)?,
            "verify" if self.terminal.echoes() => self.aside(ECHOES),
            "verify" => self.verify(rest)?,
            "abort" => engine.abort_comparison(id, self.peer()?)?,
            "fingerprint" => self.fingerprints()?,
            "trust" => {
                if let Some((peer, key)) = self.key_in_use(rest)? {
                    engine.set_verified(id, peer.as_str(), key, true)?;
                }
            }
            "distrust" => self.distrust()?,
            "accept-key" => {
                if let Some((peer, key)) = self.key_in_use(rest)? {
                    engine.accept_key(id, peer.as_str(), key)?;
                }
            }
            "uri" => {
                let uri = engine.uri(id)?;
                self.terminal.whole(&uri);
                qr::print(self.output(), &uri, self.terminal.paint);
            }
            "timer" => self.set_timer(rest)?,
            "version2" => self.set_version_2(rest)?,
            "burn" => return Ok(self.burn().await?),
            "lock" => engine.lock().await?,
            _ => self.aside("no such command; /help has them all"),
        }
        Ok(Next::Line)
    }

    fn send(&mut self, text: &str) -> Result<(), Error> {
        if !text.is_empty() {
            let message = self.engine.send(self.id, self.peer()?, text, None)?;
            self.sent.insert(message, beginning(text));
        }
        Ok(())
    }

    fn block(&mut self, peer: &str) -> Result<(), Failure> {
        self.engine.set_blocked(self.id, self.peer_or(peer)?, true)?;
        if self.conversation().is_ok_and(|current| current.relationship == Relationship::Blocked) {
            // What is typed next is for nobody.
            self.peer = None;
            self.show_lock();
        }
        Ok(())
    }

    fn talk_to(&mut self, address: &str) -> Result<(), Error> {
        let added = self.engine.add_contact(self.id, address);
        if added == Err(Error::OtherKeyInUse) {
            self.aside("if the link's key is right, though another is in use: /expect URI");
        }
        self.peer = Some(added?);
        Ok(())
    }

    fn verify(&mut self, rest: &str) -> Result<(), Failure> {
        let (engine, id, conversation) = (self.engine, self.id, self.conversation()?);
        let peer = conversation.peer.as_str();
        let done = match (&conversation.question, question(rest)) {
            (Some(Comparison::Asked { question }), _) if !rest.is_empty() => {
                engine.answer_comparison(id, peer, rest, question.as_deref())
            }
            (None, (question, secret)) if !secret.is_empty() => engine.compare(id, peer, secret, question),
            _ => {
                self.aside(VERIFY);
                return Ok(());
            }
        };
        done.map_err(Failure::Secret)
    }

    fn distrust(&self) -> Result<(), Error> {
        let Conversation { peer, keys, .. } = self.conversation()?;
        let mut verified = keys.iter().filter(|key| key.verified);
        verified.try_for_each(|key| self.engine.set_verified(self.id, peer.as_str(), key.fingerprint, false))
    }

    /// The key in use, if it is the one that the person has typed or seen: it may have changed since.
    fn key_in_use(&mut self, typed: &str) -> Result<Option<(Address, Fingerprint)>, Error> {
        let conversation = self.conversation()?;
        let key = conversation.key.ok_or(Error::NotPrivate)?;
        if !typed.is_empty() {
            let is_it = Fingerprint::parse(typed) == Some(key);
            if !is_it {
                self.aside("that is not the key in use; nothing was done");
            }
            return Ok(is_it.then_some((conversation.peer, key)));
        }
        if self.shown == Some((conversation.peer.clone(), key)) {
            return Ok(self.shown.clone());
        }
        self.aside("look at it first, it is in use now; then again");
        self.fingerprints()?;
        Ok(None)
    }

    fn fingerprints(&mut self) -> Result<(), Error> {
        let own = self.engine.fingerprint(self.id)?;
        self.line(&format!("{own}  yours"));
        let Ok(conversation) = self.conversation() else { return Ok(()) };
        let name = self.name(conversation.peer.as_str());
        self.shown = conversation.key.map(|key| (conversation.peer.clone(), key));
        for PeerKey { fingerprint, verified, verified_us, accepted } in &conversation.keys {
            let marks = [
                (conversation.key == Some(*fingerprint), ", in use"),
                (*verified, ", verified"),
                (*verified_us, ", has verified you"),
                (!*accepted, ", not accepted"),
            ];
            let marks: String = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect();
            self.line(&format!("{fingerprint}  {name}{marks}"));
        }
        if let Some(expected) = &conversation.expected {
            self.line(&format!("{expected}  {name}, the one to expect"));
        }
        Ok(())
    }

    fn who(&mut self) -> Result<(), Error> {
        for conversation in self.conversations()? {
            let lock = self.terminal.paint.lock(conversation.security);
            self.output().has_words();
            self.line(&format!("{lock} {}", description(&conversation)));
        }
        Ok(())
    }

    /// Tells of texts that have not left, before and after they could.
    fn unsent(&mut self) -> Result<(), Error> {
        for conversation in self.conversations()?.into_iter().filter(|conversation| conversation.outbox > 0) {
            let (name, texts) = (self.name(conversation.peer.as_str()), unsent(conversation.outbox));
            self.aside(&format!("{texts} to {name} not sent yet; that goes on while chat runs"));
        }
        Ok(())
    }

    /// Tells of private conversations in an old version that are gone on with.
    fn versions(&mut self) -> Result<(), Error> {
        for conversation in self.conversations()? {
            self.version(&conversation);
        }
        Ok(())
    }

    fn version(&mut self, conversation: &Conversation) {
        if conversation.version == Some(2) {
            let name = self.name(conversation.peer.as_str());
            self.aside(&format!("{name} offers version 2 of OTR only; /version2 off refuses that"));
        }
    }

    fn set_timer(&mut self, after: &str) -> Result<(), Error> {
        let after = match (after, duration(after)) {
            ("off", _) => None,
            (_, Some(after)) => Some(after),
            _ => {
                self.aside("either /timer 30s, 5m, 12h or 7d, or /timer off");
                return Ok(());
            }
        };
        self.engine.set_timer(self.id, self.peer()?, after)?;
        let conversation = self.conversation()?;
        self.aside(&timer_text(&conversation).unwrap_or_else(|| "texts do not go by themselves".to_owned()));
        Ok(())
    }

    fn set_version_2(&mut self, may: &str) -> Result<(), Error> {
        let (may, what) = match may {
            "on" => (true, "version 2 of OTR is spoken where a peer offers nothing newer"),
            "off" => (false, "version 2 of OTR is refused"),
            _ => {
                self.aside("either /version2 on, or /version2 off");
                return Ok(());
            }
        };
        self.engine.set_version_2(self.id, may)?;
        self.aside(what);
        Ok(())
    }

    fn conversations(&self) -> Result<Vec<Conversation>, Error> {
        let mine = self.engine.snapshot().burners.into_iter().find(|status| status.burner.id == *self.id);
        Ok(mine.map(|status| status.conversations).unwrap_or_default())
    }

    async fn burn(&mut self) -> Result<Next, Error> {
        self.terminal.rest();
        self.output().start_clock();
        let (engine, id, (access, deadline)) = (self.engine, self.id, self.tor_start.clone());
        let work = async move {
            engine.start_tor(access, deadline).await?;
            engine.burn(id).await
        };
        let report = self.screen.during(SERVER, work).await?;
        self.line(&burned_line(&report));
        Ok(Next::Burnt(burned(report)))
    }

    fn event(&mut self, event: Event) {
        let news = self.watch.of(event);
        self.tell(news);
    }

    fn tell(&mut self, news: Vec<News>) {
        for news in news {
            if news.has_words() {
                self.output().has_words();
            }
            match news {
                News::Message(message) => self.message(&message),
                News::Conversation(change) => self.changed(change.before.as_ref(), &change.now),
                News::Event(event) => self.told(&event),
            }
        }
    }

    fn message(&mut self, message: &Message) {
        let name = self.name(message.peer.as_str());
        let shown = self.terminal.line(&message_lines(message, &name, self.terminal.paint));
        // One that is not taken comes again.
        if shown && let Err(error) = self.engine.taken(self.id, message.id) {
            self.aside(&format!("error: {}", Failure::from(error).line()));
        }
    }

    fn changed(&mut self, before: Option<&Conversation>, now: &Conversation) {
        self.show_lock();
        let name = self.name(now.peer.as_str());
        if before.map(|b| b.relationship).unwrap_or_default() != now.relationship || before.is_none() {
            match now.relationship {
                Relationship::Stranger => self.aside(&format!("{name} is a stranger: /accept or /block ADDRESS")),
                Relationship::Contact => self.aside(&format!("{name} is a contact")),
                Relationship::Blocked => self.aside(&format!("{name} is blocked")),
            }
        }
        if before.is_some_and(|before| before.present) != now.present {
            self.aside(&format!("{name} is {}", if now.present { "there" } else { "away" }));
        }
        if before.map(|b| b.security).unwrap_or_default() != now.security {
            let lock = self.terminal.paint.lock(now.security);
            self.line(&format!("{lock} {name}: {}", meaning(now.security)));
        }
        if before.and_then(|b| b.version) != now.version {
            self.version(now);
        }
    }

    fn told(&mut self, event: &Event) {
        match event {
            Event::Connection { connection, .. } => match connection {
                Connection::Offline => self.aside("offline"),
                Connection::Connecting => self.aside("connecting"),
                Connection::Online => self.aside("online"),
                Connection::Quarantined => self.aside("online, but the server lets this burner talk to nobody"),
                Connection::Waiting { why } => self.aside(&format!("not connected: {why}; it tries again")),
                Connection::Ended { why } => self.aside(&format!("not connected: {why}")),
            },
            Event::OtherRoute { via, .. } => {
                self.aside(&format!("the onion service does not answer: going via {}", route_text(*via)));
            }
            Event::Message { message, state, .. } => self.show_state(*message, *state),
            Event::Comparison { peer, comparison, .. } => {
                let name = self.name(peer.as_str());
                self.aside(&match comparison {
                    Comparison::Asked { question: None } => {
                        format!("{name} wants to compare a secret: /verify SECRET, or /abort")
                    }
                    Comparison::Asked { question: Some(question) } => {
                        format!("{name} asks for a secret: /verify ANSWER, or /abort; {}", printable(question))
                    }
                    Comparison::Verified => format!("the secrets are the same: {name} is verified"),
                    Comparison::VerifiedUs => format!("{name} has verified you; you have not verified {name}"),
                    Comparison::Different => "the secrets differ: another person, or a mistake".to_owned(),
                    Comparison::Aborted => "the comparison ended without a result".to_owned(),
                });
            }
            Event::Notice { peer, notice, .. } => {
                let line = notice_line(notice, &self.name(peer.as_str()));
                self.aside(&line);
            }
            Event::Lagged { .. } => self.aside("some news were lost; /who shows how things are"),
            Event::PrivateNetwork => self.aside(PRIVATE_NETWORK),
            Event::Tor { ready: true, .. } => self.tor("Tor is ready".to_owned()),
            // Each quarter is news enough.
            Event::Tor { fraction, stage, blocked, .. } => {
                let quarter = (fraction * 4.0).floor() / 4.0;
                self.tor(format!("waiting for {}", tor_text(quarter, *stage, blocked.as_ref())));
            }
            Event::Expiring { at, .. } => self.aside(&expiring_line(*at)),
            Event::Expired { .. } => self.aside(EXPIRED),
            Event::Settled { outcome, .. } => self.aside(settlement_text(*outcome)),
            // What is locked ends.
            Event::Locked
            | Event::Conversation { .. }
            | Event::TorStarting
            | Event::Creating { .. }
            | Event::Question { .. }
            | Event::QuestionEnded { .. }
            | Event::Restoring { .. }
            | Event::Burning { .. } => {}
        }
    }

    fn tor(&mut self, text: String) {
        if self.tor != text {
            self.aside(&text);
            self.tor = text;
        }
    }

    /// What is known of a text that was written here.
    fn show_state(&mut self, id: MessageId, state: MessageState) {
        let text = self.sent.get(&id).cloned().unwrap_or_else(|| self.earlier(id));
        let line = match state {
            MessageState::WaitingForPeer => format!("{text}: waits for the peer to be there"),
            MessageState::Acked => format!("{text}: is with the server"),
            MessageState::Reported => format!("{text}: has arrived, servers say"),
            MessageState::Delivered => format!("{text}: has arrived"),
            MessageState::Failed { reason } => format!("{text}: will not arrive, {}", failure(reason)),
            MessageState::Received | MessageState::Taken | MessageState::Queued | MessageState::Sent => return,
        };
        let shown = self.show_aside(&line);
        if matches!(state, MessageState::Delivered | MessageState::Failed { .. }) {
            self.sent.remove(&id);
        }
        if shown && matches!(state, MessageState::Failed { .. }) {
            // What is not taken is told again.
            let _ = self.engine.taken(self.id, id);
        }
    }

    /// A text that was not written in this run, and to whom.
    fn earlier(&self, id: MessageId) -> String {
        let Ok(message) = self.engine.message(self.id, id) else { return "an earlier text".to_owned() };
        // Whom it was for may be lost.
        let to = if message.peer.as_str().is_empty() {
            String::new()
        } else {
            format!(" to {}", self.name(message.peer.as_str()))
        };
        format!("{}{to}", beginning(&message.text))
    }

    /// Has the prompt say how private the next text would be.
    fn show_lock(&mut self) {
        let security = self.peer.is_some().then(|| self.conversation().map(|c| c.security).unwrap_or_default());
        self.terminal.set_lock(security);
    }

    fn conversation(&self) -> Result<Conversation, Error> {
        self.engine.conversation(self.id, self.peer()?)
    }

    fn peer(&self) -> Result<&str, Error> {
        self.peer.as_deref().ok_or(Error::NoSuchPeer)
    }

    /// The address that was typed, or whom texts go to.
    fn peer_or<'t>(&'t self, typed: &'t str) -> Result<&'t str, Error> {
        if typed.is_empty() { self.peer() } else { Ok(typed) }
    }

    /// What the person calls a peer, or its address.
    fn name(&self, peer: &str) -> String {
        let label = self.engine.conversation(self.id, peer).ok().and_then(|conversation| conversation.label);
        printable(label.as_deref().unwrap_or(peer))
    }

    fn line(&mut self, text: &str) {
        self.terminal.line(text);
    }

    /// A line that nobody wrote.
    fn aside(&mut self, text: &str) {
        self.show_aside(text);
    }

    /// The same. `false`: it could not be printed.
    fn show_aside(&mut self, text: &str) -> bool {
        let text = self.terminal.paint.aside(&format!("-- {text}"));
        self.terminal.line(&text)
    }

    const fn output(&self) -> &Output {
        self.screen.output
    }
}

/// A peer, and what there is to know of the conversation beside its lock.
fn description(conversation: &Conversation) -> String {
    let label = conversation.label.as_deref().map_or_else(String::new, |label| format!(" ({})", printable(label)));
    let relationship = match conversation.relationship {
        Relationship::Stranger => ", a stranger",
        Relationship::Contact => "",
        Relationship::Blocked => ", blocked",
    };
    let present = if conversation.present { ", there" } else { "" };
    let version = conversation.version.map_or_else(String::new, |version| format!(", OTR version {version}"));
    let unsent =
        if conversation.outbox > 0 { format!(", {} not sent yet", unsent(conversation.outbox)) } else { String::new() };
    let timer = timer_text(conversation).map_or_else(String::new, |timer| format!(", {timer}"));
    format!("{}{label}{relationship}{present}{version}{timer}{unsent}", printable(conversation.peer.as_str()))
}

/// How long texts are kept, if they go by themselves.
fn timer_text(conversation: &Conversation) -> Option<String> {
    let seconds = conversation.timer?.as_secs();
    let units = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let (unit, name) = units.into_iter().find(|(unit, _)| seconds.is_multiple_of(*unit))?;
    let here = if conversation.timer_is_shared { "" } else { " here" };
    Some(format!("texts go{here} {} {name} after they were read", seconds / unit))
}

fn unsent(texts: u32) -> String {
    format!("{texts} {}", if texts == 1 { "text" } else { "texts" })
}

/// Enough of a text to know it by.
fn beginning(text: &str) -> String {
    let mut characters = text.chars();
    let start: String = characters.by_ref().take(24).map(|c| if c == '\n' { BREAK } else { c }).collect();
    let dots = if characters.next().is_some() { "…" } else { "" };
    format!("\u{201c}{}{dots}\u{201d}", printable(&start))
}

const fn failure(reason: FailReason) -> &'static str {
    match reason {
        FailReason::Refused => "there is no such peer, or it takes nothing",
        FailReason::Unreachable => "the peer's server cannot be reached",
        FailReason::AddressLost => "to whom it was to go was lost",
        FailReason::Unread => "the peer may not have read it; send it again",
        FailReason::OtherKey => "the peer has another key now",
        FailReason::NoAnswer => "the peer was not there in time",
        FailReason::TooLong => "it is too long",
        FailReason::Blocked => "the peer was blocked before it left",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_never_compared_as_the_secret() {
        for (line, question_and_secret) in [
            ("cat", (None, "cat")),
            ("which cat? the black one", (Some("which cat?"), "the black one")),
            ("which cat?\tTom", (Some("which cat?"), "Tom")),
            ("which cat?", (Some("which cat?"), "")),
            ("which? who?", (Some("which?"), "who?")),
            ("a?b", (None, "a?b")),
            ("", (None, "")),
        ] {
            assert_eq!(question(line), question_and_secret);
        }
    }

    #[test]
    fn a_description_names_the_version_and_what_was_not_sent() {
        let conversation = |version, outbox| Conversation {
            peer: "me@b.example".to_owned().into(),
            label: Some("friend".into()),
            relationship: Relationship::Stranger,
            security: flashpaper::Security::Private,
            version,
            key: None,
            keys: Vec::new(),
            expected: None,
            present: true,
            question: None,
            timer: None,
            timer_is_shared: false,
            unread: 0,
            outbox,
        };
        let description = |version, outbox| description(&conversation(version, outbox));
        assert_eq!(description(None, 0), "me@b.example (friend), a stranger, there");
        assert_eq!(description(Some(2), 0), "me@b.example (friend), a stranger, there, OTR version 2");
        let timed = |seconds, timer_is_shared| {
            let timer = Some(Duration::from_secs(seconds));
            super::description(&Conversation { timer, timer_is_shared, ..conversation(None, 0) })
        };
        assert!(timed(90, false).ends_with(", texts go here 90 s after they were read"));
        assert!(timed(86_400, true).ends_with(", texts go 1 d after they were read"));
        assert_eq!(description(None, 1), "me@b.example (friend), a stranger, there, 1 text not sent yet");
    }
}
