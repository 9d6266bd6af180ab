//! What is written is read again, and what is not is refused: for anything.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::codec::{Reader, armor, dearmor};
use super::fragment::{self, Assembly};
use super::message::{self, Body, Commit, Exchange, Header, Message, OutgoingData};
use super::tlv::{self, Tlv};
use super::{html, plain};

proptest! {
    #[test]
    fn bytes_in_armor(bytes in vec(any::<u8>(), 0..2000)) {
        prop_assert_eq!(dearmor(&armor(&bytes)), Some(Ok(bytes)));
    }

    #[test]
    fn a_message_in_fragments(length in 0..5000usize, limit in fragment::LEAST_LIMIT..3000) {
        let wire = armor(&vec![7; length]);
        let mut assembly = Assembly::default();
        let mut whole = None;
        for piece in fragment::split(wire.clone(), 0x100, 0x1111_1111, limit).unwrap() {
            prop_assert!(piece.len() <= limit);
            whole = match fragment::read(&piece) {
                Some(fragment) => assembly.add(&fragment.unwrap(), Duration::ZERO),
                None => Some(piece),
            };
            // Another process goes on with it.
            let mut stored = Vec::new();
            assembly.store(&mut stored);
            assembly = Assembly::restore(&mut Reader::new(&stored), Duration::ZERO).unwrap();
        }
        prop_assert_eq!(whole, Some(wire));
    }

    #[test]
    fn a_text_and_records(text in "[^\0]{0,300}", records in vec((1u16.., vec(any::<u8>(), 0..600)), 0..5)) {
        let records: Vec<Tlv> = records.into_iter().map(|(kind, value)| Tlv { kind, value }).collect();
        let mut plaintext = Vec::new();
        tlv::write(&mut plaintext, &text, &records);
        prop_assert_eq!(plaintext.len(), tlv::length(&text, &records));
        let content = tlv::read(plaintext);
        prop_assert!(content.text == text && content.records == records && content.padded);
    }

    #[test]
    fn a_commit(sender: u32, receiver: u32, gx in vec(any::<u8>(), 0..196), hashed_gx: [u8; 32]) {
        let commit = Commit { encrypted_gx: gx, hashed_gx };
        let header = Header { sender, receiver };
        let bytes = Body::commit(&commit).encode(header);
        let read = message::read(&bytes).unwrap().unwrap();
        prop_assert!(matches!(read, (h, Message::Exchange(Exchange::Commit(c))) if h == header && c == commit));
    }

    #[test]
    fn a_data_message(ids in (1u32.., 1u32..), counter in 1u64.., text in "[^\0]{0,300}", revealed in vec(any::<u8>(), 0..99), flag: bool) {
        let next_dh = [7; 192];
        let outgoing = OutgoingData {
            ignore_unreadable: flag,
            sender_keyid: ids.0,
            recipient_keyid: ids.1,
            next_dh: &next_dh,
            counter,
            text: &text,
            records: &[],
            revealed: &revealed,
        };
        let bytes = outgoing.encode(Header { sender: 0x100, receiver: 0x101 }, |_| (), |_| [9; 20]);
        let Ok(Some((_, Message::Data(data)))) = message::read(&bytes) else { panic!("unreadable") };
        prop_assert_eq!((data.sender_keyid, data.recipient_keyid, data.counter), (ids.0, ids.1, counter));
        prop_assert_eq!((data.ignore_unreadable, data.mac, data.next_dh.to_bytes()), (flag, [9; 20], next_dh));
        prop_assert_eq!(tlv::read(data.encrypted.to_vec()).text, text);
        // Cut anywhere, it is none.
        for end in 0..bytes.len() {
            prop_assert!(message::read(&bytes[..end]).is_err());
        }
    }

    #[test]
    fn any_bytes_and_any_text_are_read_or_refused(bytes in vec(any::<u8>(), 0..400), text in ".{0,200}") {
        let _ = message::read(&bytes);
        let _ = Assembly::restore(&mut Reader::new(&bytes), Duration::ZERO);
        tlv::read(bytes);
        let _ = html::to_text(&text);
        let _ = fragment::read(&text);
        plain::read(&text);
    }

    #[test]
    fn a_text_with_the_tag_is_the_text_without_it(text in "[a-z \t]{0,60}", version_2 in any::<bool>()) {
        let tagged = plain::tagged(&text, version_2);
        let plain::Plain::Text { text: read, tag: Some(tag) } = plain::read(&tagged) else { panic!("no tag") };
        prop_assert_eq!((tag.version_2, tag.version_3), (version_2, true));
        prop_assert_eq!(read, text);
    }

    #[test]
    fn html_that_is_escaped_is_read_again(text in ".{0,100}") {
        let escaped = html::escape(&text);
        prop_assert_eq!(html::to_text(&escaped).unwrap_or(escaped), text);
    }
}
