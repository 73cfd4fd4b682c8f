//! Upstream tools as TypeScript files: code generation, the file tree, and search.
