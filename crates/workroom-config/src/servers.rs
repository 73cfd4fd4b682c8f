//! The tables of servers, of both forms of configuration.

use std::{path::PathBuf, time::Duration};

use crate::{
    CALL_TIMEOUT_DEFAULT, Config, Origin, START_TIMEOUT_DEFAULT, ServerConfig, Source, Transport,
    error::Warning,
    node::Node,
    reader::{Read, Reader},
    secret::{DisplayUrl, Secret},
};

const KEYS: [&str; 11] = [
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
    "type",
];

/// Other clients' names for the table of servers.
const MCP_JSON_TABLES: [&str; 2] = ["mcpServers", "servers"];

/// The longest timeout that may be set: a day.
const TIMEOUT_MS_MAX: u64 = 86_400_000;

pub(crate) fn read_mcp_json(
    reader: &mut Reader<'_>,
    source: &Source<'_>,
    root: &Node,
    config: &mut Config,
) {
    for (key, node) in reader.table(root, "the file") {
        if MCP_JSON_TABLES.contains(&key.as_str()) {
            read_table(reader, source, node, key, false, config);
        } else {
            reader.unknown(node, key, &MCP_JSON_TABLES, false);
        }
    }
}

/// Reads a table of servers. A server that an earlier file names stays as it is.
pub(crate) fn read_table(
    reader: &mut Reader<'_>,
    source: &Source<'_>,
    table: &Node,
    key: &str,
    strict: bool,
    config: &mut Config,
) {
    for (name, node) in reader.table(table, key) {
        if name.trim().is_empty() {
            reader.error(node, "a server needs a name");
            continue;
        }
        if config.servers.iter().any(|server| server.name == *name) {
            reader.warnings.push(Warning {
                place: node.place.clone(),
                message: format!("server `{name}` is configured earlier; this one is not used"),
            });
            continue;
        }
        let mut server = Server { source, name, strict, read: Draft::default() };
        server.read(reader, node, config);
    }
}

/// A server while it is read.
struct Server<'s> {
    source: &'s Source<'s>,
    name: &'s str,
    strict: bool,
    read: Draft,
}

#[derive(Default)]
struct Draft {
    command: Option<Read<String>>,
    args: Vec<Read<String>>,
    env: Vec<(String, Read<String>)>,
    cwd: Option<Read<String>>,
    url: Option<Read<String>>,
    headers: Vec<(String, Read<String>)>,
    description: Option<Read<String>>,
    disabled: bool,
    start_timeout: Option<Read<Duration>>,
    call_timeout: Option<Read<Duration>>,
}

