//! `workroom.toml`: its tables, and the settings that are not servers.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use workroom_types::{Bound, Limit, Limits, Mode, SkillSettings};

use crate::{
    LedgerConfig, Origin, PrivacySettings, SandboxConfig, ScriptsConfig, SearchConfig, ServeConfig,
    Source,
    clients::Clients,
    error::Mistake,
    node::Node,
    place::{printable, shown},
    reader::Reader,
    servers::Servers,
};

const TABLES: [&str; 10] = [
    "servers", "limits", "serve", "clients", "sandbox", "scripts", "search", "privacy", "ledger",
    "skills",
];
const SANDBOX: [&str; 2] = ["workers", "walls"];
/// The most processes that scripts may run in.
const WORKERS_MAX: u64 = 256;
const WALLS: &[&str] = &["preferred", "required"];
const SCRIPTS: [&str; 4] = ["check", "type_errors", "check_ms", "tsc"];
const CHECKS: &[&str] = &["names", "types"];
const TYPE_ERRORS: &[&str] = &["warn", "refuse"];
/// How long checking a script's types may take, unless configured.
pub(crate) const CHECK_TIME_DEFAULT: Duration = Duration::from_millis(150);
const CHECK_MS_MAX: u64 = 60_000;
const SERVE: [&str; 4] = ["mode", "http", "allowed_hosts", "allowed_origins"];

/// The settings read so far. The first file wins.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    pub(crate) serve: ServeConfig,
    pub(crate) clients: Clients,
    pub(crate) sandbox: SandboxConfig,
    pub(crate) scripts: ScriptsConfig,
    pub(crate) search: SearchConfig,
    pub(crate) privacy: PrivacySettings,
    pub(crate) ledger: LedgerConfig,
    pub(crate) skills: SkillSettings,
    /// Where each setting is from, by its key, with what that overrides.
    from: BTreeMap<String, String>,
    /// The profiles that are asked for, and where: what they are may be said later.
    pub(crate) named_profiles: Vec<(String, String)>,
}

