//! What the check says of arguments: taken, mended, or refused with these words.

#![allow(clippy::unwrap_used, reason = "tests: a panic is a failure")]

use expect_test::{Expect, expect};
use serde_json::{Value, json};
use workroom_shape::{
    Checker,
    arguments::{NOTES_MAX, VIOLATIONS_MAX},
};

/// Checks `given` against `schema`: `sent` with its notes, or each violation on a line.
#[track_caller]
fn check(schema: &Value, given: Value, expected: &Expect) {
    let shown = match Checker::default().arguments(schema, given) {
        Ok(accepted) => {
            let notes = accepted.notes.iter().map(|note| format!("\nnote: {note}"));
            format!("sent {}{}", Value::Object(accepted.arguments), notes.collect::<String>())
        }
        Err(refused) => {
            let all: Vec<String> = refused.violations.iter().map(ToString::to_string).collect();
            all.join("\n")
        }
    };
    expected.assert_eq(&shown);
}

/// A search with filters, as servers write it.
fn search() -> Value {
    json!({
        "type": "object",
        "properties": {
            "query": {"type": "string", "minLength": 2},
            "limit": {"type": "integer", "minimum": 1, "maximum": 100},
            "state": {"enum": ["open", "closed"]},
            "labels": {"type": "array", "items": {"type": "string"}},
            "exact": {"type": "boolean"},
            "filter": {
                "type": "object",
                "properties": {
                    "created_after": {"type": "string"},
                    "author": {"anyOf": [{"type": "string"}, {"type": "null"}]}
                }
            },
            "range": {"oneOf": [
                {"type": "object", "properties": {"kind": {"const": "days"}, "days": {"type": "number"}}, "required": ["kind", "days"]},
                {"type": "object", "properties": {"kind": {"const": "dates"}, "from": {"type": "string"}}, "required": ["kind", "from"]}
            ]}
        },
        "required": ["query"]
    })
}

