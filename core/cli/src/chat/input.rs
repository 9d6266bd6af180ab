//! Lines of standard input. A thread reads them that the end of the process does not wait for, as it would for a read of
//! tokio's.

use std::io::{self, BufRead, Read as _};
use std::thread;

use tokio::sync::mpsc;

/// More than the longest text takes in JSON.
const LIMIT: u64 = 128 * 1024;

/// A line, or that it was too long or no UTF-8.
pub(crate) type Line = Result<String, BadLine>;

/// A line that cannot be read. What follows it can.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadLine;

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

pub(crate) fn next(input: &mut impl BufRead) -> Option<Line> {
    let mut bytes = Vec::new();
    if input.by_ref().take(LIMIT).read_until(b'\n', &mut bytes).ok()? == 0 {
        return None;
    }
    if bytes.pop_if(|last| *last == b'\n').is_none() && bytes.len() as u64 == LIMIT {
        input.skip_until(b'\n').ok()?;
        return Some(Err(BadLine));
    }
    bytes.pop_if(|last| *last == b'\r');
    Some(String::from_utf8(bytes).map_err(|_| BadLine))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_cannot_be_read_spoils_no_other() {
        let long = "x".repeat(3 * LIMIT as usize);
        let mut input = [b"one\r\n", long.as_bytes(), b"\n\xff\n\nlast"].concat();
        let mut input = io::Cursor::new(&mut input);
        let mut read = || next(&mut input);
        assert_eq!(read(), Some(Ok("one".into())));
        assert_eq!((read(), read()), (Some(Err(BadLine)), Some(Err(BadLine))));
        assert_eq!((read(), read(), read()), (Some(Ok(String::new())), Some(Ok("last".into())), None));
    }
}
