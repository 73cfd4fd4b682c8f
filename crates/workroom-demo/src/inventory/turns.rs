//! [`traditional`] in the form that the other worlds have.

use std::error::Error;

use serde_json::{Map, Value, json};

use super::traditional::{TraditionalError, traditional};
use crate::{Fault, ToolCall};

/// Does the job with calls in turns of one.
pub(crate) async fn by_turns<C, E>(turn: C) -> Result<Value, Fault<E>>
where
    C: AsyncFn(Vec<ToolCall>) -> Result<Vec<Value>, E>,
    E: Error + 'static,
{
    let call = async |server: &str, tool: &str, arguments: Map<String, Value>| {
        let call = ToolCall { server: server.to_owned(), tool: tool.to_owned(), arguments };
        turn(vec![call]).await.map(|mut results| results.pop().unwrap_or_default())
    };
    match traditional(call).await {
        Ok(answer) => Ok(json!(answer)),
        Err(TraditionalError::Call { source, .. }) => Err(Fault::Call(source)),
        Err(TraditionalError::Result { tool, .. }) => Err(Fault::Result(tool)),
    }
}
