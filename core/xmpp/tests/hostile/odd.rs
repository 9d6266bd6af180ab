//! Stanzas that no parser has to take, each with what is to be read of it.

use flashpaper_xmpp::{ChatMessage, Incoming, PresenceNews, Refusal, StreamError, Subscription};

use crate::Outcome;
use crate::managed::{in_session, message};
use crate::server::{DOMAIN, USERNAME};

/// What is read of each of these stanzas, on one stream that stays; and what the client has said in the end.
pub(crate) async fn read(stanzas: &[String]) -> Result<(Vec<Vec<Incoming>>, String), Box<dyn std::error::Error>> {
    let (read, heard) = in_session(
        async |mut session| {
            let mut read = Vec::new();
            for _ in stanzas {
                let mut parts = Vec::new();
                loop {
                    match session.next().await? {
                        Incoming::Asked => break,
                        Incoming::Other => {}
                        part => parts.push(part),
                    }
                }
                read.push(parts);
            }
            session.refuse_requests().await?;
            session.acknowledge().await?;
            Ok::<_, StreamError>(read)
        },
        async |peer| {
            for stanza in stanzas {
                peer.says(&format!("{stanza}<r xmlns='urn:xmpp:sm:3'/>")).await?;
            }
            Ok(())
        },
    )
    .await?;
    assert!(heard.contains(&format!("<a xmlns='urn:xmpp:sm:3' h='{}'>", stanzas.len())), "each counts once");
    Ok((read?, heard))
}

