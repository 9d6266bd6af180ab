//! What the first version of the schema had: rows by owner, table and number in the clear, sealed to multiples of 256 bytes.
//! They are sealed as they are now, in one transaction.

use std::sync::Arc;

use rand::CryptoRng;
use rusqlite::{Connection, Transaction, params};
use zeroize::Zeroizing;

use crate::book::{Book, OWNERS};
use crate::error::{Error, Finding};
use crate::file;
use crate::mark::Ledger;
use crate::owner::Owner;
use crate::seal::{self, Digest, KEY, Keys, Label};

const FORMAT: u8 = 1;
/// The one user of that version had sessions there: they do not last now.
const SESSIONS: u16 = 8;

/// Where a row was, and which state of it that was.
#[derive(Clone, Copy)]
struct Place {
    owner: u64,
    table: u16,
    row: u64,
    generation: u64,
}

impl Place {
    const MANIFEST: Self = Self { owner: 0, table: u16::MAX, row: 0, generation: 0 };

    fn bytes(self) -> Vec<u8> {
        let Self { owner, table, row, generation } = self;
        [&[FORMAT][..], &owner.to_be_bytes(), &table.to_be_bytes(), &row.to_be_bytes(), &generation.to_be_bytes()]
            .concat()
    }

    fn unseal(self, keys: &Keys, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut plain = seal::decrypt(&keys.sealing, &self.bytes(), sealed)?;
        let length = usize::try_from(u32::from_be_bytes(*plain.first_chunk()?)).ok()?;
        plain.drain(..4);
        plain.truncate(length);
        Some(plain)
    }
}

/// An owner, and what was to be there.
struct Old {
    keys: Keys,
    digest: Digest,
}

/// Brings the file to the present version. Gives what was wrong with it: what is lost is not taken along.
pub(crate) fn migrate(
    db: &mut Connection,
    root: &Arc<Keys>,
    ledger: &Ledger,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<Finding>, Error> {
    let tx = db.transaction()?;
    tx.execute_batch(&format!("ALTER TABLE rows RENAME TO old; {}", file::ROWS))?;
    let mut findings = Vec::new();
    let mut new_root = Book::new(0, Arc::clone(root));
    let mut owners = Vec::new();
    each(&tx, 0, |place, sealed| {
        let Some(bytes) = place.unseal(root, sealed) else {
            findings.push(Finding::RowLost(Owner::COMMON));
            return Ok(());
        };
        if place.table != OWNERS {
            return new_root.put(&tx, Label { table: place.table, row: place.row }, &bytes, rng);
        }
        let old = bytes.split_first_chunk::<KEY>().zip(bytes.last_chunk());
        owners.extend(old.map(|((secret, _), digest)| {
            (place.row, Old { keys: Keys::of(Zeroizing::new(*secret)), digest: *digest })
        }));
        Ok(())
    })?;
    let manifest = Place::MANIFEST.unseal(root, &file::read_manifest(&tx)?);
    let expected = manifest.as_deref().and_then(|manifest| manifest.last_chunk());
    if expected != Some(&digest(&tx, 0, root)?) {
        findings.push(Finding::OwnersMissing);
    }
    for (number, old) in owners {
        let owner = Owner::draw(rng);
        let mut parts = Book::both(owner, Keys::of(old.keys.secret.clone()), rng);
        if digest(&tx, number, &old.keys)? != old.digest {
            findings.push(Finding::RowsMissing(owner));
        }
        each(&tx, number, |place, sealed| {
            let Some(bytes) = place.unseal(&old.keys, sealed) else {
                findings.push(Finding::RowLost(owner));
                return Ok(());
            };
            let (_, book) = &mut parts[usize::from(place.table == SESSIONS)];
            book.put(&tx, Label { table: place.table, row: place.row }, &bytes, rng)
        })?;
        for (part, mut book) in parts {
            book.balance(&tx, None, rng)?;
            new_root.put(&tx, Label { table: OWNERS, row: part }, &book.to_bytes(), rng)?;
        }
    }
    new_root.balance(&tx, None, rng)?;
    file::write_manifest(&tx, &new_root.manifest(ledger, rng)?)?;
    tx.execute_batch(&format!("DROP TABLE old; PRAGMA user_version = {}", file::VERSION))?;
    tx.commit()?;
    Ok(findings)
}

fn each(
    tx: &Transaction<'_>,
    owner: u64,
    mut look: impl FnMut(Place, &[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut statement = tx.prepare("SELECT tbl, row, generation, sealed FROM old WHERE owner = ?1")?;
    let mut rows = statement.query(params![owner.cast_signed()])?;
    while let Some(row) = rows.next()? {
        let [number, generation] = [row.get::<_, i64>(1)?, row.get::<_, i64>(2)?].map(i64::cast_unsigned);
        look(
            Place { owner, table: row.get(0)?, row: number, generation },
            row.get_ref(3)?.as_blob().map_err(|_| Error::Damaged)?,
        )?;
    }
    Ok(())
}

/// The exclusive or of the tags of an owner's rows.
fn digest(tx: &Transaction<'_>, owner: u64, keys: &Keys) -> Result<Digest, Error> {
    let mut digest = Digest::default();
    each(tx, owner, |place, _| {
        let tag = seal::mac(&keys.tagging, &[&place.bytes()]);
        digest.iter_mut().zip(tag).for_each(|(byte, other)| *byte ^= other);
        Ok(())
    })?;
    Ok(digest)
}
