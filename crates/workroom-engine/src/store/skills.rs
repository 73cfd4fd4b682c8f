//! What a store keeps of skills: their files in versions, and how each version fared.
//!
//! A store reads none of it. Versions of a name are numbered by the store, from 1 on, and a number
//! is never given again. Every change of what skills there are changes [`Skills::skill_changes`],
//! so that a process notices what another one did; a use changes nothing but its own figures.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};

use super::{Millis, Stored};

/// Keeps skills.
pub trait Skills: Send + Sync {
    /// Adds a version, and gives its number. What the newest version of that name already is,
    /// from the same session, is not added again: the number of that version is given.
    fn keep_skill(&self, skill: NewSkill) -> Stored<'_, SkillKept>;

    /// Every version of every skill without its files, by name and version.
    fn skills(&self) -> Stored<'_, Vec<SkillRecord>>;

    /// The files of a version; `None` where there is none.
    fn skill_files(&self, name: &str, version: i64) -> Stored<'_, Option<Files>>;

    /// Gives a version another status, from `at` on; `false` where there is none.
    fn set_skill_status(
        &self,
        name: &str,
        version: i64,
        status: SkillStatus,
        at: Millis,
    ) -> Stored<'_, bool>;

    /// Puts other files in the place of those with the hash `was`; `false` where a version has
    /// others.
    fn amend_skill(&self, amended: AmendedSkill) -> Stored<'_, bool>;

    /// Drops a version, or all of them; says how many that were.
    fn remove_skill(&self, name: &str, version: Option<i64>) -> Stored<'_, u64>;

    /// Adds runs to the figures of their versions. One that is gone is left out.
    fn note_skill_uses(&self, uses: Vec<SkillUse>) -> Stored<'_, ()>;

    /// Another number after every change of what skills there are.
    fn skill_changes(&self) -> Stored<'_, i64>;
}

/// Names and texts of files.
pub type Files = Vec<(String, String)>;

/// Who may use a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SkillStatus {
    /// The session that made it.
    Draft,
    /// Everybody.
    Promoted,
    /// Everybody who names it; nobody finds it.
    Deprecated,
}

impl SkillStatus {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            SkillStatus::Draft => "draft",
            SkillStatus::Promoted => "promoted",
            SkillStatus::Deprecated => "deprecated",
        }
    }

    /// The status of a word.
    pub fn named(word: &str) -> Option<Self> {
        let all = [SkillStatus::Draft, SkillStatus::Promoted, SkillStatus::Deprecated];
        all.into_iter().find(|status| status.word() == word)
    }
}

/// A version that is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSkill {
    /// The skill.
    pub name: String,
    /// The hash of its files.
    pub hash: String,
    /// Its files.
    pub files: Files,
    /// Now.
    pub created: Millis,
    /// The client that saves it.
    pub author: String,
    /// The session that it is saved in.
    pub session: String,
    /// Who may use it.
    pub status: SkillStatus,
    /// The engine's JSON: what it needs.
    pub needs: String,
}

/// What [`Skills::keep_skill`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SkillKept {
    /// The version.
    pub version: i64,
    /// Whether it was there before.
    pub was_there: bool,
}

/// Other files for a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmendedSkill {
    /// The skill.
    pub name: String,
    /// The version.
    pub version: i64,
    /// The hash of the files that it has.
    pub was: String,
    /// The hash of the new ones.
    pub hash: String,
    /// The new ones.
    pub files: Files,
}

/// A version as it is kept, without its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkillRecord {
    /// The skill.
    pub name: String,
    /// The version.
    pub version: i64,
    /// The hash of its files.
    pub hash: String,
    /// When it was saved.
    pub created: Millis,
    /// The client that saved it.
    pub author: String,
    /// The session that it was saved in.
    #[serde(skip)]
    pub session: String,
    /// Who may use it.
    pub status: SkillStatus,
    /// When it was promoted last.
    pub promoted: Option<Millis>,
    /// The engine's JSON: what it needs.
    #[serde(skip)]
    pub needs: String,
    /// How its runs went.
    #[serde(flatten)]
    pub figures: SkillFigures,
}

/// How the runs of a version went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SkillFigures {
    /// Runs that ended well.
    pub ok: u64,
    /// Runs that did not.
    pub failed: u64,
    /// Different inputs of the runs that ended well.
    pub inputs: u64,
    /// When it was used last.
    pub used: Option<Millis>,
    /// Tokens that it saved, as far as that is known.
    pub saved: u64,
}

