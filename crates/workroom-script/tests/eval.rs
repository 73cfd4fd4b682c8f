//! What compiled scripts give when QuickJS evaluates them.

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
    options.filename = Some("script.ts".to_owned());
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

/// The script's place that a line of a stack, `at f (script.ts:3:7)`, speaks of.
fn place(line: &str, program: &workroom_script::Program) -> Option<Position> {
    let (_, place) = line.split_once("script.ts:")?;
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
    check(&["1 + 1"], &expect![[""]]);
    check(&["return [1]"], &expect![[""]]);
    check(&["export default { a: 1 }"], &expect![[""]]);
    check(&["export default async () => 3"], &expect![[""]]);
    check(&["async () => { return 4 }"], &expect![[""]]);
    check(&["async function main() { return 5 }"], &expect![[""]]);
    check(&["'text'"], &expect![[""]]);
    check(&["Promise.resolve(7)"], &expect![[""]]);
    check(&["const a = 8"], &expect![[""]]);
    check(&["({ a: 1 })"], &expect![[""]]);
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
        &expect![[""]],
    );
}

#[test]
fn every_run_may_declare_the_same_names() {
    check(&["const a = 1; class K {}", "let a = 2, K = 3; [a, K]"], &expect![[""]]);
    check(&["const f = 1", "function f() { return 2 } f()"], &expect![[""]]);
    check(&["function f() {}", "const f = 3; f"], &expect![[""]]);
    check(&["let a = 1", "let a; a === undefined"], &expect![[""]]);
    check(&["enum E { A, B }", "enum E { C } Object.keys(E)"], &expect![[""]]);
    check(&["const E = 5", "enum E { C } E.C"], &expect![[""]]);
}

#[test]
fn a_throwing_initialiser_poisons_nothing() {
    check(&["const a = null.x", "const a = 2; a"], &expect![[""]]);
}

#[test]
fn imports_reach_tools() {
    check(
        &["import { getContact as g, list_deals } from './servers/crm';\n\
           import * as shop from 'servers/shop-eu'; import one from './servers/crm/getContact.ts';\n\
           await Promise.all([g({ id: 1 }), list_deals(), shop.getOrder(2), one()])"],
        &expect![[""]],
    );
    check(&["import * as crm from './servers/crm'; crm.list_deals()"], &expect![[""]]);
}

#[test]
fn the_global_servers_reaches_tools() {
    check(&["servers.crm.getContact()"], &expect![[""]]);
    check(&["Object.keys(servers)"], &expect![[""]]);
    check(
        &["const f = () => servers.crm.getContact()", "await servers.shopEu.getOrder(); await f()"],
        &expect![[""]],
    );
    check(&["const servers = [1, 2]", "servers.length"], &expect![[""]]);
}

#[test]
fn hoisted_functions_see_inner_vars() {
    check(
        &["for (var i = 0; i < 3; i++) { var last = i } function f() { return [i, last] } f()"],
        &expect![[""]],
    );
}

#[test]
fn an_exception_is_placed_in_the_script() {
    check(&["const a: number = 1;\n\n  null.x"], &expect![[""]]);
    check(
        &["interface I { a: 1 }\nfunction f(x: any) {\n  return x.y.z;\n}\nconst a = f({});"],
        &expect![[""]],
    );
    check(&["```ts\n/* é𝄞 */ const s = 'é𝄞'; null.x;\n```"], &expect![[""]]);
    check(&["const s = `\r\n é \u{2028} ${1}`;\r\nthrow new Error('no')"], &expect![[""]]);
    check(&["enum E { A }\nconst x = { a: 1, b: undefinedName };"], &expect![[""]]);
}

#[test]
fn odd_text_means_what_it_says() {
    check(&["'</script>' + `</script>`"], &expect![[""]]);
    check(&["let x = 2, n = 0; while (x-->0) n++; n"], &expect![[""]]);
    check(&["['\u{2028}'.length, `\u{2029}`.length]"], &expect![[""]]);
    check(&["const \\u{70}rocess = 1; \\u0070rocess"], &expect![[""]]);
    check(&["#!/usr/bin/env node\n1"], &expect![[""]]);
    check(&["for (var async of [4]) ; async"], &expect![[""]]);
}
