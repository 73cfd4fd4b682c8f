//! Recorded answers changed the way real APIs drift.
//!
//! [`mutations`] says what can change in a case's answers; [`Mutation::apply`] changes them. Each
//! mutation changes one thing: a field, a list or a whole answer, of one tool.
//!
//! # What stays true
//!
//! A drift of *form* leaves the world as it was: a renamed field holds the same number. Then the
//! skill's result must be the same, or an error ([`Truth::Same`]). A drift of *data* changes the
//! world, and only who wrote the skill can say what is right then ([`Truth::Other`]). One item in
//! the place of a list is both: the right result is that of a list with this item
//! ([`Truth::Reference`]).
//!
//! # Layout
//!
//! * `places`: where something can change, and what stands there.
//! * `change`: the changes of one value; `pages`: a further page.

mod change;
mod pages;
mod places;

use serde::Serialize;
use serde_json::Value;

use crate::{Case, RecordedCall};
use change::Change;
use places::{Place, Step};

/// The most mutations of one case: a few seconds of replays.
pub const MUTATIONS_MAX: usize = 1_000;

/// The most bytes that an answer may grow to.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How an answer drifts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Drift {
    /// A field is gone.
    Missing,
    /// A field is gone from one row.
    MissingOnce,
    /// A field is `null`.
    Null,
    /// A field is `null` in one row.
    NullOnce,
    /// A field has another name.
    Renamed,
    /// A number comes as text.
    NumberAsText,
    /// A text of digits comes as a number.
    TextAsNumber,
    /// `true` comes as `"true"`.
    BooleanAsText,
    /// A date has another format.
    DateFormat,
    /// A date is a number of milliseconds.
    DateAsNumber,
    /// One row has a word that was never there.
    UnknownWord,
    /// Words come in another case.
    WordCase,
    /// A list is empty.
    EmptyList,
    /// A list's first item stands in its place.
    OneInsteadOfList,
    /// A list has ten times as many rows.
    ManyRows,
    /// A list continues on a further page.
    FurtherPage,
    /// Objects have a field more.
    ExtraField,
    /// The answer is inside another object.
    Wrapped,
    /// The answer is a page of HTML.
    HtmlPage,
    /// The answer is `null`.
    NullAnswer,
    /// The call fails.
    Fails,
}

impl Drift {
    /// All of them, in the order of the tables.
    pub const ALL: [Drift; 21] = [
        Drift::Missing,
        Drift::MissingOnce,
        Drift::Null,
        Drift::NullOnce,
        Drift::Renamed,
        Drift::NumberAsText,
        Drift::TextAsNumber,
        Drift::BooleanAsText,
        Drift::DateFormat,
        Drift::DateAsNumber,
        Drift::UnknownWord,
        Drift::WordCase,
        Drift::EmptyList,
        Drift::OneInsteadOfList,
        Drift::ManyRows,
        Drift::FurtherPage,
        Drift::ExtraField,
        Drift::Wrapped,
        Drift::HtmlPage,
        Drift::NullAnswer,
        Drift::Fails,
    ];

    /// It in words.
    pub const fn words(self) -> &'static str {
        match self {
            Drift::Missing => "field missing",
            Drift::MissingOnce => "field missing in one row",
            Drift::Null => "field is null",
            Drift::NullOnce => "field is null in one row",
            Drift::Renamed => "field renamed",
            Drift::NumberAsText => "number as text",
            Drift::TextAsNumber => "text of digits as number",
            Drift::BooleanAsText => "boolean as text",
            Drift::DateFormat => "another date format",
            Drift::DateAsNumber => "date as milliseconds",
            Drift::UnknownWord => "unknown word in one row",
            Drift::WordCase => "words in another case",
            Drift::EmptyList => "empty list",
            Drift::OneInsteadOfList => "one item instead of a list",
            Drift::ManyRows => "10 times as many rows",
            Drift::FurtherPage => "a further page",
            Drift::ExtraField => "a field more",
            Drift::Wrapped => "answer inside an object",
            Drift::HtmlPage => "a page of HTML",
            Drift::NullAnswer => "null instead of an answer",
            Drift::Fails => "the call fails",
        }
    }

    /// What the skill should do about it, for who mends it.
    pub const fn advice(self) -> &'static str {
        match self {
            Drift::Missing
            | Drift::MissingOnce
            | Drift::Null
            | Drift::NullOnce
            | Drift::Renamed => {
                "look at the field before it is used, in every row, and throw an error that names \
                 it where it is not there"
            }
            Drift::NumberAsText | Drift::TextAsNumber | Drift::BooleanAsText => {
                "look at the field's type (`typeof`) and throw, or convert it where that loses \
                 nothing"
            }
            Drift::DateFormat | Drift::DateAsNumber => {
                "match the date against its format (`/^\\d{4}-\\d{2}-\\d{2}/`) before it is parsed \
                 or compared, and throw where it does not match"
            }
            Drift::UnknownWord | Drift::WordCase => {
                "throw on a word that is not one of those that the code knows; or export a check \
                 that accounts for every row"
            }
            Drift::EmptyList | Drift::ManyRows => {
                "export a check that holds for any number of rows: `checks` in `index.ts`"
            }
            Drift::OneInsteadOfList => {
                "look whether it is a list (`Array.isArray`) and throw, or make a list of one item"
            }
            Drift::FurtherPage => {
                "ask for pages until there is none, or throw where the answer says that there are \
                 more"
            }
            Drift::ExtraField => "read fields by their names",
            Drift::Wrapped | Drift::HtmlPage | Drift::NullAnswer => {
                "look at the form of the whole answer before it is used, and throw"
            }
            Drift::Fails => "let the error out, or throw one that says what is missing",
        }
    }
}

