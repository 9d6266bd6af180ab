//! Fragments (spec: "Fragmentation"): a message in pieces for a network that limits its length.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::codec::{Malformed, PREFIX, Reader, write_data};
use super::message::{Header, LEAST_TAG, NO_TAG};

/// What one peer instance may have us keep, bytes: texts of 190 kB.
const CAP_PER_INSTANCE: usize = 256 * 1024;
/// What all of a session's together may.
const CAP: usize = 512 * 1024;
/// From how many instances at once.
const INSTANCES: usize = 16;
/// How many pieces and messages that came lately are known when they come again.
const SEEN_AT_MOST: usize = 512;
/// What messages may end with alike, characters: that there are no MAC keys to reveal.
const TAIL: usize = 16;
/// In how many ranges of pieces a lost message is known.
const RANGES: usize = 8;
/// The least limit that is kept: a head, and room for something behind it.
pub(crate) const LEAST_LIMIT: usize = 100;
/// A message is given up when its pieces take longer. Its sender may be cut off for hours between two of them, and servers
/// keep them for days: the bounds above are what limits memory.
const PATIENCE: Duration = Duration::from_secs(7 * 86_400);
/// What a message takes when it is stored, bytes, besides its text.
const STORED_HEAD: usize = 27;

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

    fn digest(&self) -> u64 {
        let Self { sender, number, count, piece, .. } = self;
        digest(&[&sender.to_be_bytes(), &number.to_be_bytes(), &count.to_be_bytes(), piece.as_bytes()])
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

/// The messages that are not whole yet: of each instance one that is new, and one that may be a repetition.
#[derive(Default)]
pub(crate) struct Assembly {
    /// By sender, and whether all of its pieces had come before: then a server repeats a message, or it is a new one that
    /// begins like one before.
    partials: BTreeMap<(u32, bool), Partial>,
    /// What came lately, by its digest. Servers repeat what they do not know to be here.
    seen: VecDeque<(u64, Seen)>,
    /// The messages that were lost lately: more of their pieces may come.
    lost: VecDeque<Lost>,
    /// How many were lost that nobody was told of.
    untold: usize,
}

/// What a piece that came was of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// A message that was read, or may be.
    Message,
    /// Something else that nobody can read.
    Other,
    /// A message that was lost before this piece came.
    Lost,
}

struct Partial {
    number: u16,
    count: u16,
    text: String,
    since: Duration,
    /// How many of the pieces are surely of this message, and how much of the text: those behind came before as well, and may
    /// be another's that are repeated.
    sure: (u16, usize),
}

impl Partial {
    const fn begun(count: u16, since: Duration) -> Self {
        Self { number: 0, count, text: String::new(), since, sure: (0, 0) }
    }

    fn is_followed_by(&self, fragment: &Fragment<'_>) -> bool {
        self.count == fragment.count && self.number.checked_add(1) == Some(fragment.number)
    }

    /// Leaves out what is not sure, if that makes it fit.
    fn before(mut self, fragment: &Fragment<'_>) -> Self {
        if self.sure.0.checked_add(1) == Some(fragment.number) {
            self.number = self.sure.0;
            self.text.truncate(self.sure.1);
        }
        self
    }
}

/// A message that will not become whole.
struct Lost {
    sender: u32,
    count: u16,
    /// Which pieces have come: from one to another.
    came: Vec<(u16, u16)>,
}

impl Lost {
    /// Takes a piece, unless another of that number has come: then it is one of another message.
    fn takes(&mut self, fragment: &Fragment<'_>) -> bool {
        let &Fragment { sender, number, count, .. } = fragment;
        let is_other = self.came.iter().any(|(from, to)| (*from..=*to).contains(&number));
        if (sender, count) != (self.sender, self.count) || is_other {
            return false;
        }
        if let Some((_, last)) = self.came.last_mut().filter(|(_, last)| last.checked_add(1) == Some(number)) {
            *last = number;
        } else if self.came.len() < RANGES {
            self.came.push((number, number));
        }
        true
    }
}

