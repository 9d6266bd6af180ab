//! What is read of each form, shown of it, and sent.

use super::super::error::{Fault, RegisterError};
use super::super::picture::tests::{bits, png};
use super::super::picture::{Format, PictureError};
use super::super::question::{Answer, AnswerError, Answers, Field, Kind};
use super::super::replay::work;
use super::super::states::Read;
use super::super::text::{INSTRUCTIONS, LABEL};
use super::{answers, corpus, credentials, form, read, sent, text};

const LEGACY: &str =
    "<query xmlns='jabber:iq:register'><username>nobody</username><password>a&lt;b</password>{}</query>";

/// A data form that is sent with these fields.
fn submitted(fields: &[(&str, &[&str])]) -> String {
    let values = |values: &[&str]| values.iter().map(|value| format!("<value>{value}</value>")).collect::<String>();
    let field = |(name, all): &(&str, &[&str])| format!("<field var='{name}'>{}</field>", values(all));
    let fields: String = fields.iter().map(field).collect();
    format!("<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>{fields}</x></query>")
}

const TYPE: (&str, &[&str]) = ("FORM_TYPE", &["jabber:iq:register"]);
const NAME: (&str, &[&str]) = ("username", &["nobody"]);
const PASSWORD: (&str, &[&str]) = ("password", &["a&lt;b"]);

fn labels(fields: &[Field]) -> Vec<&str> {
    fields.iter().map(|field| field.label.as_str()).collect()
}

#[test]
fn a_name_and_a_password_need_no_person() {
    for name in ["legacy", "ejabberd", "other-form"] {
        assert_eq!(form(name).question(), None, "{name}");
        assert_eq!(sent(form(name), &[]), LEGACY.replace("{}", ""), "{name}");
    }
    assert_eq!(sent(form("registered"), &[]), LEGACY.replace("{}", "<key>k</key>"));
    for name in ["prosody", "prosody-nick"] {
        assert_eq!(form(name).question(), None, "{name}");
        assert_eq!(sent(form(name), &[]), submitted(&[TYPE, NAME, PASSWORD]), "{name}");
    }
}

#[test]
fn a_person_is_asked_what_is_required() {
    for (name, asked) in [("legacy-email", "email"), ("openfire", "Full name"), ("tigase", "Email (MUST BE VALID!)")] {
        let question = form(name).question().unwrap();
        assert_eq!(labels(&question.fields), [asked], "{name}");
        assert!(question.fields[0].required && question.fields[0].kind == Kind::Text && question.choose == 0);
        assert!(!question.fields[0].is_challenge);
        assert_eq!(form(name).fill(&credentials(), &Answers::default()).err(), Some(AnswerError::Missing { field: 0 }));
    }
    assert_eq!(form("openfire").question().unwrap().title, "XMPP Client Registration");
    assert_eq!(sent(form("legacy-email"), &[text("a@b.example")]), LEGACY.replace("{}", "<email>a@b.example</email>"));
    let openfire = submitted(&[TYPE, NAME, ("name", &["A B"]), PASSWORD]);
    assert_eq!(sent(form("openfire"), &[text("A B")]), openfire);
}

#[test]
fn a_picture_in_the_stanza_is_looked_at_by_a_person() {
    let question = form("ejabberd-captcha").question().unwrap();
    assert_eq!(labels(&question.fields), ["Enter the text you see"]);
    let picture = question.fields[0].picture.as_ref().unwrap();
    assert_eq!((picture.format, picture.width, picture.height), (Format::Png, 120, 40));
    assert!(question.fields[0].is_challenge);
    assert!(question.instructions.ends_with("visit the web page."), "{}", question.instructions);
    let hidden: [(&str, &[&str]); 3] =
        [("from", &["jabber.example"]), ("challenge", &["14180006842173405236"]), ("sid", &["aaaaaaaaaaaaaaaa"])];
    let [from, challenge, sid] = hidden;
    let expected =
        submitted(&[("FORM_TYPE", &["urn:xmpp:captcha"]), NAME, PASSWORD, from, challenge, sid, ("ocr", &["7nHL3"])]);
    assert_eq!(sent(form("ejabberd-captcha"), &[text("7nHL3")]), expected);
}

