//! One tool as a TypeScript file.
//!
//! Agents pay for every token of these files, and read them from the top. So a
//! file starts with the tool's own words and its function, then its types, and
//! holds nothing that is the same in every file but the one line that makes it
//! compile by itself.

use std::{fmt, ops::Deref, sync::Arc, sync::OnceLock};

use sha2::{Digest as _, Sha256};

use serde_json::Value;
use workroom_shape::{Accepted, Checker, Observed, Refused, StandIn, Violation};
use workroom_types::{ServerSnapshot, ToolAnnotations, ToolDef};

use crate::{
    direct, names,
    schema::{self, Declared, Role, TYPE_BYTES_MAX},
    text,
};

/// The most contradictions that a file tells.
const DRIFTS_SHOWN_MAX: usize = 4;

/// The most characters of one line about what was observed.
const LINE_CHARS_MAX: usize = 600;

/// A tool's definition, shared with the snapshot it came in.
#[derive(Clone)]
pub struct SharedDef {
    snapshot: Arc<ServerSnapshot>,
    index: usize,
}

impl Deref for SharedDef {
    type Target = ToolDef;

    fn deref(&self) -> &ToolDef {
        &self.snapshot.tools[self.index]
    }
}

impl fmt::Debug for SharedDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// One tool in the catalog.
#[derive(Clone, Debug)]
pub struct ToolEntry {
    /// What its server says of it.
    pub def: SharedDef,
    /// Its file's name without `.ts`; the same as [`ToolEntry::function`].
    pub stem: String,
    /// The function that calls it: an identifier that is unique within the server.
    pub function: String,
    /// The name of its input's type.
    pub input_type: String,
    /// The name of its output's type.
    pub output_type: String,
    /// The folder of its server.
    folder: Arc<str>,
    signature: OnceLock<String>,
    brief: OnceLock<String>,
    checker: Arc<Checker>,
    output_checker: Arc<Checker>,
    definition: OnceLock<String>,
}

impl ToolEntry {
    pub(crate) fn new(
        snapshot: &Arc<ServerSnapshot>,
        index: usize,
        function: String,
        folder: &Arc<str>,
    ) -> Self {
        Self {
            def: SharedDef { snapshot: Arc::clone(snapshot), index },
            stem: function.clone(),
            input_type: names::type_name(&function, "Input"),
            output_type: names::type_name(&function, "Output"),
            function,
            folder: Arc::clone(folder),
            signature: OnceLock::new(),
            brief: OnceLock::new(),
            checker: Arc::default(),
            output_checker: Arc::default(),
            definition: OnceLock::new(),
        }
    }

    /// Where its file is: `./servers/<folder>/<stem>.ts`.
    pub fn path(&self) -> String {
        format!("./servers/{}/{}.ts", self.folder, self.stem)
    }

    /// How it is called, on one line, with the types written out as far as they are short:
    /// `getContact(input: { id: string; limit?: number }): Promise<{ name: string }>`.
    pub fn signature(&self) -> String {
        self.signature
            .get_or_init(|| {
                let (input, output) = self.declared();
                let parameter = match (&input, input.optional) {
                    (input, _) if input.empty => String::new(),
                    (input, true) => format!("input?: {}", input.compact),
                    (input, false) => format!("input: {}", input.compact),
                };
                format!("{}({parameter}): Promise<{}>", self.function, output.compact)
            })
            .clone()
    }

    /// How it is called by code, in as few words as tell it; no TypeScript, but close to it:
    /// `listDeals({ status?: "open" | "won" }): paged { id; title; amount; tags: string[] }`.
    ///
    /// A field without a type is text or a number, is also a parameter, or did not fit with its
    /// type. `paged` is one entry of what `paginate` gives, whose
    /// parameters are left out. `~{ … }` are fields that no schema has, and the tool's
    /// description names.
    pub fn brief(&self) -> String {
        self.brief
            .get_or_init(|| {
                let declared = self.def.output_schema.as_ref().filter(|schema| !schema.is_null());
                let Some(brief) = schema::brief(&self.def.input_schema, declared) else {
                    return self.signature();
                };
                let result = brief.result.or_else(|| {
                    let told = self.def.description.as_deref().unwrap_or_default();
                    let names = text::told_names(told, &brief.names);
                    (!names.is_empty()).then(|| format!("~{{ {} }}", names.join("; ")))
                });
                let mut text = format!("{}({})", self.function, brief.arguments);
                if brief.paged || result.is_some() {
                    text.push(':');
                }
                for part in brief.paged.then_some("paged").into_iter().chain(result.as_deref()) {
                    text.push(' ');
                    text.push_str(part);
                }
                text
            })
            .clone()
    }

    /// Looks whether it takes the arguments `given`, and what it would be sent.
    ///
    /// # Errors
    ///
    /// [`Refused`], with what is wrong.
    pub fn check(&self, given: Value) -> Result<Accepted, Refused> {
        self.check_with(given, |_| false)
    }

    /// The same where some texts stand for values of any kind.
    ///
    /// # Errors
    ///
    /// See [`ToolEntry::check`].
    pub fn check_with(&self, given: Value, stands_in: StandIn) -> Result<Accepted, Refused> {
        self.checker.arguments_with(&self.def.input_schema, given, stands_in)
    }

