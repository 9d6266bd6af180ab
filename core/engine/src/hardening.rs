//! What a process can do for the secrecy of its own memory.

use std::io;

use tokio::runtime::{Builder, Runtime};

use crate::Engine;
use crate::stack::wipe_own_stack;

impl Engine {
    /// A runtime for a process that uses this library: its threads overwrite what was on their stacks before they rest. On another one
    /// everything works as well, but for that. `threads`: for what does not wait for a disk.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn runtime(threads: usize) -> io::Result<Runtime> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(threads).thread_name("flashpaper").on_thread_park(wipe_own_stack).enable_all().build()
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

    /// Keeps this process's memory out of swap, from here on. It holds for all of the process, so that it is for the app to decide.
    /// `false`: the platform has no such thing (Linux and Android have), or does not let this process lock as much memory as it likes.
    #[must_use]
    pub fn forbid_swap() -> bool {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            use rustix::mm::{MlockAllFlags, mlockall};
            use rustix::process::{Resource, getrlimit};
            // Under a limit, memory would run out there.
            getrlimit(Resource::Memlock).current.is_none()
                && mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT).is_ok()
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
