//! Where a person types: a terminal, whose prompt stays whole below what is printed meanwhile, or a plain input.

use std::borrow::Cow;
use std::io::{IsTerminal as _, stdin, stdout};
use std::sync::{Arc, Mutex, PoisonError, mpsc as threads};
use std::thread;

use flashpaper::Security;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{ColorMode, Config, Editor, ExternalPrinter, Helper};
use tokio::sync::mpsc;

use super::colour::{LOCK, Paint};
use super::input::{self, BadLine};
use super::people;
use crate::output::Output;

/// What a person did.
pub(crate) enum Typed {
    /// A line, or one that cannot be read.
    Line(Result<String, BadLine>),
    /// Ctrl-C.
    Interrupt,
}

/// Lines in and out.
pub(crate) struct Terminal<'o> {
    output: &'o Output,
    pub(crate) paint: Paint,
    /// `None`: plain lines.
    printer: Option<Box<dyn ExternalPrinter + Send>>,
    lock: Lock,
    prompts: threads::Sender<String>,
    typed: mpsc::Receiver<Typed>,
}

/// What the prompt shows now; `None` while there is no peer.
type Lock = Arc<Mutex<Option<Security>>>;

impl<'o> Terminal<'o> {
    pub(crate) fn open(output: &'o Output) -> Self {
        let (paint, lock) = (Paint::for_stdout(), Lock::default());
        let (prompts, asked) = threads::channel();
        let (sender, typed) = mpsc::channel(1);
        let editor = if stdin().is_terminal() && stdout().is_terminal() { editor(paint, &lock) } else { None };
        let printer = match editor {
            Some((editor, printer)) => {
                thread::spawn(move || read_lines(editor, &asked, &sender));
                Some(printer)
            }
            None => {
                thread::spawn(move || {
                    for _prompt in asked {
                        let Some(line) = input::next(&mut stdin().lock()) else { return };
                        if sender.blocking_send(Typed::Line(line)).is_err() {
                            return;
                        }
                    }
                });
                None
            }
        };
        Self { output, paint, printer, lock, prompts, typed }
    }

    /// Has the person asked for a line. The terminal is in order whenever none is asked for.
    pub(crate) fn ask(&self, name: Option<&str>) {
        let prompt = name.map_or_else(|| "> ".to_owned(), |name| format!("{:LOCK$} {name}> ", ""));
        // Without a reader there is no line either.
        let _ = self.prompts.send(prompt);
    }

    /// The line that was asked for; `None` at the end of input. Cancel safe.
    pub(crate) async fn typed(&mut self) -> Option<Typed> {
        self.typed.recv().await
    }

    /// Sets what the prompt says. It is drawn anew with the next line that is printed.
    pub(crate) fn set_lock(&self, security: Option<Security>) {
        *self.lock.lock().unwrap_or_else(PoisonError::into_inner) = security;
    }

    /// Prints a line above the prompt. `false`: nobody reads any more.
    pub(crate) fn line(&mut self, text: &str) -> bool {
        match &mut self.printer {
            Some(printer) => printer.print(format!("{text}\n")).is_ok(),
            None => self.output.line(text),
        }
    }
}

type Prompted = Editor<Prompt, DefaultHistory>;

/// `None` for a terminal that can do too little.
fn editor(paint: Paint, lock: &Lock) -> Option<(Prompted, Box<dyn ExternalPrinter + Send>)> {
    // The lock comes in by way of highlighting, with or without colour. Nothing typed is kept.
    let config = Config::builder().color_mode(ColorMode::Forced).auto_add_history(false).build();
    let mut editor = Prompted::with_config(config).ok()?;
    editor.set_helper(Some(Prompt { paint, lock: Arc::clone(lock) }));
    let printer = editor.create_external_printer().ok()?;
    Some((editor, Box::new(printer)))
}

fn read_lines(mut editor: Prompted, prompts: &threads::Receiver<String>, typed: &mpsc::Sender<Typed>) {
    for prompt in prompts {
        let line = match editor.readline(&prompt) {
            Ok(line) => Typed::Line(Ok(line)),
            Err(ReadlineError::Interrupted) => Typed::Interrupt,
            Err(_) => return,
        };
        if typed.blocking_send(line).is_err() {
            return;
        }
    }
}

/// Draws the lock as it is now, whatever it was when the line was asked for.
struct Prompt {
    paint: Paint,
    lock: Lock,
}

impl Highlighter for Prompt {
    /// Who looks over the shoulder does not see a secret: as many stars, so that the cursor is right.
    fn highlight<'l>(&self, line: &'l str, _position: usize) -> Cow<'l, str> {
        let Some(shown) = people::shown(line) else { return Cow::Borrowed(line) };
        Cow::Owned(format!("{shown}{}", "*".repeat(line.chars().count() - shown.chars().count())))
    }

    fn highlight_char(&self, line: &str, _position: usize, _kind: CmdKind) -> bool {
        people::shown(line).is_some()
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _default: bool) -> Cow<'b, str> {
        let security = *self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(security), Some(rest)) = (security, prompt.strip_prefix(&" ".repeat(LOCK))) else {
            return Cow::Borrowed(prompt);
        };
        // The place that it takes stays the same: the cursor depends on that.
        let plain = Paint::none().lock(security).len();
        Cow::Owned(format!("{}{:width$}{rest}", self.paint.lock(security), "", width = LOCK - plain))
    }
}

#[cfg(test)]
#[test]
fn secrets_are_not_shown_as_they_are_typed() {
    let prompt = Prompt { paint: Paint::none(), lock: Lock::default() };
    for (typed, shown) in [
        ("/verify cat", "/verify****"),
        ("  /verify\tpet? cät ", "  /verify**********"),
        ("/verifying", "/verifying"),
        ("/verify", "/verify"),
        ("what about /verify cat", "what about /verify cat"),
    ] {
        assert_eq!(prompt.highlight(typed, 0), shown);
        let hides = prompt.highlight_char(typed, 0, CmdKind::Other);
        assert_eq!(hides, typed != shown, "drawn anew with each character");
    }
}

impl Completer for Prompt {
    type Candidate = String;
}

impl Hinter for Prompt {
    type Hint = String;
}

impl Validator for Prompt {}

impl Helper for Prompt {}
