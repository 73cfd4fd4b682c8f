//! What a model's tokens cost, for the cost of a demo's job.
//!
//! One function, [`price`], answers for the whole demo; the table behind it is small and dated.

use serde::Serialize;

/// The model that is counted with unless another is named.
pub(crate) const MODEL: &str = "claude-sonnet-4.5";

/// The day of the table: list prices as the makers published them.
pub(super) const AS_OF: &str = "2025-11";

/// Dollars for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Price {
    /// Read for the first time.
    pub(super) input: f64,
    /// Read again, from the cache.
    pub(super) cache_read: f64,
    /// Written.
    pub(super) output: f64,
}

const PRICES: [(&str, Price); 6] = [
    ("claude-sonnet-4.5", Price { input: 3.0, cache_read: 0.30, output: 15.0 }),
    ("claude-opus-4.5", Price { input: 5.0, cache_read: 0.50, output: 25.0 }),
    ("claude-haiku-4.5", Price { input: 1.0, cache_read: 0.10, output: 5.0 }),
    ("gpt-5", Price { input: 1.25, cache_read: 0.125, output: 10.0 }),
    ("gpt-5-mini", Price { input: 0.25, cache_read: 0.025, output: 2.0 }),
    ("gemini-2.5-pro", Price { input: 1.25, cache_read: 0.125, output: 10.0 }),
];

/// The price of `model`, or the models that there are.
pub(super) fn price(model: &str) -> Result<Price, String> {
    PRICES.iter().find(|(name, _)| *name == model).map(|(_, price)| *price).ok_or_else(|| {
        let names: Vec<&str> = PRICES.iter().map(|(name, _)| *name).collect();
        format!("the demo has no prices of `{model}`; the models are {}", names.join(", "))
    })
}
