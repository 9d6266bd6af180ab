//! What a server asks of the user before it makes an account.

use data_encoding::BASE64;
use flashpaper_chat::Address;
use flashpaper_xmpp::registration::{self as form, Answer, AnswerError, Field, Format, Kind};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::error::AnswerFault;
use crate::event::{BurnerId, QuestionId};

/// What a server asks of the user before it makes an account. All texts are the server's, cleaned of what could steer a screen.
/// As JSON a picture is in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Question {
    /// Its name: [`crate::Engine::answer`] takes it.
    pub id: QuestionId,
    /// The burner that is to be.
    pub burner: BurnerId,
    /// The server that asks.
    pub server: Address,
    /// What it asks.
    #[serde(serialize_with = "serialize")]
    pub form: form::Question,
}

impl From<AnswerError> for AnswerFault {
    fn from(error: AnswerError) -> Self {
        let place = |field| u32::try_from(field).unwrap_or(u32::MAX);
        match error {
            AnswerError::Missing { field } => Self::Missing { field: place(field) },
            AnswerError::Unfit { field } => Self::Unfit { field: place(field) },
            AnswerError::TooFew | AnswerError::NoProof => Self::TooFew,
        }
    }
}

fn serialize<S: Serializer>(question: &form::Question, serializer: S) -> Result<S::Ok, S::Error> {
    let form::Question { title, instructions, fields, choose } = question;
    let fields: Vec<_> = fields.iter().map(field_as_json).collect();
    json!({ "title": title, "instructions": instructions, "fields": fields, "choose": choose }).serialize(serializer)
}

fn field_as_json(field: &Field) -> Value {
    let (kind, options): (_, &[String]) = match &field.kind {
        Kind::Text => ("text", &[]),
        Kind::Secret => ("secret", &[]),
        Kind::Lines => ("lines", &[]),
        Kind::YesNo => ("yes_no", &[]),
        Kind::One(options) => ("one", options),
        Kind::Some(options) => ("some", options),
        Kind::Address => ("address", &[]),
        Kind::Addresses => ("addresses", &[]),
    };
    let preset = field.preset.as_ref().map(|preset| match preset {
        Answer::Text(text) => json!(text.as_str()),
        Answer::YesNo(yes) => json!(yes),
        Answer::Chosen(places) => json!(places),
    });
    let picture = field.picture.as_ref().map(|picture| {
        let media_type = match picture.format {
            Format::Png => "image/png",
            Format::Jpeg => "image/jpeg",
        };
        let bytes = BASE64.encode(&picture.bytes);
        json!({ "media_type": media_type, "width": picture.width, "height": picture.height, "bytes": bytes })
    });
    json!({
        "label": field.label, "kind": kind, "options": options, "required": field.required,
        "is_challenge": field.is_challenge, "preset": preset, "picture": picture,
    })
}
