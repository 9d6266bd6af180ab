//! What may stand on an XML stream, nested no deeper than a stanza ever is.
//!
//! The element trees of the XML library are built in a loop but dropped by recursion: a stanza of some ten thousand
//! nested elements, which anybody may send, would overflow the stack and end the whole process. Merely to read past one
//! takes minutes, so it ends the stream.

use rxml::{AttrMap, Event, QName};
use tokio_xmpp::parsers::ns;
use tokio_xmpp::parsers::stream_error::ReceivedStreamError;
use tokio_xmpp::parsers::stream_features::StreamFeatures;
use tokio_xmpp::xmlstream::XmppStreamElement;
use xso::error::{Error, FromEventsError};
use xso::{Context, FromEventsBuilder, FromXml};

/// Levels below a stanza. The deepest in use, an archived and forwarded message, has about ten.
const MAX_DEPTH: usize = 64;

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
    /// Everything else.
    #[xml(transparent)]
    Other(Box<XmppStreamElement>),
}

/// The answer to a resumption or to stream management that fails (XEP-0198, section 5); the library's type wants `h`.
#[derive(FromXml, Debug)]
#[xml(namespace = ns::SM, name = "failed", on_unknown_attribute = Discard, on_unknown_child = Discard)]
pub(crate) struct Failed {
    /// How many stanzas of the lost stream the server has, where it still knows.
    #[xml(attribute(default))]
    pub(crate) h: Option<u32>,
}

/// A `T`, unless it is nested too deep.
#[derive(Debug)]
pub(crate) enum Shallow<T> {
    Whole {
        element: T,
        /// It counts for stream management, whether it parses or not.
        stanza: bool,
    },
    /// What comes next on the stream is the inside of an element and must not be read.
    TooDeep,
}

pub(crate) struct Builder<B> {
    inner: B,
    stanza: bool,
    depth: usize,
}

impl<T: FromXml> FromXml for Shallow<T> {
    type Builder = Builder<T::Builder>;

    fn from_events(name: QName, attributes: AttrMap, context: &Context<'_>) -> Result<Self::Builder, FromEventsError> {
        let stanza = name.0 == ns::JABBER_CLIENT && ["message", "presence", "iq"].contains(&name.1.as_str());
        let inner = T::from_events(name, attributes, context)?;
        Ok(Builder { inner, stanza, depth: 0 })
    }
}

impl<B: FromEventsBuilder> FromEventsBuilder for Builder<B> {
    type Output = Shallow<B::Output>;

    fn feed(&mut self, event: Event, context: &Context<'_>) -> Result<Option<Self::Output>, Error> {
        match event {
            Event::StartElement(..) => self.depth += 1,
            Event::EndElement(..) => self.depth = self.depth.saturating_sub(1),
            Event::Text(..) | Event::XmlDeclaration(..) => {}
        }
        if self.depth > MAX_DEPTH {
            return Ok(Some(Shallow::TooDeep));
        }
        let stanza = self.stanza;
        Ok(self.inner.feed(event, context)?.map(|element| Shallow::Whole { element, stanza }))
    }
}
