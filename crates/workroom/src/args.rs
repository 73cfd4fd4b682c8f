//! What can be typed: subcommands, flags and their help.

mod report;
mod skills;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

mod advise;

pub(crate) use advise::Advise;
use clap_complete::Shell;
use workroom_types::Mode;

pub(crate) use report::{Report, ReportBy};
pub(crate) use skills::{Skills, SkillsCommand, SkillsFolder, SkillsHarden, SkillsRecord, Version};

/// One binary between AI agents and their MCP servers.
#[derive(Debug, Parser)]
#[command(
    name = "workroom",
    version,
    about,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Example: workroom run --config .mcp.json report.ts\n\
                  Exit codes: 0 done, 1 it failed, 2 wrong arguments or configuration."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// A workroom.toml or .mcp.json to read instead of those found in this folder and above.
    /// May be given several times; the first one wins where two name the same server
    #[arg(long, short, global = true, value_name = "FILE")]
    pub(crate) config: Vec<PathBuf>,
    /// Print one JSON object instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Write what happens inside to standard error; -vv for more
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve agents over MCP: on standard input and output, or over HTTP
    #[command(after_help = "Example: claude mcp add workroom -- workroom serve")]
    Serve(Serve),
    /// Run TypeScript, from a file or `-` for standard input
    #[command(after_help = "Example: echo 'return 6 * 7' | workroom run -")]
    Run(Run),
    /// Find tools by what they do
    #[command(after_help = "Example: workroom search create an issue --limit 3")]
    Search(Search),
    /// List servers, or the tools of one
    #[command(after_help = "Example: workroom ls servers/github")]
    Ls(Ls),
    /// Print a tool's TypeScript file
    #[command(after_help = "Example: workroom cat servers/github/createIssue.ts")]
    Cat(Cat),
    /// Call one tool
    #[command(after_help = "Example: workroom call time.get_current_time timezone=Europe/Paris")]
    Call(Call),
    /// Start every server and say how each is doing
    #[command(after_help = "Example: workroom servers --json")]
    Servers,
    /// Look at the configuration
    Config(Config),
    /// Look at agents' sessions, and drop them
    Sessions(Sessions),
    /// Look at what was run, and replay it
    Runs(Runs),
    /// Look at skills, and say who may use them
    Skills(Skills),
    /// Show where personal values came from and went, and what would be masked
    Privacy(Privacy),
    /// Forget what tokens stand for, or change the key that all is locked with
    Vault(Vault),
    /// List what tools' results and definitions were, and are not any more
    #[command(after_help = "Example: workroom drift --json")]
    Drift(Drift),
    /// Say which way of offering tools suits each client and server, or a planned automation
    #[command(after_help = "Example: workroom advise --plan examples/plan.toml")]
    Advise(Advise),
    /// Say whether configuration, store, sandbox and its walls are as they should be
    #[command(after_help = "Example: workroom doctor --json")]
    Doctor,
    /// Say what passed, and what it cost each way: at Workroom, and the traditional way
    #[command(after_help = "Example: workroom report --since 7d --html report.html")]
    Report(Report),
    /// Do one job both ways, on real servers over made-up data, and compare
    #[command(after_help = "Example: workroom demo inventory --json")]
    Demo(Demo),
    /// Print a completion script for a shell
    #[command(after_help = "Example: workroom completions bash > ~/.bash_completion.d/workroom")]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Start a server's program and end it, with its children, when this process's input ends
    #[command(hide = true)]
    Guard {
        /// The program and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        program: Vec<std::ffi::OsString>,
    },
    /// Be a process that scripts run in, with the gateway at standard input
    #[command(hide = true, name = crate::sandbox::WORKER)]
    SandboxWorker,
    /// Be one of the demo's servers
    #[command(hide = true)]
    DemoServer {
        /// Which
        server: String,
        /// The seed of its data
        #[arg(long)]
        seed: u64,
        /// A file to which each call that changes something is appended
        #[arg(long)]
        record: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Serve Streamable HTTP at this address instead; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) http: Option<SocketAddr>,
    /// How tools are offered: code, direct, search or auto; for every client
    #[arg(long, value_name = "MODE")]
    pub(crate) mode: Option<Mode>,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// TypeScript files to run one after another in one session; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The session whose variables to use and to keep; made where there is none
    #[arg(long, value_name = "NAME")]
    pub(crate) session: Option<String>,
    /// The longest time a run may take, in seconds
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<f64>,
    /// The most o200k tokens to print
    #[arg(long, value_name = "TOKENS")]
    pub(crate) max_tokens: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Search {
    /// What the tool should do
    #[arg(required = true)]
    pub(crate) words: Vec<String>,
    /// Search this server only
    #[arg(long)]
    pub(crate) server: Option<String>,
    /// How many to show
    #[arg(long, default_value_t = 8)]
    pub(crate) limit: usize,
    /// How much to show of each
    #[arg(long, value_enum, default_value_t = DetailArg::Signature)]
    pub(crate) detail: DetailArg,
}