/// What a right result is under a mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// The recorded one.
    Same,
    /// What the skill gives for [`Mutation::reference`].
    Reference,
    /// One that the author's checks accept.
    Other,
}

/// One change of a case's answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mutation {
    /// How it drifts.
    pub drift: Drift,
    /// Whose answers.
    pub server: String,
    /// The tool, by its exact name.
    pub tool: String,
    /// Where in an answer: `$.orders[].total`.
    pub path: String,
    /// What stood there in the first place that changes, shortened.
    pub before: String,
    /// What stands there then.
    pub after: String,
    /// What a right result is.
    pub truth: Truth,
    #[serde(skip)]
    steps: Vec<Step>,
    #[serde(skip)]
    change: Change,
}

/// What can change in the answers of `case`, at most [`MUTATIONS_MAX`].
pub fn mutations(case: &Case) -> Vec<Mutation> {
    let mut tools: Vec<(&str, &str)> = Vec::new();
    for call in &case.calls {
        let tool = (call.server.as_str(), call.tool.as_str());
        if call.answer.is_ok() && !tools.contains(&tool) {
            tools.push(tool);
        }
    }
    let mut found = Vec::new();
    for (server, tool) in tools {
        let calls = || case.calls.iter().filter(|it| it.server == server && it.tool == tool);
        let places = places::find(calls().filter_map(|call| call.answer.as_ref().ok()));
        for place in &places {
            for (drift, change) in change::at(place) {
                found.push(mutation(case, (server, tool), place, drift, change));
            }
        }
        found.extend(pages::mutation(case, server, tool));
    }
    // One that changes nothing would count as one that was survived.
    found.retain(|mutation| !mutation.before.is_empty());
    found.truncate(MUTATIONS_MAX);
    found
}

fn mutation(
    case: &Case,
    (server, tool): (&str, &str),
    place: &Place<'_>,
    drift: Drift,
    change: Change,
) -> Mutation {
    let mut mutation = Mutation {
        drift,
        server: server.to_owned(),
        tool: tool.to_owned(),
        path: places::path(&place.steps),
        before: String::new(),
        after: String::new(),
        truth: match drift {
            Drift::EmptyList | Drift::ManyRows | Drift::UnknownWord => Truth::Other,
            Drift::OneInsteadOfList => Truth::Reference,
            _ => Truth::Same,
        },
        steps: place.steps.clone(),
        change,
    };
    let mut shown = None;
    for call in case.calls.iter().filter(|call| mutation.is_of(call)) {
        if let Ok(answer) = &call.answer
            && shown.is_none()
        {
            shown = mutation.change.shown(answer, &mutation.steps);
        }
    }
    (mutation.before, mutation.after) = shown.unwrap_or_default();
    mutation
}

impl Mutation {
    fn is_of(&self, call: &RecordedCall) -> bool {
        call.server == self.server && call.tool == self.tool
    }

    /// `case` with its answers changed. Its expected value is the recorded one.
    pub fn apply(&self, case: &Case) -> Case {
        self.changed(case, &self.change)
    }

    /// The case whose result is right for this one, where [`Mutation::truth`] says that there is
    /// one.
    pub fn reference(&self, case: &Case) -> Option<Case> {
        (self.truth == Truth::Reference).then(|| self.changed(case, &Change::FirstOnly))
    }

    fn changed(&self, case: &Case, change: &Change) -> Case {
        let mut case = case.clone();
        if let Change::FurtherPage(page) = change {
            page.apply(&mut case);
            return case;
        }
        // What changes once changes in one answer, however often that is asked for.
        let mut once: Option<Value> = None;
        for call in case.calls.iter_mut().filter(|call| self.is_of(call)) {
            if once.as_ref().is_some_and(|arguments| *arguments != call.arguments) {
                continue;
            }
            match (&mut call.answer, change) {
                (answer @ Ok(_), Change::Fail(message)) => *answer = Err(message.clone()),
                (Ok(answer), change) => {
                    if change.apply(answer, &self.steps) && change.is_once() {
                        once = Some(call.arguments.clone());
                    }
                }
                (Err(_), _) => {}
            }
        }
        case
    }
}

/// `value` as JSON, shortened.
fn short(value: &Value) -> String {
    const CHARS_MAX: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(CHARS_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
