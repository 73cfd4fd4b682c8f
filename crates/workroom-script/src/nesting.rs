//! Bounds how deeply a text can nest before a parser that recurses is let at it.
//!
//! Each level of a syntax tree needs at least one token that opens it, so the tokens of a text
//! bound its depth. Most scripts pass by that count alone. A longer text is read more closely:
//! along the text, a running depth adds up the open brackets and what else can nest without
//! any (operators, ternaries, `else if`, arrows, generics).
//!
//! # Invariants
//!
//! * [`depth`] never says less than the depth of the tree that oxc would build.
//! * Where it cannot be sure what a `/` is, it counts for both readings or refuses.

use crate::diagnostic::{Diagnostic, DiagnosticKind};
use crate::text::TextIndex;

/// The deepest nesting that is compiled. Hand-written code stays below a hundred; chains of
/// operators and calls count too, so machine-written code comes nearer.
pub const NESTING_MAX: usize = 6_000;

/// What a thread needs for any text.
const STACK_MIN: usize = 1 << 20;

/// What one level may need. With optimised dependencies 2 KiB were enough for every way to nest,
/// and 1 KiB was not; the rest is for builds that optimise nothing.
const STACK_PER_LEVEL: usize = 16 << 10;

/// The stack that compiling a text of this depth may need. It is reserved, not used.
pub(crate) fn stack_bytes(depth: usize) -> usize {
    STACK_MIN + depth * STACK_PER_LEVEL
}

/// A depth that the syntax tree of `source` does not exceed; an error past [`NESTING_MAX`].
pub(crate) fn depth(source: &str) -> Result<usize, Box<Diagnostic>> {
    let tokens = count_tokens(source.as_bytes());
    if tokens <= NESTING_MAX {
        return Ok(tokens);
    }
    let mut scan = Scan::new(source.as_bytes());
    scan.run().map_err(|()| {
        Box::new(Diagnostic {
            kind: DiagnosticKind::TooComplex,
            message: format!("the script nests deeper than {NESTING_MAX} levels"),
            position: TextIndex::new(source).position(scan.at),
            hint: Some("read data by tools, end statements with `;`, or split the script".into()),
            signature: None,
        })
    })?;
    Ok(scan.deepest)
}

/// Words and all characters that can open or continue something.
fn count_tokens(bytes: &[u8]) -> usize {
    let mut count = 0;
    let mut in_word = false;
    for &byte in bytes {
        let word = is_word(byte);
        count += usize::from(word && !in_word) + usize::from(opens(byte));
        in_word = word;
    }
    count
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

fn opens(byte: u8) -> bool {
    byte.is_ascii_punctuation()
        && !matches!(byte, b'_' | b'$' | b',' | b';' | b')' | b']' | b'}' | b'"' | b'\'')
}

/// Words after which a statement or class follows that can hold another, and so on, past `;`.
const HOLDING: &[&[u8]] = &[
    b"if",
    b"else",
    b"for",
    b"while",
    b"do",
    b"with",
    b"try",
    b"catch",
    b"finally",
    b"switch",
    b"function",
    b"class",
];

/// Words after which a `/` starts a regular expression.
const PREFIX: &[&[u8]] = &[
    b"return",
    b"typeof",
    b"case",
    b"in",
    b"instanceof",
    b"new",
    b"delete",
    b"void",
    b"throw",
    b"do",
    b"else",
    b"await",
    b"yield",
    b"extends",
    b"default",
];

/// One pair of brackets that is open.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// What may nest until the next `,` or `;`.
    chain: usize,
    /// What may nest until the bracket closes.
    held: usize,
    /// Whether the bracket is a template's `${`.
    template: bool,
}

/// What the last token says about a `/` that follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Operator,
    Operand,
    Unsure,
}

struct Scan<'t> {
    bytes: &'t [u8],
    at: usize,
    levels: Vec<Level>,
    /// The sum over all levels.
    depth: usize,
    deepest: usize,
    before: Before,
    /// Until here closing brackets are not believed.
    distrust: usize,
}

impl<'t> Scan<'t> {
    fn new(bytes: &'t [u8]) -> Self {
        Scan {
            bytes,
            at: 0,
            levels: vec![Level::default()],
            depth: 0,
            deepest: 0,
            before: Before::Operator,
            distrust: 0,
        }
    }

