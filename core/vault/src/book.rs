//! What is known of a set of rows that have one key: an owner's that last, or those that do not.

use std::sync::Arc;

use rand::CryptoRng;
use rusqlite::Transaction;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::file;
use crate::owner::Owner;
use crate::seal::{self, CLASSES, Digest, KEY, Keys, Label, Name, Sealed};

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
const MANIFEST: &[u8] = b"flashpaper vault manifest 2";

/// The set's key, and what has to be there.
#[derive(Clone)]
pub(crate) struct Book {
    /// See [`Owner`].
    part: u64,
    pub(crate) keys: Arc<Keys>,
    pub(crate) digest: Digest,
    counts: Counts,
}

/// Rows by class: those that somebody has put there, and those that hide how many these are.
#[derive(Clone, Default)]
struct Counts {
    real: [u32; CLASSES],
    fillers: [u32; CLASSES],
}

impl Book {
    pub(crate) fn new(part: u64, keys: Arc<Keys>) -> Self {
        Self { part, keys, digest: Digest::default(), counts: Counts::default() }
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
        let before = self.write(tx, label, class, bytes, rng)?;
        self.lose(before);
        self.counts.real[class] += 1;
        Ok(())
    }

    pub(crate) fn remove(&mut self, tx: &Transaction<'_>, label: Label) -> Result<(), Error> {
        let before = self.erase(tx, self.keys.name(label))?;
        self.lose(before);
        Ok(())
    }

    fn lose(&mut self, class: Option<usize>) {
        if let Some(class) = class {
            self.counts.real[class] = self.counts.real[class].saturating_sub(1);
        }
    }

    /// Makes up for the rows that came and went since `before`, so that the file shows how many there are as little as can
    /// be. To be called before a transaction ends that has changed any.
    pub(crate) fn balance(
        &mut self,
        tx: &Transaction<'_>,
        before: Option<&Self>,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Error> {
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

    /// How many bytes its rows have.
    pub(crate) fn size(&self) -> u64 {
        (0..CLASSES).map(|class| u64::from(self.counts.real[class]) * seal::size(class) as u64).sum()
    }

    /// Writes a row, in the place of one that may be there; that one's class.
    fn write(
        &mut self,
        tx: &Transaction<'_>,
        label: Label,
        class: usize,
        bytes: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<usize>, Error> {
        let sealed = self.keys.seal(self.part, label, class, bytes, rng)?;
        let before = self.erase(tx, sealed.name)?;
        file::insert(tx, self.part, &sealed)?;
        self.keys.toggle(&mut self.digest, self.part, sealed.name, sealed.nonce);
        Ok(before)
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
    pub(crate) fn manifest(&self, rng: &mut dyn CryptoRng) -> Result<Vec<u8>, Error> {
        seal::encrypt(&self.keys.sealing, seal::nonce(rng), MANIFEST, &self.state())
    }

    pub(crate) fn with_manifest(self, manifest: &[u8]) -> Option<Self> {
        let state = seal::decrypt(&self.keys.sealing, MANIFEST, manifest)?;
        self.in_state(&state)
    }

    /// Its digest, its numbers of rows.
    fn state(&self) -> Vec<u8> {
        let counts = self.counts.real.iter().chain(&self.counts.fillers).flat_map(|count| count.to_be_bytes());
        self.digest.into_iter().chain(counts).collect()
    }

    fn in_state(mut self, bytes: &[u8]) -> Option<Self> {
        let (digest, numbers) = bytes.split_first_chunk()?;
        let (numbers, rest) = numbers.as_chunks();
        if numbers.len() != 2 * CLASSES || !rest.is_empty() {
            return None;
        }
        self.digest = *digest;
        let places = self.counts.real.iter_mut().chain(&mut self.counts.fillers);
        places.zip(numbers).for_each(|(place, number)| *place = u32::from_be_bytes(*number));
        Some(self)
    }
}
