//! What contradicts the shape so far.
//!
//! A field that is new, or a list that is longer, breaks no code, and is none. Nor is a cursor that
//! is absent: so the last page says that it is the last.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::shape::{Form, Shape};
use crate::path::{self, Step};

/// A kind is only missed after so many calls that had another one.
pub const CALLS_BEFORE_DRIFT: u32 = 2;

/// That something is never absent, or always of one form, is only believed after so many calls.
pub const CALLS_BEFORE_ABSENCE: u32 = 12;

/// One contradiction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// Where: `items[].price`; empty for the result as a whole.
    pub path: String,
    /// The last key on the way there; empty if there is none.
    pub key: String,
    /// What it was, or is declared to be.
    pub was: String,
    /// In how many calls it was; 0 where the server's schema says so.
    pub calls: u32,
    /// What it is now.
    pub now: String,
    /// When it was found, in milliseconds since 1970.
    pub at: i64,
}

/// "`items[].price` was number in 19 calls, now string".
impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str("the result")?,
            path => write!(f, "`{path}`")?,
        }
        match self.calls {
            0 => write!(f, " is declared as {}, and is {}", self.was, self.now),
            calls => write!(f, " was {} in {calls} calls, now {}", self.was, self.now),
        }
    }
}

const MISSING: &str = "missing";

/// Words in the names of fields that end a list of pages by being absent.
const PAGING: [&str; 8] = ["next", "prev", "cursor", "token", "continu", "more", "page", "offset"];

/// Whether the field `key` is absent where pages end.
fn ends_pages(key: &str) -> bool {
    let key = key.to_lowercase();
    PAGING.iter().any(|word| key.contains(word))
}

impl Drift {
    /// Whether something is absent, and nothing of another kind.
    pub fn is_absence(&self) -> bool {
        matches!(self.now.as_str(), MISSING | "null")
    }

    /// Whether `sample` is so, too.
    pub(super) fn is_in(&self, sample: &Shape) -> bool {
        let mut found = false;
        visit(sample, &mut Vec::new(), &mut |steps, shape, parent| {
            if found || path::text(steps) != self.path {
                return;
            }
            found = match self.now.as_str() {
                MISSING => parent,
                now => kinds(shape).contains(&now) || form(shape) == Some(now),
            };
        });
        // A field that no object has is not met on the way.
        found || (self.now == MISSING && !self.path.is_empty() && !has(sample, &self.path))
    }
}

fn has(sample: &Shape, wanted: &str) -> bool {
    let mut found = false;
    visit(sample, &mut Vec::new(), &mut |steps, _, _| found |= path::text(steps) == wanted);
    found
}

/// Calls `each` for every place below `shape`: its path, its shape, and whether it is in only some
/// of the objects that could have it.
fn visit(shape: &Shape, steps: &mut Vec<Step>, each: &mut impl FnMut(&[Step], &Shape, bool)) {
    if steps.is_empty() {
        each(steps, shape, false);
    }
    if let Some(list) = &shape.array {
        steps.push(Step::Each);
        each(steps, &list.item, false);
        visit(&list.item, steps, each);
        steps.pop();
    }
    let Some(object) = &shape.object else { return };
    if let Some(entry) = &object.entry {
        steps.push(Step::Any);
        each(steps, entry, false);
        visit(entry, steps, each);
        steps.pop();
    }
    for field in &object.named {
        steps.push(Step::Key(field.key.clone()));
        each(steps, &field.shape, field.objects < object.objects);
        visit(&field.shape, steps, each);
        steps.pop();
    }
}

/// What of `sample` contradicts `known`.
pub(super) fn between(known: &Shape, sample: &Shape, at: i64) -> Vec<Drift> {
    let mut finder = Finder { at, steps: Vec::new(), found: Vec::new() };
    finder.look(known, sample);
    finder.found
}

struct Finder {
    at: i64,
    steps: Vec<Step>,
    found: Vec<Drift>,
}

impl Finder {
    fn tell(&mut self, was: String, calls: u32, now: &str) {
        if self.found.len() == super::DRIFTS_MAX {
            return;
        }
        self.found.push(Drift {
            path: path::text(&self.steps),
            key: self.last_key().unwrap_or_default().to_owned(),
            was,
            calls,
            now: now.to_owned(),
            at: self.at,
        });
    }

    fn last_key(&self) -> Option<&str> {
        self.steps.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            _ => None,
        })
    }

    fn look(&mut self, known: &Shape, sample: &Shape) {
        if known.calls < CALLS_BEFORE_DRIFT || known.is_cut || sample.is_cut {
            return;
        }
        let (were, are) = (kinds(known), kinds(sample));
        for now in are.iter().filter(|kind| !were.contains(*kind)) {
            let is_sure = *now != "null"
                || (known.calls >= CALLS_BEFORE_ABSENCE
                    && !self.last_key().is_some_and(ends_pages));
            if is_sure && !were.is_empty() {
                self.tell(were.join(" or "), known.calls, now);
            }
        }
        if let (Some(was), Some(now)) = (form(known), form(sample))
            && was != now
            && was != "text"
            && known.string.as_ref().is_some_and(|it| it.calls >= CALLS_BEFORE_ABSENCE)
        {
            self.tell(was.to_owned(), known.string.as_ref().map_or(0, |it| it.calls), now);
        }
        if let (Some(known), Some(sample)) = (&known.array, &sample.array) {
            self.below(Step::Each, &known.item, &sample.item);
        }
        let (Some(known), Some(sample)) = (&known.object, &sample.object) else { return };
        match (&known.entry, &sample.entry) {
            (Some(known), Some(sample)) => self.below(Step::Any, known, sample),
            (Some(known), None) => {
                for field in &sample.named {
                    self.below(Step::Any, known, &field.shape);
                }
            }
            (None, Some(_)) => {}
            (None, None) => {
                for field in &known.named {
                    let now = sample.get(&field.key);
                    let present = now.map_or(0, |now| now.objects);
                    let was_always = !ends_pages(&field.key)
                        && field.objects == known.objects
                        && field.shape.calls >= CALLS_BEFORE_ABSENCE;
                    if was_always && present < sample.objects {
                        self.steps.push(Step::Key(field.key.clone()));
                        self.tell("there".to_owned(), field.shape.calls, MISSING);
                        self.steps.pop();
                    }
                    if let Some(now) = now {
                        self.below(Step::Key(field.key.clone()), &field.shape, &now.shape);
                    }
                }
            }
        }
    }

    fn below(&mut self, step: Step, known: &Shape, sample: &Shape) {
        self.steps.push(step);
        self.look(known, sample);
        self.steps.pop();
    }
}

/// The kinds that were seen, by their names in TypeScript.
pub(crate) fn kinds(shape: &Shape) -> Vec<&'static str> {
    let kinds = [
        (shape.string.is_some(), "string"),
        (shape.number > 0, "number"),
        (shape.boolean > 0, "boolean"),
        (shape.array.is_some(), "array"),
        (shape.object.is_some(), "object"),
        (shape.null > 0, "null"),
    ];
    kinds.into_iter().filter(|(is_seen, _)| *is_seen).map(|(_, name)| name).collect()
}

fn form(shape: &Shape) -> Option<&'static str> {
    match shape.string.as_ref()?.form {
        Form::Date => Some("a date"),
        Form::DateTime => Some("a date with time"),
        Form::Number => Some("a number as text"),
        Form::Other => Some("text"),
        Form::Empty => None,
    }
}
