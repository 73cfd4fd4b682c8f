//! From a code, or from a run that worked, to a new version of a skill.
//!
//! A skill is saved whole or not at all: its name, words and code are looked at first, then it is
//! compiled as those who import it will find it, and where a run is given, it must do again what
//! that run did, on the run's recorded answers. Every reason for a refusal is told.

use std::sync::Arc;

use serde::Serialize;
use thiserror::Error;
use workroom_catalog::Catalog;
use workroom_script::{CheckedSkill, Diagnostic, Skill};
use workroom_skill::{
    Case, Package, SkillName,
    scan::{self, Suspicion, SuspicionKind},
};
use workroom_types::{RunId, SessionId, SkillLimit, SkillSettings};

use crate::{
    Shared,
    modules::InRoom,
    now,
    skills::needs::Needs,
    store::{NewSkill, SkillStatus, StoreError},
};

/// What is to be saved.
#[derive(Clone, Debug)]
pub struct SaveSkill {
    /// Its name.
    pub name: String,
    /// What it does and when to use it.
    pub description: String,
    /// Where its code comes from.
    pub source: SkillSource,
    /// The session that saves it, and may use it at once.
    pub session: SessionId,
    /// The client that saves it.
    pub author: String,
}

/// Where a skill's code comes from.
#[derive(Clone, Debug)]
pub enum SkillSource {
    /// It is given.
    Code(String),
    /// It is made of a run's.
    Run(RunId),
}

/// A version that was saved.
#[derive(Clone, Debug, Serialize)]
pub struct Saved {
    /// The skill.
    pub name: String,
    /// The version.
    pub version: i64,
    /// Whether exactly this was there before.
    pub was_there: bool,
    /// How it is imported.
    pub import: String,
    /// How it is called.
    pub signature: String,
    /// Recorded cases.
    pub cases: usize,
    /// Its code.
    pub code: String,
    /// What else is to be told.
    pub notes: Vec<String>,
    /// What a person will be shown before it is promoted.
    pub suspicions: Vec<Suspicion>,
}

