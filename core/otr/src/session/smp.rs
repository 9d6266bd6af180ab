//! The socialist millionaires' protocol (spec: "Socialist Millionaires' Protocol (SMP)"): whether both people know the
//! same secret, telling each other nothing else about it.
//!
//! Names are the spec's. Every value of the peer's is checked before it is used.

use rand::CryptoRng;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::crypto::group::{Element, Exponent};
use crate::wire::codec::write_mpi;
use crate::wire::tlv::{self, Tlv, read_mpis, write_mpis};

/// How far a comparison is, and what it needs for the rest.
#[cfg_attr(test, derive(Clone))]
#[derive(Default)]
pub(crate) enum Smp {
    /// SMPSTATE_EXPECT1.
    #[default]
    Expect1,
    /// The peer has asked; the user has not answered yet.
    Asked(Asked),
    Expect2(Expect2),
    Expect3(Box<Expect3>),
    Expect4(Expect4),
}

/// What a record leads to.
pub(crate) enum Progress {
    /// The peer asks for a comparison.
    Asked { question: Option<String> },
    /// An answer to send.
    Send(Tlv),
    /// The comparison is over; the last record if it is ours to send.
    Done { equal: bool, send: Option<Tlv> },
    /// The record does not belong here, or is not what it should be: the comparison has ended.
    Broken,
}

/// What the peer's first message gives.
#[cfg_attr(test, derive(Clone))]
pub(crate) struct Asked {
    g2a: Element,
    g3a: Element,
}

#[cfg_attr(test, derive(Clone))]
pub(crate) struct Expect2 {
    x: Exponent,
    a2: Exponent,
    a3: Exponent,
}

#[cfg_attr(test, derive(Clone))]
pub(crate) struct Expect3 {
    g3a: Element,
    g2: Element,
    g3: Element,
    b3: Exponent,
    pb: Element,
    qb: Element,
}

#[cfg_attr(test, derive(Clone))]
pub(crate) struct Expect4 {
    g3b: Element,
    pa_pb: Element,
    qa_qb: Element,
    a3: Exponent,
}

impl Smp {
    /// Whether a comparison is under way.
    pub(crate) const fn is_running(&self) -> bool {
        !matches!(self, Self::Expect1)
    }

    /// Begins: message 1, or 1Q with a question.
    pub(crate) fn start(&mut self, x: Exponent, question: Option<&str>, rng: &mut dyn CryptoRng) -> Tlv {
        let (a2, a3) = (Exponent::full(rng), Exponent::full(rng));
        let (g2a, c2, d2) = know(1, &a2, rng);
        let (g3a, c3, d3) = know(2, &a3, rng);
        let numbers = write_mpis(&[&g2a.to_bytes(), &c2, &d2.to_bytes(), &g3a.to_bytes(), &c3, &d3.to_bytes()]);
        *self = Self::Expect2(Expect2 { x, a2, a3 });
        match question {
            None => Tlv { kind: tlv::SMP_1, value: numbers },
            Some(question) => {
                let question: Vec<u8> = question.bytes().filter(|b| *b != 0).chain([0]).collect();
                Tlv { kind: tlv::SMP_1Q, value: [question, numbers].concat() }
            }
        }
    }

    /// The user's answer to the peer's question: message 2. `None`: the peer has not asked.
    pub(crate) fn answer(&mut self, y: &Exponent, rng: &mut dyn CryptoRng) -> Option<Tlv> {
        let Self::Asked(Asked { g2a, g3a }) = self else { return None };
        let (g2a, g3a) = (*g2a, *g3a);
        let (b2, b3, r4) = (Exponent::full(rng), Exponent::full(rng), Exponent::full(rng));
        let (g2b, c2, d2) = know(3, &b2, rng);
        let (g3b, c3, d3) = know(4, &b3, rng);
        let (g2, g3) = (g2a.pow(&b2), g3a.pow(&b3));
        let blinded = Blinded::new(5, &g2, &g3, &r4, y, rng);
        let Blinded { p: pb, q: qb, c: cp, d5, d6 } = blinded;
        let value = write_mpis(&[
            &g2b.to_bytes(),
            &c2,
            &d2.to_bytes(),
            &g3b.to_bytes(),
            &c3,
            &d3.to_bytes(),
            &pb.to_bytes(),
            &qb.to_bytes(),
            &cp,
            &d5.to_bytes(),
            &d6.to_bytes(),
        ]);
        *self = Self::Expect3(Box::new(Expect3 { g3a, g2, g3, b3, pb, qb }));
        Some(Tlv { kind: tlv::SMP_2, value })
    }

