//! Mailboxes with rows that were lost, or written by an earlier version; changes that could not be stored.

use super::phones::{Notice, Other, Phone, TWO, Talk, chat, friends};
use super::support::*;
use crate::contact::Peer;
use crate::mailbox::Position;
use crate::message::Entry;

#[test]
fn lost_rows_take_nothing_good_with_them() {
    let mut mailbox = Mailbox::default();
    let (lost, other) = ("lost@b.example", "other@b.example");
    comes(&mut mailbox, PEER, Some("a"), "good");
    queue(&mut mailbox, other, "to other");
    queue(&mut mailbox, lost, "to nobody");
    comes(&mut mailbox, lost, Some("d"), "from whom?");
    // The last peer's row, and where everything is.
    mailbox.peers.pop_last();
    mailbox.position = Arc::default();
    repair::mend(&mut mailbox, None);
    let reason = FailReason::AddressLost;
    assert_eq!(
        states(&mailbox),
        [
            ("good".into(), MessageState::Received),
            ("to other".into(), MessageState::Queued),
            ("to nobody".into(), MessageState::Failed { reason }),
            ("from whom?".into(), MessageState::Received),
        ]
    );
    assert_eq!(shown(&mailbox, Some(""), History::None, NOW).len(), 2);
    // Nobody new is taken for who was lost, and no number is given again.
    let id = queue(&mut mailbox, "new@b.example", "to new");
    assert_eq!(id, MessageId(5));
    let to: Vec<_> = shown(&mailbox, None, History::None, NOW).iter().map(|message| message.peer.clone()).collect();
    assert_eq!(to, [PEER, other, "", "", "new@b.example"].map(address));
    assert_eq!(texts(&mailbox), ["to other", "to new"]);
    let before = mailbox.messages.len();
    repair::mend(&mut mailbox, None);
    assert_eq!(mailbox.messages.len(), before);
}

#[test]
fn where_numbers_are_lost_history_keeps_its_own() {
    let mut mailbox = Mailbox::default();
    let [known, forgotten] = [PEER, "forgotten@b.example"].map(|jid| mailbox.peer(&address(jid)));
    mailbox.peers.remove(&forgotten);
    mailbox.seen.remove(&forgotten);
    mailbox.position = Arc::default();
    repair::mend(&mut mailbox, Some((MessageId(7), forgotten)));
    let new = mailbox.peer(&address("new@b.example"));
    assert!(new != forgotten && new > known, "its texts would be shown as those of another: {new:?}");
    assert_eq!(queue(&mut mailbox, PEER, "text"), MessageId(8));
    // Nothing was lost: the next number is the next.
    repair::mend(&mut mailbox, Some((MessageId(7), forgotten)));
    assert_eq!(u64::from(mailbox.peer(&address("next@b.example"))), u64::from(new) + 1);
}

#[test]
fn what_was_stored_before_receipts_came_inside_the_encryption_is_read() {
    let text = r#"{"peer":1,"id":"last","text":"hello","at":1000000,"state":{"state":"acked"},"security":"private","until":null,
        "went":{"number":1,"key":"0101010101010101010101010101010101010101","at":1000000,"doubted":null,"pieces":["first"]},
        "again":false}"#;
    let peer = r#"{"jid":"peer@b.example","standing":"contact","label":null,"wants_presence":true,"shows_presence":true,
        "block_due":false,"confirms":true,"refuses":false,"introduced":true,"expected":null,"keys":[
        {"fingerprint":"0101010101010101010101010101010101010101","accepted":true,"verified":true,"verified_us":false,
        "keeps_texts":true,"failures":0}]}"#;
    let mut mailbox = Mailbox::default();
    mailbox.messages.insert(MessageId(1), serde_json::from_str(text).map(Arc::new).unwrap());
    mailbox.peers.insert(PeerId(1), serde_json::from_str(peer).map(Arc::new).unwrap());
    repair::mend(&mut mailbox, None);
    assert_eq!(mailbox.peers[&PeerId(1)].trust.security(KEY), Security::Verified);
    assert_eq!(
        outbox::refused(&mut mailbox.clone(), &address(PEER), "first", FailReason::Refused).len(),
        1,
        "known by what carries it"
    );
    // Its name inside the encryption is the one that it has left with.
    assert_eq!(read(&mut mailbox, "last"), [(MessageId(1), MessageState::Delivered)]);
}

