//! Which constants of a run look like its inputs, and what they are called.
//!
//! A constant looks like one by where it stands: in the arguments of a tool, in a comparison, as
//! the value of a variable that is used in these; or by its form: an id, an e-mail address, a date,
//! a token of the session. `-1`, `0`, `1` and `2` are no inputs, and neither are texts that only
//! shape the output.

use oxc::{
    ast::{
        AstKind,
        ast::{BindingPattern, CallExpression, Expression, UnaryOperator},
    },
    semantic::{AstNodes, NodeId, Semantic},
    span::{GetSpan, Span},
    syntax::operator::BinaryOperator,
};
use serde_json::Value;

use super::{InputParameter, PARAMETERS_MAX, Recorded};
use crate::look::server_of;

/// Constants that became parameters.
#[derive(Debug, Default)]
pub(super) struct Literals {
    pub(super) parameters: Vec<InputParameter>,
    pub(super) places: Vec<Place>,
}

/// Where a parameter takes the place of a constant.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) span: Span,
    pub(super) parameter: usize,
    /// Whether it is an operand, so that an operator in its place needs parentheses.
    pub(super) is_operand: bool,
}

/// A constant that looks like an input.
struct Found {
    span: Span,
    value: Value,
    name: String,
    why: String,
    form: Form,
    is_operand: bool,
}

/// What a text looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Token,
    Email,
    Date,
    Id,
    /// Words such as `open`, which choose among few.
    Word,
    /// Any other text.
    Text,
    Number,
}

/// Finds the constants outside of what is `gone`.
pub(super) fn find(
    text: &str,
    semantic: &Semantic<'_>,
    recorded: &Recorded<'_>,
    gone: &[Span],
) -> Literals {
    let finder = Finder { text, semantic, recorded };
    let mut literals = Literals::default();
    for (id, node) in semantic.nodes().iter_enumerated() {
        let span = node.kind().span();
        if gone.iter().any(|it| it.contains_inclusive(span)) {
            continue;
        }
        if let Some(found) = finder.literal(id, node.kind()) {
            literals.add(found, recorded.keep);
        }
    }
    literals
}

impl Literals {
    fn add(&mut self, found: Found, keep: &[String]) {
        let Found { span, value, name, why, form, is_operand } = found;
        if keep.contains(&name) {
            return;
        }
        let is_certain = matches!(form, Form::Token | Form::Email | Form::Date | Form::Id);
        let same = |it: &InputParameter| it.value == value && (is_certain || it.name == name);
        let at = self.parameters.iter().position(same);
        if at.is_none() && self.parameters.len() == PARAMETERS_MAX {
            return;
        }
        let at = at.unwrap_or_else(|| {
            let taken = |name: &str| self.parameters.iter().any(|it| it.name == name);
            let mut free = name.clone();
            let mut number = 2;
            while taken(&free) {
                free = format!("{name}{number}");
                number += 1;
            }
            // What only this run's world has must be given; the rest has a default that works.
            let required = is_certain || form == Form::Text;
            self.parameters.push(InputParameter { name: free, value, required, why });
            self.parameters.len() - 1
        });
        self.places.push(Place { span, parameter: at, is_operand });
    }
}

struct Finder<'f, 'a> {
    text: &'f str,
    semantic: &'f Semantic<'a>,
    recorded: &'f Recorded<'f>,
}

