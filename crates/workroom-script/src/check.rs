//! Accepts or refuses a script, and gathers what rewriting it needs to know.
//!
//! # Invariants
//!
//! * Whatever gets past here is strict TypeScript that the sandbox can run once its types are
//!   stripped: no JSX and no decorators, and no import that is not linked.
//! * All mistakes of one stage are reported together; a text that does not parse is not looked
//!   into further.

use std::{collections::HashMap, path::Path};

use oxc::{
    allocator::Allocator,
    ast::{
        AstKind,
        ast::{Declaration, JSXElement, JSXFragment, Program, Statement, TSModuleReference},
    },
    ast_visit::Visit,
    parser::{ParseOptions, Parser},
    semantic::{AstNodes, Scoping, SemanticBuilder},
    span::{GetSpan, SourceType, Span},
    syntax::symbol::SymbolFlags,
    transformer::{TransformOptions, Transformer},
};

use crate::{
    Modules, Need, Scope, Skill, advice,
    diagnostic::DiagnosticKind,
    import::{self, Import},
    loops, module,
    output::{self, Output},
    promises::Promises,
    resolve::Resolver,
    survey::{self, Change, STATIC_IMPORT},
    syntax, undeclared,
};

/// What names of ours start with.
pub(crate) const INTERNAL: &str = "__workroom";

/// A mistake at an offset.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) kind: DiagnosticKind,
    pub(crate) message: String,
    pub(crate) offset: u32,
    pub(crate) hint: Option<String>,
    /// How the tool concerned is called.
    pub(crate) signature: Option<String>,
}

impl Finding {
    pub(crate) fn new(kind: DiagnosticKind, span: Span, message: impl Into<String>) -> Self {
        Finding { kind, message: message.into(), offset: span.start, hint: None, signature: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn unsupported(span: Span, message: &str, hint: &str) -> Self {
        Finding::new(DiagnosticKind::Unsupported, span, message).hint(hint)
    }
}

/// What rewriting needs to know of the script as it was written.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Assignments that stand for imports, in order.
    pub(crate) imports: Vec<Import>,
    /// Where the run's value comes from.
    pub(crate) output: Output,
    /// Enums, which a run must not merge with those of an earlier one.
    pub(crate) enums: Vec<String>,
}

/// What is done to a script's expressions once its types are gone.
pub(crate) type Changes = HashMap<Span, Vec<Change>>;

/// A script that was accepted.
pub(crate) struct Analysis {
    pub(crate) scoping: Scoping,
    pub(crate) plan: Plan,
    pub(crate) changes: Changes,
    /// What could be better, though it is not wrong.
    pub(crate) hints: Vec<Finding>,
    /// The skills that are imported, each once, and where.
    pub(crate) skills: Vec<(Skill, Span)>,
    /// What is needed of servers.
    pub(crate) needs: Vec<Need>,
    /// Global names that it sets beside those that it declares; `None` where these may be any.
    pub(crate) leaves: Option<Vec<String>>,
}

fn options() -> ParseOptions {
    ParseOptions {
        parse_regular_expression: true,
        allow_return_outside_function: true,
        preserve_parens: false,
        ..ParseOptions::default()
    }
}

/// Parses TypeScript with the freedoms that agents take.
pub(crate) fn parse<'a>(
    allocator: &'a Allocator,
    text: &'a str,
) -> Result<Program<'a>, Vec<Finding>> {
    let parsed = Parser::new(allocator, text, SourceType::ts().with_module(true))
        .with_options(options())
        .parse();
    if !parsed.diagnostics.has_errors() && !parsed.panicked {
        return Ok(parsed.program);
    }
    if let Some(jsx) = first_jsx(allocator, text) {
        return Err(vec![Finding::unsupported(
            jsx,
            "JSX is not supported",
            "return data, or build text with template literals",
        )]);
    }
    Err(syntax::unread(text, &parsed.diagnostics))
}

