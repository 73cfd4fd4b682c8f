//! Numbers, texts and counts, and when two values are the same.

use serde_json::{Map, Value};

use super::Walk;
use crate::{arguments::Problem, path};

impl<'s> Walk<'s> {
    pub(super) fn number(&mut self, schema: &Map<String, Value>, number: &serde_json::Number) {
        let Some(value) = number.as_f64() else { return };
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        // Draft 4 has booleans that make the bound beside them exclusive.
        let strict = |key: &str| schema.get(key) == Some(&Value::Bool(true));
        let shown = |bound: f64| {
            serde_json::Number::from_f64(bound).as_ref().map(plain).unwrap_or_default()
        };
        let broken = [
            bound("minimum").filter(|it| value < *it).map(|it| ("at least", it)),
            bound("minimum")
                .filter(|it| value <= *it && strict("exclusiveMinimum"))
                .map(|it| ("more than", it)),
            bound("maximum").filter(|it| value > *it).map(|it| ("at most", it)),
            bound("maximum")
                .filter(|it| value >= *it && strict("exclusiveMaximum"))
                .map(|it| ("less than", it)),
            bound("exclusiveMinimum").filter(|it| value <= *it).map(|it| ("more than", it)),
            bound("exclusiveMaximum").filter(|it| value >= *it).map(|it| ("less than", it)),
            bound("multipleOf")
                .filter(|it| *it > 0.0 && !is_multiple(value, *it))
                .map(|it| ("a multiple of", it)),
        ];
        for (what, bound) in broken.into_iter().flatten() {
            let wanted = format!("{what} {}", shown(bound));
            self.violate(Problem::Bound { found: plain(number), wanted });
        }
    }

    pub(super) fn string(&mut self, schema: &'s Map<String, Value>, text: &str) {
        if schema.contains_key("minLength") || schema.contains_key("maxLength") {
            self.count(schema, ["minLength", "maxLength"], text.chars().count(), "character");
        }
        let Some(Value::String(pattern)) = schema.get("pattern") else { return };
        if self.spend(1 + text.len() / 64) && self.patterns.find(pattern, text) == Some(false) {
            self.violate(Problem::Pattern(path::shortened(pattern, 80)));
        }
    }

    pub(super) fn count(
        &mut self,
        schema: &Map<String, Value>,
        [least, most]: [&str; 2],
        found: usize,
        what: &str,
    ) {
        let found_f = u32::try_from(found).map_or(f64::MAX, f64::from);
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        let s = |count: &str| if count == "1" { "" } else { "s" };
        for (how, bound) in [
            bound(least).filter(|it| found_f < *it).map(|it| ("at least", it)),
            bound(most).filter(|it| found_f > *it).map(|it| ("at most", it)),
        ]
        .into_iter()
        .flatten()
        {
            let bound = serde_json::Number::from_f64(bound).as_ref().map(plain).unwrap_or_default();
            let count = found.to_string();
            self.violate(Problem::Bound {
                found: format!("{count} {what}{} long", s(&count)),
                wanted: format!("{how} {bound}"),
            });
        }
    }
}

/// Equality of JSON Schema: `1` is `1.0`.
pub(super) fn is_equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| is_equal(a, b)))
        }
        (a, b) => a == b,
    }
}

/// Text that is the same for values that are [equal](is_equal).
pub(super) fn canonical(value: &Value) -> String {
    match value {
        Value::Number(number) => plain(number),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(object) => {
            let mut fields: Vec<String> =
                object.iter().map(|(key, value)| format!("{key:?}:{}", canonical(value))).collect();
            fields.sort();
            format!("{{{}}}", fields.join(","))
        }
        other => other.to_string(),
    }
}

/// Whether `value` is a multiple of `of`, as far as a decimal fraction can be told by doubles.
fn is_multiple(value: f64, of: f64) -> bool {
    let times = value / of;
    !times.is_finite() || (times - times.round()).abs() <= 1e-9 * times.abs().max(1.0)
}

/// A number as people write it: `1` and not `1.0`.
fn plain(number: &serde_json::Number) -> String {
    let text = number.to_string();
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
