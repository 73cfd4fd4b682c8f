//! The catalog as what scripts may import.

use workroom_catalog::{Catalog, ServerEntry};
use workroom_script::{Function, Module, Modules, UnknownModule};
use workroom_types::ServerStatus;

/// Resolves imports in one catalog.
pub(crate) struct InCatalog<'a>(pub(crate) &'a Catalog);

impl Modules for InCatalog<'_> {
    fn resolve(&self, specifier: &str) -> Result<Module, UnknownModule> {
        let path = specifier.trim_start_matches(['.', '/']);
        let Some(path) = path.strip_prefix("servers/") else {
            return Err(self.unknown(format!("there is no module `{specifier}`"), specifier));
        };
        let (folder, file) = path.split_once('/').unwrap_or((path, "index"));
        let Some(server) = self.0.server(folder) else {
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
        let file = file.strip_suffix(".ts").unwrap_or(file);
        if file != "index" && !file.is_empty() {
            let tool = server.tools.iter().position(|tool| {
                tool.stem == file || tool.function == file || tool.def.name == file
            });
            if tool.is_none() {
                let names: Vec<&str> =
                    server.tools.iter().map(|tool| tool.function.as_str()).collect();
                return Err(UnknownModule {
                    message: format!("server `{}` has no tool `{file}`", server.name),
                    nearest: nearest(file, names.into_iter()),
                });
            }
            module.tool = tool;
        }
        Ok(module)
    }

    fn all(&self) -> Vec<Module> {
        self.0.servers().iter().map(|server| module(server)).collect()
    }
}

impl InCatalog<'_> {
    fn unknown(&self, message: String, wanted: &str) -> UnknownModule {
        let folders = self.0.servers().iter().map(|server| server.folder.as_str());
        let nearest =
            nearest(wanted, folders).into_iter().map(|name| format!("./servers/{name}")).collect();
        UnknownModule { message, nearest }
    }
}

fn unusable(server: &ServerEntry, how: &str) -> UnknownModule {
    UnknownModule { message: format!("server `{}` {how}", server.name), nearest: Vec::new() }
}

fn module(server: &ServerEntry) -> Module {
    let functions = server.tools.iter().map(|tool| Function {
        name: tool.function.clone(),
        tool: tool.def.name.clone(),
        signature: tool.signature(),
    });
    Module {
        server: server.name.clone(),
        identifier: server.identifier.clone(),
        functions: functions.collect(),
        tool: None,
    }
}

/// Up to three names that `wanted` may have meant, the likeliest first.
pub(crate) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    const LIKELY: f64 = 0.75;
    let mut scored: Vec<(f64, &str)> = names
        .map(|name| (strsim::jaro_winkler(&wanted.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(score, _)| *score >= LIKELY)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}
