//! From a syntax tree to text, with the way back.

use std::path::PathBuf;

use oxc::{
    ast::ast::Program,
    codegen::{Codegen, CodegenOptions, CommentOptions},
};

use crate::{map::SourceMap, text::TextIndex};

/// Printed code.
pub(crate) struct Printed {
    pub(crate) code: String,
    pub(crate) map: SourceMap,
}

/// Prints `program`, which was parsed from `text`; `index` is of the text that the agent sent.
pub(crate) fn print(program: &Program<'_>, text: &str, index: &TextIndex<'_>) -> Printed {
    let options = CodegenOptions {
        comments: CommentOptions::disabled(),
        source_map_path: Some(PathBuf::from("script.ts")),
        ..CodegenOptions::default()
    };
    let printed = Codegen::new().with_options(options).build(program);
    let map = printed.map.map(|map| {
        let places = map.get_tokens().map(|token| {
            let generated = (token.get_dst_line(), token.get_dst_col());
            (generated, (token.get_src_line(), token.get_src_col()))
        });
        SourceMap::new(places, &printed.code, text, index)
    });
    Printed { map: map.unwrap_or_default(), code: printed.code }
}
