//! What a script passes on beside its value: images and links, and results of earlier runs.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gateway;

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use gateway::{Gateway, Rule, content, data};
use serde_json::{Value, json};
use workroom_types::{Limit, Limits};

const TOOLS: &[(&str, Rule)] = &[
    ("screenshot", |_| {
        content(&json!([
            { "type": "text", "text": "the page" },
            { "type": "image", "data": "iVBORw0KGgo=", "mimeType": "image/png" }
        ]))
    }),
    ("speak", |_| content(&json!([{ "type": "audio", "data": "QUJD", "mimeType": "audio/wav" }]))),
    ("link", |_| {
        content(&json!([{ "type": "resource_link", "uri": "file:///a.pdf", "name": "a.pdf" }]))
    }),
    ("file", |_| {
        content(&json!([{
            "type": "resource",
            "resource": { "uri": "file:///b.bin", "mimeType": "a/b", "blob": "QUJDRA==" }
        }]))
    }),
    ("rows", |given| {
        let count = given.get("count").and_then(Value::as_u64).unwrap_or(3);
        data(&(0..count).map(|n| json!({ "n": n, "name": format!("row {n}") })).collect())
    }),
    ("create_upload", |given| data(&json!({ "got": given.get("data") }))),
];

const IMPORT: &str = "import * as crm from './servers/crm';\n";

/// Runs `codes` one after another in a session; each is shown with the blocks that it passed on.
#[track_caller]
fn check(codes: &[&str], expected: &Expect) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let gateway = Gateway::new(TOOLS, Limits::default());
    let mut told = String::new();
    let mut last = String::new();
    for code in codes {
        // What a long result is cut to depends on the tokens of the run's random id.
        if code.contains("LAST") {
            told.clear();
        }
        let code = format!("{IMPORT}{}", code.replace("LAST", &last));
        let report = runtime.block_on(gateway.run(&code));
        let shown = gateway.engine.present(&report, Some(150), false);
        let (_, text) = shown.text.split_once('\n').unwrap_or_default();
        told.push_str(text);
        told.push('\n');
        for block in &shown.shown {
            writeln!(told, "+ {block}").unwrap();
        }
        told = told.replace(report.run.as_str(), "r_1");
        last = report.run.to_string();
    }
    expected.assert_eq(&told);
}

