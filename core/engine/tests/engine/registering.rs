//! Creations at servers that guard their registration: what is asked of a person, what refuses, and where it goes on then.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use flashpaper::{
    Answer, Answers, BurnOutcome, Burner, Config, CreateOptions, Engine, Error, Event, Events, FieldKind, Input, Key,
    Network, PrivateNetwork, Question, QuestionEnd, Route, Step,
};
use flashpaper_lab::{LabServer, Remote, ServerKind};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use crate::support::{Direct, SERVER, Tested, open};

const PATIENCE: Duration = Duration::from_secs(120);

fn at(domain: &str) -> CreateOptions {
    CreateOptions { server: Some(domain.into()), route: Some(Route::Exit), ..CreateOptions::default() }
}

/// An engine past Tor.
async fn direct(home: &TempDir, lab: &Remote) -> Tested<Engine> {
    let engine = open(home.path(), lab).await?;
    engine.start_on(Direct::plain(lab)).await?;
    Ok(engine)
}

/// One that knows other servers: a domain and a kind each.
async fn with_servers(home: &TempDir, lab: &Remote, servers: &[(&str, &str)]) -> Tested<Engine> {
    let mut facts: Value = serde_json::from_str(&std::fs::read_to_string(lab.facts_file())?)?;
    let entry = |(domain, kind): &(&str, &str)| json!({ "domain": domain, "onion": "", "in_band_registration": kind });
    facts["network"]["servers"] = servers.iter().map(entry).collect();
    let network = Network::Private(PrivateNetwork::parse(&facts.to_string())?);
    let engine = Engine::open(Config { home: home.path().to_owned(), key: Key::File, network }).await?;
    engine.start_on(Direct::plain(lab)).await?;
    Ok(engine)
}

fn creating(engine: &Engine, options: CreateOptions) -> JoinHandle<Result<Burner, Error>> {
    let engine = engine.clone();
    tokio::spawn(async move { engine.create_burner(options).await })
}

/// The next question, and what was reported before it.
async fn asked(engine: &Engine, events: &mut Events) -> Tested<Question> {
    let wait = async {
        loop {
            if let Event::Question { question, .. } = events.next().await.ok_or("closed")? {
                return Tested::Ok(engine.question(question)?);
            }
        }
    };
    timeout(PATIENCE, wait).await?
}

fn all(events: &mut Events) -> Vec<Event> {
    std::iter::from_fn(|| events.try_next()).collect()
}

fn answer(text: &str) -> Answers {
    Answers(BTreeMap::from([(0, Answer::Text(Zeroizing::new(text.to_owned())))]))
}

/// What was moved on from, and why.
fn refusals(events: &[Event]) -> Vec<(String, &'static str)> {
    let refusal = |event: &Event| match event {
        Event::Creating { step: Step::MovingOn { from, why }, .. } => Some((from.as_str().to_owned(), why.code())),
        _ => None,
    };
    events.iter().filter_map(refusal).collect()
}

