//! Runs the real binary and shows what it did, with what varies replaced.

#![allow(dead_code, reason = "each test program uses a part of it")]

pub(crate) mod client;
pub(crate) mod few;
pub(crate) mod gateway;
pub(crate) mod proxy;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// The configuration of demo servers, whose data `seed` makes.
pub(crate) fn demo_servers(names: &[&str], seed: u32) -> String {
    let server = |name: &&str| {
        format!(
            "[servers.{name}]\ncommand = \"SELF\"\nargs = [\"demo-server\", \"{name}\", \"--seed\", \
             \"{seed}\"]\n"
        )
    };
    names.iter().map(server).collect()
}

/// A folder of its own for one test, and the binary run inside it.
pub(crate) struct Workspace {
    folder: TempDir,
}

impl Workspace {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file; `SELF` in it becomes the binary's path.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, text.replace("SELF", BINARY)).unwrap();
        path
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(args)
            .current_dir(self.path())
            .env("WORKROOM_CACHE", cache())
            .env("WORKROOM_DATA", self.path().join("data"))
            .env("XDG_CONFIG_HOME", self.path())
            .env_remove("WORKROOM_LOG");
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn output(&self, args: &[&str], input: &str) -> Output {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that does not read its input closes it; that is not the test's failure.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Exit code, standard output and standard error, as one text.
    pub(crate) fn shown(&self, args: &[&str], input: &str) -> String {
        let output = self.output(args, input);
        let part = |name: &str, bytes: &[u8]| match self.steady(&String::from_utf8_lossy(bytes)) {
            text if text.is_empty() => String::new(),
            text => format!("----- {name}\n{}\n", text.trim_end()),
        };
        format!(
            "exit code {}\n{}{}",
            output.status.code().unwrap(),
            part("stdout", &output.stdout),
            part("stderr", &output.stderr)
        )
    }

    /// `text` with ids, times and folders replaced by names.
    pub(crate) fn steady(&self, text: &str) -> String {
        let mut text = text.replace(&*self.path().to_string_lossy(), "FOLDER");
        if let Ok(real) = self.path().canonicalize() {
            text = text.replace(&*real.to_string_lossy(), "FOLDER");
        }
        text = text.replace(BINARY, "SELF");
        text = ids(&text, "r_", 16, "RUN");
        text = ids(&text, "s_", 26, "SESSION");
        text = before(&text, " s\n", "TIME");
        text = before(&text, " s ·", "TIME");
        text = after(&text, "\"duration_ms\":", "TIME");
        // A random id takes now more, now fewer tokens, and a preview is cut by tokens.
        text = after(&text, "\"tokens\":", "TOKENS");
        match text.split_once("\nsku,qty\n") {
            Some((before, _)) => format!("{before}\nsku,qty …"),
            None => text,
        }
    }
}

const BINARY: &str = env!("CARGO_BIN_EXE_workroom");

/// One cache for all tests: the sandbox is compiled once and not for each of them.
fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

/// Replaces ids, which begin with `prefix` and go on for `digits`.
fn ids(text: &str, prefix: &str, digits: usize, name: &str) -> String {
    let mut parts = text.split(prefix);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let id = part.chars().take_while(char::is_ascii_alphanumeric).count();
        if id == digits {
            shown.push_str(name);
            shown.push_str(&part[digits..]);
        } else {
            shown.push_str(prefix);
            shown.push_str(part);
        }
    }
    shown
}

/// Replaces the number that stands before `unit`.
fn before(text: &str, unit: &str, name: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(unit) {
        let number = rest[..at].trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        shown.push_str(number);
        if number.len() < at {
            shown.push_str(name);
        }
        shown.push_str(unit);
        rest = &rest[at + unit.len()..];
    }
    shown + rest
}

/// Replaces the number that follows `key`.
fn after(text: &str, key: &str, name: &str) -> String {
    let mut parts = text.split(key);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shown.push_str(key);
        shown.push_str(name);
        shown.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    shown
}