#[test]
fn a_picture_that_is_not_in_the_stanza_is_asked_for() {
    let wants = || match read(corpus("captcha-asked")) {
        Ok(Read::Wants(wants)) => wants,
        _ => panic!("nothing is wanted"),
    };
    let request = wants().ask("7".into());
    let data = corpus("bits");
    let cid = data.attr("cid").unwrap();
    let expected = format!("<data xmlns='urn:xmpp:bob' cid='{cid}'/>").parse().unwrap();
    let tokio_xmpp::parsers::iq::Iq::Get { to: None, from: None, id, payload } = request else { panic!("no get") };
    assert_eq!((id.as_str(), payload), ("7", expected));
    let Ok(Read::Whole(form)) = wants().answered(Ok(Some(data.clone()))) else { panic!("no form") };
    assert_eq!(form.question().unwrap().fields[0].picture.as_ref().unwrap().width, 120);
    let (other, _) = bits(&png(9, 9));
    for lost in [None, Some(other.parse().unwrap()), Some("<data xmlns='urn:xmpp:bob'/>".parse().unwrap())] {
        let error = wants().answered(Ok(lost)).err();
        assert_eq!(error, Some(Fault::Picture(PictureError::Missing).into()));
    }
    let mut forged = data;
    forged.append_text("AAAA");
    assert!(matches!(wants().answered(Ok(Some(forged))), Err(RegisterError::Protocol { fault: Fault::Picture(_) })));
}

#[test]
fn a_picture_on_the_web_is_fetched_by_the_caller() {
    let mut form = form("captcha-web");
    let urls = form.pictures_on_the_web();
    let [(0, url)] = urls.as_slice() else { panic!("another field") };
    assert_eq!((url.host.as_str(), url.port, url.tls, &*url.path), ("web.example", 443, true, "/c.jpeg?1"));
    assert_eq!(form.question().unwrap().fields[0].picture, None);
    assert_eq!(form.set_picture(0, b"<html>".to_vec()), Err(PictureError::NoPicture));
    assert_eq!(form.set_picture(1, png(1, 1)), Err(PictureError::NoPicture));
    assert_eq!(form.set_picture(0, png(5, 6)), Ok(()));
    assert_eq!(form.question().unwrap().fields[0].picture.as_ref().unwrap().height, 6);
    assert!(form.pictures_on_the_web().is_empty());
}

#[test]
fn work_is_done_before_a_person_is_asked() {
    let mut form = form("xep-0158");
    assert_eq!(form.question(), None, "the work is the third answer, with name and password");
    assert!(form.work(1).is_some());
    let lacks = super::form("xep-0158").fill(&credentials(), &Answers::default());
    assert_eq!(lacks.err(), Some(AnswerError::NoProof));
    work(&mut form);
    let sent = sent(form, &[]);
    assert!(sent.contains("<field var='SHA-256'><value>jabber.example0000000000000"), "{sent}");
    assert!(!sent.contains("ocr") && sent.contains("<field var='answers'><value>3</value>"), "{sent}");
}

#[test]
fn a_person_chooses_among_challenges() {
    let mut form = form("choice");
    let question = form.question().unwrap();
    assert_eq!(labels(&question.fields), ["Enter the text you see", "Type the colour of a stop light"]);
    assert_eq!(question.choose, 1, "four answers: name, password, work, and one of these");
    assert!(question.fields.iter().all(|field| !field.required && field.is_challenge));
    assert_eq!(form.check(&Answers::default()), Err(AnswerError::TooFew));
    work(&mut form);
    let red = Answers([(1, text("red"))].into());
    assert_eq!(form.check(&red), Ok(()));
    let payload = String::from(form.fill(&credentials(), &red).unwrap().query());
    assert!(payload.contains("<field var='qa'><value>red</value></field>") && !payload.contains("ocr"), "{payload}");
}

#[test]
fn every_kind_is_shown() {
    let question = form("kinds").question().unwrap();
    let kinds: Vec<_> = question.fields.iter().map(|field| field.kind.clone()).collect();
    let options = |all: [&str; 2]| all.map(str::to_owned).to_vec();
    assert_eq!(
        kinds,
        [
            Kind::Text,
            Kind::Secret,
            Kind::Lines,
            Kind::YesNo,
            Kind::One(options(["Small", "Large"])),
            Kind::Some(options(["Monday", "Tuesday"])),
            Kind::Address,
            Kind::Addresses,
            Kind::Text,
        ]
    );
    let presets: Vec<_> = question.fields.iter().take(5).map(|field| field.preset.clone()).collect();
    let [town, why, plan] = [Some(text("Ghent")), Some(text("one\ntwo")), Some(Answer::Chosen(vec![1]))];
    assert_eq!(presets, [town, None, why, None, plan]);
}