impl<'a> Finder<'_, 'a> {
    fn nodes(&self) -> &AstNodes<'a> {
        self.semantic.nodes()
    }

    fn literal(&self, id: NodeId, kind: AstKind<'a>) -> Option<Found> {
        let (mut span, mut value) = match kind {
            AstKind::StringLiteral(literal) => (literal.span, Value::from(literal.value.as_str())),
            AstKind::TemplateLiteral(template) if template.expressions.is_empty() => {
                let text = template.quasis.first()?.value.cooked.as_ref()?;
                (template.span, Value::from(text.as_str()))
            }
            AstKind::NumericLiteral(literal) => (literal.span, number(literal.value)?),
            _ => return None,
        };
        let mut id = id;
        if let AstKind::UnaryExpression(unary) = self.nodes().parent_kind(id) {
            if unary.operator != UnaryOperator::UnaryNegation || !value.is_number() {
                return None;
            }
            (span, id) = (unary.span, self.nodes().parent_id(id));
            value = number(-value.as_f64()?)?;
        }
        let form = self.form(&value)?;
        let (name, why) = self.place(id, span, form)?;
        let is_operand = matches!(
            self.nodes().parent_kind(id),
            AstKind::BinaryExpression(_) | AstKind::LogicalExpression(_)
        );
        Some(Found { span, value, name, why, form, is_operand })
    }

    fn form(&self, value: &Value) -> Option<Form> {
        let Some(text) = value.as_str() else {
            let number = value.as_f64()?;
            return (![-1.0, 0.0, 1.0, 2.0].contains(&number)).then_some(Form::Number);
        };
        let form = match text {
            "" => return None,
            text if (self.recorded.is_token)(text) => Form::Token,
            text if is_email(text) => Form::Email,
            text if is_date(text) => Form::Date,
            text if is_id(text) => Form::Id,
            text if text.len() <= 24
                && text.chars().all(|c| c.is_ascii_lowercase() || c == '_') =>
            {
                Form::Word
            }
            _ => Form::Text,
        };
        Some(form)
    }

    /// The name of a constant at `span`, and why it looks like an input.
    fn place(&self, id: NodeId, span: Span, form: Form) -> Option<(String, String)> {
        let nodes = self.nodes();
        match nodes.parent_kind(id) {
            AstKind::ImportDeclaration(_)
            | AstKind::ExportAllDeclaration(_)
            | AstKind::ExportNamedDeclaration(_)
            | AstKind::ImportExpression(_)
            | AstKind::ComputedMemberExpression(_)
            | AstKind::TSLiteralType(_)
            | AstKind::TSEnumMember(_)
            | AstKind::Directive(_) => return None,
            AstKind::ObjectProperty(property) if property.key.span() == span => return None,
            _ => {}
        }
        if let Some((key, tool)) = self.argument(id) {
            let name = key.unwrap_or_else(|| by_form(form).to_owned());
            return Some((camel(&name), format!("of `{tool}`")));
        }
        if let Some(name) = self.comparison(id, span) {
            return Some((camel(&name), "of a comparison".to_owned()));
        }
        if let Some((name, symbol)) = self.variable(id, span) {
            let is_used =
                self.semantic.scoping().get_resolved_references(symbol).any(|reference| {
                    let at = nodes.kind(reference.node_id()).span();
                    self.argument(reference.node_id()).is_some()
                        || self.comparison(reference.node_id(), at).is_some()
                });
            let is_fixed = !self.semantic.scoping().symbol_is_mutated(symbol);
            if is_fixed && (is_used || is_certain(form)) {
                return Some((camel(&name), format!("`{name}`")));
            }
            return None;
        }
        is_certain(form).then(|| {
            let name = self.key_above(id).unwrap_or_else(|| by_form(form).to_owned());
            (camel(&name), format!("it looks like {}", article(form)))
        })
    }

    /// The key and the tool, where a node stands in the arguments of a tool.
    fn argument(&self, id: NodeId) -> Option<(Option<String>, String)> {
        let mut key = None;
        let is_choice = matches!(
            self.nodes().kind(id),
            AstKind::StringLiteral(literal) if literal.value.chars().all(|c| c.is_ascii_lowercase())
        );
        let mut below = self.nodes().kind(id).span();
        for node in self.nodes().ancestors(id) {
            match node.kind() {
                AstKind::ObjectProperty(property) if property.value.span() == below => {
                    if key.is_none() {
                        key = property.key.static_name().map(|name| name.to_string());
                    }
                }
                // A list of words, such as the fields that are asked for, belongs to the code.
                AstKind::ArrayExpression(_) if is_choice => return None,
                AstKind::ObjectExpression(_)
                | AstKind::ArrayExpression(_)
                | AstKind::ParenthesizedExpression(_)
                | AstKind::TSAsExpression(_)
                | AstKind::TemplateLiteral(_)
                | AstKind::ConditionalExpression(_)
                | AstKind::UnaryExpression(_)
                | AstKind::LogicalExpression(_) => {}
                AstKind::CallExpression(call) if call.callee.span() != below => {
                    return self.tool(call).map(|tool| (key, tool));
                }
                _ => return None,
            }
            below = node.kind().span();
        }
        None
    }

    /// The tool that a call calls, as it is written: `crm.getContact`.
    fn tool(&self, call: &CallExpression<'a>) -> Option<String> {
        let callee = call.callee.get_inner_expression();
        let mut root = callee;
        while let Some(member) = root.as_member_expression() {
            root = member.object().get_inner_expression();
        }
        let Expression::Identifier(name) = root else { return None };
        let shown = || self.text[super::range(callee.span())].to_owned();
        let reference = name.reference_id.get().map(|it| self.semantic.scoping().get_reference(it));
        let Some(symbol) = reference.and_then(oxc::semantic::Reference::symbol_id) else {
            return (name.name == "servers").then(shown);
        };
        let declared = self.semantic.scoping().symbol_declaration(symbol);
        let import =
            self.nodes().ancestor_kinds(declared).chain([self.nodes().kind(declared)]).find_map(
                |kind| match kind {
                    AstKind::ImportDeclaration(import) => Some(import),
                    _ => None,
                },
            )?;
        server_of(import.source.value.as_str()).map(|_| shown())
    }

    /// The name of what a node is compared with.
    fn comparison(&self, id: NodeId, span: Span) -> Option<String> {
        match self.nodes().parent_kind(id) {
            AstKind::BinaryExpression(binary) => {
                let is_left = binary.left.span() == span;
                let other = if is_left { &binary.right } else { &binary.left };
                let name = compared(other)?;
                let limit = match (binary.operator, is_left) {
                    (
                        BinaryOperator::Equality
                        | BinaryOperator::StrictEquality
                        | BinaryOperator::Inequality
                        | BinaryOperator::StrictInequality,
                        _,
                    ) => {
                        return Some(name);
                    }
                    (BinaryOperator::GreaterThan | BinaryOperator::GreaterEqualThan, false)
                    | (BinaryOperator::LessThan | BinaryOperator::LessEqualThan, true) => "min",
                    (BinaryOperator::LessThan | BinaryOperator::LessEqualThan, false)
                    | (BinaryOperator::GreaterThan | BinaryOperator::GreaterEqualThan, true) => {
                        "max"
                    }
                    _ => return None,
                };
                Some(format!("{limit}_{name}"))
            }
            AstKind::CallExpression(call) => {
                let member = call.callee.get_inner_expression().as_member_expression()?;
                let asks = ["includes", "startsWith", "endsWith", "has"];
                let is_asked = member.static_property_name().is_some_and(|it| asks.contains(&it));
                let is_given = call.arguments.first().is_some_and(|it| it.span() == span);
                if is_asked && is_given { compared(member.object()) } else { None }
            }
            _ => None,
        }
    }

    /// The variable that a constant is the whole value of.
    fn variable(&self, id: NodeId, span: Span) -> Option<(String, oxc::semantic::SymbolId)> {
        let AstKind::VariableDeclarator(declarator) = self.nodes().parent_kind(id) else {
            return None;
        };
        let BindingPattern::BindingIdentifier(name) = &declarator.id else { return None };
        let is_value = declarator.init.as_ref().is_some_and(|init| init.span() == span);
        is_value.then(|| (name.name.to_string(), name.symbol_id()))
    }

    /// The nearest name above a node: of a field, or of a variable.
    fn key_above(&self, id: NodeId) -> Option<String> {
        self.nodes().ancestor_kinds(id).find_map(|kind| match kind {
            AstKind::ObjectProperty(property) => {
                property.key.static_name().map(|name| name.to_string())
            }
            AstKind::VariableDeclarator(declarator) => {
                let name = declarator.id.get_binding_identifiers().into_iter().next()?;
                Some(name.name.to_string())
            }
            _ => None,
        })
    }
}

