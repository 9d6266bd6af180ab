//! What may stand on an XML stream, nested no deeper than a stanza ever is.
//!
//! The element trees of the XML library are built in a loop but dropped by recursion: a stanza of some ten thousand
//! nested elements, which anybody may send, would overflow the stack and end the whole process. Merely to read past one
//! takes minutes, so it ends the stream.

use rxml::{AttrMap, Event, QName};
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
    /// Everything else.
    #[xml(transparent)]
    Other(Box<XmppStreamElement>),
}

/// A `T`, unless it is nested too deep.
#[derive(Debug)]
pub(crate) enum Shallow<T> {
    Whole(T),
    /// What comes next on the stream is the inside of an element and must not be read.
    TooDeep,
}

pub(crate) struct Builder<B> {
    inner: B,
    depth: usize,
}

impl<T: FromXml> FromXml for Shallow<T> {
    type Builder = Builder<T::Builder>;

    fn from_events(name: QName, attributes: AttrMap, context: &Context<'_>) -> Result<Self::Builder, FromEventsError> {
        let inner = T::from_events(name, attributes, context)?;
        Ok(Builder { inner, depth: 0 })
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
        Ok(self.inner.feed(event, context)?.map(Shallow::Whole))
    }
}
