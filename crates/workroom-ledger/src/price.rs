//! What a model's tokens cost: a dated table of ours, and what a user puts in its place.
//!
//! # Not here
//!
//! Which file the user's own table is in: its text comes in as an argument.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The table that every Workroom has.
const OURS: &str = include_str!("../data/prices.toml");

/// Dollars for a million tokens of one model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Price {
    /// Read for the first time.
    pub input: f64,
    /// Read for the first time and put into the cache.
    pub cache_write: f64,
    /// Read again, from the cache.
    pub cache_read: f64,
    /// Written.
    pub output: f64,
}

/// One model's row of the table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// What it costs.
    #[serde(rename = "usd_per_million")]
    pub price: Price,
    /// The month of the price.
    pub as_of: String,
    /// Where it was published.
    pub source: String,
}

/// Models with their prices, the user's own first.
#[derive(Clone, Debug, PartialEq)]
pub struct Prices {
    models: Vec<Model>,
    default: String,
}

/// Why a price cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PriceError {
    /// No row has that name.
    #[error("there are no prices of `{model}`; the models are {known}")]
    Unknown {
        /// The name that was asked for.
        model: String,
        /// Those that there are.
        known: String,
    },
    /// The user's table is not in the form that it should have.
    #[error("the prices cannot be read: {0}")]
    Form(String),
    /// A price is negative or no number.
    #[error("the price `{key}` of `{model}` is {value}; it takes dollars for a million tokens")]
    Value {
        /// The model.
        model: String,
        /// Which of its prices.
        key: &'static str,
        /// What stands there.
        value: String,
    },
}

/// A file's form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    default: Option<String>,
    #[serde(default)]
    models: BTreeMap<String, Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    input: f64,
    cache_write: Option<f64>,
    cache_read: Option<f64>,
    output: f64,
    #[serde(default)]
    as_of: String,
    #[serde(default)]
    source: String,
}

impl Row {
    fn model(self, name: String) -> Result<Model, PriceError> {
        let price = Price {
            input: self.input,
            cache_write: self.cache_write.unwrap_or(self.input),
            // Who has no cache pays the whole price each time.
            cache_read: self.cache_read.unwrap_or(self.input),
            output: self.output,
        };
        for (key, value) in [
            ("input", price.input),
            ("cache_write", price.cache_write),
            ("cache_read", price.cache_read),
            ("output", price.output),
        ] {
            if !value.is_finite() || value < 0.0 {
                return Err(PriceError::Value { model: name, key, value: value.to_string() });
            }
        }
        Ok(Model { name, price, as_of: self.as_of, source: self.source })
    }
}

impl Prices {
    /// The table that every Workroom has.
    ///
    /// # Panics
    ///
    /// Never: the table is ours, and a test reads it.
    pub fn ours() -> Self {
        let (models, default) = read(OURS).expect("our own table is in order");
        Self { models, default: default.expect("our own table names a default") }
    }

    /// The same, with the user's own `text` before it.
    ///
    /// # Errors
    ///
    /// [`PriceError`] when `text` is no table of prices.
    pub fn with(mut self, text: &str) -> Result<Self, PriceError> {
        let (mut models, default) = read(text)?;
        self.models.retain(|ours| models.iter().all(|own| own.name != ours.name));
        models.append(&mut self.models);
        self.models = models;
        if let Some(default) = default {
            self.find(Some(&default))?;
            self.default = default;
        }
        Ok(self)
    }

    /// The row of `name`; without one, that of the table's default.
    ///
    /// # Errors
    ///
    /// [`PriceError::Unknown`], which names the models that there are.
    pub fn find(&self, name: Option<&str>) -> Result<&Model, PriceError> {
        let name = name.unwrap_or(&self.default);
        self.models.iter().find(|model| model.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.models.iter().map(|model| model.name.as_str()).collect();
            PriceError::Unknown { model: name.to_owned(), known: known.join(", ") }
        })
    }

    /// All rows.
    pub fn models(&self) -> &[Model] {
        &self.models
    }
}

fn read(text: &str) -> Result<(Vec<Model>, Option<String>), PriceError> {
    let file: File =
        toml_edit::de::from_str(text).map_err(|error| PriceError::Form(error.to_string()))?;
    let models = file.models.into_iter().map(|(name, row)| row.model(name));
    Ok((models.collect::<Result<_, _>>()?, file.default))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_table_is_dated_has_sources_and_no_cache_that_costs_more_than_it_saves() {
        let prices = Prices::ours();
        assert_eq!(prices.find(None).unwrap().name, "claude-sonnet-4.5");
        for model in prices.models() {
            let Price { input, cache_write, cache_read, output } = model.price;
            assert!(cache_read < input && input <= cache_write && input < output, "{model:?}");
            assert!(model.as_of.starts_with("20"), "{model:?}");
            assert!(model.source.starts_with("https://"), "{model:?}");
        }
    }

    #[test]
    fn the_users_rows_come_first_and_replace_ours() {
        let own = "default = \"house\"\n\
                   [models.house]\ninput = 1\noutput = 2\n\
                   [models.\"gpt-5\"]\ninput = 9\noutput = 9.5\ncache_read = 0.5\n";
        let prices = Prices::ours().with(own).unwrap();
        let house = prices.find(None).unwrap();
        let all = Price { input: 1.0, cache_write: 1.0, cache_read: 1.0, output: 2.0 };
        assert_eq!((house.name.as_str(), house.price), ("house", all));
        assert!((prices.find(Some("gpt-5")).unwrap().price.input - 9.0).abs() < 1e-9);
        let gpt = prices.models().iter().filter(|model| model.name == "gpt-5");
        assert_eq!(gpt.count(), 1);
        assert!(prices.find(Some("claude-opus-4.5")).is_ok());
    }

    #[test]
    fn what_is_no_table_of_prices_is_refused_in_words() {
        let refused = |text: &str| Prices::ours().with(text).unwrap_err().to_string();
        assert!(refused("[models.a]\ninput = 1\n").contains("output"));
        assert!(refused("[models.a]\ninput = 1\noutput = 2\nprice = 3\n").contains("price"));
        assert_eq!(
            refused("[models.a]\ninput = -1\noutput = 2\n"),
            "the price `input` of `a` is -1; it takes dollars for a million tokens"
        );
        assert!(refused("default = \"abacus\"\n").starts_with("there are no prices of `abacus`"));
    }
}
