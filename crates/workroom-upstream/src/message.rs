//! From a line of a server's output to messages.
//!
//! The result of an ordinary request stays JSON as the server sent it. rmcp would try it against
//! twenty types, buffering it each time, and keep only the fields that its own types have.
//!
//! # Invariants
//!
//! * No line panics, and none that answers a request is lost for good: a reply whose result
//!   cannot be read becomes an error with [`UNREADABLE`], so that nobody waits for it.
//! * Text that is not UTF-8 is read with replacement characters.

use std::collections::VecDeque;

use rmcp::{
    RoleClient,
    model::{
        CustomResult, ErrorCode, ErrorData, JsonRpcError, JsonRpcMessage, JsonRpcResponse,
        JsonRpcVersion2_0, RequestId, ServerResult,
    },
    service::RxJsonRpcMessage,
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

/// What a server's message becomes.
pub(crate) type Message = RxJsonRpcMessage<RoleClient>;

/// The code of an error that stands for a reply that could not be read.
pub(crate) const UNREADABLE: ErrorCode = ErrorCode::PARSE_ERROR;

/// Messages of one line at most: revision 2025-03-26 of the protocol allowed arrays of them.
const BATCH_MAX: usize = 1_000;

/// The line holds no message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Noise;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<&'a RawValue>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// Appends the messages of `line` to `messages`. `typed` says which replies rmcp reads itself.
pub(crate) fn read(
    line: &[u8],
    typed: impl Fn(&RequestId) -> bool,
    messages: &mut VecDeque<Message>,
) -> Result<(), Noise> {
    let text = String::from_utf8_lossy(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line));
    let text = text.trim();
    if text.starts_with('[') {
        let batch: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| Noise)?;
        for text in batch.into_iter().take(BATCH_MAX) {
            messages.push_back(read_one(text.get(), &typed)?);
        }
        return Ok(());
    }
    messages.push_back(read_one(text, &typed)?);
    Ok(())
}

fn read_one(text: &str, typed: &impl Fn(&RequestId) -> bool) -> Result<Message, Noise> {
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|_| Noise)?;
    if envelope.method.is_some() {
        return serde_json::from_str(text).map_err(|_| Noise);
    }
    let id = envelope.id.and_then(request_id);
    if let Some(error) = envelope.error {
        let error = serde_json::from_str(error.get()).unwrap_or_else(|_| unreadable(error.get()));
        return Ok(JsonRpcMessage::Error(JsonRpcError::new(id, error)));
    }
    let (Some(id), Some(result)) = (id, envelope.result) else {
        return Err(Noise);
    };
    let result = if typed(&id) {
        serde_json::from_str(result.get())
    } else {
        serde_json::from_str::<Value>(result.get())
            .map(|value| ServerResult::CustomResult(CustomResult::new(value)))
    };
    Ok(match result {
        Ok(result) => {
            JsonRpcMessage::Response(JsonRpcResponse { jsonrpc: JsonRpcVersion2_0, id, result })
        }
        Err(error) => {
            let error =
                ErrorData::new(UNREADABLE, format!("its result is unreadable: {error}"), None);
            JsonRpcMessage::Error(JsonRpcError::new(Some(id), error))
        }
    })
}

/// An error object that lacks what the protocol asks for still says something.
fn unreadable(error: &str) -> ErrorData {
    let text: String = error.chars().take(200).collect();
    ErrorData::new(UNREADABLE, format!("its error is not an error object: {text}"), None)
}

fn request_id(id: &RawValue) -> Option<RequestId> {
    serde_json::from_str(id.get()).ok().or_else(|| {
        // Some languages have no integers, and answer 7 with 7.0.
        let number: f64 = serde_json::from_str(id.get()).ok()?;
        let whole: i64 = format!("{number:.0}").parse().ok()?;
        Some(RequestId::Number(whole))
    })
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(line: &[u8], expected: &Expect) {
        let mut messages = VecDeque::new();
        let noise = read(line, |_| false, &mut messages);
        let mut text: String =
            messages.iter().map(|m| serde_json::to_string(m).unwrap() + "\n").collect();
        if noise.is_err() {
            text.push_str("noise\n");
        }
        expected.assert_eq(&text);
    }

    #[test]
    fn a_reply_keeps_every_field_of_its_result() {
        check(
            br#"{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"odd","x":1}],"later":2}}"#,
            &expect![[r#"
                {"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"odd","x":1}],"later":2}}
            "#]],
        );
        check(
            br#"{"id":7.0,"result":null}"#,
            &expect![[r#"
                noise
            "#]],
        );
    }

    #[test]
    fn noise_is_told_from_messages() {
        for noise in
            ["Listening on stdio", "", "{", "{}", "null", "3", "\"id\"", r#"{"result":1}"#, "\0\0"]
        {
            check(
                noise.as_bytes(),
                &expect![[r#"
                noise
            "#]],
            );
        }
        check(
            b"\xff\xfe{\x00",
            &expect![[r#"
            noise
        "#]],
        );
    }

    #[test]
    fn invalid_text_is_replaced_and_the_message_lives() {
        check(
            b"\xef\xbb\xbf{\"id\":1,\"result\":{\"content\":\"a\xffb\"}} \r",
            &expect![[r#"
                {"jsonrpc":"2.0","id":1,"result":{"content":"a�b"}}
            "#]],
        );
    }

    #[test]
    fn an_unreadable_reply_still_answers_its_request() {
        check(
            br#"{"id":1,"result":"\ud800"}"#,
            &expect![[r#"
                {"jsonrpc":"2.0","id":1,"error":{"code":-32700,"message":"its result is unreadable: unexpected end of hex escape at line 1 column 8"}}
            "#]],
        );
        let deep = format!(r#"{{"id":1,"result":{}{}}}"#, "[".repeat(9_000), "]".repeat(9_000));
        check(
            deep.as_bytes(),
            &expect![[r#"
                {"jsonrpc":"2.0","id":1,"error":{"code":-32700,"message":"its result is unreadable: recursion limit exceeded at line 1 column 128"}}
            "#]],
        );
        check(
            br#"{"id":1,"error":"no"}"#,
            &expect![[r#"
                {"jsonrpc":"2.0","id":1,"error":{"code":-32700,"message":"its error is not an error object: \"no\""}}
            "#]],
        );
    }

    #[test]
    fn an_array_holds_several_messages() {
        check(
            br#"[{"id":1,"result":{}},{"jsonrpc":"2.0","method":"notifications/initialized"}]"#,
            &expect![[r#"
                {"jsonrpc":"2.0","id":1,"result":{}}
                {"jsonrpc":"2.0","method":"notifications/initialized","params":null}
            "#]],
        );
    }
}