async fn check(cases: Vec<(String, Vec<Incoming>)>) -> Outcome {
    let (stanzas, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let (read, _) = read(&stanzas).await?;
    for ((stanza, read), expected) in stanzas.iter().zip(read).zip(expected) {
        let start = &stanza[..stanza.floor_char_boundary(200)];
        assert!(read == expected, "{read:?} instead of {expected:?} of {start}");
    }
    Ok(())
}

/// Levels of elements, and what is at the bottom.
pub(crate) fn levels(count: usize, bottom: &str) -> String {
    format!("{}{bottom}{}", "<a>".repeat(count), "</a>".repeat(count))
}

/// A file's address (XEP-0066).
pub(crate) const FILE: &str = "<x xmlns='jabber:x:oob'><url>https://x.example/f.jpg</url><desc>a picture</desc></x>";

/// What a message without a text may hold and mean nothing to its receiver's user.
pub(crate) const SILENT: &[&str] = &[
    "<body/>",
    "<body><x/></body>",
    "<subject/>",
    "<thread>1</thread>",
    "<thread odd='1'><x/></thread>",
    "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
    "<received xmlns='urn:xmpp:receipts'/>",
    "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>",
    "<delay xmlns='urn:xmpp:delay' stamp='odd'/>",
    "<x xmlns='jabber:x:delay' stamp='odd'/>",
    "<x xmlns='jabber:x:event'><composing/><id>1</id></x>",
    "<store xmlns='urn:xmpp:hints'/><no-copy xmlns='urn:xmpp:hints'/>",
    "<private xmlns='urn:xmpp:carbons:2'/>",
    "<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='u:x'><item><x xmlns='u:x'/></item></items></event>",
    "<stanza-id xmlns='urn:xmpp:sid:0' id='1' by='b.example'/><origin-id xmlns='urn:xmpp:sid:0' id='1'/>",
    "<nick xmlns='http://jabber.org/protocol/nick'>A</nick>",
    "<addresses xmlns='http://jabber.org/protocol/address'><address type='ofrom' jid='a@b.example'/></addresses>",
    "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/></encrypted>",
    "<encrypted xmlns='urn:xmpp:omemo:2'><header sid='1'/></encrypted>",
];

/// What a user has written, or done, that only others can read.
pub(crate) const CONTENT: &[&str] = &[
    "<body xmlns='u:x'>other</body>",
    "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'>h</body></html>",
    "<encrypted xmlns='eu.siacs.conversations.axolotl'><header/><payload>AA==</payload></encrypted>",
    "<encrypted xmlns='urn:xmpp:omemo:2'><header/><payload>AA==</payload></encrypted>",
    "<encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:omemo:2'/>",
    "<encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:otr:0'/>",
    "<openpgp xmlns='urn:xmpp:openpgp:0'>AA==</openpgp>",
    "<x xmlns='jabber:x:encrypted'>AA==</x>",
    "<x xmlns='jabber:x:conference' jid='room@b.example'/>",
    "<x xmlns='http://jabber.org/protocol/muc#user'><invite from='a@b.example'/></x>",
    "<x xmlns='jabber:x:data' type='form'><title>t</title></x>",
    "<reactions xmlns='urn:xmpp:reactions:0' id='1'><reaction>\u{1f44d}</reaction></reactions>",
    "<propose xmlns='urn:xmpp:jingle-message:0' id='1'/>",
    "<attention xmlns='urn:xmpp:attention:0'/>",
    "<retract xmlns='urn:xmpp:message-retract:1' id='1'/>",
    "<file-sharing xmlns='urn:xmpp:sfs:0'/>",
    "<received xmlns='urn:xmpp:carbons:2'/>",
    "<x xmlns='u:x'><message xmlns='jabber:client'><body>inside</body></message></x>",
    "<a:b xmlns:a='u:x' a:c='d'/>",
    "<error/>",
];

fn many_attributes() -> String {
    (0..100).map(|number| format!("a{number}='' ")).collect()
}

fn chat_from(from: &str, resource: Option<&str>) -> ChatMessage {
    let (from, resource) = (from.to_owned(), resource.map(str::to_owned));
    ChatMessage { from, resource, id: None, sent: None, text: "hi".to_owned(), wants_receipt: false }
}

fn said(text: &str) -> ChatMessage {
    ChatMessage { text: text.to_owned(), ..chat_from("a@b.example", Some("r")) }
}

fn with_id() -> Incoming {
    Incoming::Chat(ChatMessage { id: Some("i".to_owned()), ..said("hi") })
}

fn unreadable(from: &str) -> Vec<Incoming> {
    vec![Incoming::Unreadable { from: from.to_owned() }]
}

fn receipt(id: &str) -> Incoming {
    Incoming::Receipt { from: "a@b.example".to_owned(), id: id.to_owned() }
}

const FROM: &str = "from='a@b.example/r'";

fn with_body(attributes: &str, inside: &str) -> String {
    format!("<message {FROM} {attributes}><body>hi</body>{inside}</message>")
}

fn without_body(inside: &str) -> String {
    format!("<message {FROM}>{inside}</message>")
}

#[tokio::test]
async fn no_message_that_anybody_sends_ends_a_stream() -> Outcome {
    let (long, forged) = ("x".repeat(10_000), message("boss@b.example", "forged"));
    let huge = "x".repeat(2 << 20);
    let hi = || vec![Incoming::Chat(said("hi"))];
    let hi_with_id = || vec![with_id()];
    check(vec![
        (with_body(&format!("id='{long}'"), ""), hi()),
        (with_body(&format!("id='i' lang='{long}'"), ""), hi_with_id()),
        (with_body("id='i'", &format!("<x y='{long}'/>")), hi_with_id()),
        (with_body("id='i'", &levels(64, "")), hi_with_id()),
        (with_body("id='i'", &levels(65, &forged)), hi_with_id()),
        (with_body("id='i'", &levels(100_000, "")), hi_with_id()),
        (with_body("id='i'", "<undeclared:x/>"), hi_with_id()),
        (with_body("undeclared:x='y'", "<x undeclared:x='y'/>"), hi()),
        (with_body("id='i'", &format!("<{long}/>")), hi_with_id()),
        (with_body("id='i'", &format!("<x>{huge}</x>")), hi_with_id()),
        (with_body("id='i'", "<!-- > --><x><![CDATA[</message>]]></x>"), hi_with_id()),
        (without_body(&levels(65, &forged)), unreadable("a@b.example")),
        (without_body(&levels(100_000, &forged)), unreadable("a@b.example")),
        (without_body("<undeclared:x/>"), unreadable("a@b.example")),
        (without_body(&format!("<{long}/>")), unreadable("a@b.example")),
        (without_body(&format!("<body>{huge}</body>")), unreadable("a@b.example")),
        (format!("<message xmlns='odd:ns' {FROM}><body>hi</body></message>"), unreadable("a@b.example")),
        (format!("<message xmlns='odd:ns' {FROM}>{}</message>", levels(65, "")), unreadable("a@b.example")),
        // A sender that cannot be read is not the own account.
        (format!("<message from='{long}'><body>hi</body></message>"), unreadable(DOMAIN)),
        // Nor is one that stands behind many attributes.
        (
            format!("<message {} {FROM} id='i'><body>hi</body>{}</message>", many_attributes(), levels(65, "")),
            hi_with_id(),
        ),
    ])
    .await
}

#[tokio::test]
async fn a_sender_is_known_whatever_the_client_calls_itself() -> Outcome {
    let account = "a@b.example".to_owned();
    let name = |length| format!("{account}/{}", "x".repeat(length));
    // As long as one may be, however it is escaped; and what no client's name is.
    let quotes = "\"".repeat(1000);
    let escaped = format!("{account}/{}", "&quot;".repeat(1000));
    let [long, longer, huge] = [1500, 10_000, 2 << 20].map(name);
    let mut cases: Vec<_> = [
        ("a@b.example/r", "a@b.example", Some("r")),
        ("A@B.Example/R", "a@b.example", Some("R")),
        ("a@b.example/a/b@c", "a@b.example", Some("a/b@c")),
        ("a@b.example/مكتب", "a@b.example", Some("مكتب")),
        ("a@b.example", "a@b.example", None),
        ("b.example", "b.example", None),
        ("b.example/r", "b.example", Some("r")),
        // What resourceprep (RFC 3920, appendix B) has no names with.
        ("a@b.example/&#128241;phone", "a@b.example", Some("\u{1f4f1}phone")),
        ("a@b.example/\u{1f469}\u{200d}\u{1f4bb}", "a@b.example", Some("\u{1f469}\u{200d}\u{1f4bb}")),
        ("a@b.example/\u{5d0}pc", "a@b.example", Some("\u{5d0}pc")),
        ("a@b.example/\u{202e}pc", "a@b.example", Some("\u{202e}pc")),
        ("a@b.example/\u{378}\u{e000}", "a@b.example", Some("\u{378}\u{e000}")),
        ("b.example/\u{1f4f1}", "b.example", Some("\u{1f4f1}")),
        ("a@b.example/", "a@b.example", None),
        (&escaped, "a@b.example", Some(&*quotes)),
        (&long, "a@b.example", long.strip_prefix("a@b.example/")),
        (&longer, "a@b.example", None),
        (&huge, "a@b.example", None),
    ]
    .map(|(from, bare, resource)| {
        (format!("<message from='{from}'><body>hi</body></message>"), vec![Incoming::Chat(chat_from(bare, resource))])
    })
    .into();
    let own = format!("{USERNAME}@{DOMAIN}");
    cases.push(("<message><body>hi</body></message>".to_owned(), vec![Incoming::Chat(chat_from(&own, None))]));
    // The server says who it is from, but it is no address.
    for nobody in
        ["", "@b.example", "a@", "a@b@c", "a b@b.example", "\u{1f4f1}@b.example", "/r", "a@b.example\u{ff0f}r"]
    {
        cases.push((format!("<message from='{nobody}'><body>hi</body></message>"), unreadable(DOMAIN)));
    }
    check(cases).await
}

#[tokio::test]
async fn each_good_part_of_a_message_counts() -> Outcome {
    let foreign = "<x xmlns='u:x'><body xmlns='jabber:client'>inside</body></x><body xmlns='u:x'>other</body>\
        <encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/><payload>AA==</payload></encrypted>";
    let html = "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'>\
        <p>html</p></body></html>";
    let stamps =
        "<delay xmlns='urn:xmpp:delay' stamp='odd'/><delay xmlns='urn:xmpp:delay'/><x xmlns='jabber:x:delay'/>";
    let threads = "<thread>1</thread><thread parent='2'><x/></thread>";
    let received = |id: &str| format!("<received xmlns='urn:xmpp:receipts' id='{id}'/>");
    let image = format!("<p><img src='data:image/png;base64,{}' alt='x'/></p>", "A".repeat(9000));
    let chat = |text: &str| vec![Incoming::Chat(said(text))];
    let receipts = |ids: &[&str], text: &str| ids.iter().copied().map(receipt).chain(chat(text)).collect::<Vec<_>>();
    let mut cases = vec![
        (with_body("", foreign), chat("hi")),
        (format!("<message {FROM}>{foreign}{html}<body>hi</body></message>"), chat("hi")),
        (with_body("", stamps), chat("hi")),
        (
            with_body("", &format!("{stamps}<delay xmlns='urn:xmpp:delay' stamp='2026-11-27T10:00:00.5+01:00'/>")),
            vec![Incoming::Chat(ChatMessage { sent: Some(1_795_770_000), ..said("hi") })],
        ),
        (with_body("", threads), chat("hi")),
        (with_body("odd='1' xml:lang='xx-odd'", "loose text<subject/><subject a='b'><x/></subject>"), chat("hi")),
        (with_body("", &html.replace("<p>html</p>", &image)), chat("hi")),
        (with_body("", "<body>second</body>"), chat("hi\nsecond")),
        (with_body("", "<body xml:lang='cs'>ahoj</body><body>hi</body><body>second</body>"), chat("hi\nsecond")),
        (with_body("", "<subject>Lunch</subject>"), chat("Lunch\nhi")),
        (with_body("", "<subject>hi</subject>"), chat("hi")),
        (with_body("", &format!("{FILE}{FILE}")), chat("hi\nhttps://x.example/f.jpg")),
        (without_body(&format!("<body>https://x.example/f.jpg</body>{FILE}")), chat("https://x.example/f.jpg")),
        (without_body(FILE), chat("https://x.example/f.jpg")),
        (without_body("<x xmlns='jabber:x:oob'><desc>a picture</desc></x>"), unreadable("a@b.example")),
        (with_body("", "<body/>"), chat("hi")),
        (without_body("<body/><body>hi</body>"), chat("hi")),
        (without_body("<body xml:lang='cs'>ahoj</body><body>hi</body>"), chat("hi")),
        (without_body("<body xml:lang='cs'>ahoj</body><body xml:lang='de'>hallo</body>"), chat("ahoj")),
        // A language that is none, one that the message has already, and two spellings of one.
        (without_body("<body xml:lang=''>one</body><body>two</body>"), chat("one\ntwo")),
        (without_body("<body>one</body><body xml:lang=''>two</body>"), chat("one\ntwo")),
        (with_body("xml:lang='en'", "<body xml:lang='en'>two</body>"), chat("hi\ntwo")),
        (with_body("xml:lang='en'", "<body xml:lang=''>two</body><body xml:lang='EN'>3</body>"), chat("hi\ntwo\n3")),
        (with_body("xml:lang='en'", "<body xml:lang='cs'>ahoj</body>"), chat("hi")),
        (without_body("<body xml:lang='en'>one</body><body xml:lang='EN'>two</body>"), chat("one\ntwo")),
        (without_body("<body a='b'>h<i>i</i></body>"), chat("hi")),
        (
            without_body("<body xml:lang='cs'>a</body><body xml:lang='de'>b</body><body xml:lang='cs'>c</body>"),
            chat("a\nc"),
        ),
        (without_body("<subject>hi</subject>"), chat("hi")),
        (with_body("", &received("m1")), receipts(&["m1"], "hi")),
        (with_body("", &format!("{}{}", received("m1"), received("m2"))), receipts(&["m1", "m2"], "hi")),
        (without_body(&format!("{}<body>hi</body>", received("m1"))), receipts(&["m1"], "hi")),
        (without_body(&received("m1")), vec![receipt("m1")]),
        (without_body(&format!("{}{}", received(""), received("m2"))), vec![receipt("m2")]),
        (without_body("<received xmlns='urn:xmpp:receipts'/>"), vec![]),
        // Nobody has written anything.
        (without_body("<composing xmlns='http://jabber.org/protocol/chatstates'/><body/>"), vec![]),
        (without_body("<body><x/></body><subject/>"), vec![]),
        (without_body("<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/></encrypted>"), vec![]),
        (without_body(stamps), vec![]),
        // Somebody has, and only others can read it.
        (without_body(foreign), unreadable("a@b.example")),
        (without_body(html), unreadable("a@b.example")),
        (without_body("<encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:omemo:2'/>"), unreadable("a@b.example")),
    ];
    let request = "<request xmlns='urn:xmpp:receipts'/>".repeat(2);
    let wanted = |wants_receipt| vec![Incoming::Chat(ChatMessage { wants_receipt, ..said("hi") })];
    for type_ in ["chat", "normal", "headline", "nonsense", "", "CHAT"] {
        cases.push((with_body(&format!("type='{type_}'"), &request), wanted(true)));
    }
    cases.push((with_body("type='groupchat'", &request), wanted(false)));
    cases.push((with_body("id=''", ""), chat("hi")));
    check(cases).await
}

/// What is not known is somebody's until it is known to be nobody's.
#[tokio::test]
async fn what_cannot_be_read_is_told() -> Outcome {
    let silent = SILENT.iter().map(|part| (without_body(part), vec![]));
    let told = CONTENT.iter().map(|part| (without_body(part), unreadable("a@b.example")));
    let beside =
        CONTENT.iter().map(|part| (without_body(&format!("{}{part}", SILENT.concat())), unreadable("a@b.example")));
    let mut cases: Vec<_> = silent.chain(told).chain(beside).collect();
    cases.push((without_body(&SILENT.concat()), vec![]));
    cases.push((with_body("", &[SILENT, CONTENT].concat().concat()), vec![Incoming::Chat(said("hi"))]));
    check(cases).await
}

/// It is read by itself: a line before it would have it taken for a text about OTR.
#[tokio::test]
async fn what_stands_beside_a_message_of_otr_is_read_before_it() -> Outcome {
    let query = "<body>?OTRv23? words</body>";
    let part = |text: &str, id: Option<&str>| {
        Incoming::Chat(ChatMessage { id: id.map(str::to_owned), wants_receipt: id.is_some(), ..said(text) })
    };
    let stanza =
        |inside: &str| format!("<message {FROM} id='i'>{inside}<request xmlns='urn:xmpp:receipts'/></message>");
    check(vec![
        (stanza(query), vec![part("?OTRv23? words", Some("i"))]),
        (
            stanza(&format!("<subject>Lunch</subject>{query}<body>second</body>{FILE}")),
            vec![part("Lunch\nsecond\nhttps://x.example/f.jpg", None), part("?OTRv23? words", Some("i"))],
        ),
        (
            stanza(&format!("{query}<subject>Lunch</subject><body>?OTR:AAIC.</body><body>second</body>")),
            vec![part("Lunch\nsecond", None), part("?OTRv23? words", None), part("?OTR:AAIC.", Some("i"))],
        ),
    ])
    .await
}

#[tokio::test]
async fn nobody_is_taken_for_another() -> Outcome {
    let receipt = "<received xmlns='urn:xmpp:receipts' id='m1'/>";
    let mut cases = Vec::new();
    for other in ["a@straße.example", "a@straße.example/r", "straße.example", "weiß@b.example/r", "a\u{ad}b@b.example"]
    {
        cases.push((format!("<message from='{other}'><body>hi</body></message>"), unreadable(DOMAIN)));
        cases.push((format!("<message from='{other}'>{receipt}</message>"), unreadable(DOMAIN)));
        cases.push((format!("<presence from='{other}'/>"), vec![]));
    }
    let own = "a@xn--strae-oqa.example";
    cases
        .push((format!("<message from='{own}'><body>hi</body></message>"), vec![Incoming::Chat(chat_from(own, None))]));
    check(cases).await
}

#[tokio::test]
async fn what_the_own_server_says_is_read() -> Outcome {
    let said = || vec![Incoming::Chat(chat_from(DOMAIN, None))];
    let news = Incoming::Chat(ChatMessage { text: "News\nhi".to_owned(), ..chat_from(DOMAIN, None) });
    let refused = |why| vec![Incoming::Refused { from: DOMAIN.to_owned(), id: "m1".to_owned(), why }];
    let from_server =
        |attributes: &str, inside: &str| format!("<message from='{DOMAIN}' {attributes}>{inside}</message>");
    let error = |condition: &str| {
        format!("<error odd='1'><x xmlns='u:x'/><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><y/></error>")
    };
    check(vec![
        (from_server("type='headline'", "<subject>News</subject><body>hi</body>"), vec![news]),
        (from_server("type='chat'", "<body>hi</body>"), said()),
        (from_server("", "<body>hi</body>"), said()),
        (from_server("type='headline'", "<event xmlns='http://jabber.org/protocol/pubsub#event'/>"), vec![]),
        (from_server("type='error' id='m1'", "<body>mine</body>"), refused(Refusal::ForGood)),
        (from_server("type='error' id='m1'", "<error type='wait'/>"), refused(Refusal::ForNow)),
        (from_server("type='error' id='m1'", &error("recipient-unavailable")), refused(Refusal::Absent)),
        (from_server("type='error' id='m1'", &error("remote-server-not-found")), refused(Refusal::ForGood)),
        (from_server("type='error' id='m1'", &error("not-allowed")), refused(Refusal::Forbidden)),
        (from_server("type='error' id='m1'", &error("policy-violation")), refused(Refusal::Forbidden)),
        (from_server("type='error' id='m1'", &error("forbidden")), refused(Refusal::Forbidden)),
        (from_server("type='error'", &error("not-allowed")), vec![]),
        (from_server("type='error'", "<body>mine</body>"), unreadable(DOMAIN)),
    ])
    .await
}

#[tokio::test]
async fn a_request_for_presence_that_is_forbidden_comes_back_as_that() -> Outcome {
    let bounce = |inside: &str| format!("<presence from='s@b.example' type='error'>{inside}</presence>");
    let error = |condition: &str| {
        bounce(&format!("<error type='auth'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"))
    };
    let news = Incoming::Presence { from: "s@b.example".into(), resource: None, news: PresenceNews::Forbidden };
    check(vec![
        (error("forbidden"), vec![news.clone()]),
        (error("not-allowed"), vec![news.clone()]),
        (error("policy-violation"), vec![news]),
        (error("remote-server-not-found"), vec![]),
        (bounce(""), vec![]),
    ])
    .await
}

#[tokio::test]
async fn who_is_there_is_told_whatever_stands_beside() -> Outcome {
    use PresenceNews::{Available, Unavailable};
    let mut cases = Vec::new();
    let inside = [
        String::new(),
        "<show>online</show><show/><show>dnd</show>".to_owned(),
        "<priority>high</priority><priority>1</priority><priority>9999</priority>".to_owned(),
        "<status/><status>x</status><status><x/></status>text<c xmlns='u:x'/><c xmlns='u:x'/>".to_owned(),
        levels(65, ""),
    ];
    for (type_, news) in [
        ("", Some(Available)),
        ("type=''", Some(Available)),
        ("type='available'", Some(Available)),
        ("type='nonsense'", Some(Available)),
        ("type='unavailable'", Some(Unavailable)),
        ("type='subscribe'", Some(PresenceNews::Subscription(Subscription::Subscribe))),
        ("type='subscribed'", Some(PresenceNews::Subscription(Subscription::Subscribed))),
        ("type='unsubscribe'", Some(PresenceNews::Subscription(Subscription::Unsubscribe))),
        ("type='unsubscribed'", Some(PresenceNews::Subscription(Subscription::Unsubscribed))),
        ("type='error'", None),
        ("type='probe'", None),
    ] {
        for inside in &inside {
            for resource in [Some("r"), None, Some("\u{1f4f1}")] {
                let from = resource.map_or("a@b.example".to_owned(), |resource| format!("a@b.example/{resource}"));
                let (bare, resource) = ("a@b.example".to_owned(), resource.map(str::to_owned));
                let told = news.map(|news| Incoming::Presence { from: bare, resource, news });
                let stanza = format!("<presence from='{from}' id='1' odd='1' {type_}>{inside}</presence>");
                cases.push((stanza, told.into_iter().collect()));
            }
        }
    }
    for nobodys in ["", "from='@'", &format!("from='{USERNAME}@{DOMAIN}/\u{1f4f1}'"), &format!("xmlns='u:x' {FROM}")] {
        cases.push((format!("<presence {nobodys}/>"), vec![]));
    }
    check(cases).await
}

/// As if no client were there, or not at all.
#[tokio::test]
async fn requests_are_refused_whatever_stands_in_them() -> Outcome {
    let mut stanzas = Vec::new();
    for type_ in ["get", "set"] {
        for inside in ["", "<a xmlns='u:x'/><b xmlns='u:x'/>", "text", "<error/>", &levels(65, "")] {
            stanzas.push(format!("<iq type='{type_}' id='v' from='s@b.example/r' odd='1'>{inside}</iq>"));
        }
    }
    let refused = stanzas.len();
    for ignored in [
        "type='get' from='s@b.example/r'",
        "id='v' from='s@b.example/r'",
        "type='nonsense' id='v' from='s@b.example/r'",
        "type='result' id='v' from='s@b.example/r'",
        "type='error' id='v' from='s@b.example/r'",
        // An answer to the account would reach nobody.
        "type='get' id='v' from='s@b.example/\u{1f4f1}'",
        // Or somebody else.
        "type='get' id='v' from='s@straße.example/r'",
        "type='get' id='v' from='@'",
        "xmlns='u:x' type='get' id='v' from='s@b.example/r'",
    ] {
        stanzas.push(format!("<iq {ignored}><q xmlns='u:x'/></iq>"));
    }
    let (read, heard) = read(&stanzas).await?;
    assert_eq!(read.concat(), []);
    let refusal = "<iq type='error' to='s@b.example/r' id='v'><error type='cancel'>\
        <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'></service-unavailable></error></iq>";
    assert!(heard.contains(&refusal.repeat(refused)), "{heard}");
    assert_eq!(heard.matches("type='error'").count(), refused, "{heard}");
    Ok(())
}

/// Or a crash between two parts would lose the second.
#[tokio::test]
async fn a_message_of_two_parts_counts_with_the_second() -> Outcome {
    let (used, heard) = in_session(
        async |mut session| {
            let mut handled = Vec::new();
            for expected in [receipt("m1"), Incoming::Chat(said("hi"))] {
                assert!(session.next().await? == expected);
                handled.push(session.resumption(0).map(|resumption| resumption.handled));
                session.acknowledge().await?;
            }
            Ok::<_, StreamError>(handled)
        },
        async |peer| peer.says(&with_body("", "<received xmlns='urn:xmpp:receipts' id='m1'/>")).await,
    )
    .await?;
    assert_eq!(used, Ok(vec![Some(0), Some(1)]));
    assert!(heard.contains("<a xmlns='urn:xmpp:sm:3' h='0'></a><a xmlns='urn:xmpp:sm:3' h='1'></a>"), "{heard}");
    Ok(())
}

/// What comes in one piece with something that ends the stream is not lost, nor is that a stanza.
#[tokio::test]
async fn what_came_before_the_servers_own_nonsense_is_read() -> Outcome {
    let (used, _) = in_session(
        async |mut session| {
            let (first, end) = (session.next().await?, session.next().await);
            Ok::<_, StreamError>((first, end, session.resumption(0).map(|resumption| resumption.handled)))
        },
        async |peer| peer.says(&format!("{}<x>{}</x>", with_body("", ""), levels(70, ""))).await,
    )
    .await?;
    assert_eq!(used, Ok((Incoming::Chat(said("hi")), Err(StreamError::Malformed), Some(1))));
    Ok(())
}