async fn accounts(servers: &[LabServer]) -> Tested<Vec<String>> {
    let mut names = Vec::new();
    for server in servers {
        names.extend(server.accounts().await?.into_iter().filter(|name| !name.starts_with("early")));
    }
    Ok(names)
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_person_answers_a_captcha_and_a_wrong_answer_has_another_asked() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let server = lab.server(ServerKind::Captcha).await?;
    let before = server.accounts().await?;
    let engine = direct(&home, &lab).await?;
    let mut events = engine.events(None);
    let making = creating(&engine, at(server.domain()));

    let first = asked(&engine, &mut events).await?;
    let [field] = first.form.fields.as_slice() else { return Err("one field is asked".into()) };
    let picture = field.picture.as_ref().ok_or("a picture")?;
    assert!(field.is_challenge && field.kind == FieldKind::Text && picture.width > 0);
    assert_eq!(engine.snapshot()?.questions.as_slice(), std::slice::from_ref(&first));
    let misfit = engine.answer(first.id, Answers::default());
    assert!(matches!(misfit, Err(Error::InvalidInput { input: Input::Answer { .. } })), "{misfit:?}");

    engine.ask_anew(first.id)?;
    let second = asked(&engine, &mut events).await?;
    assert!(second.id != first.id && second.form != first.form, "another picture");
    assert_eq!(engine.answer(first.id, answer("1")), Err(Error::NoSuchQuestion));

    engine.answer(second.id, answer("wrong"))?;
    let third = asked(&engine, &mut events).await?;
    assert_ne!(third.burner, second.burner, "a form that was sent uses up its identity");
    engine.answer(third.id, answer(&server.captcha_answer().await?))?;
    let burner = making.await??;
    assert_eq!(burner.id, third.burner);
    assert!(engine.snapshot()?.questions.is_empty());
    assert_eq!(server.accounts().await?.difference(&before).count(), 1);
    let ends: Vec<_> = all(&mut events)
        .into_iter()
        .filter_map(|event| if let Event::QuestionEnded { end, .. } = event { Some(end) } else { None })
        .collect();
    assert!(ends.contains(&QuestionEnd::Answered), "{ends:?}");
    assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
    assert_eq!(server.accounts().await?, before);
    engine.close().await;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_question_ends_typed_when_it_is_declined_or_cancelled_or_the_server_is_gone() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let server = lab.server(ServerKind::Captcha).await?;
    let engine = direct(&home, &lab).await?;
    let mut events = engine.events(None);
    let silent = engine.create_burner(CreateOptions { asks_nothing: true, ..at(server.domain()) }).await;
    assert_eq!(silent.err(), Some(Error::NeedsForm));

    let making = creating(&engine, at(server.domain()));
    let question = asked(&engine, &mut events).await?;
    engine.decline(question.id)?;
    assert_eq!(making.await?.err(), Some(Error::Declined));

    let making = creating(&engine, at(server.domain()));
    asked(&engine, &mut events).await?;
    making.abort();
    timeout(PATIENCE, async {
        while !engine.snapshot()?.questions.is_empty() || !engine.burners()?.is_empty() {
            sleep(Duration::from_millis(20)).await;
        }
        Tested::Ok(())
    })
    .await??;

    let making = creating(&engine, at(server.domain()));
    let question = asked(&engine, &mut events).await?;
    server.stop().await?;
    let gone = timeout(PATIENCE, making).await??.err();
    assert!(matches!(gone, Some(Error::ServerUnreachable | Error::QuestionExpired)), "{gone:?}");
    assert_eq!(engine.answer(question.id, answer("1")), Err(Error::NoSuchQuestion));
    assert!(engine.burners()?.is_empty(), "no server has seen a name");
    engine.close().await;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn each_refusal_is_named_by_what_an_app_can_do() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    for (kind, code) in [
        (ServerKind::Closed, "registration_closed"),
        (ServerKind::Web, "needs_web"),
        (ServerKind::Invite, "needs_invite"),
        (ServerKind::Misnamed, "untrusted"),
    ] {
        let engine = direct(&home, &lab).await?;
        let server = lab.server(kind).await?;
        let refused = engine.create_burner(at(server.domain())).await.err().ok_or("no refusal")?;
        assert_eq!(refused.code(), code, "{kind}");
        if let Error::NeedsWeb { page } = &refused {
            assert!(page.url().starts_with("https://"), "{}", page.url());
        }
        assert!(engine.burners()?.is_empty(), "{kind}");
        engine.close().await;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn an_invitation_makes_one_account() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let server = lab.server(ServerKind::Invite).await?;
    let engine = direct(&home, &lab).await?;
    let with = |link: &str| CreateOptions { invitation: Some(link.to_owned()), ..CreateOptions::default() };
    let no_link = engine.create_burner(with("xmpp:friend@jabber.example")).await;
    assert_eq!(no_link.err(), Some(Error::InvalidInput { input: Input::Invitation }));
    let link = server.invitation().await?;
    let elsewhere = CreateOptions { server: Some(SERVER.into()), ..with(&link) };
    assert_eq!(engine.create_burner(elsewhere).await.err(), Some(Error::InvalidInput { input: Input::Invitation }));

    let burner = engine.create_burner(with(&link)).await?;
    assert!(burner.jid.ends_with(server.domain()));
    let spent = engine.create_burner(with(&link)).await.err();
    assert_eq!(spent, Some(Error::NeedsInvite), "it is good for one");
    assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
    engine.close().await;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_quarantine_is_told_before_an_account_is_handed_over_and_none_is_left() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let server = lab.server(ServerKind::Quarantine).await?;
    let engine = direct(&home, &lab).await?;
    let mut events = engine.events(None);
    assert_eq!(engine.create_burner(at(server.domain())).await.err(), Some(Error::Quarantined));
    timeout(PATIENCE, async {
        while !engine.burners()?.is_empty() {
            sleep(Duration::from_millis(50)).await;
        }
        Tested::Ok(())
    })
    .await??;
    assert!(server.accounts().await?.is_empty());
    let said = all(&mut events)
        .into_iter()
        .any(|event| matches!(event, Event::Creating { step: Step::ServerSays { .. }, .. }));
    assert!(said, "what the server says to a new account is handed on");
    engine.close().await;
    Ok(())
}

/// Seven servers refuse in seven ways, each of them once. What was learnt spares the next creation most of them.
#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_creation_goes_on_from_seven_refusals_to_the_server_that_takes_it() -> Tested {
    use ServerKind as K;
    const REFUSING: [K; 7] =
        [K::Closed, K::Web, K::Invite, K::Throttle, K::EjabberdThrottle, K::Quarantine, K::Misnamed];
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let mut servers = Vec::new();
    for kind in REFUSING {
        servers.push(lab.server(kind).await?);
    }
    for server in servers.iter().filter(|server| matches!(server.facts().kind, K::Throttle | K::EjabberdThrottle)) {
        // What it remembers of an earlier test goes with its process.
        server.stop().await?;
        lab.server(server.facts().kind).await?.exhaust().await?;
    }
    let taking = lab.server(K::Captcha).await?;
    let mut list: Vec<(&str, &str)> = servers.iter().map(|server| (server.domain(), "yes")).collect();
    // It comes last, as it asks something.
    list.push((taking.domain(), "captcha"));
    let engine = with_servers(&home, &lab, &list).await?;
    let mut events = engine.events(None);
    let before = taking.accounts().await?.len();
    let making = creating(&engine, CreateOptions::default());
    let question = asked_paced(&engine).await?;
    engine.answer(question.id, answer(&taking.captcha_answer().await?))?;
    let burner = making.await??;

    assert!(burner.jid.ends_with(taking.domain()));
    let events = all(&mut events);
    let refused: BTreeMap<_, _> = refusals(&events).into_iter().collect();
    let codes: BTreeSet<&str> = refused.values().copied().collect();
    let expected = ["registration_closed", "needs_web", "needs_invite", "rate_limited", "quarantined", "untrusted"];
    assert!(expected.iter().all(|code| codes.contains(code)), "{refused:?}");
    assert_eq!(refused.len(), REFUSING.len(), "each once: {refused:?}");
    assert_eq!(accounts(&servers).await?, Vec::<String>::new(), "of those that refused none has an account");
    assert_eq!(taking.accounts().await?.len(), before + 1);
    // Each attempt had a name of its own: what one server has seen tells another nothing.
    let mut seen = BTreeSet::new();
    for server in &servers {
        let log = std::fs::read_to_string(&server.facts().log).unwrap_or_default();
        assert!(!log.contains(burner.jid.split('@').next().unwrap_or_default()), "{}", server.domain());
        seen.insert(log);
    }
    assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);

    // What was learnt speaks against all but those that ask to wait.
    let mut events = engine.events(None);
    let silent = engine.create_burner(CreateOptions { asks_nothing: true, ..CreateOptions::default() }).await;
    assert_eq!(silent.err(), Some(Error::RateLimited { retry_after: None }));
    let throttles = [K::Throttle.domain(), K::EjabberdThrottle.domain()];
    assert!(refusals(&all(&mut events)).iter().all(|(from, _)| throttles.contains(from)));
    engine.close().await;
    Ok(())
}

async fn asked_paced(engine: &Engine) -> Tested<Question> {
    let wait = async {
        loop {
            if let Some(question) = engine.snapshot()?.questions.into_iter().next() {
                return Tested::Ok(question);
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, wait).await?
}
