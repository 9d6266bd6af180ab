//! Challenges that take more than a look: a picture on the web, and a proof of work. The form comes from the scripted server,
//! as no real one asks so; the picture is a real ejabberd's.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flashpaper::{CreateOptions, Engine, Error, Event, Events, FormFault, Step};
use flashpaper_lab::{LabServer, Remote, ServerKind};
use flashpaper_tor::Target;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::recorded::Recorded;
use crate::registering::{Creation, answer, asked, at, creating, direct, log};
use crate::support::{PATIENCE, Tested, open};

/// An exchange may take sixty seconds: an end that comes before was not that.
const SOON: Duration = Duration::from_secs(30);
const REFUSED: &str = "<iq type='error' id='{id}'><error type='wait'>\
    <resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";

const LIMITED: Error = Error::RateLimited { retry_after: None };

const fn unanswerable(fault: FormFault) -> Error {
    Error::Unanswerable { fault }
}

/// A form with a name, a password and these fields.
pub(crate) fn form(fields: &str) -> String {
    format!(
        "<iq type='result' id='{{id}}'><query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='form'>\
         <field var='FORM_TYPE' type='hidden'><value>urn:xmpp:captcha</value></field>\
         <field var='username' type='text-single'><required/></field>\
         <field var='password' type='text-private'><required/></field>{fields}</x></query></iq>"
    )
}

fn picture(url: &str, required: &str) -> String {
    format!(
        "<field var='ocr' type='text-single' label='What it shows'>\
         <media xmlns='urn:xmpp:media-element'><uri type='image/png'>{url}</uri></media>{required}</field>"
    )
}

const REQUIRED: &str = "<required/>";

/// The scripted server, with this form.
async fn with_form(lab: &Remote, fields: &str) -> Tested<LabServer> {
    let server = lab.server(ServerKind::Malformed).await?;
    std::fs::write(&server.facts().log, [])?;
    server.answer_with(&[&form(fields), REFUSED]).await?;
    Ok(server)
}

/// An engine on dialers that note its streams.
async fn recorded(home: &TempDir, lab: &Remote) -> Tested<(Engine, Arc<Recorded>)> {
    let engine = open(home.path(), lab).await?;
    let recorded = Recorded::new(lab, None);
    engine.start_on(recorded.clone()).await?;
    Ok((engine, recorded))
}

/// The address of the last picture that an ejabberd has drawn, which it keeps for as long as that creation lasts.
async fn drawn(server: &LabServer) -> Tested<String> {
    // Its log may be a second late.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let log = log(server)?;
    let (_, url) = log.rsplit_once("<value>https://").ok_or("no address")?;
    Ok(format!("https://{}", url.split('<').next().unwrap_or_default()))
}

