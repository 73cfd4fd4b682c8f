//! The definitions of a server's tools, written as text: what each is called, takes, does, gives.
//!
//! ```text
//! paging numbered
//! shape contact {id:str,name:str}
//!
//! tool list_contacts
//! : Lists contacts, the newest first.
//! op list contacts
//! arg account_id str > account.id : Only contacts of this account.
//! out page contact
//! ```
//!
//! `arg name!` is required. `>` says where in the record an argument goes or is compared; with
//! `>=`, `<=` or `~` it is compared so. Without `out` a tool promises nothing of its result, which
//! is then text that holds JSON. The arguments and the frame of pages come from `paging`.

use serde_json::{Map, Value, json};
use workroom_types::{ToolAnnotations, ToolDef};

use super::shape::{self, Shapes};

/// A server's tools.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) paging: Paging,
    pub(crate) tools: Vec<Tool>,
}

/// How long lists are given in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paging {
    /// `page` and `per_page`.
    Numbered,
    /// `cursor` and `limit`.
    Chained,
    /// `offset` and `limit`.
    Offset,
    /// `pageToken` and `pageSize`.
    Token,
}

/// One tool.
#[derive(Clone, Debug)]
pub(crate) struct Tool {
    pub(crate) def: ToolDef,
    pub(crate) op: Op,
    pub(crate) arguments: Vec<Argument>,
    /// The schema of a record as it is shown, and whether a page of them is.
    pub(crate) out: Option<(bool, Value)>,
}

/// What a tool does with a table.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    pub(crate) verb: Verb,
    pub(crate) table: String,
    /// What else the line says: fields, values, a prefix.
    pub(crate) rest: Vec<String>,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    List,
    /// Words in the fields that the line names.
    Search,
    Get,
    /// With the prefix of the new id, and values that are set.
    Create,
    Update,
    /// Sets the values that the line names.
    Set,
    Remove,
    /// Appends the other arguments to a list of the record.
    Add,
    /// Counts by a field.
    Count,
    /// The table's only record.
    Show,
    /// A function of the world's.
    Custom,
}

/// One argument.
#[derive(Clone, Debug)]
pub(crate) struct Argument {
    pub(crate) name: String,
    /// Where it is in the record.
    pub(crate) path: String,
    pub(crate) compare: Compare,
}

/// How an argument of a list is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    Equal,
    Least,
    Most,
    Contains,
}

impl Verb {
    fn of(name: &str) -> Self {
        match name {
            "list" => Verb::List,
            "search" => Verb::Search,
            "get" => Verb::Get,
            "create" => Verb::Create,
            "update" => Verb::Update,
            "set" => Verb::Set,
            "remove" => Verb::Remove,
            "add" => Verb::Add,
            "count" => Verb::Count,
            "show" => Verb::Show,
            "custom" => Verb::Custom,
            _ => panic!("`{name}` is nothing that a tool does"),
        }
    }

    fn reads(self) -> bool {
        matches!(self, Verb::List | Verb::Search | Verb::Get | Verb::Count | Verb::Show)
    }
}

impl Spec {
    /// Reads `text`, which is one of ours.
    pub(crate) fn read(text: &str) -> Self {
        let (mut paging, mut shapes, mut tools) = (Paging::Numbered, Shapes::new(), Vec::new());
        let mut open: Option<Draft> = None;
        for line in text.lines().map(str::trim) {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match (word, &mut open) {
                ("" | "#", _) => {}
                ("paging", _) => paging = Paging::of(rest),
                ("shape", _) => {
                    let (name, shape) = rest.split_once(' ').expect("a shape has a name");
                    shapes.insert(name.to_owned(), shape::schema(shape, &shapes));
                }
                ("tool", _) => {
                    let next = Draft { name: rest.to_owned(), ..Draft::default() };
                    tools.extend(open.replace(next).map(|draft| draft.finish(paging, &shapes)));
                }
                (":", Some(draft)) => {
                    if !draft.about.is_empty() {
                        draft.about.push(' ');
                    }
                    draft.about.push_str(rest);
                }
                ("op", Some(draft)) => rest.clone_into(&mut draft.op),
                ("arg", Some(draft)) => draft.arguments.push(rest.to_owned()),
                ("out", Some(draft)) => rest.clone_into(&mut draft.out),
                ("reads", Some(draft)) => draft.reads = true,
                _ => panic!("`{line}` says nothing about a tool"),
            }
        }
        tools.extend(open.map(|draft| draft.finish(paging, &shapes)));
        Self { paging, tools }
    }
}

/// A tool's lines.
#[derive(Default)]
struct Draft {
    name: String,
    about: String,
    op: String,
    arguments: Vec<String>,
    out: String,
    reads: bool,
}

