//! The best of several lists, so that each thing that was asked for gets its turn.
//!
//! A question with one intent is answered in the order of the scores. With several, the next
//! match is always the one that adds most: an intent that has its tool already counts less, by as
//! much as that tool fits it (the "explicit query aspect diversification" of Santos et al.). Where
//! no more matches are left than intents that have none yet, each of these gets its best.

/// How much the parts count against the question as a whole.
const PARTS_SHARE: f32 = 0.85;

/// How much of a part is answered by the tool that fits it best: not all, since two tools may
/// share the work, and the best match may be the wrong one.
const ANSWERED: f32 = 0.8;

/// An intent has its tool when one was picked that fits it so well, against the best.
const MET: f32 = 0.8;

/// The most candidates of one part that are looked at.
const CANDIDATES_MAX: usize = 100;

/// What one intent found: documents with their scores, best first.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) scored: Vec<(usize, f32)>,
    /// How much it counts against the other parts.
    pub(super) weight: f32,
}

/// Highest score first, and then the order of the documents.
pub(super) fn order(a: &(usize, f32), b: &(usize, f32)) -> std::cmp::Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

/// The best `limit` of `scored`, in order.
pub(super) fn best(mut scored: Vec<(usize, f32)>, limit: usize) -> Vec<(usize, f32)> {
    if limit < scored.len() {
        if limit > 0 {
            scored.select_nth_unstable_by(limit - 1, order);
        }
        scored.truncate(limit);
    }
    scored.sort_unstable_by(order);
    scored
}

#[derive(Debug)]
struct Candidate {
    document: usize,
    whole: f32,
    parts: Vec<f32>,
}

/// The `limit` documents that together answer all `parts`, and the whole question, best.
pub(super) fn among(
    whole: Vec<(usize, f32)>,
    parts: Vec<Found>,
    limit: usize,
) -> Vec<(usize, f32)> {
    let enough = limit.max(CANDIDATES_MAX);
    let whole = best(whole, enough);
    let top = whole.first().map_or(0.0, |(_, score)| *score).max(f32::MIN_POSITIVE);
    let weights: Vec<f32> = parts.iter().map(|part| part.weight).collect();
    let all: f32 = weights.iter().sum::<f32>().max(f32::MIN_POSITIVE);
    let count = parts.len();
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut places = std::collections::HashMap::new();
    let mut at = |document: usize, candidates: &mut Vec<Candidate>| {
        *places.entry(document).or_insert_with(|| {
            candidates.push(Candidate { document, whole: 0.0, parts: vec![0.0; count] });
            candidates.len() - 1
        })
    };
    for (document, score) in whole {
        let place = at(document, &mut candidates);
        candidates[place].whole = score / top;
    }
    for (index, part) in parts.into_iter().enumerate() {
        let scored = best(part.scored, enough);
        let top = scored.first().map_or(0.0, |(_, score)| *score).max(f32::MIN_POSITIVE);
        for (document, score) in scored {
            let place = at(document, &mut candidates);
            candidates[place].parts[index] = score / top;
        }
    }
    let mut open: Vec<f32> = weights.iter().map(|weight| weight / all).collect();
    let mut met = vec![false; count];
    let mut picked = Vec::new();
    while picked.len() < limit && !candidates.is_empty() {
        let gain = |candidate: &Candidate| {
            let parts: f32 =
                candidate.parts.iter().zip(&open).map(|(fits, open)| fits * open).sum();
            (1.0 - PARTS_SHARE) * candidate.whole + PARTS_SHARE * parts
        };
        let unmet = met.iter().filter(|met| !**met).count();
        let is_short = unmet > 0 && limit - picked.len() <= unmet;
        let is_best_of_one =
            |it: &Candidate| it.parts.iter().zip(&met).any(|(fits, met)| !met && *fits >= 1.0);
        let gains = candidates
            .iter()
            .enumerate()
            .filter(|(_, it)| !is_short || is_best_of_one(it))
            .map(|(at, it)| (gain(it), it.document, at));
        let next = gains.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let Some((gain, document, at)) = next else { break };
        let chosen = candidates.swap_remove(at);
        for ((open, met), fits) in open.iter_mut().zip(&mut met).zip(&chosen.parts) {
            *met |= *fits >= MET;
            *open *= 1.0 - ANSWERED * fits * fits;
        }
        picked.push((document, gain * top));
    }
    picked
}
