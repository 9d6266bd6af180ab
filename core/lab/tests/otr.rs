//! The peers that speak OTR, with each other; and what an attacker at the server can do to them.

use std::path::PathBuf;
use std::time::Duration;

use flashpaper_lab::{Attacker, Facts, OtrEvent, OtrLibrary, OtrPeer, Remote, accounts};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

type Tested<T = ()> = Result<T, Box<dyn std::error::Error>>;

const PATIENCE: Duration = Duration::from_secs(120);

/// A peer of each library; the first has the second as its partner.
async fn two(facts: &Facts) -> Tested<(OtrPeer, OtrPeer)> {
    let mut one = OtrPeer::register(facts, OtrLibrary::Libotr).await?;
    let two = OtrPeer::register(facts, OtrLibrary::Otr3).await?;
    one.command(&format!("to {}", two.jid())).await?;
    Ok((one, two))
}

/// Has the first begin a private conversation.
async fn begin(one: &mut OtrPeer, two: &mut OtrPeer) -> Tested {
    one.command("start").await?;
    one.until(PATIENCE, |e| *e == OtrEvent::Secure).await?;
    two.until(PATIENCE, |e| *e == OtrEvent::Secure).await?;
    Ok(())
}

async fn private(facts: &Facts) -> Tested<(OtrPeer, OtrPeer)> {
    let (mut one, mut two) = two(facts).await?;
    begin(&mut one, &mut two).await?;
    Ok((one, two))
}

/// A text each way, which have to arrive encrypted.
async fn exchange(one: &mut OtrPeer, two: &mut OtrPeer, text: &str) -> Tested {
    let read = |e: &OtrEvent| *e == OtrEvent::Text { text: text.to_owned(), private: true };
    one.command(&format!("say {text}")).await?;
    two.until(PATIENCE, read).await?;
    two.command(&format!("say {text}")).await?;
    one.until(PATIENCE, read).await?;
    Ok(())
}

