//! What a schema says that a type cannot: its words and its constraints.

use serde_json::Value;

use super::{ENUM_BYTES_MAX, ENUM_VALUES_MAX};
use crate::text;

/// The most characters of a default, an example or a pattern that are shown.
const VALUE_CHARS_MAX: usize = 100;

/// The most values of a long `enum` that a comment lists.
const LISTED_MAX: usize = 20;

/// Reads words and constraints.
pub(super) struct Facts {
    /// The most bytes of one description; 0 leaves all comments out.
    pub(super) bytes_max: usize,
}

impl Facts {
    /// The constraints on the arguments as a whole: their words are the tool's description.
    pub(super) fn of_arguments(&self, schema: &Value) -> Vec<String> {
        let facts = if self.bytes_max == 0 { Vec::new() } else { constraints(schema, "") };
        sentence(&facts).into_iter().collect()
    }

    /// The lines of a comment on `schema`.
    pub(super) fn of(&self, schema: &Value) -> Vec<String> {
        if self.bytes_max == 0 || !schema.is_object() {
            return Vec::new();
        }
        let description = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        let mut lines = text::lines(description, self.bytes_max);
        let facts = constraints(schema, description);
        lines.extend(options(schema, self.bytes_max));
        lines.extend(each(schema, self.bytes_max));
        if let Some(facts) = sentence(&facts) {
            match lines.as_mut_slice() {
                [line] if line.chars().count() + facts.chars().count() < 160 => {
                    let stop = if line.ends_with(['.', '!', '?', ':', ')']) { "" } else { "." };
                    *line = format!("{line}{stop} {facts}");
                }
                _ => lines.push(facts),
            }
        }
        if schema.get("deprecated") == Some(&Value::Bool(true)) {
            lines.push("@deprecated".to_owned());
        }
        lines
    }
}

/// What an array's items are, where their type does not say it.
fn each(schema: &Value, bytes_max: usize) -> Option<String> {
    let items = schema.get("items").filter(|it| it.is_object())?;
    let words = items.get("description").and_then(Value::as_str).unwrap_or_default();
    let facts = constraints(items, words).join(", ");
    let words = text::one_line(words, bytes_max.min(200));
    match (words.is_empty(), facts.is_empty()) {
        (true, true) => None,
        (true, false) => Some(format!("Each: {facts}.")),
        (false, true) => Some(format!("Each: {words}")),
        (false, false) => Some(format!("Each: {words} ({facts})")),
    }
}

/// `facts` as one sentence, such as `Default 10, at least 1.`
fn sentence(facts: &[String]) -> Option<String> {
    let text = facts.join(", ");
    let mut chars = text.chars();
    let first = chars.next()?;
    Some(first.to_uppercase().chain(chars).chain(['.']).collect())
}

fn constraints(schema: &Value, description: &str) -> Vec<String> {
    let mut facts = Vec::new();
    range(schema, description, &mut facts);
    counts(schema, ["minLength", "maxLength"], "character", &mut facts);
    counts(schema, ["minItems", "maxItems"], "item", &mut facts);
    counts(schema, ["minProperties", "maxProperties"], "key", &mut facts);
    if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
        facts.push("all different".to_owned());
    }
    let words = |key: &str| schema.get(key).and_then(Value::as_str).filter(|it| !it.is_empty());
    if let Some(format) = words("format").filter(|it| !matches!(*it, "int32" | "int64" | "double"))
    {
        facts.push(format!("format {}", text::one_line(format, VALUE_CHARS_MAX)));
    }
    for key in ["contentEncoding", "contentMediaType"] {
        facts.extend(words(key).map(|it| text::one_line(it, VALUE_CHARS_MAX)));
    }
    if let Some(pattern) = words("pattern") {
        let shown = text::one_line(pattern, VALUE_CHARS_MAX);
        facts.push(format!("pattern `{shown}`"));
    }
    long_enum(schema, &mut facts);
    let keys = schema.get("propertyNames").and_then(|it| it.get("enum")).and_then(Value::as_array);
    if let Some(keys) = keys {
        facts.push(format!("keys {}", listed(keys)));
    }
    requirements(schema, &mut facts);
    if let Some(default) = schema.get("default").and_then(|it| told(it, description, "default")) {
        facts.push(format!("default {default}"));
    }
    let examples = schema.get("examples").and_then(Value::as_array).and_then(|it| it.first());
    if let Some(example) = examples.and_then(|it| told(it, description, "e")) {
        facts.push(format!("such as {example}"));
    }
    facts
}

