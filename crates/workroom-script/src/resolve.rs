//! What an expression stands for, as far as it stands for servers and their tools.
//!
//! # Invariants
//!
//! * A thing is only told where it is certain: through imports, the global `servers`, `require`,
//!   `import()`, and constants that hold one of these. A variable that is assigned again is none.
//! * A server that the script names without importing it (`crm.getContact(…)`) is that server,
//!   unless the session has a variable of that name; so is a tool by its whole name.

use std::{
    cell::{OnceCell, RefCell},
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use oxc::{
    ast::{
        AstKind,
        ast::{
            Argument, BindingPattern, CallExpression, ChainElement, Expression,
            IdentifierReference, ImportDeclaration, TSModuleReference,
        },
    },
    semantic::{Reference, Semantic, SymbolId},
    span::Span,
    syntax::symbol::SymbolFlags,
};

use workroom_types::RunId;

use crate::{
    Function, Module, Modules, Scope, Skill, UnknownModule, absent,
    skill::{Face, Needs},
};

/// The global that holds every server.
pub(crate) const SERVERS: &str = "servers";

/// Functions that call a tool by its name, as other gateways have them.
pub(crate) const CALLERS: &[&str] = &["callMCPTool", "callTool"];

/// How many levels an expression has that stands for something: `(await import(…)).default.x`.
const THING_DEPTH_MAX: usize = 8;

/// What an expression stands for.
#[derive(Clone, Debug)]
pub(crate) enum Thing {
    /// All servers.
    Root,
    /// A server.
    Module(Rc<Module>),
    /// A tool of a server.
    Tool(Rc<Module>, usize),
    /// A function that calls a tool by its name.
    Caller,
    /// A skill.
    Skill(Rc<Face>),
    /// What a skill exports by this name.
    Export(Rc<Face>, String),
    /// A promise of it.
    Later(Box<Thing>),
}

/// The name by which something is imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exported<'s> {
    Namespace,
    Name(&'s str),
}

/// What a specifier comes to as a skill's; `None` where it is no path of one.
pub(crate) type MaybeSkill = Option<Result<Rc<Face>, UnknownModule>>;

pub(crate) struct Resolver<'s, 'a> {
    pub(crate) semantic: &'s Semantic<'a>,
    pub(crate) modules: &'s dyn Modules,
    pub(crate) scope: Scope<'s>,
    found: RefCell<HashMap<String, Result<Rc<Module>, UnknownModule>>>,
    symbols: RefCell<HashMap<SymbolId, Option<Thing>>>,
    named: OnceCell<Named>,
    /// The skill whose code this is.
    pub(crate) owner: Option<&'s str>,
    pub(crate) faces: RefCell<HashMap<String, MaybeSkill>>,
    pub(crate) used: RefCell<Vec<(Skill, Span)>>,
    pub(crate) needs: RefCell<Needs>,
}

/// Every tool by the keys of the names that it may be called by.
#[derive(Debug, Default)]
pub(crate) struct Named {
    modules: Vec<Rc<Module>>,
    /// The module and the tool; `None` where a name may be more than one.
    tools: BTreeMap<String, Option<(usize, usize)>>,
}

impl Named {
    fn of(modules: Vec<Module>) -> Self {
        let mut named =
            Named { modules: modules.into_iter().map(Rc::new).collect(), ..Self::default() };
        for (at, module) in named.modules.iter().enumerate() {
            let servers = [key(&module.server), key(&module.identifier), String::new()];
            for (tool, function) in module.functions.iter().enumerate() {
                let name = key(&function.tool);
                // A name of which nothing is left is known as it is.
                let exact = format!("{}__{}", module.server, function.tool);
                if name.is_empty() {
                    named.tools.insert(exact, Some((at, tool)));
                    continue;
                }
                for server in &servers {
                    let known = named.tools.entry(format!("{server}{name}"));
                    let place = known.or_insert(Some((at, tool)));
                    if *place != Some((at, tool)) {
                        *place = None;
                    }
                }
            }
        }
        named
    }

    /// The tool whose name has the key `wanted`.
    pub(crate) fn get(&self, wanted: &str) -> Option<(&Rc<Module>, usize)> {
        let (module, tool) = (*self.tools.get(wanted)?)?;
        Some((&self.modules[module], tool))
    }

    /// Every key that is of one tool only.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Module, &Function)> {
        self.tools.iter().filter_map(|(name, place)| {
            let (module, tool) = (*place)?;
            let module = &self.modules[module];
            Some((name.as_str(), &**module, &module.functions[tool]))
        })
    }
}

