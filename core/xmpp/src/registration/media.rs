//! The pictures of a form's fields (XEP-0221). However many fields and addresses name a picture, the work is bounded: few are
//! looked at, and each is read once.

use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::ns;

use super::error::Fault;
use super::picture::{Cid, Picture, PictureError, PictureUrl};
use crate::domain::Domain;

/// Fields of a form that have something to be looked at.
const FIELDS_AT_MOST: usize = 4;
/// Addresses of one of them.
const URIS_AT_MOST: usize = 8;

/// What is to be looked at.
pub(super) enum Media {
    /// Nothing.
    None,
    Here(Picture),
    /// It can be asked for on the stream; if it is not there, it may be on the web.
    Bits(Cid, Option<PictureUrl>),
    Web(PictureUrl),
    /// It is nowhere.
    Lost,
}

impl Media {
    pub(super) const fn url(&self) -> Option<&PictureUrl> {
        match self {
            Self::Web(url) => Some(url),
            _ => None,
        }
    }

    pub(super) fn is_bits(&self, wanted: &Cid) -> bool {
        matches!(self, Self::Bits(cid, _) if cid == wanted)
    }
}

/// The pictures that are in the stanza of a form.
pub(super) struct Pictures<'a> {
    query: &'a Element,
    /// How many fields have had something to be looked at.
    fields: usize,
    read: Vec<(Cid, Result<Picture, PictureError>)>,
}

impl<'a> Pictures<'a> {
    pub(super) const fn of(query: &'a Element) -> Self {
        Self { query, fields: 0, read: Vec::new() }
    }

    /// The picture of a field: in the stanza, on the stream, on the web, in this order.
    pub(super) fn media(&mut self, field: &Element, server: &Domain) -> Result<Media, Fault> {
        let Some(media) = field.get_child("media", ns::MEDIA_ELEMENT) else { return Ok(Media::None) };
        self.fields += 1;
        if self.fields > FIELDS_AT_MOST {
            return Err(Fault::Form);
        }
        let uris = media.children().filter(|child| child.is("uri", ns::MEDIA_ELEMENT));
        let pictures = uris.filter(|uri| uri.attr("type").is_none_or(|type_| type_.trim_start().starts_with("image/")));
        let uris: Vec<_> = pictures.take(URIS_AT_MOST).map(|uri| uri.text().trim().to_owned()).collect();
        let url = uris.iter().find_map(|uri| PictureUrl::parse(uri, server));
        let mut fault = Fault::Unanswerable;
        for cid in uris.iter().filter_map(|uri| Cid::parse(uri)) {
            match self.picture(&cid, field, media) {
                Some(Ok(picture)) => return Ok(Media::Here(picture)),
                Some(Err(error)) => fault = error.into(),
                None => return Ok(Media::Bits(cid, url)),
            }
        }
        url.map(Media::Web).ok_or(fault)
    }

    /// The picture of this name. `None`: it is not in the stanza.
    fn picture(&mut self, cid: &Cid, field: &Element, media: &Element) -> Option<Result<Picture, PictureError>> {
        if let Some((_, read)) = self.read.iter().find(|(known, _)| known == cid) {
            return Some(read.clone());
        }
        let places = [Some(self.query), self.query.get_child("x", ns::DATA_FORMS), Some(field), Some(media)];
        let data = places.into_iter().flatten().flat_map(Element::children).find(|child| cid.is_of(child))?;
        let read = cid.picture(data);
        self.read.push((cid.clone(), read.clone()));
        Some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::super::picture::SIZE_AT_MOST;
    use super::super::picture::tests::{bits, png};
    use super::*;

    /// A field with these addresses.
    fn field(uris: &[&str]) -> Element {
        let uris: String = uris.iter().map(|uri| format!("<uri>{uri}</uri>")).collect();
        format!("<field xmlns='jabber:x:data'><media xmlns='urn:xmpp:media-element'>{uris}</media></field>")
            .parse()
            .unwrap()
    }

    fn query(data: &str) -> Element {
        format!("<query xmlns='jabber:iq:register'>{data}</query>").parse().unwrap()
    }

    /// The worst that fits a stanza: a large picture that is another than was named.
    #[test]
    fn a_picture_is_read_once_however_often_it_is_named() {
        let server = Domain::parse("jabber.example").unwrap();
        let (data, uri) = bits(&[png(9, 9), vec![0; SIZE_AT_MOST - 33]].concat());
        let (_, other) = bits(b"another");
        let forged = query(&data.replace(uri.trim_start_matches("cid:"), other.trim_start_matches("cid:")));
        let mut pictures = Pictures::of(&forged);
        let named = field(&[other.as_str(); 1000]);
        for _ in 0..FIELDS_AT_MOST {
            let fault = pictures.media(&named, &server).err();
            assert_eq!(fault, Some(Fault::Picture(PictureError::Other)));
        }
        assert_eq!(pictures.read.len(), 1, "each name is read once");
        for _ in 0..100_000 {
            assert_eq!(pictures.media(&named, &server).err(), Some(Fault::Form));
        }
    }

    #[test]
    fn few_addresses_of_a_field_are_looked_at() {
        let server = Domain::parse("jabber.example").unwrap();
        let all: Vec<_> = (0..100).map(|n| bits(&png(0, n))).collect();
        let (data, uris): (Vec<_>, Vec<_>) = all.iter().map(|(data, uri)| (data.as_str(), uri.as_str())).unzip();
        let query = query(&data.concat());
        let mut pictures = Pictures::of(&query);
        assert_eq!(pictures.media(&field(&uris), &server).err(), Some(Fault::Picture(PictureError::NoPicture)));
        assert_eq!(pictures.read.len(), URIS_AT_MOST);
        let mut last = uris[..URIS_AT_MOST - 1].to_vec();
        last.push("https://x.example/");
        assert!(pictures.media(&field(&last), &server).is_ok_and(|media| media.url().is_some()));
        assert_eq!(pictures.read.len(), URIS_AT_MOST, "those of the field before");
    }
}
