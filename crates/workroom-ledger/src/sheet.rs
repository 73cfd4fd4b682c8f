//! What texts cost in a model's context: who writes them, who reads them, how often again.
//!
//! One sheet is one way of doing some work. It is told in the order in which things happen: the
//! definitions, each request to the model, what the model wrote in it, what it read of the answer.
//! The rules:
//!
//! * A model reads its whole context at each request: what is new since the request before at the
//!   price of input, the rest at the price of a cache read.
//! * What a model writes is output, and new input of the next request.
//! * Definitions are new in the first request alone, and read again in every other, also those of
//!   another conversation.
//! * A conversation ends with one more request, in which the model reads the last result and
//!   answers.
//! * A context holds so many tokens at most ([`Rules::context_tokens`]): what is older than that
//!   is not read again.
//!
//! Every text is a [`Line`] with what it was and how often it was paid for, so that a sum can be
//! shown line by line.

use std::collections::VecDeque;

use serde::Serialize;

use crate::price::Price;

/// What can be chosen of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// The most tokens of one result that a client shows to its model.
    pub result_tokens: u64,
    /// The most tokens that a context holds.
    pub context_tokens: u64,
    /// Whether what is new is paid at the price of a cache write and not of input.
    pub pays_cache_writes: bool,
}

impl Rules {
    /// What clients show of a result, unless configured.
    pub const RESULT_TOKENS: u64 = 25_000;

    /// What a context holds, unless configured.
    pub const CONTEXT_TOKENS: u64 = 200_000;

    /// No result and no context is too large.
    pub const UNBOUNDED: Self =
        Self { result_tokens: u64::MAX, context_tokens: u64::MAX, pays_cache_writes: false };
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            result_tokens: Self::RESULT_TOKENS,
            context_tokens: Self::CONTEXT_TOKENS,
            pays_cache_writes: false,
        }
    }
}

/// What a text is to the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The definitions of tools.
    Definitions,
    /// What the model wrote: arguments, code, a question.
    Written,
    /// What it read: a result, a file, a list of matches.
    Read,
}

/// One text, and how often it was paid for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Whose text it is, as the sheet was told: an index of the caller's.
    pub owner: usize,
    /// What it is.
    pub what: What,
    /// The server that it is of; empty for what is Workroom's or the model's own.
    pub server: String,
    /// What it is called.
    pub label: String,
    /// Its o200k tokens.
    pub tokens: u64,
    /// How often it was written: 0 or 1.
    pub written: u64,
    /// How often it was new in a request.
    pub new: u64,
    /// How often it was read again.
    pub again: u64,
}

impl Line {
    /// What it costs, in dollars.
    pub fn dollars(&self, price: Price, rules: Rules) -> f64 {
        let new = if rules.pays_cache_writes { price.cache_write } else { price.input };
        let times = number(self.written) * price.output
            + number(self.new) * new
            + number(self.again) * price.cache_read;
        number(self.tokens) * times / 1e6
    }

    /// All the times that its tokens pass a model.
    pub fn passed(&self) -> u64 {
        self.tokens.saturating_mul(self.written + self.new + self.again)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
const fn number(count: u64) -> f64 {
    count as f64
}

/// What a text is called.
#[derive(Clone, Copy, Debug, Default)]
pub struct Label<'a> {
    /// The server that it is of, if it is of one.
    pub server: &'a str,
    /// Its name.
    pub name: &'a str,
}

impl<'a> From<&'a str> for Label<'a> {
    fn from(name: &'a str) -> Self {
        Self { server: "", name }
    }
}

/// A text that is in the context.
struct Live {
    line: usize,
    tokens: u64,
    /// The request in which it was new.
    since: u64,
}

/// One way of doing some work, as it is told.
#[derive(Default)]
pub struct Sheet {
    rules: Rules,
    lines: Vec<Line>,
    /// The definitions' lines: of each, the one whose owner paid for it last, and whether it was
    /// new once.
    defined: Vec<(usize, bool)>,
    defined_tokens: u64,
    /// Requests, in all conversations.
    requests: u64,
    conversations: u64,
    /// What this conversation's context holds beside the definitions, the oldest first.
    live: VecDeque<Live>,
    live_tokens: u64,
    /// What is new in the next request.
    fresh: Vec<usize>,
}