    fn run(&mut self) -> Result<(), ()> {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                b'"' | b'\'' => self.string(byte),
                b'`' => {
                    self.grow()?;
                    self.at += 1;
                    self.template()?;
                }
                b'/' => self.slash()?,
                b'(' | b'[' | b'{' => self.open(false)?,
                b')' | b']' | b'}' => self.close()?,
                b',' | b';' => self.separate(),
                byte if is_word(byte) => self.word()?,
                byte => self.operator(byte)?,
            }
        }
        Ok(())
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn level(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    fn deepen(&mut self) -> Result<(), ()> {
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        if self.depth > NESTING_MAX { Err(()) } else { Ok(()) }
    }

    /// One more that may nest until the next separator.
    fn grow(&mut self) -> Result<(), ()> {
        self.level().chain += 1;
        self.deepen()
    }

    /// One more that may nest until the bracket closes.
    fn hold(&mut self) -> Result<(), ()> {
        self.level().held += 1;
        self.deepen()
    }

    fn open(&mut self, template: bool) -> Result<(), ()> {
        // It counts for its parent, as calls of calls nest; its own content comes on top.
        self.grow()?;
        self.levels.push(Level { template, ..Level::default() });
        self.at += 1;
        self.before = Before::Operator;
        Ok(())
    }

    fn close(&mut self) -> Result<(), ()> {
        let bracket = self.bytes[self.at];
        self.at += 1;
        self.before = if bracket == b']' { Before::Operand } else { Before::Unsure };
        if self.at <= self.distrust || self.levels.len() == 1 {
            return Ok(());
        }
        let Some(level) = self.levels.pop() else { return Ok(()) };
        self.depth -= level.chain + level.held;
        if level.template { self.template() } else { Ok(()) }
    }

    fn separate(&mut self) {
        let chain = std::mem::take(&mut self.level().chain);
        self.depth -= chain;
        self.at += 1;
        self.before = Before::Operator;
    }

    fn word(&mut self) -> Result<(), ()> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(|byte| is_word(*byte)) {
            self.at += 1;
        }
        let word = &self.bytes[start..self.at];
        self.before = if PREFIX.contains(&word) {
            Before::Operator
        } else if word == b"of" {
            Before::Unsure
        } else {
            Before::Operand
        };
        if HOLDING.contains(&word) { self.hold() } else { self.grow() }
    }

    fn operator(&mut self, byte: u8) -> Result<(), ()> {
        let rest = &self.bytes[self.at..];
        if rest.starts_with(b"<!--") || rest.starts_with(b"-->") {
            // The parser may take the rest of the line as a comment.
            return Err(());
        }
        let twice = self.peek(1) == Some(byte);
        self.at += 1;
        self.before = match byte {
            b'+' | b'-' if twice || self.before == Before::Unsure => Before::Unsure,
            // TypeScript's `value!`.
            b'!' => Before::Unsure,
            _ => Before::Operator,
        };
        // `a < b` and `A<B, C<D, …>>` look alike, and generics nest across commas.
        if byte == b'<' { self.hold() } else { self.grow() }
    }

    fn string(&mut self, quote: u8) {
        self.at += 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'\n' | b'\r' => break,
                byte if byte == quote => break,
                _ => {}
            }
        }
        self.before = Before::Operand;
    }

    /// The rest of a template, to its end or to its next `${`.
    fn template(&mut self) -> Result<(), ()> {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\\' => self.at += 2,
                b'`' => {
                    self.at += 1;
                    self.before = Before::Operand;
                    return Ok(());
                }
                b'$' if self.peek(1) == Some(b'{') => {
                    self.at += 1;
                    return self.open(true);
                }
                _ => self.at += 1,
            }
        }
        Ok(())
    }

    fn skip_line(&mut self) {
        while self.peek(0).is_some_and(|byte| byte != b'\n' && byte != b'\r') {
            self.at += 1;
        }
    }

    fn slash(&mut self) -> Result<(), ()> {
        match (self.peek(1), self.before) {
            (Some(b'/'), _) => self.skip_line(),
            (Some(b'*'), _) => {
                let body = &self.bytes[self.at + 2..];
                let end = body.windows(2).position(|pair| pair == b"*/");
                self.at = end.map_or(self.bytes.len(), |end| self.at + 2 + end + 2);
            }
            (_, Before::Operand) => self.operator(b'/')?,
            (_, Before::Operator) => self.regex()?,
            (_, Before::Unsure) => {
                let rest = &self.bytes[self.at + 1..];
                let line = rest.iter().take_while(|byte| !matches!(byte, b'\n' | b'\r')).count();
                let rest = &rest[..line];
                if rest.contains(&b'/') {
                    // It may be either: go on as for a division, and believe no closing bracket
                    // that might be inside a regular expression.
                    if rest.iter().any(|byte| matches!(byte, b'"' | b'\'' | b'`'))
                        || rest.windows(2).any(|pair| pair == b"/*")
                    {
                        return Err(());
                    }
                    self.distrust = self.at + 1 + line;
                }
                self.operator(b'/')?;
            }
        }
        Ok(())
    }

    fn regex(&mut self) -> Result<(), ()> {
        self.grow()?;
        self.at += 1;
        let mut in_class = false;
        let mut groups = 0;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'[' => in_class = true,
                b']' => in_class = false,
                // The parser of regular expressions recurses too.
                b'(' => groups += 1,
                b'/' if !in_class => break,
                b'\n' | b'\r' => break,
                _ => {}
            }
        }
        self.deepest = self.deepest.max(self.depth + groups);
        self.before = Before::Operand;
        if self.depth + groups > NESTING_MAX { Err(()) } else { Ok(()) }
    }
}
