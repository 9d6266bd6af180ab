//! What names are put together from. Part of the frozen derivation: no entry is ever added, removed or moved.

use std::sync::LazyLock;

type Table = LazyLock<Vec<&'static str>>;

static ONSETS: Table = LazyLock::new(|| include_str!("../../data/names/onsets.txt").lines().collect());
static MIDDLES: Table = LazyLock::new(|| include_str!("../../data/names/middles.txt").lines().collect());
static ENDINGS: Table = LazyLock::new(|| include_str!("../../data/names/endings.txt").lines().collect());
static WORDS: Table = LazyLock::new(|| include_str!("../../data/names/words.txt").lines().collect());

/// One part of a name, drawn from the table of its kind.
#[derive(Clone, Copy)]
pub(super) enum Part {
    /// The initial of a first name.
    Initial,
    /// A single consonant: what an invented name begins with after initials.
    Single,
    /// One or two consonants: what an invented name begins with otherwise.
    Onset,
    /// One vowel.
    Vowel,
    /// One or two consonants between two vowels.
    Middle,
    /// The end of an invented name: a consonant and what follows.
    Ending,
    /// A word or first name of three to five letters. None is the beginning of another.
    Word,
    /// Any digit.
    Digit,
    /// A digit other than zero.
    Nonzero,
}

impl Part {
    /// The entries, in the order that the derivation counts them.
    pub(super) fn table(self) -> &'static [&'static str] {
        match self {
            Self::Initial => &["a", "b", "c", "d", "e", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w"],
            Self::Single => &["b", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z"],
            Self::Onset => &ONSETS,
            Self::Vowel => &["a", "e", "i", "o", "u"],
            Self::Middle => &MIDDLES,
            Self::Ending => &ENDINGS,
            Self::Word => &WORDS,
            Self::Digit => &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
            Self::Nonzero => &["1", "2", "3", "4", "5", "6", "7", "8", "9"],
        }
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use sha2::{Digest as _, Sha256};

    use super::*;

    const ALL: [(Part, usize); 9] = [
        (Part::Initial, 16),
        (Part::Single, 16),
        (Part::Onset, 32),
        (Part::Vowel, 5),
        (Part::Middle, 64),
        (Part::Ending, 128),
        (Part::Word, 512),
        (Part::Digit, 10),
        (Part::Nonzero, 9),
    ];

    #[test]
    fn the_tables_are_frozen() {
        let all: Vec<String> = ALL.map(|(part, _)| part.table().join("\n")).into();
        let digest = HEXLOWER.encode(&Sha256::digest(all.join("\n\n")));
        assert_eq!(digest, "465b1113ffeee6b18ed29aad7d86ea3ea369f98219dabd8c5ef1bbedfdcb771e");
    }

    #[test]
    fn every_table_is_whole_and_sorted() {
        for (part, length) in ALL {
            assert_eq!(part.table().len(), length);
            assert!(part.table().is_sorted_by(|a, b| a < b));
            assert!(part.table().iter().all(|e| e.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())));
        }
    }

    /// What makes a pattern read a name in one way at most; see `core/docs/derivation.md`.
    #[test]
    fn the_parts_tell_themselves_apart() {
        let vowel = |letter: char| "aeiou".contains(letter);
        for part in [Part::Single, Part::Onset, Part::Middle] {
            assert!(part.table().iter().all(|entry| !entry.contains(vowel)));
        }
        let words = Part::Word.table();
        // Sorted: a word that begins another stands right before one that it begins.
        assert!(words.windows(2).all(|pair| !pair[1].starts_with(pair[0])));
    }
}
