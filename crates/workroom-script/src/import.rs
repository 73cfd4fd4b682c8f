//! Links what a script imports to the functions of servers.
//!
//! # Invariants
//!
//! * A specifier is resolved by [`Modules::resolve`] and by nothing else.
//! * A name that is only used as a type is no import: the files that agents read export types
//!   beside functions, and a type cannot be missing at run time.
//! * The text that is emitted is made of quoted strings and of identifiers that oxc parsed.

use std::{collections::HashSet, fmt::Write};

use oxc::{
    ast::{
        AstKind,
        ast::{
            BindingIdentifier, Expression, ImportDeclaration, ImportDeclarationSpecifier, Program,
            Statement,
        },
    },
    semantic::{NodeId, Reference, Semantic, SymbolId},
    span::{GetSpan, Span},
};

use crate::{
    Function, Module, Modules,
    check::Finding,
    diagnostic::{DiagnosticKind, did_you_mean, nearest},
};

/// Members that every object has, so that asking for them is no mistake.
pub(crate) const OBJECT_MEMBERS: &[&str] = &[
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "then",
    "toJSON",
    "toLocaleString",
    "toString",
    "valueOf",
    "default",
    "__proto__",
];

/// One assignment that stands for an import.
#[derive(Debug)]
pub(crate) struct Import {
    /// The import in the script, for errors thrown by it.
    pub(crate) span: Span,
    /// The variables that it sets.
    pub(crate) names: Vec<String>,
    /// A statement in JavaScript.
    pub(crate) code: String,
}

/// Links every import of the script, and the global `servers`; mistakes go to `found`.
pub(crate) fn link<'a>(
    program: &Program<'a>,
    semantic: &Semantic<'a>,
    modules: &dyn Modules,
    found: &mut Vec<Finding>,
) -> Vec<Import> {
    let mut linker = Linker { semantic, found, imports: Vec::new() };
    linker.global(modules);
    for statement in &program.body {
        if let Statement::ImportDeclaration(import) = statement
            && import.import_kind.is_value()
            && import.phase.is_none()
        {
            linker.import(import, modules);
        }
    }
    linker.imports
}

struct Linker<'s, 'a> {
    semantic: &'s Semantic<'a>,
    found: &'s mut Vec<Finding>,
    imports: Vec<Import>,
}

