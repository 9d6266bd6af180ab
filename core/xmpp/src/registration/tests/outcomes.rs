//! What becomes of a registration.

use tokio_xmpp::parsers::iq::Iq;
use tokio_xmpp::parsers::stanza_error::{DefinedCondition as Condition, ErrorType, StanzaError};

use super::super::error::{Fault, RegisterError};
use super::super::invitation::Invitation;
use super::super::replay::{self, ID, INVITES, Replay, header};
use super::super::states::{Asked, Sent};
use super::{answers, corpus_text, credentials, domain, form, text};

fn said(type_: ErrorType, condition: Condition) -> StanzaError {
    StanzaError::new(type_, condition, "en", "s3cr3t")
}

/// What a refusal of this form means.
fn refused(name: &str, lacks_invitation: bool, type_: ErrorType, condition: Condition) -> RegisterError {
    let mut form = form(name);
    replay::work(&mut form);
    let answers = replay::answers(form.question().as_ref());
    let filled = form.fill(&credentials(), &answers).unwrap();
    let (sent, _) = Sent::send(filled, lacks_invitation, "1".into());
    sent.answered(Err(said(type_, condition))).unwrap_err()
}

#[test]
fn what_a_server_says_to_a_form() {
    use ErrorType::{Auth, Cancel, Modify, Wait};
    use RegisterError::{BadAnswer, Closed, Failed, NameTaken, NeedsInvite, PolicyDenied, RateLimited, WeakPassword};
    let odd = RegisterError::from(Fault::Refused);
    for (type_, condition, plain, captcha, email, lacks_invitation) in [
        (Cancel, Condition::Conflict, &NameTaken, &NameTaken, &NameTaken, &NameTaken),
        (Wait, Condition::ResourceConstraint, &RateLimited, &RateLimited, &RateLimited, &RateLimited),
        (Modify, Condition::ResourceConstraint, &RateLimited, &RateLimited, &RateLimited, &RateLimited),
        (Wait, Condition::PolicyViolation, &RateLimited, &RateLimited, &RateLimited, &RateLimited),
        (Wait, Condition::ServiceUnavailable, &RateLimited, &RateLimited, &RateLimited, &RateLimited),
        (Wait, Condition::UndefinedCondition, &odd, &odd, &odd, &odd),
        (Wait, Condition::UnexpectedRequest, &odd, &odd, &odd, &odd),
        (Modify, Condition::PolicyViolation, &PolicyDenied, &PolicyDenied, &PolicyDenied, &PolicyDenied),
        (Cancel, Condition::NotAllowed, &PolicyDenied, &BadAnswer, &PolicyDenied, &NeedsInvite),
        (Cancel, Condition::NotAcceptable, &WeakPassword, &BadAnswer, &BadAnswer, &NeedsInvite),
        (Modify, Condition::NotAcceptable, &WeakPassword, &WeakPassword, &BadAnswer, &NeedsInvite),
        (Auth, Condition::Forbidden, &PolicyDenied, &PolicyDenied, &PolicyDenied, &NeedsInvite),
        (Auth, Condition::NotAuthorized, &PolicyDenied, &PolicyDenied, &PolicyDenied, &NeedsInvite),
        (Cancel, Condition::ServiceUnavailable, &Closed, &BadAnswer, &Closed, &Closed),
        (Cancel, Condition::FeatureNotImplemented, &Closed, &Closed, &Closed, &Closed),
        (Cancel, Condition::ItemNotFound, &odd, &BadAnswer, &odd, &odd),
        (Modify, Condition::BadRequest, &odd, &odd, &odd, &odd),
        (Cancel, Condition::InternalServerError, &Failed, &Failed, &Failed, &Failed),
        (Wait, Condition::RemoteServerTimeout, &Failed, &Failed, &Failed, &Failed),
        (Cancel, Condition::UndefinedCondition, &odd, &odd, &odd, &odd),
    ] {
        let forms = [("prosody", false), ("ejabberd-captcha", false), ("tigase", false), ("prosody", true)];
        for ((name, lacks_invitation), expected) in forms.into_iter().zip([plain, captcha, email, lacks_invitation]) {
            let refusal = refused(name, lacks_invitation, type_.clone(), condition.clone());
            assert_eq!(refusal, *expected, "{condition:?} to {name}, {lacks_invitation}");
            assert_eq!(refusal.leaves_doubt(), refusal == Failed || refusal == odd, "{refusal}");
            assert!(!format!("{refusal} {refusal:?}").contains("s3cr3t"));
        }
    }
    assert_eq!(refused("xep-0158", false, Cancel, Condition::NotAllowed), BadAnswer, "the work was of no use");
    let filled = form("prosody").fill(&credentials(), &answers(&[])).unwrap();
    assert_eq!(Sent::send(filled, true, "1".into()).0.answered(Ok(None)), Ok(()));
}

