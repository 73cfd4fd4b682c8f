//! One server's table.
//!
//! Which transport it has is told by the keys alone, before any value is read, so that a wrong
//! value never adds a second, misleading mistake.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use workroom_types::{BadRate, CallPolicy, PolicyKey};

use crate::{
    CALL_TIMEOUT_DEFAULT, Origin, START_TIMEOUT_DEFAULT, ServerConfig, Source, Transport,
    error::Mistake,
    node::Node,
    place::{printable, segment, shown},
    privacy::paths,
    reader::{Read, Reader},
    secret::{DisplayUrl, Secret},
    servers::KEYS,
    settings::one_of,
};

/// The longest timeout that may be set: a day.
const TIMEOUT_MS_MAX: u64 = 86_400_000;

/// The one key of the policy that is a text.
const RATE: &str = "rate";

/// What becomes of tools whose definitions change.
const CHANGED_TOOLS: &str = "changed_tools";
const CHANGES: [&str; 2] = ["tell", "hold"];

/// Which of the two keys a server has that say how it is reached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Command,
    Url,
    Unclear,
}

/// A server while it is read.
struct Draft {
    /// Its name as messages show it.
    name: String,
    kind: Kind,
    strict: bool,
    values: Values,
}

#[derive(Default)]
struct Values {
    command: Option<Read<String>>,
    args: Vec<Read<String>>,
    env: Vec<(String, Read<String>)>,
    cwd: Option<Read<String>>,
    url: Option<Read<String>>,
    headers: Vec<(String, Read<String>)>,
    description: Option<Read<String>>,
    start_timeout: Option<Read<Duration>>,
    call_timeout: Option<Read<Duration>>,
    holds_changes: bool,
    policy: CallPolicy,
    mask: Option<(Vec<String>, String)>,
    clear: Option<(Vec<String>, String)>,
    /// Where each key of the policy is from, by its setting.
    policy_from: BTreeMap<&'static str, String>,
}

/// Reads the server `name` from its node and that node's entries; none if anything is wrong.
pub(crate) fn read(
    reader: &mut Reader<'_>,
    source: &Source<'_>,
    name: &str,
    (node, entries): (&Node<'_>, &[(String, Node<'_>)]),
    strict: bool,
    origins: &mut Vec<Origin>,
) -> Option<ServerConfig> {
    let mistakes = reader.errors.len();
    let has = |wanted: &str| entries.iter().any(|(key, _)| key == wanted);
    let kind = match (has("command"), has("url")) {
        (true, false) => Kind::Command,
        (false, true) => Kind::Url,
        (true, true) => {
            reader.error(node, Mistake::TwoTransports { server: shown(name) });
            Kind::Unclear
        }
        (false, false) => Kind::Unclear,
    };
    let mut draft = Draft { name: shown(name), kind, strict, values: Values::default() };
    for (key, value) in entries {
        draft.key(reader, key, value);
    }
    let transport = match kind {
        Kind::Command => draft.stdio(reader, source.folder),
        Kind::Url => draft.http(reader),
        Kind::Unclear => None,
    };
    if reader.errors.len() > mistakes {
        return None;
    }
    let Some(transport) = transport else {
        // Only now: where a key is misspelt, that is the mistake.
        reader.error(node, Mistake::NoTransport { server: shown(name) });
        return None;
    };
    let values = draft.values;
    explain(&values, &transport, name, origins);
    Some(ServerConfig {
        name: name.to_owned(),
        description: values.description.map(|read| read.value),
        transport,
        start_timeout: values.start_timeout.map_or(START_TIMEOUT_DEFAULT, |read| read.value),
        call_timeout: values.call_timeout.map_or(CALL_TIMEOUT_DEFAULT, |read| read.value),
        policy: values.policy,
        holds_changes: values.holds_changes,
        mask: values.mask.map(|(paths, _)| paths).unwrap_or_default(),
        clear: values.clear.map(|(paths, _)| paths).unwrap_or_default(),
    })
}

impl Draft {
    fn key(&mut self, reader: &mut Reader<'_>, key: &str, node: &Node<'_>) {
        let transport = match (key, self.kind) {
            ("args" | "env" | "cwd", Kind::Url) => Some("url"),
            ("headers", Kind::Command) => Some("command"),
            _ => None,
        };
        if let Some(transport) = transport {
            // Other clients write all their keys, empty where they have no use.
            if self.strict || !node.is_empty() {
                let (server, key) = (self.name.clone(), key.to_owned());
                let mistake = Mistake::MisplacedKey { server, key, transport };
                reader.error_if(self.strict, node, mistake);
            }
            return;
        }
        let Self { name, values, .. } = self;
        match key {
            "command" => values.command = reader.expanded(node, key, name),
            "cwd" => values.cwd = reader.expanded(node, key, name),
            "url" => values.url = reader.expanded(node, key, name),
            "args" => {
                let items = reader.list(node, key).iter();
                values.args = items.filter_map(|item| reader.expanded(item, key, name)).collect();
            }
            "env" => values.env = pairs(reader, node, key, name),
            "headers" => values.headers = pairs(reader, node, key, name),
            "description" => values.description = reader.text(node, key),
            "disabled" => drop(reader.boolean(node, key)),
            "start_timeout_ms" => values.start_timeout = timeout(reader, node, key),
            "call_timeout_ms" => values.call_timeout = timeout(reader, node, key),
            "mask" => values.mask = Some((paths(reader, node, key), node.place.to_string())),
            "clear" => values.clear = Some((paths(reader, node, key), node.place.to_string())),
            "type" => self.check_type(reader, node),
            RATE => self.rate(reader, node),
            CHANGED_TOOLS => self.changed_tools(reader, node),
            _ if let Some(key) = policy_key(key) => self.policy(reader, node, key),
            _ => reader.unknown(node, key, &KEYS, self.strict),
        }
    }

