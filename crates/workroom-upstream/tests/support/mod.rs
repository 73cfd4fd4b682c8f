//! What the tests of servers share.

#![allow(dead_code, reason = "each test program uses its part of this")]
#![allow(unreachable_pub, reason = "a module of several programs")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value;
use workroom_engine::upstreams::{CallError, ToolCall, ToolOutput, Upstreams};
use workroom_types::{ServerSnapshot, ServerStatus, ToolRef};
use workroom_upstream::{Guard, Pool, Transport, UpstreamConfig};

/// Longer than anything takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The server of `fake/`.
pub fn fake() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_fake-upstream"))
}

pub fn guard() -> Guard {
    Guard::Program(fake())
}

/// A server named after its mode.
pub fn server(mode: &str, args: &[&str]) -> UpstreamConfig {
    let transport = Transport::Stdio {
        command: fake().display().to_string(),
        args: [mode].iter().chain(args).map(|&arg| arg.to_owned()).collect(),
        env: vec![("GIVEN".to_owned(), "yes".to_owned())],
        cwd: None,
    };
    UpstreamConfig::new(mode, transport)
}

/// A pool whose servers are ready or have failed.
pub async fn pool(configs: Vec<UpstreamConfig>) -> Pool {
    let pool = Pool::start(configs, guard());
    assert!(pool.ready(PATIENCE).await, "every server settles");
    pool
}

pub async fn one(mode: &str, args: &[&str]) -> Pool {
    pool(vec![server(mode, args)]).await
}

pub fn tool_call(server: &str, arguments: Value) -> ToolCall {
    let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
    let tool = ToolRef { server: server.to_owned(), tool: "echo".to_owned() };
    ToolCall { tool, arguments, deadline: Instant::now() + PATIENCE, meter: Arc::default() }
}

pub async fn call(pool: &Pool, server: &str, arguments: Value) -> Result<ToolOutput, CallError> {
    pool.call(tool_call(server, arguments)).await
}

/// What a call came to, as text.
pub fn outcome(result: Result<ToolOutput, CallError>) -> String {
    match result {
        Ok(output) => {
            let text = match output.structured {
                Some(structured) => structured.to_string(),
                None => Value::Array(output.content).to_string(),
            };
            let length = text.chars().count();
            let text: String = text.chars().take(80).collect();
            let error = if output.is_error { "an error: " } else { "" };
            let more = if length > 80 { format!("… ({length})") } else { String::new() };
            format!("{error}{text}{more}")
        }
        Err(error) => format!("{}: {error}", error.code()),
    }
}

/// Everything a server says of itself, as text.
pub fn describe(server: &ServerSnapshot) -> String {
    let mut lines = Vec::new();
    match &server.status {
        ServerStatus::Starting => lines.push("starting".to_owned()),
        ServerStatus::Ready => lines.push("ready".to_owned()),
        ServerStatus::Failed { reason, stderr } => {
            lines.push(format!("failed: {reason}"));
            lines.extend(stderr.iter().map(|line| format!("stderr: {line}")));
        }
    }
    lines.extend(server.title.iter().map(|title| format!("title: {title}")));
    lines.extend(server.instructions.iter().map(|text| format!("instructions: {text}")));
    if !server.tools.is_empty() {
        let names: Vec<_> = server.tools.iter().map(|tool| tool.name.as_str()).collect();
        lines.push(format!("tools: {}", names.join(" ")));
    }
    lines.extend(server.warnings.iter().map(|warning| format!("warning: {warning}")));
    lines.push(String::new());
    lines.join("\n")
}

/// Waits until `wanted` holds for the pool's only server.
pub async fn until(pool: &Pool, wanted: impl Fn(&ServerSnapshot) -> bool) -> Arc<ServerSnapshot> {
    let mut changes = pool.changes();
    tokio::time::timeout(PATIENCE, async {
        loop {
            changes.borrow_and_update();
            let server = pool.servers().remove(0);
            if wanted(&server) {
                return server;
            }
            changes.changed().await.expect("the pool lives");
        }
    })
    .await
    .expect("the server gets there in time")
}

/// A port that a process of the test connects to, to say things and to be seen ending.
pub struct Watch {
    listener: TcpListener,
    pub port: String,
}

impl Watch {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().to_string();
        Self { listener, port }
    }

    /// Waits for the process.
    pub async fn accept(&self) -> Watched {
        let listener = self.listener.try_clone().unwrap();
        let accepted = tokio::task::spawn_blocking(move || {
            let (stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            Watched(BufReader::new(stream))
        });
        tokio::time::timeout(PATIENCE, accepted).await.expect("it connects in time").unwrap()
    }
}

/// The other end of a connection to a process.
pub struct Watched(BufReader<TcpStream>);

impl Watched {
    /// Tells the process something.
    pub fn tell(&mut self, word: &str) {
        writeln!(self.0.get_mut(), "{word}").unwrap();
    }

    /// The next line, or nothing when the process is gone.
    pub async fn line(&mut self) -> Option<String> {
        let stream = self.0.get_ref().try_clone().unwrap();
        let mut reader = std::mem::replace(&mut self.0, BufReader::new(stream));
        let read = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            // A killed process resets its connection if it left something unread.
            let length = match reader.read_line(&mut line) {
                Ok(length) => length,
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => 0,
                Err(error) => panic!("{error}"),
            };
            (reader, (length > 0).then(|| line.trim_end().to_owned()))
        });
        let (reader, line) = read.await.unwrap();
        self.0 = reader;
        line
    }
}
