//! Numbers that everybody may know: DSA parameters and public keys, checks of signatures, the search for primes.
//!
//! The one place of num-bigint: its running time depends on its operands.

use std::sync::LazyLock;

use num_bigint::BigUint;

/// The sizes that OTR allows: q is 160 bits on the wire; p is at most this long, or checking it would cost too much.
const Q_BITS: u64 = 160;
const P_BITS: std::ops::RangeInclusive<u64> = 1024..=3072;

/// A DSA public key with numbers that fit together.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DsaPublic {
    p: BigUint,
    q: BigUint,
    g: BigUint,
    y: BigUint,
}

impl DsaPublic {
    /// Takes big-endian numbers. Refuses what is out of range, and a y outside the subgroup of order q.
    pub(crate) fn new(p: &[u8], q: &[u8], g: &[u8], y: &[u8]) -> Option<Self> {
        let [p, q, g, y] = [p, q, g, y].map(BigUint::from_bytes_be);
        let one = BigUint::from(1u8);
        let in_range = |v: &BigUint| *v > one && *v < p;
        let sizes = q.bits() == Q_BITS && P_BITS.contains(&p.bits()) && in_range(&g) && in_range(&y);
        // Odd moduli only: an even one is no prime, and slow to check.
        let fits = sizes && p.bit(0) && q.bit(0) && g.modpow(&q, &p) == one && y.modpow(&q, &p) == one;
        fits.then_some(Self { p, q, g, y })
    }

    /// p, q, g, y as big-endian bytes without leading zeros.
    pub(crate) fn numbers(&self) -> [Vec<u8>; 4] {
        [&self.p, &self.q, &self.g, &self.y].map(BigUint::to_bytes_be)
    }

    /// Whether (r, s), 20 bytes each, signs `message`, which is taken modulo q as OTR does.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; 40]) -> bool {
        let (r, s) = signature.split_at(20);
        let (r, s) = (BigUint::from_bytes_be(r), BigUint::from_bytes_be(s));
        let zero = BigUint::ZERO;
        if r == zero || s == zero || r >= self.q || s >= self.q {
            return false;
        }
        let Some(w) = s.modinv(&self.q) else { return false };
        let m = BigUint::from_bytes_be(message) % &self.q;
        let (u1, u2) = (m * &w % &self.q, &r * w % &self.q);
        let v = self.g.modpow(&u1, &self.p) * self.y.modpow(&u2, &self.p) % &self.p % &self.q;
        v == r
    }
}

/// DSA parameters p (1024 bits), q (160 bits) and g: version 1 of the derivation, `core/docs/derivation.md`.
pub(crate) fn parameters(mut next_bytes: impl FnMut(&mut [u8])) -> (BigUint, BigUint, BigUint) {
    let one = BigUint::from(1u8);
    let q = loop {
        let mut bytes = [0; 20];
        next_bytes(&mut bytes);
        let mut q = BigUint::from_bytes_be(&bytes);
        q.set_bit(159, true);
        q.set_bit(0, true);
        if is_prime(&q) {
            break q;
        }
    };
    let p = loop {
        let mut bytes = [0; 128];
        next_bytes(&mut bytes);
        let mut x = BigUint::from_bytes_be(&bytes);
        x.set_bit(1023, true);
        let p = &x - &x % (&q * 2u8) + &one;
        if p.bits() == 1024 && is_prime(&p) {
            break p;
        }
    };
    let cofactor = (&p - &one) / &q;
    let g = (2u8..).map(|h| BigUint::from(h).modpow(&cofactor, &p)).find(|g| *g != one).unwrap_or(one);
    (p, q, g)
}

/// Miller-Rabin to the first forty primes as bases: for numbers from a random stream, not for an opponent's.
fn is_prime(n: &BigUint) -> bool {
    if SMALL_PRIMES.iter().any(|prime| (n % prime) == BigUint::ZERO) {
        return false;
    }
    let one = BigUint::from(1u8);
    let n_less_one = n - &one;
    let twos = n_less_one.trailing_zeros().unwrap_or(0);
    let odd = &n_less_one >> twos;
    SMALL_PRIMES.iter().take(40).all(|base| {
        let mut x = BigUint::from(*base).modpow(&odd, n);
        let mut left = twos;
        while left > 1 && x != one && x != n_less_one {
            x = &x * &x % n;
            left -= 1;
        }
        x == n_less_one || (x == one && left == twos)
    })
}

/// The primes below 2048.
static SMALL_PRIMES: LazyLock<Vec<u16>> = LazyLock::new(|| {
    let is_prime = |n: &u16| (2..*n).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d));
    (2..2048).filter(is_prime).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primes() {
        let n = |text: &str| BigUint::parse_bytes(text.as_bytes(), 10).unwrap();
        assert!(is_prime(&((BigUint::from(1u8) << 127u8) - 1u8)));
        assert!(is_prime(&n("170141183460469231731687303715884105727")));
        assert!(!is_prime(&n("170141183460469231731687303715884105725")));
        // A product of two primes, neither small, and a strong pseudoprime to base 2.
        assert!(!is_prime(&(n("2147483647") * n("2305843009213693951"))));
        assert!(!is_prime(&n("3215031751")));
    }
}
