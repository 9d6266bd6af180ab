//! All at once: SASL 2 (XEP-0388) with a resource (XEP-0386) and stream management (XEP-0198), and what is asked for before the
//! server has said what it offers.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flashpaper_xmpp::registration::Answers;
use flashpaper_xmpp::{
    Binding, ConnectError, Connection, Credentials, Domain, Ids, Incoming, LoginError, RegisterError, Resumption,
    Security, Start, StreamError,
};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::io::DuplexStream;
use tokio_rustls::server::TlsStream;

use crate::server::{Authority, BIND, DOMAIN, PASSWORD, Peer, SASL2, SCRAM, Scram, USERNAME, between};
use crate::{Outcome, credentials, ids, open, together, wire};

pub(crate) type Server = Peer<TlsStream<DuplexStream>>;
pub(crate) type Client = Connection<DuplexStream>;

pub(crate) const SALT: &str = "s=c2FsdA==,i=4096";
pub(crate) const BOUND: &str = "<bound xmlns='urn:xmpp:bind:0'/>";
pub(crate) const OWN: &str = "nobody@jabber.example/0123";
/// What a server of this kind says behind each success.
pub(crate) const AFTER: &str = "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/>\
    <limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>262144</max-bytes></limits></stream:features>";
pub(crate) const FORM: &str = "<query xmlns='jabber:iq:register'><username/><password/></query>";

/// What a client does on a stream at a server that follows a script, and what it said under TLS.
pub(crate) async fn at<T>(
    features: &str,
    client: impl AsyncFnOnce(Client) -> T,
    script: impl AsyncFnOnce(&mut Server) -> io::Result<()>,
) -> Result<(T, String), Box<dyn std::error::Error>> {
    let authority = Authority::new(DOMAIN)?;
    let (done, heard) = together(
        async |near| Ok::<_, ConnectError>(client(open(near, &authority, Security::DirectTls).await?).await),
        async |far| {
            let mut peer = authority.accept(far, features).await?;
            let followed = script(&mut peer).await;
            followed.map(|()| peer)?.heard_in_all().await
        },
    )
    .await?;
    Ok((done?, heard?))
}

/// What the document shows of these streams.
fn block(name: &str) -> Result<String, Box<dyn std::error::Error>> {
    Ok(wire::block(name)?.concat())
}

/// What a client said behind its header, as the document would have it.
fn said(heard: &str) -> Result<String, Box<dyn std::error::Error>> {
    let (_, said) = heard.split_once("version='1.0'>").ok_or("no header")?;
    let first = BASE64.decode(between(said, "<initial-response>", "</initial-response>")?)?;
    let first = String::from_utf8(first)?;
    let nonce = first.strip_prefix("y,,n=nobody,r=").ok_or("another first message")?;
    assert_eq!(BASE64.decode(nonce)?.len(), 32);
    let mut said = said.replace(&BASE64.encode(&first), "{base64 of y,,n={name},r={nonce}}");
    if let Ok(last) = between(&said, "<response xmlns='urn:xmpp:sasl:2'>", "</response>") {
        let text = String::from_utf8(BASE64.decode(&last)?)?;
        let proof = text.strip_prefix(&format!("c=eSws,r={nonce}more,p=")).ok_or("another last message")?;
        assert_eq!(BASE64.decode(proof)?.len(), 32);
        said = said.replace(&last, "{base64 of c=eSws,r={nonce}{server's nonce},p={proof}}");
    }
    Ok(said.replace("h='7' previd='stream-1'", "h='{count}' previd='{stream}'"))
}

async fn proof(peer: &mut Server) -> io::Result<String> {
    Scram::hears_authenticate(peer).await?.hears_proof(peer, SALT).await
}

async fn log_in(connection: Client) -> Result<(), LoginError> {
    connection.log_in(&credentials(), ids()).await.map(drop)
}

#[tokio::test]
async fn a_login_in_two_round_trips_names_no_client() -> Outcome {
    let (session, heard) = at(
        SASL2,
        async |connection| {
            let session = connection.log_in(&credentials(), ids()).await?;
            let managed = session.offers_management();
            session.close().await;
            Ok::<_, LoginError>(managed)
        },
        async |peer| {
            let proof = proof(peer).await?;
            peer.succeeds_at_once(&proof, OWN, BOUND).await?;
            // What a server has for an account may come before its features.
            peer.says(&format!("<message from='{DOMAIN}'><body>Welcome</body></message>{AFTER}")).await
        },
    )
    .await?;
    assert_eq!(session, Ok(true));
    assert_eq!(said(&heard)?, format!("{}</stream:stream>", block("login at once")?));
    assert!(!heard.contains(PASSWORD) && !heard.contains("user-agent") && !heard.contains("<tag"), "{heard}");
    Ok(())
}

