//! Messages of the network as OTR sees them, before any session has.

use flashpaper_otr::{self as otr, InstanceTag};

use crate::encryption::session::Client;

/// What data messages of OTR's begin with (versions 3 and 2, type 3), in base64.
const DATA: [&str; 2] = ["?OTR:AAMD", "?OTR:AAID"];
/// What every other message of OTR's begins with.
const BINARY: &str = "?OTR:";
const QUERY: &str = "?OTRv";

/// A message of somebody who gets no answer yet.
pub(crate) struct Unanswered {
    /// What its sender wrote, if it is a text.
    pub(crate) text: Option<String>,
    /// The words of an error message. Anybody may have written them.
    pub(crate) error: Option<String>,
    /// It asks for a private conversation, or belongs to one.
    pub(crate) asks: bool,
    /// It offers the newest version.
    pub(crate) offers_newest: bool,
}

impl Unanswered {
    pub(crate) fn read(body: &str) -> Self {
        let otr::Unanswered { text, error, asks, offers_3: offers_newest } = otr::Unanswered::read(body);
        Self { text, error, asks, offers_newest }
    }
}

/// The client that a message is for; `None`: any.
pub(crate) fn recipient(body: &str) -> Option<Client> {
    InstanceTag::of_recipient(body).map(|InstanceTag(tag)| Client(tag))
}

/// Whether a message belongs to a key exchange: it holds no text.
pub(crate) fn is_of_exchange(body: &str) -> bool {
    is_query(body) || body.starts_with(BINARY) && !is_data(body)
}

/// Whether a message asks for a private conversation.
pub(crate) fn is_query(body: &str) -> bool {
    body.starts_with(QUERY)
}

pub(crate) fn is_data(body: &str) -> bool {
    DATA.iter().any(|data| body.starts_with(data))
}

/// Whether a message is a data message, or the first piece of one: it may hold a text.
pub(crate) fn holds_data(body: &str) -> bool {
    DATA.iter().any(|data| body.contains(data))
}
