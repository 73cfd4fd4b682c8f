//! Which versions of which skills there are, and which of them a session sees.
//!
//! Of each name a session sees one version: its own newest draft, where that is newer than the one
//! that was promoted last, else that one. A name of which every promoted version was deprecated
//! can still be imported by those who know it.
//!
//! The registry is read again when the store says that something changed, also in another
//! process. What is read is checked once for each version: its files against its hash.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use workroom_catalog::Skill as Found;
use workroom_script::Interface;
use workroom_skill::Package;
use workroom_types::SessionId;

use crate::{
    skills::needs::Needs,
    store::{Millis, SkillFigures, SkillRecord, SkillStatus, Store, StoreError},
};

/// The most sessions with drafts whose view is remembered.
const VIEWS_MAX: usize = 256;

/// One version, read and checked.
#[derive(Debug)]
pub struct SkillVersion {
    /// As it is kept. Its figures are those of when it was read.
    pub record: SkillRecord,
    /// What was read of its files.
    pub body: Arc<Body>,
}

/// What is in a version's files.
#[derive(Debug)]
pub struct Body {
    /// The package; or why nobody may use it, in one clause.
    pub package: Result<Package, String>,
    /// How it is used.
    pub interface: Interface,
    /// What it needs.
    pub needs: Needs,
    /// The servers' folders that its code names.
    pub folders: Vec<String>,
}

impl SkillVersion {
    /// The package.
    ///
    /// # Errors
    ///
    /// Why nobody may use it, in one clause.
    pub fn package(&self) -> Result<&Package, String> {
        self.body.package.as_ref().map_err(Clone::clone)
    }

    /// One line about it, for lists.
    pub fn about(&self) -> String {
        let SkillRecord { version, status, figures, .. } = &self.record;
        let mut about = match &self.body.package {
            Ok(package) => workroom_catalog::summary(&package.description),
            Err(reason) => format!("cannot be used: {reason}"),
        };
        let mut facts = Vec::new();
        if *status != SkillStatus::Promoted {
            facts.push(status.word().to_owned());
        }
        if *version > 1 {
            facts.push(format!("version {version}"));
        }
        if figures.ok + figures.failed > 0 {
            facts.push(format!("{} of {} runs ok", figures.ok, figures.ok + figures.failed));
        }
        if !facts.is_empty() {
            about = format!("{about} ({})", facts.join(", "));
        }
        about
    }

    /// As the search finds it at `now`.
    fn found(&self, now: Millis) -> Option<Found> {
        let package = self.body.package.as_ref().ok()?;
        let name = self.record.name.clone();
        let interface = &self.body.interface;
        Some(Found {
            path: format!("./skills/{name}"),
            name,
            description: package.description.clone(),
            parameters: interface.parameters.clone(),
            outputs: interface.outputs.clone(),
            function: "run".to_owned(),
            signature: interface.signature.clone(),
            source: package.code.clone(),
            standing: standing(&self.record.figures, self.record.created, now),
        })
    }
}

/// How well a version has done: by how many of its runs ended well, and how long ago the last was.
fn standing(figures: &SkillFigures, created: Millis, now: Millis) -> i8 {
    const DAY: Millis = 24 * 60 * 60 * 1000;
    let runs = figures.ok + figures.failed;
    // As if it had had two runs before, one of each: three that ended well say more than one.
    let share = (figures.ok + 1) * 100 / (runs + 2);
    let success = i64::try_from(share).unwrap_or(0) / 7 - 7;
    let days = (now - figures.used.unwrap_or(created)).max(0) / DAY;
    let age = match days {
        0..=30 => 3,
        31..=120 => 0,
        _ => -3,
    };
    i8::try_from((success + age).clamp(-10, 10)).unwrap_or(0)
}

/// What one session sees.
#[derive(Debug, Default)]
pub struct Visible {
    /// Tells this view from others.
    pub(crate) id: u64,
    /// By name.
    versions: BTreeMap<String, Arc<SkillVersion>>,
    /// Those that are found and listed.
    listed: Vec<Arc<SkillVersion>>,
    /// As the search finds them.
    pub(crate) found: Vec<Found>,
    /// Names of which there are only drafts of other sessions.
    hidden: Vec<String>,
}

impl Visible {
    /// The version of `name` that the session sees.
    pub fn get(&self, name: &str) -> Option<&Arc<SkillVersion>> {
        self.versions.get(name)
    }

