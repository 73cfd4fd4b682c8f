//! The world `legal`: a law firm, a deposition, and six systems with more than a hundred tools.
//!
//! The job: code the transcript's passages to the matter's issues and file a summary, put the
//! deadlines into the calendar, write to the client, and log it. What is right is known from how
//! the transcript was made ([`Facts`]); what was done is known from what the servers received
//! ([`Effect`](crate::Effect)), so that neither an agent nor this crate's own servers are asked.

mod facts;
mod job;
mod planted;
mod tables;
mod talk;
mod traditional;
mod transcript;
mod truth;

pub use facts::{Facts, SEED};
pub use job::job;
pub use traditional::traditional;
pub use truth::{check, headline};

use crate::{backend::Recipe, office::Custom};

fn custom(name: &str) -> Option<Custom> {
    (name == "document_text").then_some(tables::document_text)
}

/// The six systems.
pub(crate) const SERVERS: &[Recipe] = &[
    Recipe {
        name: "caselaw",
        about: "case law, dockets, court rules",
        tools: include_str!("tools/caselaw.txt"),
        tables: |seed| tables::caselaw(&Facts::new(seed)),
        custom,
    },
    Recipe {
        name: "documents",
        about: "case files: search, texts, versions",
        tools: include_str!("tools/documents.txt"),
        tables: |seed| tables::documents(&Facts::new(seed)),
        custom,
    },
    Recipe {
        name: "matters",
        about: "matters: issues, deadlines, time",
        tools: include_str!("tools/matters.txt"),
        tables: |seed| tables::matters(&Facts::new(seed)),
        custom,
    },
    Recipe {
        name: "calendar",
        about: "calendars, court holidays, rooms",
        tools: include_str!("tools/calendar.txt"),
        tables: |seed| tables::calendar(&Facts::new(seed)),
        custom,
    },
    Recipe {
        name: "mail",
        about: "the firm's mailbox",
        tools: include_str!("tools/mail.txt"),
        tables: |seed| tables::mail(&Facts::new(seed)),
        custom,
    },
    Recipe {
        name: "crm",
        about: "clients, contacts, activities",
        tools: include_str!("tools/crm.txt"),
        tables: |seed| tables::crm(&Facts::new(seed)),
        custom,
    },
];
