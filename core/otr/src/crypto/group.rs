//! The Diffie-Hellman group of OTR: RFC 3526's 1536-bit prime p with generator g = 2 of order q = (p - 1) / 2.
//!
//! Exponents are secret: raising to them takes the same time and touches the same memory whatever they are.

use std::sync::OnceLock;

use crypto_bigint::modular::ConstMontyForm;
use crypto_bigint::{CtAssign as _, CtEq as _, U1536, const_monty_params};
use rand::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const_monty_params!(
    P,
    U1536,
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca237327ffffffffffffffff",
    "The prime modulus"
);
const_monty_params!(
    Q,
    U1536,
    "7fffffffffffffffe487ed5110b4611a62633145c06e0e68948127044533e63a0105df531d89cd9128a5043cc71a026ef7ca8cd9e69d218d98158536f92f8a1ba7f09ab6b6a8e122f242dabb312f3f637a262174d31bf6b585ffae5b7a035bf6f71c35fdad44cfd2d74f9208be258ff324943328f6722d9ee1003e5c50b1df82cc6d241b0e2ae9cd348b1fd47e9267afc1b2ae91ee51d6cb0e3179ab1042a95dcf6a9483b84b4b36b3861aa7255e4c0278ba36046511b993ffffffffffffffff",
    "The order of the group"
);

type Form = ConstMontyForm<P, { U1536::LIMBS }>;

/// Bytes of the modulus.
pub(crate) const LEN: usize = 192;
/// Bits of the exponents of key exchange: the spec's least, which is also what other clients use.
const SHORT_BITS: u32 = 320;
const FULL_BITS: u32 = 1536;

/// For the bench.
#[cfg(feature = "counts")]
pub(crate) mod counts {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    static EXPONENTIATIONS: AtomicU64 = AtomicU64::new(0);

    pub(super) fn one_more() {
        EXPONENTIATIONS.fetch_add(1, Relaxed);
    }

    /// How many exponentiations this process has done in the group.
    pub(crate) fn exponentiations() -> u64 {
        EXPONENTIATIONS.load(Relaxed)
    }
}

/// An element of the group, other than 1 and -1 when it comes from outside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element(U1536);

impl Element {
    /// Checks 2 <= value <= p - 2, as everything that a peer sends must be.
    pub(crate) fn from_bytes(be: &[u8]) -> Option<Self> {
        let mut padded = [0; LEN];
        let at = LEN.checked_sub(be.len())?;
        padded.get_mut(at..)?.copy_from_slice(be);
        let value = U1536::from_be_slice(&padded);
        (value >= U1536::from_u8(2) && value <= P_LESS_TWO).then_some(Self(value))
    }

    /// All of its bytes, leading zeros included.
    pub(crate) fn to_bytes(self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        bytes.copy_from_slice(self.0.to_be_bytes().as_ref());
        bytes
    }

    /// g to a secret exponent, from a table of the powers of g.
    pub(crate) fn g_to(exponent: &Exponent) -> Self {
        #[cfg(feature = "counts")]
        counts::one_more();
        let mut product = Form::ONE;
        for (row, digit) in table(exponent.bits).iter().zip(exponent.digits()) {
            // Every entry is read, whichever is wanted.
            let mut factor = Form::ONE;
            for (entry, index) in row.iter().zip(0u8..) {
                factor.ct_assign(entry, index.ct_eq(&digit));
            }
            product *= factor;
            factor.zeroize();
        }
        Self(product.retrieve())
    }

    /// This to a secret exponent.
    pub(crate) fn pow(&self, exponent: &Exponent) -> Self {
        #[cfg(feature = "counts")]
        counts::one_more();
        Self(self.form().pow_amm_bounded_exp(&exponent.value, exponent.bits).retrieve())
    }

    pub(crate) fn mul(&self, other: &Self) -> Self {
        Self((self.form() * other.form()).retrieve())
    }

    /// This divided by another.
    pub(crate) fn div(&self, other: &Self) -> Self {
        // An element is never 0 modulo a prime, so it has an inverse.
        Self((self.form() * other.form().invert().unwrap_or(Form::ONE)).retrieve())
    }

    const fn form(&self) -> Form {
        Form::new(&self.0)
    }
}

impl Zeroize for Element {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// A secret exponent.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Exponent {
    value: U1536,
    bits: u32,
}

