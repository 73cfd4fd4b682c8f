//! What a tool's results have looked like: their shape, and never what they said.
//!
//! Each result is looked at as a sample and merged into the shape so far: which fields there are
//! and which of them always, of which kinds they are, how long texts and lists are, which texts
//! are dates or numbers. What contradicts the shape so far is [`Drift`].
//!
//! # What is kept of values
//!
//! Nothing, but for one case. A text is kept as one of a few *words* when the name of its field
//! ends in a word such as `status` or `type` ([`words`] lists them), and it is a single word of
//! lower-case or of upper-case letters, digits, `_` and `-`, with two digits in a row at most. A
//! ninth distinct word, or one text of another form, and all are forgotten for good. They are
//! shown from the fifth call on. A name, an address or a number of somebody does not pass this:
//! it is in a field of another name.
//!
//! Keys are shown, since they are what code reads. An object whose keys look like data (a digit
//! sequence, an address, a date), or that has many that come and go, or whose entries are all of
//! one form, counts as a map, and its keys are forgotten.
//!
//! # Bounds
//!
//! A sample has at most [`SAMPLE_NODES_MAX`] values and [`DEPTH_MAX`] levels, a shape
//! [`NODES_MAX`] places. What is beyond is not looked at, and the shape is then marked as cut.

mod drift;
mod shape;
pub mod words;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{mask, print};

pub use drift::{CALLS_BEFORE_ABSENCE, CALLS_BEFORE_DRIFT, Drift};
pub use shape::{DEPTH_MAX, FIELDS_MAX, ITEMS_MAX, KEY_BYTES_MAX, NODES_MAX, SAMPLE_NODES_MAX};
pub(crate) use shape::{Fields, Form, Shape, Strings};

/// The most drifts of one tool that are remembered.
pub const DRIFTS_MAX: usize = 16;

/// The results of one tool, in its present definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// How many results were looked at.
    pub calls: u32,
    pub(crate) shape: Shape,
    /// One result with its characters masked.
    example: String,
    /// The newest contradictions, the oldest first.
    drifts: Vec<Drift>,
}

/// What a result had to say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Noted {
    /// What contradicts the results before, told for the first time.
    pub new: Vec<Drift>,
    /// What contradicted earlier results already, and is in this one too.
    pub again: Vec<Drift>,
    /// The shape has changed, and not only its counts.
    pub is_changed: bool,
}

impl Observed {
    /// Looks at one more result, at `now` in milliseconds since 1970.
    pub fn add(&mut self, result: &Value, now: i64) -> Noted {
        self.add_where(result, now, |_| true)
    }

    /// The same, where only those contradictions are any that `counts` says of.
    pub fn add_where(
        &mut self,
        result: &Value,
        now: i64,
        counts: impl Fn(&Drift) -> bool,
    ) -> Noted {
        let sample = Shape::of(result);
        let mut new = drift::between(&self.shape, &sample, now);
        new.retain(counts);
        let again = self.drifts.iter().filter(|drift| drift.is_in(&sample)).cloned();
        let again: Vec<Drift> =
            again.filter(|drift| !new.iter().any(|it| it.path == drift.path)).collect();
        let before = print::full(&self.shape, "");
        self.shape.merge(sample, true);
        self.calls = self.calls.saturating_add(1);
        let is_changed = before != print::full(&self.shape, "");
        let example = mask::example(result, &self.shape);
        // What was a field when the last example was made may be data by now.
        if is_changed || example.len() > self.example.len() {
            self.example = example;
        }
        self.drifts.retain(|old| !new.iter().any(|it| it.path == old.path));
        self.drifts.extend(new.iter().cloned());
        let old = self.drifts.len().saturating_sub(DRIFTS_MAX);
        self.drifts.drain(..old);
        Noted { new, again, is_changed }
    }

    /// Notes that a result broke the declared schema; `false` when that is known already.
    pub fn declared(&mut self, drift: &Drift) -> bool {
        let is_new = !self.drifts.iter().any(|it| it.path == drift.path && it.was == drift.was);
        if is_new {
            self.drifts.push(drift.clone());
            let old = self.drifts.len().saturating_sub(DRIFTS_MAX);
            self.drifts.drain(..old);
        }
        is_new
    }

    /// The newest contradictions, the oldest first.
    pub fn drifts(&self) -> &[Drift] {
        &self.drifts
    }

    /// Whether results were seen whose form is not simply text.
    pub fn says_something(&self) -> bool {
        self.calls > 0 && self.shape.is_structured()
    }

    /// `Observed in 14 calls` and the masked example, as the lines of a comment.
    pub fn about(&self) -> Vec<String> {
        let s = if self.calls == 1 { "" } else { "s" };
        let mut lines = vec![format!("Observed in {} call{s}.", self.calls)];
        if !self.example.is_empty() {
            lines.push(format!("Masked example: {}", self.example));
        }
        lines
    }

    /// Its type in TypeScript, on several lines.
    pub fn type_text(&self) -> String {
        print::full(&self.shape, "")
    }

    /// Its type in TypeScript on one line of about `most` characters at most.
    pub fn compact(&self, most: usize) -> String {
        print::compact(&self.shape, most)
    }

    /// The contradictions that `result` would be, without taking it in.
    pub fn contradictions(&self, result: &Value) -> Vec<Drift> {
        drift::between(&self.shape, &Shape::of(result), 0)
    }
}