impl Assembly {
    /// Takes a piece; the message if that was the last.
    pub(crate) fn add(&mut self, fragment: &Fragment<'_>, now: Duration) -> Option<String> {
        let &Fragment { sender, number, count, .. } = fragment;
        let (digest, again) = (fragment.digest(), self.partials.remove(&(sender, true)));
        let known = self.seen.iter().find(|(known, _)| *known == digest).map(|(_, seen)| *seen);
        let new = self.partials.remove(&(sender, false));
        if known.is_some_and(|seen| seen != Seen::Lost) {
            let begun = (number == 1).then(|| Partial::begun(count, now));
            let again = begun.or(again).filter(|again| again.count == count && number <= again.number + 1);
            return match (again, new) {
                (Some(again), new) if again.is_followed_by(fragment) => {
                    self.put(sender, false, new);
                    self.extend(again, fragment, (true, true))
                }
                // It may be a part of both. A last piece is not, unless it is too short to hold any of the MAC.
                (_, Some(new)) if new.is_followed_by(fragment) && (number < count || fragment.piece.len() <= TAIL) => {
                    self.extend(new, fragment, (false, false))
                }
                (again, new) => {
                    self.put(sender, true, again);
                    self.put(sender, false, new);
                    None
                }
            };
        }
        let partial = match (new.map(|new| new.before(fragment)), again) {
            (Some(new), _) if new.is_followed_by(fragment) => new,
            // It was none that was repeated.
            (new, Some(again)) if again.is_followed_by(fragment) => {
                self.lose(sender, new);
                again
            }
            (new, _) if number == 1 => {
                self.lose(sender, new);
                Partial::begun(count, now)
            }
            (new, _) => {
                if known.is_some() || self.lost.iter_mut().rev().any(|lost| lost.takes(fragment)) {
                    // Of another, which was told.
                    self.put(sender, false, new);
                } else {
                    // A piece is missing before this one, or all that come before it.
                    let is_other = new.as_ref().is_none_or(|new| new.count != count || number <= new.sure.0);
                    self.lose(sender, new);
                    if is_other {
                        self.lose(sender, Some(Partial::begun(count, now)));
                    }
                    self.lost.iter_mut().rev().any(|lost| lost.takes(fragment));
                }
                self.remember(digest, Seen::Lost);
                return None;
            }
        };
        // One piece is never missed.
        if count > 1 {
            let begins = if number > 1 { &partial.text } else { fragment.piece };
            let is_message = begins.starts_with(PREFIX) || PREFIX.starts_with(begins);
            self.remember(digest, if is_message { Seen::Message } else { Seen::Other });
        }
        self.extend(partial, fragment, (false, true))
    }

    fn put(&mut self, sender: u32, again: bool, partial: Option<Partial>) {
        self.partials.extend(partial.map(|partial| ((sender, again), partial)));
    }

    fn extend(&mut self, mut partial: Partial, fragment: &Fragment<'_>, (again, sure): (bool, bool)) -> Option<String> {
        partial.number = fragment.number;
        let length = partial.text.len() + fragment.piece.len();
        if length > CAP_PER_INSTANCE {
            self.lose(fragment.sender, Some(partial).filter(|_| !again));
            return None;
        }
        if length > partial.text.capacity() {
            let capacity = (2 * partial.text.capacity()).clamp(length, CAP_PER_INSTANCE);
            partial.text.reserve_exact(capacity - partial.text.len());
        }
        partial.text.push_str(fragment.piece);
        if sure {
            partial.sure = (partial.number, length);
        }
        if partial.number == partial.count {
            // What was lost before it is over.
            self.lost.retain(|lost| lost.sender != fragment.sender);
            return Some(partial.text);
        }
        self.make_room(partial.text.capacity());
        self.partials.insert((fragment.sender, again), partial);
        None
    }

    /// The oldest give way: a sender of many that never end displaces its own first.
    fn make_room(&mut self, more: usize) {
        let held = |partials: &BTreeMap<_, Partial>| partials.values().map(|p| p.text.capacity()).sum::<usize>();
        while self.partials.len() >= INSTANCES || held(&self.partials) + more > CAP {
            let oldest = self.partials.iter().min_by_key(|(_, p)| p.since).map(|(key, _)| *key);
            let Some(oldest) = oldest else { return };
            self.give_up(oldest);
        }
    }

    /// A whole message of an instance came in between.
    pub(crate) fn forget(&mut self, sender: u32) {
        self.give_up((sender, false));
        self.give_up((sender, true));
    }

    /// A plain text came in between; it has no sender's tag.
    pub(crate) fn forget_all(&mut self) {
        self.give_up_where(|_| true);
    }

