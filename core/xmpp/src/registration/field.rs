//! A field of a form that the user fills in: how it is read, shown, and answered.

use std::str::FromStr as _;

use tokio_xmpp::jid::Jid;
use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::ns;
use zeroize::Zeroizing;

use super::error::Fault;
use super::media::{Media, Pictures};
use super::picture::{Picture, PictureError};
use super::question::{Answer, Field, Kind};
use super::text::{INSTRUCTIONS, LABEL, line, lines};
use crate::domain::Domain;

/// What tells people from programs (XEP-0158, section 6.3), by a field's name.
pub(super) const CHALLENGES: [&str; 9] =
    ["ocr", "picture_q", "picture_recog", "qa", "audio_recog", "speech_q", "speech_recog", "video_q", "video_recog"];
/// Those of them with something to be looked at.
const WITH_PICTURE: &[&str] = CHALLENGES.split_at(3).0;
/// Those with something to be heard, or a film.
const WITHOUT_HOPE: &[&str] = CHALLENGES.split_at(4).1;
/// Of a field.
const OPTIONS_AT_MOST: usize = 256;
/// An answer, bytes.
const ANSWER_AT_MOST: usize = 4096;

pub(super) struct FormField {
    /// As it goes back.
    pub(super) name: String,
    pub(super) required: bool,
    pub(super) is_challenge: bool,
    pub(super) media: Media,
    label: String,
    kind: Kind,
    /// What the options are called on the way back.
    options: Vec<String>,
    preset: Option<Answer>,
}

impl FormField {
    /// XEP-0077, section 14.1. What the server calls it is all that it says of it.
    pub(super) fn of_legacy(name: String) -> Self {
        let (label, kind, options) = (line(&name, LABEL), Kind::Text, Vec::new());
        Self { name, required: true, is_challenge: false, media: Media::None, label, kind, options, preset: None }
    }

    /// XEP-0004, section 3.2.
    pub(super) fn of_data(field: &Element, pictures: &mut Pictures<'_>, server: &Domain) -> Result<Self, Fault> {
        let name = field.attr("var").unwrap_or_default().to_owned();
        let label = line(field.attr("label").unwrap_or(&name), LABEL);
        let (mut shown, mut options) = (Vec::new(), Vec::new());
        for option in field.children().filter(|child| child.is("option", ns::DATA_FORMS)) {
            let value = values(option).next().unwrap_or_default();
            shown.push(line(option.attr("label").unwrap_or(&value), LABEL));
            options.push(value);
        }
        if options.len() > OPTIONS_AT_MOST {
            return Err(Fault::Form);
        }
        let kind = match field.attr("type").unwrap_or_default() {
            "text-private" => Kind::Secret,
            "text-multi" => Kind::Lines,
            "boolean" => Kind::YesNo,
            "list-single" => Kind::One(shown),
            "list-multi" => Kind::Some(shown),
            "jid-single" => Kind::Address,
            "jid-multi" => Kind::Addresses,
            _ => Kind::Text,
        };
        if matches!(&kind, Kind::One(shown) | Kind::Some(shown) if shown.is_empty()) || WITHOUT_HOPE.contains(&&*name) {
            return Err(Fault::Unanswerable);
        }
        let media = pictures.media(field, server)?;
        if matches!(media, Media::None) && WITH_PICTURE.contains(&&*name) {
            return Err(Fault::Unanswerable);
        }
        let required = field.has_child("required", ns::DATA_FORMS);
        let is_challenge = CHALLENGES.contains(&&*name);
        let preset = preset(field, &kind, &options);
        Ok(Self { name, required, is_challenge, media, label, kind, options, preset })
    }

    pub(super) fn shown(&self) -> Field {
        let picture = match &self.media {
            Media::Here(picture) => Some(picture.clone()),
            _ => None,
        };
        let (label, kind, preset) = (self.label.clone(), self.kind.clone(), self.preset.clone());
        Field { label, kind, required: self.required, is_challenge: self.is_challenge, preset, picture }
    }

    pub(super) fn take(&mut self, picture: Vec<u8>) -> Result<(), PictureError> {
        self.media = Media::Here(Picture::read(picture)?);
        Ok(())
    }

    /// What goes back as it came, bytes.
    pub(super) fn weight(&self) -> usize {
        self.options.iter().map(String::len).sum()
    }

    /// The values of an answer (XEP-0004, section 3.3). `None`: it does not fit.
    pub(super) fn values(&self, answer: &Answer) -> Option<Vec<Zeroizing<String>>> {
        let one = |text: &str| Some(vec![Zeroizing::new(text.to_owned())]);
        match (&self.kind, answer) {
            (Kind::Text | Kind::Secret, Answer::Text(text)) => is_line(text).then(|| one(text))?,
            (Kind::Address, Answer::Text(text)) => is_address(text).then(|| one(text))?,
            (Kind::Lines, Answer::Text(text)) => split(text, is_line),
            (Kind::Addresses, Answer::Text(text)) => split(text, is_address),
            (Kind::YesNo, Answer::YesNo(yes)) => one(if *yes { "1" } else { "0" }),
            (Kind::One(_), Answer::Chosen(chosen)) if chosen.len() == 1 => self.chosen(chosen),
            (Kind::Some(_), Answer::Chosen(chosen)) if !chosen.is_empty() => self.chosen(chosen),
            _ => None,
        }
    }

    fn chosen(&self, places: &[usize]) -> Option<Vec<Zeroizing<String>>> {
        let is_double =
            places.iter().enumerate().any(|(index, place)| places.iter().take(index).any(|other| other == place));
        let options = places.iter().map(|place| self.options.get(*place).cloned().map(Zeroizing::new));
        if is_double { None } else { options.collect() }
    }
}

/// The values of a field or an option.
pub(super) fn values(element: &Element) -> impl Iterator<Item = String> {
    element.children().filter(|child| child.is("value", ns::DATA_FORMS)).map(Element::text)
}

/// One line of the user's, with something in it.
fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= ANSWER_AT_MOST && !text.contains(char::is_control)
}

fn is_address(text: &str) -> bool {
    is_line(text) && Jid::from_str(text).is_ok()
}

fn split(text: &str, fits: fn(&str) -> bool) -> Option<Vec<Zeroizing<String>>> {
    let lines: Vec<_> = text.lines().map(|line| Zeroizing::new(line.to_owned())).collect();
    let is_fit = !lines.is_empty() && text.len() <= ANSWER_AT_MOST && lines.iter().all(|line| fits(line));
    is_fit.then_some(lines)
}

/// What the server suggests, if it fits.
fn preset(field: &Element, kind: &Kind, options: &[String]) -> Option<Answer> {
    let given: Vec<_> = values(field).collect();
    let first = given.first()?;
    let text = |text: String| (!text.is_empty()).then(|| Answer::Text(Zeroizing::new(text)));
    match kind {
        Kind::Text | Kind::Secret | Kind::Address => text(line(first, INSTRUCTIONS)),
        Kind::Lines | Kind::Addresses => text(lines(given.iter().map(String::as_str))),
        Kind::YesNo => Some(Answer::YesNo(["1", "true"].contains(&first.trim()))),
        Kind::One(_) | Kind::Some(_) => {
            let places = given.iter().filter_map(|value| options.iter().position(|option| option == value));
            let most = if matches!(kind, Kind::One(_)) { 1 } else { options.len() };
            let mut places: Vec<_> = places.take(most).collect();
            places.sort_unstable();
            places.dedup();
            (!places.is_empty()).then_some(Answer::Chosen(places))
        }
    }
}
