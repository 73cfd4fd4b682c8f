//! An MCP server that follows a [`Plan`], without a transport.
//!
//! Its three tools give `{ id, n, square }` for `{ id, n }`: `read` changes nothing, `put` may be
//! repeated, `add` may not.

use std::{
    collections::HashMap,
    io,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{Effects, Fault, Plan};

/// The names of the tools.
pub const TOOLS: [&str; 3] = ["read", "put", "add"];

/// A server.
#[derive(Debug)]
pub struct Server {
    plan: Plan,
    effects: Effects,
    /// How often each call came; a server that was killed reads it from its file.
    came: Mutex<HashMap<String, u32>>,
}

/// What a transport does with a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Reaction {
    /// It was a notification.
    Nothing,
    /// Sends these messages, after a while.
    Reply(Duration, Vec<Value>),
    /// Sends half of this message, and then ends.
    Half(Value),
    /// Breaks the connection.
    Reset,
    /// Never answers.
    Hang,
    /// Answers with this status of HTTP, or this message where there is none.
    Status(u16, Option<&'static str>, Value),
}

impl Server {
    /// A server that goes on with what is in `effects`.
    pub fn new(plan: Plan, effects: Effects) -> io::Result<Self> {
        let came = effects.counts()?.into_iter().map(|(id, count)| (id, count.came)).collect();
        Ok(Self { plan, effects, came: Mutex::new(came) })
    }

    /// What it does with `message`.
    pub fn react(&self, message: &Value) -> Reaction {
        let id = &message["id"];
        let reply = |result: Value| {
            let reply = json!({ "jsonrpc": "2.0", "id": id, "result": result });
            Reaction::Reply(Duration::ZERO, vec![reply])
        };
        match message["method"].as_str().unwrap_or_default() {
            "initialize" => reply(json!({
                "protocolVersion": message["params"]["protocolVersion"],
                "capabilities": { "tools": {} },
                "serverInfo": { "name": "faulty", "version": "1" },
            })),
            "tools/list" => reply(json!({ "tools": TOOLS.map(tool) })),
            "tools/call" => self.call(id, &message["params"]),
            _ if id.is_null() => Reaction::Nothing,
            _ => Reaction::Reply(Duration::ZERO, vec![error(id, -32601, "Method not found", None)]),
        }
    }

    fn call(&self, id: &Value, params: &Value) -> Reaction {
        let arguments = &params["arguments"];
        let (Some(call), Some(n)) = (arguments["id"].as_str(), arguments["n"].as_i64()) else {
            let refusal = error(id, -32602, "it takes an id and a number", None);
            return Reaction::Reply(Duration::ZERO, vec![refusal]);
        };
        let attempt = {
            let mut came = self.came.lock().unwrap_or_else(PoisonError::into_inner);
            let attempt = came.entry(call.to_owned()).or_default();
            *attempt += 1;
            *attempt
        };
        let fault = self.plan.fault(call, attempt);
        let noted = self
            .effects
            .came(call)
            .and_then(|()| if fault.is_done() { self.effects.done(call) } else { Ok(()) });
        noted.expect("the file of effects can be written");
        let answer = |square: Value| {
            let data = json!({ "id": call, "n": n, "square": square });
            result(id, &data, false)
        };
        let good = answer((n * n).into());
        let now = |message| Reaction::Reply(Duration::ZERO, vec![message]);
        match fault {
            Fault::None => now(good),
            Fault::Delay(millis) => Reaction::Reply(Duration::from_millis(millis), vec![good]),
            Fault::ResetBefore | Fault::ResetAfter => Reaction::Reset,
            Fault::Half => Reaction::Half(good),
            Fault::Hang => Reaction::Hang,
            Fault::TooMany => {
                let data = Some(json!({ "retryAfter": 0 }));
                Reaction::Status(429, Some("0"), error(id, -32000, "too many requests", data))
            }
            Fault::Gateway => Reaction::Status(502, None, error(id, -32603, "bad gateway", None)),
            Fault::ToolBusy => now(result(id, &json!({ "error": { "retryable": true } }), true)),
            Fault::ToolError => now(result(id, &json!({ "error": "the shelf is empty" }), true)),
            Fault::RpcError => now(error(id, -32603, "the disk is full", None)),
            Fault::Shape => now(result(id, &json!({ "data": { "square": n * n } }), false)),
            Fault::Type => now(answer((n * n).to_string().into())),
            Fault::Twice => Reaction::Reply(Duration::ZERO, vec![good, answer((-1).into())]),
        }
    }
}

fn tool(name: &str) -> Value {
    json!({
        "name": name,
        "description": "Squares a number.",
        "inputSchema": {
            "type": "object",
            "properties": { "id": { "type": "string" }, "n": { "type": "integer" } },
            "required": ["id", "n"],
        },
        "annotations": { "readOnlyHint": name == "read", "idempotentHint": name == "put" },
    })
}

fn result(id: &Value, data: &Value, is_error: bool) -> Value {
    let result = json!({
        "content": [{ "type": "text", "text": data.to_string() }],
        "structuredContent": data,
        "isError": is_error,
    });
    json!({ "jsonrpc": "2.0", "id": id, "result": result })
}

fn error(id: &Value, code: i64, message: &str, data: Option<Value>) -> Value {
    let mut error = json!({ "code": code, "message": message });
    if let Some(data) = data {
        error["data"] = data;
    }
    json!({ "jsonrpc": "2.0", "id": id, "error": error })
}
