//! Bodies in HTML, as Pidgin and Adium send them, made readable. Nothing is rendered: what is no mark-up of theirs stays
//! as it is.

/// The elements that those clients write.
const ELEMENTS: [&str; 20] = [
    "a", "b", "body", "br", "div", "em", "font", "hr", "html", "i", "img", "li", "ol", "p", "s", "span", "strong",
    "tr", "u", "ul",
];

/// The longest entity that is read, bytes: `&#x0010ffff;`.
const ENTITY_AT_MOST: usize = 12;

/// The text of an HTML body; `None` if it is not one: then `<` and `&` mean themselves.
pub(crate) fn to_text(body: &str) -> Option<String> {
    let mut text = String::with_capacity(body.len());
    let mut rest = body;
    let mut link = None;
    while let Some(at) = rest.find(['<', '&', '>']) {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        if let Some(from) = from.strip_prefix('<') {
            let (tag, behind) = Tag::read(from)?;
            if tag.name == "a" {
                end_link(&mut text, link.take());
                link = tag.target.map(|target| (decoded(target), text.len()));
            }
            let is_row = matches!(tag.name, "div" | "li" | "ol" | "p" | "tr" | "ul");
            let is_in_row = !text.is_empty() && !text.ends_with('\n');
            if matches!(tag.name, "br" | "hr") || is_row && is_in_row {
                text.push('\n');
            }
            rest = behind;
        } else {
            let (character, behind) = entity(from)?;
            text.push(character);
            rest = behind;
        }
    }
    if rest.len() == body.len() {
        return None;
    }
    text.push_str(rest);
    end_link(&mut text, link);
    Some(text)
}

/// A text as the body of a client that reads HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Says where a link leads, behind its words, unless they say it. `link`: where it leads, and where its words begin.
fn end_link(text: &mut String, link: Option<(String, usize)>) {
    if let Some((target, words)) = link.filter(|(target, words)| text.get(*words..) != Some(target)) {
        let blank = if words == text.len() { "" } else { " " };
        text.push_str(&format!("{blank}<{target}>"));
    }
}

struct Tag<'a> {
    name: &'static str,
    /// Where a link that begins here leads.
    target: Option<&'a str>,
}

impl<'a> Tag<'a> {
    /// Reads a tag behind its `<`; and what follows it.
    fn read(from: &'a str) -> Option<(Self, &'a str)> {
        let begin = from.strip_prefix('/').unwrap_or(from);
        let (name, mut rest) = begin.split_at(begin.find(|c: char| !c.is_ascii_alphanumeric())?);
        let name = ELEMENTS.into_iter().find(|known| known.eq_ignore_ascii_case(name))?;
        if !rest.starts_with(|c: char| is_blank(c) || "/>".contains(c)) {
            return None;
        }
        let mut target = None;
        loop {
            rest = rest.trim_start_matches(|c: char| is_blank(c) || c == '/');
            if let Some(behind) = rest.strip_prefix('>') {
                // An end has none.
                let target = target.filter(|target: &&str| begin.len() == from.len() && !target.is_empty());
                return Some((Self { name, target }, behind));
            }
            let (attribute, behind) = rest.split_at(rest.find(|c: char| is_blank(c) || "=/>".contains(c))?);
            let value;
            (value, rest) = match behind.trim_start_matches(is_blank).strip_prefix('=') {
                Some(behind) => value_of(behind.trim_start_matches(is_blank))?,
                None => ("", behind),
            };
            if attribute.eq_ignore_ascii_case("href") {
                target = target.or(Some(value));
            }
        }
    }
}

/// An attribute's value as it is meant.
fn decoded(value: &str) -> String {
    Some(value).filter(|value| !value.contains('<')).and_then(to_text).unwrap_or_else(|| value.to_owned())
}

/// An attribute's value behind the `=`; and what follows it.
fn value_of(from: &str) -> Option<(&str, &str)> {
    match from.chars().next()? {
        quote @ ('"' | '\'') => from.split_at(1).1.split_once(quote),
        _ => Some(from.split_at(from.find(|c: char| is_blank(c) || c == '>')?)),
    }
}

