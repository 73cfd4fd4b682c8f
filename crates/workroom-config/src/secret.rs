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

/// An address whose user information, query and fragment may hold credentials, and its path
/// too where variables made it.
#[derive(Clone, PartialEq, Eq)]
pub struct DisplayUrl {
    url: String,
    is_path_shown: bool,
}

impl DisplayUrl {
    /// Keeps the secret parts of `url` from being shown.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), is_path_shown: true }
    }

    /// An address made by putting variables into `template`: a path that is not written there
    /// may hold a key, as the addresses of hosted servers do.
    pub fn from_template(url: impl Into<String>, template: &str) -> Self {
        let url = url.into();
        let is_path_shown = template.contains(parts(&url).path);
        Self { url, is_path_shown }
    }

    /// The whole address.
    pub fn expose(&self) -> &str {
        &self.url
    }
}

struct Parts<'u> {
    scheme: &'u str,
    has_user: bool,
    host: &'u str,
    path: &'u str,
    /// `?`, `#` or nothing.
    rest: &'u str,
}

/// Takes any text apart, so that a secret is hidden also in an address that is not valid.
fn parts(url: &str) -> Parts<'_> {
    let (address, rest) = match url.find(['?', '#']) {
        Some(at) => (&url[..at], &url[at..=at]),
        None => (url, ""),
    };
    let after = address.find("://").map_or(0, |at| at + 3);
    let (scheme, address) = address.split_at(after);
    let (authority, path) = address.split_at(address.find('/').unwrap_or(address.len()));
    let (has_user, host) = match authority.rfind('@') {
        Some(at) => (true, &authority[at + 1..]),
        None => (false, authority),
    };
    Parts { scheme, has_user, host, path, rest }
}

impl fmt::Display for DisplayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { scheme, has_user, host, path, rest } = parts(&self.url);
        let user = if has_user { "•••@" } else { "" };
        let path = if self.is_path_shown { path } else { "/•••" };
        let hidden = if rest.is_empty() { "" } else { "•••" };
        write!(f, "{scheme}{user}{host}{path}{rest}{hidden}")
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
            ("https://crm.example.com/#y", "https://crm.example.com/#•••"),
            ("u:p@host", "•••@host"),
            ("https://u:a@b@host", "https://•••@host"),
        ] {
            assert_eq!(DisplayUrl::new(url).to_string(), shown);
            assert_eq!(format!("{:?}", DisplayUrl::new(url)), shown);
        }
        assert_eq!(format!("{0} {0:?}", Secret::new("hunter2")), "••• •••");
    }

    #[test]
    fn a_path_that_variables_made_is_not_shown() {
        for (template, url, shown) in [
            ("https://${HOST}/mcp", "https://h.example/mcp", "https://h.example/mcp"),
            ("https://h/s/${KEY}/mcp", "https://h/s/hunter2/mcp", "https://h/•••"),
            ("${URL}", "https://h/s/hunter2", "https://h/•••"),
            ("${URL:-http://h/mcp}", "http://h/mcp", "http://h/mcp"),
            ("${URL}", "https://h", "https://h"),
            ("https://h/mcp?k=${KEY}", "https://h/mcp?k=hunter2", "https://h/mcp?•••"),
        ] {
            assert_eq!(DisplayUrl::from_template(url, template).to_string(), shown);
        }
    }
}
