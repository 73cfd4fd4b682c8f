//! Declarations as assignments: `const { a, b: [c = 1] } = x` becomes
//! `({ a, b: [c = 1] } = x)`, and the names go to the script's global variables.

use oxc::{
    allocator::{ArenaBox, ArenaVec, TakeIn},
    ast::{
        ast::{
            AssignmentTarget, AssignmentTargetMaybeDefault, AssignmentTargetProperty,
            AssignmentTargetRest, AssignmentTargetWithDefault, BindingPattern, BindingProperty,
            BindingRestElement, Class, Expression, ForStatementInit, ForStatementLeft, Function,
            PropertyKey, Statement, VariableDeclaration, VariableDeclarator,
        },
        builder::AstBuilder,
    },
    ast_visit::{VisitMut, walk_mut},
    span::{SPAN, Span},
    str::Ident,
    syntax::{operator::AssignmentOperator, scope::ScopeFlags},
};

use crate::rewrite::Names;

/// Turns declarations into assignments and collects their names.
pub(crate) struct Targets<'s, 'a> {
    pub(crate) ast: &'s AstBuilder<'a>,
    pub(crate) vars: &'s mut Names,
    pub(crate) declared: &'s mut Names,
}

/// `name = value`
pub(crate) fn assign_name<'a>(
    ast: &AstBuilder<'a>,
    span: Span,
    (name, at): (Ident<'a>, Span),
    value: Expression<'a>,
) -> Expression<'a> {
    let target = AssignmentTarget::new_assignment_target_identifier(at, name, ast);
    Expression::new_assignment_expression(span, AssignmentOperator::Assign, target, value, ast)
}

impl<'a> Targets<'_, 'a> {
    /// The assignment that a declarator stands for. `let x;` sets `undefined`, `var x;` nothing.
    pub(crate) fn assignment(
        &mut self,
        declarator: VariableDeclarator<'a>,
        resets: bool,
    ) -> Option<Expression<'a>> {
        let span = declarator.span;
        let target = self.target(declarator.id);
        let value = match declarator.init {
            Some(value) => value,
            None if resets => Expression::new_void_0(SPAN, self.ast),
            None => return None,
        };
        let operator = AssignmentOperator::Assign;
        Some(Expression::new_assignment_expression(span, operator, target, value, self.ast))
    }

    fn name(&mut self, name: Ident<'a>) {
        self.vars.add(name.as_str());
        self.declared.add(name.as_str());
    }

    pub(crate) fn target(&mut self, pattern: BindingPattern<'a>) -> AssignmentTarget<'a> {
        match pattern {
            BindingPattern::BindingIdentifier(id) => {
                self.name(id.name);
                AssignmentTarget::new_assignment_target_identifier(id.span, id.name, self.ast)
            }
            BindingPattern::ObjectPattern(object) => {
                let object = object.unbox();
                let mut properties = ArenaVec::with_capacity_in(object.properties.len(), self.ast);
                for property in object.properties {
                    properties.push(self.property(property));
                }
                let rest = self.rest(object.rest);
                AssignmentTarget::new_object_assignment_target(
                    object.span,
                    properties,
                    rest,
                    self.ast,
                )
            }
            BindingPattern::ArrayPattern(array) => {
                let array = array.unbox();
                let mut elements = ArenaVec::with_capacity_in(array.elements.len(), self.ast);
                for element in array.elements {
                    elements.push(element.map(|element| self.with_default(element)));
                }
                let rest = self.rest(array.rest);
                AssignmentTarget::new_array_assignment_target(array.span, elements, rest, self.ast)
            }
            // A default has its own place in properties and elements, and is met nowhere else.
            BindingPattern::AssignmentPattern(pattern) => self.target(pattern.unbox().left),
        }
    }

    fn with_default(&mut self, pattern: BindingPattern<'a>) -> AssignmentTargetMaybeDefault<'a> {
        match pattern {
            BindingPattern::AssignmentPattern(pattern) => {
                let pattern = pattern.unbox();
                let target = self.target(pattern.left);
                AssignmentTargetMaybeDefault::new_assignment_target_with_default(
                    pattern.span,
                    target,
                    pattern.right,
                    self.ast,
                )
            }
            pattern => AssignmentTargetMaybeDefault::from(self.target(pattern)),
        }
    }

    fn property(&mut self, property: BindingProperty<'a>) -> AssignmentTargetProperty<'a> {
        let span = property.span;
        let binding = self.with_default(property.value);
        if property.shorthand {
            match binding {
                AssignmentTargetMaybeDefault::AssignmentTargetIdentifier(id) => {
                    return AssignmentTargetProperty::new_assignment_target_property_identifier(
                        span,
                        id.unbox(),
                        None,
                        self.ast,
                    );
                }
                AssignmentTargetMaybeDefault::AssignmentTargetWithDefault(with_default) => {
                    return self.shorthand_default(span, property.key, with_default);
                }
                _ => {}
            }
            return self.long(span, property.key, binding, property.computed);
        }
        self.long(span, property.key, binding, property.computed)
    }

    /// `{ a = 1 }`
    fn shorthand_default(
        &mut self,
        span: Span,
        key: PropertyKey<'a>,
        with_default: ArenaBox<'a, AssignmentTargetWithDefault<'a>>,
    ) -> AssignmentTargetProperty<'a> {
        let with_default = with_default.unbox();
        match with_default.binding {
            AssignmentTarget::AssignmentTargetIdentifier(id) => {
                AssignmentTargetProperty::new_assignment_target_property_identifier(
                    span,
                    id.unbox(),
                    Some(with_default.init),
                    self.ast,
                )
            }
            target => {
                let binding = AssignmentTargetMaybeDefault::new_assignment_target_with_default(
                    with_default.span,
                    target,
                    with_default.init,
                    self.ast,
                );
                self.long(span, key, binding, false)
            }
        }
    }

    fn long(
        &self,
        span: Span,
        key: PropertyKey<'a>,
        binding: AssignmentTargetMaybeDefault<'a>,
        computed: bool,
    ) -> AssignmentTargetProperty<'a> {
        AssignmentTargetProperty::new_assignment_target_property_property(
            span, key, binding, computed, self.ast,
        )
    }

    fn rest(
        &mut self,
        rest: Option<ArenaBox<'a, BindingRestElement<'a>>>,
    ) -> Option<ArenaBox<'a, AssignmentTargetRest<'a>>> {
        let rest = rest?.unbox();
        let target = self.target(rest.argument);
        Some(AssignmentTargetRest::boxed(rest.span, target, self.ast))
    }
}