    /// Whether another session has a draft of `name`, and nobody a promoted version.
    pub fn is_hidden(&self, name: &str) -> bool {
        self.hidden.iter().any(|hidden| hidden == name)
    }

    /// Those that are listed and found, by name.
    pub fn listed(&self) -> &[Arc<SkillVersion>] {
        &self.listed
    }

    /// The servers, by name or folder, that those skills need whose names stand in `source`, and
    /// the skills that they import.
    pub(crate) fn servers_of(&self, source: &str) -> Vec<String> {
        if !source.contains("skills/") {
            return Vec::new();
        }
        let named = self.versions.keys().map(String::as_str);
        let mut all: Vec<&str> = named.filter(|name| source.contains(*name)).collect();
        let mut servers = Vec::new();
        let mut at = 0;
        while let Some(version) = all.get(at).map(|name| self.versions.get(*name)) {
            if let Some(body) = version.map(|version| &version.body) {
                servers.extend(body.needs.servers.iter().chain(&body.folders).cloned());
                for skill in &body.needs.skills {
                    if !all.contains(&skill.as_str()) {
                        all.push(skill);
                    }
                }
            }
            at += 1;
        }
        servers
    }

    /// Every name that can be imported.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.versions.keys().map(String::as_str)
    }
}

/// The versions of a store.
#[derive(Default)]
pub(crate) struct Registry {
    state: Mutex<State>,
    views: AtomicU64,
}

#[derive(Default)]
struct State {
    /// The store's number of changes when it was read; `None` before.
    read: Option<i64>,
    versions: Arc<Vec<Arc<SkillVersion>>>,
    /// What sessions without drafts see.
    common: Option<Arc<Visible>>,
    own: HashMap<SessionId, Arc<Visible>>,
}

impl Registry {
    fn state(&self) -> MutexGuard<'_, State> {
        // Replaced as a whole, so a panic leaves what was there before.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the figures again at the next look.
    pub(crate) fn forget(&self) {
        self.state().read = None;
    }

    /// All versions that somebody may use, as the store has them now.
    pub(crate) async fn versions(
        &self,
        store: &dyn Store,
    ) -> Result<Arc<Vec<Arc<SkillVersion>>>, StoreError> {
        let changes = store.skill_changes().await?;
        let before = {
            let state = self.state();
            if state.read == Some(changes) {
                return Ok(Arc::clone(&state.versions));
            }
            Arc::clone(&state.versions)
        };
        let versions = Arc::new(read(store, &before).await?);
        let mut state = self.state();
        *state = State {
            read: Some(changes),
            versions: Arc::clone(&versions),
            common: None,
            own: HashMap::new(),
        };
        Ok(versions)
    }

    /// What `session` sees at `now`; `None` is a session that saved nothing.
    pub(crate) async fn visible(
        &self,
        store: &dyn Store,
        session: Option<&SessionId>,
        now: Millis,
    ) -> Result<Arc<Visible>, StoreError> {
        let versions = self.versions(store).await?;
        let session = session.filter(|id| {
            versions.iter().any(|version| {
                version.record.status == SkillStatus::Draft && version.record.session == id.as_str()
            })
        });
        {
            let state = self.state();
            let known = match session {
                None => state.common.clone(),
                Some(session) => state.own.get(session).cloned(),
            };
            if let Some(known) = known.filter(|_| Arc::ptr_eq(&state.versions, &versions)) {
                return Ok(known);
            }
        }
        let id = self.views.fetch_add(1, Ordering::Relaxed) + 1;
        let visible = Arc::new(view(id, &versions, session, now));
        let mut state = self.state();
        if Arc::ptr_eq(&state.versions, &versions) {
            match session {
                None => state.common = Some(Arc::clone(&visible)),
                Some(session) => {
                    if state.own.len() >= VIEWS_MAX {
                        state.own.clear();
                    }
                    state.own.insert(session.clone(), Arc::clone(&visible));
                }
            }
        }
        Ok(visible)
    }
}

