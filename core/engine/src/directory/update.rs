//! An update of the directory: a file under one line with its day and a signature (Ed25519, RFC 8032). What is signed is that
//! line up to the signature, and all that follows it.

use data_encoding::HEXLOWER;
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::{Day, Directory, Server, file};
use crate::Error;
use crate::error::{DirectoryFault, Input, RowFault};

/// How the first line begins.
const TITLE: &str = "flashpaper-directory-1";
/// The longest first line, bytes.
const HEAD_AT_MOST: usize = 256;

/// The signer of updates: the makers of this library, or a test.
pub(crate) struct Signer([u8; 32]);

impl Signer {
    /// The makers of this library: their public key is part of it.
    pub(crate) fn pinned() -> Option<Self> {
        let key = HEXLOWER.decode(include_str!("../../data/directory.pub").trim().as_bytes()).ok()?;
        Some(Self(key.try_into().ok()?))
    }

    fn has_signed(&self, message: &[u8], signature: &str) -> bool {
        let bytes = HEXLOWER.decode(signature.as_bytes()).ok();
        let signature = bytes.and_then(|bytes| Signature::from_slice(&bytes).ok());
        let key = VerifyingKey::from_bytes(&self.0).ok();
        // Strict: no key or signature of small order, with which a signature would not name one message alone.
        key.zip(signature).is_some_and(|(key, signature)| key.verify_strict(message, &signature).is_ok())
    }
}

/// An update that was read.
pub(crate) struct Update {
    pub(crate) day: Day,
    pub(crate) servers: Vec<Server>,
}

impl Update {
    /// Reads one that comes from outside.
    pub(crate) fn open(bytes: &[u8], signer: &Signer) -> Result<Self, DirectoryFault> {
        if bytes.len() > HEAD_AT_MOST + file::SIZE_AT_MOST {
            return Err(DirectoryFault::TooLarge);
        }
        let file = SignedFile::split(bytes).ok_or(DirectoryFault::Signature)?;
        let message = [TITLE.as_bytes(), b" ", file.day.as_bytes(), b"\n", file.body].concat();
        if !signer.has_signed(&message, file.signature) {
            return Err(DirectoryFault::Signature);
        }
        file.read()
    }
}

/// The updates that were taken, as one, as the vault keeps them.
#[derive(Serialize, Deserialize)]
pub(crate) struct Taken {
    /// The day of the last.
    day: String,
    /// A file of the directory.
    file: String,
}

impl Taken {
    /// What is too large to be read again is refused.
    pub(crate) fn new(day: Day, servers: &Directory) -> Result<Self, Error> {
        let rows = servers.entries().iter().map(|server| (server, ""));
        let file = file::write(rows, "update")?;
        file::check_size(&file).map_err(|fault| Error::InvalidInput { input: Input::Directory { fault } })?;
        Ok(Self { day: day.to_string(), file })
    }

    /// `None`: an earlier version wrote it, and this one cannot read it.
    pub(crate) fn read(&self) -> Option<Update> {
        Some(Update { day: Day::parse(&self.day)?, servers: file::read(&self.file).ok()? })
    }
}

/// The parts of a file.
struct SignedFile<'a> {
    day: &'a str,
    signature: &'a str,
    body: &'a [u8],
}

impl<'a> SignedFile<'a> {
    fn split(bytes: &'a [u8]) -> Option<Self> {
        let end = bytes.iter().take(HEAD_AT_MOST).position(|byte| *byte == b'\n')?;
        let (head, body) = bytes.split_at_checked(end)?;
        let (title, rest) = std::str::from_utf8(head).ok()?.split_once(' ')?;
        let (day, signature) = rest.split_once(' ')?;
        (title == TITLE).then_some(Self { day, signature, body: body.get(1..)? })
    }

