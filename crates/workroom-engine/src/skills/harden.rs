//! Hardening a skill: its recorded cases with answers changed the way APIs drift, each replayed.

use std::sync::Arc;

use serde_json::Value;
use workroom_skill::{
    Case,
    harden::{self, Replayed, Report},
    mutate::{self, Mutation},
};

use crate::{
    Sandbox,
    skills::rehearse::{Rehearsal, Rehearsed, Repeats},
};

/// Replays every mutation of every case of the skill in `sandbox`, and tells `progress` how many
/// of how many are done.
pub async fn harden(
    rehearsal: &Rehearsal<'_>,
    sandbox: Arc<dyn Sandbox>,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Report {
    let package = rehearsal.package;
    let mut report = Report {
        skill: package.name.to_string(),
        checks: Vec::new(),
        broken: Vec::new(),
        findings: Vec::new(),
    };
    if package.cases.is_empty() {
        report.broken.push("it has no recorded case".to_owned());
    }
    let mut todo: Vec<(&Case, Vec<Mutation>)> = Vec::new();
    for case in &package.cases {
        let played = rehearsal.play(Arc::clone(&sandbox), case, Repeats::Strict).await;
        if report.checks.is_empty() {
            report.checks = played.checks.iter().map(|check| check.name.clone()).collect();
        }
        match played.difference(case) {
            Some(what) => report.broken.push(format!("case `{}`: {what}", case.name)),
            None => todo.push((case, mutate::mutations(case))),
        }
    }
    let all = todo.iter().map(|(_, mutations)| mutations.len()).sum();
    for (case, mutations) in todo {
        for mutation in mutations {
            let play = |case: Case| {
                let sandbox = Arc::clone(&sandbox);
                async move { rehearsal.play(sandbox, &case, Repeats::Last).await }
            };
            let reference = match mutation.reference(case) {
                Some(reference) => play(reference).await.outcome.ok(),
                None => None,
            };
            let replayed = replayed(play(mutation.apply(case)).await);
            report.findings.push(harden::judge(case, mutation, reference.as_ref(), &replayed));
            progress(report.findings.len(), all);
        }
    }
    report
}

fn replayed(rehearsed: Rehearsed) -> Replayed {
    let result: Result<Value, String> = rehearsed.outcome.map_err(|failure| failure.message);
    Replayed { result, checks: rehearsed.checks }
}
