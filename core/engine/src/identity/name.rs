//! Names that people could have chosen: letters that follow each other as in people's user names, and the digits that
//! people put behind them, each as often as they do. Part of the frozen derivation.
//!
//! Nobody guesses a name with a probability above 2^-40, even knowing all of this (`core/docs/derivation.md` has the
//! proof, the test the numbers), and no arrangement of letters and digits has a share above one in five.

use super::draw::Stream;
use super::letters::{costs, weight};

/// What is behind the letters.
#[derive(Clone, Copy)]
enum Ending {
    /// So many digits.
    Digits(usize),
    /// A year from 1940 to 2039.
    Year,
}
use Ending::{Digits, Year};

impl Ending {
    fn rows(self) -> &'static [[u32; 10]] {
        match self {
            Digits(count) => &DIGITS[count * count.saturating_sub(1) / 2..][..count],
            Year => &DIGITS[10..],
        }
    }
}

/// What the digits 0 to 9 cost, in eighths of a bit, behind people's user names: one alone; the first and the second of two; each of
/// three; each of four that are no year. Then the decades of a year, from the 1940s, and its last digit.
const DIGITS: [[u32; 10]; 12] = [
    [33, 16, 15, 26, 34, 35, 40, 29, 36, 37],
    [25, 19, 24, 35, 33, 39, 41, 31, 22, 19],
    [27, 24, 25, 24, 27, 28, 30, 26, 29, 27],
    [24, 15, 26, 27, 34, 30, 33, 31, 34, 30],
    [18, 22, 17, 31, 34, 33, 29, 36, 32, 34],
    [26, 22, 29, 20, 33, 29, 29, 25, 30, 31],
    [17, 13, 26, 32, 35, 33, 39, 41, 35, 31],
    [20, 24, 22, 27, 31, 28, 30, 32, 29, 30],
    [16, 19, 21, 30, 37, 36, 37, 37, 31, 29],
    [23, 24, 26, 27, 26, 29, 28, 27, 29, 28],
    [55, 76, 52, 42, 18, 14, 21, 15, 44, 76],
    [22, 27, 28, 29, 28, 27, 26, 27, 24, 30],
];

/// So many of 256 names; how many letters they have, and what behind them; and the limit: a name that costs less is kept
/// the more seldom the less it costs, so that none is too likely.
type Shape = (u16, usize, Ending, u32);

/// No two have the same numbers of letters and digits: a name tells its shape.
#[rustfmt::skip]
const SHAPES: [Shape; 23] = [
    (5, 8, Digits(0), 344),
    (41, 9, Digits(0), 354),
    (50, 10, Digits(0), 326),
    (50, 11, Digits(0), 313),
    (45, 12, Digits(0), 306),
    (10, 13, Digits(0), 286),
    (2, 14, Digits(0), 266),
    (3, 8, Digits(1), 295),
    (3, 9, Digits(1), 280),
    (1, 10, Digits(1), 260),
    (4, 7, Digits(2), 302),
    (6, 8, Digits(2), 290),
    (2, 9, Digits(2), 268),
    (1, 10, Digits(2), 258),
    (4, 6, Digits(3), 308),
    (6, 7, Digits(3), 292),
    (3, 8, Digits(3), 274),
    (1, 9, Digits(3), 258),
    (4, 5, Digits(4), 316),
    (8, 6, Digits(4), 299),
    (5, 7, Digits(4), 280),
    (1, 8, Year, 264),
    (1, 9, Year, 260),
];

/// The weight of a name that is always kept.
const ALWAYS: u16 = 32768;

/// Draws a name: `[a-z][a-z0-9]{5,19}`, in fact of 8 to 14 characters.
pub(super) fn draw(stream: &mut Stream) -> String {
    // Room for the longest, so that growing leaves no copy behind.
    let mut name = String::with_capacity(20);
    let (_, letters, ending, limit) = SHAPES[stream.weighted(SHAPES.iter().map(|shape| shape.0))];
    while {
        name.clear();
        let cost = push_letters(stream, letters, &mut name) + push_ending(stream, ending, &mut name);
        stream.below(ALWAYS) >= weight(limit.saturating_sub(cost))
    } {}
    name
}

/// Draws letters, each with its weight, and tells what they cost.
fn push_letters(stream: &mut Stream, count: usize, name: &mut String) -> u32 {
    let mut total = 0;
    for place in 1..=count {
        let row = costs(name.as_bytes(), place == count);
        let number = stream.weighted(row.clone().map(weight));
        total += row.clone().nth(number).unwrap_or_default();
        name.extend(('a'..='z').nth(number));
    }
    total
}

