//! Workroom's automation, run as `cargo xtask <command>`.
//!
//! It depends on nothing, so that a command starts seconds after a fresh clone.
//!
//! # Layout
//!
//! * [`tools`]: the npm and PyPI programs that the tests need.
//! * [`tidy`]: what no compiler checks.
//! * [`fuzz`]: the fuzz targets.
//! * [`eval`]: measurements of quality.
//! * [`steps`]: running commands, and saying so.

mod eval;
mod fuzz;
mod steps;
mod tidy;
mod tools;

use std::process::{Command, ExitCode};

use steps::{Step, cargo, print, say, target};

const USAGE: &str = "\
Workroom's automation

Usage: cargo xtask <COMMAND>

Commands:
  test [FILTER]...  Install what the tests need under target/tools, then run every test,
                    or those whose name contains a filter
  servers           Install the MCP servers of examples/real, and make its data
  model             Install a small embedding model, and print its folder
  tidy              Check what no compiler checks
  guest [--check]   Build the sandbox's guest from its sources, or compare it with the
                    one that is checked in
  fuzz [--seconds N] [TARGET]...
                    Run the fuzz targets, or those named, for a minute each
  eval pii --data FILE [--json] [--profile NAME] [--show]
                    Measure the detection of personal data on labelled sentences
  bench             Run the benchmarks of bench/README.md
  eval search --servers FILE --tasks FILE [--embeddings FOLDER] [--json] [--verbose]
                    Measure how well the search finds the tools that tasks need
  ci                Everything that continuous integration checks";

/// What the tests build beside the default features.
const FEATURES: [&str; 2] = ["--features", "workroom/embeddings"];

fn main() -> ExitCode {
    if let Some(code) = fuzz::as_wrapper() {
        return code;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        [] | ["help" | "--help" | "-h"] => {
            say(USAGE);
            Ok(())
        }
        ["test", filter @ ..] => test(filter),
        ["servers"] => tools::install().and_then(|()| tools::example_data()),
        ["model"] => tools::install_model().map(|folder| print(&folder.to_string_lossy())),
        ["tidy"] => tidy::run(),
        ["guest"] => guest(false),
        ["guest", "--check"] => guest(true),
        ["fuzz", words @ ..] => fuzz::run(words),
        ["eval", "pii", words @ ..] => eval::pii(words),
        ["bench"] => bench(),
        ["eval", "search", words @ ..] => eval_search(words),
        ["ci"] => ci(),
        _ => Err(format!("`{}` is no command\n\n{USAGE}", words.join(" "))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            say(&format!("error: {message}"));
            ExitCode::FAILURE
        }
    }
}

fn test(filter: &[&str]) -> Result<(), String> {
    tools::install()?;
    build()?;
    let mut doc = cargo(&["test", "--quiet", "--doc", "--workspace", "--locked"]);
    doc.args(FEATURES).args(filter);
    Step::new("documentation tests", doc).run()?;
    let has_nextest = cargo(&["nextest", "--version"]).output().is_ok_and(|o| o.status.success());
    let mut tests = if has_nextest {
        cargo(&["nextest", "run", "--workspace", "--locked", "--no-fail-fast"])
    } else {
        cargo(&["test", "--workspace", "--locked", "--no-fail-fast", "--lib", "--bins", "--tests"])
    };
    tests.args(FEATURES).args(filter).env("WORKROOM_TOOLS", tools::folder());
    Step::new("tests", tests).run()
}

/// Builds what the tests run, so that a failure to build is told apart from a failing test.
fn build() -> Result<(), String> {
    let mut build = cargo(&["build", "--workspace", "--all-targets", "--locked"]);
    build.args(FEATURES);
    Step::new("build", build).run()
}

fn guest(check: bool) -> Result<(), String> {
    let mut build = cargo(&["run", "--quiet", "--locked", "--package", "guest-builder", "--"]);
    if check {
        build.arg("--check");
    }
    Step::new("guest", build).run()
}

fn bench() -> Result<(), String> {
    let beside = tools::install_beside()?;
    tools::install_model()?;
    let measured = [
        "workroom-sandbox",
        "workroom-catalog",
        "workroom-embeddings",
        "workroom-script",
        "workroom-store",
        "workroom-pii",
        "workroom",
    ];
    for package in measured {
        let mut bench = cargo(&["bench", "--locked", "--package", package]);
        bench.env("WORKROOM_BENCH_TOOLS", &beside);
        Step::new("bench", bench).run()?;
    }
    say("put the figures into bench/README.md, with the machine they were measured on");
    Ok(())
}

/// Prints nothing but the figures: programs read them.
fn eval_search(words: &[&str]) -> Result<(), String> {
    let mut eval = cargo(&["run", "--quiet", "--locked", "--package", "workroom-embeddings"]);
    eval.args(["--example", "eval_search", "--"]).args(words);
    let status = eval.status().map_err(|error| format!("cannot run cargo: {error}"))?;
    status.success().then_some(()).ok_or_else(|| "`eval search` failed".to_owned())
}

fn ci() -> Result<(), String> {
    Step::new("format", cargo(&["fmt", "--all", "--check"])).run()?;
    tidy::run()?;
    let deny = ["deny", "--locked", "check", "bans", "licenses", "sources"];
    Step::new("dependencies", cargo(&deny)).run()?;
    for (name, features) in [("lints", &[] as &[&str]), ("lints of all features", &FEATURES)] {
        let mut lints = cargo(&["clippy", "--workspace", "--all-targets", "--locked"]);
        lints.args(features).args(["--", "-D", "warnings"]);
        Step::new(name, lints).run()?;
    }
    // Naming the examples makes Cargo choose the features that the tests
    // need: so the dependencies that the lints checked are not checked again.
    let targets = ["--workspace", "--lib", "--bins", "--examples"];
    let mut docs = cargo(&["doc", "--no-deps", "--locked"]);
    docs.args(FEATURES).args(targets);
    docs.env("RUSTDOCFLAGS", "-D warnings");
    Step::new("documentation", docs).run()?;
    build()?;
    // As the workspace built it: asking Cargo for this package alone would choose other features
    // for what it shares with the others, and compile Wasmtime a second time.
    let mut builder = Command::new(target().join("debug/guest-builder"));
    builder.arg("--check");
    Step::new("guest", builder).run()?;
    test(&[])?;
    fuzz::run(&[])
}
