//! A session that stays: what is counted, what is taken up again, and what a server or a stranger may try.

use std::io;
use std::time::Duration;

use flashpaper_xmpp::{
    ChatMessage, Incoming, LoginError, ManagedSession, Refusal, Resumption, Security, Start, StreamError,
};
use tokio::io::DuplexStream;
use tokio_rustls::server::TlsStream;

use crate::server::{Authority, BIND, DOMAIN, ENABLED, MANAGEMENT, Peer, SCRAM, Scram, USERNAME, between};
use crate::session::{NOISE, REFUSED};
use crate::{Outcome, credentials, ids, open, together};

type Server = Peer<TlsStream<DuplexStream>>;
type Client = ManagedSession<DuplexStream>;

async fn log_in(
    near: DuplexStream,
    authority: &Authority,
    earlier: Option<&Resumption>,
) -> Result<(Client, Start), LoginError> {
    let connection = open(near, authority, Security::DirectTls).await.map_err(|_| StreamError::Ended)?;
    connection.log_in_to_stay(&credentials(), ids(), earlier).await
}

/// Uses a new session at a server that follows a script: what came of it, and what the client said under TLS.
pub(crate) async fn in_session<T>(
    client: impl AsyncFnOnce(Client) -> T,
    script: impl AsyncFnOnce(&mut Server) -> io::Result<()>,
) -> Result<(T, String), Box<dyn std::error::Error>> {
    let authority = Authority::new(DOMAIN)?;
    let (used, heard) = together(
        async |near| {
            let (session, start) = log_in(near, &authority, None).await?;
            assert_eq!(start, Start::New { acked: None });
            Ok::<_, LoginError>(client(session).await)
        },
        async |far| {
            let mut peer = authority.accept(far, SCRAM).await?;
            peer.lets_stay(ENABLED).await?;
            let followed = script(&mut peer).await;
            followed.map(|()| peer)?.heard_in_all().await
        },
    )
    .await?;
    Ok((used?, heard?))
}

/// A login that follows another: what came of it, the numbers of the next stanza, and what the client said after it was
/// authenticated.
async fn again(
    earlier: &Resumption,
    script: impl AsyncFnOnce(&mut Server) -> io::Result<()>,
) -> Result<(Result<(Start, Option<Resumption>, u32), LoginError>, String), Box<dyn std::error::Error>> {
    let authority = Authority::new(DOMAIN)?;
    let (used, heard) = together(
        async |near| {
            let (session, start) = log_in(near, &authority, Some(earlier)).await?;
            Ok((start, session.resumption(0), session.sent()))
        },
        async |far| {
            let mut peer = authority.accept(far, SCRAM).await?;
            let proof = Scram::hears_first(&mut peer).await?.hears_proof(&mut peer, "s=c2FsdA==,i=4096").await?;
            peer.succeeds(&proof).await?;
            peer.opens(&format!("{BIND}{MANAGEMENT}")).await?;
            let followed = script(&mut peer).await;
            followed.map(|()| peer)?.heard_in_all().await
        },
    )
    .await?;
    let heard = heard?;
    let (_, after) = heard.split_once("</response>").ok_or("no login")?;
    Ok((used, after.to_owned()))
}

fn earlier() -> Resumption {
    Resumption { id: "stream-1".into(), jid: format!("{USERNAME}@{DOMAIN}/r"), handled: 7, sent: Some(5) }
}

pub(crate) fn message(from: &str, text: &str) -> String {
    format!("<message from='{from}' type='chat'><body>{text}</body></message>")
}

async fn next_chat(session: &mut Client) -> Result<ChatMessage, StreamError> {
    loop {
        if let Incoming::Chat(chat) = session.next().await? {
            return Ok(chat);
        }
    }
}

#[tokio::test]
async fn everything_that_is_a_stanza_counts() -> Outcome {
    let (used, heard) = in_session(
        async |mut session| {
            let (first, second) = (next_chat(&mut session).await?, next_chat(&mut session).await?);
            while session.next().await? != Incoming::Asked {}
            session.acknowledge().await?;
            session.refuse_requests().await?;
            let sent = (session.sent(), session.in_flight());
            let acked = session.next().await?;
            Ok::<_, StreamError>((first.text, second.text, sent, acked, session.in_flight()))
        },
        async |peer| {
            peer.says(NOISE).await?;
            peer.says("<r xmlns='urn:xmpp:sm:3'/>").await?;
            peer.hears(REFUSED).await?;
            peer.says("<a xmlns='urn:xmpp:sm:3' h='1'/>").await
        },
    )
    .await?;
    let acked = Incoming::Acked { up_to: 1 };
    assert_eq!(used, Ok(("first".to_owned(), "second".to_owned(), (1, 1), acked, 0)));
    // Two requests of which one cannot be read, an answer, a presence, four messages.
    assert!(heard.contains("<a xmlns='urn:xmpp:sm:3' h='8'>"), "{heard}");
    Ok(())
}

