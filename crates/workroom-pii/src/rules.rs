//! Paths that the user masks or clears: `$.patient.**`, `$.items[].order.*`.
//!
//! A pattern is `$` and then steps: `.key` (a key by its exact name), `.*` (any key), `.**` (any
//! number of steps, none included) and `[]` (into an array or a map; `[*]` is the same). A key
//! that is no word is quoted: `.["first name"]`.

/// A pattern over the paths of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    AnyKey,
    AnyDepth,
    Index,
}

/// A pattern that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no path pattern: {reason}; an example is `$.customer.*`")]
pub struct PatternError {
    pattern: String,
    reason: &'static str,
}

/// One step of a value's own path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At<'a> {
    Key(&'a str),
    Index,
}

impl PathPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// [`PatternError`] where it does not begin with `$`, or a step is not one of those above.
    pub fn parse(pattern: &str) -> Result<PathPattern, PatternError> {
        let error = |reason| PatternError { pattern: pattern.to_owned(), reason };
        let mut rest = pattern.strip_prefix('$').ok_or(error("it does not begin with `$`"))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("[]").or_else(|| rest.strip_prefix("[*]")) {
                steps.push(Step::Index);
                rest = after;
            } else if let Some(after) =
                rest.strip_prefix(".[\"").or_else(|| rest.strip_prefix("[\""))
            {
                let end = after.find("\"]").ok_or(error("a quoted key has no end"))?;
                steps.push(Step::Key(after[..end].to_owned()));
                rest = &after[end + 2..];
            } else if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                steps.push(match &after[..end] {
                    "" => return Err(error("a step is empty")),
                    "*" => Step::AnyKey,
                    "**" => Step::AnyDepth,
                    key if key.contains('*') => {
                        return Err(error("`*` stands for a whole key only"));
                    }
                    key => Step::Key(key.to_owned()),
                });
                rest = &after[end..];
            } else {
                return Err(error("a step begins with `.` or `[`"));
            }
        }
        Ok(PathPattern { steps })
    }

    /// Whether the pattern covers this path. `[]` may be left out where the path goes into an
    /// array: `$.items.name` is `$.items[].name` too.
    pub(crate) fn covers(&self, path: &[At<'_>]) -> bool {
        // Which steps of the pattern may come next: a set, so the work is bounded by the product.
        let count = self.steps.len();
        let mut now = vec![false; count + 1];
        now[0] = true;
        self.skip_depths(&mut now);
        for at in path {
            let mut next = vec![false; count + 1];
            for (index, step) in self.steps.iter().enumerate() {
                if !now[index] {
                    continue;
                }
                match (step, at) {
                    (Step::Key(key), At::Key(name)) if key == name => next[index + 1] = true,
                    (Step::AnyKey, At::Key(_)) | (Step::Index, At::Index) => {
                        next[index + 1] = true;
                    }
                    (Step::AnyDepth, _) | (_, At::Index) => next[index] = true,
                    _ => {}
                }
            }
            // An index after the pattern's last step is still the value that it names.
            if now[count] && *at == At::Index {
                next[count] = true;
            }
            self.skip_depths(&mut next);
            now = next;
        }
        now[count]
    }

    fn skip_depths(&self, states: &mut [bool]) {
        for (index, step) in self.steps.iter().enumerate() {
            if states[index] && *step == Step::AnyDepth {
                states[index + 1] = true;
            }
        }
    }
}

/// What the user said of one server's values, or of all.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The server that they hold for; `None` for all.
    pub server: Option<String>,
    /// Paths whose values are masked whole.
    pub mask: Vec<PathPattern>,
    /// Paths whose values are left as they are, but for credentials.
    pub clear: Vec<PathPattern>,
}

/// What the rules say of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Mask,
    Clear,
    Silent,
}

impl Rules {
    pub(crate) fn holds_for(&self, server: &str) -> bool {
        self.server.as_deref().is_none_or(|name| name == server)
    }
}

/// What `rules` say of the value at `path`: a `clear` weighs more than a `mask`, because it is how
/// one takes a field out of a wider mask.
pub(crate) fn verdict(rules: &[&Rules], path: &[At<'_>]) -> Verdict {
    if rules.iter().any(|r| r.clear.iter().any(|pattern| pattern.covers(path))) {
        Verdict::Clear
    } else if rules.iter().any(|r| r.mask.iter().any(|pattern| pattern.covers(path))) {
        Verdict::Mask
    } else {
        Verdict::Silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, path: &str, expected: bool) {
        let path: Vec<At<'_>> = path
            .split('.')
            .flat_map(|step| {
                let key = step.trim_end_matches("[]");
                let indexes = (step.len() - key.len()) / 2;
                let key = (!key.is_empty()).then_some(At::Key(key));
                key.into_iter().chain(std::iter::repeat_n(At::Index, indexes))
            })
            .collect();
        let pattern = PathPattern::parse(pattern).unwrap();
        assert_eq!(pattern.covers(&path), expected, "{pattern:?} {path:?}");
    }

    #[test]
    fn patterns_cover_paths() {
        check("$.patient.**", "patient.name.family", true);
        check("$.patient.**", "patient", true);
        check("$.patient.**", "doctor.name", false);
        check("$.order.id", "order.id", true);
        check("$.order.id", "order.ids", false);
        check("$.order.*", "order.id", true);
        check("$.order.*", "order.lines[].id", false);
        check("$.**.ssn", "a[].b.c[].ssn", true);
        check("$.**.ssn", "ssn", true);
        check("$.items[].name", "items[].name", true);
        check("$.items[].name", "items.name", false);
        check("$.items.name", "items[].name", true);
        check("$.tags", "tags[]", true);
        check("$[].name", "[].name", true);
        check("$.**", "a.b.c", true);
        check("$.a.[\"first name\"]", "a.first name", true);
        check("$.**.a.**.b", "x.a.y.z.a.b", true);
        check("$.**.a.**.b", "x.b.y.z.a", false);
    }

    #[test]
    fn patterns_that_cannot_be_read_say_why() {
        let reasons = ["patient", "$patient", "$.a..b", "$.a*", "$[\"a"]
            .map(|text| PathPattern::parse(text).unwrap_err().to_string());
        expect_test::expect![[r#"
            `patient` is no path pattern: it does not begin with `$`; an example is `$.customer.*`
            `$patient` is no path pattern: a step begins with `.` or `[`; an example is `$.customer.*`
            `$.a..b` is no path pattern: a step is empty; an example is `$.customer.*`
            `$.a*` is no path pattern: `*` stands for a whole key only; an example is `$.customer.*`
            `$["a` is no path pattern: a quoted key has no end; an example is `$.customer.*`
        "#]]
        .assert_eq(&(reasons.join("\n") + "\n"));
    }
}
