//! Uniform draws from a seed: the key stream of ChaCha20 (RFC 8439), with rejection. Part of the frozen derivation.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _};
use zeroize::Zeroizing;

/// Values drawn from a 32-byte seed.
pub(super) struct Stream {
    cipher: ChaCha20,
    /// The current block of key stream, and how much of it is used.
    block: Zeroizing<[u8; 64]>,
    used: usize,
}

impl Stream {
    /// Key: the seed. Nonce: zero. Counter: from zero.
    pub(super) fn new(seed: &[u8; 32]) -> Self {
        Self { cipher: ChaCha20::new(seed.into(), &[0; 12].into()), block: Zeroizing::new([0; 64]), used: 64 }
    }

    /// A uniform value below `bound`: two bytes, big-endian, drawn again while they fall into the last, incomplete run
    /// of `bound` values; then modulo `bound`.
    pub(super) fn below(&mut self, bound: u16) -> u16 {
        let bound = u32::from(bound.max(1));
        let end = 0x1_0000 / bound * bound;
        loop {
            let value = u32::from(self.two_bytes());
            if value < end {
                // Below a bound of 16 bits.
                return (value % bound) as u16;
            }
        }
    }

    /// A uniform entry of a table of at most 65535.
    pub(super) fn choose<T: Copy>(&mut self, table: &[T]) -> T {
        let length = u16::try_from(table.len()).unwrap_or(u16::MAX);
        table[usize::from(self.below(length))]
    }

    /// The number of an entry, drawn with the weights of all; together they are at most 65535.
    pub(super) fn weighted(&mut self, weights: impl Iterator<Item = u16> + Clone) -> usize {
        let mut value = self.below(weights.clone().sum());
        let passed = weights.take_while(|weight| {
            let rest = value.checked_sub(*weight);
            value = rest.unwrap_or(value);
            rest.is_some()
        });
        passed.count()
    }

    fn two_bytes(&mut self) -> u16 {
        if self.used == self.block.len() {
            self.block.fill(0);
            self.cipher.apply_keystream(&mut *self.block);
            self.used = 0;
        }
        let bytes = [self.block[self.used], self.block[self.used + 1]];
        self.used += 2;
        u16::from_be_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stream_is_that_of_rfc_8439() {
        // Appendix A.1: the first bytes of the blocks 0 and 1, from vectors 1 and 2.
        let mut stream = Stream::new(&[0; 32]);
        let blocks = [[(); 32]; 2].map(|block| block.map(|()| stream.two_bytes()));
        assert_eq!(blocks[0][..4], [0x76b8, 0xe0ad, 0xa0f1, 0x3d90]);
        assert_eq!(blocks[1][..4], [0x9f07, 0xe7be, 0x5551, 0x387a]);
    }

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
    fn weights_are_shares() {
        let mut stream = Stream::new(&[1; 32]);
        let mut counts = [0_u32; 4];
        for _ in 0..100_000 {
            counts[stream.weighted([10, 0, 60, 30].into_iter())] += 1;
        }
        let expected = [10_000, 0, 60_000, 30_000_u32];
        assert!(counts.iter().zip(expected).all(|(count, share)| count.abs_diff(share) <= share / 20), "{counts:?}");
    }

    #[test]
    fn the_incomplete_run_is_rejected() {
        // 40000 fits once into 65536: without rejection the lower values would come up twice as often.
        let mut stream = Stream::new(&[2; 32]);
        let low = (0..100_000).filter(|_| stream.below(40_000) < 20_000).count();
        assert!((49_000..51_000).contains(&low), "{low}");
    }
}
