//! What a terminal shows: lines in rows that the program has begun, also once the terminal is narrower.

use std::collections::VecDeque;

use zeroize::Zeroizing;

use crate::text::wrapped;

/// How many lines are written anew on a terminal that has become narrower.
const KEPT: usize = 1000;

/// Clears the screen and what was scrolled off it, and begins at the top (ECMA-48 section 8.3.39; 3 is xterm's).
const CLEAR: &str = "\x1b[2J\x1b[3J\x1b[H";

/// A row that is full is not gone on with on the next (DECAWM): where a terminal takes more columns for a character than
/// were counted, no text begins a row that the program has not begun.
pub(crate) const NO_WRAP: &str = "\x1b[?7l";
/// The opposite.
pub(crate) const WRAP: &str = "\x1b[?7h";

/// What the rows say that are written anew.
const NARROWER: &str = "-- the terminal is narrower: all was cleared, and the last lines are written anew";

/// The last lines on standard output.
pub(crate) struct Shown {
    /// Whether it is a terminal that knows codes.
    codes: bool,
    /// The terminal's columns; `None` if it is none.
    columns: Option<usize>,
    lines: VecDeque<Line>,
    /// Words of others are among them.
    words: bool,
}

struct Line {
    text: Zeroizing<String>,
    /// It has to be copied as it is: the terminal breaks it.
    whole: bool,
}

impl Shown {
    pub(crate) const fn new(columns: Option<usize>, codes: bool) -> Self {
        Self { codes: codes && columns.is_some(), columns, lines: VecDeque::new(), words: false }
    }

    /// Words of others are among the lines from now on.
    pub(crate) const fn has_words(&mut self) {
        self.words = true;
    }

    /// A line as it is to be written.
    pub(crate) fn add(&mut self, text: &str, whole: bool) -> Zeroizing<String> {
        let line = Line { text: Zeroizing::new(text.to_owned()), whole };
        let drawn = line.drawn(self.columns, self.codes);
        if self.codes {
            self.lines.push_back(line);
            let surplus = self.lines.len().saturating_sub(KEPT);
            self.lines.drain(..surplus);
        }
        drawn
    }

    /// What is to be written once the terminal has so many columns. One that is narrower breaks its rows by itself, and what
    /// others wrote would begin some of them.
    pub(crate) fn resized(&mut self, columns: Option<usize>) -> Option<Zeroizing<String>> {
        let before = self.columns;
        self.columns = columns.or(before);
        if !self.codes || !self.words || self.columns >= before {
            return None;
        }
        let narrower = Line { text: Zeroizing::new(NARROWER.to_owned()), whole: false };
        let mut screen = Zeroizing::new(CLEAR.to_owned());
        screen.push_str(&narrower.drawn(self.columns, true));
        for line in &self.lines {
            screen.push('\n');
            screen.push_str(&line.drawn(self.columns, true));
        }
        Some(screen)
    }
}

impl Line {
    fn drawn(&self, columns: Option<usize>, codes: bool) -> Zeroizing<String> {
        let Some(columns) = columns.filter(|_| !self.whole) else { return self.text.clone() };
        let rows = self.text.split('\n').map(|line| wrapped(line, columns)).collect::<Vec<_>>().join("\n");
        Zeroizing::new(if codes { format!("{NO_WRAP}{rows}{WRAP}") } else { rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrower_terminal_is_cleared_only_of_what_others_wrote() {
        let uri = format!("xmpp:rivermasol42@jabber.example?otr-fingerprint={}", "A1".repeat(20));
        let mut shown = Shown::new(Some(100), true);
        assert_eq!(*shown.add("one two", false), format!("{NO_WRAP}one two{WRAP}"));
        assert_eq!(*shown.add(&uri, true), uri);
        assert_eq!(shown.resized(Some(60)), None, "all of it is the program's own");
        shown.has_words();
        shown.add(&"forged ".repeat(8), false);
        assert_eq!((shown.resized(Some(60)), shown.resized(Some(80)), shown.resized(None)), (None, None, None));
        let screen = shown.resized(Some(30)).unwrap();
        assert!(screen.starts_with(CLEAR) && screen.contains(&format!("\n{uri}\n")), "{screen:?}");
        assert!(screen.ends_with(&format!(
            "{NO_WRAP}forged forged forged forged \n    | forged forged forged \n    | forged {WRAP}"
        )));
    }

    #[test]
    fn what_knows_no_codes_gets_none() {
        let mut dumb = Shown::new(Some(20), false);
        dumb.has_words();
        assert_eq!(*dumb.add("forged forged forged", false), "forged forged forged");
        assert_eq!(dumb.resized(Some(12)), None);
        assert_eq!(*dumb.add("forged forged", false), "forged \n    | forged");
        assert_eq!(*Shown::new(None, true).add(&"x".repeat(200), false), "x".repeat(200), "a pipe");
    }
}
