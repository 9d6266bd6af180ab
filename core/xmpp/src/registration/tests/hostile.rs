//! Replies that are malformed or hostile, at each step.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use tokio::io::join;

use super::super::error::Fault;
use super::super::fetch;
use super::super::picture::tests::{bits, png};
use super::super::picture::{PictureError, SIDE_AT_MOST, SIZE_AT_MOST};
use super::super::question::{Answer, Kind, Question};
use super::super::replay::{Came, ID, register};
use super::super::text::{INSTRUCTIONS, LABEL};
use super::mutated::{MORE, count, mutated, parts, peak};
use super::{FORMS, corpus_text, form};
use crate::tls::Tls;

fn result(payload: &str) -> String {
    format!("<iq type='result' id='{ID}'>{payload}</iq>")
}

fn error(type_: &str, condition: &str) -> String {
    format!(
        "<iq type='error' id='{ID}'><error type='{type_}'>\
         <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text>s3cr3t</text></error></iq>"
    )
}

fn corpus(name: &str) -> String {
    result(corpus_text(name))
}

/// What servers say: to an invitation, to the question for a form, for bits, and to a form.
fn replies(step: usize) -> Vec<String> {
    let errors = ["conflict", "not-allowed", "not-acceptable", "resource-constraint", "item-not-found", "forbidden"];
    let mut all: Vec<_> = errors.iter().map(|condition| error("cancel", condition)).collect();
    match step {
        1 => all = FORMS.iter().map(|(_, form)| result(form)).collect(),
        2 => all = vec![corpus("bits")],
        _ => all.push(result("")),
    }
    all
}

/// What comes before a step and leads to it.
fn before(step: usize) -> String {
    let shown = result("");
    match step {
        0 => String::new(),
        1 => shown,
        2 => shown + &corpus("captcha-asked"),
        _ => shown + &corpus("ejabberd-captcha"),
    }
}

/// All that a person is shown is bounded and plain.
fn check(question: &Question) {
    let is_plain = |text: &str, at_most: usize| {
        text.chars().count() <= at_most && text.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}')
    };
    assert!(is_plain(&question.title, LABEL) && is_plain(&question.instructions, INSTRUCTIONS));
    assert!(question.fields.len() <= 64 && question.choose <= question.fields.len());
    for field in &question.fields {
        assert!(is_plain(&field.label, LABEL));
        if let Some(Answer::Text(text)) = &field.preset {
            assert!(is_plain(text, INSTRUCTIONS));
        }
        if let Kind::One(options) | Kind::Some(options) = &field.kind {
            assert!((1..=256).contains(&options.len()) && options.iter().all(|option| is_plain(option, LABEL)));
        }
        if let Some(picture) = &field.picture {
            assert!(picture.bytes.len() <= SIZE_AT_MOST && picture.width.max(picture.height) <= SIDE_AT_MOST);
        }
    }
}

/// The memory that an honest server's replies take, in KiB.
async fn honest() -> usize {
    let came = register(format!("{}{}", before(3), result("")).as_bytes()).await;
    assert!(came.filled && came.end.is_ok(), "{came:?}");
    peak()
}

#[tokio::test]
async fn hostile_replies_end_in_an_error_or_a_form() {
    let (parts, mut rng) = (parts(), StdRng::seed_from_u64(11));
    let others: Vec<_> = (0..4).flat_map(replies).collect();
    let baseline = honest().await;
    for step in 0..4 {
        let (replies, mut reached, mut forms, mut errors) = (replies(step), 0, 0, 0);
        for number in 0..count() {
            let reply = mutated(replies.choose(&mut rng).unwrap().as_bytes(), &others, &parts, &mut rng);
            let session = [before(step).as_bytes(), &reply, result("").as_bytes()].concat();
            let came = tokio::time::timeout(Duration::from_secs(20), register(&session)).await;
            let came = came.unwrap_or_else(|_| panic!("step {step}, reply {number} has no end"));
            let Came { requests, question, filled, end, .. } = &came;
            // The request that this reply is an answer to was made.
            reached += usize::from(*requests > step.min(2) && (step < 3 || *filled));
            forms += usize::from(question.is_some());
            errors += usize::from(end.is_err());
            question.iter().for_each(check);
            assert!(!format!("{came:?}").contains("s3cr3t"), "{came:?}");
        }
        println!("step {step}: {forms} forms, {errors} errors, at most {} KiB", peak());
        assert_eq!(reached, count(), "each reply of step {step} was heard");
        assert!(errors > count() / 5, "{errors} errors at step {step}");
        assert!(step == 0 || forms > count() / 30, "{forms} forms at step {step}");
    }
    assert!(peak() < baseline + MORE, "{} KiB after {baseline}", peak());
}

/// What hosts of pictures say. `{}`: a number.
const HEADS: &[&str] = &[
    "HTTP/1.0 200 OK\r\nContent-Type: image/png\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nContent-Length: 9\r\nConnection: close\r\n\r\n",
    "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/s3cr3t\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.0 200\n\n",
];

/// Parts that clients of HTTP have stumbled over.
fn parts_of_http() -> Vec<String> {
    let mut parts = vec![
        "X: y\r\n".repeat(70),
        format!("X: {}\r\n", "y".repeat(17_000)),
        "\u{7f}PNG".repeat(70_000),
        "\u{0}\u{1b}[2J".to_owned(),
    ];
    let words = [
        "\r\n",
        "\n",
        "\r",
        "\r\n\r\n",
        "Content-Length: 18446744073709551616\r\n",
        "Content-Length: -1\r\n",
        "Content-Length:\r\n",
        "Content-Encoding: gzip\r\n",
        " folded\r\n",
        "HTTP/1.1 200 OK\r\n",
        "IHDR",
        "iTXts3cr3t",
    ];
    parts.extend(words.map(str::to_owned));
    parts
}

