//! Recorded cases, played without any server.

use std::fmt::Write as _;

use serde_json::json;
use workroom_engine::{
    skills::{Rehearsal, Repeats, SkillView, manage, rehearse},
    store::Store,
};

use super::failure;
use crate::{
    args::Global,
    gateway,
    output::{self, Answer, Failure},
    settings,
    store::{self, Keep},
};

pub(crate) async fn test(
    global: &Global,
    name: Option<&str>,
    version: Option<i64>,
) -> Result<Answer, Failure> {
    let settings = settings::load(global)?;
    let store = store::open(Keep::Stored).await?;
    let views = match name {
        Some(name) => vec![manage::find(&*store, name, version).await.map_err(failure)?],
        None => {
            let all = manage::list_versions(&*store, None).await.map_err(failure)?;
            let names = all.iter().map(|view| view.record.name.clone());
            let mut names: Vec<String> = names.collect();
            names.dedup();
            let mut chosen = Vec::new();
            for name in names {
                chosen.push(manage::find(&*store, &name, None).await.map_err(failure)?);
            }
            chosen
        }
    };
    let place = gateway::place(&settings);
    let (mut text, mut results, mut failed) = (String::new(), Vec::new(), 0);
    for view in &views {
        for (case, difference) in play(&*store, view, &place, settings.config.limits).await? {
            let (name, version) = (&view.record.name, view.record.version);
            failed += usize::from(difference.is_some());
            let word = if difference.is_some() { "failed" } else { "ok" };
            let _ = write!(text, "{word}  {name} v{version}  {case}");
            let _ = match &difference {
                Some(difference) => writeln!(text, ": {difference}"),
                None => writeln!(text),
            };
            results.push(json!({
                "name": name, "version": version, "case": case,
                "ok": difference.is_none(), "difference": difference,
            }));
        }
    }
    if results.is_empty() {
        text.push_str("no case is recorded: the first run of a draft that ends well records one");
    }
    let code = if failed > 0 { output::FAILED } else { output::OK };
    let json = json!({ "ok": failed == 0, "cases": results });
    Ok(Answer::new(text.trim_end(), &json, code))
}

/// Plays the cases of one version: their names, and what is not as recorded.
async fn play(
    store: &dyn Store,
    view: &SkillView,
    place: &crate::sandbox::Place,
    limits: workroom_types::Limits,
) -> Result<Vec<(String, Option<String>)>, Failure> {
    let Some(package) = &view.package else {
        let reason = view.broken.clone().unwrap_or_default();
        return Ok(vec![("files".to_owned(), Some(reason))]);
    };
    let skills = rehearse::imported(store, package).await;
    let rehearsal = Rehearsal { package, servers: Vec::new(), skills, limits };
    let mut played = Vec::new();
    for case in &package.cases {
        let rehearsed = rehearsal.play(place.sandbox(), case, Repeats::Strict).await;
        played.push((case.name.clone(), rehearsed.difference(case)));
    }
    Ok(played)
}
