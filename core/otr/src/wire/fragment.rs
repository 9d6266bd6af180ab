//! Fragments (spec: "Fragmentation"): a message in pieces for a network that limits its length.

use std::collections::BTreeMap;
use std::time::Duration;

use super::codec::{Malformed, Reader, write_data};
use super::message::{Header, LEAST_TAG, NO_TAG};

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
/// What a message takes when it is stored, bytes, besides its text.
const STORED_HEAD: usize = 20;

/// A piece of a message.
#[derive(PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Fragment<'a> {
    pub(crate) sender: u32,
    pub(crate) receiver: u32,
    number: u16,
    count: u16,
    piece: &'a str,
}

/// Reads a fragment of version 3 or 2 from where its mark is; `None` if there is none. What looks like one but is not
/// allowed has no pieces.
pub(crate) fn read(marked: &str) -> Option<Option<Fragment<'_>>> {
    match marked.strip_prefix("?OTR|") {
        Some(version_3) => Some(parse_version_3(version_3)),
        None => {
            let version_2 = marked.strip_prefix("?OTR,")?;
            // A text may go on like this, too.
            let mut numbers = version_2.splitn(3, ',').take(2);
            numbers.all(|number| number.parse::<u16>().is_ok()).then(|| parse(NO_TAG, NO_TAG, version_2))
        }
    }
}

impl Fragment<'_> {
    pub(crate) const fn header(&self) -> Header {
        Header { sender: self.sender, receiver: self.receiver }
    }
}

fn parse_version_3(text: &str) -> Option<Fragment<'_>> {
    let (sender, rest) = text.split_once('|')?;
    let (receiver, rest) = rest.split_once(',')?;
    let tag = |hex: &str| u32::from_str_radix(hex, 16).ok().filter(|_| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    parse(tag(sender).filter(|sender| *sender >= LEAST_TAG)?, tag(receiver)?, rest)
}

fn parse(sender: u32, receiver: u32, text: &str) -> Option<Fragment<'_>> {
    let mut parts = text.splitn(3, ',');
    let (number, count) = (parts.next()?, parts.next()?);
    let (piece, _) = parts.next()?.split_once(',')?;
    let short = |text: &str| text.parse::<u16>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    let (number, count) = (short(number)?, short(count)?);
    let fragment = Fragment { sender, receiver, number, count, piece };
    (number > 0 && number <= count && !piece.is_empty()).then_some(fragment)
}

