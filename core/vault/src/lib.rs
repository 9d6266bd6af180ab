#![doc = include_str!("../README.md")]

mod batch;
mod book;
mod destroy;
mod duress;
mod error;
mod file;
mod files;
mod group;
mod index;
mod mark;
mod opening;
mod owner;
mod rekey;
mod seal;
mod source;
mod vault;
mod version_1;
mod version_2;
mod version_3;
mod wrap;

pub use batch::{Batch, Row, Table};
pub use destroy::{destroy, is_begun};
pub use error::{Error, Finding, SourceError};
pub use group::Shared;
pub use index::End;
pub use opening::Closed;
pub use owner::Owner;
pub use rekey::{FreshKey, NextKey, OldKey};
pub use source::{KeyFile, KeySource, Slot};
pub use vault::Vault;
pub use wrap::{Key, Wrapped};