impl std::fmt::Debug for Sheet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sheet").field("requests", &self.requests).finish_non_exhaustive()
    }
}

impl Sheet {
    /// An empty sheet.
    pub fn new(rules: Rules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Definitions that the model has in every request from the next one on.
    pub fn define(&mut self, owner: usize, label: Label<'_>, tokens: u64) {
        self.define_known(owner, label, tokens, false);
    }

    /// The same; ones that the model `is_known` to have had before are read from the cache at once.
    pub fn define_known(&mut self, owner: usize, label: Label<'_>, tokens: u64, is_known: bool) {
        self.defined.push((self.lines.len(), is_known));
        self.defined_tokens += tokens;
        self.add(owner, What::Definitions, label, tokens);
    }

    /// The model has none of the definitions any more.
    pub fn forget_definitions(&mut self) {
        self.defined.clear();
        self.defined_tokens = 0;
    }

    /// A request of `owner`'s to the model begins. The first one begins a conversation, too.
    pub fn request(&mut self, owner: usize) {
        self.conversations = self.conversations.max(1);
        self.ask(owner);
    }

    /// What the model writes in this request.
    pub fn wrote(&mut self, owner: usize, label: Label<'_>, tokens: u64) {
        let line = self.add(owner, What::Written, label, tokens);
        self.lines[line].written = 1;
        self.fresh.push(line);
    }

    /// What came back of it, as far as a client shows it.
    pub fn read(&mut self, owner: usize, label: Label<'_>, tokens: u64) {
        let tokens = tokens.min(self.rules.result_tokens);
        let line = self.add(owner, What::Read, label, tokens);
        self.fresh.push(line);
    }

    /// The conversation is over, with a request in which the model reads the last result and
    /// answers.
    pub fn answered(&mut self, owner: usize) {
        self.ask(owner);
        self.leave();
    }

    /// The model writes its answer, in the request that [`Sheet::answered`] counts.
    pub fn answer(&mut self, owner: usize, label: Label<'_>, tokens: u64) {
        let line = self.add(owner, What::Written, label, tokens);
        self.lines[line].written = 1;
    }

    /// The next request begins another conversation, whose context is empty.
    pub fn new_conversation(&mut self) {
        self.conversations += 1;
    }

    /// Requests so far.
    pub const fn requests(&self) -> u64 {
        self.requests
    }

    /// Conversations so far.
    pub const fn conversations(&self) -> u64 {
        self.conversations
    }

    /// All lines; the last conversation must be over.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// What all of it costs, in dollars.
    pub fn dollars(&self, price: Price) -> f64 {
        self.lines.iter().map(|line| line.dollars(price, self.rules)).sum()
    }

    fn add(&mut self, owner: usize, what: What, label: Label<'_>, tokens: u64) -> usize {
        let (server, label) = (label.server.to_owned(), label.name.to_owned());
        let (written, new, again) = (0, 0, 0);
        self.lines.push(Line { owner, what, server, label, tokens, written, new, again });
        self.lines.len() - 1
    }

    fn ask(&mut self, owner: usize) {
        self.requests += 1;
        for index in 0..self.defined.len() {
            let (at, was_new) = self.defined[index];
            let mut line = &mut self.lines[at];
            if was_new && line.new == 0 && line.again == 0 {
                line.owner = owner;
            } else if was_new && line.owner != owner {
                // Each request pays for the definitions that it reads; the first, who loaded them.
                let own = Line { owner, new: 0, again: 0, ..line.clone() };
                self.defined[index].0 = self.lines.len();
                self.lines.push(own);
                line = self.lines.last_mut().expect("one was pushed");
            }
            if was_new {
                line.again += 1;
            } else {
                line.new = 1;
                self.defined[index].1 = true;
            }
        }
        let fresh = std::mem::take(&mut self.fresh);
        let fresh_tokens: u64 = fresh.iter().map(|line| self.lines[*line].tokens).sum();
        let room = self.rules.context_tokens.saturating_sub(self.defined_tokens);
        while self.live_tokens.saturating_add(fresh_tokens) > room {
            let Some(oldest) = self.live.pop_front() else { break };
            self.drop_live(&oldest, self.requests - 1);
        }
        for line in fresh {
            self.lines[line].new = 1;
            let tokens = self.lines[line].tokens;
            self.live_tokens += tokens;
            self.live.push_back(Live { line, tokens, since: self.requests });
        }
    }

    /// `live` was read for the last time in the request `last`.
    fn drop_live(&mut self, live: &Live, last: u64) {
        self.live_tokens -= live.tokens;
        self.lines[live.line].again = last - live.since;
    }

    fn leave(&mut self) {
        while let Some(oldest) = self.live.pop_front() {
            self.drop_live(&oldest, self.requests);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Price = Price { input: 1e6, cache_write: 2e6, cache_read: 1e3, output: 1.0 };

    fn sheet(context_tokens: u64) -> Sheet {
        Sheet::new(Rules { context_tokens, result_tokens: 50, pays_cache_writes: false })
    }

    /// Each line as `label tokens written/new/again`.
    #[track_caller]
    fn check(sheet: &Sheet, expected: &[&str]) {
        let line = |line: &Line| {
            let Line { owner, label, tokens, written, new, again, .. } = line;
            format!("{owner} {label} {tokens} {written}/{new}/{again}")
        };
        let lines: Vec<String> = sheet.lines().iter().map(line).collect();
        assert_eq!(lines, expected);
    }

    fn talk(sheet: &mut Sheet, requests: usize) {
        sheet.define(0, "definitions".into(), 10);
        for owner in 0..requests {
            sheet.request(owner);
            sheet.wrote(owner, "arguments".into(), 3);
            sheet.read(owner, "result".into(), 70);
        }
        sheet.answered(requests - 1);
    }

    #[test]
    fn a_text_is_new_once_and_read_again_in_every_later_request() {
        let mut sheet = sheet(u64::MAX);
        talk(&mut sheet, 2);
        check(
            &sheet,
            &[
                "0 definitions 10 0/1/0",
                "0 arguments 3 1/1/1",
                "0 result 50 0/1/1",
                "1 definitions 10 0/0/2",
                "1 arguments 3 1/1/0",
                "1 result 50 0/1/0",
            ],
        );
        let expected = (116.0 * 1e6 + 73.0 * 1e3 + 6.0) / 1e6;
        assert!((sheet.dollars(PRICE) - expected).abs() < 1e-9, "{}", sheet.dollars(PRICE));
    }

    #[test]
    fn what_the_context_cannot_hold_is_not_read_again() {
        let mut full = sheet(116);
        talk(&mut full, 3);
        let mut less = sheet(115);
        talk(&mut less, 3);
        let again = |sheet: &Sheet| -> Vec<u64> {
            let texts = sheet.lines().iter().filter(|line| line.what != What::Definitions);
            texts.map(|line| line.again).collect()
        };
        assert_eq!(again(&full), [1, 1, 1, 1, 0, 0]);
        // One token less: in each request one text more has to make room, and that is enough.
        assert_eq!(again(&less), [0, 1, 0, 1, 0, 0]);
    }

    #[test]
    fn a_second_conversation_has_its_definitions_from_the_cache_and_nothing_else() {
        let mut sheet = sheet(u64::MAX);
        sheet.define(0, "definitions".into(), 2);
        for _ in 0..2 {
            sheet.new_conversation();
            sheet.request(0);
            sheet.wrote(0, "arguments".into(), 1);
            sheet.answered(0);
        }
        check(&sheet, &["0 definitions 2 0/1/3", "0 arguments 1 1/1/0", "0 arguments 1 1/1/0"]);
        assert_eq!((sheet.requests(), sheet.conversations()), (4, 2));
    }

    #[test]
    fn a_cache_write_is_paid_only_where_that_is_wanted() {
        let rules = Rules { pays_cache_writes: true, ..Rules::UNBOUNDED };
        let mut sheet = Sheet::new(rules);
        talk(&mut sheet, 1);
        let plain = Line::dollars(&sheet.lines()[0], PRICE, Rules::UNBOUNDED);
        let more = Line::dollars(&sheet.lines()[0], PRICE, rules);
        assert!((more - plain - 10.0).abs() < 1e-9);
    }
}
