//! Nothing is lost: two installations, each a process of its own, write numbered messages to each other in private, through
//! the lab, while circuits are cut, the server restarts, a guard dies and the processes are killed.
//!
//! The seed is fixed. `cargo xtask soak chat` runs the full counts; `--minutes` repeats them.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use flashpaper::{
    BurnerId, Connection, CreateOptions, Engine, Event, History, MessageState, Route, Security, TorAccess,
};
use flashpaper_lab::{OtrEvent, OtrLibrary, OtrPeer, Remote};
use futures::FutureExt as _;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::support::{Tested, open};

/// For what takes seconds; but after a few cuts Debian's `tor` makes an onion service no new introduction points until five
/// minutes are over.
const PATIENCE: Duration = Duration::from_secs(900);
/// The text that libotr says in each new conversation, none of the numbered ones.
const MARK: u32 = 0;
/// One way, over each link between relays: a round trip to the server takes the six-fold, and what is sent in it is in
/// flight when a circuit is cut.
const DELAY_MS: u32 = 25;

/// Not a test: one side, which does what it is told by lines and tells what happens by lines.
#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn one_side() -> Tested {
    let (Ok(home), Ok(route)) = (env::var("FLASHPAPER_HOME"), env::var("FLASHPAPER_ROUTE")) else { return Ok(()) };
    let route = if route == "onion" { Route::Onion } else { Route::Exit };
    let engine = open(Path::new(&home), &Remote::from_env()?).await?;
    let mut events = engine.events(None);
    engine.start_tor(TorAccess::Direct, PATIENCE).await?;
    let burner = match engine.burners()?.pop() {
        Some(burner) => burner,
        None => engine.create_burner(CreateOptions { route: Some(route), ..CreateOptions::default() }).await?,
    };
    engine.set_history(&burner.id, History::UntilBurn)?;
    engine.connect(&burner.id)?;
    say(&format!("jid {}", burner.jid));
    // What came just before a kill was not told by an event.
    for message in
        engine.messages(&burner.id, None, None, u32::MAX)?.iter().filter(|m| m.state == MessageState::Received)
    {
        say(&format!("got {} {}", u64::from(message.id), message.text));
        engine.taken(&burner.id, message.id)?;
    }
    let mut lines = lines_of(std::io::stdin());
    loop {
        tokio::select! {
            line = lines.recv() => {
                let Some(line) = line else { break };
                if obey(&engine, &burner.id, &line).await? { break }
            }
            event = events.next() => told(&engine, &burner.id, event.ok_or("closed")?)?,
        }
    }
    engine.close().await;
    Ok(())
}

/// Obeys; whether that was the last.
async fn obey(engine: &Engine, id: &BurnerId, line: &str) -> Tested<bool> {
    match line.split(' ').collect::<Vec<_>>().as_slice() {
        ["send", to, text] => {
            engine.send(id, to, text, None)?;
            say(&format!("queued {text}"));
        }
        ["report"] => {
            for message in engine.messages(id, None, None, u32::MAX)? {
                let state = serde_json::to_value(message.state)?["state"].as_str().unwrap_or_default().to_owned();
                say(&format!("message {state} {} {}", message.text, message.maybe_twice));
            }
            say("reported");
        }
        ["befriend", jid] => {
            engine.add_contact(id, jid)?;
            engine.start_private(id, jid)?;
        }
        ["burn"] => say(&format!("burned {:?}", engine.burn(id).await?.outcome)),
        _ => return Ok(true),
    }
    Ok(false)
}

fn told(engine: &Engine, id: &BurnerId, event: Event) -> Tested {
    match event {
        Event::Message { message, state: MessageState::Received, .. } => {
            let text = engine.message(id, message)?.text.clone();
            say(&format!("got {} {text}", u64::from(message)));
            engine.taken(id, message)?;
        }
        Event::Connection { connection: Connection::Waiting { why } | Connection::Ended { why }, .. } => {
            let sent =
                engine.messages(id, None, None, u32::MAX)?.iter().filter(|m| m.state == MessageState::Sent).count();
            say(&format!("cut {sent} {}", why.code()));
        }
        Event::Connection { connection: Connection::Online, .. } => say("online"),
        // None, once the burner is burnt.
        Event::Conversation { peer, .. }
            if engine.conversation(id, peer.as_str()).is_ok_and(|with| with.security == Security::Private) =>
        {
            say("private");
        }
        _ => {}
    }
    Ok(())
}

