//! How much and how long: every figure of the crate's own, in one place.

use std::time::Duration;

/// The longest text of one message, in bytes of UTF-8. Escaped for XML it may be six times as long: the smallest limit for
/// a stanza in use is 64 KiB (ejabberd).
pub const TEXT: usize = 10_000;
/// How much of what the user has written is on its way at most, in bytes with [`AROUND_TEXT`] for each text: it is in memory, and
/// what cannot be read into memory again is lost. To one peer half of that: one who does not come back must not keep the user
/// from writing to others.
pub const OUTBOX: usize = 16 << 20;
pub(crate) const OUTBOX_TO_ONE: usize = OUTBOX / 2;
/// Texts that may be on their way to a peer with a client that confirms them. Prosody keeps 500 stanzas for a client that is
/// away, and forgets the rest.
pub(crate) const WINDOW: usize = 200;
/// One that was not confirmed for so long does not count there any more: the peer may have changed clients. One to a client
/// that knows doubles counts until it is confirmed, as it may be sent again.
pub(crate) const WINDOW_FOR: Duration = Duration::from_secs(3600);
/// How many messages of each peer and kind are known again when they come twice: more than [`WINDOW`], and as many as
/// a stored row of 8 KiB takes.
pub(crate) const SEEN: usize = 250;
/// For so long at least a text that the server has is kept for the peer's receipt.
pub(crate) const CONFIRMED_WITHIN: Duration = Duration::from_secs(86_400);

/// The longest stanza in bytes, where a server names no limit: the smallest that is in use (ejabberd's).
pub(crate) const STANZA: usize = 65_536;
/// What a stanza has around its body at most, in bytes: addresses are up to 3071 each (RFC 7622).
pub(crate) const AROUND_BODY: usize = 7_000;
/// A key exchange that could not be sent for so long is of no use any more.
pub(crate) const EXCHANGE_STANZAS: Duration = Duration::from_secs(60);
/// How long after a peer was asked for a private conversation it may be asked again, if nothing else happens.
pub(crate) const ASK_AGAIN: Duration = Duration::from_secs(600);
/// How long a peer's client has after a key exchange to say that it knows what it gets twice.
pub(crate) const RESEND_GRACE: Duration = Duration::from_secs(10);
/// How long a peer that is there takes to answer.
pub const REPLY_TIMEOUT: Duration = Duration::from_secs(10);
/// How old a text may be that is sent again to a client that does not know what it gets twice.
pub(crate) const RESEND_WITHIN: Duration = Duration::from_secs(60);

/// How much is kept of a question or an error message of a peer's, in bytes.
pub(crate) const NOTICE: usize = 1000;

/// The longest id of a message that a receipt is sent for, in bytes.
pub(crate) const RECEIPT_OF: usize = 256;

/// What came in the clear with the same id and text, sent within about this time, is one message that a server has sent again:
/// some clients begin their ids anew, and what comes later is rather shown twice than a new text not at all.
pub(crate) const SENT_ONCE: Duration = Duration::from_secs(120);
/// How many strangers are remembered, and how many texts and bytes of each.
pub(crate) const STRANGERS: usize = 50;
/// How much of a stranger's is there at most where history is kept, in bytes with [`AROUND_TEXT`] for each text: it stays in
/// memory, as it goes with the stranger.
pub(crate) const STRANGER_KEPT: usize = 128 * 1024;
/// What all strangers together take, in bytes as above.
pub const ALL_STRANGERS: usize = STRANGERS * (STRANGER_KEPT + TEXT + AROUND_TEXT);
pub(crate) const STRANGER_TEXTS: usize = 10;
pub(crate) const STRANGER_BYTES: usize = 20_000;
/// How much of a contact's is taken in before the app has taken it: texts and bytes.
pub(crate) const CONTACT_TEXTS: usize = 500;
pub(crate) const CONTACT_BYTES: usize = 512 * 1024;
/// How much of a contact's is there at most where history is kept, in bytes with [`AROUND_TEXT`]. History is on disk alone, and a
/// contact must not fill that: 400,000 short texts, or ten years of a hundred a day. What waits to be taken is in memory, and has
/// the limits above.
pub(crate) const CONTACT_KEPT: usize = 256 << 20;
/// What is stored around a text, in bytes: about the smallest size of a record.
pub(crate) const AROUND_TEXT: usize = 512;
/// What a text takes of such room, in bytes.
pub(crate) const fn around(text: &str) -> usize {
    text.len() + AROUND_TEXT
}
/// The longest timer of a conversation.
pub const LONGEST_TIMER: Duration = Duration::from_secs(366 * 86_400);
/// How often the time is stored while texts go by timers, at most: a write wakes the device.
pub(crate) const MARKED_WITHIN: Duration = Duration::from_secs(600);
/// How much of what goes by timers, and is done, is kept until then at most, in bytes with [`AROUND_TEXT`] for each text: it is in
/// memory. Beyond that the oldest goes at once.
pub const TIMED: usize = 8 << 20;
/// How many answers and the like to one peer wait for the server: stanzas that hold no text.
pub(crate) const ANSWERS: usize = 256;
/// How many of a peer's clients are known to be there.
pub(crate) const CLIENTS: usize = 32;
/// How many keys of a peer are remembered.
pub const KEYS: usize = 16;
/// After so many comparisons that came out different a user is not asked for another by the same key.
pub(crate) const COMPARISONS: u8 = 3;

/// Keys that texts were written under and that are known: an app asks again within seconds.
pub const SEND_KEYS: usize = 64;
