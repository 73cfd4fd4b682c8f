//! Upstream tools as TypeScript files: code generation, the file tree, and search.
//!
//! A [`Catalog`] is made of server snapshots and never changes. Everything in it
//! is a function of what the servers said: the same snapshots give the same
//! files, names and search results.
//!
//! # Layout
//!
//! * `names`: any text as a safe, unique path and identifier.
//! * `schema`: JSON Schema as TypeScript types.
//! * `tool`, `server`: the files of one tool, the folder of one server.
//! * `tree`: the paths of all that.
//! * `direct`: tools by names of their own, for agents that write no code.
//! * `search`: tools by intent.
//!
//! # Not here
//!
//! No I/O, no clock, no async. Calling tools and running what imports these files
//! is the business of others; the generated bodies only say how a call is named.

#![allow(
    clippy::format_push_string,
    clippy::format_collect,
    reason = "`write!` into a string returns an error that cannot happen"
)]

mod direct;
mod names;
mod schema;
mod search;
mod server;
mod text;
mod tool;
mod tree;

use std::sync::{Arc, OnceLock};

use workroom_types::ServerSnapshot;

pub use direct::{DIRECT_NAME_CHARS_MAX, direct_name};
pub use names::NAME_CHARS_MAX;
pub use schema::{DEPTH_MAX, ENUM_BYTES_MAX, ENUM_VALUES_MAX, NODES_MAX, TYPE_BYTES_MAX};
pub use search::{
    Detail, Hints, LIMIT_MAX, Match, QUERY_BYTES_MAX, QUERY_TERMS_MAX, SKILLS, STANDING_MAX,
    SearchQuery, SearchResults, Similarity, Skill, TOGETHER_PARTNERS_MAX, TOGETHER_TOOLS_MAX,
    Together,
};
pub use server::{ServerEntry, TOOLS_MAX};
pub use text::{DESCRIPTION_BYTES_MAX, SUMMARY_CHARS_MAX, one_line, summary};
pub use tool::{SharedDef, ToolEntry};
pub use tree::{Entry, Node, PATH_BYTES_MAX, PathError};

/// All servers and their tools at one moment. Cloning it costs nothing.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    servers: Vec<Arc<ServerEntry>>,
    skills: Arc<[Skill]>,
    /// Built by the first search.
    index: OnceLock<search::Index>,
    /// Made when it is first asked for.
    gists: OnceLock<Arc<[String]>>,
}

impl Catalog {
    /// A catalog of `servers`, in their order. What did not change since `previous` is taken over.
    pub fn build(servers: &[Arc<ServerSnapshot>], previous: Option<&Catalog>) -> Catalog {
        let names: Vec<&str> = servers.iter().map(|server| server.name.as_str()).collect();
        let folders = names::folders(&names);
        let identifiers = names::functions(&folders.iter().map(String::as_str).collect::<Vec<_>>());
        let before = previous.map(Catalog::servers).unwrap_or_default();
        let entries: Vec<Arc<ServerEntry>> = servers
            .iter()
            .zip(folders.into_iter().zip(identifiers))
            .map(|(snapshot, (folder, identifier))| {
                let same = before.iter().find(|entry| {
                    entry.folder == folder
                        && entry.identifier == identifier
                        && entry.is_of(snapshot)
                });
                same.cloned()
                    .unwrap_or_else(|| Arc::new(ServerEntry::new(snapshot, folder, identifier)))
            })
            .collect();
        let unchanged = entries.len() == before.len()
            && entries.iter().zip(before).all(|(new, old)| Arc::ptr_eq(new, old));
        match previous {
            Some(previous) if unchanged => previous.clone(),
            _ => {
                let skills = previous.map(|it| Arc::clone(&it.inner.skills)).unwrap_or_default();
                Catalog::of(entries, skills)
            }
        }
    }

    fn of(servers: Vec<Arc<ServerEntry>>, skills: Arc<[Skill]>) -> Catalog {
        Catalog { inner: Arc::new(Inner { servers, skills, ..Inner::default() }) }
    }

    /// The same servers with other skills, which are found beside the tools.
    #[must_use]
    pub fn with_skills(&self, skills: Vec<Skill>) -> Catalog {
        if *self.inner.skills == *skills {
            return self.clone();
        }
        Catalog::of(self.inner.servers.clone(), skills.into())
    }

    /// The skills that are found beside the tools.
    pub fn skills(&self) -> &[Skill] {
        &self.inner.skills
    }

    /// Every server, in the configuration's order.
    pub fn servers(&self) -> &[Arc<ServerEntry>] {
        &self.inner.servers
    }

    /// The server in `folder_or_name`. A folder wins over another server's name.
    pub fn server(&self, folder_or_name: &str) -> Option<&Arc<ServerEntry>> {
        let servers = &self.inner.servers;
        let wanted = folder_or_name;
        let by_folder = servers.iter().find(|server| server.folder == wanted);
        by_folder
            .or_else(|| servers.iter().find(|server| server.name == wanted))
            .or_else(|| servers.iter().find(|server| server.identifier == wanted))
    }

    /// How many tools there are.
    pub fn tool_count(&self) -> usize {
        self.inner.servers.iter().map(|server| server.tools.len()).sum()
    }

    /// What is at `path`: `.`, `./servers`, `./servers/<folder>`, `./servers/<folder>/index.ts` or
    /// `./servers/<folder>/<stem>.ts`. It may start with `/` or nothing, end in `/`, name a server
    /// or a tool by its own name, and leave out `.ts`.
    ///
    /// # Errors
    ///
    /// When nothing is there; the error says what is nearest, and what to do next.
    pub fn open(&self, path: &str) -> Result<Node, PathError> {
        tree::open(self, path)
    }

    /// The server and the tool whose file is at `path`, if that is a tool's.
    pub fn tool_at(&self, path: &str) -> Option<(&Arc<ServerEntry>, &ToolEntry)> {
        tree::tool_at(self, path)
    }

    /// The tools and skills that fit `query` best. The first search of a catalog builds its index.
    pub fn search(&self, query: &SearchQuery) -> SearchResults {
        self.search_with(query, Hints::default())
    }

    /// The same, where more is known of the question than its words.
    pub fn search_with(&self, query: &SearchQuery, hints: Hints<'_>) -> SearchResults {
        search::search(self, self.index(), query, hints)
    }

    /// What each tool and skill is about, in one line: each server's tools in order, then the
    /// skills. It is what [`Similarity`] compares with questions.
    pub fn gists(&self) -> &Arc<[String]> {
        let Inner { servers, skills, gists, .. } = &*self.inner;
        gists.get_or_init(|| {
            let of_server = |server: &Arc<ServerEntry>| {
                let about = |tool: &ToolEntry| {
                    let named = format!("{} {}", server.name, tool.def.name);
                    search::gist(&named, &tool.summary())
                };
                server.tools.iter().map(about).collect::<Vec<_>>()
            };
            let of_skill =
                |skill: &Skill| search::gist(&skill.name, &text::summary(&skill.description));
            servers.iter().flat_map(of_server).chain(skills.iter().map(of_skill)).collect()
        })
    }

    fn index(&self) -> &search::Index {
        let Inner { servers, skills, index, .. } = &*self.inner;
        index.get_or_init(|| search::Index::of(servers, skills))
    }
}
