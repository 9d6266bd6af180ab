//! What a process can do for the secrecy of its own memory.

use crate::Engine;

impl Engine {
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
