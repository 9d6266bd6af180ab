//! One request and its answer on an XMPP stream (RFC 6120, section 8.2.3), whatever the server pushes in between.
//!
//! An answer is told by its id alone: ids are random and only the server sees them, so nobody else can forge one.

use futures::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio_rustls::client::TlsStream;
use tokio_xmpp::Stanza;
use tokio_xmpp::parsers::iq::Iq;
use tokio_xmpp::parsers::sm;
use tokio_xmpp::parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};
use tokio_xmpp::parsers::stream_error::DefinedCondition as StreamCondition;
use tokio_xmpp::parsers::stream_features::StreamFeatures;
use tokio_xmpp::xmlstream::{InitiatingStream, PendingFeaturesRecv, ReadError, XmlStream, XmppStreamElement};
use xso::AsXml;

use crate::bounded::Bounded;
use crate::management::Counts;
use crate::registration::Answer;
use crate::shallow::{Failed, Shallow, StreamElement};

/// The bytes below an XML stream. Writes need no buffer: the XML writer has one.
pub(crate) type Io<S> = BufReader<Bounded<S>>;

pub(crate) fn io<S: AsyncRead + Unpin>(stream: S) -> Io<S> {
    BufReader::new(Bounded::new(stream))
}

/// An XML stream whose headers were exchanged. After its first error it stays at that error: what follows one may be
/// the inside of an element, which anybody may have written, and must not pass for what the server says.
pub(crate) struct Stream<S> {
    xml: XmlStream<Io<S>, Shallow<Result<StreamElement, xso::error::Error>>>,
    ended: Option<StreamError>,
    /// Of stanzas, sent and received.
    pub(crate) counts: Counts,
}

