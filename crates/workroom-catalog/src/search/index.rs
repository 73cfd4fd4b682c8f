//! An inverted index with BM25 weights, one document per tool.

use std::{collections::HashMap, ops::Range, sync::Arc};

use serde_json::Value;

use super::{
    QUERY_TERMS_MAX,
    terms::{self, Stems},
};
use crate::{ServerEntry, ToolEntry, text};

/// How often a word counts within one field.
const REPEATS_MAX: u8 = 3;

/// The most bytes of a description that are indexed.
const TEXT_BYTES_MAX: usize = 2 * 1024;

/// The most parameters of one tool that are indexed.
const PARAMETERS_MAX: usize = 64;

/// How soon more of a word stops to count.
const SATURATION: f32 = 5.0;

/// What a word counts that only means the same as the one asked for.
const ALIKE_WEIGHT: f32 = 0.7;

/// What a word counts that only begins like one that is in no document.
const PREFIX_WEIGHT: f32 = 0.6;

/// The most words that an unknown beginning stands for.
const PREFIXES_MAX: usize = 8;

/// Raises a tool whose name was asked for above all others.
const EXACT_BONUS: f32 = 100.0;

/// Name, server, summary, description, parameters.
const FIELDS: usize = 5;

/// What one occurrence counts, by field.
const WEIGHTS: [f32; FIELDS] = [5.0, 2.0, 2.0, 1.0, 0.5];

/// How much a field's length takes from each of its words.
const LENGTH: [f32; FIELDS] = [0.5, 0.0, 0.5, 0.6, 0.6];

/// The terms of one server's tools.
#[derive(Debug)]
pub(crate) struct Documents(Vec<Document>);

#[derive(Debug)]
struct Document {
    /// In the order of their first occurrence.
    terms: Vec<(Box<str>, [u8; FIELDS])>,
    lengths: [u16; FIELDS],
}

impl Documents {
    pub(crate) fn of(server: &ServerEntry) -> Self {
        let mut stems = Stems::new();
        let name = [Some(server.name.as_str()), server.title.as_deref()];
        let name = name.into_iter().flatten().collect::<Vec<_>>().join(" ");
        Self(server.tools.iter().map(|tool| Document::of(tool, &name, &mut stems)).collect())
    }
}

impl Document {
    fn of(tool: &ToolEntry, server: &str, stems: &mut Stems) -> Self {
        let mut terms: Vec<(Box<str>, [u8; FIELDS])> = Vec::new();
        let mut places: HashMap<Box<str>, usize> = HashMap::new();
        let mut lengths = [0_u16; FIELDS];
        let mut add = |field: usize, text: &str| {
            terms::each(text, false, stems, |term| {
                lengths[field] = lengths[field].saturating_add(1);
                let place = *places.entry(term.into()).or_insert_with(|| {
                    terms.push((term.into(), [0; FIELDS]));
                    terms.len() - 1
                });
                let count = &mut terms[place].1[field];
                *count = count.saturating_add(1).min(REPEATS_MAX);
            });
        };
        let def = &tool.def;
        add(0, text::prefix(&def.name, 256));
        add(1, text::prefix(server, 256));
        let title = def.title.as_deref().unwrap_or_default();
        add(2, text::prefix(title, 256));
        let description = def.description.as_deref().unwrap_or_default();
        let description = text::prefix(description, TEXT_BYTES_MAX);
        add(2, &text::summary(description));
        add(3, description);
        let properties = def.input_schema.get("properties").and_then(Value::as_object);
        for name in properties.into_iter().flat_map(|it| it.keys()).take(PARAMETERS_MAX) {
            add(4, text::prefix(name, 128));
        }
        Self { terms, lengths }
    }
}

/// One tool that has a term.
#[derive(Clone, Copy, Debug)]
struct Posting {
    document: u32,
    /// What the term weighs there, saturated.
    weight: f32,
    /// Which part of the tool's name the term is.
    name_share: f32,
}

/// Every tool's terms, turned round.
#[derive(Debug)]
pub(crate) struct Index {
    /// By term: the tools that have it.
    postings: HashMap<Box<str>, Vec<Posting>>,
    /// Every term, sorted.
    vocabulary: Vec<Box<str>>,
    /// By letters and digits of its name, with and without its server's.
    exact: HashMap<String, Vec<u32>>,
    /// Where each server's tools begin, and the end of the last.
    starts: Vec<usize>,
}

