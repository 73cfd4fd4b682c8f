//! `[privacy]`: what is masked, and where it may go.

use std::{collections::BTreeMap, path::PathBuf};

use workroom_pii::{Kind, PathPattern};
use workroom_privacy::compute::Question;

use crate::{
    OwnProfile, Source,
    error::Mistake,
    node::Node,
    place::{printable, shown},
    reader::{Reader, nearest},
    settings::Settings,
};

pub(crate) const PRIVACY: [&str; 11] = [
    "profile",
    "mask_kinds",
    "clear_kinds",
    "mask",
    "clear",
    "key_file",
    "key_command",
    "reveal",
    "compute",
    "words",
    "profiles",
];

/// The profiles, the default first.
pub(crate) const PROFILES: &[&str] = &["off", "standard", "hipaa", "strict"];

/// Names of kinds, and `*` for all.
static KINDS: [&str; Kind::ALL.len() + 1] = {
    let mut names = ["*"; Kind::ALL.len() + 1];
    let mut at = 0;
    while at < Kind::ALL.len() {
        names[at + 1] = Kind::ALL[at].name();
        at += 1;
    }
    names
};

/// Names of kinds.
pub(crate) fn kind_names() -> impl Iterator<Item = &'static str> {
    KINDS[1..].iter().copied()
}

/// Names of questions.
const QUESTIONS: [&str; Question::ALL.len()] = {
    let mut names = [""; Question::ALL.len()];
    let mut at = 0;
    while at < Question::ALL.len() {
        names[at] = Question::ALL[at].name();
        at += 1;
    }
    names
};

/// Lists of names by a name.
pub type Lists = BTreeMap<String, Vec<String>>;

/// What is masked, and where it may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivacySettings {
    /// `off`, `standard`, `hipaa`, `strict`, or one of `profiles`.
    pub profile: String,
    /// The user's own profiles.
    pub profiles: BTreeMap<String, OwnProfile>,
    /// Kinds that are masked beside those of the profile.
    pub mask_kinds: Vec<String>,
    /// Kinds of the profile that are not masked.
    pub clear_kinds: Vec<String>,
    /// Paths whose values are masked, of all servers.
    pub mask: Vec<String>,
    /// Paths whose values are not masked, of all servers.
    pub clear: Vec<String>,
    /// Where the master key is kept; `None`: in the user's configuration folder.
    pub key_file: Option<PathBuf>,
    /// A program and its arguments that print the master key, such as that of an operating
    /// system's keyring; empty: there is none.
    pub key_command: Vec<String>,
    /// Kinds by the server, or the `server.tool`, that may receive them.
    pub reveal: Lists,
    /// Kinds by the question that may be asked about them.
    pub compute: Lists,
    /// Words that are masked wherever they are, by their kind.
    pub words: Lists,
}

impl Default for PrivacySettings {
    fn default() -> Self {
        Self {
            profile: PROFILES[0].to_owned(),
            profiles: BTreeMap::new(),
            mask_kinds: Vec::new(),
            clear_kinds: Vec::new(),
            mask: Vec::new(),
            clear: Vec::new(),
            key_file: None,
            key_command: Vec::new(),
            reveal: Lists::new(),
            compute: Lists::new(),
            words: Lists::new(),
        }
    }
}

impl PrivacySettings {
    /// The settings and their values, as they are shown.
    pub(crate) fn shown(&self) -> Vec<(String, String)> {
        let list = |items: &[String]| format!("[{}]", items.join(", "));
        let key_file = self.key_file.as_ref().map(|path| path.display().to_string());
        let mut shown = vec![
            ("privacy.profile".to_owned(), self.profile.clone()),
            ("privacy.mask_kinds".to_owned(), list(&self.mask_kinds)),
            ("privacy.clear_kinds".to_owned(), list(&self.clear_kinds)),
            ("privacy.mask".to_owned(), list(&self.mask)),
            ("privacy.clear".to_owned(), list(&self.clear)),
            ("privacy.key_file".to_owned(), key_file.unwrap_or_else(|| "auto".to_owned())),
            ("privacy.key_command".to_owned(), list(&self.key_command)),
        ];
        for (table, lists) in [("reveal", &self.reveal), ("compute", &self.compute)] {
            let lines = lists.iter();
            shown.extend(lines.map(|(key, kinds)| (format!("privacy.{table}.{key}"), list(kinds))));
        }
        let profiles = self.profiles.iter();
        shown.extend(profiles.map(|(name, own)| (format!("privacy.profiles.{name}"), own.shown())));
        // The words are what is to be hidden.
        let words = self.words.iter();
        shown.extend(words.map(|(kind, words)| {
            (format!("privacy.words.{kind}"), format!("{} of them", words.len()))
        }));
        shown
    }
}

