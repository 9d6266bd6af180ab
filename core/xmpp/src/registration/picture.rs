//! Pictures of a form (XEP-0221): from the stanza itself (XEP-0231), or from the web. They are measured, never decoded.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use data_encoding::HEXLOWER;
use imagesize::{ImageType, blob_size, image_type};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::iq::Iq;
use tokio_xmpp::parsers::ns;
use url::Url;

use crate::domain::Domain;

/// A picture, bytes.
pub const SIZE_AT_MOST: usize = 256 * 1024;
/// Its width and its height, pixels: decoded, 16 MiB.
pub const SIDE_AT_MOST: usize = 2048;

/// A picture to be looked at by the user.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// The file.
    pub bytes: Arc<[u8]>,
    /// What it is, by its first bytes.
    pub format: Format,
    /// Pixels.
    pub width: usize,
    /// Pixels.
    pub height: usize,
}

/// What a picture can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
}

impl Picture {
    /// Reads a picture's size from its head, whatever the server says of it.
    pub(super) fn read(bytes: Vec<u8>) -> Result<Self, PictureError> {
        if bytes.len() > SIZE_AT_MOST {
            return Err(PictureError::TooLarge);
        }
        let format = match image_type(&bytes) {
            Ok(ImageType::Png) if is_png(&bytes) => Format::Png,
            Ok(ImageType::Jpeg) => Format::Jpeg,
            _ => return Err(PictureError::NoPicture),
        };
        let size = blob_size(&bytes).map_err(|_| PictureError::NoPicture)?;
        let (width, height) = (size.width, size.height);
        if width.max(height) > SIDE_AT_MOST {
            return Err(PictureError::TooLarge);
        }
        let is_empty = width.min(height) == 0;
        if is_empty { Err(PictureError::NoPicture) } else { Ok(Self { bytes: bytes.into(), format, width, height }) }
    }
}

/// The size is where it is looked for: in the first chunk (PNG, section 5.6).
fn is_png(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR")
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Picture(..)")
    }
}

/// Why there is no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// It is not there.
    #[error("the picture is not there")]
    Missing,
    /// Neither PNG nor JPEG, or damaged.
    #[error("the picture is neither PNG nor JPEG")]
    NoPicture,
    /// More than [`SIZE_AT_MOST`] bytes, or a side of more than [`SIDE_AT_MOST`] pixels.
    #[error("the picture is too large")]
    TooLarge,
    /// Its hash is not that of its name.
    #[error("the picture is another than was named")]
    Other,
}

/// The name of a bit of binary (XEP-0231), with its hash.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Cid(String);

impl Cid {
    /// Reads a `cid:` URI. `None`: there is no hash that can be checked in it.
    pub(super) fn parse(uri: &str) -> Option<Self> {
        let cid = uri.strip_prefix("cid:")?;
        let is_known = ["sha1+", "sha-256+"].iter().any(|start| cid.starts_with(start));
        (is_known && cid.ends_with(HOST) && cid.len() <= 100).then(|| Self(cid.to_owned()))
    }

    /// Asks for it (section 2.3).
    pub(super) fn ask(&self, id: String) -> Iq {
        let data = Element::builder("data", ns::BOB).attr(rxml::xml_ncname!("cid").into(), &*self.0);
        Iq::Get { from: None, to: None, id, payload: data.build() }
    }

    pub(super) fn is_of(&self, data: &Element) -> bool {
        data.is("data", ns::BOB) && data.attr("cid") == Some(&*self.0)
    }

