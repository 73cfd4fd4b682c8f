//! How a skill is used, as its text and its types say.

use std::fmt::Write as _;

use oxc::{
    ast::ast::{
        BindingPattern, Comment, Declaration, Expression, FormalParameters, Program, PropertyKey,
        Statement, TSSignature, TSType, TSTypeName,
    },
    span::{GetSpan, Span},
};

use super::{Interface, Skill, exports, read};
use crate::{Diagnostic, Modules, UnknownModule, compile_module};

/// The longest text of a signature, in characters.
const SIGNATURE_CHARS_MAX: usize = 300;

/// How deep types are looked into for the names of their properties.
const TYPE_DEPTH_MAX: usize = 4;

/// How the skill of `code` is used.
///
/// # Errors
///
/// The mistakes, where it cannot be read.
pub fn interface(code: &str) -> Result<Interface, Vec<Diagnostic>> {
    if let Some(interface) = read(code, |program| interface_of(program, code)) {
        return Ok(interface);
    }
    // The compiler's own words.
    let skill = Skill { name: String::new(), code: code.to_owned() };
    match compile_module(&skill, &Nothing, None) {
        Err(diagnostics) => Err(diagnostics),
        Ok(_) => Ok(Interface::default()),
    }
}

/// No modules at all.
struct Nothing;

impl Modules for Nothing {
    fn resolve(&self, specifier: &str) -> Result<crate::Module, UnknownModule> {
        let message = format!("there is no module `{specifier}`");
        Err(UnknownModule { message, ..UnknownModule::default() })
    }

    fn all(&self) -> Vec<crate::Module> {
        Vec::new()
    }

    fn describe(&self, _: &str, _: &str) -> Option<crate::Description> {
        None
    }
}

fn interface_of(program: &Program<'_>, code: &str) -> Interface {
    let exports = exports(program).into_iter().map(|it| it.name).collect();
    let mut interface = Interface { exports, ..Interface::default() };
    let Some((params, result)) = program.body.iter().find_map(run_of) else { return interface };
    let text = |span: Span| {
        let text = code.get(span.start as usize..span.end as usize).unwrap_or_default();
        without_comments(text, span.start, &program.comments)
    };
    let mut signature = "run(".to_owned();
    let mut parts: Vec<String> = params.items.iter().map(|item| text(item.span)).collect();
    parts.extend(params.rest.iter().map(|rest| text(rest.span())));
    signature.push_str(&parts.join(", "));
    signature.push(')');
    if let Some(result) = result {
        let _ = write!(signature, ": {}", text(result.span()));
    }
    let words: Vec<&str> = signature.split_whitespace().collect();
    interface.signature = words.join(" ").chars().take(SIGNATURE_CHARS_MAX).collect();
    let types = Types { program };
    if let Some(first) = params.items.first() {
        match &first.type_annotation {
            Some(of) => {
                types.names(&of.type_annotation, TYPE_DEPTH_MAX, &mut interface.parameters);
            }
            None => {
                let ids = first.pattern.get_binding_identifiers();
                interface.parameters.extend(ids.iter().map(|id| id.name.to_string()));
            }
        }
    }
    if let Some(result) = result {
        types.names(result, TYPE_DEPTH_MAX, &mut interface.outputs);
    }
    interface
}

/// `text`, which begins at `start`, without those of `comments` that are in it.
fn without_comments(text: &str, start: u32, comments: &[Comment]) -> String {
    let mut kept = String::new();
    let mut done = 0;
    for comment in comments {
        let place = |at: u32| at.checked_sub(start).map(|at| at as usize);
        let (Some(from), Some(to)) = (place(comment.span.start), place(comment.span.end)) else {
            continue;
        };
        if from >= done && to <= text.len() {
            kept.push_str(&text[done..from]);
            done = to;
        }
    }
    kept.push_str(&text[done..]);
    kept
}

type RunParts<'p, 'a> = (&'p FormalParameters<'a>, Option<&'p TSType<'a>>);

/// The parameters and the result's type of the exported function `run`.
fn run_of<'p, 'a>(statement: &'p Statement<'a>) -> Option<RunParts<'p, 'a>> {
    let declaration = match statement {
        Statement::ExportDeclaration(export) => &export.declaration,
        _ => return None,
    };
    match declaration {
        Declaration::FunctionDeclaration(function)
            if function.id.as_ref().is_some_and(|id| id.name == "run")
                && function.body.is_some() =>
        {
            let result = function.return_type.as_ref().map(|it| &it.type_annotation);
            Some((&function.params, result))
        }
        Declaration::VariableDeclaration(variable) => {
            let is_run = |id: &BindingPattern<'_>| match id {
                BindingPattern::BindingIdentifier(id) => id.name == "run",
                _ => false,
            };
            let run = variable.declarations.iter().find(|it| is_run(&it.id))?;
            match run.init.as_ref()?.get_inner_expression() {
                Expression::ArrowFunctionExpression(function) => {
                    let result = function.return_type.as_ref().map(|it| &it.type_annotation);
                    Some((&function.params, result))
                }
                Expression::FunctionExpression(function) => {
                    let result = function.return_type.as_ref().map(|it| &it.type_annotation);
                    Some((&function.params, result))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// The types that a program declares.
struct Types<'p, 'a> {
    program: &'p Program<'a>,
}

impl<'a> Types<'_, 'a> {
    /// Adds the names of the properties of `of`.
    fn names(&self, of: &TSType<'a>, depth: usize, names: &mut Vec<String>) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match of {
            TSType::TSTypeLiteral(literal) => self.members(&literal.members, names),
            TSType::TSArrayType(list) => self.names(&list.element_type, depth, names),
            TSType::TSUnionType(union) => {
                union.types.iter().for_each(|one| self.names(one, depth, names));
            }
            TSType::TSIntersectionType(all) => {
                all.types.iter().for_each(|one| self.names(one, depth, names));
            }
            TSType::TSTypeReference(reference) => {
                let TSTypeName::IdentifierReference(name) = &reference.type_name else { return };
                if let Some(arguments) = &reference.type_arguments {
                    // `Promise<…>`, `Array<…>`, `Partial<…>`: what is in it.
                    arguments.params.iter().for_each(|one| self.names(one, depth, names));
                    return;
                }
                self.declared(name.name.as_str(), depth, names);
            }
            _ => {}
        }
    }

    fn declared(&self, wanted: &str, depth: usize, names: &mut Vec<String>) {
        for statement in &self.program.body {
            let exported = match statement {
                Statement::ExportDeclaration(export) => Some(&export.declaration),
                _ => None,
            };
            match (statement, exported) {
                (Statement::TSTypeAliasDeclaration(it), _)
                | (_, Some(Declaration::TSTypeAliasDeclaration(it)))
                    if it.id.name == wanted =>
                {
                    self.names(&it.type_annotation, depth, names);
                }
                (Statement::TSInterfaceDeclaration(it), _)
                | (_, Some(Declaration::TSInterfaceDeclaration(it)))
                    if it.id.name == wanted =>
                {
                    self.members(&it.body.body, names);
                }
                _ => {}
            }
        }
    }

    #[expect(clippy::unused_self, reason = "beside the other two")]
    fn members(&self, members: &[TSSignature<'a>], names: &mut Vec<String>) {
        for member in members {
            let key = match member {
                TSSignature::TSPropertySignature(property) => &property.key,
                TSSignature::TSMethodSignature(method) => &method.key,
                _ => continue,
            };
            if let Some(name) = key_name(key)
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
    }
}

fn key_name(key: &PropertyKey<'_>) -> Option<String> {
    key.static_name().map(|name| name.to_string())
}
