//! `cargo xtask guest [--check]`: builds the sandbox's guest from its C and JavaScript sources.
//!
//! The work is done by the package `guest-builder`, so that nobody who only runs the other tasks
//! compiles Wasmtime.

use std::process::Command;

/// Writes `guest.wasm` and its SHA-256, or with `check` fails where they are not what the
/// sources give.
pub(crate) fn run(check: bool) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--locked", "--package", "guest-builder"]);
    if check {
        command.args(["--", "--check"]);
    }
    let status = command.status().map_err(|error| format!("cannot run `cargo`: {error}"))?;
    if status.success() { Ok(()) } else { Err("the guest could not be built or differs".to_owned()) }
}
