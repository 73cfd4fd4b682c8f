//! The world `inventory`: one company's goods, as four systems know them.
//!
//! The [`World`] holds the facts in one form. Each server shows them in its own: other names
//! for the same article, pieces or cartons or packs, cents or decimal text, four ways of
//! writing a date, four ways of paging, and gaps where real systems have them.
//!
//! The job compares the marketplace with the warehouse, finds what sells out
//! before new goods can arrive, and says what to reorder. It is done three times, by code that
//! shares nothing but the form of the [`Answer`]: from the world itself ([`Truth`]), by a
//! script over the servers ([`job`]), and call by call ([`traditional`]).

pub(crate) mod accounting;
mod answer;
mod job;
pub(crate) mod marketplace;
mod seed;
pub(crate) mod shop;
mod traditional;
mod truth;
mod turns;
pub(crate) mod warehouse;
mod words;
mod world;

pub use answer::{Answer, Found, Mismatch, check, headline};
pub use job::job;
pub use traditional::{TraditionalError, traditional};
pub use truth::{Line, Truth};
pub(crate) use turns::by_turns;
pub use world::{SEED, World};
