//! Links what a script imports to the functions of servers.
//!
//! # Invariants
//!
//! * A specifier is resolved by [`Resolver::import`] and by nothing else.
//! * A name that is only used as a type is no import: the files that agents read export types
//!   beside functions, and a type cannot be missing at run time.
//! * The text that is emitted is made of quoted strings and of identifiers that oxc parsed.

use std::fmt::Write;

use oxc::{
    ast::ast::{
        ImportDeclaration, ImportDeclarationSpecifier, Program, Statement, TSModuleReference,
    },
    semantic::Reference,
    span::{GetSpan, Span},
};

use crate::{
    Function,
    check::{Finding, INTERNAL},
    resolve::{CALLERS, Exported, Named, Resolver, SERVERS, Thing, specifier},
    skill::unknown_export,
    survey::{Survey, all_modules, entries, entry, unknown_function, unknown_module},
};

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

/// Links every import of the script, and the globals that stand for servers; mistakes go to
/// `found`.
pub(crate) fn link<'a>(
    program: &Program<'a>,
    resolver: &Resolver<'_, 'a>,
    survey: &Survey,
    found: &mut Vec<Finding>,
) -> Vec<Import> {
    let mut linker = Linker { resolver, survey, found, imports: Vec::new() };
    linker.servers();
    linker.callers();
    linker.implicit();
    for statement in &program.body {
        match statement {
            Statement::ImportDeclaration(import)
                if import.import_kind.is_value() && import.phase.is_none() =>
            {
                linker.import(import);
            }
            Statement::TSImportEqualsDeclaration(import) if import.import_kind.is_value() => {
                if let TSModuleReference::ExternalModuleReference(external) =
                    &import.module_reference
                {
                    let specifier = external.expression.value.as_str();
                    let local = import.id.name.as_str();
                    if let Some(Ok(face)) = resolver.skill(specifier) {
                        resolver.use_skill(&face.skill, external.expression.span);
                    }
                    match resolver.import(specifier, Exported::Namespace) {
                        Ok(thing) => linker.assign(import.span, local, thing.as_ref()),
                        Err(unknown) => {
                            let at = external.expression.span;
                            linker.found.push(unknown_module(specifier, unknown, at));
                        }
                    }
                }
            }
            _ => {}
        }
    }
    linker.loader();
    linker.imports
}

struct Linker<'r, 's, 'a> {
    resolver: &'r Resolver<'s, 'a>,
    survey: &'r Survey,
    found: &'r mut Vec<Finding>,
    imports: Vec<Import>,
}

impl<'a> Linker<'_, '_, 'a> {
    fn import(&mut self, import: &ImportDeclaration<'a>) {
        let specifier = specifier(import);
        let values: Vec<_> =
            import.specifiers.iter().flatten().filter(|name| !self.is_type(name)).collect();
        if let Some(path) = result_path(specifier) {
            for name in values {
                self.result(import, name, &path);
            }
            return;
        }
        if let Some(Ok(face)) = self.resolver.skill(specifier)
            && (!values.is_empty() || import.specifiers.is_none())
        {
            self.resolver.use_skill(&face.skill, import.source.span);
        }
        if values.is_empty() {
            let is_bare = import.specifiers.as_ref().is_none_or(|names| names.is_empty());
            if is_bare && let Err(unknown) = self.resolver.import(specifier, Exported::Namespace) {
                self.found.push(unknown_module(specifier, unknown, import.source.span));
            }
            return;
        }
        let mut named: Vec<(String, Thing)> = Vec::new();
        for name in values {
            let exported = exported(name);
            let local = name.local().name.as_str();
            match self.resolver.import(specifier, exported) {
                Ok(Some(thing @ Thing::Tool(..))) => named.push((local.to_owned(), thing)),
                // Every call by a name that is known here has been made a call of the tool.
                Ok(Some(Thing::Caller)) if !self.survey.calls_by_name => {}
                Ok(Some(thing)) => self.assign(import.span, local, Some(&thing)),
                Ok(None) => self.unknown(specifier, name, exported),
                Err(unknown) => {
                    self.found.push(unknown_module(specifier, unknown, import.source.span));
                    return;
                }
            }
        }
        self.named(import.span, &named);
    }

