//! The walk over a schema and a value: what does not fit, and what can be mended.
//!
//! Keywords are those of JSON Schema 2020-12, of drafts 4 to 7 where they differ, and the
//! `nullable` of `OpenAPI`. `format` is an annotation, as the standard has it. What is not known is
//! passed over: the walk refuses only what the schema surely refuses.

mod names;
mod plain;

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::{
    arguments::{Patterns, Problem, StandIn, Violation},
    kind::{self, Kinds},
    path::{self, Step},
};
use names::nearest;
use plain::{canonical, is_equal};

/// The most steps of one walk: one for each keyword looked at and each value compared.
pub const STEPS_MAX: u32 = 1_000_000;

/// The most levels of schemas within schemas that are walked.
pub const DEPTH_MAX: usize = 100;

/// The most violations that are told.
pub const VIOLATIONS_MAX: usize = 12;

/// The most entries of an array that are compared with each other.
const UNIQUE_MAX: usize = 10_000;

/// One walk.
pub(crate) struct Walk<'s> {
    document: &'s Value,
    patterns: &'s Patterns,
    /// Whether values may be mended, and unknown keys matter.
    lenient: bool,
    /// Texts that stand for values of any kind.
    stands_in: StandIn,
    steps: u32,
    depth: usize,
    path: Vec<Step>,
    pub(crate) violations: Vec<Violation>,
    /// What was mended: the path, and how.
    pub(crate) mended: Vec<(String, &'static str)>,
    /// Keys that the schema does not name and does not forbid.
    pub(crate) extra: Vec<String>,
    /// The schema has more than is walked.
    pub(crate) is_exhausted: bool,
}

/// A value that takes the place of the one looked at; `None`: it stays.
type Mended = Option<Value>;

impl<'s> Walk<'s> {
    pub(crate) fn new(
        document: &'s Value,
        patterns: &'s Patterns,
        lenient: bool,
        stands_in: StandIn,
    ) -> Self {
        Self {
            document,
            patterns,
            lenient,
            stands_in,
            steps: STEPS_MAX,
            depth: 0,
            path: Vec::new(),
            violations: Vec::new(),
            mended: Vec::new(),
            extra: Vec::new(),
            is_exhausted: false,
        }
    }

    /// Looks at `value`, which is at a place of its own: mends it where the schema takes no value
    /// of its kind, and looks for keys that nothing in the schema names.
    pub(crate) fn place(&mut self, schema: &'s Value, value: &Value) -> Mended {
        let mended = self.lenient.then(|| self.mend(schema, value)).flatten();
        let found = self.check(schema, mended.as_ref().unwrap_or(value)).or(mended);
        if self.lenient
            && let Value::Object(object) = found.as_ref().unwrap_or(value)
        {
            self.unknown(schema, object);
        }
        found
    }

    fn at(&mut self, step: Step, schema: &'s Value, value: &Value) -> Mended {
        self.path.push(step);
        let mended = self.place(schema, value);
        self.path.pop();
        mended
    }

    /// Text that holds what the schema wants.
    fn mend(&mut self, schema: &Value, value: &Value) -> Mended {
        let Value::String(text) = value else { return None };
        let wanted = kind::taken(self.document, schema, 0);
        if wanted.has(Kinds::STRING) {
            return None;
        }
        let read: Value = serde_json::from_str(text.trim()).ok()?;
        let how = match &read {
            Value::Object(_) => "a string that holds JSON, sent as an object",
            Value::Array(_) => "a string that holds JSON, sent as an array",
            // Not `1e3`, `007` or `1.50`: they may be meant as text.
            Value::Number(number) if number.to_string() == *text => {
                "a string that holds a number, sent as a number"
            }
            Value::Bool(_) => "a string that holds a boolean, sent as a boolean",
            _ => return None,
        };
        if !wanted.has(Kinds::of(&read)) {
            return None;
        }
        self.mended.push((path::text(&self.path), how));
        Some(read)
    }

    /// Whether there are steps left for `count` more.
    fn spend(&mut self, count: usize) -> bool {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        match self.steps.checked_sub(count) {
            Some(left) if !self.is_exhausted => self.steps = left,
            _ => self.is_exhausted = true,
        }
        !self.is_exhausted
    }

