//! Saved scripts, found beside the tools.

use super::{Detail, Match};
use crate::text;

/// What stands for a server where a match is a skill.
pub const SKILLS: &str = "skills";

/// A saved script as the search knows it. Whoever keeps it hands this in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skill {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The names of its parameters.
    pub parameters: Vec<String>,
    /// The names of what it gives.
    pub outputs: Vec<String>,
    /// Its file, as `read_file` takes it.
    pub path: String,
    /// The function that runs it.
    pub function: String,
    /// How it is called, on one line.
    pub signature: String,
    /// Its file's text.
    pub source: String,
    /// How well it has done, from -[`STANDING_MAX`] to [`STANDING_MAX`]: among skills that fit
    /// about as well, the better one goes first.
    pub standing: i8,
}

/// The most that a skill's standing counts.
pub const STANDING_MAX: i8 = 10;

impl Skill {
    /// What its scores are multiplied by: by a tenth more or less at most, so that fit decides
    /// wherever there is a difference.
    pub(super) fn weight(&self) -> f32 {
        1.0 + f32::from(self.standing.clamp(-STANDING_MAX, STANDING_MAX)) / 100.0
    }

    pub(super) fn shown(&self, score: f64, detail: Detail) -> Match {
        let signature = detail == Detail::Signature;
        let summary = || text::summary(&self.description);
        Match {
            server: SKILLS.to_owned(),
            tool: self.name.clone(),
            path: self.path.clone(),
            function: self.function.clone(),
            score,
            signature: signature.then(|| self.signature.clone()),
            brief: None,
            description: signature.then(summary).filter(|it| !it.is_empty()),
            source: (detail == Detail::Full).then(|| self.source.clone()),
        }
    }
}
