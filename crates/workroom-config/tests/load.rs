//! Files in, settings or mistakes out.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fmt::Write as _, path::Path};

use expect_test::{Expect, expect};
use workroom_config::{Config, Format, Source, load};
use workroom_types::Limit;

fn read(files: &[(&str, &str)]) -> Result<Config, String> {
    let sources: Vec<Source<'_>> = files
        .iter()
        .map(|(name, text)| Source {
            path: Path::new(name),
            folder: Path::new("/project"),
            text,
            format: if Path::new(name).extension().is_some_and(|e| e == "json") {
                Format::McpJson
            } else {
                Format::Toml
            },
        })
        .collect();
    let env = |name: &str| match name {
        "TOKEN" => Some("hunter2".to_owned()),
        "BIN" => Some("/opt/bin".to_owned()),
        _ => None,
    };
    load(&sources, &env).map_err(|errors| errors.to_string())
}

/// What `config check` shows but the defaults, and the warnings; or the mistakes.
#[track_caller]
fn check(files: &[(&str, &str)], expected: &Expect) {
    let mut shown = String::new();
    match read(files) {
        Ok(config) => {
            for origin in config.origins.iter().filter(|origin| origin.from != "default") {
                writeln!(shown, "{} = {} ({})", origin.key, origin.value, origin.from).unwrap();
            }
            for warning in &config.warnings {
                writeln!(shown, "warning: {warning}").unwrap();
            }
        }
        Err(errors) => shown = errors,
    }
    assert!(!shown.contains("hunter2"), "a secret is shown: {shown}");
    expected.assert_eq(&shown);
}