/// `value` as it is shown, unless it says nothing or the description has it already.
fn told(value: &Value, description: &str, word: &str) -> Option<String> {
    let json = small_json(value)?;
    let empty = match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    let description = text::prefix(description, text::DESCRIPTION_BYTES_MAX).to_lowercase();
    let bare = json.trim_matches('"').to_lowercase();
    let said = description.split_once(word).is_some_and(|(before, after)| {
        // A short value such as `1` would be found in any text.
        after.contains(&bare) || (bare.len() > 3 && before.contains(&bare))
    });
    (!empty && !said).then_some(json)
}

fn range(schema: &Value, description: &str, facts: &mut Vec<String>) {
    let number = |key: &str| schema.get(key).filter(|it| it.is_number());
    // draft-04 has booleans that make the other bound exclusive.
    let strict = |key: &str| schema.get(key) == Some(&Value::Bool(true));
    let least = number("minimum").filter(|it| it.as_f64() > Some(-9.0e15));
    let most = number("maximum").filter(|it| it.as_f64() < Some(9.0e15));
    match (least, most) {
        (Some(least), Some(most)) if !strict("exclusiveMinimum") && !strict("exclusiveMaximum") => {
            if [format!("{least}-{most}"), format!("{least} to {most}")]
                .iter()
                .any(|range| description.contains(range.as_str()))
            {
                return;
            }
            facts.push(format!("{least} to {most}"));
        }
        (least, most) => {
            let above = if strict("exclusiveMinimum") { "above" } else { "at least" };
            let below = if strict("exclusiveMaximum") { "below" } else { "at most" };
            facts.extend(least.map(|it| format!("{above} {it}")));
            facts.extend(most.map(|it| format!("{below} {it}")));
        }
    }
    let above = number("exclusiveMinimum").filter(|it| it.as_f64() > Some(-9.0e15));
    facts.extend(above.map(|it| format!("above {it}")));
    let below = number("exclusiveMaximum").filter(|it| it.as_f64() < Some(9.0e15));
    facts.extend(below.map(|it| format!("below {it}")));
    facts.extend(number("multipleOf").map(|it| format!("a multiple of {it}")));
    if !facts.is_empty() && schema.get("type").and_then(Value::as_str) == Some("integer") {
        facts.insert(0, "integer".to_owned());
    }
}

fn counts(schema: &Value, [least, most]: [&str; 2], what: &str, facts: &mut Vec<String>) {
    let count = |key: &str| schema.get(key).and_then(Value::as_u64);
    let s = |count: u64| if count == 1 { "" } else { "s" };
    match (count(least).filter(|it| *it > 0), count(most).filter(|it| *it < 1 << 40)) {
        (Some(1), None) if what != "key" => facts.push("not empty".to_owned()),
        (Some(least), Some(most)) if least == most => {
            facts.push(format!("{least} {what}{}", s(least)));
        }
        (Some(least), Some(most)) => facts.push(format!("{least} to {most} {what}s")),
        (Some(least), None) => facts.push(format!("at least {least} {what}{}", s(least))),
        (None, Some(most)) => facts.push(format!("at most {most} {what}{}", s(most))),
        (None, None) => {}
    }
}

/// The first values of an `enum` that is too long for a union.
fn long_enum(schema: &Value, facts: &mut Vec<String>) {
    let Some(Value::Array(values)) = schema.get("enum") else { return };
    let bytes = || values.iter().map(|it| it.as_str().map_or(8, str::len) + 2).sum::<usize>();
    if values.len() > ENUM_VALUES_MAX || bytes() > ENUM_BYTES_MAX {
        facts.push(format!("one of {} values: {}", values.len(), listed(values)));
    }
}

