//! Checks calls of tools before anything runs: their parameters, and promises taken for values.
//!
//! # Invariants
//!
//! * Only what is sure is a mistake: a spread, a computed key, a variable as the argument, or a
//!   tool whose parameters are not known silences the check.

use std::collections::HashMap;

use oxc::{
    ast::{
        AstKind,
        ast::{
            Argument, CallExpression, Expression, ImportDeclarationSpecifier, MemberExpression,
            ObjectExpression, ObjectPropertyKind, Program, Statement,
        },
    },
    ast_visit::{Visit, walk},
    semantic::{Semantic, SymbolId},
    span::{GetSpan, Span},
};

use crate::{
    Function, Module, Modules, Parameters,
    check::Finding,
    diagnostic::{DiagnosticKind, nearest},
    import::{OBJECT_MEMBERS, find},
};

/// What every promise has.
const OF_PROMISES: [&str; 3] = ["then", "catch", "finally"];

/// Checks every call of a tool in `program`.
pub(crate) fn check<'a>(
    program: &Program<'a>,
    semantic: &Semantic<'a>,
    modules: &dyn Modules,
    found: &mut Vec<Finding>,
) {
    let names = Names::of(program, modules);
    let mut calls = Calls { names, semantic, found: Vec::new() };
    calls.visit_program(program);
    found.append(&mut calls.found);
}

/// What the script's names stand for.
struct Names {
    /// Imported modules and functions.
    imported: HashMap<SymbolId, Known>,
    /// The modules of the global `servers`, by key.
    servers: HashMap<String, Module>,
}

enum Known {
    Module(Module),
    Function(Function),
}

impl Names {
    fn of(program: &Program<'_>, modules: &dyn Modules) -> Self {
        let mut imported = HashMap::new();
        for statement in &program.body {
            let Statement::ImportDeclaration(import) = statement else { continue };
            let Ok(module) = modules.resolve(import.source.value.as_str()) else { continue };
            for name in import.specifiers.iter().flatten() {
                let Some(symbol) = name.local().symbol_id.get() else { continue };
                let known = match name {
                    ImportDeclarationSpecifier::ImportSpecifier(name)
                        if name.imported.name() != "default" =>
                    {
                        let wanted = name.imported.name();
                        find(&module.functions, wanted.as_str()).cloned().map(Known::Function)
                    }
                    ImportDeclarationSpecifier::ImportNamespaceSpecifier(_) => {
                        Some(Known::Module(module.clone()))
                    }
                    _ => Some(match module.tool.and_then(|tool| module.functions.get(tool)) {
                        Some(function) => Known::Function(function.clone()),
                        None => Known::Module(module.clone()),
                    }),
                };
                imported.extend(known.map(|known| (symbol, known)));
            }
        }
        let servers = modules.all().into_iter().flat_map(|module| {
            [(module.server.clone(), module.clone()), (module.identifier.clone(), module)]
        });
        Self { imported, servers: servers.collect() }
    }
}

struct Calls<'s, 'a> {
    names: Names,
    semantic: &'s Semantic<'a>,
    found: Vec<Finding>,
}

impl<'a> Visit<'a> for Calls<'_, 'a> {
    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        if let Some(function) = self.function(&call.callee).cloned() {
            self.parameters(call, &function);
        }
        walk::walk_call_expression(self, call);
    }

    fn visit_member_expression(&mut self, member: &MemberExpression<'a>) {
        self.promise(member);
        walk::walk_member_expression(self, member);
    }
}

