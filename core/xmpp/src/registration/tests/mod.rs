//! Whole registrations.

mod forms;
mod hostile;
mod mutated;
mod outcomes;

use std::collections::BTreeMap;

use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::iq::Iq;
use zeroize::Zeroizing;

use super::error::RegisterError;
use super::form::Form;
use super::question::{Answer, Answers};
use super::states::{Asked, Read};
use crate::credentials::Credentials;
use crate::domain::Domain;

/// Forms of servers, by name: as they send them, and odd ones.
const FORMS: &[(&str, &str)] = &[
    ("legacy", include_str!("../../../fuzz/corpus/registration/legacy")),
    ("legacy-email", include_str!("../../../fuzz/corpus/registration/legacy-email")),
    ("prosody", include_str!("../../../fuzz/corpus/registration/prosody")),
    ("prosody-nick", include_str!("../../../fuzz/corpus/registration/prosody-nick")),
    ("openfire", include_str!("../../../fuzz/corpus/registration/openfire")),
    ("tigase", include_str!("../../../fuzz/corpus/registration/tigase")),
    ("ejabberd", include_str!("../../../fuzz/corpus/registration/ejabberd")),
    ("ejabberd-captcha", include_str!("../../../fuzz/corpus/registration/ejabberd-captcha")),
    ("captcha-asked", include_str!("../../../fuzz/corpus/registration/captcha-asked")),
    ("captcha-web", include_str!("../../../fuzz/corpus/registration/captcha-web")),
    ("captcha-bomb", include_str!("../../../fuzz/corpus/registration/captcha-bomb")),
    ("bits", include_str!("../../../fuzz/corpus/registration/bits")),
    ("redirect", include_str!("../../../fuzz/corpus/registration/redirect")),
    ("redirect-clear", include_str!("../../../fuzz/corpus/registration/redirect-clear")),
    ("xep-0158", include_str!("../../../fuzz/corpus/registration/xep-0158")),
    ("choice", include_str!("../../../fuzz/corpus/registration/choice")),
    ("kinds", include_str!("../../../fuzz/corpus/registration/kinds")),
    ("speech", include_str!("../../../fuzz/corpus/registration/speech")),
    ("other-form", include_str!("../../../fuzz/corpus/registration/other-form")),
    ("steering", include_str!("../../../fuzz/corpus/registration/steering")),
    ("closed", include_str!("../../../fuzz/corpus/registration/closed")),
    ("registered", include_str!("../../../fuzz/corpus/registration/registered")),
];

fn corpus_text(name: &str) -> &'static str {
    FORMS.iter().find(|(other, _)| *other == name).unwrap().1
}

fn corpus(name: &str) -> Element {
    corpus_text(name).parse().unwrap()
}

fn domain() -> Domain {
    Domain::parse("jabber.example").unwrap()
}

fn read(query: Element) -> Result<Read, RegisterError> {
    Asked::ask(false, "1".into()).0.answered(Ok(Some(query)), &domain()).map(Read::of)
}

/// A form that lacks no bits.
fn form(name: &str) -> Form {
    let Ok(Read::Whole(form)) = read(corpus(name)) else { panic!("{name} is no whole form") };
    form
}

fn credentials() -> Credentials {
    Credentials::new("nobody".into(), Zeroizing::new("a<b".into()))
}

fn text(text: &str) -> Answer {
    Answer::Text(Zeroizing::new(text.to_owned()))
}

fn answers(all: &[Answer]) -> Answers {
    Answers(all.iter().cloned().enumerate().collect::<BTreeMap<_, _>>())
}

/// What is sent of a form.
fn sent(form: Form, all: &[Answer]) -> String {
    let filled = form.fill(&credentials(), &answers(all)).unwrap();
    let Iq::Set { from: None, to: None, payload, .. } = filled.request("1".into()) else { panic!("no set") };
    String::from(&payload)
}