    fn violate(&mut self, problem: Problem) {
        self.violate_at(path::text(&self.path), problem);
    }

    fn violate_at(&mut self, path: String, problem: Problem) {
        let known = self.violations.iter().any(|it| it.path == path && it.problem == problem);
        if !known && self.violations.len() < 4 * VIOLATIONS_MAX {
            self.violations.push(Violation { path, problem });
        }
    }

    fn path_of(&self, key: &str) -> String {
        let mut steps = self.path.clone();
        steps.push(Step::Key(key.to_owned()));
        path::text(&steps)
    }

    /// `schema`, all of its keywords, on `value`.
    fn check(&mut self, schema: &'s Value, value: &Value) -> Mended {
        if *schema == Value::Bool(false) {
            self.violate(Problem::Forbidden);
        }
        let Value::Object(schema) = schema else { return None };
        if value.as_str().is_some_and(self.stands_in) {
            return None;
        }
        if self.depth == DEPTH_MAX || !self.spend(schema.len()) {
            self.is_exhausted = true;
            return None;
        }
        self.depth += 1;
        let mended = self.keywords(schema, value);
        self.depth -= 1;
        mended
    }

    fn keywords(&mut self, schema: &'s Map<String, Value>, value: &Value) -> Mended {
        let is_null = value.is_null() && schema.get("nullable") == Some(&Value::Bool(true));
        let named = schema.get("type").and_then(Kinds::named);
        if named.is_some_and(|it| !it.has(Kinds::of(value)) && !is_null) {
            let wanted = match schema.get("enum").or(schema.get("const")) {
                Some(_) => kind::words(self.document, &Value::Object(only_values(schema))),
                None => None,
            };
            let wanted = wanted.unwrap_or_else(|| named.unwrap_or(Kinds::ALL).to_string());
            self.violate(Problem::Kind { found: Kinds::of(value).to_string(), wanted });
            // What else it breaks comes of that.
            return None;
        }
        if is_null {
            return None;
        }
        self.values(schema, value);
        let mut mended = match value {
            Value::Number(number) => {
                self.number(schema, number);
                None
            }
            Value::String(text) => {
                self.string(schema, text);
                None
            }
            Value::Array(items) => self.array(schema, items),
            Value::Object(object) => self.object(schema, object),
            Value::Null | Value::Bool(_) => None,
        };
        let is_same = |it: &Mended| it.is_none();
        if let Some(target) = kind::target(self.document, schema) {
            let next = self.check(target, mended.as_ref().unwrap_or(value));
            mended = if is_same(&next) { mended } else { next };
        }
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            let next = self.check(part, mended.as_ref().unwrap_or(value));
            mended = if is_same(&next) { mended } else { next };
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(options) = schema.get(key).and_then(Value::as_array) {
                let next = self.any(options, mended.as_ref().unwrap_or(value));
                mended = if is_same(&next) { mended } else { next };
            }
        }
        self.conditions(schema, mended.as_ref().unwrap_or(value));
        mended
    }

    /// `enum` and `const`.
    fn values(&mut self, schema: &'s Map<String, Value>, value: &Value) {
        let constant = schema.get("const").map(std::slice::from_ref);
        let listed = schema.get("enum").and_then(Value::as_array).map(Vec::as_slice);
        // Nobody means an `enum` that nothing satisfies.
        for values in [constant, listed].into_iter().flatten().filter(|it| !it.is_empty()) {
            if !self.spend(values.len()) || values.iter().any(|it| is_equal(it, value)) {
                continue;
            }
            let names = values.iter().take(1_000).filter_map(Value::as_str);
            let nearest = value.as_str().and_then(|text| nearest(text, names));
            let nearest = nearest.map(path::quoted);
            self.violate(Problem::Value { wanted: kind::listed(values), nearest });
        }
    }

    fn array(&mut self, schema: &'s Map<String, Value>, items: &[Value]) -> Mended {
        self.count(schema, ["minItems", "maxItems"], items.len(), "entry");
        if schema.get("uniqueItems") == Some(&Value::Bool(true)) && items.len() <= UNIQUE_MAX {
            let mut seen = HashSet::new();
            if self.spend(items.len()) && !items.iter().all(|it| seen.insert(canonical(it))) {
                self.violate(Problem::Twice);
            }
        }
        let (first, rest) = match (schema.get("prefixItems"), schema.get("items")) {
            (Some(Value::Array(first)), rest) => (first.as_slice(), rest),
            (_, Some(Value::Array(first))) => (first.as_slice(), schema.get("additionalItems")),
            (_, rest) => (&[][..], rest),
        };
        let mut mended: Option<Vec<Value>> = None;
        for (index, item) in items.iter().enumerate() {
            let Some(schema) = first.get(index).or(rest) else { break };
            if !self.spend(1) {
                break;
            }
            if let Some(new) = self.at(Step::Index(index), schema, item) {
                mended.get_or_insert_with(|| items.to_vec())[index] = new;
            }
        }
        if let Some(wanted) = schema.get("contains") {
            let least = schema.get("minContains").and_then(Value::as_u64).unwrap_or(1);
            let most = schema.get("maxContains").and_then(Value::as_u64).unwrap_or(u64::MAX);
            let fit = items.iter().filter(|item| self.fits(wanted, item)).count() as u64;
            if fit < least || fit > most {
                self.violate(Problem::Contains);
            }
        }
        mended.map(Value::Array)
    }

    fn object(&mut self, schema: &'s Map<String, Value>, object: &Map<String, Value>) -> Mended {
        self.count(schema, ["minProperties", "maxProperties"], object.len(), "key");
        self.required(schema, object);
        let properties = schema.get("properties").and_then(Value::as_object);
        let patterns = schema.get("patternProperties").and_then(Value::as_object);
        let others = schema.get("additionalProperties");
        let mut mended: Option<Map<String, Value>> = None;
        for (key, value) in object {
            if !self.spend(1 + patterns.map_or(0, Map::len)) {
                break;
            }
            let mut is_named = false;
            let listed = properties.and_then(|it| it.get(key));
            let mut by_pattern = Vec::new();
            for (pattern, schema) in patterns.into_iter().flatten() {
                match self.patterns.find(pattern, key) {
                    Some(true) => by_pattern.push(schema),
                    Some(false) => {}
                    // It may be meant by a pattern that cannot be told.
                    None => is_named = true,
                }
            }
            for schema in listed.into_iter().chain(by_pattern) {
                is_named = true;
                let value = mended.as_ref().map_or(value, |it| &it[key]).clone();
                if let Some(new) = self.at(Step::Key(key.clone()), schema, &value) {
                    mended.get_or_insert_with(|| object.clone()).insert(key.clone(), new);
                }
            }
            match others.filter(|_| !is_named) {
                Some(Value::Bool(false)) => {
                    let (path, problem) =
                        (self.path_of(key), self.unknown_key(schema, object, key));
                    self.violate_at(path, problem);
                }
                Some(others) => {
                    if let Some(new) = self.at(Step::Key(key.clone()), others, value) {
                        mended.get_or_insert_with(|| object.clone()).insert(key.clone(), new);
                    }
                }
                None => {}
            }
            if let Some(names) = schema.get("propertyNames")
                && !self.fits(names, &Value::from(key.as_str()))
            {
                self.violate_at(self.path_of(key), Problem::Name);
            }
        }
        mended.map(Value::Object)
    }

    fn required(&mut self, schema: &'s Map<String, Value>, object: &Map<String, Value>) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let listed = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        // Draft 3 has `required` on the property itself.
        let own = properties.into_iter().flatten();
        let own = own.filter(|(_, it)| it.get("required") == Some(&Value::Bool(true)));
        let wanted = listed.filter_map(Value::as_str).chain(own.map(|(key, _)| key.as_str()));
        for key in wanted {
            if !self.spend(1) {
                return;
            }
            if !object.contains_key(key) {
                let wanted = properties.and_then(|it| it.get(key));
                let wanted = wanted.and_then(|it| kind::words(self.document, it));
                self.violate_at(self.path_of(key), Problem::Missing { wanted });
            }
        }
        let dependent = schema.get("dependentRequired").or_else(|| schema.get("dependencies"));
        for (key, needed) in dependent.and_then(Value::as_object).into_iter().flatten() {
            if !self.spend(1) || !object.contains_key(key) {
                continue;
            }
            for needed in needed.as_array().into_iter().flatten().filter_map(Value::as_str) {
                if !object.contains_key(needed) {
                    self.violate_at(self.path_of(needed), Problem::MissingBeside(key.clone()));
                }
            }
        }
    }

    /// `not`, `if`, `then`, `else`.
    fn conditions(&mut self, schema: &'s Map<String, Value>, value: &Value) {
        if let Some(not) = schema.get("not")
            && self.fits(not, value)
        {
            self.violate(Problem::Not);
        }
        if let Some(condition) = schema.get("if") {
            let branch = if self.fits(condition, value) { "then" } else { "else" };
            if let Some(branch) = schema.get(branch) {
                self.check(branch, value);
            }
        }
    }

    /// Whether `value` fits as it is; leaves no trace.
    fn fits(&mut self, schema: &'s Value, value: &Value) -> bool {
        let lenient = std::mem::replace(&mut self.lenient, false);
        let (_, violations) = self.trial(schema, value);
        self.lenient = lenient;
        violations.is_empty()
    }

    fn trial(&mut self, schema: &'s Value, value: &Value) -> (Mended, Vec<Violation>) {
        let before = std::mem::take(&mut self.violations);
        let mended = self.check(schema, value);
        (mended, std::mem::replace(&mut self.violations, before))
    }

    /// `anyOf` and `oneOf`.
    fn any(&mut self, options: &'s [Value], value: &Value) -> Mended {
        for option in options {
            if self.is_exhausted {
                return None;
            }
            if self.fits(option, value) {
                // Servers write `oneOf` and mean `anyOf`, as with an integer beside a number: one
                // is enough. What it holds may be misspelt all the same.
                return self.check(option, value);
            }
        }
        if options.is_empty() {
            return None;
        }
        // None fits as it is: mended, one may.
        let mut nearest: Option<(usize, Vec<Violation>)> = None;
        for option in options {
            let marks = (self.mended.len(), self.extra.len());
            let (mended, violations) = self.trial(option, value);
            if violations.is_empty() {
                return mended;
            }
            self.mended.truncate(marks.0);
            self.extra.truncate(marks.1);
            let distance = self.distance(&violations);
            if nearest.as_ref().is_none_or(|(least, _)| distance < *least) {
                nearest = Some((distance, violations));
            }
        }
        match nearest {
            // The value is meant for this one, as its kind or its constant says.
            Some((distance, violations)) if distance < FAR || options.len() == 1 => {
                for Violation { path, problem } in violations {
                    self.violate_at(path, problem);
                }
            }
            _ => {
                let kinds = options.iter().map(|it| kind::taken(self.document, it, 0));
                let kinds = kinds.reduce(|all, next| all | next).unwrap_or(Kinds::ALL);
                let found = Kinds::of(value);
                self.violate(if kinds.has(found) {
                    Problem::NoAlternative(options.len())
                } else {
                    Problem::Kind { found: found.to_string(), wanted: kinds.to_string() }
                });
            }
        }
        None
    }

    /// How far a value is from an alternative: [`FAR`] when it is of another kind.
    fn distance(&self, violations: &[Violation]) -> usize {
        let here = path::text(&self.path);
        let weight = |it: &Violation| match &it.problem {
            Problem::Kind { .. } | Problem::Forbidden if it.path == here => FAR,
            // Alternatives are told apart by their constants.
            Problem::Value { .. } => FAR / 4,
            _ => 1,
        };
        violations.iter().map(weight).sum()
    }
}

/// So far is a value from an alternative of another kind.
const FAR: usize = 1_000;

fn only_values(schema: &Map<String, Value>) -> Map<String, Value> {
    let values = ["const", "enum"].iter().filter_map(|key| schema.get_key_value(*key));
    values.map(|(key, value)| (key.clone(), value.clone())).collect()
}
