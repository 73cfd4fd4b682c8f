//! Finds where a script's value comes from; the order is in the crate's documentation.
//!
//! It looks at the script as written: the transformer adds statements of its own, and an
//! enum's last one must not become the value.

use oxc::{
    ast::ast::{
        BindingPattern, ChainElement, Declaration, ExportDefaultDeclarationKind, Expression,
        FormalParameters, Function, Program, Statement, VariableDeclaration,
    },
    semantic::Scoping,
    span::{GetSpan, Span},
};

use crate::{check::Finding, diagnostic::DiagnosticKind};

/// Where the run's value comes from, other than from a `return`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Nowhere.
    None,
    /// The `export default`; called if it is a function.
    Default {
        /// Whether it names or is a function to be called.
        call: bool,
    },
    /// The expression statement at this place.
    Expression {
        /// The statement.
        span: Span,
        /// Whether it is a function to be called.
        call: bool,
    },
    /// A function that is called though nothing says so.
    Call(String),
}

/// What is said of a value that turned out to be undefined.
pub const ABSENT: &str = "is undefined";

/// What is said of a function that is the whole script.
pub const UNCALLED: &str = "is declared and nothing calls it";

/// The longest expression that is repeated in a hint, in characters.
const SHOWN_MAX: usize = 60;

/// The function that stands for the whole script, if all else is declarations.
const MAIN: &str = "main";

pub(crate) fn find(program: &Program<'_>, scoping: &Scoping) -> Output {
    if let Some(export) = program.body.iter().find_map(|statement| match statement {
        Statement::ExportDefaultDeclaration(export) => Some(export),
        _ => None,
    }) {
        return Output::Default { call: is_called_default(program, &export.declaration) };
    }
    // Functions, types and nothing leave no trace where they stand.
    let last = program.body.iter().rev().find(|statement| !is_hoisted(statement));
    if let Some(Statement::ExpressionStatement(statement)) = last {
        let expression = statement.expression.get_inner_expression();
        return match expression {
            Expression::AssignmentExpression(_) | Expression::UpdateExpression(_) => Output::None,
            _ => Output::Expression { span: statement.span, call: is_called(program, expression) },
        };
    }
    if program.body.iter().all(is_declaration)
        && function_called(program, MAIN)
        && let Some(symbol) = scoping.get_root_binding(MAIN.into())
        && scoping.symbol_is_unused(symbol)
    {
        return Output::Call(MAIN.to_owned());
    }
    Output::None
}

/// What may be absent of what a script gives: a hint for the run whose value is undefined.
pub(crate) fn absent(program: &Program<'_>, output: &Output) -> Option<Finding> {
    let last = program.body.iter().rev().find(|statement| !is_hoisted(statement))?;
    let value = match last {
        Statement::ReturnStatement(statement) => statement.argument.as_ref()?,
        Statement::ExpressionStatement(statement)
            if matches!(output, Output::Expression { call: false, .. }) =>
        {
            &statement.expression
        }
        _ => return None,
    };
    let of = |span: Span| span.source_text(program.source_text);
    let value = match value.get_inner_expression() {
        Expression::AwaitExpression(awaited) => awaited.argument.get_inner_expression(),
        value => value,
    };
    let span = value.span();
    let object = match value {
        Expression::StaticMemberExpression(member) => member.object.span(),
        Expression::ChainExpression(chain) => match &chain.expression {
            ChainElement::StaticMemberExpression(member) => member.object.span(),
            _ => return None,
        },
        Expression::Identifier(_) => {
            let message = format!("`{}` {ABSENT}", of(span));
            let hint = "look at where it is set";
            return Some(Finding::new(DiagnosticKind::Undefined, span, message).hint(hint));
        }
        _ => return None,
    };
    let is_short = |span: Span| of(span).chars().count() <= SHOWN_MAX && !of(span).contains('`');
    if !is_short(span) {
        return None;
    }
    let message = format!("`{}` {ABSENT}", of(span));
    let hint = format!("`return Object.keys({})` shows what is there", of(object));
    Some(Finding::new(DiagnosticKind::Undefined, span, message).hint(hint))
}

/// The one function that a script declares and nothing calls, if it does nothing else.
pub(crate) fn uncalled<'p>(program: &'p Program<'_>, scoping: &Scoping) -> Option<(Span, &'p str)> {
    let mut found = None;
    for statement in program.body.iter().filter(|statement| !is_import(statement)) {
        let id = match declaration(statement)? {
            Declared::Function(function) => function.id.as_ref()?,
            Declared::Variable(variable) => match variable.declarations.as_slice() {
                [one] => match &one.id {
                    BindingPattern::BindingIdentifier(id) => id,
                    _ => return None,
                },
                _ => return None,
            },
        };
        if found.replace((id.span, id.name.as_str())).is_some() {
            return None;
        }
    }
    found.filter(|(_, name)| {
        let symbol = scoping.get_root_binding((*name).into());
        function_called(program, name) && symbol.is_some_and(|it| scoping.symbol_is_unused(it))
    })
}

