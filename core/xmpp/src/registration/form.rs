//! A server's form: the fields of XEP-0077 itself, or a data form (XEP-0004), which goes before them (XEP-0077, section 6).
//!
//! What is neither required nor a challenge (XEP-0158) is left out: it would say more of the user than it has to.

use std::fmt;

use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::ns;
use url::Url;

use super::error::{Fault, RegisterError};
use super::field::{self, FormField};
use super::media::{Media, Pictures};
use super::picture::{Cid, PictureError, PictureUrl, is_plain};
use super::question::Question;
use super::text::{LABEL, line, lines};
use super::work::{Proof, Target, Work};
use crate::domain::Domain;

/// Of a form.
const FIELDS_AT_MOST: usize = 64;
/// Of a field's name, bytes.
const NAME_AT_MOST: usize = 256;
/// Of what goes back as it came, in all, bytes.
const HIDDEN_AT_MOST: usize = 16 * 1024;

/// Of a page's address, bytes.
const PAGE_AT_MOST: usize = 2000;

/// What a server wants to know, before the user or a search has answered.
pub struct Form {
    pub(super) is_data: bool,
    pub(super) parts: Vec<Part>,
    /// How many of the challenges that are not required the user has to answer.
    pub(super) choose: usize,
    pub(super) domain: Domain,
    title: String,
    instructions: String,
    /// How many answers the server wants in all (XEP-0158, section 3.2).
    answers: Option<usize>,
    has_challenge: bool,
    /// Why the first of the challenges that are left out is.
    left_out: Option<Fault>,
}

/// A field, and who fills it in.
pub(super) enum Part {
    /// The account's name.
    Name(String),
    /// Its password.
    Password(String),
    /// Nobody: it goes back as it came.
    Hidden(String, Vec<String>),
    /// A search.
    Work { name: String, target: Target, required: bool, proof: Option<Proof> },
    /// The user.
    Person(Box<FormField>),
}

impl Form {
    /// Reads the answer to the question for fields.
    pub(super) fn read(query: &Element, domain: &Domain) -> Result<Self, RegisterError> {
        let form = query.get_child("x", ns::DATA_FORMS).map(|x| Self::of_data(x, query, domain));
        let fault = match form.unwrap_or_else(|| Self::of_legacy(query, domain)) {
            Ok(form) if form.registers() => return Ok(form),
            // A form for something else. Where there are fields for a registration, it is not sent.
            Ok(_) => match Self::of_legacy(query, domain) {
                Ok(form) if form.registers() => return Ok(form),
                _ => RegisterError::Closed,
            },
            Err(fault) => fault.into(),
        };
        Err(web_page(query).map_or(fault, |url| RegisterError::NeedsWeb { url }))
    }

    fn new(is_data: bool, domain: &Domain) -> Self {
        let (title, instructions) = (String::new(), String::new());
        let domain = domain.clone();
        let (parts, choose, answers, has_challenge, left_out) = (Vec::new(), 0, None, false, None);
        Self { is_data, parts, choose, domain, title, instructions, answers, has_challenge, left_out }
    }

    /// XEP-0077, section 3.1.1: all that is named has to be said.
    fn of_legacy(query: &Element, domain: &Domain) -> Result<Self, Fault> {
        let mut form = Self::new(false, domain);
        form.instructions = lines(query.get_child("instructions", ns::REGISTER).map(Element::text).as_deref());
        for child in query.children().filter(|child| child.ns() == ns::REGISTER) {
            let name = child.name().to_owned();
            form.add(match child.name() {
                "instructions" | "registered" => continue,
                "username" => Part::Name(name),
                "password" => Part::Password(name),
                "key" => Part::Hidden(name, vec![child.text()]),
                _ => Part::Person(Box::new(FormField::of_legacy(name))),
            })?;
        }
        form.settled()
    }

    fn of_data(x: &Element, query: &Element, domain: &Domain) -> Result<Self, Fault> {
        let mut form = Self::new(true, domain);
        let (mut texts, mut pictures) = (Vec::new(), Pictures::of(query));
        for child in x.children().filter(|child| child.ns() == ns::DATA_FORMS) {
            match child.name() {
                "title" => form.title = line(&child.text(), LABEL),
                "instructions" => texts.push(child.text()),
                "field" if child.attr("type") == Some("fixed") => texts.extend(field::values(child)),
                "field" => form.take(child, &mut pictures)?,
                _ => {}
            }
        }
        form.instructions = lines(texts.iter().map(String::as_str));
        form.settled()
    }