    /// A record of types 2 to 5 or 7.
    pub(crate) fn receive(&mut self, record: &Tlv, rng: &mut dyn CryptoRng) -> Progress {
        // Whatever goes wrong from here on, the comparison is over.
        let state = std::mem::take(self);
        let progress = match (record.kind, state) {
            (tlv::SMP_1, Self::Expect1) => self.receive_1(&record.value, None),
            (tlv::SMP_1Q, Self::Expect1) => {
                let question = record.value.iter().position(|b| *b == 0).map(|end| record.value.split_at(end));
                question.and_then(|(question, numbers)| {
                    let question = String::from_utf8_lossy(question).into_owned();
                    self.receive_1(numbers.split_first()?.1, Some(question))
                })
            }
            (tlv::SMP_2, Self::Expect2(state)) => self.receive_2(&record.value, state, rng),
            (tlv::SMP_3, Self::Expect3(state)) => receive_3(&record.value, &state, rng),
            (tlv::SMP_4, Self::Expect4(state)) => receive_4(&record.value, &state),
            _ => None,
        };
        progress.unwrap_or(Progress::Broken)
    }

    fn receive_1(&mut self, value: &[u8], question: Option<String>) -> Option<Progress> {
        let [g2a, c2, d2, g3a, c3, d3] = read_mpis(value)?;
        let (g2a, g3a) = (Element::from_bytes(g2a)?, Element::from_bytes(g3a)?);
        knows(1, &g2a, c2, d2)?;
        knows(2, &g3a, c3, d3)?;
        *self = Self::Asked(Asked { g2a, g3a });
        Some(Progress::Asked { question })
    }

    fn receive_2(&mut self, value: &[u8], state: Expect2, rng: &mut dyn CryptoRng) -> Option<Progress> {
        let Expect2 { x, a2, a3 } = state;
        let [g2b, c2, d2, g3b, c3, d3, pb, qb, cp, d5, d6] = read_mpis(value)?;
        let [g2b, g3b, pb, qb] = [g2b, g3b, pb, qb].map(Element::from_bytes);
        let (g2b, g3b, pb, qb) = (g2b?, g3b?, pb?, qb?);
        knows(3, &g2b, c2, d2)?;
        knows(4, &g3b, c3, d3)?;
        let (g2, g3) = (g2b.pow(&a2), g3b.pow(&a3));
        is_blinded(5, (&g2, &g3), (&pb, &qb), (cp, d5, d6))?;

        let r4 = Exponent::full(rng);
        let Blinded { p: pa, q: qa, c: cp, d5, d6 } = Blinded::new(6, &g2, &g3, &r4, &x, rng);
        // A peer that knows our blinding could make them equal, and the comparison succeed whatever the secrets are.
        if pa == pb || qa == qb {
            return None;
        }
        let (pa_pb, qa_qb) = (pa.div(&pb), qa.div(&qb));
        let (ra, cr, d7) = same_power(7, &qa_qb, &a3, rng);
        let value = write_mpis(&[
            &pa.to_bytes(),
            &qa.to_bytes(),
            &cp,
            &d5.to_bytes(),
            &d6.to_bytes(),
            &ra.to_bytes(),
            &cr,
            &d7.to_bytes(),
        ]);
        *self = Self::Expect4(Expect4 { g3b, pa_pb, qa_qb, a3 });
        Some(Progress::Send(Tlv { kind: tlv::SMP_3, value }))
    }
}

fn receive_3(value: &[u8], state: &Expect3, rng: &mut dyn CryptoRng) -> Option<Progress> {
    let Expect3 { g3a, g2, g3, b3, pb, qb } = state;
    let [pa, qa, cp, d5, d6, ra, cr, d7] = read_mpis(value)?;
    let [pa, qa, ra] = [pa, qa, ra].map(Element::from_bytes);
    let (pa, qa, ra) = (pa?, qa?, ra?);
    if pa == *pb || qa == *qb {
        return None;
    }
    is_blinded(6, (g2, g3), (&pa, &qa), (cp, d5, d6))?;
    let qa_qb = qa.div(qb);
    is_same_power(7, g3a, &qa_qb, &ra, cr, d7)?;

    let (rb, cr, d7) = same_power(8, &qa_qb, b3, rng);
    let value = write_mpis(&[&rb.to_bytes(), &cr, &d7.to_bytes()]);
    let equal = equal(&ra.pow(b3), &pa.div(pb));
    Some(Progress::Done { equal, send: Some(Tlv { kind: tlv::SMP_4, value }) })
}

