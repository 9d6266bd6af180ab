//! Replies that are malformed or hostile: at each step of a login, of the trial of a new account, and to a form that was asked for
//! with the stream header. Those to a registration are in the crate's own tests.

#[path = "../../src/registration/tests/mutated.rs"]
mod mutated;

use std::fmt::Debug;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flashpaper_xmpp::registration::Answers;
use flashpaper_xmpp::{Connection, Domain, LoginError, Security, StreamError, TriedOut, WORDS_AT_MOST};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use tokio::io::DuplexStream;

use self::mutated::{MORE, count, mutated, parts, peak};
use crate::once::{AFTER, BOUND, OWN, SALT, Server, early_id};
use crate::server::{Authority, BIND, DOMAIN, PASSWORD, SASL2, SCRAM, Scram, USERNAME, between};
use crate::session::hears_trial;
use crate::{Outcome, credentials, ids, log_in, open, together};

/// What a test has: certificates, randomness, and parts of hostile replies.
struct Hostile {
    authority: Authority,
    rng: StdRng,
    parts: Vec<String>,
    others: Vec<String>,
}

impl Hostile {
    fn new(seed: u64, others: &[String]) -> Result<Self, Box<dyn std::error::Error>> {
        let (authority, rng) = (Authority::new(DOMAIN)?, StdRng::seed_from_u64(seed));
        Ok(Self { authority, rng, parts: parts(), others: others.to_vec() })
    }

    fn spoiled(&mut self, reply: &str) -> Vec<u8> {
        mutated(reply.as_bytes(), &self.others, &self.parts, &mut self.rng)
    }
}

/// A client at a server that comes to a step, says these bytes there, and ends. How the client has ended, and what it has said.
async fn meet<T, E: Debug>(
    client: impl AsyncFnOnce(DuplexStream) -> Result<T, E>,
    server: impl AsyncFnOnce(DuplexStream) -> io::Result<(Server, Vec<u8>)>,
) -> Result<(Result<T, E>, String), Box<dyn std::error::Error>> {
    let (end, heard) = together(client, async |far| {
        let (peer, bytes) = server(far).await?;
        io::Result::Ok(peer.says_at_last(&bytes).await)
    })
    .await?;
    // The step was reached.
    let heard = heard?;
    let shown = format!("{:?}", end.as_ref().err());
    assert!(!shown.contains("s3cr3t") && !heard.contains(PASSWORD) && !heard.contains("s3cr3t"), "{shown} {heard}");
    Ok((end, heard))
}

/// Where a login's server says something wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Challenge,
    Success,
    /// The features of the new stream, and the resource.
    Bound,
}

/// What a server may challenge with, for this nonce (RFC 5802, section 7). The first is an honest one.
fn challenges(nonce: &str) -> Vec<String> {
    vec![
        format!("r={nonce}more,{SALT}"),
        format!("r={nonce},{SALT}"),
        format!("r={nonce}more,s=,i=4096"),
        format!("r={nonce}more,s=c2FsdA==,i=1000001"),
        format!("r={nonce}more,s=c2FsdA==,i=18446744073709551616"),
        format!("m=ext,r={nonce}more,{SALT}"),
        format!("{SALT},r={nonce}more"),
        format!("r={nonce}more,{SALT},h=,d="),
        format!("r={}more,{SALT}", "A".repeat(44)),
        "v=AAAA,e=other-error".to_owned(),
        String::new(),
    ]
}

