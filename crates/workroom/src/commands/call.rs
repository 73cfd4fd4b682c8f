//! `workroom call`: one tool, from the command line.

use std::time::Instant;

use serde_json::{Map, Value, json};
use workroom_engine::{CallFailure, Caller, Engine, report};
use workroom_ledger::account::Kind;

use crate::{
    args::{Call, Global},
    gateway::Gateway,
    output::{self, Answer, Failure},
    store::Keep,
};

pub(crate) async fn call(global: &Global, args: &Call) -> Result<Answer, Failure> {
    let Some((server, tool)) = args.tool.split_once('.') else {
        return Err(Failure::usage(format!("`{}` is not SERVER.TOOL", args.tool))
            .hint("`workroom ls` lists the servers, `workroom ls servers/<server>` their tools"));
    };
    let gateway = Gateway::open(global, Keep::Nothing).await?;
    gateway.settled(global.json).await;
    let parameters = parameters(&gateway.engine, server, tool, &args.parameters);
    let started = Instant::now();
    let called = match parameters {
        Ok(parameters) => Ok(called(&gateway.engine, server, tool, parameters).await),
        Err(failure) => Err(failure),
    };
    gateway.close().await;
    let duration_ms = report::milliseconds(started.elapsed());
    Ok(match called? {
        Ok(data) => {
            let value: Value = serde_json::from_str(&data).unwrap_or_default();
            let text = match &value {
                Value::String(text) => text.clone(),
                value => serde_json::to_string_pretty(value).unwrap_or(data),
            };
            let json = json!({
                "ok": true, "server": server, "tool": tool, "value": value, "error": null,
                "duration_ms": duration_ms,
            });
            Answer::new(text, &json, output::OK)
        }
        Err(failure) if !global.json => {
            let mut shown = Failure::failed(&failure);
            shown.hint.clone_from(&failure.hint);
            return Err(shown);
        }
        Err(failure) => {
            let json = json!({
                "ok": false, "server": server, "tool": tool, "value": null,
                "error": {
                    "code": failure.code, "message": failure.message, "hint": failure.hint,
                },
                "duration_ms": duration_ms,
            });
            Answer::new("", &json, output::FAILED)
        }
    })
}

/// Calls the tool, and enters that into the ledger.
async fn called(
    engine: &Engine,
    server: &str,
    tool: &str,
    parameters: Map<String, Value>,
) -> Result<String, CallFailure> {
    let passage = engine.passage(None);
    let written = Value::Object(parameters.clone()).to_string();
    passage.begins(Kind::Call, &Caller::cli(), &engine.new_session_id(), written);
    let called = engine.call_for(server, tool, parameters, Some(&passage)).await;
    let answered = called.as_ref().map_or_else(ToString::to_string, String::clone);
    passage.ended(answered, called.is_ok());
    called
}

/// `name=value` pairs as arguments. Where the schema asks for text, a value is text as it is.
fn parameters(
    engine: &Engine,
    server: &str,
    tool: &str,
    typed: &[String],
) -> Result<Map<String, Value>, Failure> {
    let catalog = engine.catalog();
    let known = catalog.server(server).and_then(|server| server.tool(tool));
    let schema = known.map(|known| &known.def.input_schema);
    let mut arguments = Map::new();
    for pair in typed {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(Failure::usage(format!("`{pair}` is not NAME=VALUE")));
        };
        let wants_text = schema.is_some_and(|schema| {
            schema.pointer("/properties").and_then(|all| all.get(name)?.get("type"))
                == Some(&Value::from("string"))
        });
        let text = || Value::from(value);
        let value = if wants_text {
            text()
        } else {
            serde_json::from_str(value).unwrap_or_else(|_| text())
        };
        arguments.insert(name.to_owned(), value);
    }
    Ok(arguments)
}
