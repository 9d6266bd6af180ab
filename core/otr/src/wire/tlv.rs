//! What is inside a data message: text, a NUL, records of type, length, value (spec: "Data Message"). Padded here.

use super::codec::Reader;
use zeroize::Zeroizing;

pub(crate) const PADDING: u16 = 0;
pub(crate) const DISCONNECTED: u16 = 1;
pub(crate) const SMP_1: u16 = 2;
pub(crate) const SMP_2: u16 = 3;
pub(crate) const SMP_3: u16 = 4;
pub(crate) const SMP_4: u16 = 5;
pub(crate) const SMP_ABORT: u16 = 6;
pub(crate) const SMP_1Q: u16 = 7;
pub(crate) const EXTRA_KEY: u16 = 8;

/// Every plaintext is padded to a multiple of this, bytes: its length tells little.
const BUCKET: usize = 256;

/// A record.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Tlv {
    pub(crate) kind: u16,
    pub(crate) value: Vec<u8>,
}

/// The plaintext of a data message, padded. A NUL in the text would end it, so there is none.
pub(crate) fn write(text: &str, records: &[Tlv]) -> Zeroizing<Vec<u8>> {
    let records_length: usize = records.iter().map(|r| 4 + r.value.len()).sum();
    let capacity = text.len() + 1 + records_length + 4 + BUCKET;
    let mut out = Zeroizing::new(Vec::with_capacity(capacity));
    out.extend(text.bytes().filter(|b| *b != 0));
    out.push(0);
    for record in records {
        write_record(&mut out, record.kind, &record.value);
    }
    // With the head of the padding's own record.
    let padding = [0; BUCKET];
    let missing = (BUCKET - (out.len() + 4) % BUCKET) % BUCKET;
    write_record(&mut out, PADDING, padding.split_at(missing).0);
    out
}

/// The text up to the first NUL, as far as it is UTF-8, and the records behind it. A record that is longer than what is
/// left ends the list.
pub(crate) fn read(plaintext: &[u8]) -> (String, Vec<Tlv>) {
    let end = plaintext.iter().position(|b| *b == 0).unwrap_or(plaintext.len());
    let (text, rest) = plaintext.split_at(end);
    let mut reader = Reader::new(rest.split_first().map_or(&[][..], |(_, records)| records));
    let mut records = Vec::new();
    while let Ok(kind) = reader.short() {
        let Ok(value) = reader.short().and_then(|length| reader.take(length.into())) else { break };
        records.push(Tlv { kind, value: value.to_vec() });
    }
    (String::from_utf8_lossy(text).into_owned(), records)
}

fn write_record(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    // Longer values do not come about: SMP's have at most 2500 bytes, questions and uses are bounded.
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(value.split_at(length.into()).0);
}

/// A count of MPIs and the MPIs: the value of SMP's records.
pub(crate) fn write_mpis(numbers: &[&[u8]]) -> Vec<u8> {
    let count = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    let mut out = count.to_be_bytes().to_vec();
    numbers.iter().for_each(|number| super::codec::write_mpi(&mut out, number));
    out
}

/// Exactly `N` MPIs.
pub(crate) fn read_mpis<const N: usize>(value: &[u8]) -> Option<[&[u8]; N]> {
    let mut reader = Reader::new(value);
    let count = reader.int().ok()?;
    let mut numbers = [&[][..]; N];
    if usize::try_from(count) != Ok(N) {
        return None;
    }
    for number in &mut numbers {
        *number = reader.mpi().ok()?;
    }
    reader.end().ok()?;
    Some(numbers)
}

/// The value of a record for the extra symmetric key: four bytes for its use, then what belongs to that use.
pub(crate) fn write_extra_key(usage: u32, about: &[u8]) -> Vec<u8> {
    [&usage.to_be_bytes()[..], about].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_split_and_tlv_bad() {
        assert!(read(b"hi") == ("hi".to_owned(), vec![]));
        let (text, records) = read(b"hi\0\0\x01\0\0\0\x63\0\x01x\0\x02\0\x09short");
        assert_eq!(text, "hi");
        assert!(records.iter().map(|r| (r.kind, r.value.len())).eq([(1, 0), (0x63, 1)]));
        assert_eq!(read(b"\xff\0").0, "\u{fffd}");
        assert_eq!(read(&write("a\0b", &[])).0, "ab");
    }

    #[test]
    fn every_length_in_a_bucket_is_the_same() {
        for length in [0, 1, 250, 251, 252, 500, 70_000] {
            let tlv = Tlv { kind: SMP_ABORT, value: vec![] };
            for records in [vec![], vec![tlv]] {
                let plaintext = write(&"x".repeat(length), &records);
                assert_eq!(plaintext.len() % BUCKET, 0);
                assert!(plaintext.len() < length + 2 * BUCKET);
                let (text, found) = read(&plaintext);
                assert_eq!(text.len(), length);
                assert!(found.split_last().unwrap().1 == records);
            }
        }
    }

    #[test]
    fn smp_mpi_count() {
        let value = write_mpis(&[&[1], &[0, 2]]);
        assert_eq!(read_mpis::<2>(&value), Some([&[1][..], &[2][..]]));
        assert_eq!(read_mpis::<3>(&value), None);
        assert_eq!(read_mpis::<1>(&value), None);
        assert_eq!(read_mpis::<2>(&[&value[..], &[0]].concat()), None);
    }
}