/// Marked, as the test's own program writes lines too.
fn say(line: &str) {
    println!("> {line}");
}

/// A side, as the test holds it.
struct Side {
    home: TempDir,
    route: &'static str,
    process: Child,
    lines: mpsc::UnboundedReceiver<String>,
    jid: String,
    /// Connections that ended: how many of its messages were on their way then.
    cuts: Vec<usize>,
    /// Why the last one ended, for the report of a failure.
    last_cut: String,
    last_online: Option<Duration>,
    begin: Instant,
    /// What came, by the engine's number.
    got: BTreeMap<u64, String>,
}

impl Side {
    async fn start(route: &'static str) -> Tested<Self> {
        let home = TempDir::new()?;
        let (process, lines) = spawn(home.path(), route)?;
        let mut side = Self {
            home,
            route,
            process,
            lines,
            jid: String::new(),
            cuts: Vec::new(),
            last_cut: String::new(),
            last_online: None,
            begin: Instant::now(),
            got: BTreeMap::new(),
        };
        side.jid = side.wait_for("jid ").await?;
        Ok(side)
    }

    fn order(&mut self, line: &str) -> Tested {
        Ok(writeln!(self.process.stdin.as_mut().ok_or("no input")?, "> {line}")?)
    }

    /// Waits for a line with this beginning, and gives the rest of it.
    async fn wait_for(&mut self, beginning: &str) -> Tested<String> {
        let found = async {
            while let Some(line) = self.lines.recv().await {
                self.note(&line);
                if let Some(rest) = line.strip_prefix(beginning) {
                    return Ok(rest.to_owned());
                }
            }
            Err(format!("{} ended before it said {beginning:?}", self.route))
        };
        let found = timeout(PATIENCE, found).await;
        Ok(found.map_err(|_| format!("{}: no {beginning:?}; {}", self.route, self.cuts_told()))??)
    }

    /// The connections that ended, for the report of a failure.
    fn cuts_told(&self) -> String {
        let (cuts, now) = (self.cuts.len(), self.begin.elapsed());
        format!("{cuts} cuts, the last {}; online after {:?}; now {now:?}", self.last_cut, self.last_online)
    }

