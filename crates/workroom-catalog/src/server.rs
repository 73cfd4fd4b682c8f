//! One server as a folder.

use std::{
    collections::HashSet,
    sync::{Arc, OnceLock},
};

use workroom_types::{ServerSnapshot, ServerStatus};

use crate::{names, search::Documents, text, tool::ToolEntry};

/// The most tools of one server that get a file.
pub const TOOLS_MAX: usize = 20_000;

/// The most tools of one server that are warned of for their names.
const ODD_NAMES_MAX: usize = 10;

/// The most bytes of such a name that are shown.
const ODD_NAME_BYTES: usize = 80;

/// How many of the last lines of a failed server's standard error its index shows.
const STDERR_LINES_MAX: usize = 10;

/// One server in the catalog.
#[derive(Debug)]
pub struct ServerEntry {
    /// Its name in the configuration.
    pub name: String,
    /// Its folder under `./servers`.
    pub folder: String,
    /// The name to import it by: `import * as <identifier> from './servers/<folder>'`.
    pub identifier: String,
    /// Its title, on one line.
    pub title: Option<String>,
    /// The first sentence of its instructions.
    pub instructions: Option<String>,
    /// How it is doing.
    pub status: ServerStatus,
    /// What was odd about its list of tools.
    pub warnings: Vec<String>,
    /// Its tools, in its own order.
    pub tools: Vec<ToolEntry>,
    snapshot: Arc<ServerSnapshot>,
    documents: OnceLock<Documents>,
}

impl ServerEntry {
    pub(crate) fn new(snapshot: &Arc<ServerSnapshot>, folder: String, identifier: String) -> Self {
        let mut warnings: Vec<String> =
            snapshot.warnings.iter().map(|it| text::one_line(it, 300)).collect();
        let mut seen = HashSet::new();
        let mut listed: Vec<(usize, &str)> = Vec::new();
        for (index, tool) in snapshot.tools.iter().enumerate() {
            if !seen.insert(tool.name.as_str()) {
                let name = text::one_line(&tool.name, 80);
                warnings.push(format!("tool `{name}` is listed twice; the first one is used"));
            } else if listed.len() < TOOLS_MAX {
                listed.push((index, &tool.name));
            }
        }
        if seen.len() > TOOLS_MAX {
            warnings.push(format!("only the first {TOOLS_MAX} of {} tools are used", seen.len()));
        }
        let odd = listed.iter().filter_map(|(_, name)| Some((*name, names::deceives(name)?)));
        warnings.extend(odd.take(ODD_NAMES_MAX).map(|(name, why)| {
            let written = text::prefix(name, ODD_NAME_BYTES).escape_default();
            format!("the name of the tool `{written}` {why}")
        }));
        let names: Vec<&str> = listed.iter().map(|(_, name)| *name).collect();
        let shared: Arc<str> = folder.as_str().into();
        let tools = names::functions(&names)
            .into_iter()
            .zip(&listed)
            .map(|(function, (index, _))| ToolEntry::new(snapshot, *index, function, &shared))
            .collect();
        let line = |text: &String| Some(text::summary(text)).filter(|line| !line.is_empty());
        Self {
            name: snapshot.name.clone(),
            folder,
            identifier,
            title: snapshot.title.as_ref().and_then(line),
            instructions: snapshot.instructions.as_ref().and_then(line),
            status: snapshot.status.clone(),
            warnings,
            tools,
            snapshot: Arc::clone(snapshot),
            documents: OnceLock::new(),
        }
    }

    /// Whether this entry is what `snapshot` would become.
    pub(crate) fn is_of(&self, snapshot: &Arc<ServerSnapshot>) -> bool {
        Arc::ptr_eq(&self.snapshot, snapshot) || self.snapshot == *snapshot
    }

    /// All that it says of itself.
    pub(crate) fn about_itself(&self) -> &str {
        self.snapshot.instructions.as_deref().unwrap_or_default()
    }

    pub(crate) fn documents(&self) -> &Documents {
        self.documents.get_or_init(|| Documents::of(self))
    }

    /// The tool whose function, file or own name is `name`.
    pub fn tool(&self, name: &str) -> Option<&ToolEntry> {
        let by_function = self.tools.iter().find(|tool| tool.function == name);
        by_function.or_else(|| self.tools.iter().find(|tool| tool.def.name == name))
    }

    /// One line for a list of servers: `52 tools · A CRM`, or why there are none.
    pub fn about(&self) -> String {
        let tools = match self.tools.len() {
            1 => "1 tool".to_owned(),
            count => format!("{count} tools"),
        };
        let state = match &self.status {
            ServerStatus::Ready => tools,
            ServerStatus::Starting => "starting".to_owned(),
            ServerStatus::Failed { reason, .. } => {
                format!("failed: {}", text::one_line(reason, 200))
            }
        };
        let about = self.title.as_ref().or(self.instructions.as_ref());
        match about.filter(|about| **about != self.name) {
            Some(about) => format!("{state} · {about}"),
            None => state,
        }
    }

    /// The file `index.ts`: what the server is, and one line per tool.
    pub fn index(&self) -> String {
        let mut out = String::new();
        let mut comment = |line: &str| out += &format!("// {line}\n");
        if let Some(title) = self.title.as_ref().filter(|title| **title != self.name) {
            comment(title);
        }
        if let Some(instructions) = &self.instructions {
            comment(instructions);
        }
        match &self.status {
            ServerStatus::Ready => {}
            ServerStatus::Starting => comment("The server is still starting."),
            ServerStatus::Failed { reason, stderr } => {
                comment(&format!("The server failed: {}", text::one_line(reason, 500)));
                for line in &stderr[stderr.len().saturating_sub(STDERR_LINES_MAX)..] {
                    comment(&format!("stderr: {}", text::one_line(line, 300)));
                }
            }
        }
        for warning in self.warnings.iter().take(STDERR_LINES_MAX) {
            comment(&format!("warning: {warning}"));
        }
        for tool in &self.tools {
            let (function, summary) = (&tool.function, tool.summary());
            out += &format!("export {{ {function} }} from './{}';", tool.stem);
            if !summary.is_empty() {
                out += &format!(" // {summary}");
            }
            out.push('\n');
        }
        if self.tools.is_empty() {
            out += "export {};\n";
        }
        out
    }
}
