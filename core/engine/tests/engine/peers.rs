//! Private conversations with other people's clients, through the lab's server: slixmpp with real libotr or otr3.
//!
//! `cargo xtask soak peers` has more texts.

use std::env;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flashpaper::{
    Burner, Comparison, Conversation, CreateOptions, Engine, Event, Events, Message, MessageState, Route, Security,
};
use flashpaper_lab::{OtrEvent, OtrLibrary, OtrPeer, Remote, SMALL};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::support::{Direct, PATIENCE, SERVER, Tested, open};

const LIBRARIES: [OtrLibrary; 2] = [OtrLibrary::Libotr, OtrLibrary::Otr3];

/// A burner and somebody to talk to, who know each other.
pub(crate) struct Scene {
    pub(crate) lab: Remote,
    pub(crate) engine: Engine,
    pub(crate) burner: Burner,
    pub(crate) peer: OtrPeer,
    pub(crate) events: Events,
    _home: TempDir,
}

impl Scene {
    pub(crate) async fn begin(library: OtrLibrary) -> Tested<Self> {
        Self::begin_on(library, SERVER, Direct::plain).await
    }

    pub(crate) async fn begin_on(
        library: OtrLibrary,
        server: &str,
        way: impl FnOnce(&Remote) -> Arc<Direct>,
    ) -> Tested<Self> {
        let (lab, home) = (Remote::from_env()?, TempDir::new()?);
        let engine = open(home.path(), &lab).await?;
        engine.start_on(way(&lab)).await?;
        let options = CreateOptions {
            server: Some(server.into()),
            route: Some(Route::Exit),
            recoverable: false,
            ..CreateOptions::default()
        };
        let burner = engine.create_burner(options).await?;
        let mut peer = OtrPeer::register(lab.facts(), library).await?;
        peer.command(&format!("to {}", burner.jid)).await?;
        engine.add_contact(&burner.id, peer.jid())?;
        let events = engine.events(None);
        engine.connect(&burner.id)?;
        let mut scene = Self { lab, engine, burner, peer, events, _home: home };
        let online =
            |event: &Event| matches!(event, Event::Connection { connection: flashpaper::Connection::Online, .. });
        scene.event(online).await?;
        Ok(scene)
    }

    pub(crate) async fn private(library: OtrLibrary) -> Tested<Self> {
        let mut scene = Self::begin(library).await?;
        scene.says("hello").await?;
        Ok(scene)
    }

    pub(crate) fn conversation(&self) -> Tested<Conversation> {
        Ok(self.engine.conversation(&self.burner.id, self.peer.jid())?)
    }

    pub(crate) async fn event(&mut self, wanted: impl Fn(&Event) -> bool) -> Tested<Event> {
        let wait = async {
            loop {
                let event = self.events.next().await.ok_or("closed")?;
                if wanted(&event) {
                    return Ok(event);
                }
            }
        };
        timeout(PATIENCE, wait).await?
    }

