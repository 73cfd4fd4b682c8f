//! The tools that agents see: names, descriptions, schemas.
//!
//! An agent pays for every word of these on every request, so each earns its
//! place; the whole list stays under 1,000 o200k tokens with ten servers.

use rmcp::model::Tool;
use serde_json::{Value, json};

/// The most servers that the description of `run_code` names; the others are counted.
pub const SERVERS_NAMED_MAX: usize = 24;

/// The longest description of a server that is shown, in characters.
const ABOUT_CHARS_MAX: usize = 48;

/// A configured server as the tools' descriptions name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// The folder under `./servers`.
    pub folder: String,
    /// A few words of the configuration's about it.
    pub about: Option<String>,
}

/// What `tools/list` answers where tools are called by code; `masks` where personal data is masked.
pub fn list(servers: &[Overview], masks: bool) -> Vec<Tool> {
    tools([run_code(servers, masks), search(SEARCH_FOR_CODE), read_file(), save_skill()])
}

/// What `tools/list` answers where tools are called by name.
pub fn list_search(servers: &[Overview]) -> Vec<Tool> {
    tools([search(SEARCH_FOR_CALLS), read_file(), call_tool(servers)])
}

/// What stands beside the servers' own tools: code, for what is too much to be read.
pub fn list_beside() -> Vec<Tool> {
    tools([run_code_on_kept()])
}

/// # Panics
///
/// Never: the schemas are constants, and a test reads them.
fn tools<const N: usize>(definitions: [Value; N]) -> Vec<Tool> {
    let tool = |tool| serde_json::from_value(tool).expect("our own schemas are tools");
    definitions.into_iter().map(tool).collect()
}

const SEARCH_FOR_CODE: &str = "Find functions and saved skills for what you want to do. Gives \
    import path, signature and a line each, the best first.";

const SEARCH_FOR_CALLS: &str = "Find the tools for what you want to do, over all servers. Gives \
    path, parameters and a line each, the best first. Call one with call_tool.";

/// What agents read of tokens.
const TOKENS: &str = "Personal data is masked: text like [customer_email_1] stands for a value. \
    Pass it on whole, compare it, count it; pii.domain(token), last4, year, age, initials, same, \
    format and sort ask about it.\n";

fn run_code(servers: &[Overview], masks: bool) -> Value {
    let description = format!(
        "Run TypeScript that calls the servers' tools. Intermediate results stay in \
         variables; only what the code returns or logs comes back, so filter, join and count in \
         code and return little. Each tool is an async function that takes one object and gives \
         parsed data. Make independent calls together with Promise.all. Top-level variables \
         persist between runs. No network, files or Node modules.\n\
         Example:\n\
         import * as crm from './servers/crm'; // may be left out\n\
         const {{ deals }} = await crm.listDeals({{ status: 'open' }});\n\
         return deals.filter(d => d.amount > 1000).map(d => d.name);\n\
         Look up function names and parameters with search or read_file first; do not guess \
         them. paginate(crm.listDeals, args) gives all entries; show(image) passes an image on; \
         readFile(path) gives an earlier result. Skills are saved code: \
         import {{ run }} from './skills/<name>'.\n{}{}",
        if masks { TOKENS } else { "" },
        overview(servers)
    );
    json!({
        "name": "run_code",
        "title": "Run TypeScript",
        "description": description,
        "inputSchema": {
            "type": "object",
            "properties": {
                "code": { "type": "string", "description": "TypeScript; end with `return value`" },
                "session": {
                    "type": "string",
                    "description": "session of an earlier run, to use its variables"
                },
                "timeout_s": { "type": "number", "exclusiveMinimum": 0 },
                "max_tokens": {
                    "type": "integer", "minimum": 1,
                    "description": "most tokens to answer with; longer results are kept in a file"
                }
            },
            "required": ["code"],
            "additionalProperties": false
        },
        "annotations": { "destructiveHint": true, "openWorldHint": true },
        "_meta": always_load()
    })
}

fn overview(servers: &[Overview]) -> String {
    if servers.is_empty() {
        return "No servers are configured.".to_owned();
    }
    let mut named: Vec<String> = servers
        .iter()
        .take(SERVERS_NAMED_MAX)
        .map(|server| match server.about.as_deref().map(short).filter(|about| !about.is_empty()) {
            Some(about) => format!("{} ({about})", server.folder),
            None => server.folder.clone(),
        })
        .collect();
    if servers.len() > SERVERS_NAMED_MAX {
        named.push(format!("and {} more", servers.len() - SERVERS_NAMED_MAX));
    }
    format!("Servers in ./servers: {}.", named.join(", "))
}

/// The first line of `about`, cut to [`ABOUT_CHARS_MAX`].
fn short(about: &str) -> String {
    let line = about.trim().lines().next().unwrap_or_default();
    match line.char_indices().nth(ABOUT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line.to_owned(),
    }
}

