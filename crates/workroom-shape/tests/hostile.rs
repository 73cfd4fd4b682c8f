//! Schemas and results made to hurt: each costs little, and is then not checked, and said to be.

#![allow(clippy::unwrap_used, reason = "tests: a panic is a failure")]

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use workroom_shape::{
    Checker, Observed,
    arguments::{DEPTH_MAX, PATTERNS_MAX, STEPS_MAX},
    observed::{FIELDS_MAX, KEY_BYTES_MAX, NODES_MAX, SAMPLE_NODES_MAX},
};

/// Far above what a debug build on a busy machine takes.
const TIME_MAX: Duration = Duration::from_secs(30);

/// What becomes of `{"a": "x", …}`: `sent`, `refused` or `unchecked`.
#[track_caller]
fn check(schema: Value, expected: &str) {
    check_value(schema, &json!({"a": "x", "b": [[[1]]], "c": {"a": {"a": {}}}}), expected);
}

#[track_caller]
fn check_value(schema: Value, value: &Value, expected: &str) {
    let began = Instant::now();
    let (shown, notes) = match Checker::default().arguments(&schema, value.clone()) {
        Ok(accepted) if accepted.notes.iter().any(|it| it.contains("too large")) => {
            assert_eq!(Value::Object(accepted.arguments), *value);
            ("unchecked", accepted.notes.join("").len())
        }
        Ok(accepted) => ("sent", accepted.notes.join("").len()),
        Err(refused) => ("refused", refused.to_string().len()),
    };
    assert_eq!(shown, expected);
    assert!(began.elapsed() < TIME_MAX, "it took {:?}", began.elapsed());
    assert!(notes < 8_000, "{notes} bytes");
    // Dropping a deep value recurses, and this test is not about that.
    std::mem::forget(schema);
}

fn with(key: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(key.to_owned(), value)]))
}

/// Definitions `d0`, `d1`, … each made of a reference to the next.
fn chain(length: usize, each: impl Fn(Value) -> Value, last: Value) -> Value {
    let next = |i: usize| (format!("d{i}"), each(json!({"$ref": format!("#/$defs/d{}", i + 1)})));
    let mut defs: Map<String, Value> = (0..length).map(next).collect();
    defs.insert(format!("d{length}"), last);
    json!({"properties": {"a": {"$ref": "#/$defs/d0"}, "b": {}, "c": {}}, "$defs": defs})
}

#[test]
fn references_that_do_not_end() {
    let text = || json!({"type": "string"});
    check(json!({"$ref": "#"}), "unchecked");
    check(
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}),
        "unchecked",
    );
    check(chain(10_000, |it| it, text()), "unchecked");
    check(chain(10, |it| it, text()), "sent");
    check(chain(DEPTH_MAX - 3, |it| it, text()), "sent");
    check(chain(DEPTH_MAX - 2, |it| it, text()), "unchecked");
    check(
        json!({"properties": {"a": {"$ref": "#/nowhere"}, "b": {"$dynamicRef": "#x"}, "c": {}}}),
        "sent",
    );
    // A tree is fine: the value ends.
    check(
        json!({"additionalProperties": {"$ref": "#/$defs/t"}, "$defs": {"t": {"additionalProperties": {"$ref": "#/$defs/t"}}}}),
        "sent",
    );
}

#[test]
fn references_to_elsewhere_are_not_followed() {
    for reference in ["http://127.0.0.1:1/s.json", "file:///etc/passwd", "//host/x", "s.json#/a"] {
        let schema = json!({
            "$schema": reference, "$id": reference,
            "properties": {"a": {"$ref": reference}, "b": {}, "c": {}}
        });
        check(schema, "sent");
    }
}

