//! `workroom skills record`: a run of a folder's skill on the real servers, kept as a test of it.

use serde_json::{Value, json};
use workroom_engine::skills;
use workroom_skill::SkillName;

use super::folder;
use crate::{
    args::{Global, SkillsRecord},
    gateway::Gateway,
    output::{self, Answer, Failure},
    store::Keep,
};

pub(super) async fn record(global: &Global, args: &SkillsRecord) -> Result<Answer, Failure> {
    let input: Value = serde_json::from_str(&args.input)
        .map_err(|error| Failure::usage(format!("`--input` is no JSON: {error}")))?;
    let case = SkillName::new(args.case.as_str())
        .map_err(|error| Failure::usage(format!("the test's name: {error}")))?;
    let mut package = folder::needed(&args.folder)?;
    let gateway = Gateway::open(global, Keep::Nothing).await?;
    gateway.settled(global.json).await;
    let recorded = skills::record(&gateway.engine, &package, case.as_str(), &input).await;
    gateway.close().await;
    let recorded = recorded.map_err(Failure::failed)?;
    let text = format!(
        "recorded tests/{}.json: {} calls, and it gave {}",
        recorded.name,
        recorded.calls.len(),
        recorded.expected
    );
    let told = json!({
        "ok": true,
        "case": recorded.name,
        "calls": recorded.calls.len(),
        "value": recorded.expected,
    });
    package.cases.retain(|known| known.name != recorded.name);
    package.cases.push(recorded);
    package.cases.sort_by(|one, other| one.name.cmp(&other.name));
    if let Some(problem) = package.problems().first() {
        return Err(Failure::failed(problem));
    }
    folder::write(&args.folder, &package)?;
    Ok(Answer::new(text, &told, output::OK))
}
