//! What a skill made of mutated answers, and the report that it can be mended from.
//!
//! A silent failure is a result that is not right, without an error: the one outcome that nobody
//! notices. Errors are fine, and better ones say what was wrong with the answer.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Case,
    mutate::{Drift, Mutation, Truth},
};

/// What came of one replay.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    /// What `run` gave, or the message of what it threw.
    pub result: Result<Value, String>,
    /// What the author's checks said of it, in their order.
    pub checks: Vec<Checked>,
}

/// What one of the author's checks said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Its name.
    pub name: String,
    /// Nothing when it holds; else why it does not.
    pub failure: Option<String>,
}

/// How a skill stood a mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The result is still right.
    Right,
    /// It threw.
    Failed,
    /// It gave a result that is not right.
    Silent,
}

impl Verdict {
    /// It in words.
    pub const fn words(self) -> &'static str {
        match self {
            Verdict::Right => "still right",
            Verdict::Failed => "failed with an error",
            Verdict::Silent => "failed silently",
        }
    }
}

/// How a skill stood one mutation of one case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The case.
    pub case: String,
    /// What was changed.
    #[serde(flatten)]
    pub mutation: Mutation,
    /// How it ended.
    pub verdict: Verdict,
    /// Why that is the verdict, or the error.
    pub why: String,
    /// Whether the error is one of the language's, which says little of the answer.
    #[serde(skip_serializing_if = "is_false")]
    pub vague: bool,
    /// What `run` gave, where it failed silently, shortened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub got: Option<String>,
    /// What it should have given, where that is known, shortened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<&'static str>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes what it may skip so")]
fn is_false(is: &bool) -> bool {
    !is
}

/// Judges what a mutation of `case` came to. `reference` is what the skill gave for the mutation's
/// reference, if there is one.
pub fn judge(
    case: &Case,
    mutation: Mutation,
    reference: Option<&Value>,
    replayed: &Replayed,
) -> Finding {
    let expected = match mutation.truth {
        Truth::Same => Some(&case.expected),
        Truth::Reference => reference,
        Truth::Other => None,
    };
    let mut finding = Finding {
        case: case.name.clone(),
        verdict: Verdict::Right,
        why: String::new(),
        vague: false,
        got: None,
        wanted: None,
        advice: None,
        mutation,
    };
    let value = match &replayed.result {
        Err(message) => {
            finding.verdict = Verdict::Failed;
            finding.vague = is_vague(message);
            message.clone_into(&mut finding.why);
            return finding;
        }
        Ok(value) => value,
    };
    let broken = replayed.checks.iter().find(|check| check.failure.is_some());
    let why_not = match (broken, expected) {
        (Some(check), _) => {
            let failure = check.failure.as_deref().unwrap_or_default();
            Some(format!("the check `{}` does not hold: {failure}", check.name))
        }
        (None, Some(expected)) if same(value, expected) => None,
        (None, Some(_)) => Some("the result is another one, and there was no error".to_owned()),
        // What changed may be nothing that the skill looks at.
        (None, None) if !replayed.checks.is_empty() || same(value, &case.expected) => None,
        (None, None) => Some("the result is another one, and no check says that it may".to_owned()),
    };
    match why_not {
        None => {
            finding.why = match (expected, replayed.checks.len()) {
                (Some(_), _) | (None, 0) => "the result is the same".to_owned(),
                (None, checks) => format!("{checks} checks hold"),
            };
        }
        Some(why) => {
            finding.verdict = Verdict::Silent;
            finding.why = why;
            finding.got = Some(shortened(value));
            finding.wanted = expected.map(shortened);
            finding.advice = Some(finding.mutation.drift.advice());
        }
    }
    finding
}

/// Whether two results say the same: numbers by their value, objects in any order of their keys.
pub fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64()
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, one)| other.get(key).is_some_and(|it| same(one, it)))
        }
        _ => one == other,
    }
}

/// Errors that the language throws when a value is not what the code takes it for.
fn is_vague(message: &str) -> bool {
    if !message.starts_with("TypeError: ") && !message.starts_with("ReferenceError: ") {
        return false;
    }
    let words = [
        "is not a function",
        "cannot read propert",
        "undefined",
        "is not iterable",
        "not an object",
        "null has no propert",
    ];
    let message = message.to_lowercase();
    words.iter().any(|word| message.contains(word))
}

fn shortened(value: &Value) -> String {
    const CHARS_MAX: usize = 200;
    let text = value.to_string();
    match text.char_indices().nth(CHARS_MAX) {
        Some((at, _)) => format!("{}… ({} characters)", &text[..at], text.chars().count()),
        None => text,
    }
}

/// How a skill stood all mutations of its cases.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The skill.
    pub skill: String,
    /// The names of the author's checks.
    pub checks: Vec<String>,
    /// Cases whose result is not the recorded one even unchanged: nothing can be said of these.
    pub broken: Vec<String>,
    /// How each mutation ended.
    pub findings: Vec<Finding>,
}

