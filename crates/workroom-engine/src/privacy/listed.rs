//! What servers say of themselves, without the personal data in it.
//!
//! Descriptions are read by every session, so there is no vault to put a value into: what is found
//! is replaced by its kind. Names, types and constants of schemas stay as they are, since calls are
//! checked against them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::Value;
use workroom_pii::{Detect, Found, Place, Sink, Withheld};
use workroom_types::{ServerSnapshot, ServerStatus, ToolDef};

/// The keys of a schema that are words for people, or examples.
const WORDS: [&str; 5] = ["description", "title", "examples", "example", "$comment"];

/// The deepest schema that is looked at; what is deeper is not shown to anybody either.
const DEPTH_MAX: usize = 128;

/// Snapshots that were looked at, by what they were made of.
#[derive(Default)]
pub(crate) struct Listed {
    known: Mutex<HashMap<String, (Arc<ServerSnapshot>, Arc<ServerSnapshot>)>>,
}

impl Listed {
    /// `servers` without personal data.
    pub(crate) fn masked(
        &self,
        servers: Vec<Arc<ServerSnapshot>>,
        detect: &dyn Detect,
    ) -> Vec<Arc<ServerSnapshot>> {
        // Every change is one insertion.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mask = |server: Arc<ServerSnapshot>| {
            if let Some((was, masked)) = known.get(&server.name)
                && Arc::ptr_eq(was, &server)
            {
                return Arc::clone(masked);
            }
            let masked = snapshot(&server, detect).map_or_else(|| Arc::clone(&server), Arc::new);
            known.insert(server.name.clone(), (server, Arc::clone(&masked)));
            masked
        };
        servers.into_iter().map(mask).collect()
    }
}

/// `server` without personal data; `None` where it has none.
fn snapshot(server: &ServerSnapshot, detect: &dyn Detect) -> Option<ServerSnapshot> {
    let place = Place { server: &server.name, tool: "", schema: None };
    let mut out = server.clone();
    let mut is_changed = false;
    if let ServerStatus::Failed { reason, .. } = &mut out.status {
        is_changed |= words(reason, detect, place);
    }
    let texts = [&mut out.title, &mut out.instructions].into_iter().flatten();
    for text in texts.chain(&mut out.warnings) {
        is_changed |= words(text, detect, place);
    }
    let masked: Vec<Option<ToolDef>> =
        out.tools.iter().map(|tool| tool_def(tool, detect, place)).collect();
    if masked.iter().any(Option::is_some) {
        let tools = out.tools.iter().zip(masked);
        let tools = tools.map(|(tool, masked)| masked.unwrap_or_else(|| tool.clone())).collect();
        out.tools = Arc::new(tools);
        is_changed = true;
    }
    is_changed.then_some(out)
}

fn tool_def(tool: &ToolDef, detect: &dyn Detect, place: Place<'_>) -> Option<ToolDef> {
    let mut masked = tool.clone();
    let mut is_changed = false;
    for text in [&mut masked.title, &mut masked.description].into_iter().flatten() {
        is_changed |= words(text, detect, place);
    }
    is_changed |= schema(&mut masked.input_schema, false, detect, place, 0);
    if let Some(output) = &mut masked.output_schema {
        is_changed |= schema(output, false, detect, place, 0);
    }
    is_changed.then_some(masked)
}

/// Masks the words in a schema; `in_words` where all texts are some.
fn schema(
    value: &mut Value,
    in_words: bool,
    detect: &dyn Detect,
    place: Place<'_>,
    depth: usize,
) -> bool {
    if depth > DEPTH_MAX {
        return false;
    }
    match value {
        Value::String(text) => in_words && words(text, detect, place),
        Value::Array(items) => items
            .iter_mut()
            .fold(false, |any, item| schema(item, in_words, detect, place, depth + 1) | any),
        Value::Object(map) => map.iter_mut().fold(false, |any, (key, item)| {
            // Parameters may be called so, too: then a schema follows and no text.
            let is_words =
                in_words || WORDS.contains(&key.as_str()) && (item.is_string() || item.is_array());
            schema(item, is_words, detect, place, depth + 1) | any
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn words(text: &mut String, detect: &dyn Detect, place: Place<'_>) -> bool {
    match detect.text(text, place, &mut Blank) {
        Ok(Some(masked)) => {
            *text = masked;
            true
        }
        Ok(None) => false,
        Err(_) => {
            "(withheld: it could not be searched for personal data)".clone_into(text);
            true
        }
    }
}

/// Replaces a value by its kind.
struct Blank;

impl Sink for Blank {
    fn replace(&mut self, found: &Found<'_>) -> Result<Option<String>, Withheld> {
        Ok(Some(format!("({} withheld)", found.kind.name())))
    }

    fn escape(&mut self, _: &str) -> Option<String> {
        None
    }
}
