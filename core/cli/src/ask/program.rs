//! What a program does with questions, one JSON object a line.

use std::collections::BTreeMap;

use flashpaper::{Answer, AnswerFault, Answers, Engine, Error, Input, QuestionId};
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::chat::command::{detail, error_object, not_json};
use crate::exit::Failure;

/// A line that was understood.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Answer(Given),
    Another(u64),
    Decline(u64),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    question: u64,
    /// By the places of the fields.
    fields: BTreeMap<usize, GivenAnswer>,
}

/// As the `preset` of a field.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged, expecting = "expected a string, a boolean, or an array of numbers")]
enum GivenAnswer {
    Text(String),
    YesNo(bool),
    Chosen(Vec<usize>),
}

/// Does what a line says, or gives the error to print.
pub(super) fn obey(engine: &Engine, line: &str) -> Result<(), Value> {
    let (question, done) = match read(line)? {
        Reply::Answer(Given { question, fields }) => (question, engine.answer(question.into(), answers(fields))),
        Reply::Another(question) => (question, engine.ask_anew(question.into())),
        Reply::Decline(question) => (question, engine.decline(question.into())),
    };
    done.map_err(|error| refusal(question.into(), error))
}

fn read(line: &str) -> Result<Reply, Value> {
    let object = serde_json::from_str(line).ok().filter(Value::is_object).ok_or_else(|| not_json(None))?;
    serde_json::from_value(object).map_err(|error| {
        let mut object = error_object("bad_command");
        object["detail"] = detail(&error.to_string()).into();
        object
    })
}

fn answers(fields: BTreeMap<usize, GivenAnswer>) -> Answers {
    let answer = |given| match given {
        GivenAnswer::Text(text) => Answer::Text(Zeroizing::new(text)),
        GivenAnswer::YesNo(yes) => Answer::YesNo(yes),
        GivenAnswer::Chosen(places) => Answer::Chosen(places),
    };
    Answers(fields.into_iter().map(|(place, given)| (place, answer(given))).collect())
}

/// Why the engine does not take an answer.
fn refusal(question: QuestionId, error: Error) -> Value {
    let field = match error {
        Error::InvalidInput {
            input: Input::Answer { fault: AnswerFault::Missing { field } | AnswerFault::Unfit { field } },
        } => Some(field),
        _ => None,
    };
    let mut object = Failure::from(error).object();
    object["question"] = u64::from(question).into();
    if let Some(field) = field {
        object["field"] = field.into();
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        let given = r#"{"answer":{"question":1,"fields":{"0":"7hx9","1":true,"12":[0,2]}}}"#;
        let Ok(Reply::Answer(Given { question: 1, fields })) = read(given) else { panic!() };
        let expected = [
            (0, Answer::Text(Zeroizing::new("7hx9".into()))),
            (1, Answer::YesNo(true)),
            (12, Answer::Chosen(vec![0, 2])),
        ];
        assert_eq!(answers(fields).0.into_iter().collect::<Vec<_>>(), expected);
        assert_eq!(
            (read(r#"{"another":1}"#), read(r#"{"decline":2}"#)),
            (Ok(Reply::Another(1)), Ok(Reply::Decline(2)))
        );
    }

    #[test]
    fn errors_say_why_and_repeat_no_answer() {
        for line in ["", "answer", "[1]", "{"] {
            assert_eq!(read(line), Err(not_json(None)), "{line}");
        }
        for (line, detail) in [
            (r#"{"answer":{"question":1}}"#, "missing field `fields`"),
            (r#"{"answer":{"question":"s3cret","fields":{}}}"#, "expected u64"),
            (r#"{"answer":{"question":1,"fields":{"0":7}}}"#, "expected a string, a boolean, or an array of numbers"),
            (r#"{"answer":{"question":1,"fields":{"s3cret":""}}}"#, "expected key to be a number in quotes"),
            (r#"{"another":1,"decline":1}"#, "expected map with a single key"),
            (r#"{"dance":1}"#, "unknown variant `dance`, expected one of `answer`, `another`, `decline`"),
        ] {
            let error = read(line).unwrap_err();
            assert_eq!((&error["code"], &error["detail"]), (&"bad_command".into(), &detail.into()), "{line}");
        }
        let unfit = AnswerFault::Unfit { field: 3 };
        let object = refusal(7.into(), Error::InvalidInput { input: Input::Answer { fault: unfit } });
        assert_eq!(
            (&object["question"], &object["field"], &object["code"]),
            (&7.into(), &3.into(), &"invalid_input".into())
        );
        assert_eq!(object["detail"], "the answer to field 3 does not fit");
        assert!(refusal(7.into(), Error::NoSuchQuestion).get("field").is_none());
    }
}
