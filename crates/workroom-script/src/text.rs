//! Places in a text: offsets turned into positions, and back.
//!
//! # Invariants
//!
//! * Lines end at `\n`, `\r\n` and `\r`, as in an editor. U+2028 and U+2029 end none.

use crate::diagnostic::Position;

/// From counting from 0 to counting from 1.
fn count(from_zero: usize) -> u32 {
    u32::try_from(from_zero).unwrap_or(u32::MAX - 1) + 1
}

/// Finds places in a text, in constant time wherever they are.
#[derive(Debug)]
pub(crate) struct TextIndex<'t> {
    text: &'t str,
    /// Where each line starts.
    lines: Vec<usize>,
    /// How much lies before each [`STRIDE`]th byte; empty if all is ASCII.
    marks: Vec<Mark>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    chars: usize,
    utf16: usize,
}

const STRIDE: usize = 64;

impl<'t> TextIndex<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self::with_breaks(text, false)
    }

    /// As oxc's source maps count lines: U+2028 and U+2029 end one too.
    pub(crate) fn of_source_map(text: &'t str) -> Self {
        Self::with_breaks(text, true)
    }

    fn with_breaks(text: &'t str, separators: bool) -> Self {
        let bytes = text.as_bytes();
        let mut lines = vec![0];
        for (at, byte) in bytes.iter().enumerate() {
            let ends = match byte {
                b'\n' => true,
                b'\r' => bytes.get(at + 1) != Some(&b'\n'),
                // The last byte of U+2028 and U+2029.
                0xA8 | 0xA9 => separators && at >= 2 && bytes[at - 2..at] == [0xE2, 0x80],
                _ => false,
            };
            if ends {
                lines.push(at + 1);
            }
        }
        let mut marks = Vec::new();
        if !text.is_ascii() {
            let mut mark = Mark::default();
            for (at, char) in text.char_indices() {
                while marks.len() * STRIDE <= at {
                    marks.push(mark);
                }
                mark.chars += 1;
                mark.utf16 += char.len_utf16();
            }
            // A text's last stride may hold only the rest of a character.
            while marks.len() * STRIDE <= text.len() {
                marks.push(mark);
            }
        }
        TextIndex { text, lines, marks }
    }

    /// The position of the character at `offset`, or of the text's end.
    pub(crate) fn position(&self, offset: usize) -> Position {
        let offset = self.floor(offset);
        let line = self.lines.partition_point(|start| *start <= offset) - 1;
        let mut column = self.before(offset).chars - self.before(self.lines[line]).chars;
        if line == 0 && self.text.starts_with('\u{FEFF}') {
            column = column.saturating_sub(1);
        }
        Position { line: count(line), column: count(column) }
    }

    /// The offset of the character at `position`, or of its line's end.
    pub(crate) fn offset_of(&self, position: Position) -> usize {
        let line = position.line.max(1) as usize - 1;
        let Some(&start) = self.lines.get(line) else { return self.text.len() };
        let end = self.lines.get(line + 1).map_or(self.text.len(), |next| next - 1);
        let mark = usize::from(line == 0 && self.text.starts_with('\u{FEFF}'));
        let column = position.column.max(1) as usize - 1 + mark;
        let mut chars = self.text[start..end].char_indices();
        chars.nth(column).map_or(end, |(at, _)| start + at)
    }

    /// As [`TextIndex::position`], with the column in bytes.
    pub(crate) fn byte_position(&self, offset: usize) -> Position {
        let line = self.lines.partition_point(|start| *start <= offset) - 1;
        Position { line: count(line), column: count(offset - self.lines[line]) }
    }

    /// The offset of a place in a source map, where both count from 0 and columns in UTF-16.
    pub(crate) fn offset(&self, line: u32, column: u32) -> usize {
        let Some(&start) = self.lines.get(line as usize) else { return self.text.len() };
        let column = column as usize;
        if self.marks.is_empty() {
            return (start + column).min(self.text.len());
        }
        let wanted = self.before(start).utf16 + column;
        let mark = self.marks.partition_point(|mark| mark.utf16 <= wanted).saturating_sub(1);
        let mut at = self.ceil(mark * STRIDE);
        let mut utf16 = self.marks[mark].utf16;
        for char in self.text[at..].chars() {
            if utf16 >= wanted {
                break;
            }
            utf16 += char.len_utf16();
            at += char.len_utf8();
        }
        at
    }

    /// What lies before `offset`, which is a character's start.
    fn before(&self, offset: usize) -> Mark {
        if self.marks.is_empty() {
            return Mark { chars: offset, utf16: offset };
        }
        let stride = offset / STRIDE;
        let Mark { mut chars, mut utf16 } = self.marks[stride];
        let start = self.ceil(stride * STRIDE).min(offset);
        for char in self.text[start..offset].chars() {
            chars += 1;
            utf16 += char.len_utf16();
        }
        Mark { chars, utf16 }
    }

    fn floor(&self, offset: usize) -> usize {
        self.text.floor_char_boundary(offset)
    }

    fn ceil(&self, offset: usize) -> usize {
        self.text.ceil_char_boundary(offset)
    }
}
