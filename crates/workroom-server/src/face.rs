//! The MCP handler: our tools over the engine, and those of the servers where a mode offers them.
//!
//! A mistake of the agent's, an unknown path or a failed run is a tool result
//! with `isError`, which the agent reads and acts on. JSON-RPC errors are for
//! requests that no agent wrote: unknown tools and wrong parameter types.

use std::{
    sync::{Arc, Mutex, atomic::AtomicU64},
    time::Duration,
};

use rmcp::{
    ErrorData, RoleServer, ServerHandler, ServiceExt,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock,
        GetSkillRequestParams, GetSkillResult, Implementation, JsonObject, ListResourcesResult,
        ListSkillsResult, ListToolsResult, PaginatedRequestParams,
        ReadResourceDirectoryRequestParams, ReadResourceDirectoryResult, ReadResourceRequestParams,
        ReadResourceResponse, ServerCapabilities, ServerConfig, SubscriptionFilter,
    },
    service::{NotificationContext, RequestContext, SubscriptionContext},
};
use serde::Deserialize;
use serde_json::{Value, json};
use workroom_catalog::{Detail, Entry, SearchQuery};
use workroom_engine::{
    Caller, Engine, Node, Passage, RunReport, RunRequest, SessionChoice, report,
};
use workroom_ledger::{account::Kind, advice::Advice};
use workroom_types::{Mode, SessionId};

use crate::{
    modes::Modes,
    tools::Overview,
    wire::{self, Lines},
};

/// How many matches `search` gives unless asked.
const SEARCH_LIMIT: usize = 8;

/// The most matches `search` gives: more does not help an agent choose.
const SEARCH_LIMIT_MAX: usize = 50;

/// How many characters `read_file` gives unless asked: about 4,000 tokens of code.
const READ_CHARS: usize = 16_000;

/// How much of a client's name is kept.
const CLIENT_CHARS_MAX: usize = 80;

/// Workroom as one agent's connection sees it.
#[derive(Clone, Debug)]
pub struct Face {
    pub(crate) engine: Engine,
    /// The configured servers, in order.
    pub(crate) servers: Arc<[Overview]>,
    modes: Arc<Modes>,
    /// What `auto` came to for this connection, once it was asked.
    pub(crate) advice: Arc<Mutex<Option<Advice>>>,
    /// How many tools this connection has called directly.
    pub(crate) calls: Arc<AtomicU64>,
    /// The session of runs that name none.
    pub(crate) own: SessionId,
    /// Whether an agent must be told the session's id to use it again: where each request may
    /// be answered by another connection.
    tell_session: bool,
}

#[derive(Deserialize)]
struct RunCode {
    code: String,
    session: Option<String>,
    timeout_s: Option<f64>,
    max_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct Search {
    query: String,
    server: Option<String>,
    #[serde(default)]
    detail: Detail,
    limit: Option<usize>,
}

#[derive(Deserialize)]
struct ReadFile {
    path: String,
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

impl Face {
    /// A face for one connection. `servers` are the configured ones, in order.
    pub fn new(engine: Engine, servers: &[Overview], tell_session: bool) -> Self {
        let own = engine.new_session_id();
        let (servers, modes) = (servers.into(), Arc::default());
        let (advice, calls) = (Arc::default(), Arc::default());
        Self { engine, servers, modes, advice, calls, own, tell_session }
    }

    /// The same face, where clients are offered the tools as `modes` says.
    #[must_use]
    pub fn with_modes(self, modes: Modes) -> Self {
        Self { modes: Arc::new(modes), ..self }
    }

    /// Answers one of our own tools, which every mode has; `None` where `name` is none.
    pub(crate) async fn own_tool(
        &self,
        mode: Mode,
        name: &str,
        arguments: JsonObject,
        passage: &Passage,
    ) -> Result<Option<CallToolResult>, ErrorData> {
        Ok(Some(match name {
            "run_code" => self.run_code(parse(name, arguments)?, passage).await,
            "search" => {
                passage.turns_out(Kind::Search, &self.own);
                self.search(mode, parse(name, arguments)?).await
            }
            "read_file" => {
                passage.turns_out(Kind::Read, &self.own);
                self.read_file(parse(name, arguments)?).await
            }
            "save_skill" => {
                passage.turns_out(Kind::Save, &self.own);
                self.save_skill(parse(name, arguments)?, &passage.caller().client).await
            }
            _ => return Ok(None),
        }))
    }

