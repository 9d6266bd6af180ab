//! A picture from the web: one request on a stream of the caller's, as little as HTTP/1.0 can say.

use httparse::{EMPTY_HEADER, Response, Status};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::picture::{PictureError, PictureUrl, SIZE_AT_MOST};
use crate::tls::{Security, Tls};

/// What comes before the picture, bytes.
const HEAD_AT_MOST: usize = 16 * 1024;
const HEADERS_AT_MOST: usize = 64;

/// Fetches what [`Form::set_picture`](super::Form::set_picture) takes, on a stream to the picture's host and port. It is to
/// be one on the circuits of the registration. No other address is followed.
///
/// # Errors
/// There is no picture, or it is too large.
pub async fn fetch<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    url: &PictureUrl,
    tls: &Tls,
) -> Result<Vec<u8>, PictureError> {
    if url.tls {
        // Without ALPN: that of XMPP is for direct TLS alone.
        let secured = tls.connect(stream, &url.host, Security::StartTls).await;
        exchange(&mut secured.map_err(|_| PictureError::Missing)?, url).await
    } else {
        exchange(&mut stream, url).await
    }
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    url: &PictureUrl,
) -> Result<Vec<u8>, PictureError> {
    let usual = if url.tls { 443 } else { 80 };
    let port = if url.port == usual { String::new() } else { format!(":{}", url.port) };
    let request = format!("GET {} HTTP/1.0\r\nHost: {}{port}\r\n\r\n", url.path, url.host.as_ascii());
    stream.write_all(request.as_bytes()).await.map_err(|_| PictureError::Missing)?;
    stream.flush().await.map_err(|_| PictureError::Missing)?;
    let mut answer = Vec::new();
    loop {
        // Whether it ended in order is told by its length, where the server says one, and by the picture.
        let is_over = stream.take(8 * 1024).read_buf(&mut answer).await.unwrap_or(0) == 0;
        if let Some(body) = read(&answer, is_over)? {
            return Ok(body);
        }
    }
}

/// The body of an answer. `None`: more is to come.
fn read(answer: &[u8], is_over: bool) -> Result<Option<Vec<u8>>, PictureError> {
    let mut headers = [EMPTY_HEADER; HEADERS_AT_MOST];
    let mut response = Response::new(&mut headers);
    let head = match response.parse(answer).map_err(|_| PictureError::Missing)? {
        Status::Complete(head) => head,
        Status::Partial if is_over => return Err(PictureError::Missing),
        Status::Partial if answer.len() > HEAD_AT_MOST => return Err(PictureError::TooLarge),
        Status::Partial => return Ok(None),
    };
    let value = |name: &str| response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    if response.code != Some(200) || value("Transfer-Encoding").is_some() || value("Content-Encoding").is_some() {
        return Err(PictureError::Missing);
    }
    let length = value("Content-Length").map(|header| std::str::from_utf8(header.value).ok()?.trim().parse().ok());
    let body = answer.get(head..).unwrap_or_default();
    match length {
        Some(None) => Err(PictureError::Missing),
        Some(Some(length)) if length > SIZE_AT_MOST => Err(PictureError::TooLarge),
        _ if body.len() > SIZE_AT_MOST => Err(PictureError::TooLarge),
        Some(Some(length)) if body.len() >= length => Ok(body.get(..length).map(<[u8]>::to_vec)),
        None if is_over => Ok(Some(body.to_vec())),
        Some(_) if is_over => Err(PictureError::Missing),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::join;

    use super::*;
    use crate::domain::Domain;

    const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\r\n\r\n";

    async fn fetched(head: &str, body: &[u8]) -> (Result<Vec<u8>, PictureError>, String) {
        let server = Domain::parse("jabber.example").unwrap();
        let url = PictureUrl::parse("http://jabber.example:5280/captcha/1?a=b", &server).unwrap();
        let (answer, mut said) = ([head.as_bytes(), body].concat(), Vec::new());
        let came = fetch(join(answer.as_slice(), &mut said), &url, &Tls::public_roots()).await;
        (came, String::from_utf8(said).unwrap())
    }

    #[tokio::test]
    async fn one_request_and_its_answer() {
        let (picture, said) = fetched("HTTP/1.1 200 OK\r\nServer: x\r\n\r\n", PICTURE).await;
        assert_eq!(picture, Ok(PICTURE.to_vec()));
        assert_eq!(said, "GET /captcha/1?a=b HTTP/1.0\r\nHost: jabber.example:5280\r\n\r\n");
        let more = [PICTURE, b"more"].concat();
        let (picture, _) = fetched(&format!("HTTP/1.0 200 OK\ncontent-length: {}\n\n", PICTURE.len()), &more).await;
        assert_eq!(picture, Ok(PICTURE.to_vec()));
    }

    #[tokio::test]
    async fn answers_without_a_picture() {
        let long = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(HEAD_AT_MOST));
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(HEADERS_AT_MOST + 1));
        for (head, body, error) in [
            ("", &b""[..], PictureError::Missing),
            ("SSH-2.0-x\r\n", b"", PictureError::Missing),
            ("HTTP/1.1 200 OK\r\n", b"", PictureError::Missing),
            ("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n", PICTURE, PictureError::Missing),
            ("HTTP/1.1 404 No\r\n\r\n", PICTURE, PictureError::Missing),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", PICTURE, PictureError::Missing),
            ("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", PICTURE, PictureError::Missing),
            ("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", PICTURE, PictureError::Missing),
            ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", PICTURE, PictureError::Missing),
            ("HTTP/1.1 200 OK\r\nContent-Length: 262145\r\n\r\n", PICTURE, PictureError::TooLarge),
            ("HTTP/1.1 200 OK\r\n\r\n", &[0; SIZE_AT_MOST + 1], PictureError::TooLarge),
            (&long, &[b'x'; 9000], PictureError::TooLarge),
            (&many, PICTURE, PictureError::Missing),
        ] {
            assert_eq!(fetched(head, body).await.0, Err(error), "{head}");
        }
    }
}