/// One run that used a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkillUse {
    /// The skill.
    pub name: String,
    /// The version.
    pub version: i64,
    /// Now.
    pub at: Millis,
    /// Whether it ended well.
    pub ok: bool,
    /// The hash of its input, where that is known.
    pub input: Option<String>,
    /// Tokens that it saved, as far as that is known.
    pub saved: u64,
}

/// Skills in the memory of this process.
#[derive(Debug, Default)]
pub(super) struct MemorySkills(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    versions: BTreeMap<(String, i64), (SkillRecord, Files, BTreeSet<String>)>,
    numbers: BTreeMap<String, i64>,
    changes: i64,
}

impl MemorySkills {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        // Every change is made of steps that leave the tables readable.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn keep_skill(&self, skill: NewSkill) -> SkillKept {
        let mut tables = self.tables();
        let last = tables.versions.values().rfind(|(record, ..)| record.name == skill.name);
        if let Some((last, ..)) = last
            && last.hash == skill.hash
            && last.session == skill.session
        {
            return SkillKept { version: last.version, was_there: true };
        }
        let NewSkill { name, hash, files, created, author, session, status, needs } = skill;
        let next = tables.numbers.entry(name.clone()).or_insert(1);
        let version = *next;
        *next += 1;
        tables.changes += 1;
        let promoted = (status == SkillStatus::Promoted).then_some(created);
        let figures = SkillFigures::default();
        let key = (name.clone(), version);
        let record = SkillRecord {
            name,
            version,
            hash,
            created,
            author,
            session,
            status,
            promoted,
            needs,
            figures,
        };
        tables.versions.insert(key, (record, files, BTreeSet::new()));
        SkillKept { version, was_there: false }
    }

    pub(super) fn skills(&self) -> Vec<SkillRecord> {
        self.tables().versions.values().map(|(record, ..)| record.clone()).collect()
    }

    pub(super) fn skill_files(&self, name: &str, version: i64) -> Option<Files> {
        let tables = self.tables();
        tables.versions.get(&(name.to_owned(), version)).map(|(_, files, _)| files.clone())
    }

    pub(super) fn set_skill_status(
        &self,
        name: &str,
        version: i64,
        status: SkillStatus,
        at: Millis,
    ) -> bool {
        let mut tables = self.tables();
        let Some((record, ..)) = tables.versions.get_mut(&(name.to_owned(), version)) else {
            return false;
        };
        record.status = status;
        if status == SkillStatus::Promoted {
            record.promoted = Some(at);
        }
        tables.changes += 1;
        true
    }

    pub(super) fn amend_skill(&self, amended: AmendedSkill) -> bool {
        let mut tables = self.tables();
        let key = (amended.name, amended.version);
        let found = tables.versions.get_mut(&key);
        let Some((record, files, _)) = found.filter(|(it, ..)| it.hash == amended.was) else {
            return false;
        };
        record.hash = amended.hash;
        *files = amended.files;
        tables.changes += 1;
        true
    }

    pub(super) fn remove_skill(&self, name: &str, version: Option<i64>) -> u64 {
        let mut tables = self.tables();
        let before = tables.versions.len();
        let is_gone =
            |(of, number): &(String, i64)| of == name && version.is_none_or(|v| v == *number);
        tables.versions.retain(|key, _| !is_gone(key));
        let gone = (before - tables.versions.len()) as u64;
        tables.changes += i64::from(gone > 0);
        gone
    }

    pub(super) fn note_skill_uses(&self, uses: Vec<SkillUse>) {
        let mut tables = self.tables();
        for one in uses {
            let SkillUse { name, version, at, ok, input, saved } = one;
            let Some((record, _, inputs)) = tables.versions.get_mut(&(name, version)) else {
                continue;
            };
            let figures = &mut record.figures;
            figures.ok += u64::from(ok);
            figures.failed += u64::from(!ok);
            figures.used = figures.used.max(Some(at));
            figures.saved += saved;
            if ok {
                inputs.extend(input);
            }
            figures.inputs = inputs.len() as u64;
        }
    }

    pub(super) fn skill_changes(&self) -> i64 {
        self.tables().changes
    }
}
