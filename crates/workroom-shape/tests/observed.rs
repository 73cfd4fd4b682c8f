//! What is learned of results, and what contradicts it.

#![allow(clippy::unwrap_used, reason = "tests: a panic is a failure")]

use expect_test::{Expect, expect};
use serde_json::{Value, json};
use workroom_shape::{
    Observed,
    observed::{CALLS_BEFORE_ABSENCE, CALLS_BEFORE_DRIFT, DRIFTS_MAX, words},
};

fn after(results: &[Value]) -> Observed {
    let mut observed = Observed::default();
    for result in results {
        observed.add(result, 0);
    }
    observed
}

/// The type and the comment after `results`.
#[track_caller]
fn check(results: &[Value], expected: &Expect) {
    let observed = after(results);
    let shown = format!("{}\n{}", observed.about().join("\n"), observed.type_text());
    expected.assert_eq(&shown);
}

/// What contradicts `result`, given `calls` times, in `next`.
#[track_caller]
fn drift(calls: u32, result: &Value, next: &Value, expected: &[&str]) {
    let mut observed = after(&vec![result.clone(); calls as usize]);
    let new: Vec<String> = observed.add(next, 0).new.iter().map(ToString::to_string).collect();
    assert_eq!(new, expected);
}

#[test]
fn results_become_a_type() {
    let results = [
        json!({"total": 2, "items": [{"id": "a-1", "price": 1.5, "due": "2026-01-01", "note": null}], "next": null}),
        json!({"total": 0, "items": [], "next": "2026-01-01T10:00:00Z"}),
        json!({"total": 9, "items": [{"id": "a-22", "price": "2", "due": "2026-02-01"}], "next": null, "warning": ["x"]}),
    ];
    check(
        &results,
        &expect![[r#"
        Observed in 3 calls.
        Masked example: {"total":0,"items":[{"id":"a-00","price":"0","due":"0000-00-00"}],"next":null,"warning":["a"]}
        {
          total: number;
          items: {
            id: string; // 3 to 4 characters
            price: string | number; // a number as text
            due: string; // a date
            note?: null;
          }[]; // 0 to 1 entries
          next: string | null; // a date with time
          warning?: string[]; // 1 entry
        }"#]],
    );
    check(
        &[json!("plain text")],
        &expect![[r#"
        Observed in 1 call.
        Masked example: "aaaaa aaaa"
        string"#]],
    );
    check(
        &[json!([])],
        &expect![[r#"
        Observed in 1 call.
        Masked example: []
        unknown[]"#]],
    );
    check(
        &[json!([1, "a", null, [true]])],
        &expect![[r#"
        Observed in 1 call.
        Masked example: [0]
        (string | number | boolean[] | null)[]"#]],
    );
    check(
        &[],
        &expect![[r#"
        Observed in 0 calls.
        unknown"#]],
    );
}

#[test]
fn an_object_whose_keys_are_data_is_a_map() {
    check(
        &[json!({"anna@example.org": {"age": 5}})],
        &expect![[r#"
        Observed in 1 call.
        Masked example: {"aaaa@aaaaaaa.aaa":{"age":0}}
        Record<string, { age: number }>"#]],
    );
    check(
        &[json!({"2026-01-01": 5, "2026-01-02": 6})],
        &expect![[r#"
        Observed in 1 call.
        Masked example: {"0000-00-00":0}
        Record<string, number>"#]],
    );
    check(
        &[json!({"anna": {"age": 5}, "bob": {"age": 6}, "carl": {"age": 7}, "dora": {"age": 8}})],
        &expect![[r#"
            Observed in 1 call.
            Masked example: {"aaaa":{"age":0}}
            Record<string, { age: number }>"#]],
    );
    check(
        &[json!({"100234": "x"})],
        &expect![[r#"
        Observed in 1 call.
        Masked example: {"000000":"a"}
        Record<string, string>"#]],
    );
    let come_and_go: Vec<Value> =
        (0..20).map(|n| json!({format!("key{}", char::from(b'a' + n)): 1})).collect();
    check(
        &come_and_go,
        &expect![[r#"
            Observed in 20 calls.
            Masked example: {"aaaa":0}
            Record<string, number>"#]],
    );
}

#[test]
fn words_are_shown_only_where_the_field_says_so_and_late_enough() {
    let row = |state: &str, name: &str| json!({"state": state, "name": name});
    let few: Vec<Value> = (0..words::CALLS_BEFORE_WORDS - 1).map(|_| row("open", "anna")).collect();
    check(
        &few,
        &expect![[r#"
        Observed in 4 calls.
        Masked example: {"state":"aaaa","name":"aaaa"}
        {
          state: string; // 4 characters
          name: string; // 4 characters
        }"#]],
    );
    let enough = [few, vec![row("closed", "bob")]].concat();
    check(
        &enough,
        &expect![[r#"
        Observed in 5 calls.
        Masked example: {"state":"aaaaaa","name":"aaa"}
        {
          state: "closed" | "open";
          name: string; // 3 to 4 characters
        }"#]],
    );
    let words = |count: usize| -> Vec<Value> {
        (0..count)
            .map(|n| row(&format!("s{}", char::from(b'a' + u8::try_from(n).unwrap())), "x"))
            .collect()
    };
    let shown = |count| after(&words(count)).type_text().contains("\"sa\"");
    assert!(shown(words::WORDS_MAX) && !shown(words::WORDS_MAX + 1), "one word too many");
    let mut observed = after(&enough);
    observed.add(&row("Anna Smith", "x"), 0);
    let stored = serde_json::to_string(&observed).unwrap();
    assert!(!stored.contains("open") && !stored.contains("Smith"), "{stored}");
}

#[test]
fn no_value_is_stored() {
    let secret = json!({
        "name": "Anna Smith", "mail": "anna@example.org", "phone": "+49 170 1234567", "age": 41,
        "tags": ["hunter2"], "by": {"anna@example.org": 1}, "iban": "DE02120300000000202051",
        "user": "anna", "status": "Anna", "type": "anna smith",
    });
    let observed = after(&vec![secret; 20]);
    let stored = serde_json::to_string(&observed).unwrap() + &observed.type_text();
    for value in ["nna", "mith", "example.org", "1234567", "41", "hunter2", "DE02"] {
        assert!(!stored.contains(value), "`{value}` is in {stored}");
    }
}

#[test]
fn what_contradicts_earlier_results_is_told_with_its_path() {
    let result = json!({"items": [{"price": 1.5, "id": "x"}], "note": "a"});
    let text = json!({"items": [{"price": "1.5", "id": "x"}], "note": "a"});
    drift(19, &result, &text, &["`items[].price` was number in 19 calls, now string"]);
    drift(19, &result, &json!([]), &["the result was object in 19 calls, now array"]);
    drift(
        19,
        &result,
        &json!({"items": [{"id": "x"}], "note": null}),
        &[
            "`items[].price` was there in 19 calls, now missing",
            "`note` was string in 19 calls, now null",
        ],
    );
    drift(
        19,
        &json!({"on": "2026-01-01"}),
        &json!({"on": "soon"}),
        &["`on` was a date in 19 calls, now text"],
    );
    drift(
        19,
        &json!({"a b": {"x@y": 1}}),
        &json!({"a b": {"z@y": "1"}}),
        &["`[\"a b\"][*]` was number in 19 calls, now string"],
    );
}

#[test]
fn what_breaks_no_code_contradicts_nothing() {
    let result = json!({"items": [{"price": 1.5}], "n": 1});
    drift(19, &result, &json!({"items": [], "n": 2.5, "new": 1}), &[]);
    drift(19, &result, &json!({"items": [{"price": 1, "more": true}], "n": 0}), &[]);
    drift(19, &json!("text"), &json!("other text"), &[]);
    // The last page of a list.
    drift(19, &json!({"nextCursor": "a"}), &json!({"nextCursor": null}), &[]);
    drift(19, &json!({"next_token": "a"}), &json!({}), &[]);
    drift(19, &json!({"nextToken": "x", "cursor": "y"}), &json!({"nextToken": null}), &[]);
}

#[test]
fn one_call_less_is_not_enough_to_be_sure() {
    let (was, now) = (json!({"a": 1}), json!({"a": "1"}));
    drift(CALLS_BEFORE_DRIFT - 1, &was, &now, &[]);
    drift(CALLS_BEFORE_DRIFT, &was, &now, &["`a` was number in 2 calls, now string"]);
    drift(CALLS_BEFORE_ABSENCE - 1, &was, &json!({}), &[]);
    drift(CALLS_BEFORE_ABSENCE, &was, &json!({}), &["`a` was there in 12 calls, now missing"]);
    drift(CALLS_BEFORE_ABSENCE - 1, &was, &json!({"a": null}), &[]);
}

#[test]
fn a_contradiction_is_new_once_and_seen_again_while_it_lasts() {
    let mut observed = after(&vec![json!([{"price": 1}]); 12]);
    let told = |observed: &mut Observed, result: Value| {
        let noted = observed.add(&result, 0);
        (noted.new.len(), noted.again.len())
    };
    assert_eq!(told(&mut observed, json!([{"price": "1"}])), (1, 0));
    assert_eq!(told(&mut observed, json!([{"price": "2"}])), (0, 1));
    assert_eq!(told(&mut observed, json!([{"price": 2}])), (0, 0));
    let gone = observed.add(&json!([{}]), 0).new;
    assert_eq!(gone[0].to_string(), "`[].price` was there in 15 calls, now missing");
    assert_eq!(told(&mut observed, json!([{"price": 1}, {}])), (0, 1));
}

#[test]
fn one_contradiction_too_many_forgets_the_oldest() {
    let mut observed = Observed::default();
    let row = |n: usize, value: Value| json!({format!("f{}", char::from(b'a' + u8::try_from(n).unwrap())): value});
    for n in 0..=DRIFTS_MAX {
        for value in [json!(1), json!(1), json!("x")] {
            observed.add(&json!([row(n, value)]), 0);
        }
    }
    assert!(observed.drifts().len() <= DRIFTS_MAX, "{:?}", observed.drifts());
}
