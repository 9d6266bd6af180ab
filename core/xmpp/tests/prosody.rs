//! A real server: what this crate does with Debian's Prosody, and with Prosody set up as no server should be.

use flashpaper_lab::{Authority, Remote, Tap, accounts, direct};
use flashpaper_xmpp::registration::Answers;
use flashpaper_xmpp::{
    ChatMessage, ConnectError, Connection, Credentials, Domain, Ids, Incoming, LoginError, ManagedSession,
    RegisterError, Resumption, Security, Session, Start, Tls,
};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tokio::net::TcpStream;
use zeroize::Zeroizing;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;
type Link = Connection<TcpStream>;

/// Every way in that a server of the lab has.
const WAYS: [(&str, Security); 3] =
    [("burner.test", Security::DirectTls), ("burner.test", Security::StartTls), ("starttls.test", Security::StartTls)];

fn ids() -> Ids {
    Ids::new(Box::new(UnwrapErr(SysRng)))
}

/// A new name and password.
fn account() -> (String, String) {
    (format!("a{}", ids().draw()), ids().draw())
}

fn credentials((name, password): &(String, String)) -> Credentials {
    Credentials::new(name.clone(), Zeroizing::new(password.clone()))
}

async fn open(remote: &Remote, domain: &str, security: Security) -> Outcome<Link> {
    let port = if security == Security::DirectTls { 5223 } else { 5222 };
    let stream = direct::connect(remote.facts(), domain, port).await?;
    Ok(on(remote, stream, domain, security).await?)
}

async fn on(remote: &Remote, stream: TcpStream, domain: &str, security: Security) -> Result<Link, ConnectError> {
    let domain = Domain::parse(domain).map_err(|_| ConnectError::Malformed)?;
    let tls = Tls::only_roots_in(&remote.facts().network.ca_pem).map_err(|_| ConnectError::Malformed)?;
    Connection::open(stream, &domain, security, &tls).await
}

async fn register(link: &mut Link, account: &(String, String)) -> Result<(), RegisterError> {
    let mut ids = ids();
    let form = link.ask_registration(&mut ids).await?;
    let filled = form.fill(&credentials(account), &Answers::default()).map_err(|_| RegisterError::BadAnswer)?;
    link.register(filled, &mut ids).await
}

async fn registered(remote: &Remote, domain: &str) -> Outcome<(Session<TcpStream>, (String, String))> {
    let account = account();
    let mut link = open(remote, domain, Security::StartTls).await?;
    register(&mut link, &account).await?;
    Ok((link.log_in(&credentials(&account), ids()).await?, account))
}

/// Dials a tap as if it were the server.
async fn dial(remote: &Remote, tap: &Tap, domain: &str) -> Outcome<TcpStream> {
    let mut facts = remote.facts().clone();
    facts.hosts.insert(domain.to_owned(), tap.address().ip().to_string());
    Ok(direct::connect(&facts, domain, tap.address().port()).await?)
}

