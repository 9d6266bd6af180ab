//! Faults of the store, as an app sees them.

use flashpaper_vault::Finding;
use serde::Serialize;

/// What was wrong with the sealed store when it was opened, and with what was read since: nothing, by default. What is not
/// counted here is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct VaultReport {
    /// Records that can never be read again: changed, or moved, by a failing device or by somebody. Where one is an
    /// account's own, what is left of that account goes with the next burn. Of history, which is read when it is asked for, it
    /// says that some are lost, not how many.
    pub lost: u32,
    /// Records were removed or replaced by older ones, or the last ones written are not there. Only somebody with access to the
    /// folder can do that, or a device that fails. The rest may be out of date. Of one record among many it is told when that
    /// is read. Where sessions may be among them, private conversations begin anew: one that was used must not be used again.
    pub incomplete: bool,
    /// The key of the store could not be changed at the opening, as each one does, or the key store could not delete one
    /// that is not used any more, or what was removed could not be written over: older records may be readable. It is tried
    /// again at the next opening.
    pub old_key_kept: bool,
}

impl VaultReport {
    pub(super) fn add(&mut self, finding: Finding) {
        match finding {
            Finding::OwnerLost(_) | Finding::RowLost(_) => self.lost += 1,
            Finding::RowsMissing(_) | Finding::OwnersMissing => self.incomplete = true,
            Finding::OldKeyKept => self.old_key_kept = true,
        }
    }
}
