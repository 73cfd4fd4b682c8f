//! `[search]`: how tools are found.

use std::path::PathBuf;

use crate::{Source, node::Node, reader::Reader, settings::Settings};

pub(crate) const SEARCH: [&str; 1] = ["embeddings"];

/// How tools are found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchConfig {
    /// The folder of a sentence embedding model; without one, tools are found by their words
    /// alone.
    pub embeddings: Option<PathBuf>,
}

impl SearchConfig {
    pub(crate) fn shown(&self) -> [(String, String); 1] {
        let folder = self.embeddings.as_ref().map(|path| path.display().to_string());
        [("search.embeddings".to_owned(), folder.unwrap_or_else(|| "off".to_owned()))]
    }
}

impl Settings {
    pub(crate) fn read_search(
        &mut self,
        reader: &mut Reader<'_>,
        source: &Source<'_>,
        table: &Node<'_>,
    ) {
        for (key, node) in reader.table(table, "search") {
            match key.as_str() {
                "embeddings" => {
                    let Some(path) = reader.text(node, key) else { continue };
                    if self.is_first("search.embeddings", node) {
                        self.search.embeddings = Some(source.folder.join(path.value));
                    }
                }
                _ => reader.unknown(node, key, &SEARCH, true),
            }
        }
    }
}
