//! Saved scripts as modules: read, checked, and compiled beside the script that imports them.
//!
//! A script that imports skills is followed by one function that makes all of them, those that
//! others import first:
//!
//! ```js
//! function __workroom_load() {
//!   const __workroom_skills = { __proto__: null };
//!   __workroom_skills["unpaid"] = __workroom_use("unpaid", (() => {
//!     let crm;
//!     crm = __workroom.module("unpaid\u{1f}crm", …);
//!     async function run(input) { … }
//!     return { "run": run };
//!   })());
//!   return __workroom_skills;
//! }
//! ```
//!
//! # Layout
//!
//! * `link`: skills and those that they import, put together; `interface`: how one is used.
//! * `uses`: what a code was seen to use of skills and servers.
//!
//! # Invariants
//!
//! * A skill's top level is the body of a function of its own: nothing of it is a variable of the
//!   session, and names that it does not declare are mistakes, whatever the session has.
//! * Each call of a tool in a skill's code carries the skill's name ([`OWNER_MARK`]), so the host
//!   knows whose call it is.
//! * What a skill's first `run` was given and gave, and each that failed, is told to the host by a
//!   call of the gateway's own, [`TELL`], which nobody waits for.
//! * No skill imports itself, over however many others.

mod interface;
mod link;
mod uses;

use std::collections::BTreeMap;

use oxc::{
    allocator::Allocator,
    ast::ast::{
        BindingPattern, Declaration, ExportDefaultDeclarationKind, Expression, Program, Statement,
    },
};

use crate::{
    Diagnostic, Modules, Site, SkillRefused, check, diagnostic::DiagnosticKind, import::quote,
    map::SourceMap,
};

pub use interface::interface;
pub(crate) use link::{line_count, link};
pub(crate) use uses::unknown_export;

/// What stands between a skill's name and the server's, where a skill calls.
pub const OWNER_MARK: char = '\u{1f}';

/// The function of the gateway's own module that a skill tells the host by.
pub const TELL: &str = "skill";

/// The most skills of one script, those that skills import included.
pub const SKILLS_MAX: usize = 64;

/// A saved script that can be imported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skill {
    /// Its name, which is a safe one.
    pub name: String,
    /// Its TypeScript.
    pub code: String,
}

/// A skill as it was compiled into a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Linked {
    /// Its name.
    pub name: String,
    /// Its TypeScript, for excerpts.
    pub code: String,
    /// The servers and tools that its code names; not those of the skills that it imports.
    pub needs: Vec<Need>,
    /// The skills that it imports.
    pub imports: Vec<String>,
}

/// What a code needs of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// The server's exact name.
    pub server: String,
    /// The exact names of the tools that it surely may call.
    pub tools: Vec<String>,
    /// Whether it may call others too.
    pub open: bool,
}

/// How a skill is used, as its text says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// What it exports beside types.
    pub exports: Vec<String>,
    /// `run(input: { … }): Promise<…>` on one line; empty where it exports no `run`.
    pub signature: String,
    /// The names of what `run` takes, as far as its types say them.
    pub parameters: Vec<String>,
    /// The names of what `run` gives, likewise.
    pub outputs: Vec<String>,
}

/// What a skill's code came to when it was checked by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckedSkill {
    /// How it is used.
    pub interface: Interface,
    /// The skill, and before it those that it imports.
    pub linked: Vec<Linked>,
}

/// Checks the code of a skill as it would be imported.
///
/// # Errors
///
/// The mistakes, at their places in its code.
pub fn check_skill(skill: &Skill, modules: &dyn Modules) -> Result<CheckedSkill, Vec<Diagnostic>> {
    let interface = interface(&skill.code)?;
    if !interface.exports.iter().any(|name| name == "run") {
        return Err(vec![Diagnostic {
            kind: DiagnosticKind::UnknownExport,
            message: "a skill exports `run`".to_owned(),
            hint: Some("write `export async function run(input: { … }) { … }`".to_owned()),
            ..Diagnostic::default()
        }]);
    }
    let linked = link::alone(skill, modules).map_err(|refused| match refused {
        SkillRefused::Code(name, diagnostics) if name == skill.name => diagnostics,
        other => vec![Diagnostic { message: other.words(), ..other.diagnostic() }],
    })?;
    Ok(CheckedSkill { interface, linked })
}

impl SkillRefused {
    /// Why a script cannot use the skill, in one clause.
    pub(crate) fn words(&self) -> String {
        match self {
            SkillRefused::Code(name, diagnostics) => {
                let (what, line) = diagnostics.first().map_or(("it is refused", 1), |first| {
                    (first.message.as_str(), first.position.line)
                });
                // Another skill's message says itself which one it is of.
                if what.starts_with("skill `") {
                    return what.to_owned();
                }
                format!("skill `{name}` cannot be used: {what} (./skills/{name}/index.ts:{line})")
            }
            SkillRefused::Circle(names) => match names.as_slice() {
                [one, same] if one == same => format!("skill `{one}` imports itself"),
                names => format!("skills import each other in a circle: {}", names.join(" → ")),
            },
            SkillRefused::TooMany => format!("a script uses at most {SKILLS_MAX} skills"),
        }
    }

    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            SkillRefused::Code(_, diagnostics) => diagnostics.first()?.hint.clone(),
            SkillRefused::Circle(_) => {
                Some("move what both need into a third skill, or into one of them".to_owned())
            }
            SkillRefused::TooMany => None,
        }
    }

    fn diagnostic(&self) -> Diagnostic {
        let kind = DiagnosticKind::UnknownModule;
        Diagnostic { kind, hint: self.hint(), ..Diagnostic::default() }
    }
}

