//! What the fake server does, by the name of its mode.
//!
//! A connection to a port of the test tells it things without waiting: a line when something
//! happened, and its end when the process that holds it is gone.

use std::{
    env,
    io::{self, BufRead, Read, Write},
    net::TcpStream,
    process::{Command, ExitCode, Stdio},
    thread,
};

use serde_json::{Value, json};

use crate::abuse;

/// Runs one mode.
pub(crate) fn run(mode: &str, args: &[&str]) -> ExitCode {
    let mut server = Server { mode: mode.to_owned(), ..Server::default() };
    match (mode, args) {
        ("exit-early", _) => {
            eprintln!("first line\n\u{1b}[31mcannot open the database\u{1b}[0m");
            return ExitCode::from(3);
        }
        ("silent", _) => return drain(),
        ("garbage", _) => {
            println!("Listening on port 3000");
            io::stdout().write_all(b"\xff\xfe\0{\n[1,\n").expect("stdout is open");
            return drain();
        }
        ("flood", _) => {
            io::copy(&mut io::repeat(b'x'), &mut io::stdout()).ok();
            return ExitCode::SUCCESS;
        }
        ("close-stdout", _) => {
            let null = std::fs::File::open("/dev/null").expect("there is a null device");
            rustix::stdio::dup2_stdout(null).expect("stdout can be replaced");
            return drain();
        }
        ("hold", [port]) => {
            hold(port, "held");
            return ExitCode::SUCCESS;
        }
        ("grandchild" | "stubborn", [port]) => {
            spawn_holder(port);
            server.stubborn = mode == "stubborn";
        }
        ("watched", [port]) => {
            server.watcher = Some(TcpStream::connect(port).expect("the test listens"));
            server.tell("started");
        }
        // Fails at its first start, and again until the file is there.
        ("once-there", [file]) if !std::path::Path::new(file).exists() => {
            eprintln!("the disk is not mounted");
            return ExitCode::from(4);
        }
        ("late", [port]) => {
            let stream = TcpStream::connect(port).expect("the test listens");
            let mut word = String::new();
            io::BufReader::new(stream).read_line(&mut word).expect("the test speaks");
            server.late = word.trim() == "late";
        }
        _ => {}
    }
    server.serve();
    ExitCode::SUCCESS
}

fn drain() -> ExitCode {
    io::copy(&mut io::stdin().lock(), &mut io::sink()).expect("stdin can be read");
    ExitCode::SUCCESS
}

/// Connects to the test, says `word`, and stays connected until it is killed.
fn hold(port: &str, word: &str) {
    let mut stream = TcpStream::connect(port).expect("the test listens");
    writeln!(stream, "{word}").expect("the test reads");
    stream.read_exact(&mut [0]).ok();
}

/// Starts a child in a group of its own, which outlives its parent if nobody ends it.
fn spawn_holder(port: &str) {
    use std::os::unix::process::CommandExt as _;

    let program = env::current_exe().expect("a running program has a path");
    let child = Command::new(program)
        .args(["hold", port])
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("this program starts");
    // Waiting for it is what this server does not do.
    std::mem::forget(child);
}

#[derive(Default)]
pub(crate) struct Server {
    mode: String,
    stubborn: bool,
    late: bool,
    discovered: Option<Value>,
    watcher: Option<TcpStream>,
    held: Vec<(Value, Value)>,
    pub(crate) lists: usize,
    /// It ends once it has answered.
    pub(crate) ended: bool,
    /// A call that waits for answers to requests of ours, and the codes of those that came.
    pub(crate) asking: Option<(Value, Vec<Value>)>,
}

impl Server {
    fn tell(&mut self, word: &str) {
        if let Some(watcher) = &mut self.watcher {
            writeln!(watcher, "{word}").expect("the test reads");
        }
    }

    fn serve(&mut self) {
        for line in io::stdin().lock().lines() {
            let line = line.expect("stdin is text");
            let message: Value = serde_json::from_str(&line).expect("requests are JSON");
            let method = message["method"].as_str().unwrap_or_default().to_owned();
            if method == "notifications/cancelled" {
                self.tell(&format!("cancelled {}", message["params"]["requestId"]));
            }
            if method.is_empty() {
                self.reply(&message);
            } else if !message["id"].is_null() {
                self.request(&method, &message["id"], &message["params"]);
            }
            if self.ended {
                return;
            }
        }
        if self.stubborn {
            loop {
                thread::park();
            }
        }
    }

    fn request(&mut self, method: &str, id: &Value, params: &Value) {
        match method {
            "server/discover" => self.discover(id),
            "initialize" => self.initialize(id, params),
            "tools/list" => self.list(id, params),
            "tools/call" => self.call(id, params),
            "subscriptions/listen" if self.mode == "modern-list-changed" => listen(id),
            _ => refuse(id, -32601, "Method not found"),
        }
    }

    fn discover(&mut self, id: &Value) {
        match self.mode.as_str() {
            "late" if self.late => {
                self.late = false;
                self.discovered = Some(id.clone());
            }
            "modern" | "modern-list-changed" | "late" => answer(
                id,
                &json!({
                    "resultType": "complete",
                    "supportedVersions": ["2026-07-28"],
                    "capabilities": { "tools": { "listChanged": true } },
                    "serverInfo": { "name": "fake", "version": "1" },
                    "ttlMs": 0,
                    "cacheScope": "public",
                }),
            ),
            "dies-of-discover" => std::process::exit(1),
            "deaf-to-discover" => {}
            _ => refuse(id, -32601, "Method not found"),
        }
    }