impl<'a> Calls<'_, 'a> {
    /// The tool that `callee` names.
    fn function(&self, callee: &Expression<'a>) -> Option<&Function> {
        match callee.get_inner_expression() {
            Expression::Identifier(_) => match self.imported(callee)? {
                Known::Function(function) => Some(function),
                Known::Module(_) => None,
            },
            callee => {
                let member = callee.as_member_expression()?;
                let wanted = member.static_property_name()?;
                let module = self.module(member.object())?;
                find(&module.functions, wanted)
            }
        }
    }

    /// The module that `object` names: an import, or a member of the global `servers`.
    fn module(&self, object: &Expression<'a>) -> Option<&Module> {
        let object = object.get_inner_expression();
        if let Some(member) = object.as_member_expression() {
            let Expression::Identifier(root) = member.object().get_inner_expression() else {
                return None;
            };
            let is_global =
                root.name == "servers" && self.semantic.is_reference_to_global_variable(root);
            return self.names.servers.get(member.static_property_name()?).filter(|_| is_global);
        }
        match self.imported(object)? {
            Known::Module(module) => Some(module),
            Known::Function(_) => None,
        }
    }

    fn imported(&self, name: &Expression<'a>) -> Option<&Known> {
        let Expression::Identifier(name) = name.get_inner_expression() else { return None };
        let reference = name.reference_id.get()?;
        let symbol = self.semantic.scoping().get_reference(reference).symbol_id()?;
        self.names.imported.get(&symbol)
    }

    fn parameters(&mut self, call: &CallExpression<'a>, function: &Function) {
        let Some(parameters) = &function.parameters else { return };
        match call.arguments.as_slice() {
            [] => self.missing(call.span, function, parameters, &[]),
            [Argument::ObjectExpression(object)] => self.object(object, function, parameters),
            _ => {}
        }
    }

    fn object(
        &mut self,
        object: &ObjectExpression<'a>,
        function: &Function,
        parameters: &Parameters,
    ) {
        let mut given = Vec::new();
        let mut is_whole = true;
        for property in &object.properties {
            let ObjectPropertyKind::ObjectProperty(property) = property else {
                is_whole = false;
                continue;
            };
            let Some(name) = property.key.static_name() else {
                is_whole = false;
                continue;
            };
            if !parameters.names.iter().any(|known| *known == *name) {
                self.unknown(property.key.span(), &name, function, parameters);
                // It may stand for one that is then missing: one mistake and not two.
                is_whole = false;
            }
            given.push(name.into_owned());
        }
        if is_whole {
            self.missing(object.span, function, parameters, &given);
        }
    }

    fn unknown(&mut self, span: Span, name: &str, function: &Function, parameters: &Parameters) {
        let likely = nearest(name, parameters.names.iter().map(String::as_str));
        if parameters.is_open && likely.is_empty() {
            return;
        }
        let message = format!("`{}` has no parameter `{name}`", function.name);
        let hint = match likely.first() {
            Some(likely) => format!("did you mean `{likely}`? {}", function.signature),
            None => function.signature.clone(),
        };
        self.found.push(Finding::new(DiagnosticKind::Parameter, span, message).hint(hint));
    }

    fn missing(
        &mut self,
        span: Span,
        function: &Function,
        parameters: &Parameters,
        given: &[String],
    ) {
        let missing: Vec<String> = parameters
            .required
            .iter()
            .filter(|name| !given.contains(name))
            .map(|name| format!("`{name}`"))
            .collect();
        if !missing.is_empty() {
            let message = format!("`{}` needs {}", function.name, missing.join(", "));
            let finding = Finding::new(DiagnosticKind::Parameter, span, message);
            self.found.push(finding.hint(function.signature.clone()));
        }
    }

    /// A member of what a call of a tool gives, which is a promise.
    fn promise(&mut self, member: &MemberExpression<'a>) {
        let Some(name) = member.static_property_name().map(str::to_owned) else { return };
        if OF_PROMISES.contains(&name.as_str()) || OBJECT_MEMBERS.contains(&name.as_str()) {
            return;
        }
        let object = member.object().get_inner_expression();
        let text = |span: Span| {
            self.semantic.source_text()[span.start as usize..span.end as usize].to_owned()
        };
        let (callee, fix) = match object {
            Expression::CallExpression(call) if self.function(&call.callee).is_some() => {
                let callee = text(call.callee.span());
                let given = if call.arguments.is_empty() { "" } else { "…" };
                (callee.clone(), format!("(await {callee}({given})).{name}"))
            }
            Expression::Identifier(variable) => {
                let Some(callee) = self.promised(object) else { return };
                (
                    text(callee),
                    format!(
                        "`{0}` is set without `await`; write `(await {0}).{name}`",
                        variable.name
                    ),
                )
            }
            _ => return,
        };
        let fix = if fix.starts_with('(') { format!("write `{fix}`") } else { fix };
        let message = format!("`{callee}` gives a promise, which has no `{name}`");
        let kind = DiagnosticKind::Promise;
        self.found.push(Finding::new(kind, object.span(), message).hint(fix));
    }

    /// Of a constant that is set to what a tool gives without `await`, the tool.
    fn promised(&self, variable: &Expression<'a>) -> Option<Span> {
        let Expression::Identifier(name) = variable else { return None };
        let scoping = self.semantic.scoping();
        let symbol = scoping.get_reference(name.reference_id.get()?).symbol_id()?;
        if !scoping.symbol_flags(symbol).is_const_variable() {
            return None;
        }
        let nodes = self.semantic.nodes();
        let declaration = nodes.kind(scoping.symbol_declaration(symbol));
        let AstKind::VariableDeclarator(declared) = declaration else { return None };
        if !declared.id.is_binding_identifier() {
            return None;
        }
        match declared.init.as_ref()?.get_inner_expression() {
            Expression::CallExpression(call) => {
                self.function(&call.callee)?;
                Some(call.callee.span())
            }
            _ => None,
        }
    }
}
