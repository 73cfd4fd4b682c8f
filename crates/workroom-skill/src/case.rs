//! A recorded case: what went in, which calls were made and answered, what came out.

use serde::{Deserialize, Serialize, de::Error as _};
use serde_json::Value;

/// One recorded run of a skill, kept as `tests/<name>.json`.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Its name, of the form of a skill's.
    pub name: String,
    /// What `run` is given.
    pub input: Value,
    /// The calls, in the order in which they were made.
    pub calls: Vec<RecordedCall>,
    /// What `run` gives.
    pub expected: Value,
    /// The time that the run saw, in milliseconds since 1970, UTC; `None`: one that is the same in
    /// every rehearsal.
    pub clock: Option<u64>,
}

/// One recorded call.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedCall {
    /// The server's name in the configuration.
    pub server: String,
    /// The tool's exact name.
    pub tool: String,
    /// Its arguments.
    pub arguments: Value,
    /// The data that code got, or the message of the error that it got.
    pub answer: Result<Value, String>,
}

/// The file of a case: its name is the file's.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    #[serde(default)]
    input: Value,
    #[serde(default)]
    calls: Vec<CallFile>,
    #[serde(default)]
    expected: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clock: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CallFile {
    server: String,
    tool: String,
    #[serde(default)]
    arguments: Value,
    // Distinguishes `"answer": null` from no answer.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    answer: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Case {
    /// Reads the file of the case `name`.
    ///
    /// # Errors
    ///
    /// When `text` is no case.
    pub fn read(name: &str, text: &str) -> Result<Self, serde_json::Error> {
        // A list would be read as the fields in their order.
        if !text.trim_start().starts_with('{') {
            return Err(serde_json::Error::custom("it is no object"));
        }
        let file: CaseFile = serde_json::from_str(text)?;
        let mut calls = Vec::with_capacity(file.calls.len());
        for call in file.calls {
            let answer = match (call.answer, call.error) {
                (Some(answer), None) => Ok(answer),
                (None, Some(error)) => Err(error),
                _ => {
                    let what = "a call needs either `answer` or `error`";
                    return Err(serde_json::Error::custom(what));
                }
            };
            let CallFile { server, tool, arguments, .. } = call;
            calls.push(RecordedCall { server, tool, arguments, answer });
        }
        let CaseFile { input, expected, clock, .. } = file;
        Ok(Self { name: name.to_owned(), input, calls, expected, clock })
    }

    /// The text of its file.
    pub fn text(&self) -> String {
        let call = |call: &RecordedCall| CallFile {
            server: call.server.clone(),
            tool: call.tool.clone(),
            arguments: call.arguments.clone(),
            answer: call.answer.as_ref().ok().cloned(),
            error: call.answer.as_ref().err().cloned(),
        };
        let file = CaseFile {
            input: self.input.clone(),
            calls: self.calls.iter().map(call).collect(),
            expected: self.expected.clone(),
            clock: self.clock,
        };
        // Keys are texts and numbers are finite, so there is nothing that JSON does not have.
        let mut text = serde_json::to_string_pretty(&file).expect("values are JSON");
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_case_is_read_as_it_was_written() {
        let call = |answer| RecordedCall {
            server: "crm".to_owned(),
            tool: "get".to_owned(),
            arguments: json!({"id": 1.5}),
            answer,
        };
        let case = Case {
            name: "first".to_owned(),
            input: json!({"id": 7}),
            calls: vec![call(Ok(Value::Null)), call(Err("no such id".to_owned()))],
            expected: json!([1, null]),
            clock: Some(1_764_326_400_000),
        };
        assert_eq!(Case::read("first", &case.text()).unwrap(), case);
    }

    #[test]
    fn what_is_no_case_is_refused() {
        for text in [
            "",
            "[]",
            "{\"inputs\": 1}",
            r#"{"calls": [{"server": "a", "tool": "b"}]}"#,
            r#"{"calls": [{"server": "a", "tool": "b", "answer": 1, "error": "x"}]}"#,
        ] {
            assert!(Case::read("x", text).is_err(), "{text}");
        }
    }
}
