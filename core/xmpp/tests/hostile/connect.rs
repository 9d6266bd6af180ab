//! Before anybody is logged in.

use std::io;

use flashpaper_xmpp::{ConnectError, Connection, Domain, Security};
use tokio::io::DuplexStream;

use crate::server::{Authority, DOMAIN, Peer, SCRAM, STARTTLS};
use crate::{Outcome, open, together};

/// What is in clear before TLS, up to the answer to it.
const HEADER: &str = "<?xml version='1.0' encoding='utf-8'?>\n<stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' to='jabber.example' version='1.0'>";
const REQUEST: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'></starttls>";

/// Asks for STARTTLS at a server that follows a script: how it ended, and what the client said.
async fn by_starttls(
    script: impl AsyncFnOnce(&mut Peer<DuplexStream>) -> io::Result<()>,
) -> Result<(Option<ConnectError>, String), Box<dyn std::error::Error>> {
    let authority = Authority::new(DOMAIN)?;
    let (opened, heard) = together(
        async |near| open(near, &authority, Security::StartTls).await.err(),
        async |far| {
            let mut peer = Peer::new(far);
            let followed = script(&mut peer).await;
            followed.map(|()| peer)?.heard_in_all().await
        },
    )
    .await?;
    Ok((opened, heard?))
}

#[tokio::test]
async fn starttls_taken_out_of_the_offer() -> Outcome {
    for features in ["", SCRAM] {
        let (opened, heard) = by_starttls(async |peer| peer.opens(features).await).await?;
        assert_eq!(opened, Some(ConnectError::NoTls));
        assert_eq!(heard, HEADER);
    }
    Ok(())
}

