//! Promises that are used as if they were what they promise.
//!
//! Certain promises are calls of tools, of functions that the script declares `async`, and of
//! `Promise`'s own functions, and constants that hold one. What a script gives as its result may
//! hold promises by mistake: where the text shows them, they are awaited for it.

use std::collections::HashMap;

use oxc::{
    ast::{
        AstKind,
        ast::{
            Argument, ArrayExpressionElement, ArrowFunctionBody, BindingPattern, CallExpression,
            Expression, ObjectPropertyKind, Program, Statement,
        },
    },
    semantic::{NodeId, SymbolId},
    span::{GetSpan, Span},
    syntax::operator::{BinaryOperator, UnaryOperator},
};

use crate::{
    check::Finding,
    diagnostic::DiagnosticKind,
    output::{self, Output},
    resolve::{Resolver, Thing},
    survey::Change,
};

/// The longest call that is repeated in a hint, in characters.
const SHOWN_MAX: usize = 60;

/// How many calls of `then` in a row are followed.
const CHAIN_MAX: usize = 16;

/// How deep literals of a result are looked into.
const RESULT_DEPTH_MAX: usize = 4;

/// Of a promise, what may be read of it.
const MEMBERS: &[&str] = &["then", "catch", "finally", "constructor", "toString", "valueOf"];

pub(crate) struct Promises<'r, 's, 'a> {
    pub(crate) resolver: &'r Resolver<'s, 'a>,
}

