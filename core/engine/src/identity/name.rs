//! Names that look chosen: initials, invented surnames, words and digits, in sixteen patterns. Part of the frozen
//! derivation.
//!
//! Nobody guesses a name with a probability above 2^-40, even knowing all of this (`core/docs/derivation.md` has the
//! proof, the test the numbers), and no arrangement of letters and digits has a share above one in five.

use super::draw::Stream;
use super::tables::Part::{self, Digit, Ending, Initial, Middle, Nonzero, Onset, Single, Vowel, Word};

/// Drawn with equal probability. Three have no digit, three each have one, two, three and four at the end, and one has two
/// digits inside.
const PATTERNS: [&[Part]; 16] = [
    &[Onset, Vowel, Middle, Vowel, Middle, Vowel, Middle, Vowel, Ending],
    &[Word, Onset, Vowel, Middle, Vowel, Middle, Vowel, Ending],
    &[Initial, Initial, Single, Vowel, Middle, Vowel, Middle, Vowel, Ending],
    &[Onset, Vowel, Middle, Vowel, Middle, Vowel, Middle, Vowel, Ending, Nonzero],
    &[Word, Onset, Vowel, Middle, Vowel, Middle, Vowel, Ending, Nonzero],
    &[Onset, Vowel, Middle, Vowel, Middle, Vowel, Ending, Initial, Nonzero],
    &[Initial, Single, Vowel, Middle, Vowel, Middle, Vowel, Ending, Digit, Digit],
    &[Onset, Vowel, Middle, Vowel, Middle, Vowel, Ending, Digit, Digit],
    &[Word, Onset, Vowel, Middle, Vowel, Ending, Digit, Digit],
    &[Initial, Initial, Single, Vowel, Middle, Vowel, Ending, Digit, Digit, Digit],
    &[Onset, Vowel, Middle, Vowel, Middle, Vowel, Ending, Digit, Digit, Digit],
    &[Word, Onset, Vowel, Middle, Vowel, Ending, Digit, Digit, Digit],
    &[Initial, Single, Vowel, Middle, Vowel, Ending, Nonzero, Digit, Digit, Digit],
    &[Word, Onset, Vowel, Ending, Nonzero, Digit, Digit, Digit],
    &[Onset, Vowel, Middle, Vowel, Middle, Vowel, Ending, Nonzero, Digit, Digit, Digit],
    &[Initial, Initial, Digit, Digit, Single, Vowel, Middle, Vowel, Ending],
];

/// Draws a name: `[a-z][a-z0-9]{5,19}`, in fact of 10 to 19 characters.
pub(super) fn draw(stream: &mut Stream) -> String {
    // Room for the longest, so that growing leaves no copy behind.
    let mut name = String::with_capacity(20);
    for part in stream.choose(&PATTERNS) {
        name.push_str(stream.choose(part.table()));
    }
    name
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    fn names(count: usize) -> impl Iterator<Item = String> {
        let mut stream = Stream::new(&[3; 32]);
        (0..count).map(move |_| draw(&mut stream))
    }

    #[test]
    fn every_server_takes_them_and_none_comes_twice() {
        let mut seen = HashSet::new();
        for name in names(1_000_000) {
            let sound = name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            assert!(sound && (10..=19).contains(&name.len()), "{name}");
            assert!(seen.insert(name));
        }
    }

    /// The runs of letters and digits: `L8D2` for eight letters and two digits; `LD2` if the letters are not counted.
    fn shape(name: &str, count_letters: bool) -> String {
        let mut shape = String::new();
        for run in name.as_bytes().chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()) {
            let digits = run[0].is_ascii_digit();
            shape.push(if digits { 'D' } else { 'L' });
            if digits || count_letters {
                shape.push_str(&run.len().to_string());
            }
        }
        shape
    }

    #[test]
    fn no_shape_is_above_one_in_five() {
        for (count_letters, shapes) in [(false, 6), (true, 40)] {
            let mut counts: HashMap<String, u32> = HashMap::new();
            for name in names(100_000) {
                *counts.entry(shape(&name, count_letters)).or_default() += 1;
            }
            assert!(counts.len() >= shapes, "{counts:?}");
            assert!(counts.values().all(|count| *count < 20_000), "{counts:?}");
        }
    }

    /// In how many ways the parts give the name.
    fn readings(name: &str, parts: &[Part]) -> u32 {
        let Some((part, rest)) = parts.split_first() else { return u32::from(name.is_empty()) };
        part.table().iter().filter_map(|entry| name.strip_prefix(entry)).map(|left| readings(left, rest)).sum()
    }

    #[test]
    fn a_pattern_reads_a_name_in_one_way_at_most() {
        for name in names(10_000) {
            let readings = PATTERNS.map(|pattern| readings(&name, pattern));
            assert!(readings.iter().all(|count| *count <= 1) && readings.contains(&1), "{name}: {readings:?}");
        }
    }

    #[test]
    fn no_name_is_likelier_than_2_to_the_minus_40() {
        // As if one name could come from all patterns that place their digits alike.
        let mut likeliest: HashMap<String, f64> = HashMap::new();
        for pattern in PATTERNS {
            let example: String = pattern.iter().map(|part| part.table()[0]).collect();
            let choices: f64 = pattern.iter().map(|part| part.table().len() as f64).product();
            *likeliest.entry(shape(&example, false)).or_default() += 1.0 / PATTERNS.len() as f64 / choices;
        }
        assert_eq!(likeliest.len(), 6);
        let bits: HashMap<String, f64> = likeliest.into_iter().map(|(shape, p)| (shape, -p.log2())).collect();
        assert!(bits.values().all(|bits| *bits > 40.0), "{bits:?}");
    }
}
