//! Proper names in running text: addresses first, then persons, organisations and places in what
//! the addresses leave.

use super::{address, name};
use crate::{scan::Style, span::Span, tokens::Token};

/// Adds the names among `tokens`.
pub(crate) fn proper(text: &str, tokens: &[Token], style: Style, spans: &mut Vec<Span>) {
    let from = spans.len();
    address::addresses(text, tokens, spans);
    let taken: Vec<(usize, usize)> =
        spans.get(from..).unwrap_or_default().iter().map(|span| (span.start, span.end)).collect();
    name::names(text, tokens, style, &taken, spans);
}
