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
            return Err(WordsError::Count { words: u32::try_from(words.len()).unwrap_or(u32::MAX) });
        }
        let mnemonic = Mnemonic::parse_in_normalized(Language::English, &Zeroizing::new(words.join(" ")));
        let mnemonic = mnemonic.map_err(|error| match error {
            bip39::Error::UnknownWord(index) => WordsError::Unknown {
                at: u32::try_from(index + 1).unwrap_or(u32::MAX),
                nearest: nearest(words.get(index).map_or("", String::as_str)),
            },
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

/// The word of the list that takes the fewest changes, of those that begin with the same letter if there are several.
fn nearest(typed: &str) -> ListWord {
    let changes = |word: &&str| (strsim::osa_distance(typed, word), word.chars().next() != typed.chars().next());
    ListWord(Language::English.word_list().iter().copied().min_by_key(changes).unwrap_or_default())
}

/// A word of the list. Nearly always it is one of the user's own: its `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ListWord(&'static str);

impl ListWord {
    /// The word, if it is in the list.
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        Language::English.word_list().iter().find(|known| **known == word).map(|known| Self(known))
    }

    /// The word, to show to the user who types.
    #[must_use]
    pub const fn expose(&self) -> &'static str {
        self.0
    }
}

impl fmt::Debug for ListWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ListWord(..)")
    }
}

/// What is wrong with typed words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// Not twelve.
    #[error("{words} words, not 12")]
    Count {
        /// How many.
        words: u32,
    },
    /// A word is not in the list.
    #[error("word {at} is not in the list")]
    Unknown {
        /// Which, counted from 1.
        at: u32,
        /// The word of the list that is most like it.
        nearest: ListWord,
    },
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
        assert_eq!(error(""), Some(WordsError::Count { words: 0 }));
        assert_eq!(error(&format!("{WORDS} legal")), Some(WordsError::Count { words: 13 }));
        for (typed, meant) in [("waave", "wave"), ("wvae", "wave"), ("waves", "wave"), ("wolff", "wolf")] {
            let expected = WordsError::Unknown { at: 5, nearest: ListWord(meant) };
            assert_eq!(error(&WORDS.replace("wave", typed)), Some(expected), "{typed}");
            assert!(!format!("{expected:?} {expected}").contains(meant));
        }
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