    fn give_up_where(&mut self, is_it: impl Fn(&Partial) -> bool) {
        let keys: Vec<_> = self.partials.iter().filter(|(_, p)| is_it(p)).map(|(key, _)| *key).collect();
        keys.into_iter().for_each(|key| self.give_up(key));
    }

    fn give_up(&mut self, (sender, again): (u32, bool)) {
        let partial = self.partials.remove(&(sender, again));
        // What has all come before may have been read.
        self.lose(sender, partial.filter(|_| !again));
    }

    fn lose(&mut self, sender: u32, partial: Option<Partial>) {
        let Some(Partial { number, count, .. }) = partial else { return };
        if self.lost.len() >= INSTANCES {
            self.lost.pop_front();
        }
        let came = if number > 0 { vec![(1, number)] } else { Vec::new() };
        self.lost.push_back(Lost { sender, count, came });
        self.untold += 1;
    }

    /// How many messages were lost since this was asked last.
    pub(crate) fn take_lost(&mut self) -> usize {
        std::mem::take(&mut self.untold)
    }

    /// A whole message was read. When it comes again, it is none that came in between.
    pub(crate) fn was_read(&mut self, wire: &str) {
        self.remember(digest(&[wire.as_bytes()]), Seen::Message);
    }

    /// Whether a whole message was read lately.
    pub(crate) fn has_read(&self, wire: &str) -> bool {
        self.seen.contains(&(digest(&[wire.as_bytes()]), Seen::Message))
    }

    fn remember(&mut self, digest: u64, seen: Seen) {
        if let Some((_, known)) = self.seen.iter_mut().find(|(known, _)| *known == digest) {
            *known = seen;
            return;
        }
        if self.seen.len() >= SEEN_AT_MOST {
            self.seen.pop_front();
        }
        self.seen.push_back((digest, seen));
    }

    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.partials.values().map(|p| p.since.saturating_add(PATIENCE)).min()
    }

    pub(crate) fn tick(&mut self, now: Duration) {
        self.give_up_where(|p| now >= p.since.saturating_add(PATIENCE));
    }

    /// What is stored of what came lately. What cannot be read changes no state.
    fn read_pieces(&self) -> impl Iterator<Item = u64> {
        self.seen.iter().filter(|(_, seen)| *seen == Seen::Message).map(|(digest, _)| *digest)
    }

    /// How many bytes [`Assembly::store`] writes.
    pub(crate) fn stored_length(&self) -> usize {
        let partials: usize = self.partials.values().map(|p| STORED_HEAD + p.text.len()).sum();
        1 + partials + 2 + 8 * self.read_pieces().count()
    }

    /// Writes the pieces that came: one that was acknowledged to the network must be there in the next process, too.
    pub(crate) fn store(&self, out: &mut Vec<u8>) {
        out.push(u8::try_from(self.partials.len()).unwrap_or(0));
        for ((sender, again), partial) in &self.partials {
            out.extend_from_slice(&sender.to_be_bytes());
            out.push(u8::from(*again));
            out.extend_from_slice(&partial.number.to_be_bytes());
            out.extend_from_slice(&partial.count.to_be_bytes());
            out.extend_from_slice(&partial.since.as_secs().to_be_bytes());
            out.extend_from_slice(&partial.sure.0.to_be_bytes());
            out.extend_from_slice(&u32::try_from(partial.sure.1).unwrap_or(0).to_be_bytes());
            write_data(out, partial.text.as_bytes());
        }
        out.extend_from_slice(&u16::try_from(self.read_pieces().count()).unwrap_or(0).to_be_bytes());
        self.read_pieces().for_each(|digest| out.extend_from_slice(&digest.to_be_bytes()));
    }

    /// Reads what [`Assembly::store`] wrote. What no pieces lead to is refused.
    pub(crate) fn restore(reader: &mut Reader<'_>, now: Duration) -> Result<Self, Malformed> {
        let mut assembly = Self::default();
        for _ in 0..reader.byte()? {
            let (sender, again) = (reader.int()?, reader.byte()? != 0);
            let (number, count) = (reader.short()?, reader.short()?);
            // A clock that has begun anew since then makes it wait for longer, never for less.
            let since = Duration::from_secs(u64::from_be_bytes(reader.array()?)).min(now);
            let sure = (reader.short()?, usize::try_from(reader.int()?).map_err(|_| Malformed)?);
            let text = str::from_utf8(reader.data()?).map_err(|_| Malformed)?.to_owned();
            let is_led_to = (1..count).contains(&number) && sure.0 <= number && text.is_char_boundary(sure.1);
            if !is_led_to || text.len() > CAP_PER_INSTANCE {
                return Err(Malformed);
            }
            assembly.partials.insert((sender, again), Partial { number, count, text, since, sure });
        }
        for _ in 0..reader.short()? {
            assembly.seen.push_back((u64::from_be_bytes(reader.array()?), Seen::Message));
        }
        let bytes: usize = assembly.partials.values().map(|p| p.text.len()).sum();
        let few = assembly.partials.len() <= INSTANCES && assembly.seen.len() <= SEEN_AT_MOST;
        if few && bytes <= CAP { Ok(assembly) } else { Err(Malformed) }
    }
}