/// The hosts of streams. DNS, which is asked for a server that the directory does not know, is left out.
fn hosts(streams: &[(usize, Target)]) -> Vec<(&str, u16)> {
    let mut hosts = Vec::new();
    for (_, target) in streams {
        if let Target::Host { name, port } = target {
            hosts.push((name.as_str(), *port));
        }
    }
    hosts
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_picture_on_the_web_comes_by_the_circuits_of_the_registration() -> Tested {
    let (lab, home, other_home) = (Remote::from_env()?, TempDir::new()?, TempDir::new()?);
    let (draws, other) = (lab.server(ServerKind::Captcha).await?, direct(&other_home, &lab).await?);
    let (mut events, other_making) = (other.events(None), creating(&other, at(draws.domain())));
    let other_question = asked(&other, &mut events).await?;
    let url = drawn(&draws).await?;
    assert!(url.starts_with("https://captcha.lab.test:5443/captcha/"), "{url}");
    let server = with_form(&lab, &picture(&url, REQUIRED)).await?;
    let (engine, recorded) = recorded(&home, &lab).await?;
    let mut events = engine.events(None);
    let making = creating(&engine, at(server.domain()));
    let question = asked(&engine, &mut events).await?;
    let shown = question.form.fields[0].picture.as_ref().ok_or("no picture")?;
    // It is drawn anew each time.
    let drawn = other_question.form.fields[0].picture.as_ref().ok_or("none was drawn")?;
    assert_eq!((shown.width, shown.height), (drawn.width, drawn.height));
    other.decline(other_question.id)?;
    assert_eq!(other_making.await?.err(), Some(Error::Declined));
    let streams = recorded.take();
    assert_eq!(hosts(&streams), [(server.domain(), 5223), ("captcha.lab.test", 5443)]);
    assert_eq!(streams.iter().map(|(dialer, _)| dialer).collect::<BTreeSet<_>>().len(), 1, "{streams:?}");
    engine.answer(question.id, answer("123456"))?;
    assert_eq!(making.await?.err(), Some(LIMITED));
    assert!(log(&server)?.contains("<field var='ocr'><value>123456</value>"), "{}", log(&server)?);
    engine.close().await;
    other.close().await;
    Ok(())
}

/// Where the scripted server's host has a web server.
const WEB: u16 = 5280;

/// The scripted server's host, at another port: says `answer` to each request, or nothing.
#[expect(clippy::disallowed_types, reason = "a server for tests")]
async fn web(lab: &Remote, answer: Option<Vec<u8>>) -> Tested<tokio::task::JoinHandle<()>> {
    let address = lab.facts().hosts.get(&ServerKind::Malformed.domain()).ok_or("no address")?;
    let listener = tokio::net::TcpListener::bind((address.as_str(), WEB)).await?;
    Ok(tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            match &answer {
                Some(answer) => drop(stream.write_all(answer).await),
                None => held.push(stream),
            }
        }
    }))
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn without_tls_a_picture_comes_from_the_servers_own_host_alone() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let (engine, recorded) = recorded(&home, &lab).await?;
    let mut png = b"HTTP/1.0 200 OK\r\n\r\n\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x09\0\0\0\x09".to_vec();
    png.extend([8, 0, 0, 0, 0, 1, 2, 3, 4]);
    let served = web(&lab, Some(png)).await?;
    let server = with_form(&lab, &picture(&format!("http://malformed.lab.test:{WEB}/p.png"), REQUIRED)).await?;
    let mut events = engine.events(None);
    let making = creating(&engine, at(server.domain()));
    let question = asked(&engine, &mut events).await?;
    assert!(question.form.fields[0].picture.is_some());
    engine.decline(question.id)?;
    assert_eq!(making.await?.err(), Some(Error::Declined));
    served.abort();

    let server = with_form(&lab, &picture("http://captcha.lab.test:5443/p.png", REQUIRED)).await?;
    recorded.take();
    assert_eq!(engine.create_burner(at(server.domain())).await.err(), Some(unanswerable(FormFault::Kind)));
    assert_eq!(hosts(&recorded.take()), [(server.domain(), 5223)], "the other host is not asked");
    engine.close().await;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_picture_that_cannot_be_had_is_left_out_where_it_may_be() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let engine = direct(&home, &lab).await?;
    let served = web(&lab, Some(b"HTTP/1.0 404 Not Found\r\n\r\n".to_vec())).await?;
    let question = "<field var='qa' type='text-single' label='Colour of the sky'/>";
    for lost in [format!("http://malformed.lab.test:{WEB}/p.png"), "https://nowhere.lab.test/p.png".to_owned()] {
        let server = with_form(&lab, &(picture(&lost, "") + question)).await?;
        let mut events = engine.events(None);
        let making = creating(&engine, at(server.domain()));
        let asked = asked(&engine, &mut events).await?;
        let labels: Vec<_> = asked.form.fields.iter().map(|field| field.label.as_str()).collect();
        assert_eq!(labels, ["Colour of the sky"], "{lost}");
        engine.answer(asked.id, answer("blue"))?;
        assert_eq!(making.await?.err(), Some(LIMITED));
        let log = log(&server)?;
        assert!(log.contains("<field var='qa'><value>blue</value>") && !log.contains("var='ocr'"), "{log}");
    }
    let server = with_form(&lab, &picture(&format!("http://malformed.lab.test:{WEB}/p.png"), REQUIRED)).await?;
    assert_eq!(engine.create_burner(at(server.domain())).await.err(), Some(unanswerable(FormFault::PictureLost)));
    served.abort();
    engine.close().await;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_proof_of_work_is_found_and_sent() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let engine = direct(&home, &lab).await?;
    let server = with_form(&lab, "<field var='SHA-256' type='text-single' label='93c7'><required/></field>").await?;
    let mut events = engine.events(None);
    assert_eq!(engine.create_burner(at(server.domain())).await.err(), Some(LIMITED));
    assert!(is_working(&mut events));
    let log = log(&server)?;
    let (_, proof) = log.split_once("<field var='SHA-256'><value>").ok_or("no proof")?;
    let proof = proof.split('<').next().unwrap_or_default();
    assert!(proof.starts_with(server.domain()), "{proof}");
    let [.., before, last] = <[u8; 32]>::from(Sha256::digest(proof));
    assert_eq!([before, last], [0x93, 0xc7], "{proof}");
    engine.close().await;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn why_a_form_is_not_answered_is_told() -> Tested {
    let lab = Remote::from_env()?;
    let served = web(&lab, Some(b"HTTP/1.0 200 OK\r\n\r\n<html>".to_vec())).await?;
    let on_the_web = picture(&format!("http://malformed.lab.test:{WEB}/p.png"), REQUIRED);
    let sound = "<field var='audio_recog' type='text-single' label='What is said'/>".to_owned();
    let options = "<field var='plan' type='list-single'><required/></field>".to_owned();
    for (fields, fault) in [
        (sound, FormFault::Kind),
        (options, FormFault::Kind),
        ("<field var='SHA-256' label='1ffffff'><required/></field>".to_owned(), FormFault::Work),
        ("<field var='SHA-256' label='1ffffff'/>".to_owned(), FormFault::Work),
        (on_the_web.clone(), FormFault::Picture),
        (on_the_web.replace(REQUIRED, ""), FormFault::Picture),
        (picture("https://nowhere.lab.test/p.png", REQUIRED), FormFault::PictureLost),
        (picture("http://malformed.lab.test:5281/p.png", ""), FormFault::PictureLost),
    ] {
        let (server, home) = (with_form(&lab, &fields).await?, TempDir::new()?);
        let engine = direct(&home, &lab).await?;
        assert_eq!(engine.create_burner(at(server.domain())).await.err(), Some(unanswerable(fault)), "{fields}");
        assert!(engine.burners()?.is_empty());
        engine.close().await;
    }
    served.abort();
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn where_nobody_is_to_be_asked_nothing_is_fetched_or_looked_for() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let (engine, recorded) = recorded(&home, &lab).await?;
    let served = web(&lab, None).await?;
    let on_the_web = picture(&format!("http://malformed.lab.test:{WEB}/p.png"), REQUIRED);
    let work = "<field var='SHA-256' type='text-single' label='93c7'><required/></field>".to_owned();
    let bits = picture("cid:sha1+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@bob.xmpp.org", REQUIRED);
    for asks in [on_the_web + &work, bits + &work] {
        let server = with_form(&lab, &asks).await?;
        recorded.take();
        let mut events = engine.events(None);
        let silent = engine.create_burner(CreateOptions { asks_nothing: true, ..at(server.domain()) }).await;
        assert_eq!(silent.err(), Some(unanswerable(FormFault::NobodyToAsk)), "{asks}");
        assert_eq!(hosts(&recorded.take()), [(server.domain(), 5223)], "{asks}");
        assert!(!is_working(&mut events), "{asks}");
        assert!(!log(&server)?.contains("urn:xmpp:bob"), "{asks}");
    }
    served.abort();
    engine.close().await;
    Ok(())
}