/// What a value is called where it is compared: the field, or the variable.
fn compared(expression: &Expression<'_>) -> Option<String> {
    match expression.get_inner_expression() {
        Expression::Identifier(name) => Some(name.name.to_string()),
        Expression::StaticMemberExpression(member) => match member.property.name.as_str() {
            // How long something is, is no matter of the world's.
            "length" | "size" => None,
            name => Some(name.to_owned()),
        },
        Expression::ComputedMemberExpression(member) => match &member.expression {
            Expression::StringLiteral(name) => Some(name.value.to_string()),
            _ => None,
        },
        Expression::ChainExpression(chain) => {
            let member = chain.expression.as_member_expression()?;
            member.static_property_name().filter(|name| *name != "length").map(str::to_owned)
        }
        // `Number(order.total) > 500`, `name.toLowerCase() === 'x'`.
        Expression::CallExpression(call) => {
            let given = call.arguments.first().and_then(|it| it.as_expression());
            match call.callee.get_inner_expression() {
                Expression::Identifier(_) => compared(given?),
                callee => compared(callee.as_member_expression()?.object()),
            }
        }
        _ => None,
    }
}

fn number(value: f64) -> Option<Value> {
    // A whole number is written without a point.
    #[expect(clippy::cast_possible_truncation, reason = "whole and in the range of exact ones")]
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        return Some(Value::from(value as i64));
    }
    serde_json::Number::from_f64(value).map(Value::Number)
}