fn listed(values: &[Value]) -> String {
    let shown: Vec<String> = values.iter().take(LISTED_MAX).filter_map(small_json).collect();
    let more = if shown.len() < values.len() { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// "give `a` or `b`", for alternatives that differ only in what they require.
fn requirements(schema: &Value, facts: &mut Vec<String>) {
    for key in ["anyOf", "oneOf"] {
        let Some(Value::Array(options)) = schema.get(key) else { continue };
        if options.len() > LISTED_MAX || !options.iter().all(only_requires) {
            continue;
        }
        let names = |option: &Value| {
            let names = option.get("required").and_then(Value::as_array).into_iter().flatten();
            let names = names.filter_map(Value::as_str).take(LISTED_MAX);
            let names = names.map(|it| format!("`{}`", text::one_line(it, VALUE_CHARS_MAX)));
            names.collect::<Vec<_>>().join(" and ")
        };
        let names: Vec<String> =
            options.iter().map(names).filter(|names| !names.is_empty()).collect();
        if names.len() == options.len() && !names.is_empty() {
            facts.push(format!("give {}", names.join(" or ")));
        }
    }
}

/// The alternatives that have words of their own: `- "a": what it means`.
fn options(schema: &Value, bytes_max: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for key in ["anyOf", "oneOf"] {
        let options = schema.get(key).and_then(Value::as_array).into_iter().flatten();
        for option in options.take(ENUM_VALUES_MAX) {
            let words = ["description", "title"].iter().find_map(|key| option.get(*key)?.as_str());
            let value = option.get("const").and_then(small_json);
            if let (Some(value), Some(words)) = (value, words)
                && lines.len() < LISTED_MAX
            {
                let words = text::one_line(words, bytes_max.min(200));
                lines.push(format!("- {value}: {words}"));
            }
        }
    }
    lines
}

/// Whether `schema` says nothing but which properties must be there.
pub(super) fn only_requires(schema: &Value) -> bool {
    schema.as_object().is_some_and(|schema| {
        schema.contains_key("required")
            && schema.keys().all(|key| matches!(key.as_str(), "required" | "title" | "description"))
    })
}

/// `value` as JSON, where it is short: what is long is measured without being written.
pub(super) fn small_json(value: &Value) -> Option<String> {
    fn size(value: &Value, depth: usize) -> usize {
        const TOO_LARGE: usize = VALUE_CHARS_MAX * 2;
        if depth > 4 {
            return TOO_LARGE;
        }
        let mut sum = 2;
        match value {
            Value::String(text) => sum += text.len(),
            Value::Array(items) => {
                for item in items.iter().take(TOO_LARGE) {
                    sum += size(item, depth + 1);
                }
            }
            Value::Object(fields) => {
                for (key, item) in fields.iter().take(TOO_LARGE) {
                    sum += key.len() + size(item, depth + 1);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        sum
    }
    (size(value, 0) < VALUE_CHARS_MAX * 2).then(|| text::escape_hidden(&value.to_string()))
}

/// The type of `value` without its value.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "unknown[]",
        Value::Object(_) => "Record<string, unknown>",
    }
}

/// What `reference` points at within `document`. Other documents are never read.
pub(super) fn resolve<'a>(document: &'a Value, reference: &str) -> Option<&'a Value> {
    let fragment = reference.strip_prefix('#')?;
    if fragment.is_empty() || fragment.starts_with('/') {
        return document.pointer(&percent_decoded(fragment));
    }
    let definitions = ["$defs", "definitions"].iter().filter_map(|key| document.get(*key));
    definitions.filter_map(Value::as_object).flat_map(|it| it.values()).take(1_000).find(|it| {
        ["$anchor", "$dynamicAnchor", "$id"]
            .iter()
            .filter_map(|key| it.get(*key)?.as_str())
            .any(|name| name.trim_start_matches('#') == fragment)
    })
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = match rest {
            [b'%', high, low, ..] => std::str::from_utf8(&[*high, *low])
                .ok()
                .and_then(|digits| u8::from_str_radix(digits, 16).ok()),
            _ => None,
        };
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &rest[3..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
