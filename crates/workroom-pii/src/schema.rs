//! What a tool's output schema says of a value.

use serde_json::Value;

use crate::{
    Kind,
    keys::{self, Meaning},
};

/// The most references that are followed for one step, and alternatives that are looked at.
const REFERENCES_MAX: usize = 8;
const ALTERNATIVES_MAX: usize = 16;

/// A schema, and the document that its references lead into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema<'a> {
    root: &'a Value,
    here: &'a Value,
}

impl<'a> Schema<'a> {
    pub(crate) fn new(root: &'a Value) -> Schema<'a> {
        Schema { root, here: root }.resolved()
    }

    /// The schema of a property.
    pub(crate) fn property(self, key: &str) -> Option<Schema<'a>> {
        self.find(|here| {
            let properties = here.get("properties").and_then(|properties| properties.get(key));
            properties.or_else(|| here.get("additionalProperties").filter(|more| more.is_object()))
        })
    }

    /// The schema of the items.
    pub(crate) fn items(self) -> Option<Schema<'a>> {
        self.find(|here| here.get("items").filter(|items| items.is_object()))
    }

    /// What the format, or else the title, says the value is.
    pub(crate) fn kind(self) -> Option<Kind> {
        let here = self.here;
        let format = here.get("format").and_then(Value::as_str).and_then(|format| match format {
            "email" | "idn-email" => Some(Kind::Email),
            "ipv4" | "ipv6" => Some(Kind::Ip),
            "phone" | "tel" => Some(Kind::Phone),
            "password" => Some(Kind::Credential),
            "iban" => Some(Kind::Iban),
            "credit-card" => Some(Kind::CreditCard),
            _ => None,
        });
        format.or_else(|| {
            let title = here.get("title").and_then(Value::as_str)?;
            match keys::read(title).meaning {
                Some(Meaning::Is(kind)) => Some(kind),
                _ => None,
            }
        })
    }

    /// The first of this schema and its alternatives in which `step` leads somewhere.
    fn find(self, step: impl Fn(&'a Value) -> Option<&'a Value>) -> Option<Schema<'a>> {
        let next = |here| Schema { root: self.root, here }.resolved();
        if let Some(here) = step(self.here) {
            return Some(next(here));
        }
        let alternatives = ["anyOf", "oneOf", "allOf"].into_iter();
        alternatives
            .filter_map(|word| self.here.get(word).and_then(Value::as_array))
            .flatten()
            .take(ALTERNATIVES_MAX)
            .find_map(|alternative| step(next(alternative).here).map(next))
    }

    /// Where the references end.
    fn resolved(mut self) -> Schema<'a> {
        for _ in 0..REFERENCES_MAX {
            let reference = self.here.get("$ref").and_then(Value::as_str);
            let pointer = reference.and_then(|reference| reference.strip_prefix('#'));
            match pointer.and_then(|pointer| self.root.pointer(pointer)) {
                Some(here) => self.here = here,
                None => break,
            }
        }
        self
    }
}
