//! The servers that start on demand guard their registration as their kind says.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use flashpaper_lab::{LabServer, Remote, ServerKind, TorClient, direct};
use flashpaper_xmpp::registration::{Answer, Answers, Form, Invitation, Question};
use flashpaper_xmpp::{
    Binding, ConnectError, Connection, Credentials, Domain, Ids, Incoming, LoginError, ManagedSession, Refusal,
    RegisterError, Security, Subscription, Tls,
};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use zeroize::Zeroizing;

type Tested<T = ()> = Result<T, Box<dyn std::error::Error>>;
type Link = Connection<TcpStream>;

const PATIENCE: Duration = Duration::from_secs(120);
/// What a server that does not answer is waited for.
const SILENCE: Duration = Duration::from_secs(3);

fn ids() -> Ids {
    Ids::new(Box::new(UnwrapErr(SysRng)))
}

/// A new name, and credentials with it.
fn account() -> (String, Credentials) {
    let name = format!("a{}", ids().draw());
    (name.clone(), Credentials::new(name, Zeroizing::new(ids().draw())))
}

async fn open(lab: &Remote, server: &LabServer, security: Security) -> Tested<Link> {
    let port = if security == Security::DirectTls { 5223 } else { 5222 };
    let stream = direct::connect(lab.facts(), server.domain(), port).await?;
    let tls = Tls::only_roots_in(&lab.facts().network.ca_pem)?;
    Ok(Connection::open(stream, &Domain::parse(server.domain())?, security, &tls).await?)
}

/// Runs a server, reached by direct TLS.
async fn reach(kind: ServerKind) -> Tested<(Remote, LabServer, Link)> {
    let lab = Remote::from_env()?;
    let server = lab.server(kind).await?;
    let link = open(&lab, &server, Security::DirectTls).await?;
    Ok((lab, server, link))
}

/// As a server is asked that wants nothing but a name and a password.
async fn register<S>(link: &mut Connection<S>, credentials: &Credentials) -> Result<(), RegisterError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut ids = ids();
    let form = link.ask_registration(&mut ids).await?;
    let filled = form.fill(credentials, &Answers::default()).map_err(|_| RegisterError::BadAnswer)?;
    link.register(filled, &mut ids).await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_server_runs_from_the_first_demand_to_its_stop() -> Tested {
    let lab = Remote::from_env()?;
    for kind in [ServerKind::Quarantine, ServerKind::Undeletable, ServerKind::Malformed] {
        let server = lab.server(kind).await?;
        assert_eq!(lab.facts().hosts.get(server.domain()), Some(&server.facts().address));
        assert!(!lab.facts().network.servers.iter().any(|s| s.domain == server.domain()));
        assert_eq!(lab.server(kind).await?.facts().pid, server.facts().pid, "{kind} was started twice");
        for port in [5222, 5223] {
            direct::connect(lab.facts(), server.domain(), port).await?;
        }
        let pid = server.facts().pid;
        assert_eq!(pid.is_some_and(lives), kind != ServerKind::Malformed);
        server.stop().await?;
        assert!(!pid.is_some_and(lives), "{kind} outlives its stop");
        assert!(direct::connect(lab.facts(), server.domain(), 5222).await.is_err());
        server.stop().await?;
    }
    assert!(lab.stop("nothing").await.is_err());
    Ok(())
}

