//! The tables of servers, of both forms of configuration, and which of two equal names wins.

use std::collections::HashMap;

use crate::{
    Origin, ServerConfig, Source,
    error::Mistake,
    node::{Node, Value},
    place::{segment, shown},
    reader::Reader,
    server,
};

/// The keys of a server, as documented.
pub(crate) const KEYS: [&str; 19] = [
    "command",
    "args",
    "env",
    "cwd",
    "url",
    "headers",
    "description",
    "disabled",
    "start_timeout_ms",
    "call_timeout_ms",
    "calls_in_flight",
    "rate",
    "retries",
    "breaker_failures",
    "breaker_rest_ms",
    "changed_tools",
    "mask",
    "clear",
    "type",
];

/// Other clients' names for the table of servers.
const MCP_JSON_TABLES: [&str; 2] = ["mcpServers", "servers"];

/// The servers read so far. The first file that names one wins.
#[derive(Default)]
pub(crate) struct Servers {
    entries: Vec<Entry>,
    by_name: HashMap<String, usize>,
}

/// One name.
#[derive(Default)]
struct Entry {
    /// None where the server is disabled, or wrong.
    config: Option<ServerConfig>,
    origins: Vec<Origin>,
    /// The places of the tables that this one overrides.
    overrides: Vec<String>,
}

impl Servers {
    pub(crate) fn read_mcp_json<'s>(
        &mut self,
        reader: &mut Reader<'_>,
        source: &'s Source<'s>,
        root: &Node<'s>,
    ) {
        for (key, node) in reader.root(root) {
            if MCP_JSON_TABLES.contains(&key.as_str()) {
                self.read_table(reader, source, node, key, false);
            } else {
                reader.unknown(node, key, &MCP_JSON_TABLES, false);
            }
        }
    }

    /// Reads a table of servers. One that an earlier table names is only noted: whoever
    /// overrides a server need not mend the other.
    pub(crate) fn read_table<'s>(
        &mut self,
        reader: &mut Reader<'_>,
        source: &'s Source<'s>,
        table: &Node<'s>,
        key: &str,
        strict: bool,
    ) {
        for (name, node) in reader.table(table, key) {
            if name.trim().is_empty() {
                reader.error(node, Mistake::NamelessServer);
            } else if name.contains(char::is_control) {
                reader.error(node, Mistake::ControlInName { server: shown(name) });
            } else if let Some(&earlier) = self.by_name.get(name) {
                self.entries[earlier].overrides.push(node.place.to_string());
            } else {
                self.by_name.insert(name.clone(), self.entries.len());
                self.entries.push(read_entry(reader, source, name, node, strict));
            }
        }
    }

    /// The names of all servers, disabled ones too.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// The enabled servers, in order; where their values are from goes to `origins`.
    pub(crate) fn finish(self, origins: &mut Vec<Origin>) -> Vec<ServerConfig> {
        let mut servers = Vec::new();
        for mut entry in self.entries {
            if let Some(first) = entry.origins.first_mut() {
                for place in entry.overrides {
                    first.from.push_str(", overrides ");
                    first.from.push_str(&place);
                }
            }
            origins.append(&mut entry.origins);
            servers.extend(entry.config);
        }
        servers
    }
}

fn read_entry<'s>(
    reader: &mut Reader<'_>,
    source: &'s Source<'s>,
    name: &str,
    node: &Node<'s>,
    strict: bool,
) -> Entry {
    let table = reader.table(node, name);
    // A disabled server is not read further: its variables need not be set.
    let disabled = table.iter().find(|(key, _)| key == "disabled");
    if let Some((_, Node { value: Value::Boolean(true), place })) = disabled {
        let key = format!("servers.{}.disabled", segment(name));
        let origin = Origin { key, value: "true".to_owned(), from: place.to_string() };
        return Entry { origins: vec![origin], ..Entry::default() };
    }
    let mut entry = Entry::default();
    if matches!(node.value, Value::Table(_)) {
        entry.config =
            server::read(reader, source, name, (node, table), strict, &mut entry.origins);
    }
    entry
}
