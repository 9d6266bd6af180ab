//! What is printed: lines with times for people, one JSON object a line for programs. Nothing here stops a command: what
//! could not be printed is remembered, and the command ends accordingly.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::pending;
use std::io::{IsTerminal as _, stderr};
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use flashpaper::{Address, Burner, BurnerId, Error, Event, Events, Route, Settlement, Step, TorStage};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{self, interval_at};
use zeroize::Zeroizing;

use crate::exit::Failure;
use crate::holder::Holder;
use crate::shown::Shown;
use crate::stdio::{to_stderr, to_stdout};
use crate::text::{printable, quoted};
use crate::tty::{self, is_dumb};
use crate::wording::expiring_line;

/// How often it is said what is waited for, where no bar shows it.
const REMINDER: Duration = Duration::from_secs(10);

/// The one printer of a run.
pub(crate) struct Output {
    json: bool,
    bar: ProgressBar,
    progress: Mutex<Progress>,
    /// What a terminal shows.
    shown: Mutex<Shown>,
    unwritten: AtomicBool,
}

/// How far a command is.
struct Progress {
    /// When the last step was done.
    last_step: Instant,
    /// What is waited for, since then or a later time.
    waits_for: Option<(String, Instant)>,
    /// When to say so.
    reminder: Duration,
    /// By which route a server was dialed last.
    via: Option<Route>,
    /// The user is asked for something: nothing else is waited for.
    asks: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        // A bar is for eyes: not for a pipe, not beside JSON.
        let visible = !json && stderr().is_terminal() && !is_dumb();
        let bar = ProgressBar::with_draw_target(
            None,
            if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() },
        );
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {wide_msg} {elapsed}") {
            bar.set_style(style);
        }
        // Nothing is waited for yet: what is printed draws no bar.
        bar.finish_and_clear();
        let (last_step, reminder) = (Instant::now(), Duration::ZERO);
        let progress = Progress { last_step, waits_for: None, reminder, via: None, asks: false };
        let shown = Shown::new(tty::columns(), !json && !is_dumb());
        let (progress, shown) = (Mutex::new(progress), Mutex::new(shown));
        Self { json, bar, progress, shown, unwritten: AtomicBool::new(false) }
    }

    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Something could not be printed: nobody reads any more, or there is no room.
    pub(crate) fn is_unwritten(&self) -> bool {
        self.unwritten.load(Relaxed)
    }

    /// A line for people, in as many rows as the terminal needs. `false`: it could not be printed.
    pub(crate) fn line(&self, text: &str) -> bool {
        self.json || self.show(text, false)
    }

    /// A line that has to be copied as it is. `false`: it could not be printed.
    pub(crate) fn whole(&self, text: &str) -> bool {
        self.json || self.show(text, true)
    }

    fn show(&self, text: &str, whole: bool) -> bool {
        self.fit();
        let line = lock(&self.shown).add(text, whole);
        self.write(&line)
    }

    /// Words of others are among the lines from now on.
    pub(crate) fn has_words(&self) {
        lock(&self.shown).has_words();
    }

    /// Writes the rows of a terminal anew where that has become narrower, and has words of others in them.
    pub(crate) fn fit(&self) {
        if let Some(screen) = lock(&self.shown).resized(tty::columns()) {
            self.write(&screen);
        }
    }

    /// Does so whenever that happens.
    pub(crate) async fn keep_fit(&self) -> Infallible {
        let Ok(mut resized) = signal(SignalKind::window_change()) else { return pending().await };
        loop {
            resized.recv().await;
            self.fit();
        }
    }

    /// An object for programs. `false`: it could not be printed.
    pub(crate) fn object(&self, object: &Value) -> bool {
        !self.json || self.write(&escaped(&object.to_string()))
    }

    pub(crate) fn warning(&self, code: &str, text: &str) {
        self.object(&json!({ "type": "warning", "code": code }));
        if !self.json {
            self.bar.suspend(|| to_stderr(&format!("warning: {text}\n")));
        }
    }

    pub(crate) fn burner(&self, burner: &Burner) {
        self.object(&with_type("burner", burner));
    }

    pub(crate) fn event(&self, event: &Event) {
        // `new`, `receive` and `chat` tell what comes of these.
        if matches!(
            event,
            Event::Question { .. }
                | Event::Connection { .. }
                | Event::OtherRoute { .. }
                | Event::Message { .. }
                | Event::Conversation { .. }
                | Event::Comparison { .. }
                | Event::Notice { .. }
        ) {
            return;
        }
        if let Event::Creating { step: Step::Sealed { via, .. } | Step::OtherRoute { via }, .. } = event {
            self.progress(|progress| progress.via = Some(*via));
        }
        if self.json {
            if let Ok(text) = serde_json::to_string(event) {
                self.write(&escaped(&text));
            }
            return;
        }
        match event {
            Event::PrivateNetwork => self.warning("", PRIVATE_NETWORK),
            Event::TorStarting => {
                self.start_clock();
                self.wait_for("Tor");
            }
            Event::Tor { ready: true, .. } if self.waits_for_tor() => {
                self.step("Tor is ready");
                self.wait_for(SERVER);
            }
            Event::Tor { ready: false, fraction, stage, blocked } => {
                self.wait_for(&tor_text(*fraction, *stage, blocked.as_ref()))
            }
            Event::Creating { step: Step::Working { percent }, .. } => {
                self.wait_for(&format!("a proof of work ({percent} %)"));
            }
            Event::Creating { step: Step::ServerSays { words }, .. } => {
                self.has_words();
                self.line(&format!("the server says to the new account:\n{}", quoted(words.as_str())));
            }
            Event::Creating { step, .. } | Event::Restoring { step, .. } | Event::Burning { step, .. } => {
                self.step(&step_text(step));
                self.wait_for(next_text(step));
            }
            Event::Expiring { at, .. } => {
                self.line(&expiring_line(*at));
            }
            Event::Expired { .. } => {
                self.line(EXPIRED);
            }
            Event::Settled { outcome, .. } => self.step(settlement_text(*outcome)),
            _ => {}
        }
    }

    /// Steps are timed from here on.
    pub(crate) fn start_clock(&self) {
        self.progress(|progress| progress.last_step = Instant::now());
    }

    /// A step that is done, with the time since the one before it.
    pub(crate) fn step(&self, text: &str) {
        let seconds = self.progress(|progress| {
            progress.waits_for = None;
            std::mem::replace(&mut progress.last_step, Instant::now()).elapsed().as_secs_f64()
        });
        self.line(&format!("  {text:<40} {seconds:>7.2} s"));
    }

    /// What a command waits for from now on. A bar shows it at once, a line after a second, and again when that lasts.
    pub(crate) fn wait_for(&self, what: &str) {
        let new = self.progress(|progress| {
            let same = progress.asks || progress.waits_for.as_ref().is_some_and(|(before, _)| before == what);
            if !same {
                progress.reminder = Duration::ZERO;
                progress.waits_for = Some((what.to_owned(), Instant::now()));
            }
            !same
        });
        if new && !self.json {
            self.bar.set_message(format!("waiting for {what}"));
            self.bar.reset();
            self.bar.enable_steady_tick(Duration::from_millis(250));
        }
    }

    /// The user is asked, or no more: meanwhile no bar or line says what is waited for.
    pub(crate) fn ask(&self, asks: bool) {
        self.progress(|progress| progress.asks = asks);
        self.rest();
    }

    /// By which route a server was dialed last, if one was.
    pub(crate) fn via(&self) -> Option<Route> {
        self.progress(|progress| progress.via)
    }

    /// Nothing is waited for any more.
    fn rest(&self) {
        self.progress(|progress| progress.waits_for = None);
        self.bar.finish_and_clear();
    }

    /// Says again what is waited for, where that lasts and no bar shows it.
    fn remind(&self) {
        if self.json || !self.bar.is_hidden() {
            return;
        }
        let due = self.progress(|progress| {
            let (what, since) = progress.waits_for.as_ref()?;
            let waited = since.elapsed();
            let due = waited >= progress.reminder;
            progress.reminder += if due { REMINDER } else { Duration::ZERO };
            due.then(|| format!("  waiting for {what}, {} s", waited.as_secs()))
        });
        if let Some(line) = due {
            self.line(&line);
        }
    }

    fn waits_for_tor(&self) -> bool {
        self.progress(|progress| progress.waits_for.as_ref().is_some_and(|(what, _)| what.starts_with("Tor")))
    }

    fn progress<T>(&self, change: impl FnOnce(&mut Progress) -> T) -> T {
        change(&mut lock(&self.progress))
    }

    pub(crate) fn failure(&self, failure: &Failure) {
        self.rest();
        if self.json {
            self.object(&failure.object());
        } else {
            to_stderr(&format!("error: {}\n", failure.line()));
        }
    }

    /// A line that cannot be written is not written later, in part or again.
    fn write(&self, text: &str) -> bool {
        let line = Zeroizing::new(format!("{text}\n"));
        let written = self.bar.suspend(|| to_stdout(&line));
        self.unwritten.fetch_or(!written, Relaxed);
        written
    }
}

