//! A PNG as sixels (DEC STD 070, chapter 9), for terminals that know no better way. It is decoded for that, within limits.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Cursor;

use flashpaper::Picture;
use png::{Decoder, Limits, Transformations};

/// What the decoder may take for itself, bytes: rows of pixels, and what stands beside them in the file.
const MEMORY: usize = 1024 * 1024;

/// So many levels has each of red, green and blue. All colours of them fit the 256 registers that terminals have.
const LEVELS: u8 = 6;

/// The rows of pixels that are drawn at once.
const BAND: usize = 6;

/// The codes that draw a picture where the cursor is; `None`: it is no PNG, or a broken one.
pub(super) fn codes(picture: &Picture) -> Option<String> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(&*picture.bytes), Limits { bytes: MEMORY });
    decoder.set_transformations(Transformations::normalize_to_color8() | Transformations::ALPHA);
    let mut reader = decoder.read_info().ok()?;
    if (reader.info().width, reader.info().height) != (picture.width.try_into().ok()?, picture.height.try_into().ok()?)
    {
        return None;
    }
    let mut bytes = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut bytes).ok()?;
    bytes.truncate(frame.buffer_size());
    let colours: Vec<u8> = bytes.chunks_exact(frame.color_type.samples()).map(colour).collect();
    Some(drawn(&colours, frame.width.try_into().ok()?))
}

/// The number of a pixel's colour, grey or of three parts, with its opacity last. What shows through is white.
fn colour(pixel: &[u8]) -> u8 {
    let Some((opacity, parts)) = pixel.split_last() else { return 0 };
    let level = |part: usize| {
        let part = u32::from(parts.get(part).or(parts.first()).copied().unwrap_or_default());
        let shown = (part * u32::from(*opacity) + 255 * u32::from(255 - opacity)) / 255;
        // It is at most the last level.
        u8::try_from((shown * u32::from(LEVELS - 1) + 127) / 255).unwrap_or(LEVELS - 1)
    };
    (level(0) * LEVELS + level(1)) * LEVELS + level(2)
}

fn drawn(colours: &[u8], width: usize) -> String {
    let height = colours.len() / width.max(1);
    let mut codes = format!("\x1bP0;1q\"1;1;{width};{height}");
    for colour in colours.iter().collect::<BTreeSet<_>>() {
        let percent = |level: u8| u32::from(level % LEVELS) * 100 / u32::from(LEVELS - 1);
        let (red, green, blue) = (percent(colour / LEVELS / LEVELS), percent(colour / LEVELS), percent(*colour));
        let _ = write!(codes, "#{colour};2;{red};{green};{blue}");
    }
    for band in colours.chunks(width.max(1) * BAND) {
        for colour in band.iter().collect::<BTreeSet<_>>() {
            let _ = write!(codes, "#{colour}");
            let sixel = |x: usize| {
                let rows = band.iter().skip(x).step_by(width).enumerate();
                b'?' + rows.map(|(row, pixel)| u8::from(pixel == colour) << row).sum::<u8>()
            };
            let sixels: Vec<u8> = (0..width).map(sixel).collect();
            for run in sixels.chunk_by(|one, next| one == next) {
                let _ = write!(codes, "!{}{}", run.len(), char::from(run.first().copied().unwrap_or(b'?')));
            }
            codes.push('$');
        }
        codes.push('-');
    }
    codes + "\x1b\\\n"
}

#[cfg(test)]
mod tests {
    use flashpaper::PictureFormat;
    use png::{BitDepth, ColorType, Encoder};

    use super::*;

    fn picture(bytes: Vec<u8>, (width, height): (usize, usize)) -> Picture {
        Picture { bytes: bytes.into(), format: PictureFormat::Png, width, height }
    }

