//! Text from templates: `[a|b]` is one of its parts, `{name}` what the world has for it.
//!
//! Parts may hold further parts. A few lines of templates give hours of talk, and the binary
//! holds the lines alone.

use crate::rng::Rng;

/// `template` with a choice made at each `[…|…]` and `{name}` filled in by `slot`.
pub(crate) fn expand(
    rng: &mut Rng,
    template: &str,
    slot: &mut dyn FnMut(&mut Rng, &str) -> String,
) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(begin) = rest.find(['[', '{']) {
        text.push_str(&rest[..begin]);
        let inner = &rest[begin + 1..];
        if rest[begin..].starts_with('{') {
            let end = inner.find('}').expect("a template closes its names");
            text.push_str(&slot(rng, &inner[..end]));
            rest = &inner[end + 1..];
        } else {
            let (parts, end) = parts(inner);
            let part = *rng.pick(&parts);
            text.push_str(&expand(rng, part, slot));
            rest = &inner[end + 1..];
        }
    }
    text.push_str(rest);
    text
}

/// The parts up to the bracket that closes, and where that is.
fn parts(text: &str) -> (Vec<&str>, usize) {
    let (mut parts, mut depth, mut begin) = (Vec::new(), 0, 0);
    for (index, char) in text.char_indices() {
        match char {
            '[' => depth += 1,
            ']' if depth == 0 => {
                parts.push(&text[begin..index]);
                return (parts, index);
            }
            ']' => depth -= 1,
            '|' if depth == 0 => {
                parts.push(&text[begin..index]);
                begin = index + 1;
            }
            _ => {}
        }
    }
    panic!("`{text}` closes no bracket")
}

/// `text` in lines of at most `width` characters, broken between words.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_template_gives_each_of_its_texts() {
        let mut rng = Rng::new(1);
        let texts: BTreeSet<String> = (0..100)
            .map(|_| expand(&mut rng, "[a|b[1|2]] {x}[.|]", &mut |_, name| name.to_uppercase()))
            .collect();
        assert_eq!(
            texts.into_iter().collect::<Vec<_>>().join(","),
            "a X,a X.,b1 X,b1 X.,b2 X,b2 X."
        );
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
    }
}