#[test]
fn what_a_server_says_to_the_question_for_a_form() {
    use ErrorType::{Auth, Cancel, Modify, Wait};
    use RegisterError::{Closed, Failed, NeedsInvite, RateLimited};
    let asked = |lacks_invitation, answer| Asked::ask(lacks_invitation, "1".into()).0.answered(answer, &domain()).err();
    let none = RegisterError::from(Fault::NoRegistration);
    for (type_, condition, error, lacks_invitation) in [
        (Cancel, Condition::ServiceUnavailable, &Closed, &Closed),
        (Cancel, Condition::FeatureNotImplemented, &Closed, &Closed),
        (Cancel, Condition::NotAllowed, &Closed, &NeedsInvite),
        (Auth, Condition::Forbidden, &Closed, &NeedsInvite),
        (Auth, Condition::NotAuthorized, &Closed, &NeedsInvite),
        (Modify, Condition::NotAcceptable, &Closed, &NeedsInvite),
        (Modify, Condition::PolicyViolation, &Closed, &Closed),
        (Auth, Condition::RegistrationRequired, &Closed, &Closed),
        (Auth, Condition::SubscriptionRequired, &Closed, &Closed),
        (Wait, Condition::ResourceConstraint, &RateLimited, &RateLimited),
        (Modify, Condition::ResourceConstraint, &RateLimited, &RateLimited),
        (Wait, Condition::PolicyViolation, &RateLimited, &RateLimited),
        (Wait, Condition::NotAllowed, &RateLimited, &RateLimited),
        (Wait, Condition::UndefinedCondition, &RateLimited, &RateLimited),
        (Cancel, Condition::InternalServerError, &Failed, &Failed),
        (Wait, Condition::InternalServerError, &Failed, &Failed),
        (Wait, Condition::RemoteServerTimeout, &Failed, &Failed),
        (Cancel, Condition::RemoteServerNotFound, &Failed, &Failed),
        (Cancel, Condition::Conflict, &none, &none),
        (Cancel, Condition::ItemNotFound, &none, &none),
        (Modify, Condition::BadRequest, &none, &none),
        (Modify, Condition::UnexpectedRequest, &none, &none),
        (Cancel, Condition::UndefinedCondition, &none, &none),
    ] {
        for (lacks, error) in [(false, error), (true, lacks_invitation)] {
            let refusal = asked(lacks, Err(said(type_.clone(), condition.clone())));
            assert_eq!(refusal.as_ref(), Some(error), "{type_:?} {condition:?}, {lacks}");
        }
    }
    let other = "<query xmlns='jabber:iq:roster'/>".parse().unwrap();
    for answer in [None, Some(other)] {
        assert_eq!(asked(false, Ok(answer)), Some(Fault::NoRegistration.into()));
    }
}

#[test]
fn what_a_server_says_to_an_invitation() {
    let invitation = Invitation::parse("xmpp:jabber.example?register;preauth=t'<k").unwrap();
    let (shown, request) = invitation.show("7".into());
    let Iq::Set { from: None, to: Some(to), id, payload } = request else { panic!("no set") };
    assert_eq!((to.as_str(), id.as_str()), ("jabber.example", "7"));
    assert_eq!(payload, "<preauth xmlns='urn:xmpp:pars:0' token='t&apos;&lt;k'/>".parse().unwrap());
    assert_eq!(format!("{shown:?}"), "Shown(())");
    let shown = |answer| invitation.show("7".into()).0.answered(&answer);
    assert_eq!(shown(Ok(None)), Ok(()));
    for (type_, condition, error) in [
        (ErrorType::Cancel, Condition::ItemNotFound, RegisterError::NeedsInvite),
        (ErrorType::Cancel, Condition::Forbidden, RegisterError::NeedsInvite),
        (ErrorType::Wait, Condition::PolicyViolation, RegisterError::RateLimited),
        (ErrorType::Cancel, Condition::ServiceUnavailable, Fault::NoInvitations.into()),
    ] {
        assert_eq!(shown(Err(said(type_, condition))), Err(error));
    }
}

#[test]
fn errors_show_no_page() {
    let error = RegisterError::NeedsWeb { url: "https://jabber.example/nobody".into() };
    assert_eq!(format!("{error:?}"), "RegisterError(the server makes accounts on a web page)");
}

