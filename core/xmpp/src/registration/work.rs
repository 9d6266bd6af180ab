//! The proof of work of a form (XEP-0158, section 6.2, "SHA-256 Hashcash"): a text that begins with the server's name,
//! with a SHA-256 hash that ends in bits of the server's choice. The caller runs the search in steps. Between two steps it can
//! show the progress, or drop the search.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// Bits at most: on a phone, seconds.
const BITS_AT_MOST: u32 = 24;
/// How many times the number of texts that is expected is tried before the search is given up. Of a billion billion searches
/// one needs more.
const PATIENCE: u64 = 40;

/// The bits that a hash has to end in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    value: u64,
    bits: u32,
}

impl Target {
    /// Reads a field's label: a hexadecimal number. As many bits as it has are to be the last bits of the hash. `None` if it is no
    /// such number, or if the search would take too long.
    pub(super) fn parse(label: &str) -> Option<Self> {
        let value = u64::from_str_radix(label.trim(), 16).ok()?;
        let bits = u64::BITS - value.leading_zeros();
        (bits <= BITS_AT_MOST).then_some(Self { value, bits })
    }

    fn is_met_by(self, text: &str) -> bool {
        let hash = Sha256::digest(text);
        let end = hash.iter().rev().take(8).rev().fold(0, |end: u64, byte| end << 8 | u64::from(*byte));
        end & ((1 << self.bits) - 1) == self.value
    }

    /// How many texts have to be tried, on average.
    const fn expected(self) -> u64 {
        1 << self.bits
    }
}

/// A search for a proof. To drop it is to give it up.
pub struct Work {
    domain: String,
    target: Target,
    start: u64,
    tried: u64,
}

impl Work {
    /// `start`: random, where the search begins.
    pub(super) fn new(domain: &str, target: Target, start: u64) -> Self {
        Self { domain: domain.to_owned(), target, start, tried: 0 }
    }

    /// Tries so many texts more. `None`: go on.
    ///
    /// # Errors
    /// [`NoProof`]: there is no hope.
    pub fn run(&mut self, texts: u32) -> Result<Option<Proof>, NoProof> {
        for _ in 0..texts {
            if self.tried >= self.target.expected() * PATIENCE {
                return Err(NoProof);
            }
            // The form of the example in XEP-0158.
            let text = format!("{}{:016X}", self.domain, self.start.wrapping_add(self.tried));
            self.tried += 1;
            if self.target.is_met_by(&text) {
                return Ok(Some(Proof(text)));
            }
        }
        Ok(None)
    }

    /// How far the search is, of what is expected, in percent. It can need more: then it stays at 99.
    #[must_use]
    pub fn percent(&self) -> u8 {
        let percent = self.tried.saturating_mul(100) / self.target.expected();
        u8::try_from(percent.min(99)).unwrap_or(99)
    }
}

/// It names the server.
impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Work({} %)", self.percent())
    }
}

/// A text with a hash that ends as the server wants it.
#[derive(Clone, PartialEq, Eq)]
pub struct Proof(String);

impl Proof {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof(..)")
    }
}

/// There is no proof where it was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no proof of work was found")]
pub struct NoProof;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_has_the_bits_of_its_number() {
        let bits = |label| Target::parse(label).map(|target| target.bits);
        assert_eq!(bits("e03d7"), Some(20));
        assert_eq!(bits("93C7A"), Some(20));
        assert_eq!(bits(" 1 "), Some(1));
        assert_eq!(bits("ffffff"), Some(24));
        for bad in ["1000000", "ffffffffffffffffff", "", "-1", "0x1", "Enter the text"] {
            assert_eq!(bits(bad), None, "{bad}");
        }
    }

    /// The last bits of the SHA-256 of "abc" are those of FIPS 180-2, appendix B.1.
    #[test]
    fn a_hash_ends_as_the_standard_has_it() {
        assert!(Target { value: 0x0015ad, bits: 24 }.is_met_by("abc"));
        assert!(!Target { value: 0x0015ac, bits: 24 }.is_met_by("abc"));
    }

    #[test]
    fn work_is_done_in_steps_and_ends() {
        let target = Target::parse("93c").unwrap();
        let mut work = Work::new("jabber.example", target, u64::MAX);
        assert_eq!(work.run(0), Ok(None));
        let (mut steps, mut percent) = (0, 0);
        let proof = loop {
            steps += 1;
            assert!(work.percent() >= percent && work.percent() < 100);
            percent = work.percent();
            if let Some(proof) = work.run(10).unwrap() {
                break proof;
            }
        };
        assert!(steps > 1 && percent > 0);
        assert!(proof.0.starts_with("jabber.example") && proof.0.len() == "jabber.example".len() + 16);
        assert!(target.is_met_by(&proof.0));
        assert_eq!(format!("{work:?} {proof:?}"), format!("Work({} %) Proof(..)", work.percent()));
    }

    #[test]
    fn a_search_without_hope_is_given_up() {
        let mut work = Work::new("jabber.example", Target { value: 2, bits: 1 }, 0);
        assert_eq!(work.run(1000), Err(NoProof));
        assert_eq!(work.tried, 2 * PATIENCE);
    }
}