impl<'s, 'a> Resolver<'s, 'a> {
    pub(crate) fn new(
        semantic: &'s Semantic<'a>,
        modules: &'s dyn Modules,
        scope: Scope<'s>,
        owner: Option<&'s str>,
    ) -> Self {
        let (found, symbols) = (RefCell::default(), RefCell::default());
        let (faces, used, needs) = (RefCell::default(), RefCell::default(), RefCell::default());
        let named = OnceCell::new();
        Resolver { semantic, modules, scope, found, symbols, named, owner, faces, used, needs }
    }

    /// Every tool by its names.
    pub(crate) fn named(&self) -> &Named {
        self.named.get_or_init(|| Named::of(self.modules.all()))
    }

    /// The module that `specifier` names.
    pub(crate) fn module(&self, specifier: &str) -> Result<Rc<Module>, UnknownModule> {
        if let Some(known) = self.found.borrow().get(specifier) {
            return known.clone();
        }
        let module = self.modules.resolve(specifier).map(Rc::new);
        self.found.borrow_mut().insert(specifier.to_owned(), module.clone());
        module
    }

    /// The server that `key` names: its name, its folder, or its identifier.
    pub(crate) fn server(&self, key: &str) -> Result<Rc<Module>, UnknownModule> {
        if key.contains(['/', '\\']) || key.is_empty() {
            let all = self.modules.all();
            let named = all.into_iter().find(|module| module.server == key);
            return named.map(Rc::new).ok_or_else(|| UnknownModule {
                message: format!("there is no server `{key}`"),
                ..UnknownModule::default()
            });
        }
        self.module(&format!("./servers/{key}"))
    }

    /// What a name of an import stands for; `None` where its module has nothing of that name.
    pub(crate) fn import(
        &self,
        specifier: &str,
        exported: Exported<'_>,
    ) -> Result<Option<Thing>, UnknownModule> {
        if is_root(specifier) {
            return match exported {
                Exported::Namespace | Exported::Name("default" | SERVERS) => Ok(Some(Thing::Root)),
                Exported::Name(name) => self.server(name).map(Thing::Module).map(Some),
            };
        }
        if let Some(face) = self.skill(specifier) {
            let face = face?;
            return Ok(match exported {
                Exported::Namespace => Some(Thing::Skill(face)),
                Exported::Name("default") if face.export("default").is_none() => {
                    Some(Thing::Skill(face))
                }
                Exported::Name(name) if face.export(name).is_some() => {
                    Some(Thing::Export(face, name.to_owned()))
                }
                Exported::Name(_) => None,
            });
        }
        let module = match (self.module(specifier), exported) {
            (Ok(module), _) => module,
            (Err(_), Exported::Name(name)) if CALLERS.contains(&name) => {
                return Ok(Some(Thing::Caller));
            }
            (Err(unknown), _) => return Err(unknown),
        };
        Ok(match exported {
            Exported::Namespace => Some(Thing::Module(module)),
            Exported::Name("default") => Some(match module.tool {
                Some(tool) => Thing::Tool(module, tool),
                None => Thing::Module(module),
            }),
            Exported::Name(name) => match find(&module, name) {
                Some(tool) => Some(Thing::Tool(module, tool)),
                None if is_same(&module.identifier, name) || is_same(&module.server, name) => {
                    Some(Thing::Module(module))
                }
                None => None,
            },
        })
    }

    /// What `expression` stands for.
    pub(crate) fn thing(&self, expression: &Expression<'a>) -> Option<Thing> {
        self.thing_within(expression, THING_DEPTH_MAX)
    }

    /// As [`Resolver::thing`], looking into at most `depth` levels.
    fn thing_within(&self, expression: &Expression<'a>, depth: usize) -> Option<Thing> {
        let depth = depth.checked_sub(1)?;
        match expression.get_inner_expression() {
            Expression::Identifier(name) => self.thing_of_name(name),
            Expression::StaticMemberExpression(member) => self
                .member(&self.thing_within(&member.object, depth)?, member.property.name.as_str()),
            Expression::ComputedMemberExpression(member) => {
                let name = member.static_property_name()?;
                self.member(&self.thing_within(&member.object, depth)?, name.as_str())
            }
            Expression::ChainExpression(chain) => match &chain.expression {
                ChainElement::StaticMemberExpression(member) => self.member(
                    &self.thing_within(&member.object, depth)?,
                    member.property.name.as_str(),
                ),
                ChainElement::ComputedMemberExpression(member) => {
                    let name = member.static_property_name()?;
                    self.member(&self.thing_within(&member.object, depth)?, name.as_str())
                }
                ChainElement::CallExpression(call) => self.required(call),
                _ => None,
            },
            Expression::CallExpression(call) => self.required(call),
            Expression::ImportExpression(import) => {
                let Expression::StringLiteral(specifier) = &import.source else { return None };
                let thing = self.import(specifier.value.as_str(), Exported::Namespace).ok()??;
                Some(Thing::Later(Box::new(thing)))
            }
            Expression::AwaitExpression(awaited) => {
                match self.thing_within(&awaited.argument, depth)? {
                    Thing::Later(thing) => Some(*thing),
                    thing => Some(thing),
                }
            }
            _ => None,
        }
    }

