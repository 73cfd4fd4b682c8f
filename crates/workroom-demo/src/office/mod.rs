//! A server that keeps records in tables, as most business systems do.
//!
//! What its tools are called, take, do and give stands in a text (see [`spec`]); the records are
//! JSON in the server's own form, made by the world's seed. Keys that begin with `_` are the
//! server's own and never shown: a day to sort by, the text of a document.

mod shape;
mod spec;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use workroom_types::ToolDef;

use crate::{
    arguments::Arguments,
    backend::Refusal,
    page::{chained, numbered, window},
};
use shape::project;
pub(crate) use spec::Spec;
use spec::{Argument, Compare, Paging, Tool, Verb};

/// How many records a list gives at once unless asked, and at most.
pub(crate) const SIZE: usize = 25;
pub(crate) const SIZE_MAX: usize = 100;

/// Records, by the table's name.
pub(crate) type Tables = BTreeMap<&'static str, Vec<Value>>;

/// What a tool does that no verb of [`spec`] says.
pub(crate) type Custom = fn(&mut Tables, &Map<String, Value>) -> Result<Value, Refusal>;

/// One server's tools and records.
#[derive(Debug)]
pub(crate) struct Office {
    tools: Vec<Tool>,
    defs: Vec<ToolDef>,
    paging: Paging,
    tables: Tables,
    custom: fn(&str) -> Option<Custom>,
    made: u32,
}

impl Office {
    pub(crate) fn new(text: &str, tables: Tables, custom: fn(&str) -> Option<Custom>) -> Self {
        let spec = Spec::read(text);
        let defs = spec.tools.iter().map(|tool| tool.def.clone()).collect();
        Self { tools: spec.tools, defs, paging: spec.paging, tables, custom, made: 0 }
    }

    pub(crate) fn defs(&self) -> &[ToolDef] {
        &self.defs
    }

    /// Calls one tool.
    pub(crate) fn call(
        &mut self,
        name: &str,
        given: &Map<String, Value>,
    ) -> Result<Value, Refusal> {
        let unknown = || Refusal::Tool(name.to_owned());
        let at = self.tools.iter().position(|tool| tool.def.name == name).ok_or_else(unknown)?;
        let arguments = Arguments::check(&self.tools[at].def.input_schema, given)?;
        let tool = self.tools[at].clone();
        match tool.op.verb {
            Verb::List | Verb::Search => self.page(&tool, arguments, given),
            Verb::Get => self.find(&tool, given).map(|index| self.shown(&tool, index)),
            Verb::Show => Ok(self.shown(&tool, 0)),
            Verb::Create => {
                let index = self.create(&tool, given);
                Ok(self.shown(&tool, index))
            }
            Verb::Update | Verb::Set | Verb::Add => {
                let index = self.find(&tool, given)?;
                self.change(&tool, index, given);
                Ok(self.shown(&tool, index))
            }
            Verb::Remove => {
                let index = self.find(&tool, given)?;
                let removed = self.table(&tool).remove(index);
                Ok(json!({ "deleted": true, "id": removed["id"] }))
            }
            Verb::Count => Ok(self.count(&tool, given)),
            Verb::Custom => {
                let custom = (self.custom)(&tool.op.table).ok_or_else(unknown)?;
                custom(&mut self.tables, given)
            }
        }
    }

    fn table(&mut self, tool: &Tool) -> &mut Vec<Value> {
        self.tables
            .iter_mut()
            .find(|(name, _)| **name == tool.op.table)
            .map_or_else(|| panic!("there is no table `{}`", tool.op.table), |(_, rows)| rows)
    }

    fn rows(&self, tool: &Tool) -> &[Value] {
        self.tables.get(tool.op.table.as_str()).map(Vec::as_slice).unwrap_or_default()
    }

    fn shown(&self, tool: &Tool, index: usize) -> Value {
        self.rows(tool).get(index).map(|record| show(tool, record)).unwrap_or_default()
    }