/// What a server may say behind a challenge's response. The first is honest.
fn successes(proof: &str, is_sasl2: bool) -> Vec<String> {
    let wrong = "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let [proof, wrong, nothing] = [proof, wrong, ""].map(|data| BASE64.encode(data));
    let sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
    if is_sasl2 {
        let success = |data: &str, jid: &str, inside: &str| {
            format!(
                "<success xmlns='urn:xmpp:sasl:2'><additional-data>{data}</additional-data>\
                 <authorization-identifier>{jid}</authorization-identifier>{inside}</success>{AFTER}"
            )
        };
        vec![
            success(&proof, OWN, BOUND),
            success(&wrong, OWN, BOUND),
            success(&nothing, OWN, BOUND),
            success(&proof, "somebody@jabber.example/0123", BOUND),
            success(&proof, OWN, "<failed xmlns='urn:xmpp:bind:0'/>"),
            format!("<failure xmlns='urn:xmpp:sasl:2'><not-authorized xmlns='{sasl}'/><text>s3cr3t</text></failure>"),
            "<continue xmlns='urn:xmpp:sasl:2'><tasks><task>s3cr3t</task></tasks></continue>".to_owned(),
        ]
    } else {
        vec![
            format!("<success xmlns='{sasl}'>{proof}</success>"),
            format!("<success xmlns='{sasl}'>{wrong}</success>"),
            format!("<success xmlns='{sasl}'/>"),
            format!("<challenge xmlns='{sasl}'>{proof}</challenge><success xmlns='{sasl}'/>"),
            format!("<challenge xmlns='{sasl}'>{proof}</challenge><challenge xmlns='{sasl}'>{proof}</challenge>"),
            format!("<failure xmlns='{sasl}'><not-authorized/><text>s3cr3t</text></failure>"),
        ]
    }
}

/// Goes on with a login to a step, and gives what is to be said there.
async fn comes_to(
    step: Step,
    is_sasl2: bool,
    peer: &mut Server,
    hostile: &mut Hostile,
    is_honest: &mut bool,
) -> io::Result<Vec<u8>> {
    let scram = if is_sasl2 { Scram::hears_authenticate(peer).await? } else { Scram::hears_first(peer).await? };
    if step == Step::Challenge {
        let all = challenges(&scram.client_nonce);
        let message = all.choose(&mut hostile.rng).cloned().unwrap_or_default();
        let is_spoiled_inside: bool = hostile.rng.random();
        let data = if is_spoiled_inside { hostile.spoiled(&message) } else { message.into_bytes() };
        let namespace = if is_sasl2 { "urn:xmpp:sasl:2" } else { "urn:ietf:params:xml:ns:xmpp-sasl" };
        let reply = format!("<challenge xmlns='{namespace}'>{}</challenge>", BASE64.encode(data));
        return Ok(if is_spoiled_inside { reply.into_bytes() } else { hostile.spoiled(&reply) });
    }
    let proof = scram.hears_proof(peer, SALT).await?;
    if step == Step::Success {
        let all = successes(&proof, is_sasl2);
        let chosen = if hostile.rng.random_ratio(3, 4) { 0 } else { hostile.rng.random_range(1..all.len()) };
        *is_honest = all[chosen].contains(&BASE64.encode(proof));
        return Ok(hostile.spoiled(&all[chosen]));
    }
    peer.succeeds(&proof).await?;
    let request = peer.sees("</iq>").await?;
    let (id, resource) = (between(&request, "set' id='", "'")?, between(&request, "<resource>", "</resource>")?);
    peer.opens_with("").await?;
    Ok(hostile.spoiled(&format!(
        "<stream:features>{BIND}</stream:features><iq type='result' id='{id}'>\
         <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>{USERNAME}@{DOMAIN}/{resource}</jid></bind></iq>"
    )))
}

