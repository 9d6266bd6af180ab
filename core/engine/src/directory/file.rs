//! The directory's file: CSV, a row for each server. `core/docs/directory.md` describes it.

use std::collections::HashSet;

use csv::{ReaderBuilder, StringRecord, Writer};
use flashpaper_tor::OnionAddress;
use flashpaper_xmpp::Domain;

use super::{Day, Kind, Ports, Server, Tor};
use crate::Error;
use crate::error::{DirectoryFault, RowFault};

/// The columns.
pub(crate) const HEADER: [&str; 8] =
    ["domain", "onion", "ports", "in_band_registration", "tor", "note", "source", "seen"];
/// Those of earlier files, which are read as well.
pub(crate) const WITHOUT_TOR: [&str; 7] =
    ["domain", "onion", "ports", "in_band_registration", "note", "source", "seen"];

/// The kinds, as the file has them.
pub(crate) const KINDS: [(&str, Kind); 5] =
    [("yes", Kind::Yes), ("captcha", Kind::Captcha), ("web", Kind::Web), ("no", Kind::No), ("unknown", Kind::Unknown)];

/// What is made of Tor, as the file has it.
const TORS: [(&str, Tor); 4] =
    [("yes", Tor::Yes), ("quarantines", Tor::Quarantines), ("blocked", Tor::Blocked), ("unknown", Tor::Unknown)];

/// Of a file, bytes.
pub(crate) const SIZE_AT_MOST: usize = 256 * 1024;
const SERVERS_AT_MOST: usize = 1000;
/// Of a note or source, bytes.
const TEXT_AT_MOST: usize = 256;

/// Reads a file that comes from outside.
pub(crate) fn read_bytes(bytes: &[u8]) -> Result<Vec<Server>, DirectoryFault> {
    if bytes.len() > SIZE_AT_MOST {
        return Err(DirectoryFault::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count();
        DirectoryFault::Malformed { line: before as u64 + 1, fault: RowFault::Text }
    })?;
    read(text)
}

/// Reads a file.
///
/// # Errors
/// The first thing that is wrong with it. One bad row spoils all.
pub(crate) fn read(text: &str) -> Result<Vec<Server>, DirectoryFault> {
    check_size(text)?;
    let malformed = |index, fault| DirectoryFault::Malformed { line: index as u64 + 1, fault };
    // No field has a line break, so each line is a row.
    let mut rows = text.lines().enumerate();
    let header = rows.next().and_then(|(_, line)| record(line)).unwrap_or_default();
    let known = [&HEADER[..], &WITHOUT_TOR].into_iter().find(|columns| header.iter().eq(columns.iter().copied()));
    let columns = known.ok_or_else(|| malformed(0, RowFault::Header))?;
    let (mut servers, mut domains) = (Vec::new(), HashSet::new());
    for (index, line) in rows {
        let row = record(line).filter(|record| record.len() == columns.len()).ok_or(RowFault::Columns);
        let server = row.and_then(|record| server(&record, columns));
        let server = server.map_err(|fault| malformed(index, fault))?;
        if !domains.insert(server.domain.clone()) {
            return Err(malformed(index, RowFault::Twice));
        }
        servers.push(server);
    }
    Ok(servers)
}

/// Whether a text is no larger than a file may be.
pub(crate) fn check_size(text: &str) -> Result<(), DirectoryFault> {
    let fits = text.len() <= SIZE_AT_MOST && text.lines().count() <= SERVERS_AT_MOST + 1;
    if fits { Ok(()) } else { Err(DirectoryFault::TooLarge) }
}

/// A line's fields. A byte order mark, which the reader would pass over, is no part of one.
fn record(line: &str) -> Option<StringRecord> {
    let mut reader =
        ReaderBuilder::new().has_headers(false).buffer_capacity(line.len() + 1).from_reader(line.as_bytes());
    let record = reader.records().next()?.ok()?;
    (!line.starts_with('\u{feff}')).then_some(record)
}