#[tokio::test]
async fn starttls_refused() -> Outcome {
    for (answer, error) in [
        ("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>", ConnectError::NoTls),
        ("<iq type='result' id='1'/>", ConnectError::NoTls),
        ("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", ConnectError::NoTls),
        ("<proceed xmlns='jabber:client'/>", ConnectError::Malformed),
        ("<stream:features/><proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", ConnectError::Malformed),
    ] {
        let (opened, heard) = by_starttls(async |peer| {
            peer.opens(STARTTLS).await?;
            peer.hears(REQUEST).await?;
            peer.says(answer).await
        })
        .await?;
        assert_eq!(opened, Some(error), "{answer}");
        assert_eq!(heard, format!("{HEADER}{REQUEST}"), "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn words_put_behind_proceed_to_be_read_as_if_under_tls() -> Outcome {
    for injected in ["<stream:features/>", "<?xml version='1.0'?><stream:stream>", " ", "x", "\x16\x03\x03"] {
        let (opened, heard) = by_starttls(async |peer| {
            peer.opens(STARTTLS).await?;
            peer.hears(REQUEST).await?;
            peer.says(&format!("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>{injected}")).await
        })
        .await?;
        assert_eq!(opened, Some(ConnectError::Malformed), "{injected}");
        assert_eq!(heard, format!("{HEADER}{REQUEST}"), "{injected}");
    }
    Ok(())
}

#[tokio::test]
async fn starttls_as_it_should_be() -> Outcome {
    let authority = Authority::new(DOMAIN)?;
    let (opened, followed) = together(
        async |near| open(near, &authority, Security::StartTls).await.map(drop),
        async |far| {
            let mut peer = Peer::new(far);
            peer.opens(STARTTLS).await?;
            peer.hears(REQUEST).await?;
            peer.says("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>").await?;
            authority.accept(peer.into_inner(), SCRAM).await?.heard_in_all().await
        },
    )
    .await?;
    assert_eq!(opened, Ok(()));
    assert_eq!(followed?, HEADER, "under TLS");
    Ok(())
}

#[tokio::test]
async fn no_tls_where_it_should_begin_at_once() -> Outcome {
    let authority = Authority::new(DOMAIN)?;
    let (opened, said) = together(
        async |near| open(near, &authority, Security::DirectTls).await.err(),
        async |far| Peer::new(far).says("<?xml version='1.0'?><stream:stream version='1.0'>").await,
    )
    .await?;
    said?;
    assert_eq!(opened, Some(ConnectError::Tls));
    Ok(())
}

#[tokio::test]
async fn certificates_that_are_not_the_domains() -> Outcome {
    let trusted = Authority::new(DOMAIN)?;
    let others = [Authority::new("other.example")?, Authority::new("example")?];
    for other in others {
        let (opened, accepted) = together(
            async |near| open(near, &other, Security::DirectTls).await.err(),
            async |far| other.accept(far, "").await,
        )
        .await?;
        assert_eq!(opened, Some(ConnectError::Certificate), "another name");
        assert!(accepted.is_err());
    }
    let unknown = Authority::new(DOMAIN)?;
    let (opened, accepted) = together(
        async |near| open(near, &trusted, Security::DirectTls).await.err(),
        async |far| unknown.accept(far, "").await,
    )
    .await?;
    assert_eq!(opened, Some(ConnectError::Certificate), "the right name, by an unknown authority");
    assert!(accepted.is_err());
    Ok(())
}

/// A-labels in the certificate, U-labels in the stream (RFC 6120, section 13.7.2; RFC 7622, section 3.2).
#[tokio::test]
async fn a_server_with_an_international_name() -> Outcome {
    let authority = Authority::new("xn--mnchen-3ya.example")?;
    for spelt in ["münchen.example", "xn--mnchen-3ya.example."] {
        let domain = Domain::parse(spelt)?;
        let (opened, heard) = together(
            async |near| Connection::open(near, &domain, Security::DirectTls, &authority.tls).await.err(),
            async |far| authority.accept(far, SCRAM).await?.heard_in_all().await,
        )
        .await?;
        assert_eq!(opened, None, "{spelt}");
        assert!(heard?.contains("to='münchen.example'"), "{spelt}");
    }
    Ok(())
}

#[tokio::test]
async fn connections_that_end_early_are_told_from_servers_that_are_broken() -> Outcome {
    let header = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";
    for (words, error) in [
        ("", ConnectError::Closed),
        ("<?xml version='1.0'?><stre", ConnectError::Closed),
        (header, ConnectError::Closed),
        (&format!("{header}<stream:features><starttls"), ConnectError::Closed),
        (&format!("{header}</stream:stream>"), ConnectError::Closed),
        (
            &format!(
                "{header}<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
            ),
            ConnectError::Closed,
        ),
        (&format!("{header}<message/>"), ConnectError::Malformed),
        (&format!("{header}<stream:features><starttls></stream:features>"), ConnectError::Malformed),
        ("<html>", ConnectError::Malformed),
        ("HTTP/1.1 400 Bad Request\r\n\r\n", ConnectError::Malformed),
        ("<!DOCTYPE x [<!ENTITY a 'a'>]>", ConnectError::Malformed),
    ] {
        let authority = Authority::new(DOMAIN)?;
        let (opened, said) = together(
            async |near| open(near, &authority, Security::StartTls).await.err(),
            async |far| Peer::new(far).says_after(HEADER, words).await,
        )
        .await?;
        said?;
        assert_eq!(opened, Some(error), "{words}");
    }
    Ok(())
}

#[tokio::test]
async fn features_without_end_or_bottom() -> Outcome {
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    for features in [deep, "<a/>".repeat(1 << 19)] {
        let authority = Authority::new(DOMAIN)?;
        let (opened, _) = together(
            async |near| open(near, &authority, Security::StartTls).await.err(),
            // The client leaves before it has heard all of it.
            async |far| Peer::new(far).opens(&features).await.is_err(),
        )
        .await?;
        assert_eq!(opened, Some(ConnectError::Malformed));
    }
    Ok(())
}
