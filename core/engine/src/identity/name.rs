//! Names that look chosen: invented syllables, words and digits in seven patterns. Part of the frozen derivation.
//!
//! Every name has a probability below 2^-40, whoever knows all of this file (see the test). No pattern of letters and
//! digits has a share above one in five.

use std::sync::LazyLock;

use super::draw::Stream;

const ONSETS: &[u8; 16] = b"bdfghjklmnprstvz";
const VOWELS: &[u8; 5] = b"aeiou";
const CODAS: &[u8; 6] = b"lmnrst";
/// 512 words of three to six letters, one a line.
const WORD_LIST: &str = include_str!("../../data/name-words.txt");
static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| WORD_LIST.lines().collect());

/// A part of a name.
#[derive(Clone, Copy)]
enum Part {
    /// Onset and vowel.
    Open,
    /// Onset, vowel and coda.
    Closed,
    /// A word of the list.
    Word,
    /// So many digits.
    Digits(u16),
    /// A digit from 2 to 9.
    Digit,
}

use Part::{Closed, Digit, Digits, Open, Word};

/// Twelve slots, so that each pattern of letters and digits has two: 16.7 %.
const PATTERNS: [&[Part]; 12] = [
    &[Closed, Open, Closed, Closed, Open],
    &[Word, Closed, Closed, Word, Open],
    &[Word, Closed, Open, Closed, Digits(2)],
    &[Word, Closed, Open, Closed, Digits(2)],
    &[Word, Word, Closed, Digits(4)],
    &[Word, Word, Closed, Digits(4)],
    &[Closed, Open, Closed, Word, Open, Digit],
    &[Closed, Open, Closed, Word, Open, Digit],
    &[Closed, Open, Digit, Word, Closed, Open],
    &[Closed, Open, Digit, Word, Closed, Open],
    &[Closed, Closed, Word, Open, Digits(3)],
    &[Closed, Closed, Word, Open, Digits(3)],
];

/// Draws a name: `[a-z][a-z0-9]{5,19}`.
pub(super) fn draw(stream: &mut Stream) -> String {
    let mut name = String::with_capacity(20);
    for part in *stream.choose(&PATTERNS) {
        match part {
            Open => syllable(stream, &mut name),
            Closed => {
                syllable(stream, &mut name);
                name.push(char::from(*stream.choose(CODAS)));
            }
            Word => {
                let word: &&str = stream.choose(&WORDS);
                name.push_str(word);
            }
            Digits(count) => (0..*count).for_each(|_| name.push(char::from(*stream.choose(b"0123456789")))),
            Digit => name.push(char::from(*stream.choose(b"23456789"))),
        }
    }
    name
}

fn syllable(stream: &mut Stream, name: &mut String) {
    name.push(char::from(*stream.choose(ONSETS)));
    name.push(char::from(*stream.choose(VOWELS)));
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use sha2::{Digest as _, Sha256};

    use super::*;

    fn names(count: usize) -> impl Iterator<Item = String> {
        let mut stream = Stream::new(&[3; 32]);
        (0..count).map(move |_| draw(&mut stream))
    }

    #[test]
    fn the_word_list_is_frozen() {
        let digest: String = Sha256::digest(WORD_LIST).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(digest, "049a45318e781e565ca603a51bdb08712a59d1f569dc3be7a271ac0bfa14fdb3");
        let words: HashSet<&&str> = WORDS.iter().collect();
        assert_eq!(words.len(), 512);
        assert!(words.iter().all(|w| (3..=6).contains(&w.len()) && w.bytes().all(|b| b.is_ascii_lowercase())));
    }

    #[test]
    fn every_server_takes_them_and_none_comes_twice() {
        let mut seen = HashSet::new();
        for name in names(200_000) {
            let sound = name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            assert!(sound && (6..=20).contains(&name.len()), "{name}");
            assert!(seen.insert(name));
        }
    }

    /// `L8D2` for eight letters and two digits, or without the lengths.
    fn shape(name: &str, lengths: bool) -> String {
        let mut shape = String::new();
        for run in name.as_bytes().chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()) {
            shape.push(if run[0].is_ascii_digit() { 'D' } else { 'L' });
            if lengths || run[0].is_ascii_digit() {
                shape.push_str(&run.len().to_string());
            }
        }
        shape
    }

    #[test]
    fn no_shape_is_above_one_in_five() {
        for lengths in [false, true] {
            let mut counts: HashMap<String, u32> = HashMap::new();
            for name in names(100_000) {
                *counts.entry(shape(&name, lengths)).or_default() += 1;
            }
            assert!(counts.len() >= 6);
            assert!(counts.values().all(|c| *c <= 20_000), "{counts:?}");
        }
    }

    /// The probability of a name, over all patterns and all ways to read it in each.
    fn probability(name: &[u8], pattern: &[Part]) -> f64 {
        let Some((part, rest)) = pattern.split_first() else { return f64::from(u8::from(name.is_empty())) };
        let syllable = |n: &[u8]| n.len() >= 2 && ONSETS.contains(&n[0]) && VOWELS.contains(&n[1]);
        let digits =
            |n: &[u8], count: usize, from: u8| n.len() >= count && n[..count].iter().all(|d| (from..=b'9').contains(d));
        match part {
            Open if syllable(name) => probability(&name[2..], rest) / 80.0,
            Closed if syllable(name) && name.len() >= 3 && CODAS.contains(&name[2]) => {
                probability(&name[3..], rest) / 480.0
            }
            Word => {
                let words = WORDS.iter().filter(|w| name.starts_with(w.as_bytes()));
                words.map(|w| probability(&name[w.len()..], rest) / 512.0).sum()
            }
            Digits(count) if digits(name, usize::from(*count), b'0') => {
                probability(&name[usize::from(*count)..], rest) / 10_f64.powi(i32::from(*count))
            }
            Digit if digits(name, 1, b'2') => probability(&name[1..], rest) / 8.0,
            _ => 0.0,
        }
    }

    #[test]
    fn no_name_is_likelier_than_2_to_the_minus_40() {
        // The bound for all names: a pattern's choices are equally likely, and a name of it can be read in as many ways as
        // its words but the last can have lengths, of which there are four. Patterns with the same digits add up.
        let mut bounds: HashMap<Vec<u16>, f64> = HashMap::new();
        for pattern in PATTERNS {
            let (mut bound, mut words, mut digits) = (1.0 / 12.0, 0, Vec::new());
            for part in pattern {
                bound /= match part {
                    Open => 80.0,
                    Closed => 480.0,
                    Word => 512.0,
                    Digits(count) => 10_f64.powi(i32::from(*count)),
                    Digit => 8.0,
                };
                words += i32::from(matches!(part, Word));
                digits.extend(match part {
                    Digits(count) => Some(*count),
                    Digit => Some(1),
                    _ => None,
                });
            }
            *bounds.entry(digits).or_default() += bound * 4_f64.powi((words - 1).max(0));
        }
        assert!(bounds.values().all(|bound| *bound < 2_f64.powi(-40)), "{bounds:?}");
        // That the patterns are what is drawn: the probability of real names, over all ways to read them.
        for name in names(20_000) {
            let sum: f64 = PATTERNS.iter().map(|pattern| probability(name.as_bytes(), pattern)).sum();
            assert!(sum > 0.0 && sum / 12.0 < 2_f64.powi(-40), "{name}: 2^{}", (sum / 12.0).log2());
        }
    }
}
