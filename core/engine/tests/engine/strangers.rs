//! Strangers and the blocked at a real server: the bytes that a burner sends are searched for any answer to them.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use flashpaper::{ByteStream, Connection, Event};
use flashpaper_lab::{Attacker, OtrEvent, OtrLibrary, Remote};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::sleep;

use crate::liar::xml::{attribute, content, name};
use crate::peers::Scene;
use crate::support::{Direct, PATIENCE, SERVER, Tested, open};
use crate::wire::{self, DOMAIN, Through};

/// How long something that must not come is waited for.
const A_WHILE: Duration = Duration::from_secs(2);

/// One of each kind of stanza, from somebody to an address; ids begin with `id`.
fn stanzas(from: &str, to: &str, id: &str) -> Vec<String> {
    let about = |name: &str, kind: &str, number: usize, inside: &str| {
        let kind = if kind.is_empty() { String::new() } else { format!(" type='{kind}'") };
        format!("<{name} from='{from}' to='{to}' id='{id}{number}'{kind}>{inside}</{name}>")
    };
    let receipt = "<body>hello?</body><request xmlns='urn:xmpp:receipts'/>";
    let messages = [
        ("chat", receipt),
        ("normal", receipt),
        ("headline", receipt),
        ("groupchat", receipt),
        ("error", "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"),
        ("chat", "<body>?OTRv3?</body>"),
        ("chat", "<body>?OTR Error: lost</body>"),
        ("chat", "<received xmlns='urn:xmpp:receipts' id='x'/>"),
        ("chat", "<composing xmlns='http://jabber.org/protocol/chatstates'/>"),
        ("chat", "<markable xmlns='urn:xmpp:chat-markers:0'/><body>read me</body>"),
    ];
    let presences = ["", "unavailable", "subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe", "error"];
    let requests = [
        ("get", "<query xmlns='http://jabber.org/protocol/disco#info'/>"),
        ("get", "<query xmlns='jabber:iq:version'/>"),
        ("get", "<ping xmlns='urn:xmpp:ping'/>"),
        ("get", "<time xmlns='urn:xmpp:time'/>"),
        ("set", "<query xmlns='jabber:iq:roster'><item jid='x@notls.test'/></query>"),
        ("set", "<block xmlns='urn:xmpp:blocking'><item jid='x@notls.test'/></block>"),
        ("result", "<ping xmlns='urn:xmpp:ping'/>"),
        ("error", "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"),
    ];
    let messages = messages.iter().map(|(kind, inside)| ("message", *kind, *inside));
    let presences = presences.iter().map(|kind| ("presence", *kind, ""));
    let requests = requests.iter().map(|(kind, inside)| ("iq", *kind, *inside));
    let all = messages.chain(presences).chain(requests).enumerate();
    all.map(|(number, (name, kind, inside))| about(name, kind, number, inside)).collect()
}

