//! How long a script of 100 lines takes from its text to what the guest evaluates, over the 772 real
//! tools and over 800: with everything right, and with a mistake on every tenth line.
//!
//! `cargo bench -p workroom-script` prints a Markdown table for `bench/README.md`.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![allow(clippy::print_stdout, reason = "its output is the table")]

use std::{
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value;
use workroom_catalog::Catalog;
use workroom_engine::modules::InCatalog;
use workroom_script::{Scope, compile_in};
use workroom_types::{ServerSnapshot, ServerStatus, ToolDef};

const LINES: usize = 100;
const ROUNDS: usize = 400;
const TOOLS: usize = 800;

fn main() {
    let servers = servers();
    println!("| script of {LINES} lines, {TOOLS} tools | first | median | p99 |");
    println!("|---|--:|--:|--:|");
    row("every line right, four servers imported", &servers, &right());
    row("the global `servers`, each server by its name", &servers, &by_global());
    row("the global `servers` as a whole", &servers, &format!("{}\nservers", by_global()));
    row("a mistake on every tenth line", &servers, &wrong());
}

fn row(title: &str, servers: &[Arc<ServerSnapshot>], script: &str) {
    assert_eq!(
        script.lines().count().div_ceil(LINES),
        1 + usize::from(script.ends_with("servers"))
    );
    let catalog = Catalog::build(servers, None);
    assert_eq!(catalog.tool_count(), TOOLS);
    let time = || {
        let began = Instant::now();
        drop(black_box(compile_in(black_box(script), &InCatalog(&catalog), Scope::EMPTY)));
        began.elapsed()
    };
    let first = time();
    let mut times: Vec<Duration> = (0..ROUNDS).map(|_| time()).collect();
    times.sort();
    let (median, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!("| {title} | {} | {} | {} |", ms(first), ms(median), ms(p99));
}

fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1_000.0)
}

/// The recorded tools of real servers, and copies of some until there are [`TOOLS`].
fn servers() -> Vec<Arc<ServerSnapshot>> {
    let shared = std::env::var_os("WORKROOM_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let mut files: Vec<PathBuf> = fs::read_dir(shared.join("data/tools/real"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut servers: Vec<ServerSnapshot> = files.iter().map(|file| recorded(file)).collect();
    let count: usize = servers.iter().map(|server| server.tools.len()).sum();
    let mut copies = servers[0].clone();
    "copies".clone_into(&mut copies.name);
    let all = servers.iter().flat_map(|server| server.tools.iter().cloned());
    copies.tools = Arc::new(all.take(TOOLS - count).collect());
    servers.push(copies);
    servers.into_iter().map(Arc::new).collect()
}

fn recorded(file: &Path) -> ServerSnapshot {
    let text: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let tools: Vec<ToolDef> = serde_json::from_value(text["tools"].clone()).unwrap();
    ServerSnapshot {
        name: file.file_stem().unwrap().to_str().unwrap().to_owned(),
        status: ServerStatus::Ready,
        tools: Arc::new(tools),
        ..ServerSnapshot::default()
    }
}

/// Calls of the first tools of the largest servers, with all that they need.
fn calls() -> Vec<(String, String, String)> {
    let servers = servers();
    let catalog = Catalog::build(&servers, None);
    let mut largest: Vec<_> = catalog.servers().iter().collect();
    largest.sort_by_key(|server| std::cmp::Reverse(server.tools.len()));
    let calls = largest.iter().take(4).flat_map(|server| {
        server.tools.iter().take(20).map(|tool| {
            let required = tool.def.input_schema.get("required").and_then(Value::as_array);
            let names = required.into_iter().flatten().filter_map(Value::as_str);
            let given: Vec<String> = names.map(|name| format!("'{name}': input.a")).collect();
            let identifier = server.identifier.clone();
            (
                server.folder.clone(),
                identifier,
                format!("{}({{ {} }})", tool.function, given.join(", ")),
            )
        })
    });
    calls.collect()
}

fn script(head: impl Fn(&[(String, String, String)]) -> Vec<String>, prefix: &str) -> String {
    let calls = calls();
    let mut lines = head(&calls);
    lines.push("const input: { a: any } = { a: JSON.parse('1') };".to_owned());
    for (at, (_, server, call)) in calls.iter().cycle().enumerate() {
        if lines.len() >= LINES - 1 {
            break;
        }
        let line = match at % 4 {
            0 => format!("const found{at}: unknown[] = [await {prefix}{server}.{call}];"),
            1 => format!(
                "function pick{at}(rows: any[]) {{ return rows.filter((row) => row.id > {at}).map((row) => ({{ ...row, n: {at} }})); }}"
            ),
            2 => format!(
                "const text{at} = `round ${{input.a}} of ${{JSON.stringify([{at}, 'x'])}}`;"
            ),
            _ => format!(
                "const kept{at} = Object.entries(input).map(([key, value]) => [key, `${{value}}`] as const);"
            ),
        };
        lines.push(line);
    }
    lines.push("return input;".to_owned());
    lines.join("\n")
}

fn right() -> String {
    let imports = |calls: &[(String, String, String)]| {
        let mut imports: Vec<String> = calls
            .iter()
            .map(|(folder, name, _)| format!("import * as {name} from './servers/{folder}';"))
            .collect();
        imports.dedup();
        imports
    };
    script(imports, "")
}

fn by_global() -> String {
    script(|_| Vec::new(), "servers.")
}

fn wrong() -> String {
    let right = right();
    let line = |(at, line): (usize, &str)| match at % 10 {
        9 if line.contains("await") => line.replace("({", "({ nonsense: 1, "),
        9 => line.replace("input", "inptu"),
        _ => line.to_owned(),
    };
    right.lines().enumerate().map(line).collect::<Vec<_>>().join("\n")
}