    fn read(self) -> Result<Update, DirectoryFault> {
        let malformed = |line, fault| DirectoryFault::Malformed { line, fault };
        let day = Day::parse(self.day).ok_or(malformed(1, RowFault::Seen))?;
        let servers = file::read_bytes(self.body).map_err(|fault| match fault {
            DirectoryFault::Malformed { line, fault } => malformed(line + 1, fault),
            fault => fault,
        })?;
        // An entry of the future would count more than all that is seen until then. The rows begin in the third line.
        match servers.iter().position(|server| server.seen > day) {
            Some(row) => Err(malformed(row as u64 + 3, RowFault::Seen)),
            None => Ok(Update { day, servers }),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;

    /// A key of the tests' own.
    pub(crate) fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    /// Who has the key.
    pub(crate) fn signer() -> Signer {
        Signer(key().verifying_key().to_bytes())
    }

    /// A file of a day, signed by the tests' key.
    pub(crate) fn signed(day: &str, body: &[u8]) -> Vec<u8> {
        let message = [format!("{TITLE} {day}\n").as_bytes(), body].concat();
        let signature = HEXLOWER.encode(&key().sign(&message).to_bytes());
        [format!("{TITLE} {day} {signature}\n").as_bytes(), body].concat()
    }

    /// A file with a row for each of these.
    pub(crate) fn body(rows: &[&str]) -> Vec<u8> {
        let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
        format!("{}\n{lines}", file::WITHOUT_TOR.join(",")).into_bytes()
    }

    const ROW: &str = "a.example,,,yes,,test,2026-07-22";

    #[test]
    fn what_was_signed_is_read_with_its_day() {
        let file = signed("2026-08-01", &body(&[ROW]));
        let update = Update::open(&file, &signer()).unwrap();
        assert_eq!((update.day.to_string(), update.servers.len()), ("2026-08-01".to_owned(), 1));
        let again = Taken::new(update.day, &Directory::new(update.servers.clone())).unwrap().read().unwrap();
        assert!(again.day == update.day && again.servers == update.servers);
    }

    #[test]
    fn the_pinned_key_is_one_and_the_tests_have_no_signature_of_it() {
        let pinned = Signer::pinned().unwrap();
        assert!(VerifyingKey::from_bytes(&pinned.0).is_ok_and(|key| !key.is_weak()));
        let file = signed("2026-08-01", &body(&[ROW]));
        assert_eq!(Update::open(&file, &pinned).err(), Some(DirectoryFault::Signature));
    }

    #[test]
    fn no_byte_can_be_changed_added_or_left_out() {
        let file = signed("2026-08-01", &body(&[ROW]));
        let is_refused = |file: &[u8]| Update::open(file, &signer()).err() == Some(DirectoryFault::Signature);
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert!(is_refused(&changed), "byte {at}");
            assert!(is_refused(&file[..at]), "cut at {at}");
        }
        assert!(is_refused(&[&*file, b"\n"].concat()));
        let upper = String::from_utf8(file.clone()).unwrap().replacen("2026-08-01", "2026-08-02", 1);
        assert!(is_refused(upper.as_bytes()));
        for none in
            [&b""[..], b"\n", b"flashpaper-directory-1\n", b"flashpaper-directory-1 2026-08-01\n", &body(&[ROW])]
        {
            assert!(is_refused(none));
        }
        assert!(is_refused(&vec![b'x'; 100_000]));
    }

    #[test]
    fn what_is_signed_and_wrong_is_refused_with_its_line() {
        let fault = |day, body: &[u8]| Update::open(&signed(day, body), &signer()).err();
        let malformed = |line, fault| Some(DirectoryFault::Malformed { line, fault });
        assert_eq!(fault("2026-8-1", &body(&[ROW])), malformed(1, RowFault::Seen));
        assert_eq!(fault("2026-08-01", b""), malformed(2, RowFault::Header));
        assert_eq!(fault("2026-08-01", &body(&[ROW, "b.example"])), malformed(4, RowFault::Columns));
        assert_eq!(fault("2026-07-21", &body(&[ROW])), malformed(3, RowFault::Seen), "after the update's own day");
        let latin = [body(&[ROW]), b"b.example,,,yes,\xe9,test,2026-07-22\n".to_vec()].concat();
        assert_eq!(fault("2026-08-01", &latin), malformed(4, RowFault::Text));
        assert_eq!(fault("2026-08-01", &vec![b'x'; file::SIZE_AT_MOST + 1]), Some(DirectoryFault::TooLarge));
        assert_eq!(fault("2026-08-01", &vec![b'x'; 1 << 20]), Some(DirectoryFault::TooLarge));
    }
}
