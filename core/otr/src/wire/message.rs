//! The encoded messages of versions 3 and 2, field by field (spec: "Encoded messages"): they differ in their heads. Group
//! elements are checked as they are read.

use super::codec::{Malformed, Reader, write_data, write_mpi};
use super::tlv::{self, Tlv};
use crate::crypto::group::Element;

const VERSION_2: u16 = 2;
const VERSION_3: u16 = 3;
/// The least instance tag that is not reserved.
pub(crate) const LEAST_TAG: u32 = 0x100;
/// Version 2 has no instance tags: the one client of a peer that speaks it is the instance under this one.
pub(crate) const NO_TAG: u32 = 0;

const COMMIT: u8 = 0x02;
const DATA: u8 = 0x03;
const KEY: u8 = 0x0a;
const REVEAL: u8 = 0x11;
const SIGNATURE: u8 = 0x12;

/// The instance tags of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// [`NO_TAG`]: the message is of version 2.
    pub(crate) sender: u32,
    /// 0: whichever instance this reaches. Only a D-H Commit may say that.
    pub(crate) receiver: u32,
}

impl Header {
    pub(crate) const VERSION_2: Self = Self { sender: NO_TAG, receiver: NO_TAG };

    pub(crate) const fn is_version_2(self) -> bool {
        self.sender == NO_TAG
    }
}

/// A message that was received.
pub(crate) enum Message<'a> {
    Exchange(Exchange<'a>),
    Data(Data<'a>),
}

/// One of the four messages of a key exchange.
pub(crate) enum Exchange<'a> {
    Commit(Commit),
    Key(Element),
    Reveal(Reveal<'a>),
    Signature(Sealed<'a>),
}

/// D-H Commit Message.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) encrypted_gx: Vec<u8>,
    pub(crate) hashed_gx: [u8; 32],
}

/// Reveal Signature Message.
pub(crate) struct Reveal<'a> {
    pub(crate) r: [u8; 16],
    pub(crate) sealed: Sealed<'a>,
}

/// An encrypted signature and the MAC over it.
pub(crate) struct Sealed<'a> {
    pub(crate) encrypted: &'a [u8],
    pub(crate) mac: [u8; 20],
}

/// Data Message.
pub(crate) struct Data<'a> {
    pub(crate) ignore_unreadable: bool,
    pub(crate) sender_keyid: u32,
    pub(crate) recipient_keyid: u32,
    pub(crate) next_dh: Element,
    pub(crate) counter: u64,
    pub(crate) encrypted: &'a [u8],
    /// What the MAC is over.
    pub(crate) authenticated: &'a [u8],
    pub(crate) mac: [u8; 20],
}

/// `Ok(None)`: of a version or type that is none of ours.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<(Header, Message<'_>)>, Malformed> {
    let mut reader = Reader::new(bytes);
    let Some((kind, header)) = read_head(&mut reader)? else { return Ok(None) };
    let message = match kind {
        COMMIT => {
            let encrypted_gx = reader.data()?;
            let hashed_gx = reader.data()?.try_into().map_err(|_| Malformed)?;
            // An MPI of the group is no longer than this, even with zeros before it.
            if encrypted_gx.len() > 2 * crate::crypto::group::LEN {
                return Err(Malformed);
            }
            Message::Exchange(Exchange::Commit(Commit { encrypted_gx: encrypted_gx.to_vec(), hashed_gx }))
        }
        KEY => Message::Exchange(Exchange::Key(element(&mut reader)?)),
        REVEAL => {
            let r = reader.data()?.try_into().map_err(|_| Malformed)?;
            Message::Exchange(Exchange::Reveal(Reveal { r, sealed: sealed(&mut reader)? }))
        }
        SIGNATURE => Message::Exchange(Exchange::Signature(sealed(&mut reader)?)),
        DATA => Message::Data(data(bytes, &mut reader)?),
        _ => return Ok(None),
    };
    reader.end()?;
    Ok(Some((header, message)))
}

pub(crate) fn is_version_2(bytes: &[u8]) -> bool {
    bytes.starts_with(&VERSION_2.to_be_bytes())
}

/// The type and the tags; `Ok(None)`: of a version that is none of ours.
pub(crate) fn read_head(reader: &mut Reader<'_>) -> Result<Option<(u8, Header)>, Malformed> {
    let version = reader.short()?;
    if ![VERSION_2, VERSION_3].contains(&version) {
        return Ok(None);
    }
    let kind = reader.byte()?;
    if version == VERSION_2 {
        return Ok(Some((kind, Header::VERSION_2)));
    }
    let header = Header { sender: reader.int()?, receiver: reader.int()? };
    // Those below are reserved.
    if header.sender < LEAST_TAG { Err(Malformed) } else { Ok(Some((kind, header))) }
}

