//! A server's tools, page by page.
//!
//! # Invariants
//!
//! * A list ends: pages, tools and bytes have bounds, and a cursor is followed once.
//! * One bad entry costs that entry, and a list that is cut says so in a warning.

use std::{collections::HashSet, sync::Arc};

use rmcp::{
    RoleClient,
    model::{ClientRequest, ErrorCode, ListToolsRequest, PaginatedRequestParams},
    service::{Peer, PeerRequestOptions, ServiceError},
};
use serde::Deserialize;
use serde_json::Value;
use workroom_types::ToolDef;

use crate::{Bounds, process::plain, session::to_value};

/// Warnings of one list that are kept.
pub(crate) const WARNINGS_MAX: usize = 20;

/// Characters of a server's own words that a reason shows.
const WORDS_CHARS: usize = 200;

/// What a server lists.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Listing {
    pub(crate) tools: Arc<Vec<ToolDef>>,
    pub(crate) warnings: Vec<String>,
}

/// Asks for every page. An error is its reason in one clause; nothing when the connection ended.
pub(crate) async fn list(
    peer: &Peer<RoleClient>,
    bounds: &Bounds,
) -> Result<Listing, Option<String>> {
    let mut pages = Pages::new(*bounds);
    let mut cursor = None;
    loop {
        let page = match page(peer, cursor).await {
            Ok(page) => page,
            // Older servers without tools do not know the request.
            Err(ServiceError::McpError(error))
                if error.code == ErrorCode::METHOD_NOT_FOUND && pages.count == 0 =>
            {
                return Ok(pages.done());
            }
            Err(ServiceError::McpError(error)) => {
                let message = plain(error.message.as_bytes(), WORDS_CHARS);
                let code = error.code.0;
                return Err(Some(format!("it did not list its tools: {message} (code {code})")));
            }
            Err(error) => return Err(crate::http::service_words(&error)),
        };
        match pages.add(page).map_err(Some)? {
            Some(next) => cursor = Some(next),
            None => return Ok(pages.done()),
        }
    }
}

async fn page(peer: &Peer<RoleClient>, cursor: Option<String>) -> Result<Value, ServiceError> {
    let params = PaginatedRequestParams::default().with_cursor(cursor);
    let request = ClientRequest::ListToolsRequest(ListToolsRequest::with_param(params));
    // Not `Peer::list_tools`: it keeps pages for later and refuses a whole page for one bad tool.
    let handle = peer.send_request_with_option(request, PeerRequestOptions::no_options()).await?;
    handle.await_response().await.map(to_value)
}

/// The pages so far.
#[derive(Debug)]
struct Pages {
    bounds: Bounds,
    count: usize,
    bytes: usize,
    tools: Vec<ToolDef>,
    names: HashSet<String>,
    cursors: HashSet<String>,
    warnings: Vec<String>,
}

