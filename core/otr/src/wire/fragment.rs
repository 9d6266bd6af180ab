//! Fragments (spec: "Fragmentation"): a message in pieces for a network that limits its length.

use std::collections::BTreeMap;
use std::time::Duration;

/// What one peer instance may have us keep, bytes: texts of 190 kB.
const CAP_PER_INSTANCE: usize = 256 * 1024;
/// What all of a session's together may.
const CAP: usize = 512 * 1024;
/// From how many instances at once.
const INSTANCES: usize = 16;
/// The least limit that is kept: a head, and room for something behind it.
pub(crate) const LEAST_LIMIT: usize = 100;
/// A message whose pieces take longer is given up. Its sender may be cut off for hours between two of them, and servers
/// keep them for days: the bounds above are what limits memory.
const PATIENCE: Duration = Duration::from_secs(7 * 86_400);

/// A piece of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fragment<'a> {
    pub(crate) sender: u32,
    pub(crate) receiver: u32,
    number: u16,
    count: u16,
    piece: &'a str,
}

/// Reads a fragment of version 3 from where its mark is; `None` if there is none. What looks like one but is not allowed
/// has no pieces.
pub(crate) fn read(marked: &str) -> Option<Option<Fragment<'_>>> {
    Some(parse(marked.strip_prefix("?OTR|")?))
}

/// Whether this is a fragment of version 2, which has no tags.
pub(crate) fn is_version_2(wire: &str) -> bool {
    let mut parts = wire.strip_prefix("?OTR,").into_iter().flat_map(|rest| rest.split(','));
    let numbers = [parts.next(), parts.next()];
    numbers.iter().all(|part| part.is_some_and(|number| number.parse::<u16>().is_ok()))
}

fn parse(text: &str) -> Option<Fragment<'_>> {
    let (sender, rest) = text.split_once('|')?;
    let mut parts = rest.splitn(4, ',');
    let (receiver, number, count) = (parts.next()?, parts.next()?, parts.next()?);
    let (piece, _) = parts.next()?.split_once(',')?;
    let tag = |hex: &str| u32::from_str_radix(hex, 16).ok().filter(|_| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    let short = |text: &str| text.parse::<u16>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    let (number, count) = (short(number)?, short(count)?);
    let fragment = Fragment { sender: tag(sender)?, receiver: tag(receiver)?, number, count, piece };
    (number > 0 && number <= count && !piece.is_empty()).then_some(fragment)
}

/// Cuts a message into pieces of at most `limit` bytes, heads included. `None`: even 65535 pieces are too few.
pub(crate) fn split(wire: String, sender: u32, receiver: u32, limit: usize) -> Option<Vec<String>> {
    if wire.len() <= limit {
        return Some(vec![wire]);
    }
    let head = format!("?OTR|{sender:08x}|{receiver:08x},00000,00000,");
    // A message is ASCII, so bytes are characters.
    let room = limit.checked_sub(head.len() + 1).filter(|room| *room > 0)?;
    let count = u16::try_from(wire.len().div_ceil(room)).ok()?;
    let pieces = wire.as_bytes().chunks(room).zip(1..=count).map(|(piece, number)| {
        let piece = String::from_utf8_lossy(piece);
        format!("?OTR|{sender:08x}|{receiver:08x},{number:05},{count:05},{piece},")
    });
    Some(pieces.collect())
}

/// The messages that are not whole yet, one for each instance.
#[derive(Default)]
pub(crate) struct Assembly(BTreeMap<u32, Partial>);

struct Partial {
    number: u16,
    count: u16,
    text: String,
    since: Duration,
}

impl Assembly {
    /// Takes a piece; the message if that was the last.
    pub(crate) fn add(&mut self, fragment: &Fragment<'_>, now: Duration) -> Option<String> {
        let mut partial = self.0.remove(&fragment.sender);
        if fragment.number == 1 {
            partial = Some(Partial { number: 0, count: fragment.count, text: String::new(), since: now });
        }
        // Out of order, or of another message: all of it is forgotten.
        let mut partial =
            partial.filter(|p| p.count == fragment.count && p.number.checked_add(1) == Some(fragment.number))?;
        let length = partial.text.len() + fragment.piece.len();
        if length > CAP_PER_INSTANCE {
            return None;
        }
        if length > partial.text.capacity() {
            let capacity = (2 * partial.text.capacity()).clamp(length, CAP_PER_INSTANCE);
            partial.text.reserve_exact(capacity - partial.text.len());
        }
        partial.text.push_str(fragment.piece);
        partial.number = fragment.number;
        if partial.number == partial.count {
            return Some(partial.text);
        }
        self.make_room(partial.text.capacity());
        self.0.insert(fragment.sender, partial);
        None
    }

    /// The oldest give way: whoever sends many that never end displaces his own first.
    fn make_room(&mut self, more: usize) {
        while self.0.len() >= INSTANCES || self.0.values().map(|p| p.text.capacity()).sum::<usize>() + more > CAP {
            let oldest = self.0.iter().min_by_key(|(_, p)| p.since).map(|(tag, _)| *tag);
            if oldest.and_then(|tag| self.0.remove(&tag)).is_none() {
                return;
            }
        }
    }

    /// A whole message of an instance came in between.
    pub(crate) fn forget(&mut self, sender: u32) {
        self.0.remove(&sender);
    }

