//! What a server, or someone on the line, could do to a client: each test is one of them, at the end of a pipe.

mod server;

use std::io;

use flashpaper_xmpp::{ConnectError, Connection, Credentials, Domain, Ids, LoginError, Security, Session, StreamError};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use server::{Authority, BIND, DOMAIN, PASSWORD, Peer, SCRAM, Scram, USERNAME, between};
use tokio::io::{DuplexStream, duplex};
use zeroize::Zeroizing;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn credentials() -> Credentials {
    Credentials::new(USERNAME.into(), Zeroizing::new(PASSWORD.into()))
}

fn ids() -> Ids {
    Ids::new(Box::new(StdRng::seed_from_u64(7)))
}

async fn open(
    stream: DuplexStream,
    authority: &Authority,
    security: Security,
) -> Result<Connection<DuplexStream>, ConnectError> {
    let domain = Domain::parse(DOMAIN).map_err(|_| ConnectError::Malformed)?;
    Connection::open(stream, &domain, security, &authority.tls).await
}

async fn log_in(stream: DuplexStream, authority: &Authority) -> Result<Session<DuplexStream>, LoginError> {
    let connection = open(stream, authority, Security::DirectTls).await.map_err(|_| StreamError::Ended)?;
    connection.log_in(&credentials(), ids()).await
}

#[tokio::test]
async fn probe_nesting() -> Outcome {
    let authority = Authority::new(DOMAIN)?;
    let (ours, theirs) = duplex(1 << 16);
    let depth = 60_000;
    let deep = format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    let (session, _peer) = tokio::join!(
        async {
            let mut session = log_in(ours, &authority).await?;
            Ok::<_, LoginError>(session.next_message().await?)
        },
        async {
            let mut peer = authority.accept(theirs, SCRAM).await?;
            peer.lets_in().await?;
            peer.says(&format!("<message from='a@b.example'><x xmlns='u:x'>{deep}</x><body>deep</body></message>"))
                .await?;
            Ok::<_, io::Error>(peer)
        }
    );
    println!("{:?}", session.err());
    Ok(())
}

#[tokio::test]
async fn probe_eof() -> Outcome {
    let authority = Authority::new(DOMAIN)?;
    let (ours, theirs) = duplex(1 << 16);
    drop(theirs);
    println!("starttls, eof at once {:?}", open(ours, &authority, Security::StartTls).await.err());
    let (ours, theirs) = duplex(1 << 16);
    let (opened, _) = tokio::join!(open(ours, &authority, Security::StartTls), async {
        let mut peer = Peer::new(theirs);
        peer.hears("<stream:stream").await?;
        Ok::<_, io::Error>(())
    });
    println!("starttls, eof after header {:?}", opened.err());
    Ok(())
}

#[tokio::test]
async fn probe_iterations() -> Outcome {
    let authority = Authority::new(DOMAIN)?;
    let (ours, theirs) = duplex(1 << 16);
    let t = std::time::Instant::now();
    let (session, _) = tokio::join!(log_in(ours, &authority), async {
        let mut peer = authority.accept(theirs, SCRAM).await?;
        let scram = Scram::hears_first(&mut peer).await?;
        peer.challenges(&format!("r={}more,s=c2FsdA==,i=4096,i=2000000", scram.client_nonce)).await?;
        peer.hears("</response>").await?;
        Ok::<_, io::Error>(())
    });
    println!("twice i: {:?} after {:?}", session.err(), t.elapsed());
    let _ = (BIND, between);
    Ok(())
}
