//! The keys of a conversation as they change, and the data messages under them (spec: "Key Management", "Computing AES
//! keys", "Revealing MAC Keys").

use std::collections::BTreeMap;

use rand::CryptoRng;
use subtle::ConstantTimeEq as _;

use super::ake::{Established, KeyPair};
use crate::crypto::group::{Element, Exponent, LEN};
#[cfg(feature = "lab")]
use crate::crypto::keys::Secret;
use crate::crypto::keys::{DirectionKeys, SecBytes};
use crate::wire::codec::{Malformed, Reader, write_data, write_mpi};
use crate::wire::message::{Data, Header, OutgoingData};
use crate::wire::tlv::Tlv;

/// What no count in a stored state comes near.
pub(crate) const COUNT_AT_MOST: u64 = u64::MAX / 2;

/// How many used MAC keys wait to be revealed at most; the oldest are kept secret for good beyond that.
const REVEAL_AT_MOST: usize = 64;

/// Our two latest key pairs, the peer's two latest public keys, and what they give.
pub(crate) struct Ratchet {
    keys: Keys,
    /// By the serial numbers of our key and the peer's. At most four: one for each pair of keys in use.
    pairs: BTreeMap<(u32, u32), Pair>,
    /// MAC keys of messages that nobody can send any more.
    to_reveal: Vec<u8>,
    /// Where the counters of new pairs begin: above whatever another resumption of the same state may use.
    first_counter: u64,
}

struct Keys {
    /// Serial number of `ours`; `ours_before` has the one below.
    our_keyid: u32,
    ours: KeyPair,
    ours_before: KeyPair,
    their_keyid: u32,
    theirs: Element,
    theirs_before: Option<Element>,
}

/// The keys that a key of ours and one of the peer's give.
struct Pair {
    sending: DirectionKeys,
    receiving: DirectionKeys,
    /// The last counter used, upper half.
    sent: u64,
    received: Received,
}

/// A message that is not read. Nothing has changed.
pub(crate) enum Unreadable {
    /// The peer's, but read before, or so late that nobody can tell; and its plaintext.
    Late(Vec<u8>),
    /// Under keys that we do not have, or changed on the way: the two sides may have lost each other.
    Lost,
}

impl Ratchet {
    /// After an exchange. A key that both sides know already is not made again: the first session secret is the
    /// exchange's own.
    pub(crate) fn new(established: Established, rng: &mut dyn CryptoRng) -> Self {
        let Established { ours, our_keyid, theirs, their_keyid, secret, .. } = established;
        let pair = Pair::new(&ours, &theirs, &secret);
        Self {
            keys: Keys {
                our_keyid: our_keyid + 1,
                ours: KeyPair::new(rng),
                ours_before: ours,
                their_keyid,
                theirs,
                theirs_before: None,
            },
            pairs: BTreeMap::from([((our_keyid, their_keyid), pair)]),
            to_reveal: Vec::new(),
            first_counter: 0,
        }
    }

    /// A data message.
    pub(crate) fn seal(&mut self, header: Header, text: &str, records: &[Tlv], ignore_unreadable: bool) -> Vec<u8> {
        let (our_keyid, their_keyid) = (self.keys.our_keyid - 1, self.keys.their_keyid);
        let next_dh = self.keys.ours.bytes;
        let ours = (our_keyid, &self.keys.ours_before);
        let pair = pair_of(&mut self.pairs, ours, (their_keyid, &self.keys.theirs), self.first_counter);
        pair.sent += 1;
        let message = OutgoingData {
            ignore_unreadable,
            sender_keyid: our_keyid,
            recipient_keyid: their_keyid,
            next_dh: &next_dh,
            counter: pair.sent,
            text,
            records,
            revealed: &self.to_reveal,
        };
        message.encode(header, |data| pair.sending.crypt(message.counter, data), |data| pair.sending.mac(data))
    }

    /// The serial number of the key that messages announce now: who names it has read one of them.
    pub(crate) const fn announced(&self) -> u32 {
        self.keys.our_keyid
    }

