//! What tools' results have looked like, what contradicts it, and definitions that changed.
//!
//! One entry a tool, in memory for as long as the process lives and in the store between
//! processes, for each definition of the tool. A result is looked at after its answer is made, and
//! changes nothing of it: what is found is told beside the run's result, and never enters the
//! sandbox. So a recorded run replays the same whatever is known by then.
//!
//! Processes that share a store each write what they know; the last one stays. Counts are then
//! too low, and no contradiction is invented.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use workroom_catalog::ToolEntry;
use workroom_shape::{Drift, Observed};
use workroom_types::{Bound, SessionId, ToolRef};

use crate::{
    Shared, check, now,
    report::RunFailure,
    store::{Millis, ShapeRecord},
};

/// The most bytes of a result that is looked at: a larger one would hold up its run.
pub(crate) const RESULT_BYTES_MAX: usize = 1024 * 1024;

/// The most bytes of what is stored of one tool; what has more is begun anew.
pub(crate) const RECORD_BYTES_MAX: usize = 64 * 1024;

/// The most changes of one tool's definition that are remembered.
pub(crate) const CHANGES_MAX: usize = 8;

/// The most warnings that one run tells.
const WARNINGS_MAX: usize = 8;

/// The most parameters of one definition that are compared with those of the next.
const PARAMETERS_MAX: usize = 200;

/// What is known of a tool, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KnownTool {
    /// What its results have looked like.
    pub observed: Observed,
    /// How its definition came to be what it is, the oldest change first.
    pub changes: Vec<Change>,
    /// Its parameters, to be compared with those of the next definition.
    parameters: Map<String, Value>,
    required: Vec<String>,
}

/// A definition that was another one before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// When it was noticed.
    pub at: Millis,
    /// What is different, in one clause.
    pub what: String,
}

impl KnownTool {
    /// Reads [`ShapeRecord::body`].
    pub fn read(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }

    fn of(entry: &ToolEntry) -> Self {
        let schema = &entry.def.input_schema;
        let properties = schema.get("properties").and_then(Value::as_object);
        let kind = |schema: &Value| schema.get("type").cloned().unwrap_or_default();
        let parameters = properties.into_iter().flatten().take(PARAMETERS_MAX);
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        let required = required.take(PARAMETERS_MAX).filter_map(Value::as_str);
        Self {
            parameters: parameters.map(|(key, it)| (key.clone(), kind(it))).collect(),
            required: required.map(str::to_owned).collect(),
            ..Self::default()
        }
    }

    /// What is different from `before`.
    fn difference(&self, before: &Self) -> String {
        const SHOWN_MAX: usize = 6;
        let mut clauses = Vec::new();
        let names = |names: Vec<&String>| {
            let shown: Vec<String> =
                names.iter().take(SHOWN_MAX).map(|name| format!("`{name}`")).collect();
            let more = names.len().saturating_sub(SHOWN_MAX);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{}{more}", shown.join(", "))
        };
        let mut tell = |what: &str, found: Vec<&String>| {
            if !found.is_empty() {
                clauses.push(format!("{what}: {}", names(found)));
            }
        };
        let new = self.parameters.keys().filter(|key| !before.parameters.contains_key(*key));
        tell("new parameters", new.collect());
        let gone = before.parameters.keys().filter(|key| !self.parameters.contains_key(*key));
        tell("parameters that are gone", gone.collect());
        let now_required = self.required.iter().filter(|key| !before.required.contains(*key));
        tell("now required", now_required.collect());
        let other = self.parameters.iter().filter(|(key, kind)| {
            before.parameters.get(*key).is_some_and(|before| before != *kind)
        });
        tell("of another type", other.map(|(key, _)| key).collect());
        if clauses.is_empty() {
            "its description, its result or details of its parameters are different".to_owned()
        } else {
            clauses.join("; ")
        }
    }
}

/// Every tool that was used in this process.
#[derive(Default)]
pub(crate) struct Shapes {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    tools: HashMap<ToolRef, Entry>,
    /// Which sessions have been told of which change.
    told: HashSet<(SessionId, ToolRef, Millis)>,
    /// The same, the oldest first.
    told_order: VecDeque<(SessionId, ToolRef, Millis)>,
}

/// The most pairs of a session and a change that it was told.
const TOLD_MAX: usize = 10_000;

struct Entry {
    definition: String,
    known: KnownTool,
    /// Calls when it was last stored.
    stored_calls: u32,
    is_dirty: bool,
}

/// What a run's calls found out.
pub(crate) struct Told {
    session: SessionId,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    /// When the session began: of earlier changes it has read.
    since: Millis,
    tools: Vec<ToolRef>,
    warnings: Vec<String>,
    drifts: Vec<(ToolRef, Drift)>,
}

