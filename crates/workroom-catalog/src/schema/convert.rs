//! Walks a schema and builds its [`Type`].

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{
    DEPTH_MAX, ENUM_BYTES_MAX, ENUM_VALUES_MAX, NODES_MAX, Role, TYPE_BYTES_MAX, cycles,
    facts::{self, Facts},
    types::{Local, Object, Property, Tuple, Type},
};
use crate::{names, text};

/// The most references that are followed from one to the next without a schema between.
const HOPS_MAX: usize = 100;

/// The most notes of one type.
const NOTES_MAX: usize = 4;

/// The most elements of a tuple that are shown one by one.
const TUPLE_MAX: usize = 24;

/// Keywords that decide the type. One beside a `$ref` narrows what it points at.
const TYPING: [&str; 6] = ["properties", "allOf", "anyOf", "oneOf", "enum", "const"];

/// Names of types that generated files use, or that readers take for the global ones.
const GLOBAL_TYPES: [&str; 14] = [
    "Array", "Boolean", "Date", "Error", "Function", "Map", "Number", "Object", "Omit", "Partial",
    "Promise", "Record", "Set", "String",
];

pub(super) struct Converter<'a> {
    document: &'a Value,
    depth_max: usize,
    facts: Facts,
    locals: Vec<Local>,
    /// By the schema's address: two pointers to one place are one type.
    by_address: HashMap<*const Value, usize>,
    /// Locals whose conversion is under way.
    open: HashSet<usize>,
    taken: HashSet<String>,
    notes: Vec<String>,
    nodes: usize,
    /// Of names and comments.
    bytes: usize,
}

impl<'a> Converter<'a> {
    pub(super) fn new(
        document: &'a Value,
        depth_max: usize,
        comment_bytes: usize,
        taken: &[String],
        name: &str,
    ) -> Self {
        let globals = GLOBAL_TYPES.iter().map(|name| (*name).to_owned());
        let root = Local {
            name: name.to_owned(),
            ty: Type::Unknown,
            doc: Vec::new(),
            uses: 0,
            cyclic: false,
        };
        Self {
            document,
            depth_max,
            facts: Facts { bytes_max: comment_bytes },
            locals: vec![root],
            by_address: HashMap::from([(std::ptr::from_ref(document), 0)]),
            open: HashSet::from([0]),
            taken: globals.chain(taken.iter().cloned()).chain([name.to_owned()]).collect(),
            notes: Vec::new(),
            nodes: 0,
            bytes: 0,
        }
    }

    /// The document's type. It is also local 0, for references to the whole document.
    pub(super) fn root(&mut self, role: Role) -> Type {
        let mut ty = self.convert(self.document, 0);
        if role == Role::Input {
            ty = self.as_input(ty);
        }
        self.locals[0].ty = ty.clone();
        self.locals[0].doc = match role {
            Role::Input => self.facts.of_arguments(self.document),
            Role::Output => self.doc(self.document),
        };
        if cycles::cut_bare(&mut self.locals) {
            self.note("a type that is nothing but itself is left out");
        }
        self.locals[0].ty.clone()
    }

    /// The arguments of a call are always an object, whatever the schema says of them.
    fn as_input(&mut self, ty: Type) -> Type {
        let ty = match ty {
            Type::Local(local) if !self.locals[local].cyclic => self.locals[local].ty.clone(),
            other => other,
        };
        match ty {
            Type::Object(mut object) => {
                // `{"type": "object"}` is how servers say that a tool takes nothing.
                object.closed |= self.document.as_object().is_some_and(|schema| {
                    !schema.contains_key("patternProperties")
                        && schema.get("additionalProperties") != Some(&Value::Bool(true))
                });
                Type::Object(object)
            }
            Type::Union(_) | Type::All(_) | Type::Local(_) => ty,
            Type::Unknown | Type::Text(_) | Type::Array(_) | Type::Tuple(_) => {
                self.note("the server gives no usable schema of the arguments");
                Type::Object(Object { rest: Some(Box::new(Type::Unknown)), ..Object::default() })
            }
        }
    }

    pub(super) fn locals(&self) -> &[Local] {
        &self.locals
    }

    pub(super) fn notes(&self) -> &[String] {
        &self.notes
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.locals.iter().map(|local| local.name.clone()).collect()
    }

    /// The schema has more parts than may be looked at, whatever is said of them.
    pub(super) fn has_too_many_parts(&self) -> bool {
        self.nodes > NODES_MAX
    }

