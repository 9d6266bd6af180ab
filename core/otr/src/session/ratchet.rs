//! The keys of a conversation as they change, and the data messages under them (spec: "Key Management", "Computing AES
//! keys", "Revealing MAC Keys").

use rand::CryptoRng;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::ake::{Established, KeyPair};
use crate::crypto::group::{Element, Exponent, LEN};
use crate::crypto::keys::{DirectionKeys, SecBytes};
use crate::wire::codec::{Malformed, Reader, write_data, write_mpi};
use crate::wire::message::{Data, Header, OutgoingData};
use crate::wire::tlv::Tlv;

/// How many used MAC keys wait to be revealed at most; the oldest are kept secret for good beyond that.
const REVEAL_AT_MOST: usize = 64;

/// Our two latest key pairs, the peer's two latest public keys, and what they give.
pub(crate) struct Ratchet {
    /// Serial number of `ours`; `ours_before` has the one below.
    our_keyid: u32,
    ours: KeyPair,
    ours_before: KeyPair,
    their_keyid: u32,
    theirs: Element,
    theirs_before: Option<Element>,
    /// At most four: one for each pair of keys in use.
    pairs: Vec<Pair>,
    /// MAC keys whose messages nobody can send any more.
    to_reveal: Vec<u8>,
    /// Where the counters of new pairs begin: above whatever another resumption of the same state may use.
    first_counter: u64,
}

/// The keys that a key of ours and one of the peer's give.
struct Pair {
    our_keyid: u32,
    their_keyid: u32,
    sending: DirectionKeys,
    receiving: DirectionKeys,
    /// The last counters, upper halves.
    sent: u64,
    received: u64,
    extra_key: Zeroizing<[u8; 32]>,
}

/// A message that cannot be read. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// The peer's, but read before: it comes twice, or out of order.
    Late,
    /// Under keys that we do not have, or changed on the way: the two sides may have lost each other.
    Lost,
}

/// What a message held.
pub(crate) struct Opened {
    pub(crate) plaintext: Vec<u8>,
    /// The extra symmetric key of the pair that it came under.
    pub(crate) extra_key: Zeroizing<[u8; 32]>,
}

impl Ratchet {
    /// After an exchange. A key that both sides know already is not made again: the first session secret is the
    /// exchange's own.
    pub(crate) fn new(established: Established, rng: &mut dyn CryptoRng) -> Self {
        let Established { ours, our_keyid, theirs, their_keyid, secret, .. } = established;
        let pair = Pair::new((our_keyid, &ours), (their_keyid, &theirs), &secret);
        Self {
            our_keyid: our_keyid + 1,
            ours: KeyPair::new(rng),
            ours_before: ours,
            their_keyid,
            theirs,
            theirs_before: None,
            pairs: vec![pair],
            to_reveal: Vec::new(),
            first_counter: 0,
        }
    }

    /// A data message.
    pub(crate) fn seal(&mut self, header: Header, text: &str, records: &[Tlv], ignore_unreadable: bool) -> Vec<u8> {
        let (our_keyid, their_keyid) = (self.our_keyid - 1, self.their_keyid);
        let revealed = std::mem::take(&mut self.to_reveal);
        let next_dh = self.ours.bytes;
        let ours = (our_keyid, &self.ours_before);
        let pair = pair_of(&mut self.pairs, ours, (their_keyid, &self.theirs), self.first_counter);
        pair.sent += 1;
        let message = OutgoingData {
            ignore_unreadable,
            sender_keyid: our_keyid,
            recipient_keyid: their_keyid,
            next_dh: &next_dh,
            counter: pair.sent,
            text,
            records,
            revealed: &revealed,
        };
        message.encode(header, |data| pair.sending.crypt(message.counter, data), |data| pair.sending.mac(data))
    }

    /// The extra symmetric key that goes with the next message.
    pub(crate) fn extra_key(&mut self) -> Zeroizing<[u8; 32]> {
        let ours = (self.our_keyid - 1, &self.ours_before);
        pair_of(&mut self.pairs, ours, (self.their_keyid, &self.theirs), self.first_counter).extra_key.clone()
    }

