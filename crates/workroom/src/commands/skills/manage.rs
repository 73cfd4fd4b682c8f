//! Skills promoted, deprecated, taken back and removed.

use std::fmt::Write as _;

use serde_json::json;
use workroom_engine::{
    Store,
    modules::InRoom,
    skills::{SkillView, manage},
};
use workroom_script::Skill;

use super::{
    failure,
    list::{to_look_at, whole},
};
use crate::{
    args::{Global, Version},
    gateway::Gateway,
    output::{self, Answer, Failure},
    store::Keep,
};

pub(crate) async fn promote(store: &dyn Store, of: &Version) -> Result<Answer, Failure> {
    let view = manage::promote(store, &of.name, of.version).await.map_err(failure)?;
    Ok(promoted(&view, String::new()))
}

fn promoted(view: &SkillView, before: String) -> Answer {
    let record = &view.record;
    let mut text = before;
    let _ = writeln!(
        text,
        "skill `{}` version {} is promoted: every session can use it",
        record.name, record.version
    );
    let _ = writeln!(text, "saved by {}; {}", record.author, view.description);
    if view.cases == 0 {
        text.push_str("it has no recorded case: `workroom skills test` has nothing to play\n");
    }
    text.push_str(&to_look_at(view));
    Answer::new(text.trim_end(), &whole(view), output::OK)
}

pub(crate) async fn deprecate(store: &dyn Store, of: &Version) -> Result<Answer, Failure> {
    let versions = manage::deprecate(store, &of.name, of.version).await.map_err(failure)?;
    let text = if versions.is_empty() {
        format!("no version of skill `{}` was promoted", of.name)
    } else {
        let list: Vec<String> = versions.iter().map(ToString::to_string).collect();
        format!("deprecated: `{}` version {}", of.name, list.join(", "))
    };
    let json = json!({ "ok": true, "name": of.name, "deprecated": versions });
    Ok(Answer::new(text, &json, output::OK))
}

/// Goes back, unless nobody could use that version: then it says why, and changes nothing.
pub(crate) async fn rollback(
    global: &Global,
    store: &dyn Store,
    name: &str,
    to: Option<i64>,
) -> Result<Answer, Failure> {
    let target = manage::rollback_target(store, name, to).await.map_err(failure)?;
    let gateway = Gateway::open(global, Keep::Stored).await?;
    gateway.settled(global.json).await;
    let reason = reason_against(&gateway, name, &target).await?;
    gateway.close().await;
    if let Some(reason) = reason {
        let version = target.record.version;
        let told = format!("version {version} cannot be gone back to: {reason}");
        return Err(Failure::failed(told).hint("save it anew with the tools as they are now"));
    }
    let version = Some(target.record.version);
    let (from, view) = manage::rollback(store, name, version).await.map_err(failure)?;
    let before = from.map(|from| format!("version {from} is deprecated\n")).unwrap_or_default();
    Ok(promoted(&view, before))
}

/// Why nobody could use `view` with the servers as they are now.
async fn reason_against(
    gateway: &Gateway,
    name: &str,
    view: &SkillView,
) -> Result<Option<String>, Failure> {
    let catalog = gateway.engine.catalog();
    if let Some(unmet) = view.needs.unmet(name, &catalog) {
        return Ok(Some(unmet.message).filter(|_| !unmet.may_pass));
    }
    let Some(package) = &view.package else { return Ok(view.broken.clone()) };
    let visible = gateway.engine.skills(None).await.map_err(Failure::failed)?;
    let modules = InRoom { catalog: &catalog, skills: &visible };
    let skill = Skill { name: name.to_owned(), code: package.code.clone() };
    let checked = workroom_script::check_skill(&skill, &modules);
    Ok(checked.err().and_then(|found| Some(found.first()?.message.clone())))
}

pub(crate) async fn remove(store: &dyn Store, of: &Version) -> Result<Answer, Failure> {
    let count = manage::remove(store, &of.name, of.version).await.map_err(failure)?;
    let s = if count == 1 { "" } else { "s" };
    let text = format!("removed {count} version{s} of skill `{}`", of.name);
    let json = json!({ "ok": true, "name": of.name, "removed": count });
    Ok(Answer::new(text, &json, output::OK))
}
