//! The way back from generated code to the agent's text.

use crate::{diagnostic::Position, text::TextIndex};

/// Which place in the agent's text a place in the code came from.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourceMap {
    /// In the order of the code.
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Which text it is of: 0 for the script's own, and from 1 on for the skills beside it.
    file: u32,
    /// Its column is in bytes.
    generated: Position,
    original: Position,
}

impl SourceMap {
    /// From pairs of generated and original places, as source maps have them: lines and
    /// columns from 0, columns in UTF-16.
    pub(crate) fn new(
        places: impl Iterator<Item = ((u32, u32), (u32, u32))>,
        code: &str,
        text: &str,
        index: &TextIndex<'_>,
    ) -> Self {
        let code_places = TextIndex::of_source_map(code);
        let code_index = TextIndex::new(code);
        let text_places = TextIndex::of_source_map(text);
        let mut entries: Vec<Entry> = places
            .map(|(generated, original)| Entry {
                file: 0,
                generated: code_index.byte_position(code_places.offset(generated.0, generated.1)),
                original: index.position(text_places.offset(original.0, original.1)),
            })
            .collect();
        entries.sort_by_key(|entry| entry.generated);
        SourceMap { entries }
    }

    /// Adds the map of a text numbered `file`, whose code begins after `lines` lines of this one's.
    pub(crate) fn append(&mut self, other: SourceMap, lines: u32, file: u32) {
        let moved = other.entries.into_iter().map(|mut entry| {
            entry.generated.line = entry.generated.line.saturating_add(lines);
            entry.file += file;
            entry
        });
        self.entries.extend(moved);
    }

    /// The original of the nearest place at or before this one, on the same line, and the number
    /// of its text.
    pub(crate) fn original(&self, line: u32, column: u32) -> Option<(u32, Position)> {
        let wanted = Position { line, column };
        let after = self.entries.partition_point(|entry| entry.generated <= wanted);
        let entry = self.entries[..after].last().filter(|entry| entry.generated.line == line);
        // An engine may give the column of a statement's `return` or `throw`, before any place.
        let entry =
            entry.or_else(|| self.entries.get(after).filter(|entry| entry.generated.line == line));
        entry.map(|entry| (entry.file, entry.original))
    }
}