/// Draws what is behind the letters, and tells what it costs.
fn push_ending(stream: &mut Stream, ending: Ending, name: &mut String) -> u32 {
    let mut total = 0;
    for (place, row) in ending.rows().iter().enumerate() {
        let number = stream.weighted(row.iter().map(|cost| weight(*cost)));
        total += row[number];
        match (ending, place) {
            (Year, 0) => name.push_str(&(194 + number).to_string()),
            _ => name.extend(('0'..='9').nth(number)),
        }
    }
    total
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
        for name in names(3_000) {
            let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
            assert!(!letters.is_empty() && letters.bytes().all(|b| b.is_ascii_lowercase()), "{name}");
            assert!((8..=14).contains(&name.len()), "{name}");
            assert!(seen.insert(name));
        }
    }

    #[test]
    fn a_name_is_about_as_long_as_people_s() {
        let length: usize = names(3_000).map(|name| name.len()).sum();
        assert!((9.5..10.8).contains(&(length as f64 / 3_000.0)), "{length}");
    }

    /// How many letters and how many digits.
    fn counts(shape: &Shape) -> (usize, usize) {
        (shape.1, if let Digits(digits) = shape.2 { digits } else { 4 })
    }

    #[test]
    fn a_name_tells_its_shape_and_none_is_above_one_in_five() {
        let shapes: HashSet<_> = SHAPES.iter().map(counts).collect();
        assert_eq!(shapes.len(), SHAPES.len());
        assert_eq!(SHAPES.iter().map(|shape| shape.0).sum::<u16>(), 256);
        assert!(SHAPES.iter().all(|shape| shape.0 * 5 < 256));

        let seen: HashSet<_> = names(3_000)
            .map(|name| {
                let letters = name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
                (letters, name.len() - letters)
            })
            .collect();
        assert_eq!(seen, shapes);
    }

    /// Years of people's birth, and 1 and 2, are more frequent than others.
    #[test]
    fn digits_are_those_that_people_take() {
        let (mut years, mut births, mut ones, mut count) = (0, 0, 0, 0);
        for name in names(10_000) {
            let digits = name.trim_start_matches(|c: char| c.is_ascii_lowercase());
            if digits.len() == 1 {
                count += 1;
                ones += usize::from(["1", "2"].contains(&digits));
            } else if digits.len() == 4 && name.len() >= 12 {
                years += 1;
                births += usize::from((1980..2010).contains(&digits.parse().unwrap()));
            }
        }
        assert!(10 * ones > 4 * count, "{ones} of {count}: by chance it would be a fifth");
        assert!(10 * births > 5 * years, "{births} of {years}");
    }

    /// How likely letters that end in the same two and cost the same are together, and how likely the likeliest of them.
    #[derive(Clone, Copy, Default)]
    struct Odds {
        sum: f64,
        most: f64,
    }

    impl Odds {
        fn add(&mut self, before: Self, chance: f64) {
            self.sum += before.sum * chance;
            self.most = self.most.max(before.most * chance);
        }
    }

    /// Costs of this and more are counted as one: all of them are kept.
    const MOST: usize = 400;

    type Table = HashMap<Vec<u8>, Vec<Odds>>;

    /// All that one more letter makes of what there is. By the last two letters and by cost.
    fn longer(table: &Table, last: bool) -> Table {
        let mut longer = Table::new();
        for (before, odds) in table {
            let row: Vec<u32> = costs(before, last).collect();
            let total: f64 = row.iter().map(|cost| f64::from(weight(*cost))).sum();
            for (letter, cost) in (b'a'..=b'z').zip(row) {
                let chance = f64::from(weight(cost)) / total;
                let mut end = before.clone();
                end.push(letter);
                let end = end[end.len().saturating_sub(2)..].to_vec();
                let to = longer.entry(end).or_insert_with(|| vec![Odds::default(); MOST + 1]);
                for (so_far, odds) in odds.iter().enumerate().filter(|(_, odds)| odds.sum > 0.0) {
                    to[MOST.min(so_far + cost as usize)].add(*odds, chance);
                }
            }
        }
        longer
    }

    /// By cost alone: no digit minds the letters before it.
    fn by_cost(table: &Table) -> Vec<Odds> {
        let mut all = vec![Odds::default(); MOST + 1];
        for (cost, odds) in table.values().flat_map(|odds| odds.iter().enumerate()) {
            all[cost].add(*odds, 1.0);
        }
        all
    }

    /// All that one more digit makes of what there is.
    fn behind(names: &[Odds], row: &[u32; 10]) -> Vec<Odds> {
        let total: f64 = row.iter().map(|cost| f64::from(weight(*cost))).sum();
        let mut longer = vec![Odds::default(); MOST + 1];
        for cost in row {
            for (so_far, odds) in names.iter().enumerate() {
                longer[MOST.min(so_far + *cost as usize)].add(*odds, f64::from(weight(*cost)) / total);
            }
        }
        longer
    }

    /// The exact numbers: over all letters and digits that can be drawn, by their cost.
    #[test]
    fn no_name_is_likelier_than_2_to_the_minus_40() {
        let mut table = Table::from([(Vec::new(), vec![Odds { sum: 1.0, most: 1.0 }])]);
        for letters in 1..=14 {
            let whole = longer(&table, true);
            for shape in SHAPES.iter().filter(|shape| shape.1 == letters) {
                assert!((shape.3 as usize) < MOST);
                let mut kept = Odds::default();
                let names = shape.2.rows().iter().fold(by_cost(&whole), |names, row| behind(&names, row));
                for (cost, odds) in names.iter().enumerate() {
                    kept.add(*odds, f64::from(weight(shape.3.saturating_sub(cost as u32))) / f64::from(ALWAYS));
                }
                let likeliest = f64::from(shape.0) / 256.0 * kept.most / kept.sum;
                assert!(-likeliest.log2() >= 40.0, "{:?}: {}", counts(shape), -likeliest.log2());
                // Of two thousand draws one is kept at least.
                assert!(kept.sum > 0.0005, "{:?}: {}", counts(shape), kept.sum);
            }
            table = longer(&table, false);
        }
    }
}
