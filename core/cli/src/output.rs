//! What is printed: lines with times for people, one JSON object a line for programs.

use std::io::{IsTerminal as _, Write as _, stdout};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use flashpaper::{Burner, Event, Events, Route, Settlement, Step};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::exit::Failure;

/// The one printer of a run.
pub(crate) struct Output {
    json: bool,
    bar: ProgressBar,
    last_step: Mutex<Instant>,
    unread: AtomicBool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        let bar = ProgressBar::new(100);
        // A bar is for eyes: not for a pipe, not beside JSON.
        let visible = !json && std::io::stderr().is_terminal();
        bar.set_draw_target(if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() });
        if let Ok(style) = ProgressStyle::with_template("  Tor {bar:30} {percent:>3} % {msg}") {
            bar.set_style(style);
        }
        Self { json, bar, last_step: Mutex::new(Instant::now()), unread: AtomicBool::new(false) }
    }

    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Nobody reads what is printed any more.
    pub(crate) fn is_unread(&self) -> bool {
        self.unread.load(Relaxed)
    }

    /// A line for people. `false`: nobody reads any more.
    pub(crate) fn line(&self, text: &str) -> bool {
        self.json || self.write(text)
    }

    /// An object for programs. `false`: nobody reads any more.
    pub(crate) fn object(&self, object: &Value) -> bool {
        !self.json || self.write(&object.to_string())
    }

    pub(crate) fn warning(&self, code: &str, text: &str) {
        self.object(&json!({ "type": "warning", "code": code }));
        if !self.json {
            eprintln!("warning: {text}");
        }
    }

    pub(crate) fn burner(&self, burner: &Burner) {
        self.object(&with_type("burner", burner));
    }

    pub(crate) fn event(&self, event: &Event) {
        // `receive` and `chat` tell what comes of these.
        if matches!(
            event,
            Event::Connection { .. }
                | Event::OtherRoute { .. }
                | Event::Message { .. }
                | Event::Conversation { .. }
                | Event::Comparison { .. }
                | Event::Notice { .. }
        ) {
            return;
        }
        if self.json {
            if let Ok(text) = serde_json::to_string(event) {
                self.write(&text);
            }
            return;
        }
        match event {
            Event::PrivateNetwork => self.warning("", "a private network: nothing here is protected by Tor"),
            Event::TorStarting => self.start_clock(),
            Event::Tor { fraction, ready, blocked } => self.tor(*fraction, *ready, blocked.as_ref()),
            Event::Creating { step, .. } | Event::Burning { step, .. } => self.step(&step_text(step)),
            Event::Settled { outcome, .. } => self.step(settlement_text(*outcome)),
            _ => {}
        }
    }

    /// Steps are timed from here on.
    pub(crate) fn start_clock(&self) {
        *self.last_step.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// A step that is done, with the time since the one before it.
    pub(crate) fn step(&self, text: &str) {
        let mut last = self.last_step.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = last.elapsed().as_secs_f64();
        *last = Instant::now();
        drop(last);
        self.line(&format!("  {text:<40} {seconds:>7.2} s"));
    }

    pub(crate) fn failure(&self, failure: &Failure) {
        self.bar.finish_and_clear();
        if self.json {
            self.object(&failure.object());
        } else {
            eprintln!("error: {}", failure.line());
        }
    }

    fn tor(&self, fraction: f32, ready: bool, blocked: Option<&flashpaper::Error>) {
        if ready && !self.bar.is_finished() {
            self.bar.finish_and_clear();
            self.step("Tor is ready");
        } else if !ready {
            self.bar.set_position((fraction * 100.0) as u64);
            self.bar.set_message(blocked.map(flashpaper::Error::code).unwrap_or_default());
        }
    }

    fn write(&self, line: &str) -> bool {
        let written = self.bar.suspend(|| {
            let mut out = stdout().lock();
            writeln!(out, "{line}").and_then(|()| out.flush()).is_ok()
        });
        self.unread.fetch_or(!written, Relaxed);
        written
    }
}

/// Prints the engine's events while something is awaited, so that a result never comes before what led to it.
pub(crate) struct Screen<'o> {
    pub(crate) output: &'o Output,
    pub(crate) events: Events,
}

impl Screen<'_> {
    pub(crate) async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let done = loop {
            tokio::select! {
                biased;
                Some(event) = self.events.next() => self.output.event(&event),
                done = &mut work => break done,
            }
        };
        while let Some(event) = self.events.try_next() {
            self.output.event(&event);
        }
        done
    }
}

/// Serialises `value` with a `type`.
pub(crate) fn with_type(kind: &str, value: &impl serde::Serialize) -> Value {
    let mut value = serde_json::to_value(value).unwrap_or_default();
    if let Value::Object(map) = &mut value {
        map.insert("type".to_owned(), kind.into());
    }
    value
}

pub(crate) const fn route_text(route: Route) -> &'static str {
    match route {
        Route::Onion => "onion",
        Route::Exit => "exit",
    }
}

fn step_text(step: &Step) -> String {
    match step {
        Step::Sealed { via } => format!("identity drawn and sealed (via {})", route_text(*via)),
        Step::OtherRoute { via } => format!("onion service silent, going via {}", route_text(*via)),
        Step::Connected { circuit: Some(circuit) } => format!("connected ({circuit})"),
        Step::Connected { circuit: None } => "connected".to_owned(),
        Step::Secured => "TLS up, certificate checked".to_owned(),
        Step::Registered => "registered".to_owned(),
        Step::LoggedIn => "logged in".to_owned(),
        Step::Reachable => "reachable".to_owned(),
        Step::Removed => "removed at the server".to_owned(),
        Step::ProvenGone => "login refused: it is gone".to_owned(),
    }
}

const fn settlement_text(settlement: Settlement) -> &'static str {
    match settlement {
        Settlement::Kept => "an unfinished burner was kept",
        Settlement::Removed => "an unfinished burner was removed",
        Settlement::Absent => "an unfinished burner was never made",
        Settlement::Unknown => "an unfinished burner could not be settled",
    }
}

/// What a stranger wrote must not steer the terminal, nor turn the order of what stands beside it.
pub(crate) fn printable(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_replaced() {
        assert_eq!(printable("\u{1b}[2J\r\u{9b}1mé\u{202e}a"), "\u{fffd}[2J\u{fffd}\u{fffd}1mé\u{fffd}a");
    }
}