fn server(record: &StringRecord, columns: &[&str]) -> Result<Server, RowFault> {
    let field =
        |name: &str| columns.iter().position(|own| *own == name).and_then(|at| record.get(at)).unwrap_or_default();
    let domain = Domain::parse(field("domain")).map_err(|_| RowFault::Domain)?;
    let onion = Some(field("onion")).filter(|text| !text.is_empty());
    let onion = onion.map(OnionAddress::parse).transpose().map_err(|_| RowFault::Onion)?;
    let ports = ports(field("ports")).ok_or(RowFault::Ports)?;
    let (kind, tor) = match field("in_band_registration") {
        // Before there was `tor`, that was a kind.
        "quarantines" if columns == WITHOUT_TOR => ("yes", "quarantines"),
        kind => (kind, field("tor")),
    };
    let (_, kind) = *KINDS.iter().find(|(name, _)| *name == kind).ok_or(RowFault::Registration)?;
    let known = TORS.iter().find(|(name, _)| *name == tor).map(|(_, tor)| *tor);
    let tor = known.or(tor.is_empty().then_some(Tor::Unknown)).ok_or(RowFault::Tor)?;
    let (note, source) = (field("note"), field("source"));
    if source.is_empty()
        || [note, source].iter().any(|text| text.len() > TEXT_AT_MOST || text.contains(char::is_control))
    {
        return Err(RowFault::Text);
    }
    let seen = Day::parse(field("seen")).ok_or(RowFault::Seen)?;
    Ok(Server { domain, onion, ports, kind, tor, seen, is_unlisted: false })
}

/// `DIRECT STARTTLS`; nothing: the usual ones.
fn ports(text: &str) -> Option<Ports> {
    if text.is_empty() {
        return Some(Ports::default());
    }
    let port = |text: &str| text.parse().ok().filter(|port: &u16| *port != 0 && port.to_string() == text);
    let (direct_tls, starttls) = text.split_once(' ')?;
    Some(Ports { direct_tls: port(direct_tls)?, starttls: port(starttls)? })
}

