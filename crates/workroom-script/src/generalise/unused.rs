//! What nothing uses: logs, variables, functions, imports, and calls that only read.

use oxc::{
    ast::{
        AstKind,
        ast::{
            Declaration, Expression, ImportDeclaration, Program, Statement, VariableDeclaration,
            VariableDeclarationKind,
        },
    },
    semantic::{Semantic, SymbolId},
    span::{GetSpan, Span},
};

use crate::{look::is_log, output::Output};

/// Verbs of tools that change nothing, by their names.
const READS: [&str; 10] =
    ["get", "list", "read", "search", "find", "fetch", "lookup", "describe", "count", "show"];

/// How deep calls of the script's own functions are followed.
const CALLS_DEPTH_MAX: usize = 3;

/// The places of what can go, statements as a whole.
pub(super) fn find(program: &Program<'_>, semantic: &Semantic<'_>, output: &Output) -> Vec<Span> {
    let mut finder = Finder { semantic, gone: Vec::new() };
    for node in semantic.nodes().iter() {
        if let AstKind::ExpressionStatement(statement) = node.kind()
            && is_log(&statement.expression)
            && !matches!(output, Output::Expression { span, .. } if *span == statement.span)
        {
            finder.gone.push(statement.span);
        }
    }
    // What goes may have been the only use of something else.
    loop {
        let before = finder.gone.len();
        for statement in &program.body {
            finder.statement(statement, output);
        }
        if finder.gone.len() == before {
            return finder.gone;
        }
    }
}

struct Finder<'f, 'a> {
    semantic: &'f Semantic<'a>,
    gone: Vec<Span>,
}

impl<'a> Finder<'_, 'a> {
    fn statement(&mut self, statement: &Statement<'a>, output: &Output) {
        let span = statement.span();
        if self.gone.contains(&span) {
            return;
        }
        let goes = match statement {
            Statement::EmptyStatement(_) => true,
            Statement::ImportDeclaration(import) => self.import(import),
            Statement::FunctionDeclaration(function) => function.id.as_ref().is_some_and(|id| {
                let is_output = matches!(output, Output::Call(name) if id.name == name.as_str());
                !is_output && self.is_unused(id.symbol_id())
            }),
            Statement::ClassDeclaration(class) => {
                class.heritage.is_none()
                    && class.id.as_ref().is_some_and(|id| self.is_unused(id.symbol_id()))
            }
            Statement::TSTypeAliasDeclaration(alias) => self.is_unused(alias.id.symbol_id()),
            Statement::TSInterfaceDeclaration(it) => self.is_unused(it.id.symbol_id()),
            Statement::VariableDeclaration(variable) => self.variable(variable),
            Statement::ExportDeclaration(export) => match &export.declaration {
                Declaration::VariableDeclaration(variable) => self.variable(variable),
                _ => false,
            },
            _ => false,
        };
        if goes {
            self.gone.push(span);
        }
    }

    fn variable(&self, variable: &VariableDeclaration<'a>) -> bool {
        let kind = matches!(
            variable.kind,
            VariableDeclarationKind::Const
                | VariableDeclarationKind::Let
                | VariableDeclarationKind::Var
        );
        kind && variable.declarations.iter().all(|declarator| {
            let mut names = declarator.id.get_binding_identifiers().into_iter();
            names.all(|id| self.is_unused(id.symbol_id()))
                && declarator.init.as_ref().is_none_or(|init| self.is_idle(init))
        })
    }

    /// Whether an import goes as a whole; names of it that nothing uses go by themselves.
    fn import(&mut self, import: &ImportDeclaration<'a>) -> bool {
        let Some(specifiers) = &import.specifiers else { return false };
        let unused: Vec<Span> = specifiers
            .iter()
            .filter(|specifier| self.is_unused(specifier.local().symbol_id()))
            .map(GetSpan::span)
            .collect();
        if unused.len() == specifiers.len() && !specifiers.is_empty() {
            return true;
        }
        for span in unused {
            if !self.gone.contains(&span) {
                self.gone.push(span);
            }
        }
        false
    }

    /// Whether every use of it goes.
    fn is_unused(&self, symbol: SymbolId) -> bool {
        let nodes = self.semantic.nodes();
        self.semantic.scoping().get_resolved_references(symbol).all(|reference| {
            let at = nodes.kind(reference.node_id()).span();
            self.gone.iter().any(|gone| gone.contains_inclusive(at))
        })
    }

    /// Whether an expression does nothing but give a value.
    fn is_idle(&self, expression: &Expression<'a>) -> bool {
        // Nothing inside of a function runs by its being there.
        matches!(
            expression.get_inner_expression(),
            Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_)
        ) || self.is_idle_at(expression.span(), CALLS_DEPTH_MAX)
    }

    fn is_idle_at(&self, span: Span, depth: usize) -> bool {
        self.semantic.nodes().iter().all(|node| {
            let kind = node.kind();
            if !span.contains_inclusive(kind.span()) {
                return true;
            }
            match kind {
                AstKind::CallExpression(call) => {
                    reads(&call.callee) || self.is_idle_function(&call.callee, depth)
                }
                kind => !is_doing(kind),
            }
        })
    }

    /// Whether what is called is a function of the script's own that does nothing but give a
    /// value.
    fn is_idle_function(&self, callee: &Expression<'a>, depth: usize) -> bool {
        let Expression::Identifier(name) = callee.get_inner_expression() else { return false };
        let scoping = self.semantic.scoping();
        let reference = name.reference_id.get().map(|id| scoping.get_reference(id));
        let symbol = reference.and_then(oxc::semantic::Reference::symbol_id);
        depth > 0
            && symbol.is_some_and(|symbol| {
                match self.semantic.nodes().kind(scoping.symbol_declaration(symbol)) {
                    AstKind::Function(function) => self.is_idle_at(function.span, depth - 1),
                    _ => false,
                }
            })
    }
}

