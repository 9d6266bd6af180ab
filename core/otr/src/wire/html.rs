//! Bodies in HTML, as Pidgin and Adium send them, made readable. Nothing is rendered: what is no mark-up of theirs stays
//! as it is.

/// The elements that those clients write, and what is pasted into them.
const ELEMENTS: &str = "\
    a abbr b big body br cite code del em font head html i img ins kbd mark meta q s samp small span strike strong \
    sub sup tbody td tfoot th thead tt u var wbr";

/// Those that stand in rows of their own.
const ROWS: &str = "\
    address article aside blockquote caption center dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header \
    hr li main nav ol p pre section table title tr ul";

/// The entities of the characters from U+00A1 on.
const LATIN: &str = "\
    iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro \
    para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig \
    Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times \
    Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave \
    eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave \
    uacute ucirc uuml yacute thorn yuml";

/// Others that are written by name, each before its character.
const ENTITIES: &str = "\
    amp& lt< gt> quot\" apos' OEligŒ oeligœ ScaronŠ scaronš YumlŸ fnofƒ circˆ tilde˜ ndash– mdash— lsquo‘ rsquo’ \
    sbquo‚ ldquo“ rdquo” bdquo„ dagger† Dagger‡ bull• hellip… permil‰ prime′ Prime″ lsaquo‹ rsaquo› euro€ trade™ \
    larr← uarr↑ rarr→ darr↓ harr↔ infin∞ minus− ne≠ le≤ ge≥ asymp≈ hearts♥";

/// The longest entity that is read, bytes: `&#x0010ffff;`.
const ENTITY_AT_MOST: usize = 12;

/// Elements that have no end. The last two are nothing without attributes: without them they are words about mark-up.
const VOID: [&str; 4] = ["br", "hr", "img", "meta"];

/// The text of an HTML body that a client has written; `None` if it is not one: then `<` and `&` mean themselves. A client
/// closes what it opens, in order: else it is the user who writes of mark-up, or of types, or compares.
pub(crate) fn written_by_client(body: &str) -> Option<String> {
    let mut open = Vec::new();
    let mut rest = body;
    while let Some((_, from)) = rest.split_once('<') {
        let (tag, behind) = Tag::read(from)?;
        let is_void = VOID.contains(&tag.name);
        let is_right = match tag.attributes {
            Attributes::Odd => false,
            Attributes::None if is_void => ["br", "hr"].contains(&tag.name) && !tag.is_end,
            Attributes::None if tag.is_end => open.pop() == Some(tag.name),
            _ => !tag.is_end,
        };
        if !is_right || tag.is_empty && !is_void {
            return None;
        }
        open.extend(Some(tag.name).filter(|_| !is_void && !tag.is_end));
        rest = behind;
    }
    to_text(body).filter(|_| open.is_empty())
}

/// The text of a part of an HTML body, whatever is open at its ends; `None` if there is no mark-up in it.
pub(crate) fn to_text(body: &str) -> Option<String> {
    let mut text = Text { written: String::with_capacity(body.len()), due: String::new() };
    let mut rest = body;
    let mut link = None;
    while let Some(at) = rest.find(['<', '&', '>']) {
        let (before, from) = rest.split_at(at);
        text.write(before);
        if let Some(from) = from.strip_prefix('<') {
            let (tag, behind) = Tag::read(from)?;
            match tag.name {
                "a" => {
                    text.end_link(link.take());
                    link = tag.target.map(|target| (decoded(target), text.begin()));
                }
                "br" => text.due.push('\n'),
                "td" | "th" if text.due.is_empty() => text.due.push('\t'),
                name if ROWS.split(' ').any(|row| row == name) => text.end_row(),
                _ => {}
            }
            rest = behind;
        } else {
            let (character, behind) = entity(from)?;
            text.begin();
            text.written.push(character);
            rest = behind;
        }
    }
    if rest.len() == body.len() {
        return None;
    }
    text.write(rest);
    text.end_link(link);
    Some(text.written)
}

/// What is written, and the breaks that come before what is written next: they stand between rows alone.
struct Text {
    written: String,
    due: String,
}

