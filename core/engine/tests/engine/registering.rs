//! Creations at servers that guard their registration: what is asked of a person, what refuses, and where it goes on then.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flashpaper::{
    Answer, Answers, BurnOutcome, Burner, Config, Connection, CreateOptions, Engine, Error, Event, Events, FailReason,
    FieldKind, FormFault, Input, Key, MessageState, Network, PrivateNetwork, Question, QuestionEnd, Route, Settlement,
    Step,
};
use flashpaper_lab::{LabServer, Remote, ServerKind};
use rustix::process::{Signal, getpid, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use crate::support::{Direct, PATIENCE, SERVER, Tested, open, own_test};

pub(crate) fn at(domain: &str) -> CreateOptions {
    CreateOptions { server: Some(domain.into()), route: Some(Route::Exit), ..CreateOptions::default() }
}

/// An engine past Tor.
pub(crate) async fn direct(home: &TempDir, lab: &Remote) -> Tested<Engine> {
    let engine = open(home.path(), lab).await?;
    engine.start_on(Direct::plain(lab)).await?;
    Ok(engine)
}

/// One that knows other servers: a domain and a kind each.
pub(crate) async fn open_with_servers(home: &Path, lab: &Remote, servers: &[(&str, &str)]) -> Tested<Engine> {
    let mut facts: Value = serde_json::from_str(&std::fs::read_to_string(lab.facts_file())?)?;
    let entry = |(domain, kind): &(&str, &str)| json!({ "domain": domain, "onion": "", "in_band_registration": kind });
    facts["network"]["servers"] = servers.iter().map(entry).collect();
    let network = Network::Private(PrivateNetwork::parse(&facts.to_string())?);
    Ok(Engine::open(Config { home: home.to_owned(), key: Key::File, network, resolvers: None }).await?)
}

pub(crate) type Creation = JoinHandle<Result<Burner, Error>>;

pub(crate) fn creating(engine: &Engine, options: CreateOptions) -> Creation {
    let engine = engine.clone();
    tokio::spawn(async move { engine.create_burner(options).await })
}

/// The next question, and what was reported before it.
pub(crate) async fn asked(engine: &Engine, events: &mut Events) -> Tested<Question> {
    let wait = async {
        loop {
            if let Event::Question { question, .. } = events.next().await.ok_or("closed")? {
                return Tested::Ok(engine.question(question)?);
            }
        }
    };
    timeout(PATIENCE, wait).await?
}

pub(crate) fn all(events: &mut Events) -> Vec<Event> {
    std::iter::from_fn(|| events.try_next()).collect()
}

pub(crate) fn answer(text: &str) -> Answers {
    Answers(BTreeMap::from([(0, Answer::Text(Zeroizing::new(text.to_owned())))]))
}

/// The servers of all attempts.
fn attempts(events: &[Event]) -> BTreeSet<String> {
    let server = |event: &Event| match event {
        Event::Creating { step: Step::Sealed { server, .. }, .. } => Some(server.as_str().to_owned()),
        _ => None,
    };
    events.iter().filter_map(server).collect()
}

/// What was moved on from, and why.
pub(crate) fn refusals(events: &[Event]) -> Vec<(String, &'static str)> {
    let refusal = |event: &Event| match event {
        Event::Creating { step: Step::MovingOn { from, why }, .. } => Some((from.as_str().to_owned(), why.code())),
        _ => None,
    };
    events.iter().filter_map(refusal).collect()
}

/// The addresses that servers have accounts for, but the lab's own.
pub(crate) async fn accounts(servers: &[LabServer]) -> Tested<BTreeSet<String>> {
    let mut addresses = BTreeSet::new();
    for server in servers {
        let names = server.accounts().await?.into_iter().filter(|name| !name.starts_with("early"));
        addresses.extend(names.map(|name| format!("{name}@{}", server.domain())));
    }
    Ok(addresses)
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_creation_that_is_held_tells_what_is_asked_of_it_alone_and_ends_as_it_is_cancelled() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let server = lab.server(ServerKind::Captcha).await?;
    let before = server.accounts().await?;
    let engine = direct(&home, &lab).await?;
    let asked = async |creation: &flashpaper::Creation| {
        let mut progress = creation.progress();
        while let Some(progress) = progress.next().await {
            if let Some(question) = progress.question {
                return Some((progress.server, question));
            }
        }
        None
    };
    let other = engine.create(at(server.domain()));
    let (_, of_other) = timeout(PATIENCE, asked(&other)).await?.ok_or("no question")?;
    let held = engine.create(at(server.domain()));
    let (domain, question) = timeout(PATIENCE, asked(&held)).await?.ok_or("no question")?;
    assert!(domain == Some(question.server.clone()) && question.id != of_other.id);
    // A reader that comes late begins with the present.
    assert_eq!(asked(&held).await.map(|(_, question)| question.id), Some(question.id));
    other.cancel();
    assert_eq!(timeout(PATIENCE, other.burner()).await?, Err(Error::Cancelled));
    engine.answer(question.id, answer(&server.captcha_answer().await?))?;
    let (burner, again) = timeout(PATIENCE, futures::future::join(held.burner(), held.burner())).await?;
    assert_eq!(burner, again);
    assert_eq!(engine.burners()?, [burner?]);
    assert_eq!(asked(&held).await.map(|(_, question)| question.id), None, "it has ended");
    assert_eq!(server.accounts().await?.difference(&before).count(), 1);
    engine.close().await;
    Ok(())
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
    assert_eq!(engine.snapshot().questions.as_slice(), std::slice::from_ref(&first));
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
    assert!(engine.snapshot().questions.is_empty());
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
    assert_eq!(silent.err(), Some(Error::Unanswerable { fault: FormFault::NobodyToAsk }));

    let making = creating(&engine, at(server.domain()));
    let question = asked(&engine, &mut events).await?;
    engine.decline(question.id)?;
    assert_eq!(making.await?.err(), Some(Error::Declined));

    let making = creating(&engine, at(server.domain()));
    asked(&engine, &mut events).await?;
    making.abort();
    timeout(PATIENCE, async {
        while !engine.snapshot().questions.is_empty() || !engine.burners()?.is_empty() {
            sleep(Duration::from_millis(20)).await;
        }
        Tested::Ok(())
    })
    .await??;

    let making = creating(&engine, at(server.domain()));
    let question = asked(&engine, &mut events).await?;
    server.stop().await?;
    assert_eq!(timeout(PATIENCE, making).await??.err(), Some(Error::QuestionExpired));
    let expired =
        Event::QuestionEnded { burner: question.burner.clone(), question: question.id, end: QuestionEnd::Expired };
    assert!(all(&mut events).contains(&expired));
    assert_eq!(engine.answer(question.id, answer("1")), Err(Error::NoSuchQuestion));
    assert!(engine.burners()?.is_empty(), "no server has seen a name");
    engine.close().await;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_question_is_asked_anew_of_another_identity_behind_a_sleep_and_the_creation_goes_on() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let server = lab.server(ServerKind::Captcha).await?;
    let before = server.accounts().await?;
    let engine = direct(&home, &lab).await?;
    let mut events = engine.events(None);
    let making = creating(&engine, at(server.domain()));
    let mut asked_before = asked(&engine, &mut events).await?;
    // Twice, as phones do.
    for _ in 0..2 {
        engine.suspend(Duration::from_secs(3)).await?;
        assert!(engine.snapshot().questions.is_empty());
        let ended = all(&mut events).into_iter().find_map(|event| match event {
            Event::QuestionEnded { question, end, .. } => Some((question, end)),
            _ => None,
        });
        assert_eq!(ended, Some((asked_before.id, QuestionEnd::Suspended)));
        assert_eq!(engine.answer(asked_before.id, answer("1")), Err(Error::NoSuchQuestion));
        engine.resume().await?;
        let question = asked(&engine, &mut events).await?;
        assert!(question.id != asked_before.id && question.burner != asked_before.burner);
        assert!(!making.is_finished());
        asked_before = question;
    }
    engine.answer(asked_before.id, answer(&server.captcha_answer().await?))?;
    let burner = making.await??;
    assert_eq!(burner.id, asked_before.burner);
    assert_eq!(server.accounts().await?.difference(&before).count(), 1);
    assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
    assert!(engine.burners()?.is_empty(), "nothing is left of the identities before");
    assert_eq!(server.accounts().await?, before);

    let making = creating(&engine, at(server.domain()));
    asked(&engine, &mut events).await?;
    engine.lock().await?;
    assert_eq!(timeout(PATIENCE, making).await??.err(), Some(Error::VaultLocked));
    Ok(())
}

/// It is not drawn any more where nobody is to be asked.
#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_server_that_asks_although_it_was_said_not_to_is_learnt_although_it_made_the_account() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let server = lab.server(ServerKind::Captcha).await?;
    let engine = open_with_servers(home.path(), &lab, &[(server.domain(), "yes")]).await?;
    engine.start_on(Direct::plain(&lab)).await?;
    let silent = CreateOptions { asks_nothing: true, ..CreateOptions::default() };
    assert_eq!(engine.check_options(&silent), Ok(()));
    let making = creating(&engine, CreateOptions::default());
    let question = open_question(&engine).await?;
    engine.answer(question.id, answer(&server.captcha_answer().await?))?;
    let burner = making.await??;
    assert_eq!(engine.check_options(&silent), Err(Error::NoServer));
    assert_eq!(engine.check_options(&CreateOptions::default()), Ok(()), "where somebody is, it is");
    assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
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
        (ServerKind::Throttle, "rate_limited"),
        (ServerKind::Misnamed, "untrusted"),
    ] {
        let engine = direct(&home, &lab).await?;
        let mut server = lab.server(kind).await?;
        if kind == ServerKind::Throttle {
            // What it remembers of an earlier test goes with its process.
            server.stop().await?;
            server = lab.server(kind).await?;
            server.exhaust().await?;
        }
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

    let takes_none = engine.create_burner(with(&format!("xmpp:{SERVER}?register;preauth=one"))).await;
    assert_eq!(takes_none.err(), Some(Error::RegistrationClosed), "the link is good, its server is none for it");
    assert!(engine.burners()?.is_empty());

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

/// Not a test: what the test below runs as a process of its own, which ends once its account is made.
#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn cut_off_in_a_child() -> Tested {
    let Ok(home) = std::env::var("FLASHPAPER_HOME") else { return Ok(()) };
    let lab = Remote::from_env()?;
    let engine = open(Path::new(&home), &lab).await?;
    engine.start_on(Direct::plain(&lab)).await?;
    let mut events = engine.events(None);
    let _making = creating(&engine, at(&ServerKind::Quarantine.domain()));
    while let Some(event) = events.next().await {
        if matches!(event, Event::Creating { step: Step::Registered, .. }) {
            kill_process(getpid(), Signal::KILL)?;
        }
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn what_a_server_says_to_an_account_that_a_crash_has_left_is_handed_on() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let server = lab.server(ServerKind::Quarantine).await?;
    server.quarantine(false)?;
    let mut run = own_test("registering::cut_off_in_a_child", &[])?;
    let status = run.env("FLASHPAPER_HOME", home.path()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let engine = open(home.path(), &lab).await?;
    let mut events = engine.events(None);
    let started = engine.start_on(Direct::plain(&lab)).await;
    server.quarantine(true)?;
    started?;
    assert_eq!(status?.signal(), Some(Signal::KILL.as_raw()));
    let burner = engine.burners()?.pop().ok_or("no burner")?;
    let events = all(&mut events);
    let says = events.iter().position(|event| match event {
        Event::Creating { burner: of, step: Step::ServerSays { words } } => {
            *of == burner.id && words.as_str().starts_with("Your account is restricted")
        }
        _ => false,
    });
    let kept = Event::Settled { burner: burner.id.clone(), outcome: Settlement::Kept };
    let settled = events.iter().position(|event| *event == kept);
    assert!(says.is_some() && says < settled, "{events:?}");
    assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
    engine.close().await;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_quarantine_that_begins_later_is_learnt_from_two_bounces() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let server = lab.server(ServerKind::Quarantine).await?;
    let engine = open_with_servers(home.path(), &lab, &[(server.domain(), "yes")]).await?;
    engine.start_on(Direct::plain(&lab)).await?;
    server.quarantine(false)?;
    let made = engine.create_burner(CreateOptions::default()).await;
    server.quarantine(true)?;
    let burner = made?;
    engine.connect(&burner.id)?;
    for peer in ["one@burner.test", "two@notls.test"] {
        let message = engine.send(&burner.id, peer, "hello", None)?;
        let failed = MessageState::Failed { reason: FailReason::Refused };
        timeout(PATIENCE, async {
            while engine.message(&burner.id, message)?.state != failed {
                sleep(Duration::from_millis(20)).await;
            }
            Tested::Ok(())
        })
        .await??;
    }
    // The user is told, and it is learnt behind that.
    timeout(PATIENCE, async {
        while engine.snapshot().burners.iter().any(|burner| burner.connection != Connection::Quarantined) {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await?;
    timeout(PATIENCE, async {
        while engine.check_options(&CreateOptions::default()) != Err(Error::NoServer) {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await?;
    assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
    engine.close().await;
    Ok(())
}

/// Seven servers refuse in seven ways, each of them once. No server hears a name or password that another hears. What was
/// learnt spares the next creation most of them.
#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_creation_goes_on_from_seven_refusals_to_the_server_that_takes_it() -> Tested {
    use ServerKind as K;
    const REFUSING: [K; 7] =
        [K::Closed, K::Web, K::Invite, K::EjabberdThrottle, K::Quarantine, K::Misnamed, K::Malformed];
    const CODES: [&str; 7] = [
        "registration_closed",
        "needs_web",
        "needs_invite",
        "rate_limited",
        "quarantined",
        "untrusted",
        "unknown_challenge",
    ];
    /// A CAPTCHA for the ear alone, which no real server of the lab has.
    const SOUND: &str = "<iq type='result' id='{id}'><query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' \
        type='form'><field var='username'/><field var='password'/><field var='audio_recog'/></x></query></iq>";
    /// They refuse by the form that they are sent, or later.
    const TOLD: [K; 4] = [K::Invite, K::EjabberdThrottle, K::Quarantine, K::Captcha];
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let mut servers = Vec::new();
    for kind in REFUSING.into_iter().chain([K::Captcha]) {
        servers.push(lab.server(kind).await?);
    }
    for server in &servers {
        match server.facts().kind {
            K::EjabberdThrottle => {
                // What it remembers of an earlier test goes with its process.
                server.stop().await?;
                lab.server(server.facts().kind).await?.exhaust().await?;
            }
            K::Malformed => server.answer_with(&[SOUND]).await?,
            _ => {}
        }
    }
    let Some((taking, refusing)) = servers.split_last() else { return Err("no servers".into()) };
    let mut list: Vec<(&str, &str)> = refusing.iter().map(|server| (server.domain(), "yes")).collect();
    // It comes last, as it asks something.
    list.push((taking.domain(), "captcha"));
    let engine = open_with_servers(home.path(), &lab, &list).await?;
    engine.start_on(Direct::plain(&lab)).await?;
    let mut events = engine.events(None);
    let (before, said_before) = (accounts(&servers).await?, servers.iter().map(log).collect::<Tested<Vec<_>>>()?);
    let making = creating(&engine, CreateOptions::default());
    let question = open_question(&engine).await?;
    engine.answer(question.id, answer(&taking.captcha_answer().await?))?;
    let burner = making.await??;

    assert!(burner.jid.ends_with(taking.domain()));
    let events = all(&mut events);
    let expected = refusing.iter().map(|server| server.domain().to_owned()).zip(CODES);
    assert_eq!(refusals(&events).len(), REFUSING.len(), "each once");
    assert_eq!(refusals(&events).into_iter().collect::<BTreeMap<_, _>>(), expected.collect());
    let after = accounts(&servers).await?;
    assert_eq!(after.difference(&before).collect::<Vec<_>>(), [&burner.jid], "one account at all of them");

    // Only those are tried again that asked to wait, and the one with the wrong certificate, which may have been an exit's.
    let mut events = engine.events(None);
    let silent = engine.create_burner(CreateOptions { asks_nothing: true, ..CreateOptions::default() }).await;
    let last = silent.err().ok_or("no refusal")?;
    assert!(matches!(last, Error::RateLimited { .. } | Error::Untrusted), "{last:?}");
    let again = [K::EjabberdThrottle.domain(), K::Misnamed.domain()];
    assert_eq!(attempts(&all(&mut events)), BTreeSet::from(again));
    // With the last burner what was learnt goes, too.
    assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
    assert_eq!(accounts(&servers).await?, before);
    engine.close().await;

    // ejabberd's log may be a second late.
    sleep(Duration::from_secs(2)).await;
    let (mut heard, mut forms) = (Vec::new(), Vec::new());
    for (server, before) in servers.iter().zip(&said_before) {
        let log = log(server)?.split_off(before.len());
        let (of_forms, of_logins) = (forms_in(&log), logins_in(&log));
        assert_eq!(!of_forms.is_empty(), TOLD.contains(&server.facts().kind), "{}: {of_forms:?}", server.domain());
        let registers = |name: &String| of_forms.iter().any(|[registered, _]| registered == name);
        assert!(of_logins.iter().all(registers), "{}: {of_logins:?}", server.domain());
        forms.extend(of_forms.into_iter().map(|form| (server.domain(), form)));
        heard.push((server.domain(), log));
    }
    let said: BTreeSet<&String> = forms.iter().flat_map(|(_, form)| form).collect();
    assert_eq!(said.len(), 2 * forms.len(), "a name and a password of its own for each attempt: {forms:?}");
    for (at, form) in &forms {
        for (_, log) in heard.iter().filter(|(domain, _)| domain != at) {
            assert!(!form.iter().any(|word| log.contains(word.as_str())), "what {at} was told is told elsewhere");
        }
    }
    Ok(())
}

/// All that a server has heard and said up to now.
pub(crate) fn log(server: &LabServer) -> Tested<String> {
    Ok(String::from_utf8_lossy(&std::fs::read(&server.facts().log)?).into_owned())
}

/// What clients have said to a server, but the lab's own.
fn said_in(log: &str) -> impl Iterator<Item = &str> {
    let said = |line| ["RECV: ", "Received XML on stream = "].iter().find_map(|mark| str::split_once(line, *mark));
    log.lines().filter_map(said).map(|(_, said)| said).filter(|said| !said.contains(">early"))
}

/// The names and passwords of the forms that a server was sent.
pub(crate) fn forms_in(log: &str) -> Vec<[String; 2]> {
    let field = |said: &str, name: &str| {
        let begins = [format!("<field var='{name}'><value>"), format!("<{name}>")];
        let (_, value) = begins.iter().find_map(|begin| said.split_once(begin.as_str()))?;
        value.split('<').next().map(str::to_owned)
    };
    said_in(log).filter_map(|said| Some([field(said, "username")?, field(said, "password")?])).collect()
}

/// The names of the logins (RFC 5802, section 5.1) that a server was asked for.
fn logins_in(log: &str) -> Vec<String> {
    let name = |first: &str| {
        let first = String::from_utf8(STANDARD.decode(first).ok()?).ok()?;
        first.split(',').find_map(|part| part.strip_prefix("n=")).map(str::to_owned)
    };
    let firsts = said_in(log).filter_map(|said| said.split_once("</auth>")?.0.rsplit('>').next());
    firsts.filter_map(name).filter(|name| !name.starts_with("early")).collect()
}

/// The question that is open, or will be.
pub(crate) async fn open_question(engine: &Engine) -> Tested<Question> {
    let wait = async {
        loop {
            if let Some(question) = engine.snapshot().questions.into_iter().next() {
                return Tested::Ok(question);
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, wait).await?
}