    /// `import sheet from './results/r_1.json'`: what an earlier run gave, read when this one runs.
    fn result(
        &mut self,
        import: &ImportDeclaration<'a>,
        name: &ImportDeclarationSpecifier<'a>,
        path: &str,
    ) {
        let read = read(path);
        let local = name.local().name.as_str();
        let code = match exported(name) {
            Exported::Name(field) if field != "default" => {
                format!("({{ {}: {local} }} = {read});", quote(field))
            }
            _ => format!("{local} = {read};"),
        };
        let names = vec![local.to_owned()];
        self.imports.push(Import { span: import.span, names, code });
    }

    fn unknown(
        &mut self,
        specifier: &str,
        name: &ImportDeclarationSpecifier<'a>,
        exported: Exported<'_>,
    ) {
        if let (Some(Ok(face)), Exported::Name(wanted)) = (self.resolver.skill(specifier), exported)
        {
            if self.is_used(name) {
                self.found.push(unknown_export(&face, wanted, name.span()));
            }
            return;
        }
        let (Ok(module), Exported::Name(wanted)) = (self.resolver.module(specifier), exported)
        else {
            return;
        };
        if self.is_used(name) {
            self.found.push(unknown_function(self.resolver, &module, wanted, name.span()));
        }
    }

    /// Makes `local` what it stands for, as a whole.
    fn assign(&mut self, span: Span, local: &str, thing: Option<&Thing>) {
        let value = match thing {
            Some(Thing::Module(module)) => self.survey.module_call(self.resolver, module),
            Some(Thing::Skill(face)) => face.code(None),
            Some(Thing::Export(face, name)) => face.code(Some(name)),
            Some(Thing::Root) => all_modules(self.resolver, self.survey),
            Some(Thing::Caller) => caller(self.resolver.named()),
            _ => return,
        };
        let names = vec![local.to_owned()];
        self.imports.push(Import { span, names, code: format!("{local} = {value};") });
    }

    /// Names that stand for tools, all of one import.
    fn named(&mut self, span: Span, named: &[(String, Thing)]) {
        let mut pairs: Vec<(String, String)> = Vec::new();
        let mut targets = String::new();
        let mut server = None;
        for (local, thing) in named {
            let Thing::Tool(module, tool) = thing else { continue };
            self.resolver.need(&module.server, Some(&module.functions[*tool].tool));
            let Function { name, tool } = &module.functions[*tool];
            let pair = (name.clone(), tool.clone());
            if !pairs.contains(&pair) {
                pairs.push(pair);
            }
            // Writing to a string cannot fail.
            let _ = write!(targets, "{}: {local}, ", quote(name));
            server = Some(self.resolver.called(&module.server));
        }
        if let Some(server) = server {
            let code = format!("({{ {targets}}} = {});", module_call(&server, &pairs));
            let locals = named.iter().map(|(local, _)| local.clone()).collect();
            self.imports.push(Import { span, names: locals, code });
        }
    }

    /// The skills that the script imports, made before all else. Later runs find them too: what is
    /// imported in a function may be wanted then.
    fn loader(&mut self) {
        if self.resolver.owner.is_some() {
            return;
        }
        let Some(span) = self.resolver.first_skill() else { return };
        let code = format!("{INTERNAL}_skills = {{ ...{INTERNAL}_skills, ...{INTERNAL}_load() }};");
        self.imports.insert(0, Import { span, names: vec![format!("{INTERNAL}_skills")], code });
    }

    /// The global `servers`, if the script mentions it and does not declare it.
    ///
    /// A variable of that name from an earlier run is left alone: ours is also kept under a
    /// second name, and only replaced while both are the same.
    fn servers(&mut self) {
        let references = self.resolver.global_references(SERVERS);
        let Some(first) = references.first() else { return };
        let span = self.resolver.semantic.nodes().kind(first.node_id()).span();
        let entries = match &self.survey.wanted {
            None => entries(self.resolver, self.survey),
            Some(wanted) => {
                let known = wanted.iter().filter_map(|key| {
                    let module = self.resolver.server(key).ok()?;
                    Some(entry(self.resolver, self.survey, key, &module))
                });
                known.collect()
            }
        };
        let code = format!(
            "if (servers === __workroom_servers) \
             servers = __workroom_servers = {{ ...__workroom_servers, {entries}}};"
        );
        let names = vec![SERVERS.to_owned(), "__workroom_servers".to_owned()];
        self.imports.push(Import { span, names, code });
    }

