//! `paginate` over the ways in which APIs give long lists.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gateway;

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use gateway::{Gateway, Rule, data};
use serde_json::{Map, Value, json};
use workroom_engine::upstreams::{CallError, ToolOutput};
use workroom_types::Limits;

type Given<'g> = &'g Map<String, Value>;
type Answer = Result<ToolOutput, CallError>;

fn number(given: Given<'_>, name: &str) -> Option<u64> {
    given.get(name).and_then(Value::as_u64)
}

fn text<'g>(given: Given<'g>, name: &str) -> &'g str {
    given.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Entries `from` on, two of seven at most.
fn two(from: u64) -> Vec<Value> {
    (from..(from + 2).min(7)).map(|n| json!({ "id": format!("e{n}"), "n": n })).collect()
}

/// Where a list that goes on at `c<n>` goes on.
fn at(cursor: &str) -> u64 {
    cursor.trim_start_matches('c').parse().unwrap_or(0)
}

fn next(from: u64) -> Value {
    if from + 2 < 7 { json!(format!("c{}", from + 2)) } else { Value::Null }
}

fn page(given: Given<'_>, shape: impl Fn(u64) -> Value, parameter: &str) -> Answer {
    data(&shape(at(text(given, parameter))))
}

const TOOLS: &[(&str, Rule)] = &[
    ("mcp", |g| page(g, |at| json!({ "items": two(at), "nextCursor": next(at) }), "cursor")),
    ("snake", |g| page(g, |at| json!({ "results": two(at), "next_cursor": next(at) }), "cursor")),
    ("google", |g| {
        page(g, |at| json!({ "files": two(at), "nextPageToken": next(at) }), "pageToken")
    }),
    ("google_snake", |g| {
        page(g, |at| json!({ "rows": two(at), "next_page_token": next(at) }), "page_token")
    }),
    ("slack", |g| {
        let shape = |at| {
            let cursor = next(at).as_str().unwrap_or_default().to_owned();
            json!({ "members": two(at), "response_metadata": { "next_cursor": cursor } })
        };
        page(g, shape, "cursor")
    }),
    ("graphql", |g| {
        let shape = |at| {
            json!({
                "data": { "nodes": two(at), "pageInfo": {
                    "hasNextPage": at + 2 < 7, "endCursor": format!("c{}", at + 2)
                } }
            })
        };
        page(g, shape, "after")
    }),
    ("stripe", |g| {
        let from = match text(g, "starting_after").trim_start_matches('e').parse::<u64>() {
            Ok(last) => last + 1,
            Err(_) => 0,
        };
        data(&json!({ "data": two(from), "has_more": from + 2 < 7 }))
    }),
    ("linked", |g| {
        let from = number(g, "offset").unwrap_or(0);
        let url = format!("https://api.example.com/v1/things?limit=2&offset={}", from + 2);
        let next = if from + 2 < 7 { json!(url) } else { Value::Null };
        data(&json!({ "count": 7, "results": two(from), "links": { "next": next } }))
    }),
    ("pages", |g| {
        let page = number(g, "page").unwrap_or(1);
        data(&json!({ "page": page, "total_pages": 4, "entries": two((page - 1) * 2) }))
    }),
    ("offsets", |g| {
        let from = number(g, "offset").unwrap_or(0);
        data(&json!({ "offset": from, "total": 7, "items": two(from) }))
    }),
    ("bare", |g| data(&json!(two((number(g, "page").unwrap_or(1) - 1) * 2)))),
    ("stuck", |_| data(&json!({ "items": two(0), "nextCursor": "c2" }))),
    ("endless", |g| {
        let at = at(text(g, "cursor"));
        data(&json!({ "items": [at], "nextCursor": format!("c{}", at + 1) }))
    }),
    ("loops", |g| {
        let at = at(text(g, "cursor"));
        data(&json!({ "items": [at], "nextCursor": format!("c{}", (at + 1) % 3) }))
    }),
    ("odd_name", |g| page(g, |at| json!({ "list": two(at), "marker": next(at) }), "marker")),
    ("two_lists", |g| page(g, |at| json!({ "a": two(at), "b": [1] }), "cursor")),
    ("no_list", |_| data(&json!({ "name": "x" }))),
    ("more_only", |_| data(&json!({ "items": [1, 2], "hasMore": true }))),
    ("once", |_| data(&json!({ "items": two(0) }))),
    ("empty", |_| data(&json!({ "items": [], "nextCursor": null, "total": 0 }))),
];

