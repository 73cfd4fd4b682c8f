//! The TypeScript type of a value, as an agent would write it.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// How deep a type is told, how many fields of an object, and how many kinds of a list's items.
const DEPTH_MAX: usize = 4;
const FIELDS_MAX: usize = 24;
const ITEMS_MAX: usize = 50;

/// The type of `value`, on one line.
pub fn type_of(value: &Value) -> String {
    merged(&[value], 0)
}

/// The type of all of `values` together.
fn merged(values: &[&Value], depth: usize) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut add = |part: String| {
        if !parts.contains(&part) {
            parts.push(part);
        }
    };
    let objects: Vec<&Map<String, Value>> =
        values.iter().filter_map(|value| value.as_object()).collect();
    let lists: Vec<&Vec<Value>> = values.iter().filter_map(|value| value.as_array()).collect();
    for value in values {
        match value {
            Value::String(_) => add("string".to_owned()),
            Value::Number(_) => add("number".to_owned()),
            Value::Bool(_) => add("boolean".to_owned()),
            _ => {}
        }
    }
    if !objects.is_empty() {
        add(object(&objects, depth));
    }
    if !lists.is_empty() {
        let items: Vec<&Value> = lists.into_iter().flatten().take(ITEMS_MAX).collect();
        add(match merged(&items, depth + 1) {
            item if items.is_empty() => item.replace("null", "unknown[]"),
            item if item.contains(" | ") => format!("Array<{item}>"),
            item => format!("{item}[]"),
        });
    }
    if parts.is_empty() || values.iter().any(|value| value.is_null()) {
        parts.push("null".to_owned());
    }
    parts.join(" | ")
}

fn object(objects: &[&Map<String, Value>], depth: usize) -> String {
    let mut keys: Vec<&String> = Vec::new();
    for key in objects.iter().flat_map(|object| object.keys()) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    if keys.is_empty() {
        return "{}".to_owned();
    }
    // Keys that are no names are data.
    if depth >= DEPTH_MAX || keys.len() > FIELDS_MAX || !keys.iter().all(|key| is_name(key)) {
        let values: Vec<&Value> =
            objects.iter().flat_map(|object| object.values()).take(ITEMS_MAX).collect();
        let value =
            if depth >= DEPTH_MAX { "unknown".to_owned() } else { merged(&values, depth + 1) };
        return format!("Record<string, {value}>");
    }
    let mut out = "{ ".to_owned();
    for (at, key) in keys.iter().enumerate() {
        let values: Vec<&Value> = objects.iter().filter_map(|object| object.get(*key)).collect();
        let mark = if values.len() < objects.len() { "?" } else { "" };
        let joint = if at == 0 { "" } else { "; " };
        // Writing to a text cannot fail.
        let _ = write!(out, "{joint}{key}{mark}: {}", merged(&values, depth + 1));
    }
    out.push_str(" }");
    out
}

fn is_name(key: &str) -> bool {
    let mut chars = key.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == '$')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_type_says_what_all_values_have_in_common() {
        for (value, expected) in [
            (json!(null), "null"),
            (json!([]), "unknown[]"),
            (json!([1, "a"]), "Array<number | string>"),
            (json!([{"a": 1}, {"a": 2, "b": null}]), "{ a: number; b?: null }[]"),
            (json!({"2026-01": 5, "2026-02": 6}), "Record<string, number>"),
            (
                json!({"a": {"b": {"c": {"d": {"e": 1}}}}}),
                "{ a: { b: { c: { d: Record<string, unknown> } } } }",
            ),
            (json!({}), "{}"),
            (json!([[1], [2]]), "number[][]"),
        ] {
            assert_eq!(type_of(&value), expected);
        }
    }
}