fn is_import(statement: &Statement<'_>) -> bool {
    !matches!(statement, Statement::FunctionDeclaration(_))
        && is_hoisted(statement)
        && declaration(statement).is_none()
}

fn is_called_default(program: &Program<'_>, default: &ExportDefaultDeclarationKind<'_>) -> bool {
    match default {
        ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
            no_arguments(&function.params)
        }
        default => default
            .as_expression()
            .is_some_and(|expression| is_called(program, expression.get_inner_expression())),
    }
}

/// Whether an expression is a function, or names one, that can do without arguments.
fn is_called(program: &Program<'_>, expression: &Expression<'_>) -> bool {
    match expression {
        Expression::ArrowFunctionExpression(function) => no_arguments(&function.params),
        Expression::FunctionExpression(function) => no_arguments(&function.params),
        Expression::Identifier(name) => function_called(program, name.name.as_str()),
        _ => false,
    }
}

/// Whether the script declares a function `wanted` that can do without arguments.
fn function_called(program: &Program<'_>, wanted: &str) -> bool {
    program.body.iter().any(|statement| match declaration(statement) {
        Some(Declared::Function(function)) => {
            function.id.as_ref().is_some_and(|id| id.name == wanted)
                && function.body.is_some()
                && no_arguments(&function.params)
        }
        Some(Declared::Variable(variable)) => variable.declarations.iter().any(|declarator| {
            matches!(&declarator.id, BindingPattern::BindingIdentifier(id) if id.name == wanted)
                && declarator.init.as_ref().is_some_and(|init| match init.get_inner_expression() {
                    Expression::ArrowFunctionExpression(function) => no_arguments(&function.params),
                    Expression::FunctionExpression(function) => no_arguments(&function.params),
                    _ => false,
                })
        }),
        None => false,
    })
}

fn no_arguments(params: &FormalParameters<'_>) -> bool {
    params.items.iter().all(|param| param.initializer.is_some() || param.optional)
}

enum Declared<'s, 'a> {
    Function(&'s Function<'a>),
    Variable(&'s VariableDeclaration<'a>),
}

fn declaration<'s, 'a>(statement: &'s Statement<'a>) -> Option<Declared<'s, 'a>> {
    match statement {
        Statement::FunctionDeclaration(function) => Some(Declared::Function(function)),
        Statement::VariableDeclaration(variable) => Some(Declared::Variable(variable)),
        Statement::ExportDeclaration(export) => match &export.declaration {
            Declaration::FunctionDeclaration(function) => Some(Declared::Function(function)),
            Declaration::VariableDeclaration(variable) => Some(Declared::Variable(variable)),
            _ => None,
        },
        _ => None,
    }
}

/// Statements that do nothing where they stand.
fn is_hoisted(statement: &Statement<'_>) -> bool {
    match statement {
        Statement::ExportDeclaration(export) => match &export.declaration {
            Declaration::VariableDeclaration(variable) => variable.declare,
            Declaration::ClassDeclaration(class) => class.declare,
            Declaration::TSEnumDeclaration(declared) => declared.declare,
            Declaration::TSNamespaceDeclaration(_) => false,
            _ => true,
        },
        Statement::VariableDeclaration(variable) => variable.declare,
        Statement::ClassDeclaration(class) => class.declare,
        Statement::TSEnumDeclaration(declared) => declared.declare,
        Statement::EmptyStatement(_)
        | Statement::FunctionDeclaration(_)
        | Statement::ImportDeclaration(_)
        | Statement::ExportNamedDeclaration(_)
        | Statement::TSTypeAliasDeclaration(_)
        | Statement::TSInterfaceDeclaration(_)
        | Statement::TSExternalModuleDeclaration(_)
        | Statement::TSGlobalDeclaration(_) => true,
        _ => false,
    }
}

/// Statements that only declare.
fn is_declaration(statement: &Statement<'_>) -> bool {
    is_hoisted(statement)
        || statement.is_declaration()
        || matches!(statement, Statement::ExportDeclaration(_))
}

/// Whether `statement` is the one at `span`.
pub(crate) fn is_at(statement: &Statement<'_>, span: Span) -> bool {
    matches!(statement, Statement::ExpressionStatement(_)) && statement.span() == span
}
