//! Looking at a text without compiling it: what it uses, and its form.
//!
//! Nothing of the catalog is known here. A text that does not parse gives nothing.

use std::fmt::Write as _;

use std::{collections::BTreeMap, panic::AssertUnwindSafe};

use oxc::{
    allocator::Allocator,
    ast::{
        AstKind,
        ast::{
            Expression, ImportDeclaration, ImportDeclarationSpecifier, Program,
            VariableDeclarationKind,
        },
    },
    codegen::{Codegen, CodegenOptions, CommentOptions},
    semantic::{AstNodes, NodeId, Semantic, SemanticBuilder},
    span::{GetSpan, Span},
};
use sha2::{Digest as _, Sha256};

use crate::{check, nesting, resolve, typescript};

/// A server that a code names, and the functions of it that the code calls by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Use {
    /// As it stands in the import: `crm` of `./servers/crm`.
    pub folder: String,
    /// In the order of the alphabet.
    pub functions: Vec<String>,
}

/// Parses `code` and looks at it.
pub(crate) fn look<T>(code: &str, see: impl FnOnce(&Program<'_>, &Semantic<'_>) -> T) -> Option<T> {
    let depth = nesting::depth(code).ok()?;
    let stack = nesting::stack_bytes(depth);
    stacker::maybe_grow(stack, stack, || {
        let allocator = Allocator::default();
        let looked = AssertUnwindSafe(|| {
            let program = check::parse(&allocator, code).ok()?;
            let built = SemanticBuilder::new().with_build_nodes(true).build(&program);
            Some(see(&program, &built.semantic))
        });
        std::panic::catch_unwind(looked).ok().flatten()
    })
}

/// The servers that `source` names, by their folders.
pub fn uses(source: &str) -> Vec<Use> {
    let source = typescript(source);
    let found = look(&source, |program, semantic| {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (folder, functions) in imported(program, semantic) {
            found.entry(folder).or_default().extend(functions);
        }
        let nodes = semantic.nodes();
        let scoping = semantic.scoping();
        for name in [resolve::SERVERS] {
            let Some(ids) = scoping.root_unresolved_references().get(name) else { continue };
            for id in ids {
                let node = scoping.get_reference(*id).node_id();
                if let Some((folder, node)) = member(nodes, node) {
                    let functions = found.entry(folder).or_default();
                    functions.extend(member(nodes, node).map(|(name, _)| name));
                }
            }
        }
        found
    });
    let sorted = |(folder, mut functions): (String, Vec<String>)| {
        functions.sort_unstable();
        functions.dedup();
        Use { folder, functions }
    };
    found.unwrap_or_default().into_iter().map(sorted).collect()
}

/// What `export` names of a skill's code, types left out.
pub fn exports(code: &str) -> Vec<String> {
    crate::interface(code).map(|interface| interface.exports).unwrap_or_default()
}

/// The folder of a server, and the file in it, that an import names.
pub(crate) fn server_of(specifier: &str) -> Option<(&str, Option<&str>)> {
    let (_, inside) = specifier.split_once("servers/")?;
    let inside = inside.trim_end_matches('/');
    let inside = inside.strip_suffix(".ts").or(inside.strip_suffix(".js")).unwrap_or(inside);
    match inside.split_once('/') {
        Some((folder, "index")) => Some((folder, None)),
        Some((folder, file)) => Some((folder, Some(file))),
        None => Some((inside, None)),
    }
}

fn imported(program: &Program<'_>, semantic: &Semantic<'_>) -> Vec<(String, Vec<String>)> {
    let imports = program.body.iter().filter_map(|statement| match statement {
        oxc::ast::ast::Statement::ImportDeclaration(import) => Some(import),
        _ => None,
    });
    let used = |import: &ImportDeclaration<'_>| {
        let (folder, file) = server_of(import.source.value.as_str())?;
        let mut functions: Vec<String> = file.map(str::to_owned).into_iter().collect();
        for specifier in import.specifiers.iter().flatten() {
            match specifier {
                ImportDeclarationSpecifier::ImportSpecifier(one) if file.is_none() => {
                    functions.push(one.imported.name().to_string());
                }
                ImportDeclarationSpecifier::ImportSpecifier(_) => {}
                _ if file.is_some() => {}
                other => {
                    let symbol = other.local().symbol_id();
                    for reference in semantic.scoping().get_resolved_references(symbol) {
                        let named = member(semantic.nodes(), reference.node_id());
                        functions.extend(named.map(|(name, _)| name));
                    }
                }
            }
        }
        Some((folder.to_owned(), functions))
    };
    imports.filter_map(|import| used(import)).collect()
}

/// The name by which a member of `node` is asked for, and the node of the asking.
fn member(nodes: &AstNodes<'_>, node: NodeId) -> Option<(String, NodeId)> {
    let parent = nodes.parent_id(node);
    let name = match nodes.kind(parent) {
        AstKind::StaticMemberExpression(member) => member.property.name.to_string(),
        AstKind::ComputedMemberExpression(member) => match &member.expression {
            Expression::StringLiteral(name) => name.value.to_string(),
            _ => return None,
        },
        _ => return None,
    };
    Some((name, parent))
}