impl Settings {
    pub(crate) fn read_toml<'s>(
        &mut self,
        reader: &mut Reader<'_>,
        source: &'s Source<'s>,
        root: &Node<'s>,
        servers: &mut Servers,
    ) {
        for (key, node) in reader.root(root) {
            match key.as_str() {
                "servers" => servers.read_table(reader, source, node, "servers", true),
                "limits" => self.read_limits(reader, node),
                "serve" => self.read_serve(reader, node),
                "clients" => self.clients.read(reader, node),
                "sandbox" => self.read_sandbox(reader, node),
                "scripts" => self.read_scripts(reader, source, node),
                "search" => self.read_search(reader, source, node),
                "privacy" => self.read_privacy(reader, source, node),
                "ledger" => self.read_ledger(reader, source, node),
                "skills" => self.read_skills(reader, node),
                _ => reader.unknown(node, key, &TABLES, true),
            }
        }
    }

    fn read_limits(&mut self, reader: &mut Reader<'_>, table: &Node<'_>) {
        for (key, node) in reader.table(table, "limits") {
            let Some(limit) = Limit::ALL.into_iter().find(|limit| limit.setting() == key) else {
                reader.unknown(node, key, &Limit::ALL.map(Limit::setting), true);
                continue;
            };
            let Some(value) = reader.number(node, key) else { continue };
            // Checked also where an earlier file wins: it is a mistake all the same.
            let mut limits = self.limits;
            if let Err(error) = limits.set(limit, value) {
                reader.error(node, error.into());
            } else if self.is_first(&format!("limits.{key}"), node) {
                self.limits = limits;
            }
        }
    }

    fn read_serve(&mut self, reader: &mut Reader<'_>, table: &Node<'_>) {
        for (key, node) in reader.table(table, "serve") {
            let full = format!("serve.{key}");
            match key.as_str() {
                "mode" => {
                    let Some(mode) = one_of(reader, node, &full, Mode::NAMES) else { continue };
                    if self.is_first(&full, node) {
                        self.serve.mode = mode.parse().unwrap_or_default();
                    }
                }
                "http" => {
                    let address = address(reader, node, key);
                    if self.is_first(&full, node) {
                        self.serve.http = address;
                    }
                }
                "allowed_hosts" => {
                    let hosts = texts(reader, node, key, is_host, |text| Mistake::BadHost { text });
                    if self.is_first(&full, node) {
                        self.serve.allowed_hosts = hosts;
                    }
                }
                "allowed_origins" => {
                    let mistake = |text| Mistake::BadOrigin { text };
                    let origins = texts(reader, node, key, is_origin, mistake);
                    if self.is_first(&full, node) {
                        self.serve.allowed_origins = origins;
                    }
                }
                _ => reader.unknown(node, key, &SERVE, true),
            }
        }
    }

    fn read_sandbox(&mut self, reader: &mut Reader<'_>, table: &Node<'_>) {
        for (key, node) in reader.table(table, "sandbox") {
            let full = format!("sandbox.{key}");
            match key.as_str() {
                "workers" => {
                    let Some(value) = reader.number(node, key) else { continue };
                    let workers = usize::try_from(value).ok().filter(|_| value <= WORKERS_MAX);
                    if workers.is_none() {
                        reader.error(node, Mistake::TooManyWorkers { value, most: WORKERS_MAX });
                    } else if self.is_first(&full, node) {
                        self.sandbox.workers = workers;
                    }
                }
                "walls" => {
                    let Some(walls) = one_of(reader, node, &full, WALLS) else { continue };
                    if self.is_first(&full, node) {
                        self.sandbox.walls_required = walls == "required";
                    }
                }
                _ => self.read_bound(reader, key, node),
            }
        }
    }

    fn read_scripts(&mut self, reader: &mut Reader<'_>, source: &Source<'_>, table: &Node<'_>) {
        for (key, node) in reader.table(table, "scripts") {
            let full = format!("scripts.{key}");
            match key.as_str() {
                "check" => {
                    let Some(check) = one_of(reader, node, &full, CHECKS) else { continue };
                    if self.is_first(&full, node) {
                        self.scripts.check_types = check == "types";
                    }
                }
                "type_errors" => {
                    let Some(errors) = one_of(reader, node, &full, TYPE_ERRORS) else { continue };
                    if self.is_first(&full, node) {
                        self.scripts.refuse_type_errors = errors == "refuse";
                    }
                }
                "check_ms" => {
                    let Some(value) = reader.number(node, key) else { continue };
                    if !(1..=CHECK_MS_MAX).contains(&value) {
                        let (key, max) = (full, CHECK_MS_MAX);
                        reader.error(node, Mistake::TimeoutOutOfRange { key, value, max });
                    } else if self.is_first(&full, node) {
                        self.scripts.check_time = Duration::from_millis(value);
                    }
                }
                "tsc" => {
                    let Some(path) = reader.text(node, key) else { continue };
                    if self.is_first(&full, node) {
                        self.scripts.tsc = Some(source.folder.join(path.value));
                    }
                }
                _ => reader.unknown(node, key, &SCRIPTS, true),
            }
        }
    }

    fn read_bound(&mut self, reader: &mut Reader<'_>, key: &str, node: &Node<'_>) {
        let Some(bound) = Bound::ALL.into_iter().find(|bound| bound.setting() == key) else {
            let known: Vec<&str> =
                SANDBOX.into_iter().chain(Bound::ALL.map(Bound::setting)).collect();
            reader.unknown(node, key, &known, true);
            return;
        };
        let Some(value) = reader.number(node, key) else { return };
        // Checked also where an earlier file wins: it is a mistake all the same.
        let mut bounds = self.sandbox.bounds;
        if let Err(error) = bounds.set(bound, value) {
            reader.error(node, error.into());
        } else if self.is_first(&format!("sandbox.{key}"), node) {
            self.sandbox.bounds = bounds;
        }
    }

    /// Whether no earlier file set `key`; notes where it is set.
    pub(crate) fn is_first(&mut self, key: &str, node: &Node<'_>) -> bool {
        match self.from.get_mut(key) {
            Some(from) => {
                from.push_str(", overrides ");
                from.push_str(&node.place.to_string());
                false
            }
            None => {
                self.from.insert(key.to_owned(), node.place.to_string());
                true
            }
        }
    }

    /// Where the setting `key` is from.
    pub(crate) fn place_of(&self, key: &str) -> String {
        self.from.get(key).cloned().unwrap_or_default()
    }

    /// Says in `origins` where each setting is from, defaults too.
    pub(crate) fn list(&self, origins: &mut Vec<Origin>) {
        let mut origin = |key: String, value: String| {
            let from = self.from.get(&key).map_or("default", String::as_str).to_owned();
            origins.push(Origin { key, value: printable(&value), from });
        };
        for limit in Limit::ALL {
            let value = format!("{} {}", self.limits.get(limit), limit.unit());
            origin(format!("limits.{}", limit.setting()), value);
        }
        let sandbox = &self.sandbox;
        let workers = sandbox.workers.map_or_else(|| "auto".to_owned(), |count| count.to_string());
        origin("sandbox.workers".to_owned(), workers);
        let walls = if sandbox.walls_required { "required" } else { "preferred" };
        origin("sandbox.walls".to_owned(), walls.to_owned());
        for bound in Bound::ALL {
            let value = format!("{} {}", sandbox.bounds.get(bound), bound.unit());
            origin(format!("sandbox.{}", bound.setting()), value);
        }
        let scripts = &self.scripts;
        origin("scripts.check".to_owned(), CHECKS[usize::from(scripts.check_types)].to_owned());
        let errors = TYPE_ERRORS[usize::from(scripts.refuse_type_errors)];
        origin("scripts.type_errors".to_owned(), errors.to_owned());
        origin("scripts.check_ms".to_owned(), format!("{} ms", scripts.check_time.as_millis()));
        let tsc = scripts.tsc.as_ref().map(|path| path.display().to_string());
        origin("scripts.tsc".to_owned(), tsc.unwrap_or_else(|| "auto".to_owned()));
        for (key, value) in self.search.shown() {
            origin(key, value);
        }
        let serve = &self.serve;
        origin("serve.mode".to_owned(), serve.mode.to_string());
        let http = serve.http.map_or_else(|| "off".to_owned(), |http| http.to_string());
        origin("serve.http".to_owned(), http);
        for (key, list) in [
            ("serve.allowed_hosts", &serve.allowed_hosts),
            ("serve.allowed_origins", &serve.allowed_origins),
        ] {
            origin(key.to_owned(), format!("[{}]", list.join(", ")));
        }
        for (key, value) in self.privacy.shown().into_iter().chain(self.shown_skills()) {
            origin(key, value);
        }
        for (key, value) in self.ledger.shown() {
            origin(key, value);
        }
    }
}

