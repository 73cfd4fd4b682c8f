//! A server for the tests, with every bad habit; see [`modes`]. It is also the guard that the
//! tests' pools use, and a gateway that can be killed.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a server on pipes")]

mod abuse;
mod modes;
mod owner;

use std::{env, ffi::OsString, process::ExitCode};

fn main() -> ExitCode {
    let args: Vec<OsString> = env::args_os().skip(1).collect();
    let words: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.as_slice() {
        ["guard", "--", ..] => workroom_upstream::guard::run(&args[2..]),
        ["own", rest @ ..] => owner::run(rest),
        [mode, rest @ ..] => modes::run(mode, rest),
        [] => {
            eprintln!("which mode?");
            ExitCode::from(2)
        }
    }
}