impl Index {
    pub(crate) fn of(servers: &[Arc<ServerEntry>]) -> Self {
        let mut starts = vec![0];
        for server in servers {
            starts.push(starts[starts.len() - 1] + server.tools.len());
        }
        let documents = || servers.iter().flat_map(|server| &server.documents().0);
        let averages = averages(documents());
        let mut postings: HashMap<Box<str>, Vec<Posting>> = HashMap::new();
        for (number, document) in (0_u32..).zip(documents()) {
            for (term, counts) in &document.terms {
                let posting = Posting {
                    document: number,
                    weight: weight(*counts, document.lengths, &averages),
                    name_share: f32::from(counts[0]) / f32::from(document.lengths[0].max(1)),
                };
                match postings.get_mut(term) {
                    Some(list) => list.push(posting),
                    None => {
                        postings.insert(term.clone(), vec![posting]);
                    }
                }
            }
        }
        let mut vocabulary: Vec<Box<str>> = postings.keys().cloned().collect();
        vocabulary.sort_unstable();
        Self { postings, vocabulary, exact: exact_names(servers), starts }
    }

    /// How many tools of the servers `within` match, and the best `limit` of them as server, tool
    /// and score.
    pub(super) fn best(
        &self,
        query: &str,
        within: Range<usize>,
        limit: usize,
    ) -> (usize, Vec<(usize, usize, f32)>) {
        let documents = self.starts[within.start]..self.starts[within.end];
        let mut scored = if query.trim().is_empty() {
            documents.map(|document| (document, 0.0)).collect()
        } else {
            self.scores(query, documents)
        };
        let total = scored.len();
        let order = |a: &(usize, f32), b: &(usize, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if limit < scored.len() {
            if limit > 0 {
                scored.select_nth_unstable_by(limit - 1, order);
            }
            scored.truncate(limit);
        }
        scored.sort_unstable_by(order);
        let placed = scored.into_iter().map(|(document, score)| {
            // The last server that begins at or before it: one without tools begins where the
            // next one does.
            let server = self.starts.partition_point(|start| *start <= document) - 1;
            (server, document - self.starts[server], score)
        });
        (total, placed.collect())
    }

    /// The documents of `range` that match, with their scores.
    fn scores(&self, query: &str, range: Range<usize>) -> Vec<(usize, f32)> {
        let mut tallies = vec![Tally::default(); range.len()];
        // Of one term: what each tool has best, by any of the term's meanings.
        let mut best = vec![(0.0_f32, 0.0_f32); range.len()];
        let mut touched: Vec<usize> = Vec::new();
        let mut whole = 0.0;
        let terms = self.query_terms(query);
        for term in &terms {
            // Words for one thing are as rare as the most common of them: or a server that says
            // `ticket` once would go before one whose tools are about issues.
            let meanings = self.meanings(term, &terms);
            let having = meanings.iter().map(|(postings, _)| postings.len()).max().unwrap_or(0);
            let idf = self.idf(having);
            for (postings, share) in meanings {
                for posting in postings {
                    let document = posting.document as usize;
                    if !range.contains(&document) {
                        continue;
                    }
                    let place = document - range.start;
                    let (weight, name) = &mut best[place];
                    if *weight == 0.0 {
                        touched.push(place);
                    }
                    *weight = weight.max(posting.weight * share);
                    *name = name.max(posting.name_share * share);
                }
            }
            whole += idf;
            for place in touched.drain(..) {
                let (weight, name) = std::mem::take(&mut best[place]);
                let tally = &mut tallies[place];
                tally.score += idf * weight;
                tally.covered += idf;
                tally.name += name;
            }
        }
        for document in self.exact.get(&plain(query)).into_iter().flatten() {
            let document = *document as usize;
            if range.contains(&document) {
                let tally = &mut tallies[document - range.start];
                *tally =
                    Tally { score: tally.score + EXACT_BONUS, covered: whole.max(1.0), name: 1.0 };
            }
        }
        let matching = tallies.iter().enumerate().filter(|(_, tally)| tally.score > 0.0);
        matching.map(|(place, tally)| (range.start + place, tally.total(whole))).collect()
    }

    /// The different terms of `query`; those that say nothing only if there are no others.
    fn query_terms(&self, query: &str) -> Vec<String> {
        let mut stems = Stems::new();
        let mut terms: Vec<String> = Vec::new();
        let mut add = |term: &str| {
            if terms.len() < QUERY_TERMS_MAX && !terms.iter().any(|known| known == term) {
                terms.push(term.to_owned());
            }
            terms.len()
        };
        let mut count = 0;
        terms::each(query, false, &mut stems, |term| count = add(term));
        if count == 0 {
            terms::each(query, true, &mut stems, |term| count = add(term));
        }
        // `key vault` may be written `keyvault`.
        let words: Vec<&str> =
            query.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let joined = pair.concat().to_lowercase();
            terms::each(&joined, false, &mut stems, |term| {
                if self.postings.contains_key(term) {
                    add(term);
                }
            });
        }
        terms
    }

