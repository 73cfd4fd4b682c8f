//! What a run does with skills: whose calls are whose, how each skill fared, what a first case is
//! made of.
//!
//! A call of a tool that stands in a skill's code carries the skill's name. A skill that declares
//! `allowed-tools` may make those calls and no others; the run's own rights bound it besides.
//!
//! # How sound that is
//!
//! All code of a session shares one world, so a name on a call is what code says of itself: a skill
//! that reached for the sandbox's inner functions could leave it out. Skills are refused that
//! plainly do so, but the list is a fence and no wall. It is a wall in one case: where a new
//! session's script calls no tool itself and all its skills declare what they may call, each call
//! of the run must be on one of their lists, whatever it says of itself.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use workroom_script::{Linked, OWNER_MARK, Position, Program, TELL};
use workroom_skill::{Case, Package, RecordedCall};
use workroom_types::{SessionId, ToolRef};

use crate::{
    Shared, calls, diagnosis, failure, now,
    report::RunFailure,
    run::Run,
    sandbox::{Answer, AnswerError, GuestCall, GuestError},
    session::{Compiled, Session},
    skills::registry::{SkillVersion, Visible},
    store::{AmendedSkill, SkillStatus, SkillUse},
};

/// The most bytes of arguments and answers that one case is recorded of.
const CASE_BYTES_MAX: usize = 1024 * 1024;

/// The most failed calls of skills whose place is remembered.
const SITES_MAX: usize = 32;

/// The name of a recorded first case.
pub(crate) const FIRST: &str = "first";

/// A run's skills.
#[derive(Default)]
pub(crate) struct Usage {
    visible: Arc<Visible>,
    linked: Vec<Linked>,
    /// Whether every call must be on a list of one of the linked skills.
    is_fenced: bool,
    told: BTreeMap<String, Told>,
    calls: BTreeMap<u32, (String, RecordedCall)>,
    /// Bytes of what was recorded; too many, and nothing is.
    bytes: usize,
    /// Where runs of skills that failed were called: the frames of the guest's stack.
    sites: Vec<Vec<StackFrame>>,
}

/// A frame's file, line and column.
type StackFrame = (String, u32, u32);

/// What a skill told of its runs.
#[derive(Default)]
struct Told {
    input: Option<String>,
    output: Option<String>,
    has_ended: bool,
    has_failed: bool,
    /// Whether its calls cannot be told from those of another run of it.
    is_mixed: bool,
    /// When it began.
    clock: u64,
    /// Its first call, and the first that is not its any more.
    calls: (usize, Option<usize>),
}

#[derive(Deserialize)]
struct Tell {
    skill: String,
    act: String,
    input: Option<String>,
    output: Option<String>,
    #[serde(default)]
    more: bool,
    stack: Option<String>,
}

/// The skill in whose code `call` stands, if any.
pub(crate) fn owner(call: &GuestCall) -> Option<&str> {
    call.module.split_once(OWNER_MARK).map(|(owner, _)| owner)
}

/// Whether `call` only tells something about a skill.
pub(crate) fn is_tell(call: &GuestCall) -> bool {
    call.module.is_empty() && call.function == TELL
}

impl Usage {
    /// The skill that the script itself uses; the first one, if there are several.
    pub(crate) fn main(&self) -> Option<&str> {
        let is_imported = |name: &String| self.linked.iter().any(|it| it.imports.contains(name));
        self.linked.iter().map(|it| &it.name).find(|it| !is_imported(it)).map(String::as_str)
    }

    /// Of a run of `program`, in a session that sees `visible`; `is_fresh`: in which nothing ran
    /// before.
    pub(crate) fn of(visible: Arc<Visible>, program: &Program, is_fresh: bool) -> Self {
        let declares = |linked: &Linked| {
            let version = visible.get(&linked.name);
            let package = version.and_then(|it| it.body.package.as_ref().ok());
            package.is_some_and(|package| package.allowed_tools.is_some())
        };
        let is_fenced = is_fresh
            && program.needs.is_empty()
            && !program.skills.is_empty()
            && program.skills.iter().all(declares);
        let linked = program.skills.clone();
        Self { visible, linked, is_fenced, ..Self::default() }
    }

    /// What the session sees of skills.
    pub(crate) fn visible(&self) -> &Visible {
        &self.visible
    }