fn is_certain(form: Form) -> bool {
    matches!(form, Form::Token | Form::Email | Form::Date | Form::Id)
}

fn by_form(form: Form) -> &'static str {
    match form {
        Form::Email => "email",
        Form::Date => "date",
        Form::Id => "id",
        Form::Number => "number",
        Form::Token | Form::Word | Form::Text => "value",
    }
}

const fn article(form: Form) -> &'static str {
    match form {
        Form::Email => "an e-mail address",
        Form::Date => "a date",
        Form::Id => "an id",
        Form::Token => "a personal value",
        Form::Word | Form::Text => "a text",
        Form::Number => "a number",
    }
}

fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    let is_plain = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "._%+-".contains(c))
    };
    is_plain(name) && is_plain(host) && host.contains('.')
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let is_month = bytes.len() >= 7 && digits(0..4) && bytes[4] == b'-' && digits(5..7);
    is_month && (bytes.len() == 7 || bytes[7] == b'-' && digits(8..10))
}

/// Letters and digits without a space: `C-1042`, `ord_7f3a`, `48213`, a UUID.
fn is_id(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_:#/.".contains(c);
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (3..=80).contains(&text.len()) && digits >= 2 && text.chars().all(is_plain)
}

/// A name in camel case, safe as a property.
fn camel(name: &str) -> String {
    let mut out = String::new();
    for word in name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let is_shouted = word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        let word = if is_shouted { word.to_ascii_lowercase() } else { word.to_owned() };
        let mut chars = word.chars();
        let Some(first) = chars.next() else { continue };
        if out.is_empty() {
            out.push(first.to_ascii_lowercase());
        } else {
            out.push(first.to_ascii_uppercase());
        }
        out.push_str(chars.as_str());
    }
    if out.is_empty() || out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert_str(0, "value");
    }
    out
}