/// An answer to each field of the form with all kinds.
fn good() -> [Answer; 9] {
    [
        text("Ghent"),
        text(" 1 & 2 "),
        text("x\r\ny"),
        Answer::YesNo(false),
        Answer::Chosen(vec![0]),
        Answer::Chosen(vec![1, 0]),
        text("me@b.example"),
        text("a@b.example\nc@d.example/r"),
        text("odd"),
    ]
}

#[test]
fn answers_of_every_kind_are_checked() {
    let good = good();
    let expected = submitted(&[
        TYPE,
        NAME,
        PASSWORD,
        ("town", &["Ghent"]),
        ("pin", &[" 1 &amp; 2 "]),
        ("why", &["x", "y"]),
        ("rules", &["0"]),
        ("plan", &["s &amp; m"]),
        ("days", &["2", "1"]),
        ("friend", &["me@b.example"]),
        ("friends", &["a@b.example", "c@d.example/r"]),
        ("odd", &["odd"]),
        ("token", &[" kept as it is ", "twice"]),
    ]);
    assert_eq!(sent(form("kinds"), &good), expected);
    let long = text(&"a".repeat(5000));
    for (field, unfit) in [
        (0, vec![text(""), text(" "), text("a\nb"), text("a\u{0}"), long.clone(), Answer::YesNo(true)]),
        (2, vec![text("a\n\nb"), text("a\n\u{7}"), long, Answer::Chosen(vec![0])]),
        (3, vec![text("true"), Answer::Chosen(vec![0])]),
        (4, vec![Answer::Chosen(vec![]), Answer::Chosen(vec![2]), Answer::Chosen(vec![0, 1]), text("l")]),
        (5, vec![Answer::Chosen(vec![]), Answer::Chosen(vec![0, 0]), Answer::Chosen(vec![usize::MAX])]),
        (6, vec![text("@"), text("a@b@c"), text("a@b.example\nc@d.example")]),
        (7, vec![text("a@b.example\n@"), text("")]),
    ] {
        for answer in unfit {
            let mut all = answers(&good);
            all.0.insert(field, answer);
            assert_eq!(form("kinds").check(&all), Err(AnswerError::Unfit { field }), "{field}");
        }
    }
    let mut all = answers(&good);
    all.0.insert(9, text("nothing is there"));
    assert_eq!(form("kinds").check(&all), Err(AnswerError::Unfit { field: 9 }));
    all.0.remove(&9);
    all.0.remove(&3);
    assert_eq!(form("kinds").check(&all), Err(AnswerError::Missing { field: 3 }));
}

#[test]
fn texts_of_a_server_cannot_steer_a_screen() {
    let question = form("steering").question().unwrap();
    assert_eq!(question.title, "evil title");
    assert!(question.instructions.chars().count() <= INSTRUCTIONS);
    let field = &question.fields[0];
    assert_eq!((field.label.as_str(), &field.preset), ("a b", &Some(text("v"))));
    assert!(sent(form("steering"), &[text("v")]).contains("var='q\u{200b}x'"), "the name goes back as it came");
    let long = format!("<query xmlns='jabber:iq:register'><username/><password/><{}/></query>", "x".repeat(LABEL + 1));
    let Ok(Read::Whole(long)) = read(long.parse().unwrap()) else { panic!("no form") };
    assert_eq!(long.question().unwrap().fields[0].label.len(), LABEL);
}

