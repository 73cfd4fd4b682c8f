//! The command line, as users meet it: exit code, standard output, standard error.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use expect_test::{Expect, expect};
use support::Workspace;

/// All the time that a busy machine may take to look for the cause of an error.
const PATIENT: (&str, &str) = ("workroom.toml", "[limits]\ndiagnosis_ms = 60000\n");

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
    check(
        &[],
        &["run", "-"],
        "const x: number = 6;\nx * 7",
        &expect![[r#"
        exit code 0
        ----- stdout
        ok · run RUN · TIME s
        42
    "#]],
    );
}

#[test]
fn run_json_has_stable_keys() {
    check(
        &[],
        &["run", "-", "--json"],
        "console.log('a'); return [1]",
        &expect![[r#"
            exit code 0
            ----- stdout
            {"ok":true,"run":"RUN","session":"SESSION","value":[1],"logs":["a"],"error":null,"calls":0,"tokens":TOKENS,"duration_ms":TIME}
        "#]],
    );
}

#[test]
fn run_json_tells_what_was_thrown_and_where() {
    check(
        &[PATIENT],
        &["run", "-", "--json"],
        "interface A { b: { c: number } }\nconst a = {} as A;\nreturn a.b.c",
        &expect![[r#"
            exit code 1
            ----- stdout
            {"ok":false,"run":"RUN","session":"SESSION","value":null,"logs":[],"error":{"kind":"exception","message":"TypeError: cannot read property 'c' of undefined","line":3,"column":8,"hint":"`a` is empty: test for it, or write `?.`","values":["a.b: undefined; a: {}"]},"calls":0,"tokens":TOKENS,"duration_ms":TIME}
        "#]],
    );
}

#[test]
fn run_shows_an_exception_in_the_agents_own_lines() {
    check(
        &[PATIENT],
        &["run", "-"],
        "type Row = { qty: number };\n\nfunction total(rows: Row[]): number {\n  return \
         rows.missing.length;\n}\ntotal([])",
        &expect![[r#"
            exit code 1
            ----- stdout
            error · run RUN · TIME s
            TypeError: cannot read property 'length' of undefined
            4 |   return rows.missing.length;
              |          ^
            rows.missing: undefined; rows: array(0)
            hint: `rows` is the list itself: use `rows` in the place of `rows.missing`
        "#]],
    );
}

#[test]
fn run_names_the_limit_behind_a_stack_that_is_too_deep() {
    check(
        &[],
        &["run", "-"],
        "function deep(): number { return deep() + 1; }\ndeep()",
        &expect![[r#"
        exit code 1
        ----- stdout
        error · run RUN · TIME s
        RangeError: Maximum call stack size exceeded
        1 | function deep(): number { return deep() + 1; }
          |                                  ^
        hint: the run went past its limit of 256 KiB for stack depth (`limits.stack_kib`): recurse less deeply, or raise `limits.stack_kib` in workroom.toml
    "#]],
    );
}

#[test]
fn run_shows_a_syntax_error_before_anything_ran() {
    check(
        &[],
        &["run", "-"],
        "console.log('never');\nconst = 3;",
        &expect![[r#"
            exit code 1
            ----- stdout
            error · run RUN · TIME s
            unexpected `=`
            2 | const = 3;
              |       ^
            hint: something is missing before it
            nothing was called: correct it and run it again
        "#]],
    );
}

#[test]
fn several_files_share_one_session() {
    let workspace = Workspace::new();
    workspace.file("a.ts", "const rows = [1, 2, 3];");
    workspace.file("b.ts", "const rows2 = rows.map(r => r * 2); return rows2");
    expect![[r#"
        exit code 0
        ----- stdout
        ok · run RUN · TIME s · session s1: rows(3), rows2(3)
        [2,4,6]
    "#]]
    .assert_eq(&workspace.shown(&["run", "a.ts", "b.ts", "--session", "s1"], ""));
}

#[test]
fn a_result_too_long_is_previewed() {
    check(
        &[],
        &["run", "-", "--max-tokens", "120"],
        "return Array.from({ length: 500 }, (_, i) => ({ sku: `SKU-${i}`, qty: i }))",
        &expect![[r#"
            exit code 0
            ----- stdout
            ok · run RUN · TIME s
            too long to show: 5002 tokens; whole: ./results/RUN.json
            sku,qty …
        "#]],
    );
}

#[test]
fn an_import_of_an_unknown_server_names_the_nearest() {
    check(
        &[("workroom.toml", TWO_SERVERS)],
        &["run", "-"],
        "import * as shop from './servers/shopp';",
        &expect![[r#"
            exit code 1
            ----- stdout
            error · run RUN · TIME s
            there is no server `shopp`
            1 | import * as shop from './servers/shopp';
              |                       ^
            hint: did you mean `./servers/shop`?
            nothing was called: correct it and run it again
        "#]],
    );
}

#[test]
fn an_import_of_a_failed_server_says_why() {
    check(
        &[("workroom.toml", TWO_SERVERS)],
        &["run", "-"],
        "import * as b from './servers/broken';",
        &expect![[r#"
            exit code 1
            ----- stdout
            error · run RUN · TIME s
            server `broken` is not available: command `no-such-program` was not found; is it installed and on PATH?
            1 | import * as b from './servers/broken';
              |                    ^
            hint: `./servers` lists every server and how it is doing
            nothing was called: correct it and run it again
        "#]],
    );
}

#[test]
fn servers_says_how_each_is_doing() {
    check(
        &[("workroom.toml", TWO_SERVERS)],
        &["servers"],
        "",
        &expect![[r#"
        exit code 1
        ----- stdout
        shop  ready, 15 tools
        broken  failed: command `no-such-program` was not found; is it installed and on PATH?
    "#]],
    );
}

#[test]
fn ls_lists_servers_and_says_which_failed() {
    check(
        &[("workroom.toml", TWO_SERVERS)],
        &["ls"],
        "",
        &expect![[r#"
        exit code 0
        ----- stdout
        shop/  15 tools · web shop: products, orders, customers
        broken/  failed: command `no-such-program` was not found; is it installed and on PATH?
    "#]],
    );
}

#[test]
fn cat_of_a_folder_says_how_to_list_it() {
    check(
        &[("workroom.toml", TWO_SERVERS)],
        &["cat", "servers/shop"],
        "",
        &expect![[r#"
        exit code 1
        ----- stderr
        error: `servers/shop` is a folder

        hint: list it: `workroom ls servers/shop`
    "#]],
    );
}

#[test]
fn a_path_that_is_not_there_names_the_nearest() {
    check(
        &[("workroom.toml", TWO_SERVERS)],
        &["cat", "servers/shopp/index.ts"],
        "",
        &expect![[r#"
        exit code 1
        ----- stderr
        error: there is nothing at `servers/shopp/index.ts` (nearest: `./servers/shop`); list `./servers` for what there is
    "#]],
    );
}

#[test]
fn a_call_of_an_unknown_tool_names_the_nearest() {
    check(
        &[("workroom.toml", TWO_SERVERS)],
        &["call", "shop.nothing_like_it"],
        "",
        &expect![[r#"
        exit code 1
        ----- stderr
        error: server `shop` has no tool `nothing_like_it`

        hint: `workroom ls servers/shop` lists its tools
    "#]],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one list of all settings")]
fn config_check_says_where_each_value_is_from() {
    check(
        &[("workroom.toml", "[servers.crm]\nurl = \"${CRM_URL:-http://127.0.0.1:9/mcp}\"\n")],
        &["config", "check"],
        "",
        &expect![[r#"
            exit code 0
            ----- stdout
            read FOLDER/workroom.toml
            servers.crm.url               http://127.0.0.1:9/mcp  (FOLDER/workroom.toml:2:1, variable CRM_URL)
            servers.crm.start_timeout_ms  30000  (default)
            servers.crm.call_timeout_ms   60000  (default)
            servers.crm.calls_in_flight   64  (default)
            servers.crm.retries           3  (default)
            servers.crm.breaker_failures  10  (default)
            servers.crm.breaker_rest_ms   2000  (default)
            servers.crm.rate              any  (default)
            servers.crm.changed_tools     tell  (default)
            limits.memory_mib             256 MiB  (default)
            limits.cpu_ms                 10000 ms  (default)
            limits.timeout_ms             60000 ms  (default)
            limits.stack_kib              256 KiB  (default)
            limits.regex_ms               2000 ms  (default)
            limits.string_chars           50000000 characters  (default)
            limits.calls                  1000 calls  (default)
            limits.calls_in_flight        16 calls  (default)
            limits.timers                 10000 timers  (default)
            limits.pending                2000 pieces  (default)
            limits.argument_kib           1024 KiB  (default)
            limits.result_kib             16384 KiB  (default)
            limits.output_kib             1024 KiB  (default)
            limits.output_tokens          4000 tokens  (default)
            limits.log_tokens             800 tokens  (default)
            limits.shown_kib              8192 KiB  (default)
            limits.diagnosis_ms           1000 ms  (default)
            limits.code_kib               256 KiB  (default)
            sandbox.workers               auto  (default)
            sandbox.walls                 preferred  (default)
            sandbox.live_sessions         1000 sessions  (default)
            sandbox.live_mib              2048 MiB  (default)
            sandbox.turns_at_once         64 scripts  (default)
            sandbox.runs_at_once          2000 runs  (default)
            sandbox.save_after_ms         5000 ms  (default)
            sandbox.session_mib           64 MiB  (default)
            sandbox.session_days          30 days  (default)
            sandbox.history_days          30 days  (default)
            sandbox.history_mib           1024 MiB  (default)
            sandbox.shape_days            90 days  (default)
            sandbox.shapes                5000 tools  (default)
            sandbox.vault_values          100000 values  (default)
            sandbox.vault_mib             64 MiB  (default)
            sandbox.flow_days             365 days  (default)
            sandbox.flows                 1000000 entries  (default)
            sandbox.ledger_days           400 days  (default)
            sandbox.ledger_entries        1000000 entries  (default)
            scripts.check                 names  (default)
            scripts.type_errors           warn  (default)
            scripts.check_ms              150 ms  (default)
            scripts.tsc                   auto  (default)
            search.embeddings             off  (default)
            serve.mode                    code  (default)
            serve.http                    off  (default)
            serve.allowed_hosts           []  (default)
            serve.allowed_origins         []  (default)
            privacy.profile               off  (default)
            privacy.mask_kinds            []  (default)
            privacy.clear_kinds           []  (default)
            privacy.mask                  []  (default)
            privacy.clear                 []  (default)
            privacy.key_file              auto  (default)
            privacy.key_command           []  (default)
            skills.skills                 2000 skills  (default)
            skills.versions               20 versions  (default)
            skills.code_kib               64 KiB  (default)
            skills.body_tokens            5000 tokens  (default)
            skills.cases                  20 cases  (default)
            skills.auto_promote_after     off  (default)
            ledger.prices                 default  (default)
            ledger.model                  default  (default)
            ledger.result_tokens          default  (default)
            ledger.context_tokens         default  (default)
            ledger.cache_writes           false  (default)
        "#]],
    );
}

#[test]
fn a_wrong_configuration_is_told_with_its_place() {
    check(
        &[("workroom.toml", "[servers.crm]\ncomand = \"crm\"\n\n[limits]\nmemory_mib = 4\n")],
        &["servers"],
        "",
        &expect![[r#"
            exit code 2
            ----- stderr
            error: FOLDER/workroom.toml:2:1: there is no key `comand` (did you mean `command`?)
            FOLDER/workroom.toml:5:1: `limits.memory_mib` is 4 MiB; it may be from 8 to 1024 MiB

            hint: see docs/configuration.md
        "#]],
    );
}

#[test]
fn wrong_arguments_are_usage_errors() {
    check(
        &[],
        &["call", "nodot"],
        "",
        &expect![[r#"
        exit code 2
        ----- stderr
        error: `nodot` is not SERVER.TOOL

        hint: `workroom ls` lists the servers, `workroom ls servers/<server>` their tools
    "#]],
    );
    check(
        &[],
        &["run", "missing.ts", "--json"],
        "",
        &expect![[r#"
        exit code 2
        ----- stdout
        {"ok":false,"error":{"kind":"usage","message":"cannot read `missing.ts`: No such file or directory (os error 2)","hint":null}}
    "#]],
    );
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

#[test]
fn a_call_that_does_not_fit_is_not_sent() {
    check(
        &[("workroom.toml", TWO_SERVERS)],
        &["call", "shop.getOrder", "orderNumber=5"],
        "",
        &expect![[r#"
            exit code 1
            ----- stderr
            error: `shop.get_order` was not called: `orderNumber` is no parameter; did you mean `order_number`?
            signature: getOrder(input: { order_number: number }): Promise<{ order_number: number; created_at: string; status: "open" | "fulfilled" | "cancelled"; customer: { id: number; name: string; email: string }; notes: string[]; … 4 more }>
        "#]],
    );
}

#[test]
fn drift_lists_what_has_changed() {
    check(
        &[],
        &["drift"],
        "",
        &expect![[r#"
        exit code 0
        ----- stdout
        nothing has changed in the 0 tools that were used
    "#]],
    );
    check(
        &[],
        &["drift", "--json"],
        "",
        &expect![[r#"
        exit code 0
        ----- stdout
        {"ok":true,"tools":0,"drift":[]}
    "#]],
    );
}
