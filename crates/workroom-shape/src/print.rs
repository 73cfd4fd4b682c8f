//! A shape as TypeScript.

use std::fmt::Write as _;

use crate::{
    observed::{Fields, Form, Shape, Strings, words::CALLS_BEFORE_WORDS},
    path::{is_plain, quoted},
};

/// An object of this many characters or less stays on one line.
const INLINE_CHARS_MAX: usize = 60;

/// The type of `shape`, with a comment beside each field that has more to say.
pub(crate) fn full(shape: &Shape, indent: &str) -> String {
    union(shape, |fields| block(fields, indent), |item| full(item, indent))
}

/// The type of `shape` on one line of about `most` characters at most.
pub(crate) fn compact(shape: &Shape, most: usize) -> String {
    inline(shape, 3, most)
}

fn inline(shape: &Shape, depth: usize, most: usize) -> String {
    if depth == 0 && shape.is_structured() {
        return "object".to_owned();
    }
    let fields = |fields: &Fields| {
        if let Some(entry) = &fields.entry {
            return format!("Record<string, {}>", inline(entry, depth - 1, most / 2));
        }
        let mut shown = Vec::new();
        let mut length = 0;
        for field in &fields.named {
            let ty = inline(&field.shape, depth - 1, most / 2);
            let text = format!("{}: {ty}", key(&field.key, field.objects < fields.objects));
            length += text.len() + 2;
            if length > most {
                shown.push(format!("… {} more", fields.named.len() - shown.len()));
                break;
            }
            shown.push(text);
        }
        if shown.is_empty() { "object".to_owned() } else { format!("{{ {} }}", shown.join("; ")) }
    };
    union(shape, fields, |item| inline(item, depth.saturating_sub(1), most))
}

/// One of the kinds that were seen, with objects as `object` writes them, and list entries as
/// `item` does.
fn union(
    shape: &Shape,
    object: impl Fn(&Fields) -> String,
    item: impl Fn(&Shape) -> String,
) -> String {
    let mut parts = Vec::new();
    if let Some(strings) = &shape.string {
        parts.extend(few_words(strings).unwrap_or_else(|| vec!["string".to_owned()]));
    }
    if shape.number > 0 {
        parts.push("number".to_owned());
    }
    if shape.boolean > 0 {
        parts.push("boolean".to_owned());
    }
    if let Some(list) = &shape.array {
        let inner = item(&list.item);
        let loose = inner.contains(" | ") && !inner.starts_with('{');
        parts.push(if loose { format!("({inner})[]") } else { format!("{inner}[]") });
    }
    if let Some(fields) = &shape.object {
        parts.push(object(fields));
    }
    if shape.null > 0 {
        parts.push("null".to_owned());
    }
    if parts.is_empty() || shape.is_cut && !shape.is_structured() {
        return "unknown".to_owned();
    }
    parts.join(" | ")
}

/// The words as literals, where they are few and seen often enough.
fn few_words(strings: &Strings) -> Option<Vec<String>> {
    let words = strings.words.as_ref().filter(|_| strings.calls >= CALLS_BEFORE_WORDS)?;
    Some(words.keys().map(|word| quoted(word)).collect())
}

fn block(fields: &Fields, indent: &str) -> String {
    if let Some(entry) = &fields.entry {
        return format!("Record<string, {}>", full(entry, indent));
    }
    let deeper = format!("{indent}  ");
    let mut lines = Vec::new();
    let mut is_plain = true;
    for field in &fields.named {
        let ty = full(&field.shape, &deeper);
        let about = about(&field.shape);
        is_plain &= about.is_empty() && !ty.contains('\n');
        lines.push((format!("{}: {ty};", key(&field.key, field.objects < fields.objects)), about));
    }
    if lines.is_empty() {
        // `{}` would be anything but `null`.
        return "Record<string, unknown>".to_owned();
    }
    let length: usize = lines.iter().map(|(line, _)| line.len() + 1).sum();
    if is_plain && length <= INLINE_CHARS_MAX {
        let lines: Vec<&str> = lines.iter().map(|(line, _)| line.trim_end_matches(';')).collect();
        return format!("{{ {} }}", lines.join("; "));
    }
    let mut out = "{\n".to_owned();
    for (line, about) in lines {
        let about = if about.is_empty() { about } else { format!(" // {about}") };
        let _ = writeln!(out, "{deeper}{line}{about}");
    }
    out + indent + "}"
}

fn key(key: &str, is_optional: bool) -> String {
    let mark = if is_optional { "?" } else { "" };
    if is_plain(key) { format!("{key}{mark}") } else { format!("{}{mark}", quoted(key)) }
}

/// What the type of `shape` does not say.
fn about(shape: &Shape) -> String {
    let mut facts = Vec::new();
    if let Some(strings) = &shape.string {
        match strings.form {
            Form::Date => facts.push("a date".to_owned()),
            Form::DateTime => facts.push("a date with time".to_owned()),
            Form::Number => facts.push("a number as text".to_owned()),
            Form::Empty => facts.push("empty".to_owned()),
            Form::Other if few_words(strings).is_none() => {
                facts.push(range(strings.least, strings.most, "character", "characters"));
            }
            Form::Other => {}
        }
    }
    if let Some(list) = &shape.array {
        facts.push(range(list.least, list.most, "entry", "entries"));
    }
    facts.join(", ")
}

fn range(least: u32, most: u32, one: &str, many: &str) -> String {
    match (least, most) {
        (1, 1) => format!("1 {one}"),
        (least, most) if least == most => format!("{least} {many}"),
        (least, most) => format!("{least} to {most} {many}"),
    }
}