fn search(description: &str) -> Value {
    json!({
        "name": "search",
        "title": "Search tools",
        "description": description,
        "inputSchema": {
            "type": "object",
            "properties": {
                "query": { "type": "string", "description": "what you want to do, in a few words" },
                "server": { "type": "string", "description": "search this server only" },
                "detail": {
                    "enum": ["name", "signature", "full"],
                    "description": "default signature; full gives whole files"
                },
                "limit": { "type": "integer", "minimum": 1, "maximum": 50, "default": 8 }
            },
            "required": ["query"],
            "additionalProperties": false
        },
        "annotations": { "readOnlyHint": true },
        "_meta": always_load()
    })
}

fn read_file() -> Value {
    json!({
        "name": "read_file",
        "title": "Read a file or list a folder",
        "description": "List ./servers or ./servers/<server>, or read \
            ./servers/<server>/<tool>.ts (a function with all its types), ./skills/<name>/index.ts \
            or ./results/<run>.json (a result that was too long).",
        "inputSchema": {
            "type": "object",
            "properties": {
                "path": { "type": "string" },
                "offset": { "type": "integer", "minimum": 0, "description": "first character" },
                "limit": { "type": "integer", "minimum": 1, "description": "most characters" }
            },
            "required": ["path"],
            "additionalProperties": false
        },
        "annotations": { "readOnlyHint": true },
        "_meta": always_load()
    })
}

fn save_skill() -> Value {
    json!({
        "name": "save_skill",
        "title": "Save a skill",
        "description": "Save what worked, to import it later: the `run` of a run_code header \
            (constants become inputs), or `code` that exports `async function run(input: {…})`.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "name": { "type": "string", "description": "like unpaid-invoices" },
                "description": {
                    "type": "string", "description": "what it does and when to use it"
                },
                "run": { "type": "string" },
                "code": { "type": "string" },
                "session": { "type": "string" }
            },
            "required": ["name", "description"],
            "additionalProperties": false
        },
        "annotations": { "destructiveHint": false },
        "_meta": always_load()
    })
}

fn call_tool(servers: &[Overview]) -> Value {
    let description = format!(
        "Call one tool of the connected servers, found by search. A result that is too long stays \
         in a variable of a session, and the answer names both: go on with \
         {{\"tool\": \"run_code\", \"arguments\": {{\"session\": …, \"code\": \"return \
         rows.length\"}}}}, whose TypeScript sees the variable and returns only what you need.\n{}",
        overview(servers)
    );
    json!({
        "name": "call_tool",
        "title": "Call a tool",
        "description": description,
        "inputSchema": {
            "type": "object",
            "properties": {
                "tool": {
                    "type": "string",
                    "description": "path as search gives it, ./servers/<server>/<tool>.ts, or \
                        <server>.<tool>"
                },
                "arguments": { "type": "object" }
            },
            "required": ["tool"],
            "additionalProperties": false
        },
        "annotations": { "destructiveHint": true, "openWorldHint": true },
        "_meta": always_load()
    })
}

fn run_code_on_kept() -> Value {
    json!({
        "name": "run_code",
        "title": "Run TypeScript",
        "description": "Run TypeScript over results that were too long: they are variables of \
            the session that the answer named. Only what the code returns comes back, such as \
            `return rows.filter(r => r.open).length`. It can call every tool, too: \
            `import * as crm from './servers/crm'; await crm.getContact({ id })`, and use skills: \
            `import { run } from './skills/<name>'`.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "code": { "type": "string", "description": "TypeScript; end with `return value`" },
                "session": { "type": "string", "description": "whose variables to use" },
                "max_tokens": { "type": "integer", "minimum": 1 }
            },
            "required": ["code"],
            "additionalProperties": false
        },
        "annotations": { "destructiveHint": true, "openWorldHint": true },
        "_meta": always_load()
    })
}

/// Clients that load tools on demand must show these: what an agent does not see, it does not
/// look for.
fn always_load() -> Value {
    json!({ "anthropic/alwaysLoad": true })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(count: usize) -> Vec<Overview> {
        (0..count)
            .map(|n| Overview {
                folder: format!("server-number-{n}"),
                about: Some(format!("customers, orders, refunds and much more of number {n}")),
            })
            .collect()
    }

    #[test]
    fn the_list_stays_under_a_thousand_tokens_with_ten_servers() {
        let list = serde_json::to_string(&list(&servers(10), true)).unwrap();
        let tokens = workroom_ledger::tokens(&list);
        assert!(tokens < 1_000, "{tokens} tokens: {list}");
    }

    #[test]
    fn one_server_too_many_is_counted_and_not_named() {
        let text = overview(&servers(SERVERS_NAMED_MAX + 1));
        assert!(text.contains("server-number-23 (customers, orders"), "{text}");
        assert!(text.ends_with("and 1 more."), "{text}");
    }

    #[test]
    fn a_long_description_is_cut_between_characters() {
        assert_eq!(short(&"é".repeat(49)), format!("{}…", "é".repeat(48)));
        assert_eq!(short("one\ntwo"), "one");
    }
}
