//! From a module's statements to one global script whose variables outlive the run.
//!
//! The shape is shown in the crate's documentation. It starts from JavaScript: types are
//! stripped, imports are already assignments.
//!
//! # Invariants
//!
//! * What the script does not say itself has an empty span, and so no position; an import's
//!   assignment has the import's.
//! * Statements keep their order. Only function declarations move: to the front, where the
//!   language has them anyway.

use std::collections::HashSet;

use oxc::{
    allocator::{Allocator, ArenaBox, ArenaVec, GetAllocator, TakeIn},
    ast::{
        ast::{
            ArrowFunctionBody, BindingPattern, Class, ClassType, Directive,
            ExportDefaultDeclaration, ExportDefaultDeclarationKind, Expression,
            FormalParameterKind, FormalParameters, Function, FunctionBody, FunctionType, Program,
            Statement, VariableDeclaration, VariableDeclarationKind, VariableDeclarator,
        },
        builder::AstBuilder,
    },
    ast_visit::VisitMut,
    span::{GetSpan, SPAN, SourceType, Span},
};

use crate::{
    check::{INTERNAL, Plan},
    import::Import,
    lower,
    output::{self, Output},
    pattern::{self, InnerVars},
};

/// A script that can be printed.
pub(crate) struct Rewritten<'a> {
    pub(crate) program: Program<'a>,
    pub(crate) declared: Vec<String>,
}

/// Names in the order in which they were first seen.
#[derive(Debug, Default)]
pub(crate) struct Names {
    seen: HashSet<String>,
    order: Vec<String>,
}

impl Names {
    pub(crate) fn add(&mut self, name: &str) {
        if self.seen.insert(name.to_owned()) {
            self.order.push(name.to_owned());
        }
    }

    pub(crate) fn order(&self) -> &[String] {
        &self.order
    }
}

/// Rewrites `program`, which holds no types and no imports any more.
pub(crate) fn rewrite<'a>(
    allocator: &'a Allocator,
    mut program: Program<'a>,
    plan: Plan,
) -> Rewritten<'a> {
    let ast = AstBuilder::new(allocator);
    let mut rewriter = Rewriter {
        functions: ArenaVec::new_in(&ast),
        body: ArenaVec::new_in(&ast),
        ast,
        output: plan.output,
        vars: Names::default(),
        declared: Names::default(),
        value: None,
    };
    let mut imported = Names::default();
    for import in plan.imports {
        rewriter.import(&import, &mut imported);
    }
    for name in plan.enums {
        let reset = format!("{name} = undefined;");
        rewriter.snippet(&reset, SPAN);
    }
    let statements = program.body.take_in(&rewriter.ast);
    if statements.is_empty() {
        rewriter.lone_string(&mut program);
    }
    for statement in statements {
        rewriter.statement(statement);
    }
    rewriter.finish();
    rewriter.into_script(program, imported)
}

struct Rewriter<'a> {
    ast: AstBuilder<'a>,
    output: Output,
    /// Hoisted function declarations.
    functions: ArenaVec<'a, Statement<'a>>,
    /// What becomes the body of the async function.
    body: ArenaVec<'a, Statement<'a>>,
    /// Top-level variables.
    vars: Names,
    /// Top-level variables, classes and functions.
    declared: Names,
    /// The run's value, if its statement was met.
    value: Option<Expression<'a>>,
}

impl<'a> Rewriter<'a> {
    fn import(&mut self, import: &Import, imported: &mut Names) {
        for name in &import.names {
            imported.add(name);
        }
        self.snippet(&import.code, import.span);
    }

    /// Adds statements given as text, all of them at `span`.
    fn snippet(&mut self, code: &str, span: Span) {
        self.body.extend(lower::parse(self.ast.allocator(), code, span));
    }

    /// A script that is nothing but a string parses as a directive.
    fn lone_string(&mut self, program: &mut Program<'a>) {
        let directives = program.directives.take_in(&self.ast);
        if let Some(last) = directives.into_iter().last()
            && last.directive != "use strict"
        {
            let text = ArenaBox::new_in(last.expression, &self.ast);
            self.value = Some(Expression::StringLiteral(text));
        }
    }

    fn statement(&mut self, statement: Statement<'a>) {
        match statement {
            Statement::EmptyStatement(_)
            | Statement::ImportDeclaration(_)
            | Statement::ExportNamedDeclaration(_)
            | Statement::ExportAllDeclaration(_)
            | Statement::ExportFromDeclaration(_) => {}
            Statement::ExportDeclaration(export) => {
                self.statement(Statement::from(export.unbox().declaration));
            }
            Statement::ExportDefaultDeclaration(export) => self.export_default(export.unbox()),
            // It is disposed of when the run ends, so it cannot be a variable of the session.
            Statement::VariableDeclaration(variable) if variable.kind.is_using() => {
                self.body.push(Statement::VariableDeclaration(variable));
            }
            Statement::VariableDeclaration(variable) => self.variable(variable.unbox()),
            Statement::FunctionDeclaration(function) => self.function(function),
            Statement::ClassDeclaration(class) => self.class(class),
            mut other => {
                if let Output::Expression { span, call } = self.output
                    && output::is_at(&other, span)
                    && let Statement::ExpressionStatement(statement) = other
                {
                    let value = statement.unbox().expression;
                    self.value = Some(if call { self.call(value) } else { value });
                    return;
                }
                InnerVars { ast: &self.ast, vars: &mut self.vars, declared: &mut self.declared }
                    .visit_statement(&mut other);
                self.body.push(other);
            }
        }
    }

