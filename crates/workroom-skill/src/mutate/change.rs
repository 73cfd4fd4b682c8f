//! The changes of one value.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{
    ANSWER_BYTES_MAX, Drift,
    pages::Page,
    places::{self, Place, Step},
    short,
};

/// How often a list's rows are repeated.
const ROWS_FACTOR: usize = 10;

/// In how many places is looked for one to show.
const SHOWN_MAX: usize = 50;

/// The most different words of a place that is taken for an enumeration.
const WORDS_MAX: usize = 8;

/// Names of fields that tell how many rows there are in all.
const TOTALS: [&str; 8] =
    ["total", "count", "total_count", "totalCount", "size", "length", "total_results", "matches"];

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    Remove,
    RemoveOnce,
    Null,
    NullOnce,
    Rename(String),
    NumberToText,
    TextToNumber,
    BooleanToText,
    DateFormat,
    Millis,
    WordOnce(String),
    Case,
    Empty,
    First,
    /// Not a drift: what [`Change::First`] is compared with.
    FirstOnly,
    Rows,
    Extra,
    Wrap(&'static str),
    Html,
    Fail(String),
    FurtherPage(Page),
}

/// What can change at `place`.
pub(crate) fn at(place: &Place<'_>) -> Vec<(Drift, Change)> {
    let mut found = Vec::new();
    if place.steps.is_empty() {
        whole(place, &mut found);
    }
    if let Some(name) = place.field() {
        found.push((Drift::Missing, Change::Remove));
        found.push((Drift::Null, Change::Null));
        if place.is_in_rows() {
            found.push((Drift::MissingOnce, Change::RemoveOnce));
            found.push((Drift::NullOnce, Change::NullOnce));
        }
        found.push((Drift::Renamed, Change::Rename(renamed(name))));
    }
    lists(place, &mut found);
    scalars(place, &mut found);
    found
}

fn whole(place: &Place<'_>, found: &mut Vec<(Drift, Change)>) {
    found.push((Drift::Fails, Change::Fail("503 Service Unavailable".to_owned())));
    found.push((Drift::HtmlPage, Change::Html));
    found.push((Drift::NullAnswer, Change::Null));
    if place.values.iter().any(|value| value.is_array() || value.is_object()) {
        let name = if place.values.iter().any(|value| value.is_array()) { "items" } else { "data" };
        found.push((Drift::Wrapped, Change::Wrap(name)));
        found.push((Drift::ExtraField, Change::Extra));
    }
}

fn lists(place: &Place<'_>, found: &mut Vec<(Drift, Change)>) {
    let is_list = place.values.iter().any(|it| it.as_array().is_some_and(|it| !it.is_empty()));
    if is_list {
        found.push((Drift::EmptyList, Change::Empty));
        found.push((Drift::OneInsteadOfList, Change::First));
        found.push((Drift::ManyRows, Change::Rows));
    }
}

fn scalars(place: &Place<'_>, found: &mut Vec<(Drift, Change)>) {
    let any = |is: fn(&Value) -> bool| place.values.iter().any(|value| is(value));
    if any(Value::is_number) {
        found.push((Drift::NumberAsText, Change::NumberToText));
    }
    if any(Value::is_boolean) {
        found.push((Drift::BooleanAsText, Change::BooleanToText));
    }
    let texts: Vec<&str> = place.values.iter().filter_map(|value| value.as_str()).collect();
    if texts.is_empty() {
        return;
    }
    if texts.iter().any(|text| number(text).is_some()) {
        found.push((Drift::TextAsNumber, Change::TextToNumber));
    }
    if texts.iter().any(|text| Date::read(text).is_some()) {
        found.push((Drift::DateFormat, Change::DateFormat));
        found.push((Drift::DateAsNumber, Change::Millis));
        return;
    }
    let words: BTreeSet<&str> = texts.iter().copied().collect();
    let is_word = |text: &&str| {
        (1..=40).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '-' | ' '))
    };
    let repeats = texts.len() >= 2 * words.len() || texts.len() > WORDS_MAX;
    if words.len() <= WORDS_MAX && repeats && place.is_in_rows() && words.iter().all(is_word) {
        found.push((Drift::UnknownWord, Change::WordOnce("on_hold_by_review".to_owned())));
        found.push((Drift::WordCase, Change::Case));
    }
}

/// A name that another version of an API might have for `name`.
fn renamed(name: &str) -> String {
    if name.contains('_') {
        let mut words = name.split('_').filter(|word| !word.is_empty());
        let first = words.next().unwrap_or("field").to_owned();
        return words.fold(first, |mut out, word| {
            let mut chars = word.chars();
            out.extend(chars.next().map(|c| c.to_ascii_uppercase()));
            out.push_str(chars.as_str());
            out
        });
    }
    if name.chars().any(|c| c.is_ascii_uppercase()) {
        return name.chars().fold(String::new(), |mut out, c| {
            if c.is_ascii_uppercase() && !out.is_empty() {
                out.push('_');
            }
            out.push(c.to_ascii_lowercase());
            out
        });
    }
    format!("{name}_value")
}