impl Text {
    /// Blanks between rows are mark-up.
    fn write(&mut self, words: &str) {
        if self.due.is_empty() || !words.trim_matches(is_blank).is_empty() {
            self.begin();
            self.written.push_str(words);
        }
    }

    /// Writes what is due; where what follows begins.
    fn begin(&mut self) -> usize {
        if !self.written.is_empty() {
            self.written.push_str(&self.due);
        }
        self.due.clear();
        self.written.len()
    }

    fn end_row(&mut self) {
        if !self.due.starts_with('\n') {
            self.due = "\n".to_owned();
        }
    }

    /// Says where a link leads, behind its words, unless they say it. `link`: where it leads, and where its words begin.
    fn end_link(&mut self, link: Option<(String, usize)>) {
        if let Some((target, words)) = link.filter(|(target, words)| self.written.get(*words..) != Some(target)) {
            let blank = if words == self.written.len() { "" } else { " " };
            self.written.push_str(&format!("{blank}<{target}>"));
        }
    }
}

/// A text as the body of a client that reads HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

struct Tag<'a> {
    name: &'static str,
    /// Where a link that begins here leads.
    target: Option<&'a str>,
    is_end: bool,
    /// Whether it ends at once, as in XML.
    is_empty: bool,
    attributes: Attributes,
}

#[derive(PartialEq, Eq)]
enum Attributes {
    None,
    /// Each has a name and a value.
    Whole,
    Odd,
}

impl<'a> Tag<'a> {
    /// Reads a tag behind its `<`; and what follows it.
    fn read(from: &'a str) -> Option<(Self, &'a str)> {
        let begin = from.strip_prefix('/').unwrap_or(from);
        let (name, mut rest) = begin.split_at(begin.find(|c: char| !c.is_ascii_alphanumeric())?);
        let name = ELEMENTS.split(' ').chain(ROWS.split(' ')).find(|known| known.eq_ignore_ascii_case(name))?;
        if !rest.starts_with(|c: char| is_blank(c) || "/>".contains(c)) {
            return None;
        }
        let is_end = begin.len() != from.len();
        let (mut target, mut attributes) = (None, Attributes::None);
        loop {
            let is_empty = rest.trim_start_matches(is_blank).starts_with('/');
            rest = rest.trim_start_matches(|c: char| is_blank(c) || c == '/');
            if let Some(behind) = rest.strip_prefix('>') {
                // An end has none.
                let target = target.filter(|target: &&str| !is_end && !target.is_empty());
                return Some((Self { name, target, is_end, is_empty, attributes }, behind));
            }
            let (attribute, behind) = rest.split_at(rest.find(|c: char| is_blank(c) || "=/>".contains(c))?);
            let value;
            (value, rest) = match behind.trim_start_matches(is_blank).strip_prefix('=') {
                Some(behind) => value_of(behind.trim_start_matches(is_blank))?,
                None => ("", behind),
            };
            let is_name = attribute.starts_with(|c: char| c.is_ascii_alphabetic())
                && attribute.chars().all(|c| c.is_ascii_alphanumeric() || "-_:.".contains(c));
            let is_quoted = behind.split_at(behind.len() - rest.len()).0.ends_with(['"', '\'']);
            let is_whole = is_name && (is_quoted || !value.is_empty());
            attributes = if is_whole && attributes != Attributes::Odd { Attributes::Whole } else { Attributes::Odd };
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
        code if code.starts_with('#') => {
            let code = code.split_at(1).1;
            let number = code.strip_prefix(['x', 'X']).map_or_else(|| code.parse(), |hex| u32::from_str_radix(hex, 16));
            char::from_u32(number.ok()?)?
        }
        "nbsp" => ' ',
        name => {
            let latin = ('\u{a1}'..).zip(LATIN.split(' ')).find(|(_, known)| *known == name).map(|(known, _)| known);
            let only = |rest: &str| rest.chars().next().filter(|known| rest.len() == known.len_utf8());
            latin.or_else(|| ENTITIES.split(' ').find_map(|known| known.strip_prefix(name).and_then(only)))?
        }
    };
    Some((character, behind.strip_prefix(';')?))
}

#[cfg(test)]
mod tests {
    use super::{to_text, written_by_client};

