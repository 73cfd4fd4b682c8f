//! Skills rehearsed in the real sandbox on recorded cases, without any server.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use expect_test::{Expect, expect};
use serde_json::{Value, json};
use workroom_engine::{
    Sandbox,
    skills::{Rehearsal, Rehearsed, Repeats, harden},
};
use workroom_sandbox::{InProcess, QuickJs};
use workroom_skill::{Case, Package, RecordedCall, SkillName, harden::Verdict};
use workroom_types::Limits;

fn sandbox() -> Arc<dyn Sandbox> {
    static QUICKJS: OnceLock<Arc<QuickJs>> = OnceLock::new();
    let quickjs = QUICKJS.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sandbox-cache");
        Arc::new(QuickJs::new(Some(folder)).unwrap())
    });
    Arc::new(InProcess::new(Arc::clone(quickjs)))
}

fn call(tool: &str, arguments: Value, answer: Result<Value, &str>) -> RecordedCall {
    let answer = answer.map_err(str::to_owned);
    RecordedCall { server: "shop".to_owned(), tool: tool.to_owned(), arguments, answer }
}

fn case(input: Value, calls: Vec<RecordedCall>, expected: Value) -> Case {
    Case { name: "first".to_owned(), input, calls, expected, clock: None }
}

fn package(code: &str) -> Package {
    Package::new(SkillName::new("a-skill").unwrap(), "A skill.", code)
}

fn played(package: &Package, case: &Case, repeats: Repeats) -> Rehearsed {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let limits = Limits::default();
    let rehearsal = Rehearsal { package, servers: Vec::new(), skills: Vec::new(), limits };
    runtime.block_on(rehearsal.play(sandbox(), case, repeats))
}

/// What is not as recorded.
#[track_caller]
fn check(code: &str, case: &Case, expected: &Expect) {
    let rehearsed = played(&package(code), case, Repeats::Strict);
    let difference = rehearsed.difference(case).unwrap_or_else(|| "as recorded".to_owned());
    expected.assert_eq(&difference);
}

const TOTAL: &str = "import * as shop from './servers/shop';
export async function run(input: { customer: string }) {
  const orders = await shop.listOrders({ customer: input.customer });
  let total = 0;
  for (const order of orders) total += (await shop.getOrder({ id: order.id })).total;
  return { total };
}
";

fn two_orders() -> Case {
    let ids = json!([{"id": 1}, {"id": 2}]);
    case(
        json!({"customer": "C-1"}),
        vec![
            call("listOrders", json!({"customer": "C-1"}), Ok(ids)),
            call("getOrder", json!({"id": 1}), Ok(json!({"total": 10}))),
            call("getOrder", json!({"id": 2}), Ok(json!({"total": 20.5}))),
        ],
        json!({"total": 30.5}),
    )
}