const fn is_blank(c: char) -> bool {
    c.is_ascii_whitespace()
}

/// What an entity at the start of `from` stands for; and what follows it.
fn entity(from: &str) -> Option<(char, &str)> {
    let end = from.bytes().take(ENTITY_AT_MOST).position(|byte| byte == b';')?;
    let (entity, behind) = from.split_at(end);
    let character = match entity.strip_prefix('&')? {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        code => {
            let code = code.strip_prefix('#')?;
            let number = code.strip_prefix(['x', 'X']).map_or_else(|| code.parse(), |hex| u32::from_str_radix(hex, 16));
            char::from_u32(number.ok()?)?
        }
    };
    Some((character, behind.strip_prefix(';')?))
}

#[cfg(test)]
mod tests {
    use super::to_text;

    #[test]
    fn html() {
        for (body, text) in [
            ("<FONT COLOR=\"#fff\">hi &amp; bye</FONT>", "hi & bye"),
            ("one<br>two<BR/>three", "one\ntwo\nthree"),
            ("a &lt;b&gt; c &#228; &#xe4;", "a <b> c ä ä"),
            ("<ul><li>one</li><li>two</li></ul><div>three</div>four", "one\ntwo\nthree\nfour"),
        ] {
            assert_eq!(to_text(body).as_deref(), Some(text));
        }
        for plain in [
            "hello",
            "1 < 2",
            "a <xml> b",
            "x & y",
            "if (a<b) {}",
            "<b unfinished",
            "&nosuch;",
            "a > b",
            "a >amp; b",
            "<b-c>",
            "<a href='x",
            "<a href=x",
            "<a href=",
            "<b\"c\">",
            "&#x110000;",
            "&\u{e4}&;",
        ] {
            assert_eq!(to_text(plain), None, "{plain}");
        }
    }

    #[test]
    fn links() {
        for (body, text) in [
            ("<html><body><a href=\"x\">y</a></body></html>", "y <x>"),
            ("see <a href=\"https://x.example/\">here</a>", "see here <https://x.example/>"),
            ("<A STYLE='b' HREF='https://x.example/?a=1&amp;B'>here</A>!", "here <https://x.example/?a=1&B>!"),
            ("<a href=\"https://x.example/\">https://x.example/</a>", "https://x.example/"),
            ("<a href=\"https://x.example/\"><img src=\"y\"></a>", "<https://x.example/>"),
            ("<a name=\"top\">y</a>", "y"),
            ("<a\nhref=\"x\">y</a>", "y <x>"),
            ("<a\thref\t=\n\"x\"\r\n>y</a\n>", "y <x>"),
            ("<a href=https://x.example/>y</a >z", "y <https://x.example/>z"),
            ("<a href = \"x\">y</A >", "y <x>"),
            ("<a href=\"x\">y", "y <x>"),
            ("<a href=\"x\">y<a href='z'>w</a>", "y <x>w <z>"),
            ("<a data-href=\"1\" href=\"2\" href=\"3\">y</a>", "y <2>"),
            ("<a title=\"href='1' >\" href=\"2\" rel=nofollow hidden>y</a>", "y <2>"),
            ("<a href=\"x&y\">z</a>", "z <x&y>"),
            ("<a href=\"x\"title=\"y\">z</a>", "z <x>"),
            ("<a href>z</a><a href=>z</a></a href='x'><br/>", "zz\n"),
        ] {
            assert_eq!(to_text(body).as_deref(), Some(text), "{body}");
        }
    }

    #[test]
    fn rows() {
        for (body, text) in [
            ("<p>one<p>two", "one\ntwo"),
            ("one<div>two</div>three", "one\ntwo\nthree"),
            ("one<ul><li>two<li>three</ul>four", "one\ntwo\nthree\nfour"),
            ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo\n"),
            ("<DIV CLASS='a'>one<P >two</P\n></DIV>", "one\ntwo\n"),
        ] {
            assert_eq!(to_text(body).as_deref(), Some(text), "{body}");
        }
    }
}