    /// Answers a call in `mode`.
    async fn answer(
        &self,
        mode: Mode,
        name: &str,
        arguments: JsonObject,
        client: &str,
        passage: &Passage,
    ) -> Result<CallToolResult, ErrorData> {
        // A server that is slow to start must not hold up calls of the others.
        let offered = self.offered_now(mode);
        if let Some(answer) = self.own_tool(offered.mode, name, arguments.clone(), passage).await? {
            return Ok(answer);
        }
        if offered.mode == Mode::Search && name == "call_tool" {
            return self.call_tool_by_name(arguments, passage).await;
        }
        if let Some(answer) = self.call_offered(&offered, name, &arguments, passage).await {
            return Ok(answer);
        }
        let offered = self.offered(mode, client).await;
        if mode == Mode::Auto && offered.mode == Mode::Search && name == "call_tool" {
            return self.call_tool_by_name(arguments, passage).await;
        }
        let answer = self.call_offered(&offered, name, &arguments, passage).await;
        answer.ok_or_else(|| {
            let next = match offered.mode {
                Mode::Direct => "list the tools again: the servers' tools may have changed",
                Mode::Search => {
                    "call search, read_file or call_tool (tools of the servers are called by \
                     call_tool)"
                }
                Mode::Code | Mode::Auto => {
                    "call run_code, search, read_file or save_skill (tools of the servers are \
                     called by code in run_code)"
                }
            };
            ErrorData::invalid_params(format!("there is no tool `{name}`; {next}"), None)
        })
    }