#[tokio::test]
async fn what_comes_back_and_what_arrived() -> Outcome {
    let (used, _) = in_session(
        async |mut session| {
            let mut all = Vec::new();
            for _ in 0..6 {
                all.push(session.next().await?);
            }
            Ok::<_, StreamError>(all)
        },
        async |peer| {
            peer.says(
                "<message from='a@b.example/r' type='error' id='m1'><body>mine</body></message>\
                 <message from='a@b.example/r' type='error' id='m4'><error type='wait'>\
                 <remote-server-timeout xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>\
                 <message from='a@b.example/r' id='x'><received xmlns='urn:xmpp:receipts' id='m2'/></message>\
                 <message from='a@b.example/r' id='x'><received xmlns='urn:xmpp:receipts'/></message>\
                 <message from='a@b.example/r' id='x'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>\
                 <message from='A@b.example/r' id='m3'><body>hi</body><request xmlns='urn:xmpp:receipts'/></message>",
            )
            .await
        },
    )
    .await?;
    let (from, id) = (|| "a@b.example".to_owned(), |id: &str| id.to_owned());
    let chat = ChatMessage {
        from: from(),
        resource: Some("r".into()),
        id: Some(id("m3")),
        sent: None,
        text: "hi".into(),
        wants_receipt: true,
    };
    let expected = [
        Incoming::Refused { from: from(), id: id("m1"), why: Refusal::ForGood },
        Incoming::Refused { from: from(), id: id("m4"), why: Refusal::ForNow },
        Incoming::Receipt { from: from(), id: id("m2") },
        Incoming::Other,
        Incoming::Other,
        Incoming::Chat(chat),
    ];
    assert_eq!(used.as_deref(), Ok(&expected[..]));
    Ok(())
}

#[tokio::test]
async fn a_stream_is_taken_up_again() -> Outcome {
    let (used, heard) = again(&earlier(), async |peer| {
        peer.hears("<resume xmlns='urn:xmpp:sm:3' h='7' previd='stream-1'>").await?;
        peer.says("<resumed xmlns='urn:xmpp:sm:3' h='3' previd='stream-1'/>").await
    })
    .await?;
    // The next stanza has number 4; nothing of the server's is counted twice.
    assert_eq!(used, Ok((Start::Resumed { acked: 3 }, Some(Resumption { sent: Some(3), ..earlier() }), 3)));
    assert!(!heard.contains("<bind") && !heard.contains("<enable"), "{heard}");
    Ok(())
}

#[tokio::test]
async fn a_server_that_takes_up_another_stream_is_not_believed() -> Outcome {
    for answer in ["h='3' previd='stream-2'", "h='6' previd='stream-1'", "h='1000000' previd='stream-1'"] {
        let (used, heard) = again(&earlier(), async |peer| {
            peer.hears("</resume>").await?;
            peer.says(&format!("<resumed xmlns='urn:xmpp:sm:3' {answer}/>")).await
        })
        .await?;
        assert_eq!(used, Err(LoginError::WrongStream), "{answer}");
        assert!(heard.ends_with("</resume>"), "nothing follows: {heard}");
    }
    // As a stream of before this was known.
    let (used, _) = again(&Resumption { sent: None, ..earlier() }, async |peer| {
        peer.hears("</resume>").await?;
        peer.says("<resumed xmlns='urn:xmpp:sm:3' h='6' previd='stream-1'/>").await
    })
    .await?;
    assert_eq!(used?.0, Start::Resumed { acked: 6 });
    Ok(())
}

