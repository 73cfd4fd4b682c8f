//! The catalog as what scripts may import.

use serde_json::Value;
use workroom_catalog::{Catalog, ServerEntry, ToolEntry};
use workroom_script::{
    Description, Function, Module, Modules, Parameter, Parameters, Skill, UnknownModule, nearest,
};
use workroom_types::ServerStatus;

use crate::skills::Visible;

/// Resolves imports in one catalog.
#[derive(Debug)]
pub struct InCatalog<'a>(pub &'a Catalog);

impl Modules for InCatalog<'_> {
    fn resolve(&self, specifier: &str) -> Result<Module, UnknownModule> {
        let path = path(specifier);
        let (folder, file) = match path.strip_prefix("servers/") {
            Some(inside) => inside.split_once('/').unwrap_or((inside, "index")),
            // A server by its bare name: `import * as crm from 'crm'`.
            None if self.server(path).is_some_and(|it| it.name == path || it.folder == path) => {
                (path, "index")
            }
            None => {
                return Err(self.unknown(format!("there is no module `{specifier}`"), specifier));
            }
        };
        let Some(server) = self.server(folder) else {
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
        if file != "index" && !file.is_empty() {
            let Some(tool) = tool(server, file) else {
                let names = server.tools.iter().map(|tool| tool.function.as_str());
                return Err(UnknownModule {
                    message: format!("server `{}` has no tool `{file}`", server.name),
                    nearest: nearest(file, names).into_iter().map(str::to_owned).collect(),
                    hint: None,
                });
            };
            module.tool = server.tools.iter().position(|known| std::ptr::eq(known, tool));
        }
        Ok(module)
    }

    fn all(&self) -> Vec<Module> {
        self.0.servers().iter().map(|server| module(server)).collect()
    }

    fn describe(&self, server: &str, tool: &str) -> Option<Description> {
        let server = self.0.servers().iter().find(|entry| entry.name == server)?;
        let tool = server.tools.iter().find(|entry| entry.def.name == tool)?;
        let parameters = parameters(&tool.def.input_schema);
        Some(Description { signature: tool.signature(), parameters, reads: reads(tool) })
    }
}

/// The catalog and the skills that a session sees, as what its scripts may import.
#[derive(Debug)]
pub struct InRoom<'a> {
    /// The servers.
    pub catalog: &'a Catalog,
    /// The skills.
    pub skills: &'a Visible,
}

impl Modules for InRoom<'_> {
    fn resolve(&self, specifier: &str) -> Result<Module, UnknownModule> {
        InCatalog(self.catalog).resolve(specifier)
    }

    fn skill(&self, specifier: &str) -> Option<Result<Skill, UnknownModule>> {
        let inside = path(specifier).strip_prefix("skills")?;
        let (name, file) = match inside.strip_prefix('/') {
            Some(inside) => inside.split_once('/').unwrap_or((inside, "index")),
            None if inside.is_empty() => ("", ""),
            None => return None,
        };
        Some(self.named(name, file))
    }

    fn all(&self) -> Vec<Module> {
        InCatalog(self.catalog).all()
    }

    fn describe(&self, server: &str, tool: &str) -> Option<Description> {
        InCatalog(self.catalog).describe(server, tool)
    }
}

impl InRoom<'_> {
    fn named(&self, name: &str, file: &str) -> Result<Skill, UnknownModule> {
        let unknown = |message: String| UnknownModule { message, ..UnknownModule::default() };
        if name.is_empty() {
            let message = "a skill is imported by its name".to_owned();
            let hint = Some("write `import { run } from './skills/<name>'`".to_owned());
            return Err(UnknownModule { message, hint, ..UnknownModule::default() });
        }
        let Some(version) = self.skills.get(name) else {
            if self.skills.is_hidden(name) {
                let message = format!("skill `{name}` is a draft of another session");
                let hint = format!("a person gives it to all by `workroom skills promote {name}`");
                return Err(UnknownModule {
                    message,
                    hint: Some(hint),
                    ..UnknownModule::default()
                });
            }
            let near = nearest(name, self.skills.names());
            let near = near.into_iter().map(|name| format!("./skills/{name}")).collect();
            let message = format!("there is no skill `{name}`");
            return Err(UnknownModule { message, nearest: near, hint: None });
        };
        if file != "index" && file != "SKILL" {
            return Err(unknown(format!("skill `{name}` has no module `{file}`")));
        }
        let package = version.package();
        let package = package
            .map_err(|reason| unknown(format!("skill `{name}` cannot be used: {reason}")))?;
        if let Some(unmet) = version.body.needs.unmet(name, self.catalog) {
            let hint = if unmet.may_pass {
                "try again when the server is there, or do without the skill".to_owned()
            } else {
                format!(
                    "read `./skills/{name}/index.ts`, do the same with the tools as they are now, \
                     and save it again under its name"
                )
            };
            return Err(UnknownModule { hint: Some(hint), ..unknown(unmet.message) });
        }
        Ok(Skill { name: name.to_owned(), code: package.code.clone() })
    }
}