/// Writes a file. Of each server: the entry, and a note.
pub(crate) fn write<'a>(servers: impl Iterator<Item = (&'a Server, &'a str)>, source: &str) -> Result<String, Error> {
    let mut file = Writer::from_writer(Vec::new());
    file.write_record(HEADER).map_err(|_| Error::Internal)?;
    for (Server { domain, onion, ports, kind, tor, seen, .. }, note) in servers {
        let onion = onion.as_ref().map_or("", OnionAddress::as_str);
        let is_usual = *ports == Ports::default();
        let ports = if is_usual { String::new() } else { format!("{} {}", ports.direct_tls, ports.starttls) };
        let kind = KINDS.iter().find(|(_, own)| own == kind).map_or("unknown", |(name, _)| *name);
        let tor = TORS.iter().find(|(_, own)| own == tor).map_or("unknown", |(name, _)| *name);
        let row = [domain.as_str(), onion, &ports, kind, tor, note, source, &seen.to_string()];
        file.write_record(row).map_err(|_| Error::Internal)?;
    }
    let bytes = file.into_inner().map_err(|_| Error::Internal)?;
    String::from_utf8(bytes).map_err(|_| Error::Internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONION: &str = "jabjabdea2eewo3gzfurscj2sjqgddptwumlxi3wur57rzf5itje2rid.onion";

    fn read_rows(rows: &str) -> Result<Vec<Server>, DirectoryFault> {
        read(&format!("{}\n{rows}", WITHOUT_TOR.join(",")))
    }

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let rows = format!(
            "a.example,{ONION},443 5222,captcha,\"a, b\",list,2026-01-02\nmünchen.example,,,web,,list,2026-01-03\r\n"
        );
        let servers = read_rows(&rows).unwrap();
        let [first, second] = &*servers else { unreachable!() };
        assert_eq!(first.onion.as_ref().map(OnionAddress::as_str), Some(ONION));
        assert_eq!((first.ports.direct_tls, first.ports.starttls, first.kind), (443, 5222, Kind::Captcha));
        assert_eq!((second.domain.as_str(), second.seen.to_string()), ("münchen.example", "2026-01-03".into()));
        assert!(second.ports == Ports::default() && second.onion.is_none());
        let again = write(servers.iter().map(|server| (server, "a note, with a comma")), "test").unwrap();
        assert!(read(&again).unwrap() == servers, "{again}");
        assert!(again.contains("captcha,unknown,\"a note, with a comma\",test,2026-01-02"), "{again}");
    }

    #[test]
    fn what_a_server_makes_of_tor_is_read_and_in_earlier_files_a_kind() {
        let read_row = |row: &str| read(&format!("{}\n{row},,list,2026-01-02\n", HEADER.join(",")));
        for (row, tor) in [
            ("b.example,,,captcha,yes", Tor::Yes),
            ("b.example,,,captcha,quarantines", Tor::Quarantines),
            ("b.example,,,captcha,blocked", Tor::Blocked),
            ("b.example,,,captcha,unknown", Tor::Unknown),
            ("b.example,,,captcha,", Tor::Unknown),
        ] {
            let server = read_row(row).unwrap().remove(0);
            assert_eq!((server.kind, server.tor), (Kind::Captcha, tor), "{row}");
            let again = write([(&server, "")].into_iter(), "test").unwrap();
            assert!(read(&again).unwrap() == [server], "{again}");
        }
        for (row, fault) in [("yes,maybe", RowFault::Tor), ("quarantines,", RowFault::Registration)] {
            let came = read_row(&format!("b.example,,,{row}"));
            assert_eq!(came.err(), Some(DirectoryFault::Malformed { line: 2, fault }), "{row}");
        }
        let earlier = read_rows("b.example,,,quarantines,,list,2026-01-02\n").unwrap().remove(0);
        assert_eq!((earlier.kind, earlier.tor), (Kind::Yes, Tor::Quarantines));
    }

    #[test]
    fn each_fault_is_named_with_its_line() {
        let onion_with_another_checksum = format!("{}e.onion", &ONION[..55]);
        let good = "a.example,,,yes,,list,2026-01-02\n";
        for (row, fault) in [
            ("", RowFault::Columns),
            ("b.example", RowFault::Columns),
            ("b.example,,yes,,list,2026-01-02", RowFault::Columns),
            ("b.example,,,yes,,list,2026-01-02,", RowFault::Columns),
            ("b.example,,,yes,\"a,list,2026-01-02", RowFault::Columns),
            ("\u{feff}b.example,,,yes,,list,2026-01-02", RowFault::Columns),
            (",,,yes,,list,2026-01-02", RowFault::Domain),
            ("127.0.0.1,,,yes,,list,2026-01-02", RowFault::Domain),
            ("b.example:5222,,,yes,,list,2026-01-02", RowFault::Domain),
            (&format!("{ONION},{ONION},,yes,,list,2026-01-02"), RowFault::Domain),
            ("b.example,c.example,,yes,,list,2026-01-02", RowFault::Onion),
            (&format!("b.example,{onion_with_another_checksum},,yes,,list,2026-01-02"), RowFault::Onion),
            ("b.example,,443,yes,,list,2026-01-02", RowFault::Ports),
            ("b.example,,0 5222,yes,,list,2026-01-02", RowFault::Ports),
            ("b.example,,443 65536,yes,,list,2026-01-02", RowFault::Ports),
            ("b.example,,+443 5222,yes,,list,2026-01-02", RowFault::Ports),
            ("b.example,,443  5222,yes,,list,2026-01-02", RowFault::Ports),
            ("b.example,,,,,list,2026-01-02", RowFault::Registration),
            ("b.example,,,Yes,,list,2026-01-02", RowFault::Registration),
            ("b.example,,,yes,,,2026-01-02", RowFault::Text),
            ("b.example,,,yes,\u{1b}[2J,list,2026-01-02", RowFault::Text),
            (&format!("b.example,,,yes,,{},2026-01-02", "x".repeat(257)), RowFault::Text),
            ("b.example,,,yes,,list,", RowFault::Seen),
            ("b.example,,,yes,,list,2026-02-30", RowFault::Seen),
            ("A.example.,,,web,,list,2026-01-03", RowFault::Twice),
        ] {
            for (before, line) in [(good.to_owned(), 3), (good.to_owned() + "c.example,,,no,,list,2026-01-02\n", 4)] {
                let came = read_rows(&format!("{before}{row}\nd.example,,,no,,list,2026-01-02\n"));
                assert!(came.err() == Some(DirectoryFault::Malformed { line, fault }), "{row}");
            }
        }
        for text in ["", "\n", "domain,onion\n", good, &format!("\u{feff}{}\n", WITHOUT_TOR.join(","))] {
            assert_eq!(
                read(text).err(),
                Some(DirectoryFault::Malformed { line: 1, fault: RowFault::Header }),
                "{text}"
            );
        }
        assert!(read_rows("").unwrap().is_empty());
    }

    #[test]
    fn a_file_has_so_many_servers_and_bytes() {
        let row = |n: usize, note: &str| format!("s{n}.example,,,yes,{note},list,2026-01-02\n");
        let rows = |count: usize, note: &str| read_rows(&(0..count).map(|n| row(n, note)).collect::<String>());
        assert_eq!(rows(1000, "").unwrap().len(), 1000);
        assert_eq!(rows(1001, "").err(), Some(DirectoryFault::TooLarge));
        assert_eq!(rows(999, &"x".repeat(256)).err(), Some(DirectoryFault::TooLarge));
    }
}
