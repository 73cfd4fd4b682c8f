//! A whole skill: read from files, written to files, hashed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use sha2::{Digest as _, Sha256};

use crate::{
    Case, Problem, SkillName,
    frontmatter::{self, Field},
    limits::{
        ALLOWED_TOOL_CHARS_MAX, ALLOWED_TOOLS_MAX, BODY_TOKENS, CALLS_MAX, CASE_BYTES_MAX,
        CASES_MAX, CODE_BYTES_MAX, COMPATIBILITY_CHARS_MAX, DESCRIPTION_CHARS_MAX, FILES_MAX,
        LICENSE_CHARS_MAX, METADATA_CHARS_MAX, METADATA_ENTRIES_MAX, PACKAGE_BYTES_MAX,
        SKILL_MD_BYTES_MAX,
    },
    problem::visible,
};

/// The file with frontmatter and instructions.
pub(crate) const SKILL_MD: &str = "SKILL.md";

/// The file with the code.
pub(crate) const INDEX_TS: &str = "index.ts";

/// One skill.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    /// Its name, equal to its folder's.
    pub name: SkillName,
    /// What it does and when to use it.
    pub description: String,
    /// The license's name.
    pub license: Option<String>,
    /// What it needs of its surroundings, in words.
    pub compatibility: Option<String>,
    /// The tools it may call, as `server.tool` or `server.*`; `None`: those that the run may call
    /// that uses it.
    pub allowed_tools: Option<Vec<String>>,
    /// What else is said of it.
    pub metadata: BTreeMap<String, String>,
    /// The instructions.
    pub body: String,
    /// `index.ts`.
    pub code: String,
    /// The recorded cases, by name.
    pub cases: Vec<Case>,
}

impl Package {
    /// A skill without cases, metadata or instructions.
    pub fn new(name: SkillName, description: impl Into<String>, code: impl Into<String>) -> Self {
        Self {
            name,
            description: description.into(),
            license: None,
            compatibility: None,
            allowed_tools: None,
            metadata: BTreeMap::new(),
            body: String::new(),
            code: code.into(),
            cases: Vec::new(),
        }
    }

    /// Reads a folder: paths from its top, with `/`, and texts.
    ///
    /// # Errors
    ///
    /// All that is wrong with it.
    pub fn read(files: &[(String, String)]) -> Result<Self, Vec<Problem>> {
        let (read, mut problems) = sort(files);
        // What is too large is not looked into.
        let Some(skill_md) = read.skill_md.filter(|_| problems.is_empty()) else {
            return Err(problems);
        };
        let cases = cases(&read.cases, &mut problems);
        let package = match frontmatter::read(skill_md) {
            Ok((fields, body)) => of_fields(fields, body, &mut problems),
            Err(error) => {
                problems.push(Problem::Frontmatter(error));
                None
            }
        };
        let Some(mut package) = package else { return Err(problems) };
        read.code.unwrap_or_default().clone_into(&mut package.code);
        package.cases = cases;
        problems.extend(package.problems());
        if problems.is_empty() { Ok(package) } else { Err(problems) }
    }

