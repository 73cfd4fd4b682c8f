//! The command line, as users meet it: exit code, standard output, standard error.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use expect_test::{Expect, expect};
use support::Workspace;

/// One demo server under the name `shop`, and one whose program does not exist.
const TWO_SERVERS: &str = r#"
[servers.shop]
command = "SELF"
args = ["demo-server", "shop", "--seed", "2037"]
description = "orders and products"

[servers.broken]
command = "no-such-program"
"#;

#[track_caller]
fn check(files: &[(&str, &str)], args: &[&str], input: &str, expected: &Expect) {
    let workspace = Workspace::new();
    for (name, text) in files {
        workspace.file(name, text);
    }
    expected.assert_eq(&workspace.shown(args, input));
}

#[test]
fn run_works_without_any_server() {
    check(&[], &["run", "-"], "const x: number = 6;\nx * 7", &expect![]);
}

#[test]
fn run_json_has_stable_keys() {
    check(&[], &["run", "-", "--json"], "console.log('a'); return [1]", &expect![]);
}

#[test]
fn run_json_tells_what_was_thrown_and_where() {
    check(
        &[],
        &["run", "-", "--json"],
        "interface A { b: { c: number } }\nconst a = {} as A;\nreturn a.b.c",
        &expect![],
    );
}

#[test]
fn run_shows_an_exception_in_the_agents_own_lines() {
    check(
        &[],
        &["run", "-"],
        "type Row = { qty: number };\n\nfunction total(rows: Row[]): number {\n  return \
         rows.missing.length;\n}\ntotal([])",
        &expect![],
    );
}

#[test]
fn run_shows_a_syntax_error_before_anything_ran() {
    check(&[], &["run", "-"], "console.log('never');\nconst = 3;", &expect![]);
}

#[test]
fn several_files_share_one_session() {
    let workspace = Workspace::new();
    workspace.file("a.ts", "const rows = [1, 2, 3];");
    workspace.file("b.ts", "const rows2 = rows.map(r => r * 2); return rows2");
    expect![].assert_eq(&workspace.shown(&["run", "a.ts", "b.ts", "--session", "s1"], ""));
}

#[test]
fn a_result_too_long_is_previewed() {
    check(
        &[],
        &["run", "-", "--max-tokens", "120"],
        "return Array.from({ length: 500 }, (_, i) => ({ sku: `SKU-${i}`, qty: i }))",
        &expect![],
    );
}

#[test]
fn an_import_of_an_unknown_server_names_the_nearest() {
    check(
        &[("workroom.toml", TWO_SERVERS)],
        &["run", "-"],
        "import * as shop from './servers/shopp';",
        &expect![],
    );
}

#[test]
fn an_import_of_a_failed_server_says_why() {
    check(
        &[("workroom.toml", TWO_SERVERS)],
        &["run", "-"],
        "import * as b from './servers/broken';",
        &expect![],
    );
}

#[test]
fn servers_says_how_each_is_doing() {
    check(&[("workroom.toml", TWO_SERVERS)], &["servers"], "", &expect![]);
}

#[test]
fn ls_lists_servers_and_says_which_failed() {
    check(&[("workroom.toml", TWO_SERVERS)], &["ls"], "", &expect![]);
}

#[test]
fn cat_of_a_folder_says_how_to_list_it() {
    check(&[("workroom.toml", TWO_SERVERS)], &["cat", "servers/shop"], "", &expect![]);
}

#[test]
fn a_path_that_is_not_there_names_the_nearest() {
    check(&[("workroom.toml", TWO_SERVERS)], &["cat", "servers/shopp/index.ts"], "", &expect![]);
}

#[test]
fn a_call_of_an_unknown_tool_names_the_nearest() {
    check(&[("workroom.toml", TWO_SERVERS)], &["call", "shop.nothing_like_it"], "", &expect![]);
}

#[test]
fn config_check_says_where_each_value_is_from() {
    check(
        &[("workroom.toml", "[servers.crm]\nurl = \"${CRM_URL:-http://127.0.0.1:9/mcp}\"\n")],
        &["config", "check"],
        "",
        &expect![],
    );
}

#[test]
fn a_wrong_configuration_is_told_with_its_place() {
    check(
        &[("workroom.toml", "[servers.crm]\ncomand = \"crm\"\n\n[limits]\nmemory_mib = 4\n")],
        &["servers"],
        "",
        &expect![],
    );
}

#[test]
fn wrong_arguments_are_usage_errors() {
    check(&[], &["call", "nodot"], "", &expect![]);
    check(&[], &["run", "missing.ts", "--json"], "", &expect![]);
}

#[test]
fn completions_are_printed_for_each_shell() {
    let workspace = Workspace::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = workspace.output(&["completions", shell], "");
        assert!(output.status.success());
        assert!(String::from_utf8_lossy(&output.stdout).contains("workroom"), "{shell}");
    }
}