    /// Reads what comes under this name.
    pub(super) fn picture(&self, data: &Element) -> Result<Picture, PictureError> {
        let mut base64 = Vec::new();
        for text in data.texts() {
            base64.extend(text.bytes().filter(|byte| !byte.is_ascii_whitespace()));
            if base64.len() > SIZE_AT_MOST.div_ceil(3) * 4 {
                return Err(PictureError::TooLarge);
            }
        }
        let bytes = BASE64.decode(base64).map_err(|_| PictureError::NoPicture)?;
        let is_sha1 = self.0.starts_with("sha1+");
        let hash =
            if is_sha1 { HEXLOWER.encode(&Sha1::digest(&bytes)) } else { HEXLOWER.encode(&Sha256::digest(&bytes)) };
        let named = self.0.split_once('+').and_then(|(_, named)| named.strip_suffix(HOST));
        if !named.is_some_and(|named| named.eq_ignore_ascii_case(&hash)) {
            return Err(PictureError::Other);
        }
        Picture::read(bytes)
    }
}

const HOST: &str = "@bob.xmpp.org";

/// The ports of the web, and of the web servers that XMPP servers bring along.
const PORTS: [u16; 5] = [80, 443, 5280, 5281, 5443];

/// Where a picture is on the web. It is to be fetched on the circuits of the registration, without any redirection.
#[derive(Clone, PartialEq, Eq)]
pub struct PictureUrl {
    /// The host, which is asked for.
    pub host: Domain,
    /// The port there.
    pub port: u16,
    /// By TLS, with a certificate of the host's. Else the host is the server itself.
    pub tls: bool,
    /// What is asked for there: path and query.
    pub path: String,
}

impl PictureUrl {
    /// Reads an address: https, or of the server's own domain; at a usual port, so that a server does not choose among the exits by a
    /// rare one.
    pub(super) fn parse(uri: &str, server: &Domain) -> Option<Self> {
        let url = Url::parse(uri).ok().filter(|url| uri.len() <= 2048 && is_plain(url))?;
        let (host, tls) = (Domain::parse(url.host_str()?).ok()?, url.scheme() == "https");
        let port = url.port_or_known_default().filter(|port| PORTS.contains(port))?;
        let may_be_asked = tls || url.scheme() == "http" && host == *server;
        let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        may_be_asked.then_some(Self { host, port, tls, path })
    }
}

/// Whether an address has no name and password in it, which make one host look like another.
pub(super) fn is_plain(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none()
}