#[test]
fn arguments_that_fit_are_sent_as_they_are() {
    check(
        &search(),
        json!({"query": "ab", "limit": 5, "filter": {"author": null}, "range": {"kind": "days", "days": 2}}),
        &expect![[
            r#"sent {"query":"ab","limit":5,"filter":{"author":null},"range":{"kind":"days","days":2}}"#
        ]],
    );
    check(&json!({"type": "object"}), json!({"anything": 1}), &expect![[r#"sent {"anything":1}"#]]);
    check(&json!({"type": "object", "properties": {}}), json!(null), &expect!["sent {}"]);
    check(
        &json!({"properties": {}, "additionalProperties": true}),
        json!({"x": 1}),
        &expect![[r#"sent {"x":1}"#]],
    );
}

#[test]
fn what_does_not_fit_is_told_with_its_place_and_what_was_meant() {
    check(
        &search(),
        json!({"querry": "ab"}),
        &expect!["`querry` is no parameter; did you mean `query`?"],
    );
    check(
        &search(),
        json!({"search": "ab", "maxResults": 3}),
        &expect![[r#"
        `search` is no parameter; there are `query`, `limit`, `state`, `labels`, `exact`, `filter`, `range`
        `maxResults` is no parameter; there are `query`, `limit`, `state`, `labels`, `exact`, `filter`, `range`
        `query` is missing; it takes a string"#]],
    );
    check(&search(), json!({}), &expect!["`query` is missing; it takes a string"]);
    check(
        &search(),
        json!({"query": 5, "limit": "many", "labels": "a"}),
        &expect![[r#"
        `query` is an integer; it takes a string
        `limit` is a string; it takes an integer
        `labels` is a string; it takes an array"#]],
    );
    check(
        &search(),
        json!({"query": "a", "limit": 500, "state": "opened"}),
        &expect![[r#"
        `query` is 1 character long; it must be at least 2
        `limit` is 500; it must be at most 100
        `state` must be "open" or "closed"; did you mean "open"?"#]],
    );
    check(
        &search(),
        json!({"query": "ab", "labels": ["a", 2, {"name": "b"}]}),
        &expect![[r#"
        `labels[1]` is an integer; it takes a string
        `labels[2]` is an object; it takes a string"#]],
    );
    check(
        &search(),
        json!({"query": "ab", "limit": null}),
        &expect!["`limit` is null; it takes an integer"],
    );
    check(
        &search(),
        json!({"query": "ab", "range": {"kind": "days", "day": 2}}),
        &expect!["`range.days` is missing; it takes a number"],
    );
    check(
        &search(),
        json!({"query": "ab", "range": "last week"}),
        &expect!["`range` is a string; it takes an object"],
    );
}

#[test]
fn deeper_inside_a_slip_is_refused_and_an_unknown_key_is_sent() {
    check(
        &search(),
        json!({"query": "ab", "filter": {"createdAfter": "x"}}),
        &expect!["`filter.createdAfter` is not known; did you mean `filter.created_after`?"],
    );
    check(
        &search(),
        json!({"query": "ab", "filter": {"vendor": "x"}}),
        &expect![[r#"
        sent {"query":"ab","filter":{"vendor":"x"}}
        note: `filter.vendor` is not in the schema; it was sent"#]],
    );
}

#[test]
fn text_that_holds_what_is_wanted_is_mended_and_told() {
    check(
        &search(),
        json!({"query": "5", "limit": "5", "labels": "[\"a\"]", "exact": "true", "filter": "{\"author\":\"x\"}"}),
        &expect!["`query` is 1 character long; it must be at least 2"],
    );
    // What may be meant as text stays text, and what would lose something is refused.
    check(
        &search(),
        json!({"query": "[1]", "limit": "007"}),
        &expect!["`limit` is a string; it takes an integer"],
    );
    check(
        &search(),
        json!({"query": "ab", "limit": "5.5", "labels": "{}"}),
        &expect![[r#"
        `limit` is a string; it takes an integer
        `labels` is a string; it takes an array"#]],
    );
}

#[test]
fn the_one_required_parameter_may_come_by_itself() {
    check(
        &search(),
        json!("invoices"),
        &expect![[r#"
        sent {"query":"invoices"}
        note: the argument by itself is `query`"#]],
    );
    check(
        &search(),
        json!("{\"query\": \"ab\", \"limit\": 3}"),
        &expect![[r#"
        sent {"query":"ab","limit":3}
        note: the arguments are a string that holds JSON, sent as an object"#]],
    );
    check(&search(), json!(["a"]), &expect!["`query` is an array; it takes a string"]);
    let two = json!({"properties": {"a": {}, "b": {}}, "required": ["a", "b"]});
    check(
        &two,
        json!("x"),
        &expect![
            "the argument is a string; it takes one object of named parameters, such as { name: value }"
        ],
    );
    check(
        &json!({"properties": {"ids": {"type": "array"}}}),
        json!([1, 2]),
        &expect![[r#"
        sent {"ids":[1,2]}
        note: the argument by itself is `ids`"#]],
    );
}

#[test]
fn keys_of_other_servers_are_shown_without_what_nobody_sees() {
    let schema = json!({"properties": {"a": {}}, "additionalProperties": false});
    check(
        &schema,
        json!({"x\u{202e}`\n*/": 1, "__proto__": 1, "": 2}),
        &expect![[r#"
        `["x\u202e`\n*/"]` is no parameter; there are `a`
        `__proto__` is no parameter; there are `a`
        `[""]` is no parameter; there are `a`"#]],
    );
}

#[test]
fn one_violation_too_many_is_left_out() {
    let names = (0..=VIOLATIONS_MAX).map(|n| format!("p{n}"));
    let required: Vec<String> = names.collect();
    let schema = json!({"properties": {}, "required": required});
    let refused = Checker::default().arguments(&schema, json!({})).unwrap_err();
    assert_eq!(refused.violations.len(), VIOLATIONS_MAX);
}

#[test]
fn one_note_too_many_is_counted() {
    let schema = json!({"properties": {"list": {"items": {"type": "number"}}}});
    let list: Vec<&str> = vec!["1"; NOTES_MAX + 1];
    let accepted = Checker::default().arguments(&schema, json!({ "list": list })).unwrap();
    assert_eq!(accepted.notes.len(), NOTES_MAX + 1);
    assert_eq!(accepted.notes[NOTES_MAX], "and 1 more of the kind");
}