#[tokio::test]
async fn what_can_do_less_is_logged_in_at_as_before() -> Outcome {
    let no_bind = SASL2.replace("urn:xmpp:bind:0", "urn:xmpp:other:0");
    let no_management = SASL2.replace("<feature var='urn:xmpp:sm:3'/>", "");
    // What SASL has is not given up for SASL 2.
    let (sasl, sasl2) = SASL2.split_once("<authentication").ok_or("no SASL 2")?;
    let weaker = format!("{sasl}<authentication{}", sasl2.replace("SCRAM-SHA-256", "SCRAM-SHA-1"));
    for features in [no_bind, no_management, weaker] {
        let (login, _) = at(&features, log_in, async |peer| peer.lets_in().await).await?;
        assert_eq!(login, Ok(()), "{features}");
    }
    let only_plain = format!("<authentication{}", sasl2.replace("<mechanism>SCRAM-SHA-256</mechanism>", ""));
    let (login, heard) = at(&only_plain, log_in, async |_| Ok(())).await?;
    assert_eq!(login, Err(LoginError::NoSafeMechanism));
    assert!(!heard.contains("<auth"), "{heard}");
    Ok(())
}

#[tokio::test]
async fn a_server_that_does_not_know_the_password_is_not_believed() -> Outcome {
    for proof in ["", "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "e=other-error"] {
        let (login, heard) = at(SASL2, log_in, async |peer| {
            Scram::hears_authenticate(peer).await?.hears_proof(peer, SALT).await?;
            peer.succeeds_at_once(proof, OWN, BOUND).await
        })
        .await?;
        assert_eq!(login, Err(LoginError::ServerNotProven), "{proof}");
        assert!(heard.ends_with("</response>"), "nothing follows: {heard}");
    }
    let (login, _) = at(SASL2, log_in, async |peer| {
        Scram::hears_authenticate(peer).await?;
        peer.succeeds_at_once("", OWN, BOUND).await
    })
    .await?;
    assert_eq!(login, Err(LoginError::ServerNotProven), "success at once");
    // An offer that was changed on the way (XEP-0474): this is the hash of another.
    let (login, heard) = at(SASL2, log_in, async |peer| {
        let scram = Scram::hears_authenticate(peer).await?;
        peer.challenges(&format!("r={}more,{SALT},h=G6k/rBLDqgOhRRaCuuatSDFkJ08=", scram.client_nonce)).await
    })
    .await?;
    assert_eq!(login, Err(LoginError::Downgraded));
    assert!(!heard.contains("<response"), "{heard}");
    Ok(())
}

#[tokio::test]
async fn a_login_is_tied_to_its_tls_connection_and_stays_so() -> Outcome {
    let plus = |list: &str| {
        list.replace(
            "<mechanism>PLAIN</mechanism>",
            "<mechanism>PLAIN</mechanism><mechanism>SCRAM-SHA-256-PLUS</mechanism>",
        )
    };
    let (sasl, sasl2) = SASL2.split_once("<authentication").ok_or("no SASL 2")?;
    let types = "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='tls-exporter'/>\
                 </sasl-channel-binding>";
    let both = format!("{}<authentication{}{types}", plus(sasl), plus(sasl2));
    let (bound, heard) = at(
        &both,
        async |connection| connection.log_in(&credentials(), ids()).await.map(|session| session.binding()),
        async |peer| {
            let exported = peer.exporter()?;
            let proof = Scram::hears_authenticate(peer).await?.hears_proof_bound_to(peer, SALT, &exported).await?;
            peer.succeeds_at_once(&proof, OWN, BOUND).await
        },
    )
    .await?;
    assert_eq!(bound, Ok(Binding::Bound));
    assert!(heard.contains("mechanism='SCRAM-SHA-256-PLUS'"), "{heard}");
    // Where only SASL has it still, that is taken; where nothing has it, or no type is of use, nothing is said.
    let only_sasl = format!("{}<authentication{sasl2}{types}", plus(sasl));
    let binding = async |connection: Client| connection.try_login(&credentials().binding(Binding::Bound)).await;
    let (_, heard) = at(&only_sasl, binding, async |peer| {
        peer.hears("</auth>").await?;
        peer.ends().await
    })
    .await?;
    assert!(heard.contains("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256-PLUS'"), "{heard}");
    for offer in [SASL2.to_owned(), both.replace("tls-exporter", "tls-unique")] {
        let (login, heard) = at(&offer, binding, async |_| Ok(())).await?;
        assert_eq!(login, Err(LoginError::Downgraded));
        assert!(!heard.contains("<auth") && !heard.contains(USERNAME), "{heard}");
    }
    Ok(())
}

