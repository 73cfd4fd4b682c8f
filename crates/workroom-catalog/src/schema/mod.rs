//! JSON Schema (2020-12, draft-07 and what servers make of them) as TypeScript.
//!
//! # Invariants
//!
//! * Every schema gives a valid declaration. What TypeScript cannot say becomes
//!   `unknown` with a note, or a line in the property's comment.
//! * Nothing outside of the schema is read: a reference to another document stays `unknown`.
//! * Work and text are bounded, whatever the schema: see [`DEPTH_MAX`], [`NODES_MAX`]
//!   and [`TYPE_BYTES_MAX`]. A schema that is too large loses its comments first, then
//!   its inner levels, and only then everything.

mod convert;
mod cycles;
mod facts;
mod paged;
mod print;
mod types;

use serde_json::Value;

use convert::Converter;
use types::Type;

/// The most levels of a schema that are shown.
pub const DEPTH_MAX: usize = 24;

/// The most subschemas of one schema that are looked at.
pub const NODES_MAX: usize = 4_000;

/// The most bytes of TypeScript that one schema becomes, comments included: about 2,000 tokens.
pub const TYPE_BYTES_MAX: usize = 8 * 1024;

/// The most values of an `enum` that are shown as a union.
pub const ENUM_VALUES_MAX: usize = 100;

/// The most bytes of an `enum` that are shown as a union, and of one literal.
pub const ENUM_BYTES_MAX: usize = 2 * 1024;

/// What is tried, in this order, until a schema fits: its levels, and the bytes of its comments.
const DETAILS: [(usize, usize); 8] = [
    (DEPTH_MAX, crate::text::DESCRIPTION_BYTES_MAX),
    (DEPTH_MAX, 240),
    (DEPTH_MAX, 100),
    (DEPTH_MAX, 0),
    (7, 100),
    (5, 60),
    (3, 60),
    (2, 0),
];

/// One schema as TypeScript.
#[derive(Debug)]
pub(crate) struct Declared {
    /// `export interface X {…}` or `export type X = …;`, and the types it needs.
    pub(crate) text: String,
    /// The type on one line, for a signature.
    pub(crate) compact: String,
    /// Nothing has to be given.
    pub(crate) optional: bool,
    /// Nothing can be given.
    pub(crate) empty: bool,
    /// The names of the types declared, so that another declaration of the file avoids them.
    pub(crate) names: Vec<String>,
}

/// Whether a type is what a caller gives or what it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Input,
    Output,
}

/// `schema` as the type `name`, which avoids the type names in `taken`.
pub(crate) fn declare(schema: &Value, name: &str, role: Role, taken: &[String]) -> Declared {
    let mut too_deep = usize::MAX;
    for (depth, comment_bytes) in DETAILS {
        if depth >= too_deep {
            continue;
        }
        let mut converter = Converter::new(schema, depth, comment_bytes, taken, name);
        let root = converter.root(role);
        if converter.has_too_many_parts() {
            too_deep = depth;
        }
        if converter.overflowed() {
            continue;
        }
        let mut text = print::declaration(&converter, &root, name);
        if text.len() > TYPE_BYTES_MAX {
            continue;
        }
        let mut notes = converter.notes().to_vec();
        if comment_bytes != DETAILS[0].1 {
            let how = if comment_bytes == 0 { "left out" } else { "shortened" };
            notes.push(format!("the schema is large; its comments are {how}"));
        }
        let notes: String = notes.iter().map(|note| format!("// note: {note}\n")).collect();
        text.insert_str(0, &notes);
        return Declared {
            text,
            compact: print::compact(&converter, &root, role),
            optional: root.all_optional(),
            empty: root.is_empty_object(),
            names: converter.names(),
        };
    }
    let (unknown, compact) = match role {
        Role::Input => ("{ [key: string]: unknown }", "object"),
        Role::Output => ("unknown", "unknown"),
    };
    Declared {
        text: format!(
            "// note: the schema is too large to show\nexport type {name} = {unknown};\n"
        ),
        compact: compact.to_owned(),
        // A caller that gives nothing learns from the server what is missing.
        optional: true,
        empty: false,
        names: vec![name.to_owned()],
    }
}

/// A call in as few words as tell how to make it: arguments, then what comes back.
#[derive(Debug)]
pub(crate) struct Brief {
    /// `{ id: string; limit?: number }`, or nothing where nothing can be given. Without what
    /// `paginate` fills in, where [`Brief::paged`].
    pub(crate) arguments: String,
    /// The type of the result, or of one entry where [`Brief::paged`]; `None` where no schema
    /// says.
    pub(crate) result: Option<String>,
    /// It answers page by page, and `paginate` gives all entries.
    pub(crate) paged: bool,
    /// The names of all arguments.
    pub(crate) names: Vec<String>,
}

/// How to call a tool with these schemas; `None` where they are too large to tell.
pub(crate) fn brief(input: &Value, output: Option<&Value>) -> Option<Brief> {
    let convert = |schema, role| {
        let mut converter = Converter::new(schema, DEPTH_MAX, 0, &[], "Type");
        let root = converter.root(role);
        (!converter.overflowed()).then_some((converter, root))
    };
    let (given, arguments) = convert(input, Role::Input)?;
    let output = output.map(|schema| convert(schema, Role::Output).ok_or(()));
    let output = output.transpose().ok()?;
    let entries = output.as_ref().map(|(from, root)| paged::entries(root, from.locals()));
    let less = match entries {
        // A page without a list is none.
        Some(None) => None,
        Some(Some(_)) => paged::without_paging(&arguments, given.locals(), true),
        None => paged::without_paging(&arguments, given.locals(), false),
    };
    let names: Vec<String> = match &arguments {
        Type::Object(object) => object.properties.iter().map(|it| it.key.clone()).collect(),
        _ => Vec::new(),
    };
    let result = output.as_ref().map(|(from, root)| match entries.flatten() {
        Some(entry) if less.is_some() => print::brief_result(from.locals(), entry, &names),
        _ => print::brief_result(from.locals(), root, &names),
    });
    let paged = less.is_some();
    let shown = less.unwrap_or(arguments);
    let is_empty = matches!(&shown, Type::Object(it) if it.properties.is_empty())
        && (paged || shown.is_empty_object());
    let arguments =
        if is_empty { String::new() } else { print::brief_arguments(given.locals(), &shown) };
    Some(Brief { arguments, result, paged, names })
}

impl Type {
    /// An object without required properties.
    fn all_optional(&self) -> bool {
        matches!(self, Type::Object(object) if object.properties.iter().all(|p| p.optional))
    }

    fn is_empty_object(&self) -> bool {
        matches!(self, Type::Object(object)
            if object.properties.is_empty() && object.rest.is_none() && object.closed)
    }
}
