//! What no compiler checks: that the map names every crate, that the tests of promises are there,
//! that files stay small, that nothing speaks of one machine.
//!
//! Functions of more than 70 lines are clippy's `too_many_lines`; here is only
//! checked that its threshold stands.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::steps::{root, say};

/// The file of exceptions.
const EXCEPTIONS: &str = "xtask/tidy-exceptions.txt";

/// The most lines of a source file, and of a test or benchmark.
const LINES_MAX: usize = 500;
const TEST_LINES_MAX: usize = 800;

/// The most characters of a line of code.
const LINE_CHARS_MAX: usize = 100;

/// Pages with tables that say which test shows what is promised.
const PROMISES: [&str; 2] = ["docs/privacy.md", "SECURITY.md"];

/// What must not stand in the repository, and why.
const FORBIDDEN: [(&str, &str); 5] = [
    (concat!("/", "work/"), "a path of one machine"),
    (concat!("/", "root/"), "a path of one machine"),
    (concat!("to", "do!("), "unfinished"),
    (concat!("unimple", "mented!("), "unfinished"),
    (concat!("#[ig", "nore"), "a test that does not run"),
];

/// What must not stand in a test besides.
const FORBIDDEN_IN_TESTS: [(&str, &str); 2] = [
    (concat!("sle", "ep("), "waiting for time instead of an event"),
    (concat!("#[should", "_panic"), "a test that does not say what it expects"),
];

/// A kind of mistake, as the list of exceptions names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Too many lines.
    Length,
    /// A line that is too long.
    Width,
    /// Words that must not stand there.
    Words,
    /// No `//!` at the top.
    Opening,
    /// A link that leads nowhere.
    Link,
}

impl Kind {
    const ALL: [(Kind, &str); 5] = [
        (Kind::Length, "length"),
        (Kind::Width, "width"),
        (Kind::Words, "words"),
        (Kind::Opening, "opening"),
        (Kind::Link, "link"),
    ];
}

/// A mistake, and what is said of it.
type Mistake = (Kind, String);

/// The mistakes that are allowed, by file.
type Exceptions = BTreeSet<(String, Kind)>;

/// Checks the whole repository.
pub(crate) fn run() -> Result<(), String> {
    let root = root();
    let (mut unused, mut found) = exceptions(&read(&root.join(EXCEPTIONS))?);
    let allowed = unused.clone();
    let mut code = String::new();
    for path in files(&root)? {
        let name = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        // What is not text has no lines.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let mut mistakes = file(&name, &text);
        if has_extension(&name, "rs") {
            code.push_str(&text);
        }
        if has_extension(&name, "md") {
            mistakes.extend(links(&name, &text, &|target| {
                path.parent().is_some_and(|folder| folder.join(target).exists())
            }));
        }
        for (kind, mistake) in mistakes {
            let exception = (name.clone(), kind);
            unused.remove(&exception);
            if !allowed.contains(&exception) {
                found.push(mistake);
            }
        }
    }
    found.extend(unused.iter().map(|(name, _)| format!("{EXCEPTIONS}: {name} needs none")));
    let crates = names(&root.join("crates"))?;
    let map = read(&root.join("ARCHITECTURE.md"))?;
    found.extend(architecture(&map, &crates, &|path| root.join(path).exists()));
    for page in PROMISES {
        found.extend(promises(page, &read(&root.join(page))?, &code));
    }
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

/// `path: kind: reason`, a line each, and what cannot be read of it.
fn exceptions(text: &str) -> (Exceptions, Vec<String>) {
    let (mut allowed, mut found) = (Exceptions::new(), Vec::new());
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut parts = line.splitn(3, ": ");
        let (path, kind, reason) = (parts.next(), parts.next(), parts.next());
        let kind = Kind::ALL.into_iter().find(|(_, name)| Some(*name) == kind);
        match (path, kind, reason) {
            (Some(path), Some((kind, _)), Some(reason)) if !reason.trim().is_empty() => {
                allowed.insert((path.to_owned(), kind));
            }
            _ => found.push(format!("{EXCEPTIONS}: `{line}` is not `path: kind: reason`")),
        }
    }
    (allowed, found)
}

