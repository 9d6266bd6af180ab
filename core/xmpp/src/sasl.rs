//! SASL by SCRAM (RFC 5802, RFC 7677, RFC 9266) and nothing else: the server never sees the password, and has to show
//! that it knew it. PLAIN and ANONYMOUS are never used, whatever is offered.

use sasl::client::Mechanism;
use sasl::client::mechanisms::Scram;
use sasl::common::scram::{ScramProvider, Sha1, Sha256};
use sasl::common::{ChannelBinding, Credentials as SaslCredentials};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::rustls::{ClientConnection, ProtocolVersion};
use tokio_xmpp::parsers::sasl::{Auth, DefinedCondition, Mechanism as Name, Nonza, Response};
use tokio_xmpp::parsers::sasl_cb::Type;
use tokio_xmpp::parsers::stream_features::StreamFeatures;
use tokio_xmpp::xmlstream::XmppStreamElement;

use crate::connection::Credentials;
use crate::exchange::{Secure, StreamError};

/// PBKDF2 rounds that are done for a server; more would be an attack on the battery. Servers ask for 4,096 to 10,000.
const MAX_ITERATIONS: u32 = 1_000_000;

/// Why a login failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// No SCRAM is offered; nothing secret was sent. Take another server.
    #[error("no SCRAM mechanism is offered")]
    NoSafeMechanism,
    /// There is no such account, or its password is another (RFC 6120, section 6.5.10).
    #[error("the credentials are not accepted")]
    NotAuthorized,
    /// The account is disabled.
    #[error("the account is disabled")]
    Disabled,
    /// The server cannot tell now. Try again later.
    #[error("the server cannot check credentials now")]
    Temporary,
    /// Another refusal, or a name that no account can have.
    #[error("the login was refused")]
    Refused,
    /// The server did not show that it knows the account, or broke SCRAM: do not trust it.
    #[error("the server failed to prove that it knows the account")]
    ServerNotProven,
    /// The server has no stream management (XEP-0198): what a lost connection swallows would never be known. Take another.
    #[error("the server has no stream management")]
    NoManagement,
    /// The server takes up another stream than it was asked for, or has more of ours than was sent (XEP-0198, section 5): what
    /// it says of it is not to be believed. Begin a new one.
    #[error("the server takes up another stream")]
    WrongStream,
    /// The stream ended.
    #[error(transparent)]
    Stream(#[from] StreamError),
}

/// Authenticates; on return the server has accepted us and proven that it knows the account.
pub(crate) async fn authenticate<S>(
    stream: &mut Secure<S>,
    features: &StreamFeatures,
    credentials: &Credentials,
) -> Result<(), LoginError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let exporter = exporter(stream.get_ref().get_ref().1);
    let mut scram = choose(features, exporter, credentials)?;
    let mechanism = match scram.mechanism.name() {
        "SCRAM-SHA-256-PLUS" => Name::ScramSha256Plus,
        "SCRAM-SHA-1-PLUS" => Name::ScramSha1Plus,
        "SCRAM-SHA-256" => Name::ScramSha256,
        _ => Name::ScramSha1,
    };
    let data = scram.first_message();
    stream.send(&XmppStreamElement::Sasl(Nonza::Auth(Auth { mechanism, data }))).await?;
    loop {
        match stream.next().await? {
            XmppStreamElement::Sasl(Nonza::Challenge(challenge)) => {
                let data = scram.respond(&challenge.data)?;
                stream.send(&XmppStreamElement::Sasl(Nonza::Response(Response { data }))).await?;
            }
            XmppStreamElement::Sasl(Nonza::Success(success)) => return scram.finish(&success.data),
            XmppStreamElement::Sasl(Nonza::Failure(failure)) => {
                return Err(match failure.defined_condition {
                    DefinedCondition::NotAuthorized => LoginError::NotAuthorized,
                    DefinedCondition::AccountDisabled => LoginError::Disabled,
                    DefinedCondition::TemporaryAuthFailure => LoginError::Temporary,
                    _ => LoginError::Refused,
                });
            }
            _ => return Err(StreamError::Malformed.into()),
        }
    }
}

/// What ties a login to this TLS connection: the exporter of TLS 1.3 (RFC 9266). Older versions have none that is safe.
fn exporter(tls: &ClientConnection) -> Option<Vec<u8>> {
    if tls.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
        return None;
    }
    tls.export_keying_material(vec![0; 32], b"EXPORTER-Channel-Binding", None).ok()
}

/// Whether there is a mechanism that we use.
pub(crate) fn offers_scram(features: &StreamFeatures) -> bool {
    ["SCRAM-SHA-256", "SCRAM-SHA-1"].iter().any(|name| features.sasl_mechanisms.contains(*name))
}

