//! Finds personal data in text and JSON, and hands it to whoever replaces it.
//!
//! Pure: no I/O, no clock, no network. What is found is decided by a [`Detect`]; what takes its
//! place is decided by a [`Sink`], so nothing in here knows of tokens or vaults.

//!
//! # Layout
//!
//! * `detector`: [`Detector`], which is what implements [`Detect`]; `profile` and `rules` say what
//!   it is asked to find.
//! * `walk`: JSON, with what its keys and schema say; `embedded`: JSON and tables inside strings.
//! * `fold`, `tokens`, `lexicon`: text as the recognisers read it. `scan` runs them, those in
//!   `find` on the text, and `span` settles what overlaps.
//! * `data/`: the lists of names, places, keys and phrases.

mod context;
mod detector;
mod embedded;
mod find;
mod fold;
mod keys;
mod kind;
mod leaf;
mod lexicon;
mod profile;
mod rules;
mod scan;
mod schema;
mod shape;
mod span;
mod tokens;
mod walk;

pub use detector::{Detector, Limits, Settings, SettingsError, WordList};
pub use kind::Kind;
pub use profile::Profile;
pub use rules::{PathPattern, PatternError, Rules};

use serde_json::Value;

/// Where a value comes from, as far as that says what it is and what it is called.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place<'a> {
    /// The server's name in the configuration.
    pub server: &'a str,
    /// The tool's exact name; empty for what is no tool's result.
    pub tool: &'a str,
    /// The tool's `outputSchema`, if it has one.
    pub schema: Option<&'a Value>,
}

/// One piece of personal data, as found.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// What it is.
    pub kind: Kind,
    /// The text itself, as it stands in the value; of a number, its digits.
    pub value: &'a str,
    /// The path of the string or number that holds it: `$.items[].customer.email`. Indexes are
    /// left out, and so are keys that are themselves data.
    pub path: &'a str,
    /// Whose it is, if the path says so: `customer` for `$.customer.email`.
    pub owner: Option<&'a str>,
    /// What found it: `key`, `schema`, `path`, `list`, or a recogniser's name such as `luhn`.
    pub detector: &'static str,
    /// How sure that is, from 0 to 100.
    pub confidence: u8,
}

/// What takes the place of what was found.
pub trait Sink {
    /// The text that stands there instead; `None` leaves it as it is.
    fn replace(&mut self, found: &Found<'_>) -> Result<Option<String>, Withheld>;

    /// What stands instead of a text that looks like one of the sink's own replacements but came
    /// from outside (a forged token); `None` where `text` has none.
    fn escape(&mut self, text: &str) -> Option<String>;
}

/// A value could not be looked at in whole, so none of it may be passed on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value is withheld: {reason}")]
pub struct Withheld {
    /// Why, in one clause; never a part of the value.
    pub reason: String,
}

/// What finds personal data.
pub trait Detect: Send + Sync {
    /// Replaces all that is found in `value`: in strings, numbers and keys, and in JSON, CSV, HTML
    /// and Markdown inside strings.
    ///
    /// # Errors
    ///
    /// [`Withheld`] where the value could not be looked at in whole; it is then half replaced.
    fn json(
        &self,
        value: &mut Value,
        place: Place<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), Withheld>;

    /// The same for text; `None` where nothing was found.
    ///
    /// # Errors
    ///
    /// [`Withheld`] where the text could not be looked at in whole.
    fn text(
        &self,
        text: &str,
        place: Place<'_>,
        sink: &mut dyn Sink,
    ) -> Result<Option<String>, Withheld>;
}
