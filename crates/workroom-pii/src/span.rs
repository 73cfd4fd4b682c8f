//! What a recogniser hands over, and how overlapping findings are settled.

use crate::{Kind, Profile};

/// A finding: a range of the folded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: Kind,
    pub(crate) detector: &'static str,
    pub(crate) confidence: u8,
}

impl Span {
    pub(crate) fn new(
        range: (usize, usize),
        kind: Kind,
        detector: &'static str,
        confidence: u8,
    ) -> Span {
        Span { start: range.0, end: range.1, kind, detector, confidence }
    }
}

/// Leaves, in order and apart, the findings that the profile takes.
///
/// Of two that overlap, the surer one stands, of equal ones the longer; what the other covers
/// besides is kept as a finding of its own, so that settling never uncovers anything.
pub(crate) fn settle(spans: &mut Vec<Span>, profile: &Profile, text: &str) {
    spans.retain(|span| span.start < span.end && profile.takes(span.kind, span.confidence));
    if spans.len() < 2 {
        return;
    }
    spans.sort_by_key(|span| (span.start, span.end));
    let apart = spans.windows(2).all(|pair| pair[0].end <= pair[1].start);
    if apart {
        return;
    }
    // Within a cluster of overlapping findings the best goes first; clusters are short.
    let mut settled: Vec<Span> = Vec::with_capacity(spans.len());
    let mut rest = spans.as_slice();
    while let Some(first) = rest.first() {
        let mut end = first.end;
        let size = rest.iter().take_while(|span| {
            let inside = span.start < end;
            end = end.max(if inside { span.end } else { 0 });
            inside
        });
        let (cluster, after) = rest.split_at(size.count().max(1));
        settle_cluster(cluster, text, &mut settled);
        rest = after;
    }
    *spans = settled;
}

/// The most findings of a cluster that are weighed against each other; of more, only the union
/// matters.
const CLUSTER_MAX: usize = 64;

fn settle_cluster(cluster: &[Span], text: &str, settled: &mut Vec<Span>) {
    if cluster.len() > CLUSTER_MAX {
        if let Some(best) = cluster.iter().max_by_key(|span| span.confidence) {
            let start = cluster.iter().map(|span| span.start).min().unwrap_or(best.start);
            let end = cluster.iter().map(|span| span.end).max().unwrap_or(best.end);
            settled.push(Span { start, end, ..*best });
        }
        return;
    }
    let mut order: Vec<Span> = cluster.to_vec();
    order.sort_by_key(|span| {
        (std::cmp::Reverse(span.confidence), std::cmp::Reverse(span.end - span.start))
    });
    let from = settled.len();
    for span in order {
        let mut pieces = vec![(span.start, span.end)];
        for taken in &settled[from..] {
            pieces = pieces.into_iter().flat_map(|piece| without(piece, taken)).collect();
        }
        for (start, end) in pieces {
            let piece = text.get(start..end).unwrap_or_default();
            let (start, end) = trim(piece, start);
            let whole = (start, end) == (span.start, span.end);
            let letters = piece.chars().filter(|c| c.is_alphanumeric()).count();
            if whole || letters >= 2 {
                settled.push(Span { start, end, ..span });
            }
        }
    }
    settled[from..].sort_by_key(|span| span.start);
}

/// What is left of `piece` beside what is taken.
fn without(piece: (usize, usize), taken: &Span) -> impl Iterator<Item = (usize, usize)> {
    let before = (piece.0, piece.1.min(taken.start));
    let after = (piece.0.max(taken.end), piece.1);
    [before, after].into_iter().filter(|(start, end)| start < end)
}

/// The range of `piece`, which begins at `start`, without signs and spaces around.
fn trim(piece: &str, start: usize) -> (usize, usize) {
    let front = piece.trim_start_matches(|c: char| !c.is_alphanumeric());
    let core = front.trim_end_matches(|c: char| !c.is_alphanumeric());
    let begin = start + (piece.len() - front.len());
    (begin, begin + core.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &[(usize, usize, u8)], expected: &[(usize, usize, u8)]) {
        let mut spans: Vec<Span> = given
            .iter()
            .map(|(start, end, sure)| Span::new((*start, *end), Kind::Email, "test", *sure))
            .collect();
        settle(&mut spans, &Profile::standard(), "abcdefghijklmnopqrstuvwxyz");
        let left: Vec<_> = spans.iter().map(|s| (s.start, s.end, s.confidence)).collect();
        assert_eq!(left, expected);
    }

    #[test]
    fn findings_end_up_apart_and_uncover_nothing() {
        check(&[(0, 5, 90), (7, 9, 80)], &[(0, 5, 90), (7, 9, 80)]);
        check(&[(0, 5, 50)], &[]);
        check(&[(2, 5, 90), (0, 9, 80)], &[(0, 2, 80), (2, 5, 90), (5, 9, 80)]);
        check(&[(2, 5, 90), (0, 3, 80)], &[(0, 2, 80), (2, 5, 90)]);
        check(&[(0, 9, 90), (2, 5, 80)], &[(0, 9, 90)]);
        check(&[(0, 5, 90), (0, 9, 90)], &[(0, 9, 90)]);
        check(&[(0, 4, 70), (3, 8, 80), (7, 12, 70)], &[(0, 3, 70), (3, 8, 80), (8, 12, 70)]);
    }
}
