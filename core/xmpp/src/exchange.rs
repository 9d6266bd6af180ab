//! One request and its answer on an XMPP stream (RFC 6120, section 8.2.3), whatever the server pushes in between.
//!
//! An answer is told by its id alone: ids are random and only the server sees them, so nobody else can forge one.

use std::borrow::Cow;
use std::time::Duration;

use futures::{FutureExt as _, SinkExt as _, StreamExt as _};
use rxml::bytes::BytesMut;
use rxml::writer::{Encoder, SimpleNamespaces, TrackNamespace as _};
use rxml::{Item, xml_ncname};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::client::TlsStream;
use tokio_xmpp::Stanza;
use tokio_xmpp::parsers::iq::Iq;
use tokio_xmpp::parsers::ns;
use tokio_xmpp::parsers::sm;
use tokio_xmpp::parsers::stream_error::DefinedCondition as StreamCondition;
use tokio_xmpp::parsers::stream_features::StreamFeatures;
use tokio_xmpp::xmlstream::{ReadError, StreamHeader, Timeouts, XmlStream, initiate_stream};
use xso::AsXml;

use crate::corked::Corked;
use crate::domain::Domain;
use crate::error::StreamError;
use crate::framed::{Framed, StreamElement};
use crate::management::{Counts, Failed};
use crate::received::{Answer, Received, refusal};
use crate::sieve::Sieve;

/// The caller's own deadlines come first; the library cannot do without any.
const TIMEOUTS: Timeouts =
    Timeouts { read_timeout: Duration::from_secs(30 * 86_400), response_timeout: Duration::from_secs(30 * 86_400) };

/// An XML stream after the exchange of headers. After its first error it stays at that error: what follows one may be
/// the inside of an element, which anybody may have written, and must not pass for what the server says.
pub(crate) struct Stream<S> {
    xml: XmlStream<Sieve<S>, Framed>,
    ended: Option<StreamError>,
    /// What came before its turn.
    held: Option<Framed>,
    /// Features may come yet, which follow a login by SASL 2 (XEP-0388, section 2.6.1).
    awaits_features: bool,
    /// Of stanzas, sent and received.
    pub(crate) counts: Counts,
}