impl Pages {
    fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            count: 0,
            bytes: 0,
            tools: Vec::new(),
            names: HashSet::new(),
            cursors: HashSet::new(),
            warnings: Vec::new(),
        }
    }

    /// Adds one page and gives the cursor of the next.
    fn add(&mut self, mut page: Value) -> Result<Option<String>, String> {
        self.count += 1;
        let Some(Value::Array(tools)) = page.get_mut("tools").map(Value::take) else {
            return Err("its list of tools is not a list".to_owned());
        };
        for tool in tools {
            if self.tools.len() == self.bounds.tools {
                let max = self.bounds.tools;
                self.warn(format!("it lists more than {max} tools; the rest is left out"));
                return Ok(None);
            }
            self.add_tool(&tool);
            if self.bytes > self.bounds.message_bytes {
                let max = self.bounds.message_bytes;
                self.warn(format!("its tools take more than {max} bytes; the rest is left out"));
                return Ok(None);
            }
        }
        let Some(cursor) = page.get("nextCursor").and_then(Value::as_str) else {
            return Ok(None);
        };
        if !self.cursors.insert(cursor.to_owned()) {
            let pages = self.count;
            self.warn(format!("its list of tools repeats itself after {pages} pages"));
            return Ok(None);
        }
        if self.count == self.bounds.pages {
            let max = self.bounds.pages;
            self.warn(format!("its list has more than {max} pages; the rest is left out"));
            return Ok(None);
        }
        Ok(Some(cursor.to_owned()))
    }

    fn add_tool(&mut self, tool: &Value) {
        self.bytes += tool.to_string().len();
        let name = tool.get("name").and_then(Value::as_str).unwrap_or_default();
        let name = plain(name.as_bytes(), WORDS_CHARS);
        let read = ToolDef::deserialize(tool).or_else(|error| {
            // Hints and titles of the wrong type do not cost the tool.
            let text = |key| tool.get(key).and_then(Value::as_str).map(str::to_owned);
            let name = text("name").ok_or(error)?;
            let value = |key| tool.get(key).filter(|value| value.is_object()).cloned();
            Ok::<_, serde_json::Error>(ToolDef {
                name,
                description: text("description"),
                input_schema: value("inputSchema").unwrap_or_default(),
                output_schema: value("outputSchema"),
                ..ToolDef::default()
            })
        });
        match read {
            Ok(tool) if self.names.insert(tool.name.clone()) => self.tools.push(tool),
            Ok(_) => self.warn(format!("it lists the tool `{name}` more than once")),
            Err(error) => self.warn(format!("its tool `{name}` cannot be read: {error}")),
        }
    }

    fn warn(&mut self, warning: String) {
        if self.warnings.len() < WARNINGS_MAX {
            self.warnings.push(warning);
        }
    }

    fn done(self) -> Listing {
        Listing { tools: Arc::new(self.tools), warnings: self.warnings }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;

    /// Asks as long as there is a cursor; `pages` repeats its last page.
    #[track_caller]
    fn check(pages: &[Value], expected: &Expect) {
        let bounds = Bounds { tools: 3, pages: 4, message_bytes: 200, ..Bounds::default() };
        let mut listing = Pages::new(bounds);
        let mut text = String::new();
        for index in 0.. {
            match listing.add(pages[index.min(pages.len() - 1)].clone()) {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(reason) => {
                    writeln!(text, "failed: {reason}").unwrap();
                    break;
                }
            }
        }
        let listing = listing.done();
        let names: Vec<_> = listing.tools.iter().map(|tool| tool.name.as_str()).collect();
        writeln!(text, "tools: {}", names.join(" ")).unwrap();
        for warning in listing.warnings {
            writeln!(text, "warning: {warning}").unwrap();
        }
        expected.assert_eq(&text);
    }

    fn tools(names: &[&str]) -> Value {
        names.iter().map(|name| json!({ "name": name })).collect()
    }

    #[test]
    fn pages_are_joined() {
        check(
            &[
                json!({ "tools": tools(&["a"]), "nextCursor": "2" }),
                json!({ "tools": tools(&[]), "nextCursor": "3" }),
                json!({ "tools": tools(&["b"]), "nextCursor": null }),
            ],
            &expect![[r#"
                tools: a b
            "#]],
        );
    }

    #[test]
    fn a_cursor_that_comes_again_ends_the_list() {
        check(
            &[json!({ "tools": tools(&["a"]), "nextCursor": "x" })],
            &expect![[r#"
                tools: a
                warning: it lists the tool `a` more than once
                warning: its list of tools repeats itself after 2 pages
            "#]],
        );
    }

    #[test]
    fn the_bounds_hold() {
        check(
            &[json!({ "tools": tools(&["a", "b", "c", "d"]), "nextCursor": "x" })],
            &expect![[r#"
                tools: a b c
                warning: it lists more than 3 tools; the rest is left out
            "#]],
        );
        let long = "x".repeat(200);
        check(
            &[json!({ "tools": [{ "name": "big", "description": long }, { "name": "b" }] })],
            &expect![[r#"
                tools: big
                warning: its tools take more than 200 bytes; the rest is left out
            "#]],
        );
        let page = |cursor: &str| json!({ "tools": [], "nextCursor": cursor });
        check(
            &[page("1"), page("2"), page("3"), page("4"), page("5")],
            &expect![[r#"
                tools: 
                warning: its list has more than 4 pages; the rest is left out
            "#]],
        );
    }

    #[test]
    fn a_bad_entry_costs_that_entry() {
        check(
            &[
                json!({ "tools": [{ "description": "?" }, null, { "name": "ok", "annotations": [] }] }),
            ],
            &expect![[r#"
                tools: ok
                warning: its tool `` cannot be read: missing field `name`
                warning: its tool `` cannot be read: invalid type: null, expected struct ToolDef
            "#]],
        );
        check(
            &[json!({ "tools": "none" })],
            &expect![[r#"
                failed: its list of tools is not a list
                tools: 
            "#]],
        );
    }
}
