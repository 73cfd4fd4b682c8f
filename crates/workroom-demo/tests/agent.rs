//! What an agent sees of the world `inventory`, and whether it leads to the job's script.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::sync::Arc;

use workroom_catalog::{Catalog, Detail, Node, SearchQuery};
use workroom_demo::{
    Backend, DemoServer,
    inventory::{JOB, SEED},
};
use workroom_ledger::tokens;
use workroom_script::{Description, Function, Module, Modules, UnknownModule, compile};
use workroom_types::{ServerSnapshot, ServerStatus};

/// The functions that the job's script calls.
const CALLED: [(DemoServer, &str); 9] = [
    (DemoServer::Shop, "listProducts"),
    (DemoServer::Shop, "listOrders"),
    (DemoServer::Marketplace, "listListings"),
    (DemoServer::Marketplace, "getSalesReport"),
    (DemoServer::Warehouse, "listStock"),
    (DemoServer::Warehouse, "listInboundShipments"),
    (DemoServer::Accounting, "listArticles"),
    (DemoServer::Accounting, "listSuppliers"),
    (DemoServer::Accounting, "listPurchaseOrders"),
];

/// The most that looking around may cost, in o200k tokens.
const LOOKING_MAX: usize = 6_500;

fn catalog() -> Catalog {
    let servers: Vec<Arc<ServerSnapshot>> = DemoServer::INVENTORY
        .into_iter()
        .map(|server| {
            let tools = Backend::new(server, SEED).tools().to_vec();
            Arc::new(ServerSnapshot {
                name: server.name().to_owned(),
                status: ServerStatus::Ready,
                tools: Arc::new(tools),
                ..ServerSnapshot::default()
            })
        })
        .collect();
    Catalog::build(&servers, None)
}

#[test]
fn an_agent_has_read_every_function_that_its_script_calls() {
    let catalog = catalog();
    let mut seen = 0;
    for (query, limit) in JOB.searches {
        let found = catalog.search(&SearchQuery {
            query: (*query).to_owned(),
            server: None,
            detail: Detail::Signature,
            limit: usize::try_from(*limit).unwrap(),
        });
        assert!(found.total > 0, "{query}");
        seen += tokens(&found.to_string());
    }
    for path in JOB.files_read {
        let Node::File(file) = catalog.open(path).unwrap() else { panic!("{path} is a folder") };
        seen += tokens(&file);
    }
    for (server, function) in CALLED {
        assert!(JOB.script.contains(&format!("{server}.{function}")), "{server}.{function}");
        let path = format!("./servers/{server}/{function}.ts");
        assert!(JOB.files_read.contains(&path.as_str()), "{path}");
    }
    assert!(seen < LOOKING_MAX, "{seen} tokens");
}

struct Servers;

impl Modules for Servers {
    fn resolve(&self, specifier: &str) -> Result<Module, UnknownModule> {
        let name = specifier.trim_start_matches("./servers/");
        let found = self.all().into_iter().find(|module| module.server == name);
        found.ok_or_else(UnknownModule::default)
    }

    fn all(&self) -> Vec<Module> {
        let function = |name: &str| Function { name: name.to_owned(), ..Function::default() };
        let of = |server| CALLED.into_iter().filter(move |(other, _)| *other == server);
        DemoServer::INVENTORY
            .into_iter()
            .map(|server| Module {
                server: server.name().to_owned(),
                identifier: server.name().to_owned(),
                folder: server.name().to_owned(),
                functions: of(server).map(|(_, name)| function(name)).collect(),
                tool: None,
            })
            .collect()
    }

    fn describe(&self, _: &str, _: &str) -> Option<Description> {
        None
    }
}

#[test]
fn the_script_compiles() {
    let program = compile(JOB.script, &Servers).unwrap();
    assert!(program.declared.contains(&"report".to_owned()), "{:?}", program.declared);
}
