//! One call, to its answer or its cancellation.
//!
//! # Invariants
//!
//! * A call is sent once.
//! * A call that ends without an answer (its future dropped, its deadline passed) is cancelled at
//!   the server, if the server is still there.

use std::time::Instant;

use rmcp::{
    RoleClient,
    model::{CallToolRequest, CallToolRequestParams, ClientRequest},
    service::{PeerRequestOptions, RequestHandle, ServiceError},
};
use serde_json::Value;
use tokio::{runtime::Handle, time::timeout_at};
use workroom_engine::upstreams::{CallError, ToolCall, ToolOutput};
use workroom_types::ToolRef;

use crate::{
    http::{Fate, fate},
    message::UNREADABLE,
    server::{Live, Server},
    session::to_value,
};

/// Sends `call` to `server` when it is ready, and waits for the answer.
pub(crate) async fn call(server: &Server, call: ToolCall) -> Result<ToolOutput, CallError> {
    let ToolCall { tool, arguments, deadline } = call;
    let unavailable = |reason| CallError::Unavailable { server: tool.server.clone(), reason };
    let live = server.live(deadline.into()).await.map_err(unavailable)?;
    let started = Instant::now();
    let deadline = match server.call_timeout().and_then(|limit| started.checked_add(limit)) {
        Some(limit) => deadline.min(limit),
        None => deadline,
    };
    let params = CallToolRequestParams::new(tool.tool.clone()).with_arguments(arguments);
    let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
    let answer = timeout_at(deadline.into(), async {
        // `Peer::call_tool` would refuse content of a kind that rmcp does not know.
        let options = PeerRequestOptions::no_options();
        let handle = live.peer.send_request_with_option(request, options).await?;
        Pending { handle: Some(handle) }.answer(&live).await
    });
    match answer.await {
        Ok(Ok(result)) => {
            live.answered();
            output(result).map_err(|message| CallError::Protocol { tool, message })
        }
        Ok(Err(error)) => Err(failed(tool, &error, &live)),
        Err(_) => {
            let waited = deadline.saturating_duration_since(started).as_millis();
            let timeout_ms = u64::try_from(waited).unwrap_or(u64::MAX);
            Err(CallError::Timeout { tool, timeout_ms })
        }
    }
}

fn failed(tool: ToolRef, error: &ServiceError, live: &Live) -> CallError {
    if let ServiceError::McpError(error) = error {
        live.answered();
        let message = error.message.to_string();
        if error.code == UNREADABLE {
            return CallError::Protocol { tool, message };
        }
        return CallError::Rejected { tool, code: error.code.0.into(), message };
    }
    match fate(error) {
        Fate::NotSent(reason) => CallError::Unavailable { server: tool.server, reason },
        Fate::Nonsense(message) => CallError::Protocol { tool, message },
        Fate::Unknown => CallError::Gone { tool },
    }
}

/// A request that the server works on until it is answered or cancelled.
struct Pending {
    handle: Option<RequestHandle<RoleClient>>,
}

impl Pending {
    async fn answer(mut self, live: &Live) -> Result<Value, ServiceError> {
        let Some(handle) = &mut self.handle else {
            return Err(ServiceError::TransportClosed);
        };
        let answer = tokio::select! {
            // An answer that came with the end of the connection counts.
            biased;
            answer = &mut handle.rx => answer.unwrap_or(Err(ServiceError::TransportClosed)),
            () = live.link.lost.cancelled() => Err(ServiceError::TransportClosed),
        };
        self.handle = None;
        answer.map(to_value)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // Without a runtime there is no connection either.
        if let (Some(handle), Ok(runtime)) = (self.handle.take(), Handle::try_current()) {
            runtime.spawn(async move {
                let reason = "nobody waits for the answer any more".to_owned();
                handle.cancel(Some(reason)).await.ok();
            });
        }
    }
}

/// Takes a result out of its envelope.
fn output(result: Value) -> Result<ToolOutput, String> {
    let Value::Object(mut result) = result else {
        return Err("its result is not an object".to_owned());
    };
    match result.get("resultType").and_then(Value::as_str) {
        None | Some("complete") => {}
        Some("input_required") => {
            return Err("it asks a person for input, which cannot be given here".to_owned());
        }
        Some(other) => {
            let other: String = other.chars().take(40).collect();
            return Err(format!("its result is of the unknown type `{other}`"));
        }
    }
    let content = match result.remove("content") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(content)) => content,
        Some(_) => return Err("its content is not a list".to_owned()),
    };
    let structured = result.remove("structuredContent").filter(|value| !value.is_null());
    let is_error = result.get("isError").and_then(Value::as_bool).unwrap_or(false);
    Ok(ToolOutput { content, structured, is_error })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_result_leaves_its_envelope() {
        let text = json!({ "type": "text", "text": "hi", "later": 1 });
        let check = |result: Value, expected: Result<ToolOutput, &str>| {
            assert_eq!(output(result), expected.map_err(str::to_owned));
        };
        check(
            json!({ "content": [text], "structuredContent": { "a": 1 }, "isError": false }),
            Ok(ToolOutput {
                content: vec![text.clone()],
                structured: Some(json!({ "a": 1 })),
                is_error: false,
            }),
        );
        check(
            json!({ "content": [], "structuredContent": null, "isError": true }),
            Ok(ToolOutput { is_error: true, ..ToolOutput::default() }),
        );
        check(json!({ "resultType": "complete" }), Ok(ToolOutput::default()));
        check(
            json!({ "resultType": "input_required" }),
            Err("it asks a person for input, which cannot be given here"),
        );
        check(json!({ "resultType": "task" }), Err("its result is of the unknown type `task`"));
        check(json!([]), Err("its result is not an object"));
        check(json!({ "content": "hi" }), Err("its content is not a list"));
    }
}
