//! A catalog of two servers for the tests.

use workroom_script::{
    Description, Function, Module, Modules, Parameter, Parameters, UnknownModule,
};

/// `crm` with three functions, and `shop-eu` with one.
pub(crate) struct Catalog;

fn module(server: &str, identifier: &str, tools: &[(&str, &str)]) -> Module {
    let functions = tools
        .iter()
        .map(|(name, tool)| Function { name: (*name).to_owned(), tool: (*tool).to_owned() });
    Module {
        server: server.to_owned(),
        identifier: identifier.to_owned(),
        folder: server.to_owned(),
        functions: functions.collect(),
        tool: None,
    }
}

impl Modules for Catalog {
    fn resolve(&self, specifier: &str) -> Result<Module, UnknownModule> {
        let path = specifier.trim_start_matches(['.', '/']);
        let path = path.trim_end_matches(".ts").trim_end_matches("/index");
        let Some(path) = path.strip_prefix("servers/") else {
            let message = format!("there is no module `{specifier}`");
            return Err(UnknownModule { message, ..UnknownModule::default() });
        };
        let (folder, file) = path.split_once('/').unwrap_or((path, ""));
        let named = |module: &Module| module.server == folder || module.identifier == folder;
        let Some(mut module) = self.all().into_iter().find(named) else {
            let message = format!("there is no server `{folder}`");
            let nearest = if folder.len() == 3 { vec!["./servers/crm".to_owned()] } else { vec![] };
            return Err(UnknownModule { message, nearest, hint: None });
        };
        if !file.is_empty() {
            module.tool = module.functions.iter().position(|function| function.name == file);
        }
        Ok(module)
    }

    fn all(&self) -> Vec<Module> {
        vec![
            module(
                "crm",
                "crm",
                &[
                    ("getContact", "get_contact"),
                    ("listDeals", "list_deals"),
                    ("search", "crm/search"),
                ],
            ),
            module("shop-eu", "shopEu", &[("getOrder", "getOrder")]),
        ]
    }

    fn describe(&self, _: &str, tool: &str) -> Option<Description> {
        let all = self.all();
        let mut functions = all.iter().flat_map(|module| &module.functions);
        let name = &functions.find(|function| function.tool == tool)?.name;
        // Nothing is required, so that scripts about something else need no arguments.
        let id = Parameter { name: "id".to_owned(), required: false };
        let parameters = Some(Parameters { list: vec![id], open: true });
        let signature = format!("{name}(input: {{ id: string }})");
        Some(Description { signature, parameters, reads: true })
    }
}
