//! What changes in recorded answers, and how results under changes are judged.

#![allow(clippy::unwrap_used, reason = "only tests call these")]

use expect_test::{Expect, expect};
use serde_json::{Value, json};
use workroom_skill::{
    Case, RecordedCall,
    harden::{self, Checked, Replayed, Report, Verdict},
    mutate::{self, Drift, Mutation, Truth},
};

fn call(tool: &str, arguments: Value, answer: Result<Value, &str>) -> RecordedCall {
    RecordedCall {
        server: "shop".to_owned(),
        tool: tool.to_owned(),
        arguments,
        answer: answer.map_err(str::to_owned),
    }
}

fn case(calls: Vec<RecordedCall>) -> Case {
    let (input, expected) = (json!({}), json!({"total": 30}));
    Case { name: "first".to_owned(), input, calls, expected, clock: None }
}

/// Every change of one call's answer, a line each.
#[track_caller]
fn check(answer: Value, expected: &Expect) {
    let case = case(vec![call("list", json!({}), Ok(answer))]);
    let lines: Vec<String> = mutate::mutations(&case)
        .iter()
        .map(|it| format!("{:?} {}: {} -> {}", it.drift, it.path, it.before, it.after))
        .collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn each_place_changes_in_the_ways_that_fit_it() {
    check(
        json!({"orders": [{"id": "7", "total": 10, "paid": true, "placed_at": "2026-01-31"}]}),
        &expect![[r#"
            Fails $: {"orders":[{"id":"7","total":10,"paid":true,"placed_at":"202… -> error: 503 Service Unavailable
            HtmlPage $: {"orders":[{"id":"7","total":10,"paid":true,"placed_at":"202… -> "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></…
            NullAnswer $: {"orders":[{"id":"7","total":10,"paid":true,"placed_at":"202… -> null
            Wrapped $: {"orders":[{"id":"7","total":10,"paid":true,"placed_at":"202… -> {"data":{"orders":[{"id":"7","total":10,"paid":true,"placed_…
            ExtraField $: {"orders":[{"id":"7","total":10,"paid":true,"placed_at":"202… -> {"orders":[{"id":"7","total":10,"paid":true,"placed_at":"202…
            Missing $.orders: [{"id":"7","total":10,"paid":true,"placed_at":"2026-01-31"}] -> no such field
            Null $.orders: [{"id":"7","total":10,"paid":true,"placed_at":"2026-01-31"}] -> null
            Renamed $.orders: orders: [{"id":"7","total":10,"paid":true,"placed_at":"2026-01-31"}] -> orders_value: …
            EmptyList $.orders: [{"id":"7","total":10,"paid":true,"placed_at":"2026-01-31"}] -> []
            OneInsteadOfList $.orders: [{"id":"7","total":10,"paid":true,"placed_at":"2026-01-31"}] -> {"id":"7","total":10,"paid":true,"placed_at":"2026-01-31"}
            ManyRows $.orders: [{"id":"7","total":10,"paid":true,"placed_at":"2026-01-31"}] -> [{"id":"7","total":10,"paid":true,"placed_at":"2026-01-31"},…
            Missing $.orders[].id: "7" -> no such field
            Null $.orders[].id: "7" -> null
            MissingOnce $.orders[].id: "7" -> no such field
            NullOnce $.orders[].id: "7" -> null
            Renamed $.orders[].id: id: "7" -> id_value: …
            TextAsNumber $.orders[].id: "7" -> 7
            Missing $.orders[].total: 10 -> no such field
            Null $.orders[].total: 10 -> null
            MissingOnce $.orders[].total: 10 -> no such field
            NullOnce $.orders[].total: 10 -> null
            Renamed $.orders[].total: total: 10 -> total_value: …
            NumberAsText $.orders[].total: 10 -> "10"
            Missing $.orders[].paid: true -> no such field
            Null $.orders[].paid: true -> null
            MissingOnce $.orders[].paid: true -> no such field
            NullOnce $.orders[].paid: true -> null
            Renamed $.orders[].paid: paid: true -> paid_value: …
            BooleanAsText $.orders[].paid: true -> "true"
            Missing $.orders[].placed_at: "2026-01-31" -> no such field
            Null $.orders[].placed_at: "2026-01-31" -> null
            MissingOnce $.orders[].placed_at: "2026-01-31" -> no such field
            NullOnce $.orders[].placed_at: "2026-01-31" -> null
            Renamed $.orders[].placed_at: placed_at: "2026-01-31" -> placedAt: …
            DateFormat $.orders[].placed_at: "2026-01-31" -> "31/01/2026"
            DateAsNumber $.orders[].placed_at: "2026-01-31" -> 1769817600000"#]],
    );
    check(
        json!("plain"),
        &expect![[r#"
        Fails $: "plain" -> error: 503 Service Unavailable
        HtmlPage $: "plain" -> "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></…
        NullAnswer $: "plain" -> null"#]],
    );
    check(
        json!([]),
        &expect![[r#"
        Fails $: [] -> error: 503 Service Unavailable
        HtmlPage $: [] -> "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></…
        NullAnswer $: [] -> null
        Wrapped $: [] -> {"items":[]}"#]],
    );
}

fn orders() -> Case {
    let page = |page: u64, ids: &[u64], next: Value| {
        let rows: Vec<Value> = ids
            .iter()
            .map(|id| json!({"id": id, "status": if id % 2 == 0 { "paid" } else { "open" }}))
            .collect();
        let answer = json!({"rows": rows, "total": 8, "next_page": next});
        call("orders", json!({"page": page, "size": 4}), Ok(answer))
    };
    case(vec![page(1, &[1, 2, 3, 4], json!(2)), page(2, &[5, 6, 7, 8], json!(null))])
}

fn one(case: &Case, drift: Drift, path: &str) -> Mutation {
    let found = mutate::mutations(case).into_iter();
    found.into_iter().find(|it| it.drift == drift && it.path == path).unwrap()
}

#[track_caller]
fn applied(drift: Drift, path: &str, expected: &Expect) {
    let case = orders();
    let changed = one(&case, drift, path).apply(&case);
    let lines: Vec<String> = changed
        .calls
        .iter()
        .map(|call| match &call.answer {
            Ok(answer) => format!("{} -> {answer}", call.arguments),
            Err(error) => format!("{} -> error: {error}", call.arguments),
        })
        .collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn a_change_is_made_in_all_answers_or_in_one_row() {
    applied(
        Drift::Renamed,
        "$.rows[].status",
        &expect![[r#"
        {"page":1,"size":4} -> {"rows":[{"id":1,"status_value":"open"},{"id":2,"status_value":"paid"},{"id":3,"status_value":"open"},{"id":4,"status_value":"paid"}],"total":8,"next_page":2}
        {"page":2,"size":4} -> {"rows":[{"id":5,"status_value":"open"},{"id":6,"status_value":"paid"},{"id":7,"status_value":"open"},{"id":8,"status_value":"paid"}],"total":8,"next_page":null}"#]],
    );
    applied(
        Drift::NullOnce,
        "$.rows[].status",
        &expect![[r#"
        {"page":1,"size":4} -> {"rows":[{"id":1,"status":null},{"id":2,"status":"paid"},{"id":3,"status":"open"},{"id":4,"status":"paid"}],"total":8,"next_page":2}
        {"page":2,"size":4} -> {"rows":[{"id":5,"status":"open"},{"id":6,"status":"paid"},{"id":7,"status":"open"},{"id":8,"status":"paid"}],"total":8,"next_page":null}"#]],
    );
    applied(
        Drift::UnknownWord,
        "$.rows[].status",
        &expect![[r#"
        {"page":1,"size":4} -> {"rows":[{"id":1,"status":"on_hold_by_review"},{"id":2,"status":"paid"},{"id":3,"status":"open"},{"id":4,"status":"paid"}],"total":8,"next_page":2}
        {"page":2,"size":4} -> {"rows":[{"id":5,"status":"open"},{"id":6,"status":"paid"},{"id":7,"status":"open"},{"id":8,"status":"paid"}],"total":8,"next_page":null}"#]],
    );
    applied(
        Drift::OneInsteadOfList,
        "$.rows",
        &expect![[r#"
        {"page":1,"size":4} -> {"rows":{"id":1,"status":"open"},"total":8,"next_page":2}
        {"page":2,"size":4} -> {"rows":{"id":5,"status":"open"},"total":8,"next_page":null}"#]],
    );
    applied(
        Drift::EmptyList,
        "$.rows",
        &expect![[r#"
        {"page":1,"size":4} -> {"rows":[],"total":8,"next_page":2}
        {"page":2,"size":4} -> {"rows":[],"total":8,"next_page":null}"#]],
    );
    applied(
        Drift::Fails,
        "$",
        &expect![[r#"
        {"page":1,"size":4} -> error: 503 Service Unavailable
        {"page":2,"size":4} -> error: 503 Service Unavailable"#]],
    );
}

#[test]
fn a_further_page_can_be_asked_for() {
    applied(
        Drift::FurtherPage,
        "$.rows",
        &expect![[r#"
        {"page":1,"size":4} -> {"rows":[{"id":1,"status":"open"},{"id":2,"status":"paid"},{"id":3,"status":"open"},{"id":4,"status":"paid"}],"total":8,"next_page":2}
        {"page":2,"size":4} -> {"rows":[{"id":5,"status":"open"},{"id":6,"status":"paid"}],"total":8,"next_page":3}
        {"page":3,"size":4} -> {"rows":[{"id":7,"status":"open"},{"id":8,"status":"paid"}],"total":8,"next_page":null}"#]],
    );
}

#[test]
fn ten_times_as_many_rows_are_told_beside_them() {
    let answer = json!({"rows": [{"a": 1}, {"a": 2}], "count": 2, "total": 9});
    let case = case(vec![call("list", json!({}), Ok(answer))]);
    let changed = one(&case, Drift::ManyRows, "$.rows").apply(&case);
    let answer = changed.calls[0].answer.as_ref().unwrap();
    assert_eq!(answer["rows"].as_array().unwrap().len(), 20);
    assert_eq!((&answer["count"], &answer["total"]), (&json!(20), &json!(9)));
}

#[test]
fn the_reference_of_one_item_is_a_list_of_it() {
    let case = orders();
    let mutation = one(&case, Drift::OneInsteadOfList, "$.rows");
    assert_eq!(mutation.truth, Truth::Reference);
    let reference = mutation.reference(&case).unwrap();
    let rows = &reference.calls[0].answer.as_ref().unwrap()["rows"];
    assert_eq!(rows, &json!([{"id": 1, "status": "open"}]));
}

#[test]
fn there_are_only_so_many_mutations() {
    let fields = |prefix: &str| -> Value {
        (0..39)
            .map(|n| (format!("{prefix}{n}"), json!(n)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let calls = (0..20).map(|n| {
        let answer = json!([{"a": fields("x"), "b": fields("y"), "c": fields("z")}]);
        call(&format!("tool{n}"), json!({}), Ok(answer))
    });
    let found = mutate::mutations(&case(calls.collect()));
    assert_eq!(found.len(), mutate::MUTATIONS_MAX);
}

#[test]
fn deep_and_large_answers_end() {
    let deep = (0..100).fold(json!(1), |inner, _| json!({"a": [inner]}));
    let large: Vec<Value> = (0..15_000).map(|n| json!({"n": n, "s": "x".repeat(40)})).collect();
    let case =
        case(vec![call("deep", json!({}), Ok(deep)), call("large", json!({}), Ok(large.into()))]);
    let found = mutate::mutations(&case);
    // Ten times as much would be more than an answer may be.
    assert!(!found.iter().any(|it| it.tool == "large" && it.drift == Drift::ManyRows));
    assert!(found.iter().any(|it| it.tool == "large"));
}

#[track_caller]
fn judged(
    drift: Drift,
    path: &str,
    result: Result<Value, &str>,
    checks: &[Option<&str>],
    expected: (Verdict, &str),
) {
    let case = orders();
    let checks = checks
        .iter()
        .map(|failure| Checked { name: "adds up".to_owned(), failure: failure.map(str::to_owned) });
    let replayed = Replayed { result: result.map_err(str::to_owned), checks: checks.collect() };
    let mutation = one(&case, drift, path);
    let reference = json!({"total": 1});
    let finding = harden::judge(&case, mutation, Some(&reference), &replayed);
    assert_eq!((finding.verdict, finding.why.as_str()), expected);
}

#[test]
fn a_wrong_result_without_an_error_is_a_silent_failure() {
    use Verdict::{Failed, Right, Silent};
    let field = |result, checks: &[Option<&str>], expected| {
        judged(Drift::Missing, "$.rows[].status", result, checks, expected);
    };
    field(Ok(json!({"total": 30.0})), &[], (Right, "the result is the same"));
    field(Err("`status` is missing"), &[], (Failed, "`status` is missing"));
    let other = "the result is another one, and there was no error";
    field(Ok(json!({"total": 0})), &[], (Silent, other));
    field(Ok(json!({"total": 0})), &[None], (Silent, other));
    let broken = "the check `adds up` does not hold: false";
    field(Ok(json!({"total": 30})), &[Some("false")], (Silent, broken));
}

#[test]
fn only_checks_can_judge_other_data() {
    use Verdict::{Right, Silent};
    let rows = |result, checks: &[Option<&str>], expected| {
        judged(Drift::ManyRows, "$.rows", result, checks, expected);
    };
    let none = "the result is another one, and no check says that it may";
    rows(Ok(json!({"total": 300})), &[], (Silent, none));
    rows(Ok(json!({"total": 300})), &[None], (Right, "1 checks hold"));
    rows(Ok(json!({"total": 30})), &[], (Right, "the result is the same"));
    let first = |result, expected| {
        judged(Drift::OneInsteadOfList, "$.rows", result, &[], expected);
    };
    first(Ok(json!({"total": 1})), (Right, "the result is the same"));
    let other = "the result is another one, and there was no error";
    first(Ok(json!({"total": 30})), (Silent, other));
}

#[test]
fn a_report_says_what_to_mend() {
    let case = orders();
    let mutation = one(&case, Drift::Renamed, "$.rows[].status");
    let silent = Replayed { result: Ok(json!({"total": 0})), checks: Vec::new() };
    let vague = Replayed {
        result: Err("cannot read property 'x' of undefined".to_owned()),
        checks: Vec::new(),
    };
    let fails = one(&case, Drift::Fails, "$");
    let mut second = case.clone();
    "second".clone_into(&mut second.name);
    let report = Report {
        skill: "open-orders".to_owned(),
        checks: Vec::new(),
        broken: vec!["case `third` gives another result".to_owned()],
        findings: vec![
            harden::judge(&case, mutation.clone(), None, &silent),
            harden::judge(&second, mutation, None, &silent),
            harden::judge(&case, fails, None, &vague),
        ],
    };
    assert!(!report.is_hard());
    expect![[r#"
        open-orders: 3 mutations: 0 still right, 1 failed with an error, 2 failed silently
        cannot be judged: case `third` gives another result
        no checks: add `export const checks = [(input, output) => …]` to `index.ts`, so that results can be judged where the data itself changes

        1. field renamed at `$.rows[].status` of `shop.orders` (case `first`)
           before: status: "open"
           after:  status_value: …
           verdict: the result is another one, and there was no error
           result:  {"total":0}
           right:   {"total":30} or an error
           mend it: look at the field before it is used, in every row, and throw an error that names it where it is not there
    "#]].assert_eq(&report.text());
    expect![[r#"
        | drift | open-orders | open-orders |
        |---|---|---|
        | field renamed | 0 / 0 / 2 | 0 / 0 / 2 |
        | the call fails | 0 / 1 / 0 | 0 / 1 / 0 |
        | all | 0 / 1 / 2 | 0 / 1 / 2 |
    "#]]
    .assert_eq(&harden::markdown(&[report.clone(), report]));
}
