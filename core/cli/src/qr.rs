//! A text as a QR code, for the camera of a friend's phone.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

use crate::output::Output;
use crate::paint::Paint;
use crate::text::width;
use crate::tty;

/// Black on white, also where the terminal's own colours are others.
const COLOURS: &str = "\x1b[97;40m";
const PLAIN: &str = "\x1b[0m";

/// A code on a terminal that has room for it; nothing anywhere else.
pub(crate) fn print(output: &Output, text: &str, paint: Paint) {
    if let Some(columns) = tty::columns().filter(|_| !output.is_json()) {
        for row in rows(text, columns, paint.is_on()) {
            output.whole(&row);
        }
    }
}

/// The rows of a code, two of its lines in each; none where they are too long.
pub(crate) fn rows(text: &str, columns: usize, coloured: bool) -> Vec<String> {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::L) else { return Vec::new() };
    // Ink is light here: a terminal that shows no colours is dark, as most are.
    let drawn = code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
    if drawn.lines().any(|row| width(row) > columns) {
        return vec!["(the terminal is too narrow for a QR code)".to_owned()];
    }
    let paint = |row: &str| if coloured { format!("{COLOURS}{row}{PLAIN}") } else { row.to_owned() };
    drawn.lines().map(paint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a camera reads, for which a module is a few points wide.
    fn read(rows: &[String]) -> String {
        const POINTS: usize = 4;
        let rows: Vec<Vec<char>> = rows.iter().map(|row| row.chars().collect()).collect();
        let is_light = |x: usize, y: usize| match rows[y / 2][x] {
            '\u{2588}' => true,
            '\u{2580}' => y.is_multiple_of(2),
            '\u{2584}' => y % 2 == 1,
            _ => false,
        };
        let (columns, lines) = (rows[0].len() * POINTS, rows.len() * 2 * POINTS);
        let grey = |x: usize, y: usize| if is_light(x / POINTS, y / POINTS) { 255 } else { 0 };
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(columns, lines, grey);
        image.detect_grids()[0].decode().unwrap().1
    }

    #[test]
    fn a_code_can_be_read_has_a_light_border_and_needs_room() {
        let uri = format!("xmpp:rivermasol42@jabber.example?otr-fingerprint={}", "A1".repeat(20));
        let code = rows(&uri, 80, false);
        assert!(code.len() > 20 && code.iter().all(|row| width(row) == width(&code[0])));
        assert!(code[0].chars().all(|c| c == '\u{2588}'), "a camera needs four light modules around it");
        assert_eq!(read(&code), uri);
        assert!(rows(&uri, 80, true)[0].starts_with(COLOURS));
        assert_eq!(rows(&uri, 20, false).len(), 1);
    }
}
