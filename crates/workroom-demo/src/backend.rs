//! One server of a world without the protocol: its tools, and what a call does.

use std::{fmt, str::FromStr};

use serde_json::{Map, Value};
use thiserror::Error;
use workroom_types::ToolDef;

use crate::{
    arguments::Arguments,
    clinic,
    inventory::{World, accounting, marketplace, shop, warehouse},
    legal,
    office::{Custom, Office, Tables},
    support,
};

/// A demo world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorldName {
    /// A shop, a marketplace, a warehouse and the accounts: what to reorder?
    Inventory,
    /// A law firm: a deposition to summarise, its deadlines, a letter.
    Legal,
    /// A help desk: the tickets of one day.
    Support,
    /// A practice and a hospital: 500 patients are referred.
    Clinic,
}

/// A server of a demo world.
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
    /// A system that keeps records in tables.
    Kept(Kept),
}

/// One of a world's servers that keep records in tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    world: WorldName,
    index: usize,
}

/// What such a server is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recipe {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Its tools, as [`crate::office`] reads them.
    pub(crate) tools: &'static str,
    /// Its records in the world of a seed.
    pub(crate) tables: fn(u64) -> Tables,
    pub(crate) custom: fn(&str) -> Option<Custom>,
}

/// There is no demo server of that name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no demo server `{0}`; the servers are {names}", names = names())]
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
    state: State,
}

#[derive(Debug)]
enum State {
    Goods { tools: Vec<ToolDef>, world: Box<World> },
    Office(Box<Office>),
}

impl WorldName {
    /// Every world.
    pub const ALL: [WorldName; 4] =
        [WorldName::Inventory, WorldName::Legal, WorldName::Support, WorldName::Clinic];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            WorldName::Inventory => "inventory",
            WorldName::Legal => "legal",
            WorldName::Support => "support",
            WorldName::Clinic => "clinic",
        }
    }

    /// Its servers, in the order in which they are configured.
    pub fn servers(self) -> Vec<DemoServer> {
        if self == WorldName::Inventory {
            return DemoServer::INVENTORY.to_vec();
        }
        let kept = |index| DemoServer::Kept(Kept { world: self, index });
        (0..self.recipes().len()).map(kept).collect()
    }

    const fn recipes(self) -> &'static [Recipe] {
        match self {
            WorldName::Inventory => &[],
            WorldName::Legal => legal::SERVERS,
            WorldName::Support => support::SERVERS,
            WorldName::Clinic => clinic::SERVERS,
        }
    }
}

impl fmt::Display for WorldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Kept {
    const fn recipe(self) -> &'static Recipe {
        &self.world.recipes()[self.index]
    }
}

/// The ids of all servers.
fn names() -> String {
    let servers = WorldName::ALL.into_iter().flat_map(WorldName::servers);
    servers.map(|server| server.to_string()).collect::<Vec<_>>().join(", ")
}

impl DemoServer {
    /// The servers of the world `inventory`.
    pub const INVENTORY: [DemoServer; 4] =
        [DemoServer::Shop, DemoServer::Marketplace, DemoServer::Warehouse, DemoServer::Accounting];

    /// Its name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            DemoServer::Shop => "shop",
            DemoServer::Marketplace => "marketplace",
            DemoServer::Warehouse => "warehouse",
            DemoServer::Accounting => "accounting",
            DemoServer::Kept(kept) => kept.recipe().name,
        }
    }

    /// What it is, in a few words.
    pub const fn about(self) -> &'static str {
        match self {
            DemoServer::Shop => "web shop: products, orders, customers",
            DemoServer::Marketplace => "marketplace: listings, prices, sales",
            DemoServer::Warehouse => "3PL warehouse: stock by bin, inbound",
            DemoServer::Accounting => "articles, suppliers, purchase orders",
            DemoServer::Kept(kept) => kept.recipe().about,
        }
    }

    /// The server as it is in the world of `seed`.
    fn state(self, seed: u64) -> State {
        let definitions = match self {
            DemoServer::Shop => include_str!("inventory/tools/shop.json"),
            DemoServer::Marketplace => include_str!("inventory/tools/marketplace.json"),
            DemoServer::Warehouse => include_str!("inventory/tools/warehouse.json"),
            DemoServer::Accounting => include_str!("inventory/tools/accounting.json"),
            DemoServer::Kept(kept) => {
                let Recipe { tools, tables, custom, .. } = kept.recipe();
                return State::Office(Box::new(Office::new(tools, tables(seed), *custom)));
            }
        };
        let tools = serde_json::from_str(definitions)
            .expect("a test reads each of the checked-in definitions");
        State::Goods { tools, world: Box::new(World::new(seed)) }
    }

    fn handler(self, tool: &str) -> Option<Handler> {
        match self {
            DemoServer::Shop => shop::handler(tool),
            DemoServer::Marketplace => marketplace::handler(tool),
            DemoServer::Warehouse => warehouse::handler(tool),
            DemoServer::Accounting => accounting::handler(tool),
            DemoServer::Kept(_) => None,
        }
    }
}

/// Its id, which no server of another world has: `shop`, `legal/crm`.
impl fmt::Display for DemoServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DemoServer::Kept(kept) => write!(f, "{}/{}", kept.world, self.name()),
            _ => f.write_str(self.name()),
        }
    }
}

impl FromStr for DemoServer {
    type Err = UnknownServer;

    fn from_str(name: &str) -> Result<Self, UnknownServer> {
        WorldName::ALL
            .into_iter()
            .flat_map(WorldName::servers)
            .find(|server| server.to_string() == name)
            .ok_or_else(|| UnknownServer(name.to_owned()))
    }
}

impl Backend {
    /// The server as it is in the world of `seed`.
    pub fn new(server: DemoServer, seed: u64) -> Self {
        Self { server, state: server.state(seed) }
    }

    /// Its tools, in order.
    pub fn tools(&self) -> &[ToolDef] {
        match &self.state {
            State::Goods { tools, .. } => tools,
            State::Office(office) => office.defs(),
        }
    }

    /// Calls one tool. The result is structured content where the tool has an output schema.
    ///
    /// # Errors
    ///
    /// A [`Refusal`]; nothing is changed then.
    pub fn call(&mut self, tool: &str, arguments: &Map<String, Value>) -> Result<Value, Refusal> {
        let unknown = || Refusal::Tool(tool.to_owned());
        match &mut self.state {
            State::Office(office) => office.call(tool, arguments),
            State::Goods { tools, world } => {
                let def = tools.iter().find(|def| def.name == tool).ok_or_else(unknown)?;
                let handler = self.server.handler(tool).ok_or_else(unknown)?;
                handler(world, Arguments::check(&def.input_schema, arguments)?)
            }
        }
    }

    /// Whether the tool promises structured content.
    pub fn is_structured(&self, tool: &str) -> bool {
        self.tools().iter().any(|def| def.name == tool && def.output_schema.is_some())
    }

    /// Whether the tool says of itself that it changes something.
    pub fn writes(&self, tool: &str) -> bool {
        let hints = |def: &ToolDef| def.annotations.as_ref().and_then(|it| it.read_only_hint);
        self.tools().iter().any(|def| def.name == tool && hints(def) != Some(true))
    }
}