/// The strongest mechanism that both sides have, with the GS2 flag that lets the server notice a stripped offer
/// (RFC 5802, section 6): bound where possible, `y` if only the server seems unable, `n` if we are.
fn choose(
    features: &StreamFeatures,
    exporter: Option<Vec<u8>>,
    credentials: &Credentials,
) -> Result<Attempt, LoginError> {
    let offers = |name: &str| features.sasl_mechanisms.contains(name);
    // XEP-0440: which bindings the server can check. Without it, TLS 1.3 has only this one.
    let checkable = features.sasl_cb.as_ref().is_none_or(|cb| cb.types.contains(&Type::TlsExporter));
    let offers_plus = offers("SCRAM-SHA-256-PLUS") || offers("SCRAM-SHA-1-PLUS");
    let binding = match exporter {
        Some(data) if offers_plus && checkable => ChannelBinding::TlsExporter(data),
        Some(_) if !offers_plus => ChannelBinding::Unsupported,
        _ => ChannelBinding::None,
    };
    let suffix = if matches!(binding, ChannelBinding::TlsExporter(_)) { "-PLUS" } else { "" };
    let credentials = SaslCredentials::default()
        .with_username(saslname(&credentials.username))
        .with_password(credentials.password.as_str())
        .with_channel_binding(binding);
    if offers(&format!("SCRAM-SHA-256{suffix}")) {
        Attempt::new::<Sha256>(credentials)
    } else if offers(&format!("SCRAM-SHA-1{suffix}")) {
        Attempt::new::<Sha1>(credentials)
    } else {
        Err(LoginError::NoSafeMechanism)
    }
}

/// One SCRAM exchange. Holds the library's mechanism to what RFC 5802 demands and it leaves out.
struct Attempt {
    mechanism: Box<dyn Mechanism + Send>,
    client_nonce: String,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The first message was sent.
    First,
    /// The proof was sent; the server's is awaited.
    Proof,
    /// The server's proof was right.
    ServerProven,
}

impl Attempt {
    fn new<P: ScramProvider + Send + 'static>(credentials: SaslCredentials) -> Result<Self, LoginError> {
        let mechanism = Scram::<P>::from_credentials(credentials).map_err(|_| LoginError::NoSafeMechanism)?;
        Ok(Self { mechanism: Box::new(mechanism), client_nonce: String::new(), state: State::First })
    }

    fn first_message(&mut self) -> Vec<u8> {
        let message = self.mechanism.initial();
        self.client_nonce = client_nonce(&message).unwrap_or_default().to_owned();
        message
    }

    fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, LoginError> {
        match self.state {
            State::First => {
                self.check(challenge)?;
                self.state = State::Proof;
                self.mechanism.response(challenge).map_err(|_| LoginError::ServerNotProven)
            }
            // Some servers send their proof as a challenge, to be answered by nothing.
            State::Proof => self.prove_server(challenge).map(|()| Vec::new()),
            State::ServerProven => Err(LoginError::ServerNotProven),
        }
    }

    /// The server's nonce goes on from ours (RFC 5802, section 5.1), and its work factor is bearable.
    fn check(&self, challenge: &[u8]) -> Result<(), LoginError> {
        let (nonce, rounds) = server_first(challenge).ok_or(LoginError::ServerNotProven)?;
        let ours = !self.client_nonce.is_empty() && nonce.len() > self.client_nonce.len();
        let sound = ours && nonce.starts_with(&self.client_nonce) && (1..=MAX_ITERATIONS).contains(&rounds);
        if sound { Ok(()) } else { Err(LoginError::ServerNotProven) }
    }

    fn prove_server(&mut self, message: &[u8]) -> Result<(), LoginError> {
        self.mechanism.success(message).map_err(|_| LoginError::ServerNotProven)?;
        self.state = State::ServerProven;
        Ok(())
    }

    fn finish(&mut self, success: &[u8]) -> Result<(), LoginError> {
        match self.state {
            State::ServerProven => Ok(()),
            State::First | State::Proof => self.prove_server(success),
        }
    }
}

/// The nonce and the rounds of a server's first message (RFC 5802, section 7): nonce, salt and rounds in this order.
///
/// None may come twice: the library takes the last of each, so that what is checked here would not be what it uses.
/// Optional extensions may follow (XEP-0474 has one); a mandatory one, `m`, has to end the login.
fn server_first(message: &[u8]) -> Option<(&str, u32)> {
    let mut attributes = std::str::from_utf8(message).ok()?.split(',');
    let nonce = attributes.next()?.strip_prefix("r=")?;
    attributes.next()?.strip_prefix("s=").filter(|salt| !salt.is_empty())?;
    let rounds = attributes.next()?.strip_prefix("i=")?.parse().ok()?;
    let again = |attribute: &str| ["r=", "s=", "i=", "m="].iter().any(|name| attribute.starts_with(name));
    if attributes.any(again) { None } else { Some((nonce, rounds)) }
}

/// The nonce of the client's first message, its last attribute: the library draws it and keeps it to itself.
fn client_nonce(message: &[u8]) -> Option<&str> {
    std::str::from_utf8(message).ok()?.rsplit_once(",r=").map(|(_, nonce)| nonce)
}

/// A name as SCRAM writes it (RFC 5802, section 5.1), which the library leaves to its caller.
fn saslname(username: &str) -> String {
    username.replace('=', "=3D").replace(',', "=2C")
}