    /// What is wrong with it; nothing, if it was read.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        text(&mut problems, "description", &self.description, DESCRIPTION_CHARS_MAX);
        if let Some(license) = &self.license {
            text(&mut problems, "license", license, LICENSE_CHARS_MAX);
        }
        if let Some(compatibility) = &self.compatibility {
            text(&mut problems, "compatibility", compatibility, COMPATIBILITY_CHARS_MAX);
        }
        self.metadata_problems(&mut problems);
        if let Some(allowed) = &self.allowed_tools {
            let past =
                Problem::past("`allowed-tools`", allowed.len(), ALLOWED_TOOLS_MAX, "entries");
            problems.extend(past);
            for tool in allowed.iter().take(ALLOWED_TOOLS_MAX) {
                text(&mut problems, "allowed-tools", tool, ALLOWED_TOOL_CHARS_MAX);
            }
        }
        if self.code.trim().is_empty() {
            problems.push(Problem::Code("is empty, and must export `run(input)`".to_owned()));
        }
        let code = Problem::past("`index.ts`", self.code.len(), CODE_BYTES_MAX, "bytes");
        problems.extend(code);
        self.case_problems(&mut problems);
        // A token is at least a byte, so most bodies need not be counted.
        if self.body.len() > SKILL_MD_BYTES_MAX {
            problems.extend(Problem::past(
                "the body",
                self.body.len(),
                SKILL_MD_BYTES_MAX,
                "bytes",
            ));
        } else if self.body.len() >= BODY_TOKENS {
            let tokens = workroom_ledger::tokens(&self.body);
            problems.extend(Problem::past("the body", tokens, BODY_TOKENS - 1, "o200k tokens"));
        }
        problems
    }

    fn metadata_problems(&self, problems: &mut Vec<Problem>) {
        let entries = self.metadata.len();
        problems.extend(Problem::past("`metadata`", entries, METADATA_ENTRIES_MAX, "entries"));
        for (key, value) in self.metadata.iter().take(METADATA_ENTRIES_MAX) {
            text(problems, "metadata", key, METADATA_CHARS_MAX);
            if !value.is_empty() {
                text(problems, &format!("metadata.{key}"), value, METADATA_CHARS_MAX);
            }
        }
    }

    fn case_problems(&self, problems: &mut Vec<Problem>) {
        problems.extend(Problem::past("`tests`", self.cases.len(), CASES_MAX, "cases"));
        let mut names = BTreeSet::new();
        for case in &self.cases {
            let path = case_path(&visible(&case.name));
            if let Err(error) = SkillName::new(case.name.as_str()) {
                problems.push(Problem::Case { path: path.clone(), what: error.to_string() });
            }
            if !names.insert(&case.name) {
                problems.push(Problem::Twice(path.clone()));
            }
            problems.extend(Problem::past(path, case.calls.len(), CALLS_MAX, "calls"));
        }
    }

    /// Its files: paths from its folder's top, sorted, and texts.
    pub fn files(&self) -> Vec<(String, String)> {
        let mut files =
            vec![(SKILL_MD.to_owned(), self.skill_md()), (INDEX_TS.to_owned(), self.code.clone())];
        files.extend(self.cases.iter().map(|case| (case_path(&case.name), case.text())));
        files.sort();
        files
    }

    /// The text of `SKILL.md`.
    pub fn skill_md(&self) -> String {
        let one = |text: &str| Field::Text(text.to_owned());
        let mut fields =
            vec![("name", one(self.name.as_str())), ("description", one(&self.description))];
        fields.extend(self.license.as_deref().map(|text| ("license", one(text))));
        fields.extend(self.compatibility.as_deref().map(|text| ("compatibility", one(text))));
        fields.extend(self.allowed_tools.clone().map(|list| ("allowed-tools", Field::List(list))));
        if !self.metadata.is_empty() {
            let map = self.metadata.iter().map(|(key, text)| (key.clone(), text.clone()));
            fields.push(("metadata", Field::Map(map.collect())));
        }
        frontmatter::write(&fields, &self.body)
    }

    /// The SHA-256 of its files, in hexadecimal: equal for packages that say the same.
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for (path, text) in self.files() {
            for part in [path, text] {
                // Lengths keep the end of one part apart from the beginning of the next.
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part.as_bytes());
            }
        }
        let mut hex = String::with_capacity(64);
        for byte in hash.finalize() {
            // Writing to a text cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }

    /// Whether it says that it may call `tool` of `server`. The run's own rights bound it besides.
    pub fn allows(&self, server: &str, tool: &str) -> bool {
        self.allowed_tools.as_ref().is_none_or(|allowed| {
            allowed.iter().any(|entry| {
                entry
                    .strip_prefix(server)
                    .and_then(|rest| rest.strip_prefix('.'))
                    .is_some_and(|rest| rest == "*" || rest == tool)
            })
        })
    }
}

fn case_path(name: &str) -> String {
    format!("tests/{name}.json")
}

/// Checks one text of the frontmatter.
fn text(problems: &mut Vec<Problem>, field: &str, text: &str, max: usize) {
    let chars = text.chars().count();
    if text.trim().is_empty() {
        problems.push(Problem::field(field, "is empty"));
    } else if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        problems.push(Problem::field(field, "has control characters"));
    }
    problems.extend(Problem::past(format!("`{}`", visible(field)), chars, max, "characters"));
}

/// The files of a folder, by what they are.
#[derive(Default)]
struct Sorted<'f> {
    skill_md: Option<&'f str>,
    code: Option<&'f str>,
    cases: Vec<(&'f str, &'f str)>,
}

