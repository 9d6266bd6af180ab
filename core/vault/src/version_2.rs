//! What the second version of the schema had: the same rows, without those that list which ones there are, and no mark
//! beside the file. They are listed in one transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::CryptoRng;
use rusqlite::Connection;

use crate::book::{Book, OWNERS};
use crate::error::{Error, Finding};
use crate::file;
use crate::mark::Ledger;
use crate::seal::{self, Keys, Label};

/// Associated data of the vault's own record.
const MANIFEST: &[u8] = b"flashpaper vault manifest 2";

/// Brings the file to the present version. Gives what was wrong with it.
pub(crate) fn migrate(
    db: &mut Connection,
    keys: &Arc<Keys>,
    ledger: &Ledger,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<Finding>, Error> {
    let tx = db.transaction()?;
    let empty = Book::new(0, Arc::clone(keys));
    let manifest = seal::decrypt(&keys.sealing, MANIFEST, &file::read_manifest(&tx)?);
    let known = manifest.and_then(|state| empty.clone().in_state(&state));
    let mut findings: Vec<Finding> = known.is_none().then_some(Finding::OwnersMissing).into_iter().collect();
    let mut root = known.unwrap_or(empty);
    let mut books = BTreeMap::new();
    file::each(&tx, 0, |sealed| {
        let known = root.unseal(sealed).filter(|(label, _)| label.table == OWNERS);
        books.extend(known.and_then(|(label, bytes)| Some((label.row, Book::from_bytes(label.row, &bytes)?))));
    })?;
    let mut recount = |part, book: &mut Book| {
        let expected = book.digest;
        let in_order = book.recount(&tx)?;
        if (!in_order || book.digest != expected) && !findings.contains(&Finding::missing(part)) {
            findings.push(Finding::missing(part));
        }
        Ok::<_, Error>(())
    };
    recount(0, &mut root)?;
    let old_root = root.clone();
    for (part, mut book) in books {
        recount(part, &mut book)?;
        let old = book.clone();
        book.balance(&tx, Some(&old), rng)?;
        root.put(&tx, Label { table: OWNERS, row: part }, &book.to_bytes(), rng)?;
    }
    root.balance(&tx, Some(&old_root), rng)?;
    file::write_manifest(&tx, &root.manifest(ledger, rng)?)?;
    tx.execute_batch(&format!("PRAGMA user_version = {}", file::VERSION))?;
    tx.commit()?;
    Ok(findings)
}