/// Where the first element is, if the text is right but for its JSX.
fn first_jsx<'a>(allocator: &'a Allocator, text: &'a str) -> Option<Span> {
    struct FirstJsx(Option<Span>);
    impl<'a> Visit<'a> for FirstJsx {
        fn visit_jsx_element(&mut self, element: &JSXElement<'a>) {
            self.0.get_or_insert(element.span);
        }
        fn visit_jsx_fragment(&mut self, fragment: &JSXFragment<'a>) {
            self.0.get_or_insert(fragment.span);
        }
    }
    let parsed = Parser::new(allocator, text, SourceType::tsx().with_module(true))
        .with_options(options())
        .parse();
    if parsed.diagnostics.has_errors() || parsed.panicked {
        return None;
    }
    let mut first = FirstJsx(None);
    first.visit_program(&parsed.program);
    first.0
}

/// Checks names and calls, links imports, and finds what cannot run here. `owner` is the name of
/// the skill that `program` is; `None` of a script.
pub(crate) fn analyse<'a>(
    program: &'a Program<'a>,
    modules: &dyn Modules,
    scope: Scope<'_>,
    owner: Option<&str>,
) -> Result<Analysis, Vec<Finding>> {
    let built = SemanticBuilder::new()
        .with_check_syntax_error(true)
        .with_build_nodes(true)
        .with_enum_eval(true)
        .build(program);
    let mut found = syntax::findings(&built.diagnostics);
    let semantic = built.semantic;

    let mut unsupported = Unsupported { found: Vec::new() };
    unsupported.visit_program(program);
    let is_supported = unsupported.found.is_empty();
    found.append(&mut unsupported.found);
    found.extend(constant_writes(semantic.scoping(), semantic.nodes()));
    found.extend(reserved_names(semantic.scoping()));

    let resolver = Resolver::new(&semantic, modules, scope, owner);
    let mut survey = survey::survey(&resolver);
    found.append(&mut survey.found);
    let imports = import::link(program, &resolver, &survey, &mut found);
    // What is not supported may well be declared nowhere either.
    if is_supported {
        found.extend(undeclared::find(&resolver));
    }
    if owner.is_some() {
        found.extend(module::check(program, &resolver));
        found.extend(survey.unnamed_calls());
    }
    let promises = Promises { resolver: &resolver };
    found.extend(promises.misused());
    if !found.is_empty() {
        return Err(found);
    }
    let output = match owner {
        None => output::find(program, semantic.scoping()),
        Some(_) => Output::None,
    };
    let mut changes: Changes =
        survey.changes.into_iter().map(|(span, change)| (span, vec![change])).collect();
    // Each of them is of another span.
    promises.in_result(program, &output).into_iter().for_each(|(span, change)| {
        changes.entry(span).or_default().push(change);
    });
    let mut hints = loops::find(&resolver);
    hints.extend(advice::find(&resolver));
    hints.extend(output::absent(program, &output));
    if output == Output::None
        && let Some((span, name)) = output::uncalled(program, semantic.scoping())
    {
        let message = format!("`{name}` {}", output::UNCALLED);
        let hint = format!("to run it, end with `return await {name}()`");
        hints.push(Finding::new(DiagnosticKind::NotCalled, span, message).hint(hint));
    }
    let leaves = undeclared::set_by_hand(&resolver).map(|names| {
        let imported = imports.iter().flat_map(|import| &import.names).cloned();
        names.into_iter().map(str::to_owned).chain(imported).collect()
    });
    let (skills, needs) = resolver.into_used();
    let enums = program.body.iter().filter_map(enum_name).map(str::to_owned).collect();
    let plan = Plan { imports, output, enums };
    let scoping = semantic.into_scoping();
    Ok(Analysis { scoping, plan, changes, hints, skills, needs, leaves })
}

/// Turns TypeScript into JavaScript in place.
pub(crate) fn strip_types<'a>(
    allocator: &'a Allocator,
    program: &mut Program<'a>,
    scoping: Scoping,
) -> Result<Scoping, Vec<Finding>> {
    // Imports are linked already, and the transformer would drop the ones nothing mentions yet.
    program.body.retain(|statement| match statement {
        Statement::ImportDeclaration(_) => false,
        Statement::TSImportEqualsDeclaration(import) => {
            !matches!(import.module_reference, TSModuleReference::ExternalModuleReference(_))
        }
        _ => true,
    });
    strip_types_only(allocator, program, scoping)
}