    fn initialize(&mut self, id: &Value, params: &Value) {
        if let Some(id) = self.discovered.take() {
            self.discover(&id);
        }
        let version = match self.mode.as_str() {
            "from-the-future" => "9999-01-01",
            "oldest" => "2024-11-05",
            "modern" | "late" => return refuse(id, -32601, "Method not found"),
            "refuses" => return refuse(id, -32000, "no licence"),
            _ => params["protocolVersion"].as_str().unwrap_or_default(),
        };
        answer(
            id,
            &json!({
                "protocolVersion": version,
                "capabilities": { "tools": { "listChanged": true } },
                "serverInfo": { "name": "fake", "title": "A fake server", "version": "1" },
                "instructions": "be brief",
            }),
        );
    }

    fn list(&mut self, id: &Value, params: &Value) {
        self.lists += 1;
        let mut tools = vec![json!({ "name": "echo", "inputSchema": { "type": "object" } })];
        let mut next = Value::Null;
        match (self.mode.as_str(), params["cursor"].as_str()) {
            ("paging", None) => next = json!("two"),
            ("paging", Some(_)) => tools[0]["name"] = json!("last"),
            ("paging-loop", _) => next = json!("again"),
            ("withdraws", _) => {
                tools[0]["annotations"] = json!({ "readOnlyHint": self.lists == 1 });
            }
            ("long-cursor", None) => next = json!("c".repeat(1 << 20)),
            ("long-cursor", Some(cursor)) => {
                tools[0]["name"] = json!(format!("after {}", cursor.len()));
            }
            ("list-changed" | "modern-list-changed", _) if self.lists > 1 => {
                tools.push(json!({ "name": "late", "inputSchema": { "type": "object" } }));
            }
            ("silent-list", _) => return,
            _ => {}
        }
        let mut page = json!({ "tools": tools });
        if !next.is_null() {
            page["nextCursor"] = next;
        }
        answer(id, &page);
        if self.mode == "list-changed" && self.lists == 1 {
            send(&json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" }));
        }
    }

    fn call(&mut self, id: &Value, params: &Value) {
        let arguments = &params["arguments"];
        let text = json!({ "content": [{ "type": "text", "text": arguments.to_string() }] });
        match arguments["do"].as_str() {
            Some("crash") => std::process::exit(7),
            Some("hang") => self.tell(&format!("called {id}")),
            Some("huge") => {
                let text = "x".repeat(1 << 20);
                answer(id, &json!({ "content": [{ "type": "text", "text": text }] }));
            }
            Some("refuse") => refuse(id, -32602, "wrong arguments"),
            Some("odd") => answer(
                id,
                &json!({
                    "content": [{ "type": "hologram", "depth": 3 }],
                    "structuredContent": { "big": 9_007_199_254_740_993_u64 },
                    "isError": true,
                }),
            ),
            Some("deep") => {
                let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
                println!(r#"{{"jsonrpc":"2.0","id":{id},"result":{deep}}}"#);
            }
            Some("env") => {
                let names: Vec<_> = env::vars().map(|(name, _)| name).collect();
                answer(id, &json!({ "content": [], "structuredContent": { "names": names } }));
            }
            // Answered in the opposite order, when the last of them came.
            Some("hold") => {
                self.held.push((id.clone(), text));
                if Some(self.held.len() as u64) == arguments["of"].as_u64() {
                    for (id, text) in self.held.drain(..).rev() {
                        answer(&id, &text);
                    }
                }
            }
            Some(other) => abuse::answer_oddly(other, id, &text, self),
            None => answer(id, &text),
        }
    }

    /// An answer to a request of ours.
    fn reply(&mut self, message: &Value) {
        let Some((id, codes)) = &mut self.asking else { return };
        let code = &message["error"]["code"];
        codes.push(if code.is_null() { message["result"].clone() } else { code.clone() });
        if codes.len() == abuse::ASKED.len() {
            answer(id, &json!({ "content": [], "structuredContent": { "told": codes } }));
            self.asking = None;
        }
    }
}

/// Acknowledges a subscription, and says at once that the tools changed.
fn listen(id: &Value) {
    let meta = json!({ "io.modelcontextprotocol/subscriptionId": id });
    let accepted = json!({ "toolsListChanged": true });
    send(&json!({
        "jsonrpc": "2.0",
        "method": "notifications/subscriptions/acknowledged",
        "params": { "_meta": meta, "notifications": accepted },
    }));
    send(&json!({
        "jsonrpc": "2.0",
        "method": "notifications/tools/list_changed",
        "params": { "_meta": meta },
    }));
}

pub(crate) fn answer(id: &Value, result: &Value) {
    send(&json!({ "jsonrpc": "2.0", "id": id, "result": result }));
}

pub(crate) fn refuse(id: &Value, code: i64, message: &str) {
    let error = json!({ "code": code, "message": message });
    send(&json!({ "jsonrpc": "2.0", "id": id, "error": error }));
}

pub(crate) fn send(message: &Value) {
    println!("{message}");
}
