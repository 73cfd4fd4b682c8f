//! Tools by intent: BM25 over weighted fields.
//!
//! # Invariants
//!
//! * The same catalog and query give the same answer, in the same order.
//! * A query is read up to [`QUERY_BYTES_MAX`] and [`QUERY_TERMS_MAX`], and answered with at
//!   most [`LIMIT_MAX`] matches, whatever was asked.
//! * The name of a tool finds that tool first.
//! * Saying a word often, or praising oneself, ranks no tool higher: repetition counts
//!   up to three times, and superlatives are not words.
//!
//! The `bm25` crate has no fields and walks every matching document's words for each
//! query; an index of our own has both in fewer lines than the adapter.

mod acts;
mod documents;
mod index;
mod pick;
mod question;
mod similarity;
mod skill;
mod terms;
mod thesaurus;
mod together;
mod typo;

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use workroom_types::ServerStatus;

pub(crate) use documents::Documents;
pub(crate) use index::Index;
pub use similarity::Similarity;
pub(crate) use similarity::gist;
pub use skill::{SKILLS, STANDING_MAX, Skill};
pub use together::{TOGETHER_PARTNERS_MAX, TOGETHER_TOOLS_MAX, Together};

use self::index::Scope;
use crate::{Catalog, ServerEntry, ToolEntry, text, tree};

/// The most bytes of a query that are read.
pub const QUERY_BYTES_MAX: usize = 4096;

/// The most different words of a query that are looked up.
pub const QUERY_TERMS_MAX: usize = 64;

/// The most matches of one answer.
pub const LIMIT_MAX: usize = 100;

/// How much of a match is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Detail {
    /// Its path.
    Name,
    /// Its signature and one line about it.
    #[default]
    Signature,
    /// Its file.
    Full,
}

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// Words. None at all matches every tool.
    pub query: String,
    /// Only the tools of this server (its folder or name).
    pub server: Option<String>,
    /// How much of a match is shown.
    pub detail: Detail,
    /// How many matches are shown, up to [`LIMIT_MAX`].
    pub limit: usize,
}

/// What is known of a question beside its words.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints<'a> {
    /// Which tools earlier runs used together.
    pub together: Option<&'a Together>,
    /// How close each of [`Catalog::gists`] is to the question in meaning, as [`Similarity`] says;
    /// without effect if they are not as many.
    pub cosines: Option<&'a [f32]>,
}

/// The best matches of a query.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SearchResults {
    /// How many tools match, shown or not.
    pub total: usize,
    /// How many tools were looked at.
    pub of: usize,
    /// The best ones, best first.
    pub matches: Vec<Match>,
    /// Why something that was expected may be missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One tool that matches.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Match {
    /// Its server's name in the configuration.
    pub server: String,
    /// Its own name.
    pub tool: String,
    /// Its file.
    pub path: String,
    /// Its function.
    pub function: String,
    /// How well it matches; only to be compared within one answer.
    pub score: f64,
    /// Its signature, at [`Detail::Signature`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// How code calls it, in few words, at [`Detail::Signature`]; see [`ToolEntry::brief`].
    #[serde(skip)]
    pub brief: Option<String>,
    /// One line about it, at [`Detail::Signature`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its file's text, at [`Detail::Full`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

pub(crate) fn search(
    catalog: &Catalog,
    index: &Index,
    query: &SearchQuery,
    hints: Hints<'_>,
) -> SearchResults {
    let servers = catalog.servers();
    let skills = catalog.skills();
    let within = match query.server.as_deref().map(str::trim) {
        None => 0..servers.len() + 1,
        Some(wanted) => {
            let found = catalog.server(wanted);
            let at = found.and_then(|it| servers.iter().position(|s| Arc::ptr_eq(s, it)));
            match at {
                Some(at) => at..at + 1,
                None if wanted == SKILLS && !skills.is_empty() => servers.len()..servers.len() + 1,
                None => {
                    return SearchResults {
                        note: Some(no_server(catalog, wanted)),
                        ..SearchResults::default()
                    };
                }
            }
        }
    };
    let together = hints.together.filter(|together| !together.is_empty());
    let scope = Scope {
        within: within.clone(),
        together: together.map(|together| (servers, together)),
        cosines: hints.cosines,
    };
    let limit = query.limit.min(LIMIT_MAX);
    let (total, best) = index.best(text::prefix(&query.query, QUERY_BYTES_MAX), &scope, limit);
    let matches = best.into_iter().filter_map(|(server, at, score)| match servers.get(server) {
        Some(server) => Some(shown(&server.name, server.tools.get(at)?, score, query.detail)),
        None => Some(skills.get(at)?.shown(rounded(score), query.detail)),
    });
    let listed = &servers[within.start..within.end.min(servers.len())];
    let skilled = if within.end > servers.len() { skills.len() } else { 0 };
    SearchResults {
        total,
        of: listed.iter().map(|server| server.tools.len()).sum::<usize>() + skilled,
        matches: matches.collect(),
        note: missing(listed),
    }
}

