//! One call, to its answer or its cancellation.
//!
//! # Invariants
//!
//! * A call is sent again only as [`crate::retry`] allows.
//! * A call that ends without an answer (its future dropped, its deadline passed) is cancelled at
//!   the server, if the server is still there.

use std::{sync::Arc, time::Duration};

use rmcp::{
    RoleClient,
    model::{CallToolRequest, CallToolRequestParams, ClientRequest},
    service::{PeerRequestOptions, RequestHandle, ServiceError},
};
use serde_json::{Map, Value};
use tokio::{
    runtime::Handle,
    time::{Instant, timeout_at},
};
use workroom_engine::upstreams::{Again, CallError, Meter, ToolCall, ToolOutput};
use workroom_types::{ToolDef, ToolRef};

use crate::{
    conduct::{Down, Miss, Missed, Order, Way},
    http::{Fate, fate},
    message::UNREADABLE,
    retry::{self, Advice, Cause},
    server::{Live, Server},
    session::to_value,
    wire::Metered,
};

/// How long an error waits for the words of a process that has just ended.
const LOST_PATIENCE: Duration = Duration::from_millis(500);

/// Makes `call` at `server` when it is ready, and waits for the answer.
pub(crate) async fn call(server: &Server, call: ToolCall) -> Result<ToolOutput, CallError> {
    let ToolCall { tool, arguments, deadline, meter } = call;
    let snapshot = server.snapshot();
    let known = snapshot.tools.iter().find(|known| known.name == tool.tool);
    let order = Order {
        tool: &tool,
        may_repeat: known.is_some_and(ToolDef::may_repeat),
        deadline: deadline.into(),
        call_timeout: server.call_timeout(),
    };
    let way = ToServer { server, tool: &tool, arguments, meter };
    server.conduct().call(order, &way).await
}

/// One call's way to its server.
struct ToServer<'a> {
    server: &'a Server,
    tool: &'a ToolRef,
    arguments: Map<String, Value>,
    meter: Arc<Meter>,
}

impl Way for ToServer<'_> {
    type Live = Live;

    async fn live(&self, deadline: Instant) -> Result<Live, Down> {
        self.server.live(deadline).await
    }

    async fn send(&self, live: Live, deadline: Instant) -> Result<ToolOutput, Miss> {
        let again = Again::default();
        if live.link.lost.is_cancelled() {
            let (server, reason) = (self.tool.server.clone(), "it has just ended".to_owned());
            let error = CallError::Unavailable { server, reason, again };
            return Err(Miss::new(Missed::Call(error), Cause::NotSent));
        }
        let started = Instant::now();
        let params = CallToolRequestParams::new(self.tool.tool.clone())
            .with_arguments(self.arguments.clone());
        let mut call = CallToolRequest::new(params);
        call.extensions.insert(Metered(Arc::clone(&self.meter)));
        let request = ClientRequest::CallToolRequest(call);
        let answer = timeout_at(deadline, async {
            // `Peer::call_tool` would refuse content of a kind that rmcp does not know.
            let options = PeerRequestOptions::no_options();
            let handle = live.peer.send_request_with_option(request, options).await?;
            Pending { handle: Some(handle) }.answer(&live).await
        });
        match answer.await {
            Ok(Ok(result)) => {
                live.answered();
                self.read(result)
            }
            Ok(Err(error)) => Err(self.failed(&error, &live).await),
            Err(_) => {
                let waited = deadline.saturating_duration_since(started);
                let rounded = waited.as_micros().saturating_add(500) / 1_000;
                let timeout_ms = u64::try_from(rounded).unwrap_or(u64::MAX);
                let error = CallError::Timeout { tool: self.tool.clone(), timeout_ms, again };
                Err(Miss::new(Missed::Call(error), Cause::TimedOut))
            }
        }
    }
}

impl ToServer<'_> {
    fn read(&self, result: Value) -> Result<ToolOutput, Miss> {
        let is_error = result.get("isError").and_then(Value::as_bool).unwrap_or(false);
        let advice = if is_error { retry::tool_advice(&result) } else { Advice::Nothing };
        match output(result) {
            Ok(output) if output.is_error => {
                Err(Miss::new(Missed::Tool(output), Cause::Answered(advice)))
            }
            Ok(output) => Ok(output),
            Err(message) => Err(self.nonsense(message)),
        }
    }

    async fn failed(&self, error: &ServiceError, live: &Live) -> Miss {
        let (tool, again) = (self.tool.clone(), Again::default());
        let fate = fate(error);
        if let (ServiceError::McpError(error), Fate::Unknown(None)) = (error, &fate) {
            live.answered();
            let message = error.message.to_string();
            if error.code == UNREADABLE {
                return self.nonsense(message);
            }
            let advice = retry::error_advice(error.code, error.data.as_ref());
            let error = CallError::Rejected { tool, code: error.code.0.into(), message, again };
            return Miss::new(Missed::Call(error), Cause::Answered(advice));
        }
        let (error, cause) = match fate {
            Fate::NotSent(reason) => {
                (CallError::Unavailable { server: tool.server, reason, again }, Cause::NotSent)
            }
            Fate::Refused(reason) => {
                let cause = Cause::Answered(Advice::Never);
                (CallError::Unavailable { server: tool.server, reason, again }, cause)
            }
            Fate::Busy(reason, after) => {
                (CallError::Busy { tool, reason, again }, Cause::Busy(after))
            }
            Fate::Broken(message) => (CallError::Protocol { tool, message, again }, Cause::Lost),
            Fate::Nonsense(message) => return self.nonsense(message),
            Fate::Unknown(reason) => {
                let reason = match reason {
                    None if live.link.lost.is_cancelled() => {
                        self.server.why_lost(LOST_PATIENCE).await
                    }
                    None => Some("its answer ended before it was whole".to_owned()),
                    known => known,
                };
                (CallError::Gone { tool, reason, again }, Cause::Lost)
            }
        };
        Miss::new(Missed::Call(error), cause)
    }

    fn nonsense(&self, message: String) -> Miss {
        let (tool, again) = (self.tool.clone(), Again::default());
        let error = CallError::Protocol { tool, message, again };
        Miss::new(Missed::Call(error), Cause::Nonsense)
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
    Ok(ToolOutput { content, structured, is_error, ..ToolOutput::default() })
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
                ..ToolOutput::default()
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
