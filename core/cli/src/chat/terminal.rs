//! Where a user types: a terminal with a prompt that stays whole below what is printed meanwhile, or a plain input. Decision 026
//! says why no library draws the prompt.

use std::io::{self, IsTerminal as _, Read as _, stdin, stdout};
use std::thread;
use std::time::Duration;

use flashpaper::Security;
use rustix::process::{Signal as Number, kill_current_process_group};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use zeroize::Zeroizing;

use crate::editor::input;
use crate::editor::keys::{Key, Keys};
use crate::editor::line::Line;
use crate::output::Output;
use crate::paint::{LOCK, Paint};
use crate::shown::{NO_WRAP, WRAP};
use crate::stdio::to_stdout;
use crate::text::{shortened, width};
use crate::tty::{self, Quiet, is_dumb};

/// How soon a process that was told to stop has stopped.
const STOPPING: Duration = Duration::from_millis(200);

/// The columns of a name in the prompt, at the most: a peer's address may be long.
const NAME: usize = 24;

/// What a user did.
pub(crate) enum Typed {
    /// A line, or one that cannot be read.
    Line(input::Line),
    /// Ctrl-C.
    Interrupt,
}

/// Lines in and out.
pub(crate) struct Terminal<'o> {
    output: &'o Output,
    pub(crate) paint: Paint,
    input: Input,
    /// Whom the next line goes to, as the prompt has it; `None` while nobody is asked for one.
    prompt: Option<String>,
    /// How private that would be; `None` while there is no peer.
    lock: Option<Security>,
}

/// What is read.
enum Input {
    Keys(Box<Keyboard>),
    Lines(mpsc::Receiver<input::Line>),
}

/// A terminal of which the keys are read one by one.
struct Keyboard {
    bytes: mpsc::Receiver<Zeroizing<Vec<u8>>>,
    keys: Keys,
    line: Line,
    /// It has another size.
    resized: Signal,
    /// The process goes on after it was stopped.
    continued: Signal,
    quiet: Quiet,
    /// Until when it stops. Without a shell that could go on with it, it does not.
    stopping: Option<Instant>,
}

impl<'o> Terminal<'o> {
    /// The terminal, if keys are read from it and drawn on it: it shows nothing by itself from now on.
    pub(crate) fn quiet() -> Option<Quiet> {
        let draws = stdin().is_terminal() && stdout().is_terminal() && !is_dumb();
        if draws { Quiet::begin() } else { None }
    }

    /// `quiet`: that terminal.
    pub(crate) fn open(output: &'o Output, quiet: Option<Quiet>) -> Self {
        let keyboard = quiet.and_then(|quiet| Keyboard::open(quiet).ok());
        let input = keyboard.map_or_else(|| Input::Lines(input::lines()), |keyboard| Input::Keys(Box::new(keyboard)));
        Self { output, paint: Paint::for_stdout(), input, prompt: None, lock: None }
    }

    /// Asks for a line.
    pub(crate) fn ask(&mut self, name: Option<&str>) {
        self.prompt = Some(name.unwrap_or_default().to_owned());
        if let Input::Keys(keyboard) = &self.input {
            keyboard.quiet.resume();
        }
        self.draw();
    }

    /// Leaves the terminal as it was found, for what may take long: Ctrl-C and Ctrl-Z are signals then. Until a line is asked
    /// for.
    pub(crate) fn rest(&self) {
        if let Input::Keys(keyboard) = &self.input {
            keyboard.quiet.suspend();
        }
    }

    /// The line that was asked for; `None` at the end of input. Cancel safe.
    pub(crate) async fn typed(&mut self) -> Option<Typed> {
        loop {
            self.draw();
            let keyboard = match &mut self.input {
                Input::Lines(lines) => return lines.recv().await.map(Typed::Line),
                Input::Keys(keyboard) => keyboard,
            };
            keyboard.woken().await?;
            while let Some(key) = keyboard.keys.next() {
                match key {
                    Key::Enter => {
                        let (shown, line) = (keyboard.line.shown(), keyboard.line.take());
                        self.leave(&shown);
                        return Some(Typed::Line(line));
                    }
                    Key::Interrupt => return Some(Typed::Interrupt),
                    Key::EndOfInput if keyboard.line.is_empty() => return None,
                    Key::EndOfInput => keyboard.line.edit(&Key::Delete),
                    Key::Suspend => keyboard.suspend(),
                    key => keyboard.line.edit(&key),
                }
            }
        }
    }

