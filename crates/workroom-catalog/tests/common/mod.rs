//! What the catalog's tests share: the recorded tools of real servers, and a parser.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of this")]
#![allow(clippy::unwrap_used, reason = "this is a test, too")]

pub mod generate;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value;
use workroom_catalog::{Catalog, Node};
use workroom_types::{ServerSnapshot, ServerStatus, ToolDef};

/// The workspace's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Recorded `tools/list` answers of real servers, in the order of their files' names.
pub fn real_servers() -> Vec<Arc<ServerSnapshot>> {
    let shared = std::env::var_os("WORKROOM_SHARED");
    let shared = shared.map_or_else(|| root().join("../shared"), PathBuf::from);
    let folder = shared.join("data/tools/real");
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| {
        panic!(
            "`{}` has the recorded tools of real servers and cannot be read ({error}); put the \
             `shared` folder beside the repository, or set WORKROOM_SHARED to it",
            folder.display()
        )
    });
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| Arc::new(recorded(file))).collect()
}

fn recorded(file: &Path) -> ServerSnapshot {
    let text: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let name = file.file_stem().unwrap().to_str().unwrap();
    let tools: Vec<ToolDef> = serde_json::from_value(text["tools"].clone()).unwrap();
    server(name, tools)
}

/// A server that is ready.
pub fn server(name: &str, tools: Vec<ToolDef>) -> ServerSnapshot {
    ServerSnapshot {
        name: name.to_owned(),
        status: ServerStatus::Ready,
        tools: Arc::new(tools),
        ..ServerSnapshot::default()
    }
}

/// A tool that takes `schema`.
pub fn tool(name: &str, schema: Value) -> ToolDef {
    ToolDef { name: name.to_owned(), input_schema: schema, ..ToolDef::default() }
}

/// A catalog of one server `s` with `tools`.
pub fn catalog(tools: Vec<ToolDef>) -> Catalog {
    Catalog::build(&[Arc::new(server("s", tools))], None)
}

/// The text at `path`.
pub fn file(catalog: &Catalog, path: &str) -> String {
    match catalog.open(path).unwrap() {
        Node::File(text) => text,
        Node::Folder(_) => panic!("`{path}` is a folder"),
    }
}

/// Every file of the catalog, as path and text.
pub fn files(catalog: &Catalog) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for server in catalog.servers() {
        let index = format!("./servers/{}/index.ts", server.folder);
        files.push((index.clone(), file(catalog, &index)));
        files.extend(server.tools.iter().map(|tool| (tool.path(), tool.source())));
    }
    files
}

/// Fails unless `text` is a TypeScript module.
#[track_caller]
pub fn parse(path: &str, text: &str) {
    let allocator = oxc::allocator::Allocator::default();
    let parsed = oxc::parser::Parser::new(&allocator, text, oxc::span::SourceType::ts()).parse();
    assert!(
        parsed.diagnostics.is_empty() && !parsed.panicked,
        "{path} does not parse: {:?}\n{text}",
        parsed.diagnostics
    );
}

/// The TypeScript compiler.
pub fn tsc() -> PathBuf {
    let given = std::env::var_os("WORKROOM_TSC").map(PathBuf::from);
    let tsc = given.unwrap_or_else(|| root().join("target/tools/node_modules/.bin/tsc"));
    assert!(
        tsc.exists(),
        "`{}` is missing; run `cargo xtask test`, which installs it, or set WORKROOM_TSC",
        tsc.display()
    );
    tsc
}
