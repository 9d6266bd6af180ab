//! libotr's `otr.private_key`: an S-expression with a key for each account.

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
    /// The key of an account from the text of libotr's file. `account` and `protocol` are as the other client names
    /// them, such as `me@example.org` and `prpl-jabber`.
    ///
    /// # Errors
    /// See [`ImportError`].
    pub fn import(file: &str, account: &str, protocol: &str) -> Result<Self, ImportError> {
        let root = parse(file).ok_or(ImportError::Malformed)?;
        let keys = root.list("privkeys").ok_or(ImportError::Malformed)?;
        let found = keys
            .iter()
            .filter_map(|item| item.list("account"))
            .find(|item| value(item, "name") == Some(account) && value(item, "protocol") == Some(protocol));
        let key = found.ok_or(ImportError::NoSuchAccount)?.iter().find_map(|item| item.list("private-key"));
        let dsa = key.and_then(|key| key.iter().find_map(|item| item.list("dsa"))).ok_or(ImportError::Unusable)?;
        let number = |name| value(dsa, name).and_then(hex).ok_or(ImportError::Unusable);
        let x = Zeroizing::new(number("x")?);
        Self::from_numbers(&number("p")?, &number("q")?, &number("g")?, &number("y")?, &x).ok_or(ImportError::Unusable)
    }

    /// The text of libotr's file, with this key for an account. Quotation marks and backslashes, which no account has,
    /// are left out.
    #[must_use]
    pub fn export(&self, account: &str, protocol: &str) -> Zeroizing<String> {
        let [account, protocol] = [account, protocol].map(|name| name.replace(['"', '\\'], ""));
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

/// An S-expression. Atoms are slices of the file, without quotation marks.
enum Item<'a> {
    Atom(&'a str),
    List(Vec<Item<'a>>),
}

impl<'a> Item<'a> {
    /// What follows the first atom of a list, if that is `name`.
    fn list(&self, name: &str) -> Option<&[Item<'a>]> {
        let Item::List(items) = self else { return None };
        match items.split_first() {
            Some((Item::Atom(first), rest)) if *first == name => Some(rest),
            _ => None,
        }
    }
}

/// The atom in `(name atom)`.
fn value<'a>(items: &[Item<'a>], name: &str) -> Option<&'a str> {
    match items.iter().find_map(|item| item.list(name))?.first()? {
        Item::Atom(atom) => Some(atom),
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
            mark @ ('"' | '#') => {
                let (atom, after) = chars.as_str().split_once(mark)?;
                rest = after;
                Item::Atom(atom)
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '#'))?;
                // A list's mark where none may be.
                let (atom, after) = rest.split_at_checked(end).filter(|(atom, _)| !atom.is_empty())?;
                rest = after;
                Item::Atom(atom)
            }
        };
        rest = rest.trim_start();
        match open.last_mut() {
            Some(list) => list.push(item),
            None => return Some(item),
        }
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Zeroizing<Vec<u8>> = Zeroizing::new(
        text.chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| u8::try_from(c.to_digit(16)?).ok())
            .collect::<Option<_>>()?,
    );
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_out_and_comes_back() {
        let identity = Identity::from_seeds(&[1; 32], &[2; 32]).unwrap();
        let file = identity.export("me@example.org/x", "prpl-jabber");
        let again = Identity::import(&file, "me@example.org/x", "prpl-jabber").unwrap();
        assert_eq!(again.fingerprint(), identity.fingerprint());
        let other = Identity::import(&file, "you", "prpl-jabber").err();
        assert_eq!(other, Some(ImportError::NoSuchAccount));
        for cut in 0..file.len() - 2 {
            assert!(Identity::import(&file[..cut], "me@example.org/x", "prpl-jabber").is_err());
        }
        let wrong = file.replacen("(x #", "(x #01", 1);
        assert_eq!(Identity::import(&wrong, "me@example.org/x", "prpl-jabber").err(), Some(ImportError::Unusable));
        assert_eq!(Identity::import(&"(".repeat(100_000), "", "").err(), Some(ImportError::Malformed));
    }
}