    async fn run_code(&self, asked: RunCode, passage: &Passage) -> CallToolResult {
        let session = match asked.session {
            Some(id) if id == self.own.as_str() => SessionChoice::Own(self.own.clone()),
            Some(id) => SessionChoice::Existing(SessionId::named(id)),
            None => SessionChoice::Own(self.own.clone()),
        };
        let timeout = asked.timeout_s.and_then(|s| Duration::try_from_secs_f64(s).ok());
        let timeout_ms =
            timeout.map(|timeout| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
        let request = RunRequest { code: asked.code, session, timeout_ms };
        passage.turns_out(Kind::Run, request.session.id());
        let report = self.engine.run_for(request, Some(passage.clone())).await;
        let (engine, tell) = (self.engine.clone(), self.tell_session);
        // Counting the tokens of a large result computes for some milliseconds.
        let shown = tokio::task::spawn_blocking(move || {
            let shown = engine.present(&report, asked.max_tokens, tell);
            (report, shown)
        })
        .await;
        match shown {
            Ok((report, shown)) => {
                let mut result = text(shown.text, report.outcome.is_err());
                let blocks = shown.shown.into_iter().map(serde_json::from_value);
                // A block that the protocol's types refuse is left out; its line says that it
                // was shown, and what it was.
                result.content.extend(blocks.filter_map(Result::ok));
                result.meta = run_meta(&report, shown.tokens);
                result
            }
            Err(error) => text(format!("error · the result cannot be shown: {error}"), true),
        }
    }

    async fn search(&self, mode: Mode, asked: Search) -> CallToolResult {
        let query = SearchQuery {
            query: asked.query,
            server: asked.server,
            detail: asked.detail,
            limit: asked.limit.unwrap_or(SEARCH_LIMIT).clamp(1, SEARCH_LIMIT_MAX),
        };
        let found = self.engine.search(&query, Some(&self.own)).await;
        // Who calls tools one by one turns the pages itself.
        let told = if mode == Mode::Search { found.for_calls() } else { found.to_string() };
        text(told, false)
    }

    async fn read_file(&self, asked: ReadFile) -> CallToolResult {
        match self.engine.read(&asked.path, Some(&self.own)).await {
            Ok(Node::File(file)) => {
                text(window(&file, asked.offset, asked.limit.unwrap_or(READ_CHARS)), false)
            }
            Ok(Node::Folder(entries)) => {
                let listing = listing(&entries);
                let limit = asked.limit.unwrap_or(READ_CHARS);
                text(window(&listing, asked.offset, limit), false)
            }
            Err(error) => text(error.to_string(), true),
        }
    }
}

impl ServerHandler for Face {
    fn get_info(&self) -> ServerConfig {
        // Whether there are skills or not: what is declared depends on the configuration alone.
        let tools = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_skills_with_directory_read();
        // Over HTTP, an agent may ask for a mode by its URL.
        let capabilities = if self.tell_session || self.modes.may_change() {
            tools.enable_tool_list_changed().build()
        } else {
            tools.build()
        };
        ServerConfig::new(capabilities).with_server_info(
            Implementation::new("workroom", env!("CARGO_PKG_VERSION")).with_title("Workroom"),
        )
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let client = context.meta.client_info();
        let mode = self.modes.of(&context.extensions, &context.peer, client)?;
        let caller = caller(&context, mode);
        let offered = self.offered(mode, &caller.client).await;
        let listed = self.listed(&offered);
        let passage = wire::passage(&self.engine, &context.extensions);
        passage.begins(Kind::List, &caller, &self.own, String::new());
        passage.ended(serde_json::to_string(&listed).unwrap_or_default(), true);
        Ok(ListToolsResult::with_all_items(listed))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let client = context.meta.client_info();
        let mode = self.modes.of(&context.extensions, &context.peer, client)?;
        let arguments = request.arguments.unwrap_or_default();
        let passage = wire::passage(&self.engine, &context.extensions);
        let written = Value::Object(arguments.clone()).to_string();
        let caller = caller(&context, mode);
        passage.begins(Kind::Call, &caller, &self.own, written);
        let answer = self.answer(mode, &request.name, arguments, &caller.client, &passage);
        // Dropping the answer stops the run.
        let answer = tokio::select! {
            answer = answer => answer,
            () = context.ct.cancelled() => Ok(text("cancelled".to_owned(), true)),
        };
        match &answer {
            Ok(result) => passage.ended(shown(result), result.is_error != Some(true)),
            Err(error) => passage.ended(error.message.to_string(), false),
        }
        answer.map(CallToolResponse::from)
    }

    async fn list_skills(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListSkillsResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        crate::skills::list(&self.engine, cursor.as_deref()).await
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        crate::skills::resources(&self.engine, cursor.as_deref()).await
    }

