//! Workroom's TypeScript front end: accept, check, link imports, strip types, map errors back.
//!
//! [`compile`] turns what an agent wrote into one global script for the guest:
//!
//! ```js
//! "use strict";
//! var crm, deals;                       // top-level names: they outlive the run
//! function total(list) { … }            // top-level functions, hoisted
//! (async () => {
//!   crm = __workroom.module("crm", [["getContact", "get_contact"]]);
//!   deals = await crm.listDeals();
//!   return total(deals);                // the run's value
//! })();
//! ```
//!
//! # What gives the run's value
//!
//! In this order: a top-level `return`; `export default`, called if it is a function; the last
//! statement if it is an expression, called if it is a lone function; a function `main` that
//! nothing mentions, called if all else is declarations. Only functions that can do without
//! arguments are called. An assignment as the last statement gives no value, like a `const`:
//! what a script keeps in a variable it does not show.
//!
//! # Invariants
//!
//! * The code is what oxc prints of its syntax tree, never spliced text, and holds no comment.
//! * Top-level names become global variables, so every run of a session may declare them
//!   again. The price: reading one before its declaration gives `undefined` or the value of an
//!   earlier run. Assigning to a `const` is refused here, since nothing would stop it later.
//! * Static, dynamic and re-exporting imports all go through [`Modules::resolve`] or are refused.
//! * No text can panic or overflow the stack: see `nesting`.
//!
//! # Not here
//!
//! Which modules there are is the engine's; what `__workroom` does is the guest's. No types are
//! checked beyond names.

mod calls;
mod check;
mod diagnostic;
mod global;
mod import;
mod label;
mod language;
mod map;
mod nesting;
mod output;
mod pattern;
mod print;
mod probe;
mod rewrite;
mod text;

pub use diagnostic::{
    DIAGNOSTICS_MAX, Diagnostic, DiagnosticKind, Position, excerpt, nearest, render,
};
pub use nesting::NESTING_MAX;
pub use probe::{Probe, SITES_MAX, Site};

use std::panic::AssertUnwindSafe;

use map::SourceMap;

/// What the script may import. Implemented by the engine over the catalog.
pub trait Modules: Sync {
    /// `specifier` is as written: `./servers/crm`, `../servers/crm`, `servers/crm`,
    /// `./servers/crm/getContact`, `….ts`, `./servers/crm/index.ts`.
    fn resolve(&self, specifier: &str) -> Result<Module, UnknownModule>;

    /// All modules, for the global `servers`.
    fn all(&self) -> Vec<Module>;

    /// Whether an earlier run of the session has a variable called `name`.
    fn is_variable(&self, name: &str) -> bool {
        let _ = name;
        false
    }
}

/// One server as a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// The server's exact name, handed to the guest.
    pub server: String,
    /// Its key under the global `servers`.
    pub identifier: String,
    /// What it exports.
    pub functions: Vec<Function>,
    /// The one function that is exported, where a tool's own file was imported.
    pub tool: Option<usize>,
}

/// One tool as an exported function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Function {
    /// The export's name, in camel case.
    pub name: String,
    /// The tool's exact name.
    pub tool: String,
    /// How it is called, for messages.
    pub signature: String,
    /// Its parameters, where they are known.
    pub parameters: Option<Parameters>,
}

/// The parameters of a tool: the fields of its one argument.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// All of them.
    pub names: Vec<String>,
    /// Those that must be given.
    pub required: Vec<String>,
    /// Whether the tool takes others as well.
    pub is_open: bool,
}

/// There is no such module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnknownModule {
    /// Why, in one clause.
    pub message: String,
    /// Specifiers that may have been meant, the likeliest first.
    pub nearest: Vec<String>,
}

/// A script that the guest can evaluate.
#[derive(Clone, Debug)]
pub struct Program {
    /// A global script; its completion value is a promise of the run's value.
    pub code: String,
    /// The top-level names that it declares and that persist, in order, imports left out.
    pub declared: Vec<String>,
    map: SourceMap,
}

impl Program {
    /// From a position in [`Program::code`] to the agent's own text; `None` in generated code.
    ///
    /// All count from 1. `column` is in bytes of UTF-8, as QuickJS counts in its stack traces;
    /// the column of the original is in characters.
    pub fn original(&self, line: u32, column: u32) -> Option<Position> {
        self.map.original(line, column)
    }
}

