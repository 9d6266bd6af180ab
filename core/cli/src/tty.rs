//! The terminal's own settings: its width, and whether it shows what is typed.

use std::env;
use std::io::{IsTerminal as _, Stdin, stdin, stdout};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{read, retry_on_intr};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr,
};
use zeroize::Zeroizing;

use crate::editor::keys::{Key, Keys};
use crate::editor::line::Line;
use crate::stdio::{to_stderr, to_stdout};
use crate::stop;

/// Pasted text is told from typed text.
const BEGIN: &str = "\x1b[?2004h";
/// The opposite.
const END: &str = "\x1b[?2004l\r\x1b[K";

/// The columns of the terminal that standard output is; `None` if it is none.
pub(crate) fn columns() -> Option<usize> {
    let size = tcgetwinsize(stdout()).ok()?;
    // Some do not know their size.
    Some(if size.ws_col == 0 { 80 } else { size.ws_col.into() })
}

/// A terminal that knows no codes.
pub(crate) fn is_dumb() -> bool {
    env::var_os("TERM").is_none_or(|name| name.is_empty() || name == "dumb")
}

/// A terminal on which nothing is shown that the program does not show. As it was, once this is dropped.
pub(crate) struct Quiet {
    /// As it was.
    original: Termios,
    /// Rows are written, too.
    draws: bool,
}

impl Quiet {
    pub(crate) fn begin() -> Option<Self> {
        let quiet = Self { original: tcgetattr(stdin()).ok()?, draws: false };
        quiet.resume();
        Some(quiet)
    }

    /// Rows are written from now on.
    pub(crate) fn draw(&mut self) {
        self.draws = true;
        self.resume();
    }

    /// Sets the terminal, also where another program has changed it meanwhile. Ctrl-C and the like are read as keys.
    pub(crate) fn resume(&self) {
        let mut termios = self.original.clone();
        termios.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::IEXTEN | LocalModes::ISIG;
        termios.input_modes -= InputModes::ICRNL | InputModes::INPCK | InputModes::ISTRIP | InputModes::IXON;
        termios.special_codes[SpecialCodeIndex::VMIN] = 1;
        termios.special_codes[SpecialCodeIndex::VTIME] = 0;
        self.set(&termios, BEGIN);
    }

    /// Puts the terminal back as it was found.
    pub(crate) fn suspend(&self) {
        self.set(&self.original, END);
    }

    /// A terminal that is gone needs no order.
    fn set(&self, termios: &Termios, codes: &str) {
        let _ = tcsetattr(stdin(), OptionalActions::Drain, termios);
        if self.draws {
            let _ = to_stdout(codes);
        }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        self.suspend();
    }
}

/// A terminal that shows nothing of the lines that are typed, and does not stop meanwhile. As it was, once this is dropped.
pub(crate) struct Hidden<T: AsFd = Stdin> {
    terminal: T,
    original: Termios,
}

impl<T: AsFd> Hidden<T> {
    /// `None`: it is no terminal.
    pub(crate) fn begin(terminal: T) -> Option<Self> {
        let hidden = Self { original: tcgetattr(&terminal).ok()?, terminal };
        hidden.resume();
        Some(hidden)
    }

    /// Sets the terminal, also where another program has changed it meanwhile.
    pub(crate) fn resume(&self) {
        let mut termios = self.original.clone();
        termios.local_modes -= LocalModes::ECHO;
        // But for the ends of the lines.
        termios.local_modes |= LocalModes::ECHONL;
        // None: a shell would show what is typed to it.
        termios.special_codes[SpecialCodeIndex::VSUSP] = 0;
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &termios);
    }
}

impl<T: AsFd> Drop for Hidden<T> {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.original);
    }
}

/// What the terminal answers to codes that ask it something, until that is whole or patience ends. What was typed before is
/// dropped. Nobody else may read meanwhile.
pub(crate) fn answer_to(codes: &str, patience: Duration, is_whole: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let Ok(original) = tcgetattr(stdin()) else { return Vec::new() };
    let mut termios = original.clone();
    termios.local_modes -= LocalModes::ECHO | LocalModes::ICANON;
    let _ = tcsetattr(stdin(), OptionalActions::Flush, &termios);
    let (mut answer, mut bytes, end) = (Vec::new(), [0; 256], Instant::now() + patience);
    let _ = to_stdout(codes);
    while !is_whole(&answer) && answer.len() < ANSWER_AT_MOST {
        let Ok(left) = Timespec::try_from(end.saturating_duration_since(Instant::now())) else { break };
        let stdin = rustix::stdio::stdin();
        match poll(&mut [PollFd::from_borrowed_fd(stdin, PollFlags::IN)], Some(&left)) {
            Ok(1..) => match read(stdin, &mut bytes) {
                Ok(read @ 1..) => answer.extend_from_slice(bytes.get(..read).unwrap_or_default()),
                _ => break,
            },
            // Told to stop, or out of patience.
            _ => break,
        }
    }
    let _ = tcsetattr(stdin(), OptionalActions::Now, &original);
    answer
}

/// Of an answer of the terminal's, bytes.
const ANSWER_AT_MOST: usize = 4096;

/// Asks for a line that is not shown. `None`: the user does not give one, the program is told to end, or standard input is no
/// terminal.
pub(crate) fn hidden_line(question: &str) -> Option<Zeroizing<String>> {
    if !stdin().is_terminal() {
        return None;
    }
    let quiet = Quiet::begin()?;
    to_stderr(question);
    // Byte by byte: what stands behind the line is for what reads next.
    let (mut keys, mut line, mut byte) = (Keys::default(), Line::default(), Zeroizing::new([0; 1]));
    let given = loop {
        match keys.next() {
            Some(Key::Enter) => break line.take().ok(),
            Some(Key::Interrupt | Key::EndOfInput) => break None,
            Some(key) => line.edit(&key),
            // After a stop the shell has left the terminal as it likes it.
            None if !stop::ready_while(rustix::stdio::stdin(), PollFlags::IN, || quiet.resume()) => break None,
            None => match retry_on_intr(|| read(rustix::stdio::stdin(), &mut *byte)) {
                Ok(1..) => keys.read(&*byte),
                _ => break None,
            },
        }
    };
    to_stderr("\n");
    given
}
