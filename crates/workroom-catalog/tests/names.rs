//! Any name becomes a safe, readable and unique path.

#![allow(
    clippy::needless_pass_by_value,
    clippy::format_push_string,
    reason = "tests: an `Expect` is written in place"
)]

mod common;

use std::{collections::HashSet, sync::Arc};

use expect_test::{Expect, expect};
use serde_json::json;
use workroom_catalog::{Catalog, NAME_CHARS_MAX};
use workroom_types::{ServerSnapshot, ToolDef};

/// The functions of tools with these names, whatever the order of their list.
fn functions(names: &[&str]) -> Vec<String> {
    let tools = |names: &mut dyn Iterator<Item = &&str>| {
        common::catalog(names.map(|name| common::tool(name, json!({}))).collect())
    };
    let forward = tools(&mut names.iter());
    let backward = tools(&mut names.iter().rev());
    let of = |catalog: &Catalog| -> Vec<String> {
        catalog.servers()[0].tools.iter().map(|tool| tool.function.clone()).collect()
    };
    let found = of(&forward);
    assert_eq!(found, of(&backward).into_iter().rev().collect::<Vec<_>>());
    for (tool, name) in forward.servers()[0].tools.iter().zip(names) {
        assert_eq!(tool.def.name, *name, "a call reaches the tool by its own name");
        common::parse(&tool.path(), &tool.source());
    }
    found
}

#[track_caller]
fn check(names: &[&str], expected: Expect) {
    let mut out = String::new();
    for (name, function) in names.iter().zip(functions(names)) {
        out += &format!("{name:?} -> {function}\n");
    }
    expected.assert_eq(&out);
}