/// Whether a node may change something.
fn is_doing(kind: AstKind<'_>) -> bool {
    matches!(
        kind,
        AstKind::AssignmentExpression(_)
            | AstKind::UpdateExpression(_)
            | AstKind::NewExpression(_)
            | AstKind::YieldExpression(_)
            | AstKind::TaggedTemplateExpression(_)
            | AstKind::ImportExpression(_)
    ) || matches!(kind, AstKind::UnaryExpression(unary) if unary.operator.is_delete())
}

/// Whether what is called only reads, by its name.
fn reads(callee: &Expression<'_>) -> bool {
    const GLOBALS: [&str; 6] = ["JSON", "Object", "Math", "Array", "Number", "Date"];
    const QUIET: [&str; 26] = [
        "map",
        "filter",
        "find",
        "some",
        "every",
        "reduce",
        "flatMap",
        "flat",
        "slice",
        "join",
        "split",
        "trim",
        "includes",
        "startsWith",
        "endsWith",
        "toLowerCase",
        "toUpperCase",
        "keys",
        "values",
        "entries",
        "concat",
        "toFixed",
        "indexOf",
        "at",
        "all",
        "stringify",
    ];
    let is_read = |name: &str| {
        let name = name.to_ascii_lowercase();
        READS.iter().any(|verb| name.starts_with(verb))
    };
    match callee.get_inner_expression() {
        Expression::Identifier(name) => is_read(&name.name),
        Expression::StaticMemberExpression(member) => {
            let name = member.property.name.as_str();
            let is_global = matches!(&member.object, Expression::Identifier(of)
                if GLOBALS.contains(&of.name.as_str()));
            is_global || QUIET.contains(&name) || is_read(name)
        }
        _ => false,
    }
}

/// The text of an import of which parts went.
pub(super) fn tidied(text: &str, import: &ImportDeclaration<'_>) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (Some(open), Some(close)) = (one_line.find('{'), one_line.rfind('}')) else {
        return one_line;
    };
    if import.with_clause.is_some() {
        return one_line;
    }
    let names: Vec<&str> = one_line[open + 1..close]
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    let before = one_line[..open].trim_end();
    let after = &one_line[close + 1..];
    let is_head_gone = before.trim_start_matches("import").trim_start().starts_with(',');
    let before = if is_head_gone { "import" } else { before };
    if names.is_empty() {
        return format!("{}{after}", before.trim_end_matches(',').trim_end());
    }
    format!("{before} {{ {} }}{after}", names.join(", "))
}
