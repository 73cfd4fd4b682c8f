//! The world `clinic`: a practice refers 500 patients to a hospital, and each gets an e-mail.
//!
//! Every value that identifies a patient has to arrive as it is, and none of them is the model's
//! business. [`check`] looks at what the hospital and the mailer received; [`seen`] looks for the
//! patients' values in what a model read and wrote.

mod facts;
mod job;
mod tables;
mod traditional;
mod truth;

pub use facts::{Facts, SEED};
pub use job::job;
pub use traditional::traditional;
pub use truth::{beside, check, headline, identifying, seen};

use crate::{backend::Recipe, office::Custom};

fn custom(name: &str) -> Option<Custom> {
    (name == "register").then_some(tables::register)
}

/// The systems of the two houses, and the mailer.
pub(crate) const SERVERS: &[Recipe] = &[
    Recipe {
        name: "ehr",
        about: "the practice's records and referrals",
        tools: include_str!("tools/ehr.txt"),
        tables: |seed| tables::ehr(&Facts::new(seed)),
        custom,
    },
    Recipe {
        name: "intake",
        about: "the hospital's intake: cases, visits",
        tools: include_str!("tools/intake.txt"),
        tables: |_| tables::intake(),
        custom,
    },
    Recipe {
        name: "mailer",
        about: "e-mails to patients",
        tools: include_str!("tools/mailer.txt"),
        tables: |_| tables::mailer(),
        custom,
    },
];