/// A text that is one of `allowed`.
pub(crate) fn one_of(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    key: &str,
    allowed: &'static [&'static str],
) -> Option<&'static str> {
    let text = reader.text(node, key)?.value;
    let found = allowed.iter().find(|value| **value == text).copied();
    if found.is_none() {
        reader.error(node, Mistake::NotOneOf { key: key.to_owned(), text: shown(&text), allowed });
    }
    found
}

fn address(reader: &mut Reader<'_>, node: &Node<'_>, key: &str) -> Option<SocketAddr> {
    let text = reader.text(node, key)?.value;
    let address = text.parse().ok();
    if address.is_none() {
        reader.error(node, Mistake::BadAddress { text: shown(&text) });
    }
    address
}

fn texts(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    key: &str,
    is_valid: fn(&str) -> bool,
    mistake: fn(String) -> Mistake,
) -> Vec<String> {
    let mut texts = Vec::new();
    for item in reader.list(node, key) {
        let Some(text) = reader.text(item, key) else { continue };
        if is_valid(&text.value) {
            texts.push(text.value);
        } else {
            reader.error(item, mistake(shown(&text.value)));
        }
    }
    texts
}

/// A host with or without its port.
fn is_host(text: &str) -> bool {
    !text.contains('@') && text.parse::<http::uri::Authority>().is_ok()
}

/// A scheme, a host and perhaps a port, which may be `*`; a path would match nothing.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    host.is_some_and(|host| is_host(host.strip_suffix(":*").unwrap_or(host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_documented() {
        let page = include_str!("../../../docs/configuration.md");
        let bounds = Bound::ALL.map(Bound::setting);
        for key in SERVE
            .into_iter()
            .chain(crate::servers::KEYS)
            .chain(crate::clients::KEYS)
            .chain(SANDBOX)
            .chain(SCRIPTS)
            .chain(crate::privacy::PRIVACY)
            .chain(crate::ledger::LEDGER)
            .chain(crate::search::SEARCH)
            .chain([crate::skills::AUTO_PROMOTE])
            .chain(bounds)
        {
            assert!(
                page.contains(&format!("\n| `{key}` |")),
                "docs/configuration.md lacks `{key}`"
            );
        }
    }

    #[test]
    fn origins_are_schemes_hosts_and_ports() {
        for (text, expected) in [
            ("https://app.example.com", true),
            ("https://app.example.com:8443", true),
            ("http://localhost:*", true),
            ("http://[::1]:3000", true),
            ("app.example.com", false),
            ("https://", false),
            ("https://me@app.example.com", false),
            ("https://app.example.com/", false),
            ("null", false),
        ] {
            assert_eq!(is_origin(text), expected, "{text}");
        }
    }
}
