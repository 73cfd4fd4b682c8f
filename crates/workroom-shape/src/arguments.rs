//! A call's arguments against its tool's schema, before anything is sent.
//!
//! A value is refused only where the schema surely refuses it, with one exception: a parameter that
//! the schema does not name is refused too, also where the schema does not forbid it. Servers drop
//! those in silence, and the agent that wrote `querry` would never learn that its search had none.
//! Deeper inside only what is surely misspelt is refused; other keys are sent, and told.
//!
//! Mended, and told, is what loses nothing:
//!
//! * text that holds JSON where only an object or an array is taken;
//! * text that holds a number or a boolean, written as JSON writes it, where only that is taken;
//! * the one required parameter given by itself instead of in an object.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use regex::{Regex, RegexBuilder};
use serde::Serialize;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::{check::Walk, kind::Kinds};

pub use crate::check::{DEPTH_MAX, STEPS_MAX, VIOLATIONS_MAX};

/// The most bytes of a compiled regular expression of a schema; a larger one is not checked.
pub const PATTERN_BYTES_MAX: usize = 256 * 1024;

/// The most regular expressions of one schema that are kept compiled; others are not checked.
pub const PATTERNS_MAX: usize = 200;

/// The most notes about one call.
pub const NOTES_MAX: usize = 8;

/// Whether a text stands for a value that is not known here, and so fits everywhere.
pub type StandIn = fn(&str) -> bool;

/// Checks the arguments of one tool.
#[derive(Debug, Default)]
pub struct Checker {
    patterns: Patterns,
}

/// Arguments that may be sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Accepted {
    /// As they are to be sent.
    pub arguments: Map<String, Value>,
    /// What was mended, and what is not known; a clause each.
    pub notes: Vec<String>,
}

/// Why arguments may not be sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}", text(violations))]
pub struct Refused {
    /// What is wrong, at most [`VIOLATIONS_MAX`] of it.
    pub violations: Vec<Violation>,
}

fn text(violations: &[Violation]) -> String {
    let all: Vec<String> = violations.iter().map(ToString::to_string).collect();
    all.join("; ")
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Where: `items[2].price`; empty for the arguments as a whole.
    pub path: String,
    #[serde(skip)]
    pub(crate) problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    Kind { found: String, wanted: String },
    Missing { wanted: Option<String> },
    MissingBeside(String),
    Unknown { nearest: Option<String>, known: Vec<String>, is_parameter: bool },
    Value { wanted: String, nearest: Option<String> },
    Bound { found: String, wanted: String },
    Pattern(String),
    NoAlternative(usize),
    NotNamed { found: String },
    Contains,
    Twice,
    Name,
    Not,
    Forbidden,
}

impl Violation {
    /// What the schema says, and what is there instead; nothing of the value is in either.
    pub fn contradiction(&self) -> (String, &str) {
        match &self.problem {
            Problem::Kind { found, wanted } => (wanted.clone(), found),
            Problem::Missing { .. } | Problem::MissingBeside(_) => {
                ("required".to_owned(), "missing")
            }
            Problem::Unknown { .. } | Problem::Forbidden | Problem::Name => {
                ("not there".to_owned(), "there")
            }
            Problem::Value { wanted, .. } => (wanted.clone(), "another value"),
            Problem::Bound { wanted, .. } => (wanted.clone(), "out of its bounds"),
            Problem::Pattern(pattern) => (format!("text like `{pattern}`"), "other text"),
            Problem::NoAlternative(count) => {
                (format!("one of {count} alternatives"), "none of them")
            }
            Problem::Twice => ("a list without repetition".to_owned(), "with repetition"),
            Problem::NotNamed { .. } | Problem::Contains | Problem::Not => {
                ("something else".to_owned(), "not that")
            }
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "the argument{}", self.problem),
            path => write!(f, "`{path}`{}", self.problem),
        }
    }
}

/// With a space in front.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Kind { found, wanted } => write!(f, " is {found}; it takes {wanted}"),
            Problem::Missing { wanted: Some(wanted) } => {
                write!(f, " is missing; it takes {wanted}")
            }
            Problem::Missing { wanted: None } => f.write_str(" is missing"),
            Problem::MissingBeside(key) => write!(f, " is missing: `{key}` needs it"),
            Problem::Unknown { nearest, known, is_parameter } => {
                f.write_str(if *is_parameter { " is no parameter" } else { " is not known" })?;
                match (nearest, known.as_slice()) {
                    (Some(nearest), _) => write!(f, "; did you mean `{nearest}`?"),
                    (None, []) => f.write_str("; there is none"),
                    (None, known) => write!(f, "; there are `{}`", known.join("`, `")),
                }
            }
            Problem::Value { wanted, nearest: None } => write!(f, " must be {wanted}"),
            Problem::Value { wanted, nearest: Some(nearest) } => {
                write!(f, " must be {wanted}; did you mean {nearest}?")
            }
            Problem::Bound { found, wanted } => write!(f, " is {found}; it must be {wanted}"),
            Problem::Pattern(pattern) => write!(f, " does not match the pattern `{pattern}`"),
            Problem::NoAlternative(count) => write!(f, " fits none of its {count} alternatives"),
            Problem::NotNamed { found } => write!(
                f,
                " is {found}; it takes one object of named parameters, such as {{ name: value }}"
            ),
            Problem::Contains => f.write_str(" does not contain what it must"),
            Problem::Twice => f.write_str(" has an entry twice"),
            Problem::Name => f.write_str(" is not a key that may be there"),
            Problem::Not => f.write_str(" is what it must not be"),
            Problem::Forbidden => f.write_str(" must not be there"),
        }
    }
}

