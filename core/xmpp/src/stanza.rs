//! One top-level element as it comes, and what is left of it if the parser cannot read it: its name, and those attributes
//! and children that can be read.

use std::ops::Range;

use rxml::error::EndOrError;
use rxml::{Event, Parse as _, Parser};

/// What is held of one stanza, bytes.
const HELD: usize = if cfg!(fuzzing) { 10 * 1024 } else { 1024 * 1024 };
/// An attribute that is longer, bytes, is left out: the parser's own bound is 8 KiB.
const ATTRIBUTE_AT_MOST: usize = if cfg!(fuzzing) { 64 } else { 4096 };
/// The same for [`ADDRESSING`]: an address has 3 KiB at most (RFC 7622, section 3.1), and up to six times that escaped.
const ADDRESSING_AT_MOST: usize = if cfg!(fuzzing) { 128 } else { 8000 };
/// How many attributes and children are tried one by one.
const TRIED: usize = 64;
/// Attributes that are tried behind that many others, too: they say where a stanza comes from and what it is.
const ADDRESSING: [&[u8]; 4] = [b"from", b"id", b"to", b"type"];

/// Name and namespace of what stands in a message in the place of what was left out.
pub(crate) const UNREADABLE: (&str, &str) = ("unreadable", "flashpaper:stanza");

/// How many elements are open where the start tag of a stanza is read, and of its child.
const STANZA: usize = 1;
const CHILD: usize = 2;

#[derive(Default)]
pub(crate) struct Stanza {
    /// What is held.
    bytes: Vec<u8>,
    /// How much has come, bytes.
    pub(crate) length: usize,
    /// Where the present attribute begins: in what is held, and in what has come.
    attribute: (usize, usize),
    attributes: Vec<Range<usize>>,
    /// Where the present child begins.
    child: Option<usize>,
    children: Vec<Range<usize>>,
    /// The present child is read past.
    skips: bool,
    /// A part that was no attribute was left out.
    has_gap: bool,
    /// An attribute of the stanza itself was left out: the sender, perhaps.
    lacks_attribute: bool,
}

impl Stanza {
    pub(crate) fn keep(&mut self, byte: u8) {
        self.length += 1;
        if self.bytes.len() >= HELD {
            self.give_up_child();
        }
        if !self.skips && self.bytes.len() < HELD {
            self.bytes.push(byte);
        }
    }

    /// Behind the first letter of an element's name.
    pub(crate) fn tag_begins(&mut self, depth: usize) {
        if depth == CHILD {
            self.child = Some(self.bytes.len().saturating_sub(2));
        }
    }

    /// Behind the space before an attribute.
    pub(crate) const fn attribute_begins(&mut self) {
        self.attribute = (self.bytes.len().saturating_sub(1), self.length);
    }

    /// Behind the quote at a value's end.
    pub(crate) fn attribute_ends(&mut self, depth: usize, quote: u8) {
        let (start, came) = self.attribute;
        let is_addressing = depth == STANZA && ADDRESSING.contains(&self.attribute_name(start));
        let at_most = if is_addressing { ADDRESSING_AT_MOST } else { ATTRIBUTE_AT_MOST };
        let is_too_long = !self.skips && self.length - came > at_most;
        let is_kept = !is_too_long || is_addressing && self.cut_client(start, quote);
        if !is_kept {
            self.bytes.truncate(start);
            self.lacks_attribute |= depth == STANZA;
        } else if depth == STANZA && self.attributes.len() < if is_addressing { 2 * TRIED } else { TRIED } {
            self.attributes.push(start..self.bytes.len());
        }
        self.attribute = (self.bytes.len(), self.length);
    }

    /// Cuts the client's name out of a sender's address that is too long, and keeps the account. Whether there is one.
    fn cut_client(&mut self, start: usize, quote: u8) -> bool {
        let address = self.bytes.get(start..).unwrap_or_default();
        let account = address.iter().position(|byte| *byte == b'/').filter(|end| *end < ADDRESSING_AT_MOST);
        let Some(end) = account.filter(|_| self.attribute_name(start) == b"from") else { return false };
        self.bytes.truncate(start + end + 1);
        self.bytes.push(quote);
        true
    }

    fn attribute_name(&self, start: usize) -> &[u8] {
        let attribute = self.bytes.get(start..).unwrap_or_default().trim_ascii_start();
        let mut parts = attribute.split(|byte| byte.is_ascii_whitespace() || *byte == b'=');
        parts.next().unwrap_or_default()
    }

    /// `depth`: how many elements are open still.
    pub(crate) fn element_ends(&mut self, depth: usize) {
        if depth == CHILD
            && let Some(start) = self.child.take()
            && !std::mem::take(&mut self.skips)
            && self.children.len() < TRIED
        {
            self.children.push(start..self.bytes.len());
        }
    }

    /// Leaves the present child out.
    pub(crate) fn give_up_child(&mut self) {
        self.has_gap = true;
        if let Some(start) = self.child {
            self.bytes.truncate(start);
            self.skips = true;
        }
    }

    /// What the parser can read of it, if it is a stanza; else all of it.
    pub(crate) fn mended(self, header: &[u8]) -> Vec<u8> {
        if !self.is_stanza() || !self.has_gap && !self.lacks_attribute && reads(header, &[&self.bytes]) {
            return self.bytes;
        }
        let part = |range: &Range<usize>| self.bytes.get(range.clone()).unwrap_or_default();
        let name = self.name();
        let mut tag = [b"<", name].concat();
        for attribute in self.attributes.iter().map(part) {
            if reads(header, &[&tag, attribute, b"/>"]) {
                tag.extend(attribute);
            }
        }
        tag.push(b'>');
        let end = [b"</", name, b">"].concat();
        let can_be_read = |child: &&[u8]| reads(header, &[&tag, child, &end]);
        let mut inside = self.children.iter().map(part).filter(can_be_read).collect::<Vec<_>>().concat();
        // A request has one child at most (RFC 6120, section 8.2.3).
        if name == b"message" || inside.is_empty() {
            let (name, namespace) = UNREADABLE;
            inside.extend(format!("<{name} xmlns='{namespace}'/>").bytes());
        }
        [tag, inside, end].concat()
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether something is missing in what only the server can have said.
    pub(crate) fn is_torn(&self) -> bool {
        self.has_gap && !self.is_stanza()
    }

    pub(crate) fn is_stanza(&self) -> bool {
        [&b"message"[..], b"presence", b"iq"].contains(&self.name())
    }

    fn name(&self) -> &[u8] {
        let behind = self.bytes.get(1..).unwrap_or_default();
        behind.split(|byte| byte.is_ascii_whitespace() || b"/>".contains(byte)).next().unwrap_or_default()
    }
}

/// Whether the parser reads this as one element behind a stream's header.
fn reads(header: &[u8], element: &[&[u8]]) -> bool {
    let mut parser = Parser::new();
    let mut depth = 0_usize;
    for mut part in std::iter::once(header).chain(element.iter().copied()) {
        loop {
            match parser.parse(&mut part, false) {
                Ok(Some(Event::StartElement(..))) => depth += 1,
                Ok(Some(Event::EndElement(..))) => depth = depth.saturating_sub(1),
                Ok(_) => {}
                Err(EndOrError::NeedMoreData) => break,
                Err(EndOrError::Error(_)) => return false,
            }
        }
    }
    depth == STANZA
}
