//! Where in a tool's answers something can change, and what stands there.

use std::fmt::Write as _;

use serde_json::Value;

/// The most places of one tool that are looked at, and the most levels.
const PLACES_MAX: usize = 120;
const DEPTH_MAX: usize = 8;

/// The most values of one place that are looked at.
const VALUES_MAX: usize = 2_000;

/// The most fields of one object that are told apart: beyond, keys are data.
const FIELDS_MAX: usize = 40;

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A field of an object.
    Field(String),
    /// The items of a list, all of them.
    Items,
}

/// One place, with all the values that stand there in all answers.
#[derive(Debug)]
pub(crate) struct Place<'v> {
    pub(crate) steps: Vec<Step>,
    pub(crate) values: Vec<&'v Value>,
}

impl Place<'_> {
    /// Whether a row of a list is on the way.
    pub(crate) fn is_in_rows(&self) -> bool {
        self.steps.contains(&Step::Items)
    }

    /// The field that it is.
    pub(crate) fn field(&self) -> Option<&str> {
        match self.steps.last() {
            Some(Step::Field(name)) => Some(name),
            _ => None,
        }
    }
}

/// The places of `answers`, from the top down, in the order in which they are met.
pub(crate) fn find<'v>(answers: impl Iterator<Item = &'v Value>) -> Vec<Place<'v>> {
    let mut places = Vec::new();
    for answer in answers {
        walk(answer, &mut Vec::new(), &mut places);
    }
    places
}

fn walk<'v>(value: &'v Value, steps: &mut Vec<Step>, places: &mut Vec<Place<'v>>) {
    if let Some(place) = places.iter_mut().find(|place| place.steps == *steps) {
        if place.values.len() == VALUES_MAX {
            return;
        }
        place.values.push(value);
    } else if places.len() < PLACES_MAX {
        places.push(Place { steps: steps.clone(), values: vec![value] });
    } else {
        return;
    }
    if steps.len() == DEPTH_MAX {
        return;
    }
    match value {
        Value::Array(items) => {
            steps.push(Step::Items);
            for item in items {
                walk(item, steps, places);
            }
            steps.pop();
        }
        Value::Object(fields) => {
            for (name, value) in fields.iter().take(FIELDS_MAX) {
                steps.push(Step::Field(name.clone()));
                walk(value, steps, places);
                steps.pop();
            }
        }
        _ => {}
    }
}

/// `steps` as a reader knows them: `$.orders[].total`.
pub(crate) fn path(steps: &[Step]) -> String {
    let mut path = "$".to_owned();
    for step in steps {
        // Writing to a text cannot fail.
        let _ = match step {
            Step::Items => write!(path, "[]"),
            Step::Field(name) if is_word(name) => write!(path, ".{name}"),
            Step::Field(name) => write!(path, "[{}]", Value::from(name.as_str())),
        };
    }
    path
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Calls `change` on each value that `steps` lead to, until it says that it is enough.
pub(crate) fn each(
    value: &mut Value,
    steps: &[Step],
    change: &mut dyn FnMut(&mut Value) -> bool,
) -> bool {
    match steps {
        [] => change(value),
        [Step::Items, rest @ ..] => match value {
            Value::Array(items) => items.iter_mut().any(|item| each(item, rest, change)),
            _ => false,
        },
        [Step::Field(name), rest @ ..] => match value {
            Value::Object(fields) => {
                fields.get_mut(name).is_some_and(|value| each(value, rest, change))
            }
            _ => false,
        },
    }
}