/// One export of a skill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Export {
    pub(crate) name: String,
    /// Whether it is surely an async function.
    pub(crate) is_async: bool,
}

/// A skill as the scripts that import it see it.
#[derive(Debug)]
pub(crate) struct Face {
    pub(crate) skill: Skill,
    pub(crate) exports: Vec<Export>,
}

impl Face {
    /// Reads what `skill` exports. One that cannot be read exports nothing; compiling it says why.
    pub(crate) fn of(skill: Skill) -> Self {
        let exports = read(&skill.code, exports).unwrap_or_default();
        Face { skill, exports }
    }

    pub(crate) fn export(&self, name: &str) -> Option<&Export> {
        self.exports.iter().find(|export| export.name == name)
    }

    /// What gives the skill, or what it exports as `name`, to a script.
    pub(crate) fn code(&self, name: Option<&str>) -> String {
        let member = name.map(|name| format!("[{}]", quote(name))).unwrap_or_default();
        format!("{}_skills[{}]{member}", check::INTERNAL, quote(&self.skill.name))
    }
}

/// Reads a code as TypeScript and looks at it.
fn read<T>(code: &str, look: impl FnOnce(&Program<'_>) -> T) -> Option<T> {
    let depth = crate::nesting::depth(code).ok()?;
    let stack = crate::nesting::stack_bytes(depth);
    stacker::maybe_grow(stack, stack, || {
        let allocator = Allocator::default();
        let looked = std::panic::AssertUnwindSafe(|| {
            check::parse(&allocator, code).ok().map(|program| look(&program))
        });
        std::panic::catch_unwind(looked).ok().flatten()
    })
}

fn exports(program: &Program<'_>) -> Vec<Export> {
    let mut found = Vec::new();
    let mut add = |name: &str, is_async: bool| {
        found.push(Export { name: name.to_owned(), is_async });
    };
    for statement in &program.body {
        match statement {
            Statement::ExportDeclaration(export) => declared(&export.declaration, &mut add),
            Statement::ExportNamedDeclaration(export) => {
                for specifier in &export.specifiers {
                    if export.export_kind.is_value() && specifier.export_kind.is_value() {
                        add(specifier.exported.name().as_str(), false);
                    }
                }
            }
            Statement::ExportDefaultDeclaration(export) => {
                let is_async = match &export.declaration {
                    ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                        function.r#async && !function.generator
                    }
                    ExportDefaultDeclarationKind::TSInterfaceDeclaration(_) => continue,
                    other => other.as_expression().is_some_and(is_async),
                };
                add("default", is_async);
            }
            _ => {}
        }
    }
    found
}

fn declared(declaration: &Declaration<'_>, add: &mut impl FnMut(&str, bool)) {
    match declaration {
        Declaration::FunctionDeclaration(function) => {
            // An overload's signature has no body.
            if let (Some(id), Some(_)) = (&function.id, &function.body) {
                add(id.name.as_str(), function.r#async && !function.generator);
            }
        }
        Declaration::ClassDeclaration(class) if !class.declare => {
            class.id.iter().for_each(|id| add(id.name.as_str(), false));
        }
        Declaration::VariableDeclaration(variable) if !variable.declare => {
            for declarator in &variable.declarations {
                let is_async = variable.kind.is_const()
                    && matches!(declarator.id, BindingPattern::BindingIdentifier(_))
                    && declarator.init.as_ref().is_some_and(is_async);
                for id in declarator.id.get_binding_identifiers() {
                    add(id.name.as_str(), is_async);
                }
            }
        }
        Declaration::TSEnumDeclaration(it) if !it.declare => add(it.id.name.as_str(), false),
        _ => {}
    }
}

fn is_async(expression: &Expression<'_>) -> bool {
    match expression.get_inner_expression() {
        Expression::ArrowFunctionExpression(function) => function.r#async,
        Expression::FunctionExpression(function) => function.r#async && !function.generator,
        _ => false,
    }
}

/// A skill that was compiled.
pub(crate) struct Module {
    pub(crate) code: String,
    pub(crate) map: SourceMap,
    /// What it imports, in order.
    pub(crate) imports: Vec<Skill>,
    pub(crate) needs: Vec<Need>,
    pub(crate) sites: Vec<Site>,
}

/// Gathers what a code needs of servers.
#[derive(Debug, Default)]
pub(crate) struct Needs(BTreeMap<String, (Vec<String>, bool)>);

impl Needs {
    /// It may call `tool`; `None`: any.
    pub(crate) fn add(&mut self, server: &str, tool: Option<&str>) {
        let (tools, open) = self.0.entry(server.to_owned()).or_default();
        match tool {
            Some(tool) if !tools.iter().any(|known| known == tool) => tools.push(tool.to_owned()),
            Some(_) => {}
            None => *open = true,
        }
    }

    pub(crate) fn into_list(self) -> Vec<Need> {
        let list = self.0.into_iter().map(|(server, (mut tools, open))| {
            tools.sort_unstable();
            Need { server, tools, open }
        });
        list.collect()
    }
}