#[tokio::test]
async fn hostile_replies_to_a_login_end_in_an_error_or_a_session() -> Outcome {
    let mut hostile = Hostile::new(21, &[challenges("other"), successes("v=", false), successes("v=", true)].concat())?;
    let baseline = peak();
    for (is_sasl2, step) in [
        (false, Step::Challenge),
        (false, Step::Success),
        (false, Step::Bound),
        (true, Step::Challenge),
        (true, Step::Success),
    ] {
        let (mut errors, mut after_a_proof) = (0, 0);
        let features = if is_sasl2 { SASL2 } else { SCRAM };
        for _ in 0..count() {
            let (authority, mut is_honest) = (hostile.authority.clone(), step == Step::Bound);
            let (end, heard) = meet(
                async |near| {
                    if is_sasl2 || step == Step::Bound {
                        return log_in(near, &authority).await.map(drop);
                    }
                    // What follows a success is another step.
                    let connection = open(near, &authority, Security::DirectTls).await;
                    connection.map_err(|_| StreamError::Ended)?.try_login(&credentials()).await
                },
                async |far| {
                    let mut peer = authority.accept(far, features).await?;
                    let bytes = comes_to(step, is_sasl2, &mut peer, &mut hostile, &mut is_honest).await?;
                    Ok((peer, bytes))
                },
            )
            .await?;
            // One that has not proven itself is not believed, whatever it says.
            assert!(end.is_err() || is_honest, "{end:?}: {heard}");
            errors += usize::from(end.is_err());
            after_a_proof += usize::from(matches!(&end, Err(error) if *error != LoginError::ServerNotProven));
        }
        println!("login, SASL 2: {is_sasl2}, {step:?}: {errors} errors, at most {} KiB", peak());
        assert!(errors > count() / 5 && after_a_proof > 0, "{errors} errors at {step:?}");
        assert!(step == Step::Challenge || errors < count(), "no session at {step:?}");
    }
    assert!(peak() < baseline + MORE, "{} KiB after {baseline}", peak());
    Ok(())
}

/// What an honest server says to a trial, in pieces. The last is the answer to what is asked behind it.
fn trial([to_self, to_server, message, archive]: &[String; 4], own: &str, refused: &str) -> Vec<String> {
    let features = "<query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:xmpp:mam:2'/></query>";
    let error =
        "<error type='cancel'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text>s3cr3t</text></error>";
    vec![
        format!("<iq type='get' id='{to_self}' from='{own}' to='{own}'><ping xmlns='urn:xmpp:ping'/></iq>"),
        format!("<iq type='result' id='{to_self}'/>"),
        format!("<message from='{DOMAIN}'><body>wel\u{202e}come</body></message>").repeat(WORDS_AT_MOST + 1),
        format!("<message from='{DOMAIN}' type='error' id='{message}'>{error}</message>"),
        format!("<iq type='result' id='{to_server}'/>"),
        format!("<iq type='result' id='{archive}'>{features}</iq>"),
        format!("<iq type='result' id='{refused}'/>"),
    ]
}

/// A trial at a server that says some of it wrongly, or all as it should.
async fn tries_out(
    hostile: &mut Hostile,
    piece: Option<usize>,
) -> Result<Result<TriedOut, LoginError>, Box<dyn std::error::Error>> {
    let authority = hostile.authority.clone();
    let (end, _) = meet(
        async |near| Ok(log_in(near, &authority).await?.try_out().await?),
        async |far| {
            let mut peer = authority.accept(far, SCRAM).await?;
            peer.lets_in().await?;
            let (drawn, own) = hears_trial(&mut peer).await?;
            // Of the ids that a client of these tests draws, the one behind those.
            let mut ids = ids();
            let refused = loop {
                if ids.draw() == drawn[3] {
                    break ids.draw();
                }
            };
            let mut pieces = trial(&drawn, &own, &refused);
            let bytes = match piece {
                Some(piece) => {
                    let spoiled = hostile.spoiled(&pieces.remove(piece));
                    let behind = pieces.split_off(piece).concat();
                    [pieces.concat().as_bytes(), &spoiled, behind.as_bytes()].concat()
                }
                None => pieces.concat().into_bytes(),
            };
            Ok((peer, bytes))
        },
    )
    .await?;
    Ok(end)
}

