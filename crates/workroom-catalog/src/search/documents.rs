//! What a tool or a skill says of itself, as counted terms by field.

use std::collections::HashMap;

use serde_json::Value;

use super::{
    Skill,
    terms::{self, Stems},
};
use crate::{ServerEntry, ToolEntry, text};

/// How often a word counts within one field.
const REPEATS_MAX: u8 = 3;

/// The most bytes of a description that are indexed.
const TEXT_BYTES_MAX: usize = 2 * 1024;

/// The most bytes of a server's own description that are indexed: it stands at each of its tools.
const SERVER_BYTES_MAX: usize = 512;

/// The most parameters, and the most fields of the output, of one tool that are indexed.
const PARAMETERS_MAX: usize = 64;

/// The most bytes of one parameter's description that are indexed.
const PARAMETER_BYTES_MAX: usize = 160;

/// Name, server, summary, description, parameters, their descriptions, output, server's text.
pub(super) const FIELDS: usize = 8;

/// The terms of one server's tools.
#[derive(Debug)]
pub(crate) struct Documents(pub(super) Vec<Document>);

/// One tool or skill.
#[derive(Debug)]
pub(super) struct Document {
    /// In the order of their first occurrence.
    pub(super) terms: Vec<(Box<str>, [u8; FIELDS])>,
    pub(super) lengths: [u16; FIELDS],
}

impl Documents {
    pub(crate) fn of(server: &ServerEntry) -> Self {
        let mut stems = Stems::new();
        let name = [Some(server.name.as_str()), server.title.as_deref()];
        let name = name.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let about = text::prefix(server.about_itself(), SERVER_BYTES_MAX);
        let of = |tool| Document::of_tool(tool, &name, about, &mut stems);
        Self(server.tools.iter().map(of).collect())
    }

    pub(super) fn of_skills(skills: &[Skill]) -> Self {
        let mut stems = Stems::new();
        Self(skills.iter().map(|skill| Document::of_skill(skill, &mut stems)).collect())
    }
}

impl Document {
    fn of_tool(tool: &ToolEntry, server: &str, about: &str, stems: &mut Stems) -> Self {
        let mut filling = Filling::new(stems);
        let def = &tool.def;
        let title = def.title.as_deref().unwrap_or_default();
        let description = def.description.as_deref().unwrap_or_default();
        filling.words(&def.name, title, description);
        filling.add(1, text::prefix(server, 256));
        for (name, schema) in properties(&def.input_schema).take(PARAMETERS_MAX) {
            filling.add(4, text::prefix(name, 128));
            let about = schema.get("description").and_then(Value::as_str).unwrap_or_default();
            filling.add(5, text::prefix(about, PARAMETER_BYTES_MAX));
        }
        let output = def.output_schema.iter().flat_map(properties);
        for (name, schema) in output.take(PARAMETERS_MAX) {
            filling.add(6, text::prefix(name, 128));
            let items = schema.get("items").unwrap_or(schema);
            for (name, _) in properties(items).take(PARAMETERS_MAX) {
                filling.add(6, text::prefix(name, 128));
            }
        }
        filling.add(7, about);
        filling.done
    }

    fn of_skill(skill: &Skill, stems: &mut Stems) -> Self {
        let mut filling = Filling::new(stems);
        filling.words(&skill.name, "", &skill.description);
        for name in skill.parameters.iter().take(PARAMETERS_MAX) {
            filling.add(4, text::prefix(name, 128));
        }
        for name in skill.outputs.iter().take(PARAMETERS_MAX) {
            filling.add(6, text::prefix(name, 128));
        }
        filling.done
    }
}

/// A document that is being filled.
struct Filling<'a> {
    done: Document,
    places: HashMap<Box<str>, usize>,
    stems: &'a mut Stems,
}

impl<'a> Filling<'a> {
    fn new(stems: &'a mut Stems) -> Self {
        let done = Document { terms: Vec::new(), lengths: [0; FIELDS] };
        Self { done, places: HashMap::new(), stems }
    }

    fn words(&mut self, name: &str, title: &str, description: &str) {
        // A name counts whole: `what_is_new` is found by its name, too.
        self.add_all(0, text::prefix(name, 256), true);
        self.add(2, text::prefix(title, 256));
        let description = text::prefix(description, TEXT_BYTES_MAX);
        self.add(2, &text::summary(description));
        self.add(3, description);
    }

    fn add(&mut self, field: usize, text: &str) {
        self.add_all(field, text, false);
    }

    fn add_all(&mut self, field: usize, text: &str, whole: bool) {
        let Self { done: Document { terms, lengths }, places, stems } = self;
        terms::each(text, whole, stems, |term| {
            lengths[field] = lengths[field].saturating_add(1);
            let place = match places.get(term) {
                Some(place) => *place,
                None => {
                    places.insert(term.into(), terms.len());
                    terms.push((term.into(), [0; FIELDS]));
                    terms.len() - 1
                }
            };
            let count = &mut terms[place].1[field];
            *count = count.saturating_add(1).min(REPEATS_MAX);
        });
    }
}

/// The properties of an object's schema.
fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}
