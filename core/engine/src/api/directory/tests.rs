use flashpaper_tor::{DialError, Target};
use futures::future::BoxFuture;
use tempfile::TempDir;

use super::*;
use crate::directory::update::tests::{body, signed, signer};
use crate::error::{DirectoryFault, Input, RowFault};
use crate::seams::{Dial, Dialed, Dialers};
use crate::snapshot::TorStatus;
use crate::{Config, Key, Network, TorStage};

const ONION: &str = "jabjabdea2eewo3gzfurscj2sjqgddptwumlxi3wur57rzf5itje2rid.onion";

async fn open(home: &TempDir) -> Engine {
    let config = Config { home: home.path().to_owned(), key: Key::File, network: Network::Public, resolvers: None };
    Engine::open(config).await.unwrap()
}

/// Whether the directory in use has the update's server.
fn is_updated(engine: &Engine) -> bool {
    let is_known = engine.known_servers().contains(&"new.example".to_owned());
    assert_eq!(engine.check_server(Some("new.example"), Some(Route::Onion)).is_ok(), is_known);
    is_known
}

fn update(day: &str) -> Vec<u8> {
    signed(day, &body(&[&format!("new.example,{ONION},,yes,,test,{day}")]))
}

fn refused(fault: DirectoryFault) -> Result<(), Error> {
    Err(Error::InvalidInput { input: Input::Directory { fault } })
}

#[tokio::test]
async fn an_update_outlives_the_process_a_sleep_and_a_lock_and_ends_with_the_folder() {
    let home = TempDir::new().unwrap();
    let engine = open(&home).await;
    assert!(!is_updated(&engine));
    assert_eq!(engine.take_update(update("2026-10-01"), signer()).await, Ok(()));
    assert!(is_updated(&engine));
    engine.suspend(Duration::from_secs(1)).await.unwrap();
    assert_eq!(engine.take_update(update("2026-10-02"), signer()).await, Err(Error::Suspended));
    engine.resume().await.unwrap();
    assert!(is_updated(&engine));
    engine.lock().await.unwrap();
    assert_eq!(engine.take_update(update("2026-10-02"), signer()).await, Err(Error::VaultLocked));
    engine.close().await;
    let engine = open(&home).await;
    assert!(is_updated(&engine));
    assert_eq!(engine.take_update(update("2026-09-30"), signer()).await, refused(DirectoryFault::TooOld));
    assert_eq!(engine.vault_report(), Ok(crate::VaultReport::default()));
    engine.close().await;
    let other = open(&TempDir::new().unwrap()).await;
    assert!(!is_updated(&other));
    other.close().await;
}

#[tokio::test]
async fn what_is_not_signed_by_the_pinned_key_or_malformed_changes_nothing() {
    let home = TempDir::new().unwrap();
    let engine = open(&home).await;
    let other_key = engine.update_directory(update("2026-10-01")).await;
    assert_eq!(other_key, refused(DirectoryFault::Signature));
    assert_eq!(engine.update_directory(Vec::new()).await, refused(DirectoryFault::Signature));
    let malformed = engine.take_update(signed("2026-10-01", &body(&["new.example"])), signer()).await;
    assert_eq!(malformed, refused(DirectoryFault::Malformed { line: 3, fault: RowFault::Columns }));
    assert!(!is_updated(&engine));
    engine.close().await;
}

/// Nobody can be dialled.
struct Blocked;

impl Dialers for Blocked {
    fn isolated(&self) -> Arc<dyn Dial> {
        Arc::new(Self)
    }
}

impl Dial for Blocked {
    fn dial<'a>(&'a self, _: &'a Target, _: Duration) -> BoxFuture<'a, Result<Dialed, DialError>> {
        Box::pin(async { Err(DialError::TorUnavailable) })
    }
}

#[tokio::test]
async fn where_tor_is_ready_circuits_that_cannot_be_built_are_the_servers_failure() {
    let home = TempDir::new().unwrap();
    let engine = open(&home).await;
    engine.start_on(Arc::new(Blocked)).await.unwrap();
    for (stage, expected) in
        [(TorStage::Connecting, Err(Error::TorBlocked)), (TorStage::Ready, Ok(Some(Error::TorBlocked)))]
    {
        let ready = stage == TorStage::Ready;
        let status = TorStatus { fraction: 1.0, stage, ready, blocked: None };
        engine.context.services.set_tor_status(Some(status));
        assert_eq!(engine.probe_server("jabber.example").await.map(|probe| probe.error), expected);
    }
    engine.close().await;
}

