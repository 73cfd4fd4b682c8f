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

mod absent;
mod advice;
mod arguments;
mod check;
mod diagnostic;
mod foreign;
mod generalise;
mod import;
mod label;
mod look;
mod loops;
mod lower;
mod map;
mod module;
mod nesting;
mod output;
mod pattern;
mod print;
mod probe;
mod promises;
mod resolve;
mod rewrite;
mod skill;
mod survey;
mod syntax;
mod text;
mod undeclared;
mod unwrap;

pub use diagnostic::{
    DIAGNOSTICS_MAX, Diagnostic, DiagnosticKind, Position, excerpt, nearest, render,
};
pub use generalise::{Generalised, InputParameter, PARAMETERS_MAX, Recorded, generalise, type_of};
pub use look::{Use, exports, shape, uses};
pub use nesting::NESTING_MAX;
pub use output::{ABSENT, UNCALLED};
pub use probe::{Probe, SITES_MAX, Site};
pub use skill::{
    CheckedSkill, Interface, Linked, Need, OWNER_MARK, SKILLS_MAX, Skill, TELL, check_skill,
    interface,
};

use std::{borrow::Cow, panic::AssertUnwindSafe};

use map::SourceMap;

/// What the script may import. Implemented by the engine over the catalog.
pub trait Modules: Sync {
    /// `specifier` is as written: `./servers/crm`, `../servers/crm`, `servers/crm`,
    /// `./servers/crm/getContact`, `….ts`, `./servers/crm/index.ts`.
    fn resolve(&self, specifier: &str) -> Result<Module, UnknownModule>;

    /// The skill that `specifier` names: `./skills/unpaid`, `../skills/unpaid/index.ts`; `None`
    /// where that is no path of a skill's.
    fn skill(&self, _specifier: &str) -> Option<Result<Skill, UnknownModule>> {
        None
    }

    /// All modules, for the global `servers`.
    fn all(&self) -> Vec<Module>;

    /// How the tool `tool` of `server` is called; `None` where that is not known.
    fn describe(&self, server: &str, tool: &str) -> Option<Description>;
}

/// One server as a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// The server's exact name, handed to the guest.
    pub server: String,
    /// Its key under the global `servers`.
    pub identifier: String,
    /// Its folder under `./servers`, for messages.
    pub folder: String,
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
}

/// How a tool is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// On one line, for messages.
    pub signature: String,
    /// What it takes, if its schema says so plainly.
    pub parameters: Option<Parameters>,
    /// Whether it only reads, as far as can be told: then the order of its calls is free.
    pub reads: bool,
}

/// What a tool takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// Those that its schema names, in its order.
    pub list: Vec<Parameter>,
    /// Whether it may take others too.
    pub open: bool,
}

impl Parameters {
    /// The parameter that an argument given by itself is: the one that must be given, or the only
    /// one there is.
    pub(crate) fn sole(&self) -> Option<&str> {
        let mut required = self.list.iter().filter(|parameter| parameter.required);
        match (required.next(), required.next(), self.list.as_slice()) {
            (Some(one), None, _) | (None, _, [one]) => Some(&one.name),
            _ => None,
        }
    }
}

/// One parameter of a tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameter {
    /// Its exact name.
    pub name: String,
    /// Whether every call must give it.
    pub required: bool,
}

/// The global scope that a script is compiled for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scope<'s> {
    /// Variables that earlier runs have left.
    pub names: &'s [String],
    /// Names that they have set in other ways: imports, properties of `globalThis`. They hide no
    /// server.
    pub others: &'s [String],
    /// Whether these are all, so that any further name is a mistake.
    pub is_complete: bool,
}

impl Scope<'_> {
    /// Of a session's first run.
    pub const EMPTY: Scope<'static> = Scope { names: &[], others: &[], is_complete: true };

    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }
}

/// There is no such module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnknownModule {
    /// Why, in one clause.
    pub message: String,
    /// Specifiers that may have been meant, the likeliest first.
    pub nearest: Vec<String>,
    /// What to do, where that is not to import one of those.
    pub hint: Option<String>,
}

/// A script that the guest can evaluate.
#[derive(Clone, Debug)]
pub struct Program {
    /// A global script; its completion value is a promise of the run's value.
    pub code: String,
    /// The top-level names that it declares and that persist, in order, imports left out.
    pub declared: Vec<String>,
    /// Every global name that it may leave behind, imports and what it sets through `globalThis`
    /// too; `None` where only the run knows.
    pub leaves: Option<Vec<String>>,
    /// What could be better in the script, though it is not wrong.
    pub hints: Vec<Diagnostic>,
    /// The skills that it imports, and those that they import, which come first.
    pub skills: Vec<Linked>,
    /// What the script itself needs of servers; not what its skills do.
    pub needs: Vec<Need>,
    map: SourceMap,
}

