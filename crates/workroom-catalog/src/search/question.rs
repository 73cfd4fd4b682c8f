//! A question as what it asks for: its words, and the several things that it may want at once.
//!
//! "Send a mail and create an event" are two intents. A question is cut where a clause ends, a
//! comma stands or an `and` joins; a part that only says what is to be done (`read and write
//! files`) takes what it is done to from the next part. Paths, addresses and file names are data:
//! of them only their kind counts, and whether something is to be read from there or written.

use super::{
    QUERY_TERMS_MAX, acts,
    terms::{self, Stems},
    thesaurus,
};

/// The most intents of one question; what comes later belongs to the last.
const INTENTS_MAX: usize = 12;

/// Words that join one part of a question to the next.
const JOINTS: &[&str] =
    &["and", "then", "also", "afterwards", "finally", "next", "or", "&", "+", "und"];

/// Words after which a file stands that something comes to, if it is to be made.
const TOWARDS: &[&str] = &["to", "into", "at", "in", "as", "on", "under"];

/// Words for making what a file will hold.
const MAKES: &[&str] = &[
    "save",
    "write",
    "store",
    "generate",
    "create",
    "export",
    "output",
    "produce",
    "report",
    "draft",
    "compose",
    "put",
    "download",
    "record",
    "summarize",
    "summary",
    "convert",
    "build",
];

/// Endings by which an address without a scheme is told from a name with dots.
const DOMAINS: &[&str] = &["com", "org", "net", "edu", "gov", "io", "dev"];

/// What one part of a question asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Intent {
    /// Its different words, as stems, in order.
    pub(super) terms: Vec<String>,
    /// What it names as one writes a name in code: `get_issue`, `crm.getContact`.
    pub(super) names: Vec<String>,
    /// Neighbours as one word: `key vault` may be written `keyvault`.
    pub(super) pairs: Vec<String>,
    /// What is to be done, if it is the only intent: of several no one can tell whose act is whose.
    pub(super) acts: Vec<acts::Kind>,
}

impl Intent {
    fn add(&mut self, term: &str) {
        if self.terms.len() < QUERY_TERMS_MAX && !self.terms.iter().any(|known| known == term) {
            self.terms.push(term.to_owned());
        }
    }

    fn take(&mut self, other: Intent) {
        other.terms.iter().for_each(|term| self.add(term));
        self.names.extend(other.names);
        self.pairs.extend(other.pairs);
    }

    fn is_empty(&self) -> bool {
        self.terms.is_empty() && self.names.is_empty()
    }
}

/// A question, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Question {
    /// All of it.
    pub(super) whole: Intent,
    /// Its parts, if there are several.
    pub(super) parts: Vec<Intent>,
}

impl Question {
    pub(super) fn of(text: &str) -> Self {
        let mut reader = Reader::default();
        for word in text.split_whitespace() {
            reader.word(word);
        }
        reader.close();
        let Reader { mut parts, mut stems, files, .. } = reader;
        lend_objects(&mut parts);
        let mut whole = Intent::default();
        for part in &parts {
            whole.take(part.clone());
        }
        if whole.is_empty() {
            // A question of nothing else than words that say nothing, or than data.
            terms::each(text, true, &mut stems, |term| whole.add(term));
        }
        parts.extend(files);
        if parts.len() < 2 {
            parts.clear();
            whole.acts = whole.terms.iter().filter_map(|it| acts::kind(it)).collect();
        }
        Self { whole, parts }
    }
}

#[derive(Default)]
struct Reader {
    parts: Vec<Intent>,
    current: Intent,
    /// The word before, in this part.
    before: Option<String>,
    /// What is to be done with the files that are named.
    files: Vec<Intent>,
    /// Whether this sentence is about making something.
    makes: bool,
    /// Whether the word before leads to a place.
    leads_to: bool,
    stems: Stems,
}

