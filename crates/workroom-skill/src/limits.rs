//! How large a skill may be. What is past a limit is refused, never cut.

/// The most characters of a name, as the Agent Skills format has it.
pub const NAME_CHARS_MAX: usize = 64;

/// The most characters of a description, as the format has it: it stands in every list of skills.
pub const DESCRIPTION_CHARS_MAX: usize = 1_024;

/// The most characters of `compatibility`, as the format has it.
pub const COMPATIBILITY_CHARS_MAX: usize = 500;

/// The most characters of `license`: a name, or the name of a file.
pub const LICENSE_CHARS_MAX: usize = 200;

/// A body has fewer o200k tokens than this, as the format recommends: an agent reads it whole.
pub const BODY_TOKENS: usize = 5_000;

/// The most entries of `metadata`, and the most characters of a key or a value of it.
pub const METADATA_ENTRIES_MAX: usize = 64;
/// See [`METADATA_ENTRIES_MAX`].
pub const METADATA_CHARS_MAX: usize = 1_024;

/// The most entries of `allowed-tools`, and the most characters of one.
pub const ALLOWED_TOOLS_MAX: usize = 256;
/// See [`ALLOWED_TOOLS_MAX`].
pub const ALLOWED_TOOL_CHARS_MAX: usize = 256;

/// The most bytes of `SKILL.md`: room for the longest body, and the frontmatter.
pub const SKILL_MD_BYTES_MAX: usize = 128 * 1024;

/// The most bytes of `index.ts`: no more than a script may have by default.
pub const CODE_BYTES_MAX: usize = 256 * 1024;

/// The most recorded cases.
pub const CASES_MAX: usize = 50;

/// The most bytes of one case's file: whole pages of answers fit, a database does not.
pub const CASE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The most recorded calls of one case: as many as a run may make by default.
pub const CALLS_MAX: usize = 10_000;

/// The most bytes of all files together.
pub const PACKAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The most files that are looked at.
pub const FILES_MAX: usize = CASES_MAX + 2;
