//! What `workroom advise` takes.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Advise {
    /// Answer for a planned automation, a TOML file, and not for what was recorded
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,
    /// The model whose prices are counted with
    #[arg(long)]
    pub(crate) model: Option<String>,
}