impl Exponent {
    /// 320 random bits, for key exchange.
    pub(crate) fn short(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; LEN]);
        let (_, low) = bytes.split_at_mut(LEN - SHORT_BITS as usize / 8);
        rng.fill_bytes(low);
        Self { value: U1536::from_be_slice(&*bytes), bits: SHORT_BITS }
    }

    /// Uniform modulo the group's order, for SMP.
    pub(crate) fn full(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; LEN]);
        rng.fill_bytes(&mut *bytes);
        Self::reduced(&bytes)
    }

    /// Bytes, big-endian, modulo the group's order.
    pub(crate) fn reduced(be: &[u8; LEN]) -> Self {
        let value = ConstMontyForm::<Q, { U1536::LIMBS }>::new(&U1536::from_be_slice(be)).retrieve();
        Self { value, bits: FULL_BITS }
    }

    /// A hash as an exponent of 256 bits.
    pub(crate) fn from_hash(hash: &[u8; 32]) -> Self {
        let mut bytes = Zeroizing::new([0; LEN]);
        let (_, low) = bytes.split_at_mut(LEN - hash.len());
        low.copy_from_slice(hash);
        Self { value: U1536::from_be_slice(&*bytes), bits: 256 }
    }

    /// A short exponent that was stored by [`Exponent::short_bytes`].
    pub(crate) fn from_short_bytes(be: &[u8; 40]) -> Self {
        let mut bytes = Zeroizing::new([0; LEN]);
        let (_, low) = bytes.split_at_mut(LEN - be.len());
        low.copy_from_slice(be);
        Self { value: U1536::from_be_slice(&*bytes), bits: SHORT_BITS }
    }

    /// The bytes of a short exponent.
    pub(crate) fn short_bytes(&self) -> Zeroizing<[u8; 40]> {
        let all = Zeroizing::new(self.to_bytes());
        let mut low = Zeroizing::new([0; 40]);
        low.copy_from_slice(all.split_at(LEN - 40).1);
        low
    }

    /// self - a * c modulo the order: the response of a zero-knowledge proof.
    pub(crate) fn minus_product(&self, a: &Self, c: &Self) -> Self {
        type Scalar = ConstMontyForm<Q, { U1536::LIMBS }>;
        let mut product = Scalar::new(&a.value) * Scalar::new(&c.value);
        let value = (Scalar::new(&self.value) - product).retrieve();
        product.zeroize();
        Self { value, bits: FULL_BITS }
    }

    pub(crate) fn to_bytes(&self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        bytes.copy_from_slice(self.value.to_be_bytes().as_ref());
        bytes
    }

    /// Whether it is in 1..q, as the responses of proofs must be.
    pub(crate) fn response_from(be: &[u8]) -> Option<Self> {
        let mut padded = [0; LEN];
        let at = LEN.checked_sub(be.len())?;
        padded.get_mut(at..)?.copy_from_slice(be);
        let value = U1536::from_be_slice(&padded);
        let in_range = value >= U1536::ONE && value < ORDER;
        in_range.then_some(Self { value, bits: FULL_BITS })
    }

    /// Its hexadecimal digits, lowest first.
    fn digits(&self) -> impl Iterator<Item = u8> {
        let bytes = Zeroizing::new(self.to_bytes());
        (0..LEN).rev().flat_map(move |i| {
            let byte = bytes.get(i).copied().unwrap_or_default();
            [byte & 15, byte >> 4]
        })
    }
}

const P_LESS_TWO: U1536 = modulus_minus::<P>(2);
const ORDER: U1536 = modulus_minus::<Q>(0);

const fn modulus_minus<M: crypto_bigint::modular::ConstMontyParams<{ U1536::LIMBS }>>(less: u8) -> U1536 {
    M::PARAMS.modulus().as_ref().wrapping_sub(&U1536::from_u8(less))
}

type Row = [Form; 16];

/// Row i holds g to 0 … 15 times 16^i. 80 rows (240 kB) for key exchange, 384 (1.2 MB) for SMP, made at first use.
fn table(bits: u32) -> &'static [Row] {
    static SHORT: OnceLock<Vec<Row>> = OnceLock::new();
    static FULL: OnceLock<Vec<Row>> = OnceLock::new();
    let cell = if bits <= SHORT_BITS { &SHORT } else { &FULL };
    let rows = if bits <= SHORT_BITS { SHORT_BITS } else { FULL_BITS } / 4;
    cell.get_or_init(|| {
        let mut base = Form::new(&U1536::from_u8(2));
        let next_row = |_| {
            let mut power = Form::ONE;
            let row = std::array::from_fn(|_| {
                let this = power;
                power *= base;
                this
            });
            base = power;
            row
        };
        (0..rows).map(next_row).collect()
    })
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    fn int(bytes: &[u8]) -> BigUint {
        BigUint::from_bytes_be(bytes)
    }

    #[test]
    fn powers_agree_with_an_independent_implementation() {
        let rng = &mut StdRng::seed_from_u64(1);
        let p = int(P_LESS_TWO.to_be_bytes().as_ref()) + 2u8;
        for _ in 0..4 {
            for exponent in [Exponent::short(rng), Exponent::full(rng), Exponent::from_hash(&[0xfe; 32])] {
                let e = int(&exponent.to_bytes());
                let power = Element::g_to(&exponent);
                assert_eq!(int(&power.to_bytes()), BigUint::from(2u8).modpow(&e, &p));
                let base = Element::g_to(&Exponent::short(rng));
                assert_eq!(int(&base.pow(&exponent).to_bytes()), int(&base.to_bytes()).modpow(&e, &p));
                assert!(power.mul(&base).div(&base) == power);
            }
        }
    }

    #[test]
    fn group_check() {
        let bytes = |less: u8| modulus_minus::<P>(less).to_be_bytes().as_ref().to_vec();
        for bad in [vec![], vec![0], vec![1], bytes(1), bytes(0), vec![0xff; LEN], vec![1; LEN + 1]] {
            assert!(Element::from_bytes(&bad).is_none());
        }
        for good in [vec![2], bytes(2)] {
            assert!(Element::from_bytes(&good).is_some());
        }
        assert!(Exponent::response_from(&[]).is_none());
        assert!(Exponent::response_from(ORDER.to_be_bytes().as_ref()).is_none());
        assert!(Exponent::response_from(&[1]).is_some());
    }
}