/// The TypeScript in an agent's text: what is not code is blanked out, and every place stays where
/// it was.
pub fn typescript(source: &str) -> std::borrow::Cow<'_, str> {
    let Some(blocks) = text::fenced(source) else { return text::prepare(source) };
    let Ok(depth) = nesting::depth(&blocks) else { return text::prepare(source) };
    let stack = nesting::stack_bytes(depth);
    let is_code = stacker::maybe_grow(stack, stack, || {
        let allocator = oxc::allocator::Allocator::default();
        let parse = AssertUnwindSafe(|| check::parse(&allocator, &blocks).is_ok());
        std::panic::catch_unwind(parse).unwrap_or(false)
    });
    if is_code { blocks.into() } else { text::prepare(source) }
}

/// Compiles an agent's TypeScript to the JavaScript that the guest evaluates.
pub fn compile(source: &str, modules: &dyn Modules) -> Result<Program, Vec<Diagnostic>> {
    compile_with(source, modules, None).map(|(program, _)| program)
}

/// Compiles `source` once more, so that it looks at the values of the statement at `position` if
/// that fails. `None` where no statement is there.
pub fn probe(source: &str, modules: &dyn Modules, position: Position) -> Option<Probe> {
    let (program, sites) = compile_with(source, modules, Some(position)).ok()?;
    (!sites.is_empty()).then_some(Probe { code: program.code, sites })
}

fn compile_with(
    source: &str,
    modules: &dyn Modules,
    watched: Option<Position>,
) -> Result<(Program, Vec<Site>), Vec<Diagnostic>> {
    let text = text::prepare(source);
    let depth = nesting::depth(&text).map_err(|diagnostic| vec![*diagnostic])?;
    let failed = |message: &str| {
        let kind = DiagnosticKind::Internal;
        Err(vec![Diagnostic { kind, message: message.to_owned(), ..Diagnostic::default() }])
    };
    // The parser recurses, as deep as the text is nested: it gets the stack that this may need. A
    // parser that panics on a text it was not built for ends this call and not its thread.
    let stack = nesting::stack_bytes(depth);
    let compiled = stacker::maybe_grow(stack, stack, || {
        let compile = AssertUnwindSafe(|| compile_here(source, &text, modules, watched));
        std::panic::catch_unwind(compile)
    });
    compiled.unwrap_or_else(|_| failed("the compiler failed on this script"))
}

/// `text` is `source` with what is not code blanked out.
fn compile_here(
    source: &str,
    text: &str,
    modules: &dyn Modules,
    watched: Option<Position>,
) -> Result<(Program, Vec<Site>), Vec<Diagnostic>> {
    let index = text::TextIndex::new(source);
    let allocator = oxc::allocator::Allocator::default();
    let report = |found: Vec<check::Finding>| diagnostic::from_findings(found, &index);

    // Blocks come first: words and blocks may happen to be TypeScript, of labels and templates.
    let blocks = text::fenced(source).map(|blocks| allocator.alloc_str(&blocks));
    let blocks = blocks.and_then(|blocks| check::parse(&allocator, blocks).ok());
    let mut program = match blocks {
        Some(program) => program,
        None => check::parse(&allocator, text)
            .map_err(|found| report(language::other(text).map_or(found, |other| vec![other])))?,
    };
    global::dynamic_imports(&allocator, &mut program);
    let analysis = check::analyse(&program, modules).map_err(report)?;
    let scoping = check::strip_types(&allocator, &mut program, analysis.scoping).map_err(report)?;
    drop(scoping);
    let mut rewritten = rewrite::rewrite(&allocator, program, analysis.plan);
    let sites = watched.map_or_else(Vec::new, |position| {
        let offset = u32::try_from(index.offset_of(position)).unwrap_or(u32::MAX);
        probe::instrument(&allocator, &mut rewritten.program, offset)
    });
    let printed = print::print(&rewritten.program, text, &index);
    let program = Program { code: printed.code, declared: rewritten.declared, map: printed.map };
    Ok((program, sites))
}
