//! Workroom's configuration: text in, checked settings out, each with its origin.
//!
//! Two forms are read: `workroom.toml`, where an unknown key is an error, and
//! the `.mcp.json` of other MCP clients, where it is a warning, since each
//! client adds keys of its own. `docs/configuration.md` is the reference.
//!
//! # Layout
//!
//! * `node`, `place`: both forms as one tree, each value with its place in its file.
//! * `reader`: typed values out of that tree; every mistake is gathered.
//! * `servers`, `server`, `settings`, `privacy`, `profiles`, `ledger`, `search`:
//!   the tables.
//! * `expand`: `${VAR}` and `${VAR:-default}`.
//! * [`secret`]: values that must not be shown.
//! * [`error`]: what is wrong, with its place and a next step.
//!
//! # Not here
//!
//! No files and no environment: texts and a look-up of variables come in.

mod clients;
pub mod error;
mod expand;
mod files;
mod ledger;
mod node;
mod place;
mod privacy;
mod profiles;
mod reader;
mod search;
pub mod secret;
mod server;
mod servers;
mod settings;
mod skills;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Serialize;
use workroom_types::{Bounds, CallPolicy, Limits, Mode, SkillSettings};

pub use clients::ClientConfig;
pub use error::{ConfigError, ConfigErrors, Mistake, Warning};
pub use files::candidates;
pub use ledger::LedgerConfig;
pub use privacy::{Lists, PrivacySettings};
pub use profiles::OwnProfile;
pub use search::SearchConfig;
pub use secret::{DisplayUrl, Secret};

/// How long a server may take to answer for the first time, unless configured.
pub const START_TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);

/// How long one tool call may take, unless configured.
pub const CALL_TIMEOUT_DEFAULT: Duration = Duration::from_secs(60);

/// One configuration file.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its path as messages show it.
    pub path: &'a Path,
    /// The folder that its relative paths begin at.
    pub folder: &'a Path,
    /// What it says.
    pub text: &'a str,
    /// How it says it.
    pub format: Format,
}

/// The forms of configuration files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `workroom.toml`.
    Toml,
    /// `.mcp.json`, as Claude Code, Cursor and VS Code write it.
    McpJson,
}

/// What all files say together.
#[derive(Clone, Debug)]
pub struct Config {
    /// The servers, in the order of the files and within them. Disabled ones are left out.
    pub servers: Vec<ServerConfig>,
    /// The limits of every run.
    pub limits: Limits,
    /// How agents connect.
    pub serve: ServeConfig,
    /// Where scripts run, and what is kept of them.
    pub sandbox: SandboxConfig,
    /// What is checked of scripts.
    pub scripts: ScriptsConfig,
    /// How tools are found.
    pub search: SearchConfig,
    /// What is masked, and where it may go.
    pub privacy: PrivacySettings,
    /// What reports count with.
    pub ledger: LedgerConfig,
    /// How many skills there may be, how large, and when one is promoted.
    pub skills: SkillSettings,
    /// Where each value is from, in the order of the configuration.
    pub origins: Vec<Origin>,
    /// What is odd and not wrong.
    pub warnings: Vec<Warning>,
}

/// One MCP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// Its name.
    pub name: String,
    /// A few words about it for agents.
    pub description: Option<String>,
    /// How it is reached.
    pub transport: Transport,
    /// How long it may take to answer for the first time.
    pub start_timeout: Duration,
    /// How long one call may take.
    pub call_timeout: Duration,
    /// How much at once it is called, how fast, and how often again.
    pub policy: CallPolicy,
    /// Whether a tool whose definition changes cannot be called until a person approves it.
    pub holds_changes: bool,
    /// Paths of its results whose values are masked.
    pub mask: Vec<String>,
    /// Paths of its results whose values are not masked.
    pub clear: Vec<String>,
}

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A program that speaks MCP on its standard input and output.
    Stdio {
        /// The program: a name on `PATH`, or a path.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Variables it gets beside a short list of harmless ones.
        env: Vec<(String, Secret)>,
        /// Its working folder.
        cwd: PathBuf,
    },
    /// A Streamable HTTP endpoint.
    Http {
        /// Its address.
        url: DisplayUrl,
        /// Headers of every request.
        headers: Vec<(String, Secret)>,
    },
}

/// Where scripts run, and what is kept of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SandboxConfig {
    /// Bound the process and what it keeps.
    pub bounds: Bounds,
    /// How many processes scripts run in. 0: in the gateway's own. `None`: one a processor on
    /// Linux, and 0 elsewhere.
    pub workers: Option<usize>,
    /// Whether scripts run only where every wall stands.
    pub walls_required: bool,
}

/// What is checked of a script beside its syntax, names and parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptsConfig {
    /// Whether its types are checked, by the TypeScript compiler.
    pub check_types: bool,
    /// Whether a script with a mistake in its types is refused; otherwise it is warned of it.
    pub refuse_type_errors: bool,
    /// How long that may take.
    pub check_time: Duration,
    /// The native compiler of TypeScript 7; `None`: the one that is found.
    pub tsc: Option<PathBuf>,
}

impl Default for ScriptsConfig {
    fn default() -> Self {
        let check_time = settings::CHECK_TIME_DEFAULT;
        Self { check_types: false, refuse_type_errors: false, check_time, tsc: None }
    }
}

/// How agents connect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServeConfig {
    /// How tools are offered to agents.
    pub mode: Mode,
    /// What is different for single clients, from `[clients.<name>]`.
    pub clients: Vec<ClientConfig>,
    /// Serve HTTP at this address instead of standard input and output.
    pub http: Option<SocketAddr>,
    /// `Host` headers allowed beside this machine's own names.
    pub allowed_hosts: Vec<String>,
    /// `Origin` headers allowed.
    pub allowed_origins: Vec<String>,
}

/// One value and where it is from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// Its key, such as `servers.crm.url`.
    pub key: String,
    /// The value as it may be shown: secrets are not.
    pub value: String,
    /// `workroom.toml:3:7`, with the variables used and what it overrides; or `default`.
    pub from: String,
}

/// Reads `sources`; where two name the same server or setting, the earlier one wins.
///
/// `env` gives the value of an environment variable.
///
/// # Errors
///
/// Everything that is wrong, in the order of the files.
pub fn load(
    sources: &[Source<'_>],
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, ConfigErrors> {
    let mut reader = reader::Reader::new(env);
    let mut servers = servers::Servers::default();
    let mut settings = settings::Settings::default();
    for source in sources {
        let root = match node::parse(source) {
            Ok(root) => root,
            Err(error) => {
                reader.errors.push(error);
                continue;
            }
        };
        match source.format {
            Format::Toml => settings.read_toml(&mut reader, source, &root, &mut servers),
            Format::McpJson => servers.read_mcp_json(&mut reader, source, &root),
        }
    }
    settings.check_privacy(&mut reader, &servers);
    if !reader.errors.is_empty() {
        return Err(ConfigErrors(reader.errors));
    }
    let mut origins = Vec::new();
    let servers = servers.finish(&mut origins);
    settings.list(&mut origins);
    let settings::Settings {
        limits,
        mut serve,
        clients,
        sandbox,
        scripts,
        search,
        privacy,
        ledger,
        skills,
        ..
    } = settings;
    serve.clients = clients.finish(&mut origins);
    let warnings = reader.warnings;
    Ok(Config {
        servers,
        limits,
        serve,
        sandbox,
        scripts,
        search,
        privacy,
        ledger,
        skills,
        origins,
        warnings,
    })
}
