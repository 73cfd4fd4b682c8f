//! Proper names in running text.

use crate::{scan::Style, span::Span, tokens::Token};

/// Adds the names among `tokens`.
pub(crate) fn proper(_text: &str, _tokens: &[Token], _style: Style, _spans: &mut Vec<Span>) {}