impl Checker {
    /// Looks whether a tool with the input schema `schema` takes `given`, and what it would be
    /// sent. `null` stands for no arguments.
    ///
    /// # Errors
    ///
    /// [`Refused`], with what is wrong, the first cause in front.
    pub fn arguments(&self, schema: &Value, given: Value) -> Result<Accepted, Refused> {
        self.arguments_with(schema, given, |_| false)
    }

    /// The same where some texts stand for values of any kind.
    ///
    /// # Errors
    ///
    /// See [`Checker::arguments`].
    pub fn arguments_with(
        &self,
        schema: &Value,
        given: Value,
        stands_in: StandIn,
    ) -> Result<Accepted, Refused> {
        let mut notes = Vec::new();
        let arguments = match named(schema, given) {
            Ok(Named { arguments, note }) => {
                notes.extend(note);
                arguments
            }
            Err(found) => {
                let problem = Problem::NotNamed { found: Kinds::of(&found).to_string() };
                let violations = vec![Violation { path: String::new(), problem }];
                return Err(Refused { violations });
            }
        };
        let value = Value::Object(arguments);
        let mut walk = Walk::new(schema, &self.patterns, true, stands_in);
        let mended = walk.place(schema, &value);
        if walk.is_exhausted {
            notes.push(
                "the schema is too large to check these arguments; they were sent as they are"
                    .to_owned(),
            );
            return Ok(Accepted { arguments: object(value), notes });
        }
        if !walk.violations.is_empty() {
            let mut violations = walk.violations;
            // An unknown parameter explains the one that is missing.
            violations.sort_by_key(|it| !matches!(it.problem, Problem::Unknown { .. }));
            let meant = violations.iter().filter_map(|it| match &it.problem {
                Problem::Unknown { nearest, .. } => nearest.clone(),
                _ => None,
            });
            let meant: Vec<String> = meant.collect();
            violations.retain(|it| {
                !(matches!(it.problem, Problem::Missing { .. }) && meant.contains(&it.path))
            });
            violations.truncate(VIOLATIONS_MAX);
            return Err(Refused { violations });
        }
        notes.extend(walk.mended.iter().map(|(path, how)| format!("`{path}` is {how}")));
        let extra = walk.extra.iter();
        notes.extend(extra.map(|path| format!("`{path}` is not in the schema; it was sent")));
        let more = notes.len().saturating_sub(NOTES_MAX);
        notes.truncate(NOTES_MAX);
        if more > 0 {
            notes.push(format!("and {more} more of the kind"));
        }
        Ok(Accepted { arguments: object(mended.unwrap_or(value)), notes })
    }

    /// What of `value` contradicts `schema`; nothing of the value is in it. `None`: the schema or
    /// the value is too large to tell.
    pub fn result(&self, schema: &Value, value: &Value) -> Option<Vec<Violation>> {
        self.result_with(schema, value, |_| false)
    }

    /// The same where some texts stand for values of any kind.
    pub fn result_with(
        &self,
        schema: &Value,
        value: &Value,
        stands_in: StandIn,
    ) -> Option<Vec<Violation>> {
        let mut walk = Walk::new(schema, &self.patterns, false, stands_in);
        walk.place(schema, value);
        (!walk.is_exhausted).then(|| {
            walk.violations.truncate(VIOLATIONS_MAX);
            walk.violations
        })
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

/// Arguments by their names.
struct Named {
    arguments: Map<String, Value>,
    note: Option<String>,
}

fn named(schema: &Value, given: Value) -> Result<Named, Value> {
    let as_it_is = |arguments| Ok(Named { arguments, note: None });
    match given {
        Value::Object(arguments) => return as_it_is(arguments),
        Value::Null => return as_it_is(Map::new()),
        _ => {}
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    if let Value::String(text) = &given
        && let Ok(Value::Object(arguments)) = serde_json::from_str(text)
        && arguments.keys().all(|key| properties.is_some_and(|it| it.contains_key(key)))
    {
        let note = Some("the arguments are a string that holds JSON, sent as an object".to_owned());
        return Ok(Named { arguments, note });
    }
    let Some(name) = sole(schema) else { return Err(given) };
    let note = Some(format!("the argument by itself is `{name}`"));
    let name = name.to_owned();
    Ok(Named { arguments: Map::from_iter([(name, given)]), note })
}

/// The one parameter that must be given, or the only one there is.
fn sole(schema: &Value) -> Option<&str> {
    let required = schema.get("required").and_then(Value::as_array);
    match required.map(Vec::as_slice) {
        Some([one]) => one.as_str(),
        Some([_, ..]) => None,
        Some([]) | None => {
            let mut names = schema.get("properties")?.as_object()?.keys();
            let only = names.next()?;
            names.next().is_none().then_some(only)
        }
    }
}

/// The compiled regular expressions of one schema. They are of the crate `regex`, whose matching
/// takes time in proportion to the text, whatever the pattern.
#[derive(Debug, Default)]
pub(crate) struct Patterns(Mutex<HashMap<String, Option<Regex>>>);

impl Patterns {
    /// Whether `text` matches `pattern`; `None` where that cannot be told.
    pub(crate) fn find(&self, pattern: &str, text: &str) -> Option<bool> {
        let mut compiled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !compiled.contains_key(pattern) {
            if compiled.len() == PATTERNS_MAX || pattern.len() > PATTERN_BYTES_MAX {
                return None;
            }
            // Look-around and back references, which `regex` does not have, stay unchecked.
            let regex = RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).build().ok();
            compiled.insert(pattern.to_owned(), regex);
        }
        let regex = compiled.get(pattern)?.clone()?;
        drop(compiled);
        Some(regex.is_match(text))
    }
}