    fn changed_tools(&mut self, reader: &mut Reader<'_>, node: &Node<'_>) {
        if let Some(choice) = one_of(reader, node, CHANGED_TOOLS, &CHANGES) {
            self.values.holds_changes = choice == CHANGES[1];
            self.values.policy_from.insert(CHANGED_TOOLS, node.place.to_string());
        }
    }

    fn policy(&mut self, reader: &mut Reader<'_>, node: &Node<'_>, key: PolicyKey) {
        let Some(value) = reader.number(node, key.setting()) else { return };
        match self.values.policy.set(key, value) {
            Ok(()) => {
                self.values.policy_from.insert(key.setting(), node.place.to_string());
            }
            Err(error) => reader.error(node, error.into()),
        }
    }

    fn rate(&mut self, reader: &mut Reader<'_>, node: &Node<'_>) {
        let Some(text) = reader.text(node, RATE) else { return };
        match text.value.parse() {
            Ok(rate) => {
                self.values.policy.rate = Some(rate);
                self.values.policy_from.insert(RATE, text.place);
            }
            Err(_) => reader.error(node, BadRate { text: shown(&text.value) }.into()),
        }
    }

    /// Other clients say the transport; ours follows from `command` or `url`.
    fn check_type(&self, reader: &mut Reader<'_>, node: &Node<'_>) {
        let Some(read) = reader.text(node, "type") else { return };
        let (server, kind) = (self.name.clone(), shown(&read.value));
        let mistake = match (read.value.as_str(), self.kind) {
            ("stdio", Kind::Url) => Mistake::TypeMismatch { server, kind, key: "url" },
            ("http" | "streamable-http" | "streamableHttp", Kind::Command) => {
                Mistake::TypeMismatch { server, kind, key: "command" }
            }
            ("stdio" | "http" | "streamable-http" | "streamableHttp", _) => return,
            ("sse", _) => Mistake::LegacySse { server },
            _ => Mistake::UnknownType { server, kind },
        };
        reader.error(node, mistake);
    }

    fn stdio(&self, reader: &mut Reader<'_>, folder: &Path) -> Option<Transport> {
        let values = &self.values;
        for (name, read) in &values.env {
            if name.is_empty() || name.contains(['=', '\0']) {
                let (server, name) = (self.name.clone(), shown(name));
                reader.error_at(read.place.clone(), Mistake::BadVariableName { server, name });
            }
        }
        let command = values.command.as_ref()?;
        if command.value.trim().is_empty() {
            let server = self.name.clone();
            reader.error_at(command.place.clone(), Mistake::EmptyCommand { server });
        }
        // A bare name is looked up on PATH; a relative path begins at the file's folder.
        let command = if command.value.contains(['/', '\\']) {
            within(folder, &command.value).to_string_lossy().into_owned()
        } else {
            command.value.clone()
        };
        Some(Transport::Stdio {
            command,
            args: values.args.iter().map(|read| read.value.clone()).collect(),
            env: values.env.iter().map(secret).collect(),
            cwd: within(folder, values.cwd.as_ref().map_or("", |cwd| cwd.value.as_str())),
        })
    }

    fn http(&self, reader: &mut Reader<'_>) -> Option<Transport> {
        for (name, Read { value, place, .. }) in &self.values.headers {
            if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
                let (server, name) = (self.name.clone(), shown(name));
                reader.error_at(place.clone(), Mistake::BadHeaderName { server, name });
            } else if http::HeaderValue::from_str(value).is_err() {
                let (server, name) = (self.name.clone(), shown(name));
                reader.error_at(place.clone(), Mistake::BadHeaderValue { server, name });
            }
        }
        let url = self.values.url.as_ref()?;
        if !is_http(&url.value) {
            let server = self.name.clone();
            reader.error_at(url.place.clone(), Mistake::BadUrl { server });
        }
        Some(Transport::Http {
            url: match &url.template {
                Some((template, _)) => DisplayUrl::from_template(url.value.clone(), template),
                None => DisplayUrl::new(url.value.clone()),
            },
            headers: self.values.headers.iter().map(secret).collect(),
        })
    }
}

/// `path` as seen from `folder`, without the `.` that a plain join leaves.
fn within(folder: &Path, path: &str) -> PathBuf {
    folder.join(path).components().collect()
}

