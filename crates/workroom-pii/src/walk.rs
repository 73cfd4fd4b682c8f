//! JSON, value by value, with what its keys, its schema and what stands beside it say.

use std::{borrow::Cow, collections::HashMap, rc::Rc};

use serde_json::{Map, Number, Value};

use crate::{
    Found, Kind, Limits, Place, Rules, Sink, Withheld,
    context::Context,
    embedded,
    fold::{fold, unreadable},
    keys::{self, Key, Meaning},
    leaf::{self, Beside, Reading, Tells},
    rules::{At, Verdict, verdict},
    scan::{Scanner, Style},
    schema::Schema,
    span::Span,
};

/// What is known of the value that is looked at.
#[derive(Clone, Default)]
pub(crate) struct Around<'a> {
    /// The nearest key that says something.
    pub(crate) key: Option<Rc<KeyInfo>>,
    /// What the value's own record says of it.
    pub(crate) beside: Beside,
    /// Its schema.
    pub(crate) schema: Option<Schema<'a>>,
}

/// A key, with what its words are as context.
#[derive(Debug)]
pub(crate) struct KeyInfo {
    /// The key itself.
    pub(crate) name: Rc<str>,
    /// Whether its value says what the record is of.
    pub(crate) refers: bool,
    /// What it says of the record that it is in.
    pub(crate) tells: Tells,
    pub(crate) key: Key,
    pub(crate) context: Context,
}

/// One walk over a value.
pub(crate) struct Walk<'a> {
    scanner: Scanner<'a>,
    rules: Vec<&'a Rules>,
    limits: Limits,
    place: Place<'a>,
    sink: &'a mut dyn Sink,
    /// The steps to the value; `None` is an index or a key that is data.
    steps: Vec<Option<Rc<str>>>,
    /// The same, as it is shown.
    path: String,
    /// The keys that were read: the records of a list have the same.
    known: HashMap<Rc<str>, Rc<KeyInfo>>,
    nested: usize,
}

/// What a string holds.
enum Inside {
    /// JSON, and how it reads now, if anything was found in it.
    Json(Option<String>),
    /// No JSON.
    Text,
}

/// The most different keys that are remembered: keys can be data.
const KNOWN_MAX: usize = 4_096;

