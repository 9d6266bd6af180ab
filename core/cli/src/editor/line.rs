//! The line that a user types: what is in it, and how it is drawn on one row of the terminal.

use zeroize::Zeroizing;

use super::input::{BadLine, LIMIT};
use super::keys::Key;
use crate::text::char_width;

/// Stands for a line break within the line.
pub(crate) const BREAK: char = '\u{21b5}';

/// What is typed so far.
#[derive(Default)]
pub(crate) struct Line {
    text: Zeroizing<String>,
    /// A byte of the text, or its end: where the next character goes.
    cursor: usize,
    /// Why it cannot be read, whatever else is in it.
    bad: Option<BadLine>,
}

impl Line {
    /// Does what a key means. Others than those that edit do nothing.
    pub(crate) fn edit(&mut self, key: &Key) {
        match key {
            Key::Char(c) => self.insert(c.encode_utf8(&mut [0; 4])),
            Key::Paste(text) => self.insert(text),
            Key::Broken => {
                self.insert("\u{fffd}");
                self.bad.get_or_insert(BadLine::NotUtf8);
            }
            Key::Backspace => self.cut(self.before(), self.cursor),
            Key::Delete => self.cut(self.cursor, self.behind()),
            Key::Left => self.cursor = self.before(),
            Key::Right => self.cursor = self.behind(),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = self.text.len(),
            Key::CutWord => self.cut(self.word(), self.cursor),
            Key::CutStart => self.cut(0, self.cursor),
            Key::CutEnd => self.cut(self.cursor, self.text.len()),
            Key::Enter | Key::Redraw | Key::Interrupt | Key::Suspend | Key::EndOfInput => {}
        }
    }

    /// The line as it is, which is empty then.
    pub(crate) fn take(&mut self) -> Result<Zeroizing<String>, BadLine> {
        let Self { text, bad, .. } = std::mem::take(self);
        bad.map_or(Ok(text), Err)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// As others may see it: without a secret.
    pub(crate) fn shown(&self) -> String {
        self.cells().map(|(_, c)| c).collect()
    }

    /// The part around the cursor that fits `columns`, and in which of them the cursor stands.
    pub(crate) fn drawn(&self, columns: usize) -> (String, usize) {
        // The cursor takes one behind the text.
        let room = columns.saturating_sub(1);
        let cells: Vec<(usize, char)> = self.cells().collect();
        let at = cells.partition_point(|(byte, _)| *byte < self.cursor);
        let (before, behind) = cells.split_at_checked(at).unwrap_or_default();
        let mut used = 0;
        let mut fits = |c: char| {
            let takes = char_width(c);
            let fits = used + takes <= room;
            used += if fits { takes } else { 0 };
            fits
        };
        let start = before.iter().rposition(|(_, c)| !fits(*c)).map_or(0, |last| last + 1);
        let mut drawn: String = before.iter().skip(start).map(|(_, c)| *c).collect();
        let cursor = crate::text::width(&drawn);
        drawn.extend(behind.iter().map(|(_, c)| *c).take_while(|c| fits(*c)));
        (drawn, cursor)
    }

    /// Each character as it may be seen, and where it stands.
    fn cells(&self) -> impl Iterator<Item = (usize, char)> {
        let hidden = secret(&self.text).unwrap_or(usize::MAX);
        self.text.char_indices().map(move |(byte, c)| {
            let shown = match c {
                _ if byte >= hidden => '*',
                '\n' => BREAK,
                '\t' => ' ',
                c if c.is_control() => '\u{fffd}',
                c => c,
            };
            (byte, shown)
        })
    }

    fn insert(&mut self, text: &str) {
        if self.text.len() + text.len() > LIMIT {
            self.bad = Some(BadLine::TooLong);
            return;
        }
        self.text.insert_str(self.cursor, text);
        self.cursor += text.len();
    }

    fn cut(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.cursor = from;
        if self.text.is_empty() {
            self.bad = None;
        }
    }

    /// Where the character before the cursor begins; its marks belong to it.
    fn before(&self) -> usize {
        let before = self.text.get(..self.cursor).unwrap_or_default();
        before.char_indices().rfind(|(_, c)| is_base(*c)).map_or(0, |(byte, _)| byte)
    }

    /// Where the one behind it ends.
    fn behind(&self) -> usize {
        let behind = self.text.get(self.cursor..).unwrap_or_default();
        behind.char_indices().skip(1).find(|(_, c)| is_base(*c)).map_or(self.text.len(), |(byte, _)| self.cursor + byte)
    }

    /// Where the word before it begins.
    fn word(&self) -> usize {
        let before = self.text.get(..self.cursor).unwrap_or_default().trim_end();
        before.rfind(char::is_whitespace).map_or(0, |blank| blank + 1)
    }
}

/// Of a line that holds a secret: at which byte that begins.
fn secret(line: &str) -> Option<usize> {
    let secret = line.trim_start().strip_prefix("/verify")?;
    secret.starts_with(char::is_whitespace).then(|| line.len() - secret.len())
}

/// Whether a character stands by itself, and not on the one before.
fn is_base(c: char) -> bool {
    c.is_control() || char_width(c) > 0 && c != '\u{fe0f}'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[Key]) -> Line {
        let mut line = Line::default();
        keys.iter().for_each(|key| line.edit(key));
        line
    }

