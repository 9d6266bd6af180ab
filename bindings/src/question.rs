//! What servers ask of the user, and what is answered.

use std::collections::HashMap;
use std::fmt;

use flashpaper::{Address, Answers, BurnerId, FieldKind as EngineKind, PictureFormat, QuestionEnd, QuestionId};
use zeroize::Zeroizing;

uniffi::custom_type!(QuestionId, u64, { remote, try_lift: |id| Ok(id.into()), lower: |id| id.into() });

/// What a server asks of the user before it makes an account. All texts are the server's, cleaned of what could steer a screen.
/// Printing one shows none of them.
#[derive(Debug, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Question {
    /// Its name: `Engine.answer` takes it.
    pub id: QuestionId,
    /// The burner that is to be.
    pub burner: BurnerId,
    /// The server that asks.
    pub server: Address,
    /// What it asks.
    pub form: QuestionForm,
}

impl From<flashpaper::Question> for Question {
    fn from(question: flashpaper::Question) -> Self {
        let flashpaper::Question { id, burner, server, form } = question;
        Self { id, burner, server, form: form.into() }
    }
}

/// What the user has to answer. Printing one shows no text.
#[derive(uniffi::Record)]
#[uniffi::export(Debug)]
pub struct QuestionForm {
    /// The form's title; it may be empty.
    pub title: String,
    /// What the server says about the form, in lines; it may be empty.
    pub instructions: String,
    /// What is asked, in the server's order.
    pub fields: Vec<Field>,
    /// How many of the fields that are not required have to be answered: they are challenges of which one is as good as
    /// another.
    pub choose: u32,
}

impl From<flashpaper::QuestionForm> for QuestionForm {
    fn from(form: flashpaper::QuestionForm) -> Self {
        let flashpaper::QuestionForm { title, instructions, fields, choose } = form;
        Self { title, instructions, fields: fields.into_iter().map(Field::from).collect(), choose: number(choose) }
    }
}

impl fmt::Debug for QuestionForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuestionForm")
            .field("fields", &self.fields)
            .field("choose", &self.choose)
            .finish_non_exhaustive()
    }
}

/// One thing that is asked. Printing one shows no text.
#[derive(uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Field {
    /// What it is about, in one line.
    pub label: String,
    /// What can be answered.
    pub kind: FieldKind,
    /// It has to be answered.
    pub required: bool,
    /// It is there to tell people from programs (XEP-0158). Its label may be in a language that the user does not read.
    pub is_challenge: bool,
    /// What the server suggests.
    pub preset: Option<Answer>,
    /// What has to be looked at.
    pub picture: Option<Picture>,
}

impl From<flashpaper::Field> for Field {
    fn from(field: flashpaper::Field) -> Self {
        let flashpaper::Field { label, kind, required, is_challenge, preset, picture } = field;
        let (preset, picture) = (preset.map(Answer::from), picture.map(Picture::from));
        Self { label, kind: kind.into(), required, is_challenge, preset, picture }
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = &mut f.debug_struct("Field");
        field.field("kind", &self.kind).field("required", &self.required).field("is_challenge", &self.is_challenge);
        field.field("picture", &self.picture).finish_non_exhaustive()
    }
}

/// What an answer can be (XEP-0004, section 3.3). Printing one shows no option.
#[derive(uniffi::Enum)]
#[uniffi::export(Debug)]
pub enum FieldKind {
    /// One line.
    Text,
    /// One line that is not shown while it is typed.
    Secret,
    /// Several lines.
    Lines,
    /// Yes or no.
    YesNo,
    /// One of these.
    One {
        /// These.
        options: Vec<String>,
    },
    /// Some of these.
    Some {
        /// These.
        options: Vec<String>,
    },
    /// An XMPP address.
    Address,
    /// XMPP addresses, one in a line.
    Addresses,
}

impl From<EngineKind> for FieldKind {
    fn from(kind: EngineKind) -> Self {
        match kind {
            EngineKind::Text => Self::Text,
            EngineKind::Secret => Self::Secret,
            EngineKind::Lines => Self::Lines,
            EngineKind::YesNo => Self::YesNo,
            EngineKind::One(options) => Self::One { options },
            EngineKind::Some(options) => Self::Some { options },
            EngineKind::Address => Self::Address,
            EngineKind::Addresses => Self::Addresses,
        }
    }
}

impl fmt::Debug for FieldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "Text",
            Self::Secret => "Secret",
            Self::Lines => "Lines",
            Self::YesNo => "YesNo",
            Self::One { .. } => "One(..)",
            Self::Some { .. } => "Some(..)",
            Self::Address => "Address",
            Self::Addresses => "Addresses",
        })
    }
}

/// What the user answers to one field. Printing one does not show it.
#[derive(uniffi::Enum)]
#[uniffi::export(Debug)]
pub enum Answer {
    /// Of all kinds that are written.
    Text {
        /// The text.
        text: String,
    },
    /// Of `FieldKind.YesNo`.
    YesNo {
        /// Which.
        yes: bool,
    },
    /// Which of the options, by their places.
    Chosen {
        /// The places; the first is 0.
        places: Vec<u32>,
    },
}

