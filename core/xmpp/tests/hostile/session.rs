//! Registration, a session and its removal, with a server or a stranger that gets in between.

use std::io;

use flashpaper_xmpp::registration::Answers;
use flashpaper_xmpp::removal::{Accepted, RemovalError};
use flashpaper_xmpp::{LoginError, RegisterError, Security, Session, StreamError};
use tokio::io::DuplexStream;
use tokio_rustls::server::TlsStream;

use crate::server::{Authority, DOMAIN, PASSWORD, Peer, SCRAM, USERNAME, between};
use crate::{Outcome, credentials, ids, log_in, open, together};

type Server = Peer<TlsStream<DuplexStream>>;

/// Uses a session at a server that follows a script: what came of it, and what the client said under TLS.
async fn in_session<T>(
    client: impl AsyncFnOnce(Session<DuplexStream>) -> T,
    script: impl AsyncFnOnce(&mut Server) -> io::Result<()>,
) -> Result<(T, String), Box<dyn std::error::Error>> {
    let authority = Authority::new(DOMAIN)?;
    let (used, heard) = together(
        async |near| Ok::<_, LoginError>(client(log_in(near, &authority).await?).await),
        async |far| {
            let mut peer = authority.accept(far, SCRAM).await?;
            peer.lets_in().await?;
            let followed = script(&mut peer).await;
            followed.map(|()| peer)?.heard_in_all().await
        },
    )
    .await?;
    Ok((used?, heard?))
}

/// What comes between a request and its answer, and is none.
pub(crate) const NOISE: &str = "<iq type='get' id='v' from='stranger@b.example/r'><query xmlns='jabber:iq:version'/></iq>\
    <iq type='result' id='other'><query xmlns='jabber:iq:register'><username/><password/></query></iq>\
    <iq type='nonsense' id='n'/><presence from='stranger@b.example'/> \n\
    <message from='a@b.example'><body>first</body></message>\
    <message from='a@b.example' type='error'><body>an error</body></message>\
    <message from='a@b.example'><unknown xmlns='u:x'/></message>\
    <message from='a@b.example'><body>second</body></message>";
pub(crate) const REFUSED: &str = "<iq type='error' to='stranger@b.example/r' id='v'><error type='cancel'>\
    <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'></service-unavailable></error></iq>";

#[tokio::test]
async fn a_registration_among_other_things() -> Outcome {
    let authority = Authority::new(DOMAIN)?;
    let (registered, heard) = together(
        async |near| {
            let opened = open(near, &authority, Security::DirectTls).await;
            let (mut connection, mut ids) = (opened.map_err(|_| RegisterError::Lost)?, ids());
            let form = connection.ask_registration(&mut ids).await?;
            let filled = form.fill(&credentials(), &Answers::default()).map_err(|_| RegisterError::BadAnswer)?;
            connection.register(filled, &mut ids).await
        },
        async |far| {
            let mut peer = authority.accept(far, SCRAM).await?;
            let asked = peer.hears_request().await?;
            let fields = "<query xmlns='jabber:iq:register'><username/><password/></query>";
            peer.says(&format!("{NOISE}<iq type='result' id='{asked}'>{fields}</iq>")).await?;
            peer.hears("service-unavailable").await?;
            peer.hears("</iq>").await?;
            let sent = peer.hears_request().await?;
            assert_ne!(asked, sent);
            peer.says(&format!("<iq type='result' id='{asked}'/>")).await?;
            peer.says(&format!(
                "<iq type='error' id='{sent}'><error type='cancel'>\
                 <conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
            ))
            .await?;
            peer.heard_in_all().await
        },
    )
    .await?;
    let heard = heard?;
    assert_eq!(registered, Err(RegisterError::NameTaken), "the answer to the first request is none to the second");
    assert_eq!(heard.matches(PASSWORD).count(), 1, "{heard}");
    assert_eq!(heard.matches(USERNAME).count(), 1, "{heard}");
    Ok(())
}

/// The ids of what a new account is tried out by: the pings to itself and to the server, the message, the question for an archive;
/// and the account's full JID.
pub(crate) async fn hears_trial(peer: &mut Server) -> io::Result<([String; 4], String)> {
    let trial = peer.hears("disco#info'></query></iq>").await?;
    let ids: Vec<String> =
        trial.split("id='").skip(1).filter_map(|rest| Some(rest.split_once('\'')?.0.into())).collect();
    let [to_self, message, to_server, archive] = ids.try_into().map_err(|_| io::Error::other(trial.clone()))?;
    Ok(([to_self, to_server, message, archive], between(&trial, "to='", "'")?.to_owned()))
}