/// Prints the engine's events while something is awaited, so that a result never comes before what led to it.
pub(crate) struct Screen<'o> {
    pub(crate) output: &'o Output,
    pub(crate) events: Events,
    /// What the engine has told of burners that it went on with by itself.
    pub(crate) settled: HashMap<BurnerId, Settlement>,
    pub(crate) holder: Holder,
    /// The folder that holds everything.
    pub(crate) home: &'o Path,
}

impl Screen<'_> {
    /// `what`: the work waits for it first; events tell what it waits for then.
    pub(crate) async fn during<T>(&mut self, what: &str, work: impl Future<Output = T>) -> T {
        let (mut work, second) = (pin!(work), Duration::from_secs(1));
        let mut reminders = interval_at(time::Instant::now() + second, second);
        self.output.wait_for(what);
        let done = loop {
            tokio::select! {
                biased;
                Some(event) = self.events.next() => self.show(&event),
                done = &mut work => break done,
                _ = reminders.tick() => self.output.remind(),
            }
        };
        while let Some(event) = self.events.try_next() {
            self.show(&event);
        }
        self.output.rest();
        done
    }

    fn show(&mut self, event: &Event) {
        if let Event::Settled { burner, outcome } = event {
            self.settled.insert(burner.clone(), *outcome);
        }
        self.output.event(event);
    }
}

