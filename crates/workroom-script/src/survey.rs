//! The pass over the syntax tree that knows of servers: what is called, and what is wrong with it.
//!
//! It gathers three things: mistakes, hints, and edits, which [`crate::lower`] carries out once the
//! types are gone. What is not certain is passed over in silence.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use oxc::{
    ast::{
        AstKind,
        ast::{Argument, BindingPattern, CallExpression, Expression, ImportExpression},
    },
    semantic::NodeId,
    span::{GetSpan, Span},
};

use crate::{
    Module, UnknownModule, absent,
    arguments::{self, Called},
    check::Finding,
    diagnostic::{DiagnosticKind, did_you_mean, nearest},
    import::{module_call, quote},
    resolve::{self, Exported, Resolver, Thing, exports},
    skill::unknown_export,
};

/// Members that every object has, so that asking for them is no mistake.
const OBJECT_MEMBERS: &[&str] = &[
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

/// The most mistakes that are looked for: no more than a few are told, each once.
const FOUND_MAX: usize = 100;

/// What is done to an expression of the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// This code takes its place.
    Code(String),
    /// A call's only argument becomes the property of this name.
    Name(String),
    /// This code takes the place of a call's function, and its first arguments are dropped.
    Callee { code: String, drop: usize },
    /// It is awaited.
    Await,
    /// It is awaited with `Promise.all`.
    AwaitAll,
}

/// What the pass found.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    pub(crate) found: Vec<Finding>,
    pub(crate) changes: HashMap<Span, Change>,
    /// Of each server, names that the script uses beside those of its functions, with their tools.
    pub(crate) spellings: BTreeMap<String, Vec<(String, String)>>,
    /// The servers that the script takes from `servers`; `None` where it may take any.
    pub(crate) wanted: Option<Vec<String>>,
    /// Whether tools are called by names that only the run knows.
    pub(crate) calls_by_name: bool,
    /// Where they are, or where any server may be taken.
    pub(crate) unnamed: Option<Span>,
}

impl Survey {
    /// What `module` exports to this script: names and tools.
    pub(crate) fn pairs(&self, module: &Module) -> Vec<(String, String)> {
        let exported = exports(module).iter();
        let mut pairs: Vec<(String, String)> =
            exported.map(|it| (it.name.clone(), it.tool.clone())).collect();
        for spelling in self.spellings.get(&module.server).into_iter().flatten() {
            if !pairs.iter().any(|(name, _)| *name == spelling.0) {
                pairs.push(spelling.clone());
            }
        }
        pairs
    }

    pub(crate) fn module_call(&self, resolver: &Resolver<'_, '_>, module: &Module) -> String {
        module_call(&resolver.called(&module.server), &self.pairs(module))
    }

    /// That tools are called by names that only the run knows, which a skill may not do: what it
    /// needs would not be known.
    pub(crate) fn unnamed_calls(&self) -> Option<Finding> {
        let unnamed = self.unnamed.filter(|_| self.calls_by_name || self.wanted.is_none())?;
        let message = "a skill names the tools that it calls";
        let found = Finding::new(DiagnosticKind::Unsupported, unnamed, message);
        Some(found.hint("write `import * as crm from './servers/crm'` and `crm.getContact(…)`"))
    }
}

/// Looks over the whole script.
pub(crate) fn survey(resolver: &Resolver<'_, '_>) -> Survey {
    let survey = Survey { wanted: Some(Vec::new()), ..Survey::default() };
    let mut surveyor = Surveyor { resolver, survey, replaced: Vec::new() };
    for (id, node) in resolver.semantic.nodes().iter_enumerated() {
        surveyor.node(id, node.kind());
    }
    surveyor.finish()
}

struct Surveyor<'r, 's, 'a> {
    resolver: &'r Resolver<'s, 'a>,
    survey: Survey,
    /// Expressions that a module takes the place of, once all spellings are known.
    replaced: Vec<(Span, Thing, bool)>,
}

