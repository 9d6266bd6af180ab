//! How long and how often: every figure of the engine's own, in one place.

use std::time::Duration;

/// Opening one stream. A circuit takes seconds, an onion rendezvous tens of them.
pub(crate) const DIAL: Duration = Duration::from_secs(60);
/// TLS, stream header and features on an open stream.
pub(crate) const OPEN: Duration = Duration::from_secs(60);
/// Registration, login, ping or removal on a ready stream.
pub(crate) const EXCHANGE: Duration = Duration::from_secs(60);

/// Ending a stream in order.
pub(crate) const GOODBYE: Duration = Duration::from_secs(5);

/// Registrations that one installation tries within [`CAP_WINDOW`]: enough for a person, useless for bulk.
pub(crate) const CAP: usize = 5;
/// The window that the cap counts in.
pub(crate) const CAP_WINDOW: Duration = Duration::from_secs(3600);

/// Identities drawn before a server's "name taken" is believed to be about something else.
pub(crate) const NAMES: usize = 3;

/// How long after a login was refused it is asked again whether the account is gone, at least. A registration that was on its
/// way when the process died has reached the server by then, too.
pub(crate) const REFUSED_AGAIN: Duration = Duration::from_secs(600);

/// How long a start looks at what an earlier run left behind.
pub(crate) const SETTLING: Duration = Duration::from_secs(60);

/// How long closing waits for accounts that have to be removed; what is left is done at the next start.
pub(crate) const CLOSING: Duration = Duration::from_secs(30);

/// The longest text of one message, in bytes of UTF-8. Escaped for XML it may be six times as long: the smallest limit for
/// a stanza in use is 64 KiB (ejabberd).
pub(crate) const TEXT: usize = 10_000;
/// Stanzas that may be on their way before the server has said that it has them.
pub(crate) const IN_FLIGHT_STANZAS: usize = 64;
/// Texts that may be on their way to a peer whose client confirms them. Prosody keeps 500 stanzas for a client that is
/// away, and forgets the rest.
pub(crate) const WINDOW: usize = 200;
/// One that was not confirmed for so long does not count there any more: the peer may have changed clients. One to a client
/// that knows doubles counts until it is confirmed, as it may be sent again. In seconds.
pub(crate) const WINDOW_FOR: u64 = 3600;
/// How many messages of each peer and kind are known again when they come twice: more than [`WINDOW`], and as many as
/// a stored row of 8 KiB takes.
pub(crate) const SEEN: usize = 250;
/// For so long at least a text that the server has is kept for the peer's receipt. In seconds.
pub(crate) const CONFIRMED_WITHIN: u64 = 86_400;

/// Over how long it is spread what happens by itself to several burners, if the app says nothing else: connections that come
/// and go together would link them.
pub(crate) const SPREAD: Duration = Duration::from_secs(120);
/// The same, whatever the app says, at most.
pub(crate) const LONGEST_SPREAD: Duration = Duration::from_secs(600);
/// How long what a user asks for is put off, at most, where there are several burners.
pub(crate) const SOON: Duration = Duration::from_secs(5);
/// How much later than it was to end a wait may end before that shows that the device has slept.
pub(crate) const OVERSLEPT: Duration = Duration::from_secs(10);
/// What is kept of the time to fall asleep for the last connection's end, and Tor's.
pub(crate) const PARTING: Duration = Duration::from_secs(1);
/// How long to wait after the first failure, at most; doubled by each further one. The wait is drawn below that.
pub(crate) const BACK_OFF: Duration = Duration::from_secs(2);
/// How long a wait is slept at one go: the clock that it goes by is looked at in between.
pub(crate) const SLICE: Duration = Duration::from_secs(60);
/// After a hint that the network has changed a connection has so long to show that it works.
pub(crate) const AFTER_HINT: Duration = Duration::from_secs(10);