    /// The record that the tool's first argument names.
    fn find(&self, tool: &Tool, given: &Map<String, Value>) -> Result<usize, Refusal> {
        let key = tool.arguments.first().expect("a tool for one record says which");
        let wanted = &given[&key.name];
        self.rows(tool).iter().position(|record| at(record, &key.path) == wanted).ok_or_else(|| {
            let id = wanted.as_str().map_or_else(|| wanted.to_string(), str::to_owned);
            Refusal::NotFound { what: singular(&tool.op.table), id }
        })
    }

    fn page(
        &self,
        tool: &Tool,
        arguments: Arguments<'_>,
        given: &Map<String, Value>,
    ) -> Result<Value, Refusal> {
        let is_search = tool.op.verb == Verb::Search;
        let words: Vec<String> = match arguments.text("query").filter(|_| is_search) {
            Some(query) => query.to_lowercase().split_whitespace().map(str::to_owned).collect(),
            None => Vec::new(),
        };
        let filters = tool.arguments.iter().filter(|it| !(is_search && it.name == "query"));
        let filters: Vec<(&Argument, &Value)> = filters
            .filter_map(|argument| Some((argument, given.get(&argument.name)?)))
            .filter(|(_, value)| !value.is_null())
            .collect();
        let rows: Vec<&Value> = self
            .rows(tool)
            .iter()
            .filter(|record| filters.iter().all(|(argument, value)| fits(record, argument, value)))
            .filter(|record| words.is_empty() || has_words(record, &tool.op.rest, &words))
            .collect();
        let (begin, size) = self.paging.names();
        let size = arguments.size(size, SIZE);
        let list = |rows: &[&Value]| -> Vec<Value> {
            rows.iter().map(|record| show(tool, record)).collect()
        };
        Ok(match self.paging {
            Paging::Numbered => {
                let (shown, info) = numbered(&rows, arguments.size(begin, 1), size);
                json!({ tool.op.table.as_str(): list(shown), "pagination": info })
            }
            Paging::Offset => {
                let offset = arguments.size(begin, 0);
                let shown = list(window(&rows, offset, size));
                json!({ "total": rows.len(), "offset": offset, "limit": size, "items": shown })
            }
            Paging::Chained | Paging::Token => {
                let name = format!("{}:{:?}:{words:?}", tool.def.name, filters_text(&filters));
                let (shown, next) = chained(&rows, &name, arguments.text(begin), size)?;
                let shown = list(shown);
                if self.paging == Paging::Token {
                    json!({ "items": shown, "nextPageToken": next })
                } else {
                    json!({ "data": shown, "has_more": next.is_some(), "next_cursor": next })
                }
            }
        })
    }

    fn create(&mut self, tool: &Tool, given: &Map<String, Value>) -> usize {
        self.made += 1;
        let mut rest = tool.op.rest.iter();
        let prefix = rest.next().map(String::as_str).unwrap_or_default();
        let mut record = json!({ "id": format!("{prefix}{}", 90_000 + self.made * 7) });
        for pair in rest {
            set_pair(&mut record, pair);
        }
        for argument in &tool.arguments {
            if let Some(value) = given.get(&argument.name) {
                put(&mut record, &argument.path, value.clone());
            }
        }
        let table = self.table(tool);
        table.push(record);
        table.len() - 1
    }

    fn change(&mut self, tool: &Tool, index: usize, given: &Map<String, Value>) {
        let rest = tool.op.rest.clone();
        let record = &mut self.table(tool)[index];
        let others = tool.arguments.iter().skip(1);
        let others = others.filter_map(|it| Some((it, given.get(&it.name)?)));
        if tool.op.verb == Verb::Add {
            let entry: Map<String, Value> =
                others.map(|(argument, value)| (argument.path.clone(), value.clone())).collect();
            // A list of plain values takes the one value that there is.
            let entry = match rest.get(1) {
                Some(_) => entry.into_iter().next().map(|(_, value)| value).unwrap_or_default(),
                None => Value::Object(entry),
            };
            let list = rest.first().map(String::as_str).unwrap_or_default();
            match record[list].as_array_mut() {
                Some(list) => list.push(entry),
                None => record[list] = json!([entry]),
            }
            return;
        }
        for (argument, value) in others {
            put(record, &argument.path, value.clone());
        }
        for pair in &rest {
            set_pair(record, pair);
        }
    }