    async fn get_skill(
        &self,
        request: GetSkillRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetSkillResult, ErrorData> {
        crate::skills::get(&self.engine, &request.uri).await
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        crate::skills::read(&self.engine, &request.uri).await.map(Into::into)
    }

    async fn read_resource_directory(
        &self,
        request: ReadResourceDirectoryRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceDirectoryResult, ErrorData> {
        crate::skills::directory(&self.engine, &request.uri).await
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let Ok(mode) = self.modes.of(&context.extensions, &context.peer, None) else { return };
        if matches!(mode, Mode::Direct | Mode::Auto) {
            let face = self.clone();
            let info = context.peer.peer_info().map(|info| info.client_info.clone());
            let client = client_name(info);
            // It ends with the connection: telling a client that is gone fails.
            tokio::spawn(async move {
                let mut changes = face.changes(mode, &client).await;
                while changes.next().await.is_some()
                    && context.peer.notify_tool_list_changed().await.is_ok()
                {}
            });
        }
    }

    fn accepted_subscription_filter(&self, _: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(SubscriptionFilter::builder().tools_list_changed().build())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let request = context.request_context();
        let client = request.meta.client_info();
        let mode = self.modes.of(&request.extensions, &request.peer, client)?;
        let sink = context.sink();
        let mut changes = self.changes(mode, &caller(request, mode).client).await;
        loop {
            tokio::select! {
                () = context.cancelled() => return Ok(()),
                next = changes.next() => {
                    if next.is_none() || sink.notify_tool_list_changed().await.is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }
}

/// Who asks in `context`.
fn caller(context: &RequestContext<RoleServer>, mode: Mode) -> Caller {
    let client = context.meta.client_info();
    let client = client.or_else(|| Some(context.peer.peer_info()?.client_info.clone()));
    Caller { client: client_name(client), mode: mode.to_string(), kind: None }
}

/// What a client calls itself, which may be anything.
fn client_name(client: Option<Implementation>) -> String {
    let name = client.map(|client| client.name).unwrap_or_default();
    name.chars().filter(|c| !c.is_control()).take(CLIENT_CHARS_MAX).collect()
}

/// What a model reads of `result`.
fn shown(result: &CallToolResult) -> String {
    let texts = result.content.iter().filter_map(|block| block.as_text());
    texts.map(|text| text.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// Serves one agent over standard input and output, until it closes them.
///
/// # Errors
///
/// When the client's first message is not MCP.
pub async fn serve_stdio(face: Face) -> Result<(), String> {
    let (input, output) = rmcp::transport::stdio();
    let lines = Lines::new(face.engine.clone(), input, output);
    let service = face.serve(lines).await.map_err(|error| error.to_string())?;
    service.waiting().await.map_err(|error| error.to_string())?;
    Ok(())
}

pub(crate) fn parse<T: serde::de::DeserializeOwned>(
    tool: &str,
    arguments: JsonObject,
) -> Result<T, ErrorData> {
    serde_json::from_value(Value::Object(arguments)).map_err(|error| {
        ErrorData::invalid_params(format!("the arguments of `{tool}` are wrong: {error}"), None)
    })
}

pub(crate) fn text(text: String, is_error: bool) -> CallToolResult {
    let content = vec![ContentBlock::text(text)];
    if is_error { CallToolResult::error(content) } else { CallToolResult::success(content) }
}

/// For programs, and out of the model's sight: what the header line tells in words.
pub(crate) fn run_meta(report: &RunReport, tokens: usize) -> Option<rmcp::model::MetaObject> {
    let meta = json!({
        "workroom/run": {
            "ok": report.outcome.is_ok(),
            "run": report.run,
            "session": report.session,
            "error": report.outcome.as_ref().err(),
            "calls": report.calls,
            "masked": report.calls.masked,
            "tokens": tokens,
            "duration_ms": report::milliseconds(report.duration),
        }
    });
    serde_json::from_value(meta).ok()
}

/// A folder's entries, one a line.
pub fn listing(entries: &[Entry]) -> String {
    let lines: Vec<String> = entries
        .iter()
        .map(|entry| match entry.about.as_str() {
            "" => entry.name.clone(),
            about => format!("{}  {about}", entry.name),
        })
        .collect();
    lines.join("\n")
}

/// `limit` characters of `text` from the character `offset` on, and how to read on.
fn window(text: &str, offset: usize, limit: usize) -> String {
    let begin = nth(text, offset);
    let end = begin + nth(&text[begin..], limit);
    let shown = &text[begin..end];
    if begin == 0 && end == text.len() {
        return shown.to_owned();
    }
    let total = text.chars().count();
    if begin == text.len() {
        return format!("(the end: the file has {total} characters)");
    }
    let next = offset + shown.chars().count();
    if end == text.len() {
        format!("{shown}\n(characters {offset} to {next}, the end)")
    } else {
        format!("{shown}\n(characters {offset} to {next} of {total}; go on with offset {next})")
    }
}

/// The byte at which character `n` begins, or the end.
fn nth(text: &str, n: usize) -> usize {
    text.char_indices().nth(n).map_or(text.len(), |(byte, _)| byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(offset: usize, limit: usize, expected: &str) {
        assert_eq!(window("héllo wörld", offset, limit), expected);
    }

    #[test]
    fn a_window_says_what_it_leaves_out() {
        check(0, 100, "héllo wörld");
        check(0, 5, "héllo\n(characters 0 to 5 of 11; go on with offset 5)");
        check(6, 5, "wörld\n(characters 6 to 11, the end)");
        check(11, 5, "(the end: the file has 11 characters)");
        check(usize::MAX, usize::MAX, "(the end: the file has 11 characters)");
    }
}