impl Told {
    pub(crate) fn new(session: SessionId) -> Self {
        Self { session, found: Mutex::new(Found { since: now(), ..Found::default() }) }
    }

    /// The session that the run is in began at `at`.
    pub(crate) fn since(&self, at: Millis) {
        self.found().since = at;
    }

    /// What is to be told beside the result.
    pub(crate) fn warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.found().warnings)
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts what most likely caused `failure` in front of it: a contradiction in a result of this
    /// run whose last key the error's message or the failing line names.
    pub(crate) fn explain(&self, failure: &mut RunFailure, line: &str) {
        let is_named = |key: &str| {
            let words = |text: &str| {
                text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
                    .any(|word| word == key)
            };
            !key.is_empty() && (words(&failure.message) || words(line))
        };
        let mut found = self.found();
        let Found { drifts, warnings, .. } = &mut *found;
        let mut causes = drifts.iter().filter(|(_, drift)| is_named(&drift.key));
        if let Some((tool, drift)) = causes.next() {
            let lead = drifted(tool, drift);
            // Once is enough.
            warnings.retain(|warning| *warning != lead);
            failure.context.lead = Some(lead);
        }
    }
}

impl Shapes {
    fn table(&self) -> MutexGuard<'_, Table> {
        // Every change is one step on one entry.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes that `tool` is used: tells of a definition that changed.
pub(crate) async fn used(shared: &Shared, tool: &ToolRef, told: &Told) {
    let catalog = shared.catalog();
    let Some(entry) = check::entry(&catalog, tool) else { return };
    load(shared, tool, entry).await;
    let mut table = shared.shapes.table();
    let Table { tools, told: heard, told_order } = &mut *table;
    let Some(known) = tools.get_mut(tool) else { return };
    if known.definition != entry.definition() {
        // The server changed it while this process ran.
        let before = std::mem::replace(&mut known.known, KnownTool::of(entry));
        let what = known.known.difference(&before);
        known.known.changes = before.changes;
        change(&mut known.known, what);
        entry.definition().clone_into(&mut known.definition);
        known.is_dirty = true;
    }
    let mut found = told.found();
    if !found.tools.contains(tool) {
        found.tools.push(tool.clone());
    }
    let since = found.since;
    for change in known.known.changes.iter().filter(|change| change.at >= since) {
        let heard_of = (told.session.clone(), tool.clone(), change.at);
        if !heard.insert(heard_of.clone()) {
            continue;
        }
        told_order.push_back(heard_of);
        if told_order.len() > TOLD_MAX
            && let Some(oldest) = told_order.pop_front()
        {
            heard.remove(&oldest);
        }
        let warning = format!(
            "the definition of `{tool}` is another one than when it was last used ({}); read {}",
            change.what,
            entry.path()
        );
        found.warnings.push(warning);
    }
}

/// Looks at a result of `tool`.
pub(crate) async fn result(shared: &Shared, tool: &ToolRef, data: &str, told: &Told) {
    if data.len() > RESULT_BYTES_MAX {
        return;
    }
    let Ok(value) = serde_json::from_str::<Value>(data) else { return };
    let catalog = shared.catalog();
    let Some(entry) = check::entry(&catalog, tool) else { return };
    load(shared, tool, entry).await;
    let at = now();
    let broken = entry.check_result_with(&value, shared.stands_in());
    let is_promised = broken.is_empty() && entry.def.output_schema.is_some();
    let mut table = shared.shapes.table();
    let Some(known) = table.tools.get_mut(tool) else { return };
    let noted = known.known.observed.add_where(&value, at, |drift| {
        // What the server's own schema allows to be absent may be.
        !(drift.is_absence() && is_promised)
    });
    let mut found = told.found();
    let declared = broken.iter().map(|violation| {
        let (was, now) = violation.contradiction();
        let key = violation.path.rsplit(['.', '[', ']']).find(|part| !part.is_empty());
        Drift {
            path: violation.path.clone(),
            key: key.unwrap_or_default().to_owned(),
            was,
            calls: 0,
            now: now.to_owned(),
            at,
        }
    });
    let (mut new, again) = (noted.new, noted.again);
    for drift in declared {
        // Each entry of a list may break the schema in the same way.
        let drift = Drift { path: any_entry(&drift.path), ..drift };
        if known.known.observed.declared(&drift) {
            new.push(drift);
        } else if !found.drifts.iter().any(|(_, it)| it.path == drift.path) {
            found.drifts.push((tool.clone(), drift));
        }
    }
    known.is_dirty |= noted.is_changed || !new.is_empty();
    for drift in &new {
        found.warnings.push(drifted(tool, drift));
    }
    let all = new.into_iter().chain(again);
    found.drifts.extend(all.map(|drift| (tool.clone(), drift)));
}

fn drifted(tool: &ToolRef, drift: &Drift) -> String {
    let than = if drift.calls == 0 { "what its schema says" } else { "what they were" };
    format!("the results of `{tool}` are not {than}: {drift}")
}

/// `items[2].price` as `items[].price`.
fn any_entry(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut digits = String::new();
    let mut is_index = false;
    for c in path.chars() {
        match c {
            '[' => {
                is_index = true;
                out.push(c);
            }
            c if is_index && c.is_ascii_digit() => digits.push(c),
            ']' if is_index => {
                is_index = false;
                digits.clear();
                out.push(c);
            }
            c => {
                is_index = false;
                out.push_str(&std::mem::take(&mut digits));
                out.push(c);
            }
        }
    }
    out + &digits
}

fn change(known: &mut KnownTool, what: String) {
    known.changes.push(Change { at: now(), what });
    let old = known.changes.len().saturating_sub(CHANGES_MAX);
    known.changes.drain(..old);
}

/// Brings what the store knows of `tool` into memory, at its first use.
async fn load(shared: &Shared, tool: &ToolRef, entry: &ToolEntry) {
    if shared.shapes.table().tools.contains_key(tool) {
        return;
    }
    // A store that fails is told by the run's own records; shapes are then begun anew.
    let records = shared.store.shapes(Some(tool)).await.unwrap_or_default();
    let present = records.iter().find(|record| record.definition == entry.definition());
    let mut known = KnownTool::of(entry);
    let mut is_dirty = false;
    if let Some(stored) = present.and_then(|record| KnownTool::read(&record.body)) {
        known.observed = stored.observed;
        known.changes = stored.changes;
    }
    let newest = records.first().filter(|record| record.definition != entry.definition());
    if let Some(before) = newest.and_then(|record| KnownTool::read(&record.body)) {
        let what = known.difference(&before);
        change(&mut known, what);
        is_dirty = true;
    }
    let stored_calls = known.observed.calls;
    let definition = entry.definition().to_owned();
    let mut table = shared.shapes.table();
    if table.tools.len() < shared.bounds.size(Bound::Shapes) {
        // Somebody else may have been faster.
        table.tools.entry(tool.clone()).or_insert(Entry {
            definition,
            known,
            stored_calls,
            is_dirty,
        });
    }
}

/// What the results of `tool` have looked like, for its file.
pub(crate) async fn observed(shared: &Shared, tool: &ToolRef, entry: &ToolEntry) -> Observed {
    if let Some(known) = shared.shapes.table().tools.get(tool)
        && known.definition == entry.definition()
    {
        return known.known.observed.clone();
    }
    let records = shared.store.shapes(Some(tool)).await.unwrap_or_default();
    let present = records.iter().find(|record| record.definition == entry.definition());
    let known = present.and_then(|record| KnownTool::read(&record.body));
    known.unwrap_or_default().observed
}

/// Stores what the calls of a run found out, where that is worth a write, and gives what is to be
/// told of it.
pub(crate) async fn keep(shared: &Shared, told: &Told) -> Vec<String> {
    let tools = std::mem::take(&mut told.found().tools);
    if tools.len() > 1 {
        shared.habits.add(&tools);
    }
    let mut writes = Vec::new();
    for tool in tools {
        let mut table = shared.shapes.table();
        let Some(entry) = table.tools.get_mut(&tool) else { continue };
        let calls = entry.known.observed.calls;
        // Counts alone are written when they have grown by a tenth.
        let has_grown = calls > entry.stored_calls + entry.stored_calls / 10;
        if !entry.is_dirty && !has_grown {
            continue;
        }
        let mut body = serde_json::to_string(&entry.known).unwrap_or_default();
        if body.len() > RECORD_BYTES_MAX {
            entry.known.observed = Observed::default();
            body = serde_json::to_string(&entry.known).unwrap_or_default();
        }
        entry.is_dirty = false;
        entry.stored_calls = calls;
        let definition = entry.definition.clone();
        writes.push(shared.store.keep_shape(ShapeRecord { tool, definition, used: now(), body }));
    }
    for write in writes {
        if let Err(error) = write.await {
            tracing::warn!(%error, "what a tool's results look like was not stored");
        }
    }
    let mut warnings = told.warnings();
    let more = warnings.len().saturating_sub(WARNINGS_MAX);
    warnings.truncate(WARNINGS_MAX);
    if more > 0 {
        warnings.push(format!("{more} more changes; `workroom drift` lists them"));
    }
    warnings.into_iter().map(|warning| format!("warning: {warning}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_one_entry_stands_for_all() {
        let check = |path: &str, expected: &str| assert_eq!(any_entry(path), expected);
        check("items[2].price", "items[].price");
        check("[0][13]", "[][]");
        check("a[\"1\"].b", "a[\"1\"].b");
        check("", "");
    }
}
