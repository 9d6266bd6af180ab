//! The authenticated key exchange with one instance of the peer (spec: "The protocol state machine", AUTHSTATE).

use rand::CryptoRng;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::crypto::group::{Element, Exponent};
use crate::crypto::keys::{SecBytes, aes_ctr, hmac_sha256};
use crate::identity::{Fingerprint, Identity, PublicKey};
use crate::wire::codec::{Malformed, Reader, write_mpi};
use crate::wire::message::{Body, Commit, Reveal, Sealed};

/// The serial number of the key that we use in an exchange: each has a new one.
const OUR_KEYID: u32 = 1;

/// A Diffie-Hellman key pair.
#[derive(Clone)]
pub(crate) struct KeyPair {
    pub(crate) secret: Exponent,
    pub(crate) public: Element,
    /// `public` as bytes, which every data message carries.
    pub(crate) bytes: [u8; crate::crypto::group::LEN],
}

impl KeyPair {
    pub(crate) fn new(rng: &mut dyn CryptoRng) -> Self {
        Self::from_secret(Exponent::short(rng))
    }

    pub(crate) fn from_secret(secret: Exponent) -> Self {
        let public = Element::g_to(&secret);
        Self { bytes: public.to_bytes(), secret, public }
    }
}

/// How far the exchange is.
#[derive(Default)]
pub(crate) enum Ake {
    #[default]
    None,
    AwaitingDhKey(Initiative),
    AwaitingRevealSig {
        ours: KeyPair,
        commit: Commit,
        /// What gave way to `commit` in version 2. libotr 4.1 does not know there that both began: it answers this one.
        given_up: Option<Box<Initiative>>,
    },
    AwaitingSig {
        ours: KeyPair,
        theirs: Element,
        secret: SecBytes,
        /// The Reveal Signature Message, to be sent again if the peer repeats itself.
        sent: Body,
    },
}

/// A D-H Commit that we sent, and what it commits to.
#[derive(Clone)]
pub(crate) struct Initiative {
    r: Zeroizing<[u8; 16]>,
    ours: KeyPair,
    commit: Commit,
}

impl Initiative {
    pub(crate) fn new(rng: &mut dyn CryptoRng) -> Self {
        let ours = KeyPair::new(rng);
        let mut r = Zeroizing::new([0; 16]);
        rng.fill_bytes(&mut *r);
        let mut gx = Vec::new();
        write_mpi(&mut gx, &ours.bytes);
        let hashed_gx = Sha256::digest(&gx).into();
        aes_ctr(&r, &[0; 16], &mut gx);
        Self { r, ours, commit: Commit { encrypted_gx: gx, hashed_gx } }
    }

    pub(crate) fn body(&self) -> Body {
        Body::commit(&self.commit)
    }

    /// Tells one commit from another.
    pub(crate) const fn hash(&self) -> [u8; 32] {
        self.commit.hashed_gx
    }
}

/// What a received message leads to.
pub(crate) enum Step {
    /// Nothing: it does not belong here, or is not what it should be.
    Ignored,
    /// An answer.
    Send(Body),
    /// The exchange is done, perhaps with a last message to send.
    Done(Option<Body>, Box<Established>),
    /// The peer uses a key of ours: somebody sends our messages back.
    Mirror,
}

/// What an exchange gives.
pub(crate) struct Established {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) ours: KeyPair,
    pub(crate) our_keyid: u32,
    pub(crate) theirs: Element,
    pub(crate) their_keyid: u32,
    pub(crate) secret: SecBytes,
    pub(crate) ssid: [u8; 8],
    /// Whether we sent the Reveal Signature Message.
    pub(crate) revealed: bool,
}