/// Turns the `var`s inside blocks and loops of the top level into assignments: they belong to
/// the whole script, and its hoisted functions may read them.
pub(crate) struct InnerVars<'s, 'a> {
    pub(crate) ast: &'s AstBuilder<'a>,
    pub(crate) vars: &'s mut Names,
    pub(crate) declared: &'s mut Names,
}

impl<'a> InnerVars<'_, 'a> {
    fn targets(&mut self) -> Targets<'_, 'a> {
        Targets { ast: self.ast, vars: self.vars, declared: self.declared }
    }

    fn assignments(&mut self, variable: VariableDeclaration<'a>) -> Option<Expression<'a>> {
        let span = variable.span;
        let mut all = ArenaVec::new_in(self.ast);
        for declarator in variable.declarations {
            all.extend(self.targets().assignment(declarator, false));
        }
        if all.len() > 1 {
            return Some(Expression::new_sequence_expression(span, all, self.ast));
        }
        all.pop()
    }
}

impl<'a> VisitMut<'a> for InnerVars<'_, 'a> {
    fn visit_statement(&mut self, statement: &mut Statement<'a>) {
        match statement {
            Statement::VariableDeclaration(variable) if variable.kind.is_var() => {
                let span = variable.span;
                let variable = variable.take_in(self.ast);
                *statement = match self.assignments(variable) {
                    Some(all) => Statement::new_expression_statement(span, all, self.ast),
                    None => Statement::new_empty_statement(span, self.ast),
                };
            }
            _ => walk_mut::walk_statement(self, statement),
        }
    }

    fn visit_for_statement_init(&mut self, init: &mut ForStatementInit<'a>) {
        if let ForStatementInit::VariableDeclaration(variable) = init
            && variable.kind.is_var()
        {
            let span = variable.span;
            let variable = variable.take_in(self.ast);
            let all = self.assignments(variable);
            *init = ForStatementInit::from(
                all.unwrap_or_else(|| Expression::new_void_0(span, self.ast)),
            );
        }
    }

    fn visit_for_statement_left(&mut self, left: &mut ForStatementLeft<'a>) {
        if let ForStatementLeft::VariableDeclaration(variable) = left
            && variable.kind.is_var()
        {
            let mut variable = variable.take_in(self.ast);
            if let Some(declarator) = variable.declarations.pop() {
                *left = ForStatementLeft::from(self.targets().target(declarator.id));
            }
        }
    }

    // No `var` of the script is in any of these.
    fn visit_expression(&mut self, _: &mut Expression<'a>) {}
    fn visit_function(&mut self, _: &mut Function<'a>, _: ScopeFlags) {}
    fn visit_class(&mut self, _: &mut Class<'a>) {}
}