    fn required(&self, call: &CallExpression<'a>) -> Option<Thing> {
        self.import(self.required_specifier(call)?, Exported::Namespace).ok()?
    }

    /// The module that a call of the global `require` asks for.
    pub(crate) fn required_specifier<'c>(&self, call: &'c CallExpression<'a>) -> Option<&'c str> {
        match (&call.callee, call.arguments.as_slice()) {
            (Expression::Identifier(callee), [Argument::StringLiteral(specifier)])
                if callee.name == "require" && self.is_global(callee) =>
            {
                Some(specifier.value.as_str())
            }
            _ => None,
        }
    }

    fn member(&self, object: &Thing, name: &str) -> Option<Thing> {
        match object {
            Thing::Root => self.server(name).ok().map(Thing::Module),
            Thing::Module(module) => match find(module, name) {
                Some(tool) => Some(Thing::Tool(Rc::clone(module), tool)),
                None if name == "default" => Some(object.clone()),
                None => None,
            },
            Thing::Skill(face) => match face.export(name) {
                Some(export) => Some(Thing::Export(Rc::clone(face), export.name.clone())),
                None if name == "default" => Some(object.clone()),
                None => None,
            },
            Thing::Tool(..) | Thing::Caller | Thing::Export(..) | Thing::Later(_) => None,
        }
    }

    /// What a mention of a name stands for.
    pub(crate) fn thing_of_name(&self, name: &IdentifierReference<'a>) -> Option<Thing> {
        if self.is_global(name) {
            return self.global(name.name.as_str());
        }
        let symbol = name
            .reference_id
            .get()
            .and_then(|reference| self.semantic.scoping().get_reference(reference).symbol_id())?;
        self.symbol(symbol)
    }

    /// What a name stands for that the script does not declare.
    pub(crate) fn global(&self, name: &str) -> Option<Thing> {
        if self.scope.has(name) {
            return None;
        }
        if name == SERVERS {
            return Some(Thing::Root);
        }
        if absent::is_known(name) {
            return None;
        }
        if CALLERS.contains(&name) {
            return Some(Thing::Caller);
        }
        match self.server(name) {
            Ok(module) if module.identifier == name || module.server == name => {
                Some(Thing::Module(module))
            }
            _ => self.whole_name(name),
        }
    }

    /// The tool that clients of other gateways know as `mcp__crm__get_contact`.
    fn whole_name(&self, name: &str) -> Option<Thing> {
        let (server, tool) = name.strip_prefix("mcp__").unwrap_or(name).split_once("__")?;
        if server.is_empty() || tool.is_empty() {
            return None;
        }
        let (module, tool) = self.named().get(&key(&format!("{server}{tool}")))?;
        Some(Thing::Tool(Rc::clone(module), tool))
    }

    /// Whether the script itself does not declare `name`; `declare const` declares nothing.
    pub(crate) fn is_global(&self, name: &IdentifierReference<'a>) -> bool {
        let scoping = self.semantic.scoping();
        let symbol = name
            .reference_id
            .get()
            .and_then(|reference| scoping.get_reference(reference).symbol_id());
        symbol.is_none_or(|symbol| self.is_ambient(symbol))
    }

    fn is_ambient(&self, symbol: SymbolId) -> bool {
        let scoping = self.semantic.scoping();
        scoping.symbol_flags(symbol).contains(SymbolFlags::Ambient)
            && scoping.symbol_scope_id(symbol) == scoping.root_scope_id()
    }

    /// Every use of the global `name` as a value.
    pub(crate) fn global_references(&self, name: &str) -> Vec<&Reference> {
        let scoping = self.semantic.scoping();
        let unresolved = scoping
            .root_unresolved_references()
            .iter()
            .filter(|(unresolved, _)| unresolved.as_str() == name)
            .flat_map(|(_, ids)| ids.iter().map(|id| scoping.get_reference(*id)));
        let ambient = scoping.get_root_binding(name.into()).filter(|it| self.is_ambient(*it));
        let ambient =
            ambient.into_iter().flat_map(|symbol| scoping.get_resolved_references(symbol));
        unresolved.chain(ambient).filter(|reference| reference.is_value()).collect()
    }