/// An XML stream under TLS.
pub(crate) type Secure<S> = Stream<TlsStream<Corked<S>>>;

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<S> {
    /// Sends the stream header and reads the answer and the features (RFC 6120, sections 4.2 and 4.3).
    pub(crate) async fn open(bytes: Sieve<S>, domain: &Domain) -> Result<(StreamFeatures, Self), StreamError> {
        Self::start(bytes, domain, false).await
    }

    /// The same, with a request in the header's own write.
    pub(crate) async fn open_asking(
        mut bytes: Sieve<S>,
        domain: &Domain,
        request: &impl AsXml,
    ) -> Result<(StreamFeatures, Self), StreamError> {
        bytes.write_along(&written(request).ok_or(StreamError::Malformed)?);
        Self::start(bytes, domain, true).await
    }

    /// Begins the stream anew on the same bytes, as a login does (RFC 6120, section 6.3.2), with what follows it in the header's
    /// own write.
    pub(crate) async fn restart(
        self,
        domain: &Domain,
        next: &impl AsXml,
    ) -> Result<(StreamFeatures, Self), StreamError> {
        let mut bytes = self.xml.into_inner();
        bytes.begin_anew();
        Self::open_asking(bytes, domain, next).await
    }

    /// Reads the features, which have to be the first element after the server's header (RFC 6120, section 4.3.2), but for the
    /// answer to what was asked with ours.
    async fn start(bytes: Sieve<S>, domain: &Domain, has_asked: bool) -> Result<(StreamFeatures, Self), StreamError> {
        let pending = initiate_stream(bytes, ns::JABBER_CLIENT, header(domain), TIMEOUTS).await;
        let pending = pending.map_err(|error| StreamError::from_io(&error))?;
        // The library's own way to read features does not go through `receive`.
        let xml = pending.skip_features();
        let mut stream = Self { xml, ended: None, held: None, awaits_features: false, counts: Counts::default() };
        let mut held = None;
        loop {
            match stream.receive().await? {
                Framed::Other(Ok(StreamElement::Features(features))) => {
                    stream.held = held;
                    return Ok((features, stream));
                }
                early if has_asked && held.is_none() => held = Some(early),
                _ => return Err(StreamError::Malformed),
            }
        }
    }

    /// The stream goes on as a login by SASL 2 has left it: without a new header. Numbers begin anew, and features follow.
    pub(crate) fn logged_in(&mut self) {
        self.counts = Counts::default();
        self.awaits_features = true;
    }

    /// The features behind a login by SASL 2, if they come next.
    pub(crate) async fn features(&mut self) -> Result<Option<StreamFeatures>, StreamError> {
        match self.receive().await? {
            Framed::Other(Ok(StreamElement::Features(features))) => {
                self.awaits_features = false;
                Ok(Some(features))
            }
            other => {
                self.held = Some(other);
                Ok(None)
            }
        }
    }

    /// The same, if they are there already.
    pub(crate) fn features_at_hand(&mut self) -> Result<Option<StreamFeatures>, StreamError> {
        self.features().now_or_never().unwrap_or(Ok(None))
    }

    /// The next element. Of a stanza anybody may have written a part: none is refused for that. Cancel safe.
    pub(crate) async fn next(&mut self) -> Result<Received, StreamError> {
        loop {
            match self.read().await? {
                Framed::Stanza(stanza) => {
                    if let Some(received) = Received::of_stanza(stanza) {
                        return Ok(received);
                    }
                }
                Framed::Other(Ok(StreamElement::Sasl2(nonza))) => return Ok(Received::Sasl2(nonza)),
                Framed::Other(Ok(StreamElement::Sasl(nonza))) => return Ok(Received::Sasl(nonza)),
                Framed::Other(Ok(StreamElement::Starttls(nonza))) => return Ok(Received::Starttls(nonza)),
                Framed::Other(Ok(StreamElement::Management(nonza))) => return Ok(Received::Management(nonza)),
                Framed::Other(Ok(StreamElement::Features(_))) if self.awaits_features => self.awaits_features = false,
                Framed::Other(Ok(_)) => return self.end(StreamError::Malformed),
                Framed::Other(Err(_)) => {}
            }
        }
    }

    /// The next element, which has to be an answer about stream management: before it there can be nothing else.
    pub(crate) async fn next_about_management(&mut self) -> Result<Result<sm::Nonza, Failed>, StreamError> {
        match self.read().await? {
            Framed::Other(Ok(StreamElement::Failed(failed))) => Ok(Err(failed)),
            Framed::Other(Ok(StreamElement::Management(nonza))) => Ok(Ok(nonza)),
            _ => self.end(StreamError::Malformed),
        }
    }

    pub(crate) async fn send_stanza(&mut self, stanza: &impl AsXml) -> Result<(), StreamError> {
        self.counts.sent = self.counts.sent.wrapping_add(1);
        self.send(stanza).await
    }

    /// [`Stream::send_stanza`], but it leaves with what is sent next, in as few segments and cells as hold both.
    pub(crate) async fn send_stanza_along(&mut self, stanza: &impl AsXml) -> Result<(), StreamError> {
        self.counts.sent = self.counts.sent.wrapping_add(1);
        match self.xml.feed(stanza).await {
            Ok(()) => Ok(()),
            Err(_) => self.end(StreamError::Ended),
        }
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
        self.send_stanza(&Stanza::Iq(request)).await?;
        self.answer(&wanted).await
    }

    /// Waits for the answer with this id. Cancel safe, but for refusals that are not sent then.
    pub(crate) async fn answer(&mut self, wanted: &str) -> Result<Answer, StreamError> {
        loop {
            match self.next().await? {
                Received::Answer { id, answer } if id == wanted => return Ok(answer),
                other => self.unasked(other).await?,
            }
        }
    }

    /// [`Stream::request`] that has the server close the stream. Nothing is said behind it, whatever is asked: a server that
    /// closes a connection with something unread resets it, and its answer can be lost by that.
    pub(crate) async fn last_request(&mut self, request: Iq) -> Result<Answer, StreamError> {
        let wanted = request.id().to_owned();
        self.send_stanza(&Stanza::Iq(request)).await?;
        loop {
            if let Received::Answer { id, answer } = self.next().await?
                && id == wanted
            {
                return Ok(answer);
            }
        }
    }

    /// Deals with what nobody asked for: requests are refused as if no client were there (RFC 6120, section 8.4:
    /// `service-unavailable`), the rest is dropped.
    pub(crate) async fn unasked(&mut self, received: Received) -> Result<(), StreamError> {
        if let Received::Request { from, id } = received {
            self.send_stanza(&Stanza::Iq(refusal(from, id))).await?;
        }
        Ok(())
    }

    /// Ends the stream in order (RFC 6120, section 4.4), and hears what the server says up to its own end: a connection that
    /// is closed with something unread is reset, and what was said last can be lost by that.
    pub(crate) async fn close(mut self) {
        // A stream that cannot be ended in order has ended already.
        if self.xml.shutdown().await.is_ok() {
            while self.read().await.is_ok() {}
        }
    }

    /// [`Stream::close`] without the server's end, for a server that has said all that counts.
    pub(crate) async fn leave(mut self) {
        let _ = self.xml.shutdown().await;
    }

    pub(crate) fn get_ref(&self) -> &S {
        self.xml.get_stream().get_ref()
    }

    pub(crate) fn into_inner(self) -> Sieve<S> {
        self.xml.into_inner()
    }

    async fn read(&mut self) -> Result<Framed, StreamError> {
        let framed = match self.held.take() {
            Some(held) => held,
            None => self.receive().await?,
        };
        self.counts.received = self.counts.received.wrapping_add(matches!(framed, Framed::Stanza(_)).into());
        Ok(framed)
    }

    /// The next element, whatever is held, uncounted.
    async fn receive(&mut self) -> Result<Framed, StreamError> {
        if let Some(error) = self.ended {
            return Err(error);
        }
        let error = match self.xml.next().await {
            Some(Ok(Framed::Other(Ok(StreamElement::StreamError(error))))) => match error.0.condition {
                StreamCondition::NotAuthorized => StreamError::NotAuthorized,
                _ => StreamError::Ended,
            },
            Some(Ok(framed)) => return Ok(framed),
            Some(Err(ReadError::HardError(error))) => {
                let error_of_ours = StreamError::from_io(&error);
                if error_of_ours == StreamError::Malformed && error.get_ref().is_none() {
                    // Beyond the sieve's budget. It counts, or the server would send it on each stream that takes this one up.
                    self.counts.received = self.counts.received.wrapping_add(1);
                }
                error_of_ours
            }
            Some(Err(ReadError::ParseError(_))) => StreamError::Malformed,
            Some(Err(ReadError::SoftTimeout | ReadError::StreamFooterReceived)) | None => StreamError::Ended,
        };
        self.end(error)
    }

    fn end<T>(&mut self, error: StreamError) -> Result<T, StreamError> {
        self.ended = Some(error);
        Err(error)
    }
}

/// `from` stays away: it would name the account to readers of a stream before its TLS.
fn header(domain: &Domain) -> StreamHeader<'_> {
    StreamHeader { to: Some(Cow::Borrowed(domain.as_str())), from: None, id: None }
}

/// An element as the library writes it on a stream that is open.
fn written(element: &impl AsXml) -> Option<BytesMut> {
    let (mut encoder, mut bytes) = (Encoder::<SimpleNamespaces>::new(), BytesMut::new());
    let stream = xml_ncname!("stream");
    encoder.ns_tracker_mut().declare_fixed(Some(stream), ns::STREAM.into());
    encoder.ns_tracker_mut().declare_fixed(None, ns::JABBER_CLIENT.into());
    for item in [Item::ElementHeadStart(ns::STREAM.into(), stream), Item::ElementHeadEnd] {
        encoder.encode_into_bytes(item, &mut bytes).ok()?;
    }
    bytes.clear();
    for item in element.as_xml_iter().ok()? {
        encoder.encode_into_bytes(item.ok()?.as_rxml_item(), &mut bytes).ok()?;
    }
    Some(bytes)
}