fn is_http(url: &str) -> bool {
    let Ok(url) = url.parse::<http::Uri>() else { return false };
    let Some(authority) = url.authority() else { return false };
    // The parser of addresses takes any digits for a port.
    let has_port_text = authority
        .as_str()
        .rsplit('@')
        .next()
        .is_some_and(|host| host.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']')));
    matches!(url.scheme_str(), Some("http" | "https"))
        && !authority.host().is_empty()
        && (!has_port_text || authority.port().is_some())
}

fn secret((name, read): &(String, Read<String>)) -> (String, Secret) {
    (name.clone(), Secret::new(read.value.clone()))
}

fn pairs(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    key: &str,
    server: &str,
) -> Vec<(String, Read<String>)> {
    let entries = reader.table(node, key).iter();
    entries
        .filter_map(|(name, value)| {
            let key = format!("{key}.{}", segment(name));
            Some((name.clone(), reader.expanded(value, &key, server)?))
        })
        .collect()
}

fn timeout(reader: &mut Reader<'_>, node: &Node<'_>, key: &str) -> Option<Read<Duration>> {
    let value = reader.number(node, key)?;
    if !(1..=TIMEOUT_MS_MAX).contains(&value) {
        let key = key.to_owned();
        reader.error(node, Mistake::TimeoutOutOfRange { key, value, max: TIMEOUT_MS_MAX });
        return None;
    }
    let value = Duration::from_millis(value);
    Some(Read { value, place: node.place.to_string(), template: None })
}

/// Says where each value is from, as it may be shown. What identifies the server comes first.
fn explain(values: &Values, transport: &Transport, name: &str, origins: &mut Vec<Origin>) {
    let mut origin = |key: &str, value: &str, from: Option<String>| {
        origins.push(Origin {
            key: format!("servers.{}.{key}", segment(name)),
            value: printable(value),
            from: from.unwrap_or_else(|| "default".to_owned()),
        });
    };
    match transport {
        Transport::Stdio { command, env, cwd, .. } => {
            origin("command", command, values.command.as_ref().map(Read::from));
            for (index, arg) in values.args.iter().enumerate() {
                // A token is often an argument: what variables made is shown as it was written.
                let shown = arg.template.as_ref().map_or(&arg.value, |(template, _)| template);
                origin(&format!("args[{index}]"), shown, Some(arg.from()));
            }
            for ((name, secret), (_, read)) in env.iter().zip(&values.env) {
                let key = format!("env.{}", segment(name));
                origin(&key, &secret.to_string(), Some(read.from()));
            }
            origin("cwd", &cwd.to_string_lossy(), values.cwd.as_ref().map(Read::from));
        }
        Transport::Http { url, headers } => {
            origin("url", &url.to_string(), values.url.as_ref().map(Read::from));
            for ((name, secret), (_, read)) in headers.iter().zip(&values.headers) {
                let key = format!("headers.{}", segment(name));
                origin(&key, &secret.to_string(), Some(read.from()));
            }
        }
    }
    if let Some(description) = &values.description {
        origin("description", &description.value, Some(description.from()));
    }
    for (key, timeout, default) in [
        ("start_timeout_ms", &values.start_timeout, START_TIMEOUT_DEFAULT),
        ("call_timeout_ms", &values.call_timeout, CALL_TIMEOUT_DEFAULT),
    ] {
        let value = timeout.as_ref().map_or(default, |read| read.value).as_millis().to_string();
        origin(key, &value, timeout.as_ref().map(Read::from));
    }
    explain_policy(values, &mut origin);
}

/// The last of what [`explain`] says.
fn explain_policy(values: &Values, origin: &mut impl FnMut(&str, &str, Option<String>)) {
    let from = |setting| values.policy_from.get(setting).cloned();
    for key in PolicyKey::ALL {
        let value = values.policy.get(key).to_string();
        origin(key.setting(), &value, from(key.setting()));
    }
    let rate = values.policy.rate.map_or_else(|| "any".to_owned(), |rate| rate.to_string());
    origin(RATE, &rate, from(RATE));
    let changes = CHANGES[usize::from(values.holds_changes)];
    origin(CHANGED_TOOLS, changes, from(CHANGED_TOOLS));
    for (key, paths) in [("mask", &values.mask), ("clear", &values.clear)] {
        if let Some((paths, from)) = paths {
            origin(key, &format!("[{}]", paths.join(", ")), Some(from.clone()));
        }
    }
}

fn policy_key(key: &str) -> Option<PolicyKey> {
    PolicyKey::ALL.into_iter().find(|known| known.setting() == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_http_with_a_host_and_a_real_port() {
        for (url, expected) in [
            ("http://127.0.0.1:9/mcp", true),
            ("https://crm.example.com", true),
            ("https://me:pass@crm.example.com:8443/mcp?a=b#c", true),
            ("http://[::1]/mcp", true),
            ("http://[::1]:80/mcp", true),
            ("http://h:65536/", false),
            ("http://h:/", false),
            ("http://h:x/", false),
            ("http:///mcp", false),
            ("ftp://h", false),
            ("h/mcp", false),
            ("/mcp", false),
            ("", false),
            ("http://h/a b", false),
        ] {
            assert_eq!(is_http(url), expected, "{url}");
        }
    }
}
