//! A shape: what was seen at one place, and below it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::words::{self, WORDS_MAX};

/// The most levels of a result that are looked at.
pub const DEPTH_MAX: usize = 12;

/// The most values of one result that are looked at.
pub const SAMPLE_NODES_MAX: usize = 20_000;

/// The most entries of one list that are looked at, evenly spread over it.
pub const ITEMS_MAX: usize = 500;

/// The most places of a shape.
pub const NODES_MAX: usize = 400;

/// An object with more different keys than this is a map.
pub const FIELDS_MAX: usize = 100;

/// A key longer than this is data.
pub const KEY_BYTES_MAX: usize = 64;

/// What was seen at one place. Counts are of calls: how many results had it there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Shape {
    pub(crate) calls: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) null: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) boolean: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) number: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) string: Option<Strings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) array: Option<Box<Items>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object: Option<Box<Fields>>,
    /// There was more below than is looked at.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_cut: bool,
}

/// What texts were like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Strings {
    pub(crate) calls: u32,
    /// Characters of the shortest and of the longest.
    pub(crate) least: u32,
    pub(crate) most: u32,
    /// What all of them are; the empty text fits everything.
    pub(crate) form: Form,
    /// `None`: not one of a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) words: Option<BTreeMap<String, u32>>,
}

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    Empty,
    Date,
    DateTime,
    Number,
    Other,
}

/// What lists were like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Items {
    pub(crate) calls: u32,
    pub(crate) least: u32,
    pub(crate) most: u32,
    pub(crate) item: Shape,
}

/// What objects were like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fields {
    pub(crate) calls: u32,
    /// How many objects there were.
    pub(crate) objects: u32,
    /// In the order in which they were met.
    #[serde(rename = "fields")]
    pub(crate) named: Vec<Field>,
    /// The entries, where keys are data; then there are no fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) entry: Option<Shape>,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Field {
    pub(crate) key: String,
    /// In how many objects it was.
    pub(crate) objects: u32,
    pub(crate) shape: Shape,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Shape {
    /// The shape of one result.
    pub(crate) fn of(value: &Value) -> Self {
        let mut left = SAMPLE_NODES_MAX;
        let mut shape = Self::sample(value, None, 0, &mut left);
        shape.bound();
        shape
    }

    fn sample(value: &Value, key: Option<&str>, depth: usize, left: &mut usize) -> Self {
        let mut shape = Self { calls: 1, ..Self::default() };
        if depth > DEPTH_MAX || *left == 0 {
            return Self { is_cut: true, calls: 0, ..Self::default() };
        }
        *left -= 1;
        match value {
            Value::Null => shape.null = 1,
            Value::Bool(_) => shape.boolean = 1,
            Value::Number(_) => shape.number = 1,
            Value::String(text) => shape.string = Some(Strings::of(text, key)),
            Value::Array(items) => {
                let length = count(items.len());
                let mut list = Items { calls: 1, least: length, most: length, ..Items::default() };
                let step = items.len().div_ceil(ITEMS_MAX).max(1);
                for item in items.iter().step_by(step) {
                    list.item.merge(Self::sample(item, key, depth + 1, left), false);
                }
                shape.array = Some(Box::new(list));
            }
            Value::Object(object) => {
                shape.object = Some(Box::new(Fields::of(object, depth, left)));
            }
        }
        shape
    }

    /// Takes in `other`: another result's shape at this place if it is `across` calls, else
    /// another value of the same result.
    pub(crate) fn merge(&mut self, other: Self, across: bool) {
        self.calls = sum(self.calls, other.calls, across);
        self.null = sum(self.null, other.null, across);
        self.boolean = sum(self.boolean, other.boolean, across);
        self.number = sum(self.number, other.number, across);
        self.is_cut |= other.is_cut;
        match (&mut self.string, other.string) {
            (Some(mine), Some(other)) => mine.merge(other, across),
            (mine @ None, other) => *mine = other,
            (Some(_), None) => {}
        }
        match (&mut self.array, other.array) {
            (Some(mine), Some(other)) => {
                mine.calls = sum(mine.calls, other.calls, across);
                mine.least = mine.least.min(other.least);
                mine.most = mine.most.max(other.most);
                mine.item.merge(other.item, across);
            }
            (mine @ None, other) => *mine = other,
            (Some(_), None) => {}
        }
        match (&mut self.object, other.object) {
            (Some(mine), Some(other)) => mine.merge(*other, across),
            (mine @ None, other) => *mine = other,
            (Some(_), None) => {}
        }
        if across {
            self.bound();
        }
    }

    /// Whether there is more to it than one kind of plain value.
    pub(crate) fn is_structured(&self) -> bool {
        self.array.is_some() || self.object.is_some()
    }

    /// Cuts what is beyond [`NODES_MAX`] places.
    fn bound(&mut self) {
        let mut left = NODES_MAX;
        self.cut(&mut left);
    }

    fn cut(&mut self, left: &mut usize) {
        if let Some(list) = &mut self.array {
            *left = left.saturating_sub(1);
            list.item.cut(left);
        }
        let Some(object) = &mut self.object else { return };
        if let Some(entry) = &mut object.entry {
            *left = left.saturating_sub(1);
            entry.cut(left);
        }
        // All fields of an object before those below one of them.
        let kept = object.named.len().min(*left);
        if kept < object.named.len() {
            object.named.truncate(kept);
            self.is_cut = true;
        }
        *left -= kept;
        for field in &mut object.named {
            field.shape.cut(left);
        }
    }
}