/// The address that a tap in front of a domain's port forwards to.
fn target(remote: &Remote, domain: &str, port: u16) -> Outcome<std::net::SocketAddr> {
    let host = remote.facts().hosts.get(domain).ok_or("no such host")?;
    Ok((host.parse::<std::net::IpAddr>()?, port).into())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn an_account_from_its_registration_to_the_proof_that_it_is_gone() -> Outcome {
    let remote = Remote::from_env()?;
    for (domain, security) in WAYS {
        let account = account();
        let mut link = open(&remote, domain, security).await?;
        assert!(link.offers_registration());
        register(&mut link, &account).await?;
        assert!(accounts::names(remote.facts(), domain)?.contains(&account.0));

        let mut session = link.log_in(&credentials(&account), ids()).await?;
        assert!(session.offers_management() && session.try_out().await?.reachable);
        session.close().await;

        let session = open(&remote, domain, security).await?.log_in(&credentials(&account), ids()).await?;
        let accepted = session.remove_account().await?;
        assert!(!accounts::names(remote.facts(), domain)?.contains(&account.0));
        let login = open(&remote, domain, security).await?.try_login(&credentials(&account)).await;
        assert_eq!(login, Err(LoginError::NotAuthorized));
        assert_eq!(accepted.proven_by(login), Ok(()));
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn names_that_are_taken_and_passwords_that_are_wrong() -> Outcome {
    let remote = Remote::from_env()?;
    let (session, (name, password)) = registered(&remote, "burner.test").await?;
    let other = (name.clone(), ids().draw());
    let mut link = open(&remote, "burner.test", Security::DirectTls).await?;
    assert_eq!(register(&mut link, &other).await, Err(RegisterError::NameTaken));
    assert_eq!(link.try_login(&credentials(&other)).await, Err(LoginError::NotAuthorized));
    let link = open(&remote, "burner.test", Security::DirectTls).await?;
    assert_eq!(link.try_login(&credentials(&(name, password))).await, Ok(()));
    let _accepted = session.remove_account().await?;
    Ok(())
}

async fn managed(
    remote: &Remote,
    domain: &str,
    account: &(String, String),
    earlier: Option<&Resumption>,
) -> Outcome<(ManagedSession<TcpStream>, Start)> {
    let link = open(remote, domain, Security::StartTls).await?;
    Ok(link.log_in_to_stay(&credentials(account), ids(), earlier).await?)
}

async fn next_chat(session: &mut ManagedSession<TcpStream>) -> Outcome<ChatMessage> {
    loop {
        if let Incoming::Chat(chat) = session.next().await? {
            return Ok(chat);
        }
    }
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_stream_that_was_cut_goes_on() -> Outcome {
    let remote = Remote::from_env()?;
    let ((first, from), (second, to)) =
        (registered(&remote, "burner.test").await?, registered(&remote, "starttls.test").await?);
    let (mut one, _) = managed(&remote, "burner.test", &from, None).await?;
    let (mut two, _) = managed(&remote, "starttls.test", &to, None).await?;
    one.send_presence().await?;
    two.send_presence().await?;
    let address = format!("{}@starttls.test", to.0);
    let texts = ["first", "with <markup/> & ünïcödé 🔥"];
    for (n, text) in texts.into_iter().enumerate() {
        one.send_otr(&address, &format!("id{n}"), text, true).await?;
    }
    one.ask().await?;
    assert_eq!(next_chat(&mut two).await?.text, texts[0]);
    let stored = two.resumption(0).ok_or("not to be taken up")?;
    // Of the second one the server is told nothing: it comes again.
    assert_eq!(next_chat(&mut two).await?.text, texts[1]);
    drop(two);
    one.send_otr(&address, "id2", "while nobody was there", true).await?;
    one.ask().await?;
    let (mut two, start) = managed(&remote, "starttls.test", &to, Some(&stored)).await?;
    assert_eq!(start, Start::Resumed { acked: 1 }, "the server has the presence");
    for text in [texts[1], "while nobody was there"] {
        let chat = next_chat(&mut two).await?;
        assert_eq!((chat.text.as_str(), chat.wants_receipt), (text, true));
        assert_eq!(chat.from, format!("{}@burner.test", from.0));
    }
    two.acknowledge().await?;
    two.close().await;
    let (two, start) = managed(&remote, "starttls.test", &to, Some(&stored)).await?;
    assert_eq!(start, Start::New { acked: None }, "what was closed is gone");
    drop((one, two));
    let _accepted = (first.remove_account().await?, second.remove_account().await?);
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_server_that_makes_no_accounts() -> Outcome {
    let remote = Remote::from_env()?;
    let mut link = open(&remote, "closed.test", Security::StartTls).await?;
    assert!(!link.offers_registration());
    assert_eq!(register(&mut link, &account()).await, Err(RegisterError::Closed));
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_certificate_for_another_domain() -> Outcome {
    let remote = Remote::from_env()?;
    let authority = Authority::open(&remote.facts().authority)?;
    let tap = Tap::tls(target(&remote, "burner.test", 5222)?, &authority, "closed.test").await?;
    let stream = dial(&remote, &tap, "burner.test").await?;
    let opened = on(&remote, stream, "burner.test", Security::DirectTls).await;
    assert_eq!(opened.err(), Some(ConnectError::Certificate));
    assert!(tap.recorded().is_empty(), "under TLS");
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_server_without_tls() -> Outcome {
    let remote = Remote::from_env()?;
    let tap = Tap::plain(target(&remote, "notls.test", 5222)?).await?;
    let stream = dial(&remote, &tap, "notls.test").await?;
    let opened = on(&remote, stream, "notls.test", Security::StartTls).await;
    assert_eq!(opened.err(), Some(ConnectError::NoTls));
    let recorded = String::from_utf8(tap.recorded().concat())?;
    assert!(recorded.starts_with("<?xml") && recorded.matches('<').count() == 2, "a header and no more: {recorded}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_server_that_wants_the_password_itself() -> Outcome {
    let remote = Remote::from_env()?;
    let link = open(&remote, "plain.test", Security::StartTls).await?;
    assert_eq!(link.try_login(&credentials(&account())).await, Err(LoginError::NoSafeMechanism));
    Ok(())
}
