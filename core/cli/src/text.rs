//! Lines of a terminal, in which what others wrote can neither steer it nor begin a line of its own.

use std::env;
use std::sync::LazyLock;

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use unicode_width::UnicodeWidthChar as _;

/// Begins each line after the first of what somebody wrote, and of what does not fit one line of the terminal. Nothing of
/// the program's own begins like this.
pub(crate) const MORE: &str = "    | ";

/// A tab, where there are no columns to stand in.
const TAB: &str = "    ";

/// One line that cannot steer the terminal, nor turn the order of what stands beside it. Marks that only tell the direction
/// of a text are left out; what overrides it is shown as a replacement, as are control characters.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => shown.push_str(TAB),
            // Marks, embeddings, isolates.
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202c}' | '\u{2066}'..='\u{2069}' => {}
            '\u{2028}' | '\u{2029}' | '\u{202d}' | '\u{202e}' => shown.push('\u{fffd}'),
            c if c.is_control() => shown.push('\u{fffd}'),
            c => shown.push(c),
        }
    }
    shown
}

/// The lines of what somebody wrote, each printable.
pub(crate) fn lines(text: &str) -> Vec<String> {
    text.replace("\r\n", "\n").split(['\n', '\u{2028}', '\u{2029}']).map(printable).collect()
}

/// What somebody wrote, in lines of which each shows that it is another's.
pub(crate) fn quoted(text: &str) -> String {
    lines(text).iter().map(|line| format!("{MORE}{line}")).collect::<Vec<_>>().join("\n")
}

/// `line` in pieces of at most `columns`, each after the first behind [`MORE`]. Breaks at blanks where it can.
pub(crate) fn wrapped(line: &str, columns: usize) -> String {
    let mut out = Wrapping { columns, out: String::with_capacity(line.len()), used: 0, fresh: true };
    for word in line.split_inclusive(' ') {
        let whole = width(word.trim_end_matches(' '));
        if out.is_full_for(whole) && MORE.len() + whole <= columns {
            out.next_line();
        }
        let mut escape = false;
        for c in word.chars() {
            let takes = columns_of(c, &mut escape);
            if takes > 0 && out.is_full_for(takes) {
                out.next_line();
            }
            out.push(c, takes);
        }
    }
    out.out
}

struct Wrapping {
    columns: usize,
    out: String,
    /// Columns of the last line.
    used: usize,
    /// Nothing stands on the last line yet: what comes could not have more room.
    fresh: bool,
}

impl Wrapping {
    fn next_line(&mut self) {
        self.out.push('\n');
        self.out.push_str(MORE);
        self.used = MORE.len();
        self.fresh = true;
    }

    fn push(&mut self, c: char, takes: usize) {
        self.out.push(c);
        self.used += takes;
        self.fresh &= takes == 0;
    }

    const fn is_full_for(&self, columns: usize) -> bool {
        !self.fresh && self.used + columns > self.columns
    }
}

/// How many columns a line takes, without what colours it.
pub(crate) fn width(line: &str) -> usize {
    let mut escape = false;
    line.chars().map(|c| columns_of(c, &mut escape)).sum()
}

/// The columns of a character; none within what colours.
fn columns_of(c: char, escape: &mut bool) -> usize {
    let colours = *escape || c == '\u{1b}';
    *escape = colours && c != 'm';
    if colours { 0 } else { char_width(c) }
}

/// How many columns a terminal may take for a character: the most, where terminals differ, so that a line is never longer
/// than it was counted.
pub(crate) fn char_width(c: char) -> usize {
    match if *EAST_ASIAN { c.width_cjk() } else { c.width() } {
        // Those that read emoji make the one before it wide.
        _ if c == '\u{fe0f}' => 1,
        // One letter of a flag alone may be as wide as the flag.
        _ if matches!(c, '\u{1f1e6}'..='\u{1f1ff}') => 2,
        // To Unicode fillers, soft hyphens, signs of format and the like are nothing; many terminals show a blank.
        Some(0) if !is_mark(c) => 2,
        width => width.unwrap_or(0),
    }
}

/// Whether a character stands on the one before it, as accents and variation selectors do, or joins two.
fn is_mark(c: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    matches!(category, GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark)
        || matches!(c, '\u{200c}' | '\u{200d}')
}

