//! One result as an example, with what it says masked: `{"name":"Aaaa Aaaaa","born":"0000-00-00"}`.

use serde_json::{Map, Value};

use crate::{
    observed::{Fields, Shape},
    path::shortened,
};

/// The most bytes of an example.
pub(crate) const EXAMPLE_BYTES_MAX: usize = 400;

/// The most characters of one text.
const TEXT_CHARS_MAX: usize = 24;

/// The most fields of one object.
const FIELDS_SHOWN_MAX: usize = 12;

/// The example that `value`, which has been merged into `shape`, gives. The deepest levels go
/// first when it is too long.
pub(crate) fn example(value: &Value, shape: &Shape) -> String {
    for depth in (0..=4).rev() {
        let text = masked(value, Some(shape), depth).to_string();
        if text.len() <= EXAMPLE_BYTES_MAX {
            return text;
        }
    }
    String::new()
}

fn masked(value: &Value, shape: Option<&Shape>, depth: usize) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) => Value::Bool(true),
        Value::Number(number) if number.is_f64() => Value::from(0.5),
        Value::Number(_) => Value::from(0),
        Value::String(text) => Value::String(mask(text)),
        Value::Array(items) if depth == 0 || items.is_empty() => Value::Array(Vec::new()),
        Value::Array(items) => {
            let item = shape.and_then(|shape| shape.array.as_ref()).map(|list| &list.item);
            Value::Array(vec![masked(&items[0], item, depth - 1)])
        }
        Value::Object(object) => {
            let fields = shape.and_then(|shape| shape.object.as_ref());
            Value::Object(entries(object, fields.map(|fields| &**fields), depth))
        }
    }
}

fn entries(
    object: &Map<String, Value>,
    fields: Option<&Fields>,
    depth: usize,
) -> Map<String, Value> {
    let mut out = Map::new();
    // What the shape does not know by its name stays unnamed.
    let Some(fields) = fields.filter(|_| depth > 0) else { return out };
    if let Some(entry) = &fields.entry {
        if let Some((key, value)) = object.iter().next() {
            out.insert(mask(key), masked(value, Some(entry), depth - 1));
        }
        return out;
    }
    for (key, value) in object {
        if out.len() == FIELDS_SHOWN_MAX {
            break;
        }
        if let Some(field) = fields.get(key) {
            out.insert(key.clone(), masked(value, Some(&field.shape), depth - 1));
        }
    }
    out
}

/// `text` with each of its characters as the sort that it is of.
fn mask(text: &str) -> String {
    let sort = |c: char| match c {
        _ if c.is_uppercase() => 'A',
        _ if c.is_alphabetic() => 'a',
        _ if c.is_numeric() => '0',
        _ if c.is_ascii_punctuation() => c,
        _ => ' ',
    };
    shortened(text, TEXT_CHARS_MAX).chars().map(|c| if c == '…' { c } else { sort(c) }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: &Value, expected: &str) {
        assert_eq!(example(value, &Shape::of(value)), expected);
    }

    #[test]
    fn only_the_sorts_of_characters_are_left() {
        check(&json!("Anna Müller, 12 Rue é\n漢字"), r#""Aaaa Aaaaaa, 00 Aaa a aa""#);
        check(
            &json!({"born": "1990-04-01", "age": 36, "rate": 1.25, "is": false, "no": null}),
            r#"{"born":"0000-00-00","age":0,"rate":0.5,"is":true,"no":null}"#,
        );
        check(&json!([{"a": [1, 2]}, {"b": 1}]), r#"[{"a":[0]}]"#);
        check(&json!("x".repeat(100)), &format!("\"{}…\"", "a".repeat(24)));
    }

    #[test]
    fn keys_that_are_data_are_masked() {
        check(&json!({"anna@example.org": 1}), r#"{"aaaa@aaaaaaa.aaa":0}"#);
    }

    #[test]
    fn an_example_is_short() {
        let wide = json!({"a": {"b": {"c": vec!["x".repeat(30); 50]}}, "d": ["y".repeat(30)]});
        let rows: Map<String, Value> = (0..40)
            .map(|i| (format!("field_of_some_length_{}", "a".repeat(i)), wide.clone()))
            .collect();
        assert!(example(&Value::Object(rows), &Shape::default()).len() <= EXAMPLE_BYTES_MAX);
    }
}
