//! Workroom's automation, run as `cargo xtask <command>`.
//!
//! # Layout
//!
//! * [`tools`]: the npm and PyPI programs that the tests need.
//! * [`tidy`]: what no compiler checks.
//! * [`steps`]: running commands, and saying so.

mod steps;
mod tidy;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use steps::{Step, cargo, root};

/// Workroom's automation
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install what the tests need under target/tools, then run every test
    Test {
        /// Passed on to the test runner, such as a part of a test's name
        filter: Vec<String>,
    },
    /// Install the MCP servers of examples/real, and make its data
    Servers,
    /// Check what no compiler checks
    Tidy,
    /// Build the sandbox's guest from its sources
    Guest {
        /// Build it and compare with the checked-in one
        #[arg(long)]
        check: bool,
    },
    /// Run the benchmarks of bench/README.md
    Bench,
    /// Everything that continuous integration checks, tests last
    Ci,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Test { filter } => test(&filter),
        Command::Servers => tools::install().and_then(|()| tools::example_data()),
        Command::Tidy => tidy::run(),
        Command::Guest { check } => guest(check),
        Command::Bench => bench(),
        Command::Ci => ci(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            steps::say(&format!("error: {message}"));
            ExitCode::FAILURE
        }
    }
}

fn test(filter: &[String]) -> Result<(), String> {
    tools::install()?;
    // The tests start the binary; a build of the test targets alone would leave out nothing, but
    // this way a failure to build is told apart from a failing test.
    Step::new("build", cargo(&["build", "--workspace", "--all-targets", "--locked"])).run()?;
    let mut doc = cargo(&["test", "--doc", "--workspace", "--locked"]);
    doc.args(filter);
    Step::new("documentation tests", doc).run()?;
    let has_nextest = cargo(&["nextest", "--version"]).output().is_ok_and(|o| o.status.success());
    let mut tests = if has_nextest {
        cargo(&["nextest", "run", "--workspace", "--locked", "--no-fail-fast"])
    } else {
        cargo(&["test", "--workspace", "--locked", "--no-fail-fast", "--lib", "--bins", "--tests"])
    };
    tests.args(filter).env("WORKROOM_TOOLS", tools::folder());
    Step::new("tests", tests).run()
}

fn guest(check: bool) -> Result<(), String> {
    let mut build = cargo(&["run", "--quiet", "--locked", "--package", "guest-builder", "--"]);
    if check {
        build.arg("--check");
    }
    Step::new("guest", build).run()
}

fn bench() -> Result<(), String> {
    for package in ["workroom-sandbox", "workroom-catalog"] {
        Step::new("bench", cargo(&["bench", "--locked", "--package", package])).run()?;
    }
    steps::say("put the figures into bench/README.md, with the machine they were measured on");
    Ok(())
}

fn ci() -> Result<(), String> {
    Step::new("fmt", cargo(&["fmt", "--all", "--check"])).run()?;
    tidy::run()?;
    let deny = ["deny", "--locked", "check", "bans", "licenses", "sources"];
    Step::new("deny", cargo(&deny)).run()?;
    let lints = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    Step::new("clippy", cargo(&lints)).run()?;
    let mut docs = cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
    docs.env("RUSTDOCFLAGS", "-D warnings");
    Step::new("docs", docs).run()?;
    guest(true)?;
    steps::say(&format!("in {}", root().display()));
    test(&[])
}
