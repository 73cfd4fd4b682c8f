//! The tree of files that agents list and read. It exists only as text made on demand.

use serde::Serialize;
use thiserror::Error;

use std::sync::Arc;

use crate::{Catalog, ServerEntry, ToolEntry, text};

/// The most bytes of a path that are looked at: two names of 64 and what is between.
pub const PATH_BYTES_MAX: usize = 1024;

/// Below this likeness a name is not offered as what was meant.
const LIKELY: f64 = 0.7;

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A folder, with its entries in order.
    Folder(Vec<Entry>),
    /// A file's text.
    File(String),
}

/// One entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its name; a folder's ends in `/`.
    pub name: String,
    /// One line about it; may be empty.
    pub about: String,
}

/// There is nothing at a path.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is nothing at `{path}`{}; {next}", nearest_text(nearest.as_deref()))]
pub struct PathError {
    /// The path asked for, shortened.
    pub path: String,
    /// The path that was most likely meant.
    pub nearest: Option<String>,
    /// What to do next.
    pub next: String,
}

fn nearest_text(nearest: Option<&str>) -> String {
    nearest.map(|path| format!(" (nearest: `{path}`)")).unwrap_or_default()
}

pub(crate) fn open(catalog: &Catalog, path: &str) -> Result<Node, PathError> {
    let asked = text::prefix(path, PATH_BYTES_MAX).trim();
    let parts: Vec<&str> = asked.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    match parts.as_slice() {
        [] => Ok(Node::Folder(vec![Entry {
            name: "servers/".to_owned(),
            about: about_servers(catalog),
        }])),
        ["servers"] => Ok(Node::Folder(catalog.servers().iter().map(server_entry).collect())),
        ["servers", server, inside @ ..] => {
            let Some(server) = catalog.server(server) else {
                return Err(no_server(catalog, asked, server));
            };
            match inside {
                [] => Ok(Node::Folder(folder(server))),
                ["index" | "index.ts"] => Ok(Node::File(server.index())),
                [file] => {
                    let stem = file.strip_suffix(".ts").unwrap_or(file);
                    let tool = server.tool(stem).or_else(|| server.tool(file));
                    tool.map(|tool| Node::File(tool.source()))
                        .ok_or_else(|| no_tool(server, asked, stem))
                }
                [file, ..] => Err(no_tool(server, asked, file)),
            }
        }
        [other, ..] => {
            // `crm/getContact` for `./servers/crm/getContact.ts`
            let server = catalog.server(other).map(|server| format!("./servers/{}", server.folder));
            Err(PathError {
                path: text::one_line(asked, 200),
                nearest: server,
                next: "list `./servers` for what there is".to_owned(),
            })
        }
    }
}

pub(crate) fn tool_at<'c>(
    catalog: &'c Catalog,
    path: &str,
) -> Option<(&'c Arc<ServerEntry>, &'c ToolEntry)> {
    let asked = text::prefix(path, PATH_BYTES_MAX).trim();
    let parts: Vec<&str> = asked.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let ["servers", server, file] = parts.as_slice() else { return None };
    let server = catalog.server(server)?;
    if matches!(*file, "index" | "index.ts") {
        return None;
    }
    let stem = file.strip_suffix(".ts").unwrap_or(file);
    server.tool(stem).or_else(|| server.tool(file)).map(|tool| (server, tool))
}

fn about_servers(catalog: &Catalog) -> String {
    let s = |count: usize| if count == 1 { "" } else { "s" };
    let (servers, tools) = (catalog.servers().len(), catalog.tool_count());
    format!("{servers} server{}, {tools} tool{}", s(servers), s(tools))
}

fn server_entry(server: &Arc<ServerEntry>) -> Entry {
    Entry { name: format!("{}/", server.folder), about: server.about() }
}

fn folder(server: &ServerEntry) -> Vec<Entry> {
    let about = match server.tools.len() {
        0 => server.about(),
        _ => "every tool in one line".to_owned(),
    };
    let index = Entry { name: "index.ts".to_owned(), about };
    let tools = server.tools.iter();
    let tools =
        tools.map(|tool| Entry { name: format!("{}.ts", tool.stem), about: tool.summary() });
    std::iter::once(index).chain(tools).collect()
}

fn no_server(catalog: &Catalog, path: &str, name: &str) -> PathError {
    let folders = catalog.servers().iter().map(|server| server.folder.as_str());
    PathError {
        path: text::one_line(path, 200),
        nearest: nearest(name, folders).map(|folder| format!("./servers/{folder}")),
        next: "list `./servers` for what there is".to_owned(),
    }
}

fn no_tool(server: &ServerEntry, path: &str, name: &str) -> PathError {
    let stems = server.tools.iter().map(|tool| tool.stem.as_str());
    let folder = &server.folder;
    PathError {
        path: text::one_line(path, 200),
        nearest: nearest(name, stems).map(|stem| format!("./servers/{folder}/{stem}.ts")),
        next: format!("list `./servers/{folder}` for what there is"),
    }
}

/// The one of `names` that is most like `wanted`, if it is like it at all.
pub(crate) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Spellings of one name are the same here, whatever joins their words.
    let plain = |name: &str| -> String {
        let name = text::prefix(name, 128).chars();
        name.filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let wanted = plain(wanted);
    let likeness = |name: &str| {
        let name = plain(name);
        let one_slip = strsim::damerau_levenshtein(&wanted, &name) <= 1 && wanted.len() > 2;
        strsim::jaro_winkler(&wanted, &name).max(if one_slip { 0.95 } else { 0.0 })
    };
    let scored = names.map(|name| (likeness(name), name));
    let best = scored.filter(|(score, _)| *score >= LIKELY).reduce(|best, next| {
        // The first of equals stays, so that the answer is always the same one.
        if next.0 > best.0 { next } else { best }
    });
    best.map(|(_, name)| name)
}
