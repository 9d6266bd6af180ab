//! libotr's `otr.private_key`: an S-expression with a key for each account.

use data_encoding::HEXLOWER_PERMISSIVE;
use zeroize::Zeroizing;

use super::Identity;

/// A file that cannot be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// It is no file of private keys.
    #[error("no private key file")]
    Malformed,
    /// It has no key for that account.
    #[error("no key for this account")]
    NoSuchAccount,
    /// The key is of another kind or size than DSA with 1024 and 160 bits, or its numbers do not fit together.
    #[error("not a key that can be used")]
    Unusable,
}

impl Identity {
    /// The key of an account from libotr's file, which is not always UTF-8: some keys have their numbers as characters.
    /// `account` and `protocol` are as the other client names
    /// them, such as `me@example.org` and `prpl-jabber`. A slash at the account's end makes no difference, unless the file
    /// has both.
    ///
    /// # Errors
    /// See [`ImportError`].
    pub fn import(file: &[u8], account: &str, protocol: &str) -> Result<Self, ImportError> {
        let file = file.strip_prefix(BYTE_ORDER_MARK.as_bytes()).unwrap_or(file);
        // A character for each byte. Enough for all of them, so that no part of a key stays behind where the text was before.
        let mut text = Zeroizing::new(String::with_capacity(2 * file.len()));
        text.extend(file.iter().map(|byte| char::from(*byte)));
        let root = parse(&text).ok_or(ImportError::Malformed)?;
        let keys = root.list("privkeys").ok_or(ImportError::Malformed)?;
        let is = |item, name, wanted| value(item, name).and_then(Atom::text).is_some_and(|text| text == wanted);
        // Pidgin puts a slash behind an account without a resource.
        let names = [account, &format!("{account}/"), account.trim_end_matches('/')];
        let found = names.into_iter().find_map(|account| {
            let mut accounts = keys.iter().filter_map(|item| item.list("account"));
            accounts.find(|item| is(item, "name", account) && is(item, "protocol", protocol))
        });
        let key = found.ok_or(ImportError::NoSuchAccount)?.iter().find_map(|item| item.list("private-key"));
        let dsa = key.and_then(|key| key.iter().find_map(|item| item.list("dsa"))).ok_or(ImportError::Unusable)?;
        let number = |name| value(dsa, name).and_then(Atom::bytes).ok_or(ImportError::Unusable);
        let x = Zeroizing::new(number("x")?);
        Self::from_numbers(&number("p")?, &number("q")?, &number("g")?, &number("y")?, &x).ok_or(ImportError::Unusable)
    }

    /// The text of libotr's file, with this key for an account.
    #[must_use]
    pub fn export(&self, account: &str, protocol: &str) -> Zeroizing<String> {
        let [account, protocol] = [account, protocol].map(|name| name.replace('\\', r"\\").replace('"', "\\\""));
        let x = self.private.x();
        let [p, q, g, y] = self.public.dsa.numbers();
        let numbers = [("p", &*p), ("q", &q), ("g", &g), ("y", &y), ("x", &*x)];
        let length = 256 + account.len() + protocol.len() + numbers.iter().map(|(_, n)| 2 * n.len()).sum::<usize>();
        // Enough for all that follows, so that no part of the key stays behind where the text was before.
        let mut file = Zeroizing::new(String::with_capacity(length));
        let head =
            format!("(privkeys\n (account\n(name \"{account}\")\n(protocol \"{protocol}\")\n(private-key \n (dsa \n");
        file.push_str(&head);
        for (name, number) in numbers {
            file.push_str("  (");
            file.push_str(name);
            file.push_str(" #");
            let digits = number.iter().flat_map(|byte| [byte >> 4, byte & 15]);
            file.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)).map(|c| c.to_ascii_uppercase()));
            file.push_str("#)\n");
        }
        file.push_str("  )\n )\n )\n)\n");
        file
    }
}

