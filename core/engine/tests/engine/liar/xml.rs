//! Just enough of XML to cut what clients say into parts, and to look at them.

/// Takes the next part of a stream: a whole element, or a tag of the stream itself.
pub(super) fn next_part(heard: &mut Vec<u8>) -> Option<String> {
    let (mut depth, mut at) = (0, 0);
    loop {
        let start = at + heard[at..].iter().position(|byte| *byte == b'<')?;
        let mut quote = None;
        let length = heard[start..].iter().position(|byte| match (quote, byte) {
            (None, b'>') => true,
            (None, b'"' | b'\'') => {
                quote = Some(*byte);
                false
            }
            _ => {
                quote = quote.filter(|quote| quote != byte);
                false
            }
        })?;
        let tag = &heard[start..start + length];
        at = start + length + 1;
        let of_stream = [&b"<?xml"[..], b"<stream:stream", b"</stream:stream"].iter().any(|name| tag.starts_with(name));
        if tag.starts_with(b"</") {
            depth -= 1;
        } else if !tag.ends_with(b"/") {
            depth += 1;
        }
        if of_stream || depth == 0 {
            return Some(String::from_utf8_lossy(&heard.drain(..at).collect::<Vec<u8>>()).trim_start().to_owned());
        }
    }
}

/// The name of an element.
pub(crate) fn name(part: &str) -> &str {
    let name = part.trim_start_matches('<');
    let end = name.char_indices().skip(1).find(|(_, c)| [' ', '>', '/'].contains(c)).map_or(name.len(), |(at, _)| at);
    &name[..end]
}

/// An attribute of the outermost element.
pub(crate) fn attribute(part: &str, name: &str) -> Option<String> {
    let tag = part.split('>').next()?;
    let value = |quote: char| tag.split_once(&format!(" {name}={quote}"))?.1.split(quote).next().map(str::to_owned);
    value('\'').or_else(|| value('"'))
}

/// The text of an element inside.
pub(crate) fn content(part: &str, name: &str) -> Option<String> {
    let (_, rest) = part.split_once(&format!("<{name}"))?;
    let (_, rest) = rest.split_once('>')?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text.to_owned())
}

/// A stanza with its sender.
pub(super) fn from(stanza: &str, sender: &str) -> String {
    let name = name(stanza);
    stanza.replacen(&format!("<{name}"), &format!("<{name} from='{sender}'"), 1)
}
