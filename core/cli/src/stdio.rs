//! Standard output and error, past the standard library: for that one an output that is closed or only for reading takes
//! everything.

use std::io::{Write as _, stderr};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use ctor::ctor;
use rustix::io::{fcntl_getfd, retry_on_intr, write};
use rustix::stdio::stdout;

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
    let mut rest = text.as_bytes();
    while !rest.is_empty()
        && WAS_OPEN.load(Relaxed)
        && let Ok(written @ 1..) = retry_on_intr(|| write(stdout(), rest))
    {
        rest = rest.get(written..).unwrap_or_default();
    }
    rest.is_empty()
}

/// Prints on standard error. What cannot be printed there stops nothing.
pub(crate) fn to_stderr(text: &str) {
    let _ = stderr().write_all(text.as_bytes());
}