/// Reads the versions of `store`; what `before` has of the same files is taken over.
async fn read(
    store: &dyn Store,
    before: &[Arc<SkillVersion>],
) -> Result<Vec<Arc<SkillVersion>>, StoreError> {
    let known: HashMap<(&str, i64, &str), &Arc<Body>> = before
        .iter()
        .map(|it| {
            let SkillRecord { name, version, hash, .. } = &it.record;
            ((name.as_str(), *version, hash.as_str()), &it.body)
        })
        .collect();
    let mut versions = Vec::new();
    for record in of_use(store.skills().await?) {
        let key = (record.name.as_str(), record.version, record.hash.as_str());
        let body = match known.get(&key) {
            Some(body) => Arc::clone(body),
            None => match store.skill_files(&record.name, record.version).await? {
                Some(files) => Arc::new(body(&record, &files)),
                // Removed since the list was made.
                None => continue,
            },
        };
        versions.push(Arc::new(SkillVersion { record, body }));
    }
    Ok(versions)
}

/// Those versions that some session sees: drafts, and of each name the one promoted last.
fn of_use(records: Vec<SkillRecord>) -> Vec<SkillRecord> {
    let mut best: HashMap<String, i64> = HashMap::new();
    let rank = |record: &SkillRecord| {
        (record.status == SkillStatus::Promoted, record.promoted, record.version)
    };
    for record in records.iter().filter(|it| it.status != SkillStatus::Draft) {
        let chosen = best.get(&record.name).and_then(|version| {
            records.iter().find(|it| it.name == record.name && it.version == *version)
        });
        if chosen.is_none_or(|chosen| rank(chosen) < rank(record)) {
            best.insert(record.name.clone(), record.version);
        }
    }
    let is_of_use = |record: &SkillRecord| {
        record.status == SkillStatus::Draft || best.get(&record.name) == Some(&record.version)
    };
    records.into_iter().filter(is_of_use).collect()
}

/// Reads the files of a version, and holds them to its hash.
pub(crate) fn body(record: &SkillRecord, files: &[(String, String)]) -> Body {
    let package = Package::read(files).map_err(|problems| {
        let first = problems.first().map(ToString::to_string).unwrap_or_default();
        format!("its files are not a skill any more: {first}")
    });
    let package = package.and_then(|package| {
        if package.name.as_str() != record.name {
            return Err(format!("its files are of a skill called `{}`", package.name));
        }
        if package.hash() != record.hash {
            let reason = "its files were changed outside of Workroom: they do not have its hash";
            return Err(reason.to_owned());
        }
        Ok(package)
    });
    let interface = package.as_ref().ok().map(|it| workroom_script::interface(&it.code));
    let interface = interface.and_then(Result::ok).unwrap_or_default();
    let uses = package.as_ref().map(|it| workroom_script::uses(&it.code)).unwrap_or_default();
    let folders = uses.into_iter().map(|it| it.folder).collect();
    Body { package, interface, needs: Needs::read(&record.needs), folders }
}

fn view(
    id: u64,
    versions: &[Arc<SkillVersion>],
    session: Option<&SessionId>,
    now: Millis,
) -> Visible {
    let mut visible = Visible { id, ..Visible::default() };
    // By name and version, so that a later draft takes the place of what came before it.
    for version in versions {
        let record = &version.record;
        let is_seen = record.status != SkillStatus::Draft
            || session.is_some_and(|session| record.session == session.as_str());
        if is_seen {
            visible.versions.insert(record.name.clone(), Arc::clone(version));
        } else if !visible.versions.contains_key(&record.name) {
            visible.hidden.push(record.name.clone());
        }
    }
    visible.hidden.retain(|name| !visible.versions.contains_key(name));
    visible.hidden.dedup();
    let listed = visible.versions.values().filter(|it| it.record.status != SkillStatus::Deprecated);
    visible.listed = listed.cloned().collect();
    visible.found = visible.listed.iter().filter_map(|it| it.found(now)).collect();
    visible
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Millis = 24 * 60 * 60 * 1000;

    #[track_caller]
    fn check(ok: u64, failed: u64, days: Millis, expected: i8) {
        let figures = SkillFigures { ok, failed, used: Some(0), ..SkillFigures::default() };
        assert_eq!(standing(&figures, 0, days * DAY), expected, "{ok} ok, {failed} failed");
    }

    #[test]
    fn a_skill_stands_by_its_runs_and_by_how_long_ago_they_were() {
        check(0, 0, 0, 3);
        check(1, 0, 0, 5);
        check(100, 0, 0, 10);
        check(100, 0, 200, 4);
        check(0, 100, 0, -4);
        check(0, 100, 200, -10);
    }
}