    /// Checks, decrypts, and changes keys if the message asks for it.
    pub(crate) fn open(&mut self, data: &Data<'_>, rng: &mut dyn CryptoRng) -> Result<Opened, Unreadable> {
        let ours = match data.recipient_keyid {
            id if id == self.our_keyid => (id, &self.ours),
            id if id == self.our_keyid - 1 => (id, &self.ours_before),
            _ => return Err(Unreadable::Lost),
        };
        let theirs = match data.sender_keyid {
            id if id == self.their_keyid => (id, &self.theirs),
            id if Some(id) == self.their_keyid.checked_sub(1) => {
                (id, self.theirs_before.as_ref().ok_or(Unreadable::Lost)?)
            }
            _ => return Err(Unreadable::Lost),
        };
        // No serial number is left for a next key.
        if data.sender_keyid == u32::MAX || data.recipient_keyid == u32::MAX {
            return Err(Unreadable::Lost);
        }
        let pair = pair_of(&mut self.pairs, ours, theirs, self.first_counter);
        if !bool::from(pair.receiving.mac(data.authenticated).ct_eq(&data.mac)) {
            return Err(Unreadable::Lost);
        }
        if data.counter <= pair.received {
            return Err(Unreadable::Late);
        }
        pair.received = data.counter;
        let mut plaintext = data.encrypted.to_vec();
        pair.receiving.crypt(data.counter, &mut plaintext);
        let extra_key = pair.extra_key.clone();

        if data.recipient_keyid == self.our_keyid {
            self.rotate_ours(rng);
        }
        if data.sender_keyid == self.their_keyid {
            self.rotate_theirs(data.next_dh);
        }
        Ok(Opened { plaintext, extra_key })
    }

    /// Has the next message reveal every MAC key that was used: it is the last of this session. The pairs stay, for that
    /// message still counts on with one of them.
    pub(crate) fn reveal_all(&mut self) {
        self.reveal(|_| true);
    }

    /// The peer has seen our latest key: the one before it is of no use any more.
    fn rotate_ours(&mut self, rng: &mut dyn CryptoRng) {
        let gone = self.our_keyid - 1;
        self.forget(|pair| pair.our_keyid == gone);
        self.ours_before = std::mem::replace(&mut self.ours, KeyPair::new(rng));
        self.our_keyid += 1;
    }

    fn rotate_theirs(&mut self, next: Element) {
        let gone = self.their_keyid - 1;
        self.forget(|pair| pair.their_keyid == gone);
        self.theirs_before = Some(std::mem::replace(&mut self.theirs, next));
        self.their_keyid += 1;
    }

    fn forget(&mut self, gone: impl Fn(&Pair) -> bool) {
        self.reveal(&gone);
        self.pairs.retain(|p| !gone(p));
    }

    /// The receiving MAC keys that verified something are to be revealed.
    fn reveal(&mut self, gone: impl Fn(&Pair) -> bool) {
        for pair in self.pairs.iter().filter(|p| gone(p) && p.received > 0) {
            self.to_reveal.extend_from_slice(&pair.receiving.mac_key());
        }
        let too_many = self.to_reveal.len().saturating_sub(20 * REVEAL_AT_MOST);
        self.to_reveal.drain(..too_many);
    }
}

impl Pair {
    fn new(ours: (u32, &KeyPair), theirs: (u32, &Element), secret: &SecBytes) -> Self {
        // The "high" end is the one with the greater public key.
        let high = ours.1.bytes > theirs.1.to_bytes();
        let (send, receive) = if high { (1, 2) } else { (2, 1) };
        Self {
            our_keyid: ours.0,
            their_keyid: theirs.0,
            sending: DirectionKeys::new(secret, send),
            receiving: DirectionKeys::new(secret, receive),
            sent: 0,
            received: 0,
            extra_key: secret.extra_key(),
        }
    }
}