impl Draft {
    fn finish(self, paging: Paging, shapes: &Shapes) -> Tool {
        let mut words = self.op.split(' ');
        let verb = Verb::of(words.next().unwrap_or_default());
        let table = words.next().unwrap_or_default().to_owned();
        let op = Op { verb, table, rest: words.map(str::to_owned).collect() };
        let (mut properties, mut required) = (Map::new(), Vec::new());
        let mut arguments = Vec::new();
        for line in &self.arguments {
            let (argument, is_required, schema) = read_argument(line, shapes);
            if is_required {
                required.push(Value::from(argument.name.clone()));
            }
            properties.insert(argument.name.clone(), schema);
            arguments.push(argument);
        }
        let out = self.out.split_once(' ').map(|(how, name)| {
            let shape = shape::schema(&format!("@{name}"), shapes);
            (how == "page", shape)
        });
        let is_list = matches!(verb, Verb::List | Verb::Search);
        if is_list {
            paging.add_arguments(&mut properties);
        }
        let output_schema = out
            .clone()
            .map(|(is_page, shape)| if is_page { paging.frame(&op.table, &shape) } else { shape });
        let mut input_schema = json!({ "type": "object", "properties": properties });
        if !required.is_empty() {
            input_schema["required"] = Value::Array(required);
        }
        input_schema["additionalProperties"] = json!(false);
        let title = title(&self.name);
        let reads = verb.reads() || self.reads;
        let def = ToolDef {
            name: self.name,
            title: Some(title.clone()),
            description: Some(self.about),
            input_schema,
            output_schema,
            annotations: Some(ToolAnnotations {
                title: Some(title),
                read_only_hint: Some(reads),
                destructive_hint: (!reads).then_some(verb == Verb::Remove),
                open_world_hint: Some(false),
                ..ToolAnnotations::default()
            }),
        };
        Tool { def, op, arguments, out }
    }
}

/// `name! type > path : description`
fn read_argument(line: &str, shapes: &Shapes) -> (Argument, bool, Value) {
    let (head, about) = line.split_once(" : ").unwrap_or((line, ""));
    let mut words = head.split(' ');
    let name = words.next().unwrap_or_default();
    let is_required = name.ends_with('!');
    let name = name.trim_end_matches('!').to_owned();
    let mut schema = shape::schema(words.next().expect("an argument has a type"), shapes);
    if !about.is_empty() {
        schema["description"] = json!(about);
    }
    let compare = match words.next() {
        Some(">=") => Compare::Least,
        Some("<=") => Compare::Most,
        Some("~") => Compare::Contains,
        _ => Compare::Equal,
    };
    let path = words.next().unwrap_or(&name).to_owned();
    (Argument { name, path, compare }, is_required, schema)
}

/// `list_court_rules` is `List court rules`.
fn title(name: &str) -> String {
    let words = name.replace(['_', '-'], " ");
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

impl Paging {
    fn of(name: &str) -> Self {
        match name {
            "numbered" => Paging::Numbered,
            "chained" => Paging::Chained,
            "offset" => Paging::Offset,
            "token" => Paging::Token,
            _ => panic!("`{name}` is no way of paging"),
        }
    }

    /// The names of what says where a part begins, and of what says how long it is.
    pub(crate) const fn names(self) -> (&'static str, &'static str) {
        match self {
            Paging::Numbered => ("page", "per_page"),
            Paging::Chained => ("cursor", "limit"),
            Paging::Offset => ("offset", "limit"),
            Paging::Token => ("pageToken", "pageSize"),
        }
    }

    fn add_arguments(self, properties: &mut Map<String, Value>) {
        let (begin, size) = self.names();
        let schema = match self {
            Paging::Numbered => json!({
                "type": "integer", "description": "Page number, from \
                 1.", "minimum": 1, "default": 1
            }),
            Paging::Offset => json!({
                "type": "integer", "description": "Records to skip.", "minimum": 0, "default": 0
            }),
            Paging::Chained => json!({
                "type": "string", "description": "`next_cursor` of the previous response."
            }),
            Paging::Token => json!({
                "type": "string", "description": "`nextPageToken` of the previous response."
            }),
        };
        properties.insert(begin.to_owned(), schema);
        let schema = json!({
            "type": "integer", "description": "Records per response.",
            "minimum": 1, "maximum": super::SIZE_MAX, "default": super::SIZE
        });
        properties.insert(size.to_owned(), schema);
    }

    /// The schema of a part of `table`.
    fn frame(self, table: &str, row: &Value) -> Value {
        let integer = json!({ "type": "integer" });
        let rows = json!({ "type": "array", "items": row });
        let text = json!({ "type": ["string", "null"] });
        let properties = match self {
            Paging::Numbered => json!({ table: rows, "pagination": {
                "type": "object",
                "properties": { "page": integer, "per_page": integer,
                    "total_pages": integer, "total_count": integer },
                "required": ["page", "per_page", "total_pages", "total_count"]
            } }),
            Paging::Chained => json!({
                "data": rows, "has_more": { "type": "boolean" }, "next_cursor": text
            }),
            Paging::Offset => json!({
                "total": integer, "offset": integer, "limit": integer, "items": rows
            }),
            Paging::Token => json!({ "items": rows, "nextPageToken": text }),
        };
        let required: Vec<&String> =
            properties.as_object().into_iter().flat_map(Map::keys).collect();
        json!({ "type": "object", "properties": properties, "required": required })
    }
}
