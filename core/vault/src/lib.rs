//! What a phone stores, sealed: rows of bytes in SQLite that tell nothing without the key, and cannot be changed, moved
//! or replayed without being found out. What the rows mean is not known here.
//!
//! Rows belong to an [`Owner`] and a [`Table`]. Each owner has random keys of its own, sealed under the vault's key; that
//! one is sealed by a [`KeySource`] (the platform's key store), a passphrase, or both. [`Vault::forget`] removes an owner
//! for good: everything that is left is sealed under a fresh vault key, and the old one is to be deleted where it was kept.
//! Fleeting tables are sealed anew with each vault key: see [`Vault::renew`].
//!
//! ```no_run
//! use flashpaper_vault::{Batch, Key, Owner, Table, Vault};
//! # fn main() -> Result<(), flashpaper_vault::Error> {
//! # let mut rng = rand::rand_core::UnwrapErr(rand::rngs::SysRng);
//! const MESSAGES: Table = Table::lasting(1);
//! let (mut vault, findings) = Vault::open("app/vault".as_ref(), Key::passphrase(b"swordfish"), &mut rng)?;
//! assert!(findings.is_empty());
//! let mut batch = Batch::default();
//! let burner = batch.add_owner(&mut rng);
//! batch.put(burner, MESSAGES, 1, b"hello".to_vec());
//! vault.commit(batch, &mut rng)?; // All of it is on disk now, or nothing.
//! let row = vault.row(burner, MESSAGES, 1)?.expect("it is there").expect("nobody has changed it");
//! assert_eq!(&*row.bytes, b"hello");
//! # Ok(())
//! # }
//! ```
//!
//! # What can be seen and done without the key
//!
//! The file shows how many owners there are, and of each how many rows there are of each size: 512 bytes, 1 KiB, 2 KiB and
//! so on. Up to 64 KiB these numbers are rounded up, by rows that are there for nothing else and look like the others: to
//! a least number (32 of the smallest, 8 of 8 KiB), above that to powers of two, above 1024 to multiples of that. Most of
//! what comes and goes so leaves them as they are. Names of rows tell nothing of tables, numbers or time.
//!
//! What is left to see: roughly how much is kept, as the numbers and the file grow when a lot more comes, and shrink, but
//! never the file, when most of it goes; that there are rows above 64 KiB, which are not hidden; to somebody who copies the
//! file twice, how many rows of each size were written in between; and to somebody who knows SQLite well, from the places
//! of rows on its pages, a guess at which of them were written since the last [`Vault::renew`].
//!
//! What was removed is written over at once, but for copies that SQLite leaves behind as it spreads rows over pages. They
//! are there, sealed, until the next [`Vault::renew`].
//!
//! A changed bit, a row that was moved, replaced by an older state of itself or removed is a [`Finding`] at the next
//! opening, or when it is read, and the rest stays readable; where SQLite cannot read the file any more it is
//! [`Error::Damaged`]. A whole folder that is replaced by an older copy of itself is not found out, unless a key source
//! has deleted its key meanwhile, as it does at each [`Vault::renew`]: it is [`Error::KeyLost`] then.
//!
//! A commit that has returned lies in `vault.db`, whole. One that a kill or a power failure has interrupted is rolled back
//! at the next opening, by the journal that it has left. Where that is damaged, too, the interrupted commit may be there,
//! whole, and nobody is told; with a part of it there, that is a [`Finding`] or [`Error::Damaged`].
//!
//! Flash keeps old states of a file for a while. What was forgotten can be read by nobody as soon as the platform's key
//! store has deleted its old key, and so it is with old states of fleeting rows once the key was changed. A passphrase alone
//! cannot promise that: the passphrase and an old copy together give all of it. Nor can a key in a file.
//!
//! # On disk
//!
//! The folder has `lock`, `vault.db` with SQLite's `vault.db-journal`, which is empty but during a commit, and for
//! [`KeyFile`] one of `key.0` and `key.1`. All ciphers are XChaCha20-Poly1305 with a random nonce of 24 bytes; Argon2id has
//! 64 MiB, 3 passes, 1 lane.
//!
//! | where | what | key | associated data |
//! |---|---|---|---|
//! | `rows.name` | HMAC-SHA-256 over table and row, 16 bytes of it | the part's | |
//! | `rows.nonce`, `rows.sealed` | table (2 bytes), row (8), length (4), bytes, zeros up to the size | the part's | format, owner, name |
//! | owner 0, table 0: a row for each part | its key (32), digest (32), numbers of rows and of fillers by size (4 each) | the vault's | as above |
//! | `vault.manifest` | the same of owner 0, without a key | the vault's | a text |
//! | `vault.wrapped` | the vault's key | passphrase, then key source | format |
//!
//! An owner has two parts with keys of their own: lasting rows, and fleeting ones. The fleeting part's owner in the file is
//! the next number. A part's digest is the exclusive or of HMAC-SHA-256 over (owner, name, nonce) of all its rows: a nonce is drawn
//! for each state of a row, so an older state is another. Keys for sealing, digests and names come from the part's key by
//! HKDF-SHA-256. Fillers are rows of table 65535.

mod book;
mod error;
mod file;
mod files;
mod owner;
mod rekey;
mod seal;
mod source;
mod vault;
mod version_1;
mod wrap;

pub use error::{Error, Finding, SourceError};
pub use owner::Owner;
pub use rekey::{FreshKey, NextKey, OldKey};
pub use source::{KeyFile, KeySource, Slot};
pub use vault::{Batch, Closed, Row, Table, Vault};
pub use wrap::{Key, Wrapped};
