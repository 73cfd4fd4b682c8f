//! The guard: a small program between us and a server, `workroom guard -- command args…`.
//!
//! A process that is killed cannot clean up. Its guard can: the guard's standard input is a pipe
//! that only we hold, so the end of that pipe is the end of us, however it came.
//!
//! # Invariants
//!
//! * When its input ends, or it is told to stop, the guard closes the server's input, waits
//!   [`GRACE`], asks the server's process group to end, waits [`TERM_GRACE`], and kills every
//!   descendant.
//! * When the server ends by itself, what it left running is killed at once.
//! * On Linux no descendant escapes, not even one that made a session of its own: orphans become
//!   the guard's children. Elsewhere the server's process group is what can be reached.
//! * The guard only passes bytes on: it never waits for more of them before it writes.
//! * A server that stopped reading does not keep the guard: the end of its input is seen apart
//!   from the copying.
//!
//! # Not here
//!
//! Async: a guard is one more process for each server and must start in a few milliseconds.

use std::{ffi::OsString, process::ExitCode, time::Duration};

#[cfg(target_os = "linux")]
mod descendants;
#[cfg(unix)]
mod unix;

/// How long a server may take to end after its input was closed.
pub const GRACE: Duration = Duration::from_secs(2);

/// How long it may take after it was asked to by a signal.
pub const TERM_GRACE: Duration = Duration::from_secs(1);

/// The exit code of a guard that could not start its program, as shells have it.
const NOT_STARTED: u8 = 127;

/// Runs `program` (a command and its arguments) under guard, to its end.
///
/// The exit code is the program's; 128 + n when signal n ended it; 127 when it did not start.
pub fn run(program: &[OsString]) -> ExitCode {
    let Some((command, args)) = program.split_first() else {
        complain("the guard was given no command");
        return ExitCode::from(NOT_STARTED);
    };
    #[cfg(unix)]
    let code = unix::run(command, args);
    #[cfg(not(unix))]
    let code = plain(command, args);
    match code {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            complain(&format!("`{}` could not be started: {error}", command.display()));
            ExitCode::from(NOT_STARTED)
        }
    }
}

/// Standard error is the one thing that a guard's starter reads beside the server's words.
#[expect(clippy::print_stderr, reason = "a guard has no other way to say why it ends")]
fn complain(message: &str) {
    eprintln!("{message}");
}

#[cfg(not(unix))]
fn plain(command: &OsString, args: &[OsString]) -> std::io::Result<u8> {
    let status = std::process::Command::new(command).args(args).status()?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
