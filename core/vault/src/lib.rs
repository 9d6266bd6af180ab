//! What a phone stores, sealed: rows of bytes in SQLite that tell nothing without the key, and cannot be changed, moved
//! or replayed without being found out. What the rows mean is not known here.
//!
//! Rows belong to an [`Owner`] and a [`Table`]. Each owner has a random key of its own, sealed under the vault's key; that
//! one is sealed by a [`KeySource`] (the platform's key store), a passphrase, or both. [`Vault::forget`] removes an owner
//! for good: everything that is left is sealed under a fresh vault key, and the old one is to be deleted where it was kept.
//!
//! ```no_run
//! use flashpaper_vault::{Batch, Key, Owner, Table, Vault};
//! # fn main() -> Result<(), flashpaper_vault::Error> {
//! # let mut rng = rand::rand_core::UnwrapErr(rand::rngs::SysRng);
//! const MESSAGES: Table = Table(1);
//! let (mut vault, findings) = Vault::open("app/vault".as_ref(), Key::passphrase(b"swordfish"), &mut rng)?;
//! assert!(findings.is_empty());
//! let mut batch = Batch::default();
//! let burner = batch.add_owner(&mut rng);
//! batch.put(burner, MESSAGES, 1, b"hello".to_vec());
//! vault.commit(batch, &mut rng)?; // All of it is on disk now, or nothing.
//! assert_eq!(&*vault.rows(burner, MESSAGES)?.good[0].bytes, b"hello");
//! # Ok(())
//! # }
//! ```
//!
//! # What whoever has the folder can see and do
//!
//! Without the key they see how many owners there are, how many rows each has in each table, how long those are to 256
//! bytes, and in which order they were written. A changed bit, a row that was moved, replaced by an older state of itself
//! or removed is a [`Finding`] at the next opening, and the rest stays readable; where SQLite cannot read the file any more
//! it is [`Error::Damaged`]. A whole folder that is replaced by an older copy of itself is not found out, unless an owner
//! was forgotten or the passphrase changed in between.
//!
//! A commit that has returned lies in `vault.db`, whole. One that a kill or a power failure has interrupted is rolled back
//! at the next opening, by the journal that it has left. Where that is damaged, too, the interrupted commit may be there,
//! whole, and nobody is told; with a part of it there, that is a [`Finding`] or [`Error::Damaged`].
//!
//! Flash keeps old states of a file for a while. What was forgotten can be read by nobody as soon as the platform's key
//! store has deleted its old key. A passphrase alone cannot promise that: who has it, and an old copy, has all of it.
//!
//! # On disk
//!
//! The folder has `lock`, `vault.db` with SQLite's `vault.db-journal`, which is empty but during a commit, and for
//! [`KeyFile`] one of `key.0` and `key.1`. All ciphers are XChaCha20-Poly1305 with a random nonce of 24 bytes in front; Argon2id has 64 MiB, 3 passes, 1 lane.
//!
//! | where | what | key | associated data |
//! |---|---|---|---|
//! | `rows.sealed` | length (4 bytes), bytes, zeros up to a multiple of 256 | the owner's | owner, table, row, generation, format |
//! | owner 0, table 0: a row for each owner | its key (32), its digest (32) | the vault's | as above |
//! | `vault.manifest` | generation (8), digest of owner 0 (32) | the vault's | format |
//! | `vault.wrapped` | the vault's key | passphrase, then key source | format |
//!
//! An owner's digest is the exclusive or of HMAC-SHA-256 over (table, row, generation) of all its rows. The generation is
//! the number of the commit that wrote a row. Keys for sealing and for digests come from the owner's key by HKDF-SHA-256.

mod error;
mod files;
mod rekey;
mod seal;
mod source;
mod vault;
mod wrap;

pub use error::{Error, Finding};
pub use rekey::{FreshKey, NextKey, OldKey};
pub use source::{KeyFile, KeySource, Slot, SourceError};
pub use vault::{Batch, Closed, Owner, Row, Rows, Table, Vault};
pub use wrap::{Key, Wrapped};
