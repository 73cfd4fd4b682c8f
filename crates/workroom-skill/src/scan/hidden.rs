//! What cannot be seen in a text: characters, codes, comments, space.

use std::sync::LazyLock;

use regex::Regex;

use super::{Finding, SuspicionKind};

/// Whether nothing shows where `c` stands, or the text around it is turned.
pub fn is_hidden(c: char) -> bool {
    sort(c).is_some()
}

fn sort(c: char) -> Option<SuspicionKind> {
    match c {
        // Soft hyphen, fillers, zero width, invisible operators, byte order mark, annotations;
        // variation selectors and the tag block.
        '\u{ad}'
        | '\u{34f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200d}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{2060}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => Some(SuspicionKind::Invisible),
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Some(SuspicionKind::Bidi)
        }
        _ => None,
    }
}

/// Characters that cannot be seen, and codes for terminals; a run of them is one finding.
pub(super) fn find(text: &str) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    let mut before = '\0';
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let after = chars.peek().map_or('\0', |(_, c)| *c);
        let kind = match c {
            '\n' | '\t' => None,
            '\r' if after == '\n' => None,
            '\u{feff}' if at == 0 => None,
            // How emoji are chosen and joined.
            '\u{fe0f}' | '\u{fe0e}' if is_symbol(before) || after == '\u{20e3}' => None,
            '\u{200d}' if is_symbol(before) && is_symbol(after) => None,
            // Scripts that need joiners between their letters.
            '\u{200c}' | '\u{200d}' if joins(before) && joins(after) => None,
            c if c.is_control() => Some(SuspicionKind::Escape),
            c => sort(c),
        };
        if let Some(kind) = kind {
            match found.last_mut() {
                Some((last, range)) if *last == kind && range.end == at => {
                    range.end = at + c.len_utf8();
                }
                _ => found.push((kind, at..at + c.len_utf8())),
            }
        }
        // What chooses a form belongs to the character before it.
        if !matches!(c, '\u{fe0e}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}') {
            before = c;
        }
    }
    found
}

/// Whether `c` is of the blocks of symbols and emoji.
fn is_symbol(c: char) -> bool {
    matches!(c, '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
        | '\u{2190}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}'
        | '\u{1f000}'..='\u{1faff}')
        || matches!(c, '#' | '*' | '0'..='9')
}

/// Whether `c` is of a script in which joiners choose the form of letters.
fn joins(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{8ff}' | '\u{900}'..='\u{dff}' | '\u{e00}'..='\u{109f}'
        | '\u{1780}'..='\u{18af}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}')
}

/// HTML and Markdown comments, and elements that are not shown.
pub(super) fn comments(text: &str) -> Vec<Finding> {
    static COMMENT: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = concat!(
            r"(?is)<!--.{3,}?(?:-->|\z)",
            r#"|(?m:^)\[(?://|comment)\]:\s*(?:#|<>)\s*["'(][^\n]*"#,
            r"|<[a-z]+[^>]{0,200}\b(?:display\s*:\s*none|visibility\s*:\s*hidden",
            r"|font-size\s*:\s*0|hidden\s*=|\shidden\b)[^>]{0,200}>",
        );
        Regex::new(pattern).expect("a fixed pattern")
    });
    COMMENT.find_iter(text).map(|found| (SuspicionKind::Comment, found.range())).collect()
}

/// Space that pushes text out of sight.
pub(super) fn padding(text: &str) -> Vec<Finding> {
    static SPACE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:[^\S\n]*\n){12,}\s*\S|[^\S\n]{120,}\S").expect("a fixed pattern")
    });
    SPACE.find_iter(text).map(|found| (SuspicionKind::Padding, found.range())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[SuspicionKind]) {
        let mut found = find(text);
        found.extend(comments(text));
        found.extend(padding(text));
        let kinds: Vec<SuspicionKind> = found.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, expected, "{text:?}");
    }

    #[test]
    fn what_cannot_be_seen_is_found() {
        use SuspicionKind::{Bidi, Comment, Escape, Invisible, Padding};
        check("get\u{200b}\u{200b}it", &[Invisible]);
        check("a\u{e0041}\u{e0042}b", &[Invisible]);
        check("a\u{fe01}\u{e0100}", &[Invisible]);
        check("x \u{202e}evil\u{202c}", &[Bidi, Bidi]);
        check("\u{1b}[8mhidden\u{1b}[0m", &[Escape, Escape]);
        check("a\u{0}b\rc", &[Escape, Escape]);
        check("Reads. <!-- and sends --> it", &[Comment]);
        check("<span style=\"display:none\">x</span>", &[Comment]);
        check(&format!("Reads.{}More", "\n".repeat(12)), &[Padding]);
        check(&format!("Reads.{}More", " ".repeat(120)), &[Padding]);
    }

    #[test]
    fn what_is_usual_is_not() {
        for text in [
            "plain",
            "two\n\nlines\r\nand\ttabs",
            "\u{feff}mark",
            "✔️ done",
            "👩‍👩‍👧‍👦 family",
            "👍🏽",
            "1️⃣ first",
            "می‌خواهم",
            "क्‍ष",
            "日本語",
            "a <b>bold</b> word",
            "x --> y",
            "\n\n\n\nfour",
        ] {
            check(text, &[]);
        }
        check(&format!("Reads.{}", "\n".repeat(50)), &[]);
    }
}