/// Cuts a message into pieces of at most `limit` bytes, heads included. `None`: even 65535 pieces are too few.
pub(crate) fn split(wire: String, sender: u32, receiver: u32, limit: usize) -> Option<Vec<String>> {
    if wire.len() <= limit {
        return Some(vec![wire]);
    }
    let tags = if sender == NO_TAG { String::new() } else { format!("|{sender:08x}|{receiver:08x}") };
    let head = format!("?OTR{tags},00000,00000,");
    // A message is ASCII, so bytes are characters.
    let room = limit.checked_sub(head.len() + 1).filter(|room| *room > 0)?;
    let count = u16::try_from(wire.len().div_ceil(room)).ok()?;
    let pieces = wire.as_bytes().chunks(room).zip(1..=count).map(|(piece, number)| {
        let piece = String::from_utf8_lossy(piece);
        format!("?OTR{tags},{number:05},{count:05},{piece},")
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

impl Partial {
    fn has(&self, fragment: &Fragment<'_>) -> bool {
        self.count == fragment.count && fragment.number <= self.number && self.text.contains(fragment.piece)
    }
}

impl Assembly {
    /// Takes a piece; the message if that was the last.
    pub(crate) fn add(&mut self, fragment: &Fragment<'_>, now: Duration) -> Option<String> {
        let mut partial = self.0.remove(&fragment.sender);
        if fragment.number == 1 {
            partial = Some(Partial { number: 0, count: fragment.count, text: String::new(), since: now });
        }
        // A server that has not learned what is here says it again.
        if let Some(partial) = partial.take_if(|p| p.has(fragment)) {
            self.0.insert(fragment.sender, partial);
            return None;
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

    /// How many bytes [`Assembly::store`] writes.
    pub(crate) fn stored_length(&self) -> usize {
        self.0.values().map(|p| STORED_HEAD + p.text.len()).sum::<usize>() + 1
    }

    /// Writes what has come: whoever has told the network that a piece is here must still have it in the next process.
    pub(crate) fn store(&self, out: &mut Vec<u8>) {
        out.push(u8::try_from(self.0.len()).unwrap_or(0));
        for (sender, partial) in &self.0 {
            out.extend_from_slice(&sender.to_be_bytes());
            out.extend_from_slice(&partial.number.to_be_bytes());
            out.extend_from_slice(&partial.count.to_be_bytes());
            out.extend_from_slice(&partial.since.as_secs().to_be_bytes());
            write_data(out, partial.text.as_bytes());
        }
    }

    /// Reads what [`Assembly::store`] wrote. What no pieces lead to is refused.
    pub(crate) fn restore(reader: &mut Reader<'_>, now: Duration) -> Result<Self, Malformed> {
        let mut partials = BTreeMap::new();
        for _ in 0..reader.byte()? {
            let (sender, number, count) = (reader.int()?, reader.short()?, reader.short()?);
            // A clock that has begun anew since then makes it wait for longer, never for less.
            let since = Duration::from_secs(u64::from_be_bytes(reader.array()?)).min(now);
            let text = str::from_utf8(reader.data()?).map_err(|_| Malformed)?.to_owned();
            if number == 0 || number >= count || text.len() > CAP_PER_INSTANCE {
                return Err(Malformed);
            }
            partials.insert(sender, Partial { number, count, text, since });
        }
        let bytes: usize = partials.values().map(|p| p.text.len()).sum();
        if partials.len() > INSTANCES || bytes > CAP { Err(Malformed) } else { Ok(Self(partials)) }
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

    fn stored(assembly: &Assembly) -> Vec<u8> {
        let mut out = Vec::new();
        assembly.store(&mut out);
        assert_eq!(out.len(), assembly.stored_length());
        out
    }

    fn restored(bytes: &[u8], now: Duration) -> Result<Assembly, Malformed> {
        let mut reader = Reader::new(bytes);
        let assembly = Assembly::restore(&mut reader, now)?;
        reader.end().map(|()| assembly)
    }

    /// One message on its way, as it is stored.
    fn entry(sender: u32, numbers: (u16, u16), since: u64, text: &[u8]) -> Vec<u8> {
        let mut out = sender.to_be_bytes().to_vec();
        out.extend_from_slice(&[numbers.0.to_be_bytes(), numbers.1.to_be_bytes()].concat());
        out.extend_from_slice(&since.to_be_bytes());
        write_data(&mut out, text);
        out
    }

    /// However full it is: stored after each piece, it goes on as if nothing had been.
    #[test]
    fn frag_stored_in_full() {
        let pieces = |sender| split("x".repeat(CAP_PER_INSTANCE), sender, 1, 10_000).unwrap();
        let (ours, others) = (pieces(0x100), pieces(0x200));
        let mut assembly = Assembly::default();
        for (one, other) in ours.iter().zip(&others).take(ours.len() - 1) {
            all(&mut assembly, &[one.clone(), other.clone()]);
            assembly = restored(&stored(&assembly), NOW).unwrap();
        }
        let last = all(&mut assembly, &[ours.last().unwrap().clone(), others.last().unwrap().clone()]);
        assert!(last.iter().all(|whole| whole.as_ref().is_some_and(|whole| whole.len() == CAP_PER_INSTANCE)));
    }

    /// What no pieces lead to is refused: more than memory may hold, most of all.
    #[test]
    fn frag_stored_hostile() {
        let one = |numbers, text: &[u8]| restored(&[&[1][..], &entry(0x100, numbers, 0, text)].concat(), NOW).is_ok();
        assert!(one((1, 2), b"x") && one((65_534, 65_535), b"x"));
        for numbers in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 2), (3, 2)] {
            assert!(!one(numbers, b"x"), "{numbers:?}");
        }
        assert!(!one((1, 2), b"\xff"));
        let full = [b'x'; CAP_PER_INSTANCE + 1];
        assert!(one((1, 2), &full[1..]) && !one((1, 2), &full));
        let texts = |texts: &[&[u8]]| {
            let entries = texts.iter().zip(0x100..).flat_map(|(text, sender)| entry(sender, (1, 2), 0, text));
            let count = u8::try_from(texts.len()).unwrap();
            restored(&std::iter::once(count).chain(entries).collect::<Vec<_>>(), NOW).is_ok()
        };
        let x = &full[..1];
        assert!(texts(&[x; INSTANCES]) && !texts(&[x; INSTANCES + 1]) && !texts(&[x; 255]));
        assert!(texts(&[&full[1..]; 2]) && !texts(&[&full[1..], &full[1..], x]));
    }

    /// The time goes on over a resumption; a clock that begins anew ends nothing early.
    #[test]
    fn frag_stored_time() {
        let mut assembly = Assembly::default();
        let began = Duration::from_millis(5_700);
        assembly.add(&Fragment { sender: 0x100, receiver: 1, number: 1, count: 2, piece: "x" }, began);
        let bytes = stored(&assembly);
        for (now, since) in [(9, 5), (5, 5), (3, 3), (0, 0)] {
            let assembly = restored(&bytes, Duration::from_secs(now)).unwrap();
            assert_eq!(assembly.deadline(), Some(PATIENCE + Duration::from_secs(since)), "{now}");
        }
        let latest = restored(&[&[1][..], &entry(0x100, (1, 2), u64::MAX, b"x")].concat(), Duration::MAX).unwrap();
        assert_eq!(latest.deadline(), Some(Duration::MAX));
    }
}
