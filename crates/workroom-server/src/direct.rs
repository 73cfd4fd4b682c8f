//! Tools called without code: by a name of their own, or through `call_tool`.

use std::{sync::PoisonError, time::Duration};

use rmcp::{
    ErrorData,
    model::{CallToolResult, JsonObject, Tool},
};
use serde::Deserialize;
use tokio::sync::watch;
use workroom_engine::{DirectCall, LOOK_TIMEOUT, Passage};
use workroom_ledger::advice::{self, Advice, JOBS_ENOUGH, Traffic, traffic};
use workroom_types::Mode;

use crate::{
    face::{Face, parse, run_meta, text},
    offer, tools,
};

/// How long changes of servers are gathered before a client is told of them.
const GATHER: Duration = Duration::from_millis(50);

/// Our own tools, which `call_tool` calls too.
const OWN_TOOLS: [&str; 4] = ["run_code", "search", "read_file", "save_skill"];
/// The most accounts that `auto` looks at, the newest: connecting must be quick.
const ACCOUNTS_MAX: usize = 2_000;

/// What the tool `call_tool` takes.
#[derive(Deserialize)]
struct CallTool {
    tool: String,
    server: Option<String>,
    #[serde(default)]
    arguments: JsonObject,
}

impl Face {
    /// What a connection of `mode` to `client` is offered. Where that depends on the servers, it
    /// waits for those that are starting, but not for long; what `auto` came to then stays.
    pub(crate) async fn offered(&self, mode: Mode, client: &str) -> Advice {
        let chosen = || self.advice.lock().unwrap_or_else(PoisonError::into_inner);
        let known = if mode == Mode::Auto { chosen().clone() } else { None };
        let mode_now = known.as_ref().map_or(mode, |advice| advice.mode);
        if mode_now == Mode::Direct || mode_now == Mode::Auto {
            // Servers that come later are told by `list_changed`.
            let _ = tokio::time::timeout(LOOK_TIMEOUT, self.engine.settled()).await;
        }
        if let Some(advice) = known {
            return advice;
        }
        if mode != Mode::Auto {
            return Advice::chosen(mode);
        }
        let offer = offer::offer(&self.engine).await;
        let known = self.known_of(client).await;
        let enough = known.jobs.len() >= JOBS_ENOUGH;
        let advice = advice::advise(&offer, &if enough { known } else { Traffic::default() });
        chosen().get_or_insert(advice).clone()
    }

    /// What was recorded of `client`, of late.
    async fn known_of(&self, client: &str) -> Traffic {
        // Advice is not worth an error: without accounts the tools decide.
        let accounts = self.engine.accounts(ACCOUNTS_MAX).await.unwrap_or_default();
        traffic(&accounts, |account, _| account.client == client)
    }

    /// What a connection of `mode` is offered, as far as that needs no waiting.
    pub(crate) fn offered_now(&self, mode: Mode) -> Advice {
        let chosen = self.advice.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let usual = Advice::chosen(mode);
        if mode == Mode::Auto { chosen.unwrap_or(usual) } else { usual }
    }

    /// The list of tools under `offered`.
    pub(crate) fn listed(&self, offered: &Advice) -> Vec<Tool> {
        match offered.mode {
            Mode::Direct => {
                let mut listed = offer::list(&self.engine.catalog(), |_| true);
                listed.extend(tools::list_beside());
                listed
            }
            Mode::Search => tools::list_search(&self.servers),
            Mode::Code | Mode::Auto => {
                let mut listed = tools::list(&self.servers, self.engine.masks());
                let is_beside = |name: &str| offered.beside.iter().any(|it| it == name);
                listed.extend(offer::list(&self.engine.catalog(), is_beside));
                listed
            }
        }
    }

    /// Calls the tool that is offered as `name`; `None` where none is.
    pub(crate) async fn call_offered(
        &self,
        offered: &Advice,
        name: &str,
        arguments: &JsonObject,
        passage: &Passage,
    ) -> Option<CallToolResult> {
        let is_offered = match offered.mode {
            Mode::Direct => true,
            Mode::Search => false,
            Mode::Code | Mode::Auto => offered.beside.iter().any(|it| it == name),
        };
        if !is_offered {
            return None;
        }
        let (server, tool) = offer::find(&self.engine.catalog(), name)?;
        Some(self.call_directly(server, tool, arguments.clone(), passage).await)
    }

    /// Answers `call_tool`.
    pub(crate) async fn call_tool_by_name(
        &self,
        arguments: JsonObject,
        passage: &Passage,
    ) -> Result<CallToolResult, ErrorData> {
        let asked: CallTool = parse("call_tool", arguments)?;
        let name = asked.tool.trim();
        if asked.server.is_none() && OWN_TOOLS.contains(&name) {
            return Ok(self
                .own_tool(Mode::Search, name, asked.arguments, passage)
                .await?
                .unwrap_or_else(|| text(format!("there is no tool `{name}`"), true)));
        }
        let catalog = self.engine.catalog();
        let by_path = catalog
            .tool_at(name)
            .map(|(server, tool)| (server.name.clone(), tool.def.name.clone()));
        let found = by_path.or_else(|| {
            let (server, tool) = match &asked.server {
                Some(server) => (server.clone(), name.to_owned()),
                None => {
                    let path = name.trim_start_matches("./").trim_start_matches("servers/");
                    let (server, tool) = path.split_once(['.', '/'])?;
                    (server.to_owned(), tool.trim_end_matches(".ts").to_owned())
                }
            };
            Some((server, tool))
        });
        Ok(match found {
            Some((server, tool)) => {
                self.call_directly(server, tool, asked.arguments, passage).await
            }
            None => text(
                format!(
                    "`{name}` names no tool: give its path as search does, such as \
                     ./servers/crm/getContact.ts"
                ),
                true,
            ),
        })
    }

    async fn call_directly(
        &self,
        server: String,
        tool: String,
        arguments: JsonObject,
        passage: &Passage,
    ) -> CallToolResult {
        let number = self.calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        let session = self.own.clone();
        let call = DirectCall { server, tool, arguments, session, number, max_tokens: None };
        let answer = self.engine.call_directly_for(call, Some(passage.clone())).await;
        let mut result = text(answer.text, answer.is_error);
        let blocks = answer.shown.into_iter().map(serde_json::from_value);
        result.content.extend(blocks.filter_map(Result::ok));
        result.meta = answer.report.and_then(|report| run_meta(&report, answer.tokens));
        result
    }

    /// The changes of the list of tools of a connection of `mode`, from now on.
    pub(crate) async fn changes(&self, mode: Mode, client: &str) -> Changes {
        let servers = self.engine.changes();
        let offered = self.offered(mode, client).await;
        let told = self.listed(&offered);
        Changes { face: self.clone(), servers, offered, told }
    }
}

/// A list of tools that is watched.
pub(crate) struct Changes {
    face: Face,
    servers: watch::Receiver<u64>,
    offered: Advice,
    told: Vec<Tool>,
}

impl Changes {
    /// Waits until the list is another one; `None` when it stays for ever.
    pub(crate) async fn next(&mut self) -> Option<()> {
        loop {
            self.servers.changed().await.ok()?;
            // A server that starts changes several times.
            tokio::time::sleep(GATHER).await;
            self.servers.mark_unchanged();
            let now = self.face.listed(&self.offered);
            if now != self.told {
                self.told = now;
                return Some(());
            }
        }
    }
}
