//! What a terminal sends, as keys. Bytes may come in any pieces.

/// What a key or a paste means to a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    /// A character.
    Char(char),
    /// What was pasted, whole.
    Paste(String),
    /// Bytes that are no UTF-8.
    Broken,
    Enter,
    Backspace,
    Delete,
    Left,
    Right,
    Home,
    End,
    /// Takes away what stands before the cursor: a word, or all.
    CutWord,
    CutStart,
    /// Takes away what stands behind it.
    CutEnd,
    Redraw,
    Interrupt,
    Suspend,
    /// Ctrl-D.
    EndOfInput,
}

const PASTE_BEGINS: &[u8] = b"\x1b[200~";
const PASTE_ENDS: &[u8] = b"\x1b[201~";

/// Bytes of which a key is not whole yet.
#[derive(Default)]
pub(crate) struct Keys {
    bytes: Vec<u8>,
    /// In so many of them the first key does not end: they are not searched again.
    searched: usize,
}

impl Keys {
    /// Takes in bytes.
    pub(crate) fn read(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether a key is there already.
    pub(crate) fn is_waiting(&mut self) -> bool {
        self.first().is_some()
    }

    /// The next key; `None` until more bytes come.
    pub(crate) fn next(&mut self) -> Option<Key> {
        loop {
            let (length, key) = self.first()?;
            zeroize::Zeroize::zeroize(self.bytes.get_mut(..length)?);
            self.bytes.drain(..length);
            self.searched = 0;
            if key.is_some() {
                return key;
            }
        }
    }

    fn first(&mut self) -> Option<(usize, Option<Key>)> {
        let first = next(&self.bytes, self.searched);
        if first.is_none() {
            self.searched = self.bytes.len();
        }
        first
    }
}

/// The first key and its bytes; no key where they mean nothing here. `None`: it is not whole, as it was not when there were
/// `searched` of them.
fn next(bytes: &[u8], searched: usize) -> Option<(usize, Option<Key>)> {
    if bytes.starts_with(PASTE_BEGINS) {
        // Of the end a part may be there already.
        let from = PASTE_BEGINS.len().max(searched.saturating_sub(PASTE_ENDS.len()));
        let end = from + bytes.get(from..)?.windows(PASTE_ENDS.len()).position(|window| window == PASTE_ENDS)?;
        let pasted = std::str::from_utf8(bytes.get(PASTE_BEGINS.len()..end)?);
        let key = pasted.map_or(Key::Broken, |text| Key::Paste(text.replace("\r\n", "\n").replace('\r', "\n")));
        return Some((end + PASTE_ENDS.len(), Some(key)));
    }
    match *bytes.first()? {
        0x1b => escape(bytes, searched),
        byte @ (0..0x20 | 0x7f) => Some((1, control(byte))),
        byte => character(byte, bytes),
    }
}

fn control(byte: u8) -> Option<Key> {
    Some(match byte {
        b'\r' | b'\n' => Key::Enter,
        b'\t' => Key::Char('\t'),
        0x01 => Key::Home,
        0x02 => Key::Left,
        0x03 => Key::Interrupt,
        0x04 => Key::EndOfInput,
        0x05 => Key::End,
        0x06 => Key::Right,
        0x08 | 0x7f => Key::Backspace,
        0x0b => Key::CutEnd,
        0x0c => Key::Redraw,
        0x15 => Key::CutStart,
        0x17 => Key::CutWord,
        0x1a => Key::Suspend,
        _ => return None,
    })
}

/// An escape sequence (ECMA-48 section 5.4), or a lone escape, which means nothing.
fn escape(bytes: &[u8], searched: usize) -> Option<(usize, Option<Key>)> {
    match bytes.get(1)? {
        b'[' => {
            let from = searched.max(2);
            let end = from + bytes.get(from..)?.iter().position(|byte| !(0x20..0x40).contains(byte))?;
            let sequence = bytes.get(2..=end)?;
            let key = match sequence {
                b"A" | b"B" => None,
                b"C" => Some(Key::Right),
                b"D" => Some(Key::Left),
                b"H" | b"1~" | b"7~" => Some(Key::Home),
                b"F" | b"4~" | b"8~" => Some(Key::End),
                b"3~" => Some(Key::Delete),
                _ => None,
            };
            Some((end + 1, key))
        }
        b'O' => {
            let key = match bytes.get(2)? {
                b'C' => Some(Key::Right),
                b'D' => Some(Key::Left),
                b'H' => Some(Key::Home),
                b'F' => Some(Key::End),
                b'M' => Some(Key::Enter),
                _ => None,
            };
            Some((3, key))
        }
        _ => Some((1, None)),
    }
}

fn character(first: u8, bytes: &[u8]) -> Option<(usize, Option<Key>)> {
    let length = match first {
        ..0x80 => 1,
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf5 => 4,
        _ => return Some((1, Some(Key::Broken))),
    };
    // What is wrong already does not wait for more.
    let begun = bytes.get(..length).unwrap_or(bytes);
    match std::str::from_utf8(begun) {
        Ok(text) => Some((length, text.chars().next().map(Key::Char))),
        Err(error) if error.error_len().is_none() && begun.len() < length => None,
        Err(error) => Some((error.error_len().unwrap_or(1), Some(Key::Broken))),
    }
}

#[cfg(test)]
mod tests {
    use rustix::time::{ClockId, clock_gettime};

