//! The name server that the exits ask: it knows the lab's domains, and writes down every question.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;

use crate::Result;

/// Answers on `socket` until the process ends; questions go to `log`, a line each: name and type number.
pub(crate) fn serve(socket: UdpSocket, hosts: BTreeMap<String, Ipv4Addr>, log: &Path) -> Result<()> {
    let mut log = OpenOptions::new().create(true).write(true).truncate(true).open(log)?;
    std::thread::Builder::new().name("lab-names".into()).spawn(move || {
        let mut packet = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut packet) {
            if let Some(answer) = answer(&packet[..length], &hosts, &mut log) {
                // An exit that does not get its answer asks again.
                let _ = socket.send_to(&answer, from);
            }
        }
    })?;
    Ok(())
}

/// One answer (RFC 1035, section 4.1); `None` for what is no question.
fn answer(query: &[u8], hosts: &BTreeMap<String, Ipv4Addr>, log: &mut File) -> Option<Vec<u8>> {
    const A: u16 = 1;
    let (id, rest) = query.split_first_chunk::<2>()?;
    let mut rest = rest.get(10..)?;
    let mut labels = Vec::new();
    loop {
        let (length, tail) = rest.split_first()?;
        let (label, tail) = tail.split_at_checked(usize::from(*length))?;
        rest = tail;
        if label.is_empty() {
            break;
        }
        labels.push(String::from_utf8_lossy(label).to_lowercase());
    }
    let kind = u16::from_be_bytes(*rest.first_chunk()?);
    let question = query.get(12..query.len() - rest.len() + 4)?;
    let name = labels.join(".");
    let _ = writeln!(log, "{name} {kind}");

    let address = hosts.get(&name);
    let found = address.filter(|_| kind == A);
    // A response, authoritative; NXDOMAIN for a name that nobody has.
    let flags: u16 = if address.is_some() { 0x8580 } else { 0x8583 };
    let mut out = id.to_vec();
    for field in [flags, 1, u16::from(found.is_some()), 0, 0] {
        out.extend(field.to_be_bytes());
    }
    out.extend(question);
    if let Some(address) = found {
        // The name again (a pointer to it), type A, class IN, 60 s, 4 bytes.
        out.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        out.extend(address.octets());
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_name_an_unknown_one_and_noise() {
        let folder = std::env::temp_dir().join(format!("flashpaper-names-{}", std::process::id()));
        let mut log = File::create(&folder).unwrap();
        let hosts = BTreeMap::from([("burner.test".to_owned(), Ipv4Addr::new(127, 1, 2, 3))]);
        let query = |name: &str, kind: u8| {
            let mut q = vec![7, 8, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
            for label in name.split('.') {
                q.push(u8::try_from(label.len()).unwrap());
                q.extend(label.bytes());
            }
            q.extend([0, 0, kind, 0, 1]);
            q
        };
        let found = answer(&query("Burner.test", 1), &hosts, &mut log).unwrap();
        assert_eq!(found[..8], [7, 8, 0x85, 0x80, 0, 1, 0, 1]);
        assert!(found.ends_with(&[127, 1, 2, 3]));
        let other_type = answer(&query("burner.test", 28), &hosts, &mut log).unwrap();
        assert_eq!(other_type[2..8], [0x85, 0x80, 0, 1, 0, 0]);
        let unknown = answer(&query("nowhere.test", 1), &hosts, &mut log).unwrap();
        assert_eq!(unknown[2..8], [0x85, 0x83, 0, 1, 0, 0]);
        for cut in 0..query("a.b", 1).len() {
            assert!(answer(&query("a.b", 1)[..cut], &hosts, &mut log).is_none(), "{cut}");
        }
        assert_eq!(std::fs::read_to_string(&folder).unwrap(), "burner.test 1\nburner.test 28\nnowhere.test 1\n");
        std::fs::remove_file(folder).unwrap();
    }
}
