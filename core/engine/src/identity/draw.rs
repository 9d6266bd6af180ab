//! Uniform draws from a seed: the key stream of ChaCha20 (RFC 8439), with rejection. Part of the frozen derivation.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _};

/// Values drawn from a 32-byte seed.
pub(super) struct Stream(ChaCha20);

impl Stream {
    /// Key: the seed. Nonce: zero. Counter: from zero.
    pub(super) fn new(seed: &[u8; 32]) -> Self {
        Self(ChaCha20::new(seed.into(), &[0; 12].into()))
    }

    /// A uniform value below `bound`: two bytes, big-endian, drawn again while they fall into the last, incomplete run
    /// of `bound` values; then modulo `bound`.
    pub(super) fn below(&mut self, bound: u16) -> u16 {
        let bound = u32::from(bound.max(1));
        let end = 0x1_0000 / bound * bound;
        loop {
            let mut bytes = [0; 2];
            self.0.apply_keystream(&mut bytes);
            let value = u32::from(u16::from_be_bytes(bytes));
            if value < end {
                // Below a bound of 16 bits.
                return (value % bound) as u16;
            }
        }
    }

    /// A uniform entry of a table of at most 65535.
    pub(super) fn choose<'t, T>(&mut self, table: &'t [T]) -> &'t T {
        let length = u16::try_from(table.len()).unwrap_or(u16::MAX);
        &table[usize::from(self.below(length))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_uniform() {
        let mut stream = Stream::new(&[1; 32]);
        let mut counts = [0_u32; 10];
        for _ in 0..100_000 {
            counts[usize::from(stream.below(10))] += 1;
        }
        assert!(counts.iter().all(|c| (9_600..10_400).contains(c)), "{counts:?}");
    }

    #[test]
    fn the_incomplete_run_is_rejected() {
        // 40000 fits once into 65536: without rejection the lower values would come up twice as often.
        let mut stream = Stream::new(&[2; 32]);
        let low = (0..100_000).filter(|_| stream.below(40_000) < 20_000).count();
        assert!((49_000..51_000).contains(&low), "{low}");
    }
}
