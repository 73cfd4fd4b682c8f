//! What an agent sees of the world `inventory`, and whether it leads to the job's script.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod playing;

use playing::seen;
use workroom_demo::{DemoServer, Step, WorldName, inventory::SEED};
use workroom_ledger::tokens;
use workroom_script::{Description, Function, Module, Modules, UnknownModule, compile};

/// The functions that the job's script calls.
const CALLED: [(DemoServer, &str); 5] = [
    (DemoServer::Shop, "listOrders"),
    (DemoServer::Marketplace, "listListings"),
    (DemoServer::Marketplace, "getSalesReport"),
    (DemoServer::Warehouse, "listStock"),
    (DemoServer::Accounting, "listArticles"),
];

/// The parameters that it gives, and the fields that it reads.
const NAMES: [&str; 24] = [
    "state",
    "ACTIVE",
    "condition",
    "SELLABLE",
    "created_from",
    "created_to",
    "dateFrom",
    "dateTo",
    "blocked",
    "article",
    "lead_time_days",
    "safety_stock",
    "qty_on_order",
    "carton_qty",
    "lines",
    "status",
    "sellerSku",
    "item_code",
    "quantityAvailable",
    "unitsPerPack",
    "units_per_carton",
    "allocated_units",
    "refunded_quantity",
    "packsSold",
];

/// The most that looking around may cost, in o200k tokens.
const LOOKING_MAX: usize = 400;

fn script() -> String {
    let steps = WorldName::Inventory.job().steps;
    let scripts: Vec<String> = steps
        .into_iter()
        .filter_map(|step| if let Step::Run(code) = step { Some(code) } else { None })
        .collect();
    scripts.join("\n")
}

#[test]
fn an_agent_has_seen_every_name_that_its_script_uses() {
    let (seen, script) = (seen(WorldName::Inventory, SEED), script());
    for (server, function) in CALLED {
        assert!(script.contains(&format!("{server}.{function}")), "{server}.{function}");
        assert!(seen.contains(&format!("./servers/{server}\n")), "{server} is not in\n{seen}");
        assert!(seen.contains(&format!("  {function}(")), "{function} is not in\n{seen}");
    }
    for name in NAMES {
        assert!(script.contains(name), "{name}");
        assert!(seen.contains(name), "{name} is not in\n{seen}");
    }
    assert!(tokens(&seen) < LOOKING_MAX, "{} tokens:\n{seen}", tokens(&seen));
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
fn the_script_compiles_and_leaves_nothing_behind() {
    let program = compile(&script(), &Servers).unwrap();
    assert!(program.declared.is_empty(), "{:?}", program.declared);
}
