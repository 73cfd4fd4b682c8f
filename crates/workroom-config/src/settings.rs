//! `workroom.toml`: its tables, and the settings that are not servers.

use std::collections::BTreeMap;

use workroom_types::Limit;

use crate::{
    Config, Origin, Source,
    node::{Node, Value},
    reader::Reader,
    servers,
};

const TABLES: [&str; 3] = ["servers", "limits", "serve"];
const SERVE: [&str; 3] = ["http", "allowed_hosts", "allowed_origins"];

/// Which settings have been read, and where from. The first file wins.
#[derive(Default)]
pub(crate) struct Settings {
    limits: BTreeMap<Limit, String>,
    serve: BTreeMap<&'static str, String>,
}

impl Settings {
    pub(crate) fn read_toml(
        &mut self,
        reader: &mut Reader<'_>,
        source: &Source<'_>,
        root: &Node,
        config: &mut Config,
    ) {
        for (key, node) in reader.table(root, "the file") {
            match key.as_str() {
                "servers" => servers::read_table(reader, source, node, "servers", true, config),
                "limits" => self.limits(reader, node, config),
                "serve" => self.serve(reader, node, config),
                _ => reader.unknown(node, key, &TABLES, true),
            }
        }
    }

    fn limits(&mut self, reader: &mut Reader<'_>, table: &Node, config: &mut Config) {
        for (key, node) in reader.table(table, "limits") {
            let Some(limit) = Limit::ALL.into_iter().find(|limit| limit.setting() == key) else {
                reader.unknown(node, key, &Limit::ALL.map(Limit::setting), true);
                continue;
            };
            let Some(value) = reader.number(node, key) else { continue };
            if self.limits.contains_key(&limit) {
                continue;
            }
            match config.limits.set(limit, value) {
                Ok(()) => {
                    self.limits.insert(limit, node.place.clone());
                }
                Err(error) => reader.error(node, error.to_string()),
            }
        }
    }

    fn serve(&mut self, reader: &mut Reader<'_>, table: &Node, config: &mut Config) {
        for (key, node) in reader.table(table, "serve") {
            let Some(known) = SERVE.into_iter().find(|known| known == key) else {
                reader.unknown(node, key, &SERVE, true);
                continue;
            };
            let is_new = !self.serve.contains_key(known);
            match known {
                "http" => {
                    let Some(text) = reader.text(node, key) else { continue };
                    match text.parse() {
                        Ok(address) if is_new => config.serve.http = Some(address),
                        Ok(_) => {}
                        Err(_) => reader.error(
                            node,
                            format!("`{text}` is no address and port, such as 127.0.0.1:8300"),
                        ),
                    }
                }
                "allowed_hosts" => {
                    let hosts = texts(reader, node, key);
                    if is_new {
                        config.serve.allowed_hosts = hosts;
                    }
                }
                _ => {
                    let origins = origins(reader, node, key);
                    if is_new {
                        config.serve.allowed_origins = origins;
                    }
                }
            }
            self.serve.entry(known).or_insert_with(|| node.place.clone());
        }
    }

    /// Adds the settings and their origins, defaults too.
    pub(crate) fn explain(&self, config: &mut Config) {
        for limit in Limit::ALL {
            config.origins.push(Origin {
                key: format!("limits.{}", limit.setting()),
                value: format!("{} {}", config.limits.get(limit), limit.unit()),
                from: self.limits.get(&limit).map_or("default", String::as_str).to_owned(),
            });
        }
        let serve = &config.serve;
        for (key, value) in [
            ("http", serve.http.map_or_else(|| "off".to_owned(), |http| http.to_string())),
            ("allowed_hosts", format!("[{}]", serve.allowed_hosts.join(", "))),
            ("allowed_origins", format!("[{}]", serve.allowed_origins.join(", "))),
        ] {
            config.origins.push(Origin {
                key: format!("serve.{key}"),
                value,
                from: self.serve.get(key).map_or("default", String::as_str).to_owned(),
            });
        }
    }
}

fn texts(reader: &mut Reader<'_>, node: &Node, key: &str) -> Vec<String> {
    reader.list(node, key).iter().filter_map(|item| reader.text(item, key)).collect()
}

/// An origin is a scheme, a host and a port; one without a scheme would match nothing.
fn origins(reader: &mut Reader<'_>, node: &Node, key: &str) -> Vec<String> {
    let items = reader.list(node, key);
    for item in items {
        if let Value::Text(text) = &item.value
            && !(text.starts_with("http://") || text.starts_with("https://"))
        {
            reader.error(item, format!("`{text}` is no origin, such as https://app.example.com:*"));
        }
    }
    texts(reader, node, key)
}