#[test]
fn ordinary_names_become_camel_case() {
    check(
        &[
            "get_contact",
            "listIssues",
            "API-post-search",
            "GetHTTPServer",
            "HTTP_GET",
            "a.b/c:d e",
            "sequentialthinking",
            "kubectl_get",
            "__private__",
        ],
        expect![[r#"
            "get_contact" -> getContact
            "listIssues" -> listIssues
            "API-post-search" -> apiPostSearch
            "GetHTTPServer" -> getHTTPServer
            "HTTP_GET" -> httpGet
            "a.b/c:d e" -> aBCDE
            "sequentialthinking" -> sequentialthinking
            "kubectl_get" -> kubectlGet
            "__private__" -> private_
        "#]],
    );
}

#[test]
fn reserved_words_and_odd_starts_stay_functions() {
    check(
        &[
            "delete",
            "class",
            "await",
            "index",
            "CON",
            "lpt1",
            "2fa_enable",
            "then",
            "constructor",
            "callMCPTool",
            "get",
            "type",
        ],
        expect![[r#"
            "delete" -> delete_
            "class" -> class_
            "await" -> await_
            "index" -> index_
            "CON" -> con_
            "lpt1" -> lpt1_
            "2fa_enable" -> _2faEnable
            "then" -> then_
            "constructor" -> constructor_
            "callMCPTool" -> callMCPTool_
            "get" -> get
            "type" -> type
        "#]],
    );
}

#[test]
fn spellings_of_one_name_stay_apart() {
    check(
        &["get_user", "getUser", "get-user", "Get_User", "GETUSER"],
        expect![[r#"
        "get_user" -> getUser_ed5f2943
        "getUser" -> getUser
        "get-user" -> getUser_3fa4e7ad
        "Get_User" -> getUser_87414b3b
        "GETUSER" -> getuser_f3c998e3
    "#]],
    );
}

#[test]
fn a_name_that_loses_characters_carries_a_hash() {
    check(
        &[
            "caf\u{e9}",
            "cafe\u{301}",
            "caf",
            "p\u{430}y",
            "pay",
            "p\u{200b}ay",
            "$$$",
            "",
            ".",
            "..",
            "\u{67e5}\u{8be2}",
            "a\0b",
            "*/ evil() /*",
            "foo\"; process.exit()//",
        ],
        expect![[r#"
            "café" -> caf_217cc30f
            "cafe\u{301}" -> cafe_41a5a1cb
            "caf" -> caf
            "pаy" -> pY_bb8c8e8e
            "pay" -> pay
            "p\u{200b}ay" -> pAy_852ecf20
            "$$$" -> tool_186425c7
            "" -> tool_d0eb658a
            "." -> tool_f1e226c9
            ".." -> tool_a32b02ac
            "查询" -> tool_17a41b2f
            "a\0b" -> aB_285444e8
            "*/ evil() /*" -> evil_b337117f
            "foo\"; process.exit()//" -> fooProcessExit_81349e7a
        "#]],
    );
}

#[test]
fn paths_stay_inside_the_tree() {
    check(
        &[
            "../../etc/cron.d/x",
            "..\\..\\x",
            "/abs",
            "C:\\x",
            "%2e%2e%2f",
            "a/b",
            ".git",
            "package.json",
            "x. ",
            "-rf",
            "\u{202e}txt.ts",
        ],
        expect![[r#"
            "../../etc/cron.d/x" -> etcCronDX
            "..\\..\\x" -> x_a9aeb961
            "/abs" -> abs
            "C:\\x" -> cX_c017eb3a
            "%2e%2e%2f" -> _2e2e2f_677c9d8a
            "a/b" -> aB
            ".git" -> git
            "package.json" -> packageJson
            "x. " -> x
            "-rf" -> rf
            "\u{202e}txt.ts" -> txtTs_befbf4eb
        "#]],
    );
}

/// Names nobody should use, all in one server and as servers.
fn hostile_names() -> Vec<String> {
    let plain = [
        "../../etc/passwd",
        "..\\x",
        "/abs",
        "C:\\x",
        "a/b",
        "a_b",
        "a b",
        "a-b",
        "aB",
        "A_B",
        "AB",
        ".",
        "..",
        "",
        " ",
        "\0",
        "\n",
        "CON",
        "con",
        "nul",
        "index",
        "INDEX",
        "__proto__",
        "constructor",
        "node_modules",
        "caf\u{e9}",
        "\u{43e}\u{43e}",
        "oo",
        "\u{fb00}",
        "ff",
        "\u{1f600}",
        "class",
        "Class",
        "1abc",
        "_1abc",
        "-x",
        "x-",
    ];
    let long = ["a".repeat(64), "a".repeat(65), "a".repeat(5_000), "\u{e9}".repeat(5_000)];
    let mut names: Vec<String> = plain.iter().map(|name| (*name).to_owned()).collect();
    names.extend(long);
    names.push("A".repeat(64));
    names
}

#[test]
fn hostile_names_give_unique_safe_stems_that_find_their_tool_again() {
    let names = hostile_names();
    let functions = functions(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut seen = HashSet::new();
    for function in &functions {
        assert!(seen.insert(function.to_lowercase()), "`{function}` is there twice");
        assert!(function.len() <= NAME_CHARS_MAX && !function.is_empty(), "{function}");
        assert!(function.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{function}");
        assert!(!function.starts_with(|c: char| c.is_ascii_digit()), "{function}");
    }
}

#[test]
fn hostile_servers_get_unique_safe_folders_and_identifiers() {
    let names = hostile_names();
    let server = |name: &String| Arc::new(common::server(name, vec![ToolDef::default()]));
    let servers: Vec<Arc<ServerSnapshot>> = names.iter().map(server).collect();
    let catalog = Catalog::build(&servers, None);
    let (mut folders, mut identifiers) = (HashSet::new(), HashSet::new());
    for (entry, name) in catalog.servers().iter().zip(&names) {
        let folder = &entry.folder;
        let safe = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        assert!(folder.bytes().all(safe), "{folder}");
        assert!(!folder.is_empty() && folder.len() <= NAME_CHARS_MAX, "{folder}");
        assert!(!folder.starts_with(['-', '_', '.']), "{folder}");
        assert!(folders.insert(folder.clone()), "`{folder}` is there twice");
        assert!(identifiers.insert(entry.identifier.to_lowercase()), "{}", entry.identifier);
        assert_eq!(catalog.server(folder).unwrap().name, *name);
        common::parse(
            "x.ts",
            &format!("import * as {} from './servers/{folder}'", entry.identifier),
        );
    }
}

#[test]
fn ordinary_servers_keep_their_names() {
    let names = ["crm", "chrome-devtools", "My CRM", "git_hub", "delete"];
    let servers: Vec<_> = names.iter().map(|it| Arc::new(common::server(it, vec![]))).collect();
    let catalog = Catalog::build(&servers, None);
    let shown: Vec<String> = catalog
        .servers()
        .iter()
        .map(|it| format!("{} -> {} as {}", it.name, it.folder, it.identifier))
        .collect();
    expect![[r#"
        crm -> crm as crm
        chrome-devtools -> chrome-devtools as chromeDevtools
        My CRM -> my-crm as myCrm
        git_hub -> git_hub as gitHub
        delete -> delete as delete_
    "#]]
    .assert_eq(&(shown.join("\n") + "\n"));
}

#[test]
fn a_new_tool_renames_no_other() {
    let before = functions(&["get_user", "caf\u{e9}", "x"]);
    let after = functions(&["get_user", "caf\u{e9}", "x", "get-user", "caf\u{e8}", "caf", "X"]);
    assert_eq!(before[..], after[..3]);
}

#[test]
fn a_tool_listed_twice_is_there_once_and_said() {
    let tools = vec![common::tool("a", json!({})), common::tool("a", json!({"type": "object"}))];
    let catalog = common::catalog(tools);
    assert_eq!(catalog.tool_count(), 1);
    assert_eq!(catalog.servers()[0].warnings, ["tool `a` is listed twice; the first one is used"]);
}

#[test]
fn a_name_that_deceives_is_said() {
    let warnings = |names: &[&str]| -> Vec<String> {
        let tools = names.iter().map(|name| common::tool(name, json!({}))).collect();
        common::catalog(tools).servers()[0].warnings.clone()
    };
    let plain = ["pay", "caf\u{e9}", "\u{67e5}\u{8be2}", "\u{43f}\u{43e}\u{438}\u{441}\u{43a}"];
    assert_eq!(warnings(&plain), [""; 0]);
    let odd = ["p\u{430}y", "p\u{200b}ay", "\u{202e}txt.ts", "a\0b", "pa\u{ff59}"];
    expect![[r"
        the name of the tool `p\u{430}y` mixes letters that look alike and are not the same
        the name of the tool `p\u{200b}ay` has characters that cannot be seen
        the name of the tool `\u{202e}txt.ts` has characters that cannot be seen
        the name of the tool `a\u{0}b` has characters that cannot be seen
        the name of the tool `pa\u{ff59}` mixes letters that look alike and are not the same"]]
    .assert_eq(&warnings(&odd).join("\n"));
    let many: Vec<String> = (0..11).map(|n| format!("p\u{430}y{n}")).collect();
    assert_eq!(warnings(&many.iter().map(String::as_str).collect::<Vec<_>>()).len(), 10);
}
