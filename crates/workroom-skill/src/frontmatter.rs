//! The YAML between the `---` of `SKILL.md`: read in full, written in one way.
//!
//! The parser gives events, and what is taken of them is little: a mapping of texts, lists of
//! texts and one mapping of texts below it. Every plain scalar is a text (`version: 1.0` is
//! `1.0`), so nothing depends on which words YAML takes for booleans. Anchors, aliases, tags and
//! second documents are refused: they are the parts by which a small text becomes a large value.

use std::{fmt::Write as _, panic::AssertUnwindSafe};

use saphyr_parser::{Event, Parser};

use crate::problem::visible;

/// The most nested level: a field's own list or mapping.
const DEPTH_MAX: usize = 2;

/// The most entries of a list or mapping that are read: more than any field may have.
const ENTRIES_MAX: usize = 1_000;

/// A value of the frontmatter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Text(String),
    List(Vec<String>),
    Map(Vec<(String, String)>),
}

/// Splits `SKILL.md` into the fields of its frontmatter and its body.
pub(crate) fn read(text: &str) -> Result<(Vec<(String, Field)>, String), String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let rest = text.strip_prefix("---\n").ok_or("the file does not begin with a line `---`")?;
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            let body = rest[at + line.len()..].trim_start_matches('\n').trim_end();
            return Ok((fields(&rest[..at])?, body.to_owned()));
        }
        at += line.len();
    }
    Err("there is no second line `---`".to_owned())
}

/// Writes `SKILL.md`.
pub(crate) fn write(fields: &[(&str, Field)], body: &str) -> String {
    let mut out = "---\n".to_owned();
    for (key, field) in fields {
        // Writing to a text cannot fail.
        let _ = match field {
            Field::Text(text) => writeln!(out, "{key}: {}", scalar(text)),
            Field::List(list) => {
                let _ = writeln!(out, "{key}:{}", if list.is_empty() { " []" } else { "" });
                list.iter().try_for_each(|text| writeln!(out, "  - {}", scalar(text)))
            }
            Field::Map(map) => {
                let _ = writeln!(out, "{key}:{}", if map.is_empty() { " {}" } else { "" });
                map.iter().try_for_each(|(key, text)| {
                    writeln!(out, "  {}: {}", scalar(key), scalar(text))
                })
            }
        };
    }
    out.push_str("---\n");
    if !body.is_empty() {
        let _ = write!(out, "\n{body}\n");
    }
    out
}

