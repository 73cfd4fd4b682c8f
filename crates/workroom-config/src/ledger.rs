//! `[ledger]`: what reports count with.

use std::path::PathBuf;

use crate::{Source, error::Mistake, node::Node, reader::Reader, settings::Settings};

pub(crate) const LEDGER: [&str; 5] =
    ["prices", "model", "result_tokens", "context_tokens", "cache_writes"];

/// The most tokens that a result or a context may be said to have.
const TOKENS_MAX: u64 = 100_000_000;

/// What reports count with; what is not set has the ledger's own default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerConfig {
    /// A file of prices that come before those of Workroom's.
    pub prices: Option<PathBuf>,
    /// The model whose prices are counted with.
    pub model: Option<String>,
    /// The most tokens of one result that clients show.
    pub result_tokens: Option<u64>,
    /// The most tokens that a context holds.
    pub context_tokens: Option<u64>,
    /// Whether what is new to a model is paid at the price of a cache write.
    pub cache_writes: bool,
}

impl LedgerConfig {
    pub(crate) fn shown(&self) -> [(String, String); 5] {
        let usual = || "default".to_owned();
        let tokens = |count: Option<u64>| count.map_or_else(usual, |it| format!("{it} tokens"));
        let prices = self.prices.as_ref().map_or_else(usual, |path| path.display().to_string());
        [
            ("ledger.prices".to_owned(), prices),
            ("ledger.model".to_owned(), self.model.clone().unwrap_or_else(usual)),
            ("ledger.result_tokens".to_owned(), tokens(self.result_tokens)),
            ("ledger.context_tokens".to_owned(), tokens(self.context_tokens)),
            ("ledger.cache_writes".to_owned(), self.cache_writes.to_string()),
        ]
    }
}

impl Settings {
    pub(crate) fn read_ledger(
        &mut self,
        reader: &mut Reader<'_>,
        source: &Source<'_>,
        table: &Node<'_>,
    ) {
        for (key, node) in reader.table(table, "ledger") {
            let full = format!("ledger.{key}");
            match key.as_str() {
                "prices" => {
                    let Some(path) = reader.text(node, key) else { continue };
                    if self.is_first(&full, node) {
                        self.ledger.prices = Some(source.folder.join(path.value));
                    }
                }
                "model" => {
                    let Some(model) = reader.text(node, key) else { continue };
                    if self.is_first(&full, node) {
                        self.ledger.model = Some(model.value);
                    }
                }
                "result_tokens" | "context_tokens" => {
                    let Some(value) = reader.number(node, key) else { continue };
                    if !(1..=TOKENS_MAX).contains(&value) {
                        let mistake =
                            Mistake::TokensOutOfRange { key: full, value, max: TOKENS_MAX };
                        reader.error(node, mistake);
                    } else if self.is_first(&full, node) {
                        let its = match key.as_str() {
                            "result_tokens" => &mut self.ledger.result_tokens,
                            _ => &mut self.ledger.context_tokens,
                        };
                        *its = Some(value);
                    }
                }
                "cache_writes" => {
                    let Some(value) = reader.boolean(node, key) else { continue };
                    if self.is_first(&full, node) {
                        self.ledger.cache_writes = value;
                    }
                }
                _ => reader.unknown(node, key, &LEDGER, true),
            }
        }
    }
}
