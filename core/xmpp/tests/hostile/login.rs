//! A login, and what a server that does not know the password may try.

use std::io;

use flashpaper_xmpp::{Binding, Credentials, LoginError, Security, StreamError};
use tokio::io::DuplexStream;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::server::TlsStream;
use zeroize::Zeroizing;

use crate::server::{Authority, BIND, DOMAIN, PASSWORD, Peer, SCRAM, SCRAM_PLUS, Scram, USERNAME, between};
use crate::{Outcome, credentials, ids, log_in, open, together};

type Server = Peer<TlsStream<DuplexStream>>;

/// Logs in at a server that follows a script: how it ended, and what the client said under TLS.
async fn at(
    features: &str,
    script: impl AsyncFnOnce(&mut Server) -> io::Result<()>,
) -> Result<(Result<(), LoginError>, String), Box<dyn std::error::Error>> {
    let authority = Authority::new(DOMAIN)?;
    let (login, heard) = together(
        async |near| log_in(near, &authority).await.map(drop),
        async |far| {
            let mut peer = authority.accept(far, features).await?;
            let followed = script(&mut peer).await;
            followed.map(|()| peer)?.heard_in_all().await
        },
    )
    .await?;
    Ok((login, heard?))
}

#[tokio::test]
async fn a_login_never_shows_the_password() -> Outcome {
    let (login, heard) = at(SCRAM, async |peer| peer.lets_in().await).await?;
    assert_eq!(login, Ok(()));
    assert!(heard.contains("mechanism='SCRAM-SHA-256'"), "{heard}");
    assert!(!heard.contains(PASSWORD) && !heard.contains("from="), "{heard}");
    let (id, resource) = (between(&heard, "id='", "'")?, between(&heard, "<resource>", "</resource>")?);
    assert!([id, resource].iter().all(|drawn| drawn.len() == 16 && drawn.chars().all(char::is_alphanumeric)));
    Ok(())
}

/// Logs in with these credentials; what the login has shown, and what the client said.
async fn bound_at(
    authority: &Authority,
    features: &str,
    credentials: Credentials,
    script: impl AsyncFnOnce(&mut Server) -> io::Result<()>,
) -> Result<(Result<Binding, LoginError>, String), Box<dyn std::error::Error>> {
    let (login, heard) = together(
        async |near| {
            let Ok(connection) = open(near, authority, Security::DirectTls).await else {
                return Err(StreamError::Ended.into());
            };
            connection.log_in(&credentials, ids()).await.map(|session| session.binding())
        },
        async |far| {
            let mut peer = authority.accept(far, features).await?;
            let followed = script(&mut peer).await;
            followed.map(|()| peer)?.heard_in_all().await
        },
    )
    .await?;
    Ok((login, heard?))
}

async fn lets_in_bound(peer: &mut Server) -> io::Result<()> {
    let exported = peer.exporter()?;
    let scram = Scram::hears_first(peer).await?;
    let proof = scram.hears_proof_bound_to(peer, "s=c2FsdA==,i=4096", &exported).await?;
    peer.succeeds(&proof).await?;
    peer.binds(USERNAME).await
}

#[tokio::test]
async fn a_login_is_tied_to_its_tls_connection() -> Outcome {
    for version in [&TLS13, &TLS12] {
        let authority = Authority::with_versions(DOMAIN, &[version])?;
        let (login, heard) = bound_at(&authority, SCRAM_PLUS, credentials(), lets_in_bound).await?;
        assert_eq!(login, Ok(Binding::Bound));
        assert!(heard.contains("mechanism='SCRAM-SHA-256-PLUS'"), "{heard}");
    }
    Ok(())
}

/// With a certificate that is valid, and so its own TLS connection with the client.
#[tokio::test]
async fn who_takes_the_binding_away_gets_no_second_login() -> Outcome {
    let only_unique = SCRAM_PLUS.replace("tls-exporter", "tls-unique");
    for version in [&TLS13, &TLS12] {
        let authority = Authority::with_versions(DOMAIN, &[version])?;
        let (first, _) = bound_at(&authority, SCRAM_PLUS, credentials(), lets_in_bound).await?;
        assert_eq!(first, Ok(Binding::Bound));
        for features in [SCRAM, &only_unique] {
            let known = credentials().binding(Binding::Bound);
            let (second, heard) = bound_at(&authority, features, known, async |_| Ok(())).await?;
            assert_eq!(second, Err(LoginError::Downgraded));
            assert!(!heard.contains("<auth") && !heard.contains(USERNAME), "{heard}");
        }
        // A server that never could is told so.
        let (login, heard) = bound_at(&authority, SCRAM, credentials(), async |peer| peer.lets_in().await).await?;
        assert_eq!(login, Ok(Binding::NotOffered));
        assert!(heard.contains(">eSws"), "the base64 of y: {heard}");
    }
    Ok(())
}