    /// Takes a field of a data form.
    fn take(&mut self, field: &Element, pictures: &mut Pictures<'_>) -> Result<(), Fault> {
        let Some(name) = field.attr("var").map(str::to_owned) else { return Ok(()) };
        let required = field.has_child("required", ns::DATA_FORMS);
        let is_hidden = field.attr("type") == Some("hidden") || name == "FORM_TYPE";
        let part = match &*name {
            "username" => Part::Name(name),
            "password" => Part::Password(name),
            _ if is_hidden => {
                let values: Vec<_> = field::values(field).collect();
                if name == "answers" {
                    self.answers = values.first().and_then(|number| number.trim().parse().ok());
                }
                Part::Hidden(name, values)
            }
            "SHA-256" => {
                self.has_challenge = true;
                match field.attr("label").and_then(Target::parse) {
                    Some(target) => Part::Work { name, target, required, proof: None },
                    None if required => return Err(Fault::TooMuchWork),
                    None => return self.leave_out(Fault::TooMuchWork),
                }
            }
            _ => {
                let is_challenge = field::CHALLENGES.contains(&&*name);
                if !required && !is_challenge {
                    return Ok(());
                }
                self.has_challenge |= is_challenge;
                match FormField::of_data(field, pictures, &self.domain) {
                    Ok(field) => Part::Person(Box::new(field)),
                    Err(fault) if required => return Err(fault),
                    Err(fault) => return self.leave_out(fault),
                }
            }
        };
        self.add(part)
    }

    /// Goes on without a challenge that need not be answered.
    fn leave_out(&mut self, why: Fault) -> Result<(), Fault> {
        self.left_out.get_or_insert(why);
        Ok(())
    }

    fn add(&mut self, part: Part) -> Result<(), Fault> {
        let is_double = self.parts.iter().any(|other| other.name() == part.name());
        self.parts.push(part);
        let hidden: usize = self.parts.iter().map(Part::weight).sum();
        let is_long = self.parts.iter().any(|part| part.name().len() > NAME_AT_MOST);
        let is_much = self.parts.len() > FIELDS_AT_MOST || hidden > HIDDEN_AT_MOST;
        if is_double || is_long || is_much { Err(Fault::Form) } else { Ok(()) }
    }

    /// Decides which challenges are answered: those that are required, then the one that needs no user. Where the server
    /// does not say how many answers it wants, one challenge is one (XEP-0158, section 3.1.3). It counts the name and the
    /// password among the answers (section 4).
    fn settled(mut self) -> Result<Self, Fault> {
        let is_required = |part: &Part| match part {
            Part::Name(_) | Part::Password(_) => true,
            Part::Hidden(..) => false,
            Part::Work { required, .. } => *required,
            Part::Person(field) => field.required,
        };
        let required = self.parts.iter().filter(|part| is_required(part)).count();
        let answered = self.parts.iter().any(|part| is_required(part) && part.is_challenge());
        let least = usize::from(self.has_challenge && !answered);
        let mut choose = self.answers.unwrap_or(0).saturating_sub(required).max(least);
        for part in &mut self.parts {
            if let Part::Work { required, .. } = part
                && !*required
                && choose > 0
            {
                (*required, choose) = (true, choose - 1);
            }
        }
        self.parts.retain(|part| match part {
            Part::Work { required, .. } => *required,
            Part::Person(field) => field.required || choose > 0,
            _ => true,
        });
        let optional = self.people().filter(|field| !field.required).count();
        self.choose = choose;
        if choose > optional { Err(self.left_out.unwrap_or(Fault::Unanswerable)) } else { Ok(self) }
    }

    /// Whether an account can be made by it.
    fn registers(&self) -> bool {
        let has = |wanted: fn(&Part) -> bool| self.parts.iter().any(wanted);
        has(|part| matches!(part, Part::Name(_))) && has(|part| matches!(part, Part::Password(_)))
    }

    pub(super) fn people(&self) -> impl Iterator<Item = &FormField> {
        self.parts.iter().filter_map(|part| match part {
            Part::Person(field) => Some(&**field),
            _ => None,
        })
    }

    fn people_mut(&mut self) -> impl Iterator<Item = &mut FormField> {
        self.parts.iter_mut().filter_map(|part| match part {
            Part::Person(field) => Some(&mut **field),
            _ => None,
        })
    }

    /// What the user has to answer. `None`: nothing.
    #[must_use]
    pub fn question(&self) -> Option<Question> {
        let fields: Vec<_> = self.people().map(FormField::shown).collect();
        let (title, instructions) = (self.title.clone(), self.instructions.clone());
        (!fields.is_empty()).then_some(Question { title, instructions, fields, choose: self.choose })
    }

