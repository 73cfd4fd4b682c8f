//! Calls that are answered as no server should answer: with noise, for others, or by dying.

use std::io::{self, Write as _};

use serde_json::{Value, json};

use crate::modes::{Server, answer, refuse, send};

/// What a server may ask a client for, and this client offers none of it.
pub(crate) const ASKED: [&str; 4] =
    ["sampling/createMessage", "elicitation/create", "roots/list", "ping"];

/// Answers a call with `text`, in the way that `how` names.
pub(crate) fn answer_oddly(how: &str, id: &Value, text: &Value, server: &mut Server) {
    if !with_lies(how, id, text) && !with_trouble(how, id, text, server) {
        refuse(id, -32602, how);
    }
}

/// Ways to send an answer. False where `how` names none of them.
fn with_lies(how: &str, id: &Value, text: &Value) -> bool {
    let write = |bytes: &[u8]| io::stdout().write_all(bytes).expect("stdout is open");
    let reply = json!({ "jsonrpc": "2.0", "id": id, "result": text });
    match how {
        "noise" => {
            write(b"Listening on 3000\n\x1b[31mred\x1b[0m\n\n\r\n\0\0\n");
            write(b"\xff\xfe{\0\n{\n  \"id\": 1\n}\n");
            write(format!("\r\n{reply}\r\n").as_bytes());
        }
        "wide" => {
            // A pipe ends in the middle of some of these characters.
            let text = "é".repeat(100_001);
            answer(id, &json!({ "content": [{ "type": "text", "text": format!("x{text}") }] }));
        }
        "twice" => {
            answer(id, text);
            answer(id, &json!({ "content": [], "structuredContent": { "wrong": true } }));
        }
        "unsent" => {
            let wrong = json!({ "content": [], "structuredContent": { "wrong": true } });
            for other in [json!(99_999), json!("x"), json!(1.5), json!(-1), Value::Null] {
                answer(&other, &wrong);
            }
            send(&reply);
        }
        "both" => {
            let error = json!({ "code": -1, "message": "both" });
            send(&json!({ "jsonrpc": "2.0", "id": id, "result": text, "error": error }));
        }
        "old" => send(&json!({ "jsonrpc": "1.0", "id": id, "result": text })),
        "string-id" => answer(&json!(id.to_string()), text),
        "float-id" => write(format!("{{\"id\":{id}.0,\"result\":{text}}}\n").as_bytes()),
        "same-key" => {
            write(format!("{{\"id\":{id},\"id\":{id},\"result\":{text}}}\n").as_bytes());
            answer(id, text);
        }
        "batch" => send(&json!([reply])),
        "keys" => {
            let many: serde_json::Map<_, _> =
                (0..200_000).map(|key| (key.to_string(), Value::Null)).collect();
            answer(id, &json!({ "content": [], "structuredContent": many }));
        }
        "bottomless" => {
            let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
            write(format!("{{\"id\":{id},\"result\":{deep}}}\n").as_bytes());
        }
        _ => return false,
    }
    true
}

/// Ways to die, to flood and to ask back. False where `how` names none of them.
fn with_trouble(how: &str, id: &Value, text: &Value, server: &mut Server) -> bool {
    match how {
        "kill" => {
            let me = rustix::process::getpid();
            rustix::process::kill_process(me, rustix::process::Signal::KILL).expect("it is mine");
        }
        "close-stdout" => {
            let null = std::fs::File::open("/dev/null").expect("there is a null device");
            rustix::stdio::dup2_stdout(null).expect("stdout can be replaced");
        }
        "exit-after" => {
            answer(id, text);
            io::stdout().flush().expect("stdout is open");
            server.ended = true;
        }
        "progress" => loop {
            let params = json!({ "progressToken": id, "progress": 1 });
            send(&json!({
                "jsonrpc": "2.0", "method": "notifications/progress", "params": params,
            }));
        },
        "storm" => {
            let data = "x".repeat(1_000);
            for _ in 0..10_000 {
                let params = json!({ "level": "info", "data": data });
                send(&json!({
                    "jsonrpc": "2.0", "method": "notifications/message", "params": params,
                }));
                send(&json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" }));
            }
            answer(id, text);
        }
        "lists" => {
            answer(id, &json!({ "content": [], "structuredContent": { "lists": server.lists } }));
        }
        "ask" => {
            server.asking = Some((id.clone(), Vec::new()));
            for (number, method) in ASKED.iter().enumerate() {
                let id = format!("ask {number}");
                send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": {} }));
            }
        }
        "change" => {
            send(&json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" }));
            answer(id, text);
        }
        _ => return false,
    }
    true
}