/// What is wrong with one file.
fn file(name: &str, text: &str) -> Vec<Mistake> {
    let mut found = Vec::new();
    let is_test = name.contains("/tests/") || name.contains("/benches/");
    let in_tests = if is_test { &FORBIDDEN_IN_TESTS[..] } else { &[] };
    for (forbidden, why) in FORBIDDEN.iter().chain(in_tests) {
        if let Some(at) = text.lines().position(|line| line.contains(forbidden)) {
            let mistake = format!("{name}:{}: `{forbidden}` is {why}", at + 1);
            found.push((Kind::Words, mistake));
        }
    }
    if !has_extension(name, "rs") {
        return found;
    }
    let (lines, most) = (text.lines().count(), if is_test { TEST_LINES_MAX } else { LINES_MAX });
    if lines > most {
        found.push((Kind::Length, format!("{name}: {lines} lines; {most} are the most")));
    }
    if !is_test && let Some(at) = wide_line(text) {
        let mistake = format!("{name}:{}: more than {LINE_CHARS_MAX} characters", at + 1);
        found.push((Kind::Width, mistake));
    }
    if !text.starts_with("//!") {
        let mistake = format!("{name}: it does not open with what it is (`//!`)");
        found.push((Kind::Opening, mistake));
    }
    found
}

/// The first line of code that is too long. In tests, what rustfmt leaves longer is data: input
/// and expected text side by side, as wide as they are.
fn wide_line(text: &str) -> Option<usize> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().position(|line| line.chars().count() > LINE_CHARS_MAX)
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|it| it == extension)
}

