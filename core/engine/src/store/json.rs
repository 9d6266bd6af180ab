//! Records as JSON, in memory that is wiped.

use serde::Serialize;
use zeroize::Zeroizing;

use crate::Error;

pub(crate) fn to_json(value: &(impl Serialize + ?Sized)) -> Result<Zeroizing<Vec<u8>>, Error> {
    serde_json::to_vec(value).map(Zeroizing::new).map_err(|_| Error::Internal)
}
