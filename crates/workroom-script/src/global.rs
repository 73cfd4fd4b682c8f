//! Global names that agents take for granted: `require`, `callMCPTool`, and those of other hosts.
//!
//! The first two are made where a script mentions them: a function each, over what the script may
//! import. Names of Node, browsers and their libraries are refused, with what to write instead.

use std::{collections::HashSet, fmt::Write as _};

use oxc::{
    allocator::Allocator,
    ast::{
        AstKind,
        ast::{Argument, CallExpression, Expression, Program, UnaryOperator},
        builder::AstBuilder,
    },
    ast_visit::{VisitMut, walk_mut},
    semantic::{NodeId, Reference, Semantic},
    span::{GetSpan, SPAN, Span},
};

use crate::{
    Module, Modules,
    check::Finding,
    diagnostic::{DiagnosticKind, did_you_mean},
    import::{Import, module_call, quote},
};

/// What stands for `import('…')` until imports are linked.
const DYNAMIC: &str = "__workroom_import";

/// Names that are not here, and what is.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (
        &["fetch", "XMLHttpRequest", "WebSocket", "EventSource", "axios", "request"],
        "a script has no network: call a server's tool",
    ),
    (&["process"], "a script has no process and no environment: pass values in the code"),
    (&["Buffer"], "use `atob`, `btoa`, `TextEncoder` and `TextDecoder`"),
    (
        &["fs", "path", "os", "child_process", "__dirname", "__filename", "Deno", "Bun"],
        "a script has no files: what top-level variables hold stays for the next run",
    ),
    (
        &[
            "window",
            "document",
            "navigator",
            "location",
            "localStorage",
            "sessionStorage",
            "alert",
            "prompt",
            "confirm",
            "indexedDB",
        ],
        "there is no browser here: keep data in top-level variables, and return or log what is to \
      be shown",
    ),
    (&["exports"], "write `return …` or `export default …`"),
    (&["module"], "write `return …` or `export default …`"),
    (&["Intl"], "format numbers and dates by hand, such as `n.toFixed(2)` and `d.toISOString()`"),
    (&["global"], "write `globalThis`"),
    (&["print"], "write `console.log(…)`"),
    (&["WebAssembly", "Worker", "SharedWorker"], "run it as TypeScript, in this script"),
];

/// Puts calls in the place of dynamic imports of a literal, which can be linked.
pub(crate) fn dynamic_imports<'a>(allocator: &'a Allocator, program: &mut Program<'a>) {
    struct Calls<'a>(AstBuilder<'a>);
    impl<'a> VisitMut<'a> for Calls<'a> {
        fn visit_expression(&mut self, expression: &mut Expression<'a>) {
            walk_mut::walk_expression(self, expression);
            let Expression::ImportExpression(import) = expression else { return };
            let Expression::StringLiteral(source) = &import.source else { return };
            if import.options.is_some() || import.phase.is_some() {
                return;
            }
            let ast = &self.0;
            let source = Expression::new_string_literal(source.span, source.value, None, ast);
            let callee = Expression::new_identifier(SPAN, DYNAMIC, ast);
            let arguments = oxc::allocator::ArenaVec::from_iter_in([Argument::from(source)], ast);
            *expression =
                Expression::new_call_expression(import.span, callee, None, arguments, false, ast);
        }
    }
    Calls(AstBuilder::new(allocator)).visit_program(program);
}

/// Links the global functions that `semantic`'s script mentions, and refuses what is elsewhere.
pub(crate) fn link(
    semantic: &Semantic<'_>,
    modules: &dyn Modules,
    found: &mut Vec<Finding>,
) -> Vec<Import> {
    let mut linker = Linker { semantic, modules, found };
    linker.refuse();
    let imports = [linker.require("require"), linker.require(DYNAMIC), linker.call_tool()];
    imports.into_iter().flatten().collect()
}

struct Linker<'s, 'a> {
    semantic: &'s Semantic<'a>,
    modules: &'s dyn Modules,
    found: &'s mut Vec<Finding>,
}