/// Links to files that are not there.
fn links(name: &str, text: &str, exists: &dyn Fn(&str) -> bool) -> Vec<Mistake> {
    let mut found = Vec::new();
    for part in text.split("](").skip(1) {
        let Some((target, _)) = part.split_once(')') else { continue };
        let target = target.split('#').next().unwrap_or_default();
        if !target.is_empty() && !target.contains("://") && !exists(target) {
            found.push((Kind::Link, format!("{name}: the link to `{target}` leads nowhere")));
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

/// Tests that the last column of a page's tables names, and no code has.
fn promises(page: &str, text: &str, code: &str) -> Vec<String> {
    /// What has more words than this is the name of a test: names of settings are shorter.
    const WORDS_MAX: usize = 3;
    let rows = text.lines().filter(|line| line.starts_with('|'));
    let last = rows.filter_map(|row| row.trim_end_matches([' ', '|']).rsplit_once(" | "));
    let quoted = last.flat_map(|(_, cell)| cell.split(['`', '[', ']']).collect::<Vec<_>>());
    let is_test = |word: &&str| {
        let is_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        word.bytes().all(is_name) && word.split('_').count() > WORDS_MAX
    };
    let is_missing = |name: &&str| {
        !code.contains(&format!("fn {name}(")) && !code.contains(&format!("\"{name}\""))
    };
    let missing = quoted.filter(is_test).filter(is_missing);
    missing.map(|name| format!("{page}: there is no test `{name}`")).collect()
}

/// The repository's files, as Git knows them or would.
fn files(root: &Path) -> Result<Vec<PathBuf>, String> {
    let output = Command::new("git")
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
    fn check(name: &str, text: &str, expected: &Expect) {
        expected.assert_eq(&shown(&file(name, text)));
    }

    fn shown(mistakes: &[Mistake]) -> String {
        let lines = mistakes.iter().map(|(kind, text)| format!("{kind:?} {text}"));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_file_one_line_too_long_is_found() {
        let lines = |count: usize| format!("//! x\n{}", "\n".repeat(count - 1));
        check("crates/a/src/lib.rs", &lines(LINES_MAX), &expect![""]);
        check(
            "crates/a/src/lib.rs",
            &lines(LINES_MAX + 1),
            &expect!["Length crates/a/src/lib.rs: 501 lines; 500 are the most"],
        );
        check("crates/a/tests/x.rs", &lines(TEST_LINES_MAX), &expect![""]);
        check(
            "crates/a/tests/x.rs",
            &lines(TEST_LINES_MAX + 1),
            &expect!["Length crates/a/tests/x.rs: 801 lines; 800 are the most"],
        );
        check("README.md", &lines(LINES_MAX + 1), &expect![""]);
    }

    #[test]
    fn a_line_one_character_too_long_is_found_outside_tests() {
        let line = |chars: usize| "é".repeat(chars);
        check("crates/a/src/lib.rs", &format!("//! {}", line(96)), &expect![""]);
        check(
            "crates/a/src/lib.rs",
            &format!("//! x\n{}", line(101)),
            &expect!["Width crates/a/src/lib.rs:2: more than 100 characters"],
        );
        let tests = format!("//! x\n#[cfg(test)]\n{}", line(101));
        check("crates/a/src/lib.rs", &tests, &expect![""]);
        check("crates/a/tests/x.rs", &format!("//! x\n{}", line(101)), &expect![""]);
    }

    #[test]
    fn machine_paths_unfinished_code_and_bare_files_are_found() {
        let text = format!("fn a() {{ {} }}\n// {}", FORBIDDEN[2].0, FORBIDDEN[1].0);
        check(
            "crates/a/src/a.rs",
            &text,
            &expect![[r#"
                Words crates/a/src/a.rs:2: `/root/` is a path of one machine
                Words crates/a/src/a.rs:1: `todo!(` is unfinished
                Opening crates/a/src/a.rs: it does not open with what it is (`//!`)"#]],
        );
    }

    #[test]
    fn waiting_for_time_is_found_in_tests_alone() {
        let text = format!("//! x\nthread::{}ONE)", FORBIDDEN_IN_TESTS[0].0);
        check("crates/a/src/a.rs", &text, &expect![""]);
        check(
            "crates/a/tests/a.rs",
            &text,
            &expect![
                "Words crates/a/tests/a.rs:2: `sleep(` is waiting for time instead of an event"
            ],
        );
    }

    #[test]
    fn an_exception_names_its_kind_and_gives_its_reason() {
        let (allowed, found) =
            exceptions("# x\na.rs: width: it is a table\na.rs: length: \nb.rs\n");
        assert_eq!(allowed, [("a.rs".to_owned(), Kind::Width)].into());
        expect![[r#"
            xtask/tidy-exceptions.txt: `a.rs: length: ` is not `path: kind: reason`
            xtask/tidy-exceptions.txt: `b.rs` is not `path: kind: reason`"#]]
        .assert_eq(&found.join("\n"));
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let text = "[a](a.md) [b](https://b.example) [c](c.md#part) [d](#here)";
        expect!["Link README.md: the link to `c.md` leads nowhere"].assert_eq(&shown(&links(
            "README.md",
            text,
            &|target| target == "a.md",
        )));
    }

    #[test]
    fn a_promise_without_its_test_is_found() {
        let page = "| promise | test |\n|---|---|\n| a | `it_is_so_today` and `it_was_so_then` |\n\
                    | `vault_values` | [it_is_so_always](x.rs) |\n";
        let code = "fn it_is_so_today() {} (\"it_was_so_then\", f)";
        assert_eq!(
            promises("docs/a.md", page, code),
            ["docs/a.md: there is no test `it_is_so_always`"]
        );
    }

    #[test]
    fn the_map_must_name_every_crate_and_only_what_is_there() {
        let crates = ["a".to_owned(), "b".to_owned()];
        let found = architecture("`crates/a` and `crates/gone`", &crates, &|it| it == "crates/a");
        expect![[r#"
            ARCHITECTURE.md: the crate `b` is missing
            ARCHITECTURE.md: `crates/gone` is not there"#]]
        .assert_eq(&found.join("\n"));
    }
}
