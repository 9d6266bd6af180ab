//! What a program may ask for, one JSON object a line. The README has them with examples.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::map::Entry;
use serde_json::{Map, Value, json};

use crate::editor::input::BadLine;

/// A line that was understood.
#[derive(Debug, PartialEq)]
pub(crate) struct Request {
    /// Repeated by the answer.
    pub(crate) asked: Asked,
    pub(crate) command: Command,
}

/// By what a program knows an answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Asked {
    /// Whatever it gave.
    id: Option<Value>,
    /// The command's name.
    name: Option<String>,
}

impl Asked {
    /// Makes `object` the answer.
    pub(crate) fn answered(&self, mut object: Value) -> Value {
        if let Some(id) = &self.id {
            object["id"] = id.clone();
        }
        if let Some(name) = &self.name {
            object["command"] = name.as_str().into();
        }
        object
    }
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Command {
    Connect {},
    Disconnect {},
    Suspend {},
    Resume {},
    Lock {},
    Snapshot {},
    Uri {},
    Messages { peer: Option<String>, before: Option<u64>, limit: Option<u32> },
    Taken { message: u64 },
    Label { peer: Option<String>, label: Option<String> },
    ContactAdd { address: String },
    KeyExpect { address: String },
    ContactAccept { peer: String },
    ContactBlock { peer: String },
    ContactUnblock { peer: String },
    Send { peer: String, text: String, within: Option<u64> },
    OtrStart { peer: String },
    OtrEnd { peer: String },
    SmpStart { peer: String, secret: String, question: Option<String> },
    SmpAnswer { peer: String, secret: String, question: Option<String> },
    SmpAbort { peer: String },
    Trust { peer: String, fingerprint: String, r#as: Trust },
    Import { fingerprints: String, account: Option<String> },
    History { seconds: Option<u64> },
    IdleTimeout { seconds: u64 },
    OtrVersion2 { may: bool },
    Timer { peer: String, seconds: Option<u64> },
    Expire { at: Option<u64> },
    Burn {},
}

/// What a key is to be from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trust {
    /// Texts may go to it.
    Accepted,
    /// The user has compared it.
    Verified,
    /// The user has not.
    Unverified,
}

/// The members of an object, each the first of its name: of two, nobody can tell which is meant.
struct Members {
    object: Map<String, Value>,
    repeated: bool,
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ReadMembers)
    }
}

struct ReadMembers;

impl<'de> Visitor<'de> for ReadMembers {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Members, A::Error> {
        let (mut object, mut repeated) = (Map::new(), false);
        while let Some((name, value)) = members.next_entry()? {
            match object.entry::<String>(name) {
                Entry::Vacant(place) => drop(place.insert(value)),
                Entry::Occupied(_) => repeated = true,
            }
        }
        Ok(Members { object, repeated })
    }
}

impl Request {
    /// Reads a line. One that is no command gives the error to print.
    pub(crate) fn read(line: &str) -> Result<Self, Value> {
        let Ok(Members { mut object, repeated }) = serde_json::from_str(line) else { return Err(not_json(None)) };
        let id = object.remove("id");
        let name = object.get("command").and_then(Value::as_str).map(str::to_owned);
        let asked = Asked { id, name };
        let command = if repeated {
            Err("a field twice".to_owned())
        } else {
            serde_json::from_value(Value::Object(object)).map_err(|error| detail(&error.to_string()).to_owned())
        };
        match command {
            Ok(command) => Ok(Self { asked, command }),
            Err(detail) => {
                let mut object = error_object("bad_command");
                object["detail"] = detail.into();
                Err(asked.answered(object))
            }
        }
    }
}

/// The error for a line that is no object of JSON, or could not even be read.
pub(crate) fn not_json(bad: Option<BadLine>) -> Value {
    let mut object = error_object("not_json");
    if let Some(bad) = bad {
        object["detail"] = bad.reason().into();
    }
    object
}

pub(crate) fn error_object(code: &str) -> Value {
    json!({ "type": "error", "code": code, "reason": null, "retryable": false, "retry_after": null })
}

/// What is wrong with a command, for its developer: serde's words but for the value, which may be a text or a secret.
pub(crate) fn detail(error: &str) -> &str {
    let names_only = ["missing field", "unknown field", "unknown variant"].iter().any(|start| error.starts_with(start));
    if names_only { error } else { error.rfind("expected").and_then(|at| error.get(at..)).unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_and_its_answer() {
        let line = r#"{"command":"send","id":[1],"peer":"a@b.example","text":"hi"}"#;
        let Request { asked, command } = Request::read(line).unwrap();
        let send = Command::Send { peer: "a@b.example".into(), text: "hi".into(), within: None };
        assert_eq!(command, send);
        let answer = asked.answered(json!({ "type": "done" }));
        assert_eq!(answer, json!({ "type": "done", "command": "send", "id": [1] }));
        let trust = r#"{"command":"trust","peer":"a@b.example","fingerprint":"AB","as":"verified"}"#;
        let Command::Trust { r#as, .. } = Request::read(trust).unwrap().command else { panic!() };
        assert_eq!(r#as, Trust::Verified);
    }

    #[test]
    fn what_is_no_command_says_why() {
        for line in ["", "send", "[]", "7", "{", r#"{"command":"connect"} x"#] {
            assert_eq!(Request::read(line).unwrap_err(), not_json(None), "{line}");
        }
        for (line, detail) in [
            ("{}", "missing field `command`"),
            (r#"{"command":"taken"}"#, "missing field `message`"),
            (r#"{"command":"burn","really":true}"#, "unknown field `really`, there are no fields"),
            (r#"{"command":"taken","message":"s3cret"}"#, "expected u64"),
            (r#"{"command":"taken","message":-1}"#, "expected u64"),
            (r#"{"command":"smp_start","peer":"a@b.example","secret":{"s3cret":1}}"#, "expected a string"),
            (r#"{"command":7}"#, "expected variant identifier"),
            (r#"{"command":"send","peer":"a@b.example","peer":"c@b.example","text":"x"}"#, "a field twice"),
            (r#"{"command":"send","peer":"a@b.example","text":"x","text":"x"}"#, "a field twice"),
        ] {
            let error = Request::read(line).unwrap_err();
            assert_eq!((&error["code"], &error["detail"]), (&"bad_command".into(), &detail.into()), "{line}");
        }
        let unknown = Request::read(r#"{"command":"dance","id":"x"}"#).unwrap_err();
        assert!(unknown["detail"].as_str().unwrap().starts_with("unknown variant `dance`, expected one of `connect`"));
        assert_eq!((&unknown["id"], &unknown["command"]), (&"x".into(), &"dance".into()));
    }
}
