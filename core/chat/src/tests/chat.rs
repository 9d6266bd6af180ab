//! Incoming messages: floods, clients without a name, unreadable ones.

use super::phones::*;
use super::support::*;

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
        rows = rows.max(one.mailbox.messages.len() + one.mailbox.stanzas.len());
    }
    assert_eq!((one.inbox().len(), rows), (most, most));
    assert_eq!(one.notices, [Notice::InboxFull], "told once");
    assert_eq!(shown(&two.mailbox, None, History::None, NOW).len(), 50, "nothing else was confirmed");
    // Others are heard, and the conversation can be ended.
    let other = one.mailbox.peer(&address("other@c.example"));
    one.mailbox.befriend(other);
    one.work(|talk| talk.receive(&chat("other@c.example", "1", "hello", false)));
    assert_eq!(one.inbox().len(), most + 1);
    let (mut burnt, goodbye) = (one.mailbox.clone(), one.mailbox.stanzas.len());
    let times = (NOW, Duration::from_secs(5));
    let mut talk = Talk::new(&mut burnt, &mut one.sessions, one.random.clone(), times, Duration::from_secs(3600));
    talk.finish_all();
    drop(talk.end());
    assert_eq!(burnt.stanzas.len(), goodbye + 1);
    one.sessions.forget();
    // Room again.
    one.takes_all();
    carry(&mut one, &mut two);
    let again: Vec<String> = one.inbox().into_iter().map(|(text, _)| text).collect();
    assert_eq!(again, (most..most + 50).map(|number| number.to_string()).collect::<Vec<_>>());
    assert_eq!(shown(&two.mailbox, None, History::None, NOW).len(), 0, "all is confirmed");
}

#[test]
fn texts_that_are_too_many_bytes_are_turned_away() {
    let (mut one, mut two) = friends();
    let text = "x".repeat(limits::TEXT);
    for number in 0..=limits::CONTACT_BYTES / limits::TEXT + 5 {
        outbox::queue(&mut two.mailbox, &address(ONE), number.to_string(), &text, NOW, None).unwrap();
    }
    carry(&mut two, &mut one);
    assert_eq!(one.inbox().len(), limits::CONTACT_BYTES / limits::TEXT + 1);
}

/// As one has that names itself by a picture.
#[test]
fn a_client_without_a_name_that_can_be_written_is_answered_at_the_account() {
    let (mut one, mut two) = friends();
    carry(&mut one, &mut two);
    let to = |phone: &mut Phone, text: &str| {
        phone.writes(text);
        phone.says().into_iter().map(|stanza| stanza.resource.clone()).collect::<Vec<_>>()
    };
    assert_eq!(to(&mut one, "first"), [Some("r".to_owned())]);
    two.writes("from elsewhere");
    for stanza in two.says() {
        let StanzaKind::Encrypted { body, .. } = &stanza.kind else { continue };
        let said = ChatMessage { resource: None, ..chat(TWO, &stanza.id, body, false) };
        one.work(|talk| talk.receive(&said));
    }
    // The receipt, too.
    assert_eq!(to(&mut one, "second"), [None, None]);
}

#[test]
fn what_cannot_be_read_is_told_of_anybody_but_the_blocked() {
    let mut one = Phone::new(TWO, 1, 0x101);
    let blocked = one.mailbox.peer(&address("blocked@b.example"));
    one.mailbox.peer_mut(blocked).unwrap().relationship = Relationship::Blocked;
    for from in [TWO, "blocked@b.example", "stranger@b.example", "stranger@b.example", "b.example"] {
        one.work(|talk| talk.unreadable(&address(from)));
    }
    assert_eq!(one.notices, vec![Notice::Unreadable; 4]);
    for number in 0..limits::STRANGERS {
        one.work(|talk| talk.unreadable(&address(&format!("s{number}@b.example"))));
    }
    assert_eq!(inbox::strangers(&one.mailbox).len(), limits::STRANGERS);
    let count = |notice: Notice| one.notices.iter().filter(|told| **told == notice).count();
    assert_eq!((count(Notice::Unreadable), count(Notice::StrangerForgotten)), (4 + limits::STRANGERS, 2));
}

#[test]
fn that_there_is_no_room_is_told_once_in_each_connection() {
    let mut one = Phone::new(TWO, 1, 0x1000);
    let texts = |one: &mut Phone, count: usize| {
        one.work(|talk| (0..count).for_each(|number| talk.receive(&chat(TWO, &number.to_string(), "hello", false))));
        one.time += 3600;
        std::mem::take(&mut one.notices)
    };
    assert_eq!(texts(&mut one, limits::CONTACT_TEXTS), []);
    for _ in 0..3 {
        assert_eq!(texts(&mut one, 2), [Notice::InboxFull]);
        assert_eq!(texts(&mut one, 2), []);
        one.sessions.connected(None, false);
    }
}