    /// More of the schema was met than may be looked at.
    pub(super) fn overflowed(&self) -> bool {
        self.has_too_many_parts() || self.bytes > 2 * TYPE_BYTES_MAX
    }

    fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if self.notes.len() < NOTES_MAX && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn convert(&mut self, schema: &'a Value, depth: usize) -> Type {
        self.nodes += 1;
        if self.overflowed() {
            return Type::Unknown;
        }
        let schema = match schema {
            Value::Object(schema) => schema,
            Value::Bool(false) => return Type::text("never"),
            Value::Bool(true) => return Type::Unknown,
            _ => {
                self.note("a part of the schema is not a schema");
                return Type::Unknown;
            }
        };
        if depth >= self.depth_max && !is_flat(schema) {
            self.note(format!("levels deeper than {} are `unknown`", self.depth_max));
            return Type::Unknown;
        }
        let reference =
            ["$ref", "$dynamicRef", "$recursiveRef"].iter().find_map(|k| schema.get(*k));
        if let Some(Value::String(reference)) = reference {
            let target = self.reference(reference, depth);
            if !TYPING.iter().any(|key| schema.contains_key(*key)) {
                return nullable(schema, target);
            }
            let beside = self.beside(schema, depth);
            return nullable(schema, Type::all([target, beside]));
        }
        let ty = self.beside(schema, depth);
        nullable(schema, ty)
    }

    /// What `schema` says beside a reference.
    fn beside(&mut self, schema: &'a Map<String, Value>, depth: usize) -> Type {
        if let Some(value) = schema.get("const") {
            return self.literals(std::slice::from_ref(value), schema);
        }
        if let Some(Value::Array(values)) = schema.get("enum") {
            return self.literals(values, schema);
        }
        for key in ["not", "if", "dependentRequired", "dependentSchemas", "dependencies"] {
            if schema.get(key).is_some_and(|it| it.as_object().is_none_or(|it| !it.is_empty())) {
                self.note(format!("the schema's `{key}` is not shown"));
            }
        }
        let base = self.typed(schema, depth);
        let mut parts = Vec::new();
        for key in ["anyOf", "oneOf"] {
            if let Some(Value::Array(options)) = schema.get(key) {
                if options.len() > NODES_MAX {
                    self.nodes += options.len();
                    return Type::Unknown;
                }
                let options: Vec<&Value> =
                    options.iter().filter(|it| !facts::only_requires(it)).collect();
                let types = options.into_iter().map(|it| self.convert(it, depth + 1));
                let types: Vec<Type> = types.collect();
                if !types.is_empty() {
                    parts.push(Type::union(types));
                }
            }
        }
        if let Some(Value::Array(all)) = schema.get("allOf") {
            parts.extend(
                all.iter()
                    .take(NODES_MAX)
                    .map(|it| self.convert(it, depth + 1))
                    .collect::<Vec<_>>(),
            );
        }
        parts.retain(|part| *part != Type::Unknown);
        let vague = match &base {
            Type::Unknown | Type::Text(_) => true,
            Type::Union(of) => of.iter().all(|it| matches!(it, Type::Text(_))),
            Type::Object(object) => object.properties.is_empty() && object.rest.is_none(),
            Type::Array(item) => **item == Type::Unknown,
            Type::Tuple(_) | Type::All(_) | Type::Local(_) => false,
        };
        match (parts.is_empty(), vague) {
            (true, _) => base,
            (false, true) => Type::all(parts),
            (false, false) => Type::all(std::iter::once(base).chain(parts)),
        }
    }

    /// The type by `type`, or by the keywords that only one type has.
    fn typed(&mut self, schema: &'a Map<String, Value>, depth: usize) -> Type {
        let has = |keys: &[&str]| keys.iter().any(|key| schema.contains_key(*key));
        match schema.get("type") {
            Some(Value::String(name)) => self.named(name, schema, depth),
            Some(Value::Array(names)) => {
                let names: Vec<&str> = names.iter().take(16).filter_map(Value::as_str).collect();
                let types: Vec<Type> =
                    names.iter().map(|name| self.named(name, schema, depth)).collect();
                Type::union(types)
            }
            None if has(&[
                "properties",
                "additionalProperties",
                "patternProperties",
                "required",
            ]) =>
            {
                self.object(schema, depth)
            }
            None if has(&["items", "prefixItems"]) => self.array(schema, depth),
            None if has(&["pattern", "minLength", "maxLength"]) => Type::text("string"),
            None if has(&["minimum", "maximum", "multipleOf"]) => Type::text("number"),
            _ => Type::Unknown,
        }
    }