async fn refuses_the_bound(peer: &mut Server) -> io::Result<()> {
    let exported = peer.exporter()?;
    Scram::hears_first(peer).await?.hears_proof_bound_to(peer, "s=c2FsdA==,i=4096", &exported).await?;
    peer.says("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>").await
}

#[tokio::test]
async fn a_server_that_cannot_check_what_it_offers_is_logged_in_at_unbound_the_first_time() -> Outcome {
    let (unlisted, _) = SCRAM_PLUS.split_once("<sasl-channel-binding").ok_or("no list")?;
    let authority = Authority::new(DOMAIN)?;
    let both = async |peer: &mut Server| {
        refuses_the_bound(peer).await?;
        peer.lets_in().await
    };
    let (first, heard) = bound_at(&authority, unlisted, credentials(), both).await?;
    assert_eq!(first, Ok(Binding::Unbound));
    let mechanisms: Vec<&str> = heard.split("mechanism='").skip(1).filter_map(|rest| rest.split('\'').next()).collect();
    assert_eq!(mechanisms, ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]);
    assert!(heard.contains(">biws"), "the base64 of n: {heard}");
    let known = credentials().binding(Binding::Unbound);
    let (second, heard) = bound_at(&authority, unlisted, known, async |peer| peer.lets_in().await).await?;
    assert_eq!(second, Ok(Binding::Unbound));
    assert!(!heard.contains("-PLUS"), "{heard}");
    // A server that could before, or says that it can, refuses the password.
    for (features, known) in [
        (unlisted, Binding::Bound),
        (unlisted, Binding::NotOffered),
        (SCRAM_PLUS, Binding::Unbound),
        (SCRAM_PLUS, Binding::Unknown),
    ] {
        let (login, heard) = bound_at(&authority, features, credentials().binding(known), refuses_the_bound).await?;
        assert_eq!(login, Err(LoginError::NotAuthorized), "{known:?}");
        assert_eq!(heard.matches("<auth").count(), 1, "{heard}");
    }
    Ok(())
}

