//! System calls, as strace prints them.

use std::path::Path;

/// What a program is run under; strace takes a file's name after it. Only these calls are stopped, so that the others take no
/// longer.
pub(super) const UNDER: [&str; 7] =
    ["strace", "-f", "--seccomp-bpf", "-qqs0", "-y", "-e", "trace=pread64,pwrite64,fsync,fdatasync,unlink"];
/// The names of files that a child removes to mark in its trace how far it has come. There are none.
pub(super) const MARK: &str = "mark.";

/// What was done in a phase, in one folder.
#[derive(Debug, Default, Clone)]
pub(super) struct Cost {
    pub(super) syncs: u64,
    /// Syncs, and what reads and writes.
    pub(super) calls: u64,
    pub(super) written: u64,
    pub(super) read: u64,
}

impl Cost {
    pub(super) const fn bytes(&self) -> u64 {
        self.written + self.read
    }
}

/// The cost of a phase that comes once.
pub(super) fn cost(trace: &str, phase: &str, folder: &Path) -> Cost {
    costs(trace, phase, folder).pop().unwrap_or_default()
}

/// The cost of a phase in a folder, each time that it comes: from its mark to the next one.
pub(super) fn costs(trace: &str, phase: &str, folder: &Path) -> Vec<Cost> {
    let (mut costs, mut is_within) = (Vec::new(), false);
    let (mark, folder) = (format!("/{MARK}{phase}\""), format!("<{}/", folder.display()));
    for line in trace.lines() {
        // 12 pwrite64(3</tmp/a/vault.db>, ""..., 4096, 0) = 4096; where threads change in between, it ends on another line.
        let call = line.split_once(' ').and_then(|(_, call)| call.trim_start().split_once('('));
        let Some((call, arguments)) = call else { continue };
        if call == "unlink" && arguments.contains(MARK) {
            is_within = arguments.contains(&mark);
            costs.extend(is_within.then(Cost::default));
        }
        let Some(cost) = costs.last_mut().filter(|_| is_within && arguments.contains(&folder)) else { continue };
        let bytes = || arguments.split(", ").nth(2).and_then(|bytes| bytes.parse().ok()).unwrap_or(0);
        match call {
            "fsync" | "fdatasync" => cost.syncs += 1,
            "pwrite64" => cost.written += bytes(),
            "pread64" => cost.read += bytes(),
            _ => continue,
        }
        cost.calls += 1;
    }
    costs
}
