//! Names that nothing declares.
//!
//! A session's earlier runs may have declared them: what each of them may leave is gathered here
//! too. Only names of other hosts are a mistake where the scope is not known in full. A name that
//! the script itself tests with `typeof`, or may set through `globalThis`, is left alone.

use oxc::{
    ast::{
        AstKind,
        ast::{AssignmentTarget, Expression},
    },
    semantic::{NodeId, Reference},
    span::GetSpan,
    syntax::operator::UnaryOperator,
};

use crate::{
    absent,
    check::Finding,
    diagnostic::{DIAGNOSTICS_MAX, DiagnosticKind, did_you_mean, nearest_by},
    resolve::Resolver,
    survey,
};

/// How alike a name must be to be offered for another. Short names are all alike.
const LIKELY: f64 = 0.88;

/// Other servers that are named as having a tool of the same name.
const OTHERS_MAX: usize = 3;

pub(crate) fn find(resolver: &Resolver<'_, '_>) -> Vec<Finding> {
    let scoping = resolver.semantic.scoping();
    let set = set_by_globals(resolver);
    let mut used: Vec<(&str, &Reference)> = Vec::new();
    for (name, ids) in scoping.root_unresolved_references() {
        let name = name.as_str();
        let is_set = set.as_ref().is_none_or(|set| set.contains(&name));
        if absent::is_known(name)
            || resolver.scope.has(name)
            || resolver.is_result(name)
            || resolver.scope.others.iter().any(|other| other == name)
            || is_set
            || (!resolver.scope.is_complete && !absent::is_of_host(name))
        {
            continue;
        }
        let mentions: Vec<&Reference> = ids
            .iter()
            .map(|id| scoping.get_reference(*id))
            .filter(|reference| reference.is_value())
            .collect();
        if mentions.iter().any(|it| is_tested(resolver, it.node_id()))
            || resolver.global(name).is_some()
        {
            continue;
        }
        let told =
            mentions.iter().find(|it| name != "require" || !is_called(resolver, it.node_id()));
        used.extend(told.map(|reference| (name, *reference)));
    }
    // Hints take time, and only the first few are told.
    used.sort_by_key(|(_, reference)| reference.node_id());
    used.truncate(DIAGNOSTICS_MAX);
    used.into_iter().map(|(name, reference)| finding(resolver, name, reference)).collect()
}

fn finding(resolver: &Resolver<'_, '_>, name: &str, used: &Reference) -> Finding {
    let span = resolver.semantic.nodes().kind(used.node_id()).span();
    // A server that is not there yet, or no more, says so itself.
    if let Err(unknown) = resolver.server(name)
        && !unknown.message.starts_with("there is no")
    {
        return survey::unknown_module("./servers/", unknown, span);
    }
    let instead = absent::instead_of(name);
    let message = match instead {
        Some(_) => format!("the sandbox has no `{name}`"),
        None => format!("`{name}` is not declared"),
    };
    let hint = instead.map_or_else(|| hint(resolver, name, used.is_write()), str::to_owned);
    Finding::new(DiagnosticKind::UndeclaredName, span, message).hint(hint)
}

fn hint(resolver: &Resolver<'_, '_>, name: &str, is_written: bool) -> String {
    if is_written {
        return format!("declare it: `let {name} = …`");
    }
    let all = resolver.modules.all();
    let wanted = crate::resolve::key(name);
    let mut tools = all.iter().filter_map(|module| {
        let functions = module.functions.iter();
        let mut fits = functions.filter(|it| {
            crate::resolve::key(&it.name) == wanted || crate::resolve::key(&it.tool) == wanted
        });
        fits.next().map(|function| (module, function))
    });
    if let Some((module, function)) = tools.next() {
        let (server, function) = (&module.folder, &function.name);
        let others: Vec<String> = tools
            .take(OTHERS_MAX)
            .map(|(module, _)| format!("`./servers/{}`", module.folder))
            .collect();
        let others = match others.as_slice() {
            [] => String::new(),
            others => format!(" ({} has one too)", others.join(", ")),
        };
        return format!(
            "import it: `import {{ {function} }} from './servers/{server}'`{others}, and call \
             `{function}`"
        );
    }
    let declared = resolver.semantic.scoping().symbol_names();
    let scope = resolver.scope;
    let kept = scope.names.iter().chain(scope.others).map(String::as_str);
    let servers = all.iter().map(|module| module.identifier.as_str());
    let names = declared.chain(kept).chain(servers).chain(absent::known());
    let likely: Vec<&str> = nearest_by(name, names, LIKELY);
    did_you_mean(&likely)
        .unwrap_or_else(|| format!("declare it before it is used: `const {name} = …`"))
}