#[tokio::test]
async fn only_weak_mechanisms_get_nothing() -> Outcome {
    for names in ["PLAIN", "ANONYMOUS", "DIGEST-MD5", "SCRAM-SHA-512", ""] {
        let offer =
            format!("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>{names}</mechanism></mechanisms>");
        let (login, heard) = at(&offer, async |_| Ok(())).await?;
        assert_eq!(login, Err(LoginError::NoSafeMechanism), "{names}");
        assert!(!heard.contains("<auth") && !heard.contains(USERNAME), "{heard}");
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_does_not_know_the_password_is_not_believed() -> Outcome {
    let wrong = "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for proof in [wrong, "v=", "", "e=other-error"] {
        let (login, heard) = at(SCRAM, async |peer| {
            Scram::hears_first(peer).await?.hears_proof(peer, "s=c2FsdA==,i=4096").await?;
            peer.succeeds(proof).await
        })
        .await?;
        assert_eq!(login, Err(LoginError::ServerNotProven), "{proof}");
        assert!(heard.trim_end().ends_with("</response>"), "nothing follows: {heard}");
    }
    let (login, _) = at(SCRAM, async |peer| {
        Scram::hears_first(peer).await?;
        peer.succeeds("").await
    })
    .await?;
    assert_eq!(login, Err(LoginError::ServerNotProven), "success at once");
    Ok(())
}

#[tokio::test]
async fn the_servers_proof_may_come_as_a_challenge_but_not_twice() -> Outcome {
    for (times, expected) in [(1, Ok(())), (2, Err(LoginError::ServerNotProven))] {
        let (login, _) = at(SCRAM, async |peer| {
            let proof = Scram::hears_first(peer).await?.hears_proof(peer, "s=c2FsdA==,i=4096").await?;
            for _ in 0..times {
                peer.challenges(&proof).await?;
            }
            peer.hears("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'").await?;
            if times == 1 {
                peer.succeeds("").await?;
                peer.binds(USERNAME).await?;
            }
            Ok(())
        })
        .await?;
        assert_eq!(login, expected);
    }
    Ok(())
}

#[tokio::test]
async fn a_work_factor_that_would_burn_the_battery() -> Outcome {
    for factors in ["i=1000001", "i=4096,i=1000001", "i=4096,x=,i=1000001", "i=0", "i=-1", "i=99999999999999"] {
        let (login, heard) = at(SCRAM, async |peer| {
            let scram = Scram::hears_first(peer).await?;
            peer.challenges(&format!("r={}more,s=c2FsdA==,{factors}", scram.client_nonce)).await
        })
        .await?;
        assert_eq!(login, Err(LoginError::ServerNotProven), "{factors}");
        assert!(!heard.contains("<response"), "{heard}");
    }
    Ok(())
}

#[tokio::test]
async fn failures_are_told_apart() -> Outcome {
    let failure = |condition| {
        format!("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><{condition}/><text>of the server</text></failure>")
    };
    let stream_error =
        |condition| format!("<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
    for (answer, error) in [
        (failure("not-authorized"), LoginError::NotAuthorized),
        (failure("account-disabled"), LoginError::Disabled),
        (failure("temporary-auth-failure"), LoginError::Temporary),
        (failure("credentials-expired"), LoginError::Refused),
        (failure("no-such-condition"), LoginError::Stream(StreamError::Ended)),
        (stream_error("not-authorized"), LoginError::Stream(StreamError::NotAuthorized)),
        (stream_error("policy-violation"), LoginError::Stream(StreamError::Ended)),
        ("</stream:stream>".to_owned(), LoginError::Stream(StreamError::Ended)),
        ("<success".to_owned(), LoginError::Stream(StreamError::Ended)),
        ("<message/>".to_owned(), LoginError::Stream(StreamError::Malformed)),
    ] {
        let authority = Authority::new(DOMAIN)?;
        let (login, followed) = together(
            async |near| {
                let connection = open(near, &authority, Security::DirectTls).await.map_err(|_| StreamError::Ended)?;
                connection.try_login(&credentials()).await
            },
            async |far| {
                let mut peer = authority.accept(far, SCRAM).await?;
                Scram::hears_first(&mut peer).await?;
                peer.says(&answer).await?;
                peer.ends().await
            },
        )
        .await?;
        followed?;
        assert_eq!(login, Err(error), "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn another_accounts_address_is_not_taken() -> Outcome {
    for username in ["somebody", "nobody.else"] {
        let (login, _) = at(SCRAM, async |peer| {
            let proof = Scram::hears_first(peer).await?.hears_proof(peer, "s=c2FsdA==,i=4096").await?;
            peer.succeeds(&proof).await?;
            peer.binds(username).await
        })
        .await?;
        assert_eq!(login, Err(LoginError::Stream(StreamError::Malformed)), "{username}");
    }
    Ok(())
}

#[tokio::test]
async fn no_resource_is_offered_or_given() -> Outcome {
    for (features, answer, error) in [
        ("", "", LoginError::Stream(StreamError::Malformed)),
        (BIND, "<iq type='result' id='{id}'/>", LoginError::Stream(StreamError::Malformed)),
        (
            BIND,
            "<iq type='error' id='{id}'><error type='wait'>\
             <resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
            LoginError::Refused,
        ),
    ] {
        let (login, _) = at(SCRAM, async |peer| {
            let proof = Scram::hears_first(peer).await?.hears_proof(peer, "s=c2FsdA==,i=4096").await?;
            peer.succeeds(&proof).await?;
            peer.opens(features).await?;
            if features.is_empty() {
                return Ok(());
            }
            let id = peer.hears_request().await?;
            peer.says(&answer.replace("{id}", &id)).await
        })
        .await?;
        assert_eq!(login, Err(error), "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn a_name_that_no_account_can_have_is_no_proof_of_anything() -> Outcome {
    let authority = Authority::new(DOMAIN)?;
    let (login, heard) = together(
        async |near| {
            let connection = open(near, &authority, Security::DirectTls).await.map_err(|_| StreamError::Ended)?;
            let nobody = Credentials::new("no@body".into(), Zeroizing::new(PASSWORD.into()));
            connection.try_login(&nobody).await
        },
        async |far| authority.accept(far, SCRAM).await?.heard_in_all().await,
    )
    .await?;
    assert_eq!(login, Err(LoginError::Refused));
    assert!(!heard?.contains("<auth"));
    Ok(())
}