    fn named(&mut self, name: &str, schema: &'a Map<String, Value>, depth: usize) -> Type {
        match name {
            "string" | "number" | "boolean" | "null" => Type::text(name),
            "integer" => Type::text("number"),
            "object" => self.object(schema, depth),
            "array" => self.array(schema, depth),
            _ => {
                let name = text::one_line(name, 40);
                self.note(format!("the schema's type `{name}` does not exist"));
                Type::Unknown
            }
        }
    }

    fn object(&mut self, schema: &'a Map<String, Value>, depth: usize) -> Type {
        let required: HashSet<&str> = match schema.get("required") {
            Some(Value::Array(names)) => {
                names.iter().take(NODES_MAX).filter_map(Value::as_str).collect()
            }
            _ => HashSet::new(),
        };
        let empty = Map::new();
        let given = schema.get("properties").and_then(Value::as_object);
        let mut properties = Vec::new();
        for (key, value) in given.into_iter().flatten() {
            if self.overflowed() {
                break;
            }
            let ty = self.convert(value, depth + 1);
            // draft-03 has `required` on the property itself.
            let itself = value.get("required") == Some(&Value::Bool(true));
            let optional = !required.contains(key.as_str()) && !itself;
            let doc = self.doc(value);
            self.bytes += key.len();
            properties.push(Property { key: key.clone(), optional, ty, doc });
        }
        let given = given.unwrap_or(&empty);
        // The order of the schema, not of the set.
        let listed = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        let mut missing: HashSet<&str> = HashSet::new();
        for key in listed.take(NODES_MAX + 1).filter_map(Value::as_str) {
            if given.contains_key(key) || !missing.insert(key) {
                continue;
            }
            self.nodes += 1;
            self.bytes += key.len();
            if self.overflowed() {
                break;
            }
            let (key, ty) = (key.to_owned(), Type::Unknown);
            properties.push(Property { key, optional: false, ty, doc: Vec::new() });
        }
        let closed = schema.get("additionalProperties") == Some(&Value::Bool(false))
            && !schema.contains_key("patternProperties");
        Type::Object(Object { properties, rest: self.further(schema, depth), closed })
    }

    /// The type of properties that are not listed, where the schema says something of them.
    fn further(&mut self, schema: &'a Map<String, Value>, depth: usize) -> Option<Box<Type>> {
        let patterns = schema.get("patternProperties").and_then(Value::as_object);
        let others = ["additionalProperties", "unevaluatedProperties"]
            .iter()
            .filter_map(|key| schema.get(*key))
            .filter(|it| it.is_object());
        let schemas: Vec<&Value> =
            patterns.into_iter().flat_map(Map::values).chain(others).collect();
        if schemas.is_empty() {
            return None;
        }
        let types: Vec<Type> = schemas.into_iter().map(|it| self.convert(it, depth + 1)).collect();
        Some(Box::new(Type::union(types)))
    }

    fn array(&mut self, schema: &'a Map<String, Value>, depth: usize) -> Type {
        let (items, rest) = match (schema.get("prefixItems"), schema.get("items")) {
            (Some(Value::Array(items)), rest) => (items, rest),
            (_, Some(Value::Array(items))) => (items, schema.get("additionalItems")),
            (_, Some(item)) => return Type::Array(Box::new(self.convert(item, depth + 1))),
            _ => return Type::Array(Box::new(Type::Unknown)),
        };
        if items.is_empty() || items.len() > TUPLE_MAX {
            return Type::Array(Box::new(Type::Unknown));
        }
        let least = schema.get("minItems").and_then(Value::as_u64);
        let required = least.and_then(|it| usize::try_from(it).ok()).unwrap_or(items.len());
        let rest = rest.filter(|it| it.is_object()).map(|it| self.convert(it, depth + 1));
        let items: Vec<Type> = items.iter().map(|it| self.convert(it, depth + 1)).collect();
        let required = required.min(items.len());
        Type::Tuple(Tuple { items, required, rest: rest.map(Box::new) })
    }