fn number(text: &str) -> Option<Value> {
    // A leading zero is part of a text that is no number: a postcode, an account.
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = !digits.is_empty()
        && digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && (digits.len() == 1 || !digits.starts_with('0') || digits.starts_with("0."));
    if is_plain { serde_json::from_str(text).ok() } else { None }
}

/// A calendar date at the beginning of a text.
struct Date<'t> {
    year: i64,
    month: i64,
    day: i64,
    /// Whether it is written as 2026-11-28; else as 28.11.2026, 28/11/2026 or 11/28/2026.
    is_iso: bool,
    rest: &'t str,
}

impl<'t> Date<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let (date, rest) = (text.get(..10)?, &text[10..]);
        if !(rest.is_empty() || rest.starts_with(['T', ' '])) {
            return None;
        }
        let numbers = |sign: char, lengths: [usize; 3]| -> Option<[i64; 3]> {
            let mut parts = date.split(sign);
            let mut part = |len: usize| {
                let part = parts.next()?;
                let is_digits = part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
                if is_digits { part.parse().ok() } else { None }
            };
            Some([part(lengths[0])?, part(lengths[1])?, part(lengths[2])?])
        };
        if let Some([year, month, day]) = numbers('-', [4, 2, 2]) {
            return Self { year, month, day, is_iso: true, rest }.checked();
        }
        let [first, second, year] = numbers('.', [2, 2, 4]).or_else(|| numbers('/', [2, 2, 4]))?;
        let (month, day) = if second > 12 { (first, second) } else { (second, first) };
        Self { year, month, day, is_iso: false, rest }.checked()
    }

    fn checked(self) -> Option<Self> {
        let fits = (1..=12).contains(&self.month) && (1..=31).contains(&self.day);
        fits.then_some(self)
    }

    /// The same date in another format.
    fn other_format(&self) -> String {
        let Self { year, month, day, is_iso, rest } = self;
        if *is_iso {
            format!("{day:02}/{month:02}/{year:04}{rest}")
        } else {
            format!("{year:04}-{month:02}-{day:02}{rest}")
        }
    }

    /// Milliseconds since 1970 of its midnight.
    fn millis(&self) -> i64 {
        // Days from the civil calendar, with years that begin in March.
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let month = (self.month + 9) % 12;
        let of_year = (153 * month + 2) / 5 + self.day - 1;
        let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
        days * 86_400_000
    }
}

impl Change {
    /// Whether one place in one answer changes, and no more.
    pub(crate) fn is_once(&self) -> bool {
        matches!(self, Change::RemoveOnce | Change::NullOnce | Change::WordOnce(_))
    }

    /// What it changes first in `answer`: before and after.
    pub(crate) fn shown(&self, answer: &Value, steps: &[Step]) -> Option<(String, String)> {
        if let Change::Fail(message) = self {
            return Some((short(answer), format!("error: {message}")));
        }
        let mut changed = answer.clone();
        if !self.apply(&mut changed, steps) || changed == *answer {
            return None;
        }
        let (steps, name) = match (self, steps) {
            (Change::Remove | Change::RemoveOnce | Change::Rename(_), [parent @ .., last]) => {
                (parent, Some(last))
            }
            (_, steps) => (steps, None),
        };
        let look = |value: &mut Value, nth: usize| {
            let (mut found, mut at) = (None, 0);
            places::each(value, steps, &mut |value| {
                found = (at == nth).then(|| value.clone());
                at += 1;
                found.is_some()
            });
            found
        };
        let mut answer = answer.clone();
        // The first that differs: others may have nothing to change.
        for nth in 0..SHOWN_MAX {
            let (before, after) = (look(&mut answer, nth), look(&mut changed, nth));
            match (before, after) {
                (Some(before), Some(after)) if before != after => {
                    return Some(match (self, name) {
                        (Change::Rename(new), Some(Step::Field(name))) => {
                            (format!("{name}: {}", short(&before[name])), format!("{new}: …"))
                        }
                        (_, Some(Step::Field(name))) => {
                            (short(&before[name]), "no such field".to_owned())
                        }
                        _ => (short(&before), short(&after)),
                    });
                }
                (None, None) => break,
                _ => {}
            }
        }
        Some((short(&answer), short(&changed)))
    }

    /// Changes what `steps` lead to in `answer`; says whether anything was there.
    pub(crate) fn apply(&self, answer: &mut Value, steps: &[Step]) -> bool {
        match (self, steps) {
            (Change::Remove | Change::RemoveOnce | Change::Rename(_), [parent @ .., last]) => {
                let Step::Field(name) = last else { return false };
                let mut done = false;
                places::each(answer, parent, &mut |value| {
                    let Value::Object(fields) = value else { return false };
                    done |= self.apply_field(fields, name);
                    done && self.is_once()
                });
                done
            }
            (Change::Empty | Change::Rows, [parent @ .., Step::Field(name)]) => {
                let mut done = false;
                places::each(answer, parent, &mut |value| {
                    let Value::Object(fields) = value else { return false };
                    done |= self.apply_list(fields, name);
                    false
                });
                done
            }
            _ => {
                let mut done = false;
                places::each(answer, steps, &mut |value| {
                    done |= self.apply_value(value);
                    done && self.is_once()
                });
                done
            }
        }
    }