impl<'a> Linker<'_, 'a> {
    fn import(&mut self, import: &ImportDeclaration<'a>, modules: &dyn Modules) {
        let specifier = import.source.value.as_str();
        let wanted = import
            .specifiers
            .as_ref()
            .is_none_or(|names| names.is_empty() || names.iter().any(|name| !self.is_type(name)));
        if !wanted {
            return;
        }
        if let Some(path) = result_path(specifier) {
            self.result(import, &path);
            return;
        }
        let module = match modules.resolve(specifier) {
            Ok(module) => module,
            Err(unknown) => {
                let kind = DiagnosticKind::UnknownModule;
                let is_ours = specifier.trim_start_matches(['.', '/']).starts_with("servers");
                let otherwise = if is_ours {
                    "`./servers` lists every server and how it is doing"
                } else {
                    "only tools can be imported: `import * as name from './servers/<server>'`"
                };
                let hint = did_you_mean(&unknown.nearest).unwrap_or_else(|| otherwise.to_owned());
                self.found.push(Finding::new(kind, import.source.span, unknown.message).hint(hint));
                return;
            }
        };
        let mut named: Vec<(String, &Function)> = Vec::new();
        for name in import.specifiers.iter().flatten() {
            if self.is_type(name) {
                continue;
            }
            let local = name.local().name.as_str();
            match self.export(name, &module) {
                Some(Export::Function(function)) => named.push((local.to_owned(), function)),
                Some(Export::Namespace) => self.namespace(import.span, name.local(), &module),
                None => {}
            }
        }
        if !named.is_empty() {
            self.named(import.span, &module, &named);
        }
    }

    /// `import sheet from './results/r_1.json'`: what an earlier run gave, read when this one runs.
    fn result(&mut self, import: &ImportDeclaration<'a>, path: &str) {
        let read =
            format!("await __workroom.call(\"\", \"read_file\", {{ path: {} }})", quote(path));
        for name in import.specifiers.iter().flatten() {
            if self.is_type(name) {
                continue;
            }
            let local = name.local().name.as_str();
            let code = match name {
                ImportDeclarationSpecifier::ImportSpecifier(named)
                    if named.imported.name() != "default" =>
                {
                    format!("({{ {}: {local} }} = {read});", quote(&named.imported.name()))
                }
                _ => format!("{local} = {read};"),
            };
            let names = vec![local.to_owned()];
            self.imports.push(Import { span: import.span, names, code });
        }
    }

    /// What one name of an import stands for; `None` after a mistake.
    fn export<'m>(
        &mut self,
        name: &ImportDeclarationSpecifier<'a>,
        module: &'m Module,
    ) -> Option<Export<'m>> {
        let exported = match name {
            ImportDeclarationSpecifier::ImportNamespaceSpecifier(_) => {
                return Some(Export::Namespace);
            }
            ImportDeclarationSpecifier::ImportDefaultSpecifier(_) => "default",
            ImportDeclarationSpecifier::ImportSpecifier(name) => name.imported.name().as_str(),
        };
        let tool = module.tool.and_then(|tool| module.functions.get(tool));
        if exported == "default" {
            return Some(tool.map_or(Export::Namespace, Export::Function));
        }
        let function = find(exports(module), exported);
        if function.is_none() && self.is_used(name) {
            self.unknown(name.span(), module, exported);
        }
        function.map(Export::Function)
    }

    fn unknown(&mut self, span: Span, module: &Module, wanted: &str) {
        let functions = exports(module);
        let names = functions.iter().map(|function| function.name.as_str());
        let likely = nearest(wanted, names);
        let hint = match likely.first().and_then(|name| find(functions, name)) {
            Some(function) if likely.len() == 1 => {
                format!("did you mean `{}`?", function.signature.trim())
            }
            _ => did_you_mean(&likely).unwrap_or_else(|| match functions.len() {
                0 => "it has no functions".to_owned(),
                1..=8 => {
                    let all: Vec<&str> = functions.iter().map(|f| f.name.as_str()).collect();
                    format!("it has {}", all.join(", "))
                }
                count => format!("it has {count} functions; list or search them first"),
            }),
        };
        let message = format!("server `{}` has no function `{wanted}`", module.server);
        self.found.push(Finding::new(DiagnosticKind::UnknownExport, span, message).hint(hint));
    }

    fn namespace(&mut self, span: Span, local: &BindingIdentifier<'a>, module: &Module) {
        let functions = exports(module);
        let mut pairs: Vec<(&str, &str)> =
            functions.iter().map(|f| (f.name.as_str(), f.tool.as_str())).collect();
        for (member, place) in self.members(local.symbol_id.get()) {
            match find(functions, member) {
                Some(function) if function.name != member => {
                    pairs.push((member, function.tool.as_str()));
                }
                Some(_) => {}
                None if OBJECT_MEMBERS.contains(&member) => {}
                None => self.unknown(place, module, member),
            }
        }
        pairs.dedup();
        let name = local.name.as_str();
        let code = format!("{name} = {};", module_call(&module.server, &pairs));
        self.imports.push(Import { span, names: vec![name.to_owned()], code });
    }

    fn named(&mut self, span: Span, module: &Module, named: &[(String, &Function)]) {
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        let mut targets = String::new();
        for (local, function) in named {
            let pair = (function.name.as_str(), function.tool.as_str());
            if !pairs.contains(&pair) {
                pairs.push(pair);
            }
            // Writing to a string cannot fail.
            let _ = write!(targets, "{}: {local}, ", quote(&function.name));
        }
        let code = format!("({{ {targets}}} = {});", module_call(&module.server, &pairs));
        let locals = named.iter().map(|(local, _)| local.clone()).collect();
        self.imports.push(Import { span, names: locals, code });
    }

    /// The static members that the script reads of a symbol: `crm.getContact`.
    fn members(&self, symbol: Option<SymbolId>) -> Vec<(&'a str, Span)> {
        let Some(symbol) = symbol else { return Vec::new() };
        let scoping = self.semantic.scoping();
        scoping
            .get_resolved_references(symbol)
            .filter(|reference| reference.is_value())
            .filter_map(|reference| self.member(reference.node_id()))
            .collect()
    }

    /// The names of all static members in the script.
    fn all_members(&self) -> HashSet<&'a str> {
        let kinds = self.semantic.nodes().iter().map(oxc::semantic::AstNode::kind);
        kinds
            .filter_map(|kind| match kind {
                AstKind::StaticMemberExpression(member) => Some(member.property.name.as_str()),
                AstKind::ComputedMemberExpression(member) => match &member.expression {
                    Expression::StringLiteral(name) => Some(name.value.as_str()),
                    _ => None,
                },
                _ => None,
            })
            .collect()
    }

    fn member(&self, reference: NodeId) -> Option<(&'a str, Span)> {
        match self.semantic.nodes().parent_kind(reference) {
            AstKind::StaticMemberExpression(member) => {
                Some((member.property.name.as_str(), member.property.span))
            }
            AstKind::ComputedMemberExpression(member)
                if member.object.span() == self.semantic.nodes().kind(reference).span() =>
            {
                match &member.expression {
                    Expression::StringLiteral(name) => Some((name.value.as_str(), name.span)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The global `servers`, if the script mentions it and does not declare it.
    ///
    /// A variable of that name from an earlier run is left alone: ours is also kept under a
    /// second name, and only replaced while both are the same.
    fn global(&mut self, modules: &dyn Modules) {
        let scoping = self.semantic.scoping();
        let references: Vec<NodeId> = scoping
            .root_unresolved_references()
            .iter()
            .filter(|(name, _)| name.as_str() == "servers")
            .flat_map(|(_, ids)| ids.iter().map(|id| scoping.get_reference(*id)))
            .filter(|reference| reference.is_value())
            .map(Reference::node_id)
            .collect();
        let Some(first) = references.first() else { return };
        let span = self.semantic.nodes().kind(*first).span();
        // All of them, unless every mention says which.
        let wanted: Option<Vec<&str>> = references
            .iter()
            .map(|reference| self.member(*reference).map(|(name, _)| name))
            .collect();
        // A tool's exact name is added where the script has a member of that name.
        let members = self.all_members();
        let mut entries = String::new();
        for module in modules.all() {
            let mut keys = vec![module.identifier.as_str(), module.server.as_str()];
            keys.dedup();
            if let Some(wanted) = &wanted {
                keys.retain(|key| wanted.contains(key));
            }
            let exact = |function: &&Function| {
                function.tool != function.name && members.contains(function.tool.as_str())
            };
            let functions = exports(&module);
            let pairs: Vec<(&str, &str)> = functions
                .iter()
                .map(|function| (function.name.as_str(), function.tool.as_str()))
                .chain(functions.iter().filter(exact).map(|f| (f.tool.as_str(), f.tool.as_str())))
                .collect();
            for key in keys {
                // Computed, or a server called `__proto__` would set the prototype.
                let call = module_call(&module.server, &pairs);
                let _ = write!(entries, "[{}]: {call}, ", quote(key));
            }
        }
        let code = format!(
            "if (servers === __workroom_servers) \
             servers = __workroom_servers = {{ ...__workroom_servers, {entries}}};"
        );
        let names = vec!["servers".to_owned(), "__workroom_servers".to_owned()];
        self.imports.push(Import { span, names, code });
    }

    fn is_type(&self, name: &ImportDeclarationSpecifier<'a>) -> bool {
        if let ImportDeclarationSpecifier::ImportSpecifier(name) = name
            && name.import_kind.is_type()
        {
            return true;
        }
        let mut references = self.references(name).peekable();
        references.peek().is_some() && references.all(|is_value| !is_value)
    }

    fn is_used(&self, name: &ImportDeclarationSpecifier<'a>) -> bool {
        self.references(name).any(|is_value| is_value)
    }

    /// Of each mention of an imported name, whether it is used as a value.
    fn references(&self, name: &ImportDeclarationSpecifier<'a>) -> impl Iterator<Item = bool> {
        let scoping = self.semantic.scoping();
        name.local()
            .symbol_id
            .get()
            .into_iter()
            .flat_map(move |symbol| scoping.get_resolved_references(symbol))
            .map(Reference::is_value)
    }
}

/// The path of a kept result, if `specifier` is one.
fn result_path(specifier: &str) -> Option<String> {
    let path = specifier.trim_start_matches(['.', '/']);
    let file = path.strip_prefix("results/").filter(|file| !file.is_empty())?;
    Some(format!("./results/{file}"))
}

enum Export<'m> {
    Function(&'m Function),
    Namespace,
}

/// The functions that a module exports: one, if a tool's own file was imported.
fn exports(module: &Module) -> &[Function] {
    match module.tool {
        Some(tool) => module.functions.get(tool..=tool).unwrap_or(&[]),
        None => &module.functions,
    }
}

/// By the export's name, else by the tool's exact name.
pub(crate) fn find<'m>(functions: &'m [Function], name: &str) -> Option<&'m Function> {
    functions.iter().find(|function| function.name == name).or_else(|| {
        let mut exact = functions.iter().filter(|function| function.tool == name);
        exact.next().filter(|_| exact.next().is_none())
    })
}

pub(crate) fn module_call(server: &str, pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        pairs.iter().map(|(name, tool)| format!("[{}, {}]", quote(name), quote(tool))).collect();
    format!("__workroom.module({}, [{}])", quote(server), pairs.join(", "))
}

/// A string literal in JavaScript.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            char if char.is_control() || matches!(char, '\u{2028}' | '\u{2029}') => {
                // Writing to a string cannot fail.
                let _ = write!(quoted, "\\u{{{:x}}}", u32::from(char));
            }
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}
