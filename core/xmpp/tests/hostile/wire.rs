//! What is said at servers of each kind is what `core/docs/wire-profile.md` shows, byte for byte. What whole burners say at the
//! lab's servers is compared in `core/engine/tests/engine/wire.rs`.

use std::error::Error;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flashpaper_xmpp::registration::{Answer, Answers, Invitation, PictureError, PictureUrl, fetch};
use flashpaper_xmpp::{Domain, LoginError, RegisterError};
use tokio::io::{AsyncRead, AsyncWrite};
use zeroize::Zeroizing;

use crate::once::{AFTER, BOUND, Client, FORM, OWN, SALT, Server, at};
use crate::server::{Authority, DOMAIN, PASSWORD, Peer, SASL2, SCRAM, SCRAM_PLUS, Scram, USERNAME};
use crate::{Outcome, credentials, ids, together};

const INVITES: &str = "<register xmlns='urn:xmpp:ibr-token:0'/>";
const BITS: &str = include_str!("../../fuzz/corpus/registration/bits");

/// The lines of a block of the document.
pub(crate) fn block(name: &str) -> Result<Vec<&'static str>, Box<dyn Error>> {
    let document = include_str!("../../../docs/wire-profile.md");
    let behind = |kind| document.split_once(&format!("\n```{kind} {name}\n"));
    let (_, block) = behind("xml").or_else(|| behind("text")).ok_or("no such block")?;
    Ok(block.split_once("\n```").ok_or("no end")?.0.lines().collect())
}

/// What a client said behind its header, with the document's names in braces for the ids and these values.
fn blanked(heard: &str, values: &[(&str, &str)]) -> Result<String, Box<dyn Error>> {
    let (_, said) = heard.split_once("version='1.0'>").ok_or("no header")?;
    let mut parts = said.split(" id='");
    let mut line = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (id, rest) = part.split_once('\'').ok_or("no end of an id")?;
        assert!(id.len() == 16 && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{id}");
        line += &format!(" id='{{id}}'{rest}");
    }
    let own = [(DOMAIN, "{server}"), (USERNAME, "{name}"), (PASSWORD, "{password}")];
    Ok(values.iter().chain(&own).fold(line, |line, (value, name)| line.replace(value, name)))
}

/// Answers each of the next requests.
async fn answers(peer: &mut Server, payloads: &[&str]) -> io::Result<()> {
    for payload in payloads {
        let id = peer.hears_request().await?;
        peer.says(&format!("<iq type='result' id='{id}'>{payload}</iq>")).await?;
    }
    Ok(())
}

/// Registers with this in the place of whatever a person is asked.
async fn registers(connection: &mut Client, answer: &str) -> Result<(), RegisterError> {
    let mut ids = ids();
    let form = connection.ask_registration(&mut ids).await?;
    let form = connection.ask_pictures(form, &mut ids).await?;
    let asked = form.question().map_or(0, |question| question.fields.len());
    let given = (0..asked).map(|field| (field, Answer::Text(Zeroizing::new(answer.to_owned()))));
    let filled = form.fill(&credentials(), &Answers(given.collect())).map_err(|_| RegisterError::BadAnswer)?;
    connection.register(filled, &mut ids).await
}

#[tokio::test]
async fn a_captchas_answer_and_the_question_for_its_picture() -> Outcome {
    let whole = include_str!("../../fuzz/corpus/registration/ejabberd-captcha");
    let lacks = include_str!("../../fuzz/corpus/registration/captcha-asked");
    let request = block("registration")?[0];
    let (cid, _) = BITS.split_once("cid='").and_then(|(_, rest)| rest.split_once('\'')).ok_or("no name")?;
    let values = [(cid, "{value}"), ("14180006842173405236", "{value}"), ("aaaaaaaaaaaaaaaa", "{value}")];
    for (replies, blocks) in
        [([whole, ""].as_slice(), ["captcha"].as_slice()), (&[lacks, BITS, ""], &["bits", "captcha"])]
    {
        let (made, heard) = at(
            SCRAM,
            async |mut connection| registers(&mut connection, "7nHL3").await,
            async |peer| answers(peer, replies).await,
        )
        .await?;
        assert_eq!(made, Ok(()));
        let mut expected = request.to_owned();
        for name in blocks {
            expected += &block(name)?.concat();
        }
        assert_eq!(blanked(&heard, &[&values[..], &[("7nHL3", "{answer}")]].concat())?, expected);
    }
    Ok(())
}

