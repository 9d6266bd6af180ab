//! Nothing in memory gives earlier secrets back.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flashpaper_otr::{Identity, InstanceTag, Output, Session, Settings};
use flashpaper_xmpp::ChatMessage;
use rand::SeedableRng as _;
use rand::rand_core::{TryCryptoRng, TryRng};
use rand::rngs::StdRng;

use crate::chat::Talk;
use crate::mailbox::Mailbox;
use crate::random::Random;
use crate::sessions::Sessions;
use crate::stanza::{StanzaKind, StreamNumber};
use crate::tests::support::{NOW, address};
use crate::{outbox, stanza_queue};

const PEER: &str = "peer@b.example";
/// What OTR draws for an exponent (`Exponent::short`), bytes.
const EXPONENT: usize = 40;

/// A source that tells how much is drawn from it at a time.
struct Watched(StdRng, Arc<Mutex<Vec<usize>>>);

impl TryRng for Watched {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.1.lock().unwrap().push(bytes.len());
        self.0.try_fill_bytes(bytes)
    }
}

impl TryCryptoRng for Watched {}

/// The next D-H key in a data message (OTR version 3: version, type, two tags, flags, two key ids, then the key).
fn next_key(body: &str) -> Option<Vec<u8>> {
    let message = BASE64_STANDARD.decode(body.strip_prefix("?OTR:")?.strip_suffix('.')?).unwrap();
    let (header, rest) = message.split_at_checked(20)?;
    let (length, rest) = rest.split_at(4);
    (header[..3] == [0, 3, 3]).then(|| rest[..u32::from_be_bytes(length.try_into().unwrap()) as usize].to_vec())
}

#[test]
fn each_key_of_a_conversation_is_a_draw_of_its_own() {
    let draws = Arc::default();
    let random = Random::new(Box::new(Watched(StdRng::seed_from_u64(1), Arc::clone(&draws))));
    let mut mailbox = Mailbox::default();
    let row = mailbox.peer(&address(PEER));
    mailbox.befriend(row);
    let identity = Arc::new(Identity::random(&mut StdRng::seed_from_u64(2)));
    let mut sessions = Sessions::new(identity, InstanceTag(0x1234));
    let identity = Arc::new(Identity::random(&mut StdRng::seed_from_u64(3)));
    let mut peer = Session::new(identity, Settings::default(), Box::new(StdRng::seed_from_u64(4)), Duration::ZERO);
    let mut keys = HashSet::new();
    let mut said: Vec<String> = Vec::new();
    let mut turns = 0;
    for round in 0..60 {
        if said.is_empty()
            && let Ok((_, text)) = peer.send("a text", &format!("label{round}"))
        {
            turns += 1;
            said = sent(&text);
        }
        // As after a restart, also.
        if round % 10 == 9 {
            sessions.forget();
        }
        let mut talk =
            Talk::new(&mut mailbox, &mut sessions, random.clone(), (NOW, Duration::ZERO), Duration::from_secs(3600));
        for text in said.drain(..) {
            let (from, resource) = (PEER.to_owned(), Some("here".to_owned()));
            talk.receive(&ChatMessage { from, resource, id: None, sent: None, text, wants_receipt: false });
        }
        if round == 0 {
            talk.start(row);
        } else if peer.is_private() {
            outbox::queue(talk.mailbox(), &address(PEER), format!("id{round}"), "an answer", NOW, None).unwrap();
            talk.pump(10);
        }
        drop(talk.end());
        for (_, stanza) in stanza_queue::number(&mut mailbox, StreamNumber(1), 10, NOW) {
            let StanzaKind::Encrypted { body, .. } = &stanza.kind else { continue };
            keys.extend(next_key(body));
            said.extend(sent(&peer.receive(body)));
        }
        stanza_queue::acked(&mut mailbox, StreamNumber(1_000));
    }
    assert!(turns > 20 && keys.len() > 20, "{turns} turns, {} keys", keys.len());
    let exponents = draws.lock().unwrap().iter().filter(|length| **length == EXPONENT).count();
    assert!(exponents >= keys.len(), "{exponents} exponents were drawn for {} keys", keys.len());
}

fn sent(outputs: &[Output]) -> Vec<String> {
    outputs.iter().filter_map(|o| if let Output::Send(body) = o { Some(body.clone()) } else { None }).collect()
}
