//! Loops that wait for one call after the other though the calls do not need each other.
//!
//! This is a hint and never a mistake. It is given only where each round looks independent: its
//! tools only read, nothing ends the loop early, and no call's arguments come from a variable that
//! a round changes.

use oxc::{
    ast::{
        AstKind,
        ast::{
            ArrowFunctionExpression, BindingPattern, Expression, ForInStatement, ForOfStatement,
            ForStatement, ForStatementLeft, Function, IdentifierReference,
        },
    },
    ast_visit::Visit,
    semantic::{NodeId, ReferenceId, ScopeFlags},
    span::{GetSpan, Span},
};

use crate::{
    check::Finding,
    diagnostic::DiagnosticKind,
    promises::Promises,
    resolve::{Resolver, Thing},
};

/// The longest name or list that is repeated in a hint, in characters.
const SHOWN_MAX: usize = 40;

pub(crate) fn find(resolver: &Resolver<'_, '_>) -> Vec<Finding> {
    let nodes = resolver.semantic.nodes();
    let loops = nodes.iter_enumerated().filter_map(|(id, node)| {
        let body = match node.kind() {
            AstKind::ForOfStatement(each) if !each.r#await => &each.body,
            AstKind::ForInStatement(each) => &each.body,
            AstKind::ForStatement(each) => &each.body,
            _ => return None,
        };
        let mut rounds = Rounds::new(resolver, id);
        rounds.visit_statement(body);
        rounds.hint()
    });
    loops.collect()
}

/// What one round of a loop does.
struct Rounds<'r, 's, 'a> {
    resolver: &'r Resolver<'s, 'a>,
    id: NodeId,
    span: Span,
    /// The first call that is awaited, as it is named.
    awaited: Option<String>,
    is_dependent: bool,
}

impl<'r, 's, 'a> Rounds<'r, 's, 'a> {
    fn new(resolver: &'r Resolver<'s, 'a>, id: NodeId) -> Self {
        let span = resolver.semantic.nodes().kind(id).span();
        Rounds { resolver, id, span, awaited: None, is_dependent: false }
    }

    /// Whether a round changes a variable of outside that `expression` reads.
    fn reads_changed(&self, expression: &dyn Fn(&mut Names)) -> bool {
        let scoping = self.resolver.semantic.scoping();
        let nodes = self.resolver.semantic.nodes();
        let mut names = Names::default();
        expression(&mut names);
        names.references.iter().any(|reference| {
            let Some(symbol) = scoping.get_reference(*reference).symbol_id() else { return false };
            !self.span.contains_inclusive(scoping.symbol_span(symbol))
                && scoping.get_resolved_references(symbol).any(|it| {
                    it.is_write() && self.span.contains_inclusive(nodes.kind(it.node_id()).span())
                })
        })
    }

    fn hint(self) -> Option<Finding> {
        let awaited = self.awaited.filter(|_| !self.is_dependent)?;
        let text = self.resolver.semantic.source_text();
        let shown = |span: Span| {
            let text = text.get(span.start as usize..span.end as usize)?;
            (text.chars().count() <= SHOWN_MAX && !text.contains(['\n', '`'])).then_some(text)
        };
        let (list, item) = match self.resolver.semantic.nodes().kind(self.id) {
            AstKind::ForOfStatement(each) => {
                let item = match &each.left {
                    ForStatementLeft::VariableDeclaration(declared) => {
                        declared.declarations.first().and_then(|it| match &it.id {
                            BindingPattern::BindingIdentifier(id) => shown(id.span),
                            _ => None,
                        })
                    }
                    _ => None,
                };
                let list = match &each.right {
                    list @ (Expression::Identifier(_) | Expression::StaticMemberExpression(_)) => {
                        shown(list.span())
                    }
                    _ => None,
                };
                (list.unwrap_or("list"), item.unwrap_or("item"))
            }
            _ => ("list", "item"),
        };
        let message = format!("the calls of `{awaited}` in this loop wait for one another");
        let hint = format!(
            "independent calls are made at once by \
             `await Promise.all({list}.map(async ({item}) => …))`"
        );
        let start = Span::new(self.span.start, self.span.start + 3);
        Some(Finding::new(DiagnosticKind::SequentialCalls, start, message).hint(hint))
    }
}

impl<'a> Visit<'a> for Rounds<'_, '_, 'a> {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::BreakStatement(_)
            | AstKind::ReturnStatement(_)
            | AstKind::ThrowStatement(_)
            | AstKind::YieldExpression(_) => self.is_dependent = true,
            AstKind::AwaitExpression(awaited) => {
                let Expression::CallExpression(call) = awaited.argument.get_inner_expression()
                else {
                    return;
                };
                let promises = Promises { resolver: self.resolver };
                let Some(Thing::Tool(module, tool)) = self.resolver.thing(&call.callee) else {
                    return;
                };
                let tool = &module.functions[tool].tool;
                let described = self.resolver.modules.describe(&module.server, tool);
                // Of what changes something, the order may matter.
                self.is_dependent |= !described.is_some_and(|described| described.reads);
                if let Some(name) = promises.is_promise(call) {
                    self.awaited.get_or_insert(name);
                    let reads = |names: &mut Names| names.visit_arguments(&call.arguments);
                    self.is_dependent |= self.reads_changed(&reads);
                }
            }
            AstKind::IfStatement(test) => {
                let reads = |names: &mut Names| names.visit_expression(&test.test);
                self.is_dependent |= self.reads_changed(&reads);
            }
            _ => {}
        }
    }

    // What a function does is not done by the round that makes it.
    fn visit_function(&mut self, _: &Function<'a>, _: ScopeFlags) {}
    fn visit_arrow_function_expression(&mut self, _: &ArrowFunctionExpression<'a>) {}

    // Loops inside speak for themselves.
    fn visit_for_of_statement(&mut self, _: &ForOfStatement<'a>) {
        self.is_dependent = true;
    }
    fn visit_for_in_statement(&mut self, _: &ForInStatement<'a>) {
        self.is_dependent = true;
    }
    fn visit_for_statement(&mut self, _: &ForStatement<'a>) {
        self.is_dependent = true;
    }
}

/// The names that an expression mentions.
#[derive(Default)]
struct Names {
    references: Vec<ReferenceId>,
}

impl<'a> Visit<'a> for Names {
    fn visit_identifier_reference(&mut self, name: &IdentifierReference<'a>) {
        self.references.extend(name.reference_id.get());
    }
}
