//! What a process can do for the secrecy of its own memory.

use std::hint::black_box;
use std::io;

use tokio::runtime::{Builder, Runtime};

use crate::Engine;

/// How far down a stack is overwritten, bytes: of a thread of ours, farther than any call goes; of an app's, which may be small, as far
/// as cryptography does.
const OURS: usize = if cfg!(debug_assertions) { 1 << 20 } else { 1 << 17 };
const CALLERS: usize = 1 << 16;

/// Does something, and overwrites what that has left on the stack of this thread, which is one of ours. Keys may be among it, which no
/// destructor reaches.
pub(crate) fn leaving_no_stack<T>(work: impl FnOnce() -> T) -> T {
    let done = called(work);
    wipe_stack::<OURS>();
    done
}

/// [`leaving_no_stack`] on a thread of an app's.
pub(crate) fn leaving_no_callers_stack<T>(work: impl FnOnce() -> T) -> T {
    let done = called(work);
    wipe_stack::<CALLERS>();
    done
}

/// With variables of its own, which are gone on return.
#[inline(never)]
fn called<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
fn wipe_stack<const DEPTH: usize>() {
    black_box(&mut [0_u8; DEPTH]);
}

impl Engine {
    /// A runtime for a process that uses this library: its threads overwrite what was on their stacks before they rest. On another one
    /// everything works as well, but for that. `threads`: for what does not wait for a disk.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn runtime(threads: usize) -> io::Result<Runtime> {
        let mut builder = Builder::new_multi_thread();
        builder
            .worker_threads(threads)
            .thread_name("flashpaper")
            .on_thread_park(wipe_stack::<OURS>)
            .enable_all()
            .build()
    }

    /// Keeps this process's memory out of core dumps and from debuggers of the same user, from here on: to be called before
    /// anything secret is in it. It holds for all of the process, so that it is for the app to decide; `root` reads on. `false`:
    /// the platform has no such thing (Linux and Android have), or has refused.
    #[must_use]
    pub fn forbid_dumps() -> bool {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            use rustix::process::{DumpableBehavior, set_dumpable_behavior};
            set_dumpable_behavior(DumpableBehavior::NotDumpable).is_ok()
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        false
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::{DumpableBehavior, dumpable_behavior, set_dumpable_behavior};

    use super::*;

    #[test]
    fn a_process_forbids_that_its_memory_is_dumped() {
        assert!(Engine::forbid_dumps());
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        // Other tests look at their own process.
        set_dumpable_behavior(DumpableBehavior::Dumpable).unwrap();
    }
}