#[tokio::test]
async fn another_accounts_resource_is_not_taken_nor_none() -> Outcome {
    for (jid, inside, error) in [
        ("somebody@jabber.example/0123", BOUND, LoginError::Stream(StreamError::Malformed)),
        ("nobody@other.example/0123", BOUND, LoginError::Stream(StreamError::Malformed)),
        ("nobody@jabber.example", BOUND, LoginError::Stream(StreamError::Malformed)),
        (OWN, "", LoginError::Refused),
        (OWN, "<failed xmlns='urn:xmpp:bind:0'/>", LoginError::Refused),
    ] {
        let (login, _) = at(SASL2, log_in, async |peer| {
            let proof = proof(peer).await?;
            peer.succeeds_at_once(&proof, jid, inside).await
        })
        .await?;
        assert_eq!(login, Err(error), "{jid} {inside}");
    }
    Ok(())
}

#[tokio::test]
async fn failures_mean_what_they_mean_by_sasl() -> Outcome {
    let failure = |inside| format!("<failure xmlns='urn:xmpp:sasl:2'>{inside}</failure>");
    let condition = |name| failure(format!("<x xmlns='u:x'/><{name} xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"));
    for (answer, error) in [
        (condition("not-authorized"), LoginError::NotAuthorized),
        (condition("account-disabled"), LoginError::Disabled),
        (condition("temporary-auth-failure"), LoginError::Temporary),
        (condition("credentials-expired"), LoginError::Refused),
        (condition("no-such-condition"), LoginError::Refused),
        (failure(String::new()), LoginError::Refused),
        ("<continue xmlns='urn:xmpp:sasl:2'><tasks><task>TOTP</task></tasks></continue>".into(), LoginError::Refused),
        ("<message/>".to_owned(), LoginError::Stream(StreamError::Malformed)),
        (AFTER.to_owned(), LoginError::Stream(StreamError::Malformed)),
        (
            "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>".into(),
            LoginError::Stream(StreamError::Malformed),
        ),
        ("</stream:stream>".to_owned(), LoginError::Stream(StreamError::Ended)),
    ] {
        let (login, heard) = at(
            SASL2,
            async |connection| connection.try_login(&credentials()).await,
            async |peer| {
                Scram::hears_authenticate(peer).await?;
                peer.says(&answer).await
            },
        )
        .await?;
        assert_eq!(login, Err(error), "{answer}");
        assert_eq!(said(&heard)?, block("proof at once")?, "nothing is bound for a proof");
    }
    Ok(())
}

#[tokio::test]
async fn a_session_that_stays_begins_with_the_login() -> Outcome {
    let enabled = "<bound xmlns='urn:xmpp:bind:0'><enabled xmlns='urn:xmpp:sm:3' id='stream-1' resume='1'/></bound>";
    let stay = async |connection: Client| {
        let (mut session, start) = connection.log_in_to_stay(&credentials(), ids(), None).await?;
        session.send_presence().await?;
        let before = session.resumption(0);
        let next = session.next().await;
        Ok::<_, LoginError>((start, session.limit(), before, next, session.resumption(0)))
    };
    // The features that follow may be behind something else.
    let behind = format!("<message from='{DOMAIN}'><body>Welcome</body></message>{AFTER}");
    for (after, limit) in [(AFTER, 262_144), (&behind, 10_000)] {
        let (stayed, heard) = at(SASL2, stay, async |peer| {
            let proof = proof(peer).await?;
            peer.succeeds_at_once(&proof, OWN, enabled).await?;
            peer.says(after).await?;
            peer.hears("<presence").await?;
            // Who has heard a message before it leaves.
            let _ = peer.says("<r xmlns='urn:xmpp:sm:3'/>").await;
            Ok(())
        })
        .await?;
        let (start, limited, before, next, behind) = stayed?;
        assert_eq!((start, limited), (Start::New { acked: None }, Some(limit)));
        // What came before its turn counts once it was given out.
        let has_message = limit == 10_000;
        let resumption = |handled| Some(Resumption { id: "stream-1".into(), jid: OWN.into(), handled, sent: Some(1) });
        assert_eq!((before, behind), (resumption(0), resumption(has_message.into())));
        let came = if has_message { matches!(next, Ok(Incoming::Chat(_))) } else { next == Ok(Incoming::Asked) };
        assert!(came, "{next:?}");
        assert_eq!(said(&heard)?, block("stay at once")?);
    }
    for inside in [BOUND, "<bound xmlns='urn:xmpp:bind:0'><failed xmlns='urn:xmpp:sm:3'/></bound>"] {
        let (stayed, _) = at(SASL2, stay, async |peer| {
            let proof = proof(peer).await?;
            peer.succeeds_at_once(&proof, OWN, inside).await
        })
        .await?;
        assert_eq!(stayed.err(), Some(LoginError::NoManagement), "{inside}");
    }
    Ok(())
}

