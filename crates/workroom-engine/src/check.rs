//! Arguments against their tool's schema, before anything is recorded as sent.
//!
//! The error that a script sees is named `ArgumentError`; it holds everything that is wrong and the
//! tool's signature, so that the next try can be the right one.

use serde_json::{Map, Value, json};
use workroom_catalog::{Catalog, ToolEntry};
use workroom_shape::{Accepted, Refused};
use workroom_types::ToolRef;

use crate::{
    Shared, calls,
    sandbox::{AnswerError, GuestCall},
};

/// The code of an error about arguments.
const CODE: &str = "invalid_arguments";

/// The entry of `tool`, by its exact names.
pub(crate) fn entry<'c>(catalog: &'c Catalog, tool: &ToolRef) -> Option<&'c ToolEntry> {
    let server = catalog.servers().iter().find(|server| server.name == tool.server)?;
    server.tools.iter().find(|entry| entry.def.name == tool.tool)
}

/// Makes the arguments of `call` those that are to be sent, and gives what is to be told of that.
pub(crate) fn call(shared: &Shared, call: &mut GuestCall) -> Result<Vec<String>, AnswerError> {
    let tool = calls::tool(call);
    let given = serde_json::from_str(&call.arguments).map_err(|error| unreadable(&tool, &error))?;
    let accepted = arguments(shared, &tool, given)?;
    if !accepted.notes.is_empty() || !call.arguments.starts_with('{') {
        call.arguments = Value::Object(accepted.arguments).to_string();
    }
    Ok(accepted.notes.into_iter().map(|note| format!("`{tool}`: {note}")).collect())
}

/// What `tool` would be sent for `given`. A tool that is not listed is left to its server.
pub(crate) fn arguments(
    shared: &Shared,
    tool: &ToolRef,
    given: Value,
) -> Result<Accepted, AnswerError> {
    let catalog = shared.catalog();
    match entry(&catalog, tool) {
        Some(entry) => entry
            .check_with(given, shared.stands_in())
            .map_err(|refused| error(tool, entry, &refused)),
        None => match given {
            Value::Object(arguments) => Ok(Accepted { arguments, notes: Vec::new() }),
            Value::Null => Ok(Accepted::default()),
            _ => {
                let message = format!(
                    "`{tool}` takes one object of named parameters, such as {{ name: value }}"
                );
                Err(argument_error(tool, &message, Map::new()))
            }
        },
    }
}

/// The error of arguments that are no JSON.
pub(crate) fn unreadable(tool: &ToolRef, error: &serde_json::Error) -> AnswerError {
    let message = format!("the arguments of `{tool}` cannot be read: {error}");
    argument_error(tool, &message, Map::new())
}

fn error(tool: &ToolRef, entry: &ToolEntry, refused: &Refused) -> AnswerError {
    let told: Vec<String> = refused.violations.iter().map(ToString::to_string).collect();
    let told = match told.as_slice() {
        [one] => format!(" {one}"),
        all => format!("\n- {}", all.join("\n- ")),
    };
    let signature = entry.signature();
    let message = format!("`{tool}` was not called:{told}\nsignature: {signature}");
    let violations = refused.violations.iter();
    let violations: Vec<Value> =
        violations.map(|it| json!({ "path": it.path, "message": it.to_string() })).collect();
    let more = [("signature", signature.into()), ("violations", violations.into())];
    argument_error(
        tool,
        &message,
        more.map(|(key, value)| (key.to_owned(), value)).into_iter().collect(),
    )
}

fn argument_error(tool: &ToolRef, message: &str, more: Map<String, Value>) -> AnswerError {
    let mut properties = json!({ "server": tool.server, "tool": tool.tool, "code": CODE });
    if let Value::Object(properties) = &mut properties {
        properties.extend(more);
    }
    AnswerError {
        name: "ArgumentError".to_owned(),
        message: message.to_owned(),
        properties: properties.to_string(),
    }
}