/// A picture from the web that is shown, or why there is none.
async fn fetched(reply: &[u8]) -> Result<(usize, usize), PictureError> {
    let mut form = form("captcha-web");
    let (index, mut url) = form.pictures_on_the_web().remove(0);
    url.tls = false;
    let mut said = Vec::new();
    let bytes = fetch(join(reply, &mut said), &url, &Tls::public_roots()).await;
    assert!(said.starts_with(b"GET /"), "the reply was waited for");
    form.set_picture(index, bytes?)?;
    let question = form.question().unwrap();
    check(&question);
    let picture = question.fields.iter().find_map(|field| field.picture.as_ref()).unwrap();
    Ok((picture.width, picture.height))
}

#[tokio::test]
async fn hostile_replies_of_a_pictures_host_end_in_an_error_or_a_picture() {
    let (parts, mut rng, mut errors) = (parts_of_http(), StdRng::seed_from_u64(12), 0);
    let others: Vec<_> = HEADS.iter().map(|&head| head.to_owned()).collect();
    let honest = [HEADS[0].as_bytes(), &png(9, 9)].concat();
    assert_eq!(fetched(&honest).await, Ok((9, 9)));
    let baseline = peak();
    for number in 0..count() {
        let picture = png(*[9, 9, 9, 2048, 0, 2049, u32::MAX].choose(&mut rng).unwrap(), 9);
        let head = others.choose(&mut rng).unwrap().replace("{}", &picture.len().to_string());
        let (mut head, mut body) = (head.into_bytes(), picture);
        // One of both is as it should be, as often as not.
        if rng.random() {
            head = mutated(&head, &others, &parts, &mut rng);
        }
        if rng.random() {
            body = mutated(&body, &others, &parts, &mut rng);
        }
        let reply = [head, body].concat();
        let came = tokio::time::timeout(Duration::from_secs(20), fetched(&reply)).await;
        let came = came.unwrap_or_else(|_| panic!("reply {number} has no end"));
        errors += usize::from(came.is_err());
    }
    println!("pictures: {} shown, {errors} errors, at most {} KiB", count() - errors, peak());
    assert!((count() / 5..count()).contains(&errors), "{errors} errors");
    assert!(peak() < baseline + MORE, "{} KiB after {baseline}", peak());
}

/// As many names of one large picture as a stanza has room for: of fields, and of addresses in one. It is another than it is said
/// to be.
fn named_again_and_again() -> [String; 2] {
    let (data, uri) = bits(&[png(9, 9), vec![0; SIZE_AT_MOST - 33]].concat());
    let (_, other) = bits(b"another");
    let data = data.replace(uri.trim_start_matches("cid:"), other.trim_start_matches("cid:"));
    let uri = format!("<uri>{other}</uri>");
    let field = |uris: &str| format!("<field var='ocr'><media xmlns='urn:xmpp:media-element'>{uris}</media></field>");
    let all = [field(&uri).repeat(4000), field(&uri.repeat(8000))].map(|fields| fields + &data);
    assert!(all.iter().all(|fields| fields.len() > 900_000));
    all
}

/// What the limits of a stream are there for.
#[tokio::test]
async fn extreme_replies_end_in_an_error() {
    let query = |inside: &str| result(&format!("<query xmlns='jabber:iq:register'>{inside}</query>"));
    let x = |inside: &str| query(&format!("<x xmlns='jabber:x:data' type='form'>{inside}</x>"));
    let plain = "<field var='username'/><field var='password'/>";
    let baseline = honest().await;
    let lol: String = (0..9).map(|n| format!("<!ENTITY l{} '{}'>", n + 1, format!("&l{n};").repeat(10))).collect();
    let [fields, addresses] = named_again_and_again();
    for (what, reply) in [
        ("a picture that many fields name", x(&format!("{plain}{fields}"))),
        ("a picture that many addresses name", x(&format!("{plain}{addresses}"))),
        ("more than a stanza can have", x(&"x".repeat(9 << 20))),
        ("more than is held", x(&format!("{plain}<value>{}</value>", "x".repeat(2 << 20)))),
        ("a deep one", x(&format!("{plain}{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000)))),
        ("entities", format!("<!DOCTYPE l [<!ENTITY l0 'l'>{lol}]>{}", x(&format!("{plain}&l9;")))),
        ("many fields", x(&format!("{plain}{}", "<field var='a' type='hidden'/>".repeat(30_000)))),
        ("no end", x(plain).replace("</iq>", "")),
        ("nothing", String::new()),
    ] {
        let begin = Instant::now();
        let came = register(format!("{}{reply}", before(1)).as_bytes()).await;
        assert!(came.shown && came.end.is_err() && !came.filled, "{what}: {came:?}");
        let is_of_picture = came.end == Err(Fault::Picture(PictureError::Other).into());
        assert_eq!(is_of_picture, what.starts_with("a picture"), "{what}: {came:?}");
        assert!(begin.elapsed() < Duration::from_secs(10), "{what}: {:?}", begin.elapsed());
    }
    assert!(peak() < baseline + MORE, "{} KiB after {baseline}", peak());
}
