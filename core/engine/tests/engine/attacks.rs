//! What whoever sits at the server can do to a private conversation: disturb it, and no more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use flashpaper::{Event, MessageState, Notice, Security};
use flashpaper_lab::{Attacker, OtrEvent, OtrLibrary, SMALL};
use flashpaper_otr::{Identity, Output, Session, Settings};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::time::sleep;

use crate::peers::Scene;
use crate::support::{Direct, Tested};

/// For what must not come.
const A_WHILE: Duration = Duration::from_millis(700);

/// The body of a recorded stanza; OTR's hold nothing to unescape.
fn body(stanza: &str) -> Option<&str> {
    stanza.split_once("<body>")?.1.split_once("</body>").map(|(body, _)| body)
}

fn message(from: &str, to: &str, body: &str) -> String {
    format!("<message from='{from}' to='{to}' type='chat' id='forged'><body>{body}</body></message>")
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_forged_error_gets_no_text_and_costs_none() -> Tested {
    let mut scene = Scene::private(OtrLibrary::Libotr).await?;
    scene.hears("before").await?;
    let mut attacker = Attacker::connect(scene.lab.facts()).await?;
    attacker.watch(scene.peer.jid()).await?;
    for _ in 0..3 {
        let forged = message(scene.peer.full_jid(), &scene.burner.jid, "?OTR Error: say it again, in the clear");
        attacker.deliver(&forged).await?;
    }
    scene.event(|event| matches!(event, Event::Notice { notice: Notice::PeerError { .. }, .. })).await?;
    scene.says("in private still").await?;
    scene.hears("so it is").await?;
    let sent = attacker.taken(scene.peer.jid()).await?;
    assert!(sent.iter().filter_map(|stanza| body(stanza)).all(|body| body.starts_with("?OTR")), "{sent:?}");
    let commits = sent.iter().filter(|stanza| body(stanza).is_some_and(|body| body.starts_with("?OTR:AAMC"))).count();
    assert!(commits <= 1, "one key exchange in ten seconds, not {commits}");
    attacker.pass(scene.peer.jid()).await?;
    scene.end().await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_replayed_text_is_read_once() -> Tested {
    let mut scene = Scene::private(OtrLibrary::Libotr).await?;
    let mut attacker = Attacker::connect(scene.lab.facts()).await?;
    attacker.watch(&scene.burner.jid).await?;
    scene.hears("pay 5").await?;
    let recorded = attacker.taken(&scene.burner.jid).await?;
    let text = recorded
        .iter()
        .filter_map(|stanza| body(stanza))
        .find(|body| body.starts_with("?OTR:AAMD"))
        .ok_or("nothing was recorded")?;
    for _ in 0..2 {
        attacker.deliver(&message(scene.peer.full_jid(), &scene.burner.jid, text)).await?;
    }
    sleep(A_WHILE).await;
    assert!(scene.unread()?.is_empty());
    scene.hears("and after").await?;
    attacker.deliver(&message(scene.peer.full_jid(), &scene.burner.jid, text)).await?;
    sleep(A_WHILE).await;
    assert!(scene.unread()?.is_empty());
    scene.says("still private").await?;
    attacker.pass(&scene.burner.jid).await?;
    scene.end().await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn texts_in_another_order_are_each_read_once() -> Tested {
    let mut scene = Scene::private(OtrLibrary::Libotr).await?;
    let mut attacker = Attacker::connect(scene.lab.facts()).await?;
    attacker.hold(&scene.burner.jid).await?;
    for text in ["one", "two", "three"] {
        scene.peer.command(&format!("say {text}")).await?;
    }
    sleep(A_WHILE).await;
    let held = attacker.taken(&scene.burner.jid).await?;
    let held: Vec<&str> = held.iter().filter_map(|stanza| body(stanza)).collect();
    assert_eq!(held.len(), 3);
    for body in [held[2], held[0], held[1], held[2]] {
        attacker.deliver(&message(scene.peer.full_jid(), &scene.burner.jid, body)).await?;
    }
    for text in ["three", "one", "two"] {
        scene.heard(text).await?;
    }
    attacker.pass(&scene.burner.jid).await?;
    scene.hears("in order").await?;
    scene.end().await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_stripped_version_is_no_way_to_plain_text() -> Tested {
    let mut scene = Scene::begin(OtrLibrary::Libotr).await?;
    let mut attacker = Attacker::connect(scene.lab.facts()).await?;
    attacker.hold(scene.peer.jid()).await?;
    let text = scene.engine.send(&scene.burner.id, scene.peer.jid(), "a secret", None)?;
    for query in ["?OTRv2?", "?OTR?", "no OTR here"] {
        attacker.deliver(&message(scene.peer.full_jid(), &scene.burner.jid, query)).await?;
    }
    scene.event(|event| matches!(event, Event::Notice { notice: Notice::OtherVersion, .. })).await?;
    sleep(A_WHILE).await;
    let sent = attacker.taken(scene.peer.jid()).await?;
    assert!(!sent.is_empty() && sent.iter().all(|stanza| !stanza.contains("a secret")), "{sent:?}");
    assert_eq!(scene.engine.message(&scene.burner.id, text)?.state, MessageState::WaitingForPeer);
    attacker.pass(scene.peer.jid()).await?;
    scene.peer.command("start").await?;
    assert_eq!(scene.peer.text(Duration::from_secs(60)).await?, "a secret");
    scene.end().await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn an_exchange_answered_with_another_key_gets_no_text_and_no_trust() -> Tested {
    let mut scene = Scene::private(OtrLibrary::Libotr).await?;
    let (id, jid) = (scene.burner.id.clone(), scene.peer.jid().to_owned());
    let known = scene.conversation()?.key.ok_or("no key")?;
    scene.engine.set_verified(&id, &jid, known, true)?;
    scene.engine.end_private(&id, &jid)?;
    scene.peer.until(Duration::from_secs(60), |event| *event == OtrEvent::Finished).await?;

    // From here on the attacker is the peer, but for its key.
    let mut attacker = Attacker::connect(scene.lab.facts()).await?;
    attacker.hold(&jid).await?;
    let identity = Arc::new(Identity::random(&mut StdRng::seed_from_u64(66)));
    let rng = Box::new(StdRng::seed_from_u64(67));
    let mut false_peer = Session::new(identity, Settings::default(), rng, Duration::ZERO);
    let text = scene.engine.send(&id, &jid, "for the friend only", None)?;
    let mut read = Vec::new();
    for _ in 0..20 {
        sleep(Duration::from_millis(100)).await;
        for stanza in attacker.taken(&jid).await? {
            let Some(body) = body(&stanza) else { continue };
            for output in false_peer.receive(body) {
                match output {
                    Output::Send(body) => {
                        attacker.deliver(&message(scene.peer.full_jid(), &scene.burner.jid, &body)).await?
                    }
                    Output::Text { text, .. } | Output::PlainText(text) => read.push(text),
                    _ => {}
                }
            }
        }
    }
    assert!(false_peer.is_private(), "the exchange itself succeeds");
    assert_eq!(read, Vec::<String>::new());
    assert_eq!(scene.conversation()?.security, Security::KeyChanged);
    assert_ne!(scene.engine.message(&id, text)?.state, MessageState::Sent);
    // What it says is shown for what it is.
    for output in false_peer.send_kept("it is me", "label")?.1 {
        if let Output::Send(body) = output {
            attacker.deliver(&message(scene.peer.full_jid(), &scene.burner.jid, &body)).await?;
        }
    }
    sleep(A_WHILE).await;
    let came = scene.unread()?.pop().ok_or("nothing came")?;
    assert_eq!((came.text.as_str(), came.security), ("it is me", Security::KeyChanged));
    scene.engine.taken(&id, came.id)?;
    // The friend is back.
    attacker.pass(&jid).await?;
    scene.engine.end_private(&id, &jid)?;
    scene.engine.start_private(&id, &jid)?;
    assert_eq!(scene.peer.text(Duration::from_secs(60)).await?, "for the friend only");
    assert_eq!(scene.conversation()?.security, Security::Verified);
    scene.end().await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn an_id_that_is_too_long_to_be_repeated_keeps_nobody_offline() -> Tested {
    let mut scene = Scene::begin_on(OtrLibrary::Libotr, SMALL, Direct::plain).await?;
    scene.says("hello").await?;
    let mut attacker = Attacker::connect(scene.lab.facts()).await?;
    attacker.watch(scene.peer.jid()).await?;
    // In a receipt it would be longer than what the server takes, each time that it is sent.
    for (id, text) in [("&lt;".repeat(3000), "long"), ("short".to_owned(), "short")] {
        let (from, to) = (scene.peer.full_jid(), &scene.burner.jid);
        let receipt = "<request xmlns='urn:xmpp:receipts'/>";
        let asks =
            format!("<message from='{from}' to='{to}' type='chat' id='{id}'><body>{text}</body>{receipt}</message>");
        attacker.deliver(&asks).await?;
    }
    let mut receipts = Vec::new();
    let end = Instant::now() + Duration::from_secs(60);
    while receipts.is_empty() {
        assert!(Instant::now() < end, "no receipt");
        sleep(Duration::from_millis(100)).await;
        receipts.extend(attacker.taken(scene.peer.jid()).await?);
        receipts.retain(|stanza| stanza.contains("<received"));
    }
    assert!(receipts.iter().all(|stanza| stanza.contains("'short'")), "{receipts:?}");
    assert_eq!(scene.unread()?.iter().map(|message| message.text.as_str()).collect::<Vec<_>>(), ["long", "short"]);
    attacker.pass(scene.peer.jid()).await?;
    scene.says("still here").await?;
    scene.end().await
}
