//! From a skill's statements to the body of the function that makes it, and what a skill may not do
//! at its top level or to what all scripts share.
//!
//! # Invariants
//!
//! * Statements stay as they are and where they are, exports unwrapped: their names are the
//!   function's own.
//! * The checks find what is written plainly. They keep mistakes out; the walls of the sandbox are
//!   what keeps code in.

use oxc::{
    allocator::{Allocator, ArenaVec, GetAllocator, TakeIn},
    ast::{
        AstKind,
        ast::{
            BindingPattern, Declaration, ExportDefaultDeclarationKind, Expression, Function,
            FunctionType, Program, ReturnStatement, Statement, VariableDeclarationKind,
            VariableDeclarator,
        },
        builder::AstBuilder,
    },
    ast_visit::{Visit, walk},
    span::{GetSpan, SPAN, SourceType, Span},
    syntax::{operator::UnaryOperator, scope::ScopeFlags},
};

use crate::{
    absent,
    check::{Finding, INTERNAL, Plan},
    diagnostic::DiagnosticKind,
    import::quote,
    lower,
    resolve::Resolver,
};

/// Global names that give a skill what is not its own.
const NOT_FOR_SKILLS: [&str; 3] = ["globalThis", "eval", "Function"];

/// Functions that change the object they are given.
const CHANGERS: [&str; 8] = [
    "assign",
    "defineProperties",
    "defineProperty",
    "deleteProperty",
    "freeze",
    "seal",
    "set",
    "setPrototypeOf",
];

/// Makes `program` the body of a function that gives what it exports.
pub(crate) fn rewrite<'a>(allocator: &'a Allocator, program: &mut Program<'a>, plan: &Plan) {
    let ast = AstBuilder::new(allocator);
    let mut body = ArenaVec::new_in(&ast);
    let mut names: Vec<&str> = Vec::new();
    for name in plan.imports.iter().flat_map(|import| &import.names) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    if !names.is_empty() {
        body.extend(lower::parse(allocator, &format!("let {};", names.join(", ")), SPAN));
    }
    for import in &plan.imports {
        body.extend(lower::parse(allocator, &import.code, import.span));
    }
    let mut exports: Vec<(String, String)> = Vec::new();
    for statement in program.body.take_in(&ast) {
        body.extend(unwrapped(&ast, statement, &mut exports));
    }
    let fields: Vec<String> =
        exports.iter().map(|(name, local)| format!("[{}]: {local}", quote(name))).collect();
    let given = lower::parse(allocator, &format!("({{ {} }});", fields.join(", ")), SPAN);
    for statement in given {
        if let Statement::ExpressionStatement(statement) = statement {
            let value = statement.unbox().expression;
            body.push(Statement::new_return_statement(SPAN, Some(value), &ast));
        }
    }
    program.source_type = SourceType::script();
    program.hashbang = None;
    program.comments = ArenaVec::new_in(&ast);
    program.directives = ArenaVec::new_in(&ast);
    program.body = body;
}

/// `statement` without `export`; adds what it exports, as names and local names.
fn unwrapped<'a>(
    ast: &AstBuilder<'a>,
    statement: Statement<'a>,
    exports: &mut Vec<(String, String)>,
) -> Option<Statement<'a>> {
    match statement {
        Statement::ImportDeclaration(_)
        | Statement::ExportAllDeclaration(_)
        | Statement::ExportFromDeclaration(_) => None,
        Statement::ExportNamedDeclaration(export) => {
            for specifier in export.unbox().specifiers {
                let local = specifier.local.name().to_string();
                exports.push((specifier.exported.name().to_string(), local));
            }
            None
        }
        Statement::ExportDeclaration(export) => {
            let declaration = export.unbox().declaration;
            for name in names_of(&declaration) {
                exports.push((name.clone(), name));
            }
            Some(Statement::from(declaration))
        }
        Statement::ExportDefaultDeclaration(export) => {
            let (statement, local) = default(ast, export.unbox().declaration)?;
            exports.push(("default".to_owned(), local));
            Some(statement)
        }
        other => Some(other),
    }
}

fn names_of(declaration: &Declaration<'_>) -> Vec<String> {
    match declaration {
        Declaration::VariableDeclaration(variable) => {
            let ids = variable.declarations.iter().flat_map(|it| it.id.get_binding_identifiers());
            ids.map(|id| id.name.to_string()).collect()
        }
        Declaration::FunctionDeclaration(function) => {
            function.id.iter().map(|id| id.name.to_string()).collect()
        }
        Declaration::ClassDeclaration(class) => {
            class.id.iter().map(|id| id.name.to_string()).collect()
        }
        _ => Vec::new(),
    }
}

/// The statement that a default export stands for, and the name that it gets.
fn default<'a>(
    ast: &AstBuilder<'a>,
    declaration: ExportDefaultDeclarationKind<'a>,
) -> Option<(Statement<'a>, String)> {
    match declaration {
        ExportDefaultDeclarationKind::FunctionDeclaration(mut function) => {
            if let Some(id) = &function.id {
                let name = id.name.to_string();
                return Some((Statement::FunctionDeclaration(function), name));
            }
            function.r#type = FunctionType::FunctionExpression;
            Some(held(ast, Expression::FunctionExpression(function)))
        }
        ExportDefaultDeclarationKind::ClassDeclaration(class) => {
            if let Some(id) = &class.id {
                let name = id.name.to_string();
                return Some((Statement::ClassDeclaration(class), name));
            }
            let mut class = class;
            class.r#type = oxc::ast::ast::ClassType::ClassExpression;
            Some(held(ast, Expression::ClassExpression(class)))
        }
        other => Some(held(ast, Expression::try_from(other).ok()?)),
    }
}