    fn text(text: &str) -> Key {
        Key::Paste(text.to_owned())
    }

    #[test]
    fn a_line_is_edited() {
        for (keys, result) in [
            (vec![text("helo"), Key::Left, Key::Char('l'), Key::End, Key::Char('!')], "hello!"),
            (vec![text("one two  "), Key::CutWord, Key::CutWord, Key::Char('x')], "x"),
            (vec![text("e\u{301}a\u{308}"), Key::Backspace], "e\u{301}"),
            (vec![text("e\u{301}a"), Key::Home, Key::Delete], "a"),
            (vec![text("abc"), Key::Left, Key::CutStart], "c"),
            (vec![text("abc"), Key::Home, Key::Right, Key::CutEnd], "a"),
            (vec![Key::Backspace, Key::Delete, Key::Left, Key::Right, Key::CutWord], ""),
        ] {
            assert_eq!(typed(&keys).take().unwrap().as_str(), result);
        }
    }

    #[test]
    fn one_that_cannot_be_read_is_refused_and_the_next_is_not() {
        let mut line = typed(&[text("gr"), Key::Broken, text("n")]);
        assert_eq!(line.take().err(), Some(BadLine::NotUtf8));
        line.edit(&text("green"));
        assert_eq!(line.take().unwrap().as_str(), "green");
        assert_eq!(typed(&[text(&"x".repeat(LIMIT)), Key::Char('x')]).take().err(), Some(BadLine::TooLong));
        assert_eq!(typed(&[Key::Broken, Key::CutStart]).take().unwrap().as_str(), "");
    }

    #[test]
    fn what_is_drawn_fits_one_row_and_holds_the_cursor() {
        let mut line = typed(&[text(&format!("{}漢字\tend", "x".repeat(50)))]);
        for columns in [1, 2, 5, 20, 80] {
            for key in [Key::End, Key::Left, Key::Left, Key::Home, Key::Right] {
                line.edit(&key);
                let (drawn, cursor) = line.drawn(columns);
                assert!(crate::text::width(&drawn) < columns && cursor < columns, "{columns}: {drawn}, {cursor}");
            }
        }
        line.edit(&Key::End);
        assert_eq!(line.drawn(10), ("x漢字 end".to_owned(), 9));
    }

    #[test]
    fn secrets_are_not_shown_as_they_are_typed_and_a_break_is_a_sign() {
        for (text_typed, shown) in [
            ("/verify cat", "/verify****"),
            ("  /verify\tpet? c\u{e4}t ", "  /verify**********"),
            ("/verify\ncat", "/verify****"),
            ("/verifying", "/verifying"),
            ("/verify", "/verify"),
            ("what about /verify cat", "what about /verify cat"),
            ("a\nb\u{7}", "a\u{21b5}b\u{fffd}"),
        ] {
            let line = typed(&[text(text_typed)]);
            assert_eq!((line.shown(), line.drawn(80).0), (shown.to_owned(), shown.to_owned()));
        }
    }
}
