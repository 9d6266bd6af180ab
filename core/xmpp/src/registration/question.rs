//! What the user is shown of a form, and what comes back. Texts are the server's, cleaned; what has to go back to it as it
//! came is not among them.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use super::picture::Picture;

/// What the user has to answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Question {
    /// The form's title; it may be empty.
    pub title: String,
    /// What the server says about the form, in lines; it may be empty.
    pub instructions: String,
    /// What is asked, in the server's order.
    pub fields: Vec<Field>,
    /// How many of the fields that are not required have to be answered: they are challenges of which one is as good as
    /// another.
    pub choose: usize,
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Question({} fields)", self.fields.len())
    }
}

/// One thing that is asked.
#[derive(Clone, PartialEq, Eq)]
pub struct Field {
    /// What it is about, in one line.
    pub label: String,
    /// What can be answered.
    pub kind: Kind,
    /// It has to be answered.
    pub required: bool,
    /// It is there to tell people from programs (XEP-0158). Its label may be in a language that the user does not read.
    pub is_challenge: bool,
    /// What the server suggests.
    pub preset: Option<Answer>,
    /// What has to be looked at.
    pub picture: Option<Picture>,
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Field(..)")
    }
}

/// What an answer can be (XEP-0004, section 3.3).
#[derive(Clone, PartialEq, Eq)]
pub enum Kind {
    /// One line.
    Text,
    /// One line that is not shown while it is typed.
    Secret,
    /// Several lines.
    Lines,
    /// Yes or no.
    YesNo,
    /// One of these.
    One(Vec<String>),
    /// Some of these.
    Some(Vec<String>),
    /// An XMPP address.
    Address,
    /// XMPP addresses, one in a line.
    Addresses,
}

/// Options are the server's.
impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "Text",
            Self::Secret => "Secret",
            Self::Lines => "Lines",
            Self::YesNo => "YesNo",
            Self::One(_) => "One(..)",
            Self::Some(_) => "Some(..)",
            Self::Address => "Address",
            Self::Addresses => "Addresses",
        })
    }
}

/// What the user answers to one field.
#[derive(Clone, PartialEq, Eq)]
pub enum Answer {
    /// Of all kinds that are written.
    Text(Zeroizing<String>),
    /// Of [`Kind::YesNo`].
    YesNo(bool),
    /// Which of the options, by their places.
    Chosen(Vec<usize>),
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer(..)")
    }
}

/// What the user answers, by the places of the fields in their question. Its `Debug` shows no answer.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Answers(pub BTreeMap<usize, Answer>);

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answers({})", self.0.len())
    }
}

/// Why a form cannot be filled in. Nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// A field that is required has no answer.
    #[error("an answer is missing")]
    Missing {
        /// The place of the field.
        field: usize,
    },
    /// An answer is of another kind than its field, too long, or of something that is not there.
    #[error("an answer does not fit")]
    Unfit {
        /// The place of the field.
        field: usize,
    },
    /// Fewer of the challenges are answered than have to be.
    #[error("too few answers")]
    TooFew,
    /// The proof of work is not there.
    #[error("the proof of work is missing")]
    NoProof,
}