    /// Refuses a call that its skill may not make.
    pub(crate) fn may(&self, call: &GuestCall) -> Result<(), AnswerError> {
        if calls::is_own(call) {
            return Ok(());
        }
        let tool = calls::tool(call);
        let package = |name: &str| {
            self.visible.get(name).and_then(|version| version.body.package.as_ref().ok())
        };
        if let Some(name) = owner(call) {
            let Some(package) = package(name) else {
                let message = format!("skill `{name}` is not here any more, and may call nothing");
                return Err(refused(&tool, name, message));
            };
            if !package.allows(&tool.server, &tool.tool) {
                return Err(refused(&tool, name, not_listed(name, &tool, package)));
            }
        }
        if self.is_fenced {
            let mut packages = self.linked.iter().filter_map(|linked| package(&linked.name));
            if !packages.any(|package| package.allows(&tool.server, &tool.tool)) {
                let message = format!(
                    "`{tool}` is on the list of none of the skills that this run uses, and the \
                     run's own code calls no tool"
                );
                return Err(refused(&tool, "", message));
            }
        }
        Ok(())
    }

    /// Takes in what a skill tells.
    pub(crate) fn tell(&mut self, call: &GuestCall) {
        let Ok(tell) = serde_json::from_str::<Tell>(&call.arguments) else { return };
        if self.visible.get(&tell.skill).is_none() {
            return;
        }
        let calls = self.calls.len();
        if tell.act == "begin" {
            let told = self.told.entry(tell.skill).or_insert_with(|| Told {
                input: tell.input,
                is_mixed: tell.more,
                clock: u64::try_from(now()).unwrap_or(0),
                ..Told::default()
            });
            told.calls.0 = calls;
            return;
        }
        let told = self.told.entry(tell.skill.clone()).or_default();
        match tell.act.as_str() {
            "mixed" => told.is_mixed = true,
            "end" => {
                told.has_ended = true;
                told.output = tell.output;
                told.calls.1 = Some(calls);
            }
            "failed" => {
                told.has_failed = true;
                if self.sites.len() < SITES_MAX {
                    self.sites.push(frames(tell.stack.as_deref().unwrap_or_default()));
                }
            }
            _ => {}
        }
    }

    /// The place in the agent's own text where the skill was called in which `error` happened.
    pub(crate) fn call_site(&self, session: &Session, error: &GuestError) -> Option<Position> {
        let (compiled, place) = diagnosis::place(session, error)?;
        place.skill?;
        // The one that failed last passed the error on to the script.
        self.sites.iter().rev().find_map(|frames| {
            let mut own = frames.iter().filter(|(file, ..)| *file == compiled.file);
            own.find_map(|(_, line, column)| compiled.program.original(*line, *column))
        })
    }

    /// Whether some run of a skill is under way that could become a case.
    fn records(&self) -> bool {
        let is_open = |told: &Told| told.calls.1.is_none() && !told.is_mixed;
        self.bytes <= CASE_BYTES_MAX && self.told.values().any(is_open)
    }

    /// Notes a call that is made.
    pub(crate) fn called(&mut self, call: &GuestCall) {
        let Some(owner) = owner(call).filter(|_| self.records()) else { return };
        self.bytes += call.arguments.len();
        let ToolRef { server, tool } = calls::tool(call);
        let arguments = serde_json::from_str(&call.arguments).unwrap_or_default();
        let answer = Err("it was not answered".to_owned());
        let recorded = RecordedCall { server, tool, arguments, answer };
        self.calls.insert(call.id, (owner.to_owned(), recorded));
    }

    /// Notes an answer.
    pub(crate) fn answered(&mut self, answer: &Answer) {
        if self.bytes > CASE_BYTES_MAX {
            return;
        }
        if let Some((_, call)) = self.calls.get_mut(&answer.id) {
            call.answer = match &answer.result {
                Ok(json) => {
                    self.bytes += json.len();
                    Ok(serde_json::from_str(json).unwrap_or_default())
                }
                Err(error) => Err(error.message.clone()),
            };
        }
    }

