//! Private conversations that were lost, or replaced: a new one has what may be unread sent again.

use flashpaper_xmpp::PresenceNews;

use super::phones::*;
use super::support::*;

#[test]
fn what_could_not_be_read_comes_again_though_both_phones_are_restarted_before_that_is_said() {
    let (mut one, mut two) = friends();
    two.idle_timeout = 0;
    two.restarts();
    let id = one.writes("hello");
    two.hears(&one.says());
    assert_eq!(two.notices, [Notice::Unreadable]);
    for phone in [&mut one, &mut two] {
        phone.time += limits::EXCHANGE_STANZAS.as_secs() + 1;
        phone.restarts();
    }
    carry(&mut one, &mut two);
    assert_eq!((two.inbox().len(), one.state(id)), (1, None), "read, and delivered");
}

#[test]
fn what_could_not_be_read_comes_again_though_nobody_hears_that_it_could_not_in_time() {
    let (mut one, mut two) = friends();
    two.loses_all_sessions();
    let id = one.writes("hello");
    two.hears(&one.says());
    // Its answer is too late to leave, and the exchange is given up.
    for phone in [&mut one, &mut two] {
        phone.time += limits::EXCHANGE_STANZAS.as_secs() + 1;
    }
    two.work(|talk| talk.tick());
    carry(&mut one, &mut two);
    assert_eq!(one.state(id), Some(MessageState::Acked));
    two.time += limits::ASK_AGAIN.as_secs();
    carry(&mut one, &mut two);
    assert_eq!((two.inbox().len(), one.state(id)), (1, None), "read, and delivered");
}

#[test]
fn an_exchange_for_what_could_not_be_read_that_came_to_nothing_is_tried_again_ten_minutes_later_or_with_an_occasion() {
    const TEN_MINUTES: u64 = 600;
    type Occasion = fn(&mut Phone);
    let nothing: Occasion = |_| ();
    let connects: Occasion = |two| two.work(|talk| talk.stream_began(Start::New { acked: None }, None, None));
    let sees: Occasion = |two| {
        let _ = two.work(|talk| talk.presence(&address(ONE), Some("r".into()), PresenceNews::Available));
    };
    for (occasion, after, happens, queries) in [
        ("too early", TEN_MINUTES - 1, nothing, 0),
        ("ten minutes", TEN_MINUTES, nothing, 1),
        ("a connection", 120, connects, 1),
        ("the peer is seen", 120, sees, 1),
    ] {
        let (mut one, mut two) = friends();
        two.loses_all_sessions();
        one.writes("hello");
        two.hears(&one.says());
        assert!(!two.says().is_empty(), "the first exchange, which nobody hears of");
        two.time = 119;
        two.work(|talk| talk.tick());
        assert!(two.says().is_empty(), "it is given up");
        two.time = after;
        happens(&mut two);
        let said = two.says();
        let is_query = |stanza: &Arc<OutgoingStanza>| matches!(&stanza.kind, StanzaKind::Encrypted { body, .. } if body.starts_with("?OTRv"));
        assert_eq!((said.len(), said.iter().all(is_query)), (queries, true), "{occasion}");
    }
}

#[test]
fn a_receipt_under_keys_that_never_were_complete_is_said_again_though_both_phones_are_restarted() {
    let (mut one, mut two) = friends();
    let (id, row) = (one.writes("hello"), one.row);
    let text = one.says();
    one.work(|talk| talk.start(row));
    two.hears(&one.says());
    one.hears(&two.says());
    two.hears(&one.says());
    drop(two.says());
    // The exchange has ended for the second alone, who reads this by the keys from before.
    two.hears(&text);
    one.hears(&two.says());
    assert_eq!((two.inbox().len(), one.state(id)), (1, Some(MessageState::Acked)));
    for phone in [&mut one, &mut two] {
        phone.time += limits::EXCHANGE_STANZAS.as_secs() + 1;
        phone.restarts();
    }
    carry(&mut one, &mut two);
    assert_eq!((two.inbox().len(), one.state(id)), (1, None), "read once, and delivered");
}

/// Two clients of one account.
struct Clients([Other; 2]);

impl Clients {
    /// One hears these of one of them, and what both answer, and so on. What the clients made of it.
    fn converse(&mut self, one: &mut Phone, client: usize, outputs: &[Output]) -> [Vec<Output>; 2] {
        let (mut said, mut made) = ([carried(&[]), carried(&[])], [vec![], vec![]]);
        said[client] = carried(outputs);
        for _ in 0..10 {
            one.work(|talk| {
                for (client, bodies) in said.iter().enumerate() {
                    for body in bodies {
                        let resource = Some(client.to_string());
                        talk.receive(&ChatMessage { resource, ..chat(TWO, "theirs", body, false) });
                    }
                }
            });
            let out = one.says();
            for (client, other) in self.0.iter_mut().enumerate() {
                let is_for = |to: &Option<String>| to.as_ref().is_none_or(|to| *to == client.to_string());
                let theirs: Vec<_> = out.iter().filter(|stanza| is_for(&stanza.resource)).cloned().collect();
                let answers = other.hears(&theirs);
                said[client] = carried(&answers);
                made[client].extend(answers);
            }
        }
        assert_eq!(said, [carried(&[]), carried(&[])], "they do not stop");
        made
    }
}

/// The second client's key is not accepted, and never will be.
#[test]
fn what_another_client_of_the_peers_says_renews_nothing_and_doubles_no_text() {
    for is_flashpaper in [false, true] {
        let settings =
            |tag| Settings { tag: Some(InstanceTag(tag)), deduplicates: is_flashpaper, ..Settings::default() };
        let mut one = Phone::new(TWO, 1, 0x1000);
        let mut clients = Clients([(20, 0x3000), (21, 0x4000)].map(|(seed, tag)| Other::with(seed, settings(tag))));
        let commit = clients.0[0].0.receive("?OTRv3?");
        clients.converse(&mut one, 0, &commit);
        // The second client still has a session from before our restart, and sends a text in it.
        let mut before = Phone::new(TWO, 3, 0x1000);
        clients.0[1].begins(&mut before);
        one.writes("hello");
        let (_, lost) = clients.0[1].0.send("x", "label").unwrap();
        let [mut first, mut second] = clients.converse(&mut one, 1, &lost);
        assert_eq!(one.notices, [Notice::Unreadable, Notice::OtherKey]);
        for seconds in [1, 10, 61, 601] {
            one.time += seconds;
            one.work(|talk| {
                talk.presence(&address(TWO), Some("1".into()), PresenceNews::Available);
                talk.tick();
            });
            let [of_first, of_second] = clients.converse(&mut one, 0, &[]);
            first.extend(of_first);
            second.extend(of_second);
        }
        let began = |made: &[Output]| made.iter().filter(|output| matches!(output, Output::Began { .. })).count();
        let read =
            first.iter().filter_map(|o| if let Output::Text { text, .. } = o { Some(text.as_str()) } else { None });
        assert_eq!(read.collect::<Vec<_>>(), ["hello"], "{is_flashpaper}");
        assert_eq!((began(&first), began(&second)), (0, 1), "{is_flashpaper}");
    }
}
