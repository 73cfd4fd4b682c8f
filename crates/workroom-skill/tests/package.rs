//! Folders that are skills, and folders that are not.

#![allow(clippy::unwrap_used, reason = "only tests call these")]

use expect_test::{Expect, expect};
use serde_json::json;
use workroom_skill::{Case, Package, RecordedCall, SkillName, limits};

const HEAD: &str = "---\nname: unpaid-orders\ndescription: Lists unpaid orders.\n---\n";
const CODE: &str = "export async function run(input: {}) {}\n";

fn files(extra: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut all = vec![("SKILL.md", HEAD), ("index.ts", CODE)];
    for (path, text) in extra {
        all.retain(|(known, _)| known != path);
        all.push((path, text));
    }
    all.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

/// What is wrong with the folder that has the files `extra` beside or instead of the usual.
#[track_caller]
fn check(extra: &[(&str, &str)], expected: &Expect) {
    let found = match Package::read(&files(extra)) {
        Ok(package) => format!("fine: {}", package.name),
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    };
    expected.assert_eq(&found);
}

fn whole() -> Package {
    let name = SkillName::new("unpaid-orders").unwrap();
    let mut package = Package::new(name, "Lists: unpaid \"orders\"\nof a shop", CODE);
    package.license = Some("MIT".to_owned());
    package.compatibility = Some("Needs the server shop".to_owned());
    package.allowed_tools = Some(vec!["shop.list_orders".to_owned(), "crm.*".to_owned()]);
    package.metadata = [("version", "1.0"), ("author", "an agent"), ("empty", "")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    "# Unpaid orders\n\n---\n\nCall it.".clone_into(&mut package.body);
    let call = RecordedCall {
        server: "shop".to_owned(),
        tool: "list_orders".to_owned(),
        arguments: json!({"page": 1}),
        answer: Ok(json!([{"id": 1, "paid": false}])),
    };
    let case = |name: &str| Case {
        name: name.to_owned(),
        input: json!({"shop": "a"}),
        calls: vec![call.clone()],
        expected: json!([1]),
        clock: None,
    };
    package.cases = vec![case("first"), case("second")];
    package
}

#[test]
fn a_skill_is_read_as_it_was_written() {
    let package = whole();
    assert_eq!(package.problems(), []);
    let mut files = package.files();
    assert_eq!(Package::read(&files).unwrap(), package);
    files.reverse();
    let read = Package::read(&files).unwrap();
    assert_eq!(read, package);
    assert_eq!(read.hash(), package.hash());
    assert_eq!(package.hash().len(), 64);
    expect![[r#"
        ---
        name: unpaid-orders
        description: "Lists: unpaid \"orders\"\nof a shop"
        license: MIT
        compatibility: Needs the server shop
        allowed-tools:
          - shop.list_orders
          - "crm.*"
        metadata:
          author: an agent
          empty: ""
          version: "1.0"
        ---

        # Unpaid orders

        ---

        Call it.
    "#]]
    .assert_eq(&package.skill_md());
}

#[test]
fn a_hash_changes_with_all_that_is_said() {
    let base = whole();
    let mut hashes = vec![base.hash()];
    let mut changed = |change: &dyn Fn(&mut Package)| {
        let mut package = base.clone();
        change(&mut package);
        hashes.push(package.hash());
    };
    changed(&|package| package.description.push('.'));
    changed(&|package| package.code.push(' '));
    changed(&|package| package.body.push('.'));
    changed(&|package| package.allowed_tools = None);
    changed(&|package| package.cases[0].expected = json!([2]));
    changed(&|package| "third".clone_into(&mut package.cases[1].name));
    changed(&|package| package.license = None);
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), 8);
}

#[test]
fn what_a_skill_may_call_is_named() {
    let mut package = whole();
    for (server, tool, expected) in [
        ("shop", "list_orders", true),
        ("shop", "delete_orders", false),
        ("crm", "anything", true),
        ("cr", "m.x", false),
        ("shop2", "list_orders", false),
    ] {
        assert_eq!(package.allows(server, tool), expected, "{server}.{tool}");
    }
    package.allowed_tools = Some(Vec::new());
    assert!(!package.allows("crm", "x"));
    package.allowed_tools = None;
    assert!(package.allows("crm", "x"));
}

#[test]
fn paths_that_lead_anywhere_else_are_refused() {
    for path in [
        "../SKILL.md",
        "tests/../../x.json",
        "/etc/passwd",
        "tests//a.json",
        "./index.ts",
        "tests\\a.json",
        "C:x.json",
        "tests/a\0.json",
        "tests/\u{202e}a.json",
        "",
        "..",
    ] {
        let problems = Package::read(&files(&[(path, "{}")])).unwrap_err();
        let text = problems[0].to_string();
        assert!(text.ends_with("is no safe path"), "{path:?}: {text}");
        assert!(!text.contains(['\0', '\u{202e}']));
    }
    check(
        &[("tests/../../etc/x.json", "{}")],
        &expect!["`tests/../../etc/x.json` is no safe path"],
    );
}

#[test]
fn files_that_no_skill_has_are_refused() {
    let unknown = "is no file of a skill: there are `SKILL.md`, `index.ts` and `tests/<case>.json`";
    for path in [
        "skill.txt",
        "tests/a.ts",
        "tests/A.json",
        "tests/a/b.json",
        "tests/con.json",
        "run.sh",
        ".git",
        "tests/.json",
        "index.js",
        "scripts/x.py",
    ] {
        let problems = Package::read(&files(&[(path, "{}")])).unwrap_err();
        assert_eq!(problems[0].to_string(), format!("`{path}` {unknown}"));
    }
    check(&[("INDEX.ts", "x")], &expect!["`INDEX.ts` is there twice"]);
    let problems = Package::read(&[]).unwrap_err();
    let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(text, ["`SKILL.md` is missing", "`index.ts` is missing"]);
}

#[test]
fn the_frontmatter_says_what_is_wrong_with_it() {
    let head = |yaml: &str| format!("---\n{yaml}\n---\n");
    check(
        &[("SKILL.md", "hello")],
        &expect![
            "the frontmatter of `SKILL.md` cannot be read: the file does not begin with a line `---`"
        ],
    );
    check(&[("SKILL.md", &head("description: x"))], &expect!["`name` in `SKILL.md` is missing"]);
    check(
        &[("SKILL.md", &head("name: ../x\ndescription: x"))],
        &expect![
            "`../x` is no name for a skill: use 1 to 64 of a-z, 0-9 and single hyphens between them"
        ],
    );
    check(&[("SKILL.md", &head("name: x"))], &expect!["`description` in `SKILL.md` is empty"]);
    check(
        &[("SKILL.md", &head("name: [x]\ndescription: {a: b}"))],
        &expect![[r#"
        `name` in `SKILL.md` must be a text
        `description` in `SKILL.md` must be a text"#]],
    );
    check(
        &[("SKILL.md", &head("name: x\ndescription: \"a\\u001b[2J\""))],
        &expect!["`description` in `SKILL.md` has control characters"],
    );
    check(
        &[("SKILL.md", &head("name: x\ndescription: x\nhooks: x"))],
        &expect!["`hooks` in `SKILL.md` is no field of a skill"],
    );
    check(
        &[("SKILL.md", &head("name: x\ndescription: x\nmetadata: [a]"))],
        &expect!["`metadata` in `SKILL.md` is neither texts nor a mapping of texts"],
    );
    check(&[("index.ts", " \n")], &expect!["`index.ts` is empty, and must export `run(input)`"]);
    check(
        &[("tests/a.json", "[]")],
        &expect!["`tests/a.json` is no recorded case: it is no object"],
    );
}

#[test]
fn what_fits_a_limit_passes_and_one_more_does_not() {
    let limit = |change: &dyn Fn(&mut Package, usize), max: usize, expected: &str| {
        for (size, past) in [(max, false), (max + 1, true)] {
            let mut package = whole();
            change(&mut package, size);
            let problems: Vec<String> =
                package.problems().iter().map(ToString::to_string).collect();
            let expected: &[&str] = if past { &[expected] } else { &[] };
            assert_eq!(problems, expected, "{size}");
        }
    };
    limit(
        &|package, size| package.description = "é".repeat(size),
        limits::DESCRIPTION_CHARS_MAX,
        "`description` has 1025 characters, more than the limit of 1024",
    );
    limit(
        &|package, size| package.compatibility = Some("é".repeat(size)),
        limits::COMPATIBILITY_CHARS_MAX,
        "`compatibility` has 501 characters, more than the limit of 500",
    );
    limit(
        &|package, size| package.license = Some("x".repeat(size)),
        limits::LICENSE_CHARS_MAX,
        "`license` has 201 characters, more than the limit of 200",
    );
    limit(
        &|package, size| package.code = "x".repeat(size),
        limits::CODE_BYTES_MAX,
        "`index.ts` has 262145 bytes, more than the limit of 262144",
    );
    limit(
        &|package, size| {
            package.metadata = (0..size).map(|n| (format!("k{n}"), String::new())).collect();
        },
        limits::METADATA_ENTRIES_MAX,
        "`metadata` has 65 entries, more than the limit of 64",
    );
    limit(
        &|package, size| package.allowed_tools = Some(vec!["a.b".to_owned(); size]),
        limits::ALLOWED_TOOLS_MAX,
        "`allowed-tools` has 257 entries, more than the limit of 256",
    );
    limit(
        &|package, size| {
            let case = package.cases[0].clone();
            let named = |n: usize| Case { name: format!("c{n}"), ..case.clone() };
            package.cases = (0..size).map(named).collect();
        },
        limits::CASES_MAX,
        "`tests` has 51 cases, more than the limit of 50",
    );
    limit(
        &|package, size| {
            let call = package.cases[0].calls[0].clone();
            package.cases[0].calls = vec![call; size];
        },
        limits::CALLS_MAX,
        "tests/first.json has 10001 calls, more than the limit of 10000",
    );
    // " a" is one token each.
    limit(
        &|package, size| package.body = format!("a{}", " a".repeat(size - 1)),
        limits::BODY_TOKENS - 1,
        "the body has 5000 o200k tokens, more than the limit of 4999",
    );
}

#[test]
fn files_that_are_too_large_are_not_looked_into() {
    let large = "x".repeat(limits::SKILL_MD_BYTES_MAX + 1);
    check(
        &[("SKILL.md", &large)],
        &expect!["`SKILL.md` has 131073 bytes, more than the limit of 131072"],
    );
    let large = " ".repeat(limits::CASE_BYTES_MAX + 1);
    check(
        &[("tests/a.json", &large)],
        &expect!["`tests/a.json` has 4194305 bytes, more than the limit of 4194304"],
    );
    let many: Vec<(String, String)> =
        (0..=limits::FILES_MAX).map(|n| (format!("tests/c{n}.json"), "{}".to_owned())).collect();
    let problems = Package::read(&many).unwrap_err();
    assert_eq!(problems[0].to_string(), "the skill has 53 files, more than the limit of 52");
    let half = " ".repeat(limits::CASE_BYTES_MAX);
    let names = ["tests/a.json", "tests/b.json", "tests/c.json", "tests/d.json"];
    let whole = names.map(|name| (name, half.as_str()));
    let problems = Package::read(&files(&whole)).unwrap_err();
    assert!(problems[0].to_string().starts_with("the skill has 1677"), "{}", problems[0]);
}
