//! The kinds of JSON values, and which of them a schema takes.

use std::{fmt, ops};

use serde_json::{Map, Value};

use crate::path::{quoted, shortened};

/// How many references and combinations are followed to find out what a schema takes.
const DEPTH_MAX: usize = 8;

/// How many alternatives of a schema are looked at, at each level.
const WIDTH_MAX: usize = 32;

/// The most characters of a schema in words.
const WORDS_CHARS_MAX: usize = 120;

/// A set of kinds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kinds(u8);

impl Kinds {
    pub(crate) const NULL: Self = Self(1);
    pub(crate) const BOOLEAN: Self = Self(2);
    pub(crate) const INTEGER: Self = Self(4);
    /// With integers.
    pub(crate) const NUMBER: Self = Self(4 | 8);
    pub(crate) const STRING: Self = Self(16);
    pub(crate) const ARRAY: Self = Self(32);
    pub(crate) const OBJECT: Self = Self(64);
    pub(crate) const ALL: Self = Self(127);

    /// The kind of `value`; a number without a fraction is an integer.
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) if number.as_f64().is_none_or(|it| it.fract() == 0.0) => {
                Self::INTEGER
            }
            Value::Number(_) => Self(8),
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    /// Whether all of `other` are in it.
    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The kinds that `type` names; `None` when it names nothing that exists.
    pub(crate) fn named(types: &Value) -> Option<Self> {
        let one = |name: &str| match name {
            "null" => Some(Self::NULL),
            "boolean" => Some(Self::BOOLEAN),
            "integer" => Some(Self::INTEGER),
            "number" => Some(Self::NUMBER),
            "string" => Some(Self::STRING),
            "array" => Some(Self::ARRAY),
            "object" => Some(Self::OBJECT),
            _ => None,
        };
        match types {
            Value::String(name) => one(name),
            Value::Array(names) if !names.is_empty() => {
                let names = names.iter().take(WIDTH_MAX).map(|name| one(name.as_str()?));
                names.reduce(|all, next| Some(all? | next?)).flatten()
            }
            _ => None,
        }
    }
}

impl ops::BitOr for Kinds {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl ops::BitAnd for Kinds {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl fmt::Debug for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// "a string", "a number or null".
impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            (Self::STRING, "a string"),
            (Self::NUMBER, "a number"),
            (Self::INTEGER, "an integer"),
            (Self(8), "a number"),
            (Self::BOOLEAN, "a boolean"),
            (Self::ARRAY, "an array"),
            (Self::OBJECT, "an object"),
            (Self::NULL, "null"),
        ];
        let mut left = *self;
        let mut names = Vec::new();
        for (kind, name) in all {
            if left.has(kind) {
                left = Self(left.0 & !kind.0);
                names.push(name);
            }
        }
        match names.split_last() {
            None => f.write_str("nothing"),
            Some((last, [])) => f.write_str(last),
            Some((last, rest)) => write!(f, "{} or {last}", rest.join(", ")),
        }
    }
}

/// The kinds that `schema` of `document` may take: never too few.
pub(crate) fn taken(document: &Value, schema: &Value, depth: usize) -> Kinds {
    let Value::Object(schema) = schema else {
        return Kinds::ALL;
    };
    if depth == DEPTH_MAX {
        return Kinds::ALL;
    }
    let mut kinds = schema.get("type").and_then(Kinds::named).unwrap_or(Kinds::ALL);
    if let Some(constant) = schema.get("const") {
        kinds = kinds & Kinds::of(constant);
    }
    if let Some(Value::Array(values)) = schema.get("enum").filter(|it| is_filled(it)) {
        kinds = kinds & union(values.iter().take(10_000).map(Kinds::of));
    }
    if let Some(target) = target(document, schema) {
        kinds = kinds & taken(document, target, depth + 1);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(options) = options(schema, key) {
            kinds = kinds & union(options.iter().map(|it| taken(document, it, depth + 1)));
        }
    }
    for part in options(schema, "allOf").unwrap_or_default() {
        kinds = kinds & taken(document, part, depth + 1);
    }
    if schema.get("nullable") == Some(&Value::Bool(true)) { kinds | Kinds::NULL } else { kinds }
}