fn is_working(events: &mut Events) -> bool {
    std::iter::from_fn(|| events.try_next())
        .any(|event| matches!(event, Event::Creating { step: Step::Working { .. }, .. }))
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn nothing_is_fetched_or_looked_for_any_more_for_a_server_that_has_gone() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let served = web(&lab, None).await?;
    let engine = direct(&home, &lab).await?;
    let endless = "<field var='SHA-256' type='text-single' label='ffffff'><required/></field>".to_owned();
    for fields in [picture(&format!("http://malformed.lab.test:{WEB}/p.png"), REQUIRED), endless] {
        let (server, making) = under_way(&engine, &lab, &fields).await?;
        server.stop().await?;
        let begin = Instant::now();
        assert_eq!(making.await?.err(), Some(Error::ServerUnreachable), "{fields}");
        assert!(begin.elapsed() < SOON, "{:?}: {fields}", begin.elapsed());
        assert!(engine.burners()?.is_empty());
    }
    served.abort();
    engine.close().await;
    Ok(())
}

/// A creation two seconds after it has got a form. By luck a proof may have been found by then: another one is begun.
async fn under_way(engine: &Engine, lab: &Remote, fields: &str) -> Tested<(LabServer, Creation)> {
    for _ in 0..10 {
        let server = with_form(lab, fields).await?;
        let making = creating(engine, at(server.domain()));
        timeout(PATIENCE, async {
            while !log(&server)?.contains("jabber:iq:register") {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
            Tested::Ok(())
        })
        .await??;
        if !making.is_finished() {
            return Ok((server, making));
        }
        assert_eq!(making.await?.err(), Some(LIMITED), "{fields}");
    }
    Err(format!("it has the picture or the proof each time: {fields}").into())
}
