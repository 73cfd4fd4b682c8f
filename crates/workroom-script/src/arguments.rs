//! The arguments of a tool's call, as far as the script itself shows them.
//!
//! Only what is certain is a mistake: a spread argument, a computed key or a variable silences the
//! checks that it could make wrong. Values are checked when the call is made, against the schema.

use oxc::{
    ast::ast::{Argument, CallExpression, Expression, ObjectExpression, ObjectPropertyKind},
    span::{GetSpan, Span},
    syntax::operator::UnaryOperator,
};

use crate::{
    Function, Module, Parameter, Parameters,
    check::Finding,
    diagnostic::{DiagnosticKind, did_you_mean, nearest},
    resolve::Resolver,
};

/// The longest argument that is repeated in a hint, in characters.
const SHOWN_MAX: usize = 40;

/// A tool as it is called.
pub(crate) struct Called<'c> {
    pub(crate) module: &'c Module,
    pub(crate) function: &'c Function,
    /// Arguments in front that name the tool.
    pub(crate) skipped: usize,
}

impl Called<'_> {
    fn name(&self) -> String {
        format!("{}.{}", self.module.identifier, self.function.name)
    }
}

/// What came of looking at a call.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) found: Vec<Finding>,
    /// The parameter that an argument given by itself is.
    pub(crate) name: Option<String>,
}

/// What kind of argument an expression is.
enum Given<'e, 'a> {
    Nothing,
    Object(&'e ObjectExpression<'a>),
    /// A value that is surely no object of parameters.
    Value,
    Function,
    Unknown,
}

pub(crate) fn check<'a>(
    resolver: &Resolver<'_, 'a>,
    call: &CallExpression<'a>,
    called: &Called<'_>,
) -> Checked {
    let mut checked = Checked::default();
    let given = call.arguments.get(called.skipped..).unwrap_or_default();
    if call.arguments.iter().any(|argument| matches!(argument, Argument::SpreadElement(_))) {
        return checked;
    }
    let described = resolver.modules.describe(&called.module.server, &called.function.tool);
    let Some(described) = described else { return checked };
    let parameters = described.parameters.as_ref();
    let first = given.first().and_then(Argument::as_expression);
    match (given, first.map_or(Given::Nothing, given_as)) {
        ([_, second, ..], _) => {
            checked.found.push(too_many(resolver, given, second.span(), called, parameters));
        }
        (_, Given::Nothing) => {
            let missing = parameters.map(|it| missing(it, &|_| false)).unwrap_or_default();
            checked.found.extend(needs(called, &missing, end_of_callee(call)));
        }
        (_, Given::Object(object)) => {
            if let Some(parameters) = parameters {
                checked.found = keys(object, called, parameters);
            }
        }
        ([only, ..], Given::Value) => match parameters.map(Parameters::sole) {
            Some(Some(name)) => checked.name = Some(name.to_owned()),
            Some(None) => checked.found.push(by_name(resolver, only.span(), called, parameters)),
            None => {}
        },
        ([only, ..], Given::Function) => {
            let message = format!("`{}` takes no callback", called.name());
            let hint = format!("await it: `const result = await {}({{ … }})`", called.name());
            let found = Finding::new(DiagnosticKind::Arguments, only.span(), message);
            checked.found.push(found.hint(hint));
        }
        _ => {}
    }
    for found in &mut checked.found {
        found.signature = Some(described.signature.clone());
    }
    checked
}