async fn gone(one: OtrPeer, two: OtrPeer) -> Tested {
    one.remove().await?;
    two.remove().await?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn libotr_and_otr3_talk_over_the_server() -> Tested {
    let lab = Remote::from_env()?;
    let (mut one, mut two) = private(lab.facts()).await?;
    for _ in 0..2 {
        one.command("count 20 text").await?;
        for number in 1..=20 {
            let text = OtrEvent::Text { text: format!("text {number}"), private: true };
            assert_eq!(two.until(PATIENCE, |e| matches!(e, OtrEvent::Text { .. })).await?, text);
        }
        std::mem::swap(&mut one, &mut two);
    }
    exchange(&mut one, &mut two, "two\nlines, and a \\ for n\n.\n").await?;
    one.command("html a < b\n& c").await?;
    assert_eq!(two.text(PATIENCE).await?, "<FONT FACE=\"Sans\" COLOR=\"#204a87\">a &lt; b<BR>&amp; c</FONT>");

    for _ in 0..2 {
        let long = "long ".repeat(100);
        one.command("limit 200").await?;
        one.events();
        one.command(&format!("say {long}")).await?;
        let sent = |e: &OtrEvent| matches!(e, OtrEvent::Sent { body, .. } if body.len() <= 200);
        assert!(one.events().iter().filter(|e| sent(e)).count() > 3);
        assert_eq!(two.text(PATIENCE).await?, long);
        std::mem::swap(&mut one, &mut two);
    }
    gone(one, two).await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn they_compare_secrets() -> Tested {
    let lab = Remote::from_env()?;
    let (mut one, mut two) = private(lab.facts()).await?;
    for answer in ["cat", "dog"] {
        for (question, ask) in [(None, "ask cat"), (Some("pet?".to_owned()), "question pet?\tcat")] {
            for (asks, answers) in [(0, 1), (1, 0)] {
                let peers = [&mut one, &mut two];
                peers[asks].command(ask).await?;
                let asked = OtrEvent::SmpAsked { question: question.clone() };
                peers[answers].until(PATIENCE, |e| *e == asked).await?;
                peers[answers].command(&format!("answer {answer}")).await?;
                use OtrEvent::{SmpAbort, SmpDifferent, SmpEqual};
                let (ones, twos) = match (answer, asks) {
                    ("cat", _) => (&[SmpEqual][..], SmpEqual),
                    // otr3 stops a comparison that fails, and does not answer the last step when it was asked.
                    (_, 0) => (&[SmpAbort][..], SmpDifferent),
                    (_, _) => (&[SmpDifferent, SmpAbort][..], SmpDifferent),
                };
                let end = |e: &OtrEvent| matches!(e, SmpEqual | SmpDifferent | SmpAbort);
                for expected in ones {
                    assert_eq!(peers[0].until(PATIENCE, end).await?, *expected, "{answer} {question:?} {asks}");
                }
                assert_eq!(peers[1].until(PATIENCE, end).await?, twos, "{answer} {question:?} {asks}");
            }
        }
    }
    two.command("ask cat").await?;
    one.until(PATIENCE, |e| *e == OtrEvent::SmpAsked { question: None }).await?;
    one.command("abort").await?;
    two.until(PATIENCE, |e| *e == OtrEvent::SmpAbort).await?;
    // Either library would crash.
    for peer in [&mut one, &mut two] {
        assert!(peer.command("answer cat").await.is_err());
    }
    gone(one, two).await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn sessions_end_are_lost_and_begin_again() -> Tested {
    let lab = Remote::from_env()?;
    let (mut one, mut two) = private(lab.facts()).await?;
    one.command("end").await?;
    two.until(PATIENCE, |e| *e == OtrEvent::Finished).await?;
    begin(&mut one, &mut two).await?;
    exchange(&mut one, &mut two, "again").await?;

    // otr3 would take no query of libotr's within a minute; so it is the one that begins anew.
    one.command("restart").await?;
    two.command("count 2 lost").await?;
    one.until(PATIENCE, |e| matches!(e, OtrEvent::Other { news } if news == "not_in_private")).await?;
    two.command("start").await?;
    one.until(PATIENCE, |e| *e == OtrEvent::Secure).await?;
    two.until(PATIENCE, |e| matches!(e, OtrEvent::Secure | OtrEvent::StillSecure)).await?;
    exchange(&mut one, &mut two, "libotr can read again").await?;
    two.command("restart").await?;
    // With its new tag it is another instance for libotr, which writes to the one heard of last, by the second.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    begin(&mut one, &mut two).await?;
    exchange(&mut one, &mut two, "otr3 can read again").await?;
    gone(one, two).await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn contacts_receipts_and_a_peer_that_is_away() -> Tested {
    let lab = Remote::from_env()?;
    let (mut one, mut two) = two(lab.facts()).await?;
    let here = |jid: &str, available| OtrEvent::Presence { jid: jid.to_owned(), available };
    one.command("add").await?;
    let (first, second) = (one.full_jid().to_owned(), two.full_jid().to_owned());
    one.until(PATIENCE, |e| *e == here(&second, true)).await?;
    two.until(PATIENCE, |e| *e == here(&first, true)).await?;
    begin(&mut one, &mut two).await?;

    one.command("receipts on").await?;
    one.command("say no receipt").await?;
    assert_eq!(two.text(PATIENCE).await?, "no receipt");
    two.command("receipts on").await?;
    one.events();
    one.command("say receipt").await?;
    let mut sent = Vec::new();
    let received = loop {
        match one.next(PATIENCE).await? {
            OtrEvent::Receipt { id } => break id,
            event => sent.push(event),
        }
    };
    // To the resource that it has heard from.
    let asked = |e: &OtrEvent| matches!(e, OtrEvent::Sent { to, id, .. } if *id == received && *to == second);
    assert!(sent.iter().any(asked), "{sent:?}");

    two.command("offline").await?;
    one.until(PATIENCE, |e| *e == here(&second, false)).await?;
    assert!(two.command("raw nobody hears it").await.is_err());
    // It goes to the bare JID, where the server keeps it.
    one.command("say meanwhile").await?;
    let kept = one.until(PATIENCE, |e| matches!(e, OtrEvent::Sent { .. })).await?;
    assert!(matches!(kept, OtrEvent::Sent { to, .. } if to == two.jid()));
    two.command("online").await?;
    two.until(PATIENCE, |e| *e == OtrEvent::Text { text: "meanwhile".to_owned(), private: true }).await?;
    gone(one, two).await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_second_client_of_an_account() -> Tested {
    let lab = Remote::from_env()?;
    let (mut one, mut two) = private(lab.facts()).await?;
    let mut other = OtrPeer::log_in(lab.facts(), OtrLibrary::Libotr, two.jid(), two.password()).await?;
    assert_eq!(other.jid(), two.jid());
    assert_ne!(other.full_jid(), two.full_jid());
    other.command(&format!("to {}", one.jid())).await?;
    begin(&mut other, &mut one).await?;
    // The two sessions live side by side.
    for client in [&mut two, &mut other] {
        for text in ["one", "two"] {
            client.command(&format!("say {text}")).await?;
            let private = OtrEvent::Text { text: text.to_owned(), private: true };
            one.until(PATIENCE, |e| *e == private).await?;
        }
    }
    drop(other);
    gone(one, two).await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn an_attacker_at_the_server_reads_holds_replays_and_forges() -> Tested {
    let lab = Remote::from_env()?;
    let (mut one, mut two) = private(lab.facts()).await?;
    let (first, second) = (one.jid().to_owned(), two.jid().to_owned());
    let mut attacker = Attacker::connect(lab.facts()).await?;

    attacker.watch(&second).await?;
    one.command("say watched").await?;
    assert_eq!(two.text(PATIENCE).await?, "watched");
    let watched = taken(&mut attacker, &second).await?;
    assert!(watched.contains("?OTR:") && !watched.contains("watched"), "{watched}");

    attacker.hold(&second).await?;
    one.command("say held").await?;
    two.command("say not held").await?;
    assert_eq!(one.text(PATIENCE).await?, "not held");
    let held = taken(&mut attacker, &second).await?;
    assert!(two.events().iter().all(|e| !matches!(e, OtrEvent::Received { .. })));
    attacker.pass(&second).await?;
    attacker.deliver(&held).await?;
    assert_eq!(two.text(PATIENCE).await?, "held");

    // A replay, by the server, is no text.
    attacker.deliver(&held).await?;
    two.until(PATIENCE, |e| matches!(e, OtrEvent::Received { .. })).await?;
    exchange(&mut one, &mut two, "once").await?;

    // In somebody's name, with a line break; libotr takes the error for the partner's and begins anew.
    let error = "?OTR Error: what?\nagain";
    let from = two.full_jid();
    attacker
        .deliver(&format!("<message from='{from}' to='{first}' type='chat'><body>{error}</body></message>"))
        .await?;
    let forged = |e: &OtrEvent| matches!(e, OtrEvent::Received { from: f, body, .. } if f == from && body == error);
    one.until(PATIENCE, forged).await?;
    let query = |e: &OtrEvent| matches!(e, OtrEvent::Sent { body, .. } if body.starts_with("?OTRv3?"));
    one.until(PATIENCE, query).await?;

    assert!(attacker.deliver("no stanza").await.is_err());
    assert!(attacker.deliver("<message to='a@elsewhere.test'/>").await.is_err());
    // The connection is as good as before.
    assert!(attacker.taken(&first).await?.is_empty());
    gone(one, two).await
}

/// The one message that was recorded, once it has come.
async fn taken(attacker: &mut Attacker, account: &str) -> Tested<String> {
    for _ in 0..PATIENCE.as_millis() / 50 {
        match attacker.taken(account).await?.as_slice() {
            [] => tokio::time::sleep(Duration::from_millis(50)).await,
            [one] => return Ok(one.clone()),
            more => return Err(format!("{more:?}").into()),
        }
    }
    Err("nothing was recorded".into())
}

/// An order to the lab, as tests in Kotlin and Swift give it.
async fn order(lab: &Remote, order: &str) -> Tested<String> {
    let mut stream = BufReader::new(TcpStream::connect(&lab.facts().control).await?);
    stream.write_all(format!("{order}\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_line(&mut answer).await?;
    let answer = answer.trim_end_matches('\n');
    Ok(answer.strip_prefix("ok").ok_or(answer)?.trim_start().to_owned())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn orders_by_the_control_port() -> Tested {
    let lab = Remote::from_env()?;
    let one = order(&lab, "otr libotr").await?;
    let mut two = OtrPeer::register(lab.facts(), OtrLibrary::Otr3).await?;
    order(&lab, &format!("otr-say {one} to {}", two.jid())).await?;
    order(&lab, &format!("otr-say {one} start")).await?;
    two.until(PATIENCE, |e| *e == OtrEvent::Secure).await?;
    two.command("say here").await?;
    let mut events = Vec::new();
    while !events.iter().any(|e: &Value| e["event"] == "text" && e["text"] == "here") {
        events.extend(serde_json::from_str::<Vec<Value>>(&order(&lab, &format!("otr-lines {one}")).await?)?);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    order(&lab, &format!("otr-say {one} say  spaces\\nand \\\\ lines")).await?;
    assert_eq!(two.text(PATIENCE).await?, " spaces\nand \\ lines");
    assert!(order(&lab, &format!("otr-say {one} nonsense")).await.is_err());

    let account = two.jid();
    let again = order(&lab, &format!("otr otr3 {account} {}", two.password())).await?;
    assert!(again != two.full_jid() && again.starts_with(account));
    assert_eq!(order(&lab, &format!("server taken {account}")).await?, "[]");

    for (jid, ended) in [(&one, one.as_str()), (&again, account)] {
        order(&lab, &format!("otr-end {jid}")).await?;
        assert!(order(&lab, &format!("otr-lines {jid}")).await.is_err());
        let name = ended.split('@').next().unwrap_or_default();
        assert!(!accounts::names(lab.facts(), "burner.test")?.contains(name));
    }
    assert!(order(&lab, "otr potr").await.is_err());
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn nothing_outlives_a_peer_that_is_dropped() -> Tested {
    let lab = Remote::from_env()?;
    let running = || -> Tested<Vec<PathBuf>> {
        let folder = std::fs::read_dir(lab.facts().dir.join("otr"))?;
        Ok(folder.filter_map(|e| Some(e.ok()?.path())).filter(|path| path.is_dir()).collect())
    };
    let before = running()?;
    let peer = OtrPeer::register(lab.facts(), OtrLibrary::Libotr).await?;
    let folder = running()?.into_iter().find(|path| !before.contains(path)).ok_or("no folder")?;
    let of_it = || -> Tested<usize> {
        let processes = std::fs::read_dir("/proc")?.filter_map(|e| std::fs::read(e.ok()?.path().join("cmdline")).ok());
        let name = folder.to_string_lossy().into_owned();
        Ok(processes.filter(|line| String::from_utf8_lossy(line).contains(&name)).count())
    };
    assert_eq!(of_it()?, 1, "the line program");
    drop(peer);
    assert_eq!((of_it()?, running()?), (0, before));
    Ok(())
}