    /// What people write with signs of mark-up, and what clients write.
    #[test]
    fn well_formed() {
        for plain in [
            "if a <b then c> d",
            "vec<u>",
            "use <b> for bold",
            "run rm <s>",
            "<p> is a paragraph",
            "<p>one<p>two",
            "<b>bold</b> is <b>",
            "</b> ends <b>",
            "a <b><i>b</b></i> c",
            "a <b c>d</b> e",
            "a <b =c>d</b> e",
            "a <b == c>d</b> e",
            "a <b c=>d</b> e",
            "a <b c= >d</b> e",
            "a <b c=d e>f</b> g",
            "a <b &&=1>c</b> d",
            "a <b c='d'>e</b f='g'> h",
            "use <img> for pictures and <meta> for the rest",
            "</br>",
            "<b/>",
            "<b /> and &amp;",
            "AT&T <b>x</b>",
            "a <b>x</b> < c",
            "Vec<a>, Vec<Vec<a>> and <a>",
            "a > b",
        ] {
            assert_eq!(written_by_client(plain), None, "{plain}");
        }
        for (body, text) in [
            ("<FONT COLOR=\"#fff\" ABSZ=12>a &lt;b&gt;</font>", "a <b>"),
            ("<html><body><div><span style='x: \"y\"'>one</span><br/>two</div></body></html>", "one\ntwo"),
            ("one<br>two<BR />three<hr>four", "one\ntwo\nthree\nfour"),
            ("<a href=\"https://x.example/\" title=''>here</a >", "here <https://x.example/>"),
            ("<a href=https://x.example/>here</a>", "here <https://x.example/>"),
            (
                "<meta charset=utf-8><p\nxml:lang = 'en' data-x.y='>'>one <img src='x' alt=y/></p><p>two</p>",
                "one \ntwo",
            ),
            ("AT&amp;T", "AT&T"),
        ] {
            assert_eq!(written_by_client(body).as_deref(), Some(text), "{body}");
        }
    }

    #[test]
    fn html() {
        for (body, text) in [
            ("<FONT COLOR=\"#fff\">hi &amp; bye</FONT>", "hi & bye"),
            ("one<br>two<BR/>three", "one\ntwo\nthree"),
            ("a &lt;b&gt; c &#228; &#xe4;", "a <b> c ä ä"),
            (
                "it&rsquo;s &ldquo;H<sub>2</sub>O&rdquo;&hellip; &iexcl;&yuml;&Auml;&auml;&nbsp;&euro;",
                "it\u{2019}s \u{201c}H2O\u{201d}\u{2026} \u{a1}\u{ff}Ää €",
            ),
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
            "a <b",
            "if x<y and y>z",
            "&rsquo",
            "&eur;",
            "&#;",
            "&;",
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
            ("<a href>z</a><a href=>z</a></a href='x'><br/>", "zz"),
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
            ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
            ("<DIV CLASS='a'>one<P >two</P\n></DIV>", "one\ntwo"),
            ("<div>hi</div>", "hi"),
            ("<p>one</p><p>two</p>", "one\ntwo"),
            ("<p>one<br></p>\n <p>two<br></p>", "one\ntwo"),
            ("<br>one<br><br><b>two</b><hr>three", "one\n\ntwo\nthree"),
            ("<h1>one</h1><blockquote>two</blockquote><pre>  three\n four</pre>", "one\ntwo\n  three\n four"),
            ("<table><tr><td>a</td><th>b</th></tr><tr><td>c</td><td></td></tr></table>d", "a\tb\nc\nd"),
            ("one<div><a href='x'>y</a></div>", "one\ny <x>"),
            ("one<div><a href='x'>x</a><br></div>two", "one\nx\ntwo"),
            ("<a href='x'><div>y</div></a>z", "y <x>\nz"),
        ] {
            assert_eq!(to_text(body).as_deref(), Some(text), "{body}");
        }
    }
}
