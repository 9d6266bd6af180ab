#![doc = include_str!("../README.md")]

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
