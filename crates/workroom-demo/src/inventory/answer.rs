//! The form of the job's answer, and whether an answer is right.
//!
//! The answer is small, and still an exact check: its totals and its checksum run over the
//! line of every article.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::Truth;

/// What the job returns.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Answer {
    /// Articles with an active offer on the marketplace.
    pub compared: u32,
    /// What the marketplace offers and the warehouse does not have.
    pub short: Short,
    /// What sells out before new goods can arrive.
    pub stockouts: Stockouts,
    /// What to order.
    pub reorder: ReorderTotals,
    /// Over the line of every article; see [`Truth::lines`].
    pub checksum: u64,
}

/// What the marketplace offers and the warehouse does not have.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Short {
    /// How many articles.
    pub skus: u32,
    /// How many pieces.
    pub units: u32,
    /// The articles that miss most.
    pub worst: Vec<ShortItem>,
}

/// An article that is oversold.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct ShortItem {
    /// Such as `SKU-00017`.
    pub sku: String,
    /// Pieces missing in the warehouse.
    pub short: u32,
    /// Pieces to order.
    pub reorder: u32,
}

/// What sells out before new goods can arrive.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Stockouts {
    /// How many articles.
    pub skus: u32,
    /// The articles that will miss most.
    pub worst: Vec<StockoutItem>,
}

/// An article that sells out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct StockoutItem {
    /// Such as `SKU-00017`.
    pub sku: String,
    /// Days that what is there will last.
    pub days_left: u32,
    /// Pieces that will be asked for in vain within the lead time.
    pub missing: u32,
}

/// What to order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct ReorderTotals {
    /// How many articles.
    pub skus: u32,
    /// How many pieces, in whole cartons.
    pub units: u32,
    /// What they cost.
    pub cost_cents: u64,
    /// How many articles of each of the shop's categories.
    pub skus_by_category: BTreeMap<String, u32>,
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
fn facts(answer: &Answer) -> [(&'static str, Value); 11] {
    let Answer { compared, short, stockouts, reorder, checksum } = answer;
    let list = |items: Result<Value, serde_json::Error>| items.unwrap_or(Value::Null);
    [
        ("compared", (*compared).into()),
        ("short.skus", short.skus.into()),
        ("short.units", short.units.into()),
        ("short.worst", list(serde_json::to_value(&short.worst))),
        ("stockouts.skus", stockouts.skus.into()),
        ("stockouts.worst", list(serde_json::to_value(&stockouts.worst))),
        ("reorder.skus", reorder.skus.into()),
        ("reorder.units", reorder.units.into()),
        ("reorder.cost_cents", reorder.cost_cents.into()),
        ("reorder.skus_by_category", list(serde_json::to_value(&reorder.skus_by_category))),
        ("checksum", (*checksum).into()),
    ]
}

/// The answer in sentences.
pub fn headline(answer: &Answer) -> String {
    let mut text = String::new();
    for item in &answer.short.worst {
        let ShortItem { sku, short, reorder } = item;
        let order = match reorder {
            0 => "no reorder needed".to_owned(),
            _ => format!("reorder {}", grouped(*reorder)),
        };
        let units = if *short == 1 { "unit" } else { "units" };
        let _ = writeln!(
            text,
            "{sku} is {} {units} short in the marketplace against the warehouse; {order}.",
            grouped(*short)
        );
    }
    for item in &answer.stockouts.worst {
        let StockoutItem { sku, days_left, missing } = item;
        let when = match days_left {
            0 => "within a day".to_owned(),
            1 => "in 1 day".to_owned(),
            days => format!("in {days} days"),
        };
        let missing = grouped(*missing);
        let _ = writeln!(
            text,
            "{sku} sells out {when}; {missing} units will be missing before new goods arrive."
        );
    }
    let _ = write!(
        text,
        "Of {} articles offered, {} are oversold by {} units. {} articles will sell out; \
         reorder {} units of {} articles for {}.{:02} EUR.",
        grouped(answer.compared),
        grouped(answer.short.skus),
        grouped(answer.short.units),
        grouped(answer.stockouts.skus),
        grouped(answer.reorder.units),
        grouped(answer.reorder.skus),
        grouped(answer.reorder.cost_cents / 100),
        answer.reorder.cost_cents % 100
    );
    text
}

/// `1234567` is `1,234,567`.
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
        wrong.checksum = 1;
        wrong.short.worst.clear();
        let mismatch = check(&serde_json::to_value(&wrong).unwrap(), &truth).unwrap_err();
        let text = mismatch.to_string();
        assert!(text.starts_with("`short.worst` is [], not [{\"sku\""), "{text}");
        assert!(text.contains("; `checksum` is 1, not "), "{text}");
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