impl Server<'_> {
    fn read(&mut self, reader: &mut Reader<'_>, node: &Node, config: &mut Config) {
        let mistakes = reader.errors.len();
        for (key, value) in reader.table(node, self.name) {
            self.key(reader, key, value);
        }
        if reader.errors.len() > mistakes || self.read.disabled {
            return;
        }
        let transport = match (&self.read.command, &self.read.url) {
            (Some(_), Some(_)) => {
                let message =
                    format!("server `{}` has both `command` and `url`; it takes one", self.name);
                return reader.error(node, message);
            }
            (None, None) => {
                let message = format!("server `{}` has neither `command` nor `url`", self.name);
                return reader.error(node, message);
            }
            (Some(command), None) => self.stdio(&command.value),
            (None, Some(url)) => match self.http(&url.value) {
                Ok(transport) => transport,
                Err(message) => return reader.error(node, message),
            },
        };
        self.explain(config);
        config.servers.push(ServerConfig {
            name: self.name.to_owned(),
            description: self.read.description.as_ref().map(|read| read.value.clone()),
            transport,
            start_timeout: value_or(self.read.start_timeout.as_ref(), START_TIMEOUT_DEFAULT),
            call_timeout: value_or(self.read.call_timeout.as_ref(), CALL_TIMEOUT_DEFAULT),
        });
    }

    fn key(&mut self, reader: &mut Reader<'_>, key: &str, node: &Node) {
        let whose = format!("server `{}`", self.name);
        let read = &mut self.read;
        match key {
            "command" => read.command = reader.expanded(node, key, &whose),
            "cwd" => read.cwd = reader.expanded(node, key, &whose),
            "url" => read.url = reader.expanded(node, key, &whose),
            "args" => {
                let items = reader.list(node, key);
                read.args =
                    items.iter().filter_map(|item| reader.expanded(item, key, &whose)).collect();
            }
            "env" => read.env = pairs(reader, node, key, &whose),
            "headers" => read.headers = pairs(reader, node, key, &whose),
            "description" => {
                read.description = reader.text(node, key).map(|value| Read {
                    value,
                    from: node.place.clone(),
                    template: None,
                });
            }
            "disabled" => read.disabled = reader.boolean(node, key).unwrap_or_default(),
            "start_timeout_ms" => read.start_timeout = timeout(reader, node, key),
            "call_timeout_ms" => read.call_timeout = timeout(reader, node, key),
            "type" => kind(reader, node, self.name),
            _ => reader.unknown(node, key, &KEYS, self.strict),
        }
    }

    fn stdio(&self, command: &str) -> Transport {
        // A bare name is looked up on PATH; a relative path begins at the file's folder.
        let is_path = command.contains(['/', '\\']);
        let command = if is_path {
            self.source.folder.join(command).to_string_lossy().into_owned()
        } else {
            command.to_owned()
        };
        let cwd = self.read.cwd.as_ref().map_or("", |cwd| cwd.value.as_str());
        let cwd: PathBuf = self.source.folder.join(cwd);
        let secret =
            |(name, read): &(String, Read<String>)| (name.clone(), Secret::new(read.value.clone()));
        Transport::Stdio {
            command,
            args: self.read.args.iter().map(|read| read.value.clone()).collect(),
            env: self.read.env.iter().map(secret).collect(),
            cwd,
        }
    }

    fn http(&self, url: &str) -> Result<Transport, String> {
        let parsed: http::Uri = url
            .parse()
            .map_err(|_| format!("server `{}` has a `url` that is no address", self.name))?;
        if !matches!(parsed.scheme_str(), Some("http" | "https")) || parsed.host().is_none() {
            return Err(format!(
                "the `url` of server `{}` must begin with http:// or https://",
                self.name
            ));
        }
        for (name, read) in &self.read.headers {
            if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
                return Err(format!("server `{}`: `{name}` is no header's name", self.name));
            }
            if http::HeaderValue::from_str(&read.value).is_err() {
                return Err(format!(
                    "server `{}`: the value of header `{name}` has characters that no header has",
                    self.name
                ));
            }
        }
        let secret =
            |(name, read): &(String, Read<String>)| (name.clone(), Secret::new(read.value.clone()));
        Ok(Transport::Http {
            url: DisplayUrl::new(url),
            headers: self.read.headers.iter().map(secret).collect(),
        })
    }

    fn explain(&self, config: &mut Config) {
        let mut origin = |key: &str, value: String, from: &str| {
            config.origins.push(Origin {
                key: format!("servers.{}.{key}", self.name),
                value,
                from: from.to_owned(),
            });
        };
        let read = &self.read;
        if let Some(Read { value, from, .. }) = &read.description {
            origin("description", value.clone(), from);
        }
        if let Some(Read { value, from, .. }) = &read.command {
            origin("command", value.clone(), from);
        }
        for (index, Read { value, from, template }) in read.args.iter().enumerate() {
            // A token is often an argument: what variables made is shown as it was written.
            let shown = template.as_ref().unwrap_or(value);
            origin(&format!("args[{index}]"), shown.clone(), from);
        }
        for (name, Read { from, .. }) in &read.env {
            origin(&format!("env.{name}"), "•••".to_owned(), from);
        }
        if let Some(Read { value, from, .. }) = &read.cwd {
            origin("cwd", value.clone(), from);
        }
        if let Some(Read { value, from, .. }) = &read.url {
            origin("url", DisplayUrl::new(value.clone()).to_string(), from);
        }
        for (name, Read { from, .. }) in &read.headers {
            origin(&format!("headers.{name}"), "•••".to_owned(), from);
        }
        for (key, timeout, default) in [
            ("start_timeout_ms", &read.start_timeout, START_TIMEOUT_DEFAULT),
            ("call_timeout_ms", &read.call_timeout, CALL_TIMEOUT_DEFAULT),
        ] {
            let value = value_or(timeout.as_ref(), default).as_millis().to_string();
            origin(key, value, timeout.as_ref().map_or("default", |read| &read.from));
        }
    }
}

fn value_or(read: Option<&Read<Duration>>, default: Duration) -> Duration {
    read.map_or(default, |read| read.value)
}

fn pairs(
    reader: &mut Reader<'_>,
    node: &Node,
    key: &str,
    whose: &str,
) -> Vec<(String, Read<String>)> {
    let entries = reader.table(node, key);
    entries
        .iter()
        .filter_map(|(name, value)| {
            Some((name.clone(), reader.expanded(value, &format!("{key}.{name}"), whose)?))
        })
        .collect()
}

fn timeout(reader: &mut Reader<'_>, node: &Node, key: &str) -> Option<Read<Duration>> {
    let milliseconds = reader.number(node, key)?;
    if !(1..=TIMEOUT_MS_MAX).contains(&milliseconds) {
        let message =
            format!("`{key}` is {milliseconds} ms; it may be from 1 to {TIMEOUT_MS_MAX} ms");
        reader.error(node, message);
        return None;
    }
    let value = Duration::from_millis(milliseconds);
    Some(Read { value, from: node.place.clone(), template: None })
}

/// Other clients say the transport; ours follows from `command` or `url`.
fn kind(reader: &mut Reader<'_>, node: &Node, server: &str) {
    let Some(kind) = reader.text(node, "type") else { return };
    match kind.as_str() {
        "stdio" | "http" | "streamable-http" | "streamableHttp" => {}
        "sse" => reader.error(
            node,
            format!(
                "server `{server}` uses the old SSE transport, which is not supported; many such \
                 servers also speak Streamable HTTP: try its /mcp address with `type` http"
            ),
        ),
        other => reader.error(
            node,
            format!("server `{server}` has the unknown `type` `{other}`; it may be stdio or http"),
        ),
    }
}
