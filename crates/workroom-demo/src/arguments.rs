//! A call's arguments: checked against the tool's JSON Schema, then read by name.
//!
//! The check knows the part of JSON Schema that the demo's own definitions use: types,
//! required and unknown properties, enums, bounds, items. After it, a handler finds each
//! argument with the type that its definition promises, or none.

use serde_json::{Map, Value};

use crate::backend::Refusal;

/// Arguments that fit their schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arguments<'a>(&'a Map<String, Value>);

impl<'a> Arguments<'a> {
    /// `arguments`, if they fit `schema`.
    pub(crate) fn check(
        schema: &Value,
        arguments: &'a Map<String, Value>,
    ) -> Result<Self, Refusal> {
        check_object("", schema, arguments).map_err(Refusal::Argument)?;
        Ok(Self(arguments))
    }

    /// An argument that is text; none where it is missing or null.
    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str()
    }

    /// A required argument that is text.
    pub(crate) fn need(self, name: &str) -> Result<&'a str, Refusal> {
        self.text(name).ok_or_else(|| missing(name))
    }

    pub(crate) fn integer(self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_i64()
    }

    /// A required argument that is a whole number from 0 to `u32::MAX`.
    pub(crate) fn need_count(self, name: &str) -> Result<u32, Refusal> {
        let value = self.integer(name).ok_or_else(|| missing(name))?;
        u32::try_from(value)
            .map_err(|_| Refusal::Argument(format!("`{name}` is {value}, which is out of range")))
    }

    /// A whole number that says which part of a list is wanted.
    pub(crate) fn size(self, name: &str, default: usize) -> usize {
        let value = self.integer(name).and_then(|value| usize::try_from(value).ok());
        value.unwrap_or(default)
    }

    pub(crate) fn list(self, name: &str) -> Result<&'a [Value], Refusal> {
        self.0.get(name).and_then(Value::as_array).map(Vec::as_slice).ok_or_else(|| missing(name))
    }

    /// A day written `2026-11-20`.
    pub(crate) fn day(self, name: &str) -> Result<Option<crate::Day>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let day = crate::Day::parse_iso(text).ok_or_else(|| {
            Refusal::Argument(format!("`{name}` is `{text}`, which is no date like 2026-11-20"))
        })?;
        Ok(Some(day))
    }
}

/// One object of a checked list.
pub(crate) fn entry(value: &Value) -> Result<Arguments<'_>, Refusal> {
    value.as_object().map(Arguments).ok_or_else(|| missing("an entry"))
}

fn missing(name: &str) -> Refusal {
    Refusal::Argument(format!("`{name}` is missing"))
}

fn check_object(at: &str, schema: &Value, object: &Map<String, Value>) -> Result<(), String> {
    let none = Map::new();
    let known = schema["properties"].as_object().unwrap_or(&none);
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !object.contains_key(name) {
            return Err(format!("`{at}{name}` is missing"));
        }
    }
    for (name, value) in object {
        let Some(property) = known.get(name) else {
            let names: Vec<String> = known.keys().map(|name| format!("`{name}`")).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(format!("`{at}{name}` is unknown; the parameters are {names}"));
        };
        check_value(&format!("{at}{name}"), property, value)?;
    }
    Ok(())
}

fn check_value(at: &str, schema: &Value, value: &Value) -> Result<(), String> {
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|name| is_a(name, value)) {
        return Err(format!("`{at}` is {value}, and must be {}", types.join(" or ")));
    }
    if value.is_null() {
        return Ok(());
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
        return Err(format!("`{at}` is {value}, and must be one of {}", allowed.join(", ")));
    }
    if let Some(number) = value.as_f64() {
        check_bounds(at, schema, number)?;
    }
    if let Some(object) = value.as_object() {
        check_object(&format!("{at}."), schema, object)?;
    }
    if let Some(items) = value.as_array() {
        check_items(at, schema, items)?;
    }
    Ok(())
}

fn check_bounds(at: &str, schema: &Value, number: f64) -> Result<(), String> {
    if schema["minimum"].as_f64().is_some_and(|least| number < least) {
        return Err(format!("`{at}` is {number}, and must be at least {}", schema["minimum"]));
    }
    if schema["maximum"].as_f64().is_some_and(|greatest| number > greatest) {
        return Err(format!("`{at}` is {number}, and must be at most {}", schema["maximum"]));
    }
    Ok(())
}

fn check_items(at: &str, schema: &Value, items: &[Value]) -> Result<(), String> {
    let count = items.len() as u64;
    if schema["minItems"].as_u64().is_some_and(|least| count < least) {
        return Err(format!("`{at}` must have at least {} items", schema["minItems"]));
    }
    if schema["maxItems"].as_u64().is_some_and(|greatest| count > greatest) {
        return Err(format!("`{at}` must have at most {} items", schema["maxItems"]));
    }
    items.iter().enumerate().try_for_each(|(index, item)| {
        check_value(&format!("{at}[{index}]"), &schema["items"], item)
    })
}

fn is_a(name: &str, value: &Value) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(arguments: &Value, expected: Result<(), &str>) {
        let schema = json!({
            "type": "object",
            "properties": {
                "sku": { "type": "string" },
                "page": { "type": "integer", "minimum": 1, "maximum": 9 },
                "status": { "type": ["string", "null"], "enum": ["open", "closed"] },
                "lines": {
                    "type": "array", "minItems": 1, "maxItems": 2,
                    "items": {
                        "type": "object",
                        "properties": { "quantity": { "type": "integer" } },
                        "required": ["quantity"]
                    }
                }
            },
            "required": ["sku"]
        });
        let arguments = arguments.as_object().unwrap();
        let actual = Arguments::check(&schema, arguments).map(|_| ());
        assert_eq!(actual.map_err(|error| error.to_string()), expected.map_err(str::to_owned));
    }

    #[test]
    fn arguments_that_fit_pass() {
        check(&json!({ "sku": "a" }), Ok(()));
        check(&json!({ "sku": "a", "page": 9, "status": null }), Ok(()));
        check(&json!({ "sku": "a", "lines": [{ "quantity": -3 }] }), Ok(()));
    }

    #[test]
    fn a_wrong_argument_is_named_with_what_it_may_be() {
        check(&json!({}), Err("`sku` is missing"));
        check(
            &json!({ "sku": "a", "pages": 1 }),
            Err("`pages` is unknown; the parameters are `sku`, `page`, `status`, `lines`"),
        );
        check(&json!({ "sku": 7 }), Err("`sku` is 7, and must be string"));
        check(&json!({ "sku": "a", "page": 10 }), Err("`page` is 10, and must be at most 9"));
        check(&json!({ "sku": "a", "page": 1.5 }), Err("`page` is 1.5, and must be integer"));
        check(
            &json!({ "sku": "a", "status": "new" }),
            Err(r#"`status` is "new", and must be one of "open", "closed""#),
        );
        check(&json!({ "sku": "a", "lines": [] }), Err("`lines` must have at least 1 items"));
        check(&json!({ "sku": "a", "lines": [{}] }), Err("`lines[0].quantity` is missing"));
    }
}
