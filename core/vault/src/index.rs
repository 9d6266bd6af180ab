//! Which rows a table has, and which state of each is the present one: a tree of nodes, which are sealed rows themselves.
//! Each node names the present state of its children, and the owner's own record names that of the top. So an older state
//! of a row, or a row that is gone, is seen by reading the few nodes above it, however many rows there are; and rows are
//! found in the order of their numbers, which their names in the file do not tell.
//!
//! A node of level 1 stands for 64 row numbers in a sequence, one of level 2 for 64 of those, and so on. A node that would
//! have one child is left out, so a table of a single row has none.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::error::Error;
use crate::seal::{Label, NONCE, Nonce};

/// By how many bits of a row's number the levels differ.
const BITS: u32 = 6;
/// Labels of nodes are above those of tables, those of one level above those of the one before.
const NODES: u16 = 0x0200;
/// The level at which one node has all numbers.
const TOP: u8 = 11;

/// The first bytes of a row's nonce. There are as many as let 64 of them fit into the smallest row. The nonces are random
/// and only those of earlier states can be put back: none of those is alike by chance.
pub(crate) type State = [u8; 7];

/// The end of a range that a page is of: see [`crate::Vault::page`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// From the lowest number up.
    First,
    /// From the highest number down.
    Last,
}

/// What is above a row, or a row (level 0).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Child {
    level: u8,
    number: u64,
    state: State,
}

/// By the bits in which they differ.
#[derive(Clone, Default)]
pub(crate) struct Node(BTreeMap<u8, Child>);