    /// Whether this is a key of ours.
    pub(crate) fn has_announced(&self, key: &Element) -> bool {
        [&self.keys.ours, &self.keys.ours_before].iter().any(|ours| ours.public == *key)
    }

    /// The last message is on its way, and with it what was to be revealed.
    pub(crate) fn has_revealed(&mut self) {
        self.to_reveal.clear();
    }

    /// Takes over what another conversation leaves to be revealed.
    pub(crate) fn reveal_for(&mut self, mut other: Self) {
        other.reveal_all();
        self.to_reveal.append(&mut other.to_reveal);
        self.reveal(|_| false);
    }

    /// Checks, decrypts, and changes keys if the message asks for it.
    pub(crate) fn open(&mut self, data: &Data<'_>, rng: &mut dyn CryptoRng) -> Result<Vec<u8>, Unreadable> {
        let ours = self.keys.our_key(data.recipient_keyid).ok_or(Unreadable::Lost)?;
        let theirs = self.keys.their_key(data.sender_keyid).ok_or(Unreadable::Lost)?;
        // No serial number is left for a next key.
        if data.sender_keyid == u32::MAX || data.recipient_keyid == u32::MAX {
            return Err(Unreadable::Lost);
        }
        let (ours, theirs) = ((data.recipient_keyid, ours), (data.sender_keyid, theirs));
        let pair = pair_of(&mut self.pairs, ours, theirs, self.first_counter);
        if !bool::from(pair.receiving.mac(data.authenticated).ct_eq(&data.mac)) {
            return Err(Unreadable::Lost);
        }
        let mut plaintext = data.encrypted.to_vec();
        pair.receiving.crypt(data.counter, &mut plaintext);
        if !pair.received.take(data.counter) {
            return Err(Unreadable::Late(plaintext));
        }

        if data.recipient_keyid == self.keys.our_keyid {
            self.rotate_ours(rng);
        }
        if data.sender_keyid == self.keys.their_keyid {
            self.rotate_theirs(data.next_dh);
        }
        Ok(plaintext)
    }

    /// Has the next message reveal every MAC key that was used: it is the last of this session. The pairs stay, for that
    /// message still counts on with one of them.
    pub(crate) fn reveal_all(&mut self) {
        self.reveal(|_| true);
    }

    /// The peer has seen our latest key: the one before it is of no use any more.
    fn rotate_ours(&mut self, rng: &mut dyn CryptoRng) {
        let gone = self.keys.our_keyid - 1;
        self.forget(|(ours, _)| *ours == gone);
        self.keys.ours_before = std::mem::replace(&mut self.keys.ours, KeyPair::new(rng));
        self.keys.our_keyid += 1;
    }

    fn rotate_theirs(&mut self, next: Element) {
        let gone = self.keys.their_keyid - 1;
        self.forget(|(_, theirs)| *theirs == gone);
        self.keys.theirs_before = Some(std::mem::replace(&mut self.keys.theirs, next));
        self.keys.their_keyid += 1;
    }

    fn forget(&mut self, gone: impl Fn(&(u32, u32)) -> bool) {
        self.reveal(&gone);
        self.pairs.retain(|ids, _| !gone(ids));
    }

    /// The receiving MAC keys that verified something are to be revealed.
    fn reveal(&mut self, gone: impl Fn(&(u32, u32)) -> bool) {
        for (_, pair) in self.pairs.iter().filter(|(ids, pair)| gone(ids) && pair.received.greatest > 0) {
            self.to_reveal.extend_from_slice(&pair.receiving.mac_key());
        }
        let too_many = self.to_reveal.len().saturating_sub(20 * REVEAL_AT_MOST);
        self.to_reveal.drain(..too_many);
    }
}

/// The counters that a pair's messages came with. The spec wants each to be greater than the one before; here a message
/// that another has overtaken is read as well, once.
#[derive(Clone, Copy, Default)]
struct Received {
    greatest: u64,
    /// Bit i: whether the one i + 1 below has come.
    before: u64,
}