#[tokio::test]
async fn an_invitation_and_the_fields_of_a_server_without_data_forms() -> Outcome {
    let invitation = Invitation::parse(&format!("xmpp:{DOMAIN}?register;preauth=tok-EN_1"))?;
    let (made, heard) = at(
        &[SCRAM, INVITES].concat(),
        async |mut connection| {
            connection.show_invitation(&invitation, &mut ids()).await?;
            registers(&mut connection, "").await
        },
        async |peer| answers(peer, &["", FORM, ""]).await,
    )
    .await?;
    assert_eq!(made, Ok(()));
    let expected = [&block("invitation")?[..], &block("registration")?[..1], &block("fields")?].concat().concat();
    assert_eq!(blanked(&heard, &[("tok-EN_1", "{token}")])?, expected);
    Ok(())
}

/// Fetches a picture that is not there.
async fn fetched<S: AsyncRead + AsyncWrite + Unpin>(
    url: &PictureUrl,
    authority: &Authority,
    far: impl AsyncFnOnce(tokio::io::DuplexStream) -> io::Result<Peer<S>>,
) -> Result<String, Box<dyn Error>> {
    let (fetched, heard) = together(
        async |near| fetch(near, url, &authority.tls).await,
        async |stream| {
            let mut peer = far(stream).await?;
            peer.hears("\r\n\r\n").await?;
            peer.says("HTTP/1.0 404 Not Found\r\n\r\n").await?;
            peer.heard_in_all().await
        },
    )
    .await?;
    assert_eq!(fetched, Err(PictureError::Missing));
    Ok(heard?)
}

#[tokio::test]
async fn the_question_for_a_picture_on_the_web() -> Outcome {
    let authority = Authority::new("web.example")?;
    for (name, tls, port, shown) in [
        ("web.example", true, 443, ""),
        ("web.example", true, 5443, ":5443"),
        (DOMAIN, false, 80, ""),
        (DOMAIN, false, 5280, ":5280"),
    ] {
        let url = PictureUrl { host: Domain::parse(name)?, port, tls, path: "/c.jpeg?1".to_owned() };
        let heard = if tls {
            fetched(&url, &authority, async |far| authority.takes(far).await).await?
        } else {
            fetched(&url, &authority, async |far| Ok(Peer::new(far))).await?
        };
        let lines = block("picture")?.join("\r\n").replace("{path}", "/c.jpeg?1").replace("{host}", name);
        assert_eq!(heard, format!("{}\r\n\r\n", lines.replace(":{port}", shown)));
    }
    Ok(())
}