/// Why a tree does not say what it is asked.
pub(crate) enum Fault {
    /// A node is not there, or is not the present one.
    Broken,
    /// The file cannot be read.
    Error(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Gives the node that is at a place and in a state.
pub(crate) type Read<'a> = &'a mut dyn FnMut(u16, Child) -> Result<Node, Fault>;

/// Writes a node; gives its state.
pub(crate) type Write<'a> = &'a mut dyn FnMut(Label, &[u8]) -> Result<State, Error>;

/// The trees of all tables that one key is for.
#[derive(Clone, Default)]
pub(crate) struct Index {
    tops: BTreeMap<u16, Child>,
    /// Nodes that were changed and are not written yet, by table, level, number.
    changed: BTreeMap<(u16, u8, u64), Node>,
    /// Nodes that are needed no longer and are not removed yet.
    gone: Vec<Label>,
}

impl Index {
    /// Lists a row, or its new state.
    pub(crate) fn insert(&mut self, label: Label, state: State, read: Read<'_>) -> Result<(), Fault> {
        let row = Child { level: 0, number: label.row, state };
        let top = match self.tops.get(&label.table).copied() {
            None => row,
            Some(top) => self.insert_under(label.table, top, row, read)?,
        };
        self.tops.insert(label.table, top);
        Ok(())
    }

    fn insert_under(&mut self, table: u16, under: Child, row: Child, read: Read<'_>) -> Result<Child, Fault> {
        if under.level == 0 && under.number == row.number {
            return Ok(row);
        }
        if under.has(row.number) {
            let mut node = self.take(table, under, read)?;
            let slot = slot(row.number, under.level);
            let child = match node.0.get(&slot).copied() {
                None => row,
                Some(child) => self.insert_under(table, child, row, read)?,
            };
            node.0.insert(slot, child);
            self.changed.insert((table, under.level, under.number), node);
            return Ok(under);
        }
        let Some(level) = (under.level + 1..=TOP).find(|level| under.above(*level) == row.above(*level)) else {
            return Err(Fault::Broken);
        };
        let number = row.above(level);
        let children = [under, row].map(|child| (slot(child.first(), level), child));
        self.changed.insert((table, level, number), Node(children.into()));
        // It has a state when it is written.
        Ok(Child { level, number, state: State::default() })
    }

    /// Lists a row no longer.
    pub(crate) fn remove(&mut self, label: Label, read: Read<'_>) -> Result<(), Fault> {
        let Some(top) = self.tops.get(&label.table).copied() else { return Ok(()) };
        match self.remove_under(label.table, top, label.row, read)? {
            Some(top) => self.tops.insert(label.table, top),
            None => self.tops.remove(&label.table),
        };
        Ok(())
    }

    fn remove_under(&mut self, table: u16, under: Child, row: u64, read: Read<'_>) -> Result<Option<Child>, Fault> {
        if !under.has(row) {
            return Ok((under.level > 0 || under.number != row).then_some(under));
        }
        let mut node = self.take(table, under, read)?;
        let slot = slot(row, under.level);
        if let Some(child) = node.0.remove(&slot) {
            let left = self.remove_under(table, child, row, read)?;
            node.0.extend(left.map(|left| (slot, left)));
        }
        if node.0.len() > 1 {
            self.changed.insert((table, under.level, under.number), node);
            return Ok(Some(under));
        }
        self.gone.push(under.label(table));
        Ok(node.0.into_values().next())
    }

    /// A node that is about to be changed, or to go.
    fn take(&mut self, table: u16, child: Child, read: Read<'_>) -> Result<Node, Fault> {
        match self.changed.remove(&(table, child.level, child.number)) {
            Some(node) => Ok(node),
            None => read(table, child),
        }
    }

    /// The state that a row should be in; `None`: there is no such row.
    pub(crate) fn find(&self, label: Label, read: Read<'_>) -> Result<Option<State>, Fault> {
        let mut next = self.tops.get(&label.table).copied();
        while let Some(child) = next {
            if !child.has(label.row) {
                return Ok((child.level == 0 && child.number == label.row).then_some(child.state));
            }
            next = read(label.table, child)?.0.get(&slot(label.row, child.level)).copied();
        }
        Ok(None)
    }

    /// The numbers of rows at an end of a range, from that end on.
    pub(crate) fn page(
        &self,
        table: u16,
        (rows, end): (&Range<u64>, End),
        limit: usize,
        read: Read<'_>,
    ) -> Result<Vec<u64>, Fault> {
        let mut found = Vec::new();
        let mut ahead: Vec<Child> = self.tops.get(&table).copied().into_iter().collect();
        while let Some(child) = ahead.pop().filter(|_| found.len() < limit) {
            if child.first() >= rows.end || child.last() < rows.start {
                continue;
            }
            if child.level == 0 {
                found.push(child.number);
                continue;
            }
            let below = read(table, child)?.0;
            match end {
                End::First => ahead.extend(below.values().rev()),
                End::Last => ahead.extend(below.values()),
            }
        }
        Ok(found)
    }

    /// The tops of all trees.
    pub(crate) fn tops(&self) -> impl Iterator<Item = (u16, Child)> {
        self.tops.iter().map(|(table, top)| (*table, *top))
    }

    /// The nodes to be removed now.
    pub(crate) fn take_gone(&mut self) -> Vec<Label> {
        std::mem::take(&mut self.gone)
    }

    /// Has all changed nodes written, children first.
    pub(crate) fn write(&mut self, write: Write<'_>) -> Result<(), Error> {
        let Self { tops, changed, .. } = self;
        tops.iter_mut().try_for_each(|(table, top)| write_changed(changed, *table, top, write))
    }

    /// As it is stored, without what is in the nodes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let tops = self.tops.iter().flat_map(|(table, top)| {
            let place = table.to_be_bytes().into_iter().chain([top.level]).chain(top.number.to_be_bytes());
            place.chain(top.state)
        });
        tops.collect()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (tops, rest) = bytes.as_chunks::<18>();
        let top = |bytes: &[u8; 18]| {
            let (table, rest) = bytes.split_first_chunk()?;
            let ([level], rest) = rest.split_first_chunk()?;
            let (number, state) = rest.split_first_chunk()?;
            let top = Child { level: *level, number: u64::from_be_bytes(*number), state: *state.first_chunk()? };
            (*level <= TOP).then_some((u16::from_be_bytes(*table), top))
        };
        let tops = tops.iter().map(top).collect::<Option<_>>()?;
        rest.is_empty().then_some(Self { tops, ..Self::default() })
    }
}