impl Report {
    /// How many ended with `verdict`.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.verdict == verdict).count()
    }

    /// Whether nothing failed silently, and every case could be judged.
    pub fn is_hard(&self) -> bool {
        self.broken.is_empty() && self.count(Verdict::Silent) == 0
    }

    /// For each drift that occurred: how many were still right, failed and failed silently.
    pub fn table(&self) -> Vec<(Drift, [usize; 3])> {
        let mut rows: BTreeMap<Drift, [usize; 3]> = BTreeMap::new();
        for finding in &self.findings {
            rows.entry(finding.mutation.drift).or_default()[finding.verdict as usize] += 1;
        }
        let all = Drift::ALL.into_iter();
        all.filter_map(|drift| Some((drift, *rows.get(&drift)?))).collect()
    }

    /// The report for people and agents: sums, then each silent failure with what to do.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let [right, failed, silent] =
            [Verdict::Right, Verdict::Failed, Verdict::Silent].map(|verdict| self.count(verdict));
        // Writing to a text cannot fail.
        let _ = writeln!(
            out,
            "{}: {} mutations: {right} still right, {failed} failed with an error, {silent} failed \
             silently",
            self.skill,
            self.findings.len(),
        );
        for broken in &self.broken {
            let _ = writeln!(out, "cannot be judged: {broken}");
        }
        let _ = match self.checks.as_slice() {
            [] => writeln!(
                out,
                "no checks: add `export const checks = [(input, output) => …]` to `index.ts`, so \
                 that results can be judged where the data itself changes"
            ),
            checks => writeln!(out, "checks: {}", checks.join(", ")),
        };
        self.write_silent(&mut out);
        let vague = self.findings.iter().filter(|finding| finding.vague).count();
        if vague > 0 {
            let _ = writeln!(
                out,
                "\n{vague} of the errors are the language's own (such as `cannot read property`): \
                 they are no silent failures, but say little of what was wrong with the answer"
            );
        }
        out
    }

    /// Each silent failure once: the same mutation in several cases is one.
    fn write_silent(&self, out: &mut String) {
        let mut told: Vec<(&Mutation, Vec<&str>)> = Vec::new();
        for finding in self.findings.iter().filter(|it| it.verdict == Verdict::Silent) {
            let mutation = &finding.mutation;
            let same = |(other, _): &&mut (&Mutation, Vec<&str>)| {
                (other.drift, &other.server, &other.tool, &other.path)
                    == (mutation.drift, &mutation.server, &mutation.tool, &mutation.path)
            };
            if let Some((_, cases)) = told.iter_mut().find(same) {
                cases.push(&finding.case);
                continue;
            }
            told.push((mutation, vec![&finding.case]));
            let number = told.len();
            let _ = writeln!(
                out,
                "\n{number}. {} at `{}` of `{}.{}` (case `{}`)\n   before: {}\n   after:  {}\n   \
                 verdict: {}",
                mutation.drift.words(),
                mutation.path,
                mutation.server,
                mutation.tool,
                finding.case,
                mutation.before,
                mutation.after,
                finding.why,
            );
            if let Some(got) = &finding.got {
                let _ = writeln!(out, "   result:  {got}");
            }
            if let Some(wanted) = &finding.wanted {
                let _ = writeln!(out, "   right:   {wanted} or an error");
            }
            if let Some(advice) = finding.advice {
                let _ = writeln!(out, "   mend it: {advice}");
            }
        }
    }
}

/// The table of several skills in Markdown: a row for each drift, `right / failed / silent`.
pub fn markdown(reports: &[Report]) -> String {
    let mut out = "| drift |".to_owned();
    for report in reports {
        let _ = write!(out, " {} |", report.skill);
    }
    let _ = write!(out, "\n|---|{}\n", "---|".repeat(reports.len()));
    let tables: Vec<BTreeMap<Drift, [usize; 3]>> =
        reports.iter().map(|report| report.table().into_iter().collect()).collect();
    let cell = |counts: Option<&[usize; 3]>| match counts {
        Some([right, failed, silent]) => format!(" {right} / {failed} / {silent} |"),
        None => " |".to_owned(),
    };
    for drift in Drift::ALL.into_iter().filter(|it| tables.iter().any(|row| row.contains_key(it))) {
        let _ = write!(out, "| {} |", drift.words());
        for table in &tables {
            out.push_str(&cell(table.get(&drift)));
        }
        out.push('\n');
    }
    out.push_str("| all |");
    for report in reports {
        let counts = [Verdict::Right, Verdict::Failed, Verdict::Silent].map(|it| report.count(it));
        out.push_str(&cell(Some(&counts)));
    }
    out.push('\n');
    out
}
