//! `save_skill`: what an agent keeps for later sessions.

use rmcp::model::CallToolResult;
use serde::Deserialize;
use workroom_engine::skills::{self, SkillSource};
use workroom_types::{RunId, SessionId};

use crate::face::{Face, text};

/// What is asked for.
#[derive(Deserialize)]
pub(crate) struct SaveSkill {
    name: String,
    description: String,
    code: Option<String>,
    run: Option<String>,
    session: Option<String>,
}

impl Face {
    /// Saves a skill for the agent of `client`.
    pub(crate) async fn save_skill(&self, asked: SaveSkill, client: &str) -> CallToolResult {
        let source = match (asked.code, asked.run) {
            (Some(code), None) => SkillSource::Code(code),
            (None, Some(run)) => SkillSource::Run(RunId::named(run.trim())),
            _ => {
                let usage = "give either `run`, the id in a run's header line, or `code`";
                return text(usage.to_owned(), true);
            }
        };
        let author = if client.is_empty() { "unknown" } else { client }.to_owned();
        let skill = skills::SaveSkill {
            name: asked.name,
            description: asked.description,
            source,
            session: asked.session.map_or_else(|| self.own.clone(), SessionId::named),
            author,
        };
        match self.engine.save_skill(skill).await {
            Ok(saved) => text(told(&saved), false),
            Err(error) => text(error.to_string(), true),
        }
    }
}

/// What was saved, for the agent that did so.
fn told(saved: &skills::Saved) -> String {
    let again = if saved.was_there { ", as it was" } else { "" };
    let mut lines = vec![
        format!("saved · skill {} · version {}{again} · draft", saved.name, saved.version),
        format!("use: {}; // {}", saved.import, saved.signature),
        "this session can use it now, others once a person has promoted it".to_owned(),
    ];
    lines.extend(saved.notes.iter().cloned());
    lines.extend(saved.suspicions.iter().map(|it| format!("a person will be shown: {it}")));
    lines.join("\n")
}
