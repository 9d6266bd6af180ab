//! Stanzas of known, odd, doubled, foreign and extreme parts in every order: what has to be read of each is told by its
//! parts alone.

use flashpaper_xmpp::{ChatMessage, Incoming, PresenceNews, Refusal, Subscription};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;

use crate::odd::{CONTENT, FILE, SILENT, levels, read};
use crate::server::DOMAIN;

/// A stanza, what is to be read of it, and whether it is a request that is to be refused.
#[derive(Debug, Clone)]
struct Case {
    stanza: String,
    expected: Vec<Incoming>,
    is_refused: bool,
}

/// What a part of a message is to its receiver.
#[derive(Debug, Clone, PartialEq)]
enum Means {
    /// A text; whether it has a language of its own.
    Text(String, bool),
    Subject(String, bool),
    /// The address of a file.
    File,
    Receipt(String),
    Request,
    /// A text that only others can read.
    Content,
    /// It is left out.
    Damage,
    Nothing,
}

/// An attribute `from`, with the sender that it names.
fn from() -> impl Strategy<Value = (String, Option<(String, Option<String>)>)> {
    let bare = || "a@b.example".to_owned();
    let resource = prop_oneof!["[a-z0-9]{1,9}", "[a-z]{1,3}/[a-z@]{1,3}", "[a-z]{1000}"];
    let odd = prop_oneof![
        "[a-z]{0,3}[\u{1f300}-\u{1faff}][a-z]{0,3}",
        "[\u{5d0}-\u{5ea}]{1,3}[a-z]{1,3}",
        "[\u{202a}-\u{202e}\u{e000}-\u{e0ff}]{1,3}",
        "x{1024,3000}",
        "",
    ];
    let nobody = select(vec!["", "@", "a@b@c", "a b@b.example/r", "\u{1f4f1}@b.example", "b.example\u{ff0f}r"]);
    prop_oneof![
        3 => resource.prop_map(move |r| (format!("from='A@b.Example/{r}'"), Some((bare(), Some(r))))),
        3 => odd.prop_map(move |r| (format!("from='a@b.example/{r}'"), Some((bare(), Some(r).filter(|r| !r.is_empty()))))),
        1 => Just(("from='a@b.example'".to_owned(), Some((bare(), None)))),
        1 => Just((format!("from='{DOMAIN}'"), Some((DOMAIN.to_owned(), None)))),
        1 => nobody.prop_map(|from| (format!("from='{from}'"), None)),
        1 => Just((format!("from='{}'", "x".repeat(9000)), None)),
    ]
}

/// An attribute that says nothing; whether it is left out.
fn attribute() -> impl Strategy<Value = (String, bool)> {
    prop_oneof![
        "o[a-z]{9}='[a-z<>&]{0,9}'".prop_map(|text| (text.replace(['<', '&'], "&#60;"), false)),
        Just(("xml:lang='odd-odd'".to_owned(), false)),
        Just(("undeclared:x='y'".to_owned(), true)),
        Just((format!("long='{}'", "x".repeat(9000)), true)),
    ]
}

fn written() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[ -%'-;=?-~\n\u{a1}-\u{ff}\u{5d0}-\u{5ea}\u{1f300}-\u{1f64f}]{0,40}",
        1 => (1000..80_000_usize).prop_map(|length| "x".repeat(length)),
    ]
}

fn part() -> impl Strategy<Value = (String, Means)> {
    let content = prop_oneof![
        4 => select(CONTENT).prop_map(str::to_owned),
        1 => "[a-z]{1,9}".prop_map(|name| format!("<{name} xmlns='urn:x:{name}'>{name}</{name}>")),
    ];
    let between = ["loose text", "&#10;<![CDATA[</message><body>no</body>]]>", "<body xml:lang='x'/>"];
    let nothing = select([SILENT, &between].concat());
    let damage = prop_oneof![
        9 => (65..2000_usize).prop_map(|depth| levels(depth, "<body xmlns='jabber:client'>deep</body>")),
        9 => Just("<undeclared:x/>".to_owned()),
        9 => Just("<x a='1' a='2'/>".to_owned()),
        9 => Just("<x>&undeclared;&#1;</x>".to_owned()),
        9 => Just(format!("<{}/>", "x".repeat(9000))),
        1 => Just(format!("<body>{}</body>", "x".repeat(1 << 20))),
    ];
    prop_oneof![
        4 => written().prop_map(|text| (format!("<body>{text}</body>"), Means::Text(text, false))),
        1 => written().prop_map(|text| (format!("<body xml:lang='x'>{text}</body>"), Means::Text(text, true))),
        1 => written().prop_map(|text| (format!("<body odd='1'>{text}<x/></body>"), Means::Text(text, false))),
        1 => written().prop_map(|text| (format!("<subject>{text}</subject>"), Means::Subject(text, false))),
        2 => "[a-z0-9]{0,9}"
            .prop_map(|id| (format!("<received xmlns='urn:xmpp:receipts' id='{id}'/>"), Means::Receipt(id))),
        1 => Just(("<request xmlns='urn:xmpp:receipts'/>".to_owned(), Means::Request)),
        1 => written().prop_map(|text| (format!("<subject xml:lang='x'>{text}</subject>"), Means::Subject(text, true))),
        1 => Just((FILE.to_owned(), Means::File)),
        3 => content.prop_map(|part| (part, Means::Content)),
        5 => nothing.prop_map(|part| (part.to_owned(), Means::Nothing)),
        2 => damage.prop_map(|part| (part, Means::Damage)),
    ]
}