/// The pair of two keys, computed when it is first asked for.
fn pair_of<'a>(
    pairs: &'a mut Vec<Pair>,
    ours: (u32, &KeyPair),
    theirs: (u32, &Element),
    first_counter: u64,
) -> &'a mut Pair {
    let found = pairs.iter().position(|p| p.our_keyid == ours.0 && p.their_keyid == theirs.0);
    let at = found.unwrap_or_else(|| {
        let secret = SecBytes::agree(theirs.1, &ours.1.secret);
        pairs.push(Pair { sent: first_counter, ..Pair::new(ours, theirs, &secret) });
        pairs.len() - 1
    });
    &mut pairs[at]
}

/// The least distance between the counters of two resumptions: a conversation sends fewer messages than that.
const JUMP: u64 = 1 << 40;

impl Ratchet {
    /// Writes the state: keys, counters, and what is to be revealed.
    pub(crate) fn store(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.our_keyid.to_be_bytes());
        out.extend_from_slice(&*self.ours.secret.short_bytes());
        out.extend_from_slice(&*self.ours_before.secret.short_bytes());
        out.extend_from_slice(&self.their_keyid.to_be_bytes());
        write_mpi(out, &self.theirs.to_bytes());
        write_mpi(out, &self.theirs_before.map_or([0; LEN], Element::to_bytes));
        out.extend_from_slice(&self.first_counter.to_be_bytes());
        write_data(out, &self.to_reveal);
        out.push(u8::try_from(self.pairs.len()).unwrap_or(0));
        for pair in &self.pairs {
            out.extend_from_slice(&pair.our_keyid.to_be_bytes());
            out.extend_from_slice(&pair.their_keyid.to_be_bytes());
            out.extend_from_slice(&pair.sent.to_be_bytes());
            out.extend_from_slice(&pair.received.to_be_bytes());
        }
    }

    /// Reads what [`Ratchet::store`] wrote. All counters jump by a random step of at least 2^40, so that two
    /// resumptions of one state share no key stream.
    pub(crate) fn restore(reader: &mut Reader<'_>, rng: &mut dyn CryptoRng) -> Result<Self, Malformed> {
        let our_keyid = reader.int()?;
        let ours = KeyPair::from_secret(Exponent::from_short_bytes(&reader.array()?));
        let ours_before = KeyPair::from_secret(Exponent::from_short_bytes(&reader.array()?));
        let their_keyid = reader.int()?;
        let theirs = Element::from_bytes(reader.mpi()?).ok_or(Malformed)?;
        let theirs_before = Element::from_bytes(reader.mpi()?);
        let mut random = [0; 8];
        rng.fill_bytes(&mut random);
        let jump = JUMP + (u64::from_be_bytes(random) >> 24);
        let first_counter = u64::from_be_bytes(reader.array()?).checked_add(jump).ok_or(Malformed)?;
        let to_reveal = reader.data()?.to_vec();
        let mut ratchet = Self {
            our_keyid,
            ours,
            ours_before,
            their_keyid,
            theirs,
            theirs_before,
            pairs: Vec::new(),
            to_reveal,
            first_counter,
        };
        for _ in 0..reader.byte()? {
            let pair = ratchet.restore_pair(reader, jump)?;
            ratchet.pairs.push(pair);
        }
        Ok(ratchet)
    }

    fn restore_pair(&self, reader: &mut Reader<'_>, jump: u64) -> Result<Pair, Malformed> {
        let (our_keyid, their_keyid) = (reader.int()?, reader.int()?);
        let ours = if our_keyid == self.our_keyid { &self.ours } else { &self.ours_before };
        let theirs = if their_keyid == self.their_keyid { self.theirs } else { self.theirs_before.ok_or(Malformed)? };
        let sent = u64::from_be_bytes(reader.array()?).checked_add(jump).ok_or(Malformed)?;
        let received = u64::from_be_bytes(reader.array()?);
        let secret = SecBytes::agree(&theirs, &ours.secret);
        Ok(Pair { sent, received, ..Pair::new((our_keyid, ours), (their_keyid, &theirs), &secret) })
    }
}