/// What a later version of this crate must go on reading, and an earlier one may have to.
#[test]
fn records_are_read_and_written_in_the_form_that_vaults_have() {
    fn same<T: serde::de::DeserializeOwned + serde::Serialize>(record: &str) {
        let read: T = serde_json::from_str(record).unwrap();
        let [was, is] = [record.to_owned(), serde_json::to_string(&read).unwrap()]
            .map(|json| serde_json::from_str::<serde_json::Value>(&json).unwrap());
        assert_eq!(was, is);
    }
    let key = ["01010101"; 5].join(" ");
    for (number, doubted) in [("3", "null"), ("null", "1000002"), ("null", "null")] {
        same::<Entry>(&format!(
            r#"{{"peer":1,"label":"name","text":"hello","at":1000000,"state":{{"state":"failed","reason":"unread"}},
            "security":"private","until":1000060,"went":{{"number":{number},"key":"{key}","at":1000001,
            "doubted":{doubted},"ids":["first","second"]}},"again":true}}"#
        ));
    }
    let peer = |(shows, refuses): (bool, bool), (block_due, introduced): (bool, bool)| {
        format!(
            r#"{{"jid":"peer@b.example","standing":"blocked","label":"friend","asks_for_private":true,"offers_version_3":true,
            "wants_presence":true,"shows_presence":{shows},"block_due":{block_due},"confirms":true,"refuses":{refuses},
            "introduced":{introduced},"keys":[{{"fingerprint":"{key}","accepted":true,"verified":true,"verified_us":true,
            "keeps_texts":true,"failures":2,"spoke_version_3":true}}],"expected":"{key}","missed":true,"was_contact":true,
            "kept":512}}"#
        )
    };
    let states = [(false, false), (true, false), (false, true)];
    for (subscription, announcement) in states.into_iter().zip([(true, false), (false, true), (false, false)]) {
        same::<Peer>(&peer(subscription, announcement));
    }
    // An earlier version wrote both where a contact was blocked.
    let both: Peer = serde_json::from_str(&peer((false, false), (true, true))).unwrap();
    assert!(both.is_block_due());
    for what in [r#"{"Otr":{"body":"?OTR:AAMD","wants_receipt":true}}"#, r#"{"Receipt":{"received":"their id"}}"#] {
        same::<OutgoingStanza>(&format!(
            r#"{{"peer":1,"resource":"r","id":"ours","what":{what},"message":4,"at":1000000,"number":4294967295}}"#
        ));
    }
    same::<Stored>(&format!(
        r#"{{"state":"MQ==","used":1000000,"key":"{key}","resource":"r","version":3,"finished":true}}"#
    ));
    same::<Position>(
        r#"{"stream":{"id":"i","jid":"me@a.example/r","handled":1,"sent":2},"message":3,"wire":4,"peer":5,"latest":1000000}"#,
    );
}

#[test]
fn what_could_not_be_stored_is_asked_and_said_again_at_once() {
    let mut one = Phone::new(TWO, 1, 0x1000);
    let row = one.row;
    one.fails_to_store(|talk| talk.start(row));
    one.writes("hello");
    assert_eq!(one.says().len(), 1, "the query");
    one.fails_to_store(|talk| talk.start(row));
    assert_eq!(one.says().len(), 1, "nor is it known any more that an earlier one has left");

    let peer = one.mailbox.peer_mut(row).unwrap();
    (peer.kept, peer.missed) = (limits::CONTACT_KEPT as u64, true);
    let comes = |talk: &mut Talk<'_>| talk.receive(&chat(TWO, "id", "hi", false));
    one.fails_to_store(comes);
    assert_eq!(one.notices, []);
    (0..2).for_each(|_| one.work(comes));
    assert_eq!(one.notices, [Notice::InboxFull]);
}

#[test]
fn a_text_that_could_not_be_read_nor_that_be_stored_lets_no_other_key_end_what_is_due() {
    let (mut one, mut two) = friends();
    two.writes("hello");
    let said = two.says();
    let StanzaKind::Encrypted { body, .. } = &said[0].kind else { panic!("a receipt") };
    let mut unreadable = body.clone();
    let middle = body.len() / 2;
    let other = if body.get(middle..=middle) == Some("A") { "B" } else { "A" };
    unreadable.replace_range(middle..=middle, other);
    one.fails_to_store(|talk| talk.receive(&chat(TWO, "id", &unreadable, false)));
    assert!(inbox::mark_missed(&mut one.mailbox, one.row), "there was no room, say");
    Other::new(3, 0x3000).begins(&mut one);
    assert!(one.notices.contains(&Notice::OtherKey));
    assert_eq!(inbox::missed(&one.mailbox), [one.row]);
}