/// How long a connection has to hold before the waits between attempts begin anew.
pub(crate) const HELD: Duration = Duration::from_secs(300);
/// How often a burner may have new circuits within [`CIRCUITS_WINDOW`], whatever fails.
pub(crate) const CIRCUITS: usize = 6;
/// The window that new circuits are counted in. When an onion service does not answer, its server is reached by an exit for
/// the same time.
pub(crate) const CIRCUITS_WINDOW: Duration = Duration::from_secs(3600);

/// The largest mailbox that is read into memory, in bytes as it is stored: a phone ends an app that takes much more.
pub(crate) const MAILBOX: u64 = 64 << 20;
/// How often the key of the store is changed at most where the engine wakes: a key store makes a new one each time.
pub(crate) const RENEW: Duration = Duration::from_secs(86_400);

/// How long connections have to end before a sleep.
pub(crate) const SUSPENDING: Duration = Duration::from_secs(3);

/// The longest stanza in bytes, where a server names no limit: the smallest that is in use (ejabberd's).
pub(crate) const STANZA: usize = 65_536;
/// What a stanza has around its body at most, in bytes: addresses are up to 3071 each (RFC 7622).
pub(crate) const AROUND_BODY: usize = 7_000;
/// A key exchange that could not be sent for so long is of no use any more. In seconds.
pub(crate) const EXCHANGE_WIRES: u64 = 60;
/// How long after a peer was asked for a private conversation it may be asked again, if nothing else happens.
pub(crate) const ASK_AGAIN: Duration = Duration::from_secs(600);
/// How long a peer's client has after a key exchange to say that it knows what it gets twice. In seconds.
pub(crate) const DOUBT: u64 = 10;
/// How long a peer that is there takes to answer.
pub(crate) const ANSWER: Duration = Duration::from_secs(10);
/// How old a text may be that is sent again to a client that does not know what it gets twice. In seconds.
pub(crate) const RESEND_WITHIN: u64 = 60;
/// How long a session may rest and be used again, by default. In seconds.
pub(crate) const SESSION_LIFE: u64 = 7 * 86_400;

/// How much is kept of a question or an error message of a peer's, in bytes.
pub(crate) const NOTICE: usize = 1000;

/// The longest id of a message that a receipt is sent for, in bytes.
pub(crate) const RECEIPT_OF: usize = 256;

/// What came in the clear with the same id and text, sent within about this time, is one message that a server has sent again. In
/// seconds: some clients begin their ids anew, and what comes later is rather shown twice than a new text not at all.
pub(crate) const SENT_ONCE: u64 = 120;
/// How many strangers are remembered, and how many texts and bytes of each.
pub(crate) const STRANGERS: usize = 50;
pub(crate) const STRANGER_TEXTS: usize = 10;
pub(crate) const STRANGER_BYTES: usize = 20_000;
/// How much of a contact's is taken in before the app has taken it: texts and bytes.
pub(crate) const CONTACT_TEXTS: usize = 500;
pub(crate) const CONTACT_BYTES: usize = 512 * 1024;
/// How much of a contact's is there at most where history is kept, in bytes with [`AROUND_TEXT`]: a contact must not fill what
/// [`MAILBOX`] allows.
pub(crate) const CONTACT_KEPT: usize = 4 << 20;
/// What is stored around a text, in bytes: about the smallest size of a record.
pub(crate) const AROUND_TEXT: usize = 512;
/// How many answers and the like to one peer wait for the server: stanzas that hold no text.
pub(crate) const ANSWERS: usize = 256;
/// How many of a peer's clients are known to be there.
pub(crate) const CLIENTS: usize = 32;
/// How many keys of a peer are remembered.
pub(crate) const KEYS: usize = 16;
/// How long conversations are left alone at least before they are looked after by time.
pub(crate) const MOMENT: Duration = Duration::from_millis(500);
/// After so many comparisons that came out different a person is not asked for another by the same key.
pub(crate) const COMPARISONS: u8 = 3;