    /// The globals that call a tool by its name, where only the run knows the name.
    fn callers(&mut self) {
        for name in CALLERS {
            let references = self.resolver.global_references(name);
            let is_ours = matches!(self.resolver.global(name), Some(Thing::Caller));
            if let Some(first) = references.first()
                && is_ours
                && self.survey.calls_by_name
            {
                let span = self.resolver.semantic.nodes().kind(first.node_id()).span();
                self.assign(span, name, Some(&Thing::Caller));
            }
        }
    }

    /// Servers, tools by their whole names, and results by their runs' ids, that the script names
    /// without importing them.
    fn implicit(&mut self) {
        let scoping = self.resolver.semantic.scoping();
        let unresolved = scoping.root_unresolved_references().keys().map(oxc::str::Ident::as_str);
        let mut names: Vec<&str> = unresolved.collect();
        names.sort_unstable();
        for name in names {
            let references = self.resolver.global_references(name);
            let Some(first) = references.first() else { continue };
            let span = self.resolver.semantic.nodes().kind(first.node_id()).span();
            match self.resolver.global(name) {
                Some(thing @ Thing::Module(_)) => self.assign(span, name, Some(&thing)),
                Some(thing @ Thing::Tool(..)) => self.named(span, &[(name.to_owned(), thing)]),
                _ if self.resolver.is_result(name) => {
                    let code = format!("{name} = {};", read(&format!("./results/{name}.json")));
                    self.imports.push(Import { span, names: vec![name.to_owned()], code });
                }
                _ => {}
            }
        }
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
        let scoping = self.resolver.semantic.scoping();
        name.local()
            .symbol_id
            .get()
            .into_iter()
            .flat_map(move |symbol| scoping.get_resolved_references(symbol))
            .map(Reference::is_value)
    }
}

/// The expression that reads the file at `path`.
fn read(path: &str) -> String {
    format!("await {INTERNAL}.call(\"\", \"read_file\", {{ path: {} }})", quote(path))
}

/// The path of a kept result, if `specifier` is one.
fn result_path(specifier: &str) -> Option<String> {
    let path = specifier.trim_start_matches(['.', '/']);
    let file = path.strip_prefix("results/").filter(|file| !file.is_empty())?;
    Some(format!("./results/{file}"))
}

fn exported<'n>(name: &'n ImportDeclarationSpecifier<'_>) -> Exported<'n> {
    match name {
        ImportDeclarationSpecifier::ImportNamespaceSpecifier(_) => Exported::Namespace,
        ImportDeclarationSpecifier::ImportDefaultSpecifier(_) => Exported::Name("default"),
        ImportDeclarationSpecifier::ImportSpecifier(name) => {
            Exported::Name(name.imported.name().as_str())
        }
    }
}

pub(crate) fn module_call(server: &str, pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> =
        pairs.iter().map(|(name, tool)| format!("[{}, {}]", quote(name), quote(tool))).collect();
    format!("__workroom.module({}, [{}])", quote(server), pairs.join(", "))
}

/// A function that calls the tool of a name that only the run knows, spelt as it may be.
fn caller(named: &Named) -> String {
    let mut entries = String::new();
    for (name, module, function) in named.all() {
        // Writing to a string cannot fail.
        let _ = write!(
            entries,
            "{}: [{}, {}], ",
            quote(name),
            quote(&module.server),
            quote(&function.tool)
        );
    }
    format!(
        "((tools) => (name, input, more) => {{ \
           const key = (text) => String(text).toLowerCase().replace(/[^a-z0-9]/g, ''); \
           if (typeof name === 'object' && name !== null) {{ \
             input = name.arguments ?? name.args ?? name.input ?? name.params; \
             name = `${{name.server ?? ''}}__${{name.name ?? name.tool}}`; \
           }} \
           const two = typeof input === 'string' ? tools[key(name) + key(input)] : undefined; \
           const found = two ?? tools[key(name)] ?? tools[key(name).replace(/^mcp/, '')]; \
           if (!found) throw new TypeError(`there is no tool \\`${{name}}\\`; \\`search\\` finds \
           one, and \\`<server>__<tool>\\` names it`); \
           return __workroom.module(found[0], [['call', found[1]]]).call((two ? more : input) ?? \
           {{}}); \
         }})({{ __proto__: null, {entries}}})"
    )
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
