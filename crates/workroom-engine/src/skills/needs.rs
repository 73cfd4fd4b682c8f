//! What a version of a skill needs, as it was when it was saved, and what of it is not so any more.
//!
//! A tool that takes more than before, or gives more, is still what the skill was written for. One
//! that lost a parameter or a field, asks for a new one, or changed a type is not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use workroom_catalog::{Catalog, ToolEntry};
use workroom_script::Linked;
use workroom_types::{ServerStatus, ToolRef};

use crate::check;

/// The most parameters, and the most fields, of one tool that are remembered.
const NAMES_MAX: usize = 200;

/// The most names that one clause tells.
const TOLD_MAX: usize = 4;

/// What a version needs, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Needs {
    /// The servers that its code names.
    pub servers: Vec<String>,
    /// The tools that it may call, as they were when it was saved.
    pub tools: Vec<NeededTool>,
    /// The skills that it imports.
    pub skills: Vec<String>,
}

/// A tool as it was when a skill was saved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeededTool {
    /// Its server.
    pub server: String,
    /// Its name.
    pub tool: String,
    /// The hash of its definition.
    pub definition: String,
    /// Its parameters, with their types.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Those that every call must give.
    #[serde(default)]
    pub required: Vec<String>,
    /// The fields of its result, with their types.
    #[serde(default)]
    pub outputs: BTreeMap<String, String>,
}

impl NeededTool {
    fn of(server: &str, entry: &ToolEntry) -> Self {
        let def = &entry.def;
        let required = def.input_schema.get("required").and_then(Value::as_array);
        let required = required.into_iter().flatten().filter_map(Value::as_str);
        Self {
            server: server.to_owned(),
            tool: def.name.clone(),
            definition: entry.definition().to_owned(),
            parameters: types(Some(&def.input_schema)),
            required: required.take(NAMES_MAX).map(str::to_owned).collect(),
            outputs: types(def.output_schema.as_ref()),
        }
    }

    /// The tool.
    pub fn name(&self) -> ToolRef {
        ToolRef { server: self.server.clone(), tool: self.tool.clone() }
    }

    /// What of the tool is now such that the skill may not work any more, in one clause.
    fn broken(&self, now: &Self) -> Option<String> {
        let gone = |then: &BTreeMap<String, String>, now: &BTreeMap<String, String>| {
            names(then.keys().filter(|key| !now.contains_key(*key)))
        };
        let other = |then: &BTreeMap<String, String>, now: &BTreeMap<String, String>| {
            let changed = then.iter().filter(|(key, kind)| {
                // A type that is not told now may still be the same.
                now.get(*key).is_some_and(|now| now != *kind && !now.is_empty()) && !kind.is_empty()
            });
            names(changed.map(|(key, _)| key))
        };
        let required = now.required.iter().filter(|name| !self.required.contains(name));
        let clauses = [
            (gone(&self.parameters, &now.parameters), "has no parameter"),
            (names(required), "asks for"),
            (other(&self.parameters, &now.parameters), "takes another type of"),
            (gone(&self.outputs, &now.outputs), "gives no"),
            (other(&self.outputs, &now.outputs), "gives another type of"),
        ];
        let told: Vec<String> = clauses
            .into_iter()
            .filter_map(|(names, what)| names.map(|names| format!("it now {what} {names}")))
            .collect();
        (!told.is_empty()).then(|| told.join(", "))
    }
}

fn names<'n>(names: impl Iterator<Item = &'n String>) -> Option<String> {
    let all: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    let more = all.len().saturating_sub(TOLD_MAX);
    let shown = all.get(..all.len().min(TOLD_MAX))?.join(", ");
    match (all.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(shown),
        (false, more) => Some(format!("{shown} and {more} more")),
    }
}

/// The properties of a schema with their types, as far as it says them plainly.
fn types(schema: Option<&Value>) -> BTreeMap<String, String> {
    let properties = schema.and_then(|it| it.get("properties")).and_then(Value::as_object);
    let properties = properties.into_iter().flatten().take(NAMES_MAX);
    properties
        .map(|(key, schema)| {
            let kind = match schema.get("type") {
                Some(Value::String(kind)) => kind.clone(),
                Some(Value::Array(kinds)) => {
                    let mut kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
                    kinds.sort_unstable();
                    kinds.join("|")
                }
                _ => String::new(),
            };
            (key.clone(), kind)
        })
        .collect()
}

/// Why a skill cannot be used now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// In one clause, naming the server or the tools.
    pub message: String,
    /// Whether that may pass by itself: a server that is starting.
    pub may_pass: bool,
}

impl Needs {
    /// Reads [`crate::store::SkillRecord::needs`].
    pub fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// Its text for the store.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What `linked` needs, as `catalog` has it now.
    pub fn of(linked: &Linked, catalog: &Catalog) -> Self {
        let mut needs = Needs { skills: linked.imports.clone(), ..Needs::default() };
        for need in &linked.needs {
            needs.servers.push(need.server.clone());
            for tool in &need.tools {
                let name = ToolRef { server: need.server.clone(), tool: tool.clone() };
                if let Some(entry) = check::entry(catalog, &name) {
                    needs.tools.push(NeededTool::of(&need.server, entry));
                }
            }
        }
        needs
    }

    /// What of this is not there, or not as it was, for the skill `name`.
    pub fn unmet(&self, name: &str, catalog: &Catalog) -> Option<Unmet> {
        let told = |message: String, may_pass| Some(Unmet { message, may_pass });
        for server in &self.servers {
            let known = catalog.servers().iter().find(|known| known.name == *server);
            match known.map(|known| (&known.status, known.tools.is_empty())) {
                None => {
                    let what = format!("skill `{name}` needs server `{server}`, which is not here");
                    return told(what, false);
                }
                Some((ServerStatus::Starting, true)) => {
                    let what =
                        format!("skill `{name}` needs server `{server}`, which is still starting");
                    return told(what, true);
                }
                Some((ServerStatus::Failed { reason, .. }, true)) => {
                    let what = format!(
                        "skill `{name}` needs server `{server}`, which is not available: {reason}"
                    );
                    return told(what, true);
                }
                Some(_) => {}
            }
        }
        let mut clauses = Vec::new();
        for tool in &self.tools {
            let name = tool.name();
            match check::entry(catalog, &name) {
                None => clauses.push(format!("`{name}`, which is gone")),
                Some(entry) if entry.definition() == tool.definition => {}
                Some(entry) => {
                    let now = NeededTool::of(&tool.server, entry);
                    if let Some(how) = tool.broken(&now) {
                        clauses.push(format!(
                            "`{name}`, which changed since the skill was saved ({how})"
                        ));
                    }
                }
            }
        }
        if clauses.is_empty() {
            return None;
        }
        told(format!("skill `{name}` needs {}", clauses.join("; and ")), false)
    }
}
