//! What is known of a set of rows that have one key: an owner's that last, or those that do not.

use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

use rand::CryptoRng;
use rusqlite::{Connection, Transaction};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::file;
use crate::index::{self, Child, End, Fault, Index, Node, State};
use crate::mark::{LEDGER, Ledger};
use crate::owner::Owner;
use crate::seal::{self, CLASSES, Digest, KEY, Keys, Label, Name, Nonce, Sealed};

/// The table of owner 0 that has the keys of all parts, and what they have.
pub(crate) const OWNERS: u16 = 0;
/// The table of rows that are there for their number alone.
pub(crate) const FILLERS: u16 = u16::MAX;

/// How many rows of each class there are at least, from the smallest on: with fewer, the first contact and the first texts
/// would show. One burner has a quarter of a megabyte by that.
const LEAST: [u32; 6] = [32, 32, 16, 8, 8, 4];
/// The same of what does not last: sessions.
const LEAST_FLEETING: [u32; 5] = [8, 8, 8, 8, 4];
/// The same of the vault's own: owners' keys.
const LEAST_OF_ROOT: [u32; 1] = [16];
/// From this class on, 128 KiB, numbers are not hidden: nothing that comes in one stanza is so long.
const SHOWN: usize = 8;
/// Above this, numbers are rounded up to multiples of it; below, to powers of two.
const COARSEST: u32 = 1024;

/// Associated data, which is that of no row.
pub(crate) const MANIFEST: &[u8] = b"flashpaper vault manifest 4";

/// The set's key, and what has to be there.
#[derive(Clone)]
pub(crate) struct Book {
    /// See [`Owner`].
    part: u64,
    pub(crate) keys: Arc<Keys>,
    pub(crate) digest: Digest,
    counts: Counts,
    index: Index,
    /// How many bytes of rows were removed since the last commit: see [`Book::take_removed`].
    removed: u64,
    /// What is there is not what should be: see [`Book::recount`].
    pub(crate) is_broken: Cell<bool>,
}

/// Rows by class: those that somebody has put there, and those that hide how many these are.
#[derive(Clone, Default)]
struct Counts {
    real: [u32; CLASSES],
    fillers: [u32; CLASSES],
}

impl Book {
    pub(crate) fn new(part: u64, keys: Arc<Keys>) -> Self {
        let (digest, counts, index) = Default::default();
        Self { part, keys, digest, counts, index, removed: 0, is_broken: Cell::new(false) }
    }

    /// What a new owner has: nothing.
    pub(crate) fn both(owner: Owner, lasting: Keys, rng: &mut dyn CryptoRng) -> [(u64, Self); 2] {
        [(owner.0, lasting), (owner.fleeting(), Keys::random(rng))]
            .map(|(part, keys)| (part, Self::new(part, Arc::new(keys))))
    }

