//! A peer made by hand from the spec, on num-bigint: it shares no code with the crate, and can be told to do things wrong.
#![allow(dead_code, reason = "each test program uses a part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "what the session sends has to be right")]

use aes::Aes128;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
use flashpaper_otr::{Identity, Output, Session};
use hmac::{Hmac, KeyInit as _, Mac as _};
use num_bigint::BigUint;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

pub(crate) const COMMIT: u8 = 0x02;
pub(crate) const DATA: u8 = 0x03;
pub(crate) const KEY: u8 = 0x0a;
pub(crate) const REVEAL: u8 = 0x11;
pub(crate) const SIGNATURE: u8 = 0x12;

/// An encoded message, but for its payload taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) version: u16,
    pub(crate) kind: u8,
    pub(crate) sender: u32,
    pub(crate) receiver: u32,
    pub(crate) payload: Vec<u8>,
}

impl Message {
    pub(crate) fn read(wire: &str) -> Self {
        let bytes = BASE64_STANDARD.decode(wire.strip_prefix("?OTR:").unwrap().strip_suffix('.').unwrap()).unwrap();
        let fields = &mut &bytes[..];
        let (version, kind) = (u16::from_be_bytes(array(fields)), array::<1>(fields)[0]);
        let [sender, receiver] = if version == 2 { [0, 0] } else { [int(fields), int(fields)] };
        Self { version, kind, sender, receiver, payload: fields.to_vec() }
    }

    pub(crate) fn write(&self) -> String {
        armor(&self.bytes())
    }

    fn bytes(&self) -> Vec<u8> {
        let Self { version, kind, sender, receiver, payload } = self;
        let tags = if *version == 2 { vec![] } else { [sender.to_be_bytes(), receiver.to_be_bytes()].concat() };
        [&version.to_be_bytes()[..], &[*kind], &tags, payload].concat()
    }
}

pub(crate) fn armor(bytes: &[u8]) -> String {
    format!("?OTR:{}.", BASE64_STANDARD.encode(bytes))
}

/// The one message that goes over the wire.
pub(crate) fn only(outputs: &[Output]) -> Message {
    let sent: Vec<_> = outputs.iter().filter(|output| matches!(output, Output::Send(_))).collect();
    let [Output::Send(wire)] = sent[..] else { panic!("{outputs:?}") };
    Message::read(wire)
}

/// The types of the spec, taken from the front.
pub(crate) fn array<const N: usize>(fields: &mut &[u8]) -> [u8; N] {
    let (first, rest) = fields.split_first_chunk().unwrap();
    *fields = rest;
    *first
}

pub(crate) fn int(fields: &mut &[u8]) -> u32 {
    u32::from_be_bytes(array(fields))
}

pub(crate) fn data<'a>(fields: &mut &'a [u8]) -> &'a [u8] {
    let length = int(fields) as usize;
    let (first, rest) = fields.split_at(length);
    *fields = rest;
    first
}

/// Of minimal length, as whatever the session sends.
pub(crate) fn mpi(fields: &mut &[u8]) -> BigUint {
    let bytes = data(fields);
    assert_ne!(bytes.first(), Some(&0), "not minimal");
    BigUint::from_bytes_be(bytes)
}

pub(crate) fn write_data(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap();
    [&length.to_be_bytes()[..], bytes].concat()
}

fn write_mpi(number: &BigUint) -> Vec<u8> {
    let bytes = if *number == BigUint::ZERO { vec![] } else { number.to_bytes_be() };
    write_data(&bytes)
}

/// RFC 3526, group 5.
pub(crate) fn p() -> BigUint {
    let digits = "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd\
                  ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed\
                  ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f\
                  83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca237327ffffffffffffffff";
    BigUint::parse_bytes(digits.as_bytes(), 16).unwrap()
}

pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    Sha256::digest(parts.concat()).into()
}

fn hmac_sha256(key: &[u8], data: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(data).finalize().into_bytes().to_vec()
}

fn hmac_sha1(key: &[u8], data: &[u8]) -> [u8; 20] {
    Hmac::<Sha1>::new_from_slice(key).unwrap().chain_update(data).finalize().into_bytes().into()
}