#[tokio::test]
async fn a_wrong_answer_and_then_another_picture() {
    let result = |payload: &str| format!("<iq type='result' id='{ID}'>{payload}</iq>");
    let refused = "<error type='cancel'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    let refused = result(refused).replace("'result'", "'error'");
    let (first, second) = (result(corpus_text("ejabberd-captcha")), result(corpus_text("captcha-asked")));
    let bits = result(corpus_text("bits"));
    let said = [header(""), first, refused, second.replace("14180006842173405236", "2"), bits, result("")].concat();
    let mut replay = Replay::open(said.as_bytes()).await.unwrap();
    let form = replay.ask().await.unwrap();
    let filled = form.fill(&credentials(), &answers(&[text("wrong")])).unwrap();
    assert_eq!(replay.send(filled).await, Err(RegisterError::BadAnswer));
    let form = replay.ask().await.unwrap();
    assert!(form.question().unwrap().fields[0].picture.is_some());
    let filled = form.fill(&credentials(), &answers(&[text("right")])).unwrap();
    assert_eq!(replay.send(filled).await, Ok(()));
    let said = replay.said();
    assert_eq!(said.matches("<iq ").count(), 5, "{said}");
    let (_, last) = said.rsplit_once("<iq ").unwrap();
    assert!(last.contains("<field var='challenge'><value>2</value></field>"), "{last}");
    assert!(last.contains("<value>right</value>") && !last.contains("wrong"), "{last}");
}

#[tokio::test]
async fn an_invitation_is_shown_to_its_server_alone() {
    let shown = async |features: &str, link: &str| {
        let said = header(features) + &format!("<iq type='result' id='{ID}'/>");
        let mut replay = Replay::open(said.as_bytes()).await.unwrap();
        (replay.show(link).await, replay.said())
    };
    let link = "xmpp:jabber.example?register;preauth=TOKEN";
    let preauth = format!(
        "<iq type='set' to='jabber.example' id='{ID}'><preauth xmlns='urn:xmpp:pars:0' token='TOKEN'></preauth></iq>"
    );
    assert_eq!(shown(INVITES, link).await, (Ok(()), preauth));
    let nothing = (Err(Fault::NoInvitations.into()), String::new());
    assert_eq!(shown("", link).await, nothing);
    assert_eq!(shown(INVITES, &link.replace("jabber", "other")).await, nothing);
}

/// A server that makes accounts for invited people alone says so once a form is sent, and not after an invitation.
#[tokio::test]
async fn who_was_invited_is_not_told_to_be() {
    let result = |payload: &str| format!("<iq type='result' id='{ID}'>{payload}</iq>");
    let refused = "<error type='modify'><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    let refused = result(refused).replace("'result'", "'error'");
    for (is_invited, expected) in [(false, RegisterError::NeedsInvite), (true, RegisterError::WeakPassword)] {
        let shown = if is_invited { result("") } else { String::new() };
        let said = [header(INVITES), shown, result(corpus_text("prosody")), refused.clone()].concat();
        let mut replay = Replay::open(said.as_bytes()).await.unwrap();
        if is_invited {
            replay.show("xmpp:jabber.example?register;preauth=TOKEN").await.unwrap();
        }
        let form = replay.ask().await.unwrap();
        let filled = form.fill(&credentials(), &answers(&[])).unwrap();
        assert_eq!(replay.send(filled).await, Err(expected));
    }
}

/// As `core/docs/wire-profile.md` has it.
#[tokio::test]
async fn what_is_said_for_a_name_and_a_password() {
    let legacy = "<username>nobody</username><password>a&lt;b</password>";
    let data = "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>jabber:iq:register</value></field>\
        <field var='username'><value>nobody</value></field><field var='password'><value>a&lt;b</value></field></x>";
    for (name, inside) in [("legacy", legacy), ("ejabberd", legacy), ("prosody", data)] {
        let reply = format!("<iq type='result' id='{ID}'>{}</iq>", corpus_text(name));
        let said = [header(INVITES), reply, format!("<iq type='result' id='{ID}'/>")].concat();
        let mut replay = Replay::open(said.as_bytes()).await.unwrap();
        let form = replay.ask().await.unwrap();
        let filled = form.fill(&credentials(), &answers(&[])).unwrap();
        assert_eq!(replay.send(filled).await, Ok(()));
        let expected = format!(
            "<iq type='get' id='{ID}'><query xmlns='jabber:iq:register'></query></iq>\
             <iq type='set' id='{ID}'><query xmlns='jabber:iq:register'>{inside}</query></iq>"
        );
        assert_eq!(replay.said(), expected, "{name}");
    }
}
