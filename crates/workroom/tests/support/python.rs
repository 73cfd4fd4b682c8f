//! Python programs that tests drive, with what `cargo xtask test` installed.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// Where `cargo xtask test` put the servers.
pub(crate) fn tools() -> PathBuf {
    let folder = std::env::var_os("WORKROOM_TOOLS")
        .map_or_else(|| root().join("target/tools"), PathBuf::from);
    assert!(
        folder.join("installed").exists(),
        "{} has no MCP servers; run `cargo xtask test`",
        folder.display()
    );
    folder
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Runs a Python program, and reads the JSON that it prints.
pub(crate) fn python(workspace: &TempDir, program: &str, args: &[&str], input: &Value) -> Value {
    let mut python = Command::new(tools().join("venv/bin/python"))
        .arg(root().join(program))
        .args(args)
        .current_dir(workspace.path())
        .env("WORKROOM_TOOLS", tools())
        .env("WORKROOM_EXAMPLE", workspace.path())
        .env("WORKROOM_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"))
        .env("WORKROOM_DATA", workspace.path().join("data"))
        .env("XDG_CONFIG_HOME", workspace.path())
        .env_remove("WORKROOM_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that ends without reading its input says why on standard error.
    let _ = python.stdin.take().unwrap().write_all(input.to_string().as_bytes());
    let output = python.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {}\n{errors}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}