    /// Which fields' pictures are to be fetched, by their places in the question, and where.
    #[must_use]
    pub fn pictures_on_the_web(&self) -> Vec<(usize, PictureUrl)> {
        let urls = self.people().enumerate();
        urls.filter_map(|(place, field)| Some((place, field.media.url()?.clone()))).collect()
    }

    /// Takes a picture that was fetched for a field.
    ///
    /// # Errors
    /// It is no picture, or no picture was to be fetched for such a field.
    pub fn set_picture(&mut self, field: usize, bytes: Vec<u8>) -> Result<(), PictureError> {
        let field = self.people_mut().nth(field).filter(|field| field.media.url().is_some());
        field.ok_or(PictureError::NoPicture)?.take(bytes)
    }

    /// Goes on without the pictures of the web that were not fetched.
    ///
    /// # Errors
    /// The form cannot be answered without one of them.
    pub fn without_missing_pictures(mut self) -> Result<Self, Fault> {
        let is_missing = |part: &Part| matches!(part, Part::Person(field) if field.media.url().is_some());
        if self.people().any(|field| field.required && field.media.url().is_some()) {
            return Err(PictureError::Missing.into());
        }
        if self.parts.iter().any(is_missing) {
            self.left_out.get_or_insert(PictureError::Missing.into());
        }
        self.parts.retain(|part| !is_missing(part));
        self.settled()
    }

    /// Which bits are to be asked for.
    pub(super) fn wanted_bits(&self) -> Option<Cid> {
        self.people().find_map(|field| match &field.media {
            Media::Bits(cid, _) => Some(cid.clone()),
            _ => None,
        })
    }

    /// Takes what has come of bits that were asked for. Where it is nothing, the web is the next place, or the field is left
    /// out if it can be.
    pub(super) fn take_bits(mut self, cid: &Cid, data: Option<&Element>) -> Result<Self, Fault> {
        let picture =
            data.filter(|data| cid.is_of(data)).ok_or(PictureError::Missing).and_then(|data| cid.picture(data));
        for field in self.people_mut().filter(|field| field.media.is_bits(cid)) {
            field.media = match (&picture, std::mem::replace(&mut field.media, Media::None)) {
                (Ok(picture), _) => Media::Here(picture.clone()),
                (Err(_), Media::Bits(_, Some(url))) => Media::Web(url),
                (Err(error), _) if field.required => return Err((*error).into()),
                (Err(_), _) => Media::Lost,
            };
        }
        if let Err(error) = picture
            && self.people().any(|field| matches!(field.media, Media::Lost))
        {
            self.left_out.get_or_insert(error.into());
        }
        self.parts.retain(|part| !matches!(part, Part::Person(field) if matches!(field.media, Media::Lost)));
        self.settled()
    }

    /// The search for the proof that the server wants. `None`: it wants none. `start`: random.
    #[must_use]
    pub fn work(&self, start: u64) -> Option<Work> {
        self.parts.iter().find_map(|part| match part {
            Part::Work { target, proof: None, .. } => Some(Work::new(self.domain.as_str(), *target, start)),
            _ => None,
        })
    }

    /// Takes what [`Form::work`] has found.
    pub fn set_proof(&mut self, found: Proof) {
        for part in &mut self.parts {
            if let Part::Work { proof, .. } = part {
                *proof = Some(found.clone());
            }
        }
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Form(..)")
    }
}

impl Part {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Name(name) | Self::Password(name) | Self::Hidden(name, _) | Self::Work { name, .. } => name,
            Self::Person(field) => &field.name,
        }
    }

    pub(super) fn is_challenge(&self) -> bool {
        match self {
            Self::Work { .. } => true,
            Self::Person(field) => field.is_challenge,
            _ => false,
        }
    }

    fn weight(&self) -> usize {
        match self {
            Self::Hidden(_, values) => values.iter().map(String::len).sum(),
            Self::Person(field) => field.weight(),
            _ => 0,
        }
    }
}

/// The page where accounts are made (XEP-0077, section 5).
fn web_page(query: &Element) -> Option<String> {
    let text = query.get_child("x", ns::OOB)?.get_child("url", ns::OOB)?.text();
    let url = Url::parse(text.trim()).ok()?;
    let is_shown = url.scheme() == "https" && is_plain(&url) && url.as_str().len() <= PAGE_AT_MOST;
    is_shown.then(|| url.to_string())
}