/// JSON that a terminal shows as it is: in it, what steers a terminal or turns the direction of text stands in strings alone.
fn escaped(json: &str) -> Zeroizing<String> {
    let mut escaped = Zeroizing::new(String::with_capacity(json.len()));
    for c in json.chars() {
        if c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Serialises `value` with a `type`.
pub(crate) fn with_type(kind: &str, value: &impl serde::Serialize) -> Value {
    let mut value = serde_json::to_value(value).unwrap_or_default();
    if let Value::Object(map) = &mut value {
        map.insert("type".to_owned(), kind.into());
    }
    value
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is waited for where nothing more is known.
pub(crate) const SERVER: &str = "the server";

pub(crate) const EXPIRED: &str = "a burner has expired: it is burnt as soon as Tor is ready";

/// What is waited for behind something that was sent.
pub(crate) const ANSWER: &str = "the server to answer";

pub(crate) const PRIVATE_NETWORK: &str = "a private network: nothing here is protected by Tor";

pub(crate) const fn route_text(route: Route) -> &'static str {
    match route {
        Route::Onion => "onion",
        Route::Exit => "exit",
    }
}

/// How far Tor is, and what is in its way.
pub(crate) fn tor_text(fraction: f32, stage: TorStage, blocked: Option<&Error>) -> String {
    let at = match (stage, blocked) {
        (_, Some(error)) => format!(", {error}"),
        (TorStage::Connecting, None) => ", looking for a relay".to_owned(),
        (TorStage::Directory, None) => ", fetching the directory".to_owned(),
        (TorStage::Ready | TorStage::Stopped, None) => String::new(),
    };
    format!("Tor ({:.0} %{at})", fraction * 100.0)
}

fn step_text(step: &Step) -> String {
    match step {
        Step::Sealed { server, via } => {
            format!("identity drawn and sealed for {} (via {})", printable(server.as_str()), route_text(*via))
        }
        Step::OtherRoute { via } => format!("onion service silent, going via {}", route_text(*via)),
        Step::Connected { circuit: Some(circuit) } => format!("connected ({circuit})"),
        Step::Connected { circuit: None } => "connected".to_owned(),
        Step::Secured => "TLS up, certificate checked".to_owned(),
        Step::Registered => "registered".to_owned(),
        Step::LoggedIn => "logged in".to_owned(),
        Step::Reachable => "reachable".to_owned(),
        Step::Removed => "removed at the server".to_owned(),
        Step::Disabled => "the server removes none; nobody has the password any more".to_owned(),
        Step::ProvenGone => "login refused: it is gone".to_owned(),
        Step::MovingOn { from, why } => moving_text(from, why),
        // Told otherwise.
        Step::Working { .. } | Step::ServerSays { .. } => String::new(),
    }
}

/// Why another attempt is made. Its first step says where.
fn moving_text(from: &Address, why: &Error) -> String {
    let (server, why_text) = (printable(from.as_str()), why.to_string());
    match why_text.strip_prefix("the server") {
        Some(rest) => format!("{server}{rest}"),
        None => format!("{server}: {why_text}"),
    }
}

/// What is waited for behind a step.
const fn next_text(step: &Step) -> &'static str {
    match step {
        Step::MovingOn { .. } => SERVER,
        Step::Sealed { via, .. } | Step::OtherRoute { via } => server_text(*via),
        Step::Connected { .. } => "TLS",
        Step::Secured | Step::Working { .. } | Step::ServerSays { .. } => ANSWER,
        Step::Registered => "the login",
        Step::LoggedIn => "the server to answer once more",
        Step::Removed | Step::Disabled => "a login to be refused",
        Step::Reachable | Step::ProvenGone => "the folder",
    }
}

/// The server, and by which route.
pub(crate) const fn server_text(via: Route) -> &'static str {
    match via {
        Route::Onion => "the server, by its onion address",
        Route::Exit => "the server, through an exit relay",
    }
}