fn rounded(score: f32) -> f64 {
    (f64::from(score) * 1000.0).round() / 1000.0
}

fn shown(server: &str, tool: &ToolEntry, score: f32, detail: Detail) -> Match {
    let signature = detail == Detail::Signature;
    Match {
        server: server.to_owned(),
        tool: tool.def.name.clone(),
        path: tool.path(),
        function: tool.function.clone(),
        score: rounded(score),
        signature: signature.then(|| tool.signature()),
        brief: signature.then(|| tool.brief()),
        description: signature.then(|| tool.summary()).filter(|it| !it.is_empty()),
        source: (detail == Detail::Full).then(|| tool.source()),
    }
}

fn no_server(catalog: &Catalog, wanted: &str) -> String {
    let folders = catalog.servers().iter().map(|server| server.folder.as_str());
    let nearest = tree::nearest(wanted, folders);
    let hint = nearest.map(|it| format!(" (nearest: `{it}`)")).unwrap_or_default();
    format!(
        "there is no server `{}`{hint}; list `./servers` for what there is",
        text::one_line(wanted, 80)
    )
}

/// The servers whose tools are not known now.
fn missing(servers: &[Arc<ServerEntry>]) -> Option<String> {
    let absent: Vec<String> = servers
        .iter()
        .filter(|server| server.tools.is_empty())
        .filter_map(|server| match &server.status {
            ServerStatus::Ready => None,
            ServerStatus::Starting => Some(format!("`{}` is starting", server.folder)),
            ServerStatus::Failed { .. } => Some(format!("`{}` failed", server.folder)),
        })
        .take(10)
        .collect();
    (!absent.is_empty()).then(|| format!("not searched: {}", absent.join(", ")))
}

impl SearchResults {
    /// The text for agents that call tools one by one: a path, and all parameters.
    pub fn for_calls(&self) -> String {
        let mut out = self.head();
        for one in &self.matches {
            one.write(&mut out);
        }
        out
    }

    fn head(&self) -> String {
        let mut out = match (self.matches.len(), self.total) {
            (0, 0) if self.of == 0 && self.note.is_some() => String::new(),
            (0, 0) => {
                let of = self.of;
                format!("no match among {of} tools; try other words, or list `./servers`\n")
            }
            (shown, total) => {
                format!("{shown} of {total} match{}\n", if total == 1 { "" } else { "es" })
            }
        };
        if let Some(note) = &self.note {
            out += note;
            out.push('\n');
        }
        out
    }
}

impl Match {
    fn write(&self, out: &mut String) {
        let lines = [Some(&self.path), self.signature.as_ref(), self.description.as_ref()];
        for (indent, line) in ["", "  ", "  "].into_iter().zip(lines) {
            if let Some(line) = line {
                *out += indent;
                *out += line;
                out.push('\n');
            }
        }
        if let Some(source) = &self.source {
            *out += source;
            out.push('\n');
        }
    }

    /// The folder of a match that code can call; its file has its function's name.
    fn folder(&self) -> Option<&str> {
        self.brief.as_ref()?;
        Some(self.path.rsplit_once('/')?.0)
    }
}

/// The text for agents that write code: what they import from, and under it how to call what is
/// there, the server of the best match first.
impl fmt::Display for SearchResults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = self.head();
        let mut told: Vec<&str> = Vec::new();
        for one in &self.matches {
            let Some(folder) = one.folder() else {
                one.write(&mut out);
                continue;
            };
            if told.contains(&folder) {
                continue;
            }
            told.push(folder);
            out += folder;
            out.push('\n');
            for one in self.matches.iter().filter(|other| other.folder() == Some(folder)) {
                let brief = one.brief.as_deref().unwrap_or_default();
                let says = |line: &&String| terms::adds(line, &[folder, brief]);
                for line in one.brief.iter().chain(one.description.iter().filter(says)) {
                    out += "  ";
                    out += line;
                    out.push('\n');
                }
            }
        }
        f.write_str(&out)
    }
}