    fn count(&self, tool: &Tool, given: &Map<String, Value>) -> Value {
        let path = tool.op.rest.first().map(String::as_str).unwrap_or_default();
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for record in self.rows(tool) {
            let filters = tool.arguments.iter().filter_map(|it| Some((it, given.get(&it.name)?)));
            if filters.into_iter().all(|(argument, value)| fits(record, argument, value)) {
                let value = at(record, path);
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                *counts.entry(value).or_default() += 1;
            }
        }
        let counts: Vec<Value> = counts
            .into_iter()
            .map(|(value, count)| json!({ "value": value, "count": count }))
            .collect();
        json!({ "field": path, "counts": counts })
    }
}

/// `record` as `tool` shows it.
fn show(tool: &Tool, record: &Value) -> Value {
    if let Some((_, shape)) = &tool.out {
        return project(record, shape);
    }
    let fields = record.as_object().into_iter().flatten();
    let fields = fields.filter(|(key, _)| !key.starts_with('_'));
    Value::Object(fields.map(|(key, value)| (key.clone(), value.clone())).collect())
}

fn filters_text(filters: &[(&Argument, &Value)]) -> String {
    let texts = filters.iter().map(|(argument, value)| format!("{}={value};", argument.name));
    texts.collect::<Vec<_>>().concat()
}

/// The value at `a.b` of `record`; null where there is none.
pub(crate) fn at<'r>(record: &'r Value, path: &str) -> &'r Value {
    path.split('.').fold(record, |value, key| &value[key])
}

fn put(record: &mut Value, path: &str, value: Value) {
    let place = path.split('.').fold(record, |place, key| {
        if !place.is_object() {
            *place = json!({});
        }
        &mut place[key]
    });
    *place = value;
}

/// `status=open`; a value that is JSON is taken as JSON.
fn set_pair(record: &mut Value, pair: &str) {
    let (path, text) = pair.split_once('=').expect("a value is set by `path=value`");
    put(record, path, serde_json::from_str(text).unwrap_or_else(|_| json!(text)));
}

fn fits(record: &Value, argument: &Argument, wanted: &Value) -> bool {
    let actual = at(record, &argument.path);
    let text = |value: &Value| value.as_str().map(str::to_lowercase).unwrap_or_default();
    match argument.compare {
        Compare::Equal => match actual.as_array() {
            Some(several) => several.contains(wanted),
            None => actual == wanted,
        },
        Compare::Least => actual.as_str() >= wanted.as_str(),
        Compare::Most => actual.as_str() <= wanted.as_str(),
        Compare::Contains => text(actual).contains(&text(wanted)),
    }
}

fn has_words(record: &Value, fields: &[String], words: &[String]) -> bool {
    let text: String = fields
        .iter()
        .map(|path| {
            let value = at(record, path);
            value.as_str().map_or_else(|| value.to_string(), str::to_owned).to_lowercase() + "\n"
        })
        .collect();
    words.iter().all(|word| text.contains(word))
}

/// What one record of a table is called in an error.
fn singular(table: &str) -> &'static str {
    const NAMES: [(&str, &str); 12] = [
        ("matters", "matter"),
        ("documents", "document"),
        ("cases", "case"),
        ("events", "event"),
        ("contacts", "contact"),
        ("accounts", "account"),
        ("messages", "message"),
        ("tickets", "ticket"),
        ("orders", "order"),
        ("customers", "customer"),
        ("patients", "patient"),
        ("referrals", "referral"),
    ];
    NAMES.iter().find(|(name, _)| *name == table).map_or("record", |(_, one)| one)
}

#[cfg(test)]
mod tests;
