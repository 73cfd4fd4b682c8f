//! Counts what passed between an agent and its tools, and what it cost each way.
//!
//! Tokens are those of OpenAI's `o200k_base` encoding, whatever model the agent
//! uses: one public, reproducible measure. Other models count the same text a
//! little differently, so every figure that is shown says "o200k".
//!
//! # Layout
//!
//! * [`Volume`], [`tokens`]: a text and its size. All else here is put together from those.
//! * [`account`]: what passed, measured.
//! * [`sheet`]: what texts cost in a model's context, by rules that hold for every way of working.
//! * [`baseline`]: the same work at Workroom and the traditional way, each on a sheet.
//! * [`price`]: what a token costs.
//! * [`report`]: accounts summed up by day, server, skill, client or session.
//! * [`advice`]: which way of offering tools suits an agent.
//!
//! # Not here
//!
//! Reading accounts, files or clocks, and words for people: all comes in as arguments and goes out
//! as values.

pub mod account;
pub mod advice;
pub mod baseline;
pub mod price;
pub mod report;
pub mod sheet;

use serde::{Deserialize, Serialize};

/// Text and its size on the two scales that Workroom reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// o200k tokens.
    pub tokens: u64,
    /// UTF-8 bytes.
    pub bytes: u64,
}

impl Volume {
    /// Measures `text`.
    pub fn of(text: &str) -> Self {
        Self { tokens: tokens(text) as u64, bytes: text.len() as u64 }
    }
}

impl std::ops::AddAssign for Volume {
    fn add_assign(&mut self, other: Self) {
        self.tokens += other.tokens;
        self.bytes += other.bytes;
    }
}

/// How many o200k tokens `text` is. The first call in a process loads the encoding, which
/// takes some tenths of a second; [`warm_up`] does so ahead of time.
pub fn tokens(text: &str) -> usize {
    // "Ordinary": text such as `<|endoftext|>` in a tool's result is text, not a control token.
    tiktoken_rs::o200k_base_singleton().count_ordinary(text)
}

/// Loads the encoding.
pub fn warm_up() {
    tokens("");
}

/// The longest prefix of `text` that is at most `max` o200k tokens and ends between characters.
pub fn prefix(text: &str, max: usize) -> &str {
    // No o200k token is longer than 128 bytes, so text past that many bytes per token never fits.
    // Cutting there first keeps a 50 MB text from being encoded for a preview.
    const TOKEN_BYTES_MAX: usize = 128;
    let text = floor(text, max.saturating_mul(TOKEN_BYTES_MAX));
    let (mut fits, mut past) = (0, text.len() + 1);
    if tokens(text) <= max {
        return text;
    }
    // Token counts grow with the prefix but for a token or two at the cut, so halving finds it.
    while past - fits > 1 {
        let middle = usize::midpoint(fits, past);
        if tokens(floor(text, middle)) <= max {
            fits = middle;
        } else {
            past = middle;
        }
    }
    floor(text, fits)
}

/// `text` cut to at most `bytes`, between two characters.
fn floor(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_agree_with_the_published_encoding() {
        for (text, expected) in
            [("", 0), ("hello world", 2), ("antidisestablishmentarianism", 6), ("<|endoftext|>", 7)]
        {
            assert_eq!(tokens(text), expected, "{text}");
        }
    }

    #[test]
    fn a_prefix_holds_its_budget_and_never_splits_a_character() {
        let text = "naïve café ☕ ".repeat(50);
        for max in [0, 1, 7, 40, 10_000] {
            let cut = prefix(&text, max);
            assert!(tokens(cut) <= max, "{max}");
            assert!(text.starts_with(cut));
        }
        assert_eq!(prefix(&text, 10_000), text);
    }

    #[test]
    fn a_text_far_beyond_the_budget_is_cut_without_being_counted_whole() {
        let text = "a".repeat(20_000_000);
        assert!(tokens(prefix(&text, 10)) <= 10);
    }
}