impl Ake {
    /// Receiving a D-H Commit Message.
    pub(crate) fn commit(&mut self, commit: Commit, is_version_2: bool, rng: &mut dyn CryptoRng) -> Step {
        let (ours, given_up) = match std::mem::take(self) {
            // Both began. The higher hash goes on with its own commit, the lower answers the other's.
            Self::AwaitingDhKey(initiative) if initiative.commit.hashed_gx > commit.hashed_gx => {
                let body = initiative.body();
                *self = Self::AwaitingDhKey(initiative);
                return Step::Send(body);
            }
            // Our own commit, sent back.
            Self::AwaitingDhKey(initiative) if initiative.commit == commit => {
                *self = Self::AwaitingDhKey(initiative);
                return Step::Mirror;
            }
            // The same key to each commit, or several instances of the peer would go round in circles.
            Self::AwaitingRevealSig { ours, given_up, .. } => (ours, given_up),
            Self::AwaitingDhKey(initiative) if is_version_2 => (KeyPair::new(rng), Some(Box::new(initiative))),
            _ => (KeyPair::new(rng), None),
        };
        let body = Body::key(&ours.public);
        *self = Self::AwaitingRevealSig { ours, commit, given_up };
        Step::Send(body)
    }

    /// Receiving a D-H Key Message.
    pub(crate) fn key(&mut self, theirs: Element, identity: &Identity, rng: &mut dyn CryptoRng) -> Step {
        let Initiative { r, ours, .. } = match self {
            Self::AwaitingDhKey(initiative) => initiative,
            Self::AwaitingRevealSig { given_up: Some(initiative), .. } => &**initiative,
            Self::AwaitingSig { theirs: first, sent, .. } if *first == theirs => return Step::Send(sent.clone()),
            _ => return Step::Ignored,
        };
        if theirs == ours.public {
            return Step::Mirror;
        }
        let secret = SecBytes::agree(&theirs, &ours.secret);
        let (encrypted, mac) = AkeKeys::reveal(&secret).seal(&ours.public, &theirs, identity, rng);
        let sent = Body::reveal(r, &encrypted, &mac);
        *self = Self::AwaitingSig { ours: ours.clone(), theirs, secret, sent: sent.clone() };
        Step::Send(sent)
    }

    /// Receiving a Reveal Signature Message. One that is not right changes nothing.
    pub(crate) fn reveal(&mut self, reveal: &Reveal<'_>, identity: &Identity, rng: &mut dyn CryptoRng) -> Step {
        let Self::AwaitingRevealSig { ours, commit, .. } = self else { return Step::Ignored };
        let Some(theirs) = revealed(commit, &reveal.r) else { return Step::Ignored };
        if theirs == ours.public {
            return Step::Mirror;
        }
        let secret = SecBytes::agree(&theirs, &ours.secret);
        let opened = AkeKeys::reveal(&secret).open(&reveal.sealed, &theirs, &ours.public);
        let Some((key, their_keyid)) = opened else { return Step::Ignored };
        if key.fingerprint() == identity.fingerprint() {
            return Step::Mirror;
        }
        let (encrypted, mac) = AkeKeys::signature(&secret).seal(&ours.public, &theirs, identity, rng);
        let ours = ours.clone();
        *self = Self::None;
        let established = Established::new(&key, ours, theirs, their_keyid, secret, false);
        Step::Done(Some(Body::signature(&encrypted, &mac)), established)
    }

    /// Receiving a Signature Message. One that is not right changes nothing.
    pub(crate) fn signature(&mut self, sealed: &Sealed<'_>, identity: &Identity) -> Step {
        let Self::AwaitingSig { ours, theirs, secret, .. } = self else { return Step::Ignored };
        let opened = AkeKeys::signature(secret).open(sealed, theirs, &ours.public);
        let Some((key, their_keyid)) = opened else { return Step::Ignored };
        if key.fingerprint() == identity.fingerprint() {
            return Step::Mirror;
        }
        let (ours, theirs, secret) = (ours.clone(), *theirs, secret.clone());
        *self = Self::None;
        Step::Done(None, Established::new(&key, ours, theirs, their_keyid, secret, true))
    }
}

impl Established {
    fn new(
        key: &PublicKey,
        ours: KeyPair,
        theirs: Element,
        their_keyid: u32,
        secret: SecBytes,
        revealed: bool,
    ) -> Box<Self> {
        let mut ssid = [0; 8];
        ssid.copy_from_slice(secret.sha256(0).split_at(8).0);
        let fingerprint = key.fingerprint();
        Box::new(Self { fingerprint, ours, our_keyid: OUR_KEYID, theirs, their_keyid, secret, ssid, revealed })
    }
}

