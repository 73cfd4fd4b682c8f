//! A gateway over HTTP.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
};

use super::Workspace;

/// `workroom serve --http` on a free port. It ends with the test.
pub(crate) struct Gateway {
    pub(crate) process: Child,
    /// Its host and port.
    pub(crate) address: String,
}

impl Gateway {
    pub(crate) fn start(workspace: &Workspace) -> Self {
        let mut process = workspace
            .command(&["serve", "--http", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on http://").unwrap();
        let address = url.strip_suffix("/mcp").unwrap().to_owned();
        Self { process, address }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