impl Program {
    /// From a position in [`Program::code`] to the agent's own text; `None` in generated code.
    ///
    /// All count from 1. `column` is in bytes of UTF-8, as QuickJS counts in its stack traces;
    /// the column of the original is in characters.
    pub fn original(&self, line: u32, column: u32) -> Option<Position> {
        self.map.original(line, column).filter(|(file, _)| *file == 0).map(|it| it.1)
    }

    /// As [`Program::original`], also in the code of skills.
    pub fn place(&self, line: u32, column: u32) -> Option<Place<'_>> {
        let (file, position) = self.map.original(line, column)?;
        let skill = (file as usize).checked_sub(1).map(|at| self.skills.get(at));
        match skill {
            None => Some(Place { skill: None, position }),
            Some(skill) => Some(Place { skill: Some(skill?), position }),
        }
    }
}

/// A place in a program's texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'p> {
    /// The skill that it is in; `None` in the agent's own text.
    pub skill: Option<&'p Linked>,
    /// Where in that text.
    pub position: Position,
}

/// The TypeScript in an agent's text: what is not code is blanked out, and every place stays where
/// it was.
pub fn typescript(source: &str) -> Cow<'_, str> {
    let is_code = |text: &str| {
        let Ok(depth) = nesting::depth(text) else { return false };
        let stack = nesting::stack_bytes(depth);
        stacker::maybe_grow(stack, stack, || {
            let allocator = oxc::allocator::Allocator::default();
            let parse = AssertUnwindSafe(|| check::parse(&allocator, text).is_ok());
            std::panic::catch_unwind(parse).unwrap_or(false)
        })
    };
    let mut readings = unwrap::readings(source);
    readings.find(|reading| is_code(&reading.text)).map_or(source.into(), |reading| reading.text)
}

/// Compiles an agent's TypeScript to the JavaScript that the guest evaluates, for a scope of
/// which nothing is known.
pub fn compile(source: &str, modules: &dyn Modules) -> Result<Program, Vec<Diagnostic>> {
    compile_in(source, modules, Scope::default())
}

/// As [`compile`], for the scope of a session.
pub fn compile_in(
    source: &str,
    modules: &dyn Modules,
    scope: Scope<'_>,
) -> Result<Program, Vec<Diagnostic>> {
    compile_with(source, modules, scope, Watch::Nothing).map(|(program, _)| program)
}

/// Compiles `source` once more, so that it looks at the values of the statement at `position` if
/// that fails. `None` where no statement is there. `skill` is the one that the place is in, if any.
pub fn probe(
    source: &str,
    modules: &dyn Modules,
    scope: Scope<'_>,
    skill: Option<&str>,
    position: Position,
) -> Option<Probe> {
    let watch = match skill {
        Some(skill) => Watch::Skill(skill, position),
        None => Watch::Script(position),
    };
    let (program, sites) = compile_with(source, modules, scope, watch).ok()?;
    (!sites.is_empty()).then_some(Probe { code: program.code, sites })
}

/// The place of a statement to look at.
#[derive(Clone, Copy)]
enum Watch<'w> {
    Nothing,
    Script(Position),
    Skill(&'w str, Position),
}

/// Why a script cannot use a skill.
pub(crate) enum SkillRefused {
    /// There are mistakes in the code of this one.
    Code(String, Vec<Diagnostic>),
    /// These import each other; the last is the first.
    Circle(Vec<String>),
    /// There are more than [`SKILLS_MAX`].
    TooMany,
}

fn compile_with(
    source: &str,
    modules: &dyn Modules,
    scope: Scope<'_>,
    watch: Watch<'_>,
) -> Result<(Program, Vec<Site>), Vec<Diagnostic>> {
    let mut refused: Option<(bool, Vec<Diagnostic>)> = None;
    for reading in unwrap::readings(source) {
        let compile = || compile_here(source, &reading.text, modules, scope, watch);
        match guarded(&reading.text, compile) {
            Ok(compiled) => return Ok(compiled),
            Err(Refused::Checked(diagnostics)) => return Err(diagnostics),
            Err(Refused::Unread(diagnostics)) => {
                if refused.as_ref().is_none_or(|(speaks, _)| !speaks && reading.speaks) {
                    refused = Some((reading.speaks, diagnostics));
                }
            }
        }
    }
    let (_, refused) = refused.unwrap_or_default();
    Err(foreign::detect(source).map_or(refused, |diagnostic| vec![diagnostic]))
}

/// Why a text is no program.
enum Refused {
    /// It is not TypeScript.
    Unread(Vec<Diagnostic>),
    /// It is TypeScript with mistakes.
    Checked(Vec<Diagnostic>),
}