/// `text` as a plain scalar if every YAML reader takes it for a text, else in double quotes.
fn scalar(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '.' | ',' | '_');
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let word = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    if begins && !word && !text.ends_with(' ') && text.chars().all(is_plain) {
        return text.to_owned();
    }
    let mut out = "\"".to_owned();
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // What cannot be seen is written so that it can.
            c if c.is_control() || crate::scan::is_hidden(c) => {
                let _ = match u32::from(c) {
                    code if code > 0xffff => write!(out, "\\U{code:08x}"),
                    code => write!(out, "\\u{code:04x}"),
                };
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A container that is being filled: its field's key, and what is in it.
struct Frame {
    key: String,
    field: Field,
    /// The key that waits for its value, in a mapping.
    waiting: Option<String>,
}

/// Reads the mapping that `yaml` is.
fn fields(yaml: &str) -> Result<Vec<(String, Field)>, String> {
    // The parser's own `unwrap`s hold for all that was tried; one that does not ends the reading.
    let parse = AssertUnwindSafe(|| read_events(yaml));
    std::panic::catch_unwind(parse).unwrap_or_else(|_| Err("it is not YAML".to_owned()))
}

#[derive(Default)]
struct Reader {
    /// Whether the document's own mapping has begun and ended.
    began: bool,
    ended: bool,
    fields: Vec<(String, Field)>,
    key: Option<String>,
    inner: Option<Frame>,
}

fn read_events(yaml: &str) -> Result<Vec<(String, Field)>, String> {
    let mut reader = Reader::default();
    for event in Parser::new_from_str(yaml) {
        let (event, span) = event.map_err(|error| {
            // The line of the file: one `---` is before the YAML.
            format!("line {}: {}", error.marker().line() + 1, visible(error.info()))
        })?;
        let line = span.start.line() + 1;
        reader.event(event).map_err(|what| format!("line {line}: {what}"))?;
    }
    if reader.ended { Ok(reader.fields) } else { Err("it is empty".to_owned()) }
}

impl Reader {
    fn event(&mut self, event: Event<'_>) -> Result<(), &'static str> {
        match event {
            Event::DocumentStart(_) if self.ended => Err("there is a second document"),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::Alias(_)
            | Event::Scalar(_, _, 1.., _)
            | Event::SequenceStart(1.., _)
            | Event::MappingStart(1.., _) => Err("anchors and aliases are not read"),
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => Err("tags are not read"),
            Event::MappingStart(..) if !self.began => {
                self.began = true;
                Ok(())
            }
            Event::Scalar(..) | Event::SequenceStart(..) if !self.began => {
                Err("it is no mapping of fields")
            }
            Event::Scalar(text, ..) => self.scalar(text.into_owned()),
            Event::SequenceStart(..) => self.open(Field::List(Vec::new())),
            Event::MappingStart(..) => self.open(Field::Map(Vec::new())),
            Event::SequenceEnd | Event::MappingEnd => {
                match self.inner.take() {
                    Some(frame) => self.fields.push((frame.key, frame.field)),
                    None => self.ended = true,
                }
                Ok(())
            }
        }
    }

    fn open(&mut self, field: Field) -> Result<(), &'static str> {
        const { assert!(DEPTH_MAX == 2, "one container inside the document's own") };
        match (&self.inner, self.key.take()) {
            (None, Some(key)) => {
                self.inner = Some(Frame { key, field, waiting: None });
                Ok(())
            }
            (None, None) => Err("a key must be a text"),
            (Some(_), _) => Err("it is nested deeper than one level"),
        }
    }

    fn scalar(&mut self, text: String) -> Result<(), &'static str> {
        const TWICE: &str = "a key is there twice";
        const MANY: &str = "there are too many entries";
        if let Some(frame) = &mut self.inner {
            match &mut frame.field {
                Field::List(list) if list.len() < ENTRIES_MAX => list.push(text),
                Field::Map(map) if map.len() < ENTRIES_MAX => match frame.waiting.take() {
                    Some(key) => map.push((key, text)),
                    None if map.iter().any(|(key, _)| *key == text) => return Err(TWICE),
                    None => frame.waiting = Some(text),
                },
                _ => return Err(MANY),
            }
            return Ok(());
        }
        match self.key.take() {
            Some(key) => self.fields.push((key, Field::Text(text))),
            None if self.fields.iter().any(|(key, _)| *key == text) => return Err(TWICE),
            None if self.fields.len() == ENTRIES_MAX => return Err(MANY),
            None => self.key = Some(text),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(yaml: &str, expected: &Expect) {
        let found = match read(&format!("---\n{yaml}\n---\nBody\n")) {
            Ok((fields, body)) => {
                assert_eq!(body, "Body");
                let lines: Vec<String> =
                    fields.iter().map(|(key, field)| format!("{key} = {field:?}")).collect();
                lines.join("\n")
            }
            Err(error) => format!("error: {error}"),
        };
        expected.assert_eq(&found);
    }

    #[test]
    fn texts_lists_and_a_mapping_are_read_in_every_style() {
        check(
            "name: pdf-processing # what it is called\n\
             description: >-\n  Extracts text\n  and tables.\n\
             license: 'it''s mine'\n\
             compatibility: \"tab\\tand \\u00e9\"\n\
             allowed-tools: [Bash(git:*), \"Read\"]\n\
             metadata:\n  version: 1.0\n  is: true\n  none: ~",
            &expect![[r#"
                name = Text("pdf-processing")
                description = Text("Extracts text and tables.")
                license = Text("it's mine")
                compatibility = Text("tab\tand é")
                allowed-tools = List(["Bash(git:*)", "Read"])
                metadata = Map([("version", "1.0"), ("is", "true"), ("none", "~")])"#]],
        );
        check(
            "a: |\n  one\n  two\nb:\n  - x\n  - y",
            &expect![[r#"
            a = Text("one\ntwo\n")
            b = List(["x", "y"])"#]],
        );
    }

    #[test]
    fn what_makes_much_of_little_is_refused() {
        check("a: &x 1\nb: *x", &expect!["error: line 2: anchors and aliases are not read"]);
        check("a: !!python/object 1", &expect!["error: line 2: tags are not read"]);
        check("a: [[1]]", &expect!["error: line 2: it is nested deeper than one level"]);
        check("a: {b: {c: 1}}", &expect!["error: line 2: it is nested deeper than one level"]);
        check("a: 1\na: 2", &expect!["error: line 3: a key is there twice"]);
        check("m:\n  a: 1\n  a: 2", &expect!["error: line 4: a key is there twice"]);
        check("- a", &expect!["error: line 2: it is no mapping of fields"]);
        check("[a]: 1", &expect!["error: line 2: a key must be a text"]);
        check("", &expect!["error: it is empty"]);
        check("a: 1\n...\nb: 2", &expect!["error: line 4: there is a second document"]);
        check(
            "a: \"",
            &expect![
                "error: line 2: while scanning a quoted scalar, found unexpected end of stream"
            ],
        );
        let long = format!("a: [{}]", "1,".repeat(ENTRIES_MAX + 1));
        check(&long, &expect!["error: line 2: there are too many entries"]);
    }

    #[test]
    fn the_frontmatter_is_between_two_lines() {
        assert!(read("name: x").unwrap_err().contains("does not begin"));
        assert!(read("---\nname: x").unwrap_err().contains("no second line"));
        let (fields, body) = read("\u{feff}---\r\nname: x\r\n---\r\n\r\nA\r\nB\r\n").unwrap();
        assert_eq!(fields, [("name".to_owned(), Field::Text("x".to_owned()))]);
        assert_eq!(body, "A\nB");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let hard = [
            "plain words",
            "true",
            "No",
            "1.5",
            " led",
            "trailed ",
            "a: b",
            "a #b",
            "",
            "~",
            "é—☃",
            "line\nbreak\ttab",
            "quote\" back\\slash",
            "nul\0 esc\u{1b} del\u{7f} nel\u{85}",
            "\u{200b}\u{202e}\u{2028}\u{feff}\u{e0041}",
            "- x",
            "{a}",
            "[a]",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a`",
            "'a'",
            "? a",
            "---",
            "...",
            "a,b",
        ];
        let list: Vec<String> = hard.iter().map(|&text| text.to_owned()).collect();
        let map = list.iter().map(|text| (text.clone(), text.clone())).collect();
        let mut fields = vec![("list", Field::List(list)), ("map", Field::Map(map))];
        fields.extend([("none", Field::List(vec![])), ("empty", Field::Map(vec![]))]);
        let text = write(&fields, "body\n---\nmore");
        let (read, body) = read(&text).unwrap();
        let read: Vec<_> = read.iter().map(|(key, field)| (key.as_str(), field.clone())).collect();
        assert_eq!(read, fields);
        assert_eq!(body, "body\n---\nmore");
    }

    #[test]
    fn no_text_panics() {
        let words = [
            "a", ":", " ", "\n", "-", "[", "]", "{", "}", "\"", "'", "|", ">", "#", "?", "&x",
            "*x", "!t", "%", "---\n", "\t", "é", "\u{85}",
        ];
        let mut state: u64 = 7;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..12 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                text.push_str(words[usize::try_from(state >> 40).unwrap() % words.len()]);
            }
            let _ = fields(&text);
        }
    }
}
