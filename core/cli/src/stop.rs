//! Somebody wants the program to end: Ctrl-C, a terminal that is closed, or the system.

use std::convert::Infallible;
use std::future::poll_fn;
use std::os::fd::BorrowedFd;
use std::sync::LazyLock;
use std::task::Poll;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// How soon that is seen by what waits for a pipe or a terminal.
const STEP: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Whether anybody did; sent each time.
static TOLD: LazyLock<watch::Sender<bool>> = LazyLock::new(|| watch::Sender::new(false));

/// What tells of it.
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Listens from now on, on a thread of the runtime's: the program's own may be waiting for a pipe or a terminal.
    pub(crate) fn listen() -> Self {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        tokio::spawn(tell(kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect()));
        Self(TOLD.subscribe())
    }

    /// Waits for the next time.
    pub(crate) async fn told(&mut self) {
        // The sender is there as long as the program.
        let _ = self.0.changed().await;
    }
}

async fn tell(mut signals: Vec<Signal>) -> Infallible {
    loop {
        poll_fn(|context| {
            let came = signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if came { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        TOLD.send_replace(true);
    }
}

/// Waits until something can be read or written. `false`: the program is told to end before.
pub(crate) fn ready(fd: BorrowedFd<'_>, flags: PollFlags) -> bool {
    ready_while(fd, flags, || ())
}

/// [`ready`]; does something again and again meanwhile.
pub(crate) fn ready_while(fd: BorrowedFd<'_>, flags: PollFlags, meanwhile: impl Fn()) -> bool {
    // What cannot be waited for says so when it is read or written.
    while retry_on_intr(|| poll(&mut [PollFd::from_borrowed_fd(fd, flags)], Some(&STEP))) == Ok(0) {
        if *TOLD.borrow() {
            return false;
        }
        meanwhile();
    }
    true
}
