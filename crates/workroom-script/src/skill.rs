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
//! # Invariants
//!
//! * A skill's top level is the body of a function of its own: nothing of it is a variable of the
//!   session, and names that it does not declare are mistakes, whatever the session has.
//! * Each call of a tool in a skill's code carries the skill's name ([`OWNER_MARK`]), so the host
//!   knows whose call it is.
//! * What a skill's first `run` was given and gave, and each that failed, is told to the host by a
//!   call of the gateway's own, [`TELL`], which nobody waits for.
//! * No skill imports itself, over however many others.

use std::{collections::BTreeMap, fmt::Write as _};

use oxc::{
    allocator::Allocator,
    ast::ast::{
        BindingPattern, Comment, Declaration, ExportDefaultDeclarationKind, Expression,
        FormalParameters, Program, PropertyKey, Statement, TSSignature, TSType, TSTypeName,
    },
    span::{GetSpan, Span},
};

use crate::{
    Diagnostic, Modules, Position, Site, SkillRefused, UnknownModule, check, compile_module,
    diagnostic::DiagnosticKind, import::quote, map::SourceMap,
};

/// What stands between a skill's name and the server's, where a skill calls.
pub const OWNER_MARK: char = '\u{1f}';

/// The function of the gateway's own module that a skill tells the host by.
pub const TELL: &str = "skill";

/// The most skills of one script, those that skills import included.
pub const SKILLS_MAX: usize = 64;

/// The longest text of a signature, in characters.
const SIGNATURE_CHARS_MAX: usize = 300;

/// How deep types are looked into for the names of their properties.
const TYPE_DEPTH_MAX: usize = 4;

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
    let mut linker = Linker::new(modules, None);
    linker.add(skill).map_err(|refused| match refused {
        SkillRefused::Code(name, diagnostics) if name == skill.name => diagnostics,
        other => vec![Diagnostic { message: other.words(), ..other.diagnostic() }],
    })?;
    Ok(CheckedSkill { interface, linked: linker.done.into_iter().map(|it| it.linked).collect() })
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
        let exports = read(&skill.code, |program| exports(program)).unwrap_or_default();
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

/// How the skill of `code` is used.
///
/// # Errors
///
/// The mistakes, where it cannot be read.
pub fn interface(code: &str) -> Result<Interface, Vec<Diagnostic>> {
    if let Some(interface) = read(code, |program| interface_of(program, code)) {
        return Ok(interface);
    }
    // The compiler's own words.
    let skill = Skill { name: String::new(), code: code.to_owned() };
    match compile_module(&skill, &Nothing, None) {
        Err(diagnostics) => Err(diagnostics),
        Ok(_) => Ok(Interface::default()),
    }
}

/// No modules at all.
struct Nothing;

impl Modules for Nothing {
    fn resolve(&self, specifier: &str) -> Result<crate::Module, UnknownModule> {
        let message = format!("there is no module `{specifier}`");
        Err(UnknownModule { message, ..UnknownModule::default() })
    }

    fn all(&self) -> Vec<crate::Module> {
        Vec::new()
    }

    fn describe(&self, _: &str, _: &str) -> Option<crate::Description> {
        None
    }
}

fn interface_of(program: &Program<'_>, code: &str) -> Interface {
    let exports = exports(program).into_iter().map(|it| it.name).collect();
    let mut interface = Interface { exports, ..Interface::default() };
    let Some((params, result)) = program.body.iter().find_map(run_of) else { return interface };
    let text = |span: Span| {
        let text = code.get(span.start as usize..span.end as usize).unwrap_or_default();
        without_comments(text, span.start, &program.comments)
    };
    let mut signature = "run(".to_owned();
    let mut parts: Vec<String> = params.items.iter().map(|item| text(item.span)).collect();
    parts.extend(params.rest.iter().map(|rest| text(rest.span())));
    signature.push_str(&parts.join(", "));
    signature.push(')');
    if let Some(result) = result {
        let _ = write!(signature, ": {}", text(result.span()));
    }
    let words: Vec<&str> = signature.split_whitespace().collect();
    interface.signature = words.join(" ").chars().take(SIGNATURE_CHARS_MAX).collect();
    let types = Types { program };
    if let Some(first) = params.items.first() {
        match &first.type_annotation {
            Some(of) => {
                types.names(&of.type_annotation, TYPE_DEPTH_MAX, &mut interface.parameters);
            }
            None => {
                let ids = first.pattern.get_binding_identifiers();
                interface.parameters.extend(ids.iter().map(|id| id.name.to_string()));
            }
        }
    }
    if let Some(result) = result {
        types.names(result, TYPE_DEPTH_MAX, &mut interface.outputs);
    }
    interface
}