    /// The first case of `name`, if its run was recorded whole.
    fn case(&self, name: &str) -> Option<Case> {
        let told = self.told.get(name)?;
        if self.bytes > CASE_BYTES_MAX || told.has_failed || told.is_mixed {
            return None;
        }
        let (first, last) = (told.calls.0, told.calls.1?);
        let input = serde_json::from_str(told.input.as_deref()?).ok()?;
        let expected = serde_json::from_str(told.output.as_deref()?).ok()?;
        // Its own calls, and those of the skills that it imports, also over others.
        let mut owners = vec![name];
        let mut at = 0;
        while let Some(owner) = owners.get(at) {
            let linked = self.linked.iter().find(|linked| linked.name == **owner);
            for import in linked.into_iter().flat_map(|linked| &linked.imports) {
                if !owners.contains(&import.as_str()) {
                    owners.push(import);
                }
            }
            at += 1;
        }
        let calls = self.calls.values().take(last).skip(first);
        let calls = calls.filter(|(owner, _)| owners.contains(&owner.as_str()));
        let calls = calls.map(|(_, call)| call.clone()).collect();
        let clock = Some(told.clock);
        Some(without_tokens(Case { name: FIRST.to_owned(), input, calls, expected, clock }))
    }
}

fn not_listed(name: &str, tool: &ToolRef, package: &Package) -> String {
    let allowed = package.allowed_tools.as_deref().unwrap_or_default();
    let listed = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
    format!("skill `{name}` may not call `{tool}`: its `allowed-tools` list {listed}")
}

fn refused(tool: &ToolRef, skill: &str, message: String) -> AnswerError {
    let mut properties = json!({ "server": tool.server, "tool": tool.tool, "code": "not_allowed" });
    if !skill.is_empty() {
        properties["skill"] = skill.into();
    }
    AnswerError { name: "SkillError".to_owned(), message, properties: properties.to_string() }
}

/// The frames of a stack as QuickJS writes it: `    at run (r_1.ts:12:5)`.
fn frames(stack: &str) -> Vec<StackFrame> {
    let frame = |line: &str| {
        let place = line.trim().strip_prefix("at ")?;
        let place = place.rsplit_once('(').map_or(place, |(_, place)| place).trim_end_matches(')');
        let (rest, column) = place.rsplit_once(':')?;
        let (file, line) = rest.rsplit_once(':')?;
        Some((file.to_owned(), line.parse().ok()?, column.parse().ok()?))
    };
    stack.lines().filter_map(frame).collect()
}

/// A case whose tokens are mere words: they stand for values of a session that others never see.
pub(crate) fn without_tokens(mut case: Case) -> Case {
    plain(&mut case.input);
    plain(&mut case.expected);
    for call in &mut case.calls {
        plain(&mut call.arguments);
        match &mut call.answer {
            Ok(answer) => plain(answer),
            Err(message) => *message = plain_text(message),
        }
    }
    case
}

fn plain(value: &mut Value) {
    match value {
        Value::String(text) => *text = plain_text(text),
        Value::Array(items) => items.iter_mut().for_each(plain),
        Value::Object(fields) if fields.keys().any(|key| workroom_privacy::has_token(key)) => {
            let taken = std::mem::take(fields);
            *fields = taken.into_iter().map(|(key, value)| (plain_text(&key), value)).collect();
            fields.values_mut().for_each(plain);
        }
        Value::Object(fields) => fields.values_mut().for_each(plain),
        _ => {}
    }
}

/// `text` with `(email 1)` in the place of `[email_1]`.
fn plain_text(text: &str) -> String {
    let mut out = String::new();
    let mut done = 0;
    for piece in workroom_privacy::pieces(text) {
        let inside = &text[piece.range.start + 1..piece.range.end - 1];
        out.push_str(&text[done..piece.range.start]);
        out.push('(');
        out.push_str(&inside.trim_start_matches('~').replace('_', " "));
        out.push(')');
        done = piece.range.end;
    }
    out.push_str(&text[done..]);
    out
}