/// `--detail`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DetailArg {
    /// The path alone
    Name,
    /// The signature and a line about it
    Signature,
    /// The whole file
    Full,
}

#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// A folder, such as servers/github
    #[arg(default_value = "servers")]
    pub(crate) path: String,
}

#[derive(Debug, Args)]
pub(crate) struct Cat {
    /// A file, such as servers/github/createIssue.ts
    pub(crate) path: String,
}

#[derive(Debug, Args)]
pub(crate) struct Call {
    /// The tool, as SERVER.TOOL
    #[arg(value_name = "SERVER.TOOL")]
    pub(crate) tool: String,
    /// Parameters, as name=value; a value that is JSON is taken as JSON where the tool's schema
    /// does not ask for text
    #[arg(value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Config {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say where each value comes from, and what is wrong
    #[command(after_help = "Example: workroom config check --config .mcp.json")]
    Check,
}

#[derive(Debug, Args)]
pub(crate) struct Sessions {
    #[command(subcommand)]
    pub(crate) command: SessionsCommand,
}

#[derive(Debug, Args)]
pub(crate) struct Drift {
    #[command(subcommand)]
    pub(crate) command: Option<DriftCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DriftCommand {
    /// Let a held tool be called again, as its server defines it now
    #[command(after_help = "Example: workroom drift approve github.create_issue")]
    Approve {
        /// The tool, `<server>.<tool>`, or a server for all of its tools
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SessionsCommand {
    /// List them, the one used last first
    #[command(after_help = "Example: workroom sessions list --json")]
    List,
    /// Show one: its variables, its memory, its last runs
    #[command(after_help = "Example: workroom sessions show report")]
    Show {
        /// The session, or how its id begins
        session: String,
    },
    /// Drop one with its variables; its id then says that it was dropped
    #[command(after_help = "Example: workroom sessions drop report")]
    Drop {
        /// The session, or how its id begins
        session: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Runs {
    #[command(subcommand)]
    pub(crate) command: RunsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// List them, the newest first
    #[command(after_help = "Example: workroom runs list --session report --limit 5")]
    List {
        /// Of this session only
        #[arg(long)]
        session: Option<String>,
        /// How many to show
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// Show one: its code, its logs, its result
    #[command(after_help = "Example: workroom runs show r_7f3k2m9q4c8v1x0t")]
    Show {
        /// The run
        run: String,
    },
    /// Run one again on its recorded answers, and compare; no server is called
    #[command(after_help = "Example: workroom runs replay r_7f3k2m9q4c8v1x0t")]
    Replay {
        /// The run
        run: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Privacy {
    #[command(subcommand)]
    pub(crate) command: PrivacyCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PrivacyCommand {
    /// List every masked value: its kind, where it came from, where it went; never the value
    #[command(after_help = "Example: workroom privacy report --csv > flows.csv")]
    Report {
        /// Of this session only
        #[arg(long)]
        session: Option<String>,
        /// As a table of comma-separated values
        #[arg(long, conflicts_with = "json")]
        csv: bool,
    },
    /// Say what would be masked of a file, and why; `-` is standard input
    #[command(after_help = "Example: workroom privacy test patients.json --profile hipaa")]
    Test {
        /// JSON, or any text
        file: PathBuf,
        /// The profile to try instead of the configured one: off, standard, hipaa, strict, or one
        /// of your own
        #[arg(long)]
        profile: Option<String>,
    },
    /// Say what is on record of one token
    #[command(after_help = "Example: workroom privacy explain '[customer_email_1]'")]
    Explain {
        /// The token, with or without its brackets
        token: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Vault {
    #[command(subcommand)]
    pub(crate) command: VaultCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum VaultCommand {
    /// Destroy the key of a session's masked values; nobody can read them again
    #[command(after_help = "Example: workroom vault forget --session report")]
    Forget {
        /// The session
        #[arg(long)]
        session: String,
    },
    /// Make a new master key, and lock every session's key with it
    #[command(after_help = "Example: workroom vault rotate")]
    Rotate,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// The world
    #[arg(value_enum, default_value_t = World::Inventory)]
    pub(crate) world: World,
    /// The seed of its data
    #[arg(long, default_value_t = workroom_demo::inventory::SEED)]
    pub(crate) seed: u64,
    /// The model whose prices are counted with; claude-sonnet-4.5 without it
    #[arg(long)]
    pub(crate) model: Option<String>,
}

/// The demo worlds.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum World {
    /// A shop, a marketplace, a warehouse and the accounts: what to reorder?
    Inventory,
    /// A law firm: summarise a deposition, calendar its deadlines, write to the client
    Legal,
    /// A help desk: answer the 200 tickets of a day
    Support,
    /// A practice and a hospital: move 500 patients' records, and e-mail each patient
    Clinic,
}
