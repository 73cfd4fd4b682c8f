//! A gateway whose every byte towards the agent, the log and the console is kept.

use std::{
    collections::{BTreeSet, HashMap},
    fs::{self, File},
    io::{BufRead, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use aho_corasick::AhoCorasick;
use serde_json::{Value, json};
use workroom_engine::store::Store as _;
use workroom_store::SqliteStore;

use crate::{encodings, support::Workspace};

/// A gateway and the agent that talks to it.
pub(crate) struct Gateway {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    next: u64,
    left: Left,
    log: PathBuf,
    /// The ids of sessions, by the names that the test gives them.
    sessions: HashMap<String, String>,
    /// The runs, each with whether it ended well.
    runs: Vec<(String, bool)>,
}

/// What left the gateway: where to, and the bytes.
#[derive(Default)]
pub(crate) struct Left(Vec<(String, Vec<u8>)>);

impl Gateway {
    pub(crate) fn start(workspace: &Workspace) -> Self {
        Self::start_with(workspace, HashMap::new())
    }

    /// Starts one that goes on in `sessions`.
    pub(crate) fn start_with(workspace: &Workspace, sessions: HashMap<String, String>) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let log = workspace.path().join(format!("log-{number}.txt"));
        let mut child = workspace
            .command(&["serve", "-vv"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (left, runs) = (Left::default(), Vec::new());
        let mut gateway = Self { child, input, output, next: 0, left, log, sessions, runs };
        gateway.request(
            "initialize",
            r#"{"protocolVersion":"2025-06-18","capabilities":{},
                "clientInfo":{"name":"recorder","version":"0"}}"#,
        );
        gateway.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        gateway
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.input, "{message}").unwrap();
    }

    /// Sends a request and gives the line that answers it.
    pub(crate) fn request(&mut self, method: &str, params: &str) -> Value {
        self.next += 1;
        let params: Value = serde_json::from_str(params).unwrap();
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the gateway ended");
            let message: Value = serde_json::from_str(&line).unwrap();
            self.left.add("agent", line.into_bytes());
            if message["id"] == id {
                return message;
            }
        }
    }

    /// Runs `code` in `session`, whatever comes of it, and gives what the agent is shown.
    pub(crate) fn run(&mut self, session: &str, code: &str) -> String {
        let mut arguments = json!({ "code": code });
        if let Some(id) = self.sessions.get(session) {
            arguments["session"] = json!(id);
        }
        let params = json!({ "name": "run_code", "arguments": arguments }).to_string();
        let answer = self.request("tools/call", &params);
        let meta = &answer["result"]["_meta"]["workroom/run"];
        // Text that is no script at all is refused before it has a session.
        if let Some(id) = meta["session"].as_str() {
            self.sessions.insert(session.to_owned(), id.to_owned());
        }
        let is_well = answer["result"]["isError"] != true;
        self.runs.extend(meta["run"].as_str().map(|run| (run.to_owned(), is_well)));
        answer["result"]["content"][0]["text"].as_str().unwrap_or_default().to_owned()
    }

    /// Calls one of the gateway's own tools.
    pub(crate) fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let params = json!({ "name": tool, "arguments": arguments });
        self.request("tools/call", &params.to_string())
    }

    /// Reads the results and the logs of all runs, whole, and every file of the servers.
    pub(crate) fn read_everything(&mut self) {
        let kept = self
            .runs
            .iter()
            .flat_map(|(run, _)| [format!("./results/{run}.json"), format!("./results/{run}.log")]);
        let mut paths: Vec<String> = kept.collect();
        paths.extend(
            ["./servers", "./servers/clinic", "./servers/clinic/index.ts"].map(str::to_owned),
        );
        for tool in ["listPatients", "getPatient", "getNote", "fail", "chart", "crash"] {
            paths.push(format!("./servers/clinic/{tool}.ts"));
        }
        for path in paths {
            self.call("read_file", &json!({ "path": path, "limit": 100_000_000 }));
        }
        for query in ["patient", "chart of Aurelia", "[patient_email_1]"] {
            self.call("search", &json!({ "query": query, "detail": "full", "limit": 50 }));
        }
    }

    /// Makes skills of runs that ended well, and reads them, where the gateway has skills.
    pub(crate) fn save_skills(&mut self) {
        const SKILLS: usize = 20;
        let tools = self.request("tools/list", "{}")["result"]["tools"].clone();
        if !tools.as_array().unwrap().iter().any(|tool| tool["name"] == "save_skill") {
            return;
        }
        let well = self.runs.iter().filter(|(_, is_well)| *is_well);
        let runs: Vec<String> = well.map(|(run, _)| run.clone()).step_by(7).take(SKILLS).collect();
        for (number, run) in runs.into_iter().enumerate() {
            let name = format!("leak-{number}");
            let about = "What a patient's record has.";
            self.call("save_skill", &json!({ "name": name, "description": about, "run": run }));
            for file in ["", "/SKILL.md", "/index.ts"] {
                self.call("read_file", &json!({ "path": format!("./skills/{name}{file}") }));
            }
        }
    }

    /// Kills the gateway, and gives its sessions.
    pub(crate) fn kill(mut self) -> HashMap<String, String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.sessions
    }

    /// The limits of its process, as the kernel lists them.
    #[cfg(target_os = "linux")]
    pub(crate) fn limits(&self) -> String {
        fs::read_to_string(format!("/proc/{}/limits", self.child.id())).unwrap()
    }

    /// Ends the gateway, and gives all that left it.
    pub(crate) fn end(mut self) -> Left {
        drop(self.input);
        self.child.wait().unwrap();
        self.left.add("log", fs::read(&self.log).unwrap());
        self.left
    }
}

