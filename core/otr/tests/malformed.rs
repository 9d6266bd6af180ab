//! Malformed input gets what the README's table says, and changes nothing.

mod common;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use common::{Pair, wires};
use flashpaper_otr::{InstanceTag, Output, Session, Settings};

const OURS: u32 = 0x101;
const PEER: u32 = 0x102;

fn armor(bytes: &[u8]) -> String {
    format!("?OTR:{}.", BASE64_STANDARD.encode(bytes))
}

/// A message of version 3 with these tags and this type.
fn message(sender: u32, receiver: u32, kind: u8, fields: &[u8]) -> String {
    armor(&[&[0, 3, kind][..], &sender.to_be_bytes(), &receiver.to_be_bytes(), fields].concat())
}

fn data(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap_or_default().to_be_bytes()[..], bytes].concat()
}

/// A data message with these ids, next key and counter, and a wrong MAC.
fn data_message(ids: (u32, u32), next_dh: &[u8], counter: u64) -> String {
    let ids = [ids.0.to_be_bytes(), ids.1.to_be_bytes()].concat();
    let fields = [&[1][..], &ids, &data(next_dh), &counter.to_be_bytes(), &data(b"x"), &[0; 20], &data(b"")].concat();
    message(PEER, OURS, 3, &fields)
}

/// The prime of the group, less something.
fn prime_less(less: u8) -> Vec<u8> {
    let hex = "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a\
               431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f2411\
               7c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb9ed5\
               29077096966d670c354e4abc9804f1746c08ca237327ffffffffffffffff";
    let digit = |c: u8| (c as char).to_digit(16).and_then(|d| u8::try_from(d).ok()).unwrap_or_default();
    let mut bytes: Vec<u8> = hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect();
    bytes[191] -= less;
    bytes
}