fn receive_4(value: &[u8], state: &Expect4) -> Option<Progress> {
    let Expect4 { g3b, pa_pb, qa_qb, a3 } = state;
    let [rb, cr, d7] = read_mpis(value)?;
    let rb = Element::from_bytes(rb)?;
    is_same_power(8, g3b, qa_qb, &rb, cr, d7)?;
    Some(Progress::Done { equal: equal(&rb.pow(a3), pa_pb), send: None })
}

fn equal(a: &Element, b: &Element) -> bool {
    a.to_bytes().ct_eq(&b.to_bytes()).into()
}

/// P and Q of one side, with the proof that they were made from r4 and the secret.
struct Blinded {
    p: Element,
    q: Element,
    c: [u8; 32],
    d5: Exponent,
    d6: Exponent,
}

impl Blinded {
    fn new(version: u8, g2: &Element, g3: &Element, r4: &Exponent, secret: &Exponent, rng: &mut dyn CryptoRng) -> Self {
        let (r5, r6) = (Exponent::full(rng), Exponent::full(rng));
        let p = g3.pow(r4);
        let q = Element::g_to(r4).mul(&g2.pow(secret));
        let c = hash(version, &g3.pow(&r5), Some(&Element::g_to(&r5).mul(&g2.pow(&r6))));
        let challenge = Exponent::from_hash(&c);
        Self { p, q, c, d5: r5.minus_product(r4, &challenge), d6: r6.minus_product(secret, &challenge) }
    }
}

/// Checks the proof of [`Blinded`].
fn is_blinded(
    version: u8,
    (g2, g3): (&Element, &Element),
    (p, q): (&Element, &Element),
    (c, d5, d6): (&[u8], &[u8], &[u8]),
) -> Option<()> {
    let (challenge, d5, d6) = (challenge(c)?, Exponent::response_from(d5)?, Exponent::response_from(d6)?);
    let first = g3.pow(&d5).mul(&p.pow(&challenge));
    let second = Element::g_to(&d5).mul(&g2.pow(&d6)).mul(&q.pow(&challenge));
    is_hash(c, &hash(version, &first, Some(&second)))
}

/// g to a secret exponent, with the proof that it is known.
fn know(version: u8, secret: &Exponent, rng: &mut dyn CryptoRng) -> (Element, [u8; 32], Exponent) {
    let r = Exponent::full(rng);
    let c = hash(version, &Element::g_to(&r), None);
    (Element::g_to(secret), c, r.minus_product(secret, &Exponent::from_hash(&c)))
}

/// Checks the proof of [`know`].
fn knows(version: u8, power: &Element, c: &[u8], d: &[u8]) -> Option<()> {
    let (challenge, d) = (challenge(c)?, Exponent::response_from(d)?);
    is_hash(c, &hash(version, &Element::g_to(&d).mul(&power.pow(&challenge)), None))
}

/// `base` to a secret exponent, with the proof that g to that exponent is the value sent before.
fn same_power(
    version: u8,
    base: &Element,
    secret: &Exponent,
    rng: &mut dyn CryptoRng,
) -> (Element, [u8; 32], Exponent) {
    let r = Exponent::full(rng);
    let c = hash(version, &Element::g_to(&r), Some(&base.pow(&r)));
    (base.pow(secret), c, r.minus_product(secret, &Exponent::from_hash(&c)))
}

/// Checks the proof of [`same_power`]; `known` is g to the exponent.
fn is_same_power(version: u8, known: &Element, base: &Element, power: &Element, c: &[u8], d: &[u8]) -> Option<()> {
    let (challenge, d) = (challenge(c)?, Exponent::response_from(d)?);
    let first = Element::g_to(&d).mul(&known.pow(&challenge));
    let second = base.pow(&d).mul(&power.pow(&challenge));
    is_hash(c, &hash(version, &first, Some(&second)))
}

/// The SMP hash function of the spec.
fn hash(version: u8, first: &Element, second: Option<&Element>) -> [u8; 32] {
    let mut input = vec![version];
    write_mpi(&mut input, &first.to_bytes());
    if let Some(second) = second {
        write_mpi(&mut input, &second.to_bytes());
    }
    Sha256::digest(&input).into()
}

fn challenge(c: &[u8]) -> Option<Exponent> {
    padded(c).map(|hash| Exponent::from_hash(&hash))
}

fn is_hash(c: &[u8], hash: &[u8; 32]) -> Option<()> {
    (padded(c)? == *hash).then_some(())
}

/// A hash that came as an MPI, with its leading zeros again.
fn padded(c: &[u8]) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    hash.get_mut(32_usize.checked_sub(c.len())?..)?.copy_from_slice(c);
    Some(hash)
}

#[cfg(test)]
mod tests;
