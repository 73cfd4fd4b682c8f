//! `workroom config check`: where each value comes from, and what is wrong.

use std::fmt::Write as _;

use serde_json::json;

use crate::{
    args::{Config, ConfigCommand, Global},
    output::{self, Answer, Failure},
    settings,
};

pub(crate) fn config(global: &Global, args: &Config) -> Result<Answer, Failure> {
    match args.command {
        ConfigCommand::Check => check(global),
    }
}

fn check(global: &Global) -> Result<Answer, Failure> {
    let settings = settings::load(global)?;
    let config = &settings.config;
    let files: Vec<String> = settings.files.iter().map(|path| path.display().to_string()).collect();
    let mut text = match files.as_slice() {
        [] => "no configuration file was found; these are the defaults\n".to_owned(),
        files => format!("read {}\n", files.join(", ")),
    };
    let width = config.origins.iter().map(|origin| origin.key.len()).max().unwrap_or(0);
    for origin in &config.origins {
        let _ = writeln!(text, "{:width$}  {}  ({})", origin.key, origin.value, origin.from);
    }
    for warning in &config.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    let json = json!({
        "ok": true,
        "files": files,
        "servers": config.servers.len(),
        "origins": config.origins,
        "warnings": warnings,
    });
    Ok(Answer::new(text.trim_end(), &json, output::OK))
}
