//! SCRAM (RFC 5802, RFC 7677, RFC 9266) and nothing else, without I/O: the server never sees the password, and has to show
//! that it knew it. PLAIN and ANONYMOUS are never used, whatever is offered.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sasl::client::Mechanism;
use sasl::client::mechanisms::Scram;
use sasl::common::scram::{ScramProvider, Sha1, Sha256};
use sasl::common::{ChannelBinding, Credentials as SaslCredentials};
use tokio_rustls::rustls::{ClientConnection, ProtocolVersion};
use tokio_xmpp::parsers::ns;
use tokio_xmpp::parsers::sasl_cb::Type;
use tokio_xmpp::parsers::stream_features::StreamFeatures;
use xso::AsXmlText as _;

use crate::credentials::{Binding, Credentials};
use crate::error::LoginError;

/// PBKDF2 rounds that are done for a server; more would be an attack on the battery. Servers ask for 4,096 to 10,000.
const MAX_ITERATIONS: u32 = 1_000_000;

/// What ties a login to this TLS connection (RFC 9266). With TLS 1.2 it is safe because of the extended master secret,
/// which `tls` insists on.
pub(crate) struct Exporter {
    data: Vec<u8>,
    is_tls_1_3: bool,
}

impl Exporter {
    pub(crate) fn of(tls: &ClientConnection) -> Option<Self> {
        let data = tls.export_keying_material(vec![0; 32], b"EXPORTER-Channel-Binding", None).ok()?;
        Some(Self { data, is_tls_1_3: tls.protocol_version() == Some(ProtocolVersion::TLSv1_3) })
    }
}

/// How SASL is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// RFC 6120, section 6: a new stream follows, and on it the resource is bound.
    Sasl,
    /// XEP-0388, with the resource (XEP-0386) and stream management in the same exchange.
    Sasl2,
}

/// Our mechanisms, the strongest first.
const STRENGTH: [&str; 4] = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1"];

/// What a server offers to log in by.
struct Offer<'a> {
    profile: Profile,
    /// In their order (XEP-0474, section 5.1).
    mechanisms: BTreeSet<&'a str>,
    /// Which bindings to TLS the server can check, if it says so (XEP-0440).
    types: Option<&'a [Type]>,
}

impl<'a> Offer<'a> {
    /// The list of SASL 2 where it does all at once and has nothing weaker than the other list.
    fn of(features: &'a StreamFeatures) -> Self {
        let types = features.sasl_cb.as_ref().map(|cb| cb.types.as_slice());
        let offer = |profile, mechanisms| Self { profile, mechanisms, types };
        let sasl = offer(Profile::Sasl, features.sasl_mechanisms.iter().map(String::as_str).collect());
        let Some(sasl2) = features.sasl2.as_ref() else { return sasl };
        let bind = sasl2.inline.as_ref().and_then(|inline| inline.bind2.as_ref());
        let has_all = bind.is_some_and(|bind| bind.inline_features.iter().any(|feature| feature == ns::SM));
        let sasl2 = offer(Profile::Sasl2, sasl2.mechanisms.iter().map(String::as_str).collect());
        let weakness = |offer: &Self| STRENGTH.iter().position(|name| offer.has(name)).unwrap_or(STRENGTH.len());
        if has_all && weakness(&sasl2) <= weakness(&sasl) { sasl2 } else { sasl }
    }

    fn has(&self, mechanism: &str) -> bool {
        self.mechanisms.contains(mechanism)
    }

    fn binds(&self) -> bool {
        self.has("SCRAM-SHA-256-PLUS") || self.has("SCRAM-SHA-1-PLUS")
    }

    fn has_unbound(&self) -> bool {
        self.has("SCRAM-SHA-256") || self.has("SCRAM-SHA-1")
    }
}

/// Whether there is a safe login.
pub(crate) fn is_safe(features: &StreamFeatures, exporter: Option<Exporter>) -> bool {
    let offer = Offer::of(features);
    offer.has_unbound() && binding(&offer, exporter, Binding::Unknown).is_ok()
}

/// Whether a server offers to bind logins to their TLS connection, or not to, and does not say by what: old ones cannot check
/// what TLS 1.3 has.
pub(crate) fn may_be_unable(features: &StreamFeatures) -> bool {
    let offer = Offer::of(features);
    offer.binds() && offer.types.is_none() && offer.has_unbound()
}

