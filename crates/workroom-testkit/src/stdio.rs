//! A [`Server`] on standard input and output. A broken connection is the end of its process.

use std::{
    io::{self, BufRead as _, Write as _},
    process::ExitCode,
    thread,
};

use serde_json::Value;

use crate::{Reaction, Server};

/// What the process ends with when it breaks the connection.
const RESET: u8 = 7;

/// Serves until the input ends or a fault ends the process.
pub fn serve(server: &Server) -> io::Result<ExitCode> {
    for line in io::stdin().lock().lines() {
        let Ok(message) = serde_json::from_str::<Value>(&line?) else { continue };
        match server.react(&message) {
            Reaction::Nothing | Reaction::Hang => {}
            Reaction::Status(_, _, reply) => send(&[reply])?,
            Reaction::Reply(after, replies) if after.is_zero() => send(&replies)?,
            Reaction::Reply(after, replies) => {
                // Others are answered meanwhile. Nobody is left to be told of an error.
                thread::spawn(move || {
                    thread::sleep(after);
                    send(&replies).ok();
                });
            }
            Reaction::Half(reply) => {
                let text = reply.to_string();
                let mut stdout = io::stdout().lock();
                stdout.write_all(&text.as_bytes()[..text.len() / 2])?;
                stdout.flush()?;
                return Ok(ExitCode::from(RESET));
            }
            Reaction::Reset => return Ok(ExitCode::from(RESET)),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn send(replies: &[Value]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    for reply in replies {
        writeln!(stdout, "{reply}")?;
    }
    stdout.flush()
}
