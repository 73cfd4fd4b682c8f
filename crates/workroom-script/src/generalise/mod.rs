//! From the code of a run to the code of a skill.
//!
//! ```ts
//! import * as crm from './servers/crm';
//!
//! export async function run(input: {
//!   /** Of `crm.getContact`; `"C-1042"` in the recorded run. */
//!   id: string;
//! }): Promise<{ name: string }> {
//!   const contact = await crm.getContact({ id: input.id });
//!   return { name: contact.name };
//! }
//! ```
//!
//! Constants that look like inputs become properties of `input`; what nothing uses goes, and logs
//! with it; what was the run's value is returned. All else stays as it was written, comments too.
//!
//! # Layout
//!
//! * `literals`: which constants look like inputs, and what they are called.
//! * `unused`: what nothing uses.
//! * `types`: the type of a value.
//!
//! # Not here
//!
//! Whether the code that comes out is right: who asks for it compiles it, and rehearses it on the
//! recorded case.

mod literals;
mod types;
mod unused;

use std::fmt::Write as _;

use oxc::{
    ast::ast::{ExportDefaultDeclarationKind, Program, Statement},
    semantic::Semantic,
    span::{GetSpan, Span},
};
use serde_json::{Map, Value};

use crate::{
    look::{self, apply},
    output::{self, Output},
    typescript,
};

pub use types::type_of;

/// The most parameters that a skill gets by itself: more than these, and the code is no function
/// of few inputs. The rest stays as it is.
pub const PARAMETERS_MAX: usize = 12;

/// What is known of the run whose code it is.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'r> {
    /// What it gave.
    pub value: &'r Value,
    /// Which texts are tokens of its session, which no other session can use.
    pub is_token: fn(&str) -> bool,
    /// Parameters that stay constants, by their names.
    pub keep: &'r [String],
}

/// A skill's code, and what became of the run's constants.
#[derive(Clone, Debug, PartialEq)]
pub struct Generalised {
    /// `index.ts`.
    pub code: String,
    /// What the run's constants became.
    pub parameters: Vec<InputParameter>,
}

/// A constant that became a parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct InputParameter {
    /// Its name in `input`.
    pub name: String,
    /// What the run had.
    pub value: Value,
    /// Whether each call must give it; else it is what the run had.
    pub required: bool,
    /// Why it looks like an input, in words: "of `crm.getContact`".
    pub why: String,
}

impl Generalised {
    /// The input by which the skill does what the run did.
    pub fn input(&self) -> Value {
        let one = |it: &InputParameter| (it.name.clone(), it.value.clone());
        Value::Object(self.parameters.iter().map(one).collect::<Map<_, _>>())
    }
}

/// Makes a skill's code of a run's. `None` where `source` does not parse.
pub fn generalise(source: &str, recorded: &Recorded<'_>) -> Option<Generalised> {
    let text = typescript(source);
    look::look(&text, |program, semantic| {
        Generaliser { text: &text, program, semantic }.make(recorded)
    })
}

struct Generaliser<'g, 'a> {
    text: &'g str,
    program: &'g Program<'a>,
    semantic: &'g Semantic<'a>,
}

impl Generaliser<'_, '_> {
    fn make(&self, recorded: &Recorded<'_>) -> Generalised {
        let output = output::find(self.program, self.semantic.scoping());
        let gone = unused::find(self.program, self.semantic, &output);
        let input = self.free_name();
        let found = literals::find(self.text, self.semantic, recorded, &gone);
        let mut edits: Vec<(Span, String)> =
            gone.iter().map(|span| (*span, String::new())).collect();
        for literal in &found.places {
            let parameter = &found.parameters[literal.parameter];
            let given = format!("{input}.{}", parameter.name);
            let new = match (parameter.required, literal.is_operand) {
                (true, _) => given,
                (false, true) => format!("({given} ?? {})", parameter.value),
                (false, false) => format!("{given} ?? {}", parameter.value),
            };
            edits.push((literal.span, new));
        }
        let mut imports = Vec::new();
        let mut end = String::new();
        for statement in &self.program.body {
            self.statement(statement, &output, &gone, &mut imports, &mut edits, &mut end);
        }
        if let Output::Call(name) = &output {
            let _ = writeln!(end, "return await {name}();");
        }
        let inside = apply(self.text, edits);
        let mut code = String::new();
        for import in &imports {
            let _ = writeln!(code, "{import}");
        }
        if !imports.is_empty() {
            code.push('\n');
        }
        code.push_str(&signature(&input, &found.parameters, recorded.value));
        code.push_str(&Self::body(&inside, &end));
        code.push_str("}\n");
        Generalised { code, parameters: found.parameters }
    }

