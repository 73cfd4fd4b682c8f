//! Carries out what the survey decided to change, once the script is plain JavaScript.
//!
//! # Invariants
//!
//! * Code that is put in is parsed, and has the span of what it takes the place of.
//! * Every change is carried out at most once: where two expressions have one span, on the outer.

use std::collections::HashMap;

use oxc::{
    allocator::{Allocator, ArenaVec, GetAllocator, TakeIn},
    ast::{
        ast::{
            Argument, CallExpression, Expression, ObjectProperty, ObjectPropertyKind, Program,
            Statement,
        },
        builder::AstBuilder,
    },
    ast_visit::{VisitMut, walk_mut},
    parser::Parser,
    span::{GetSpan, SourceType, Span},
};

use crate::{import::quote, survey::Change};

pub(crate) fn lower<'a>(
    allocator: &'a Allocator,
    program: &mut Program<'a>,
    changes: HashMap<Span, Vec<Change>>,
) {
    if !changes.is_empty() {
        Lowerer { ast: AstBuilder::new(allocator), changes }.visit_program(program);
    }
}

/// Moves all of a tree to one place.
struct At(Span);

impl VisitMut<'_> for At {
    fn visit_span(&mut self, span: &mut Span) {
        *span = self.0;
    }
}

/// Parses code that is not the script's own; all of it is at `span`.
pub(crate) fn parse<'a>(
    allocator: &'a Allocator,
    code: &str,
    span: Span,
) -> ArenaVec<'a, Statement<'a>> {
    let code = allocator.alloc_str(code);
    let mut parsed = Parser::new(allocator, code, SourceType::mjs()).parse();
    At(span).visit_program(&mut parsed.program);
    parsed.program.body
}

struct Lowerer<'a> {
    ast: AstBuilder<'a>,
    changes: HashMap<Span, Vec<Change>>,
}

impl<'a> Lowerer<'a> {
    fn expression(&self, code: &str, span: Span) -> Option<Expression<'a>> {
        let options = oxc::parser::ParseOptions { preserve_parens: false, ..Default::default() };
        let allocator = self.ast.allocator();
        let code = allocator.alloc_str(&format!("({code});"));
        let parsed = Parser::new(allocator, code, SourceType::mjs()).with_options(options).parse();
        let mut body = parsed.program.body;
        let Some(Statement::ExpressionStatement(statement)) = body.pop() else { return None };
        let mut expression = statement.unbox().expression;
        At(span).visit_expression(&mut expression);
        Some(expression)
    }

    fn call(&mut self, call: &mut CallExpression<'a>) {
        let Some(changes) = self.changes.get(&call.span) else { return };
        for change in changes.clone() {
            match change {
                Change::Name(name) => self.name(call, &name),
                Change::Callee { code, drop } => {
                    if let Some(callee) = self.expression(&code, call.callee.span()) {
                        call.callee = callee;
                        let drop = drop.min(call.arguments.len());
                        call.arguments.drain(..drop);
                    }
                }
                Change::Code(_) | Change::Await | Change::AwaitAll => {}
            }
        }
    }

    fn name(&self, call: &mut CallExpression<'a>, name: &str) {
        let [argument] = call.arguments.as_mut_slice() else { return };
        let span = argument.span();
        // Computed, or a parameter called `__proto__` would set the prototype.
        let made = self.expression(&format!("{{ [{}]: 0 }}", quote(name)), span);
        let Some(Expression::ObjectExpression(mut object)) = made else { return };
        if let Some(ObjectPropertyKind::ObjectProperty(property)) = object.properties.first_mut()
            && let Some(value) = argument.as_expression_mut()
        {
            property.value = value.take_in(&self.ast);
            *argument = Argument::ObjectExpression(object);
        }
    }
}

impl<'a> VisitMut<'a> for Lowerer<'a> {
    fn visit_expression(&mut self, expression: &mut Expression<'a>) {
        let span = expression.span();
        let mine = self.changes.get(&span).into_iter().flatten();
        let mine: Vec<Change> = mine
            .filter(|it| matches!(it, Change::Code(_) | Change::Await | Change::AwaitAll))
            .cloned()
            .collect();
        if let Some(changes) = self.changes.get_mut(&span)
            && !mine.is_empty()
        {
            changes.retain(|it| !mine.contains(it));
        }
        walk_mut::walk_expression(self, expression);
        for change in mine {
            let code = match &change {
                Change::Code(code) => {
                    if let Some(code) = self.expression(code, span) {
                        *expression = code;
                    }
                    continue;
                }
                Change::AwaitAll => "Promise.all(0)",
                _ => "0",
            };
            let value = expression.take_in(&self.ast);
            let value = match self.expression(code, span) {
                Some(Expression::CallExpression(mut all)) => {
                    if let Some(argument) = all.arguments.first_mut() {
                        *argument = Argument::from(value);
                    }
                    Expression::CallExpression(all)
                }
                _ => value,
            };
            *expression = Expression::new_await_expression(span, value, &self.ast);
        }
    }

    fn visit_call_expression(&mut self, call: &mut CallExpression<'a>) {
        walk_mut::walk_call_expression(self, call);
        self.call(call);
    }

    fn visit_object_property(&mut self, property: &mut ObjectProperty<'a>) {
        walk_mut::walk_object_property(self, property);
        property.shorthand &= matches!(property.value, Expression::Identifier(_));
    }
}