fn probe_of(kind: Kind, registration: Option<Needs>, safe_login: bool) -> ServerProbe {
    let rows = String::from_utf8(body(&["a.example,,443 5222,yes,,list,2026-01-02"])).unwrap();
    let entry = Server { kind, ..file::read(&rows).unwrap().remove(0) };
    ServerProbe {
        domain: "a.example".to_owned(),
        via: Some(Route::Exit),
        onion_is_silent: false,
        trusted: true,
        safe_login,
        registration,
        error: None,
        took: Duration::from_millis(1500),
        entry,
        day: Day::parse("2026-11-28").unwrap(),
    }
}

#[test]
fn what_a_server_wants_makes_its_entry() {
    use Tor::{Blocked, Quarantines, Unknown, Yes};
    for (tor, needs, safe_login, row) in [
        (Unknown, Needs::Plain, true, "yes,yes,asks nothing"),
        (Yes, Needs::Work, true, "yes,yes,asks for a proof of work"),
        (Blocked, Needs::Captcha, true, "captcha,yes,CAPTCHA"),
        (Unknown, Needs::Form, true, "captcha,yes,asks the user"),
        (Unknown, Needs::Web, true, "web,yes,web only"),
        (Unknown, Needs::Invitation, true, "no,yes,by invitation"),
        (Unknown, Needs::Closed, true, "no,yes,makes no accounts in band"),
        (Unknown, Needs::Plain, false, "no,yes,no login that keeps the password secret"),
        (Quarantines, Needs::Plain, true, "yes,quarantines,asks nothing"),
        (Quarantines, Needs::Web, true, "web,quarantines,web only"),
    ] {
        let mut probe = probe_of(Kind::Unknown, Some(needs), safe_login);
        probe.entry.tor = tor;
        let file = ServerProbe::directory(&[probe]).unwrap();
        let expected = format!("a.example,,443 5222,{row},flashpaper doctor,2026-11-28");
        assert_eq!(file.lines().nth(1), Some(&*expected), "{needs:?}");
        assert_eq!(file::read(&file).unwrap().len(), 1);
    }
    for silent in [None, Some(Needs::Wait)] {
        let file = ServerProbe::directory(&[probe_of(Kind::Yes, silent, true)]).unwrap();
        assert_eq!(file.lines().count(), 1, "nothing was seen that is newer: {file}");
    }
}

#[test]
fn refusals_say_what_is_needed_or_that_nothing_is_known() {
    for (refusal, needs) in [
        (RegisterError::NeedsWeb { url: "https://a.example/".into() }, Ok(Needs::Web)),
        (RegisterError::NeedsInvite, Ok(Needs::Invitation)),
        (RegisterError::Closed, Ok(Needs::Closed)),
        (RegisterError::PolicyDenied, Ok(Needs::Closed)),
        (RegisterError::RateLimited, Ok(Needs::Wait)),
        (Fault::Unanswerable.into(), Ok(Needs::Form)),
        (Fault::TooMuchWork.into(), Ok(Needs::Form)),
        (Fault::Form.into(), Err(Error::ServerBroken)),
        (RegisterError::Failed, Err(Error::ServerFailed)),
        (RegisterError::Lost, Err(Error::ServerUnreachable)),
    ] {
        assert_eq!(Needs::of(Err(refusal)), needs);
    }
}

#[test]
fn debug_names_no_server_and_json_has_what_was_found() {
    let probe = probe_of(Kind::Yes, Some(Needs::Captcha), true);
    assert_eq!(format!("{probe:?}"), "ServerProbe { registration: Some(Captcha), .. }");
    let json = serde_json::to_value(&probe).unwrap();
    assert_eq!((&json["registration"], &json["seconds"]), (&"captcha".into(), &1.5.into()));
    assert_eq!((&json["via"], &json["error"]), (&"exit".into(), &serde_json::Value::Null));
    assert!(json.get("entry").is_none());
}
