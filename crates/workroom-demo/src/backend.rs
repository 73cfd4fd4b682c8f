//! One server of a world without the protocol: its tools, and what a call does.

use std::{fmt, str::FromStr};

use serde_json::{Map, Value};
use thiserror::Error;
use workroom_types::ToolDef;

use crate::{
    arguments::Arguments,
    inventory::{World, accounting, marketplace, shop, warehouse},
};

/// A server of the world `inventory`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DemoServer {
    /// The company's own web shop.
    Shop,
    /// A marketplace on which the company sells too.
    Marketplace,
    /// A third-party warehouse that holds the goods.
    Warehouse,
    /// The accounting system, with articles, suppliers and purchase orders.
    Accounting,
}

/// There is no demo server of that name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no demo server `{0}`; the servers are shop, marketplace, warehouse, accounting")]
pub struct UnknownServer(String);

/// Why a tool did not do what it was asked. The agent reads this.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The server has no such tool.
    #[error("there is no tool `{0}`")]
    Tool(String),
    /// An argument is missing, unknown or wrong.
    #[error("{0}")]
    Argument(String),
    /// A token for the next part of a list is not one of this list's.
    #[error("`{0}` is not one that this list gave; start again without it")]
    Cursor(String),
    /// What the call names does not exist.
    #[error("there is no {what} `{id}`")]
    NotFound {
        /// The kind of thing.
        what: &'static str,
        /// The name it was asked for by.
        id: String,
    },
    /// The state of things forbids it.
    #[error("{0}")]
    Conflict(String),
}

/// What a tool does: it reads the world, and may change it.
pub(crate) type Handler = fn(&mut World, Arguments<'_>) -> Result<Value, Refusal>;

/// One server of a world.
#[derive(Debug)]
pub struct Backend {
    server: DemoServer,
    tools: Vec<ToolDef>,
    world: World,
}

impl DemoServer {
    /// Every server, in the order in which they are configured.
    pub const ALL: [DemoServer; 4] =
        [DemoServer::Shop, DemoServer::Marketplace, DemoServer::Warehouse, DemoServer::Accounting];

    /// Its name in the configuration and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            DemoServer::Shop => "shop",
            DemoServer::Marketplace => "marketplace",
            DemoServer::Warehouse => "warehouse",
            DemoServer::Accounting => "accounting",
        }
    }

    /// What it is, in a few words.
    pub const fn about(self) -> &'static str {
        match self {
            DemoServer::Shop => "web shop: products, orders, customers",
            DemoServer::Marketplace => "marketplace: listings, prices, sales",
            DemoServer::Warehouse => "3PL warehouse: stock by bin, inbound",
            DemoServer::Accounting => "articles, suppliers, purchase orders",
        }
    }

    /// Its `tools/list`, as JSON.
    const fn definitions(self) -> &'static str {
        match self {
            DemoServer::Shop => include_str!("inventory/tools/shop.json"),
            DemoServer::Marketplace => include_str!("inventory/tools/marketplace.json"),
            DemoServer::Warehouse => include_str!("inventory/tools/warehouse.json"),
            DemoServer::Accounting => include_str!("inventory/tools/accounting.json"),
        }
    }

    fn handler(self, tool: &str) -> Option<Handler> {
        match self {
            DemoServer::Shop => shop::handler(tool),
            DemoServer::Marketplace => marketplace::handler(tool),
            DemoServer::Warehouse => warehouse::handler(tool),
            DemoServer::Accounting => accounting::handler(tool),
        }
    }
}

impl fmt::Display for DemoServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DemoServer {
    type Err = UnknownServer;

    fn from_str(name: &str) -> Result<Self, UnknownServer> {
        Self::ALL
            .into_iter()
            .find(|server| server.name() == name)
            .ok_or_else(|| UnknownServer(name.to_owned()))
    }
}

impl Backend {
    /// The server as it is in the world of `seed`.
    pub fn new(server: DemoServer, seed: u64) -> Self {
        let tools = serde_json::from_str(server.definitions())
            .expect("a test reads each of the checked-in definitions");
        Self { server, tools, world: World::new(seed) }
    }

    /// Its tools, in order.
    pub fn tools(&self) -> &[ToolDef] {
        &self.tools
    }

    /// Calls one tool. The result is structured content where the tool has an output schema.
    ///
    /// # Errors
    ///
    /// A [`Refusal`]; nothing is changed then.
    pub fn call(&mut self, tool: &str, arguments: &Map<String, Value>) -> Result<Value, Refusal> {
        let unknown = || Refusal::Tool(tool.to_owned());
        let def = self.tools.iter().find(|def| def.name == tool).ok_or_else(unknown)?;
        let handler = self.server.handler(tool).ok_or_else(unknown)?;
        let arguments = Arguments::check(&def.input_schema, arguments)?;
        handler(&mut self.world, arguments)
    }

    /// Whether the tool promises structured content.
    pub fn is_structured(&self, tool: &str) -> bool {
        self.tools.iter().any(|def| def.name == tool && def.output_schema.is_some())
    }
}
