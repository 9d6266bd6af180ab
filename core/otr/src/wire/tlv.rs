//! What is inside a data message: text, a NUL, records of type, length, value (spec: "Data Message"). Padded here.

use std::ffi::CStr;

use zeroize::Zeroizing;

use super::codec::Reader;
use crate::timer::Timer;

pub(crate) const PADDING: u16 = 0;
pub(crate) const DISCONNECTED: u16 = 1;
pub(crate) const SMP_1: u16 = 2;
pub(crate) const SMP_2: u16 = 3;
pub(crate) const SMP_3: u16 = 4;
pub(crate) const SMP_4: u16 = 5;
pub(crate) const SMP_ABORT: u16 = 6;
pub(crate) const SMP_1Q: u16 = 7;
/// Ours, "FP": the sender's name for the text. Without a text it says that the sender names its texts. Other clients pass
/// over records that they do not know.
pub(crate) const LABEL: u16 = 0x4650;
/// Ours: the names of texts that the sender has read and keeps.
pub(crate) const RECEIPT: u16 = 0x4651;
/// Ours: how long texts are kept once they were read.
pub(crate) const TIMER: u16 = 0x4652;

/// Every plaintext is padded to a multiple of this, bytes: its length tells little.
const BUCKET: usize = 256;
/// Bytes of a record's type and length.
const HEAD: usize = 4;

/// A record.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Tlv {
    pub(crate) kind: u16,
    pub(crate) value: Vec<u8>,
}

/// The length of the plaintext that [`write`] makes.
pub(crate) fn length(text: &str, records: &[Tlv]) -> usize {
    let records: usize = records.iter().map(|r| HEAD + usize::from(value_length(&r.value))).sum();
    (text.len() + 1 + records + HEAD).next_multiple_of(BUCKET)
}

/// Appends the plaintext of a data message, padded. The text has no NUL, which would end it.
pub(crate) fn write(out: &mut Vec<u8>, text: &str, records: &[Tlv]) {
    let end = out.len() + length(text, records);
    out.extend_from_slice(text.as_bytes());
    out.push(0);
    for record in records {
        let length = value_length(&record.value);
        write_head(out, record.kind, length);
        out.extend(record.value.iter().take(length.into()));
    }
    let missing = end.saturating_sub(out.len() + HEAD);
    write_head(out, PADDING, u16::try_from(missing).unwrap_or(u16::MAX));
    out.resize(end, 0);
}

fn write_head(out: &mut Vec<u8>, kind: u16, length: u16) {
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&length.to_be_bytes());
}

/// How much of a value is sent: all, since nobody makes longer ones.
fn value_length(value: &[u8]) -> u16 {
    u16::try_from(value.len()).unwrap_or(u16::MAX)
}

/// What a plaintext holds.
pub(crate) struct Content {
    pub(crate) text: String,
    pub(crate) records: Vec<Tlv>,
    /// Whether the sender hides lengths, as Flashpaper does and clients that write HTML do not.
    pub(crate) padded: bool,
}

/// The text up to the first NUL, as far as it is UTF-8, and the records behind it but for padding. A record that is
/// longer than what is left ends the list.
pub(crate) fn read(mut plaintext: Vec<u8>) -> Content {
    let end = CStr::from_bytes_until_nul(&plaintext).map_or(plaintext.len(), |text| text.count_bytes());
    let mut reader = Reader::new(plaintext.split_at(end).1);
    let (mut records, mut padded) = (Vec::new(), false);
    // The NUL itself.
    let _ = reader.byte();
    while let Ok(kind) = reader.short() {
        let Ok(value) = reader.short().and_then(|length| reader.take(length.into())) else { break };
        match kind {
            PADDING => padded = true,
            _ => records.push(Tlv { kind, value: value.to_vec() }),
        }
    }
    plaintext.truncate(end);
    let text = String::from_utf8(plaintext).unwrap_or_else(|error| {
        let bytes = Zeroizing::new(error.into_bytes());
        String::from_utf8_lossy(&bytes).into_owned()
    });
    Content { text, records, padded }
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

/// The value of a receipt: each label behind its length, which is one byte.
pub(crate) fn write_labels(labels: &[String]) -> Vec<u8> {
    let short = |label: &String| Some((u8::try_from(label.len()).ok()?, label.clone()));
    let fields = labels.iter().filter_map(short);
    fields.flat_map(|(length, label)| std::iter::once(length).chain(label.into_bytes())).collect()
}

/// The labels in a receipt, up to the first that is cut off.
pub(crate) fn read_labels(value: &[u8]) -> Vec<String> {
    let (mut reader, mut labels) = (Reader::new(value), Vec::new());
    while let Ok(label) = reader.byte().and_then(|length| reader.take(length.into())) {
        labels.push(String::from_utf8_lossy(label).into_owned());
    }
    labels
}

/// The value of a timer: the number of its setting and its seconds, four bytes each.
pub(crate) fn write_timer(Timer { number, seconds }: Timer) -> Vec<u8> {
    [number, seconds].iter().flat_map(|field| field.to_be_bytes()).collect()
}

/// Of another length it is none.
pub(crate) fn read_timer(value: &[u8]) -> Option<Timer> {
    let (fields, rest) = value.as_chunks();
    let [number, seconds] = *fields else { return None };
    rest.is_empty().then(|| Timer { number: u32::from_be_bytes(number), seconds: u32::from_be_bytes(seconds) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_has_eight_bytes() {
        let timer = Timer { number: 1, seconds: 86_400 };
        let value = write_timer(timer);
        assert_eq!(value, [0, 0, 0, 1, 0, 1, 0x51, 0x80]);
        assert_eq!(read_timer(&value), Some(timer));
        for length in (0..20).filter(|length| *length != 8) {
            assert_eq!(read_timer(&vec![0; length]), None);
        }
    }

    #[test]
    fn labels_in_a_receipt() {
        let labels = ["a", "", "longer"].map(str::to_owned);
        let value = write_labels(&labels);
        assert_eq!(value, b"\x01a\x00\x06longer");
        assert_eq!(read_labels(&value), labels);
        assert_eq!(read_labels(value.split_last().unwrap().1), labels[..2], "one that is cut off is none");
        assert!(write_labels(&["x".repeat(256)]).is_empty());
    }

    fn written(text: &str, records: &[Tlv]) -> Vec<u8> {
        let mut plaintext = Vec::new();
        write(&mut plaintext, text, records);
        plaintext
    }

    #[test]
    fn nul_split_and_tlv_bad() {
        let only_text = read(b"hi".to_vec());
        assert!(only_text.text == "hi" && only_text.records.is_empty() && !only_text.padded);
        let content = read(b"hi\0\0\x01\0\0\0\x63\0\x01x\0\x02\0\x09short".to_vec());
        assert_eq!(content.text, "hi");
        assert!(content.records.iter().map(|r| (r.kind, r.value.len())).eq([(1, 0), (0x63, 1)]));
        assert_eq!(read(b"\xff\0".to_vec()).text, "\u{fffd}");
    }

    #[test]
    fn every_length_in_a_bucket_is_the_same() {
        for text in [0, 1, 250, 251, 252, 500, 70_000].map(|length| "x".repeat(length)) {
            let tlv = Tlv { kind: SMP_ABORT, value: vec![] };
            for records in [vec![], vec![tlv]] {
                let plaintext = written(&text, &records);
                assert_eq!(plaintext.len() % BUCKET, 0);
                assert!(plaintext.len() == length(&text, &records) && plaintext.len() < text.len() + 2 * BUCKET);
                let content = read(plaintext);
                assert!(content.text == text && content.records == records && content.padded);
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
