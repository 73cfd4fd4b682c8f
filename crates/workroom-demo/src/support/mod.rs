//! The world `support`: the tickets of one day at a shop's help desk, over five systems.
//!
//! Each ticket is triaged, its customer and order looked up, the rule for its refund applied, an
//! answer sent and a note left. What is right is known from how the tickets were made
//! ([`Facts`]); what was done, from what the servers received.

mod facts;
mod job;
mod tables;
mod traditional;
mod truth;
mod words;

pub use facts::{Facts, SEED, TICKETS};
pub use job::job;
pub use traditional::traditional;
pub use truth::{check, headline};

use crate::{backend::Recipe, office::Custom};

fn custom(_: &str) -> Option<Custom> {
    None
}

/// The five systems.
pub(crate) const SERVERS: &[Recipe] = &[
    Recipe {
        name: "desk",
        about: "help desk: tickets, triage, replies",
        tools: include_str!("tools/desk.txt"),
        tables: |seed| tables::desk(&Facts::new(seed)),
        custom,
    },
    Recipe {
        name: "accounts",
        about: "customers' accounts and addresses",
        tools: include_str!("tools/accounts.txt"),
        tables: |seed| tables::accounts(&Facts::new(seed)),
        custom,
    },
    Recipe {
        name: "orders",
        about: "orders, parcels, returns",
        tools: include_str!("tools/orders.txt"),
        tables: |seed| tables::orders(&Facts::new(seed)),
        custom,
    },
    Recipe {
        name: "refunds",
        about: "refund rules, refunds, vouchers",
        tools: include_str!("tools/refunds.txt"),
        tables: |seed| tables::refunds(&Facts::new(seed)),
        custom,
    },
    Recipe {
        name: "crm",
        about: "customers' history and segments",
        tools: include_str!("tools/crm.txt"),
        tables: |seed| tables::crm(&Facts::new(seed)),
        custom,
    },
];