/// What it is, the messages, and what the last of them gets.
fn table() -> Vec<(&'static str, Vec<String>, &'static str)> {
    let fragment = |fields: &str| vec![format!("?OTR|{PEER:x}|{OURS:x},{fields}")];
    let inner = format!("?OTR|{PEER:x}|{OURS:x},1,1,piece,");
    let (half, rest) = inner.split_at(10);
    let nested = vec![
        format!("?OTR|{PEER:x}|{OURS:x},1,2,{half},"),
        format!("?OTR|{PEER:x}|{OURS:x},2,2,{},", rest.replace(',', ";")),
    ];
    let commit = |gx: &[u8], hash: &[u8]| message(PEER, OURS, 2, &[data(gx), data(hash)].concat());
    let key = |gy: &[u8]| message(PEER, OURS, 0x0a, &data(gy));
    let huge = |length: u32| message(PEER, OURS, 0x0a, &[&length.to_be_bytes()[..], &[7; 8]].concat());
    vec![
        ("no base64", vec!["?OTR:===.".into()], "Malformed"),
        ("base64 with blanks inside", vec!["?OTR:AAM C.".into()], "Malformed"),
        ("no final dot", vec!["?OTR:AAMC".into()], "Malformed"),
        ("no bytes", vec!["?OTR:.".into()], "Malformed"),
        ("version 1", vec![armor(&[0, 1, 2, 0])], "OtherVersion"),
        ("version 2, where it is off", vec![armor(&[0, 2, 2, 0])], "OtherVersion"),
        ("an unknown type", vec![message(PEER, OURS, 0x42, &[])], "OtherVersion"),
        ("a query without version 3, where version 2 is off", vec!["?OTR?v24?".into()], "OtherVersion"),
        ("a sender's tag below 0x100", vec![message(0xff, OURS, 0x0a, &data(&[7; 192]))], "Malformed"),
        ("a receiver's tag from 1 to 0xff", vec![message(PEER, 1, 0x0a, &data(&[7; 192]))], "Malformed"),
        ("no receiver, but for a commit", vec![message(PEER, 0, 0x0a, &data(&[7; 192]))], "ForOtherInstance"),
        ("another receiver", vec![message(PEER, 0x103, 0x0a, &data(&[7; 192]))], "ForOtherInstance"),
        ("our own tag as the sender's", vec![message(OURS, OURS, 0x0a, &data(&[7; 192]))], "Mirror"),
        ("a length of 2^31", vec![huge(1 << 31)], "Malformed"),
        ("a length of 2^32 - 1", vec![huge(u32::MAX)], "Malformed"),
        ("a field that is cut off", vec![message(PEER, OURS, 0x0a, &[0, 0])], "Malformed"),
        (
            "bytes behind the last field",
            vec![message(PEER, OURS, 0x0a, &[data(&[7; 192]), vec![0]].concat())],
            "Malformed",
        ),
        ("a key of 0", vec![key(&[])], "Malformed"),
        ("a key of 1", vec![key(&[1])], "Malformed"),
        ("a key of p - 1", vec![key(&prime_less(1))], "Malformed"),
        ("a key of p", vec![key(&prime_less(0))], "Malformed"),
        ("a key longer than p", vec![key(&[7; 193])], "Malformed"),
        ("a commit with too long a g^x", vec![commit(&[7; 385], &[7; 32])], "Malformed"),
        ("a commit with a hash of another length", vec![commit(&[7; 196], &[7; 31])], "Malformed"),
        ("a data message with a serial number of 0", vec![data_message((0, 1), &[7; 192], 1)], "Malformed"),
        ("a data message with a counter of 0", vec![data_message((1, 1), &[7; 192], 0)], "Malformed"),
        ("a data message with a next key of 1", vec![data_message((1, 1), &[1], 1)], "Malformed"),
        ("a D-H Key that nobody waits for", vec![key(&prime_less(2))], "nothing"),
        (
            "a Signature that nobody waits for",
            vec![message(PEER, OURS, 0x12, &[data(&[7; 99]), vec![0; 20]].concat())],
            "nothing",
        ),
        (
            "a Reveal Signature that nobody waits for",
            vec![message(PEER, OURS, 0x11, &[data(&[7; 16]), data(&[7; 99]), vec![0; 20]].concat())],
            "nothing",
        ),
        ("a heartbeat that cannot be read", vec![data_message((1, 1), &[7; 192], 1)], "nothing"),
        ("fragment 0", fragment("0,2,piece,"), "Malformed"),
        ("a fragment of 0", fragment("1,0,piece,"), "Malformed"),
        ("fragment 3 of 2", fragment("3,2,piece,"), "Malformed"),
        ("fragment 1 of 65536", fragment("1,65536,piece,"), "Malformed"),
        ("a fragment without a piece", fragment("1,2,,"), "Malformed"),
        ("a fragment that does not end", fragment("1,2,piece"), "Malformed"),
        ("a fragment with a tag that is none", vec!["?OTR|zz|101,1,2,piece,".into()], "Malformed"),
        ("a fragment of a fragment", nested, "Malformed"),
        ("fragment 2 without the first", fragment("2,2,piece,"), "Unreadable"),
    ]
}

fn pair() -> Pair {
    let mut pair = Pair::new(Settings::default(), 50);
    for (side, tag) in [OURS, PEER].into_iter().enumerate() {
        let settings = Settings { tag: Some(InstanceTag(tag)), ..Settings::default() };
        pair.sides[side] = common::session([&common::ALICE, &common::BOB][side], settings, 51 + u64::from(tag));
    }
    let start = pair.sides[0].start();
    pair.carry(0, start);
    pair.news = [vec![], vec![]];
    pair
}

#[test]
fn each_gets_what_the_table_says_and_changes_nothing() {
    let readme = include_str!("../README.md");
    let mut pair = pair();
    for (what, messages, expected) in table() {
        let before = pair.sides[0].suspend();
        let outputs: Vec<Output> = messages.iter().flat_map(|message| pair.sides[0].receive(message)).collect();
        let printed: Vec<String> = outputs.iter().map(|output| format!("{output:?}")).collect();
        let wanted = if expected == "nothing" { vec![] } else { vec![format!("Attention({expected})")] };
        assert_eq!(printed, wanted, "{what}");
        assert!(*pair.sides[0].suspend() == *before, "{what}: the state has changed");
        let row =
            format!("| {what} | {} |", if expected == "nothing" { "nothing".into() } else { format!("`{expected}`") });
        assert!(readme.contains(&row), "the README lacks\n{row}");
        pair.say(0, what);
        pair.say(1, what);
    }
    assert_eq!(pair.texts(0).len(), table().len());
    assert!(pair.sides.iter().all(Session::is_private));
    assert!(wires(&pair.sides[0].tick(std::time::Duration::ZERO)).is_empty());
}