#[tokio::test]
async fn hostile_replies_to_a_trial_end_in_an_error_or_a_verdict() -> Outcome {
    let mut hostile = Hostile::new(22, &trial(&[(); 4].map(|()| "other".to_owned()), OWN, "other"))?;
    let honest = tries_out(&mut hostile, None).await??;
    assert!(honest.reachable && honest.quarantined && honest.words.len() == WORDS_AT_MOST, "{honest:?}");
    let baseline = peak();
    for piece in 0..7 {
        let (mut errors, mut verdicts) = (0, 0);
        for _ in 0..count() {
            match tries_out(&mut hostile, Some(piece)).await? {
                Ok(tried) => {
                    let is_plain = |text: &String| {
                        text.chars().count() <= 4096
                            && text.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}')
                    };
                    assert!(tried.words.len() <= WORDS_AT_MOST && tried.words.iter().all(is_plain), "{tried:?}");
                    verdicts += 1;
                }
                Err(LoginError::Stream(_)) => errors += 1,
                Err(other) => return Err(format!("the login: {other:?}").into()),
            }
        }
        println!("trial, piece {piece}: {verdicts} verdicts, {errors} errors, at most {} KiB", peak());
        assert!(errors > count() / 10 && verdicts > 0, "{errors} errors, {verdicts} verdicts at piece {piece}");
    }
    assert!(peak() < baseline + MORE, "{} KiB after {baseline}", peak());
    Ok(())
}

/// The forms that are kept.
fn forms() -> io::Result<Vec<String>> {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/registration"))?;
    let mut files = folder.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    files.sort();
    files.iter().map(std::fs::read_to_string).collect()
}

#[tokio::test]
async fn hostile_replies_to_what_is_asked_early_end_in_an_error_or_a_form() -> Outcome {
    let forms = forms()?;
    let mut hostile = Hostile::new(23, &forms)?;
    let (domain, baseline) = (Domain::parse(DOMAIN)?, peak());
    let (mut errors, mut shown, mut filled) = (0, 0, 0);
    for _ in 0..count() {
        let authority = hostile.authority.clone();
        let (end, _) = meet(
            async |near| {
                let (mut early, tls) = (ids(), &authority.tls);
                let opened = Connection::open_to_register(near, &domain, Security::DirectTls, tls, &mut early).await;
                let mut connection = opened.map_err(|error| format!("{error:?}"))?;
                let form = connection.ask_registration(&mut early).await.map_err(|error| format!("{error:?}"))?;
                let form = connection.ask_pictures(form, &mut early).await.map_err(|error| format!("{error:?}"))?;
                let question = form.question().is_some();
                Ok::<_, String>((question, form.fill(&credentials(), &Answers::default()).is_ok()))
            },
            async |far| {
                let mut peer = authority.takes(far).await?;
                let id = early_id(&mut peer).await?;
                peer.opens_with("").await?;
                let form = forms.choose(&mut hostile.rng).cloned().unwrap_or_default();
                let mut replies = [
                    format!("<stream:features>{SCRAM}</stream:features>"),
                    format!("<iq type='result' id='{id}'>{form}</iq>"),
                ];
                if hostile.rng.random() {
                    replies.reverse();
                }
                let wrong = usize::from(hostile.rng.random::<bool>());
                let spoiled = hostile.spoiled(&replies[wrong]);
                let [first, last] = [0, 1].map(|n| if n == wrong { &spoiled[..] } else { replies[n].as_bytes() });
                Ok((peer, [first, last].concat()))
            },
        )
        .await?;
        match end {
            Ok((question, fits)) => {
                shown += usize::from(question);
                filled += usize::from(fits);
            }
            Err(_) => errors += 1,
        }
    }
    println!("early: {shown} questions, {filled} without one, {errors} errors, at most {} KiB", peak());
    assert!(
        errors > count() / 5 && shown > 0 && filled > 0,
        "{errors} errors, {shown} questions, {filled} without one"
    );
    assert!(peak() < baseline + MORE, "{} KiB after {baseline}", peak());
    Ok(())
}