    fn note(&mut self, line: &str) {
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["cut", sent, why] => {
                self.cuts.extend(sent.parse::<usize>());
                self.last_cut = format!("{why} after {:?}", self.begin.elapsed());
            }
            ["online"] => self.last_online = Some(self.begin.elapsed()),
            ["got", id, text] => {
                let id = id.parse().unwrap_or_default();
                let before = self.got.insert(id, (*text).to_owned());
                assert!(before.is_none_or(|before| before == *text), "a number was used twice");
            }
            _ => {}
        }
    }

    async fn send(&mut self, to: &str, text: u32) -> Tested {
        self.order(&format!("send {to} {text}"))?;
        assert_eq!(self.wait_for("queued ").await?, text.to_string());
        Ok(())
    }

    /// Kills the process, at any moment, while it was told to send a text; starts it again, and sends the text if it was
    /// not stored.
    async fn kill(&mut self, to: &str, text: u32, after: Duration) -> Tested {
        self.order(&format!("send {to} {text}"))?;
        sleep(after).await;
        self.process.kill()?;
        self.process.wait()?;
        while let Some(line) = self.lines.recv().await {
            self.note(&line);
        }
        (self.process, self.lines) = spawn(self.home.path(), self.route)?;
        assert_eq!(self.wait_for("jid ").await?, self.jid);
        let stored = self.report().await?.iter().any(|told| told.is_ours() && told.text == text);
        if !stored {
            self.send(to, text).await?;
        }
        Ok(())
    }

    /// All messages, in their order.
    async fn report(&mut self) -> Tested<Vec<Told>> {
        self.order("report")?;
        let mut messages = Vec::new();
        loop {
            let line = timeout(PATIENCE, self.lines.recv()).await?.ok_or("ended")?;
            self.note(&line);
            match line.split(' ').collect::<Vec<_>>().as_slice() {
                ["message", state, text, twice] => {
                    messages.push(Told { state: (*state).to_owned(), text: text.parse()?, twice: twice.parse()? });
                }
                ["reported"] => return Ok(messages),
                _ => {}
            }
        }
    }

    /// Waits until the server has a text.
    async fn gets_out(&mut self, text: u32) -> Tested {
        let end = Instant::now() + PATIENCE;
        loop {
            let messages = self.report().await?;
            let told = messages.iter().find(|told| told.is_ours() && told.text == text);
            if told.is_some_and(|told| ["acked", "delivered"].contains(&told.state.as_str())) {
                return Ok(());
            }
            if Instant::now() > end {
                let cuts = self.cuts_told();
                return Err(format!("{}: {text} does not get out: {told:?}; {cuts}", self.route).into());
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// Waits until everything has come and is confirmed, and checks the order of both.
    async fn agrees(&mut self, count: u32) -> Tested {
        let all: Vec<u32> = (1..=count).collect();
        let texts = |messages: &[Told], wanted: fn(&Told) -> bool| -> Vec<u32> {
            messages.iter().filter(|told| wanted(told)).map(|told| told.text).collect()
        };
        let end = Instant::now() + PATIENCE;
        loop {
            let messages = self.report().await?;
            let (out, delivered) =
                (texts(&messages, Told::is_ours), texts(&messages, |told| told.state == "delivered"));
            let came = texts(&messages, |told| !told.is_ours());
            assert_eq!(out, all, "{}: the outbox", self.route);
            assert!(all.starts_with(&came), "{}: lost, twice or out of order: {came:?}", self.route);
            // The app is told a moment after the text is stored.
            let got: Vec<u32> = self.got.values().map(|text| text.parse()).collect::<Result<_, _>>()?;
            assert!(all.starts_with(&got), "{}: the app's view: {got:?}", self.route);
            if came == all && delivered == all && got == all {
                return Ok(());
            }
            let missing = [&came, &delivered, &got].map(|texts| all.len() - texts.len());
            assert!(Instant::now() < end, "{}: {missing:?} not here, confirmed, told: {messages:?}", self.route);
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// Burns its account and ends. Circuits and the onion service may need a moment after all that.
    async fn burn(&mut self) -> Tested {
        let end = Instant::now() + PATIENCE;
        self.order("burn")?;
        while self.wait_for("burned ").await? != "Proven" {
            assert!(Instant::now() < end, "{}: not burnt", self.route);
            sleep(Duration::from_secs(2)).await;
            self.order("burn")?;
        }
        self.order("end")?;
        assert!(self.process.wait()?.success());
        Ok(())
    }

    /// A relay that this side is connected to: its guard, or one that it has the directory from.
    fn guard(&self, lab: &Remote) -> Tested<Option<String>> {
        let links = fs::read_dir(format!("/proc/{}/fd", self.process.id()))?
            .filter_map(|fd| fs::read_link(fd.ok()?.path()).ok());
        let sockets: Vec<String> = links
            .filter_map(|link| link.to_str()?.strip_prefix("socket:[").map(|s| s.trim_end_matches(']').to_owned()))
            .collect();
        let table = fs::read_to_string("/proc/net/tcp")?;
        let connected = table.lines().skip(1).filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let own = sockets.iter().any(|inode| fields.get(9) == Some(&inode.as_str()));
            let (address, port) = fields.get(2).filter(|_| own && fields.get(3) == Some(&"01"))?.split_once(':')?;
            let address = std::net::Ipv4Addr::from(u32::from_str_radix(address, 16).ok()?.to_be());
            Some((address.to_string(), u16::from_str_radix(port, 16).ok()?))
        });
        let connected: Vec<_> = connected.collect();
        let relay = lab.facts().relays.iter().find(|r| connected.contains(&(r.address.clone(), r.or_port)));
        Ok(relay.map(|relay| relay.name.clone()))
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A message, as a side reports it.
#[derive(Debug)]
struct Told {
    state: String,
    text: u32,
    twice: bool,
}

impl Told {
    fn is_ours(&self) -> bool {
        !["received", "taken"].contains(&self.state.as_str())
    }
}

fn spawn(home: &Path, route: &str) -> Tested<(Child, mpsc::UnboundedReceiver<String>)> {
    let mut process = Command::new(env::current_exe()?)
        .args(["--exact", "chat::one_side", "--ignored", "--nocapture"])
        .env("FLASHPAPER_HOME", home)
        .env("FLASHPAPER_ROUTE", route)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = process.stdout.take().ok_or("no output")?;
    Ok((process, lines_of(output)))
}

/// The lines that the other end says, read by a thread of their own.
fn lines_of(input: impl std::io::Read + Send + 'static) -> mpsc::UnboundedReceiver<String> {
    let (sender, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in BufReader::new(input).lines().map_while(Result::ok) {
            // What a test's program says by itself is without the mark.
            let line = line.split_once("> ").map(|(_, line)| line);
            if line.is_some_and(|line| sender.send(line.to_owned()).is_err()) {
                return;
            }
        }
    });
    lines
}

/// The faults of a run, and how many of each.
#[derive(Clone, Copy)]
enum Fault {
    Cut,
    Restart,
    Guard,
    Kill,
    /// The peer's libotr begins anew, without its sessions.
    Lost,
}

struct Plan {
    messages: u32,
    faults: &'static [(Fault, u32)],
    minutes: u64,
}

impl Plan {
    fn between_burners() -> Self {
        use Fault::{Cut, Guard, Kill, Restart};
        Self::from_env(
            &[(Cut, 4), (Restart, 1), (Guard, 1), (Kill, 2)],
            &[(Cut, 20), (Restart, 2), (Guard, 1), (Kill, 10)],
        )
    }

    fn with_libotr() -> Self {
        use Fault::{Cut, Kill, Lost};
        Self::from_env(&[(Cut, 3), (Kill, 2), (Lost, 3)], &[(Cut, 20), (Kill, 10), (Lost, 20)])
    }

    fn from_env(small: &'static [(Fault, u32)], full: &'static [(Fault, u32)]) -> Self {
        let minutes = env::var("FLASHPAPER_MINUTES").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
        let (messages, faults) = if env::var_os("FLASHPAPER_SOAK").is_some() { (1000, full) } else { (60, small) };
        Self { messages, faults, minutes }
    }

    /// At which messages of a round which faults come. Never two at one message.
    fn draw(&self, rng: &mut StdRng) -> BTreeMap<u32, Fault> {
        let mut at = BTreeMap::new();
        for (fault, count) in self.faults {
            let mut left = *count;
            while left > 0 {
                let message = rng.random_range(2..self.messages - 5);
                if let std::collections::btree_map::Entry::Vacant(place) = at.entry(message) {
                    place.insert(*fault);
                    left -= 1;
                }
            }
        }
        at
    }
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn nothing_is_lost() -> Tested {
    let lab = Remote::from_env()?;
    undone(&lab, between_burners(&lab)).await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn nothing_is_lost_unmarked_with_libotr() -> Tested {
    let lab = Remote::from_env()?;
    undone(&lab, with_libotr(&lab)).await
}

/// Whatever came of it, the lab is as it was before the next test.
async fn undone(lab: &Remote, test: impl Future<Output = Tested>) -> Tested {
    let done = std::panic::AssertUnwindSafe(test).catch_unwind().await;
    lab.reset().await?;
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// libotr does not know what it gets twice: what may be is marked, and so is what may be lost. What it writes itself comes,
/// once, in its order.
async fn with_libotr(lab: &Remote) -> Tested {
    let (plan, mut rng, begin) = (Plan::with_libotr(), StdRng::seed_from_u64(6), Instant::now());
    let (mut side, mut peer) = (Side::start("exit").await?, OtrPeer::register(lab.facts(), OtrLibrary::Libotr).await?);
    peer.command(&format!("to {}", side.jid)).await?;
    let (mut read, to) = (Vec::new(), peer.jid().to_owned());
    side.wait_for("online").await?;
    side.order(&format!("befriend {to}"))?;
    side.wait_for("private").await?;
    secure(&mut peer, &mut read).await?;
    lab.delay(DELAY_MS).await?;
    let (mut sent, mut quiet) = (0, false);
    loop {
        let faults = plan.draw(&mut rng);
        for text in sent + 1..=sent + plan.messages {
            let fault = faults.get(&(text - sent));
            if matches!(fault, Some(Fault::Kill)) {
                side.kill(&to, text, Duration::from_millis(rng.random_range(0..60))).await?;
            } else {
                side.send(&to, text).await?;
            }
            peer.command(&format!("say {text}")).await?;
            match fault {
                Some(Fault::Cut) => {
                    lab.cut().await?;
                    side.wait_for("online").await?;
                }
                Some(Fault::Lost) => {
                    quiet = !quiet;
                    if quiet {
                        // By then texts on their way have been read, without a confirmation.
                        sleep(Duration::from_secs(2)).await;
                    }
                    peer.command("restart").await?;
                    // It would write in the clear.
                    peer.command("start").await?;
                    secure(&mut peer, &mut read).await?;
                    // Killed before its own end of the exchange, the side could not read the next text.
                    peer.command(&format!("say {MARK}")).await?;
                    while !side.wait_for("got ").await?.ends_with(&format!(" {MARK}")) {}
                }
                _ => sleep(Duration::from_millis(rng.random_range(0..80))).await,
            }
        }
        sent += plan.messages;
        if begin.elapsed() >= Duration::from_secs(60 * plan.minutes) {
            break;
        }
    }
    let (all, end) = ((1..=sent).collect::<Vec<_>>(), Instant::now() + PATIENCE);
    let messages = loop {
        let messages = side.report().await?;
        let theirs = messages.iter().filter(|told| !told.is_ours() && told.text != MARK);
        let came: Vec<u32> = theirs.map(|told| told.text).collect();
        assert!(all.starts_with(&came), "lost, twice or out of order: {came:?}");
        let is_done = |told: &Told| !told.is_ours() || ["acked", "failed"].contains(&told.state.as_str());
        if came == all && messages.iter().all(is_done) {
            break messages;
        }
        assert!(Instant::now() < end, "{messages:?}");
        sleep(Duration::from_millis(500)).await;
    };
    let last = sent.to_string();
    while !read.contains(&last) {
        read.extend(text_of(peer.next(PATIENCE).await?));
    }
    let ours: Vec<&Told> = messages.iter().filter(|told| told.is_ours()).collect();
    assert_eq!(ours.iter().map(|told| told.text).collect::<Vec<_>>(), all, "the outbox");
    let times = |told: &Told| read.iter().filter(|text| **text == told.text.to_string()).count();
    for told in &ours {
        let may_be = match (told.state.as_str(), told.twice) {
            ("acked", false) => 1..=1,
            ("acked", true) => 1..=2,
            (_, false) => 0..=1,
            (_, true) => 0..=2,
        };
        assert!(may_be.contains(&times(told)), "{told:?} was read {} times", times(told));
    }
    let mut firsts: Vec<&String> = Vec::new();
    for text in &read {
        if !firsts.contains(&text) {
            firsts.push(text);
        }
    }
    assert!(firsts.is_sorted_by_key(|text| text.parse::<u32>().unwrap_or_default()), "order: {firsts:?}");
    let count = |wanted: &dyn Fn(&Told) -> bool| ours.iter().filter(|told| wanted(told)).count();
    println!(
        "{sent} texts each way with libotr: {} read twice of {} marked so, {} not read of {} marked so, {:?}",
        count(&|told| times(told) == 2),
        count(&|told| told.twice),
        count(&|told| times(told) == 0),
        count(&|told| told.state == "failed"),
        begin.elapsed()
    );
    side.burn().await?;
    Ok(peer.remove().await?)
}

/// Waits until libotr has a session.
async fn secure(peer: &mut OtrPeer, read: &mut Vec<String>) -> Tested {
    loop {
        match peer.next(PATIENCE).await? {
            OtrEvent::Secure => return Ok(()),
            event => read.extend(text_of(event)),
        }
    }
}

/// The number that was read, without the mark of a text that is sent again.
fn text_of(event: OtrEvent) -> Option<String> {
    let OtrEvent::Text { text, private } = event else { return None };
    assert!(private, "{text}");
    Some(text.trim_start_matches("[resent] ").to_owned())
}

async fn between_burners(lab: &Remote) -> Tested {
    let (plan, mut rng, begin) = (Plan::between_burners(), StdRng::seed_from_u64(5), Instant::now());
    let mut sides = [Side::start("exit").await?, Side::start("onion").await?];
    for side in &mut sides {
        side.wait_for("online").await?;
    }
    for at in 0..2 {
        let jid = sides[1 - at].jid.clone();
        sides[at].order(&format!("befriend {jid}"))?;
    }
    for side in &mut sides {
        side.wait_for("private").await?;
    }
    lab.delay(DELAY_MS).await?;
    let (mut sent, mut cuts, mut busy_cuts) = (0, 0, 0);
    loop {
        let faults = plan.draw(&mut rng);
        for message in 1..=plan.messages {
            let text = sent + message;
            let fault = faults.get(&message);
            let killed = rng.random_range(0..2);
            let down = if matches!(fault, Some(Fault::Guard)) {
                let guard = sides[0].guard(lab)?.ok_or("connected to no relay")?;
                lab.stop(&guard).await?;
                Some(guard)
            } else {
                None
            };
            for at in 0..2 {
                let to = sides[1 - at].jid.clone();
                if matches!(fault, Some(Fault::Kill)) && killed == at {
                    let after = Duration::from_millis(rng.random_range(0..60));
                    sides[at].kill(&to, text, after).await?;
                } else {
                    sides[at].send(&to, text).await?;
                }
            }
            match fault {
                Some(Fault::Cut) => {
                    let before: Vec<usize> = sides.iter().map(|side| side.cuts.len()).collect();
                    lab.cut().await?;
                    for side in &mut sides {
                        side.wait_for("online").await?;
                    }
                    cuts += 1;
                    let busy =
                        sides.iter().zip(before).any(|(side, before)| side.cuts[before..].iter().any(|n| *n > 0));
                    busy_cuts += u32::from(busy);
                }
                Some(Fault::Restart) => {
                    lab.stop("prosody").await?;
                    sleep(Duration::from_millis(rng.random_range(0..2000))).await;
                    lab.start("prosody").await?;
                }
                _ => sleep(Duration::from_millis(rng.random_range(0..80))).await,
            }
            if let Some(guard) = down {
                sides[0].gets_out(text).await.map_err(|stuck| format!("{guard} is stopped. {stuck}"))?;
                lab.start(&guard).await?;
            }
        }
        sent += plan.messages;
        if begin.elapsed() >= Duration::from_secs(60 * plan.minutes) {
            break;
        }
    }
    for side in &mut sides {
        side.agrees(sent).await?;
    }
    println!("{sent} messages each way, {cuts} cuts, {busy_cuts} with messages in flight, {:?}", begin.elapsed());
    assert!(busy_cuts * 4 >= cuts, "{busy_cuts} of {cuts} cuts had anything in flight");
    for side in &mut sides {
        side.burn().await?;
    }
    Ok(())
}