#[test]
fn binary_content_is_a_handle_and_not_text() {
    check(
        &[
            "const shot = await crm.screenshot();
console.log(shot[1]);
return shot;",
            "return { json: JSON.stringify(shot[1]), data: shot[1].data.length, all: shot.length };",
            "return await crm.file();",
            "return await crm.createUpload({ data: shot[1].data });",
        ],
        &expect![[r#"
            { type: 'image', mimeType: 'image/png', bytes: 8 }
            [{"type":"text","text":"the page"},{"type":"image","mimeType":"image/png","bytes":8}]
            {"json":"{\"type\":\"image\",\"mimeType\":\"image/png\",\"bytes\":8}","data":12,"all":2}
            [{"type":"resource","resource":{"uri":"file:///b.bin","mimeType":"a/b","bytes":4}}]
            {"got":"iVBORw0KGgo="}
        "#]],
    );
}

#[test]
fn show_passes_content_on() {
    check(
        &[
            "const shot = await crm.screenshot();\nshow(shot[1]);\nreturn 'see above';",
            "show(shot, await crm.speak(), await crm.link(), await crm.file());",
            "show({ type: 'image', data: 'QUJD', mimeType: 'image/gif', more: 1 });",
        ],
        &expect![[r#"
            (shown: image, image/png, 8 B)
            see above
            + {"type":"image","data":"iVBORw0KGgo=","mimeType":"image/png"}
            (shown: image, image/png, 8 B)
            (shown: audio, audio/wav, 3 B)
            (shown: link to file:///a.pdf)
            (shown: file:///b.bin)
            + {"type":"image","data":"iVBORw0KGgo=","mimeType":"image/png"}
            + {"type":"audio","data":"QUJD","mimeType":"audio/wav"}
            + {"type":"resource_link","uri":"file:///a.pdf","name":"a.pdf"}
            + {"type":"resource","resource":{"uri":"file:///b.bin","mimeType":"a/b","blob":"QUJDRA=="}}
            (shown: image, image/gif, 3 B)
            + {"type":"image","data":"QUJD","mimeType":"image/gif"}
        "#]],
    );
}

#[test]
fn show_refuses_what_is_no_content() {
    check(
        &[
            "show('text');",
            "show({ type: 'image', data: 5, mimeType: 'image/png' });",
            "show();\nshow([]);",
            "show([{ type: 'text', text: 'a' }]);",
            "let proxy = new Proxy({}, { get() { throw new Error('looked') } });\nshow(proxy);",
        ],
        &expect![[r#"
            TypeError: show() passes on an image, audio, resource or resource link as a tool gave it, and not 'text': return or log other values
            2 | show('text');
              | ^
            TypeError: show() passes on an image, audio, resource or resource link as a tool gave it, and not { type: 'image', data: 5, mimeType: 'image/png' }: return or log other values
            2 | show({ type: 'image', data: 5, mimeType: 'image/png' });
              | ^
            nothing was returned or logged: end with the value, or `return` it
            nothing was returned or logged: end with the value, or `return` it
            Error: looked
            2 | let proxy = new Proxy({}, { get() { throw new Error('looked') } });
              |                                               ^
            kept for the next run: proxy
        "#]],
    );
}

#[test]
fn one_byte_more_than_may_be_shown_ends_the_run() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut limits = Limits::default();
    limits.set(Limit::Shown, 1).unwrap();
    let gateway = Gateway::new(TOOLS, limits);
    // The block's own letters, the line's end, and the data.
    let around = r#"{"type":"image","data":"","mimeType":"image/png"}"#.len() + 1;
    let code = |data: usize| {
        format!("show({{ type: 'image', mimeType: 'image/png', data: 'A'.repeat({data}) }})")
    };
    let run = |data: usize| runtime.block_on(gateway.run(&code(data))).outcome;
    assert_eq!(run(1_024 - around), Ok(None));
    expect!["the run went past its limit of 1 KiB for what `show` passes on (`limits.shown_kib`)"]
        .assert_eq(&run(1_025 - around).unwrap_err().message);
}

#[test]
fn a_kept_result_is_read_again() {
    let rows = "return await crm.rows({ count: 200 });";
    check(
        &[rows, "const r = await readFile('./results/LAST.json');\nreturn r.length + r[7].n;"],
        &expect![["207\n"]],
    );
    check(
        &[rows, "import rows from '../results/LAST.json';\nreturn rows.at(-1);"],
        &expect![[r#"
        {"n":199,"name":"row 199"}
    "#]],
    );
    check(
        &[
            "return { rows: await crm.rows({ count: 200 }), page: 1 };",
            "import { page, rows } from './results/LAST.json';\nreturn page + rows.length;",
        ],
        &expect![["201\n"]],
    );
    check(
        &[
            "for (let i = 0; i < 300; i++) console.log('line', i);",
            "return (await read_file({ path: './results/LAST.log' })).split('\\n').length;",
        ],
        &expect![["300\n"]],
    );
}

#[test]
fn a_kept_result_is_a_variable_of_its_runs_name() {
    let rows = "return await crm.rows({ count: 200 });";
    check(
        &[
            rows,
            "const more = LAST.filter((row) => row.n > 197);\nreturn more;",
            "return typeof r_0000000000000000;",
            "return r_9.length;",
            "const r_0000000000000001 = 5; return r_0000000000000001;",
        ],
        &expect![[r#"
            csv of 2 rows:
            n,name
            198,row 198
            199,row 199
            Error: there is no result at `./results/r_0000000000000000.json`: the run is unknown, failed, or was dropped as too old
            2 | return typeof r_0000000000000000;
              |               ^
            code: no_such_file
            `r_9` is not declared
            2 | return r_9.length;
              |        ^
            hint: declare it before it is used: `const r_9 = …`
            nothing was called: correct it and run it again
            5
        "#]],
    );
}

#[test]
fn files_that_are_not_there_say_so() {
    check(
        &[
            "return await readFile('./results/r_9.json');",
            "return await readFile(5);",
            "return await readFile('./servers');",
            "return (await readFile('./servers/crm/rows.ts')).length > 100;",
        ],
        &expect![[r#"
            Error: there is no result at `./results/r_9.json`: the run is unknown, failed, or was dropped as too old
            2 | return await readFile('./results/r_9.json');
              |              ^
            code: no_such_file
            Error: readFile takes a path, such as './results/r_….json'
            2 | return await readFile(5);
              |              ^
            code: invalid_arguments
            ["crm/"]
            true
        "#]],
    );
}

#[test]
fn reading_a_result_replays_as_it_was() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let gateway = Gateway::new(TOOLS, Limits::default());
    runtime.block_on(async {
        let first = gateway.run("return [1, 2, 3]").await;
        let code = format!(
            "{IMPORT}import list from './results/{}.json';\nconst shot = await crm.screenshot();
show(shot[1]);\nreturn [list, shot];",
            first.run
        );
        let report = gateway.run(&code).await;
        assert!(report.outcome.is_ok(), "{:?}", report.outcome);
        let replay = workroom_engine::replay(&*gateway.store, &*gateway.sandbox, &report.run);
        let replay = replay.await.unwrap();
        assert!(replay.same, "{:?}", replay.differences);
    });
}