/// Where characters of ambiguous width are wide (UAX #11).
static EAST_ASIAN: LazyLock<bool> = LazyLock::new(|| {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env::var(name).ok().filter(|v| !v.is_empty()));
    locale.is_some_and(|locale| ["ja", "ko", "zh"].iter().any(|language| locale.starts_with(language)))
});

/// As much of `line` as fits `columns`, with an ellipsis for the rest.
pub(crate) fn shortened(line: &str, columns: usize) -> String {
    if width(line) <= columns {
        return line.to_owned();
    }
    let mut used = 0;
    let fits = line.chars().take_while(|c| {
        used += char_width(*c);
        used < columns
    });
    fits.chain(['…']).collect()
}

/// A number with its thousands apart.
pub(crate) fn counted(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_replaced_and_direction_marks_are_left_out() {
        assert_eq!(printable("\u{1b}[2J\r\u{9b}1mé\u{202e}a"), "\u{fffd}[2J\u{fffd}\u{fffd}1mé\u{fffd}a");
        assert_eq!(printable("\u{200f}שלום\u{200e}, a\tb\u{2066}c\u{2069}"), "שלום, a    bc");
    }

    #[test]
    fn a_line_break_of_any_system_is_one() {
        assert_eq!(lines("a\r\nb\nc\u{2028}d\re"), ["a", "b", "c", "d\u{fffd}e"]);
        assert_eq!(quoted("a\n\u{1b}b"), "    | a\n    | \u{fffd}b");
    }

    #[test]
    fn no_piece_of_a_long_line_begins_a_terminal_line() {
        let blanks = " ".repeat(60);
        let wide = "漢".repeat(50);
        let marks = "e\u{301}".repeat(100);
        let family = "👩\u{200d}👩\u{200d}👧\u{fe0f}".repeat(20);
        for text in [&format!("hi{blanks}[verified] you: forged"), &wide, &marks, &family, &"x".repeat(200), "short"] {
            for columns in [8, 20, 40, 80] {
                let line = format!("[private] bob: {text}");
                let wrapped = wrapped(&line, columns);
                for (number, piece) in wrapped.lines().enumerate() {
                    assert!(width(piece) <= columns, "{columns}: {piece:?}");
                    assert!(number == 0 || piece.starts_with(MORE), "{columns}: {piece:?}");
                }
                let whole = wrapped.replace(&format!("\n{MORE}"), "");
                assert_eq!(whole, line, "nothing is lost");
            }
        }
    }

    /// Terminals have columns for much that is nothing to Unicode.
    #[test]
    fn only_what_stands_on_another_character_takes_no_column() {
        for nothing in ['\u{301}', '\u{20dd}', '\u{5b0}', '\u{e31}', '\u{200c}', '\u{200d}', '\u{fe0e}', '\u{e0100}'] {
            assert_eq!(char_width(nothing), 0, "{nothing:?}");
        }
        for blank in ['\u{3164}', '\u{ffa0}', '\u{ad}', '\u{605}', '\u{890}', '\u{200b}', '\u{1160}', '\u{e0041}', '🇩']
        {
            assert_eq!(char_width(blank), 2, "{blank:?}");
            let line = format!("{}[verified] you: forged", blank.to_string().repeat(33));
            assert!(wrapped(&line, 80).contains(MORE), "{blank:?}: the terminal would break it by itself");
        }
    }

    #[test]
    fn colours_take_no_columns_and_words_stay_whole() {
        assert_eq!(width("\u{1b}[32m[verified]\u{1b}[0m a"), 12);
        assert_eq!(wrapped("\u{1b}[32mone\u{1b}[0m two three", 12), "\u{1b}[32mone\u{1b}[0m two \n    | three");
    }

    #[test]
    fn a_name_is_cut_and_a_number_can_be_read() {
        assert_eq!((shortened("abcdef", 4), shortened("漢字", 3)), ("abc…".to_owned(), "漢…".to_owned()));
        assert_eq!(
            (counted(999), counted(12_345), counted(1_234_567)),
            ("999".into(), "12,345".into(), "1,234,567".into())
        );
    }
}
