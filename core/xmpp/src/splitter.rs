//! Cuts the bytes of an XML stream into its top-level elements, without trees and without recursion: a state for each kind
//! of markup, and a count of levels.
//!
//! It is no parser: what it hands on, the parser reads for itself. Servers write well-formed XML.

use std::io::{self, ErrorKind};

use crate::stanza::Stanza;

/// The bytes of one stanza that are read past at most. Servers allow their users far less: Prosody 512 KiB, ejabberd 128
/// KiB. What is fuzzed is far shorter, and has to come to each bound.
pub(crate) const BUDGET: usize = if cfg!(fuzzing) { 12 * 1024 } else { 8 * 1024 * 1024 };
/// The stream's own start tag, with what is before it, bytes.
const HEADER_AT_MOST: usize = 64 * 1024;
/// Levels below a stanza. The deepest in use, an archived and forwarded message, has about ten. The trees that the XML
/// library builds are dropped by recursion.
const MAX_DEPTH: usize = 64;

/// Where in the markup the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Text,
    /// Behind a `<`.
    Markup,
    /// In the name of a start tag.
    Name,
    /// Behind that name.
    StartTag,
    /// In an attribute's value that ends with this quote.
    Value(u8),
    EndTag,
    /// Behind `<!`.
    Declaration,
    Comment,
    Cdata,
    Instruction,
}

#[derive(Default)]
pub(crate) struct Splitter {
    place: Place,
    /// Elements that are open, the stream's own among them.
    depth: usize,
    recent: [u8; 3],
    /// All up to the end of the stream's own start tag.
    header: Vec<u8>,
    stanza: Stanza,
    is_over: bool,
}

impl Splitter {
    /// Takes bytes; appends to `out` what the parser may see.
    pub(crate) fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        bytes.iter().try_for_each(|byte| self.step(*byte, out))
    }

    /// Whether nothing was begun and not handed on.
    pub(crate) fn is_idle(&self) -> bool {
        self.stanza.is_empty()
    }

    /// What was begun, once nothing follows.
    pub(crate) fn unfinished(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.stanza).into_bytes()
    }

    fn step(&mut self, byte: u8, out: &mut Vec<u8>) -> io::Result<()> {
        let is_header = self.depth == 0;
        let is_between = self.depth == 1 && self.place == Place::Text && byte != b'<';
        if self.is_over || is_header || is_between {
            out.push(byte);
        } else {
            self.stanza.keep(byte);
        }
        if self.is_over {
            return Ok(());
        }
        if is_header {
            self.header.push(byte);
        }
        self.recent = [self.recent[1], self.recent[2], byte];
        self.advance(byte);
        if self.stanza.length > BUDGET || self.header.len() > HEADER_AT_MOST || self.stanza.is_torn() {
            return Err(refused(self.stanza.is_stanza()));
        }
        if self.place == Place::Text && self.depth <= 1 && !self.stanza.is_empty() {
            self.is_over = self.depth == 0;
            out.extend(std::mem::take(&mut self.stanza).mended(&self.header));
        }
        Ok(())
    }

    fn advance(&mut self, byte: u8) {
        self.place = match (self.place, byte) {
            (Place::Text, b'<') => Place::Markup,
            (Place::Markup, b'/') => Place::EndTag,
            (Place::Markup, b'!') => Place::Declaration,
            (Place::Markup, b'?') => Place::Instruction,
            (Place::Markup, _) => {
                self.stanza.tag_begins(self.depth);
                Place::Name
            }
            (Place::Name, b' ' | b'\t' | b'\r' | b'\n') => {
                self.stanza.attribute_begins();
                Place::StartTag
            }
            (Place::StartTag, b'"' | b'\'') => Place::Value(byte),
            (Place::Name | Place::StartTag, b'>') => {
                self.depth += 1;
                if self.depth > MAX_DEPTH + 2 {
                    self.stanza.give_up_child();
                }
                if self.recent[1] == b'/' {
                    self.element_ends();
                }
                Place::Text
            }
            (Place::Value(quote), _) if byte == quote => {
                self.stanza.attribute_ends(self.depth, quote);
                Place::StartTag
            }
            (Place::EndTag, b'>') => {
                self.element_ends();
                Place::Text
            }
            (Place::Declaration, _) if self.recent == *b"!--" => Place::Comment,
            (Place::Declaration, _) if self.recent == *b"TA[" => Place::Cdata,
            (Place::Comment, _) if self.recent == *b"-->" => Place::Text,
            (Place::Cdata, _) if self.recent == *b"]]>" => Place::Text,
            (Place::Instruction, _) if self.recent[1..] == *b"?>" => Place::Text,
            (Place::Declaration, b'>') => Place::Text,
            (place, _) => place,
        };
    }

    fn element_ends(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.stanza.element_ends(self.depth);
    }
}

/// The stream ends: too much of a stanza, which has come all the same, or what is none.
fn refused(is_stanza: bool) -> io::Error {
    if is_stanza { ErrorKind::InvalidData.into() } else { io::Error::new(ErrorKind::InvalidData, "no stanza") }
}
