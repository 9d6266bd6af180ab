//! Lines of standard input that is no terminal. A thread reads them that the end of the process does not wait for, as it
//! would for a read of tokio's.

use std::io::{self, BufRead, Read as _};
use std::thread;

use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// More bytes than the longest text takes in JSON.
pub(crate) const LIMIT: usize = 128 * 1024;

/// A line without its end, or why it cannot be read.
pub(crate) type Line = Result<Zeroizing<String>, BadLine>;

/// Why a line cannot be read. What follows it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadLine {
    /// It is longer than [`LIMIT`].
    TooLong,
    /// It is no UTF-8.
    NotUtf8,
}

impl BadLine {
    /// For people and developers.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "longer than 128 KiB",
            Self::NotUtf8 => "no UTF-8",
        }
    }
}

/// All lines; they end with the input.
pub(crate) fn lines() -> mpsc::Receiver<Line> {
    let (sender, lines) = mpsc::channel(16);
    thread::spawn(move || {
        while let Some(line) = next(&mut io::stdin().lock()) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn next(input: &mut impl BufRead) -> Option<Line> {
    let mut bytes = Vec::new();
    if input.by_ref().take(LIMIT as u64).read_until(b'\n', &mut bytes).ok()? == 0 {
        return None;
    }
    if bytes.pop_if(|last| *last == b'\n').is_none() && bytes.len() == LIMIT {
        input.skip_until(b'\n').ok()?;
        return Some(Err(BadLine::TooLong));
    }
    bytes.pop_if(|last| *last == b'\r');
    Some(String::from_utf8(bytes).map(Zeroizing::new).map_err(|_| BadLine::NotUtf8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_cannot_be_read_spoils_no_other() {
        let long = "x".repeat(3 * LIMIT);
        let mut input = [b"one\r\n", long.as_bytes(), b"\n\xff\n\nlast"].concat();
        let mut input = io::Cursor::new(&mut input);
        let mut read = || next(&mut input).map(|line| line.map(|line| line.to_string()));
        assert_eq!(read(), Some(Ok("one".into())));
        assert_eq!((read(), read()), (Some(Err(BadLine::TooLong)), Some(Err(BadLine::NotUtf8))));
        assert_eq!((read(), read(), read()), (Some(Ok(String::new())), Some(Ok("last".into())), None));
    }
}
