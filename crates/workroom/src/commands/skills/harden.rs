//! `workroom skills harden`: how skills stand recorded answers that drift.

use std::path::Path;

use serde_json::json;
use workroom_engine::{
    Sandbox,
    skills::{self, Rehearsal, manage, rehearse},
    store::Store,
};
use workroom_skill::{
    Package,
    harden::{Report, Verdict, markdown},
};
use workroom_types::Limits;

use super::{failure, folder};
use crate::{
    args::{Global, SkillsHarden},
    gateway,
    output::{self, Answer, Failure},
    settings,
    store::{self, Keep},
};

pub(super) async fn harden(global: &Global, args: &SkillsHarden) -> Result<Answer, Failure> {
    let store = store::open(Keep::Stored).await?;
    let mut packages = Vec::new();
    for skill in &args.skills {
        packages.push(named(&*store, skill).await?);
    }
    let settings = settings::load(global)?;
    let place = gateway::place(&settings);
    let mut reports = Vec::new();
    for (package, skills) in packages {
        let limits = settings.config.limits;
        reports.push(report(&package, skills, place.sandbox(), limits).await);
    }
    let is_hard = reports.iter().all(Report::is_hard);
    let text = if args.table {
        markdown(&reports)
    } else {
        reports.iter().map(Report::text).collect::<Vec<_>>().join("\n")
    };
    let told: Vec<_> = reports.iter().map(as_json).collect();
    let code = if is_hard { output::OK } else { output::FAILED };
    Ok(Answer::new(text.trim_end(), &json!({ "ok": is_hard, "skills": told }), code))
}

/// A skill by its name in the store or by its folder, with the skills that it imports: of a
/// folder's, those beside it come first.
async fn named(store: &dyn Store, skill: &str) -> Result<(Package, Vec<Package>), Failure> {
    let path = Path::new(skill);
    if folder::is_skill(path) {
        let package = folder::needed(path)?;
        let mut skills = beside(path, &package);
        for package in std::iter::once(package.clone()).chain(skills.clone()) {
            for one in rehearse::imported(store, &package).await {
                if !skills.iter().any(|known| known.name == one.name) {
                    skills.push(one);
                }
            }
        }
        return Ok((package, skills));
    }
    let view = manage::find(store, skill, None).await.map_err(failure)?;
    let package = view.package.ok_or_else(|| {
        let why = view.broken.unwrap_or_default();
        Failure::failed(format!("skill `{skill}` cannot be used: {why}"))
    })?;
    let skills = rehearse::imported(store, &package).await;
    Ok((package, skills))
}

/// The skills that `package` imports and that are in folders beside its own.
fn beside(path: &Path, package: &Package) -> Vec<Package> {
    let mut found: Vec<Package> = Vec::new();
    let mut todo = rehearse::imports(&package.code);
    while let Some(name) = todo.pop() {
        let is_known =
            name == package.name.as_str() || found.iter().any(|known| known.name.as_str() == name);
        let folder = path.join("..").join(&name);
        if is_known || !folder::is_skill(&folder) {
            continue;
        }
        if let Ok(package) = folder::read(&folder) {
            todo.extend(rehearse::imports(&package.code));
            found.push(package);
        }
    }
    found
}

async fn report(
    package: &Package,
    imported: Vec<Package>,
    sandbox: std::sync::Arc<dyn Sandbox>,
    limits: Limits,
) -> Report {
    let rehearsal = Rehearsal { package, servers: Vec::new(), skills: imported, limits };
    skills::harden(&rehearsal, sandbox, &|done, all| {
        tracing::debug!(skill = %package.name, done, all, "a mutation was replayed");
    })
    .await
}

/// The stable keys of `--json`.
fn as_json(report: &Report) -> serde_json::Value {
    let count = |verdict| report.count(verdict);
    json!({
        "skill": report.skill,
        "ok": report.is_hard(),
        "right": count(Verdict::Right),
        "failed": count(Verdict::Failed),
        "silent": count(Verdict::Silent),
        "checks": report.checks,
        "broken": report.broken,
        "findings": report.findings,
    })
}