    /// What becomes of a statement at the top.
    fn statement(
        &self,
        statement: &Statement<'_>,
        output: &Output,
        gone: &[Span],
        imports: &mut Vec<String>,
        edits: &mut Vec<(Span, String)>,
        end: &mut String,
    ) {
        let span = statement.span();
        if gone.contains(&span) {
            return;
        }
        match statement {
            Statement::ImportDeclaration(import) => {
                // Parts of it may be unused.
                let inner = gone.iter().filter(|it| span.contains_inclusive(**it));
                let inner = inner.map(|it| (shifted(*it, span.start), String::new())).collect();
                let text = apply(&self.text[range(span)], inner);
                imports.push(unused::tidied(&text, import));
                edits.push((span, String::new()));
            }
            Statement::ExportNamedDeclaration(_) => edits.push((span, String::new())),
            Statement::ExportDeclaration(export) => {
                edits.push((Span::new(span.start, export.declaration.span().start), String::new()));
            }
            Statement::ExportDefaultDeclaration(export) => {
                let Output::Default { call } = output else { return };
                let inner = export.declaration.span();
                let head = Span::new(span.start, inner.start);
                match &export.declaration {
                    ExportDefaultDeclarationKind::FunctionDeclaration(function)
                        if function.id.is_some() && *call =>
                    {
                        edits.push((head, String::new()));
                        let name = function.id.as_ref().map_or("", |id| id.name.as_str());
                        let _ = writeln!(end, "return await {name}();");
                    }
                    _ => self.returned(span, inner, *call, edits),
                }
            }
            Statement::ExpressionStatement(one) => {
                if let Output::Expression { span: wanted, call } = output
                    && *wanted == span
                {
                    self.returned(span, one.expression.span(), *call, edits);
                }
            }
            _ => {}
        }
    }

    /// Makes the statement at `span`, whose value is at `value`, return it.
    fn returned(&self, span: Span, value: Span, call: bool, edits: &mut Vec<(Span, String)>) {
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let (before, after) = match call {
            true if self.text[range(value)].chars().all(is_name) => ("return await ", "();"),
            true => ("return await (", ")();"),
            false => ("return ", ";"),
        };
        // A parenthesis that opens before the value belongs to it.
        let head = &self.text[span.start as usize..value.start as usize];
        let kept = head.trim_start_matches("export").trim_start().trim_start_matches("default");
        edits.push((Span::new(span.start, value.start), format!("{before}{}", kept.trim_start())));
        let tail = &self.text[value.end as usize..span.end as usize];
        let tail = tail.trim_end().trim_end_matches(';');
        edits.push((Span::new(value.end, span.end), format!("{tail}{after}")));
    }

    /// The statements inside of the function, a step to the right.
    fn body(inside: &str, end: &str) -> String {
        let mut out = String::new();
        let held = lines_in_texts(inside);
        let mut blank = true;
        for (number, line) in inside.lines().chain(end.lines()).enumerate() {
            if held.contains(&number) {
                out.push_str(line);
            } else if line.trim().is_empty() {
                // What went leaves no more than one blank line.
                if blank {
                    continue;
                }
                blank = true;
                out.push('\n');
                continue;
            } else {
                let _ = write!(out, "  {}", line.trim_end());
            }
            blank = false;
            out.push('\n');
        }
        let trimmed = out.trim_end().len();
        out.truncate(trimmed);
        if !out.is_empty() {
            out.push('\n');
        }
        out
    }

    /// A name for what is given, which the code does not have.
    fn free_name(&self) -> String {
        let scoping = self.semantic.scoping();
        let is_free = |name: &str| {
            scoping.symbol_names().all(|known| known != name)
                && !scoping.root_unresolved_references().contains_key(name)
        };
        let names = ["input", "given", "wanted", "parameters", "skillInput"];
        names.into_iter().find(|name| is_free(name)).unwrap_or("skillInput_").to_owned()
    }
}

/// Lines of `text` that begin inside of a text over several lines, where spaces count.
fn lines_in_texts(text: &str) -> Vec<usize> {
    look::look(text, |_, semantic| {
        let mut lines = Vec::new();
        for node in semantic.nodes().iter() {
            if let oxc::ast::AstKind::TemplateLiteral(template) = node.kind() {
                let first = text[..template.span.start as usize].matches('\n').count();
                let more = text[range(template.span)].matches('\n').count();
                lines.extend(first + 1..=first + more);
            }
        }
        lines
    })
    .unwrap_or_default()
}

fn signature(input: &str, parameters: &[InputParameter], value: &Value) -> String {
    let output = type_of(value);
    if parameters.is_empty() {
        return format!("export async function run({input}: {{}} = {{}}): Promise<{output}> {{\n");
    }
    let mut out = format!("export async function run({input}: {{\n");
    for parameter in parameters {
        let mark = if parameter.required { "" } else { "?" };
        let shown = parameter.value.to_string().replace("*/", "* /");
        let _ = writeln!(out, "  /** {}; {shown} in the recorded run. */", capital(&parameter.why));
        let _ = writeln!(out, "  {}{mark}: {};", parameter.name, type_of(&parameter.value));
    }
    let default = if parameters.iter().any(|it| it.required) { "" } else { " = {}" };
    let _ = writeln!(out, "}}{default}): Promise<{output}> {{");
    out
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

pub(super) fn range(span: Span) -> std::ops::Range<usize> {
    span.start as usize..span.end as usize
}

fn shifted(span: Span, by: u32) -> Span {
    Span::new(span.start - by, span.end - by)
}
