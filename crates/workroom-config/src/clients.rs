//! `[clients.<name>]`: what is different for the client of that name.

use workroom_types::Mode;

use crate::{
    Origin,
    error::Mistake,
    node::Node,
    place::{segment, shown},
    reader::Reader,
    settings::one_of,
};

/// The keys of a client, as documented.
pub(crate) const KEYS: [&str; 1] = ["mode"];

/// What is different for one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientConfig {
    /// The name that it gives of itself when it connects.
    pub name: String,
    /// How tools are offered to it.
    pub mode: Option<Mode>,
}

/// The clients read so far. The first file that names one wins.
#[derive(Default)]
pub(crate) struct Clients {
    entries: Vec<(ClientConfig, String)>,
}

impl Clients {
    pub(crate) fn read(&mut self, reader: &mut Reader<'_>, table: &Node<'_>) {
        for (name, node) in reader.table(table, "clients") {
            let mut client = ClientConfig { name: name.clone(), mode: None };
            for (key, node) in reader.table(node, name) {
                match key.as_str() {
                    "mode" => {
                        let full = format!("clients.{}.mode", segment(name));
                        let text = one_of(reader, node, &full, Mode::NAMES);
                        client.mode = text.and_then(|text| text.parse().ok());
                    }
                    _ => reader.unknown(node, key, &KEYS, true),
                }
            }
            if name.trim().is_empty() {
                reader.error(node, Mistake::NamelessClient);
            } else if name.contains(char::is_control) {
                reader.error(node, Mistake::ControlInClient { client: shown(name) });
            }
            match self.entries.iter_mut().find(|(known, _)| known.name == *name) {
                Some((_, from)) => {
                    from.push_str(", overrides ");
                    from.push_str(&node.place.to_string());
                }
                None => self.entries.push((client, node.place.to_string())),
            }
        }
    }

    /// The clients, in order; where their values are from goes to `origins`.
    pub(crate) fn finish(self, origins: &mut Vec<Origin>) -> Vec<ClientConfig> {
        for (client, from) in &self.entries {
            let value = client.mode.map_or("default", Mode::name).to_owned();
            let key = format!("clients.{}.mode", segment(&client.name));
            origins.push(Origin { key, value, from: from.clone() });
        }
        self.entries.into_iter().map(|(client, _)| client).collect()
    }
}