impl Reader {
    fn word(&mut self, word: &str) {
        let is_end = word.ends_with(['.', ',', ';', ':', '?', '!', ')']);
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric() && !"/~._-&+".contains(c));
        let bare = bare.trim_end_matches(['.', '-', '_']);
        if word.starts_with('(') || JOINTS.contains(&bare.to_lowercase().as_str()) {
            self.close();
        }
        let kinds = kind_of(bare);
        let is_data = kinds.is_some();
        let lower = bare.to_lowercase();
        self.makes |=
            MAKES.contains(&lower.as_str()) || MAKES.contains(&lower.trim_end_matches('d'));
        if is_file(bare) {
            self.file(bare);
        }
        for kind in kinds.into_iter().flatten() {
            let term = self.stems.fold(&kind);
            self.current.add(&term);
        }
        // A site's name may be what a server is about; of a path or a file, only the kind is.
        if !is_data || is_domain(bare) {
            self.plain(bare);
        }
        self.leads_to = TOWARDS.contains(&lower.as_str());
        if is_end {
            self.close();
        }
        if is_end && !word.ends_with([',', ';', ':', ')']) {
            self.makes = false;
        }
    }

    /// That something is read from a file or written to it is an intent of its own.
    fn file(&mut self, name: &str) {
        let act = if self.makes && self.leads_to { "write" } else { "read" };
        let mut part = Intent::default();
        // What is plain text is read and written as any file is.
        let kinds = kind_of(name).filter(|kinds| !kinds.iter().any(|kind| is_plain_text(kind)));
        for word in kinds.into_iter().flatten().chain(["file".into(), act.into()]) {
            let term = self.stems.fold(&word);
            part.add(&term);
        }
        if self.files.len() < INTENTS_MAX && !self.files.contains(&part) {
            self.files.push(part);
        }
    }

    fn plain(&mut self, word: &str) {
        if is_name(word) {
            self.current.names.push(word.to_owned());
        }
        let lower = word.to_lowercase();
        if let Some(before) = &self.before
            && self.current.pairs.len() < QUERY_TERMS_MAX
        {
            let pair = self.stems.fold(&format!("{before}{lower}"));
            self.current.pairs.push(pair);
        }
        self.before = Some(lower);
        let Self { current, stems, .. } = self;
        terms::each(word, false, stems, |term| current.add(term));
    }

    fn close(&mut self) {
        self.before = None;
        let part = std::mem::take(&mut self.current);
        if part.is_empty() {
            return;
        }
        let is_full = self.parts.len() == INTENTS_MAX;
        match self.parts.last_mut() {
            Some(last) if is_full => last.take(part),
            _ => self.parts.push(part),
        }
    }
}

/// `read and write files`: reading is of files, too.
fn lend_objects(parts: &mut [Intent]) {
    for at in (0..parts.len().saturating_sub(1)).rev() {
        let (before, after) = parts.split_at_mut(at + 1);
        let (part, next) = (&mut before[at], &after[0]);
        let is_act = part.names.is_empty() && part.terms.iter().all(|it| thesaurus::is_act(it));
        if is_act {
            let objects = next.terms.iter().skip_while(|term| thesaurus::is_act(term));
            objects.for_each(|term| part.add(term));
        }
    }
}

/// What an address, a path or a file name is: `page`, or its ending and `file`.
fn kind_of(word: &str) -> Option<Vec<String>> {
    let lower = word.to_lowercase();
    let ending = lower.rfind('.').map(|at| &lower[at..]);
    let ending = ending.filter(|ending| !thesaurus::others(ending).is_empty());
    if lower.contains("://") {
        let page = || vec!["url".to_owned(), "webpage".to_owned()];
        return Some(ending.map_or_else(page, |it| vec![it.to_owned(), "url".to_owned()]));
    }
    if let Some(ending) = ending {
        return Some(vec![ending.to_owned(), "file".to_owned()]);
    }
    let is_path = ["/", "./", "../", "~/"].iter().any(|start| lower.starts_with(start));
    if is_path && lower.len() > 2 {
        return Some(vec!["path".to_owned()]);
    }
    is_domain(&lower).then(|| vec!["domain".to_owned(), "website".to_owned()])
}

/// Whether `word` names a file: by its path, or by an ending that is known.
fn is_file(word: &str) -> bool {
    let lower = word.to_lowercase();
    let ending = lower.rfind('.').map(|at| &lower[at..]);
    !lower.contains("://") && ending.is_some_and(|ending| !thesaurus::others(ending).is_empty())
}

/// Whether an ending is one of files that hold text: in the thesaurus it stands for `file`, too.
fn is_plain_text(ending: &str) -> bool {
    ending.starts_with('.') && thesaurus::others(ending).iter().any(|other| &*other.stem == "file")
}

/// Whether `word` is a site's name without more.
fn is_domain(word: &str) -> bool {
    let lower = word.to_lowercase();
    let top = lower.rsplit('.').next().unwrap_or_default();
    let has_top = lower.contains('.') && DOMAINS.contains(&top);
    !lower.contains('/') && (lower.starts_with("www.") || has_top)
}

/// Whether `word` is written as a name in code is.
fn is_name(word: &str) -> bool {
    let inner = word.trim_matches(|c: char| !c.is_alphanumeric());
    let has_joint = inner.contains(['_', '.', '-']);
    let is_camel =
        inner.chars().skip(1).any(char::is_uppercase) && inner.chars().any(char::is_lowercase);
    has_joint || is_camel
}