/// Strips types, and leaves the imports that are used.
pub(crate) fn strip_types_only<'a>(
    allocator: &'a Allocator,
    program: &mut Program<'a>,
    scoping: Scoping,
) -> Result<Scoping, Vec<Finding>> {
    let options = TransformOptions::default();
    let done = Transformer::new(allocator, Path::new("script.ts"), &options)
        .build_with_scoping(scoping, program);
    let found = syntax::findings(&done.diagnostics);
    if found.is_empty() { Ok(done.scoping) } else { Err(found) }
}

fn enum_name<'a>(statement: &Statement<'a>) -> Option<&'a str> {
    let declared = match statement {
        Statement::TSEnumDeclaration(declared) => declared,
        Statement::ExportDeclaration(export) => match &export.declaration {
            Declaration::TSEnumDeclaration(declared) => declared,
            _ => return None,
        },
        _ => return None,
    };
    (!declared.declare).then_some(declared.id.name.as_str())
}

/// Assignments to what cannot be assigned to, which the rewritten script would allow.
fn constant_writes(scoping: &Scoping, nodes: &AstNodes<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for symbol in scoping.symbol_ids() {
        let flags = scoping.symbol_flags(symbol);
        let what = match () {
            () if flags.is_import() => "import",
            () if flags.is_const_variable() => "constant",
            () => continue,
        };
        for reference in scoping.get_resolved_references(symbol).filter(|seen| seen.is_write()) {
            let name = scoping.symbol_name(symbol);
            found.push(
                Finding::new(
                    DiagnosticKind::Syntax,
                    nodes.kind(reference.node_id()).span(),
                    format!("cannot assign to {what} `{name}`"),
                )
                .hint(format!("declare another variable, or `let {name}`")),
            );
        }
    }
    found
}

/// Top-level names that a global variable cannot have, or that are ours.
fn reserved_names(scoping: &Scoping) -> Vec<Finding> {
    let mut found = Vec::new();
    for symbol in scoping.symbol_ids() {
        let name = scoping.symbol_name(symbol);
        let top = scoping.symbol_scope_id(symbol) == scoping.root_scope_id();
        let flags = scoping.symbol_flags(symbol);
        // The files that agents read declare it for the type checker, and agents copy them.
        let ours = name.starts_with(INTERNAL) && !flags.contains(SymbolFlags::Ambient);
        let fixed = top && matches!(name, "undefined" | "NaN" | "Infinity" | "globalThis");
        if (ours || fixed) && is_value(flags) {
            let kind = DiagnosticKind::Unsupported;
            let message = format!("the name `{name}` is reserved");
            found.push(
                Finding::new(kind, scoping.symbol_span(symbol), message)
                    .hint("choose another name"),
            );
        }
    }
    found.sort_by_key(|finding| finding.offset);
    found
}

fn is_value(flags: SymbolFlags) -> bool {
    flags.is_value() || flags.is_import()
}

/// Finds syntax that is TypeScript but does not run here.
struct Unsupported {
    found: Vec<Finding>,
}

impl<'a> Visit<'a> for Unsupported {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        let (message, hint) = match kind {
            AstKind::ImportMeta(_) => {
                ("`import.meta` is not supported", "a script has no file of its own")
            }
            AstKind::Decorator(_) => {
                ("decorators are not supported", "call the function on the class instead")
            }
            AstKind::AccessorProperty(_) => {
                ("`accessor` fields are not supported", "write a getter and a setter")
            }
            AstKind::ImportDeclaration(import) if import.phase.is_some() => {
                ("import phases are not supported", STATIC_IMPORT)
            }
            AstKind::TSExportAssignment(_) => {
                ("`export =` is not supported", "write `return …` or `export default …`")
            }
            AstKind::ExportFromDeclaration(export) if export.export_kind.is_value() => {
                ("exports from other modules are not supported", STATIC_IMPORT)
            }
            AstKind::ExportAllDeclaration(export) if export.export_kind.is_value() => {
                ("exports from other modules are not supported", STATIC_IMPORT)
            }
            _ => return,
        };
        self.found.push(Finding::unsupported(kind.span(), message, hint));
    }
}
