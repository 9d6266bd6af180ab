//! A picture that the user has to look at: drawn in the terminal if it can, else in a file. Only for sixels it is decoded.

use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal as _, Write as _, stdin, stdout};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::BASE64;
use flashpaper::{Picture, PictureFormat};
use rustix::termios::{Winsize, tcgetwinsize};

use super::sixel;
use crate::tty::{self, is_dumb};

/// Begins the names of all files with pictures.
const NAME: &str = "question-";

/// Whether the terminal draws (kitty's graphics protocol, "Querying support and available transmission mediums"), and then
/// what it is (ECMA-48 section 8.3.24): that is answered by each one, and tells that the first has no answer.
const DO_YOU_DRAW: &str = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[c";
/// The answer of one that does.
const I_DRAW: &[u8] = b"\x1b_Gi=31;OK\x1b\\";

/// How long a terminal may take to answer, by a slow line.
const PATIENCE: Duration = Duration::from_millis(500);

/// Bytes of base64 in one piece, as the protocol has it.
const PIECE: usize = 4096;

/// Among what a terminal is: it draws sixels.
const SIXELS: &[u8] = b"4";

/// The least that a character takes, pixels, where the terminal does not tell.
const CHARACTER: (u16, u16) = (7, 14);

/// How a terminal draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drawing {
    /// By kitty's graphics protocol.
    Kitty,
    Sixels,
}

/// Asks the terminal how it draws, if it does.
pub(super) fn drawing() -> Option<Drawing> {
    let is_asked = stdin().is_terminal() && stdout().is_terminal() && !is_dumb();
    is_asked.then(|| told(&tty::answer_to(DO_YOU_DRAW, PATIENCE, is_whole)))?
}

/// Whether both questions are answered.
fn is_whole(answer: &[u8]) -> bool {
    attributes(answer).is_some()
}

/// What the terminal is: the numbers of the second answer, if that is whole.
fn attributes(answer: &[u8]) -> Option<&[u8]> {
    let start = answer.windows(3).position(|window| window == b"\x1b[?")?;
    let rest = answer.get(start + 3..)?;
    rest.get(..rest.iter().position(|byte| *byte == b'c')?)
}

fn told(answer: &[u8]) -> Option<Drawing> {
    if answer.windows(I_DRAW.len()).any(|window| window == I_DRAW) {
        return Some(Drawing::Kitty);
    }
    // The first number is the terminal's class.
    let mut numbers = attributes(answer)?.split(|byte| *byte == b';').skip(1);
    numbers.any(|number| number == SIXELS).then_some(Drawing::Sixels)
}

/// The codes that draw a picture where the cursor is, if it is of the kind that terminals read. One that is wider than the
/// terminal is drawn smaller, or, as sixels, not at all.
pub(super) fn drawn(picture: &Picture, drawing: Drawing) -> Option<String> {
    let size = tcgetwinsize(stdout()).ok();
    match drawing {
        _ if picture.format != PictureFormat::Png => None,
        Drawing::Kitty => {
            let is_narrow = |size: &Winsize| (1..picture.width).contains(&size.ws_xpixel.into());
            Some(codes(&picture.bytes, size.filter(is_narrow).map(|size| size.ws_col)))
        }
        Drawing::Sixels => size.is_some_and(|size| fits(picture, size)).then(|| sixel::codes(picture))?,
    }
}

/// Whether a terminal has the room for all of a picture.
fn fits(picture: &Picture, size: Winsize) -> bool {
    let room = |pixels: u16, characters: u16, least: u16| match pixels {
        0 => usize::from(characters) * usize::from(least),
        pixels => pixels.into(),
    };
    picture.width <= room(size.ws_xpixel, size.ws_col, CHARACTER.0)
        && picture.height <= room(size.ws_ypixel, size.ws_row, CHARACTER.1)
}

fn codes(png: &[u8], columns: Option<u16>) -> String {
    let base64 = BASE64.encode(png);
    let columns = columns.map_or_else(String::new, |columns| format!(",c={columns}"));
    let (mut codes, mut rest, mut head) = (String::new(), &*base64, format!("a=T,f=100,q=2{columns},"));
    while !rest.is_empty() {
        let (piece, more) = rest.split_at_checked(PIECE).unwrap_or((rest, ""));
        codes.push_str(&format!("\x1b_G{head}m={};{piece}\x1b\\", u8::from(!more.is_empty())));
        (rest, head) = (more, String::new());
    }
    codes.push('\n');
    codes
}

/// A picture in a file that nobody else can read. Dropped, it is gone.
pub(super) struct File(PathBuf);

