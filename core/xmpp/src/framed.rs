//! What may stand on an XML stream.

use std::fmt;

use rxml::{AttrMap, Event, QName};
use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::stream_error::ReceivedStreamError;
use tokio_xmpp::parsers::stream_features::StreamFeatures;
use tokio_xmpp::parsers::{sasl, sm, starttls};
use xso::error::{Error, FromEventsError};
use xso::{Context, FromEventsBuilder, FromXml};

use crate::management::Failed;
use crate::sasl2;

/// An element of a stream that is no stanza.
#[derive(FromXml)]
#[xml()]
pub(crate) enum StreamElement {
    /// What the server offers: the first element after each header.
    #[xml(transparent)]
    Features(StreamFeatures),
    /// Why the server ends the stream.
    #[xml(transparent)]
    StreamError(ReceivedStreamError),
    /// A stream that is not taken up again.
    #[xml(transparent)]
    Failed(Failed),
    /// A login by SASL 2.
    #[xml(transparent)]
    Sasl2(sasl2::Nonza),
    /// A login by SASL.
    #[xml(transparent)]
    Sasl(sasl::Nonza),
    /// The way to TLS.
    #[xml(transparent)]
    Starttls(starttls::Nonza),
    /// Stream management (XEP-0198).
    #[xml(transparent)]
    Management(sm::Nonza),
}

/// What stands on a stream. Of a stanza anybody may have written a part, so that no type of the library's decides whether
/// it can be read: it is kept as it is.
pub(crate) enum Framed {
    /// A message, presence, or IQ, in whatever namespace: what the server takes for a stanza it counts.
    Stanza(Element),
    /// What only the server can have said.
    Other(Result<StreamElement, Error>),
}

/// The stream wants one. It shows nothing of anybody's.
impl fmt::Debug for Framed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Framed(..)")
    }
}

pub(crate) enum Builder {
    Stanza(<Element as FromXml>::Builder),
    Other(Box<<Result<StreamElement, Error> as FromXml>::Builder>),
}

impl FromXml for Framed {
    type Builder = Builder;

    fn from_events(name: QName, attributes: AttrMap, context: &Context<'_>) -> Result<Self::Builder, FromEventsError> {
        Ok(match name.1.as_str() {
            "message" | "presence" | "iq" => Builder::Stanza(Element::from_events(name, attributes, context)?),
            _ => Builder::Other(Box::new(Result::<StreamElement, Error>::from_events(name, attributes, context)?)),
        })
    }
}

impl FromEventsBuilder for Builder {
    type Output = Framed;

    fn feed(&mut self, event: Event, context: &Context<'_>) -> Result<Option<Self::Output>, Error> {
        Ok(match self {
            Self::Stanza(builder) => builder.feed(event, context)?.map(Framed::Stanza),
            Self::Other(builder) => builder.feed(event, context)?.map(Framed::Other),
        })
    }
}
