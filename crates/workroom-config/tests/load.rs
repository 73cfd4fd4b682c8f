//! Files in, settings or mistakes out.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fmt::Write as _, path::Path};

use expect_test::{Expect, expect};
use workroom_config::{Config, ConfigErrors, Format, Source, Transport, load};
use workroom_types::Limit;

fn read(files: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
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
        "LINES" => Some("hunter2\nhunter2".to_owned()),
        "NUL" => Some("hunter2\0".to_owned()),
        "BIN" => Some("/opt/bin".to_owned()),
        _ => None,
    };
    load(&sources, &env)
}

/// What `config check` shows but the defaults, and the warnings; or the mistakes.
#[track_caller]
fn show(files: &[(&str, &str)]) -> String {
    let mut shown = String::new();
    match read(files) {
        Ok(config) => {
            for origin in config.origins.iter().filter(|origin| origin.from != "default") {
                let is_path = matches!(origin.key.rsplit('.').next(), Some("command" | "cwd"));
                let value =
                    if is_path { origin.value.replace('\\', "/") } else { origin.value.clone() };
                writeln!(shown, "{} = {value} ({})", origin.key, origin.from).unwrap();
            }
            for warning in &config.warnings {
                writeln!(shown, "warning: {warning}").unwrap();
            }
        }
        Err(errors) => shown = format!("{errors}\n"),
    }
    assert!(!shown.contains("hunter2"), "a secret is shown: {shown}");
    shown
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &Expect) {
    expected.assert_eq(&show(files));
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
cwd = "./repo"

[servers.crm]
url = "https://me:${TOKEN}@crm.example.com/mcp?key=${TOKEN}"
headers = { Authorization = "Bearer ${TOKEN}" }
description = "customers and deals"
call_timeout_ms = 5000
rate = "60 / min"
retries = 0

[servers.hosted]
url = "https://hosted.example.com/s/${TOKEN}/mcp"

[limits]
memory_mib = 64

[serve]
http = "127.0.0.1:8300"
allowed_hosts = ["gateway.example.com"]
allowed_origins = ["https://app.example.com:*"]
"#,
        )],
        &expect![[r#"
            servers.git.command = /opt/bin/git-mcp (workroom.toml:3:1, variable BIN)
            servers.git.args[0] = --root (workroom.toml:4:9)
            servers.git.args[1] = ${ROOT:-.} (workroom.toml:4:19, variable ROOT)
            servers.git.args[2] = --key=${TOKEN} (workroom.toml:4:33, variable TOKEN)
            servers.git.env.GIT_TOKEN = ••• (workroom.toml:5:9, variable TOKEN)
            servers.git.cwd = /project/repo (workroom.toml:6:1)
            servers.crm.url = https://•••@crm.example.com/mcp?••• (workroom.toml:9:1, variable TOKEN)
            servers.crm.headers.Authorization = ••• (workroom.toml:10:13, variable TOKEN)
            servers.crm.description = customers and deals (workroom.toml:11:1)
            servers.crm.call_timeout_ms = 5000 (workroom.toml:12:1)
            servers.crm.retries = 0 (workroom.toml:14:1)
            servers.crm.rate = 60/min (workroom.toml:13:1)
            servers.hosted.url = https://hosted.example.com/••• (workroom.toml:17:1, variable TOKEN)
            limits.memory_mib = 64 MiB (workroom.toml:20:1)
            serve.http = 127.0.0.1:8300 (workroom.toml:23:1)
            serve.allowed_hosts = [gateway.example.com] (workroom.toml:24:1)
            serve.allowed_origins = [https://app.example.com:*] (workroom.toml:25:1)
        "#]],
    );
}

#[test]
fn a_variable_is_expanded_wherever_it_may_stand() {
    let text = r#"
[servers.a]
command = "${BIN}/a"
args = ["${TOKEN}", "$${TOKEN}", "${NOPE:-d}"]
env = { A = "${TOKEN}" }
cwd = "${NOPE:-x}"
[servers.b]
url = "http://${NOPE:-h}/${TOKEN}"
headers = { A = "Bearer ${TOKEN}" }
"#;
    let config = read(&[("workroom.toml", text)]).unwrap();
    let Transport::Stdio { command, args, env, cwd } = &config.servers[0].transport else {
        panic!("a is a program")
    };
    assert_eq!(Path::new(command), Path::new("/opt/bin/a"));
    assert_eq!(args, &["hunter2", "${TOKEN}", "d"]);
    assert_eq!((env[0].0.as_str(), env[0].1.expose()), ("A", "hunter2"));
    assert_eq!(cwd, Path::new("/project/x"));
    let Transport::Http { url, headers } = &config.servers[1].transport else {
        panic!("b is an address")
    };
    assert_eq!(url.expose(), "http://h/hunter2");
    assert_eq!((headers[0].0.as_str(), headers[0].1.expose()), ("A", "Bearer hunter2"));
    let debug = format!("{:?} {env:?} {url:?}", config.servers[1]);
    assert!(!debug.contains("hunter2"), "{debug}");
}

#[test]
fn relative_paths_begin_at_the_files_folder() {
    let text = "[servers.a]\ncommand = \"./bin/a\"\n[servers.b]\ncommand = \"b\"\ncwd = \"x\"\n\
                [servers.c]\ncommand = \"/c\"\ncwd = \"/x\"\n";
    let config = read(&[("workroom.toml", text)]).unwrap();
    let mut shown = String::new();
    for server in &config.servers {
        let Transport::Stdio { command, cwd, .. } = &server.transport else { panic!("a program") };
        let line = format!("{command} in {}\n", cwd.display());
        shown.push_str(&line.replace('\\', "/"));
    }
    expect![[r#"
        /project/bin/a in /project
        b in /project/x
        /c in /x
    "#]]
    .assert_eq(&shown);
}

#[test]
fn the_json_of_other_clients() {
    check(
        &[(
            ".mcp.json",
            r#"{
  "mcpServers": {
    "time": { "type": "stdio", "command": "mcp-server-time", "args": [], "headers": {},
              "autoApprove": [] },
    "web": { "type": "streamable-http", "url": "http://127.0.0.1:9/mcp", "args": ["x"],
             "headers": { "X-Key": "${env:TOKEN}" } },
    "a.b c": { "command": "x", "env": { "K": "${TOKEN}" } },
    "off": { "command": "x", "disabled": true },
    "on": { "command": "x", "disabled": false }
  },
  "inputs": []
}"#,
        )],
        &expect![[r#"
            servers.time.command = mcp-server-time (.mcp.json (mcpServers.time.command))
            servers.web.url = http://127.0.0.1:9/mcp (.mcp.json (mcpServers.web.url))
            servers.web.headers.X-Key = ••• (.mcp.json (mcpServers.web.headers.X-Key), variable TOKEN)
            servers."a.b c".command = x (.mcp.json (mcpServers."a.b c".command))
            servers."a.b c".env.K = ••• (.mcp.json (mcpServers."a.b c".env.K), variable TOKEN)
            servers.off.disabled = true (.mcp.json (mcpServers.off.disabled))
            servers.on.command = x (.mcp.json (mcpServers.on.command))
            warning: .mcp.json (mcpServers.time.autoApprove): the key `autoApprove` is not read
            warning: .mcp.json (mcpServers.web.args): server `web` has a `url`, which has no use for `args`
            warning: .mcp.json (inputs): the key `inputs` is not read
        "#]],
    );
    check(
        &[("mcp.json", "\u{feff}{ \"servers\": { \"a\": { \"command\": \"x\" } } }")],
        &expect![[r#"
            servers.a.command = x (mcp.json (servers.a.command))
        "#]],
    );
}

#[test]
fn the_first_file_wins_and_says_what_it_overrides() {
    check(
        &[
            (
                "workroom.toml",
                "[servers.a]\ncommand = \"one\"\n[limits]\ncalls = 5\n[serve]\nallowed_hosts = []",
            ),
            (
                ".mcp.json",
                r#"{ "mcpServers": { "a": { "command": "${NOPE}" }, "b": { "command": "b" } } }"#,
            ),
            (
                "user.toml",
                "[servers.a]\ncommand = \"three\"\n[limits]\ncalls = 7\ncpu_ms = 9\n\
                 [serve]\nallowed_hosts = [\"h\"]",
            ),
        ],
        &expect![[r#"
            servers.a.command = one (workroom.toml:2:1, overrides .mcp.json (mcpServers.a), overrides user.toml:1:10)
            servers.b.command = b (.mcp.json (mcpServers.b.command))
            limits.cpu_ms = 9 ms (user.toml:5:1)
            limits.calls = 5 calls (workroom.toml:4:1, overrides user.toml:4:1)
            serve.allowed_hosts = [] (workroom.toml:6:1, overrides user.toml:7:1)
        "#]],
    );
}

#[test]
fn a_disabled_server_overrides_too_and_is_not_read_further() {
    let files = [
        ("workroom.toml", "[servers.a]\ncommand = \"${NOPE}\"\ndisabled = true\n"),
        (
            ".mcp.json",
            r#"{ "mcpServers": {
                 "a": { "command": "x" },
                 "b": { "type": "sse", "url": "http://h", "disabled": true } } }"#,
        ),
    ];
    check(
        &files,
        &expect![[r#"
            servers.a.disabled = true (workroom.toml:3:1, overrides .mcp.json (mcpServers.a))
            servers.b.disabled = true (.mcp.json (mcpServers.b.disabled))
        "#]],
    );
    assert_eq!(read(&files).unwrap().servers, []);
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
            .mcp.json (mcpServers.b.args[0]): server `b` needs the variable `NOPE`, which is not set (set it, or give a default: ${NOPE:-value})
        "#]],
    );
}

#[test]
fn what_begins_no_variable_is_not_quoted() {
    check(
        &[(
            "workroom.toml",
            r#"
[servers.a]
command = "${"
args = ["${A:-${TOKEN}}"]
env = { PASSWORD = "hunter2${" }
[servers.b]
url = "http://h/${hunter2 x}"
headers = { A = "${input:hunter2}" }
"#,
        )],
        &expect![[r#"
            workroom.toml:3:1: `command` of server `a` has a `${` that begins no variable (write ${NAME}, ${NAME:-default}, or $${ for a plain ${)
            workroom.toml:4:9: `args` of server `a` has a `${` that begins no variable (write ${NAME}, ${NAME:-default}, or $${ for a plain ${)
            workroom.toml:5:9: `env.PASSWORD` of server `a` has a `${` that begins no variable (write ${NAME}, ${NAME:-default}, or $${ for a plain ${)
            workroom.toml:7:1: `url` of server `b` has a `${` that begins no variable (write ${NAME}, ${NAME:-default}, or $${ for a plain ${)
            workroom.toml:8:13: `headers.A` of server `b` has a `${` that begins no variable (write ${NAME}, ${NAME:-default}, or $${ for a plain ${)
        "#]],
    );
}

#[test]
fn an_unknown_key_names_the_nearest() {
    check(
        &[(
            "workroom.toml",
            "[server.crm]\n[servers.a]\ncommand = \"x\"\ncomand = \"x\"\nenviroment = 1\n\
             callTimeoutMs = 1\n[limits]\nmemory = 1\n[serve]\nzzz = 1\n\"\\u001b[2J\" = 1\n",
        )],
        &expect![[r#"
            workroom.toml:1:2: there is no key `server` (did you mean `servers`?)
            workroom.toml:4:1: there is no key `comand` (did you mean `command`?)
            workroom.toml:5:1: there is no key `enviroment` (did you mean `env`?)
            workroom.toml:6:1: there is no key `callTimeoutMs` (did you mean `call_timeout_ms`?)
            workroom.toml:8:1: there is no key `memory` (did you mean `memory_mib`?)
            workroom.toml:10:1: there is no key `zzz` (the keys here are mode, http, allowed_hosts, allowed_origins)
            workroom.toml:11:1: there is no key `\u{1b}[2J` (the keys here are mode, http, allowed_hosts, allowed_origins)
        "#]],
    );
}

#[test]
fn wrong_types_are_told_all_at_once() {
    check(
        &[(
            "workroom.toml",
            r#"
servers.a.command = 7
servers.a.args = "x"
servers.a.disabled = "no"
servers.a.description = []
servers.b.command = "x"
servers.b.args = [1, "x", true]
servers.b.env = { PORT = 8080 }
servers.c = 1979-05-27
limits.calls = 1.5
limits.cpu_ms = -1
serve.allowed_hosts = "h"
[[limits.wall]]
"#,
        )],
        &expect![[r#"
            workroom.toml:2:11: expected a string for `command`, found an integer
            workroom.toml:3:11: expected a list for `args`, found a string
            workroom.toml:4:11: expected a boolean for `disabled`, found a string
            workroom.toml:5:11: expected a string for `description`, found a list
            workroom.toml:7:19: expected a string for `args`, found an integer
            workroom.toml:7:27: expected a string for `args`, found a boolean
            workroom.toml:8:19: expected a string for `env.PORT`, found an integer
            workroom.toml:9:9: expected a table for `c`, found a date
            workroom.toml:10:8: expected an integer for `calls`, found a number with a fraction
            workroom.toml:11:8: `cpu_ms` is -1; it takes 0 or more
            workroom.toml:13:10: there is no key `wall` (the keys here are memory_mib, cpu_ms, timeout_ms, stack_kib, regex_ms, string_chars, calls, calls_in_flight, timers, pending, argument_kib, result_kib, output_kib, output_tokens, log_tokens, shown_kib, diagnosis_ms, code_kib)
            workroom.toml:12:7: expected a list for `allowed_hosts`, found a string
        "#]],
    );
    check(
        &[(
            ".mcp.json",
            r#"{ "mcpServers": { "a": { "command": null, "call_timeout_ms": 18446744073709551615 },
                                 "b": [] },
                 "servers": 7 }"#,
        )],
        &expect![[r#"
            .mcp.json (mcpServers.a.command): expected a string for `command`, found null
            .mcp.json (mcpServers.a.call_timeout_ms): expected an integer for `call_timeout_ms`, found an integer beyond 64 bits
            .mcp.json (mcpServers.b): expected a table for `b`, found a list
            .mcp.json (servers): expected a table for `servers`, found an integer
        "#]],
    );
}

#[test]
fn wrong_servers_are_told_all_at_once() {
    check(
        &[(
            "workroom.toml",
            r#"
[servers.both]
command = "x"
url = "http://h"
[servers.neither]
description = "nothing else"
[servers.ftp]
url = "ftp://${TOKEN}"
headers = { "a b" = "x", "X-Key" = "${LINES}", "a=b" = "${NUL}" }
[servers.misplaced]
url = "http://h"
args = []
cwd = "x"
[servers.other]
command = " "
headers = {}
env = { "A=B" = "x", "" = "y" }
[servers.mismatch]
type = "http"
command = "x"
[servers.odd]
type = "carrier pigeon"
url = "http://h"
[servers.""]
command = "x"
[servers."\u001b[2J"]
command = "x"
[servers.slow]
command = "x"
start_timeout_ms = 0
call_timeout_ms = 86400001
calls_in_flight = 4097
retries = -1
rate = "fast"
breaker_failures = "many"
"#,
        )],
        &expect![[r#"
            workroom.toml:2:10: server `both` has both `command` and `url`; it takes one
            workroom.toml:5:10: server `neither` has neither `command` nor `url` (give `command` for a program, or `url` for an HTTP server)
            workroom.toml:9:48: `headers."a=b"` of server `ftp` holds the character U+0000
            workroom.toml:9:13: server `ftp`: `a b` cannot name a header
            workroom.toml:9:26: server `ftp`: the value of header `X-Key` has characters that no header takes
            workroom.toml:8:1: the `url` of server `ftp` is not an http:// or https:// address
            workroom.toml:12:1: server `misplaced` has a `url`, which has no use for `args`
            workroom.toml:13:1: server `misplaced` has a `url`, which has no use for `cwd`
            workroom.toml:16:1: server `other` has a `command`, which has no use for `headers`
            workroom.toml:17:9: server `other`: `A=B` cannot name an environment variable
            workroom.toml:17:22: server `other`: `` cannot name an environment variable
            workroom.toml:15:1: the `command` of server `other` is empty
            workroom.toml:19:1: server `mismatch` is of `type` `http` and has a `command` (leave `type` out: it follows from `command` or `url`)
            workroom.toml:22:1: server `odd` has the unknown `type` `carrier pigeon` (it may be stdio or http)
            workroom.toml:24:10: a server needs a name
            workroom.toml:26:10: the name of server `\u{1b}[2J` holds control characters
            workroom.toml:30:1: `start_timeout_ms` is 0 ms; it may be from 1 to 86400000 ms
            workroom.toml:31:1: `call_timeout_ms` is 86400001 ms; it may be from 1 to 86400000 ms
            workroom.toml:32:1: `calls_in_flight` is 4097 calls; it may be from 1 to 4096 calls
            workroom.toml:33:1: `retries` is -1; it takes 0 or more
            workroom.toml:34:1: `fast` is not a rate: 1 to 100000 calls per `s`, `min` or `h` (such as "60/min")
            workroom.toml:35:1: expected an integer for `breaker_failures`, found a string
        "#]],
    );
}

#[test]
fn wrong_settings_are_told_all_at_once() {
    let text = r#"
[limits]
memory_mib = 1025
stack_kib = 31
[serve]
http = "localhost:8300"
allowed_origins = ["app.example.com", "https://app.example.com/x", "https://app.example.com"]
allowed_hosts = ["https://h", "me@h", "h:8300"]
"#;
    check(
        &[("workroom.toml", text)],
        &expect![[r#"
        workroom.toml:3:1: `limits.memory_mib` is 1025 MiB; it may be from 8 to 1024 MiB
        workroom.toml:4:1: `limits.stack_kib` is 31 KiB; it may be from 32 to 768 KiB
        workroom.toml:6:1: `localhost:8300` is not an IP address and a port (such as 127.0.0.1:8300)
        workroom.toml:7:20: `app.example.com` is not an origin (such as https://app.example.com:*)
        workroom.toml:7:39: `https://app.example.com/x` is not an origin (such as https://app.example.com:*)
        workroom.toml:8:18: `https://h` is not a host (such as gateway.example.com)
        workroom.toml:8:31: `me@h` is not a host (such as gateway.example.com)
    "#]],
    );
    // A setting that an earlier file overrides is wrong all the same.
    check(
        &[("workroom.toml", "limits.calls = 1"), ("user.toml", "limits.calls = 1000001")],
        &expect![[r#"
            user.toml:1:8: `limits.calls` is 1000001 calls; it may be from 0 to 1000000 calls
        "#]],
    );
}

#[test]
fn the_legacy_sse_transport_is_named() {
    check(
        &[(".mcp.json", r#"{ "mcpServers": { "a": { "type": "sse", "url": "http://h/sse" } } }"#)],
        &expect![[r#"
            .mcp.json (mcpServers.a.type): server `a` uses the legacy SSE transport, which is not supported yet (many such servers also speak Streamable HTTP: try `type` http with its /mcp address, or set `disabled` to true)
        "#]],
    );
}

#[test]
fn a_key_written_twice_is_an_error_in_both_forms() {
    check(
        &[
            ("workroom.toml", "[servers.a]\ncommand = \"x\"\ncommand = \"y\"\n"),
            (
                ".mcp.json",
                r#"{ "mcpServers": { "a": { "command": "x" },
                                     "a": { "command": "y", "command": "z" } } }"#,
            ),
            ("other.json", r#"{ "mcpServers": { "b": { "command": "y", "command": "z" } } }"#),
        ],
        &expect![[r#"
            workroom.toml:3:1: this is not TOML: duplicate key
            .mcp.json (mcpServers.a): the key `a` is written twice
            other.json (mcpServers.b.command): the key `command` is written twice
        "#]],
    );
}

#[test]
fn files_that_are_not_what_they_should_be() {
    check(
        &[("workroom.toml", "[servers.a\ncommand = 1")],
        &expect![[r#"
        workroom.toml:1:11: this is not TOML: unclosed table, expected `]`
    "#]],
    );
    check(
        &[("workroom.toml", "\u{feff}limits.calls = ä")],
        &expect![[r#"
            workroom.toml:1:16: this is not TOML: string values must be quoted, expected literal string
        "#]],
    );
    check(
        &[(".mcp.json", "{ \"mcpServers\": { } ")],
        &expect![[r#"
        .mcp.json:1:20: this is not JSON: EOF while parsing an object
    "#]],
    );
    check(
        &[(".mcp.json", "{} {}")],
        &expect![[r#"
        .mcp.json:1:4: this is not JSON: trailing characters
    "#]],
    );
    check(
        &[(".mcp.json", "")],
        &expect![[r#"
            .mcp.json:1:1: this is not JSON: EOF while parsing a value
        "#]],
    );
    check(
        &[(".mcp.json", "{\n  // é\n}")],
        &expect![[r#"
        .mcp.json:2:3: this is not JSON: comments are not allowed
    "#]],
    );
    check(
        &[(".mcp.json", "[]")],
        &expect![[r#"
        .mcp.json: expected a table of settings, found a list
    "#]],
    );
    check(&[("workroom.toml", "")], &expect![[""]]);
}

#[test]
fn a_misspelt_command_is_one_mistake() {
    check(
        &[("workroom.toml", "[servers.a]\ncomand = \"x\"\n")],
        &expect![[r#"
        workroom.toml:2:1: there is no key `comand` (did you mean `command`?)
    "#]],
    );
    check(
        &[(".mcp.json", r#"{ "mcpServers": { "a": { "comand": "x" } } }"#)],
        &expect![[r#"
            .mcp.json (mcpServers.a): server `a` has neither `command` nor `url` (give `command` for a program, or `url` for an HTTP server)
        "#]],
    );
}

#[test]
fn text_from_a_file_cannot_steer_a_terminal() {
    let text = "[servers.a]\ncommand = \"x\"\ndescription = \"\\u001b[2J\\nservers.b = ok\"\n";
    check(
        &[("workroom.toml", text)],
        &expect![[r#"
            servers.a.command = x (workroom.toml:2:1)
            servers.a.description = \u{1b}[2J\nservers.b = ok (workroom.toml:3:1)
        "#]],
    );
}

#[test]
fn bounds_hold_at_the_edge_and_one_past_it() {
    let args =
        |count: usize| format!("[servers.a]\ncommand = \"x\"\nargs = [{}]", "\"\",".repeat(count));
    assert!(read(&[("workroom.toml", &args(10_000))]).is_ok());
    check(
        &[("workroom.toml", &args(10_001))],
        &expect![[r#"
        workroom.toml:3:1: `args` has 10001 entries; it may have 10000
    "#]],
    );

    let toml = |bytes: usize| "#".repeat(bytes);
    assert!(read(&[("workroom.toml", &toml(1024 * 1024))]).is_ok());
    check(
        &[("workroom.toml", &toml(1024 * 1024 + 1))],
        &expect![[r#"
        workroom.toml: the file has 1048577 bytes; it may have 1048576
    "#]],
    );

    let json = |bytes: usize| format!("{{}}{}", " ".repeat(bytes - 2));
    assert!(read(&[(".mcp.json", &json(16 * 1024 * 1024))]).is_ok());
    check(
        &[(".mcp.json", &json(16 * 1024 * 1024 + 1))],
        &expect![[r#"
        .mcp.json: the file has 16777217 bytes; it may have 16777216
    "#]],
    );

    let many = (0..60).map(|index| format!("k{index} = 1")).collect::<Vec<_>>().join("\n");
    let shown = show(&[("workroom.toml", &many)]);
    assert!(shown.ends_with("\nand 10 more\n"), "{shown}");
}

#[test]
fn deep_nesting_is_refused() {
    for depth in [9, 60, 100_000] {
        let list = format!("x = {}{}", "[".repeat(depth), "]".repeat(depth));
        let table = format!("x = {}{}", "{a=".repeat(depth), "}".repeat(depth));
        let dotted = format!("{}x = 1", "a.".repeat(depth));
        let header = format!("[{}x]", "a.".repeat(depth));
        for text in [list, table, dotted, header] {
            let in_server = format!("[servers.a]\ncommand = \"x\"\nenv.{text}");
            assert!(read(&[("workroom.toml", &text)]).is_err());
            assert!(read(&[("workroom.toml", &in_server)]).is_err());
        }
        let json = format!("{{\"mcpServers\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&[(".mcp.json", &json)]).is_err());
    }
}

#[test]
fn no_text_makes_the_reader_panic() {
    let seeds = [
        "[servers.a]\ncommand = \"${A:-b}\"\nargs = [\"x\", \"${TOKEN}\"]\nenv = { K = \"$${\" }\n\
         [servers.b]\nurl = \"https://u:${TOKEN}@h:80/${TOKEN}?q#f\"\nheaders.X = \"${TOKEN}\"\n\
         [limits]\ncalls = 1\n[serve]\nhttp = \"[::1]:80\"\nallowed_origins = [\"http://h:*\"]\n",
        "{ \"mcpServers\": { \"a\": { \"command\": \"x\", \"args\": [\"${TOKEN}\"], \"env\": \
         { \"K\": \"${TOKEN}\" } }, \"b\": { \"type\": \"http\", \"url\": \
         \"https://u:${TOKEN}@h/${TOKEN}\", \"headers\": { \"X\": \"${TOKEN}\" } } } }",
    ];
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let names = ["workroom.toml", ".mcp.json"];
    let mut accepted = 0;
    for round in 0..2_000 {
        let mut bytes = seeds[round % 2].as_bytes().to_vec();
        for _ in 0..=random(3) {
            let at = random(bytes.len());
            match random(3) {
                0 => bytes[at] = u8::try_from(random(256)).unwrap(),
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, b"[]{}\"'$=.,\n:@"[random(13)]),
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        for name in names {
            match read(&[(name, &text)]) {
                Ok(_) => accepted += 1,
                Err(errors) => assert!(!errors.to_string().contains("hunter2"), "{errors}"),
            }
        }
    }
    assert!(accepted > 100, "most mutations do not even parse: {accepted}");
}

const PAGE: &str = include_str!("../../../docs/configuration.md");

#[test]
fn the_documented_limits_are_the_real_ones() {
    let mut rows = 0;
    for limit in Limit::ALL {
        let (least, greatest) = limit.range();
        let row = format!(
            "| `{}` | {} | {} | {least} to {greatest} |",
            limit.setting(),
            limit.unit(),
            limit.default_value()
        );
        assert!(PAGE.contains(&row), "docs/configuration.md lacks the row\n{row}");
        rows += 1;
    }
    let table = PAGE.split("| key of `[limits]` |").nth(1).unwrap().split("\n\n").next().unwrap();
    assert_eq!(table.lines().filter(|line| line.starts_with("| `")).count(), rows);
}

#[test]
fn modes_are_read_for_all_and_for_single_clients() {
    let config = read(&[(
        "workroom.toml",
        "[serve]\nmode = \"search\"\n[clients.Cursor]\nmode = \"direct\"\n[clients.other]\n",
    )]);
    let serve = config.unwrap().serve;
    assert_eq!(serve.mode.name(), "search");
    let clients =
        serve.clients.iter().map(|it| (it.name.as_str(), it.mode.map(workroom_types::Mode::name)));
    assert_eq!(clients.collect::<Vec<_>>(), [("Cursor", Some("direct")), ("other", None)]);
    check(
        &[("workroom.toml", "[serve]\nmode = \"Code\"\n[clients.\"\"]\n[clients.a]\nmod = 1\n")],
        &expect![[r#"
            workroom.toml:2:1: `serve.mode` is `Code` (it may be "code" or "direct" or "search" or "auto")
            workroom.toml:3:10: a client needs a name: the one that it gives of itself
            workroom.toml:5:1: there is no key `mod` (did you mean `mode`?)
        "#]],
    );
}

#[test]
fn the_documented_examples_are_accepted() {
    let fence = "```";
    let mut examples = 0;
    for (language, name) in [("toml", "workroom.toml"), ("json", ".mcp.json")] {
        for block in PAGE.split(&format!("{fence}{language}\n")).skip(1) {
            // The variables that the page's examples use are set in its readers' environment.
            let text = block.split(fence).next().unwrap().replace("${CRM_TOKEN}", "${TOKEN}");
            let config = read(&[(name, &text)]).map_err(|errors| format!("{text}\n{errors}"));
            assert_eq!(config.unwrap().warnings, [], "{text}");
            examples += 1;
        }
    }
    assert!(examples >= 3, "docs/configuration.md has {examples} examples");
}

#[test]
fn what_reports_count_with_is_read_and_bounded() {
    let text = "[ledger]\nprices = \"own.toml\"\nmodel = \"gpt-5\"\nresult_tokens = 1\n\
                context_tokens = 100000000\ncache_writes = true\n";
    let ledger = read(&[("workroom.toml", text)]).unwrap().ledger;
    assert!(ledger.prices.unwrap().ends_with("own.toml"));
    assert_eq!(ledger.model.as_deref(), Some("gpt-5"));
    assert_eq!((ledger.result_tokens, ledger.context_tokens), (Some(1), Some(100_000_000)));
    assert!(ledger.cache_writes);
    check(
        &[(
            "workroom.toml",
            "[ledger]\nresult_tokens = 0\ncontext_tokens = 100000001\nmodle = 1\n",
        )],
        &expect![[r#"
            workroom.toml:2:1: `ledger.result_tokens` is 0 tokens; it may be from 1 to 100000000
            workroom.toml:3:1: `ledger.context_tokens` is 100000001 tokens; it may be from 1 to 100000000
            workroom.toml:4:1: there is no key `modle` (did you mean `model`?)
        "#]],
    );
}