/// What two codes that do the same with other names and other values have in common, as a hash;
/// `None` where no server is used, or the text does not parse.
///
/// Names of variables count by the order in which they appear, literals by their sort, `const`
/// as `let`; types, comments, spacing and logs count nothing. Servers, tools and the names of
/// fields count as they are.
pub fn shape(source: &str) -> Option<String> {
    let text = typescript(source);
    if uses(&text).is_empty() {
        return None;
    }
    // Printed without types and comments first, so that the spelling is one.
    let printed = printed(&text)?;
    let form = look(&printed, |_, semantic| form(&printed, semantic))?;
    let hash = Sha256::digest(form.as_bytes());
    let mut hex = String::with_capacity(32);
    for byte in &hash[..16] {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Some(hex)
}

fn printed(text: &str) -> Option<String> {
    let depth = nesting::depth(text).ok()?;
    let stack = nesting::stack_bytes(depth);
    stacker::maybe_grow(stack, stack, || {
        let print = AssertUnwindSafe(|| {
            let allocator = Allocator::default();
            let mut program = check::parse(&allocator, text).ok()?;
            let built = SemanticBuilder::new().with_enum_eval(true).build(&program);
            let scoping = built.semantic.into_scoping();
            check::strip_types_only(&allocator, &mut program, scoping).ok()?;
            let comments = CommentOptions::disabled();
            let options = CodegenOptions { comments, ..CodegenOptions::default() };
            Some(Codegen::new().with_options(options).build(&program).code)
        });
        std::panic::catch_unwind(print).ok().flatten()
    })
}

/// `text` with what may differ replaced.
fn form(text: &str, semantic: &Semantic<'_>) -> String {
    let mut edits: Vec<(Span, String)> = Vec::new();
    let mut order = Vec::new();
    let scoping = semantic.scoping();
    let mut number = |symbol| {
        let at = order.iter().position(|known| *known == symbol).unwrap_or_else(|| {
            order.push(symbol);
            order.len() - 1
        });
        format!("v{at}")
    };
    for (id, node) in semantic.nodes().iter_enumerated() {
        match node.kind() {
            AstKind::BindingIdentifier(name) => {
                if let Some(symbol) = name.symbol_id.get() {
                    edits.push((name.span, number(symbol)));
                }
            }
            AstKind::IdentifierReference(name) => {
                let reference = name.reference_id.get().map(|id| scoping.get_reference(id));
                if let Some(symbol) = reference.and_then(oxc::semantic::Reference::symbol_id) {
                    edits.push((name.span, number(symbol)));
                }
            }
            AstKind::VariableDeclaration(variable) => {
                let word = match variable.kind {
                    VariableDeclarationKind::Const => 5,
                    VariableDeclarationKind::Var | VariableDeclarationKind::Let => 3,
                    _ => continue,
                };
                let start = variable.span.start;
                edits.push((Span::new(start, start + word), "let".to_owned()));
            }
            AstKind::StringLiteral(literal) if !is_name(semantic.nodes(), id, literal.span) => {
                edits.push((literal.span, "S".to_owned()));
            }
            AstKind::TemplateElement(element) => edits.push((element.span, "S".to_owned())),
            AstKind::NumericLiteral(literal) => edits.push((literal.span, "N".to_owned())),
            AstKind::ExpressionStatement(statement) if is_log(&statement.expression) => {
                edits.push((statement.span, String::new()));
            }
            _ => {}
        }
    }
    // Where a log stood is nothing.
    let form = apply(text, edits);
    form.lines().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n")
}

/// Whether a text is a specifier or the name of a field, and no value.
fn is_name(nodes: &AstNodes<'_>, id: NodeId, span: Span) -> bool {
    match nodes.parent_kind(id) {
        AstKind::ImportDeclaration(_)
        | AstKind::ImportExpression(_)
        | AstKind::ExportAllDeclaration(_)
        | AstKind::ComputedMemberExpression(_) => true,
        AstKind::ObjectProperty(property) => property.key.span() == span,
        _ => false,
    }
}

/// Whether `expression` is a call of `console`'s.
pub(crate) fn is_log(expression: &Expression<'_>) -> bool {
    let Expression::CallExpression(call) = expression.get_inner_expression() else { return false };
    let member = call.callee.get_inner_expression().as_member_expression();
    member.is_some_and(
        |member| matches!(member.object(), Expression::Identifier(name) if name.name == "console"),
    )
}

/// `text` with `edits` made; of two that overlap, the outer one is.
pub(crate) fn apply(text: &str, mut edits: Vec<(Span, String)>) -> String {
    edits.sort_by_key(|(span, _)| (span.start, std::cmp::Reverse(span.end)));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (span, new) in edits {
        let (start, end) = (span.start as usize, span.end as usize);
        if start < at {
            continue;
        }
        out.push_str(&text[at..start]);
        out.push_str(&new);
        at = end;
    }
    out.push_str(&text[at..]);
    out
}
