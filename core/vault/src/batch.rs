//! What is read and written: rows of tables, changes that go together.

use rand::CryptoRng;
use zeroize::Zeroizing;

use crate::book::Book;
use crate::owner::Owner;
use crate::seal::{Keys, Label};

/// Which of an owner's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table {
    number: u8,
    is_fleeting: bool,
}

impl Table {
    /// One of rows that can be read until their owner is forgotten, and in old copies of the file, too.
    #[must_use]
    pub const fn lasting(number: u8) -> Self {
        Self { number, is_fleeting: false }
    }

    /// One of few rows, which are sealed anew with each key of the vault: an old copy of them cannot be read by what the
    /// vault has later. Its number is no lasting one's.
    #[must_use]
    pub const fn fleeting(number: u8) -> Self {
        Self { number, is_fleeting: true }
    }

    pub(crate) const fn part_of(self, owner: Owner) -> u64 {
        if self.is_fleeting { owner.fleeting() } else { owner.0 }
    }

    pub(crate) fn row(self, row: u64) -> Label {
        Label { table: u16::from(self.number) + 1, row }
    }

    pub(crate) fn of(part: u64, table: u16) -> Option<Self> {
        let number = u8::try_from(table.checked_sub(1)?).ok()?;
        Some(Self { number, is_fleeting: part % 2 == 1 })
    }
}

/// A row that was read.
pub struct Row {
    /// Its table.
    pub table: Table,
    /// Its number.
    pub number: u64,
    /// What was put there.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// Changes that are made together, or not at all.
#[derive(Clone, Default)]
pub struct Batch {
    pub(crate) owners: Vec<(u64, Book)>,
    pub(crate) changes: Vec<Change>,
}

#[derive(Clone)]
pub(crate) struct Change {
    pub(crate) owner: Owner,
    pub(crate) table: Table,
    pub(crate) row: u64,
    /// `None`: remove it.
    pub(crate) bytes: Option<Zeroizing<Vec<u8>>>,
}

impl Batch {
    /// Someone who may own rows.
    pub fn add_owner(&mut self, rng: &mut dyn CryptoRng) -> Owner {
        let owner = Owner::draw(rng);
        self.owners.extend(Book::both(owner, Keys::random(rng), rng));
        owner
    }

    /// Puts a row where there was none, or another state of it. SQLite takes up to 10^9 bytes.
    pub fn put(&mut self, owner: Owner, table: Table, row: u64, bytes: impl Into<Zeroizing<Vec<u8>>>) {
        self.changes.push(Change { owner, table, row, bytes: Some(bytes.into()) });
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.owners.is_empty() && self.changes.is_empty()
    }

    /// Removes a row, if there is one.
    pub fn remove(&mut self, owner: Owner, table: Table, row: u64) {
        self.changes.push(Change { owner, table, row, bytes: None });
    }

    /// Adds what another has to change, after what this one has.
    pub(crate) fn extend(&mut self, other: Self) {
        self.owners.extend(other.owners);
        self.changes.extend(other.changes);
    }
}
