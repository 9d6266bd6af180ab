//! libotr's `otr.fingerprints`: which keys a user has verified with another client.

use flashpaper_xmpp::bare_jid;
use serde::Serialize;

use crate::address::{Address, account_jid};
use crate::trust::Fingerprint;

/// What came of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// How many keys were taken in, and are kept.
    pub keys: u32,
    /// The numbers of the lines that cannot be read, from 1.
    pub unread_lines: Vec<u32>,
}

/// What a line says.
#[derive(PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub enum Line {
    /// This peer's key was verified.
    Verified(Address, Fingerprint),
    /// Nothing that is wanted: a key that was not verified, of another protocol or account, of somebody in a chat room.
    Other,
    /// It is of another form, or names no account.
    Unreadable,
}

/// The lines and their numbers, but for empty ones. `account`: the only one that is wanted.
pub fn read<'a>(file: &'a str, account: Option<&'a str>) -> impl Iterator<Item = (u32, Line)> {
    // Some editors put a mark before a text.
    let lines = file.trim_start_matches('\u{feff}').lines().zip(1..);
    let lines = lines.filter(|(line, _)| !line.trim().is_empty());
    lines.map(move |(line, number)| (number, read_line(line, account).unwrap_or(Line::Unreadable)))
}

fn read_line(line: &str, account: Option<&str>) -> Option<Line> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [peer, of, protocol, digits, trust @ ..] = fields.as_slice() else { return None };
    let fingerprint = Fingerprint::parse(digits)?;
    // Pidgin, Adium and others have words of their own for it.
    let protocol = protocol.to_ascii_lowercase();
    let is_wanted = ["jabber", "xmpp"].iter().any(|name| protocol.contains(name))
        && account.is_none_or(|account| without_resource(account) == without_resource(of))
        && trust.first().is_some_and(|trust| !trust.trim().is_empty())
        // With a resource it is a user's name in a chat room: the rest of it is the room's address.
        && peer.split_once('/').is_none_or(|(_, resource)| resource.is_empty());
    Some(if is_wanted { Line::Verified(account_jid(peer.trim_end_matches('/'))?, fingerprint) } else { Line::Other })
}

/// Pidgin has a resource behind each account, or the slash alone.
fn without_resource(account: &str) -> String {
    let (bare, _) = account.split_once('/').unwrap_or((account, ""));
    bare_jid(bare).unwrap_or_else(|| bare.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_or_named() {
        let digits = "AB".repeat(20);
        let key = Fingerprint([0xab; 20]);
        let friend = || Line::Verified(Address("friend@b.example".into()), key);
        for (line, account, expected) in [
            (format!("friend@b.example\tme@b.example/\tprpl-jabber\t{digits}\tverified"), "me@b.example", friend()),
            (
                format!("Friend@B.example.\tme@b.example/Bob's Mac\tprpl-jabber\t{digits}\tsmp"),
                "Me@b.example/",
                friend(),
            ),
            (format!("friend@b.example\tme\tXMPP\t{digits}\tverified"), "me", friend()),
            (format!("friend@b.example/\tme\tprpl-jabber\t{digits}\tverified"), "me", friend()),
            (format!("friend@b.example\tyou@b.example/\tprpl-jabber\t{digits}\tverified"), "me@b.example", Line::Other),
            (format!("friend@b.example\tme\tprpl-jabber\t{digits}"), "me", Line::Other),
            (format!("friend@b.example\tme\tprpl-jabber\t{digits}\t"), "me", Line::Other),
            (format!("12345678\tme\tprpl-icq\t{digits}\tverified"), "me", Line::Other),
            (format!("room@chat.b.example/friend\tme\tprpl-jabber\t{digits}\tverified"), "me", Line::Other),
            (format!("nobody\tme\tprpl-jabber\t{digits}\tverified"), "me", Line::Unreadable),
            ("friend@b.example\tme\tprpl-jabber\tAB\tverified".into(), "me", Line::Unreadable),
            ("hello".into(), "me", Line::Unreadable),
        ] {
            assert_eq!(read(&line, Some(account)).collect::<Vec<_>>(), [(1, expected)], "{line}");
        }
        let good = format!("friend@b.example\tme\tprpl-jabber\t{digits}\tverified");
        let file = format!("\u{feff}{good}\r\n\r\nbad\r\n{good}\r\n");
        let lines: Vec<_> = read(&file, None).collect();
        assert_eq!(lines, [(1, friend()), (3, Line::Unreadable), (4, friend())]);
        let lines: Vec<_> = read("\u{feff}\n\u{feff}", None).collect();
        assert_eq!(lines, [(2, Line::Unreadable)], "a mark alone is no line");
    }
}
