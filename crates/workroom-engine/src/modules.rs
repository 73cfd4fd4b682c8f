//! The catalog as what scripts may import.

use std::collections::HashSet;

use serde_json::Value;
use workroom_catalog::{Catalog, ServerEntry};
use workroom_script::{Function, Module, Modules, Parameters, UnknownModule, nearest};
use workroom_types::ServerStatus;

/// Resolves imports in one catalog, for one session.
pub(crate) struct InCatalog<'a> {
    pub(crate) catalog: &'a Catalog,
    /// What earlier runs of the session have declared.
    pub(crate) variables: HashSet<String>,
}

impl Modules for InCatalog<'_> {
    fn resolve(&self, specifier: &str) -> Result<Module, UnknownModule> {
        let path = specifier.trim_start_matches(['@', '~', '.', '/']);
        let Some(path) = path.strip_prefix("servers/") else {
            return Err(self.unknown(format!("there is no module `{specifier}`"), specifier));
        };
        let (folder, file) = path.split_once('/').unwrap_or((path, "index"));
        let Some(server) = self.catalog.server(folder) else {
            return Err(self.unknown(format!("there is no server `{folder}`"), folder));
        };
        match &server.status {
            ServerStatus::Starting if server.tools.is_empty() => {
                return Err(unusable(server, "is still starting"));
            }
            ServerStatus::Failed { reason, .. } if server.tools.is_empty() => {
                return Err(unusable(server, &format!("is not available: {reason}")));
            }
            // Or its tools are known from before: the call itself says how the server is.
            ServerStatus::Ready | ServerStatus::Starting | ServerStatus::Failed { .. } => {}
        }
        let mut module = module(server);
        let endings = [".ts", ".js", ".mjs"];
        let file = endings.iter().find_map(|end| file.strip_suffix(end)).unwrap_or(file);
        if file != "index" && !file.is_empty() {
            let Some(tool) = server.tool(file) else {
                let names = server.tools.iter().map(|tool| tool.function.as_str());
                return Err(UnknownModule {
                    message: format!("server `{}` has no tool `{file}`", server.name),
                    nearest: nearest(file, names).into_iter().map(str::to_owned).collect(),
                });
            };
            module.tool = server.tools.iter().position(|known| std::ptr::eq(known, tool));
        }
        Ok(module)
    }

    fn is_variable(&self, name: &str) -> bool {
        self.variables.contains(name)
    }

    fn all(&self) -> Vec<Module> {
        self.catalog.servers().iter().map(|server| module(server)).collect()
    }
}

impl InCatalog<'_> {
    fn unknown(&self, message: String, wanted: &str) -> UnknownModule {
        let folders = self.catalog.servers().iter().map(|server| server.folder.as_str());
        let nearest =
            nearest(wanted, folders).into_iter().map(|name| format!("./servers/{name}")).collect();
        UnknownModule { message, nearest }
    }
}

fn unusable(server: &ServerEntry, how: &str) -> UnknownModule {
    UnknownModule { message: format!("server `{}` {how}", server.name), nearest: Vec::new() }
}

/// The fields that `schema` declares; `None` where they depend on more than a list of them.
fn parameters(schema: &Value) -> Option<Parameters> {
    const COMPOSED: [&str; 8] =
        ["$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "not", "if", "patternProperties"];
    let schema = schema.as_object()?;
    if COMPOSED.iter().any(|keyword| schema.contains_key(*keyword)) {
        return None;
    }
    let properties = schema.get("properties")?.as_object()?;
    let required = schema.get("required").and_then(Value::as_array);
    let required = required.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    // Without the keyword a schema is open, and nearly no tool means that.
    let additional = schema.get("additionalProperties");
    let is_open = additional.is_some_and(|additional| *additional != Value::Bool(false));
    Some(Parameters {
        names: properties.keys().cloned().collect(),
        required: required.collect(),
        is_open,
    })
}

fn module(server: &ServerEntry) -> Module {
    let functions = server.tools.iter().map(|tool| Function {
        name: tool.function.clone(),
        tool: tool.def.name.clone(),
        signature: tool.signature(),
        parameters: parameters(&tool.def.input_schema),
    });
    Module {
        server: server.name.clone(),
        identifier: server.identifier.clone(),
        functions: functions.collect(),
        tool: None,
    }
}
