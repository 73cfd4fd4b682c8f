//! Expressions in short, as errors name them: `invoice.lines`, `list.find(…)`.

use oxc::ast::ast::{CallExpression, ChainElement, Expression, PropertyKey};

/// An expression in short.
pub(crate) struct Label {
    pub(crate) text: String,
    /// Whether it can be evaluated again without an effect.
    pub(crate) is_pure: bool,
}

impl Label {
    fn pure(text: impl Into<String>) -> Self {
        Label { text: text.into(), is_pure: true }
    }

    fn then(self, rest: &str) -> Self {
        Label { text: self.text + rest, ..self }
    }

    fn once(text: String) -> Self {
        Label { text, is_pure: false }
    }
}

/// `None` for what is too long or no value of interest, such as a literal.
pub(crate) fn label(expression: &Expression<'_>) -> Option<Label> {
    match expression {
        Expression::Identifier(id) if id.name == "undefined" || id.name == "arguments" => None,
        Expression::Identifier(id) => Some(Label::pure(id.name.as_str())),
        Expression::ThisExpression(_) => Some(Label::pure("this")),
        Expression::StaticMemberExpression(member) => {
            let dot = if member.optional { "?." } else { "." };
            Some(label(&member.object)?.then(&format!("{dot}{}", member.property.name)))
        }
        Expression::ComputedMemberExpression(member) => {
            let object = label(&member.object)?;
            let dot = if member.optional { "?." } else { "" };
            let index = match key_literal(&member.expression) {
                Some(index) => Label::pure(index),
                None => label(&member.expression)?,
            };
            let is_pure = object.is_pure && index.is_pure;
            Some(Label { is_pure, ..object.then(&format!("{dot}[{}]", index.text)) })
        }
        Expression::PrivateFieldExpression(member) => {
            Some(label(&member.object)?.then(&format!(".#{}", member.field.name)))
        }
        Expression::CallExpression(call) => call_label(call),
        Expression::NewExpression(new) => {
            let text = label(&new.callee)?.text;
            Some(Label::once(format!("new {text}({})", arguments(new.arguments.len()))))
        }
        Expression::AwaitExpression(awaited) => {
            Some(Label::once(format!("(await {})", label(&awaited.argument)?.text)))
        }
        Expression::ChainExpression(chain) => match &chain.expression {
            ChainElement::CallExpression(call) => call_label(call),
            ChainElement::StaticMemberExpression(member) => {
                let dot = if member.optional { "?." } else { "." };
                Some(label(&member.object)?.then(&format!("{dot}{}", member.property.name)))
            }
            _ => None,
        },
        _ => None,
    }
}

fn call_label(call: &CallExpression<'_>) -> Option<Label> {
    let callee = label(&call.callee)?;
    let dot = if call.optional { "?." } else { "" };
    Some(Label::once(format!("{}{dot}({})", callee.text, arguments(call.arguments.len()))))
}

fn arguments(count: usize) -> &'static str {
    if count == 0 { "" } else { "…" }
}

/// What `expression` is a member of, and the member's name where the text says it.
pub(crate) fn member<'e, 'a>(
    expression: &'e Expression<'a>,
) -> Option<(&'e Expression<'a>, Option<String>)> {
    match expression {
        Expression::StaticMemberExpression(member) => {
            Some((&member.object, Some(member.property.name.to_string())))
        }
        Expression::ComputedMemberExpression(member) => {
            Some((&member.object, key_text(&member.expression)))
        }
        Expression::PrivateFieldExpression(member) => Some((&member.object, None)),
        Expression::ChainExpression(chain) => match &chain.expression {
            ChainElement::StaticMemberExpression(member) => {
                Some((&member.object, Some(member.property.name.to_string())))
            }
            _ => None,
        },
        _ => None,
    }
}

/// A literal key as it is written.
fn key_literal(key: &Expression<'_>) -> Option<String> {
    match key {
        Expression::StringLiteral(key) => Some(format!("{:?}", key.value.as_str()))
            .filter(|text| text.is_ascii() && !text.contains("\\u")),
        Expression::NumericLiteral(key) => Some(key.value.to_string()),
        _ => None,
    }
}

/// A literal key as messages name it.
pub(crate) fn key_text(key: &Expression<'_>) -> Option<String> {
    match key {
        Expression::StringLiteral(key) => Some(key.value.to_string()),
        Expression::NumericLiteral(key) => Some(key.value.to_string()),
        _ => None,
    }
}

pub(crate) fn name_of(key: &PropertyKey<'_>) -> Option<String> {
    match key {
        PropertyKey::StaticIdentifier(name) => Some(name.name.to_string()),
        PropertyKey::StringLiteral(name) => Some(name.value.to_string()),
        _ => None,
    }
}