#[cfg(test)]
mod tests {
    use tokio_xmpp::parsers::sasl_cb::SaslChannelBinding;
    use zeroize::Zeroizing;

    use super::*;

    fn chosen(offered: &[&str], exporter: bool, types: Option<Vec<Type>>) -> Result<(String, String), LoginError> {
        let features = StreamFeatures {
            sasl_mechanisms: offered.iter().map(|m| (*m).to_owned()).collect(),
            sasl_cb: types.map(|types| SaslChannelBinding { types }),
            ..StreamFeatures::default()
        };
        let credentials = Credentials::new("nobody".into(), Zeroizing::new("pencil".into()));
        let mut attempt = choose(&features, exporter.then(|| vec![7; 32]), &credentials)?;
        let first = String::from_utf8(attempt.first_message()).unwrap();
        let gs2 = first.split(",,").next().unwrap().to_owned();
        Ok((attempt.mechanism.name().to_owned(), gs2))
    }

    #[test]
    fn the_strongest_scram_with_the_right_flag() {
        let all = ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"];
        let is = |name: &str, gs2: &str| Ok((name.to_owned(), gs2.to_owned()));
        assert_eq!(chosen(&all, true, None), is("SCRAM-SHA-256-PLUS", "p=tls-exporter"));
        assert_eq!(chosen(&all, true, Some(vec![Type::TlsExporter])), is("SCRAM-SHA-256-PLUS", "p=tls-exporter"));
        assert_eq!(chosen(&all, true, Some(vec![Type::TlsUnique])), is("SCRAM-SHA-256", "n"));
        assert_eq!(chosen(&all, false, None), is("SCRAM-SHA-256", "n"));
        assert_eq!(chosen(&["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-1"], true, None), is("SCRAM-SHA-256", "y"));
        assert_eq!(chosen(&["SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"], true, None), is("SCRAM-SHA-1-PLUS", "p=tls-exporter"));
        assert_eq!(chosen(&["PLAIN", "SCRAM-SHA-1"], false, None), is("SCRAM-SHA-1", "n"));
        for weak in [vec!["PLAIN"], vec!["PLAIN", "ANONYMOUS", "DIGEST-MD5"], vec![]] {
            assert_eq!(chosen(&weak, true, None), Err(LoginError::NoSafeMechanism));
        }
    }

    #[test]
    fn a_name_cannot_write_a_message() {
        assert_eq!(saslname("a,r=b"), "a=2Cr=3Db");
        let features = StreamFeatures { sasl_mechanisms: ["SCRAM-SHA-1".to_owned()].into(), ..Default::default() };
        let credentials = Credentials::new("a,r=b".into(), Zeroizing::new("pencil".into()));
        let first = choose(&features, None, &credentials).unwrap().first_message();
        assert!(first.starts_with(b"n,,n=a=2Cr=3Db,r="));
    }

    fn attempt() -> (Attempt, String) {
        let features =
            StreamFeatures { sasl_mechanisms: ["SCRAM-SHA-1".to_owned()].into(), ..StreamFeatures::default() };
        let credentials = Credentials::new("nobody".into(), Zeroizing::new("pencil".into()));
        let mut attempt = choose(&features, None, &credentials).unwrap();
        let first = attempt.first_message();
        let nonce = client_nonce(&first).unwrap().to_owned();
        (attempt, nonce)
    }

    #[test]
    fn a_server_that_breaks_scram_is_not_believed() {
        for challenge in [
            "",
            "r={n}x,i=4096",
            "r={n}x,s=,i=4096",
            "r={n},s=QSXCR+Q6sek8bf92,i=4096",
            "r=anotherNonceThatIsLongerThanTheOneThatWasSentByTheClient,s=QSXCR+Q6sek8bf92,i=4096",
            "r={n}x,s=QSXCR+Q6sek8bf92,i=0",
            "r={n}x,s=QSXCR+Q6sek8bf92,i=1000001",
            "r={n}x,s=QSXCR+Q6sek8bf92,i=99999999999",
            "r={n}x,s=QSXCR+Q6sek8bf92,i=4096,i=4097",
            "r={n}x,s=QSXCR+Q6sek8bf92,i=4096,r=other",
            "r={n}x,s=QSXCR+Q6sek8bf92,i=4096,m=unknown",
            "m=unknown,r={n}x,s=QSXCR+Q6sek8bf92,i=4096",
        ] {
            let (mut attempt, nonce) = attempt();
            let answer = attempt.respond(challenge.replace("{n}", &nonce).as_bytes());
            assert_eq!(answer, Err(LoginError::ServerNotProven), "{challenge}");
        }
        for success in ["", "v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "e=other-error"] {
            let (mut attempt, nonce) = attempt();
            let challenge = format!("r={nonce}x,s=QSXCR+Q6sek8bf92,i=4096,h=optional");
            assert!(attempt.respond(challenge.as_bytes()).is_ok());
            assert_eq!(attempt.finish(success.as_bytes()), Err(LoginError::ServerNotProven), "{success}");
        }
        let (mut attempt, _) = attempt();
        assert_eq!(attempt.finish(b""), Err(LoginError::ServerNotProven), "success without any exchange");
    }
}