/// What a client said in a login, with its messages (RFC 5802, section 7) as the document has them.
fn opened(heard: &str, exported: &[u8]) -> Result<String, Box<dyn Error>> {
    let (_, said) = heard.split_once("version='1.0'>").ok_or("no header")?;
    let (mut line, mut rest, mut nonce) = (String::new(), said, String::new());
    let is_key = |key: &str| BASE64.decode(key).is_ok_and(|key| key.len() == 32);
    while let Some(end) =
        ["</auth>", "</initial-response>", "</response>"].iter().filter_map(|tag| rest.find(tag)).min()
    {
        let (before, behind) = rest.split_at(end);
        let (start, data) = before.rsplit_once('>').ok_or("no element")?;
        let message = String::from_utf8(BASE64.decode(data)?)?;
        let shown = if let Some((first, drawn)) = message.split_once(",r=").filter(|(first, _)| !first.contains("c=")) {
            assert!(is_key(drawn), "{drawn}");
            nonce = drawn.to_owned();
            format!("{},r={{nonce}}", first.replace(USERNAME, "{name}"))
        } else {
            let (bound, proof) = message.split_once(&format!(",r={nonce}more,p=")).ok_or("another message")?;
            assert!(is_key(proof), "{proof}");
            let binding = BASE64.decode(bound.strip_prefix("c=").ok_or("no binding")?)?;
            let bound = match binding.strip_suffix(exported).filter(|_| !exported.is_empty()) {
                Some(header) => format!("c={{base64 of {}{{exported}}}}", std::str::from_utf8(header)?),
                None => bound.to_owned(),
            };
            format!("{bound},r={{nonce}}{{server's nonce}},p={{proof}}")
        };
        line += &format!("{start}>{{base64 of {shown}}}");
        let closing = behind.find('>').map_or(behind.len(), |end| end + 1);
        line += &behind[..closing];
        rest = &behind[closing..];
    }
    Ok(line + rest)
}

#[tokio::test]
async fn logins_with_a_binding_and_without() -> Outcome {
    let (unlisted, _) = SCRAM_PLUS.split_once("<sasl-channel-binding").ok_or("no list")?;
    for (features, blocks) in [
        (SCRAM, ["login"].as_slice()),
        (SCRAM_PLUS, &["login bound"]),
        // It refuses the first, and says nothing of what it can check.
        (unlisted, &["login bound", "login unbound"]),
    ] {
        let mut exported = Vec::new();
        let (login, heard) = at(
            features,
            async |connection| connection.try_login(&credentials()).await,
            async |peer| {
                exported = peer.exporter()?;
                for (number, name) in blocks.iter().enumerate() {
                    let bound = if *name == "login bound" { exported.as_slice() } else { &[] };
                    let proof = Scram::hears_first(peer).await?.hears_proof_bound_to(peer, SALT, bound).await?;
                    if number + 1 == blocks.len() {
                        peer.succeeds(&proof).await?;
                    } else {
                        peer.says("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>")
                            .await?;
                    }
                }
                Ok(())
            },
        )
        .await?;
        assert_eq!(login, Ok(()), "{blocks:?}");
        let expected =
            blocks.iter().map(|name| Ok(block(name)?.concat())).collect::<Result<String, Box<dyn Error>>>()?;
        assert_eq!(opened(&heard, &exported)?, expected);
    }
    Ok(())
}

#[tokio::test]
async fn a_login_at_once_with_a_binding() -> Outcome {
    let plus = SASL2.replace("<mechanism>PLAIN</mechanism>", "<mechanism>SCRAM-SHA-256-PLUS</mechanism>");
    let types = "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='tls-exporter'/>\
                 </sasl-channel-binding>";
    let mut exported = Vec::new();
    let (login, heard) = at(
        &[&plus, types].concat(),
        async |connection| {
            connection.log_in(&credentials(), ids()).await?.close().await;
            Ok::<_, LoginError>(())
        },
        async |peer| {
            exported = peer.exporter()?;
            let proof = Scram::hears_authenticate(peer).await?.hears_proof_bound_to(peer, SALT, &exported).await?;
            peer.succeeds_at_once(&proof, OWN, BOUND).await?;
            peer.says(AFTER).await
        },
    )
    .await?;
    assert_eq!(login, Ok(()));
    let bound = "p=tls-exporter,,";
    let expected = block("login at once")?.concat().replace("SCRAM-SHA-256", "SCRAM-SHA-256-PLUS");
    let expected = expected.replace("y,,", bound).replace("c=eSws", &format!("c={{base64 of {bound}{{exported}}}}"));
    assert_eq!(opened(&heard, &exported)?, format!("{expected}</stream:stream>"));
    Ok(())
}
