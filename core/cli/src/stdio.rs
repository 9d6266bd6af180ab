//! Standard output and error, past the standard library: for that one an output that is closed or only for reading takes
//! everything, and one that nobody reads holds the program for ever.

use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use ctor::ctor;
use rustix::event::PollFlags;
use rustix::io::{Errno, fcntl_getfd, retry_on_intr, write};
use rustix::stdio::{stderr, stdout};

use crate::stop;

/// So many bytes go into a pipe that has any room without waiting, on every system (POSIX: `_POSIX_PIPE_BUF`).
const PIECE: usize = 512;

/// Whether there was a standard output when the program began.
static WAS_OPEN: AtomicBool = AtomicBool::new(false);

/// Looks before the standard library starts, which opens /dev/null in the place of what is closed. As nothing of it is ready
/// by then, this makes one system call and stores a flag.
#[ctor(unsafe)]
fn look() {
    WAS_OPEN.store(fcntl_getfd(stdout()).is_ok(), Relaxed);
}

/// Prints on standard output. `false`: not all of it could be.
pub(crate) fn to_stdout(text: &str) -> bool {
    WAS_OPEN.load(Relaxed) && put(stdout(), text)
}

/// Prints on standard error. What cannot be printed there stops nothing.
pub(crate) fn to_stderr(text: &str) {
    put(stderr(), text);
}

/// `false`: not all of it could be written, or nobody read it before the program was told to end.
fn put(fd: BorrowedFd<'_>, text: &str) -> bool {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        if !stop::ready(fd, PollFlags::OUT) {
            return false;
        }
        let piece = rest.get(..PIECE).unwrap_or(rest);
        match retry_on_intr(|| write(fd, piece)) {
            Ok(written @ 1..) => rest = rest.get(written..).unwrap_or_default(),
            // Another program has set that nothing waits here.
            Err(Errno::AGAIN) => {}
            _ => return false,
        }
    }
    true
}
