//! Twelve recovery words (BIP-39, English): 128 bits that a user can write down.

use std::fmt;

use bip39::{Language, Mnemonic};
use rand::CryptoRng;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// The words of one burner. They are evidence that links their holder to the account.
#[derive(ZeroizeOnDrop)]
pub struct RecoveryWords([u8; 16]);

impl RecoveryWords {
    /// Draws new words.
    #[must_use]
    pub(crate) fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut words = Self([0; 16]);
        rng.fill_bytes(&mut words.0);
        words
    }

    /// Reads words as a user types them: any case, any white space.
    ///
    /// # Errors
    /// See [`WordsError`].
    pub fn parse(text: &str) -> Result<Self, WordsError> {
        let text = Zeroizing::new(text.to_lowercase());
        let words: Zeroizing<Vec<String>> = Zeroizing::new(text.split_whitespace().map(str::to_owned).collect());
        if words.len() != 12 {
            return Err(WordsError::Count(words.len()));
        }
        let mnemonic = Mnemonic::parse_in_normalized(Language::English, &Zeroizing::new(words.join(" ")));
        let mnemonic = mnemonic.map_err(|error| match error {
            bip39::Error::UnknownWord(index) => WordsError::Unknown(index + 1),
            _ => WordsError::Checksum,
        })?;
        let entropy = Zeroizing::new(mnemonic.to_entropy());
        <[u8; 16]>::try_from(entropy.as_slice()).map(Self).map_err(|_| WordsError::Checksum)
    }

    /// The words, for a user to write down.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        // Room for twelve of the longest words, so that growing leaves no copy behind.
        let mut text = Zeroizing::new(String::with_capacity(12 * 9));
        // 16 bytes are a length that BIP-39 knows: there always is a mnemonic.
        for word in Mnemonic::from_entropy_in(Language::English, &self.0).iter().flat_map(Mnemonic::words) {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
        text
    }

    pub(super) const fn entropy(&self) -> &[u8; 16] {
        &self.0
    }

    #[cfg(test)]
    pub(super) const fn from_entropy(entropy: [u8; 16]) -> Self {
        Self(entropy)
    }
}

impl fmt::Debug for RecoveryWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryWords(..)")
    }
}

/// What is wrong with typed words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// Not twelve, but so many.
    #[error("{0} words, not 12")]
    Count(usize),
    /// The word at this place, counted from 1, is not in the list.
    #[error("word {0} is not in the list")]
    Unknown(usize),
    /// All are in the list, but not together: one is mistyped, or two are swapped.
    #[error("the words do not fit together")]
    Checksum,
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    const WORDS: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

    #[test]
    fn words_are_read_as_they_are_typed() {
        let typed = "  LEGAL winner\tthank year\nwave sausage worth useful legal  winner thank Yellow ";
        let words = RecoveryWords::parse(typed).unwrap();
        assert_eq!(words.entropy(), &[0x7f; 16]);
        assert_eq!(*words.expose(), WORDS);
    }

    #[test]
    fn mistakes_are_told_apart() {
        let error = |text: &str| RecoveryWords::parse(text).err();
        assert_eq!(error(""), Some(WordsError::Count(0)));
        assert_eq!(error(&format!("{WORDS} legal")), Some(WordsError::Count(13)));
        assert_eq!(error(&WORDS.replace("wave", "wawe")), Some(WordsError::Unknown(5)));
        assert_eq!(error(&WORDS.replace("yellow", "year")), Some(WordsError::Checksum));
    }

    #[test]
    fn drawn_words_are_read_back() {
        let mut rng = StdRng::seed_from_u64(4);
        for _ in 0..100 {
            let words = RecoveryWords::generate(&mut rng);
            assert_eq!(RecoveryWords::parse(&words.expose()).unwrap().entropy(), words.entropy());
        }
    }

    #[test]
    fn debug_shows_no_word() {
        assert_eq!(format!("{:?}", RecoveryWords::from_entropy([1; 16])), "RecoveryWords(..)");
    }
}
