//! Rows by number.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows by number. Clones share what is not changed: what both do not share is to be written.
pub type Table<K, T> = BTreeMap<K, Arc<T>>;
