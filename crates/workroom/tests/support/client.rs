//! An MCP client of one gateway, over standard input and output, message by message.

#![allow(clippy::needless_pass_by_value, reason = "`json!` values are written where they are used")]

use std::{
    io::{BufRead, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

use super::Workspace;

/// A client that has said hello. Its gateway ends with it.
pub(crate) struct Client {
    pub(crate) gateway: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    next: u64,
    /// How its messages are written.
    spell: fn(&Value) -> String,
    /// What the gateway said of itself.
    pub(crate) hello: Value,
    /// Notifications that came so far.
    pub(crate) told: Vec<String>,
}

impl Client {
    /// A client called `name` of `workroom serve` with `args`.
    pub(crate) fn start(workspace: &Workspace, args: &[&str], name: &str) -> Self {
        let mut command = workspace.command(&["serve"]);
        command.args(args);
        Self::of(command, name, Value::to_string)
    }

    /// A client of what `command` starts.
    pub(crate) fn of(mut command: Command, name: &str, spell: fn(&Value) -> String) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut gateway = command.spawn().unwrap();
        let input = gateway.stdin.take();
        let output = BufReader::new(gateway.stdout.take().unwrap());
        let (hello, told) = (Value::Null, Vec::new());
        let mut client = Self { gateway, input, output, next: 0, spell, hello, told };
        client.hello = client.request(
            "initialize",
            json!({
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": { "name": name, "version": "0" }
            }),
        );
        assert_eq!(client.hello["serverInfo"]["name"], "workroom");
        client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        client
    }

    pub(crate) fn send(&mut self, message: &Value) {
        let text = (self.spell)(message);
        writeln!(self.input.as_mut().unwrap(), "{text}").unwrap();
    }

    /// Sends a request without waiting for its answer, and gives its id.
    pub(crate) fn post(&mut self, method: &str, params: Value) -> u64 {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    /// The next message. Every line of standard output must be one.
    pub(crate) fn read(&mut self) -> Value {
        let mut line = String::new();
        assert!(self.output.read_line(&mut line).unwrap() > 0, "the gateway ended");
        let message: Value = serde_json::from_str(&line).expect("only the protocol on stdout");
        if let Some(method) = message["method"].as_str() {
            self.told.push(method.to_owned());
        }
        message
    }

    /// The result of the request `id`, or its error.
    pub(crate) fn answer(&mut self, id: u64) -> Value {
        loop {
            let message = self.read();
            if message["id"] == id {
                let answer = [&message["result"], &message["error"]];
                return answer.into_iter().find(|it| !it.is_null()).unwrap().clone();
            }
        }
    }

    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.post(method, params);
        self.answer(id)
    }

    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.request("tools/call", json!({ "name": tool, "arguments": arguments }))
    }

    /// The tools that are offered.
    pub(crate) fn tools(&mut self) -> Vec<Value> {
        self.request("tools/list", json!({}))["tools"].as_array().unwrap().clone()
    }

    pub(crate) fn names(&mut self) -> Vec<String> {
        self.tools().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Closes the connection, and waits until the gateway has ended well.
    pub(crate) fn end(mut self) {
        drop(self.input.take());
        let mut rest = String::new();
        while self.output.read_line(&mut rest).unwrap() > 0 {}
        assert!(self.gateway.wait().unwrap().success());
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.gateway.kill();
        let _ = self.gateway.wait();
    }
}

/// The text that an agent reads of `result`.
pub(crate) fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap()
}