pub(crate) const fn settlement_text(settlement: Settlement) -> &'static str {
    match settlement {
        Settlement::Kept => "an unfinished burner was kept",
        Settlement::Removed => "an unfinished or expired burner was removed",
        Settlement::Disabled => "an unfinished or expired burner's password was given up",
        Settlement::Dropped => "a removal has waited for 30 days and was given up",
        Settlement::Absent => "an unfinished or expired burner is not at its server",
        Settlement::Unknown => "an unfinished or expired burner could not be settled",
    }
}

#[cfg(test)]
#[test]
fn a_refusal_that_is_moved_on_from_names_its_server() {
    let text = |why: &Error| moving_text(&"jabber.example".to_owned().into(), why);
    assert_eq!(text(&Error::RegistrationClosed), "jabber.example makes no accounts");
    assert_eq!(text(&Error::ServerBroken), "jabber.example's answer makes no sense");
    assert_eq!(text(&Error::BadAnswer), "jabber.example: the answer is wrong");
}

#[cfg(test)]
#[test]
fn json_steers_no_terminal_and_stays_the_same() {
    let text = "a\u{9b}31m \u{7f}\u{202e}\u{2028} é\u{1f980}\n";
    let json = escaped(&json!({ "text": text }).to_string());
    assert_eq!(*json, "{\"text\":\"a\\u009b31m \\u007f\\u202e\\u2028 é\u{1f980}\\n\"}");
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["text"], text);
}