impl Received {
    /// `false`: this one has come before, or is too far behind to tell.
    fn take(&mut self, counter: u64) -> bool {
        let Some(ahead) = counter.checked_sub(self.greatest) else {
            return self.take_late(self.greatest - counter);
        };
        match u32::try_from(ahead) {
            Ok(0) => return false,
            Ok(ahead @ 1..=64) => {
                // What was the greatest is one of those before now.
                let shifted = self.before.checked_shl(ahead).unwrap_or(0);
                self.before = shifted | 1 << (ahead - 1);
            }
            _ => self.before = 0,
        }
        self.greatest = counter;
        true
    }

    fn take_late(&mut self, behind: u64) -> bool {
        let bit = u32::try_from(behind - 1).ok().and_then(|at| 1u64.checked_shl(at)).unwrap_or(0);
        let new = bit & !self.before != 0;
        self.before |= bit;
        new
    }
}

impl Keys {
    /// Our key pair with this serial number, if it is still in use.
    fn our_key(&self, id: u32) -> Option<&KeyPair> {
        match self.our_keyid.checked_sub(id) {
            Some(0) => Some(&self.ours),
            Some(1) => Some(&self.ours_before),
            _ => None,
        }
    }

    /// The peer's.
    fn their_key(&self, id: u32) -> Option<&Element> {
        match self.their_keyid.checked_sub(id) {
            Some(0) => Some(&self.theirs),
            Some(1) => self.theirs_before.as_ref(),
            _ => None,
        }
    }
}

impl Pair {
    fn new(ours: &KeyPair, theirs: &Element, secret: &SecBytes) -> Self {
        // The "high" end is the one with the greater public key.
        let high = ours.bytes > theirs.to_bytes();
        let (send, receive) = if high { (1, 2) } else { (2, 1) };
        Self {
            sending: DirectionKeys::new(secret, send),
            receiving: DirectionKeys::new(secret, receive),
            sent: 0,
            received: Received::default(),
        }
    }
}

/// The pair of two keys, computed when it is first asked for.
fn pair_of<'a>(
    pairs: &'a mut BTreeMap<(u32, u32), Pair>,
    ours: (u32, &KeyPair),
    theirs: (u32, &Element),
    first_counter: u64,
) -> &'a mut Pair {
    pairs.entry((ours.0, theirs.0)).or_insert_with(|| {
        let secret = SecBytes::agree(theirs.1, &ours.1.secret);
        Pair { sent: first_counter, ..Pair::new(ours.1, theirs.1, &secret) }
    })
}

/// The least step from the stored counters to those of a resumption: no conversation sends so many messages. Two
/// resumptions of one state are apart by what is random beyond that.
const JUMP: u64 = 1 << 40;