impl<'a> Surveyor<'_, '_, 'a> {
    fn node(&mut self, id: NodeId, kind: AstKind<'a>) {
        if self.survey.found.len() > FOUND_MAX {
            return;
        }
        match kind {
            AstKind::CallExpression(call) => self.call(call),
            AstKind::ImportExpression(import) => self.dynamic_import(import),
            AstKind::StaticMemberExpression(member) => {
                let name = &member.property;
                self.member(&member.object, Some((name.name.as_str(), name.span)));
            }
            AstKind::ComputedMemberExpression(member) => {
                let name = member.static_property_name();
                let name = name.as_ref().map(|name| (name.as_str(), member.expression.span()));
                self.member(&member.object, name);
            }
            AstKind::VariableDeclarator(variable) => {
                if let (Some(init), BindingPattern::ObjectPattern(pattern)) =
                    (&variable.init, &variable.id)
                {
                    for property in &pattern.properties {
                        let name = property.key.static_name();
                        let name = name.as_deref().map(|name| (name, property.key.span()));
                        self.member(init, name);
                    }
                }
            }
            AstKind::IdentifierReference(name) => {
                let thing = self.resolver.thing_of_name(name);
                match thing {
                    Some(Thing::Root) if !self.is_member_object(id) => {
                        self.survey.wanted = None;
                        self.survey.unnamed.get_or_insert(name.span);
                    }
                    Some(Thing::Caller) if !self.is_callee(id) => {
                        self.survey.calls_by_name = true;
                        self.survey.unnamed.get_or_insert(name.span);
                    }
                    Some(Thing::Module(module)) if !self.is_member_object(id) => {
                        self.resolver.need(&module.server, None);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// Whether the node is what a member with a known name is read of.
    fn is_member_object(&self, id: NodeId) -> bool {
        let nodes = self.resolver.semantic.nodes();
        match nodes.parent_kind(id) {
            AstKind::StaticMemberExpression(_) => true,
            AstKind::ComputedMemberExpression(member) => {
                member.object.span() == nodes.kind(id).span()
                    && member.static_property_name().is_some()
            }
            AstKind::VariableDeclarator(variable) => match &variable.id {
                BindingPattern::ObjectPattern(pattern) => {
                    let mut properties = pattern.properties.iter();
                    pattern.rest.is_none() && properties.all(|it| it.key.static_name().is_some())
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn is_callee(&self, id: NodeId) -> bool {
        let nodes = self.resolver.semantic.nodes();
        matches!(nodes.parent_kind(id), AstKind::CallExpression(call)
            if call.callee.span() == nodes.kind(id).span())
    }

    /// `name` is read of `object`; `None` where only the run knows which.
    fn member(&mut self, object: &Expression<'a>, name: Option<(&str, Span)>) {
        let (thing, name) = (self.resolver.thing(object), name);
        match (thing, name) {
            (Some(Thing::Root), Some((name, span))) => self.server(name, span),
            (Some(Thing::Module(module)), Some((name, span))) => self.function(&module, name, span),
            (Some(Thing::Skill(face)), Some((name, span)))
                if face.export(name).is_none() && !OBJECT_MEMBERS.contains(&name) =>
            {
                self.survey.found.push(unknown_export(&face, name, span));
            }
            (Some(Thing::Module(module)), None) => {
                // Any of them, so each by both of its names.
                self.resolver.need(&module.server, None);
                for function in exports(&module).iter().filter(|it| it.name != it.tool) {
                    self.spell(&module, &function.tool, &function.tool);
                }
            }
            _ => {}
        }
    }

    fn server(&mut self, name: &str, span: Span) {
        match self.resolver.server(name) {
            Ok(_) => {
                if let Some(wanted) = &mut self.survey.wanted
                    && !wanted.iter().any(|known| known == name)
                {
                    wanted.push(name.to_owned());
                }
            }
            Err(_) if OBJECT_MEMBERS.contains(&name) => {}
            // An earlier run may have a variable of its own of that name.
            Err(unknown) if !self.resolver.scope.is_complete && unknown.nearest.is_empty() => {}
            Err(unknown) => self.unknown_module("./servers/", unknown, span),
        }
    }

    fn function(&mut self, module: &Rc<Module>, name: &str, span: Span) {
        match resolve::find(module, name) {
            Some(tool) => {
                let function = &module.functions[tool];
                self.resolver.need(&module.server, Some(&function.tool));
                if function.name != name {
                    let tool = function.tool.clone();
                    self.spell(module, name, &tool);
                }
            }
            None if OBJECT_MEMBERS.contains(&name) => {}
            None => self.unknown_function(module, name, span),
        }
    }

    fn spell(&mut self, module: &Module, name: &str, tool: &str) {
        let spellings = self.survey.spellings.entry(module.server.clone()).or_default();
        if !spellings.iter().any(|(known, _)| known == name) {
            spellings.push((name.to_owned(), tool.to_owned()));
        }
    }

    pub(crate) fn unknown_function(&mut self, module: &Module, wanted: &str, span: Span) {
        self.survey.found.push(unknown_function(self.resolver, module, wanted, span));
    }

    fn unknown_module(&mut self, specifier: &str, unknown: UnknownModule, span: Span) {
        self.survey.found.push(unknown_module(specifier, unknown, span));
    }

    fn call(&mut self, call: &CallExpression<'a>) {
        if let Some(specifier) = self.resolver.required_specifier(call) {
            self.replace(call.span, specifier, call.arguments[0].span(), false);
            return;
        }
        if let Expression::Identifier(name) = &call.callee
            && name.name == "require"
            && self.resolver.is_global(name)
        {
            let message = "only a module's name in quotes can be required";
            let found = Finding::new(DiagnosticKind::Unsupported, call.span, message);
            self.survey.found.push(found.hint(STATIC_IMPORT));
            return;
        }
        match self.resolver.thing(&call.callee) {
            Some(Thing::Tool(module, tool)) => {
                let function = &module.functions[tool];
                let called = Called { module: &module, function, skipped: 0 };
                let checked = arguments::check(self.resolver, call, &called);
                self.survey.found.extend(checked.found);
                if let Some(name) = checked.name {
                    self.survey.changes.insert(call.span, Change::Name(name));
                }
            }
            Some(Thing::Caller) => self.by_name(call),
            // `const getContact = require('./servers/crm/getContact')`: the tool itself.
            Some(Thing::Module(module)) => {
                if let Some(function) = module.tool.and_then(|tool| module.functions.get(tool)) {
                    let called = Called { module: &module, function, skipped: 0 };
                    self.called_by(call, &called);
                }
            }
            _ => {}
        }
    }

    /// `callMCPTool('crm__get_contact', { … })`, or with the server and the tool by themselves.
    fn by_name(&mut self, call: &CallExpression<'a>) {
        let Some(Argument::StringLiteral(name)) = call.arguments.first() else {
            self.survey.calls_by_name = true;
            self.survey.unnamed.get_or_insert(call.span);
            return;
        };
        let second = match call.arguments.get(1) {
            Some(Argument::StringLiteral(second)) => Some(second.value.as_str()),
            _ => None,
        };
        let name = (name.value.as_str(), name.span);
        let Some((module, tool, drop)) = self.named(name.0, second) else {
            self.unknown_tool(name.0, name.1);
            return;
        };
        let function = &module.functions[tool];
        self.called_by(call, &Called { module: &module, function, skipped: drop });
    }

    /// Makes `call`, whose function is none, a call of the tool.
    fn called_by(&mut self, call: &CallExpression<'a>, called: &Called<'_>) {
        let pairs = [("call".to_owned(), called.function.tool.clone())];
        self.resolver.need(&called.module.server, Some(&called.function.tool));
        let server = self.resolver.called(&called.module.server);
        let code = format!("{}.call", module_call(&server, &pairs));
        let change = Change::Callee { code, drop: called.skipped };
        self.survey.changes.insert(call.span, change);
        self.survey.found.extend(arguments::check(self.resolver, call, called).found);
    }

    /// The tool that `name` names, with `second` as its other half or without; how many arguments
    /// that takes up.
    fn named(&self, name: &str, second: Option<&str>) -> Option<(Rc<Module>, usize, usize)> {
        let whole = resolve::key(name);
        let wanted = [
            second.map(|second| (format!("{whole}{}", resolve::key(second)), 2)),
            Some((whole.clone(), 1)),
            Some((name.to_owned(), 1)),
            whole.strip_prefix("mcp").map(|rest| (rest.to_owned(), 1)),
        ];
        wanted.into_iter().flatten().find_map(|(wanted, taken)| {
            let (module, tool) = self.resolver.named().get(&wanted)?;
            Some((Rc::clone(module), tool, taken))
        })
    }

    fn unknown_tool(&mut self, wanted: &str, span: Span) {
        let all = self.resolver.modules.all();
        let names: Vec<String> = all
            .iter()
            .flat_map(|it| it.functions.iter().map(move |f| format!("{}__{}", it.server, f.tool)))
            .collect();
        let likely = nearest(wanted, names.iter().map(String::as_str));
        let hint = did_you_mean(&likely)
            .unwrap_or_else(|| "`search` finds tools: `<server>__<tool>` names one".to_owned());
        let message = format!("there is no tool `{wanted}`");
        let found = Finding::new(DiagnosticKind::UnknownExport, span, message);
        self.survey.found.push(found.hint(hint));
    }

    fn dynamic_import(&mut self, import: &ImportExpression<'a>) {
        let Expression::StringLiteral(specifier) = &import.source else {
            let message = "only a module's name in quotes can be imported";
            let found = Finding::new(DiagnosticKind::Unsupported, import.span, message);
            self.survey.found.push(found.hint(STATIC_IMPORT));
            return;
        };
        self.replace(import.span, specifier.value.as_str(), specifier.span, true);
    }

    fn replace(&mut self, span: Span, specifier: &str, at: Span, later: bool) {
        match self.resolver.import(specifier, Exported::Namespace) {
            Ok(Some(thing)) => {
                match &thing {
                    Thing::Root => {
                        self.survey.wanted = None;
                        self.survey.unnamed.get_or_insert(span);
                    }
                    Thing::Skill(face) => self.resolver.use_skill(&face.skill, at),
                    _ => {}
                }
                self.replaced.push((span, thing, later));
            }
            Ok(None) => {}
            Err(unknown) => self.unknown_module(specifier, unknown, at),
        }
    }

    fn finish(self) -> Survey {
        let Surveyor { resolver, mut survey, replaced } = self;
        for (span, thing, later) in replaced {
            let code = match thing {
                Thing::Module(module) => survey.module_call(resolver, &module),
                Thing::Skill(face) => face.code(None),
                _ => all_modules(resolver, &survey),
            };
            let code = if later { format!("(async () => ({code}))()") } else { code };
            survey.changes.insert(span, Change::Code(code));
        }
        survey
    }
}

pub(crate) const STATIC_IMPORT: &str =
    "write `import * as name from './servers/<server>'` at the top";

/// An object of all servers.
pub(crate) fn all_modules(resolver: &Resolver<'_, '_>, survey: &Survey) -> String {
    format!("{{ {}}}", entries(resolver, survey))
}

/// Properties for all servers, by their identifiers and their names.
pub(crate) fn entries(resolver: &Resolver<'_, '_>, survey: &Survey) -> String {
    let mut entries = String::new();
    for module in &resolver.modules.all() {
        let mut keys = vec![module.identifier.as_str(), module.server.as_str()];
        keys.dedup();
        for key in keys {
            entries.push_str(&entry(resolver, survey, key, module));
        }
    }
    entries
}

/// One property: computed, or a server called `__proto__` would set the prototype.
pub(crate) fn entry(
    resolver: &Resolver<'_, '_>,
    survey: &Survey,
    key: &str,
    module: &Module,
) -> String {
    format!("[{}]: {}, ", quote(key), survey.module_call(resolver, module))
}

/// Says that `module` exports nothing called `wanted`, and what may be meant.
pub(crate) fn unknown_function(
    resolver: &Resolver<'_, '_>,
    module: &Module,
    wanted: &str,
    span: Span,
) -> Finding {
    let functions = exports(module);
    let likely = nearest(wanted, functions.iter().map(|function| function.name.as_str()));
    let hint = did_you_mean(&likely).unwrap_or_else(|| match functions.len() {
        0 => "it has no functions".to_owned(),
        1..=8 => {
            let all: Vec<String> = functions.iter().map(|it| format!("`{}`", it.name)).collect();
            format!("it has {}", all.join(", "))
        }
        count => format!(
            "it has {count} functions: `search` finds one, and `./servers/{}` lists them",
            module.folder
        ),
    });
    let message = format!("server `{}` has no function `{wanted}`", module.server);
    let mut found = Finding::new(DiagnosticKind::UnknownExport, span, message).hint(hint);
    if let [one] = likely.as_slice() {
        let tool = functions.iter().find(|it| it.name == *one).map(|it| it.tool.as_str());
        found.signature = tool
            .and_then(|tool| resolver.modules.describe(&module.server, tool))
            .map(|described| described.signature);
    }
    found
}

/// Says that there is no such module, and what may be meant.
pub(crate) fn unknown_module(specifier: &str, unknown: UnknownModule, span: Span) -> Finding {
    let path = specifier.trim_start_matches(['.', '/']);
    let is_skill = path.starts_with("skills");
    let is_ours = is_skill || path.starts_with("servers");
    let otherwise = if is_skill {
        "`./skills` lists every skill, and `search` finds one"
    } else if is_ours {
        "`./servers` lists every server and how it is doing"
    } else {
        "only tools and skills can be imported: `import * as name from './servers/<server>'`"
    };
    let hint = match absent::instead_of_module(specifier).filter(|_| !is_ours) {
        Some(instead) => instead.to_owned(),
        None if unknown.hint.is_some() => unknown.hint.unwrap_or_default(),
        None => did_you_mean(&unknown.nearest).unwrap_or_else(|| otherwise.to_owned()),
    };
    Finding::new(DiagnosticKind::UnknownModule, span, unknown.message).hint(hint)
}
