//! Bodies in HTML, as Pidgin and Adium send them, made readable. Nothing is rendered: what is no mark-up of theirs stays
//! as it is.

/// The elements that those clients write.
const ELEMENTS: [&str; 20] = [
    "a", "b", "body", "br", "div", "em", "font", "hr", "html", "i", "img", "li", "ol", "p", "s", "span", "strong",
    "tr", "u", "ul",
];

/// The text of an HTML body; `None` if it is not one: then `<` and `&` mean themselves.
pub(crate) fn to_text(body: &str) -> Option<String> {
    let mut text = String::with_capacity(body.len());
    let mut rest = body;
    let mut marked_up = false;
    // Where a link leads, and where its words begin.
    let mut link: Option<(String, usize)> = None;
    while let Some(at) = rest.find(['<', '&', '>']) {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let (replacement, length) = if from.starts_with('<') { element(from)? } else { entity(from)? };
        if from.starts_with("</a>") || from.starts_with("</A>") {
            if let Some((target, words)) = link.take().filter(|(target, at)| text.get(*at..) != Some(target)) {
                let blank = if words == text.len() { "" } else { " " };
                text.push_str(&format!("{blank}<{target}>"));
            }
        } else if let Some(target) = target(from.split_at_checked(length)?.0) {
            link = Some((target, text.len()));
        }
        text.push_str(&replacement);
        rest = from.split_at_checked(length)?.1;
        marked_up = true;
    }
    text.push_str(rest);
    marked_up.then_some(text)
}

/// A text as the body of a client that reads HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What an element at the start of `from` stands for, and its length.
fn element(from: &str) -> Option<(String, usize)> {
    let end = from.find('>')?;
    let inside = from.get(1..end)?;
    let name: String = inside.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
    let name = name.to_ascii_lowercase();
    let known = ELEMENTS.contains(&name.as_str());
    let ends = inside.starts_with('/') && matches!(name.as_str(), "p" | "div" | "li" | "tr");
    let breaks = ends || matches!(name.as_str(), "br" | "hr");
    known.then(|| (if breaks { "\n" } else { "" }.to_owned(), end + 1))
}

/// Where a link that begins here leads.
fn target(element: &str) -> Option<String> {
    let lower = element.to_ascii_lowercase();
    let value = lower.strip_prefix("<a ")?.split_once("href=").map(|(_, value)| value)?;
    let value = element.get(element.len() - value.len()..)?;
    let (target, _) = match value.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => value.strip_prefix('\'')?.split_once('\'')?,
    };
    Some(if target.contains('&') { to_text(target).unwrap_or_else(|| target.to_owned()) } else { target.to_owned() })
}

/// What an entity at the start of `from` stands for, and its length.
fn entity(from: &str) -> Option<(String, usize)> {
    let end = from.find(';')?;
    let character = match from.get(1..end)? {
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
    Some((character.to_string(), end + 1))
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
            ("<html><body><a href=\"x\">y</a></body></html>", "y <x>"),
            ("see <a href=\"https://x.example/\">here</a>", "see here <https://x.example/>"),
            ("<A STYLE='b' HREF='https://x.example/?a=1&amp;B'>here</A>!", "here <https://x.example/?a=1&B>!"),
            ("<a href=\"https://x.example/\">https://x.example/</a>", "https://x.example/"),
            ("<a href=\"https://x.example/\"><img src=\"y\"></a>", "<https://x.example/>"),
            ("<a name=\"top\">y</a>", "y"),
            ("<ul><li>one</li><li>two</li></ul><div>three</div>four", "one\ntwo\nthree\nfour"),
        ] {
            assert_eq!(to_text(body).as_deref(), Some(text));
        }
        for plain in ["hello", "1 < 2", "a <xml> b", "x & y", "if (a<b) {}", "<b unfinished", "&nosuch;", "a > b"] {
            assert_eq!(to_text(plain), None, "{plain}");
        }
    }
}
