//! What can be typed after `workroom report`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// Show one run or direct call line by line, both ways, instead of a report
    #[arg(long, value_name = "RUN", conflicts_with_all = ["by", "since", "csv", "html"])]
    pub(crate) explain: Option<String>,
    /// Only what passed since then: so many days, hours or weeks (7d, 12h, 2w), or a day
    /// (2026-03-01, UTC)
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// What a row is
    #[arg(long, value_enum, default_value_t = ReportBy::Day)]
    pub(crate) by: ReportBy,
    /// The model whose prices are counted with; `ledger.model` or claude-sonnet-4.5 without it
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// As a table of comma-separated values
    #[arg(long, conflicts_with_all = ["json", "html"])]
    pub(crate) csv: bool,
    /// Write a page with charts to this file: one file, fit to be sent to somebody
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

/// `--by`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ReportBy {
    /// A day, in UTC
    Day,
    /// A server
    Server,
    /// A skill
    Skill,
    /// A client, by the name that it gives of itself
    Client,
    /// A session: one conversation of an agent's
    Session,
}