impl Strings {
    fn of(text: &str, key: Option<&str>) -> Self {
        let length = count(text.chars().count());
        let may = key.is_some_and(words::may_be_in) && words::is_word(text);
        let words = may.then(|| BTreeMap::from([(text.to_owned(), 1)]));
        Self { calls: 1, least: length, most: length, form: Form::of(text), words }
    }

    fn merge(&mut self, other: Self, across: bool) {
        self.calls = sum(self.calls, other.calls, across);
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
        self.form = self.form.and(other.form);
        self.words = match (self.words.take(), other.words) {
            (Some(mut words), Some(others)) => {
                for (word, times) in others {
                    let known = words.entry(word).or_default();
                    *known = known.saturating_add(times);
                }
                (words.len() <= WORDS_MAX).then_some(words)
            }
            _ => None,
        };
    }
}

impl Form {
    fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let is = |pattern: &[u8]| {
            bytes.len() >= pattern.len()
                && bytes.iter().zip(pattern).all(|(byte, expected)| match expected {
                    b'0' => byte.is_ascii_digit(),
                    b'T' => matches!(byte, b'T' | b't' | b' '),
                    expected => byte == expected,
                })
        };
        if text.is_empty() {
            Self::Empty
        } else if is(b"0000-00-00") && bytes.len() == 10 {
            Self::Date
        } else if is(b"0000-00-00T00:00") && bytes.len() <= 40 {
            Self::DateTime
        } else if bytes.len() <= 40
            && bytes.iter().any(u8::is_ascii_digit)
            && serde_json::from_str::<serde_json::Number>(text).is_ok()
        {
            Self::Number
        } else {
            Self::Other
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Empty, it) | (it, Self::Empty) => it,
            (a, b) if a == b => a,
            _ => Self::Other,
        }
    }
}

impl Fields {
    fn of(object: &Map<String, Value>, depth: usize, left: &mut usize) -> Self {
        let mut fields = Self { calls: 1, objects: 1, ..Self::default() };
        if object.len() > FIELDS_MAX || object.keys().any(|key| is_data(key)) {
            let mut entry = Shape::default();
            let step = object.len().div_ceil(ITEMS_MAX).max(1);
            for value in object.values().step_by(step) {
                entry.merge(Shape::sample(value, None, depth + 1, left), false);
            }
            fields.entry = Some(entry);
            return fields;
        }
        for (key, value) in object {
            let shape = Shape::sample(value, Some(key), depth + 1, left);
            fields.named.push(Field { key: key.clone(), objects: 1, shape });
        }
        fields.settle();
        fields
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Field> {
        self.named.iter().find(|field| field.key == key)
    }

    fn merge(&mut self, mut other: Self, across: bool) {
        self.calls = sum(self.calls, other.calls, across);
        self.objects = self.objects.saturating_add(other.objects);
        if self.entry.is_some() || other.entry.is_some() {
            self.become_map();
            other.become_map();
        }
        match (&mut self.entry, other.entry) {
            (Some(mine), Some(other)) => {
                mine.merge(other, across);
                return;
            }
            (mine @ None, other) => *mine = other,
            (Some(_), None) => {}
        }
        for field in other.named {
            match self.named.iter_mut().find(|it| it.key == field.key) {
                Some(mine) => {
                    mine.objects = mine.objects.saturating_add(field.objects);
                    mine.shape.merge(field.shape, across);
                }
                None => self.named.push(field),
            }
        }
        self.settle();
    }

    /// Becomes a map where the keys are data.
    fn settle(&mut self) {
        if self.entry.is_none() && self.is_map() {
            self.become_map();
        }
    }

    fn is_map(&self) -> bool {
        const FEW: usize = 4;
        const MANY: usize = 12;
        let keys = |field: &Field| -> Option<Vec<String>> {
            let object = field.shape.object.as_ref()?;
            let plain = object.entry.is_none() && !object.named.is_empty();
            let mut keys: Vec<String> = object.named.iter().map(|it| it.key.clone()).collect();
            keys.sort();
            plain.then_some(keys)
        };
        if self.named.len() > FIELDS_MAX {
            return true;
        }
        if self.named.len() >= FEW {
            let first = self.named.first().and_then(keys);
            if first.is_some() && self.named.iter().all(|field| keys(field) == first) {
                return true;
            }
        }
        let present: u64 = self.named.iter().map(|field| u64::from(field.objects)).sum();
        // On average in less than every fourth object.
        self.named.len() >= MANY
            && self.objects >= 8
            && present * 4 < self.named.len() as u64 * u64::from(self.objects)
    }

    fn become_map(&mut self) {
        if self.entry.is_some() {
            return;
        }
        let mut entry = Shape::default();
        for mut field in std::mem::take(&mut self.named) {
            field.shape.forget_words();
            // Several keys of one result are still one call.
            entry.merge(field.shape, false);
        }
        self.entry = Some(entry);
    }
}

impl Shape {
    fn forget_words(&mut self) {
        if let Some(strings) = &mut self.string {
            strings.words = None;
        }
    }
}

/// Whether `key` is data and no name: an address, a date, a long number, anything long.
pub(crate) fn is_data(key: &str) -> bool {
    let digits = key.as_bytes().windows(5).any(|five| five.iter().all(u8::is_ascii_digit));
    let is_hex = key.len() >= 16 && key.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    key.len() > KEY_BYTES_MAX
        || key.is_empty()
        || key.contains('@')
        || digits
        || is_hex
        || key.bytes().all(|b| b.is_ascii_digit())
        || matches!(Form::of(key), Form::Date | Form::DateTime | Form::Number)
}

fn sum(a: u32, b: u32, across: bool) -> u32 {
    if across { a.saturating_add(b) } else { a.max(b) }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
