//! A value that must not be shown: it redacts in every formatter, and is zeroed when dropped.

use std::fmt;

use zeroize::Zeroizing;

/// A personal value. It comes out through [`Secret::expose`] only, which is easy to search for.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Box<str>>);

impl Secret {
    /// Takes `value` in.
    pub fn new(value: &str) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The value.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_formatter_shows_it() {
        let secret = Secret::new("ada@example.org");
        let shown = format!("{secret} {secret:?} {secret:#?} {secret:>40} {:?}", Some(&secret));
        assert!(!shown.contains("ada"), "{shown}");
        assert_eq!(secret.expose(), "ada@example.org");
    }
}
