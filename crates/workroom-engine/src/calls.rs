//! One call of a script: sent, and its answer made into data.

use std::{sync::Arc, time::Instant};

use serde_json::{Map, Value, json};
use workroom_catalog::Catalog;
use workroom_types::{Limit, Limits, SessionId, ToolRef};

use crate::{
    Shared, answer, check,
    files::{self, Node},
    privacy::{self, Incoming, Scope},
    sandbox::{Answer, AnswerError, GuestCall},
    shapes::{self, Told},
    upstreams::{Meter, ToolCall},
};

/// The tool that `call` calls, whoever's code it stands in.
pub(crate) fn tool(call: &GuestCall) -> ToolRef {
    let server = match call.module.split_once(workroom_script::OWNER_MARK) {
        Some((_, server)) => server.to_owned(),
        None => call.module.clone(),
    };
    ToolRef { server, tool: call.function.clone() }
}

/// Whether `call` is one of the gateway itself: `readFile`. No server has an empty name.
pub(crate) fn is_own(call: &GuestCall) -> bool {
    call.module.is_empty()
}

/// Answers a call of the gateway itself: what is at a path of the tree. A result is its value.
async fn own(
    shared: &Shared,
    call: &GuestCall,
    limits: Limits,
    session: Option<&SessionId>,
) -> Result<String, AnswerError> {
    let failed = |code: &str, message: String| AnswerError {
        name: "Error".to_owned(),
        message,
        properties: json!({ "code": code }).to_string(),
    };
    let path = serde_json::from_str::<Value>(&call.arguments)
        .ok()
        .and_then(|arguments| Some(arguments.get("path")?.as_str()?.to_owned()));
    let Some(path) = path else {
        let message = "readFile takes a path, such as './results/r_….json'".to_owned();
        return Err(failed("invalid_arguments", message));
    };
    let found = files::read(shared, &path, session).await;
    let text = match found.map_err(|error| failed("no_such_file", error.to_string()))? {
        Node::File(text) if files::is_value(&path) => text.as_ref().to_owned(),
        Node::File(text) => Value::String(text.as_ref().to_owned()).to_string(),
        Node::Folder(entries) => {
            entries.iter().map(|entry| entry.name.clone()).collect::<Value>().to_string()
        }
    };
    if text.len() > limits.size(Limit::Result) {
        let message = format!(
            "`{path}` is {}; at most {} KiB may enter the sandbox (`limits.{}`)",
            crate::report::bytes(text.len() as u64),
            limits.get(Limit::Result),
            Limit::Result.setting(),
        );
        return Err(failed("result_too_large", message));
    }
    Ok(text)
}

/// Whether `tool` says of itself that it changes nothing.
pub(crate) fn only_reads(catalog: &Catalog, tool: &ToolRef) -> bool {
    let known = catalog.server(&tool.server).and_then(|server| server.tool(&tool.tool));
    let hints = known.and_then(|known| known.def.annotations.as_ref());
    hints.is_some_and(|hints| hints.read_only_hint == Some(true))
}

/// Makes `call` and waits for its answer, until `deadline` at most.
pub(crate) async fn make(
    shared: Arc<Shared>,
    call: GuestCall,
    limits: Limits,
    deadline: Instant,
    told: Arc<Told>,
    scope: Arc<Scope>,
    meter: Arc<Meter>,
) -> Answer {
    if privacy::is_question(&call) {
        let result = privacy::question(&shared, &scope, &call).await;
        return Answer { id: call.id, result };
    }
    if is_own(&call) {
        let result = own(&shared, &call, limits, scope.session()).await;
        return Answer { id: call.id, result };
    }
    let tool = tool(&call);
    shapes::used(&shared, &tool, &told).await;
    let result = match serde_json::from_str(&call.arguments) {
        Ok(arguments) => {
            let to = To { tool: tool.clone(), limits, deadline, meter };
            send(&shared, &scope, to, arguments).await
        }
        // They have been checked before.
        Err(error) => Err(check::unreadable(&tool, &error)),
    };
    if let Ok(Incoming { data, form }) = &result {
        shapes::result(&shared, &tool, form.as_ref().unwrap_or(data), &told).await;
    }
    let result = result.map(|it| it.data);
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

/// Where a call goes, and what bounds it.
pub(crate) struct To {
    pub(crate) tool: ToolRef,
    pub(crate) limits: Limits,
    pub(crate) deadline: Instant,
    pub(crate) meter: Arc<Meter>,
}

/// Calls a tool and gives its data as JSON, or the error that a script would see: personal values
/// are restored in what is sent, and masked in what comes back.
pub(crate) async fn send(
    shared: &Shared,
    scope: &Scope,
    to: To,
    arguments: Map<String, Value>,
) -> Result<Incoming, AnswerError> {
    let To { tool, limits, deadline, meter } = to;
    let arguments = privacy::outgoing(shared, scope, &tool, arguments, limits).await?;
    let call = ToolCall { tool: tool.clone(), arguments, deadline, meter };
    let output = shared.upstreams.call(call).await;
    let answered = output.map_err(|error| answer::call_error(&tool, &error));
    let data = match answered.and_then(|output| answer::data(&tool, output)) {
        Ok(data) => data,
        Err(error) => {
            // Nothing longer than this is passed on, so nothing longer is looked at.
            let error = cut(error, limits.size(Limit::Result));
            return Err(privacy::failed(shared, scope, &tool, error, deadline).await);
        }
    };
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
    privacy::incoming(shared, scope, &tool, data, deadline).await
}
