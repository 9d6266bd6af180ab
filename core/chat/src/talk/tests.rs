//! Two installations in memory with an attacker between them: lying servers, and keys that were not accepted.

use flashpaper_otr::Identity;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::*;
use crate::message::MessageId;
use crate::retention::{self, History};
use crate::view;

const ONE: &str = "one@a.example";
const TWO: &str = "two@b.example";
const NOW: u64 = 1_000_000;

/// An installation that talks to one peer.
struct Phone {
    peer: &'static str,
    row: u64,
    mailbox: Mailbox,
    sessions: Sessions,
    random: Random,
    /// Seconds that have passed.
    time: u64,
    notices: Vec<Notice>,
}

impl Phone {
    fn new(peer: &'static str, seed: u64, tag: u32) -> Self {
        let mut mailbox = Mailbox::default();
        let row = mailbox.peer(peer);
        mailbox.befriend(row);
        let identity = Arc::new(Identity::random(&mut StdRng::seed_from_u64(seed)));
        let sessions = Sessions::new(identity, InstanceTag(tag));
        let random = Random::new(Box::new(StdRng::seed_from_u64(seed + 1000)));
        Self { peer, row, mailbox, sessions, random, time: 0, notices: Vec::new() }
    }

    fn work<T>(&mut self, work: impl FnOnce(&mut Talk<'_>) -> T) -> T {
        let times = (NOW + self.time, Duration::from_secs(5 + self.time));
        let mut talk = Talk::new(&mut self.mailbox, &mut self.sessions, self.random.clone(), times, 3600);
        let done = work(&mut talk);
        let news = talk.end();
        self.notices.extend(news.notices.into_iter().map(|(_, notice)| notice));
        retention::sweep(&mut self.mailbox, History::None, NOW + self.time);
        done
    }

    /// Stanzas of the peer's account come, all at once.
    fn hears(&mut self, stanzas: &[Arc<Wire>]) {
        let peer = self.peer;
        self.work(|talk| {
            for wire in stanzas {
                match &wire.what {
                    What::Otr { body, wants_receipt } => talk.receive(&chat(peer, &wire.id, body, *wants_receipt)),
                    What::Receipt { received } => {
                        let changed = outbox::reported(talk.mailbox, peer, received);
                        talk.news.messages.extend(changed);
                    }
                }
            }
        });
    }

    /// What it sends now; the server has it.
    fn says(&mut self) -> Vec<Arc<Wire>> {
        self.work(|talk| talk.pump(1000));
        let out = stanza_queue::number(&mut self.mailbox, 1, usize::MAX, NOW + self.time);
        stanza_queue::acked(&mut self.mailbox, u32::try_from(out.len()).unwrap());
        out.into_iter().map(|(_, wire)| wire).collect()
    }

    /// Puts a text into the outbox; its name.
    fn writes(&mut self, text: &str) -> MessageId {
        outbox::queue(&mut self.mailbox, self.peer, format!("label of {text}"), text, NOW + self.time, None)
    }

    fn state(&self, id: MessageId) -> Option<MessageState> {
        Some(view::message(&self.mailbox, id, History::UntilBurn, NOW)?.state)
    }

    /// What has come and was not taken.
    fn inbox(&self) -> Vec<(String, Security)> {
        let all = view::list(&self.mailbox, None, History::UntilBurn, NOW);
        let came = all.iter().filter(|message| message.state == MessageState::Received);
        came.map(|message| (message.text.clone(), message.security)).collect()
    }

    fn takes_all(&mut self) {
        for message in view::list(&self.mailbox, None, History::UntilBurn, NOW) {
            inbox::take(&mut self.mailbox, message.id);
        }
        retention::sweep(&mut self.mailbox, History::None, NOW);
    }

    fn conversation(&self) -> Conversation {
        let mut conversation = view::conversations(&self.mailbox).swap_remove(0);
        self.sessions.complete(self.row, &mut conversation);
        conversation
    }

    fn own_key(&self) -> Fingerprint {
        self.sessions.identity.fingerprint().into()
    }

    /// Its process is another, and has no sessions any more.
    fn loses_all_sessions(&mut self) {
        self.sessions.forget();
        self.mailbox.sessions.clear();
    }
}

pub(crate) fn chat(from: &str, id: &str, body: &str, wants_receipt: bool) -> ChatMessage {
    let (from, resource) = (from.to_owned(), Some("r".to_owned()));
    ChatMessage { from, resource, id: Some(id.to_owned()), text: body.to_owned(), wants_receipt }
}

/// Two that are in private with each other.
fn friends() -> (Phone, Phone) {
    let (mut one, mut two) = (Phone::new(TWO, 1, 0x1000), Phone::new(ONE, 2, 0x2000));
    let row = one.row;
    one.work(|talk| talk.start(row));
    carry(&mut one, &mut two);
    assert_eq!((one.conversation().security, two.conversation().security), (Security::Private, Security::Private));
    (one, two)
}

/// Carries what both say to the other until they are silent.
fn carry(one: &mut Phone, two: &mut Phone) {
    for _ in 0..100 {
        let (of_one, of_two) = (one.says(), two.says());
        if of_one.is_empty() && of_two.is_empty() {
            return;
        }
        two.hears(&of_one);
        one.hears(&of_two);
    }
    panic!("they do not stop");
}

/// Somebody without the engine: another client, or a server that speaks for the peer.
struct Other(Session);

impl Other {
    fn new(seed: u64, tag: u32) -> Self {
        let rng = |seed| StdRng::seed_from_u64(seed);
        let settings = Settings { tag: Some(InstanceTag(tag)), ..Settings::default() };
        let identity = Arc::new(Identity::random(&mut rng(seed)));
        Self(Session::new(identity, settings, Box::new(rng(seed + 1000)), Duration::ZERO))
    }