/// Compiles `text`, which must not end the thread however deep it is nested.
fn guarded<T>(text: &str, compile: impl FnOnce() -> Result<T, Refused>) -> Result<T, Refused> {
    let depth = nesting::depth(text).map_err(|diagnostic| Refused::Checked(vec![*diagnostic]))?;
    let failed = |message: &str| {
        let kind = DiagnosticKind::Internal;
        let diagnostic = Diagnostic { kind, message: message.to_owned(), ..Diagnostic::default() };
        Err(Refused::Checked(vec![diagnostic]))
    };
    // The parser recurses, as deep as the text is nested: it gets the stack that this may need. A
    // parser that panics on a text it was not built for ends this call and not its thread.
    let stack = nesting::stack_bytes(depth);
    let compiled =
        stacker::maybe_grow(stack, stack, || std::panic::catch_unwind(AssertUnwindSafe(compile)));
    compiled.unwrap_or_else(|_| failed("the compiler failed on this script"))
}

/// `text` is `source` with what is not code blanked out.
fn compile_here(
    source: &str,
    text: &str,
    modules: &dyn Modules,
    scope: Scope<'_>,
    watch: Watch<'_>,
) -> Result<(Program, Vec<Site>), Refused> {
    let index = text::TextIndex::new(source);
    let allocator = oxc::allocator::Allocator::default();
    let report = |found: Vec<check::Finding>| diagnostic::from_findings(found, &index);
    let checked = |found| Refused::Checked(report(found));

    let mut program =
        check::parse(&allocator, text).map_err(|found| Refused::Unread(report(found)))?;
    let analysis = check::analyse(&program, modules, scope, None).map_err(checked)?;
    let hints = report(analysis.hints);
    let leaves = analysis.leaves;
    let loader = {
        let skills: Vec<Skill> = analysis.skills.iter().map(|it| it.0.clone()).collect();
        let watched = match watch {
            Watch::Skill(name, position) => Some((name, position)),
            _ => None,
        };
        skill::link(&skills, modules, watched).map_err(|(at, refused)| {
            let span = analysis.skills.get(at).map(|it| it.1).unwrap_or_default();
            let kind = DiagnosticKind::UnknownModule;
            let mut finding = check::Finding::new(kind, span, refused.words());
            finding.hint = refused.hint();
            checked(vec![finding])
        })?
    };
    let scoping =
        check::strip_types(&allocator, &mut program, analysis.scoping).map_err(checked)?;
    drop(scoping);
    lower::lower(&allocator, &mut program, analysis.changes);
    let mut rewritten = rewrite::rewrite(&allocator, program, analysis.plan);
    let sites = match watch {
        Watch::Script(position) => {
            let offset = u32::try_from(index.offset_of(position)).unwrap_or(u32::MAX);
            probe::instrument(&allocator, &mut rewritten.program, offset)
        }
        _ => loader.sites,
    };
    let print::Printed { mut code, mut map } = print::print(&rewritten.program, text, &index);
    if !loader.linked.is_empty() {
        map.append(loader.map, skill::line_count(&code), 0);
        code.push_str(&loader.code);
    }
    let (skills, needs) = (loader.linked, analysis.needs);
    let declared = rewritten.declared;
    let leaves = leaves.map(|names| names.into_iter().chain(declared.iter().cloned()).collect());
    Ok((Program { code, declared, leaves, hints, skills, needs, map }, sites))
}

/// Compiles a skill as a module; `watched` is the place of a statement of it to look at.
fn compile_module(
    skill: &Skill,
    modules: &dyn Modules,
    watched: Option<Position>,
) -> Result<skill::Module, Vec<Diagnostic>> {
    let compile = || module_here(skill, modules, watched);
    guarded(&skill.code, compile).map_err(|refused| match refused {
        Refused::Unread(diagnostics) | Refused::Checked(diagnostics) => diagnostics,
    })
}

fn module_here(
    skill: &Skill,
    modules: &dyn Modules,
    watched: Option<Position>,
) -> Result<skill::Module, Refused> {
    let text = skill.code.as_str();
    let index = text::TextIndex::new(text);
    let allocator = oxc::allocator::Allocator::default();
    let report = |found: Vec<check::Finding>| diagnostic::from_findings(found, &index);
    let checked = |found| Refused::Checked(report(found));

    let mut program =
        check::parse(&allocator, text).map_err(|found| Refused::Unread(report(found)))?;
    let analysis =
        check::analyse(&program, modules, Scope::EMPTY, Some(&skill.name)).map_err(checked)?;
    let scoping =
        check::strip_types(&allocator, &mut program, analysis.scoping).map_err(checked)?;
    drop(scoping);
    lower::lower(&allocator, &mut program, analysis.changes);
    module::rewrite(&allocator, &mut program, &analysis.plan);
    let sites = watched.map_or_else(Vec::new, |position| {
        let offset = u32::try_from(index.offset_of(position)).unwrap_or(u32::MAX);
        probe::instrument(&allocator, &mut program, offset)
    });
    let print::Printed { code, map } = print::print(&program, text, &index);
    let imports = analysis.skills.into_iter().map(|it| it.0).collect();
    Ok(skill::Module { code, map, imports, needs: analysis.needs, sites })
}