#[test]
fn schemas_that_double_at_each_level() {
    let last = || json!({"type": "string"});
    check(chain(60, |it| json!({"allOf": [it, it]}), last()), "unchecked");
    check(
        chain(60, |it| json!({"anyOf": [it, it], "oneOf": [it, it]}), json!({"type": "number"})),
        "unchecked",
    );
    check(
        chain(60, |it| json!({"not": it, "if": it, "then": it, "else": it}), last()),
        "unchecked",
    );
}

#[test]
fn wide_and_deep_schemas() {
    let values: Vec<Value> = (0..1_000_001).map(|i| Value::from(format!("v{i}"))).collect();
    check(json!({"properties": {"a": {"enum": values[..900_000]}, "b": {}, "c": {}}}), "refused");
    check(json!({"properties": {"a": {"enum": values}, "b": {}, "c": {}}}), "unchecked");
    let options: Vec<Value> = (0..100_000).map(|i| json!({"const": i})).collect();
    check(json!({"properties": {"a": {"oneOf": options}, "b": {}, "c": {}}}), "refused");
    let properties: Map<String, Value> =
        (0..100_000).map(|i| (format!("p{i}"), json!({}))).collect();
    check(json!({"properties": properties}), "refused");
    for key in ["allOf", "anyOf"] {
        let deep =
            (0..10_000).fold(json!({"type": "string"}), |it, _| with(key, Value::Array(vec![it])));
        check(with("properties", with("a", deep)), "unchecked");
    }
    let deep = (0..10_000).fold(json!({}), |it, _| with("items", it));
    check(with("additionalProperties", deep), "sent");
    let required: Vec<String> = (0..100_000).map(|i| format!("p{i}")).collect();
    check(json!({"properties": {"a": {}, "b": {}, "c": {}}, "required": required}), "refused");
}

#[test]
fn what_is_no_schema_says_nothing() {
    for odd in [
        json!(null),
        json!([]),
        json!("x"),
        json!(true),
        json!({"type": "Object"}),
        json!({"type": []}),
    ] {
        check(odd, "sent");
    }
    let odd = json!({"type": "object", "properties": {
        "a": {"type": "text", "minLength": "one", "enum": [], "pattern": 5, "required": "no"},
        "b": {"items": null, "minItems": -1, "uniqueItems": "yes"},
        "c": {"properties": [], "required": {}, "additionalProperties": null}
    }, "required": [null, 5]});
    check(odd, "sent");
    check(json!({"properties": {"a": {"minLength": 1e18}, "b": {}, "c": {}}}), "refused");
    check(json!(false), "refused");
}

#[test]
fn patterns_that_take_for_ever_elsewhere() {
    let value = json!({"a": "a".repeat(100_000) + "!"});
    let pattern = |text: &str| json!({"properties": {"a": {"pattern": text}}});
    check_value(pattern("^(a+)+$"), &value, "refused");
    check_value(pattern("^(\\w+\\s?)*$"), &value, "refused");
    // Too large, unknown to `regex`, or no pattern at all: not checked.
    for text in ["((a{1,1000}){1,1000}){1,1000}", "(?=x)y", "(a)\\1", "("] {
        check_value(pattern(text), &value, "sent");
    }
    let long = "x".repeat(10 << 20);
    check_value(pattern(&long), &value, "sent");
    let many: Map<String, Value> =
        (0..=PATTERNS_MAX).map(|i| (format!("^no{i}$"), json!(false))).collect();
    check_value(
        json!({"patternProperties": many, "additionalProperties": false}),
        &json!({"a": 1}),
        "sent",
    );
}

#[test]
fn a_value_that_takes_one_step_too_many_is_not_checked() {
    let schema = json!({"properties": {"a": {"items": {"type": "number"}}}});
    let list = |length: u32| json!({"a": vec![1; length as usize]});
    // Two steps an entry, and a few around.
    check_value(schema.clone(), &list(STEPS_MAX / 2 - 10), "sent");
    check_value(schema, &list(STEPS_MAX / 2), "unchecked");
}