#[test]
fn a_skill_does_what_is_recorded() {
    check(TOTAL, &two_orders(), &expect!["as recorded"]);
    let other = Case { expected: json!({"total": 1}), ..two_orders() };
    check(TOTAL, &other, &expect![[r#"it gives {"total":30.5} and not {"total":1}"#]]);
    let mut more = two_orders();
    more.calls.push(call("getOrder", json!({"id": 3}), Ok(json!(null))));
    check(
        TOTAL,
        &more,
        &expect![[r#"it does not call `shop.getOrder` with {"id":3}, which is recorded"#]],
    );
    let mut fewer = two_orders();
    fewer.calls.pop();
    check(
        TOTAL,
        &fewer,
        &expect![
            "it failed: ToolError: no answer of `shop.getOrder` to these arguments is recorded"
        ],
    );
    check(
        &TOTAL.replace("customer: input", "client: input"),
        &two_orders(),
        &expect![
            "it failed: ToolError: no answer of `shop.listOrders` to these arguments is recorded"
        ],
    );
    check("export const x = 1;", &two_orders(), &expect!["it failed: `run` is not declared"]);
}

#[test]
fn a_repeated_call_gets_its_next_answer() {
    let code = "import { next } from './servers/shop';
export const run = async () => [await next(), await next(), await next().catch((e) => e.message)];";
    let next = |answer| call("next", json!({}), answer);
    let calls = vec![next(Ok(json!(1))), next(Ok(json!(2))), next(Err("no more"))];
    check(code, &case(json!({}), calls, json!([1, 2, "no more"])), &expect!["as recorded"]);
    let once = case(json!({}), vec![next(Ok(json!(1)))], json!([1, 1, 1]));
    check(
        code,
        &once,
        &expect!["it failed: ToolError: no answer of `shop.next` to these arguments is recorded"],
    );
    let rehearsed = played(&package(code), &once, Repeats::Last);
    assert_eq!(rehearsed.outcome.unwrap(), json!([1, 1, 1]));
}

#[test]
fn a_clock_and_chance_are_the_same_each_time() {
    let code = "export async function run() {
  await new Promise((done) => setTimeout(done, 1));
  return { now: new Date().toISOString(), chance: Math.random() };
}";
    let recorded = case(json!(null), Vec::new(), json!(null));
    let first = played(&package(code), &recorded, Repeats::Strict).outcome.unwrap();
    let second = played(&package(code), &recorded, Repeats::Strict).outcome.unwrap();
    assert_eq!(first, second);
    assert_eq!(first["now"], "2026-01-01T00:00:00.000Z");
    let recorded = Case { clock: Some(951_782_400_000), ..recorded };
    let other = played(&package(code), &recorded, Repeats::Strict).outcome.unwrap();
    assert_eq!(other["now"], "2000-02-29T00:00:00.000Z");
}

#[test]
fn checks_are_functions_or_have_a_name() {
    let code = "export const run = async (input: { n: number }) => ({ twice: input.n * 2 });
const isEven = (input, output) => output.twice % 2 === 0;
export const checks = [
  isEven,
  { name: 'is positive', holds: (input, output) => output.twice > 0 || `${output.twice} is not` },
  () => { throw new Error('broken'); },
  () => undefined,
];";
    let given = case(json!({"n": -1}), Vec::new(), json!({"twice": -2}));
    let rehearsed = played(&package(code), &given, Repeats::Strict);
    let told: Vec<String> =
        rehearsed.checks.iter().map(|it| format!("{}: {:?}", it.name, it.failure)).collect();
    expect![[r#"
        isEven: None
        is positive: Some("-2 is not")
        check 3: Some("broken")
        check 4: Some("it gives undefined")"#]]
    .assert_eq(&told.join("\n"));
    check(code, &given, &expect!["its check `is positive` does not hold: -2 is not"]);
}

#[test]
fn a_tool_that_no_case_recorded_can_still_be_named() {
    let code = "import * as shop from './servers/shop';
export async function run(input: { refund: boolean }) {
  if (input.refund) await shop.refundOrder({ id: 1 });
  return 'done';
}";
    check(
        code,
        &case(json!({"refund": false}), Vec::new(), json!("done")),
        &expect!["as recorded"],
    );
    check(
        code,
        &case(json!({"refund": true}), Vec::new(), json!("done")),
        &expect![
            "it failed: ToolError: no answer of `shop.refundOrder` to these arguments is recorded"
        ],
    );
}

#[test]
fn a_skill_may_import_another() {
    let twice = Package::new(
        SkillName::new("twice").unwrap(),
        "Twice.",
        "import * as shop from './servers/shop';
export async function run(input: { id: number }) { return 2 * (await shop.getOrder(input)).total; }
",
    );
    let package = package(
        "import { run as twice } from './skills/twice';
export async function run(input: { id: number }) { return { total: await twice(input) }; }
",
    );
    let given = case(
        json!({"id": 1}),
        vec![call("getOrder", json!({"id": 1}), Ok(json!({"total": 10})))],
        json!({"total": 20}),
    );
    let limits = Limits::default();
    let skills = vec![twice];
    let rehearsal = Rehearsal { package: &package, servers: Vec::new(), skills, limits };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let played = runtime.block_on(rehearsal.play(sandbox(), &given, Repeats::Strict));
    assert_eq!(played.difference(&given), None);
}

#[test]
fn an_error_has_the_place_in_the_skill() {
    let code = "export async function run(input) {\n  return input.a.b;\n}";
    let failure = played(&package(code), &case(json!({}), Vec::new(), json!(1)), Repeats::Strict)
        .outcome
        .unwrap_err();
    assert_eq!((failure.line, failure.column), (Some(2), Some(10)), "{failure:?}");
}

fn hardened(code: &str) -> workroom_skill::harden::Report {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut package = package(code);
    package.cases = vec![two_orders()];
    let limits = Limits::default();
    let rehearsal =
        Rehearsal { package: &package, servers: Vec::new(), skills: Vec::new(), limits };
    runtime.block_on(harden(&rehearsal, sandbox(), &|_, _| {}))
}

#[test]
fn a_careless_skill_fails_silently_and_a_careful_one_does_not() {
    let careless = hardened(TOTAL);
    assert!(careless.broken.is_empty(), "{:?}", careless.broken);
    expect![[r#"
        | drift | a-skill |
        |---|---|
        | field missing | 0 / 1 / 1 |
        | field missing in one row | 0 / 1 / 0 |
        | field is null | 0 / 1 / 1 |
        | field is null in one row | 0 / 1 / 0 |
        | field renamed | 0 / 1 / 1 |
        | number as text | 1 / 0 / 1 |
        | empty list | 0 / 0 / 1 |
        | one item instead of a list | 0 / 1 / 0 |
        | 10 times as many rows | 0 / 0 / 1 |
        | a field more | 2 / 0 / 0 |
        | answer inside an object | 0 / 1 / 1 |
        | a page of HTML | 0 / 1 / 1 |
        | null instead of an answer | 0 / 2 / 0 |
        | the call fails | 0 / 2 / 0 |
        | all | 3 / 12 / 8 |
    "#]]
    .assert_eq(&workroom_skill::harden::markdown(std::slice::from_ref(&careless)));
    assert!(careless.count(Verdict::Silent) > 5, "{}", careless.text());

    let careful = hardened(
        "import * as shop from './servers/shop';
const number = (value: unknown, name: string): number => {
  if (typeof value !== 'number') throw new Error(`${name} is no number: ${JSON.stringify(value)}`);
  return value;
};
export async function run(input: { customer: string }) {
  const orders = await shop.listOrders({ customer: input.customer });
  if (!Array.isArray(orders)) throw new Error('listOrders gave no list');
  let total = 0;
  for (const order of orders) {
    total += number((await shop.getOrder({ id: number(order?.id, 'id') }))?.total, 'total');
  }
  return { total };
}
export const checks = [function isATotal(input, output) { return output.total >= 0; }];
",
    );
    assert!(careful.is_hard(), "{}", careful.text());
    assert!(careful.count(Verdict::Right) > 0);
}