fn texts(parts: &[(String, Means)]) -> Option<String> {
    let of_language = |is_subject: bool, wanted: bool| {
        parts.iter().filter_map(move |(_, means)| match means {
            Means::Subject(text, language) if is_subject && *language == wanted => Some(text.as_str()),
            Means::Text(text, language) if !is_subject && *language == wanted => Some(text.as_str()),
            _ => None,
        })
    };
    let mut lines = Vec::new();
    for is_subject in [true, false] {
        let has_language = of_language(is_subject, false).all(str::is_empty);
        lines.extend(of_language(is_subject, has_language));
    }
    lines.extend(parts.iter().filter(|(_, means)| *means == Means::File).map(|_| "https://x.example/f.jpg"));
    let mut once: Vec<&str> = Vec::new();
    for line in lines {
        if !line.is_empty() && !once.contains(&line) {
            once.push(line);
        }
    }
    (!once.is_empty()).then(|| once.join("\n"))
}

fn message() -> impl Strategy<Value = Case> {
    let type_ = select(vec!["", "chat", "normal", "headline", "groupchat", "error", "nonsense", "Chat"]);
    let id = prop_oneof!["[a-z0-9]{0,9}", "x{9000}"].prop_map(|id| (format!("id='{id}'"), id));
    let inside = vec(part(), 0..12);
    (from(), type_, proptest::option::of(id), vec(attribute(), 0..3), inside).prop_map(
        |((from, sender), type_, id, mut others, mut parts)| {
            // All of them would be more than a stanza may be.
            let mut huge = 0;
            parts.retain(|(part, _)| part.len() < 1 << 20 || std::mem::replace(&mut huge, 1) == 0);
            // An attribute that comes twice is another kind of damage.
            others.dedup_by(|a, b| a.0.split('=').next() == b.0.split('=').next());
            let mut attributes = vec![from, format!("type='{type_}'")];
            attributes.extend(id.iter().map(|(id, _)| id.clone()));
            attributes.extend(others.iter().map(|(other, _)| other.clone()));
            let inside: String = parts.iter().map(|(part, _)| part.as_str()).collect();
            let stanza = format!("<message {}>{inside}</message>", attributes.join(" "));
            let has_id = id.as_ref().is_some_and(|(_, id)| !id.is_empty());
            let id = id.map(|(_, id)| id).filter(|id| !id.is_empty() && id.len() < 4096);
            let damage = others.iter().any(|(_, left_out)| *left_out)
                || parts.iter().any(|(_, means)| *means == Means::Damage)
                || has_id && id.is_none();
            let expected = match sender {
                None => vec![Incoming::Unreadable { from: DOMAIN.to_owned() }],
                Some(sender) => expected(sender, type_, id, &parts, damage),
            };
            Case { stanza, expected, is_refused: false }
        },
    )
}