#[test]
fn forms_that_lead_nowhere() {
    let web = |url: &str| RegisterError::NeedsWeb { url: url.to_owned() };
    for (name, error) in [
        ("redirect", web("https://register.example/")),
        ("redirect-clear", RegisterError::Closed),
        ("speech", web("https://register.example/")),
        ("closed", RegisterError::Closed),
        ("bits", Fault::NoRegistration.into()),
        ("captcha-bomb", Fault::Picture(PictureError::TooLarge).into()),
    ] {
        assert_eq!(read(corpus(name)).err(), Some(error), "{name}");
    }
    let data = |fields: &str| {
        let plain = "<field var='username'/><field var='password'/>";
        let x = format!("<x xmlns='jabber:x:data' type='form'>{plain}{fields}</x>");
        read(format!("<query xmlns='jabber:iq:register'><username/><password/>{x}</query>").parse().unwrap()).err()
    };
    let (data_of_another, _) = bits(&png(9, 9));
    let (_, uri) = bits(&png(9, 8));
    let (_, body) = data_of_another.split_once('>').unwrap();
    let data_of_another = format!("<data xmlns='urn:xmpp:bob' cid='{}'>{body}", uri.trim_start_matches("cid:"));
    let lost = format!("<media xmlns='urn:xmpp:media-element'><uri>{uri}</uri>{data_of_another}</media>");
    let many: String = (0..63).map(|n| format!("<field var='{n}' type='hidden'/>")).collect();
    let picture = "<required/><media xmlns='urn:xmpp:media-element'><uri>https://x.example/</uri></media>";
    let pictures: String = (0..5).map(|n| format!("<field var='{n}'>{picture}</field>")).collect();
    let options: String = (0..257).map(|n| format!("<option><value>{n}</value></option>")).collect();
    for (fields, fault) in [
        ("<field var='ocr'/>", Fault::Unanswerable),
        ("<field var='ocr'><media xmlns='urn:xmpp:media-element'/></field>", Fault::Unanswerable),
        ("<field var='video_q'/>", Fault::Unanswerable),
        ("<field var='qa'/><field var='answers' type='hidden'><value>4</value></field>", Fault::Unanswerable),
        ("<field var='l' type='list-single'><required/></field>", Fault::Unanswerable),
        ("<field var='SHA-256' label='1ffffff'><required/></field>", Fault::TooMuchWork),
        ("<field var='SHA-256' label='1ffffff'/>", Fault::TooMuchWork),
        (&format!("<field var='ocr'>{lost}</field>"), Fault::Picture(PictureError::Other)),
        (&format!("<field var='ocr'>{lost}<required/></field>"), Fault::Picture(PictureError::Other)),
        ("<field var='username'/>", Fault::Form),
        ("<field var='h' type='hidden'/><field var='h'><required/></field>", Fault::Form),
        (&many, Fault::Form),
        (&pictures, Fault::Form),
        (&format!("<field var='h' type='hidden'><value>{}</value></field>", "x".repeat(16 * 1024 + 1)), Fault::Form),
        (&format!("<field var='{}'><required/></field>", "x".repeat(257)), Fault::Form),
        (&format!("<field var='l' type='list-single'><required/>{options}</field>"), Fault::Form),
    ] {
        assert_eq!(data(fields), Some(fault.into()), "{fields}");
    }
    assert_eq!(data("<field/><field var='nick'/><field type='fixed'/><odd/>"), None, "odd parts do no harm");
    for url in ["http://a.example/", "https://me@a.example/", "javascript:1", "xmpp:a", "", " "] {
        let query = format!("<query xmlns='jabber:iq:register'><x xmlns='jabber:x:oob'><url>{url}</url></x></query>");
        assert_eq!(read(query.parse().unwrap()).err(), Some(RegisterError::Closed), "{url}");
    }
}

#[test]
fn nothing_is_shown_of_a_form_and_its_answers() {
    let all = [text("s3cr3t")];
    let form = form("ejabberd-captcha");
    let question = form.question().unwrap();
    let field = &question.fields[0];
    let picture = field.picture.as_ref().unwrap();
    let shown = format!("{form:?} {question:?} {field:?} {picture:?} {:?} {:?}", all[0], answers(&all));
    assert_eq!(shown, "Form(..) Question(1 fields) Field(..) Picture(..) Answer(..) Answers(1)");
    let url = &super::form("captcha-web").pictures_on_the_web()[0].1;
    let kind = Kind::One(vec!["s3cr3t".to_owned()]);
    let filled = form.fill(&credentials(), &answers(&all)).unwrap();
    assert_eq!(format!("{url:?} {kind:?} {filled:?}"), "PictureUrl(..) One(..) Filled(..)");
    let wants = read(corpus("captcha-asked"));
    assert_eq!(format!("{wants:?}"), "Ok(Wants(Bits(..)))");
}
