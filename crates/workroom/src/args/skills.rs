//! `workroom skills`.

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
