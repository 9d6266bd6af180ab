//! How letters follow each other in people's user names. Part of the frozen derivation: no letter of the table ever
//! changes.

/// What each letter costs after the letters before it, in eighths of a bit: `!` is 0, `"` is 1, and so on. A line has the
/// costs of a to z: at the beginning; after one letter, a to z; after two, aa to zz; and as a name's last letter after
/// two, aa to zz.
const COSTS: &[u8] = include_bytes!("../../data/names/letters.txt");

/// 2^(15 − n/8), rounded.
const WEIGHTS: [u16; 8] = [32768, 30048, 27554, 25268, 23170, 21247, 19484, 17867];

/// The weight of a cost: half of it for eight more.
pub(super) fn weight(cost: u32) -> u16 {
    let halvings = cost / 8;
    if halvings < 16 { WEIGHTS[cost as usize % 8] >> halvings } else { 0 }
}

/// The costs of a to z behind these letters.
pub(super) fn costs(before: &[u8], last: bool) -> impl Iterator<Item = u32> + Clone + use<> {
    let number = |letter: u8| usize::from(letter - b'a');
    let line = match *before {
        [] => 0,
        [only] => 1 + number(only),
        [.., first, second] => 27 + 676 * usize::from(last) + 26 * number(first) + number(second),
    };
    // Behind the 26 costs is the end of the line.
    COSTS[27 * line..][..26].iter().map(|code| u32::from(code - b'!'))
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn the_table_is_frozen() {
        assert_eq!(
            HEXLOWER.encode(&Sha256::digest(COSTS)),
            "b02fd9de59070e35c2e7751e836fb697ff6b681d3c47c5554f1d2f1f3c099ecf"
        );
    }

    #[test]
    fn the_table_is_whole() {
        let lines: Vec<&[u8]> = COSTS.split(|byte| *byte == b'\n').collect();
        assert_eq!((lines.len(), lines.last()), (27 + 676 + 676 + 1, Some(&[].as_slice())));
        for line in &lines[..1379] {
            assert!(line.len() == 26 && line.iter().all(|code| (b'!'..=b'y').contains(code)));
        }
    }

    #[test]
    fn eight_more_is_half() {
        for cost in 0..200_u32 {
            let exact = 32768.0 * f64::from(cost).mul_add(-0.125, 0.0).exp2();
            assert!((f64::from(weight(cost)) - exact).abs() <= 1.0, "{cost}");
        }
    }
}
