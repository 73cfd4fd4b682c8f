//! What is wrong with a folder that is to be a skill.

use thiserror::Error;

use crate::BadName;

/// One reason why files are no skill. Paths and keys are shown with control characters escaped.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// The name.
    #[error(transparent)]
    Name(#[from] BadName),
    /// A file that must be there is not.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A file is not one that a skill has.
    #[error(
        "`{0}` is no file of a skill: there are `SKILL.md`, `index.ts` and `tests/<case>.json`"
    )]
    Unknown(String),
    /// A path leads out of the folder, or is written so that it may.
    #[error("`{0}` is no safe path")]
    Path(String),
    /// Two files have one path, or differ in case alone.
    #[error("`{0}` is there twice")]
    Twice(String),
    /// The frontmatter cannot be read.
    #[error("the frontmatter of `SKILL.md` cannot be read: {0}")]
    Frontmatter(String),
    /// A field of the frontmatter is missing or not of the right kind.
    #[error("`{field}` in `SKILL.md` {what}")]
    Field {
        /// Its name.
        field: String,
        /// A clause such as "is missing".
        what: String,
    },
    /// A case cannot be read.
    #[error("`{path}` is no recorded case: {what}")]
    Case {
        /// Its file.
        path: String,
        /// Why.
        what: String,
    },
    /// The code is nothing that can be called.
    #[error("`index.ts` {0}")]
    Code(String),
    /// Something is larger than it may be.
    #[error("{what} has {size} {unit}, more than the limit of {max}")]
    TooLarge {
        /// What, in words or as a path.
        what: String,
        /// How large it is.
        size: usize,
        /// How large it may be.
        max: usize,
        /// What is counted.
        unit: &'static str,
    },
}

impl Problem {
    pub(crate) fn field(field: &str, what: impl Into<String>) -> Self {
        Self::Field { field: visible(field), what: what.into() }
    }

    /// The problem that `size` is past `max`, if it is.
    pub(crate) fn past(
        what: impl Into<String>,
        size: usize,
        max: usize,
        unit: &'static str,
    ) -> Option<Self> {
        (size > max).then(|| Self::TooLarge { what: what.into(), size, max, unit })
    }
}

/// `text` for a message: short, with nothing in it that a terminal obeys or that cannot be seen.
pub(crate) fn visible(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 120;
    let mut shown: String =
        text.chars().take(SHOWN_CHARS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}
