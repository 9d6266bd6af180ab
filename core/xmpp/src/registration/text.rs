//! Texts of a server that the user is shown: bounded, and unable to steer a screen or to turn the order of what stands beside
//! them.

/// A label, or a title, characters.
pub(super) const LABEL: usize = 200;
/// Instructions, characters.
pub(super) const INSTRUCTIONS: usize = 2000;
/// Instructions, lines.
const LINES: usize = 20;

/// What is left of a text as one line of at most so many characters.
pub(super) fn line(text: &str, at_most: usize) -> String {
    let mut line = String::new();
    let words = text.split(char::is_whitespace).map(|word| word.chars().filter(is_shown).collect::<String>());
    for word in words.filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    match line.char_indices().nth(at_most) {
        Some((end, _)) => line.get(..end).unwrap_or_default().to_owned(),
        None => line,
    }
}

/// What is left of texts as lines, without the empty ones.
pub(super) fn lines<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut left = INSTRUCTIONS;
    let all = texts.into_iter().flat_map(|text| text.split(['\n', '\r', '\u{2028}', '\u{2029}']));
    let shown = all.filter_map(|text| {
        let line = line(text, left);
        // With the break behind it.
        left = left.saturating_sub(line.chars().count() + usize::from(!line.is_empty()));
        (!line.is_empty()).then_some(line)
    });
    shown.take(LINES).collect::<Vec<_>>().join("\n")
}

/// What is left of one text as lines.
pub(crate) fn clean(text: &str) -> String {
    lines([text])
}

/// Not control characters, marks and overrides of direction, and what takes no room at all. Joiners stay: some scripts
/// need them.
fn is_shown(c: &char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_plain_line() {
        for (text, expected) in [
            ("  Choose\n a\tname ", "Choose a name"),
            ("\u{202e}drowssap\u{202c} \u{1b}[31mred\u{7}", "drowssap [31mred"),
            ("\u{ad}\u{200b}\u{2066}\u{feff}\u{e0041}", ""),
            ("نام\u{200c}کاربری 👨\u{200d}👩", "نام\u{200c}کاربری 👨\u{200d}👩"),
        ] {
            assert_eq!(line(text, LABEL), expected);
        }
        assert_eq!(line(&"ü".repeat(9000), 5), "üüüüü");
    }

    #[test]
    fn instructions_are_few_lines() {
        assert_eq!(lines(["One\r\n\n  two ", "three"]), "One\ntwo\nthree");
        let many = lines([&*"a\n".repeat(1000), &"b".repeat(9000)]);
        assert_eq!(many.lines().count(), LINES);
        assert_eq!(lines([&*"b".repeat(9000), "c"]).chars().count(), INSTRUCTIONS);
        assert!(lines([&*"b".repeat(190); 20]).chars().count() <= INSTRUCTIONS);
    }
}