/// g^x of a commit, once its key r is known.
fn revealed(commit: &Commit, r: &[u8; 16]) -> Option<Element> {
    let mut gx = commit.encrypted_gx.clone();
    aes_ctr(r, &[0; 16], &mut gx);
    let hash: [u8; 32] = Sha256::digest(&gx).into();
    if !bool::from(hash.ct_eq(&commit.hashed_gx)) {
        return None;
    }
    let mut reader = Reader::new(&gx);
    let element = Element::from_bytes(reader.mpi().ok()?)?;
    reader.end().ok()?;
    Some(element)
}

/// c, m1 and m2, or c', m1' and m2'.
struct AkeKeys {
    c: Zeroizing<[u8; 16]>,
    m1: Zeroizing<[u8; 32]>,
    m2: Zeroizing<[u8; 32]>,
}

impl AkeKeys {
    /// For the Reveal Signature Message.
    fn reveal(secret: &SecBytes) -> Self {
        Self::new(secret, 0, 2)
    }

    /// For the Signature Message.
    fn signature(secret: &SecBytes) -> Self {
        Self::new(secret, 16, 4)
    }

    fn new(secret: &SecBytes, half: usize, m: u8) -> Self {
        let mut c = Zeroizing::new([0; 16]);
        c.iter_mut().zip(secret.sha256(1).split_at(half).1).for_each(|(to, from)| *to = *from);
        Self { c, m1: secret.sha256(m), m2: secret.sha256(m + 1) }
    }

    /// What both sign: M of the spec.
    fn m(&self, sender: &Element, receiver: &Element, key: &PublicKey, keyid: u32) -> [u8; 32] {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        write_mpi(&mut first, &sender.to_bytes());
        write_mpi(&mut second, &receiver.to_bytes());
        hmac_sha256(&*self.m1, &[&first, &second, key.encoded(), &keyid.to_be_bytes()])
    }

    /// X of the spec, encrypted, and the MAC over it.
    fn seal(
        &self,
        ours: &Element,
        theirs: &Element,
        identity: &Identity,
        rng: &mut dyn CryptoRng,
    ) -> (Vec<u8>, [u8; 20]) {
        let m = self.m(ours, theirs, identity.public(), OUR_KEYID);
        let mut x = identity.public().encoded().to_vec();
        x.extend_from_slice(&OUR_KEYID.to_be_bytes());
        x.extend_from_slice(&identity.sign(&m, rng));
        aes_ctr(&self.c, &[0; 16], &mut x);
        let mac = self.mac(&x);
        (x, mac)
    }

    /// The peer's key and its serial number, if the MAC and the signature are right.
    fn open(&self, sealed: &Sealed<'_>, theirs: &Element, ours: &Element) -> Option<(PublicKey, u32)> {
        if !bool::from(self.mac(sealed.encrypted).ct_eq(&sealed.mac)) {
            return None;
        }
        let mut x = sealed.encrypted.to_vec();
        aes_ctr(&self.c, &[0; 16], &mut x);
        let (key, keyid, signature) = read_x(&x).ok()?;
        let m = self.m(theirs, ours, &key, keyid);
        key.verifies(&m, &signature).then_some((key, keyid))
    }

    /// The first 160 bits over the field with its length.
    fn mac(&self, encrypted: &[u8]) -> [u8; 20] {
        let length = u32::try_from(encrypted.len()).unwrap_or(u32::MAX).to_be_bytes();
        let mut mac = [0; 20];
        mac.copy_from_slice(hmac_sha256(&*self.m2, &[&length, encrypted]).split_at(20).0);
        mac
    }
}

fn read_x(x: &[u8]) -> Result<(PublicKey, u32, [u8; 40]), Malformed> {
    let mut reader = Reader::new(x);
    let key = PublicKey::read(&mut reader)?;
    let keyid = reader.int()?;
    let signature = reader.array()?;
    reader.end()?;
    if keyid == 0 { Err(Malformed) } else { Ok((key, keyid, signature)) }
}