    fn apply_field(&self, fields: &mut Map<String, Value>, name: &str) -> bool {
        let Change::Rename(new) = self else { return fields.shift_remove(name).is_some() };
        if !fields.contains_key(name) || fields.contains_key(new) {
            return false;
        }
        let renamed = std::mem::take(fields).into_iter();
        *fields = renamed
            .map(|(key, value)| if key == name { (new.clone(), value) } else { (key, value) })
            .collect();
        true
    }

    /// Changes a list, and what is said beside it of how long it is.
    fn apply_list(&self, fields: &mut Map<String, Value>, name: &str) -> bool {
        let Some(list) = fields.get_mut(name) else { return false };
        let before = list.as_array().map(Vec::len);
        if !self.apply_value(list) {
            return false;
        }
        let after = list.as_array().map(Vec::len);
        let (Some(before), Some(after)) = (before, after) else { return true };
        for total in TOTALS {
            if let Some(told) = fields.get_mut(total)
                && told.as_u64() == Some(before as u64)
            {
                *told = after.into();
            }
        }
        true
    }

    fn apply_value(&self, value: &mut Value) -> bool {
        let new = match (self, &*value) {
            (Change::Null | Change::NullOnce, Value::Null) => return false,
            (Change::Null | Change::NullOnce, _) => Value::Null,
            (Change::NumberToText, Value::Number(number)) => Value::String(number.to_string()),
            (Change::TextToNumber, Value::String(text)) => match number(text) {
                Some(number) => number,
                None => return false,
            },
            (Change::BooleanToText, Value::Bool(is)) => Value::String(is.to_string()),
            (Change::DateFormat, Value::String(text)) => match Date::read(text) {
                Some(date) => Value::String(date.other_format()),
                None => return false,
            },
            (Change::Millis, Value::String(text)) => match Date::read(text) {
                Some(date) => date.millis().into(),
                None => return false,
            },
            (Change::WordOnce(word), Value::String(_)) => Value::String(word.clone()),
            (Change::Case, Value::String(text)) => Value::String(other_case(text)),
            (Change::Empty, Value::Array(items)) if !items.is_empty() => Value::Array(Vec::new()),
            (Change::First, Value::Array(items)) if !items.is_empty() => items[0].clone(),
            (Change::FirstOnly, Value::Array(items)) if !items.is_empty() => {
                Value::Array(vec![items[0].clone()])
            }
            (Change::Rows, Value::Array(items)) if !items.is_empty() => {
                if value.to_string().len() * ROWS_FACTOR > ANSWER_BYTES_MAX {
                    return false;
                }
                let rows = items.len() * ROWS_FACTOR;
                Value::Array(items.iter().cycle().take(rows).cloned().collect())
            }
            (Change::Extra, Value::Array(_) | Value::Object(_)) => return extra(value),
            (Change::Wrap(name), _) => json!({ *name: value.take() }),
            (Change::Html, _) => Value::String(
                "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 \
                 Bad Gateway</h1></body></html>"
                    .to_owned(),
            ),
            _ => return false,
        };
        *value = new;
        true
    }
}

fn other_case(text: &str) -> String {
    if text.chars().any(char::is_lowercase) { text.to_uppercase() } else { text.to_lowercase() }
}

/// Gives every object a field more.
fn extra(value: &mut Value) -> bool {
    match value {
        Value::Array(items) => {
            let mut done = false;
            for item in items {
                done |= extra(item);
            }
            done
        }
        Value::Object(fields) => {
            for value in fields.values_mut() {
                extra(value);
            }
            fields.insert("_links".to_owned(), json!({ "self": "/v2/self" }));
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_moved_without_a_calendar_of_others() {
        for (text, other, millis) in [
            ("1970-01-01", "01/01/1970", 0),
            ("2000-02-29", "29/02/2000", 951_782_400_000),
            ("2026-11-28T10:00:00Z", "28/11/2026T10:00:00Z", 1_795_824_000_000),
            ("28.11.2026", "2026-11-28", 1_795_824_000_000),
            ("11/28/2026", "2026-11-28", 1_795_824_000_000),
        ] {
            let date = Date::read(text).unwrap();
            assert_eq!((date.other_format().as_str(), date.millis()), (other, millis));
        }
        for text in
            ["13/13/2026", "1.1.2026", "2026-13-01", "2026-1-1", "20260101", "2026-01-01x", "x"]
        {
            assert!(Date::read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn names_change_their_style() {
        for (name, expected) in
            [("order_id", "orderId"), ("orderId", "order_id"), ("total", "total_value")]
        {
            assert_eq!(renamed(name), expected);
        }
    }

    #[test]
    fn digits_are_a_number_unless_a_zero_would_be_lost() {
        assert_eq!(number("12.50"), Some(json!(12.50)));
        assert_eq!(number("0"), Some(json!(0)));
        for text in ["007", "", "1.2.3", "1e5", "x", "-"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