#[test]
fn a_result_that_lies_is_told_without_what_it_says() {
    let schema = json!({"type": "string", "maxLength": 3});
    let checker = Checker::default();
    let broken = checker.result(&schema, &json!({"password": "hunter2"})).unwrap();
    let told: Vec<String> = broken.iter().map(|it| format!("{:?}", it.contradiction())).collect();
    assert_eq!(told, [r#"("a string", "an object")"#]);
    let bounds = json!({"properties": {
        "a": {"maximum": 5}, "b": {"enum": ["x"]}, "c": {"pattern": "^y"}, "d": {"maxLength": 2}
    }});
    let value = json!({"a": 4711, "b": "hunter2", "c": "hunter2", "d": "hunter2"});
    for violation in checker.result(&bounds, &value).unwrap() {
        let told = format!("{:?}", violation.contradiction());
        assert!(!told.contains("hunter2") && !told.contains("4711"), "{told}");
    }
    let deep = (0..100_000).fold(json!(1), |it, _| Value::Array(vec![it]));
    let tree = json!({"$ref": "#/$defs/t", "$defs": {"t": {"items": {"$ref": "#/$defs/t"}}}});
    assert_eq!(checker.result(&tree, &deep), None, "it is too deep to tell");
    std::mem::forget(deep);
}

/// The type and the stored size of what was observed of `results`.
fn observed(results: &[Value]) -> (String, usize) {
    let began = Instant::now();
    let mut observed = Observed::default();
    for result in results {
        observed.add(result, 0);
    }
    assert!(began.elapsed() < TIME_MAX, "it took {:?}", began.elapsed());
    let stored = serde_json::to_string(&observed).unwrap();
    assert_eq!(serde_json::from_str::<Observed>(&stored).unwrap(), observed, "it is stored whole");
    (observed.type_text(), stored.len())
}

#[test]
fn results_of_any_size_leave_a_small_shape() {
    const STORED_MAX: usize = NODES_MAX * 160;
    let wide = |count: usize| -> Value {
        (0..count).map(|i| (format!("field{i}"), json!(i))).collect::<Map<_, _>>().into()
    };
    let (ty, _) = observed(&[wide(FIELDS_MAX)]);
    assert!(ty.contains("field0: number;"), "{ty}");
    let (ty, _) = observed(&[wide(FIELDS_MAX + 1)]);
    assert_eq!(ty, "Record<string, number>", "one field too many is a map");
    let nested: Map<String, Value> =
        (0..90).map(|i| (format!("f{i}"), json!({format!("g{i}"): 1, "x": 1}))).collect();
    let nested: Map<String, Value> =
        (0..90).map(|i| (format!("h{i}"), Value::Object(nested.clone()))).collect();
    let (_, stored) = observed(&[Value::Object(nested)]);
    assert!(stored < STORED_MAX, "{stored} bytes");
    let varying: Vec<Value> =
        (0..500).map(|i| json!({format!("k{i}"): {format!("m{i}"): i}})).collect();
    let (ty, stored) = observed(&varying);
    assert!(ty.starts_with("Record<string, ") && stored < STORED_MAX, "{ty} {stored}");
    let rows: Vec<Value> = (0..SAMPLE_NODES_MAX * 3).map(|i| json!({"id": i})).collect();
    let (ty, _) = observed(&[Value::Array(rows)]);
    assert_eq!(ty, "{ id: number }[]");
    let deep = (0..5_000).fold(json!(1), |it, _| with("a", it));
    let (_, stored) = observed(std::slice::from_ref(&deep));
    assert!(stored < STORED_MAX, "{stored}");
    std::mem::forget(deep);
    let (ty, stored) =
        observed(&[json!({"k".repeat(KEY_BYTES_MAX + 1): 1}), json!({"": "x".repeat(1 << 20)})]);
    assert!(!ty.contains("kkk") && stored < STORED_MAX, "{ty}");
    observed(&[json!({"*/ evil() //": 1, "`${x}`": 2, "\u{202e}": 3, "__proto__": 4})]);
}
