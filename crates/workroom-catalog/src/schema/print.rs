//! Writes [`Type`]s: as declarations for a file, and on one line for a signature.

use super::{
    Role,
    convert::Converter,
    types::{Local, Object, Property, Tuple, Type},
};
use crate::text;

/// An object of this many characters or less, without comments, stays on one line.
const INLINE_CHARS_MAX: usize = 72;

/// How many characters of optional parameters a signature shows, after all required ones.
const SIGNATURE_CHARS_MAX: usize = 240;

/// How many characters of a result's type a signature shows.
const RESULT_CHARS_MAX: usize = 160;

/// How many characters of a result's type a brief signature shows: most of its names.
const BRIEF_RESULT_CHARS_MAX: usize = 180;

/// How many characters of a union a signature shows.
const UNION_CHARS_MAX: usize = 80;

/// `root` as the exported type `name`, then the types it refers to.
pub(super) fn declaration(from: &Converter<'_>, root: &Type, name: &str) -> String {
    let printer = Printer { locals: from.locals(), every_field: false, bare: None };
    let mut out = text::doc_comment(&from.locals()[0].doc, "");
    out.push_str("export ");
    printer.declare(&mut out, name, root);
    for (index, local) in from.locals().iter().enumerate().skip(1) {
        if local.uses > 0 && !printer.is_inline(index) {
            out.push('\n');
            out.push_str(&text::doc_comment(&local.doc, ""));
            printer.declare(&mut out, &local.name, &local.ty);
        }
    }
    out
}

/// `root` on one line.
pub(super) fn compact(from: &Converter<'_>, root: &Type, role: Role) -> String {
    // A caller must know every argument that it has to give; of a result, the first fields do.
    let every_field = role == Role::Input;
    let printer = Printer { locals: from.locals(), every_field, bare: None };
    let max = match role {
        Role::Input => SIGNATURE_CHARS_MAX,
        Role::Output => RESULT_CHARS_MAX,
    };
    printer.compact(root, 3, max)
}

/// The result `root` on one line, in as few words as tell what is in it: text and numbers have no
/// type, nor has what is one of `known`, whose types stand elsewhere.
pub(super) fn brief_result(locals: &[Local], root: &Type, known: &[String]) -> String {
    let printer = Printer { locals, every_field: false, bare: Some(known) };
    printer.compact(root, 3, BRIEF_RESULT_CHARS_MAX)
}

/// The arguments `root` on one line.
pub(super) fn brief_arguments(locals: &[Local], root: &Type) -> String {
    let printer = Printer { locals, every_field: true, bare: None };
    printer.compact(root, 3, SIGNATURE_CHARS_MAX)
}

struct Printer<'a> {
    locals: &'a [Local],
    /// A signature shows all required fields, however many.
    every_field: bool,
    /// A field without a type is text, a number, or one of these.
    bare: Option<&'a [String]>,
}

