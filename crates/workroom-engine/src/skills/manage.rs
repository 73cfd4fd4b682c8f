//! What a person does with skills: looks at them, promotes, deprecates, goes back, removes.
//!
//! It works on a store alone, whatever runs: gateways that share the store notice.

use serde::Serialize;
use thiserror::Error;
use workroom_skill::{
    Package,
    scan::{self, Suspicion},
};

use crate::{
    now,
    skills::{
        needs::Needs,
        registry::{Body, body},
    },
    store::{SkillRecord, SkillStatus, Store, StoreError},
};

/// A version, for a person.
#[derive(Debug, Serialize)]
pub struct SkillView {
    /// As it is kept.
    #[serde(flatten)]
    pub record: SkillRecord,
    /// What it does; empty where it cannot be read.
    pub description: String,
    /// How it is called.
    pub signature: String,
    /// What it needs.
    pub needs: Needs,
    /// Recorded cases.
    pub cases: usize,
    /// Why nobody can use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// What a person should look at before they trust it.
    pub suspicions: Vec<Suspicion>,
    /// The package.
    #[serde(skip)]
    pub package: Option<Package>,
}

impl SkillView {
    fn of(record: SkillRecord, files: &[(String, String)]) -> Self {
        let Body { package, interface, needs, .. } = body(&record, files);
        let broken = package.as_ref().err().cloned();
        let package = package.ok();
        let suspicions = package.as_ref().map(scan::package).unwrap_or_default();
        let description = package.as_ref().map(|it| it.description.clone()).unwrap_or_default();
        let cases = package.as_ref().map_or(0, |it| it.cases.len());
        let signature = interface.signature;
        Self { record, description, signature, needs, cases, broken, suspicions, package }
    }
}

