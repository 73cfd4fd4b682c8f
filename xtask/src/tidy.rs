//! What no compiler checks: that the map names every crate, that files stay
//! small, that nothing speaks of one machine.
//!
//! Functions of more than 70 lines are clippy's `too_many_lines`; here is only
//! checked that its threshold stands.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::steps::{root, say};

/// The most lines of a source file, and of a test or benchmark.
const LINES_MAX: usize = 500;
const TEST_LINES_MAX: usize = 800;
/// The most characters of a line of code. Lines with a string that cannot be broken are let be.
const LINE_CHARS_MAX: usize = 100;

/// What must not stand in the repository, and why.
const FORBIDDEN: [(&str, &str); 5] = [
    (concat!("/", "work/"), "a path of one machine"),
    (concat!("/", "root/"), "a path of one machine"),
    (concat!("to", "do!("), "unfinished"),
    (concat!("unimple", "mented!("), "unfinished"),
    (concat!("#[ig", "nore"), "a test that does not run"),
];
/// What must not stand in a test besides.
const FORBIDDEN_IN_TESTS: (&str, &str) =
    (concat!("sle", "ep("), "waiting for time instead of an event");

/// Checks the whole repository.
pub(crate) fn run() -> Result<(), String> {
    let root = root();
    let mut found = Vec::new();
    let exceptions = exceptions(&read(&root.join("xtask/tidy-exceptions.txt"))?);
    let mut unused: Vec<&str> = exceptions.keys().map(String::as_str).collect();
    for path in files(&root)? {
        let name = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let mistakes = file(&name, &text);
        if exceptions.contains_key(&name) {
            if !mistakes.is_empty() {
                unused.retain(|unused| *unused != name);
            }
        } else {
            found.extend(mistakes);
        }
        if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
            found.extend(links(&name, &text, &|target| {
                path.parent().is_some_and(|folder| folder.join(target).exists())
            }));
        }
    }
    found.extend(unused.iter().map(|name| format!("{name}: its exception is not needed")));
    let crates = names(&root.join("crates"))?;
    let map = read(&root.join("ARCHITECTURE.md"))?;
    found.extend(architecture(&map, &crates, &|path| root.join(path).exists()));
    if !read(&root.join("clippy.toml"))?.contains("too-many-lines-threshold = 70") {
        found.push("clippy.toml: functions may have 70 lines".to_owned());
    }
    if !root.join("CHANGELOG.md").exists() {
        found.push("CHANGELOG.md is missing".to_owned());
    }
    if found.is_empty() {
        say("--- tidy: fine");
        return Ok(());
    }
    Err(format!("tidy found {}:\n{}", found.len(), found.join("\n")))
}

/// `path: reason`, a line each.
fn exceptions(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(": "))
        .map(|(path, reason)| (path.to_owned(), reason.to_owned()))
        .collect()
}

/// What is wrong with one file.
fn file(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let is_test = name.contains("/tests/") || name.contains("/benches/");
    let in_tests = is_test.then_some(FORBIDDEN_IN_TESTS);
    for (forbidden, why) in FORBIDDEN.into_iter().chain(in_tests) {
        if let Some(at) = text.lines().position(|line| line.contains(forbidden)) {
            found.push(format!("{name}:{}: `{forbidden}` is {why}", at + 1));
        }
    }
    if Path::new(name).extension().is_none_or(|extension| extension != "rs") {
        return found;
    }
    let (lines, most) = (text.lines().count(), if is_test { TEST_LINES_MAX } else { LINES_MAX });
    if lines > most {
        found.push(format!("{name}: {lines} lines; {most} are the most"));
    }
    let long = |line: &str| line.chars().count() > LINE_CHARS_MAX && !line.contains('"');
    // Snapshots are what a user sees, as long as it is.
    if !is_test && let Some(at) = text.lines().position(long) {
        found.push(format!("{name}:{}: more than {LINE_CHARS_MAX} characters", at + 1));
    }
    if !text.starts_with("//!") {
        found.push(format!("{name}: it does not open with what it is (`//!`)"));
    }
    found
}

/// Links to files that are not there.
fn links(name: &str, text: &str, exists: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for part in text.split("](").skip(1) {
        let Some((target, _)) = part.split_once(')') else { continue };
        let target = target.split('#').next().unwrap_or_default();
        if !target.is_empty() && !target.contains("://") && !exists(target) {
            found.push(format!("{name}: the link to `{target}` leads nowhere"));
        }
    }
    found
}

/// Crates that the map leaves out, and paths it names that are not there.
fn architecture(map: &str, crates: &[String], exists: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for name in crates {
        if !map.contains(&format!("`crates/{name}`")) {
            found.push(format!("ARCHITECTURE.md: the crate `{name}` is missing"));
        }
    }
    for quoted in map.split('`').skip(1).step_by(2) {
        if quoted.starts_with("crates/") && !exists(quoted) {
            found.push(format!("ARCHITECTURE.md: `{quoted}` is not there"));
        }
    }
    found
}

/// The repository's files, as Git knows them or would.
fn files(root: &Path) -> Result<Vec<PathBuf>, String> {
    let output = std::process::Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("git: {error}"))?;
    let list = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(list.lines().map(|line| root.join(line)).filter(|path| path.is_file()).collect())
}

fn names(folder: &Path) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(found: &[String], expected: &Expect) {
        expected.assert_eq(&found.join("\n"));
    }

    #[test]
    fn a_file_one_line_too_long_is_found() {
        let lines = |count: usize| format!("//! x\n{}", "\n".repeat(count - 1));
        check(&file("crates/a/src/lib.rs", &lines(LINES_MAX)), &expect![""]);
        check(
            &file("crates/a/src/lib.rs", &lines(LINES_MAX + 1)),
            &expect!["crates/a/src/lib.rs: 501 lines; 500 are the most"],
        );
        check(&file("crates/a/tests/x.rs", &lines(TEST_LINES_MAX)), &expect![""]);
    }

    #[test]
    fn machine_paths_unfinished_code_and_bare_files_are_found() {
        let text = format!("fn a() {{ {} }}\n// {}", FORBIDDEN[2].0, FORBIDDEN[1].0);
        check(
            &file("crates/a/src/a.rs", &text),
            &expect![[r#"
                crates/a/src/a.rs:2: `/root/` is a path of one machine
                crates/a/src/a.rs:1: `todo!(` is unfinished
                crates/a/src/a.rs: it does not open with what it is (`//!`)"#]],
        );
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let text = "[a](a.md) [b](https://b.example) [c](c.md#part) [d](#here)";
        check(
            &links("README.md", text, &|target| target == "a.md"),
            &expect!["README.md: the link to `c.md` leads nowhere"],
        );
    }

    #[test]
    fn the_map_must_name_every_crate_and_only_what_is_there() {
        let crates = ["a".to_owned(), "b".to_owned()];
        check(
            &architecture("`crates/a` and `crates/gone`", &crates, &|path| path == "crates/a"),
            &expect![[r#"
                ARCHITECTURE.md: the crate `b` is missing
                ARCHITECTURE.md: `crates/gone` is not there"#]],
        );
    }
}