fn expected(
    (from, resource): (String, Option<String>),
    type_: &str,
    id: Option<String>,
    parts: &[(String, Means)],
    damage: bool,
) -> Vec<Incoming> {
    let text = texts(parts);
    let has = |wanted| parts.iter().any(|(_, means)| *means == wanted);
    if type_ == "error" {
        return match (id, text) {
            (Some(id), _) => vec![Incoming::Refused { from, id, why: Refusal::ForGood }],
            (None, Some(_)) => vec![Incoming::Unreadable { from }],
            (None, None) => vec![],
        };
    }
    let receipt = |means: &Means| match means {
        Means::Receipt(id) if !id.is_empty() => Some(Incoming::Receipt { from: from.clone(), id: id.clone() }),
        _ => None,
    };
    let mut expected: Vec<_> = parts.iter().filter_map(|(_, means)| receipt(means)).collect();
    if let Some(text) = text {
        let wants_receipt = has(Means::Request) && type_ != "groupchat";
        expected.push(Incoming::Chat(ChatMessage { from, resource, id, sent: None, text, wants_receipt }));
    } else if damage || has(Means::Content) {
        expected.push(Incoming::Unreadable { from });
    }
    expected
}

fn presence() -> impl Strategy<Value = Case> {
    let types = vec![
        ("", Some(PresenceNews::Available)),
        ("type='nonsense'", Some(PresenceNews::Available)),
        ("type='unavailable'", Some(PresenceNews::Unavailable)),
        ("type='subscribe'", Some(PresenceNews::Subscription(Subscription::Subscribe))),
        ("type='unsubscribed'", Some(PresenceNews::Subscription(Subscription::Unsubscribed))),
        ("type='error'", None),
    ];
    let parts = select(vec![
        "<show>odd</show>".to_owned(),
        "<show/>".to_owned(),
        "<priority>odd</priority>".to_owned(),
        "<priority>1<x/></priority>".to_owned(),
        "<status>x</status>".to_owned(),
        "<c xmlns='http://jabber.org/protocol/caps'/>".to_owned(),
        "text".to_owned(),
        "<undeclared:x/>".to_owned(),
        levels(100, ""),
    ]);
    (from(), select(types), vec(attribute(), 0..2), vec(parts, 0..6)).prop_map(
        |((from, sender), (type_, news), mut others, parts)| {
            others.dedup_by(|a, b| a.0.split('=').next() == b.0.split('=').next());
            let others: Vec<_> = others.into_iter().map(|(other, _)| other).collect();
            let stanza = format!("<presence {from} {type_} {}>{}</presence>", others.join(" "), parts.concat());
            let resource = from.trim_end_matches('\'').split_once('/').map(|(_, resource)| resource.to_owned());
            let resource = resource.filter(|resource| !resource.is_empty());
            let told = sender.zip(news);
            let told = told.map(|((from, _), news)| Incoming::Presence { from, resource, news });
            Case { stanza, expected: told.into_iter().collect(), is_refused: false }
        },
    )
}

fn iq() -> impl Strategy<Value = Case> {
    let type_ = select(vec!["get", "set", "result", "error", "nonsense", ""]);
    let part =
        select(vec!["<q xmlns='jabber:iq:version'/>", "text", "<undeclared:x/>", "<error/>", "<x xmlns='u:x'>y</x>"]);
    let from =
        select(vec![("from='s@b.example/r'", true), ("from='s@b.example/\u{1f4f1}'", false), ("from='@'", false)]);
    (from, type_, proptest::bool::ANY, vec(part, 0..4)).prop_map(|((from, is_someone), type_, has_id, parts)| {
        let id = if has_id { "id='1'" } else { "" };
        let stanza = format!("<iq {from} type='{type_}' {id}>{}</iq>", parts.concat());
        Case { stanza, expected: vec![], is_refused: is_someone && has_id && ["get", "set"].contains(&type_) }
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if std::env::var_os("FLASHPAPER_SOAK").is_some() { 5_000 } else { 24 },
        rng_seed: RngSeed::Fixed(7),
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    })]

    /// The body is shown or a notice given, nothing panics, the stream stays.
    #[test]
    fn every_stanza_is_read_as_its_parts_say(cases in vec(prop_oneof![4 => message(), 1 => presence(), 1 => iq()], 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let stanzas: Vec<_> = cases.iter().map(|case| case.stanza.clone()).collect();
        let done = runtime.block_on(read(&stanzas)).map_err(|error| error.to_string());
        prop_assert!(done.is_ok(), "{done:?}");
        let (all, heard) = done.unwrap_or_default();
        for (case, read) in cases.iter().zip(&all) {
            let start = &case.stanza[..case.stanza.floor_char_boundary(1_000)];
            prop_assert!(*read == case.expected, "{read:?} instead of {:?} of {start}", case.expected);
        }
        let refused = cases.iter().filter(|case| case.is_refused).count();
        prop_assert_eq!(heard.matches("<iq type='error' to='s@b.example/r' id='1'>").count(), refused);
    }
}
