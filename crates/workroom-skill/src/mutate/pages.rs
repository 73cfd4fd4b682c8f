//! A list that continues on a further page.
//!
//! Only answers that already say something of pages get one: a skill cannot know of a paging that
//! its API never had. The page that the skill must ask for is recorded too, where the recorded
//! calls
//! tell how it is asked for; where they do not, the call fails, which is an error and not silence.

use serde_json::{Map, Value};

use super::{Change, Drift, Mutation, Truth, places, places::Step, short};
use crate::{Case, RecordedCall};

/// Fields that hold the next page's cursor; none or empty on the last page.
const CURSORS: [&str; 11] = [
    "next_cursor",
    "nextCursor",
    "next",
    "cursor",
    "next_page",
    "nextPage",
    "next_page_token",
    "nextPageToken",
    "after",
    "next_token",
    "nextToken",
];

/// Fields that say that there are more.
const FLAGS: [&str; 5] = ["has_more", "hasMore", "has_next", "hasNext", "more"];

/// Fields that count the pages.
const COUNTS: [&str; 4] = ["total_pages", "totalPages", "pages", "page_count"];

/// Fields that count the rows.
const TOTALS: [&str; 4] = ["total", "total_count", "totalCount", "count"];

/// Where the further page begins, and how it is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Page {
    /// The call whose answer is cut.
    call: usize,
    /// The list in its answer.
    list: String,
    /// The arguments that ask for the rest, where they are known.
    next: Option<(Map<String, Value>, Option<Value>)>,
}

/// The mutation, if the answers of `tool` have pages.
pub(super) fn mutation(case: &Case, server: &str, tool: &str) -> Option<Mutation> {
    let is_of = |call: &&RecordedCall| call.server == server && call.tool == tool;
    let (call, fields, list) = case.calls.iter().enumerate().rev().find_map(|(at, call)| {
        let fields = Some(call).filter(is_of)?.answer.as_ref().ok()?.as_object()?;
        let list = fields.iter().find(|(_, value)| rows(value) >= 2)?.0;
        says_of_pages(fields).then_some((at, fields, list.clone()))
    })?;
    let next = next_arguments(case, call, fields);
    let page = Page { call, list: list.clone(), next };
    let rows = rows(&fields[&list]);
    let steps = vec![Step::Field(list)];
    Some(Mutation {
        drift: Drift::FurtherPage,
        server: server.to_owned(),
        tool: tool.to_owned(),
        path: places::path(&steps),
        before: short(&Value::from(format!("{rows} rows"))),
        after: short(&Value::from(format!("{} rows, and more on a page", rows / 2))),
        truth: Truth::Same,
        steps,
        change: Change::FurtherPage(page),
    })
}

fn rows(value: &Value) -> usize {
    value.as_array().map_or(0, Vec::len)
}

fn says_of_pages(fields: &Map<String, Value>) -> bool {
    let known = CURSORS.iter().chain(&FLAGS).chain(&COUNTS).chain(&TOTALS);
    known.copied().any(|name| fields.contains_key(name))
}

/// The arguments of the call for the page after `last`, and the cursor that they hold.
fn next_arguments(
    case: &Case,
    last: usize,
    fields: &Map<String, Value>,
) -> Option<(Map<String, Value>, Option<Value>)> {
    let call = &case.calls[last];
    let arguments = call.arguments.as_object()?;
    let same = case.calls[..last]
        .iter()
        .filter(|other| other.server == call.server && other.tool == call.tool);
    // The argument by which the last call differs from one before it.
    let key = same.rev().find_map(|other| differs_in(other.arguments.as_object()?, arguments));
    let paged = || {
        ["page", "cursor", "offset", "after", "page_token", "pageToken", "start"]
            .into_iter()
            .find(|name| arguments.contains_key(*name))
            .map(str::to_owned)
    };
    // Names that go together: `nextPageToken` is asked for by `pageToken`.
    let told = || {
        let held = [
            ("nextPageToken", "pageToken"),
            ("next_page_token", "page_token"),
            ("next_cursor", "cursor"),
            ("nextCursor", "cursor"),
            ("next_token", "next_token"),
            ("nextToken", "nextToken"),
        ];
        let known = held.into_iter().find(|(field, _)| fields.contains_key(*field));
        known.map(|(_, parameter)| parameter.to_owned())
    };
    let key = key.or_else(paged).or_else(told)?;
    let mut next = arguments.clone();
    let (value, cursor) = match arguments.get(&key) {
        Some(Value::Number(number)) => {
            let step = if key.contains("page") { 1 } else { rows_of(fields) };
            let value = Value::from(number.as_u64()? + step);
            let is_told = CURSORS.iter().any(|name| fields.contains_key(*name));
            (value.clone(), is_told.then_some(value))
        }
        _ => {
            let cursor = Value::from("further-page");
            (cursor.clone(), Some(cursor))
        }
    };
    next.insert(key, value);
    Some((next, cursor))
}

fn rows_of(fields: &Map<String, Value>) -> u64 {
    fields.values().map(rows).find(|rows| *rows > 0).unwrap_or(1) as u64
}

/// The one key in which two calls' arguments differ.
fn differs_in(one: &Map<String, Value>, other: &Map<String, Value>) -> Option<String> {
    let mut keys: Vec<&String> = one.keys().chain(other.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut differing = keys.into_iter().filter(|key| one.get(*key) != other.get(*key));
    let key = differing.next()?;
    differing.next().is_none().then(|| key.clone())
}

impl Page {
    /// Cuts the list in two, and puts the second half on a page that must be asked for. So it is
    /// however often the list is asked for.
    pub(super) fn apply(&self, case: &mut Case) {
        let Some(cut) = case.calls.get(self.call).cloned() else { return };
        let same = |it: &RecordedCall| {
            (&it.server, &it.tool, &it.arguments) == (&cut.server, &cut.tool, &cut.arguments)
        };
        for at in (0..case.calls.len()).rev() {
            if same(&case.calls[at]) {
                self.cut(case, at);
            }
        }
    }

    fn cut(&self, case: &mut Case, at: usize) {
        let call = &mut case.calls[at];
        let Ok(Value::Object(fields)) = &mut call.answer else { return };
        let mut last = fields.clone();
        let Some(Value::Array(items)) = fields.get_mut(&self.list) else { return };
        let rest = items.split_off(items.len() / 2);
        last.insert(self.list.clone(), Value::Array(rest));
        for name in CURSORS.into_iter().filter(|name| last.contains_key(*name)) {
            let cursor = self.next.as_ref().and_then(|(_, cursor)| cursor.clone());
            fields.insert(name.to_owned(), cursor.unwrap_or_else(|| "further-page".into()));
        }
        for name in FLAGS.into_iter().filter(|name| last.contains_key(*name)) {
            fields.insert(name.to_owned(), true.into());
        }
        for name in COUNTS {
            if let Some(pages) = last.get(name).and_then(Value::as_u64) {
                fields.insert(name.to_owned(), (pages + 1).into());
                last.insert(name.to_owned(), (pages + 1).into());
            }
        }
        let Some((arguments, _)) = &self.next else { return };
        if let Some(page) = last.get("page").and_then(Value::as_u64) {
            last.insert("page".to_owned(), (page + 1).into());
        }
        let further = RecordedCall {
            arguments: Value::Object(arguments.clone()),
            answer: Ok(Value::Object(last)),
            ..call.clone()
        };
        case.calls.insert(at + 1, further);
    }
}