impl fmt::Debug for PictureUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PictureUrl(..)")
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The head of a PNG of this size.
    pub(in super::super) fn png(width: u32, height: u32) -> Vec<u8> {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        png.extend([width.to_be_bytes(), height.to_be_bytes()].concat());
        png.extend([8, 0, 0, 0, 0, 1, 2, 3, 4]);
        png
    }

    /// The head of a JPEG of this size.
    fn jpeg(width: u16, height: u16) -> Vec<u8> {
        let mut jpeg = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xc0\0\x0b\x08".to_vec();
        jpeg.extend([height.to_be_bytes(), width.to_be_bytes()].concat());
        jpeg.extend([1, 1, 0x11, 0]);
        jpeg
    }

    /// A `data` element and its URI.
    pub(in super::super) fn bits(bytes: &[u8]) -> (String, String) {
        let cid = format!("sha1+{}{HOST}", HEXLOWER.encode(&Sha1::digest(bytes)));
        let data = BASE64.encode(bytes);
        (
            format!("<data xmlns='urn:xmpp:bob' cid='{cid}' max-age='0' type='image/png'>{data}</data>"),
            format!("cid:{cid}"),
        )
    }

    #[test]
    fn pictures_are_measured() {
        let read = |bytes: Vec<u8>| Picture::read(bytes).map(|picture| (picture.format, picture.width, picture.height));
        assert_eq!(read(png(200, 60)), Ok((Format::Png, 200, 60)));
        assert_eq!(read(jpeg(290, 80)), Ok((Format::Jpeg, 290, 80)));
        assert_eq!(read(png(2048, 2048)), Ok((Format::Png, 2048, 2048)));
        for bomb in [png(2049, 1), png(1, u32::MAX), jpeg(u16::MAX, u16::MAX)] {
            assert_eq!(read(bomb), Err(PictureError::TooLarge));
        }
        assert_eq!(read([png(1, 1), vec![0; SIZE_AT_MOST]].concat()), Err(PictureError::TooLarge));
        let other_chunk_first = [&png(1, 1)[..12], b"tEXt", &png(1, 1)[16..]].concat();
        let gif = b"GIF89a\x01\0\x01\0\0\0\0".to_vec();
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>".to_vec();
        let cut = [png(1, 1)[..20].to_vec(), jpeg(1, 1)[..22].to_vec(), Vec::new()];
        for bad in [vec![gif, svg, other_chunk_first, png(0, 1), jpeg(1, 0)], cut.to_vec()].concat() {
            assert_eq!(read(bad.clone()), Err(PictureError::NoPicture), "{bad:?}");
        }
    }

    #[test]
    fn bits_are_those_that_were_named() {
        let read = |data: &str, uri: &str| {
            let (cid, data) = (Cid::parse(uri).unwrap(), data.parse().unwrap());
            assert!(cid.is_of(&data));
            cid.picture(&data).map(|picture| picture.bytes.to_vec())
        };
        let (data, uri) = bits(&png(9, 9));
        assert_eq!(read(&data, &uri), Ok(png(9, 9)));
        let broken = data.replace("iVBOR", " iVB\n OR");
        assert_eq!(read(&broken, &uri), Ok(png(9, 9)), "some break their lines");
        let (other, _) = bits(&png(9, 8));
        let body = other.split_once('>').unwrap().1;
        let forged = format!("{}>{body}", data.split_once('>').unwrap().0);
        assert_eq!(read(&forged, &uri), Err(PictureError::Other));
        assert_eq!(read(&data.replace("iVBOR", "?VBOR"), &uri), Err(PictureError::NoPicture));
        let huge = data.replace("iVBOR", &format!("iVBOR{}", "A".repeat(SIZE_AT_MOST * 4 / 3)));
        assert_eq!(read(&huge, &uri), Err(PictureError::TooLarge));
        let sha_256 = format!("sha-256+{}{HOST}", HEXLOWER.encode(&Sha256::digest(png(9, 9))));
        let (name, _) = uri.split_at(4 + 5 + 40 + HOST.len());
        assert_eq!(read(&data.replace(&name[4..], &sha_256), &format!("cid:{sha_256}")), Ok(png(9, 9)));
        for bad in ["cid:md5+00@bob.xmpp.org", "cid:uuid@x.example", "sha1+00@bob.xmpp.org", "https://x.example/"] {
            assert!(Cid::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn pictures_on_the_web_are_https_or_the_servers_own() {
        let server = Domain::parse("jabber.example").unwrap();
        let parsed = |uri: &str| {
            let url = PictureUrl::parse(uri, &server)?;
            Some((url.host.as_ascii().to_owned(), url.port, url.tls, url.path))
        };
        let expected = |host: &str, port, tls, path: &str| Some((host.to_owned(), port, tls, path.to_owned()));
        assert_eq!(parsed("https://x.example/c.png?1"), expected("x.example", 443, true, "/c.png?1"));
        assert_eq!(parsed("https://x.example:5443/c/1"), expected("x.example", 5443, true, "/c/1"));
        assert_eq!(parsed("http://JABBER.example:5280/c"), expected("jabber.example", 5280, false, "/c"));
        for bad in [
            "http://x.example/c.png",
            "http://www.jabber.example/c.png",
            "http://jabber.example@x.example/c.png",
            "https://me:secret@x.example/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://2130706433/",
            "https://localhost/",
            "https://printer.local/",
            "https://x.onion/",
            "https://x.example:6667/c.png",
            "https://x.example:0/c.png",
            "http://jabber.example:8080/c.png",
            "ftp://jabber.example/",
            "file:///etc/passwd",
            "data:image/png;base64,AAAA",
            "//jabber.example/",
            "c.png",
            "",
        ] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
        let with_lines = parsed("https://x.example/a\r\nHost: y b").unwrap();
        assert!(!with_lines.3.contains(['\r', '\n', ' ']), "{}", with_lines.3);
    }
}