/// Sorts `files`, and says of those that no skill has why.
fn sort(files: &[(String, String)]) -> (Sorted<'_>, Vec<Problem>) {
    let mut problems = Vec::new();
    problems.extend(Problem::past("the skill", files.len(), FILES_MAX, "files"));
    let bytes = files.iter().map(|(_, text)| text.len()).sum();
    problems.extend(Problem::past("the skill", bytes, PACKAGE_BYTES_MAX, "bytes"));
    let mut sorted = Sorted::default();
    let mut seen = BTreeSet::new();
    for (path, text) in files.iter().take(FILES_MAX) {
        if !seen.insert(path.to_lowercase()) {
            problems.push(Problem::Twice(visible(path)));
            continue;
        }
        let max = match path.as_str() {
            SKILL_MD => {
                sorted.skill_md = Some(text);
                SKILL_MD_BYTES_MAX
            }
            INDEX_TS => {
                sorted.code = Some(text);
                CODE_BYTES_MAX
            }
            _ => match case_name(path) {
                Ok(name) => {
                    sorted.cases.push((name, text));
                    CASE_BYTES_MAX
                }
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            },
        };
        problems.extend(Problem::past(format!("`{path}`"), text.len(), max, "bytes"));
    }
    problems.extend(sorted.skill_md.is_none().then_some(Problem::Missing(SKILL_MD)));
    problems.extend(sorted.code.is_none().then_some(Problem::Missing(INDEX_TS)));
    (sorted, problems)
}

/// The name of the case that `path` holds.
fn case_name(path: &str) -> Result<&str, Problem> {
    let stem = path.strip_prefix("tests/").and_then(|name| name.strip_suffix(".json"));
    if let Some(name) = stem.filter(|name| SkillName::new(*name).is_ok()) {
        return Ok(name);
    }
    let odd = |c: char| c.is_control() || matches!(c, '\\' | ':');
    let is_unsafe = path.contains(odd)
        || path.split('/').any(|part| matches!(part, "" | "." | ".."))
        || path.chars().any(crate::scan::is_hidden);
    let shown = visible(path);
    Err(if is_unsafe { Problem::Path(shown) } else { Problem::Unknown(shown) })
}

/// Reads the cases, sorted by their names.
fn cases(files: &[(&str, &str)], problems: &mut Vec<Problem>) -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, text) in files {
        match Case::read(name, text) {
            Ok(case) => cases.push(case),
            Err(error) => {
                let (path, what) = (case_path(name), visible(&error.to_string()));
                problems.push(Problem::Case { path, what });
            }
        }
    }
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    cases
}

/// What the frontmatter says; `None` without a name.
fn of_fields(
    fields: Vec<(String, Field)>,
    body: String,
    problems: &mut Vec<Problem>,
) -> Option<Package> {
    let (mut name, has_name) = (None, fields.iter().any(|(key, _)| key == "name"));
    let mut texts: BTreeMap<&str, String> = BTreeMap::new();
    let (mut allowed_tools, mut metadata) = (None, BTreeMap::new());
    for (key, field) in fields {
        match (key.as_str(), field) {
            ("name", Field::Text(text)) => name = Some(text),
            ("description", Field::Text(text)) => {
                // A block scalar ends in a line feed that is no part of what it says.
                texts.insert("description", text.trim_end().to_owned());
            }
            ("license", Field::Text(text)) => {
                texts.insert("license", text.trim_end().to_owned());
            }
            ("compatibility", Field::Text(text)) => {
                texts.insert("compatibility", text.trim_end().to_owned());
            }
            ("allowed-tools", Field::List(list)) => allowed_tools = Some(list),
            ("allowed-tools", Field::Text(text)) => {
                allowed_tools = Some(text.split_whitespace().map(str::to_owned).collect());
            }
            ("metadata", Field::Map(map)) => metadata = map.into_iter().collect(),
            ("metadata", Field::Text(text)) if text.is_empty() || text == "~" => {}
            ("name" | "description" | "license" | "compatibility", _) => {
                problems.push(Problem::field(&key, "must be a text"));
            }
            ("allowed-tools" | "metadata", _) => {
                problems.push(Problem::field(&key, "is neither texts nor a mapping of texts"));
            }
            _ => problems.push(Problem::field(&key, "is no field of a skill")),
        }
    }
    let Some(name) = name else {
        problems.extend((!has_name).then(|| Problem::field("name", "is missing")));
        return None;
    };
    let name = match SkillName::new(name) {
        Ok(name) => name,
        Err(error) => {
            problems.push(error.into());
            return None;
        }
    };
    let description = texts.remove("description").unwrap_or_default();
    let mut package = Package::new(name, description, String::new());
    package.license = texts.remove("license");
    package.compatibility = texts.remove("compatibility");
    package.allowed_tools = allowed_tools;
    package.metadata = metadata;
    package.body = body;
    Some(package)
}