    use super::*;

    fn read(bytes: &[u8]) -> Vec<Key> {
        let mut keys = Keys::default();
        keys.read(bytes);
        std::iter::from_fn(|| keys.next()).collect()
    }

    #[test]
    fn bytes_in_any_pieces_are_the_same_keys() {
        let bytes = "a\u{e9}漢👩\x1b[D\x1bOC\x1b[3~\x1b[200~one\r\ntwo\x1b[201~\x1b[1;5C\x1bx\x17\r".as_bytes();
        let whole = read(bytes);
        let mut keys = Keys::default();
        let mut pieces = Vec::new();
        for byte in bytes {
            keys.read(&[*byte]);
            pieces.extend(std::iter::from_fn(|| keys.next()));
        }
        assert_eq!(whole, pieces);
        let text = ['a', '\u{e9}', '漢', '👩'].map(Key::Char);
        let rest = [Key::Left, Key::Right, Key::Delete, Key::Paste("one\ntwo".into()), Key::Char('x'), Key::CutWord];
        assert_eq!(whole, [&text[..], &rest, &[Key::Enter]].concat());
    }

    /// A terminal hands on 1 KiB at a time: each byte is looked at a few times, not once for each piece behind it.
    #[test]
    fn a_key_of_megabytes_takes_no_longer_than_its_bytes() {
        // Not the time of the day: the machine may be busy.
        let spent = || clock_gettime(ClockId::ThreadCPUTime).tv_sec;
        let begins = spent();
        for (begin, end, whole) in [("\x1b[200~", "\x1b[201~", true), ("\x1b[", "C", false)] {
            let mut keys = Keys::default();
            keys.read(begin.as_bytes());
            for _ in 0..1024 {
                keys.read(&[b'1'; 1024]);
                assert!(!keys.is_waiting());
            }
            for byte in end.as_bytes() {
                assert_eq!(keys.next(), None);
                keys.read(&[*byte]);
            }
            let pasted = |key| matches!(key, Some(Key::Paste(text)) if text.len() == 1024 * 1024);
            assert_eq!(pasted(keys.next()), whole);
            keys.read(b"x");
            assert_eq!(keys.next(), Some(Key::Char('x')));
        }
        assert!(spent() - begins < 3);
    }

    #[test]
    fn bytes_that_are_no_utf_8_are_told_and_take_nothing_along() {
        assert_eq!(read(b"gr\xfcn\r"), [Key::Char('g'), Key::Char('r'), Key::Broken, Key::Char('n'), Key::Enter]);
        assert_eq!(read(b"\xe9\r"), [Key::Broken, Key::Enter]);
        assert_eq!(read(b"\x1b[200~gr\xfcn\x1b[201~"), [Key::Broken]);
    }
}