#[tokio::test]
async fn an_account_is_tried_out_among_other_things() -> Outcome {
    let bounce = |condition: &str| {
        format!("<error type='cancel'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>")
    };
    for (condition, from, quarantined) in [
        ("not-allowed", DOMAIN, true),
        ("policy-violation", DOMAIN, true),
        ("forbidden", DOMAIN, true),
        ("service-unavailable", DOMAIN, false),
        ("not-allowed", "b.example", false),
    ] {
        let (tried, heard) = in_session(
            async |mut session| session.try_out().await,
            async |peer| {
                let ([to_self, to_server, message, archive], own) = hears_trial(peer).await?;
                assert!(own.starts_with(&format!("{USERNAME}@{DOMAIN}/")), "{own}");
                peer.says(NOISE).await?;
                peer.hears("service-unavailable").await?;
                let ping = "<ping xmlns='urn:xmpp:ping'/>";
                peer.says(&format!("<iq type='get' id='{to_self}' from='{own}' to='{own}'>{ping}</iq>")).await?;
                peer.hears(&format!("<iq type='result' to='{own}' id='{to_self}'></iq>")).await?;
                let bounce = bounce(condition);
                peer.says(&format!("<message from='{DOMAIN}'><body>wel\u{202e}come</body></message>")).await?;
                peer.says(&format!("<message from='{from}' type='error' id='{message}'>{bounce}</message>")).await?;
                peer.says(&format!("<iq type='result' id='{to_server}'/><iq type='result' id='{to_self}'/>")).await?;
                let features =
                    "<query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:xmpp:mam:2'/></query>";
                peer.says(&format!("<iq type='result' id='{archive}'>{features}</iq>")).await?;
                let prefs = peer.hears("</prefs></iq>").await?;
                assert!(prefs.contains("default='never'"), "{prefs}");
                peer.says(&format!("<iq type='result' id='{}'/>", between(&prefs, "id='", "'")?)).await
            },
        )
        .await?;
        let tried = tried?;
        assert_eq!((tried.reachable, tried.quarantined), (true, quarantined), "{condition} from {from}");
        assert_eq!(tried.words, ["welcome"]);
        assert_eq!(heard.matches("type='error'").count(), 1, "{heard}");
        assert!(heard.contains(REFUSED), "{heard}");
    }
    Ok(())
}

#[tokio::test]
async fn an_account_that_nothing_comes_to_is_seen_whatever_else_is_answered() -> Outcome {
    let (tried, heard) = in_session(
        async |mut session| session.try_out().await,
        async |peer| {
            let ([to_self, to_server, _, archive], _) = hears_trial(peer).await?;
            let error =
                "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
            for id in [archive, to_server, to_self] {
                peer.says(&format!("<iq type='error' id='{id}'>{error}</iq>")).await?;
            }
            Ok(())
        },
    )
    .await?;
    let tried = tried?;
    assert!(!tried.reachable && !tried.quarantined && tried.words.is_empty(), "{tried:?}");
    assert!(!heard.contains("<prefs"), "{heard}");
    Ok(())
}

#[tokio::test]
async fn answers_to_a_removal() -> Outcome {
    let error = |type_: &str, condition: &str| {
        format!(
            "<iq type='error' id='{{id}}'><error type='{type_}'>\
             <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        )
    };
    let stream_error = |condition: &str| {
        format!("<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>")
    };
    for (answer, expected) in [
        ("<iq type='result' id='{id}'/>".to_owned(), Ok(())),
        (format!("{NOISE}<iq type='result' id='{{id}}'/>"), Ok(())),
        (stream_error("not-authorized"), Ok(())),
        (error("cancel", "not-allowed"), Err(RemovalError::Refused)),
        (error("auth", "forbidden"), Err(RemovalError::Refused)),
        (stream_error("internal-server-error"), Err(RemovalError::Lost(StreamError::Ended))),
        (String::new(), Err(RemovalError::Lost(StreamError::Ended))),
        ("<iq type='result' id='other'/>".to_owned(), Err(RemovalError::Lost(StreamError::Ended))),
    ] {
        let (removed, heard) = in_session(
            async |session| session.remove_account().await.map(|_: Accepted| ()),
            async |peer| {
                let request = peer.hears("</iq>").await?;
                peer.says(&answer.replace("{id}", &between(&request, "id='", "'")?)).await?;
                peer.ends().await
            },
        )
        .await?;
        assert_eq!(removed, expected, "{answer}");
        let (_, request) = heard.split_once("</resource></bind></iq>").ok_or("nothing was bound")?;
        let id = between(request, "id='", "'")?;
        let wanted =
            format!("<iq type='set' id='{id}'><query xmlns='jabber:iq:register'><remove></remove></query></iq>");
        assert!(request.starts_with(&wanted), "{request}");
        // A server that has closed by then would reset the connection, and its answer be lost.
        assert_eq!(request.matches("<iq").count(), 1, "nothing is said behind it: {request}");
    }
    Ok(())
}
