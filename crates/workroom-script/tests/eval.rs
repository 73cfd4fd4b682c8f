//! What compiled scripts give when QuickJS evaluates them.

#![allow(clippy::unwrap_used, reason = "a helper of a test may panic as the test may")]

mod support;

use expect_test::{Expect, expect};
use rquickjs::{CatchResultExt, Context, Ctx, Promise, Runtime, Value};
use support::Catalog;
use workroom_script::Position;

/// Stands for the guest: functions that answer with what they were called with.
const GUEST: &str = "globalThis.__workroom = { module: (server, list) => Object.freeze(\
    Object.fromEntries(list.map(([name, tool]) => \
    [name, async (input) => ({ server, tool, input: input ?? null })]))) };";

fn session(evaluate: impl FnOnce(&Ctx<'_>)) {
    let runtime = Runtime::new().unwrap();
    let context = Context::full(&runtime).unwrap();
    context.with(|ctx| {
        ctx.eval::<(), _>(GUEST).unwrap();
        evaluate(&ctx);
    });
}

/// Evaluates one script: its value as JSON, or its exception with the place in the script.
fn run(ctx: &Ctx<'_>, source: &str) -> String {
    let program = match workroom_script::compile(source, &Catalog) {
        Ok(program) => program,
        Err(diagnostics) => panic!("{diagnostics:#?}"),
    };
    let mut options = rquickjs::context::EvalOptions::default();
    options.strict = false;
    let result = ctx
        .eval_with_options::<Promise, _>(program.code.as_str(), options)
        .and_then(|promise| promise.finish::<Value>());
    match result.catch(ctx) {
        Ok(value) => match ctx.json_stringify(value).unwrap() {
            Some(json) => json.to_string().unwrap(),
            None => "undefined".to_owned(),
        },
        Err(rquickjs::CaughtError::Exception(error)) => {
            let stack = error.stack().unwrap_or_default();
            let place = stack.lines().find_map(|line| place(line, &program));
            let place = place.map_or("?".to_owned(), |at| format!("{}:{}", at.line, at.column));
            format!("{} at {place}", error.message().unwrap_or_default())
        }
        Err(other) => format!("{other:?}"),
    }
}

/// The script's place that a line of a stack, `at f (eval_script:3:7)`, speaks of.
fn place(line: &str, program: &workroom_script::Program) -> Option<Position> {
    let (_, place) = line.split_once("eval_script:")?;
    let (line, column) = place.trim_end_matches(')').split_once(':')?;
    program.original(line.parse().ok()?, column.parse().ok()?)
}

/// Runs scripts one after the other in one session and compares the last one's value.
#[track_caller]
fn check(sources: &[&str], expected: &Expect) {
    session(|ctx| {
        let values: Vec<String> = sources.iter().map(|source| run(ctx, source)).collect();
        expected.assert_eq(values.last().unwrap());
    });
}

#[test]
fn every_form_of_output_gives_its_value() {
    check(&["1 + 1"], &expect!["2"]);
    check(&["return [1]"], &expect!["[1]"]);
    check(&["export default { a: 1 }"], &expect![[r#"{"a":1}"#]]);
    check(&["export default async () => 3"], &expect!["3"]);
    check(&["async () => { return 4 }"], &expect!["4"]);
    check(&["async function main() { return 5 }"], &expect!["5"]);
    check(&["'text'"], &expect![[r#""text""#]]);
    check(&["Promise.resolve(7)"], &expect!["7"]);
    check(&["const a = 8"], &expect!["undefined"]);
    check(&["({ a: 1 })"], &expect![[r#"{"a":1}"#]]);
}

#[test]
fn variables_functions_and_classes_outlive_their_run() {
    check(
        &[
            "const { a, b: [c = 3] } = { a: 1, b: [] }; let d = 4; function f() { return a + d }\n\
             class K { x = 1 }\nenum E { A = 7 }\nimport * as crm from './servers/crm';",
            "d += 1",
            "[a, c, d, f(), new K().x, E.A, await crm.getContact({ id: 9 })]",
        ],
        &expect![[r#"[1,3,5,6,1,7,{"server":"crm","tool":"get_contact","input":{"id":9}}]"#]],
    );
}

#[test]
fn every_run_may_declare_the_same_names() {
    check(&["const a = 1; class K {}", "let a = 2, K = 3; [a, K]"], &expect!["[2,3]"]);
    check(&["const f = 1", "function f() { return 2 } f()"], &expect!["2"]);
    check(&["function f() {}", "const f = 3; f"], &expect!["3"]);
    check(&["let a = 1", "let a; a === undefined"], &expect!["true"]);
    check(&["enum E { A, B }", "enum E { C } Object.keys(E)"], &expect![[r#"["0","C"]"#]]);
    check(&["const E = 5", "enum E { C } E.C"], &expect!["0"]);
}

#[test]
fn a_throwing_initialiser_poisons_nothing() {
    check(&["const a = null.x", "const a = 2; a"], &expect!["2"]);
}

#[test]
fn imports_reach_tools() {
    check(
        &["import { getContact as g, list_deals } from './servers/crm';\n\
           import * as shop from 'servers/shop-eu'; import one from './servers/crm/getContact.ts';\n\
           await Promise.all([g({ id: 1 }), list_deals(), shop.getOrder(2), one()])"],
        &expect![[
            r#"[{"server":"crm","tool":"get_contact","input":{"id":1}},{"server":"crm","tool":"list_deals","input":null},{"server":"shop-eu","tool":"getOrder","input":{"id":2}},{"server":"crm","tool":"get_contact","input":null}]"#
        ]],
    );
    check(
        &["import * as crm from './servers/crm'; crm.list_deals()"],
        &expect![[r#"{"server":"crm","tool":"list_deals","input":null}"#]],
    );
}

#[test]
fn the_global_servers_reaches_tools() {
    check(
        &["servers.crm.getContact()"],
        &expect![[r#"{"server":"crm","tool":"get_contact","input":null}"#]],
    );
    check(&["Object.keys(servers)"], &expect![[r#"["crm","shopEu","shop-eu"]"#]]);
    check(
        &["const f = () => servers.crm.getContact()", "await servers.shopEu.getOrder(); await f()"],
        &expect![[r#"{"server":"crm","tool":"get_contact","input":null}"#]],
    );
    check(&["const servers = [1, 2]", "servers.length"], &expect!["2"]);
}

#[test]
fn hoisted_functions_see_inner_vars() {
    check(
        &["for (var i = 0; i < 3; i++) { var last = i } function f() { return [i, last] } f()"],
        &expect!["[3,2]"],
    );
}

#[test]
fn an_exception_is_placed_in_the_script() {
    check(&["const a: any = null;\n\n  a.x"], &expect!["cannot read property 'x' of null at 3:3"]);
    check(
        &["interface I { a: 1 }\nfunction f(x: any) {\n  return x.y.z;\n}\nconst a = f({});"],
        &expect!["cannot read property 'z' of undefined at 3:10"],
    );
    check(
        &["```ts\n/* é𝄞 */ const s: any = 'é𝄞', n: any = null; n.x;\n```"],
        &expect!["cannot read property 'x' of null at 2:46"],
    );
    check(&["const s = `\r\n é \u{2028} ${1}`;\r\nthrow new Error('no')"], &expect!["no at 3:11"]);
    check(
        &["const n: any = null, r = 'éééééééééé漢𝄞' + n.x + (1 + 2 + 3);"],
        &expect!["cannot read property 'x' of null at 1:43"],
    );
    check(
        &["enum E { A }\nconst x = { a: 1, b: undefinedName };"],
        &expect!["undefinedName is not defined at 2:22"],
    );
}

#[test]
fn odd_text_means_what_it_says() {
    check(&["'</script>' + `</script>`"], &expect![[r#""</script></script>""#]]);
    check(&["let x = 2, n = 0; while (x-->0) n++; n"], &expect!["2"]);
    check(&["['\u{2028}'.length, `\u{2029}`.length]"], &expect!["[1,1]"]);
    check(&["const \\u{70}rocess = 1; \\u0070rocess"], &expect!["1"]);
    check(&["#!/usr/bin/env node\n1"], &expect!["1"]);
    check(&["for (var async of [4]) ; async"], &expect!["4"]);
}
