//! Skills, listed and shown.

use std::fmt::Write as _;

use serde_json::{Value, json};
use workroom_engine::{
    Store,
    skills::{SkillView, manage},
    store::SkillStatus,
};

use super::failure;
use crate::{
    args::Version,
    commands::ago::{ago, now},
    output::{self, Answer, Failure},
};

pub(crate) async fn list(store: &dyn Store) -> Result<Answer, Failure> {
    let views = manage::list_versions(store, None).await.map_err(failure)?;
    let mut text = String::new();
    for view in &views {
        let _ = writeln!(text, "{}", line(view));
        let about = view.broken.as_ref().map(|reason| format!("cannot be used: {reason}"));
        let _ = writeln!(text, "    {}", about.unwrap_or_else(|| view.description.clone()));
    }
    if views.is_empty() {
        text.push_str("there are no skills: agents save them with `save_skill`");
    }
    let json = json!({ "ok": true, "skills": views });
    Ok(Answer::new(text.trim_end(), &json, output::OK))
}

/// A version in a line.
fn line(view: &SkillView) -> String {
    let record = &view.record;
    let mut line = format!("{} v{}  {}", record.name, record.version, record.status.word());
    let figures = record.figures;
    if figures.ok + figures.failed > 0 {
        let _ = write!(line, " · {} of {} runs ok", figures.ok, figures.ok + figures.failed);
    }
    match figures.used {
        Some(used) => {
            let _ = write!(line, " · used {} ago", ago(now() - used));
        }
        None => {
            let _ = write!(line, " · saved {} ago", ago(now() - record.created));
        }
    }
    if !view.suspicions.is_empty() {
        let _ = write!(line, " · {} to look at", view.suspicions.len());
    }
    line
}

pub(crate) async fn show(store: &dyn Store, of: &Version) -> Result<Answer, Failure> {
    let view = manage::find(store, &of.name, of.version).await.map_err(failure)?;
    let mut text = format!("{}\n", line(&view));
    let record = &view.record;
    let _ = writeln!(text, "saved by {} in session {}", record.author, record.session);
    match (&view.broken, &view.package) {
        (Some(reason), _) => {
            let _ = writeln!(text, "cannot be used: {reason}");
        }
        (None, Some(package)) => {
            let _ = writeln!(text, "{}\n", package.description);
            let _ = writeln!(text, "{}", package.code.trim_end());
        }
        (None, None) => {}
    }
    if !view.needs.tools.is_empty() {
        let tools: Vec<String> = view.needs.tools.iter().map(|it| it.name().to_string()).collect();
        let _ = writeln!(text, "\nneeds: {}", tools.join(", "));
    }
    let _ = writeln!(text, "recorded cases: {}", view.cases);
    text.push_str(&to_look_at(&view));
    Ok(Answer::new(text.trim_end(), &whole(&view), output::OK))
}

/// What the scanner found, for a person.
pub(crate) fn to_look_at(view: &SkillView) -> String {
    let mut text = String::new();
    if !view.suspicions.is_empty() {
        text.push_str("look at this before you trust it:\n");
    }
    for suspicion in &view.suspicions {
        let _ = writeln!(text, "  {suspicion}");
    }
    text
}

/// A view with its code.
pub(crate) fn whole(view: &SkillView) -> Value {
    let mut json = serde_json::to_value(view).unwrap_or_default();
    json["ok"] = true.into();
    if let Some(package) = &view.package {
        json["code"] = package.code.clone().into();
        json["allowed_tools"] = json!(package.allowed_tools);
    }
    json["promoted_now"] = (view.record.status == SkillStatus::Promoted).into();
    json
}