    fn variable(&mut self, variable: VariableDeclaration<'a>) {
        let is_var = variable.kind.is_var();
        for declarator in variable.declarations {
            let mut names = pattern::Targets {
                ast: &self.ast,
                vars: &mut self.vars,
                declared: &mut self.declared,
            };
            let span = declarator.span;
            if let Some(assignment) = names.assignment(declarator, !is_var) {
                self.body.push(Statement::new_expression_statement(span, assignment, &self.ast));
            }
        }
    }

    fn function(&mut self, function: ArenaBox<'a, Function<'a>>) {
        if let Some(id) = &function.id {
            self.declared.add(id.name.as_str());
        }
        self.functions.push(Statement::FunctionDeclaration(function));
    }

    fn class(&mut self, mut class: ArenaBox<'a, Class<'a>>) {
        let span = class.span;
        class.r#type = ClassType::ClassExpression;
        let name = class.id.as_ref().map(|id| (id.name, id.span));
        let class = Expression::ClassExpression(class);
        let statement = match name {
            Some((name, at)) => {
                self.vars.add(name.as_str());
                self.declared.add(name.as_str());
                pattern::assign_name(&self.ast, span, (name, at), class)
            }
            None => class,
        };
        self.body.push(Statement::new_expression_statement(span, statement, &self.ast));
    }

    fn export_default(&mut self, export: ExportDefaultDeclaration<'a>) {
        let call = matches!(self.output, Output::Default { call: true });
        match export.declaration {
            ExportDefaultDeclarationKind::FunctionDeclaration(mut function) => {
                if let Some(id) = &function.id {
                    let name = Expression::new_identifier(id.span, id.name, &self.ast);
                    self.function(function);
                    self.value = call.then(|| self.call(name));
                } else {
                    function.r#type = FunctionType::FunctionExpression;
                    let function = Expression::FunctionExpression(function);
                    self.value = call.then(|| self.call(function));
                }
            }
            ExportDefaultDeclarationKind::ClassDeclaration(class) => self.class(class),
            other => {
                let Ok(value) = Expression::try_from(other) else { return };
                if call {
                    self.value = Some(self.call(value));
                } else {
                    self.keep(value);
                }
            }
        }
    }

    /// Evaluates a value where it stands; it is returned at the end.
    fn keep(&mut self, value: Expression<'a>) {
        let span = value.span();
        let name = self.ast.allocator().alloc_str(&format!("{INTERNAL}_value"));
        let declarator = VariableDeclarator::new(
            span,
            BindingPattern::new_binding_identifier(SPAN, name, &self.ast),
            None,
            Some(value),
            false,
            &self.ast,
        );
        let mut declarators = ArenaVec::new_in(&self.ast);
        declarators.push(declarator);
        let kind = VariableDeclarationKind::Const;
        let declaration =
            Statement::new_variable_declaration(SPAN, kind, declarators, false, &self.ast);
        self.body.push(declaration);
        self.value = Some(Expression::new_identifier(SPAN, name, &self.ast));
    }

    fn call(&self, callee: Expression<'a>) -> Expression<'a> {
        let span = callee.span();
        let arguments = ArenaVec::new_in(&self.ast);
        Expression::new_call_expression(span, callee, None, arguments, false, &self.ast)
    }

    fn finish(&mut self) {
        if let Output::Call(name) = &self.output {
            let name = self.ast.allocator().alloc_str(name);
            let callee = Expression::new_identifier(SPAN, name, &self.ast);
            self.value = Some(self.call(callee));
        }
        if let Some(value) = self.value.take() {
            let span = value.span();
            self.body.push(Statement::new_return_statement(span, Some(value), &self.ast));
        }
    }

    fn into_script(self, mut program: Program<'a>, imported: Names) -> Rewritten<'a> {
        let ast = self.ast;
        let mut vars = imported;
        for name in self.vars.order {
            vars.add(&name);
        }
        let mut body = ArenaVec::new_in(&ast);
        if !vars.order.is_empty() {
            let mut declarators = ArenaVec::new_in(&ast);
            for name in &vars.order {
                let name = ast.allocator().alloc_str(name);
                let id = BindingPattern::new_binding_identifier(SPAN, name, &ast);
                declarators.push(VariableDeclarator::new(SPAN, id, None, None, false, &ast));
            }
            let kind = VariableDeclarationKind::Var;
            body.push(Statement::new_variable_declaration(SPAN, kind, declarators, false, &ast));
        }
        body.extend(self.functions);
        body.push(run(self.body, &ast));
        program.source_type = SourceType::script();
        program.hashbang = None;
        program.comments = ArenaVec::new_in(&ast);
        program.directives = ArenaVec::new_in(&ast);
        program.directives.push(Directive::new_use_strict(&ast));
        program.body = body;
        Rewritten { program, declared: self.declared.order }
    }
}

/// `(async () => { … })();`
fn run<'a>(body: ArenaVec<'a, Statement<'a>>, ast: &AstBuilder<'a>) -> Statement<'a> {
    let kind = FormalParameterKind::ArrowFormalParameters;
    let params = FormalParameters::boxed(SPAN, kind, ArenaVec::new_in(ast), None, ast);
    let body = FunctionBody::boxed(SPAN, ArenaVec::new_in(ast), body, ast);
    let body = ArrowFunctionBody::FunctionBody(body);
    let arrow =
        Expression::new_arrow_function_expression(SPAN, true, None, params, None, body, ast);
    let arguments = ArenaVec::new_in(ast);
    let call = Expression::new_call_expression(SPAN, arrow, None, arguments, false, ast);
    Statement::new_expression_statement(SPAN, call, ast)
}