/// Why something cannot be done to a skill.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ManageError {
    /// There is none of that name.
    #[error("there is no skill `{name}`{}", meant(nearest.as_deref()))]
    Unknown {
        /// The name.
        name: String,
        /// One that is like it.
        nearest: Option<String>,
    },
    /// There is no such version.
    #[error("skill `{name}` has no version {version}; it has {}", list(known))]
    NoVersion {
        /// The skill.
        name: String,
        /// The version.
        version: i64,
        /// Those that there are.
        known: Vec<i64>,
    },
    /// There is nothing to go back to.
    #[error("skill `{0}` has no version that was promoted before: name one with `--to`")]
    NothingBefore(String),
    /// Nobody could use it.
    #[error("skill `{name}` version {version} cannot be promoted: {reason}")]
    Broken {
        /// The skill.
        name: String,
        /// The version.
        version: i64,
        /// Why.
        reason: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

fn list(versions: &[i64]) -> String {
    versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Every version of every skill, or of the one called `name`.
///
/// # Errors
///
/// When there is none of that name, or the store fails.
pub async fn list_versions(
    store: &dyn Store,
    name: Option<&str>,
) -> Result<Vec<SkillView>, ManageError> {
    let records = match name {
        Some(name) => of_name(store, name).await?,
        None => store.skills().await?,
    };
    let mut views = Vec::new();
    for record in records {
        let files = store.skill_files(&record.name, record.version).await?.unwrap_or_default();
        views.push(SkillView::of(record, &files));
    }
    Ok(views)
}

/// One version of a skill: the one asked for, else the one that is promoted, else the newest.
///
/// # Errors
///
/// When there is none, or the store fails.
pub async fn find(
    store: &dyn Store,
    name: &str,
    version: Option<i64>,
) -> Result<SkillView, ManageError> {
    let records = of_name(store, name).await?;
    let record = match version {
        Some(version) => numbered(&records, name, version)?,
        None => active(&records)
            .or(records.last())
            .cloned()
            .ok_or_else(|| ManageError::Unknown { name: name.to_owned(), nearest: None })?,
    };
    let files = store.skill_files(name, record.version).await?.unwrap_or_default();
    Ok(SkillView::of(record, &files))
}

/// Gives a version to everybody: the one asked for, else the newest.
///
/// # Errors
///
/// When there is none, when nobody could use it, or when the store fails.
pub async fn promote(
    store: &dyn Store,
    name: &str,
    version: Option<i64>,
) -> Result<SkillView, ManageError> {
    let records = of_name(store, name).await?;
    let newest = records.last().map_or(0, |record| record.version);
    let mut view = find(store, name, Some(version.unwrap_or(newest))).await?;
    let version = view.record.version;
    if let Some(reason) = view.broken {
        return Err(ManageError::Broken { name: name.to_owned(), version, reason });
    }
    let at = now();
    store.set_skill_status(name, version, SkillStatus::Promoted, at).await?;
    (view.record.status, view.record.promoted) = (SkillStatus::Promoted, Some(at));
    Ok(view)
}

/// Takes a skill off the lists: all promoted versions, or the one asked for. Gives the versions.
///
/// # Errors
///
/// When there is none, or when the store fails.
pub async fn deprecate(
    store: &dyn Store,
    name: &str,
    version: Option<i64>,
) -> Result<Vec<i64>, ManageError> {
    let records = of_name(store, name).await?;
    let chosen: Vec<i64> = match version {
        Some(version) => vec![numbered(&records, name, version)?.version],
        None => {
            let promoted = records.iter().filter(|it| it.status == SkillStatus::Promoted);
            promoted.map(|it| it.version).collect()
        }
    };
    for version in &chosen {
        store.set_skill_status(name, *version, SkillStatus::Deprecated, now()).await?;
    }
    Ok(chosen)
}

/// The version that [`rollback`] goes back to: the one asked for, or the one that was promoted
/// before the one that is.
///
/// # Errors
///
/// When there is none to go back to, or when the store fails.
pub async fn rollback_target(
    store: &dyn Store,
    name: &str,
    to: Option<i64>,
) -> Result<SkillView, ManageError> {
    let records = of_name(store, name).await?;
    let to = match to {
        Some(version) => version,
        None => {
            let from = active(&records).map(|record| record.version);
            let before = records
                .iter()
                .filter(|it| it.promoted.is_some() && from.is_none_or(|from| it.version < from));
            let before = before.max_by_key(|record| record.version);
            before.ok_or_else(|| ManageError::NothingBefore(name.to_owned()))?.version
        }
    };
    find(store, name, Some(to)).await
}

/// Goes back from the version that is promoted: to the one asked for, or to the one that was
/// promoted before it. Gives both.
///
/// # Errors
///
/// When there is none to go back to, when nobody could use it, or when the store fails.
pub async fn rollback(
    store: &dyn Store,
    name: &str,
    to: Option<i64>,
) -> Result<(Option<i64>, SkillView), ManageError> {
    let records = of_name(store, name).await?;
    let from = active(&records).map(|record| record.version);
    let to = rollback_target(store, name, to).await?.record.version;
    let view = promote(store, name, Some(to)).await?;
    if let Some(from) = from.filter(|from| *from != to) {
        store.set_skill_status(name, from, SkillStatus::Deprecated, now()).await?;
    }
    Ok((from, view))
}

/// Drops a skill, or one version of it; says how many versions went.
///
/// # Errors
///
/// When there is none, or when the store fails.
pub async fn remove(
    store: &dyn Store,
    name: &str,
    version: Option<i64>,
) -> Result<u64, ManageError> {
    let records = of_name(store, name).await?;
    if let Some(version) = version {
        numbered(&records, name, version)?;
    }
    Ok(store.remove_skill(name, version).await?)
}

/// The version that everybody uses: the one promoted last.
fn active(records: &[SkillRecord]) -> Option<&SkillRecord> {
    let promoted = records.iter().filter(|record| record.status == SkillStatus::Promoted);
    promoted.max_by_key(|record| (record.promoted, record.version))
}

fn numbered(records: &[SkillRecord], name: &str, version: i64) -> Result<SkillRecord, ManageError> {
    let found = records.iter().find(|record| record.version == version).cloned();
    found.ok_or_else(|| ManageError::NoVersion {
        name: name.to_owned(),
        version,
        known: records.iter().map(|record| record.version).collect(),
    })
}

async fn of_name(store: &dyn Store, name: &str) -> Result<Vec<SkillRecord>, ManageError> {
    let records = store.skills().await?;
    let mut names: Vec<&str> = records.iter().map(|record| record.name.as_str()).collect();
    names.dedup();
    if !names.contains(&name) {
        let nearest = workroom_script::nearest(name, names.into_iter());
        let nearest = nearest.first().map(|it| (*it).to_owned());
        return Err(ManageError::Unknown { name: name.to_owned(), nearest });
    }
    Ok(records.into_iter().filter(|record| record.name == name).collect())
}