#[test]
fn a_server_by_command_and_one_by_url() {
    check(
        &[(
            "workroom.toml",
            r#"
[servers.git]
command = "${BIN}/git-mcp"
args = ["--root", "${ROOT:-.}", "--key=${TOKEN}"]
env = { GIT_TOKEN = "${TOKEN}" }
cwd = "repo"

[servers.crm]
url = "https://me:${TOKEN}@crm.example.com/mcp?key=${TOKEN}"
headers = { Authorization = "Bearer ${TOKEN}" }
description = "customers and deals"
call_timeout_ms = 5000

[limits]
memory_mib = 64
"#,
        )],
        &expect![[r#"
            servers.git.command = /opt/bin/git-mcp (workroom.toml:3:1, variable BIN)
            servers.git.args[0] = --root (workroom.toml:4:9)
            servers.git.args[1] = ${ROOT:-.} (workroom.toml:4:19, variable ROOT)
            servers.git.args[2] = --key=${TOKEN} (workroom.toml:4:33, variable TOKEN)
            servers.git.env.GIT_TOKEN = ••• (workroom.toml:5:9, variable TOKEN)
            servers.git.cwd = repo (workroom.toml:6:1)
            servers.crm.description = customers and deals (workroom.toml:11:1)
            servers.crm.url = https://•••@crm.example.com/mcp?••• (workroom.toml:9:1, variable TOKEN)
            servers.crm.headers.Authorization = ••• (workroom.toml:10:13, variable TOKEN)
            servers.crm.call_timeout_ms = 5000 (workroom.toml:12:1)
            limits.memory_mib = 64 MiB (workroom.toml:15:1)
        "#]],
    );
}

#[test]
fn the_json_of_other_clients() {
    check(
        &[(
            ".mcp.json",
            r#"{
  "mcpServers": {
    "time": { "type": "stdio", "command": "mcp-server-time", "args": [], "autoApprove": [] },
    "web": { "type": "http", "url": "http://127.0.0.1:9/mcp", "headers": { "X-Key": "${TOKEN}" } },
    "off": { "command": "x", "disabled": true }
  },
  "inputs": []
}"#,
        )],
        &expect![[r#"
            servers.time.command = mcp-server-time (.mcp.json (mcpServers.time.command))
            servers.web.url = http://127.0.0.1:9/mcp (.mcp.json (mcpServers.web.url))
            servers.web.headers.X-Key = ••• (.mcp.json (mcpServers.web.headers.X-Key), variable TOKEN)
            warning: .mcp.json (mcpServers.time.autoApprove): the key `autoApprove` is not read
            warning: .mcp.json (inputs): the key `inputs` is not read
        "#]],
    );
}

#[test]
fn the_first_file_wins() {
    check(
        &[
            ("workroom.toml", "[servers.a]\ncommand = \"one\"\n[limits]\ncalls = 5"),
            (".mcp.json", r#"{ "mcpServers": { "a": { "command": "two" } } }"#),
            ("user.toml", "[limits]\ncalls = 7\ncpu_ms = 9"),
        ],
        &expect![[r#"
            servers.a.command = one (workroom.toml:2:1)
            limits.cpu_ms = 9 ms (user.toml:3:1)
            limits.calls = 5 calls (workroom.toml:4:1)
            warning: .mcp.json (mcpServers.a): server `a` is configured earlier; this one is not used
        "#]],
    );
}

#[test]
fn an_unset_variable_names_itself_its_server_and_its_file() {
    check(
        &[
            ("workroom.toml", "[servers.crm]\nurl = \"${CRM_URL}\"\n"),
            (".mcp.json", r#"{ "mcpServers": { "b": { "command": "b", "args": ["${NOPE}"] } } }"#),
        ],
        &expect![[r#"
            workroom.toml:2:1: server `crm` needs the variable `CRM_URL`, which is not set (set it, or give a default: ${CRM_URL:-value})
            .mcp.json (mcpServers.b.args[0]): server `b` needs the variable `NOPE`, which is not set (set it, or give a default: ${NOPE:-value})"#]],
    );
}

#[test]
fn an_unknown_key_names_the_nearest() {
    check(
        &[(
            "workroom.toml",
            "[server.crm]\n[servers.a]\ncomand = \"x\"\n[limits]\nmemory = 1\n[serve]\nzzz = 1\n",
        )],
        &expect![[r#"
            workroom.toml:1:2: there is no key `server` (did you mean `servers`?)
            workroom.toml:3:1: there is no key `comand` (did you mean `command`?)
            workroom.toml:5:1: there is no key `memory` (did you mean `memory_mib`?)
            workroom.toml:7:1: there is no key `zzz` (the keys here are http, allowed_hosts, allowed_origins)"#]],
    );
}

#[test]
fn wrong_types_and_values_are_told_all_at_once() {
    check(
        &[(
            "workroom.toml",
            r#"
[servers.a]
command = 7
args = "x"
[servers.b]
command = "x"
url = "http://h"
[servers.c]
description = "nothing else"
[servers.d]
url = "ftp://h"
[servers.e]
url = "http://h"
headers = { "a b" = "x" }
[servers.f]
command = "x"
start_timeout_ms = 0
[limits]
memory_mib = 1025
cpu_ms = -1
calls = 1.5
[serve]
http = "8300"
allowed_origins = ["app.example.com"]
"#,
        )],
        &expect![[r#"
            workroom.toml:3:1: `command` is an integer; it takes a string
            workroom.toml:4:1: `args` is a string; it takes a list
            workroom.toml:5:10: server `b` has both `command` and `url`; it takes one
            workroom.toml:8:10: server `c` has neither `command` nor `url`
            workroom.toml:10:10: the `url` of server `d` must begin with http:// or https://
            workroom.toml:12:10: server `e`: `a b` is no header's name
            workroom.toml:17:1: `start_timeout_ms` is 0 ms; it may be from 1 to 86400000 ms
            workroom.toml:19:1: `limits.memory_mib` is 1025 MiB; it may be from 8 to 1024 MiB
            workroom.toml:20:1: `cpu_ms` is below 0
            workroom.toml:21:1: `calls` is a number with a fraction; it takes an integer
            workroom.toml:23:1: `8300` is no address and port, such as 127.0.0.1:8300
            workroom.toml:24:20: `app.example.com` is no origin, such as https://app.example.com:*"#]],
    );
}

#[test]
fn the_old_sse_transport_is_named() {
    check(
        &[(".mcp.json", r#"{ "mcpServers": { "a": { "type": "sse", "url": "http://h/sse" } } }"#)],
        &expect![
            ".mcp.json (mcpServers.a.type): server `a` uses the old SSE transport, which is not supported; many such servers also speak Streamable HTTP: try its /mcp address with `type` http"
        ],
    );
}

#[test]
fn files_that_are_not_what_they_should_be() {
    check(
        &[("workroom.toml", "[servers.a\ncommand = 1")],
        &expect!["workroom.toml:1:11: this is not TOML: unclosed table, expected `]`"],
    );
    check(
        &[(".mcp.json", "{ \"mcpServers\": { } ")],
        &expect![".mcp.json:1:20: this is not JSON: EOF while parsing an object"],
    );
    check(&[(".mcp.json", "[]")], &expect![".mcp.json: `the file` is a list; it takes a table"]);
}

#[test]
fn paths_begin_at_the_files_folder() {
    let text = "[servers.a]\ncommand = \"./bin/a\"\n[servers.b]\ncommand = \"b\"\ncwd = \"x\"\n";
    let config = read(&[("workroom.toml", text)]).unwrap();
    expect![[r#"
        [
            Stdio {
                command: "/project/./bin/a",
                args: [],
                env: [],
                cwd: "/project/",
            },
            Stdio {
                command: "b",
                args: [],
                env: [],
                cwd: "/project/x",
            },
        ]
    "#]]
    .assert_debug_eq(&config.servers.iter().map(|s| &s.transport).collect::<Vec<_>>());
}

#[test]
fn no_text_makes_the_reader_panic() {
    let seed = "[servers.a]\ncommand = \"${A:-b}\"\nargs = [\"x\", \"${\"]\n[limits]\ncalls = 1\n";
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for _ in 0..500 {
        let mut bytes = seed.as_bytes().to_vec();
        for _ in 0..=random(4) {
            let at = random(bytes.len());
            match random(3) {
                0 => bytes[at] = u8::try_from(random(256)).unwrap(),
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, b"[]{}\"'$=.,\n"[random(11)]),
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        let _ = read(&[("workroom.toml", &text), (".mcp.json", &text)]);
    }
}

#[test]
fn the_documented_limits_are_the_real_ones() {
    let page = include_str!("../../../docs/configuration.md");
    for limit in Limit::ALL {
        let (least, greatest) = limit.range();
        let row = format!(
            "| `{}` | {} | {} | {least} to {greatest} |",
            limit.setting(),
            limit.unit(),
            limit.default_value()
        );
        assert!(page.contains(&row), "docs/configuration.md lacks the row\n{row}");
    }
}
