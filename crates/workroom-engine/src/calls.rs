//! One call of a script: sent, and its answer made into data.

use std::{sync::Arc, time::Instant};

use serde_json::{Map, Value};
use workroom_types::{Limit, Limits, ToolRef};

use crate::{
    Shared, answer, check,
    sandbox::{Answer, AnswerError, GuestCall},
    shapes::{self, Told},
    upstreams::ToolCall,
};

/// The tool that `call` calls.
pub(crate) fn tool(call: &GuestCall) -> ToolRef {
    ToolRef { server: call.module.clone(), tool: call.function.clone() }
}

/// Makes `call` and waits for its answer, until `deadline` at most.
pub(crate) async fn make(
    shared: Arc<Shared>,
    call: GuestCall,
    limits: Limits,
    deadline: Instant,
    told: Arc<Told>,
) -> Answer {
    let tool = tool(&call);
    shapes::used(&shared, &tool, &told).await;
    let result = match serde_json::from_str(&call.arguments) {
        Ok(arguments) => send(&shared, tool.clone(), arguments, limits, deadline).await,
        // They have been checked before.
        Err(error) => Err(check::unreadable(&tool, &error)),
    };
    if let Ok(data) = &result {
        shapes::result(&shared, &tool, data, &told).await;
    }
    let result = result.map_err(|error| cut(error, limits.size(Limit::Result)));
    Answer { id: call.id, result }
}

/// An error is a result too, and a server may say anything in it.
pub(crate) fn cut(mut error: AnswerError, most: usize) -> AnswerError {
    if error.message.len() > most {
        let end = error.message.floor_char_boundary(most);
        error.message.truncate(end);
        error.message.push_str(" … (cut)");
    }
    error
}

/// Calls `tool` and gives its data as JSON, or the error that a script would see.
pub(crate) async fn send(
    shared: &Shared,
    tool: ToolRef,
    arguments: Map<String, Value>,
    limits: Limits,
    deadline: Instant,
) -> Result<String, AnswerError> {
    let call = ToolCall { tool: tool.clone(), arguments, deadline };
    let output =
        shared.upstreams.call(call).await.map_err(|error| answer::call_error(&tool, &error))?;
    let data = answer::data(&tool, output)?;
    if data.len() > limits.size(Limit::Result) {
        let message = format!(
            "the result of `{tool}` is {}; at most {} KiB may enter the sandbox \
             (`limits.{}`): ask for fewer rows or fields",
            crate::report::bytes(data.len() as u64),
            limits.get(Limit::Result),
            Limit::Result.setting(),
        );
        return Err(answer::tool_error(&tool, "result_too_large", &message));
    }
    Ok(data)
}