/// Runs `code`; gives what it came to and the calls that it made.
#[track_caller]
fn check(code: &str, expected: &Expect) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let gateway = Gateway::new(TOOLS, Limits::default());
    let code = format!("import * as crm from './servers/crm';\n{code}");
    let report = runtime.block_on(gateway.run(&code));
    let mut told = match &report.outcome {
        Ok(value) => value.clone().unwrap_or_default(),
        Err(failure) => failure.message.clone(),
    };
    for line in &report.logs {
        write!(told, "\n{line}").unwrap();
    }
    let calls = gateway.crm.calls.lock().unwrap().join(" ");
    expected.assert_eq(&format!("{told}\n{calls}\n"));
}

/// All seven entries come, in order, whatever tells of the next page.
#[track_caller]
fn check_all(call: &str, calls: &str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let gateway = Gateway::new(TOOLS, Limits::default());
    let code = format!(
        "import * as crm from './servers/crm';\nreturn (await paginate({call})).map(e => e.n)"
    );
    let report = runtime.block_on(gateway.run(&code));
    assert_eq!(report.outcome, Ok(Some("[0,1,2,3,4,5,6]".to_owned())), "{call}");
    assert_eq!(gateway.crm.calls.lock().unwrap().join(" "), calls, "{call}");
}

