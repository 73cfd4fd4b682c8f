//! Running commands one after another, each announced and timed.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

/// A command with the name it is announced by.
pub(crate) struct Step<'a> {
    name: &'a str,
    command: Command,
}

impl<'a> Step<'a> {
    pub(crate) fn new(name: &'a str, command: Command) -> Self {
        Self { name, command }
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Result<(), String> {
        say(&format!("--- {}: {}", self.name, shown(&self.command)));
        let started = Instant::now();
        let status = self.command.status().map_err(|error| {
            let program = self.command.get_program().to_string_lossy();
            format!("{}: `{program}` cannot be started: {error}", self.name)
        })?;
        if !status.success() {
            return Err(format!("{} failed: {status}", self.name));
        }
        say(&format!("--- {}: done in {:.0} s", self.name, started.elapsed().as_secs_f64()));
        Ok(())
    }
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The cargo that runs us, in the workspace's folder.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(args).current_dir(root());
    command
}

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// Where Cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// Writes a line to standard error: standard output is the commands' own.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Writes a line to standard output: what a program may read.
pub(crate) fn print(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