impl<'a> Walk<'a> {
    pub(crate) fn new(
        scanner: Scanner<'a>,
        rules: Vec<&'a Rules>,
        limits: Limits,
        place: Place<'a>,
        sink: &'a mut dyn Sink,
    ) -> Walk<'a> {
        Walk {
            scanner,
            rules,
            limits,
            place,
            sink,
            steps: Vec::new(),
            path: "$".to_owned(),
            known: HashMap::new(),
            nested: 0,
        }
    }

    /// Replaces what is found in `value`.
    pub(crate) fn json(&mut self, value: &mut Value) -> Result<(), Withheld> {
        let around = Around { schema: self.place.schema.map(Schema::new), ..Around::default() };
        self.value(value, &around)
    }

    /// Replaces what is found in `text`.
    pub(crate) fn text(&mut self, text: &str) -> Result<Option<String>, Withheld> {
        self.string(text, &Around { beside: Beside::prose(), ..Around::default() })
    }

    fn value(&mut self, value: &mut Value, around: &Around<'_>) -> Result<(), Withheld> {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => {
                if let Some(text) = self.number(number, around)? {
                    *value = Value::String(text);
                }
            }
            Value::String(string) => {
                if let Some(text) = self.string(string, around)? {
                    *string = text;
                }
            }
            Value::Array(items) => {
                self.enter(None)?;
                let around = Around {
                    schema: around.schema.and_then(super::schema::Schema::items),
                    ..around.clone()
                };
                for item in items {
                    self.value(item, &around)?;
                }
                self.leave();
            }
            Value::Object(map) => self.object(map, around)?,
        }
        Ok(())
    }

    fn object(
        &mut self,
        map: &mut Map<String, Value>,
        around: &Around<'_>,
    ) -> Result<(), Withheld> {
        let infos: Vec<Rc<KeyInfo>> = map.keys().map(|key| self.read(key)).collect();
        let record = leaf::record(map, &infos);
        let label = leaf::labelled(map, &infos).map(|label| self.read(&label));
        let mut renamed = false;
        let mut keys: Vec<Option<String>> = Vec::with_capacity(map.len());
        for ((key, value), info) in map.iter_mut().zip(&infos) {
            let new = self.key(key)?;
            let is_data = new.is_some();
            self.enter(if is_data { None } else { Some(Rc::clone(&info.name)) })?;
            let next = Around {
                key: leaf::key_of(info, label.as_ref(), around.key.as_ref()),
                beside: leaf::beside(record, around),
                schema: around.schema.and_then(|schema| schema.property(key)),
            };
            self.value(value, &next)?;
            self.leave();
            renamed |= is_data;
            keys.push(new);
        }
        if renamed {
            let old = std::mem::take(map);
            for ((key, value), new) in old.into_iter().zip(keys) {
                map.insert(new.unwrap_or(key), value);
            }
        }
        Ok(())
    }

    /// What a key is replaced by, if it is data.
    fn key(&mut self, key: &str) -> Result<Option<String>, Withheld> {
        let can_be_data = key.len() >= 5
            && key
                .bytes()
                .any(|b| b == b'@' || b == b' ' || b == b'[' || b.is_ascii_digit() || b >= 0x80);
        if !can_be_data {
            return Ok(None);
        }
        self.check_length(key)?;
        let folded = fold(key);
        let spans = self.scanner.scan(&folded.text, Style::Value, &Context::default());
        let spans = original(spans, |start, end| folded.original(start, end));
        self.replace(key, &spans, None)
    }

    /// What `key` says, read once.
    fn read(&mut self, key: &str) -> Rc<KeyInfo> {
        if let Some(known) = self.known.get(key) {
            return Rc::clone(known);
        }
        let read = keys::read(key);
        let context = leaf::context(&read);
        let name: Rc<str> = Rc::from(key);
        let tells = leaf::tells(&read);
        let refers =
            matches!(key, "resourceType" | "@type" | "objectType" | "reference" | "type" | "kind");
        let info = Rc::new(KeyInfo { name: Rc::clone(&name), refers, tells, key: read, context });
        if self.known.len() < KNOWN_MAX {
            self.known.insert(name, Rc::clone(&info));
        }
        info
    }

    fn number(&mut self, number: &Number, around: &Around<'_>) -> Result<Option<String>, Withheld> {
        let text = number.to_string();
        let found = match self.verdict() {
            Verdict::Clear => return Ok(None),
            Verdict::Mask => Some((leaf::kind(around).unwrap_or(Kind::Custom), "path", 100)),
            Verdict::Silent => leaf::number(&text, around),
        };
        if let Some((kind, detector, confidence)) = found {
            let span = Span::new((0, text.len()), kind, detector, confidence);
            if !self.scanner.profile.takes(kind, confidence) {
                return Ok(None);
            }
            return self.replace(&text, &[span], around.key.as_deref());
        }
        // A whole number may be a card's or an account's; a fraction is an amount.
        if text.len() < 9 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(None);
        }
        let default = Context::default();
        let context = around.key.as_ref().map_or(&default, |info| &info.context);
        let spans = self.scanner.scan(&text, Style::Code, context);
        let whole = spans.len() == 1 && spans[0].start == 0 && spans[0].end == text.len();
        if whole { self.replace(&text, &spans, around.key.as_deref()) } else { Ok(None) }
    }

    fn string(&mut self, text: &str, around: &Around<'_>) -> Result<Option<String>, Withheld> {
        if text.is_empty() {
            return Ok(None);
        }
        self.check_length(text)?;
        let verdict = self.verdict();
        if verdict == Verdict::Mask {
            let kind = leaf::kind(around).unwrap_or(Kind::Custom);
            return self.whole(text, kind, "path", 100, around);
        }
        if let Inside::Json(printed) = self.embedded(text, around)? {
            return Ok(printed);
        }
        if unreadable(text) {
            let reason = "a text is in an unknown character set".to_owned();
            return Err(Withheld { reason });
        }
        let mut spans = self.spans(text, around);
        if verdict == Verdict::Clear {
            spans.retain(|span| span.kind == Kind::Credential);
        } else if self.scanner.profile.all_text() && leaf::is_free_text(text, around) {
            let found = spans.first().filter(|s| s.end - s.start >= text.trim().len());
            let kind = found.map_or(Kind::Text, |span| span.kind);
            return self.whole(text, kind, "text", 100, around);
        }
        self.replace(text, &spans, around.key.as_deref())
    }

    /// Replaces the whole of `text`, but for the spaces around it.
    fn whole(
        &mut self,
        text: &str,
        kind: Kind,
        detector: &'static str,
        confidence: u8,
        around: &Around<'_>,
    ) -> Result<Option<String>, Withheld> {
        let range = leaf::trimmed(text);
        if range.0 == range.1 {
            return Ok(None);
        }
        let span = Span::new(range, kind, detector, confidence);
        self.replace(text, &[span], around.key.as_deref())
    }

    /// Walks JSON inside a string.
    fn embedded(&mut self, text: &str, around: &Around<'_>) -> Result<Inside, Withheld> {
        let mut values = match embedded::json(text) {
            Some(value) => vec![value],
            None => match embedded::json_lines(text) {
                Some(values) => values,
                None => return Ok(Inside::Text),
            },
        };
        if self.nested >= self.limits.nested {
            return Err(Withheld {
                reason: format!("JSON is inside JSON more than {} times", self.limits.nested),
            });
        }
        self.nested += 1;
        let before = values.clone();
        let inner = Around { schema: None, ..around.clone() };
        for value in &mut values {
            self.value(value, &inner)?;
        }
        self.nested -= 1;
        if values == before {
            return Ok(Inside::Json(None));
        }
        let printed: Vec<String> = match values.as_slice() {
            [one] => vec![embedded::print(one, text)],
            many => many.iter().map(Value::to_string).collect(),
        };
        Ok(Inside::Json(Some(printed.join("\n"))))
    }

    /// What is found in a text, in its own bytes.
    fn spans(&mut self, text: &str, around: &Around<'_>) -> Vec<Span> {
        let default = Context::default();
        let context = around.key.as_ref().map_or(&default, |info| &info.context);
        let style = match leaf::reading(text, around) {
            Reading::Whole(kind, detector, confidence)
                if self.scanner.profile.takes(kind, confidence) =>
            {
                return vec![Span::new(leaf::trimmed(text), kind, detector, confidence)];
            }
            Reading::Whole(..) => Style::Value,
            Reading::As(style) => style,
        };
        let cells = if text.len() >= 8 { embedded::cells(text) } else { Vec::new() };
        let mut spans = Vec::new();
        let mut at = 0;
        for cell in &cells {
            if cell.start < at || cell.end <= cell.start {
                continue;
            }
            self.piece(text, (at, cell.start), style, context, &mut spans);
            let info = self.read(&cell.header);
            let around = Around { key: Some(Rc::clone(&info)), ..Around::default() };
            let inner = text.get(cell.start..cell.end).unwrap_or_default();
            match leaf::reading(inner, &around) {
                Reading::Whole(kind, _, confidence)
                    if self.scanner.profile.takes(kind, confidence) =>
                {
                    let range = (cell.start, cell.end);
                    spans.push(Span::new(range, kind, "header", confidence));
                }
                Reading::Whole(..) => {
                    self.piece(text, (cell.start, cell.end), Style::Value, context, &mut spans);
                }
                Reading::As(style) => {
                    let range = (cell.start, cell.end);
                    self.piece(text, range, style, &info.context, &mut spans);
                }
            }
            at = cell.end;
        }
        self.piece(text, (at, text.len()), style, context, &mut spans);
        spans
    }

    /// Adds what is found in a part of a text.
    fn piece(
        &mut self,
        text: &str,
        range: (usize, usize),
        style: Style,
        context: &Context,
        spans: &mut Vec<Span>,
    ) {
        let Some(part) = text.get(range.0..range.1).filter(|part| part.len() > 1) else { return };
        let folded = fold(part);
        let found = self.scanner.scan(&folded.text, style, context);
        spans.extend(original(found, |start, end| {
            let (start, end) = folded.original(start, end);
            (range.0 + start, range.0 + end)
        }));
    }

    /// The text with the sink's words in place of the findings; `None` where it stays as it is.
    fn replace(
        &mut self,
        text: &str,
        spans: &[Span],
        key: Option<&KeyInfo>,
    ) -> Result<Option<String>, Withheld> {
        let owner = if spans.is_empty() { None } else { self.owner(key) };
        let mut out = String::new();
        let mut changed = false;
        // Where the text begins that nothing has replaced yet: what the sink leaves belongs to it.
        let mut kept = 0;
        for span in spans {
            let value = text.get(span.start..span.end).unwrap_or_default();
            if value.is_empty() || span.start < kept {
                continue;
            }
            let found = Found {
                kind: span.kind,
                value,
                path: &self.path,
                owner: owner.as_deref(),
                detector: span.detector,
                confidence: span.confidence,
            };
            let Some(replacement) = self.sink.replace(&found)? else { continue };
            out.push_str(&self.escaped(text.get(kept..span.start).unwrap_or_default()));
            out.push_str(&replacement);
            kept = span.end;
            changed = true;
        }
        let rest = text.get(kept..).unwrap_or_default();
        let rest = self.escaped(rest);
        if !changed && matches!(rest, Cow::Borrowed(_)) {
            return Ok(None);
        }
        out.push_str(&rest);
        Ok(Some(out))
    }

    fn escaped<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        self.sink.escape(text).map_or(Cow::Borrowed(text), Cow::Owned)
    }

    /// Whose the value is: what its own key says, or the nearest key above that is a person's,
    /// or else the nearest that is anything.
    fn owner(&mut self, key: Option<&KeyInfo>) -> Option<String> {
        if let Some(owner) = key.and_then(|info| info.key.owner()) {
            return Some(owner.to_owned());
        }
        let above = self.steps.len().checked_sub(1)?;
        let names: Vec<Rc<str>> = self.steps[..above].iter().rev().flatten().cloned().collect();
        let infos: Vec<Rc<KeyInfo>> = names.iter().map(|name| self.read(name)).collect();
        let person = infos.iter().find_map(|info| {
            let is_person = info.key.meaning == Some(Meaning::Person);
            let last = info.key.words.last().filter(|_| is_person)?;
            Some(keys::singular(last).to_owned())
        });
        person.or_else(|| {
            let other = infos.iter().find(|info| {
                !matches!(
                    info.key.meaning,
                    Some(
                        Meaning::Wrapper
                            | Meaning::Is(_)
                            | Meaning::Name
                            | Meaning::Label
                            | Meaning::Value
                    )
                )
            })?;
            let words = &other.key.words;
            let (last, rest) = words.split_last().filter(|_| words.len() <= 3)?;
            let mut words: Vec<&str> = rest.iter().map(String::as_str).collect();
            words.push(keys::singular(last));
            let owner = words.join("_");
            Some(owner).filter(|owner| owner.len() <= 32)
        })
    }

    fn verdict(&self) -> Verdict {
        if self.rules.is_empty() {
            return Verdict::Silent;
        }
        let path: Vec<At<'_>> =
            self.steps.iter().map(|step| step.as_deref().map_or(At::Index, At::Key)).collect();
        verdict(&self.rules, &path)
    }

    fn check_length(&self, text: &str) -> Result<(), Withheld> {
        if text.len() > self.limits.text_bytes {
            let reason = format!("a text is longer than {} bytes", self.limits.text_bytes);
            return Err(Withheld { reason });
        }
        Ok(())
    }

    fn enter(&mut self, key: Option<Rc<str>>) -> Result<(), Withheld> {
        if self.steps.len() >= self.limits.depth {
            let reason = format!("its JSON is deeper than {}", self.limits.depth);
            return Err(Withheld { reason });
        }
        match &key {
            None => self.path.push_str("[]"),
            Some(key) => {
                self.path.push('.');
                self.path.push_str(key);
            }
        }
        self.steps.push(key);
        Ok(())
    }

    fn leave(&mut self) {
        let length = match self.steps.pop() {
            Some(Some(key)) => key.len() + 1,
            Some(None) => 2,
            None => 0,
        };
        self.path.truncate(self.path.len().saturating_sub(length));
    }
}

/// The findings in the bytes of the text that was folded.
fn original(spans: Vec<Span>, back: impl Fn(usize, usize) -> (usize, usize)) -> Vec<Span> {
    spans
        .into_iter()
        .map(|span| {
            let (start, end) = back(span.start, span.end);
            Span { start, end, ..span }
        })
        .collect()
}
