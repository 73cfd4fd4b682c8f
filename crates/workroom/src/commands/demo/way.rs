//! One way of doing a job: what passed, and what it costs.
//!
//! Tokens are counted from the texts that really passed. What they cost is modelled by the rules of
//! [`workroom_ledger::sheet`], with results and contexts as large as the job needs. The calls that
//! a model makes together are one request, and its answer at the end another.

use serde::Serialize;
use workroom_ledger::{
    Volume,
    price::Price,
    sheet::{Rules, Sheet},
};

/// What one way of doing the job took.
#[derive(Debug, Serialize)]
pub(super) struct Way {
    /// o200k tokens that the model reads, each text once.
    pub(super) tokens_in: u64,
    /// o200k tokens that the model writes.
    pub(super) tokens_out: u64,
    /// Tool calls that the model makes.
    pub(super) calls: u64,
    /// Requests to the model.
    pub(super) requests: u64,
    /// Conversations, each with a context of its own.
    pub(super) conversations: u64,
    /// Wall time of the tools, without any model's.
    pub(super) duration_ms: u64,
    /// Of `tokens_in`: the tool definitions.
    pub(super) definitions: u64,
    /// Of `tokens_in`: the results.
    pub(super) results: u64,
    /// Of `tokens_out`: the answer at the end, which is the same both ways.
    pub(super) answer: u64,
    /// All but the definitions and the answer: for code searches, files read, code and results.
    pub(super) job: u64,
    /// Of `job`, for code: searches and files read.
    pub(super) looked: u64,
    /// Of `job`, for code: the code.
    pub(super) code: u64,
    /// Of `job`, for code: what came back of it.
    pub(super) returned: u64,
    /// Calls that code made on its own.
    pub(super) calls_in_code: u64,
    /// Bytes of results that stayed in the sandbox.
    pub(super) kept_bytes: u64,
    /// Dollars of the job at the model's prices.
    pub(super) cost: f64,
    /// All that the model read and wrote, but the definitions.
    #[serde(skip)]
    pub(super) text: String,
    #[serde(skip)]
    sheet: Sheet,
}

impl Default for Way {
    fn default() -> Self {
        Self {
            tokens_in: 0,
            tokens_out: 0,
            calls: 0,
            requests: 0,
            conversations: 0,
            duration_ms: 0,
            definitions: 0,
            results: 0,
            answer: 0,
            job: 0,
            looked: 0,
            code: 0,
            returned: 0,
            calls_in_code: 0,
            kept_bytes: 0,
            cost: 0.0,
            text: String::new(),
            sheet: Sheet::new(Rules::UNBOUNDED),
        }
    }
}

impl Way {
    /// The model has these tool definitions in its context.
    pub(super) fn defined(&mut self, definitions: &str) {
        self.definitions = Volume::of(definitions).tokens;
        self.tokens_in += self.definitions;
        self.sheet.define(0, "definitions".into(), self.definitions);
    }

    /// The next request begins a conversation of its own.
    pub(super) fn new_conversation(&mut self) {
        // The answer at the end of the one before is a request, too.
        if self.sheet.conversations() > 0 {
            self.sheet.answered(0);
        }
        self.sheet.new_conversation();
    }

    /// A request of the model's begins.
    pub(super) fn turn(&mut self) {
        self.sheet.request(0);
    }

    /// The model wrote `arguments`, and read `result`.
    pub(super) fn called(&mut self, arguments: &str, result: &str) -> (u64, u64) {
        let (written, read) = (Volume::of(arguments).tokens, Volume::of(result).tokens);
        for part in [arguments, result] {
            self.text.push_str(part);
            self.text.push('\n');
        }
        self.calls += 1;
        self.tokens_out += written;
        self.tokens_in += read;
        self.results += read;
        self.job += written + read;
        self.sheet.wrote(0, "arguments".into(), written);
        self.sheet.read(0, "a result".into(), read);
        (written, read)
    }

    /// The model wrote its answer; `price` says what all of it costs.
    pub(super) fn answered(&mut self, answer: &str, price: Price) {
        self.answer = Volume::of(answer).tokens;
        self.tokens_out += self.answer;
        self.sheet.answered(0);
        self.sheet.answer(0, "the answer".into(), self.answer);
        self.requests = self.sheet.requests();
        self.conversations = self.sheet.conversations();
        self.cost = self.sheet.dollars(price);
    }

    pub(super) const fn total(&self) -> u64 {
        self.tokens_in + self.tokens_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Price = Price { input: 1e6, cache_write: 2e6, cache_read: 1e3, output: 1.0 };

    #[test]
    fn what_is_new_is_input_and_the_rest_a_cache_read() {
        let mut way = Way::default();
        way.defined("hello world");
        way.turn();
        way.called("hello", "hello world");
        way.answered("hello", PRICE);
        // Two definitions, then the call and its result; the definitions again; two words.
        assert!((way.cost - (5.0 * 1e6 + 2.0 * 1e3 + 2.0) / 1e6).abs() < 1e-9, "{}", way.cost);
        assert_eq!((way.tokens_in, way.tokens_out, way.job, way.requests), (4, 2, 3, 2));
    }

    #[test]
    fn a_second_conversation_has_its_definitions_from_the_cache() {
        let mut way = Way::default();
        way.defined("hello world");
        for _ in 0..2 {
            way.new_conversation();
            way.turn();
            way.called("hello", "hello");
        }
        way.answered("", PRICE);
        // Definitions once new; each conversation's call and result are new in its second request.
        let expected = ((2.0 + 2.0 + 2.0) * 1e6 + (2.0 + 2.0 + 2.0) * 1e3 + 2.0) / 1e6;
        assert!((way.cost - expected).abs() < 1e-9, "{}", way.cost);
    }
}