/// `text`, which begins at `start`, without those of `comments` that are in it.
fn without_comments(text: &str, start: u32, comments: &[Comment]) -> String {
    let mut kept = String::new();
    let mut done = 0;
    for comment in comments {
        let place = |at: u32| at.checked_sub(start).map(|at| at as usize);
        let (Some(from), Some(to)) = (place(comment.span.start), place(comment.span.end)) else {
            continue;
        };
        if from >= done && to <= text.len() {
            kept.push_str(&text[done..from]);
            done = to;
        }
    }
    kept.push_str(&text[done..]);
    kept
}

type RunParts<'p, 'a> = (&'p FormalParameters<'a>, Option<&'p TSType<'a>>);

/// The parameters and the result's type of the exported function `run`.
fn run_of<'p, 'a>(statement: &'p Statement<'a>) -> Option<RunParts<'p, 'a>> {
    let declaration = match statement {
        Statement::ExportDeclaration(export) => &export.declaration,
        _ => return None,
    };
    match declaration {
        Declaration::FunctionDeclaration(function)
            if function.id.as_ref().is_some_and(|id| id.name == "run")
                && function.body.is_some() =>
        {
            let result = function.return_type.as_ref().map(|it| &it.type_annotation);
            Some((&function.params, result))
        }
        Declaration::VariableDeclaration(variable) => {
            let is_run = |id: &BindingPattern<'_>| matches!(id, BindingPattern::BindingIdentifier(id) if id.name == "run");
            let run = variable.declarations.iter().find(|it| is_run(&it.id))?;
            match run.init.as_ref()?.get_inner_expression() {
                Expression::ArrowFunctionExpression(function) => {
                    let result = function.return_type.as_ref().map(|it| &it.type_annotation);
                    Some((&function.params, result))
                }
                Expression::FunctionExpression(function) => {
                    let result = function.return_type.as_ref().map(|it| &it.type_annotation);
                    Some((&function.params, result))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// The types that a program declares.
struct Types<'p, 'a> {
    program: &'p Program<'a>,
}

impl<'a> Types<'_, 'a> {
    /// Adds the names of the properties of `of`.
    fn names(&self, of: &TSType<'a>, depth: usize, names: &mut Vec<String>) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match of {
            TSType::TSTypeLiteral(literal) => self.members(&literal.members, names),
            TSType::TSArrayType(list) => self.names(&list.element_type, depth, names),
            TSType::TSUnionType(union) => {
                union.types.iter().for_each(|one| self.names(one, depth, names));
            }
            TSType::TSIntersectionType(all) => {
                all.types.iter().for_each(|one| self.names(one, depth, names));
            }
            TSType::TSTypeReference(reference) => {
                let TSTypeName::IdentifierReference(name) = &reference.type_name else { return };
                if let Some(arguments) = &reference.type_arguments {
                    // `Promise<…>`, `Array<…>`, `Partial<…>`: what is in it.
                    arguments.params.iter().for_each(|one| self.names(one, depth, names));
                    return;
                }
                self.declared(name.name.as_str(), depth, names);
            }
            _ => {}
        }
    }

    fn declared(&self, wanted: &str, depth: usize, names: &mut Vec<String>) {
        for statement in &self.program.body {
            let exported = match statement {
                Statement::ExportDeclaration(export) => Some(&export.declaration),
                _ => None,
            };
            match (statement, exported) {
                (Statement::TSTypeAliasDeclaration(it), _)
                | (_, Some(Declaration::TSTypeAliasDeclaration(it)))
                    if it.id.name == wanted =>
                {
                    self.names(&it.type_annotation, depth, names);
                }
                (Statement::TSInterfaceDeclaration(it), _)
                | (_, Some(Declaration::TSInterfaceDeclaration(it)))
                    if it.id.name == wanted =>
                {
                    self.members(&it.body.body, names);
                }
                _ => {}
            }
        }
    }

    #[expect(clippy::unused_self, reason = "beside the other two")]
    fn members(&self, members: &[TSSignature<'a>], names: &mut Vec<String>) {
        for member in members {
            let key = match member {
                TSSignature::TSPropertySignature(property) => &property.key,
                TSSignature::TSMethodSignature(method) => &method.key,
                _ => continue,
            };
            if let Some(name) = key_name(key)
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
    }
}

fn key_name(key: &PropertyKey<'_>) -> Option<String> {
    key.static_name().map(|name| name.to_string())
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

/// The place of a statement to look at, in the skill of that name.
pub(crate) type Watched<'w> = Option<(&'w str, Position)>;

/// The skills of one program, put together.
#[derive(Default)]
pub(crate) struct Loader {
    pub(crate) code: String,
    pub(crate) map: SourceMap,
    pub(crate) linked: Vec<Linked>,
    pub(crate) sites: Vec<Site>,
}

/// Compiles `skills` and all that they import; gives the index of the one that is refused.
pub(crate) fn link(
    skills: &[Skill],
    modules: &dyn Modules,
    watched: Watched<'_>,
) -> Result<Loader, (usize, SkillRefused)> {
    if skills.is_empty() {
        return Ok(Loader::default());
    }
    let mut linker = Linker::new(modules, watched);
    for (at, skill) in skills.iter().enumerate() {
        linker.add(skill).map_err(|refused| (at, refused))?;
    }
    Ok(linker.finish())
}

struct Built {
    linked: Linked,
    module: Module,
}

struct Linker<'m> {
    modules: &'m dyn Modules,
    watched: Watched<'m>,
    done: Vec<Built>,
    /// Those under way, each imported by the one before it.
    path: Vec<String>,
}

impl<'m> Linker<'m> {
    fn new(modules: &'m dyn Modules, watched: Watched<'m>) -> Self {
        Linker { modules, watched, done: Vec::new(), path: Vec::new() }
    }

    fn add(&mut self, skill: &Skill) -> Result<(), SkillRefused> {
        if self.done.iter().any(|built| built.linked.name == skill.name) {
            return Ok(());
        }
        if let Some(first) = self.path.iter().position(|name| *name == skill.name) {
            let mut circle = self.path[first..].to_vec();
            circle.push(skill.name.clone());
            return Err(SkillRefused::Circle(circle));
        }
        if self.done.len() + self.path.len() >= SKILLS_MAX {
            return Err(SkillRefused::TooMany);
        }
        let watched = self.watched.filter(|(name, _)| *name == skill.name).map(|it| it.1);
        let module = compile_module(skill, self.modules, watched)
            .map_err(|diagnostics| SkillRefused::Code(skill.name.clone(), diagnostics))?;
        self.path.push(skill.name.clone());
        for import in &module.imports {
            self.add(import)?;
        }
        self.path.pop();
        let linked = Linked {
            name: skill.name.clone(),
            code: skill.code.clone(),
            needs: module.needs.clone(),
            imports: module.imports.iter().map(|it| it.name.clone()).collect(),
        };
        self.done.push(Built { linked, module });
        Ok(())
    }

    fn finish(self) -> Loader {
        let internal = check::INTERNAL;
        let mut loader = Loader {
            code: format!(
                "function {internal}_load() {{\nconst {internal}_skills = {{ __proto__: null \
                 }};\n{USE}\n"
            ),
            ..Loader::default()
        };
        for Built { linked, module } in self.done {
            let name = quote(&linked.name);
            let _ = writeln!(
                loader.code,
                "{internal}_skills[{name}] = {internal}_use({name}, (() => {{"
            );
            let lines = line_count(&loader.code);
            loader.linked.push(linked);
            let file = u32::try_from(loader.linked.len()).unwrap_or(u32::MAX);
            loader.map.append(module.map, lines, file);
            loader.code.push_str(module.code.trim_end_matches('\n'));
            loader.code.push_str("\n})());\n");
            if !module.sites.is_empty() {
                loader.sites = module.sites;
            }
        }
        let _ = writeln!(loader.code, "return {internal}_skills;\n}}");
        loader
    }
}

/// How many lines end in `text`.
pub(crate) fn line_count(text: &str) -> u32 {
    u32::try_from(text.bytes().filter(|byte| *byte == b'\n').count()).unwrap_or(u32::MAX)
}

/// Watches a skill's `run`: tells the host what the first one was given and gave, where that is
/// small enough, and where each that failed was called from. It never changes what `run` does, not
/// even to make it async.
const USE: &str = r#"const __workroom_use = (skill, made) => {
  if (typeof made.run !== "function") return made;
  const run = made.run;
  let runs = 0, active = 0, told = 0;
  const tell = (about) => {
    if (told++ > 16) return;
    try { __workroom.call("", "skill", { skill, ...about }).catch(() => {}); } catch {}
  };
  const text = (value) => {
    try {
      const json = JSON.stringify(value) ?? "null";
      return json.length <= 65536 ? json : undefined;
    } catch { return undefined; }
  };
  const failed = (at, error) => {
    let message = "";
    try { message = String(error?.message ?? error).slice(0, 300); } catch {}
    tell({ act: "failed", stack: String(at.stack).slice(0, 4000), message });
  };
  const watched = function (...given) {
    const first = runs++ === 0;
    const at = new Error();
    if (first) tell({ act: "begin", input: text(given[0]), more: given.length > 1 });
    else if (active > 0) tell({ act: "mixed" });
    active++;
    const ended = (value) => {
      active--;
      if (first) tell({ act: "end", output: text(value) });
      return value;
    };
    const broke = (error) => {
      active--;
      failed(at, error);
      throw error;
    };
    let gave;
    try { gave = run.apply(this, given); } catch (error) { broke(error); }
    return gave instanceof Promise ? gave.then(ended, broke) : ended(gave);
  };
  Object.defineProperty(watched, "name", { value: "run" });
  const use = { ...made, run: watched };
  if (made.default === run) use.default = watched;
  return Object.freeze(use);
};"#;

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