/// Why nothing was saved.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SaveError {
    /// These are the reasons.
    #[error("the skill was not saved:\n- {}", .0.join("\n- "))]
    Refused(Vec<String>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SaveError {
    pub(crate) fn one(reason: impl Into<String>) -> Self {
        SaveError::Refused(vec![reason.into()])
    }
}

/// A code that is to be a skill, with what is known of it.
pub(crate) struct Draft {
    pub(crate) code: String,
    /// What the run that it was made of did.
    pub(crate) case: Option<Case>,
    pub(crate) notes: Vec<String>,
    /// The run's session, whose draft it is to be.
    pub(crate) session: Option<SessionId>,
}

/// Saves a skill.
pub(crate) async fn save(shared: &Arc<Shared>, mut asked: SaveSkill) -> Result<Saved, SaveError> {
    let catalog = shared.catalog();
    let name = named(&asked, &catalog)?;
    let draft = match &asked.source {
        SkillSource::Code(code) => {
            let code = workroom_script::typescript(code).trim().to_owned();
            Draft { code, case: None, notes: Vec::new(), session: None }
        }
        SkillSource::Run(run) => super::from_run::draft(shared, run).await?,
    };
    if let Some(session) = &draft.session {
        asked.session = session.clone();
    }
    let _one_at_a_time = shared.saving.lock().await;
    is_room(shared, name.as_str()).await?;
    let (package, checked) = package(shared, &catalog, &asked, name, &draft).await?;
    if draft.case.is_some() {
        super::from_run::rehearse(shared, &package).await.map_err(SaveError::one)?;
    }
    let needs = checked.linked.last().map(|linked| Needs::of(linked, &catalog));
    let new = NewSkill {
        name: package.name.to_string(),
        hash: package.hash(),
        files: package.files(),
        created: now(),
        author: asked.author.clone(),
        session: asked.session.to_string(),
        status: SkillStatus::Draft,
        needs: needs.unwrap_or_default().text(),
    };
    let kept = shared.store.keep_skill(new).await?;
    drop_old(shared, package.name.as_str()).await?;
    let mut notes = draft.notes;
    if draft.case.is_none() {
        notes.push("its first run that ends well is recorded as its first case".to_owned());
    }
    Ok(Saved {
        import: format!("import {{ run }} from './skills/{}'", package.name),
        name: package.name.to_string(),
        version: kept.version,
        was_there: kept.was_there,
        signature: checked.interface.signature,
        cases: package.cases.len(),
        suspicions: scan::package(&package),
        code: package.code,
        notes,
    })
}

/// Checks the name, and what a description may not hide.
fn named(asked: &SaveSkill, catalog: &Catalog) -> Result<SkillName, SaveError> {
    let name = SkillName::new(asked.name.trim()).map_err(|error| SaveError::one(error.to_string()));
    let name = name?;
    if let Some(server) = catalog.server(name.as_str()) {
        return Err(SaveError::one(format!(
            "`{name}` is the name of server `{}`: choose another",
            server.name
        )));
    }
    let hidden: Vec<String> = scan::description("description", &asked.description)
        .iter()
        .filter(|found| is_hidden(found.kind))
        .map(|found| format!("the description has {}: {}", found.kind, found.excerpt))
        .collect();
    if hidden.is_empty() { Ok(name) } else { Err(SaveError::Refused(hidden)) }
}

/// Whether no description has such a thing by chance: what hides it from the person who reads it.
fn is_hidden(kind: SuspicionKind) -> bool {
    matches!(
        kind,
        SuspicionKind::Invisible
            | SuspicionKind::Bidi
            | SuspicionKind::Escape
            | SuspicionKind::Comment
            | SuspicionKind::Padding
    )
}

async fn is_room(shared: &Shared, name: &str) -> Result<(), SaveError> {
    let records = shared.store.skills().await?;
    let mut names: Vec<&str> = records.iter().map(|record| record.name.as_str()).collect();
    names.dedup();
    let most = shared.skill_settings.get(SkillLimit::Skills);
    if names.len() as u64 >= most && !names.contains(&name) {
        return Err(SaveError::one(format!(
            "there are {} skills, and at most {most} are kept (`skills.{}`): remove one by \
             `workroom skills remove`, or raise it in workroom.toml",
            names.len(),
            SkillLimit::Skills.setting()
        )));
    }
    Ok(())
}

/// Puts the package together and compiles it.
async fn package(
    shared: &Shared,
    catalog: &Catalog,
    asked: &SaveSkill,
    name: SkillName,
    draft: &Draft,
) -> Result<(Package, CheckedSkill), SaveError> {
    let mut reasons = Vec::new();
    // What is too long is not compiled.
    if let Some(reason) = past_code(draft.code.len(), &shared.skill_settings) {
        return Err(SaveError::one(reason));
    }
    reasons.extend(tokens_in("code", &draft.code));
    reasons.extend(tokens_in("description", &asked.description));
    let visible = shared.skills.visible(&*shared.store, Some(&asked.session), now()).await?;
    let modules = InRoom { catalog, skills: &visible };
    let skill = Skill { name: name.to_string(), code: draft.code.clone() };
    let checked = match workroom_script::check_skill(&skill, &modules) {
        Ok(checked) => checked,
        Err(diagnostics) => {
            reasons.extend(diagnostics.iter().map(|one| told(&draft.code, one)));
            CheckedSkill::default()
        }
    };
    let mut package = Package::new(name, asked.description.trim(), draft.code.clone());
    package.body = usage(package.name.as_str(), &checked.interface.signature);
    package.cases.extend(draft.case.clone());
    reasons.extend(package.problems().iter().map(ToString::to_string));
    reasons.extend(past_limits(&package, &shared.skill_settings));
    if !reasons.is_empty() {
        return Err(SaveError::Refused(reasons));
    }
    // As everybody will read it: the same words may be written otherwise.
    let package = Package::read(&package.files()).map_err(|problems| {
        SaveError::Refused(problems.iter().map(ToString::to_string).collect())
    })?;
    Ok((package, checked))
}

/// Which of the settings' limits a package is past, a clause each.
pub fn past_limits(package: &Package, settings: &SkillSettings) -> Vec<String> {
    let mut reasons: Vec<String> = past_code(package.code.len(), settings).into_iter().collect();
    let mut past = |what: &str, limit: SkillLimit, is: usize| {
        let most = settings.get(limit);
        if is as u64 > most {
            let (unit, setting) = (limit.unit(), limit.setting());
            reasons
                .push(format!("{what} {is} {unit}; at most {most} are kept (`skills.{setting}`)"));
        }
    };
    past("its text has", SkillLimit::Body, workroom_ledger::tokens(&package.body));
    past("it has", SkillLimit::Cases, package.cases.len());
    reasons
}

fn past_code(bytes: usize, settings: &SkillSettings) -> Option<String> {
    let most = settings.size(SkillLimit::Code);
    (bytes > most).then(|| {
        let setting = SkillLimit::Code.setting();
        format!(
            "the code is {bytes} bytes; a skill has at most {} KiB (`skills.{setting}`)",
            most / 1024
        )
    })
}

/// That a text holds tokens, which stand for values of one session.
fn tokens_in(what: &str, text: &str) -> Option<String> {
    let mut tokens: Vec<&str> =
        workroom_privacy::pieces(text).map(|piece| &text[piece.range]).collect();
    tokens.sort_unstable();
    tokens.dedup();
    if tokens.is_empty() {
        return None;
    }
    let more = tokens.len().saturating_sub(4);
    let named: Vec<String> = tokens.iter().take(4).map(|token| format!("`{token}`")).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(format!(
        "the {what} holds tokens of this session's masked values ({}{more}): take them as `input`",
        named.join(", ")
    ))
}

fn told(code: &str, diagnostic: &Diagnostic) -> String {
    workroom_script::render(code, diagnostic).replace('\n', "\n  ")
}

/// What `SKILL.md` says of its use.
fn usage(name: &str, signature: &str) -> String {
    format!(
        "## Use\n\n```ts\nimport {{ run }} from './skills/{name}';\n\n\
         const result = await run(input);\
         \n```\n\n`{signature}`\n"
    )
}

/// Drops the oldest versions above the limit that nobody uses: no promoted one, and not the newest.
async fn drop_old(shared: &Shared, name: &str) -> Result<(), StoreError> {
    let most = shared.skill_settings.size(SkillLimit::Versions);
    let records = shared.store.skills().await?;
    let of_name: Vec<_> = records.iter().filter(|record| record.name == name).collect();
    let excess = of_name.len().saturating_sub(most);
    let last = of_name.last().map(|record| record.version);
    let spare = of_name
        .iter()
        .filter(|record| record.status != SkillStatus::Promoted && Some(record.version) != last);
    for record in spare.take(excess) {
        shared.store.remove_skill(name, Some(record.version)).await?;
    }
    Ok(())
}
