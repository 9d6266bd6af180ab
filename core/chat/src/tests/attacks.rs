//! An attacker at the server can disturb a private conversation, and no more. The peers' clients are not Flashpaper.

use super::phones::*;
use super::support::*;

/// A phone in private with a peer, ten seconds after the key exchange.
fn private() -> (Phone, Other) {
    let (mut one, mut peer) = (Phone::new(TWO, 1, 0x1000), Other::new(20, 0x3000));
    peer.begins(&mut one);
    one.time = 10;
    (one, peer)
}

/// The attacker sends a message in the peer's name.
fn forge(one: &mut Phone, id: usize, body: &str) {
    let peer = one.peer;
    one.work(|talk| talk.receive(&chat(peer, &format!("forged {id}"), body, false)));
}

fn bodies(stanzas: &[Arc<OutgoingStanza>]) -> Vec<String> {
    let body = |stanza: &Arc<OutgoingStanza>| match &stanza.kind {
        StanzaKind::Encrypted { body, .. } => Some(body.clone()),
        StanzaKind::Receipt { .. } => None,
    };
    stanzas.iter().filter_map(body).collect()
}

/// The texts that another client has sent, without labels, as it sends them.
fn texts_of(peer: &mut Other, texts: &[&str]) -> Vec<String> {
    texts.iter().flat_map(|text| carried(&peer.0.send(text, "").unwrap().1)).collect()
}

fn waits(state: Option<MessageState>) -> bool {
    matches!(state, Some(MessageState::Queued | MessageState::WaitingForPeer))
}

#[test]
fn a_forged_error_gets_no_text_and_costs_none() {
    let (mut one, mut peer) = private();
    let id = one.writes("in private still");
    for id in 0..3 {
        forge(&mut one, id, "?OTR Error: say it again, in the clear");
    }
    assert_eq!(one.notices[0], Notice::PeerError { text: "say it again, in the clear".to_owned() });
    let out = one.says();
    assert!(bodies(&out).iter().all(|body| body.starts_with("?OTR:")), "{:?}", bodies(&out));
    let commits = bodies(&out).iter().filter(|body| body.starts_with("?OTR:AAMC")).count();
    assert_eq!(commits, 1, "one key exchange in ten seconds");
    let answers = peer.hears(&out);
    assert_eq!(peer.converse(&mut one, answers), ["in private still"]);
    assert_eq!(one.state(id), Some(MessageState::Acked));
    for body in texts_of(&mut peer, &["so it is"]) {
        forge(&mut one, 3, &body);
    }
    assert_eq!(one.inbox(), [("so it is".to_owned(), Security::Private)]);
}

#[test]
fn texts_that_are_replayed_or_overtaken_are_each_read_once() {
    let (mut one, mut peer) = private();
    let bodies = texts_of(&mut peer, &["one", "two", "three"]);
    for (id, body) in [2, 0, 2, 1, 0, 1].into_iter().enumerate() {
        forge(&mut one, id, &bodies[body]);
    }
    let read = ["three", "one", "two"].map(|text| (text.to_owned(), Security::Private));
    assert_eq!(one.inbox(), read);
    // Nor does it come again once the app has taken it, or under another key.
    one.takes_all();
    let renewed = peer.0.start();
    peer.converse(&mut one, renewed);
    for (id, body) in bodies.iter().enumerate() {
        forge(&mut one, 10 + id, body);
    }
    assert_eq!(one.inbox(), []);
}

#[test]
fn a_stripped_version_is_no_way_to_plain_text() {
    let mut one = Phone::new(TWO, 1, 0x1000);
    let id = one.writes("a secret");
    let mut said = bodies(&one.says());
    for (id, query) in ["?OTRv2?", "?OTR?", "no OTR here"].into_iter().enumerate() {
        forge(&mut one, id, query);
        said.extend(bodies(&one.says()));
    }
    assert_eq!(one.notices, [Notice::OtherVersion]);
    assert!(said.iter().all(|body| body.starts_with("?OTR") && !body.contains("a secret")), "{said:?}");
    assert_eq!(one.state(id), Some(MessageState::WaitingForPeer));
    let mut peer = Other::new(20, 0x3000);
    let commit = peer.0.receive("?OTRv3?");
    assert_eq!(peer.converse(&mut one, commit), ["a secret"]);
}

#[test]
fn an_exchange_answered_with_another_key_gets_no_text_and_no_trust() {
    let (mut one, mut two) = friends();
    let row = one.row;
    one.mailbox.peer_mut(row).unwrap().trust.verify(two.own_key());
    one.work(|talk| talk.finish(row));
    two.hears(&one.says());
    let id = one.writes("for the friend only");
    // From here on the attacker is the peer, but for its key.
    let mut attacker = Other::new(20, 0x3000);
    let commit = attacker.hears(&one.says());
    assert_eq!(attacker.converse(&mut one, commit), [""; 0]);
    assert!(attacker.0.is_private(), "the exchange itself succeeds");
    assert_eq!(one.conversation().security, Security::KeyChanged);
    assert!(waits(one.state(id)));
    // The friend is back.
    let row = two.row;
    two.work(|talk| talk.start(row));
    carry(&mut one, &mut two);
    assert_eq!(two.inbox().into_iter().map(|(text, _)| text).collect::<Vec<_>>(), ["for the friend only"]);
    assert_eq!(one.conversation().security, Security::Verified);
}

#[test]
fn another_client_of_the_peers_has_another_key_and_gets_nothing_before_the_user_accepts_it() {
    let (mut one, mut first) = friends();
    let (row, mut second) = (one.row, Other::new(20, 0x3000));
    second.begins(&mut one);
    assert_eq!(one.conversation().keys.len(), 2);
    one.writes("for the first");
    let out = one.says();
    assert!(second.hears(&out).iter().all(|output| !matches!(output, Output::Text { .. })));
    first.hears(&out);
    assert_eq!(first.inbox().len(), 1);
    // The first is closed for good.
    one.hears(&first.says());
    let row_of_one = first.row;
    first.work(|talk| talk.finish(row_of_one));
    one.hears(&first.says());
    assert_eq!(one.conversation().security, Security::Finished);
    one.work(|talk| talk.finish(row));
    let id = one.writes("for the second");
    let commit = second.hears(&one.says());
    assert_eq!(second.converse(&mut one, commit), [""; 0]);
    assert_eq!(one.conversation().security, Security::KeyChanged);
    assert!(waits(one.state(id)));
    let key = one.conversation().key.unwrap();
    one.mailbox.peer_mut(row).unwrap().trust.accept(key);
    let texts = second.hears(&one.says());
    assert_eq!(second.converse(&mut one, texts), ["for the second"]);
}

#[test]
fn what_comes_in_the_clear_is_shown_as_that_and_answered_in_private() {
    let mut one = Phone::new(TWO, 1, 0x1000);
    forge(&mut one, 0, "in the clear");
    assert_eq!(one.inbox(), [("in the clear".to_owned(), Security::Plaintext)]);
    one.takes_all();
    one.writes("in private");
    let (mut peer, out) = (Other::new(20, 0x3000), one.says());
    assert!(bodies(&out).iter().all(|body| body.starts_with("?OTRv")));
    let commit = peer.hears(&out);
    assert_eq!(peer.converse(&mut one, commit), ["in private"]);
    // In the middle of a private conversation, too.
    forge(&mut one, 1, "in the clear again");
    assert_eq!(one.inbox(), [("in the clear again".to_owned(), Security::Plaintext)]);
    one.writes("in private again");
    let texts = peer.hears(&one.says());
    assert_eq!(peer.converse(&mut one, texts), ["in private again"]);
}
