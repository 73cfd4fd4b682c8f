//! Which tools earlier runs used together: handed in by the caller, who knows of runs.

use std::collections::{BTreeSet, HashMap};

use workroom_types::ToolRef;

/// The most tools of one run that are counted together.
pub const TOGETHER_TOOLS_MAX: usize = 32;

/// The most tools that one tool is known to be used with.
pub const TOGETHER_PARTNERS_MAX: usize = 64;

/// The most tools whose partners are known.
const KNOWN_MAX: usize = 4_096;

/// How often pairs of tools were used in one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Together {
    partners: HashMap<ToolRef, Vec<(ToolRef, u32)>>,
}

impl Together {
    /// None were used yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one run that used `tools`.
    pub fn add<'a>(&mut self, tools: impl IntoIterator<Item = &'a ToolRef>) {
        let tools: BTreeSet<&ToolRef> = tools.into_iter().collect();
        let tools: Vec<&ToolRef> = tools.into_iter().take(TOGETHER_TOOLS_MAX).collect();
        for tool in &tools {
            for other in tools.iter().filter(|other| *other != tool) {
                self.count(tool, other);
            }
        }
    }

    fn count(&mut self, tool: &ToolRef, other: &ToolRef) {
        if self.partners.len() >= KNOWN_MAX && !self.partners.contains_key(tool) {
            return;
        }
        let partners = self.partners.entry(tool.clone()).or_default();
        let has_room = partners.len() < TOGETHER_PARTNERS_MAX;
        match partners.iter_mut().find(|(partner, _)| partner == other) {
            Some((_, count)) => *count = count.saturating_add(1),
            None if has_room => partners.push((other.clone(), 1)),
            None => {
                // A rare partner makes room, so that what is used now can become known.
                if let Some(rarest) = partners.iter_mut().min_by_key(|(_, count)| *count) {
                    *rarest = (other.clone(), 1);
                }
            }
        }
    }

    /// The tools that were used with `tool`, each with its share of the most frequent one's count.
    pub(super) fn with(&self, tool: &ToolRef) -> Vec<(&ToolRef, f32)> {
        let partners = self.partners.get(tool).map(Vec::as_slice).unwrap_or_default();
        let most = partners.iter().map(|(_, count)| *count).max().unwrap_or(1);
        // What happened once may be chance.
        let habits = partners.iter().filter(|(_, count)| *count > 1);
        habits.map(|(partner, count)| (partner, share(*count, most))).collect()
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.partners.is_empty()
    }
}

#[allow(clippy::cast_precision_loss, reason = "a share of a rank needs no exact count")]
fn share(count: u32, most: u32) -> f32 {
    count as f32 / most.max(1) as f32
}
