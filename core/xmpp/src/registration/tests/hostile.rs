//! Replies that are malformed or hostile, at each step.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use super::super::picture::{SIDE_AT_MOST, SIZE_AT_MOST};
use super::super::question::{Answer, Kind, Question};
use super::super::replay::{Came, ID, register};
use super::super::text::{INSTRUCTIONS, LABEL};
use super::{FORMS, corpus_text};

/// At each step.
fn count() -> usize {
    if std::env::var_os("FLASHPAPER_SOAK").is_some() { 10_000 } else { 60 }
}

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

/// Parts that parsers have stumbled over.
fn parts() -> Vec<String> {
    let mut parts = vec![
        "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>".to_owned(),
        "&b;&#1;&#x110000;".to_owned(),
        "<a>".repeat(300) + &"</a>".repeat(300),
        "<field var='f' type='text-single'><required/></field>".repeat(100),
        "<option label='o'><value>v</value></option>".repeat(400),
        format!("<value>{}</value>", "v".repeat(40_000)),
        format!("<field var='{}'/>", "n".repeat(5000)),
        "A".repeat(400_000),
        "<media xmlns='urn:xmpp:media-element'><uri type='image/png'>http://127.0.0.1/</uri></media>".to_owned(),
        "<media xmlns='urn:xmpp:media-element'><uri>cid:sha1+00@bob.xmpp.org</uri></media>".to_owned(),
        "<field var='SHA-256' label='ffffffffffffffff'><required/></field>".to_owned(),
        "<field var='answers' type='hidden'><value>18446744073709551615</value></field>".to_owned(),
        "<x xmlns='jabber:x:oob'><url>https://s3cr3t@x.example/</url></x>".to_owned(),
        "\u{202e}\u{0}\u{1b}[2J\u{feff}".to_owned(),
        "<![CDATA[<required/>]]>".to_owned(),
        "<!-- -- -->".to_owned(),
        "<?xml version='1.1'?>".to_owned(),
        "</query></iq>".to_owned(),
        "</stream:stream>".to_owned(),
        "<p:q/>".to_owned(),
    ];
    let words = ["<required/>", "type='error'", "type='hidden'", "type='list-multi'", "type='jid-single'", "var='ocr'"];
    parts.extend(words.map(str::to_owned));
    parts
}

fn mutated(reply: &str, others: &[String], parts: &[String], rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = reply.as_bytes().to_vec();
    for _ in 0..rng.random_range(1..=3) {
        let at = rng.random_range(0..=bytes.len());
        let end = rng.random_range(at..=bytes.len().min(at + 200));
        let piece = match rng.random_range(0..7) {
            0 => vec![rng.random()],
            1 => Vec::new(),
            2 => bytes[at..end].repeat(rng.random_range(2..50)),
            3 => others.choose(rng).unwrap().as_bytes().to_vec(),
            _ => parts.choose(rng).unwrap().as_bytes().to_vec(),
        };
        // Between two elements as often as anywhere.
        let gap = bytes.windows(2).enumerate().skip(at).find(|(_, pair)| pair == b"><").map(|(gap, _)| gap + 1);
        match gap.filter(|_| rng.random()) {
            Some(gap) => drop(bytes.splice(gap..gap, piece)),
            None => drop(bytes.splice(at..end, piece)),
        }
    }
    bytes
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

/// Peak of the memory of the process, in KiB.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// As much as hostile replies may take beside honest ones: the test has nine megabytes of one itself, and copies them.
const MORE: usize = 96 * 1024;

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
            let reply = mutated(replies.choose(&mut rng).unwrap(), &others, &parts, &mut rng);
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

/// What the limits of a stream are there for.
#[tokio::test]
async fn extreme_replies_end_in_an_error() {
    let query = |inside: &str| result(&format!("<query xmlns='jabber:iq:register'>{inside}</query>"));
    let x = |inside: &str| query(&format!("<x xmlns='jabber:x:data' type='form'>{inside}</x>"));
    let plain = "<field var='username'/><field var='password'/>";
    let baseline = honest().await;
    let lol: String = (0..9).map(|n| format!("<!ENTITY l{} '{}'>", n + 1, format!("&l{n};").repeat(10))).collect();
    for (what, reply) in [
        ("more than a stanza can have", x(&"x".repeat(9 << 20))),
        ("more than is held", x(&format!("{plain}<value>{}</value>", "x".repeat(2 << 20)))),
        ("a deep one", x(&format!("{plain}{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000)))),
        ("entities", format!("<!DOCTYPE l [<!ENTITY l0 'l'>{lol}]>{}", x(&format!("{plain}&l9;")))),
        ("many fields", x(&format!("{plain}{}", "<field var='a' type='hidden'/>".repeat(30_000)))),
        ("no end", x(plain).replace("</iq>", "")),
        ("nothing", String::new()),
    ] {
        let came = register(format!("{}{reply}", before(1)).as_bytes()).await;
        assert!(came.shown && came.end.is_err() && !came.filled, "{what}: {came:?}");
    }
    assert!(peak() < baseline + MORE, "{} KiB after {baseline}", peak());
}
