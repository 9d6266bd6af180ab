//! What may stand on an XML stream.

use rxml::{AttrMap, Event, Namespace, QName};
use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::ns;
use tokio_xmpp::parsers::stream_error::ReceivedStreamError;
use tokio_xmpp::parsers::stream_features::StreamFeatures;
use tokio_xmpp::xmlstream::XmppStreamElement;
use xso::error::{Error, FromEventsError};
use xso::{Context, FromEventsBuilder, FromXml};

/// An element of a stream.
#[derive(FromXml, Debug)]
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
    /// Everything else that is known.
    #[xml(transparent)]
    Other(Box<XmppStreamElement>),
    /// The rest.
    #[xml(transparent)]
    #[expect(dead_code, reason = "nothing is to be known of it")]
    Unknown(Element),
}

/// The answer to a resumption or to stream management that fails (XEP-0198, section 5); the library's type wants `h`.
#[derive(FromXml, Debug)]
#[xml(namespace = ns::SM, name = "failed", on_unknown_attribute = Discard, on_unknown_child = Discard)]
pub(crate) struct Failed {
    /// How many stanzas of the lost stream the server has, where it still knows.
    #[xml(attribute(default))]
    pub(crate) h: Option<u32>,
}

/// A `T`, and what has to be known of it whether it parses or not.
#[derive(Debug)]
pub(crate) struct Framed<T> {
    pub(crate) element: T,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// With what it says of its sender.
    Message {
        from: Option<String>,
    },
    Presence,
    Iq,
    /// No stanza: it does not count for stream management.
    Other,
}

pub(crate) struct Builder<B> {
    inner: B,
    kind: Kind,
}

impl<T: FromXml> FromXml for Framed<T> {
    type Builder = Builder<T::Builder>;

    fn from_events(name: QName, attributes: AttrMap, context: &Context<'_>) -> Result<Self::Builder, FromEventsError> {
        // In whatever namespace: what the server takes for a stanza it counts.
        let kind = match name.1.as_str() {
            "message" => Kind::Message { from: attributes.get(Namespace::none(), "from").cloned() },
            "presence" => Kind::Presence,
            "iq" => Kind::Iq,
            _ => Kind::Other,
        };
        Ok(Builder { inner: T::from_events(name, attributes, context)?, kind })
    }
}

impl<B: FromEventsBuilder> FromEventsBuilder for Builder<B> {
    type Output = Framed<B::Output>;

    fn feed(&mut self, event: Event, context: &Context<'_>) -> Result<Option<Self::Output>, Error> {
        let kind = &self.kind;
        Ok(self.inner.feed(event, context)?.map(|element| Framed { element, kind: kind.clone() }))
    }
}