impl Ratchet {
    /// Writes the state: keys, counters, and what is to be revealed.
    pub(crate) fn store(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.keys.our_keyid.to_be_bytes());
        out.extend_from_slice(&*self.keys.ours.secret.short_bytes());
        out.extend_from_slice(&*self.keys.ours_before.secret.short_bytes());
        out.extend_from_slice(&self.keys.their_keyid.to_be_bytes());
        write_mpi(out, &self.keys.theirs.to_bytes());
        write_mpi(out, &self.keys.theirs_before.map_or([0; LEN], Element::to_bytes));
        out.extend_from_slice(&self.first_counter.to_be_bytes());
        write_data(out, &self.to_reveal);
        // The others are computed again when they are asked for. What was sent is far below where counters go on.
        let used: Vec<_> = self.pairs.iter().filter(|(_, pair)| pair.received.greatest > 0).collect();
        out.push(u8::try_from(used.len()).unwrap_or(0));
        for ((our_keyid, their_keyid), pair) in used {
            out.extend_from_slice(&our_keyid.to_be_bytes());
            out.extend_from_slice(&their_keyid.to_be_bytes());
            out.extend_from_slice(&pair.received.greatest.to_be_bytes());
            out.extend_from_slice(&pair.received.before.to_be_bytes());
        }
    }

    /// Reads what [`Ratchet::store`] wrote. All counters jump by a random step of at least 2^40, so that two
    /// resumptions of one state share no key stream.
    pub(crate) fn restore(reader: &mut Reader<'_>, rng: &mut dyn CryptoRng) -> Result<Self, Malformed> {
        let our_keyid = reader.int()?;
        let ours = KeyPair::from_secret(Exponent::from_short_bytes(&reader.array()?));
        let ours_before = KeyPair::from_secret(Exponent::from_short_bytes(&reader.array()?));
        let their_keyid = reader.int()?;
        if our_keyid < 2 || their_keyid == 0 {
            return Err(Malformed);
        }
        let theirs = Element::from_bytes(reader.mpi()?).ok_or(Malformed)?;
        let theirs_before = Element::from_bytes(reader.mpi()?);
        let mut random = [0; 8];
        rng.fill_bytes(&mut random);
        let jump = JUMP + (u64::from_be_bytes(random) >> 24);
        let first_counter = u64::from_be_bytes(reader.array()?).saturating_add(jump);
        if first_counter > COUNT_AT_MOST {
            return Err(Malformed);
        }
        let to_reveal = reader.data()?.to_vec();
        let mut ratchet = Self {
            keys: Keys { our_keyid, ours, ours_before, their_keyid, theirs, theirs_before },
            pairs: BTreeMap::new(),
            to_reveal,
            first_counter,
        };
        for _ in 0..reader.byte()? {
            let (ids, pair) = ratchet.restore_pair(reader)?;
            ratchet.pairs.insert(ids, pair);
        }
        Ok(ratchet)
    }

    fn restore_pair(&self, reader: &mut Reader<'_>) -> Result<((u32, u32), Pair), Malformed> {
        let (our_keyid, their_keyid) = (reader.int()?, reader.int()?);
        let (ours, theirs) =
            (self.keys.our_key(our_keyid).ok_or(Malformed)?, self.keys.their_key(their_keyid).ok_or(Malformed)?);
        let [greatest, before] = [u64::from_be_bytes(reader.array()?), u64::from_be_bytes(reader.array()?)];
        let received = Received { greatest, before };
        let secret = SecBytes::agree(theirs, &ours.secret);
        let sent = self.first_counter;
        Ok(((our_keyid, their_keyid), Pair { sent, received, ..Pair::new(ours, theirs, &secret) }))
    }
}

#[cfg(feature = "lab")]
impl Ratchet {
    /// All that is secret in it, of pairs that were not asked for yet, too.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        let mut secrets = Vec::new();
        let ours = [&self.keys.ours, &self.keys.ours_before];
        secrets.extend(ours.map(|ours| Secret::Exponent(ours.secret.short_bytes().to_vec().into())));
        for theirs in std::iter::once(&self.keys.theirs).chain(&self.keys.theirs_before) {
            for shared in ours.map(|ours| SecBytes::agree(theirs, &ours.secret)) {
                for keys in [1, 2].map(|byte| DirectionKeys::new(&shared, byte)) {
                    secrets.extend([Secret::Aes(keys.aes_key()), Secret::Mac(keys.mac_key().into())]);
                }
                secrets.push(Secret::Shared(shared.number().to_vec().into()));
            }
        }
        secrets
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::rngs::StdRng;
    use rand::{RngExt as _, SeedableRng as _};

    use super::Received;

    /// Every counter is taken once, unless it is more than 64 behind.
    #[test]
    fn ctr_top() {
        let rng = &mut StdRng::seed_from_u64(1);
        for spread in [1, 3, 60, 64, 65, 70, 200] {
            let (mut received, mut taken, mut greatest) = (Received::default(), BTreeSet::new(), 0);
            for _ in 0..2000 {
                let counter = (greatest + 2_u64).saturating_sub(rng.random_range(0..spread)).max(1);
                let expected = counter + 64 >= greatest && !taken.contains(&counter);
                assert_eq!(received.take(counter), expected, "{counter} after {greatest}");
                taken.insert(counter);
                greatest = greatest.max(counter);
            }
            assert!(received.take(greatest + 64) && received.take(greatest + 63) && !received.take(greatest));
            assert!(received.take(u64::MAX) && !received.take(u64::MAX) && !received.take(greatest + 65));
        }
    }
}