#[test]
fn every_way_to_the_next_page_is_followed() {
    let cursors = |tool: &str, parameter: &str| {
        let call = |cursor: &str| format!("{tool}({{\"{parameter}\":\"{cursor}\"}})");
        format!("{tool}({{}}) {} {} {}", call("c2"), call("c4"), call("c6"))
    };
    check_all("crm.mcp", &cursors("mcp", "cursor"));
    check_all("crm.snake", &cursors("snake", "cursor"));
    check_all("crm.google", &cursors("google", "pageToken"));
    check_all("crm.googleSnake", &cursors("google_snake", "page_token"));
    check_all("crm.slack", &cursors("slack", "cursor"));
    check_all("crm.graphql", &cursors("graphql", "after"));
    check_all(
        "crm.stripe, { limit: 2 }",
        r#"stripe({"limit":2}) stripe({"limit":2,"starting_after":"e1"}) stripe({"limit":2,"starting_after":"e3"}) stripe({"limit":2,"starting_after":"e5"})"#,
    );
    check_all(
        "crm.linked",
        r#"linked({}) linked({"limit":2,"offset":2}) linked({"limit":2,"offset":4}) linked({"limit":2,"offset":6})"#,
    );
    check_all("crm.pages", r#"pages({}) pages({"page":2}) pages({"page":3}) pages({"page":4})"#);
    check_all(
        "crm.offsets",
        r#"offsets({}) offsets({"offset":2}) offsets({"offset":4}) offsets({"offset":6})"#,
    );
    // Without any word of more: as long as pages come, or until one is not full.
    check_all(
        "crm.bare, { page: 1 }",
        r#"bare({"page":1}) bare({"page":2}) bare({"page":3}) bare({"page":4}) bare({"page":5})"#,
    );
    check_all(
        "crm.bare, { page: 1, limit: 2 }",
        r#"bare({"page":1,"limit":2}) bare({"page":2,"limit":2}) bare({"page":3,"limit":2}) bare({"page":4,"limit":2})"#,
    );
    check_all(
        "crm.oddName, {}, { cursor: 'marker', next: 'marker' }",
        &cursors("odd_name", "marker"),
    );
}

#[test]
fn a_list_that_does_not_move_on_is_an_error() {
    check(
        "return await paginate(crm.stuck)",
        &expect![[r#"
        Error: paginate: stuck gave the same page for { cursor: 'c2' } as before: it takes another parameter; name it, as { cursor: "page_token" }
        stuck({}) stuck({"cursor":"c2"})
    "#]],
    );
    check(
        "return await paginate(crm.loops)",
        &expect![[r#"
        Error: paginate: loops gave a cursor for the second time: { cursor: 'c1' }
        loops({}) loops({"cursor":"c1"}) loops({"cursor":"c2"}) loops({"cursor":"c0"})
    "#]],
    );
    check(
        "return await paginate(crm.moreOnly)",
        &expect![[r#"
        Error: paginate: moreOnly says that there is more and not how to get it; its page has items, hasMore
        more_only({})
    "#]],
    );
}

#[test]
fn a_long_list_is_cut_and_says_so() {
    check(
        "const all = await paginate(crm.endless);\nreturn [all.length, all.isCut, all.next]",
        &expect![[r#"
            [100,true,{"cursor":"c100"}]
            warning: paginate stopped after 100 pages of endless with 100 entries, and there are more: raise { maxPages, maxItems }, or go on with `.next` of the list: { cursor: 'c100' }
            endless({}) endless({"cursor":"c1"}) endless({"cursor":"c2"}) endless({"cursor":"c3"}) endless({"cursor":"c4"}) endless({"cursor":"c5"}) endless({"cursor":"c6"}) endless({"cursor":"c7"}) endless({"cursor":"c8"}) endless({"cursor":"c9"}) endless({"cursor":"c10"}) endless({"cursor":"c11"}) endless({"cursor":"c12"}) endless({"cursor":"c13"}) endless({"cursor":"c14"}) endless({"cursor":"c15"}) endless({"cursor":"c16"}) endless({"cursor":"c17"}) endless({"cursor":"c18"}) endless({"cursor":"c19"}) endless({"cursor":"c20"}) endless({"cursor":"c21"}) endless({"cursor":"c22"}) endless({"cursor":"c23"}) endless({"cursor":"c24"}) endless({"cursor":"c25"}) endless({"cursor":"c26"}) endless({"cursor":"c27"}) endless({"cursor":"c28"}) endless({"cursor":"c29"}) endless({"cursor":"c30"}) endless({"cursor":"c31"}) endless({"cursor":"c32"}) endless({"cursor":"c33"}) endless({"cursor":"c34"}) endless({"cursor":"c35"}) endless({"cursor":"c36"}) endless({"cursor":"c37"}) endless({"cursor":"c38"}) endless({"cursor":"c39"}) endless({"cursor":"c40"}) endless({"cursor":"c41"}) endless({"cursor":"c42"}) endless({"cursor":"c43"}) endless({"cursor":"c44"}) endless({"cursor":"c45"}) endless({"cursor":"c46"}) endless({"cursor":"c47"}) endless({"cursor":"c48"}) endless({"cursor":"c49"}) endless({"cursor":"c50"}) endless({"cursor":"c51"}) endless({"cursor":"c52"}) endless({"cursor":"c53"}) endless({"cursor":"c54"}) endless({"cursor":"c55"}) endless({"cursor":"c56"}) endless({"cursor":"c57"}) endless({"cursor":"c58"}) endless({"cursor":"c59"}) endless({"cursor":"c60"}) endless({"cursor":"c61"}) endless({"cursor":"c62"}) endless({"cursor":"c63"}) endless({"cursor":"c64"}) endless({"cursor":"c65"}) endless({"cursor":"c66"}) endless({"cursor":"c67"}) endless({"cursor":"c68"}) endless({"cursor":"c69"}) endless({"cursor":"c70"}) endless({"cursor":"c71"}) endless({"cursor":"c72"}) endless({"cursor":"c73"}) endless({"cursor":"c74"}) endless({"cursor":"c75"}) endless({"cursor":"c76"}) endless({"cursor":"c77"}) endless({"cursor":"c78"}) endless({"cursor":"c79"}) endless({"cursor":"c80"}) endless({"cursor":"c81"}) endless({"cursor":"c82"}) endless({"cursor":"c83"}) endless({"cursor":"c84"}) endless({"cursor":"c85"}) endless({"cursor":"c86"}) endless({"cursor":"c87"}) endless({"cursor":"c88"}) endless({"cursor":"c89"}) endless({"cursor":"c90"}) endless({"cursor":"c91"}) endless({"cursor":"c92"}) endless({"cursor":"c93"}) endless({"cursor":"c94"}) endless({"cursor":"c95"}) endless({"cursor":"c96"}) endless({"cursor":"c97"}) endless({"cursor":"c98"}) endless({"cursor":"c99"})
        "#]],
    );
    check(
        "const all = await paginate(crm.mcp, { a: 1 }, { maxPages: 2 });
return [all.length, all.isCut, all.next]",
        &expect![[r#"
            [4,true,{"cursor":"c4"}]
            warning: paginate stopped after 2 pages of mcp with 4 entries, and there are more: raise { maxPages, maxItems }, or go on with `.next` of the list: { cursor: 'c4' }
            mcp({"a":1}) mcp({"a":1,"cursor":"c2"})
        "#]],
    );
    check(
        "const all = await paginate(crm.mcp, {}, { maxItems: 3 });\nreturn [all.length, all.isCut]",
        &expect![[r#"
            [3,true]
            warning: paginate stopped after 2 pages of mcp with 3 entries, and there are more: raise { maxPages, maxItems }, or go on with `.next` of the list: { cursor: 'c2' }
            mcp({}) mcp({"cursor":"c2"})
        "#]],
    );
}

#[test]
fn one_page_is_enough_where_there_is_one() {
    check(
        "return (await paginate(crm.once)).length",
        &expect![[r#"
        2
        once({})
    "#]],
    );
    check(
        "return (await paginate(crm.empty)).length",
        &expect![[r#"
        0
        empty({})
    "#]],
    );
}

#[test]
fn which_list_is_meant_can_be_said() {
    check(
        "return await paginate(crm.twoLists)",
        &expect![[r#"
        TypeError: paginate: twoLists gave pages with several lists: say which, as { items: "a" } (there are a, b)
        two_lists({})
    "#]],
    );
    check(
        "return (await paginate(crm.twoLists, {}, { items: 'a' })).length",
        &expect![[r#"
        2
        two_lists({})
    "#]],
    );
    check(
        "return await paginate(crm.noList)",
        &expect![[r#"
        TypeError: paginate: noList gave a page without a list (it has name)
        no_list({})
    "#]],
    );
    check(
        "return await paginate(crm.mcp, {}, { items: 'rows' })",
        &expect![[r#"
        TypeError: paginate: `rows` is no list in what mcp gave: { items: [ { id: 'e0', n: 0 }, { id: 'e1', n: 1 } ], nextCursor: 'c2' }
        mcp({})
    "#]],
    );
    check(
        "return (await paginate(crm.noList, {}, { items: p => [p.name] }))",
        &expect![[r#"
        ["x"]
        no_list({})
    "#]],
    );
}

#[test]
fn wrong_arguments_say_what_is_right() {
    check(
        "return await paginate('crm.mcp')",
        &expect![[r#"
        TypeError: paginate takes the imported function first: paginate(crm.listDeals, { status: 'open' })

    "#]],
    );
    check(
        "return await paginate(crm.mcp({}))",
        &expect![[r#"
        TypeError: paginate takes the imported function first: paginate(crm.listDeals, { status: 'open' })
        mcp({})
    "#]],
    );
    check(
        "return await paginate(crm.mcp, {}, { maxPages: 0 })",
        &expect![[r#"
        TypeError: paginate: `maxPages` is a number of 1 or more

    "#]],
    );
}