/// AES-128 in counter mode; the counter's upper half is given, but for `late`, the lower one is 0.
fn aes_ctr(key: &[u8], upper: u64, late: bool, text: &[u8]) -> Vec<u8> {
    let iv = (u128::from(upper) << 64 | u128::from(late)).to_be_bytes();
    let mut text = text.to_vec();
    Ctr128BE::<Aes128>::new_from_slices(key, &iv).unwrap().apply_keystream(&mut text);
    text
}

/// One thing that a peer gets wrong, as somebody might who has not read the spec closely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// c', m1', m2' where c, m1, m2 belong, and the other way round.
    KeysOfOtherMessage,
    /// Its own public key is not the first under the signature.
    OtherOrder,
    /// The first 20 bytes of M are signed instead of M modulo q.
    TruncatedM,
    /// SHA-256 of M is signed.
    HashedM,
    /// The MAC is over the encrypted signature without its length.
    MacWithoutLength,
    /// The MAC is the last 160 bits.
    MacFromTheEnd,
    /// Counters begin with 1.
    CounterOne,
    /// Its Diffie-Hellman key has the serial number 0.
    KeyidZero,
    /// The hash in the commit is over the number without its length.
    HashWithoutLength,
    /// The shared secret is hashed with its leading zeros.
    PaddedSecret,
    /// A length in its public key is beyond the end.
    HostileLength,
}

/// One side of an exchange, with a Diffie-Hellman key of its own.
#[derive(Clone)]
pub(crate) struct Peer {
    /// 0: it speaks version 2, which has none.
    pub(crate) tag: u32,
    pub(crate) x: BigUint,
    pub(crate) flaw: Option<Flaw>,
    /// How many zeros it puts before each number that it sends.
    pub(crate) zeros: usize,
    /// p, q, g, y and the secret x of its long-term key.
    dsa: [BigUint; 5],
}

/// The key of its commits.
const R: [u8; 16] = [7; 16];
const KEYID: u32 = 1;

impl Peer {
    pub(crate) fn new(identity: &Identity, tag: u32) -> Self {
        let file = identity.export("a", "b");
        let number = |name: &str| {
            let (_, rest) = file.split_once(&format!("({name} #")).unwrap();
            BigUint::parse_bytes(rest.split_once('#').unwrap().0.as_bytes(), 16).unwrap()
        };
        let x = BigUint::from_bytes_be(&[&sha256(&[&tag.to_be_bytes()])[..], &[1; 8]].concat());
        Self { tag, x, flaw: None, zeros: 0, dsa: ["p", "q", "g", "y", "x"].map(number) }
    }

    pub(crate) fn with_flaw(&self, flaw: Flaw) -> Self {
        Self { flaw: Some(flaw), ..self.clone() }
    }

    pub(crate) fn public(&self) -> BigUint {
        BigUint::from(2u8).modpow(&self.x, &p())
    }

    pub(crate) fn secret(&self, theirs: &BigUint) -> BigUint {
        theirs.modpow(&self.x, &p())
    }

    pub(crate) fn message(&self, kind: u8, receiver: u32, payload: Vec<u8>) -> String {
        Message { version: self.version(), kind, sender: self.tag, receiver, payload }.write()
    }

    const fn version(&self) -> u16 {
        if self.tag == 0 { 2 } else { 3 }
    }

    /// D-H Commit Message.
    pub(crate) fn commit(&self, receiver: u32) -> String {
        self.commit_to(receiver, &self.public())
    }

    pub(crate) fn commit_to(&self, receiver: u32, gx: &BigUint) -> String {
        let gx = self.mpi(gx);
        let hashed = if self.has(Flaw::HashWithoutLength) { sha256(&[&gx[4..]]) } else { sha256(&[&gx]) };
        let encrypted = aes_ctr(&R, 0, self.has(Flaw::CounterOne), &gx);
        self.message(COMMIT, receiver, [write_data(&encrypted), write_data(&hashed)].concat())
    }

    /// D-H Key Message.
    pub(crate) fn key(&self, receiver: u32) -> String {
        self.message(KEY, receiver, self.mpi(&self.public()))
    }

    /// Reveal Signature Message.
    pub(crate) fn reveal(&self, receiver: u32, gy: &BigUint) -> String {
        self.reveal_with(receiver, &self.public(), gy, &self.secret(gy))
    }

    pub(crate) fn reveal_with(&self, receiver: u32, gx: &BigUint, gy: &BigUint, secret: &BigUint) -> String {
        let sealed = self.seal(AkeKeys::reveal, gx, gy, secret);
        self.message(REVEAL, receiver, [write_data(&R), sealed].concat())
    }

