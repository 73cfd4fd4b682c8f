//! What an agent reads of a script that failed: the line, the values there, the next step.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gateway;

use expect_test::{Expect, expect};
use gateway::{Gateway, Rule, data, tool};
use serde_json::json;
use workroom_engine::{
    FailureKind,
    upstreams::{Again, CallError, ToolOutput},
};
use workroom_types::{Limit, Limits};

const TOOLS: &[(&str, Rule)] = &[
    ("get_invoice", |_| {
        data(
            &json!({ "id": "inv_1", "items": [{ "sku": "A", "amount": 3 }, { "sku": "B" }], "total": 3 }),
        )
    }),
    ("list_invoices", |_| data(&json!({ "invoices": [{ "id": "inv_1" }], "total": 1 }))),
    ("read_page", |_| {
        gateway::content(&json!([{ "type": "text", "text": "<html>Not found</html>" }]))
    }),
    ("create_refund", |_| data(&json!({ "ok": true }))),
    ("create_report", |_| {
        let (tool, again) = (tool("create_report"), Again::default());
        Err(CallError::Timeout { tool, timeout_ms: 5, again })
    }),
    ("refuse", |_| {
        let content = vec![json!({ "type": "text", "text": "amount must be positive" })];
        Ok(ToolOutput { content, is_error: true, ..ToolOutput::default() })
    }),
];

const IMPORT: &str = "import * as crm from './servers/crm';\n";

/// Runs `code` in a session of its own, after the import of `crm`.
#[track_caller]
fn check(code: &str, expected: &Expect) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let gateway = Gateway::new(TOOLS, gateway::patient());
    expected.assert_eq(&runtime.block_on(gateway.told(&format!("{IMPORT}{code}"))));
}

