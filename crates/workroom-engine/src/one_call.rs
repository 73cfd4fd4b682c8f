//! A call outside of any run: of the command line's, for people.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Map, Value};
use workroom_catalog::Catalog;
use workroom_types::{Limit, ServerStatus, ToolRef};

use crate::{
    Engine, Passage,
    calls::{self, To},
    check, privacy,
    upstreams::Meter,
};

/// Why a direct call has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CallFailure {
    /// A stable code, such as `unknown_tool` or `call_timeout`.
    pub code: String,
    /// What happened.
    pub message: String,
    /// One next step.
    pub hint: Option<String>,
}

impl Engine {
    /// Calls one tool, named exactly or as its function, and gives its data as JSON.
    ///
    /// # Errors
    ///
    /// [`CallFailure`] when there is no such tool, or it has no result.
    pub async fn call(
        &self,
        server: &str,
        tool: &str,
        arguments: Map<String, Value>,
    ) -> Result<String, CallFailure> {
        self.call_for(server, tool, arguments, None).await
    }

    /// The same, entered into the account of `passage`.
    ///
    /// # Errors
    ///
    /// As [`Engine::call`].
    pub async fn call_for(
        &self,
        server: &str,
        tool: &str,
        arguments: Map<String, Value>,
        passage: Option<&Passage>,
    ) -> Result<String, CallFailure> {
        let limits = self.0.limits;
        let deadline = Instant::now() + Duration::from_millis(limits.base(Limit::Wall));
        let wait = self.0.settled(|name, folder| name == server || folder == server);
        // A server that is not ready by then says so itself below.
        let _ = tokio::time::timeout_at(deadline.into(), wait).await;
        let tool = find(&self.catalog(), server, tool)?;
        let checked = check::arguments(&self.0, &tool, Value::Object(arguments));
        let sent = match checked {
            Ok(checked) => {
                let scope = privacy::Scope::apart();
                let (meter, began) = (Arc::<Meter>::default(), Instant::now());
                let to = To { tool: tool.clone(), limits, deadline, meter: Arc::clone(&meter) };
                let written = Value::Object(checked.arguments.clone()).to_string();
                let sent = calls::send(&self.0, &scope, to, checked.arguments).await;
                let sent = sent.map(|incoming| incoming.data);
                if let Some(passage) = passage {
                    let result = sent.as_deref().map_err(|error| error.message.as_str());
                    passage.called(tool, written, result, meter.close(), began.elapsed());
                }
                sent
            }
            Err(error) => Err(error),
        };
        sent.map_err(|error| {
            let code = serde_json::from_str::<Value>(&error.properties)
                .ok()
                .and_then(|properties| Some(properties.get("code")?.as_str()?.to_owned()));
            CallFailure {
                code: code.unwrap_or_else(|| "tool_error".to_owned()),
                message: error.message,
                hint: None,
            }
        })
    }
}

/// The tool of `catalog` that is named exactly, or as its function.
pub(crate) fn find(catalog: &Catalog, server: &str, tool: &str) -> Result<ToolRef, CallFailure> {
    let Some(entry) = catalog.server(server) else {
        let folders = catalog.servers().iter().map(|entry| entry.folder.as_str());
        return Err(unknown(
            "unknown_server",
            format!("there is no server `{server}`"),
            &workroom_script::nearest(server, folders),
            "`workroom servers` lists them",
        ));
    };
    match (entry.tool(tool), &entry.status) {
        (Some(tool), _) => Ok(ToolRef { server: entry.name.clone(), tool: tool.def.name.clone() }),
        (None, ServerStatus::Failed { reason, .. }) => Err(CallFailure {
            code: "server_unavailable".to_owned(),
            message: format!("server `{}` is not available: {reason}", entry.name),
            hint: Some("`workroom servers` shows what it wrote to standard error".to_owned()),
        }),
        (None, _) => {
            let names = entry.tools.iter().map(|tool| tool.function.as_str());
            Err(unknown(
                "unknown_tool",
                format!("server `{server}` has no tool `{tool}`"),
                &workroom_script::nearest(tool, names),
                &format!("`workroom ls servers/{}` lists its tools", entry.folder),
            ))
        }
    }
}

fn unknown(code: &str, message: String, nearest: &[&str], else_hint: &str) -> CallFailure {
    let hint = match nearest {
        [] => else_hint.to_owned(),
        names => format!("did you mean {}?", names.join(", ")),
    };
    CallFailure { code: code.to_owned(), message, hint: Some(hint) }
}