/// Whether a tool only reads: its server says so, or says nothing and its name does.
fn reads(tool: &ToolEntry) -> bool {
    const VERBS: [&str; 10] =
        ["get", "list", "read", "search", "find", "fetch", "lookup", "describe", "count", "show"];
    let said = tool.def.annotations.as_ref().and_then(|told| told.read_only_hint);
    said.unwrap_or_else(|| {
        let name = folded(&tool.function);
        VERBS.iter().any(|verb| name.starts_with(verb))
    })
}

/// A specifier without what only says where its file is: `servers/crm/getContact`.
fn path(specifier: &str) -> &str {
    let path = specifier.strip_prefix("file:").unwrap_or(specifier);
    let path = path.trim_start_matches(['.', '/', '@', '~']).trim_end_matches('/');
    let endings = [".d.ts", ".ts", ".js", ".mts", ".mjs", ".tsx"];
    endings.iter().find_map(|ending| path.strip_suffix(ending)).unwrap_or(path)
}

/// A name without what its spelling adds; empty where it is more than a spelling.
fn folded(name: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "_- .".contains(char);
    if !name.chars().all(is_plain) || name.contains("..") {
        return String::new();
    }
    name.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_lowercase()).collect()
}

fn tool<'s>(server: &'s ServerEntry, file: &str) -> Option<&'s ToolEntry> {
    let wanted = folded(file);
    server.tool(file).or_else(|| {
        let mut same = server
            .tools
            .iter()
            .filter(|tool| folded(&tool.function) == wanted || folded(&tool.def.name) == wanted);
        same.next().filter(|_| same.next().is_none() && !wanted.is_empty())
    })
}

/// What a schema says of the parameters, as far as it says it plainly.
fn parameters(schema: &Value) -> Option<Parameters> {
    /// Keywords that may add parameters of which `properties` says nothing.
    const OTHERS: [&str; 12] = [
        "$ref",
        "$dynamicRef",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "then",
        "else",
        "dependentSchemas",
        "dependencies",
        "patternProperties",
    ];
    let schema = schema.as_object()?;
    let properties = schema.get("properties").and_then(Value::as_object);
    let mut open = properties.is_none() || OTHERS.iter().any(|key| schema.contains_key(*key));
    for key in ["additionalProperties", "unevaluatedProperties"] {
        open |= schema.get(key).is_some_and(|further| *further != Value::Bool(false));
    }
    let required = schema.get("required").and_then(Value::as_array);
    let required: Vec<&str> = required.into_iter().flatten().filter_map(Value::as_str).collect();
    let names = properties.into_iter().flat_map(|it| it.keys().map(String::as_str));
    let unlisted = required
        .iter()
        .copied()
        .filter(|name| properties.is_none_or(|known| !known.contains_key(*name)));
    let list = names
        .chain(unlisted)
        .map(|name| Parameter { name: name.to_owned(), required: required.contains(&name) })
        .collect();
    Some(Parameters { list, open })
}

impl InCatalog<'_> {
    /// The server that `wanted` names, in whatever spelling.
    fn server(&self, wanted: &str) -> Option<&ServerEntry> {
        let servers = self.0.servers();
        let known = self.0.server(wanted).or_else(|| {
            let wanted = folded(wanted);
            let mut same = servers.iter().filter(|server| folded(&server.name) == wanted);
            same.next().filter(|_| same.next().is_none() && !wanted.is_empty())
        });
        known.map(|server| &**server)
    }

    fn unknown(&self, message: String, wanted: &str) -> UnknownModule {
        let folders = self.0.servers().iter().map(|server| server.folder.as_str());
        let nearest =
            nearest(wanted, folders).into_iter().map(|name| format!("./servers/{name}")).collect();
        UnknownModule { message, nearest, hint: None }
    }
}

fn unusable(server: &ServerEntry, how: &str) -> UnknownModule {
    let message = format!("server `{}` {how}", server.name);
    UnknownModule { message, ..UnknownModule::default() }
}

fn module(server: &ServerEntry) -> Module {
    let functions = server
        .tools
        .iter()
        .map(|tool| Function { name: tool.function.clone(), tool: tool.def.name.clone() });
    Module {
        server: server.name.clone(),
        identifier: server.identifier.clone(),
        folder: server.folder.clone(),
        functions: functions.collect(),
        tool: None,
    }
}