    /// A plain text came in between; it has no sender's tag.
    pub(crate) fn forget_all(&mut self) {
        self.0.clear();
    }

    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.0.values().map(|p| p.since.saturating_add(PATIENCE)).min()
    }

    pub(crate) fn tick(&mut self, now: Duration) {
        self.0.retain(|_, p| now < p.since.saturating_add(PATIENCE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn all(assembly: &mut Assembly, pieces: &[String]) -> Vec<Option<String>> {
        pieces.iter().map(|p| assembly.add(&read(p).unwrap().unwrap(), NOW)).collect()
    }

    #[test]
    fn frag_size_exact() {
        let message = format!("?OTR:{}.", "A".repeat(1000));
        for limit in [38, 39, 150, 500, 1005] {
            let pieces = split(message.clone(), 0x100, 0x101, limit).unwrap();
            assert!(pieces.iter().all(|p| p.len() <= limit));
            assert_eq!(all(&mut Assembly::default(), &pieces).last().unwrap().as_deref(), Some(&*message));
        }
        assert_eq!(split(message.clone(), 0x100, 0x101, 1006), Some(vec![message.clone()]));
        assert_eq!(split(message.clone(), 0x100, 0x101, 36), None);
        assert_eq!(split("A".repeat(70_000), 0x100, 0x101, 37), None);
    }

    #[test]
    fn frag_bad_kn() {
        for bad in ["0,2,a,", "1,0,a,", "3,2,a,", "1,2,,", "1,65536,a,", "1,2,a", "+1,2,a,", "-1,2,a,", "1,2"] {
            assert_eq!(read(&format!("?OTR|100|200,{bad}")), Some(None), "{bad}");
        }
        for bad in ["?OTR|zz|200,1,1,a,", "?OTR|100,1,1,a,", "?OTR||,1,1,a,", "?OTR|100000000|1,1,1,a,"] {
            assert_eq!(read(bad), Some(None), "{bad}");
        }
        let fragment = read("?OTR|1f0|0,00001,00002,piece,").unwrap().unwrap();
        assert_eq!((fragment.sender, fragment.receiver, fragment.piece), (0x1f0, 0, "piece"));
        assert_eq!(read("?OTR:AAM."), None);
    }

    #[test]
    fn frag_reset_and_frag_per_instance() {
        let message = "x".repeat(300);
        let (ours, others) =
            (split(message.clone(), 0x100, 1, 150).unwrap(), split(message.clone(), 0x200, 1, 150).unwrap());
        let mut assembly = Assembly::default();
        // Interleaved senders do not disturb each other.
        let mixed: Vec<_> = ours.iter().zip(&others).flat_map(|(a, b)| [a.clone(), b.clone()]).collect();
        assert_eq!(all(&mut assembly, &mixed).iter().flatten().count(), 2);
        // A lost, a repeated and a foreign piece forget the message.
        assert!(all(&mut assembly, &[ours[0].clone(), ours[2].clone()]).iter().all(Option::is_none));
        assert!(all(&mut assembly, &[ours[1].clone(), ours[2].clone()]).iter().all(Option::is_none));
        assert!(all(&mut assembly, &[ours[0].clone(), ours[0].clone()]).iter().all(Option::is_none));
        assembly.forget(0x100);
        assert!(all(&mut assembly, &ours[1..]).iter().all(Option::is_none));
    }

    #[test]
    fn frag_cap_exact() {
        for (length, read) in [(CAP_PER_INSTANCE, true), (CAP_PER_INSTANCE + 1, false)] {
            let message = "x".repeat(length);
            let pieces = split(message, 0x100, 1, 10_000).unwrap();
            let last = all(&mut Assembly::default(), &pieces).pop().unwrap();
            assert_eq!(last.map(|message| message.len()), read.then_some(length));
        }
    }

    /// Two that are as long as can be fit beside each other.
    #[test]
    fn frag_cap_of_two() {
        let pieces = [0x100, 0x200].map(|sender| split("x".repeat(CAP_PER_INSTANCE), sender, 1, 10_000).unwrap());
        let mixed: Vec<_> = pieces[0].iter().zip(&pieces[1]).flat_map(|(a, b)| [a.clone(), b.clone()]).collect();
        assert_eq!(all(&mut Assembly::default(), &mixed).iter().flatten().count(), 2);
    }

    #[test]
    fn frag_cap() {
        let mut assembly = Assembly::default();
        let piece = "x".repeat(60_000);
        for number in 1..=20 {
            for sender in [0x100, 0x101, 0x102] {
                assembly.add(&Fragment { sender, receiver: 1, number, count: 60, piece: &piece }, NOW);
                assert!(assembly.0.values().map(|p| p.text.capacity()).sum::<usize>() <= CAP);
            }
        }
        for sender in 0x100..0x1000 {
            assembly.add(&Fragment { sender, receiver: 1, number: 1, count: 2, piece: "x" }, NOW);
            assert!(assembly.0.len() <= INSTANCES);
        }
        assert_eq!(assembly.deadline(), Some(PATIENCE));
        assembly.tick(PATIENCE - Duration::from_nanos(1));
        assert_eq!(assembly.deadline(), Some(PATIENCE));
        assembly.tick(PATIENCE);
        assert_eq!(assembly.deadline(), None);
    }
}
