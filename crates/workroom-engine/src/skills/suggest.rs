//! Code that is run again and again: what should become a skill.
//!
//! Runs whose code has the same shape ([`workroom_script::shape`]) do the same with other values.
//! When [`RUNS_MIN`] of them ended well and no skill calls the same tools, the next one says so in
//! its header line, and `workroom skills suggest` lists them.
//!
//! Shapes are computed when they are asked for: once from the stored runs, beside the first run of
//! this process, and then from each run as it ends. Nothing of them is stored.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;
use workroom_types::RunId;

use crate::{
    RunRequest, SessionChoice, Shared,
    store::{RunRecord, SkillStatus, Store, StoreError},
};

/// How many runs of one shape make a suggestion.
pub const RUNS_MIN: usize = 3;

/// How many of the newest runs are looked at.
const LOOKED_MAX: usize = 300;

/// The most shapes that are remembered, and the longest code that is looked at.
const SHAPES_MAX: usize = 2_000;
const CODE_BYTES_MAX: usize = 32 * 1024;

/// After how many further runs a suggestion that was not taken is made again.
const AGAIN: usize = 10;

/// Runs of one shape that no skill does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// The shape.
    pub shape: String,
    /// The runs, the newest first.
    pub runs: Vec<RunId>,
    /// The servers that the code calls.
    pub servers: Vec<String>,
    /// The newest one's code.
    pub code: String,
}

/// What was run often enough, as far as `store` has it, the most frequent first.
///
/// # Errors
///
/// When the store fails.
pub async fn find(store: &dyn Store) -> Result<Vec<Suggestion>, StoreError> {
    let covered = covered(store).await?;
    let mut order: Vec<Suggestion> = Vec::new();
    for record in store.runs(None, LOOKED_MAX).await? {
        let is_ok = record.end.as_ref().is_some_and(|end| end.ok);
        let Some(form) = Form::of(&record.run.code).filter(|_| is_ok) else { continue };
        if covered.contains(&form.tools) {
            continue;
        }
        match order.iter_mut().find(|known| known.shape == form.shape) {
            Some(known) => known.runs.push(record.run.id),
            None => order.push(Suggestion {
                shape: form.shape,
                runs: vec![record.run.id],
                servers: form.servers,
                code: record.run.code,
            }),
        }
    }
    order.retain(|suggestion| suggestion.runs.len() >= RUNS_MIN);
    order.sort_by_key(|suggestion| std::cmp::Reverse(suggestion.runs.len()));
    Ok(order)
}

/// What of a code is compared.
#[derive(Debug)]
struct Form {
    shape: String,
    servers: Vec<String>,
    /// The tools by the names that the code has for them.
    tools: Vec<String>,
}

impl Form {
    /// `None` for code that is not worth a skill: one line, or a use of a skill.
    fn of(code: &str) -> Option<Self> {
        let is_line = |line: &&str| {
            let line = line.trim();
            !(line.is_empty() || line.starts_with("//") || line.starts_with("import"))
        };
        if code.len() > CODE_BYTES_MAX
            || code.contains("skills/")
            || code.lines().filter(is_line).count() < 2
        {
            return None;
        }
        let uses = workroom_script::uses(code);
        let shape = workroom_script::shape(code)?;
        Some(Self {
            shape,
            servers: uses.iter().map(|it| it.folder.clone()).collect(),
            tools: tools(&uses),
        })
    }
}

fn tools(uses: &[workroom_script::Use]) -> Vec<String> {
    let of = |it: &workroom_script::Use| {
        let folder = it.folder.clone();
        it.functions.iter().map(move |function| format!("{folder}.{function}")).collect::<Vec<_>>()
    };
    uses.iter().flat_map(of).collect()
}

/// The sets of tools that skills call.
async fn covered(store: &dyn Store) -> Result<HashSet<Vec<String>>, StoreError> {
    let mut covered = HashSet::new();
    for record in store.skills().await? {
        if record.status == SkillStatus::Deprecated {
            continue;
        }
        let files = store.skill_files(&record.name, record.version).await?.unwrap_or_default();
        let code = files.iter().find(|(path, _)| path == "index.ts");
        covered.extend(code.map(|(_, code)| tools(&workroom_script::uses(code))));
    }
    Ok(covered)
}

/// The code of a run that counts: a call from outside of any session is made as often as it is
/// wanted.
pub(crate) fn kept_code(request: &RunRequest) -> Option<String> {
    let is_kept = !matches!(request.session, SessionChoice::Once(_));
    is_kept.then(|| request.code.clone())
}

/// How often each shape was run.
#[derive(Default)]
pub(crate) struct Counts(Mutex<State>);

#[derive(Default)]
struct State {
    counts: HashMap<String, usize>,
    /// Shapes of which this process has told.
    told: HashSet<String>,
    /// Runs that were counted before those in the store were; `None` once these are.
    first: Option<Vec<RunId>>,
    /// Whether the stored runs are being counted, or were.
    is_begun: bool,
}

impl Counts {
    /// Notes that the run `id` of `code` ended well. Gives how many runs of its shape there are
    /// now, when that should be told: when there were enough before it, and no skill does it.
    pub(crate) async fn note(
        shared: &Arc<Shared>,
        id: &RunId,
        code: Option<&str>,
    ) -> Option<usize> {
        let form = Form::of(code?)?;
        shared.repeated.begin(shared);
        let (before, is_time) = shared.repeated.with(|state| {
            if let Some(first) = &mut state.first {
                first.push(id.clone());
            }
            if state.counts.len() >= SHAPES_MAX && !state.counts.contains_key(&form.shape) {
                state.counts.clear();
            }
            let count = state.counts.entry(form.shape.clone()).or_default();
            let before = *count;
            *count += 1;
            let is_again = before.is_multiple_of(AGAIN) || !state.told.contains(&form.shape);
            (before, before >= RUNS_MIN && is_again)
        });
        // Skills are read only when something would be said.
        if !is_time || covered(&*shared.store).await.is_ok_and(|it| it.contains(&form.tools)) {
            return None;
        }
        shared.repeated.with(|state| state.told.insert(form.shape));
        Some(before + 1)
    }

    /// Counts the stored runs, beside everything else: no run waits for that.
    fn begin(&self, shared: &Arc<Shared>) {
        let is_first = self.with(|state| {
            let is_first = !state.is_begun;
            if is_first {
                (state.is_begun, state.first) = (true, Some(Vec::new()));
            }
            is_first
        });
        if !is_first {
            return;
        }
        let shared = Arc::clone(shared);
        tokio::spawn(async move {
            // What a store that fails does not tell is counted from now on.
            let runs = shared.store.runs(None, LOOKED_MAX).await.unwrap_or_default();
            let shapes = tokio::task::spawn_blocking(move || shapes(runs)).await;
            shared.repeated.with(|state| {
                let first = state.first.take().unwrap_or_default();
                for (id, shape) in shapes.unwrap_or_default() {
                    if !first.contains(&id) {
                        *state.counts.entry(shape).or_default() += 1;
                    }
                }
            });
        });
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        // Counts only: a panic leaves nothing half done that matters.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The shapes of the runs that ended well.
fn shapes(runs: Vec<RunRecord>) -> Vec<(RunId, String)> {
    let is_ok = |record: &RunRecord| record.end.as_ref().is_some_and(|end| end.ok);
    let ended = runs.into_iter().filter(is_ok);
    ended.filter_map(|it| Some((it.run.id, Form::of(&it.run.code)?.shape))).collect()
}