/// The hash of an input.
fn hash(input: &str) -> String {
    let hash = Sha256::digest(input);
    hash.iter().take(16).fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What the session `id` sees of skills.
pub(crate) async fn visible(shared: &Shared, id: &SessionId) -> Result<Arc<Visible>, RunFailure> {
    let visible = shared.skills.visible(&*shared.store, Some(id), now()).await;
    visible.map_err(|error| failure::from_store(&error))
}

/// Hands `run` the skills of `compiled`, and tells of those that it should not use any more.
pub(crate) fn begin(run: &mut Run, compiled: &Compiled, visible: Arc<Visible>, is_fresh: bool) {
    run.code_tokens = workroom_ledger::tokens(&compiled.source);
    for linked in &compiled.program.skills {
        let status = visible.get(&linked.name).map(|version| version.record.status);
        if status == Some(SkillStatus::Deprecated) {
            run.notes.push(format!("skill `{}` is deprecated: `search` for another", linked.name));
        }
    }
    run.usage = Usage::of(visible, &compiled.program, is_fresh);
}

/// Keeps how the run's skills fared, when it has ended; `ok` if it did so well.
pub(crate) async fn settle(run: &mut Run, ok: bool) {
    let usage = std::mem::take(&mut run.usage);
    if usage.told.is_empty() {
        return;
    }
    let mut uses = Vec::new();
    for (name, told) in &usage.told {
        let Some(version) = usage.visible.get(name) else { continue };
        let package = version.body.package.as_ref().ok();
        let written = package.map_or(0, |package| workroom_ledger::tokens(&package.code));
        let well = !told.has_failed && (told.has_ended || ok);
        uses.push(SkillUse {
            name: name.clone(),
            version: version.record.version,
            at: now(),
            ok: well,
            input: told.input.as_deref().map(hash),
            saved: if well { written.saturating_sub(run.code_tokens) as u64 } else { 0 },
        });
    }
    let shared = Arc::clone(&run.shared);
    if let Err(error) = shared.store.note_skill_uses(uses.clone()).await {
        run.notes.push(format!("the use of skills could not be counted: {error}"));
        return;
    }
    shared.skills.forget();
    for used in uses.iter().filter(|used| used.ok) {
        let Some(version) = usage.visible.get(&used.name) else { continue };
        if version.record.status == SkillStatus::Draft
            && let Some(note) = drafted(&shared, &usage, version).await
        {
            run.notes.push(note);
        }
    }
}

/// Records the first case of a draft that has none, and promotes it if it is time.
async fn drafted(shared: &Shared, usage: &Usage, version: &SkillVersion) -> Option<String> {
    let record = &version.record;
    let package = version.body.package.as_ref().ok()?;
    if package.cases.is_empty()
        && let Some(case) = usage.case(&record.name)
    {
        let mut amended = package.clone();
        amended.cases.push(case);
        if amended.problems().is_empty() {
            let amended = AmendedSkill {
                name: record.name.clone(),
                version: record.version,
                was: record.hash.clone(),
                hash: amended.hash(),
                files: amended.files(),
            };
            // Somebody else may have recorded one meanwhile: that is as good.
            let _ = shared.store.amend_skill(amended).await;
        }
    }
    let after = shared.skill_settings.auto_promote_after?;
    let records = shared.store.skills().await.ok()?;
    let now_is = records
        .iter()
        .find(|it| it.name == record.name && it.version == record.version)
        .filter(|it| it.figures.inputs >= after && it.status == SkillStatus::Draft)?;
    let suspicious = workroom_skill::scan::package(package);
    let name = &record.name;
    if !suspicious.is_empty() {
        return Some(format!(
            "skill `{name}` has been used often enough to be promoted, but a person must look at \
             it: `workroom skills promote {name}`"
        ));
    }
    let status = SkillStatus::Promoted;
    let promoted = shared.store.set_skill_status(name, record.version, status, now()).await;
    promoted.ok()?.then(|| {
        format!(
            "skill `{name}` is promoted after {} runs that ended well on different inputs",
            now_is.figures.inputs
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_as_the_guest_writes_them() {
        let stack = "    at watched (r_1.ts:40:15)\n    at <anonymous> (r_1.ts:3:9)\n  at native\n";
        let expected = vec![("r_1.ts".to_owned(), 40, 15), ("r_1.ts".to_owned(), 3, 9)];
        assert_eq!(frames(stack), expected);
    }

    #[test]
    fn a_case_holds_no_token() {
        let case = Case {
            name: "first".to_owned(),
            input: json!({ "to": "[email_1]", "[email_2]": 1 }),
            calls: vec![RecordedCall {
                server: "crm".to_owned(),
                tool: "get".to_owned(),
                arguments: json!(["to [~customer_email_3]!"]),
                answer: Err("no [email_1]".to_owned()),
            }],
            expected: json!("[email_1]"),
            clock: None,
        };
        let text = without_tokens(case).text();
        assert!(!workroom_privacy::has_token(&text), "{text}");
        assert!(text.contains("\"to\": \"(email 1)\""), "{text}");
        assert!(text.contains("to (customer email 3)!"), "{text}");
    }
}