fn write_changed(
    changed: &mut BTreeMap<(u16, u8, u64), Node>,
    table: u16,
    child: &mut Child,
    write: Write<'_>,
) -> Result<(), Error> {
    let Some(mut node) = changed.remove(&(table, child.level, child.number)) else { return Ok(()) };
    node.0.values_mut().try_for_each(|child| write_changed(changed, table, child, write))?;
    child.state = write(child.label(table), &node.to_bytes(child.level))?;
    Ok(())
}

impl Child {
    /// The row that it is in the file.
    pub(crate) fn label(self, table: u16) -> Label {
        Label { table: NODES * u16::from(self.level) + table, row: self.number }
    }

    /// Whether this state of its row is the present one.
    pub(crate) fn is(self, nonce: &Nonce) -> bool {
        self.state == state(nonce)
    }

    /// Whether it is a node that a row would be under.
    fn has(self, row: u64) -> bool {
        self.level > 0 && above(row, self.level) == self.number
    }

    /// The number of the node of a level that it would be under.
    fn above(self, level: u8) -> u64 {
        above(self.number, level - self.level)
    }

    /// The lowest number under it.
    fn first(self) -> u64 {
        self.number.checked_shl(BITS * u32::from(self.level)).unwrap_or(0)
    }

    /// The highest number under it.
    fn last(self) -> u64 {
        self.first() | 1u64.checked_shl(BITS * u32::from(self.level)).map_or(u64::MAX, |rows| rows - 1)
    }
}

impl Node {
    /// Which children there are, their states, and the places of those that are not of the next level.
    fn to_bytes(&self, level: u8) -> Vec<u8> {
        let there = self.0.keys().fold(0u64, |there, slot| there | 1 << slot);
        let states = self.0.values().flat_map(|child| child.state);
        let others = self.0.iter().filter(|(_, child)| child.level + 1 != level);
        let places =
            others.flat_map(|(slot, child)| [*slot, child.level].into_iter().chain(child.number.to_be_bytes()));
        there.to_be_bytes().into_iter().chain(states).chain(places).collect()
    }

    /// The node that was stored at a place.
    pub(crate) fn from_bytes(bytes: &[u8], at: Child) -> Option<Self> {
        let level = at.level.checked_sub(1)?;
        let (there, mut rest) = bytes.split_first_chunk()?;
        let there = u64::from_be_bytes(*there);
        let mut children = BTreeMap::new();
        for slot in (0..64).filter(|slot| there >> slot & 1 == 1) {
            let (state, more) = rest.split_first_chunk()?;
            children.insert(slot, Child { level, number: at.number << BITS | u64::from(slot), state: *state });
            rest = more;
        }
        let (places, rest) = rest.as_chunks::<10>();
        for [slot, level, number @ ..] in places {
            let child = children.get_mut(slot).filter(|_| *level < at.level)?;
            (child.level, child.number) = (*level, u64::from_be_bytes(*number));
        }
        rest.is_empty().then_some(Self(children))
    }
}

impl Label {
    /// Whether it is that of a node.
    pub(crate) const fn is_node(self) -> bool {
        self.table > NODES && self.table <= NODES * (TOP as u16 + 1)
    }
}

/// What tells a state of a row from others.
pub(crate) fn state(nonce: &Nonce) -> State {
    const { assert!(NONCE >= size_of::<State>()) };
    nonce.first_chunk().copied().unwrap_or_default()
}

/// A number without the bits of so many levels.
fn above(number: u64, levels: u8) -> u64 {
    number.checked_shr(BITS * u32::from(levels)).unwrap_or(0)
}

