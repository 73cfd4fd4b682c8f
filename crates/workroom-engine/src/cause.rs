//! Why a statement failed, in words: from what it mentions and what that was.
//!
//! The guest gives a message such as `cannot read property 'map' of undefined`; the script's text
//! says which expressions it may be about; the forms say which of them it is. What a form says is
//! a guest's word, and is shown and nothing else.

use workroom_script::{Site, nearest};

use crate::{
    forms::{quoted, words},
    sandbox::Form,
};

/// The most values that are told beside the ones the error is about.
const OTHERS_MAX: usize = 5;

const LIST_METHODS: [&str; 20] = [
    "map",
    "filter",
    "forEach",
    "reduce",
    "find",
    "findIndex",
    "some",
    "every",
    "flatMap",
    "flat",
    "slice",
    "sort",
    "push",
    "join",
    "includes",
    "indexOf",
    "concat",
    "length",
    "entries",
    "at",
];

const TEXT_METHODS: [&str; 18] = [
    "split",
    "trim",
    "toLowerCase",
    "toUpperCase",
    "replace",
    "replaceAll",
    "startsWith",
    "endsWith",
    "includes",
    "indexOf",
    "slice",
    "substring",
    "match",
    "matchAll",
    "padStart",
    "length",
    "repeat",
    "at",
];

/// What an error is about.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Cause {
    /// `invoice.lines: undefined; invoice has: id, items[12], total`.
    pub(crate) values: Vec<String>,
    /// One next step.
    pub(crate) hint: Option<String>,
}

/// What the message complains of.
enum Complaint<'m> {
    /// A member of what is undefined or null.
    Member(&'m str),
    Call,
    Iteration,
    Parse,
    Other,
}

impl<'m> Complaint<'m> {
    fn of(name: &str, message: &'m str) -> Self {
        let member = ["cannot read property '", "cannot set property '"]
            .iter()
            .find_map(|start| message.strip_prefix(start))
            .and_then(|rest| rest.split_once("' of ").map(|(member, _)| member));
        match member {
            Some("Symbol.iterator" | "Symbol.asyncIterator") => Complaint::Iteration,
            Some(member) => Complaint::Member(member),
            None if message == "not a function" || message == "not a constructor" => {
                Complaint::Call
            }
            None if message.ends_with("is not iterable") => Complaint::Iteration,
            None if name == "SyntaxError" => Complaint::Parse,
            None => Complaint::Other,
        }
    }
}

impl Complaint<'_> {
    /// Whether a list was thought to be where nothing is.
    fn wants_list(&self) -> bool {
        match self {
            Complaint::Member(member) => {
                LIST_METHODS.contains(member) || member.bytes().all(|byte| byte.is_ascii_digit())
            }
            Complaint::Iteration => true,
            Complaint::Call | Complaint::Parse | Complaint::Other => false,
        }
    }
}

/// Finds the cause of an error called `name` with `message` among `sites`.
pub(crate) fn find(name: &str, message: &str, sites: &[Site], forms: &[Form]) -> Cause {
    let scene = Scene { sites, forms };
    let complaint = Complaint::of(name, message);
    let culprit = scene.culprit(&complaint);
    let mut cause = Cause::default();
    let mut told = Vec::new();
    if let Some(culprit) = culprit {
        told = scene.tell(culprit, &complaint, &mut cause.values);
        cause.hint = scene.hint(culprit, &complaint);
    }
    if let Some(others) = scene.others(&told) {
        cause.values.push(others);
    }
    if cause.hint.is_none() {
        cause.hint = scene.promise_hint(&told);
    }
    cause
}

struct Scene<'c> {
    sites: &'c [Site],
    forms: &'c [Form],
}