/// The GS2 flag that lets the server notice a stripped offer (RFC 5802, section 6): bound where the server can, `y` where it
/// does not say so. `n` only for an account that is known as unbound, and without a list: an attacker in the middle would get it
/// by listing only types that we do not have. `y` is no answer to such a list, either: an honest server refuses it as if the
/// password were wrong.
fn binding(offer: &Offer<'_>, exporter: Option<Exporter>, known: Binding) -> Result<ChannelBinding, LoginError> {
    if !offer.binds() {
        return Ok(ChannelBinding::Unsupported);
    }
    if known == Binding::Unbound && offer.types.is_none() {
        return Ok(ChannelBinding::None);
    }
    // Without a list, TLS 1.3 has only this one.
    let listed = offer.types.map(|types| types.contains(&Type::TlsExporter));
    let usable = exporter.filter(|exporter| listed.unwrap_or(exporter.is_tls_1_3));
    usable.map(|exporter| ChannelBinding::TlsExporter(exporter.data)).ok_or(LoginError::Downgraded)
}

/// The strongest mechanism that both sides have.
pub(crate) fn choose(
    features: &StreamFeatures,
    exporter: Option<Exporter>,
    credentials: &Credentials,
) -> Result<Attempt, LoginError> {
    let offer = Offer::of(features);
    let binding = binding(&offer, exporter, credentials.binding)?;
    let shows = match binding {
        ChannelBinding::TlsExporter(_) => Binding::Bound,
        ChannelBinding::None => Binding::Unbound,
        _ => Binding::NotOffered,
    };
    if credentials.binding == Binding::Bound && shows != Binding::Bound {
        return Err(LoginError::Downgraded);
    }
    let suffix = if shows == Binding::Bound { "-PLUS" } else { "" };
    let sasl = SaslCredentials::default()
        .with_username(saslname(&credentials.username))
        .with_password(credentials.password.as_str())
        .with_channel_binding(binding);
    if offer.has(&format!("SCRAM-SHA-256{suffix}")) {
        Attempt::new::<Sha256>(sasl, &offer, shows)
    } else if offer.has(&format!("SCRAM-SHA-1{suffix}")) {
        Attempt::new::<Sha1>(sasl, &offer, shows)
    } else {
        Err(LoginError::NoSafeMechanism)
    }
}

/// What was offered, as a server repeats it under the protection of the password (XEP-0474, section 5.1). Versions up to 0.3
/// had other delimiters.
fn offer_hashes<P: ScramProvider>(offer: &Offer<'_>) -> [String; 2] {
    let mechanisms: Vec<&str> = offer.mechanisms.iter().copied().collect();
    let types = offer.types.map(|types| {
        let mut types: Vec<_> = types.iter().filter_map(|kind| kind.as_xml_text().ok()).collect();
        types.sort_unstable();
        types
    });
    [("\x1e", "\x1f"), (",", "|")].map(|(between, before_types)| {
        let mut text = mechanisms.join(between);
        if let Some(types) = &types {
            text += before_types;
            text += &types.join(between);
        }
        BASE64_STANDARD.encode(P::hash(text.as_bytes()))
    })
}