/// In which place of a node of a level a row, or the node above it, is.
fn slot(row: u64, level: u8) -> u8 {
    (above(row, level - 1) & 63) as u8
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng as _, SeedableRng as _};

    use super::*;

    /// What the file would have.
    type File = BTreeMap<(u16, u64), (State, Vec<u8>)>;

    fn read(file: &File) -> impl FnMut(u16, Child) -> Result<Node, Fault> {
        |table, child| {
            let label = child.label(table);
            let found = file.get(&(label.table, label.row)).filter(|(state, _)| *state == child.state);
            found.and_then(|(_, bytes)| Node::from_bytes(bytes, child)).ok_or(Fault::Broken)
        }
    }

    fn flush(index: &mut Index, file: &mut File, rng: &mut StdRng) {
        for label in index.take_gone() {
            file.remove(&(label.table, label.row));
        }
        let write = &mut |label: Label, bytes: &[u8]| {
            assert!(label.is_node());
            let mut state = State::default();
            rng.fill_bytes(&mut state);
            file.insert((label.table, label.row), (state, bytes.to_vec()));
            Ok(state)
        };
        index.write(write).unwrap();
        assert!(index.changed.is_empty());
        *index = Index::from_bytes(&index.to_bytes()).unwrap();
    }

    #[test]
    fn it_lists_what_is_there_whatever_the_numbers() {
        let rng = &mut StdRng::seed_from_u64(1);
        for bits in [3, 9, 20, 40, 64] {
            let (mut index, mut file, mut model) = (Index::default(), File::new(), BTreeMap::new());
            for step in 0..2000u64 {
                let label = Label { table: 256, row: rng.next_u64() >> (64 - bits) };
                let (here, mut state) = (file.clone(), State::default());
                rng.fill_bytes(&mut state);
                if rng.next_u32() % 3 == 0 {
                    let known = model.keys().next().map_or(label.row, |row: &u64| *row);
                    let label = Label { row: known, ..label };
                    assert!(index.remove(label, &mut read(&here)).is_ok());
                    model.remove(&known);
                } else {
                    assert!(index.insert(label, state, &mut read(&here)).is_ok());
                    model.insert(label.row, state);
                }
                if step % 7 == 0 {
                    flush(&mut index, &mut file, rng);
                }
            }
            flush(&mut index, &mut file, rng);
            for row in model.keys().copied().chain(0..100) {
                let found = index.find(Label { table: 256, row }, &mut read(&file));
                assert_eq!(found.ok(), Some(model.get(&row).copied()));
            }
            let mut ends: Vec<u64> = (0..20).map(|_| rng.next_u64() >> (64 - bits)).collect();
            ends.sort_unstable();
            let (start, end) = (ends[3], ends[16]);
            let first: Vec<u64> = model.range(start..end).take(50).map(|(row, _)| *row).collect();
            let last: Vec<u64> = model.range(start..end).rev().take(50).map(|(row, _)| *row).collect();
            for (side, expected) in [(End::First, first), (End::Last, last)] {
                assert_eq!(index.page(256, (&(start..end), side), 50, &mut read(&file)).ok(), Some(expected));
            }
            // Without rows there are no nodes.
            for row in model.into_keys() {
                assert!(index.remove(Label { table: 256, row }, &mut read(&file)).is_ok());
            }
            flush(&mut index, &mut file, rng);
            assert!(file.is_empty() && index.tops.is_empty());
        }
    }

    #[test]
    fn a_full_node_fits_the_smallest_row() {
        let (mut index, mut file, rng) = (Index::default(), File::new(), &mut StdRng::seed_from_u64(1));
        for row in 0..64 * 64 {
            assert!(index.insert(Label { table: 1, row }, State::default(), &mut read(&file)).is_ok());
        }
        flush(&mut index, &mut file, rng);
        assert_eq!(file.len(), 65);
        assert!(file.values().all(|(_, bytes)| crate::seal::class(bytes.len()) == Some(0)));
    }
}