/// A short digest that tells pieces apart. A sender who makes two pieces with the same digest loses only a message of their own.
fn digest(parts: &[&[u8]]) -> u64 {
    let hash = parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize();
    hash.iter().take(8).fold(0, |digest, byte| digest << 8 | u64::from(*byte))
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
                assert!(assembly.partials.values().map(|p| p.text.capacity()).sum::<usize>() <= CAP);
            }
        }
        for sender in 0x100..0x1000 {
            assembly.add(&Fragment { sender, receiver: 1, number: 1, count: 2, piece: "x" }, NOW);
            assert!(assembly.partials.len() <= INSTANCES);
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
        let mut out = [&sender.to_be_bytes()[..], &[0]].concat();
        out.extend_from_slice(&[numbers.0.to_be_bytes(), numbers.1.to_be_bytes()].concat());
        out.extend_from_slice(&since.to_be_bytes());
        out.extend_from_slice(&[0; 6]);
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
        let one = |numbers, text: &[u8]| {
            restored(&[&[1][..], &entry(0x100, numbers, 0, text), &[0; 2]].concat(), NOW).is_ok()
        };
        assert!(one((1, 2), b"x") && one((65_534, 65_535), b"x"));
        for numbers in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 2), (3, 2)] {
            assert!(!one(numbers, b"x"), "{numbers:?}");
        }
        assert!(!one((1, 2), b"\xff"));
        for sure in [[0, 2, 0, 0, 0, 0], [0, 1, 0, 0, 0, 2], [0, 1, 0, 0, 0, 1]] {
            let bytes = [&[1][..], &entry(0x100, (1, 2), 0, "ä".as_bytes()), &[0; 2]].concat();
            let bytes: Vec<_> = bytes[..18].iter().chain(&sure).chain(&bytes[24..]).copied().collect();
            assert_eq!(restored(&bytes, NOW).is_ok(), sure == [0, 1, 0, 0, 0, 2], "{sure:?}");
        }
        let full = [b'x'; CAP_PER_INSTANCE + 1];
        assert!(one((1, 2), &full[1..]) && !one((1, 2), &full));
        let texts = |texts: &[&[u8]]| {
            let entries = texts.iter().zip(0x100..).flat_map(|(text, sender)| entry(sender, (1, 2), 0, text));
            let count = u8::try_from(texts.len()).unwrap();
            restored(&std::iter::once(count).chain(entries).chain([0; 2]).collect::<Vec<_>>(), NOW).is_ok()
        };
        let x = &full[..1];
        assert!(texts(&[x; INSTANCES]) && !texts(&[x; INSTANCES + 1]) && !texts(&[x; 255]));
        assert!(texts(&[&full[1..]; 2]) && !texts(&[&full[1..], &full[1..], x]));
        let came = |count: usize| {
            let count_and_digests = [&u16::try_from(count).unwrap().to_be_bytes()[..], &vec![0; 8 * count]].concat();
            restored(&[&[0][..], &count_and_digests].concat(), NOW).is_ok()
        };
        assert!(came(SEEN_AT_MOST) && !came(SEEN_AT_MOST + 1));
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
        let latest = [&[1][..], &entry(0x100, (1, 2), u64::MAX, b"x"), &[0; 2]].concat();
        let latest = restored(&latest, Duration::MAX).unwrap();
        assert_eq!(latest.deadline(), Some(Duration::MAX));
    }
}