    pub(crate) async fn becomes(&self, security: Security) -> Tested {
        let end = Instant::now() + PATIENCE;
        while self.conversation()?.security != security {
            assert!(Instant::now() < end, "{:?} instead of {security:?}", self.conversation()?);
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// The burner writes, and the peer can read it.
    pub(crate) async fn says(&mut self, text: &str) -> Tested {
        self.engine.send(&self.burner.id, self.peer.jid(), text, None)?;
        let read = self.peer.until(PATIENCE, |event| matches!(event, OtrEvent::Text { .. })).await?;
        assert_eq!(read, OtrEvent::Text { text: text.to_owned(), private: true });
        Ok(())
    }

    /// The peer writes, and the burner can read it.
    pub(crate) async fn hears(&mut self, text: &str) -> Tested {
        self.peer.command(&format!("say {text}")).await?;
        self.heard(text).await
    }

    pub(crate) async fn heard(&mut self, text: &str) -> Tested {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(message) = self.unread()?.first() {
                assert_eq!(message.text, text);
                assert_ne!(message.security, Security::Plaintext);
                self.engine.taken(&self.burner.id, message.id)?;
                return Ok(());
            }
            assert!(Instant::now() < end, "{text}: {:?}", self.conversation()?);
            sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) fn unread(&self) -> Tested<Vec<Message>> {
        let messages = self.engine.messages(&self.burner.id, None, None, u32::MAX)?;
        Ok(messages.into_iter().filter(|m| m.state == MessageState::Received).collect())
    }

    async fn comparison(&mut self) -> Tested<Comparison> {
        match self.event(|event| matches!(event, Event::Comparison { .. })).await? {
            Event::Comparison { comparison, .. } => Ok(comparison),
            _ => Err("another event".into()),
        }
    }

    pub(crate) async fn end(self) -> Tested {
        self.engine.burn(&self.burner.id).await?;
        self.engine.close().await;
        Ok(self.peer.remove().await?)
    }
}

/// The small number of every run, or that of `cargo xtask soak peers`.
fn count() -> u32 {
    if env::var_os("FLASHPAPER_SOAK").is_some() { 10_000 } else { 20 }
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn many_texts_each_way_in_pieces_too() -> Tested {
    for library in LIBRARIES {
        let mut scene = Scene::private(library).await?;
        scene.peer.command("limit 300").await?;
        for number in 0..count() {
            scene.says(&format!("{number} of ours")).await?;
            scene.hears(&format!("{number} of theirs")).await?;
        }
        let long = "long ".repeat(1900);
        scene.says(&long).await?;
        scene.hears(&long).await?;
        scene.end().await?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_text_goes_in_the_pieces_that_its_server_takes() -> Tested {
    for library in LIBRARIES {
        let mut scene = Scene::begin_on(library, SMALL, Direct::plain).await?;
        scene.says("hello").await?;
        scene.peer.events();
        let long = "long ".repeat(2000);
        scene.engine.send(&scene.burner.id, scene.peer.jid(), &long, None)?;
        let (mut pieces, mut read) = (0, None);
        while read.is_none() {
            match scene.peer.next(PATIENCE).await? {
                OtrEvent::Received { body, .. } => pieces += u32::from(body.starts_with("?OTR|")),
                OtrEvent::Text { text, .. } => read = Some(text),
                _ => {}
            }
        }
        assert_eq!(read, Some(long));
        // Of the 10,000 bytes of a stanza, the longest addresses leave less than 3,000 for a piece.
        assert!(pieces >= 5, "{pieces}");
        scene.says("and short").await?;
        scene.hears("heard").await?;
        scene.end().await?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn secrets_are_compared() -> Tested {
    let mut scene = Scene::private(OtrLibrary::Libotr).await?;
    let (id, jid) = (scene.burner.id.clone(), scene.peer.jid().to_owned());
    // We ask, and they answer wrongly; then rightly.
    for (answer, result) in [("dog", Comparison::Different), ("cat", Comparison::Verified)] {
        scene.engine.compare(&id, &jid, "cat", Some("pet?"))?;
        scene.peer.until(PATIENCE, |e| matches!(e, OtrEvent::SmpAsked { question: Some(q) } if q == "pet?")).await?;
        scene.peer.command(&format!("answer {answer}")).await?;
        assert_eq!(scene.comparison().await?, result);
    }
    assert_eq!(scene.conversation()?.security, Security::Verified);
    let key = scene.conversation()?.keys[0];
    scene.engine.set_verified(&id, &jid, key.fingerprint, false)?;
    assert_eq!(scene.conversation()?.security, Security::KeyChanged, "no text goes there");
    scene.engine.accept_key(&id, &jid, key.fingerprint)?;
    assert_eq!(scene.conversation()?.security, Security::Private);
    // They ask with a question: that verifies us to them, not them to us.
    scene.peer.command("question pet?\tcat").await?;
    assert_eq!(scene.comparison().await?, Comparison::Asked { question: Some("pet?".into()) });
    assert!(scene.conversation()?.question.is_some());
    // An answer to something else would verify them.
    let other = scene.engine.answer_comparison(&id, &jid, "cat", None);
    assert_eq!(other.err(), Some(flashpaper::Error::NothingAsked));
    scene.engine.answer_comparison(&id, &jid, "cat", Some("pet?"))?;
    assert_eq!(scene.comparison().await?, Comparison::VerifiedUs);
    assert_eq!((scene.conversation()?.security, scene.conversation()?.keys[0].verified_us), (Security::Private, true));
    // Without a question both sides have shown that they know the secret.
    scene.peer.command("ask cat").await?;
    assert_eq!(scene.comparison().await?, Comparison::Asked { question: None });
    scene.engine.answer_comparison(&id, &jid, "cat", None)?;
    assert_eq!(scene.comparison().await?, Comparison::Verified);
    assert_eq!(scene.engine.answer_comparison(&id, &jid, "cat", None).err(), Some(flashpaper::Error::NothingAsked));
    // Who guesses is not asked for ever, and a failure takes nothing back.
    for _ in 0..3 {
        scene.peer.command("ask cat").await?;
        assert!(matches!(scene.comparison().await?, Comparison::Asked { .. }));
        scene.engine.answer_comparison(&id, &jid, "dog", None)?;
        assert_eq!(scene.comparison().await?, Comparison::Different);
    }
    scene.peer.command("ask cat").await?;
    scene.peer.until(PATIENCE, |e| *e == OtrEvent::SmpAbort).await?;
    assert!(scene.conversation()?.question.is_none());
    assert_eq!(scene.conversation()?.security, Security::Verified);
    scene.end().await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_client_that_has_version_2_alone_is_talked_to_in_that() -> Tested {
    let mut scene = Scene::begin(OtrLibrary::Libotr).await?;
    let (id, jid) = (scene.burner.id.clone(), scene.peer.jid().to_owned());
    scene.peer.command("version 2").await?;
    scene.peer.command("limit 300").await?;
    scene.says("hello").await?;
    scene.hears(&"long ".repeat(500)).await?;
    assert_eq!(scene.conversation()?.version, Some(2));
    scene.engine.compare(&id, &jid, "cat", None)?;
    scene.peer.until(PATIENCE, |event| matches!(event, OtrEvent::SmpAsked { .. })).await?;
    scene.peer.command("answer cat").await?;
    assert_eq!(scene.comparison().await?, Comparison::Verified);
    scene.says("verified").await?;
    scene.hears("and read").await?;
    scene.end().await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn what_a_peer_writes_in_the_clear_is_shown_as_that_and_answered_in_private() -> Tested {
    for library in LIBRARIES {
        let mut scene = Scene::begin(library).await?;
        scene.peer.command("say in the clear").await?;
        let end = Instant::now() + PATIENCE;
        while scene.unread()?.is_empty() {
            assert!(Instant::now() < end);
            sleep(Duration::from_millis(20)).await;
        }
        let message = scene.unread()?.remove(0);
        assert_eq!((message.text.as_str(), message.security), ("in the clear", Security::Plaintext));
        scene.engine.taken(&scene.burner.id, message.id)?;
        scene.says("in private").await?;
        // Pidgin's texts are HTML; its user writes 1 < 2. The client with otr3 writes plain text.
        scene.peer.command("html 1 < 2\nand so on").await?;
        let (theirs, ours) = match library {
            OtrLibrary::Libotr => ("1 < 2\nand so on", "2 &gt; 1 &amp; so on"),
            OtrLibrary::Otr3 => {
                (r##"<FONT FACE="Sans" COLOR="#204a87">1 &lt; 2<BR>and so on</FONT>"##, "2 > 1 & so on")
            }
        };
        scene.heard(theirs).await?;
        scene.engine.send(&scene.burner.id, scene.peer.jid(), "2 > 1 & so on", None)?;
        assert_eq!(scene.peer.text(PATIENCE).await?, ours, "as its client shows it");
        scene.end().await?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn texts_go_to_the_client_whose_key_is_verified() -> Tested {
    let mut scene = Scene::private(OtrLibrary::Libotr).await?;
    let (id, jid) = (scene.burner.id.clone(), scene.peer.jid().to_owned());
    let mut other = OtrPeer::log_in(scene.lab.facts(), OtrLibrary::Libotr, &jid, scene.peer.password()).await?;
    other.command(&format!("to {}", scene.burner.jid)).await?;
    other.command("start").await?;
    other.until(PATIENCE, |event| *event == OtrEvent::Secure).await?;
    let end = Instant::now() + PATIENCE;
    while scene.conversation()?.keys.len() < 2 {
        assert!(Instant::now() < end);
        sleep(Duration::from_millis(20)).await;
    }
    scene.says("for the first").await?;
    let first = scene.conversation()?.key;
    let second = scene.conversation()?.keys.into_iter().find(|key| Some(key.fingerprint) != first).ok_or("one key")?;
    scene.engine.set_verified(&id, &jid, second.fingerprint, true)?;
    scene.engine.send(&id, &jid, "for the second", None)?;
    assert_eq!(other.text(PATIENCE).await?, "for the second");
    scene.becomes(Security::Verified).await?;
    drop(other);
    scene.end().await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_private_conversation_that_rests_for_too_long_ends_by_itself() -> Tested {
    let mut scene = Scene::private(OtrLibrary::Libotr).await?;
    scene.hears("before").await?;
    scene.engine.set_idle_timeout(&scene.burner.id, Duration::from_secs(1))?;
    scene.becomes(Security::Plaintext).await?;
    // Otherwise the peer's user would write texts that nobody can read.
    scene.peer.until(PATIENCE, |event| *event == OtrEvent::Finished).await?;
    let states: Vec<_> =
        scene.engine.messages(&scene.burner.id, None, None, u32::MAX)?.iter().map(|message| message.state).collect();
    assert_eq!(states, [MessageState::Acked], "what was read is not called unread");
    scene.end().await
}
