//! How long and how often: every figure of the engine's own, in one place.

use std::time::Duration;

use flashpaper_chat::limits::{ALL_STRANGERS, OUTBOX, TIMED};

/// Opening one stream. A circuit takes seconds, an onion rendezvous tens of them.
pub(crate) const DIAL: Duration = Duration::from_secs(60);
/// TLS, stream header and features on an open stream.
pub(crate) const OPEN: Duration = Duration::from_secs(60);
/// Registration, login, ping or removal on a ready stream.
pub(crate) const EXCHANGE: Duration = Duration::from_secs(60);

/// Looking at a server by one route, for the directory: a dead one must not hold up the others.
pub(crate) const PROBE: Duration = Duration::from_secs(60);
/// Asking DNS where a server is, with the circuit that it takes.
pub(crate) const LOOK_UP: Duration = Duration::from_secs(20);
/// As many records as an answer of DNS may have in all.
pub(crate) const DNS_RECORDS: usize = 64;
/// As many endpoints as are tried of those that DNS names.
pub(crate) const SRV_ENDPOINTS: usize = 4;

/// How long a screen's state is not looked at again: nobody sees more pictures in a second.
pub(crate) const LOOKS_APART: Duration = Duration::from_millis(20);

/// No longer does anything wait that is to wait for ever: timers take no more.
pub(crate) const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 86_400);

/// How long falling asleep may take: burners need no longer to part, and a phone gives less.
pub(crate) const LONGEST_SUSPENDING: Duration = Duration::from_secs(600);
/// How long what has ended may hold its burner.
pub(crate) const LETTING_GO: Duration = Duration::from_secs(1);

/// Ending a stream in order.
pub(crate) const GOODBYE: Duration = Duration::from_secs(5);

/// Registrations that one installation tries within [`CAP_WINDOW`]: enough for a user, useless for bulk.
pub(crate) const CAP: usize = 5;
/// The window that the cap counts in.
pub(crate) const CAP_WINDOW: Duration = Duration::from_secs(3600);

/// Identities drawn before a server's "name taken" is believed to be about something else.
pub(crate) const NAMES: usize = 3;

/// Questions of one server that are answered wrong before it is left.
pub(crate) const ANSWERS: usize = 3;
/// Servers that one creation tries.
pub(crate) const SERVERS: usize = 8;
/// How long the user has for an answer: servers wait for two to ten minutes.
pub(crate) const ANSWERING: Duration = Duration::from_secs(900);
/// How many texts a search for a proof of work tries before it tells how far it is.
pub(crate) const WORK: u32 = 1 << 18;

/// How long after a login was refused it is asked again whether the account is gone, at least. A registration that was on its
/// way when the process died has reached the server by then, too.
pub(crate) const REFUSED_AGAIN: Duration = Duration::from_secs(600);

/// How long an account's removal is asked for again after that, at most: the wait is doubled each time.
pub(crate) const LONGEST_AGAIN: Duration = Duration::from_secs(6 * 3600);

/// How long a removal stays in the queue: then its server has the account for good, and nothing is left of it here.
pub(crate) const QUEUED: Duration = Duration::from_secs(30 * 86_400);

/// How long a start looks at what an earlier run left behind.
pub(crate) const SETTLING: Duration = Duration::from_secs(60);

/// How long closing waits for accounts that have to be removed; what is left is done at the next start.
pub(crate) const CLOSING: Duration = Duration::from_secs(30);

/// Stanzas that may be on their way before the server has said that it has them.
pub(crate) const IN_FLIGHT_STANZAS: usize = 64;

/// How long what a server has acknowledged waits to be stored with another change. The peer's receipt comes after a few seconds.
pub(crate) const GATHER: Duration = Duration::from_secs(5);
/// How long a text that is written waits to be stored with its encryption, where the burner is online.
pub(crate) const TAKEN_ALONG: Duration = Duration::from_millis(20);

/// How soon behind another text one counts as written in numbers: it is stored by itself then.
pub(crate) const IN_NUMBERS: Duration = Duration::from_millis(2);

/// How long a connection leaves texts to gather behind several that came, and behind what it sent: texts in numbers cost few
/// writes, and one alone does not wait.
pub(crate) const BURST: Duration = Duration::from_millis(20);

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
pub(crate) const MAX_SLEEP: Duration = Duration::from_secs(60);
/// After a hint that the network has changed a connection has so long to show that it works.
pub(crate) const AFTER_HINT: Duration = Duration::from_secs(10);

/// How long a connection has to hold before the waits between attempts begin anew.
pub(crate) const HELD: Duration = Duration::from_secs(300);
/// How often a burner may have new circuits within [`CIRCUITS_WINDOW`], whatever fails.
pub(crate) const CIRCUITS: usize = 6;
/// The window that new circuits are counted in. When an onion service does not answer, its server is reached by an exit for
/// the same time.
pub(crate) const CIRCUITS_WINDOW: Duration = Duration::from_secs(3600);

/// How long a panic waits for a commit that is on its way to the disk, in milliseconds.
pub(crate) const ABANDONING: u32 = 50;

/// How many bytes a ticket may have: some thousand accounts.
pub(crate) const TICKET: usize = 1 << 20;

/// How many contacts are taken over from the server as a burner is restored: more would be the server's doing.
pub(crate) const RESTORED_CONTACTS: usize = 500;

/// The largest mailbox that is read into memory, in bytes as it is stored: a phone ends an app that takes much more.
pub(crate) const MAILBOX: u64 = 64 << 20;
// What others and the user can fill it with fits, also where each byte takes two as JSON.
const _: () = assert!(2 * (OUTBOX + ALL_STRANGERS + TIMED) as u64 <= MAILBOX);
/// How often the key of the store is changed at most where the engine wakes: a key store makes a new one each time.
pub(crate) const RENEW: Duration = Duration::from_secs(86_400);

/// How long connections have to end before a sleep.
pub(crate) const SUSPENDING: Duration = Duration::from_secs(3);

/// How long a session may rest and be used again, by default.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(7 * 86_400);
/// How long conversations are left alone at least before they are looked after by time.
pub(crate) const MIN_TICK: Duration = Duration::from_millis(500);

/// How long before a burner expires its user is reminded, at most.
pub(crate) const REMINDER: Duration = Duration::from_secs(3600);
/// How often the time is stored for burners that are to expire, at most: a write wakes the device.
pub(crate) const EXPIRY_SEEN: Duration = Duration::from_secs(600);
