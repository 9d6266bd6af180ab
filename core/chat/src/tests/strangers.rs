//! Strangers: which of their texts are kept and told, and in which version of OTR a peer is spoken to.

use flashpaper_xmpp::{PresenceNews, Subscription};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::phones::*;
use super::support::*;
use crate::event::News;

fn sessions() -> Sessions {
    Sessions::new(Arc::new(Identity::random(&mut StdRng::seed_from_u64(1))), InstanceTag(0x1234))
}

/// Does something at the present time; what is to be told of it.
fn talk(mailbox: &mut Mailbox, sessions: &mut Sessions, work: impl FnOnce(&mut Talk<'_>)) -> News {
    let random = Random::new(Box::new(StdRng::seed_from_u64(2)));
    let mut talk = Talk::new(mailbox, sessions, random, (NOW, Duration::ZERO), Duration::from_secs(3600));
    work(&mut talk);
    talk.end()
}

fn message(from: &str, text: &str) -> ChatMessage {
    let (from, resource) = (from.to_owned(), Some("here".to_owned()));
    ChatMessage { from, resource, id: None, sent: None, text: text.to_owned(), wants_receipt: false }
}

fn texts(mailbox: &Mailbox) -> Vec<String> {
    mailbox.messages.values().map(|entry| entry.text.clone()).collect()
}

/// What is to be sent.
fn bodies(mailbox: &Mailbox) -> Vec<String> {
    let body = |stanza: &OutgoingStanza| {
        if let StanzaKind::Encrypted { body, .. } = &stanza.kind { Some(body.clone()) } else { None }
    };
    mailbox.stanzas.values().filter_map(|stanza| body(stanza)).collect()
}

#[test]
fn a_stranger_who_has_asked_for_a_private_conversation_is_answered_once_accepted() {
    let tagged = "hi\x20\t\x20\x20\t\t\t\t\x20\t\x20\t\x20\t\x20\x20\x20\x20\t\t\x20\x20\t\t";
    for (asked, answer) in [
        ("?OTRv23? hello", Some("?OTRv3? ")),
        (tagged, Some("?OTRv3? ")),
        ("?OTRv2?", Some("?OTRv23? ")),
        ("hello", None),
    ] {
        let (mut mailbox, mut sessions) = (Mailbox::default(), sessions());
        talk(&mut mailbox, &mut sessions, |talk| talk.receive(&message(PEER, asked)));
        assert_eq!(bodies(&mailbox), [""; 0], "{asked}");
        let row = mailbox.find(&address(PEER)).unwrap();
        talk(&mut mailbox, &mut sessions, |talk| talk.accept(row).unwrap());
        let said = bodies(&mailbox);
        assert_eq!(said.len(), usize::from(answer.is_some()), "{asked}");
        assert!(said.iter().all(|body| body.starts_with(answer.unwrap_or_default())), "{asked}: {said:?}");
        assert_eq!(mailbox.relationship(row), Relationship::Contact);
    }
}

#[test]
fn a_mark_in_a_strangers_sentence_is_a_part_of_it() {
    let (mut mailbox, mut sessions) = (Mailbox::default(), sessions());
    talk(&mut mailbox, &mut sessions, |talk| {
        for text in ["I got ?OTRv3? from you", "?OTRv3?", "?OTR Error: no", ""] {
            talk.receive(&message(PEER, text));
        }
    });
    assert_eq!(texts(&mailbox), ["I got ?OTRv3? from you"]);
    let news = talk(&mut mailbox, &mut sessions, |talk| talk.receive(&message(PEER, "?OTR Error: is what I see")));
    let notices: Vec<Notice> = news.notices.into_iter().map(|(_, notice)| notice).collect();
    assert_eq!(notices, [Notice::PeerError { text: "is what I see".to_owned() }]);
}

#[test]
fn what_of_a_strangers_is_not_kept_is_told() {
    for (body, told) in [
        ("?OTR:AAMDAAABAAAAAAA=.", true),
        ("?OTR:AAID.", true),
        ("?OTR|100|0,1,2,?OTR:AAMDx,", true),
        ("?OTRv3?", false),
    ] {
        let (mut mailbox, mut sessions) = (Mailbox::default(), sessions());
        let news = talk(&mut mailbox, &mut sessions, |talk| talk.receive(&message(PEER, body)));
        let row = mailbox.find(&address(PEER)).unwrap();
        assert_eq!(news.notices.contains(&(row, Notice::Unreadable)), told, "{body}");
        assert!(news.conversations.contains(&row) && mailbox.peers[&row].asks_for_private, "{body}");
    }
    // Said once for all that there is no room for, and again once there was room.
    let (mut mailbox, mut sessions) = (Mailbox::default(), sessions());
    let mut notices = |mailbox: &mut Mailbox, texts: usize| {
        let news = talk(mailbox, &mut sessions, |talk| {
            (0..texts).for_each(|_| talk.receive(&message(PEER, "hello")));
        });
        news.notices.into_iter().map(|(_, notice)| notice).collect::<Vec<_>>()
    };
    assert_eq!(notices(&mut mailbox, limits::STRANGER_TEXTS), []);
    assert_eq!(notices(&mut mailbox, 3), [Notice::InboxFull]);
    assert_eq!(texts(&mailbox).len(), limits::STRANGER_TEXTS);
    let first = *mailbox.messages.keys().next().unwrap();
    mailbox.messages.remove(&first);
    assert_eq!(notices(&mut mailbox, 2), [Notice::InboxFull]);
    let row = mailbox.find(&address(PEER)).unwrap();
    mailbox.befriend(row);
    assert!(inbox::missed(&mailbox).is_empty(), "no private conversation is begun for that");
}

#[test]
fn what_of_a_strangers_was_taken_and_is_kept_leaves_room_for_more() {
    let (mut mailbox, mut sessions) = (Mailbox::default(), sessions());
    for number in 0..3 * limits::STRANGER_TEXTS {
        let news = talk(&mut mailbox, &mut sessions, |talk| talk.receive(&message("b.example", &number.to_string())));
        assert_eq!(news.notices, []);
        mailbox.messages.values_mut().for_each(|entry| Arc::make_mut(entry).state = MessageState::Taken);
    }
    assert_eq!(mailbox.messages.len(), 3 * limits::STRANGER_TEXTS);
}

#[test]
fn a_stranger_has_room_for_so_many_bytes_and_for_less_where_more_is_kept() {
    let taken = |texts: &[usize], kept: usize| {
        let (mut mailbox, mut sessions) = (Mailbox::default(), sessions());
        let row = mailbox.peer(&address(PEER));
        mailbox.peer_mut(row).unwrap().kept = kept as u64;
        talk(&mut mailbox, &mut sessions, |talk| {
            texts.iter().for_each(|length| talk.receive(&message(PEER, &"x".repeat(*length))));
        });
        mailbox.messages.len()
    };
    let half = limits::STRANGER_BYTES / 2;
    assert_eq!([taken(&[half, half], 0), taken(&[half, half + 1], 0), taken(&[2 * half + 1, 1], 0)], [2, 1, 1]);
    assert_eq!([taken(&[1], limits::STRANGER_KEPT - 1), taken(&[1], limits::STRANGER_KEPT)], [1, 0]);
}

/// Nothing of a stranger who gives way is sent; what is on its way to others is.
#[test]
fn what_is_to_be_sent_to_others_stays_where_a_stranger_gives_way() {
    let (mut mailbox, mut sessions) = (Mailbox::default(), sessions());
    let contact = mailbox.peer(&address(PEER));
    mailbox.befriend(contact);
    talk(&mut mailbox, &mut sessions, |talk| {
        talk.start(contact);
        (0..limits::STRANGERS).for_each(|n| talk.receive(&message(&format!("stranger{n}@b.example"), "hello")));
    });
    let oldest = inbox::strangers(&mailbox)[0];
    let mut stanza = OutgoingStanza::clone(mailbox.stanzas.values().next().unwrap());
    stanza.peer = oldest;
    stanza_queue::add(&mut mailbox, stanza);
    talk(&mut mailbox, &mut sessions, |talk| talk.receive(&message("new@b.example", "hello")));
    assert_eq!(mailbox.stanzas.values().map(|stanza| stanza.peer).collect::<Vec<_>>(), [contact]);
    assert!(!mailbox.peers.contains_key(&oldest));
}

#[test]
fn an_empty_body_is_no_message_and_ends_none() {
    let (mut mailbox, mut sessions) = (Mailbox::default(), sessions());
    let row = mailbox.peer(&address(PEER));
    mailbox.befriend(row);
    let commit = {
        let identity = Arc::new(Identity::random(&mut StdRng::seed_from_u64(3)));
        let rng = Box::new(StdRng::seed_from_u64(4));
        let mut peer =
            Session::new(identity, Settings { limit: Some(200), ..Settings::default() }, rng, Duration::ZERO);
        peer.receive("?OTRv3?")
    };
    let pieces = commit.iter().filter_map(|o| if let Output::Send(piece) = o { Some(piece) } else { None });
    talk(&mut mailbox, &mut sessions, |talk| {
        for piece in pieces {
            talk.receive(&message(PEER, piece));
            talk.receive(&message(PEER, ""));
        }
    });
    assert_eq!((texts(&mailbox).len(), bodies(&mailbox).len()), (0, 1), "the answer to the commit");
}

#[test]
fn the_stranger_who_has_waited_longest_gives_way_and_the_user_is_told() {
    let (mut mailbox, mut sessions) = (Mailbox::default(), sessions());
    let jid = |number: usize| format!("stranger{number}@b.example");
    let first = talk(&mut mailbox, &mut sessions, |talk| {
        (0..limits::STRANGERS).for_each(|number| talk.receive(&message(&jid(number), "hello")));
    });
    assert_eq!(first.notices, []);
    let contact = mailbox.find(&address(&jid(0))).unwrap();
    mailbox.befriend(contact);
    let news = talk(&mut mailbox, &mut sessions, |talk| {
        talk.receive(&message("new@b.example", "hello"));
        talk.receive(&message("newer@b.example", "hello"));
    });
    let newer = mailbox.find(&address("newer@b.example")).unwrap();
    assert_eq!(news.notices, [(newer, Notice::StrangerForgotten)]);
    assert!(
        mailbox.find(&address(&jid(0))).is_some()
            && mailbox.find(&address(&jid(1))).is_none()
            && mailbox.find(&address(&jid(2))).is_some()
    );
    assert_eq!(texts(&mailbox).len(), limits::STRANGERS + 1);
    // Those that the user has to do with stay: one with a label, and one who was written to.
    let (labelled, written_to) = (mailbox.find(&address(&jid(2))).unwrap(), mailbox.find(&address(&jid(3))).unwrap());
    mailbox.peer_mut(labelled).unwrap().label = Some("friend".to_owned());
    outbox::queue(&mut mailbox, &address(&jid(3)), "a".to_owned(), "hello", NOW, None).unwrap();
    mailbox.peer_mut(written_to).unwrap().relationship = Relationship::Stranger;
    // Of one who has given way by then nothing is told.
    let news = talk(&mut mailbox, &mut sessions, |talk| {
        (0..2).for_each(|number| talk.receive(&message(&format!("more{number}@b.example"), "hello")));
        talk.receive(&message(&jid(4), "one more"));
        [4, 5].iter().for_each(|number| talk.unreadable(&address(&jid(*number))));
        talk.receive(&message("last@b.example", "hello"));
    });
    let [fifth, last] = [&jid(5), "last@b.example"].map(|from| mailbox.find(&address(from)).unwrap());
    assert_eq!(news.notices, [(fifth, Notice::Unreadable), (last, Notice::StrangerForgotten)]);
    assert_eq!((mailbox.find(&address(&jid(2))), mailbox.find(&address(&jid(3)))), (Some(labelled), Some(written_to)));
    assert_eq!(mailbox.find(&address(&jid(4))), None);
    assert_eq!(news.messages.len(), 3);
    assert!(news.messages.iter().all(|(message, _)| mailbox.messages.contains_key(message)));
    assert!(news.conversations.iter().all(|peer| mailbox.peers.contains_key(peer)));
    // Who asks for presence takes a place, too.
    let subscribe = PresenceNews::Subscription(Subscription::Subscribe);
    let news =
        talk(&mut mailbox, &mut sessions, |talk| drop(talk.presence(&address("asks@b.example"), None, subscribe)));
    assert_eq!((news.notices.len(), mailbox.find(&address(&jid(5)))), (1, None));
}

/// Somebody takes version 3 out of the offer of a peer who has spoken it: before this process, in a session that is gone.
#[test]
fn a_peer_that_has_spoken_version_3_is_not_talked_down() {
    let cases = [
        // Accepted, has spoken version 3, version 2 may be spoken.
        ((true, false, true), true),
        ((true, true, true), false),
        ((true, false, false), false),
        // The key may be anybody's: the server's, say.
        ((false, true, true), true),
    ];
    for ((accepted, has_spoken_3, may), answered) in cases {
        let (mut mailbox, mut sessions) = (Mailbox::default(), sessions());
        sessions.set_version_3_only(!may);
        let row = mailbox.peer(&address(PEER));
        mailbox.befriend(row);
        let (peer, key) = (mailbox.peer_mut(row).unwrap(), Fingerprint([1; 20]));
        peer.trust.trusts_on_first_use(key);
        (peer.trust.key_mut(key).unwrap().accepted, peer.trust.key_mut(key).unwrap().spoke_version_3) =
            (accepted, has_spoken_3);
        let news = talk(&mut mailbox, &mut sessions, |talk| talk.receive(&message(PEER, "?OTRv2?")));
        let said = bodies(&mailbox);
        assert_eq!((said.len(), said.iter().all(|body| body.starts_with("?OTR:AAIC"))), (usize::from(answered), true));
        assert_eq!(news.notices.contains(&(row, Notice::OtherVersion)), !answered);
        talk(&mut mailbox, &mut sessions, |talk| talk.start(row));
        let query = if answered { "?OTRv23?" } else { "?OTRv3?" };
        assert!(bodies(&mailbox).last().unwrap().starts_with(query));
    }
}

/// A key that has spoken version 3 is known by that from then on; one of version 2 is shown as such.
#[test]
fn the_version_is_kept_with_the_key() {
    for (offer, version) in [("?OTRv3?", 3), ("?OTRv2?", 2)] {
        let (mut mailbox, mut ours) = (Mailbox::default(), sessions());
        let row = mailbox.peer(&address(PEER));
        mailbox.befriend(row);
        let identity = Arc::new(Identity::random(&mut StdRng::seed_from_u64(3)));
        let settings = Settings { version_2: true, ..Settings::default() };
        let mut peer = Session::new(identity, settings, Box::new(StdRng::seed_from_u64(4)), Duration::ZERO);
        let mut said = peer.receive(offer);
        for _ in 0..4 {
            let sent =
                said.iter().filter_map(|o| if let Output::Send(body) = o { Some(message(PEER, body)) } else { None });
            talk(&mut mailbox, &mut ours, |talk| sent.for_each(|chat| talk.receive(&chat)));
            said = bodies(&mailbox).iter().flat_map(|body| peer.receive(body)).collect();
            mailbox.stanzas.clear();
        }
        let conversation = view::conversations(&mailbox).remove(0);
        assert_eq!((conversation.security, conversation.version), (Security::Private, Some(version)), "{offer}");
        assert_eq!(mailbox.peers[&row].trust.has_spoken_version_3(), version == 3);
    }
}

#[test]
fn a_key_that_has_spoken_version_3_has_no_conversation_in_version_2_be_it_accepted_or_not() {
    let version_2 = Settings { version_2: true, ..Settings::default() };
    for (seed, is_heard) in [(20, false), (21, true)] {
        let mut one = Phone::new(TWO, 1, 0x1000);
        one.mailbox.peer_mut(one.row).unwrap().trust.expect(Fingerprint([9; 20]), true).unwrap();
        Other::new(20, 0x3000).begins(&mut one);
        one.loses_all_sessions();
        let mut other = Other::with(seed, version_2);
        let commit = other.0.receive("?OTRv2?");
        other.converse(&mut one, commit);
        assert_eq!(other.0.is_private(), is_heard, "{seed}");
    }
}

#[test]
fn a_peer_that_offers_version_2_alone_is_talked_to_in_that() {
    let mut one = Phone::new(TWO, 1, 0x1000);
    let mut other = Other::with(20, Settings { version_2: true, ..Settings::default() });
    one.work(|talk| talk.receive(&chat(TWO, "query", "?OTRv2?\n<b>two</b> wants a private conversation", false)));
    let answers = other.hears(&one.says());
    other.converse(&mut one, answers);
    assert!(other.0.is_private());
    assert_eq!(one.conversation().version, Some(2));
}

#[test]
fn a_stranger_who_has_offered_version_3_is_not_talked_to_in_version_2() {
    for (query, is_heard) in [("?OTRv23?", false), ("?OTRv2?", true)] {
        let mut one = Phone::new("friend@b.example", 1, 0x1000);
        let row = one.work(|talk| {
            talk.receive(&chat(TWO, "query", query, false));
            let row = talk.mailbox().peer(&address(TWO));
            talk.accept(row).unwrap();
            row
        });
        (one.peer, one.row) = (TWO, row);
        one.says();
        let mut other = Other::with(20, Settings { version_2: true, ..Settings::default() });
        let commit = other.0.receive("?OTRv2?");
        other.converse(&mut one, commit);
        assert_eq!((other.0.is_private(), one.notices.is_empty()), (is_heard, is_heard), "{query}");
    }
}

#[test]
fn version_2_that_is_turned_off_ends_its_conversations_and_what_is_written_waits_for_version_3() {
    let identity = Arc::new(Identity::random(&mut StdRng::seed_from_u64(20)));
    let version_2 = Settings { version_2: true, ..Settings::default() };
    let (mut one, mut old) = (Phone::new(TWO, 1, 0x1000), Other::of(Arc::clone(&identity), 20, version_2));
    let commit = old.0.receive("?OTRv2?");
    old.converse(&mut one, commit);
    assert_eq!((one.conversation().security, one.conversation().version), (Security::Private, Some(2)));
    one.sessions.set_version_3_only(true);
    one.work(|talk| talk.wake());
    assert!(old.hears(&one.says()).iter().any(|output| matches!(output, Output::Ended(_))));
    assert_eq!(one.conversation().security, Security::Plaintext);
    let later = one.writes("later");
    one.says();
    assert_eq!(one.state(later), Some(MessageState::WaitingForPeer));
    one.work(|talk| talk.receive(&chat(TWO, "query", "?OTRv2?", false)));
    assert!(one.says().is_empty() && one.notices.contains(&Notice::OtherVersion));
    // The same key, as after an update of the client.
    let mut updated = Other::of(identity, 21, Settings::default());
    let commit = updated.0.receive("?OTRv3?");
    assert_eq!(updated.converse(&mut one, commit), ["later"]);
    assert_eq!((one.conversation().security, one.conversation().version), (Security::Private, Some(3)));
}