#[test]
fn a_field_that_is_not_there() {
    check(
        "const invoice = await crm.getInvoice({ id: 'inv_1' });
const total = invoice.lines.reduce((sum, line) => sum + line.amount, 0);
return total;",
        &expect![[r#"
            error
            TypeError: cannot read property 'reduce' of undefined
            3 | const total = invoice.lines.reduce((sum, line) => sum + line.amount, 0);
              |               ^
            invoice.lines: undefined; invoice has: id, items[2], total
            hint: the list in it is `invoice.items`
            calls that only read: crm.get_invoice
            kept for the next run: invoice; not set: total
        "#]],
    );
}

#[test]
fn a_field_with_a_name_much_like_it() {
    check(
        "const i = await crm.getInvoice({});\nreturn i.item[0].sku;",
        &expect![[r#"
        error
        TypeError: cannot read property '0' of undefined
        3 | return i.item[0].sku;
          |        ^
        i.item: undefined; i has: id, items[2], total
        hint: did you mean `i.items`?
        calls that only read: crm.get_invoice
        kept for the next run: i
    "#]],
    );
}

#[test]
fn a_forgotten_await() {
    check(
        "const list = crm.listInvoices({});\nreturn list.invoices.length;",
        &expect![[r#"
            error
            `list` is a promise and has no `invoices`
            2 | const list = crm.listInvoices({});
              |              ^
            hint: add `await` where `list` is made: `list = await crm.listInvoices(…)`
            nothing was called: correct it and run it again
        "#]],
    );
    check(
        "return crm.listInvoices({}).invoices.map(i => i.id);",
        &expect![[r#"
            error
            `crm.listInvoices()` is a promise and has no `invoices`
            2 | return crm.listInvoices({}).invoices.map(i => i.id);
              |        ^
            hint: add `await`: `(await crm.listInvoices({})).invoices`
            nothing was called: correct it and run it again
        "#]],
    );
}

#[test]
fn an_object_that_holds_the_list() {
    check(
        "const list = await crm.listInvoices({});\nreturn list.map(i => i.id);",
        &expect![[r#"
        error
        TypeError: not a function
        3 | return list.map(i => i.id);
          |             ^
        list.map: undefined; list has: invoices[1], total
        hint: the list in it is `list.invoices`
        calls that only read: crm.list_invoices
        kept for the next run: list
    "#]],
    );
    check(
        "const list = await crm.listInvoices({});\nfor (const i of list) console.log(i);",
        &expect![[r#"
            error
            TypeError: value is not iterable
            3 | for (const i of list) console.log(i);
              |                 ^
            list has: invoices[1], total
            hint: iterate the list in it: `list.invoices`
            calls that only read: crm.list_invoices
            kept for the next run: list
        "#]],
    );
    check(
        "const [first] = await crm.listInvoices({});\nreturn first;",
        &expect![[r#"
        error
        TypeError: value is not iterable
        2 | const [first] = await crm.listInvoices({});
          |       ^
        (await crm.listInvoices(…)) has: invoices[1], total
        hint: iterate the list in it: `(await crm.listInvoices(…)).invoices`
        calls that only read: crm.list_invoices
        not set: first
    "#]],
    );
}

#[test]
fn nothing_was_found() {
    check(
        "const { invoices } = await crm.listInvoices({});
return invoices.find(i => i.id === 'inv_9').id;",
        &expect![[r#"
            error
            TypeError: cannot read property 'id' of undefined
            3 | return invoices.find(i => i.id === 'inv_9').id;
              |                 ^
            invoices.find(…): undefined; invoices: array(1) of { id }
            hint: it found nothing: test for that before using it, or write `?.`
            calls that only read: crm.list_invoices
            kept for the next run: invoices
        "#]],
    );
}

#[test]
fn one_of_many_at_once() {
    check(
        "const ids = ['a', 'b', 'c'];
const prices = { a: { net: 1 }, c: { net: 3 } };
const nets = await Promise.all(ids.map(async (id) => {
  await crm.getInvoice({ id });
  return prices[id].net;
}));",
        &expect![[r#"
            error
            TypeError: cannot read property 'net' of undefined
            6 |   return prices[id].net;
              |                 ^
            prices[id]: undefined; prices has: a, c
            also there: id: text(1)
            hint: `prices` has no key "b" (`id`): test for it, write `?.`, or set it first
            calls that only read: 3 × crm.get_invoice
            kept for the next run: ids, prices; not set: nets
        "#]],
    );
}

#[test]
fn a_function_that_is_none() {
    check(
        "const invoice = await crm.getInvoice({});\nreturn invoice.total();",
        &expect![[r#"
            error
            TypeError: not a function
            3 | return invoice.total();
              |                ^
            invoice.total: number; invoice has: id, items[2], total
            hint: `invoice.total` is a number and no function
            calls that only read: crm.get_invoice
            kept for the next run: invoice
        "#]],
    );
    check(
        "const sum = 3;\nreturn sum(1, 2);",
        &expect![[r#"
            error
            TypeError: not a function
            3 | return sum(1, 2);
              |        ^
            sum: number
            hint: `sum` is a number and no function
            kept for the next run: sum
        "#]],
    );
    check(
        "const a = 'x';\nreturn a.trimm();",
        &expect![[r#"
            error
            TypeError: not a function
            3 | return a.trimm();
              |          ^
            a.trimm: undefined; a: text(1)
            hint: did you mean `a.trim`?
            kept for the next run: a
        "#]],
    );
}

#[test]
fn nothing_to_set_a_field_of() {
    check(
        "const groups = {};\nfor (const k of ['a']) {\n  groups[k].count = 1;\n}",
        &expect![[r#"
            error
            TypeError: cannot set property 'count' of undefined
            4 |   groups[k].count = 1;
              |          ^
            groups[k]: undefined; groups: {}
            also there: k: text(1)
            hint: `groups` has no key "a" (`k`): test for it, write `?.`, or set it first
            kept for the next run: groups
        "#]],
    );
}

#[test]
fn null_in_a_nested_field() {
    check(
        "function city(c) {\n  return c.address.city;\n}\nreturn city({ address: null, name: 'Ada' });",
        &expect![[r#"
            error
            TypeError: cannot read property 'city' of null
            3 |   return c.address.city;
              |          ^
            c.address: null; c has: address, name
            hint: `c.address` is there without a value: test for it
            kept for the next run: city
        "#]],
    );
}

#[test]
fn a_name_that_is_not_declared() {
    check(
        "const invoices = [1];\nreturn globalThis.x ?? (() => { return eval('invoces') })();",
        &expect![[r#"
            error
            ReferenceError: invoces is not defined
            3 | return globalThis.x ?? (() => { return eval('invoces') })();
              |                                        ^
            hint: did you mean `invoices`?
            kept for the next run: invoices
        "#]],
    );
}

#[test]
fn text_that_is_no_json() {
    check(
        "const page = await crm.readPage({});\nreturn JSON.parse(page).items;",
        &expect![[r#"
            error
            SyntaxError: unexpected token: '<'
            3 | return JSON.parse(page).items;
              |                   ^
            page: text(22) "<html>Not found</html>"
            hint: `page` is no JSON, as its beginning shows: use it as text
            calls that only read: crm.read_page
            kept for the next run: page
        "#]],
    );
    check(
        "const invoice = await crm.getInvoice({});\nreturn JSON.parse(invoice);",
        &expect![[r#"
        error
        SyntaxError: unexpected token: 'object'
        3 | return JSON.parse(invoice);
          |                   ^
        invoice has: id, items[2], total
        hint: `invoice` is data already: use it without JSON.parse
        calls that only read: crm.get_invoice
        kept for the next run: invoice
    "#]],
    );
    check(
        "return JSON.parse(await crm.readPage({}));",
        &expect![[r#"
            error
            SyntaxError: unexpected token: '<'
            2 | return JSON.parse(await crm.readPage({}));
              |                             ^
            (await crm.readPage(…)): text(22) "<html>Not found</html>"
            hint: `(await crm.readPage(…))` is no JSON, as its beginning shows: use it as text
            calls that only read: crm.read_page
        "#]],
    );
}

#[test]
fn what_is_taken_apart_is_not_there() {
    check(
        "const { invoices: [{ lines }] } = await crm.listInvoices({});\nreturn lines.length;",
        &expect![[r#"
            error
            TypeError: cannot read property 'length' of undefined
            3 | return lines.length;
              |        ^
            lines: undefined
            hint: `lines` is undefined here: test for it before using it, or write `?.`
            calls that only read: crm.list_invoices
            not set: lines
        "#]],
    );
    check(
        "const load = async () => {};\nconst { a } = await load();",
        &expect![[r#"
            error
            TypeError: Cannot convert undefined or null to object
            3 | const { a } = await load();
              |       ^
            (await load()): undefined
            hint: it gave no value: test for that before using it, or write `?.`
            kept for the next run: load; not set: a
        "#]],
    );
}

#[test]
fn a_tools_error_keeps_its_words_and_says_whether_to_repeat() {
    check(
        "await crm.refuse({ amount: -1 });",
        &expect![[r#"
            error
            ToolError: amount must be positive
            2 | await crm.refuse({ amount: -1 });
              |           ^
            crm.refuse · code: tool_error
            hint: the tool refused this call: change its arguments, as the same would be refused again
            calls that failed: crm.refuse
        "#]],
    );
    check(
        "await crm.createRefund({});\nawait crm.createReport({});",
        &expect![[r#"
            error
            ToolError: tool `crm.create_report` did not answer within 5 ms
            3 | await crm.createReport({});
              |           ^
            crm.create_report · code: call_timeout
            hint: it may have happened: read the state first, and repeat it only if nothing has changed
            calls that may have changed something: crm.create_refund; calls that failed: crm.create_report
        "#]],
    );
}

#[test]
fn the_scripts_own_errors() {
    check(
        "const n = 3;\nif (n > 2) throw new Error(`too many: ${n}`);",
        &expect![[r#"
            error
            Error: too many: 3
            3 | if (n > 2) throw new Error(`too many: ${n}`);
              |                                         ^
            values there: n: number
            kept for the next run: n
        "#]],
    );
    check(
        "throw { code: 7 };",
        &expect![[r#"
            error
            the script threw { code: 7 }
            hint: throw `new Error('…')`: it knows the line that it comes from
        "#]],
    );
}

#[test]
fn what_was_done_and_what_is_kept() {
    check(
        "const invoice = await crm.getInvoice({});
await crm.createRefund({ id: invoice.id });
let note;
const lines = invoice.lines.length;
const more = 1;",
        &expect![[r#"
            error
            TypeError: cannot read property 'length' of undefined
            5 | const lines = invoice.lines.length;
              |               ^
            invoice.lines: undefined; invoice has: id, items[2], total
            hint: the list in it is `invoice.items`
            calls that may have changed something: crm.create_refund; calls that only read: crm.get_invoice
            kept for the next run: invoice; not set: note, lines, more
        "#]],
    );
}

#[test]
fn a_function_of_an_earlier_run() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let gateway = Gateway::new(TOOLS, gateway::patient());
    runtime.block_on(async {
        gateway
            .run("function total(order) {\n  return order.lines.length;\n}\nconst base = { a: 1 };")
            .await;
        let told = gateway.told("return total({ id: 1 });").await;
        expect![[r#"
            error
            TypeError: cannot read property 'length' of undefined
            2 |   return order.lines.length;
              |          ^
            (in the code of an earlier run of this session)
            (its function is of an earlier run, whose values cannot be seen: declare it again in this run to see them)
        "#]]
        .assert_eq(&told);
        // The state before the run is there to play it from.
        let told = gateway.told("const more = 2;\nreturn base.b.c;").await;
        expect![[r#"
            error
            TypeError: cannot read property 'c' of undefined
            2 | return base.b.c;
              |        ^
            base.b: undefined; base has: a
            hint: `base` has no `b`; use one of its keys
            kept for the next run: more
        "#]]
        .assert_eq(&told);
    });
}

#[test]
fn a_diagnosis_that_takes_too_long_is_given_up() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let code = "let n = 0;\nconst base = {};\nwhile (n < 20_000_000) n += 1;\nreturn base.b.c;";
    let at = |millis| {
        let mut limits = Limits::default();
        limits.set(Limit::Diagnosis, millis).unwrap();
        let gateway = Gateway::new(TOOLS, limits);
        runtime.block_on(gateway.run(code)).outcome.unwrap_err().context.values
    };
    assert_eq!(at(0), [""; 0]);
    assert!(at(1)[0].contains("not"), "{:?}", at(1));
}

#[test]
fn a_failed_run_replays_as_it_was() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let gateway = Gateway::new(TOOLS, gateway::patient());
    runtime.block_on(async {
        let code = format!("{IMPORT}const i = await crm.getInvoice({{}});\nreturn i.a.b;");
        let report = gateway.run(&code).await;
        assert_eq!(report.outcome.unwrap_err().kind, FailureKind::Exception);
        // Nothing was called for the diagnosis.
        assert_eq!(gateway.crm.calls.lock().unwrap().len(), 1);
        let replay = workroom_engine::replay(&*gateway.store, &*gateway.sandbox, &report.run);
        assert!(replay.await.unwrap().same);
    });
}
