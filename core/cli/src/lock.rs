//! `flashpaper lock`, and what `chat` does about it.
//!
//! A `chat` that can be asked holds a record lock (`fcntl`) on the folder's lock file, beside the engine's own of another kind
//! (`flock`). By it the kernel names the process: a number in a file could be that of another one by now. It is asked by a signal.
//! Nothing of it is to be seen in the folder.

use std::path::Path;
use std::time::Duration;

use flashpaper::{Engine, Error};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::exit::Failure;
use crate::holder::{self, Holder};
use crate::output::Output;

/// How long a program has to lock itself and to end.
const LOCKING: Duration = Duration::from_secs(20);

/// Has `flashpaper lock` lock this engine from now on, whatever the program does meanwhile.
pub(crate) fn listen(engine: &Engine, holder: &Holder) {
    let Ok(mut asked) = signal(SignalKind::user_defined1()) else { return };
    let engine = engine.clone();
    tokio::spawn(async move {
        while asked.recv().await.is_some() {
            // The program ends with it, and so does what has kept something.
            let _ = engine.lock().await;
        }
    });
    // The signal would end a program that does not listen by then.
    holder.mark();
}

/// Whether an engine was locked, by its user or by itself.
pub(crate) fn is_locked(engine: &Engine) -> bool {
    engine.burners().err() == Some(Error::VaultLocked)
}

/// The `chat` that runs on a folder and can be asked to lock itself.
pub(crate) fn running(home: &Path) -> Option<process::Process> {
    process::marked(home)
}

/// Has the `chat` that runs on a folder lock itself, and waits for its end.
pub(crate) async fn lock(home: &Path, output: &Output) -> Result<(), Failure> {
    match running(home) {
        Some(chat) => {
            chat.ask();
            tokio::time::timeout(LOCKING, chat.ended()).await.map_err(|_| Error::Timeout)?;
        }
        None if holder::is_held(home) => {
            let holder = holder::of(home).unwrap_or_else(|| "another program".to_owned());
            let advice = format!("by {holder}, which is no chat that could be asked: end it");
            return Err(Failure::Advised(Error::InUse, advice));
        }
        None => {}
    }
    output.object(&json!({ "type": "locked" }));
    output.line("locked: no chat has this folder open");
    Ok(())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod process {
    use std::os::fd::OwnedFd;
    use std::path::Path;
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
    use tokio::time::sleep;

    use crate::holder;

    /// How often it is looked at.
    const STEP: Duration = Duration::from_millis(50);

    /// A process, and never another one that has its number later.
    pub(crate) struct Process(OwnedFd);

    /// The one that has marked a folder.
    pub(super) fn marked(home: &Path) -> Option<Process> {
        let pid = holder::marked_by(home)?;
        let process = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        // It may have ended, and its number be another one's, before it was opened.
        (holder::marked_by(home) == Some(pid)).then_some(Process(process))
    }

    impl Process {
        pub(crate) fn ask(&self) {
            // One that has ended needs none.
            let _ = pidfd_send_signal(&self.0, Signal::USR1);
        }

        pub(super) async fn ended(&self) {
            let now = Timespec { tv_sec: 0, tv_nsec: 0 };
            while poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&now)) != Ok(1) {
                sleep(STEP).await;
            }
        }
    }
}

/// Other systems have no such hold of a process.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod process {
    use std::convert::Infallible;
    use std::path::Path;

    pub(crate) struct Process(Infallible);

    pub(super) const fn marked(_: &Path) -> Option<Process> {
        None
    }

    impl Process {
        pub(crate) const fn ask(&self) {
            match self.0 {}
        }

        pub(super) async fn ended(&self) {
            match self.0 {}
        }
    }
}