/// What the receiver of a stanza learns from it: its name, type, id and error condition.
fn gist(stanza: &str) -> [String; 4] {
    let condition = content(stanza, "error").unwrap_or_default();
    let values = [attribute(stanza, "type"), attribute(stanza, "id")].map(Option::unwrap_or_default);
    let [kind, id] = values;
    [name(stanza).to_owned(), kind, id, name(&condition).to_owned()]
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn strangers_and_the_blocked_are_answered_as_by_a_server_without_the_account() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let (engine, line) = (open(home.path(), &lab).await?, Through::inside(&lab).await?);
    engine.start_on(Arc::new(line.clone())).await?;
    let burner = engine.create_burner(wire::at(DOMAIN)).await?;
    engine.connect(&burner.id)?;
    line.recorded().await;
    let full = wire::full_jid(&burner, &line).ok_or("no bind")?;
    let mut attacker = Attacker::connect(lab.facts()).await?;
    for who in ["stranger@notls.test", "blocked@notls.test"] {
        if who.starts_with("blocked") {
            engine.set_blocked(&burner.id, who, true)?;
        }
        let before = wire::elements(line.recorded().await.last().ok_or("no stream")?).len();
        attacker.look(who).await?;
        // Leftovers of an earlier run.
        attacker.taken(who).await?;
        for (to, id) in [("absent@notls.test", "bare"), ("absent@notls.test/x", "full")] {
            for stanza in stanzas(&format!("{who}/theirs"), to, id) {
                attacker.deliver(&stanza).await?;
            }
        }
        let absent: Vec<[String; 4]> = attacker.taken(who).await?.iter().map(|stanza| gist(stanza)).collect();
        for (to, id) in [(&burner.jid, "bare"), (&full, "full")] {
            for stanza in stanzas(&format!("{who}/theirs"), to, id) {
                attacker.deliver(&stanza).await?;
            }
        }
        let said = wire::elements(line.recorded().await.last().ok_or("no stream")?).split_off(before);
        let to_them = said.iter().filter(|said| attribute(said, "to").is_some_and(|to| to.starts_with(who)));
        let answers: Vec<[String; 4]> = to_them.map(|said| gist(said)).collect();
        for answer in &answers {
            assert!(absent.contains(answer), "{who}: {answer:?} instead of {absent:?}");
        }
        // A request has an answer (RFC 6120, section 8.2.3), and where there is no account the server gives it.
        let owed =
            absent.iter().filter(|[name, kind, id, _]| name == "iq" && kind == "error" && id.starts_with("full"));
        let asked = owed.count();
        assert!(asked >= 6, "{absent:?}");
        let answered = if who.starts_with("blocked") { answers.len() } else { asked };
        assert_eq!(answers.len(), answered, "{who}: {answers:?}");
        let words = said.iter().filter(|said| !["iq", "r", "a"].contains(&name(said)));
        assert_eq!(words.collect::<Vec<_>>(), Vec::<&String>::new(), "{who}");
        attacker.pass(who).await?;
    }
    engine.burn(&burner.id).await?;
    engine.close().await;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_block_that_is_lost_on_its_way_is_told_again() -> Tested {
    let lose = Arc::new(AtomicBool::new(false));
    let losing = Arc::clone(&lose);
    let way = |lab: &Remote| {
        Direct::wrapped(lab, move |inner| {
            losing.store(false, SeqCst);
            Box::new(Losing { inner, lose: Arc::clone(&losing), has_lost: false })
        })
    };
    let mut scene = Scene::begin_on(OtrLibrary::Libotr, SERVER, way).await?;
    let (id, jid) = (scene.burner.id.clone(), scene.peer.jid().to_owned());
    scene.says("hello").await?;
    // Nothing else is on its way.
    sleep(A_WHILE).await;
    scene.events = scene.engine.events(None);
    lose.store(true, SeqCst);
    scene.engine.set_blocked(&id, &jid, true)?;
    let is = |event: &Event, wanted: fn(&Connection) -> bool| matches!(event, Event::Connection { connection, .. } if wanted(connection));
    scene.event(|event| is(event, |connection| matches!(connection, Connection::Waiting { .. }))).await?;
    scene.event(|event| is(event, |connection| matches!(connection, Connection::Online))).await?;
    let end = Instant::now() + PATIENCE;
    let bounced = |event: &OtrEvent| matches!(event, OtrEvent::Bounced { .. });
    while !scene.peer.events().iter().any(bounced) {
        assert!(Instant::now() < end, "the server does not know");
        scene.peer.command("raw hello?").await?;
        sleep(Duration::from_millis(200)).await;
    }
    scene.end().await
}

/// Takes bytes that never arrive, and ends then.
struct Losing {
    inner: Box<dyn ByteStream>,
    lose: Arc<AtomicBool>,
    has_lost: bool,
}

impl AsyncRead for Losing {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.has_lost { Poll::Ready(Ok(())) } else { Pin::new(&mut self.inner).poll_read(cx, buf) }
    }
}

impl AsyncWrite for Losing {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.has_lost |= self.lose.load(SeqCst);
        if self.has_lost { Poll::Ready(Ok(buf.len())) } else { Pin::new(&mut self.inner).poll_write(cx, buf) }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