impl<'a> Linker<'_, 'a> {
    /// Where the script mentions `name` as a value without declaring it.
    fn mentions(&self, name: &str) -> Vec<NodeId> {
        let scoping = self.semantic.scoping();
        let unresolved = scoping.root_unresolved_references();
        let mentions = unresolved.iter().filter(|(found, _)| found.as_str() == name);
        let references = mentions.flat_map(|(_, ids)| ids.iter());
        let references = references.map(|id| scoping.get_reference(*id));
        references.filter(|it| it.is_value()).map(Reference::node_id).collect()
    }

    fn span(&self, node: NodeId) -> Span {
        self.semantic.nodes().kind(node).span()
    }

    /// The call whose callee is `node`.
    fn call(&self, node: NodeId) -> Option<&CallExpression<'a>> {
        match self.semantic.nodes().parent_kind(node) {
            AstKind::CallExpression(call) if call.callee.span() == self.span(node) => Some(call),
            _ => None,
        }
    }

    fn is_asked_for(&self, node: NodeId) -> bool {
        matches!(self.semantic.nodes().parent_kind(node),
            AstKind::UnaryExpression(unary) if unary.operator == UnaryOperator::Typeof)
    }

    /// A name that the script asks for with `typeof` may be there or not.
    fn refuse(&mut self) {
        for (names, hint) in ELSEWHERE {
            for name in *names {
                let mentions = self.mentions(name);
                if mentions.iter().any(|node| self.is_asked_for(*node))
                    || self.modules.is_variable(name)
                {
                    continue;
                }
                let Some(first) = mentions.first() else { continue };
                let message = format!("`{name}` is not there");
                let kind = DiagnosticKind::Unsupported;
                self.found.push(Finding::new(kind, self.span(*first), message).hint(*hint));
            }
        }
    }

    /// `require('./servers/crm')` and `import('./servers/crm')`.
    fn require(&mut self, name: &str) -> Option<Import> {
        let mentions = self.mentions(name);
        let first = *mentions.first()?;
        let mut entries = String::new();
        let mut seen = HashSet::new();
        for node in &mentions {
            let argument = self.call(*node).and_then(|call| call.arguments.first());
            let Some(Argument::StringLiteral(path)) = argument else {
                let finding = Finding::new(
                    DiagnosticKind::Unsupported,
                    self.span(*node),
                    "only what a literal names can be imported",
                );
                self.found.push(finding.hint("write `import * as name from './servers/<server>'`"));
                continue;
            };
            let (path, span) = (path.value.as_str(), path.span);
            match self.modules.resolve(path) {
                Ok(module) if seen.insert(path) => {
                    // Writing to a string cannot fail.
                    let _ = write!(entries, "[{}]: {}, ", quote(path), exported(&module));
                }
                Ok(_) => {}
                Err(unknown) => {
                    let otherwise = "only tools can be imported: `./servers/<server>`";
                    let hint = did_you_mean(&unknown.nearest);
                    let hint = hint.unwrap_or_else(|| otherwise.to_owned());
                    let kind = DiagnosticKind::UnknownModule;
                    self.found.push(Finding::new(kind, span, unknown.message).hint(hint));
                }
            }
        }
        let code = format!("{name} = (path) => ({{ {entries}}})[path];");
        Some(Import { span: self.span(first), names: vec![name.to_owned()], code })
    }

    /// `callMCPTool('crm__get_contact', input)`, or with the server by itself.
    fn call_tool(&mut self) -> Option<Import> {
        const NAME: &str = "callMCPTool";
        let first = *self.mentions(NAME).first()?;
        let mut entries = String::new();
        for module in self.modules.all() {
            for function in &module.functions {
                let target = format!("[{}, {}]", quote(&module.server), quote(&function.tool));
                for server in [&module.server, &module.identifier] {
                    for tool in [&function.tool, &function.name] {
                        let key = quote(&format!("{server}__{tool}"));
                        // Writing to a string cannot fail.
                        let _ = write!(entries, "[{key}]: {target}, ");
                    }
                }
            }
        }
        let code = format!(
            "{NAME} = (name, ...rest) => {{ \
               const tools = {{ __proto__: null, {entries}}}; \
               const full = typeof rest[0] === 'string' && !(name in tools) \
                 ? name + '__' + rest.shift() : String(name); \
               const key = full.replace(/^mcp__/, '').replace(/^([^_.\\/:]+)[.\\/:]/, '$1__'); \
               const tool = tools[full] ?? tools[key]; \
               if (tool === undefined) throw new TypeError('there is no tool `' + full + '`: \
                 write `<server>__<tool>`, or import it from ./servers/<server>'); \
               return __workroom.call(tool[0], tool[1], rest[0] ?? {{}}); }};"
        );
        Some(Import { span: self.span(first), names: vec![NAME.to_owned()], code })
    }
}

/// What `require` of a module gives: its functions, and the one of a tool's own file itself.
fn exported(module: &Module) -> String {
    let function = module.tool.and_then(|tool| module.functions.get(tool));
    let pairs: Vec<(&str, &str)> = match function {
        Some(function) => vec![(&function.name, &function.tool)],
        None => module.functions.iter().map(|f| (f.name.as_str(), f.tool.as_str())).collect(),
    };
    let module = module_call(&module.server, &pairs);
    match function {
        Some(function) => {
            let name = quote(&function.name);
            format!(
                "((module) => Object.assign((...input) => module[{name}](...input), \
                 {{ [{name}]: module[{name}], default: module[{name}] }}))({module})"
            )
        }
        None => module,
    }
}
