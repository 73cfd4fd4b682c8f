//! What a tool call gives to code: parsed data, never an MCP envelope.
//!
//! The choice depends on the answer's form alone, so that it is the same each time:
//!
//! 1. `structuredContent`, where the server sends it;
//! 2. one text block that is a JSON object or array: that value. Text such as `42` or `true`
//!    stays text, or a search for "42" would change its type with its result;
//! 3. several text blocks that are all JSON objects or arrays: the list of them, since older
//!    servers send a list as one block an item;
//! 4. other text blocks: their text, joined by line feeds;
//! 5. anything with images, audio or resources: the list of content blocks as they came;
//! 6. nothing: `null`.

use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};
use workroom_types::ToolRef;

use crate::{
    sandbox::AnswerError,
    upstreams::{Again, CallError, ToolOutput},
};

/// The JSON text that `output` gives to code, or the error that it is.
///
/// # Errors
///
/// An [`AnswerError`] named `ToolError` when the tool says that it failed.
pub fn data(tool: &ToolRef, output: ToolOutput) -> Result<String, AnswerError> {
    if output.is_error {
        let error = tool_error(tool, "tool_error", &error_text(&output));
        return Err(told_again(error, output.again, None));
    }
    if let Some(structured) = output.structured {
        return Ok(structured.to_string());
    }
    if output.content.is_empty() {
        return Ok("null".to_owned());
    }
    match texts(&output.content) {
        None => Ok(Value::Array(output.content).to_string()),
        Some(texts) => Ok(from_texts(&texts)),
    }
}

/// The error that code sees when a call has no result at all.
pub fn call_error(tool: &ToolRef, error: &CallError) -> AnswerError {
    let answer = tool_error(tool, error.code(), &error.to_string());
    told_again(answer, error.again(), error.rpc_code())
}

/// Adds what is known of calling again as `tries`, `repeat` and `retryAfterMs`, and the server's
/// own code as `rpcCode`, each only where it says something.
fn told_again(mut error: AnswerError, again: Again, rpc_code: Option<i64>) -> AnswerError {
    let Ok(mut properties) = serde_json::from_str::<Map<String, Value>>(&error.properties) else {
        return error;
    };
    if let Some(code) = rpc_code {
        properties.insert("rpcCode".to_owned(), code.into());
    }
    if again.tries > 0 {
        properties.insert("tries".to_owned(), again.tries.into());
    }
    if let Some(word) = again.repeat.word() {
        properties.insert("repeat".to_owned(), word.into());
    }
    if let Some(after) = again.after {
        let millis = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        properties.insert("retryAfterMs".to_owned(), millis.into());
    }
    error.properties = Value::Object(properties).to_string();
    error
}

/// The error that code sees, named `ToolError`, with `server`, `tool` and `code`.
pub fn tool_error(tool: &ToolRef, code: &str, message: &str) -> AnswerError {
    let properties = json!({ "server": tool.server, "tool": tool.tool, "code": code });
    AnswerError {
        name: "ToolError".to_owned(),
        message: message.to_owned(),
        properties: properties.to_string(),
    }
}

fn from_texts(texts: &[&str]) -> String {
    let is_data = |text: &&str| {
        text.trim_start().starts_with(['{', '['])
            && serde_json::from_str::<IgnoredAny>(text).is_ok()
    };
    match texts {
        [one] if is_data(one) => (*one).to_owned(),
        [_, _, ..] if texts.iter().all(is_data) => format!("[{}]", texts.join(",")),
        _ => Value::String(texts.join("\n")).to_string(),
    }
}

/// The text of every block, or `None` if one is not text.
fn texts(content: &[Value]) -> Option<Vec<&str>> {
    content
        .iter()
        .map(|block| match block.get("type").and_then(Value::as_str) {
            Some("text") => block.get("text").and_then(Value::as_str),
            _ => None,
        })
        .collect()
}

fn error_text(output: &ToolOutput) -> String {
    let text: Vec<&str> =
        output.content.iter().filter_map(|block| block.get("text")?.as_str()).collect();
    match (text.is_empty(), &output.structured) {
        (false, _) => text.join("\n"),
        (true, Some(structured)) => structured.to_string(),
        (true, None) => "the tool failed and did not say why".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::upstreams::Repeat;

    #[track_caller]
    fn check(content: &Value, structured: Option<Value>, expected: &str) {
        let tool = ToolRef { server: "s".to_owned(), tool: "t".to_owned() };
        let content = content.as_array().unwrap().clone();
        let output = ToolOutput { content, structured, ..ToolOutput::default() };
        assert_eq!(data(&tool, output).unwrap(), expected);
    }

    fn text(text: &str) -> Value {
        json!({ "type": "text", "text": text })
    }

    #[test]
    fn structured_content_wins_over_text() {
        check(&json!([text("{\"a\":1}")]), Some(json!({ "a": 2 })), r#"{"a":2}"#);
    }

    #[test]
    fn text_that_is_an_object_or_a_list_is_data_and_other_text_stays_text() {
        check(&json!([text(" {\"a\": 1}")]), None, " {\"a\": 1}");
        check(&json!([text("[1]")]), None, "[1]");
        check(&json!([text("42")]), None, "\"42\"");
        check(&json!([text("true")]), None, "\"true\"");
        check(&json!([text("{broken")]), None, "\"{broken\"");
        check(&json!([text("")]), None, "\"\"");
    }

    #[test]
    fn several_texts_are_a_list_only_if_all_of_them_are_data() {
        check(&json!([text("{\"a\":1}"), text("[2]")]), None, r#"[{"a":1},[2]]"#);
        check(&json!([text("{\"a\":1}"), text("x")]), None, "\"{\\\"a\\\":1}\\nx\"");
    }

    #[test]
    fn content_that_is_not_text_comes_whole() {
        check(
            &json!([{ "type": "image", "data": "QQ==" }]),
            None,
            r#"[{"type":"image","data":"QQ=="}]"#,
        );
        check(&json!([]), None, "null");
    }

    #[test]
    fn a_failed_tool_is_an_error_with_the_tools_own_words() {
        let tool = ToolRef { server: "crm".to_owned(), tool: "get".to_owned() };
        let output = ToolOutput {
            content: vec![text("no such id")],
            is_error: true,
            ..ToolOutput::default()
        };
        assert_eq!(
            data(&tool, output),
            Err(AnswerError {
                name: "ToolError".to_owned(),
                message: "no such id".to_owned(),
                properties: r#"{"server":"crm","tool":"get","code":"tool_error"}"#.to_owned(),
            })
        );
    }
    #[test]
    fn an_error_says_what_is_known_of_calling_again() {
        let check = |again, expected: &str| {
            let tool = ToolRef { server: "crm".to_owned(), tool: "get".to_owned() };
            let message = "busy".to_owned();
            let error = CallError::Rejected { tool: tool.clone(), code: -32_000, message, again };
            let properties = call_error(&tool, &error).properties;
            let known = r#"{"server":"crm","tool":"get","code":"call_rejected","rpcCode":-32000"#;
            assert_eq!(properties.strip_prefix(known), Some(expected));
        };
        check(Again::default(), "}");
        check(
            Again { tries: 2, repeat: Repeat::Yes, after: Some(Duration::from_secs(1)) },
            r#","tries":2,"repeat":"yes","retryAfterMs":1000}"#,
        );
        check(
            Again { tries: 1, repeat: Repeat::InDoubt, after: None },
            r#","tries":1,"repeat":"in_doubt"}"#,
        );
    }
}
