//! The detector: settings made ready, and the two ways in.
//!
//! It fails closed. What cannot be looked at in whole is [`Withheld`]: a text over the limits, one
//! in an unknown character set, and a recogniser that panics.

use std::panic::{AssertUnwindSafe, catch_unwind};

use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::Value;

use crate::{
    Detect, Kind, PathPattern, Place, Profile, Rules, Sink, Withheld, scan::Scanner, walk::Walk,
};

/// How much is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest text, in bytes.
    pub text_bytes: usize,
    /// The deepest JSON.
    pub depth: usize,
    /// How many times JSON may be inside a string of JSON.
    pub nested: usize,
}

impl Default for Limits {
    /// A text of 64 MiB takes seconds, and is larger than a result may be; JSON is read to a
    /// depth of 128 anyway.
    fn default() -> Limits {
        Limits { text_bytes: 64 * 1024 * 1024, depth: 160, nested: 8 }
    }
}

/// Words that the user wants masked wherever they stand.
#[derive(Clone, Debug)]
pub struct WordList {
    /// What the words are.
    pub kind: Kind,
    /// The words or phrases; upper and lower case are the same.
    pub words: Vec<String>,
}

/// What a detector is built from.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What is looked for.
    pub profile: Profile,
    /// What is looked for in the results of single servers instead.
    pub servers: Vec<(String, Profile)>,
    /// Paths to mask and to clear.
    pub rules: Vec<Rules>,
    /// Words to mask, under every profile.
    pub lists: Vec<WordList>,
    /// How much is looked at.
    pub limits: Limits,
}

impl Settings {
    /// This profile everywhere, and nothing else.
    #[must_use]
    pub fn of(profile: Profile) -> Settings {
        Settings {
            profile,
            servers: Vec::new(),
            rules: Vec::new(),
            lists: Vec::new(),
            limits: Limits::default(),
        }
    }
}

/// Settings that no detector can be built from.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The lists are too long for one automaton.
    #[error("the lists of words are too long together")]
    Lists(#[source] aho_corasick::BuildError),
}

/// Finds personal data by keys, schemas, paths, lists and recognisers.
#[derive(Debug)]
pub struct Detector {
    settings: Settings,
    lists: Option<Lists>,
}

/// The users' words, ready to be found in one pass.
#[derive(Debug)]
pub(crate) struct Lists {
    pub(crate) automaton: AhoCorasick,
    pub(crate) kinds: Vec<Kind>,
}

impl Detector {
    /// Makes the settings ready.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] where the lists are too long.
    pub fn new(settings: Settings) -> Result<Detector, SettingsError> {
        let words = settings.lists.iter().flat_map(|list| {
            let words = list.words.iter().map(|word| word.trim()).filter(|word| !word.is_empty());
            words.map(|word| (word, list.kind))
        });
        let (words, kinds): (Vec<&str>, Vec<Kind>) = words.unzip();
        let lists = if words.is_empty() {
            None
        } else {
            let automaton = AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::LeftmostLongest)
                .build(&words)
                .map_err(SettingsError::Lists)?;
            Some(Lists { automaton, kinds })
        };
        Ok(Detector { settings, lists })
    }

    fn profile(&self, server: &str) -> &Profile {
        let own = self.settings.servers.iter().find(|(name, _)| name == server);
        own.map_or(&self.settings.profile, |(_, profile)| profile)
    }

    fn walk<'a>(&'a self, place: Place<'a>, sink: &'a mut dyn Sink) -> Walk<'a> {
        let rules: Vec<&Rules> =
            self.settings.rules.iter().filter(|rules| rules.holds_for(place.server)).collect();
        let scanner = Scanner::new(self.profile(place.server), self.lists.as_ref());
        Walk::new(scanner, rules, self.settings.limits, place, sink)
    }
}

impl Detect for Detector {
    fn json(
        &self,
        value: &mut Value,
        place: Place<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), Withheld> {
        closed(|| self.walk(place, sink).json(value))
    }

    fn text(
        &self,
        text: &str,
        place: Place<'_>,
        sink: &mut dyn Sink,
    ) -> Result<Option<String>, Withheld> {
        closed(|| self.walk(place, sink).text(text))
    }
}

/// A panic in a recogniser must not let the value through, nor end the process.
fn closed<T>(look: impl FnOnce() -> Result<T, Withheld>) -> Result<T, Withheld> {
    catch_unwind(AssertUnwindSafe(look))
        .unwrap_or_else(|_| Err(Withheld { reason: "the detector failed on it".to_owned() }))
}

impl Settings {
    /// Adds paths to mask and to clear, for one server or for all.
    ///
    /// # Errors
    ///
    /// [`crate::PatternError`] for the first pattern that cannot be read.
    pub fn add_rules(
        &mut self,
        server: Option<&str>,
        mask: &[&str],
        clear: &[&str],
    ) -> Result<(), crate::PatternError> {
        let read = |patterns: &[&str]| -> Result<Vec<PathPattern>, crate::PatternError> {
            patterns.iter().map(|pattern| PathPattern::parse(pattern)).collect()
        };
        let server = server.map(str::to_owned);
        self.rules.push(Rules { server, mask: read(mask)?, clear: read(clear)? });
        Ok(())
    }
}