    /// The lists of documents that `term` stands for, with what each counts. A word that was
    /// `asked` for itself stands for no other.
    fn meanings(&self, term: &str, asked: &[String]) -> Vec<(&[Posting], f32)> {
        let list = |term: &str| self.postings.get(term).map(Vec::as_slice);
        let mut lists: Vec<(&[Posting], f32)> =
            list(term).map(|list| (list, 1.0)).into_iter().collect();
        let alike = terms::alike(term).iter().filter(|other| !asked.contains(other));
        let alike = alike.filter_map(|other| list(other));
        lists.extend(alike.map(|list| (list, ALIKE_WEIGHT)));
        if lists.is_empty() && term.chars().count() > 2 {
            let start = self.vocabulary.partition_point(|known| known.as_ref() < term);
            let longer = self.vocabulary[start..].iter().take_while(|it| it.starts_with(term));
            let longer = longer.take(PREFIXES_MAX).filter_map(|it| list(it));
            lists.extend(longer.map(|list| (list, PREFIX_WEIGHT)));
        }
        lists
    }

    #[allow(clippy::cast_precision_loss, reason = "counts of tools are far below 2^24")]
    fn idf(&self, having: usize) -> f32 {
        let all = self.starts[self.starts.len() - 1] as f32;
        let having = having as f32;
        (1.0 + (all - having + 0.5) / (having + 0.5)).ln()
    }
}

/// How well one tool fits a query.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    score: f32,
    /// How much of the query it has, by the weight of the words.
    covered: f32,
    /// How much of its name the query has.
    name: f32,
}

impl Tally {
    /// A tool that fits all of the query goes before one that fits a part of it well, and one
    /// whose name says nothing else (`create_issue`) before one that does more
    /// (`batch_create_issues`).
    fn total(self, whole: f32) -> f32 {
        let covered = if whole > 0.0 { (self.covered / whole).min(1.0) } else { 1.0 };
        self.score * (0.4 + 0.6 * covered) * (0.7 + 0.3 * self.name.min(1.0))
    }
}

/// The average length of each field.
#[allow(clippy::cast_precision_loss, reason = "an average needs no exact sum")]
fn averages<'a>(documents: impl Iterator<Item = &'a Document>) -> [f32; FIELDS] {
    let (mut sums, mut count) = ([0_u64; FIELDS], 0_u64);
    for document in documents {
        count += 1;
        for (sum, length) in sums.iter_mut().zip(document.lengths) {
            *sum += u64::from(length);
        }
    }
    sums.map(|sum| (sum as f32 / count.max(1) as f32).max(1.0))
}

/// What a term with these counts weighs in a document of these lengths.
fn weight(counts: [u8; FIELDS], lengths: [u16; FIELDS], averages: &[f32; FIELDS]) -> f32 {
    let mut sum = 0.0;
    for field in 0..FIELDS {
        let share = f32::from(lengths[field]) / averages[field];
        let length = 1.0 - LENGTH[field] + LENGTH[field] * share;
        sum += WEIGHTS[field] * f32::from(counts[field]) / length.max(0.1);
    }
    sum * (SATURATION + 1.0) / (SATURATION + sum)
}

fn exact_names(servers: &[Arc<ServerEntry>]) -> HashMap<String, Vec<u32>> {
    let mut exact: HashMap<String, Vec<u32>> = HashMap::new();
    let tools = servers.iter().flat_map(|server| server.tools.iter().map(move |it| (server, it)));
    for (number, (server, tool)) in (0_u32..).zip(tools) {
        let own = plain(&tool.def.name);
        for name in [plain(&server.name) + &own, own] {
            if !name.is_empty() {
                exact.entry(name).or_default().push(number);
            }
        }
    }
    exact
}

/// The letters and digits of `name`, so that `crm.getContact` and `crm get_contact` are the same.
fn plain(name: &str) -> String {
    let name = text::prefix(name, 256).chars();
    name.filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
