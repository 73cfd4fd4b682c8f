//! Which configuration files are read, and what they say together.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use workroom_config::{Config, Format, Source};

use crate::{args::Global, output::Failure};

/// The configuration, and where it is from.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The files read, as shown to the user; the first wins.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) config: Config,
}

/// Reads the files that `--config` names, or else those found in the working folder and above
/// and the user's own.
pub(crate) fn load(global: &Global) -> Result<Settings, Failure> {
    let files = if global.config.is_empty() { found()? } else { global.config.clone() };
    let mut read = Vec::new();
    for path in &files {
        let text = fs::read_to_string(path).map_err(|error| {
            Failure::usage(format!("cannot read `{}`: {error}", path.display()))
        })?;
        let folder = folder(path).map_err(|error| {
            Failure::usage(format!("cannot find the folder of `{}`: {error}", path.display()))
        })?;
        read.push((path.clone(), folder, text));
    }
    let sources: Vec<Source<'_>> = read
        .iter()
        .map(|(path, folder, text)| Source { path, folder, text, format: format(path) })
        .collect();
    let config = workroom_config::load(&sources, &|name| env::var(name).ok())
        .map_err(|errors| Failure::usage(errors).hint("see docs/configuration.md"))?;
    Ok(Settings { files, config })
}

fn found() -> Result<Vec<PathBuf>, Failure> {
    let here = env::current_dir()
        .map_err(|error| Failure::usage(format!("there is no working folder: {error}")))?;
    let user = directories::BaseDirs::new()
        .map(|dirs| dirs.config_dir().join("workroom").join("workroom.toml"));
    Ok(workroom_config::candidates(&here, user.as_deref(), &|path| path.is_file()))
}

/// Where relative paths of `path` begin.
fn folder(path: &Path) -> io::Result<PathBuf> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    fs::canonicalize(parent.unwrap_or(Path::new(".")))
}

fn format(path: &Path) -> Format {
    match path.extension() {
        Some(extension) if extension.eq_ignore_ascii_case("json") => Format::McpJson,
        _ => Format::Toml,
    }
}
