//! A skill as data: a folder in the Agent Skills format, with code and recorded cases.
//!
//! ```text
//! unpaid-orders/
//!   SKILL.md            frontmatter (name, description, …), then instructions
//!   index.ts            exports `run(input)`
//!   tests/first.json    input, recorded calls, expected value
//! ```
//!
//! # Layout
//!
//! * [`Package`]: the whole folder: read from files, written to files, hashed.
//! * [`SkillName`]: a name that is safe as a folder, a module and a word.
//! * [`Case`]: one recorded run; [`RecordedCall`]: one call of it.
//! * [`scan`]: what a person should look at before they trust a text.
//! * [`mutate`]: recorded answers changed the way APIs drift; [`harden`]: what a skill made of
//!   them.
//! * `frontmatter`: the YAML of `SKILL.md`.
//!
//! # Invariants
//!
//! * A [`Package`] is within every limit of [`limits`], however it was made:
//!   [`Package::problems`] says what is not.
//! * [`Package::files`] and [`Package::hash`] depend on what the package says, and on nothing
//!   else: not on how its YAML was written, nor on the order of its files.
//! * Nothing here is executed. Files are names and texts: no path is ever opened.
//!
//! # Not here
//!
//! Running a skill, keeping it, who may use it. No I/O, clock or randomness.

mod case;
mod frontmatter;
pub mod harden;
pub mod limits;
pub mod mutate;
mod name;
mod package;
mod problem;
pub mod scan;

pub use case::{Case, RecordedCall};
pub use name::{BadName, SkillName};
pub use package::Package;
pub use problem::Problem;
