//! The keys that a schema names, and the one that a key was meant to be.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Walk;
use crate::{
    arguments::{Problem, Violation},
    kind,
};

/// The keys that a schema names.
#[derive(Default)]
struct Names<'s> {
    known: HashSet<&'s str>,
    /// In their order.
    listed: Vec<&'s str>,
    /// Others may be there too.
    are_open: bool,
}

impl<'s> Walk<'s> {
    pub(super) fn unknown_key(
        &self,
        schema: &Map<String, Value>,
        object: &Map<String, Value>,
        key: &str,
    ) -> Problem {
        let names = schema.get("properties").and_then(Value::as_object).into_iter();
        let names = names.flat_map(Map::keys).take(2_000).map(String::as_str);
        let free = names.clone().filter(|name| !object.contains_key(*name));
        Problem::Unknown {
            nearest: nearest(key, free).map(|name| self.path_of(name)),
            known: names.take(12).map(str::to_owned).collect(),
            is_parameter: self.path.is_empty(),
        }
    }

    /// Keys of `object` that nothing in `schema` names, where it does not forbid them itself.
    pub(super) fn unknown(&mut self, schema: &'s Value, object: &Map<String, Value>) {
        let mut names = Names::default();
        self.names(schema, &mut names, 0);
        if names.are_open || self.is_exhausted {
            return;
        }
        for key in object.keys().filter(|key| !names.known.contains(key.as_str())) {
            if !self.spend(1 + names.listed.len().min(100)) {
                return;
            }
            let path = self.path_of(key);
            let is_told = |it: &Violation| {
                it.path == path && matches!(it.problem, Problem::Unknown { .. } | Problem::Name)
            };
            if self.violations.iter().any(is_told) {
                continue;
            }
            let listed = names.listed.iter().copied();
            let free = listed.clone().filter(|name| !object.contains_key(*name));
            let is_parameter = self.path.is_empty();
            let meant = if is_parameter { nearest(key, free) } else { misspelt(key, free) };
            if is_parameter || meant.is_some() {
                let nearest = meant.map(|name| self.path_of(name));
                let known = listed.take(12).map(str::to_owned).collect();
                self.violate_at(path, Problem::Unknown { nearest, known, is_parameter });
            } else {
                self.extra.push(path);
            }
        }
    }

    /// The keys that `schema` names, wherever it does.
    fn names(&mut self, schema: &'s Value, names: &mut Names<'s>, depth: usize) {
        let Value::Object(schema) = schema else {
            // `true`, and what is no schema, say nothing of keys.
            names.are_open |= depth == 0;
            return;
        };
        if depth > 16 || !self.spend(1) {
            names.are_open = true;
            return;
        }
        let others = ["additionalProperties", "unevaluatedProperties"]
            .iter()
            .filter_map(|key| schema.get(*key));
        names.are_open |= others.into_iter().any(|it| *it != Value::Bool(false));
        names.are_open |= schema.contains_key("patternProperties");
        let parts = ["$ref", "$dynamicRef", "allOf", "anyOf", "oneOf"];
        let has_parts = parts.iter().any(|key| schema.contains_key(*key));
        match schema.get("properties").and_then(Value::as_object) {
            Some(properties) => {
                if !self.spend(properties.len()) {
                    names.are_open = true;
                    return;
                }
                for key in properties.keys() {
                    if names.known.insert(key) {
                        names.listed.push(key);
                    }
                }
            }
            // An object of which nothing is said may have anything.
            None => names.are_open |= depth == 0 && !has_parts,
        }
        if schema.contains_key("$ref") || schema.contains_key("$dynamicRef") {
            match kind::target(self.document, schema) {
                Some(target) => self.names(target, names, depth + 1),
                None => names.are_open = true,
            }
        }
        for key in ["allOf", "anyOf", "oneOf"] {
            for part in schema.get(key).and_then(Value::as_array).into_iter().flatten() {
                self.names(part, names, depth + 1);
            }
        }
        for key in ["if", "then", "else"] {
            if let Some(part) = schema.get(key) {
                self.names(part, names, depth + 1);
            }
        }
    }
}

fn folded(name: &str) -> String {
    let name = name.chars().take(128).filter(|c| c.is_alphanumeric());
    name.flat_map(char::to_lowercase).collect()
}

/// The one of `names` that is most like `wanted`, if it is like it at all.
pub(super) fn nearest<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    const LIKELY: f64 = 0.75;
    let wanted = folded(wanted);
    let likeness = |name: &str| {
        let name = folded(name);
        let is_slip = slips(&wanted, &name) <= 1 && wanted.len() > 2;
        strsim::jaro_winkler(&wanted, &name).max(if is_slip { 0.97 } else { 0.0 })
    };
    let scored = names.map(|name| (likeness(name), name));
    let likely = scored.filter(|(score, _)| *score >= LIKELY);
    likely.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, name)| name)
}

/// The one of `names` that `written` surely stands for: the same but for case, what joins its
/// words, or a slip.
fn misspelt<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let written = folded(written);
    let most = match written.chars().count() {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    };
    let near = names.map(|name| (slips(&written, &folded(name)), name));
    near.filter(|(slips, _)| *slips <= most).min_by_key(|(slips, _)| *slips).map(|(_, name)| name)
}

/// How many single slips lie between two names: swapped, left out, added or other letters.
fn slips(a: &str, b: &str) -> usize {
    strsim::damerau_levenshtein(a, b)
}