    /// Whether `name`, which nothing declares, stands for what the run of that id gave.
    pub(crate) fn is_result(&self, name: &str) -> bool {
        self.owner.is_none()
            && RunId::is_random(name)
            && !self.scope.has(name)
            && !self.scope.others.iter().any(|other| other == name)
    }

    /// What the variable `symbol` stands for.
    pub(crate) fn symbol(&self, symbol: SymbolId) -> Option<Thing> {
        if let Some(known) = self.symbols.borrow().get(&symbol) {
            return known.clone();
        }
        // A constant may be made of itself; that stands for nothing.
        self.symbols.borrow_mut().insert(symbol, None);
        let thing = self.declared(symbol);
        self.symbols.borrow_mut().insert(symbol, thing.clone());
        thing
    }

    fn declared(&self, symbol: SymbolId) -> Option<Thing> {
        let scoping = self.semantic.scoping();
        if scoping.symbol_is_mutated(symbol) || !scoping.symbol_redeclarations(symbol).is_empty() {
            return None;
        }
        let nodes = self.semantic.nodes();
        let declaration = scoping.symbol_declaration(symbol);
        let of = |exported| {
            let AstKind::ImportDeclaration(import) = nodes.parent_kind(declaration) else {
                return None;
            };
            self.import(specifier(import), exported).ok()?
        };
        match nodes.kind(declaration) {
            AstKind::ImportNamespaceSpecifier(_) => of(Exported::Namespace),
            AstKind::ImportDefaultSpecifier(_) => of(Exported::Name("default")),
            AstKind::ImportSpecifier(name) => of(Exported::Name(name.imported.name().as_str())),
            AstKind::TSImportEqualsDeclaration(import) => match &import.module_reference {
                TSModuleReference::ExternalModuleReference(external) => {
                    self.import(external.expression.value.as_str(), Exported::Namespace).ok()?
                }
                _ => None,
            },
            AstKind::VariableDeclarator(variable) => {
                let held = self.thing(variable.init.as_ref()?)?;
                match &variable.id {
                    BindingPattern::BindingIdentifier(_) => Some(held),
                    BindingPattern::ObjectPattern(pattern) => {
                        let property = pattern.properties.iter().find(|property| {
                            matches!(&property.value, BindingPattern::BindingIdentifier(id)
                                if id.symbol_id.get() == Some(symbol))
                        })?;
                        self.member(&held, &property.key.static_name()?)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

pub(crate) fn specifier<'i>(import: &'i ImportDeclaration<'_>) -> &'i str {
    import.source.value.as_str()
}

/// Whether `specifier` is the folder of all servers: `./servers`, `../servers/index.ts`.
pub(crate) fn is_root(specifier: &str) -> bool {
    let path = specifier.trim_start_matches(['.', '/', '@', '~']);
    let path = path.trim_end_matches('/');
    matches!(path, "servers" | "servers/index" | "servers/index.ts" | "servers/index.js")
}

/// The functions that a module exports: one, if a tool's own file was imported.
pub(crate) fn exports(module: &Module) -> &[Function] {
    match module.tool {
        Some(tool) => module.functions.get(tool..=tool).unwrap_or(&[]),
        None => &module.functions,
    }
}

/// The function that a module exports as `name`: by the export's name, else by the tool's exact
/// name, else by either in another spelling (`get_contact`, `GetContact`), if only one has it.
pub(crate) fn find(module: &Module, name: &str) -> Option<usize> {
    let exported = |index: &usize| module.tool.is_none_or(|tool| tool == *index);
    let one = |fits: &dyn Fn(&Function) -> bool| {
        let functions = module.functions.iter().enumerate();
        let mut fitting = functions
            .filter(|(index, function)| exported(index) && fits(function))
            .map(|(index, _)| index);
        fitting.next().filter(|_| fitting.next().is_none())
    };
    one(&|function| function.name == name)
        .or_else(|| one(&|function| function.tool == name))
        .or_else(|| {
            let wanted = key(name);
            let fits = |function: &Function| {
                key(&function.name) == wanted || key(&function.tool) == wanted
            };
            one(&fits).filter(|_| !wanted.is_empty())
        })
}

/// A name without what its spelling adds: `get_contact` and `getContact` have the same key.
pub(crate) fn key(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|char| char.to_ascii_lowercase()).collect()
}

fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (key(one), key(other));
    one == other && !one.is_empty()
}
