//! `${VAR}` and `${VAR:-default}` in configured texts.
//!
//! `${VAR}` is the variable's value; it is an error if the variable is unset.
//! `${VAR:-default}` is `default` if the variable is unset or empty, as in a
//! shell; a default is taken as it is and cannot hold `}` or `${`. `$${` stands for a
//! literal `${`. Any other `$` is itself. What a variable holds is not expanded again.
//!
//! Other clients write `${env:VAR}` for `${VAR}`; both are read.

/// A text with its variables replaced.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expanded {
    pub(crate) text: String,
    /// The variables that it was made with, in order.
    pub(crate) variables: Vec<String>,
}

/// Why a text cannot be expanded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ExpandError {
    /// The variable is unset and has no default.
    Unset(String),
    /// `${` without a name or without `}`, or within a default. It is not quoted: what follows
    /// may be a password that happens to hold `${`.
    Malformed,
}

pub(crate) fn expand(
    text: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Expanded, ExpandError> {
    let mut expanded = Expanded { text: String::new(), variables: Vec::new() };
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            expanded.text.push_str(&rest[..at - 1]);
            expanded.text.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        expanded.text.push_str(&rest[..at]);
        let (inside, after) = rest[at + 2..].split_once('}').ok_or(ExpandError::Malformed)?;
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        let name = name.strip_prefix("env:").unwrap_or(name);
        let is_name = !name.starts_with(|c: char| c.is_ascii_digit())
            && !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name || default.is_some_and(|default| default.contains("${")) {
            return Err(ExpandError::Malformed);
        }
        match (env(name), default) {
            (Some(value), None) => expanded.text.push_str(&value),
            (Some(value), Some(_)) if !value.is_empty() => expanded.text.push_str(&value),
            (_, Some(default)) => expanded.text.push_str(default),
            (None, None) => return Err(ExpandError::Unset(name.to_owned())),
        }
        if !expanded.variables.iter().any(|known| known == name) {
            expanded.variables.push(name.to_owned());
        }
        rest = after;
    }
    expanded.text.push_str(rest);
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let env = |name: &str| match name {
            "HOME" => Some("/h".to_owned()),
            "EMPTY" => Some(String::new()),
            "MONEY" => Some("${HOME}".to_owned()),
            _ => None,
        };
        let result = expand(text, &env).map(|expanded| expanded.text);
        let result = result.map_err(|error| match error {
            ExpandError::Unset(name) => format!("unset {name}"),
            ExpandError::Malformed => "malformed".to_owned(),
        });
        assert_eq!(result.as_deref().map_err(String::as_str), expected, "{text}");
    }

    #[test]
    fn variables_and_defaults() {
        check("a${HOME}b${HOME}", Ok("a/hb/h"));
        check("${NOPE:-d}", Ok("d"));
        check("${NOPE:-}", Ok(""));
        check("${EMPTY:-d}", Ok("d"));
        check("${EMPTY}", Ok(""));
        check("${NOPE}", Err("unset NOPE"));
        check("${NOPE:-a:-b}", Ok("a:-b"));
        check("${env:HOME}/${env:NOPE:-d}", Ok("/h/d"));
    }

    #[test]
    fn what_is_no_variable_stays() {
        check("$HOME costs $5 and $", Ok("$HOME costs $5 and $"));
        check("$${HOME}", Ok("${HOME}"));
        check("$${", Ok("${"));
        check("$$${HOME}", Ok("$${HOME}"));
        check("$${A}${HOME}", Ok("${A}/h"));
        check("${MONEY}", Ok("${HOME}"));
    }

    #[test]
    fn a_broken_variable_is_told() {
        check("x${HOME", Err("malformed"));
        check("${}", Err("malformed"));
        check("${1A}", Err("malformed"));
        check("${A B}", Err("malformed"));
        check("${HOME-x}", Err("malformed"));
        check("${NOPE:-${HOME}}", Err("malformed"));
        check("${input:key}", Err("malformed"));
        check("${é}", Err("malformed"));
    }
}