impl Scene<'_> {
    fn form(&self, site: usize) -> Option<&Form> {
        self.forms.iter().find(|form| form.site == site)
    }

    fn is_nothing(&self, site: usize) -> bool {
        self.form(site).is_some_and(is_nothing)
    }

    /// The site that the error is about.
    fn culprit(&self, complaint: &Complaint<'_>) -> Option<usize> {
        let mut sites = 0..self.sites.len();
        let kind = |site: usize| self.form(site).map_or("", |form| form.kind.as_str());
        match complaint {
            Complaint::Member(member) => {
                let reads = |site: usize| self.sites[site].members.iter().any(|m| m == member);
                let found = sites.clone().find(|site| reads(*site) && self.is_nothing(*site));
                // What cannot be looked at again is known by the message.
                found.or_else(|| sites.find(|site| reads(*site) && self.form(*site).is_none()))
            }
            Complaint::Call => {
                let called = |site: usize| self.sites[site].is_called;
                let is_wrong = |site: usize| called(site) && !matches!(kind(site), "" | "function");
                let unseen = |site: usize| called(site) && self.form(site).is_none();
                // The first to be called that cannot be: what follows was not reached.
                sites.clone().find(|site| is_wrong(*site)).or_else(|| sites.find(|s| unseen(*s)))
            }
            Complaint::Iteration => sites.find(|site| {
                self.sites[*site].is_iterated
                    && !matches!(kind(*site), "array" | "string" | "map" | "set")
            }),
            Complaint::Parse => sites.find(|site| self.sites[*site].is_parsed),
            Complaint::Other => sites.find(|site| self.is_nothing(*site)),
        }
    }

    /// Tells of `culprit` and what it is a member of; gives the sites told.
    fn tell(
        &self,
        culprit: usize,
        complaint: &Complaint<'_>,
        values: &mut Vec<String>,
    ) -> Vec<usize> {
        let site = &self.sites[culprit];
        let mut told = vec![culprit];
        let mut text = match self.form(culprit) {
            Some(form) if matches!(complaint, Complaint::Parse) => quoted(&site.text, form),
            Some(form) => words(&site.text, form),
            // Only what is undefined or null is complained of without being seen.
            None => format!("{}: nothing (undefined or null)", site.text),
        };
        if let Some(parent) = site.parent {
            told.push(parent);
            // A server's functions say nothing of what one of them gave.
            let is_server = |form: &&Form| form.kind == "server" && site.text.ends_with(')');
            if let Some(form) = self.form(parent).filter(|form| !is_server(form)) {
                text.push_str("; ");
                text.push_str(&words(&self.sites[parent].text, form));
            }
        }
        values.push(text);
        told
    }

    /// The statement's other values in a line.
    fn others(&self, told: &[usize]) -> Option<String> {
        let is_told = |site: usize| told.contains(&site);
        // A culprit's own roots say nothing new; nor does what was only passed through.
        let is_passed = |site: usize| {
            self.sites.iter().any(|other| other.parent == Some(site)) && !told.is_empty()
        };
        let shown: Vec<String> = self
            .forms
            .iter()
            .filter(|form| form.site < self.sites.len() && !is_told(form.site))
            .filter(|form| {
                !matches!(form.kind.as_str(), "function" | "server" | "symbol" | "error")
            })
            .filter(|form| !is_passed(form.site) || form.kind == "promise")
            .filter(|form| !self.is_awaited(form.site))
            .filter(|form| !is_global(&self.sites[form.site].text))
            .take(OTHERS_MAX)
            .map(|form| words(&self.sites[form.site].text, form))
            .collect();
        let label = if told.is_empty() { "values there" } else { "also there" };
        (!shown.is_empty()).then(|| format!("{label}: {}", shown.join("; ")))
    }

    fn hint(&self, culprit: usize, complaint: &Complaint<'_>) -> Option<String> {
        let site = &self.sites[culprit];
        let own = self.form(culprit);
        let parent = site.parent.and_then(|p| Some((self.sites.get(p)?, self.form(p)?)));
        if let Complaint::Parse = complaint {
            return parse_hint(&site.text, own?);
        }
        if let Some(form) = own
            && form.kind == "promise"
        {
            return Some(format!("`{}` is a promise: write `await {0}`", site.text));
        }
        if let Complaint::Iteration = complaint
            && let Some(form) = own
            && form.kind == "object"
        {
            return Some(match only_list(form) {
                Some(list) => format!("iterate the list in it: `{}.{list}`", site.text),
                None => format!("`Object.entries({})` gives its entries as a list", site.text),
            });
        }
        let (parent, form) = parent.unwrap_or((site, own?));
        self.hint_of(site, parent, form, complaint)
    }

    /// What to do about `site`, which is of `parent`, which is as `form` says.
    fn hint_of(
        &self,
        site: &Site,
        parent: &Site,
        form: &Form,
        complaint: &Complaint<'_>,
    ) -> Option<String> {
        let last = last_name(&site.text);
        match form.kind.as_str() {
            "promise" => {
                let (start, rest) = (&parent.text, site.text.get(parent.text.len()..)?);
                Some(format!("`{start}` is a promise: write `(await {start}){rest}`"))
            }
            _ if site.text.ends_with(')') => {
                const SEEK: [&str; 9] = [
                    ".find(",
                    ".findLast(",
                    ".match(",
                    ".get(",
                    ".exec(",
                    ".pop(",
                    ".shift(",
                    ".at(",
                    ".next(",
                ];
                let is_search = SEEK.iter().any(|call| site.text.contains(call));
                let gave = if is_search { "it found nothing" } else { "it gave no value" };
                Some(format!("{gave}: test for that before using it, or write `?.`"))
            }
            _ if site.text.ends_with(']') => self.index_hint(site, parent, form),
            "array" if last == Some("data") && is_blocks(form) => Some(format!(
                "`{0}` is a list of blocks: `{0}.find((it) => it.type === 'image')` is the image",
                parent.text
            )),
            "object" | "array" | "string" if is_envelope(last?, form) => Some(format!(
                "a call gives the tool's data itself, with no `{}` around it: use `{}`",
                last?, parent.text
            )),
            "object" | "server" => self.member_hint(site, parent, form, last?, complaint),
            "array" if complaint.wants_list() => Some(format!(
                "`{0}` is the list itself: use `{0}` in the place of `{1}`",
                parent.text, site.text
            )),
            "array" => Some(nearest_method(last?, &LIST_METHODS, parent).unwrap_or_else(|| {
                format!(
                    "`{0}` is a list: take one entry, such as `{0}[0]`, or go through all of them",
                    parent.text
                )
            })),
            "string" => Some(nearest_method(last?, &TEXT_METHODS, parent).unwrap_or_else(|| {
                format!(
                    "`{0}` is text: cut what is needed out of it, or `JSON.parse({0})` if it is \
                     JSON",
                    parent.text
                )
            })),
            kind @ ("undefined" | "null") => Some(format!(
                "`{}` is {kind} here: test for it before using it, or write `?.`",
                parent.text
            )),
            kind @ ("number" | "boolean") => {
                let what = match complaint {
                    Complaint::Call => " and no function",
                    Complaint::Iteration => " and no list",
                    _ => "",
                };
                Some(format!("`{}` is {}{what}", parent.text, a_kind(kind)))
            }
            _ => None,
        }
    }

    /// Of `rows[i]`, where that is not there.
    fn index_hint(&self, site: &Site, parent: &Site, form: &Form) -> Option<String> {
        let index = site.text.get(parent.text.len()..)?.strip_prefix('[')?.strip_suffix(']')?;
        let known = self.sites.iter().position(|other| other.text == index);
        let index = known.and_then(|known| self.form(known)).map_or_else(
            || index.to_owned(),
            |form| {
                format!(
                    "{} (`{index}`)",
                    if form.text.is_empty() { &form.kind } else { &form.text }
                )
            },
        );
        Some(match form.kind.as_str() {
            "array" => format!("`{}` has no entry {index}: test for it first", parent.text),
            _ => format!(
                "`{}` has no key {index}: test for it, write `?.`, or set it first",
                parent.text
            ),
        })
    }

    fn member_hint(
        &self,
        site: &Site,
        parent: &Site,
        form: &Form,
        name: &str,
        complaint: &Complaint<'_>,
    ) -> Option<String> {
        if form.names.iter().any(|key| key == name) {
            return Some(match self.form(self.sites.iter().position(|s| s == site)?) {
                Some(own) if !is_nothing(own) => {
                    format!("`{}` is {} and no function", site.text, a_kind(&own.kind))
                }
                _ => format!("`{}` is there without a value: test for it", site.text),
            });
        }
        if form.text.is_empty() {
            return Some(format!("`{}` is empty: test for it, or write `?.`", parent.text));
        }
        if LIST_METHODS.contains(&name) {
            return Some(match (only_list(form), form.names.as_slice()) {
                (Some(list), _) => format!("the list in it is `{}.{list}`", parent.text),
                (None, [one]) => {
                    format!("it is one object: what it holds is `{}.{one}`", parent.text)
                }
                (None, _) => format!("`{}` is one object and no list", parent.text),
            });
        }
        let near = nearest(name, form.names.iter().map(String::as_str));
        Some(match near.first() {
            Some(near) => format!("did you mean `{}.{near}`?", parent.text),
            None => match only_list(form).filter(|_| complaint.wants_list()) {
                Some(list) => format!("the list in it is `{}.{list}`", parent.text),
                None => match form.names.as_slice() {
                    [one] => format!("what it holds is `{}.{one}`", parent.text),
                    _ => format!("`{}` has no `{name}`; use one of its keys", parent.text),
                },
            },
        })
    }

    /// Whether the statement awaits the site's value, which then is a promise by right.
    fn is_awaited(&self, site: usize) -> bool {
        let awaited = format!("(await {})", self.sites[site].text);
        self.sites.iter().any(|other| other.text == awaited)
    }

    fn promise_hint(&self, told: &[usize]) -> Option<String> {
        let promise = self.forms.iter().find(|form| {
            form.kind == "promise"
                && form.site < self.sites.len()
                && !told.contains(&form.site)
                && !self.is_awaited(form.site)
        })?;
        let text = &self.sites[promise.site].text;
        Some(format!("`{text}` is a promise: `await` it before using it"))
    }
}

