//! The form of the job's answer, and whether an answer is right.
//!
//! The answer is what a person wants to read; its sums run over every article, so that it is a
//! check of all of them.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::Truth;

/// What the job returns.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Answer {
    /// What the marketplace offers and the warehouse does not have.
    pub short: Found,
    /// What sells out before new goods can arrive.
    pub missing: Found,
    /// What to order.
    pub reorder: Found,
}

/// Articles of which something is to be said, with a number of pieces each. As JSON it is a list of
/// the four.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(from = "Listed", into = "Listed")]
pub struct Found {
    /// How many articles.
    pub articles: u32,
    /// How many pieces, over all of them.
    pub pieces: u32,
    /// The article with the most pieces, such as `SKU-17`; of equals the lower number. Empty where
    /// there is none.
    pub worst: String,
    /// Its pieces.
    pub worst_pieces: u32,
}

type Listed = (u32, u32, String, u32);

impl From<Listed> for Found {
    fn from((articles, pieces, worst, worst_pieces): Listed) -> Self {
        Self { articles, pieces, worst, worst_pieces }
    }
}

impl From<Found> for Listed {
    fn from(Found { articles, pieces, worst, worst_pieces }: Found) -> Self {
        (articles, pieces, worst, worst_pieces)
    }
}

/// How an answer differs from the truth.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Mismatch {
    /// It is no answer at all.
    #[error("the answer does not have the asked form: {0}")]
    Form(String),
    /// Some of it is wrong.
    #[error("{}", differences.join("; "))]
    Wrong {
        /// One clause for each part that differs.
        differences: Vec<String>,
    },
}

/// Compares `answer` with the truth, all of it.
///
/// # Errors
///
/// A [`Mismatch`] that says what differs.
pub fn check(answer: &Value, truth: &Truth) -> Result<(), Mismatch> {
    let answer: Answer =
        Answer::deserialize(answer).map_err(|error| Mismatch::Form(error.to_string()))?;
    let (actual, expected) = (facts(&answer), facts(&truth.answer));
    let differences: Vec<String> = actual
        .into_iter()
        .zip(expected)
        .filter(|((_, actual), (_, expected))| actual != expected)
        .map(|((name, actual), (_, expected))| format!("`{name}` is {actual}, not {expected}"))
        .collect();
    if differences.is_empty() { Ok(()) } else { Err(Mismatch::Wrong { differences }) }
}

/// Every part of an answer with its name. Taken apart in full, so that none is forgotten.
fn facts(answer: &Answer) -> Vec<(String, Value)> {
    let Answer { short, missing, reorder } = answer;
    let parts = [("short", short), ("missing", missing), ("reorder", reorder)];
    let of = |(name, found): (&str, &Found)| {
        let Found { articles, pieces, worst, worst_pieces } = found;
        [
            (format!("{name}.articles"), (*articles).into()),
            (format!("{name}.pieces"), (*pieces).into()),
            (format!("{name}.worst"), worst.as_str().into()),
            (format!("{name}.worst_pieces"), (*worst_pieces).into()),
        ]
    };
    parts.into_iter().flat_map(of).collect()
}

/// The answer in sentences.
pub fn headline(answer: &Answer) -> String {
    let mut text = String::new();
    let Answer { short, missing, reorder } = answer;
    for (found, what) in [
        (short, "short: offered on the marketplace, and not there"),
        (missing, "missing before more can arrive: it sells out"),
        (reorder, "to be reordered"),
    ] {
        if found.articles > 0 {
            let pieces = counted(found.worst_pieces, "piece");
            let _ = writeln!(text, "{}: {pieces} {what}.", found.worst);
        }
    }
    let _ = write!(
        text,
        "{} oversold by {}; {} will sell out. Reorder {} of {}.",
        counted(short.articles, "article"),
        counted(short.pieces, "piece"),
        counted(missing.articles, "article"),
        counted(reorder.pieces, "piece"),
        counted(reorder.articles, "article"),
    );
    text
}

/// `1 article`, `1,234 articles`
fn counted(count: u32, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(count))
}

fn grouped(number: impl Into<u64>) -> String {
    let digits = number.into().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::{SEED, World};

    fn truth() -> Truth {
        Truth::of(&World::new(SEED))
    }

    #[test]
    fn the_truth_itself_is_right() {
        let truth = truth();
        assert_eq!(check(&serde_json::to_value(&truth.answer).unwrap(), &truth), Ok(()));
    }

    #[test]
    fn each_wrong_part_is_named() {
        let truth = truth();
        let mut wrong = truth.answer.clone();
        wrong.missing.pieces = 1;
        wrong.short.worst = "SKU-0".to_owned();
        let mismatch = check(&serde_json::to_value(&wrong).unwrap(), &truth).unwrap_err();
        let text = mismatch.to_string();
        assert!(text.starts_with("`short.worst` is \"SKU-0\", not \"SKU-"), "{text}");
        assert!(text.contains("; `missing.pieces` is 1, not "), "{text}");
    }

    #[test]
    fn something_else_is_no_answer() {
        let mismatch = check(&Value::Null, &truth()).unwrap_err();
        assert!(matches!(mismatch, Mismatch::Form(_)), "{mismatch}");
    }

    #[test]
    fn numbers_are_grouped_by_threes() {
        for (number, expected) in [(0_u64, "0"), (999, "999"), (1_000, "1,000")] {
            assert_eq!(grouped(number), expected);
        }
        assert_eq!(grouped(1_234_567_u64), "1,234,567");
    }
}
