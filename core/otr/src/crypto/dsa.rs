//! DSA with p of 1024 and q of 160 bits, as OTR version 3 signs: the secret half, in constant time.
//!
//! OTR signs the 32 bytes M modulo q, neither hashed nor truncated. The nonce is RFC 6979's (HMAC-SHA-256), with fresh
//! randomness mixed in (section 3.6): a weak random source alone does not give the key away, nor does a fault.

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U192, U256, U1024, Uint};
use rand::CryptoRng;
use zeroize::{Zeroize as _, Zeroizing};

use super::keys::hmac_sha256;
use super::public::{self, DsaPublic};

/// Bytes of q, and so of x, k, r and s.
const LEN: usize = 20;
const BITS: u32 = 160;

/// A private key.
pub(crate) struct DsaPrivate {
    g: FixedMontyForm<{ U1024::LIMBS }>,
    q: FixedMontyParams<{ U192::LIMBS }>,
    x: Zeroizing<U192>,
}

impl DsaPrivate {
    /// Takes big-endian numbers; refuses other sizes than 1024 and 160 bits, and 0 or q and above for x.
    pub(crate) fn new(p: &[u8], q: &[u8], g: &[u8], x: &[u8]) -> Option<Self> {
        let p = Odd::new(U1024::from_be_slice(&padded::<128>(p)?)).into_option()?;
        let q_odd = Odd::new(wide(&padded::<LEN>(q)?)).into_option()?;
        let x = Zeroizing::new(wide(&Zeroizing::new(padded::<LEN>(x)?)));
        let sizes = p.bit_width_vartime() == 1024 && q_odd.bit_width_vartime() == BITS;
        if !sizes || *x == U192::ZERO || *x >= *q_odd.as_ref() {
            return None;
        }
        let g = FixedMontyForm::new(&U1024::from_be_slice(&padded::<128>(g)?), &FixedMontyParams::new_vartime(p));
        Some(Self { g, q: FixedMontyParams::new_vartime(q_odd), x })
    }

    /// x, 20 bytes.
    pub(crate) fn x(&self) -> Zeroizing<[u8; LEN]> {
        narrow(&self.x)
    }

    /// g to x: the public key's y.
    pub(crate) fn y(&self) -> Vec<u8> {
        self.g.pow_bounded_exp(&*self.x, BITS).retrieve().to_be_bytes().as_ref().to_vec()
    }

    /// r and s, 20 bytes each.
    pub(crate) fn sign(&self, message: &[u8; 32], rng: &mut dyn CryptoRng) -> [u8; 2 * LEN] {
        let m = self.modulo_q(&U256::from_be_slice(message));
        let mut fresh = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *fresh);
        let mut nonces = Nonces::new(&self.x(), &narrow(&m), &fresh);
        loop {
            let k = nonces.next(self.q.modulus().as_ref());
            if let Some(signature) = self.sign_with(&k, &m) {
                return signature;
            }
        }
    }

    /// `None` for the one k in 2^160 that gives a zero.
    pub(crate) fn sign_with(&self, k: &U192, m: &U192) -> Option<[u8; 2 * LEN]> {
        let r = self.modulo_q(&self.g.pow_bounded_exp(k, BITS).retrieve());

        let form = |v: &U192| FixedMontyForm::new(v, &self.q);
        let q_less_two = self.q.modulus().as_ref().wrapping_sub(&U192::from_u8(2));
        // Fermat's inverse: its exponent is public.
        let (mut k, mut x) = (form(k), form(&self.x));
        let mut inverse = k.pow(&q_less_two);
        let s = (inverse * (form(m) + x * form(&r))).retrieve();
        [&mut k, &mut x, &mut inverse].into_iter().for_each(FixedMontyForm::zeroize);

        let (r, s) = (narrow(&r), narrow(&s));
        if *r == [0; LEN] || *s == [0; LEN] {
            return None;
        }
        let mut signature = [0; 2 * LEN];
        signature.split_at_mut(LEN).0.copy_from_slice(&*r);
        signature.split_at_mut(LEN).1.copy_from_slice(&*s);
        Some(signature)
    }

    fn modulo_q<const LIMBS: usize>(&self, number: &Uint<LIMBS>) -> U192 {
        number.rem(self.q.modulus().as_nz_ref())
    }
}

/// RFC 6979, section 3.2, with additional data.
struct Nonces {
    key: Zeroizing<[u8; 32]>,
    value: Zeroizing<[u8; 32]>,
}

impl Nonces {
    fn new(x: &[u8; LEN], m: &[u8; LEN], fresh: &[u8; 32]) -> Self {
        let mut nonces = Self { key: Zeroizing::new([0; 32]), value: Zeroizing::new([1; 32]) };
        for separator in [0, 1] {
            *nonces.key = hmac_sha256(&*nonces.key, &[&*nonces.value, &[separator], x, m, fresh]);
            nonces.step();
        }
        nonces
    }

    fn step(&mut self) {
        *self.value = hmac_sha256(&*self.key, &[&*self.value]);
    }

    /// The next number in 1..q. How many are passed over tells nothing of the one that is taken.
    fn next(&mut self, q: &U192) -> Zeroizing<U192> {
        loop {
            self.step();
            let k = candidate(&self.value);
            *self.key = hmac_sha256(&*self.key, &[&*self.value, &[0]]);
            self.step();
            if *k != U192::ZERO && *k < *q {
                return k;
            }
        }
    }
}

/// The first 160 bits.
pub(crate) fn candidate(value: &[u8; 32]) -> Zeroizing<U192> {
    let mut bytes = Zeroizing::new([0; LEN]);
    bytes.copy_from_slice(value.split_at(LEN).0);
    Zeroizing::new(wide(&bytes))
}

fn padded<const N: usize>(be: &[u8]) -> Option<[u8; N]> {
    let (zeros, number) = be.split_at(be.len().saturating_sub(N));
    let mut bytes = [0; N];
    bytes.split_at_mut(N - number.len()).1.copy_from_slice(number);
    zeros.iter().all(|b| *b == 0).then_some(bytes)
}

fn wide(be: &[u8; LEN]) -> U192 {
    let mut bytes = Zeroizing::new([0; 24]);
    bytes.split_at_mut(4).1.copy_from_slice(be);
    U192::from_be_slice(&*bytes)
}

fn narrow(value: &U192) -> Zeroizing<[u8; LEN]> {
    let all = Zeroizing::new(value.to_be_bytes());
    let mut low = Zeroizing::new([0; LEN]);
    low.copy_from_slice(all.as_ref().split_at(4).1);
    low
}

/// A new key pair from a stream of bytes for p, q and g, and one for x: version 1 of the derivation.
pub(crate) fn generate(
    parameters: impl FnMut(&mut [u8]),
    mut key: impl FnMut(&mut [u8]),
) -> Option<(DsaPrivate, DsaPublic)> {
    let (p, q, g) = public::parameters(parameters);
    let [p, q, g] = [p, q, g].map(|n| n.to_bytes_be());
    let private = loop {
        let mut x = Zeroizing::new([0; LEN]);
        key(&mut *x);
        if let Some(private) = DsaPrivate::new(&p, &q, &g, &*x) {
            break private;
        }
    };
    let public = DsaPublic::new(&p, &q, &g, &private.y())?;
    Some((private, public))
}
