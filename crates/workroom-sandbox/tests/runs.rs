//! What scripts get back: values, logs, answers of calls, errors with positions.

mod common;

use common::{answer, check, far, open, run};
use expect_test::expect;
use workroom_engine::sandbox::{Answer, TurnState};
use workroom_types::Limits;

#[test]
fn a_value_is_the_completion_value_or_what_its_promise_gives() {
    check(
        "1 + 1",
        expect![[r#"
        = 2
    "#]],
    );
    check(
        "(async () => { await null; return [1, 'two']; })()",
        expect![[r#"
        = [1,"two"]
    "#]],
    );
    check(
        "Promise.resolve({ then: 1 })",
        expect![[r#"
        = {"then":1}
    "#]],
    );
    check(
        "undefined",
        expect![[r#"
        = undefined
    "#]],
    );
    check(
        "(async () => {})()",
        expect![[r#"
        = undefined
    "#]],
    );
    check(
        "null",
        expect![[r#"
        = null
    "#]],
    );
}

#[test]
fn values_that_json_would_lose_are_kept_as_text_or_plain_data() {
    check(
        "NaN",
        expect![[r#"
        = null
    "#]],
    );
    check(
        "[1, Infinity, undefined, , 3]",
        expect![[r#"
        = [1,null,null,null,3]
    "#]],
    );
    check(
        "12345678901234567890n",
        expect![[r#"
        = "12345678901234567890"
    "#]],
    );
    check(
        "({ at: new Date(0), bad: new Date(NaN) })",
        expect![[r#"
        = {"at":"1970-01-01T00:00:00.000Z","bad":null}
    "#]],
    );
    check(
        "new Map([['a', 1], ['__proto__', new Set([1, 2n])]])",
        expect![[r#"
        = {"a":1,"__proto__":[1,"2"]}
    "#]],
    );
    check(
        "new Map([[1, 'one'], [{ k: 1 }, 'two']])",
        expect![[r#"
        = [[1,"one"],[{"k":1},"two"]]
    "#]],
    );
}

#[test]
fn values_that_json_would_drop_say_what_they_were() {
    check(
        "[function named() {}, () => 1, class K {}, Symbol('s')]",
        expect![[r#"
        = ["[function named]","[function anonymous]","[function K]","Symbol(s)"]
    "#]],
    );
    check(
        "({ e: Object.assign(new RangeError('far'), { code: 7 }) })",
        expect![[r#"
        = {"e":{"name":"RangeError","message":"far","code":7}}
    "#]],
    );
    check(
        "[/a+/g, new Uint8Array([1, 2]), Object(5n), new URL('https://a.b/c')]",
        expect![[r#"
        = ["/a+/g",[1,2],"5","https://a.b/c"]
    "#]],
    );
    check(
        "({ forgotten: Promise.resolve(1), u: undefined })",
        expect![[r#"
        = {"forgotten":"[promise, not awaited]"}
    "#]],
    );
    check(
        "class P { #x = 1; y = 2; get z() { return 3; } } new P()",
        expect![[r#"
        = {"y":2}
    "#]],
    );
    check(
        "({ toJSON() { return { m: new Map([['k', 1]]) }; } })",
        expect![[r#"
        = {"m":{"k":1}}
    "#]],
    );
    check(
        "'\\ud800 \\u{1F600} \\\\ud800'",
        expect![[r#"
        = "\ufffd 😀 \\ud800"
    "#]],
    );
    let deep = run(&mut open(), "let d = 0; for (let i = 0; i < 150; i++) d = [d]; d");
    assert_eq!(deep, format!("= {}0{}\n", "[".repeat(150), "]".repeat(150)));
}

#[test]
fn a_value_that_holds_itself_says_where() {
    check(
        "const o = { a: { b: [] } }; o.a.b.push(o); o",
        expect![[r#"
        threw TypeError: the returned value refers to itself at .a.b[0]
    "#]],
    );
    check(
        "const m = new Map(); m.set('odd key', m); m",
        expect![[r#"
        threw TypeError: the returned value refers to itself at ["odd key"]
    "#]],
    );
    check(
        "const shared = { x: 1n }; [shared, shared]",
        expect![[r#"
        = [{"x":"1"},{"x":"1"}]
    "#]],
    );
}

#[test]
fn logs_are_formatted_as_node_does() {
    check(
        "console.log('plain', 1, true, null, undefined, 10n)",
        expect![[r#"
        plain 1 true null undefined 10n
        = undefined
    "#]],
    );
    check(
        "console.info('%s has %d of %i, %j %o %%', 'a', 1.5, 2.7, { x: 1 }, [1], 'rest')",
        expect![[r#"
        info: a has 1.5 of 2, {"x":1} [ 1 ] % rest
        = undefined
    "#]],
    );
    check(
        "console.warn({ a: 'it\\'s', b: [1, , 3], 'odd-key': { deep: { er: { x: { y: 1 } } } } })",
        expect![[r#"
        warn: {
          a: "it's",
          b: [ 1, <empty item>, 3 ],
          'odd-key': { deep: { er: { x: { y: 1 } } } }
        }
        = undefined
    "#]],
    );
    check(
        "console.error(new TypeError('no'), Object.assign(new Error('x'), { code: 1 }))",
        expect![[r#"
        error: TypeError: no Error: x { code: 1 }
        = undefined
    "#]],
    );
    check(
        "console.debug(new Map([['k', { v: 1 }]]), new Set([1]), new Date(0), /x/g)",
        expect![[r#"
        debug: Map(1) { 'k' => { v: 1 } } Set(1) { 1 } 1970-01-01T00:00:00.000Z /x/g
        = undefined
    "#]],
    );
}

#[test]
fn logs_show_cycles_classes_and_long_lists_as_node_does() {
    check(
        "const c = { name: 'c' }; c.self = c; console.log(c, [c])",
        expect![[r#"
        { name: 'c', self: [Circular] } [ { name: 'c', self: [Circular] } ]
        = undefined
    "#]],
    );
    check(
        "console.log(Array.from({ length: 102 }, (_, i) => i).length, \
         [() => 1, class A {}, function f() {}])",
        expect![[r#"
        102 [ [Function: (anonymous)], [class A], [Function: f] ]
        = undefined
    "#]],
    );
    check(
        "class Point { x = 1; y = 2 } \
         console.log(new Point(), Object.create(null), new Uint8Array(2))",
        expect![[r#"
        Point { x: 1, y: 2 } [Object: null prototype] {} Uint8Array(2) [ 0, 0 ]
        = undefined
    "#]],
    );
    check(
        "console.log(Promise.resolve(1), -0, 'x'.repeat(3), Symbol('s'), [undefined])",
        expect![[r#"
        Promise { not awaited } -0 xxx Symbol(s) [ undefined ]
        = undefined
    "#]],
    );
    check(
        "console.log({ list: Array(8).fill('a fairly long text'), n: 1 })",
        expect![[r#"
        {
          list: [
            'a fairly long text',
            'a fairly long text',
            'a fairly long text',
            'a fairly long text',
            'a fairly long text',
            'a fairly long text',
            'a fairly long text',
            'a fairly long text'
          ],
          n: 1
        }
        = undefined
    "#]],
    );
    check(
        "console.log(new Proxy({}, { ownKeys() { throw 1 } }), { get x() { throw 2 } })",
        expect![[r#"
        [a value that throws when it is looked at] { x: [Getter] }
        = undefined
    "#]],
    );
}

#[test]
fn a_table_has_a_column_for_each_key() {
    check(
        "console.table([{ id: 1, name: 'a' }, { id: 22, tag: [1] }, 5])",
        expect![[r#"
        | (index) | id | name | tag   | Values |
        | ------- | -- | ---- | ----- | ------ |
        | 0       | 1  | 'a'  |       |        |
        | 1       | 22 |      | [ 1 ] |        |
        | 2       |    |      |       | 5      |
        = undefined
    "#]],
    );
    check(
        "console.log()",
        expect![[r#"

        = undefined
    "#]],
    );
}

#[test]
fn calls_go_out_together_and_their_answers_come_back() {
    check(
        "(async () => {
           const crm = __workroom.module('crm', [['getContact', 'get-contact'], ['list', 'list']]);
           const [a, b] = await Promise.all([crm.getContact({ id: 1 }), crm.list()]);
           const c = await crm.list({ after: a.id, skip: undefined });
           console.log(Object.keys(crm), crm.getContact.name, await crm);
           return [a, b, c];
         })()",
        expect![[r#"
            -> crm.get-contact({"id":1})
            -> crm.list({})
            -> crm.list({"after":1})
            [ 'getContact', 'list' ] getContact { getContact: [Function: getContact], list: [Function: list] }
            = [{"id":1},{},{"after":1}]
        "#]],
    );
}

#[test]
fn arguments_are_what_json_makes_of_them() {
    check(
        "__workroom.call('m', 'f', { d: new Date(0), u: undefined, s: '\\ud800' })",
        expect![[r#"
        -> m.f({"d":"1970-01-01T00:00:00.000Z","s":"\ufffd"})
        = {"d":"1970-01-01T00:00:00.000Z","s":"�"}
    "#]],
    );
    check(
        "__workroom.call('m', 'f')",
        expect![[r#"
        -> m.f(null)
        = null
    "#]],
    );
    check(
        "__workroom.module('m', [['f', 'f']]).f(null)",
        expect![[r#"
        -> m.f(null)
        = null
    "#]],
    );
    check(
        "const c = {}; c.c = c; __workroom.module('m', [['f', 'f']]).f(c)",
        expect![[r#"
        threw TypeError: circular reference
          @run.ts:1:63
    "#]],
    );
    check(
        "__workroom.module('m', [['f', 'f']]).f({ n: 1n })",
        expect![[r#"
        threw TypeError: BigInt are forbidden in JSON.stringify
          @run.ts:1:37
    "#]],
    );
}

#[test]
fn a_call_that_fails_throws_where_it_was_made() {
    check(
        "const m = __workroom.module('m', [['fail', 'fail']]);
         async function load(id) {
           return await m.fail({ id, message: 'not this', code: 'E' });
         }
         (async () => { await load(7); })()",
        expect![[r#"
            -> m.fail({"id":7,"message":"not this","code":"E"})
            threw ToolError: the tool said no
              load@run.ts:3:27
              @run.ts:5:31
              @run.ts:5:40
        "#]],
    );
    check(
        "(async () => {
           try { await __workroom.call('m', 'fail', { code: 'E' }); }
           catch (e) {
             return [e instanceof Error, e.name, e.message, e.code, Object.keys(e), `${e}`];
           }
         })()",
        expect![[r#"
            -> m.fail({"code":"E"})
            = [true,"ToolError","the tool said no","E",["code"],"ToolError: the tool said no"]
        "#]],
    );
}

#[test]
fn an_unknown_function_of_a_module_names_the_nearest() {
    let module =
        "const crm = __workroom.module('crm', [['getContact', 'a'], ['getContacts', 'b']]);";
    check(
        &format!("{module} crm.getContcat"),
        expect![[r#"
            threw TypeError: module `crm` has no function `getContcat`; the nearest are `getContact`, `getContacts`
              @run.ts:1:84
        "#]],
    );
    check(
        &format!("{module} crm.contacts()"),
        expect![[r#"
            threw TypeError: module `crm` has no function `contacts`; the nearest is `getContacts`
              @run.ts:1:84
        "#]],
    );
    check(
        &format!("{module} crm.zzz"),
        expect![[r#"
            threw TypeError: module `crm` has no function `zzz`; it has 2 functions
              @run.ts:1:84
        "#]],
    );
    check(
        &format!(
            "{module} 'use strict'; try {{ crm.x = 1 }} catch (e) {{}} [`${{crm}}`, 'x' in crm]"
        ),
        expect![[r#"
        = ["[object Object]",false]
    "#]],
    );
}

#[test]
fn variables_and_functions_live_on_between_runs() {
    let mut guest = open();
    run(
        &mut guest,
        "var n = 41; function next() { return ++n; } globalThis.f = async () => next();",
    );
    expect![[r#"
        = 42
    "#]]
    .assert_eq(&run(&mut guest, "f()"));
    expect![[r#"
        = true
    "#]]
    .assert_eq(&run(
        &mut guest,
        "__workroom.module('m', [['f', 'f']]) === __workroom.module('m', [['f', 'f']])",
    ));
    expect![[r#"
        threw Error: 42
          @run.ts:1:17
    "#]]
    .assert_eq(&run(&mut guest, "throw new Error(n)"));
    expect![[r#"
        = 42
    "#]]
    .assert_eq(&run(&mut guest, "n"));
}

#[test]
fn an_exception_has_its_position_in_the_script() {
    check(
        "const x = 1;\nfunction inner() {\n  null.x;\n}\ninner();",
        expect![[r#"
        threw TypeError: cannot read property 'x' of null
          inner@run.ts:3:3
          @run.ts:5:1
    "#]],
    );
    check(
        "(async () => {\n  'use strict';\n  await null;\n  undefinedName;\n})()",
        expect![[r#"
        threw ReferenceError: undefinedName is not defined
          @run.ts:4:3
    "#]],
    );
    check(
        "let a = 1;\nlet b = = 2;",
        expect![[r#"
        threw SyntaxError: unexpected token in expression: '='
          @run.ts:2:9
    "#]],
    );
    check(
        "JSON.parse('{oops')",
        expect![[r#"
        threw SyntaxError: Expected property name or '}' in JSON at position 1 (line 1 column 2)
          @run.ts:1:5
    "#]],
    );
    check(
        "new URL('/relative')",
        expect![[r#"
        threw TypeError: Invalid URL
          @run.ts:1:5
    "#]],
    );
}

#[test]
fn anything_can_be_thrown() {
    check(
        "throw 'text'",
        expect![[r#"
        threw : text
    "#]],
    );
    check(
        "throw null",
        expect![[r#"
        threw : null
    "#]],
    );
    check(
        "throw { code: 1, why: ['a'] }",
        expect![[r#"
        threw : { code: 1, why: [ 'a' ] }
    "#]],
    );
    check(
        "throw { toString() { throw 1 }, get x() { throw 2 } }",
        expect![[r#"
        threw : { toString: [Function: toString], x: [Getter] }
    "#]],
    );
    check(
        "throw new Proxy({}, { get() { throw 1 }, ownKeys() { throw 2 }, \
         getPrototypeOf() { throw 3 } })",
        expect![[r#"
        threw : a value that cannot be shown
    "#]],
    );
    check(
        "const e = new Error('a'); \
         Object.defineProperty(e, 'message', { get() { throw e } }); throw e",
        expect![[r#"
        threw Error: an error that cannot be shown
          @run.ts:1:15
    "#]],
    );
    check(
        "class Odd extends Error { name = 'Odd' } throw new Odd('custom')",
        expect![[r#"
        threw Odd: custom
          Odd@run.ts:1:1
          @run.ts:1:52
    "#]],
    );
    check(
        "Error.prepareStackTrace = () => { throw 1 }; throw new Error('x')",
        expect![[r#"
        threw Error: x
    "#]],
    );
    check(
        "Promise.reject(Symbol('s'))",
        expect![[r#"
        threw : Symbol(s)
    "#]],
    );
}

#[test]
fn a_message_is_capped() {
    let told = run(&mut open(), "throw new Error('é'.repeat(100_000))");
    assert_eq!(told.lines().next().unwrap().len(), "threw Error: ".len() + 64 * 1024);
}

#[test]
fn a_script_that_breaks_the_intrinsics_breaks_only_itself() {
    check(
        "globalThis.Error = globalThis.JSON = globalThis.Promise = globalThis.Object = undefined;
         Array.prototype.push = () => { throw 1 };
         console.log({ a: [1] });
         __workroom.call('m', 'fail', { code: 2 })",
        expect![[r#"
            { a: [ 1 ] }
            -> m.fail({"code":2})
            threw ToolError: the tool said no
              @run.ts:4:21
        "#]],
    );
    check(
        "__workroom = 1; globalThis.__workroom.call = 2; typeof __workroom.call",
        expect![[r#"
        = "function"
    "#]],
    );
}

#[test]
fn what_a_run_left_behind_does_not_reach_the_next() {
    let mut guest = open();
    let code =
        "Promise.resolve().then(function f() { return __workroom.call('m', 'late').then(f); }); 1";
    let turn = common::start(&mut guest, "one.ts", code, &Limits::default(), far());
    assert!(matches!(turn.state, Ok(TurnState::Done(Some(ref value))) if value == "1"));
    let call = turn.calls[0].clone();
    let turn = common::start(
        &mut guest,
        "two.ts",
        "__workroom.call('m', 'new')",
        &Limits::default(),
        far(),
    );
    assert_ne!(turn.calls[0].id, call.id);
    let late = guest.resume(&[answer(&call)], Vec::new());
    assert!(matches!(late.state, Ok(TurnState::Waiting)), "{late:?}");
    let done =
        guest.resume(&[Answer { id: turn.calls[0].id, result: Ok("2".to_owned()) }], Vec::new());
    assert!(matches!(done.state, Ok(TurnState::Done(Some(ref value))) if value == "2"));
}

#[test]
fn a_script_that_waits_for_nothing_is_told_so() {
    check(
        "new Promise(() => {})",
        expect![[r#"
        ! the script waits for a promise that nothing will settle
    "#]],
    );
}

#[test]
fn an_answer_that_is_not_json_rejects_its_call() {
    let mut guest = open();
    let turn =
        common::start(&mut guest, "run.ts", "__workroom.call('m', 'f')", &Limits::default(), far());
    let answer = Answer { id: turn.calls[0].id, result: Ok("{oops".to_owned()) };
    let turn = guest.resume(&[answer], Vec::new());
    assert!(
        matches!(turn.state, Ok(TurnState::Threw(ref e)) if e.name == "SyntaxError"),
        "{turn:?}"
    );
}