    /// Signature Message.
    pub(crate) fn signature(&self, receiver: u32, gx: &BigUint) -> String {
        let sealed = self.seal(AkeKeys::signature, &self.public(), gx, &self.secret(gx));
        self.message(SIGNATURE, receiver, sealed)
    }

    /// A D-H Key Message of the session's.
    pub(crate) fn read_key(message: &Message) -> BigUint {
        assert_eq!(message.kind, KEY);
        let fields = &mut &message.payload[..];
        let gy = mpi(fields);
        assert!(fields.is_empty());
        gy
    }

    /// What the session committed to, now that it has sent its Reveal Signature Message, and the key in that message.
    pub(crate) fn read_reveal(&self, commit: &Message, reveal: &Message) -> (BigUint, [u8; 20]) {
        let version = self.version();
        assert_eq!((commit.version, commit.kind, reveal.version, reveal.kind), (version, COMMIT, version, REVEAL));
        let (commit, fields) = (&mut &commit.payload[..], &mut &reveal.payload[..]);
        let (encrypted, hashed) = (data(commit), data(commit));
        let gx = aes_ctr(data(fields), 0, false, encrypted);
        assert!(commit.is_empty() && sha256(&[&gx]) == hashed);
        let gx = mpi(&mut &gx[..]);
        let fingerprint = self.open(AkeKeys::reveal, fields, &gx);
        (gx, fingerprint)
    }

    /// The key in a Signature Message of the session's.
    pub(crate) fn read_signature(&self, signature: &Message, gy: &BigUint) -> [u8; 20] {
        assert_eq!((signature.version, signature.kind), (self.version(), SIGNATURE));
        self.open(AkeKeys::signature, &mut &signature.payload[..], gy)
    }

    /// An encrypted signature and its MAC.
    fn seal(&self, role: Role, ours: &BigUint, theirs: &BigUint, secret: &BigUint) -> Vec<u8> {
        let keys = role(&self.secbytes(secret), self.has(Flaw::KeysOfOtherMessage));
        let keyid = if self.has(Flaw::KeyidZero) { 0 } else { KEYID }.to_be_bytes();
        let (first, second) = if self.has(Flaw::OtherOrder) { (theirs, ours) } else { (ours, theirs) };
        let public = |mpi: &dyn Fn(&BigUint) -> Vec<u8>| -> Vec<u8> {
            [vec![0, 0]].into_iter().chain(self.dsa[..4].iter().map(mpi)).flatten().collect()
        };
        let signed = [write_mpi(first), write_mpi(second), public(&write_mpi), keyid.to_vec()].concat();
        let m = hmac_sha256(&keys.m1, &signed);
        let mut sent = public(&|number| self.mpi(number));
        if self.has(Flaw::HostileLength) {
            sent[2..6].fill(0xff);
        }
        let x = [sent, keyid.to_vec(), self.sign(&m)].concat();
        let encrypted = aes_ctr(&keys.c, 0, self.has(Flaw::CounterOne), &x);
        let mac = hmac_sha256(
            &keys.m2,
            &if self.has(Flaw::MacWithoutLength) { encrypted.clone() } else { write_data(&encrypted) },
        );
        let mac = if self.has(Flaw::MacFromTheEnd) { &mac[12..] } else { &mac[..20] };
        [&write_data(&encrypted)[..], mac].concat()
    }

    /// Checks an encrypted signature of the session's in every respect.
    fn open(&self, role: Role, fields: &mut &[u8], theirs: &BigUint) -> [u8; 20] {
        let keys = role(&self.secbytes(&self.secret(theirs)), false);
        let encrypted = data(fields);
        assert_eq!(hmac_sha256(&keys.m2, &write_data(encrypted))[..20], array::<20>(fields));
        assert!(fields.is_empty());
        let x = aes_ctr(&keys.c, 0, false, encrypted);
        let rest = &mut &x[..];
        assert_eq!(array(rest), [0, 0], "DSA");
        let [p, q, g, y] = [mpi(rest), mpi(rest), mpi(rest), mpi(rest)];
        let public = &x[..x.len() - rest.len()];
        let keyid = int(rest);
        assert_ne!(keyid, 0);
        let [r, s] = [array::<20>(rest), array::<20>(rest)].map(|half| BigUint::from_bytes_be(&half));
        assert!(rest.is_empty());
        let signed = [&write_mpi(theirs), &write_mpi(&self.public()), public, &keyid.to_be_bytes()].concat();
        let m = BigUint::from_bytes_be(&hmac_sha256(&keys.m1, &signed)) % &q;
        let w = s.modinv(&q).unwrap();
        let v = g.modpow(&(m * &w % &q), &p) * y.modpow(&(&r * w % &q), &p) % p % q;
        assert!(v == r, "the signature");
        Sha1::digest(&public[2..]).into()
    }