fn lives(pid: u32) -> bool {
    fs::exists(format!("/proc/{pid}")).unwrap_or(true)
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn accounts_outlive_a_stop_and_logs_tell_what_clients_said() -> Tested {
    for kind in [ServerKind::Quarantine, ServerKind::Undeletable] {
        let (lab, server, mut link) = reach(kind).await?;
        let (name, credentials) = account();
        register(&mut link, &credentials).await?;
        assert!(server.accounts().await?.contains(&name));
        while !fs::read_to_string(&server.facts().log)?.contains(&name) {
            sleep(Duration::from_millis(100)).await;
        }
        server.stop().await?;
        let server = lab.server(kind).await?;
        assert!(server.accounts().await?.contains(&name));
        open(&lab, &server, Security::StartTls).await?.try_login(&credentials).await?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_closed_server_refuses_to_be_asked() -> Tested {
    let (_, server, mut link) = reach(ServerKind::Closed).await?;
    assert!(!link.offers_registration());
    assert_eq!(register(&mut link, &account().1).await, Err(RegisterError::Closed));
    assert!(server.accounts().await?.is_empty());
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_faulty_server_makes_the_account_that_it_denies() -> Tested {
    let (lab, server, mut link) = reach(ServerKind::Faulty).await?;
    let (name, credentials) = account();
    assert_eq!(register(&mut link, &credentials).await, Err(RegisterError::Failed));
    assert!(server.accounts().await?.contains(&name));
    open(&lab, &server, Security::StartTls).await?.try_login(&credentials).await?;
    Ok(())
}

/// Both servers with a limit for each address: a second account is refused, from another address it is not; and once all
/// addresses are used up, from none.
#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_second_account_from_one_address_is_refused() -> Tested {
    let (lab, folder) = (Remote::from_env()?, TempDir::new()?);
    let tor = TorClient::start(lab.facts(), &folder.path().join("tor"))?;
    for kind in [ServerKind::Throttle, ServerKind::EjabberdThrottle] {
        // What it remembers of addresses is lost.
        lab.stop(kind.name()).await?;
        let server = lab.server(kind).await?;
        let before = server.accounts().await?;
        server.exhaust().await?;
        let relays = lab.facts().relays.len();
        let made: Vec<_> = server.accounts().await?.difference(&before).cloned().collect();
        assert_eq!(made.len(), relays + 1);
        assert!(made.iter().all(|name| name.starts_with("early")));
        let mut link = open(&lab, &server, Security::DirectTls).await?;
        assert_eq!(register(&mut link, &account().1).await, Err(RegisterError::RateLimited), "{kind}");
        let mut link = open_by_tor(&lab, &server, &tor).await?;
        assert_eq!(register(&mut link, &account().1).await, Err(RegisterError::RateLimited), "{kind}");
        assert!(fs::read_to_string(&lab.facts().names_log)?.contains(server.domain()));
        assert!(server.exhaust().await.is_err());
        assert_eq!(server.accounts().await?.len(), before.len() + made.len());
    }
    Ok(())
}

/// The way that users have: an exit resolves the name and connects.
async fn open_by_tor(lab: &Remote, server: &LabServer, tor: &TorClient) -> Tested<Connection<UnixStream>> {
    let mut stream = UnixStream::connect(tor.socks()).await?;
    stream.write_all(&[5, 1, 0]).await?;
    stream.read_exact(&mut [0; 2]).await?;
    let domain = server.domain();
    let name = [&[5, 1, 0, 3, u8::try_from(domain.len())?], domain.as_bytes(), &5223_u16.to_be_bytes()].concat();
    stream.write_all(&name).await?;
    // Success, and whatever address the exit has connected to (RFC 1928, section 6).
    let mut reply = [0; 4];
    stream.read_exact(&mut reply).await?;
    assert_eq!(reply[1], 0, "no exit reaches {domain}");
    let address = if reply[3] == 4 { 16 } else { 4 };
    stream.read_exact(&mut vec![0; address + 2]).await?;
    let tls = Tls::only_roots_in(&lab.facts().network.ca_pem)?;
    Ok(Connection::open(stream, &Domain::parse(domain)?, Security::DirectTls, &tls).await?)
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn an_invitation_is_good_for_one_account() -> Tested {
    let (lab, server, mut link) = reach(ServerKind::Invite).await?;
    assert_eq!(register(&mut link, &account().1).await, Err(RegisterError::NeedsInvite));
    let invitation = Invitation::parse(&server.invitation().await?)?;
    assert_eq!(invitation.domain().as_str(), server.domain());
    let (name, credentials) = account();
    link.show_invitation(&invitation, &mut ids()).await?;
    register(&mut link, &credentials).await?;
    assert!(server.accounts().await?.contains(&name));
    let mut link = open(&lab, &server, Security::DirectTls).await?;
    assert_eq!(link.show_invitation(&invitation, &mut ids()).await, Err(RegisterError::NeedsInvite));
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_web_page_is_named_instead_of_a_form() -> Tested {
    let (_, _, mut link) = reach(ServerKind::Web).await?;
    let url = "https://web.lab.test/register".to_owned();
    assert_eq!(register(&mut link, &account().1).await, Err(RegisterError::NeedsWeb { url }));
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_picture_wants_what_it_shows() -> Tested {
    let (lab, server, mut link) = reach(ServerKind::Captcha).await?;
    let (name, credentials) = account();
    let (form, place) = challenged(&mut link).await?;
    let answer = |text: String| Answers([(place, Answer::Text(Zeroizing::new(text)))].into());
    let wrong = form.fill(&credentials, &answer("no digits".to_owned()))?;
    assert_eq!(link.register(wrong, &mut ids()).await, Err(RegisterError::BadAnswer));
    assert!(!server.accounts().await?.contains(&name));

    let mut link = open(&lab, &server, Security::DirectTls).await?;
    let (form, place) = challenged(&mut link).await?;
    let shown = server.captcha_answer().await?;
    assert!(shown.len() == 6 && shown.bytes().all(|b| b.is_ascii_digit()), "{shown}");
    let right = form.fill(&credentials, &Answers([(place, Answer::Text(Zeroizing::new(shown)))].into()))?;
    link.register(right, &mut ids()).await?;
    assert!(server.accounts().await?.contains(&name));
    Ok(())
}

/// A form with a picture, and the place of the field that asks for it.
async fn challenged(link: &mut Link) -> Tested<(Form, usize)> {
    let form = link.ask_registration(&mut ids()).await?;
    let Question { fields, .. } = form.question().ok_or("nothing is asked")?;
    let place = fields.iter().position(|field| field.picture.is_some()).ok_or("no picture")?;
    Ok((form, place))
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_quarantined_account_talks_to_itself_alone() -> Tested {
    let (lab, server, mut link) = reach(ServerKind::Quarantine).await?;
    let ((name, credentials), (other, others)) = (account(), account());
    register(&mut link, &credentials).await?;
    register(&mut open(&lab, &server, Security::DirectTls).await?, &others).await?;
    let (mut session, _) = link.log_in_to_stay(&credentials, ids(), None).await?;
    session.send_presence().await?;
    let told = chat(&mut session).await?;
    assert_eq!(told.0, server.domain());
    assert!(told.1.contains("restricted"), "{}", told.1);

    let (own, other) = (format!("{name}@{}", server.domain()), format!("{other}@{}", server.domain()));
    session.send_otr(&own, "self", "?OTR:passes.", false).await?;
    session.ask().await?;
    assert_eq!(chat(&mut session).await?.0, own);
    for (to, id) in [(other.as_str(), "person"), (server.domain(), "server")] {
        session.send_otr(to, id, "?OTR:bounces.", false).await?;
        session.ask().await?;
        assert_eq!(refused(&mut session).await?, (id.to_owned(), Refusal::Forbidden));
    }
    let bounced = || -> Tested<usize> { Ok(fs::read_to_string(&server.facts().log)?.matches("<not-allowed").count()) };
    let before = bounced()?;
    session.send_subscription(&other, Subscription::Subscribe).await?;
    let limit = timeout(PATIENCE, async {
        while bounced()? == before {
            session.next().await?;
        }
        Tested::Ok(())
    });
    limit.await?
}

async fn chat(session: &mut ManagedSession<TcpStream>) -> Tested<(String, String)> {
    loop {
        if let Incoming::Chat(chat) = timeout(PATIENCE, session.next()).await?? {
            return Ok((chat.from, chat.text));
        }
    }
}

async fn refused(session: &mut ManagedSession<TcpStream>) -> Tested<(String, Refusal)> {
    loop {
        match timeout(PATIENCE, session.next()).await?? {
            Incoming::Refused { id, why, .. } => return Ok((id, why)),
            Incoming::Chat(_) => return Err("it was delivered".into()),
            _ => {}
        }
    }
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn an_account_that_cannot_be_removed_stays() -> Tested {
    let (_, server, mut link) = reach(ServerKind::Undeletable).await?;
    let (name, credentials) = account();
    register(&mut link, &credentials).await?;
    let session = link.log_in(&credentials, ids()).await?;
    assert!(session.offers_management());
    assert!(session.remove_account().await.is_err());
    assert!(server.accounts().await?.contains(&name));
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_binding_that_tls_1_3_has_is_unknown_to_an_old_server() -> Tested {
    let (lab, server, mut link) = reach(ServerKind::OldBinding).await?;
    let (_, credentials) = account();
    register(&mut link, &credentials).await?;
    assert_eq!(link.log_in(&credentials, ids()).await?.binding(), Binding::Unbound);
    let link = open(&lab, &server, Security::DirectTls).await?;
    assert_eq!(link.try_login(&credentials.binding(Binding::Bound)).await, Err(LoginError::NotAuthorized));
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_certificate_for_another_name_is_none_for_this_one() -> Tested {
    let lab = Remote::from_env()?;
    let server = lab.server(ServerKind::Misnamed).await?;
    let failed = open(&lab, &server, Security::DirectTls).await.err().ok_or("it was accepted")?;
    assert_eq!(failed.downcast_ref(), Some(&ConnectError::Certificate));
    assert!(server.accounts().await?.is_empty());
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_scripted_server_answers_as_it_is_told() -> Tested {
    let (lab, server, mut link) = reach(ServerKind::Malformed).await?;
    let form = "<iq type='result' id='{id}'><query xmlns='jabber:iq:register'><username/><password/></query></iq>";
    let taken = "<iq type='error' id='{id}'><error type='cancel'>\
                 <conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
    server.answer_with(&[form, taken]).await?;
    let (name, credentials) = account();
    assert_eq!(register(&mut link, &credentials).await, Err(RegisterError::NameTaken));
    assert!(fs::read_to_string(&server.facts().log)?.contains(&name));

    server.answer_with(&["<iq type='result' id='{id}'><query xmlns='jabber:iq:register'></username></iq>"]).await?;
    for security in [Security::DirectTls, Security::StartTls] {
        let mut link = open(&lab, &server, security).await?;
        let failed = timeout(PATIENCE, register(&mut link, &credentials)).await?;
        assert!(failed.is_err());
    }
    assert!(lab.server(ServerKind::Web).await?.answer_with(&[form]).await.is_err());
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_server_with_sasl2_offers_it_with_bind2_and_stream_management() -> Tested {
    let lab = Remote::from_env()?;
    // `cargo xtask test` says that it skips this one where that system is not there.
    let server = lab.server(ServerKind::Sasl2).await?;
    let (_, mut stream) = raw(ServerKind::Sasl2, 5223).await?;
    let features = heard(&mut stream, SILENCE).await;
    for wanted in ["urn:xmpp:sasl:2", "urn:xmpp:bind:0", "urn:xmpp:sm:3", "SCRAM-SHA-256"] {
        assert!(features.contains(wanted), "{wanted} is missing in {features}");
    }
    let (name, credentials) = account();
    let mut link = open(&lab, &server, Security::StartTls).await?;
    register(&mut link, &credentials).await?;
    link.log_in_to_stay(&credentials, ids(), None).await?;
    assert!(server.accounts().await?.contains(&name));
    let pid = server.facts().pid.ok_or("no process")?;
    server.stop().await?;
    assert!(!lives(pid));
    Ok(())
}

/// A stream of bytes inside TLS, begun by the client.
async fn raw(kind: ServerKind, port: u16) -> Tested<(Remote, TlsStream<TcpStream>)> {
    let lab = Remote::from_env()?;
    let server = lab.server(kind).await?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(lab.facts().network.ca_pem.as_bytes())?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = direct::connect(lab.facts(), server.domain(), port).await?;
    let name = ServerName::try_from(server.domain().to_owned())?;
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    let header = format!(
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' \
         version='1.0' to='{}'>",
        server.domain()
    );
    stream.write_all(header.as_bytes()).await?;
    stream.flush().await?;
    Ok((lab, stream))
}

/// All that comes in a time.
async fn heard(stream: &mut TlsStream<TcpStream>, time: Duration) -> String {
    let mut all = Vec::new();
    let _ = timeout(time, async { while stream.read_buf(&mut all).await.is_ok_and(|length| length > 0) {} }).await;
    String::from_utf8_lossy(&all).into_owned()
}