fn union(kinds: impl Iterator<Item = Kinds>) -> Kinds {
    kinds.reduce(|all, next| all | next).unwrap_or(Kinds::ALL)
}

fn is_filled(value: &Value) -> bool {
    value.as_array().is_some_and(|values| !values.is_empty())
}

/// The alternatives under `key`; `None` where there are none, or too many to be looked at.
pub(crate) fn options<'s>(schema: &'s Map<String, Value>, key: &str) -> Option<&'s [Value]> {
    let options = schema.get(key)?.as_array()?;
    (!options.is_empty() && options.len() <= WIDTH_MAX).then_some(options.as_slice())
}

/// What the `$ref` of `schema` points at; `None` also for what is in another document.
pub(crate) fn target<'s>(document: &'s Value, schema: &Map<String, Value>) -> Option<&'s Value> {
    let reference = schema.get("$ref").or_else(|| schema.get("$dynamicRef"))?.as_str()?;
    let fragment = reference.strip_prefix('#')?;
    if fragment.is_empty() || fragment.starts_with('/') {
        return document.pointer(&decoded(fragment));
    }
    let definitions = ["$defs", "definitions"].iter().filter_map(|key| document.get(*key));
    definitions.filter_map(Value::as_object).flat_map(Map::values).take(1_000).find(|it| {
        ["$anchor", "$dynamicAnchor", "$id"]
            .iter()
            .filter_map(|key| it.get(*key)?.as_str())
            .any(|name| name.trim_start_matches('#') == fragment)
    })
}

/// `text` with its `%` escapes decoded.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = rest.get(1..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.filter(|_| *first == b'%').and_then(|it| u8::from_str_radix(it, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &rest[3..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What `schema` takes, in words: `a string`, `"open" or "closed"`; `None` where it takes all.
pub(crate) fn words(document: &Value, schema: &Value) -> Option<String> {
    let schema = seen_through(document, schema);
    let values = match (schema.get("const"), schema.get("enum")) {
        (Some(constant), _) => std::slice::from_ref(constant),
        (None, Some(Value::Array(values))) => values.as_slice(),
        _ => &[],
    };
    if !values.is_empty() {
        return Some(listed(values));
    }
    let kinds = taken(document, schema, 0);
    if kinds == Kinds::ALL {
        return None;
    }
    let item = schema.get("items").map(|item| taken(document, item, 0));
    Some(match item {
        Some(item) if kinds == Kinds::ARRAY && item != Kinds::ALL => {
            format!("an array, each entry {item}")
        }
        _ => kinds.to_string(),
    })
}

/// `schema`, or what it refers to where it says nothing else.
fn seen_through<'s>(document: &'s Value, schema: &'s Value) -> &'s Value {
    let mut schema = schema;
    for _ in 0..DEPTH_MAX {
        match schema.as_object().filter(|it| !it.contains_key("type")) {
            Some(object) => match target(document, object) {
                Some(next) => schema = next,
                None => break,
            },
            None => break,
        }
    }
    schema
}

/// `"a", "b" or "c"`.
pub(crate) fn listed(values: &[Value]) -> String {
    const SHOWN_MAX: usize = 12;
    let short = |value: &Value| match value {
        Value::String(text) => quoted(&shortened(text, 40)),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    };
    let mut shown: Vec<String> = values.iter().take(SHOWN_MAX).map(short).collect();
    let mut length = 0;
    let fit = shown.iter().take_while(|text| {
        length += text.chars().count() + 2;
        length <= WORDS_CHARS_MAX
    });
    let fit = fit.count().max(1);
    shown.truncate(fit);
    if shown.len() < values.len() {
        return format!("{} and {} more", shown.join(", "), values.len() - shown.len());
    }
    match shown.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => shown.join(""),
    }
}