    /// Says something to a phone and hears its answers, until both are silent; what it reads meanwhile.
    fn converse(&mut self, phone: &mut Phone, first: Vec<Output>) -> Vec<String> {
        let (mut queue, mut read) = (first, Vec::new());
        while !queue.is_empty() {
            let bodies = wires(&queue);
            read.extend(
                queue.into_iter().filter_map(|o| if let Output::Text { text, .. } = o { Some(text) } else { None }),
            );
            let peer = phone.peer;
            phone.work(|talk| {
                for (number, body) in bodies.iter().enumerate() {
                    talk.receive(&chat(peer, &format!("theirs {number}"), body, true));
                }
            });
            queue = self.hears(&phone.says());
        }
        read
    }

    fn hears(&mut self, stanzas: &[Arc<Wire>]) -> Vec<Output> {
        let body = |wire: &Arc<Wire>| if let What::Otr { body, .. } = &wire.what { Some(body.clone()) } else { None };
        stanzas.iter().filter_map(body).flat_map(|body| self.0.receive(&body)).collect()
    }

    /// Begins a private conversation.
    fn begins(&mut self, phone: &mut Phone) {
        let commit = self.0.receive("?OTRv3?");
        self.converse(phone, commit);
        assert!(self.0.is_private());
    }
}

pub(crate) fn wires(outputs: &[Output]) -> Vec<String> {
    outputs.iter().filter_map(|o| if let Output::Send(body) = o { Some(body.clone()) } else { None }).collect()
}

const UNREAD: MessageState = MessageState::Failed { reason: FailReason::Unread };

#[test]
fn receipts_between_flashpaper_peers_come_inside_the_encryption_and_in_one_piece() {
    let (mut one, mut two) = friends();
    let texts = ["a", "b", "c"].map(|text| one.writes(text));
    let out = one.says();
    assert!(out.iter().all(|wire| matches!(wire.what, What::Otr { wants_receipt: false, .. })));
    two.hears(&out);
    assert_eq!(two.inbox().len(), 3);
    let answer = two.says();
    assert!(matches!(answer.iter().map(|wire| &wire.what).collect::<Vec<_>>()[..], [What::Otr { .. }]), "one, private");
    assert_eq!(texts.map(|id| one.state(id)), [Some(MessageState::Acked); 3]);
    one.hears(&answer);
    assert_eq!(texts.map(|id| one.state(id)), [None; 3], "delivered, and not to be kept");
}

#[test]
fn a_text_that_comes_again_as_it_was_has_its_lost_receipt_sent_again() {
    let (mut one, mut two) = friends();
    let id = one.writes("hello");
    let out = one.says();
    two.hears(&out);
    let lost = two.says();
    assert_eq!(lost.len(), 1);
    two.hears(&out);
    assert_eq!(two.inbox().len(), 1, "shown once");
    one.hears(&two.says());
    assert_eq!(one.state(id), None, "delivered");
}

#[test]
fn a_text_too_late_to_be_read_gets_no_receipt() {
    let (mut one, mut two) = friends();
    let id = one.writes("late");
    let late = one.says();
    // OTR remembers that many that came before the greatest counter.
    for number in 0..=64 {
        one.writes(&number.to_string());
    }
    two.hears(&one.says());
    one.hears(&two.says());
    two.hears(&late);
    assert!(two.says().is_empty());
    assert_eq!(one.state(id), Some(MessageState::Acked));
}

#[test]
fn a_text_that_was_taken_away_is_not_delivered_whatever_servers_say() {
    let (mut one, mut two) = friends();
    let id = one.writes("come and get me");
    let taken_away = one.says();
    assert_eq!(taken_away.len(), 1);
    // A receipt, the count of the stream, and a day.
    one.work(|talk| outbox::reported(talk.mailbox, TWO, &taken_away[0].id));
    assert_eq!(one.state(id), Some(MessageState::Acked));
    one.time = 2 * limits::CONFIRMED_WITHIN;
    one.work(|_| ());
    assert_eq!(one.state(id), Some(MessageState::Acked), "kept for as long as nothing has confirmed it");
    // The friend has lost everything, and says so in private.
    (one.time, two.time) = (0, 0);
    two.loses_all_sessions();
    let row = two.row;
    two.work(|talk| talk.start(row));
    carry(&mut one, &mut two);
    assert_eq!(two.inbox(), [("come and get me".to_owned(), Security::Private)]);
    assert_eq!(one.state(id), None, "now it is");
}

#[test]
fn of_several_texts_under_the_same_keys_the_one_that_was_taken_away_goes_again() {
    let (mut one, mut two) = friends();
    let [first, second] = ["first", "second"].map(|text| one.writes(text));
    let out = one.says();
    two.hears(&out[1..]);
    // OTR itself cannot tell the two apart.
    two.writes("an answer");
    carry(&mut one, &mut two);
    assert_eq!((one.state(first), one.state(second)), (Some(MessageState::Acked), None));
    let row = one.row;
    one.work(|talk| talk.start(row));
    carry(&mut one, &mut two);
    assert_eq!(two.inbox().into_iter().map(|(text, _)| text).collect::<Vec<_>>(), ["second", "first"]);
    assert_eq!(one.state(first), None);
}

#[test]
fn a_servers_receipt_for_another_client_is_called_that_and_the_text_stays() {
    let mut one = Phone::new(TWO, 1, 0x1000);
    let mut other = Other::new(20, 0x3000);
    other.begins(&mut one);
    let [lost, read] = ["lost", "read"].map(|text| one.writes(text));
    let out = one.says();
    assert!(out.iter().all(|wire| matches!(wire.what, What::Otr { wants_receipt: true, .. })));
    one.work(|talk| out.iter().flat_map(|wire| outbox::reported(talk.mailbox, TWO, &wire.id)).count());
    assert_eq!([lost, read].map(|id| one.state(id)), [Some(MessageState::Reported); 2]);
    // What confirms a text by OTR ends it, and no more than that.
    let mut again = Other::new(20, 0x3000);
    again.begins(&mut one);
    one.time = limits::DOUBT;
    let resent = one.says();
    assert_eq!(one.state(lost), Some(UNREAD));
    assert_eq!(wires(&again.hears(&resent)).len(), 0);
    assert_eq!(one.state(read), Some(MessageState::Acked), "the last goes again");
    let answer = again.0.send("here");
    again.converse(&mut one, answer);
    one.work(|talk| outbox::reported(talk.mailbox, TWO, &resent[0].id));
    assert_eq!(one.state(read), None, "confirmed by both");
}

#[test]
fn a_bounce_fails_a_text_and_a_receipt_inside_the_encryption_weighs_more() {
    let (mut one, mut two) = friends();
    let id = one.writes("hello");
    let out = one.says();
    one.work(|talk| talk.refused(TWO, &out[0].id, Refusal::ForGood));
    assert_eq!(one.state(id), Some(MessageState::Failed { reason: FailReason::Refused }), "told, and kept");
    one.time = limits::RESEND_WITHIN;
    assert!(one.says().is_empty(), "nor sent again by itself");
    two.hears(&out);
    one.hears(&two.says());
    assert_eq!(one.state(id), None, "delivered");
    // One that waits to be sent again has other ids.
    let id = one.writes("again");
    let out = one.says();
    two.loses_all_sessions();
    let (row, peer) = (one.row, one.peer);
    one.work(|talk| redelivery::doubt_all(talk.mailbox, row, NOW));
    one.work(|talk| redelivery::settle(talk.mailbox, row, NOW));
    one.work(|talk| talk.refused(peer, &out[0].id, Refusal::ForGood));
    assert_eq!(one.state(id), Some(MessageState::Queued));
}

#[test]
fn what_a_conversation_that_the_user_ends_has_not_confirmed_is_told() {
    let (mut one, _) = friends();
    let id = one.writes("hello");
    one.says();
    let row = one.row;
    one.work(|talk| talk.finish(row));
    assert_eq!(one.state(id), Some(UNREAD));
}

#[test]
fn a_label_under_another_key_swallows_nothing() {
    let (mut one, mut two) = friends();
    let key = two.own_key();
    one.mailbox.peer_mut(one.row).unwrap().trust.verify(key);
    // The server holds the friend's text, and uses up every name that it can know under a key of its own.
    let id = two.writes("do not go home");
    let held = two.says();
    let mut server = Other::new(20, 0x3000);
    server.begins(&mut one);
    assert_eq!(one.notices, [Notice::OtherKey]);
    for label in ["label of do not go home", &held[0].id] {
        let poison = server.0.send_kept("x", label).unwrap();
        server.converse(&mut one, poison);
    }
    one.takes_all();
    one.hears(&held);
    assert_eq!(one.inbox(), [("do not go home".to_owned(), Security::Verified)]);
    two.hears(&one.says());
    assert_eq!(two.state(id), None, "confirmed by the key that was meant");
    // Nor does a flood under that key make room for doubles.
    for number in 0..=limits::SEEN {
        let poison = server.0.send_kept("x", &number.to_string()).unwrap();
        one.hears(&stanzas(&poison));
        one.takes_all();
    }
    let again = one.mailbox.seen[&one.row].has(Mark::private(key, true, "label of do not go home"));
    assert!(again, "pushed out");
}

/// As stanzas of the peer's.
fn stanzas(outputs: &[Output]) -> Vec<Arc<Wire>> {
    let wire = |body: String| {
        let what = What::Otr { body, wants_receipt: false };
        Arc::new(Wire { peer: 0, resource: None, id: "theirs".into(), what, message: None, at: NOW, number: None })
    };
    wires(outputs).into_iter().map(wire).collect()
}

#[test]
fn the_screen_tells_the_key_that_would_be_written_to() {
    let (mut one, mut two) = friends();
    let friend = two.own_key();
    // The server is there first.
    let row = one.row;
    one.work(|talk| talk.finish(row));
    one.says();
    let mut server = Other::new(20, 0x3000);
    server.begins(&mut one);
    assert_eq!(one.conversation().security, Security::KeyChanged);
    two.loses_all_sessions();
    let row = two.row;
    two.work(|talk| talk.start(row));
    carry(&mut one, &mut two);
    assert_eq!((one.conversation().security, one.conversation().key), (Security::Private, Some(friend)));
    one.writes("to the friend");
    carry(&mut one, &mut two);
    assert_eq!(two.inbox().len(), 1);
    // Once the user takes that back, nothing is written to either.
    let row = one.row;
    one.mailbox.peer_mut(row).unwrap().trust.key_mut(friend).unwrap().accepted = false;
    one.work(|talk| talk.choose_again(row));
    assert_eq!(one.conversation().security, Security::KeyChanged);
}

#[test]
fn a_flood_of_a_contact_has_an_end_and_what_was_turned_away_comes_again() {
    let (mut one, mut two) = friends();
    let most = limits::CONTACT_TEXTS;
    let mut sent = 0;
    let mut rows = 0;
    while sent < most + 50 {
        sent += 50;
        for number in sent - 50..sent {
            two.writes(&number.to_string());
        }
        carry(&mut two, &mut one);
        rows = rows.max(one.mailbox.messages.len() + one.mailbox.wires.len());
    }
    assert_eq!((one.inbox().len(), rows), (most, most));
    assert_eq!(one.notices, [Notice::InboxFull], "told once");
    assert_eq!(view::list(&two.mailbox, None, History::None, NOW).len(), 50, "nothing else was confirmed");
    // Others are heard, and the conversation can be ended.
    let other = one.mailbox.peer("other@c.example");
    one.mailbox.befriend(other);
    one.work(|talk| talk.receive(&chat("other@c.example", "1", "hello", false)));
    assert_eq!(one.inbox().len(), most + 1);
    let (mut burnt, goodbye) = (one.mailbox.clone(), one.mailbox.wires.len());
    let times = (NOW, Duration::from_secs(5));
    let mut talk = Talk::new(&mut burnt, &mut one.sessions, one.random.clone(), times, 3600);
    talk.finish_all();
    talk.end();
    assert_eq!(burnt.wires.len(), goodbye + 1);
    one.sessions.forget();
    // Room again.
    one.takes_all();
    carry(&mut one, &mut two);
    let again: Vec<String> = one.inbox().into_iter().map(|(text, _)| text).collect();
    assert_eq!(again, (most..most + 50).map(|number| number.to_string()).collect::<Vec<_>>());
    assert_eq!(view::list(&two.mailbox, None, History::None, NOW).len(), 0, "all is confirmed");
}

#[test]
fn texts_that_are_too_many_bytes_are_turned_away() {
    let (mut one, mut two) = friends();
    let text = "x".repeat(limits::TEXT);
    for number in 0..=limits::CONTACT_BYTES / limits::TEXT + 5 {
        outbox::queue(&mut two.mailbox, ONE, number.to_string(), &text, NOW, None);
    }
    carry(&mut two, &mut one);
    assert_eq!(one.inbox().len(), limits::CONTACT_BYTES / limits::TEXT + 1);
}

#[test]
fn a_key_that_was_not_accepted_ends_no_comparison_of_one_that_was() {
    let (mut one, mut two) = friends();
    let mut server = Other::new(20, 0x3000);
    server.begins(&mut one);
    let row = two.row;
    two.work(|talk| talk.compare(row, "cat", Some("my pet?"))).unwrap();
    one.hears(&two.says());
    let question = Some("my pet?");
    let asked = Comparison::Asked { question: question.map(str::to_owned) };
    assert_eq!(one.conversation().question, Some(asked.clone()));
    let ask = server.0.smp_start("x", None).unwrap();
    server.converse(&mut one, ask);
    let abort = server.0.smp_abort(None).unwrap();
    server.converse(&mut one, abort);
    assert_eq!(one.conversation().question, Some(asked));
    let row = one.row;
    one.work(|talk| talk.answer(row, "cat", question)).unwrap();
    assert_eq!(one.conversation().question, None);
    carry(&mut one, &mut two);
    assert_eq!(two.conversation().security, Security::Verified);
}

/// As one has that names itself by a picture.
#[test]
fn a_client_without_a_name_that_can_be_written_is_answered_at_the_account() {
    let (mut one, mut two) = friends();
    carry(&mut one, &mut two);
    let to = |phone: &mut Phone, text: &str| {
        phone.writes(text);
        phone.says().into_iter().map(|wire| wire.resource.clone()).collect::<Vec<_>>()
    };
    assert_eq!(to(&mut one, "first"), [Some("r".to_owned())]);
    two.writes("from elsewhere");
    for wire in two.says() {
        let What::Otr { body, .. } = &wire.what else { continue };
        let said = ChatMessage { resource: None, ..chat(TWO, &wire.id, body, false) };
        one.work(|talk| talk.receive(&said));
    }
    // The receipt, too.
    assert_eq!(to(&mut one, "second"), [None, None]);
}

#[test]
fn what_cannot_be_read_is_told_of_anybody_but_the_blocked() {
    let mut one = Phone::new(TWO, 1, 0x101);
    let blocked = one.mailbox.peer("blocked@b.example");
    one.mailbox.peer_mut(blocked).unwrap().standing = Standing::Blocked;
    for from in [TWO, "blocked@b.example", "stranger@b.example", "stranger@b.example", "b.example"] {
        one.work(|talk| talk.unreadable(from));
    }
    assert_eq!(one.notices, vec![Notice::Unreadable; 4]);
    for number in 0..limits::STRANGERS {
        one.work(|talk| talk.unreadable(&format!("s{number}@b.example")));
    }
    assert_eq!(inbox::strangers(&one.mailbox).len(), limits::STRANGERS);
    let count = |notice: Notice| one.notices.iter().filter(|told| **told == notice).count();
    assert_eq!((count(Notice::Unreadable), count(Notice::StrangerForgotten)), (4 + limits::STRANGERS, 2));
}
