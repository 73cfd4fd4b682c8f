//! A demo server that speaks MCP over standard input and output.
//!
//! A call that cannot be done is a tool result with `isError` and a clear text; a tool that
//! does not exist is a JSON-RPC error.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    path::Path,
    sync::{Mutex, PoisonError},
};

use rmcp::{
    ErrorData, RoleServer, ServerHandler, ServiceExt,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation,
        ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
    },
    service::RequestContext,
};
use serde_json::Value;
use thiserror::Error;

use crate::{Backend, DemoServer, Effect, Refusal};

/// Why a demo server ended before its client closed the connection.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The client's first messages were not MCP.
    #[error("the client did not open an MCP connection: {0}")]
    Start(String),
    /// The file for the record cannot be opened.
    #[error("the record cannot be written")]
    Record(#[from] std::io::Error),
    /// The server's own task failed.
    #[error("the server failed: {0}")]
    Task(String),
}

#[derive(Debug)]
struct Served {
    server: DemoServer,
    tools: Vec<Tool>,
    /// Where each call that changed something is written down.
    record: Option<Mutex<File>>,
    /// Calls are quick and never wait, so a blocking lock is held for less than a poll.
    backend: Mutex<Backend>,
}

/// Serves `server` in the world of `seed` until the client closes the connection.
///
/// Each call that changed something is appended to the file `record`, as an [`Effect`] a line: what
/// the server received, whatever any client says about it.
///
/// # Errors
///
/// See [`ServeError`].
pub async fn serve_stdio(
    server: DemoServer,
    seed: u64,
    record: Option<&Path>,
) -> Result<(), ServeError> {
    let record = match record {
        Some(path) => Some(OpenOptions::new().create(true).append(true).open(path)?),
        None => None,
    };
    let service = Served::new(server, seed, record)
        .serve(rmcp::transport::stdio())
        .await
        .map_err(|error| ServeError::Start(error.to_string()))?;
    service.waiting().await.map_err(|error| ServeError::Task(error.to_string()))?;
    Ok(())
}

impl Served {
    fn new(server: DemoServer, seed: u64, record: Option<File>) -> Self {
        let backend = Backend::new(server, seed);
        let tools = serde_json::to_value(backend.tools())
            .and_then(serde_json::from_value)
            .expect("a test reads each of the checked-in definitions");
        let record = record.map(Mutex::new);
        Self { server, tools, record, backend: Mutex::new(backend) }
    }

    fn answer(&self, request: CallToolRequestParams) -> Result<CallToolResult, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        // A handler that panicked has changed nothing half: go on with what is there.
        let mut backend = self.backend.lock().unwrap_or_else(PoisonError::into_inner);
        let result = backend.call(&request.name, &arguments);
        if let (Ok(value), Some(record)) = (&result, &self.record)
            && backend.writes(&request.name)
        {
            let server = self.server.name().to_owned();
            let effect =
                Effect { server, tool: request.name.to_string(), arguments, result: value.clone() };
            let line = serde_json::to_string(&effect).expect("JSON can be written") + "\n";
            let mut file = record.lock().unwrap_or_else(PoisonError::into_inner);
            file.write_all(line.as_bytes()).map_err(|error| {
                ErrorData::internal_error(format!("the record cannot be written: {error}"), None)
            })?;
        }
        match result {
            Ok(value) if backend.is_structured(&request.name) => {
                Ok(CallToolResult::structured(value))
            }
            Ok(value) => Ok(CallToolResult::success(vec![text(&value)])),
            Err(refusal @ Refusal::Tool(_)) => {
                Err(ErrorData::invalid_params(refusal.to_string(), None))
            }
            Err(refusal) => {
                Ok(CallToolResult::error(vec![ContentBlock::text(format!("error: {refusal}"))]))
            }
        }
    }
}

fn text(value: &Value) -> ContentBlock {
    ContentBlock::text(value.to_string())
}

impl ServerHandler for Served {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build()).with_server_info(
            Implementation::new(
                format!("workroom-demo-{}", self.server),
                env!("CARGO_PKG_VERSION"),
            )
            .with_title(self.server.about()),
        )
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.tools.clone()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.answer(request).map(CallToolResponse::from)
    }
}

#[cfg(test)]
mod tests {
    use rmcp::{RoleClient, model::ClientConfig, service::RunningService};
    use serde_json::json;

    use super::*;
    use crate::WorldName;

    async fn connect(server: DemoServer) -> RunningService<RoleClient, ClientConfig> {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        tokio::spawn(async move {
            let service = Served::new(server, 1, None).serve(theirs).await.unwrap();
            service.waiting().await.unwrap();
        });
        ClientConfig::default().serve(ours).await.unwrap()
    }

    fn params(tool: &'static str, arguments: &Value) -> CallToolRequestParams {
        CallToolRequestParams::new(tool)
            .with_arguments(arguments.as_object().cloned().unwrap_or_default())
    }

    #[tokio::test]
    async fn every_server_lists_its_tools_to_a_client() {
        for server in WorldName::ALL.into_iter().flat_map(WorldName::servers) {
            let client = connect(server).await;
            let tools = client.list_all_tools().await.unwrap();
            assert_eq!(
                serde_json::to_value(&tools).unwrap(),
                serde_json::to_value(Backend::new(server, 1).tools()).unwrap()
            );
        }
    }

    #[tokio::test]
    async fn structured_content_is_sent_where_it_is_promised() {
        let client = connect(DemoServer::Shop).await;
        let shop = client.call_tool(params("get_shop", &json!({}))).await.unwrap();
        assert_eq!(shop.structured_content.unwrap()["name"], "Hearth & Field");
        let client = connect(DemoServer::Accounting).await;
        let company = client.call_tool(params("get_company", &json!({}))).await.unwrap();
        assert_eq!(company.structured_content, None);
        let text = &company.content[0].as_text().unwrap().text;
        assert!(text.starts_with(r#"{"name":"Hearth & Field GmbH""#), "{text}");
    }

    #[tokio::test]
    async fn a_bad_call_is_an_error_result_and_an_unknown_tool_a_protocol_error() {
        let client = connect(DemoServer::Shop).await;
        let call = params("get_product", &json!({ "sku": "SKU-9" , "page": 1 }));
        let refused = client.call_tool(call).await.unwrap();
        assert_eq!(refused.is_error, Some(true));
        assert_eq!(
            refused.content[0].as_text().unwrap().text,
            "error: `page` is unknown; the parameters are `sku`"
        );
        let unknown = client.call_tool(params("get_weather", &json!({}))).await.unwrap_err();
        assert!(unknown.to_string().contains("there is no tool `get_weather`"), "{unknown}");
    }
}
