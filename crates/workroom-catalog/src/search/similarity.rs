//! How close tools are to a question in meaning, told from outside, beside how well their words
//! fit: a question that shares no word with its tool may still find it.
//!
//! The two are added, the words counting more: what an embedding takes for close is often only
//! about the same thing. See `bench/README.md`, "Search", for what that adds.

use std::{fmt, ops::Range, sync::Arc};

use super::{pick, terms};
use crate::text;

/// What the closest tool counts, against the one whose words fit best.
const WEIGHT: f32 = 0.4;

/// How close a tool that shares no word with the question must be to match, between the mean of
/// all (0) and the closest (1): models differ in what they call close.
const CLOSE: f32 = 0.5;

/// The fewest candidates whose words fit that meaning may reorder.
pub(super) const CANDIDATES_MIN: usize = 100;

/// The most bytes of names in a gist.
const GIST_NAMES_BYTES_MAX: usize = 200;

/// Knows how close texts are in meaning, as sentence embeddings do.
pub trait Similarity: fmt::Debug + Send + Sync {
    /// The cosine between `question` and each of `texts`, from -1 to 1, in their order. `None` as
    /// long as some of them are not learnt: to ask has them learnt. It takes the time of one
    /// inference, or of learning if little is left to be learnt.
    fn cosines(&self, question: &str, texts: &Arc<[String]>) -> Option<Vec<f32>>;

    /// Begins to learn those of `texts` that are new, in the background.
    fn learn(&self, texts: &Arc<[String]>);

    /// How many of `texts` are not learnt yet and will be.
    fn pending(&self, texts: &[String]) -> usize;
}

/// The documents of `range` by their words (`scored`) and their meaning, best first, `limit` at
/// most; and how many match. `cosines` has one number for each document of the catalog.
pub(super) fn join(
    scored: &[(usize, f32)],
    cosines: &[f32],
    range: Range<usize>,
    limit: usize,
) -> (usize, Vec<(usize, f32)>) {
    let near = nearness(&cosines[range.clone()]);
    let top = scored.iter().map(|(_, score)| *score).fold(0.0, f32::max);
    let scale = if top > 0.0 { top } else { 1.0 };
    let mut words = vec![0.0_f32; range.len()];
    for (document, score) in scored {
        words[document - range.start] = score / scale;
    }
    let all = words.into_iter().zip(near).zip(range);
    let joined = all.filter(|((word, near), _)| *word > 0.0 || *near >= CLOSE);
    let joined =
        joined.map(|((word, near), document)| (document, (word + WEIGHT * near.max(0.0)) * scale));
    let joined: Vec<(usize, f32)> = joined.collect();
    (joined.len(), pick::best(joined, limit))
}

/// Where each of `cosines` is between their mean (0) and the highest (1).
#[allow(clippy::cast_precision_loss, reason = "counts of tools are far below 2^24")]
fn nearness(cosines: &[f32]) -> Vec<f32> {
    let mean = cosines.iter().sum::<f32>() / cosines.len().max(1) as f32;
    let top = cosines.iter().copied().fold(mean, f32::max);
    let spread = (top - mean).max(f32::MIN_POSITIVE);
    cosines.iter().map(|cosine| (cosine - mean) / spread).collect()
}

/// What something is about, for whoever reads prose: `git create_branch` and `Creates a branch.` as
/// `git create branch: Creates a branch.`
pub(crate) fn gist(names: &str, summary: &str) -> String {
    let names = text::prefix(names, GIST_NAMES_BYTES_MAX);
    let runs = names.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty());
    let words: Vec<&str> = runs.flat_map(terms::camel_parts).collect();
    format!("{}: {summary}", words.join(" "))
}