fn given_as<'e, 'a>(argument: &'e Expression<'a>) -> Given<'e, 'a> {
    match argument.get_inner_expression() {
        Expression::NullLiteral(_) => Given::Nothing,
        Expression::Identifier(name) if name.name == "undefined" => Given::Nothing,
        Expression::ObjectExpression(object) => Given::Object(object),
        // An object as JSON text is read when the call is made.
        Expression::StringLiteral(text) if text.value.trim_start().starts_with('{') => {
            Given::Unknown
        }
        Expression::StringLiteral(_)
        | Expression::NumericLiteral(_)
        | Expression::BooleanLiteral(_)
        | Expression::BigIntLiteral(_)
        | Expression::ArrayExpression(_)
        | Expression::RegExpLiteral(_) => Given::Value,
        Expression::TemplateLiteral(text) => match text.quasis.first() {
            Some(start) if start.value.raw.trim_start().starts_with('{') => Given::Unknown,
            _ => Given::Value,
        },
        Expression::UnaryExpression(unary)
            if matches!(
                unary.operator,
                UnaryOperator::UnaryNegation | UnaryOperator::UnaryPlus | UnaryOperator::LogicalNot
            ) =>
        {
            Given::Value
        }
        Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_) => {
            Given::Function
        }
        _ => Given::Unknown,
    }
}

/// Where a call without arguments should have them.
fn end_of_callee(call: &CallExpression<'_>) -> Span {
    let end = call.span.end.saturating_sub(1);
    Span::new(end.max(call.span.start), call.span.end)
}

fn missing<'p>(parameters: &'p Parameters, is_given: &dyn Fn(&str) -> bool) -> Vec<&'p str> {
    let required = parameters.list.iter().filter(|parameter| parameter.required);
    required.map(|parameter| parameter.name.as_str()).filter(|name| !is_given(name)).collect()
}

fn needs(called: &Called<'_>, missing: &[&str], span: Span) -> Option<Finding> {
    let names: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
    let (last, rest) = names.split_last()?;
    let names =
        if rest.is_empty() { last.clone() } else { format!("{} and {last}", rest.join(", ")) };
    let message = format!("`{}` needs {names}", called.name());
    let shown: Vec<String> = missing.iter().map(|name| format!("{}: …", key(name))).collect();
    let hint = format!("give it in the object: `{{ {} }}`", shown.join(", "));
    Some(Finding::new(DiagnosticKind::MissingParameter, span, message).hint(hint))
}

/// Unknown and missing keys of an object of parameters.
fn keys(
    object: &ObjectExpression<'_>,
    called: &Called<'_>,
    parameters: &Parameters,
) -> Vec<Finding> {
    let mut given: Vec<(String, Span)> = Vec::new();
    let mut is_whole = true;
    for property in &object.properties {
        let named = match property {
            ObjectPropertyKind::ObjectProperty(property) => {
                property.key.static_name().map(|name| (name.into_owned(), property.key.span()))
            }
            ObjectPropertyKind::SpreadProperty(_) => None,
        };
        is_whole &= named.is_some();
        given.extend(named);
    }
    let is_given = |name: &str| given.iter().any(|(given, _)| given == name);
    let is_known = |name: &str| parameters.list.iter().any(|parameter| parameter.name == name);
    let mut found = Vec::new();
    let mut meant: Vec<&str> = Vec::new();
    // What another key already stands for alone.
    let mut taken: Vec<&str> = Vec::new();
    for (name, span) in &given {
        if parameters.open || is_known(name) {
            continue;
        }
        let free = parameters.list.iter().map(|parameter| parameter.name.as_str());
        let free: Vec<&str> =
            free.filter(|name| !is_given(name) && !taken.contains(name)).collect();
        let mut likely = nearest(name, free.iter().copied());
        // `projectId` may be what `id` is called here.
        if likely.is_empty() {
            let wanted = crate::resolve::key(name);
            let is_part = |name: &&&str| {
                let name = crate::resolve::key(name);
                name.len() > 1 && (wanted.contains(&name) || name.contains(&wanted))
            };
            likely = free.iter().filter(is_part).take(3).copied().collect();
        }
        let lacking = missing(parameters, &|name| is_given(name) || taken.contains(&name));
        if let ([], [lacking]) = (likely.as_slice(), lacking.as_slice()) {
            likely = vec![lacking];
        }
        meant.extend(&likely);
        if let [one] = likely.as_slice() {
            taken.push(one);
        }
        let hint = did_you_mean(&likely).unwrap_or_else(|| listed(parameters));
        let message = format!("`{}` has no parameter `{name}`", called.name());
        let kind = DiagnosticKind::UnknownParameter;
        found.push(Finding::new(kind, *span, message).hint(hint));
    }
    if is_whole {
        let missing = missing(parameters, &|name| is_given(name) || meant.contains(&name));
        let span = Span::new(object.span.start, object.span.start + 1);
        found.extend(needs(called, &missing, span));
    }
    found
}