    /// What of `result` contradicts its output schema: nothing where it has none, or that is too
    /// large to tell.
    pub fn check_result(&self, result: &Value) -> Vec<Violation> {
        self.check_result_with(result, |_| false)
    }

    /// The same where some texts stand for values of any kind.
    pub fn check_result_with(&self, result: &Value, stands_in: StandIn) -> Vec<Violation> {
        let schema = self.def.output_schema.as_ref().filter(|schema| !schema.is_null());
        let check = |schema| self.output_checker.result_with(schema, result, stands_in);
        schema.and_then(check).unwrap_or_default()
    }

    /// Tells this definition from others of the tool: a hash of all that its server says of it.
    pub fn definition(&self) -> &str {
        self.definition.get_or_init(|| {
            let text = serde_json::to_vec(&*self.def).unwrap_or_default();
            let hash = Sha256::digest(text);
            hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
        })
    }

    /// What it does, in one line; empty if its server does not say.
    pub fn summary(&self) -> String {
        let title = || self.def.title.as_deref().or(self.annotations()?.title.as_deref());
        match self.def.description.as_deref().map(text::summary) {
            Some(summary) if !summary.is_empty() => summary,
            _ => title()
                .map(|title| text::one_line(title, text::SUMMARY_CHARS_MAX))
                .unwrap_or_default(),
        }
    }

    /// Its file.
    pub fn source(&self) -> String {
        self.source_with(None)
    }

    /// Its file, with what its results have looked like.
    pub fn source_with(&self, observed: Option<&Observed>) -> String {
        let (input, mut output) = self.declared();
        let observed = observed.filter(|observed| observed.calls > 0);
        let is_declared = self.def.output_schema.as_ref().is_some_and(|it| !it.is_null());
        if let Some(observed) = observed {
            if !is_declared {
                output.text = observed_type(observed, &self.output_type, "");
            } else if is_vague(&output.text) || !observed.drifts().is_empty() {
                let name = format!("{}Observed", self.output_type);
                output.text.push('\n');
                output.text += &observed_type(observed, &name, "What it really answered. ");
            }
        }
        let mut out = text::doc_comment(&self.words(), "");
        let default = if input.optional { " = {}" } else { "" };
        let Self { function, input_type, output_type, .. } = self;
        // Names of servers and tools may hold anything: they appear in a literal only.
        // The call is the one that scripts make: an agent that copies it is right.
        let server = text::literal(&self.def.snapshot.name);
        let tool = text::literal(&self.def.name);
        out += &format!(
            "export async function {function}(input: {input_type}{default}): \
             Promise<{output_type}> {{\n  return __workroom.call({server}, {tool}, input);\n}}\n\n"
        );
        out += &input.text;
        out.push('\n');
        out += &output.text;
        out += "\ndeclare const __workroom: any;\n";
        out
    }

    /// Its file for a compiler that checks types: of what nobody describes, anything may be done.
    pub fn lenient_source(&self) -> String {
        text::outside_literals(&self.source(), "unknown", "any")
    }

    /// The schema of its arguments, as clients take it.
    pub fn input_schema(&self) -> Value {
        direct::input_schema(&self.def.input_schema)
    }

    /// All that its server says of what it does.
    pub fn description(&self) -> String {
        self.words().join("\n")
    }

    fn annotations(&self) -> Option<&ToolAnnotations> {
        self.def.annotations.as_ref()
    }

    /// The lines of the file's first comment.
    fn words(&self) -> Vec<String> {
        let description = self.def.description.as_deref().unwrap_or_default();
        let mut lines = text::lines(description, text::DESCRIPTION_BYTES_MAX);
        if lines.is_empty() {
            lines.extend(Some(self.summary()).filter(|summary| !summary.is_empty()));
        }
        lines
    }

    fn declared(&self) -> (Declared, Declared) {
        let input = schema::declare(
            &self.def.input_schema,
            &self.input_type,
            Role::Input,
            std::slice::from_ref(&self.output_type),
        );
        let output = match &self.def.output_schema {
            Some(schema) if *schema != Value::Null => {
                schema::declare(schema, &self.output_type, Role::Output, &input.names)
            }
            _ => Declared {
                text: format!(
                    "/** Not described by the server: parsed JSON if it answers JSON, else a \
                     string. */\nexport type {} = unknown;\n",
                    self.output_type
                ),
                compact: "unknown".to_owned(),
                optional: true,
                empty: false,
                names: Vec::new(),
            },
        };
        (input, output)
    }
}

/// Whether a declared type leaves open what there is.
fn is_vague(text: &str) -> bool {
    text.contains("unknown") || text.contains("too large to show")
}

/// `observed` as the exported type `name`, with its contradictions.
fn observed_type(observed: &Observed, name: &str, first: &str) -> String {
    let mut lines = observed.about();
    if let Some(line) = lines.first_mut() {
        line.insert_str(0, first);
    }
    let drifts = observed.drifts().iter().rev().take(DRIFTS_SHOWN_MAX);
    lines.extend(drifts.map(|drift| format!("It has changed: {drift}.")));
    let lines: Vec<String> =
        lines.iter().map(|line| text::one_line(line, LINE_CHARS_MAX)).collect();
    let ty = observed.type_text();
    let ty = if ty.len() > TYPE_BYTES_MAX { observed.compact(TYPE_BYTES_MAX / 8) } else { ty };
    format!("{}export type {name} = {ty};\n", text::doc_comment(&lines, ""))
}