    /// `values` as a union of literals; a long list as the type they share.
    fn literals(&mut self, values: &'a [Value], schema: &Map<String, Value>) -> Type {
        let mut bytes = 0;
        let mut types = Vec::new();
        for value in values.iter().take(ENUM_VALUES_MAX + 1) {
            let literal = match value {
                Value::Array(_) | Value::Object(_) => facts::small_json(value),
                Value::String(it) if it.len() > ENUM_BYTES_MAX => None,
                other => Some(text::escape_hidden(&other.to_string())),
            };
            bytes += literal.as_ref().map_or(ENUM_BYTES_MAX + 1, String::len);
            if bytes > ENUM_BYTES_MAX || types.len() == ENUM_VALUES_MAX {
                self.nodes += 1;
                let kinds = values.iter().take(NODES_MAX).map(facts::kind);
                return Type::union(kinds.map(Type::text));
            }
            types.push(Type::Text(literal.unwrap_or_default()));
        }
        if types.is_empty() {
            // Nobody means an enum that nothing satisfies.
            return match schema.get("type") {
                Some(Value::String(name)) if name == "string" => Type::text("string"),
                _ => Type::Unknown,
            };
        }
        self.nodes += types.len() / 8;
        Type::union(types)
    }

    /// The type that `reference` points at, as a local.
    fn reference(&mut self, reference: &'a str, depth: usize) -> Type {
        let mut reference = reference;
        for _ in 0..HOPS_MAX {
            let Some(target) = facts::resolve(self.document, reference) else {
                let shown = text::one_line(reference, 80);
                self.note(if reference.starts_with('#') {
                    format!("the schema has nothing at `{shown}`")
                } else {
                    format!("`{shown}` is in another document, which is not read")
                });
                return Type::Unknown;
            };
            let on = target.get("$ref").and_then(Value::as_str);
            match on.filter(|_| TYPING.iter().all(|key| target.get(*key).is_none())) {
                Some(next) => reference = next,
                None => return self.local(target, reference, depth),
            }
        }
        self.note("a chain of references does not end");
        Type::Unknown
    }

    fn local(&mut self, target: &'a Value, reference: &str, depth: usize) -> Type {
        let address = std::ptr::from_ref(target);
        if let Some(&index) = self.by_address.get(&address) {
            self.locals[index].uses += 1;
            self.locals[index].cyclic |= self.open.contains(&index);
            return Type::Local(index);
        }
        if depth >= self.depth_max {
            return self.convert(target, depth);
        }
        let index = self.locals.len();
        let name = self.fresh(reference.rsplit('/').next().unwrap_or_default());
        let doc = self.doc(target);
        self.locals.push(Local { name, ty: Type::Unknown, doc, uses: 1, cyclic: false });
        self.by_address.insert(address, index);
        self.open.insert(index);
        self.locals[index].ty = self.convert(target, depth + 1);
        self.open.remove(&index);
        Type::Local(index)
    }

    /// A type name for `wanted` that nothing in the file has.
    fn fresh(&mut self, wanted: &str) -> String {
        let base = names::local_type(wanted);
        let mut name = base.clone();
        let mut number = 2;
        while !self.taken.insert(name.clone()) {
            name = format!("{base}{number}");
            number += 1;
        }
        name
    }

    fn doc(&mut self, schema: &Value) -> Vec<String> {
        let schema = match schema.get("$ref").and_then(Value::as_str) {
            // The words at the reference stand for those at its target.
            Some(reference) if schema.get("description").is_none() => {
                facts::resolve(self.document, reference).unwrap_or(schema)
            }
            _ => schema,
        };
        let lines = self.facts.of(schema);
        self.bytes += lines.iter().map(String::len).sum::<usize>();
        lines
    }
}

/// Whether nothing below `schema` has to be looked at.
fn is_flat(schema: &Map<String, Value>) -> bool {
    !["$ref", "properties", "items", "prefixItems", "anyOf", "oneOf", "allOf"]
        .iter()
        .chain(&["additionalProperties", "patternProperties"])
        .any(|key| schema.get(*key).is_some_and(|it| !it.is_boolean()))
}

fn nullable(schema: &Map<String, Value>, ty: Type) -> Type {
    match schema.get("nullable") {
        Some(Value::Bool(true)) => Type::union([ty, Type::text("null")]),
        _ => ty,
    }
}

// The walk recurses once per level, and each level is a few frames of the default stack.
const _: () = assert!(DEPTH_MAX <= 64);