fn element(reader: &mut Reader<'_>) -> Result<Element, Malformed> {
    Element::from_bytes(reader.mpi()?).ok_or(Malformed)
}

fn sealed<'a>(reader: &mut Reader<'a>) -> Result<Sealed<'a>, Malformed> {
    Ok(Sealed { encrypted: reader.data()?, mac: reader.array()? })
}

fn data<'a>(bytes: &'a [u8], reader: &mut Reader<'a>) -> Result<Data<'a>, Malformed> {
    let ignore_unreadable = reader.byte()? & 1 == 1;
    let (sender_keyid, recipient_keyid) = (reader.int()?, reader.int()?);
    let next_dh = element(reader)?;
    let counter = u64::from_be_bytes(reader.array()?);
    let encrypted = reader.data()?;
    let authenticated = bytes.split_at(bytes.len() - reader.rest().len()).0;
    let mac = reader.array()?;
    // Keys that the peer is done with; nothing of ours depends on them.
    reader.data()?;
    if sender_keyid == 0 || recipient_keyid == 0 || counter == 0 {
        return Err(Malformed);
    }
    Ok(Data { ignore_unreadable, sender_keyid, recipient_keyid, next_dh, counter, encrypted, authenticated, mac })
}

/// A message to send, but for its tags.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Body {
    kind: u8,
    payload: Vec<u8>,
}

impl Body {
    pub(crate) fn commit(commit: &Commit) -> Self {
        let mut payload = Vec::new();
        write_data(&mut payload, &commit.encrypted_gx);
        write_data(&mut payload, &commit.hashed_gx);
        Self { kind: COMMIT, payload }
    }

    pub(crate) fn key(gy: &Element) -> Self {
        let mut payload = Vec::new();
        write_mpi(&mut payload, &gy.to_bytes());
        Self { kind: KEY, payload }
    }

    pub(crate) fn reveal(r: &[u8; 16], encrypted: &[u8], mac: &[u8; 20]) -> Self {
        let mut payload = Vec::new();
        write_data(&mut payload, r);
        write_data(&mut payload, encrypted);
        payload.extend_from_slice(mac);
        Self { kind: REVEAL, payload }
    }

    pub(crate) fn signature(encrypted: &[u8], mac: &[u8; 20]) -> Self {
        let mut payload = Vec::new();
        write_data(&mut payload, encrypted);
        payload.extend_from_slice(mac);
        Self { kind: SIGNATURE, payload }
    }

    pub(crate) fn encode(&self, header: Header) -> Vec<u8> {
        let mut bytes = head(self.kind, header, self.payload.len());
        bytes.extend_from_slice(&self.payload);
        bytes
    }
}

fn head(kind: u8, header: Header, more: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(11 + more);
    let version = if header.is_version_2() { VERSION_2 } else { VERSION_3 };
    bytes.extend_from_slice(&version.to_be_bytes());
    bytes.push(kind);
    if !header.is_version_2() {
        bytes.extend_from_slice(&header.sender.to_be_bytes());
        bytes.extend_from_slice(&header.receiver.to_be_bytes());
    }
    bytes
}

/// The fields of a Data Message to send; `encrypt` and `mac` do what their names say.
pub(crate) struct OutgoingData<'a> {
    pub(crate) ignore_unreadable: bool,
    pub(crate) sender_keyid: u32,
    pub(crate) recipient_keyid: u32,
    pub(crate) next_dh: &'a [u8],
    pub(crate) counter: u64,
    pub(crate) text: &'a str,
    pub(crate) records: &'a [Tlv],
    pub(crate) revealed: &'a [u8],
}

impl OutgoingData<'_> {
    pub(crate) fn encode(
        &self,
        header: Header,
        encrypt: impl FnOnce(&mut [u8]),
        mac: impl FnOnce(&[u8]) -> [u8; 20],
    ) -> Vec<u8> {
        let length = tlv::length(self.text, self.records);
        // Enough for all that follows, so that no text stays behind where the bytes were before.
        let mut bytes = head(DATA, header, 250 + length + self.revealed.len());
        bytes.push(self.ignore_unreadable.into());
        bytes.extend_from_slice(&self.sender_keyid.to_be_bytes());
        bytes.extend_from_slice(&self.recipient_keyid.to_be_bytes());
        write_mpi(&mut bytes, self.next_dh);
        bytes.extend_from_slice(&self.counter.to_be_bytes());
        bytes.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        let start = bytes.len();
        tlv::write(&mut bytes, self.text, self.records);
        encrypt(bytes.split_at_mut(start).1);
        let mac = mac(&bytes);
        bytes.extend_from_slice(&mac);
        write_data(&mut bytes, self.revealed);
        bytes
    }
}
