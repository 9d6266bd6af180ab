//! What the third version of the schema had: the same, without a key for the duress passphrase. It gets one that is random. The
//! slot beside the vault's key comes as that is wrapped the next time.

use rand::CryptoRng;
use rusqlite::Connection;

use crate::book;
use crate::duress::Duress;
use crate::error::Error;
use crate::file;
use crate::mark::LEDGER;
use crate::seal::{self, KEY, Keys};

/// Associated data of the vault's own record.
const MANIFEST: &[u8] = b"flashpaper vault manifest 3";

/// Brings the file to the present version. A record that was damaged stays so, and is found out as it is read.
pub(crate) fn migrate(db: &mut Connection, keys: &Keys, rng: &mut dyn CryptoRng) -> Result<(), Error> {
    let tx = db.transaction()?;
    if let Some(mut manifest) = seal::decrypt(&keys.sealing, MANIFEST, &file::read_manifest(&tx)?) {
        let end = (LEDGER - KEY).min(manifest.len());
        manifest.splice(end..end, *Duress::none(rng).0);
        file::write_manifest(&tx, &seal::encrypt(&keys.sealing, seal::nonce(rng), book::MANIFEST, &manifest)?)?;
    }
    tx.execute_batch(&format!("PRAGMA user_version = {}", file::VERSION))?;
    Ok(tx.commit()?)
}
