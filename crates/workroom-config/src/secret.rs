//! Values that must not be shown: they print as dots, and come out only through
//! `expose`, which is easy to search for.

use std::fmt;

/// A value such as a header or a variable, which may hold a credential.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `value` from being shown.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

/// An address whose user information and query may hold credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct DisplayUrl(String);

impl DisplayUrl {
    /// Keeps the secret parts of `url` from being shown.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The whole address.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DisplayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, hidden) = match self.0.find(['?', '#']) {
            Some(at) => (&self.0[..at], "?•••"),
            None => (self.0.as_str(), ""),
        };
        let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
        let authority = rest.find('/').unwrap_or(rest.len());
        match rest[..authority].rfind('@') {
            Some(at) => write!(f, "{scheme}://•••@{}{hidden}", &rest[at + 1..]),
            None => write!(f, "{address}{hidden}"),
        }
    }
}

impl fmt::Debug for DisplayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_hold_a_credential_is_not_shown() {
        for (url, shown) in [
            ("https://crm.example.com/mcp", "https://crm.example.com/mcp"),
            ("https://u:p@crm.example.com/mcp", "https://•••@crm.example.com/mcp"),
            ("https://crm.example.com/mcp?key=k", "https://crm.example.com/mcp?•••"),
            ("https://crm.example.com/a@b?x#y", "https://crm.example.com/a@b?•••"),
            ("https://u:a@b@host", "https://•••@host"),
        ] {
            assert_eq!(DisplayUrl::new(url).to_string(), shown);
            assert_eq!(format!("{:?}", DisplayUrl::new(url)), shown);
        }
        assert_eq!(format!("{0} {0:?}", Secret::new("hunter2")), "••• •••");
    }
}
