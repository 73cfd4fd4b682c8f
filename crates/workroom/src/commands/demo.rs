//! `workroom demo`: one job done both ways through the real gateway, and what each cost.
//!
//! Both ways use the same four servers, started as child processes. Tokens are
//! counted from the texts that really passed:
//!
//! * the traditional way: the definitions of all tools, once; the arguments of
//!   each call, written by the model; each result, read once by the model.
//! * the code way, over a real MCP connection to our own endpoint: our tool list,
//!   once; the arguments of each of our tools (the script among them), written by
//!   the model; each of their results, read once by the model.
//!
//! The job's wording and the answer that the model writes at the end are the
//! same both ways: the wording is left out, the answer is counted in both.
//! A model reads its context again at every turn; that is not counted, which
//! favours the traditional way.

use std::{
    cell::RefCell,
    env,
    fmt::Write as _,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use rmcp::{
    RoleClient, ServiceExt,
    model::{CallToolRequestParams, CallToolResult},
    service::RunningService,
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use workroom_config::{
    Config, PrivacySettings, SandboxConfig, ScriptsConfig, ServeConfig, ServerConfig, Transport,
};
use workroom_demo::{
    DemoServer,
    inventory::{self, JOB, Truth, World},
};
use workroom_engine::store::Memory;
use workroom_engine::{CallFailure, Engine, report};
use workroom_ledger::Volume;
use workroom_server::Face;
use workroom_types::{CallPolicy, Limits};

use crate::{
    args::{Demo, Global},
    gateway::Gateway,
    output::{self, Answer, Failure},
    settings::Settings,
    store::Keep,
};

/// What one way of doing the job cost.
#[derive(Clone, Debug, Default, Serialize)]
struct Way {
    /// o200k tokens that the model reads.
    tokens_in: u64,
    /// o200k tokens that the model writes.
    tokens_out: u64,
    /// Tool calls that the model makes.
    calls: u64,
    /// Wall time of the tools, without any model's.
    duration_ms: u64,
    /// Of `tokens_in`: the tool definitions.
    definitions: u64,
    /// Of `tokens_in`: the results.
    results: u64,
    /// Calls that code made on its own.
    calls_in_code: u64,
    /// Bytes of results that stayed in the sandbox.
    kept_bytes: u64,
}

impl Way {
    fn defined(&mut self, definitions: &str) {
        self.definitions = Volume::of(definitions).tokens;
        self.tokens_in += self.definitions;
    }

    fn called(&mut self, arguments: &str, result: &str) {
        self.calls += 1;
        self.tokens_out += Volume::of(arguments).tokens;
        let read = Volume::of(result).tokens;
        self.results += read;
        self.tokens_in += read;
    }

    fn total(&self) -> u64 {
        self.tokens_in + self.tokens_out
    }
}

pub(crate) async fn demo(global: &Global, args: &Demo) -> Result<Answer, Failure> {
    let world = args.world;
    let gateway = Gateway::start(settings(args.seed)?, Arc::new(Memory::default()), Keep::Nothing);
    if !global.json {
        output::note("starting the shop, the marketplace, the warehouse and the accounting …");
    }
    gateway.engine.settled().await;
    let done = both(&gateway, args.seed, global.json).await;
    gateway.close().await;
    let (truth, traditional, code) = done?;
    let right = |way: &(Way, Value)| inventory::check(&way.1, &truth);
    let (first, second) = (right(&traditional), right(&code));
    let correct = first.is_ok() && second.is_ok() && traditional.1 == code.1;
    let mut text = inventory::headline(&truth.answer).trim_end().to_owned();
    for (name, check) in [("the traditional way", first), ("the code way", second)] {
        match check {
            Ok(()) => {
                let _ = write!(text, "\n{name}: right, checked against the seeded truth");
            }
            Err(mismatch) => {
                let _ = write!(text, "\n{name}: WRONG: {mismatch}");
            }
        }
    }
    let (traditional, code) = (traditional.0, code.0);
    let _ = write!(text, "\n\n{}", table(&traditional, &code));
    let json = json!({
        "world": format!("{world:?}").to_lowercase(),
        "seed": args.seed,
        "correct": correct,
        "answer": truth.answer,
        "traditional": traditional,
        "code": code,
    });
    Ok(Answer::new(text, &json, if correct { output::OK } else { output::FAILED }))
}

type Done = (Way, Value);

async fn both(gateway: &Gateway, seed: u64, quiet: bool) -> Result<(Truth, Done, Done), Failure> {
    let say = |line: &str| {
        if !quiet {
            output::note(line);
        }
    };
    let truth = Truth::of(&World::new(seed));
    say("the traditional way: every definition and every page through the model …");
    let traditional = traditional(&gateway.engine).await?;
    say("the code way: a search, some files, one script …\n");
    let code = with_code(gateway).await?;
    Ok((truth, traditional, code))
}

/// The model calls the tools itself.
async fn traditional(engine: &Engine) -> Result<Done, Failure> {
    let mut way = Way::default();
    let catalog = engine.catalog();
    let definitions: Vec<String> = catalog
        .servers()
        .iter()
        .flat_map(|server| &server.tools)
        .map(|tool| serde_json::to_string(&*tool.def).unwrap_or_default())
        .collect();
    way.defined(&format!("[{}]", definitions.join(",")));
    let way = RefCell::new(way);
    let started = Instant::now();
    let waited = RefCell::new(Duration::ZERO);
    let call = async |server: &str, tool: &str, arguments: Map<String, Value>| {
        let written = json!({ "server": server, "tool": tool, "arguments": arguments }).to_string();
        let data = engine.call(server, tool, arguments).await?;
        // Counting is our work and not the way's.
        let counting = Instant::now();
        way.borrow_mut().called(&written, &data);
        *waited.borrow_mut() += counting.elapsed();
        serde_json::from_str(&data).map_err(|error| CallFailure {
            code: "protocol".to_owned(),
            message: format!("the result of `{server}.{tool}` is not JSON: {error}"),
            hint: None,
        })
    };
    let answer = inventory::traditional(call).await.map_err(Failure::failed)?;
    let answer = serde_json::to_value(answer).map_err(Failure::failed)?;
    let took = started.elapsed().saturating_sub(waited.into_inner());
    let mut way = way.into_inner();
    way.duration_ms = report::milliseconds(took);
    way.tokens_out += Volume::of(&answer.to_string()).tokens;
    Ok((way, answer))
}

/// The model writes code, over a connection to our own endpoint.
async fn with_code(gateway: &Gateway) -> Result<Done, Failure> {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let face = Face::new(gateway.engine.clone(), &gateway.overview(), false);
    let serving = tokio::spawn(async move {
        if let Ok(service) = face.serve(ours).await {
            let _ = service.waiting().await;
        }
    });
    let client = ().serve(theirs).await.map_err(Failure::failed)?;
    let started = Instant::now();
    let mut way = Way::default();
    let listed = client.list_tools(None).await.map_err(Failure::failed)?;
    way.defined(&serde_json::to_string(&listed.tools).map_err(Failure::failed)?);
    for (query, limit) in JOB.searches {
        ask(&client, &mut way, "search", json!({ "query": query, "limit": limit })).await?;
    }
    for path in JOB.files_read {
        ask(&client, &mut way, "read_file", json!({ "path": path })).await?;
    }
    let result = ask(&client, &mut way, "run_code", json!({ "code": JOB.script })).await?;
    way.duration_ms = report::milliseconds(started.elapsed());
    let text = text_of(&result);
    let (_, answer) = text.split_once('\n').unwrap_or_default();
    let answer: Value = serde_json::from_str(answer).map_err(|_| Failure::failed(&text))?;
    way.tokens_out += Volume::of(&answer.to_string()).tokens;
    let meta = result.meta.and_then(|meta| serde_json::to_value(meta).ok()).unwrap_or_default();
    let figure =
        |name: &str| meta.pointer(&format!("/workroom~1run/calls/{name}")).and_then(Value::as_u64);
    way.calls_in_code = figure("made").unwrap_or_default();
    way.kept_bytes = figure("result_bytes").unwrap_or_default();
    let _ = client.cancel().await;
    serving.abort();
    Ok((way, answer))
}

async fn ask(
    client: &RunningService<RoleClient, ()>,
    way: &mut Way,
    tool: &'static str,
    arguments: Value,
) -> Result<CallToolResult, Failure> {
    let written = json!({ "tool": tool, "arguments": arguments }).to_string();
    let map = arguments.as_object().cloned().unwrap_or_default();
    let request = CallToolRequestParams::new(tool).with_arguments(map);
    let result = client.call_tool(request).await.map_err(Failure::failed)?;
    let text = text_of(&result);
    way.called(&written, &text);
    if result.is_error == Some(true) {
        return Err(Failure::failed(format!("`{tool}` failed: {text}")));
    }
    Ok(result)
}

fn text_of(result: &CallToolResult) -> String {
    let texts = result.content.iter().filter_map(|block| block.as_text());
    texts.map(|text| text.text.as_str()).collect::<Vec<_>>().join("\n")
}

fn table(traditional: &Way, code: &Way) -> String {
    let mut text = format!("{:<34}{:>14}{:>14}\n", "tokens (o200k)", "traditional", "code");
    let rows = [
        ("in: tool definitions", traditional.definitions, code.definitions),
        ("in: results", traditional.results, code.results),
        ("out: calls, code and the answer", traditional.tokens_out, code.tokens_out),
        ("all tokens", traditional.total(), code.total()),
        ("calls by the model", traditional.calls, code.calls),
        ("calls by its code", traditional.calls_in_code, code.calls_in_code),
        ("wall time of the tools, ms", traditional.duration_ms, code.duration_ms),
    ];
    for (name, traditional, code) in rows {
        let _ = writeln!(text, "{name:<34}{:>14}{:>14}", thousands(traditional), thousands(code));
    }
    #[expect(clippy::cast_precision_loss, reason = "a share of a hundred, for people")]
    let saved = 100.0 * (1.0 - code.total() as f64 / traditional.total().max(1) as f64);
    let kept = report::bytes(code.kept_bytes);
    let _ = write!(text, "code mode used {saved:.1} % fewer tokens; {kept} stayed in the sandbox");
    text
}

/// `1234567` as `1,234,567`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Four servers that are this program under another subcommand.
fn settings(seed: u64) -> Result<Settings, Failure> {
    let program = env::current_exe()
        .map_err(|error| Failure::failed(format!("this program's path is not known: {error}")))?;
    let servers = DemoServer::ALL.map(|server| ServerConfig {
        name: server.name().to_owned(),
        description: Some(server.about().to_owned()),
        transport: Transport::Stdio {
            command: program.to_string_lossy().into_owned(),
            args: ["demo-server", server.name(), "--seed", &seed.to_string()]
                .map(str::to_owned)
                .to_vec(),
            env: Vec::new(),
            cwd: PathBuf::from("."),
        },
        start_timeout: workroom_config::START_TIMEOUT_DEFAULT,
        call_timeout: workroom_config::CALL_TIMEOUT_DEFAULT,
        policy: CallPolicy::default(),
        mask: Vec::new(),
        clear: Vec::new(),
    });
    Ok(Settings {
        files: Vec::new(),
        config: Config {
            servers: servers.to_vec(),
            limits: Limits::default(),
            serve: ServeConfig::default(),
            sandbox: SandboxConfig::default(),
            scripts: ScriptsConfig::default(),
            privacy: PrivacySettings::default(),
            origins: Vec::new(),
            warnings: Vec::new(),
        },
    })
}

/// One of the demo's servers, until its input ends.
pub(crate) async fn demo_server(server: &str, seed: u64) -> Result<Answer, Failure> {
    let server: DemoServer = server.parse().map_err(Failure::usage)?;
    workroom_demo::serve_stdio(server, seed).await.map_err(Failure::failed)?;
    Ok(Answer::new("", &json!({ "ok": true }), output::OK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let shown = [0, 999, 1_000, 1_234_567].map(thousands);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }
}
