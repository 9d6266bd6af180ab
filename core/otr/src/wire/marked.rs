//! Where in a body a message of OTR's stands, and whether words stand beside it: phones quote what they cannot read.

use super::fragment::{self, Fragment};
use super::plain::MARK;
use super::{codec, html, message};

/// A body that holds an encoded message, or a piece of one.
pub(crate) struct Marked<'a> {
    pub(crate) found: Found<'a>,
    /// Somebody has written something beside it.
    pub(crate) has_words: bool,
}

pub(crate) enum Found<'a> {
    /// It may turn out to be malformed.
    Encoded,
    Piece(Fragment<'a>),
    /// It looks like a piece, and is not allowed.
    NoPiece,
}

/// `None`: a text. The first mark decides: others may be quoted behind it, or be inside of a piece.
pub(crate) fn find(wire: &str) -> Option<Marked<'_>> {
    let (before, marked) = wire.split_at(wire.find(MARK)?);
    if let Some(piece) = fragment::read(marked) {
        // Pieces tell too little of themselves to be looked for inside a sentence.
        let begins = text_of(before, |text| text.trim().is_empty());
        let behind = marked.splitn(5, ',').nth(4).unwrap_or_default();
        let has_words = piece.is_some() && is_said(behind);
        return begins.then(|| Marked { found: piece.map_or(Found::NoPiece, Found::Piece), has_words });
    }
    let encoded = marked.strip_prefix(codec::PREFIX)?;
    let is_it = if before.is_empty() { !encoded.starts_with(char::is_whitespace) } else { is_message(marked) };
    let behind = encoded.split_once('.').map_or("", |(_, behind)| behind);
    is_it.then(|| Marked { found: Found::Encoded, has_words: is_said(before) || is_said(behind) })
}

/// Whether this has the form and the head of a message: other words can be base64, too.
pub(crate) fn is_message(wire: &str) -> bool {
    let Some(Ok(bytes)) = codec::dearmor(wire) else { return false };
    matches!(message::read_head(&mut codec::Reader::new(&bytes)), Ok(Some(_)))
}

/// Whether a part of a body holds more than mark-up, blanks and punctuation.
fn is_said(part: &str) -> bool {
    text_of(part, |text| text.contains(|c: char| !c.is_whitespace() && !c.is_ascii_punctuation()))
}

fn text_of(part: &str, look: impl Fn(&str) -> bool) -> bool {
    html::to_text(part).map_or_else(|| look(part), |text| look(&text))
}