/// What some editors put before a text.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// An S-expression.
enum Item<'a> {
    Atom(Atom<'a>),
    List(Vec<Item<'a>>),
}

/// As slices of the file, without their marks.
#[derive(Clone, Copy)]
enum Atom<'a> {
    Plain(&'a str),
    /// With escapes as in C.
    Quoted(&'a str),
    Hex(&'a str),
}

impl Atom<'_> {
    fn text(self) -> Option<String> {
        String::from_utf8(self.bytes()?).ok()
    }

    fn bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Plain(text) => bytes_of(text),
            Self::Quoted(text) => unescaped(text),
            Self::Hex(digits) => hex(digits),
        }
    }
}

impl<'a> Item<'a> {
    /// What follows the first atom of a list, if that is `name`.
    fn list(&self, name: &str) -> Option<&[Item<'a>]> {
        let Item::List(items) = self else { return None };
        match items.split_first() {
            Some((Item::Atom(Atom::Plain(first)), rest)) if *first == name => Some(rest),
            _ => None,
        }
    }
}

/// The atom in `(name atom)`.
fn value<'a>(items: &[Item<'a>], name: &str) -> Option<Atom<'a>> {
    match items.iter().find_map(|item| item.list(name))?.first()? {
        Item::Atom(atom) => Some(*atom),
        Item::List(_) => None,
    }
}

/// How deep lists may be: a real file has six.
const DEPTH: usize = 16;

fn parse(text: &str) -> Option<Item<'_>> {
    let mut open: Vec<Vec<Item<'_>>> = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let mut chars = rest.chars();
        let item = match chars.next()? {
            '(' if open.len() < DEPTH => {
                open.push(Vec::new());
                rest = chars.as_str().trim_start();
                continue;
            }
            ')' => {
                rest = chars.as_str();
                Item::List(open.pop()?)
            }
            '"' => {
                let mut escaped = false;
                let ends = |c: char| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                };
                let (atom, after) = chars.as_str().split_at_checked(chars.as_str().find(ends)?)?;
                rest = after.strip_prefix('"')?;
                Item::Atom(Atom::Quoted(atom))
            }
            '#' => {
                let (atom, after) = chars.as_str().split_once('#')?;
                rest = after;
                Item::Atom(Atom::Hex(atom))
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '#'))?;
                // A list's mark where none may be.
                let (atom, after) = rest.split_at_checked(end).filter(|(atom, _)| !atom.is_empty())?;
                rest = after;
                Item::Atom(Atom::Plain(atom))
            }
        };
        rest = rest.trim_start();
        match open.last_mut() {
            Some(list) => list.push(item),
            None => return Some(item),
        }
    }
}

/// The bytes of a quoted atom: a letter, three octal or two hexadecimal digits behind a backslash, or the end of a line.
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        bytes.extend(bytes_of(plain)?);
        let mut chars = escape.chars();
        let digits = |from: usize, count: usize, radix| u8::from_str_radix(escape.get(from..from + count)?, radix).ok();
        let (byte, length) = match chars.next()? {
            'b' => (Some(8), 1),
            't' => (Some(b'\t'), 1),
            'v' => (Some(11), 1),
            'n' => (Some(b'\n'), 1),
            'f' => (Some(12), 1),
            'r' => (Some(b'\r'), 1),
            quoted @ ('"' | '\'' | '\\') => (u8::try_from(quoted).ok(), 1),
            '0'..='7' => (Some(digits(0, 3, 8)?), 3),
            'x' => (Some(digits(1, 2, 16)?), 3),
            '\r' if escape.starts_with("\r\n") => (None, 2),
            '\r' | '\n' => (None, 1),
            _ => return None,
        };
        bytes.extend(byte);
        rest = escape.get(length..)?;
    }
    bytes.extend(bytes_of(rest)?);
    Some(bytes)
}