#[tokio::test]
async fn features_come_once() -> Outcome {
    let (next, _) = at(
        SASL2,
        async |connection| {
            let mut session = connection.log_in(&credentials(), ids()).await?;
            session.try_out().await.map_err(LoginError::from)
        },
        async |peer| {
            let proof = proof(peer).await?;
            peer.succeeds_at_once(&proof, OWN, BOUND).await?;
            peer.says(&[AFTER, AFTER].concat()).await
        },
    )
    .await?;
    assert_eq!(next, Err(LoginError::Stream(StreamError::Malformed)));
    Ok(())
}

/// A login that takes an earlier stream up: what came of it, and what the client said.
async fn again(
    inside: &str,
    after: &str,
) -> Result<(Result<(Start, Option<Resumption>), LoginError>, String), Box<dyn std::error::Error>> {
    let earlier = Resumption { id: "stream-1".into(), jid: OWN.into(), handled: 7, sent: Some(5) };
    at(
        SASL2,
        async |connection| {
            let (session, start) = connection.log_in_to_stay(&credentials(), ids(), Some(&earlier)).await?;
            Ok((start, session.resumption(0)))
        },
        async |peer| {
            let proof = proof(peer).await?;
            peer.succeeds_at_once(&proof, OWN, inside).await?;
            peer.says(after).await
        },
    )
    .await
}

#[tokio::test]
async fn a_stream_is_taken_up_again_with_the_login() -> Outcome {
    let resumed = |attributes| format!("<resumed xmlns='urn:xmpp:sm:3' {attributes}/>");
    // Features need not follow.
    for after in [AFTER, ""] {
        let (taken_up, heard) = again(&resumed("h='3' previd='stream-1'"), after).await?;
        let resumption = Resumption { id: "stream-1".into(), jid: OWN.into(), handled: 7, sent: Some(3) };
        assert_eq!(taken_up, Ok((Start::Resumed { acked: 3 }, Some(resumption))));
        assert_eq!(said(&heard)?, block("resumption at once")?);
    }
    for other in ["h='3' previd='stream-2'", "h='6' previd='stream-1'"] {
        let (taken_up, _) = again(&resumed(other), AFTER).await?;
        assert_eq!(taken_up.err(), Some(LoginError::WrongStream), "{other}");
    }
    let enabled = "<bound xmlns='urn:xmpp:bind:0'><enabled xmlns='urn:xmpp:sm:3' id='stream-2' resume='1'/></bound>";
    for (attributes, acked) in [("h='5'", Some(5)), ("", None), ("h='6'", None), ("h='-1'", None)] {
        let failed = format!("<failed xmlns='urn:xmpp:sm:3' {attributes}/>{enabled}");
        let (taken_up, _) = again(&failed, AFTER).await?;
        assert_eq!(taken_up.map(|(start, _)| start), Ok(Start::New { acked }), "{attributes}");
    }
    Ok(())
}

/// Opens a stream to register at a server that opens it as a script says; what is done on it then.
async fn early<T>(
    client: impl AsyncFnOnce(Client) -> T,
    script: impl AsyncFnOnce(&mut Server) -> io::Result<()>,
) -> Result<(Result<T, ConnectError>, String), Box<dyn std::error::Error>> {
    let authority = Authority::new(DOMAIN)?;
    let domain = Domain::parse(DOMAIN)?;
    let (done, heard) = together(
        async |near| {
            let opened =
                Connection::open_to_register(near, &domain, Security::DirectTls, &authority.tls, &mut ids()).await;
            Ok(client(opened?).await)
        },
        async |far| {
            let mut peer = authority.takes(far).await?;
            let followed = script(&mut peer).await;
            followed.map(|()| peer)?.heard_in_all().await
        },
    )
    .await?;
    Ok((done, heard?))
}