/// Whether a list is of content blocks, as a tool gives them beside or in the place of data.
fn is_blocks(form: &Form) -> bool {
    form.text.contains("{ type, ") || form.text.contains("{ type }")
}

/// Whether `name` is a part of an answer's envelope, as MCP and HTTP have it, and not of the data.
fn is_envelope(name: &str, form: &Form) -> bool {
    const ENVELOPE: [&str; 5] = ["content", "structuredContent", "data", "body", "result"];
    ENVELOPE.contains(&name)
        && !form.names.iter().any(|key| key == name)
        && nearest(name, form.names.iter().map(String::as_str)).is_empty()
}

/// A method of texts or lists that may have been meant.
fn nearest_method(name: &str, methods: &[&str], parent: &Site) -> Option<String> {
    // One that there is was found: then it is not the method that is missing.
    let near = nearest(name, methods.iter().copied().filter(|method| *method != name));
    near.first().map(|near| format!("did you mean `{}.{near}`?", parent.text))
}

fn parse_hint(text: &str, form: &Form) -> Option<String> {
    match form.kind.as_str() {
        "object" if form.names.len() == 1 => {
            let one = &form.names[0];
            Some(format!("`{text}` is an object: parse what it holds, `{text}.{one}`"))
        }
        "object" | "array" => Some(format!("`{text}` is data already: use it without JSON.parse")),
        "promise" => Some(format!("`{text}` is a promise: write `await {text}`")),
        "string" if form.size == Some(0) => Some(format!("`{text}` is empty: test for it first")),
        "string" => Some(format!("`{text}` is no JSON, as its beginning shows: use it as text")),
        _ => None,
    }
}

/// The one key of an object that holds a list.
fn only_list(form: &Form) -> Option<&str> {
    let mut lists = form.text.split(", ").filter_map(|word| {
        let (name, size) = word.strip_suffix(']')?.split_once('[')?;
        size.bytes().all(|byte| byte.is_ascii_digit()).then_some(name)
    });
    lists.next().filter(|_| lists.next().is_none())
}

fn is_nothing(form: &Form) -> bool {
    matches!(form.kind.as_str(), "undefined" | "null")
}

fn a_kind(kind: &str) -> String {
    match kind {
        "array" => "a list".to_owned(),
        "string" => "a text".to_owned(),
        "object" => "an object".to_owned(),
        kind => format!("a {kind}"),
    }
}

/// The last member of `a.b.c`.
fn last_name(text: &str) -> Option<&str> {
    text.rsplit_once('.').map(|(_, name)| name).filter(|name| !name.contains([')', ']']))
}

fn is_global(text: &str) -> bool {
    const GLOBALS: [&str; 12] = [
        "Math",
        "JSON",
        "Object",
        "Array",
        "Promise",
        "console",
        "Reflect",
        "Number",
        "String",
        "Date",
        "globalThis",
        "servers",
    ];
    GLOBALS.contains(&text)
}