    fn png(kind: ColorType, (width, height): (u32, u32), pixels: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, width, height);
        encoder.set_color(kind);
        encoder.set_depth(BitDepth::Eight);
        if kind == ColorType::Indexed {
            encoder.set_palette([0, 0, 255, 255, 0, 0].as_slice());
        }
        encoder.write_header().unwrap().write_image_data(pixels).unwrap();
        bytes
    }

    /// The colours of what codes draw, a row of pixels each, by the codes alone.
    fn seen(codes: &str) -> Vec<Vec<[u32; 3]>> {
        let body = codes.strip_prefix("\x1bP0;1q\"1;1;").unwrap().strip_suffix("\x1b\\\n").unwrap();
        let (width, rest) = body.split_once(';').unwrap();
        let (height, rest) = rest.split_at(rest.find('#').unwrap());
        let (width, height): (usize, usize) = (width.parse().unwrap(), height.parse().unwrap());
        let mut colours = std::collections::HashMap::new();
        let (mut rows, mut top) = (vec![vec![[u32::MAX; 3]; width]; height], 0);
        for band in rest.split_terminator('-') {
            for line in band.split_terminator('$') {
                // The definitions stand before the first line.
                let (definitions, line) = line.rsplit_once('#').unwrap();
                for definition in definitions.split_terminator('#').filter(|text| !text.is_empty()) {
                    let numbers: Vec<u32> = definition.split(';').map(|number| number.parse().unwrap()).collect();
                    let [number, 2, red, green, blue] = numbers[..] else { panic!("{definition}") };
                    colours.insert(number, [red, green, blue]);
                }
                let (number, runs) = line.split_once('!').unwrap();
                let (colour, mut x) = (colours[&number.parse().unwrap()], 0);
                for run in runs.split('!') {
                    let (count, sixel) = run.split_at(run.len() - 1);
                    for _ in 0..count.parse::<usize>().unwrap() {
                        for row in (0..6).filter(|row| (sixel.as_bytes()[0] - b'?') >> row & 1 == 1) {
                            rows[top + row][x] = colour;
                        }
                        x += 1;
                    }
                }
                assert_eq!(x, width);
            }
            top += 6;
        }
        rows
    }

    #[test]
    fn a_picture_of_any_kind_is_drawn_pixel_by_pixel() {
        const RED: [u32; 3] = [100, 0, 0];
        const BLUE: [u32; 3] = [0, 0, 100];
        const WHITE: [u32; 3] = [100, 100, 100];
        const GREY: [u32; 3] = [40, 40, 40];
        for (kind, pixels, row) in [
            (ColorType::Rgb, vec![255, 0, 0, 0, 0, 255, 255, 255, 255], [RED, BLUE, WHITE]),
            (ColorType::Rgba, vec![255, 0, 0, 255, 0, 0, 255, 255, 0, 0, 0, 0], [RED, BLUE, WHITE]),
            (ColorType::Grayscale, vec![102, 255, 100], [GREY, WHITE, GREY]),
            (ColorType::GrayscaleAlpha, vec![102, 255, 0, 0, 0, 153], [GREY, WHITE, GREY]),
            (ColorType::Indexed, vec![1, 0, 1], [RED, BLUE, RED]),
        ] {
            // More rows than one band has, the first upside down.
            let mut rows = vec![row; 8];
            rows[0].reverse();
            let size = pixels.len() / 3;
            let first: Vec<u8> = pixels.rchunks(size).flatten().copied().collect();
            let all = [first, pixels.repeat(7)].concat();
            let codes = codes(&picture(png(kind, (3, 8), &all), (3, 8))).unwrap();
            assert_eq!(seen(&codes), rows, "{kind:?}: {codes:?}");
        }
    }

    #[test]
    fn what_is_broken_or_larger_than_it_said_is_not_drawn() {
        let good = png(ColorType::Grayscale, (3, 2), &[0; 6]);
        assert!(codes(&picture(good.clone(), (3, 2))).is_some());
        assert!(codes(&picture(good.clone(), (2, 2))).is_none());
        assert!(codes(&picture(Vec::new(), (3, 2))).is_none());
        // Within the pixels at the latest.
        for end in 0..46 {
            assert!(codes(&picture(good[..end].to_vec(), (3, 2))).is_none(), "{end}");
        }
    }
}