/// Whether the script asks whether the name is there, or it stands in a namespace, whose parts see
/// each other's exports.
fn is_tested(resolver: &Resolver<'_, '_>, id: NodeId) -> bool {
    let nodes = resolver.semantic.nodes();
    matches!(nodes.parent_kind(id), AstKind::UnaryExpression(unary)
        if unary.operator == UnaryOperator::Typeof)
        || nodes.ancestor_kinds(id).any(|kind| matches!(kind, AstKind::TSNamespaceDeclaration(_)))
}

fn is_called(resolver: &Resolver<'_, '_>, id: NodeId) -> bool {
    let nodes = resolver.semantic.nodes();
    matches!(nodes.parent_kind(id), AstKind::CallExpression(call)
        if call.callee.span() == nodes.kind(id).span())
}

/// The global names that the script sets in other ways than by declaring them; `None` where it
/// may set any.
pub(crate) fn set_by_hand<'a>(resolver: &Resolver<'_, 'a>) -> Option<Vec<&'a str>> {
    // Text that is run as code need not be strict.
    let runs_text =
        ["eval", "Function"].iter().any(|name| !resolver.global_references(name).is_empty());
    let nodes = resolver.semantic.nodes();
    let is_global_this = |id: NodeId| {
        !nodes.ancestor_kinds(id).any(|kind| {
            matches!(
                kind,
                AstKind::Function(_)
                    | AstKind::PropertyDefinition(_)
                    | AstKind::AccessorProperty(_)
                    | AstKind::StaticBlock(_)
            )
        })
    };
    let mentions_this = nodes
        .iter_enumerated()
        .any(|(id, node)| matches!(node.kind(), AstKind::ThisExpression(_)) && is_global_this(id));
    if runs_text || mentions_this { None } else { set_by_globals(resolver) }
}

/// The names that the script sets through `globalThis`; `None` where it may set any.
fn set_by_globals<'a>(resolver: &Resolver<'_, 'a>) -> Option<Vec<&'a str>> {
    let nodes = resolver.semantic.nodes();
    let mut set = Vec::new();
    for reference in resolver.global_references("globalThis") {
        let AstKind::StaticMemberExpression(member) = nodes.parent_kind(reference.node_id()) else {
            return None;
        };
        let name = member.property.name.as_str();
        if matches!(&member.object, Expression::Identifier(_)) {
            let parent = nodes.parent_kind(nodes.parent_id(reference.node_id()));
            let is_set = match parent {
                AstKind::AssignmentExpression(assignment) => {
                    matches!(&assignment.left, AssignmentTarget::StaticMemberExpression(_))
                }
                // A part of something that is taken apart, a loop's variable, `++`.
                AstKind::ArrayAssignmentTarget(_)
                | AstKind::AssignmentTargetPropertyProperty(_)
                | AstKind::AssignmentTargetWithDefault(_)
                | AstKind::AssignmentTargetRest(_)
                | AstKind::ForOfStatement(_)
                | AstKind::ForInStatement(_)
                | AstKind::UpdateExpression(_) => true,
                _ => false,
            };
            if is_set {
                set.push(name);
            }
        }
    }
    Some(set)
}