    fn sign(&self, m: &[u8]) -> Vec<u8> {
        let [p, q, g, _, x] = &self.dsa;
        let m = match self.flaw {
            Some(Flaw::TruncatedM) => m[..20].to_vec(),
            Some(Flaw::HashedM) => sha256(&[m]).to_vec(),
            _ => m.to_vec(),
        };
        let k = BigUint::from_bytes_be(&sha256(&[&m])[..16]);
        let r = g.modpow(&k, p) % q;
        let s = k.modinv(q).unwrap() * (BigUint::from_bytes_be(&m) + x * &r) % q;
        [r, s].iter().flat_map(|half| [vec![0; 20 - half.to_bytes_be().len()], half.to_bytes_be()].concat()).collect()
    }

    fn mpi(&self, number: &BigUint) -> Vec<u8> {
        write_data(&[vec![0; self.zeros], write_mpi(number).split_off(4)].concat())
    }

    fn secbytes(&self, secret: &BigUint) -> Vec<u8> {
        let bytes = secret.to_bytes_be();
        let zeros = if self.has(Flaw::PaddedSecret) { 192 - bytes.len() } else { 0 };
        write_data(&[vec![0; zeros], bytes].concat())
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    /// The secure session id.
    pub(crate) fn ssid(&self, theirs: &BigUint) -> [u8; 8] {
        *sha256(&[&[0], &self.secbytes(&self.secret(theirs))]).first_chunk().unwrap()
    }

    /// The whole exchange, begun by the session because of a query; g^x of the session's and what it says at the end.
    pub(crate) fn answers(&self, session: &mut Session) -> (BigUint, Vec<Output>) {
        let commit = only(&session.receive(&format!("?OTRv{}?", self.version())));
        let reveal = only(&session.receive(&self.key(session.tag().0)));
        let (gx, _) = self.read_reveal(&commit, &reveal);
        let outputs = session.receive(&self.signature(session.tag().0, &gx));
        (gx, outputs)
    }

    /// The whole exchange, begun by this peer; g^y of the session's and what it says at the end.
    pub(crate) fn begins(&self, session: &mut Session) -> (BigUint, Vec<Output>) {
        let tag = session.tag().0;
        let gy = Self::read_key(&only(&session.receive(&self.commit(tag))));
        let outputs = session.receive(&self.reveal(tag, &gy));
        (gy, outputs)
    }

    /// This peer with the key that has this serial number: each is the one before, plus one.
    pub(crate) fn with_keyid(&self, keyid: u32) -> Self {
        Self { x: &self.x + (keyid - KEYID), ..self.clone() }
    }

    /// The first data message after an exchange, with a key to use next.
    pub(crate) fn data(&self, receiver: u32, theirs: &BigUint, counter: u64, next: &BigUint, text: &str) -> String {
        let letter = Letter { counter, next: next.clone(), plaintext: text.into(), ..Letter::new(self, (1, 1)) };
        self.write_letter(receiver, theirs, &letter)
    }

    /// The text of the session's first data message after an exchange.
    pub(crate) fn read_data(&self, message: &Message, theirs: &BigUint) -> String {
        let letter = self.read_letter(message, theirs);
        assert_eq!((letter.sender_keyid, letter.recipient_keyid), (1, KEYID));
        letter.text()
    }

    /// A data message to the session; `theirs` is the session's key that the letter names.
    pub(crate) fn write_letter(&self, receiver: u32, theirs: &BigUint, letter: &Letter) -> String {
        let ours = self.with_keyid(letter.sender_keyid);
        let (aes, mac) = ours.data_keys(theirs, ours.public() > *theirs);
        let encrypted = aes_ctr(&aes, letter.counter, false, &letter.plaintext);
        let payload = [
            vec![letter.flags],
            [letter.sender_keyid.to_be_bytes(), letter.recipient_keyid.to_be_bytes()].concat(),
            self.mpi(&letter.next),
            letter.counter.to_be_bytes().to_vec(),
            write_data(&encrypted),
        ];
        let (version, sender, payload) = (self.version(), self.tag, payload.concat());
        let mut message = Message { version, kind: DATA, sender, receiver, payload };
        let mac = hmac_sha1(letter.forged_with.as_ref().unwrap_or(&mac), &message.bytes());
        message.payload.extend([&mac[..], &write_data(&letter.revealed)].concat());
        message.write()
    }

    /// A data message of the session's, its MAC checked; `theirs` is the session's key that it names.
    pub(crate) fn read_letter(&self, message: &Message, theirs: &BigUint) -> Letter {
        assert_eq!((message.version, message.kind), (self.version(), DATA));
        let fields = &mut &message.payload[..];
        let ([flags], sender_keyid, recipient_keyid) = (array(fields), int(fields), int(fields));
        let ours = self.with_keyid(recipient_keyid);
        let (aes, mac) = ours.data_keys(theirs, *theirs > ours.public());
        let (next, counter) = (mpi(fields), u64::from_be_bytes(array(fields)));
        let plaintext = aes_ctr(&aes, counter, false, data(fields));
        let authenticated = message.bytes();
        let authenticated = authenticated.split_at(authenticated.len() - fields.len()).0;
        assert_eq!(hmac_sha1(&mac, authenticated), array::<20>(fields));
        let revealed = data(fields).to_vec();
        assert!(fields.is_empty());
        Letter { flags, sender_keyid, recipient_keyid, next, counter, plaintext, revealed, forged_with: None }
    }

    /// The MAC key of this peer's messages under a pair of keys.
    pub(crate) fn mac_key(&self, keyid: u32, theirs: &BigUint) -> Vec<u8> {
        let ours = self.with_keyid(keyid);
        ours.data_keys(theirs, ours.public() > *theirs).1
    }

    /// AES and MAC key of the sender who has the high end, or the low one.
    fn data_keys(&self, theirs: &BigUint, high: bool) -> (Vec<u8>, Vec<u8>) {
        let byte = if high { 1 } else { 2 };
        let aes = Sha1::digest([&[byte], &self.secbytes(&self.secret(theirs))[..]].concat())[..16].to_vec();
        let mac = Sha1::digest(&aes).to_vec();
        (aes, mac)
    }
}

/// What a data message holds.
#[derive(Clone)]
pub(crate) struct Letter {
    pub(crate) flags: u8,
    pub(crate) sender_keyid: u32,
    pub(crate) recipient_keyid: u32,
    pub(crate) next: BigUint,
    pub(crate) counter: u64,
    pub(crate) plaintext: Vec<u8>,
    pub(crate) revealed: Vec<u8>,
    /// Another MAC key than the right one.
    pub(crate) forged_with: Option<Vec<u8>>,
}

impl Letter {
    /// An empty one under these keys, the peer's and the session's, that announces the peer's next.
    pub(crate) fn new(peer: &Peer, (sender_keyid, recipient_keyid): (u32, u32)) -> Self {
        let next = peer.with_keyid(sender_keyid + 1).public();
        let (plaintext, revealed) = (Vec::new(), Vec::new());
        Self { flags: 0, sender_keyid, recipient_keyid, next, counter: 1, plaintext, revealed, forged_with: None }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.plaintext.split(|byte| *byte == 0).next().unwrap().to_vec()).unwrap()
    }
}

type Role = fn(&[u8], bool) -> AkeKeys;

/// c, m1 and m2, or c', m1' and m2'.
struct AkeKeys {
    c: Vec<u8>,
    m1: [u8; 32],
    m2: [u8; 32],
}

impl AkeKeys {
    fn reveal(secbytes: &[u8], other: bool) -> Self {
        let h2 = |byte| sha256(&[&[byte], secbytes]);
        if other { Self::signature(secbytes, false) } else { Self { c: h2(1)[..16].to_vec(), m1: h2(2), m2: h2(3) } }
    }

    fn signature(secbytes: &[u8], other: bool) -> Self {
        let h2 = |byte| sha256(&[&[byte], secbytes]);
        if other { Self::reveal(secbytes, false) } else { Self { c: h2(1)[16..].to_vec(), m1: h2(4), m2: h2(5) } }
    }
}
