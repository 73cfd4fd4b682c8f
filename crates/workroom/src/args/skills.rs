//! `workroom skills`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct Skills {
    #[command(subcommand)]
    pub(crate) command: SkillsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SkillsCommand {
    /// List them: who may use each, and how its runs went
    #[command(after_help = "Example: workroom skills list --json")]
    List,
    /// Show one: its code, what it needs, what to look at before you trust it
    #[command(after_help = "Example: workroom skills show unpaid-invoices")]
    Show(Version),
    /// Give a version to every session; without --at, the newest
    #[command(after_help = "Example: workroom skills promote unpaid-invoices")]
    Promote(Version),
    /// Take one off the lists; scripts that import it still work
    #[command(after_help = "Example: workroom skills deprecate unpaid-invoices")]
    Deprecate(Version),
    /// Go back to the version that was promoted before
    #[command(after_help = "Example: workroom skills rollback unpaid-invoices --to 2")]
    Rollback {
        /// The skill
        name: String,
        /// The version to go back to
        #[arg(long, value_name = "VERSION")]
        to: Option<i64>,
    },
    /// Drop one, or one version of it; nothing can import it any more
    #[command(after_help = "Example: workroom skills remove unpaid-invoices --at 1")]
    Remove(Version),
    /// Play the recorded cases of one, or of all, without any server
    #[command(after_help = "Example: workroom skills test unpaid-invoices")]
    Test {
        /// The skill; all of them without it
        name: Option<String>,
        /// Its version; without it, the promoted one, else the newest
        #[arg(long = "at", id = "at", requires = "name", value_name = "VERSION")]
        version: Option<i64>,
    },
    /// Change a skill's recorded answers as APIs drift, and say what it does not notice
    #[command(
        after_help = "Example: workroom skills harden unpaid-orders ./examples/skills/court-day"
    )]
    Harden(SkillsHarden),
    /// Run a skill of a folder on the configured servers, and keep what it did as a test of it
    #[command(
        after_help = "Example: workroom skills record ./court-day first --input '{\"days\": 10}'"
    )]
    Record(SkillsRecord),
    /// List code that was run again and again, and is no skill yet
    #[command(after_help = "Example: workroom skills suggest --json")]
    Suggest,
    /// Write promoted skills into a folder; what was changed there is told and stays
    #[command(after_help = "Example: workroom skills export .claude/skills")]
    Export(SkillsFolder),
    /// Read a folder's skills as drafts, for a person to promote
    #[command(after_help = "Example: workroom skills import .agents/skills")]
    Import(SkillsFolder),
    /// Do both: what changed on one side goes to the other, what changed on both is told
    #[command(after_help = "Example: workroom skills sync ~/team-skills")]
    Sync(SkillsFolder),
}

/// A skill, and perhaps one of its versions.
#[derive(Debug, Args)]
pub(crate) struct Version {
    /// The skill
    pub(crate) name: String,
    /// One of its versions
    #[arg(long = "at", id = "at", value_name = "VERSION")]
    pub(crate) version: Option<i64>,
}

#[derive(Debug, Args)]
pub(crate) struct SkillsHarden {
    /// Names of skills, or folders that hold one
    #[arg(required = true, value_name = "NAME|FOLDER")]
    pub(crate) skills: Vec<String>,
    /// Print a Markdown table of all of them instead of what to mend
    #[arg(long, conflicts_with = "json")]
    pub(crate) table: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SkillsRecord {
    /// The skill's folder
    pub(crate) folder: PathBuf,
    /// The test's name; one of that name is replaced
    pub(crate) case: String,
    /// What `run` is given, as JSON
    #[arg(long, default_value = "{}", value_name = "JSON")]
    pub(crate) input: String,
}

#[derive(Debug, Args)]
pub(crate) struct SkillsFolder {
    /// The folder that holds the skills, each in a folder of its name
    pub(crate) folder: PathBuf,
    /// Only skills of these names
    #[arg(long = "name", value_name = "NAME")]
    pub(crate) names: Vec<String>,
}