    pub(crate) fn put(
        &mut self,
        tx: &Transaction<'_>,
        label: Label,
        bytes: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Error> {
        let class = seal::class(bytes.len()).ok_or(Error::Internal)?;
        let state = self.store(tx, label, class, bytes, rng)?;
        self.list(tx, label, Some(state))
    }

    pub(crate) fn remove(&mut self, tx: &Transaction<'_>, label: Label) -> Result<(), Error> {
        let before = self.erase(tx, self.keys.name(label))?;
        self.lose(before);
        self.removed += before.map_or(0, |class| seal::size(class) as u64);
        self.list(tx, label, None)
    }

    /// Writes a row that counts.
    fn store(
        &mut self,
        tx: &Transaction<'_>,
        label: Label,
        class: usize,
        bytes: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<State, Error> {
        let (nonce, before) = self.write(tx, label, class, bytes, rng)?;
        self.lose(before);
        self.counts.real[class] += 1;
        Ok(index::state(&nonce))
    }

    fn lose(&mut self, class: Option<usize>) {
        if let Some(class) = class {
            self.counts.real[class] = self.counts.real[class].saturating_sub(1);
        }
    }

    /// Whether a row is listed: see [`Owner::is_listed`]. Nodes and fillers are not.
    const fn lists(&self, label: Label) -> bool {
        Owner::is_listed(self.part) && label.table > OWNERS && label.table <= 256
    }

    fn list(&mut self, tx: &Transaction<'_>, label: Label, state: Option<State>) -> Result<(), Error> {
        if !self.lists(label) {
            return Ok(());
        }
        let mut index = std::mem::take(&mut self.index);
        let read = &mut |table, child| self.read_node(tx, table, child);
        let listed = match state {
            Some(state) => index.insert(label, state, read),
            None => index.remove(label, read),
        };
        self.index = index;
        match listed {
            Ok(()) => Ok(()),
            Err(Fault::Broken) => self.recount(tx).map(drop),
            Err(Fault::Error(error)) => Err(error),
        }
    }

    fn read_node(&self, db: &Connection, table: u16, child: Child) -> Result<Node, Fault> {
        let row = file::find(db, self.part, self.keys.name(child.label(table)))?.filter(|row| child.is(&row.nonce));
        let bytes = row.and_then(|row| self.unseal(&row)).map(|(_, bytes)| bytes);
        bytes.and_then(|bytes| Node::from_bytes(&bytes, child)).ok_or(Fault::Broken)
    }

    /// Whether a row is in the state that it should be in, or is not there and should not be.
    pub(crate) fn is_current(&self, db: &Connection, label: Label, nonce: Option<Nonce>) -> Result<bool, Error> {
        if !self.lists(label) {
            return Ok(true);
        }
        match self.index.find(label, &mut |table, child| self.read_node(db, table, child)) {
            Ok(state) => Ok(state == nonce.map(|nonce| index::state(&nonce))),
            Err(Fault::Broken) => Ok(false),
            Err(Fault::Error(error)) => Err(error),
        }
    }

    /// Whether the tops of its trees are what they should be: when a part was replaced by an older one, they are not.
    pub(crate) fn has_tops(&self, db: &Connection) -> Result<bool, Error> {
        for (table, top) in self.index.tops() {
            let found = file::find(db, self.part, self.keys.name(top.label(table)))?;
            if !found.is_some_and(|row| top.is(&row.nonce)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The numbers of rows at an end of a range, from that end on. `None`: they are not listed, or no longer.
    pub(crate) fn page(
        &self,
        db: &Connection,
        label: Label,
        range: (&Range<u64>, End),
        limit: usize,
    ) -> Result<Option<Vec<u64>>, Error> {
        if !self.lists(label) {
            return Ok(None);
        }
        match self.index.page(label.table, range, limit, &mut |table, child| self.read_node(db, table, child)) {
            Ok(rows) => Ok(Some(rows)),
            Err(Fault::Broken) => {
                self.is_broken.set(true);
                Ok(None)
            }
            Err(Fault::Error(error)) => Err(error),
        }
    }

    /// Takes what is there for what should be: for what an earlier version wrote, and for what somebody has changed, once
    /// that was told. Reads all rows; `false`: they are not in SQLite's order.
    pub(crate) fn recount(&mut self, tx: &Transaction<'_>) -> Result<bool, Error> {
        let (mut rows, mut nodes) = (Vec::new(), Vec::new());
        let in_order = file::each(tx, self.part, |sealed| match self.unseal(sealed) {
            Some((label, _)) if label.is_node() => nodes.push(sealed.name),
            found => rows.push((found.map(|(label, _)| label), sealed.name, sealed.nonce, sealed.bytes.len())),
        })?;
        for name in nodes {
            file::delete(tx, self.part, name)?;
        }
        *self = Self { removed: self.removed, ..Self::new(self.part, Arc::clone(&self.keys)) };
        for (label, name, nonce, length) in rows {
            self.keys.toggle(&mut self.digest, self.part, name, nonce);
            let class = seal::class_of_sealed(length).unwrap_or(0);
            match label {
                Some(Label { table: FILLERS, row }) => {
                    let number = (row as u32).saturating_add(1);
                    self.counts.fillers[class] = self.counts.fillers[class].max(number);
                }
                Some(label) => {
                    self.counts.real[class] += 1;
                    self.list(tx, label, Some(index::state(&nonce)))?;
                }
                // It cannot be read, and is there until a row of its name takes its place.
                None => self.counts.real[class] += 1,
            }
        }
        Ok(in_order)
    }

    /// Makes up for the rows that came and went since `before`, so that the file shows how many there are as little as can
    /// be. To be called before a transaction ends that has changed any.
    pub(crate) fn balance(
        &mut self,
        tx: &Transaction<'_>,
        before: Option<&Self>,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Error> {
        self.write_index(tx, rng)?;
        for class in 0..CLASSES {
            let (real, fillers) = (self.counts.real[class], self.counts.fillers[class]);
            let shown = before.map_or(0, |before| before.counts.real[class] + before.counts.fillers[class]);
            let wanted = self.shown(class, shown) - real;
            let label = |number: u32| Label { table: FILLERS, row: (class as u64) << 32 | u64::from(number) };
            for number in wanted..fillers {
                self.erase(tx, self.keys.name(label(number)))?;
            }
            for number in fillers..wanted {
                self.write(tx, label(number), class, &[], rng)?;
            }
            self.counts.fillers[class] = wanted;
        }
        Ok(())
    }

    fn write_index(&mut self, tx: &Transaction<'_>, rng: &mut dyn CryptoRng) -> Result<(), Error> {
        let mut index = std::mem::take(&mut self.index);
        for label in index.take_gone() {
            let before = self.erase(tx, self.keys.name(label))?;
            self.lose(before);
        }
        index.write(&mut |label, bytes| {
            let class = seal::class(bytes.len()).ok_or(Error::Internal)?;
            self.store(tx, label, class, bytes, rng)
        })?;
        self.index = index;
        Ok(())
    }

    /// How many rows of a class are to be seen where so many were: more when it cannot be helped, fewer when most of them
    /// would be there for nothing.
    fn shown(&self, class: usize, before: u32) -> u32 {
        let least: &[u32] = match self.part {
            0 => &LEAST_OF_ROOT,
            part if part % 2 == 1 => &LEAST_FLEETING,
            _ => &LEAST,
        };
        let real = self.counts.real[class];
        let rounded = match real {
            0 => 0,
            real if class >= SHOWN => real,
            real if real > COARSEST => real.next_multiple_of(COARSEST),
            real => real.next_power_of_two(),
        };
        let least = least.get(class).copied().unwrap_or(0);
        let rounded = rounded.max(least);
        if before < real.max(least) || rounded <= before / 4 { rounded } else { before }
    }

    /// Has other keys from now on; what it has is to be put there again. Its number stays.
    pub(crate) fn renewed(&self, keys: Keys) -> Self {
        Self::new(self.part, Arc::new(keys))
    }

    /// How many bytes its rows and its fillers have.
    pub(crate) fn size_in_file(&self) -> u64 {
        size_of_rows(&self.counts.real) + size_of_rows(&self.counts.fillers)
    }

    /// How many bytes of rows that last were removed since it was asked. One that was replaced is not counted: its
    /// new state is written over it, and the few rows that each commit replaces would soon outweigh all that is kept.
    pub(crate) fn take_removed(&mut self) -> u64 {
        let removed = std::mem::take(&mut self.removed);
        if Owner::is_listed(self.part) { removed } else { 0 }
    }

    /// Writes a row, in the place of one that may be there; its nonce, and that one's class.
    fn write(
        &mut self,
        tx: &Transaction<'_>,
        label: Label,
        class: usize,
        bytes: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(Nonce, Option<usize>), Error> {
        let sealed = self.keys.seal(self.part, label, class, bytes, rng)?;
        let before = file::find_state(tx, self.part, sealed.name)?;
        if let Some((nonce, _)) = before {
            self.keys.toggle(&mut self.digest, self.part, sealed.name, nonce);
        }
        file::insert(tx, self.part, &sealed)?;
        self.keys.toggle(&mut self.digest, self.part, sealed.name, sealed.nonce);
        Ok((sealed.nonce, before.and_then(|(_, length)| seal::class_of_sealed(length))))
    }

    /// Removes a row, if it is there; its class.
    fn erase(&mut self, tx: &Transaction<'_>, name: Name) -> Result<Option<usize>, Error> {
        let Some((nonce, length)) = file::find_state(tx, self.part, name)? else { return Ok(None) };
        self.keys.toggle(&mut self.digest, self.part, name, nonce);
        file::delete(tx, self.part, name)?;
        Ok(seal::class_of_sealed(length))
    }

    pub(crate) fn unseal(&self, row: &Sealed) -> Option<(Label, Zeroizing<Vec<u8>>)> {
        self.keys.unseal(self.part, row)
    }

    /// As it is stored: its key, its state.
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([&*self.keys.secret, &*self.state()].concat())
    }

    pub(crate) fn from_bytes(part: u64, bytes: &[u8]) -> Option<Self> {
        let (secret, state) = bytes.split_first_chunk::<KEY>()?;
        Self::new(part, Arc::new(Keys::of(Zeroizing::new(*secret)))).in_state(state)
    }

    /// The root's state, as the vault's own table has it.
    pub(crate) fn manifest(&self, ledger: &Ledger, rng: &mut dyn CryptoRng) -> Result<Vec<u8>, Error> {
        let plain = Zeroizing::new([&*ledger.to_bytes(), &*self.state()].concat());
        seal::encrypt(&self.keys.sealing, seal::nonce(rng), MANIFEST, &plain)
    }

    pub(crate) fn with_manifest(self, manifest: &[u8]) -> Option<(Self, Ledger)> {
        let plain = seal::decrypt(&self.keys.sealing, MANIFEST, manifest)?;
        let (ledger, state) = plain.split_first_chunk::<LEDGER>()?;
        Some((self.in_state(state)?, Ledger::from_bytes(ledger)?))
    }

    /// Its digest, its numbers of rows, the tops of its trees.
    fn state(&self) -> Vec<u8> {
        let counts = self.counts.real.iter().chain(&self.counts.fillers).flat_map(|count| count.to_be_bytes());
        self.digest.into_iter().chain(counts).chain(self.index.to_bytes()).collect()
    }

    pub(crate) fn in_state(mut self, bytes: &[u8]) -> Option<Self> {
        let (digest, rest) = bytes.split_first_chunk()?;
        let (numbers, tops) = rest.split_at_checked(2 * CLASSES * size_of::<u32>())?;
        self.digest = *digest;
        let places = self.counts.real.iter_mut().chain(&mut self.counts.fillers);
        places.zip(numbers.as_chunks().0).for_each(|(place, number)| *place = u32::from_be_bytes(*number));
        self.index = Index::from_bytes(tops)?;
        Some(self)
    }
}

fn size_of_rows(counts: &[u32; CLASSES]) -> u64 {
    counts.iter().zip(0..).map(|(count, class)| u64::from(*count) * seal::size(class) as u64).sum()
}
