//! Values that a schema takes, and values that it may not: the same on every machine.

use serde_json::{Map, Value, json};

/// Marsaglia's xorshift.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % bound.max(1) as u64).unwrap()
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// Texts, one of which fits each pattern that servers write.
const TEXTS: [&str; 22] = [
    "abc",
    "a",
    "A",
    "AB",
    "7",
    "42",
    "0.5",
    "2026-01-31",
    "2026-01-31T10:00:00Z",
    "10:30",
    "#a0b1c2",
    "https://example.org/a",
    "12345678-1234-4234-8234-123456789abc",
    "a@example.org",
    "abc/def",
    "A1",
    "PROJ-123",
    "PROJ",
    "=A1",
    "SlicerStyleLight1",
    "Sheet1!A1:B2",
    "0123456789abcdef0123456789abcdef01234567",
];

/// A value that `schema` of `document` takes; with its optional properties down to `depth` levels.
pub fn valid(document: &Value, schema: &Value, random: &mut Random, depth: usize) -> Value {
    let Some(object) = schema.as_object() else { return json!("abc") };
    if let Some(constant) = object.get("const") {
        return constant.clone();
    }
    if let Some(Value::Array(values)) = object.get("enum") {
        return random.pick(values).clone();
    }
    if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
        let target = document.pointer(reference.trim_start_matches('#')).unwrap();
        return valid(document, target, random, depth);
    }
    let mut parts = Map::new();
    for part in object.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        match valid(document, part, random, depth) {
            Value::Object(part) => parts.extend(part),
            other => return other,
        }
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(Value::Array(options)) = object.get(key) {
            match valid(document, random.pick(options), random, depth) {
                Value::Object(part) => parts.extend(part),
                other => return other,
            }
        }
    }
    let named = match object.get("type") {
        Some(Value::Array(names)) => names[0].as_str(),
        Some(name) => name.as_str(),
        None if object.contains_key("properties") || !parts.is_empty() => Some("object"),
        None => None,
    };
    let count =
        |key: &str| object.get(key).and_then(Value::as_u64).map(|it| usize::try_from(it).unwrap());
    match named {
        Some("null") => Value::Null,
        Some("boolean") => json!(random.one_in(2)),
        Some("integer") => json!(number(object, 1.0)),
        Some("number") => json!(number(object, 0.5)),
        Some("array") => {
            let items = object.get("items").unwrap_or(&Value::Bool(true));
            let length = count("minItems").unwrap_or(usize::from(depth > 0));
            (0..length).map(|_| valid(document, items, random, depth.saturating_sub(1))).collect()
        }
        Some("object") => {
            let required = object.get("required").and_then(Value::as_array);
            for (key, schema) in
                object.get("properties").and_then(Value::as_object).into_iter().flatten()
            {
                let is_required = required.is_some_and(|it| it.contains(&json!(key)));
                if is_required || depth > 0 {
                    parts.insert(
                        key.clone(),
                        valid(document, schema, random, depth.saturating_sub(1)),
                    );
                }
            }
            Value::Object(parts)
        }
        _ => text(object, count("minLength"), count("maxLength")),
    }
}

fn text(schema: &Map<String, Value>, least: Option<usize>, most: Option<usize>) -> Value {
    let fits = |text: &str| {
        let length = text.chars().count();
        let pattern = schema.get("pattern").and_then(Value::as_str);
        length >= least.unwrap_or(0)
            && length <= most.unwrap_or(usize::MAX)
            && pattern.is_none_or(|it| regex::Regex::new(it).is_ok_and(|it| it.is_match(text)))
    };
    let padded = "a".repeat(least.unwrap_or(0));
    let found = TEXTS.into_iter().chain([padded.as_str()]).find(|text| fits(text));
    json!(found.unwrap_or_else(|| panic!("no text fits {schema:?}")))
}

/// A number within bounds, a multiple of `step` unless the schema has another.
fn number(schema: &Map<String, Value>, step: f64) -> Value {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let step = bound("multipleOf").unwrap_or(step);
    let least = bound("minimum").or(bound("exclusiveMinimum").map(|it| it + step));
    let most = bound("maximum").or(bound("exclusiveMaximum").map(|it| it - step));
    let value = match (least, most) {
        (Some(least), _) => (least / step).ceil() * step,
        (None, Some(most)) => (most / step).floor().min(1.0) * step,
        (None, None) => step,
    };
    if value.fract() == 0.0 && value.abs() < 9e15 {
        #[expect(clippy::cast_possible_truncation, reason = "it is a small whole number")]
        return json!(value as i64);
    }
    json!(value)
}

/// Any value of the kinds of JSON but those in `not`.
pub fn of_another_kind(not: &[&str], random: &mut Random) -> Option<Value> {
    let all = [
        ("string", json!("abc")),
        ("number", json!(3)),
        ("boolean", json!(true)),
        ("array", json!([[]])),
        ("object", json!({"xyz": {}})),
        ("null", Value::Null),
    ];
    let left: Vec<&(&str, Value)> = all.iter().filter(|(kind, _)| !not.contains(kind)).collect();
    (!left.is_empty()).then(|| random.pick(&left).1.clone())
}

/// `value` with one place changed: of another kind, gone, or with a key more.
pub fn mutated(value: &Value, random: &mut Random) -> Value {
    match value {
        Value::Object(object) if !object.is_empty() && !random.one_in(6) => {
            let mut object = object.clone();
            let at = random.below(object.len());
            let key = object.keys().nth(at).unwrap().clone();
            match random.below(4) {
                0 => {
                    object.remove(&key);
                }
                1 => {
                    object.insert("further".to_owned(), json!(1));
                }
                _ => {
                    let inner = mutated(&object[&key], random);
                    object.insert(key, inner);
                }
            }
            Value::Object(object)
        }
        Value::Array(items) if !items.is_empty() && !random.one_in(6) => {
            let mut items = items.clone();
            let at = random.below(items.len());
            items[at] = mutated(&items[at], random);
            Value::Array(items)
        }
        _ => of_another_kind(&[kind(value)], random).unwrap(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