/// An XML stream under TLS.
pub(crate) type Secure<S> = Stream<TlsStream<S>>;

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<S> {
    /// Reads the features, which have to be the first element after the server's header (RFC 6120, section 4.3.2).
    pub(crate) async fn start(pending: PendingFeaturesRecv<Io<S>>) -> Result<(StreamFeatures, Self), StreamError> {
        // The library's own way to read features has no bound on their depth.
        let mut stream = Self { xml: pending.skip_features(), ended: None, counts: Counts::default() };
        match stream.read().await? {
            Ok(StreamElement::Features(features)) => Ok((features, stream)),
            _ => Err(StreamError::Malformed),
        }
    }

    /// The next element that parses. One that does not parse but is well-formed is skipped: servers push what nobody asked
    /// for. Cancel safe.
    pub(crate) async fn next(&mut self) -> Result<XmppStreamElement, StreamError> {
        loop {
            match self.read().await? {
                Ok(StreamElement::Other(element)) => return Ok(*element),
                Ok(_) => return self.end(StreamError::Malformed),
                Err(_) => {}
            }
        }
    }

    /// The next element, which has to be an answer about stream management: before it there can be nothing else.
    pub(crate) async fn next_about_management(&mut self) -> Result<Result<sm::Nonza, Failed>, StreamError> {
        match self.read().await? {
            Ok(StreamElement::Failed(failed)) => return Ok(Err(failed)),
            Ok(StreamElement::Other(element)) => {
                if let XmppStreamElement::SM(nonza) = *element {
                    return Ok(Ok(nonza));
                }
            }
            _ => {}
        }
        self.end(StreamError::Malformed)
    }

    pub(crate) async fn send_stanza(&mut self, stanza: &impl AsXml) -> Result<(), StreamError> {
        self.counts.sent = self.counts.sent.wrapping_add(1);
        self.send(stanza).await
    }

    /// Sends what is no stanza.
    pub(crate) async fn send(&mut self, element: &impl AsXml) -> Result<(), StreamError> {
        match self.xml.send(element).await {
            Ok(()) => Ok(()),
            Err(_) => self.end(StreamError::Ended),
        }
    }

    /// Sends a request and waits for the answer with its id.
    pub(crate) async fn request(&mut self, request: Iq) -> Result<Answer, StreamError> {
        let wanted = request.id().to_owned();
        self.start_over();
        self.send_stanza(&Stanza::Iq(request)).await?;
        loop {
            match self.next().await? {
                XmppStreamElement::Stanza(Stanza::Iq(Iq::Result { id, payload, .. })) if id == wanted => {
                    return Ok(Ok(payload));
                }
                XmppStreamElement::Stanza(Stanza::Iq(Iq::Error { id, error, .. })) if id == wanted => {
                    return Ok(Err(error));
                }
                other => self.unasked(other).await?,
            }
        }
    }

    /// Deals with what nobody asked for: requests are refused as if no client were there (RFC 6120, section 8.4:
    /// `service-unavailable`), the rest is dropped.
    pub(crate) async fn unasked(&mut self, element: XmppStreamElement) -> Result<(), StreamError> {
        if let XmppStreamElement::Stanza(Stanza::Iq(Iq::Get { from, id, .. } | Iq::Set { from, id, .. })) = element {
            let refusal = Iq::Error { from: None, to: from, id, error: service_unavailable(), payload: None };
            self.send_stanza(&Stanza::Iq(refusal)).await?;
        }
        Ok(())
    }

    /// Ends the stream in order (RFC 6120, section 4.4).
    pub(crate) async fn shutdown(&mut self) -> std::io::Result<()> {
        self.xml.shutdown().await
    }

    /// Begins the stream anew on the same bytes, as a login does (RFC 6120, section 6.3.2).
    pub(crate) fn restart(self) -> InitiatingStream<Io<S>> {
        self.xml.initiate_reset()
    }

    /// From here on the server may make us hold as much anew.
    pub(crate) fn start_over(&self) {
        self.xml.get_stream().get_ref().start_over();
    }

    pub(crate) fn get_ref(&self) -> &S {
        self.xml.get_stream().get_ref().get_ref()
    }

    pub(crate) fn into_inner(self) -> Io<S> {
        self.xml.into_inner()
    }

    async fn read(&mut self) -> Result<Result<StreamElement, xso::error::Error>, StreamError> {
        if let Some(error) = self.ended {
            return Err(error);
        }
        let error = match self.xml.next().await {
            Some(Ok(Shallow::Whole { element: Ok(StreamElement::StreamError(error)), .. })) => {
                match error.0.condition {
                    StreamCondition::NotAuthorized => StreamError::NotAuthorized,
                    _ => StreamError::Ended,
                }
            }
            Some(Ok(Shallow::Whole { element, stanza })) => {
                self.counts.received = self.counts.received.wrapping_add(stanza.into());
                return Ok(element);
            }
            Some(Ok(Shallow::TooDeep)) => self.unreadable(),
            Some(Err(ReadError::HardError(error))) => match (StreamError::from_io(&error), error.get_ref()) {
                // By our own bound, or by its syntax. Else it has a name that no stanza has.
                (StreamError::Malformed, None) => self.unreadable(),
                (StreamError::Malformed, Some(inner)) if inner.is::<rxml::Error>() => self.unreadable(),
                (other, _) => other,
            },
            Some(Err(ReadError::ParseError(_))) => StreamError::Malformed,
            Some(Err(ReadError::SoftTimeout | ReadError::StreamFooterReceived)) | None => StreamError::Ended,
        };
        self.end(error)
    }

    /// A server writes what can be read, so this is a stanza that somebody made so. It counts, or the server would send it on
    /// each stream that takes this one up.
    const fn unreadable(&mut self) -> StreamError {
        self.counts.received = self.counts.received.wrapping_add(1);
        StreamError::Malformed
    }

    fn end<T>(&mut self, error: StreamError) -> Result<T, StreamError> {
        self.ended = Some(error);
        Err(error)
    }
}

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
    /// To the parser, a stream that ends early is one more syntax error. What TLS refuses was not said by the server.
    pub(crate) fn from_io(error: &std::io::Error) -> Self {
        let inner = error.get_ref();
        let cut_off = matches!(inner.and_then(|inner| inner.downcast_ref()), Some(rxml::Error::InvalidEof(_)));
        let forged = inner.is_some_and(|inner| inner.is::<tokio_rustls::rustls::Error>());
        if error.kind() == std::io::ErrorKind::InvalidData && !cut_off && !forged {
            Self::Malformed
        } else {
            Self::Ended
        }
    }
}

fn service_unavailable() -> StanzaError {
    StanzaError {
        type_: ErrorType::Cancel,
        by: None,
        defined_condition: DefinedCondition::ServiceUnavailable,
        texts: Default::default(),
        other: None,
    }
}
