//! A burner that comes back from its recovery words on another phone.

use flashpaper::{
    CreateOptions, Engine, Error, Event, Input, MessageState, Relationship, Route, Security, Settlement, WordsError,
};
use flashpaper_lab::{OtrEvent, OtrLibrary, OtrPeer, Remote};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::registering::direct;
use crate::support::{PATIENCE, SERVER, Tested, open};

/// Twelve words that fit together, and lead to no account.
const NOBODY: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

async fn recoverable(engine: &Engine) -> Tested<(flashpaper::Burner, String)> {
    let options = CreateOptions {
        server: Some(SERVER.into()),
        route: Some(Route::Exit),
        recoverable: true,
        ..CreateOptions::default()
    };
    let burner = engine.create_burner(options).await?;
    assert!(engine.words_left(&burner.id)?);
    let words = engine.recovery_words(&burner.id)?.ok_or("no words")?.to_string();
    engine.drop_recovery_words(&burner.id)?;
    assert!(!engine.words_left(&burner.id)?);
    Ok((burner, words))
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_peer_goes_on_with_the_same_key_on_another_phone() -> Tested {
    let (lab, lost, found) = (Remote::from_env()?, TempDir::new()?, TempDir::new()?);
    let engine = direct(&lost, &lab).await?;
    let (burner, words) = recoverable(&engine).await?;
    let key = engine.fingerprint(&burner.id)?;
    let mut peer = OtrPeer::register(lab.facts(), OtrLibrary::Libotr).await?;
    peer.command(&format!("to {}", burner.jid)).await?;
    engine.add_contact(&burner.id, peer.jid())?;
    engine.connect(&burner.id)?;
    engine.send(&burner.id, peer.jid(), "before", None)?;
    let read = |event: &OtrEvent| matches!(event, OtrEvent::Text { .. });
    assert_eq!(peer.until(PATIENCE, read).await?, OtrEvent::Text { text: "before".into(), private: true });
    let (again, gone) = (engine.restore(&words, SERVER, Some(Route::Exit)).await, burner.jid.clone());
    assert_eq!(again.err(), Some(Error::AlreadyHere));
    engine.close().await;

    let engine = direct(&found, &lab).await?;
    let restored = engine.restore(&words.to_uppercase(), SERVER, Some(Route::Exit)).await?;
    assert_eq!((restored.jid.as_str(), engine.fingerprint(&restored.id)?), (gone.as_str(), key));
    assert_eq!(engine.burners()?.len(), 1);
    assert_eq!(engine.conversation(&restored.id, peer.jid())?.relationship, Relationship::Contact);
    engine.connect(&restored.id)?;
    let mut events = engine.events(None);
    // libotr writes under the session that is lost; that the burner says so, and begins anew, is its usual way.
    engine.send(&restored.id, peer.jid(), "after", None)?;
    let seen = peer.until(PATIENCE, |event| matches!(event, OtrEvent::Text { text, .. } if text == "after")).await?;
    assert_eq!(seen, OtrEvent::Text { text: "after".into(), private: true });
    peer.command("say found you").await?;
    let came = async {
        loop {
            let event = events.next().await.ok_or("closed")?;
            if let Event::Message { message, state: MessageState::Received, .. } = event {
                return Tested::Ok(engine.message(&restored.id, message)?);
            }
        }
    };
    let came = timeout(PATIENCE, came).await??;
    assert_eq!((came.text.as_str(), came.security), ("found you", Security::Private));
    engine.burn(&restored.id).await?;

    // The account is gone: the words lead nowhere, and nothing is registered.
    assert_eq!(engine.restore(&words, SERVER, Some(Route::Exit)).await.err(), Some(Error::NoSuchBurner));
    assert!(engine.burners()?.is_empty());
    engine.close().await;
    // The phone that was lost finds that out by itself.
    let engine = direct(&lost, &lab).await?;
    let report = engine.burn(&burner.id).await?;
    assert!(matches!(report.outcome, flashpaper::BurnOutcome::Queued | flashpaper::BurnOutcome::AlreadyGone));
    engine.close().await;
    Ok(peer.remove().await?)
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn words_that_are_wrong_are_told_before_any_network_and_others_register_nothing() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let engine = open(home.path(), &lab).await?;
    let fault = async |text: String| match engine.restore(&text, SERVER, None).await {
        Err(Error::InvalidInput { input: Input::Words { fault } }) => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(fault("legal winner".into()).await, WordsError::Count { words: 2 });
    assert_eq!(fault(NOBODY.replace("yellow", "year")).await, WordsError::Checksum);
    let WordsError::Unknown { at, nearest } = fault(NOBODY.replace("sausage", "sausge")).await else {
        return Err("another fault".into());
    };
    assert_eq!((at, nearest.expose()), (6, "sausage"));
    assert_eq!(engine.restore(NOBODY, SERVER, None).await.err(), Some(Error::TorNotStarted));
    assert!(matches!(engine.restore(NOBODY, "no server", None).await, Err(Error::InvalidInput { .. })));
    engine.close().await;

    let engine = direct(&home, &lab).await?;
    let mut events = engine.events(None);
    assert_eq!(engine.restore(NOBODY, SERVER, Some(Route::Exit)).await.err(), Some(Error::NoSuchBurner));
    // Twice: the first has not made it.
    assert_eq!(engine.restore(NOBODY, SERVER, Some(Route::Exit)).await.err(), Some(Error::NoSuchBurner));
    assert!(engine.burners()?.is_empty());
    while let Some(event) = events.try_next() {
        assert!(
            !matches!(event, Event::Creating { .. } | Event::Settled { outcome: Settlement::Kept, .. }),
            "{event:?}"
        );
    }
    engine.close().await;
    Ok(())
}
