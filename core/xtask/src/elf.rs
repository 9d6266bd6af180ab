//! What is looked at in a shared library before it is handed out.

use crate::run::Done;

/// Android's newest devices have memory pages of this many bytes.
const PAGE: u64 = 16384;
/// A segment that is loaded into memory (`PT_LOAD`).
const LOADED: u64 = 1;

/// The alignment in bytes of each segment of a little-endian ELF file that is loaded into memory.
fn alignments(file: &[u8]) -> Option<Vec<u64>> {
    let number = |at: usize, bytes: usize| {
        let part = file.get(at..at.checked_add(bytes)?)?;
        Some(part.iter().rev().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte)))
    };
    let is_64 = match file.get(..6)? {
        [0x7f, b'E', b'L', b'F', 1, 1] => false,
        [0x7f, b'E', b'L', b'F', 2, 1] => true,
        _ => return None,
    };
    // e_phoff, e_phentsize and e_phnum; p_align.
    let (table, size, count, align) = if is_64 {
        (number(0x20, 8)?, number(0x36, 2)?, number(0x38, 2)?, (0x30, 8))
    } else {
        (number(0x1c, 4)?, number(0x2a, 2)?, number(0x2c, 2)?, (0x1c, 4))
    };
    let mut found = Vec::new();
    for segment in 0..count {
        let at = usize::try_from(table.checked_add(segment * size)?).ok()?;
        if number(at, 4)? == LOADED {
            found.push(number(at.checked_add(align.0)?, align.1)?);
        }
    }
    Some(found)
}

/// Fails if a library cannot be loaded where a page of memory has 16 KB.
pub(crate) fn has_large_pages(file: &[u8]) -> Done {
    let found = alignments(file).ok_or("no ELF file")?;
    match found.iter().min() {
        None => Err("nothing in it is loaded".into()),
        Some(least) if *least < PAGE => Err(format!("a segment is aligned to {least} bytes, not {PAGE}").into()),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of a file with one segment.
    fn file(is_64: bool, kind: u8, align: u16) -> Vec<u8> {
        let mut file = vec![0; 0x80];
        let [low, high] = align.to_le_bytes();
        file[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', if is_64 { 2 } else { 1 }, 1]);
        let (table, size, count, at) = if is_64 { (0x20, 0x36, 0x38, 0x30) } else { (0x1c, 0x2a, 0x2c, 0x1c) };
        (file[table], file[size], file[count], file[0x40]) = (0x40, 0x38, 1, kind);
        (file[0x40 + at], file[0x41 + at]) = (low, high);
        file
    }

    #[test]
    fn a_library_for_small_pages_is_refused() {
        for is_64 in [true, false] {
            assert!(has_large_pages(&file(is_64, 1, 0x4000)).is_ok());
            assert!(has_large_pages(&file(is_64, 1, 0x1000)).is_err());
            assert!(has_large_pages(&file(is_64, 2, 0x4000)).is_err(), "nothing is loaded");
        }
    }

    #[test]
    fn what_is_no_library_is_refused() {
        assert!(has_large_pages(b"").is_err());
        assert!(has_large_pages(b"#!/bin/sh\n").is_err());
        assert!(has_large_pages(&file(true, 1, 0x4000)[..0x44]).is_err(), "cut off");
    }

    #[test]
    fn the_test_itself_is_read_as_linkers_read_it() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let found = alignments(&own).unwrap();
        assert!(found.len() >= 2 && found.iter().all(|align| *align == 0x1000), "{found:?}");
    }
}
