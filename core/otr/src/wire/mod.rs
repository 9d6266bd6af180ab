//! What goes over the wire: text that is OTR's, and the binary messages inside of it. Parsed once, with bounds, before
//! anything else sees it.

pub(crate) mod codec;
pub(crate) mod fragment;
pub(crate) mod html;
pub(crate) mod marked;
pub(crate) mod message;
pub(crate) mod plain;
#[cfg(test)]
mod properties;
pub(crate) mod tlv;
pub(crate) mod unanswered;
