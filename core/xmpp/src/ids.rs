//! Stanza ids and resources: random, in one form, so that neither tells one client or burner from another.

use rand::{CryptoRng, RngExt as _};

/// Draws ids from a random source.
pub struct Ids(Box<dyn CryptoRng + Send>);

impl Ids {
    /// Ids from `rng`; whatever else draws from it, no id may be foreseeable.
    #[must_use]
    pub fn new(rng: Box<dyn CryptoRng + Send>) -> Self {
        Self(rng)
    }

    /// 16 characters of `a-z0-9`: 82 bits, a form that several clients use.
    pub fn draw(&mut self) -> String {
        const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        (0..16).map(|_| char::from(ALPHABET[self.0.random_range(0..ALPHABET.len())])).collect()
    }
}

impl std::fmt::Debug for Ids {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ids")
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn ids_have_one_form_and_never_repeat() {
        let mut ids = Ids::new(Box::new(StdRng::seed_from_u64(1)));
        let drawn: std::collections::HashSet<String> = (0..1000).map(|_| ids.draw()).collect();
        assert_eq!(drawn.len(), 1000);
        assert!(drawn.iter().all(|id| id.len() == 16 && id.bytes().all(|b| b.is_ascii_alphanumeric())));
    }
}