async fn asks(mut connection: Client) -> Result<bool, RegisterError> {
    // Not those of the first question.
    let mut ids = Ids::new(Box::new(StdRng::seed_from_u64(8)));
    let form = connection.ask_registration(&mut ids).await?;
    Ok(form.fill(&credentials(), &Answers::default()).is_ok())
}

fn features(inside: &str) -> String {
    format!("<stream:features>{inside}</stream:features>")
}

/// The id of what was asked together with the header, in whatever order a server goes through it.
pub(crate) async fn early_id(peer: &mut Server) -> io::Result<String> {
    let said = peer.sees("</iq>").await?;
    between(&said, "<iq type='get' id='", "'")
}

#[tokio::test]
async fn a_form_is_asked_for_with_the_header() -> Outcome {
    for form_first in [false, true] {
        let (asked, heard) = early(asks, async |peer| {
            // All of it comes before anything is answered.
            let form = format!("<iq type='result' id='{}'>{FORM}</iq>", early_id(peer).await?);
            let features = features(SCRAM);
            peer.opens_with(&if form_first { [form, features] } else { [features, form] }.concat()).await
        })
        .await?;
        assert_eq!(asked, Ok(Ok(true)), "form first: {form_first}");
        let (_, request) = heard.split_once("version='1.0'>").ok_or("no header")?;
        let id = between(request, "id='", "'")?;
        assert_eq!(request, format!("<iq type='get' id='{id}'><query xmlns='jabber:iq:register'></query></iq>"));
    }
    Ok(())
}

#[tokio::test]
async fn servers_that_are_asked_too_early() -> Outcome {
    // It refuses, and is asked again now that its features are known.
    let (asked, heard) = early(asks, async |peer| {
        let id = early_id(peer).await?;
        let refused = "<error type='cancel'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
        peer.opens_with(&format!("{}<iq type='error' id='{id}'>{refused}</iq>", features(SCRAM))).await?;
        peer.hears("</iq>").await?;
        let id = peer.hears_request().await?;
        peer.says(&format!("<iq type='result' id='{id}'>{FORM}</iq>")).await
    })
    .await?;
    assert_eq!(asked, Ok(Ok(true)));
    assert_eq!(heard.matches("jabber:iq:register").count(), 2, "{heard}");
    // It ends the stream, and says why or not.
    let error = "<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>";
    for end in [format!("{}{error}</stream:stream>", features(SCRAM)), features(SCRAM), error.to_owned(), String::new()]
    {
        let (asked, _) = early(asks, async |peer| {
            peer.opens_with(&end).await?;
            peer.ends().await
        })
        .await?;
        assert_eq!(asked.err(), Some(ConnectError::TooEarly), "{end}");
    }
    // It says anything else.
    let (asked, _) = early(asks, async |peer| peer.opens_with("<message/><message/>").await).await?;
    assert_eq!(asked.err(), Some(ConnectError::Malformed));
    Ok(())
}

#[tokio::test]
async fn a_server_that_has_not_heard_what_was_asked_early_is_asked_again() -> Outcome {
    let (asked, _) = early(asks, async |peer| {
        let lost = early_id(peer).await?;
        peer.opens_with(&features(SCRAM)).await?;
        peer.hears("</iq>").await?;
        let id = peer.hears_request().await?;
        let late =
            format!("<iq type='result' id='{lost}'><query xmlns='jabber:iq:register'><registered/></query></iq>");
        peer.says(&format!("{late}<iq type='result' id='{id}'>{FORM}</iq>")).await
    })
    .await?;
    assert_eq!(asked, Ok(Ok(true)));
    Ok(())
}

/// Registers and logs in, in one go where that is possible.
async fn makes(mut connection: Client) -> (Result<(), RegisterError>, Option<Result<(), LoginError>>) {
    let credentials = credentials();
    let made = register(&mut connection, &credentials).await;
    let login = if made.is_ok() { Some(connection.log_in(&credentials, ids()).await.map(drop)) } else { None };
    (made, login)
}