fn listed(parameters: &Parameters) -> String {
    const LISTED_MAX: usize = 12;
    let names: Vec<String> =
        parameters.list.iter().take(LISTED_MAX).map(|it| format!("`{}`", it.name)).collect();
    let more = if parameters.list.len() > LISTED_MAX { " and others" } else { "" };
    match names.as_slice() {
        [] => "it takes no parameters: leave it out".to_owned(),
        [one] => format!("its only parameter is {one}"),
        names => format!("its parameters are {}{more}", names.join(", ")),
    }
}

fn by_name(
    resolver: &Resolver<'_, '_>,
    span: Span,
    called: &Called<'_>,
    parameters: Option<&Parameters>,
) -> Finding {
    let name = called.name();
    let message = format!("`{name}` takes one object of named parameters");
    let hint = rewritten(resolver, &[span], called, parameters);
    Finding::new(DiagnosticKind::Arguments, span, message).hint(hint)
}

fn too_many(
    resolver: &Resolver<'_, '_>,
    given: &[Argument<'_>],
    second: Span,
    called: &Called<'_>,
    parameters: Option<&Parameters>,
) -> Finding {
    let name = called.name();
    let message = format!("`{name}` takes one object of named parameters, and no second argument");
    let spans: Vec<Span> = given.iter().map(GetSpan::span).collect();
    let mut given = given.iter().filter_map(Argument::as_expression);
    let hint = if given.any(|it| matches!(given_as(it), Given::Object(_))) {
        "put every value into one object, by the names of the parameters".to_owned()
    } else {
        rewritten(resolver, &spans, called, parameters)
    };
    Finding::new(DiagnosticKind::Arguments, second, message).hint(hint)
}

/// How the call would be right, with the arguments by the names of the parameters in order.
fn rewritten(
    resolver: &Resolver<'_, '_>,
    given: &[Span],
    called: &Called<'_>,
    parameters: Option<&Parameters>,
) -> String {
    let mut names: Vec<&Parameter> =
        parameters.iter().flat_map(|parameters| &parameters.list).collect();
    names.sort_by_key(|parameter| !parameter.required);
    let name = called.name();
    if names.is_empty() {
        return match parameters {
            Some(Parameters { open: false, .. }) => format!("write `{name}()`"),
            _ => format!("write `{name}({{ name: value }})`"),
        };
    }
    let text = resolver.semantic.source_text();
    let shown = |parameter: &Parameter, span: Option<&Span>| {
        let value = span.and_then(|span| text.get(span.start as usize..span.end as usize));
        let is_short =
            |value: &&str| value.chars().count() <= SHOWN_MAX && !value.contains(['\n', '`']);
        format!("{}: {}", key(&parameter.name), value.filter(is_short).unwrap_or("…"))
    };
    // Those that are given, and those that are needed all the same.
    let pairs: Vec<String> = names
        .iter()
        .enumerate()
        .filter(|(at, parameter)| *at < given.len() || parameter.required)
        .map(|(at, parameter)| shown(parameter, given.get(at)))
        .collect();
    format!("write `{name}({{ {} }})`", pairs.join(", "))
}

/// A name as the key of an object literal.
fn key(name: &str) -> String {
    let is_plain = name.chars().all(|char| char.is_ascii_alphanumeric() || "_$".contains(char))
        && !name.starts_with(|char: char| char.is_ascii_digit());
    if is_plain { name.to_owned() } else { format!("'{}'", name.replace(['\'', '`'], "")) }
}