impl File {
    /// `number`: of the field.
    pub(super) fn write(home: &Path, number: usize, picture: &Picture) -> io::Result<Self> {
        let ending = match picture.format {
            PictureFormat::Png => "png",
            PictureFormat::Jpeg => "jpg",
        };
        let file = Self(home.join(format!("{NAME}{number}.{ending}")));
        let mut open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file.0)?;
        open.write_all(&picture.bytes)?;
        Ok(file)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Removes pictures that a program has left which could not end in order. Only who holds the folder may.
pub(crate) fn remove_left(home: &Path) {
    let Ok(files) = fs::read_dir(home) else { return };
    for file in files.flatten().filter(|file| file.file_name().as_encoded_bytes().starts_with(NAME.as_bytes())) {
        let _ = fs::remove_file(file.path());
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn picture(format: PictureFormat, bytes: &[u8]) -> Picture {
        Picture { bytes: bytes.into(), format, width: 200, height: 60 }
    }

    #[test]
    fn a_terminal_that_draws_says_so_before_it_says_what_it_is() {
        let (kitty, sixels) = (Some(Drawing::Kitty), Some(Drawing::Sixels));
        for (answer, whole, drawing) in [
            (&b"\x1b_Gi=31;OK\x1b\\\x1b[?62;c"[..], true, kitty),
            (b"\x1b_Gi=31;OK\x1b\\\x1b[?62;4c", true, kitty),
            (b"\x1b_Gi=31;OK\x1b\\\x1b[?62", false, kitty),
            (b"\x1b_Gi=31;EINVAL: c\x1b\\\x1b[?62;4c", true, sixels),
            (b"\x1b[?62;22;4;28c", true, sixels),
            (b"\x1b[?62;4", false, None),
            (b"\x1b[?4;6c", true, None),
            (b"\x1b[?62;14;24;44c", true, None),
            (b"\x1b[?1;2c", true, None),
            (b"typed c", false, None),
            (b"", false, None),
        ] {
            assert_eq!((is_whole(answer), told(answer)), (whole, drawing), "{answer:?}");
        }
    }

    #[test]
    fn sixels_are_drawn_where_all_of_them_fit() {
        let size = |ws_xpixel, ws_ypixel| Winsize { ws_row: 5, ws_col: 30, ws_xpixel, ws_ypixel };
        let picture = picture(PictureFormat::Png, b"");
        for (size, fits_) in [
            (size(200, 60), true),
            (size(199, 60), false),
            (size(200, 59), false),
            (size(0, 0), true),
            (Winsize { ws_col: 28, ..size(0, 0) }, false),
            (Winsize { ws_row: 4, ..size(0, 0) }, false),
        ] {
            assert_eq!(fits(&picture, size), fits_, "{size:?}");
        }
    }

    #[test]
    fn a_picture_is_sent_whole_in_pieces() {
        let png: Vec<u8> = (0..10_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let drawn = codes(&png, Some(80));
        let pieces: Vec<_> =
            drawn.trim_end().split_terminator("\x1b\\").map(|code| code.split_once(';').unwrap()).collect();
        let heads: Vec<_> = pieces.iter().map(|(head, _)| *head).collect();
        assert_eq!(heads, ["\x1b_Ga=T,f=100,q=2,c=80,m=1", "\x1b_Gm=1", "\x1b_Gm=1", "\x1b_Gm=0"]);
        assert!(pieces.iter().all(|(_, piece)| piece.len() <= PIECE));
        let base64: String = pieces.iter().map(|(_, piece)| *piece).collect();
        assert_eq!(BASE64.decode(base64.as_bytes()).unwrap(), png);
        assert!(drawn_is_none_of_a_jpeg());
    }

    fn drawn_is_none_of_a_jpeg() -> bool {
        let jpeg = picture(PictureFormat::Jpeg, b"\xff\xd8\xff");
        [Drawing::Kitty, Drawing::Sixels].iter().all(|drawing| drawn(&jpeg, *drawing).is_none())
    }

    #[test]
    fn a_file_is_for_its_owner_alone_and_gone_in_the_end() {
        let home = tempfile::TempDir::new().unwrap();
        let jpeg = picture(PictureFormat::Jpeg, b"\xff\xd8\xff");
        let file = File::write(home.path(), 2, &jpeg).unwrap();
        let path = file.path().to_owned();
        assert_eq!(path, home.path().join("question-2.jpg"));
        assert_eq!(fs::read(&path).unwrap(), *jpeg.bytes);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(File::write(home.path(), 2, &jpeg).is_err(), "what is there is not written to");
        let file = File::write(home.path(), 2, &jpeg).unwrap_or(file);
        drop(file);
        assert!(!path.exists());
        fs::write(&path, "left").unwrap();
        fs::write(home.path().join("lock"), "").unwrap();
        remove_left(home.path());
        assert!(!path.exists() && home.path().join("lock").exists());
    }
}
