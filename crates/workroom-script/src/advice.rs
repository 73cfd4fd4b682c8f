//! What is no mistake, and yet is not what it looks like: told beside the run's result.

use oxc::ast::{
    AstKind,
    ast::{Argument, CallExpression, Expression},
};

use crate::{check::Finding, diagnostic::DiagnosticKind, resolve::Resolver};

/// Methods that write as a language does, of which the sandbox knows none.
const OF_LANGUAGES: [&str; 3] = ["toLocaleString", "toLocaleDateString", "toLocaleTimeString"];

pub(crate) fn find(resolver: &Resolver<'_, '_>) -> Vec<Finding> {
    let nodes = resolver.semantic.nodes().iter();
    let calls = nodes.filter_map(|node| match node.kind() {
        AstKind::CallExpression(call) => Some(call),
        _ => None,
    });
    calls.filter_map(|call| not_waited(call).or_else(|| of_language(call))).collect()
}

/// `list.forEach(async …)`, which goes on before anything of it is done.
fn not_waited(call: &CallExpression<'_>) -> Option<Finding> {
    let Expression::StaticMemberExpression(member) = &call.callee else { return None };
    let is_async = match call.arguments.first()? {
        Argument::ArrowFunctionExpression(each) => each.r#async,
        Argument::FunctionExpression(each) => each.r#async,
        _ => false,
    };
    let name = &member.property;
    (is_async && name.name == "forEach").then(|| {
        let message = "`forEach` does not wait for an async function";
        Finding::new(DiagnosticKind::NotWaited, name.span, message).hint(
            "write `for (const item of list) { … }`, or `await Promise.all(list.map(async (item) \
             => …))`",
        )
    })
}

/// `total.toLocaleString('en-US', { style: 'currency', … })`, whose arguments do nothing.
fn of_language(call: &CallExpression<'_>) -> Option<Finding> {
    let Expression::StaticMemberExpression(member) = &call.callee else { return None };
    let name = &member.property;
    let is_told = OF_LANGUAGES.contains(&name.name.as_str()) && !call.arguments.is_empty();
    is_told.then(|| {
        let message = format!("`{}` knows no languages here and ignores its arguments", name.name);
        let hint = crate::absent::FORMAT;
        Finding::new(DiagnosticKind::Ignored, name.span, message).hint(hint)
    })
}