async fn register(connection: &mut Client, credentials: &Credentials) -> Result<(), RegisterError> {
    let mut ids = ids();
    let form = connection.ask_registration(&mut ids).await?;
    let filled = form.fill(credentials, &Answers::default()).map_err(|_| RegisterError::BadAnswer)?;
    connection.register_to_log_in(filled, credentials, &mut ids).await
}

async fn gives_form(peer: &mut Server) -> io::Result<()> {
    let id = peer.hears_request().await?;
    peer.says(&format!("<iq type='result' id='{id}'>{FORM}</iq>")).await
}

#[tokio::test]
async fn a_login_begins_with_the_registration() -> Outcome {
    let (made, heard) = at(SASL2, makes, async |peer| {
        gives_form(peer).await?;
        let id = peer.hears_request().await?;
        // The login is here before the registration is answered.
        let scram = Scram::hears_authenticate(peer).await?;
        peer.says(&format!("<iq type='result' id='{id}'/>")).await?;
        let proof = scram.hears_proof(peer, SALT).await?;
        peer.succeeds_at_once(&proof, OWN, BOUND).await?;
        peer.says(AFTER).await
    })
    .await?;
    assert_eq!(made, (Ok(()), Some(Ok(()))));
    assert_eq!(heard.matches("<authenticate").count(), 1, "{heard}");
    let (made, heard) = at(SCRAM, makes, async |peer| {
        gives_form(peer).await?;
        let id = peer.hears_request().await?;
        let scram = Scram::hears_first(peer).await?;
        peer.says(&format!("<iq type='result' id='{id}'/>")).await?;
        let proof = scram.hears_proof(peer, SALT).await?;
        peer.succeeds(&proof).await?;
        peer.binds(USERNAME).await
    })
    .await?;
    assert_eq!(made, (Ok(()), Some(Ok(()))));
    assert_eq!(heard.matches("<auth ").count(), 1, "{heard}");
    Ok(())
}

#[tokio::test]
async fn a_login_that_was_looked_at_before_the_registration_begins_again() -> Outcome {
    let refused =
        "<failure xmlns='urn:xmpp:sasl:2'><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></failure>";
    for login_first in [true, false] {
        let (made, heard) = at(SASL2, makes, async |peer| {
            gives_form(peer).await?;
            let made = format!("<iq type='result' id='{}'/>", peer.hears_request().await?);
            Scram::hears_authenticate(peer).await?;
            let refused = refused.to_owned();
            peer.says(&if login_first { [refused, made] } else { [made, refused] }.concat()).await?;
            let proof = proof(peer).await?;
            peer.succeeds_at_once(&proof, OWN, BOUND).await
        })
        .await?;
        assert_eq!(made, (Ok(()), Some(Ok(()))), "login first: {login_first}");
        assert_eq!(heard.matches("<authenticate").count(), 2, "{heard}");
    }
    Ok(())
}

#[tokio::test]
async fn a_registration_that_is_refused_tells_why_whatever_becomes_of_its_login() -> Outcome {
    for login in ["<failure xmlns='urn:xmpp:sasl:2'/>", "<challenge xmlns='urn:xmpp:sasl:2'>cj0x</challenge>", ""] {
        let (made, _) = at(SASL2, makes, async |peer| {
            gives_form(peer).await?;
            let id = peer.hears_request().await?;
            Scram::hears_authenticate(peer).await?;
            let conflict = "<error type='cancel'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
            peer.says(&format!("{login}<iq type='error' id='{id}'>{conflict}</iq>")).await
        })
        .await?;
        assert_eq!(made, (Err(RegisterError::NameTaken), None), "{login}");
    }
    Ok(())
}

#[tokio::test]
async fn a_resource_is_asked_for_with_the_header_of_the_new_stream() -> Outcome {
    let (login, heard) = at(SCRAM, log_in, async |peer| {
        let proof = Scram::hears_first(peer).await?.hears_proof(peer, SALT).await?;
        peer.succeeds(&proof).await?;
        let request = peer.sees("</iq>").await?;
        let (id, resource) = (between(&request, "set' id='", "'")?, between(&request, "<resource>", "</resource>")?);
        let bound = format!(
            "<iq type='result' id='{id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <jid>{USERNAME}@{DOMAIN}/{resource}</jid></bind></iq>"
        );
        peer.opens_with(&[bound, features(BIND)].concat()).await
    })
    .await?;
    assert_eq!(login, Ok(()), "{heard}");
    Ok(())
}
