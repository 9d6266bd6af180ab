//! Whom rows belong to.

use rand::CryptoRng;

/// An owner of rows, which is forgotten as a whole. Its number is that of its rows that last; those that do not have the
/// next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(pub(crate) u64);

impl Owner {
    /// What belongs to the installation, and is not forgotten. It has no fleeting tables.
    pub const COMMON: Self = Self(0);

    pub(crate) fn draw(rng: &mut dyn CryptoRng) -> Self {
        let mut number = [0; 8];
        rng.fill_bytes(&mut number);
        Self::of(u64::from_be_bytes(number).max(2))
    }

    /// The owner of a part.
    pub(crate) const fn of(part: u64) -> Self {
        Self(part & !1)
    }

    pub(crate) const fn fleeting(self) -> u64 {
        self.0 | 1
    }

    /// Whether the rows of a part are listed: an owner's that last, of which there may be many. Of other parts all rows are
    /// read at each opening.
    pub(crate) const fn is_listed(part: u64) -> bool {
        part != Self::COMMON.0 && part.is_multiple_of(2)
    }
}