    /// Whether the terminal itself shows what is typed, secrets too.
    pub(crate) fn echoes(&self) -> bool {
        matches!(self.input, Input::Lines(_)) && stdin().is_terminal()
    }

    /// Sets what the prompt says.
    pub(crate) fn set_lock(&mut self, security: Option<Security>) {
        if self.lock != security {
            self.lock = security;
            self.draw();
        }
    }

    /// Prints lines above the prompt. `false`: they could not be printed.
    pub(crate) fn line(&mut self, text: &str) -> bool {
        self.clear();
        let printed = self.output.line(text);
        self.draw();
        printed
    }

    /// Prints what has to be copied as it is, above the prompt.
    pub(crate) fn whole(&mut self, text: &str) -> bool {
        self.clear();
        let printed = self.output.whole(text);
        self.draw();
        printed
    }

    /// Leaves what was typed where it is, and begins a new row.
    fn leave(&mut self, shown: &str) {
        let line = format!("{}{shown}", self.prompt(usize::MAX));
        self.clear();
        self.prompt = None;
        self.output.line(&line);
    }

    /// Takes the prompt away.
    fn clear(&self) {
        if self.prompt.is_some() {
            self.control("\r\x1b[K");
        }
    }

    /// Codes for a terminal that keys are read from. Where they do not arrive, what is printed next says so.
    fn control(&self, codes: &str) {
        if matches!(self.input, Input::Keys(_)) {
            let _ = to_stdout(codes);
        }
    }

    /// Draws the prompt and the line anew.
    fn draw(&self) {
        let Input::Keys(keyboard) = &self.input else { return };
        if self.prompt.is_none() || keyboard.stopping.is_some() {
            return;
        }
        self.output.fit();
        let columns = tty::columns().unwrap_or(80);
        let prompt = self.prompt(columns);
        let taken = width(&prompt);
        let (line, cursor) = keyboard.line.drawn(columns.saturating_sub(taken));
        let right = taken + cursor;
        self.control(&format!("{NO_WRAP}\r\x1b[K{prompt}{line}\r\x1b[{right}C{WRAP}"));
    }

    fn prompt(&self, columns: usize) -> String {
        let name = self.prompt.as_deref().unwrap_or_default();
        // A row has room for the line, too.
        let most = NAME.min((columns / 2).saturating_sub(LOCK + 3));
        match self.lock {
            _ if columns < LOCK + 10 => "> ".to_owned(),
            Some(security) => format!("{} {}> ", self.paint.lock(security), shortened(name, most)),
            None => format!("{}> ", shortened(name, most)),
        }
    }
}

impl Keyboard {
    fn open(mut quiet: Quiet) -> io::Result<Self> {
        let resized = signal(SignalKind::window_change())?;
        let continued = signal(SignalKind::from_raw(Number::CONT.as_raw()))?;
        quiet.draw();
        let (sender, bytes) = mpsc::channel(16);
        thread::spawn(move || read(&sender));
        Ok(Self { bytes, keys: Keys::default(), line: Line::default(), resized, continued, quiet, stopping: None })
    }

    /// Waits until there may be something to do or to draw. `None`: nothing can be typed any more. Cancel safe.
    async fn woken(&mut self) -> Option<()> {
        if self.keys.is_waiting() && self.stopping.is_none() {
            return Some(());
        }
        let stopping = self.stopping;
        tokio::select! {
            bytes = self.bytes.recv() => self.keys.read(&bytes?),
            _ = self.resized.recv() => {}
            _ = self.continued.recv() => self.go_on(),
            () = sleep_until(stopping.unwrap_or_else(Instant::now)), if stopping.is_some() => self.go_on(),
        }
        Some(())
    }

    /// Ctrl-Z: stops with the terminal as it was found.
    fn suspend(&mut self) {
        self.quiet.suspend();
        self.stopping = Some(Instant::now() + STOPPING);
        // Where this fails there is nothing to go on from.
        let _ = kill_current_process_group(Number::TSTP);
    }

    /// The terminal may be as anybody left it.
    fn go_on(&mut self) {
        self.stopping = None;
        self.quiet.resume();
    }
}

/// Hands on what is typed. A thread, for which the end of the process does not wait.
fn read(sender: &mpsc::Sender<Zeroizing<Vec<u8>>>) {
    let mut bytes = Zeroizing::new([0; 1024]);
    loop {
        match stdin().lock().read(&mut *bytes) {
            Ok(0) => return,
            Ok(read) => {
                let read = bytes.get(..read).unwrap_or_default().to_vec();
                if sender.blocking_send(Zeroizing::new(read)).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
