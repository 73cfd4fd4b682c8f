//! The fuzz targets of `fuzz/`, each for a while.
//!
//! libFuzzer is guided by what code an input reaches. For that the compiler counts in each
//! crate of this workspace; this program is Cargo's wrapper around it then, and adds the flags,
//! which a stable compiler has. Dependencies are compiled as ever, and not again.

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, ExitCode},
};

use crate::steps::{Step, cargo, root, target};

const TARGETS: [&str; 4] = ["guest", "protocol", "snapshot", "json"];

/// How long each target runs, in seconds, unless asked.
const SECONDS: u32 = 60;

/// Says to this program that it is the wrapper.
const WRAPPER: &str = "WORKROOM_FUZZ_WRAPPER";

const FLAGS: [&str; 5] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Compiles a crate with [`FLAGS`], if this program was started to do that.
pub(crate) fn as_wrapper() -> Option<ExitCode> {
    env::var_os(WRAPPER)?;
    let mut arguments = env::args_os().skip(1);
    let mut compiler = Command::new(arguments.next()?);
    let arguments: Vec<_> = arguments.collect();
    // Cargo also asks the compiler about itself.
    if arguments.iter().any(|argument| argument == "--crate-name") {
        compiler.args(FLAGS);
    }
    let status = compiler.args(arguments).status().ok()?;
    Some(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `[--seconds N] [TARGET]…`
pub(crate) fn run(words: &[&str]) -> Result<(), String> {
    let (seconds, targets) = match words {
        ["--seconds", seconds, targets @ ..] => {
            (seconds.parse().map_err(|_| format!("`{seconds}` is no number of seconds"))?, targets)
        }
        targets => (SECONDS, targets),
    };
    let targets = if targets.is_empty() { &TARGETS[..] } else { targets };
    if let Some(unknown) = targets.iter().find(|target| !TARGETS.contains(target)) {
        return Err(format!("`{unknown}` is no target; there are {}", TARGETS.join(", ")));
    }
    let folder = target().join("fuzz");
    Step::new("build the fuzzers", build()?).run()?;
    for name in targets {
        let found = folder.join(name);
        fs::create_dir_all(&found).map_err(|error| format!("{}: {error}", found.display()))?;
        let mut fuzzer = Command::new(built(name));
        fuzzer
            .current_dir(&folder)
            .arg(format!("-max_total_time={seconds}"))
            // The same way each time from a clean clone; after that, what was found leads on.
            .arg("-seed=1")
            .args(["-timeout=10", "-rss_limit_mb=4096", "-print_final_stats=1", "-verbosity=0"])
            .arg(&found)
            .arg(root().join("fuzz/corpus").join(name));
        Step::new("fuzz", fuzzer).run()?;
    }
    Ok(())
}

/// Builds the fuzzers, with the features that the whole workspace chooses.
fn build() -> Result<Command, String> {
    let this = env::current_exe().map_err(|error| format!("no path of this program: {error}"))?;
    let mut build = cargo(&["build", "--locked", "--workspace"]);
    for name in TARGETS {
        build.args(["--bin", &format!("fuzz-{name}")]);
    }
    build.env("RUSTC_WORKSPACE_WRAPPER", this).env(WRAPPER, "1");
    Ok(build)
}

fn built(name: &str) -> PathBuf {
    target().join("debug").join(format!("fuzz-{name}"))
}
