//! Which files are looked for.

use std::path::{Path, PathBuf};

/// The names looked for in each folder, the winning one first.
const NAMES: [&str; 2] = ["workroom.toml", ".mcp.json"];

/// The files to read for somebody who works in `start`: `workroom.toml` and `.mcp.json` of the
/// nearest folder that has one, from `start` upwards, and then the user's own file, whose
/// settings lie beneath.
pub fn candidates(
    start: &Path,
    user: Option<&Path>,
    exists: &dyn Fn(&Path) -> bool,
) -> Vec<PathBuf> {
    let in_folder = |folder: &Path| -> Vec<PathBuf> {
        NAMES.iter().map(|name| folder.join(name)).filter(|path| exists(path)).collect()
    };
    let mut found =
        start.ancestors().map(in_folder).find(|files| !files.is_empty()).unwrap_or_default();
    let user = user.filter(|user| exists(user)).map(Path::to_path_buf);
    // Somebody may work in the folder of the user's own file.
    found.extend(user.filter(|user| !found.contains(user)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(start: &str, existing: &[&str], expected: &[&str]) {
        let exists = |path: &Path| existing.iter().any(|name| Path::new(name) == path);
        let found = candidates(Path::new(start), Some(Path::new("/u/workroom.toml")), &exists);
        assert_eq!(found, expected.iter().map(PathBuf::from).collect::<Vec<_>>());
    }

    #[test]
    fn the_nearest_folder_wins_and_the_users_file_lies_beneath() {
        check("/a/b", &[], &[]);
        check("/a/b", &["/a/.mcp.json", "/workroom.toml"], &["/a/.mcp.json"]);
        check(
            "/a/b",
            &["/a/b/.mcp.json", "/a/b/workroom.toml", "/a/workroom.toml", "/u/workroom.toml"],
            &["/a/b/workroom.toml", "/a/b/.mcp.json", "/u/workroom.toml"],
        );
        check("/a", &["/u/workroom.toml"], &["/u/workroom.toml"]);
        check("/", &["/.mcp.json"], &["/.mcp.json"]);
        check("/u", &["/u/workroom.toml", "/u/.mcp.json"], &["/u/workroom.toml", "/u/.mcp.json"]);
    }
}