impl Left {
    pub(crate) fn add(&mut self, place: &str, bytes: Vec<u8>) {
        self.0.push((place.to_owned(), bytes));
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    /// Adds all files of `folder`, and what is compressed in the store.
    pub(crate) fn add_store(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                self.add("store", fs::read(&path).unwrap());
            }
        }
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let folder = folder.to_owned();
        let states = runtime.block_on(async move {
            let store = SqliteStore::open(&folder).await.unwrap();
            let mut states = Vec::new();
            for session in store.sessions(0).await.unwrap() {
                if let Some(id) = session.snapshot {
                    states.extend(store.snapshot(id).await.unwrap().map(|state| state.to_vec()));
                }
            }
            for run in store.runs(None, 10_000).await.unwrap() {
                states.extend(store.journal(&run.run.id).await.unwrap());
            }
            states
        });
        for state in states {
            // A state holds compressed pages after its head.
            let magic = [0x28, 0xB5, 0x2F, 0xFD];
            if let Some(at) = state.windows(4).position(|bytes| bytes == magic)
                && let Ok(pages) = zstd::decode_all(&state[at..])
            {
                self.add("store: a session's memory", pages);
            }
            self.add("store", state);
        }
    }

    /// What of `values` is in it: where, in what encoding, and which value.
    pub(crate) fn found(&self, values: &[String]) -> Vec<String> {
        let forms: Vec<(&str, &str, Vec<u8>)> = values
            .iter()
            .flat_map(|value| {
                encodings::of(value).into_iter().map(move |(name, form)| (name, &**value, form))
            })
            .collect();
        let searcher = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(forms.iter().map(|(_, _, form)| form))
            .unwrap();
        let mut found = BTreeSet::new();
        for (place, bytes) in &self.0 {
            for hit in searcher.find_overlapping_iter(bytes) {
                let (encoding, value, _) = &forms[hit.pattern().as_usize()];
                found.insert(format!("{place}: {encoding}: {value}"));
            }
        }
        found.into_iter().collect()
    }
}