impl Settings {
    pub(crate) fn read_privacy(
        &mut self,
        reader: &mut Reader<'_>,
        source: &Source<'_>,
        table: &Node<'_>,
    ) {
        for (key, node) in reader.table(table, "privacy") {
            let full = format!("privacy.{key}");
            match key.as_str() {
                "profile" => {
                    let Some(profile) = reader.text(node, key) else { continue };
                    self.name_profile(node.place.to_string(), &profile.value);
                    if self.is_first(&full, node) {
                        self.privacy.profile = profile.value;
                    }
                }
                "mask_kinds" | "clear_kinds" => {
                    let kinds = kinds(reader, node, &full);
                    if self.is_first(&full, node) {
                        let is_mask = key == "mask_kinds";
                        let privacy = &mut self.privacy;
                        *(if is_mask {
                            &mut privacy.mask_kinds
                        } else {
                            &mut privacy.clear_kinds
                        }) = kinds;
                    }
                }
                "mask" | "clear" => {
                    let paths = paths(reader, node, key);
                    if self.is_first(&full, node) {
                        let privacy = &mut self.privacy;
                        *(if key == "mask" { &mut privacy.mask } else { &mut privacy.clear }) =
                            paths;
                    }
                }
                "key_file" => {
                    let Some(path) = reader.text(node, key) else { continue };
                    if self.is_first(&full, node) {
                        self.privacy.key_file = Some(source.folder.join(path.value));
                    }
                }
                "key_command" => {
                    let words = reader.list(node, key).iter();
                    let words = words.filter_map(|word| reader.text(word, key));
                    let words: Vec<String> = words.map(|word| word.value).collect();
                    if self.is_first(&full, node) {
                        self.privacy.key_command = words;
                    }
                }
                "profiles" => self.read_profiles(reader, node),
                "reveal" | "compute" | "words" => self.read_lists(reader, key, node),
                _ => reader.unknown(node, key, &PRIVACY, true),
            }
        }
    }

    /// A table of lists, each of which an earlier file may have.
    fn read_lists(&mut self, reader: &mut Reader<'_>, table: &str, node: &Node<'_>) {
        for (key, node) in reader.table(node, table) {
            let full = format!("privacy.{table}.{key}");
            let items = match table {
                "compute" if !QUESTIONS.contains(&key.as_str()) => {
                    reader.unknown(node, key, &QUESTIONS, true);
                    continue;
                }
                "words" if !KINDS[1..].contains(&key.as_str()) => {
                    reader.unknown(node, key, &KINDS[1..], true);
                    continue;
                }
                "words" => {
                    let items = reader.list(node, key).iter();
                    items.filter_map(|item| reader.text(item, key)).map(|it| it.value).collect()
                }
                _ => kinds(reader, node, &full),
            };
            if self.is_first(&full, node) {
                let lists = match table {
                    "reveal" => &mut self.privacy.reveal,
                    "compute" => &mut self.privacy.compute,
                    _ => &mut self.privacy.words,
                };
                lists.insert(key.clone(), items);
            }
        }
    }
}

/// A list of names of kinds.
fn kinds(reader: &mut Reader<'_>, node: &Node<'_>, key: &str) -> Vec<String> {
    let mut kinds = Vec::new();
    for item in reader.list(node, key) {
        let Some(text) = reader.text(item, key) else { continue };
        if KINDS.contains(&text.value.as_str()) {
            kinds.push(text.value);
        } else {
            let nearest = nearest(&text.value, &KINDS);
            reader.error(item, Mistake::UnknownKind { text: shown(&text.value), nearest });
        }
    }
    kinds
}

/// A list of paths.
pub(crate) fn paths(reader: &mut Reader<'_>, node: &Node<'_>, key: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for item in reader.list(node, key) {
        let Some(text) = reader.text(item, key) else { continue };
        match PathPattern::parse(&text.value) {
            Ok(_) => paths.push(text.value),
            Err(error) => {
                reader.error(item, Mistake::BadPath { reason: printable(&error.to_string()) });
            }
        }
    }
    paths
}