impl From<flashpaper::Answer> for Answer {
    fn from(answer: flashpaper::Answer) -> Self {
        use flashpaper::Answer as Of;
        match answer {
            // Not moved out: what the engine held is wiped.
            Of::Text(text) => Self::Text { text: text.to_string() },
            Of::YesNo(yes) => Self::YesNo { yes },
            Of::Chosen(places) => Self::Chosen { places: places.into_iter().map(number).collect() },
        }
    }
}

impl From<Answer> for flashpaper::Answer {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Text { text } => Self::Text(Zeroizing::new(text)),
            Answer::YesNo { yes } => Self::YesNo(yes),
            Answer::Chosen { places } => Self::Chosen(places.into_iter().map(|place| place as usize).collect()),
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer(..)")
    }
}

/// Answers by the places of their fields, as the engine takes them.
pub(crate) fn answers(by_field: HashMap<u32, Answer>) -> Answers {
    Answers(by_field.into_iter().map(|(field, answer)| (field as usize, answer.into())).collect())
}

/// A picture to be looked at by the user. Printing one does not show it.
#[derive(uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Picture {
    /// The file.
    pub bytes: Vec<u8>,
    /// What it is, by its first bytes.
    pub format: PictureFormat,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

impl From<flashpaper::Picture> for Picture {
    fn from(picture: flashpaper::Picture) -> Self {
        let flashpaper::Picture { bytes, format, width, height } = picture;
        Self { bytes: bytes.to_vec(), format, width: number(width), height: number(height) }
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Picture(..)")
    }
}

/// What a picture can be.
#[uniffi::remote(Enum)]
pub enum PictureFormat {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
}

/// Why a question is not open any more.
#[uniffi::remote(Enum)]
pub enum QuestionEnd {
    /// It was answered.
    Answered,
    /// Another picture was asked for: another question follows.
    Replaced,
    /// It was declined.
    Declined,
    /// The server does not wait any more, or the creation has ended.
    Expired,
    /// The engine fell asleep: another question follows as it is resumed, unless it is locked meanwhile.
    Suspended,
}

/// Forms are far smaller.
fn number(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> flashpaper::Question {
        let field = |kind, preset, picture| flashpaper::Field {
            label: "Enter what you see".to_owned(),
            kind,
            required: true,
            is_challenge: true,
            preset,
            picture,
        };
        let text = flashpaper::Answer::Text(Zeroizing::new("suggested".to_owned()));
        let picture =
            flashpaper::Picture { bytes: [1, 2, 3].into(), format: PictureFormat::Jpeg, width: 290, height: 80 };
        let options = vec!["crimson".to_owned(), "green".to_owned()];
        let fields = vec![
            field(EngineKind::Text, Some(text), Some(picture)),
            field(EngineKind::YesNo, Some(flashpaper::Answer::YesNo(true)), None),
            field(EngineKind::One(options.clone()), Some(flashpaper::Answer::Chosen(vec![1])), None),
            field(EngineKind::Some(options), None, None),
        ];
        let (title, instructions) = ("A title".to_owned(), "What to do".to_owned());
        flashpaper::Question {
            id: QuestionId::from(3),
            burner: BurnerId::from("1f".to_owned()),
            server: Address::from("burner.test".to_owned()),
            form: flashpaper::QuestionForm { title, instructions, fields, choose: 1 },
        }
    }

    #[test]
    fn a_question_crosses_whole() {
        let Question { id, server, form, .. } = Question::from(asked());
        assert_eq!((u64::from(id), server.as_str()), (3, "burner.test"));
        assert_eq!((&*form.title, &*form.instructions, form.choose), ("A title", "What to do", 1));
        let [seen, yes, one, some] = &form.fields[..] else { panic!("{} fields", form.fields.len()) };
        assert!(seen.label == "Enter what you see" && seen.required && seen.is_challenge);
        assert!(matches!(&seen.preset, Some(Answer::Text { text }) if text == "suggested"));
        let picture = seen.picture.as_ref().unwrap();
        assert_eq!((&*picture.bytes, picture.width, picture.height), (&[1, 2, 3][..], 290, 80));
        assert_eq!(picture.format, PictureFormat::Jpeg);
        assert!(matches!(yes, Field { kind: FieldKind::YesNo, preset: Some(Answer::YesNo { yes: true }), .. }));
        assert!(matches!(&one.kind, FieldKind::One { options } if options == &["crimson", "green"]));
        assert!(matches!(&one.preset, Some(Answer::Chosen { places }) if places == &[1]));
        assert!(matches!(&some.kind, FieldKind::Some { options } if options.len() == 2));
    }

    #[test]
    fn answers_cross_by_the_places_of_their_fields() {
        let text = || Answer::Text { text: "abcd".to_owned() };
        let crossed = answers([(0, text()), (2, Answer::Chosen { places: vec![1] })].into());
        let expected = [
            (0, flashpaper::Answer::Text(Zeroizing::new("abcd".to_owned()))),
            (2, flashpaper::Answer::Chosen(vec![1])),
        ];
        assert!(crossed == Answers(expected.into()));
    }

    #[test]
    fn printing_a_question_or_an_answer_shows_no_text() {
        let question = Question::from(asked());
        let shown = format!("{question:?} {:?}", question.form.fields[0].preset);
        for text in ["burner.test", "title", "What", "Enter", "suggested", "crimson"] {
            assert!(!shown.contains(text), "{text} in {shown}");
        }
        assert!(shown.contains("fields: [Field { kind: Text, required: true"), "{shown}");
    }
}
