//! The data types of the spec: BYTE, SHORT, INT, MPI, DATA (section "Data types"), and the base64 around a message.

use std::sync::LazyLock;

use base64::Engine as _;

/// Reads the types in order from a slice. Nothing is allocated; a length beyond the end is an error.
#[derive(Clone)]
pub(crate) struct Reader<'a>(&'a [u8]);

/// The bytes end early, or hold what the spec does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn short(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn int(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn data(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.int()?;
        self.take(usize::try_from(length).map_err(|_| Malformed)?)
    }

    /// An MPI without its leading zeros: longer encodings than the least are read, and never written or hashed.
    pub(crate) fn mpi(&mut self) -> Result<&'a [u8], Malformed> {
        self.data().map(minimal)
    }

    pub(crate) fn end(&self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    /// What is left.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.0
    }
}

fn minimal(number: &[u8]) -> &[u8] {
    let first = number.iter().position(|b| *b != 0).unwrap_or(number.len());
    number.split_at(first).1
}

/// DATA. Lengths of 4 GiB and more do not come about: every input is bounded long before.
pub(crate) fn write_data(out: &mut Vec<u8>, data: &[u8]) {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(data);
}

/// MPI, of minimal length.
pub(crate) fn write_mpi(out: &mut Vec<u8>, number: &[u8]) {
    write_data(out, minimal(number));
}

/// What every encoded message begins with.
pub(crate) const PREFIX: &str = "?OTR:";

/// With vector instructions where the crate has them: half of what a long message costs otherwise.
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon")))]
static BASE64: LazyLock<base64::engine::Simd> =
    LazyLock::new(|| base64::engine::Simd::standard(base64::engine::general_purpose::PAD));
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon"))))]
use base64::prelude::BASE64_STANDARD as BASE64;

/// `?OTR:`, base64, a dot.
pub(crate) fn armor(message: &[u8]) -> String {
    let mut wire = String::with_capacity(PREFIX.len() + message.len() / 3 * 4 + 5);
    wire.push_str(PREFIX);
    BASE64.encode_string(message, &mut wire);
    wire.push('.');
    wire
}

/// The bytes of an armored message; `None` when there is none. Text before the mark and after the dot is no part of it.
pub(crate) fn dearmor(wire: &str) -> Option<Result<Vec<u8>, Malformed>> {
    let (_, encoded) = wire.split_once(PREFIX)?;
    let Some((encoded, _)) = encoded.split_once('.') else { return Some(Err(Malformed)) };
    Some(BASE64.decode(encoded).map_err(|_| Malformed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mpi_minimal() {
        let read = |bytes: &[u8]| Reader::new(bytes).mpi().map(<[u8]>::to_vec);
        assert_eq!(read(&[0, 0, 0, 2, 0, 5]), Ok(vec![5]));
        assert_eq!(read(&[0, 0, 0, 0]), Ok(vec![]));
        let mut out = Vec::new();
        write_mpi(&mut out, &[0, 0]);
        write_mpi(&mut out, &[0, 5]);
        assert_eq!(out, [0, 0, 0, 0, 0, 0, 0, 1, 5]);
    }

    #[test]
    fn mpi_len_hostile() {
        for length in [3u32, 1 << 31, u32::MAX] {
            let bytes = [&length.to_be_bytes()[..], &[1, 2]].concat();
            assert_eq!(Reader::new(&bytes).mpi(), Err(Malformed));
            assert_eq!(Reader::new(&bytes).data(), Err(Malformed));
        }
        assert_eq!(Reader::new(&[0, 0]).int(), Err(Malformed));
    }

    #[test]
    fn base64_hostile() {
        assert_eq!(dearmor("hello"), None);
        assert_eq!(dearmor("?OTR:."), Some(Ok(vec![])));
        for bad in ["?OTR:===.", "?OTR:AAM", "?OTR:AA M=.", "?OTR:AAM\n.", "?OTR:Ä."] {
            assert_eq!(dearmor(bad), Some(Err(Malformed)), "{bad}");
        }
        assert_eq!(dearmor("look: ?OTR:AAMC. and more."), Some(Ok(vec![0, 3, 2])));
        assert_eq!(armor(&[0, 3, 2]), "?OTR:AAMC.");
    }
}