fn held<'a>(ast: &AstBuilder<'a>, value: Expression<'a>) -> (Statement<'a>, String) {
    let span = value.span();
    let name = format!("{INTERNAL}_default");
    let text = ast.allocator().alloc_str(&name);
    let id = BindingPattern::new_binding_identifier(SPAN, text, ast);
    let mut declarators = ArenaVec::new_in(ast);
    declarators.push(VariableDeclarator::new(span, id, None, Some(value), false, ast));
    let kind = VariableDeclarationKind::Const;
    (Statement::new_variable_declaration(span, kind, declarators, false, ast), name)
}

/// What a skill does that it may not.
pub(crate) fn check<'a>(program: &Program<'a>, resolver: &Resolver<'_, 'a>) -> Vec<Finding> {
    let mut top = TopLevel { found: Vec::new(), depth: 0 };
    top.visit_program(program);
    let mut found = top.found;
    let scoping = resolver.semantic.scoping();
    for name in scoping.root_unresolved_references().keys() {
        let name = name.as_str();
        let is_ours = name.starts_with(INTERNAL);
        if !is_ours && !NOT_FOR_SKILLS.contains(&name) {
            continue;
        }
        for reference in resolver.global_references(name) {
            let span = resolver.semantic.nodes().kind(reference.node_id()).span();
            found.push(refused(
                span,
                format!("a skill may not use `{name}`"),
                "take what it needs as `input`, and give what it has as its result",
            ));
        }
    }
    let globals = Globals { resolver };
    for node in resolver.semantic.nodes().iter() {
        if let Some(span) = globals.changed(node.kind()) {
            found.push(refused(
                span,
                "a skill may not change what all scripts share".to_owned(),
                "write a function of its own",
            ));
        }
    }
    found.sort_by_key(|finding| finding.offset);
    found
}

fn refused(span: Span, message: String, hint: &str) -> Finding {
    Finding::new(DiagnosticKind::Unsupported, span, message).hint(hint)
}

/// Finds what waits or returns outside of all functions.
struct TopLevel {
    found: Vec<Finding>,
    depth: usize,
}

impl TopLevel {
    fn refuse(&mut self, span: Span, what: &str) {
        if self.depth == 0 {
            self.found.push(refused(
                span,
                format!("a skill has no `{what}` at its top level"),
                "put it into `export async function run(input) { … }`",
            ));
        }
    }
}

impl<'a> Visit<'a> for TopLevel {
    fn visit_function(&mut self, function: &Function<'a>, flags: ScopeFlags) {
        self.depth += 1;
        walk::walk_function(self, function, flags);
        self.depth -= 1;
    }

    fn visit_arrow_function_expression(
        &mut self,
        function: &oxc::ast::ast::ArrowFunctionExpression<'a>,
    ) {
        self.depth += 1;
        walk::walk_arrow_function_expression(self, function);
        self.depth -= 1;
    }

    fn visit_await_expression(&mut self, awaited: &oxc::ast::ast::AwaitExpression<'a>) {
        self.refuse(awaited.span, "await");
        walk::walk_await_expression(self, awaited);
    }

    fn visit_for_of_statement(&mut self, each: &oxc::ast::ast::ForOfStatement<'a>) {
        if each.r#await {
            self.refuse(each.span, "for await");
        }
        walk::walk_for_of_statement(self, each);
    }

    fn visit_return_statement(&mut self, given: &ReturnStatement<'a>) {
        self.refuse(given.span, "return");
        walk::walk_return_statement(self, given);
    }
}

/// Finds changes of what the sandbox gives to every script.
struct Globals<'r, 's, 'a> {
    resolver: &'r Resolver<'s, 'a>,
}

impl<'a> Globals<'_, '_, 'a> {
    fn changed(&self, kind: AstKind<'a>) -> Option<Span> {
        match kind {
            AstKind::AssignmentExpression(assignment) => {
                let member = assignment.left.as_member_expression()?;
                self.is_shared(member.object()).then_some(assignment.span)
            }
            AstKind::UnaryExpression(unary) if unary.operator == UnaryOperator::Delete => {
                let member = unary.argument.get_inner_expression().as_member_expression()?;
                self.is_shared(member.object()).then_some(unary.span)
            }
            AstKind::CallExpression(call) => {
                let member = call.callee.get_inner_expression().as_member_expression()?;
                let Expression::Identifier(object) = member.object() else { return None };
                let is_changer = ["Object", "Reflect"].contains(&object.name.as_str())
                    && self.resolver.is_global(object)
                    && member.static_property_name().is_some_and(|it| CHANGERS.contains(&it));
                let target = call.arguments.first()?.as_expression()?;
                (is_changer && self.is_shared(target)).then_some(call.span)
            }
            _ => None,
        }
    }

    /// Whether `expression` is a global of the sandbox, or a member of one.
    fn is_shared(&self, expression: &Expression<'a>) -> bool {
        let mut expression = expression.get_inner_expression();
        while let Some(member) = expression.as_member_expression() {
            expression = member.object().get_inner_expression();
        }
        matches!(expression, Expression::Identifier(name)
            if absent::is_known(name.name.as_str()) && self.resolver.is_global(name))
    }
}