/// One SCRAM exchange. Holds the library's mechanism to what RFC 5802 demands and it leaves out.
pub(crate) struct Attempt {
    profile: Profile,
    mechanism: Box<dyn Mechanism + Send>,
    client_nonce: String,
    /// What was offered: see [`offer_hashes`].
    offer: [String; 2],
    /// What it shows when it succeeds.
    shows: Binding,
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
    fn new<P>(credentials: SaslCredentials, offer: &Offer<'_>, shows: Binding) -> Result<Self, LoginError>
    where
        P: ScramProvider + Send + 'static,
    {
        let mechanism = Scram::<P>::from_credentials(credentials).map_err(|_| LoginError::NoSafeMechanism)?;
        let (mechanism, profile, offer) = (Box::new(mechanism), offer.profile, offer_hashes::<P>(offer));
        Ok(Self { profile, mechanism, client_nonce: String::new(), offer, shows, state: State::First })
    }

    pub(crate) const fn profile(&self) -> Profile {
        self.profile
    }

    pub(crate) const fn shows(&self) -> Binding {
        self.shows
    }

    pub(crate) fn mechanism(&self) -> &str {
        self.mechanism.name()
    }

    pub(crate) fn first_message(&mut self) -> Vec<u8> {
        let message = self.mechanism.initial();
        self.client_nonce = client_nonce(&message).unwrap_or_default().to_owned();
        message
    }

    pub(crate) fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, LoginError> {
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

    /// The server's nonce goes on from ours (RFC 5802, section 5.1), its work factor is bearable, and what it has offered is
    /// what came.
    fn check(&self, challenge: &[u8]) -> Result<(), LoginError> {
        let (nonce, rounds, offer) = server_first(challenge).ok_or(LoginError::ServerNotProven)?;
        if offer.is_some_and(|offer| !self.offer.iter().any(|ours| ours == offer)) {
            return Err(LoginError::Downgraded);
        }
        let ours = !self.client_nonce.is_empty() && nonce.len() > self.client_nonce.len();
        let sound = ours && nonce.starts_with(&self.client_nonce) && (1..=MAX_ITERATIONS).contains(&rounds);
        if sound { Ok(()) } else { Err(LoginError::ServerNotProven) }
    }

    fn prove_server(&mut self, message: &[u8]) -> Result<(), LoginError> {
        self.mechanism.success(message).map_err(|_| LoginError::ServerNotProven)?;
        self.state = State::ServerProven;
        Ok(())
    }

    pub(crate) fn finish(&mut self, success: &[u8]) -> Result<(), LoginError> {
        match self.state {
            State::ServerProven => Ok(()),
            State::First | State::Proof => self.prove_server(success),
        }
    }
}

/// The nonce, the rounds, and the hash of what is offered (XEP-0474) in a server's first message (RFC 5802, section 7):
/// nonce, salt and rounds in this order.
///
/// None may come twice: the library takes the last of each, so that what is checked here would not be what it uses.
/// Optional extensions may follow; a mandatory one, `m`, has to end the login.
fn server_first(message: &[u8]) -> Option<(&str, u32, Option<&str>)> {
    let mut attributes = std::str::from_utf8(message).ok()?.split(',');
    let nonce = attributes.next()?.strip_prefix("r=")?;
    attributes.next()?.strip_prefix("s=").filter(|salt| !salt.is_empty())?;
    let rounds = attributes.next()?.strip_prefix("i=")?.parse().ok()?;
    let mut offer = None;
    for attribute in attributes {
        let again = ["r=", "s=", "i=", "m="].iter().any(|name| attribute.starts_with(name));
        let hash = attribute.strip_prefix("h=");
        if again || hash.is_some() && offer.is_some() {
            return None;
        }
        offer = hash.or(offer);
    }
    Some((nonce, rounds, offer))
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

    fn features(offered: &[&str], types: Option<Vec<Type>>) -> StreamFeatures {
        StreamFeatures {
            sasl_mechanisms: offered.iter().map(|m| (*m).to_owned()).collect(),
            sasl_cb: types.map(|types| SaslChannelBinding { types }),
            ..StreamFeatures::default()
        }
    }

    fn credentials(binding: Binding) -> Credentials {
        Credentials::new("nobody".into(), Zeroizing::new("pencil".into())).binding(binding)
    }

    #[allow(clippy::unnecessary_wraps, reason = "as `Exporter::of` gives it")]
    fn exporter(is_tls_1_3: bool) -> Option<Exporter> {
        Some(Exporter { data: vec![7; 32], is_tls_1_3 })
    }

    fn chosen(
        offered: &[&str],
        is_tls_1_3: bool,
        types: Option<Vec<Type>>,
        known: Binding,
    ) -> Result<(String, String), LoginError> {
        let mut attempt = choose(&features(offered, types), exporter(is_tls_1_3), &credentials(known))?;
        let first = String::from_utf8(attempt.first_message()).unwrap();
        let gs2 = first.split(",,").next().unwrap().to_owned();
        Ok((attempt.mechanism.name().to_owned(), gs2))
    }

    const ALL: [&str; 5] = ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"];
    const STRIPPED: [&str; 3] = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-1"];

    #[test]
    fn the_strongest_scram_with_the_right_flag() {
        let is = |name: &str, gs2: &str| Ok((name.to_owned(), gs2.to_owned()));
        for known in [Binding::Unknown, Binding::NotOffered, Binding::Bound] {
            let bound = || is("SCRAM-SHA-256-PLUS", "p=tls-exporter");
            assert_eq!(chosen(&ALL, true, None, known), bound());
            for is_tls_1_3 in [false, true] {
                let both = vec![Type::TlsUnique, Type::TlsExporter];
                assert_eq!(chosen(&ALL, is_tls_1_3, Some(both), known), bound());
            }
            let sha1 = ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"];
            assert_eq!(chosen(&sha1, true, None, known), is("SCRAM-SHA-1-PLUS", "p=tls-exporter"));
        }
        for is_tls_1_3 in [false, true] {
            for known in [Binding::Unknown, Binding::NotOffered, Binding::Unbound] {
                assert_eq!(chosen(&STRIPPED, is_tls_1_3, None, known), is("SCRAM-SHA-256", "y"));
                assert_eq!(chosen(&["PLAIN", "SCRAM-SHA-1"], is_tls_1_3, None, known), is("SCRAM-SHA-1", "y"));
            }
            assert_eq!(chosen(&ALL, is_tls_1_3, None, Binding::Unbound), is("SCRAM-SHA-256", "n"));
        }
        for weak in [vec!["PLAIN"], vec!["PLAIN", "ANONYMOUS", "DIGEST-MD5"], vec![]] {
            assert_eq!(chosen(&weak, true, None, Binding::Unknown), Err(LoginError::NoSafeMechanism));
            assert!(!is_safe(&features(&weak, None), exporter(true)));
        }
    }

    #[test]
    fn nobody_in_between_can_have_a_login_unbound_that_could_be_bound() {
        for is_tls_1_3 in [false, true] {
            for types in [vec![], vec![Type::TlsUnique], vec![Type::TlsServerEndPoint, Type::TlsUnique]] {
                for known in [Binding::Unknown, Binding::NotOffered, Binding::Bound, Binding::Unbound] {
                    let chosen = chosen(&ALL, is_tls_1_3, Some(types.clone()), known);
                    assert_eq!(chosen, Err(LoginError::Downgraded));
                }
                assert!(!is_safe(&features(&ALL, Some(types)), exporter(is_tls_1_3)));
            }
            // The second time: it could before.
            for offered in [&STRIPPED[..], &["SCRAM-SHA-1"], &["PLAIN"], &[]] {
                assert_eq!(chosen(offered, is_tls_1_3, None, Binding::Bound), Err(LoginError::Downgraded));
            }
        }
        let without_list = chosen(&ALL, false, None, Binding::Unknown);
        assert_eq!(without_list, Err(LoginError::Downgraded), "TLS 1.2 without a list");
        assert!(is_safe(&features(&ALL, None), exporter(true)));
        assert!(is_safe(&features(&STRIPPED, None), exporter(true)));
        // A server that says what it can check can.
        let listed = chosen(&ALL, true, Some(vec![Type::TlsExporter]), Binding::Unbound);
        assert_eq!(listed.map(|(_, flag)| flag), Ok("p=tls-exporter".to_owned()));
    }

    #[test]
    fn an_offer_that_was_changed_on_the_way_gets_no_proof() {
        // The example of XEP-0474, section 5.3.
        let offered =
            features(&["SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"], Some(vec![Type::TlsServerEndPoint, Type::TlsExporter]));
        assert_eq!(offer_hashes::<Sha1>(&Offer::of(&offered))[0], "G6k/rBLDqgOhRRaCuuatSDFkJ08=");
        let stripped = features(&["SCRAM-SHA-1"], None);
        let answer = |came: &StreamFeatures, hash: &str| {
            let mut attempt = choose(came, exporter(true), &credentials(Binding::Unknown)).unwrap();
            let nonce = client_nonce(&attempt.first_message()).unwrap().to_owned();
            attempt.respond(format!("r={nonce}x,s=QSXCR+Q6sek8bf92,i=4096,{hash}").as_bytes()).map(drop)
        };
        for hash in offer_hashes::<Sha1>(&Offer::of(&offered)) {
            assert_eq!(answer(&offered, &format!("h={hash}")), Ok(()));
            assert_eq!(answer(&offered, &format!("x=y,h={hash}")), Ok(()));
            assert_eq!(answer(&stripped, &format!("h={hash}")), Err(LoginError::Downgraded));
            assert_eq!(answer(&offered, &format!("h={hash},h={hash}")), Err(LoginError::ServerNotProven));
        }
        assert_eq!(answer(&stripped, "h="), Err(LoginError::Downgraded));
    }

    #[test]
    fn a_name_cannot_write_a_message() {
        assert_eq!(saslname("a,r=b"), "a=2Cr=3Db");
        let features = StreamFeatures { sasl_mechanisms: ["SCRAM-SHA-1".to_owned()].into(), ..Default::default() };
        let credentials = Credentials::new("a,r=b".into(), Zeroizing::new("pencil".into()));
        let first = choose(&features, None, &credentials).unwrap().first_message();
        assert!(first.starts_with(b"y,,n=a=2Cr=3Db,r="));
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
            let challenge = format!("r={nonce}x,s=QSXCR+Q6sek8bf92,i=4096,x=optional");
            assert!(attempt.respond(challenge.as_bytes()).is_ok());
            assert_eq!(attempt.finish(success.as_bytes()), Err(LoginError::ServerNotProven), "{success}");
        }
        let (mut attempt, _) = attempt();
        assert_eq!(attempt.finish(b""), Err(LoginError::ServerNotProven), "success without any exchange");
    }
}