impl Printer<'_> {
    fn declare(&self, out: &mut String, name: &str, ty: &Type) {
        match ty {
            Type::Object(object) if !object.properties.is_empty() => {
                *out += &format!("interface {name} {}\n", self.block(object, ""));
            }
            other => *out += &format!("type {name} = {};\n", self.full(other, "")),
        }
    }

    /// Whether a local is written where it is used instead of under a name.
    fn is_inline(&self, index: usize) -> bool {
        let local = &self.locals[index];
        let short = match &local.ty {
            Type::Text(text) => text.len() <= 40,
            Type::Unknown => true,
            Type::Array(item) => matches!(**item, Type::Text(_)),
            _ => false,
        };
        index != 0 && !local.cyclic && (local.uses == 1 || short)
    }

    fn full(&self, ty: &Type, indent: &str) -> String {
        match ty {
            Type::Unknown => "unknown".to_owned(),
            Type::Text(text) => text.clone(),
            Type::Array(item) => array(&self.full(item, indent), self.binds_loosely(item)),
            Type::Tuple(tuple) => self.tuple(tuple, |item| self.full(item, indent)),
            Type::Union(parts) => join(parts.iter().map(|it| self.full(it, indent)), " | "),
            Type::All(parts) => {
                join(parts.iter().map(|it| self.grouped(it, self.full(it, indent))), " & ")
            }
            Type::Local(index) if self.is_inline(*index) => {
                self.full(&self.locals[*index].ty, indent)
            }
            Type::Local(index) => self.locals[*index].name.clone(),
            Type::Object(object) => match &object.rest {
                None if object.properties.is_empty() => open(object),
                Some(rest) if object.properties.is_empty() => self.record(rest, indent),
                _ => self.inline(object).unwrap_or_else(|| self.block(object, indent)),
            },
        }
    }

    /// `{ a: string; b?: number }`, where that is short and loses no comment.
    fn inline(&self, object: &Object) -> Option<String> {
        if object.rest.is_some() || object.properties.len() > 6 {
            return None;
        }
        let mut fields = Vec::new();
        for property in &object.properties {
            let ty = self.full(&property.ty, "");
            if !self.comment(property).is_empty() || ty.contains('\n') {
                return None;
            }
            fields.push(field(property, &ty));
        }
        let text = format!("{{ {} }}", fields.join("; "));
        (text.chars().count() <= INLINE_CHARS_MAX).then_some(text)
    }

    fn block(&self, object: &Object, indent: &str) -> String {
        let inner = format!("{indent}  ");
        let mut out = "{\n".to_owned();
        for property in &object.properties {
            out += &text::doc_comment(&self.comment(property), &inner);
            out += &format!("{inner}{};\n", field(property, &self.full(&property.ty, &inner)));
        }
        if let Some(rest) = &object.rest {
            let ty = self.compact(rest, 2, UNION_CHARS_MAX);
            if ty != "unknown" {
                out += &text::doc_comment(&[format!("Other keys: `{ty}`")], &inner);
            }
            // Listed properties must fit the index signature too, and of other types they do not.
            out += &format!("{inner}[key: string]: unknown;\n");
        }
        out + indent + "}"
    }

    /// A property's comment. A type that is written in place brings its own.
    fn comment(&self, property: &Property) -> Vec<String> {
        match &property.ty {
            Type::Local(index) if !self.is_inline(*index) => {
                let same = self.locals[*index].doc == property.doc;
                if same { Vec::new() } else { property.doc.clone() }
            }
            _ => property.doc.clone(),
        }
    }

    /// An object of any keys.
    fn record(&self, rest: &Type, indent: &str) -> String {
        let ty = self.full(rest, indent);
        match rest {
            Type::Unknown | Type::Text(_) => format!("Record<string, {ty}>"),
            // An index signature may refer to the type it is part of; `Record` may not.
            _ => format!("{{ [key: string]: {ty} }}"),
        }
    }

    /// Whether `ty` is printed with an operator outside of brackets.
    fn binds_loosely(&self, ty: &Type) -> bool {
        match ty {
            Type::Union(_) | Type::All(_) => true,
            Type::Local(index) => {
                self.is_inline(*index) && self.binds_loosely(&self.locals[*index].ty)
            }
            _ => false,
        }
    }

    fn grouped(&self, ty: &Type, text: String) -> String {
        if self.binds_loosely(ty) { format!("({text})") } else { text }
    }

    fn tuple(&self, tuple: &Tuple, print: impl Fn(&Type) -> String) -> String {
        let items = tuple.items.iter().enumerate().map(|(at, item)| {
            let item = print(item);
            if at < tuple.required { item } else { format!("({item})?") }
        });
        let rest = tuple
            .rest
            .iter()
            .map(|rest| format!("...{}", array(&print(rest), self.binds_loosely(rest))));
        format!("[{}]", join(items.chain(rest), ", "))
    }

    fn compact(&self, ty: &Type, depth: usize, max: usize) -> String {
        match ty {
            Type::Unknown => "unknown".to_owned(),
            Type::Text(text) => text::shorten(text, UNION_CHARS_MAX),
            Type::Array(item) => {
                let text = self.compact(item, depth, max);
                array(&text, text.contains(" | ") && !text.starts_with('{'))
            }
            Type::Tuple(_) if depth == 0 => "unknown[]".to_owned(),
            Type::Tuple(tuple) => self.tuple(tuple, |it| self.compact(it, depth - 1, max)),
            Type::Union(parts) => self.compact_union(parts, depth, max),
            Type::All(_) | Type::Local(_) | Type::Object(_) if depth == 0 => "object".to_owned(),
            Type::All(parts) => {
                let inner = |it| self.grouped(it, self.compact(it, depth - 1, max));
                join(parts.iter().map(inner), " & ")
            }
            Type::Local(index) => self.compact(&self.locals[*index].ty, depth - 1, max),
            Type::Object(object) => self.compact_object(object, depth, max),
        }
    }

    fn compact_union(&self, parts: &[Type], depth: usize, max: usize) -> String {
        let mut out = String::new();
        for (at, part) in parts.iter().enumerate() {
            let part = self.compact(part, depth, max / 2);
            if at > 0 {
                if out.len() + part.len() > UNION_CHARS_MAX.max(max / 2) {
                    return format!("{out} | … {} more", parts.len() - at);
                }
                out += " | ";
            }
            out += &part;
        }
        out
    }

    fn compact_object(&self, object: &Object, depth: usize, max: usize) -> String {
        if object.properties.is_empty() {
            return match &object.rest {
                None => open(object),
                Some(rest) => format!("Record<string, {}>", self.compact(rest, depth - 1, max)),
            };
        }
        if let Some(known) = self.bare {
            return self.brief_object(object, depth, max, known);
        }
        // What does not fit is not even looked at: types may refer to each other many times.
        let (mut fields, mut length, mut left) = (Vec::new(), 0, 0);
        let (required, optional): (Vec<&Property>, Vec<&Property>) =
            object.properties.iter().partition(|it| !it.optional);
        for property in required.into_iter().chain(optional) {
            if length > 4 * max {
                return "object".to_owned();
            }
            let kept = self.every_field && !property.optional;
            if !kept && length + property.key.len() > max {
                left += 1;
                continue;
            }
            let text = field(property, &self.compact(&property.ty, depth - 1, max / 2));
            if !kept && length + text.len() > max {
                left += 1;
                continue;
            }
            length += text.len() + 2;
            fields.push(text);
        }
        if left > 0 {
            let what = if self.every_field { " optional" } else { "" };
            fields.push(format!("… {left} more{what}"));
        }
        format!("{{ {} }}", fields.join("; "))
    }

    /// An object whose names matter more than its types: lists of objects are told first, since
    /// that is what code goes through, and other objects as far as there is room.
    fn brief_object(&self, object: &Object, depth: usize, max: usize, known: &[String]) -> String {
        let shown = &object.properties[..object.properties.len().min(max / 2)];
        let names: Vec<String> = shown.iter().map(|it| text::property(&it.key)).collect();
        let mut fields = names.clone();
        let mut length: usize = fields.iter().map(|field| field.len() + 2).sum();
        for lists in [true, false] {
            for ((field, name), property) in fields.iter_mut().zip(&names).zip(shown) {
                let is_list = matches!(self.target(&property.ty), Type::Array(_));
                if is_list != lists || known.contains(&property.key) || length > max {
                    continue;
                }
                let ty = self.compact(&property.ty, depth - 1, max / 2);
                let told = match ty.as_str() {
                    "string" | "number" => continue,
                    _ => format!("{name}: {ty}"),
                };
                if length + told.len() - name.len() <= max {
                    length += told.len() - name.len();
                    *field = told;
                }
            }
        }
        let mut length = 0;
        let fits = fields.iter().take_while(|field| {
            length += field.len() + 2;
            length <= max + 2
        });
        let fits = fits.count();
        let left = object.properties.len() - fits;
        fields.truncate(fits);
        if left > 0 {
            fields.push(format!("… {left} more"));
        }
        format!("{{ {} }}", fields.join("; "))
    }

    fn target<'t>(&'t self, ty: &'t Type) -> &'t Type {
        match ty {
            Type::Local(index) => &self.locals[*index].ty,
            other => other,
        }
    }
}

fn field(property: &Property, ty: &str) -> String {
    let mark = if property.optional { "?" } else { "" };
    format!("{}{mark}: {ty}", text::property(&property.key))
}

fn open(object: &Object) -> String {
    if object.closed { "Record<string, never>" } else { "Record<string, unknown>" }.to_owned()
}

/// An array of `item`; `grouped` says that an operator in it would bind otherwise.
fn array(item: &str, grouped: bool) -> String {
    if grouped { format!("({item})[]") } else { format!("{item}[]") }
}

fn join(parts: impl Iterator<Item = String>, by: &str) -> String {
    parts.collect::<Vec<_>>().join(by)
}