/// The bytes that the characters stand for.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(c).ok()).collect()
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Zeroizing<Vec<u8>> = Zeroizing::new(text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect());
    HEXLOWER_PERMISSIVE.decode(&digits).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_out_and_comes_back() {
        let identity = Identity::from_seeds(&[1; 32], &[2; 32]).unwrap();
        let file = identity.export("me@example.org/x", "prpl-jabber");
        let again = Identity::import(file.as_bytes(), "me@example.org/x", "prpl-jabber").unwrap();
        assert_eq!(again.fingerprint(), identity.fingerprint());
        let name = "o\\'ne \"il\" é/";
        let named = Identity::import(identity.export(name, "xmpp").as_bytes(), name, "xmpp").unwrap();
        assert_eq!(named.fingerprint(), identity.fingerprint());
        let other = Identity::import(file.as_bytes(), "you", "prpl-jabber").err();
        assert_eq!(other, Some(ImportError::NoSuchAccount));
        for cut in 0..file.len() - 2 {
            assert!(Identity::import(&file.as_bytes()[..cut], "me@example.org/x", "prpl-jabber").is_err());
        }
        let wrong = file.replacen("(x #", "(x #01", 1);
        assert_eq!(
            Identity::import(wrong.as_bytes(), "me@example.org/x", "prpl-jabber").err(),
            Some(ImportError::Unusable)
        );
        assert_eq!(Identity::import("(".repeat(100_000).as_bytes(), "", "").err(), Some(ImportError::Malformed));
    }

    /// Names as libgcrypt writes them: plain, quoted with escapes, or in digits where they are not ASCII.
    #[test]
    fn names_of_accounts() {
        let identity = Identity::from_seeds(&[1; 32], &[2; 32]).unwrap();
        let file = identity.export("NAME", "prpl-jabber");
        for (written, name) in [
            ("me@b.example/", "me@b.example/"),
            ("me@b.example/", "me@b.example"),
            ("me@b.example", "me@b.example/"),
            ("#6D6540622E6578616D706C652FF09F93B1#", "me@b.example/\u{1f4f1}"),
            (r#""me@b.example/Bob\'s Mac""#, "me@b.example/Bob's Mac"),
            (r#""the \"big\" one""#, "the \"big\" one"),
            (r#""o\\27neil@b.example/""#, r"o\27neil@b.example/"),
            (r#""o\047neil\x40b.example""#, "o'neil@b.example"),
            ("\"j\u{fc}rgen@b.example/\"", "j\u{fc}rgen@b.example/"),
            ("\"12\\\n345\"", "12345"),
        ] {
            let file = file.replace("\"NAME\"", written);
            for file in [file.clone(), format!("\u{feff}{file}"), file.replace('\n', "\r\n")] {
                let imported = Identity::import(file.as_bytes(), name, "prpl-jabber").map(|key| key.fingerprint());
                assert_eq!(imported, Ok(identity.fingerprint()), "{written}");
            }
        }
        for bad in [r#""a\9b""#, r#""a\x4""#, r#""a\400""#, "#6d6#", "#ff#"] {
            let file = file.replace("\"NAME\"", bad);
            assert!(Identity::import(file.as_bytes(), "a", "prpl-jabber").is_err(), "{bad}");
        }
    }

    /// libgcrypt writes a number as characters where each of its bytes is one of Latin-1: one key in three hundred has one.
    #[test]
    fn a_number_that_is_written_as_characters() {
        let identity = Identity::from_seeds(&[1; 32], &[2; 32]).unwrap();
        let file = identity.export("a", "p");
        let (before, rest) = file.split_once("(x #").unwrap();
        let (digits, after) = rest.split_once('#').unwrap();
        let x = hex(digits).unwrap();
        let quoted: Vec<u8> = x
            .iter()
            .flat_map(|byte| match byte {
                b'"' | b'\\' => vec![b'\\', *byte],
                b'\n' => br"\n".to_vec(),
                b'\r' => br"\r".to_vec(),
                byte => vec![*byte],
            })
            .collect();
        assert!(std::str::from_utf8(&quoted).is_err());
        let file = [before.as_bytes(), b"(x \"", &quoted, b"\"", after.as_bytes()].concat();
        let imported = Identity::import(&file, "a", "p").map(|key| key.fingerprint());
        assert_eq!(imported, Ok(identity.fingerprint()));
    }
}
