//! `workroom skills harden`: how skills stand recorded answers that drift.

use std::path::Path;

use serde_json::json;
use workroom_engine::{
    Sandbox,
    skills::{self, Rehearsal, manage},
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
    let mut packages = Vec::new();
    for skill in &args.skills {
        packages.push(named(skill).await?);
    }
    let settings = settings::load(global)?;
    let place = gateway::place(&settings);
    let mut reports = Vec::new();
    for package in &packages {
        reports.push(report(package, place.sandbox(), settings.config.limits).await);
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

/// A skill by its name in the store, or by its folder.
async fn named(skill: &str) -> Result<Package, Failure> {
    if folder::is_skill(Path::new(skill)) {
        return folder::needed(Path::new(skill));
    }
    let store = store::open(Keep::Stored).await?;
    let view = manage::find(&*store, skill, None).await.map_err(failure)?;
    view.package.ok_or_else(|| {
        let why = view.broken.unwrap_or_default();
        Failure::failed(format!("skill `{skill}` cannot be used: {why}"))
    })
}

async fn report(package: &Package, sandbox: std::sync::Arc<dyn Sandbox>, limits: Limits) -> Report {
    let rehearsal = Rehearsal { package, servers: Vec::new(), limits };
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