impl<'a> Promises<'_, '_, 'a> {
    /// Uses of promises as values.
    pub(crate) fn misused(&self) -> Vec<Finding> {
        let nodes = self.resolver.semantic.nodes();
        let mut found: Vec<Finding> = Vec::new();
        let mut told: Vec<SymbolId> = Vec::new();
        for (id, node) in nodes.iter_enumerated() {
            match node.kind() {
                AstKind::CallExpression(call) => {
                    if let Some(what) = self.is_promise(call)
                        && let Some(usage) = self.usage(id)
                    {
                        found.push(self.of_call(id, &what, &usage));
                    }
                }
                AstKind::IdentifierReference(name) => {
                    let scoping = self.resolver.semantic.scoping();
                    let symbol = name.reference_id.get();
                    let symbol = symbol.and_then(|it| scoping.get_reference(it).symbol_id());
                    if let Some(symbol) = symbol
                        && !told.contains(&symbol)
                        && let Some((what, made)) = self.held(symbol)
                        && let Some(usage) = self.usage(id)
                    {
                        told.push(symbol);
                        found.push(of_name(name.name.as_str(), &what, made, &usage));
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// What gives a promise, if a call surely does.
    pub(crate) fn is_promise(&self, call: &CallExpression<'a>) -> Option<String> {
        self.is_promise_within(call, CHAIN_MAX)
    }

    /// As [`Promises::is_promise`], along at most `depth` calls of `then`.
    fn is_promise_within(&self, call: &CallExpression<'a>, depth: usize) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        match self.resolver.thing(&call.callee) {
            Some(Thing::Tool(module, tool)) => {
                return Some(format!("{}.{}", module.identifier, module.functions[tool].name));
            }
            Some(Thing::Caller) => return Some("callMCPTool".to_owned()),
            Some(Thing::Export(face, name)) => {
                let is_async = face.export(&name).is_some_and(|export| export.is_async);
                return is_async.then(|| format!("{}.{name}", face.skill.name));
            }
            _ => {}
        }
        match call.callee.get_inner_expression() {
            Expression::Identifier(name) => {
                let scoping = self.resolver.semantic.scoping();
                let reference = scoping.get_reference(name.reference_id.get()?);
                self.is_async(reference.symbol_id()?).then(|| name.name.to_string())
            }
            Expression::StaticMemberExpression(member) => {
                let property = member.property.name.as_str();
                match member.object.get_inner_expression() {
                    Expression::Identifier(object)
                        if object.name == "Promise"
                            && self.resolver.is_global(object)
                            && ["all", "allSettled", "any", "race"].contains(&property) =>
                    {
                        Some(format!("Promise.{property}"))
                    }
                    Expression::CallExpression(inner)
                        if ["then", "catch", "finally"].contains(&property) =>
                    {
                        self.is_promise_within(inner, depth)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether a variable is a function that surely gives a promise.
    fn is_async(&self, symbol: SymbolId) -> bool {
        let scoping = self.resolver.semantic.scoping();
        if scoping.symbol_is_mutated(symbol) || !scoping.symbol_redeclarations(symbol).is_empty() {
            return false;
        }
        match self.resolver.semantic.nodes().kind(scoping.symbol_declaration(symbol)) {
            AstKind::Function(function) => function.r#async && !function.generator,
            AstKind::VariableDeclarator(variable) => {
                matches!(variable.id, BindingPattern::BindingIdentifier(_))
                    && match variable.init.as_ref().map(Expression::get_inner_expression) {
                        Some(Expression::ArrowFunctionExpression(function)) => function.r#async,
                        Some(Expression::FunctionExpression(function)) => {
                            function.r#async && !function.generator
                        }
                        _ => false,
                    }
            }
            _ => false,
        }
    }

    /// The promise that a variable surely holds: what gave it, and where.
    fn held(&self, symbol: SymbolId) -> Option<(String, Span)> {
        let Expression::CallExpression(call) = self.initial(symbol)? else { return None };
        self.is_promise(call).map(|what| (what, call.span))
    }

    /// What a variable is made of that never changes.
    fn initial(&self, symbol: SymbolId) -> Option<&'a Expression<'a>> {
        let scoping = self.resolver.semantic.scoping();
        if scoping.symbol_is_mutated(symbol) || !scoping.symbol_redeclarations(symbol).is_empty() {
            return None;
        }
        let declaration = scoping.symbol_declaration(symbol);
        let AstKind::VariableDeclarator(variable) =
            self.resolver.semantic.nodes().kind(declaration)
        else {
            return None;
        };
        matches!(variable.id, BindingPattern::BindingIdentifier(_))
            .then(|| variable.init.as_ref().map(Expression::get_inner_expression))?
    }

    /// How the promise at `id` is used as a value; `None` where it is not.
    fn usage(&self, id: NodeId) -> Option<Usage<'a>> {
        let nodes = self.resolver.semantic.nodes();
        let mut id = id;
        let mut parent = nodes.parent_id(id);
        while matches!(
            nodes.kind(parent),
            AstKind::TSAsExpression(_)
                | AstKind::TSSatisfiesExpression(_)
                | AstKind::TSNonNullExpression(_)
                | AstKind::TSTypeAssertion(_)
                | AstKind::ChainExpression(_)
        ) {
            id = parent;
            parent = nodes.parent_id(id);
        }
        let span = nodes.kind(id).span();
        match nodes.kind(parent) {
            AstKind::StaticMemberExpression(member) => {
                let name = member.property.name.as_str();
                (!MEMBERS.contains(&name)).then_some(Usage::Member(name))
            }
            AstKind::ComputedMemberExpression(member) if member.object.span() == span => {
                Some(Usage::Index)
            }
            AstKind::ForOfStatement(each) if each.right.span() == span => Some(Usage::Each),
            AstKind::SpreadElement(_) => Some(Usage::Spread),
            AstKind::TemplateLiteral(_) => {
                let tag = nodes.parent_kind(parent);
                (!matches!(tag, AstKind::TaggedTemplateExpression(_))).then_some(Usage::Text)
            }
            AstKind::BinaryExpression(binary) => {
                let takes_objects = matches!(
                    binary.operator,
                    BinaryOperator::Instanceof
                        | BinaryOperator::In
                        | BinaryOperator::Equality
                        | BinaryOperator::Inequality
                        | BinaryOperator::StrictEquality
                        | BinaryOperator::StrictInequality
                );
                (!takes_objects).then_some(Usage::Number)
            }
            AstKind::UnaryExpression(unary) => {
                (unary.operator == UnaryOperator::LogicalNot).then_some(Usage::Test)
            }
            AstKind::IfStatement(test) if test.test.span() == span => Some(Usage::Test),
            AstKind::WhileStatement(test) if test.test.span() == span => Some(Usage::Test),
            AstKind::ConditionalExpression(test) if test.test.span() == span => Some(Usage::Test),
            AstKind::VariableDeclarator(variable) => match &variable.id {
                BindingPattern::ObjectPattern(_) | BindingPattern::ArrayPattern(_) => {
                    Some(Usage::Parts)
                }
                _ => None,
            },
            AstKind::CallExpression(call) if call.callee.span() != span => self.shown(call),
            _ => None,
        }
    }

    /// Whether a call of a built-in function looks into its arguments.
    fn shown(&self, call: &CallExpression<'a>) -> Option<Usage<'a>> {
        let Expression::StaticMemberExpression(member) = &call.callee else { return None };
        let Expression::Identifier(object) = &member.object else { return None };
        let looks = match object.name.as_str() {
            "JSON" => member.property.name == "stringify",
            "Object" => ["keys", "values", "entries"].contains(&member.property.name.as_str()),
            "console" => true,
            _ => false,
        };
        (looks && self.resolver.is_global(object)).then_some(Usage::Shown)
    }

    fn of_call(&self, id: NodeId, what: &str, usage: &Usage<'_>) -> Finding {
        let span = self.resolver.semantic.nodes().kind(id).span();
        let text = self.resolver.semantic.source_text();
        let text = text.get(span.start as usize..span.end as usize).unwrap_or("…");
        let is_short = text.chars().count() <= SHOWN_MAX && !text.contains(['\n', '`']);
        let call = if is_short { text.to_owned() } else { format!("{what}(…)") };
        let fixed = match usage {
            Usage::Member(name) => format!("(await {call}).{name}"),
            Usage::Index => format!("(await {call})[…]"),
            _ => format!("await {call}"),
        };
        let hint = format!("add `await`: `{fixed}`{}", self.in_function(id));
        Finding::new(DiagnosticKind::NotAwaited, span, usage.message(&format!("{what}()")))
            .hint(hint)
    }

    /// What else is to be done where `await` may not stand.
    fn in_function(&self, id: NodeId) -> &'static str {
        let mut above = self.resolver.semantic.nodes().ancestor_kinds(id);
        let is_async = above.find_map(|kind| match kind {
            AstKind::Function(function) => Some(function.r#async),
            AstKind::ArrowFunctionExpression(function) => Some(function.r#async),
            _ => None,
        });
        if is_async == Some(false) { ", and make the function around it `async`" } else { "" }
    }

    /// What is awaited of the script's result, so that it holds no promises.
    pub(crate) fn in_result(
        &self,
        program: &Program<'a>,
        output: &Output,
    ) -> HashMap<Span, Change> {
        let mut changes = HashMap::new();
        let nodes = self.resolver.semantic.nodes();
        for (id, node) in nodes.iter_enumerated() {
            if let AstKind::ReturnStatement(statement) = node.kind()
                && let Some(value) = &statement.argument
                && !nodes.ancestor_kinds(id).any(|kind| {
                    matches!(kind, AstKind::Function(_) | AstKind::ArrowFunctionExpression(_))
                })
            {
                self.result(value, 0, &mut changes);
            }
        }
        for statement in &program.body {
            match (statement, output) {
                (
                    Statement::ExpressionStatement(last),
                    Output::Expression { span, call: false },
                ) if output::is_at(statement, *span) => {
                    self.result(&last.expression, 0, &mut changes);
                }
                (Statement::ExportDefaultDeclaration(export), Output::Default { call: false }) => {
                    if let Some(value) = export.declaration.as_expression() {
                        self.result(value, 0, &mut changes);
                    }
                }
                _ => {}
            }
        }
        changes
    }

    fn result(&self, value: &Expression<'a>, depth: usize, changes: &mut HashMap<Span, Change>) {
        if depth > RESULT_DEPTH_MAX {
            return;
        }
        match value.get_inner_expression() {
            Expression::ObjectExpression(object) => {
                for property in &object.properties {
                    if let ObjectPropertyKind::ObjectProperty(property) = property {
                        self.result(&property.value, depth + 1, changes);
                    }
                }
            }
            Expression::ArrayExpression(list) => {
                let items = list.elements.iter().filter_map(ArrayExpressionElement::as_expression);
                items.for_each(|item| self.result(item, depth + 1, changes));
            }
            value @ Expression::CallExpression(call) => {
                let change = self.call_change(call, depth);
                changes.extend(change.map(|change| (value.span(), change)));
            }
            value @ Expression::Identifier(name) => {
                let scoping = self.resolver.semantic.scoping();
                let reference = name.reference_id.get().map(|it| scoping.get_reference(it));
                let symbol = reference.and_then(oxc::semantic::Reference::symbol_id);
                if let Some(Expression::CallExpression(call)) =
                    symbol.and_then(|it| self.initial(it))
                {
                    let change = self.call_change(call, depth);
                    changes.extend(change.map(|change| (value.span(), change)));
                }
            }
            _ => {}
        }
    }

    fn call_change(&self, call: &CallExpression<'a>, depth: usize) -> Option<Change> {
        if self.is_list_of_promises(call) {
            return Some(Change::AwaitAll);
        }
        // The result itself is awaited anyway.
        (depth > 0 && self.is_promise(call).is_some()).then_some(Change::Await)
    }

    /// `list.map(async …)`, or `list.map((it) => tool(it))`.
    fn is_list_of_promises(&self, call: &CallExpression<'a>) -> bool {
        let Expression::StaticMemberExpression(member) = &call.callee else { return false };
        if member.property.name != "map" {
            return false;
        }
        match call.arguments.first() {
            Some(Argument::ArrowFunctionExpression(each)) => {
                each.r#async
                    || match &each.body {
                        ArrowFunctionBody::FunctionBody(body) => {
                            matches!(body.statements.as_slice(), [Statement::ReturnStatement(it)]
                                if self.is_direct(it.argument.as_ref()))
                        }
                        body => self.is_direct(body.as_expression()),
                    }
            }
            Some(Argument::FunctionExpression(each)) => each.r#async && !each.generator,
            Some(other) => other.as_expression().is_some_and(|function| {
                matches!(self.resolver.thing(function), Some(Thing::Tool(..)))
                    || matches!(function, Expression::Identifier(name)
                        if name.reference_id.get().and_then(|it| {
                            self.resolver.semantic.scoping().get_reference(it).symbol_id()
                        }).is_some_and(|symbol| self.is_async(symbol)))
            }),
            None => false,
        }
    }

    fn is_direct(&self, value: Option<&Expression<'a>>) -> bool {
        matches!(value.map(Expression::get_inner_expression),
            Some(Expression::CallExpression(call)) if self.is_promise(call).is_some())
    }
}

/// How a promise is used as a value.
#[derive(Clone, Copy, Debug)]
enum Usage<'a> {
    Member(&'a str),
    Index,
    Each,
    Spread,
    Text,
    Number,
    Test,
    Parts,
    Shown,
}

impl Usage<'_> {
    fn message(self, what: &str) -> String {
        let problem = match self {
            Usage::Member(name) => return format!("`{what}` is a promise and has no `{name}`"),
            Usage::Index => "has no entries",
            Usage::Each => "cannot be looped over",
            Usage::Spread => "cannot be spread",
            Usage::Text => "has no text",
            Usage::Number => "is no number or text",
            Usage::Test => "is always true",
            Usage::Parts => "has no parts to take",
            Usage::Shown => "shows nothing of its value",
        };
        format!("`{what}` is a promise and {problem}")
    }
}

fn of_name(name: &str, what: &str, made: Span, usage: &Usage<'_>) -> Finding {
    let hint = format!("add `await` where `{name}` is made: `{name} = await {what}(…)`");
    Finding::new(DiagnosticKind::NotAwaited, made, usage.message(name)).hint(hint)
}