#[tokio::test]
async fn a_stream_that_is_gone_is_followed_by_a_new_one() -> Outcome {
    let not_found = "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>";
    for (attributes, inside, acked) in [
        ("h='5'", not_found, Some(5)),
        ("", not_found, None),
        ("", "", None),
        ("h='0' previd='stream-1'", "", Some(0)),
        // More than was sent.
        ("h='6'", not_found, None),
        ("h='1000000'", "", None),
    ] {
        let (used, _) = again(&earlier(), async |peer| {
            peer.hears("</resume>").await?;
            peer.says(&format!("<failed xmlns='urn:xmpp:sm:3' {attributes}>{inside}</failed>")).await?;
            peer.gives_resource(USERNAME).await?;
            peer.hears("</enable>").await?;
            peer.says(&ENABLED.replace("stream-1", "stream-2")).await
        })
        .await?;
        let (start, resumption, sent) = used?;
        assert_eq!((start, sent), (Start::New { acked }, 0), "{attributes}");
        let resumption = resumption.ok_or("it cannot be taken up")?;
        assert_eq!((resumption.id.as_str(), resumption.handled), ("stream-2", 0));
    }
    Ok(())
}

#[tokio::test]
async fn servers_that_do_not_manage() -> Outcome {
    let failed =
        "<failed xmlns='urn:xmpp:sm:3'><unexpected-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";
    for (features, answer) in [(BIND.to_owned(), None), (format!("{BIND}{MANAGEMENT}"), Some(failed))] {
        let authority = Authority::new(DOMAIN)?;
        let (used, _) = together(
            async |near| log_in(near, &authority, None).await.map(drop),
            async |far| {
                let mut peer = authority.accept(far, SCRAM).await?;
                let proof = Scram::hears_first(&mut peer).await?.hears_proof(&mut peer, "s=c2FsdA==,i=4096").await?;
                peer.succeeds(&proof).await?;
                peer.opens(&features).await?;
                if let Some(answer) = answer {
                    peer.gives_resource(USERNAME).await?;
                    peer.hears("</enable>").await?;
                    peer.says(answer).await?;
                }
                peer.heard_in_all().await
            },
        )
        .await?;
        assert_eq!(used, Err(LoginError::NoManagement));
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_would_not_take_a_stream_up_is_no_failure() -> Outcome {
    for enabled in ["<enabled xmlns='urn:xmpp:sm:3'/>", "<enabled xmlns='urn:xmpp:sm:3' id='x'/>"] {
        let authority = Authority::new(DOMAIN)?;
        let (used, _) = together(
            async |near| log_in(near, &authority, None).await.map(|(session, _)| session.resumption(0)),
            async |far| {
                let mut peer = authority.accept(far, SCRAM).await?;
                peer.lets_stay(enabled).await?;
                peer.heard_in_all().await
            },
        )
        .await?;
        assert_eq!(used, Ok(None), "{enabled}");
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_has_more_than_there_is() -> Outcome {
    let (used, _) = in_session(
        async |mut session| {
            session.send_presence().await?;
            session.next().await
        },
        async |peer| peer.says("<a xmlns='urn:xmpp:sm:3' h='2'/>").await,
    )
    .await?;
    assert_eq!(used, Err(StreamError::Malformed));
    Ok(())
}

#[tokio::test]
async fn a_session_shows_no_more_than_it_has_to() -> Outcome {
    let (used, heard) = in_session(
        async |mut session| {
            session.send_presence().await?;
            session.send_otr("friend@b.example", "id1", "a < b", true).await?;
            session.send_receipt("friend@b.example", "id2", "theirs").await?;
            session.ask().await?;
            session.close().await;
            Ok::<_, StreamError>(())
        },
        async |_| Ok(()),
    )
    .await?;
    assert_eq!(used, Ok(()));
    let (_, bound) = heard.split_once("</resource></bind></iq>").ok_or("nothing was bound")?;
    assert_eq!(
        bound,
        "<enable xmlns='urn:xmpp:sm:3' resume='true'></enable><presence></presence>\
         <message to='friend@b.example' id='id1' type='chat'>\
         <body>a &lt; b</body><encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:otr:0'></encryption>\
         <private xmlns='urn:xmpp:carbons:2'></private><no-copy xmlns='urn:xmpp:hints'></no-copy>\
         <no-permanent-store xmlns='urn:xmpp:hints'></no-permanent-store>\
         <request xmlns='urn:xmpp:receipts'></request></message>\
         <message to='friend@b.example' id='id2' type='chat'>\
         <received xmlns='urn:xmpp:receipts' id='theirs'></received><private xmlns='urn:xmpp:carbons:2'></private>\
         <no-copy xmlns='urn:xmpp:hints'></no-copy>\
         <no-permanent-store xmlns='urn:xmpp:hints'></no-permanent-store></message>\
         <r xmlns='urn:xmpp:sm:3'></r></stream:stream>"
    );
    let id = between(&heard, "<resource>", "</resource>")?;
    assert_eq!(id.len(), 16);
    Ok(())
}

/// In one piece or byte by byte.
#[tokio::test]
async fn a_stanza_may_come_in_pieces() -> Outcome {
    let (used, _) = in_session(
        async |mut session| next_chat(&mut session).await.map(|chat| chat.text),
        async |peer| {
            for byte in message("a@b.example", "slow &amp; whole").chars() {
                peer.says(&byte.to_string()).await?;
            }
            Ok(())
        },
    )
    .await?;
    assert_eq!(used, Ok("slow & whole".to_owned()));
    Ok(())
}

/// It counts, or it would come again on each stream that takes this one up.
#[tokio::test]
async fn a_stanza_without_end_ends_the_stream() -> Outcome {
    let large = message("a@b.example", &"x".repeat(9 << 20));
    let (used, _) = in_session(
        async |mut session| {
            let ends = [next_chat(&mut session).await.err(), session.next().await.err()];
            (ends, session.resumption(0).map(|r| r.handled))
        },
        async |peer| peer.says_into_the_void(&large).await,
    )
    .await?;
    assert_eq!(used, ([Some(StreamError::Malformed); 2], Some(1)));
    Ok(())
}

#[tokio::test]
async fn the_servers_own_end_is_no_stanza() -> Outcome {
    for (words, error) in
        [("<message from='a@b.example'><body>cut", StreamError::Ended), ("<x/>", StreamError::Malformed)]
    {
        let (used, _) = in_session(
            async |mut session| (session.next().await.err(), session.resumption(0).map(|r| r.handled)),
            async |peer| {
                peer.says(words).await?;
                peer.ends().await
            },
        )
        .await?;
        assert_eq!(used, (Some(error), Some(0)), "{words}");
    }
    Ok(())
}

#[tokio::test]
async fn as_many_as_are_taken_when_they_come() -> Outcome {
    let many = message("a@b.example", &"x".repeat(1000)).repeat(2000);
    let (used, _) = in_session(
        async |mut session| {
            for _ in 0..2000 {
                next_chat(&mut session).await?;
            }
            Ok::<_, StreamError>(())
        },
        async |peer| peer.says(&many).await,
    )
    .await?;
    assert_eq!(used, Ok(()));
    Ok(())
}

#[tokio::test]
async fn streams_that_end() -> Outcome {
    for (words, error) in [
        ("", StreamError::Ended),
        ("<message from='a@b.example'><body>cut", StreamError::Ended),
        ("</stream:stream>", StreamError::Ended),
        (
            "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
            StreamError::Ended,
        ),
        ("<message></body></message>", StreamError::Malformed),
        ("<unknown xmlns='u:x'/>", StreamError::Malformed),
        ("no element", StreamError::Malformed),
        ("<!-- a comment -->", StreamError::Malformed),
    ] {
        let (used, _) = in_session(
            async |mut session| (next_chat(&mut session).await.err(), session.send_presence().await.is_ok()),
            async |peer| {
                peer.says(words).await?;
                peer.ends().await
            },
        )
        .await?;
        assert_eq!(used.0, Some(error), "{words}");
    }
    Ok(())
}

/// What was said last is lost where a connection is reset, as one is that is closed with something unread.
#[tokio::test]
async fn a_session_that_ends_hears_the_server_out() -> Outcome {
    let (closed, heard) = in_session(
        async |session| {
            let waits = tokio::time::timeout(Duration::from_millis(300), session.close()).await;
            waits.is_ok()
        },
        async |peer| peer.hears("</stream:stream>").await.map(drop),
    )
    .await?;
    assert!(!closed && heard.ends_with("</stream:stream>"));
    let (closed, heard) = in_session(
        async |session| tokio::time::timeout(Duration::from_secs(30), session.close()).await.is_ok(),
        async |peer| {
            peer.hears("</stream:stream>").await?;
            peer.says(&message("a@b.example", "late")).await?;
            peer.says("</stream:stream>").await
        },
    )
    .await?;
    assert!(closed && heard.ends_with("</stream:stream>"), "{heard}");
    Ok(())
}
