//! Names that nothing declares.
//!
//! A session's earlier runs may have declared them, so only names of other hosts are a mistake
//! wherever the scope is not known in full. A name that the script itself tests with `typeof`, or
//! may set through `globalThis`, is left alone.

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

pub(crate) fn find(resolver: &Resolver<'_, '_>) -> Vec<Finding> {
    let scoping = resolver.semantic.scoping();
    let set = set_by_globals(resolver);
    let mut used: Vec<(&str, &Reference)> = Vec::new();
    for (name, ids) in scoping.root_unresolved_references() {
        let name = name.as_str();
        let is_set = set.as_ref().is_none_or(|set| set.contains(&name));
        if absent::is_known(name)
            || resolver.scope.has(name)
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
    let tool = all.iter().find_map(|module| {
        let functions = module.functions.iter();
        let mut fits = functions.filter(|it| {
            crate::resolve::key(&it.name) == wanted || crate::resolve::key(&it.tool) == wanted
        });
        fits.next().map(|function| (module, function))
    });
    if let Some((module, function)) = tool {
        let (server, function) = (&module.folder, &function.name);
        return format!(
            "import it: `import {{ {function} }} from './servers/{server}'`, and call `{function}`"
        );
    }
    let declared = resolver.semantic.scoping().symbol_names();
    let kept = resolver.scope.names.iter().map(String::as_str);
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
            if let AstKind::AssignmentExpression(assignment) = parent
                && matches!(&assignment.left, AssignmentTarget::StaticMemberExpression(_))
            {
                set.push(name);
            }
        }
    }
    Some(set)
}
