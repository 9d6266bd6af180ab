//! One request and its answer on an XMPP stream (RFC 6120, section 8.2.3), whatever the server pushes in between.
//!
//! An answer is told by its id alone: ids are random and only the server sees them, so nobody else can forge one.

use std::io::{self, ErrorKind};

use futures::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio_rustls::client::TlsStream;
use tokio_xmpp::Stanza;
use tokio_xmpp::parsers::iq::Iq;
use tokio_xmpp::parsers::message::Message;
use tokio_xmpp::parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};
use tokio_xmpp::parsers::stream_error::DefinedCondition as StreamCondition;
use tokio_xmpp::parsers::stream_features::StreamFeatures;
use tokio_xmpp::xmlstream::{ReadError, XmlStream, XmppStreamElement};

use crate::bounded::Bounded;
use crate::registration::Answer;
use crate::shallow::{Shallow, StreamElement};

/// The bytes below an XML stream. Writes need no buffer: the XML writer has one.
pub(crate) type Io<S> = BufReader<Bounded<S>>;

pub(crate) fn io<S: AsyncRead + Unpin>(stream: S) -> Io<S> {
    BufReader::new(Bounded::new(stream))
}

/// An XML stream.
pub(crate) type Stream<S> = XmlStream<Io<S>, Shallow<StreamElement>>;

/// An XML stream under TLS.
pub(crate) type Secure<S> = Stream<TlsStream<S>>;

/// Why an XMPP stream ended or cannot go on. The caller opens a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// The connection is lost, or the server closed the stream.
    #[error("the stream ended")]
    Ended,
    /// The server closed the stream with `not-authorized` (RFC 6120, section 4.9.3.12).
    #[error("the stream was ended as not authorized")]
    NotAuthorized,
    /// The server sent what is no XMPP, or too much of it.
    #[error("the stream is malformed")]
    Malformed,
}

impl StreamError {
    pub(crate) fn from_io(error: &io::Error) -> Self {
        if error.kind() == ErrorKind::InvalidData { Self::Malformed } else { Self::Ended }
    }
}

/// What [`next`] found.
pub(crate) enum Element {
    /// An element of the stream.
    Some(XmppStreamElement),
    /// Nothing came for the time of the stream's soft timeout.
    Silence,
}

/// The next element that parses. One that does not, but is well-formed, is skipped: servers push what nobody asked for.
/// Cancel safe.
pub(crate) async fn next<S>(stream: &mut Stream<S>) -> Result<Element, StreamError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        return match stream.next().await {
            Some(Ok(Shallow(element))) => understood(element).map(Element::Some),
            Some(Err(ReadError::ParseError(_))) => continue,
            Some(Err(ReadError::SoftTimeout)) => Ok(Element::Silence),
            Some(Err(ReadError::HardError(error))) => Err(StreamError::from_io(&error)),
            Some(Err(ReadError::StreamFooterReceived)) | None => Err(StreamError::Ended),
        };
    }
}

/// The features, which have to be the first element after the server's header (RFC 6120, section 4.3.2).
pub(crate) async fn features<S>(stream: &mut Stream<S>) -> Result<StreamFeatures, StreamError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        return match stream.next().await {
            Some(Ok(Shallow(StreamElement::Features(features)))) => Ok(features),
            Some(Ok(Shallow(other))) => understood(other).and(Err(StreamError::Malformed)),
            Some(Err(ReadError::ParseError(_))) => Err(StreamError::Malformed),
            Some(Err(ReadError::SoftTimeout)) => continue,
            Some(Err(ReadError::HardError(error))) => Err(StreamError::from_io(&error)),
            Some(Err(ReadError::StreamFooterReceived)) | None => Err(StreamError::Ended),
        };
    }
}

pub(crate) async fn send<S>(stream: &mut Stream<S>, element: XmppStreamElement) -> Result<(), StreamError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.send(&element).await.map_err(|e| StreamError::from_io(&e))
}

/// Sends a request and waits for the answer with its id. Messages that come before it are put into `kept`.
pub(crate) async fn request<S>(
    stream: &mut Stream<S>,
    request: Iq,
    kept: &mut impl Extend<Message>,
) -> Result<Answer, StreamError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let wanted = request.id().to_owned();
    stream.get_stream().get_ref().start_over();
    send(stream, Stanza::Iq(request).into()).await?;
    loop {
        match next(stream).await? {
            Element::Some(XmppStreamElement::Stanza(Stanza::Iq(Iq::Result { id, payload, .. }))) if id == wanted => {
                return Ok(Ok(payload));
            }
            Element::Some(XmppStreamElement::Stanza(Stanza::Iq(Iq::Error { id, error, .. }))) if id == wanted => {
                return Ok(Err(error));
            }
            Element::Some(other) => kept.extend(unasked(stream, other).await?),
            Element::Silence => {}
        }
    }
}

/// Deals with what nobody asked for: messages are the caller's, requests are refused as if no client were there
/// (RFC 6120, section 8.4: `service-unavailable`), the rest is dropped.
pub(crate) async fn unasked<S>(
    stream: &mut Stream<S>,
    element: XmppStreamElement,
) -> Result<Option<Message>, StreamError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match element {
        XmppStreamElement::Stanza(Stanza::Message(message)) => Ok(Some(message)),
        XmppStreamElement::Stanza(Stanza::Iq(Iq::Get { from, id, .. } | Iq::Set { from, id, .. })) => {
            let error = StanzaError {
                type_: ErrorType::Cancel,
                by: None,
                defined_condition: DefinedCondition::ServiceUnavailable,
                texts: Default::default(),
                other: None,
            };
            let refusal = Iq::Error { from: None, to: from, id, error, payload: None };
            send(stream, Stanza::Iq(refusal).into()).await?;
            Ok(None)
        }
        _ => Ok(None),
    }
}

fn understood(element: StreamElement) -> Result<XmppStreamElement, StreamError> {
    match element {
        StreamElement::Other(XmppStreamElement::StreamError(error)) => Err(match error.0.condition {
            StreamCondition::NotAuthorized => StreamError::NotAuthorized,
            _ => StreamError::Ended,
        }),
        StreamElement::Other(element) => Ok(element),
        StreamElement::Features(_) => Err(StreamError::Malformed),
    }
}
